//! The guest as a process.

use std::fmt;

use crate::ctx::WasiCtx;
use crate::errno::{Errno, Fail, Outcome};
use crate::guest::Guest;
use crate::types::Signal;

/// The error a guest's `proc_exit` ends its call with; the number is the exit status.
///
/// Status 0 comes as this error too: unwinding out of the guest is what `proc_exit` asks for.
///
/// ```
/// use brisk_wasi::I32Exit;
///
/// let error = brisk::Error::new(I32Exit(3));
/// let status = match error.downcast_ref::<I32Exit>() {
///     Some(I32Exit(status)) => *status,
///     None => 134, // a trap or an error of the host
/// };
/// assert_eq!(status, 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct I32Exit(
    /// The exit status.
    pub i32,
);

impl fmt::Display for I32Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exited with status {}", self.0)
    }
}

impl std::error::Error for I32Exit {}

pub(crate) fn proc_exit(rval: i32) -> Outcome {
    Err(Fail::Stop(brisk::Error::new(I32Exit(rval))))
}

/// A signal has nowhere to go but to the guest itself, which has no handlers: it ends with the status a
/// shell gives. The signal 0 only asks whether there is somebody to send to.
pub(crate) fn proc_raise(_: &mut WasiCtx, _: &mut Guest<'_>, sig: u32) -> Outcome {
    match Signal::from_raw(sig).ok_or(Errno::Inval)? {
        Signal::None => Ok(()),
        signal => proc_exit(128 + signal.raw() as i32),
    }
}

pub(crate) fn sched_yield(_: &mut WasiCtx, _: &mut Guest<'_>) -> Outcome {
    rustix::thread::sched_yield();
    Ok(())
}
