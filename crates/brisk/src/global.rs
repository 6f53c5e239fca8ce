//! Globals.

use crate::error::{Context, Result};
use crate::store::{AsContext, AsContextMut};
use crate::types::GlobalType;
use crate::val::Val;
use crate::vm::handle::Handle;
use crate::vm::store::{GlobalData, StoreOpaque};
use crate::{bail, ensure};

/// A global variable.
///
/// ```
/// use brisk::*;
///
/// let mut store = Store::<()>::default();
/// let counter = Global::new(&mut store, GlobalType::new(ValType::I64, Mutability::Var), Val::I64(5))?;
/// counter.set(&mut store, Val::I64(6))?;
/// assert_eq!(counter.get(&mut store).unwrap_i64(), 6);
/// assert!(counter.set(&mut store, Val::I32(7)).is_err(), "of another type");
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Global(Handle<GlobalData>);

impl Global {
    /// A new global with the given value.
    ///
    /// # Errors
    ///
    /// Fails if the value is not of the type, or is of another store.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, val: Val) -> Result<Global> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        ensure!(ty.content().comes_from(store.engine()), "the type is of another engine than the store");
        let mut slots = [0; 2];
        val.store(store, ty.content().canonical(), &mut slots)
            .context("the initial value does not fit the global")?;
        let global = store.create_global(ty.canonical(), slots);
        if ty.content().as_ref().is_some_and(|ty| ty.heap_type().is_concrete()) {
            store.keep(ty);
        }
        Ok(Global(global))
    }

    pub(crate) fn from_handle(handle: Handle<GlobalData>) -> Global {
        Global(handle)
    }

    pub(crate) fn handle(self) -> Handle<GlobalData> {
        self.0
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        let store: &StoreOpaque = store.as_context().0;
        GlobalType::from_canonical(store.engine(), &self.0.expect(store).ty)
    }

    /// Its value.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn get(&self, mut store: impl AsContextMut) -> Val {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let global = self.0.expect(store);
        let (ty, slots) = (global.ty.content, global.vm.slots);
        Val::load(store, ty, &slots)
    }

    /// Changes its value.
    ///
    /// # Errors
    ///
    /// Fails if the global cannot be changed, if the value is not of its type, or with another store.
    pub fn set(&self, mut store: impl AsContextMut, val: Val) -> Result<()> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let ty = self.0.get(store)?.ty;
        if !ty.mutable {
            bail!("immutable global cannot be set");
        }
        let mut slots = [0; 2];
        val.store(store, ty.content, &mut slots).context("the value does not fit the global")?;
        self.0.get_mut(store)?.vm.slots = slots;
        Ok(())
    }
}
