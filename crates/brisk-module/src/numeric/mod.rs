//! The meaning of each pure instruction, as one function.
//!
//! A function has the instruction's mnemonic for a name, with underscores for dots. The interpreter's handlers and
//! constant folding share these functions; [`for_each_numeric_op!`](crate::for_each_numeric_op) lists them.
//!
//! | WebAssembly | here |
//! | --- | --- |
//! | `i32`, `i64` | `u32`, `u64`; signed instructions cast |
//! | `f32`, `f64` | `f32`, `f64` |
//! | `v128` | [`V128`] |
//! | result of a comparison or test | `u32`, 0 or 1 |
//! | trap | [`NumericTrap`] |
//! | lane index | `u8`, below the number of lanes (a larger one wraps) |
//!
//! # NaNs
//!
//! An arithmetic instruction that results in a NaN yields an arithmetic NaN as the specification asks for: quiet,
//! and with the hardware's choice of sign and payload. The deterministic mode passes results through
//! `canonicalize_*`. Sign operations, reinterpretations and moves keep all bits.
//!
//! This holds for operands that only the running program knows. Rust allows the compiler to drop an operation such
//! as `x * 1.0`, and with it the quieting of a signalling `x`: do not call these functions with literal floats.
//!
//! # Relaxed vector instructions
//!
//! Where the specification lets an implementation choose, this is the choice, in every mode and on every target.
//! It is the one of the specification's deterministic profile, where each parameter is 0.
//!
//! | parameter | instructions | behaviour |
//! | --- | --- | --- |
//! | `R_fmadd` | `f32x4.relaxed_madd`, `relaxed_nmadd`, the same for `f64x2` | two roundings: `(a * b) + c` and `(-a * b) + c` |
//! | `R_fmin`, `R_fmax` | `relaxed_min`, `relaxed_max` | as `min` and `max` |
//! | `R_idot` | `i16x8.relaxed_dot_i8x16_i7x16_s`, `i32x4.relaxed_dot_i8x16_i7x16_add_s` | both operands signed; the sum of two products saturates to 16 bits |
//! | `R_iq15mulr` | `i16x8.relaxed_q15mulr_s` | as `q15mulr_sat_s` |
//! | `R_trunc_s`, `R_trunc_u` | `i32x4.relaxed_trunc_*` | as `trunc_sat_*` |
//! | `R_swizzle` | `i8x16.relaxed_swizzle` | as `swizzle`: 0 for an index of 16 or more |
//! | `R_laneselect` | `relaxed_laneselect` | as `v128.bitselect` |

mod convert;
mod float;
mod int;
mod simd_compare;
mod simd_float;
mod simd_int;
mod simd_lane;
mod simd_relaxed;
mod simd_widen;
mod table;
#[cfg(test)]
mod tests;
mod vector;

pub use convert::*;
pub use float::*;
pub use int::*;
pub use simd_compare::*;
pub use simd_float::*;
pub use simd_int::*;
pub use simd_lane::*;
pub use simd_relaxed::*;
pub use simd_widen::*;
pub use vector::{Lane, V128};

/// Why an instruction has no result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NumericTrap {
    /// Integer division or remainder by zero.
    IntegerDivideByZero,
    /// The quotient, or the truncated float, is outside the range of the result type.
    IntegerOverflow,
    /// A NaN has no integer.
    BadConversionToInteger,
}
