//! One job: from a function of a module to published machine code.

use super::events::{TierEvent, TierOutcome};
use super::pool::Job;
use crate::engine::Engine;
use crate::interp::code::{Bridge, Compilation};
use crate::module::{Module, Style, WeakModule};
use crate::vm::fork::Section;
use crate::vm::native::{Frame, GUARD, Publish, vm_layout};
use crate::vm::reservation::page_size;
use brisk_codegen::build::{Entry, MemoryStyle, Settings as BuildSettings};
use brisk_codegen::code::Code;
use brisk_codegen::compile::{CompileContext, Settings};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A function, or a loop of one, to be compiled.
pub(crate) struct CompileJob {
    /// The module, which may be gone when the job's turn comes.
    pub module: WeakModule,
    /// For which instances.
    pub style: Style,
    /// Index of the defined function.
    pub func: u32,
    /// The loop whose frames the code is to take over.
    pub osr: Option<LoopAt>,
}

/// A loop in the register code of a function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopAt {
    /// Address of some instruction of that code.
    pub ip: usize,
    /// Number of the loop.
    pub number: u32,
    /// Offset of the `loop` instruction in the module's bytes.
    pub offset: u32,
}

/// What a thread keeps from one job to the next.
#[derive(Default)]
pub(crate) struct Worker {
    cx: Option<CompileContext>,
    /// What was compiled and is to be published together: functions of one module, for instances of one style.
    done: Vec<Done>,
}

/// A job whose code is to be published.
struct Done {
    job: CompileJob,
    code: Code,
    took: Duration,
}

impl Job for CompileJob {
    type Worker = Worker;

    fn urgent(&self) -> bool {
        self.osr.is_some()
    }

    /// Functions that get hot one after the other are published together, so that they share pages and calls of the system:
    /// as soon as they fill a page, a running loop waits for one, or nothing else is to be done.
    fn run(self, worker: &mut Worker) {
        let Some(module) = self.module.upgrade() else { return };
        let start = Instant::now();
        let compiled = guarded(&mut worker.cx, &module, |cx| self.compile(cx, &module));
        let took = start.elapsed();
        let code = match compiled {
            Ok(code) => code,
            Err(outcome) => return self.end(&module, took, outcome),
        };
        if worker.done.first().is_some_and(|first| !first.job.goes_with(&self)) {
            CompileJob::settle(worker);
        }
        let is_urgent = self.urgent();
        worker.done.push(Done { job: self, code, took });
        let bytes: usize = worker.done.iter().map(|done| done.code.bytes.len()).sum();
        if is_urgent || bytes >= page_size() {
            CompileJob::settle(worker);
        }
    }

    fn settle(worker: &mut Worker) {
        let done = std::mem::take(&mut worker.done);
        let Some(first) = done.first() else { return };
        let Some(module) = first.job.module.upgrade() else { return };
        publish(&module, done);
    }
}

/// Does something with a compiler that is made if need be. If that panics, which is a fault of the compiler's, the
/// compiler is not used again, and the interpreter goes on.
fn guarded(
    cx: &mut Option<CompileContext>,
    module: &Module,
    work: impl FnOnce(&mut CompileContext) -> Option<Code>,
) -> Result<Code, TierOutcome> {
    let worked = catch_unwind(AssertUnwindSafe(|| {
        work(cx.get_or_insert_with(|| CompileContext::new(module.engine().tunables().cpu)))
    }));
    match worked {
        Ok(code) => code.ok_or(TierOutcome::TooLarge),
        Err(_) => {
            *cx = None;
            Err(TierOutcome::Failed)
        }
    }
}

impl CompileJob {
    /// The code; `None` if it is too large for the compiler.
    fn compile(&self, cx: &mut CompileContext, module: &Module) -> Option<Code> {
        let memories = memory_styles(module, self.style);
        let entry = match self.osr {
            None => Entry::Normal,
            Some(at) => Entry::Osr { header: at.offset, link_slots: crate::interp::LINK_SLOTS },
        };
        compile(cx, module, self.func, entry, &memories)
    }

    /// Whether the code of both can be published together.
    fn goes_with(&self, other: &CompileJob) -> bool {
        self.style == other.style && self.module.is(&other.module)
    }

    /// The frame that the code takes over, if it does.
    fn frame(&self, module: &Module) -> Option<Frame> {
        let translated = module.code().find(self.osr?.ip as *const u16)?;
        Some(Frame { link: translated.local_slots, slots: translated.frame_slots })
    }

    /// Notes how it ended, and that nobody needs to ask again.
    fn end(&self, module: &Module, took: Duration, outcome: TierOutcome) {
        let section = Section::enter();
        let ended = Compilation::Ended as u8;
        match self.osr {
            None => {
                let state = &module.funcs_of(self.style)[self.func as usize];
                state.compilation.store(ended, Ordering::Release);
            }
            Some(at) => {
                if let Some(code) = module.code().find(at.ip as *const u16) {
                    code.loops[at.number as usize].compilation.store(ended, Ordering::Release);
                }
            }
        }
        drop(section);
        log(module, self.func, self.osr.map(|at| at.offset), took, outcome);
    }
}

/// Publishes what was compiled, as far as there is room.
fn publish(module: &Module, done: Vec<Done>) {
    let section = Section::enter();
    let image = done.first().map(|first| module.native_of(first.job.style).image(module));
    let fits = match image {
        Some(Ok(image)) => image.fitting(done.iter().map(|done| &done.code)),
        _ => vec![false; done.len()],
    };
    let mut all = Vec::with_capacity(done.len());
    let mut ended = Vec::with_capacity(done.len());
    for (Done { job, code, took }, fits) in done.into_iter().zip(fits) {
        let osr = job.frame(module);
        let fits = fits && job.osr.is_some() == osr.is_some();
        let code_bytes = code.bytes.len();
        if fits {
            all.push(Publish { func: job.func, code, osr });
        }
        ended.push((job, took, fits.then_some(code_bytes)));
    }
    let published = match image {
        Some(Ok(image)) if !all.is_empty() => image.publish(module, all),
        _ => Ok(Vec::new()),
    };
    let is_published = published.is_ok();
    let mut bridges = published.unwrap_or_default().into_iter();
    for (job, _, code_bytes) in &ended {
        if let Some(at) = job.osr
            && code_bytes.is_some()
            && let Some(bridge) = bridges.next()
            && let Some(translated) = module.code().find(at.ip as *const u16)
        {
            let bridge: *const Bridge = module.code().keep_bridge(bridge);
            translated.loops[at.number as usize].bridge.store(bridge.cast_mut(), Ordering::Release);
        }
    }
    drop(section);
    for (job, took, code_bytes) in ended {
        let outcome = match code_bytes {
            Some(code_bytes) if is_published => TierOutcome::Compiled { code_bytes },
            _ => TierOutcome::Refused,
        };
        job.end(module, took, outcome);
    }
}

/// How instances of a style access their memories.
fn memory_styles(module: &Module, style: Style) -> Vec<MemoryStyle> {
    let guarded = style == Style::Primary && module.wants_guarded();
    let style = if guarded { MemoryStyle::Guarded } else { MemoryStyle::Checked };
    vec![style; module.info().memories.len()]
}

fn compile(
    cx: &mut CompileContext,
    module: &Module,
    func: u32,
    entry: Entry,
    memories: &[MemoryStyle],
) -> Option<Code> {
    let tunables = module.engine().tunables();
    let info = module.info();
    #[cfg(test)]
    assert_ne!(info.names().func_name(info.imported_funcs + func), Some(tests::FAILS), "as the test wants");
    let settings = Settings {
        build: BuildSettings {
            layout: vm_layout(),
            fuel: tunables.consume_fuel,
            canonical_nans: tunables.deterministic,
            interrupts: tunables.interrupts,
            memories,
            guard_size: GUARD as u64,
            spectre: tunables.spectre,
            entry,
            inlining: tunables.inlining,
        },
        tail_calls_out: info.features_used.contains(&"tail-call"),
    };
    cx.compile(info, info.imported_funcs + func, &settings).ok()?;
    Some(std::mem::take(&mut cx.code))
}

fn log(module: &Module, func: u32, osr: Option<u32>, took: Duration, outcome: TierOutcome) {
    let engine: &Engine = module.engine();
    engine.compiler().log.add(|at| {
        let info = module.info();
        let index = info.imported_funcs + func;
        TierEvent {
            module: module.name().map(str::to_owned),
            func: index,
            name: info.names().func_name(index).map(str::to_owned),
            loop_offset: osr,
            body_bytes: info.bodies[func as usize].range.len(),
            at,
            took,
            outcome,
        }
    });
}

/// Compiles all functions of a module for instances of a style, and publishes as many as there is room for together.
pub(crate) fn compile_all(module: &Module, style: Style) {
    let memories = memory_styles(module, style);
    let mut cx = None;
    let mut all = Vec::new();
    let mut compiled = Vec::new();
    for func in 0..module.info().bodies.len() as u32 {
        let start = Instant::now();
        match guarded(&mut cx, module, |cx| compile(cx, module, func, Entry::Normal, &memories)) {
            Ok(code) => {
                compiled.push((func, start.elapsed(), code.bytes.len()));
                all.push(Publish { func, code, osr: None });
            }
            Err(outcome) => log(module, func, None, start.elapsed(), outcome),
        }
    }
    let section = Section::enter();
    let published = module.native_of(style).image(module).and_then(|image| {
        let mut fits = image.fitting(all.iter().map(|publish| &publish.code)).into_iter();
        all.retain(|_| fits.next() == Some(true));
        let funcs: Vec<u32> = all.iter().map(|publish| publish.func).collect();
        image.publish(module, all).map(|_| funcs)
    });
    drop(section);
    // Refused: what is left is interpreted.
    let published = published.unwrap_or_default();
    for (func, took, code_bytes) in compiled {
        let is_published = published.binary_search(&func).is_ok();
        let compiled = TierOutcome::Compiled { code_bytes };
        log(module, func, None, took, if is_published { compiled } else { TierOutcome::Refused });
    }
}

#[cfg(test)]
mod tests;
