//! Waiting for a descriptor or for time to pass, such that the host can end it.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use crate::ctx::WaitHook;
use crate::errno::{Errno, Fail, Outcome};
use crate::limits::{MAX_WAIT, WAIT_SLICE};

/// A call the host interrupts now and then.
pub(crate) type Ask<'a> = Option<&'a mut dyn FnMut() -> Result<(), brisk::Error>>;

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as i64, tv_nsec: duration.subsec_nanos().into() }
}

/// Asks for readiness once, waiting for `timeout` at most. A signal counts as nothing ready.
pub(crate) fn poll_once(fds: &mut [PollFd<'_>], timeout: Duration) -> Result<usize, Errno> {
    match rustix::event::poll(fds, Some(&timespec(timeout.min(MAX_WAIT)))) {
        Ok(count) => Ok(count),
        Err(rustix::io::Errno::INTR) => Ok(0),
        Err(errno) => Err(errno.into()),
    }
}

/// Waits until one of `fds` is ready or `deadline` has passed.
pub(crate) fn poll_until(
    fds: &mut [PollFd<'_>],
    deadline: Option<Instant>,
    mut ask: Ask<'_>,
) -> Outcome<usize> {
    let slice = if ask.is_some() { WAIT_SLICE } else { MAX_WAIT };
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let ready = poll_once(fds, left.unwrap_or(MAX_WAIT).min(slice))?;
        if ready > 0 || left.is_some_and(|left| left.is_zero()) {
            return Ok(ready);
        }
        if let Some(ask) = &mut ask {
            ask().map_err(Fail::Stop)?;
        }
    }
}

/// Waits until `fd` is ready for `events`.
pub(crate) fn wait_for(fd: BorrowedFd<'_>, events: PollFlags, ask: Ask<'_>) -> Outcome {
    poll_until(&mut [PollFd::from_borrowed_fd(fd, events)], None, ask).map(|_| ())
}

/// The host's hook in the form that waiting takes.
pub(crate) fn ask(on_wait: &mut Option<WaitHook>) -> Ask<'_> {
    on_wait.as_mut().map(|hook| hook as &mut dyn FnMut() -> Result<(), brisk::Error>)
}
