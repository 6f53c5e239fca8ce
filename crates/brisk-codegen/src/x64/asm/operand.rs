//! What instructions operate on: registers, conditions, memory operands.

use crate::asm::registers;
pub(super) use crate::asm::vocabulary;
pub use crate::asm::{Gpr, Label, Size, Symbol, VectorReg as Xmm};

registers!(Gpr: RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7, R8 = 8,
    R9 = 9, R10 = 10, R11 = 11, R12 = 12, R13 = 13, R14 = 14, R15 = 15);

registers!(Xmm: XMM0 = 0, XMM1 = 1, XMM2 = 2, XMM3 = 3, XMM4 = 4, XMM5 = 5, XMM6 = 6, XMM7 = 7,
    XMM8 = 8, XMM9 = 9, XMM10 = 10, XMM11 = 11, XMM12 = 12, XMM13 = 13, XMM14 = 14, XMM15 = 15);

vocabulary! {
    /// Condition of `jcc`, `setcc` and `cmovcc`, by its encoding.
    Cond {
        /// Overflow.
        O = 0,
        /// No overflow.
        No = 1,
        /// Below (unsigned), carry.
        B = 2,
        /// Above or equal (unsigned), no carry.
        Ae = 3,
        /// Equal, zero.
        E = 4,
        /// Not equal, not zero.
        Ne = 5,
        /// Below or equal (unsigned).
        Be = 6,
        /// Above (unsigned).
        A = 7,
        /// Sign, negative.
        S = 8,
        /// No sign.
        Ns = 9,
        /// Parity even; after a float comparison: unordered.
        P = 10,
        /// Parity odd; after a float comparison: ordered.
        Np = 11,
        /// Less (signed).
        L = 12,
        /// Greater or equal (signed).
        Ge = 13,
        /// Less or equal (signed).
        Le = 14,
        /// Greater (signed).
        G = 15,
    }
}

impl Cond {
    /// The condition that holds exactly when this one does not.
    pub const fn invert(self) -> Cond {
        Cond::ALL[(self as usize) ^ 1]
    }

    /// The condition that a comparison with its operands exchanged needs.
    pub const fn swap(self) -> Cond {
        match self {
            Cond::B => Cond::A,
            Cond::A => Cond::B,
            Cond::Ae => Cond::Be,
            Cond::Be => Cond::Ae,
            Cond::L => Cond::G,
            Cond::G => Cond::L,
            Cond::Le => Cond::Ge,
            Cond::Ge => Cond::Le,
            other => other,
        }
    }
}

vocabulary! {
    /// Factor of an index register.
    Scale {
        /// Times 1.
        One = 0,
        /// Times 2.
        Two = 1,
        /// Times 4.
        Four = 2,
        /// Times 8.
        Eight = 3,
    }
}

impl Scale {
    /// The scale of a shift by 0 to 3.
    pub const fn from_log2(shift: u32) -> Option<Scale> {
        match shift {
            0 => Some(Scale::One),
            1 => Some(Scale::Two),
            2 => Some(Scale::Four),
            3 => Some(Scale::Eight),
            _ => None,
        }
    }
}

/// A memory operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mem {
    /// `[base + disp]`
    Base {
        /// Base register.
        base: Gpr,
        /// Displacement.
        disp: i32,
    },
    /// `[base + index * scale + disp]`
    Index {
        /// Base register.
        base: Gpr,
        /// Index register, never rsp.
        index: Gpr,
        /// Factor of the index.
        scale: Scale,
        /// Displacement.
        disp: i32,
    },
    /// `[index * scale + disp]`
    Scaled {
        /// Index register, never rsp.
        index: Gpr,
        /// Factor of the index.
        scale: Scale,
        /// Displacement.
        disp: i32,
    },
    /// `[rip + (label - rip) + disp]`: a label or a constant of the pool.
    Label {
        /// The place.
        label: Label,
        /// Distance from the place in bytes.
        disp: i32,
    },
    /// `[rip + (symbol - rip) + addend]`, filled in by who links the code.
    Symbol {
        /// The place.
        symbol: Symbol,
        /// Distance from the place in bytes.
        addend: i32,
    },
}

impl Mem {
    /// `[base + disp]`
    pub const fn base(base: Gpr, disp: i32) -> Mem {
        Mem::Base { base, disp }
    }

    /// `[base + index * scale + disp]`
    pub const fn index(base: Gpr, index: Gpr, scale: Scale, disp: i32) -> Mem {
        Mem::Index { base, index, scale, disp }
    }

    /// `[index * scale + disp]` in the form that is shortest: a factor of 1 is a base, a factor of
    /// 2 is base plus index.
    pub const fn scaled(index: Gpr, scale: Scale, disp: i32) -> Mem {
        match scale {
            Scale::One => Mem::Base { base: index, disp },
            Scale::Two => Mem::Index { base: index, index, scale: Scale::One, disp },
            _ => Mem::Scaled { index, scale, disp },
        }
    }

    /// What is at a label, or a constant of the pool.
    pub const fn label(label: Label) -> Mem {
        Mem::Label { label, disp: 0 }
    }

    /// What is at a symbol.
    pub const fn symbol(symbol: Symbol) -> Mem {
        Mem::Symbol { symbol, addend: 0 }
    }

    /// The operand `by` bytes further on; `None` if the displacement does not fit.
    pub const fn offset(self, by: i32) -> Option<Mem> {
        let mut moved = self;
        match &mut moved {
            Mem::Base { disp, .. }
            | Mem::Index { disp, .. }
            | Mem::Scaled { disp, .. }
            | Mem::Label { disp, .. }
            | Mem::Symbol { addend: disp, .. } => match disp.checked_add(by) {
                Some(sum) => *disp = sum,
                None => return None,
            },
        }
        Some(moved)
    }
}

/// A register or a memory operand: what the ModRM byte's `rm` field selects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegMem<R> {
    /// A register.
    Reg(R),
    /// A memory operand.
    Mem(Mem),
}

/// A general-purpose register or memory.
pub type Rm = RegMem<Gpr>;
/// A vector register or memory.
pub type RmX = RegMem<Xmm>;

impl<R> RegMem<R> {
    /// The register, if it is one.
    pub fn reg(self) -> Option<R> {
        match self {
            RegMem::Reg(reg) => Some(reg),
            RegMem::Mem(_) => None,
        }
    }
}

impl From<Gpr> for Rm {
    fn from(reg: Gpr) -> Rm {
        RegMem::Reg(reg)
    }
}

impl From<Xmm> for RmX {
    fn from(reg: Xmm) -> RmX {
        RegMem::Reg(reg)
    }
}

impl<R> From<Mem> for RegMem<R> {
    fn from(mem: Mem) -> RegMem<R> {
        RegMem::Mem(mem)
    }
}

/// A register of either class as its number.
pub(super) type RawRm = RegMem<u8>;

impl From<Rm> for RawRm {
    fn from(rm: Rm) -> RawRm {
        match rm {
            RegMem::Reg(reg) => RegMem::Reg(reg.0),
            RegMem::Mem(mem) => RegMem::Mem(mem),
        }
    }
}

impl From<RmX> for RawRm {
    fn from(rm: RmX) -> RawRm {
        match rm {
            RegMem::Reg(reg) => RegMem::Reg(reg.0),
            RegMem::Mem(mem) => RegMem::Mem(mem),
        }
    }
}

/// The instruction-set extensions that code may use. SSE2 is always there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Features {
    /// SSSE3.
    pub ssse3: bool,
    /// SSE4.1.
    pub sse41: bool,
    /// SSE4.2.
    pub sse42: bool,
    /// AVX: all vector instructions are encoded with VEX.
    pub avx: bool,
    /// AVX2.
    pub avx2: bool,
    /// FMA3.
    pub fma: bool,
    /// BMI1.
    pub bmi1: bool,
    /// BMI2.
    pub bmi2: bool,
    /// LZCNT.
    pub lzcnt: bool,
    /// POPCNT.
    pub popcnt: bool,
}

impl Features {
    /// Everything that the assembler knows.
    pub const ALL: Features = Features {
        ssse3: true,
        sse41: true,
        sse42: true,
        avx: true,
        avx2: true,
        fma: true,
        bmi1: true,
        bmi2: true,
        lzcnt: true,
        popcnt: true,
    };

    /// What every x64 processor has.
    pub const BASELINE: Features = Features {
        ssse3: false,
        sse41: false,
        sse42: false,
        avx: false,
        avx2: false,
        fma: false,
        bmi1: false,
        bmi2: false,
        lzcnt: false,
        popcnt: false,
    };
}
