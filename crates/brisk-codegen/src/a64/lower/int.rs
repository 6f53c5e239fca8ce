//! Integers.

use super::*;
use crate::a64::asm::{
    AddImm, AddOp, BitfieldOp, Cond, Data1Op, Data2Op, Extend, LogicImm, LogicOp, MulAddOp, SelectOp, Shift,
};
use crate::a64::inst::{LogicRhs, Rhs};
use crate::lower::reciprocal::{Divisor, Signed, Unsigned};

/// A mask of low bits: how many.
fn low_mask(bits: u64) -> Option<u8> {
    (bits != 0 && bits & bits.wrapping_add(1) == 0).then(|| bits.trailing_ones() as u8)
}

/// What a shift by a constant is.
fn shift_of(op: Op) -> Option<Shift> {
    Some(match op {
        Op::Shl => Shift::Lsl,
        Op::ShrU => Shift::Lsr,
        Op::ShrS => Shift::Asr,
        Op::Rotr | Op::Rotl => Shift::Ror,
        _ => return None,
    })
}

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

    /// A value as the last operand of a logic operation.
    pub(super) fn logic_rhs(&mut self, ty: Ty, value: Value) -> (LogicRhs, VReg) {
        self.folded_logic_rhs(ty, value).unwrap_or_else(|| (LogicRhs::Reg, self.reg_sized(value)))
    }

    fn folded_logic_rhs(&mut self, ty: Ty, value: Value) -> Option<(LogicRhs, VReg)> {
        let inst = *self.func.inst(value);
        let shift = shift_of(inst.op)?;
        if !self.folds(value) {
            return None;
        }
        let bits = size(ty).bits() as u8;
        let count = self.func.constant(Value(inst.b))? as u8 & (bits - 1);
        let count = if inst.op == Op::Rotl { (bits - count) & (bits - 1) } else { count };
        Some((LogicRhs::Shift(shift, count), self.reg_sized(Value(inst.a))))
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

    /// The value that a value is the complement of.
    fn complemented(&self, ty: Ty, value: Value) -> Option<Value> {
        let inst = self.func.inst(value);
        let ones = if ty == Ty::I32 { u64::from(u32::MAX) } else { u64::MAX };
        let is = inst.op == Op::Xor && self.folds(value) && self.constant_of(ty, Value(inst.b)) == Some(ones);
        is.then_some(Value(inst.a))
    }

    fn logic(&mut self, op: LogicOp, not: LogicOp, value: Value, ty: Ty, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let size = size(ty);
        if let Some(imm) = self.logic_imm(ty, b) {
            let src = self.reg_sized(a);
            self.push1(Inst::Logic(op, size, LogicRhs::Imm(imm)), dst, src);
            return;
        }
        for (other, kept) in [(b, a), (a, b)] {
            if let Some(other) = self.complemented(ty, other) {
                let kept = self.reg_sized(kept);
                let (rhs, other) = self.logic_rhs(ty, other);
                self.push2(Inst::Logic(not, size, rhs), dst, kept, other);
                return;
            }
        }
        for (folded, other) in [(b, a), (a, b)] {
            if let Some((rhs, reg)) = self.folded_logic_rhs(ty, folded) {
                let other = self.reg_sized(other);
                self.push2(Inst::Logic(op, size, rhs), dst, other, reg);
                return;
            }
        }
        let (a, b) = (self.reg_sized(a), self.reg_sized(b));
        self.push2(Inst::Logic(op, size, LogicRhs::Reg), dst, a, b);
    }

    fn and(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
        let bits = size(ty).bits() as u8;
        if let Some(mask) = self.constant_of(ty, b) {
            let inner = *self.func.inst(a);
            let shifts = matches!(inner.op, Op::ShrU | Op::ShrS | Op::Shl) && self.folds(a);
            let shift = if shifts { self.func.constant(Value(inner.b)) } else { None };
            if let Some(count) = shift.map(|count| count as u8 & (bits - 1)).filter(|&count| count > 0) {
                // Bits out of the middle.
                if let Some(width) = low_mask(mask)
                    && inner.op != Op::Shl
                    && count + width <= bits
                {
                    let (dst, src) = (self.reg_of(value), self.reg_sized(Value(inner.a)));
                    let inst = Inst::Bits(BitfieldOp::Ubfm, size(ty), count, count + width - 1);
                    self.push1(inst, dst, src);
                    return;
                }
                // Low bits into the middle.
                if inner.op == Op::Shl
                    && mask & ((1 << count) - 1) == 0
                    && let Some(width) = low_mask(mask >> count)
                {
                    let (dst, src) = (self.reg_of(value), self.reg_low_if(ty, Value(inner.a), width));
                    self.push1(self.field_up(ty, count, width), dst, src);
                    return;
                }
            }
            // The same out of 64 bits.
            if inner.op == Op::Wrap
                && self.folds(a)
                && let Some(width) = low_mask(mask)
            {
                let wide = *self.func.inst(Value(inner.a));
                if matches!(wide.op, Op::ShrU | Op::ShrS)
                    && self.folds(Value(inner.a))
                    && let Some(count) = self.func.constant(Value(wide.b))
                    && count as u8 & 63 > 0
                    && (count as u8 & 63) + width <= 64
                {
                    let count = count as u8 & 63;
                    let (dst, src) = (self.reg_of(value), self.reg(Value(wide.a)));
                    self.push1(Inst::Bits(BitfieldOp::Ubfm, Size::B64, count, count + width - 1), dst, src);
                    return;
                }
            }
            if mask == 0xffff_ffff && ty == Ty::I64 {
                let (dst, src) = (self.reg_of(value), self.reg_low(a));
                self.push1(Inst::Mov(Size::B32), dst, src);
                return;
            }
        }
        self.logic(LogicOp::And, LogicOp::Bic, value, ty, a, b);
    }

    /// The register of a value of which so many low bits are read.
    fn reg_low_if(&mut self, ty: Ty, value: Value, width: u8) -> VReg {
        if ty == Ty::I32 || width <= 32 { self.reg_low(value) } else { self.reg(value) }
    }

    /// Low bits moved up, with zeros around them.
    fn field_up(&self, ty: Ty, to: u8, width: u8) -> Inst {
        let bits = size(ty).bits() as u8;
        Inst::Bits(BitfieldOp::Ubfm, size(ty), (bits - to) & (bits - 1), width - 1)
    }

    fn or(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
        let bits = size(ty).bits() as u8;
        // Two registers, one behind the other.
        for (high, low) in [(a, b), (b, a)] {
            let (up, down) = (*self.func.inst(high), *self.func.inst(low));
            if up.op == Op::Shl
                && down.op == Op::ShrU
                && self.folds(high)
                && self.folds(low)
                && let (Some(left), Some(right)) =
                    (self.func.constant(Value(up.b)), self.func.constant(Value(down.b)))
                && left + right == u64::from(bits)
                && (1..u64::from(bits)).contains(&right)
            {
                let dst = self.reg_of(value);
                let (high, low) = (self.reg_sized(Value(up.a)), self.reg_sized(Value(down.a)));
                self.push2(Inst::Extr(size(ty), right as u8), dst, high, low);
                return;
            }
        }
        for (field, kept) in [(b, a), (a, b)] {
            if self.insert(value, ty, field, kept) {
                return;
            }
        }
        self.logic(LogicOp::Orr, LogicOp::Orn, value, ty, a, b);
    }

    /// A bit field put in where a mask has made room for it.
    fn insert(&mut self, value: Value, ty: Ty, field: Value, kept: Value) -> bool {
        let bits = size(ty).bits() as u8;
        let (room, source) = (*self.func.inst(kept), *self.func.inst(field));
        if room.op != Op::And || !self.folds(kept) || !self.folds(field) {
            return false;
        }
        let Some(mask) = self.constant_of(ty, Value(room.b)) else { return false };
        let hole = if ty == Ty::I32 { u64::from(!mask as u32) } else { !mask };
        if hole == 0 || low_mask(hole >> hole.trailing_zeros()).is_none() {
            return false;
        }
        let (to, width) = (hole.trailing_zeros() as u8, hole.count_ones() as u8);
        let constant = |value: u32| self.constant_of(ty, Value(value));
        // The field is cut out of its source by a mask, by a shift, or by both.
        let from = match source.op {
            Op::And if constant(source.b) == Some(hole) => {
                let inner = *self.func.inst(Value(source.a));
                match inner.op {
                    Op::Shl if constant(inner.b) == Some(u64::from(to)) && self.folds(Value(source.a)) => {
                        inner.a
                    }
                    _ if to == 0 => source.a,
                    _ => return false,
                }
            }
            Op::Shl if constant(source.b) == Some(u64::from(to)) => {
                let inner = *self.func.inst(Value(source.a));
                match inner.op {
                    Op::And
                        if constant(inner.b).and_then(low_mask) == Some(width)
                            && self.folds(Value(source.a)) =>
                    {
                        inner.a
                    }
                    _ if to + width == bits => source.a,
                    _ => return false,
                }
            }
            _ => return false,
        };
        let dst = self.reg_of(value);
        let (kept, from) = (self.reg_sized(Value(room.a)), self.reg_low_if(ty, Value(from), width));
        let inst = Inst::Insert(size(ty), (bits - to) & (bits - 1), width - 1);
        self.push(inst, Ops::new().with(def_reuse(dst, 1)).with(used(kept)).with(used(from)));
        true
    }

    fn xor(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
        let ones = if ty == Ty::I32 { u64::from(u32::MAX) } else { u64::MAX };
        if self.constant_of(ty, b) == Some(ones) {
            let dst = self.reg_of(value);
            let inner = *self.func.inst(a);
            if inner.op == Op::Xor && self.folds(a) && self.func.constant(Value(inner.b)).is_none() {
                let first = self.reg_sized(Value(inner.a));
                let (rhs, second) = self.logic_rhs(ty, Value(inner.b));
                self.push2(Inst::Logic(LogicOp::Eon, size(ty), rhs), dst, first, second);
                return;
            }
            let (rhs, src) = self.logic_rhs(ty, a);
            self.push1(Inst::Not(size(ty), rhs), dst, src);
            return;
        }
        self.logic(LogicOp::Eor, LogicOp::Eon, value, ty, a, b);
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

    fn div(&mut self, value: Value, inst: &ir::Inst, a: Value, b: Value) {
        let signed = matches!(inst.op, Op::DivS | Op::RemS);
        let rem = matches!(inst.op, Op::RemS | Op::RemU);
        let ty = inst.ty;
        let size = size(ty);
        let divisor = self.constant_of(ty, b);
        let minus_one = if ty == Ty::I32 { u64::from(u32::MAX) } else { u64::MAX };
        if let Some(divisor) = divisor.filter(|&divisor| divisor != 0 && !(signed && divisor == minus_one)) {
            if !self.wanted(value) {
                return;
            }
            if self.div_by_constant(value, ty, signed, rem, a, divisor) {
                return;
            }
        }
        let (n, d) = (self.reg_sized(a), self.reg_sized(b));
        // The quotient may be unwanted; what it traps on is not.
        if divisor.is_none_or(|divisor| divisor == 0) {
            let trap = Inst::TrapIf(Test::Zero(size), TrapCode::DivisionByZero);
            self.push(trap, Ops::new().with(used(d)));
        }
        if signed && !rem && divisor.is_none_or(|divisor| divisor == minus_one) {
            // The smallest integer by -1 overflows: compared with 1 it does, too.
            if divisor.is_none() {
                self.push(Inst::Cmn(size, ONE), Ops::new().with(used(d)));
                let compare = Inst::CcmpImm(super::super::asm::CcmpOp::Ccmp, size, 1, 0, Cond::Eq);
                self.push(compare, Ops::new().with(used(n)));
            } else {
                self.push(Inst::Cmp(size, Rhs::Imm(ONE)), Ops::new().with(used(n)));
            }
            let trap = Inst::TrapIf(Test::Flags(Cond::Vs), TrapCode::IntegerOverflow);
            self.push(trap, Ops::new());
        }
        if !self.wanted(value) {
            return;
        }
        let dst = self.reg_of(value);
        let quotient = if rem { self.new_int() } else { dst };
        let op = if signed { Data2Op::Sdiv } else { Data2Op::Udiv };
        self.push2(Inst::Data2(op, size), quotient, n, d);
        if rem {
            let ops = Ops::new().with(def(dst)).with(used(quotient)).with(used(d)).with(used(n));
            self.push(Inst::MulAdd(MulAddOp::Msub, size), ops);
        }
    }

    /// A quotient or remainder by multiplication with a reciprocal. `false` if the divisor is left to the instruction.
    fn div_by_constant(
        &mut self,
        value: Value,
        ty: Ty,
        signed: bool,
        rem: bool,
        a: Value,
        divisor: u64,
    ) -> bool {
        let size = size(ty);
        let Some(Divisor { magnitude, negative }) = Divisor::of(ty, signed, divisor) else { return false };
        let dst = self.reg_of(value);
        let n = self.reg(a);
        let quotient = if rem { self.new_int() } else { dst };
        if signed {
            self.div_signed(size, quotient, n, magnitude, negative);
        } else {
            self.div_unsigned(size, quotient, n, divisor);
        }
        if rem {
            let divisor = self.shared(ty, divisor);
            let ops = Ops::new().with(def(dst)).with(used(quotient)).with(used(divisor)).with(used(n));
            self.push(Inst::MulAdd(MulAddOp::Msub, size), ops);
        }
        true
    }

    fn shifted(&mut self, op: BitfieldOp, size: Size, a: VReg, count: u8) -> VReg {
        let dst = self.new_int();
        self.push1(Inst::Bits(op, size, count, size.bits() as u8 - 1), dst, a);
        dst
    }

    fn div_unsigned(&mut self, size: Size, quotient: VReg, n: VReg, d: u64) {
        let Unsigned { magic, shift, add } = Unsigned::of(size.bits(), d);
        let magic = self.constant(Ty::I64, magic);
        if size == Size::B32 {
            let product = self.new_int();
            let mul = if add { MulAddOp::Umaddl } else { MulAddOp::Madd };
            self.push2(Inst::Mul(mul, Size::B64), product, magic, n);
            if !add {
                let inst = Inst::Bits(BitfieldOp::Ubfm, Size::B64, 32 + shift, 63);
                self.push1(inst, quotient, product);
                return;
            }
            // 33 bits: the upper one is n itself.
            let sum = self.new_int();
            let rhs = Rhs::Shift(Shift::Lsr, 32);
            self.push2(Inst::Add(AddOp::Add, Size::B64, rhs), sum, n, product);
            self.push1(Inst::Bits(BitfieldOp::Ubfm, Size::B64, shift, 63), quotient, sum);
            return;
        }
        let high = self.new_int();
        self.push2(Inst::Data2(Data2Op::Umulh, Size::B64), high, magic, n);
        if !add {
            self.push1(Inst::Bits(BitfieldOp::Ubfm, Size::B64, shift, 63), quotient, high);
            return;
        }
        // 65 bits: the sum of n and the high half is halved as it is made.
        let (difference, sum) = (self.new_int(), self.new_int());
        self.push2(Inst::Add(AddOp::Sub, Size::B64, Rhs::Reg), difference, n, high);
        let rhs = Rhs::Shift(Shift::Lsr, 1);
        self.push2(Inst::Add(AddOp::Add, Size::B64, rhs), sum, high, difference);
        self.push1(Inst::Bits(BitfieldOp::Ubfm, Size::B64, shift - 1, 63), quotient, sum);
    }

    /// The quotient by a constant that is not 0, 1 or -1, nor the smallest integer.
    fn div_signed(&mut self, size: Size, quotient: VReg, n: VReg, magnitude: u64, negative: bool) {
        let bits = size.bits() as u8;
        if magnitude.is_power_of_two() {
            let log = magnitude.trailing_zeros() as u8;
            // What a negative dividend lacks to be rounded towards zero is added first.
            let sign = if log == 1 { n } else { self.shifted(BitfieldOp::Sbfm, size, n, bits - 1) };
            let sum = self.new_int();
            let rhs = Rhs::Shift(Shift::Lsr, bits - log);
            self.push2(Inst::Add(AddOp::Add, size, rhs), sum, n, sign);
            let inst = match negative {
                true => Inst::Neg(size, Rhs::Shift(Shift::Asr, log)),
                false => Inst::Bits(BitfieldOp::Sbfm, size, log, bits - 1),
            };
            self.push1(inst, quotient, sum);
            return;
        }
        let Signed { magic, shift } = Signed::of(size.bits(), magnitude);
        let magic_reg = self.constant(Ty::I64, magic);
        let high = if size == Size::B32 {
            // At most 2^32, which is not a signed number of 32 bits.
            let product = self.new_int();
            if i32::try_from(magic).is_ok() {
                self.push2(Inst::Mul(MulAddOp::Smaddl, Size::B64), product, n, magic_reg);
            } else {
                let wide = self.new_int();
                self.push1(Inst::Extend(Extend::Sxtw, Size::B64), wide, n);
                self.push2(Inst::Mul(MulAddOp::Madd, Size::B64), product, wide, magic_reg);
            }
            self.shifted(BitfieldOp::Sbfm, Size::B64, product, 32 + shift)
        } else {
            let mut product = self.new_int();
            self.push2(Inst::Data2(Data2Op::Smulh, Size::B64), product, magic_reg, n);
            if magic >> 63 != 0 {
                // As a signed factor it is 2^64 too small.
                let sum = self.new_int();
                self.push2(Inst::Add(AddOp::Add, Size::B64, Rhs::Reg), sum, product, n);
                product = sum;
            }
            if shift > 0 { self.shifted(BitfieldOp::Sbfm, Size::B64, product, shift) } else { product }
        };
        // One more for a negative dividend; the other way round for a negative divisor.
        let sign = Rhs::Shift(Shift::Asr, bits - 1);
        if negative {
            let sign_reg = self.new_int();
            self.push1(Inst::Bits(BitfieldOp::Sbfm, size, bits - 1, bits - 1), sign_reg, n);
            self.push2(Inst::Add(AddOp::Sub, size, Rhs::Reg), quotient, sign_reg, high);
        } else {
            self.push2(Inst::Add(AddOp::Sub, size, sign), quotient, high, n);
        }
    }

    fn shift(&mut self, value: Value, inst: &ir::Inst, a: Value, b: Value) {
        let ty = inst.ty;
        let size = size(ty);
        let bits = size.bits() as u8;
        let Some(shift) = shift_of(inst.op) else { unreachable!("a shift") };
        if let Some(count) = self.func.constant(b) {
            let count = count as u8 & (bits - 1);
            if self.shift_of_shift(value, inst, a, count) {
                return;
            }
            let (dst, src) = (self.reg_of(value), self.reg_sized(a));
            let inst = match inst.op {
                Op::Shl => Inst::Bits(BitfieldOp::Ubfm, size, (bits - count) & (bits - 1), bits - 1 - count),
                Op::ShrU => Inst::Bits(BitfieldOp::Ubfm, size, count, bits - 1),
                Op::ShrS => Inst::Bits(BitfieldOp::Sbfm, size, count, bits - 1),
                Op::Rotr => Inst::Extr(size, count),
                _ => Inst::Extr(size, (bits - count) & (bits - 1)),
            };
            match inst {
                Inst::Extr(..) => self.push2(inst, dst, src, src),
                _ => self.push1(inst, dst, src),
            }
            return;
        }
        // The count is taken modulo the size anyway.
        let inner = *self.func.inst(b);
        let masked = inner.op == Op::And
            && self.folds(b)
            && self.func.constant(Value(inner.b)).is_some_and(|mask| mask as u8 & (bits - 1) == bits - 1);
        let b = if masked { Value(inner.a) } else { b };
        let (dst, src, count) = (self.reg_of(value), self.reg_sized(a), self.reg_low(b));
        let op = match shift {
            Shift::Lsl => Data2Op::Lsl,
            Shift::Lsr => Data2Op::Lsr,
            Shift::Asr => Data2Op::Asr,
            Shift::Ror if inst.op == Op::Rotl => {
                self.push2(Inst::RotateLeft(size), dst, src, count);
                return;
            }
            Shift::Ror => Data2Op::Ror,
        };
        self.push2(Inst::Data2(op, size), dst, src, count);
    }

    /// A shift of what is itself shifted, masked or extended: one move of a bit field.
    fn shift_of_shift(&mut self, value: Value, inst: &ir::Inst, a: Value, count: u8) -> bool {
        let ty = inst.ty;
        let bits = size(ty).bits() as u8;
        let inner = *self.func.inst(a);
        if !self.folds(a) || count == 0 {
            return false;
        }
        let constant = match inner.op {
            Op::And | Op::Shl => self.constant_of(ty, Value(inner.b)),
            _ => None,
        };
        let (machine, src, width) = match (inst.op, inner.op) {
            // Low bits up, with their sign.
            (Op::Shl, Op::ExtendS | Op::Extend32S) => {
                let width = 32.min(64 - count);
                (Inst::Bits(BitfieldOp::Sbfm, Size::B64, 64 - count, width - 1), inner.a, 32)
            }
            (Op::Shl, Op::And) => {
                let Some(width) = constant.and_then(low_mask) else { return false };
                let width = width.min(bits - count);
                (self.field_up(ty, count, width), inner.a, width)
            }
            // Bits out of the middle.
            (Op::ShrU, Op::And) => {
                let Some(width) = constant.and_then(|mask| low_mask(mask >> count)) else { return false };
                (Inst::Bits(BitfieldOp::Ubfm, size(ty), count, count + width - 1), inner.a, 64)
            }
            (Op::ShrU | Op::ShrS, Op::Shl) => {
                let Some(left) = constant.map(|left| left as u8 & (bits - 1)) else { return false };
                if left == 0 {
                    return false;
                }
                let op = if inst.op == Op::ShrU { BitfieldOp::Ubfm } else { BitfieldOp::Sbfm };
                let top = bits - 1 - left;
                let rotate = if left <= count { count - left } else { bits - (left - count) };
                (Inst::Bits(op, size(ty), rotate, top), inner.a, top + 1)
            }
            _ => return false,
        };
        let (dst, src) = (self.reg_of(value), self.reg_low_if(ty, Value(src), width));
        self.push1(machine, dst, src);
        true
    }

    fn select(&mut self, value: Value, inst: &ir::Inst) {
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

/// The immediate 1.
const ONE: AddImm = match AddImm::new(1) {
    Some(imm) => imm,
    None => unreachable!(),
};
