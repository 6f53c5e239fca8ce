//! Routines that running code calls: what an instruction needs of the runtime.
//!
//! Addresses, lengths and references are 64 bits wide here, zero-extended where the module's are not.
//! Bulk operations check both ranges before they write anything.
//!
//! # Safety
//! `ctx` must be the context of a live instance, no reference into its store may be in use, and
//! indices must be valid for its module.

use super::heap;
use super::instance::InstanceData;
use super::memory::MemoryData;
use super::store::StoreOpaque;
use super::table::TableData;
use super::{Stop, VmContext, VmTag};
use crate::trap::Trap;
use std::ptr::NonNull;

/// The instance of a context.
///
/// # Safety
/// As for the module; the reference must not outlive the call.
unsafe fn instance<'a>(ctx: *mut VmContext) -> &'a mut InstanceData {
    // SAFETY: the caller vouches for the context, which is part of its instance.
    unsafe { &mut *(*ctx).instance }
}

/// The store of a context.
///
/// # Safety
/// As for the module; the reference must not outlive the call.
unsafe fn store<'a>(ctx: *mut VmContext) -> &'a mut StoreOpaque {
    // SAFETY: the caller vouches for the context, whose store outlives it.
    unsafe { &mut *(*(*ctx).store).store }
}

/// # Safety
/// As for the module.
unsafe fn memory(ctx: *mut VmContext, index: u32) -> NonNull<MemoryData> {
    // SAFETY: the index is valid, and a memory's record begins with the words seen by running code.
    unsafe { NonNull::new_unchecked((*(*ctx).memories.add(index as usize)).cast()) }
}

/// # Safety
/// As for the module.
unsafe fn table(ctx: *mut VmContext, index: u32) -> NonNull<TableData> {
    // SAFETY: the index is valid, and a table's record begins with the words seen by running code.
    unsafe { NonNull::new_unchecked((*(*ctx).tables.add(index as usize)).cast()) }
}

/// `memory.grow`: the old size in pages, `u64::MAX` when refused.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn memory_grow(ctx: *mut VmContext, index: u32, delta: u64) -> Result<u64, Stop> {
    // SAFETY: passed on.
    let (store, memory) = unsafe { (store(ctx), memory(ctx, index)) };
    store.guard(|store| super::memory::grow(store, memory, delta)).map(|old| old.unwrap_or(u64::MAX))
}

/// `memory.copy`.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn memory_copy(
    ctx: *mut VmContext,
    dst_memory: u32,
    src_memory: u32,
    dst: u64,
    src: u64,
    len: u64,
) -> Result<(), Stop> {
    // SAFETY: both memories are valid and nothing else refers to them; the ranges are checked and may overlap.
    unsafe {
        let dst = memory(ctx, dst_memory).as_ref().range(dst, len)?;
        let src = memory(ctx, src_memory).as_ref().range(src, len)?;
        std::ptr::copy(src, dst, len as usize);
    }
    Ok(())
}

/// `memory.fill`.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn memory_fill(
    ctx: *mut VmContext,
    index: u32,
    dst: u64,
    byte: u8,
    len: u64,
) -> Result<(), Stop> {
    // SAFETY: the memory is valid and the range is checked.
    unsafe {
        let dst = memory(ctx, index).as_ref().range(dst, len)?;
        std::ptr::write_bytes(dst, byte, len as usize);
    }
    Ok(())
}

/// `memory.init`.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn memory_init(
    ctx: *mut VmContext,
    segment: u32,
    index: u32,
    dst: u64,
    src: u32,
    len: u32,
) -> Result<(), Stop> {
    // SAFETY: instance and memory are valid; the ranges are checked, and a module's bytes are never part of a memory.
    unsafe {
        let bytes = instance(ctx).data_segment(segment);
        let end = src as u64 + len as u64;
        let Some(bytes) = bytes.get(src as usize..end as usize) else {
            return Err(Trap::MemoryOutOfBounds.into());
        };
        let dst = memory(ctx, index).as_ref().range(dst, len as u64)?;
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), dst, bytes.len());
    }
    Ok(())
}

/// `data.drop`.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn data_drop(ctx: *mut VmContext, segment: u32) {
    // SAFETY: passed on.
    unsafe { instance(ctx).drop_data(segment) }
}

/// `table.get`.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn table_get(ctx: *mut VmContext, index: u32, element: u64) -> Result<u64, Stop> {
    // SAFETY: the table is valid.
    unsafe { table(ctx, index).as_ref().get(element) }.ok_or(Stop::Trap(Trap::TableOutOfBounds))
}

/// `table.set`.
///
/// # Safety
/// As for the module; the value must be of the table's element type.
pub(crate) unsafe fn table_set(
    ctx: *mut VmContext,
    index: u32,
    element: u64,
    value: u64,
) -> Result<(), Stop> {
    // SAFETY: the table is valid, and so is the value.
    unsafe { table(ctx, index).as_mut().fill(element, value, 1) }
}

/// `table.grow`: the old size, `u64::MAX` when refused.
///
/// # Safety
/// As for the module; the value must be of the table's element type.
pub(crate) unsafe fn table_grow(ctx: *mut VmContext, index: u32, init: u64, delta: u64) -> Result<u64, Stop> {
    // SAFETY: passed on.
    let (store, table) = unsafe { (store(ctx), table(ctx, index)) };
    store
        // SAFETY: the value is of the element type.
        .guard(|store| unsafe { super::table::grow(store, table, delta, init) })
        .map(|old| old.unwrap_or(u64::MAX))
}

/// `table.fill`.
///
/// # Safety
/// As for the module; the value must be of the table's element type.
pub(crate) unsafe fn table_fill(
    ctx: *mut VmContext,
    index: u32,
    dst: u64,
    value: u64,
    len: u64,
) -> Result<(), Stop> {
    // SAFETY: the table is valid, and so is the value.
    unsafe { table(ctx, index).as_mut().fill(dst, value, len) }
}

/// `table.copy`.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn table_copy(
    ctx: *mut VmContext,
    dst_table: u32,
    src_table: u32,
    dst: u64,
    src: u64,
    len: u64,
) -> Result<(), Stop> {
    // SAFETY: both tables are valid and of the same kind of entry, as validation saw to.
    unsafe { super::table::copy(table(ctx, dst_table), dst, table(ctx, src_table), src, len) }
}

/// `table.init`.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn table_init(
    ctx: *mut VmContext,
    segment: u32,
    index: u32,
    dst: u64,
    src: u32,
    len: u32,
) -> Result<(), Stop> {
    // SAFETY: passed on.
    unsafe { instance(ctx).table_init(segment, table(ctx, index), dst, src, len) }
}

/// `elem.drop`.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn elem_drop(ctx: *mut VmContext, segment: u32) {
    // SAFETY: passed on.
    unsafe { instance(ctx).drop_element(segment) }
}

/// `ref.func`.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn ref_func(ctx: *mut VmContext, func: u32) -> u64 {
    // SAFETY: passed on.
    unsafe { instance(ctx).func_ref(func) as u64 }
}

/// A new exception with the tag of the given index. May collect: `value_top` must be up to date, so
/// that all references in use are below it.
///
/// # Safety
/// As for the module; `payload` must lead to the values that the tag carries, two slots for a vector.
pub(crate) unsafe fn exn_new(ctx: *mut VmContext, tag: u32, payload: *const u64) -> Result<u64, Stop> {
    // SAFETY: passed on; the tag index is valid.
    unsafe {
        let tag: *mut VmTag = *(*ctx).tags.add(tag as usize);
        store(ctx).guard(|store| store.new_exception(NonNull::new_unchecked(tag.cast()), payload))
    }
}

/// The tag of an exception.
///
/// # Safety
/// `exn` must be a reference to a live exception, not null.
#[inline]
pub(crate) unsafe fn exn_tag(exn: u64) -> *const VmTag {
    // SAFETY: passed on.
    unsafe { heap::exn_tag(exn) }
}

/// The payload of an exception and its number of slots.
///
/// # Safety
/// `exn` must be a reference to a live exception, not null.
#[inline]
pub(crate) unsafe fn exn_payload(exn: u64) -> (*const u64, usize) {
    // SAFETY: passed on.
    unsafe { heap::exn_payload(exn) }
}

/// Makes an exception the pending one, for [`Stop::Exception`].
///
/// # Safety
/// As for the module; `exn` must be a reference to a live exception, not null.
pub(crate) unsafe fn set_pending_exception(ctx: *mut VmContext, exn: u64) {
    // SAFETY: passed on.
    unsafe { store(ctx).set_pending_exception(exn) }
}

/// Takes the pending exception; 0 if there is none.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn take_pending_exception(ctx: *mut VmContext) -> u64 {
    // SAFETY: passed on.
    unsafe { store(ctx).take_pending_exception() }
}

/// What follows when the interpreter has caught an exception.
///
/// # Safety
/// As for the module.
pub(crate) unsafe fn exception_caught(ctx: *mut VmContext) {
    // SAFETY: passed on.
    unsafe { store(ctx).forget_captured() }
}

/// Whether values of canonical type `actual` may be used as `expected`; the slow side of `call_indirect`.
///
/// # Safety
/// As for the module.
#[cold]
pub(crate) unsafe fn is_subtype(ctx: *mut VmContext, actual: u32, expected: u32) -> bool {
    // SAFETY: passed on.
    unsafe { store(ctx).engine().is_subtype(actual, expected) }
}

/// What an interrupt asks for. The word is whole again afterwards.
///
/// # Safety
/// As for the module.
#[cold]
pub(crate) unsafe fn interrupted(ctx: *mut VmContext) -> Result<(), Stop> {
    // SAFETY: passed on.
    unsafe { store(ctx).guard(|store| store.interrupted()) }
}

/// Fuel ran out: refills it from the reserve, or traps.
///
/// # Safety
/// As for the module.
#[cold]
pub(crate) unsafe fn out_of_fuel(ctx: *mut VmContext) -> Result<(), Stop> {
    // SAFETY: passed on.
    if unsafe { store(ctx).refuel() } { Ok(()) } else { Err(Trap::OutOfFuel.into()) }
}

/// The context that stands for the caller where the host calls a host function directly.
///
/// # Safety
/// `vm` must be the words of a live store.
#[inline]
pub(crate) unsafe fn host_caller(vm: *const super::VmStore) -> *mut VmContext {
    // SAFETY: passed on.
    unsafe { (*(*vm).store).host_caller() }
}
