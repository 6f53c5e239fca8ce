//! Emission of x64: see [`crate::emit`].

mod control;
mod float;
mod int;
mod simd;

use super::X64;
use super::asm::*;
use super::convention::*;
use super::inst::*;
use super::simd::SimdInst;
use crate::code::SiteKind;
use crate::code::Target;
use crate::convention::{OVERFLOW_CELL, gpr, vector_reg};
use crate::emit::{self, Cold};
use crate::inst::Common;
use crate::ir::TrapCode;
use crate::vcode::{Loc, PReg, RegClass};

/// What stands behind the blocks, beside what every machine has there.
#[derive(Clone, Copy, Debug)]
pub enum Slow {
    /// A float that `cvtt` could not convert.
    FloatToInt(Label),
    /// A division by -1.
    DivMinusOne(Label),
    /// A jump table: the block.
    Table(u32),
}

/// What is known at the place at hand.
#[derive(Default)]
pub struct Known {
    /// The register whose value, of a size, the flags tell from zero and the sign of.
    flags: Option<(Gpr, Size)>,
}

/// Emission of one function.
type Emit<'a> = emit::Emit<'a, X64>;

impl Emit<'_> {
    /// What the flags tell behind the instruction at hand.
    fn told(&self) -> Option<(Gpr, Size)> {
        use AluOp::{Add, And, Or, Sub, Xor};
        match *self.current() {
            Inst::Alu(Add | Sub | And | Or | Xor, size)
            | Inst::AluImm(Add | Sub | And | Or | Xor, size, _)
            | Inst::AluMem(Add | Sub | And | Or | Xor, size, _) => Some((self.gpr(0), size)),
            // Into another register it is a `lea`.
            Inst::AddImm(size, _) if self.gpr(0) == self.gpr(1) => Some((self.gpr(0), size)),
            Inst::Add(size) if self.gpr(0) == self.gpr(1) || self.gpr(0) == self.gpr(2) => {
                Some((self.gpr(0), size))
            }
            _ => None,
        }
    }

    fn rm(&self, nth: usize) -> Rm {
        match self.loc(nth) {
            Loc::Reg(reg) => Rm::Reg(Gpr(reg.number())),
            Loc::Slot(slot) => Rm::Mem(self.slot(slot)),
        }
    }

    fn rmx(&self, nth: usize) -> RmX {
        match self.loc(nth) {
            Loc::Reg(reg) => RmX::Reg(Xmm(reg.number())),
            Loc::Slot(slot) => RmX::Mem(self.slot(slot)),
        }
    }

    /// A cell of the spill area.
    fn slot(&self, cell: u32) -> Mem {
        Mem::base(RBP, 8 * cell as i32 - self.frame as i32)
    }

    /// An address whose operands begin at the one with a number; notes the instruction that comes next as a place where
    /// a fault is a trap.
    fn mem(&mut self, address: Address, nth: usize) -> Mem {
        if address.traps {
            self.site(SiteKind::Fault);
        }
        let Address { disp, base, index, scale, .. } = address;
        let scale = Scale::ALL[usize::from(scale)];
        let (base, nth) = match base {
            Base::None => (None, nth),
            Base::Memory => (Some(MEMORY_BASE), nth),
            Base::Context => (Some(VM_CONTEXT), nth),
            Base::Reg => (Some(self.gpr(nth)), nth + 1),
        };
        match (base, index) {
            (Some(base), true) => Mem::index(base, self.gpr(nth), scale, disp),
            (Some(base), false) => Mem::base(base, disp),
            (None, _) => Mem::scaled(self.gpr(nth), scale, disp),
        }
    }
}
