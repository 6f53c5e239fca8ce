//! Types as an embedder sees them. They hold what they refer to, so that a type can outlive the module
//! that it comes from.

pub(crate) mod canonical;
mod entity;
mod external;
mod func;

pub use entity::{GlobalType, MemoryType, MemoryTypeBuilder, TableType};
pub use external::{ExportType, ExternType, ImportType};
pub use func::{ExnType, FuncType, TagType};

use crate::{Engine, Val};
use brisk_module::TypeIndex;
use std::fmt;

/// Whether a global can be assigned.
///
/// ```
/// assert!(brisk::Mutability::Var.is_var());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mutability {
    /// It cannot.
    Const,
    /// It can.
    Var,
}

impl Mutability {
    /// Whether this is [`Mutability::Const`].
    pub fn is_const(&self) -> bool {
        *self == Mutability::Const
    }

    /// Whether this is [`Mutability::Var`].
    pub fn is_var(&self) -> bool {
        *self == Mutability::Var
    }
}

/// Whether a defined type may have subtypes.
///
/// ```
/// assert!(brisk::Finality::Final.is_final());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Finality {
    /// It may not.
    Final,
    /// It may.
    NonFinal,
}

impl Finality {
    /// Whether this is [`Finality::Final`].
    pub fn is_final(&self) -> bool {
        *self == Finality::Final
    }

    /// Whether this is [`Finality::NonFinal`].
    pub fn is_non_final(&self) -> bool {
        *self == Finality::NonFinal
    }
}

/// Type of a value.
///
/// `PartialEq` is left out: mostly, a type is asked whether it [matches](ValType::matches) another,
/// and where it must be the very same, there is [`ValType::eq`].
///
/// ```
/// use brisk::ValType;
///
/// assert!(ValType::I32.is_num());
/// assert!(ValType::NULLFUNCREF.matches(&ValType::FUNCREF));
/// assert!(!ValType::EXTERNREF.matches(&ValType::FUNCREF));
/// assert_eq!(ValType::V128.to_string(), "v128");
/// ```
#[derive(Clone, Hash)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// Reference.
    Ref(RefType),
}

macro_rules! ref_constants {
    ($($name:ident $heap:ident $text:literal;)*) => {
        impl ValType {
            $(#[doc = concat!("`", $text, "`, a reference that may be null.")] pub const $name: ValType = ValType::Ref(RefType::$name);)*
        }
        impl RefType {
            $(#[doc = concat!("`", $text, "`, a reference that may be null.")] pub const $name: RefType = RefType { nullable: true, heap: HeapType::$heap };)*
        }
    };
}

ref_constants! {
    EXTERNREF Extern "externref";
    NULLEXTERNREF NoExtern "nullexternref";
    FUNCREF Func "funcref";
    NULLFUNCREF NoFunc "nullfuncref";
    ANYREF Any "anyref";
    EQREF Eq "eqref";
    I31REF I31 "i31ref";
    STRUCTREF Struct "structref";
    ARRAYREF Array "arrayref";
    NULLREF None "nullref";
    EXNREF Exn "exnref";
    NULLEXNREF NoExn "nullexnref";
}

impl ValType {
    /// Whether values of the type are numbers.
    pub fn is_num(&self) -> bool {
        matches!(self, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64)
    }

    /// Whether this is [`ValType::I32`].
    pub fn is_i32(&self) -> bool {
        matches!(self, ValType::I32)
    }

    /// Whether this is [`ValType::I64`].
    pub fn is_i64(&self) -> bool {
        matches!(self, ValType::I64)
    }

    /// Whether this is [`ValType::F32`].
    pub fn is_f32(&self) -> bool {
        matches!(self, ValType::F32)
    }

    /// Whether this is [`ValType::F64`].
    pub fn is_f64(&self) -> bool {
        matches!(self, ValType::F64)
    }

    /// Whether this is [`ValType::V128`].
    pub fn is_v128(&self) -> bool {
        matches!(self, ValType::V128)
    }

    /// Whether values of the type are references.
    pub fn is_ref(&self) -> bool {
        matches!(self, ValType::Ref(_))
    }

    /// Whether this is [`ValType::FUNCREF`].
    pub fn is_funcref(&self) -> bool {
        matches!(self, ValType::Ref(RefType { nullable: true, heap: HeapType::Func }))
    }

    /// Whether this is [`ValType::EXTERNREF`].
    pub fn is_externref(&self) -> bool {
        matches!(self, ValType::Ref(RefType { nullable: true, heap: HeapType::Extern }))
    }

    /// Whether this is [`ValType::ANYREF`].
    pub fn is_anyref(&self) -> bool {
        matches!(self, ValType::Ref(RefType { nullable: true, heap: HeapType::Any }))
    }

    /// Whether this is [`ValType::EXNREF`].
    pub fn is_exnref(&self) -> bool {
        matches!(self, ValType::Ref(RefType { nullable: true, heap: HeapType::Exn }))
    }

    /// The reference type, if it is one.
    pub fn as_ref(&self) -> Option<&RefType> {
        match self {
            ValType::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    /// The reference type.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn unwrap_ref(&self) -> &RefType {
        self.as_ref().expect("a reference type")
    }

    /// Whether every value of this type is one of the other.
    ///
    /// # Panics
    ///
    /// If the types are of different engines.
    pub fn matches(&self, other: &ValType) -> bool {
        match (self, other) {
            (ValType::Ref(a), ValType::Ref(b)) => a.matches(b),
            _ => self.canonical() == other.canonical(),
        }
    }

    /// Whether the types are the same.
    ///
    /// # Panics
    ///
    /// If the types are of different engines.
    #[expect(clippy::should_implement_trait, reason = "the name that embedders know")]
    pub fn eq(a: &ValType, b: &ValType) -> bool {
        match (a, b) {
            (ValType::Ref(a), ValType::Ref(b)) => RefType::eq(a, b),
            _ => a.canonical() == b.canonical(),
        }
    }

    /// The value that variables of the type begin with: zero or null; none for references that cannot
    /// be null.
    ///
    /// ```
    /// use brisk::{HeapType, RefType, Val, ValType};
    ///
    /// assert!(matches!(ValType::I64.default_value(), Some(Val::I64(0))));
    /// assert!(matches!(ValType::FUNCREF.default_value(), Some(Val::FuncRef(None))));
    /// assert!(ValType::from(RefType::new(false, HeapType::Func)).default_value().is_none());
    /// ```
    pub fn default_value(&self) -> Option<Val> {
        Val::default_for_ty(self)
    }

    pub(crate) fn comes_from(&self, engine: &Engine) -> bool {
        self.as_ref().is_none_or(|ty| ty.heap.comes_from(engine))
    }

    pub(crate) fn canonical(&self) -> brisk_module::ValType {
        match self {
            ValType::I32 => brisk_module::ValType::I32,
            ValType::I64 => brisk_module::ValType::I64,
            ValType::F32 => brisk_module::ValType::F32,
            ValType::F64 => brisk_module::ValType::F64,
            ValType::V128 => brisk_module::ValType::V128,
            ValType::Ref(ty) => brisk_module::ValType::Ref(ty.canonical()),
        }
    }

    pub(crate) fn from_canonical(engine: &Engine, ty: brisk_module::ValType) -> ValType {
        match ty {
            brisk_module::ValType::I32 => ValType::I32,
            brisk_module::ValType::I64 => ValType::I64,
            brisk_module::ValType::F32 => ValType::F32,
            brisk_module::ValType::F64 => ValType::F64,
            brisk_module::ValType::V128 => ValType::V128,
            brisk_module::ValType::Ref(ty) => ValType::Ref(RefType::from_canonical(engine, ty)),
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(ty) => write!(f, "{ty}"),
        }
    }
}

impl fmt::Debug for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<RefType> for ValType {
    fn from(ty: RefType) -> ValType {
        ValType::Ref(ty)
    }
}

/// Type of a reference: what it refers to, and whether it may be null.
///
/// ```
/// use brisk::{HeapType, RefType};
///
/// let ty = RefType::new(false, HeapType::Func);
/// assert_eq!(ty.to_string(), "(ref func)");
/// assert!(ty.matches(&RefType::FUNCREF) && !RefType::FUNCREF.matches(&ty));
/// ```
#[derive(Clone, Hash)]
pub struct RefType {
    nullable: bool,
    heap: HeapType,
}

impl RefType {
    /// The type of references to something.
    pub fn new(is_nullable: bool, heap_type: HeapType) -> RefType {
        RefType { nullable: is_nullable, heap: heap_type }
    }

    /// Whether the reference may be null.
    pub fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// What the reference refers to.
    pub fn heap_type(&self) -> &HeapType {
        &self.heap
    }

    /// Whether every reference of this type is one of the other.
    ///
    /// # Panics
    ///
    /// If the types are of different engines.
    pub fn matches(&self, other: &RefType) -> bool {
        (other.nullable || !self.nullable) && self.heap.matches(&other.heap)
    }

    /// Whether the types are the same.
    ///
    /// # Panics
    ///
    /// If the types are of different engines.
    #[expect(clippy::should_implement_trait, reason = "the name that embedders know")]
    pub fn eq(a: &RefType, b: &RefType) -> bool {
        a.nullable == b.nullable && HeapType::eq(&a.heap, &b.heap)
    }

    pub(crate) fn canonical(&self) -> brisk_module::RefType {
        brisk_module::RefType { nullable: self.nullable, heap: self.heap.canonical() }
    }

    pub(crate) fn from_canonical(engine: &Engine, ty: brisk_module::RefType) -> RefType {
        RefType { nullable: ty.nullable, heap: HeapType::from_canonical(engine, ty.heap) }
    }

    fn fmt_with(
        &self,
        f: &mut fmt::Formatter<'_>,
        heap: impl Fn(&mut fmt::Formatter<'_>) -> fmt::Result,
    ) -> fmt::Result {
        match (self.nullable, self.heap.abbreviation()) {
            (true, Some(text)) => f.write_str(text),
            (nullable, _) => {
                f.write_str(if nullable { "(ref null " } else { "(ref " })?;
                heap(f)?;
                f.write_str(")")
            }
        }
    }

    fn fmt_shallow(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_with(f, |f| match &self.heap {
            HeapType::ConcreteFunc(ty) => write!(f, "${}", ty.id()),
            heap => write!(f, "{heap}"),
        })
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_with(f, |f| write!(f, "{}", self.heap))
    }
}

impl fmt::Debug for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a reference refers to.
///
/// There are four hierarchies: functions (`Func`, function types, `NoFunc`), external values (`Extern`,
/// `NoExtern`), exceptions (`Exn`, `NoExn`) and internal values (`Any`, `Eq`, `I31`, `Struct`, `Array`,
/// `None`); of the last, only null can be had so far.
///
/// ```
/// use brisk::{Engine, FuncType, HeapType};
///
/// let engine = Engine::default();
/// let ty = HeapType::from(FuncType::new(&engine, [], []));
/// assert!(ty.is_concrete() && ty.matches(&HeapType::Func));
/// assert!(HeapType::NoFunc.matches(&ty));
/// assert!(ty.top().is_func() && ty.bottom().is_no_func());
/// ```
#[derive(Clone, Hash)]
#[non_exhaustive]
pub enum HeapType {
    /// Any external value.
    Extern,
    /// No external value.
    NoExtern,
    /// Any function.
    Func,
    /// Functions of one type and its subtypes.
    ConcreteFunc(FuncType),
    /// No function.
    NoFunc,
    /// Any internal value.
    Any,
    /// Internal values that can be compared.
    Eq,
    /// Integers of 31 bits.
    I31,
    /// Any array.
    Array,
    /// Any structure.
    Struct,
    /// No internal value.
    None,
    /// Any exception.
    Exn,
    /// No exception.
    NoExn,
}

/// One line for each heap type that is not a defined type: its names here and in the text format.
macro_rules! abstract_heap_types {
    ($($heap:ident $name:literal $abbreviation:literal;)*) => {
        impl HeapType {
            /// The abbreviation for nullable references to it.
            fn abbreviation(&self) -> Option<&'static str> {
                match self {
                    $(HeapType::$heap => Some($abbreviation),)*
                    HeapType::ConcreteFunc(_) => None,
                }
            }

            pub(crate) fn canonical(&self) -> brisk_module::HeapType {
                match self {
                    $(HeapType::$heap => brisk_module::HeapType::$heap,)*
                    HeapType::ConcreteFunc(ty) => brisk_module::HeapType::Concrete(TypeIndex(ty.id())),
                }
            }

            pub(crate) fn from_canonical(engine: &Engine, ty: brisk_module::HeapType) -> HeapType {
                match ty {
                    $(brisk_module::HeapType::$heap => HeapType::$heap,)*
                    brisk_module::HeapType::Concrete(TypeIndex(id)) => {
                        HeapType::ConcreteFunc(FuncType::from_id(engine, id))
                    }
                }
            }
        }

        impl fmt::Display for HeapType {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(HeapType::$heap => f.write_str($name),)*
                    HeapType::ConcreteFunc(ty) => ty.fmt_shallow(f),
                }
            }
        }
    };
}

abstract_heap_types! {
    Extern "extern" "externref";
    NoExtern "noextern" "nullexternref";
    Func "func" "funcref";
    NoFunc "nofunc" "nullfuncref";
    Any "any" "anyref";
    Eq "eq" "eqref";
    I31 "i31" "i31ref";
    Array "array" "arrayref";
    Struct "struct" "structref";
    None "none" "nullref";
    Exn "exn" "exnref";
    NoExn "noexn" "nullexnref";
}

impl HeapType {
    /// Whether this is [`HeapType::Extern`].
    pub fn is_extern(&self) -> bool {
        matches!(self, HeapType::Extern)
    }

    /// Whether this is [`HeapType::Func`].
    pub fn is_func(&self) -> bool {
        matches!(self, HeapType::Func)
    }

    /// Whether this is [`HeapType::NoFunc`].
    pub fn is_no_func(&self) -> bool {
        matches!(self, HeapType::NoFunc)
    }

    /// Whether this is [`HeapType::Any`].
    pub fn is_any(&self) -> bool {
        matches!(self, HeapType::Any)
    }

    /// Whether this is [`HeapType::I31`].
    pub fn is_i31(&self) -> bool {
        matches!(self, HeapType::I31)
    }

    /// Whether this is [`HeapType::None`].
    pub fn is_none(&self) -> bool {
        matches!(self, HeapType::None)
    }

    /// Whether this is [`HeapType::Exn`].
    pub fn is_exn(&self) -> bool {
        matches!(self, HeapType::Exn)
    }

    /// Whether this is [`HeapType::NoExn`].
    pub fn is_no_exn(&self) -> bool {
        matches!(self, HeapType::NoExn)
    }

    /// Whether this is a defined type.
    pub fn is_concrete(&self) -> bool {
        matches!(self, HeapType::ConcreteFunc(_))
    }

    /// Whether this is no defined type.
    pub fn is_abstract(&self) -> bool {
        !self.is_concrete()
    }

    /// Whether this is [`HeapType::ConcreteFunc`].
    pub fn is_concrete_func(&self) -> bool {
        self.is_concrete()
    }

    /// The function type, if it is one.
    pub fn as_concrete_func(&self) -> Option<&FuncType> {
        match self {
            HeapType::ConcreteFunc(ty) => Some(ty),
            _ => None,
        }
    }

    /// The function type.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn unwrap_concrete_func(&self) -> &FuncType {
        self.as_concrete_func().expect("a function type")
    }

    /// The topmost type of the hierarchy.
    pub fn top(&self) -> HeapType {
        match canonical::top(self.canonical()) {
            brisk_module::HeapType::Func => HeapType::Func,
            brisk_module::HeapType::Extern => HeapType::Extern,
            brisk_module::HeapType::Exn => HeapType::Exn,
            _ => HeapType::Any,
        }
    }

    /// Whether this is the topmost type of its hierarchy.
    pub fn is_top(&self) -> bool {
        canonical::top(self.canonical()) == self.canonical()
    }

    /// The bottommost type of the hierarchy, which has no values but null.
    pub fn bottom(&self) -> HeapType {
        match canonical::bottom(self.canonical()) {
            brisk_module::HeapType::NoFunc => HeapType::NoFunc,
            brisk_module::HeapType::NoExtern => HeapType::NoExtern,
            brisk_module::HeapType::NoExn => HeapType::NoExn,
            _ => HeapType::None,
        }
    }

    /// Whether this is the bottommost type of its hierarchy.
    pub fn is_bottom(&self) -> bool {
        canonical::bottom(self.canonical()) == self.canonical()
    }

    /// Whether this is the other type or a subtype of it.
    ///
    /// # Panics
    ///
    /// If the types are of different engines.
    pub fn matches(&self, other: &HeapType) -> bool {
        match (self, other) {
            (HeapType::ConcreteFunc(a), HeapType::ConcreteFunc(b)) => a.matches(b),
            (a, b) => canonical::heap_matches_undeclared(a.canonical(), b.canonical()),
        }
    }

    /// Whether the types are the same.
    ///
    /// # Panics
    ///
    /// If the types are of different engines.
    #[expect(clippy::should_implement_trait, reason = "the name that embedders know")]
    pub fn eq(a: &HeapType, b: &HeapType) -> bool {
        match (a, b) {
            (HeapType::ConcreteFunc(a), HeapType::ConcreteFunc(b)) => FuncType::eq(a, b),
            _ => a.canonical() == b.canonical(),
        }
    }

    pub(crate) fn comes_from(&self, engine: &Engine) -> bool {
        self.as_concrete_func().is_none_or(|ty| ty.comes_from(engine))
    }
}

impl fmt::Debug for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<FuncType> for HeapType {
    fn from(ty: FuncType) -> HeapType {
        HeapType::ConcreteFunc(ty)
    }
}

#[cfg(test)]
mod tests;
