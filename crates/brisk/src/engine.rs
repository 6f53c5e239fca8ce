//! The engine: what modules and stores share.

use crate::config::Tunables;
use crate::interrupt::Interrupter;
use crate::perf::CodeListeners;
use crate::registry::TypeRegistry;
use crate::tier::{Compiler, TierEvent};
use crate::vm::native::Trampolines;
use crate::{Config, Result};
use brisk_module::DecodeOptions;
use std::fmt;
use std::sync::{Arc, Weak};

/// What modules and stores share: the configuration, and the types that are known.
///
/// An engine is a handle; clones are the same engine. It can be used from any thread. Modules and
/// types of one engine cannot be used with stores of another.
///
/// ```
/// use brisk::{Config, Engine};
///
/// let engine = Engine::default();
/// assert!(Engine::same(&engine, &engine.clone()));
///
/// let fueled = Engine::new(Config::new().consume_fuel(true))?;
/// assert!(!Engine::same(&engine, &fueled));
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone)]
pub struct Engine(Arc<EngineInner>);

struct EngineInner {
    config: Config,
    tunables: Tunables,
    decode_options: DecodeOptions,
    types: TypeRegistry,
    interrupter: Interrupter,
    trampolines: Trampolines,
    code_listeners: CodeListeners,
    compiler: Compiler,
}

impl Engine {
    /// An engine with the given configuration.
    ///
    /// # Errors
    ///
    /// Fails if parts of the configuration contradict each other or are not available.
    pub fn new(config: &Config) -> Result<Engine> {
        let tunables = config.tunables()?;
        Ok(Engine(Arc::new(EngineInner {
            config: config.clone(),
            decode_options: config.decode_options()?,
            types: TypeRegistry::default(),
            interrupter: Interrupter::new(tunables.epoch_interruption),
            trampolines: Trampolines::new(tunables.consume_fuel, tunables.cpu),
            code_listeners: CodeListeners::new(tunables.perf_map, tunables.jit_dump)?,
            compiler: Compiler::new(&tunables),
            tunables,
        })))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Whether two handles are of the same engine.
    pub fn same(a: &Engine, b: &Engine) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// A handle that does not keep the engine alive.
    pub fn weak(&self) -> EngineWeak {
        EngineWeak(Arc::downgrade(&self.0))
    }

    /// Advances the epoch by one, and interrupts running code whose store's epoch deadline is
    /// reached by that.
    ///
    /// Works from any thread, usually from one that does nothing else at a fixed interval. It takes
    /// a lock, so it must not be called from a signal handler. Without
    /// [`Config::epoch_interruption`] nothing follows from it.
    ///
    /// ```
    /// use brisk::{Config, Engine};
    /// use std::time::Duration;
    ///
    /// let engine = Engine::new(Config::new().epoch_interruption(true))?;
    /// let weak = engine.weak();
    /// std::thread::spawn(move || {
    ///     while let Some(engine) = weak.upgrade() {
    ///         engine.increment_epoch();
    ///         drop(engine);
    ///         std::thread::sleep(Duration::from_millis(10));
    ///     }
    /// });
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn increment_epoch(&self) {
        self.0.interrupter.increment_epoch();
    }

    /// What has been compiled so far, in the order in which it was done. Empty unless
    /// [`Config::log_tiers`] is on.
    ///
    /// ```
    /// use brisk::{Config, Engine};
    ///
    /// let engine = Engine::new(Config::new().log_tiers(true))?;
    /// assert!(engine.tier_events().is_empty());
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn tier_events(&self) -> Vec<TierEvent> {
        self.0.compiler.log.events()
    }

    /// Has a function called with each compilation from now on as it ends, on the thread that compiled. Only the first
    /// such function of an engine is.
    pub fn trace_tiers(&self, observer: impl Fn(&TierEvent) + Send + Sync + 'static) {
        self.0.compiler.log.observe(Box::new(observer));
    }

    pub(crate) fn tunables(&self) -> &Tunables {
        &self.0.tunables
    }

    pub(crate) fn decode_options(&self) -> &DecodeOptions {
        &self.0.decode_options
    }

    pub(crate) fn types(&self) -> &TypeRegistry {
        &self.0.types
    }

    pub(crate) fn interrupter(&self) -> &Interrupter {
        &self.0.interrupter
    }

    /// What machine code is entered and left by.
    #[cfg_attr(not(brisk_machine_code), allow(dead_code))]
    pub(crate) fn compiler(&self) -> &Compiler {
        &self.0.compiler
    }

    pub(crate) fn trampolines(&self) -> &Trampolines {
        &self.0.trampolines
    }

    /// Who wants to know of machine code.
    #[cfg_attr(not(brisk_machine_code), allow(dead_code))]
    pub(crate) fn code_listeners(&self) -> &CodeListeners {
        &self.0.code_listeners
    }

    /// Whether the type with canonical id `a` is the one with id `b` or a declared subtype of it.
    pub(crate) fn is_subtype(&self, a: u32, b: u32) -> bool {
        self.0.types.is_subtype(a, b)
    }
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new(&Config::default()).expect("the default configuration is valid")
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(&Arc::as_ptr(&self.0)).finish()
    }
}

/// A handle of an engine that does not keep it alive, see [`Engine::weak`].
///
/// ```
/// let engine = brisk::Engine::default();
/// let weak = engine.weak();
/// assert!(weak.upgrade().is_some());
/// drop(engine);
/// assert!(weak.upgrade().is_none());
/// ```
#[derive(Clone)]
pub struct EngineWeak(Weak<EngineInner>);

impl EngineWeak {
    /// The engine, if it still exists.
    pub fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}

impl fmt::Debug for EngineWeak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EngineWeak").field(&Weak::as_ptr(&self.0)).finish()
    }
}
