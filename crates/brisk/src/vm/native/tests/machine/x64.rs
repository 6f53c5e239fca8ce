//! x86-64.

use super::{Label, Machine, Processor, Target};
use brisk_codegen::x64::asm::*;
pub use brisk_codegen::x64::asm::{Assembler, Features, Gpr, Xmm as Vector};
use brisk_codegen::x64::convention::{MEMORY_BASE, VM_CONTEXT};

/// The first argument.
pub const ARG: Gpr = RDI;
/// The second one.
pub const ARG2: Gpr = RSI;
/// The first result.
pub const RESULT: Gpr = RAX;
/// Neither of those, and free.
pub const TEMP: Gpr = R10;
pub const SCRATCH: Gpr = R11;
/// Where the state of a function is that is called through it.
pub const STATE: Gpr = R11;
pub const CONTEXT: Gpr = VM_CONTEXT;
pub const MEMORY: Gpr = MEMORY_BASE;
pub const FP: Gpr = RBP;
pub const SP: Gpr = RSP;
pub const SCRATCH_VECTOR: Vector = XMM15;
/// What calls preserve.
pub const KEPT: [Gpr; 3] = [RBX, R12, R13];
/// What calls destroy.
pub const LOST: [Gpr; 9] = [RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11];
pub const VECTORS: u8 = 16;

fn mem(base: Gpr, offset: i32) -> Mem {
    Mem::base(base, offset)
}

pub fn features(processor: Processor) -> Features {
    match processor {
        Processor::X64(features) => features,
        Processor::A64(_) => unreachable!("code is made for this processor"),
    }
}

impl Machine {
    /// What is called begins with this.
    pub fn called(&mut self) {}

    /// What is jumped to begins with this.
    pub fn jumped_to(&mut self) {}

    /// Sets up the frame pointer, where a function is entered.
    pub fn push_frame(&mut self) {
        self.0.push(RBP);
        self.0.mov_rr(Size::B64, RBP, RSP);
    }

    /// Gives the frame back.
    pub fn leave(&mut self) {
        self.0.leave();
    }

    pub fn stop(&mut self) {
        self.0.int3();
    }

    pub fn sub_sp(&mut self, bytes: i32) {
        self.0.alu_imm(AluOp::Sub, Size::B64, RSP, bytes);
    }

    pub fn load(&mut self, dst: Gpr, base: Gpr, offset: i32) {
        self.0.mov_load(Size::B64, dst, mem(base, offset));
    }

    pub fn load32(&mut self, dst: Gpr, base: Gpr, offset: i32) {
        self.0.mov_load(Size::B32, dst, mem(base, offset));
    }

    pub fn store(&mut self, base: Gpr, offset: i32, src: Gpr) {
        self.0.mov_store(Size::B64, mem(base, offset), src);
    }

    pub fn store32(&mut self, base: Gpr, offset: i32, src: Gpr) {
        self.0.mov_store(Size::B32, mem(base, offset), src);
    }

    /// Loads so many bytes, with zeros above.
    pub fn vector_load(&mut self, bytes: u32, dst: Vector, base: Gpr, offset: i32) {
        let op = match bytes {
            4 => VecOp::LoadMovss,
            8 => VecOp::LoadMovsd,
            _ => VecOp::Movups,
        };
        self.0.vec_load(op, dst, mem(base, offset));
    }

    /// Stores all of it.
    pub fn vector_store(&mut self, base: Gpr, offset: i32, src: Vector) {
        self.0.vec_store(VecOp::StoreMovups, mem(base, offset), src);
    }

    /// Loads 4 bytes and leaves what is above.
    pub fn vector_load_low(&mut self, dst: Vector, base: Gpr, offset: i32) {
        self.vector_load(4, XMM15, base, offset);
        self.0.vec_rrr(VecOp::Movss, dst, dst, XMM15);
    }

    /// Fills both halves.
    pub fn vector_imm(&mut self, dst: Vector, value: u64) {
        self.imm(SCRATCH, value);
        self.0.mov_from_gpr(Size::B64, dst, SCRATCH);
        self.0.vec_rrr(VecOp::Movlhps, dst, dst, dst);
    }

    pub fn imm(&mut self, dst: Gpr, value: u64) {
        self.0.mov_imm64(dst, value);
    }

    pub fn add32(&mut self, dst: Gpr, src: Gpr) {
        self.0.alu(AluOp::Add, Size::B32, dst, src);
    }

    pub fn add32_imm(&mut self, dst: Gpr, value: u16) {
        self.0.alu_imm(AluOp::Add, Size::B32, dst, value.into());
    }

    pub fn sub32_imm(&mut self, dst: Gpr, value: u16) {
        self.0.alu_imm(AluOp::Sub, Size::B32, dst, value.into());
    }

    pub fn branch_if_differ(&mut self, a: Gpr, b: Gpr, label: Label) {
        self.0.alu(AluOp::Cmp, Size::B64, a, b);
        self.0.jcc(Cond::Ne, label);
    }

    pub fn branch_if_not_zero32(&mut self, reg: Gpr, label: Label) {
        self.0.test(Size::B32, reg, reg);
        self.0.jcc(Cond::Ne, label);
    }

    /// Unless the stack pointer is below the word.
    pub fn branch_if_stack_suffices(&mut self, base: Gpr, offset: i32, label: Label) {
        self.0.alu(AluOp::Cmp, Size::B64, RSP, mem(base, offset));
        self.0.jcc(Cond::Ae, label);
    }

    /// If the 32 bits in memory are the value.
    pub fn branch_if_equals32(&mut self, base: Gpr, offset: i32, value: u32, label: Label) {
        self.0.alu_imm(AluOp::Cmp, Size::B32, mem(base, offset), value as i32);
        self.0.jcc(Cond::E, label);
    }

    pub fn call_stub(&mut self, target: Target) {
        self.0.call_symbol(Symbol(target.number()));
    }

    /// Calls a defined function.
    pub fn call_slot(&mut self, func: u32) {
        self.0.call_rm(Mem::symbol(Symbol(Target::Slot(func).number())));
    }

    pub fn jump_slot(&mut self, func: u32) {
        self.0.jmp_rm(Mem::symbol(Symbol(Target::Slot(func).number())));
    }

    /// Calls the function whose state is in [`STATE`], with its code at an offset there.
    pub fn call_state(&mut self, native: u32) {
        self.0.call_rm(mem(STATE, native as i32));
    }

    pub fn jump_state(&mut self, native: u32) {
        self.0.jmp_rm(mem(STATE, native as i32));
    }
}

/// Calls [`ENTER`](super::ENTER) with known values in the registers that a function preserves, and stops the program unless
/// they are still there afterwards.
#[unsafe(naked)]
pub unsafe extern "sysv64" fn with_marked_registers() {
    std::arch::naked_asm!(
        "push rbx",
        "push rbp",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov ebx, 11",
        "mov ebp, 12",
        "mov r12d, 13",
        "mov r13d, 14",
        "mov r14d, 15",
        "mov r15d, 16",
        "call qword ptr [rip + {enter}]",
        "cmp rbx, 11",
        "jne 2f",
        "cmp rbp, 12",
        "jne 2f",
        "cmp r12, 13",
        "jne 2f",
        "cmp r13, 14",
        "jne 2f",
        "cmp r14, 15",
        "jne 2f",
        "cmp r15, 16",
        "jne 2f",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbp",
        "pop rbx",
        "ret",
        "2: ud2",
        enter = sym super::ENTER,
    )
}
