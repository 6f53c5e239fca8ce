//! Logic, shifts, and fields of bits.

use super::*;
use crate::a64::asm::{BitfieldOp, Data2Op, LogicOp, Shift};
use crate::a64::inst::LogicRhs;

/// A mask of low bits: how many.
fn low_mask(bits: u64) -> Option<u8> {
    (bits != 0 && bits & bits.wrapping_add(1) == 0).then(|| bits.trailing_ones() as u8)
}

/// What a shift by a constant is.
pub(super) fn shift_of(op: Op) -> Option<Shift> {
    Some(match op {
        Op::Shl => Shift::Lsl,
        Op::ShrU => Shift::Lsr,
        Op::ShrS => Shift::Asr,
        Op::Rotr | Op::Rotl => Shift::Ror,
        _ => return None,
    })
}

impl Lower<'_> {
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

    pub(super) fn and(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
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

    pub(super) fn or(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
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

    pub(super) fn xor(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
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

    pub(super) fn shift(&mut self, value: Value, inst: &ir::Inst, a: Value, b: Value) {
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
    pub(super) fn shift_of_shift(&mut self, value: Value, inst: &ir::Inst, a: Value, count: u8) -> bool {
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
}
