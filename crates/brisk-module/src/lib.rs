//! From bytes to [`Module`]: decoding, validation and the facts that the tiers share.
//!
//! Decoding and validation rest on `wasmparser`; this crate adds the representation of a module
//! that an engine works with ([`module`]), the implementation limits ([`limits`]), the numeric
//! meaning of every instruction ([`numeric`]) and the control-stack walker ([`walk`]) that the
//! translators share.
#![forbid(unsafe_code)]

mod convert;
mod decode;
mod error;
pub mod features;
mod inspect;
pub mod limits;
pub mod module;
pub mod names;
pub mod numeric;
pub mod types;
mod validate;
pub mod walk;

pub use decode::DecodeOptions;
pub use error::{DecodeError, FuncRef};
pub use features::Feature;
pub use inspect::ExternType;
pub use module::Module;
pub use types::*;
pub use wasmparser::{self, WasmFeatures};
