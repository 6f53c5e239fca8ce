//! Values.

use crate::error::{Context, Result};
use crate::exnref::ExnRef;
use crate::func::Func;
use crate::refs::{AnyRef, ExternRef, Rooted};
use crate::store::AsContext;
use crate::types::{HeapType, RefType, ValType, canonical};
use crate::vm::store::StoreOpaque;
use crate::{WrongStore, bail, ensure};
use std::fmt;

/// A value of wasm code, of any type.
///
/// Floats are kept as their bits, so that no NaN is changed by passing it on.
///
/// ```
/// use brisk::Val;
///
/// let values = [Val::I32(1), Val::from(2_i64), Val::from(0.5_f32), Val::null_extern_ref()];
/// assert_eq!(values[1].unwrap_i64(), 2);
/// assert_eq!(values[2].f32(), Some(0.5));
/// assert_eq!(values[2].f64(), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Val {
    /// 32-bit integer.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// Bits of a 32-bit float.
    F32(u32),
    /// Bits of a 64-bit float.
    F64(u64),
    /// 128-bit vector.
    V128(V128),
    /// Reference to a function; `None` is null.
    FuncRef(Option<Func>),
    /// Reference to something of the host's; `None` is null.
    ExternRef(Option<Rooted<ExternRef>>),
    /// Reference to something of wasm code's; `None` is null.
    AnyRef(Option<Rooted<AnyRef>>),
    /// Reference to an exception; `None` is null.
    ExnRef(Option<Rooted<ExnRef>>),
}

macro_rules! accessors {
    ($($variant:ident($pattern:pat) $get:ident $unwrap:ident $ty:ty = $value:expr, $what:literal;)*) => {$(
        #[doc = concat!("The value, if it is ", $what, ".")]
        #[inline]
        pub fn $get(&self) -> Option<$ty> {
            if let Val::$variant($pattern) = self { Some($value) } else { None }
        }

        #[doc = concat!("The value.\n\n# Panics\n\nUnless it is ", $what, ".")]
        #[inline]
        pub fn $unwrap(&self) -> $ty {
            self.$get().expect(concat!("expected ", $what))
        }
    )*};
}

impl Val {
    accessors! {
        I32(value) i32 unwrap_i32 i32 = *value, "a 32-bit integer";
        I64(value) i64 unwrap_i64 i64 = *value, "a 64-bit integer";
        F32(bits) f32 unwrap_f32 f32 = f32::from_bits(*bits), "a 32-bit float";
        F64(bits) f64 unwrap_f64 f64 = f64::from_bits(*bits), "a 64-bit float";
        V128(value) v128 unwrap_v128 V128 = *value, "a 128-bit vector";
    }

    /// The null of a type.
    pub fn null_ref(heap_type: &HeapType) -> Val {
        Ref::null(heap_type).into()
    }

    /// The null function reference.
    pub const fn null_func_ref() -> Val {
        Val::FuncRef(None)
    }

    /// The null external reference.
    pub const fn null_extern_ref() -> Val {
        Val::ExternRef(None)
    }

    /// The null internal reference.
    pub const fn null_any_ref() -> Val {
        Val::AnyRef(None)
    }

    /// The null exception reference.
    pub const fn null_exn_ref() -> Val {
        Val::ExnRef(None)
    }

    /// Zero or null, as a local of the type begins; `None` if there is no such value.
    pub fn default_for_ty(ty: &ValType) -> Option<Val> {
        Some(match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(V128::from(0)),
            ValType::Ref(ty) if ty.is_nullable() => Val::null_ref(ty.heap_type()),
            ValType::Ref(_) => return None,
        })
    }

    /// The type, as precise as it is known.
    ///
    /// # Errors
    ///
    /// Fails if the value is of another store, or a reference whose scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<ValType> {
        Ok(match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::FuncRef(_) | Val::ExternRef(_) | Val::AnyRef(_) | Val::ExnRef(_) => {
                ValType::Ref(self.ref_().context("a reference")?.ty(store)?)
            }
        })
    }

    /// Whether the value is of a type.
    ///
    /// # Errors
    ///
    /// As for [`Val::ty`], and if the type is of another engine.
    pub fn matches_ty(&self, store: impl AsContext, ty: &ValType) -> Result<bool> {
        let store: &StoreOpaque = store.as_context().0;
        self.check_store(store)?;
        ensure!(ty.comes_from(store.engine()), "the type is of another engine than the store");
        let (actual, expected) = (self.canonical_ty(store)?, ty.canonical());
        Ok(canonical::val_matches(store.engine(), actual, expected))
    }

    /// The reference, if it is one.
    pub fn ref_(self) -> Option<Ref> {
        match self {
            Val::FuncRef(func) => Some(Ref::Func(func)),
            Val::ExternRef(value) => Some(Ref::Extern(value)),
            Val::AnyRef(value) => Some(Ref::Any(value)),
            Val::ExnRef(exception) => Some(Ref::Exn(exception)),
            _ => None,
        }
    }

    /// The function reference, if it is one; `Some(None)` is null.
    pub fn funcref(&self) -> Option<Option<&Func>> {
        if let Val::FuncRef(func) = self { Some(func.as_ref()) } else { None }
    }

    /// The function; `None` is null.
    ///
    /// # Panics
    ///
    /// Unless it is a function reference.
    pub fn unwrap_funcref(&self) -> Option<&Func> {
        self.funcref().expect("expected a function reference")
    }

    /// The external reference, if it is one; `Some(None)` is null.
    pub fn externref(&self) -> Option<Option<&Rooted<ExternRef>>> {
        if let Val::ExternRef(value) = self { Some(value.as_ref()) } else { None }
    }

    /// The external reference; `None` is null.
    ///
    /// # Panics
    ///
    /// Unless it is an external reference.
    pub fn unwrap_externref(&self) -> Option<&Rooted<ExternRef>> {
        self.externref().expect("expected an external reference")
    }

    /// The internal reference, if it is one; `Some(None)` is null.
    pub fn anyref(&self) -> Option<Option<&Rooted<AnyRef>>> {
        if let Val::AnyRef(value) = self { Some(value.as_ref()) } else { None }
    }

    /// The internal reference; `None` is null.
    ///
    /// # Panics
    ///
    /// Unless it is an internal reference.
    pub fn unwrap_anyref(&self) -> Option<&Rooted<AnyRef>> {
        self.anyref().expect("expected an internal reference")
    }

    /// The exception reference, if it is one; `Some(None)` is null.
    pub fn exnref(&self) -> Option<Option<&Rooted<ExnRef>>> {
        if let Val::ExnRef(exception) = self { Some(exception.as_ref()) } else { None }
    }

    /// The exception reference; `None` is null.
    ///
    /// # Panics
    ///
    /// Unless it is an exception reference.
    pub fn unwrap_exnref(&self) -> Option<&Rooted<ExnRef>> {
        self.exnref().expect("expected an exception reference")
    }

    /// Fails if the value is of another store.
    fn check_store(&self, store: &StoreOpaque) -> Result<()> {
        let own = match self {
            Val::FuncRef(Some(func)) => func.handle().belongs_to(store),
            Val::ExternRef(Some(value)) => value.handle().belongs_to(store),
            Val::AnyRef(Some(value)) => value.handle().belongs_to(store),
            Val::ExnRef(Some(exception)) => exception.handle().belongs_to(store),
            _ => true,
        };
        if own { Ok(()) } else { Err(WrongStore.into()) }
    }

    /// The type, as precise as it is known.
    fn canonical_ty(&self, store: &StoreOpaque) -> Result<brisk_module::ValType> {
        use brisk_module::{HeapType as H, RefType, TypeIndex, ValType as V};
        let heap = match self {
            Val::I32(_) => return Ok(V::I32),
            Val::I64(_) => return Ok(V::I64),
            Val::F32(_) => return Ok(V::F32),
            Val::F64(_) => return Ok(V::F64),
            Val::V128(_) => return Ok(V::V128),
            Val::FuncRef(Some(func)) => H::Concrete(TypeIndex(func.handle().get(store)?.type_id)),
            Val::FuncRef(None) => H::NoFunc,
            Val::ExternRef(Some(_)) => H::Extern,
            Val::ExternRef(None) => H::NoExtern,
            Val::AnyRef(Some(_)) => H::Any,
            Val::AnyRef(None) => H::None,
            Val::ExnRef(Some(_)) => H::Exn,
            Val::ExnRef(None) => H::NoExn,
        };
        Ok(V::Ref(RefType { nullable: self.is_null(), heap }))
    }

    fn is_null(&self) -> bool {
        matches!(self, Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None))
    }

    /// Writes the value to its slots, after a check that it is of a type and of the store.
    pub(crate) fn store(
        &self,
        store: &StoreOpaque,
        ty: brisk_module::ValType,
        slots: &mut [u64],
    ) -> Result<()> {
        use brisk_module::ValType as V;
        let slot = match (self, ty) {
            (Val::I32(value), V::I32) => u64::from(*value as u32),
            (Val::I64(value), V::I64) => *value as u64,
            (Val::F32(bits), V::F32) => u64::from(*bits),
            (Val::F64(bits), V::F64) => *bits,
            (Val::V128(value), V::V128) => {
                slots[..2].copy_from_slice(&value.0);
                return Ok(());
            }
            _ => {
                self.check_store(store)?;
                let actual = self.canonical_ty(store)?;
                if !canonical::val_matches(store.engine(), actual, ty) {
                    let engine = store.engine();
                    let [actual, ty] = [actual, ty].map(|ty| ValType::from_canonical(engine, ty));
                    bail!("expected a value of type `{ty}`, got one of type `{actual}`");
                }
                match self {
                    Val::FuncRef(Some(func)) => func.reference(store)?,
                    Val::ExternRef(Some(value)) => store.reference(value.handle())?,
                    Val::AnyRef(Some(value)) => store.reference(value.handle())?,
                    Val::ExnRef(Some(exception)) => store.reference(exception.handle())?,
                    _ => 0,
                }
            }
        };
        slots[0] = slot;
        Ok(())
    }

    /// The value of a type that stands in its slots.
    pub(crate) fn load(store: &mut StoreOpaque, ty: brisk_module::ValType, slots: &[u64]) -> Val {
        use brisk_module::{HeapType as H, ValType as V};
        let slot = slots[0];
        match ty {
            V::I32 => Val::I32(slot as i32),
            V::I64 => Val::I64(slot as i64),
            V::F32 => Val::F32(slot as u32),
            V::F64 => Val::F64(slot),
            V::V128 => Val::V128(V128([slot, slots[1]])),
            V::Ref(ty) => match canonical::top(ty.heap) {
                H::Func => Val::FuncRef(Func::from_reference(store, slot)),
                H::Extern => Val::ExternRef(store.root(slot).map(Rooted::new)),
                H::Exn => Val::ExnRef(store.root(slot).map(Rooted::new)),
                _ => Val::AnyRef(store.root(slot).map(Rooted::new)),
            },
        }
    }
}

/// A reference of any type.
///
/// ```
/// use brisk::{HeapType, Ref};
///
/// let null = Ref::null(&HeapType::Extern);
/// assert!(null.is_null() && null.is_extern());
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Ref {
    /// To a function; `None` is null.
    Func(Option<Func>),
    /// To something of the host's; `None` is null.
    Extern(Option<Rooted<ExternRef>>),
    /// To something of wasm code's; `None` is null.
    Any(Option<Rooted<AnyRef>>),
    /// To an exception; `None` is null.
    Exn(Option<Rooted<ExnRef>>),
}

macro_rules! ref_accessors {
    ($($variant:ident $is:ident $get:ident $unwrap:ident $ty:ty, $what:literal;)*) => {$(
        #[doc = concat!("Whether it is ", $what, ", or null of that kind.")]
        pub fn $is(&self) -> bool {
            matches!(self, Ref::$variant(_))
        }

        #[doc = concat!("The reference, if it is ", $what, "; `Some(None)` is null.")]
        pub fn $get(&self) -> Option<Option<&$ty>> {
            if let Ref::$variant(value) = self { Some(value.as_ref()) } else { None }
        }

        #[doc = concat!("The reference; `None` is null.\n\n# Panics\n\nUnless it is ", $what, ".")]
        pub fn $unwrap(&self) -> Option<&$ty> {
            self.$get().expect(concat!("expected ", $what))
        }
    )*};
}

impl Ref {
    ref_accessors! {
        Func is_func as_func unwrap_func Func, "a function reference";
        Extern is_extern as_extern unwrap_extern Rooted<ExternRef>, "an external reference";
        Any is_any as_any unwrap_any Rooted<AnyRef>, "an internal reference";
        Exn is_exn as_exn unwrap_exn Rooted<ExnRef>, "an exception reference";
    }

    /// The null of a type.
    pub fn null(heap_type: &HeapType) -> Ref {
        match heap_type.top() {
            HeapType::Func => Ref::Func(None),
            HeapType::Extern => Ref::Extern(None),
            HeapType::Exn => Ref::Exn(None),
            _ => Ref::Any(None),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Func(None) | Ref::Extern(None) | Ref::Any(None) | Ref::Exn(None))
    }

    /// Whether it is not null.
    pub fn is_non_null(&self) -> bool {
        !self.is_null()
    }

    /// The type, as precise as it is known.
    ///
    /// # Errors
    ///
    /// As for [`Val::ty`].
    pub fn ty(&self, store: impl AsContext) -> Result<RefType> {
        let store: &StoreOpaque = store.as_context().0;
        let value = Val::from(*self);
        value.check_store(store)?;
        let ty = ValType::from_canonical(store.engine(), value.canonical_ty(store)?);
        Ok(ty.unwrap_ref().clone())
    }

    /// Whether it is of a type.
    ///
    /// # Errors
    ///
    /// As for [`Val::matches_ty`].
    pub fn matches_ty(&self, store: impl AsContext, ty: &RefType) -> Result<bool> {
        Val::from(*self).matches_ty(store, &ValType::Ref(ty.clone()))
    }

    /// The reference as it stands in a slot, after a check that it is of a type and of the store.
    pub(crate) fn to_slot(self, store: &StoreOpaque, ty: brisk_module::RefType) -> Result<u64> {
        let mut slot = [0];
        Val::from(self).store(store, brisk_module::ValType::Ref(ty), &mut slot)?;
        Ok(slot[0])
    }

    /// The reference of a type that stands in a slot.
    pub(crate) fn from_slot(store: &mut StoreOpaque, ty: brisk_module::RefType, slot: u64) -> Ref {
        match Val::load(store, brisk_module::ValType::Ref(ty), &[slot]) {
            Val::FuncRef(func) => Ref::Func(func),
            Val::ExternRef(value) => Ref::Extern(value),
            Val::ExnRef(exception) => Ref::Exn(exception),
            Val::AnyRef(value) => Ref::Any(value),
            _ => unreachable!("values of reference types are references"),
        }
    }
}

/// A 128-bit vector.
///
/// ```
/// use brisk::V128;
///
/// assert_eq!(V128::from(7).as_u128(), 7);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct V128(pub(crate) [u64; 2]);

impl V128 {
    /// The bits, lane 0 lowest.
    pub fn as_u128(&self) -> u128 {
        u128::from(self.0[0]) | u128::from(self.0[1]) << 64
    }
}

impl From<u128> for V128 {
    fn from(bits: u128) -> V128 {
        V128([bits as u64, (bits >> 64) as u64])
    }
}

impl From<V128> for u128 {
    fn from(value: V128) -> u128 {
        value.as_u128()
    }
}

impl fmt::Debug for V128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V128({:#034x})", self.as_u128())
    }
}

macro_rules! conversions {
    ($($target:ident: $ty:ty, $value:ident => $make:expr;)*) => {$(
        impl From<$ty> for $target {
            #[inline]
            fn from($value: $ty) -> $target {
                $make
            }
        }
    )*};
}

conversions! {
    Val: i32, value => Val::I32(value);
    Val: i64, value => Val::I64(value);
    Val: f32, value => Val::F32(value.to_bits());
    Val: f64, value => Val::F64(value.to_bits());
    Val: u128, value => Val::V128(value.into());
    Val: V128, value => Val::V128(value);
    Val: Func, func => Val::FuncRef(Some(func));
    Val: Option<Func>, func => Val::FuncRef(func);
    Val: Rooted<ExternRef>, value => Val::ExternRef(Some(value));
    Val: Option<Rooted<ExternRef>>, value => Val::ExternRef(value);
    Val: Rooted<AnyRef>, value => Val::AnyRef(Some(value));
    Val: Option<Rooted<AnyRef>>, value => Val::AnyRef(value);
    Val: Rooted<ExnRef>, value => Val::ExnRef(Some(value));
    Val: Option<Rooted<ExnRef>>, value => Val::ExnRef(value);
    Ref: Func, func => Ref::Func(Some(func));
    Ref: Option<Func>, func => Ref::Func(func);
    Ref: Rooted<ExternRef>, value => Ref::Extern(Some(value));
    Ref: Option<Rooted<ExternRef>>, value => Ref::Extern(value);
    Ref: Rooted<AnyRef>, value => Ref::Any(Some(value));
    Ref: Option<Rooted<AnyRef>>, value => Ref::Any(value);
    Ref: Rooted<ExnRef>, value => Ref::Exn(Some(value));
    Ref: Option<Rooted<ExnRef>>, value => Ref::Exn(value);
}

impl From<Ref> for Val {
    fn from(value: Ref) -> Val {
        match value {
            Ref::Func(func) => Val::FuncRef(func),
            Ref::Extern(value) => Val::ExternRef(value),
            Ref::Any(value) => Val::AnyRef(value),
            Ref::Exn(exception) => Val::ExnRef(exception),
        }
    }
}
