//! What compile threads, and those that watch deadlines, share with the others, across a fork.
//!
//! A child has only the thread that forked. Whatever lock another thread held then is held for ever. So everything
//! that compile threads lock, and what it takes to watch a deadline, is locked inside a [`Section`], and a fork waits until no thread is in one.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Threads inside a section.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
/// A thread is about to fork.
static FORKING: AtomicBool = AtomicBool::new(false);

/// While it lives no other thread forks. Short: a thread that wants to fork waits. Not to be nested.
pub(crate) struct Section(());

impl Section {
    /// Waits for a fork that is going on.
    pub fn enter() -> Section {
        static REGISTER: Once = Once::new();
        REGISTER.call_once(register);
        loop {
            while FORKING.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            INSIDE.fetch_add(1, Ordering::SeqCst);
            if !FORKING.load(Ordering::SeqCst) {
                return Section(());
            }
            INSIDE.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(unix)]
fn register() {
    extern "C" fn prepare() {
        // One fork at a time.
        while FORKING.swap(true, Ordering::SeqCst) {
            std::thread::yield_now();
        }
        while INSIDE.load(Ordering::SeqCst) != 0 {
            std::thread::yield_now();
        }
    }
    extern "C" fn done() {
        FORKING.store(false, Ordering::SeqCst);
    }
    extern "C" fn child() {
        crate::interrupt::in_child();
        done();
    }
    // SAFETY: the functions live as long as the program, do not unwind, and touch nothing but these two words and,
    // in the child, what no thread was in the middle of changing. If
    // the registration fails for lack of memory, a fork is as unsafe as it is without.
    let _ = unsafe { libc::pthread_atfork(Some(prepare), Some(done), Some(child)) };
}

#[cfg(not(unix))]
fn register() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_end_with_their_guard() {
        let section = Section::enter();
        assert!(INSIDE.load(Ordering::SeqCst) >= 1);
        drop(section);
        drop(Section::enter());
    }
}
