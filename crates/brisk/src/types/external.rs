//! Types of what modules import and export.

use super::{FuncType, GlobalType, MemoryType, TableType, TagType};
use std::fmt;

macro_rules! extern_types {
    ($($variant:ident $ty:ident $accessor:ident $unwrap:ident $what:literal;)*) => {
        /// Type of something that a module imports or exports.
        ///
        /// ```
        /// use brisk::{ExternType, MemoryType};
        ///
        /// let ty = ExternType::from(MemoryType::new(1, None));
        /// assert_eq!(ty.unwrap_memory().minimum(), 1);
        /// assert!(ty.func().is_none());
        /// ```
        #[derive(Clone, Debug)]
        pub enum ExternType {
            $(#[doc = concat!("A ", $what, ".")] $variant($ty),)*
        }

        impl ExternType {
            $(
                #[doc = concat!("The type of the ", $what, ", if it is one.")]
                pub fn $accessor(&self) -> Option<&$ty> {
                    match self {
                        ExternType::$variant(ty) => Some(ty),
                        _ => None,
                    }
                }

                #[doc = concat!("The type of the ", $what, ".\n\n# Panics\n\nIf it is none.")]
                pub fn $unwrap(&self) -> &$ty {
                    match self {
                        ExternType::$variant(ty) => ty,
                        other => panic!("expected a {}, found `{other}`", $what),
                    }
                }
            )*
        }

        impl fmt::Display for ExternType {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(ExternType::$variant(ty) => ty.fmt(f),)*
                }
            }
        }

        $(
            impl From<$ty> for ExternType {
                fn from(ty: $ty) -> ExternType {
                    ExternType::$variant(ty)
                }
            }
        )*
    };
}

extern_types! {
    Func FuncType func unwrap_func "function";
    Global GlobalType global unwrap_global "global";
    Table TableType table unwrap_table "table";
    Memory MemoryType memory unwrap_memory "memory";
    Tag TagType tag unwrap_tag "tag";
}

/// An import of a module: its names and its type.
///
/// ```
/// use brisk::{Engine, Module};
///
/// let module = Module::new(&Engine::default(), r#"(module (import "env" "log" (func (param i32))))"#)?;
/// let import = module.imports().next().unwrap();
/// assert_eq!((import.module(), import.name()), ("env", "log"));
/// assert_eq!(import.ty().to_string(), "(func (param i32))");
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone)]
pub struct ImportType<'module> {
    pub(crate) module: &'module str,
    pub(crate) name: &'module str,
    pub(crate) ty: ExternType,
}

impl<'module> ImportType<'module> {
    /// Name of the module imported from.
    pub fn module(&self) -> &'module str {
        self.module
    }

    /// Name of what is imported.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// Its type.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

impl fmt::Debug for ImportType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportType")
            .field("module", &self.module)
            .field("name", &self.name)
            .field("ty", &self.ty)
            .finish()
    }
}

/// An export of a module: its name and its type.
///
/// ```
/// use brisk::{Engine, Module};
///
/// let module = Module::new(&Engine::default(), r#"(module (memory (export "memory") 2))"#)?;
/// let export = module.exports().next().unwrap();
/// assert_eq!(export.name(), "memory");
/// assert_eq!(export.ty().unwrap_memory().minimum(), 2);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone)]
pub struct ExportType<'module> {
    pub(crate) name: &'module str,
    pub(crate) ty: ExternType,
}

impl<'module> ExportType<'module> {
    /// Its name.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// Its type.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

impl fmt::Debug for ExportType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportType").field("name", &self.name).field("ty", &self.ty).finish()
    }
}
