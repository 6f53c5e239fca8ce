//! Vector instructions between lanes of two widths: narrowing, extension, extending products and sums, dot
//! products, and conversions from and to floats.
//!
//! What combines the two lanes of a pair takes them as the halves of one wider lane: each step then works on whole
//! vectors.

use super::vector::{V128, each, map, zip};

/// `i8x16.narrow_i16x8_s`
#[inline(always)]
pub fn i8x16_narrow_i16x8_s(a: V128, b: V128) -> V128 {
    let [a, b]: [[i16; 8]; 2] = [a.lanes(), b.lanes()];
    let clamp = |x: i16| x.clamp(i8::MIN.into(), i8::MAX.into()) as i8;
    each::<16, i8>(|i| clamp(if i < 8 { a[i] } else { b[i - 8] }))
}

/// `i8x16.narrow_i16x8_u`
#[inline(always)]
pub fn i8x16_narrow_i16x8_u(a: V128, b: V128) -> V128 {
    let [a, b]: [[i16; 8]; 2] = [a.lanes(), b.lanes()];
    let clamp = |x: i16| x.clamp(u8::MIN.into(), u8::MAX.into()) as u8;
    each::<16, u8>(|i| clamp(if i < 8 { a[i] } else { b[i - 8] }))
}

/// `i16x8.narrow_i32x4_s`
#[inline(always)]
pub fn i16x8_narrow_i32x4_s(a: V128, b: V128) -> V128 {
    let [a, b]: [[i32; 4]; 2] = [a.lanes(), b.lanes()];
    let clamp = |x: i32| x.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
    each::<8, i16>(|i| clamp(if i < 4 { a[i] } else { b[i - 4] }))
}

/// `i16x8.narrow_i32x4_u`
#[inline(always)]
pub fn i16x8_narrow_i32x4_u(a: V128, b: V128) -> V128 {
    let [a, b]: [[i32; 4]; 2] = [a.lanes(), b.lanes()];
    let clamp = |x: i32| x.clamp(u16::MIN.into(), u16::MAX.into()) as u16;
    each::<8, u16>(|i| clamp(if i < 4 { a[i] } else { b[i - 4] }))
}

/// `i16x8.extadd_pairwise_i8x16_s`
#[inline(always)]
pub fn i16x8_extadd_pairwise_i8x16_s(a: V128) -> V128 {
    map(a, |pair: i16| i16::from(pair as i8) + (pair >> 8))
}

/// `i16x8.extadd_pairwise_i8x16_u`
#[inline(always)]
pub fn i16x8_extadd_pairwise_i8x16_u(a: V128) -> V128 {
    map(a, |pair: u16| u16::from(pair as u8) + (pair >> 8))
}

/// `i16x8.extend_low_i8x16_s`
#[inline(always)]
pub fn i16x8_extend_low_i8x16_s(a: V128) -> V128 {
    let a: [i8; 16] = a.lanes();
    each::<8, i16>(|i| a[i].into())
}

/// `i16x8.extend_low_i8x16_u`
#[inline(always)]
pub fn i16x8_extend_low_i8x16_u(a: V128) -> V128 {
    let a: [u8; 16] = a.lanes();
    each::<8, u16>(|i| a[i].into())
}

/// `i16x8.extend_high_i8x16_s`
#[inline(always)]
pub fn i16x8_extend_high_i8x16_s(a: V128) -> V128 {
    let a: [i8; 16] = a.lanes();
    each::<8, i16>(|i| a[i + 8].into())
}

/// `i16x8.extend_high_i8x16_u`
#[inline(always)]
pub fn i16x8_extend_high_i8x16_u(a: V128) -> V128 {
    let a: [u8; 16] = a.lanes();
    each::<8, u16>(|i| a[i + 8].into())
}

/// `i16x8.extmul_low_i8x16_s`
#[inline(always)]
pub fn i16x8_extmul_low_i8x16_s(a: V128, b: V128) -> V128 {
    let [a, b]: [[i8; 16]; 2] = [a.lanes(), b.lanes()];
    each::<8, i16>(|i| i16::from(a[i]) * i16::from(b[i]))
}

/// `i16x8.extmul_low_i8x16_u`
#[inline(always)]
pub fn i16x8_extmul_low_i8x16_u(a: V128, b: V128) -> V128 {
    let [a, b]: [[u8; 16]; 2] = [a.lanes(), b.lanes()];
    each::<8, u16>(|i| u16::from(a[i]) * u16::from(b[i]))
}

/// `i16x8.extmul_high_i8x16_s`
#[inline(always)]
pub fn i16x8_extmul_high_i8x16_s(a: V128, b: V128) -> V128 {
    let [a, b]: [[i8; 16]; 2] = [a.lanes(), b.lanes()];
    each::<8, i16>(|i| i16::from(a[i + 8]) * i16::from(b[i + 8]))
}

/// `i16x8.extmul_high_i8x16_u`
#[inline(always)]
pub fn i16x8_extmul_high_i8x16_u(a: V128, b: V128) -> V128 {
    let [a, b]: [[u8; 16]; 2] = [a.lanes(), b.lanes()];
    each::<8, u16>(|i| u16::from(a[i + 8]) * u16::from(b[i + 8]))
}

/// `i32x4.extadd_pairwise_i16x8_s`
#[inline(always)]
pub fn i32x4_extadd_pairwise_i16x8_s(a: V128) -> V128 {
    map(a, |pair: i32| i32::from(pair as i16) + (pair >> 16))
}

/// `i32x4.extadd_pairwise_i16x8_u`
#[inline(always)]
pub fn i32x4_extadd_pairwise_i16x8_u(a: V128) -> V128 {
    map(a, |pair: u32| u32::from(pair as u16) + (pair >> 16))
}

/// `i32x4.extend_low_i16x8_s`
#[inline(always)]
pub fn i32x4_extend_low_i16x8_s(a: V128) -> V128 {
    let a: [i16; 8] = a.lanes();
    each::<4, i32>(|i| a[i].into())
}

/// `i32x4.extend_low_i16x8_u`
#[inline(always)]
pub fn i32x4_extend_low_i16x8_u(a: V128) -> V128 {
    let a: [u16; 8] = a.lanes();
    each::<4, u32>(|i| a[i].into())
}

/// `i32x4.extend_high_i16x8_s`
#[inline(always)]
pub fn i32x4_extend_high_i16x8_s(a: V128) -> V128 {
    let a: [i16; 8] = a.lanes();
    each::<4, i32>(|i| a[i + 4].into())
}

/// `i32x4.extend_high_i16x8_u`
#[inline(always)]
pub fn i32x4_extend_high_i16x8_u(a: V128) -> V128 {
    let a: [u16; 8] = a.lanes();
    each::<4, u32>(|i| a[i + 4].into())
}

/// `i32x4.extmul_low_i16x8_s`
#[inline(always)]
pub fn i32x4_extmul_low_i16x8_s(a: V128, b: V128) -> V128 {
    let [a, b]: [[i16; 8]; 2] = [a.lanes(), b.lanes()];
    each::<4, i32>(|i| i32::from(a[i]) * i32::from(b[i]))
}

/// `i32x4.extmul_low_i16x8_u`
#[inline(always)]
pub fn i32x4_extmul_low_i16x8_u(a: V128, b: V128) -> V128 {
    let [a, b]: [[u16; 8]; 2] = [a.lanes(), b.lanes()];
    each::<4, u32>(|i| u32::from(a[i]) * u32::from(b[i]))
}

/// `i32x4.extmul_high_i16x8_s`
#[inline(always)]
pub fn i32x4_extmul_high_i16x8_s(a: V128, b: V128) -> V128 {
    let [a, b]: [[i16; 8]; 2] = [a.lanes(), b.lanes()];
    each::<4, i32>(|i| i32::from(a[i + 4]) * i32::from(b[i + 4]))
}

/// `i32x4.extmul_high_i16x8_u`
#[inline(always)]
pub fn i32x4_extmul_high_i16x8_u(a: V128, b: V128) -> V128 {
    let [a, b]: [[u16; 8]; 2] = [a.lanes(), b.lanes()];
    each::<4, u32>(|i| u32::from(a[i + 4]) * u32::from(b[i + 4]))
}

/// `i64x2.extend_low_i32x4_s`
#[inline(always)]
pub fn i64x2_extend_low_i32x4_s(a: V128) -> V128 {
    let a: [i32; 4] = a.lanes();
    each::<2, i64>(|i| a[i].into())
}

/// `i64x2.extend_low_i32x4_u`
#[inline(always)]
pub fn i64x2_extend_low_i32x4_u(a: V128) -> V128 {
    let a: [u32; 4] = a.lanes();
    each::<2, u64>(|i| a[i].into())
}

/// `i64x2.extend_high_i32x4_s`
#[inline(always)]
pub fn i64x2_extend_high_i32x4_s(a: V128) -> V128 {
    let a: [i32; 4] = a.lanes();
    each::<2, i64>(|i| a[i + 2].into())
}

/// `i64x2.extend_high_i32x4_u`
#[inline(always)]
pub fn i64x2_extend_high_i32x4_u(a: V128) -> V128 {
    let a: [u32; 4] = a.lanes();
    each::<2, u64>(|i| a[i + 2].into())
}

/// `i64x2.extmul_low_i32x4_s`
#[inline(always)]
pub fn i64x2_extmul_low_i32x4_s(a: V128, b: V128) -> V128 {
    let [a, b]: [[i32; 4]; 2] = [a.lanes(), b.lanes()];
    each::<2, i64>(|i| i64::from(a[i]) * i64::from(b[i]))
}

/// `i64x2.extmul_low_i32x4_u`
#[inline(always)]
pub fn i64x2_extmul_low_i32x4_u(a: V128, b: V128) -> V128 {
    let [a, b]: [[u32; 4]; 2] = [a.lanes(), b.lanes()];
    each::<2, u64>(|i| u64::from(a[i]) * u64::from(b[i]))
}

/// `i64x2.extmul_high_i32x4_s`
#[inline(always)]
pub fn i64x2_extmul_high_i32x4_s(a: V128, b: V128) -> V128 {
    let [a, b]: [[i32; 4]; 2] = [a.lanes(), b.lanes()];
    each::<2, i64>(|i| i64::from(a[i + 2]) * i64::from(b[i + 2]))
}

/// `i64x2.extmul_high_i32x4_u`
#[inline(always)]
pub fn i64x2_extmul_high_i32x4_u(a: V128, b: V128) -> V128 {
    let [a, b]: [[u32; 4]; 2] = [a.lanes(), b.lanes()];
    each::<2, u64>(|i| u64::from(a[i + 2]) * u64::from(b[i + 2]))
}

/// `i32x4.dot_i16x8_s`
#[inline(always)]
pub fn i32x4_dot_i16x8_s(a: V128, b: V128) -> V128 {
    zip(a, b, |x: i32, y: i32| {
        let low = i32::from(x as i16) * i32::from(y as i16);
        let high = (x >> 16) * (y >> 16);
        low.wrapping_add(high)
    })
}

/// `i32x4.trunc_sat_f32x4_s`
#[inline(always)]
pub fn i32x4_trunc_sat_f32x4_s(a: V128) -> V128 {
    map(a, |x: f32| x as i32)
}

/// `i32x4.trunc_sat_f32x4_u`
#[inline(always)]
pub fn i32x4_trunc_sat_f32x4_u(a: V128) -> V128 {
    map(a, |x: f32| x as u32)
}

/// `f32x4.convert_i32x4_s`
#[inline(always)]
pub fn f32x4_convert_i32x4_s(a: V128) -> V128 {
    map(a, |x: i32| x as f32)
}

/// `f32x4.convert_i32x4_u`
#[inline(always)]
pub fn f32x4_convert_i32x4_u(a: V128) -> V128 {
    map(a, |x: u32| x as f32)
}

/// `i32x4.trunc_sat_f64x2_s_zero`
#[inline(always)]
pub fn i32x4_trunc_sat_f64x2_s_zero(a: V128) -> V128 {
    let [low, high]: [f64; 2] = a.lanes();
    V128::from_lanes([low as i32, high as i32, 0, 0])
}

/// `i32x4.trunc_sat_f64x2_u_zero`
#[inline(always)]
pub fn i32x4_trunc_sat_f64x2_u_zero(a: V128) -> V128 {
    let [low, high]: [f64; 2] = a.lanes();
    V128::from_lanes([low as u32, high as u32, 0, 0])
}

/// `f64x2.convert_low_i32x4_s`
#[inline(always)]
pub fn f64x2_convert_low_i32x4_s(a: V128) -> V128 {
    let [first, second, _, _]: [i32; 4] = a.lanes();
    V128::from_lanes([f64::from(first), f64::from(second)])
}

/// `f64x2.convert_low_i32x4_u`
#[inline(always)]
pub fn f64x2_convert_low_i32x4_u(a: V128) -> V128 {
    let [first, second, _, _]: [u32; 4] = a.lanes();
    V128::from_lanes([f64::from(first), f64::from(second)])
}

/// `f32x4.demote_f64x2_zero`
#[inline(always)]
pub fn f32x4_demote_f64x2_zero(a: V128) -> V128 {
    let [low, high]: [f64; 2] = a.lanes();
    V128::from_lanes([low as f32, high as f32, 0.0, 0.0])
}

/// `f64x2.promote_low_f32x4`
#[inline(always)]
pub fn f64x2_promote_low_f32x4(a: V128) -> V128 {
    let [first, second, _, _]: [f32; 4] = a.lanes();
    V128::from_lanes([f64::from(first), f64::from(second)])
}
