//! Where time and randomness come from: the system, or what the host puts in its place.

use std::time::Duration;

use rustix::time::Timespec;

use crate::errno::Errno;
use crate::types::ClockId;

/// Clocks a host puts in the place of the system's, for runs that repeat exactly.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
/// use brisk_wasi::{ClockId, HostClock, WasiCtxBuilder};
///
/// /// Time passes only while the guest sleeps.
/// struct Still(AtomicU64);
///
/// impl HostClock for Still {
///     fn now(&self, _: ClockId) -> Duration {
///         Duration::from_nanos(self.0.load(Ordering::Relaxed))
///     }
///     fn sleep(&self, duration: Duration) {
///         self.0.fetch_add(duration.as_nanos() as u64, Ordering::Relaxed);
///     }
/// }
///
/// let wasi = WasiCtxBuilder::new().clock(Still(AtomicU64::new(0))).build();
/// ```
pub trait HostClock: Send {
    /// The time on a clock.
    fn now(&self, clock: ClockId) -> Duration;

    /// The step of a clock; a nanosecond unless said otherwise.
    fn resolution(&self, clock: ClockId) -> Duration {
        let _ = clock;
        Duration::from_nanos(1)
    }

    /// Lets `duration` pass; afterwards the clocks show it.
    fn sleep(&self, duration: Duration);
}

/// The clocks of a guest.
pub(crate) enum Clock {
    /// The system's. All but the wall clock count from the moment the context was made, so that they do
    /// not tell how long the machine and the process have been running.
    System {
        monotonic: Duration,
        process: Duration,
    },
    Host(Box<dyn HostClock>),
}

fn system_id(clock: ClockId) -> rustix::time::ClockId {
    match clock {
        ClockId::Realtime => rustix::time::ClockId::Realtime,
        ClockId::Monotonic => rustix::time::ClockId::Monotonic,
        ClockId::ProcessCputime => rustix::time::ClockId::ProcessCPUTime,
        ClockId::ThreadCputime => rustix::time::ClockId::ThreadCPUTime,
    }
}

fn duration(time: Timespec) -> Duration {
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn system_now(clock: ClockId) -> Duration {
    duration(rustix::time::clock_gettime(system_id(clock)))
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self::System {
            monotonic: system_now(ClockId::Monotonic),
            process: system_now(ClockId::ProcessCputime),
        }
    }

    pub(crate) fn host(clock: impl HostClock + 'static) -> Self {
        Self::Host(Box::new(clock))
    }

    pub(crate) fn now(&self, clock: ClockId) -> Duration {
        match self {
            Self::Host(host) => host.now(clock),
            Self::System { monotonic, process } => {
                let origin = match clock {
                    // A store may move between threads, whose times have no common origin.
                    ClockId::Realtime | ClockId::ThreadCputime => Duration::ZERO,
                    ClockId::Monotonic => *monotonic,
                    ClockId::ProcessCputime => *process,
                };
                system_now(clock).saturating_sub(origin)
            }
        }
    }

    pub(crate) fn resolution(&self, clock: ClockId) -> Duration {
        match self {
            Self::Host(host) => host.resolution(clock),
            Self::System { .. } => duration(rustix::time::clock_getres(system_id(clock))),
        }
    }
}

/// A time as the interface counts it.
pub(crate) fn nanoseconds(time: Duration) -> Result<u64, Errno> {
    u64::try_from(time.as_nanos()).map_err(|_| Errno::Overflow)
}

/// What fills a buffer with random bytes.
pub(crate) type Fill = Box<dyn FnMut(&mut [u8]) + Send>;

/// The randomness of a guest.
pub(crate) enum Random {
    System,
    Host(Fill),
}

impl Random {
    pub(crate) fn system() -> Self {
        Self::System
    }

    pub(crate) fn host(fill: impl FnMut(&mut [u8]) + Send + 'static) -> Self {
        Self::Host(Box::new(fill))
    }

    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Errno> {
        match self {
            Self::Host(fill) => fill(buffer),
            Self::System => {
                let mut filled = 0;
                while filled < buffer.len() {
                    let flags = rustix::rand::GetRandomFlags::empty();
                    match rustix::rand::getrandom(&mut buffer[filled..], flags) {
                        Ok(count) => filled += count,
                        Err(rustix::io::Errno::INTR) => {}
                        Err(errno) => return Err(errno.into()),
                    }
                }
            }
        }
        Ok(())
    }
}
