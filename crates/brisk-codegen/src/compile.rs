//! One function through all stages.

use crate::build::{self, BuildError, Builder};
use crate::code::Code;
use crate::ir::Func;
use crate::isa::{self, Backend, Processor};
use crate::opt::Optimizer;
use brisk_module::Module;
use std::time::{Duration, Instant};

/// What compiled code depends on beside the module.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// What the IR depends on.
    pub build: build::Settings<'a>,
    /// Whether functions of the module may tail-call out of their instance.
    pub tail_calls_out: bool,
}

/// Time spent in each pass, and what for.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    /// The passes that were run, in the order of the first that came by each, and the time of all functions together.
    pub passes: Vec<(&'static str, Duration)>,
    /// Functions compiled.
    pub functions: u64,
    /// Bytes of their bodies.
    pub body_bytes: u64,
    /// Bytes of their code.
    pub code_bytes: u64,
}

impl Stages {
    /// All passes together.
    pub fn total(&self) -> Duration {
        self.passes.iter().map(|&(_, time)| time).sum()
    }

    fn add(&mut self, pass: &'static str, time: Duration) {
        match self.passes.iter_mut().find(|(known, _)| *known == pass) {
            Some((_, all)) => *all += time,
            None => self.passes.push((pass, time)),
        }
    }
}

/// The memory of a compilation, used again for each function.
pub struct CompileContext {
    builder: Builder,
    /// The function as IR: of the last compilation, after all passes.
    pub func: Func,
    optimizer: Optimizer,
    /// The instruction set's half.
    pub backend: Box<dyn Backend>,
    /// The code of the last compilation.
    pub code: Code,
    /// Time spent so far.
    pub stages: Stages,
    /// When the pass at hand began.
    since: Instant,
    /// Is shown the IR after the build and after each pass, with the name of what was done last.
    pub observer: Option<Observer>,
}

/// See [`CompileContext::observer`].
pub type Observer = Box<dyn FnMut(&str, &Func) + Send>;

impl CompileContext {
    /// For a processor.
    pub fn new(processor: Processor) -> CompileContext {
        CompileContext {
            builder: Builder::default(),
            func: Func::default(),
            optimizer: Optimizer::default(),
            backend: processor.backend(),
            code: Code::default(),
            stages: Stages::default(),
            since: Instant::now(),
            observer: None,
        }
    }

    /// A pass ends, and the next one begins.
    fn time(&mut self, done: &'static str) {
        let now = Instant::now();
        self.stages.add(done, now - self.since);
        self.since = now;
    }

    /// A pass over the IR ends, which is shown to the observer, if there is one.
    fn observe(&mut self, done: &'static str) {
        self.time(done);
        if let Some(observer) = &mut self.observer {
            observer(done, &self.func);
            self.since = Instant::now();
        }
    }

    /// The blocks of machine instructions that came to be emitted: offset in the code and number, by offset.
    pub fn block_offsets(&self) -> Vec<(u32, u32)> {
        let blocks = 0..self.backend.blocks().len() as u32;
        let offset = |block| Some((self.backend.block_offset(block)?, block));
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
        self.since = Instant::now();
        build::build(&mut self.builder, module, func, &settings.build, &mut self.func)?;
        self.observe("build");
        self.optimizer.opt_number(&mut self.func);
        self.observe("opt_number");
        self.optimizer.opt_dead(&mut self.func);
        self.observe("opt_dead");
        if settings.build.fuel {
            self.optimizer.opt_fuel(&mut self.func);
            self.observe("opt_fuel");
        }
        let machine = isa::Settings {
            layout: settings.build.layout,
            spectre: settings.build.spectre,
            func,
            imported_funcs: module.imported_funcs,
            pinned_memory: settings.build.memories.first() == Some(&build::MemoryStyle::Guarded),
            tail_calls_out: settings.tail_calls_out,
            fuel: settings.build.fuel,
            direct_recursion: settings.build.entry == build::Entry::Normal,
        };
        self.backend.lower(&self.func, &machine);
        self.time("lower");
        self.backend.find_live_ranges(&machine);
        self.time("live ranges");
        self.backend.allocate(&machine);
        self.time("allocate");
        self.backend.resolve(&machine);
        self.time("resolve");
        self.backend.emit(&self.func, &machine, &mut self.code);
        self.time("emit");
        let stages = &mut self.stages;
        stages.functions += 1;
        stages.body_bytes += module.bodies[(func - module.imported_funcs) as usize].range.len() as u64;
        stages.code_bytes += self.code.bytes.len() as u64;
        Ok(())
    }
}
