//! Functions whose types are known when the host program is compiled.

use crate::bail;
use crate::engine::Engine;
use crate::error::{Context, Result};
use crate::exnref::ExnRef;
use crate::func::Func;
use crate::refs::{AnyRef, ExternRef, GcRef, OwnedRooted, Rooted};
use crate::store::AsContextMut;
use crate::types::{FuncType, HeapType, RefType, ValType, canonical};
use crate::val::V128;
use crate::vm::call;
use crate::vm::store::StoreOpaque;
use std::fmt;
use std::marker::PhantomData;

/// A function whose parameters and results are known to have the given types; calls of it check
/// nothing and are the fastest.
///
/// Made by [`Func::typed`] and [`Instance::get_typed_func`](crate::Instance::get_typed_func).
///
/// ```
/// use brisk::{Instance, Module, Store};
///
/// let mut store = Store::<()>::default();
/// let module = Module::new(store.engine(), r#"(module
///     (func (export "divide") (param i32 i32) (result i32 i32)
///         (i32.div_u (local.get 0) (local.get 1))
///         (i32.rem_u (local.get 0) (local.get 1))))"#)?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let divide = instance.get_typed_func::<(u32, u32), (u32, u32)>(&mut store, "divide")?;
/// assert_eq!(divide.call(&mut store, (23, 5))?, (4, 3));
/// assert!(divide.call(&mut store, (1, 0)).is_err());
/// # brisk::Result::<()>::Ok(())
/// ```
pub struct TypedFunc<Params, Results> {
    func: Func,
    /// Whether a parameter is of a defined type, which the host's types cannot express: arguments are then
    /// checked by each call.
    checked: bool,
    _types: PhantomData<fn(Params) -> Results>,
}

impl<Params, Results> Clone for TypedFunc<Params, Results> {
    fn clone(&self) -> TypedFunc<Params, Results> {
        TypedFunc { func: self.func, checked: self.checked, _types: PhantomData }
    }
}

impl<Params, Results> fmt::Debug for TypedFunc<Params, Results> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedFunc").field("func", &self.func).finish()
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    /// The function with a type, after a check that it is of that type.
    pub(crate) fn new(store: &StoreOpaque, func: Func) -> Result<TypedFunc<Params, Results>> {
        let ty = func.ty_(store)?;
        let engine = store.engine();
        Params::typecheck(engine, ty.params(), TypeCheckPosition::Param)
            .context("type mismatch with parameters")?;
        Results::typecheck(engine, ty.results(), TypeCheckPosition::Result)
            .context("type mismatch with results")?;
        let checked = ty.canonical_params().any(|ty| concrete(ty).is_some());
        Ok(TypedFunc { func, checked, _types: PhantomData })
    }

    /// The function without its type.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Calls the function.
    ///
    /// # Errors
    ///
    /// Fails if the function traps, throws, or a host function that it calls fails: see
    /// [`Func::call`]. Also with another store, or arguments of another store.
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: Params) -> Result<Results> {
        let store: &mut StoreOpaque = store.as_context_mut().0;
        self.func.handle().check(store)?;
        let checked = self.checked;
        let slots = const { if Params::SLOTS > Results::SLOTS { Params::SLOTS } else { Results::SLOTS } };
        call::invoke(
            store,
            self.func.handle(),
            slots,
            |store, slots| {
                params.store(store, &mut slots[..Params::SLOTS])?;
                if checked { check_defined_types(store, self.func, slots) } else { Ok(()) }
            },
            |store, slots| Results::load(store, &slots[..Results::SLOTS]),
        )
    }
}

fn concrete(ty: brisk_module::ValType) -> Option<(bool, u32)> {
    use brisk_module::{HeapType, RefType, ValType};
    match ty {
        ValType::Ref(RefType { nullable, heap: HeapType::Concrete(id) }) => Some((nullable, id.0)),
        _ => None,
    }
}

/// Checks arguments for parameters of defined types.
#[cold]
fn check_defined_types(store: &StoreOpaque, func: Func, slots: &[u64]) -> Result<()> {
    let engine = store.engine();
    let ty = func.ty_(store)?;
    let mut at = 0;
    for param in ty.canonical_params() {
        if let Some((nullable, expected)) = concrete(param) {
            let fits = match store.func(slots[at]) {
                None => nullable,
                Some(func) => engine.is_subtype(func.get(store)?.type_id, expected),
            };
            if !fits {
                bail!("an argument is not of type `{}`", ValType::from_canonical(engine, param));
            }
        }
        at += param.slots() as usize;
    }
    Ok(())
}

mod sealed {
    pub trait Sealed {}
    pub trait SealedList {}
}

/// Whether a type stands for a parameter or for a result.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypeCheckPosition {
    /// What the host passes.
    Param,
    /// What the host receives.
    Result,
}

/// A type of the host that stands for a wasm type: `i32`, `u32`, `i64`, `u64`, `f32`, `f64`, [`V128`],
/// [`Func`], [`Rooted`] or [`OwnedRooted`] references, and `Option`s of references for types that include null.
///
/// ```
/// use brisk::{AsContextMut, Func, Result, Store, WasmTy};
///
/// /// Whatever is given comes back.
/// fn same<T: WasmTy + 'static>(mut store: impl AsContextMut<Data = ()>, value: T) -> Result<T> {
///     let func = Func::wrap(&mut store, |value: T| value);
///     func.typed::<T, T>(&store)?.call(&mut store, value)
/// }
///
/// let mut store = Store::default();
/// assert_eq!(same(&mut store, u64::MAX)?, u64::MAX);
/// assert!(same(&mut store, f32::NAN)?.is_nan());
/// # brisk::Result::<()>::Ok(())
/// ```
pub trait WasmTy: sealed::Sealed + Send + Sized {
    /// Slots that a value takes.
    #[doc(hidden)]
    const SLOTS: usize;
    #[doc(hidden)]
    fn valtype() -> ValType;
    /// Writes the value to its slots.
    #[doc(hidden)]
    fn store(self, store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()>;
    /// The value that stands in its slots.
    #[doc(hidden)]
    fn load(store: &mut StoreOpaque, slots: &[u64]) -> Self;

    #[doc(hidden)]
    fn typecheck(engine: &Engine, actual: ValType, position: TypeCheckPosition) -> Result<()> {
        let own = Self::valtype();
        let (own_ty, actual_ty) = (own.canonical(), actual.canonical());
        let fits = match position {
            TypeCheckPosition::Result => canonical::val_matches(engine, actual_ty, own_ty),
            // A parameter of a defined type takes what calls find to be of it.
            TypeCheckPosition::Param => match (own_ty, concrete(actual_ty)) {
                (brisk_module::ValType::Ref(own), Some(_)) => canonical::is_func(own),
                _ => canonical::val_matches(engine, own_ty, actual_ty),
            },
        };
        if !fits {
            bail!("type mismatch: expected {own}, found {actual}");
        }
        Ok(())
    }
}

macro_rules! numeric_types {
    ($($ty:ty: $val:ident, $value:ident => $to:expr, $slot:ident => $from:expr;)*) => {$(
        impl sealed::Sealed for $ty {}
        impl WasmTy for $ty {
            const SLOTS: usize = 1;

            #[inline]
            fn valtype() -> ValType {
                ValType::$val
            }

            #[inline]
            fn store(self, _store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()> {
                let $value = self;
                slots[0] = $to;
                Ok(())
            }

            #[inline]
            fn load(_store: &mut StoreOpaque, slots: &[u64]) -> $ty {
                let $slot = slots[0];
                $from
            }
        }
    )*};
}

numeric_types! {
    i32: I32, value => u64::from(value as u32), slot => slot as i32;
    u32: I32, value => u64::from(value), slot => slot as u32;
    i64: I64, value => value as u64, slot => slot as i64;
    u64: I64, value => value, slot => slot;
    f32: F32, value => u64::from(value.to_bits()), slot => f32::from_bits(slot as u32);
    f64: F64, value => value.to_bits(), slot => f64::from_bits(slot);
}

impl sealed::Sealed for V128 {}
impl WasmTy for V128 {
    const SLOTS: usize = 2;

    #[inline]
    fn valtype() -> ValType {
        ValType::V128
    }

    #[inline]
    fn store(self, _store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()> {
        slots[..2].copy_from_slice(&self.0);
        Ok(())
    }

    #[inline]
    fn load(_store: &mut StoreOpaque, slots: &[u64]) -> V128 {
        V128([slots[0], slots[1]])
    }
}

/// A reference that is not null, as a host type.
trait Reference: Send + Sized {
    /// Its heap type.
    const HEAP: HeapType;
    /// The reference as it stands in a slot.
    fn to_slot(self, store: &mut StoreOpaque) -> Result<u64>;
    /// The reference in a slot; `None` for null.
    fn from_slot(store: &mut StoreOpaque, slot: u64) -> Option<Self>;
}

impl Reference for Func {
    const HEAP: HeapType = HeapType::Func;

    #[inline]
    fn to_slot(self, store: &mut StoreOpaque) -> Result<u64> {
        Ok(self.reference(store)?)
    }

    #[inline]
    fn from_slot(store: &mut StoreOpaque, slot: u64) -> Option<Func> {
        Func::from_reference(store, slot)
    }
}

/// The heap type of all objects of a kind.
trait Top: GcRef {
    const TOP: HeapType;
}

impl Top for ExternRef {
    const TOP: HeapType = HeapType::Extern;
}

impl Top for AnyRef {
    const TOP: HeapType = HeapType::Any;
}

impl Top for ExnRef {
    const TOP: HeapType = HeapType::Exn;
}

impl<T: Top + Send> Reference for Rooted<T> {
    const HEAP: HeapType = T::TOP;

    fn to_slot(self, store: &mut StoreOpaque) -> Result<u64> {
        store.reference(self.handle())
    }

    fn from_slot(store: &mut StoreOpaque, slot: u64) -> Option<Rooted<T>> {
        store.root(slot).map(Rooted::new)
    }
}

impl<T: Top + Send> Reference for OwnedRooted<T> {
    const HEAP: HeapType = T::TOP;

    fn to_slot(self, store: &mut StoreOpaque) -> Result<u64> {
        store.reference(self.handle())
    }

    fn from_slot(store: &mut StoreOpaque, slot: u64) -> Option<OwnedRooted<T>> {
        OwnedRooted::from_reference(store, slot)
    }
}

macro_rules! reference_types {
    ($($ty:ty)*) => {$(
        impl sealed::Sealed for $ty {}
        impl WasmTy for $ty {
            const SLOTS: usize = 1;

            #[inline]
            fn valtype() -> ValType {
                ValType::Ref(RefType::new(false, <$ty as Reference>::HEAP))
            }

            #[inline]
            fn store(self, store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()> {
                slots[0] = self.to_slot(store)?;
                Ok(())
            }

            #[inline]
            fn load(store: &mut StoreOpaque, slots: &[u64]) -> $ty {
                match Reference::from_slot(store, slots[0]) {
                    Some(value) => value,
                    None => unreachable!("a value of a type without null is not null"),
                }
            }
        }

        impl sealed::Sealed for Option<$ty> {}
        impl WasmTy for Option<$ty> {
            const SLOTS: usize = 1;

            #[inline]
            fn valtype() -> ValType {
                ValType::Ref(RefType::new(true, <$ty as Reference>::HEAP))
            }

            #[inline]
            fn store(self, store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()> {
                slots[0] = match self {
                    Some(value) => value.to_slot(store)?,
                    None => 0,
                };
                Ok(())
            }

            #[inline]
            fn load(store: &mut StoreOpaque, slots: &[u64]) -> Option<$ty> {
                Reference::from_slot(store, slots[0])
            }
        }
    )*};
}

reference_types! {
    Func
    Rooted<ExternRef> OwnedRooted<ExternRef>
    Rooted<AnyRef> OwnedRooted<AnyRef>
    Rooted<ExnRef> OwnedRooted<ExnRef>
}

/// Parameters of a [`TypedFunc`]: a [`WasmTy`], or a tuple of them.
///
/// ```
/// use brisk::{AsContextMut, Func, Result, Store, WasmParams};
///
/// fn run<P: WasmParams>(mut store: impl AsContextMut, func: Func, params: P) -> Result<i32> {
///     func.typed::<P, i32>(&store)?.call(&mut store, params)
/// }
///
/// let mut store = Store::<()>::default();
/// let half = Func::wrap(&mut store, |a: i32| a / 2);
/// let sum = Func::wrap(&mut store, |a: i32, b: i32| a + b);
/// assert_eq!(run(&mut store, half, 6)?, 3);
/// assert_eq!(run(&mut store, sum, (1, 2))?, 3);
/// # brisk::Result::<()>::Ok(())
/// ```
pub trait WasmParams: sealed::SealedList + Send + Sized {
    /// Slots that the values take together.
    #[doc(hidden)]
    const SLOTS: usize;
    #[doc(hidden)]
    fn typecheck(
        engine: &Engine,
        types: impl ExactSizeIterator<Item = ValType>,
        position: TypeCheckPosition,
    ) -> Result<()>;
    #[doc(hidden)]
    fn store(self, store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()>;
}

/// Results of a [`TypedFunc`]: a [`WasmTy`], or a tuple of them.
///
/// ```
/// use brisk::{AsContextMut, Func, Result, Store, WasmResults};
///
/// fn get<R: WasmResults>(mut store: impl AsContextMut, func: Func) -> Result<R> {
///     func.typed::<(), R>(&store)?.call(&mut store, ())
/// }
///
/// let mut store = Store::<()>::default();
/// let pair = Func::wrap(&mut store, || (1, 2.5));
/// assert_eq!(get::<(i32, f64)>(&mut store, pair)?, (1, 2.5));
/// assert!(get::<i32>(&mut store, pair).is_err());
/// # brisk::Result::<()>::Ok(())
/// ```
pub trait WasmResults: WasmParams {
    #[doc(hidden)]
    fn load(store: &mut StoreOpaque, slots: &[u64]) -> Self;
}

/// A tuple of types that a host function takes.
pub(crate) trait WasmTyList: WasmResults {
    fn valtypes() -> impl Iterator<Item = ValType>;
}

/// What a host function made by [`Func::wrap`] returns: nothing, a [`WasmTy`], a tuple of them, or a [`Result`]
/// of one of these.
///
/// ```
/// use brisk::{Func, Result, Store, WasmRet};
///
/// fn constant<R: WasmRet + 'static>(store: &mut Store<()>, make: fn() -> R) -> usize {
///     Func::wrap(&mut *store, make).ty(&*store).results().len()
/// }
///
/// let mut store = Store::default();
/// assert_eq!(constant(&mut store, || ()), 0);
/// assert_eq!(constant(&mut store, || 1.5), 1);
/// assert_eq!(constant(&mut store, || Ok((1, 2))), 2);
/// ```
pub trait WasmRet: sealed::SealedList {
    #[doc(hidden)]
    const SLOTS: usize;
    #[doc(hidden)]
    fn func_type(engine: &Engine, params: impl IntoIterator<Item = ValType>) -> FuncType;
    #[doc(hidden)]
    fn store(self, store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()>;
}

impl<T: WasmTy> sealed::SealedList for T {}

impl<T: WasmTy> WasmParams for T {
    const SLOTS: usize = T::SLOTS;

    fn typecheck(
        engine: &Engine,
        types: impl ExactSizeIterator<Item = ValType>,
        position: TypeCheckPosition,
    ) -> Result<()> {
        <(T,) as WasmParams>::typecheck(engine, types, position)
    }

    #[inline]
    fn store(self, store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()> {
        WasmTy::store(self, store, slots)
    }
}

impl<T: WasmTy> WasmResults for T {
    #[inline]
    fn load(store: &mut StoreOpaque, slots: &[u64]) -> T {
        WasmTy::load(store, slots)
    }
}

impl<T: WasmTy> WasmRet for T {
    const SLOTS: usize = T::SLOTS;

    fn func_type(engine: &Engine, params: impl IntoIterator<Item = ValType>) -> FuncType {
        FuncType::new(engine, params, [T::valtype()])
    }

    #[inline]
    fn store(self, store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()> {
        WasmTy::store(self, store, slots)
    }
}

impl<R: WasmRet> sealed::SealedList for Result<R> {}

impl<R: WasmRet> WasmRet for Result<R> {
    const SLOTS: usize = R::SLOTS;

    fn func_type(engine: &Engine, params: impl IntoIterator<Item = ValType>) -> FuncType {
        R::func_type(engine, params)
    }

    #[inline]
    fn store(self, store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()> {
        self?.store(store, slots)
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: WasmTy,)*> sealed::SealedList for ($($name,)*) {}

        #[allow(non_snake_case, unused_variables, unused_mut, unused_assignments)]
        impl<$($name: WasmTy,)*> WasmParams for ($($name,)*) {
            const SLOTS: usize = 0 $(+ <$name as WasmTy>::SLOTS)*;

            fn typecheck(
                engine: &Engine, mut types: impl ExactSizeIterator<Item = ValType>, position: TypeCheckPosition,
            ) -> Result<()> {
                const COUNT: usize = 0 $(+ { let $name = 1; $name })*;
                if types.len() != COUNT {
                    bail!("expected {COUNT} types, found {}", types.len());
                }
                $(
                    let Some(ty) = types.next() else { bail!("expected {COUNT} types") };
                    <$name as WasmTy>::typecheck(engine, ty, position)?;
                )*
                Ok(())
            }

            #[inline]
            fn store(self, store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()> {
                let ($($name,)*) = self;
                let mut at = 0;
                $(
                    WasmTy::store($name, store, &mut slots[at..at + <$name as WasmTy>::SLOTS])?;
                    at += <$name as WasmTy>::SLOTS;
                )*
                Ok(())
            }
        }

        #[allow(non_snake_case, unused_variables, unused_mut, unused_assignments, clippy::unused_unit)]
        impl<$($name: WasmTy,)*> WasmResults for ($($name,)*) {
            #[inline]
            fn load(store: &mut StoreOpaque, slots: &[u64]) -> Self {
                let mut at = 0;
                $(
                    let $name = <$name as WasmTy>::load(store, &slots[at..at + <$name as WasmTy>::SLOTS]);
                    at += <$name as WasmTy>::SLOTS;
                )*
                ($($name,)*)
            }
        }

        impl<$($name: WasmTy,)*> WasmTyList for ($($name,)*) {
            fn valtypes() -> impl Iterator<Item = ValType> {
                [$(<$name as WasmTy>::valtype()),*].into_iter()
            }
        }

        impl<$($name: WasmTy,)*> WasmRet for ($($name,)*) {
            const SLOTS: usize = <Self as WasmParams>::SLOTS;

            fn func_type(engine: &Engine, params: impl IntoIterator<Item = ValType>) -> FuncType {
                FuncType::new(engine, params, <Self as WasmTyList>::valtypes())
            }

            #[inline]
            fn store(self, store: &mut StoreOpaque, slots: &mut [u64]) -> Result<()> {
                WasmParams::store(self, store, slots)
            }
        }
    };
}

/// Calls a macro with each list of up to 17 names.
macro_rules! for_each_arity {
    ($macro:ident) => {
        for_each_arity! { @ $macro [] A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16 A17 }
    };
    (@ $macro:ident [$($name:ident)*]) => {
        $macro! { $($name)* }
    };
    (@ $macro:ident [$($name:ident)*] $next:ident $($more:ident)*) => {
        $macro! { $($name)* }
        for_each_arity! { @ $macro [$($name)* $next] $($more)* }
    };
}
pub(crate) use for_each_arity;

for_each_arity!(tuples);
