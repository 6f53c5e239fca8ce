//! The few instructions that the functions here are made of, on each processor.

#[cfg(target_arch = "aarch64")]
mod a64;
#[cfg(target_arch = "x86_64")]
mod x64;

#[cfg(target_arch = "aarch64")]
pub use a64::*;
#[cfg(target_arch = "x86_64")]
pub use x64::*;

use brisk_codegen::asm::Label;
use brisk_codegen::code::Target;
use std::sync::atomic::AtomicUsize;

/// The trampoline that [`with_marked_registers`] calls.
pub static ENTER: AtomicUsize = AtomicUsize::new(0);
