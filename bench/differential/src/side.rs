//! The engines, each with what makes its results comparable: canonical NaNs, one fixed meaning of the
//! relaxed vector instructions.

use crate::outcome::Outcome;

/// One engine in one configuration.
pub trait Side {
    /// What it is called in reports.
    fn name(&self) -> &'static str;
    /// Runs a module: instantiates it with made-up imports, calls every export, and records
    /// everything. The same `seed` gives the same arguments and host results in every engine.
    fn run(&self, wasm: &[u8], seed: u64) -> Outcome;
    /// What went wrong within the engine since it was last asked, though results do not show it.
    fn fault(&self) -> Option<String>;
}

/// Stack for wasm code. Deep recursion is bounded by the modules' own counters, and mostly fits.
const WASM_STACK: usize = 16 << 20;
/// Stack of the thread that runs a side.
pub const THREAD_STACK: usize = 64 << 20;

/// brisk, on each tier.
pub mod brisk {
    use ::brisk as api;
    use std::sync::{Arc, Mutex};

    /// The engine under test. `Auto` takes over the first loops and compiles on the first calls.
    pub fn new(tier: api::Tier) -> Result<Adapter, String> {
        let mut config = api::Config::new();
        config
            .tier(tier)
            .tier_threshold(0)
            .compile_threads(0)
            .deterministic(true)
            .wasm_backtrace(false)
            .max_wasm_stack(super::WASM_STACK)
            .max_native_stack(super::WASM_STACK);
        let name = match tier {
            api::Tier::Interp => "brisk, interp",
            api::Tier::Jit => "brisk, jit",
            _ => "brisk, auto",
        };
        let adapter = Adapter::new(name, &config)?;
        let fault = adapter.fault.clone();
        adapter.engine.trace_tiers(move |event| {
            // Such functions are interpreted.
            if event.outcome == api::TierOutcome::Failed {
                let text = format!("the compiler failed on function {}", event.func);
                *fault.lock().expect("nobody panics with it") = Some(text);
            }
        });
        Ok(adapter)
    }

    /// The payload of the exception that `error` stands for, taken out of the store.
    fn thrown(store: &mut api::Store<State>, error: &api::Error) -> Option<Vec<Value>> {
        error.downcast_ref::<api::ThrownException>()?;
        let exception = store.take_pending_exception()?;
        let fields: Vec<api::Val> = exception.fields(&mut *store).ok()?.collect();
        Some(fields.iter().map(|field| value(&*store, field)).collect())
    }

    /// Whether a module that does not load is merely beyond what the engine supports.
    fn unsupported(text: &str) -> bool {
        text.contains("not supported")
    }

    include!("adapter.rs");
}

/// wasmtime, in two configurations that share little machine code: the second one, for checking
/// this program itself, neither optimizes nor relies on guard pages.
pub mod wasmtime {
    use ::wasmtime as api;
    use std::sync::{Arc, Mutex};

    fn config(plain: bool) -> api::Config {
        let mut config = api::Config::new();
        config
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true)
            .max_wasm_stack(super::WASM_STACK)
            .async_stack_size(super::WASM_STACK)
            .wasm_backtrace_max_frames(None)
            .wasm_custom_page_sizes(true)
            .wasm_exceptions(true)
            .wasm_function_references(true)
            .wasm_gc(true)
            .wasm_memory64(true)
            .wasm_multi_memory(true)
            .wasm_tail_call(true)
            .wasm_wide_arithmetic(true);
        if plain {
            config.cranelift_opt_level(api::OptLevel::None).signals_based_traps(false).memory_reservation(0);
        }
        config
    }

    /// The engine as users have it.
    pub fn new() -> Result<Adapter, String> {
        Adapter::new("wasmtime", &config(false))
    }

    /// The engine without what makes it fast.
    pub fn plain() -> Result<Adapter, String> {
        Adapter::new("wasmtime without optimizations", &config(true))
    }

    /// The payload of the exception that `error` stands for, taken out of the store.
    fn thrown(store: &mut api::Store<State>, error: &api::Error) -> Option<Vec<Value>> {
        error.downcast_ref::<api::ThrownException>()?;
        let exception = store.take_pending_exception()?;
        let fields: Vec<api::Val> = exception.fields(&mut *store).ok()?.collect();
        Some(fields.iter().map(|field| value(&*store, field)).collect())
    }

    /// Whether a module that does not load is merely beyond what the engine supports.
    fn unsupported(_text: &str) -> bool {
        // Whatever wasmtime does not load is no case to compare.
        true
    }

    include!("adapter.rs");
}
