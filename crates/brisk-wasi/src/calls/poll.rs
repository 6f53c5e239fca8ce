//! Waiting for several things at once.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use crate::ctx::WasiCtx;
use crate::errno::{Errno, Fail, Outcome};
use crate::fd_table::{FdTable, Object};
use crate::guest::Guest;
use crate::limits::{MAX_SUBSCRIPTIONS, MAX_WAIT, WAIT_SLICE};
use crate::sources::Clock;
use crate::types::{ClockId, EventType, Rights, SubClockFlags};
use crate::wait::{ask, poll_once, poll_until};

/// Bytes of a subscription and of an event.
pub(crate) const SUBSCRIPTION: usize = 48;
const EVENT: usize = 32;

/// One thing that is waited for, copied out of the guest's memory.
struct Subscription {
    userdata: u64,
    wait: Wait,
}

/// What a subscription waits for. Nothing about it can be wrong anymore except the wait itself.
#[derive(Clone, Copy)]
enum Wait {
    /// Until a clock shows this.
    Clock { clock: ClockId, until: Duration },
    /// For a descriptor to become ready.
    Fd { fd: u32, kind: EventType },
    /// For nothing: this is the answer.
    Failed { errno: Errno, kind: EventType },
}

/// How ready a descriptor is.
struct Ready {
    bytes: u64,
    hangup: bool,
}

pub(crate) fn poll_oneoff(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    subscriptions: u32,
    events: u32,
    nsubscriptions: u32,
    nevents: u32,
) -> Outcome {
    poll(ctx, mem, subscriptions, events, nsubscriptions, nevents, |bytes: &[u8; SUBSCRIPTION]| *bytes)
}

/// `poll_oneoff` with subscriptions of another layout, and how to read them.
pub(crate) fn poll<const SIZE: usize>(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    subscriptions: u32,
    events: u32,
    nsubscriptions: u32,
    nevents: u32,
    read: impl Fn(&[u8; SIZE]) -> [u8; SUBSCRIPTION],
) -> Outcome {
    if nsubscriptions == 0 || nsubscriptions as usize > MAX_SUBSCRIPTIONS {
        return Err(Errno::Inval.into());
    }
    let out = mem.out(nevents)?;
    let events = mem.range(events, nsubscriptions, EVENT)?;
    let array = mem.range(subscriptions, nsubscriptions, SIZE)?;
    // All are read before the first event is written: the guest may have laid one over the other.
    let waits = mem
        .slice(array)
        .as_chunks()
        .0
        .iter()
        .map(|bytes| Subscription::parse(ctx, &read(bytes)))
        .collect::<Result<Vec<_>, _>>()?;

    let count = loop {
        wait(ctx, &waits)?;
        let count = report(ctx, &waits, mem.slice_mut(events.clone()))?;
        // What was ready may have been taken by another process.
        if count > 0 || matches!(ctx.clock, Clock::Host(_)) {
            break count;
        }
    };
    mem.put_u32(out, count);
    Ok(())
}

/// Writes the events that have come, in the order of their subscriptions.
fn report(ctx: &WasiCtx, waits: &[Subscription], events: &mut [u8]) -> Result<u32, Errno> {
    let mut places = events.chunks_exact_mut(EVENT);
    let mut count = 0;
    for subscription in waits {
        if let Some(event) = subscription.event(&ctx.clock, subscription.state(&ctx.fds)?)
            && let Some(place) = places.next()
        {
            place.copy_from_slice(&event);
            count += 1;
        }
    }
    Ok(count)
}

impl Subscription {
    fn parse(ctx: &WasiCtx, bytes: &[u8; SUBSCRIPTION]) -> Result<Self, Errno> {
        let u64_at = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let kind = EventType::from_raw(bytes[8].into()).ok_or(Errno::Inval)?;
        let wait = match kind {
            EventType::Clock => {
                let flags = SubClockFlags::parse(u64_at(40) & 0xffff)?;
                match clock(ctx, u64_at(16) as u32, u64_at(24), flags) {
                    Ok(wait) => wait,
                    Err(errno) => Wait::Failed { errno, kind },
                }
            }
            EventType::FdRead | EventType::FdWrite => {
                let fd = u64_at(16) as u32;
                match check_fd(&ctx.fds, fd) {
                    Ok(()) => Wait::Fd { fd, kind },
                    Err(errno) => Wait::Failed { errno, kind },
                }
            }
        };
        Ok(Self { userdata: u64_at(0), wait })
    }

    /// How ready the descriptor is that it waits for, if it is one that is.
    fn state(&self, fds: &FdTable) -> Result<Option<Ready>, Errno> {
        match self.wait {
            Wait::Fd { fd, kind } => state(fds, fd, kind),
            _ => Ok(None),
        }
    }

    /// The event, if what was waited for has come.
    fn event(&self, clocks: &Clock, state: Option<Ready>) -> Option<[u8; EVENT]> {
        let (kind, errno, ready) = match self.wait {
            Wait::Clock { clock, until } if clocks.now(clock) >= until => {
                (EventType::Clock, Errno::Success, None)
            }
            Wait::Clock { .. } => return None,
            Wait::Fd { kind, .. } => (kind, Errno::Success, Some(state?)),
            Wait::Failed { errno, kind } => (kind, errno, None),
        };
        let mut event = [0; EVENT];
        event[0..8].copy_from_slice(&self.userdata.to_le_bytes());
        event[8..10].copy_from_slice(&(errno.raw() as u16).to_le_bytes());
        event[10] = kind.raw() as u8;
        if let Some(ready) = ready {
            event[16..24].copy_from_slice(&ready.bytes.to_le_bytes());
            event[24] = ready.hangup.into();
        }
        Some(event)
    }
}

/// A clock subscription with its time made absolute.
fn clock(ctx: &WasiCtx, id: u32, timeout: u64, flags: SubClockFlags) -> Result<Wait, Errno> {
    let clock = ClockId::from_raw(id).ok_or(Errno::Inval)?;
    // CPU time does not pass while waiting for it.
    if matches!(clock, ClockId::ProcessCputime | ClockId::ThreadCputime) {
        return Err(Errno::Notsup);
    }
    let timeout = Duration::from_nanos(timeout);
    if flags.contains(SubClockFlags::ABSTIME) {
        return Ok(Wait::Clock { clock, until: timeout });
    }
    // A relative time is not changed by setting the wall clock.
    let until = ctx.clock.now(ClockId::Monotonic).saturating_add(timeout);
    Ok(Wait::Clock { clock: ClockId::Monotonic, until })
}

fn check_fd(fds: &FdTable, fd: u32) -> Result<(), Errno> {
    let descriptor = fds.get(fd)?;
    if !descriptor.base.intersects(Rights::FD_READ | Rights::FD_WRITE | Rights::SOCK_ACCEPT) {
        return Err(if matches!(descriptor.object, Object::Directory(_)) {
            Errno::Isdir
        } else {
            Errno::NotCapable
        });
    }
    descriptor.require(Rights::POLL_FD_READWRITE)
}

/// Waits until one of the subscriptions has its event.
fn wait(ctx: &mut WasiCtx, waits: &[Subscription]) -> Outcome {
    let WasiCtx { fds, clock, on_wait, .. } = ctx;
    loop {
        if waits.iter().any(|subscription| subscription.ready_at_once(fds)) {
            return Ok(());
        }
        let left = waits
            .iter()
            .filter_map(|subscription| match subscription.wait {
                Wait::Clock { clock: id, until } => Some(until.saturating_sub(clock.now(id))),
                _ => None,
            })
            .min();
        if left == Some(Duration::ZERO) {
            return Ok(());
        }
        let mut host = host_fds(fds, waits);
        match clock {
            // The wall clock may be set meanwhile, so what is left is asked again after each wait.
            Clock::System { .. } => {
                let deadline = left.and_then(|left| Instant::now().checked_add(left.min(MAX_WAIT)));
                if poll_until(&mut host, deadline, ask(on_wait))? > 0 {
                    return Ok(());
                }
            }
            Clock::Host(clock) => {
                if poll_once(&mut host, Duration::ZERO)? > 0 {
                    return Ok(());
                }
                let before = clock.now(ClockId::Monotonic);
                // Without descriptors nothing can come before the time.
                let step = left.unwrap_or(WAIT_SLICE);
                clock.sleep(if host.is_empty() { step } else { step.min(WAIT_SLICE) });
                if let Some(ask) = ask(on_wait) {
                    ask().map_err(Fail::Stop)?;
                }
                // A clock that stands still would keep the guest forever.
                if left.is_some() && clock.now(ClockId::Monotonic) == before {
                    return Ok(());
                }
            }
        }
    }
}

impl Subscription {
    /// Whether the answer is known without asking the host.
    fn ready_at_once(&self, fds: &FdTable) -> bool {
        match self.wait {
            Wait::Failed { .. } => true,
            Wait::Clock { .. } => false,
            Wait::Fd { fd, .. } => fds.get(fd).is_ok_and(|d| d.object.host().is_none() || !d.is_stream()),
        }
    }
}

/// The descriptors the host has to be asked about, each once for each direction.
fn host_fds<'a>(fds: &'a FdTable, waits: &[Subscription]) -> Vec<PollFd<'a>> {
    let mut wanted = waits
        .iter()
        .filter_map(|subscription| match subscription.wait {
            Wait::Fd { fd, kind } => Some((fd, kind)),
            _ => None,
        })
        .collect::<Vec<_>>();
    wanted.sort_unstable_by_key(|&(fd, kind)| (fd, kind.raw()));
    wanted.dedup();
    wanted
        .into_iter()
        .filter_map(|(fd, kind)| {
            let host = fds.get(fd).ok()?.object.host()?;
            Some(PollFd::from_borrowed_fd(host, flags(kind)))
        })
        .collect()
}

fn flags(kind: EventType) -> PollFlags {
    if kind == EventType::FdRead { PollFlags::IN | PollFlags::RDHUP } else { PollFlags::OUT }
}

fn state(fds: &FdTable, fd: u32, kind: EventType) -> Result<Option<Ready>, Errno> {
    let descriptor = fds.get(fd)?;
    let ready = |bytes, hangup| Ok(Some(Ready { bytes, hangup }));
    let Some(host) = descriptor.object.host() else {
        return match (&descriptor.object, kind) {
            (Object::Input(pipe), EventType::FdRead) => {
                let left = pipe.remaining().len() as u64;
                ready(left, left == 0)
            }
            (_, EventType::FdRead) => ready(0, true),
            _ => ready(1, false),
        };
    };
    let mut poll = [PollFd::from_borrowed_fd(host, flags(kind))];
    if descriptor.is_stream() && poll_once(&mut poll, Duration::ZERO)? == 0 {
        return Ok(None);
    }
    let hangup = poll[0].revents().intersects(PollFlags::HUP | PollFlags::RDHUP | PollFlags::ERR);
    // How much is there is known for reading; for writing, that it is something.
    let bytes = match kind {
        EventType::FdRead => rustix::io::ioctl_fionread(host).unwrap_or(0),
        _ => 1,
    };
    ready(bytes, hangup)
}
