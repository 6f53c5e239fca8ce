//! Comparing types whose indices are canonical ids, as links between instances are checked.
//!
//! The rules are those of the specification's "Matching". The public types compare in terms of
//! these.

use crate::registry::ModuleTypes;
use crate::{Engine, ExternType, Result, bail, format_err};
use brisk_module::module::ImportType;
use brisk_module::{GlobalType, HeapType, Limits, MemoryType, RefType, TableType, ValType};

/// Whether references of the type are to functions.
pub(crate) fn is_func(ty: RefType) -> bool {
    matches!(ty.heap, HeapType::Func | HeapType::NoFunc | HeapType::Concrete(_))
}

/// The topmost type above a type.
pub(crate) fn top(ty: HeapType) -> HeapType {
    use HeapType as H;
    match ty {
        H::Func | H::NoFunc | H::Concrete(_) => H::Func,
        H::Extern | H::NoExtern => H::Extern,
        H::Exn | H::NoExn => H::Exn,
        H::Any | H::Eq | H::I31 | H::Struct | H::Array | H::None => H::Any,
    }
}

/// The bottommost type below a type.
pub(crate) fn bottom(ty: HeapType) -> HeapType {
    use HeapType as H;
    match top(ty) {
        H::Func => H::NoFunc,
        H::Extern => H::NoExtern,
        H::Exn => H::NoExn,
        _ => H::None,
    }
}

/// Whether `actual` is a subtype of `expected`.
pub(crate) fn heap_matches(engine: &Engine, actual: HeapType, expected: HeapType) -> bool {
    match (actual, expected) {
        (HeapType::Concrete(actual), HeapType::Concrete(expected)) => engine.is_subtype(actual.0, expected.0),
        _ => heap_matches_undeclared(actual, expected),
    }
}

/// [`heap_matches`] for types of which at most one is a defined type.
pub(super) fn heap_matches_undeclared(actual: HeapType, expected: HeapType) -> bool {
    use HeapType as H;
    actual == expected
        || actual == bottom(expected)
        || expected == top(actual)
        || matches!((actual, expected), (H::I31 | H::Struct | H::Array, H::Eq))
}

/// Whether `actual` is a subtype of `expected`.
pub(crate) fn ref_matches(engine: &Engine, actual: RefType, expected: RefType) -> bool {
    (expected.nullable || !actual.nullable) && heap_matches(engine, actual.heap, expected.heap)
}

/// Whether `actual` is a subtype of `expected`.
pub(crate) fn val_matches(engine: &Engine, actual: ValType, expected: ValType) -> bool {
    match (actual, expected) {
        (ValType::Ref(actual), ValType::Ref(expected)) => ref_matches(engine, actual, expected),
        _ => actual == expected,
    }
}

/// Whether a global can be imported as `expected`.
pub(crate) fn global_matches(engine: &Engine, actual: &GlobalType, expected: &GlobalType) -> bool {
    match (actual.mutable, expected.mutable) {
        (true, true) => actual.content == expected.content,
        (false, false) => val_matches(engine, actual.content, expected.content),
        _ => false,
    }
}

fn limits_match(size: u64, max: Option<u64>, expected: Limits) -> bool {
    size >= expected.min && expected.max.is_none_or(|bound| max.is_some_and(|max| max <= bound))
}

/// Whether a table of the given size can be imported as `expected`.
pub(crate) fn table_matches(_engine: &Engine, actual: &TableType, size: u64, expected: &TableType) -> bool {
    actual.element == expected.element
        && actual.table64 == expected.table64
        && limits_match(size, actual.limits.max, expected.limits)
}

/// Whether a memory of the given size in pages can be imported as `expected`.
pub(crate) fn memory_matches(actual: &MemoryType, size: u64, expected: &MemoryType) -> bool {
    actual.memory64 == expected.memory64
        && actual.shared == expected.shared
        && actual.page_size_log2 == expected.page_size_log2
        && limits_match(size, actual.limits.max, expected.limits)
}

/// Something that is to be linked to an import, as its canonical type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Definition {
    /// A function of a type.
    Func(u32),
    /// A table and its size.
    Table(TableType, u64),
    /// A memory and its size in pages.
    Memory(MemoryType, u64),
    /// A global.
    Global(GlobalType),
    /// A tag of a type.
    Tag(u32),
}

impl Definition {
    fn kind(&self) -> &'static str {
        match self {
            Definition::Func(_) => "function",
            Definition::Table(..) => "table",
            Definition::Memory(..) => "memory",
            Definition::Global(_) => "global",
            Definition::Tag(_) => "tag",
        }
    }

    /// The type for an embedder to see; the size stands for the minimum.
    pub fn to_public(self, engine: &Engine) -> ExternType {
        match self {
            Definition::Func(id) => crate::FuncType::from_id(engine, id).into(),
            Definition::Table(ty, size) => {
                let limits = Limits { min: size, ..ty.limits };
                crate::TableType::from_canonical(engine, &TableType { limits, ..ty }).into()
            }
            Definition::Memory(ty, size) => {
                let limits = Limits { min: size, ..ty.limits };
                crate::MemoryType::from_canonical(&MemoryType { limits, ..ty }).into()
            }
            Definition::Global(ty) => crate::GlobalType::from_canonical(engine, &ty).into(),
            Definition::Tag(id) => crate::TagType::new(crate::FuncType::from_id(engine, id)).into(),
        }
    }
}

/// What an import of a module asks for, as canonical type. Sizes are the minimum.
pub(crate) fn import(types: &ModuleTypes, ty: &ImportType) -> Definition {
    match ty {
        ImportType::Func(index) => Definition::Func(types.id(*index)),
        ImportType::Table(ty) => Definition::Table(types.table(*ty), ty.limits.min),
        ImportType::Memory(ty) => Definition::Memory(*ty, ty.limits.min),
        ImportType::Global(ty) => Definition::Global(types.global(*ty)),
        ImportType::Tag(index) => Definition::Tag(types.id(*index)),
    }
}

/// Whether `actual` can be linked to an import that asks for `expected`, and if not, why not.
pub(crate) fn check_import(engine: &Engine, expected: &Definition, actual: &Definition) -> Result<()> {
    use Definition as D;
    let matches = match (actual, expected) {
        (D::Func(actual), D::Func(expected)) => engine.is_subtype(*actual, *expected),
        (D::Table(actual, size), D::Table(expected, _)) => table_matches(engine, actual, *size, expected),
        (D::Memory(actual, size), D::Memory(expected, _)) => memory_matches(actual, *size, expected),
        (D::Global(actual), D::Global(expected)) => global_matches(engine, actual, expected),
        (D::Tag(actual), D::Tag(expected)) => actual == expected,
        _ => bail!("expected a {}, found a {}", expected.kind(), actual.kind()),
    };
    if matches { Ok(()) } else { Err(mismatch(engine, expected, actual)) }
}

#[cold]
fn mismatch(engine: &Engine, expected: &Definition, actual: &Definition) -> crate::Error {
    let (expected, actual) = (expected.to_public(engine), actual.to_public(engine));
    let [expected_text, actual_text] = [expected.to_string(), actual.to_string()];
    match expected_text == actual_text {
        false => format_err!("types incompatible: expected `{expected_text}`, found `{actual_text}`"),
        // Types of the same shape differ by the recursion groups they come from.
        true => format_err!(
            "types incompatible: expected and found `{expected_text}`, but from different recursion groups"
        ),
    }
}
