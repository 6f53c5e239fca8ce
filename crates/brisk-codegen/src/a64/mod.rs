//! AArch64.

pub mod asm;
