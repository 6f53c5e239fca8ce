//! x86-64.

pub mod asm;
pub mod convention;
#[cfg(feature = "disassemble")]
pub(crate) mod disasm;
mod emit;
pub mod inst;
pub mod lower;
pub mod simd;
pub mod trampoline;

use crate::boundary::{Runtime, Shape, ShapeCode, Stubs};
use crate::code::Code;
use crate::emit::{Emitter, emit as emit_function};
use crate::ir::Func;
use crate::isa::{Backend, Processor, Settings};
use crate::layout::VmLayout;
use crate::regalloc::Allocator;
use crate::vcode::{Allocation, VBlock};
use asm::{Assemble, Assembler, Features};
use lower::{LowerSettings, Lowered, Lowerer, X64};

/// The compiler's half for x86-64.
pub struct Compiler {
    features: Features,
    lowerer: Lowerer,
    lowered: Lowered,
    allocator: Allocator,
    allocation: Allocation,
    asm: Assembler,
    emitter: Emitter<X64>,
}

impl Compiler {
    /// For a processor.
    pub fn new(features: Features) -> Compiler {
        Compiler {
            features,
            lowerer: Lowerer::default(),
            lowered: Lowered::default(),
            allocator: Allocator::default(),
            allocation: Allocation::default(),
            asm: Assembler::new(features),
            emitter: Emitter::default(),
        }
    }
}

impl Backend for Compiler {
    fn processor(&self) -> Processor {
        Processor::X64(self.features)
    }

    fn lower(&mut self, func: &Func, settings: &Settings) {
        let settings =
            LowerSettings { layout: settings.layout, features: self.features, spectre: settings.spectre };
        lower::lower(&mut self.lowerer, func, &settings, &mut self.lowered);
    }

    fn allocate(&mut self, settings: &Settings) {
        let regs = convention::CONVENTION.reg_sets(settings.fuel);
        self.allocator.run(&self.lowered.code, &regs, &mut self.allocation);
    }

    fn emit(&mut self, func: &Func, settings: &Settings, out: &mut Code) {
        let Compiler { emitter, asm, lowered, allocation, .. } = self;
        emit_function(emitter, asm, lowered, allocation, func, settings, out);
    }

    fn blocks(&self) -> &[VBlock] {
        &self.lowered.code.blocks
    }

    fn block_offset(&self, block: u32) -> Option<u32> {
        self.emitter.block_offset(&self.asm, block)
    }

    fn print(&self) -> String {
        self.lowered.code.print(Some(&self.allocation))
    }

    fn stubs(&mut self, layout: &VmLayout, runtime: &Runtime) -> (Stubs, Vec<u8>) {
        self.asm.clear();
        let stubs = trampoline::Emitter { asm: &mut self.asm, layout, runtime }.stubs();
        (stubs, self.asm.finish().code.to_vec())
    }

    fn trampolines(
        &mut self,
        layout: &VmLayout,
        runtime: &Runtime,
        shapes: &[Shape],
        raise: u64,
    ) -> (Vec<ShapeCode>, Vec<u8>) {
        self.asm.clear();
        let mut emitter = trampoline::Emitter { asm: &mut self.asm, layout, runtime };
        let made = shapes.iter().map(|shape| emitter.shape(shape, raise)).collect();
        (made, self.asm.finish().code.to_vec())
    }

    fn cold_slots(&mut self, layout: &VmLayout, funcs: &[u32]) -> (Vec<u32>, Vec<u8>) {
        self.asm.clear();
        let runtime = Runtime::default();
        let mut emitter = trampoline::Emitter { asm: &mut self.asm, layout, runtime: &runtime };
        let made = funcs.iter().map(|&func| emitter.cold_slot(func)).collect();
        (made, self.asm.finish().code.to_vec())
    }
}
