//! The optimizing compiler: a WebAssembly function and facts about its module in, machine code out.
//!
//! It never sees the runtime: what it must know of the runtime's structures it is given as data
//! ([`layout::VmLayout`]), and what it calls there it leaves as relocations.
#![forbid(unsafe_code)]

pub mod a64;
pub mod asm;
pub mod boundary;
pub mod build;
pub mod code;
pub mod compile;
pub mod convention;
#[cfg(feature = "disassemble")]
pub mod disasm;
mod emit;
pub mod inst;
pub mod ir;
pub mod isa;
pub mod layout;
pub mod lower;
pub mod opt;
pub mod regalloc;
mod trampoline;
pub mod vcode;
pub mod x64;
