//! The interpreter: translation of function bodies to register code, and its execution.
//!
//! Data flows from [`translate`] (wasm body to [`code::Code`]) to [`exec`] (one handler per
//! operation, listed in [`ops`]). Everything that leaves wasm goes through `vm::libcalls` or a
//! host function.

pub(crate) mod code;
mod code_map;
pub(crate) mod dispatch;
pub(crate) mod exec;
mod handlers;
mod operand;
pub(crate) mod ops;
mod print;
pub(crate) mod profile;
mod rows;
#[cfg(test)]
mod tests;
pub(crate) mod translate;

pub(crate) use code_map::CodeMap;
pub(crate) use exec::call::enter_from_host as call;

use crate::vm::context::*;
use code::{Code, FuncState};
use exec::call::{Link, is_exit};
use std::sync::atomic::Ordering;

/// The register code an instruction address belongs to.
///
/// # Safety
/// `ctx` must be a live instance.
pub(crate) unsafe fn lookup<'a>(ctx: *mut VmContext, ip: *const u16) -> Option<&'a Code> {
    // SAFETY: by the contract of this function; the instance keeps its module.
    unsafe { (*(*ctx).instance).module().code().find(ip) }
}

/// Translates a function and publishes its code, unless another thread was first.
///
/// # Safety
/// `state` must be a function of the module of `ctx`, a live instance.
#[cold]
pub(crate) unsafe fn translate_function(ctx: *mut VmContext, state: *const FuncState) {
    // SAFETY: by the contract of this function.
    unsafe {
        let module = (*(*ctx).instance).module();
        let settings = translate::Settings::new(module.engine().tunables());
        let mut code = translate::translate(module.info(), (*state).index, settings);
        code.link();
        let code = module.code().publish(Box::new(code));
        // A loser's code stays in the map until the module goes: another thread cannot run it.
        let _ = (*state).code.compare_exchange(
            std::ptr::null_mut(),
            code.cast_mut(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }
}

/// The register code of a defined function as text, as the engine's configuration has it translated.
pub(crate) fn listing(module: &crate::Module, func: u32) -> String {
    let settings = translate::Settings::new(module.engine().tunables());
    print::print(&translate::translate(module.info(), func, settings))
}

/// A frame, for backtraces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// The instance.
    pub ctx: *mut VmContext,
    /// The function's index in its module.
    pub func: u32,
    /// Offset of the instruction in the module's bytes.
    pub offset: u32,
}

/// The frames of all activations, innermost first, from where the innermost one stopped or called out.
pub(crate) struct Frames {
    exit: VmExit,
    /// Whether `exit` is a return address: the call is just before it.
    returned: bool,
    next: *mut Activation,
}

/// The frames below `from`, or from where the innermost activation called out last.
///
/// # Safety
/// `vm` must be a live store and `from` where its code stopped or called out last; no code may run
/// while the iterator is used.
pub(crate) unsafe fn frames(vm: *const VmStore, from: Option<VmExit>) -> Frames {
    let outside = VmExit { ip: std::ptr::null(), sp: std::ptr::null_mut(), ctx: std::ptr::null_mut() };
    // SAFETY: by the contract of this function.
    Frames { exit: from.unwrap_or(outside), returned: false, next: unsafe { (*vm).activation } }
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        // SAFETY: by the contract of `frames`: frames and links are those the interpreter wrote.
        unsafe {
            loop {
                let VmExit { ip, sp, ctx } = self.exit;
                if ip.is_null() || is_exit(ip) {
                    // Below this activation's first frame lies the one that called the host.
                    let activation = self.next;
                    if activation.is_null() {
                        return None;
                    }
                    self.exit = (*activation).exit;
                    self.next = (*activation).previous;
                    self.returned = false;
                    continue;
                }
                let at = if self.returned { ip.sub(1) } else { ip };
                let code = lookup(ctx, at)?;
                let offset = code.position(at);
                let link = Link::read(sp.add(code.local_slots as usize));
                self.exit = VmExit { ip: link.ip, sp: link.sp, ctx: link.ctx };
                self.returned = true;
                return Some(Frame { ctx, func: code.func, offset });
            }
        }
    }
}
