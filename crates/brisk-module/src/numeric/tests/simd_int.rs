//! Each lane against the specification's definition on mathematical integers.

use super::super::*;
use super::{integers, vectors, wrapped};

/// Checks a function of two vectors lane by lane: the lanes are read as `$lane`, the expectation is modulo 2^width.
macro_rules! lanewise {
    ($($function:ident $lane:ident $expected:expr;)*) => {$(
        {
            let expected: fn(i128, i128) -> i128 = $expected;
            for a in vectors() {
                for b in vectors() {
                    let lanes = integers::<_, $lane>(a).into_iter().zip(integers::<_, $lane>(b));
                    let result: Vec<i128> = lanes.map(|(x, y)| expected(x, y)).collect();
                    let expected = wrapped(&result, $lane::BITS as usize);
                    assert_eq!($function(a, b), expected, "{}({a:?}, {b:?})", stringify!($function));
                }
            }
        }
    )*};
}

#[test]
fn sums_differences_and_products_wrap() {
    lanewise! {
        i8x16_add u8 |x, y| x + y;
        i8x16_sub u8 |x, y| x - y;
        i16x8_add u16 |x, y| x + y;
        i16x8_sub u16 |x, y| x - y;
        i16x8_mul u16 |x, y| x * y;
        i32x4_add u32 |x, y| x + y;
        i32x4_sub u32 |x, y| x - y;
        i32x4_mul u32 |x, y| x * y;
        i64x2_add u64 |x, y| x + y;
        i64x2_sub u64 |x, y| x - y;
        i64x2_mul i64 |x, y| x * y;
    }
}

#[test]
fn saturating_sums_clamp() {
    lanewise! {
        i8x16_add_sat_s i8 |x, y| (x + y).clamp(-128, 127);
        i8x16_sub_sat_s i8 |x, y| (x - y).clamp(-128, 127);
        i8x16_add_sat_u u8 |x, y| (x + y).min(255);
        i8x16_sub_sat_u u8 |x, y| (x - y).max(0);
        i16x8_add_sat_s i16 |x, y| (x + y).clamp(-32768, 32767);
        i16x8_sub_sat_s i16 |x, y| (x - y).clamp(-32768, 32767);
        i16x8_add_sat_u u16 |x, y| (x + y).min(65535);
        i16x8_sub_sat_u u16 |x, y| (x - y).max(0);
    }
}

#[test]
fn minima_maxima_and_averages() {
    lanewise! {
        i8x16_min_s i8 |x, y| x.min(y);
        i8x16_min_u u8 |x, y| x.min(y);
        i8x16_max_s i8 |x, y| x.max(y);
        i8x16_max_u u8 |x, y| x.max(y);
        i16x8_min_s i16 |x, y| x.min(y);
        i16x8_min_u u16 |x, y| x.min(y);
        i16x8_max_s i16 |x, y| x.max(y);
        i16x8_max_u u16 |x, y| x.max(y);
        i32x4_min_s i32 |x, y| x.min(y);
        i32x4_min_u u32 |x, y| x.min(y);
        i32x4_max_s i32 |x, y| x.max(y);
        i32x4_max_u u32 |x, y| x.max(y);
        i8x16_avgr_u u8 |x, y| (x + y + 1) / 2;
        i16x8_avgr_u u16 |x, y| (x + y + 1) / 2;
    }
}

#[test]
fn q15_products_round_and_saturate() {
    lanewise! {
        i16x8_q15mulr_sat_s i16 |x, y| ((x * y + 0x4000) >> 15).clamp(-32768, 32767);
        i16x8_relaxed_q15mulr_s i16 |x, y| ((x * y + 0x4000) >> 15).clamp(-32768, 32767);
    }
    let minimum = V128::from_lanes([i16::MIN; 8]);
    assert_eq!(i16x8_q15mulr_sat_s(minimum, minimum), V128::from_lanes([i16::MAX; 8]));
}

#[test]
fn comparisons_set_all_bits() {
    lanewise! {
        i8x16_eq u8 |x, y| -i128::from(x == y);
        i8x16_ne u8 |x, y| -i128::from(x != y);
        i8x16_lt_s i8 |x, y| -i128::from(x < y);
        i8x16_lt_u u8 |x, y| -i128::from(x < y);
        i8x16_gt_s i8 |x, y| -i128::from(x > y);
        i8x16_gt_u u8 |x, y| -i128::from(x > y);
        i8x16_le_s i8 |x, y| -i128::from(x <= y);
        i8x16_le_u u8 |x, y| -i128::from(x <= y);
        i8x16_ge_s i8 |x, y| -i128::from(x >= y);
        i8x16_ge_u u8 |x, y| -i128::from(x >= y);
        i16x8_eq u16 |x, y| -i128::from(x == y);
        i16x8_ne u16 |x, y| -i128::from(x != y);
        i16x8_lt_s i16 |x, y| -i128::from(x < y);
        i16x8_lt_u u16 |x, y| -i128::from(x < y);
        i16x8_gt_s i16 |x, y| -i128::from(x > y);
        i16x8_gt_u u16 |x, y| -i128::from(x > y);
        i16x8_le_s i16 |x, y| -i128::from(x <= y);
        i16x8_le_u u16 |x, y| -i128::from(x <= y);
        i16x8_ge_s i16 |x, y| -i128::from(x >= y);
        i16x8_ge_u u16 |x, y| -i128::from(x >= y);
        i32x4_eq u32 |x, y| -i128::from(x == y);
        i32x4_ne u32 |x, y| -i128::from(x != y);
        i32x4_lt_s i32 |x, y| -i128::from(x < y);
        i32x4_lt_u u32 |x, y| -i128::from(x < y);
        i32x4_gt_s i32 |x, y| -i128::from(x > y);
        i32x4_gt_u u32 |x, y| -i128::from(x > y);
        i32x4_le_s i32 |x, y| -i128::from(x <= y);
        i32x4_le_u u32 |x, y| -i128::from(x <= y);
        i32x4_ge_s i32 |x, y| -i128::from(x >= y);
        i32x4_ge_u u32 |x, y| -i128::from(x >= y);
        i64x2_eq u64 |x, y| -i128::from(x == y);
        i64x2_ne u64 |x, y| -i128::from(x != y);
        i64x2_lt_s i64 |x, y| -i128::from(x < y);
        i64x2_gt_s i64 |x, y| -i128::from(x > y);
        i64x2_le_s i64 |x, y| -i128::from(x <= y);
        i64x2_ge_s i64 |x, y| -i128::from(x >= y);
    }
}

/// Checks a function of one vector lane by lane.
macro_rules! lanewise_unary {
    ($($function:ident $lane:ident $expected:expr;)*) => {$(
        {
            let expected: fn(i128) -> i128 = $expected;
            for a in vectors() {
                let result: Vec<i128> = integers::<_, $lane>(a).into_iter().map(expected).collect();
                assert_eq!($function(a), wrapped(&result, $lane::BITS as usize), "{}({a:?})", stringify!($function));
            }
        }
    )*};
}

#[test]
fn absolute_value_negation_and_bit_count() {
    lanewise_unary! {
        i8x16_abs i8 |x| x.abs();
        i8x16_neg i8 |x| -x;
        i8x16_popcnt u8 |x| x.count_ones().into();
        i16x8_abs i16 |x| x.abs();
        i16x8_neg i16 |x| -x;
        i32x4_abs i32 |x| x.abs();
        i32x4_neg i32 |x| -x;
        i64x2_abs i64 |x| x.abs();
        i64x2_neg i64 |x| -x;
    }
    assert_eq!(i8x16_abs(V128([0x80; 16])), V128([0x80; 16]), "the minimum has no absolute value");
}

#[test]
fn shift_counts_are_modulo_the_lane_width() {
    macro_rules! shifts {
        ($($function:ident $lane:ident $expected:expr;)*) => {$(
            {
                let expected: fn(i128, u32) -> i128 = $expected;
                for a in vectors() {
                    for count in [0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, u32::MAX] {
                        let result: Vec<i128> = integers::<_, $lane>(a)
                            .into_iter()
                            .map(|x| expected(x, count % $lane::BITS))
                            .collect();
                        let expected = wrapped(&result, $lane::BITS as usize);
                        assert_eq!($function(a, count), expected, "{}({a:?}, {count})", stringify!($function));
                    }
                }
            }
        )*};
    }
    shifts! {
        i8x16_shl u8 |x, n| x << n;
        i8x16_shr_s i8 |x, n| x >> n;
        i8x16_shr_u u8 |x, n| x >> n;
        i16x8_shl u16 |x, n| x << n;
        i16x8_shr_s i16 |x, n| x >> n;
        i16x8_shr_u u16 |x, n| x >> n;
        i32x4_shl u32 |x, n| x << n;
        i32x4_shr_s i32 |x, n| x >> n;
        i32x4_shr_u u32 |x, n| x >> n;
        i64x2_shl u64 |x, n| x << n;
        i64x2_shr_s i64 |x, n| x >> n;
        i64x2_shr_u u64 |x, n| x >> n;
    }
}
