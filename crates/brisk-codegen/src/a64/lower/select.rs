//! One of two values.

use super::*;
use crate::a64::asm::SelectOp;

impl Lower<'_> {
    pub(super) fn select(&mut self, value: Value, inst: &ir::Inst) {
        let (mut a, mut b) = (Value(inst.a), Value(inst.b));
        let ty = inst.ty;
        let dst = self.reg_of(value);
        if !ty.is_int() {
            let (a, b) = (self.reg(a), self.reg(b));
            let cond = self.flags(Value(inst.c));
            match ty {
                Ty::V128 => {
                    let ops = Ops::new().with(def_reuse(dst, 2)).with(used(a)).with(used(b));
                    self.push(Inst::SelectVec(cond), ops);
                }
                _ => self.push2(Inst::SelectFloat(size(ty), cond), dst, a, b),
            }
            return;
        }
        // The second may be one more, the complement or the opposite of something: the first is exchanged with it.
        let mut inverted = false;
        let mut found = self.changed(ty, b);
        if found.is_none() {
            found = self.changed(ty, a);
            if found.is_some() {
                (a, b) = (b, a);
                inverted = true;
            }
        }
        let op = match found {
            Some((op, of)) => {
                b = of;
                op
            }
            None => SelectOp::Csel,
        };
        let zero = |lower: &Self, value| lower.func.constant(value) == Some(0);
        let (zero_a, zero_b) = (zero(self, a), zero(self, b));
        let mut ops = Ops::new().with(def(dst));
        if !zero_a {
            ops = ops.with(used(self.reg_of_type(ty, a)));
        }
        if !zero_b {
            ops = ops.with(used(self.reg_of_type(ty, b)));
        }
        let cond = self.flags(Value(inst.c));
        let cond = if inverted { cond.invert() } else { cond };
        self.push(Inst::Select { op, size: size(ty), cond, zero_a, zero_b }, ops);
    }

    fn reg_of_type(&mut self, ty: Ty, value: Value) -> VReg {
        if ty == Ty::I32 { self.reg_low(value) } else { self.reg(value) }
    }

    /// What a selection can make of its second operand by itself.
    fn changed(&self, ty: Ty, value: Value) -> Option<(SelectOp, Value)> {
        let ones = if ty == Ty::I32 { u64::from(u32::MAX) } else { u64::MAX };
        let inst = self.func.inst(value);
        let (a, b) = (Value(inst.a), Value(inst.b));
        match inst.op {
            Op::Add if self.folds(value) && self.constant_of(ty, b) == Some(1) => Some((SelectOp::Csinc, a)),
            Op::Xor if self.folds(value) && self.constant_of(ty, b) == Some(ones) => {
                Some((SelectOp::Csinv, a))
            }
            Op::Sub if self.folds(value) && self.func.constant(a) == Some(0) => Some((SelectOp::Csneg, b)),
            _ => None,
        }
    }
}
