//! The stack that a thread's signal handlers run on.

use crate::vm::reservation::{Access, Reservation, page_size};
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

/// What the handler and those that it passes signals on to get beside the frame that the system writes.
const SIZE: usize = 64 * 1024;

/// With less than this beside the frame, a thread's own stack is replaced. The handler takes some hundred bytes, and
/// Rust's, which it often passes signals on to, was given this much by Rust.
const LEAST: usize = 4 * 1024;

thread_local! {
    /// The thread was seen to. Needs no destructor and no initialization.
    static PREPARED: Cell<bool> = const { Cell::new(false) };
    /// The stack, if it was given one.
    static OWN: Cell<Option<SignalStack>> = const { Cell::new(None) };
}

/// Gives the calling thread a stack for signal handlers, unless it has one that is large enough. To be called
/// before the thread enters machine code. A thread that cannot be given one goes on with what it
/// has: the handler then runs on the stack of the machine code, above whose end there is room.
#[inline]
pub(crate) fn prepare_thread() {
    if !PREPARED.get() {
        prepare();
    }
}

#[cold]
fn prepare() {
    PREPARED.set(true);
    let frame = frame_size();
    if current().is_some_and(|stack| stack.ss_flags & libc::SS_DISABLE == 0 && stack.ss_size >= frame + LEAST)
    {
        return;
    }
    if let Some(stack) = SignalStack::install(frame + SIZE) {
        // Late in the thread's end nothing can be kept for it; then the stack is given back at once.
        let _ = OWN.try_with(|own| own.set(Some(stack)));
    }
}

/// Bytes of the frame that the system writes, with all the registers there are.
fn frame_size() -> usize {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: reads a value that the system gave the process.
    let told = unsafe { libc::getauxval(libc::AT_MINSIGSTKSZ) } as usize;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let told = 0;
    told.max(libc::MINSIGSTKSZ)
}

/// The thread's stack for signal handlers.
fn current() -> Option<libc::stack_t> {
    let mut stack = MaybeUninit::uninit();
    // SAFETY: only asks; filled in on success.
    unsafe { (libc::sigaltstack(ptr::null(), stack.as_mut_ptr()) == 0).then(|| stack.assume_init()) }
}

/// A stack of ours, in use by the thread that it was made on until it is dropped there.
struct SignalStack {
    /// A page that nobody may touch, and the stack.
    memory: Reservation,
}

impl SignalStack {
    fn install(size: usize) -> Option<SignalStack> {
        let page = page_size();
        let memory = Reservation::new(page + size).ok()?;
        // SAFETY: the memory is new.
        unsafe { memory.allow(page..memory.len(), Access::ReadWrite) }.ok()?;
        let stack = SignalStack { memory };
        let new = libc::stack_t { ss_sp: stack.start(), ss_flags: 0, ss_size: stack.memory.len() - page };
        // SAFETY: the stack is owned, and taken away from the thread before it is freed.
        (unsafe { libc::sigaltstack(&new, ptr::null_mut()) } == 0).then_some(stack)
    }

    fn start(&self) -> *mut libc::c_void {
        // SAFETY: the first page is followed by others.
        unsafe { self.memory.base().add(page_size()) }.as_ptr().cast()
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        // Whoever gave the thread another one since goes on with it. The one that it had before may be gone.
        if current().is_none_or(|stack| stack.ss_sp != self.start()) {
            return;
        }
        let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: SIZE };
        // SAFETY: the thread runs a destructor, and so no handler on that stack.
        unsafe { libc::sigaltstack(&none, ptr::null_mut()) };
    }
}
