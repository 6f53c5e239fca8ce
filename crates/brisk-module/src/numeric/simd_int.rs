//! Vector integer arithmetic and shifts on lanes of one width.

use super::vector::{V128, map, zip};

/// `i8x16.abs`
#[inline(always)]
pub fn i8x16_abs(a: V128) -> V128 {
    map(a, i8::wrapping_abs)
}

/// `i8x16.neg`
#[inline(always)]
pub fn i8x16_neg(a: V128) -> V128 {
    map(a, u8::wrapping_neg)
}

/// `i8x16.popcnt`
#[inline(always)]
pub fn i8x16_popcnt(a: V128) -> V128 {
    map(a, |x: u8| x.count_ones() as u8)
}

/// `i8x16.shl`
#[inline(always)]
pub fn i8x16_shl(a: V128, bits: u32) -> V128 {
    let bits = bits % 8;
    map(a, |x: u8| x << bits)
}

/// `i8x16.shr_s`
#[inline(always)]
pub fn i8x16_shr_s(a: V128, bits: u32) -> V128 {
    let bits = bits % 8;
    map(a, |x: i8| x >> bits)
}

/// `i8x16.shr_u`
#[inline(always)]
pub fn i8x16_shr_u(a: V128, bits: u32) -> V128 {
    let bits = bits % 8;
    map(a, |x: u8| x >> bits)
}

/// `i8x16.add`
#[inline(always)]
pub fn i8x16_add(a: V128, b: V128) -> V128 {
    zip(a, b, u8::wrapping_add)
}

/// `i8x16.sub`
#[inline(always)]
pub fn i8x16_sub(a: V128, b: V128) -> V128 {
    zip(a, b, u8::wrapping_sub)
}

/// `i8x16.add_sat_s`
#[inline(always)]
pub fn i8x16_add_sat_s(a: V128, b: V128) -> V128 {
    zip(a, b, i8::saturating_add)
}

/// `i8x16.add_sat_u`
#[inline(always)]
pub fn i8x16_add_sat_u(a: V128, b: V128) -> V128 {
    zip(a, b, u8::saturating_add)
}

/// `i8x16.sub_sat_s`
#[inline(always)]
pub fn i8x16_sub_sat_s(a: V128, b: V128) -> V128 {
    zip(a, b, i8::saturating_sub)
}

/// `i8x16.sub_sat_u`
#[inline(always)]
pub fn i8x16_sub_sat_u(a: V128, b: V128) -> V128 {
    zip(a, b, u8::saturating_sub)
}

/// `i8x16.min_s`
#[inline(always)]
pub fn i8x16_min_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i8, y: i8| x.min(y))
}

/// `i8x16.min_u`
#[inline(always)]
pub fn i8x16_min_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u8, y: u8| x.min(y))
}

/// `i8x16.max_s`
#[inline(always)]
pub fn i8x16_max_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i8, y: i8| x.max(y))
}

/// `i8x16.max_u`
#[inline(always)]
pub fn i8x16_max_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u8, y: u8| x.max(y))
}

/// `i8x16.avgr_u`
#[inline(always)]
pub fn i8x16_avgr_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u8, y: u8| ((u16::from(x) + u16::from(y) + 1) >> 1) as u8)
}

/// `i16x8.abs`
#[inline(always)]
pub fn i16x8_abs(a: V128) -> V128 {
    map(a, i16::wrapping_abs)
}

/// `i16x8.neg`
#[inline(always)]
pub fn i16x8_neg(a: V128) -> V128 {
    map(a, u16::wrapping_neg)
}

/// `i16x8.shl`
#[inline(always)]
pub fn i16x8_shl(a: V128, bits: u32) -> V128 {
    let bits = bits % 16;
    map(a, |x: u16| x << bits)
}

/// `i16x8.shr_s`
#[inline(always)]
pub fn i16x8_shr_s(a: V128, bits: u32) -> V128 {
    let bits = bits % 16;
    map(a, |x: i16| x >> bits)
}

/// `i16x8.shr_u`
#[inline(always)]
pub fn i16x8_shr_u(a: V128, bits: u32) -> V128 {
    let bits = bits % 16;
    map(a, |x: u16| x >> bits)
}

/// `i16x8.add`
#[inline(always)]
pub fn i16x8_add(a: V128, b: V128) -> V128 {
    zip(a, b, u16::wrapping_add)
}

/// `i16x8.sub`
#[inline(always)]
pub fn i16x8_sub(a: V128, b: V128) -> V128 {
    zip(a, b, u16::wrapping_sub)
}

/// `i16x8.mul`
#[inline(always)]
pub fn i16x8_mul(a: V128, b: V128) -> V128 {
    zip(a, b, u16::wrapping_mul)
}

/// `i16x8.add_sat_s`
#[inline(always)]
pub fn i16x8_add_sat_s(a: V128, b: V128) -> V128 {
    zip(a, b, i16::saturating_add)
}

/// `i16x8.add_sat_u`
#[inline(always)]
pub fn i16x8_add_sat_u(a: V128, b: V128) -> V128 {
    zip(a, b, u16::saturating_add)
}

/// `i16x8.sub_sat_s`
#[inline(always)]
pub fn i16x8_sub_sat_s(a: V128, b: V128) -> V128 {
    zip(a, b, i16::saturating_sub)
}

/// `i16x8.sub_sat_u`
#[inline(always)]
pub fn i16x8_sub_sat_u(a: V128, b: V128) -> V128 {
    zip(a, b, u16::saturating_sub)
}

/// `i16x8.min_s`
#[inline(always)]
pub fn i16x8_min_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i16, y: i16| x.min(y))
}

/// `i16x8.min_u`
#[inline(always)]
pub fn i16x8_min_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u16, y: u16| x.min(y))
}

/// `i16x8.max_s`
#[inline(always)]
pub fn i16x8_max_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i16, y: i16| x.max(y))
}

/// `i16x8.max_u`
#[inline(always)]
pub fn i16x8_max_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u16, y: u16| x.max(y))
}

/// `i16x8.avgr_u`
#[inline(always)]
pub fn i16x8_avgr_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u16, y: u16| ((u32::from(x) + u32::from(y) + 1) >> 1) as u16)
}

/// `i16x8.q15mulr_sat_s`
#[inline(always)]
pub fn i16x8_q15mulr_sat_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i16, y: i16| {
        let rounded = (i32::from(x) * i32::from(y) + 0x4000) >> 15;
        rounded.clamp(i16::MIN.into(), i16::MAX.into()) as i16
    })
}

/// `i32x4.abs`
#[inline(always)]
pub fn i32x4_abs(a: V128) -> V128 {
    map(a, i32::wrapping_abs)
}

/// `i32x4.neg`
#[inline(always)]
pub fn i32x4_neg(a: V128) -> V128 {
    map(a, u32::wrapping_neg)
}

/// `i32x4.shl`
#[inline(always)]
pub fn i32x4_shl(a: V128, bits: u32) -> V128 {
    let bits = bits % 32;
    map(a, |x: u32| x << bits)
}

/// `i32x4.shr_s`
#[inline(always)]
pub fn i32x4_shr_s(a: V128, bits: u32) -> V128 {
    let bits = bits % 32;
    map(a, |x: i32| x >> bits)
}

/// `i32x4.shr_u`
#[inline(always)]
pub fn i32x4_shr_u(a: V128, bits: u32) -> V128 {
    let bits = bits % 32;
    map(a, |x: u32| x >> bits)
}

/// `i32x4.add`
#[inline(always)]
pub fn i32x4_add(a: V128, b: V128) -> V128 {
    zip(a, b, u32::wrapping_add)
}

/// `i32x4.sub`
#[inline(always)]
pub fn i32x4_sub(a: V128, b: V128) -> V128 {
    zip(a, b, u32::wrapping_sub)
}

/// `i32x4.mul`
#[inline(always)]
pub fn i32x4_mul(a: V128, b: V128) -> V128 {
    zip(a, b, u32::wrapping_mul)
}

/// `i32x4.min_s`
#[inline(always)]
pub fn i32x4_min_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i32, y: i32| x.min(y))
}

/// `i32x4.min_u`
#[inline(always)]
pub fn i32x4_min_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u32, y: u32| x.min(y))
}

/// `i32x4.max_s`
#[inline(always)]
pub fn i32x4_max_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i32, y: i32| x.max(y))
}

/// `i32x4.max_u`
#[inline(always)]
pub fn i32x4_max_u(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u32, y: u32| x.max(y))
}

/// `i64x2.abs`
#[inline(always)]
pub fn i64x2_abs(a: V128) -> V128 {
    map(a, i64::wrapping_abs)
}

/// `i64x2.neg`
#[inline(always)]
pub fn i64x2_neg(a: V128) -> V128 {
    map(a, u64::wrapping_neg)
}

/// `i64x2.shl`
#[inline(always)]
pub fn i64x2_shl(a: V128, bits: u32) -> V128 {
    let bits = bits % 64;
    map(a, |x: u64| x << bits)
}

/// `i64x2.shr_s`
#[inline(always)]
pub fn i64x2_shr_s(a: V128, bits: u32) -> V128 {
    let bits = bits % 64;
    map(a, |x: i64| x >> bits)
}

/// `i64x2.shr_u`
#[inline(always)]
pub fn i64x2_shr_u(a: V128, bits: u32) -> V128 {
    let bits = bits % 64;
    map(a, |x: u64| x >> bits)
}

/// `i64x2.add`
#[inline(always)]
pub fn i64x2_add(a: V128, b: V128) -> V128 {
    zip(a, b, u64::wrapping_add)
}

/// `i64x2.sub`
#[inline(always)]
pub fn i64x2_sub(a: V128, b: V128) -> V128 {
    zip(a, b, u64::wrapping_sub)
}

/// `i64x2.mul`
#[inline(always)]
pub fn i64x2_mul(a: V128, b: V128) -> V128 {
    zip(a, b, u64::wrapping_mul)
}
