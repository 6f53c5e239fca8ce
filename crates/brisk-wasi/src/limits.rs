//! Every bound this crate puts on a guest, in one place.
//!
//! A host call runs without spending the guest's fuel, so what one call can cost the host, in time
//! and in memory, has to be bounded here and not by the engine.

use std::time::Duration;

/// Open descriptors a guest may hold at once; one more is `mfile`.
pub(crate) const MAX_FDS: usize = 8192;

/// Directories that are kept open a second time, with what was read ahead, for the next `fd_readdir`.
pub(crate) const MAX_DIR_READERS: usize = 16;

/// Entries of an iovec array that one call looks at. Reads and writes may be short, so what lies
/// beyond is simply not transferred by this call.
pub(crate) const MAX_IOVS: usize = 1024;

/// Bytes one read or write moves at most, the same number Linux uses.
pub(crate) const MAX_TRANSFER: usize = 0x7fff_f000;

/// Bytes of a path a guest may pass (`PATH_MAX`); longer is `nametoolong`.
pub(crate) const MAX_PATH: usize = 4096;

/// Subscriptions one `poll_oneoff` takes; more is `inval`. They are copied out of the guest's memory
/// before any event is written (the two arrays may overlap), which costs 32 bytes each.
pub(crate) const MAX_SUBSCRIPTIONS: usize = 1 << 16;

/// The longest uninterrupted wait of a blocking call while an `on_wait` hook is installed.
pub(crate) const WAIT_SLICE: Duration = Duration::from_millis(20);

/// The longest single wait handed to the operating system; longer ones are repeated.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(3600);

/// Bytes written to a pipe or terminal at once while an `on_wait` hook is installed: `PIPE_BUF`, what
/// a descriptor that polls writable takes without blocking.
pub(crate) const WRITE_SLICE: usize = 4096;

/// Bytes `random_get` fills between two looks at the `on_wait` hook.
pub(crate) const RANDOM_SLICE: usize = 1 << 20;

/// Bytes of one string shown by the trace.
pub(crate) const TRACE_STRING: usize = 256;
