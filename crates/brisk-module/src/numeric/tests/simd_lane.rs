use super::super::*;
use super::vectors;

/// Bytes 0 to 15.
const RAMP: V128 = V128([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

#[test]
fn lane_zero_is_in_the_low_bits() {
    assert_eq!(u128::from(V128::from_lanes([1_u64, 2])), 2 << 64 | 1);
    assert_eq!(V128::from(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100), RAMP);
    assert_eq!(RAMP.lanes::<8, u16>()[7], 0x0f0e);
    assert_eq!(format!("{RAMP:?}"), "V128(0x0f0e0d0c0b0a09080706050403020100)");
}

#[test]
fn bitwise_instructions_act_on_each_bit() {
    for a in vectors() {
        for b in vectors() {
            let (x, y) = (u128::from(a), u128::from(b));
            assert_eq!(u128::from(v128_and(a, b)), x & y);
            assert_eq!(u128::from(v128_andnot(a, b)), x & !y);
            assert_eq!(u128::from(v128_or(a, b)), x | y);
            assert_eq!(u128::from(v128_xor(a, b)), x ^ y);
            assert_eq!(u128::from(v128_not(a)), !x);
            assert_eq!(v128_bitselect(a, b, V128([0xff; 16])), a);
            assert_eq!(v128_bitselect(a, b, V128([0x00; 16])), b);
            let mask = u128::from(RAMP);
            assert_eq!(u128::from(v128_bitselect(a, b, RAMP)), (x & mask) | (y & !mask));
        }
    }
}

#[test]
fn tests_look_at_each_lane() {
    for bit in 0..128_u32 {
        let one = V128::from(1_u128 << bit);
        assert_eq!(v128_any_true(one), 1);
        let all_but = |width: u32| V128::from(!(((1_u128 << width) - 1) << (bit / width * width)));
        assert_eq!(i8x16_all_true(all_but(8)), 0);
        assert_eq!(i16x8_all_true(all_but(16)), 0);
        assert_eq!(i32x4_all_true(all_but(32)), 0);
        assert_eq!(i64x2_all_true(all_but(64)), 0);
        let top = |width: u32| if bit % width == width - 1 { 1 << (bit / width) } else { 0 };
        assert_eq!(i8x16_bitmask(one), top(8));
        assert_eq!(i16x8_bitmask(one), top(16));
        assert_eq!(i32x4_bitmask(one), top(32));
        assert_eq!(i64x2_bitmask(one), top(64));
    }
    assert_eq!(v128_any_true(V128::default()), 0);
    assert_eq!(i8x16_all_true(V128([0x80; 16])), 1);
    assert_eq!(i16x8_all_true(V128::from_lanes([0x0100_u16; 8])), 1);
    assert_eq!(i32x4_all_true(V128::from_lanes([0x0001_0000_u32; 4])), 1);
    assert_eq!(i64x2_all_true(V128::from_lanes([1_u64 << 40; 2])), 1);
    let ones = V128([0xff; 16]);
    assert_eq!((i8x16_bitmask(ones), i16x8_bitmask(ones)), (0xffff, 0xff));
    assert_eq!((i32x4_bitmask(ones), i64x2_bitmask(ones)), (0xf, 0x3));
    assert_eq!((i8x16_bitmask(V128([0x7f; 16])), i16x8_bitmask(V128([0x7f; 16]))), (0, 0));
    for a in vectors() {
        let bytes = a.0.iter().rev().fold(0, |mask, &x| mask << 1 | u32::from(x >= 0x80));
        assert_eq!(i8x16_bitmask(a), bytes);
        let shorts = a.lanes::<8, u16>().iter().rev().fold(0, |mask, &x| mask << 1 | u32::from(x >= 0x8000));
        assert_eq!(i16x8_bitmask(a), shorts);
    }
}

#[test]
fn splats_fill_every_lane_with_the_low_bits() {
    assert_eq!(i8x16_splat(0x1ff), V128([0xff; 16]));
    assert_eq!(i16x8_splat(0x1_1234), V128::from_lanes([0x1234_u16; 8]));
    assert_eq!(i32x4_splat(7), V128::from_lanes([7_u32; 4]));
    assert_eq!(i64x2_splat(1 << 40), V128::from_lanes([1_u64 << 40; 2]));
    assert_eq!(f32x4_splat(f32::from_bits(0x7fa0_0001)), V128::from_lanes([0x7fa0_0001_u32; 4]));
    assert_eq!(f64x2_splat(-0.0), V128::from_lanes([1_u64 << 63; 2]));
}

#[test]
fn lanes_are_extracted_with_the_sign_asked_for() {
    let a = V128::from_lanes([0x80_u8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0x7f, 0xfe]);
    assert_eq!((i8x16_extract_lane_s(a, 0), i8x16_extract_lane_u(a, 0)), (0xffff_ff80, 0x80));
    assert_eq!((i8x16_extract_lane_s(a, 15), i8x16_extract_lane_u(a, 15)), (0xffff_fffe, 0xfe));
    assert_eq!((i16x8_extract_lane_s(a, 7), i16x8_extract_lane_u(a, 7)), (0xffff_fe7f, 0xfe7f));
    assert_eq!((i16x8_extract_lane_s(a, 1), i16x8_extract_lane_u(a, 1)), (0x0302, 0x0302));
    assert_eq!(i32x4_extract_lane(a, 3), 0xfe7f_0d0c);
    assert_eq!(i64x2_extract_lane(a, 1), 0xfe7f_0d0c_0b0a_0908);
    assert_eq!(f32x4_extract_lane(V128::from_lanes([1.0_f32, 2.0, 3.0, 4.0]), 2), 3.0);
    assert_eq!(f64x2_extract_lane(V128::from_lanes([1.0_f64, 2.0]), 1), 2.0);
    let signalling = V128::from_lanes([0x7fa0_0001_u32; 4]);
    assert_eq!(f32x4_extract_lane(signalling, 0).to_bits(), 0x7fa0_0001);
}

#[test]
fn lanes_are_replaced_by_the_low_bits() {
    assert_eq!(i8x16_replace_lane(RAMP, 3, 0x1ab).0[2..5], [2, 0xab, 4]);
    assert_eq!(i16x8_replace_lane(RAMP, 7, 0x1_abcd).0[13..], [13, 0xcd, 0xab]);
    assert_eq!(i32x4_replace_lane(RAMP, 1, 0xdead_beef).lanes::<4, u32>()[1], 0xdead_beef);
    assert_eq!(i64x2_replace_lane(RAMP, 0, 5).lanes::<2, u64>(), [5, 0x0f0e_0d0c_0b0a_0908]);
    let signalling = f32::from_bits(0xffa0_0001);
    assert_eq!(f32x4_replace_lane(RAMP, 2, signalling).lanes::<4, u32>()[2], 0xffa0_0001);
    assert_eq!(f64x2_replace_lane(RAMP, 1, -0.0).lanes::<2, u64>()[1], 1 << 63);
}

#[test]
fn shuffle_picks_from_both_operands() {
    let high = V128(RAMP.0.map(|x| x + 100));
    let lanes = [0, 31, 16, 15, 1, 30, 17, 14, 2, 29, 18, 13, 3, 28, 19, 12];
    let expected = lanes.map(|lane| if lane < 16 { lane } else { lane + 84 });
    assert_eq!(i8x16_shuffle(RAMP, high, lanes), V128(expected));
}

#[test]
fn swizzle_is_zero_out_of_range() {
    let a = V128(RAMP.0.map(|x| x + 100));
    let indices = V128([15, 0, 16, 17, 127, 128, 255, 240, 31, 32, 1, 14, 8, 7, 200, 3]);
    let expected = V128([115, 100, 0, 0, 0, 0, 0, 0, 0, 0, 101, 114, 108, 107, 0, 103]);
    assert_eq!(i8x16_swizzle(a, indices), expected);
    assert_eq!(i8x16_relaxed_swizzle(a, indices), expected);
}
