//! The instructions that loops are made of, by the type of their result.

use super::Type::{self, F32, F64, I32, I64, V128};

/// Of two operands of a type.
pub fn binary(ty: Type) -> &'static [(&'static str, Type)] {
    match ty {
        I32 => &[
            ("i32.add", I32),
            ("i32.sub", I32),
            ("i32.mul", I32),
            ("i32.and", I32),
            ("i32.or", I32),
            ("i32.xor", I32),
            ("i32.shl", I32),
            ("i32.shr_s", I32),
            ("i32.shr_u", I32),
            ("i32.rotl", I32),
            ("i32.rotr", I32),
            ("i32.eq", I32),
            ("i32.ne", I32),
            ("i32.lt_s", I32),
            ("i32.lt_u", I32),
            ("i32.gt_s", I32),
            ("i32.le_u", I32),
            ("i32.ge_s", I32),
            ("i64.eq", I64),
            ("i64.lt_s", I64),
            ("i64.gt_u", I64),
            ("i64.le_s", I64),
            ("i64.ge_u", I64),
            ("f32.eq", F32),
            ("f32.lt", F32),
            ("f32.ge", F32),
            ("f64.ne", F64),
            ("f64.gt", F64),
            ("f64.le", F64),
        ],
        I64 => &[
            ("i64.add", I64),
            ("i64.sub", I64),
            ("i64.mul", I64),
            ("i64.and", I64),
            ("i64.or", I64),
            ("i64.xor", I64),
            ("i64.shl", I64),
            ("i64.shr_s", I64),
            ("i64.shr_u", I64),
            ("i64.rotl", I64),
            ("i64.rotr", I64),
        ],
        F32 => &[
            ("f32.add", F32),
            ("f32.sub", F32),
            ("f32.mul", F32),
            ("f32.div", F32),
            ("f32.min", F32),
            ("f32.max", F32),
            ("f32.copysign", F32),
        ],
        F64 => &[
            ("f64.add", F64),
            ("f64.sub", F64),
            ("f64.mul", F64),
            ("f64.div", F64),
            ("f64.min", F64),
            ("f64.max", F64),
            ("f64.copysign", F64),
        ],
        V128 => &[
            ("i8x16.add", V128),
            ("i8x16.sub_sat_s", V128),
            ("i8x16.add_sat_u", V128),
            ("i8x16.avgr_u", V128),
            ("i8x16.swizzle", V128),
            ("i8x16.lt_s", V128),
            ("i8x16.gt_u", V128),
            ("i8x16.min_u", V128),
            ("i8x16.narrow_i16x8_s", V128),
            ("i16x8.mul", V128),
            ("i16x8.add_sat_s", V128),
            ("i16x8.q15mulr_sat_s", V128),
            ("i16x8.extmul_low_i8x16_s", V128),
            ("i16x8.ge_u", V128),
            ("i16x8.max_s", V128),
            ("i16x8.narrow_i32x4_u", V128),
            ("i32x4.add", V128),
            ("i32x4.sub", V128),
            ("i32x4.mul", V128),
            ("i32x4.dot_i16x8_s", V128),
            ("i32x4.extmul_high_i16x8_u", V128),
            ("i32x4.le_u", V128),
            ("i32x4.min_s", V128),
            ("i64x2.add", V128),
            ("i64x2.mul", V128),
            ("i64x2.gt_s", V128),
            ("i64x2.extmul_low_i32x4_u", V128),
            ("f32x4.add", V128),
            ("f32x4.mul", V128),
            ("f32x4.div", V128),
            ("f32x4.min", V128),
            ("f32x4.pmax", V128),
            ("f32x4.lt", V128),
            ("f64x2.sub", V128),
            ("f64x2.mul", V128),
            ("f64x2.max", V128),
            ("f64x2.pmin", V128),
            ("f64x2.ge", V128),
            ("v128.and", V128),
            ("v128.andnot", V128),
            ("v128.or", V128),
            ("v128.xor", V128),
        ],
        Type::Extern => &[],
    }
}

/// Of one operand.
pub fn unary(ty: Type) -> &'static [(&'static str, Type)] {
    match ty {
        I32 => &[
            ("i32.eqz", I32),
            ("i32.clz", I32),
            ("i32.ctz", I32),
            ("i32.popcnt", I32),
            ("i32.extend8_s", I32),
            ("i32.extend16_s", I32),
            ("i32.wrap_i64", I64),
            ("i64.eqz", I64),
            ("i32.reinterpret_f32", F32),
            ("i32.trunc_sat_f32_u", F32),
            ("i32.trunc_sat_f64_s", F64),
            ("ref.is_null", Type::Extern),
            ("i8x16.bitmask", V128),
            ("i16x8.all_true", V128),
            ("v128.any_true", V128),
            ("i32x4.extract_lane 2", V128),
            ("i16x8.extract_lane_s 5", V128),
            ("i8x16.extract_lane_u 9", V128),
        ],
        I64 => &[
            ("i64.extend_i32_s", I32),
            ("i64.extend_i32_u", I32),
            ("i64.clz", I64),
            ("i64.ctz", I64),
            ("i64.popcnt", I64),
            ("i64.extend8_s", I64),
            ("i64.extend32_s", I64),
            ("i64.reinterpret_f64", F64),
            ("i64.trunc_sat_f32_s", F32),
            ("i64.trunc_sat_f64_u", F64),
            ("i64x2.extract_lane 1", V128),
        ],
        F32 => &[
            ("f32.neg", F32),
            ("f32.abs", F32),
            ("f32.sqrt", F32),
            ("f32.nearest", F32),
            ("f32.floor", F32),
            ("f32.convert_i32_s", I32),
            ("f32.convert_i64_u", I64),
            ("f32.demote_f64", F64),
            ("f32.reinterpret_i32", I32),
            ("f32x4.extract_lane 3", V128),
        ],
        F64 => &[
            ("f64.neg", F64),
            ("f64.abs", F64),
            ("f64.sqrt", F64),
            ("f64.trunc", F64),
            ("f64.ceil", F64),
            ("f64.convert_i32_u", I32),
            ("f64.convert_i64_s", I64),
            ("f64.promote_f32", F32),
            ("f64.reinterpret_i64", I64),
            ("f64x2.extract_lane 0", V128),
        ],
        V128 => &[
            ("i8x16.splat", I32),
            ("i16x8.splat", I32),
            ("i32x4.splat", I32),
            ("i64x2.splat", I64),
            ("f32x4.splat", F32),
            ("f64x2.splat", F64),
            ("v128.not", V128),
            ("i8x16.neg", V128),
            ("i8x16.popcnt", V128),
            ("i16x8.abs", V128),
            ("i16x8.extend_high_i8x16_u", V128),
            ("i16x8.extadd_pairwise_i8x16_s", V128),
            ("i32x4.extend_low_i16x8_s", V128),
            ("i32x4.trunc_sat_f32x4_s", V128),
            ("i32x4.trunc_sat_f64x2_u_zero", V128),
            ("i64x2.abs", V128),
            ("i64x2.extend_low_i32x4_s", V128),
            ("f32x4.sqrt", V128),
            ("f32x4.convert_i32x4_u", V128),
            ("f32x4.demote_f64x2_zero", V128),
            ("f64x2.nearest", V128),
            ("f64x2.convert_low_i32x4_u", V128),
            ("f64x2.promote_low_f32x4", V128),
        ],
        Type::Extern => &[],
    }
}

/// That trap for some operands.
pub fn trapping_unary(ty: Type) -> &'static [(&'static str, Type)] {
    match ty {
        I32 => &[("i32.trunc_f32_s", F32), ("i32.trunc_f64_u", F64)],
        I64 => &[("i64.trunc_f64_s", F64), ("i64.trunc_f32_u", F32)],
        _ => &[],
    }
}

/// Loads: the instruction and its widest alignment.
pub fn loads(ty: Type) -> &'static [(&'static str, u32)] {
    match ty {
        I32 => &[
            ("i32.load", 4),
            ("i32.load8_s", 1),
            ("i32.load8_u", 1),
            ("i32.load16_s", 2),
            ("i32.load16_u", 2),
        ],
        I64 => &[
            ("i64.load", 8),
            ("i64.load8_u", 1),
            ("i64.load16_s", 2),
            ("i64.load32_s", 4),
            ("i64.load32_u", 4),
        ],
        F32 => &[("f32.load", 4)],
        F64 => &[("f64.load", 8)],
        V128 => {
            &[("v128.load", 16), ("v128.load8x8_s", 8), ("v128.load32_splat", 4), ("v128.load64_zero", 8)]
        }
        Type::Extern => &[],
    }
}

/// Stores.
pub fn stores(ty: Type) -> &'static [(&'static str, u32)] {
    match ty {
        I32 => &[("i32.store", 4), ("i32.store8", 1), ("i32.store16", 2)],
        I64 => &[("i64.store", 8), ("i64.store8", 1), ("i64.store16", 2), ("i64.store32", 4)],
        F32 => &[("f32.store", 4)],
        F64 => &[("f64.store", 8)],
        V128 => &[("v128.store", 16)],
        Type::Extern => &[],
    }
}

/// Shifts of vectors, whose second operand is an integer.
pub const VECTOR_SHIFTS: &[&str] =
    &["i8x16.shl", "i8x16.shr_s", "i16x8.shr_u", "i32x4.shl", "i32x4.shr_s", "i64x2.shr_s", "i64x2.shr_u"];

/// Of three vectors.
pub const VECTOR_TERNARY: &[&str] = &["v128.bitselect"];

/// Of three vectors, with a choice that differs between engines.
pub const RELAXED_TERNARY: &[&str] = &[
    "f32x4.relaxed_madd",
    "f64x2.relaxed_nmadd",
    "i8x16.relaxed_laneselect",
    "i32x4.relaxed_dot_i8x16_i7x16_add_s",
];
