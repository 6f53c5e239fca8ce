//! What running code rests on: mappings, memories, tables, globals, the collected heap, instances,
//! the store's words, host functions, and the routines that running code calls.
//!
//! Everything unsafe of the crate lives here and in `interp`. The rest of the crate goes through the
//! safe functions of this module: a handle is checked against the store it is used with before the
//! record that it names is reached.

pub(crate) mod arena;
pub(crate) mod call;
#[cfg(all(test, unix))]
mod child;
pub(crate) mod code_memory;
pub(crate) mod context;
pub(crate) mod fork;
pub(crate) mod guarded;
pub(crate) mod handle;
pub(crate) mod heap;
pub(crate) mod host;
pub(crate) mod instance;
pub(crate) mod instantiate;
pub(crate) mod interrupt;
#[cfg(unix)]
pub(crate) mod jit_marker;
pub(crate) mod libcalls;
pub(crate) mod mapping;
pub(crate) mod memory;
pub(crate) mod native;
pub(crate) mod observe;
pub(crate) mod refs;
pub(crate) mod reservation;
pub(crate) mod roots;
#[cfg(unix)]
pub(crate) mod signals;
pub(crate) mod store;
pub(crate) mod table;
pub(crate) mod tier;

pub(crate) use context::*;

use crate::trap::Trap;

/// Why running code stopped without results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// A trap.
    Trap(Trap),
    /// An error or a panic of the host, kept in the store as the pending unwind.
    Unwind,
    /// A wasm exception, kept in the store as the pending exception.
    Exception,
}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Stop {
        Stop::Trap(trap)
    }
}
