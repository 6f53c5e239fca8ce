//! Types of memories, tables and globals.

use super::{Mutability, RefType, ValType};
use crate::{Context, Engine, Result, bail, ensure};
use brisk_module::Limits;
use std::fmt;

/// Type of a global.
///
/// ```
/// use brisk::{GlobalType, Mutability, ValType};
///
/// let ty = GlobalType::new(ValType::I64, Mutability::Var);
/// assert!(ty.content().is_i64() && ty.mutability().is_var());
/// assert_eq!(ty.to_string(), "(global (mut i64))");
/// ```
#[derive(Clone, Debug, Hash)]
pub struct GlobalType {
    content: ValType,
    mutability: Mutability,
}

impl GlobalType {
    /// A global for values of a type.
    pub fn new(content: ValType, mutability: Mutability) -> GlobalType {
        GlobalType { content, mutability }
    }

    /// Type of the value.
    pub fn content(&self) -> &ValType {
        &self.content
    }

    /// Whether the global can be assigned.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    pub(crate) fn canonical(&self) -> brisk_module::GlobalType {
        brisk_module::GlobalType { content: self.content.canonical(), mutable: self.mutability.is_var() }
    }

    pub(crate) fn from_canonical(engine: &Engine, ty: &brisk_module::GlobalType) -> GlobalType {
        let mutability = if ty.mutable { Mutability::Var } else { Mutability::Const };
        GlobalType { content: ValType::from_canonical(engine, ty.content), mutability }
    }
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mutability {
            Mutability::Const => write!(f, "(global {})", self.content),
            Mutability::Var => write!(f, "(global (mut {}))", self.content),
        }
    }
}

fn fmt_limits(limits: Limits, is_64: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if is_64 {
        f.write_str(" i64")?;
    }
    write!(f, " {}", limits.min)?;
    limits.max.map_or(Ok(()), |max| write!(f, " {max}"))
}

/// Type of a table.
///
/// ```
/// use brisk::{RefType, TableType};
///
/// let ty = TableType::new(RefType::FUNCREF, 1, Some(10));
/// assert_eq!((ty.minimum(), ty.maximum(), ty.is_64()), (1, Some(10), false));
/// assert_eq!(ty.to_string(), "(table 1 10 funcref)");
/// ```
#[derive(Clone, Debug, Hash)]
pub struct TableType {
    element: RefType,
    limits: Limits,
    is_64: bool,
}

impl TableType {
    /// A table with 32-bit indices.
    pub fn new(element: RefType, min: u32, max: Option<u32>) -> TableType {
        let limits = Limits { min: min.into(), max: max.map(u64::from) };
        TableType { element, limits, is_64: false }
    }

    /// A table with 64-bit indices.
    pub fn new64(element: RefType, min: u64, max: Option<u64>) -> TableType {
        TableType { element, limits: Limits { min, max }, is_64: true }
    }

    /// Whether indices have 64 bits.
    pub fn is_64(&self) -> bool {
        self.is_64
    }

    /// Type of the elements.
    pub fn element(&self) -> &RefType {
        &self.element
    }

    /// Least size in elements.
    pub fn minimum(&self) -> u64 {
        self.limits.min
    }

    /// Largest size in elements, where there is one.
    pub fn maximum(&self) -> Option<u64> {
        self.limits.max
    }

    pub(crate) fn canonical(&self) -> brisk_module::TableType {
        brisk_module::TableType {
            element: self.element.canonical(),
            limits: self.limits,
            table64: self.is_64,
        }
    }

    pub(crate) fn from_canonical(engine: &Engine, ty: &brisk_module::TableType) -> TableType {
        TableType {
            element: RefType::from_canonical(engine, ty.element),
            limits: ty.limits,
            is_64: ty.table64,
        }
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(table")?;
        fmt_limits(self.limits, self.is_64, f)?;
        write!(f, " {})", self.element)
    }
}

/// Page size of a memory that does not say otherwise, as a power of two.
const PAGE_SIZE_LOG2: u8 = 16;

/// Makes a [`MemoryType`].
///
/// ```
/// use brisk::MemoryTypeBuilder;
///
/// let ty = MemoryTypeBuilder::new().memory64(true).min(1).max(Some(4)).build()?;
/// assert!(ty.is_64());
/// assert!(MemoryTypeBuilder::new().min(2).max(Some(1)).build().is_err());
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryTypeBuilder(brisk_module::MemoryType);

impl Default for MemoryTypeBuilder {
    fn default() -> MemoryTypeBuilder {
        MemoryTypeBuilder(brisk_module::MemoryType {
            limits: Limits { min: 0, max: None },
            memory64: false,
            shared: false,
            page_size_log2: PAGE_SIZE_LOG2,
        })
    }
}

impl MemoryTypeBuilder {
    /// Begins with no pages, no maximum, 32-bit addresses and pages of 64 KiB.
    pub fn new() -> MemoryTypeBuilder {
        MemoryTypeBuilder::default()
    }

    /// Least size in pages.
    pub fn min(&mut self, minimum: u64) -> &mut Self {
        self.0.limits.min = minimum;
        self
    }

    /// Largest size in pages, where there is one.
    pub fn max(&mut self, maximum: Option<u64>) -> &mut Self {
        self.0.limits.max = maximum;
        self
    }

    /// Whether addresses have 64 bits.
    pub fn memory64(&mut self, memory64: bool) -> &mut Self {
        self.0.memory64 = memory64;
        self
    }

    /// Whether the memory is shared between threads. Such memories are refused for now.
    pub fn shared(&mut self, shared: bool) -> &mut Self {
        self.0.shared = shared;
        self
    }

    /// Page size as a power of two: 16 or 0.
    pub fn page_size_log2(&mut self, page_size_log2: u8) -> &mut Self {
        self.0.page_size_log2 = page_size_log2;
        self
    }

    /// The type.
    ///
    /// # Errors
    ///
    /// Fails if the parts do not go together, or sizes are beyond what can be addressed.
    pub fn build(&self) -> Result<MemoryType> {
        let ty = self.0;
        let log2 = ty.page_size_log2;
        ensure!(log2 == 0 || log2 == PAGE_SIZE_LOG2, "a page has 2^0 or 2^16 bytes, not 2^{log2}");
        ensure!(!ty.shared || ty.limits.max.is_some(), "a shared memory needs a maximum size");
        let addressable: u128 = if ty.memory64 { 1 << 64 } else { 1 << 32 };
        let bytes = |pages: u64| u128::from(pages) << log2;
        ensure!(bytes(ty.limits.min) <= addressable, "the minimum size is beyond what can be addressed");
        if let Some(max) = ty.limits.max {
            ensure!(bytes(max) <= addressable, "the maximum size is beyond what can be addressed");
            ensure!(max >= ty.limits.min, "the maximum size is below the minimum size");
        }
        if ty.shared {
            bail!("shared memories (proposal `threads`) are not supported");
        }
        Ok(MemoryType(ty))
    }
}

/// Type of a memory. Sizes count in its pages.
///
/// ```
/// use brisk::MemoryType;
///
/// let ty = MemoryType::new(1, Some(2));
/// assert_eq!((ty.minimum(), ty.maximum(), ty.page_size()), (1, Some(2), 65_536));
/// assert_eq!(ty.to_string(), "(memory 1 2)");
/// ```
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub struct MemoryType(brisk_module::MemoryType);

impl MemoryType {
    /// A memory with 32-bit addresses.
    ///
    /// # Panics
    ///
    /// If the maximum is below the minimum or either is above 65,536 pages.
    pub fn new(minimum: u32, maximum: Option<u32>) -> MemoryType {
        MemoryTypeBuilder::new()
            .min(minimum.into())
            .max(maximum.map(u64::from))
            .build()
            .context("making a memory type")
            .unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// A memory with 64-bit addresses.
    ///
    /// # Panics
    ///
    /// If the maximum is below the minimum or either is above 2^48 pages.
    pub fn new64(minimum: u64, maximum: Option<u64>) -> MemoryType {
        MemoryTypeBuilder::new()
            .memory64(true)
            .min(minimum)
            .max(maximum)
            .build()
            .context("making a memory type")
            .unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Makes any other type of memory.
    pub fn builder() -> MemoryTypeBuilder {
        MemoryTypeBuilder::new()
    }

    /// Whether addresses have 64 bits.
    pub fn is_64(&self) -> bool {
        self.0.memory64
    }

    /// Whether the memory is shared between threads.
    pub fn is_shared(&self) -> bool {
        self.0.shared
    }

    /// Least size in pages.
    pub fn minimum(&self) -> u64 {
        self.0.limits.min
    }

    /// Largest size in pages, where there is one.
    pub fn maximum(&self) -> Option<u64> {
        self.0.limits.max
    }

    /// Bytes of a page.
    pub fn page_size(&self) -> u64 {
        1 << self.0.page_size_log2
    }

    /// Bytes of a page as a power of two.
    pub fn page_size_log2(&self) -> u8 {
        self.0.page_size_log2
    }

    pub(crate) fn canonical(&self) -> brisk_module::MemoryType {
        self.0
    }

    pub(crate) fn from_canonical(ty: &brisk_module::MemoryType) -> MemoryType {
        MemoryType(*ty)
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(memory")?;
        fmt_limits(self.0.limits, self.0.memory64, f)?;
        if self.0.shared {
            f.write_str(" shared")?;
        }
        if self.0.page_size_log2 != PAGE_SIZE_LOG2 {
            write!(f, " (pagesize {})", self.page_size())?;
        }
        f.write_str(")")
    }
}
