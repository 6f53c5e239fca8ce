//! x86-64.

pub mod asm;
pub mod convention;
#[cfg(feature = "disassemble")]
pub(crate) mod disasm;
mod emit;
pub mod inst;
mod lower;
pub mod simd;
mod trampoline;

use crate::isa::{Machine, Processor};
use asm::Features;

/// x86-64, to all stages.
pub enum X64 {}

impl Machine for X64 {
    fn processor(features: Features) -> Processor {
        Processor::X64(features)
    }
}
