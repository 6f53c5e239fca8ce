//! The decoded module: everything an engine needs to know of it, and its bytes.

use crate::types::*;
use std::ops::Range;

/// The five kinds of thing a module can import or export.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExternKind {
    /// Function.
    Func,
    /// Table.
    Table,
    /// Memory.
    Memory,
    /// Global.
    Global,
    /// Exception tag.
    Tag,
}

/// Type of an import.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImportType {
    /// A function of the given type index.
    Func(TypeIndex),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// An exception tag whose payload is the parameters of the given type.
    Tag(TypeIndex),
}

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Name of the module imported from.
    pub module: Box<str>,
    /// Name of the field.
    pub name: Box<str>,
    /// What is imported.
    pub ty: ImportType,
}

/// An export.
#[derive(Clone, Debug)]
pub struct Export {
    /// Name of the export.
    pub name: Box<str>,
    /// What is exported.
    pub kind: ExternKind,
    /// Index in the index space of its kind.
    pub index: u32,
}

/// One instruction of a constant expression.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ConstOp {
    /// `i32.const`.
    I32(i32),
    /// `i64.const`.
    I64(i64),
    /// `f32.const`, as bits.
    F32(u32),
    /// `f64.const`, as bits.
    F64(u64),
    /// `v128.const`, lane 0 in the low bits.
    V128(u128),
    /// `global.get`.
    GlobalGet(u32),
    /// `ref.null`.
    RefNull,
    /// `ref.func`.
    RefFunc(u32),
    /// `i32.add`, `i32.sub`, `i32.mul`, `i64.add`, `i64.sub`, `i64.mul` (extended constant expressions).
    Arith(ConstArith),
}

/// Arithmetic of extended constant expressions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConstArith {
    /// `i32.add`.
    I32Add,
    /// `i32.sub`.
    I32Sub,
    /// `i32.mul`.
    I32Mul,
    /// `i64.add`.
    I64Add,
    /// `i64.sub`.
    I64Sub,
    /// `i64.mul`.
    I64Mul,
}

/// A constant expression in postfix order.
#[derive(Clone, PartialEq, Debug)]
pub enum ConstExpr {
    /// A single instruction, by far the most common.
    One(ConstOp),
    /// Several instructions.
    Many(Box<[ConstOp]>),
}

impl ConstExpr {
    /// The instructions in order.
    pub fn ops(&self) -> &[ConstOp] {
        match self {
            ConstExpr::One(op) => std::slice::from_ref(op),
            ConstExpr::Many(ops) => ops,
        }
    }
}

/// When a segment is copied.
#[derive(Clone, PartialEq, Debug)]
pub enum SegmentMode {
    /// At instantiation, to the given table or memory.
    Active {
        /// Index of the table or memory.
        index: u32,
        /// Where the segment begins in it.
        offset: ConstExpr,
    },
    /// By `table.init` or `memory.init`.
    Passive,
    /// Never; it only declares functions that `ref.func` may name.
    Declared,
}

/// Contents of an element segment.
#[derive(Clone, PartialEq, Debug)]
pub enum ElementItems {
    /// Function indices.
    Funcs(Box<[u32]>),
    /// Constant expressions.
    Exprs(Box<[ConstExpr]>),
}

impl ElementItems {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            ElementItems::Funcs(items) => items.len(),
            ElementItems::Exprs(items) => items.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An element segment.
#[derive(Clone, PartialEq, Debug)]
pub struct ElementSegment {
    /// Type of the elements.
    pub ty: RefType,
    /// When it is copied.
    pub mode: SegmentMode,
    /// The elements.
    pub items: ElementItems,
}

/// A data segment.
#[derive(Clone, PartialEq, Debug)]
pub struct DataSegment {
    /// When it is copied (never [`SegmentMode::Declared`]).
    pub mode: SegmentMode,
    /// Its bytes, as a range of the module's bytes.
    pub range: Range<usize>,
}

/// A function body.
#[derive(Clone, Debug)]
pub struct FuncBody {
    /// The body (locals and instructions, without its size prefix), as a range of the module's bytes.
    pub range: Range<usize>,
    /// What is in it.
    pub facts: BodyFacts,
}

/// What validation has seen in a function body: a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BodyFacts(pub u8);

impl BodyFacts {
    /// A `loop`.
    pub const LOOP: BodyFacts = BodyFacts(1);
    /// A call of any kind but a tail call.
    pub const CALL: BodyFacts = BodyFacts(2);
    /// A tail call.
    pub const TAIL_CALL: BodyFacts = BodyFacts(4);
    /// A `try_table`.
    pub const TRY_TABLE: BodyFacts = BodyFacts(8);

    /// With those of another.
    #[must_use]
    pub const fn with(self, other: BodyFacts) -> BodyFacts {
        BodyFacts(self.0 | other.0)
    }

    /// Whether it has any of those of another.
    pub const fn has_any(self, of: BodyFacts) -> bool {
        self.0 & of.0 != 0
    }
}

/// A table this module defines.
#[derive(Clone, Debug)]
pub struct TableDef {
    /// Its type.
    pub ty: TableType,
    /// Initial value of every element; null where absent.
    pub init: Option<ConstExpr>,
}

/// A custom section.
#[derive(Clone, Debug)]
pub struct CustomSection {
    /// Its name.
    pub name: Box<str>,
    /// Its payload, as a range of the module's bytes.
    pub range: Range<usize>,
}

/// A section as it stands in the file, for inspection.
#[derive(Clone, Debug)]
pub struct SectionInfo {
    /// `type`, `import`, … or `custom`.
    pub name: &'static str,
    /// Where its payload stands in the module's bytes.
    pub range: Range<usize>,
    /// Number of entries, where the section has a count.
    pub count: Option<u32>,
}

/// A decoded and validated module. Immutable; shared between threads.
#[derive(Default)]
pub struct Module {
    /// Shared with [`Module::names`], which finds its text in them.
    pub(crate) bytes: std::sync::Arc<Box<[u8]>>,
    /// Positions of names, found at first use.
    pub(crate) names: std::sync::OnceLock<crate::names::Names>,
    /// All types, flattened.
    pub types: Vec<SubType>,
    /// Recursion groups as ranges of [`Module::types`], in order, covering all of it.
    pub rec_groups: Vec<Range<u32>>,
    /// Imports, in order.
    pub imports: Vec<Import>,
    /// Exports, in order.
    pub exports: Vec<Export>,
    /// Type of each function; imported functions first.
    pub funcs: Vec<TypeIndex>,
    /// Type of each table; imported tables first.
    pub tables: Vec<TableType>,
    /// Initial element of each defined table (imported tables have no entry).
    pub table_inits: Vec<Option<ConstExpr>>,
    /// Type of each memory; imported memories first.
    pub memories: Vec<MemoryType>,
    /// Type of each global; imported globals first.
    pub globals: Vec<GlobalType>,
    /// Initial value of each defined global.
    pub global_inits: Vec<ConstExpr>,
    /// Type of each tag; imported tags first.
    pub tags: Vec<TypeIndex>,
    /// Number of imported functions.
    pub imported_funcs: u32,
    /// Number of imported tables.
    pub imported_tables: u32,
    /// Number of imported memories.
    pub imported_memories: u32,
    /// Number of imported globals.
    pub imported_globals: u32,
    /// Number of imported tags.
    pub imported_tags: u32,
    /// The start function.
    pub start: Option<u32>,
    /// Element segments.
    pub elements: Vec<ElementSegment>,
    /// Data segments.
    pub data: Vec<DataSegment>,
    /// Bodies of the defined functions.
    pub bodies: Vec<FuncBody>,
    /// Offset of the code section's payload and its size in bytes, 0 without one.
    pub code_section: Range<usize>,
    /// Custom sections, in order.
    pub custom_sections: Vec<CustomSection>,
    /// All sections, in order.
    pub sections: Vec<SectionInfo>,
    /// For each function, whether a reference to it can exist (exported, in an element segment, or
    /// named by a constant `ref.func` or declared for one), as a list of function indices in order.
    pub escaping_funcs: Vec<u32>,
    /// Proposals beyond 1.0 that the module uses, by their usual names (`simd`, `bulk-memory`, …).
    pub features_used: Vec<&'static str>,
}

impl Module {
    /// The bytes of the module in the binary format.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Type of the function with the given index.
    pub fn func_type(&self, func: u32) -> &FuncType {
        &self.types[self.funcs[func as usize].0 as usize].func
    }

    /// The body of the function with the given index, imported functions having none.
    pub fn body(&self, func: u32) -> Option<&[u8]> {
        let body = self.bodies.get(func.checked_sub(self.imported_funcs)? as usize)?;
        Some(&self.bytes[body.range.clone()])
    }

    /// Payload of the tag with the given index.
    pub fn tag_type(&self, tag: u32) -> &FuncType {
        &self.types[self.tags[tag as usize].0 as usize].func
    }

    /// Names from the name section, decoded at first use; empty where there are none or they are malformed.
    pub fn names(&self) -> &crate::names::Names {
        self.names.get_or_init(|| crate::names::Names::decode(self))
    }
}

impl std::fmt::Debug for Module {
    /// A summary: a module may be millions of entries.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.names().module_name())
            .field("bytes", &self.bytes.len())
            .field("types", &self.types.len())
            .field("imports", &self.imports.len())
            .field("funcs", &self.funcs.len())
            .field("exports", &self.exports.len())
            .finish_non_exhaustive()
    }
}
