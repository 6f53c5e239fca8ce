//! What the interpreter does with a function that is hot.

use super::VmContext;
use crate::interp::code::{Bridge, Compilation, FuncState, LoopState};
use crate::module::{Module, Style};
use crate::tier::{CompileJob, LoopAt};
use std::sync::atomic::{AtomicU8, Ordering};

/// Becomes the one who asks for a compilation.
fn ask(compilation: &AtomicU8) -> bool {
    let (none, asked) = (Compilation::None as u8, Compilation::Asked as u8);
    compilation.compare_exchange(none, asked, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}

/// Hands a job in. If there is no room for it, it can be asked for again.
fn submit(module: &Module, compilation: &AtomicU8, style: Style, func: u32, osr: Option<LoopAt>) {
    let job = CompileJob { module: module.weak(), style, func, osr };
    if !module.engine().compiler().submit(job) {
        compilation.store(Compilation::None as u8, Ordering::Release);
    }
}

/// Gives a function another budget: what it asks for may take a while, and its other loops may want the same.
fn rest(module: &Module, state: &FuncState) {
    let threshold = i32::try_from(module.engine().tunables().tier_threshold).unwrap_or(i32::MAX);
    state.heat.store(threshold, Ordering::Relaxed);
}

/// The budget of a function is spent at a call.
///
/// Not a part of its callers, as it has addresses of variables: they could not end in jumps.
///
/// # Safety
/// `ctx` must be a live instance, `state` one of its module's functions.
#[cold]
#[inline(never)]
pub(crate) unsafe fn hot_function(ctx: *mut VmContext, state: *const FuncState) {
    // SAFETY: by the contract of this function.
    let (instance, state) = unsafe { (&*(*ctx).instance, &*state) };
    let module = instance.module();
    if ask(&state.compilation) {
        submit(
            module,
            &state.compilation,
            instance.style(),
            state.index - module.info().imported_funcs,
            None,
        );
    }
    rest(module, state);
}

/// The budget of a function is spent at a loop: the way to machine code that takes over there, if there is any. As
/// [`hot_function`] not a part of its callers.
///
/// # Safety
/// As for [`hot_function`]; `ip` must be an instruction of the function's register code, which has the loop.
#[cold]
#[inline(never)]
pub(crate) unsafe fn hot_loop(
    ctx: *mut VmContext,
    state: *const FuncState,
    ip: *const u16,
    number: u32,
) -> *const Bridge {
    // SAFETY: by the contract of this function.
    let (instance, state) = unsafe { (&*(*ctx).instance, &*state) };
    let module = instance.module();
    let Some(code) = module.code().find(ip) else { return std::ptr::null() };
    let at: &LoopState = &code.loops[number as usize];
    let known = at.bridge.load(Ordering::Acquire);
    if !known.is_null() {
        return known;
    }
    let func = state.index - module.info().imported_funcs;
    if ask(&at.compilation) {
        submit(
            module,
            &at.compilation,
            instance.style(),
            func,
            Some(LoopAt { ip: ip as usize, number, offset: at.offset }),
        );
        // The next call should not have to wait for its loops to get hot.
        if ask(&state.compilation) {
            submit(module, &state.compilation, instance.style(), func, None);
        }
        let known = at.bridge.load(Ordering::Acquire);
        if !known.is_null() {
            return known;
        }
    }
    rest(module, state);
    std::ptr::null()
}
