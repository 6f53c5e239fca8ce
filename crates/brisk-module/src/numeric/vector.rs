//! The vector type and the loops over its lanes.

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
    #[inline]
    pub fn from_lanes<const N: usize, T: Lane<N>>(lanes: [T; N]) -> Self {
        T::join(lanes)
    }

    /// The lanes of the vector.
    #[inline]
    pub fn lanes<const N: usize, T: Lane<N>>(self) -> [T; N] {
        T::split(self)
    }
}

impl From<u128> for V128 {
    #[inline]
    fn from(bits: u128) -> Self {
        Self(bits.to_le_bytes())
    }
}

impl From<V128> for u128 {
    #[inline]
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
            #[inline]
            fn split(vector: V128) -> [Self; $count] {
                const SIZE: usize = size_of::<$lane>();
                std::array::from_fn(|i| {
                    <$lane>::from_le_bytes(std::array::from_fn(|byte| vector.0[i * SIZE + byte]))
                })
            }

            #[inline]
            fn join(lanes: [Self; $count]) -> V128 {
                const SIZE: usize = size_of::<$lane>();
                let mut bytes = [0; 16];
                for (i, lane) in lanes.iter().enumerate() {
                    bytes[i * SIZE..(i + 1) * SIZE].copy_from_slice(&lane.to_le_bytes());
                }
                V128(bytes)
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

/// Applies a function to each lane.
#[inline]
pub(super) fn map<const N: usize, T: Lane<N>, R: Lane<N>>(a: V128, f: impl Fn(T) -> R) -> V128 {
    let a = T::split(a);
    R::join(std::array::from_fn(|i| f(a[i])))
}

/// Applies a function to each pair of lanes at the same index.
#[inline]
pub(super) fn zip<const N: usize, T: Lane<N>, R: Lane<N>>(a: V128, b: V128, f: impl Fn(T, T) -> R) -> V128 {
    let (a, b) = (T::split(a), T::split(b));
    R::join(std::array::from_fn(|i| f(a[i], b[i])))
}
