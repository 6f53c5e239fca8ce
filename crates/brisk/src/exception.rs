//! Throwing exceptions from the host, and catching them there.

use crate::error::{Error, Result};
use crate::exnref::ExnRef;
use crate::refs::Rooted;
use crate::vm::store::StoreOpaque;

/// The error that stands for a wasm exception on its way.
///
/// The exception itself is kept in the store. A call that ends with this error has thrown it:
/// [`Store::take_pending_exception`](crate::Store::take_pending_exception) gives it. A host function throws an exception by returning
/// the error that [`Store::throw`](crate::Store::throw) makes.
///
/// ```
/// use brisk::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = FuncType::new(&engine, [ValType::I32], []);
/// let tag = Tag::new(&mut store, &TagType::new(ty.clone()))?;
/// let throw = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, value: i32| -> Result<()> {
///     let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
///     let allocator = ExnRefPre::new(&mut caller, ty);
///     let exception = ExnRef::new(&mut caller, &allocator, &tag, &[value.into()])?;
///     caller.as_context_mut().throw(exception)
/// });
/// let module = Module::new(&engine, r#"(module
///     (import "" "throw" (func $throw (param i32)))
///     (import "" "tag" (tag $tag (param i32)))
///     (func (export "catch") (param i32) (result i32)
///         (block $caught (result i32)
///             (try_table (catch $tag $caught) (call $throw (local.get 0)))
///             (i32.const -1)))
///     (export "pass" (func $throw)))"#)?;
/// let instance = Instance::new(&mut store, &module, &[throw.into(), tag.into()])?;
///
/// let catch = instance.get_typed_func::<i32, i32>(&mut store, "catch")?;
/// assert_eq!(catch.call(&mut store, 7)?, 7);
///
/// let pass = instance.get_typed_func::<i32, ()>(&mut store, "pass")?;
/// assert!(pass.call(&mut store, 8).unwrap_err().is::<ThrownException>());
/// let exception = store.take_pending_exception().unwrap();
/// assert_eq!(exception.field(&mut store, 0)?.unwrap_i32(), 8);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("thrown Wasm exception")]
pub struct ThrownException;

/// Makes an exception the pending one.
pub(crate) fn throw<R>(store: &mut StoreOpaque, exception: Rooted<ExnRef>) -> Result<R> {
    store.throw(exception.handle())?;
    Err(Error::new(ThrownException))
}

/// Takes the pending exception.
pub(crate) fn take_pending(store: &mut StoreOpaque) -> Option<Rooted<ExnRef>> {
    store.take_thrown().map(ExnRef::rooted)
}
