//! What a module looks like from outside: types of imports and exports, and types in the notation
//! of the text format.

use crate::module::*;
use crate::types::*;
use std::fmt;

/// Type of an import or export, which are the same in kind.
pub type ExternType = ImportType;

impl ExternKind {
    /// As the text format writes it: `func`, `table`, `memory`, `global` or `tag`.
    pub fn name(self) -> &'static str {
        match self {
            ExternKind::Func => "func",
            ExternKind::Table => "table",
            ExternKind::Memory => "memory",
            ExternKind::Global => "global",
            ExternKind::Tag => "tag",
        }
    }
}

impl fmt::Display for ExternKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ImportType {
    /// What kind of thing it is the type of.
    pub fn kind(&self) -> ExternKind {
        match self {
            ImportType::Func(_) => ExternKind::Func,
            ImportType::Table(_) => ExternKind::Table,
            ImportType::Memory(_) => ExternKind::Memory,
            ImportType::Global(_) => ExternKind::Global,
            ImportType::Tag(_) => ExternKind::Tag,
        }
    }
}

impl MemoryType {
    /// Bytes of a page.
    pub fn page_size(&self) -> u64 {
        1 << self.page_size_log2
    }

    /// Type of an address.
    pub fn address_type(&self) -> ValType {
        if self.memory64 { ValType::I64 } else { ValType::I32 }
    }

    /// Most pages that a memory of this type can have, whatever its declared maximum: the address
    /// space, rounded down to what the maximum's encoding can express.
    pub fn address_space_pages(&self) -> u64 {
        let pages = if self.memory64 {
            (1u128 << 64) >> self.page_size_log2
        } else {
            (1 << 32) >> self.page_size_log2
        };
        let most = if self.memory64 { u64::MAX } else { u64::from(u32::MAX) };
        u64::try_from(pages).unwrap_or(u64::MAX).min(most)
    }
}

impl TableType {
    /// Type of an index.
    pub fn index_type(&self) -> ValType {
        if self.table64 { ValType::I64 } else { ValType::I32 }
    }
}

impl HeapType {
    /// Whether the type is an abstract one that only null can inhabit for now, because its values
    /// would be structures, arrays or `i31`.
    pub fn is_internal(self) -> bool {
        matches!(
            self,
            HeapType::Any
                | HeapType::Eq
                | HeapType::I31
                | HeapType::Struct
                | HeapType::Array
                | HeapType::None
        )
    }
}

impl Module {
    /// Type of an export.
    pub fn export_type(&self, export: &Export) -> ExternType {
        let index = export.index as usize;
        match export.kind {
            ExternKind::Func => ImportType::Func(self.funcs[index]),
            ExternKind::Table => ImportType::Table(self.tables[index]),
            ExternKind::Memory => ImportType::Memory(self.memories[index]),
            ExternKind::Global => ImportType::Global(self.globals[index]),
            ExternKind::Tag => ImportType::Tag(self.tags[index]),
        }
    }

    /// The export of the given name.
    pub fn export(&self, name: &str) -> Option<&Export> {
        self.exports.iter().find(|export| &*export.name == name)
    }

    /// The import behind an index of an index space, if it is imported.
    pub fn import_of(&self, kind: ExternKind, index: u32) -> Option<&Import> {
        self.imports.iter().filter(|import| import.ty.kind() == kind).nth(index as usize)
    }

    /// The function type of a type index.
    pub fn type_at(&self, index: TypeIndex) -> &FuncType {
        &self.types[index.0 as usize].func
    }

    /// The custom sections of the given name, each as its payload.
    pub fn custom_sections_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.custom_sections
            .iter()
            .filter(move |section| &*section.name == name)
            .map(|section| &self.bytes[section.range.clone()])
    }

    /// Bytes of a data segment.
    pub fn data_bytes(&self, segment: &DataSegment) -> &[u8] {
        &self.bytes[segment.range.clone()]
    }

    /// The type of an import or export as the text format writes it, as in
    /// `func (param i32 i32) (result i32)` or `memory 1 2`.
    pub fn display_type<'a>(&'a self, ty: &'a ExternType) -> impl fmt::Display + 'a {
        DisplayType { module: self, ty }
    }
}

struct DisplayType<'a> {
    module: &'a Module,
    ty: &'a ExternType,
}

impl fmt::Display for DisplayType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ty.kind())?;
        match self.ty {
            ImportType::Func(index) | ImportType::Tag(index) => {
                let ty = self.module.type_at(*index);
                if ty.params.is_empty() && ty.results.is_empty() { Ok(()) } else { write!(f, " {ty}") }
            }
            ImportType::Table(ty) => write!(f, " {ty}"),
            ImportType::Memory(ty) => write!(f, " {ty}"),
            ImportType::Global(ty) => write!(f, " {ty}"),
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

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeapType::Func => "func",
            HeapType::NoFunc => "nofunc",
            HeapType::Extern => "extern",
            HeapType::NoExtern => "noextern",
            HeapType::Exn => "exn",
            HeapType::NoExn => "noexn",
            HeapType::Any => "any",
            HeapType::Eq => "eq",
            HeapType::I31 => "i31",
            HeapType::Struct => "struct",
            HeapType::Array => "array",
            HeapType::None => "none",
            HeapType::Concrete(index) => return write!(f, "{}", index.0),
        })
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = match self.heap {
            _ if !self.nullable => None,
            HeapType::Concrete(_) => None,
            HeapType::NoFunc => Some("nullfuncref"),
            HeapType::NoExtern => Some("nullexternref"),
            HeapType::NoExn => Some("nullexnref"),
            HeapType::None => Some("nullref"),
            _ => return write!(f, "{}ref", self.heap),
        };
        match short {
            Some(short) => f.write_str(short),
            None if self.nullable => write!(f, "(ref null {})", self.heap),
            None => write!(f, "(ref {})", self.heap),
        }
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        for (keyword, types) in [("param", &self.params), ("result", &self.results)] {
            if types.is_empty() {
                continue;
            }
            write!(f, "{space}({keyword}")?;
            for ty in types {
                write!(f, " {ty}")?;
            }
            f.write_str(")")?;
            space = " ";
        }
        Ok(())
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.min)?;
        match self.max {
            Some(max) => write!(f, " {max}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.memory64 {
            f.write_str("i64 ")?;
        }
        write!(f, "{}", self.limits)?;
        if self.shared {
            f.write_str(" shared")?;
        }
        if self.page_size_log2 != 16 {
            write!(f, " (pagesize {})", self.page_size())?;
        }
        Ok(())
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.table64 {
            f.write_str("i64 ")?;
        }
        write!(f, "{} {}", self.limits, self.element)
    }
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mutable { write!(f, "(mut {})", self.content) } else { write!(f, "{}", self.content) }
    }
}
