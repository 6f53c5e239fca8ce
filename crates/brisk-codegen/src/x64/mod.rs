//! x86-64.

pub mod asm;
pub mod convention;
pub mod emit;
pub mod inst;
pub mod lower;
pub mod simd;
pub mod trampoline;
