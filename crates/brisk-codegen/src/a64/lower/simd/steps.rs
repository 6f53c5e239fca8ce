//! Single machine instructions: what the others are put together from.
//!
//! `x_to` writes a register that is given, `x` a new one.

use super::*;

impl Lower<'_> {
    pub(super) fn new_wide(&mut self) -> VReg {
        self.new_vector(Ty::V128)
    }

    fn push_simd(&mut self, inst: SimdInst, ops: Ops) {
        self.push(Inst::Simd(inst), ops);
    }

    /// An instruction of one vector.
    pub(super) fn vec2(&mut self, op: VecOp, arr: Arr, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        self.step2_to(op, arr, dst, a);
    }

    /// An instruction of two vectors.
    pub(super) fn vec3(&mut self, op: VecOp, arr: Arr, value: Value, a: Value, b: Value) {
        let (dst, a, b) = (self.reg_of(value), self.reg(a), self.reg(b));
        self.step3_to(op, arr, dst, a, b);
    }

    pub(super) fn step2_to(&mut self, op: VecOp, arr: Arr, dst: VReg, a: VReg) {
        self.push_simd(SimdInst::Op2(op, arr), Ops::new().with(def(dst)).with(used(a)));
    }

    pub(super) fn step2(&mut self, op: VecOp, arr: Arr, a: VReg) -> VReg {
        let dst = self.new_wide();
        self.step2_to(op, arr, dst, a);
        dst
    }

    pub(super) fn step3_to(&mut self, op: VecOp, arr: Arr, dst: VReg, a: VReg, b: VReg) {
        self.push_simd(SimdInst::Op3(op, arr), Ops::new().with(def(dst)).with(used(a)).with(used(b)));
    }

    pub(super) fn step3(&mut self, op: VecOp, arr: Arr, a: VReg, b: VReg) -> VReg {
        let dst = self.new_wide();
        self.step3_to(op, arr, dst, a, b);
        dst
    }

    /// An instruction that changes its first operand.
    pub(super) fn change2_to(&mut self, op: VecOp, arr: Arr, dst: VReg, changed: VReg, a: VReg) {
        let ops = Ops::new().with(def_reuse(dst, 1)).with(used(changed)).with(used(a));
        self.push_simd(SimdInst::Change2(op, arr), ops);
    }

    pub(super) fn change3_to(&mut self, op: VecOp, arr: Arr, dst: VReg, changed: VReg, a: VReg, b: VReg) {
        let ops = Ops::new().with(def_reuse(dst, 1)).with(used(changed)).with(used(a)).with(used(b));
        self.push_simd(SimdInst::Change3(op, arr), ops);
    }

    /// A shift by an immediate.
    pub(super) fn slide_to(&mut self, op: VecOp, arr: Arr, dst: VReg, a: VReg, count: u32) {
        let inst = SimdInst::Shift(op, arr, count as u8);
        self.push_simd(inst, Ops::new().with(def(dst)).with(used(a)));
    }

    pub(super) fn slide(&mut self, op: VecOp, arr: Arr, a: VReg, count: u32) -> VReg {
        let dst = self.new_wide();
        self.slide_to(op, arr, dst, a, count);
        dst
    }

    pub(super) fn change_slide_to(
        &mut self,
        op: VecOp,
        arr: Arr,
        dst: VReg,
        changed: VReg,
        a: VReg,
        count: u32,
    ) {
        let ops = Ops::new().with(def_reuse(dst, 1)).with(used(changed)).with(used(a));
        self.push_simd(SimdInst::ChangeShift(op, arr, count as u8), ops);
    }

    /// An instruction with a lane of its last operand.
    pub(super) fn lane_to(&mut self, op: VecOp, arr: Arr, dst: VReg, a: VReg, b: VReg, lane: u32) {
        let inst = SimdInst::Lane(op, arr, lane as u8);
        self.push_simd(inst, Ops::new().with(def(dst)).with(used(a)).with(used(b)));
    }

    /// An instruction of one operand that is in no table.
    pub(super) fn other2_to(&mut self, inst: SimdInst, dst: VReg, a: VReg) {
        self.push_simd(inst, Ops::new().with(def(dst)).with(used(a)));
    }

    /// An instruction of two operands that is in no table.
    pub(super) fn other3_to(&mut self, inst: SimdInst, dst: VReg, a: VReg, b: VReg) {
        self.push_simd(inst, Ops::new().with(def(dst)).with(used(a)).with(used(b)));
    }

    /// One that changes its first operand.
    pub(super) fn other_change_to(&mut self, inst: SimdInst, dst: VReg, changed: VReg, a: VReg) {
        self.push_simd(inst, Ops::new().with(def_reuse(dst, 1)).with(used(changed)).with(used(a)));
    }

    pub(super) fn copy_to(&mut self, dst: VReg, a: VReg) {
        self.other2_to(SimdInst::Mov, dst, a);
    }

    pub(super) fn fixed_to(&mut self, constant: Constant, dst: VReg) {
        self.push_simd(SimdInst::Constant(constant), Ops::new().with(def(dst)));
    }

    /// A constant in a register.
    pub(super) fn fixed(&mut self, constant: Constant) -> VReg {
        self.vector_constant(Inst::Simd(SimdInst::Constant(constant)))
    }

    /// A register for an operand that is changed: zeros are made there, which takes no more than to copy them.
    pub(super) fn reg_to_change(&mut self, value: Value) -> VReg {
        if !self.is_zero(value) {
            return self.reg(value);
        }
        let dst = self.new_wide();
        self.push(Inst::Common(Common::Float(0)), Ops::new().with(def(dst)));
        dst
    }

    /// A vector instruction that nobody but the one at hand needs, and what it is.
    pub(super) fn folded(&self, value: Value) -> Option<(SimdOp, ir::Inst)> {
        let inst = *self.func.inst(value);
        (inst.op == Op::Simd && self.folds(value)).then(|| (SimdOp::from_aux(inst.aux), inst))
    }

    /// The bits of a constant.
    pub(super) fn vector_bits(&self, value: Value) -> Option<u128> {
        let inst = self.func.inst(value);
        (inst.op == Op::ConstVector).then(|| self.func.vectors[inst.a as usize])
    }

    pub(super) fn is_zero(&self, value: Value) -> bool {
        self.vector_bits(value) == Some(0)
    }
}
