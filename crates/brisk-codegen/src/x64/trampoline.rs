//! The code at the boundary of machine code, see [`crate::boundary`].
//!
//! The frame with which a segment is left:
//!
//! ```text
//! [fp+8]  return address: where the segment stands
//! [fp]    frame pointer of the machine code
//! [fp-8]  rbx   the registers that calls preserve: a collector finds references in them here
//! [fp-16] r12
//! [fp-24] r13
//! [fp-32] the VmContext of the machine code, or 0 if that is at `[[fp]-8]`: in a frame that calls functions it is
//! ```
//!
//! The runtime's functions follow the System V convention on every system.

use super::asm::*;
use super::convention::*;
use crate::boundary::{RESUME_WORDS, Runtime, Shape, ShapeCode, Stubs, slot_bytes, status};
use crate::convention::{OVERFLOW_CELL, Place, Places, gpr, vector_reg};
use crate::ir::{Libcall, TrapCode, Ty};
use crate::layout::VmLayout;
use crate::vcode::RegClass;

/// The instruction that moves a value, with nothing above it, from a cell or a slot to a vector register.
fn load_op(ty: Ty) -> VecOp {
    match ty {
        Ty::I32 | Ty::F32 => VecOp::LoadMovss,
        Ty::V128 => VecOp::Movups,
        _ => VecOp::LoadMovsd,
    }
}

/// The instruction that stores all of a slot or cell.
fn store_op(ty: Ty) -> VecOp {
    if ty == Ty::V128 { VecOp::StoreMovups } else { VecOp::StoreMovsd }
}

/// Emits trampolines and stubs.
pub struct Emitter<'a> {
    /// Where to.
    pub asm: &'a mut Assembler,
    /// The runtime's structures.
    pub layout: &'a VmLayout,
    /// The runtime's functions.
    pub runtime: &'a Runtime,
}

/// Distance of the entered segment's stack pointer from the frame pointer of [`ShapeCode::enter`]'s frame.
pub const ENTER_FRAME: i32 = 64;
/// Words of the frame with which a segment is left, below its frame pointer.
pub const EXIT_WORDS: i32 = CALLEE_SAVED.len() as i32 + 1;
/// How far below that frame pointer there may be references.
pub const EXIT_FRAME: usize = 8 * (EXIT_WORDS as usize + KEPT_INTS.len());
/// What [`Stubs::libcalls`] that keep all registers save: those a call may destroy.
const KEPT_INTS: [Gpr; 8] = [RAX, RCX, RDX, RSI, RDI, R8, R9, R10];
/// Where in the frame of [`ShapeCode::enter`] the slots' address is.
const ENTER_SLOTS: i32 = -56;
/// Where in that frame, as in those of functions, the VmContext is.
const FRAME_CONTEXT: i32 = -8;

impl Emitter<'_> {
    /// The trampolines of a shape. `raise` is the address of [`Stubs::raise`].
    pub fn shape(&mut self, shape: &Shape, raise: u64) -> ShapeCode {
        let enter = self.begin();
        self.enter(&shape.params, &shape.results, false);
        let cold = self.begin();
        self.cold(shape, raise);
        let tail = self.begin();
        self.tail(shape);
        let host = self.begin();
        self.host(shape, raise);
        let enter_osr = self.begin();
        self.enter(&[], &shape.results, true);
        ShapeCode { enter, cold, tail, host, enter_osr }
    }

    /// The stubs that code of all shapes shares.
    pub fn stubs(&mut self) -> Stubs {
        let (raise, resume) = (self.asm.new_label(), self.asm.new_label());
        let raise_at = self.begin();
        self.asm.bind(raise);
        self.raise(resume);
        let libcalls = Libcall::ALL.iter().map(|&libcall| self.libcall(libcall, raise)).collect();
        let trap = self.asm.new_label();
        let mut traps = Vec::with_capacity(TrapCode::ALL.len());
        for &code in TrapCode::ALL {
            traps.push(self.asm.offset());
            self.asm.mov_imm32(SCRATCH, code as u32);
            self.asm.jmp(trap);
        }
        let fault = self.asm.offset();
        self.asm.mov_imm32(SCRATCH, TrapCode::MemoryOutOfBounds as u32 | status::FAULT);
        self.asm.bind(trap);
        self.trap(resume);
        let refused = self.begin();
        self.refused(raise);
        let osr_tail = self.begin();
        self.osr_tail();
        Stubs { libcalls, traps, fault, raise: raise_at, refused, osr_tail }
    }

    /// Begins something that is jumped to.
    fn begin(&mut self) -> u32 {
        self.asm.align(16);
        self.asm.offset()
    }

    fn load(&mut self, dst: Gpr, base: Gpr, offset: u32) {
        self.asm.mov_load(Size::B64, dst, Mem::base(base, offset as i32));
    }

    fn store(&mut self, base: Gpr, offset: u32, src: Gpr) {
        self.asm.mov_store(Size::B64, Mem::base(base, offset as i32), src);
    }

    fn mov(&mut self, dst: Gpr, src: Gpr) {
        self.asm.mov_rr(Size::B64, dst, src);
    }

    /// Calls a function of the runtime. Nothing is passed in `r11`.
    fn call_runtime(&mut self, address: u64) {
        self.asm.mov_imm64(SCRATCH, address);
        self.asm.call_rm(SCRATCH);
    }

    /// Moves values from slots to their places. `cells` holds the address of the overflow area if any has its
    /// place there; it and `slots` are not among the places.
    fn load_slots(&mut self, types: &[Ty], mut places: Places, slots: Gpr, cells: Gpr) {
        let mut at = 0;
        for &ty in types {
            let slot = Mem::base(slots, at);
            match places.next(ty) {
                Place::Reg(reg) if reg.class() == RegClass::Int => {
                    self.asm.mov_load(Size::B64, gpr(reg), slot);
                }
                Place::Reg(reg) => self.asm.vec_load(load_op(ty), vector_reg(reg), slot),
                Place::Cell(cell) => {
                    let cell = Mem::base(cells, (cell * OVERFLOW_CELL) as i32);
                    self.asm.vec_load(load_op(ty), SCRATCH_VECTOR, slot);
                    self.asm.vec_store(store_op(ty), cell, SCRATCH_VECTOR);
                }
            }
            at += slot_bytes(ty);
        }
    }

    /// Moves values from their places to slots; the other way round.
    fn store_slots(&mut self, types: &[Ty], mut places: Places, slots: Gpr, cells: Gpr) {
        let mut at = 0;
        for &ty in types {
            let slot = Mem::base(slots, at);
            match places.next(ty) {
                Place::Reg(reg) if reg.class() == RegClass::Int => {
                    self.asm.mov_store(Size::B64, slot, gpr(reg));
                }
                Place::Reg(reg) => {
                    if ty == Ty::F32 {
                        // What is above the value in the register is unknown.
                        self.asm.vec_store(VecOp::StoreMovss, slot, vector_reg(reg));
                        self.asm.mov_store_imm(Size::B32, Mem::base(slots, at + 4), 0);
                    } else {
                        self.asm.vec_store(store_op(ty), slot, vector_reg(reg));
                    }
                }
                Place::Cell(cell) => {
                    let cell = Mem::base(cells, (cell * OVERFLOW_CELL) as i32);
                    self.asm.vec_load(load_op(ty), SCRATCH_VECTOR, cell);
                    self.asm.vec_store(store_op(ty), slot, SCRATCH_VECTOR);
                }
            }
            at += slot_bytes(ty);
        }
    }

    /// `rdi`: slots, or the frame; `rsi`: VmContext; `rdx`: entry; `rcx`: state. The host's registers are saved
    /// whatever the code called does with its own.
    fn enter(&mut self, params: &[Ty], results: &[Ty], osr: bool) {
        let resume = self.asm.new_label();
        let leave = self.asm.new_label();
        self.asm.push(RBP);
        self.mov(RBP, RSP);
        self.asm.push(RSI);
        for reg in [RBX, R12, R13, R14, R15, RDI] {
            self.asm.push(reg);
        }
        self.asm.lea(Size::B64, RAX, Mem::label(resume));
        self.asm.push(RAX);
        // Here the stack pointer is `ENTER_FRAME` below the frame pointer, and aligned.
        self.load(R10, RSI, self.layout.ctx_store);
        self.load(RAX, R10, self.layout.store_activation);
        self.store(RAX, self.layout.activation_entry_sp, RSP);
        self.load(RBX, R10, self.layout.store_overflow);
        self.load_fuel(R10);
        self.mov(VM_CONTEXT, RSI);
        self.load_memory_base();
        self.mov(RAX, RDX);
        self.mov(SCRATCH, RCX);
        if !osr {
            self.mov(R10, RDI);
            self.load_slots(params, CONVENTION.args(), R10, RBX);
        }
        self.asm.call_rm(RAX);
        self.asm.mov_load(Size::B64, R10, Mem::base(RBP, ENTER_SLOTS));
        let in_cells = CONVENTION.results().cells(results) > 0;
        if in_cells || self.runtime.fuel {
            // The pinned register may be that of another instance by now.
            self.asm.mov_load(Size::B64, R11, Mem::base(RBP, FRAME_CONTEXT));
            self.load(R11, R11, self.layout.ctx_store);
        }
        self.store_fuel(R11);
        if in_cells {
            self.load(R11, R11, self.layout.store_overflow);
        }
        self.store_slots(results, CONVENTION.results(), R10, R11);
        self.asm.zero(RAX);
        self.asm.bind(leave);
        self.asm.lea(Size::B64, RSP, Mem::base(RBP, -48));
        for reg in [R15, R14, R13, R12, RBX] {
            self.asm.pop(reg);
        }
        self.asm.leave();
        self.asm.ret();
        self.asm.bind(resume);
        self.asm.lea(Size::B64, RBP, Mem::base(RSP, ENTER_FRAME));
        self.asm.jmp(leave);
    }

    fn load_memory_base(&mut self) {
        self.load(MEMORY_BASE, VM_CONTEXT, self.layout.ctx_memories);
        self.load(MEMORY_BASE, MEMORY_BASE, 0);
        self.load(MEMORY_BASE, MEMORY_BASE, self.layout.memory_base);
    }

    /// The frame with which a segment is left. Aligns the stack pointer if it was where a call was made.
    /// `r14` is the VmContext of the code that is left, or else that of a function it calls.
    fn leave_segment(&mut self, callee: bool) {
        self.asm.push(RBP);
        self.mov(RBP, RSP);
        for reg in CALLEE_SAVED {
            self.asm.push(reg);
        }
        if callee {
            self.asm.push_imm(0);
        } else {
            self.asm.push(VM_CONTEXT);
        }
    }

    /// Notes in the store where the segment is left, and with what fuel.
    fn note_exit(&mut self, store: Gpr) {
        self.store(store, self.layout.store_exit_fp, RBP);
        self.store_fuel(store);
    }

    /// The fuel into the store.
    fn store_fuel(&mut self, store: Gpr) {
        if self.runtime.fuel {
            self.store(store, self.layout.store_fuel, FUEL);
        }
    }

    /// The fuel, of which others may have had some, or given.
    fn load_fuel(&mut self, store: Gpr) {
        if self.runtime.fuel {
            self.load(FUEL, store, self.layout.store_fuel);
        }
    }

    /// `r14`: the callee's VmContext; `r11`: its state.
    fn cold(&mut self, shape: &Shape, raise: u64) {
        self.leave_segment(true);
        self.load(RAX, VM_CONTEXT, self.layout.ctx_store);
        self.load(R10, RAX, self.layout.store_value_top);
        self.note_exit(RAX);
        self.load(RAX, RAX, self.layout.store_overflow);
        self.store_slots(&shape.params, CONVENTION.args(), R10, RAX);
        self.mov(RDI, SCRATCH);
        self.mov(RSI, VM_CONTEXT);
        self.mov(RDX, R10);
        self.call_runtime(self.runtime.interpret);
        let other = self.asm.new_label();
        self.asm.test(Size::B32, RAX, RAX);
        self.asm.jcc(Cond::Ne, other);
        self.return_with_slots(shape);
        self.asm.bind(other);
        self.load(RDI, VM_CONTEXT, self.layout.ctx_store);
        let stopped = self.asm.new_label();
        self.asm.alu_imm(AluOp::Cmp, Size::B32, RAX, status::TAIL_CALL as i32);
        self.asm.jcc(Cond::Ne, stopped);
        self.load(SCRATCH, RDI, self.layout.store_tail_state);
        self.load(VM_CONTEXT, RDI, self.layout.store_tail_ctx);
        self.asm.leave();
        self.asm.jmp_rm(RDX);
        self.asm.bind(stopped);
        self.jump_to_raise(raise);
    }

    /// Returns to machine code with results from the slots at `value_top`.
    fn return_with_slots(&mut self, shape: &Shape) {
        self.load(R11, VM_CONTEXT, self.layout.ctx_store);
        self.load_fuel(R11);
        self.load(R10, R11, self.layout.store_value_top);
        self.load(R11, R11, self.layout.store_overflow);
        self.load_slots(&shape.results, CONVENTION.results(), R10, R11);
        self.asm.leave();
        self.asm.ret();
    }

    /// With the store in `rdi` and the status in `eax`.
    fn jump_to_raise(&mut self, raise: u64) {
        self.asm.mov_rr(Size::B32, RSI, RAX);
        self.asm.mov_imm64(SCRATCH, raise);
        self.asm.jmp_rm(SCRATCH);
    }

    /// `r14`: the callee's VmContext; `r11`: its state.
    fn tail(&mut self, shape: &Shape) {
        self.load(RAX, VM_CONTEXT, self.layout.ctx_store);
        self.load_fuel(RAX);
        self.load(R10, RAX, self.layout.store_value_top);
        self.load(RAX, RAX, self.layout.store_overflow);
        self.load_slots(&shape.params, CONVENTION.args(), R10, RAX);
        self.asm.jmp_rm(Mem::base(SCRATCH, self.layout.state_native as i32));
    }

    /// `r14`: the instance of the frame.
    fn osr_tail(&mut self) {
        self.load(RAX, VM_CONTEXT, self.layout.ctx_store);
        self.load_fuel(RAX);
        self.load_memory_base();
        self.load(RDI, RAX, self.layout.store_value_top);
        self.asm.jmp_rm(Mem::base(RAX, self.layout.store_tail_entry as i32));
    }

    /// `r14`: the host function, whose first word leads to the store as that of a VmContext does.
    fn host(&mut self, shape: &Shape, raise: u64) {
        self.leave_segment(true);
        self.load(RAX, VM_CONTEXT, self.layout.ctx_store);
        self.load(R10, RAX, self.layout.store_value_top);
        self.note_exit(RAX);
        self.load(RAX, RAX, self.layout.store_overflow);
        self.store_slots(&shape.params, CONVENTION.args(), R10, RAX);
        self.mov(RDI, VM_CONTEXT);
        self.mov(RSI, RBP);
        self.mov(RDX, R10);
        self.call_runtime(self.runtime.call_host);
        let stopped = self.asm.new_label();
        self.asm.test(Size::B32, RAX, RAX);
        self.asm.jcc(Cond::Ne, stopped);
        self.return_with_slots(shape);
        self.asm.bind(stopped);
        self.load(RDI, VM_CONTEXT, self.layout.ctx_store);
        self.jump_to_raise(raise);
    }

    /// `rdi`: VmContext; arguments as the runtime's function wants them.
    fn libcall(&mut self, libcall: Libcall, raise: Label) -> u32 {
        let address = self.runtime.libcalls[libcall as usize];
        let start = self.begin();
        self.leave_segment(false);
        if matches!(libcall, Libcall::StackLimit | Libcall::Interrupted | Libcall::OutOfFuel) {
            self.keeping(address, raise);
            return start;
        }
        self.load(SCRATCH, RDI, self.layout.ctx_store);
        self.note_exit(SCRATCH);
        self.call_runtime(address);
        if libcall.may_fail() {
            self.raise_if_failed(raise);
        }
        self.asm.leave();
        self.asm.ret();
        start
    }

    /// After a libcall that gives its status in `edx`.
    fn raise_if_failed(&mut self, raise: Label) {
        let returned = self.asm.new_label();
        self.asm.test(Size::B32, RDX, RDX);
        self.asm.jcc_short(Cond::E, returned);
        self.load(RDI, VM_CONTEXT, self.layout.ctx_store);
        self.asm.mov_rr(Size::B32, RSI, RDX);
        self.asm.jmp(raise);
        self.asm.bind(returned);
    }

    /// Called by a prologue that has set up the frame pointer, maybe more, or in the middle of a function: all registers
    /// stay as they are. References in them are found behind the frame of the stub.
    fn keeping(&mut self, address: u64, raise: Label) {
        for reg in KEPT_INTS {
            self.asm.push(reg);
        }
        let vectors = 16 * i32::from(SCRATCH_VECTOR.0);
        self.asm.alu_imm(AluOp::Sub, Size::B64, RSP, vectors);
        self.asm.alu_imm(AluOp::And, Size::B64, RSP, -16);
        let kept = || (0..).step_by(16).zip((0..SCRATCH_VECTOR.0).map(Xmm));
        for (at, reg) in kept() {
            self.asm.vec_store(VecOp::StoreMovups, Mem::base(RSP, at), reg);
        }
        self.load(RAX, VM_CONTEXT, self.layout.ctx_store);
        self.note_exit(RAX);
        self.mov(RDI, VM_CONTEXT);
        self.call_runtime(address);
        self.raise_if_failed(raise);
        if self.runtime.fuel {
            // The host may have been asked, or a reserve brought up.
            self.load(SCRATCH, VM_CONTEXT, self.layout.ctx_store);
            self.load_fuel(SCRATCH);
        }
        for (at, reg) in kept() {
            self.asm.vec_load(VecOp::Movups, reg, Mem::base(RSP, at));
        }
        for (at, &reg) in (0..).zip(&KEPT_INTS) {
            self.asm.mov_load(Size::B64, reg, Mem::base(RBP, -8 * (EXIT_WORDS + 1 + at)));
        }
        self.asm.leave();
        self.asm.ret();
    }

    /// `r11`: the code of the trap. Reached by a call, whose return address is the place.
    fn trap(&mut self, resume: Label) {
        self.leave_segment(false);
        self.load(RDI, VM_CONTEXT, self.layout.ctx_store);
        self.note_exit(RDI);
        self.asm.mov_rr(Size::B32, RSI, SCRATCH);
        self.make_room_for_resume();
        self.call_runtime(self.runtime.trap);
        self.asm.jmp(resume);
    }

    fn make_room_for_resume(&mut self) {
        self.asm.alu_imm(AluOp::Sub, Size::B64, RSP, 8 * RESUME_WORDS as i32);
        self.asm.alu_imm(AluOp::And, Size::B64, RSP, -16);
        self.mov(RDX, RSP);
    }

    /// `rdi`: the store; `esi`: the status. The words given are the value for `rax`, then where to go on: code, frame
    /// pointer, stack pointer.
    fn raise(&mut self, resume: Label) {
        self.make_room_for_resume();
        self.call_runtime(self.runtime.unwind);
        self.asm.bind(resume);
        self.load(RAX, RSP, 0);
        self.load(SCRATCH, RSP, 8);
        self.load(RBP, RSP, 16);
        self.load(RSP, RSP, 24);
        self.asm.jmp_rm(SCRATCH);
    }

    /// `r14`: the callee's VmContext, or host function.
    fn refused(&mut self, raise: Label) {
        self.leave_segment(true);
        self.load(RDI, VM_CONTEXT, self.layout.ctx_store);
        self.note_exit(RDI);
        self.call_runtime(self.runtime.refused);
        self.load(RDI, VM_CONTEXT, self.layout.ctx_store);
        self.asm.mov_rr(Size::B32, RSI, RAX);
        self.asm.jmp(raise);
    }

    /// What direct calls of a function without machine code lead to: loads its state and goes the way of calls
    /// through references. `r14` is the VmContext of its instance.
    pub fn cold_slot(&mut self, func: u32) -> u32 {
        let start = self.asm.offset();
        self.load(SCRATCH, VM_CONTEXT, self.layout.ctx_funcs);
        let state = func as i32 * self.layout.state_size as i32;
        self.asm.alu_imm(AluOp::Add, Size::B64, SCRATCH, state);
        self.asm.jmp_rm(Mem::base(SCRATCH, self.layout.state_native as i32));
        start
    }
}
