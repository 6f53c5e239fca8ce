//! Tables.

use crate::error::{Context, Result};
use crate::store::{AsContext, AsContextMut};
use crate::types::TableType;
use crate::val::Ref;
use crate::vm::handle::Handle;
use crate::vm::store::StoreOpaque;
use crate::vm::table::TableData;
use crate::{bail, ensure};

/// A table of references.
///
/// ```
/// use brisk::*;
///
/// let mut store = Store::<()>::default();
/// let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, Some(10)), Ref::Func(None))?;
/// let func = Func::wrap(&mut store, || 7);
/// table.set(&mut store, 1, func.into())?;
/// let found = table.get(&mut store, 1).unwrap();
/// assert_eq!(found.unwrap_func().unwrap().typed::<(), i32>(&store)?.call(&mut store, ())?, 7);
/// assert!(table.get(&mut store, 2).is_none(), "out of bounds");
/// assert_eq!(table.grow(&mut store, 3, Ref::Func(None))?, 2);
/// assert_eq!(table.size(&store), 5);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Table(Handle<TableData>);

impl Table {
    /// A new table of its least size, all elements the given one.
    ///
    /// # Errors
    ///
    /// Fails if the element is not of the type, if the limiter or the system refuses so large a table, or
    /// if something is of another store.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Table> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        ensure!(
            ty.element().heap_type().comes_from(store.engine()),
            "the type is of another engine than the store"
        );
        let canonical = ty.canonical();
        let init =
            init.to_slot(store, canonical.element).context("the initial element does not fit the table")?;
        let table = store.create_table(canonical)?;
        if init != 0 {
            store.fill_table(table, 0, init, canonical.limits.min)?;
        }
        if ty.element().heap_type().is_concrete() {
            store.keep(ty);
        }
        Ok(Table(table))
    }

    pub(crate) fn from_handle(handle: Handle<TableData>) -> Table {
        Table(handle)
    }

    pub(crate) fn handle(self) -> Handle<TableData> {
        self.0
    }

    /// Its type, as it was declared.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        let store: &StoreOpaque = store.as_context().0;
        TableType::from_canonical(store.engine(), self.0.expect(store).ty())
    }

    /// An element; `None` out of bounds.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Option<Ref> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let table = self.0.expect(store);
        let (ty, slot) = (table.ty().element, table.get(index)?);
        Some(Ref::from_slot(store, ty, slot))
    }

    /// Changes an element.
    ///
    /// # Errors
    ///
    /// Fails out of bounds, if the element is not of the table's type, or with another store.
    pub fn set(&self, store: impl AsContextMut, index: u64, val: Ref) -> Result<()> {
        self.fill(store, index, val, 1)
    }

    /// The number of elements.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.0.expect(store.as_context().0).len()
    }

    /// Adds elements at the end, and gives the size before.
    ///
    /// # Errors
    ///
    /// Fails if the element is not of the table's type, if the table's maximum, the limiter or the system
    /// refuses, or with another store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let ty = self.0.get(store)?.ty().element;
        let init = init.to_slot(store, ty).context("the new elements do not fit the table")?;
        match store.grow_table(self.0, delta, init)? {
            Some(old) => Ok(old),
            None => bail!("failed to grow table by `{delta}`"),
        }
    }

    /// Copies elements from one table to another, or within one.
    ///
    /// # Errors
    ///
    /// Fails out of bounds, if the element types differ, or with another store.
    pub fn copy(
        mut store: impl AsContextMut,
        dst_table: &Table,
        dst_index: u64,
        src_table: &Table,
        src_index: u64,
        len: u64,
    ) -> Result<()> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let (dst, src) = (dst_table.0.get(store)?.ty().element, src_table.0.get(store)?.ty().element);
        let fits = crate::types::canonical::ref_matches(store.engine(), src, dst);
        ensure!(fits, "the tables do not have the same element type");
        store.copy_table((dst_table.0, dst_index), (src_table.0, src_index), len)
    }

    /// Sets a range of elements.
    ///
    /// # Errors
    ///
    /// Fails out of bounds, if the element is not of the table's type, or with another store.
    pub fn fill(&self, mut store: impl AsContextMut, dst: u64, val: Ref, len: u64) -> Result<()> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let ty = self.0.get(store)?.ty().element;
        let value = val.to_slot(store, ty).context("the element does not fit the table")?;
        store.fill_table(self.0, dst, value, len)
    }
}
