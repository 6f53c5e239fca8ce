//! What the assemblers of all processors share: sizes, labels, symbols, the constant pool.

mod pool;

pub(crate) use pool::Pool;

/// Declares an enum whose values are its encodings, with the list of all its members.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$item_meta:meta])* $item:ident = $value:expr),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$item_meta])* $item = $value),+
        }

        impl $name {
            /// All members, in the order of the table.
            pub const ALL: &'static [$name] = &[$($name::$item),+];
        }
    };
}
pub(crate) use vocabulary;

vocabulary! {
    /// Size of an integer operand.
    Size {
        /// 8 bits.
        B8 = 0,
        /// 16 bits.
        B16 = 1,
        /// 32 bits.
        B32 = 2,
        /// 64 bits.
        B64 = 3,
    }
}

impl Size {
    /// The size in bytes.
    pub const fn bytes(self) -> u32 {
        1 << self as u32
    }

    /// The size in bits.
    pub const fn bits(self) -> u32 {
        8 << self as u32
    }
}

/// A place in the code of one function, or in its constant pool; see `Assembler::new_label`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Label(pub u32);

/// Something outside of the function that code refers to; what the number means is up to the
/// user of the assembler.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);
