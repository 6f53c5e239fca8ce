//! Scalar integer instructions, wide arithmetic included.

use super::NumericTrap;

/// `i32.clz`
#[inline]
pub fn i32_clz(a: u32) -> u32 {
    a.leading_zeros()
}

/// `i32.ctz`
#[inline]
pub fn i32_ctz(a: u32) -> u32 {
    a.trailing_zeros()
}

/// `i32.popcnt`
#[inline]
pub fn i32_popcnt(a: u32) -> u32 {
    a.count_ones()
}

/// `i32.extend8_s`
#[inline]
pub fn i32_extend8_s(a: u32) -> u32 {
    a as i8 as u32
}

/// `i32.extend16_s`
#[inline]
pub fn i32_extend16_s(a: u32) -> u32 {
    a as i16 as u32
}

/// `i32.add`
#[inline]
pub fn i32_add(a: u32, b: u32) -> u32 {
    a.wrapping_add(b)
}

/// `i32.sub`
#[inline]
pub fn i32_sub(a: u32, b: u32) -> u32 {
    a.wrapping_sub(b)
}

/// `i32.mul`
#[inline]
pub fn i32_mul(a: u32, b: u32) -> u32 {
    a.wrapping_mul(b)
}

/// `i32.div_s`
#[inline]
pub fn i32_div_s(a: u32, b: u32) -> Result<u32, NumericTrap> {
    if b == 0 {
        return Err(NumericTrap::IntegerDivideByZero);
    }
    (a as i32).checked_div(b as i32).map(|q| q as u32).ok_or(NumericTrap::IntegerOverflow)
}

/// `i32.div_u`
#[inline]
pub fn i32_div_u(a: u32, b: u32) -> Result<u32, NumericTrap> {
    a.checked_div(b).ok_or(NumericTrap::IntegerDivideByZero)
}

/// `i32.rem_s`
#[inline]
pub fn i32_rem_s(a: u32, b: u32) -> Result<u32, NumericTrap> {
    if b == 0 {
        return Err(NumericTrap::IntegerDivideByZero);
    }
    Ok((a as i32).wrapping_rem(b as i32) as u32)
}

/// `i32.rem_u`
#[inline]
pub fn i32_rem_u(a: u32, b: u32) -> Result<u32, NumericTrap> {
    a.checked_rem(b).ok_or(NumericTrap::IntegerDivideByZero)
}

/// `i32.and`
#[inline]
pub fn i32_and(a: u32, b: u32) -> u32 {
    a & b
}

/// `i32.or`
#[inline]
pub fn i32_or(a: u32, b: u32) -> u32 {
    a | b
}

/// `i32.xor`
#[inline]
pub fn i32_xor(a: u32, b: u32) -> u32 {
    a ^ b
}

/// `i32.shl`
#[inline]
pub fn i32_shl(a: u32, b: u32) -> u32 {
    a.wrapping_shl(b)
}

/// `i32.shr_s`
#[inline]
pub fn i32_shr_s(a: u32, b: u32) -> u32 {
    (a as i32).wrapping_shr(b) as u32
}

/// `i32.shr_u`
#[inline]
pub fn i32_shr_u(a: u32, b: u32) -> u32 {
    a.wrapping_shr(b)
}

/// `i32.rotl`
#[inline]
pub fn i32_rotl(a: u32, b: u32) -> u32 {
    a.rotate_left(b & 31)
}

/// `i32.rotr`
#[inline]
pub fn i32_rotr(a: u32, b: u32) -> u32 {
    a.rotate_right(b & 31)
}

/// `i32.eqz`
#[inline]
pub fn i32_eqz(a: u32) -> u32 {
    u32::from(a == 0)
}

/// `i32.eq`
#[inline]
pub fn i32_eq(a: u32, b: u32) -> u32 {
    u32::from(a == b)
}

/// `i32.ne`
#[inline]
pub fn i32_ne(a: u32, b: u32) -> u32 {
    u32::from(a != b)
}

/// `i32.lt_s`
#[inline]
pub fn i32_lt_s(a: u32, b: u32) -> u32 {
    u32::from((a as i32) < b as i32)
}

/// `i32.lt_u`
#[inline]
pub fn i32_lt_u(a: u32, b: u32) -> u32 {
    u32::from(a < b)
}

/// `i32.gt_s`
#[inline]
pub fn i32_gt_s(a: u32, b: u32) -> u32 {
    u32::from((a as i32) > b as i32)
}

/// `i32.gt_u`
#[inline]
pub fn i32_gt_u(a: u32, b: u32) -> u32 {
    u32::from(a > b)
}

/// `i32.le_s`
#[inline]
pub fn i32_le_s(a: u32, b: u32) -> u32 {
    u32::from((a as i32) <= b as i32)
}

/// `i32.le_u`
#[inline]
pub fn i32_le_u(a: u32, b: u32) -> u32 {
    u32::from(a <= b)
}

/// `i32.ge_s`
#[inline]
pub fn i32_ge_s(a: u32, b: u32) -> u32 {
    u32::from((a as i32) >= b as i32)
}

/// `i32.ge_u`
#[inline]
pub fn i32_ge_u(a: u32, b: u32) -> u32 {
    u32::from(a >= b)
}

/// `i64.clz`
#[inline]
pub fn i64_clz(a: u64) -> u64 {
    u64::from(a.leading_zeros())
}

/// `i64.ctz`
#[inline]
pub fn i64_ctz(a: u64) -> u64 {
    u64::from(a.trailing_zeros())
}

/// `i64.popcnt`
#[inline]
pub fn i64_popcnt(a: u64) -> u64 {
    u64::from(a.count_ones())
}

/// `i64.extend8_s`
#[inline]
pub fn i64_extend8_s(a: u64) -> u64 {
    a as i8 as u64
}

/// `i64.extend16_s`
#[inline]
pub fn i64_extend16_s(a: u64) -> u64 {
    a as i16 as u64
}

/// `i64.extend32_s`
#[inline]
pub fn i64_extend32_s(a: u64) -> u64 {
    a as i32 as u64
}

/// `i64.add`
#[inline]
pub fn i64_add(a: u64, b: u64) -> u64 {
    a.wrapping_add(b)
}

/// `i64.sub`
#[inline]
pub fn i64_sub(a: u64, b: u64) -> u64 {
    a.wrapping_sub(b)
}

/// `i64.mul`
#[inline]
pub fn i64_mul(a: u64, b: u64) -> u64 {
    a.wrapping_mul(b)
}

/// `i64.div_s`
#[inline]
pub fn i64_div_s(a: u64, b: u64) -> Result<u64, NumericTrap> {
    if b == 0 {
        return Err(NumericTrap::IntegerDivideByZero);
    }
    (a as i64).checked_div(b as i64).map(|q| q as u64).ok_or(NumericTrap::IntegerOverflow)
}

/// `i64.div_u`
#[inline]
pub fn i64_div_u(a: u64, b: u64) -> Result<u64, NumericTrap> {
    a.checked_div(b).ok_or(NumericTrap::IntegerDivideByZero)
}

/// `i64.rem_s`
#[inline]
pub fn i64_rem_s(a: u64, b: u64) -> Result<u64, NumericTrap> {
    if b == 0 {
        return Err(NumericTrap::IntegerDivideByZero);
    }
    Ok((a as i64).wrapping_rem(b as i64) as u64)
}

/// `i64.rem_u`
#[inline]
pub fn i64_rem_u(a: u64, b: u64) -> Result<u64, NumericTrap> {
    a.checked_rem(b).ok_or(NumericTrap::IntegerDivideByZero)
}

/// `i64.and`
#[inline]
pub fn i64_and(a: u64, b: u64) -> u64 {
    a & b
}

/// `i64.or`
#[inline]
pub fn i64_or(a: u64, b: u64) -> u64 {
    a | b
}

/// `i64.xor`
#[inline]
pub fn i64_xor(a: u64, b: u64) -> u64 {
    a ^ b
}

/// `i64.shl`
#[inline]
pub fn i64_shl(a: u64, b: u64) -> u64 {
    a.wrapping_shl(b as u32)
}

/// `i64.shr_s`
#[inline]
pub fn i64_shr_s(a: u64, b: u64) -> u64 {
    (a as i64).wrapping_shr(b as u32) as u64
}

/// `i64.shr_u`
#[inline]
pub fn i64_shr_u(a: u64, b: u64) -> u64 {
    a.wrapping_shr(b as u32)
}

/// `i64.rotl`
#[inline]
pub fn i64_rotl(a: u64, b: u64) -> u64 {
    a.rotate_left(b as u32 & 63)
}

/// `i64.rotr`
#[inline]
pub fn i64_rotr(a: u64, b: u64) -> u64 {
    a.rotate_right(b as u32 & 63)
}

/// `i64.eqz`
#[inline]
pub fn i64_eqz(a: u64) -> u32 {
    u32::from(a == 0)
}

/// `i64.eq`
#[inline]
pub fn i64_eq(a: u64, b: u64) -> u32 {
    u32::from(a == b)
}

/// `i64.ne`
#[inline]
pub fn i64_ne(a: u64, b: u64) -> u32 {
    u32::from(a != b)
}

/// `i64.lt_s`
#[inline]
pub fn i64_lt_s(a: u64, b: u64) -> u32 {
    u32::from((a as i64) < b as i64)
}

/// `i64.lt_u`
#[inline]
pub fn i64_lt_u(a: u64, b: u64) -> u32 {
    u32::from(a < b)
}

/// `i64.gt_s`
#[inline]
pub fn i64_gt_s(a: u64, b: u64) -> u32 {
    u32::from((a as i64) > b as i64)
}

/// `i64.gt_u`
#[inline]
pub fn i64_gt_u(a: u64, b: u64) -> u32 {
    u32::from(a > b)
}

/// `i64.le_s`
#[inline]
pub fn i64_le_s(a: u64, b: u64) -> u32 {
    u32::from((a as i64) <= b as i64)
}

/// `i64.le_u`
#[inline]
pub fn i64_le_u(a: u64, b: u64) -> u32 {
    u32::from(a <= b)
}

/// `i64.ge_s`
#[inline]
pub fn i64_ge_s(a: u64, b: u64) -> u32 {
    u32::from((a as i64) >= b as i64)
}

/// `i64.ge_u`
#[inline]
pub fn i64_ge_u(a: u64, b: u64) -> u32 {
    u32::from(a >= b)
}

/// The low and the high half of a 128-bit number.
#[inline]
fn halves(v: u128) -> (u64, u64) {
    (v as u64, (v >> 64) as u64)
}

/// The 128-bit number of a low and a high half.
#[inline]
fn whole(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// `i64.add128`: the low half of each operand and of the result comes first.
#[inline]
pub fn i64_add128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> (u64, u64) {
    halves(whole(a_low, a_high).wrapping_add(whole(b_low, b_high)))
}

/// `i64.sub128`: the low half of each operand and of the result comes first.
#[inline]
pub fn i64_sub128(a_low: u64, a_high: u64, b_low: u64, b_high: u64) -> (u64, u64) {
    halves(whole(a_low, a_high).wrapping_sub(whole(b_low, b_high)))
}

/// `i64.mul_wide_s`: the low half of the result comes first.
#[inline]
pub fn i64_mul_wide_s(a: u64, b: u64) -> (u64, u64) {
    halves(i128::from(a as i64).wrapping_mul(i128::from(b as i64)) as u128)
}

/// `i64.mul_wide_u`: the low half of the result comes first.
#[inline]
pub fn i64_mul_wide_u(a: u64, b: u64) -> (u64, u64) {
    halves(u128::from(a).wrapping_mul(u128::from(b)))
}
