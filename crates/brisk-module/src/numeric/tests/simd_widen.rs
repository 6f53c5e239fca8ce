//! Instructions between lanes of two widths, against the definitions on mathematical integers.

use super::super::*;
use super::{
    SIGNALLING_32, SIGNALLING_64, bits32, bits64, integers, is_quiet_32, is_quiet_64, vectors, wrapped,
};

/// Checks a function of two vectors: lanes read as `$lane`, the expected lanes have `$width` bits.
macro_rules! check {
    ($($function:ident $lane:ident $width:literal $expected:expr;)*) => {$(
        {
            let expected: fn(&[i128], &[i128]) -> Vec<i128> = $expected;
            for a in vectors() {
                for b in vectors() {
                    let lanes = expected(&integers::<_, $lane>(a), &integers::<_, $lane>(b));
                    let expected = wrapped(&lanes, $width);
                    assert_eq!($function(a, b), expected, "{}({a:?}, {b:?})", stringify!($function));
                }
            }
        }
    )*};
}

/// The same for functions of one vector.
macro_rules! check_unary {
    ($($function:ident $lane:ident $width:literal $expected:expr;)*) => {$(
        {
            let expected: fn(&[i128]) -> Vec<i128> = $expected;
            for a in vectors() {
                let expected = wrapped(&expected(&integers::<_, $lane>(a)), $width);
                assert_eq!($function(a), expected, "{}({a:?})", stringify!($function));
            }
        }
    )*};
}

fn low(a: &[i128]) -> &[i128] {
    &a[..a.len() / 2]
}

fn high(a: &[i128]) -> &[i128] {
    &a[a.len() / 2..]
}

fn products(a: &[i128], b: &[i128]) -> Vec<i128> {
    a.iter().zip(b).map(|(x, y)| x * y).collect()
}

fn pair_sums(a: &[i128]) -> Vec<i128> {
    a.chunks_exact(2).map(|pair| pair[0] + pair[1]).collect()
}

fn clamped(a: &[i128], b: &[i128], minimum: i128, maximum: i128) -> Vec<i128> {
    a.iter().chain(b).map(|x| *x.clamp(&minimum, &maximum)).collect()
}

#[test]
fn narrowing_reads_signed_lanes_and_saturates() {
    check! {
        i8x16_narrow_i16x8_s i16 8 |a, b| clamped(a, b, -128, 127);
        i8x16_narrow_i16x8_u i16 8 |a, b| clamped(a, b, 0, 255);
        i16x8_narrow_i32x4_s i32 16 |a, b| clamped(a, b, -32768, 32767);
        i16x8_narrow_i32x4_u i32 16 |a, b| clamped(a, b, 0, 65535);
    }
}

#[test]
fn extension_takes_one_half() {
    check_unary! {
        i16x8_extend_low_i8x16_s i8 16 |a| low(a).to_vec();
        i16x8_extend_high_i8x16_s i8 16 |a| high(a).to_vec();
        i16x8_extend_low_i8x16_u u8 16 |a| low(a).to_vec();
        i16x8_extend_high_i8x16_u u8 16 |a| high(a).to_vec();
        i32x4_extend_low_i16x8_s i16 32 |a| low(a).to_vec();
        i32x4_extend_high_i16x8_s i16 32 |a| high(a).to_vec();
        i32x4_extend_low_i16x8_u u16 32 |a| low(a).to_vec();
        i32x4_extend_high_i16x8_u u16 32 |a| high(a).to_vec();
        i64x2_extend_low_i32x4_s i32 64 |a| low(a).to_vec();
        i64x2_extend_high_i32x4_s i32 64 |a| high(a).to_vec();
        i64x2_extend_low_i32x4_u u32 64 |a| low(a).to_vec();
        i64x2_extend_high_i32x4_u u32 64 |a| high(a).to_vec();
    }
}

#[test]
fn extending_products_do_not_overflow() {
    check! {
        i16x8_extmul_low_i8x16_s i8 16 |a, b| products(low(a), low(b));
        i16x8_extmul_high_i8x16_s i8 16 |a, b| products(high(a), high(b));
        i16x8_extmul_low_i8x16_u u8 16 |a, b| products(low(a), low(b));
        i16x8_extmul_high_i8x16_u u8 16 |a, b| products(high(a), high(b));
        i32x4_extmul_low_i16x8_s i16 32 |a, b| products(low(a), low(b));
        i32x4_extmul_high_i16x8_s i16 32 |a, b| products(high(a), high(b));
        i32x4_extmul_low_i16x8_u u16 32 |a, b| products(low(a), low(b));
        i32x4_extmul_high_i16x8_u u16 32 |a, b| products(high(a), high(b));
        i64x2_extmul_low_i32x4_s i32 64 |a, b| products(low(a), low(b));
        i64x2_extmul_high_i32x4_s i32 64 |a, b| products(high(a), high(b));
        i64x2_extmul_low_i32x4_u u32 64 |a, b| products(low(a), low(b));
        i64x2_extmul_high_i32x4_u u32 64 |a, b| products(high(a), high(b));
    }
}

#[test]
fn pairs_are_summed() {
    check_unary! {
        i16x8_extadd_pairwise_i8x16_s i8 16 pair_sums;
        i16x8_extadd_pairwise_i8x16_u u8 16 pair_sums;
        i32x4_extadd_pairwise_i16x8_s i16 32 pair_sums;
        i32x4_extadd_pairwise_i16x8_u u16 32 pair_sums;
    }
    check! {
        i32x4_dot_i16x8_s i16 32 |a, b| pair_sums(&products(a, b));
    }
    let minimum = V128::from_lanes([i16::MIN; 8]);
    assert_eq!(
        i32x4_dot_i16x8_s(minimum, minimum),
        V128::from_lanes([i32::MIN; 4]),
        "the one sum that wraps"
    );
}

#[test]
fn lanes_convert_as_scalars_do() {
    let a = V128::from_lanes([f32::NAN, -1.9, 3e9, f32::NEG_INFINITY]);
    assert_eq!(i32x4_trunc_sat_f32x4_s(a), V128::from_lanes([0, -1, i32::MAX, i32::MIN]));
    assert_eq!(i32x4_trunc_sat_f32x4_u(a), V128::from_lanes([0, 0, 3_000_000_000_u32, 0]));
    assert_eq!(i32x4_trunc_sat_f32x4_u(V128::from_lanes([5e9_f32; 4])), V128::from_lanes([u32::MAX; 4]));
    let a = V128::from_lanes([-2_147_483_649.5_f64, 4_294_967_295.9]);
    assert_eq!(i32x4_trunc_sat_f64x2_s_zero(a), V128::from_lanes([i32::MIN, i32::MAX, 0, 0]));
    assert_eq!(i32x4_trunc_sat_f64x2_u_zero(a), V128::from_lanes([0, u32::MAX, 0, 0]));
    let nans = V128::from_lanes([f64::NAN, -f64::NAN]);
    assert_eq!(i32x4_trunc_sat_f64x2_s_zero(nans), V128::default());
    assert_eq!(i32x4_trunc_sat_f64x2_u_zero(nans), V128::default());
    let a = V128::from_lanes([u32::MAX, 0x8000_0000, 16_777_217, 0]);
    assert_eq!(f32x4_convert_i32x4_s(a), V128::from_lanes([-1.0, -2_147_483_648.0, 16_777_216.0_f32, 0.0]));
    assert_eq!(
        f32x4_convert_i32x4_u(a),
        V128::from_lanes([4_294_967_296.0, 2_147_483_648.0, 16_777_216.0_f32, 0.0])
    );
    assert_eq!(f64x2_convert_low_i32x4_s(a), V128::from_lanes([-1.0, -2_147_483_648.0_f64]));
    assert_eq!(f64x2_convert_low_i32x4_u(a), V128::from_lanes([4_294_967_295.0, 2_147_483_648.0_f64]));
}

#[test]
fn demotion_fills_with_zeros_and_promotion_takes_the_low_half() {
    let a = V128::from_lanes([1e39_f64, -1e-50]);
    assert_eq!(bits32(f32x4_demote_f64x2_zero(a).lanes()), bits32([f32::INFINITY, -0.0, 0.0, 0.0]));
    let a = V128::from_lanes([1.5_f32, -0.0, 3.0, 4.0]);
    assert_eq!(bits64(f64x2_promote_low_f32x4(a).lanes()), bits64([1.5, -0.0]));
    let quiet = f32x4_demote_f64x2_zero(V128::from_lanes([SIGNALLING_64; 2]));
    assert!(is_quiet_32(f32x4_extract_lane(quiet, 0)) && is_quiet_32(f32x4_extract_lane(quiet, 1)));
    let quiet = f64x2_promote_low_f32x4(V128::from_lanes([SIGNALLING_32; 4]));
    assert!(is_quiet_64(f64x2_extract_lane(quiet, 0)) && is_quiet_64(f64x2_extract_lane(quiet, 1)));
}
