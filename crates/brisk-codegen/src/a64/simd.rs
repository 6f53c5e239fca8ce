//! Machine instructions on vectors, and their constants.
//!
//! A vector instruction becomes one or several of the machine's, each with operands of its own: what stands
//! between them is the register allocator's to place.

use super::asm::{Arr, Size, VecOp, Width};
use super::inst::Address;

/// A machine instruction on vectors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SimdInst {
    /// def: a constant.
    Constant(Constant),
    /// def, use: all of a register.
    Mov,
    /// def, use.
    Op2(VecOp, Arr),
    /// def (reuses 1), use, use: the first is changed.
    Change2(VecOp, Arr),
    /// def, use, use.
    Op3(VecOp, Arr),
    /// def (reuses 1), use, use, use: the first is changed.
    Change3(VecOp, Arr),
    /// def, use: with an immediate.
    Shift(VecOp, Arr, u8),
    /// def (reuses 1), use, use: with an immediate; the first is changed.
    ChangeShift(VecOp, Arr, u8),
    /// def, use, use: with one lane of the last.
    Lane(VecOp, Arr, u8),
    /// def, use, use: bytes of both, one behind the other, from one on.
    Ext(u8),
    /// def, use, use (indices): bytes of one register.
    Table,
    /// def, use, use, use (indices): bytes of two registers.
    Table2,
    /// def, use: a lane to all.
    Dup(Arr, u8),
    /// def, use (integer): to all lanes.
    DupInt(Arr),
    /// def, use: a lane, and zeros above.
    Lowest(Width, u8),
    /// def, use: the sum of two lanes of 64 bits.
    Sum,
    /// def (reuses 1), use, use: a lane replaced by one of the last.
    Insert(Width, u8, u8),
    /// def (reuses 1), use, use (integer): a lane replaced.
    InsertInt(Width, u8),
    /// def (integer), use: a lane, zero-extended.
    Extract(Width, u8),
    /// def (integer), use: a lane, sign-extended.
    ExtractSigned(Width, Size, u8),
    /// def, address, which is a register: to all lanes.
    LoadDup(Arr, Address),
    /// def (reuses 1), use, address, which is a register: a lane replaced.
    LoadLane(Width, u8, Address),
    /// use, address, which is a register: a lane stored.
    StoreLane(Width, u8, Address),
}

impl SimdInst {
    /// Whether it makes a constant, and leaves the flags alone.
    pub fn is_constant(&self) -> bool {
        matches!(self, SimdInst::Constant(_))
    }
}

/// A constant of 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constant {
    /// All lanes of 64 bits the same.
    Splat(u64),
    /// In each lane of 8 bits the bit that stands for it in a mask, by halves.
    Weights8,
    /// In each lane of 16 bits the bit that stands for it.
    Weights16,
    /// In each lane of 32 bits the bit that stands for it.
    Weights32,
    /// The lanes of a shuffle, which are a constant of `Func::vectors`.
    Shuffle(u32),
    /// Those for a shuffle whose operands are the same.
    ShuffleBoth(u32),
    /// Those of the first operand; none for what comes from the second.
    ShuffleFirst(u32),
    /// Those of the second operand; none for what comes from the first.
    ShuffleSecond(u32),
}

impl Constant {
    /// Its bits, given `Func::vectors`.
    pub fn bits(self, vectors: &[u128]) -> u128 {
        let indices = |index: u32, select: fn(u8) -> u8| {
            u128::from_le_bytes(vectors[index as usize].to_le_bytes().map(|lane| select(lane % 32)))
        };
        match self {
            Constant::Splat(bits) => u128::from(bits) << 64 | u128::from(bits),
            Constant::Weights8 => u128::from_le_bytes(std::array::from_fn(|lane| 1 << (lane % 8))),
            Constant::Weights16 => (0..8).fold(0, |all, lane| all | 1 << lane << (16 * lane)),
            Constant::Weights32 => (0..4).fold(0, |all, lane| all | 1 << lane << (32 * lane)),
            Constant::Shuffle(index) => indices(index, |lane| lane),
            Constant::ShuffleBoth(index) => indices(index, |lane| lane % 16),
            Constant::ShuffleFirst(index) => indices(index, |lane| if lane < 16 { lane } else { NOTHING }),
            Constant::ShuffleSecond(index) => {
                indices(index, |lane| if lane >= 16 { lane - 16 } else { NOTHING })
            }
        }
    }
}

/// An index that gives 0.
const NOTHING: u8 = 0xff;
