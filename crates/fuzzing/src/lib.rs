//! What the fuzz targets of brisk do, as functions that tests run too.
//!
//! Each body takes bytes, of which it makes modules and arguments, and panics if something is
//! wrong with what brisk does.
#![forbid(unsafe_code)]

#[cfg(feature = "wasmi")]
pub mod differential;
pub mod generate;
pub mod generator;
pub mod loops;
pub mod random;
pub mod tiers;
pub mod translate;
pub mod wasi_calls;
