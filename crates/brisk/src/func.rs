//! Functions.

use crate::engine::Engine;
use crate::error::{Context, Result};
use crate::externs::Extern;
use crate::instance::Instance;
use crate::module::ModuleExport;
use crate::refs::GcHeapOutOfMemory;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut, check_engine};
use crate::typed::{TypedFunc, WasmParams, WasmResults, WasmRet, WasmTy, WasmTyList, for_each_arity};
use crate::types::FuncType;
use crate::val::Val;
use crate::vm::VmFuncRef;
use crate::vm::call;
use crate::vm::handle::{Handle, WrongStore};
use crate::vm::host::{self, HostCaller, HostCode, HostFunc, HostSlots};
use crate::vm::store::{StoreInner, StoreOpaque};
use crate::{ensure, store};
use std::fmt;
use std::marker::PhantomData;
use std::time::Instant;

/// A function, of wasm code or of the host.
///
/// ```
/// use brisk::{Func, Store};
///
/// let mut store = Store::<()>::default();
/// let add = Func::wrap(&mut store, |a: i32, b: i32| a + b);
/// assert_eq!(add.ty(&store).to_string(), "(func (param i32 i32) (result i32))");
///
/// // With the types known when this program is compiled:
/// let typed = add.typed::<(i32, i32), i32>(&store)?;
/// assert_eq!(typed.call(&mut store, (1, 2))?, 3);
///
/// // And without:
/// let mut results = [brisk::Val::I32(0)];
/// add.call(&mut store, &[1.into(), 2.into()], &mut results)?;
/// assert_eq!(results[0].unwrap_i32(), 3);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy)]
pub struct Func(Handle<VmFuncRef>);

impl fmt::Debug for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Func").field(&self.0).finish()
    }
}

impl Func {
    /// A host function whose type is known only at run time. It is given its arguments and a slice for its
    /// results.
    ///
    /// ```
    /// use brisk::{Func, FuncType, Store, Val, ValType};
    ///
    /// let mut store = Store::<()>::default();
    /// let ty = FuncType::new(store.engine(), [ValType::I32], [ValType::I64]);
    /// let widen = Func::new(&mut store, ty, |_caller, params, results| {
    ///     results[0] = Val::I64(params[0].unwrap_i32().into());
    ///     Ok(())
    /// });
    /// let mut results = [Val::I64(0)];
    /// widen.call(&mut store, &[Val::I32(-1)], &mut results)?;
    /// assert_eq!(results[0].unwrap_i64(), -1);
    /// # brisk::Result::<()>::Ok(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the type is of another engine.
    pub fn new<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Func {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let func = host_func_new(store.engine(), ty, func);
        Func(store.host_func(func))
    }

    /// A host function from a closure: its parameters may begin with a [`Caller`], the others and what it
    /// returns are [`WasmTy`]s, up to 17 of them, or nothing; a tuple returns several results, and a
    /// [`Result`] an error.
    ///
    /// An error ends the wasm code that called, and comes back from the host's own call of it, as the type it
    /// was. A panic passes to there as well.
    ///
    /// ```
    /// use brisk::{Caller, Error, Func, Instance, Module, Store};
    ///
    /// let mut store = Store::new(&Default::default(), Vec::new());
    /// let log = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<i32>>, value: i32| {
    ///     if value < 0 {
    ///         return Err(Error::msg("negative"));
    ///     }
    ///     caller.data_mut().push(value);
    ///     Ok(())
    /// });
    /// let module = Module::new(store.engine(), r#"(module
    ///     (import "" "log" (func $log (param i32)))
    ///     (func (export "run") (call $log (i32.const 3)) (call $log (i32.const -4))))"#)?;
    /// let instance = Instance::new(&mut store, &module, &[log.into()])?;
    /// let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    /// let error = run.call(&mut store, ()).unwrap_err();
    /// assert_eq!(error.root_cause().to_string(), "negative");
    /// assert_eq!(store.data(), &[3]);
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn wrap<T: 'static, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Func {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let func = func.into_func(store.engine());
        Func(store.host_func(func))
    }

    pub(crate) fn from_handle(handle: Handle<VmFuncRef>) -> Func {
        Func(handle)
    }

    #[inline]
    pub(crate) fn handle(self) -> Handle<VmFuncRef> {
        self.0
    }

    /// The function that a reference in a slot leads to; `None` for null.
    #[inline]
    pub(crate) fn from_reference(store: &StoreOpaque, reference: u64) -> Option<Func> {
        store.func(reference).map(Func)
    }

    /// The function as a reference in a slot.
    #[inline]
    pub(crate) fn reference(self, store: &StoreOpaque) -> Result<u64, WrongStore> {
        self.0.check(store)?;
        Ok(self.0.ptr().as_ptr() as u64)
    }

    pub(crate) fn ty_(self, store: &StoreOpaque) -> Result<FuncType> {
        Ok(FuncType::from_id(store.engine(), self.0.get(store)?.type_id))
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        let store: &StoreOpaque = store.as_context().0;
        FuncType::from_id(store.engine(), self.0.expect(store).type_id)
    }

    /// Whether it is of a type or of a subtype of it.
    ///
    /// # Panics
    ///
    /// With another store, or if the type is of another engine.
    pub fn matches_ty(&self, store: impl AsContext, func_ty: &FuncType) -> bool {
        self.ty(store).matches(func_ty)
    }

    /// Calls the function. `results` must be as long as the function has results; what is in it before does not
    /// matter.
    ///
    /// # Errors
    ///
    /// Fails if the arguments are not of the function's parameter types, or of another store. What ends the
    /// function is an error, too: a [`Trap`](crate::Trap), the error of a host function that was called, or
    /// [`ThrownException`](crate::ThrownException); find it with
    /// [`Error::downcast_ref`](crate::Error::downcast_ref), and where it happened in the
    /// [`WasmBacktrace`](crate::WasmBacktrace) beside it. The store stays usable.
    ///
    /// # Panics
    ///
    /// If a host function that was called panics, with its panic. The store stays usable.
    pub fn call(&self, mut store: impl AsContextMut, params: &[Val], results: &mut [Val]) -> Result<()> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        let ty = self.0.get(store)?.type_id;
        let ty = store.func_type(ty);
        let (param_types, result_types) = (ty.canonical_params(), ty.canonical_results());
        ensure!(
            param_types.len() == params.len(),
            "expected {} arguments, got {}",
            param_types.len(),
            params.len()
        );
        ensure!(
            result_types.len() == results.len(),
            "expected {} results, got {}",
            result_types.len(),
            results.len()
        );
        call::invoke(
            store,
            self.0,
            ty.arg_slots() as usize,
            |store, slots| {
                let mut at = 0;
                for (ty, param) in param_types.zip(params) {
                    let len = ty.slots() as usize;
                    param.store(store, ty, &mut slots[at..at + len]).context("argument type mismatch")?;
                    at += len;
                }
                Ok(())
            },
            |store, slots| {
                let mut at = 0;
                for (ty, result) in result_types.zip(results) {
                    let len = ty.slots() as usize;
                    *result = Val::load(store, ty, &slots[at..at + len]);
                    at += len;
                }
            },
        )
    }

    /// The function with a type that is known when this program is compiled, which makes calls fast.
    ///
    /// # Errors
    ///
    /// Fails if the function is not of that type, or with another store.
    pub fn typed<Params, Results>(&self, store: impl AsContext) -> Result<TypedFunc<Params, Results>>
    where
        Params: WasmParams,
        Results: WasmResults,
    {
        TypedFunc::new(store.as_context().0, *self)
    }
}

/// What calls a host function: access to the store, and to the exports of the instance that called.
///
/// ```
/// use brisk::{Caller, Extern, Linker, Module, Store};
///
/// let mut linker = Linker::<String>::new(&Default::default());
/// linker.func_wrap("host", "print", |mut caller: Caller<'_, String>, start: u32, len: u32| {
///     let Some(Extern::Memory(memory)) = caller.get_export("memory") else { brisk::bail!("no memory") };
///     let (bytes, printed) = memory.data_and_store_mut(&mut caller);
///     let text = bytes.get(start as usize..).and_then(|rest| rest.get(..len as usize));
///     let Some(text) = text else { brisk::bail!("text out of bounds") };
///     printed.push_str(std::str::from_utf8(text)?);
///     Ok(())
/// })?;
/// let mut store = Store::new(linker.engine(), String::new());
/// let module = Module::new(linker.engine(), r#"(module
///     (import "host" "print" (func $print (param i32 i32)))
///     (memory (export "memory") 1)
///     (data (i32.const 8) "hello")
///     (func (export "run") (call $print (i32.const 8) (i32.const 5))))"#)?;
/// let instance = linker.instantiate(&mut store, &module)?;
/// instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
/// assert_eq!(store.data(), "hello");
/// # brisk::Result::<()>::Ok(())
/// ```
pub struct Caller<'a, T: 'static> {
    pub(crate) store: StoreContextMut<'a, T>,
    caller: HostCaller,
}

impl<'a, T: 'static> Caller<'a, T> {
    #[inline]
    pub(crate) fn new(store: &'a mut StoreInner<T>, caller: HostCaller) -> Caller<'a, T> {
        Caller { store: StoreContextMut(store), caller }
    }

    /// The same caller for a shorter time.
    #[inline]
    fn reborrow(&mut self) -> Caller<'_, T> {
        Caller { store: StoreContextMut(self.store.0), caller: self.caller }
    }

    fn instance(&self) -> Option<Instance> {
        self.caller.instance(self.store.0).map(Instance::from_handle)
    }

    /// An export of the instance that called; `None` if there is none of that name, or if the host itself
    /// called the function.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        let instance = self.instance()?;
        instance.export(self.store.0, name)
    }

    /// An export of the instance that called, found without its name.
    pub fn get_module_export(&mut self, export: &ModuleExport) -> Option<Extern> {
        let instance = self.instance()?;
        instance.get_module_export(&mut *self, export)
    }

    /// The embedder's data in the store.
    #[inline]
    pub fn data(&self) -> &T {
        self.store.0.data()
    }

    /// The embedder's data in the store.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        self.store.0.data_mut()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        self.store.0.engine()
    }

    /// When running code is stopped, so that a host function that waits can end in time; see
    /// [`Store::set_deadline`](crate::Store::set_deadline).
    pub fn deadline(&self) -> Option<Instant> {
        self.store.0.deadline()
    }

    /// See [`Store::get_fuel`](crate::Store::get_fuel).
    ///
    /// # Errors
    ///
    /// As for [`Store::get_fuel`](crate::Store::get_fuel).
    pub fn get_fuel(&self) -> Result<u64> {
        store::get_fuel(self.store.0)
    }

    /// See [`Store::set_fuel`](crate::Store::set_fuel).
    ///
    /// # Errors
    ///
    /// As for [`Store::set_fuel`](crate::Store::set_fuel).
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        store::set_fuel(self.store.0, fuel)
    }

    /// See [`Store::gc`](crate::Store::gc).
    ///
    /// # Errors
    ///
    /// None so far.
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        self.store.gc(why)
    }

    /// See [`Store::gc_heap_capacity`](crate::Store::gc_heap_capacity).
    pub fn gc_heap_capacity(&self) -> usize {
        self.store.0.heap_size()
    }
}

impl<T: 'static> AsContext for Caller<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.store.0)
    }
}

impl<T: 'static> AsContextMut for Caller<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(self.store.0)
    }
}

impl<'a, T: 'static> From<Caller<'a, T>> for StoreContextMut<'a, T> {
    fn from(caller: Caller<'a, T>) -> StoreContextMut<'a, T> {
        caller.store
    }
}

impl<T: 'static> fmt::Debug for Caller<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}

/// A closure that [`Func::wrap`] and [`Linker::func_wrap`](crate::Linker::func_wrap) take.
///
/// ```
/// use brisk::{IntoFunc, Linker, Result};
///
/// /// Defines a function under two names.
/// fn define_both<P, R>(linker: &mut Linker<()>, func: impl IntoFunc<(), P, R> + Clone) -> Result<()> {
///     linker.func_wrap("env", "name", func.clone())?.func_wrap("env", "_name", func)?;
///     Ok(())
/// }
///
/// define_both(&mut Linker::new(&Default::default()), |a: i32, b: i64| i64::from(a) + b)?;
/// # brisk::Result::<()>::Ok(())
/// ```
pub trait IntoFunc<T, Params, Results>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_func(self, engine: &Engine) -> HostFunc;
}

/// A closure with its types, called with its arguments as a tuple.
struct TypedCode<F, Params, Results> {
    func: F,
    _types: PhantomData<fn(Params) -> Results>,
}

impl<T, F, Params, Results> HostCode<T> for TypedCode<F, Params, Results>
where
    T: 'static,
    F: Fn(Caller<'_, T>, Params) -> Results + Send + Sync + 'static,
    Params: WasmTyList + 'static,
    Results: WasmRet + 'static,
{
    #[inline]
    fn slots(&self, _arg_slots: u32) -> usize {
        const { if Params::SLOTS > Results::SLOTS { Params::SLOTS } else { Results::SLOTS } }
    }

    #[inline]
    fn call(&self, caller: &mut Caller<'_, T>, mut slots: HostSlots<'_>) -> Result<()> {
        let params = Params::load(caller.store.0, &slots.args()[..Params::SLOTS]);
        let results = (self.func)(caller.reborrow(), params);
        results.store(caller.store.0, &mut slots.results()[..Results::SLOTS])
    }
}

fn wrap<T, F, Params, Results>(engine: &Engine, func: F) -> HostFunc
where
    T: 'static,
    F: Fn(Caller<'_, T>, Params) -> Results + Send + Sync + 'static,
    Params: WasmTyList + 'static,
    Results: WasmRet + 'static,
{
    let ty = Results::func_type(engine, Params::valtypes());
    host::new::<T, _>(ty, TypedCode { func, _types: PhantomData })
}

macro_rules! into_func {
    ($($name:ident)*) => {
        #[allow(non_snake_case)]
        impl<T, F, $($name,)* R> IntoFunc<T, ($($name,)*), R> for F
        where
            T: 'static,
            F: Fn($($name),*) -> R + Send + Sync + 'static,
            $($name: WasmTy + 'static,)*
            R: WasmRet + 'static,
        {
            fn into_func(self, engine: &Engine) -> HostFunc {
                wrap(engine, move |_: Caller<'_, T>, ($($name,)*): ($($name,)*)| self($($name),*))
            }
        }

        #[allow(non_snake_case)]
        impl<T, F, $($name,)* R> IntoFunc<T, (Caller<'_, T>, $($name,)*), R> for F
        where
            T: 'static,
            F: Fn(Caller<'_, T>, $($name),*) -> R + Send + Sync + 'static,
            $($name: WasmTy + 'static,)*
            R: WasmRet + 'static,
        {
            fn into_func(self, engine: &Engine) -> HostFunc {
                wrap(engine, move |caller: Caller<'_, T>, ($($name,)*): ($($name,)*)| self(caller, $($name),*))
            }
        }
    };
}

for_each_arity!(into_func);

/// A closure that takes values of any types.
struct UntypedCode<F> {
    func: F,
    params: Box<[brisk_module::ValType]>,
    results: Box<[brisk_module::ValType]>,
}

impl<T, F> HostCode<T> for UntypedCode<F>
where
    T: 'static,
    F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
{
    fn slots(&self, arg_slots: u32) -> usize {
        arg_slots as usize
    }

    fn call(&self, caller: &mut Caller<'_, T>, mut slots: HostSlots<'_>) -> Result<()> {
        // The store lends its buffer; a nested call finds an empty one and leaves the larger behind.
        let mut values = std::mem::take(&mut caller.store.0.values);
        let mut at = 0;
        for &ty in &self.params {
            let len = ty.slots() as usize;
            values.push(Val::load(caller.store.0, ty, &slots.args()[at..at + len]));
            at += len;
        }
        values.resize(self.params.len() + self.results.len(), Val::null_func_ref());
        let (params, results) = values.split_at_mut(self.params.len());
        (self.func)(caller.reborrow(), params, results)?;
        let store: &StoreOpaque = caller.store.0;
        let mut at = 0;
        for (&ty, result) in self.results.iter().zip(results) {
            let len = ty.slots() as usize;
            result
                .store(store, ty, &mut slots.results()[at..at + len])
                .context("function attempted to return an incompatible value")?;
            at += len;
        }
        values.clear();
        caller.store.0.values = values;
        Ok(())
    }
}

/// A host function whose type is known only at run time.
pub(crate) fn host_func_new<T: 'static>(
    engine: &Engine,
    ty: FuncType,
    func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> HostFunc {
    if check_engine(engine, ty.engine()).is_err() {
        panic!("the type of a host function is of another engine");
    }
    let (params, results) = (ty.canonical_params().collect(), ty.canonical_results().collect());
    host::new::<T, _>(ty, UntypedCode { func, params, results })
}
