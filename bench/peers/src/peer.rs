//! What every engine under measurement can do, and the list of them.

/// What went wrong, for a person to read; the engines' own error types differ.
pub type Result<T> = std::result::Result<T, String>;

/// How far a module is brought when it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// All of its functions are translated or compiled, so that a first call finds them ready.
    Eager,
    /// Validated; functions wait for their first call. Engines without such a mode have no figure.
    Lazy,
}

/// A benchmark program, instantiated.
pub struct Program {
    /// The argument of an ordinary run, as the program itself names it.
    pub size: i32,
    /// Does the work and returns its checksum.
    pub run: Box<dyn FnMut(i32) -> Result<i64>>,
}

/// A thing that is done so many times in a row, so that its timing needs no clock in between.
pub type Repeat = Box<dyn FnMut(u32) -> Result<()>>;

/// One engine, in one of its tiers.
pub trait Peer {
    /// Engine and tier, as the table's column is called.
    fn name(&self) -> &'static str;
    /// Loads a module as far as `load` says and drops it again; `None` if there is no such mode.
    fn load(&self, wasm: &[u8], load: Load) -> Option<Result<()>>;
    /// Loads and instantiates a benchmark program.
    fn program(&self, wasm: &[u8]) -> Result<Program>;
    /// Makes a store and, in it, an instance of the module of [`crate::calls::MODULE`].
    fn instantiate(&self, wasm: &[u8]) -> Result<Repeat>;
    /// Calls that module's `add` from the host.
    fn typed_call(&self, wasm: &[u8]) -> Result<Repeat>;
    /// Has that module call a host function.
    fn host_call(&self, wasm: &[u8]) -> Result<Repeat>;
}

/// brisk, interpreting.
pub mod brisk {
    use ::brisk as api;

    const NAME: &str = "brisk";
    const FUEL: bool = false;

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.tier(api::Tier::Interp).parallel_compilation(false);
        let engine = || api::Engine::new(&config).map_err(text);
        // Functions are translated when they are first called, always.
        (load == Load::Lazy).then(engine)
    }

    include!("adapter.rs");
}

/// brisk, everything compiled when the module is loaded. Not interruptible, as the others are not.
pub mod brisk_jit {
    use ::brisk as api;

    const NAME: &str = "brisk-jit";
    const FUEL: bool = false;

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.tier(api::Tier::Jit).parallel_compilation(false).interruptible(false);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Eager).then(engine)
    }

    include!("adapter.rs");
}

/// brisk as it comes: interpreted first, hot functions compiled on another thread. Not interruptible, as the others
/// are not.
pub mod brisk_auto {
    use ::brisk as api;

    const NAME: &str = "brisk-auto";
    const FUEL: bool = false;

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.tier(api::Tier::Auto).parallel_compilation(false).interruptible(false);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Lazy).then(engine)
    }

    include!("adapter.rs");
}

/// [`brisk_jit`] as it comes: deadlines and epochs can stop the code, the same way.
pub mod brisk_jit_interruptible {
    use ::brisk as api;

    const NAME: &str = "brisk-jit-interruptible";
    const FUEL: bool = false;

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.tier(api::Tier::Jit).parallel_compilation(false);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Eager).then(engine)
    }

    include!("adapter.rs");
}

/// [`brisk_jit`] charging fuel.
pub mod brisk_jit_fuel {
    use ::brisk as api;

    const NAME: &str = "brisk-jit-fuel";
    const FUEL: bool = true;

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.tier(api::Tier::Jit).parallel_compilation(false).interruptible(false).consume_fuel(true);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Eager).then(engine)
    }

    include!("adapter.rs");
}

/// wasmi, an interpreter.
pub mod wasmi {
    use ::wasmi as api;

    const NAME: &str = "wasmi";
    const FUEL: bool = false;

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::default();
        config.compilation_mode(match load {
            Load::Eager => api::CompilationMode::Eager,
            Load::Lazy => api::CompilationMode::LazyTranslation,
        });
        Some(Ok(api::Engine::new(&config)))
    }

    include!("adapter.rs");
}

/// wasmtime with Cranelift, its optimizing compiler.
#[cfg(feature = "wasmtime")]
pub mod wasmtime {
    use ::wasmtime as api;

    const NAME: &str = "wasmtime";
    const FUEL: bool = false;

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let engine = || api::Engine::new(&api::Config::new()).map_err(text);
        (load == Load::Eager).then(engine)
    }

    include!("adapter.rs");
}

/// All engines, in the order of the table's columns. The last two are measured only if they are asked for.
pub fn peers() -> Result<Vec<Box<dyn Peer>>> {
    Ok(vec![
        Box::new(brisk::Adapter::new()?),
        Box::new(brisk_jit::Adapter::new()?),
        Box::new(brisk_auto::Adapter::new()?),
        Box::new(wasmi::Adapter::new()?),
        #[cfg(feature = "wasmtime")]
        Box::new(wasmtime::Adapter::new()?),
        Box::new(brisk_jit_interruptible::Adapter::new()?),
        Box::new(brisk_jit_fuel::Adapter::new()?),
    ])
}
