//! Comparisons, and what looks at them.

use super::*;
use crate::a64::asm::{AddImm, CcmpOp, Cond};
use crate::a64::inst::{LogicRhs, Rhs};

/// The condition of the flags after a comparison of integers.
fn int_cond(cond: IntCond) -> Cond {
    match cond {
        IntCond::Eq => Cond::Eq,
        IntCond::Ne => Cond::Ne,
        IntCond::LtS => Cond::Lt,
        IntCond::LtU => Cond::Lo,
        IntCond::GtS => Cond::Gt,
        IntCond::GtU => Cond::Hi,
        IntCond::LeS => Cond::Le,
        IntCond::LeU => Cond::Ls,
        IntCond::GeS => Cond::Ge,
        IntCond::GeU => Cond::Hs,
    }
}

/// The condition of the flags after a comparison of floats, false if they are unordered but for `Ne`.
fn float_cond(cond: FloatCond) -> Cond {
    match cond {
        FloatCond::Eq => Cond::Eq,
        FloatCond::Ne => Cond::Ne,
        FloatCond::Lt => Cond::Mi,
        FloatCond::Le => Cond::Ls,
        FloatCond::Gt => Cond::Gt,
        FloatCond::Ge => Cond::Ge,
    }
}

/// Flags for which a condition does not hold: N, Z, C, V.
fn flags_against(cond: Cond) -> u8 {
    const Z: u8 = 4;
    const C: u8 = 2;
    const N: u8 = 8;
    match cond {
        Cond::Eq | Cond::Hs | Cond::Mi | Cond::Vs | Cond::Hi => 0,
        Cond::Ne | Cond::Gt => Z,
        Cond::Lo | Cond::Ls => C,
        Cond::Pl | Cond::Ge => N,
        Cond::Vc => 1,
        // N and V are the same, and Z is not set.
        Cond::Lt | Cond::Le => 0,
    }
}

impl Lower<'_> {
    /// A test that says whether a value is not 0, and its operand: the comparison that it is, if it is one.
    pub(super) fn test(&mut self, value: Value) -> (Test, Ops) {
        let inst = *self.func.inst(value);
        if inst.op == Op::Icmp {
            let (a, b) = (Value(inst.a), Value(inst.b));
            let ty = self.func.ty(a);
            if self.func.constant(b) == Some(0) {
                match IntCond::from_aux(inst.aux) {
                    IntCond::Eq | IntCond::LeU => {
                        let (test, ops) = self.test_not_zero(a);
                        return (test.invert(), ops);
                    }
                    IntCond::Ne | IntCond::GtU => return self.test_not_zero(a),
                    cond @ (IntCond::LtS | IntCond::GeS) => {
                        let src = self.reg_sized(a);
                        let bit = size(ty).bits() as u8 - 1;
                        let test = if cond == IntCond::LtS { Test::BitSet(bit) } else { Test::BitClear(bit) };
                        return (test, Ops::new().with(used(src)));
                    }
                    _ => {}
                }
            }
            return (Test::Flags(self.compare(value)), Ops::new());
        }
        self.test_not_zero(value)
    }

    /// The same for a value that is compared with 0.
    fn test_not_zero(&mut self, value: Value) -> (Test, Ops) {
        let inst = *self.func.inst(value);
        let ty = self.func.ty(value);
        match inst.op {
            Op::Icmp if !self.wanted(value) => return self.test(value),
            Op::Fcmp => return (Test::Flags(self.compare(value)), Ops::new()),
            Op::ExtendU => return self.test_not_zero(Value(inst.a)),
            Op::And if !self.wanted(value) => {
                if let Some(mask) = self.constant_of(ty, Value(inst.b)).filter(|mask| mask.is_power_of_two())
                {
                    let bit = mask.trailing_zeros() as u8;
                    let src = if bit < 32 { self.reg_low(Value(inst.a)) } else { self.reg(Value(inst.a)) };
                    return (Test::BitSet(bit), Ops::new().with(used(src)));
                }
                return (Test::Flags(self.flags(value)), Ops::new());
            }
            Op::Or if self.both(value).is_some() => return (Test::Flags(self.flags(value)), Ops::new()),
            _ => {}
        }
        if let Some(test) = self.vector_test(value) {
            return test;
        }
        let src = self.reg_sized(value);
        (Test::NotZero(size(ty)), Ops::new().with(used(src)))
    }

    /// Sets the flags by a value: the condition for which it is not 0.
    pub(super) fn flags(&mut self, value: Value) -> Cond {
        let inst = *self.func.inst(value);
        let ty = self.func.ty(value);
        match inst.op {
            Op::Icmp | Op::Fcmp => return self.compare(value),
            Op::ExtendU => return self.flags(Value(inst.a)),
            Op::And | Op::Or if self.both(value).is_some() => {
                if let Some((a, b)) = self.both(value) {
                    return self.two_comparisons(inst.op == Op::Or, a, b);
                }
            }
            Op::And if !self.wanted(value) => {
                self.tst(ty, Value(inst.a), Value(inst.b));
                return Cond::Ne;
            }
            _ => {}
        }
        match self.vector_test(value) {
            Some((Test::Flags(cond), _)) => return cond,
            Some((Test::NotZero(size), ops)) => {
                self.push(Inst::Cmp(size, Rhs::Imm(ZERO)), ops);
                return Cond::Ne;
            }
            _ => {}
        }
        let src = self.reg_sized(value);
        self.push(Inst::Cmp(size(ty), Rhs::Imm(ZERO)), Ops::new().with(used(src)));
        Cond::Ne
    }

    fn tst(&mut self, ty: Ty, a: Value, b: Value) {
        if let Some(imm) = self.logic_imm(ty, b) {
            let src = self.reg_sized(a);
            self.push(Inst::Tst(size(ty), LogicRhs::Imm(imm)), Ops::new().with(used(src)));
        } else {
            let a = self.reg_sized(a);
            let (rhs, b) = self.logic_rhs(ty, b);
            self.push(Inst::Tst(size(ty), rhs), Ops::new().with(used(a)).with(used(b)));
        }
    }

    /// Two comparisons joined by a logic operation that nobody else has asked for, of which the second is one of
    /// integers.
    fn both(&self, value: Value) -> Option<(Value, Value)> {
        let inst = self.func.inst(value);
        if !matches!(inst.op, Op::And | Op::Or) || self.wanted(value) {
            return None;
        }
        let (a, b) = (Value(inst.a), Value(inst.b));
        let op = |value| self.func.inst(value).op;
        let compares = |value| matches!(op(value), Op::Icmp | Op::Fcmp) && self.folds(value);
        if !compares(a) || !compares(b) {
            return None;
        }
        if op(b) == Op::Icmp {
            Some((a, b))
        } else if op(a) == Op::Icmp {
            Some((b, a))
        } else {
            None
        }
    }

    /// The second comparison is made only if the first does not decide.
    fn two_comparisons(&mut self, or: bool, first: Value, second: Value) -> Cond {
        let inst = *self.func.inst(second);
        let (a, b) = (Value(inst.a), Value(inst.b));
        let ty = self.func.ty(a);
        let cond = int_cond(IntCond::from_aux(inst.aux));
        // Operands first: constants are made before the flags are set.
        let left = self.reg_sized(a);
        let imm = self.constant_of(ty, b);
        let opposite = |bits: u64| {
            if ty == Ty::I32 { u64::from((bits as u32).wrapping_neg()) } else { bits.wrapping_neg() }
        };
        let small = |bits: Option<u64>| bits.filter(|&bits| bits < 32).map(|bits| bits as u8);
        let right = match (small(imm), small(imm.map(opposite))) {
            (None, None) => Some(self.reg_sized(b)),
            _ => None,
        };
        let known = self.compare(first);
        // If it is decided, the flags are those of the second's result.
        let (when, otherwise) =
            if or { (known.invert(), flags_against(cond.invert())) } else { (known, flags_against(cond)) };
        let ops = Ops::new().with(used(left));
        match (right, small(imm)) {
            (Some(right), _) => {
                self.push(Inst::Ccmp(CcmpOp::Ccmp, size(ty), otherwise, when), ops.with(used(right)));
            }
            (None, Some(imm)) => {
                self.push(Inst::CcmpImm(CcmpOp::Ccmp, size(ty), imm, otherwise, when), ops);
            }
            (None, None) => {
                let imm = small(imm.map(opposite)).unwrap_or_default();
                self.push(Inst::CcmpImm(CcmpOp::Ccmn, size(ty), imm, otherwise, when), ops);
            }
        }
        cond
    }

    /// Makes the comparison that a value is: the condition for which it holds.
    fn compare(&mut self, value: Value) -> Cond {
        let inst = *self.func.inst(value);
        let (a, b) = (Value(inst.a), Value(inst.b));
        let ty = self.func.ty(a);
        if inst.op == Op::Fcmp {
            let cond = float_cond(FloatCond::from_aux(inst.aux));
            let first = self.reg(a);
            // Either zero.
            if self
                .func
                .constant(b)
                .is_some_and(|bits| bits & (u64::MAX >> 1) == 0 || ty == Ty::F32 && bits == 1 << 31)
            {
                self.push(Inst::CmpFloatZero(size(ty)), Ops::new().with(used(first)));
            } else {
                let second = self.reg(b);
                self.push(Inst::CmpFloat(size(ty)), Ops::new().with(used(first)).with(used(second)));
            }
            return cond;
        }
        let cond = IntCond::from_aux(inst.aux);
        let size = size(ty);
        if let Some((negative, imm)) = self.add_imm(ty, b) {
            let inner = *self.func.inst(a);
            if imm == ZERO
                && inner.op == Op::And
                && self.folds(a)
                && !matches!(cond, IntCond::LtU | IntCond::GeU)
            {
                // No bit of the carry is looked at: a comparison with 0 sets it, a test clears it.
                self.tst(ty, Value(inner.a), Value(inner.b));
                return match cond {
                    IntCond::LeU => Cond::Eq,
                    IntCond::GtU => Cond::Ne,
                    cond => int_cond(cond),
                };
            }
            let src = self.reg_sized(a);
            let inst = if negative { Inst::Cmn(size, imm) } else { Inst::Cmp(size, Rhs::Imm(imm)) };
            self.push(inst, Ops::new().with(used(src)));
            return int_cond(cond);
        }
        // What can be folded is the second operand.
        let swap = self.is_foldable(a) && !self.is_foldable(b);
        let (a, b, cond) = if swap { (b, a, cond.swapped()) } else { (a, b, cond) };
        let a = self.reg_sized(a);
        let (rhs, b) = self.rhs(ty, b);
        self.push(Inst::Cmp(size, rhs), Ops::new().with(used(a)).with(used(b)));
        int_cond(cond)
    }

    /// Whether a comparison may do this as part of its second operand.
    fn is_foldable(&self, value: Value) -> bool {
        let inst = self.func.inst(value);
        self.folds(value)
            && match inst.op {
                Op::Extend8S | Op::Extend16S | Op::Extend32S | Op::ExtendS => true,
                Op::Shl | Op::ShrU | Op::ShrS => self.func.constant(Value(inst.b)).is_some(),
                _ => false,
            }
    }
}

/// The immediate 0.
const ZERO: AddImm = match AddImm::new(0) {
    Some(imm) => imm,
    None => unreachable!(),
};
