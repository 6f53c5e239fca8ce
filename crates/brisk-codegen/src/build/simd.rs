//! Vector instructions.

use super::Build;
use crate::ir::{Op, SimdOp, Ty};
use brisk_module::wasmparser::Operator;

macro_rules! vector_instruction {
    (
        unary { $($u:tt)* } unary_trap { $($ut:tt)* } binary { $($b:tt)* } binary_commutative { $($bc:tt)* }
        binary_trap { $($bt:tt)* } compare { $($c:tt)* } test { $($t:tt)* } wide { $($w:tt)* }
        v_unary { $($vu:ident $vuf:ident ($($vua:tt),*) -> $vur:ident;)* }
        v_binary { $($vb:ident $vbf:ident ($($vba:tt),*) -> $vbr:ident;)* }
        v_ternary { $($vt:ident $vtf:ident ($($vta:tt),*) -> $vtr:ident;)* }
        extract_lane { $($el:ident $elf:ident ($($ela:tt),*) -> $elr:ident;)* }
        replace_lane { $($rl:ident $rlf:ident ($($rla:tt),*) -> $rlr:ident;)* }
        shuffle { $($sh:ident $shf:ident ($($sha:tt),*) -> $shr:ident;)* }
    ) => {
        impl Build<'_> {
            /// Builds a vector instruction; false if it is none.
            pub fn vector(&mut self, op: &Operator<'_>) -> bool {
                match op {
                    $(Operator::$vu => self.vector_op(SimdOp::$vu, 1),)*
                    $(Operator::$vb => self.vector_op(SimdOp::$vb, 2),)*
                    $(Operator::$vt => self.vector_op(SimdOp::$vt, 3),)*
                    $(Operator::$el { lane } => {
                        let a = self.pop();
                        let value = self.simd(SimdOp::$el, a, u32::from(*lane), 0);
                        self.push(value);
                    })*
                    $(Operator::$rl { lane } => {
                        let b = self.pop();
                        let a = self.pop();
                        let value = self.simd(SimdOp::$rl, a, b, u32::from(*lane));
                        self.push(value);
                    })*
                    $(Operator::$sh { lanes } => {
                        let b = self.pop();
                        let a = self.pop();
                        let index = self.f.vectors.len() as u32;
                        self.f.vectors.push(u128::from_le_bytes(*lanes));
                        let value = self.simd(SimdOp::$sh, a, b, index);
                        self.push(value);
                    })*
                    _ => return false,
                }
                true
            }
        }
    };
}
brisk_module::for_each_numeric_op!(vector_instruction);

impl Build<'_> {
    /// A vector instruction.
    pub fn simd(&mut self, op: SimdOp, a: u32, b: u32, c: u32) -> u32 {
        self.pure(Op::Simd, op.result(), op as u16, a, b, c)
    }

    fn vector_op(&mut self, op: SimdOp, operands: usize) {
        let mut values = [0; 3];
        for at in (0..operands).rev() {
            values[at] = self.pop();
        }
        let mut value = self.simd(op, values[0], values[1], values[2]);
        if self.settings.canonical_nans
            && let Some(lanes) = float_lanes(op)
        {
            value = self.pure(Op::Canon, Ty::V128, lanes, value, 0, 0);
        }
        self.push(value);
    }
}

/// The lanes whose NaNs an instruction makes: 0 for f32, 1 for f64.
fn float_lanes(op: SimdOp) -> Option<u16> {
    use SimdOp::*;
    match op {
        F32x4Ceil | F32x4Floor | F32x4Trunc | F32x4Nearest | F32x4Sqrt | F32x4Add | F32x4Sub | F32x4Mul
        | F32x4Div | F32x4Min | F32x4Max | F32x4DemoteF64x2Zero | F32x4RelaxedMadd | F32x4RelaxedNmadd
        | F32x4RelaxedMin | F32x4RelaxedMax => Some(0),
        F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest | F64x2Sqrt | F64x2Add | F64x2Sub | F64x2Mul
        | F64x2Div | F64x2Min | F64x2Max | F64x2PromoteLowF32x4 | F64x2RelaxedMadd | F64x2RelaxedNmadd
        | F64x2RelaxedMin | F64x2RelaxedMax => Some(1),
        _ => None,
    }
}
