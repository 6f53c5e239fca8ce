//! What instructions operate on: registers, conditions, shifts, memory operands.

use crate::asm::registers;
pub(super) use crate::asm::vocabulary;
pub use crate::asm::{Gpr, Label, Size, Symbol, VectorReg as Fpr};

/// Declares an enum whose values are the bits of its instructions, with the list of all its members.
macro_rules! encodings {
    ($(#[$meta:meta])* $name:ident { $($(#[$item_meta:meta])* $item:ident = $value:expr),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u32)]
        pub enum $name {
            $($(#[$item_meta])* $item = $value),+
        }

        impl $name {
            /// All members, in the order of the table.
            pub const ALL: &'static [$name] = &[$($name::$item),+];
        }
    };
}
pub(super) use encodings;

registers!(Gpr: X0 = 0, X1 = 1, X2 = 2, X3 = 3, X4 = 4, X5 = 5, X6 = 6, X7 = 7, X8 = 8, X9 = 9, X10 = 10,
    X11 = 11, X12 = 12, X13 = 13, X14 = 14, X15 = 15, X16 = 16, X17 = 17, X18 = 18, X19 = 19, X20 = 20,
    X21 = 21, X22 = 22, X23 = 23, X24 = 24, X25 = 25, X26 = 26, X27 = 27, X28 = 28, X29 = 29, X30 = 30);

/// Reads as zero, and forgets what is written.
pub const XZR: Gpr = Gpr(31);

/// The stack pointer. It has the number of [`XZR`]; which of the two is meant depends on the instruction,
/// so it is told apart by a bit of its own.
pub const SP: Gpr = Gpr(63);

impl Gpr {
    /// The number where 31 is zero.
    #[inline]
    pub(super) fn zr(self) -> u32 {
        debug_assert!(self.0 <= 31, "sp is not possible here");
        u32::from(self.0 & 31)
    }

    /// The number where 31 is the stack pointer.
    #[inline]
    pub(super) fn sp(self) -> u32 {
        debug_assert!(self.0 < 31 || self == SP, "xzr is not possible here");
        u32::from(self.0 & 31)
    }
}

registers!(Fpr: V0 = 0, V1 = 1, V2 = 2, V3 = 3, V4 = 4, V5 = 5, V6 = 6, V7 = 7, V8 = 8, V9 = 9, V10 = 10,
    V11 = 11, V12 = 12, V13 = 13, V14 = 14, V15 = 15, V16 = 16, V17 = 17, V18 = 18, V19 = 19, V20 = 20,
    V21 = 21, V22 = 22, V23 = 23, V24 = 24, V25 = 25, V26 = 26, V27 = 27, V28 = 28, V29 = 29, V30 = 30,
    V31 = 31);

impl Fpr {
    #[inline]
    pub(super) fn n(self) -> u32 {
        debug_assert!(self.0 < 32);
        u32::from(self.0 & 31)
    }
}

/// The bit that tells 64 from 32 bits in most integer instructions.
#[inline]
pub(super) fn sf(size: Size) -> u32 {
    debug_assert!(matches!(size, Size::B32 | Size::B64));
    u32::from(size == Size::B64) << 31
}

vocabulary! {
    /// A condition of the flags, by its encoding.
    Cond {
        /// Equal, zero.
        Eq = 0,
        /// Not equal, not zero. After a float comparison: or unordered.
        Ne = 1,
        /// Carry set: unsigned greater or equal. After a float comparison: greater, equal or unordered.
        Hs = 2,
        /// Carry clear: unsigned less. After a float comparison: less.
        Lo = 3,
        /// Minus, negative. After a float comparison: less.
        Mi = 4,
        /// Plus, positive or zero. After a float comparison: greater, equal or unordered.
        Pl = 5,
        /// Overflow. After a float comparison: unordered.
        Vs = 6,
        /// No overflow. After a float comparison: ordered.
        Vc = 7,
        /// Unsigned greater. After a float comparison: greater or unordered.
        Hi = 8,
        /// Unsigned less or equal. After a float comparison: less or equal.
        Ls = 9,
        /// Signed greater or equal. After a float comparison: greater or equal.
        Ge = 10,
        /// Signed less. After a float comparison: less or unordered.
        Lt = 11,
        /// Signed greater. After a float comparison: greater.
        Gt = 12,
        /// Signed less or equal. After a float comparison: less, equal or unordered.
        Le = 13,
    }
}

impl Cond {
    /// The condition that holds exactly when this one does not.
    pub const fn invert(self) -> Cond {
        Cond::ALL[(self as usize) ^ 1]
    }

    /// The condition that a comparison of integers with its operands exchanged needs.
    pub const fn swap(self) -> Cond {
        match self {
            Cond::Hs => Cond::Ls,
            Cond::Ls => Cond::Hs,
            Cond::Lo => Cond::Hi,
            Cond::Hi => Cond::Lo,
            Cond::Ge => Cond::Le,
            Cond::Le => Cond::Ge,
            Cond::Lt => Cond::Gt,
            Cond::Gt => Cond::Lt,
            other => other,
        }
    }
}

vocabulary! {
    /// How the last operand is shifted, by its encoding.
    Shift {
        /// Left.
        Lsl = 0,
        /// Right, filling with zeros.
        Lsr = 1,
        /// Right, filling with the sign.
        Asr = 2,
        /// Rotated right; not in additions.
        Ror = 3,
    }
}

vocabulary! {
    /// How the last operand is extended, by its encoding.
    Extend {
        /// Its low 8 bits, with zeros.
        Uxtb = 0,
        /// Its low 16 bits, with zeros.
        Uxth = 1,
        /// Its low 32 bits, with zeros.
        Uxtw = 2,
        /// All of it.
        Uxtx = 3,
        /// Its low 8 bits, with the sign.
        Sxtb = 4,
        /// Its low 16 bits, with the sign.
        Sxth = 5,
        /// Its low 32 bits, with the sign.
        Sxtw = 6,
        /// All of it.
        Sxtx = 7,
    }
}

vocabulary! {
    /// How much of a vector register is loaded, stored or computed with, by the logarithm of its bytes.
    Width {
        /// `b`: 8 bits.
        B = 0,
        /// `h`: 16 bits.
        H = 1,
        /// `s`: 32 bits.
        S = 2,
        /// `d`: 64 bits.
        D = 3,
        /// `q`: all 128 bits.
        Q = 4,
    }
}

impl Width {
    /// In bytes.
    pub const fn bytes(self) -> u32 {
        1 << self as u32
    }

    /// In bits.
    pub const fn bits(self) -> u32 {
        8 << self as u32
    }
}

/// A memory operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mem {
    /// `[base, #offset]`: a multiple of the access's bytes up to 4095 times them, or -256 to 255; see
    /// [`Mem::fits`].
    Offset {
        /// Base register, may be sp.
        base: Gpr,
        /// Offset in bytes.
        offset: i32,
    },
    /// `[base, index, extend #shift]`.
    Index {
        /// Base register, may be sp.
        base: Gpr,
        /// Index register.
        index: Gpr,
        /// `Uxtw`, `Sxtw`, `Uxtx` (what is written `lsl`) or `Sxtx`.
        extend: Extend,
        /// Whether the index is multiplied by the access's bytes.
        scaled: bool,
    },
    /// `[base, #offset]!`: -256 to 255 is added to the base first.
    Pre {
        /// Base register, may be sp.
        base: Gpr,
        /// Offset in bytes.
        offset: i32,
    },
    /// `[base], #offset`: -256 to 255 is added to the base afterwards.
    Post {
        /// Base register, may be sp.
        base: Gpr,
        /// Offset in bytes.
        offset: i32,
    },
    /// A label or a constant of the pool within 1 MiB: of 4 bytes and more, for loads only.
    Label(Label),
}

impl Mem {
    /// `[base, #offset]`
    pub const fn base(base: Gpr, offset: i32) -> Mem {
        Mem::Offset { base, offset }
    }

    /// `[base, index, lsl #0]`: both of 64 bits
    pub const fn index(base: Gpr, index: Gpr) -> Mem {
        Mem::Index { base, index, extend: Extend::Uxtx, scaled: false }
    }

    /// `[base, index, uxtw]`: the index has 32 bits
    pub const fn uxtw(base: Gpr, index: Gpr) -> Mem {
        Mem::Index { base, index, extend: Extend::Uxtw, scaled: false }
    }

    /// Whether an access of so many bytes (a power of two) can have the offset in [`Mem::Offset`].
    pub const fn fits(offset: i64, bytes: u32) -> bool {
        let bytes = bytes as i64;
        -256 <= offset && offset < 256 || offset >= 0 && offset % bytes == 0 && offset / bytes < 4096
    }
}

/// The instruction-set extensions that code may use, beside the baseline: Armv8.0-A with Advanced SIMD.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Features {
    /// FEAT_LSE: atomic operations in one instruction.
    pub lse: bool,
    /// FEAT_BTI: branch targets are marked.
    pub bti: bool,
    /// FEAT_PAuth: return addresses are signed.
    pub paca: bool,
    /// FEAT_DotProd: `sdot`, `udot`.
    pub dotprod: bool,
    /// FEAT_I8MM: `usdot`.
    pub i8mm: bool,
}

impl Features {
    /// Everything that the assembler knows.
    pub const ALL: Features = Features { lse: true, bti: true, paca: true, dotprod: true, i8mm: true };

    /// What every AArch64 processor has.
    pub const BASELINE: Features =
        Features { lse: false, bti: false, paca: false, dotprod: false, i8mm: false };
}
