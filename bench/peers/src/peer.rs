//! What every engine under measurement can do, and the list of them. Each takes its own times, so that an
//! engine in a process of its own is timed there.

use crate::clock::Clock;

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

/// One run of a program, in a fresh instance.
#[derive(Debug)]
pub struct Run {
    /// Seconds to make the instance.
    pub instantiate: f64,
    /// Seconds in the program.
    pub run: f64,
    /// What it printed.
    pub output: String,
}

/// A command of WASI, loaded.
pub trait Loaded {
    /// Instantiates and runs it. The first of `args` is the program's name.
    fn run(&mut self, args: &[String]) -> Result<Run>;
}

/// A crossing between host and guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Making a store and, in it, an instance of the module of [`crate::calls::MODULE`].
    Instantiate,
    /// Calling that module's `add` from the host.
    TypedCall,
    /// Having that module call a host function.
    HostCall,
    /// Having it call a function of its own through a table.
    IndirectCall,
}

impl Kind {
    /// The function that counts to its argument by such calls.
    pub fn export(self) -> &'static str {
        if self == Kind::IndirectCall { "count_indirect" } else { "count" }
    }
}

/// Does a thing so many times in a row and says how many seconds it took.
pub type Timed = Box<dyn FnMut(u32) -> Result<f64>>;

/// One engine, in one of its tiers.
pub trait Peer {
    /// Engine and tier, as the table's column is called.
    fn name(&self) -> &'static str;
    /// Loads a module as far as `load` says and drops it again, so many times; `None` if there is no such mode.
    fn load(&mut self, wasm: &[u8], load: Load, times: u32) -> Option<Result<f64>>;
    /// Loads a program.
    fn program(&mut self, wasm: &[u8]) -> Result<Box<dyn Loaded>>;
    /// Prepares crossings between host and guest.
    fn prepare(&mut self, wasm: &[u8], kind: Kind) -> Result<Timed>;
}

/// Whether `add` has summed up the numbers below `times`.
pub fn added(sum: i32, times: u32) -> Result<()> {
    let expected = (0..times as i32).fold(0, i32::wrapping_add);
    if sum == expected { Ok(()) } else { Err(format!("add returned {sum}, not {expected}")) }
}

/// Whether so many calls were counted.
pub fn counted(count: i32, times: u32) -> Result<()> {
    if count == times as i32 { Ok(()) } else { Err(format!("counted {count} calls of {times}")) }
}

/// brisk, interpreting.
mod brisk {
    use ::brisk as api;

    pub const NAME: &str = "brisk-interp";

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.tier(api::Tier::Interp).parallel_compilation(false);
        let engine = || api::Engine::new(&config).map_err(text);
        // Functions are translated when they are first called, always.
        (load == Load::Lazy).then(engine)
    }

    fn limited<T>(_: &mut api::Store<T>) -> Result<()> {
        Ok(())
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::msg(text)
    }

    include!("adapter.rs");
}

/// brisk, everything compiled when the module is loaded. Not interruptible, as the others are not.
mod brisk_jit {
    use ::brisk as api;

    pub const NAME: &str = "brisk-jit";

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.tier(api::Tier::Jit).parallel_compilation(false).interruptible(false);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Eager).then(engine)
    }

    fn limited<T>(_: &mut api::Store<T>) -> Result<()> {
        Ok(())
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::msg(text)
    }

    include!("adapter.rs");
}

/// brisk as it comes: interpreted first, hot functions compiled on another thread. Not interruptible, as the others
/// are not.
mod brisk_auto {
    use ::brisk as api;

    pub const NAME: &str = "brisk-auto";

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.tier(api::Tier::Auto).parallel_compilation(false).interruptible(false);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Lazy).then(engine)
    }

    fn limited<T>(_: &mut api::Store<T>) -> Result<()> {
        Ok(())
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::msg(text)
    }

    include!("adapter.rs");
}

/// [`brisk_jit`] as it comes: deadlines and epochs can stop the code, the same way.
mod brisk_jit_interruptible {
    use ::brisk as api;

    pub const NAME: &str = "brisk-jit-interruptible";

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.tier(api::Tier::Jit).parallel_compilation(false);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Eager).then(engine)
    }

    fn limited<T>(_: &mut api::Store<T>) -> Result<()> {
        Ok(())
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::msg(text)
    }

    include!("adapter.rs");
}

/// [`brisk_jit`] charging fuel.
mod brisk_jit_fuel {
    use ::brisk as api;

    pub const NAME: &str = "brisk-jit-fuel";

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.tier(api::Tier::Jit).parallel_compilation(false).interruptible(false).consume_fuel(true);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Eager).then(engine)
    }

    fn limited<T: 'static>(store: &mut api::Store<T>) -> Result<()> {
        store.set_fuel(u64::MAX / 2).map_err(text)
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::msg(text)
    }

    include!("adapter.rs");
}

/// wasmi, an interpreter.
mod wasmi {
    use ::wasmi as api;

    pub const NAME: &str = "wasmi";

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::default();
        config.compilation_mode(match load {
            Load::Eager => api::CompilationMode::Eager,
            Load::Lazy => api::CompilationMode::LazyTranslation,
        });
        Some(Ok(api::Engine::new(&config)))
    }

    fn limited<T>(_: &mut api::Store<T>) -> Result<()> {
        Ok(())
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::new(text)
    }

    include!("adapter.rs");
}

/// wasmtime with Cranelift, its optimizing compiler.
#[cfg(feature = "wasmtime")]
mod wasmtime {
    use ::wasmtime as api;

    pub const NAME: &str = "wasmtime";

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let engine = || api::Engine::new(&api::Config::new()).map_err(text);
        (load == Load::Eager).then(engine)
    }

    fn limited<T>(_: &mut api::Store<T>) -> Result<()> {
        Ok(())
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::msg(text)
    }

    include!("adapter.rs");
}

/// [`wasmtime`], looking whether the epoch has ended.
#[cfg(feature = "wasmtime")]
mod wasmtime_epochs {
    use ::wasmtime as api;

    pub const NAME: &str = "wasmtime-epochs";

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.epoch_interruption(true);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Eager).then(engine)
    }

    fn limited<T: 'static>(store: &mut api::Store<T>) -> Result<()> {
        store.set_epoch_deadline(1);
        Ok(())
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::msg(text)
    }

    include!("adapter.rs");
}

/// [`wasmtime`] charging fuel.
#[cfg(feature = "wasmtime")]
mod wasmtime_fuel {
    use ::wasmtime as api;

    pub const NAME: &str = "wasmtime-fuel";

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.consume_fuel(true);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Eager).then(engine)
    }

    fn limited<T: 'static>(store: &mut api::Store<T>) -> Result<()> {
        store.set_fuel(u64::MAX / 2).map_err(text)
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::msg(text)
    }

    include!("adapter.rs");
}

/// wasmtime with Winch, its compiler of one pass.
#[cfg(feature = "wasmtime")]
mod winch {
    use ::wasmtime as api;

    pub const NAME: &str = "winch";

    fn engine(load: Load) -> Option<Result<api::Engine>> {
        let mut config = api::Config::new();
        config.strategy(api::Strategy::Winch);
        let engine = || api::Engine::new(&config).map_err(text);
        (load == Load::Eager).then(engine)
    }

    fn limited<T>(_: &mut api::Store<T>) -> Result<()> {
        Ok(())
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::msg(text)
    }

    include!("adapter.rs");
}

/// Makes an engine, timed by a clock.
type Make = fn(Clock) -> Result<Box<dyn Peer>>;

/// Every engine by name, in the order of the table's columns.
pub const PEERS: &[(&str, Make)] = &[
    (brisk::NAME, |clock| Ok(Box::new(brisk::Adapter::new(clock)?))),
    (brisk_jit::NAME, |clock| Ok(Box::new(brisk_jit::Adapter::new(clock)?))),
    (brisk_auto::NAME, |clock| Ok(Box::new(brisk_auto::Adapter::new(clock)?))),
    (wasmi::NAME, |clock| Ok(Box::new(wasmi::Adapter::new(clock)?))),
    (crate::sf_nano::INTERP, |clock| crate::sf_nano::peer(crate::sf_nano::INTERP, clock)),
    (crate::sf_nano::JIT, |clock| crate::sf_nano::peer(crate::sf_nano::JIT, clock)),
    #[cfg(feature = "wasmtime")]
    (winch::NAME, |clock| Ok(Box::new(winch::Adapter::new(clock)?))),
    #[cfg(feature = "wasmtime")]
    (wasmtime::NAME, |clock| Ok(Box::new(wasmtime::Adapter::new(clock)?))),
    ("v8-liftoff", |clock| crate::v8::peer("v8-liftoff", Load::Eager, &["--liftoff-only"], clock)),
    ("v8-turbofan", |clock| crate::v8::peer("v8-turbofan", Load::Eager, &["--no-liftoff"], clock)),
    ("v8", |clock| crate::v8::peer("v8", Load::Lazy, &[], clock)),
];

/// Measured only if they are asked for: what stopping a program costs is a question of its own.
pub const EXTRAS: &[(&str, Make)] = &[
    (brisk_jit_interruptible::NAME, |clock| Ok(Box::new(brisk_jit_interruptible::Adapter::new(clock)?))),
    (brisk_jit_fuel::NAME, |clock| Ok(Box::new(brisk_jit_fuel::Adapter::new(clock)?))),
    #[cfg(feature = "wasmtime")]
    (wasmtime_epochs::NAME, |clock| Ok(Box::new(wasmtime_epochs::Adapter::new(clock)?))),
    #[cfg(feature = "wasmtime")]
    (wasmtime_fuel::NAME, |clock| Ok(Box::new(wasmtime_fuel::Adapter::new(clock)?))),
];
