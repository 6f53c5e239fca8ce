//! Exception tags.

use crate::ensure;
use crate::error::Result;
use crate::store::{AsContext, AsContextMut, check_engine};
use crate::types::{FuncType, TagType};
use crate::vm::handle::Handle;
use crate::vm::store::{StoreOpaque, TagData};

/// What distinguishes exceptions, and says what they carry.
///
/// ```
/// use brisk::*;
///
/// let mut store = Store::<()>::default();
/// let ty = TagType::new(FuncType::new(store.engine(), [ValType::I32], []));
/// let (one, other) = (Tag::new(&mut store, &ty)?, Tag::new(&mut store, &ty)?);
/// assert!(!Tag::eq(&one, &other, &store), "two tags of one type");
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tag(Handle<TagData>);

impl Tag {
    /// A new tag, unlike any other.
    ///
    /// # Errors
    ///
    /// Fails if the type has results or is of another engine.
    pub fn new(mut store: impl AsContextMut, ty: &TagType) -> Result<Tag> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        check_engine(store.engine(), ty.ty().engine())?;
        ensure!(ty.ty().results().len() == 0, "a tag's function type cannot have results");
        let tag = store.create_tag(ty.ty().id(), ty.ty().canonical_params());
        store.keep(ty.clone());
        Ok(Tag(tag))
    }

    pub(crate) fn from_handle(handle: Handle<TagData>) -> Tag {
        Tag(handle)
    }

    pub(crate) fn handle(self) -> Handle<TagData> {
        self.0
    }

    pub(crate) fn type_id(self, store: &StoreOpaque) -> Result<u32> {
        Ok(self.0.get(store)?.vm.type_id)
    }

    /// Slots of the payload.
    pub(crate) fn slots(self, store: &StoreOpaque) -> Result<usize> {
        Ok(self.0.get(store)?.slots as usize)
    }

    pub(crate) fn ty_(self, store: &StoreOpaque) -> TagType {
        TagType::new(FuncType::from_id(store.engine(), self.0.expect(store).vm.type_id))
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn ty(&self, store: impl AsContext) -> TagType {
        self.ty_(store.as_context().0)
    }

    /// Whether both are the same tag.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn eq(a: &Tag, b: &Tag, store: impl AsContext) -> bool {
        let store: &StoreOpaque = store.as_context().0;
        std::ptr::eq(a.0.expect(store), b.0.expect(store))
    }
}
