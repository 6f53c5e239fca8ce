//! Scalar float instructions.
//!
//! Arithmetic is the hardware's: a NaN result is an arithmetic NaN (quiet), with a payload of an operand or the
//! default one. `abs`, `neg` and `copysign` only touch the sign bit.

/// Whether the target rounds to an integer in one instruction; elsewhere (the x86-64 baseline) the standard
/// library would call the C library for it, lane by lane.
const HAS_ROUNDING: bool = cfg!(any(target_arch = "aarch64", target_feature = "sse4.1"));

macro_rules! soft_rounding {
    ($module:ident $float:ident) => {
        /// Rounding with additions, without branches, for targets without an instruction for it.
        mod $module {
            /// From 2^(precision - 1) on, each number is an integer, and adding this number to a smaller one
            /// drops the fraction.
            const INTEGERS: $float = (1_u64 << ($float::MANTISSA_DIGITS - 1)) as $float;

            /// To the nearest integer, ties to even. A NaN fails the comparison and leaves the sum quiet.
            #[inline]
            pub(super) fn nearest(a: $float) -> $float {
                let magnitude = a.abs();
                if magnitude >= INTEGERS { a } else { ((magnitude + INTEGERS) - INTEGERS).copysign(a) }
            }

            #[inline]
            pub(super) fn floor(a: $float) -> $float {
                let near = nearest(a);
                near - if near > a { 1.0 } else { 0.0 }
            }

            #[inline]
            pub(super) fn ceil(a: $float) -> $float {
                -floor(-a)
            }

            #[inline]
            pub(super) fn trunc(a: $float) -> $float {
                floor(a.abs()).copysign(a)
            }
        }
    };
}

soft_rounding!(soft_f32 f32);
soft_rounding!(soft_f64 f64);

/// The number itself, or the positive canonical NaN for any NaN.
#[inline]
pub fn canonicalize_f32(a: f32) -> f32 {
    if a.is_nan() { f32::from_bits(0x7fc0_0000) } else { a }
}

/// The number itself, or the positive canonical NaN for any NaN.
#[inline]
pub fn canonicalize_f64(a: f64) -> f64 {
    if a.is_nan() { f64::from_bits(0x7ff8_0000_0000_0000) } else { a }
}

/// `f32.abs`
#[inline]
pub fn f32_abs(a: f32) -> f32 {
    a.abs()
}

/// `f32.neg`
#[inline]
pub fn f32_neg(a: f32) -> f32 {
    -a
}

/// `f32.ceil`
#[inline]
pub fn f32_ceil(a: f32) -> f32 {
    if HAS_ROUNDING { a.ceil() } else { soft_f32::ceil(a) }
}

/// `f32.floor`
#[inline]
pub fn f32_floor(a: f32) -> f32 {
    if HAS_ROUNDING { a.floor() } else { soft_f32::floor(a) }
}

/// `f32.trunc`
#[inline]
pub fn f32_trunc(a: f32) -> f32 {
    if HAS_ROUNDING { a.trunc() } else { soft_f32::trunc(a) }
}

/// `f32.nearest`
#[inline]
pub fn f32_nearest(a: f32) -> f32 {
    if HAS_ROUNDING { a.round_ties_even() } else { soft_f32::nearest(a) }
}

/// `f32.sqrt`
#[inline]
pub fn f32_sqrt(a: f32) -> f32 {
    a.sqrt()
}

/// `f32.add`
#[inline]
pub fn f32_add(a: f32, b: f32) -> f32 {
    a + b
}

/// `f32.sub`
#[inline]
pub fn f32_sub(a: f32, b: f32) -> f32 {
    a - b
}

/// `f32.mul`
#[inline]
pub fn f32_mul(a: f32, b: f32) -> f32 {
    a * b
}

/// `f32.div`
#[inline]
pub fn f32_div(a: f32, b: f32) -> f32 {
    a / b
}

/// `f32.min`
#[inline]
pub fn f32_min(a: f32, b: f32) -> f32 {
    let first = if a < b { a } else { b };
    let second = if b < a { b } else { a };
    // The two differ for zeros of different sign only (and NaNs).
    let ordered = f32::from_bits(first.to_bits() | second.to_bits());
    if a.is_nan() || b.is_nan() { a + b } else { ordered }
}

/// `f32.max`
#[inline]
pub fn f32_max(a: f32, b: f32) -> f32 {
    let first = if a > b { a } else { b };
    let second = if b > a { b } else { a };
    // The two differ for zeros of different sign only (and NaNs).
    let ordered = f32::from_bits(first.to_bits() & second.to_bits());
    if a.is_nan() || b.is_nan() { a + b } else { ordered }
}

/// `f32.copysign`
#[inline]
pub fn f32_copysign(a: f32, b: f32) -> f32 {
    a.copysign(b)
}

/// `f32.eq`
#[inline]
pub fn f32_eq(a: f32, b: f32) -> u32 {
    u32::from(a == b)
}

/// `f32.ne`
#[inline]
pub fn f32_ne(a: f32, b: f32) -> u32 {
    u32::from(a != b)
}

/// `f32.lt`
#[inline]
pub fn f32_lt(a: f32, b: f32) -> u32 {
    u32::from(a < b)
}

/// `f32.gt`
#[inline]
pub fn f32_gt(a: f32, b: f32) -> u32 {
    u32::from(a > b)
}

/// `f32.le`
#[inline]
pub fn f32_le(a: f32, b: f32) -> u32 {
    u32::from(a <= b)
}

/// `f32.ge`
#[inline]
pub fn f32_ge(a: f32, b: f32) -> u32 {
    u32::from(a >= b)
}

/// `f64.abs`
#[inline]
pub fn f64_abs(a: f64) -> f64 {
    a.abs()
}

/// `f64.neg`
#[inline]
pub fn f64_neg(a: f64) -> f64 {
    -a
}

/// `f64.ceil`
#[inline]
pub fn f64_ceil(a: f64) -> f64 {
    if HAS_ROUNDING { a.ceil() } else { soft_f64::ceil(a) }
}

/// `f64.floor`
#[inline]
pub fn f64_floor(a: f64) -> f64 {
    if HAS_ROUNDING { a.floor() } else { soft_f64::floor(a) }
}

/// `f64.trunc`
#[inline]
pub fn f64_trunc(a: f64) -> f64 {
    if HAS_ROUNDING { a.trunc() } else { soft_f64::trunc(a) }
}

/// `f64.nearest`
#[inline]
pub fn f64_nearest(a: f64) -> f64 {
    if HAS_ROUNDING { a.round_ties_even() } else { soft_f64::nearest(a) }
}

/// `f64.sqrt`
#[inline]
pub fn f64_sqrt(a: f64) -> f64 {
    a.sqrt()
}

/// `f64.add`
#[inline]
pub fn f64_add(a: f64, b: f64) -> f64 {
    a + b
}

/// `f64.sub`
#[inline]
pub fn f64_sub(a: f64, b: f64) -> f64 {
    a - b
}

/// `f64.mul`
#[inline]
pub fn f64_mul(a: f64, b: f64) -> f64 {
    a * b
}

/// `f64.div`
#[inline]
pub fn f64_div(a: f64, b: f64) -> f64 {
    a / b
}

/// `f64.min`
#[inline]
pub fn f64_min(a: f64, b: f64) -> f64 {
    let first = if a < b { a } else { b };
    let second = if b < a { b } else { a };
    // The two differ for zeros of different sign only (and NaNs).
    let ordered = f64::from_bits(first.to_bits() | second.to_bits());
    if a.is_nan() || b.is_nan() { a + b } else { ordered }
}

/// `f64.max`
#[inline]
pub fn f64_max(a: f64, b: f64) -> f64 {
    let first = if a > b { a } else { b };
    let second = if b > a { b } else { a };
    // The two differ for zeros of different sign only (and NaNs).
    let ordered = f64::from_bits(first.to_bits() & second.to_bits());
    if a.is_nan() || b.is_nan() { a + b } else { ordered }
}

/// `f64.copysign`
#[inline]
pub fn f64_copysign(a: f64, b: f64) -> f64 {
    a.copysign(b)
}

/// `f64.eq`
#[inline]
pub fn f64_eq(a: f64, b: f64) -> u32 {
    u32::from(a == b)
}

/// `f64.ne`
#[inline]
pub fn f64_ne(a: f64, b: f64) -> u32 {
    u32::from(a != b)
}

/// `f64.lt`
#[inline]
pub fn f64_lt(a: f64, b: f64) -> u32 {
    u32::from(a < b)
}

/// `f64.gt`
#[inline]
pub fn f64_gt(a: f64, b: f64) -> u32 {
    u32::from(a > b)
}

/// `f64.le`
#[inline]
pub fn f64_le(a: f64, b: f64) -> u32 {
    u32::from(a <= b)
}

/// `f64.ge`
#[inline]
pub fn f64_ge(a: f64, b: f64) -> u32 {
    u32::from(a >= b)
}
