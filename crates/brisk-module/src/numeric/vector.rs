//! The vector type and the loops over its lanes.
//!
//! All functions on vectors are inlined by attribute, and made of nothing that the optimizer might leave a call of: plain
//! loops instead of the library's functions on arrays and iterators, whose parts are generic and may stand in another codegen
//! unit. The interpreter's handlers depend on it, see `interp/exec/vector.rs` in the crate `brisk`.

use std::fmt;

/// A `v128` value: sixteen bytes, lane 0 first, each lane little-endian.
///
/// It is an array of bytes and not a `u128` because the optimizer turns loops over an array's lanes into vector
/// instructions, but takes a 128-bit integer, or two of 64 bits, apart byte by byte. Load and store it whole: no
/// detour through integers on the way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct V128(pub [u8; 16]);

impl V128 {
    /// The vector of these lanes.
    #[inline(always)]
    pub fn from_lanes<const N: usize, T: Lane<N>>(lanes: [T; N]) -> Self {
        T::join(lanes)
    }

    /// The lanes of the vector.
    #[inline(always)]
    pub fn lanes<const N: usize, T: Lane<N>>(self) -> [T; N] {
        T::split(self)
    }
}

impl From<u128> for V128 {
    #[inline(always)]
    fn from(bits: u128) -> Self {
        Self(bits.to_le_bytes())
    }
}

impl From<V128> for u128 {
    #[inline(always)]
    fn from(vector: V128) -> Self {
        Self::from_le_bytes(vector.0)
    }
}

impl fmt::Debug for V128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V128({:#034x})", u128::from(*self))
    }
}

/// A number of which `N` make a [`V128`].
pub trait Lane<const N: usize>: Copy {
    /// The lanes of a vector.
    fn split(vector: V128) -> [Self; N];
    /// The vector of these lanes.
    fn join(lanes: [Self; N]) -> V128;
}

macro_rules! lanes {
    ($($lane:ident $count:literal,)*) => {$(
        impl Lane<$count> for $lane {
            #[inline(always)]
            fn split(vector: V128) -> [Self; $count] {
                let (bytes, _) = vector.0.as_chunks();
                let mut lanes = [Self::default(); $count];
                let mut i = 0;
                while i < $count {
                    lanes[i] = <$lane>::from_le_bytes(bytes[i]);
                    i += 1;
                }
                lanes
            }

            #[inline(always)]
            fn join(lanes: [Self; $count]) -> V128 {
                let mut vector = [0; 16];
                let (bytes, _) = vector.as_chunks_mut();
                let mut i = 0;
                while i < $count {
                    bytes[i] = lanes[i].to_le_bytes();
                    i += 1;
                }
                V128(vector)
            }
        }
    )*};
}

lanes! {
    u8 16, i8 16,
    u16 8, i16 8,
    u32 4, i32 4, f32 4,
    u64 2, i64 2, f64 2,
}

/// The vector of the lanes that a function gives for their numbers.
#[inline(always)]
pub(super) fn each<const N: usize, T: Lane<N>>(f: impl Fn(usize) -> T) -> V128 {
    let mut lanes = T::split(V128([0; 16]));
    let mut i = 0;
    while i < N {
        lanes[i] = f(i);
        i += 1;
    }
    T::join(lanes)
}

/// Applies a function to each lane.
#[inline(always)]
pub(super) fn map<const N: usize, T: Lane<N>, R: Lane<N>>(a: V128, f: impl Fn(T) -> R) -> V128 {
    let a = T::split(a);
    each(|i| f(a[i]))
}

/// Applies a function to each pair of lanes at the same index.
#[inline(always)]
pub(super) fn zip<const N: usize, T: Lane<N>, R: Lane<N>>(a: V128, b: V128, f: impl Fn(T, T) -> R) -> V128 {
    let (a, b) = (T::split(a), T::split(b));
    each(|i| f(a[i], b[i]))
}

/// Whether a test holds for all lanes.
#[inline(always)]
pub(super) fn all<const N: usize, T: Lane<N>>(a: V128, test: impl Fn(T) -> bool) -> u32 {
    let a = T::split(a);
    let (mut all, mut i) = (true, 0);
    while i < N {
        all &= test(a[i]);
        i += 1;
    }
    u32::from(all)
}

/// A bit for each lane, that of lane 0 lowest: whether a test holds.
#[inline(always)]
pub(super) fn bits<const N: usize, T: Lane<N>>(a: V128, test: impl Fn(T) -> bool) -> u32 {
    let a = T::split(a);
    let (mut bits, mut i) = (0, 0);
    while i < N {
        bits |= u32::from(test(a[i])) << i;
        i += 1;
    }
    bits
}
