//! Integers.

use super::bits::shift_of;
use super::*;
use crate::a64::asm::{
    AddImm, AddOp, BitfieldOp, Data1Op, Data2Op, Extend, LogicImm, MulAddOp, SelectOp, Shift,
};
use crate::a64::inst::Rhs;

impl Lower<'_> {
    /// Lowers an instruction on integers; `false` if it is none.
    pub(super) fn int(&mut self, value: Value, inst: &ir::Inst) -> bool {
        let (a, b) = (Value(inst.a), Value(inst.b));
        let ty = inst.ty;
        match inst.op {
            Op::Add => self.add(value, ty, a, b),
            Op::Sub => self.sub(value, ty, a, b),
            Op::And => self.and(value, ty, a, b),
            Op::Or => self.or(value, ty, a, b),
            Op::Xor => self.xor(value, ty, a, b),
            Op::Mul => self.mul(value, ty, a, b),
            Op::MulHighS => self.data2(Data2Op::Smulh, value, ty, a, b),
            Op::MulHighU => self.data2(Data2Op::Umulh, value, ty, a, b),
            Op::DivS | Op::DivU | Op::RemS | Op::RemU => self.div(value, inst, a, b),
            Op::Shl | Op::ShrS | Op::ShrU | Op::Rotl | Op::Rotr => self.shift(value, inst, a, b),
            Op::Clz => self.data1(Data1Op::Clz, value, ty, a),
            Op::Ctz => {
                let (dst, src, reversed) = (self.reg_of(value), self.reg_sized(a), self.new_int());
                self.push1(Inst::Data1(Data1Op::Rbit, size(ty)), reversed, src);
                self.push1(Inst::Data1(Data1Op::Clz, size(ty)), dst, reversed);
            }
            Op::Popcnt => {
                let (dst, src) = (self.reg_of(value), self.reg_sized(a));
                self.push1(Inst::Popcnt(size(ty)), dst, src);
            }
            Op::Extend8S => self.extend(value, Extend::Sxtb, ty, a),
            Op::Extend16S => self.extend(value, Extend::Sxth, ty, a),
            Op::Extend32S | Op::ExtendS => self.extend(value, Extend::Sxtw, Ty::I64, a),
            Op::Wrap => self.wrap(value, a),
            Op::Icmp | Op::Fcmp => {
                let cond = self.flags(value);
                let dst = self.reg_of(value);
                self.push(Inst::Cset(cond), Ops::new().with(def(dst)));
            }
            Op::Select => self.select(value, inst),
            _ => return false,
        }
        true
    }

    fn data1(&mut self, op: Data1Op, value: Value, ty: Ty, a: Value) {
        let (dst, src) = (self.reg_of(value), self.reg_sized(a));
        self.push1(Inst::Data1(op, size(ty)), dst, src);
    }

    fn data2(&mut self, op: Data2Op, value: Value, ty: Ty, a: Value, b: Value) {
        let (dst, a, b) = (self.reg_of(value), self.reg_sized(a), self.reg_sized(b));
        self.push2(Inst::Data2(op, size(ty)), dst, a, b);
    }

    fn extend(&mut self, value: Value, extend: Extend, ty: Ty, a: Value) {
        let (dst, src) = (self.reg_of(value), self.reg_low(a));
        self.push1(Inst::Extend(extend, size(ty)), dst, src);
    }

    /// The low half of a 64-bit integer, where the upper half has to be zero.
    fn wrap(&mut self, value: Value, a: Value) {
        let inst = *self.func.inst(a);
        let dst = self.reg_of(value);
        // The upper half of 64 bits, which is zero-extended as it is shifted down.
        if inst.op == Op::ShrU
            && self.folds(a)
            && let Some(count @ 32..=63) = self.func.constant(Value(inst.b))
        {
            let src = self.reg(Value(inst.a));
            self.push1(Inst::Bits(BitfieldOp::Ubfm, Size::B64, count as u8, 63), dst, src);
            return;
        }
        let src = self.reg(a);
        self.push1(Inst::Mov(Size::B32), dst, src);
    }

    /// A constant as an operation of a type sees it.
    pub(super) fn constant_of(&self, ty: Ty, value: Value) -> Option<u64> {
        let bits = self.func.constant(value)?;
        Some(if ty == Ty::I32 { u64::from(bits as u32) } else { bits })
    }

    /// A constant that can be added, or taken away: the operation is exchanged then.
    pub(super) fn add_imm(&self, ty: Ty, value: Value) -> Option<(bool, AddImm)> {
        let bits = self.constant_of(ty, value)?;
        if let Some(imm) = AddImm::new(bits) {
            return Some((false, imm));
        }
        let opposite =
            if ty == Ty::I32 { u64::from((bits as u32).wrapping_neg()) } else { bits.wrapping_neg() };
        AddImm::new(opposite).map(|imm| (true, imm))
    }

    pub(super) fn logic_imm(&self, ty: Ty, value: Value) -> Option<LogicImm> {
        LogicImm::new(size(ty), self.constant_of(ty, value)?)
    }

    /// A value as the last operand of an addition or comparison: shifted or extended there if that is all that it is.
    pub(super) fn rhs(&mut self, ty: Ty, value: Value) -> (Rhs, VReg) {
        self.folded_rhs(ty, value).unwrap_or_else(|| (Rhs::Reg, self.reg_sized(value)))
    }

    /// The same, if there is something to be gained.
    fn folded_rhs(&mut self, ty: Ty, value: Value) -> Option<(Rhs, VReg)> {
        let inst = *self.func.inst(value);
        if !self.folds(value) {
            return None;
        }
        let a = Value(inst.a);
        let extended = |extend| Rhs::Extend(extend, 0);
        match inst.op {
            Op::ExtendS | Op::Extend32S => Some((extended(Extend::Sxtw), self.reg_low(a))),
            Op::Extend8S => Some((extended(Extend::Sxtb), self.reg_low(a))),
            Op::Extend16S => Some((extended(Extend::Sxth), self.reg_low(a))),
            Op::And => match self.func.constant(Value(inst.b))? {
                0xff => Some((extended(Extend::Uxtb), self.reg_low(a))),
                0xffff => Some((extended(Extend::Uxth), self.reg_low(a))),
                0xffff_ffff if ty == Ty::I64 => Some((extended(Extend::Uxtw), self.reg_low(a))),
                _ => None,
            },
            Op::Shl | Op::ShrU | Op::ShrS => {
                let count = self.func.constant(Value(inst.b))? as u8 & (size(ty).bits() - 1) as u8;
                let inner = *self.func.inst(a);
                if inst.op == Op::Shl && count <= 4 && self.folds(a) {
                    let extend = match inner.op {
                        Op::ExtendS | Op::Extend32S => Some(Extend::Sxtw),
                        Op::Extend8S => Some(Extend::Sxtb),
                        Op::Extend16S => Some(Extend::Sxth),
                        Op::And => match self.func.constant(Value(inner.b)) {
                            Some(0xff) => Some(Extend::Uxtb),
                            Some(0xffff) => Some(Extend::Uxth),
                            _ => None,
                        },
                        _ => None,
                    };
                    if let Some(extend) = extend {
                        return Some((Rhs::Extend(extend, count), self.reg_low(Value(inner.a))));
                    }
                }
                let shift = shift_of(inst.op)?;
                Some((Rhs::Shift(shift, count), self.reg_sized(a)))
            }
            _ => None,
        }
    }

    /// A product that an addition or subtraction can do: the instruction and its factors.
    fn product(&mut self, ty: Ty, value: Value, subtract: bool) -> Option<(MulAddOp, VReg, VReg)> {
        let inst = *self.func.inst(value);
        if inst.op != Op::Mul || !self.folds(value) {
            return None;
        }
        let (op, a, b) = self.factors(ty, Value(inst.a), Value(inst.b));
        let op = match (op, subtract) {
            (MulAddOp::Madd, true) => MulAddOp::Msub,
            (MulAddOp::Smaddl, true) => MulAddOp::Smsubl,
            (MulAddOp::Umaddl, true) => MulAddOp::Umsubl,
            (op, _) => op,
        };
        Some((op, a, b))
    }

    /// The factors of a product: of 32 bits if they are extended from that.
    fn factors(&mut self, ty: Ty, a: Value, b: Value) -> (MulAddOp, VReg, VReg) {
        if ty == Ty::I64 {
            let op = |value: Value| self.func.inst(value).op;
            let signed = |op| matches!(op, Op::ExtendS | Op::Extend32S);
            if signed(op(a)) && signed(op(b)) && (self.folds(a) || self.folds(b) || a == b) {
                let (a, b) = (self.func.inst(a).a, self.func.inst(b).a);
                return (MulAddOp::Smaddl, self.reg_low(Value(a)), self.reg_low(Value(b)));
            }
            if op(a) == Op::ExtendU && op(b) == Op::ExtendU {
                let (a, b) = (self.func.inst(a).a, self.func.inst(b).a);
                return (MulAddOp::Umaddl, self.reg_low(Value(a)), self.reg_low(Value(b)));
            }
        }
        (MulAddOp::Madd, self.reg_sized(a), self.reg_sized(b))
    }

    fn add(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let size = size(ty);
        if let Some((negative, imm)) = self.add_imm(ty, b) {
            let src = self.reg_sized(a);
            let op = if negative { AddOp::Sub } else { AddOp::Add };
            self.push1(Inst::Add(op, size, Rhs::Imm(imm)), dst, src);
            return;
        }
        for (product, other) in [(a, b), (b, a)] {
            if let Some((op, x, y)) = self.product(ty, product, false) {
                let other = self.reg_sized(other);
                let ops = Ops::new().with(def(dst)).with(used(x)).with(used(y)).with(used(other));
                self.push(Inst::MulAdd(op, size), ops);
                return;
            }
        }
        // One more if a comparison holds.
        for (counted, other) in [(a, b), (b, a)] {
            let inner = *self.func.inst(counted);
            let counted = if inner.op == Op::ExtendU { Value(inner.a) } else { counted };
            if matches!(self.func.inst(counted).op, Op::Icmp | Op::Fcmp) && self.folds(counted) {
                let other = self.reg_sized(other);
                let cond = self.flags(counted).invert();
                let inst = Inst::Select { op: SelectOp::Csinc, size, cond, zero_a: false, zero_b: false };
                self.push2(inst, dst, other, other);
                return;
            }
        }
        for (folded, other) in [(b, a), (a, b)] {
            if let Some((rhs, reg)) = self.folded_rhs(ty, folded) {
                let other = self.reg_sized(other);
                self.push2(Inst::Add(AddOp::Add, size, rhs), dst, other, reg);
                return;
            }
        }
        let (a, b) = (self.reg_sized(a), self.reg_sized(b));
        self.push2(Inst::Add(AddOp::Add, size, Rhs::Reg), dst, a, b);
    }

    fn sub(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let size = size(ty);
        if self.func.constant(a) == Some(0) {
            let inner = *self.func.inst(b);
            if inner.op == Op::Mul && self.folds(b) {
                let (op, x, y) = self.factors(ty, Value(inner.a), Value(inner.b));
                let op = match op {
                    MulAddOp::Smaddl => MulAddOp::Smsubl,
                    MulAddOp::Umaddl => MulAddOp::Umsubl,
                    _ => MulAddOp::Msub,
                };
                self.push2(Inst::Mul(op, size), dst, x, y);
                return;
            }
            // All ones if a comparison holds.
            let compared = if inner.op == Op::ExtendU { Value(inner.a) } else { b };
            if matches!(self.func.inst(compared).op, Op::Icmp | Op::Fcmp) && self.folds(compared) {
                let cond = self.flags(compared);
                self.push(Inst::Csetm(size, cond), Ops::new().with(def(dst)));
                return;
            }
            let (rhs, src) = match self.folded_rhs(ty, b) {
                Some((rhs @ Rhs::Shift(..), src)) => (rhs, src),
                Some((Rhs::Extend(extend, 0), src)) => {
                    let extended = self.new_int();
                    self.push1(Inst::Extend(extend, size), extended, src);
                    (Rhs::Reg, extended)
                }
                _ => (Rhs::Reg, self.reg_sized(b)),
            };
            self.push1(Inst::Neg(size, rhs), dst, src);
            return;
        }
        if let Some((negative, imm)) = self.add_imm(ty, b) {
            let src = self.reg_sized(a);
            let op = if negative { AddOp::Add } else { AddOp::Sub };
            self.push1(Inst::Add(op, size, Rhs::Imm(imm)), dst, src);
            return;
        }
        if let Some((op, x, y)) = self.product(ty, b, true) {
            let a = self.reg_sized(a);
            let ops = Ops::new().with(def(dst)).with(used(x)).with(used(y)).with(used(a));
            self.push(Inst::MulAdd(op, size), ops);
            return;
        }
        let a = self.reg_sized(a);
        let (rhs, b) = self.rhs(ty, b);
        self.push2(Inst::Add(AddOp::Sub, size, rhs), dst, a, b);
    }

    fn mul(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let size = size(ty);
        if let Some(factor) = self.constant_of(ty, b).filter(|&factor| factor > 2) {
            // x + (x << n)
            if (factor - 1).is_power_of_two() {
                let src = self.reg_sized(a);
                let rhs = Rhs::Shift(Shift::Lsl, (factor - 1).trailing_zeros() as u8);
                self.push2(Inst::Add(AddOp::Add, size, rhs), dst, src, src);
                return;
            }
        }
        let (op, a, b) = self.factors(ty, a, b);
        self.push2(Inst::Mul(op, size), dst, a, b);
    }
}
