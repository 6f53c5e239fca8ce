//! Tables.
//!
//! A table of functions holds a [`VmFuncRef`] per element, so that an indirect call finds code, instance
//! and type in one place; any other table holds a 64-bit reference each. Null is all zeros in both.

use super::mapping::Mapping;
use super::store::StoreOpaque;
use super::{Stop, VmFuncRef, VmTable};
use crate::bail;
use crate::error::{Context, Error, Result};
use crate::trap::Trap;
use crate::types::canonical::is_func;
use brisk_module::TableType;
use std::mem::size_of;
use std::ptr::NonNull;

/// A table. Begins with the words that running code sees.
#[repr(C)]
pub(crate) struct TableData {
    vm: VmTable,
    mapping: Mapping,
    /// Concrete heap types hold canonical ids.
    ty: TableType,
    funcs: bool,
    /// All elements from here on are null: a collection need not look at them, nor make them take memory.
    used: usize,
}

impl TableData {
    /// Its type as declared, with canonical ids.
    pub fn ty(&self) -> &TableType {
        &self.ty
    }

    /// Number of elements.
    pub fn len(&self) -> u64 {
        self.vm.len as u64
    }

    /// References of a table whose elements are not functions, up to the last that is not null at most;
    /// empty otherwise.
    pub fn references(&self) -> &[u64] {
        let len = if self.funcs { 0 } else { self.used };
        // SAFETY: the record owns so many references from `base` on.
        unsafe { std::slice::from_raw_parts(self.vm.base.cast(), len) }
    }

    /// An element; `None` out of bounds.
    pub fn get(&self, index: u64) -> Option<u64> {
        if index >= self.vm.len as u64 {
            return None;
        }
        // SAFETY: the index is in bounds.
        Some(unsafe {
            match self.funcs {
                true => (*self.func(index as usize)).func_ref as u64,
                false => *self.vm.base.cast::<u64>().add(index as usize),
            }
        })
    }

    /// Address of a function entry.
    fn func(&self, index: usize) -> *mut VmFuncRef {
        self.vm.base.cast::<VmFuncRef>().wrapping_add(index)
    }

    /// Checks a range of elements.
    pub fn check(&self, start: u64, len: u64) -> Result<(), Stop> {
        match start.checked_add(len) {
            Some(end) if end <= self.vm.len as u64 => Ok(()),
            _ => Err(Trap::TableOutOfBounds.into()),
        }
    }

    /// Sets a range of elements.
    ///
    /// # Safety
    /// The value must be of the element type.
    pub unsafe fn fill(&mut self, start: u64, value: u64, len: u64) -> Result<(), Stop> {
        self.check(start, len)?;
        // SAFETY: the range is in bounds.
        unsafe { self.write(start as usize, value, len as usize) };
        Ok(())
    }

    /// # Safety
    /// The value must be of the element type and the range in bounds.
    unsafe fn write(&mut self, start: usize, value: u64, mut len: usize) {
        if value != 0 {
            self.used = self.used.max(start + len);
        } else {
            // What is null already need not take memory for that.
            len = len.min(self.used.saturating_sub(start));
        }
        // SAFETY: the record owns the range; a function reference that is not null leads to a live record.
        unsafe {
            if self.funcs {
                let func = value as *const VmFuncRef;
                let entry = if func.is_null() { VmFuncRef::NULL } else { *func };
                std::slice::from_raw_parts_mut(self.func(start), len).fill(entry);
            } else {
                std::slice::from_raw_parts_mut(self.vm.base.cast::<u64>().add(start), len).fill(value);
            }
        }
    }

    fn entry_size(&self) -> usize {
        entry_size(self.funcs)
    }
}

const fn entry_size(funcs: bool) -> usize {
    if funcs { size_of::<VmFuncRef>() } else { size_of::<u64>() }
}

/// How many elements a table may have at most by its type.
fn max_elements(ty: &TableType) -> u64 {
    let addressable = if ty.table64 { isize::MAX as u64 } else { u32::MAX as u64 };
    ty.limits.max.unwrap_or(u64::MAX).min(addressable)
}

/// The maximum as a limiter is told: `None` without one.
fn declared_max(ty: &TableType) -> Option<usize> {
    ty.limits.max.map(|max| usize::try_from(max).unwrap_or(usize::MAX))
}

/// Bytes of so many elements, if they can be counted.
fn bytes(elements: u64, funcs: bool) -> Option<usize> {
    let bytes = elements.checked_mul(entry_size(funcs) as u64)?;
    usize::try_from(bytes).ok().filter(|&len| len <= isize::MAX as usize)
}

/// Makes a table in a store, all elements null; its record at a place, if one is given. Concrete heap types of `ty` hold
/// canonical ids.
///
/// # Safety
/// As for [`Arena::push_at`](super::arena::Arena::push_at).
pub(crate) unsafe fn create(
    store: &mut StoreOpaque,
    ty: TableType,
    place: Option<NonNull<TableData>>,
) -> Result<NonNull<TableData>> {
    let funcs = is_func(ty.element);
    let min = ty.limits.min;
    let allowed = store.limiter(|limiter| {
        limiter.table_growing(0, usize::try_from(min).unwrap_or(usize::MAX), declared_max(&ty))
    });
    if !allowed.unwrap_or(Ok(true))? {
        bail!("table minimum size of {min} elements exceeds table limits");
    }
    let Some(len) = bytes(min, funcs).filter(|_| min <= max_elements(&ty)) else {
        bail!("table minimum size of {min} elements exceeds what can be addressed");
    };
    let mapping = Mapping::new(len).context("failed to allocate a table")?;
    let vm = VmTable { base: mapping.base(), len: min as usize };
    // SAFETY: passed on.
    Ok(unsafe { store.tables.push_at(place, TableData { vm, mapping, ty, funcs, used: 0 }) })
}

/// Makes a table larger by `delta` elements: the old size, or `None` if that is refused.
///
/// # Safety
/// `init` must be of the element type.
pub(crate) unsafe fn grow(
    store: &mut StoreOpaque,
    table: NonNull<TableData>,
    delta: u64,
    init: u64,
) -> Result<Option<u64>> {
    // The limiter is the embedder's code: nothing of the table is borrowed while it runs.
    // SAFETY: the table is a record of the store, which is held exclusively; so for the block below.
    let (ty, funcs, old) = unsafe {
        let table = table.as_ref();
        (table.ty, table.funcs, table.vm.len)
    };
    if delta == 0 {
        return Ok(Some(old as u64));
    }
    let desired = (old as u64).checked_add(delta);
    let allowed = store.limiter(|limiter| {
        let desired = desired.and_then(|desired| usize::try_from(desired).ok()).unwrap_or(usize::MAX);
        limiter.table_growing(old, desired, declared_max(&ty))
    });
    if !allowed.unwrap_or(Ok(true))? {
        return Ok(None);
    }
    let max = max_elements(&ty);
    let desired = desired.filter(|&desired| desired <= max);
    let grown: Result<(), Error> = match desired.and_then(|desired| bytes(desired, funcs)) {
        None => Err(Error::msg("table maximum size exceeded")),
        // SAFETY: as above; the new elements are in bounds.
        Some(len) => unsafe {
            let table = &mut *table.as_ptr();
            let grown = table.mapping.grow_amortized(len, bytes(max, funcs).unwrap_or(isize::MAX as usize));
            if grown.is_ok() {
                table.vm = VmTable { base: table.mapping.base(), len: len / table.entry_size() };
                if init != 0 {
                    table.write(old, init, delta as usize);
                }
            }
            grown.map_err(Error::from)
        },
    };
    match grown {
        Ok(()) => Ok(Some(old as u64)),
        Err(error) => {
            let mut error = Some(error);
            let failed = |error: &mut Option<Error>| error.take().unwrap_or_else(super::memory::unreported);
            if let Some(result) = store.limiter(|limiter| limiter.table_grow_failed(failed(&mut error))) {
                result?;
            }
            Ok(None)
        }
    }
}

/// Copies elements between tables, which may be the same.
///
/// # Safety
/// Both must be live tables of one store that is held exclusively, and the elements of `src` must be of
/// the element type of `dst`.
pub(crate) unsafe fn copy(
    dst_table: NonNull<TableData>,
    dst: u64,
    src_table: NonNull<TableData>,
    src: u64,
    len: u64,
) -> Result<(), Stop> {
    // SAFETY: both are live; the ranges are checked and may overlap; both hold the same kind of entry.
    unsafe {
        src_table.as_ref().check(src, len)?;
        dst_table.as_ref().check(dst, len)?;
        debug_assert_eq!(dst_table.as_ref().funcs, src_table.as_ref().funcs);
        let (from, used) = (src_table.as_ref().vm.base, src_table.as_ref().used);
        // The tables may be the same, so there is one reference at a time.
        let to = &mut *dst_table.as_ptr();
        let copied = used.saturating_sub(src as usize).min(len as usize);
        if copied > 0 {
            to.used = to.used.max(dst as usize + copied);
        }
        let size = to.entry_size();
        let from = from.add(src as usize * size);
        std::ptr::copy(from, to.vm.base.add(dst as usize * size), len as usize * size);
    }
    Ok(())
}
