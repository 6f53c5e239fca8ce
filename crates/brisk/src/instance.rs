//! Instances.

use crate::error::{Context, Result};
use crate::externs::{Export, Extern};
use crate::func::Func;
use crate::global::Global;
use crate::memory::Memory;
use crate::module::{Module, ModuleExport};
use crate::store::{AsContextMut, StoreContext, StoreContextMut, check_engine};
use crate::table::Table;
use crate::tag::Tag;
use crate::typed::{TypedFunc, WasmParams, WasmResults};
use crate::types::canonical;
use crate::vm::handle::Handle;
use crate::vm::host::HostFunc;
use crate::vm::instance::InstanceData;
use crate::vm::instantiate::ImportValue;
use crate::vm::store::StoreOpaque;
use crate::{bail, format_err};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A module with its imports in place, and its own memories, tables and globals.
///
/// ```
/// use brisk::{Func, Instance, Module, Store};
///
/// let mut store = Store::<()>::default();
/// let module = Module::new(store.engine(), r#"(module
///     (import "host" "double" (func $double (param i32) (result i32)))
///     (func (export "quadruple") (param i32) (result i32)
///         (call $double (call $double (local.get 0)))))"#)?;
/// let double = Func::wrap(&mut store, |value: i32| 2 * value);
/// let instance = Instance::new(&mut store, &module, &[double.into()])?;
/// let quadruple = instance.get_typed_func::<i32, i32>(&mut store, "quadruple")?;
/// assert_eq!(quadruple.call(&mut store, 5)?, 20);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy)]
pub struct Instance(Handle<InstanceData>);

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instance").field(&self.0).finish()
    }
}

impl Instance {
    /// Makes an instance and runs the module's start function. `imports` holds the module's imports in their
    /// order; a [`Linker`](crate::Linker) finds them by name.
    ///
    /// # Errors
    ///
    /// Fails if the imports are not as many, or not of the types, that the module asks for; if one is of
    /// another store; if the limiter or the system refuses memories or tables; with a trap if a segment does not
    /// fit; and as a call of the start function does.
    pub fn new(mut store: impl AsContextMut, module: &Module, imports: &[Extern]) -> Result<Instance> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        check_engine(store.engine(), module.engine())?;
        let expected = module.info().imports.len();
        if imports.len() != expected {
            bail!("expected {expected} imports, found {}", imports.len());
        }
        let mut values = Vec::with_capacity(imports.len());
        for (index, import) in imports.iter().enumerate() {
            let value = import.import_value(store)?;
            check_import(store, module, index, value)?;
            values.push(value);
        }
        Ok(Instance(store.create_instance(module, |index| values[index])?))
    }

    pub(crate) fn from_handle(handle: Handle<InstanceData>) -> Instance {
        Instance(handle)
    }

    /// Fails if the instance is of another store.
    pub(crate) fn check(&self, store: &StoreOpaque) -> Result<()> {
        Ok(self.0.check(store)?)
    }

    /// The module.
    ///
    /// # Panics
    ///
    /// With another store; so do all methods here that do not return a `Result`.
    pub fn module<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a Module {
        self.0.expect(store.into().0).module()
    }

    /// The exports, in the order of the module.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn exports<'a, T: 'static>(
        &'a self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> impl ExactSizeIterator<Item = Export<'a>> + 'a {
        let store: &'a StoreOpaque = store.into().0;
        let exports = &self.0.expect(store).info().exports;
        exports
            .iter()
            .map(move |export| Export::new(&export.name, store.export(self.0, export.kind, export.index)))
    }

    /// The export with a name.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn get_export(&self, mut store: impl AsContextMut, name: &str) -> Option<Extern> {
        self.export(store.as_context_mut().0, name)
    }

    pub(crate) fn export(&self, store: &StoreOpaque, name: &str) -> Option<Extern> {
        let (_, export) = self.0.expect(store).module().find_export(name)?;
        Some(store.export(self.0, export.kind, export.index))
    }

    /// An export that was looked up in the module before.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn get_module_export(&self, mut store: impl AsContextMut, export: &ModuleExport) -> Option<Extern> {
        let store: &StoreOpaque = store.as_context_mut().0;
        let export = export.of(self.0.expect(store).module())?;
        Some(store.export(self.0, export.kind, export.index))
    }

    /// The exported function with a name.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn get_func(&self, store: impl AsContextMut, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The exported function with a name, with a type that is known when this program is compiled.
    ///
    /// # Errors
    ///
    /// Fails if there is no such function, if it is not of that type, or with another store.
    pub fn get_typed_func<Params, Results>(
        &self,
        mut store: impl AsContextMut,
        name: &str,
    ) -> Result<TypedFunc<Params, Results>>
    where
        Params: WasmParams,
        Results: WasmResults,
    {
        let store: &StoreOpaque = store.as_context_mut().0;
        self.0.check(store)?;
        let Some(func) = self.export(store, name).and_then(Extern::into_func) else {
            bail!("failed to find function export `{name}`");
        };
        TypedFunc::new(store, func)
            .with_context(|| format!("failed to convert function `{name}` to given type"))
    }

    /// The exported table with a name.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn get_table(&self, store: impl AsContextMut, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The exported memory with a name.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn get_memory(&self, store: impl AsContextMut, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The exported global with a name.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn get_global(&self, store: impl AsContextMut, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The exported tag with a name.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn get_tag(&self, store: impl AsContextMut, name: &str) -> Option<Tag> {
        self.get_export(store, name)?.into_tag()
    }
}

/// Checks the type of an import. The value is of the store.
fn check_import(store: &StoreOpaque, module: &Module, index: usize, value: ImportValue) -> Result<()> {
    let import = &module.info().imports[index];
    let expected = canonical::import(module.module_types(), &import.ty);
    canonical::check_import(store.engine(), &expected, &value.definition_in(store))
        .with_context(|| incompatible(module, index))
}

fn incompatible(module: &Module, index: usize) -> String {
    let import = &module.info().imports[index];
    format!("incompatible import type for `{}::{}`", import.module, import.name)
}

/// What a linker found for an import.
#[derive(Clone)]
pub(crate) enum Definition {
    /// Something of one store.
    Extern(Extern),
    /// A host function for any store.
    Host(HostFunc),
}

/// A module with its imports found, to be instantiated many times without looking for them again.
///
/// ```
/// use brisk::{Linker, Module, Store};
///
/// let mut linker = Linker::<()>::new(&Default::default());
/// linker.func_wrap("host", "one", || 1)?;
/// let module = Module::new(linker.engine(), r#"(module
///     (import "host" "one" (func $one (result i32)))
///     (export "one" (func $one)))"#)?;
/// let pre = linker.instantiate_pre(&module)?;
/// for _ in 0..3 {
///     let mut store = Store::new(linker.engine(), ());
///     let instance = pre.instantiate(&mut store)?;
///     let one = instance.get_typed_func::<(), i32>(&mut store, "one")?;
///     assert_eq!(one.call(&mut store, ())?, 1);
/// }
/// # brisk::Result::<()>::Ok(())
/// ```
pub struct InstancePre<T: 'static> {
    inner: Arc<PreInner>,
    _data: PhantomData<fn() -> T>,
}

struct PreInner {
    module: Module,
    items: Box<[Definition]>,
}

impl<T: 'static> Clone for InstancePre<T> {
    fn clone(&self) -> InstancePre<T> {
        InstancePre { inner: self.inner.clone(), _data: PhantomData }
    }
}

impl<T: 'static> fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstancePre").field("module", &self.inner.module).finish_non_exhaustive()
    }
}

impl<T: 'static> InstancePre<T> {
    /// Host functions are checked here, things of a store when it is at hand.
    pub(crate) fn new(module: &Module, items: Box<[Definition]>) -> Result<InstancePre<T>> {
        for (index, item) in items.iter().enumerate() {
            let Definition::Host(func) = item else { continue };
            let import = &module.info().imports[index];
            let expected = canonical::import(module.module_types(), &import.ty);
            let actual = canonical::Definition::Func(func.ty().id());
            canonical::check_import(module.engine(), &expected, &actual)
                .with_context(|| incompatible(module, index))?;
        }
        let inner = Arc::new(PreInner { module: module.clone(), items });
        Ok(InstancePre { inner, _data: PhantomData })
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.inner.module
    }

    /// Makes an instance and runs the module's start function.
    ///
    /// # Errors
    ///
    /// As for [`Instance::new`].
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let PreInner { module, items } = &*self.inner;
        check_engine(store.engine(), module.engine())?;
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            values.push(match item {
                Definition::Extern(item) => {
                    let value = item.import_value(store)?;
                    check_import(store, module, index, value)?;
                    value
                }
                Definition::Host(func) => ImportValue::Func(store.own_host_func(func.clone())),
            });
        }
        Ok(Instance(store.create_instance(module, |index| values[index])?))
    }
}

/// The error for an import that nothing defines.
pub(crate) fn undefined(module: &str, name: &str) -> crate::Error {
    format_err!("missing definition for `{module}::{name}`")
}
