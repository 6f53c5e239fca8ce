//! The memory of a store's words, shared with whoever may interrupt the store.

use super::context::VmStore;
use std::cell::UnsafeCell;
use std::sync::atomic::Ordering;

/// A store's words, at an address that stays. Kept alive by the store and, for the moment of an
/// interruption, by the thread that interrupts, which so needs no lock to know that the words are
/// still there.
pub(crate) struct VmStoreCell(UnsafeCell<VmStore>);

// SAFETY: the words belong to the thread that runs the store, which reaches them through
// `as_ptr`; all that other threads reach are `value_limit` and `stack_limit`, atomics.
unsafe impl Send for VmStoreCell {}
// SAFETY: as above.
unsafe impl Sync for VmStoreCell {}

impl VmStoreCell {
    pub fn new(words: VmStore) -> VmStoreCell {
        VmStoreCell(UnsafeCell::new(words))
    }

    /// The words. Valid as long as the cell. No `&mut` to the whole may be made of it: other threads
    /// may write its atomics at any time.
    pub fn as_ptr(&self) -> *mut VmStore {
        self.0.get()
    }

    /// Makes running code leave at its next check. The reason has been recorded before.
    pub fn interrupt(&self) {
        // SAFETY: the cell is alive, and the fields are only ever accessed as atomics.
        let (value_limit, stack_limit) =
            unsafe { (&(*self.0.get()).value_limit, &(*self.0.get()).stack_limit) };
        value_limit.store(0, Ordering::SeqCst);
        stack_limit.store(usize::MAX, Ordering::SeqCst);
    }
}

#[cfg(test)]
impl VmStoreCell {
    /// The word that an interruption writes.
    pub fn limit(&self) -> &std::sync::atomic::AtomicUsize {
        // SAFETY: as in `interrupt`.
        unsafe { &(*self.0.get()).value_limit }
    }
}

/// Words of no store.
#[cfg(test)]
pub(crate) fn blank_words() -> VmStore {
    // SAFETY: integers, pointers and options of plain data may all be zero.
    unsafe { std::mem::zeroed() }
}
