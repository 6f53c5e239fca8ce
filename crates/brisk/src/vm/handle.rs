//! Handles: what the embedder holds of a record in a store.

use super::store::StoreOpaque;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU64;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// A value was used with a store that it does not belong to.
///
/// ```
/// # use brisk::*;
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut one = Store::new(&engine, ());
/// let mut other = Store::new(&engine, ());
/// let global = Global::new(&mut one, GlobalType::new(ValType::FUNCREF, Mutability::Var), Val::null_func_ref())?;
/// let func = Func::wrap(&mut other, || {});
/// let error = global.set(&mut one, func.into()).unwrap_err();
/// assert!(error.is::<WrongStore>());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a value was used with a store that it does not belong to")]
#[non_exhaustive]
pub struct WrongStore;

/// Identity of a store; never used again after the store is gone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct StoreId(NonZeroU64);

impl StoreId {
    /// An id that no other store has.
    pub fn fresh() -> StoreId {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        StoreId(NonZeroU64::new(id).expect("2^64 stores were made"))
    }
}

/// A record of one store. The record lives as long as its store, so that a handle whose store is at
/// hand leads to a live record.
pub(crate) struct Handle<R> {
    store: StoreId,
    record: NonNull<R>,
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Handle<R> {
        *self
    }
}

impl<R> Copy for Handle<R> {}

impl<R> PartialEq for Handle<R> {
    fn eq(&self, other: &Handle<R>) -> bool {
        self.store == other.store && self.record == other.record
    }
}

impl<R> Eq for Handle<R> {}

impl<R> Hash for Handle<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.record.hash(state);
    }
}

impl<R> std::fmt::Debug for Handle<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} of store {}", self.record, self.store.0)
    }
}

// SAFETY: the record is reached only through a reference to its store, whose own bounds say which
// threads may have it.
unsafe impl<R> Send for Handle<R> {}
// SAFETY: as above.
unsafe impl<R> Sync for Handle<R> {}

impl<R> Handle<R> {
    /// The handle of a record.
    ///
    /// # Safety
    /// The record must live as long as the store.
    pub unsafe fn new(store: StoreId, record: NonNull<R>) -> Handle<R> {
        Handle { store, record }
    }

    /// Whether this is a record of the given store.
    #[inline]
    pub fn belongs_to(self, store: &StoreOpaque) -> bool {
        self.store == store.id()
    }

    /// Checks that this is a record of the given store.
    #[inline]
    pub fn check(self, store: &StoreOpaque) -> Result<(), WrongStore> {
        if self.belongs_to(store) { Ok(()) } else { Err(WrongStore) }
    }

    /// The record.
    #[inline]
    pub fn get(self, store: &StoreOpaque) -> Result<&R, WrongStore> {
        self.check(store)?;
        // SAFETY: the record lives as long as its store, and whoever changes it has the store exclusively.
        Ok(unsafe { self.record.as_ref() })
    }

    /// The record, exclusively.
    #[inline]
    pub fn get_mut(mut self, store: &mut StoreOpaque) -> Result<&mut R, WrongStore> {
        self.check(store)?;
        // SAFETY: the record lives as long as its store, which is borrowed exclusively.
        Ok(unsafe { self.record.as_mut() })
    }

    /// The record, where a wrong store is a panic.
    #[inline]
    pub fn expect(self, store: &StoreOpaque) -> &R {
        match self.get(store) {
            Ok(record) => record,
            Err(_) => wrong_store(),
        }
    }

    /// The record, exclusively, where a wrong store is a panic.
    #[inline]
    pub fn expect_mut(self, store: &mut StoreOpaque) -> &mut R {
        match self.get_mut(store) {
            Ok(record) => record,
            Err(_) => wrong_store(),
        }
    }

    /// Address of the record.
    #[inline]
    pub fn ptr(self) -> NonNull<R> {
        self.record
    }
}

/// The panic for a value of another store.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn wrong_store() -> ! {
    panic!("object used with the wrong store")
}
