//! Emission of a64: see [`crate::emit`].

mod control;
mod float;
mod int;
mod simd;

use super::A64;
use super::asm::*;
use super::convention::*;
use super::inst::{Address, Base, Index, Inst, LogicRhs, Rhs, Test};
use super::simd::SimdInst;
use crate::code::{SiteKind, Target};
use crate::convention::{OVERFLOW_CELL, gpr, int, vector_reg};
use crate::emit::{self, Cold};
use crate::inst::Common;
use crate::ir::TrapCode;
use crate::vcode::{Loc, Move, PReg, RegClass};

/// What stands behind the blocks, beside what every machine has there.
#[derive(Clone, Copy, Debug)]
pub enum Slow {
    /// A float that may be out of an integer's range.
    FloatToInt(Label),
}

/// What is known at the place at hand, and of the function.
#[derive(Default)]
pub struct Known {
    /// The comparison whose flags stand, and where its operands are: one that traps has been made, and what comes next may
    /// ask for the same again, to mask what a mispredicted trap would let through.
    compared: Option<(Inst, Loc, Option<Loc>)>,
    /// Whether that has happened: the selection by it is the mask.
    masks: bool,
    /// The function's entry, once it is known.
    entry: Option<Label>,
    /// For each block, whether it is reached by an indirect jump; empty unless that has to be marked.
    jumped_to: Vec<bool>,
}

/// Emission of one function.
type Emit<'a> = emit::Emit<'a, A64>;

impl Emit<'_> {
    /// Finds the blocks that jump tables and exceptions lead to, for a processor that looks.
    fn find_jumped_to(&mut self) {
        self.s.machine.jumped_to.clear();
        if !self.asm.features().bti {
            return;
        }
        let code = &self.low.code;
        self.s.machine.jumped_to.resize(code.blocks.len(), false);
        for (number, block) in (0..).zip(&code.blocks) {
            let insts = &code.insts[block.insts.indices()];
            if let Some(Inst::Common(Common::Catch)) = insts.first() {
                self.s.machine.jumped_to[number as usize] = true;
            }
            if let Some(Inst::Common(Common::JumpTable { .. })) = insts.last()
                && self.compared(number).is_none()
            {
                for nth in 0..block.succs.end - block.succs.start {
                    let target = self.target(number, nth);
                    self.s.machine.jumped_to[target as usize] = true;
                }
            }
        }
    }

    /// An address whose operands begin at the one with a number, for an access of so many bytes that comes next; notes
    /// that as a place where a fault is a trap.
    fn mem(&mut self, address: Address, nth: usize, bytes: u32) -> Mem {
        let (base, nth) = match address.base {
            Base::Memory => (MEMORY_BASE, nth),
            Base::Context => (VM_CONTEXT, nth),
            Base::Reg => (self.gpr(nth), nth + 1),
        };
        let fits = Mem::fits(address.offset, bytes);
        let mem = match address.index {
            Index::None if fits => Mem::base(base, address.offset as i32),
            Index::None => {
                self.asm.mov_imm(Size::B64, SCRATCH, address.offset as u64);
                Mem::index(base, SCRATCH)
            }
            index if address.offset == 0 => {
                let reg = self.gpr(nth);
                match index {
                    Index::Low => Mem::uxtw(base, reg),
                    Index::Shifted(shift) => {
                        Mem::Index { base, index: reg, extend: Extend::Uxtx, scaled: shift != 0 }
                    }
                    Index::None => Mem::base(base, 0),
                }
            }
            index => {
                let reg = self.gpr(nth);
                match index {
                    Index::Low => {
                        self.asm.add_extend(AddOp::Add, Size::B64, SCRATCH, base, reg, Extend::Uxtw, 0);
                    }
                    Index::Shifted(shift) => {
                        self.asm.add_shift(AddOp::Add, Size::B64, SCRATCH, base, reg, Shift::Lsl, shift);
                    }
                    Index::None => {}
                }
                if fits {
                    Mem::base(SCRATCH, address.offset as i32)
                } else {
                    self.asm.mov_imm(Size::B64, SCRATCH2, address.offset as u64);
                    Mem::index(SCRATCH, SCRATCH2)
                }
            }
        };
        if address.traps {
            self.site(SiteKind::Fault);
        }
        mem
    }

    /// A cell of the spill area, for an access of so many bytes. Uses the second scratch register.
    fn slot(&mut self, cell: u32, bytes: u32) -> Mem {
        let offset = 8 * i64::from(cell);
        if Mem::fits(offset, bytes) {
            return Mem::base(SP, offset as i32);
        }
        self.asm.mov_imm(Size::B64, SCRATCH2, offset as u64);
        Mem::index(SP, SCRATCH2)
    }

    /// Low bits of a vector register, the rest 0.
    fn float_constant(&mut self, dst: Fpr, bits: u64) {
        let single = (bits >> 32 == 0).then(|| FloatImm::new(Size::B32, bits)).flatten();
        if bits == 0 {
            self.asm.vec_zero(dst);
        } else if let Some(imm) = single {
            self.asm.fmov_imm(Size::B32, dst, imm);
        } else if let Some(imm) = FloatImm::new(Size::B64, bits) {
            self.asm.fmov_imm(Size::B64, dst, imm);
        } else if bits >> 32 == 0 {
            let label = self.asm.constant4(bits as u32);
            self.asm.vec_load(Width::S, dst, Mem::Label(label));
        } else {
            let label = self.asm.constant8(bits);
            self.asm.vec_load(Width::D, dst, Mem::Label(label));
        }
    }

    fn vector_constant(&mut self, dst: Fpr, bits: u128) {
        if let Some(imm) = VecImm::new(bits) {
            self.asm.vec_imm(dst, imm);
        } else {
            let label = self.asm.constant16(bits);
            self.asm.vec_load(Width::Q, dst, Mem::Label(label));
        }
    }

    /// Whether an instruction sets the flags as they are.
    fn is_compared(&mut self, inst: Inst) -> bool {
        let known = self.s.machine.compared.take();
        match inst {
            Inst::Cmp(_, rhs) => {
                let second = if matches!(rhs, Rhs::Imm(_)) { None } else { Some(self.loc(1)) };
                self.s.machine.compared = Some((inst, self.loc(0), second));
                self.s.machine.masks = known.is_some() && known == self.s.machine.compared;
                self.s.machine.masks
            }
            Inst::TrapIf(Test::Flags(_), _) => {
                self.s.machine.compared = known;
                false
            }
            _ => false,
        }
    }
}
