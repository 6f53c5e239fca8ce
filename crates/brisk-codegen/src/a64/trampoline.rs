//! The code at the boundary of machine code, see [`crate::boundary`].
//!
//! The frame with which a segment is left:
//!
//! ```text
//! [fp+8]  return address: where the segment stands; signed, as all return addresses, if that is asked for
//! [fp]    frame pointer of the machine code
//! [fp-8]  x19   the registers that calls preserve: a collector finds references in them here
//! ...
//! [fp-64] x26
//! [fp-72] the VmContext of the machine code, or 0 if that is at `[[fp]-8]`: in a frame that calls functions it is
//! [fp-80] 0
//! ```
//!
//! The runtime's functions follow the procedure call standard of the architecture, in which calls preserve `x19` to
//! `x28` and the lower halves of `v8` to `v15`. Registers from `x9` on are free wherever values stand in their places.
//!
//! If the processor looks where indirect branches lead, each place that one leads to begins with a mark. Stubs of libcalls and
//! traps are reached by direct calls and need none. All jumps are through `x16`.

use super::A64;
use super::asm::*;
use super::convention::*;
use crate::boundary::{RESUME_WORDS, Shape, status};
use crate::ir::{Libcall, Ty};
use crate::trampoline;

/// Distance of the entered segment's stack pointer from the frame pointer of the frame of
/// [`ShapeCode::enter`](crate::boundary::ShapeCode::enter).
pub const ENTER_FRAME: usize = 176;
/// Words below the frame pointer of the frame with which a segment is left, where the VmContext is.
pub const EXIT_CONTEXT: usize = CALLEE_SAVED.len() + 1;
/// Bytes of that frame below its frame pointer.
const EXIT_SIZE: i32 = 80;
/// How far below that frame pointer there may be references.
pub const EXIT_FRAME: usize = EXIT_SIZE as usize + 8 * KEPT_INTS as usize;
/// How many integer registers, from `x0` on, stubs of libcalls that keep all registers save: those a call may destroy.
const KEPT_INTS: u8 = 16;
/// Where in the frame of `enter` the slots' address is; the VmContext follows, where that is in frames of functions.
const ENTER_SLOTS: i32 = -16;
/// Where in that frame the host's registers are: a pair each in 16 bytes, from here downwards.
const ENTER_SAVED: i32 = -32;
/// Registers of the host that are saved there.
const HOST_INTS: [(Gpr, Gpr); 5] = [(X19, X20), (X21, X22), (X23, X24), (X25, X26), (X27, X28)];
const HOST_VECTORS: [(Fpr, Fpr); 4] = [(V8, V9), (V10, V11), (V12, V13), (V14, V15)];

const _: () = assert!(
    ENTER_FRAME as i32 == -ENTER_SAVED + 16 * (HOST_INTS.len() + HOST_VECTORS.len()) as i32,
    "the pairs, and the place to go on at in 16 bytes of its own",
);

/// Where slots and cells are while values are moved between them and their places.
const SLOTS: Gpr = X9;
const CELLS: Gpr = X10;
/// The store.
const STORE: Gpr = X11;
/// Scratch beside those of the convention, which hold what a function is called with.
const OFFSET: Gpr = X12;

/// Emission of trampolines and stubs.
type Trampolines<'a> = trampoline::Trampolines<'a, A64>;

impl trampoline::Machine for A64 {
    /// `x0`: slots, or the frame; `x1`: VmContext; `x2`: entry; `x3`: state. The host's registers are saved
    /// whatever the code called does with its own.
    fn enter(to: &mut Trampolines<'_>, params: &[Ty], results: &[Ty], osr: bool) {
        let resume = to.asm.new_label();
        let leave = to.asm.new_label();
        to.asm.called_and_signs();
        to.push_frame();
        to.add(AddOp::Sub, SP, SP, ENTER_FRAME);
        to.asm.stp(Size::B64, Pair::base(FP, ENTER_SLOTS), X0, X1);
        let saved = || (0..).map(|at| Pair::base(FP, ENTER_SAVED - 16 * at));
        for (pair, (a, b)) in saved().zip(HOST_INTS) {
            to.asm.stp(Size::B64, pair, a, b);
        }
        for (pair, (a, b)) in saved().skip(HOST_INTS.len()).zip(HOST_VECTORS) {
            to.asm.vec_stp(Width::D, pair, a, b);
        }
        to.asm.adr(OFFSET, resume);
        to.asm.store(Size::B64, Mem::base(SP, 0), OFFSET);
        to.asm.load_word(STORE, X1, to.layout.ctx_store);
        to.asm.load_word(CELLS, STORE, to.layout.store_activation);
        to.asm.move_word(OFFSET, SP);
        to.asm.store_word(CELLS, to.layout.activation_entry_sp, OFFSET);
        to.asm.load_word(CELLS, STORE, to.layout.store_overflow);
        to.load_fuel(STORE);
        to.asm.move_word(VM_CONTEXT, X1);
        to.load_memory_base();
        to.asm.move_word(SCRATCH, X2);
        to.asm.move_word(SCRATCH2, X3);
        if !osr {
            to.asm.move_word(SLOTS, X0);
            to.load_slots(params, CONVENTION.args(), SLOTS, CELLS);
        }
        to.asm.blr(SCRATCH);
        to.asm.ldp(Size::B64, SLOTS, CELLS, Pair::base(FP, ENTER_SLOTS));
        // The pinned register may be that of another instance by now.
        to.asm.load_word(STORE, CELLS, to.layout.ctx_store);
        to.store_fuel(STORE);
        to.asm.load_word(CELLS, STORE, to.layout.store_overflow);
        to.store_slots(results, CONVENTION.results(), SLOTS, CELLS);
        to.asm.mov_imm(Size::B32, X0, 0);
        to.asm.bind(leave);
        for (pair, (a, b)) in saved().zip(HOST_INTS) {
            to.asm.ldp(Size::B64, a, b, pair);
        }
        for (pair, (a, b)) in saved().skip(HOST_INTS.len()).zip(HOST_VECTORS) {
            to.asm.vec_ldp(Width::D, a, b, pair);
        }
        to.leave();
        to.asm.ret();
        to.asm.bind(resume);
        to.asm.jumped_to();
        to.add(AddOp::Add, FP, SP, ENTER_FRAME);
        to.asm.b(leave);
    }

    /// `x27`: the callee's VmContext; `x17`: its state.
    fn cold(to: &mut Trampolines<'_>, shape: &Shape, raise: u64) {
        to.asm.called_and_signs();
        to.leave_with_arguments(shape);
        to.asm.move_word(X0, SCRATCH2);
        to.asm.move_word(X1, VM_CONTEXT);
        to.asm.move_word(X2, SLOTS);
        to.call_runtime(to.runtime.interpret);
        let other = to.asm.new_label();
        to.asm.cbnz(Size::B32, X0, other);
        to.return_with_slots(shape);
        to.asm.bind(other);
        to.asm.load_word(STORE, VM_CONTEXT, to.layout.ctx_store);
        let stopped = to.asm.new_label();
        let tail_call = AddImm::new(status::TAIL_CALL.into()).expect("it is small");
        to.asm.cmp_imm(Size::B32, X0, tail_call);
        to.asm.b_cond(Cond::Ne, stopped);
        to.asm.load_word(SCRATCH2, STORE, to.layout.store_tail_state);
        to.asm.load_word(VM_CONTEXT, STORE, to.layout.store_tail_ctx);
        to.asm.move_word(SCRATCH, X1);
        to.leave();
        to.asm.br(SCRATCH);
        to.asm.bind(stopped);
        to.jump_to_raise(raise);
    }

    /// `x27`: the callee's VmContext; `x17`: its state.
    fn tail(to: &mut Trampolines<'_>, shape: &Shape) {
        to.asm.called();
        to.asm.load_word(STORE, VM_CONTEXT, to.layout.ctx_store);
        to.load_fuel(STORE);
        to.asm.load_word(SLOTS, STORE, to.layout.store_value_top);
        to.asm.load_word(CELLS, STORE, to.layout.store_overflow);
        to.load_slots(&shape.params, CONVENTION.args(), SLOTS, CELLS);
        to.jump_to_state();
    }

    /// `x27`: the host function, whose first word leads to the store as that of a VmContext does.
    fn host(to: &mut Trampolines<'_>, shape: &Shape, raise: u64) {
        to.asm.called_and_signs();
        to.leave_with_arguments(shape);
        to.asm.move_word(X0, VM_CONTEXT);
        to.asm.move_word(X1, FP);
        to.asm.move_word(X2, SLOTS);
        to.call_runtime(to.runtime.call_host);
        let stopped = to.asm.new_label();
        to.asm.cbnz(Size::B32, X0, stopped);
        to.return_with_slots(shape);
        to.asm.bind(stopped);
        to.jump_to_raise(raise);
    }

    /// `x0`: the store; `w1`: the status. The words given are the value for `x0`, then where to go on: code, frame
    /// pointer, stack pointer.
    fn raise(to: &mut Trampolines<'_>, resume: Label) {
        to.asm.called();
        to.make_room_for_resume();
        to.call_runtime(to.runtime.unwind);
        to.asm.bind(resume);
        to.asm.ldp(Size::B64, X0, SCRATCH, Pair::base(SP, 0));
        to.asm.ldp(Size::B64, FP, SLOTS, Pair::base(SP, 16));
        to.asm.move_word(SP, SLOTS);
        to.asm.br(SCRATCH);
    }

    /// `x0`: VmContext; arguments as the runtime's function wants them.
    fn libcall(to: &mut Trampolines<'_>, libcall: Libcall, raise: Label) {
        let address = to.runtime.libcalls[libcall as usize];
        to.asm.sign();
        to.leave_segment(false);
        to.note_exit();
        to.call_runtime(address);
        if libcall.may_fail() {
            to.raise_if_failed(raise);
        }
        to.leave();
        to.asm.ret();
    }

    fn keeping(to: &mut Trampolines<'_>, libcall: Libcall, raise: Label) {
        to.asm.sign();
        to.leave_segment(false);
        // 16 bytes for a pair of integers, then the vectors.
        let ints = || (0..KEPT_INTS).step_by(2).map(|reg| (Gpr(reg), Gpr(reg + 1), 8 * i32::from(reg)));
        let vectors =
            || (0..SCRATCH_VECTOR2.0).step_by(2).map(|reg| (Fpr(reg), Fpr(reg + 1), 16 * i32::from(reg)));
        let vector_bytes = 16 * usize::from(SCRATCH_VECTOR2.0);
        to.add(AddOp::Sub, SP, SP, 8 * usize::from(KEPT_INTS));
        for (a, b, at) in ints() {
            to.asm.stp(Size::B64, Pair::base(SP, at), a, b);
        }
        to.add(AddOp::Sub, SP, SP, vector_bytes);
        for (a, b, at) in vectors() {
            to.asm.vec_stp(Width::Q, Pair::base(SP, at), a, b);
        }
        to.note_exit();
        to.asm.move_word(X0, VM_CONTEXT);
        to.call_runtime(to.runtime.libcalls[libcall as usize]);
        to.raise_if_failed(raise);
        // The host may have been asked, or a reserve brought up.
        to.asm.load_word(STORE, VM_CONTEXT, to.layout.ctx_store);
        to.load_fuel(STORE);
        for (a, b, at) in vectors() {
            to.asm.vec_ldp(Width::Q, a, b, Pair::base(SP, at));
        }
        to.add(AddOp::Add, SP, SP, vector_bytes);
        for (a, b, at) in ints() {
            to.asm.ldp(Size::B64, a, b, Pair::base(SP, at));
        }
        to.leave();
        to.asm.ret();
    }

    /// Into the scratch register.
    fn trap_code(to: &mut Trampolines<'_>, code: u32) {
        to.asm.mov_imm(Size::B32, SCRATCH, code.into());
    }

    /// `w16`: the code of the trap. Reached by a call, whose return address is the place.
    fn trap(to: &mut Trampolines<'_>, resume: Label) {
        to.asm.sign();
        to.leave_segment(false);
        to.note_exit();
        to.asm.move_word(X0, STORE);
        to.asm.mov_rr(Size::B32, X1, SCRATCH);
        to.make_room_for_resume();
        to.call_runtime(to.runtime.trap);
        to.asm.b(resume);
    }

    /// `x27`: the callee's VmContext, or host function.
    fn refused(to: &mut Trampolines<'_>, raise: Label) {
        to.asm.called_and_signs();
        to.leave_segment(true);
        to.note_exit();
        to.asm.move_word(X0, STORE);
        to.call_runtime(to.runtime.refused);
        to.asm.mov_rr(Size::B32, X1, X0);
        to.asm.load_word(X0, VM_CONTEXT, to.layout.ctx_store);
        to.asm.b(raise);
    }

    /// `x27`: the instance of the frame.
    fn osr_tail(to: &mut Trampolines<'_>) {
        to.asm.called();
        to.asm.load_word(STORE, VM_CONTEXT, to.layout.ctx_store);
        to.load_fuel(STORE);
        to.load_memory_base();
        to.asm.load_word(X0, STORE, to.layout.store_value_top);
        to.asm.load_word(SCRATCH, STORE, to.layout.store_tail_entry);
        to.asm.br(SCRATCH);
    }

    fn cold_slot(to: &mut Trampolines<'_>, func: u32) {
        to.asm.called();
        to.asm.load_word(SCRATCH2, VM_CONTEXT, to.layout.ctx_funcs);
        let state = u64::from(func) * u64::from(to.layout.state_size);
        match AddImm::new(state) {
            Some(state) => to.asm.add_imm(AddOp::Add, Size::B64, SCRATCH2, SCRATCH2, state),
            None => {
                to.asm.mov_imm(Size::B64, SCRATCH, state);
                to.asm.add_rr(AddOp::Add, Size::B64, SCRATCH2, SCRATCH2, SCRATCH);
            }
        }
        to.jump_to_state();
    }

    fn load(to: &mut Trampolines<'_>, dst: Gpr, base: Gpr, offset: i32) {
        let mem = to.mem(base, offset, 8);
        to.asm.load(LoadOp::LdrX, dst, mem);
    }

    fn store(to: &mut Trampolines<'_>, base: Gpr, offset: i32, src: Gpr) {
        let mem = to.mem(base, offset, 8);
        to.asm.store(Size::B64, mem, src);
    }

    fn load_vector(to: &mut Trampolines<'_>, ty: Ty, dst: Fpr, base: Gpr, offset: i32) {
        let width = match ty {
            Ty::I32 | Ty::F32 => Width::S,
            Ty::V128 => Width::Q,
            _ => Width::D,
        };
        let mem = to.mem(base, offset, width.bytes());
        to.asm.vec_load(width, dst, mem);
    }

    fn store_vector(to: &mut Trampolines<'_>, ty: Ty, base: Gpr, offset: i32, src: Fpr) {
        let width = if ty == Ty::V128 { Width::Q } else { Width::D };
        let mem = to.mem(base, offset, width.bytes());
        to.asm.vec_store(width, mem, src);
    }

    fn store_single(to: &mut Trampolines<'_>, base: Gpr, offset: i32, src: Fpr) {
        let mem = to.mem(base, offset, 4);
        to.asm.vec_store(Width::S, mem, src);
        let above = to.mem(base, offset + 4, 4);
        to.asm.store(Size::B32, above, XZR);
    }
}

impl Trampolines<'_> {
    fn add(&mut self, op: AddOp, dst: Gpr, src: Gpr, bytes: usize) {
        let imm = AddImm::new(bytes as u64).expect("frames are small");
        self.asm.add_imm(op, Size::B64, dst, src, imm);
    }

    /// Calls a function of the runtime.
    fn call_runtime(&mut self, address: u64) {
        self.asm.mov_imm(Size::B64, SCRATCH, address);
        self.asm.blr(SCRATCH);
    }

    /// A memory operand for an access of so many bytes at any offset.
    fn mem(&mut self, base: Gpr, offset: i32, bytes: u32) -> Mem {
        if Mem::fits(offset.into(), bytes) {
            return Mem::base(base, offset);
        }
        self.asm.mov_imm(Size::B64, OFFSET, offset as u64);
        Mem::index(base, OFFSET)
    }

    /// The return address has been signed.
    fn push_frame(&mut self) {
        self.asm.stp(Size::B64, Pair::pre(SP, -16), FP, LR);
        self.asm.move_word(FP, SP);
    }

    fn leave(&mut self) {
        self.asm.move_word(SP, FP);
        self.asm.ldp(Size::B64, FP, LR, Pair::post(SP, 16));
        self.asm.authenticate();
    }

    /// The frame with which a segment is left. `x27` is the VmContext of the code that is left, or else that of a
    /// function it calls.
    fn leave_segment(&mut self, callee: bool) {
        self.push_frame();
        self.add(AddOp::Sub, SP, SP, EXIT_SIZE as usize);
        for (at, pair) in (1..).zip(CALLEE_SAVED.chunks_exact(2)) {
            self.asm.stp(Size::B64, Pair::base(FP, -16 * at), pair[1], pair[0]);
        }
        let context = if callee { XZR } else { VM_CONTEXT };
        self.asm.stp(Size::B64, Pair::base(FP, -EXIT_SIZE), XZR, context);
    }

    /// Leaves a segment for a call of `x27`, moving the arguments to slots.
    fn leave_with_arguments(&mut self, shape: &Shape) {
        self.leave_segment(true);
        self.note_exit();
        self.asm.load_word(SLOTS, STORE, self.layout.store_value_top);
        self.asm.load_word(CELLS, STORE, self.layout.store_overflow);
        self.store_slots(&shape.params, CONVENTION.args(), SLOTS, CELLS);
    }

    /// Returns to machine code with results from the slots at `value_top`.
    fn return_with_slots(&mut self, shape: &Shape) {
        self.asm.load_word(STORE, VM_CONTEXT, self.layout.ctx_store);
        self.load_fuel(STORE);
        self.asm.load_word(SLOTS, STORE, self.layout.store_value_top);
        self.asm.load_word(CELLS, STORE, self.layout.store_overflow);
        self.load_slots(&shape.results, CONVENTION.results(), SLOTS, CELLS);
        self.leave();
        self.asm.ret();
    }

    /// With the status in `w0`.
    fn jump_to_raise(&mut self, raise: u64) {
        self.asm.mov_rr(Size::B32, X1, X0);
        self.asm.load_word(X0, VM_CONTEXT, self.layout.ctx_store);
        self.asm.mov_imm(Size::B64, SCRATCH, raise);
        self.asm.br(SCRATCH);
    }

    /// Goes on with a function whose state is in `x17`.
    fn jump_to_state(&mut self) {
        self.asm.load_word(SCRATCH, SCRATCH2, self.layout.state_native);
        self.asm.br(SCRATCH);
    }

    /// Loads the store of `x27` and notes there where the segment is left, and with what fuel.
    fn note_exit(&mut self) {
        self.asm.load_word(STORE, VM_CONTEXT, self.layout.ctx_store);
        self.asm.store_word(STORE, self.layout.store_exit_fp, FP);
        self.store_fuel(STORE);
    }

    /// After a libcall that gives its status in `w1`.
    fn raise_if_failed(&mut self, raise: Label) {
        let returned = self.asm.new_label();
        self.asm.cbz(Size::B32, X1, returned);
        self.asm.load_word(X0, VM_CONTEXT, self.layout.ctx_store);
        self.asm.b(raise);
        self.asm.bind(returned);
    }

    fn make_room_for_resume(&mut self) {
        self.add(AddOp::Sub, SP, SP, 8 * RESUME_WORDS);
        self.asm.move_word(X2, SP);
    }
}
