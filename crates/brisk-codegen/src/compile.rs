//! One function through all stages.

use crate::build::{self, BuildError, Builder};
use crate::code::Code;
use crate::ir::Func;
use crate::opt::Optimizer;
use crate::regalloc::Allocator;
use crate::vcode::Allocation;
use crate::x64::asm::{Assembler, Features};
use crate::x64::convention::REG_SETS;
use crate::x64::emit::{EmitSettings, Emitter, emit};
use crate::x64::lower::{LowerSettings, Lowered, Lowerer, lower};
use brisk_module::Module;
use std::time::{Duration, Instant};

/// What compiled code depends on beside the module.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// What the IR depends on.
    pub build: build::Settings<'a>,
    /// What the processor has.
    pub features: Features,
    /// Whether functions of the module may tail-call out of their instance.
    pub tail_calls_out: bool,
}

/// Time spent in each stage, and what for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stages {
    /// WebAssembly to the IR.
    pub build: Duration,
    /// The passes over the IR.
    pub optimize: Duration,
    /// The IR to machine instructions.
    pub lower: Duration,
    /// Registers.
    pub allocate: Duration,
    /// Bytes.
    pub emit: Duration,
    /// Functions compiled.
    pub functions: u64,
    /// Bytes of their bodies.
    pub body_bytes: u64,
    /// Bytes of their code.
    pub code_bytes: u64,
}

impl Stages {
    /// All stages together.
    pub fn total(&self) -> Duration {
        self.build + self.optimize + self.lower + self.allocate + self.emit
    }
}

/// The memory of a compilation, used again for each function.
pub struct CompileContext {
    builder: Builder,
    /// The function as IR: of the last compilation, after all passes.
    pub func: Func,
    optimizer: Optimizer,
    lowerer: Lowerer,
    /// Its machine instructions.
    pub lowered: Lowered,
    allocator: Allocator,
    /// Where their operands are.
    pub allocation: Allocation,
    asm: Assembler,
    emitter: Emitter,
    /// The code of the last compilation.
    pub code: Code,
    /// Time spent so far.
    pub stages: Stages,
    /// Is shown the IR after the build and after each pass, with the name of what was done last.
    pub observer: Option<Observer>,
}

/// See [`CompileContext::observer`].
pub type Observer = Box<dyn FnMut(&str, &Func) + Send>;

impl CompileContext {
    /// For a processor.
    pub fn new(features: Features) -> CompileContext {
        CompileContext {
            builder: Builder::default(),
            func: Func::default(),
            optimizer: Optimizer::default(),
            lowerer: Lowerer::default(),
            lowered: Lowered::default(),
            allocator: Allocator::default(),
            allocation: Allocation::default(),
            asm: Assembler::new(features),
            emitter: Emitter::default(),
            code: Code::default(),
            stages: Stages::default(),
            observer: None,
        }
    }

    /// Shows the IR to the observer, if there is one.
    fn observe(&mut self, done: &str) {
        if let Some(observer) = &mut self.observer {
            observer(done, &self.func);
        }
    }

    /// The blocks of machine instructions that came to be emitted: offset in the code and number, by offset.
    pub fn block_offsets(&self) -> Vec<(u32, u32)> {
        let blocks = 0..self.lowered.code.blocks.len() as u32;
        let offset = |block| Some((self.emitter.block_offset(&self.asm, block)?, block));
        let mut offsets: Vec<(u32, u32)> = blocks.filter_map(offset).collect();
        offsets.sort_unstable();
        offsets
    }

    /// Compiles a defined function, by its index in the module. The code is left in `self.code`.
    ///
    /// # Errors
    ///
    /// If the function is too large to be optimized, or has no such entry.
    pub fn compile(&mut self, module: &Module, func: u32, settings: &Settings<'_>) -> Result<(), BuildError> {
        let start = Instant::now();
        build::build(&mut self.builder, module, func, &settings.build, &mut self.func)?;
        self.observe("build");
        let built = Instant::now();
        self.optimizer.opt_number(&mut self.func);
        self.observe("opt_number");
        self.optimizer.opt_dead(&mut self.func);
        self.observe("opt_dead");
        let optimized = Instant::now();
        let lower_settings = LowerSettings {
            layout: settings.build.layout,
            features: settings.features,
            spectre: settings.build.spectre,
        };
        lower(&mut self.lowerer, &self.func, &lower_settings, &mut self.lowered);
        let lowered = Instant::now();
        self.allocator.run(&self.lowered.code, &REG_SETS, &mut self.allocation);
        let allocated = Instant::now();
        let emit_settings = EmitSettings {
            layout: settings.build.layout,
            func,
            imported_funcs: module.imported_funcs,
            pinned_memory: settings.build.memories.first() == Some(&build::MemoryStyle::Guarded),
            tail_calls_out: settings.tail_calls_out,
        };
        emit(
            &mut self.emitter,
            &mut self.asm,
            &self.lowered,
            &self.allocation,
            &self.func,
            &emit_settings,
            &mut self.code,
        );
        let emitted = Instant::now();
        let stages = &mut self.stages;
        stages.build += built - start;
        stages.optimize += optimized - built;
        stages.lower += lowered - optimized;
        stages.allocate += allocated - lowered;
        stages.emit += emitted - allocated;
        stages.functions += 1;
        stages.body_bytes += module.bodies[(func - module.imported_funcs) as usize].range.len() as u64;
        stages.code_bytes += self.code.bytes.len() as u64;
        Ok(())
    }
}
