//! The choices of the table in the module's documentation.

use super::super::*;
use super::{integers, vectors, wrapped};

#[test]
fn multiply_add_rounds_twice() {
    // (1 + 2^-12)^2 is 1 + 2^-11 + 2^-24: rounding the product loses the last term, a fused operation would not.
    let x = 1.0_f32 + f32::EPSILON * 2048.0;
    let [a, c] = [x, -(1.0 + f32::EPSILON * 4096.0)].map(f32x4_splat);
    assert_eq!(f32x4_relaxed_madd(a, a, c), V128::from_lanes([0.0_f32; 4]));
    assert_eq!(f32x4_relaxed_nmadd(a, a, f32x4_neg(c)), V128::from_lanes([0.0_f32; 4]));
    let x = 1.0_f64 + f64::EPSILON * 33_554_432.0;
    let [a, c] = [x, -(1.0 + f64::EPSILON * 67_108_864.0)].map(f64x2_splat);
    assert_eq!(f64x2_relaxed_madd(a, a, c), V128::from_lanes([0.0_f64; 2]));
    assert_eq!(f64x2_relaxed_nmadd(a, a, f64x2_neg(c)), V128::from_lanes([0.0_f64; 2]));
    let [a, b, c] = [2.0, 3.0, 10.0].map(f32x4_splat);
    assert_eq!(
        (f32x4_relaxed_madd(a, b, c), f32x4_relaxed_nmadd(a, b, c)),
        (f32x4_splat(16.0), f32x4_splat(4.0))
    );
    let [a, b, c] = [2.0, 3.0, 10.0].map(f64x2_splat);
    assert_eq!(
        (f64x2_relaxed_madd(a, b, c), f64x2_relaxed_nmadd(a, b, c)),
        (f64x2_splat(16.0), f64x2_splat(4.0))
    );
}

#[test]
fn dot_products_are_signed_and_saturate_pairs() {
    let pairs = |a: V128, b: V128| -> Vec<i128> {
        let products: Vec<i128> =
            integers::<_, i8>(a).iter().zip(integers::<_, i8>(b)).map(|(x, y)| x * y).collect();
        products.chunks_exact(2).map(|pair| (pair[0] + pair[1]).clamp(-32768, 32767)).collect()
    };
    for a in vectors() {
        for b in vectors() {
            let dot = pairs(a, b);
            assert_eq!(i16x8_relaxed_dot_i8x16_i7x16_s(a, b), wrapped(&dot, 16), "{a:?} {b:?}");
            for c in [V128::default(), V128::from_lanes([i32::MAX, i32::MIN, -1, 1])] {
                let sums: Vec<i128> = dot
                    .chunks_exact(2)
                    .zip(integers::<_, i32>(c))
                    .map(|(pair, addend)| pair[0] + pair[1] + addend)
                    .collect();
                assert_eq!(i32x4_relaxed_dot_i8x16_i7x16_add_s(a, b, c), wrapped(&sums, 32), "{a:?} {b:?}");
            }
        }
    }
    let minimum = V128([0x80; 16]);
    assert_eq!(i16x8_relaxed_dot_i8x16_i7x16_s(minimum, minimum), V128::from_lanes([i16::MAX; 8]));
}

#[test]
fn the_rest_is_as_the_strict_instruction() {
    for a in vectors() {
        assert_eq!(i32x4_relaxed_trunc_f32x4_s(a), i32x4_trunc_sat_f32x4_s(a));
        assert_eq!(i32x4_relaxed_trunc_f32x4_u(a), i32x4_trunc_sat_f32x4_u(a));
        assert_eq!(i32x4_relaxed_trunc_f64x2_s_zero(a), i32x4_trunc_sat_f64x2_s_zero(a));
        assert_eq!(i32x4_relaxed_trunc_f64x2_u_zero(a), i32x4_trunc_sat_f64x2_u_zero(a));
        for b in vectors() {
            assert_eq!(i8x16_relaxed_swizzle(a, b), i8x16_swizzle(a, b));
            assert_eq!(i16x8_relaxed_q15mulr_s(a, b), i16x8_q15mulr_sat_s(a, b));
            assert_eq!(i8x16_relaxed_laneselect(a, b, a), v128_bitselect(a, b, a));
            assert_eq!(i16x8_relaxed_laneselect(a, b, b), v128_bitselect(a, b, b));
            assert_eq!(i32x4_relaxed_laneselect(b, a, a), v128_bitselect(b, a, a));
            assert_eq!(i64x2_relaxed_laneselect(b, a, b), v128_bitselect(b, a, b));
        }
    }
    let [zero, minus] = [0.0, -0.0].map(f32x4_splat);
    assert_eq!((f32x4_relaxed_min(zero, minus), f32x4_relaxed_max(minus, zero)), (minus, zero));
    assert!(f32x4_extract_lane(f32x4_relaxed_min(f32x4_splat(f32::NAN), zero), 0).is_nan());
    assert!(f32x4_extract_lane(f32x4_relaxed_max(zero, f32x4_splat(f32::NAN)), 3).is_nan());
    let [zero, minus] = [0.0, -0.0].map(f64x2_splat);
    assert_eq!((f64x2_relaxed_min(zero, minus), f64x2_relaxed_max(minus, zero)), (minus, zero));
    assert!(f64x2_extract_lane(f64x2_relaxed_min(f64x2_splat(f64::NAN), zero), 0).is_nan());
    assert!(f64x2_extract_lane(f64x2_relaxed_max(zero, f64x2_splat(f64::NAN)), 1).is_nan());
}
