use super::super::*;
use super::{SIGNALLING_32, SIGNALLING_64, is_quiet_32, is_quiet_64};
use std::hint::black_box;

/// Pairs of a number and its rounding, bits compared.
fn rounds(f: fn(f32) -> f32, g: fn(f64) -> f64, pairs: &[(f64, f64)]) {
    for &(a, expected) in pairs {
        assert_eq!(f(a as f32).to_bits(), (expected as f32).to_bits(), "{a} as f32");
        assert_eq!(g(a).to_bits(), expected.to_bits(), "{a}");
    }
}

const INF: f64 = f64::INFINITY;

#[test]
fn nearest_rounds_ties_to_even() {
    let pairs = [
        (0.5, 0.0),
        (1.5, 2.0),
        (2.5, 2.0),
        (-0.5, -0.0),
        (-1.5, -2.0),
        (-2.5, -2.0),
        (0.0, 0.0),
        (-0.0, -0.0),
        (0.75, 1.0),
        (-0.75, -1.0),
        (4_194_303.5, 4_194_304.0),
        (8_388_607.5 - 0.5, 8_388_607.0),
        (8_388_609.0, 8_388_609.0),
        (16_777_216.0, 16_777_216.0),
        (1e30, 1e30),
        (INF, INF),
        (-INF, -INF),
        (1e-40, 0.0),
        (-1e-40, -0.0),
    ];
    rounds(f32_nearest, f64_nearest, &pairs);
    assert_eq!(f32_nearest(8_388_606.5), 8_388_606.0);
    assert_eq!(f32_nearest(0.499_999_97), 0.0);
    assert_eq!(f64_nearest(4_503_599_627_370_495.5), 4_503_599_627_370_496.0);
    assert_eq!(f64_nearest(4_503_599_627_370_497.0), 4_503_599_627_370_497.0);
    assert_eq!(f64_nearest(0.499_999_999_999_999_94), 0.0);
}

#[test]
fn ceil_floor_trunc_keep_the_sign_of_zero() {
    let ceil = [
        (0.25, 1.0),
        (-0.25, -0.0),
        (-0.75, -0.0),
        (-1.0, -1.0),
        (-1.25, -1.0),
        (0.0, 0.0),
        (-0.0, -0.0),
        (1e30, 1e30),
        (INF, INF),
        (-INF, -INF),
        (1e-40, 1.0),
        (-1e-40, -0.0),
        (8_388_607.5, 8_388_608.0),
    ];
    rounds(f32_ceil, f64_ceil, &ceil);
    let floor = [
        (0.25, 0.0),
        (0.75, 0.0),
        (-0.25, -1.0),
        (-0.75, -1.0),
        (-1.0, -1.0),
        (-1.25, -2.0),
        (0.0, 0.0),
        (-0.0, -0.0),
        (-1e30, -1e30),
        (INF, INF),
        (-INF, -INF),
        (1e-40, 0.0),
        (-1e-40, -1.0),
        (8_388_607.5, 8_388_607.0),
    ];
    rounds(f32_floor, f64_floor, &floor);
    let trunc = [
        (0.75, 0.0),
        (-0.75, -0.0),
        (1.75, 1.0),
        (-1.75, -1.0),
        (0.0, 0.0),
        (-0.0, -0.0),
        (1e30, 1e30),
        (INF, INF),
        (-INF, -INF),
        (1e-40, 0.0),
        (-1e-40, -0.0),
        (-8_388_607.5, -8_388_607.0),
    ];
    rounds(f32_trunc, f64_trunc, &trunc);
}

#[test]
fn rounding_agrees_with_the_standard_library() {
    let mut bits = 1_u64;
    for _ in 0..20_000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // An exponent around the fractional range, from 2^-3 to 2^60.
        let exponent = 1020 + (bits >> 58);
        let double = f64::from_bits(bits & !(0x7ff << 52) | exponent << 52);
        assert_eq!(f64_nearest(double).to_bits(), double.round_ties_even().to_bits(), "{double}");
        assert_eq!(f64_ceil(double).to_bits(), double.ceil().to_bits(), "{double}");
        assert_eq!(f64_floor(double).to_bits(), double.floor().to_bits(), "{double}");
        assert_eq!(f64_trunc(double).to_bits(), double.trunc().to_bits(), "{double}");
        let single = double as f32;
        assert_eq!(f32_nearest(single).to_bits(), single.round_ties_even().to_bits(), "{single}");
        assert_eq!(f32_ceil(single).to_bits(), single.ceil().to_bits(), "{single}");
        assert_eq!(f32_floor(single).to_bits(), single.floor().to_bits(), "{single}");
        assert_eq!(f32_trunc(single).to_bits(), single.trunc().to_bits(), "{single}");
    }
}

#[test]
fn signalling_nans_come_out_quiet() {
    // Opaque operands: with a literal 1.0 the multiplication would be optimized away here.
    let (single, one) = (black_box(SIGNALLING_32), black_box(1.0));
    for f in [f32_ceil, f32_floor, f32_trunc, f32_nearest, f32_sqrt] {
        assert!(is_quiet_32(f(single)));
        assert!(is_quiet_32(f(-single)));
    }
    for f in [f32_add, f32_sub, f32_mul, f32_div, f32_min, f32_max] {
        assert!(is_quiet_32(f(single, one)));
        assert!(is_quiet_32(f(one, single)));
        assert!(is_quiet_32(f(single, single)));
    }
    let (double, one) = (black_box(SIGNALLING_64), black_box(1.0));
    for f in [f64_ceil, f64_floor, f64_trunc, f64_nearest, f64_sqrt] {
        assert!(is_quiet_64(f(double)));
        assert!(is_quiet_64(f(-double)));
    }
    for f in [f64_add, f64_sub, f64_mul, f64_div, f64_min, f64_max] {
        assert!(is_quiet_64(f(double, one)));
        assert!(is_quiet_64(f(one, double)));
        assert!(is_quiet_64(f(double, double)));
    }
}

#[test]
fn canonical_operands_give_canonical_nans() {
    let canonical = |x: f32| x.to_bits() & 0x7fff_ffff == 0x7fc0_0000;
    let nan = black_box(f32::from_bits(0x7fc0_0000));
    for f in [f32_ceil, f32_floor, f32_trunc, f32_nearest, f32_sqrt] {
        assert!(canonical(f(nan)));
    }
    for f in [f32_add, f32_sub, f32_mul, f32_div, f32_min, f32_max] {
        assert!(canonical(f(nan, 1.5)) && canonical(f(1.5, nan)) && canonical(f(nan, nan)));
    }
    assert!(canonical(f32_sqrt(black_box(-1.0))));
    assert!(canonical(f32_div(black_box(0.0), 0.0)));
    assert!(canonical(f32_sub(black_box(f32::INFINITY), f32::INFINITY)));
}

#[test]
fn signs_change_without_touching_the_payload() {
    assert_eq!(f32_neg(SIGNALLING_32).to_bits(), 0xffa0_0001);
    assert_eq!(f32_abs(f32::from_bits(0xffa0_0001)).to_bits(), 0x7fa0_0001);
    assert_eq!(f32_copysign(SIGNALLING_32, -0.0).to_bits(), 0xffa0_0001);
    assert_eq!(f32_copysign(-2.0, SIGNALLING_32).to_bits(), 2.0_f32.to_bits());
    assert_eq!(f64_neg(SIGNALLING_64).to_bits(), 0xfff4_0000_0000_0001);
    assert_eq!(f64_abs(f64::from_bits(0xfff4_0000_0000_0001)).to_bits(), 0x7ff4_0000_0000_0001);
    assert_eq!(f64_copysign(SIGNALLING_64, -1.0).to_bits(), 0xfff4_0000_0000_0001);
    assert_eq!(f64_neg(0.0).to_bits(), 1 << 63);
}

#[test]
fn min_and_max_order_zeros_and_propagate_nans() {
    let table = [
        (0.0, -0.0, -0.0, 0.0),
        (-0.0, 0.0, -0.0, 0.0),
        (-0.0, -0.0, -0.0, -0.0),
        (1.0, 2.0, 1.0, 2.0),
        (2.0, -1.0, -1.0, 2.0),
        (INF, -INF, -INF, INF),
        (-INF, 5.0, -INF, 5.0),
        (3.0, 3.0, 3.0, 3.0),
    ];
    for (a, b, min, max) in table {
        assert_eq!(
            (f64_min(a, b).to_bits(), f64_max(a, b).to_bits()),
            (min.to_bits(), max.to_bits()),
            "{a} {b}"
        );
        let [a, b, min, max] = [a, b, min, max].map(|x| x as f32);
        assert_eq!(
            (f32_min(a, b).to_bits(), f32_max(a, b).to_bits()),
            (min.to_bits(), max.to_bits()),
            "{a} {b}"
        );
    }
    assert!(f32_min(f32::NAN, -f32::INFINITY).is_nan() && f32_max(f32::INFINITY, f32::NAN).is_nan());
    assert!(f64_min(f64::NAN, -INF).is_nan() && f64_max(INF, f64::NAN).is_nan());
}

#[test]
fn arithmetic_is_ieee() {
    assert_eq!(f32_add(16_777_216.0, 1.0), 16_777_216.0);
    assert_eq!(f32_sub(0.0, 0.0).to_bits(), 0);
    assert_eq!(f32_mul(-0.0, 5.0).to_bits(), 0x8000_0000);
    assert_eq!(f32_div(-1.0, 0.0), f32::NEG_INFINITY);
    assert_eq!(f32_sqrt(-0.0).to_bits(), 0x8000_0000);
    assert_eq!(f64_add(0.1, 0.2), 0.300_000_000_000_000_04);
    assert_eq!(f64_sub(-0.0, 0.0).to_bits(), 1 << 63);
    assert_eq!(f64_mul(1e200, 1e200), INF);
    assert_eq!(f64_div(5e-324, 2.0).to_bits(), 0);
    assert_eq!(f64_sqrt(2.0).to_bits(), 0x3ff6_a09e_667f_3bcd);
}

#[test]
fn comparisons_with_nan_are_false_but_for_ne() {
    assert_eq!((f32_eq(0.0, -0.0), f32_ne(0.0, -0.0)), (1, 0));
    assert_eq!((f32_lt(1.0, 2.0), f32_gt(1.0, 2.0), f32_le(2.0, 2.0), f32_ge(1.0, 2.0)), (1, 0, 1, 0));
    assert_eq!((f64_eq(0.0, -0.0), f64_ne(0.0, -0.0)), (1, 0));
    assert_eq!((f64_lt(1.0, 2.0), f64_gt(1.0, 2.0), f64_le(2.0, 2.0), f64_ge(1.0, 2.0)), (1, 0, 1, 0));
    for f in [f32_eq, f32_lt, f32_gt, f32_le, f32_ge] {
        assert_eq!((f(f32::NAN, 1.0), f(1.0, f32::NAN), f(f32::NAN, f32::NAN)), (0, 0, 0));
    }
    for f in [f64_eq, f64_lt, f64_gt, f64_le, f64_ge] {
        assert_eq!((f(f64::NAN, 1.0), f(1.0, f64::NAN), f(f64::NAN, f64::NAN)), (0, 0, 0));
    }
    assert_eq!((f32_ne(f32::NAN, f32::NAN), f64_ne(f64::NAN, f64::NAN)), (1, 1));
}

#[test]
fn canonicalization_leaves_numbers_alone() {
    assert_eq!(canonicalize_f32(f32::from_bits(0xffa0_0001)).to_bits(), 0x7fc0_0000);
    assert_eq!(canonicalize_f32(-0.0).to_bits(), 0x8000_0000);
    assert_eq!(canonicalize_f64(f64::from_bits(0xfff8_0000_0000_0000)).to_bits(), 0x7ff8_0000_0000_0000);
    assert_eq!(canonicalize_f64(-INF), -INF);
}
