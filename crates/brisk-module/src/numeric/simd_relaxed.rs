//! Relaxed vector instructions, each with the one behaviour that the table in the [module](super) names.

use super::simd_float::*;
use super::simd_int::{i16x8_q15mulr_sat_s, i32x4_add};
use super::simd_lane::{i8x16_swizzle, v128_bitselect};
use super::simd_widen::*;
use super::vector::{V128, zip};

/// `i8x16.relaxed_swizzle`
#[inline(always)]
pub fn i8x16_relaxed_swizzle(a: V128, b: V128) -> V128 {
    i8x16_swizzle(a, b)
}

/// `i32x4.relaxed_trunc_f32x4_s`
#[inline(always)]
pub fn i32x4_relaxed_trunc_f32x4_s(a: V128) -> V128 {
    i32x4_trunc_sat_f32x4_s(a)
}

/// `i32x4.relaxed_trunc_f32x4_u`
#[inline(always)]
pub fn i32x4_relaxed_trunc_f32x4_u(a: V128) -> V128 {
    i32x4_trunc_sat_f32x4_u(a)
}

/// `i32x4.relaxed_trunc_f64x2_s_zero`
#[inline(always)]
pub fn i32x4_relaxed_trunc_f64x2_s_zero(a: V128) -> V128 {
    i32x4_trunc_sat_f64x2_s_zero(a)
}

/// `i32x4.relaxed_trunc_f64x2_u_zero`
#[inline(always)]
pub fn i32x4_relaxed_trunc_f64x2_u_zero(a: V128) -> V128 {
    i32x4_trunc_sat_f64x2_u_zero(a)
}

/// `f32x4.relaxed_madd`
#[inline(always)]
pub fn f32x4_relaxed_madd(a: V128, b: V128, c: V128) -> V128 {
    f32x4_add(f32x4_mul(a, b), c)
}

/// `f32x4.relaxed_nmadd`
#[inline(always)]
pub fn f32x4_relaxed_nmadd(a: V128, b: V128, c: V128) -> V128 {
    f32x4_add(f32x4_mul(f32x4_neg(a), b), c)
}

/// `f64x2.relaxed_madd`
#[inline(always)]
pub fn f64x2_relaxed_madd(a: V128, b: V128, c: V128) -> V128 {
    f64x2_add(f64x2_mul(a, b), c)
}

/// `f64x2.relaxed_nmadd`
#[inline(always)]
pub fn f64x2_relaxed_nmadd(a: V128, b: V128, c: V128) -> V128 {
    f64x2_add(f64x2_mul(f64x2_neg(a), b), c)
}

/// `i8x16.relaxed_laneselect`
#[inline(always)]
pub fn i8x16_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 {
    v128_bitselect(a, b, mask)
}

/// `i16x8.relaxed_laneselect`
#[inline(always)]
pub fn i16x8_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 {
    v128_bitselect(a, b, mask)
}

/// `i32x4.relaxed_laneselect`
#[inline(always)]
pub fn i32x4_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 {
    v128_bitselect(a, b, mask)
}

/// `i64x2.relaxed_laneselect`
#[inline(always)]
pub fn i64x2_relaxed_laneselect(a: V128, b: V128, mask: V128) -> V128 {
    v128_bitselect(a, b, mask)
}

/// `f32x4.relaxed_min`
#[inline(always)]
pub fn f32x4_relaxed_min(a: V128, b: V128) -> V128 {
    f32x4_min(a, b)
}

/// `f32x4.relaxed_max`
#[inline(always)]
pub fn f32x4_relaxed_max(a: V128, b: V128) -> V128 {
    f32x4_max(a, b)
}

/// `f64x2.relaxed_min`
#[inline(always)]
pub fn f64x2_relaxed_min(a: V128, b: V128) -> V128 {
    f64x2_min(a, b)
}

/// `f64x2.relaxed_max`
#[inline(always)]
pub fn f64x2_relaxed_max(a: V128, b: V128) -> V128 {
    f64x2_max(a, b)
}

/// `i16x8.relaxed_q15mulr_s`
#[inline(always)]
pub fn i16x8_relaxed_q15mulr_s(a: V128, b: V128) -> V128 {
    i16x8_q15mulr_sat_s(a, b)
}

/// `i16x8.relaxed_dot_i8x16_i7x16_s`
#[inline(always)]
pub fn i16x8_relaxed_dot_i8x16_i7x16_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i16, y: i16| {
        let low = i16::from(x as i8) * i16::from(y as i8);
        let high = (x >> 8) * (y >> 8);
        low.saturating_add(high)
    })
}

/// `i32x4.relaxed_dot_i8x16_i7x16_add_s`
#[inline(always)]
pub fn i32x4_relaxed_dot_i8x16_i7x16_add_s(a: V128, b: V128, c: V128) -> V128 {
    let dot = zip(a, b, |x: i32, y: i32| {
        let product = |byte: u32| (x << (24 - 8 * byte) >> 24) * (y << (24 - 8 * byte) >> 24);
        let sum = |low: i32, high: i32| (low + high).min(i16::MAX.into());
        sum(product(0), product(1)) + sum(product(2), product(3))
    });
    i32x4_add(dot, c)
}
