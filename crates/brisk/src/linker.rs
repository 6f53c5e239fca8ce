//! Finding imports by name.

use crate::engine::Engine;
use crate::error::{Context, Result};
use crate::externs::Extern;
use crate::func::{Caller, Func, IntoFunc, host_func_new};
use crate::global::Global;
use crate::instance::{Definition, Instance, InstancePre, undefined};
use crate::memory::Memory;
use crate::module::Module;
use crate::store::{AsContext, AsContextMut, StoreContextMut, check_engine, foreign};
use crate::table::Table;
use crate::tag::Tag;
use crate::types::{ExternType, FuncType, ImportType};
use crate::val::{Ref, Val};
use crate::vm::store::StoreOpaque;
use crate::{bail, ensure};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Definitions by module and field name, from which the imports of modules are found.
///
/// Host functions defined here serve any number of stores whose data is `T`; everything else belongs to the
/// store it was made in.
///
/// ```
/// use brisk::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("host", "twice", |value: i32| 2 * value)?;
///
/// let mut store = Store::new(&engine, ());
/// let library = Module::new(&engine, r#"(module
///     (import "host" "twice" (func $twice (param i32) (result i32)))
///     (func (export "six") (result i32) (call $twice (i32.const 3))))"#)?;
/// linker.module(&mut store, "library", &library)?;
///
/// let module = Module::new(&engine, r#"(module
///     (import "library" "six" (func $six (result i32)))
///     (func (export "seven") (result i32) (i32.add (call $six) (i32.const 1))))"#)?;
/// let instance = linker.instantiate(&mut store, &module)?;
/// let seven = instance.get_typed_func::<(), i32>(&mut store, "seven")?;
/// assert_eq!(seven.call(&mut store, ())?, 7);
/// # brisk::Result::<()>::Ok(())
/// ```
pub struct Linker<T: 'static> {
    engine: Engine,
    names: Names,
    definitions: BTreeMap<Key, Definition>,
    allow_shadowing: bool,
    allow_unknown_exports: bool,
    _data: PhantomData<fn() -> T>,
}

/// Names, each kept once and known by its number.
#[derive(Clone, Default)]
struct Names {
    numbers: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let name: Arc<str> = name.into();
        let number = u32::try_from(self.names.len()).expect("a linker has fewer than 2^32 names");
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

/// Module and field name by number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    module: u32,
    name: u32,
}

impl<T: 'static> Clone for Linker<T> {
    fn clone(&self) -> Linker<T> {
        Linker {
            engine: self.engine.clone(),
            names: self.names.clone(),
            definitions: self.definitions.clone(),
            allow_shadowing: self.allow_shadowing,
            allow_unknown_exports: self.allow_unknown_exports,
            _data: PhantomData,
        }
    }
}

impl<T: 'static> fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.definitions.keys().map(|key| self.key_names(*key));
        f.debug_list().entries(names.map(|(module, name)| format!("{module}::{name}"))).finish()
    }
}

impl<T: 'static> Default for Linker<T> {
    fn default() -> Linker<T> {
        Linker::new(&Engine::default())
    }
}

impl<T: 'static> Linker<T> {
    /// A linker without definitions.
    pub fn new(engine: &Engine) -> Linker<T> {
        Linker {
            engine: engine.clone(),
            names: Names::default(),
            definitions: BTreeMap::new(),
            allow_shadowing: false,
            allow_unknown_exports: false,
            _data: PhantomData,
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a name may be defined again; refused unless allowed.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Self {
        self.allow_shadowing = allow;
        self
    }

    /// Whether a command given to [`Linker::module`] may have exports besides those a command has; refused
    /// unless allowed.
    pub fn allow_unknown_exports(&mut self, allow: bool) -> &mut Self {
        self.allow_unknown_exports = allow;
        self
    }

    /// Defines each function that the module imports and nothing defines yet as one that fails with
    /// [`UnknownImportError`] when it is called.
    ///
    /// ```
    /// use brisk::{Linker, Module, Store, UnknownImportError};
    ///
    /// let mut linker = Linker::<()>::new(&Default::default());
    /// let module = Module::new(linker.engine(), r#"(module
    ///     (import "host" "missing" (func $missing))
    ///     (func (export "run") (call $missing)))"#)?;
    /// linker.define_unknown_imports_as_traps(&module)?;
    /// let mut store = Store::new(linker.engine(), ());
    /// let instance = linker.instantiate(&mut store, &module)?;
    /// let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    /// let error = run.call(&mut store, ()).unwrap_err();
    /// assert_eq!(error.downcast_ref::<UnknownImportError>().unwrap().name(), "missing");
    /// # brisk::Result::<()>::Ok(())
    /// ```
    ///
    /// # Errors
    ///
    /// None so far.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        for import in module.imports() {
            if self.find(import.module(), import.name()).is_some() {
                continue;
            }
            if let ExternType::Func(ty) = import.ty() {
                let error = UnknownImportError::new(&import);
                self.func_new(import.module(), import.name(), ty, move |_, _, _| Err(error.clone().into()))?;
            }
        }
        Ok(())
    }

    /// Defines each import of the module that nothing defines yet by a default: functions that return zeros and
    /// nulls, zeroed globals, empty memories and tables of the least size, new tags.
    ///
    /// # Errors
    ///
    /// Fails if a type has no default value.
    pub fn define_unknown_imports_as_default_values(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<()> {
        for import in module.imports() {
            if self.find(import.module(), import.name()).is_some() {
                continue;
            }
            let item = default_value(&mut store.as_context_mut(), &import.ty()).with_context(|| {
                format!("no default value exists for `{}::{}`", import.module(), import.name())
            })?;
            self.define(store.as_context(), import.module(), import.name(), item)?;
        }
        Ok(())
    }

    /// Defines something of a store.
    ///
    /// # Errors
    ///
    /// Fails if the name is defined already, or if the item is of another store.
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Self> {
        let item = item.into();
        if !item.belongs_to(store.as_context().0) {
            return Err(foreign("what is to be defined"));
        }
        self.insert(module, name, Definition::Extern(item))
    }

    /// Defines a host function whose type is known only at run time; see [`Func::new`].
    ///
    /// # Errors
    ///
    /// Fails if the name is defined already.
    ///
    /// # Panics
    ///
    /// If the type is of another engine.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Self> {
        let func = host_func_new(&self.engine, ty, func);
        self.insert(module, name, Definition::Host(func))
    }

    /// Defines a host function from a closure; see [`Func::wrap`].
    ///
    /// # Errors
    ///
    /// Fails if the name is defined already.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Self> {
        let func = func.into_func(&self.engine);
        self.insert(module, name, Definition::Host(func))
    }

    /// Defines all exports of an instance under a module name.
    ///
    /// # Errors
    ///
    /// Fails if one of the names is defined already, or if the instance is of another store.
    pub fn instance(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module_name: &str,
        instance: Instance,
    ) -> Result<&mut Self> {
        let mut store = store.as_context_mut();
        instance.check(store.0)?;
        for export in instance.exports(&mut store) {
            self.insert(module_name, export.name(), Definition::Extern(export.into_extern()))?;
        }
        Ok(self)
    }

    /// Defines the exports of a module under a module name.
    ///
    /// A module with a function `_start` is a command: each call of one of its functions makes an instance
    /// of its own. Any other is a reactor: one instance is made, and `_initialize` called if there is one.
    ///
    /// ```
    /// use brisk::{Linker, Module, Store};
    ///
    /// let mut linker = Linker::<()>::new(&Default::default());
    /// let mut store = Store::new(linker.engine(), ());
    /// let command = Module::new(linker.engine(), r#"(module
    ///     (global $runs (mut i32) (i32.const 0))
    ///     (func (export "_start") (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
    ///         (if (i32.ne (global.get $runs) (i32.const 1)) (then unreachable))))"#)?;
    /// linker.module(&mut store, "command", &command)?;
    /// let start = linker.get_default(&mut store, "command")?.typed::<(), ()>(&store)?;
    /// start.call(&mut store, ())?;
    /// start.call(&mut store, ())?;
    /// # brisk::Result::<()>::Ok(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if an import is not defined, or a name is already; if the module is both command and reactor, or
    /// a command with exports that a command does not have; and as instantiation and `_initialize` do.
    pub fn module(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module_name: &str,
        module: &Module,
    ) -> Result<&mut Self> {
        check_engine(&self.engine, store.as_context().engine())?;
        match ModuleKind::of(module)? {
            ModuleKind::Command => self.command(module_name, module),
            ModuleKind::Reactor => {
                let instance = self.instantiate(&mut store, module)?;
                if let Some(initialize) = instance.get_func(&mut store, "_initialize") {
                    initialize
                        .typed::<(), ()>(&store)
                        .and_then(|initialize| initialize.call(&mut store, ()))
                        .context("calling the Reactor initialization function")?;
                }
                self.instance(store, module_name, instance)
            }
        }
    }

    fn command(&mut self, module_name: &str, module: &Module) -> Result<&mut Self> {
        let pre = self.instantiate_pre(module)?;
        for export in module.exports() {
            let name = export.name();
            match export.ty() {
                ExternType::Func(ty) => {
                    let (pre, index) = (pre.clone(), module.get_export_index(name));
                    self.func_new(module_name, name, ty, move |mut caller, params, results| {
                        let instance = pre.instantiate(&mut caller)?;
                        let func =
                            index.as_ref().and_then(|index| instance.get_module_export(&mut caller, index));
                        let func = func.and_then(Extern::into_func).context("the export is a function")?;
                        func.call(&mut caller, params, results)
                    })?;
                }
                // The memory is for host functions that the command calls, these two are what older
                // toolchains export.
                ExternType::Memory(_) if name == "memory" => {}
                ExternType::Table(_) if name == "__indirect_function_table" => {}
                ExternType::Global(_) if matches!(name, "__data_end" | "__heap_base") => {}
                _ if self.allow_unknown_exports => {}
                _ => bail!("command export '{name}' is not a function"),
            }
        }
        Ok(self)
    }

    /// Defines something under a second name.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing of the first name, or if the second is defined already.
    pub fn alias(&mut self, module: &str, name: &str, as_module: &str, as_name: &str) -> Result<&mut Self> {
        match self.find(module, name).cloned() {
            Some(item) => self.insert(as_module, as_name, item),
            None => bail!("no item named `{module}::{name}` defined"),
        }
    }

    /// Defines everything of a module name under a second one.
    ///
    /// # Errors
    ///
    /// Fails if one of the names is defined already.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<()> {
        let (module, as_module) = (self.names.number(module), self.names.number(as_module));
        let first = Key { module, name: 0 };
        let items: Vec<(Key, Definition)> = self
            .definitions
            .range(first..)
            .take_while(|(key, _)| key.module == module)
            .map(|(key, item)| (Key { module: as_module, ..*key }, item.clone()))
            .collect();
        items.into_iter().try_for_each(|(key, item)| self.insert_key(key, item))
    }

    /// Makes an instance of a module from the definitions.
    ///
    /// # Errors
    ///
    /// Fails with [`UnknownImportError`] if an import is not defined, and as [`Instance::new`] does.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>, module: &Module) -> Result<Instance> {
        check_engine(&self.engine, store.as_context_mut().engine())?;
        self.instantiate_pre(module)?.instantiate(store)
    }

    /// Finds the imports of a module, for many instances.
    ///
    /// # Errors
    ///
    /// Fails with [`UnknownImportError`] if an import is not defined, and if a host function is not of the type
    /// that the module asks for.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        check_engine(&self.engine, module.engine())?;
        let imports = &module.info().imports;
        let mut items = Vec::with_capacity(imports.len());
        for (index, import) in imports.iter().enumerate() {
            match self.find(&import.module, &import.name) {
                Some(item) => items.push(item.clone()),
                None => return Err(UnknownImportError::of(module, index).into()),
            }
        }
        InstancePre::new(module, items.into())
    }

    /// All definitions, as things of the store.
    pub fn iter<'a: 'p, 'p>(
        &'a self,
        mut store: impl AsContextMut<Data = T> + 'p,
    ) -> impl Iterator<Item = (&'a str, &'a str, Extern)> + 'p {
        self.definitions.iter().map(move |(key, item)| {
            let (module, name) = self.key_names(*key);
            (module, name, to_extern(store.as_context_mut().0, item))
        })
    }

    /// A definition, as a thing of the store.
    ///
    /// # Errors
    ///
    /// Fails if it is not defined, or of another store.
    pub fn get(&self, mut store: impl AsContextMut<Data = T>, module: &str, name: &str) -> Result<Extern> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let Some(item) = self.find(module, name) else { return Err(undefined(module, name)) };
        let item = to_extern(store, item);
        if !item.belongs_to(store) {
            return Err(foreign("the definition"));
        }
        Ok(item)
    }

    /// The definition of an import, as a thing of the store.
    pub fn get_by_import(
        &self,
        mut store: impl AsContextMut<Data = T>,
        import: &ImportType<'_>,
    ) -> Option<Extern> {
        let item = self.find(import.module(), import.name())?;
        Some(to_extern(store.as_context_mut().0, item))
    }

    /// The function to run for a module name: the one called "", or `_start`, or one that does nothing.
    ///
    /// # Errors
    ///
    /// Fails if one of the former is defined and not a function, or of another store.
    pub fn get_default(&self, mut store: impl AsContextMut<Data = T>, module: &str) -> Result<Func> {
        for name in ["", "_start"] {
            if self.find(module, name).is_some() {
                let item = self.get(&mut store, module, name)?;
                return item.into_func().with_context(|| format!("`{name}` in `{module}` is not a function"));
            }
        }
        Ok(Func::wrap(store, || {}))
    }

    fn find(&self, module: &str, name: &str) -> Option<&Definition> {
        let key = Key { module: self.names.find(module)?, name: self.names.find(name)? };
        self.definitions.get(&key)
    }

    fn key_names(&self, key: Key) -> (&str, &str) {
        (&self.names.names[key.module as usize], &self.names.names[key.name as usize])
    }

    fn insert(&mut self, module: &str, name: &str, item: Definition) -> Result<&mut Self> {
        let key = Key { module: self.names.number(module), name: self.names.number(name) };
        self.insert_key(key, item)?;
        Ok(self)
    }

    fn insert_key(&mut self, key: Key, item: Definition) -> Result<()> {
        if !self.allow_shadowing && self.definitions.contains_key(&key) {
            let (module, name) = self.key_names(key);
            bail!("import of `{module}::{name}` defined twice");
        }
        self.definitions.insert(key, item);
        Ok(())
    }
}

fn to_extern(store: &mut StoreOpaque, item: &Definition) -> Extern {
    match item {
        Definition::Extern(item) => item.clone(),
        Definition::Host(func) => Extern::Func(Func::from_handle(store.host_func(func.clone()))),
    }
}

/// The default for an import of a type.
fn default_value<T: 'static>(store: &mut StoreContextMut<'_, T>, ty: &ExternType) -> Result<Extern> {
    Ok(match ty {
        ExternType::Func(ty) => {
            let defaults: Option<Vec<Val>> = ty.results().map(|ty| Val::default_for_ty(&ty)).collect();
            let defaults: Box<[Val]> = defaults.context("a result has no default value")?.into();
            // All of these are numbers and nulls, which are of no store.
            Func::new(store, ty.clone(), move |_, _, results| {
                results.copy_from_slice(&defaults);
                Ok(())
            })
            .into()
        }
        ExternType::Global(ty) => {
            let value = Val::default_for_ty(ty.content()).context("the global has no default value")?;
            Global::new(store, ty.clone(), value)?.into()
        }
        ExternType::Table(ty) => {
            ensure!(ty.element().is_nullable(), "the table's elements have no default value");
            let null = Ref::null(ty.element().heap_type());
            Table::new(store, ty.clone(), null)?.into()
        }
        ExternType::Memory(ty) => Memory::new(store, ty.clone())?.into(),
        ExternType::Tag(ty) => Tag::new(store, ty)?.into(),
    })
}

/// What a module is, going by its exports.
enum ModuleKind {
    Command,
    Reactor,
}

impl ModuleKind {
    fn of(module: &Module) -> Result<ModuleKind> {
        let (start, initialize) = (module.get_export("_start"), module.get_export("_initialize"));
        match (start, initialize) {
            (Some(_), Some(_)) => bail!("a module cannot be both a command and a reactor"),
            (Some(start), None) => {
                ensure!(start.func().is_some(), "`_start` must be a function");
                Ok(ModuleKind::Command)
            }
            (None, Some(initialize)) => {
                ensure!(initialize.func().is_some(), "`_initialize` must be a function");
                Ok(ModuleKind::Reactor)
            }
            (None, None) => Ok(ModuleKind::Reactor),
        }
    }
}

/// An import that nothing defines.
///
/// ```
/// use brisk::{Linker, Module, Store, UnknownImportError};
///
/// let linker = Linker::<()>::default();
/// let module = Module::new(linker.engine(), r#"(module (import "host" "missing" (memory 1)))"#)?;
/// let error = linker.instantiate(&mut Store::new(linker.engine(), ()), &module).unwrap_err();
/// let missing = error.downcast_ref::<UnknownImportError>().unwrap();
/// assert_eq!((missing.module(), missing.name()), ("host", "missing"));
/// assert!(missing.ty().memory().is_some());
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("unknown import: `{module}::{name}` has not been defined")]
pub struct UnknownImportError {
    module: String,
    name: String,
    ty: ExternType,
}

impl UnknownImportError {
    fn new(import: &ImportType<'_>) -> UnknownImportError {
        UnknownImportError {
            module: import.module().to_owned(),
            name: import.name().to_owned(),
            ty: import.ty(),
        }
    }

    fn of(module: &Module, index: usize) -> UnknownImportError {
        match module.imports().nth(index) {
            Some(import) => UnknownImportError::new(&import),
            None => unreachable!("the index is that of an import"),
        }
    }

    /// Name of the module imported from.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Name of the field.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Type of the import.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}
