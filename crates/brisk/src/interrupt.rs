//! Interrupting running code: epochs and wall-clock deadlines.
//!
//! Code checks one word, [`VmStore::value_limit`](crate::vm::VmStore::value_limit). To interrupt it, a
//! reason is recorded and the word set to 0. The interrupted code first restores the word and then asks
//! [`StoreInterrupts::take`] what is due: so nothing requested in between gets lost.
//!
//! Epochs are checked by the thread that increments them. Deadlines are watched by one thread per
//! engine, started with the first deadline and ended when there has been none for a while or the
//! engine is gone. That thread holds no lock, ever: it gets its work through a channel that it polls
//! and is woken by `unpark`. So a child of a fork cannot find a lock that the thread held; it notices
//! that its process id is another one and starts a thread of its own. What was to be watched there is interrupted in the
//! child at once ([`in_child`]), which makes the code that runs see to it.

use crate::vm::VmStore;
use crate::vm::fork::Section;
use crate::vm::interrupt::VmStoreCell;
use crate::{Context, Engine, Result};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// A point in time that never comes, in nanoseconds.
const NEVER: u64 = u64::MAX;
/// How long the thread waits for another deadline before it ends.
const IDLE: Duration = Duration::from_secs(1);
/// Entries that the thread may have before it looks for stores that are gone.
const PURGE_AT_LEAST: usize = 64;

/// All stores that had a deadline to watch, as long as they exist. Locked inside a [`Section`] only.
static WATCHED: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

const EPOCH: u32 = 1;
const DEADLINE: u32 = 2;

/// What is due in an interrupted store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Due {
    /// The epoch has reached the store's epoch deadline.
    pub epoch: bool,
    /// The wall-clock deadline has passed.
    pub deadline: bool,
}

/// The engine's side.
pub(crate) struct Interrupter {
    start: Instant,
    epochs: bool,
    epoch: AtomicU64,
    /// Stores with epoch deadlines. Not touched by the thread that watches deadlines.
    stores: Mutex<Stores>,
    timer: Mutex<Option<Timer>>,
}

#[derive(Default)]
struct Stores {
    next: u64,
    by_number: BTreeMap<u64, Weak<Shared>>,
}

impl Interrupter {
    pub fn new(epochs: bool) -> Interrupter {
        Interrupter {
            start: Instant::now(),
            epochs,
            epoch: AtomicU64::new(0),
            stores: Mutex::default(),
            timer: Mutex::default(),
        }
    }

    fn stores(&self) -> MutexGuard<'_, Stores> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn increment_epoch(&self) {
        let epoch = self.epoch.fetch_add(1, Ordering::SeqCst) + 1;
        for store in self.stores().by_number.values().filter_map(Weak::upgrade) {
            if epoch >= store.epoch_deadline.load(Ordering::SeqCst) {
                store.request(EPOCH);
            }
        }
    }

    /// Nanoseconds from the engine's beginning to a point in time; 0 for anything earlier.
    fn nanos(&self, at: Instant) -> u64 {
        let nanos = at.saturating_duration_since(self.start).as_nanos();
        u64::try_from(nanos).unwrap_or(NEVER).min(NEVER - 1)
    }

    /// Has the thread look at a store's deadline when it comes.
    fn watch(&self, store: &Arc<Shared>, deadline: u64) -> Result<()> {
        let pid = std::process::id();
        let watched = store.watched.load(Ordering::SeqCst);
        if store.watched_by.load(Ordering::SeqCst) == pid && watched <= deadline {
            return Ok(());
        }
        let _section = Section::enter();
        if !store.listed.swap(true, Ordering::SeqCst) {
            let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
            if watched.len() == watched.capacity() {
                watched.retain(|store| store.strong_count() > 0);
            }
            watched.push(Arc::downgrade(store));
        }
        store.watched.store(deadline, Ordering::SeqCst);
        store.watched_by.store(pid, Ordering::SeqCst);
        let mut timer = self.timer.lock().unwrap_or_else(PoisonError::into_inner);
        if timer.as_ref().is_some_and(|timer| timer.pid == pid && timer.watch(store, deadline)) {
            return Ok(());
        }
        let new = Timer::spawn(self.start, pid);
        if new.is_err() {
            store.watched.store(NEVER, Ordering::SeqCst);
        }
        let new = timer.insert(new.context("starting the thread that watches deadlines")?);
        new.watch(store, deadline);
        Ok(())
    }
}

/// What a store and those who interrupt it share.
struct Shared {
    words: VmStoreCell,
    /// Reasons recorded and not yet taken. They are hints: whether something is due is decided by the
    /// fields below, so a reason that no longer holds does nothing.
    reasons: AtomicU32,
    /// Epoch at which the store is interrupted.
    epoch_deadline: AtomicU64,
    /// When the store is interrupted, in nanoseconds.
    deadline: AtomicU64,
    /// When the thread looks at the store next, at the latest, in nanoseconds.
    watched: AtomicU64,
    /// Process whose thread that is.
    watched_by: AtomicU32,
    /// Whether this is in [`WATCHED`].
    listed: AtomicBool,
}

/// In the child of a fork: interrupts all stores that have deadlines, as nobody watches those there. Interrupted code does,
/// see [`StoreInterrupts::take`].
#[cfg_attr(not(unix), allow(dead_code))]
pub(crate) fn in_child() {
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    for store in watched.iter().filter_map(Weak::upgrade) {
        if store.deadline.load(Ordering::SeqCst) != NEVER {
            store.request(DEADLINE);
        }
    }
}

impl Shared {
    fn request(&self, reason: u32) {
        self.reasons.fetch_or(reason, Ordering::SeqCst);
        self.words.interrupt();
    }
}

/// A store's side: its words, and when it is to be interrupted.
pub(crate) struct StoreInterrupts {
    engine: Engine,
    shared: Arc<Shared>,
    /// Number under which the engine knows the store, where epochs interrupt.
    number: Option<u64>,
}

impl StoreInterrupts {
    /// Takes the words of a new store. Where epochs interrupt, the first epoch deadline has passed.
    pub fn new(engine: &Engine, words: VmStore) -> StoreInterrupts {
        let shared = Arc::new(Shared {
            words: VmStoreCell::new(words),
            reasons: AtomicU32::new(0),
            epoch_deadline: AtomicU64::new(0),
            deadline: AtomicU64::new(NEVER),
            watched: AtomicU64::new(NEVER),
            watched_by: AtomicU32::new(0),
            listed: AtomicBool::new(false),
        });
        let interrupter = engine.interrupter();
        let number = interrupter.epochs.then(|| {
            let mut stores = interrupter.stores();
            stores.next += 1;
            let number = stores.next;
            stores.by_number.insert(number, Arc::downgrade(&shared));
            number
        });
        let interrupts = StoreInterrupts { engine: engine.clone(), shared, number };
        interrupts.renew();
        interrupts
    }

    /// The store's words; valid as long as this is alive. No `&mut` to the whole may be made of it:
    /// other threads may write `value_limit`.
    pub fn words(&self) -> *mut VmStore {
        self.shared.words.as_ptr()
    }

    /// Interrupts the store `ticks` epochs from now, and not before.
    pub fn set_epoch_deadline(&self, ticks: u64) {
        let deadline = self.engine.interrupter().epoch.load(Ordering::SeqCst).saturating_add(ticks);
        self.shared.epoch_deadline.store(deadline, Ordering::SeqCst);
        // An increment since then saw either the new deadline or comes to light here.
        self.renew();
    }

    /// Interrupts the store at a point in time, or never.
    pub fn set_deadline(&self, at: Option<Instant>) -> Result<()> {
        let interrupter = self.engine.interrupter();
        let deadline = at.map_or(NEVER, |at| interrupter.nanos(at));
        self.shared.deadline.store(deadline, Ordering::SeqCst);
        if deadline == NEVER {
            return Ok(());
        }
        if deadline <= interrupter.nanos(Instant::now()) {
            self.shared.request(DEADLINE);
            return Ok(());
        }
        interrupter.watch(&self.shared, deadline)
    }

    /// What is due; to be asked after the word is restored. Fails if a deadline cannot be watched any more.
    pub fn take(&self) -> Result<Due> {
        let reasons = self.shared.reasons.swap(0, Ordering::SeqCst);
        let due = Due {
            epoch: reasons & EPOCH != 0 && self.epoch_is_due(),
            deadline: reasons & DEADLINE != 0 && self.deadline_is_due(),
        };
        if reasons & DEADLINE != 0 && !due.deadline {
            // It was moved, or this is the child of a fork and the thread that watches is its parent's.
            let deadline = self.shared.deadline.load(Ordering::SeqCst);
            if deadline != NEVER {
                self.engine.interrupter().watch(&self.shared, deadline)?;
            }
        }
        Ok(due)
    }

    /// Requests again what is still due. To be called when that ended a call by a trap: the next call
    /// ends the same way, until the deadline is moved.
    pub fn renew(&self) {
        if self.epoch_is_due() {
            self.shared.request(EPOCH);
        }
        if self.deadline_is_due() {
            self.shared.request(DEADLINE);
        }
    }

    fn epoch_is_due(&self) -> bool {
        let epoch = self.engine.interrupter().epoch.load(Ordering::SeqCst);
        self.number.is_some() && epoch >= self.shared.epoch_deadline.load(Ordering::SeqCst)
    }

    fn deadline_is_due(&self) -> bool {
        let deadline = self.shared.deadline.load(Ordering::SeqCst);
        deadline != NEVER && deadline <= self.engine.interrupter().nanos(Instant::now())
    }
}

impl Drop for StoreInterrupts {
    fn drop(&mut self) {
        self.shared.deadline.store(NEVER, Ordering::SeqCst);
        if let Some(number) = self.number {
            self.engine.interrupter().stores().by_number.remove(&number);
        }
    }
}

/// A store and when to look at it.
struct Watch {
    at: u64,
    store: Weak<Shared>,
}

impl PartialEq for Watch {
    fn eq(&self, other: &Watch) -> bool {
        self.at == other.at
    }
}

impl Eq for Watch {}

impl PartialOrd for Watch {
    fn partial_cmp(&self, other: &Watch) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Watch {
    fn cmp(&self, other: &Watch) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

/// The thread that watches deadlines, as seen by those who give it work.
struct Timer {
    /// `None` only while this is dropped.
    sender: Option<Sender<Watch>>,
    thread: Thread,
    state: Arc<TimerState>,
    pid: u32,
}

/// What the thread tells those who give it work.
struct TimerState {
    /// When it wakes by itself, in nanoseconds.
    wakes: AtomicU64,
    /// Entries sent and not yet received.
    sent: AtomicU64,
    /// It is about to end and takes no more work.
    ending: AtomicBool,
}

impl Timer {
    fn spawn(start: Instant, pid: u32) -> std::io::Result<Timer> {
        let (sender, receiver) = channel();
        let state = Arc::new(TimerState {
            wakes: AtomicU64::new(NEVER),
            sent: AtomicU64::new(0),
            ending: AtomicBool::new(false),
        });
        let watcher = Watcher { start, receiver, state: state.clone(), heap: BinaryHeap::new(), purge_at: 0 };
        let thread = thread::Builder::new()
            .name("brisk-deadlines".into())
            .stack_size(64 << 10)
            .spawn(move || watcher.run())?
            .thread()
            .clone();
        Ok(Timer { sender: Some(sender), thread, state, pid })
    }

    /// Gives the thread an entry; false if it has ended or is about to.
    fn watch(&self, store: &Arc<Shared>, at: u64) -> bool {
        let watch = Watch { at, store: Arc::downgrade(store) };
        let Some(Ok(())) = self.sender.as_ref().map(|sender| sender.send(watch)) else { return false };
        let unread = self.state.sent.fetch_add(1, Ordering::SeqCst);
        // With the fences in `Watcher`: either the thread sees the entry before it sleeps or ends, or
        // this sees that it sleeps or ends.
        fence(Ordering::SeqCst);
        if at < self.state.wakes.load(Ordering::SeqCst) || unread >= PURGE_AT_LEAST as u64 {
            self.thread.unpark();
        }
        !self.state.ending.load(Ordering::SeqCst)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.sender = None;
        self.thread.unpark();
    }
}

/// The thread that watches deadlines.
struct Watcher {
    start: Instant,
    receiver: Receiver<Watch>,
    state: Arc<TimerState>,
    heap: BinaryHeap<Reverse<Watch>>,
    /// Number of entries at which those of stores that are gone are removed.
    purge_at: usize,
}

impl Watcher {
    fn run(mut self) {
        loop {
            let open = self.receive();
            self.fire();
            if !open {
                // Replaced by another thread, or the engine is gone: what is left is finished.
                self.purge();
            }
            let wakes = self.heap.peek().map_or(NEVER, |Reverse(first)| first.at);
            if wakes == NEVER && !open {
                return;
            }
            self.state.wakes.store(wakes, Ordering::SeqCst);
            if open && self.receive_late() {
                continue;
            }
            if wakes != NEVER {
                let wait = Duration::from_nanos(wakes).saturating_sub(self.start.elapsed());
                thread::park_timeout(wait);
                continue;
            }
            thread::park_timeout(IDLE);
            if self.receive_late() {
                continue;
            }
            self.state.ending.store(true, Ordering::SeqCst);
            if !self.receive_late() {
                return;
            }
            self.state.ending.store(false, Ordering::SeqCst);
        }
    }

    /// Takes all entries there are; false if there will be no more.
    fn receive(&mut self) -> bool {
        loop {
            match self.receiver.try_recv() {
                Ok(watch) => self.push(watch),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Takes an entry that came after the state was changed; false if there is none.
    fn receive_late(&mut self) -> bool {
        fence(Ordering::SeqCst);
        self.receiver.try_recv().map(|watch| self.push(watch)).is_ok()
    }

    fn push(&mut self, watch: Watch) {
        self.state.sent.fetch_sub(1, Ordering::SeqCst);
        self.heap.push(Reverse(watch));
        if self.heap.len() >= self.purge_at.max(PURGE_AT_LEAST) {
            self.purge();
            self.purge_at = self.heap.len() * 2;
        }
    }

    /// Forgets stores that are gone.
    fn purge(&mut self) {
        self.heap.retain(|Reverse(watch)| watch.store.strong_count() > 0);
    }

    /// Interrupts the stores whose deadlines have passed.
    fn fire(&mut self) {
        while let Some(Reverse(first)) = self.heap.peek() {
            let now = self.start.elapsed().as_nanos() as u64;
            if first.at > now {
                return;
            }
            let Some(Reverse(watch)) = self.heap.pop() else { return };
            let Some(store) = watch.store.upgrade() else { continue };
            // First this, then the deadline: whoever sets a deadline does it the other way round.
            store.watched.store(NEVER, Ordering::SeqCst);
            let deadline = store.deadline.load(Ordering::SeqCst);
            if deadline <= now {
                store.request(DEADLINE);
            } else if deadline != NEVER {
                store.watched.store(deadline, Ordering::SeqCst);
                self.heap.push(Reverse(Watch { at: deadline, store: watch.store }));
            }
        }
    }
}

#[cfg(test)]
mod tests;
