//! Vector instructions: those of one machine instruction, and where the others are.

mod float;
mod int;
mod lanes;
mod shuffle;
mod steps;

use super::*;
use crate::a64::asm::{Arr, VecOp, VecOp as V, Width as Lane};
use crate::a64::simd::{Constant, SimdInst};

/// A comparison: of two vectors, of one with zero, of zero with one.
type Compare = [VecOp; 3];

const EQ: Compare = [V::Cmeq, V::Cmeq0, V::Cmeq0];
const GT_S: Compare = [V::Cmgt, V::Cmgt0, V::Cmlt0];
const GE_S: Compare = [V::Cmge, V::Cmge0, V::Cmle0];
const FLOAT_EQ: Compare = [V::Fcmeq, V::Fcmeq0, V::Fcmeq0];
const FLOAT_GT: Compare = [V::Fcmgt, V::Fcmgt0, V::Fcmlt0];
const FLOAT_GE: Compare = [V::Fcmge, V::Fcmge0, V::Fcmle0];

impl Lower<'_> {
    /// Lowers a vector instruction.
    pub(super) fn simd(&mut self, value: Value, inst: &ir::Inst) {
        use Arr::*;
        let op = SimdOp::from_aux(inst.aux);
        let (a, b, c) = (Value(inst.a), Value(inst.b), Value(inst.c));
        match op {
            SimdOp::V128Not => self.vec2(V::Not, B16, value, a),
            SimdOp::V128And => self.logic_lanes(V::And, value, a, b),
            SimdOp::V128AndNot => self.vec3(V::Bic, B16, value, a, b),
            SimdOp::V128Or => self.logic_lanes(V::Orr, value, a, b),
            SimdOp::V128Xor => self.logic_lanes(V::Eor, value, a, b),
            SimdOp::V128Bitselect
            | SimdOp::I8x16RelaxedLaneselect
            | SimdOp::I16x8RelaxedLaneselect
            | SimdOp::I32x4RelaxedLaneselect
            | SimdOp::I64x2RelaxedLaneselect => self.bitselect(value, a, b, c),

            SimdOp::V128AnyTrue
            | SimdOp::I8x16AllTrue
            | SimdOp::I16x8AllTrue
            | SimdOp::I32x4AllTrue
            | SimdOp::I64x2AllTrue => self.lanes_hold(op, value, a),
            SimdOp::I8x16Bitmask => self.bitmask8(value, a),
            SimdOp::I16x8Bitmask => self.bitmask(H8, Constant::Weights16, value, a),
            SimdOp::I32x4Bitmask => self.bitmask(S4, Constant::Weights32, value, a),
            SimdOp::I64x2Bitmask => self.bitmask64(value, a),

            SimdOp::I8x16Splat => self.splat(B16, value, a),
            SimdOp::I16x8Splat => self.splat(H8, value, a),
            SimdOp::I32x4Splat | SimdOp::F32x4Splat => self.splat(S4, value, a),
            SimdOp::I64x2Splat | SimdOp::F64x2Splat => self.splat(D2, value, a),
            SimdOp::I8x16ExtractLaneS => self.extract_signed(Lane::B, value, a, inst.b),
            SimdOp::I16x8ExtractLaneS => self.extract_signed(Lane::H, value, a, inst.b),
            SimdOp::I8x16ExtractLaneU => self.extract(Lane::B, value, a, inst.b),
            SimdOp::I16x8ExtractLaneU => self.extract(Lane::H, value, a, inst.b),
            SimdOp::I32x4ExtractLane => self.extract(Lane::S, value, a, inst.b),
            SimdOp::I64x2ExtractLane => self.extract(Lane::D, value, a, inst.b),
            SimdOp::F32x4ExtractLane => self.extract_float(Lane::S, value, a, inst.b),
            SimdOp::F64x2ExtractLane => self.extract_float(Lane::D, value, a, inst.b),
            SimdOp::I8x16ReplaceLane => self.replace(Lane::B, value, a, b, inst.c),
            SimdOp::I16x8ReplaceLane => self.replace(Lane::H, value, a, b, inst.c),
            SimdOp::I32x4ReplaceLane | SimdOp::F32x4ReplaceLane => {
                self.replace(Lane::S, value, a, b, inst.c);
            }
            SimdOp::I64x2ReplaceLane | SimdOp::F64x2ReplaceLane => {
                self.replace(Lane::D, value, a, b, inst.c);
            }
            SimdOp::I8x16Shuffle => self.shuffle(value, a, b, inst.c),
            SimdOp::I8x16Swizzle | SimdOp::I8x16RelaxedSwizzle => self.swizzle(value, a, b),

            SimdOp::I8x16Eq => self.compare_lanes(EQ, B16, value, a, b),
            SimdOp::I16x8Eq => self.compare_lanes(EQ, H8, value, a, b),
            SimdOp::I32x4Eq => self.compare_lanes(EQ, S4, value, a, b),
            SimdOp::I64x2Eq => self.compare_lanes(EQ, D2, value, a, b),
            SimdOp::I8x16Ne => self.not_equal(B16, value, a, b),
            SimdOp::I16x8Ne => self.not_equal(H8, value, a, b),
            SimdOp::I32x4Ne => self.not_equal(S4, value, a, b),
            SimdOp::I64x2Ne => self.not_equal(D2, value, a, b),
            SimdOp::I8x16GtS => self.compare_lanes(GT_S, B16, value, a, b),
            SimdOp::I16x8GtS => self.compare_lanes(GT_S, H8, value, a, b),
            SimdOp::I32x4GtS => self.compare_lanes(GT_S, S4, value, a, b),
            SimdOp::I64x2GtS => self.compare_lanes(GT_S, D2, value, a, b),
            SimdOp::I8x16LtS => self.compare_lanes(GT_S, B16, value, b, a),
            SimdOp::I16x8LtS => self.compare_lanes(GT_S, H8, value, b, a),
            SimdOp::I32x4LtS => self.compare_lanes(GT_S, S4, value, b, a),
            SimdOp::I64x2LtS => self.compare_lanes(GT_S, D2, value, b, a),
            SimdOp::I8x16GeS => self.compare_lanes(GE_S, B16, value, a, b),
            SimdOp::I16x8GeS => self.compare_lanes(GE_S, H8, value, a, b),
            SimdOp::I32x4GeS => self.compare_lanes(GE_S, S4, value, a, b),
            SimdOp::I64x2GeS => self.compare_lanes(GE_S, D2, value, a, b),
            SimdOp::I8x16LeS => self.compare_lanes(GE_S, B16, value, b, a),
            SimdOp::I16x8LeS => self.compare_lanes(GE_S, H8, value, b, a),
            SimdOp::I32x4LeS => self.compare_lanes(GE_S, S4, value, b, a),
            SimdOp::I64x2LeS => self.compare_lanes(GE_S, D2, value, b, a),
            SimdOp::I8x16GtU => self.vec3(V::Cmhi, B16, value, a, b),
            SimdOp::I16x8GtU => self.vec3(V::Cmhi, H8, value, a, b),
            SimdOp::I32x4GtU => self.vec3(V::Cmhi, S4, value, a, b),
            SimdOp::I8x16LtU => self.vec3(V::Cmhi, B16, value, b, a),
            SimdOp::I16x8LtU => self.vec3(V::Cmhi, H8, value, b, a),
            SimdOp::I32x4LtU => self.vec3(V::Cmhi, S4, value, b, a),
            SimdOp::I8x16GeU => self.vec3(V::Cmhs, B16, value, a, b),
            SimdOp::I16x8GeU => self.vec3(V::Cmhs, H8, value, a, b),
            SimdOp::I32x4GeU => self.vec3(V::Cmhs, S4, value, a, b),
            SimdOp::I8x16LeU => self.vec3(V::Cmhs, B16, value, b, a),
            SimdOp::I16x8LeU => self.vec3(V::Cmhs, H8, value, b, a),
            SimdOp::I32x4LeU => self.vec3(V::Cmhs, S4, value, b, a),

            SimdOp::I8x16Shl => self.shift_left(B16, value, a, b),
            SimdOp::I16x8Shl => self.shift_left(H8, value, a, b),
            SimdOp::I32x4Shl => self.shift_left(S4, value, a, b),
            SimdOp::I64x2Shl => self.shift_left(D2, value, a, b),
            SimdOp::I8x16ShrS => self.shift_right(V::SshrImm, V::Sshl, B16, value, a, b),
            SimdOp::I16x8ShrS => self.shift_right(V::SshrImm, V::Sshl, H8, value, a, b),
            SimdOp::I32x4ShrS => self.shift_right(V::SshrImm, V::Sshl, S4, value, a, b),
            SimdOp::I64x2ShrS => self.shift_right(V::SshrImm, V::Sshl, D2, value, a, b),
            SimdOp::I8x16ShrU => self.shift_right(V::UshrImm, V::Ushl, B16, value, a, b),
            SimdOp::I16x8ShrU => self.shift_right(V::UshrImm, V::Ushl, H8, value, a, b),
            SimdOp::I32x4ShrU => self.shift_right(V::UshrImm, V::Ushl, S4, value, a, b),
            SimdOp::I64x2ShrU => self.shift_right(V::UshrImm, V::Ushl, D2, value, a, b),

            SimdOp::I8x16Abs => self.vec2(V::Abs, B16, value, a),
            SimdOp::I16x8Abs => self.vec2(V::Abs, H8, value, a),
            SimdOp::I32x4Abs => self.vec2(V::Abs, S4, value, a),
            SimdOp::I64x2Abs => self.vec2(V::Abs, D2, value, a),
            SimdOp::I8x16Neg => self.vec2(V::Neg, B16, value, a),
            SimdOp::I16x8Neg => self.vec2(V::Neg, H8, value, a),
            SimdOp::I32x4Neg => self.vec2(V::Neg, S4, value, a),
            SimdOp::I64x2Neg => self.vec2(V::Neg, D2, value, a),
            SimdOp::I8x16Popcnt => self.vec2(V::Cnt, B16, value, a),
            SimdOp::I8x16Add => self.add_lanes(B16, value, a, b),
            SimdOp::I16x8Add => self.add_lanes(H8, value, a, b),
            SimdOp::I32x4Add => self.add_lanes(S4, value, a, b),
            SimdOp::I64x2Add => self.add_lanes(D2, value, a, b),
            SimdOp::I8x16Sub => self.sub_lanes(B16, value, a, b),
            SimdOp::I16x8Sub => self.sub_lanes(H8, value, a, b),
            SimdOp::I32x4Sub => self.sub_lanes(S4, value, a, b),
            SimdOp::I64x2Sub => self.sub_lanes(D2, value, a, b),
            SimdOp::I8x16AddSatS => self.vec3(V::Sqadd, B16, value, a, b),
            SimdOp::I8x16AddSatU => self.vec3(V::Uqadd, B16, value, a, b),
            SimdOp::I8x16SubSatS => self.vec3(V::Sqsub, B16, value, a, b),
            SimdOp::I8x16SubSatU => self.vec3(V::Uqsub, B16, value, a, b),
            SimdOp::I16x8AddSatS => self.vec3(V::Sqadd, H8, value, a, b),
            SimdOp::I16x8AddSatU => self.vec3(V::Uqadd, H8, value, a, b),
            SimdOp::I16x8SubSatS => self.vec3(V::Sqsub, H8, value, a, b),
            SimdOp::I16x8SubSatU => self.vec3(V::Uqsub, H8, value, a, b),
            SimdOp::I8x16MinS => self.vec3(V::Smin, B16, value, a, b),
            SimdOp::I8x16MinU => self.vec3(V::Umin, B16, value, a, b),
            SimdOp::I8x16MaxS => self.vec3(V::Smax, B16, value, a, b),
            SimdOp::I8x16MaxU => self.vec3(V::Umax, B16, value, a, b),
            SimdOp::I16x8MinS => self.vec3(V::Smin, H8, value, a, b),
            SimdOp::I16x8MinU => self.vec3(V::Umin, H8, value, a, b),
            SimdOp::I16x8MaxS => self.vec3(V::Smax, H8, value, a, b),
            SimdOp::I16x8MaxU => self.vec3(V::Umax, H8, value, a, b),
            SimdOp::I32x4MinS => self.vec3(V::Smin, S4, value, a, b),
            SimdOp::I32x4MinU => self.vec3(V::Umin, S4, value, a, b),
            SimdOp::I32x4MaxS => self.vec3(V::Smax, S4, value, a, b),
            SimdOp::I32x4MaxU => self.vec3(V::Umax, S4, value, a, b),
            SimdOp::I8x16AvgrU => self.vec3(V::Urhadd, B16, value, a, b),
            SimdOp::I16x8AvgrU => self.vec3(V::Urhadd, H8, value, a, b),
            SimdOp::I16x8Mul => self.vec3(V::Mul, H8, value, a, b),
            SimdOp::I32x4Mul => self.vec3(V::Mul, S4, value, a, b),
            SimdOp::I64x2Mul => self.mul64(value, a, b),
            SimdOp::I16x8Q15MulrSatS | SimdOp::I16x8RelaxedQ15mulrS => {
                self.vec3(V::Sqrdmulh, H8, value, a, b);
            }

            SimdOp::I8x16NarrowI16x8S => self.narrow(V::Sqxtn, B8, value, a, b),
            SimdOp::I8x16NarrowI16x8U => self.narrow(V::Sqxtun, B8, value, a, b),
            SimdOp::I16x8NarrowI32x4S => self.narrow(V::Sqxtn, H4, value, a, b),
            SimdOp::I16x8NarrowI32x4U => self.narrow(V::Sqxtun, H4, value, a, b),
            SimdOp::I16x8ExtendLowI8x16S => self.extend_lanes(V::SshllImm, B8, value, a),
            SimdOp::I16x8ExtendLowI8x16U => self.extend_lanes(V::UshllImm, B8, value, a),
            SimdOp::I32x4ExtendLowI16x8S => self.extend_lanes(V::SshllImm, H4, value, a),
            SimdOp::I32x4ExtendLowI16x8U => self.extend_lanes(V::UshllImm, H4, value, a),
            SimdOp::I64x2ExtendLowI32x4S => self.extend_lanes(V::SshllImm, S2, value, a),
            SimdOp::I64x2ExtendLowI32x4U => self.extend_lanes(V::UshllImm, S2, value, a),
            SimdOp::I16x8ExtendHighI8x16S => self.extend_lanes(V::SshllImm, B16, value, a),
            SimdOp::I16x8ExtendHighI8x16U => self.extend_lanes(V::UshllImm, B16, value, a),
            SimdOp::I32x4ExtendHighI16x8S => self.extend_lanes(V::SshllImm, H8, value, a),
            SimdOp::I32x4ExtendHighI16x8U => self.extend_lanes(V::UshllImm, H8, value, a),
            SimdOp::I64x2ExtendHighI32x4S => self.extend_lanes(V::SshllImm, S4, value, a),
            SimdOp::I64x2ExtendHighI32x4U => self.extend_lanes(V::UshllImm, S4, value, a),
            SimdOp::I16x8ExtMulLowI8x16S => self.vec3(V::Smull, B8, value, a, b),
            SimdOp::I16x8ExtMulLowI8x16U => self.vec3(V::Umull, B8, value, a, b),
            SimdOp::I16x8ExtMulHighI8x16S => self.vec3(V::Smull, B16, value, a, b),
            SimdOp::I16x8ExtMulHighI8x16U => self.vec3(V::Umull, B16, value, a, b),
            SimdOp::I32x4ExtMulLowI16x8S => self.vec3(V::Smull, H4, value, a, b),
            SimdOp::I32x4ExtMulLowI16x8U => self.vec3(V::Umull, H4, value, a, b),
            SimdOp::I32x4ExtMulHighI16x8S => self.vec3(V::Smull, H8, value, a, b),
            SimdOp::I32x4ExtMulHighI16x8U => self.vec3(V::Umull, H8, value, a, b),
            SimdOp::I64x2ExtMulLowI32x4S => self.vec3(V::Smull, S2, value, a, b),
            SimdOp::I64x2ExtMulLowI32x4U => self.vec3(V::Umull, S2, value, a, b),
            SimdOp::I64x2ExtMulHighI32x4S => self.vec3(V::Smull, S4, value, a, b),
            SimdOp::I64x2ExtMulHighI32x4U => self.vec3(V::Umull, S4, value, a, b),
            SimdOp::I16x8ExtAddPairwiseI8x16S => self.vec2(V::Saddlp, B16, value, a),
            SimdOp::I16x8ExtAddPairwiseI8x16U => self.vec2(V::Uaddlp, B16, value, a),
            SimdOp::I32x4ExtAddPairwiseI16x8S => self.vec2(V::Saddlp, H8, value, a),
            SimdOp::I32x4ExtAddPairwiseI16x8U => self.vec2(V::Uaddlp, H8, value, a),
            SimdOp::I32x4DotI16x8S => self.dot16(value, a, b),
            SimdOp::I16x8RelaxedDotI8x16I7x16S => {
                let dst = self.reg_of(value);
                self.dot8_to(dst, a, b);
            }
            SimdOp::I32x4RelaxedDotI8x16I7x16AddS => self.dot8_add(value, a, b, c),

            SimdOp::F32x4Eq => self.compare_lanes(FLOAT_EQ, S4, value, a, b),
            SimdOp::F64x2Eq => self.compare_lanes(FLOAT_EQ, D2, value, a, b),
            SimdOp::F32x4Ne => self.float_not_equal(S4, value, a, b),
            SimdOp::F64x2Ne => self.float_not_equal(D2, value, a, b),
            SimdOp::F32x4Gt => self.compare_lanes(FLOAT_GT, S4, value, a, b),
            SimdOp::F64x2Gt => self.compare_lanes(FLOAT_GT, D2, value, a, b),
            SimdOp::F32x4Lt => self.compare_lanes(FLOAT_GT, S4, value, b, a),
            SimdOp::F64x2Lt => self.compare_lanes(FLOAT_GT, D2, value, b, a),
            SimdOp::F32x4Ge => self.compare_lanes(FLOAT_GE, S4, value, a, b),
            SimdOp::F64x2Ge => self.compare_lanes(FLOAT_GE, D2, value, a, b),
            SimdOp::F32x4Le => self.compare_lanes(FLOAT_GE, S4, value, b, a),
            SimdOp::F64x2Le => self.compare_lanes(FLOAT_GE, D2, value, b, a),

            SimdOp::F32x4Add => self.vec3(V::Fadd, S4, value, a, b),
            SimdOp::F32x4Sub => self.vec3(V::Fsub, S4, value, a, b),
            SimdOp::F32x4Mul => self.float_mul(S4, value, a, b),
            SimdOp::F32x4Div => self.vec3(V::Fdiv, S4, value, a, b),
            SimdOp::F64x2Add => self.vec3(V::Fadd, D2, value, a, b),
            SimdOp::F64x2Sub => self.vec3(V::Fsub, D2, value, a, b),
            SimdOp::F64x2Mul => self.float_mul(D2, value, a, b),
            SimdOp::F64x2Div => self.vec3(V::Fdiv, D2, value, a, b),
            SimdOp::F32x4Min | SimdOp::F32x4RelaxedMin => self.vec3(V::Fmin, S4, value, a, b),
            SimdOp::F32x4Max | SimdOp::F32x4RelaxedMax => self.vec3(V::Fmax, S4, value, a, b),
            SimdOp::F64x2Min | SimdOp::F64x2RelaxedMin => self.vec3(V::Fmin, D2, value, a, b),
            SimdOp::F64x2Max | SimdOp::F64x2RelaxedMax => self.vec3(V::Fmax, D2, value, a, b),
            SimdOp::F32x4PMin => self.pseudo_min(S4, value, a, b),
            SimdOp::F64x2PMin => self.pseudo_min(D2, value, a, b),
            SimdOp::F32x4PMax => self.pseudo_max(S4, value, a, b),
            SimdOp::F64x2PMax => self.pseudo_max(D2, value, a, b),
            SimdOp::F32x4Ceil => self.vec2(V::Frintp, S4, value, a),
            SimdOp::F32x4Floor => self.vec2(V::Frintm, S4, value, a),
            SimdOp::F32x4Trunc => self.vec2(V::Frintz, S4, value, a),
            SimdOp::F32x4Nearest => self.vec2(V::Frintn, S4, value, a),
            SimdOp::F64x2Ceil => self.vec2(V::Frintp, D2, value, a),
            SimdOp::F64x2Floor => self.vec2(V::Frintm, D2, value, a),
            SimdOp::F64x2Trunc => self.vec2(V::Frintz, D2, value, a),
            SimdOp::F64x2Nearest => self.vec2(V::Frintn, D2, value, a),
            SimdOp::F32x4Abs => self.vec2(V::Fabs, S4, value, a),
            SimdOp::F32x4Neg => self.vec2(V::Fneg, S4, value, a),
            SimdOp::F64x2Abs => self.vec2(V::Fabs, D2, value, a),
            SimdOp::F64x2Neg => self.vec2(V::Fneg, D2, value, a),
            SimdOp::F32x4Sqrt => self.vec2(V::Fsqrt, S4, value, a),
            SimdOp::F64x2Sqrt => self.vec2(V::Fsqrt, D2, value, a),
            SimdOp::F32x4RelaxedMadd => self.multiply_add(S4, value, a, b, c),
            SimdOp::F64x2RelaxedMadd => self.multiply_add(D2, value, a, b, c),
            SimdOp::F32x4RelaxedNmadd => self.multiply_subtract(S4, value, a, b, c),
            SimdOp::F64x2RelaxedNmadd => self.multiply_subtract(D2, value, a, b, c),

            SimdOp::I32x4TruncSatF32x4S | SimdOp::I32x4RelaxedTruncF32x4S => {
                self.vec2(V::Fcvtzs, S4, value, a);
            }
            SimdOp::I32x4TruncSatF32x4U | SimdOp::I32x4RelaxedTruncF32x4U => {
                self.vec2(V::Fcvtzu, S4, value, a);
            }
            SimdOp::I32x4TruncSatF64x2SZero | SimdOp::I32x4RelaxedTruncF64x2SZero => {
                self.trunc_f64(V::Fcvtzs, V::Sqxtn, value, a);
            }
            SimdOp::I32x4TruncSatF64x2UZero | SimdOp::I32x4RelaxedTruncF64x2UZero => {
                self.trunc_f64(V::Fcvtzu, V::Uqxtn, value, a);
            }
            SimdOp::F32x4ConvertI32x4S => self.vec2(V::Scvtf, S4, value, a),
            SimdOp::F32x4ConvertI32x4U => self.vec2(V::Ucvtf, S4, value, a),
            SimdOp::F64x2ConvertLowI32x4S => self.convert_f64(V::SshllImm, V::Scvtf, value, a),
            SimdOp::F64x2ConvertLowI32x4U => self.convert_f64(V::UshllImm, V::Ucvtf, value, a),
            SimdOp::F32x4DemoteF64x2Zero => self.vec2(V::Fcvtn, S2, value, a),
            SimdOp::F64x2PromoteLowF32x4 => self.vec2(V::Fcvtl, S2, value, a),
        }
    }
}
