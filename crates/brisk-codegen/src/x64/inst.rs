//! Machine instructions as lowering makes them. An instruction's registers are operands of the
//! [`VCode`](crate::vcode::VCode), in the order given with each variant; those of an address come last.

use super::asm::{AluOp, AndnOp, Cond, CountOp, ShiftOp, ShiftxOp, Size, UnaryOp, VecOp};
use super::simd::SimdInst;
use crate::inst::Common;
use crate::ir::TrapCode;

/// What an address counts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// Nothing.
    None,
    /// The pinned base of memory 0.
    Memory,
    /// The pinned VmContext.
    Context,
    /// An operand.
    Reg,
}

/// An address: `base + (index << scale) + disp`. Operands: the base if it is one, then the index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// Displacement.
    pub disp: i32,
    /// What it counts from.
    pub base: Base,
    /// Whether there is an index.
    pub index: bool,
    /// Shift of the index, 0 to 3.
    pub scale: u8,
    /// Whether the access may fault, and the fault is a trap.
    pub traps: bool,
}

/// When a branch is taken: a condition of the flags, or two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flags {
    /// One condition.
    Is(Cond),
    /// Equal floats: zero and not unordered.
    FloatEq,
    /// Floats that are not equal: not zero, or unordered.
    FloatNe,
}

impl Flags {
    /// The opposite.
    pub fn invert(self) -> Flags {
        match self {
            Flags::Is(cond) => Flags::Is(cond.invert()),
            Flags::FloatEq => Flags::FloatNe,
            Flags::FloatNe => Flags::FloatEq,
        }
    }
}

/// What a load does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoadKind {
    /// From a width, zero-extended.
    Zero(Size),
    /// From a width, sign-extended to 32 bits.
    Sign32(Size),
    /// From a width, sign-extended to 64 bits.
    Sign64(Size),
}

/// A float's width.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Float {
    /// 32 bits.
    Single,
    /// 64 bits.
    Double,
}

/// How much of a vector register is moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VecWidth {
    /// 32 bits.
    B4,
    /// 64 bits.
    B8,
    /// 128 bits.
    B16,
}

/// A machine instruction.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Inst {
    /// Nothing.
    Nop,
    /// What every machine has.
    Common(Common),
    /// def, use.
    Mov(Size),
    /// def, use: a vector register.
    MovVec,
    /// def (reuses 1), use, use or slot.
    Alu(AluOp, Size),
    /// def (reuses 1), use.
    AluImm(AluOp, Size, i32),
    /// def (reuses 1), use, address.
    AluMem(AluOp, Size, Address),
    /// Operation on memory: use, address.
    AluToMem(AluOp, Size, Address),
    /// Operation on memory: address.
    AluImmToMem(AluOp, Size, Address, i8),
    /// def, use, use: a sum.
    Add(Size),
    /// def, use: a sum.
    AddImm(Size, i32),
    /// def, address.
    Lea(Size, Address),
    /// def (reuses 1), use.
    Unary(UnaryOp, Size),
    /// def (reuses 1), use, use or slot.
    Imul(Size),
    /// def, use or slot.
    ImulImm(Size, i32),
    /// def (reuses 1), use, address.
    ImulMem(Size, Address),
    /// def rdx, use rax, use: high half of a product; rax is destroyed.
    MulHigh {
        /// Whether signed.
        signed: bool,
        /// Its size.
        size: Size,
    },
    /// Quotient (def rax) or remainder (def rdx); use rax, late use of the divisor; both are destroyed.
    Div {
        /// Whether signed.
        signed: bool,
        /// Whether the remainder is wanted.
        rem: bool,
        /// Its size.
        size: Size,
        /// Whether the divisor may be 0.
        check_zero: bool,
        /// Whether the divisor may be -1.
        check_overflow: bool,
    },
    /// def (reuses 1), use, use in rcx.
    Shift(ShiftOp, Size),
    /// def (reuses 1), use.
    ShiftImm(ShiftOp, Size, u8),
    /// def, use or slot, use.
    Shiftx(ShiftxOp, Size),
    /// def, use or slot.
    Rorx(Size, u8),
    /// def, use, use or slot.
    Andn(AndnOp, Size),
    /// def, use or slot.
    Blsr(AndnOp, Size),
    /// def, use or slot. For `Bsf` and `Bsr`: zeros counted from the other end where the CPU has no better.
    Count(CountOp, Size),
    /// def, use, temp, temp: bits set, for a CPU that cannot count them.
    PopcntSlow(Size),
    /// def (reuses 1), use: bytes reversed.
    Bswap(Size),
    /// def, use or slot: extension from a width.
    Extend(LoadKind),
    /// def, address.
    Load(LoadKind, Address),
    /// use, address.
    Store(Size, Address),
    /// address.
    StoreImm(Size, Address, i32),
    /// def, address.
    LoadVec(VecWidth, Address),
    /// use, address.
    StoreVec(VecWidth, Address),
    /// use, use or slot.
    Cmp(Size),
    /// use or slot.
    CmpImm(Size, i32),
    /// use, address: register with memory.
    CmpMem(Size, Address),
    /// address: memory with an immediate.
    CmpMemImm(Size, Address, i32),
    /// use, use.
    Test(Size),
    /// use.
    TestImm(Size, i32),
    /// use, use or slot: an unordered comparison.
    CmpFloat(Float),
    /// def: 0 or 1 by the flags.
    Set(Flags),
    /// def (reuses 2), use or slot (if the flags hold), use (if not).
    Cmov(Flags, Size),
    /// def (reuses 2), use (if the flags hold), use (if not): vector registers.
    SelectVec(Flags),
    /// Traps if the flags hold.
    TrapIf(Flags, TrapCode),
    /// def (reuses 1), use (an address), late use (a length): traps unless `address + bias <= length`.
    Check {
        /// What is added to the address.
        bias: u32,
        /// Whether the result is masked, so that a mispredicted check reads nothing.
        spectre: bool,
        /// Whether the address has 64 bits: the sum may wrap.
        wide: bool,
    },

    /// def, use, use or slot (by its op).
    Vec(VecOp),
    /// def, use or slot.
    VecUnary(VecOp),
    /// def, use, address.
    VecMem(VecOp, Address),
    /// def, address.
    VecUnaryMem(VecOp, Address),
    /// def, use, use or slot, with an immediate.
    VecImm3(VecOp, u8),
    /// def, use or slot, with an immediate.
    VecImm2(VecOp, u8),
    /// def (int), use (vector).
    VecToInt(Size),
    /// def (vector), use (int).
    IntToVec(Size),
    /// def, use, use: WebAssembly's minimum or maximum.
    MinMax {
        /// Whether the maximum.
        max: bool,
        /// Width.
        float: Float,
    },
    /// def, use or slot (integer): a signed integer to a float.
    IntToFloat(Size, Float),
    /// def, use, temp: an unsigned 64-bit integer to a float.
    UnsignedToFloat(Float),
    /// def (int), use (float), temp (vector): to an integer; traps or saturates.
    FloatToInt {
        /// Width of the float.
        float: Float,
        /// Size of the integer.
        size: Size,
        /// Whether signed.
        signed: bool,
        /// Whether saturating.
        saturate: bool,
    },
    /// def, use, use: magnitude and sign.
    Copysign(Float),
    /// def, use: sign bit cleared or flipped.
    SignOp {
        /// Whether flipped.
        negate: bool,
        /// Width.
        float: Float,
    },
    /// def (reuses 1), use: a NaN made canonical; lanes of a whole vector or one float.
    Canon {
        /// Width of the lanes.
        float: Float,
        /// Whether all lanes.
        vector: bool,
    },
    /// What only vectors need; the operands are said there.
    Simd(SimdInst),

    /// Goes on at edge 0 if the flags hold, else at edge 1.
    Jcc(Flags),
}

impl Inst {
    /// Whether it makes a constant, and leaves the flags alone.
    pub fn is_constant(&self) -> bool {
        match self {
            Inst::Common(inst) => inst.is_constant(),
            Inst::Simd(inst) => matches!(inst, SimdInst::Constant(_)),
            _ => false,
        }
    }

    /// The address it reads or writes, or computes.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Inst::AluMem(.., address)
            | Inst::AluToMem(.., address)
            | Inst::AluImmToMem(_, _, address, _)
            | Inst::Lea(_, address)
            | Inst::ImulMem(_, address)
            | Inst::Load(_, address)
            | Inst::Store(_, address)
            | Inst::StoreImm(_, address, _)
            | Inst::LoadVec(_, address)
            | Inst::StoreVec(_, address)
            | Inst::CmpMem(_, address)
            | Inst::CmpMemImm(_, address, _)
            | Inst::VecMem(_, address)
            | Inst::VecUnaryMem(_, address)
            | Inst::Simd(
                SimdInst::Imm3Mem(.., address)
                | SimdInst::Imm2Mem(.., address)
                | SimdInst::InsertMem(.., address)
                | SimdInst::ExtractMem(.., address),
            ) => Some(address),
            _ => None,
        }
    }
}
