//! Numbers and names of wasm instructions for the profile.

use brisk_module::wasmparser::{self, Operator};

macro_rules! operators {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// Names of all instructions, as `wasmparser` calls them.
        pub(crate) const OP_NAMES: &[&str] = &[$(stringify!($op),)*];

        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy)]
        #[repr(u16)]
        enum Index { $($op,)* }

        /// Position of an instruction in [`OP_NAMES`].
        pub(crate) fn op_index(op: &Operator<'_>) -> u16 {
            match op {
                $(Operator::$op { .. } => Index::$op as u16,)*
                _ => 0,
            }
        }
    };
}
wasmparser::for_each_operator!(operators);
