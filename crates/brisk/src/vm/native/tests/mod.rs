//! The boundary of machine code, crossed in every way by functions assembled by hand.
//!
//! Each of them exists as WebAssembly, too, so that any can run in the interpreter instead. They hold the convention to the
//! letter: what they may destroy they fill with garbage, and what others must preserve they check.

mod matrix;
mod state;
mod values;

use super::image::{Frame, Publish};
use super::layout::vm_layout;
use crate::interp::code::Code as RegisterCode;
use crate::{Error, Instance, Module, Store, Trap, WasmBacktrace};
use brisk_codegen::code::{Code, Handler, Position, Reloc, RelocKind, Site, SiteKind, Target};
use brisk_codegen::ir::{Libcall, TrapCode};
use brisk_codegen::layout::{HOST_INDEX, VmLayout};
use brisk_codegen::x64::asm::*;
use brisk_codegen::x64::convention::*;
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

/// What the registers that calls preserve hold before a call.
const KEPT: [(Gpr, u64); 3] =
    [(RBX, 0x1111_2222_3333_4444), (R12, 0x5555_6666_7777_8888), (R13, 0x9999_aaaa_bbbb_cccc)];
const GARBAGE: u64 = 0xbad0_bad1_bad2_bad3;

/// Where the frames made here keep the first argument.
const ARG: i32 = -40;
const FRAME: u32 = 48;

/// Assembles a function that takes an integer.
struct Assemble {
    asm: Assembler,
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
        let mut asm = Assembler::new(Features::BASELINE);
        let bad = asm.new_label();
        let start = module.functions().find(|f| f.index() == func).unwrap().range().start as u32;
        let (sites, positions, handlers, landings) = Default::default();
        let layout = vm_layout();
        let mut this =
            Assemble { asm, layout, sites, positions, handlers, landings, func, start, entry: 0, bad };
        this.load_memory_base(MEMORY_BASE);
        this.entry = this.asm.offset();
        let asm = &mut this.asm;
        asm.push(RBP);
        asm.mov_rr(Size::B64, RBP, RSP);
        asm.mov_load(Size::B64, R11, Mem::base(R14, this.layout.ctx_store as i32));
        asm.alu(AluOp::Cmp, Size::B64, RSP, Mem::base(R11, this.layout.store_stack_limit as i32));
        let enough = asm.new_label();
        asm.jcc_short(Cond::Ae, enough);
        this.call_target(Target::Libcall(Libcall::StackLimit), 0);
        this.asm.bind(enough);
        let asm = &mut this.asm;
        for reg in [R14, RBX, R12, R13] {
            asm.push(reg);
        }
        if osr {
            // The argument is the frame.
            asm.mov_load(Size::B64, RDI, Mem::base(RDI, 0));
        }
        asm.push(RDI);
        asm.push(RDI);
        this.poison(&[]);
        this.check_pins();
        this
    }

    /// Fills the registers that a function may destroy at any time, and those it saves, with garbage.
    fn poison(&mut self, but: &[Gpr]) {
        for number in 0..16 {
            self.asm.mov_imm64(R11, GARBAGE ^ u64::from(number));
            self.asm.mov_from_gpr(Size::B64, Xmm(number), R11);
        }
        for number in 0..16 {
            let reg = Gpr(number);
            if ![RSP, RBP, VM_CONTEXT, MEMORY_BASE].contains(&reg) && !but.contains(&reg) {
                self.asm.mov_imm64(reg, GARBAGE ^ u64::from(number) << 8);
            }
        }
    }

    fn load_memory_base(&mut self, to: Gpr) {
        self.asm.mov_load(Size::B64, to, Mem::base(R14, self.layout.ctx_memories as i32));
        self.asm.mov_load(Size::B64, to, Mem::base(to, 0));
        self.asm.mov_load(Size::B64, to, Mem::base(to, self.layout.memory_base as i32));
    }

    /// Stops the program unless the pinned registers hold what they should.
    fn check_pins(&mut self) {
        self.asm.alu(AluOp::Cmp, Size::B64, R14, Mem::base(RBP, -8));
        self.asm.jcc(Cond::Ne, self.bad);
        self.load_memory_base(R11);
        self.asm.alu(AluOp::Cmp, Size::B64, R15, R11);
        self.asm.jcc(Cond::Ne, self.bad);
    }

    /// Notes that the call just made is that of the instruction at an offset in the function's body.
    fn site(&mut self, offset: u32) {
        let position = self.positions.len() as u32;
        self.positions.push(Position { func: self.func, offset: self.start + offset, inlined_at: None });
        self.sites.push(Site { at: self.asm.offset(), kind: SiteKind::Return, position });
    }

    fn call_target(&mut self, target: Target, offset: u32) {
        self.asm.call_symbol(Symbol(target.number()));
        self.site(offset);
    }

    /// Calls a function with what is in the argument registers, checks what it preserves, and that the pins are
    /// what they were.
    fn call(&mut self, callee: Callee, offset: u32) {
        for (reg, value) in KEPT {
            self.asm.mov_imm64(reg, value);
        }
        match callee {
            Callee::Defined(func) => {
                self.asm.call_rm(Mem::symbol(Symbol(Target::Slot(func).number())));
                self.site(offset);
            }
            Callee::Import(index) => {
                self.load_import(index);
                self.asm.call_rm(Mem::base(R11, self.layout.state_native as i32));
                self.site(offset);
                self.reload_pins();
            }
        }
        for (reg, value) in KEPT {
            self.asm.mov_imm64(R11, value);
            self.asm.alu(AluOp::Cmp, Size::B64, reg, R11);
            self.asm.jcc(Cond::Ne, self.bad);
        }
        if callee == Callee::Defined(0) {
            self.reload_pins();
        }
        self.check_pins();
    }

    /// Loads what a call of an import wants.
    fn load_import(&mut self, index: u32) {
        let at = (index * self.layout.func_ref_size) as i32;
        self.asm.mov_load(Size::B64, RAX, Mem::base(R14, self.layout.ctx_imports as i32));
        self.asm.mov_load(Size::B64, R11, Mem::base(RAX, at + self.layout.func_ref_state as i32));
        self.asm.mov_load(Size::B64, R14, Mem::base(RAX, at + self.layout.func_ref_ctx as i32));
    }

    fn reload_pins(&mut self) {
        self.asm.mov_load(Size::B64, R14, Mem::base(RBP, -8));
        self.load_memory_base(R15);
    }

    /// Loads global 0.
    fn add_global(&mut self, to: Gpr) {
        self.asm.mov_load(Size::B64, R11, Mem::base(R14, self.layout.ctx_globals as i32));
        self.asm.mov_load(Size::B64, R11, Mem::base(R11, 0));
        self.asm.alu(AluOp::Add, Size::B32, to, Mem::base(R11, 0));
    }

    /// Loads the argument.
    fn load_arg(&mut self, to: Gpr) {
        self.asm.mov_load(Size::B64, to, Mem::base(RBP, ARG));
    }

    /// An exception of the last call with the tag given, or any, lands here.
    fn landing_of_last_call(&mut self, tag: Option<u32>, landing: Label) {
        let at = self.sites.last().unwrap().at;
        self.landings.push((at, tag, landing));
    }

    /// Restores what the frame saved.
    fn restore(&mut self) {
        for (at, reg) in [(-16, RBX), (-24, R12), (-32, R13)] {
            self.asm.mov_load(Size::B64, reg, Mem::base(RBP, at));
        }
        self.asm.leave();
    }

    /// Returns what is in `rax`.
    fn ret(&mut self) {
        self.poison(&[RAX]);
        self.restore();
        self.asm.ret();
    }

    /// Tail-calls with what is in `rdi`. A host function is called from this frame, as the interpreter does: it sees its
    /// caller.
    fn tail_call(&mut self, callee: Callee, offset: u32) {
        self.poison(&[RDI]);
        match callee {
            Callee::Defined(func) => {
                self.restore();
                self.asm.jmp_rm(Mem::symbol(Symbol(Target::Slot(func).number())));
            }
            Callee::Import(index) => {
                self.load_import(index);
                let host = self.asm.new_label();
                let index = Mem::base(R11, self.layout.state_index as i32);
                self.asm.alu_imm(AluOp::Cmp, Size::B32, index, HOST_INDEX as i32);
                self.asm.jcc(Cond::E, host);
                self.restore();
                self.asm.jmp_rm(Mem::base(R11, self.layout.state_native as i32));
                self.asm.bind(host);
                self.asm.call_rm(Mem::base(R11, self.layout.state_native as i32));
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
        self.asm.int3();
        for (at, tag, landing) in self.landings {
            self.handlers.push(Handler { at, tag, landing: self.asm.label_offset(landing).unwrap() });
        }
        let assembled = self.asm.finish();
        let relocs = assembled.relocs.iter().map(|reloc| Reloc {
            at: reloc.at,
            target: Target::from_number(reloc.symbol.0),
            addend: reloc.addend,
            kind: RelocKind::Rel32,
        });
        Code {
            bytes: assembled.code.to_vec(),
            entry: self.entry,
            outside_entry: 0,
            relocs: relocs.collect(),
            sites: self.sites,
            positions: self.positions,
            handlers: self.handlers,
            frame_size: FRAME,
        }
    }
}

/// Assembles a function without the checks of [`Assemble`], of any signature.
struct Raw {
    asm: Assembler,
    layout: VmLayout,
    sites: Vec<u32>,
    entry: u32,
}

impl Raw {
    fn new() -> Raw {
        let mut raw =
            Raw { asm: Assembler::new(Features::BASELINE), layout: vm_layout(), sites: Vec::new(), entry: 0 };
        raw.load_memory_base();
        raw.entry = raw.asm.offset();
        raw
    }

    fn load_memory_base(&mut self) {
        self.asm.mov_load(Size::B64, R15, Mem::base(R14, self.layout.ctx_memories as i32));
        self.asm.mov_load(Size::B64, R15, Mem::base(R15, 0));
        self.asm.mov_load(Size::B64, R15, Mem::base(R15, self.layout.memory_base as i32));
    }

    /// Begins with a frame of so many bytes beside the VmContext and `rbx`, a multiple of 16.
    fn frame(&mut self, bytes: i32) {
        self.asm.push(RBP);
        self.asm.mov_rr(Size::B64, RBP, RSP);
        self.stack_check();
        self.asm.push(R14);
        self.asm.push(RBX);
        self.asm.alu_imm(AluOp::Sub, Size::B64, RSP, bytes);
    }

    fn stack_check(&mut self) {
        self.asm.mov_load(Size::B64, R11, Mem::base(R14, self.layout.ctx_store as i32));
        self.asm.alu(AluOp::Cmp, Size::B64, RSP, Mem::base(R11, self.layout.store_stack_limit as i32));
        let enough = self.asm.new_label();
        self.asm.jcc_short(Cond::Ae, enough);
        self.asm.call_symbol(Symbol(Target::Libcall(Libcall::StackLimit).number()));
        self.site();
        self.asm.bind(enough);
    }

    /// Loads the address of the overflow area.
    fn overflow(&mut self, to: Gpr) {
        self.asm.mov_load(Size::B64, to, Mem::base(R14, self.layout.ctx_store as i32));
        self.asm.mov_load(Size::B64, to, Mem::base(to, self.layout.store_overflow as i32));
    }

    /// Fills what is neither reserved nor preserved.
    fn garbage(&mut self, but: &[Gpr]) {
        for number in 0..16 {
            self.asm.mov_imm64(R11, GARBAGE ^ u64::from(number));
            self.asm.mov_from_gpr(Size::B64, Xmm(number), R11);
            self.asm.vec_rrr(VecOp::Movlhps, Xmm(number), Xmm(number), Xmm(number));
        }
        for reg in [RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11].iter().filter(|reg| !but.contains(reg)) {
            self.asm.mov_imm64(*reg, GARBAGE ^ u64::from(reg.0) << 8);
        }
    }

    /// Notes a return address.
    fn site(&mut self) {
        self.sites.push(self.asm.offset());
    }

    fn reload_pins(&mut self) {
        self.asm.mov_load(Size::B64, R14, Mem::base(RBP, -8));
        self.load_memory_base();
    }

    fn leave(&mut self) {
        self.asm.mov_load(Size::B64, RBX, Mem::base(RBP, -16));
        self.asm.leave();
    }

    fn ret(&mut self) {
        self.leave();
        self.asm.ret();
    }

    fn finish(mut self, func: u32, frame_size: u32) -> Code {
        let assembled = self.asm.finish();
        let relocs = assembled.relocs.iter().map(|reloc| Reloc {
            at: reloc.at,
            target: Target::from_number(reloc.symbol.0),
            addend: reloc.addend,
            kind: RelocKind::Rel32,
        });
        let site = |&at: &u32| Site { at, kind: SiteKind::Return, position: 0 };
        Code {
            bytes: assembled.code.to_vec(),
            entry: self.entry,
            outside_entry: 0,
            relocs: relocs.collect(),
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
