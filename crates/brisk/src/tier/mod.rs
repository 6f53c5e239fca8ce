//! When functions are compiled, and by whom.
//!
//! The interpreter counts calls and iterations of loops against a budget of each function ([`Heat`]). When it is
//! spent, the function is handed to the engine's compile threads; when a loop spent it, the loop is, too, as code
//! that takes its frame over at the loop's header. Until the code is there, and for ever if it cannot be made, the
//! interpreter goes on.

mod compile;
mod events;
mod pool;

pub(crate) use compile::{CompileJob, LoopAt, compile_all};
pub(crate) use events::TierLog;
pub use events::{TierEvent, TierOutcome};
pub(crate) use pool::Pool;

use crate::config::{Tier, Tunables};

/// The compile threads of an engine, and what they did.
pub(crate) struct Compiler {
    pool: Pool<CompileJob>,
    /// What was compiled, if somebody wants to know.
    pub log: TierLog,
    tier: Tier,
}

impl Compiler {
    /// As the configuration asks for.
    pub fn new(tunables: &Tunables) -> Compiler {
        Compiler {
            pool: Pool::new(tunables.compile_threads),
            log: TierLog::new(tunables.log_tiers),
            tier: tunables.tier,
        }
    }

    /// Which tiers there are.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Asks for a function, or for a loop of one. `false` if it must be asked for again.
    pub fn submit(&self, job: CompileJob) -> bool {
        self.pool.submit(job)
    }
}
