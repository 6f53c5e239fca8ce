//! What the trampolines and stubs call, and what calls them.

use super::processor::{Enter, entry_points, resolve_first};
use super::segment::Segment;
use super::trampolines::ShapeAddresses;
use crate::error::Error;
use crate::interp::code::{Bridge, FuncState};
use crate::interp::dispatch::Status;
use crate::interp::exec::call::enter_from_native;
use crate::trap::Trap;
use crate::vm::host::StoreHostFunc;
use crate::vm::store::{NO_EXIT, StoreOpaque, Unwind};
use crate::vm::{
    Activation, HostStatus, NativeActivation, Stop, VmContext, VmHostFunc, VmStore, code_memory::CodeRefused,
    libcalls,
};
use brisk_codegen::boundary::{Shape, status};
use brisk_codegen::ir::{TrapCode, Ty};
use std::sync::atomic::Ordering;

/// Calls machine code in place of a frame of the interpreter, whose first slots hold the arguments and receive the
/// results. `outer` is the activation on whose stack this runs. `replaces` says that the frame still is the innermost of the store's innermost activation.
///
/// # Safety
/// `vm` must be a live store, `ctx` one of its instances, the bridge that of the frame's function, and `frame` a frame
/// within the value stack.
#[inline(never)]
pub(crate) unsafe fn enter(
    vm: *mut VmStore,
    bridge: *const Bridge,
    ctx: *mut VmContext,
    frame: *mut u64,
    outer: *const Activation,
    replaces: bool,
) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        let mut native = NativeActivation {
            activation: Activation {
                previous: (*vm).activation,
                exit: NO_EXIT,
                thread: (*outer).thread,
                native_top: (*outer).native_top,
                entry_sp: std::ptr::null(),
            },
            outer_exit_fp: std::ptr::null(),
            replaces: replaces && !(*bridge).entry.is_null(),
        };
        enter_as(vm, bridge, ctx, frame, &raw mut native)
    }
}

/// The same in an activation that is not yet the store's innermost. A call by the host is one activation this way, and
/// none of this a function of its own.
///
/// # Safety
/// As for [`enter`]; the activation must say what is around it.
#[inline(always)]
pub(crate) unsafe fn enter_as(
    vm: *mut VmStore,
    bridge: *const Bridge,
    ctx: *mut VmContext,
    frame: *mut u64,
    native: *mut NativeActivation,
) -> Status {
    // SAFETY: by the contract of this function; bridges are made of the trampoline of the function's shape.
    unsafe {
        #[cfg(unix)]
        crate::vm::signals::prepare_thread();
        (*native).outer_exit_fp = (*vm).exit_fp;
        // Rounded, so that entries from about the same depth have the same limit.
        let limit = (*native).activation.native_top.saturating_sub((*vm).native_size) | (LIMIT_STEP - 1);
        let outer_limit = (*vm).native_limit;
        if limit != outer_limit {
            set_stack_limit(vm, limit);
        }
        let top = (*vm).value_top;
        (*vm).value_top = frame.add((*bridge).frame_slots as usize);
        (*vm).activation = native.cast();
        let state = (*bridge).state;
        let entry = match (*bridge).entry {
            entry if entry.is_null() => (*state).native.load(Ordering::Acquire).cast_const(),
            entry => entry,
        };
        let trampoline: Enter = std::mem::transmute((*bridge).enter);
        let status = trampoline(frame, ctx, entry, state);
        (*vm).activation = (*native).activation.previous;
        (*vm).exit_fp = (*native).outer_exit_fp;
        (*vm).value_top = top;
        if limit != outer_limit && !(*native).activation.previous.is_null() {
            set_stack_limit(vm, outer_limit);
        }
        as_status(status)
    }
}

/// The functions here that trampolines and stubs call.
pub(super) mod entry {
    use super::*;

    entry_points! {
        fn interpret(state: *const FuncState, ctx: *mut VmContext, slots: *mut u64) -> Interpreted;
        fn call_host(host: *mut VmHostFunc, fp: *const usize, slots: *mut u64) -> u32;
        fn refused(vm: *mut VmStore) -> u32;
        fn unwind(vm: *mut VmStore, status: u32, out: *mut Resume);
        fn trap(vm: *mut VmStore, code: u32, out: *mut Resume);
        fn resolve(state: *const FuncState, ctx: *mut VmContext) -> *const u8;
    }
}

/// What limits of the native stack are rounded to.
const LIMIT_STEP: usize = 4096;

/// Has machine code use the native stack down to an address, if it is not to be interrupted.
///
/// # Safety
/// `vm` must be a live store.
#[cold]
#[inline(never)]
unsafe fn set_stack_limit(vm: *mut VmStore, limit: usize) {
    // SAFETY: by the contract of this function; the words are only accessed as atomics.
    unsafe {
        (*vm).native_limit = limit;
        (*vm).stack_limit.store(limit, Ordering::SeqCst);
        // Whoever interrupts writes this word first: either it is seen here, or the other one is still to come.
        if (*vm).value_limit.load(Ordering::SeqCst) == 0 {
            (*vm).stack_limit.store(usize::MAX, Ordering::SeqCst);
        }
    }
}

/// The status of an activation of machine code.
#[inline(always)]
fn as_status(status: u32) -> Status {
    const TRAP: u32 = Status::Trap as u32;
    const UNWIND: u32 = Status::Unwind as u32;
    const EXCEPTION: u32 = Status::Exception as u32;
    match status {
        status::RETURN => Status::Return,
        TRAP => Status::Trap,
        UNWIND => Status::Unwind,
        EXCEPTION => Status::Exception,
        status => unreachable!("machine code came back with {status}"),
    }
}

const _: () =
    assert!(status::RETURN == Status::Return as u32 && status::TAIL_CALL == Status::TailCall as u32);

/// Notes why code stops that the interpreter has no frame of.
///
/// # Safety
/// `vm` must be a live store.
pub(super) unsafe fn stopped(vm: *mut VmStore, stop: Stop) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        (*vm).exit = NO_EXIT;
        match stop {
            Stop::Trap(trap) => {
                (*vm).trap = Some(trap);
                Status::Trap
            }
            Stop::Unwind => Status::Unwind,
            Stop::Exception => Status::Exception,
        }
    }
}

/// A status, and the code that loads the arguments of a tail call.
#[repr(C)]
pub(super) struct Interpreted {
    status: u64,
    load: usize,
}

/// Machine code calls a function that has none.
///
/// # Safety
/// Called by trampolines only, whose store is running.
unsafe fn interpret(state: *const FuncState, ctx: *mut VmContext, _slots: *mut u64) -> Interpreted {
    // SAFETY: the trampoline gives function and instance that its caller called, with the arguments at `value_top`.
    unsafe {
        let vm = (*ctx).store;
        let status = match enter_from_native(vm, state, ctx) {
            Ok(status) => status,
            Err(stop) => stopped(vm, stop),
        };
        let load = if status == Status::TailCall { (*(*vm).tail.bridge).load } else { 0 };
        Interpreted { status: status as u64, load }
    }
}

/// Machine code calls a host function.
///
/// # Safety
/// Called by trampolines only, whose store is running. `fp` is the frame pointer of the trampoline.
unsafe fn call_host(host: *mut VmHostFunc, fp: *const usize, slots: *mut u64) -> u32 {
    // SAFETY: the trampoline has put the arguments at `value_top`; the caller's frame, or that of the trampoline that
    // entered it if it tail-called, holds its instance.
    unsafe {
        let vm = (*host).store;
        let caller = (fp.read() as *const *mut VmContext).sub(1).read();
        let top = slots.add((*host).arg_slots as usize);
        if top as usize > (*vm).value_end {
            return stopped(vm, Stop::Trap(Trap::StackOverflow)) as u32;
        }
        (*vm).value_top = top;
        let status = ((*host).call)(host, caller, slots);
        (*vm).value_top = slots;
        match status {
            HostStatus::Return => status::RETURN,
            HostStatus::Unwind => stopped(vm, Stop::Unwind) as u32,
            HostStatus::Exception => stopped(vm, Stop::Exception) as u32,
        }
    }
}

/// Machine code calls a function that there is no trampoline for.
///
/// # Safety
/// Called by a stub only, whose store is running.
unsafe fn refused(vm: *mut VmStore) -> u32 {
    // SAFETY: nothing else refers to the store.
    unsafe {
        let error = Error::msg("no executable memory is left for the call of a function");
        (*(*vm).store).set_pending_unwind(Unwind::Error(error));
        stopped(vm, Stop::Unwind) as u32
    }
}

/// Where to go on, as the stub expects it.
#[repr(C)]
pub(super) struct Resume {
    /// A status, or a reference to the exception caught.
    value: u64,
    pc: usize,
    fp: *const usize,
    sp: *const usize,
}

const _: () = assert!(size_of::<Resume>() == size_of::<usize>() * brisk_codegen::boundary::RESUME_WORDS);

/// Finds out where to go on after something came back without results.
///
/// # Safety
/// Called by stubs only, whose store is running and whose innermost activation is of the machine code that was left.
unsafe fn unwind(vm: *mut VmStore, status: u32, out: *mut Resume) {
    // SAFETY: by the contract of this function.
    unsafe { out.write(find_way(vm, as_status(status), false)) }
}

/// Finds out where to go on after a trap.
///
/// # Safety
/// As for [`unwind`].
unsafe fn trap(vm: *mut VmStore, code: u32, out: *mut Resume) {
    let faulted = code & status::FAULT != 0;
    let code = TrapCode::ALL[(code & !status::FAULT) as usize];
    // SAFETY: by the contract of this function.
    unsafe {
        let status = stopped(vm, Stop::Trap(trap_of(code)));
        out.write(find_way(vm, status, faulted));
    }
}

/// The trap that code means.
pub(super) fn trap_of(code: TrapCode) -> Trap {
    match code {
        TrapCode::Unreachable => Trap::UnreachableCodeReached,
        TrapCode::MemoryOutOfBounds => Trap::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => Trap::TableOutOfBounds,
        TrapCode::IndirectCallToNull => Trap::IndirectCallToNull,
        TrapCode::BadSignature => Trap::BadSignature,
        TrapCode::IntegerOverflow => Trap::IntegerOverflow,
        TrapCode::DivisionByZero => Trap::IntegerDivisionByZero,
        TrapCode::BadConversion => Trap::BadConversionToInteger,
        TrapCode::NullReference => Trap::NullReference,
    }
}

/// The handler of the pending exception in the segment that was left, or else the segment's entry.
///
/// # Safety
/// As for [`unwind`].
unsafe fn find_way(vm: *mut VmStore, status: Status, faulted: bool) -> Resume {
    // SAFETY: the frames of the segment are as machine code and stubs made them; nothing else refers to the store.
    unsafe {
        let activation = (*vm).activation;
        let store: *mut StoreOpaque = (*vm).store;
        let mut exn = 0;
        if status == Status::Exception {
            exn = (*store).pending_exception();
            let tag = libcalls::exn_tag(exn);
            let mut segment = Segment::new(activation, (*vm).exit_fp);
            while let Some((function, offset, fp, ctx)) = segment.current() {
                let is_thrown = |index: u32| std::ptr::eq(*(*ctx).tags.add(index as usize), tag);
                if let Some(landing) = function.handler(offset, is_thrown) {
                    (*store).take_pending_exception();
                    (*store).forget_captured();
                    let sp = fp.byte_sub(function.frame_size as usize);
                    return Resume { value: exn, pc: function.start + landing as usize, fp, sp };
                }
                segment.advance();
            }
        }
        // The frames are about to go.
        (*store).capture(exn, (*vm).exit, faulted);
        let sp = (*activation).entry_sp;
        Resume { value: status as u64, pc: sp.read(), fp: std::ptr::null(), sp }
    }
}

/// What the machine code of all functions is at first: finds the trampoline that calls it, and goes on there.
pub(crate) fn unresolved() -> *mut u8 {
    resolve_first as *const () as *mut u8
}

/// The code of a function that is called for the first time by machine code.
///
/// # Safety
/// `ctx` must be what the function is called with.
unsafe fn resolve(state: *const FuncState, ctx: *mut VmContext) -> *const u8 {
    // SAFETY: by the contract of this function. Nothing else refers to the store's engine exclusively.
    unsafe {
        let engine = (*(*(*ctx).store).store).engine();
        let Ok(trampolines) = engine.trampolines().get() else {
            unreachable!("machine code runs, so there is executable memory");
        };
        let made = |made: Result<ShapeAddresses, CodeRefused>, which: fn(ShapeAddresses) -> usize| {
            made.map_or(trampolines.refused(), which)
        };
        let code = if (*state).is_host() {
            let ty = (*ctx.cast::<StoreHostFunc>()).func().ty();
            let params = ty.canonical_params().map(Ty::from_wasm).collect();
            let results = ty.canonical_results().map(Ty::from_wasm).collect();
            made(trampolines.shape(&Shape { params, results }), |shape| shape.host)
        } else {
            let ty = (*(*ctx).instance).info().func_type((*state).index);
            made(trampolines.shape(&shape_of(ty)), |shape| shape.cold)
        };
        let code = code as *mut u8;
        match (*state).native.compare_exchange(unresolved(), code, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => code,
            // Machine code was published, or another thread was faster.
            Err(current) => current,
        }
    }
}

/// The shape of a function type.
pub(crate) fn shape_of(ty: &brisk_module::FuncType) -> Shape {
    let types = |types: &[brisk_module::ValType]| types.iter().map(|&ty| Ty::from_wasm(ty)).collect();
    Shape { params: types(&ty.params), results: types(&ty.results) }
}
