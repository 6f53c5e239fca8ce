//! Libcalls as machine code calls them.
//!
//! # Safety
//! The functions here are called by stubs only, with the running VmContext and arguments that validation and
//! the compiler have seen to.

use super::boundary::stopped;
use super::processor::CONVENTION;
use super::processor::entry_points;
use super::segment::Segment;
use crate::trap::Trap;
use crate::vm::{Stop, VmContext, VmStore, libcalls};
use brisk_codegen::ir::{Libcall, Ty};
use std::sync::atomic::Ordering;

/// A result, and a status that is 0 if it is one.
#[repr(C)]
struct Outcome {
    value: u64,
    status: u64,
}

/// What came back, for the stub.
///
/// # Safety
/// `ctx` must be the running VmContext.
unsafe fn outcome(ctx: *mut VmContext, result: Result<u64, Stop>) -> Outcome {
    match result {
        Ok(value) => Outcome { value, status: 0 },
        // SAFETY: by the contract of this function.
        Err(stop) => Outcome { value: 0, status: unsafe { stopped((*ctx).store, stop) } as u64 },
    }
}

/// Defines libcalls that do nothing but call one of the same name, and the entries of these and the others.
macro_rules! libcalls {
    (
        fallible { $($name:ident($($arg:ident: $ty:ty),*);)* }
        plain { $($plain:ident($($parg:ident: $pty:ty),*);)* }
        below { $($below:ident($($barg:ident: $bty:ty),*) -> $result:ty;)* }
    ) => {
        $(unsafe fn $name(ctx: *mut VmContext $(, $arg: $ty)*) -> Outcome {
            // SAFETY: see the module.
            unsafe { outcome(ctx, libcalls::$name(ctx $(, $arg)*).map(IntoValue::into_value)) }
        })*
        $(unsafe fn $plain(ctx: *mut VmContext $(, $parg: $pty)*) -> u64 {
            // SAFETY: see the module.
            unsafe { libcalls::$plain(ctx $(, $parg)*) }.into_value()
        })*

        /// The functions as stubs call them.
        mod entry {
            use super::*;

            entry_points! {
                $(fn $name(ctx: *mut VmContext $(, $arg: $ty)*) -> Outcome;)*
                $(fn $plain(ctx: *mut VmContext $(, $parg: $pty)*) -> u64;)*
                $(fn $below(ctx: *mut VmContext $(, $barg: $bty)*) -> $result;)*
            }
        }
    };
}

/// What libcalls return.
trait IntoValue {
    fn into_value(self) -> u64;
}

impl IntoValue for u64 {
    fn into_value(self) -> u64 {
        self
    }
}

impl IntoValue for () {
    fn into_value(self) -> u64 {
        0
    }
}

libcalls! {
    fallible {
        memory_grow(memory: u32, pages: u64);
        memory_copy(to_memory: u32, from_memory: u32, to: u64, from: u64, len: u64);
        memory_init(segment: u32, memory: u32, to: u64, from: u32, len: u32);
        table_get(table: u32, element: u64);
        table_set(table: u32, element: u64, value: u64);
        table_grow(table: u32, value: u64, elements: u64);
        table_fill(table: u32, to: u64, value: u64, len: u64);
        table_copy(to_table: u32, from_table: u32, to: u64, from: u64, len: u64);
        table_init(segment: u32, table: u32, to: u64, from: u32, len: u32);
        interrupted();
        out_of_fuel();
    }
    plain {
        data_drop(segment: u32);
        elem_drop(segment: u32);
        ref_func(func: u32);
    }
    below {
        memory_fill(memory: u32, to: u64, byte: u32, len: u64) -> Outcome;
        check_subtype(actual: u32, expected: u32) -> Outcome;
        throw(tag: u32) -> Outcome;
        throw_ref(exn: u64) -> Outcome;
        exception_payload(exn: u64) -> u64;
        stack_limit() -> Outcome;
    }
}

unsafe fn memory_fill(ctx: *mut VmContext, memory: u32, to: u64, byte: u32, len: u64) -> Outcome {
    // SAFETY: see the module.
    unsafe {
        outcome(ctx, libcalls::memory_fill(ctx, memory, to, byte as u8, len).map(IntoValue::into_value))
    }
}

unsafe fn check_subtype(ctx: *mut VmContext, actual: u32, expected: u32) -> Outcome {
    // SAFETY: see the module.
    unsafe {
        let result = if actual == 0 {
            Err(Trap::IndirectCallToNull.into())
        } else if libcalls::is_subtype(ctx, actual, expected) {
            Ok(0)
        } else {
            Err(Trap::BadSignature.into())
        };
        outcome(ctx, result)
    }
}

/// The values of the payload stand in the overflow area.
unsafe fn throw(ctx: *mut VmContext, tag: u32) -> Outcome {
    // SAFETY: see the module. The payload is copied to free slots of the value stack, where it is found by a
    // collection; there are no more than a thousand values, and so many slots beyond the end.
    unsafe {
        let vm = (*ctx).store;
        let payload = (*vm).value_top;
        let types = &(*(*ctx).instance).info().tag_type(tag).params;
        let types: Vec<Ty> = types.iter().map(|&ty| Ty::from_wasm(ty)).collect();
        let all = (0..types.len()).map(Some);
        (*vm).value_top = copy_cells(vm, payload, types.iter().copied().zip(all));
        let exn = libcalls::exn_new(ctx, tag, payload);
        (*vm).value_top = payload;
        let thrown = exn.map(|exn| libcalls::set_pending_exception(ctx, exn));
        outcome(ctx, thrown.and(Err(Stop::Exception)))
    }
}

/// Copies values from cells of the overflow area to slots: the end of those. A value without a cell is left out.
///
/// # Safety
/// `vm` must be a live store, and there must be room for the slots.
unsafe fn copy_cells(
    vm: *mut VmStore,
    mut to: *mut u64,
    values: impl Iterator<Item = (Ty, Option<usize>)>,
) -> *mut u64 {
    // SAFETY: by the contract of this function.
    unsafe {
        for (ty, cell) in values {
            let Some(cell) = cell else { continue };
            let [low, high] = (*vm).overflow.add(cell).read();
            let narrow = matches!(ty, Ty::I32 | Ty::F32);
            to.write(if narrow { u64::from(low as u32) } else { low });
            to = to.add(1);
            if ty == Ty::V128 {
                to.write(high);
                to = to.add(1);
            }
        }
        to
    }
}

unsafe fn throw_ref(ctx: *mut VmContext, exn: u64) -> Outcome {
    // SAFETY: see the module.
    unsafe {
        libcalls::set_pending_exception(ctx, exn);
        outcome(ctx, Err(Stop::Exception))
    }
}

unsafe fn exception_payload(_: *mut VmContext, exn: u64) -> u64 {
    // SAFETY: see the module.
    unsafe { libcalls::exn_payload(exn).0 as u64 }
}

/// A function's entry found less stack than it needs, or an interrupt.
unsafe fn stack_limit(ctx: *mut VmContext) -> Outcome {
    // SAFETY: see the module. The prologue has set up its frame pointer, so that the segment can be walked.
    unsafe {
        let vm = (*ctx).store;
        let interrupted = (*vm).value_limit.load(Ordering::Relaxed) == 0
            || (*vm).stack_limit.load(Ordering::Relaxed) == usize::MAX;
        let segment = Segment::new((*vm).activation, (*vm).exit_fp);
        let Some((function, _, fp, _)) = segment.current() else {
            unreachable!("the function whose entry this is has a frame");
        };
        if interrupted {
            let served = match function.osr_slots {
                None => interrupted_at_entry(ctx, function.func),
                Some(slots) => interrupted_before_osr(ctx, slots),
            };
            if let Err(stop) = served {
                return outcome(ctx, Err(stop));
            }
        }
        // Not the word, which may say once more that there is an interrupt: this call is made.
        if (fp as usize).saturating_sub(function.frame_size as usize) < (*vm).native_limit {
            return outcome(ctx, Err(Trap::StackOverflow.into()));
        }
        outcome(ctx, Ok(0))
    }
}

/// Serves an interrupt before a function has taken its arguments out of the overflow area, to which others may write
/// meanwhile.
///
/// # Safety
/// As for the module; `func` must be the function.
unsafe fn interrupted_at_entry(ctx: *mut VmContext, func: u32) -> Result<(), Stop> {
    // SAFETY: as for [`throw`]: so many slots are free.
    unsafe {
        let vm = (*ctx).store;
        let ty = (*(*ctx).instance).info().func_type(func);
        let types: Vec<Ty> = ty.params.iter().map(|&ty| Ty::from_wasm(ty)).collect();
        let count = 2 * CONVENTION.args().cells(&types);
        let (top, area) = ((*vm).value_top, (*vm).overflow.cast::<u64>());
        top.copy_from_nonoverlapping(area, count);
        (*vm).value_top = top.add(count);
        let served = libcalls::interrupted(ctx);
        (*vm).value_top = top;
        area.copy_from_nonoverlapping(top, count);
        served
    }
}

/// Serves an interrupt before code has loaded what it needs from the interpreter's frame that it takes over. That frame
/// begins where the value stack is free if the interpreter was called by machine code, which is to come back here.
///
/// # Safety
/// As for the module; the frame, whose address is the code's argument, must have so many slots.
unsafe fn interrupted_before_osr(ctx: *mut VmContext, slots: u32) -> Result<(), Stop> {
    // SAFETY: the stub has kept the argument, and the frame lies within the value stack.
    unsafe {
        let vm = (*ctx).store;
        let frame = (*vm).exit_fp.byte_sub(CONVENTION.exit_frame).read() as *mut u64;
        let top = (*vm).value_top;
        (*vm).value_top = top.max(frame.add(slots as usize));
        let served = libcalls::interrupted(ctx);
        (*vm).value_top = top;
        served
    }
}

/// Addresses of all libcalls, by number.
pub(super) fn addresses() -> Vec<u64> {
    let address = |libcall: &Libcall| match libcall {
        Libcall::MemoryGrow => entry::memory_grow as *const (),
        Libcall::MemoryCopy => entry::memory_copy as *const (),
        Libcall::MemoryFill => entry::memory_fill as *const (),
        Libcall::MemoryInit => entry::memory_init as *const (),
        Libcall::DataDrop => entry::data_drop as *const (),
        Libcall::TableGet => entry::table_get as *const (),
        Libcall::TableSet => entry::table_set as *const (),
        Libcall::TableGrow => entry::table_grow as *const (),
        Libcall::TableFill => entry::table_fill as *const (),
        Libcall::TableCopy => entry::table_copy as *const (),
        Libcall::TableInit => entry::table_init as *const (),
        Libcall::ElemDrop => entry::elem_drop as *const (),
        Libcall::RefFunc => entry::ref_func as *const (),
        Libcall::CheckSubtype => entry::check_subtype as *const (),
        Libcall::Throw => entry::throw as *const (),
        Libcall::ThrowRef => entry::throw_ref as *const (),
        Libcall::ExceptionPayload => entry::exception_payload as *const (),
        Libcall::Interrupted => entry::interrupted as *const (),
        Libcall::OutOfFuel => entry::out_of_fuel as *const (),
        Libcall::StackLimit => entry::stack_limit as *const (),
    };
    Libcall::ALL.iter().map(|libcall| address(libcall) as u64).collect()
}
