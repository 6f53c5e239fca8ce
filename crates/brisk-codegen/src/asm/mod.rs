//! What the assemblers of all processors share: sizes, registers, labels, symbols, relocations, the constant pool; and
//! what the compiler asks of any of them.

mod labels;
mod pool;

use crate::code::RelocKind;
pub(crate) use labels::Labels;
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
    /// The size of 1, 2, 4 or 8 bytes.
    pub const fn of_bytes(bytes: u32) -> Size {
        match bytes {
            1 => Size::B8,
            2 => Size::B16,
            4 => Size::B32,
            _ => Size::B64,
        }
    }

    /// The size in bytes.
    pub const fn bytes(self) -> u32 {
        1 << self as u32
    }

    /// The size in bits.
    pub const fn bits(self) -> u32 {
        8 << self as u32
    }
}

/// A general-purpose register by its number; the size comes with the instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Gpr(pub u8);

/// A register of floats and vectors by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct VectorReg(pub u8);

/// Declares the registers of a class.
macro_rules! registers {
    ($class:ident: $($name:ident = $number:expr),+ $(,)?) => {
        $(#[doc = concat!("Register number ", $number, " of its class.")]
        pub const $name: $class = $class($number);)+
    };
}
pub(crate) use registers;

/// A place in the code of one function, or in its constant pool; see `Assembler::new_label`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Label(pub u32);

/// Something outside of the function that code refers to; what the number means is up to the
/// user of the assembler.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// An instruction, or a field of one, that depends on a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reloc {
    /// Offset in the code; what is there is 0.
    pub at: u32,
    /// What it refers to.
    pub symbol: Symbol,
    /// To be added to the symbol's address; accounts for the end of the instruction where that counts.
    pub addend: i32,
    /// What is to be filled in.
    pub kind: RelocKind,
}

/// A finished function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Assembled<'a> {
    /// Code and constants; its start wants an alignment of 16.
    pub code: &'a [u8],
    /// The places to be filled in by who links it.
    pub relocs: &'a [Reloc],
}

/// What the compiler asks of every processor's assembler. It assembles one function after the other.
pub trait Assemble: Send {
    /// Extensions of the processor.
    type Features: Copy;

    /// An empty assembler for a processor.
    fn new(features: Self::Features) -> Self;

    /// Forgets the function, keeps the memory.
    fn clear(&mut self);

    /// Offset of what comes next.
    fn offset(&self) -> u32;

    /// Places the constants that are left. All labels that something refers to have to be bound.
    fn finish(&mut self) -> Assembled<'_>;

    /// Makes sure that the next `bytes` bytes are written without a branch getting out of reach. To be called before each
    /// machine instruction of the compiler, at a place where everything that was noted of this offset, or bound to it,
    /// may be an instruction further on.
    fn room(&mut self, bytes: u32);

    /// Fills with no-operations up to a multiple of `to`, a power of two. The function's start must be as aligned.
    fn align(&mut self, to: u32);

    /// A new label, not bound.
    fn new_label(&mut self) -> Label;

    /// Where a label is bound.
    fn label_offset(&self, label: Label) -> Option<u32>;

    /// Binds a label to this place and fills in what waits for it.
    fn bind(&mut self, label: Label);

    /// Goes on at a label.
    fn jump(&mut self, label: Label);

    /// Calls a symbol.
    fn call_symbol(&mut self, symbol: Symbol);

    /// Returns to the caller.
    fn ret(&mut self);

    /// Moves 64 bits from one register to another.
    fn move_word(&mut self, dst: Gpr, src: Gpr);

    /// Moves all of a vector register to another.
    fn move_vector(&mut self, dst: VectorReg, src: VectorReg);

    /// Loads 64 bits. The offset is that of a field of a small structure.
    fn load_word(&mut self, dst: Gpr, base: Gpr, offset: u32);

    /// Stores 64 bits. The offset is that of a field of a small structure.
    fn store_word(&mut self, base: Gpr, offset: u32, src: Gpr);
}
