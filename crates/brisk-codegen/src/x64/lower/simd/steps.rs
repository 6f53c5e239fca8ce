//! Single machine instructions: what the others are put together from.
//!
//! `x_to` writes a register that is given, `x` a new one.

use super::*;
use crate::x64::asm::Size;
use crate::x64::simd::SimdInst;

impl Lower<'_> {
    pub(super) fn new_wide(&mut self) -> VReg {
        self.new_vector(Ty::V128)
    }

    /// The second operand: from its spill slot, where the machine takes it at any alignment.
    fn second(&self, op: VecOp, reg: VReg) -> Operand {
        let whole = self.out.code.wide[reg.0 as usize] && self.unaligned() && op.info().memory != 0;
        if whole { used_any(reg) } else { used(reg) }
    }

    pub(super) fn step_to(&mut self, op: VecOp, dst: VReg, a: VReg, b: VReg) {
        let ops = Ops::new().with(self.vec_def(dst)).with(used(a)).with(self.second(op, b));
        self.push(Inst::Vec(op), ops);
    }

    pub(super) fn step(&mut self, op: VecOp, a: VReg, b: VReg) -> VReg {
        let dst = self.new_wide();
        self.step_to(op, dst, a, b);
        dst
    }

    pub(super) fn pool_to(&mut self, op: VecOp, dst: VReg, a: VReg, constant: Constant) {
        let ops = Ops::new().with(self.vec_def(dst)).with(used(a));
        self.push(Inst::Simd(SimdInst::Pool(op, constant)), ops);
    }

    pub(super) fn pool(&mut self, op: VecOp, a: VReg, constant: Constant) -> VReg {
        let dst = self.new_wide();
        self.pool_to(op, dst, a, constant);
        dst
    }

    pub(super) fn one_to(&mut self, op: VecOp, dst: VReg, a: VReg) {
        let ops = Ops::new().with(def(dst)).with(self.second(op, a));
        self.push(Inst::VecUnary(op), ops);
    }

    pub(super) fn one(&mut self, op: VecOp, a: VReg) -> VReg {
        let dst = self.new_wide();
        self.one_to(op, dst, a);
        dst
    }

    /// One operand and an immediate.
    pub(super) fn pick_to(&mut self, op: VecOp, dst: VReg, a: VReg, imm: u8) {
        let ops = Ops::new().with(def(dst)).with(self.second(op, a));
        self.push(Inst::VecImm2(op, imm), ops);
    }

    pub(super) fn pick(&mut self, op: VecOp, a: VReg, imm: u8) -> VReg {
        let dst = self.new_wide();
        self.pick_to(op, dst, a, imm);
        dst
    }

    /// Two operands and an immediate.
    pub(super) fn mix_to(&mut self, op: VecOp, dst: VReg, a: VReg, b: VReg, imm: u8) {
        let ops = Ops::new().with(self.vec_def(dst)).with(used(a)).with(self.second(op, b));
        self.push(Inst::VecImm3(op, imm), ops);
    }

    pub(super) fn mix(&mut self, op: VecOp, a: VReg, b: VReg, imm: u8) -> VReg {
        let dst = self.new_wide();
        self.mix_to(op, dst, a, b, imm);
        dst
    }

    /// A shift by an immediate.
    pub(super) fn slide_to(&mut self, op: VecOp, dst: VReg, a: VReg, count: u32) {
        let ops = Ops::new().with(self.vec_def(dst)).with(used(a));
        self.push(Inst::Simd(SimdInst::ShiftImm(op, count as u8)), ops);
    }

    pub(super) fn slide(&mut self, op: VecOp, a: VReg, count: u32) -> VReg {
        let dst = self.new_wide();
        self.slide_to(op, dst, a, count);
        dst
    }

    pub(super) fn copy_to(&mut self, dst: VReg, a: VReg) {
        self.push(Inst::MovVec, Ops::new().with(def(dst)).with(used(a)));
    }

    /// A constant in a register.
    pub(super) fn fixed(&mut self, constant: Constant) -> VReg {
        let dst = self.new_wide();
        self.push(Inst::Simd(SimdInst::Constant(constant)), Ops::new().with(def(dst)));
        dst
    }

    pub(super) fn zeros(&mut self) -> VReg {
        self.fixed(Constant::Splat8(0))
    }

    /// A constant that is needed again: without AVX its register has been overwritten.
    pub(super) fn again(&mut self, constant: Constant, known: VReg) -> VReg {
        if self.settings.features.avx { known } else { self.fixed(constant) }
    }

    pub(super) fn ones(&mut self) -> VReg {
        self.fixed(Constant::Splat8(u8::MAX))
    }

    /// The low 32 or 64 bits of a vector register from an integer.
    pub(super) fn low_lane(&mut self, size: Size, a: Value) -> VReg {
        let src = self.reg_sized(a);
        let dst = self.new_wide();
        self.push(Inst::IntToVec(size), Ops::new().with(def(dst)).with(used(src)));
        dst
    }

    /// Sets the flags: Z if no bit is set in both.
    pub(super) fn test_bits(&mut self, a: VReg, b: VReg) {
        let ops = Ops::new().with(used(a)).with(self.second(Ptest, b));
        self.push(Inst::Simd(SimdInst::Test), ops);
    }

    /// Bytes of `b` where the mask's top bit is set, else of `a`; with AVX only.
    pub(super) fn blend_to(&mut self, dst: VReg, a: VReg, b: VReg, mask: VReg) {
        let ops = Ops::new().with(def(dst)).with(used(a)).with(used(b)).with(used(mask));
        self.push(Inst::Simd(SimdInst::Blend), ops);
    }

    /// An instruction of two operands, the second from memory if it can be.
    pub(super) fn binary(&mut self, op: VecOp, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        if let Some(constant) = self.pooled(b) {
            let a = self.reg(a);
            self.pool_to(op, dst, a, constant);
            return;
        }
        match self.vec_rm(b, 16) {
            RegMem::Reg(b) => {
                let a = self.reg(a);
                self.step_to(op, dst, a, b);
            }
            RegMem::Mem(address, ops) => {
                let a = self.reg(a);
                let ops = Ops::new().with(self.vec_def(dst)).with(used(a)).join(ops);
                self.push(Inst::VecMem(op, address), ops);
            }
        }
    }

    /// A vector constant that is best used in memory: all but those that one instruction makes.
    fn pooled(&self, value: Value) -> Option<Constant> {
        let inst = self.func.inst(value);
        let constant =
            inst.op == Op::ConstVector && !matches!(self.func.vectors[inst.a as usize], 0 | u128::MAX);
        constant.then_some(Constant::Vector(inst.a))
    }

    /// As [`Lower::binary`], for operands that may be exchanged.
    pub(super) fn commutative(&mut self, op: VecOp, value: Value, a: Value, b: Value) {
        let first_loaded = self.unaligned()
            && self.func.inst(a).op == Op::Load
            && (self.func.inst(b).op != Op::Load || !self.is_single_use(b))
            && self.pooled(b).is_none();
        if first_loaded || self.pooled(a).is_some() {
            self.binary(op, value, b, a)
        } else {
            self.binary(op, value, a, b)
        }
    }

    /// An instruction of an operand and a constant.
    pub(super) fn with_constant(&mut self, op: VecOp, value: Value, a: Value, constant: Constant) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        self.pool_to(op, dst, a, constant);
    }
}
