//! Vector instructions: those of one machine instruction, and where the others are.

mod float;
mod int;
mod lanes;
mod shuffle;
mod steps;

use super::*;
use crate::x64::asm::VecOp::*;
use crate::x64::simd::Constant;

/// Widths of integer lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lanes {
    B8,
    B16,
    B32,
    B64,
}

impl Lanes {
    fn bits(self) -> u32 {
        8 << self as u32
    }

    /// The member for this width.
    fn pick<T: Copy>(self, of: [T; 4]) -> T {
        of[self as usize]
    }

    fn equal(self) -> VecOp {
        self.pick([Pcmpeqb, Pcmpeqw, Pcmpeqd, Pcmpeqq])
    }
}

/// Whether lanes are signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sign {
    Signed,
    Unsigned,
}

/// Which half of a vector is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Half {
    Low,
    High,
}

/// Whether a comparison's result is inverted.
const INVERTED: bool = true;

impl Lower<'_> {
    /// Lowers a vector instruction.
    pub(super) fn simd(&mut self, value: Value, inst: &crate::ir::Inst) {
        use Half::*;
        use Lanes::*;
        use Sign::*;
        let op = SimdOp::from_aux(inst.aux);
        let (a, b, c) = (Value(inst.a), Value(inst.b), Value(inst.c));
        match op {
            SimdOp::V128Not => self.not(value, a),
            SimdOp::V128And => self.commutative(Pand, value, a, b),
            SimdOp::V128Or => self.commutative(Por, value, a, b),
            SimdOp::V128Xor => self.commutative(Pxor, value, a, b),
            // The machine inverts the first operand.
            SimdOp::V128AndNot => self.binary(Pandn, value, b, a),
            SimdOp::V128Bitselect
            | SimdOp::I8x16RelaxedLaneselect
            | SimdOp::I16x8RelaxedLaneselect
            | SimdOp::I32x4RelaxedLaneselect
            | SimdOp::I64x2RelaxedLaneselect => self.bitselect(value, a, b, c),

            SimdOp::V128AnyTrue
            | SimdOp::I8x16AllTrue
            | SimdOp::I16x8AllTrue
            | SimdOp::I32x4AllTrue
            | SimdOp::I64x2AllTrue => {
                let flags = self.vector_test(op, a);
                let dst = self.reg_of(value);
                self.push(Inst::Set(flags), Ops::new().with(def(dst)));
            }
            SimdOp::I8x16Bitmask => self.bitmask(Pmovmskb, value, a),
            SimdOp::I16x8Bitmask => self.bitmask16(value, a),
            SimdOp::I32x4Bitmask => self.bitmask(Movmskps, value, a),
            SimdOp::I64x2Bitmask => self.bitmask(Movmskpd, value, a),

            SimdOp::I8x16Splat => self.splat8(value, a),
            SimdOp::I16x8Splat => self.splat16(value, a),
            SimdOp::I32x4Splat => self.splat32(value, a),
            SimdOp::I64x2Splat => self.splat64(value, a),
            SimdOp::F32x4Splat => self.splat_f32(value, a),
            SimdOp::F64x2Splat => self.splat_f64(value, a),
            SimdOp::I8x16ExtractLaneS => self.extract_small(B8, Signed, value, a, inst.b),
            SimdOp::I8x16ExtractLaneU => self.extract_small(B8, Unsigned, value, a, inst.b),
            SimdOp::I16x8ExtractLaneS => self.extract_small(B16, Signed, value, a, inst.b),
            SimdOp::I16x8ExtractLaneU => self.extract_small(B16, Unsigned, value, a, inst.b),
            SimdOp::I32x4ExtractLane => self.extract(B32, value, a, inst.b),
            SimdOp::I64x2ExtractLane => self.extract(B64, value, a, inst.b),
            SimdOp::F32x4ExtractLane => self.extract_float(B32, value, a, inst.b),
            SimdOp::F64x2ExtractLane => self.extract_float(B64, value, a, inst.b),
            SimdOp::I8x16ReplaceLane => self.replace(B8, value, a, b, inst.c),
            SimdOp::I16x8ReplaceLane => self.replace(B16, value, a, b, inst.c),
            SimdOp::I32x4ReplaceLane => self.replace(B32, value, a, b, inst.c),
            SimdOp::I64x2ReplaceLane => self.replace(B64, value, a, b, inst.c),
            SimdOp::F32x4ReplaceLane => self.replace_f32(value, a, b, inst.c),
            SimdOp::F64x2ReplaceLane => self.replace_f64(value, a, b, inst.c),
            SimdOp::I8x16Shuffle => self.shuffle(value, a, b, inst.c),
            SimdOp::I8x16Swizzle | SimdOp::I8x16RelaxedSwizzle => self.swizzle(value, a, b),

            SimdOp::I8x16Eq => self.commutative(Pcmpeqb, value, a, b),
            SimdOp::I16x8Eq => self.commutative(Pcmpeqw, value, a, b),
            SimdOp::I32x4Eq => self.commutative(Pcmpeqd, value, a, b),
            SimdOp::I64x2Eq => self.commutative(Pcmpeqq, value, a, b),
            SimdOp::I8x16Ne => self.not_equal(B8, value, a, b),
            SimdOp::I16x8Ne => self.not_equal(B16, value, a, b),
            SimdOp::I32x4Ne => self.not_equal(B32, value, a, b),
            SimdOp::I64x2Ne => self.not_equal(B64, value, a, b),
            SimdOp::I8x16GtS => self.binary(Pcmpgtb, value, a, b),
            SimdOp::I16x8GtS => self.binary(Pcmpgtw, value, a, b),
            SimdOp::I32x4GtS => self.binary(Pcmpgtd, value, a, b),
            SimdOp::I64x2GtS => self.greater64(value, a, b, !INVERTED),
            SimdOp::I8x16LtS => self.binary(Pcmpgtb, value, b, a),
            SimdOp::I16x8LtS => self.binary(Pcmpgtw, value, b, a),
            SimdOp::I32x4LtS => self.binary(Pcmpgtd, value, b, a),
            SimdOp::I64x2LtS => self.greater64(value, b, a, !INVERTED),
            SimdOp::I8x16LeS => self.is_extreme(Pminsb, B8, value, a, b, !INVERTED),
            SimdOp::I16x8LeS => self.is_extreme(Pminsw, B16, value, a, b, !INVERTED),
            SimdOp::I32x4LeS => self.is_extreme(Pminsd, B32, value, a, b, !INVERTED),
            SimdOp::I64x2LeS => self.greater64(value, a, b, INVERTED),
            SimdOp::I8x16GeS => self.is_extreme(Pmaxsb, B8, value, a, b, !INVERTED),
            SimdOp::I16x8GeS => self.is_extreme(Pmaxsw, B16, value, a, b, !INVERTED),
            SimdOp::I32x4GeS => self.is_extreme(Pmaxsd, B32, value, a, b, !INVERTED),
            SimdOp::I64x2GeS => self.greater64(value, b, a, INVERTED),
            SimdOp::I8x16LeU => self.is_extreme(Pminub, B8, value, a, b, !INVERTED),
            SimdOp::I16x8LeU => self.is_extreme(Pminuw, B16, value, a, b, !INVERTED),
            SimdOp::I32x4LeU => self.is_extreme(Pminud, B32, value, a, b, !INVERTED),
            SimdOp::I8x16GeU => self.is_extreme(Pmaxub, B8, value, a, b, !INVERTED),
            SimdOp::I16x8GeU => self.is_extreme(Pmaxuw, B16, value, a, b, !INVERTED),
            SimdOp::I32x4GeU => self.is_extreme(Pmaxud, B32, value, a, b, !INVERTED),
            SimdOp::I8x16LtU => self.is_extreme(Pmaxub, B8, value, a, b, INVERTED),
            SimdOp::I16x8LtU => self.is_extreme(Pmaxuw, B16, value, a, b, INVERTED),
            SimdOp::I32x4LtU => self.is_extreme(Pmaxud, B32, value, a, b, INVERTED),
            SimdOp::I8x16GtU => self.is_extreme(Pminub, B8, value, a, b, INVERTED),
            SimdOp::I16x8GtU => self.is_extreme(Pminuw, B16, value, a, b, INVERTED),
            SimdOp::I32x4GtU => self.is_extreme(Pminud, B32, value, a, b, INVERTED),

            SimdOp::I8x16Shl => self.shl8(value, a, b),
            SimdOp::I8x16ShrS => self.shr_s8(value, a, b),
            SimdOp::I8x16ShrU => self.shr_u8(value, a, b),
            SimdOp::I16x8Shl => self.shift_lanes(B16, PsllwImm, Psllw, value, a, b),
            SimdOp::I16x8ShrS => self.shift_lanes(B16, PsrawImm, Psraw, value, a, b),
            SimdOp::I16x8ShrU => self.shift_lanes(B16, PsrlwImm, Psrlw, value, a, b),
            SimdOp::I32x4Shl => self.shift_lanes(B32, PslldImm, Pslld, value, a, b),
            SimdOp::I32x4ShrS => self.shift_lanes(B32, PsradImm, Psrad, value, a, b),
            SimdOp::I32x4ShrU => self.shift_lanes(B32, PsrldImm, Psrld, value, a, b),
            SimdOp::I64x2Shl => self.shift_lanes(B64, PsllqImm, Psllq, value, a, b),
            SimdOp::I64x2ShrS => self.shr_s64(value, a, b),
            SimdOp::I64x2ShrU => self.shift_lanes(B64, PsrlqImm, Psrlq, value, a, b),

            SimdOp::I8x16Abs => self.vec_unary(Pabsb, value, a),
            SimdOp::I16x8Abs => self.vec_unary(Pabsw, value, a),
            SimdOp::I32x4Abs => self.vec_unary(Pabsd, value, a),
            SimdOp::I64x2Abs => self.abs64(value, a),
            SimdOp::I8x16Neg => self.negate(Psubb, value, a),
            SimdOp::I16x8Neg => self.negate(Psubw, value, a),
            SimdOp::I32x4Neg => self.negate(Psubd, value, a),
            SimdOp::I64x2Neg => self.negate(Psubq, value, a),
            SimdOp::I8x16Popcnt => self.bit_counts(value, a),
            SimdOp::I8x16Add => self.commutative(Paddb, value, a, b),
            SimdOp::I16x8Add => self.commutative(Paddw, value, a, b),
            SimdOp::I32x4Add => self.commutative(Paddd, value, a, b),
            SimdOp::I64x2Add => self.commutative(Paddq, value, a, b),
            SimdOp::I8x16Sub => self.binary(Psubb, value, a, b),
            SimdOp::I16x8Sub => self.binary(Psubw, value, a, b),
            SimdOp::I32x4Sub => self.binary(Psubd, value, a, b),
            SimdOp::I64x2Sub => self.binary(Psubq, value, a, b),
            SimdOp::I8x16AddSatS => self.commutative(Paddsb, value, a, b),
            SimdOp::I8x16AddSatU => self.commutative(Paddusb, value, a, b),
            SimdOp::I8x16SubSatS => self.binary(Psubsb, value, a, b),
            SimdOp::I8x16SubSatU => self.binary(Psubusb, value, a, b),
            SimdOp::I16x8AddSatS => self.commutative(Paddsw, value, a, b),
            SimdOp::I16x8AddSatU => self.commutative(Paddusw, value, a, b),
            SimdOp::I16x8SubSatS => self.binary(Psubsw, value, a, b),
            SimdOp::I16x8SubSatU => self.binary(Psubusw, value, a, b),
            SimdOp::I8x16MinS => self.commutative(Pminsb, value, a, b),
            SimdOp::I8x16MinU => self.commutative(Pminub, value, a, b),
            SimdOp::I8x16MaxS => self.commutative(Pmaxsb, value, a, b),
            SimdOp::I8x16MaxU => self.commutative(Pmaxub, value, a, b),
            SimdOp::I16x8MinS => self.commutative(Pminsw, value, a, b),
            SimdOp::I16x8MinU => self.commutative(Pminuw, value, a, b),
            SimdOp::I16x8MaxS => self.commutative(Pmaxsw, value, a, b),
            SimdOp::I16x8MaxU => self.commutative(Pmaxuw, value, a, b),
            SimdOp::I32x4MinS => self.commutative(Pminsd, value, a, b),
            SimdOp::I32x4MinU => self.commutative(Pminud, value, a, b),
            SimdOp::I32x4MaxS => self.commutative(Pmaxsd, value, a, b),
            SimdOp::I32x4MaxU => self.commutative(Pmaxud, value, a, b),
            SimdOp::I8x16AvgrU => self.commutative(Pavgb, value, a, b),
            SimdOp::I16x8AvgrU => self.commutative(Pavgw, value, a, b),
            SimdOp::I16x8Mul => self.commutative(Pmullw, value, a, b),
            SimdOp::I32x4Mul => self.commutative(Pmulld, value, a, b),
            SimdOp::I64x2Mul => self.mul64(value, a, b),
            SimdOp::I16x8Q15MulrSatS | SimdOp::I16x8RelaxedQ15mulrS => self.q15mulr(value, a, b),

            SimdOp::I8x16NarrowI16x8S => self.binary(Packsswb, value, a, b),
            SimdOp::I8x16NarrowI16x8U => self.binary(Packuswb, value, a, b),
            SimdOp::I16x8NarrowI32x4S => self.binary(Packssdw, value, a, b),
            SimdOp::I16x8NarrowI32x4U => self.binary(Packusdw, value, a, b),
            SimdOp::I16x8ExtendLowI8x16S => self.vec_unary(Pmovsxbw, value, a),
            SimdOp::I16x8ExtendLowI8x16U => self.vec_unary(Pmovzxbw, value, a),
            SimdOp::I32x4ExtendLowI16x8S => self.vec_unary(Pmovsxwd, value, a),
            SimdOp::I32x4ExtendLowI16x8U => self.vec_unary(Pmovzxwd, value, a),
            SimdOp::I64x2ExtendLowI32x4S => self.vec_unary(Pmovsxdq, value, a),
            SimdOp::I64x2ExtendLowI32x4U => self.vec_unary(Pmovzxdq, value, a),
            SimdOp::I16x8ExtendHighI8x16S => self.extend_high(B8, Signed, value, a),
            SimdOp::I16x8ExtendHighI8x16U => self.extend_high(B8, Unsigned, value, a),
            SimdOp::I32x4ExtendHighI16x8S => self.extend_high(B16, Signed, value, a),
            SimdOp::I32x4ExtendHighI16x8U => self.extend_high(B16, Unsigned, value, a),
            SimdOp::I64x2ExtendHighI32x4S => self.extend_high(B32, Signed, value, a),
            SimdOp::I64x2ExtendHighI32x4U => self.extend_high(B32, Unsigned, value, a),
            SimdOp::I16x8ExtMulLowI8x16S => self.extmul8(Signed, Low, value, a, b),
            SimdOp::I16x8ExtMulLowI8x16U => self.extmul8(Unsigned, Low, value, a, b),
            SimdOp::I16x8ExtMulHighI8x16S => self.extmul8(Signed, High, value, a, b),
            SimdOp::I16x8ExtMulHighI8x16U => self.extmul8(Unsigned, High, value, a, b),
            SimdOp::I32x4ExtMulLowI16x8S => self.extmul16(Signed, Low, value, a, b),
            SimdOp::I32x4ExtMulLowI16x8U => self.extmul16(Unsigned, Low, value, a, b),
            SimdOp::I32x4ExtMulHighI16x8S => self.extmul16(Signed, High, value, a, b),
            SimdOp::I32x4ExtMulHighI16x8U => self.extmul16(Unsigned, High, value, a, b),
            SimdOp::I64x2ExtMulLowI32x4S => self.extmul32(Signed, Low, value, a, b),
            SimdOp::I64x2ExtMulLowI32x4U => self.extmul32(Unsigned, Low, value, a, b),
            SimdOp::I64x2ExtMulHighI32x4S => self.extmul32(Signed, High, value, a, b),
            SimdOp::I64x2ExtMulHighI32x4U => self.extmul32(Unsigned, High, value, a, b),
            SimdOp::I16x8ExtAddPairwiseI8x16S => self.add_pairs8(Signed, value, a),
            SimdOp::I16x8ExtAddPairwiseI8x16U => self.add_pairs8(Unsigned, value, a),
            SimdOp::I32x4ExtAddPairwiseI16x8S => self.add_pairs16(Signed, value, a),
            SimdOp::I32x4ExtAddPairwiseI16x8U => self.add_pairs16(Unsigned, value, a),
            SimdOp::I32x4DotI16x8S => self.commutative(Pmaddwd, value, a, b),
            SimdOp::I16x8RelaxedDotI8x16I7x16S => {
                let dst = self.reg_of(value);
                self.dot8(dst, a, b);
            }
            SimdOp::I32x4RelaxedDotI8x16I7x16AddS => self.dot8_add(value, a, b, c),

            SimdOp::F32x4Eq => self.compare_lanes(Cmpps, EQUAL, value, a, b),
            SimdOp::F32x4Ne => self.compare_lanes(Cmpps, NOT_EQUAL, value, a, b),
            SimdOp::F32x4Lt => self.compare_lanes(Cmpps, LESS, value, a, b),
            SimdOp::F32x4Gt => self.compare_lanes(Cmpps, LESS, value, b, a),
            SimdOp::F32x4Le => self.compare_lanes(Cmpps, LESS_EQUAL, value, a, b),
            SimdOp::F32x4Ge => self.compare_lanes(Cmpps, LESS_EQUAL, value, b, a),
            SimdOp::F64x2Eq => self.compare_lanes(Cmppd, EQUAL, value, a, b),
            SimdOp::F64x2Ne => self.compare_lanes(Cmppd, NOT_EQUAL, value, a, b),
            SimdOp::F64x2Lt => self.compare_lanes(Cmppd, LESS, value, a, b),
            SimdOp::F64x2Gt => self.compare_lanes(Cmppd, LESS, value, b, a),
            SimdOp::F64x2Le => self.compare_lanes(Cmppd, LESS_EQUAL, value, a, b),
            SimdOp::F64x2Ge => self.compare_lanes(Cmppd, LESS_EQUAL, value, b, a),

            SimdOp::F32x4Add => self.binary(Addps, value, a, b),
            SimdOp::F32x4Sub => self.binary(Subps, value, a, b),
            SimdOp::F32x4Mul => self.binary(Mulps, value, a, b),
            SimdOp::F32x4Div => self.binary(Divps, value, a, b),
            SimdOp::F64x2Add => self.binary(Addpd, value, a, b),
            SimdOp::F64x2Sub => self.binary(Subpd, value, a, b),
            SimdOp::F64x2Mul => self.binary(Mulpd, value, a, b),
            SimdOp::F64x2Div => self.binary(Divpd, value, a, b),
            SimdOp::F32x4Min | SimdOp::F32x4RelaxedMin => self.float_min(B32, value, a, b),
            SimdOp::F32x4Max | SimdOp::F32x4RelaxedMax => self.float_max(B32, value, a, b),
            SimdOp::F64x2Min | SimdOp::F64x2RelaxedMin => self.float_min(B64, value, a, b),
            SimdOp::F64x2Max | SimdOp::F64x2RelaxedMax => self.float_max(B64, value, a, b),
            // The machine gives the second operand unless the first is less (or greater).
            SimdOp::F32x4PMin => self.binary(Minps, value, b, a),
            SimdOp::F32x4PMax => self.binary(Maxps, value, b, a),
            SimdOp::F64x2PMin => self.binary(Minpd, value, b, a),
            SimdOp::F64x2PMax => self.binary(Maxpd, value, b, a),
            SimdOp::F32x4Ceil => self.round_lanes(Roundps, 2, value, a),
            SimdOp::F32x4Floor => self.round_lanes(Roundps, 1, value, a),
            SimdOp::F32x4Trunc => self.round_lanes(Roundps, 3, value, a),
            SimdOp::F32x4Nearest => self.round_lanes(Roundps, 0, value, a),
            SimdOp::F64x2Ceil => self.round_lanes(Roundpd, 2, value, a),
            SimdOp::F64x2Floor => self.round_lanes(Roundpd, 1, value, a),
            SimdOp::F64x2Trunc => self.round_lanes(Roundpd, 3, value, a),
            SimdOp::F64x2Nearest => self.round_lanes(Roundpd, 0, value, a),
            SimdOp::F32x4Abs => self.with_constant(Andps, value, a, Constant::Splat32(u32::MAX >> 1)),
            SimdOp::F32x4Neg => self.with_constant(Xorps, value, a, Constant::Splat32(1 << 31)),
            SimdOp::F64x2Abs => self.with_constant(Andpd, value, a, Constant::Magnitude64),
            SimdOp::F64x2Neg => self.with_constant(Xorpd, value, a, Constant::Splat64High(1 << 31)),
            SimdOp::F32x4Sqrt => self.vec_unary(Sqrtps, value, a),
            SimdOp::F64x2Sqrt => self.vec_unary(Sqrtpd, value, a),
            SimdOp::F32x4RelaxedMadd => self.multiply_add(Mulps, Addps, value, a, b, c),
            SimdOp::F64x2RelaxedMadd => self.multiply_add(Mulpd, Addpd, value, a, b, c),
            SimdOp::F32x4RelaxedNmadd => self.multiply_subtract(Mulps, Subps, value, a, b, c),
            SimdOp::F64x2RelaxedNmadd => self.multiply_subtract(Mulpd, Subpd, value, a, b, c),

            SimdOp::I32x4TruncSatF32x4S | SimdOp::I32x4RelaxedTruncF32x4S => self.trunc_f32_s(value, a),
            SimdOp::I32x4TruncSatF32x4U | SimdOp::I32x4RelaxedTruncF32x4U => self.trunc_f32_u(value, a),
            SimdOp::I32x4TruncSatF64x2SZero | SimdOp::I32x4RelaxedTruncF64x2SZero => {
                self.trunc_f64_s(value, a);
            }
            SimdOp::I32x4TruncSatF64x2UZero | SimdOp::I32x4RelaxedTruncF64x2UZero => {
                self.trunc_f64_u(value, a);
            }
            SimdOp::F32x4ConvertI32x4S => self.vec_unary(Cvtdq2ps, value, a),
            SimdOp::F32x4ConvertI32x4U => self.convert_f32_u(value, a),
            SimdOp::F64x2ConvertLowI32x4S => self.vec_unary(Cvtdq2pd, value, a),
            SimdOp::F64x2ConvertLowI32x4U => self.convert_f64_u(value, a),
            SimdOp::F32x4DemoteF64x2Zero => self.vec_unary(Cvtpd2ps, value, a),
            SimdOp::F64x2PromoteLowF32x4 => self.vec_unary(Cvtps2pd, value, a),
        }
    }
}

/// Predicates of `cmpps` and `cmppd`.
const EQUAL: u8 = 0;
/// Less; false if unordered.
const LESS: u8 = 1;
/// Less or equal; false if unordered.
const LESS_EQUAL: u8 = 2;
/// Unordered.
const UNORDERED: u8 = 3;
/// Not equal; true if unordered.
const NOT_EQUAL: u8 = 4;
