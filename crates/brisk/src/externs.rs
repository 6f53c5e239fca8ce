//! What instances import and export.

use crate::error::Result;
use crate::func::Func;
use crate::global::Global;
use crate::memory::Memory;
use crate::store::{AsContext, foreign};
use crate::table::Table;
use crate::tag::Tag;
use crate::types::ExternType;
use crate::vm::instantiate::ImportValue;
use crate::vm::store::StoreOpaque;

macro_rules! externs {
    ($($name:ident $into:ident $what:literal;)*) => {
        /// Something that an instance imports or exports.
        ///
        /// ```
        /// use brisk::{Extern, Func, Store};
        ///
        /// let mut store = Store::<()>::default();
        /// let item = Extern::from(Func::wrap(&mut store, || 1));
        /// assert!(item.ty(&store).func().is_some());
        /// assert!(item.into_memory().is_none());
        /// ```
        #[derive(Clone, Debug)]
        pub enum Extern {
            $(#[doc = concat!("A ", $what, ".")] $name($name),)*
        }

        impl Extern {
            $(
                #[doc = concat!("The ", $what, ", if it is one.")]
                pub fn $into(self) -> Option<$name> {
                    if let Extern::$name(item) = self { Some(item) } else { None }
                }
            )*

            /// Whether it is of the given store.
            pub(crate) fn belongs_to(&self, store: &StoreOpaque) -> bool {
                match self {
                    $(Extern::$name(item) => item.handle().belongs_to(store),)*
                }
            }

            /// The record of this in the store, for an instance to import.
            pub(crate) fn import_value(&self, store: &StoreOpaque) -> Result<ImportValue> {
                match self {
                    $(Extern::$name(item) if item.handle().belongs_to(store) => {
                        Ok(ImportValue::$name(item.handle().ptr()))
                    })*
                    _ => Err(foreign("what is to be imported")),
                }
            }
        }

        $(
            impl From<$name> for Extern {
                fn from(item: $name) -> Extern {
                    Extern::$name(item)
                }
            }
        )*

        impl Export<'_> {
            $(
                #[doc = concat!("The ", $what, ", if it is one.")]
                pub fn $into(self) -> Option<$name> {
                    self.item.$into()
                }
            )*
        }
    };
}

externs! {
    Func into_func "function";
    Table into_table "table";
    Memory into_memory "memory";
    Global into_global "global";
    Tag into_tag "tag";
}

impl Extern {
    /// Its type. For memories and tables the current size is the least one.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        let store: &StoreOpaque = store.as_context().0;
        match self.import_value(store) {
            Ok(value) => value.definition_in(store).to_public(store.engine()),
            Err(_) => crate::vm::handle::wrong_store(),
        }
    }
}

/// An export of an instance, with its name.
///
/// ```
/// use brisk::{Instance, Module, Store};
///
/// let mut store = Store::<()>::default();
/// let module = Module::new(store.engine(), r#"(module
///     (memory (export "memory") 1) (func (export "run")))"#)?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let names: Vec<_> = instance.exports(&mut store).map(|export| export.name()).collect();
/// assert_eq!(names, ["memory", "run"]);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct Export<'instance> {
    name: &'instance str,
    item: Extern,
}

impl<'instance> Export<'instance> {
    pub(crate) fn new(name: &'instance str, item: Extern) -> Export<'instance> {
        Export { name, item }
    }

    /// Its name.
    pub fn name(&self) -> &'instance str {
        self.name
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// With another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        self.item.ty(store)
    }

    /// What is exported.
    pub fn into_extern(self) -> Extern {
        self.item
    }
}
