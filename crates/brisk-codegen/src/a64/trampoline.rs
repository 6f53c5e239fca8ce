//! The code at the boundary of machine code, see [`crate::boundary`].
//!
//! The frame with which a segment is left:
//!
//! ```text
//! [fp+8]  return address: where the segment stands
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

use super::asm::*;
use super::convention::*;
use crate::boundary::{RESUME_WORDS, Runtime, Shape, ShapeCode, Stubs, slot_bytes, status};
use crate::convention::{OVERFLOW_CELL, Place, Places, gpr, vector_reg};
use crate::ir::{Libcall, TrapCode, Ty};
use crate::layout::VmLayout;
use crate::vcode::RegClass;

/// How much of a vector register a slot or cell of the type fills, with nothing above it.
fn load_width(ty: Ty) -> Width {
    match ty {
        Ty::I32 | Ty::F32 => Width::S,
        Ty::V128 => Width::Q,
        _ => Width::D,
    }
}

/// How much there is of a slot or cell.
fn store_width(ty: Ty) -> Width {
    if ty == Ty::V128 { Width::Q } else { Width::D }
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
pub const ENTER_FRAME: usize = 176;
/// Words below the frame pointer of the frame with which a segment is left, where the VmContext is.
pub const EXIT_CONTEXT: usize = CALLEE_SAVED.len() + 1;
/// Bytes of that frame below its frame pointer.
const EXIT_SIZE: i32 = 80;
/// How far below that frame pointer there may be references.
pub const EXIT_FRAME: usize = EXIT_SIZE as usize + 8 * KEPT_INTS as usize;
/// How many integer registers, from `x0` on, [`Stubs::libcalls`] that keep all registers save: those a call may destroy.
const KEPT_INTS: u8 = 16;
/// Where in the frame of [`ShapeCode::enter`] the slots' address is; the VmContext follows, where that is in frames of
/// functions.
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
            traps.push(self.begin());
            self.asm.mov_imm(Size::B32, SCRATCH, code as u64);
            self.asm.b(trap);
        }
        let fault = self.begin();
        self.asm.mov_imm(Size::B32, SCRATCH, u64::from(TrapCode::MemoryOutOfBounds as u32 | status::FAULT));
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
        // The longest part, but for moves, which have no labels around them that are near.
        self.asm.room(1024);
        self.asm.align(16);
        self.asm.offset()
    }

    fn load(&mut self, dst: Gpr, base: Gpr, offset: u32) {
        self.asm.load(LoadOp::LdrX, dst, Mem::base(base, offset as i32));
    }

    fn store(&mut self, base: Gpr, offset: u32, src: Gpr) {
        self.asm.store(Size::B64, Mem::base(base, offset as i32), src);
    }

    fn mov(&mut self, dst: Gpr, src: Gpr) {
        self.asm.mov_rr(Size::B64, dst, src);
    }

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

    fn vec_load(&mut self, width: Width, dst: Fpr, base: Gpr, offset: i32) {
        let mem = self.mem(base, offset, width.bytes());
        self.asm.vec_load(width, dst, mem);
    }

    fn vec_store(&mut self, width: Width, base: Gpr, offset: i32, src: Fpr) {
        let mem = self.mem(base, offset, width.bytes());
        self.asm.vec_store(width, mem, src);
    }

    /// Moves values from slots to their places.
    fn load_slots(&mut self, types: &[Ty], mut places: Places) {
        let mut at = 0;
        for &ty in types {
            match places.next(ty) {
                Place::Reg(reg) if reg.class() == RegClass::Int => {
                    let slot = self.mem(SLOTS, at, 8);
                    self.asm.load(LoadOp::LdrX, gpr(reg), slot);
                }
                Place::Reg(reg) => self.vec_load(load_width(ty), vector_reg(reg), SLOTS, at),
                Place::Cell(cell) => {
                    self.vec_load(load_width(ty), SCRATCH_VECTOR, SLOTS, at);
                    self.vec_store(store_width(ty), CELLS, (cell * OVERFLOW_CELL) as i32, SCRATCH_VECTOR);
                }
            }
            at += slot_bytes(ty);
        }
    }

    /// Moves values from their places to slots; the other way round.
    fn store_slots(&mut self, types: &[Ty], mut places: Places) {
        let mut at = 0;
        for &ty in types {
            match places.next(ty) {
                Place::Reg(reg) if reg.class() == RegClass::Int => {
                    let slot = self.mem(SLOTS, at, 8);
                    self.asm.store(Size::B64, slot, gpr(reg));
                }
                Place::Reg(reg) => {
                    if ty == Ty::F32 {
                        // What is above the value in the register is unknown.
                        self.vec_store(Width::S, SLOTS, at, vector_reg(reg));
                        let above = self.mem(SLOTS, at + 4, 4);
                        self.asm.store(Size::B32, above, XZR);
                    } else {
                        self.vec_store(store_width(ty), SLOTS, at, vector_reg(reg));
                    }
                }
                Place::Cell(cell) => {
                    self.vec_load(load_width(ty), SCRATCH_VECTOR, CELLS, (cell * OVERFLOW_CELL) as i32);
                    self.vec_store(store_width(ty), SLOTS, at, SCRATCH_VECTOR);
                }
            }
            at += slot_bytes(ty);
        }
    }

    /// `x0`: slots, or the frame; `x1`: VmContext; `x2`: entry; `x3`: state. The host's registers are saved
    /// whatever the code called does with its own.
    fn enter(&mut self, params: &[Ty], results: &[Ty], osr: bool) {
        let resume = self.asm.new_label();
        let leave = self.asm.new_label();
        self.push_frame();
        self.add(AddOp::Sub, SP, SP, ENTER_FRAME);
        self.asm.stp(Size::B64, Pair::base(FP, ENTER_SLOTS), X0, X1);
        let saved = || (0..).map(|at| Pair::base(FP, ENTER_SAVED - 16 * at));
        for (pair, (a, b)) in saved().zip(HOST_INTS) {
            self.asm.stp(Size::B64, pair, a, b);
        }
        for (pair, (a, b)) in saved().skip(HOST_INTS.len()).zip(HOST_VECTORS) {
            self.asm.vec_stp(Width::D, pair, a, b);
        }
        self.asm.adr(OFFSET, resume);
        self.asm.store(Size::B64, Mem::base(SP, 0), OFFSET);
        self.load(STORE, X1, self.layout.ctx_store);
        self.load(CELLS, STORE, self.layout.store_activation);
        self.mov(OFFSET, SP);
        self.store(CELLS, self.layout.activation_entry_sp, OFFSET);
        self.load(CELLS, STORE, self.layout.store_overflow);
        self.load_fuel();
        self.mov(VM_CONTEXT, X1);
        self.load_memory_base();
        self.mov(SCRATCH, X2);
        self.mov(SCRATCH2, X3);
        if !osr {
            self.mov(SLOTS, X0);
            self.load_slots(params, CONVENTION.args());
        }
        self.asm.blr(SCRATCH);
        self.asm.ldp(Size::B64, SLOTS, CELLS, Pair::base(FP, ENTER_SLOTS));
        // The pinned register may be that of another instance by now.
        self.load(STORE, CELLS, self.layout.ctx_store);
        self.store_fuel();
        self.load(CELLS, STORE, self.layout.store_overflow);
        self.store_slots(results, CONVENTION.results());
        self.asm.mov_imm(Size::B32, X0, 0);
        self.asm.bind(leave);
        for (pair, (a, b)) in saved().zip(HOST_INTS) {
            self.asm.ldp(Size::B64, a, b, pair);
        }
        for (pair, (a, b)) in saved().skip(HOST_INTS.len()).zip(HOST_VECTORS) {
            self.asm.vec_ldp(Width::D, a, b, pair);
        }
        self.leave();
        self.asm.ret();
        self.asm.bind(resume);
        self.add(AddOp::Add, FP, SP, ENTER_FRAME);
        self.asm.b(leave);
    }

    fn push_frame(&mut self) {
        self.asm.stp(Size::B64, Pair::pre(SP, -16), FP, LR);
        self.mov(FP, SP);
    }

    fn leave(&mut self) {
        self.mov(SP, FP);
        self.asm.ldp(Size::B64, FP, LR, Pair::post(SP, 16));
    }

    fn load_memory_base(&mut self) {
        self.load(MEMORY_BASE, VM_CONTEXT, self.layout.ctx_memories);
        self.load(MEMORY_BASE, MEMORY_BASE, 0);
        self.load(MEMORY_BASE, MEMORY_BASE, self.layout.memory_base);
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
        self.load(SLOTS, STORE, self.layout.store_value_top);
        self.load(CELLS, STORE, self.layout.store_overflow);
        self.store_slots(&shape.params, CONVENTION.args());
    }

    /// `x27`: the callee's VmContext; `x17`: its state.
    fn cold(&mut self, shape: &Shape, raise: u64) {
        self.leave_with_arguments(shape);
        self.mov(X0, SCRATCH2);
        self.mov(X1, VM_CONTEXT);
        self.mov(X2, SLOTS);
        self.call_runtime(self.runtime.interpret);
        let other = self.asm.new_label();
        self.asm.cbnz(Size::B32, X0, other);
        self.return_with_slots(shape);
        self.asm.bind(other);
        self.load(STORE, VM_CONTEXT, self.layout.ctx_store);
        let stopped = self.asm.new_label();
        let tail_call = AddImm::new(status::TAIL_CALL.into()).expect("it is small");
        self.asm.cmp_imm(Size::B32, X0, tail_call);
        self.asm.b_cond(Cond::Ne, stopped);
        self.load(SCRATCH2, STORE, self.layout.store_tail_state);
        self.load(VM_CONTEXT, STORE, self.layout.store_tail_ctx);
        self.mov(SCRATCH, X1);
        self.leave();
        self.asm.br(SCRATCH);
        self.asm.bind(stopped);
        self.jump_to_raise(raise);
    }

    /// Returns to machine code with results from the slots at `value_top`.
    fn return_with_slots(&mut self, shape: &Shape) {
        self.load(STORE, VM_CONTEXT, self.layout.ctx_store);
        self.load_fuel();
        self.load(SLOTS, STORE, self.layout.store_value_top);
        self.load(CELLS, STORE, self.layout.store_overflow);
        self.load_slots(&shape.results, CONVENTION.results());
        self.leave();
        self.asm.ret();
    }

    /// With the status in `w0`.
    fn jump_to_raise(&mut self, raise: u64) {
        self.asm.mov_rr(Size::B32, X1, X0);
        self.load(X0, VM_CONTEXT, self.layout.ctx_store);
        self.asm.mov_imm(Size::B64, SCRATCH, raise);
        self.asm.br(SCRATCH);
    }

    /// `x27`: the callee's VmContext; `x17`: its state.
    fn tail(&mut self, shape: &Shape) {
        self.load(STORE, VM_CONTEXT, self.layout.ctx_store);
        self.load_fuel();
        self.load(SLOTS, STORE, self.layout.store_value_top);
        self.load(CELLS, STORE, self.layout.store_overflow);
        self.load_slots(&shape.params, CONVENTION.args());
        self.jump_to_state();
    }

    /// Goes on with a function whose state is in `x17`.
    fn jump_to_state(&mut self) {
        self.load(SCRATCH, SCRATCH2, self.layout.state_native);
        self.asm.br(SCRATCH);
    }

    /// `x27`: the instance of the frame.
    fn osr_tail(&mut self) {
        self.load(STORE, VM_CONTEXT, self.layout.ctx_store);
        self.load_fuel();
        self.load_memory_base();
        self.load(X0, STORE, self.layout.store_value_top);
        self.load(SCRATCH, STORE, self.layout.store_tail_entry);
        self.asm.br(SCRATCH);
    }

    /// `x27`: the host function, whose first word leads to the store as that of a VmContext does.
    fn host(&mut self, shape: &Shape, raise: u64) {
        self.leave_with_arguments(shape);
        self.mov(X0, VM_CONTEXT);
        self.mov(X1, FP);
        self.mov(X2, SLOTS);
        self.call_runtime(self.runtime.call_host);
        let stopped = self.asm.new_label();
        self.asm.cbnz(Size::B32, X0, stopped);
        self.return_with_slots(shape);
        self.asm.bind(stopped);
        self.jump_to_raise(raise);
    }

    /// `x0`: VmContext; arguments as the runtime's function wants them.
    fn libcall(&mut self, libcall: Libcall, raise: Label) -> u32 {
        let address = self.runtime.libcalls[libcall as usize];
        let start = self.begin();
        self.leave_segment(false);
        if matches!(libcall, Libcall::StackLimit | Libcall::Interrupted | Libcall::OutOfFuel) {
            self.keeping(address, raise);
            return start;
        }
        self.note_exit();
        self.call_runtime(address);
        if libcall.may_fail() {
            self.raise_if_failed(raise);
        }
        self.leave();
        self.asm.ret();
        start
    }

    /// Loads the store of `x27` and notes there where the segment is left, and with what fuel.
    fn note_exit(&mut self) {
        self.load(STORE, VM_CONTEXT, self.layout.ctx_store);
        self.store(STORE, self.layout.store_exit_fp, FP);
        self.store_fuel();
    }

    /// The fuel into the store.
    fn store_fuel(&mut self) {
        if self.runtime.fuel {
            self.store(STORE, self.layout.store_fuel, FUEL);
        }
    }

    /// The fuel, of which others may have had some, or given.
    fn load_fuel(&mut self) {
        if self.runtime.fuel {
            self.load(FUEL, STORE, self.layout.store_fuel);
        }
    }

    /// After a libcall that gives its status in `w1`.
    fn raise_if_failed(&mut self, raise: Label) {
        let returned = self.asm.new_label();
        self.asm.cbz(Size::B32, X1, returned);
        self.load(X0, VM_CONTEXT, self.layout.ctx_store);
        self.asm.b(raise);
        self.asm.bind(returned);
    }

    /// Called by a prologue that has set up the frame pointer, maybe more, or in the middle of a function: all registers
    /// but scratch stay as they are. References in them are found behind the frame of the stub.
    fn keeping(&mut self, address: u64, raise: Label) {
        // 16 bytes for a pair of integers, then the vectors.
        let ints = || (0..KEPT_INTS).step_by(2).map(|reg| (Gpr(reg), Gpr(reg + 1), 8 * i32::from(reg)));
        let vectors =
            || (0..SCRATCH_VECTOR2.0).step_by(2).map(|reg| (Fpr(reg), Fpr(reg + 1), 16 * i32::from(reg)));
        let vector_bytes = 16 * usize::from(SCRATCH_VECTOR2.0);
        self.add(AddOp::Sub, SP, SP, 8 * usize::from(KEPT_INTS));
        for (a, b, at) in ints() {
            self.asm.stp(Size::B64, Pair::base(SP, at), a, b);
        }
        self.add(AddOp::Sub, SP, SP, vector_bytes);
        for (a, b, at) in vectors() {
            self.asm.vec_stp(Width::Q, Pair::base(SP, at), a, b);
        }
        self.note_exit();
        self.mov(X0, VM_CONTEXT);
        self.call_runtime(address);
        self.raise_if_failed(raise);
        // The host may have been asked, or a reserve brought up.
        self.load(STORE, VM_CONTEXT, self.layout.ctx_store);
        self.load_fuel();
        for (a, b, at) in vectors() {
            self.asm.vec_ldp(Width::Q, a, b, Pair::base(SP, at));
        }
        self.add(AddOp::Add, SP, SP, vector_bytes);
        for (a, b, at) in ints() {
            self.asm.ldp(Size::B64, a, b, Pair::base(SP, at));
        }
        self.leave();
        self.asm.ret();
    }

    /// `w16`: the code of the trap. Reached by a call, whose return address is the place.
    fn trap(&mut self, resume: Label) {
        self.leave_segment(false);
        self.note_exit();
        self.mov(X0, STORE);
        self.asm.mov_rr(Size::B32, X1, SCRATCH);
        self.make_room_for_resume();
        self.call_runtime(self.runtime.trap);
        self.asm.b(resume);
    }

    fn make_room_for_resume(&mut self) {
        self.add(AddOp::Sub, SP, SP, 8 * RESUME_WORDS);
        self.mov(X2, SP);
    }

    /// `x0`: the store; `w1`: the status. The words given are the value for `x0`, then where to go on: code, frame
    /// pointer, stack pointer.
    fn raise(&mut self, resume: Label) {
        self.make_room_for_resume();
        self.call_runtime(self.runtime.unwind);
        self.asm.bind(resume);
        self.asm.ldp(Size::B64, X0, SCRATCH, Pair::base(SP, 0));
        self.asm.ldp(Size::B64, FP, SLOTS, Pair::base(SP, 16));
        self.mov(SP, SLOTS);
        self.asm.br(SCRATCH);
    }

    /// `x27`: the callee's VmContext, or host function.
    fn refused(&mut self, raise: Label) {
        self.leave_segment(true);
        self.note_exit();
        self.mov(X0, STORE);
        self.call_runtime(self.runtime.refused);
        self.asm.mov_rr(Size::B32, X1, X0);
        self.load(X0, VM_CONTEXT, self.layout.ctx_store);
        self.asm.b(raise);
    }

    /// What direct calls of a function without machine code lead to: loads its state and goes the way of calls
    /// through references. `x27` is the VmContext of its instance.
    pub fn cold_slot(&mut self, func: u32) -> u32 {
        self.asm.room(64);
        let start = self.asm.offset();
        self.load(SCRATCH2, VM_CONTEXT, self.layout.ctx_funcs);
        let state = u64::from(func) * u64::from(self.layout.state_size);
        match AddImm::new(state) {
            Some(state) => self.asm.add_imm(AddOp::Add, Size::B64, SCRATCH2, SCRATCH2, state),
            None => {
                self.asm.mov_imm(Size::B64, SCRATCH, state);
                self.asm.add_rr(AddOp::Add, Size::B64, SCRATCH2, SCRATCH2, SCRATCH);
            }
        }
        self.jump_to_state();
        start
    }
}
