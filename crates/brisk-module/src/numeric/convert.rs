//! Scalar conversions between types.

#![expect(clippy::manual_range_contains, reason = "some lower bounds are exclusive; all are written alike")]

use super::NumericTrap;

/// Why a float outside the range of the integer type does not truncate.
#[cold]
fn trunc_trap(is_nan: bool) -> NumericTrap {
    if is_nan { NumericTrap::BadConversionToInteger } else { NumericTrap::IntegerOverflow }
}

/// `i32.wrap_i64`
#[inline]
pub fn i32_wrap_i64(a: u64) -> u32 {
    a as u32
}

/// `i64.extend_i32_s`
#[inline]
pub fn i64_extend_i32_s(a: u32) -> u64 {
    a as i32 as u64
}

/// `i64.extend_i32_u`
#[inline]
pub fn i64_extend_i32_u(a: u32) -> u64 {
    u64::from(a)
}

/// `i32.trunc_f32_s`
#[inline]
pub fn i32_trunc_f32_s(a: f32) -> Result<u32, NumericTrap> {
    if a >= -2_147_483_648.0 && a < 2_147_483_648.0 {
        Ok(a as i32 as u32)
    } else {
        Err(trunc_trap(a.is_nan()))
    }
}

/// `i32.trunc_f32_u`
#[inline]
pub fn i32_trunc_f32_u(a: f32) -> Result<u32, NumericTrap> {
    if a > -1.0 && a < 4_294_967_296.0 { Ok(a as u32) } else { Err(trunc_trap(a.is_nan())) }
}

/// `i32.trunc_f64_s`
#[inline]
pub fn i32_trunc_f64_s(a: f64) -> Result<u32, NumericTrap> {
    if a > -2_147_483_649.0 && a < 2_147_483_648.0 {
        Ok(a as i32 as u32)
    } else {
        Err(trunc_trap(a.is_nan()))
    }
}

/// `i32.trunc_f64_u`
#[inline]
pub fn i32_trunc_f64_u(a: f64) -> Result<u32, NumericTrap> {
    if a > -1.0 && a < 4_294_967_296.0 { Ok(a as u32) } else { Err(trunc_trap(a.is_nan())) }
}

/// `i64.trunc_f32_s`
#[inline]
pub fn i64_trunc_f32_s(a: f32) -> Result<u64, NumericTrap> {
    if a >= -9_223_372_036_854_775_808.0 && a < 9_223_372_036_854_775_808.0 {
        Ok(a as i64 as u64)
    } else {
        Err(trunc_trap(a.is_nan()))
    }
}

/// `i64.trunc_f32_u`
#[inline]
pub fn i64_trunc_f32_u(a: f32) -> Result<u64, NumericTrap> {
    if a > -1.0 && a < 18_446_744_073_709_551_616.0 { Ok(a as u64) } else { Err(trunc_trap(a.is_nan())) }
}

/// `i64.trunc_f64_s`
#[inline]
pub fn i64_trunc_f64_s(a: f64) -> Result<u64, NumericTrap> {
    if a >= -9_223_372_036_854_775_808.0 && a < 9_223_372_036_854_775_808.0 {
        Ok(a as i64 as u64)
    } else {
        Err(trunc_trap(a.is_nan()))
    }
}

/// `i64.trunc_f64_u`
#[inline]
pub fn i64_trunc_f64_u(a: f64) -> Result<u64, NumericTrap> {
    if a > -1.0 && a < 18_446_744_073_709_551_616.0 { Ok(a as u64) } else { Err(trunc_trap(a.is_nan())) }
}

/// `i32.trunc_sat_f32_s`
#[inline]
pub fn i32_trunc_sat_f32_s(a: f32) -> u32 {
    a as i32 as u32
}

/// `i32.trunc_sat_f32_u`
#[inline]
pub fn i32_trunc_sat_f32_u(a: f32) -> u32 {
    a as u32
}

/// `i32.trunc_sat_f64_s`
#[inline]
pub fn i32_trunc_sat_f64_s(a: f64) -> u32 {
    a as i32 as u32
}

/// `i32.trunc_sat_f64_u`
#[inline]
pub fn i32_trunc_sat_f64_u(a: f64) -> u32 {
    a as u32
}

/// `i64.trunc_sat_f32_s`
#[inline]
pub fn i64_trunc_sat_f32_s(a: f32) -> u64 {
    a as i64 as u64
}

/// `i64.trunc_sat_f32_u`
#[inline]
pub fn i64_trunc_sat_f32_u(a: f32) -> u64 {
    a as u64
}

/// `i64.trunc_sat_f64_s`
#[inline]
pub fn i64_trunc_sat_f64_s(a: f64) -> u64 {
    a as i64 as u64
}

/// `i64.trunc_sat_f64_u`
#[inline]
pub fn i64_trunc_sat_f64_u(a: f64) -> u64 {
    a as u64
}

/// `f32.convert_i32_s`
#[inline]
pub fn f32_convert_i32_s(a: u32) -> f32 {
    a as i32 as f32
}

/// `f32.convert_i32_u`
#[inline]
pub fn f32_convert_i32_u(a: u32) -> f32 {
    a as f32
}

/// `f32.convert_i64_s`
#[inline]
pub fn f32_convert_i64_s(a: u64) -> f32 {
    a as i64 as f32
}

/// `f32.convert_i64_u`
#[inline]
pub fn f32_convert_i64_u(a: u64) -> f32 {
    a as f32
}

/// `f64.convert_i32_s`
#[inline]
pub fn f64_convert_i32_s(a: u32) -> f64 {
    a as i32 as f64
}

/// `f64.convert_i32_u`
#[inline]
pub fn f64_convert_i32_u(a: u32) -> f64 {
    a as f64
}

/// `f64.convert_i64_s`
#[inline]
pub fn f64_convert_i64_s(a: u64) -> f64 {
    a as i64 as f64
}

/// `f64.convert_i64_u`
#[inline]
pub fn f64_convert_i64_u(a: u64) -> f64 {
    a as f64
}

/// `f32.demote_f64`
#[inline]
pub fn f32_demote_f64(a: f64) -> f32 {
    a as f32
}

/// `f64.promote_f32`
#[inline]
pub fn f64_promote_f32(a: f32) -> f64 {
    f64::from(a)
}

/// `i32.reinterpret_f32`
#[inline]
pub fn i32_reinterpret_f32(a: f32) -> u32 {
    a.to_bits()
}

/// `i64.reinterpret_f64`
#[inline]
pub fn i64_reinterpret_f64(a: f64) -> u64 {
    a.to_bits()
}

/// `f32.reinterpret_i32`
#[inline]
pub fn f32_reinterpret_i32(a: u32) -> f32 {
    f32::from_bits(a)
}

/// `f64.reinterpret_i64`
#[inline]
pub fn f64_reinterpret_i64(a: u64) -> f64 {
    f64::from_bits(a)
}
