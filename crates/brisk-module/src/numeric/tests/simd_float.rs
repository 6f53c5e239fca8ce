use super::super::*;
use super::{SIGNALLING_32, SIGNALLING_64, bits32, bits64, is_quiet_32, is_quiet_64};
use std::hint::black_box;

const A: [f32; 4] = [-1.5, -0.0, 2.5, f32::INFINITY];
const B: [f32; 4] = [4.0, 0.0, -0.5, 1.0];

/// The result of a function of two `f32x4`, as bits.
fn binary32(f: fn(V128, V128) -> V128, a: [f32; 4], b: [f32; 4]) -> [u32; 4] {
    f(V128::from_lanes(black_box(a)), V128::from_lanes(black_box(b))).lanes()
}

/// The result of a function of two `f64x2`, as bits.
fn binary64(f: fn(V128, V128) -> V128, a: [f64; 2], b: [f64; 2]) -> [u64; 2] {
    f(V128::from_lanes(black_box(a)), V128::from_lanes(black_box(b))).lanes()
}

fn unary32(f: fn(V128) -> V128, a: [f32; 4]) -> [u32; 4] {
    f(V128::from_lanes(black_box(a))).lanes()
}

fn unary64(f: fn(V128) -> V128, a: [f64; 2]) -> [u64; 2] {
    f(V128::from_lanes(black_box(a))).lanes()
}

#[test]
fn arithmetic_acts_on_each_lane() {
    assert_eq!(binary32(f32x4_add, A, B), bits32([2.5, 0.0, 2.0, f32::INFINITY]));
    assert_eq!(binary32(f32x4_sub, A, B), bits32([-5.5, -0.0, 3.0, f32::INFINITY]));
    assert_eq!(binary32(f32x4_mul, A, B), bits32([-6.0, -0.0, -1.25, f32::INFINITY]));
    assert_eq!(binary32(f32x4_div, A, [4.0, 1.0, -0.5, 0.0]), bits32([-0.375, -0.0, -5.0, f32::INFINITY]));
    assert_eq!(
        unary32(f32x4_sqrt, [4.0, -0.0, 2.25, f32::INFINITY]),
        bits32([2.0, -0.0, 1.5, f32::INFINITY])
    );
    assert_eq!(binary64(f64x2_add, [0.1, -0.0], [0.2, -0.0]), bits64([0.300_000_000_000_000_04, -0.0]));
    assert_eq!(binary64(f64x2_sub, [1.0, -0.0], [0.5, 0.0]), bits64([0.5, -0.0]));
    assert_eq!(binary64(f64x2_mul, [1e200, -0.0], [1e200, 2.0]), bits64([f64::INFINITY, -0.0]));
    assert_eq!(binary64(f64x2_div, [1.0, -1.0], [4.0, 0.0]), bits64([0.25, f64::NEG_INFINITY]));
    assert_eq!(unary64(f64x2_sqrt, [9.0, -0.0]), bits64([3.0, -0.0]));
}

#[test]
fn rounding_acts_on_each_lane() {
    let a = [-0.5, 2.5, -1.75, 8_388_609.0];
    assert_eq!(unary32(f32x4_ceil, a), bits32([-0.0, 3.0, -1.0, 8_388_609.0]));
    assert_eq!(unary32(f32x4_floor, a), bits32([-1.0, 2.0, -2.0, 8_388_609.0]));
    assert_eq!(unary32(f32x4_trunc, a), bits32([-0.0, 2.0, -1.0, 8_388_609.0]));
    assert_eq!(unary32(f32x4_nearest, a), bits32([-0.0, 2.0, -2.0, 8_388_609.0]));
    let a = [-0.5, 4_503_599_627_370_497.0];
    assert_eq!(unary64(f64x2_ceil, a), bits64([-0.0, a[1]]));
    assert_eq!(unary64(f64x2_floor, a), bits64([-1.0, a[1]]));
    assert_eq!(unary64(f64x2_trunc, a), bits64([-0.0, a[1]]));
    assert_eq!(unary64(f64x2_nearest, a), bits64([-0.0, a[1]]));
}

#[test]
fn signalling_nans_come_out_quiet() {
    for f in [f32x4_ceil, f32x4_floor, f32x4_trunc, f32x4_nearest, f32x4_sqrt] {
        assert!(unary32(f, [SIGNALLING_32; 4]).iter().all(|&bits| is_quiet_32(f32::from_bits(bits))));
    }
    for f in [f32x4_add, f32x4_sub, f32x4_mul, f32x4_div, f32x4_min, f32x4_max] {
        let results = [binary32(f, [SIGNALLING_32; 4], B), binary32(f, B, [SIGNALLING_32; 4])];
        assert!(results.as_flattened().iter().all(|&bits| is_quiet_32(f32::from_bits(bits))));
    }
    for f in [f64x2_ceil, f64x2_floor, f64x2_trunc, f64x2_nearest, f64x2_sqrt] {
        assert!(unary64(f, [SIGNALLING_64; 2]).iter().all(|&bits| is_quiet_64(f64::from_bits(bits))));
    }
    for f in [f64x2_add, f64x2_sub, f64x2_mul, f64x2_div, f64x2_min, f64x2_max] {
        let results = [binary64(f, [SIGNALLING_64; 2], [1.0; 2]), binary64(f, [1.0; 2], [SIGNALLING_64; 2])];
        assert!(results.as_flattened().iter().all(|&bits| is_quiet_64(f64::from_bits(bits))));
    }
}

#[test]
fn signs_change_without_touching_the_payload() {
    assert_eq!(
        unary32(f32x4_neg, [SIGNALLING_32, 0.0, -0.0, 1.0]),
        [0xffa0_0001, 0x8000_0000, 0, 0xbf80_0000]
    );
    assert_eq!(unary32(f32x4_abs, [-SIGNALLING_32, 0.0, -0.0, -1.0]), [0x7fa0_0001, 0, 0, 0x3f80_0000]);
    assert_eq!(unary64(f64x2_neg, [SIGNALLING_64, -0.0]), [0xfff4_0000_0000_0001, 0]);
    assert_eq!(unary64(f64x2_abs, [-SIGNALLING_64, -0.0]), [0x7ff4_0000_0000_0001, 0]);
}

#[test]
fn min_and_max_order_zeros() {
    let (a, b) = ([0.0, -0.0, 1.0, -1.0], [-0.0, 0.0, 2.0, -2.0]);
    assert_eq!(binary32(f32x4_min, a, b), bits32([-0.0, -0.0, 1.0, -2.0]));
    assert_eq!(binary32(f32x4_max, a, b), bits32([0.0, 0.0, 2.0, -1.0]));
    assert_eq!(binary64(f64x2_min, [0.0, 3.0], [-0.0, 2.0]), bits64([-0.0, 2.0]));
    assert_eq!(binary64(f64x2_max, [-0.0, 3.0], [0.0, 2.0]), bits64([0.0, 3.0]));
}

#[test]
fn pseudo_min_and_max_return_an_operand_unchanged() {
    // pmin(a, b) is b < a ? b : a, and pmax(a, b) is a < b ? b : a.
    let (a, b) = ([0.0, SIGNALLING_32, 1.0, 2.0], [-0.0, 1.0, SIGNALLING_32, 1.0]);
    assert_eq!(binary32(f32x4_pmin, a, b), bits32([0.0, SIGNALLING_32, 1.0, 1.0]));
    assert_eq!(binary32(f32x4_pmax, a, b), bits32([0.0, SIGNALLING_32, 1.0, 2.0]));
    assert_eq!(binary32(f32x4_pmax, b, a), bits32([-0.0, 1.0, SIGNALLING_32, 2.0]));
    assert_eq!(binary64(f64x2_pmin, [-0.0, SIGNALLING_64], [0.0, 1.0]), bits64([-0.0, SIGNALLING_64]));
    assert_eq!(binary64(f64x2_pmin, [5.0, 1.0], [4.0, SIGNALLING_64]), bits64([4.0, 1.0]));
    assert_eq!(binary64(f64x2_pmax, [-0.0, SIGNALLING_64], [0.0, 1.0]), bits64([-0.0, SIGNALLING_64]));
    assert_eq!(binary64(f64x2_pmax, [5.0, 1.0], [6.0, SIGNALLING_64]), bits64([6.0, 1.0]));
}

#[test]
fn comparisons_with_nan_are_false_but_for_ne() {
    const YES: u32 = u32::MAX;
    let (a, b) = ([1.0, 2.0, f32::NAN, -0.0], [2.0, 1.0, f32::NAN, 0.0]);
    assert_eq!(binary32(f32x4_eq, a, b), [0, 0, 0, YES]);
    assert_eq!(binary32(f32x4_ne, a, b), [YES, YES, YES, 0]);
    assert_eq!(binary32(f32x4_lt, a, b), [YES, 0, 0, 0]);
    assert_eq!(binary32(f32x4_gt, a, b), [0, YES, 0, 0]);
    assert_eq!(binary32(f32x4_le, a, b), [YES, 0, 0, YES]);
    assert_eq!(binary32(f32x4_ge, a, b), [0, YES, 0, YES]);
    const WIDE: u64 = u64::MAX;
    for ((a, b), expected) in [
        (([1.0, -0.0], [2.0, 0.0]), [[0, WIDE], [WIDE, 0], [WIDE, 0], [0, 0], [WIDE, WIDE], [0, WIDE]]),
        (([2.0, f64::NAN], [1.0, 0.0]), [[0, 0], [WIDE, WIDE], [0, 0], [WIDE, 0], [0, 0], [WIDE, 0]]),
    ] {
        let results = [f64x2_eq, f64x2_ne, f64x2_lt, f64x2_gt, f64x2_le, f64x2_ge].map(|f| binary64(f, a, b));
        assert_eq!(results, expected);
    }
}

#[test]
fn canonicalization_acts_on_each_lane() {
    let a = [SIGNALLING_32, -0.0, -f32::NAN, f32::INFINITY];
    assert_eq!(unary32(canonicalize_f32x4, a), [0x7fc0_0000, 0x8000_0000, 0x7fc0_0000, 0x7f80_0000]);
    assert_eq!(unary64(canonicalize_f64x2, [-SIGNALLING_64, -0.0]), [0x7ff8_0000_0000_0000, 1 << 63]);
}
