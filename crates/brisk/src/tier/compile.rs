//! One job: from a function of a module to published machine code.

use super::events::{TierEvent, TierOutcome};
use super::pool::Job;
use crate::engine::Engine;
use crate::interp::code::{Bridge, Compilation};
use crate::module::{Module, Style, WeakModule};
use crate::vm::fork::Section;
use crate::vm::native::{Frame, GUARD, Publish, vm_layout};
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

impl Job for CompileJob {
    type Worker = Option<CompileContext>;

    fn urgent(&self) -> bool {
        self.osr.is_some()
    }

    fn run(self, worker: &mut Option<CompileContext>) {
        let Some(module) = self.module.upgrade() else { return };
        let start = Instant::now();
        let outcome = guarded(worker, &module, |cx| self.compile(cx, &module));
        let section = Section::enter();
        self.end(&module);
        drop(section);
        log(&module, self.func, self.osr.map(|at| at.offset), start.elapsed(), outcome);
    }
}

/// Does something with a compiler that is made if need be. If that panics, which is a fault of the compiler's, the
/// compiler is not used again, and the interpreter goes on.
fn guarded(
    cx: &mut Option<CompileContext>,
    module: &Module,
    work: impl FnOnce(&mut CompileContext) -> TierOutcome,
) -> TierOutcome {
    let worked = catch_unwind(AssertUnwindSafe(|| {
        work(cx.get_or_insert_with(|| CompileContext::new(module.engine().tunables().cpu)))
    }));
    worked.unwrap_or_else(|_| {
        *cx = None;
        TierOutcome::Failed
    })
}

impl CompileJob {
    fn compile(&self, cx: &mut CompileContext, module: &Module) -> TierOutcome {
        let memories = memory_styles(module, self.style);
        let entry = match self.osr {
            None => Entry::Normal,
            Some(at) => Entry::Osr { header: at.offset, link_slots: crate::interp::LINK_SLOTS },
        };
        let Some(code) = compile(cx, module, self.func, entry, &memories) else {
            return TierOutcome::TooLarge;
        };
        let code_bytes = code.bytes.len();
        let _section = Section::enter();
        match self.publish(module, code) {
            true => TierOutcome::Compiled { code_bytes },
            false => TierOutcome::Refused,
        }
    }

    fn publish(&self, module: &Module, code: Code) -> bool {
        let Ok(image) = module.native_of(self.style).image(module) else { return false };
        let Some(at) = self.osr else {
            let publish = Publish { func: self.func, code, osr: None };
            return image.publish(module, vec![publish]).is_ok();
        };
        let Some(translated) = module.code().find(at.ip as *const u16) else { return false };
        let frame = Frame { link: translated.local_slots, slots: translated.frame_slots };
        let publish = Publish { func: self.func, code, osr: Some(frame) };
        let Ok(bridges) = image.publish(module, vec![publish]) else { return false };
        if let Some(bridge) = bridges.into_iter().next() {
            let bridge: *const Bridge = module.code().keep_bridge(bridge);
            translated.loops[at.number as usize].bridge.store(bridge.cast_mut(), Ordering::Release);
        }
        true
    }

    /// Notes that nobody needs to ask again.
    fn end(&self, module: &Module) {
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
        let outcome =
            guarded(&mut cx, module, |cx| match compile(cx, module, func, Entry::Normal, &memories) {
                Some(code) => {
                    let code_bytes = code.bytes.len();
                    all.push(Publish { func, code, osr: None });
                    TierOutcome::Compiled { code_bytes }
                }
                None => TierOutcome::TooLarge,
            });
        match outcome {
            TierOutcome::Compiled { code_bytes } => compiled.push((func, start.elapsed(), code_bytes)),
            _ => log(module, func, None, start.elapsed(), outcome),
        }
    }
    let section = Section::enter();
    let published = module.native_of(style).image(module).and_then(|image| {
        image.retain_fitting(&mut all);
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
