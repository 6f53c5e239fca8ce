//! From WebAssembly to the IR, and on to machine code.

#[cfg(feature = "disassemble")]
mod asm;
mod backend;
mod corpus;
mod facts;
mod growth;
mod lower;
mod opt;
mod snapshots;
mod support;
mod verify;
