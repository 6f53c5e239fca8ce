//! Types of a module, as the specification's "Types" chapter names them.
//!
//! A type index ([`TypeIndex`]) is meaningful inside one module only; an engine maps it to a
//! canonical id when the module is registered.

/// Index into the flattened type index space of one module.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TypeIndex(pub u32);

/// A value type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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

impl ValType {
    /// Nullable `func` reference.
    pub const FUNCREF: ValType = ValType::Ref(RefType { nullable: true, heap: HeapType::Func });
    /// Nullable `extern` reference.
    pub const EXTERNREF: ValType = ValType::Ref(RefType { nullable: true, heap: HeapType::Extern });

    /// How many 64-bit slots a value of this type takes: two for a vector, one for all else.
    #[inline]
    pub fn slots(self) -> u32 {
        if self == ValType::V128 { 2 } else { 1 }
    }

    /// Whether a local of this type has a default value (zero or null).
    pub fn is_defaultable(self) -> bool {
        !matches!(self, ValType::Ref(RefType { nullable: false, .. }))
    }
}

/// A reference type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    /// Whether null is a value of this type.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType,
}

/// What a reference refers to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HeapType {
    /// Any function.
    Func,
    /// No function: the bottom of the function hierarchy.
    NoFunc,
    /// Any external value.
    Extern,
    /// The bottom of the external hierarchy.
    NoExtern,
    /// Any exception.
    Exn,
    /// The bottom of the exception hierarchy.
    NoExn,
    /// Any internal value.
    Any,
    /// Values that can be compared by `ref.eq`.
    Eq,
    /// Unboxed 31-bit scalars.
    I31,
    /// Any structure.
    Struct,
    /// Any array.
    Array,
    /// The bottom of the internal hierarchy.
    None,
    /// A defined type of this module.
    Concrete(TypeIndex),
}

/// Parameters and results of a function.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct FuncType {
    /// Parameter types.
    pub params: Box<[ValType]>,
    /// Result types.
    pub results: Box<[ValType]>,
    /// Slots taken by all parameters.
    pub param_slots: u32,
    /// Slots taken by all results.
    pub result_slots: u32,
}

impl FuncType {
    /// A function type with its slot counts worked out.
    pub fn new(params: impl Into<Box<[ValType]>>, results: impl Into<Box<[ValType]>>) -> FuncType {
        let (params, results) = (params.into(), results.into());
        let param_slots = params.iter().map(|t| t.slots()).sum();
        let result_slots = results.iter().map(|t| t.slots()).sum();
        FuncType { params, results, param_slots, result_slots }
    }
}

/// A defined type: its place in the subtype hierarchy and its shape.
///
/// Function types are the only composite type so far; modules that define structures or arrays
/// are refused when they are decoded.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SubType {
    /// Whether the type may not be extended.
    pub is_final: bool,
    /// The declared supertype.
    pub supertype: Option<TypeIndex>,
    /// The function type itself.
    pub func: FuncType,
}

/// Size limits of a memory (in pages) or a table (in elements).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limits {
    /// Initial size.
    pub min: u64,
    /// Largest size, where one is declared.
    pub max: Option<u64>,
}

/// Type of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    /// Size in pages.
    pub limits: Limits,
    /// Whether addresses are 64 bits wide.
    pub memory64: bool,
    /// Whether the memory is shared between threads (refused for now).
    pub shared: bool,
    /// Page size as a power of two: 16 unless a custom page size says 0.
    pub page_size_log2: u8,
}

/// Type of a table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    /// Element type.
    pub element: RefType,
    /// Size in elements.
    pub limits: Limits,
    /// Whether indices are 64 bits wide.
    pub table64: bool,
}

/// Type of a global.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType {
    /// Type of the value.
    pub content: ValType,
    /// Whether the global may be assigned.
    pub mutable: bool,
}
