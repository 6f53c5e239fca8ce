//! Exceptions as values.

use crate::error::Result;
use crate::refs::{Rooted, gc_ref};
use crate::store::{AsContext, AsContextMut, StoreContextMut, check_engine};
use crate::tag::Tag;
use crate::types::ExnType;
use crate::val::Val;
use crate::vm::refs::RefHandle;
use crate::vm::store::StoreOpaque;
use crate::{HeapType, bail};

/// A wasm exception: a tag and the values that it carries.
///
/// ```
/// use brisk::*;
///
/// let mut store = Store::<()>::default();
/// let engine = store.engine().clone();
/// let tag = Tag::new(&mut store, &TagType::new(FuncType::new(&engine, [ValType::I32, ValType::F64], [])))?;
/// let ty = ExnType::from_tag_type(&tag.ty(&store))?;
/// let allocator = ExnRefPre::new(&mut store, ty);
/// let exception = ExnRef::new(&mut store, &allocator, &tag, &[Val::I32(1), Val::from(2.5)])?;
/// assert_eq!(exception.field(&mut store, 1)?.unwrap_f64(), 2.5);
/// assert!(Tag::eq(&exception.tag(&mut store)?, &tag, &store));
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ExnRef(RefHandle);

gc_ref!(ExnRef);

/// What is needed to make exceptions of a type, see [`ExnRef::new`].
///
/// ```
/// use brisk::*;
///
/// let mut store = Store::<()>::default();
/// let ty = ExnType::new(store.engine(), [ValType::I64])?;
/// let allocator = ExnRefPre::new(&mut store, ty);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct ExnRefPre {
    ty: ExnType,
}

impl ExnRefPre {
    /// What is needed to make exceptions of the type.
    ///
    /// # Panics
    ///
    /// If the type is of another engine.
    pub fn new(store: impl AsContextMut, ty: ExnType) -> ExnRefPre {
        if check_engine(store.as_context().engine(), ty.engine()).is_err() {
            panic!("the type of an exception is of another engine than the store");
        }
        ExnRefPre { ty }
    }
}

impl ExnRef {
    pub(crate) fn rooted(handle: RefHandle) -> Rooted<ExnRef> {
        Rooted::new(handle)
    }

    /// A new exception.
    ///
    /// # Errors
    ///
    /// Fails if the values do not fit the type, or the type the tag; if something is of another store;
    /// and with [`Trap::HeapLimit`](crate::Trap::HeapLimit) if the store's heap is full.
    pub fn new(
        mut store: impl AsContextMut,
        allocator: &ExnRefPre,
        tag: &Tag,
        fields: &[Val],
    ) -> Result<Rooted<ExnRef>> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let ty = allocator.ty.tag_type();
        if tag.type_id(store)? != ty.ty().id() {
            bail!("the tag is of another type than the exception");
        }
        let types = ty.ty().canonical_params();
        if types.len() != fields.len() {
            bail!("expected {} fields, got {}", types.len(), fields.len());
        }
        let mut payload = vec![0; tag.slots(store)?];
        let mut at = 0;
        for (ty, field) in types.zip(fields) {
            let slots = ty.slots() as usize;
            field.store(store, ty, &mut payload[at..at + slots])?;
            at += slots;
        }
        Ok(Rooted::new(store.create_exception(tag.handle(), &payload)?))
    }

    /// Its type.
    ///
    /// # Errors
    ///
    /// Fails if the reference's scope has ended, or with another store.
    pub fn ty(&self, store: impl AsContext) -> Result<ExnType> {
        let store: &StoreOpaque = store.as_context().0;
        let (tag, _) = store.exception(self.0)?;
        ExnType::from_tag_type(&Tag::from_handle(tag).ty_(store))
    }

    /// Whether it is of a type.
    ///
    /// # Errors
    ///
    /// Fails if the reference's scope has ended, or with another store.
    pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool> {
        let store: &StoreOpaque = store.as_context().0;
        store.exception(self.0)?;
        Ok(HeapType::Exn.matches(ty))
    }

    /// The values that it carries.
    ///
    /// # Errors
    ///
    /// Fails if the reference's scope has ended, or with another store.
    pub fn fields<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<impl ExactSizeIterator<Item = Val> + 'a> {
        let store = store.into();
        Ok(self.load(store.0)?.into_iter())
    }

    /// One of the values that it carries.
    ///
    /// # Errors
    ///
    /// Fails if there is no such value, if the reference's scope has ended, or with another store.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val> {
        let fields = self.load(store.as_context_mut().0)?;
        let count = fields.len();
        match fields.get(index) {
            Some(field) => Ok(*field),
            None => bail!("field {index} of an exception with {count} fields"),
        }
    }

    fn load(&self, store: &mut StoreOpaque) -> Result<Vec<Val>> {
        let (tag, payload) = store.exception(self.0)?;
        let payload = payload.to_vec();
        let ty = Tag::from_handle(tag).ty_(store);
        let mut at = 0;
        let load = |ty: brisk_module::ValType| {
            let slots = &payload[at..at + ty.slots() as usize];
            at += slots.len();
            Val::load(store, ty, slots)
        };
        Ok(ty.ty().canonical_params().map(load).collect())
    }

    /// Its tag.
    ///
    /// # Errors
    ///
    /// Fails if the reference's scope has ended, or with another store.
    pub fn tag(&self, mut store: impl AsContextMut) -> Result<Tag> {
        let store: &StoreOpaque = store.as_context_mut().0;
        Ok(Tag::from_handle(store.exception(self.0)?.0))
    }
}
