//! What operations on constants result in: the functions of `brisk_module::numeric`.

use crate::ir::{FloatCond, IntCond, Op, Ty};
use brisk_module::numeric as n;

fn f32(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

fn f64(bits: u64) -> f64 {
    f64::from_bits(bits)
}

fn of32(value: f32) -> u64 {
    u64::from(value.to_bits())
}

fn of64(value: f64) -> u64 {
    value.to_bits()
}

/// Whether bits are a NaN of a type.
pub fn is_nan(ty: Ty, bits: u64) -> bool {
    match ty {
        Ty::F32 => f32(bits).is_nan(),
        Ty::F64 => f64(bits).is_nan(),
        _ => false,
    }
}

/// The canonical NaN for any NaN, else the bits as they are.
pub fn canonical(ty: Ty, bits: u64) -> u64 {
    match ty {
        Ty::F32 => of32(n::canonicalize_f32(f32(bits))),
        Ty::F64 => of64(n::canonicalize_f64(f64(bits))),
        _ => bits,
    }
}

/// The result of an operation with one operand of type `from`; `None` if it traps.
pub fn unary(op: Op, from: Ty, to: Ty, bits: u64) -> Option<u64> {
    let a = bits as u32;
    Some(match (op, from, to) {
        (Op::Clz, Ty::I32, _) => n::i32_clz(a).into(),
        (Op::Ctz, Ty::I32, _) => n::i32_ctz(a).into(),
        (Op::Popcnt, Ty::I32, _) => n::i32_popcnt(a).into(),
        (Op::Clz, Ty::I64, _) => n::i64_clz(bits),
        (Op::Ctz, Ty::I64, _) => n::i64_ctz(bits),
        (Op::Popcnt, Ty::I64, _) => n::i64_popcnt(bits),
        (Op::Extend8S, Ty::I32, _) => n::i32_extend8_s(a).into(),
        (Op::Extend16S, Ty::I32, _) => n::i32_extend16_s(a).into(),
        (Op::Extend8S, Ty::I64, _) => n::i64_extend8_s(bits),
        (Op::Extend16S, Ty::I64, _) => n::i64_extend16_s(bits),
        (Op::Extend32S, ..) => n::i64_extend32_s(bits),
        (Op::Wrap, ..) => n::i32_wrap_i64(bits).into(),
        (Op::ExtendS, ..) => n::i64_extend_i32_s(a),
        (Op::ExtendU, ..) => n::i64_extend_i32_u(a),
        (Op::Bitcast, ..) => bits,
        (Op::Canon, ..) => canonical(to, bits),
        (Op::Fabs, Ty::F32, _) => of32(n::f32_abs(f32(bits))),
        (Op::Fneg, Ty::F32, _) => of32(n::f32_neg(f32(bits))),
        (Op::Ceil, Ty::F32, _) => of32(n::f32_ceil(f32(bits))),
        (Op::Floor, Ty::F32, _) => of32(n::f32_floor(f32(bits))),
        (Op::Trunc, Ty::F32, _) => of32(n::f32_trunc(f32(bits))),
        (Op::Nearest, Ty::F32, _) => of32(n::f32_nearest(f32(bits))),
        (Op::Sqrt, Ty::F32, _) => of32(n::f32_sqrt(f32(bits))),
        (Op::Fabs, Ty::F64, _) => of64(n::f64_abs(f64(bits))),
        (Op::Fneg, Ty::F64, _) => of64(n::f64_neg(f64(bits))),
        (Op::Ceil, Ty::F64, _) => of64(n::f64_ceil(f64(bits))),
        (Op::Floor, Ty::F64, _) => of64(n::f64_floor(f64(bits))),
        (Op::Trunc, Ty::F64, _) => of64(n::f64_trunc(f64(bits))),
        (Op::Nearest, Ty::F64, _) => of64(n::f64_nearest(f64(bits))),
        (Op::Sqrt, Ty::F64, _) => of64(n::f64_sqrt(f64(bits))),
        (Op::Demote, ..) => of32(n::f32_demote_f64(f64(bits))),
        (Op::Promote, ..) => of64(n::f64_promote_f32(f32(bits))),
        (Op::FtoiS, Ty::F32, Ty::I32) => n::i32_trunc_f32_s(f32(bits)).ok()?.into(),
        (Op::FtoiU, Ty::F32, Ty::I32) => n::i32_trunc_f32_u(f32(bits)).ok()?.into(),
        (Op::FtoiS, Ty::F64, Ty::I32) => n::i32_trunc_f64_s(f64(bits)).ok()?.into(),
        (Op::FtoiU, Ty::F64, Ty::I32) => n::i32_trunc_f64_u(f64(bits)).ok()?.into(),
        (Op::FtoiS, Ty::F32, _) => n::i64_trunc_f32_s(f32(bits)).ok()?,
        (Op::FtoiU, Ty::F32, _) => n::i64_trunc_f32_u(f32(bits)).ok()?,
        (Op::FtoiS, Ty::F64, _) => n::i64_trunc_f64_s(f64(bits)).ok()?,
        (Op::FtoiU, Ty::F64, _) => n::i64_trunc_f64_u(f64(bits)).ok()?,
        (Op::FtoiSatS, Ty::F32, Ty::I32) => n::i32_trunc_sat_f32_s(f32(bits)).into(),
        (Op::FtoiSatU, Ty::F32, Ty::I32) => n::i32_trunc_sat_f32_u(f32(bits)).into(),
        (Op::FtoiSatS, Ty::F64, Ty::I32) => n::i32_trunc_sat_f64_s(f64(bits)).into(),
        (Op::FtoiSatU, Ty::F64, Ty::I32) => n::i32_trunc_sat_f64_u(f64(bits)).into(),
        (Op::FtoiSatS, Ty::F32, _) => n::i64_trunc_sat_f32_s(f32(bits)),
        (Op::FtoiSatU, Ty::F32, _) => n::i64_trunc_sat_f32_u(f32(bits)),
        (Op::FtoiSatS, Ty::F64, _) => n::i64_trunc_sat_f64_s(f64(bits)),
        (Op::FtoiSatU, Ty::F64, _) => n::i64_trunc_sat_f64_u(f64(bits)),
        (Op::ItofS, Ty::I32, Ty::F32) => of32(n::f32_convert_i32_s(a)),
        (Op::ItofU, Ty::I32, Ty::F32) => of32(n::f32_convert_i32_u(a)),
        (Op::ItofS, Ty::I64, Ty::F32) => of32(n::f32_convert_i64_s(bits)),
        (Op::ItofU, Ty::I64, Ty::F32) => of32(n::f32_convert_i64_u(bits)),
        (Op::ItofS, Ty::I32, Ty::F64) => of64(n::f64_convert_i32_s(a)),
        (Op::ItofU, Ty::I32, Ty::F64) => of64(n::f64_convert_i32_u(a)),
        (Op::ItofS, Ty::I64, Ty::F64) => of64(n::f64_convert_i64_s(bits)),
        (Op::ItofU, Ty::I64, Ty::F64) => of64(n::f64_convert_i64_u(bits)),
        _ => return None,
    })
}

/// The result of an operation with two operands of a type; `None` if it traps.
pub fn binary(op: Op, ty: Ty, a: u64, b: u64) -> Option<u64> {
    match ty {
        Ty::I32 => binary_i32(op, a as u32, b as u32).map(u64::from),
        Ty::I64 => binary_i64(op, a, b),
        Ty::F32 => {
            let (a, b) = (f32(a), f32(b));
            Some(of32(match op {
                Op::Fadd => n::f32_add(a, b),
                Op::Fsub => n::f32_sub(a, b),
                Op::Fmul => n::f32_mul(a, b),
                Op::Fdiv => n::f32_div(a, b),
                Op::Fmin => n::f32_min(a, b),
                Op::Fmax => n::f32_max(a, b),
                Op::Copysign => n::f32_copysign(a, b),
                _ => return None,
            }))
        }
        Ty::F64 => {
            let (a, b) = (f64(a), f64(b));
            Some(of64(match op {
                Op::Fadd => n::f64_add(a, b),
                Op::Fsub => n::f64_sub(a, b),
                Op::Fmul => n::f64_mul(a, b),
                Op::Fdiv => n::f64_div(a, b),
                Op::Fmin => n::f64_min(a, b),
                Op::Fmax => n::f64_max(a, b),
                Op::Copysign => n::f64_copysign(a, b),
                _ => return None,
            }))
        }
        Ty::None | Ty::V128 => None,
    }
}

fn binary_i32(op: Op, a: u32, b: u32) -> Option<u32> {
    Some(match op {
        Op::Add => n::i32_add(a, b),
        Op::Sub => n::i32_sub(a, b),
        Op::Mul => n::i32_mul(a, b),
        Op::DivS => n::i32_div_s(a, b).ok()?,
        Op::DivU => n::i32_div_u(a, b).ok()?,
        Op::RemS => n::i32_rem_s(a, b).ok()?,
        Op::RemU => n::i32_rem_u(a, b).ok()?,
        Op::And => n::i32_and(a, b),
        Op::Or => n::i32_or(a, b),
        Op::Xor => n::i32_xor(a, b),
        Op::Shl => n::i32_shl(a, b),
        Op::ShrS => n::i32_shr_s(a, b),
        Op::ShrU => n::i32_shr_u(a, b),
        Op::Rotl => n::i32_rotl(a, b),
        Op::Rotr => n::i32_rotr(a, b),
        _ => return None,
    })
}

fn binary_i64(op: Op, a: u64, b: u64) -> Option<u64> {
    Some(match op {
        Op::Add => n::i64_add(a, b),
        Op::Sub => n::i64_sub(a, b),
        Op::Mul => n::i64_mul(a, b),
        Op::MulHighS => n::i64_mul_wide_s(a, b).1,
        Op::MulHighU => n::i64_mul_wide_u(a, b).1,
        Op::DivS => n::i64_div_s(a, b).ok()?,
        Op::DivU => n::i64_div_u(a, b).ok()?,
        Op::RemS => n::i64_rem_s(a, b).ok()?,
        Op::RemU => n::i64_rem_u(a, b).ok()?,
        Op::And => n::i64_and(a, b),
        Op::Or => n::i64_or(a, b),
        Op::Xor => n::i64_xor(a, b),
        Op::Shl => n::i64_shl(a, b),
        Op::ShrS => n::i64_shr_s(a, b),
        Op::ShrU => n::i64_shr_u(a, b),
        Op::Rotl => n::i64_rotl(a, b),
        Op::Rotr => n::i64_rotr(a, b),
        _ => return None,
    })
}

/// The result of an integer comparison.
pub fn icmp(cond: IntCond, ty: Ty, a: u64, b: u64) -> u32 {
    if ty == Ty::I32 {
        let (a, b) = (a as u32, b as u32);
        match cond {
            IntCond::Eq => n::i32_eq(a, b),
            IntCond::Ne => n::i32_ne(a, b),
            IntCond::LtS => n::i32_lt_s(a, b),
            IntCond::LtU => n::i32_lt_u(a, b),
            IntCond::GtS => n::i32_gt_s(a, b),
            IntCond::GtU => n::i32_gt_u(a, b),
            IntCond::LeS => n::i32_le_s(a, b),
            IntCond::LeU => n::i32_le_u(a, b),
            IntCond::GeS => n::i32_ge_s(a, b),
            IntCond::GeU => n::i32_ge_u(a, b),
        }
    } else {
        match cond {
            IntCond::Eq => n::i64_eq(a, b),
            IntCond::Ne => n::i64_ne(a, b),
            IntCond::LtS => n::i64_lt_s(a, b),
            IntCond::LtU => n::i64_lt_u(a, b),
            IntCond::GtS => n::i64_gt_s(a, b),
            IntCond::GtU => n::i64_gt_u(a, b),
            IntCond::LeS => n::i64_le_s(a, b),
            IntCond::LeU => n::i64_le_u(a, b),
            IntCond::GeS => n::i64_ge_s(a, b),
            IntCond::GeU => n::i64_ge_u(a, b),
        }
    }
}

/// The result of a float comparison.
pub fn fcmp(cond: FloatCond, ty: Ty, a: u64, b: u64) -> u32 {
    if ty == Ty::F32 {
        let (a, b) = (f32(a), f32(b));
        match cond {
            FloatCond::Eq => n::f32_eq(a, b),
            FloatCond::Ne => n::f32_ne(a, b),
            FloatCond::Lt => n::f32_lt(a, b),
            FloatCond::Gt => n::f32_gt(a, b),
            FloatCond::Le => n::f32_le(a, b),
            FloatCond::Ge => n::f32_ge(a, b),
        }
    } else {
        let (a, b) = (f64(a), f64(b));
        match cond {
            FloatCond::Eq => n::f64_eq(a, b),
            FloatCond::Ne => n::f64_ne(a, b),
            FloatCond::Lt => n::f64_lt(a, b),
            FloatCond::Gt => n::f64_gt(a, b),
            FloatCond::Le => n::f64_le(a, b),
            FloatCond::Ge => n::f64_ge(a, b),
        }
    }
}
