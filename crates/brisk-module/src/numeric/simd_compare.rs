//! Vector comparisons: all bits of a lane are set where the comparison holds.

use super::vector::{V128, zip};

/// `i8x16.eq`
#[inline(always)]
pub fn i8x16_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u8, y: u8| if x == y { u8::MAX } else { 0 })
}

/// `i8x16.ne`
#[inline(always)]
pub fn i8x16_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u8, y: u8| if x != y { u8::MAX } else { 0 })
}

/// `i8x16.lt_s`
#[inline(always)]
pub fn i8x16_lt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i8, y: i8| if x < y { u8::MAX } else { 0 })
}

/// `i8x16.lt_u`
#[inline(always)]
pub fn i8x16_lt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u8, y: u8| if x < y { u8::MAX } else { 0 })
}

/// `i8x16.gt_s`
#[inline(always)]
pub fn i8x16_gt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i8, y: i8| if x > y { u8::MAX } else { 0 })
}

/// `i8x16.gt_u`
#[inline(always)]
pub fn i8x16_gt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u8, y: u8| if x > y { u8::MAX } else { 0 })
}

/// `i8x16.le_s`
#[inline(always)]
pub fn i8x16_le_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i8, y: i8| if x <= y { u8::MAX } else { 0 })
}

/// `i8x16.le_u`
#[inline(always)]
pub fn i8x16_le_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u8, y: u8| if x <= y { u8::MAX } else { 0 })
}

/// `i8x16.ge_s`
#[inline(always)]
pub fn i8x16_ge_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i8, y: i8| if x >= y { u8::MAX } else { 0 })
}

/// `i8x16.ge_u`
#[inline(always)]
pub fn i8x16_ge_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u8, y: u8| if x >= y { u8::MAX } else { 0 })
}

/// `i16x8.eq`
#[inline(always)]
pub fn i16x8_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u16, y: u16| if x == y { u16::MAX } else { 0 })
}

/// `i16x8.ne`
#[inline(always)]
pub fn i16x8_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u16, y: u16| if x != y { u16::MAX } else { 0 })
}

/// `i16x8.lt_s`
#[inline(always)]
pub fn i16x8_lt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i16, y: i16| if x < y { u16::MAX } else { 0 })
}

/// `i16x8.lt_u`
#[inline(always)]
pub fn i16x8_lt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u16, y: u16| if x < y { u16::MAX } else { 0 })
}

/// `i16x8.gt_s`
#[inline(always)]
pub fn i16x8_gt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i16, y: i16| if x > y { u16::MAX } else { 0 })
}

/// `i16x8.gt_u`
#[inline(always)]
pub fn i16x8_gt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u16, y: u16| if x > y { u16::MAX } else { 0 })
}

/// `i16x8.le_s`
#[inline(always)]
pub fn i16x8_le_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i16, y: i16| if x <= y { u16::MAX } else { 0 })
}

/// `i16x8.le_u`
#[inline(always)]
pub fn i16x8_le_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u16, y: u16| if x <= y { u16::MAX } else { 0 })
}

/// `i16x8.ge_s`
#[inline(always)]
pub fn i16x8_ge_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i16, y: i16| if x >= y { u16::MAX } else { 0 })
}

/// `i16x8.ge_u`
#[inline(always)]
pub fn i16x8_ge_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u16, y: u16| if x >= y { u16::MAX } else { 0 })
}

/// `i32x4.eq`
#[inline(always)]
pub fn i32x4_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u32, y: u32| if x == y { u32::MAX } else { 0 })
}

/// `i32x4.ne`
#[inline(always)]
pub fn i32x4_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u32, y: u32| if x != y { u32::MAX } else { 0 })
}

/// `i32x4.lt_s`
#[inline(always)]
pub fn i32x4_lt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i32, y: i32| if x < y { u32::MAX } else { 0 })
}

/// `i32x4.lt_u`
#[inline(always)]
pub fn i32x4_lt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u32, y: u32| if x < y { u32::MAX } else { 0 })
}

/// `i32x4.gt_s`
#[inline(always)]
pub fn i32x4_gt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i32, y: i32| if x > y { u32::MAX } else { 0 })
}

/// `i32x4.gt_u`
#[inline(always)]
pub fn i32x4_gt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u32, y: u32| if x > y { u32::MAX } else { 0 })
}

/// `i32x4.le_s`
#[inline(always)]
pub fn i32x4_le_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i32, y: i32| if x <= y { u32::MAX } else { 0 })
}

/// `i32x4.le_u`
#[inline(always)]
pub fn i32x4_le_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u32, y: u32| if x <= y { u32::MAX } else { 0 })
}

/// `i32x4.ge_s`
#[inline(always)]
pub fn i32x4_ge_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i32, y: i32| if x >= y { u32::MAX } else { 0 })
}

/// `i32x4.ge_u`
#[inline(always)]
pub fn i32x4_ge_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u32, y: u32| if x >= y { u32::MAX } else { 0 })
}

/// `i64x2.eq`
#[inline(always)]
pub fn i64x2_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u64, y: u64| if x == y { u64::MAX } else { 0 })
}

/// `i64x2.ne`
#[inline(always)]
pub fn i64x2_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u64, y: u64| if x != y { u64::MAX } else { 0 })
}

/// `i64x2.lt_s`
#[inline(always)]
pub fn i64x2_lt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i64, y: i64| if x < y { u64::MAX } else { 0 })
}

/// `i64x2.gt_s`
#[inline(always)]
pub fn i64x2_gt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i64, y: i64| if x > y { u64::MAX } else { 0 })
}

/// `i64x2.le_s`
#[inline(always)]
pub fn i64x2_le_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i64, y: i64| if x <= y { u64::MAX } else { 0 })
}

/// `i64x2.ge_s`
#[inline(always)]
pub fn i64x2_ge_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i64, y: i64| if x >= y { u64::MAX } else { 0 })
}

/// `f32x4.eq`
#[inline(always)]
pub fn f32x4_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f32, y: f32| if x == y { u32::MAX } else { 0 })
}

/// `f32x4.ne`
#[inline(always)]
pub fn f32x4_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f32, y: f32| if x != y { u32::MAX } else { 0 })
}

/// `f32x4.lt`
#[inline(always)]
pub fn f32x4_lt(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f32, y: f32| if x < y { u32::MAX } else { 0 })
}

/// `f32x4.gt`
#[inline(always)]
pub fn f32x4_gt(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f32, y: f32| if x > y { u32::MAX } else { 0 })
}

/// `f32x4.le`
#[inline(always)]
pub fn f32x4_le(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f32, y: f32| if x <= y { u32::MAX } else { 0 })
}

/// `f32x4.ge`
#[inline(always)]
pub fn f32x4_ge(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f32, y: f32| if x >= y { u32::MAX } else { 0 })
}

/// `f64x2.eq`
#[inline(always)]
pub fn f64x2_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f64, y: f64| if x == y { u64::MAX } else { 0 })
}

/// `f64x2.ne`
#[inline(always)]
pub fn f64x2_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f64, y: f64| if x != y { u64::MAX } else { 0 })
}

/// `f64x2.lt`
#[inline(always)]
pub fn f64x2_lt(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f64, y: f64| if x < y { u64::MAX } else { 0 })
}

/// `f64x2.gt`
#[inline(always)]
pub fn f64x2_gt(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f64, y: f64| if x > y { u64::MAX } else { 0 })
}

/// `f64x2.le`
#[inline(always)]
pub fn f64x2_le(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f64, y: f64| if x <= y { u64::MAX } else { 0 })
}

/// `f64x2.ge`
#[inline(always)]
pub fn f64x2_ge(a: V128, b: V128) -> V128 {
    zip(a, b, |x: f64, y: f64| if x >= y { u64::MAX } else { 0 })
}
