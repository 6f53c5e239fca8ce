//! Scalar instructions and accesses to memory: what each one is in the IR.

use super::Build;
use crate::ir::{FloatCond, IntCond, Op, SimdOp, Ty, Width};
use brisk_module::wasmparser::Operator;

/// Calls `$callback!` with the table of these instructions.
macro_rules! for_each_scalar {
    ($callback:ident) => {
        $callback! {
            unary {
                I32Clz Clz I32; I32Ctz Ctz I32; I32Popcnt Popcnt I32; I32Extend8S Extend8S I32;
                I32Extend16S Extend16S I32; I64Clz Clz I64; I64Ctz Ctz I64; I64Popcnt Popcnt I64;
                I64Extend8S Extend8S I64; I64Extend16S Extend16S I64; I64Extend32S Extend32S I64;
                I32WrapI64 Wrap I32; I64ExtendI32S ExtendS I64; I64ExtendI32U ExtendU I64; F32Abs Fabs F32;
                F32Neg Fneg F32; F64Abs Fabs F64; F64Neg Fneg F64; I32TruncSatF32S FtoiSatS I32;
                I32TruncF32S FtoiS I32; I32TruncSatF32U FtoiSatU I32; I32TruncF32U FtoiU I32;
                I32TruncSatF64S FtoiSatS I32; I32TruncF64S FtoiS I32; I32TruncSatF64U FtoiSatU I32;
                I32TruncF64U FtoiU I32; I64TruncSatF32S FtoiSatS I64; I64TruncF32S FtoiS I64;
                I64TruncSatF32U FtoiSatU I64; I64TruncF32U FtoiU I64; I64TruncSatF64S FtoiSatS I64;
                I64TruncF64S FtoiS I64; I64TruncSatF64U FtoiSatU I64; I64TruncF64U FtoiU I64;
                I32ReinterpretF32 Bitcast I32; I64ReinterpretF64 Bitcast I64;
                F32ReinterpretI32 Bitcast F32; F64ReinterpretI64 Bitcast F64; F32ConvertI32S ItofS F32;
                F32ConvertI32U ItofU F32; F32ConvertI64S ItofS F32; F32ConvertI64U ItofU F32;
                F64ConvertI32S ItofS F64; F64ConvertI32U ItofU F64; F64ConvertI64S ItofS F64;
                F64ConvertI64U ItofU F64;
            }
            arithmetic_unary {
                F32Ceil Ceil F32; F32Floor Floor F32; F32Trunc Trunc F32; F32Nearest Nearest F32;
                F32Sqrt Sqrt F32; F64Ceil Ceil F64; F64Floor Floor F64; F64Trunc Trunc F64;
                F64Nearest Nearest F64; F64Sqrt Sqrt F64; F32DemoteF64 Demote F32;
                F64PromoteF32 Promote F64;
            }
            binary {
                I32Add Add I32; I32Sub Sub I32; I32Mul Mul I32; I32DivS DivS I32; I32DivU DivU I32;
                I32RemS RemS I32; I32RemU RemU I32; I32And And I32; I32Or Or I32; I32Xor Xor I32;
                I32Shl Shl I32; I32ShrS ShrS I32; I32ShrU ShrU I32; I32Rotl Rotl I32; I32Rotr Rotr I32;
                I64Add Add I64; I64Sub Sub I64; I64Mul Mul I64; I64DivS DivS I64; I64DivU DivU I64;
                I64RemS RemS I64; I64RemU RemU I64; I64And And I64; I64Or Or I64; I64Xor Xor I64;
                I64Shl Shl I64; I64ShrS ShrS I64; I64ShrU ShrU I64; I64Rotl Rotl I64; I64Rotr Rotr I64;
                F32Copysign Copysign F32; F64Copysign Copysign F64;
            }
            arithmetic_binary {
                F32Add Fadd F32; F32Sub Fsub F32; F32Mul Fmul F32; F32Div Fdiv F32; F32Min Fmin F32;
                F32Max Fmax F32; F64Add Fadd F64; F64Sub Fsub F64; F64Mul Fmul F64; F64Div Fdiv F64;
                F64Min Fmin F64; F64Max Fmax F64;
            }
            icmp {
                I32Eq Eq; I32Ne Ne; I32LtS LtS; I32LtU LtU; I32GtS GtS; I32GtU GtU; I32LeS LeS; I32LeU LeU;
                I32GeS GeS; I32GeU GeU; I64Eq Eq; I64Ne Ne; I64LtS LtS; I64LtU LtU; I64GtS GtS; I64GtU GtU;
                I64LeS LeS; I64LeU LeU; I64GeS GeS; I64GeU GeU;
            }
            fcmp {
                F32Eq Eq; F32Ne Ne; F32Lt Lt; F32Gt Gt; F32Le Le; F32Ge Ge; F64Eq Eq; F64Ne Ne; F64Lt Lt;
                F64Gt Gt; F64Le Le; F64Ge Ge;
            }
            load {
                I32Load U32 I32; I64Load U64 I64; F32Load U32 F32; F64Load U64 F64; V128Load V128 V128;
                I32Load8S S8 I32; I32Load8U U8 I32; I32Load16S S16 I32; I32Load16U U16 I32;
                I64Load8S S8 I64; I64Load8U U8 I64; I64Load16S S16 I64; I64Load16U U16 I64;
                I64Load32S S32 I64; I64Load32U U32 I64; V128Load32Zero U32 V128; V128Load64Zero U64 V128;
            }
            store {
                I32Store U32; I64Store U64; F32Store U32; F64Store U64; V128Store V128; I32Store8 U8;
                I32Store16 U16; I64Store8 U8; I64Store16 U16; I64Store32 U32;
            }
            load_then {
                V128Load8x8S U64 V128 I16x8ExtendLowI8x16S; V128Load8x8U U64 V128 I16x8ExtendLowI8x16U;
                V128Load16x4S U64 V128 I32x4ExtendLowI16x8S; V128Load16x4U U64 V128 I32x4ExtendLowI16x8U;
                V128Load32x2S U64 V128 I64x2ExtendLowI32x4S; V128Load32x2U U64 V128 I64x2ExtendLowI32x4U;
                V128Load8Splat U8 I32 I8x16Splat; V128Load16Splat U16 I32 I16x8Splat;
                V128Load32Splat U32 I32 I32x4Splat; V128Load64Splat U64 I64 I64x2Splat;
            }
            load_lane {
                V128Load8Lane U8 I32 I8x16ReplaceLane; V128Load16Lane U16 I32 I16x8ReplaceLane;
                V128Load32Lane U32 I32 I32x4ReplaceLane; V128Load64Lane U64 I64 I64x2ReplaceLane;
            }
            store_lane {
                V128Store8Lane U8 I8x16ExtractLaneU; V128Store16Lane U16 I16x8ExtractLaneU;
                V128Store32Lane U32 I32x4ExtractLane; V128Store64Lane U64 I64x2ExtractLane;
            }
        }
    };
}

macro_rules! scalar {
    (
        unary { $($un:ident $un_op:ident $un_ty:ident;)* }
        arithmetic_unary { $($fu:ident $fu_op:ident $fu_ty:ident;)* }
        binary { $($bi:ident $bi_op:ident $bi_ty:ident;)* }
        arithmetic_binary { $($fb:ident $fb_op:ident $fb_ty:ident;)* }
        icmp { $($ic:ident $ic_cond:ident;)* }
        fcmp { $($fc:ident $fc_cond:ident;)* }
        load { $($ld:ident $ld_width:ident $ld_ty:ident;)* }
        store { $($st:ident $st_width:ident;)* }
        load_then { $($lt:ident $lt_width:ident $lt_ty:ident $lt_op:ident;)* }
        load_lane { $($ll:ident $ll_width:ident $ll_ty:ident $ll_op:ident;)* }
        store_lane { $($sl:ident $sl_width:ident $sl_op:ident;)* }
    ) => {
        impl Build<'_> {
            /// Builds a scalar instruction or an access to memory; false if it is none.
            #[inline]
            pub fn scalar(&mut self, op: &Operator<'_>) -> bool {
                match op {
                    $(Operator::$un => self.unary_op(Op::$un_op, Ty::$un_ty),)*
                    $(Operator::$fu => {
                        self.unary_op(Op::$fu_op, Ty::$fu_ty);
                        self.canonicalize(Ty::$fu_ty);
                    })*
                    $(Operator::$bi => self.binary_op(Op::$bi_op, Ty::$bi_ty),)*
                    $(Operator::$fb => {
                        self.binary_op(Op::$fb_op, Ty::$fb_ty);
                        self.canonicalize(Ty::$fb_ty);
                    })*
                    $(Operator::$ic => self.icmp_op(IntCond::$ic_cond),)*
                    $(Operator::$fc => self.fcmp_op(FloatCond::$fc_cond),)*
                    $(Operator::$ld { memarg } => self.load_op(memarg, Width::$ld_width, Ty::$ld_ty),)*
                    $(Operator::$st { memarg } => self.store_op(memarg, Width::$st_width),)*
                    $(Operator::$lt { memarg } => {
                        self.load_then(memarg, Width::$lt_width, Ty::$lt_ty, SimdOp::$lt_op);
                    })*
                    $(Operator::$ll { memarg, lane } => {
                        self.load_lane(memarg, Width::$ll_width, Ty::$ll_ty, SimdOp::$ll_op, *lane);
                    })*
                    $(Operator::$sl { memarg, lane } => {
                        self.store_lane(memarg, Width::$sl_width, SimdOp::$sl_op, *lane);
                    })*
                    Operator::I32Eqz | Operator::I64Eqz => {
                        let a = self.pop();
                        let value = self.eqz(a);
                        self.push(value);
                    }
                    _ => return false,
                }
                true
            }
        }
    };
}
for_each_scalar!(scalar);

impl Build<'_> {
    fn unary_op(&mut self, op: Op, ty: Ty) {
        let a = self.pop();
        let value = self.unary(op, ty, a);
        self.push(value);
    }

    fn binary_op(&mut self, op: Op, ty: Ty) {
        let b = self.pop();
        let a = self.pop();
        let value = self.binary(op, ty, a, b);
        self.push(value);
    }

    fn icmp_op(&mut self, cond: IntCond) {
        let b = self.pop();
        let a = self.pop();
        let value = self.icmp(cond, a, b);
        self.push(value);
    }

    fn fcmp_op(&mut self, cond: FloatCond) {
        let b = self.pop();
        let a = self.pop();
        let value = self.fcmp(cond, a, b);
        self.push(value);
    }

    /// Makes a NaN that arithmetic resulted in canonical.
    fn canonicalize(&mut self, ty: Ty) {
        if self.settings.canonical_nans {
            self.unary_op(Op::Canon, ty);
        }
    }

    /// `i64.add128` and `i64.sub128`.
    pub fn wide_sum(&mut self, op: Op) {
        let b_high = self.pop();
        let b_low = self.pop();
        let a_high = self.pop();
        let a_low = self.pop();
        let low = self.binary(op, Ty::I64, a_low, b_low);
        let carry = match op {
            Op::Add => self.icmp(IntCond::LtU, low, a_low),
            _ => self.icmp(IntCond::LtU, a_low, b_low),
        };
        let carry = self.unary(Op::ExtendU, Ty::I64, carry);
        let high = self.binary(op, Ty::I64, a_high, b_high);
        let high = self.binary(op, Ty::I64, high, carry);
        self.push(low);
        self.push(high);
    }

    /// `i64.mul_wide_s` and `i64.mul_wide_u`.
    pub fn wide_product(&mut self, high: Op) {
        let b = self.pop();
        let a = self.pop();
        let low = self.binary(Op::Mul, Ty::I64, a, b);
        let high = self.binary(high, Ty::I64, a, b);
        self.push(low);
        self.push(high);
    }
}
