//! Instruction sets: all are compiled in on any host, and a value says which one code is for.

use crate::a64::{self, A64};
use crate::asm::Assemble;
use crate::boundary::{Runtime, Shape, ShapeCode, Stubs};
use crate::code::Code;
use crate::convention::Convention;
use crate::emit::{self, Emitter};
use crate::ir::Func;
use crate::layout::VmLayout;
use crate::lower::{self, LowerSettings, Lowered, Lowerer};
use crate::regalloc::Allocator;
use crate::trampoline::{self, Trampolines};
use crate::vcode::{Allocation, VBlock};
use crate::x64::{self, X64};

/// What code is compiled for: an instruction set, and which of its extensions code may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Processor {
    /// x86-64.
    X64(x64::asm::Features),
    /// AArch64.
    A64(a64::asm::Features),
}

impl Processor {
    /// x86-64 with everything that the assembler knows.
    pub const X64_ALL: Processor = Processor::X64(x64::asm::Features::ALL);

    /// AArch64 with everything that the assembler knows.
    pub const A64_ALL: Processor = Processor::A64(a64::asm::Features::ALL);

    /// What makes code for it.
    pub fn backend(self) -> Box<dyn Backend> {
        match self {
            Processor::X64(features) => Box::new(Compiler::<X64>::new(features)),
            Processor::A64(features) => Box::new(Compiler::<A64>::new(features)),
        }
    }

    /// What trampolines and stubs are made for beside the code for this processor: nothing but what every processor has, and
    /// what all code of a process has to agree in.
    pub fn boundary(self) -> Processor {
        match self {
            Processor::X64(_) => Processor::X64(x64::asm::Features::BASELINE),
            Processor::A64(a64::asm::Features { bti, paca, .. }) => {
                Processor::A64(a64::asm::Features { bti, paca, ..a64::asm::Features::BASELINE })
            }
        }
    }

    /// The same without what code uses only if it is asked for by name: signatures of return addresses.
    pub fn unless_asked(self) -> Processor {
        match self {
            Processor::X64(_) => self,
            Processor::A64(features) => Processor::A64(a64::asm::Features { paca: false, ..features }),
        }
    }

    /// Whether code for it marks all places that indirect branches lead to, so that others can be refused.
    pub fn marks_branch_targets(self) -> bool {
        matches!(self, Processor::A64(features) if features.bti)
    }

    /// Its calling convention.
    pub fn convention(self) -> &'static Convention {
        match self {
            Processor::X64(_) => &x64::convention::CONVENTION,
            Processor::A64(_) => &a64::convention::CONVENTION,
        }
    }
}

/// What a function's machine code depends on beside the IR and the processor.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The runtime's structures.
    pub layout: VmLayout,
    /// Mask what a mispredicted bounds check would read.
    pub spectre: bool,
    /// Index of the function.
    pub func: u32,
    /// Number of imported functions: what comes before the module's own.
    pub imported_funcs: u32,
    /// Whether memory 0 is addressed from its pinned base.
    pub pinned_memory: bool,
    /// Whether functions of the module may tail-call out of their instance: pins are loaded again after every call.
    pub tail_calls_out: bool,
    /// Whether fuel is charged, and kept in a register.
    pub fuel: bool,
    /// Whether a call of the function itself may go straight to its entry: it is not entered at a loop.
    pub direct_recursion: bool,
}

/// An instruction set's half of the compiler, for one processor, with the memory it uses again for each function.
///
/// The stages are called in order: [`lower`](Backend::lower), [`find_live_ranges`](Backend::find_live_ranges),
/// [`allocate`](Backend::allocate), [`resolve`](Backend::resolve), [`emit`](Backend::emit). What is asked of a function
/// is that of the last one.
pub trait Backend: Send {
    /// What it makes code for.
    fn processor(&self) -> Processor;

    /// From the IR to machine instructions over virtual registers.
    fn lower(&mut self, func: &Func, settings: &Settings);

    /// Finds where values are needed.
    fn find_live_ranges(&mut self, settings: &Settings);

    /// Gives them registers.
    fn allocate(&mut self, settings: &Settings);

    /// Writes the registers down for each instruction, and the moves that go with them.
    fn resolve(&mut self, settings: &Settings);

    /// From machine instructions to bytes.
    fn emit(&mut self, func: &Func, settings: &Settings, out: &mut Code);

    /// The blocks of machine instructions.
    fn blocks(&self) -> &[VBlock];

    /// Where a block begins in the code; `None` if it was left out.
    fn block_offset(&self, block: u32) -> Option<u32>;

    /// The machine instructions with their registers, as text.
    fn print(&self) -> String;

    /// The stubs that code of all shapes shares, and their bytes.
    fn stubs(&mut self, layout: &VmLayout, runtime: &Runtime) -> (Stubs, Vec<u8>);

    /// The trampolines of shapes, and their bytes. `raise` is the address of [`Stubs::raise`].
    fn trampolines(
        &mut self,
        layout: &VmLayout,
        runtime: &Runtime,
        shapes: &[Shape],
        raise: u64,
    ) -> (Vec<ShapeCode>, Vec<u8>);

    /// For each of some defined functions, what its slot leads to as long as it has no machine code: loads its state and
    /// goes the way of calls through references. Offsets, and bytes.
    fn cold_slots(&mut self, layout: &VmLayout, funcs: &[u32]) -> (Vec<u32>, Vec<u8>);
}

/// An instruction set, as a type: all that the stages ask of it.
pub trait Machine: emit::Machine + trampoline::Machine {
    /// What code is compiled for, with these extensions.
    fn processor(features: Self::Features) -> Processor;
}

/// The half of any instruction set.
struct Compiler<M: Machine> {
    features: M::Features,
    lowerer: Lowerer<M>,
    lowered: Lowered<M::Inst>,
    allocator: Allocator,
    allocation: Allocation,
    asm: M::Assembler,
    emitter: Emitter<M>,
}

impl<M: Machine> Compiler<M> {
    fn new(features: M::Features) -> Compiler<M> {
        Compiler {
            features,
            lowerer: Lowerer::default(),
            lowered: Lowered::default(),
            allocator: Allocator::default(),
            allocation: Allocation::default(),
            asm: M::Assembler::new(features),
            emitter: Emitter::default(),
        }
    }

    /// What emits trampolines, from the code's beginning.
    fn at_boundary<'a>(&'a mut self, layout: &'a VmLayout, runtime: &'a Runtime) -> Trampolines<'a, M> {
        self.asm.clear();
        Trampolines { asm: &mut self.asm, layout, runtime }
    }
}

impl<M: Machine> Backend for Compiler<M> {
    fn processor(&self) -> Processor {
        M::processor(self.features)
    }

    fn lower(&mut self, func: &Func, settings: &Settings) {
        let &Settings { layout, spectre, .. } = settings;
        let settings = LowerSettings { layout, features: self.features, spectre };
        lower::lower(&mut self.lowerer, func, &settings, &mut self.lowered);
    }

    fn find_live_ranges(&mut self, settings: &Settings) {
        let regs = M::CONVENTION.reg_sets(settings.fuel);
        self.allocator.find_live_ranges(&self.lowered.code, &regs);
    }

    fn allocate(&mut self, settings: &Settings) {
        let regs = M::CONVENTION.reg_sets(settings.fuel);
        self.allocator.scan(&self.lowered.code, &regs);
    }

    fn resolve(&mut self, settings: &Settings) {
        let regs = M::CONVENTION.reg_sets(settings.fuel);
        self.allocator.resolve(&self.lowered.code, &regs, &mut self.allocation);
    }

    fn emit(&mut self, func: &Func, settings: &Settings, out: &mut Code) {
        let Compiler { emitter, asm, lowered, allocation, .. } = self;
        emit::emit(emitter, asm, lowered, allocation, func, settings, out);
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
        let stubs = self.at_boundary(layout, runtime).stubs();
        (stubs, self.asm.finish().code.to_vec())
    }

    fn trampolines(
        &mut self,
        layout: &VmLayout,
        runtime: &Runtime,
        shapes: &[Shape],
        raise: u64,
    ) -> (Vec<ShapeCode>, Vec<u8>) {
        let mut to = self.at_boundary(layout, runtime);
        let made = shapes.iter().map(|shape| to.shape(shape, raise)).collect();
        (made, self.asm.finish().code.to_vec())
    }

    fn cold_slots(&mut self, layout: &VmLayout, funcs: &[u32]) -> (Vec<u32>, Vec<u8>) {
        let runtime = Runtime::default();
        let mut to = self.at_boundary(layout, &runtime);
        let made = funcs.iter().map(|&func| to.cold_slot(func)).collect();
        (made, self.asm.finish().code.to_vec())
    }
}
