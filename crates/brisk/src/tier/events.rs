//! What was compiled, for whoever wants to see it.

use crate::vm::fork::Section;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How a compilation ended.
///
/// ```
/// use brisk::{Config, Engine, Module, Tier, TierOutcome};
///
/// let Ok(engine) = Engine::new(Config::new().tier(Tier::Jit).log_tiers(true)) else {
///     // There is no compiler for this processor.
///     return Ok(());
/// };
/// Module::new(&engine, "(module (func $f (param i32) (result i32) (local.get 0)))")?;
/// let events = engine.tier_events();
/// let compiled = |outcome| matches!(outcome, TierOutcome::Compiled { code_bytes } if code_bytes > 0);
/// assert!(events.iter().all(|event| compiled(event.outcome)));
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TierOutcome {
    /// There is machine code of so many bytes.
    Compiled {
        /// Bytes of code.
        code_bytes: usize,
    },
    /// The function is too large for the compiler; the interpreter keeps it.
    TooLarge,
    /// There is no room for more machine code, or none may be executed; the interpreter goes on.
    Refused,
    /// The compiler failed, by a fault of its own; the interpreter keeps the function.
    Failed,
}

/// A compilation.
///
/// ```
/// use brisk::{Config, Engine, Module, Tier};
///
/// let Ok(engine) = Engine::new(Config::new().tier(Tier::Jit).log_tiers(true)) else {
///     // There is no compiler for this processor.
///     return Ok(());
/// };
/// Module::new(&engine, "(module (func $f (param i32) (result i32) (local.get 0)))")?;
/// let events = engine.tier_events();
/// assert_eq!((events[0].func, events[0].name.as_deref()), (0, Some("f")));
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TierEvent {
    /// Name of the module, if it has one.
    pub module: Option<String>,
    /// Index of the function in its module.
    pub func: u32,
    /// Name of the function, if it has one.
    pub name: Option<String>,
    /// For code that takes over a running loop: offset of the `loop` instruction in the module's bytes.
    pub loop_offset: Option<u32>,
    /// Bytes of the function's body.
    pub body_bytes: usize,
    /// When it was done, since the engine was made.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub outcome: TierOutcome,
}

/// Is told of compilations as they end, on the threads that compile.
pub(crate) type Observer = Box<dyn Fn(&TierEvent) + Send + Sync>;

/// The compilations of an engine in the order in which they ended.
pub(crate) struct TierLog {
    start: Instant,
    events: Option<Mutex<Vec<TierEvent>>>,
    observer: OnceLock<Observer>,
}

impl TierLog {
    /// A log, if it is wanted.
    pub fn new(wanted: bool) -> TierLog {
        TierLog { start: Instant::now(), events: wanted.then(Mutex::default), observer: OnceLock::new() }
    }

    /// Adds an event, which is made only if somebody wants it. It gets the time since the engine was made.
    pub fn add(&self, event: impl FnOnce(Duration) -> TierEvent) {
        let observer = self.observer.get();
        if self.events.is_none() && observer.is_none() {
            return;
        }
        let event = event(self.start.elapsed());
        if let Some(observer) = observer {
            observer(&event);
        }
        if let Some(events) = &self.events {
            let _section = Section::enter();
            events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        }
    }

    /// Tells somebody of what is compiled from now on; the first who asks.
    pub fn observe(&self, observer: Observer) {
        let _ = self.observer.set(observer);
    }

    /// What there is.
    pub fn events(&self) -> Vec<TierEvent> {
        let _section = Section::enter();
        let events = self.events.as_ref().map(|events| events.lock().unwrap_or_else(PoisonError::into_inner));
        events.map_or_else(Vec::new, |events| events.clone())
    }
}
