//! Reaching the interrupt word of a store from other threads.

use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::thread;

/// The interrupt word of a store, [`VmStore::value_limit`](super::VmStore::value_limit), for as long as
/// the store is there.
///
/// Reaching the word and taking it away exclude each other. The lock for that is held for one store of
/// a word, and it knows which process its holder belongs to: a child of a fork takes it over from a
/// thread that exists in its parent only.
#[derive(Default)]
pub(crate) struct LimitWord {
    /// Null once the store is gone.
    word: AtomicPtr<AtomicUsize>,
    /// Process id of the thread that holds the lock, 0 if none does.
    holder: AtomicU32,
}

impl LimitWord {
    /// The word at an address.
    ///
    /// # Safety
    /// The word must stay where it is until [`disconnect`](LimitWord::disconnect) has returned, and be accessed
    /// only as an atomic.
    pub unsafe fn new(word: *const AtomicUsize) -> LimitWord {
        LimitWord { word: AtomicPtr::new(word.cast_mut()), holder: AtomicU32::new(0) }
    }

    /// Makes running code leave at its next check. The reason has been recorded before.
    pub fn interrupt(&self) {
        self.locked(|word| {
            // SAFETY: whoever made this sees to it that a word that is still connected is there, and
            // `disconnect` waits for the lock.
            if let Some(word) = unsafe { word.load(Ordering::Relaxed).as_ref() } {
                word.store(0, Ordering::SeqCst);
            }
        });
    }

    /// Forgets the word; nobody reaches it through this afterwards.
    pub fn disconnect(&self) {
        self.locked(|word| word.store(std::ptr::null_mut(), Ordering::Relaxed));
    }

    fn locked(&self, f: impl FnOnce(&AtomicPtr<AtomicUsize>)) {
        let pid = std::process::id();
        loop {
            let holder = self.holder.load(Ordering::Relaxed);
            let held_here = holder == pid;
            if !held_here
                && self.holder.compare_exchange(holder, pid, Ordering::Acquire, Ordering::Relaxed).is_ok()
            {
                break;
            }
            thread::yield_now();
        }
        f(&self.word);
        self.holder.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disconnected_word_is_left_alone() {
        let value = AtomicUsize::new(7);
        // SAFETY: the value outlives the word.
        let word = unsafe { LimitWord::new(&raw const value) };
        word.interrupt();
        assert_eq!(value.swap(7, Ordering::SeqCst), 0);
        word.disconnect();
        word.interrupt();
        assert_eq!(value.load(Ordering::SeqCst), 7);
    }

    #[test]
    fn a_lock_held_by_another_process_is_taken_over() {
        let value = AtomicUsize::new(7);
        // SAFETY: the value outlives the word.
        let word = unsafe { LimitWord::new(&raw const value) };
        word.holder.store(std::process::id() + 1, Ordering::SeqCst);
        word.interrupt();
        assert_eq!(value.load(Ordering::SeqCst), 0);
        assert_eq!(word.holder.load(Ordering::SeqCst), 0);
    }
}
