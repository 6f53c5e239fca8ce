//! Vector float arithmetic: each lane as the scalar instruction does it.

use super::float::*;
use super::vector::{V128, map, zip};

/// `f32x4.ceil`
#[inline(always)]
pub fn f32x4_ceil(a: V128) -> V128 {
    map(a, f32_ceil)
}

/// `f32x4.floor`
#[inline(always)]
pub fn f32x4_floor(a: V128) -> V128 {
    map(a, f32_floor)
}

/// `f32x4.trunc`
#[inline(always)]
pub fn f32x4_trunc(a: V128) -> V128 {
    map(a, f32_trunc)
}

/// `f32x4.nearest`
#[inline(always)]
pub fn f32x4_nearest(a: V128) -> V128 {
    map(a, f32_nearest)
}

/// `f32x4.abs`
#[inline(always)]
pub fn f32x4_abs(a: V128) -> V128 {
    map(a, f32_abs)
}

/// `f32x4.neg`
#[inline(always)]
pub fn f32x4_neg(a: V128) -> V128 {
    map(a, f32_neg)
}

/// `f32x4.sqrt`
#[inline(always)]
pub fn f32x4_sqrt(a: V128) -> V128 {
    map(a, f32_sqrt)
}

/// `f32x4.add`
#[inline(always)]
pub fn f32x4_add(a: V128, b: V128) -> V128 {
    zip(a, b, f32_add)
}

/// `f32x4.sub`
#[inline(always)]
pub fn f32x4_sub(a: V128, b: V128) -> V128 {
    zip(a, b, f32_sub)
}

/// `f32x4.mul`
#[inline(always)]
pub fn f32x4_mul(a: V128, b: V128) -> V128 {
    zip(a, b, f32_mul)
}

/// `f32x4.div`
#[inline(always)]
pub fn f32x4_div(a: V128, b: V128) -> V128 {
    zip(a, b, f32_div)
}

/// `f32x4.min`
#[inline(always)]
pub fn f32x4_min(a: V128, b: V128) -> V128 {
    zip(a, b, f32_min)
}

/// `f32x4.max`
#[inline(always)]
pub fn f32x4_max(a: V128, b: V128) -> V128 {
    zip(a, b, f32_max)
}

/// `f32x4.pmin`
#[inline(always)]
pub fn f32x4_pmin(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f32, y: f32| if y < x { y } else { x })
}

/// `f32x4.pmax`
#[inline(always)]
pub fn f32x4_pmax(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f32, y: f32| if x < y { y } else { x })
}

/// `f64x2.ceil`
#[inline(always)]
pub fn f64x2_ceil(a: V128) -> V128 {
    map(a, f64_ceil)
}

/// `f64x2.floor`
#[inline(always)]
pub fn f64x2_floor(a: V128) -> V128 {
    map(a, f64_floor)
}

/// `f64x2.trunc`
#[inline(always)]
pub fn f64x2_trunc(a: V128) -> V128 {
    map(a, f64_trunc)
}

/// `f64x2.nearest`
#[inline(always)]
pub fn f64x2_nearest(a: V128) -> V128 {
    map(a, f64_nearest)
}

/// `f64x2.abs`
#[inline(always)]
pub fn f64x2_abs(a: V128) -> V128 {
    map(a, f64_abs)
}

/// `f64x2.neg`
#[inline(always)]
pub fn f64x2_neg(a: V128) -> V128 {
    map(a, f64_neg)
}

/// `f64x2.sqrt`
#[inline(always)]
pub fn f64x2_sqrt(a: V128) -> V128 {
    map(a, f64_sqrt)
}

/// `f64x2.add`
#[inline(always)]
pub fn f64x2_add(a: V128, b: V128) -> V128 {
    zip(a, b, f64_add)
}

/// `f64x2.sub`
#[inline(always)]
pub fn f64x2_sub(a: V128, b: V128) -> V128 {
    zip(a, b, f64_sub)
}

/// `f64x2.mul`
#[inline(always)]
pub fn f64x2_mul(a: V128, b: V128) -> V128 {
    zip(a, b, f64_mul)
}

/// `f64x2.div`
#[inline(always)]
pub fn f64x2_div(a: V128, b: V128) -> V128 {
    zip(a, b, f64_div)
}

/// `f64x2.min`
#[inline(always)]
pub fn f64x2_min(a: V128, b: V128) -> V128 {
    zip(a, b, f64_min)
}

/// `f64x2.max`
#[inline(always)]
pub fn f64x2_max(a: V128, b: V128) -> V128 {
    zip(a, b, f64_max)
}

/// `f64x2.pmin`
#[inline(always)]
pub fn f64x2_pmin(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f64, y: f64| if y < x { y } else { x })
}

/// `f64x2.pmax`
#[inline(always)]
pub fn f64x2_pmax(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f64, y: f64| if x < y { y } else { x })
}

/// `canonicalize_f32` in each lane.
#[inline(always)]
pub fn canonicalize_f32x4(a: V128) -> V128 {
    map(a, canonicalize_f32)
}

/// `canonicalize_f64` in each lane.
#[inline(always)]
pub fn canonicalize_f64x2(a: V128) -> V128 {
    map(a, canonicalize_f64)
}
