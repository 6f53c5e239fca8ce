//! From the interpreter to machine code.

use super::call::{Link, is_exit};
use crate::interp::code::Bridge;
use crate::interp::dispatch::{Regs, Status, handler, next};
use crate::interp::operand::Words;
use crate::vm::context::*;
use crate::vm::native;

handler! {
    /// `bridge64`: the only instruction of a function that has machine code.
    fn enter_native (w, r) {
        let bridge = w.u64() as *const Bridge;
        take_over(r.ip, r.sp, r.ctx, bridge)
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
