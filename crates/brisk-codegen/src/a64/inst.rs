//! Machine instructions as lowering makes them. An instruction's registers are operands of the
//! [`VCode`](crate::vcode::VCode), in the order given with each variant; those of an address come last.

use super::asm::*;
use super::simd::SimdInst;
use crate::inst::Common;
use crate::ir::TrapCode;

/// What an address counts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// The pinned base of memory 0.
    Memory,
    /// The pinned VmContext.
    Context,
    /// An operand.
    Reg,
}

/// What is added to the base of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Index {
    /// Nothing.
    None,
    /// An operand of 32 bits, zero-extended.
    Low,
    /// An operand of 64 bits, shifted left: by nothing, or by the logarithm of the access's bytes.
    Shifted(u8),
}

/// An address: `base + index + offset`. Operands: the base if it is one, then the index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// What it counts from.
    pub base: Base,
    /// What is added.
    pub index: Index,
    /// And how much more.
    pub offset: i64,
    /// Whether the access may fault, and the fault is a trap.
    pub traps: bool,
}

impl Address {
    /// Whether it is one register.
    pub fn is_plain(&self) -> bool {
        self.index == Index::None && self.offset == 0
    }
}

/// The last operand of an addition or a comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rhs {
    /// A register.
    Reg,
    /// A register, shifted by a constant.
    Shift(Shift, u8),
    /// A register, extended and shifted left.
    Extend(Extend, u8),
    /// No operand: an immediate.
    Imm(AddImm),
}

/// The last operand of a logic operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogicRhs {
    /// A register.
    Reg,
    /// A register, shifted by a constant.
    Shift(Shift, u8),
    /// No operand: an immediate.
    Imm(LogicImm),
}

/// When a branch is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Test {
    /// By the flags; no operand.
    Flags(Cond),
    /// If the operand is 0.
    Zero(Size),
    /// If the operand is not 0.
    NotZero(Size),
    /// If a bit of the operand is 0.
    BitClear(u8),
    /// If a bit of the operand is 1.
    BitSet(u8),
}

impl Test {
    /// The opposite.
    pub fn invert(self) -> Test {
        match self {
            Test::Flags(cond) => Test::Flags(cond.invert()),
            Test::Zero(size) => Test::NotZero(size),
            Test::NotZero(size) => Test::Zero(size),
            Test::BitClear(bit) => Test::BitSet(bit),
            Test::BitSet(bit) => Test::BitClear(bit),
        }
    }
}

/// A machine instruction. Floats have a width of 32 or 64 bits, given as a [`Size`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Inst {
    /// What every machine has.
    Common(Common),
    /// def, use.
    Mov(Size),
    /// def, use, and another by the last.
    Add(AddOp, Size, Rhs),
    /// def, use: the opposite, of what may be shifted.
    Neg(Size, Rhs),
    /// def, use, and another by the last.
    Logic(LogicOp, Size, LogicRhs),
    /// def, use: the complement, of what may be shifted.
    Not(Size, LogicRhs),
    /// def, use, use, use: a product added to or taken from the last.
    MulAdd(MulAddOp, Size),
    /// def, use, use: a product, or its opposite.
    Mul(MulAddOp, Size),
    /// def, use, use.
    Data2(Data2Op, Size),
    /// def, use.
    Data1(Data1Op, Size),
    /// def, use: a bit field moved, by its rotation and its top bit.
    Bits(BitfieldOp, Size, u8, u8),
    /// def (reuses 1), use, use: a bit field of the last moved into the first.
    Insert(Size, u8, u8),
    /// def, use, use: both, one behind the other, shifted right.
    Extr(Size, u8),
    /// def, use, use: rotated left.
    RotateLeft(Size),
    /// def, use: extension from a narrower width.
    Extend(Extend, Size),
    /// def, use: bits set.
    Popcnt(Size),
    /// use, and another by the last.
    Cmp(Size, Rhs),
    /// use: compares with the opposite of an immediate.
    Cmn(Size, AddImm),
    /// use, and another by the last.
    Tst(Size, LogicRhs),
    /// use, use: compares if a condition holds; else the flags are as given.
    Ccmp(CcmpOp, Size, u8, Cond),
    /// use: the same with an immediate.
    CcmpImm(CcmpOp, Size, u8, u8, Cond),
    /// def: 0 or 1 by the flags.
    Cset(Cond),
    /// def: 0 or all ones by the flags.
    Csetm(Size, Cond),
    /// def, use (if the flags hold), use (if not); an operand that is zero is none.
    Select {
        /// What becomes of the second.
        op: SelectOp,
        /// Their size.
        size: Size,
        /// When the first is taken.
        cond: Cond,
        /// Whether the first is zero.
        zero_a: bool,
        /// Whether the second is zero.
        zero_b: bool,
    },
    /// def, use (if the flags hold), use (if not): floats.
    SelectFloat(Size, Cond),
    /// def (reuses 2), use (if the flags hold), use (if not): vectors.
    SelectVec(Cond),
    /// Traps if the test holds; its operand.
    TrapIf(Test, TrapCode),
    /// def, use (an address), use (a length): traps unless `address + bias <= length`. Reuses 1 unless masked.
    Check {
        /// What is added to the address.
        bias: u32,
        /// Whether the result is masked, so that a mispredicted check reads nothing.
        spectre: bool,
        /// Whether the address has 64 bits: the sum may wrap.
        wide: bool,
    },

    /// def, use: the base of memory 0 and an index, of 32 bits if `low`.
    MemorySum {
        /// Whether the index has 32 bits.
        low: bool,
    },
    /// def, address.
    Load(LoadOp, Address),
    /// address: reads a byte for nothing, as the store that comes next, over the end of memory, might write what is inside
    /// before it faults.
    Probe(Address),
    /// use, address.
    Store(Size, Address),
    /// address: stores 0.
    StoreZero(Size, Address),
    /// def, address.
    LoadVec(Width, Address),
    /// use, address.
    StoreVec(Width, Address),

    /// def, use.
    Float1(Float1Op, Size),
    /// def, use, use.
    Float2(Float2Op, Size),
    /// use, use.
    CmpFloat(Size),
    /// use: compares with 0.
    CmpFloatZero(Size),
    /// def, use: to the other width; this one is the result's.
    Convert(Size),
    /// def (int), use (float): to an integer of a size from a float of a size; saturates.
    ToInt(ToIntOp, Size, Size),
    /// The same; traps if there is no such integer.
    ToIntTrapping(ToIntOp, Size, Size),
    /// def (float), use (int): from an integer of a size to a float of a size.
    FromInt(FromIntOp, Size, Size),
    /// def (int), use (vector): the bits.
    VecToInt(Size),
    /// def (vector), use (int): the bits.
    IntToVec(Size),
    /// def (reuses 1), use, use: magnitude and sign.
    Copysign(Size),
    /// def (reuses 1), use: a NaN made canonical; lanes of a whole vector or one float.
    Canon {
        /// Width of the lanes.
        float: Size,
        /// Whether all lanes.
        vector: bool,
    },
    /// What only vectors need; the operands are said there.
    Simd(SimdInst),

    /// Goes on at edge 0 if the test holds, else at edge 1; the test's operand.
    Branch(Test),
}

impl Inst {
    /// Whether it makes a constant, and leaves the flags alone.
    pub fn is_constant(&self) -> bool {
        match self {
            Inst::Common(inst) => inst.is_constant(),
            Inst::Simd(inst) => inst.is_constant(),
            _ => false,
        }
    }
}
