//! Machine instructions that only vectors need, and their constants.
//!
//! A vector instruction becomes one or several of the machine's, each with operands of its own: what stands
//! between them is the register allocator's to place.

use super::asm::VecOp;
use super::inst::Address;

/// A machine instruction on vectors. Where the definition reuses operand 1, that is so without AVX only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SimdInst {
    /// def: a constant.
    Constant(Constant),
    /// def (reuses 1), use: the second source is a constant.
    Pool(VecOp, Constant),
    /// def (reuses 1), use: a shift by an immediate.
    ShiftImm(VecOp, u8),
    /// def (reuses 1), use, address: with an immediate.
    Imm3Mem(VecOp, u8, Address),
    /// def, address: with an immediate.
    Imm2Mem(VecOp, u8, Address),
    /// def (reuses 1), use, use (integer) or slot: a lane replaced.
    Insert(VecOp, u8),
    /// def (reuses 1), use, address: a lane replaced.
    InsertMem(VecOp, u8, Address),
    /// def (integer), use: a lane, zero-extended.
    Extract(VecOp, u8),
    /// use, address: a lane stored.
    ExtractMem(VecOp, u8, Address),
    /// def (integer), use: the top bit of each lane.
    Mask(VecOp),
    /// def, use, use, use: bytes of the second where the third's top bit is set, else of the first. AVX only.
    Blend,
    /// use, use or slot: flag Z says whether no bit is set in both.
    Test,
}

/// A constant of 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constant {
    /// All lanes of 8 bits the same.
    Splat8(u8),
    /// All lanes of 16 bits.
    Splat16(u16),
    /// All lanes of 32 bits.
    Splat32(u32),
    /// All lanes of 64 bits; these are their upper halves, the lower ones are 0.
    Splat64High(u32),
    /// All lanes of 64 bits but their top bits.
    Magnitude64,
    /// 2^31 - 1 in lanes of f64.
    MaxI32,
    /// 2^32 - 1 in lanes of f64.
    MaxU32,
    /// How many bits each of the numbers below 16 has.
    BitCounts,
    /// A constant of `Func::vectors`.
    Vector(u32),
    /// A selector for `pshufb`: a constant of `Func::vectors`; 0 for what is 16 or more.
    Swizzle(u32),
    /// A selector for the first operand of a shuffle with these lanes; 0 for what comes from the second one.
    ShuffleFirst(u32),
    /// As above, for the second operand.
    ShuffleSecond(u32),
    /// A selector for a shuffle whose operands are the same.
    ShuffleBoth(u32),
}

impl Constant {
    /// Its bits, given `Func::vectors`.
    pub fn bits(self, vectors: &[u128]) -> u128 {
        let splat64 = |bits: u64| u128::from(bits) << 64 | u128::from(bits);
        let selector = |index: u32, select: fn(u8) -> u8| {
            u128::from_le_bytes(vectors[index as usize].to_le_bytes().map(select))
        };
        match self {
            Constant::Splat8(lane) => u128::from_le_bytes([lane; 16]),
            Constant::Splat16(lane) => splat64(u64::from(lane) * 0x0001_0001_0001_0001),
            Constant::Splat32(lane) => splat64(u64::from(lane) << 32 | u64::from(lane)),
            Constant::Splat64High(lane) => splat64(u64::from(lane) << 32),
            Constant::Magnitude64 => splat64(u64::MAX >> 1),
            Constant::MaxI32 => splat64(f64::from(i32::MAX).to_bits()),
            Constant::MaxU32 => splat64(f64::from(u32::MAX).to_bits()),
            Constant::BitCounts => {
                u128::from_le_bytes(std::array::from_fn(|number| number.count_ones() as u8))
            }
            Constant::Vector(index) => vectors[index as usize],
            Constant::Swizzle(index) => selector(index, |lane| if lane < 16 { lane } else { NOTHING }),
            Constant::ShuffleFirst(index) => {
                selector(index, |lane| if lane & 16 == 0 { lane & 15 } else { NOTHING })
            }
            Constant::ShuffleSecond(index) => {
                selector(index, |lane| if lane & 16 != 0 { lane & 15 } else { NOTHING })
            }
            Constant::ShuffleBoth(index) => selector(index, |lane| lane & 15),
        }
    }
}

/// What makes `pshufb` give 0.
const NOTHING: u8 = 0x80;
