//! Calls from the host.

use super::handle::Handle;
use super::store::{ARGUMENT_SLOTS, NO_EXIT, StoreOpaque, Unwind};
use super::{Stop, VmExit, VmFuncRef};
use crate::backtrace::{FrameInfo, WasmBacktrace};
use crate::error::{Error, Result};
use crate::exception::ThrownException;
use crate::interp::{self, Frame};
use crate::trap::Trap;
use std::ptr::NonNull;

/// Calls a function: `write` puts the arguments in `slots` slots, `read` finds the results in the same
/// place. `slots` is the number that parameters or results take, whichever is more.
///
/// The function must be one of the store's, and the arguments written must fit its parameters: typed
/// code and [`Func::call`](crate::Func::call) check that before.
#[inline]
pub(crate) fn invoke<R>(
    store: &mut StoreOpaque,
    func: Handle<VmFuncRef>,
    slots: usize,
    write: impl FnOnce(&mut StoreOpaque, &mut [u64]) -> Result<()>,
    read: impl FnOnce(&mut StoreOpaque, &[u64]) -> R,
) -> Result<R> {
    debug_assert!(func.belongs_to(store));
    let vm = store.vm();
    if slots > ARGUMENT_SLOTS {
        return Err(Trap::StackOverflow.into());
    }
    // SAFETY: so many slots from `value_top` on are free and part of the value stack, whose margin has
    // room for them even at its end. No frame is made while the slices are in use: writing and reading
    // values calls nothing. The function's record is alive, as its store is.
    unsafe {
        let top = (*vm).value_top;
        write(store, std::slice::from_raw_parts_mut(top, slots))?;
        // So that a call that ends before any code runs is not taken to have ended somewhere.
        (*vm).exit.ip = std::ptr::null();
        match interp::call(vm, func.ptr().as_ptr()) {
            Ok(()) => Ok(read(store, std::slice::from_raw_parts(top, slots))),
            Err(stop) => Err(stopped(store, stop)),
        }
    }
}

/// Calls a function without parameters and results.
///
/// # Safety
/// The function must be one of the store's instances', or outlive the call.
pub(crate) unsafe fn invoke_nullary(store: &mut StoreOpaque, func: NonNull<VmFuncRef>) -> Result<()> {
    // SAFETY: passed on; there are no arguments.
    let outcome = unsafe {
        (*store.vm()).exit.ip = std::ptr::null();
        interp::call(store.vm(), func.as_ptr())
    };
    match outcome {
        Ok(()) => Ok(()),
        Err(stop) => Err(stopped(store, stop)),
    }
}

/// The error that a call ends with. A panic goes on from here.
#[cold]
#[inline(never)]
fn stopped(store: &mut StoreOpaque, stop: Stop) -> Error {
    let exn = if stop == Stop::Exception { store.pending_exception() } else { 0 };
    let captured = store.take_captured(exn);
    let error = match stop {
        Stop::Trap(trap) => Error::from(trap),
        Stop::Exception => Error::from(ThrownException),
        Stop::Unwind => match store.take_pending_unwind() {
            Some(Unwind::Error(error)) => error,
            Some(Unwind::Panic(panic)) => std::panic::resume_unwind(panic),
            None => Error::msg("wasm code stopped without a reason"),
        },
    };
    let Some(max) = store.engine().tunables().backtrace_frames else { return error };
    if error.is::<WasmBacktrace>() {
        return error;
    }
    // SAFETY: the words are alive.
    let exit = unsafe { std::mem::replace(&mut (*store.vm()).exit, NO_EXIT) };
    let backtrace = match captured {
        Some(frames) => with_modules(frames.into_iter()),
        None => backtrace(store, exit, max.get()),
    };
    if backtrace.frames().is_empty() { error } else { error.context(backtrace) }
}

/// The frames of all activations, innermost first: from `exit` on in an activation that has just ended;
/// with [`NO_EXIT`] from where the innermost activation called the host.
pub(crate) fn backtrace(store: &StoreOpaque, exit: VmExit, max: usize) -> WasmBacktrace {
    // SAFETY: the store's activations are what they were when running code called out.
    let frames = unsafe { interp::frames(store.vm(), Some(exit)) };
    with_modules(frames.take(max))
}

fn with_modules(frames: impl Iterator<Item = Frame>) -> WasmBacktrace {
    let frames = frames.map(|frame| {
        // SAFETY: a frame's instance is alive.
        let module = unsafe { (*(*frame.ctx).instance).module().clone() };
        FrameInfo::new(module, frame.func, Some(frame.offset as usize))
    });
    WasmBacktrace::from_frames(frames.collect())
}
