//! Vector instructions that move bits and lanes: bitwise logic, splats, lane access, shuffles, and the tests
//! that make one bit of each lane.

use super::vector::{V128, all, bits, each, map, zip};

/// `v128.not`
#[inline(always)]
pub fn v128_not(a: V128) -> V128 {
    map(a, |x: u64| !x)
}

/// `v128.and`
#[inline(always)]
pub fn v128_and(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u64, y: u64| x & y)
}

/// `v128.andnot`
#[inline(always)]
pub fn v128_andnot(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u64, y: u64| x & !y)
}

/// `v128.or`
#[inline(always)]
pub fn v128_or(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u64, y: u64| x | y)
}

/// `v128.xor`
#[inline(always)]
pub fn v128_xor(a: V128, b: V128) -> V128 {
    zip(a, b, |x: u64, y: u64| x ^ y)
}

/// `v128.bitselect`
#[inline(always)]
pub fn v128_bitselect(a: V128, b: V128, mask: V128) -> V128 {
    let [a, b, mask]: [[u64; 2]; 3] = [a.lanes(), b.lanes(), mask.lanes()];
    each(|i| (a[i] & mask[i]) | (b[i] & !mask[i]))
}

/// `v128.any_true`
#[inline(always)]
pub fn v128_any_true(a: V128) -> u32 {
    let [low, high]: [u64; 2] = a.lanes();
    u32::from(low | high != 0)
}

/// `i8x16.all_true`
#[inline(always)]
pub fn i8x16_all_true(a: V128) -> u32 {
    all(a, |x: u8| x != 0)
}

/// `i8x16.bitmask`
#[inline(always)]
pub fn i8x16_bitmask(a: V128) -> u32 {
    // The product gathers the top bits of eight bytes in its top byte.
    let gather = |x: u64| (x & 0x8080_8080_8080_8080).wrapping_mul(0x0002_0408_1020_4081) >> 56;
    let [low, high] = a.lanes();
    (gather(low) | gather(high) << 8) as u32
}

/// `i16x8.all_true`
#[inline(always)]
pub fn i16x8_all_true(a: V128) -> u32 {
    all(a, |x: u16| x != 0)
}

/// `i16x8.bitmask`
#[inline(always)]
pub fn i16x8_bitmask(a: V128) -> u32 {
    // The product gathers the bits 0, 16, 32 and 48 in its four top bits.
    let gather = |x: u64| (x >> 15 & 0x0001_0001_0001_0001).wrapping_mul(0x1000_2000_4000_8000) >> 60;
    let [low, high] = a.lanes();
    (gather(low) | gather(high) << 4) as u32
}

/// `i32x4.all_true`
#[inline(always)]
pub fn i32x4_all_true(a: V128) -> u32 {
    all(a, |x: u32| x != 0)
}

/// `i32x4.bitmask`
#[inline(always)]
pub fn i32x4_bitmask(a: V128) -> u32 {
    bits(a, |x: i32| x < 0)
}

/// `i64x2.all_true`
#[inline(always)]
pub fn i64x2_all_true(a: V128) -> u32 {
    all(a, |x: u64| x != 0)
}

/// `i64x2.bitmask`
#[inline(always)]
pub fn i64x2_bitmask(a: V128) -> u32 {
    bits(a, |x: i64| x < 0)
}

/// `i8x16.splat`
#[inline(always)]
pub fn i8x16_splat(a: u32) -> V128 {
    V128::from_lanes([a as u8; 16])
}

/// `i16x8.splat`
#[inline(always)]
pub fn i16x8_splat(a: u32) -> V128 {
    V128::from_lanes([a as u16; 8])
}

/// `i32x4.splat`
#[inline(always)]
pub fn i32x4_splat(a: u32) -> V128 {
    V128::from_lanes([a; 4])
}

/// `i64x2.splat`
#[inline(always)]
pub fn i64x2_splat(a: u64) -> V128 {
    V128::from_lanes([a; 2])
}

/// `f32x4.splat`
#[inline(always)]
pub fn f32x4_splat(a: f32) -> V128 {
    V128::from_lanes([a; 4])
}

/// `f64x2.splat`
#[inline(always)]
pub fn f64x2_splat(a: f64) -> V128 {
    V128::from_lanes([a; 2])
}

/// `i8x16.extract_lane_s`
#[inline(always)]
pub fn i8x16_extract_lane_s(a: V128, lane: u8) -> u32 {
    let a: [i8; 16] = a.lanes();
    a[usize::from(lane) % 16] as u32
}

/// `i8x16.extract_lane_u`
#[inline(always)]
pub fn i8x16_extract_lane_u(a: V128, lane: u8) -> u32 {
    let a: [u8; 16] = a.lanes();
    u32::from(a[usize::from(lane) % 16])
}

/// `i8x16.replace_lane`
#[inline(always)]
pub fn i8x16_replace_lane(a: V128, lane: u8, value: u32) -> V128 {
    let mut a: [u8; 16] = a.lanes();
    a[usize::from(lane) % 16] = value as u8;
    V128::from_lanes(a)
}

/// `i16x8.extract_lane_s`
#[inline(always)]
pub fn i16x8_extract_lane_s(a: V128, lane: u8) -> u32 {
    let a: [i16; 8] = a.lanes();
    a[usize::from(lane) % 8] as u32
}

/// `i16x8.extract_lane_u`
#[inline(always)]
pub fn i16x8_extract_lane_u(a: V128, lane: u8) -> u32 {
    let a: [u16; 8] = a.lanes();
    u32::from(a[usize::from(lane) % 8])
}

/// `i16x8.replace_lane`
#[inline(always)]
pub fn i16x8_replace_lane(a: V128, lane: u8, value: u32) -> V128 {
    let mut a: [u16; 8] = a.lanes();
    a[usize::from(lane) % 8] = value as u16;
    V128::from_lanes(a)
}

/// `i32x4.extract_lane`
#[inline(always)]
pub fn i32x4_extract_lane(a: V128, lane: u8) -> u32 {
    let a: [u32; 4] = a.lanes();
    a[usize::from(lane) % 4]
}

/// `i32x4.replace_lane`
#[inline(always)]
pub fn i32x4_replace_lane(a: V128, lane: u8, value: u32) -> V128 {
    let mut a: [u32; 4] = a.lanes();
    a[usize::from(lane) % 4] = value;
    V128::from_lanes(a)
}

/// `i64x2.extract_lane`
#[inline(always)]
pub fn i64x2_extract_lane(a: V128, lane: u8) -> u64 {
    let a: [u64; 2] = a.lanes();
    a[usize::from(lane) % 2]
}

/// `i64x2.replace_lane`
#[inline(always)]
pub fn i64x2_replace_lane(a: V128, lane: u8, value: u64) -> V128 {
    let mut a: [u64; 2] = a.lanes();
    a[usize::from(lane) % 2] = value;
    V128::from_lanes(a)
}

/// `f32x4.extract_lane`
#[inline(always)]
pub fn f32x4_extract_lane(a: V128, lane: u8) -> f32 {
    let a: [f32; 4] = a.lanes();
    a[usize::from(lane) % 4]
}

/// `f32x4.replace_lane`
#[inline(always)]
pub fn f32x4_replace_lane(a: V128, lane: u8, value: f32) -> V128 {
    let mut a: [f32; 4] = a.lanes();
    a[usize::from(lane) % 4] = value;
    V128::from_lanes(a)
}

/// `f64x2.extract_lane`
#[inline(always)]
pub fn f64x2_extract_lane(a: V128, lane: u8) -> f64 {
    let a: [f64; 2] = a.lanes();
    a[usize::from(lane) % 2]
}

/// `f64x2.replace_lane`
#[inline(always)]
pub fn f64x2_replace_lane(a: V128, lane: u8, value: f64) -> V128 {
    let mut a: [f64; 2] = a.lanes();
    a[usize::from(lane) % 2] = value;
    V128::from_lanes(a)
}

/// The bytes of two vectors.
#[inline(always)]
fn joined(a: V128, b: V128) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut i = 0;
    while i < 16 {
        bytes[i] = a.0[i];
        bytes[16 + i] = b.0[i];
        i += 1;
    }
    bytes
}

/// `i8x16.shuffle`
#[inline(always)]
pub fn i8x16_shuffle(a: V128, b: V128, lanes: [u8; 16]) -> V128 {
    let source = joined(a, b);
    each(|i| source[usize::from(lanes[i]) % 32])
}

/// `i8x16.swizzle`
#[inline(always)]
pub fn i8x16_swizzle(a: V128, b: V128) -> V128 {
    // All indices past the end meet at a zero behind the sixteen bytes.
    let source = joined(a, V128([0; 16]));
    map(b, |index: u8| source[usize::from(index.min(16)) % 32])
}
