use super::super::NumericTrap::{BadConversionToInteger, IntegerOverflow};
use super::super::*;
use super::{SIGNALLING_32, SIGNALLING_64, is_quiet_32, is_quiet_64};

#[test]
fn integers_change_width() {
    assert_eq!(i32_wrap_i64(0x1234_5678_9abc_def0), 0x9abc_def0);
    assert_eq!(i64_extend_i32_s(0x8000_0000), 0xffff_ffff_8000_0000);
    assert_eq!(i64_extend_i32_u(0x8000_0000), 0x8000_0000);
}

#[test]
fn truncation_to_32_bits_accepts_what_rounds_into_the_range() {
    assert_eq!(i32_trunc_f32_s(-1.9), Ok(-1_i32 as u32));
    assert_eq!(i32_trunc_f32_s(2_147_483_520.0), Ok(2_147_483_520));
    assert_eq!(i32_trunc_f32_s(2_147_483_648.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f32_s(-2_147_483_648.0), Ok(0x8000_0000));
    assert_eq!(i32_trunc_f32_s(-2_147_483_904.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f32_u(4_294_967_040.0), Ok(4_294_967_040));
    assert_eq!(i32_trunc_f32_u(4_294_967_296.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f32_u(-0.999_999_94), Ok(0));
    assert_eq!(i32_trunc_f32_u(-1.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f64_s(2_147_483_647.9), Ok(0x7fff_ffff));
    assert_eq!(i32_trunc_f64_s(2_147_483_648.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f64_s(-2_147_483_648.9), Ok(0x8000_0000));
    assert_eq!(i32_trunc_f64_s(-2_147_483_649.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f64_u(4_294_967_295.9), Ok(u32::MAX));
    assert_eq!(i32_trunc_f64_u(4_294_967_296.0), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f64_u(-0.9), Ok(0));
    assert_eq!(i32_trunc_f64_u(-1.0), Err(IntegerOverflow));
}

#[test]
fn truncation_to_64_bits_accepts_what_rounds_into_the_range() {
    assert_eq!(i64_trunc_f32_s(9_223_371_487_098_961_920.0), Ok(9_223_371_487_098_961_920));
    assert_eq!(i64_trunc_f32_s(9_223_372_036_854_775_808.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f32_s(-9_223_372_036_854_775_808.0), Ok(1 << 63));
    assert_eq!(i64_trunc_f32_s(-9_223_373_136_366_403_584.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f32_u(18_446_742_974_197_923_840.0), Ok(18_446_742_974_197_923_840));
    assert_eq!(i64_trunc_f32_u(18_446_744_073_709_551_616.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f32_u(-0.9), Ok(0));
    assert_eq!(i64_trunc_f32_u(-1.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f64_s(9_223_372_036_854_774_784.0), Ok(9_223_372_036_854_774_784));
    assert_eq!(i64_trunc_f64_s(9_223_372_036_854_775_808.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f64_s(-9_223_372_036_854_775_808.0), Ok(1 << 63));
    assert_eq!(i64_trunc_f64_s(-9_223_372_036_854_777_856.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f64_u(18_446_744_073_709_549_568.0), Ok(18_446_744_073_709_549_568));
    assert_eq!(i64_trunc_f64_u(18_446_744_073_709_551_616.0), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f64_u(-0.999_999_999_999_999_9), Ok(0));
    assert_eq!(i64_trunc_f64_u(-1.0), Err(IntegerOverflow));
}

#[test]
fn truncation_of_nan_and_infinity_traps() {
    assert_eq!(i32_trunc_f32_s(f32::NAN), Err(BadConversionToInteger));
    assert_eq!(i32_trunc_f32_u(-f32::NAN), Err(BadConversionToInteger));
    assert_eq!(i64_trunc_f32_s(SIGNALLING_32), Err(BadConversionToInteger));
    assert_eq!(i64_trunc_f32_u(f32::NAN), Err(BadConversionToInteger));
    assert_eq!(i32_trunc_f64_s(f64::NAN), Err(BadConversionToInteger));
    assert_eq!(i32_trunc_f64_u(-f64::NAN), Err(BadConversionToInteger));
    assert_eq!(i64_trunc_f64_s(SIGNALLING_64), Err(BadConversionToInteger));
    assert_eq!(i64_trunc_f64_u(f64::NAN), Err(BadConversionToInteger));
    assert_eq!(i32_trunc_f32_s(f32::INFINITY), Err(IntegerOverflow));
    assert_eq!(i32_trunc_f64_u(f64::NEG_INFINITY), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f32_u(f32::INFINITY), Err(IntegerOverflow));
    assert_eq!(i64_trunc_f64_s(f64::NEG_INFINITY), Err(IntegerOverflow));
}

#[test]
fn saturating_truncation_clamps_and_takes_nan_to_zero() {
    let f32s = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.5, 3e9, 1e19];
    assert_eq!(f32s.map(|x| i32_trunc_sat_f32_s(x) as i32), [0, i32::MAX, i32::MIN, -1, i32::MAX, i32::MAX]);
    assert_eq!(f32s.map(i32_trunc_sat_f32_u), [0, u32::MAX, 0, 0, 3_000_000_000, u32::MAX]);
    assert_eq!(
        f32s.map(|x| i64_trunc_sat_f32_s(x) as i64),
        [0, i64::MAX, i64::MIN, -1, 3_000_000_000, i64::MAX]
    );
    assert_eq!(f32s.map(i64_trunc_sat_f32_u), [0, u64::MAX, 0, 0, 3_000_000_000, 9_999_999_980_506_447_872]);
    let f64s = f32s.map(f64::from);
    assert_eq!(f64s.map(|x| i32_trunc_sat_f64_s(x) as i32), [0, i32::MAX, i32::MIN, -1, i32::MAX, i32::MAX]);
    assert_eq!(f64s.map(i32_trunc_sat_f64_u), [0, u32::MAX, 0, 0, 3_000_000_000, u32::MAX]);
    assert_eq!(
        f64s.map(|x| i64_trunc_sat_f64_s(x) as i64),
        [0, i64::MAX, i64::MIN, -1, 3_000_000_000, i64::MAX]
    );
    assert_eq!(f64s.map(i64_trunc_sat_f64_u), [0, u64::MAX, 0, 0, 3_000_000_000, 9_999_999_980_506_447_872]);
}

#[test]
fn conversions_round_to_nearest_with_ties_to_even() {
    assert_eq!(f32_convert_i32_s(16_777_217), 16_777_216.0);
    assert_eq!(f32_convert_i32_s(16_777_219), 16_777_220.0);
    assert_eq!(f32_convert_i32_s(u32::MAX), -1.0);
    assert_eq!(f32_convert_i32_u(u32::MAX), 4_294_967_296.0);
    assert_eq!(f32_convert_i64_s(0x7fff_ff40_0000_0001), 9_223_371_487_098_961_920.0);
    assert_eq!(f32_convert_i64_u(u64::MAX), 18_446_744_073_709_551_616.0);
    assert_eq!(f32_convert_i64_u(0x8000_0080_0000_0001), 9_223_373_136_366_403_584.0);
    assert_eq!(f64_convert_i32_s(i32::MIN as u32), -2_147_483_648.0);
    assert_eq!(f64_convert_i32_u(u32::MAX), 4_294_967_295.0);
    assert_eq!(f64_convert_i64_s(9_007_199_254_740_993), 9_007_199_254_740_992.0);
    assert_eq!(f64_convert_i64_s(9_007_199_254_740_995), 9_007_199_254_740_996.0);
    assert_eq!(f64_convert_i64_u(0x8000_0000_0000_0401), 9_223_372_036_854_777_856.0);
}

#[test]
fn floats_change_width() {
    assert_eq!(f64_promote_f32(f32::from_bits(1)), 1.401_298_464_324_817e-45);
    assert_eq!(f32_demote_f64(1e39), f32::INFINITY);
    assert_eq!(f32_demote_f64(-1e-50).to_bits(), 0x8000_0000);
    assert_eq!(f32_demote_f64(1.000_000_059_604_644_8), 1.0);
    assert_eq!(f64_promote_f32(f32::NAN).to_bits() & !(1 << 63), 0x7ff8_0000_0000_0000);
    assert_eq!(f32_demote_f64(f64::NAN).to_bits() & !(1 << 31), 0x7fc0_0000);
    assert!(is_quiet_64(f64_promote_f32(std::hint::black_box(SIGNALLING_32))));
    assert!(is_quiet_32(f32_demote_f64(std::hint::black_box(SIGNALLING_64))));
}

#[test]
fn reinterpretations_keep_all_bits() {
    assert_eq!(i32_reinterpret_f32(f32_reinterpret_i32(0x7fa0_0001)), 0x7fa0_0001);
    assert_eq!(i32_reinterpret_f32(-0.0), 0x8000_0000);
    assert_eq!(i64_reinterpret_f64(f64_reinterpret_i64(0xfff4_0000_0000_0001)), 0xfff4_0000_0000_0001);
    assert_eq!(i64_reinterpret_f64(1.0), 0x3ff0_0000_0000_0000);
}
