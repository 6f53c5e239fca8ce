//! x86-64.

pub mod asm;
pub mod convention;
#[cfg(feature = "disassemble")]
pub mod disasm;
pub mod emit;
pub mod inst;
pub mod lower;
pub mod simd;
pub mod trampoline;
