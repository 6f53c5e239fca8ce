//! AArch64.

pub mod asm;
pub mod convention;
#[cfg(feature = "disassemble-a64")]
pub(crate) mod disasm;
mod emit;
pub mod inst;
mod lower;
pub mod simd;
mod trampoline;

use crate::isa::{Machine, Processor};
use asm::Features;

/// AArch64, to all stages.
pub enum A64 {}

impl Machine for A64 {
    fn processor(features: Features) -> Processor {
        Processor::A64(features)
    }
}
