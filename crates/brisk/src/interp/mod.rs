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
pub(crate) use exec::call::{LINK_SLOTS, enter_from_host as call};

use crate::vm::context::*;
use crate::vm::native::Segment;
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
    at: At,
    /// Where the machine code of `next`, or of one of those around it, was left.
    exit_fp: *const usize,
    next: *mut Activation,
    /// Whether machine code has taken over the first frame to come.
    replaced: bool,
}

/// Where the iterator is.
enum At {
    /// In frames of the interpreter. The exit is where the code stands, or a return address: then the call is just
    /// before it.
    Interpreter { exit: VmExit, returned: bool },
    /// In machine code.
    Native(Segment),
}

/// The frames below `from`, or from where the innermost activation called out last.
///
/// # Safety
/// `vm` must be a live store and `from` where its code stopped or called out last; no code may run
/// while the iterator is used.
pub(crate) unsafe fn frames(vm: *const VmStore, from: Option<VmExit>) -> Frames {
    let outside = VmExit { ip: std::ptr::null(), sp: std::ptr::null_mut(), ctx: std::ptr::null_mut() };
    let at = At::Interpreter { exit: from.unwrap_or(outside), returned: false };
    // SAFETY: by the contract of this function.
    let (exit_fp, next) = unsafe { ((*vm).exit_fp, (*vm).activation) };
    Frames { at, exit_fp, next, replaced: false }
}

impl Frames {
    /// The same where the innermost activation is of machine code that stands at an instruction that faulted.
    ///
    /// # Safety
    /// As for [`frames`].
    pub unsafe fn faulted(mut self) -> Frames {
        // SAFETY: by the contract of this function.
        if unsafe { self.next_activation() }
            && let At::Native(segment) = self.at
        {
            self.at = At::Native(segment.faulted());
        }
        self
    }

    /// Goes on with the next activation; `false` if there is none.
    ///
    /// # Safety
    /// As for [`frames`].
    unsafe fn next_activation(&mut self) -> bool {
        let activation = self.next;
        if activation.is_null() {
            return false;
        }
        // SAFETY: by the contract of `frames`: activations are alive.
        unsafe {
            if (*activation).entry_sp.is_null() {
                self.at = At::Interpreter { exit: (*activation).exit, returned: false };
            } else {
                self.at = At::Native(Segment::new(activation, self.exit_fp));
                let native = activation.cast::<NativeActivation>();
                self.exit_fp = (*native).outer_exit_fp;
                self.replaced = (*native).replaces;
            }
            self.next = (*activation).previous;
        }
        true
    }
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        // SAFETY: by the contract of `frames`: frames and links are those that running code wrote.
        unsafe {
            loop {
                match &mut self.at {
                    At::Interpreter { exit: VmExit { ip, .. }, .. } if ip.is_null() || is_exit(*ip) => {
                        // Below this activation's first frame lies what called it.
                        if !self.next_activation() {
                            return None;
                        }
                    }
                    At::Interpreter { exit, returned } => {
                        let VmExit { ip, sp, ctx } = *exit;
                        let at = if *returned { ip.sub(1) } else { ip };
                        let code = lookup(ctx, at)?;
                        let offset = code.position(at);
                        let link = Link::read(sp.add(code.local_slots as usize));
                        *exit = VmExit { ip: link.ip, sp: link.sp, ctx: link.ctx };
                        *returned = true;
                        // What machine code runs in place of is counted there.
                        if !std::mem::take(&mut self.replaced) && code.bridge.is_none() {
                            return Some(Frame { ctx, func: code.func, offset });
                        }
                    }
                    At::Native(segment) => match segment.next_frame() {
                        Some(frame) => return Some(frame),
                        None => {
                            if !self.next_activation() {
                                return None;
                            }
                        }
                    },
                }
            }
        }
    }
}
