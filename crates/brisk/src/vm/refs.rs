//! What the safe part of the crate asks of a store: the host's references to collected objects, and the
//! records that handles lead to.

use super::handle::{Handle, StoreId, WrongStore};
use super::heap;
use super::host::HostFunc;
use super::instance::InstanceData;
use super::instantiate::{self, ImportValue};
use super::memory::{self, MemoryData};
use super::roots::{OwnedRoot, Root};
use super::store::{Counts, GlobalData, NoRoom, StoreOpaque, TagData};
use super::table::{self, TableData};
use super::{Stop, VmFuncRef, VmGlobal};
use crate::error::{Error, Result};
use crate::types::canonical::Definition;
use crate::{Extern, Func, Global, Memory, Module, Table, Tag, bail};
use brisk_module::module::ExternKind;
use brisk_module::{GlobalType, MemoryType, TableType, ValType};
use std::any::Any;
use std::ptr::NonNull;

/// Where a store keeps a reference of the host's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RefHandle {
    store: StoreId,
    root: Root,
}

impl RefHandle {
    /// Whether this is a reference of the given store.
    #[inline]
    pub(crate) fn belongs_to(self, store: &StoreOpaque) -> bool {
        self.store == store.id()
    }
}

/// References found in slots, cells and tables are those of live objects; a reference that the host holds
/// leads to one as long as it is rooted. What is asked of an object is checked against its kind.
impl StoreOpaque {
    /// Roots a reference in the current scope; `None` for null.
    pub(crate) fn root(&mut self, reference: u64) -> Option<RefHandle> {
        (reference != 0).then(|| RefHandle { store: self.id(), root: self.roots.push(reference) })
    }

    /// The reference that the host holds.
    pub(crate) fn reference(&self, handle: RefHandle) -> Result<u64> {
        if !handle.belongs_to(self) {
            return Err(WrongStore.into());
        }
        match self.roots.get(handle.root) {
            Some(reference) => Ok(reference),
            None => bail!("attempted to use a garbage-collected object that has been unrooted"),
        }
    }

    /// Roots a reference until the host lets go of it.
    pub(crate) fn own(&mut self, handle: RefHandle) -> Result<(RefHandle, OwnedRoot)> {
        let reference = self.reference(handle)?;
        let owned = self.roots.push_owned(reference);
        Ok((RefHandle { store: self.id(), root: owned.root() }, owned))
    }

    /// Roots a reference until the host lets go of it; `None` for null.
    pub(crate) fn own_reference(&mut self, reference: u64) -> Option<(RefHandle, OwnedRoot)> {
        if reference == 0 {
            return None;
        }
        let owned = self.roots.push_owned(reference);
        Some((RefHandle { store: self.id(), root: owned.root() }, owned))
    }

    /// A new external object, rooted in the current scope.
    pub(crate) fn create_external(&mut self, data: heap::HostData) -> Result<RefHandle, NoRoom> {
        let reference = self.new_external(data)?;
        Ok(RefHandle { store: self.id(), root: self.roots.push(reference) })
    }

    /// The host value of an external object; `None` if it is another object.
    pub(crate) fn host_data(&self, handle: RefHandle) -> Result<Option<&(dyn Any + Send + Sync)>> {
        let reference = self.reference(handle)?;
        // SAFETY: the object is live, and of that kind; it is changed only while the store is held exclusively.
        Ok(unsafe { heap::is_external(reference).then(|| &**heap::external_data(reference)) })
    }

    /// The host value of an external object; `None` if it is another object.
    pub(crate) fn host_data_mut(
        &mut self,
        handle: RefHandle,
    ) -> Result<Option<&mut (dyn Any + Send + Sync)>> {
        let reference = self.reference(handle)?;
        // SAFETY: the object is live, and of that kind; the store is held exclusively.
        Ok(unsafe { heap::is_external(reference).then(|| &mut **heap::external_data(reference)) })
    }

    /// A new exception, rooted in the current scope. The payload's values must be those of the tag's
    /// type, and reachable by other ways.
    pub(crate) fn create_exception(&mut self, tag: Handle<TagData>, payload: &[u64]) -> Result<RefHandle> {
        assert_eq!(tag.get(self)?.slots as usize, payload.len());
        // SAFETY: the tag is of this store, and the payload has its length.
        let reference = unsafe { self.new_exception(tag.ptr(), payload.as_ptr())? };
        Ok(RefHandle { store: self.id(), root: self.roots.push(reference) })
    }

    /// The tag and the payload of an exception.
    pub(crate) fn exception(&self, handle: RefHandle) -> Result<(Handle<TagData>, &[u64])> {
        let reference = self.reference(handle)?;
        // SAFETY: the object is live; if it is an exception, its tag lives as long as the store.
        unsafe {
            if !heap::is_exception(reference) {
                bail!("the reference is not to an exception");
            }
            let tag = NonNull::new_unchecked(heap::exn_tag(reference).cast_mut().cast());
            let (payload, slots) = heap::exn_payload(reference);
            Ok((Handle::new(self.id(), tag), std::slice::from_raw_parts(payload, slots)))
        }
    }

    /// Makes an exception the pending one.
    pub(crate) fn throw(&mut self, handle: RefHandle) -> Result<()> {
        let reference = self.reference(handle)?;
        // SAFETY: the object is live and was checked to be an exception.
        unsafe {
            if !heap::is_exception(reference) {
                bail!("the reference is not to an exception");
            }
            self.set_pending_exception(reference);
        }
        Ok(())
    }

    /// Takes the pending exception, rooted in the current scope.
    pub(crate) fn take_thrown(&mut self) -> Option<RefHandle> {
        let reference = self.take_pending_exception();
        self.root(reference)
    }
}

/// Functions.
impl StoreOpaque {
    /// The function that a reference found in a slot, cell or table leads to; `None` for null.
    #[inline]
    pub(crate) fn func(&self, reference: u64) -> Option<Handle<VmFuncRef>> {
        let record = NonNull::new(reference as *mut VmFuncRef)?;
        // SAFETY: records of function references live as long as the store.
        Some(unsafe { Handle::new(self.id(), record) })
    }

    /// Makes a host function one of this store's.
    pub(crate) fn host_func(&mut self, func: HostFunc) -> Handle<VmFuncRef> {
        let record = self.own_host_func(func);
        // SAFETY: the store keeps the function.
        unsafe { Handle::new(self.id(), record) }
    }
}

/// Other records.
impl StoreOpaque {
    /// Makes a memory. The limiter is asked.
    pub(crate) fn create_memory(&mut self, ty: MemoryType) -> Result<Handle<MemoryData>> {
        self.count(Counts { instances: 0, tables: 0, memories: 1 })?;
        // SAFETY: no place is given.
        let record = unsafe { memory::create(self, ty, None)? };
        // SAFETY: the record is in the store's arena.
        Ok(unsafe { Handle::new(self.id(), record) })
    }

    /// Makes a memory larger, if that is allowed.
    pub(crate) fn grow_memory(&mut self, memory: Handle<MemoryData>, delta: u64) -> Result<Option<u64>> {
        memory.check(self)?;
        memory::grow(self, memory.ptr(), delta)
    }

    /// Makes a table, all elements null. The limiter is asked. `ty` is canonical.
    pub(crate) fn create_table(&mut self, ty: TableType) -> Result<Handle<TableData>> {
        self.count(Counts { instances: 0, tables: 1, memories: 0 })?;
        // SAFETY: no place is given.
        let record = unsafe { table::create(self, ty, None)? };
        // SAFETY: the record is in the store's arena.
        Ok(unsafe { Handle::new(self.id(), record) })
    }

    /// Makes a table larger, if that is allowed. `init` must be of the element type.
    pub(crate) fn grow_table(
        &mut self,
        table: Handle<TableData>,
        delta: u64,
        init: u64,
    ) -> Result<Option<u64>> {
        table.check(self)?;
        // SAFETY: the table is of this store; values are converted to the element type before.
        unsafe { table::grow(self, table.ptr(), delta, init) }
    }

    /// Sets a range of elements. `value` must be of the element type.
    pub(crate) fn fill_table(
        &mut self,
        table: Handle<TableData>,
        start: u64,
        value: u64,
        len: u64,
    ) -> Result<()> {
        let table = table.get_mut(self)?;
        // SAFETY: values are converted to the element type before.
        unsafe { table.fill(start, value, len) }.map_err(stop_error)
    }

    /// Copies elements from a table to another whose element type was checked.
    pub(crate) fn copy_table(
        &mut self,
        dst: (Handle<TableData>, u64),
        src: (Handle<TableData>, u64),
        len: u64,
    ) -> Result<()> {
        dst.0.check(self)?;
        src.0.check(self)?;
        // SAFETY: both are of this store, which is held exclusively.
        unsafe { table::copy(dst.0.ptr(), dst.1, src.0.ptr(), src.1, len) }.map_err(stop_error)
    }

    /// Makes a global. The value must be of the type, which is canonical.
    pub(crate) fn create_global(&mut self, ty: GlobalType, slots: [u64; 2]) -> Handle<GlobalData> {
        let record = self.globals.push(GlobalData { vm: VmGlobal { slots }, ty });
        // SAFETY: the record is in the store's arena.
        unsafe { Handle::new(self.id(), record) }
    }

    /// Makes a tag. The payload's types are canonical.
    pub(crate) fn create_tag(
        &mut self,
        type_id: u32,
        payload: impl Iterator<Item = ValType>,
    ) -> Handle<TagData> {
        let record = self.tags.push(TagData::new(type_id, payload));
        // SAFETY: the record is in the store's arena.
        unsafe { Handle::new(self.id(), record) }
    }

    /// Makes an instance and runs its start function, from imports that were checked.
    pub(crate) fn create_instance(
        &mut self,
        module: &Module,
        imports: impl FnMut(usize) -> ImportValue,
    ) -> Result<Handle<InstanceData>> {
        let record = instantiate::instantiate(self, module, imports)?;
        // SAFETY: the store owns the instance.
        Ok(unsafe { Handle::new(self.id(), record) })
    }

    /// What an instance exports under an index of its module's exports.
    pub(crate) fn export(&self, instance: Handle<InstanceData>, kind: ExternKind, index: u32) -> Extern {
        let (id, instance) = (self.id(), instance.expect(self));
        // SAFETY: all of these live as long as the store; exported functions can be referred to.
        unsafe {
            match kind {
                ExternKind::Func => {
                    let func = NonNull::new_unchecked(instance.func_ref(index).cast_mut());
                    Extern::Func(Func::from_handle(Handle::new(id, func)))
                }
                ExternKind::Table => {
                    Extern::Table(Table::from_handle(Handle::new(id, instance.table(index))))
                }
                ExternKind::Memory => {
                    Extern::Memory(Memory::from_handle(Handle::new(id, instance.memory(index))))
                }
                ExternKind::Global => {
                    Extern::Global(Global::from_handle(Handle::new(id, instance.global(index))))
                }
                ExternKind::Tag => Extern::Tag(Tag::from_handle(Handle::new(id, instance.tag(index)))),
            }
        }
    }
}

/// The error for what is stopped from the host's side.
fn stop_error(stop: Stop) -> Error {
    match stop {
        Stop::Trap(trap) => trap.into(),
        Stop::Unwind | Stop::Exception => unreachable!("operations on tables only trap"),
    }
}

impl ImportValue {
    /// What there is to link, for a check of its type.
    pub(crate) fn definition_in(self, _store: &StoreOpaque) -> Definition {
        // SAFETY: a value to import was checked to be of the store, so that its record is alive; nobody
        // writes it while the store is borrowed.
        unsafe { self.definition() }
    }
}
