//! Folding, and numbering of what is computed.
//!
//! A pure instruction is made once in a segment; what its operands make known beforehand is not made at all.

use super::{Build, NUMBERS, eval};
use crate::ir::{FloatCond, Inst, IntCond, NONE, Op, Ty};

impl Build<'_> {
    /// The bits of a constant.
    #[inline]
    pub fn constant_of(&self, value: u32) -> Option<u64> {
        let inst = &self.f.insts[value as usize];
        (inst.op == Op::Const).then_some(u64::from(inst.a) | u64::from(inst.b) << 32)
    }

    /// A scalar constant.
    pub fn constant(&mut self, ty: Ty, bits: u64) -> u32 {
        self.pure(Op::Const, ty, 0, bits as u32, (bits >> 32) as u32, 0)
    }

    /// A vector constant.
    pub fn vector_constant(&mut self, bits: u128) -> u32 {
        // Seldom many, and seldom far apart.
        let recent = self.f.vectors.iter().rev().take(8).position(|&vector| vector == bits);
        let index = match recent {
            Some(back) => self.f.vectors.len() - 1 - back,
            None => {
                self.f.vectors.push(bits);
                self.f.vectors.len() - 1
            }
        };
        self.pure(Op::ConstVector, Ty::V128, 0, index as u32, 0, 0)
    }

    /// An instruction whose result depends on its fields only.
    #[inline]
    pub fn pure(&mut self, op: Op, ty: Ty, aux: u16, a: u32, b: u32, c: u32) -> u32 {
        let inst = Inst { op, ty, aux, a, b, c };
        let head = u64::from(op as u8) | u64::from(ty as u8) << 8 | u64::from(aux) << 16 | u64::from(c) << 32;
        let hash = (head.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(a) | u64::from(b) << 32))
            .wrapping_mul(0xff51_afd7_ed55_8ccd);
        let slot = (hash >> 48) as usize & (NUMBERS - 1);
        let (epoch, value) = self.cx.numbers[slot];
        if epoch == self.numbers_epoch && self.f.insts[value as usize] == inst {
            return value;
        }
        let value = self.emit(op, ty, aux, a, b, c);
        self.cx.numbers[slot] = (self.numbers_epoch, value);
        value
    }

    pub fn unary(&mut self, op: Op, ty: Ty, a: u32) -> u32 {
        let inst = self.inst(a);
        if inst.op == Op::Const {
            let bits = u64::from(inst.a) | u64::from(inst.b) << 32;
            let result = eval::unary(op, inst.ty, ty, bits);
            if let Some(bits) = result.and_then(|bits| self.foldable(op, ty, bits)) {
                return self.constant(ty, bits);
            }
        }
        match (op, inst.op) {
            (Op::Wrap, Op::ExtendS | Op::ExtendU) => return inst.a,
            (Op::Bitcast, Op::Bitcast) if self.ty(inst.a) == ty => return inst.a,
            (Op::ExtendU, Op::Wrap) => {
                let mask = self.constant(Ty::I64, u64::from(u32::MAX));
                return self.binary(Op::And, Ty::I64, inst.a, mask);
            }
            (Op::ExtendS, Op::Wrap) => return self.unary(Op::Extend32S, Ty::I64, inst.a),
            (Op::Extend8S, Op::Extend8S)
            | (Op::Extend16S, Op::Extend8S | Op::Extend16S)
            | (Op::Extend32S, Op::Extend8S | Op::Extend16S | Op::Extend32S | Op::ExtendS) => return a,
            _ => {}
        }
        self.pure(op, ty, 0, a, 0, 0)
    }

    /// The bits of a result, unless that is a NaN whose bits are the hardware's to choose.
    fn foldable(&self, op: Op, ty: Ty, bits: u64) -> Option<u64> {
        if matches!(op, Op::Fabs | Op::Fneg | Op::Copysign | Op::Bitcast | Op::Canon) {
            return Some(bits);
        }
        match eval::canonical(ty, bits) {
            _ if !eval::is_nan(ty, bits) => Some(bits),
            canonical if self.settings.canonical_nans => Some(canonical),
            _ => None,
        }
    }

    pub fn binary(&mut self, op: Op, ty: Ty, a: u32, b: u32) -> u32 {
        if let Some(second) = self.constant_of(b) {
            if let Some(first) = self.constant_of(a)
                && let Some(bits) = eval::binary(op, ty, first, second)
                && let Some(bits) = self.foldable(op, ty, bits)
            {
                return self.constant(ty, bits);
            }
            return if ty.is_int() {
                self.binary_with_constant(op, ty, a, b, second)
            } else {
                self.pure(op, ty, 0, a, b, 0)
            };
        }
        let commutes = matches!(op, Op::Add | Op::Mul | Op::And | Op::Or | Op::Xor);
        if commutes && let Some(first) = self.constant_of(a) {
            return self.binary_with_constant(op, ty, b, a, first);
        }
        if a == b {
            match op {
                Op::Sub | Op::Xor => return self.constant(ty, 0),
                Op::And | Op::Or => return a,
                _ => {}
            }
        }
        self.pure(op, ty, 0, a, b, 0)
    }

    /// An integer operation whose second operand is the constant `k`.
    fn binary_with_constant(&mut self, op: Op, ty: Ty, a: u32, b: u32, k: u64) -> u32 {
        let (bits, ones) = if ty == Ty::I32 { (32, u64::from(u32::MAX)) } else { (64, u64::MAX) };
        let inst = self.inst(a);
        // The constant of `a`, if that is the same operation with one.
        let inner = if inst.op == op && inst.ty == ty { self.constant_of(inst.b) } else { None };
        match op {
            Op::Add => {
                if k == 0 {
                    return a;
                }
                if let Some(inner) = inner {
                    return self.again(op, ty, inst.a, inner.wrapping_add(k) & ones);
                }
            }
            Op::Sub => return self.again(Op::Add, ty, a, k.wrapping_neg() & ones),
            Op::Mul => {
                if k == 0 {
                    return b;
                }
                if k.is_power_of_two() {
                    return self.again(Op::Shl, ty, a, u64::from(k.trailing_zeros()));
                }
            }
            Op::And | Op::Or | Op::Xor => {
                if k == if op == Op::And { ones } else { 0 } {
                    return a;
                }
                if (op == Op::And && k == 0) || (op == Op::Or && k == ones) {
                    return b;
                }
                if let Some(inner) = inner {
                    let k = match op {
                        Op::And => k & inner,
                        Op::Or => k | inner,
                        _ => k ^ inner,
                    };
                    return self.again(op, ty, inst.a, k);
                }
            }
            Op::Shl | Op::ShrS | Op::ShrU | Op::Rotl | Op::Rotr => {
                let count = k % bits;
                if count == 0 {
                    return a;
                }
                if let Some(inner) = inner {
                    let sum = count + inner % bits;
                    match op {
                        Op::Rotl | Op::Rotr => return self.again(op, ty, inst.a, sum % bits),
                        Op::ShrS => return self.again(op, ty, inst.a, sum.min(bits - 1)),
                        _ if sum < bits => return self.again(op, ty, inst.a, sum),
                        _ => return self.constant(ty, 0),
                    }
                }
                if count != k {
                    return self.again(op, ty, a, count);
                }
            }
            Op::DivU => {
                if k == 1 {
                    return a;
                }
                if k.is_power_of_two() {
                    return self.again(Op::ShrU, ty, a, u64::from(k.trailing_zeros()));
                }
            }
            Op::RemU if k.is_power_of_two() => return self.again(Op::And, ty, a, k - 1),
            Op::DivS if k == 1 => return a,
            Op::RemS if k == 1 || k == ones => return self.constant(ty, 0),
            _ => {}
        }
        self.pure(op, ty, 0, a, b, 0)
    }

    /// An operation with another constant.
    fn again(&mut self, op: Op, ty: Ty, a: u32, k: u64) -> u32 {
        let constant = self.constant(ty, k);
        self.binary(op, ty, a, constant)
    }

    pub fn icmp(&mut self, cond: IntCond, a: u32, b: u32) -> u32 {
        let (first, second) = (self.constant_of(a), self.constant_of(b));
        match (first, second) {
            (Some(first), Some(second)) => {
                let result = eval::icmp(cond, self.ty(a), first, second);
                return self.constant(Ty::I32, u64::from(result));
            }
            (Some(_), None) => return self.icmp(cond.swapped(), b, a),
            (None, Some(k)) => {
                if let Some(value) = self.icmp_with_constant(cond, a, b, k) {
                    return value;
                }
            }
            (None, None) if a == b => {
                let result = eval::icmp(cond, Ty::I64, 0, 0);
                return self.constant(Ty::I32, u64::from(result));
            }
            _ => {}
        }
        self.pure(Op::Icmp, Ty::I32, cond as u16, a, b, 0)
    }

    fn icmp_with_constant(&mut self, cond: IntCond, a: u32, b: u32, k: u64) -> Option<u32> {
        if k == 1 {
            return match cond {
                IntCond::LtU => Some(self.icmp_zero(IntCond::Eq, a)),
                IntCond::GeU => Some(self.icmp_zero(IntCond::Ne, a)),
                _ => None,
            };
        }
        if k != 0 {
            return None;
        }
        match cond {
            IntCond::LtU => return Some(self.constant(Ty::I32, 0)),
            IntCond::GeU => return Some(self.constant(Ty::I32, 1)),
            IntCond::GtU => return Some(self.icmp(IntCond::Ne, a, b)),
            IntCond::LeU => return Some(self.icmp(IntCond::Eq, a, b)),
            IntCond::Eq | IntCond::Ne => {}
            _ => return None,
        }
        let inst = self.inst(a);
        match inst.op {
            Op::Icmp if cond == IntCond::Ne => Some(a),
            Op::Icmp => Some(self.icmp(IntCond::from_aux(inst.aux).inverted(), inst.a, inst.b)),
            Op::Fcmp if cond == IntCond::Ne => Some(a),
            Op::Fcmp => match FloatCond::from_aux(inst.aux) {
                // These are the opposite of each other for NaNs as well.
                cond @ (FloatCond::Eq | FloatCond::Ne) => Some(self.fcmp(cond.inverted(), inst.a, inst.b)),
                _ => None,
            },
            Op::ExtendU | Op::ExtendS => Some(self.icmp_zero(cond, inst.a)),
            _ => None,
        }
    }

    fn icmp_zero(&mut self, cond: IntCond, a: u32) -> u32 {
        let zero = self.constant(self.ty(a), 0);
        self.icmp(cond, a, zero)
    }

    pub fn eqz(&mut self, a: u32) -> u32 {
        self.icmp_zero(IntCond::Eq, a)
    }

    pub fn fcmp(&mut self, cond: FloatCond, a: u32, b: u32) -> u32 {
        match (self.constant_of(a), self.constant_of(b)) {
            (Some(first), Some(second)) => {
                let result = eval::fcmp(cond, self.ty(a), first, second);
                self.constant(Ty::I32, u64::from(result))
            }
            (Some(_), None) => self.pure(Op::Fcmp, Ty::I32, cond.swapped() as u16, b, a, 0),
            _ => self.pure(Op::Fcmp, Ty::I32, cond as u16, a, b, 0),
        }
    }

    /// `a` if `condition` is not 0, else `b`.
    pub fn select(&mut self, a: u32, b: u32, condition: u32) -> u32 {
        if let Some(constant) = self.constant_of(condition) {
            return if constant != 0 { a } else { b };
        }
        if a == b {
            return a;
        }
        let ty = self.ty(a);
        let (mut a, mut b, mut condition) = (a, b, condition);
        loop {
            let inst = self.inst(condition);
            if inst.op != Op::Icmp || self.ty(inst.a) != Ty::I32 || self.constant_of(inst.b) != Some(0) {
                break;
            }
            match IntCond::from_aux(inst.aux) {
                IntCond::Eq => std::mem::swap(&mut a, &mut b),
                IntCond::Ne => {}
                _ => break,
            }
            condition = inst.a;
        }
        debug_assert_ne!(condition, NONE);
        self.pure(Op::Select, ty, 0, a, b, condition)
    }
}
