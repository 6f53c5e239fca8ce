//! The boundary of machine code, crossed in every way by functions assembled by hand.
//!
//! Each of them exists as WebAssembly, too, so that any can run in the interpreter instead. They hold the convention to the
//! letter: what they may destroy they fill with garbage, and what others must preserve they check.

mod machine;
mod matrix;
mod state;
mod values;

use super::image::{Frame, Publish};
use super::layout::vm_layout;
use crate::interp::code::Code as RegisterCode;
use crate::vm::VmContext;
use crate::{Config, CpuFeature, Engine, Error, Instance, Module, Store, Trap, WasmBacktrace};
use brisk_codegen::asm::Label;
use brisk_codegen::code::{Code, Handler, Position, Site, SiteKind, Target};
use brisk_codegen::ir::{Libcall, TrapCode};
use brisk_codegen::layout::{HOST_INDEX, VmLayout};
use machine::*;
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

/// How a function runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tier {
    Host,
    Interpreter,
    MachineCode,
    /// Machine code takes over the interpreter's frame at once.
    Osr,
}

/// A call that a function makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Callee {
    /// A function of the module, by index among those it defines: a direct call.
    Defined(u32),
    /// An imported function: through its reference.
    Import(u32),
}

/// A configuration with all that the processor can do to protect where calls, jumps and returns lead.
fn protecting() -> Config {
    let mut config = Config::new();
    config.cpu_features(&[CpuFeature::Bti, CpuFeature::Paca]);
    config
}

/// An engine with that.
fn protected() -> Engine {
    Engine::new(&protecting()).unwrap()
}

/// An engine for each kind of boundary that there is on this processor.
fn engines() -> Vec<Engine> {
    let mut engines = vec![Engine::default()];
    for features in [&[][..], &[CpuFeature::Paca], &[CpuFeature::Bti, CpuFeature::Paca]] {
        let engine = Engine::new(Config::new().cpu_features(features)).unwrap();
        let boundary = |engine: &Engine| engine.tunables().cpu.boundary();
        if engines.iter().all(|other| boundary(other) != boundary(&engine)) {
            engines.push(engine);
        }
    }
    engines
}

/// What a register that calls preserve holds before a call.
fn kept_value(reg: Gpr) -> u64 {
    0x0101_0101_0101_0101 * u64::from(reg.0 + 1)
}

const GARBAGE: u64 = 0xbad0_bad1_bad2_bad3;

/// Where the frames made here keep the VmContext, and below it the registers that calls preserve.
const CTX: i32 = -8;
/// Where the frames of [`Assemble`] keep the first argument.
const SAVED_ARG: i32 = -8 * (KEPT.len() as i32 + 2);
const FRAME: u32 = (-SAVED_ARG as u32).next_multiple_of(16);

/// Assembles a function that takes an integer.
struct Assemble {
    asm: Machine,
    layout: VmLayout,
    sites: Vec<Site>,
    positions: Vec<Position>,
    handlers: Vec<Handler>,
    /// Handlers whose landing is not bound yet.
    landings: Vec<(u32, Option<u32>, Label)>,
    func: u32,
    start: u32,
    entry: u32,
    bad: Label,
}

impl Assemble {
    /// Begins the function with the given index: entries, frame, stack check. The argument is kept in the frame.
    fn new(module: &Module, func: u32, osr: bool) -> Assemble {
        let mut asm = Machine::new(module);
        let bad = asm.new_label();
        let start = module.functions().find(|f| f.index() == func).unwrap().range().start as u32;
        let (sites, positions, handlers, landings) = Default::default();
        let layout = vm_layout();
        let mut this =
            Assemble { asm, layout, sites, positions, handlers, landings, func, start, entry: 0, bad };
        this.asm.called();
        load_memory_base(&mut this.asm, &layout, MEMORY);
        this.entry = this.asm.offset();
        let asm = &mut this.asm;
        asm.push_frame();
        asm.load(SCRATCH, CONTEXT, layout.ctx_store as i32);
        let enough = asm.new_label();
        asm.branch_if_stack_suffices(SCRATCH, layout.store_stack_limit as i32, enough);
        this.call_target(Target::Libcall(Libcall::StackLimit), 0);
        this.asm.bind(enough);
        let asm = &mut this.asm;
        asm.sub_sp(FRAME as i32);
        asm.store(FP, CTX, CONTEXT);
        for (at, reg) in (2..).zip(KEPT) {
            asm.store(FP, -8 * at, reg);
        }
        if osr {
            // The argument is the frame.
            asm.load(ARG, ARG, 0);
        }
        asm.store(FP, SAVED_ARG, ARG);
        this.poison(&[]);
        this.check_pins();
        this
    }

    /// Fills the registers that a function may destroy at any time, and those it saves, with garbage.
    fn poison(&mut self, but: &[Gpr]) {
        garbage(&mut self.asm, but);
        for reg in KEPT.into_iter().filter(|reg| !but.contains(reg)) {
            self.asm.imm(reg, GARBAGE ^ u64::from(reg.0) << 8);
        }
    }

    /// Stops the program unless the pinned registers hold what they should.
    fn check_pins(&mut self) {
        self.asm.load(SCRATCH, FP, CTX);
        self.asm.branch_if_differ(CONTEXT, SCRATCH, self.bad);
        load_memory_base(&mut self.asm, &self.layout, SCRATCH);
        self.asm.branch_if_differ(MEMORY, SCRATCH, self.bad);
    }

    /// Notes that the call just made is that of the instruction at an offset in the function's body.
    fn site(&mut self, offset: u32) {
        let position = self.positions.len() as u32;
        self.positions.push(Position { func: self.func, offset: self.start + offset, inlined_at: None });
        self.sites.push(Site { at: self.asm.offset(), kind: SiteKind::Return, position });
    }

    fn call_target(&mut self, target: Target, offset: u32) {
        self.asm.call_stub(target);
        self.site(offset);
    }

    /// Calls a function with what is in the argument registers, checks what it preserves, and that the pins are
    /// what they were.
    fn call(&mut self, callee: Callee, offset: u32) {
        for reg in KEPT {
            self.asm.imm(reg, kept_value(reg));
        }
        match callee {
            Callee::Defined(func) => {
                self.asm.call_slot(func);
                self.site(offset);
            }
            Callee::Import(index) => {
                load_import(&mut self.asm, &self.layout, index);
                self.asm.call_state(self.layout.state_native);
                self.site(offset);
                self.reload_pins();
            }
        }
        for reg in KEPT {
            self.asm.imm(SCRATCH, kept_value(reg));
            self.asm.branch_if_differ(reg, SCRATCH, self.bad);
        }
        if callee == Callee::Defined(0) {
            self.reload_pins();
        }
        self.check_pins();
    }

    fn reload_pins(&mut self) {
        self.asm.load(CONTEXT, FP, CTX);
        load_memory_base(&mut self.asm, &self.layout, MEMORY);
    }

    /// Loads global 0.
    fn add_global(&mut self, to: Gpr) {
        self.asm.load(SCRATCH, CONTEXT, self.layout.ctx_globals as i32);
        self.asm.load(SCRATCH, SCRATCH, 0);
        self.asm.load32(SCRATCH, SCRATCH, 0);
        self.asm.add32(to, SCRATCH);
    }

    /// Loads the argument.
    fn load_arg(&mut self, to: Gpr) {
        self.asm.load(to, FP, SAVED_ARG);
    }

    /// Throws an exception of tag 0 with the argument as payload, which leaves the function.
    fn throw_arg(&mut self, offset: u32) {
        self.load_arg(TEMP);
        self.asm.load(SCRATCH, CONTEXT, self.layout.ctx_store as i32);
        self.asm.load(SCRATCH, SCRATCH, self.layout.store_overflow as i32);
        // The upper half of the cell is not the value's.
        self.asm.imm(ARG2, GARBAGE);
        self.asm.store(SCRATCH, 0, ARG2);
        self.asm.store32(SCRATCH, 0, TEMP);
        self.asm.mov(ARG, CONTEXT);
        self.asm.imm(ARG2, 0);
        self.call_target(Target::Libcall(Libcall::Throw), offset);
    }

    /// An exception of the last call with the tag given, or any, lands here.
    fn landing_of_last_call(&mut self, tag: Option<u32>, landing: Label) {
        let at = self.sites.last().unwrap().at;
        self.landings.push((at, tag, landing));
    }

    /// Restores what the frame saved.
    fn restore(&mut self) {
        for (at, reg) in (2..).zip(KEPT) {
            self.asm.load(reg, FP, -8 * at);
        }
        self.asm.leave();
    }

    /// Returns what is in [`RESULT`].
    fn ret(&mut self) {
        self.poison(&[RESULT]);
        self.restore();
        self.asm.ret();
    }

    /// Tail-calls with what is in [`ARG`]. A host function is called from this frame, as the interpreter does: it sees its
    /// caller.
    fn tail_call(&mut self, callee: Callee, offset: u32) {
        self.poison(&[ARG]);
        match callee {
            Callee::Defined(func) => {
                self.restore();
                self.asm.jump_slot(func);
            }
            Callee::Import(index) => {
                load_import(&mut self.asm, &self.layout, index);
                let host = self.asm.new_label();
                self.asm.branch_if_equals32(STATE, self.layout.state_index as i32, HOST_INDEX, host);
                self.restore();
                self.asm.jump_state(self.layout.state_native);
                self.asm.bind(host);
                self.asm.call_state(self.layout.state_native);
                self.site(offset);
                self.reload_pins();
                self.check_pins();
                self.ret();
            }
        }
    }

    fn trap(&mut self, code: TrapCode, offset: u32) {
        self.call_target(Target::Trap(code), offset);
    }

    fn finish(mut self) -> Code {
        self.asm.bind(self.bad);
        self.asm.stop();
        for (at, tag, landing) in self.landings {
            self.handlers.push(Handler { at, tag, landing: self.asm.label_offset(landing) });
        }
        let (bytes, relocs) = self.asm.finish();
        Code {
            bytes,
            entry: self.entry,
            outside_entry: 0,
            relocs,
            sites: self.sites,
            positions: self.positions,
            handlers: self.handlers,
            frame_size: FRAME,
        }
    }
}

fn load_memory_base(asm: &mut Machine, layout: &VmLayout, to: Gpr) {
    asm.load(to, CONTEXT, layout.ctx_memory_base as i32);
}

/// Loads what a call of an import wants.
fn load_import(asm: &mut Machine, layout: &VmLayout, index: u32) {
    let at = (index * layout.func_ref_size) as i32;
    asm.load(TEMP, CONTEXT, offset_of!(VmContext, imports) as i32);
    asm.load(STATE, TEMP, at + layout.func_ref_state as i32);
    asm.load(CONTEXT, TEMP, at + layout.func_ref_ctx as i32);
}

/// Fills what is neither reserved nor preserved.
fn garbage(asm: &mut Machine, but: &[Gpr]) {
    for number in 0..VECTORS {
        asm.vector_imm(Vector(number), GARBAGE ^ u64::from(number));
    }
    for reg in LOST.into_iter().filter(|reg| !but.contains(reg)) {
        asm.imm(reg, GARBAGE ^ u64::from(reg.0) << 8);
    }
}

/// Assembles a function without the checks of [`Assemble`], of any signature.
struct Raw {
    asm: Machine,
    layout: VmLayout,
    sites: Vec<u32>,
    entry: u32,
}

impl Raw {
    fn new(module: &Module) -> Raw {
        let mut raw = Raw { asm: Machine::new(module), layout: vm_layout(), sites: Vec::new(), entry: 0 };
        raw.asm.called();
        load_memory_base(&mut raw.asm, &raw.layout, MEMORY);
        raw.entry = raw.asm.offset();
        raw.asm.called();
        raw
    }

    /// Begins with a frame of so many bytes beside the VmContext and the first of [`KEPT`], a multiple of 16.
    fn frame(&mut self, bytes: i32) {
        self.asm.push_frame();
        self.asm.load(SCRATCH, CONTEXT, self.layout.ctx_store as i32);
        let enough = self.asm.new_label();
        self.asm.branch_if_stack_suffices(SCRATCH, self.layout.store_stack_limit as i32, enough);
        self.asm.call_stub(Target::Libcall(Libcall::StackLimit));
        self.site();
        self.asm.bind(enough);
        self.asm.sub_sp(bytes + 16);
        self.asm.store(FP, CTX, CONTEXT);
        self.asm.store(FP, -16, KEPT[0]);
    }

    /// Loads the address of the overflow area.
    fn overflow(&mut self, to: Gpr) {
        self.asm.load(to, CONTEXT, self.layout.ctx_store as i32);
        self.asm.load(to, to, self.layout.store_overflow as i32);
    }

    /// Fills what is neither reserved nor preserved.
    fn garbage(&mut self) {
        garbage(&mut self.asm, &[]);
    }

    /// Calls a defined function.
    fn call_slot(&mut self, func: u32) {
        self.asm.call_slot(func);
        self.site();
    }

    /// Calls an import.
    fn call_import(&mut self, index: u32) {
        load_import(&mut self.asm, &self.layout, index);
        self.asm.call_state(self.layout.state_native);
        self.site();
    }

    /// Notes a return address.
    fn site(&mut self) {
        self.sites.push(self.asm.offset());
    }

    fn reload_pins(&mut self) {
        self.asm.load(CONTEXT, FP, CTX);
        load_memory_base(&mut self.asm, &self.layout, MEMORY);
    }

    fn ret(&mut self) {
        self.asm.load(KEPT[0], FP, -16);
        self.asm.leave();
        self.asm.ret();
    }

    fn finish(mut self, func: u32, frame_size: u32) -> Code {
        let (bytes, relocs) = self.asm.finish();
        let site = |&at: &u32| Site { at, kind: SiteKind::Return, position: 0 };
        Code {
            bytes,
            entry: self.entry,
            outside_entry: 0,
            relocs,
            sites: self.sites.iter().map(site).collect(),
            positions: vec![Position { func, offset: 0, inlined_at: None }],
            handlers: Vec::new(),
            frame_size,
        }
    }
}

/// Publishes code for a function, in the way of the tier.
fn publish(module: &Module, func: u32, tier: Tier, code: Code) {
    let info = module.info();
    let defined = func - info.imported_funcs;
    let image = module.native().image(module).unwrap();
    let ty = info.func_type(func);
    let osr = (tier == Tier::Osr).then(|| Frame { link: ty.param_slots, slots: ty.param_slots + 3 });
    let bridges = image.publish(module, vec![Publish { func: defined, code, osr }]).unwrap();
    if let [bridge] = *bridges {
        // As if it had run into a loop at its start.
        let code = RegisterCode::bridge(bridge, func, ty.param_slots, ty.result_slots);
        let code = module.code().publish(Box::new(code));
        module.funcs()[defined as usize].code.store(code.cast_mut(), Ordering::Release);
    }
}

/// The index of an exported function.
fn export(module: &Module, name: &str) -> u32 {
    module.find_export(name).unwrap().1.index
}

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Ended {
    Returned(i32),
    Trapped(Trap),
    Threw,
    Failed(String),
    Panicked(String),
}

/// The functions of a backtrace, innermost first, with the offsets in them.
type Backtrace = Vec<(String, usize)>;

fn backtrace_of(error: &Error) -> Backtrace {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let frame = |frame: &crate::FrameInfo| {
        let name = frame.func_name().unwrap_or("?").to_owned();
        (format!("{}.{name}", frame.module().name().unwrap_or("?")), frame.func_offset().unwrap())
    };
    backtrace.frames().iter().map(frame).collect()
}

/// Calls an exported function of an integer and says how it ended.
fn run<T: 'static>(store: &mut Store<T>, instance: Instance, name: &str, arg: i32) -> (Ended, Backtrace) {
    let func = instance.get_typed_func::<i32, i32>(&mut *store, name).unwrap();
    match catch_unwind(AssertUnwindSafe(|| func.call(&mut *store, arg))) {
        Ok(Ok(value)) => (Ended::Returned(value), Vec::new()),
        Ok(Err(error)) => {
            let backtrace = backtrace_of(&error);
            let ended = if let Some(trap) = error.downcast_ref::<Trap>() {
                Ended::Trapped(*trap)
            } else if error.is::<crate::ThrownException>() {
                assert!(store.take_pending_exception().is_some());
                Ended::Threw
            } else {
                Ended::Failed(error.root_cause().to_string())
            };
            (ended, backtrace)
        }
        Err(panic) => (Ended::Panicked((*panic.downcast_ref::<&str>().unwrap()).to_owned()), Vec::new()),
    }
}
