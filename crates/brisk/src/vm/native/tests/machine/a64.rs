//! AArch64.

use super::{Label, Machine, Processor, Target};
use brisk_codegen::a64::asm::*;
pub use brisk_codegen::a64::asm::{Assembler, Features, Fpr as Vector, Gpr};
use brisk_codegen::a64::convention::{CALLEE_SAVED, MEMORY_BASE, VM_CONTEXT};

/// The first argument.
pub const ARG: Gpr = X0;
/// The second one.
pub const ARG2: Gpr = X1;
/// The first result.
pub const RESULT: Gpr = X0;
/// Neither of those, and free.
pub const TEMP: Gpr = X9;
pub const SCRATCH: Gpr = X16;
/// Where the state of a function is that is called through it.
pub const STATE: Gpr = X17;
pub const CONTEXT: Gpr = VM_CONTEXT;
pub const MEMORY: Gpr = MEMORY_BASE;
pub const FP: Gpr = X29;
pub const SP: Gpr = brisk_codegen::a64::asm::SP;
pub const SCRATCH_VECTOR: Vector = V31;
/// What calls preserve.
pub const KEPT: [Gpr; 8] = CALLEE_SAVED;
/// What calls destroy.
pub const LOST: [Gpr; 19] =
    [X0, X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15, X16, X17, X30];
pub const VECTORS: u8 = 32;

pub fn features(processor: Processor) -> Features {
    match processor {
        Processor::A64(features) => features,
        Processor::X64(_) => unreachable!("code is made for this processor"),
    }
}

impl Machine {
    /// What is called begins with this.
    pub fn called(&mut self) {
        self.0.called();
    }

    /// What is jumped to begins with this.
    pub fn jumped_to(&mut self) {
        self.0.jumped_to();
    }

    /// Sets up the frame pointer, where a function is entered.
    pub fn push_frame(&mut self) {
        self.0.called_and_signs();
        self.0.stp(Size::B64, Pair::pre(SP, -16), X29, X30);
        self.mov(FP, SP);
    }

    /// Gives the frame back.
    pub fn leave(&mut self) {
        self.mov(SP, FP);
        self.0.ldp(Size::B64, X29, X30, Pair::post(SP, 16));
        self.0.authenticate();
    }

    pub fn stop(&mut self) {
        self.0.brk(1);
    }

    pub fn sub_sp(&mut self, bytes: i32) {
        self.imm(X17, bytes as u64);
        self.0.add_extend(AddOp::Sub, Size::B64, SP, SP, X17, Extend::Uxtx, 0);
    }

    /// Through `x17` if the offset is large.
    fn mem(&mut self, base: Gpr, offset: i32, bytes: u32) -> Mem {
        if Mem::fits(offset.into(), bytes) {
            return Mem::base(base, offset);
        }
        self.imm(X17, offset as i64 as u64);
        Mem::index(base, X17)
    }

    pub fn load(&mut self, dst: Gpr, base: Gpr, offset: i32) {
        let mem = self.mem(base, offset, 8);
        self.0.load(LoadOp::LdrX, dst, mem);
    }

    pub fn load32(&mut self, dst: Gpr, base: Gpr, offset: i32) {
        let mem = self.mem(base, offset, 4);
        self.0.load(LoadOp::LdrW, dst, mem);
    }

    pub fn store(&mut self, base: Gpr, offset: i32, src: Gpr) {
        let mem = self.mem(base, offset, 8);
        self.0.store(Size::B64, mem, src);
    }

    pub fn store32(&mut self, base: Gpr, offset: i32, src: Gpr) {
        let mem = self.mem(base, offset, 4);
        self.0.store(Size::B32, mem, src);
    }

    /// Loads so many bytes, with zeros above.
    pub fn vector_load(&mut self, bytes: u32, dst: Vector, base: Gpr, offset: i32) {
        let width = match bytes {
            4 => Width::S,
            8 => Width::D,
            _ => Width::Q,
        };
        let mem = self.mem(base, offset, bytes);
        self.0.vec_load(width, dst, mem);
    }

    /// Stores all of it.
    pub fn vector_store(&mut self, base: Gpr, offset: i32, src: Vector) {
        let mem = self.mem(base, offset, 16);
        self.0.vec_store(Width::Q, mem, src);
    }

    /// Loads 4 bytes and leaves what is above.
    pub fn vector_load_low(&mut self, dst: Vector, base: Gpr, offset: i32) {
        self.load32(SCRATCH, base, offset);
        self.0.vec_ins_gpr(Width::S, dst, 0, SCRATCH);
    }

    /// Fills both halves.
    pub fn vector_imm(&mut self, dst: Vector, value: u64) {
        self.imm(SCRATCH, value);
        self.0.fmov_from_gpr(Size::B64, dst, SCRATCH);
        self.0.vec_ins_gpr(Width::D, dst, 1, SCRATCH);
    }

    pub fn imm(&mut self, dst: Gpr, value: u64) {
        self.0.mov_imm(Size::B64, dst, value);
    }

    pub fn add32(&mut self, dst: Gpr, src: Gpr) {
        self.0.add_rr(AddOp::Add, Size::B32, dst, dst, src);
    }

    pub fn add32_imm(&mut self, dst: Gpr, value: u16) {
        self.0.add_imm(AddOp::Add, Size::B32, dst, dst, AddImm::new(value.into()).unwrap());
    }

    pub fn sub32_imm(&mut self, dst: Gpr, value: u16) {
        self.0.add_imm(AddOp::Sub, Size::B32, dst, dst, AddImm::new(value.into()).unwrap());
    }

    pub fn branch_if_differ(&mut self, a: Gpr, b: Gpr, label: Label) {
        self.0.cmp_rr(Size::B64, a, b);
        self.0.b_cond(Cond::Ne, label);
    }

    pub fn branch_if_not_zero32(&mut self, reg: Gpr, label: Label) {
        self.0.cbnz(Size::B32, reg, label);
    }

    /// Unless the stack pointer is below the word.
    pub fn branch_if_stack_suffices(&mut self, base: Gpr, offset: i32, label: Label) {
        self.load(X17, base, offset);
        self.mov(SCRATCH, SP);
        self.0.cmp_rr(Size::B64, SCRATCH, X17);
        self.0.b_cond(Cond::Hs, label);
    }

    /// If the 32 bits in memory are the value.
    pub fn branch_if_equals32(&mut self, base: Gpr, offset: i32, value: u32, label: Label) {
        self.load32(TEMP, base, offset);
        self.imm(SCRATCH, value.into());
        self.0.cmp_rr(Size::B32, TEMP, SCRATCH);
        self.0.b_cond(Cond::Eq, label);
    }

    pub fn call_stub(&mut self, target: Target) {
        self.0.call_symbol(Symbol(target.number()));
    }

    fn load_slot(&mut self, func: u32) {
        let slot = Symbol(Target::Slot(func).number());
        self.0.adrp_symbol(SCRATCH, slot);
        self.0.load_symbol_low(SCRATCH, SCRATCH, slot);
    }

    /// Calls a defined function.
    pub fn call_slot(&mut self, func: u32) {
        self.load_slot(func);
        self.0.blr(SCRATCH);
    }

    pub fn jump_slot(&mut self, func: u32) {
        self.load_slot(func);
        self.0.br(SCRATCH);
    }

    /// Calls the function whose state is in [`STATE`], with its code at an offset there.
    pub fn call_state(&mut self, native: u32) {
        self.load(SCRATCH, STATE, native as i32);
        self.0.blr(SCRATCH);
    }

    pub fn jump_state(&mut self, native: u32) {
        self.load(SCRATCH, STATE, native as i32);
        self.0.br(SCRATCH);
    }
}

/// Calls [`ENTER`](super::ENTER) with known values in the registers that a function preserves, and stops the program unless
/// they are still there afterwards.
#[unsafe(naked)]
pub unsafe extern "C" fn with_marked_registers() {
    std::arch::naked_asm!(
        "stp x29, x30, [sp, #-160]!",
        "stp x19, x20, [sp, #16]",
        "stp x21, x22, [sp, #32]",
        "stp x23, x24, [sp, #48]",
        "stp x25, x26, [sp, #64]",
        "stp x27, x28, [sp, #80]",
        "stp d8, d9, [sp, #96]",
        "stp d10, d11, [sp, #112]",
        "stp d12, d13, [sp, #128]",
        "stp d14, d15, [sp, #144]",
        "mov x19, #19",
        "mov x20, #20",
        "mov x21, #21",
        "mov x22, #22",
        "mov x23, #23",
        "mov x24, #24",
        "mov x25, #25",
        "mov x26, #26",
        "mov x27, #27",
        "mov x28, #28",
        "mov x29, #29",
        "fmov d8, x21",
        "fmov d9, x22",
        "fmov d10, x23",
        "fmov d11, x24",
        "fmov d12, x25",
        "fmov d13, x26",
        "fmov d14, x27",
        "fmov d15, x28",
        "adrp x16, {enter}",
        "ldr x16, [x16, :lo12:{enter}]",
        "blr x16",
        // What is in the vectors is what is in the integers, and that is what it was.
        "fmov x9, d8",
        "cmp x9, #21",
        "ccmp x21, #21, #0, eq",
        "fmov x9, d9",
        "ccmp x9, x22, #0, eq",
        "ccmp x22, #22, #0, eq",
        "fmov x9, d10",
        "ccmp x9, x23, #0, eq",
        "ccmp x23, #23, #0, eq",
        "fmov x9, d11",
        "ccmp x9, x24, #0, eq",
        "ccmp x24, #24, #0, eq",
        "fmov x9, d12",
        "ccmp x9, x25, #0, eq",
        "ccmp x25, #25, #0, eq",
        "fmov x9, d13",
        "ccmp x9, x26, #0, eq",
        "ccmp x26, #26, #0, eq",
        "fmov x9, d14",
        "ccmp x9, x27, #0, eq",
        "ccmp x27, #27, #0, eq",
        "fmov x9, d15",
        "ccmp x9, x28, #0, eq",
        "ccmp x28, #28, #0, eq",
        "ccmp x29, #29, #0, eq",
        "ccmp x20, #20, #0, eq",
        "ccmp x19, #19, #0, eq",
        "b.ne 2f",
        "ldp x19, x20, [sp, #16]",
        "ldp x21, x22, [sp, #32]",
        "ldp x23, x24, [sp, #48]",
        "ldp x25, x26, [sp, #64]",
        "ldp x27, x28, [sp, #80]",
        "ldp d8, d9, [sp, #96]",
        "ldp d10, d11, [sp, #112]",
        "ldp d12, d13, [sp, #128]",
        "ldp d14, d15, [sp, #144]",
        "ldp x29, x30, [sp], #160",
        "ret",
        "2: udf #1",
        enter = sym super::ENTER,
    )
}
