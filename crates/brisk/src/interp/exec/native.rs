//! From the interpreter to machine code.

use super::call::{Link, is_exit};
use crate::interp::code::{Bridge, FuncState};
use crate::interp::dispatch::{Regs, Status, handler, next};
use crate::interp::operand::Words;
use crate::vm::context::*;
use crate::vm::native;
use crate::vm::tier;
use std::sync::atomic::Ordering;

handler! {
    /// `bridge64`: the only instruction of a function that has machine code.
    fn enter_native (w, r) {
        let bridge = w.u64() as *const Bridge;
        take_over(r.ip, r.sp, r.ctx, bridge)
    }
}

/// What a call takes from the budget; an iteration takes 1.
const CALL_HEAT: i32 = 4;

/// Takes from the budget of a function; `true` once it is spent.
///
/// # Safety
/// `state` must be a function of a live module.
#[inline(always)]
unsafe fn cool(state: *const FuncState, by: i32) -> bool {
    // SAFETY: by the contract of this function.
    unsafe {
        // No read-modify-write: other threads may count as well, and a lost count does no harm.
        let left = (*state).heat.load(Ordering::Relaxed).wrapping_sub(by);
        (*state).heat.store(left, Ordering::Relaxed);
        left < 0
    }
}

handler! {
    /// `func32`: counts a call of the running function.
    fn hot_entry (w, r) {
        let state = (*r.ctx).funcs.add(w.u32() as usize);
        if cool(state, CALL_HEAT) {
            return entry_is_hot(w.0, r.sp, r.ctx, state);
        }
        next(w, r)
    }
}

handler! {
    /// `loop func32`: counts an iteration; machine code may take over here, where all that is live is in its slot.
    fn hot_loop (w, r) {
        let number = w.u16();
        let state = (*r.ctx).funcs.add(w.u32() as usize);
        if cool(state, 1) {
            return loop_is_hot(r.ip, r.sp, r.ctx, state, w.0, u32::from(number));
        }
        next(w, r)
    }
}

/// Goes on after an instruction at which nothing is in the accumulators.
///
/// # Safety
/// `ip` must be an instruction of running code, `sp` its frame, `ctx` its instance.
unsafe fn go_on(ip: *const u16, sp: *mut u64, ctx: *mut VmContext) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        let mut r = Regs { ip, sp, mem: std::ptr::null_mut(), len: 0, ctx, acc: 0, f32: 0.0, f64: 0.0 };
        r.reload_memory();
        next(Words(ip), r)
    }
}

#[cold]
#[inline(never)]
unsafe extern "C" fn entry_is_hot(
    after: *const u16,
    sp: *mut u64,
    ctx: *mut VmContext,
    state: *const FuncState,
) -> Status {
    // SAFETY: called by a handler with its state and its function's.
    unsafe {
        tier::hot_function(ctx, state);
        go_on(after, sp, ctx)
    }
}

#[cold]
#[inline(never)]
unsafe extern "C" fn loop_is_hot(
    ip: *const u16,
    sp: *mut u64,
    ctx: *mut VmContext,
    state: *const FuncState,
    after: *const u16,
    number: u32,
) -> Status {
    // SAFETY: called by a handler with its state and its function's.
    unsafe {
        let bridge = tier::hot_loop(ctx, state, ip, number);
        if bridge.is_null() {
            return go_on(after, sp, ctx);
        }
        // The next loop that gets there takes the same way.
        (*state).heat.store(0, Ordering::Relaxed);
        take_over(ip, sp, ctx, bridge)
    }
}

/// Has machine code go on in place of the frame: calls it and returns its results, which it leaves in the frame's first
/// slots.
///
/// Where the frame is the activation's last, whoever began the activation calls the machine code instead, after this one's
/// part of the native stack is gone: tail calls between interpreter and machine code never nest.
///
/// # Safety
/// `ip`, `sp` and `ctx` must be those of the running instruction, and the bridge that of its function.
pub(crate) unsafe extern "C" fn take_over(
    ip: *const u16,
    sp: *mut u64,
    ctx: *mut VmContext,
    bridge: *const Bridge,
) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        // The results may overwrite the link.
        let link = Link::read(sp.add((*bridge).link as usize));
        let store = (*ctx).store;
        if is_exit(link.ip) {
            (*store).tail = VmTail { state: (*bridge).state, ctx, entry: (*bridge).entry, bridge };
            return Status::TailCall;
        }
        (*(*store).activation).exit = VmExit { ip, sp, ctx };
        match native::enter(store, bridge, ctx, sp, (*store).activation, true) {
            Status::Return => {
                let mut r = Regs {
                    ip,
                    sp: link.sp,
                    mem: std::ptr::null_mut(),
                    len: 0,
                    ctx: link.ctx,
                    acc: sp.read(),
                    f32: 0.0,
                    f64: 0.0,
                };
                r.reload_memory();
                next(Words(link.ip), r)
            }
            // The frame has nothing to catch it with.
            Status::Exception => super::exception::throw_from_caller(ip, sp, ctx, link.ip, link.sp, link.ctx),
            status => status,
        }
    }
}
