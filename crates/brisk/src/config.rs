//! What an engine is asked to do.

use crate::{Result, bail};
use brisk_codegen::isa::Processor;
use brisk_codegen::{a64::asm as a64, x64::asm as x64};
use brisk_module::{DecodeOptions, Feature, WasmFeatures};
use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

/// Frames kept in a backtrace unless set otherwise.
pub(crate) const DEFAULT_BACKTRACE_FRAMES: NonZeroUsize = NonZeroUsize::new(20).expect("20 is not 0");
/// Bytes of the stack for wasm code unless set otherwise.
const DEFAULT_WASM_STACK: usize = 2 << 20;
/// Bytes of native stack that wasm code may use unless set otherwise.
const DEFAULT_NATIVE_STACK: usize = 512 << 10;
/// Bytes of the heap of exceptions and external objects unless set otherwise.
const DEFAULT_HEAP_SIZE: usize = 1 << 30;

/// Iterations after which a function is compiled unless set otherwise.
const DEFAULT_THRESHOLD: u32 = 1000;
/// Bytes of machine code of a module unless set otherwise.
const DEFAULT_CODE: usize = 1 << 30;

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |threads| threads.get() - 1).clamp(1, 4)
}

/// How wasm code is run.
///
/// ```
/// use brisk::{Config, Engine, Tier};
///
/// let tier: Tier = "interp".parse()?;
/// let engine = Engine::new(Config::new().tier(tier))?;
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Tier {
    /// Whatever is best for each function.
    #[default]
    Auto,
    /// Always interpreted.
    Interp,
    /// Compiled to machine code before it first runs. What cannot be compiled is interpreted.
    Jit,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tier::Auto => "auto",
            Tier::Interp => "interp",
            Tier::Jit => "jit",
        })
    }
}

impl FromStr for Tier {
    type Err = crate::Error;

    fn from_str(name: &str) -> Result<Tier> {
        match name {
            "auto" => Ok(Tier::Auto),
            "interp" => Ok(Tier::Interp),
            "jit" => Ok(Tier::Jit),
            _ => bail!("no tier is called `{name}`; there are `auto`, `interp` and `jit`"),
        }
    }
}

/// What an [`Engine`](crate::Engine) is asked to do.
///
/// ```
/// use brisk::{Config, Engine};
///
/// let mut config = Config::new();
/// config.consume_fuel(true).wasm_simd(false);
/// let engine = Engine::new(&config)?;
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Proposals switched on by name; they may need others.
    enabled: WasmFeatures,
    /// Proposals switched off by name; what needs them goes off too.
    disabled: WasmFeatures,
    parallel: bool,
    tunables: Tunables,
}

/// The part of a [`Config`] that running code goes by.
#[derive(Clone, Debug)]
pub(crate) struct Tunables {
    /// Code counts its fuel.
    pub consume_fuel: bool,
    /// The epoch interrupts code.
    pub epoch_interruption: bool,
    /// NaNs are canonical and relaxed vector instructions do the same everywhere.
    pub deterministic: bool,
    /// Code counts its instructions.
    pub profile_ops: bool,
    /// Calls are reported.
    pub trace_calls: bool,
    /// Machine code is written to a perf map.
    pub perf_map: bool,
    /// Machine code is written to a jit dump.
    pub jit_dump: bool,
    /// Bytes of a store's value stack.
    pub value_stack_bytes: usize,
    /// Bytes of native stack from the outermost entry of wasm code on.
    pub native_stack_bytes: usize,
    /// Bytes of a store's collected heap.
    pub heap_bytes: usize,
    /// Memories are reserved as a whole where that is possible, for machine code that leaves checks to the
    /// hardware.
    pub guarded_memories: bool,
    /// Frames of a backtrace, none if no backtrace is wanted.
    pub backtrace_frames: Option<NonZeroUsize>,
    /// How code is run.
    pub tier: Tier,
    /// Calls and iterations after which a function is compiled.
    pub tier_threshold: u32,
    /// Threads that compile; none: where the function got hot.
    pub compile_threads: usize,
    /// Bytes of machine code of a module.
    pub code_bytes: usize,
    /// Faults of guarded memories may be taken from the system's signals.
    pub signals: bool,
    /// Machine code looks for interrupts.
    pub interrupts: bool,
    /// What speculation could read beyond a bound is masked.
    pub spectre: bool,
    /// Machine code has called functions in place of calls.
    pub inlining: bool,
    /// What machine code may use of the processor.
    pub cpu: Processor,
    /// Compilations are kept for whoever asks.
    pub log_tiers: bool,
}

/// An extension of an instruction set that machine code may use: see [`Config::cpu_features`].
///
/// ```
/// use brisk::{Config, CpuFeature, Engine};
///
/// // The same machine code on every processor that has this, for instance on all of a fleet.
/// let pinned = Engine::new(Config::new().cpu_features(&[CpuFeature::Popcnt]));
/// // Here only if this processor has it.
/// assert!(pinned.is_ok() || pinned.unwrap_err().to_string().contains("popcnt"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum CpuFeature {
    /// x86-64, as those that follow. SSE4.2: comparison of 64-bit lanes.
    Sse42,
    /// Counting of bits.
    Popcnt,
    /// Vector instructions with three operands; SSE4.2 is used with it.
    Avx,
    /// Wider broadcasts and shuffles; AVX is used with it.
    Avx2,
    /// Bit manipulation, the first set: trailing zeros, and-not.
    Bmi1,
    /// Bit manipulation, the second set: shifts that leave the flags alone.
    Bmi2,
    /// Leading zeros.
    Lzcnt,
    /// AArch64: atomic operations in one instruction.
    Lse,
    /// AArch64: dot products of bytes.
    DotProd,
    /// AArch64: dot products of bytes with and without sign.
    I8mm,
    /// AArch64: each place that indirect branches lead to is marked, and its pages are mapped so that they lead nowhere else.
    Bti,
    /// AArch64: return addresses are signed while they are in memory, and checked before they are used. Not used unless it is
    /// listed: no system asks for it, and it takes two instructions for each call.
    Paca,
}

macro_rules! feature_switches {
    ($($(#[$doc:meta])* $method:ident $feature:ident $needs:expr;)*) => {
        impl Config {
            $(
                $(#[$doc])*
                pub fn $method(&mut self, enable: bool) -> &mut Self {
                    self.wasm_features(Feature::$feature.flag(), enable)
                }
            )*
        }

        /// What each proposal needs.
        const NEEDS: &[(Feature, &[Feature])] = &[$((Feature::$feature, &$needs),)*];
    };
}

// A proposal stands after those it needs.
feature_switches! {
    /// Mutable globals as imports and exports. On unless switched off.
    wasm_mutable_global MutableGlobal [];
    /// Conversions from float to integer that never trap. On unless switched off.
    wasm_saturating_float_to_int SaturatingFloatToInt [];
    /// Sign extension within an integer. On unless switched off.
    wasm_sign_extension SignExtension [];
    /// Several results, and blocks with parameters. On unless switched off.
    wasm_multi_value MultiValue [];
    /// `memory.copy`, `memory.fill`, passive segments and the like. On unless switched off.
    wasm_bulk_memory BulkMemory [];
    /// `externref`, several tables and the table instructions. On unless switched off; needs bulk memory.
    wasm_reference_types ReferenceTypes [Feature::BulkMemory];
    /// 128-bit vectors. On unless switched off.
    wasm_simd Simd [];
    /// Vector instructions whose results may depend on the machine. On unless switched off; needs SIMD.
    wasm_relaxed_simd RelaxedSimd [Feature::Simd];
    /// Calls that replace their caller. On unless switched off.
    wasm_tail_call TailCall [];
    /// Integer arithmetic in constant expressions. On unless switched off.
    wasm_extended_const ExtendedConst [];
    /// Several memories in a module. On unless switched off.
    wasm_multi_memory MultiMemory [];
    /// Memories and tables with 64-bit addresses and indices. On unless switched off.
    wasm_memory64 Memory64 [];
    /// Typed function references. On unless switched off; needs reference types.
    wasm_function_references FunctionReferences [Feature::ReferenceTypes];
    /// Exceptions. On unless switched off; needs reference types.
    wasm_exceptions Exceptions [Feature::ReferenceTypes];
    /// Recursive types and subtypes. On unless switched off; needs typed function references.
    /// Modules with structures, arrays or casts are refused either way for now.
    wasm_gc Gc [Feature::FunctionReferences];
    /// Shared memories and atomic instructions. Modules that use them are refused either way for now.
    wasm_threads Threads [];
    /// 128-bit integer arithmetic in two halves. On unless switched off.
    wasm_wide_arithmetic WideArithmetic [];
    /// Memories with pages of one byte. On unless switched off.
    wasm_custom_page_sizes CustomPageSizes [];
    /// Imports grouped by module name. Off unless switched on.
    wasm_compact_imports CompactImports [];
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

impl Config {
    /// The default configuration: WebAssembly 3.0 with wide arithmetic and custom page sizes,
    /// without fuel or epochs.
    pub fn new() -> Config {
        Config {
            enabled: WasmFeatures::empty(),
            disabled: WasmFeatures::empty(),
            parallel: true,
            tunables: Tunables {
                consume_fuel: false,
                epoch_interruption: false,
                deterministic: false,
                profile_ops: false,
                trace_calls: false,
                perf_map: false,
                jit_dump: false,
                value_stack_bytes: DEFAULT_WASM_STACK,
                native_stack_bytes: DEFAULT_NATIVE_STACK,
                heap_bytes: DEFAULT_HEAP_SIZE,
                guarded_memories: false,
                tier: Tier::Auto,
                tier_threshold: DEFAULT_THRESHOLD,
                compile_threads: default_threads(),
                code_bytes: DEFAULT_CODE,
                signals: true,
                interrupts: true,
                spectre: true,
                inlining: true,
                cpu: crate::vm::native::cpu().unless_asked(),
                log_tiers: false,
                backtrace_frames: Some(DEFAULT_BACKTRACE_FRAMES),
            },
        }
    }

    /// Switches several proposals at once.
    ///
    /// A proposal that needs one that is off goes off with it, unless it was switched on by name:
    /// then [`Engine::new`](crate::Engine::new) fails.
    pub fn wasm_features(&mut self, features: WasmFeatures, enable: bool) -> &mut Self {
        self.enabled.set(features, enable);
        self.disabled.set(features, !enable);
        self
    }

    /// Whether running code uses up fuel, and stops with [`Trap::OutOfFuel`](crate::Trap::OutOfFuel) when there
    /// is none left. The same program stops at the same point every time. A store begins without fuel.
    pub fn consume_fuel(&mut self, enable: bool) -> &mut Self {
        self.tunables.consume_fuel = enable;
        self
    }

    /// Whether running code is interrupted when the engine's epoch, which
    /// [`Engine::increment_epoch`](crate::Engine::increment_epoch) advances, reaches the store's epoch deadline. A store's
    /// first deadline has already passed.
    pub fn epoch_interruption(&mut self, enable: bool) -> &mut Self {
        self.tunables.epoch_interruption = enable;
        self
    }

    /// Whether results must be the same everywhere: NaNs come out canonical, and relaxed vector
    /// instructions do one fixed thing. Interrupt such code by fuel; epochs and deadlines come
    /// when they come.
    pub fn deterministic(&mut self, enable: bool) -> &mut Self {
        self.tunables.deterministic = enable;
        self
    }

    /// Bytes of stack for the values and frames of wasm code in each store; 2 MiB unless set. Deeper
    /// recursion ends with [`Trap::StackOverflow`](crate::Trap::StackOverflow).
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Self {
        self.tunables.value_stack_bytes = bytes;
        self
    }

    /// Bytes of the thread's own stack that a call into wasm may use with everything it calls, host
    /// functions included; 512 KiB unless set. The thread must have that much left. A quarter of it, but not more than
    /// 128 KiB, is for host functions alone: wasm code traps before it takes that, however deep it recurses.
    pub fn max_native_stack(&mut self, bytes: usize) -> &mut Self {
        self.tunables.native_stack_bytes = bytes;
        self
    }

    /// Bytes that exceptions and external objects of a store may take; 1 GiB unless set. A
    /// [`ResourceLimiter`](crate::ResourceLimiter) may allow less.
    pub fn max_heap_size(&mut self, bytes: usize) -> &mut Self {
        self.tunables.heap_bytes = bytes;
        self
    }

    /// How wasm code is run.
    pub fn tier(&mut self, tier: Tier) -> &mut Self {
        self.tunables.tier = tier;
        self
    }

    /// After how many iterations of its loops, or a quarter as many calls, [`Tier::Auto`] compiles a function;
    /// 1,000 unless set.
    pub fn tier_threshold(&mut self, iterations: u32) -> &mut Self {
        self.tunables.tier_threshold = iterations;
        self
    }

    /// How many threads compile in the background; one less than the machine has, but from one to four, unless set.
    /// They start with the first hot function. With 0, a function is compiled on the thread that runs it.
    pub fn compile_threads(&mut self, threads: usize) -> &mut Self {
        self.tunables.compile_threads = threads;
        self
    }

    /// Bytes of machine code that a module may have, about; 1 GiB unless set. Functions beyond that are interpreted.
    pub fn max_code_memory(&mut self, bytes: usize) -> &mut Self {
        self.tunables.code_bytes = bytes;
        self
    }

    /// Whether machine code may leave the bounds checks of 32-bit memories to the hardware: address space is reserved
    /// for all that an address can reach, and a handler of `SIGSEGV` is installed that turns faults of
    /// such code, and no others, into traps. On unless switched off; where it is off or the system refuses, code
    /// compares each address with the memory's length.
    pub fn signals_based_traps(&mut self, enable: bool) -> &mut Self {
        self.tunables.signals = enable;
        self
    }

    /// Whether machine code can be interrupted by a deadline. On unless switched off, which makes small
    /// loops a little faster; [`Config::epoch_interruption`] switches it on.
    pub fn interruptible(&mut self, enable: bool) -> &mut Self {
        self.tunables.interrupts = enable;
        self
    }

    /// Whether machine code masks what a mispredicted bounds check could read. On unless switched off.
    pub fn spectre_mitigations(&mut self, enable: bool) -> &mut Self {
        self.tunables.spectre = enable;
        self
    }

    /// Which extensions of the instruction set machine code may use, beside those that all code uses (SSE4.1 on x86-64). What the
    /// processor lacks is not used, whatever is listed; unless this is called, all that it has is, but for [`CpuFeature::Paca`].
    ///
    /// ```
    /// use brisk::{Config, CpuFeature};
    ///
    /// let mut config = Config::new();
    /// config.cpu_features(&[]); // code for the oldest processors
    /// config.cpu_features(&[CpuFeature::Popcnt, CpuFeature::Avx, CpuFeature::Avx2]);
    /// ```
    pub fn cpu_features(&mut self, features: &[CpuFeature]) -> &mut Self {
        let may = |feature| features.contains(&feature);
        self.tunables.cpu = match crate::vm::native::cpu() {
            Processor::X64(has) => {
                let avx = may(CpuFeature::Avx) || may(CpuFeature::Avx2);
                Processor::X64(x64::Features {
                    ssse3: has.ssse3,
                    sse41: has.sse41,
                    sse42: has.sse42 && (may(CpuFeature::Sse42) || avx),
                    avx: has.avx && avx,
                    avx2: has.avx2 && may(CpuFeature::Avx2),
                    fma: false,
                    bmi1: has.bmi1 && may(CpuFeature::Bmi1),
                    bmi2: has.bmi2 && may(CpuFeature::Bmi2),
                    lzcnt: has.lzcnt && may(CpuFeature::Lzcnt),
                    popcnt: has.popcnt && may(CpuFeature::Popcnt),
                })
            }
            Processor::A64(has) => Processor::A64(a64::Features {
                lse: has.lse && may(CpuFeature::Lse),
                dotprod: has.dotprod && may(CpuFeature::DotProd),
                i8mm: has.i8mm && may(CpuFeature::I8mm),
                bti: has.bti && may(CpuFeature::Bti),
                paca: has.paca && may(CpuFeature::Paca),
            }),
        };
        self
    }

    /// Whether machine code has small functions built in where they are called. On unless switched off.
    pub fn compiler_inlining(&mut self, enable: bool) -> &mut Self {
        self.tunables.inlining = enable;
        self
    }

    /// Whether the engine keeps a list of what was compiled, see [`Engine::tier_events`](crate::Engine::tier_events).
    pub fn log_tiers(&mut self, enable: bool) -> &mut Self {
        self.tunables.log_tiers = enable;
        self
    }

    /// Whether the functions of large modules are validated on several threads, which end before the
    /// module is returned. On unless switched off.
    pub fn parallel_compilation(&mut self, enable: bool) -> &mut Self {
        self.parallel = enable;
        self
    }

    /// Whether errors that come out of wasm code carry a [`WasmBacktrace`](crate::WasmBacktrace). On
    /// unless switched off.
    pub fn wasm_backtrace(&mut self, enable: bool) -> &mut Self {
        self.wasm_backtrace_max_frames(enable.then_some(DEFAULT_BACKTRACE_FRAMES))
    }

    /// How many frames a backtrace keeps, the innermost ones; 20 unless set. `None` means no backtraces.
    pub fn wasm_backtrace_max_frames(&mut self, limit: Option<NonZeroUsize>) -> &mut Self {
        self.tunables.backtrace_frames = limit;
        self
    }

    /// Whether executed instructions are counted by kind, for a profile.
    pub fn profile_ops(&mut self, enable: bool) -> &mut Self {
        self.tunables.profile_ops = enable;
        self
    }

    /// Whether calls of wasm functions are reported as they happen.
    pub fn trace_calls(&mut self, enable: bool) -> &mut Self {
        self.tunables.trace_calls = enable;
        self
    }

    /// Whether functions in machine code are listed in `/tmp/perf-PID.map`, from which Linux' `perf report` has
    /// their names.
    pub fn profile_perfmap(&mut self, enable: bool) -> &mut Self {
        self.tunables.perf_map = enable;
        self
    }

    /// Whether functions in machine code are written to `jit-PID.dump` in the current directory, from which Linux'
    /// `perf` has their names and instructions: `perf record -k mono`, then `perf inject --jit`.
    pub fn profile_jitdump(&mut self, enable: bool) -> &mut Self {
        self.tunables.jit_dump = enable;
        self
    }

    /// Whether memories that can be are guarded.
    #[cfg(test)]
    pub(crate) fn guarded_memories(&mut self, enable: bool) -> &mut Self {
        self.tunables.guarded_memories = enable;
        self
    }

    /// The proposals that modules may use, or which of them contradict each other.
    pub(crate) fn features(&self) -> Result<WasmFeatures> {
        let known = Feature::ALL.iter().fold(DecodeOptions::default().features, |all, f| all | f.flag());
        let unknown = self.enabled - known;
        if let Some((name, _)) = unknown.iter_names().next() {
            bail!("proposal `{}` is not supported", name.to_lowercase().replace('_', "-"));
        }
        let mut features = (DecodeOptions::default().features | self.enabled) - self.disabled;
        for &(feature, needs) in NEEDS {
            let Some(missing) = needs.iter().find(|need| !features.contains(need.flag())) else { continue };
            if self.enabled.contains(feature.flag()) {
                bail!("proposal `{}` needs proposal `{}`, which is off", feature.name(), missing.name());
            }
            features.remove(feature.flag());
        }
        Ok(features)
    }

    pub(crate) fn decode_options(&self) -> Result<DecodeOptions> {
        let parallel_threads = if self.parallel { DecodeOptions::AUTO_THREADS } else { 1 };
        Ok(DecodeOptions { features: self.features()?, parallel_threads, ..DecodeOptions::default() })
    }

    pub(crate) fn tunables(&self) -> Result<Tunables> {
        if self.tunables.value_stack_bytes == 0 {
            bail!("the stack for wasm code cannot have no bytes");
        }
        let mut tunables = self.tunables.clone();
        // Counts of instructions and reports of calls come from the interpreter.
        if tunables.profile_ops || tunables.trace_calls || !crate::vm::native::AVAILABLE {
            tunables.tier = Tier::Interp;
        }
        if tunables.tier != Tier::Interp {
            tunables.guarded_memories |= tunables.signals && crate::vm::signals::install();
        }
        tunables.interrupts |= tunables.epoch_interruption;
        Ok(tunables)
    }
}

#[cfg(test)]
mod tests;
