//! Translation of a function body to register code: one pass, at the function's first call.
//!
//! The operand stack disappears. Operand `j` has a fixed slot, but until something forces it there
//! an operand may stand for a local or a constant ([`stack::Loc`]), and the last result may live in
//! an accumulator only. Constants become immediates, a comparison joins the branch that tests it, an
//! address sum joins its load or store, and a result is written straight to the local it is assigned
//! to. At labels everything is back in its slot.
//!
//! The body has been validated, and its frame's size checked, so translation cannot fail.

mod control;
mod emit;
mod memory;
mod numeric;
mod op;
mod stack;

use super::code::Code;
use super::code::LoopState;
use super::exec::call::LINK_SLOTS;
use super::handlers::{Handler, Handlers, TryRange};
use brisk_module::Module;
use brisk_module::types::ValType;
use brisk_module::walk::{self, Walker};
use brisk_module::wasmparser::{BinaryReader, FunctionBody, Operator};
use control::{Fixup, Label};
use stack::{Before, Held, Last, Operand};

/// What the translation of a module's functions depends on beside the module.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    /// Charge fuel.
    pub fuel: bool,
    /// Make NaNs canonical.
    pub canonical_nans: bool,
    /// Count executed instructions and calls.
    pub profile: bool,
    /// Report calls and returns.
    pub trace_calls: bool,
    /// Count calls and iterations, so that hot functions are compiled.
    pub heat: bool,
}

impl Settings {
    /// What the engine's configuration asks for.
    pub fn new(tunables: &crate::config::Tunables) -> Settings {
        Settings {
            fuel: tunables.consume_fuel,
            canonical_nans: tunables.deterministic,
            profile: tunables.profile_ops,
            trace_calls: tunables.trace_calls,
            heat: tunables.tier == crate::config::Tier::Auto,
        }
    }
}

/// The translation of one function.
struct Translator<'m> {
    module: &'m Module,
    settings: Settings,
    walker: Walker<'m, Operand, Label>,
    /// Register code so far.
    code: Vec<u16>,
    /// Offset of each instruction in it.
    starts: Vec<u32>,
    positions: Vec<(u32, u32)>,
    /// `try_table`s that have ended, and their clauses.
    try_tables: Vec<TryRange>,
    clauses: Vec<Handler>,
    /// Loops that machine code may take over.
    loops: Vec<LoopState>,
    fixups: Vec<Fixup>,
    /// Type of each local.
    local_types: Vec<ValType>,
    /// First slot of each local.
    local_slots: Vec<u16>,
    /// For each local, the topmost operand that stands for it, plus one; 0 for none.
    local_users: Vec<u32>,
    /// Slots of parameters and locals: where the link is.
    link: u32,
    /// Next free operand slot.
    top: u32,
    /// Highest operand slot used, plus one.
    max: u32,
    /// Operands below this are in their slots.
    flushed: usize,
    /// The instruction emitted last, while it can still be changed.
    last: Option<Last>,
    /// An instruction that one further on may join, if nothing comes between.
    before: Option<Before>,
    /// Which slot each accumulator is known to equal.
    held: Held,
    /// Wasm offset of the current instruction in the module's bytes.
    offset: u32,
    /// Where the cost of the open fuel segment goes, and the cost so far.
    segment: Option<(usize, u32)>,
    func: u32,
}

/// Translates a defined function.
pub(crate) fn translate(module: &Module, func: u32, settings: Settings) -> Code {
    let defined = (func - module.imported_funcs) as usize;
    let range = module.bodies[defined].range.clone();
    let body = &module.bytes()[range.clone()];
    let mut translator = Translator::new(module, func, settings);
    translator
        .body(FunctionBody::new(BinaryReader::new(body, range.start as u64)))
        .expect("a validated body decodes");
    translator.finish()
}

impl<'m> Translator<'m> {
    fn new(module: &'m Module, func: u32, settings: Settings) -> Self {
        Translator {
            module,
            settings,
            walker: Walker::new(module, module.funcs[func as usize], Label::function()),
            code: Vec::new(),
            starts: Vec::new(),
            positions: Vec::new(),
            try_tables: Vec::new(),
            clauses: Vec::new(),
            loops: Vec::new(),
            fixups: Vec::new(),
            local_types: Vec::new(),
            local_slots: Vec::new(),
            local_users: Vec::new(),
            link: 0,
            top: 0,
            max: 0,
            flushed: 0,
            last: None,
            before: None,
            held: Held::default(),
            offset: 0,
            segment: None,
            func,
        }
    }

    fn body(&mut self, body: FunctionBody<'_>) -> brisk_module::wasmparser::Result<()> {
        for &ty in &self.module.func_type(self.func).params {
            self.declare_locals(1, ty);
        }
        let mut locals = body.get_locals_reader()?;
        for _ in 0..locals.get_count() {
            let (count, ty) = locals.read()?;
            self.declare_locals(count, walk::val_type(ty));
        }
        self.top = self.link + LINK_SLOTS;
        self.max = self.top;
        let mut ops = body.get_operators_reader()?;
        // What stops at the entry stops at the first instruction.
        self.offset = ops.original_position() as u32;
        self.prologue();
        while !ops.eof() {
            let (op, offset) = ops.read_with_offset()?;
            self.offset = offset as u32;
            if !self.walker.skip(&op) {
                self.instruction(&op);
            }
        }
        Ok(())
    }

    fn declare_locals(&mut self, count: u32, ty: ValType) {
        for _ in 0..count {
            self.local_types.push(ty);
            self.local_slots.push(self.link as u16);
            self.local_users.push(0);
            self.link += ty.slots();
        }
    }

    fn prologue(&mut self) {
        if self.settings.profile {
            self.emit(super::ops::misc::COUNT_CALL, &[]);
            self.push_u32(self.func);
        }
        if self.settings.trace_calls {
            self.emit(super::ops::misc::TRACE_ENTER, &[]);
            self.push_u32(self.func);
        }
        if self.settings.heat {
            self.emit(super::ops::misc::HOT_ENTRY, &[]);
            self.push_u32(self.func - self.module.imported_funcs);
        }
        self.open_segment(true);
    }

    fn instruction(&mut self, op: &Operator<'_>) {
        if self.settings.profile {
            self.last = None;
            self.emit(super::ops::misc::COUNT_OP, &[super::profile::op_index(op)]);
        }
        if let Some((_, cost)) = &mut self.segment {
            *cost += walk::fuel_cost(op);
        }
        self.operator(op);
        if self.settings.fuel && walk::ends_segment(op) && !self.walker.control.is_empty() {
            let reachable = !self.walker.innermost().unreachable;
            self.close_segment();
            if reachable {
                self.open_segment(false);
            }
        }
    }

    /// Begins a fuel segment, with a test at function entries and loop headers.
    fn open_segment(&mut self, test: bool) {
        if !self.settings.fuel {
            return;
        }
        self.close_segment();
        self.position();
        let op = if test { super::ops::misc::FUEL_CHECK } else { super::ops::misc::FUEL };
        self.emit(op, &[]);
        self.segment = Some((self.code.len(), 0));
        self.push_u32(0);
        self.last = None;
        if test {
            self.held.clear();
        }
    }

    /// Writes the cost of the open fuel segment to the instruction at its start.
    fn close_segment(&mut self) {
        if let Some((at, cost)) = self.segment.take() {
            self.patch_u32(at, cost);
        }
    }

    fn finish(mut self) -> Code {
        self.close_segment();
        assert!(self.code.len() < 1 << 30, "code is linear in the body, whose size is limited");
        let words: Box<[u16]> = self.code.into_boxed_slice();
        Code {
            entry: words.as_ptr(),
            frame_slots: self.max,
            param_slots: self.module.func_type(self.func).param_slots,
            local_slots: self.link,
            func: self.func,
            words,
            starts: self.starts,
            positions: self.positions.into_boxed_slice(),
            handlers: Handlers::new(&self.try_tables, self.clauses),
            loops: self.loops.into_boxed_slice(),
            bridge: None,
        }
    }
}
