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

use super::X64;
use super::asm::*;
use super::convention::*;
use crate::boundary::{RESUME_WORDS, Shape, status};
use crate::ir::{Libcall, Ty};
use crate::trampoline;

/// Distance of the entered segment's stack pointer from the frame pointer of the frame of
/// [`ShapeCode::enter`](crate::boundary::ShapeCode::enter).
pub const ENTER_FRAME: i32 = 64;
/// Words of the frame with which a segment is left, below its frame pointer.
pub const EXIT_WORDS: i32 = CALLEE_SAVED.len() as i32 + 1;
/// How far below that frame pointer there may be references.
pub const EXIT_FRAME: usize = 8 * (EXIT_WORDS as usize + KEPT_INTS.len());
/// What stubs of libcalls that keep all registers save: those a call may destroy. The first argument comes last, see
/// [`Convention::exit_frame`](crate::convention::Convention::exit_frame).
const KEPT_INTS: [Gpr; 8] = [RAX, RCX, RDX, RSI, R8, R9, R10, RDI];
/// Where in the frame of `enter` the slots' address is.
const ENTER_SLOTS: i32 = -56;
/// Where in that frame, as in those of functions, the VmContext is.
const FRAME_CONTEXT: i32 = -8;

/// Emission of trampolines and stubs.
type Trampolines<'a> = trampoline::Trampolines<'a, X64>;

impl trampoline::Machine for X64 {
    /// `rdi`: slots, or the frame; `rsi`: VmContext; `rdx`: entry; `rcx`: state. The host's registers are saved
    /// whatever the code called does with its own.
    fn enter(to: &mut Trampolines<'_>, params: &[Ty], results: &[Ty], osr: bool) {
        let resume = to.asm.new_label();
        let leave = to.asm.new_label();
        to.asm.push(RBP);
        to.asm.move_word(RBP, RSP);
        to.asm.push(RSI);
        for reg in [RBX, R12, R13, R14, R15, RDI] {
            to.asm.push(reg);
        }
        to.asm.lea(Size::B64, RAX, Mem::label(resume));
        to.asm.push(RAX);
        // Here the stack pointer is `ENTER_FRAME` below the frame pointer, and aligned.
        to.asm.load_word(R10, RSI, to.layout.ctx_store);
        to.asm.load_word(RAX, R10, to.layout.store_activation);
        to.asm.store_word(RAX, to.layout.activation_entry_sp, RSP);
        to.asm.load_word(RBX, R10, to.layout.store_overflow);
        to.load_fuel(R10);
        to.asm.move_word(VM_CONTEXT, RSI);
        to.load_memory_base();
        to.asm.move_word(RAX, RDX);
        to.asm.move_word(SCRATCH, RCX);
        if !osr {
            to.asm.move_word(R10, RDI);
            to.load_slots(params, CONVENTION.args(), R10, RBX);
        }
        to.asm.call_rm(RAX);
        to.asm.mov_load(Size::B64, R10, Mem::base(RBP, ENTER_SLOTS));
        let in_cells = CONVENTION.results().cells(results) > 0;
        if in_cells || to.runtime.fuel {
            // The pinned register may be that of another instance by now.
            to.asm.mov_load(Size::B64, R11, Mem::base(RBP, FRAME_CONTEXT));
            to.asm.load_word(R11, R11, to.layout.ctx_store);
        }
        to.store_fuel(R11);
        if in_cells {
            to.asm.load_word(R11, R11, to.layout.store_overflow);
        }
        to.store_slots(results, CONVENTION.results(), R10, R11);
        to.asm.zero(RAX);
        to.asm.bind(leave);
        to.asm.lea(Size::B64, RSP, Mem::base(RBP, -48));
        for reg in [R15, R14, R13, R12, RBX] {
            to.asm.pop(reg);
        }
        to.asm.leave();
        to.asm.ret();
        to.asm.bind(resume);
        to.asm.lea(Size::B64, RBP, Mem::base(RSP, ENTER_FRAME));
        to.asm.jmp(leave);
    }

    /// `r14`: the callee's VmContext; `r11`: its state.
    fn cold(to: &mut Trampolines<'_>, shape: &Shape, raise: u64) {
        to.leave_with_arguments(shape);
        to.asm.move_word(RDI, SCRATCH);
        to.asm.move_word(RSI, VM_CONTEXT);
        to.asm.move_word(RDX, R10);
        to.call_runtime(to.runtime.interpret);
        let other = to.asm.new_label();
        to.asm.test(Size::B32, RAX, RAX);
        to.asm.jcc(Cond::Ne, other);
        to.return_with_slots(shape);
        to.asm.bind(other);
        to.asm.load_word(RDI, VM_CONTEXT, to.layout.ctx_store);
        let stopped = to.asm.new_label();
        to.asm.alu_imm(AluOp::Cmp, Size::B32, RAX, status::TAIL_CALL as i32);
        to.asm.jcc(Cond::Ne, stopped);
        to.asm.load_word(SCRATCH, RDI, to.layout.store_tail_state);
        to.asm.load_word(VM_CONTEXT, RDI, to.layout.store_tail_ctx);
        to.asm.leave();
        to.asm.jmp_rm(RDX);
        to.asm.bind(stopped);
        to.jump_to_raise(raise);
    }

    /// `r14`: the callee's VmContext; `r11`: its state.
    fn tail(to: &mut Trampolines<'_>, shape: &Shape) {
        to.asm.load_word(RAX, VM_CONTEXT, to.layout.ctx_store);
        to.load_fuel(RAX);
        to.asm.load_word(R10, RAX, to.layout.store_value_top);
        to.asm.load_word(RAX, RAX, to.layout.store_overflow);
        to.load_slots(&shape.params, CONVENTION.args(), R10, RAX);
        to.asm.jmp_rm(Mem::base(SCRATCH, to.layout.state_native as i32));
    }

    /// `r14`: the host function, whose first word leads to the store as that of a VmContext does.
    fn host(to: &mut Trampolines<'_>, shape: &Shape, raise: u64) {
        to.leave_with_arguments(shape);
        to.asm.move_word(RDI, VM_CONTEXT);
        to.asm.move_word(RSI, RBP);
        to.asm.move_word(RDX, R10);
        to.call_runtime(to.runtime.call_host);
        let stopped = to.asm.new_label();
        to.asm.test(Size::B32, RAX, RAX);
        to.asm.jcc(Cond::Ne, stopped);
        to.return_with_slots(shape);
        to.asm.bind(stopped);
        to.asm.load_word(RDI, VM_CONTEXT, to.layout.ctx_store);
        to.jump_to_raise(raise);
    }

    /// `rdi`: the store; `esi`: the status. The words given are the value for `rax`, then where to go on: code, frame
    /// pointer, stack pointer.
    fn raise(to: &mut Trampolines<'_>, resume: Label) {
        to.make_room_for_resume();
        to.call_runtime(to.runtime.unwind);
        to.asm.bind(resume);
        to.asm.load_word(RAX, RSP, 0);
        to.asm.load_word(SCRATCH, RSP, 8);
        to.asm.load_word(RBP, RSP, 16);
        to.asm.load_word(RSP, RSP, 24);
        to.asm.jmp_rm(SCRATCH);
    }

    /// `rdi`: VmContext; arguments as the runtime's function wants them.
    fn libcall(to: &mut Trampolines<'_>, libcall: Libcall, raise: Label) {
        let address = to.runtime.libcalls[libcall as usize];
        to.leave_segment(false);
        to.asm.load_word(SCRATCH, RDI, to.layout.ctx_store);
        to.note_exit(SCRATCH);
        to.call_runtime(address);
        if libcall.may_fail() {
            to.raise_if_failed(raise);
        }
        to.asm.leave();
        to.asm.ret();
    }

    fn keeping(to: &mut Trampolines<'_>, libcall: Libcall, raise: Label) {
        to.leave_segment(false);
        for reg in KEPT_INTS {
            to.asm.push(reg);
        }
        let vectors = 16 * i32::from(SCRATCH_VECTOR.0);
        to.asm.alu_imm(AluOp::Sub, Size::B64, RSP, vectors);
        to.asm.alu_imm(AluOp::And, Size::B64, RSP, -16);
        let kept = || (0..).step_by(16).zip((0..SCRATCH_VECTOR.0).map(Xmm));
        for (at, reg) in kept() {
            to.asm.vec_store(VecOp::StoreMovups, Mem::base(RSP, at), reg);
        }
        to.asm.load_word(RAX, VM_CONTEXT, to.layout.ctx_store);
        to.note_exit(RAX);
        to.asm.move_word(RDI, VM_CONTEXT);
        to.call_runtime(to.runtime.libcalls[libcall as usize]);
        to.raise_if_failed(raise);
        if to.runtime.fuel {
            // The host may have been asked, or a reserve brought up.
            to.asm.load_word(SCRATCH, VM_CONTEXT, to.layout.ctx_store);
            to.load_fuel(SCRATCH);
        }
        for (at, reg) in kept() {
            to.asm.vec_load(VecOp::Movups, reg, Mem::base(RSP, at));
        }
        for (at, &reg) in (0..).zip(&KEPT_INTS) {
            to.asm.mov_load(Size::B64, reg, Mem::base(RBP, -8 * (EXIT_WORDS + 1 + at)));
        }
        to.asm.leave();
        to.asm.ret();
    }

    /// Into the scratch register.
    fn trap_code(to: &mut Trampolines<'_>, code: u32) {
        to.asm.mov_imm32(SCRATCH, code);
    }

    /// `r11`: the code of the trap. Reached by a call, whose return address is the place.
    fn trap(to: &mut Trampolines<'_>, resume: Label) {
        to.leave_segment(false);
        to.asm.load_word(RDI, VM_CONTEXT, to.layout.ctx_store);
        to.note_exit(RDI);
        to.asm.mov_rr(Size::B32, RSI, SCRATCH);
        to.make_room_for_resume();
        to.call_runtime(to.runtime.trap);
        to.asm.jmp(resume);
    }

    /// `r14`: the callee's VmContext, or host function.
    fn refused(to: &mut Trampolines<'_>, raise: Label) {
        to.leave_segment(true);
        to.asm.load_word(RDI, VM_CONTEXT, to.layout.ctx_store);
        to.note_exit(RDI);
        to.call_runtime(to.runtime.refused);
        to.asm.load_word(RDI, VM_CONTEXT, to.layout.ctx_store);
        to.asm.mov_rr(Size::B32, RSI, RAX);
        to.asm.jmp(raise);
    }

    /// `r14`: the instance of the frame.
    fn osr_tail(to: &mut Trampolines<'_>) {
        to.asm.load_word(RAX, VM_CONTEXT, to.layout.ctx_store);
        to.load_fuel(RAX);
        to.load_memory_base();
        to.asm.load_word(RDI, RAX, to.layout.store_value_top);
        to.asm.jmp_rm(Mem::base(RAX, to.layout.store_tail_entry as i32));
    }

    fn cold_slot(to: &mut Trampolines<'_>, func: u32) {
        to.asm.load_word(SCRATCH, VM_CONTEXT, to.layout.ctx_funcs);
        let state = func as i32 * to.layout.state_size as i32;
        to.asm.alu_imm(AluOp::Add, Size::B64, SCRATCH, state);
        to.asm.jmp_rm(Mem::base(SCRATCH, to.layout.state_native as i32));
    }

    fn load(to: &mut Trampolines<'_>, dst: Gpr, base: Gpr, offset: i32) {
        to.asm.mov_load(Size::B64, dst, Mem::base(base, offset));
    }

    fn store(to: &mut Trampolines<'_>, base: Gpr, offset: i32, src: Gpr) {
        to.asm.mov_store(Size::B64, Mem::base(base, offset), src);
    }

    fn load_vector(to: &mut Trampolines<'_>, ty: Ty, dst: Xmm, base: Gpr, offset: i32) {
        let op = match ty {
            Ty::I32 | Ty::F32 => VecOp::LoadMovss,
            Ty::V128 => VecOp::Movups,
            _ => VecOp::LoadMovsd,
        };
        to.asm.vec_load(op, dst, Mem::base(base, offset));
    }

    fn store_vector(to: &mut Trampolines<'_>, ty: Ty, base: Gpr, offset: i32, src: Xmm) {
        let op = if ty == Ty::V128 { VecOp::StoreMovups } else { VecOp::StoreMovsd };
        to.asm.vec_store(op, Mem::base(base, offset), src);
    }

    fn store_single(to: &mut Trampolines<'_>, base: Gpr, offset: i32, src: Xmm) {
        to.asm.vec_store(VecOp::StoreMovss, Mem::base(base, offset), src);
        to.asm.mov_store_imm(Size::B32, Mem::base(base, offset + 4), 0);
    }
}

impl Trampolines<'_> {
    /// Calls a function of the runtime. Nothing is passed in `r11`.
    fn call_runtime(&mut self, address: u64) {
        self.asm.mov_imm64(SCRATCH, address);
        self.asm.call_rm(SCRATCH);
    }

    /// The frame with which a segment is left. Aligns the stack pointer if it was where a call was made.
    /// `r14` is the VmContext of the code that is left, or else that of a function it calls.
    fn leave_segment(&mut self, callee: bool) {
        self.asm.push(RBP);
        self.asm.move_word(RBP, RSP);
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
        self.asm.store_word(store, self.layout.store_exit_fp, RBP);
        self.store_fuel(store);
    }

    /// Leaves a segment for a call of `r14`, moving the arguments to slots, which `r10` leads to.
    fn leave_with_arguments(&mut self, shape: &Shape) {
        self.leave_segment(true);
        self.asm.load_word(RAX, VM_CONTEXT, self.layout.ctx_store);
        self.asm.load_word(R10, RAX, self.layout.store_value_top);
        self.note_exit(RAX);
        self.asm.load_word(RAX, RAX, self.layout.store_overflow);
        self.store_slots(&shape.params, CONVENTION.args(), R10, RAX);
    }

    /// Returns to machine code with results from the slots at `value_top`.
    fn return_with_slots(&mut self, shape: &Shape) {
        self.asm.load_word(R11, VM_CONTEXT, self.layout.ctx_store);
        self.load_fuel(R11);
        self.asm.load_word(R10, R11, self.layout.store_value_top);
        self.asm.load_word(R11, R11, self.layout.store_overflow);
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

    /// After a libcall that gives its status in `edx`.
    fn raise_if_failed(&mut self, raise: Label) {
        let returned = self.asm.new_label();
        self.asm.test(Size::B32, RDX, RDX);
        self.asm.jcc_short(Cond::E, returned);
        self.asm.load_word(RDI, VM_CONTEXT, self.layout.ctx_store);
        self.asm.mov_rr(Size::B32, RSI, RDX);
        self.asm.jmp(raise);
        self.asm.bind(returned);
    }

    fn make_room_for_resume(&mut self) {
        self.asm.alu_imm(AluOp::Sub, Size::B64, RSP, 8 * RESUME_WORDS as i32);
        self.asm.alu_imm(AluOp::And, Size::B64, RSP, -16);
        self.asm.move_word(RDX, RSP);
    }
}
