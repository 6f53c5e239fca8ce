//! Linear memories.

use crate::error::Result;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::types::MemoryType;
use crate::vm::handle::Handle;
use crate::vm::memory::MemoryData;
use crate::vm::store::StoreOpaque;
use crate::{bail, ensure};

/// A linear memory.
///
/// ```
/// use brisk::{Memory, MemoryType, Store};
///
/// let mut store = Store::<()>::default();
/// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
/// memory.write(&mut store, 100, b"hello")?;
/// assert_eq!(&memory.data(&store)[100..105], b"hello");
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// assert!(memory.grow(&mut store, 1).is_err(), "it has its maximum");
/// let mut last = [1];
/// memory.read(&store, 2 * 65536 - 1, &mut last)?;
/// assert_eq!(last, [0]);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Memory(Handle<MemoryData>);

/// A range of a memory was asked for that is not all inside.
///
/// ```
/// use brisk::{Memory, MemoryAccessError, MemoryType, Store};
///
/// let mut store = Store::<()>::default();
/// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
/// let mut last = [0; 4];
/// assert_eq!(memory.read(&store, 65_532, &mut last), Ok(()));
/// assert!(matches!(memory.read(&store, 65_533, &mut last), Err(MemoryAccessError { .. })));
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("out of bounds memory access")]
#[non_exhaustive]
pub struct MemoryAccessError;

impl Memory {
    /// A new memory of its least size, all zeros.
    ///
    /// # Errors
    ///
    /// Fails if the limiter or the system refuses so large a memory.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Memory> {
        ensure!(!ty.is_shared(), "shared memories are not supported");
        Ok(Memory(store.as_context_mut().0.create_memory(ty.canonical())?))
    }

    pub(crate) fn from_handle(handle: Handle<MemoryData>) -> Memory {
        Memory(handle)
    }

    pub(crate) fn handle(self) -> Handle<MemoryData> {
        self.0
    }

    /// Its type, as it was declared.
    ///
    /// # Panics
    ///
    /// With another store; so do all methods here that do not return a `Result`.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        MemoryType::from_canonical(self.0.expect(store.as_context().0).ty())
    }

    /// Copies bytes out of the memory.
    ///
    /// # Errors
    ///
    /// Fails if not all of the range is inside; nothing is copied then.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn read(
        &self,
        store: impl AsContext,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let context = store.as_context();
        let end = offset.checked_add(buffer.len()).ok_or(MemoryAccessError)?;
        let bytes = self.data(context).get(offset..end).ok_or(MemoryAccessError)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    /// Copies bytes into the memory.
    ///
    /// # Errors
    ///
    /// Fails if not all of the range is inside; nothing is copied then.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        offset: usize,
        buffer: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let context = store.as_context_mut();
        let end = offset.checked_add(buffer.len()).ok_or(MemoryAccessError)?;
        let bytes = self.data_mut(context).get_mut(offset..end).ok_or(MemoryAccessError)?;
        bytes.copy_from_slice(buffer);
        Ok(())
    }

    /// The contents.
    ///
    /// # Panics
    ///
    /// With another store.
    #[inline]
    pub fn data<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        self.0.expect(store.into().0).data()
    }

    /// The contents, to change them.
    ///
    /// # Panics
    ///
    /// With another store.
    #[inline]
    pub fn data_mut<'a, T: 'static>(&self, store: impl Into<StoreContextMut<'a, T>>) -> &'a mut [u8] {
        self.0.expect_mut(store.into().0).data_mut()
    }

    /// The contents together with the embedder's data, to change both.
    ///
    /// # Panics
    ///
    /// With another store.
    #[inline]
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let (store, data) = store.into().0.split();
        (self.0.expect_mut(store).data_mut(), data)
    }

    /// Address of the first byte, good until the memory grows.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn data_ptr(&self, store: impl AsContext) -> *mut u8 {
        self.0.expect(store.as_context().0).base()
    }

    /// The size in bytes.
    ///
    /// # Panics
    ///
    /// With another store.
    #[inline]
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.0.expect(store.as_context().0).len()
    }

    /// The size in pages.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.0.expect(store.as_context().0).pages()
    }

    /// The size of a page in bytes: 65,536 unless the type says otherwise.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn page_size(&self, store: impl AsContext) -> u64 {
        1 << self.page_size_log2(store)
    }

    /// The size of a page in bytes, as a power of two.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn page_size_log2(&self, store: impl AsContext) -> u8 {
        self.0.expect(store.as_context().0).ty().page_size_log2
    }

    /// Adds pages at the end, and gives the size in pages before.
    ///
    /// # Errors
    ///
    /// Fails if the memory's maximum, the limiter or the system refuses, or with another store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        match store.grow_memory(self.0, delta)? {
            Some(old) => Ok(old),
            None => bail!("failed to grow memory by `{delta}`"),
        }
    }
}
