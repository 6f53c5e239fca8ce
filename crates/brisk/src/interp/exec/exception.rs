//! Throwing and catching. Nothing is paid where nothing is thrown: handlers are found by the
//! position of the instruction that threw or called.

use super::call::{self, Link};
use crate::interp::code::Code;
use crate::interp::dispatch::{Regs, Status, handler, next, raise};
use crate::interp::handlers::Handler;
use crate::interp::lookup;
use crate::interp::operand::Words;
use crate::trap::Trap;
use crate::vm::context::{VmContext, VmExit, VmTag};
use crate::vm::libcalls;
use std::sync::atomic::Ordering;

handler! {
    /// `tag32 base`: throws a new exception whose payload stands at `base`.
    fn throw (w, r) {
        let tag = w.u32();
        let payload = r.sp.add(usize::from(w.u16()));
        call::leave(r.ip, r.sp, r.ctx);
        match make_pending(r.ip, r.sp, r.ctx, tag, payload) {
            None => unwind(r.ip, r.sp, r.ctx),
            Some(status) => status,
        }
    }
}

/// Makes a new exception the pending one; the end of the activation if that fails. Apart from the
/// handler, which could not end in a jump with a result in memory.
///
/// # Safety
/// As for [`libcalls::exn_new`].
#[cold]
#[inline(never)]
unsafe fn make_pending(
    ip: *const u16,
    sp: *mut u64,
    ctx: *mut VmContext,
    tag: u32,
    payload: *const u64,
) -> Option<Status> {
    // SAFETY: by the contract of this function.
    unsafe {
        match libcalls::exn_new(ctx, tag, payload) {
            Ok(exn) => {
                libcalls::set_pending_exception(ctx, exn);
                None
            }
            Err(stop) => call::record(ip, sp, ctx, stop),
        }
    }
}

handler! {
    /// `exn`: throws an exception again.
    fn throw_ref (w, r) {
        let exn = r.slot(w.u16());
        if exn == 0 {
            raise!(r, Trap::NullReference)
        }
        libcalls::set_pending_exception(r.ctx, exn);
        unwind(r.ip, r.sp, r.ctx)
    }
}

/// Goes on at the innermost handler of the pending exception, or ends the activation. Of the
/// handlers' convention, so that it can end in a jump to one.
///
/// # Safety
/// `ip`, `sp` and `ctx` must be those of the instruction that threw or called.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn unwind(ip: *const u16, sp: *mut u64, ctx: *mut VmContext) -> Status {
    // SAFETY: by the contract of this function.
    unsafe { unwind_from(ip, sp, ctx, ip, sp, ctx) }
}

/// The same, beginning in a frame further out than that of the instruction that threw, which are the last three.
///
/// # Safety
/// As for [`unwind`].
#[cold]
#[inline(never)]
unsafe extern "C" fn unwind_from(
    mut ip: *const u16,
    mut sp: *mut u64,
    mut ctx: *mut VmContext,
    thrown_ip: *const u16,
    thrown_sp: *mut u64,
    thrown_ctx: *mut VmContext,
) -> Status {
    // SAFETY: frames and links are those the interpreter wrote; code is found by address.
    unsafe {
        let exn = libcalls::take_pending_exception(ctx);
        let tag = libcalls::exn_tag(exn);
        loop {
            let Some(code) = lookup(ctx, ip) else {
                unreachable!("running code belongs to its instance's module")
            };
            let at = ip.offset_from(code.words.as_ptr()) as u32;
            let caught = find(code, at, ctx, tag);
            if let Some(handler) = caught {
                libcalls::exception_caught(ctx);
                let mut slot = sp.add(handler.slot as usize);
                if handler.tag.is_some() {
                    let (payload, slots) = libcalls::exn_payload(exn);
                    slot.copy_from_nonoverlapping(payload, slots);
                    slot = slot.add(slots);
                }
                if handler.with_ref {
                    slot.write(exn);
                }
                let target = code.words.as_ptr().add(handler.target as usize);
                if wanted(ctx) {
                    // The way to a handler may be what closes a loop.
                    return super::control::interrupted(target, sp, ctx);
                }
                let mut r =
                    Regs { ip, sp, mem: std::ptr::null_mut(), len: 0, ctx, acc: 0, f32: 0.0, f64: 0.0 };
                r.reload_memory();
                return next(Words(target), r);
            }
            let link = Link::read(sp.add(code.local_slots as usize));
            if call::is_exit(link.ip) {
                libcalls::set_pending_exception(ctx, exn);
                // The frames are still what they were, for a backtrace.
                (*(*ctx).store).exit = VmExit { ip: thrown_ip, sp: thrown_sp, ctx: thrown_ctx };
                return Status::Exception;
            }
            if wanted(ctx)
                && let Some(status) =
                    interrupted_on_the_way(ip, sp, ctx, thrown_ip, thrown_sp, thrown_ctx, exn)
            {
                return status;
            }
            // One word back, so that the position is inside the call.
            (ip, sp, ctx) = (link.ip.sub(1), link.sp, link.ctx);
        }
    }
}

/// Serves an interrupt in a frame that an exception passes; the end of the activation if that is what it asks for.
///
/// The exception is not the pending one meanwhile: what runs may throw and catch others, and collect. The frames from where
/// it was thrown on are kept, and so are those that it passed before, for a backtrace.
///
/// Takes scalars, so that the caller, which ends in a jump, has no address of them.
///
/// # Safety
/// Both must be frames of the activation, the second one that of the instruction that threw; `exn` must be a reference to a
/// live exception.
#[cold]
#[inline(never)]
unsafe fn interrupted_on_the_way(
    ip: *const u16,
    sp: *mut u64,
    ctx: *mut VmContext,
    thrown_ip: *const u16,
    thrown_sp: *mut u64,
    thrown_ctx: *mut VmContext,
    exn: u64,
) -> Option<Status> {
    // SAFETY: by the contract of this function; behind a frame there is room for the reference, even at the value
    // stack's end, and a collection finds it there.
    unsafe {
        call::leave(thrown_ip, thrown_sp, thrown_ctx);
        let vm = (*ctx).store;
        (*(*vm).activation).exit = VmExit { ip, sp, ctx };
        (*vm).value_top.write(exn);
        (*vm).value_top = (*vm).value_top.add(1);
        let captured = (*(*vm).store).replace_captured(None);
        let served = libcalls::interrupted(ctx);
        (*(*vm).store).replace_captured(captured);
        let stop = served.err()?;
        Some(call::record(ip, sp, ctx, stop).unwrap_or(Status::Exception))
    }
}

/// The handler of an exception at an offset of a function. Apart from [`unwind`], which could not end in a jump with
/// the state of the search in memory.
///
/// # Safety
/// `ctx` must be a live instance of the module that `code` belongs to.
#[inline(never)]
unsafe fn find(code: &Code, at: u32, ctx: *mut VmContext, tag: *const VmTag) -> Option<&Handler> {
    code.handlers.covering(at).find(|handler| {
        // SAFETY: by the contract of this function; a handler's tag is one of the module's.
        handler.tag.is_none_or(|index| unsafe { std::ptr::eq(*(*ctx).tags.add(index as usize), tag) })
    })
}

/// Whether somebody wants running code to stop.
///
/// # Safety
/// `ctx` must be a live instance.
#[inline(always)]
unsafe fn wanted(ctx: *mut VmContext) -> bool {
    // SAFETY: by the contract of this function.
    unsafe { (*(*ctx).store).value_limit.load(Ordering::Relaxed) == 0 }
}

/// Throws the pending exception from where a frame that tail-called a host function would have returned to. Backtraces
/// have that frame: the host function was called from it.
///
/// # Safety
/// `ip`, `sp` and `ctx` must be those of the frame's last instruction, the others its link.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn throw_from_caller(
    ip: *const u16,
    sp: *mut u64,
    ctx: *mut VmContext,
    caller_ip: *const u16,
    caller_sp: *mut u64,
    caller_ctx: *mut VmContext,
) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        if call::is_exit(caller_ip) {
            (*(*ctx).store).exit = VmExit { ip, sp, ctx };
            return Status::Exception;
        }
        unwind_from(caller_ip.sub(1), caller_sp, caller_ctx, ip, sp, ctx)
    }
}
