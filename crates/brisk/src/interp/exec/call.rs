//! Calls and returns. A frame is `[parameters and locals][link][operands]`; the caller writes
//! arguments where the callee's frame begins and finds the results there. The link is three slots:
//! where to go on, the caller's frame, the caller's instance.

use crate::interp::code::{Code, FuncState};
use crate::interp::dispatch::{Handler, Regs, Status, handler, next, raise, run, trap};
use crate::interp::lookup;
use crate::interp::operand::{Scalar, Src, Words};
use crate::trap::Trap;
use crate::vm::context::*;
use crate::vm::store::NO_EXIT;
use crate::vm::{Stop, libcalls, native, observe};
use std::sync::atomic::Ordering;

/// Slots of a link.
pub(crate) const LINK_SLOTS: u32 = 3;

/// Where the outermost function of an activation returns to.
static EXIT: Handler = exit;

/// Address of the instruction an outermost function returns to.
fn exit_ip() -> *const u16 {
    (&raw const EXIT).cast()
}

/// Whether a link leads out of the activation.
pub(crate) fn is_exit(ip: *const u16) -> bool {
    ip == exit_ip()
}

/// Where a frame returns to.
#[derive(Clone, Copy)]
pub(crate) struct Link {
    pub ip: *const u16,
    pub sp: *mut u64,
    pub ctx: *mut VmContext,
}

impl Link {
    /// # Safety
    /// `at` must be the link of a live frame.
    #[inline(always)]
    pub unsafe fn read(at: *const u64) -> Link {
        // SAFETY: by the contract of this function.
        unsafe {
            Link {
                ip: at.cast::<*const u16>().read(),
                sp: at.add(1).cast::<*mut u64>().read(),
                ctx: at.add(2).cast::<*mut VmContext>().read(),
            }
        }
    }
}

/// The callee's code if it is translated and its frame fits below the limit; else the instruction
/// goes the slow way.
///
/// # Safety
/// `state` must be a function of a live module, `sp` a place in the value stack.
#[inline(always)]
unsafe fn ready(state: *const FuncState, sp: *mut u64, store: *mut VmStore) -> Option<*const Code> {
    // SAFETY: by the contract of this function; published code lives as long as its module.
    unsafe {
        let code: *const Code = (*state).code.load(Ordering::Acquire);
        if code.is_null() {
            return None;
        }
        let end = sp as usize + 8 * (*code).frame_slots as usize;
        if end > (*store).value_limit.load(Ordering::Relaxed) { None } else { Some(code) }
    }
}

/// Enters a function whose arguments stand at `r.sp`, in the instance `r.ctx`.
///
/// # Safety
/// [`ready`] must have given the code for this `sp`.
#[inline(always)]
unsafe fn enter(code: *const Code, link: Link, mut r: Regs) -> Status {
    // SAFETY: the frame lies inside the value stack.
    unsafe {
        // Nothing expects a value here: one machine register more for this handler.
        r.acc = 0;
        let locals = r.sp.add((*code).local_slots as usize);
        let mut local = r.sp.add((*code).param_slots as usize);
        while local < locals {
            // Volatile, or the loop becomes a call of memset and this handler needs a frame.
            local.write_volatile(0);
            local = local.add(1);
        }
        locals.cast::<*const u16>().write(link.ip);
        locals.add(1).cast::<*mut u64>().write(link.sp);
        locals.add(2).cast::<*mut VmContext>().write(link.ctx);
        next(Words((*code).entry), r)
    }
}

/// Goes the slow way of a call, whose arguments stand at `$args` and after which the caller goes on at `$after`:
/// calls a host function, translates the callee, serves an interrupt, or traps for lack of stack.
macro_rules! slow_call {
    ($r:ident, $state:expr, $ctx:expr, $args:expr, $after:expr) => {
        slow_call!($r, SlowCall { state: $state, ctx: $ctx, args: $args, after: $after, link: 0 })
    };
    ($r:ident, $call:expr) => {{
        (*$r.store()).slow_call = $call;
        return call_slow($r.ip, $r.sp, $r.ctx);
    }};
}

/// The slow way of a call: calls a host function, or prepares the call of another one.
#[inline(never)]
unsafe extern "C" fn call_slow(ip: *const u16, sp: *mut u64, ctx: *mut VmContext) -> Status {
    // SAFETY: called by handlers with their own state and a call that they were about to make; the slots for
    // arguments and results are checked against the end of the value stack.
    unsafe {
        let SlowCall { state, ctx: callee, args, after, .. } = (*(*ctx).store).slow_call;
        if !(*state).is_host() {
            return call_slow_function(ip, sp, ctx);
        }
        let host: *mut VmHostFunc = callee.cast();
        let mut r = Regs { ip, sp, mem: std::ptr::null_mut(), len: 0, ctx, acc: 0, f32: 0.0, f64: 0.0 };
        match host_call(r, host, args, (*host).arg_slots) {
            HostStatus::Return => {
                r.reload_memory();
                r.acc = args.read();
                next(Words(after), r)
            }
            status => host_stop(ip, sp, ctx, status, args.add((*host).arg_slots as usize)),
        }
    }
}

#[cold]
#[inline(never)]
unsafe extern "C" fn call_slow_function(ip: *const u16, sp: *mut u64, ctx: *mut VmContext) -> Status {
    // SAFETY: called by handlers with their own state and a call that they were about to make.
    unsafe {
        let store = (*ctx).store;
        // Whatever runs meanwhile makes calls of its own.
        let SlowCall { state, ctx: callee, args, after, link } = (*store).slow_call;
        if (*state).code.load(Ordering::Acquire).is_null() {
            crate::interp::translate_function(callee, state);
        }
        if (*store).value_limit.load(Ordering::Relaxed) == 0 {
            leave(ip, sp, ctx);
            if let Err(stop) = libcalls::interrupted(ctx) {
                return stop!(ip, sp, ctx, stop);
            }
        }
        let code: *const Code = (*state).code.load(Ordering::Acquire);
        let base = if after.is_null() { sp } else { args };
        // Not the interrupt word, which may be 0 once more: this call is made.
        if !fits(code, base, store) {
            return trap(ip, sp, ctx, Trap::StackOverflow);
        }
        let link = if after.is_null() {
            let link = Link::read(sp.add(link as usize));
            std::ptr::copy(args, sp, (*code).param_slots as usize);
            link
        } else {
            Link { ip: after, sp, ctx }
        };
        let mut r =
            Regs { ip, sp: base, mem: std::ptr::null_mut(), len: 0, ctx: callee, acc: 0, f32: 0.0, f64: 0.0 };
        r.reload_memory();
        enter(code, link, r)
    }
}

/// Whether a function's frame at `sp` lies within the value stack.
///
/// # Safety
/// `code` must be published code, `store` live.
unsafe fn fits(code: *const Code, sp: *mut u64, store: *mut VmStore) -> bool {
    // SAFETY: by the contract of this function.
    unsafe { sp as usize + 8 * (*code).frame_slots as usize <= (*store).value_end }
}

/// Makes the state of the running code visible to the host: where it stands, and which part of the
/// value stack is in use: all of the frame.
///
/// Takes scalars, so that no handler's state has an address: such a handler could not end in a jump.
///
/// # Safety
/// `ip`, `sp` and `ctx` must be those of running code.
#[inline(never)]
pub(crate) unsafe fn leave(ip: *const u16, sp: *mut u64, ctx: *mut VmContext) {
    // SAFETY: by the contract of this function.
    unsafe {
        let store = (*ctx).store;
        (*(*store).activation).exit = VmExit { ip, sp, ctx };
        let frame = lookup(ctx, ip).map_or(0, |code| code.frame_slots);
        (*store).value_top = sp.add(frame as usize);
    }
}

/// Records why the activation ends; `None` if it may go on, at the handler of the pending exception.
///
/// # Safety
/// `ip`, `sp` and `ctx` must be those of the instruction that called it.
#[cold]
#[inline(never)]
pub(crate) unsafe fn record(ip: *const u16, sp: *mut u64, ctx: *mut VmContext, stop: Stop) -> Option<Status> {
    // SAFETY: by the contract of this function.
    unsafe {
        let store = (*ctx).store;
        (*store).exit = VmExit { ip, sp, ctx };
        match stop {
            Stop::Trap(trap) => {
                (*store).trap = Some(trap);
                Some(Status::Trap)
            }
            Stop::Unwind => Some(Status::Unwind),
            Stop::Exception => None,
        }
    }
}

/// Ends the activation, or goes on at the handler of the pending exception, after a libcall or host
/// function that did not return. A macro, so that what it is used in ends in a jump.
macro_rules! stop {
    ($ip:expr, $sp:expr, $ctx:expr, $stop:expr) => {
        match $crate::interp::exec::call::record($ip, $sp, $ctx, $stop) {
            Some(status) => status,
            None => $crate::interp::exec::exception::unwind($ip, $sp, $ctx),
        }
    };
}
pub(crate) use stop;

handler! {
    /// `func32 base`: a function this module defines, by defined function index.
    fn call (w, r) {
        let state = (*r.ctx).funcs.add(w.u32() as usize);
        let base = r.sp.add(usize::from(w.u16()));
        let Some(code) = ready(state, base, r.store()) else { slow_call!(r, state, r.ctx, base, w.0) };
        let link = Link { ip: w.0, sp: r.sp, ctx: r.ctx };
        r.sp = base;
        enter(code, link, r)
    }
}

/// Calls the function of a function reference or table entry.
macro_rules! call_func_ref {
    ($w:ident, $r:ident, $func:expr, $base:expr) => {{
        let func: *const VmFuncRef = $func;
        let base: u16 = $base;
        let (state, callee) = ((*func).state, (*func).ctx);
        let base = $r.sp.add(usize::from(base));
        // A host function has no code.
        let Some(code) = ready(state, base, $r.store()) else { slow_call!($r, state, callee, base, $w.0) };
        let link = Link { ip: $w.0, sp: $r.sp, ctx: $r.ctx };
        $r.sp = base;
        if callee != $r.ctx {
            $r.ctx = callee;
            $r.reload_memory();
        }
        enter(code, link, $r)
    }};
}

handler! {
    /// `import32 base`
    fn call_import (w, r) {
        let func = (*r.ctx).imports.add(w.u32() as usize);
        call_func_ref!(w, r, func, w.u16())
    }
}

/// Finds the callee of an indirect call: the entry of the table if it is there and has the type.
macro_rules! indirect_callee {
    ($w:ident, $r:ident, $index:ident: $src:ident) => {{
        let table = *(*$r.ctx).tables.add($w.u32() as usize);
        let expected = *(*$r.ctx).type_ids.add($w.u32() as usize);
        let $index: u64 = $src::get(&mut $w, &$r);
        if $index >= (*table).len as u64 {
            raise!($r, Trap::TableOutOfBounds)
        }
        let entry = (*table).base.cast::<VmFuncRef>().add($index as usize);
        if (*entry).type_id != expected {
            if let Some(trap) = mismatch($r.ctx, (*entry).type_id, expected) {
                raise!($r, trap)
            }
        }
        entry
    }};
}

/// An entry whose type is not the expected one: null, a subtype, or a trap.
///
/// # Safety
/// `ctx` must be a live instance.
#[cold]
#[inline(never)]
unsafe fn mismatch(ctx: *mut VmContext, actual: u32, expected: u32) -> Option<Trap> {
    if actual == 0 {
        return Some(Trap::IndirectCallToNull);
    }
    // SAFETY: by the contract of this function.
    if unsafe { libcalls::is_subtype(ctx, actual, expected) } { None } else { Some(Trap::BadSignature) }
}

handler! {
    /// `table32 type32 [index] base`
    fn call_indirect [X: Src] (w, r) {
        let entry = indirect_callee!(w, r, index: X);
        call_func_ref!(w, r, entry, w.u16())
    }
}

handler! {
    /// `func base`: through a function reference.
    fn call_ref (w, r) {
        let func = r.slot(w.u16()) as *const VmFuncRef;
        if func.is_null() {
            raise!(r, Trap::NullReference)
        }
        call_func_ref!(w, r, func, w.u16())
    }
}

/// The call of a host function itself.
///
/// # Safety
/// `r` must be the state of running code, `slots` lie in the value stack.
#[inline(always)]
unsafe fn host_call(r: Regs, host: *mut VmHostFunc, slots: *mut u64, arg_slots: u32) -> HostStatus {
    // SAFETY: by the contract of this function.
    unsafe {
        let store = r.store();
        let top = slots.add(arg_slots as usize);
        if top as usize > (*store).value_end {
            return HostStatus::Unwind;
        }
        (*store).value_top = top;
        (*(*store).activation).exit = r.exit();
        ((*host).call)(host, r.ctx, slots)
    }
}

/// What follows a host function that did not return.
#[cold]
#[inline(never)]
unsafe extern "C" fn host_stop(
    ip: *const u16,
    sp: *mut u64,
    ctx: *mut VmContext,
    status: HostStatus,
    top: *mut u64,
) -> Status {
    // SAFETY: called with the state of running code.
    unsafe {
        let why = if top as usize > (*(*ctx).store).value_end {
            Stop::Trap(Trap::StackOverflow)
        } else if status == HostStatus::Exception {
            Stop::Exception
        } else {
            Stop::Unwind
        };
        stop!(ip, sp, ctx, why)
    }
}

/// Goes on where a frame returns to.
///
/// # Safety
/// `link` must be the link of the running frame.
#[inline(always)]
unsafe fn leave_frame(link: Link, mut r: Regs) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        r.sp = link.sp;
        if link.ctx != r.ctx {
            r.ctx = link.ctx;
            r.reload_memory();
        }
        next(Words(link.ip), r)
    }
}

handler! {
    /// `link`
    fn ret (w, r) {
        leave_frame(Link::read(r.sp.add(usize::from(w.u16()))), r)
    }
}

handler! {
    /// `link [value]`: one slot, which the caller finds in the integer accumulator as well.
    fn ret_1 [T: Scalar, X: Src] (w, r) {
        // The result may overwrite the link.
        let link = Link::read(r.sp.add(usize::from(w.u16())));
        let value: T = X::get(&mut w, &r);
        r.sp.write(value.to_slot());
        r.acc = value.to_slot();
        leave_frame(link, r)
    }
}

handler! {
    /// `link src n`: `n` slots.
    fn ret_n (w, r) {
        // The results may overwrite the link.
        let link = Link::read(r.sp.add(usize::from(w.u16())));
        let src = r.sp.add(usize::from(w.u16()));
        std::ptr::copy(src, r.sp, usize::from(w.u16()));
        leave_frame(link, r)
    }
}

handler! {
    /// The outermost function of the activation has returned.
    fn exit (_w, _r) {
        Status::Return
    }
}

/// Replaces the current frame by the callee's.
macro_rules! tail_call {
    ($w:ident, $r:ident, $state:expr, $callee:expr, $base:expr) => {{
        let (state, callee): (*const FuncState, *mut VmContext) = ($state, $callee);
        let src = $r.sp.add(usize::from($base));
        let link = $w.u16();
        let Some(code) = ready(state, $r.sp, $r.store()) else {
            let (after, link) = (std::ptr::null(), u32::from(link));
            slow_call!($r, SlowCall { state, ctx: callee, args: src, after, link })
        };
        let link = Link::read($r.sp.add(usize::from(link)));
        std::ptr::copy(src, $r.sp, (*code).param_slots as usize);
        if callee != $r.ctx {
            $r.ctx = callee;
            $r.reload_memory();
        }
        enter(code, link, $r)
    }};
}

handler! {
    /// `func32 base link`
    fn return_call (w, r) {
        let state = (*r.ctx).funcs.add(w.u32() as usize);
        let base = w.u16();
        tail_call!(w, r, state, r.ctx, base)
    }
}

/// Tail-calls the function of a function reference. A host function is called from this frame and
/// its results returned: nothing nests, as it is back before this frame goes.
macro_rules! tail_call_func_ref {
    ($w:ident, $r:ident, $func:expr) => {{
        let func: *const VmFuncRef = $func;
        let base: u16 = $w.u16();
        if (*(*func).state).is_host() {
            let (host, arg_slots): (*mut VmHostFunc, u32) = ((*func).ctx.cast(), (*func).arg_slots);
            let slots = $r.sp.add(usize::from(base));
            return match host_call($r, host, slots, arg_slots) {
                HostStatus::Return => {
                    let link = Link::read($r.sp.add(usize::from($w.u16())));
                    std::ptr::copy(slots, $r.sp, usize::from($w.u16()));
                    $r.sp = link.sp;
                    $r.ctx = link.ctx;
                    $r.reload_memory();
                    $r.acc = slots.read();
                    next(Words(link.ip), $r)
                }
                HostStatus::Exception => {
                    // This frame is gone: its handlers do not count.
                    let link = Link::read($r.sp.add(usize::from($w.u16())));
                    super::exception::throw_from_caller($r.ip, $r.sp, $r.ctx, link.ip, link.sp, link.ctx)
                }
                status => host_stop($r.ip, $r.sp, $r.ctx, status, slots.add(arg_slots as usize)),
            };
        }
        tail_call!($w, $r, (*func).state, (*func).ctx, base)
    }};
}

handler! {
    /// `import32 base link results`
    fn return_call_import (w, r) {
        let func = (*r.ctx).imports.add(w.u32() as usize);
        tail_call_func_ref!(w, r, func)
    }
}

handler! {
    /// `table32 type32 index base link results`
    fn return_call_indirect [X: Src] (w, r) {
        let entry = indirect_callee!(w, r, index: X);
        tail_call_func_ref!(w, r, entry)
    }
}

handler! {
    /// `func base link results`
    fn return_call_ref (w, r) {
        let func = r.slot(w.u16()) as *const VmFuncRef;
        if func.is_null() {
            raise!(r, Trap::NullReference)
        }
        tail_call_func_ref!(w, r, func)
    }
}

handler! {
    /// Counts a call of the running function for the profile.
    fn count_call (w, r) {
        let func = w.u32();
        observe::count_call(r.ctx, func);
        next(w, r)
    }
}

handler! {
    /// `func32`: reports the entry of a function to the trace.
    fn trace_enter (w, r) {
        let func = w.u32();
        observe::trace_enter(r.ctx, func, r.sp);
        next(w, r)
    }
}

handler! {
    /// `func32 results`: reports a return to the trace; the results stand at the slot given.
    fn trace_leave (w, r) {
        let func = w.u32();
        let results = r.sp.add(usize::from(w.u16()));
        observe::trace_leave(r.ctx, func, r.sp, results);
        next(w, r)
    }
}

/// Runs a function from the host's side until it is back. Arguments stand at the store's
/// `value_top`, results are left in the same place.
///
/// # Safety
/// `vm` must be a live store with nothing running that is not recorded in its activations; `func`
/// one of its function references, and the arguments must fit its type.
pub(crate) unsafe fn enter_from_host(vm: *mut VmStore, func: *const VmFuncRef) -> Result<(), Stop> {
    // SAFETY: by the contract of this function.
    unsafe {
        let thread = current_thread();
        let previous = (*vm).activation;
        // Of either kind: what machine code needs in addition follows what all have.
        let mut activation = NativeActivation {
            activation: Activation {
                previous,
                exit: NO_EXIT,
                thread,
                native_top: 0,
                entry_sp: std::ptr::null(),
            },
            outer_exit_fp: std::ptr::null(),
            replaces: false,
        };
        let here = &raw mut activation as usize;
        activation.activation.native_top =
            if previous.is_null() { here } else { native_top(vm, here, thread)? };
        enter_function(vm, func, &raw mut activation)
    }
}

/// Runs a function that machine code calls and that has none. The arguments stand at the store's `value_top`,
/// where the results are left. With [`Status::TailCall`] the caller calls what [`VmStore::tail`] says.
///
/// # Safety
/// `vm` must be a live store whose innermost activation is one of machine code that has called out, `ctx` one of its
/// instances, `state` a function of that, and the arguments must fit its type.
#[cfg_attr(not(brisk_machine_code), allow(dead_code))]
pub(crate) unsafe fn enter_from_native(
    vm: *mut VmStore,
    state: *const FuncState,
    ctx: *mut VmContext,
) -> Result<Status, Stop> {
    // SAFETY: by the contract of this function.
    unsafe {
        let mut activation = Activation {
            previous: (*vm).activation,
            exit: NO_EXIT,
            thread: (*(*vm).activation).thread,
            native_top: (*(*vm).activation).native_top,
            entry_sp: std::ptr::null(),
        };
        let here = &raw mut activation as usize;
        if here < (*vm).native_limit {
            return Err(Stop::Trap(Trap::StackOverflow));
        }
        let slots = (*vm).value_top;
        let code = match ready(state, slots, vm) {
            Some(code) => code,
            None => make_ready(vm, state, ctx, slots)?,
        };
        if let Some(bridge) = &(*code).bridge {
            // It has got machine code since the caller looked.
            (*vm).tail = VmTail { state, ctx, entry: bridge.entry, bridge: &raw const **bridge };
            return Ok(Status::TailCall);
        }
        Ok(interpret(vm, code, ctx, &raw mut activation))
    }
}

/// Where the use of the native stack begins that an entry nested in others is on, if it may begin there.
///
/// That is seldom another one than the entry's before: a host function has another thread go on, or that thread has
/// this one go on again.
///
/// # Safety
/// As for [`enter_from_host`].
#[inline(never)]
unsafe fn native_top(vm: *mut VmStore, here: usize, thread: usize) -> Result<usize, Stop> {
    // SAFETY: activations are alive until their end, which comes before that of those that they nest in.
    unsafe {
        let mut activation = (*vm).activation;
        while !activation.is_null() {
            let top = (*activation).native_top;
            if (*activation).shares_stack(here, thread) {
                let within = here >= top.saturating_sub((*vm).native_size);
                return if within { Ok(top) } else { Err(Stop::Trap(Trap::StackOverflow)) };
            }
            activation = (*activation).previous;
        }
        Ok(here)
    }
}

/// Runs a function in an activation that is not yet the store's innermost.
///
/// # Safety
/// As for [`enter_from_host`].
#[inline(always)]
unsafe fn enter_function(
    vm: *mut VmStore,
    func: *const VmFuncRef,
    activation: *mut NativeActivation,
) -> Result<(), Stop> {
    // SAFETY: by the contract of this function.
    unsafe {
        let slots = (*vm).value_top;
        let (state, ctx) = ((*func).state, (*func).ctx);
        if (*state).is_host() {
            return enter_host_func(vm, func, slots);
        }
        let code = match ready(state, slots, vm) {
            Some(code) => code,
            None => make_ready(vm, state, ctx, slots)?,
        };
        let status = match &(*code).bridge {
            None => interpret(vm, code, ctx, activation.cast()),
            Some(bridge) => native::enter_as(vm, &raw const **bridge, ctx, slots, activation),
        };
        if status == Status::Return { Ok(()) } else { not_returned(vm, status, slots, activation.cast()) }
    }
}

/// What follows an activation that has not come back with results: machine code that it has tail-called, or an end.
///
/// # Safety
/// As for [`enter_from_host`]; the results belong at `slots`.
#[inline(never)]
unsafe fn not_returned(
    vm: *mut VmStore,
    mut status: Status,
    slots: *mut u64,
    activation: *mut Activation,
) -> Result<(), Stop> {
    // SAFETY: by the contract of this function.
    unsafe {
        if status == Status::TailCall {
            let tail = (*vm).tail;
            status = native::enter(vm, tail.bridge, tail.ctx, slots, activation, false);
        }
        match status {
            Status::Return => Ok(()),
            Status::Trap => Err(Stop::Trap((*vm).trap.take().unwrap_or(Trap::UnreachableCodeReached))),
            Status::Unwind => Err(Stop::Unwind),
            Status::Exception => Err(Stop::Exception),
            Status::TailCall => unreachable!("machine code comes back with results or not at all"),
            #[cfg(brisk_loop_dispatch)]
            Status::Continue => unreachable!("run ends only with an end"),
        }
    }
}

/// Runs register code in an activation that is not yet the store's innermost. Arguments stand at the store's
/// `value_top`, results are left in the same place.
///
/// # Safety
/// As for [`enter_from_host`]; [`ready`] must have given the code.
#[inline(always)]
unsafe fn interpret(
    vm: *mut VmStore,
    code: *const Code,
    ctx: *mut VmContext,
    activation: *mut Activation,
) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        let slots = (*vm).value_top;
        (*vm).activation = activation;
        let mut r = Regs {
            ip: exit_ip(),
            sp: slots,
            mem: std::ptr::null_mut(),
            len: 0,
            ctx,
            acc: 0,
            f32: 0.0,
            f64: 0.0,
        };
        r.reload_memory();
        let link = Link { ip: exit_ip(), sp: std::ptr::null_mut(), ctx };
        let status = begin(code, link, r);
        (*vm).activation = (*activation).previous;
        (*vm).value_top = slots;
        status
    }
}

/// The slow way of an entry: translates the function, serves an interrupt, or traps for lack of stack.
///
/// # Safety
/// As for [`enter_from_host`]; the arguments of the function must stand at `slots`.
#[cold]
#[inline(never)]
unsafe fn make_ready(
    vm: *mut VmStore,
    state: *const FuncState,
    ctx: *mut VmContext,
    slots: *mut u64,
) -> Result<*const Code, Stop> {
    // SAFETY: by the contract of this function.
    unsafe {
        if (*state).code.load(Ordering::Acquire).is_null() {
            crate::interp::translate_function(ctx, state);
        }
        if (*vm).value_limit.load(Ordering::Relaxed) == 0 {
            // The arguments are in use while a callback runs.
            let code: *const Code = (*state).code.load(Ordering::Acquire);
            if !fits(code, slots, vm) {
                return Err(Stop::Trap(Trap::StackOverflow));
            }
            (*vm).value_top = slots.add((*code).param_slots as usize);
            let interrupted = libcalls::interrupted(ctx);
            (*vm).value_top = slots;
            interrupted?;
        }
        let code: *const Code = (*state).code.load(Ordering::Acquire);
        if fits(code, slots, vm) { Ok(code) } else { Err(Stop::Trap(Trap::StackOverflow)) }
    }
}

/// Writes the outermost frame and runs.
#[inline(always)]
unsafe fn begin(code: *const Code, link: Link, mut r: Regs) -> Status {
    // SAFETY: the caller has checked that the frame fits.
    unsafe {
        let locals = r.sp.add((*code).local_slots as usize);
        let zeroed = ((*code).local_slots - (*code).param_slots) as usize;
        // Most functions that the host calls have few locals or none: no call of memset for those.
        if zeroed != 0 {
            r.sp.add((*code).param_slots as usize).write_bytes(0, zeroed);
        }
        locals.cast::<*const u16>().write(link.ip);
        locals.add(1).cast::<*mut u64>().write(link.sp);
        locals.add(2).cast::<*mut VmContext>().write(link.ctx);
        r.ip = (*code).entry;
        run(r)
    }
}

/// The host calls a host function: no code runs in between.
#[cold]
unsafe fn enter_host_func(vm: *mut VmStore, func: *const VmFuncRef, slots: *mut u64) -> Result<(), Stop> {
    // SAFETY: called with a host function of the store.
    unsafe {
        let host: *mut VmHostFunc = (*func).ctx.cast();
        let top = slots.add((*func).arg_slots as usize);
        if top as usize > (*vm).value_end {
            return Err(Stop::Trap(Trap::StackOverflow));
        }
        (*vm).value_top = top;
        let status = ((*host).call)(host, libcalls::host_caller(vm), slots);
        (*vm).value_top = slots;
        match status {
            HostStatus::Return => Ok(()),
            HostStatus::Unwind => Err(Stop::Unwind),
            HostStatus::Exception => Err(Stop::Exception),
        }
    }
}
