use super::super::*;

const MIN32: u32 = i32::MIN as u32;
const MIN64: u64 = i64::MIN as u64;

#[test]
fn division_traps_on_zero_and_overflow() {
    use NumericTrap::{IntegerDivideByZero, IntegerOverflow};
    assert_eq!(i32_div_s(7, 0), Err(IntegerDivideByZero));
    assert_eq!(i32_div_u(7, 0), Err(IntegerDivideByZero));
    assert_eq!(i32_rem_s(7, 0), Err(IntegerDivideByZero));
    assert_eq!(i32_rem_u(7, 0), Err(IntegerDivideByZero));
    assert_eq!(i64_div_s(7, 0), Err(IntegerDivideByZero));
    assert_eq!(i64_div_u(7, 0), Err(IntegerDivideByZero));
    assert_eq!(i64_rem_s(7, 0), Err(IntegerDivideByZero));
    assert_eq!(i64_rem_u(7, 0), Err(IntegerDivideByZero));
    assert_eq!(i32_div_s(MIN32, 0), Err(IntegerDivideByZero));
    assert_eq!(i32_div_s(MIN32, u32::MAX), Err(IntegerOverflow));
    assert_eq!(i64_div_s(MIN64, u64::MAX), Err(IntegerOverflow));
    assert_eq!(i32_rem_s(MIN32, u32::MAX), Ok(0));
    assert_eq!(i64_rem_s(MIN64, u64::MAX), Ok(0));
    assert_eq!(i32_div_u(MIN32, u32::MAX), Ok(0));
    assert_eq!(i64_div_u(MIN64, u64::MAX), Ok(0));
}

#[test]
fn division_truncates_and_the_remainder_has_the_dividends_sign() {
    assert_eq!(i32_div_s(-7_i32 as u32, 2), Ok(-3_i32 as u32));
    assert_eq!(i32_rem_s(-7_i32 as u32, 2), Ok(-1_i32 as u32));
    assert_eq!(i32_rem_s(7, -2_i32 as u32), Ok(1));
    assert_eq!(i32_div_u(-7_i32 as u32, 2), Ok(0x7fff_fffc));
    assert_eq!(i32_rem_u(-7_i32 as u32, 2), Ok(1));
    assert_eq!(i64_div_s(-7_i64 as u64, 2), Ok(-3_i64 as u64));
    assert_eq!(i64_rem_s(-7_i64 as u64, 2), Ok(-1_i64 as u64));
    assert_eq!(i64_div_u(-7_i64 as u64, 2), Ok(0x7fff_ffff_ffff_fffc));
    assert_eq!(i64_rem_u(-7_i64 as u64, 2), Ok(1));
}

#[test]
fn arithmetic_wraps() {
    assert_eq!(i32_add(u32::MAX, 2), 1);
    assert_eq!(i32_sub(0, 1), u32::MAX);
    assert_eq!(i32_mul(MIN32, 3), MIN32);
    assert_eq!(i64_add(u64::MAX, 2), 1);
    assert_eq!(i64_sub(0, 1), u64::MAX);
    assert_eq!(i64_mul(MIN64, 3), MIN64);
    assert_eq!((i32_and(12, 10), i32_or(12, 10), i32_xor(12, 10)), (8, 14, 6));
    assert_eq!((i64_and(12, 10), i64_or(12, 10), i64_xor(12, 10)), (8, 14, 6));
}

#[test]
fn shift_counts_are_modulo_the_width() {
    assert_eq!(i32_shl(1, 32), 1);
    assert_eq!(i32_shl(1, 33), 2);
    assert_eq!(i32_shl(1, u32::MAX), MIN32);
    assert_eq!(i32_shr_u(MIN32, 63), 1);
    assert_eq!(i32_shr_s(MIN32, 63), u32::MAX);
    assert_eq!(i32_shr_s(MIN32, 32), MIN32);
    assert_eq!(i64_shl(1, 64), 1);
    assert_eq!(i64_shl(1, 65), 2);
    assert_eq!(i64_shl(1, 1 << 32), 1);
    assert_eq!(i64_shr_u(MIN64, 127), 1);
    assert_eq!(i64_shr_s(MIN64, u64::MAX), u64::MAX);
}

#[test]
fn rotation_counts_are_modulo_the_width() {
    assert_eq!(i32_rotl(0xabcd_9876, 1), 0x579b_30ed);
    assert_eq!(i32_rotl(0xabcd_9876, 32), 0xabcd_9876);
    assert_eq!(i32_rotl(1, 0xffff_ffff), MIN32);
    assert_eq!(i32_rotr(1, 33), MIN32);
    assert_eq!(i32_rotr(0xff00_cc00, 0), 0xff00_cc00);
    assert_eq!(i64_rotl(1, 127), MIN64);
    assert_eq!(i64_rotl(5, 1 << 63), 5);
    assert_eq!(i64_rotr(1, 65), MIN64);
    assert_eq!(i64_rotr(1, u64::MAX), 2);
}

#[test]
fn bits_are_counted() {
    assert_eq!((i32_clz(0), i32_ctz(0), i32_popcnt(0)), (32, 32, 0));
    assert_eq!((i32_clz(1), i32_ctz(MIN32), i32_popcnt(u32::MAX)), (31, 31, 32));
    assert_eq!((i64_clz(0), i64_ctz(0), i64_popcnt(0)), (64, 64, 0));
    assert_eq!((i64_clz(1), i64_ctz(MIN64), i64_popcnt(u64::MAX)), (63, 63, 64));
}

#[test]
fn signs_extend() {
    assert_eq!(i32_extend8_s(0x1234_5680), 0xffff_ff80);
    assert_eq!(i32_extend8_s(0xffff_ff7f), 0x7f);
    assert_eq!(i32_extend16_s(0x1234_8000), 0xffff_8000);
    assert_eq!(i64_extend8_s(0x80), 0xffff_ffff_ffff_ff80);
    assert_eq!(i64_extend16_s(0xabcd_7fff), 0x7fff);
    assert_eq!(i64_extend32_s(0x1_8000_0000), 0xffff_ffff_8000_0000);
}

#[test]
fn comparisons_yield_0_or_1() {
    macro_rules! compare {
        ($($function:ident $unsigned:ident $view:ident $operator:tt;)*) => {$(
            for a in [0, 1, 2, $unsigned::MAX, $unsigned::MAX / 2, $unsigned::MAX / 2 + 1] {
                for b in [0, 1, 2, $unsigned::MAX, $unsigned::MAX / 2, $unsigned::MAX / 2 + 1] {
                    let expected = if i128::from(a as $view) $operator i128::from(b as $view) { 1 } else { 0 };
                    assert_eq!($function(a, b), expected, "{}({a}, {b})", stringify!($function));
                }
            }
        )*};
    }
    compare! {
        i32_eq u32 u32 ==;
        i32_ne u32 u32 !=;
        i32_lt_s u32 i32 <;
        i32_lt_u u32 u32 <;
        i32_gt_s u32 i32 >;
        i32_gt_u u32 u32 >;
        i32_le_s u32 i32 <=;
        i32_le_u u32 u32 <=;
        i32_ge_s u32 i32 >=;
        i32_ge_u u32 u32 >=;
        i64_eq u64 u64 ==;
        i64_ne u64 u64 !=;
        i64_lt_s u64 i64 <;
        i64_lt_u u64 u64 <;
        i64_gt_s u64 i64 >;
        i64_gt_u u64 u64 >;
        i64_le_s u64 i64 <=;
        i64_le_u u64 u64 <=;
        i64_ge_s u64 i64 >=;
        i64_ge_u u64 u64 >=;
    }
    assert_eq!((i32_eqz(0), i32_eqz(MIN32)), (1, 0));
    assert_eq!((i64_eqz(0), i64_eqz(1 << 32)), (1, 0));
}

#[test]
fn wide_arithmetic_carries_into_the_high_half() {
    assert_eq!(i64_add128(u64::MAX, 0, 1, 0), (0, 1));
    assert_eq!(i64_add128(u64::MAX, u64::MAX, 1, 0), (0, 0));
    assert_eq!(i64_add128(1, 2, 3, 4), (4, 6));
    assert_eq!(i64_sub128(0, 1, 1, 0), (u64::MAX, 0));
    assert_eq!(i64_sub128(0, 0, 1, 0), (u64::MAX, u64::MAX));
    assert_eq!(i64_mul_wide_u(u64::MAX, u64::MAX), (1, u64::MAX - 1));
    assert_eq!(i64_mul_wide_s(u64::MAX, u64::MAX), (1, 0));
    assert_eq!(i64_mul_wide_s(MIN64, MIN64), (0, 1 << 62));
    assert_eq!(i64_mul_wide_s(u64::MAX, 2), (-2_i64 as u64, u64::MAX));
}
