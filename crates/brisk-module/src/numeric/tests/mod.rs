//! What each instruction must yield, from the specification's definitions.

mod convert;
mod float;
mod int;
mod simd_float;
mod simd_int;
mod simd_lane;
mod simd_relaxed;
mod simd_widen;
mod table;

use super::{Lane, V128};

/// Vectors for a property: lanes at the edges of their types at first, pseudo-random bytes (xorshift64) after.
fn vectors() -> Vec<V128> {
    let edges = [0x00, 0xff, 0x7f, 0x80, 0x01, 0xfe, 0x81, 0x55];
    let mut vectors: Vec<V128> = edges.iter().map(|&edge| V128([edge; 16])).collect();
    vectors.push(V128::from_lanes([0x7fff_u16, 0x8000, 0xffff, 0x0001, 0x0000, 0x8001, 0x7ffe, 0x00ff]));
    vectors.push(V128::from_lanes([i32::MAX, i32::MIN, -1, 1]));
    vectors.push(V128::from_lanes([i64::MAX, i64::MIN]));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    vectors.extend((0..40).map(|_| V128::from_lanes([random(), random()])));
    vectors
}

/// The lanes of a vector as mathematical integers.
fn integers<const N: usize, T: Lane<N> + Into<i128>>(vector: V128) -> Vec<i128> {
    vector.lanes().map(T::into).to_vec()
}

/// The vector whose lanes of `width` bits are these integers modulo 2^width.
fn wrapped(integers: &[i128], width: usize) -> V128 {
    assert_eq!(integers.len() * width, 128, "the lanes fill the vector");
    let mask = (1_i128 << width) - 1;
    let bits = integers.iter().rev().fold(0_u128, |bits, &x| bits << width | (x & mask) as u128);
    V128::from(bits)
}

/// A float's bits, so that NaNs and zeros compare exactly.
fn bits32(values: [f32; 4]) -> [u32; 4] {
    values.map(f32::to_bits)
}

/// A float's bits, so that NaNs and zeros compare exactly.
fn bits64(values: [f64; 2]) -> [u64; 2] {
    values.map(f64::to_bits)
}

const SIGNALLING_32: f32 = f32::from_bits(0x7fa0_0001);
const SIGNALLING_64: f64 = f64::from_bits(0x7ff4_0000_0000_0001);

/// Whether a result is an arithmetic NaN: the top bit of the payload is set.
fn is_quiet_32(a: f32) -> bool {
    a.is_nan() && a.to_bits() & 0x0040_0000 != 0
}

/// Whether a result is an arithmetic NaN: the top bit of the payload is set.
fn is_quiet_64(a: f64) -> bool {
    a.is_nan() && a.to_bits() & 0x0008_0000_0000_0000 != 0
}
