//! The few instructions that the functions here are made of, on each processor.

#[cfg(target_arch = "aarch64")]
mod a64;
#[cfg(target_arch = "x86_64")]
mod x64;

#[cfg(target_arch = "aarch64")]
pub use a64::*;
#[cfg(target_arch = "x86_64")]
pub use x64::*;

use crate::Module;
use brisk_codegen::asm::{Assemble, Label};
use brisk_codegen::code::{Reloc, Target};
use brisk_codegen::isa::Processor;
use std::sync::atomic::AtomicUsize;

/// The trampoline that [`with_marked_registers`] calls.
pub static ENTER: AtomicUsize = AtomicUsize::new(0);

/// What makes a function. Each processor's module adds its instructions.
pub struct Machine(Assembler);

impl Machine {
    /// For the engine of a module.
    pub fn new(module: &Module) -> Machine {
        Machine(Assembler::new(features(module.engine().tunables().cpu.boundary())))
    }

    pub fn offset(&self) -> u32 {
        self.0.offset()
    }

    pub fn new_label(&mut self) -> Label {
        self.0.new_label()
    }

    pub fn bind(&mut self, label: Label) {
        self.0.bind(label);
    }

    pub fn label_offset(&self, label: Label) -> u32 {
        self.0.label_offset(label).unwrap()
    }

    pub fn mov(&mut self, dst: Gpr, src: Gpr) {
        self.0.move_word(dst, src);
    }

    pub fn ret(&mut self) {
        self.0.ret();
    }

    pub fn finish(&mut self) -> (Vec<u8>, Vec<Reloc>) {
        let assembled = self.0.finish();
        let relocs = assembled.relocs.iter().map(|reloc| Reloc {
            at: reloc.at,
            target: Target::from_number(reloc.symbol.0),
            addend: reloc.addend,
            kind: reloc.kind,
        });
        (assembled.code.to_vec(), relocs.collect())
    }
}
