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

/// What may stop a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// Nothing.
    None,
    /// The end of an epoch, which does not come.
    #[cfg(feature = "wasmtime")]
    Epoch,
    /// A lack of fuel, of which there is enough.
    Fuel,
}

/// More than any program takes.
const FUEL: u64 = u64::MAX / 2;

/// brisk.
mod brisk {
    use ::brisk as api;

    /// Interpreting. Functions are translated when they are first called, always.
    pub const INTERP: Setup = Setup {
        name: "brisk-interp",
        limit: Limit::None,
        config: |load| (load == Load::Lazy).then(|| config(api::Tier::Interp)),
    };

    /// Everything compiled when the module is loaded. Not interruptible, as the others are not.
    pub const JIT: Setup = Setup {
        name: "brisk-jit",
        limit: Limit::None,
        config: |load| (load == Load::Eager).then(|| config(api::Tier::Jit).interruptible(false).clone()),
    };

    /// As it comes: interpreted first, hot functions compiled on another thread. Not interruptible, as the others are not.
    pub const AUTO: Setup = Setup {
        name: "brisk-auto",
        limit: Limit::None,
        config: |load| (load == Load::Lazy).then(|| config(api::Tier::Auto).interruptible(false).clone()),
    };

    /// [`JIT`] as it comes: deadlines and epochs can stop the code, the same way.
    pub const JIT_INTERRUPTIBLE: Setup = Setup {
        name: "brisk-jit-interruptible",
        limit: Limit::None,
        config: |load| (load == Load::Eager).then(|| config(api::Tier::Jit)),
    };

    /// [`JIT`] charging fuel.
    pub const JIT_FUEL: Setup = Setup {
        name: "brisk-jit-fuel",
        limit: Limit::Fuel,
        config: |load| {
            let charging = || config(api::Tier::Jit).interruptible(false).consume_fuel(true).clone();
            (load == Load::Eager).then(charging)
        },
    };

    fn config(tier: api::Tier) -> api::Config {
        let mut config = api::Config::new();
        config.tier(tier).parallel_compilation(false);
        config
    }

    fn engine(config: &api::Config) -> Result<api::Engine> {
        api::Engine::new(config).map_err(text)
    }

    fn limited<T: 'static>(store: &mut api::Store<T>, limit: Limit) -> Result<()> {
        match limit {
            Limit::Fuel => store.set_fuel(super::FUEL).map_err(text),
            _ => Ok(()),
        }
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::msg(text)
    }

    include!("adapter.rs");
}

/// wasmi.
mod wasmi {
    use ::wasmi as api;

    /// An interpreter.
    pub const INTERP: Setup = Setup {
        name: "wasmi",
        limit: Limit::None,
        config: |load| {
            let mut config = api::Config::default();
            config.compilation_mode(match load {
                Load::Eager => api::CompilationMode::Eager,
                Load::Lazy => api::CompilationMode::LazyTranslation,
            });
            Some(config)
        },
    };

    fn engine(config: &api::Config) -> Result<api::Engine> {
        Ok(api::Engine::new(config))
    }

    fn limited<T>(_: &mut api::Store<T>, _: Limit) -> Result<()> {
        Ok(())
    }

    fn error(text: &'static str) -> api::Error {
        api::Error::new(text)
    }

    include!("adapter.rs");
}

/// wasmtime.
#[cfg(feature = "wasmtime")]
mod wasmtime {
    use ::wasmtime as api;

    /// With Winch, its compiler of one pass.
    pub const WINCH: Setup = Setup {
        name: "winch",
        limit: Limit::None,
        config: |load| {
            (load == Load::Eager).then(|| api::Config::new().strategy(api::Strategy::Winch).clone())
        },
    };

    /// With Cranelift, its optimizing compiler.
    pub const CRANELIFT: Setup = Setup {
        name: "wasmtime",
        limit: Limit::None,
        config: |load| (load == Load::Eager).then(api::Config::new),
    };

    /// [`CRANELIFT`], looking whether the epoch has ended.
    pub const EPOCHS: Setup = Setup {
        name: "wasmtime-epochs",
        limit: Limit::Epoch,
        config: |load| (load == Load::Eager).then(|| api::Config::new().epoch_interruption(true).clone()),
    };

    /// [`CRANELIFT`] charging fuel.
    pub const FUEL: Setup = Setup {
        name: "wasmtime-fuel",
        limit: Limit::Fuel,
        config: |load| (load == Load::Eager).then(|| api::Config::new().consume_fuel(true).clone()),
    };

    fn engine(config: &api::Config) -> Result<api::Engine> {
        api::Engine::new(config).map_err(text)
    }

    fn limited<T: 'static>(store: &mut api::Store<T>, limit: Limit) -> Result<()> {
        match limit {
            Limit::None => Ok(()),
            Limit::Epoch => {
                store.set_epoch_deadline(1);
                Ok(())
            }
            Limit::Fuel => store.set_fuel(super::FUEL).map_err(text),
        }
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
    (brisk::INTERP.name, |clock| brisk::INTERP.peer(clock)),
    (brisk::JIT.name, |clock| brisk::JIT.peer(clock)),
    (brisk::AUTO.name, |clock| brisk::AUTO.peer(clock)),
    (wasmi::INTERP.name, |clock| wasmi::INTERP.peer(clock)),
    (crate::sf_nano::INTERP, |clock| crate::sf_nano::peer(crate::sf_nano::INTERP, clock)),
    (crate::sf_nano::JIT, |clock| crate::sf_nano::peer(crate::sf_nano::JIT, clock)),
    #[cfg(feature = "wasmtime")]
    (wasmtime::WINCH.name, |clock| wasmtime::WINCH.peer(clock)),
    #[cfg(feature = "wasmtime")]
    (wasmtime::CRANELIFT.name, |clock| wasmtime::CRANELIFT.peer(clock)),
    ("v8-liftoff", |clock| crate::v8::peer("v8-liftoff", Load::Eager, &["--liftoff-only"], clock)),
    ("v8-turbofan", |clock| crate::v8::peer("v8-turbofan", Load::Eager, &["--no-liftoff"], clock)),
    ("v8", |clock| crate::v8::peer("v8", Load::Lazy, &[], clock)),
];

/// Measured only if they are asked for: what stopping a program costs is a question of its own.
pub const EXTRAS: &[(&str, Make)] = &[
    (brisk::JIT_INTERRUPTIBLE.name, |clock| brisk::JIT_INTERRUPTIBLE.peer(clock)),
    (brisk::JIT_FUEL.name, |clock| brisk::JIT_FUEL.peer(clock)),
    #[cfg(feature = "wasmtime")]
    (wasmtime::EPOCHS.name, |clock| wasmtime::EPOCHS.peer(clock)),
    #[cfg(feature = "wasmtime")]
    (wasmtime::FUEL.name, |clock| wasmtime::FUEL.peer(clock)),
];
