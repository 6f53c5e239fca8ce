//! Faults of machine code, which the system reports as signals.
//!
//! Machine code leaves the bounds of guarded memories to the hardware. The handler here takes a fault only if
//! the instruction is one of machine code that may fault and the address belongs to a memory of the store that runs
//! it; then the code goes on where its image says. All else is passed to the handler that was there before, as if this
//! one were not. The handler takes no locks, allocates nothing, and touches no thread-locals.

mod ranges;
mod stack;
mod ucontext;

pub(crate) use ranges::{CodeRange, Registered};
pub(crate) use stack::prepare_thread;

use super::context::{VmContext, VmStore};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Where machine code faulted.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(test), allow(dead_code, reason = "what is known of a fault, asked for or not"))]
pub(crate) struct FaultContext {
    /// The instruction, a trap site.
    pub pc: usize,
    /// The native stack pointer.
    pub sp: usize,
    /// The frame pointer.
    pub fp: usize,
    /// What the register for it held: the instance that was running.
    pub ctx: *mut VmContext,
    /// The words of its store.
    pub store: *mut VmStore,
    /// The address that was accessed, reserved for a memory of the store.
    pub address: usize,
}

/// The signals by which the system reports such faults. Linux has no other than this for them; a bus error
/// there is a lost page of a file or of the hardware, which is none of ours.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SIGNALS: [libc::c_int; 1] = [libc::SIGSEGV];
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// What was to be done about each of [`SIGNALS`] before; null before the handler is installed. Never freed.
static PREVIOUS: [AtomicPtr<libc::sigaction>; SIGNALS.len()] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SIGNALS.len()];

/// Whether the handler is installed: [`NOT_INSTALLED`], [`INSTALLED`], or the process a thread of which is at it.
static STATE: AtomicU32 = AtomicU32::new(NOT_INSTALLED);
const NOT_INSTALLED: u32 = 0;
const INSTALLED: u32 = u32::MAX;

/// Installs the handler, once in a process. `false` where faults cannot be handled.
pub(crate) fn install() -> bool {
    if !ucontext::KNOWN {
        return false;
    }
    let process = std::process::id();
    loop {
        match STATE.load(Ordering::Acquire) {
            INSTALLED => return true,
            // The thread that is at it is one of this process and will finish soon. In the child of a fork
            // it may be one of the parent, which left its work undone here.
            owner if owner == process => std::thread::yield_now(),
            other => {
                if STATE.compare_exchange(other, process, Ordering::Acquire, Ordering::Relaxed).is_err() {
                    continue;
                }
                let done = (0..SIGNALS.len()).all(install_one);
                STATE.store(if done { INSTALLED } else { NOT_INSTALLED }, Ordering::Release);
                return done;
            }
        }
    }
}

fn install_one(index: usize) -> bool {
    let signal = SIGNALS[index];
    let mut previous = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: only asks.
    if unsafe { libc::sigaction(signal, ptr::null(), previous.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: filled in by the call above.
    let previous = unsafe { previous.assume_init() };
    let handler = on_signal as *const () as usize;
    if previous.sa_sigaction == handler {
        return true;
    }
    // Known before the first signal comes. An earlier one may be in use by a handler at this moment.
    PREVIOUS[index].store(Box::leak(Box::new(previous)), Ordering::Release);
    // SAFETY: an action of zeros is valid: no flags, no signals blocked.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    // With the signal blocked, a fault in the handler itself ends the process instead of recurring until the
    // stack is full. Whether calls of the system are restarted stays as it was.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | (previous.sa_flags & libc::SA_RESTART);
    // SAFETY: the handler is one for these flags.
    unsafe { libc::sigaction(signal, &action, ptr::null_mut()) == 0 }
}

/// The handler.
extern "C" fn on_signal(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the system, or a handler that calls this one in turn, gives what belongs to the signal.
    unsafe {
        if !resume(info, context) {
            pass_on(signal, info, context);
        }
    }
}

/// Makes machine code that has faulted go on elsewhere. `false` if nothing was changed.
///
/// # Safety
/// `info` and `context` are null or those of a signal that this thread is handling.
unsafe fn resume(info: *mut libc::siginfo_t, context: *mut libc::c_void) -> bool {
    if info.is_null() || context.is_null() {
        return false;
    }
    // SAFETY: the caller gives the information of the signal.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    if !is_access(code) {
        return false;
    }
    // SAFETY: as above.
    let registers = unsafe { ucontext::registers(context) };
    let Some(range) = ranges::find(registers.pc) else { return false };
    // SAFETY: the thread is in the code of the range, which its owner keeps registered as long; so the
    // record is alive.
    unsafe {
        let range = &*range;
        if !(range.is_trap_site)(range.data, registers.pc) {
            return false;
        }
        // At a trap site the register is what the convention says: an instance, whose first word is its store.
        let ctx = registers.ctx as *mut VmContext;
        let store = (*ctx).store;
        if !guards(store, address) {
            return false;
        }
        let fault =
            FaultContext { pc: registers.pc, sp: registers.sp, fp: registers.fp, ctx, store, address };
        match (range.on_fault)(range.data, &fault) {
            Some(target) => {
                ucontext::call(context, target);
                true
            }
            None => false,
        }
    }
}

/// Whether a signal's code says that an access was not allowed, and not that somebody sent the signal, that
/// the hardware lost memory, or that there is no knowing where the access went.
fn is_access(code: libc::c_int) -> bool {
    // An unmapped address, and one without the permission. The numbers of a bus error's codes for an
    // address that is not there are in the same range where that is what comes.
    const MAPERR: libc::c_int = 1;
    const ACCERR: libc::c_int = 2;
    code == MAPERR || code == ACCERR
}

/// Whether an address belongs to a memory of a store.
///
/// # Safety
/// The words are those of a store that runs on this thread.
unsafe fn guards(store: *mut VmStore, address: usize) -> bool {
    // SAFETY: the store runs machine code, during which nobody changes its list of memories.
    let memories = unsafe { &(*(*store).store).memories };
    // SAFETY: records live as long as the store.
    memories.iter().any(|memory| unsafe { memory.as_ref() }.guards(address))
}

/// Does with a signal what would have been done without the handler.
///
/// # Safety
/// The arguments are those of a signal that this thread is handling.
unsafe fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let previous = SIGNALS.iter().zip(&PREVIOUS).find(|(known, _)| **known == signal);
    let previous = previous.map_or(ptr::null_mut(), |(_, previous)| previous.load(Ordering::Acquire));
    // SAFETY: what is stored is never freed. Without it, the system's own action is all there is.
    let previous = unsafe { previous.as_ref() };
    let (action, flags) =
        previous.map_or((libc::SIG_DFL, 0), |action| (action.sa_sigaction, action.sa_flags));
    // SAFETY: the caller gives the information of the signal, or null.
    let sent = unsafe { info.as_ref() }.is_some_and(|info| info.si_code <= 0);
    match action {
        libc::SIG_IGN if sent => {}
        libc::SIG_DFL | libc::SIG_IGN => {
            // A fault recurs on return, and then ends the process where it happened, whether it was to be ignored
            // or not. What somebody sent has to be sent again.
            // SAFETY: an action of zeros is the default one.
            unsafe {
                let default: libc::sigaction = std::mem::zeroed();
                libc::sigaction(signal, &default, ptr::null_mut());
                if sent {
                    libc::raise(signal);
                }
            }
        }
        handler => {
            if flags & libc::SA_RESETHAND != 0
                && let Some((index, _)) = SIGNALS.iter().enumerate().find(|(_, known)| **known == signal)
            {
                // Null stands for the default.
                PREVIOUS[index].store(ptr::null_mut(), Ordering::Release);
            }
            // SAFETY: the handler was installed for the signal with these flags. The masks are valid; this
            // thread's is what it was when the handler returns.
            unsafe {
                let mut mask = MaybeUninit::<libc::sigset_t>::uninit();
                let blocked = previous.map(|action| &raw const action.sa_mask).unwrap_or(ptr::null());
                let known = libc::pthread_sigmask(libc::SIG_BLOCK, blocked, mask.as_mut_ptr()) == 0;
                if flags & libc::SA_NODEFER != 0 {
                    let mut own = MaybeUninit::<libc::sigset_t>::uninit();
                    libc::sigemptyset(own.as_mut_ptr());
                    libc::sigaddset(own.as_mut_ptr(), signal);
                    libc::pthread_sigmask(libc::SIG_UNBLOCK, own.as_ptr(), ptr::null_mut());
                }
                if flags & libc::SA_SIGINFO != 0 {
                    let handler = std::mem::transmute::<usize, Handler>(handler);
                    handler(signal, info, context);
                } else {
                    let handler = std::mem::transmute::<usize, PlainHandler>(handler);
                    handler(signal);
                }
                if known {
                    libc::pthread_sigmask(libc::SIG_SETMASK, mask.as_ptr(), ptr::null_mut());
                }
            }
        }
    }
}

/// A handler that asked for the details.
type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
/// A handler that did not.
type PlainHandler = extern "C" fn(libc::c_int);

#[cfg(all(test, target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests;
