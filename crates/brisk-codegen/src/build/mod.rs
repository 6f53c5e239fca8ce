//! From the body of a WebAssembly function to the IR, in one pass.
//!
//! Locals become values on demand, as in Braun, Buchwald, Hack, Leißa, Mallon and Zwinkau, *Simple and Efficient
//! Construction of Static Single Assignment Form* (CC 2013): see `ssa`. What an instruction gives is folded and
//! numbered while it is built: see `fold`. Blocks are built one after the other in the order of the body; `finish`
//! then drops what is not used or not reached and writes blocks, edges and arguments in their final form.

mod call;
mod control;
mod dispatch;
mod eval;
mod exception;
mod finish;
mod fold;
mod inline;
mod memory;
mod numeric;
mod op;
mod simd;
mod ssa;
mod table;
mod thread;

use crate::ir::{Func, Inst, NONE, Op, Ty};
use crate::layout::{InstanceLayout, VmLayout};
use brisk_module::Module;
use brisk_module::types::ValType;
use brisk_module::walk::{self, Control, Walker};
use brisk_module::wasmparser::{BinaryReader, FunctionBody, Operator, OperatorsReader};
use control::{Clause, Label};
use dispatch::Dispatch;
use ssa::{BuildBlock, BuildEdge, Defs, Local, Phi, Search};

/// How a memory is accessed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemoryStyle {
    /// All that a 32-bit address can reach is reserved, and a guard behind it: accesses fault. The base never changes.
    Guarded,
    /// Accesses are compared with the length; base and length change when the memory grows.
    Checked,
}

/// Where the built function is entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// At its beginning, with its own parameters.
    Normal,
    /// At a loop header, behind its poll and its charge of fuel, from the interpreter's frame: the only parameter is
    /// the address of the frame's slot 0.
    Osr {
        /// Offset of the `loop` instruction in the module's bytes.
        header: u32,
        /// Slots between the frame's locals and its operands.
        link_slots: u32,
    },
}

/// What the IR depends on beside the module.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The runtime's structures.
    pub layout: VmLayout,
    /// Charge fuel.
    pub fuel: bool,
    /// Make NaNs canonical.
    pub canonical_nans: bool,
    /// Notice interrupts at loop headers.
    pub interrupts: bool,
    /// How each memory is accessed. Memories with 64-bit addresses must be `Checked`.
    pub memories: &'a [MemoryStyle],
    /// Bytes of the guard behind what a 32-bit address reaches in a guarded memory.
    pub guard_size: u64,
    /// Keep speculation from reading beyond a table.
    pub spectre: bool,
    /// Where the function is entered.
    pub entry: Entry,
    /// Build called functions in place of calls.
    pub inlining: bool,
}

/// Why there is no IR.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BuildError {
    /// The IR would be out of proportion to the body: too many values to pass at too many joins.
    TooLarge,
    /// There is no loop at the given offset that can be reached.
    NoSuchLoop,
}

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            BuildError::TooLarge => "the function is too large to be optimized",
            BuildError::NoSuchLoop => "there is no such loop in the function",
        })
    }
}

impl std::error::Error for BuildError {}

/// The memory of the build, used again for each function.
#[derive(Debug, Default)]
pub struct Builder {
    operands: Vec<u32>,
    control: Vec<Control<Label>>,
    blocks: Vec<BuildBlock>,
    /// Blocks in the order in which they were begun.
    order: Vec<u32>,
    edges: Vec<BuildEdge>,
    /// What edges pass for the operands of labels.
    args: Vec<u32>,
    /// Edges of `br_table`s.
    tables: Vec<u32>,
    phis: Vec<Phi>,
    phi_args: Vec<u32>,
    /// Parameters of sealed blocks whose arguments are still to be found.
    pending: Vec<u32>,
    locals: Vec<Local>,
    local_types: Vec<Ty>,
    /// The locals that stand for operands, by height and type; `NONE` for those that there are none for.
    operand_locals: Vec<u32>,
    /// Locals assigned in the current block.
    written: Vec<u32>,
    defs: Defs,
    search: Search,
    /// Pure instructions by what they compute: the number of the segment, and the value.
    numbers: Vec<(u32, u32)>,
    clauses: Vec<Clause>,
    /// Offsets of the loops on the way in from the interpreter's frame, outermost first.
    way: Vec<u32>,
    /// Edges on that way (`NONE` for the first) to loops with parameters, and how many these are.
    way_params: Vec<(u32, u32)>,
    frames: Vec<u32>,
    /// What parameters are found to stand for, see `dispatch`.
    same: Vec<u32>,
    finish: finish::Scratch,
    /// Never falls, so that nothing needs to be cleared between functions.
    epoch: u32,
}

/// Slots of [`Builder::numbers`].
const NUMBERS: usize = 1 << 11;

/// Steps of work (arguments of block parameters, mostly) a function may cost: so many for each byte of its body and
/// so many beside, but not more than the last.
const STEPS_PER_BYTE: u64 = 16;
const STEPS: u64 = 1 << 20;
const MAX_STEPS: u64 = 1 << 25;

/// The build of one function.
struct Build<'a> {
    cx: &'a mut Builder,
    f: &'a mut Func,
    module: &'a Module,
    settings: &'a Settings<'a>,
    own: InstanceLayout,
    walker: Walker<'a, u32, Label>,
    func: u32,
    /// Current block.
    block: u32,
    /// Segment in which what [`Local`] holds is valid.
    epoch: u32,
    /// Segment in which numbered values can be used again.
    numbers_epoch: u32,
    /// Mark of the current block in [`Local::written`].
    stamp: u32,
    /// Changes where bases and lengths of memories and tables may have changed.
    descriptors: u32,
    /// Position of the current instruction, as in [`Func::positions`].
    position: u32,
    /// The open fuel segment: its instruction, and the cost so far.
    segment: Option<(u32, u32)>,
    /// Number of `try_table`s around.
    tries: u32,
    /// Number of the function's own locals, parameters included.
    local_count: u32,
    /// The first local of the function that is being inlined (0 for none).
    first_local: u32,
    /// The function that is being inlined, in [`Func::inlined`]; `NONE` for none.
    inlined: u32,
    /// The frame of the function at hand.
    function_frame: usize,
    /// How many functions are being inlined in each other.
    inline_depth: u32,
    /// Bytes of bodies that may still be inlined.
    inline_budget: u32,
    /// The local that says whether the function is just being entered from the interpreter's frame.
    entering: u32,
    /// Slots of locals.
    local_slots: u32,
    /// A constant 0 of each type, in the entry block.
    zeros: [u32; 5],
    /// The block entered from the interpreter.
    osr_block: u32,
    /// How many loops on the way in have been begun, the header of the first, and the edge to the next.
    way_at: usize,
    way_start: u32,
    way_edge: u32,
    /// What says that the function is not being entered: stands for a 0 in `osr_block`.
    not_entering: u32,
    /// The loop around that dispatches, and whether there has been one.
    dispatch: Option<Dispatch>,
    dispatches: bool,
    steps: u64,
    max_steps: u64,
}

/// Builds a defined function.
///
/// # Errors
///
/// Only for functions that are extreme, and entries that do not exist: see [`BuildError`].
///
/// # Panics
///
/// May panic if the body has not been validated.
pub fn build(
    cx: &mut Builder,
    module: &Module,
    func: u32,
    settings: &Settings<'_>,
    out: &mut Func,
) -> Result<(), BuildError> {
    let range = module.bodies[(func - module.imported_funcs) as usize].range.clone();
    let body = &module.bytes()[range.clone()];
    let mut build = Build::new(cx, module, func, settings, out, body.len());
    build
        .body(FunctionBody::new(BinaryReader::new(body, range.start as u64)))
        .expect("a validated body decodes");
    let result = build.finish();
    if result == Err(BuildError::TooLarge) && !out.inlined.is_empty() {
        return self::build(cx, module, func, &Settings { inlining: false, ..*settings }, out);
    }
    if result.is_err() {
        out.clear();
    }
    #[cfg(debug_assertions)]
    if let (Ok(()), Err(error)) = (result, crate::ir::verify::verify(out)) {
        panic!("function {func}: {error}\n{}", crate::ir::print::print(out));
    }
    result
}

impl<'a> Build<'a> {
    fn new(
        cx: &'a mut Builder,
        module: &'a Module,
        func: u32,
        settings: &'a Settings<'a>,
        f: &'a mut Func,
        body_len: usize,
    ) -> Self {
        f.clear();
        cx.reset();
        let mut walker = Walker::new(module, module.funcs[func as usize], Label::default());
        walker.operands = std::mem::take(&mut cx.operands);
        let first = walker.control.pop();
        walker.control = std::mem::take(&mut cx.control);
        walker.control.extend(first);
        Build {
            epoch: 0,
            numbers_epoch: 0,
            stamp: 0,
            descriptors: 0,
            cx,
            f,
            module,
            settings,
            own: InstanceLayout::new(&settings.layout, module),
            walker,
            func,
            block: 0,
            position: 0,
            segment: None,
            tries: 0,
            local_count: 0,
            local_slots: 0,
            first_local: 0,
            inlined: NONE,
            function_frame: 0,
            inline_depth: 0,
            inline_budget: inline::budget(body_len),
            entering: NONE,
            zeros: [0; 5],
            osr_block: NONE,
            way_at: 0,
            way_start: NONE,
            way_edge: NONE,
            not_entering: NONE,
            dispatch: None,
            dispatches: false,
            steps: 0,
            max_steps: MAX_STEPS.min(STEPS + STEPS_PER_BYTE * body_len as u64),
        }
    }

    fn body(&mut self, body: FunctionBody<'_>) -> brisk_module::wasmparser::Result<()> {
        let module = self.module;
        let ty = module.func_type(self.func);
        let mut locals = body.get_locals_reader()?;
        self.position = locals.original_position() as u32;
        let entry = self.new_block();
        self.begin(entry);
        self.forget();
        for &ty in &ty.params {
            self.declare_locals(1, ty);
        }
        for local in 0..self.local_count {
            let ty = self.cx.local_types[local as usize];
            let value = self.emit(Op::Param, ty, 0, entry, NONE, NONE);
            self.set_local(local, value);
        }
        self.f.results.extend(ty.results.iter().map(|&ty| Ty::from_wasm(ty)));
        for _ in 0..locals.get_count() {
            let (count, ty) = locals.read()?;
            self.declare_locals(count, walk::val_type(ty));
        }
        for (at, ty) in [Ty::I32, Ty::I64, Ty::F32, Ty::F64].into_iter().enumerate() {
            self.zeros[at] = self.constant(ty, 0);
        }
        self.zeros[4] = self.vector_constant(0);
        let ops = body.get_operators_reader()?;
        // Fuel that ends at the entry ends at the first instruction.
        self.position = ops.original_position() as u32;
        self.open_segment(true);
        if let Entry::Osr { header, .. } = self.settings.entry {
            self.find_way(ops.clone(), header)?;
        }
        self.operators(ops)?;
        self.close_segment();
        Ok(())
    }

    /// Builds the instructions of a body.
    fn operators(&mut self, mut ops: OperatorsReader<'_>) -> brisk_module::wasmparser::Result<()> {
        while !ops.eof() {
            let (op, offset) = ops.read_with_offset()?;
            self.at(offset as u32);
            if !self.walker.skip(&op) {
                if let Some((_, cost)) = &mut self.segment {
                    *cost += walk::fuel_cost(&op);
                }
                self.operator(&op);
                if self.settings.fuel && walk::ends_segment(&op) && !self.walker.control.is_empty() {
                    let reachable = !self.walker.innermost().unreachable;
                    self.close_segment();
                    if reachable {
                        self.open_segment(false);
                    }
                }
                if self.too_large() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Finds the loops around the loop at an offset, and it.
    fn find_way(
        &mut self,
        mut ops: OperatorsReader<'_>,
        header: u32,
    ) -> brisk_module::wasmparser::Result<()> {
        // Frames, loops by their offset.
        let mut frames = std::mem::take(&mut self.cx.frames);
        frames.clear();
        while !ops.eof() {
            let (op, offset) = ops.read_with_offset()?;
            match op {
                Operator::Loop { .. } => frames.push(offset as u32),
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => frames.push(NONE),
                Operator::End => {
                    frames.pop();
                }
                _ => {}
            }
            if offset as u32 >= header {
                break;
            }
        }
        if frames.last() == Some(&header) {
            self.cx.way.extend(frames.iter().filter(|&&frame| frame != NONE));
        }
        self.cx.frames = frames;
        self.entering = self.new_locals(1, Ty::I32);
        self.not_entering = self.emit(Op::Param, Ty::I32, 0, 0, NONE, NONE);
        self.set_local(self.entering, self.not_entering);
        Ok(())
    }

    fn declare_locals(&mut self, count: u32, ty: ValType) {
        self.new_locals(count, Ty::from_wasm(ty));
        self.local_count += count;
        self.local_slots += count * ty.slots();
    }

    fn too_large(&self) -> bool {
        self.steps > self.max_steps || self.f.insts.len() > (u32::MAX / 4) as usize
    }

    /// Begins a fuel segment, with a test at function entries and loop headers.
    fn open_segment(&mut self, test: bool) {
        if self.settings.fuel {
            self.close_segment();
            let fuel = self.emit(Op::Fuel, Ty::None, 0, 0, u32::from(test), 0);
            self.segment = Some((fuel, 0));
        }
    }

    /// Writes the cost of the open fuel segment to the instruction at its start.
    fn close_segment(&mut self) {
        if let Some((at, cost)) = self.segment.take() {
            let fuel = &mut self.f.insts[at as usize];
            fuel.a = cost;
            if cost == 0 && fuel.b == 0 {
                fuel.op = Op::Nop;
            }
        }
    }

    /// Appends an instruction to the current block.
    #[inline]
    fn emit(&mut self, op: Op, ty: Ty, aux: u16, a: u32, b: u32, c: u32) -> u32 {
        let value = self.f.insts.len() as u32;
        self.f.insts.push(Inst { op, ty, aux, a, b, c });
        self.f.positions.push(self.position);
        value
    }

    #[inline]
    fn inst(&self, value: u32) -> Inst {
        self.f.insts[value as usize]
    }

    #[inline]
    fn ty(&self, value: u32) -> Ty {
        self.f.insts[value as usize].ty
    }

    #[inline]
    fn push(&mut self, value: u32) {
        self.walker.operands.push(value);
    }

    #[inline]
    fn pop(&mut self) -> u32 {
        self.walker.operands.pop().expect("a validated body has the operand")
    }
}

impl Builder {
    /// Ready for another function.
    fn reset(&mut self) {
        self.blocks.clear();
        self.order.clear();
        self.edges.clear();
        self.args.clear();
        self.tables.clear();
        self.phis.clear();
        self.phi_args.clear();
        self.pending.clear();
        self.written.clear();
        self.clauses.clear();
        self.way.clear();
        self.way_params.clear();
        self.operands.clear();
        self.control.clear();
        self.local_types.clear();
        self.operand_locals.clear();
        self.search.clear();
        if self.numbers.is_empty() || self.epoch > u32::MAX / 2 {
            self.epoch = 0;
            self.numbers.clear();
            self.numbers.resize(NUMBERS, (0, 0));
            self.locals.clear();
        }
        self.defs.clear();
    }
}
