//! References to collected objects, and how the host holds them.

use crate::error::{Error, Result};
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::trap::Trap;
use crate::vm::handle::wrong_store;
use crate::vm::refs::RefHandle;
use crate::vm::roots::OwnedRoot;
use crate::vm::store::{NoRoom, StoreOpaque};
use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

pub(crate) mod sealed {
    pub trait Sealed {}
    pub trait SealedRoot {}
}

/// What a [`Rooted`] or [`OwnedRooted`] can refer to: [`ExternRef`], [`ExnRef`](crate::ExnRef), [`AnyRef`].
///
/// ```
/// use brisk::{AsContextMut, ExternRef, GcRef, OwnedRooted, Result, Rooted, Store};
///
/// /// Keeps references of any kind.
/// fn keep<T: GcRef>(mut store: impl AsContextMut, of: &[Rooted<T>]) -> Result<Vec<OwnedRooted<T>>> {
///     of.iter().map(|reference| reference.to_owned_rooted(&mut store)).collect()
/// }
///
/// let mut store = Store::<()>::default();
/// let value = ExternRef::new(&mut store, 7)?;
/// assert_eq!(keep(&mut store, &[value, value])?.len(), 2);
/// # brisk::Result::<()>::Ok(())
/// ```
pub trait GcRef: sealed::Sealed + Copy + fmt::Debug + 'static {
    #[doc(hidden)]
    fn from_handle(handle: RefHandle) -> Self;
    #[doc(hidden)]
    fn handle(&self) -> RefHandle;
}

/// A [`Rooted`] or [`OwnedRooted`].
///
/// ```
/// use brisk::{AsContext, ExternRef, Result, Rooted, RootedGcRef, Store};
///
/// fn is_one_of(
///     store: impl AsContext,
///     value: &impl RootedGcRef<ExternRef>,
///     others: &[Rooted<ExternRef>],
/// ) -> Result<bool> {
///     others.iter().try_fold(false, |found, other| Ok(found || Rooted::ref_eq(&store, value, other)?))
/// }
///
/// let mut store = Store::<()>::default();
/// let (one, other) = (ExternRef::new(&mut store, 1)?, ExternRef::new(&mut store, 1)?);
/// let owned = one.to_owned_rooted(&mut store)?;
/// assert!(is_one_of(&store, &owned, &[other, one])?);
/// assert!(!is_one_of(&store, &owned, &[other])?);
/// # brisk::Result::<()>::Ok(())
/// ```
pub trait RootedGcRef<T: GcRef>: sealed::SealedRoot {
    #[doc(hidden)]
    fn root_handle(&self) -> RefHandle;
}

macro_rules! gc_ref {
    ($name:ty) => {
        impl crate::refs::sealed::Sealed for $name {}
        impl crate::refs::GcRef for $name {
            #[inline]
            fn from_handle(handle: crate::vm::refs::RefHandle) -> $name {
                Self(handle)
            }
            #[inline]
            fn handle(&self) -> crate::vm::refs::RefHandle {
                self.0
            }
        }
    };
}
pub(crate) use gc_ref;

/// A reference to a collected object, which the host holds until the scope ends that it was made in.
///
/// The scope is that of the host function it was made in, a [`RootScope`], or else the store's whole
/// life. After that the object may be freed, and using the reference is an error. [`OwnedRooted`]
/// has no such end.
///
/// ```
/// use brisk::{Engine, ExternRef, Instance, Module, Rooted, Store};
///
/// let mut store = Store::<()>::default();
/// let module = Module::new(store.engine(), r#"(module
///     (func (export "same") (param externref) (result externref) (local.get 0)))"#)?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let same = instance
///     .get_typed_func::<Option<Rooted<ExternRef>>, Option<Rooted<ExternRef>>>(&mut store, "same")?;
/// let greeting = ExternRef::new(&mut store, "hello")?;
/// let back = same.call(&mut store, Some(greeting))?.unwrap();
/// assert!(Rooted::ref_eq(&store, &greeting, &back)?);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy)]
pub struct Rooted<T: GcRef>(T);

impl<T: GcRef> Rooted<T> {
    pub(crate) fn new(handle: RefHandle) -> Rooted<T> {
        Rooted(T::from_handle(handle))
    }

    #[inline]
    pub(crate) fn handle(&self) -> RefHandle {
        self.0.handle()
    }

    /// Holds the object until the [`OwnedRooted`] and its clones are gone.
    ///
    /// # Errors
    ///
    /// Fails if the reference's scope has ended, or with another store.
    pub fn to_owned_rooted(&self, mut store: impl AsContextMut) -> Result<OwnedRooted<T>> {
        let (handle, root) = store.as_context_mut().0.own(self.handle())?;
        Ok(OwnedRooted { value: T::from_handle(handle), root })
    }

    /// Whether both are the same rooting; two rootings may be of one object.
    pub fn rooted_eq(a: Rooted<T>, b: Rooted<T>) -> bool {
        a.handle() == b.handle()
    }

    /// Whether both refer to the same object.
    ///
    /// # Errors
    ///
    /// Fails if the scope of a reference has ended, or with another store.
    pub fn ref_eq(store: impl AsContext, a: &impl RootedGcRef<T>, b: &impl RootedGcRef<T>) -> Result<bool> {
        let store = store.as_context();
        Ok(store.0.reference(a.root_handle())? == store.0.reference(b.root_handle())?)
    }

    /// Hashes the rooting, in the sense of [`Rooted::rooted_eq`].
    pub fn rooted_hash<H: Hasher>(&self, state: &mut H) {
        self.handle().hash(state);
    }

    /// Hashes the object's identity, in the sense of [`Rooted::ref_eq`].
    ///
    /// # Errors
    ///
    /// Fails if the reference's scope has ended, or with another store.
    pub fn ref_hash<H: Hasher>(&self, store: impl AsContext, state: &mut H) -> Result<()> {
        store.as_context().0.reference(self.handle())?.hash(state);
        Ok(())
    }
}

impl<T: GcRef> Deref for Rooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: GcRef> fmt::Debug for Rooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rooted").field(&self.0).finish()
    }
}

impl<T: GcRef> sealed::SealedRoot for Rooted<T> {}
impl<T: GcRef> RootedGcRef<T> for Rooted<T> {
    fn root_handle(&self) -> RefHandle {
        self.handle()
    }
}

/// A reference to a collected object, which the host holds until this and all its clones are gone.
///
/// ```
/// use brisk::{ExternRef, RootScope, Store};
///
/// let mut store = Store::<()>::default();
/// let kept = {
///     let mut scope = RootScope::new(&mut store);
///     let value = ExternRef::new(&mut scope, 5_u32)?;
///     value.to_owned_rooted(&mut scope)?
/// };
/// store.gc(None)?;
/// assert_eq!(kept.data(&store)?.unwrap().downcast_ref(), Some(&5_u32));
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone)]
pub struct OwnedRooted<T: GcRef> {
    value: T,
    root: OwnedRoot,
}

impl<T: GcRef> OwnedRooted<T> {
    #[inline]
    pub(crate) fn handle(&self) -> RefHandle {
        self.value.handle()
    }

    /// Holds the object that a reference in a slot leads to; `None` for null.
    pub(crate) fn from_reference(store: &mut StoreOpaque, reference: u64) -> Option<OwnedRooted<T>> {
        let (handle, root) = store.own_reference(reference)?;
        Some(OwnedRooted { value: T::from_handle(handle), root })
    }

    /// Roots the object in the current scope as well.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Rooted<T> {
        let store = store.as_context_mut();
        let Ok(reference) = store.0.reference(self.handle()) else { wrong_store() };
        match store.0.root(reference) {
            Some(handle) => Rooted::new(handle),
            None => unreachable!("rooted references are not null"),
        }
    }

    /// Whether both refer to the same object.
    ///
    /// # Errors
    ///
    /// Fails if the scope of a reference has ended, or with another store.
    pub fn ref_eq(store: impl AsContext, a: &impl RootedGcRef<T>, b: &impl RootedGcRef<T>) -> Result<bool> {
        Rooted::ref_eq(store, a, b)
    }
}

impl<T: GcRef> Deref for OwnedRooted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: GcRef> fmt::Debug for OwnedRooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedRooted").field(&self.value).field(&self.root).finish()
    }
}

impl<T: GcRef> sealed::SealedRoot for OwnedRooted<T> {}
impl<T: GcRef> RootedGcRef<T> for OwnedRooted<T> {
    fn root_handle(&self) -> RefHandle {
        self.handle()
    }
}

/// A scope for [`Rooted`] references: those made while it lasts are let go when it ends.
///
/// ```
/// use brisk::{ExternRef, RootScope, Store};
///
/// let mut store = Store::<()>::default();
/// let outlived = {
///     let mut scope = RootScope::new(&mut store);
///     ExternRef::new(&mut scope, "short")?
/// };
/// assert!(outlived.data(&store).is_err());
/// # brisk::Result::<()>::Ok(())
/// ```
pub struct RootScope<C: AsContextMut> {
    store: C,
    scope: usize,
}

impl<C: AsContextMut> RootScope<C> {
    /// Begins a scope. The store is used through it until it ends.
    pub fn new(store: C) -> RootScope<C> {
        let scope = store.as_context().0.roots.enter();
        RootScope { store, scope }
    }

    /// Makes room for so many more references.
    pub fn reserve(&mut self, additional: usize) {
        self.as_context_mut().0.roots.reserve(additional);
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        let scope = self.scope;
        self.as_context_mut().0.roots.exit(scope);
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}

impl<C: AsContextMut> fmt::Debug for RootScope<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootScope").finish_non_exhaustive()
    }
}

/// There was no room in a store's heap for a value of the host's, which can be had back.
///
/// ```
/// use brisk::{Config, Engine, ExternRef, GcHeapOutOfMemory, Store, Trap};
///
/// let engine = Engine::new(Config::new().max_heap_size(0))?;
/// let mut store = Store::new(&engine, ());
/// let error = ExternRef::new(&mut store, String::from("kept")).unwrap_err();
/// assert_eq!(error.downcast_ref(), Some(&Trap::HeapLimit));
/// let (value, full) = error.downcast::<GcHeapOutOfMemory<String>>()?.take_inner();
/// assert_eq!(value, "kept");
/// store.gc(Some(&full))?;
/// # brisk::Result::<()>::Ok(())
/// ```
pub struct GcHeapOutOfMemory<T> {
    inner: T,
    size: usize,
}

impl<T> GcHeapOutOfMemory<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// The value, and what there was no room for without it, as [`Store::gc`](crate::Store::gc) takes it.
    pub fn take_inner(self) -> (T, GcHeapOutOfMemory<()>) {
        (self.inner, GcHeapOutOfMemory { inner: (), size: self.size })
    }
}

impl<T> fmt::Display for GcHeapOutOfMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no room in the store's heap for {} bytes", self.size)
    }
}

impl<T> fmt::Debug for GcHeapOutOfMemory<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> std::error::Error for GcHeapOutOfMemory<T> {}

/// A value of the host's that wasm code can hold as an `externref`.
///
/// ```
/// use brisk::{ExternRef, Store};
///
/// let mut store = Store::<()>::default();
/// let list = ExternRef::new(&mut store, vec![1, 2])?;
/// if let Some(data) = list.data_mut(&mut store)? {
///     data.downcast_mut::<Vec<i32>>().unwrap().push(3);
/// }
/// assert_eq!(list.data(&store)?.unwrap().downcast_ref(), Some(&vec![1, 2, 3]));
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ExternRef(RefHandle);

gc_ref!(ExternRef);

impl ExternRef {
    /// A reference to a new object that holds the value.
    ///
    /// # Errors
    ///
    /// Fails with [`Trap::HeapLimit`] if the store's heap is full. The value is then in a [`GcHeapOutOfMemory`].
    pub fn new<T: Any + Send + Sync>(mut store: impl AsContextMut, value: T) -> Result<Rooted<ExternRef>> {
        match store.as_context_mut().0.create_external(Box::new(value)) {
            Ok(handle) => Ok(Rooted::new(handle)),
            Err(NoRoom { error, data, size }) => match data.downcast::<T>() {
                Ok(value) if error.downcast_ref() == Some(&Trap::HeapLimit) => {
                    Err(Error::new(GcHeapOutOfMemory { inner: *value, size }).context(Trap::HeapLimit))
                }
                _ => Err(error),
            },
        }
    }

    /// The value. `None` if the reference is not to one of the host's.
    ///
    /// # Errors
    ///
    /// Fails if the reference's scope has ended, or with another store.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        store.into().0.host_data(self.0)
    }

    /// The value, to change it. `None` if the reference is not to one of the host's.
    ///
    /// # Errors
    ///
    /// As for [`ExternRef::data`].
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        store.into().0.host_data_mut(self.0)
    }
}

/// A reference of type `anyref`. Until structures and arrays are supported, only null is one.
///
/// ```
/// use brisk::{AnyRef, Func, Rooted, Store};
///
/// let mut store = Store::<()>::default();
/// let is_null = Func::wrap(&mut store, |value: Option<Rooted<AnyRef>>| i32::from(value.is_none()));
/// assert_eq!(is_null.typed::<Option<Rooted<AnyRef>>, i32>(&store)?.call(&mut store, None)?, 1);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AnyRef(RefHandle);

gc_ref!(AnyRef);
