//! Integers.

use super::*;
use crate::convention::int as preg;
use crate::lower::reciprocal::{Divisor, Signed, Unsigned};
use crate::x64::asm::{AluOp, AndnOp, Cond, CountOp, RAX, RCX, RDX, ShiftOp, ShiftxOp, Size, UnaryOp};
use crate::x64::inst::{Base, Flags, LoadKind};

/// Size of an integer type.
pub(super) fn size(ty: Ty) -> Size {
    if ty == Ty::I64 { Size::B64 } else { Size::B32 }
}

/// A constant as a sign-extended immediate of 32 bits, for an instruction of the type's size.
fn imm32(ty: Ty, bits: u64) -> Option<i32> {
    if ty == Ty::I32 { Some(bits as u32 as i32) } else { i32::try_from(bits as i64).ok() }
}

impl Lower<'_> {
    /// Lowers an instruction on integers; `false` if it is none.
    pub(super) fn int(&mut self, value: Value, inst: &crate::ir::Inst) -> bool {
        let (a, b) = (Value(inst.a), Value(inst.b));
        match inst.op {
            Op::Add if inst.ty.is_int() => self.add(value, inst.ty, a, b),
            Op::Sub => self.alu(AluOp::Sub, value, inst.ty, a, b, false),
            Op::And => self.and(value, inst.ty, a, b),
            Op::Or => self.alu(AluOp::Or, value, inst.ty, a, b, true),
            Op::Xor => self.xor(value, inst.ty, a, b),
            Op::Mul => self.mul(value, inst.ty, a, b),
            Op::MulHighS | Op::MulHighU => self.mul_high(value, inst.op == Op::MulHighS, a, b),
            Op::DivS | Op::DivU | Op::RemS | Op::RemU => self.div(value, inst, a, b),
            Op::Shl => self.shift(ShiftOp::Shl, Some(ShiftxOp::Shlx), value, inst.ty, a, b),
            Op::ShrS => self.shift(ShiftOp::Sar, Some(ShiftxOp::Sarx), value, inst.ty, a, b),
            Op::ShrU => self.shift(ShiftOp::Shr, Some(ShiftxOp::Shrx), value, inst.ty, a, b),
            Op::Rotl => self.shift(ShiftOp::Rol, None, value, inst.ty, a, b),
            Op::Rotr => self.shift(ShiftOp::Ror, None, value, inst.ty, a, b),
            Op::Clz => {
                let best = self.settings.features.lzcnt;
                self.count(if best { CountOp::Lzcnt } else { CountOp::Bsr }, value, inst.ty, a);
            }
            Op::Ctz => {
                let best = self.settings.features.bmi1;
                self.count(if best { CountOp::Tzcnt } else { CountOp::Bsf }, value, inst.ty, a);
            }
            Op::Popcnt => self.popcnt(value, inst.ty, a),
            Op::Extend8S => self.extend(value, inst.ty, Size::B8, a),
            Op::Extend16S => self.extend(value, inst.ty, Size::B16, a),
            Op::Extend32S | Op::ExtendS => self.extend(value, Ty::I64, Size::B32, a),
            Op::Wrap => {
                let (dst, src) = (self.reg_of(value), self.reg(a));
                self.push(Inst::Mov(Size::B32), Ops::new().with(def(dst)).with(used(src)));
            }
            Op::Icmp | Op::Fcmp => {
                let flags = self.compare(value);
                let dst = self.reg_of(value);
                self.push(Inst::Set(flags), Ops::new().with(def(dst)));
            }
            Op::Select => self.select(value, inst),
            _ => return false,
        }
        true
    }

    /// A constant operand that fits an immediate.
    fn imm(&self, ty: Ty, value: Value) -> Option<i32> {
        imm32(ty, self.func.constant(value)?)
    }

    fn add(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let size = size(ty);
        if let Some(imm) = self.imm(ty, b) {
            // (x << k) + c and (x + y) + c are one address.
            if let Some((address, ops)) = self.sum_address(ty, a, None, imm) {
                self.push(Inst::Lea(size, address), Ops::new().with(def(dst)).join(ops));
                return;
            }
            let src = self.reg_sized(a);
            self.push(Inst::AddImm(size, imm), Ops::new().with(def(dst)).with(used(src)));
            return;
        }
        if let Some((address, ops)) = self.sink_operand(b, ty) {
            let src = self.reg_sized(a);
            let ops = Ops::new().with(def_reuse(dst, 1)).with(used(src)).join(ops);
            self.push(Inst::AluMem(AluOp::Add, size, address), ops);
            return;
        }
        if let Some((address, ops)) = self.sink_operand(a, ty) {
            let src = self.reg_sized(b);
            let ops = Ops::new().with(def_reuse(dst, 1)).with(used(src)).join(ops);
            self.push(Inst::AluMem(AluOp::Add, size, address), ops);
            return;
        }
        if let Some((address, ops)) = self.sum_address(ty, a, Some(b), 0) {
            self.push(Inst::Lea(size, address), Ops::new().with(def(dst)).join(ops));
            return;
        }
        let (a, b) = (self.reg_sized(a), self.reg_sized(b));
        self.push(Inst::Add(size), Ops::new().with(def(dst)).with(used(a)).with(used(b)));
    }

    /// `a + b + disp` as an address that one `lea` computes, if that saves an instruction: one of the two is itself a
    /// shift or a sum that nobody else wants.
    fn sum_address(&mut self, ty: Ty, a: Value, b: Option<Value>, disp: i32) -> Option<(Address, Ops)> {
        let address = |base: bool, scale: u8, disp: i32| Address {
            disp,
            base: if base { Base::Reg } else { Base::None },
            index: true,
            scale,
            traps: false,
        };
        for (scaled, other) in [(Some(a), b), (b, Some(a))] {
            let Some(scaled) = scaled else { continue };
            let inst = *self.func.inst(scaled);
            if inst.op != Op::Shl || !self.is_single_use(scaled) || self.wanted(scaled) {
                continue;
            }
            let Some(count @ 1..=3) = self.func.constant(Value(inst.b)) else { continue };
            let base = other.map(|other| self.reg_sized(other));
            let index = self.reg_sized(Value(inst.a));
            let mut ops = Ops::new();
            if let Some(base) = base {
                ops = ops.with(used(base));
            }
            return Some((address(base.is_some(), count as u8, disp), ops.with(used(index))));
        }
        if b.is_some() {
            // (x + c) + y
            for (sum, other) in [(a, b), (b.unwrap_or(a), Some(a))] {
                let inst = *self.func.inst(sum);
                if inst.op == Op::Add
                    && self.is_single_use(sum)
                    && !self.wanted(sum)
                    && let Some(imm) = self.imm(ty, Value(inst.b))
                {
                    let first = self.reg_sized(Value(inst.a));
                    let second = self.reg_sized(other?);
                    let ops = Ops::new().with(used(first)).with(used(second));
                    return Some((address(true, 0, imm), ops));
                }
            }
            return None;
        }
        // (x + y) + c
        let inst = *self.func.inst(a);
        if inst.op == Op::Add
            && self.is_single_use(a)
            && !self.wanted(a)
            && self.func.constant(Value(inst.b)).is_none()
        {
            let first = self.reg_sized(Value(inst.a));
            let second = self.reg_sized(Value(inst.b));
            return Some((address(true, 0, disp), Ops::new().with(used(first)).with(used(second))));
        }
        None
    }

    fn alu(&mut self, op: AluOp, value: Value, ty: Ty, a: Value, b: Value, commutative: bool) {
        let dst = self.reg_of(value);
        let size = size(ty);
        if let Some(imm) = self.imm(ty, b) {
            let src = self.reg_sized(a);
            self.push(Inst::AluImm(op, size, imm), Ops::new().with(def_reuse(dst, 1)).with(used(src)));
            return;
        }
        if op == AluOp::Sub && self.func.constant(a) == Some(0) {
            let src = self.reg_sized(b);
            self.push(Inst::Unary(UnaryOp::Neg, size), Ops::new().with(def_reuse(dst, 1)).with(used(src)));
            return;
        }
        for (first, second) in [(a, b), (b, a)] {
            if let Some((address, ops)) = self.sink_operand(second, ty) {
                let src = self.reg_sized(first);
                let ops = Ops::new().with(def_reuse(dst, 1)).with(used(src)).join(ops);
                self.push(Inst::AluMem(op, size, address), ops);
                return;
            }
            if !commutative {
                break;
            }
        }
        // The operand that is not wanted any more gives its register.
        let swap = commutative && !self.is_single_use(a) && self.is_single_use(b);
        let (a, b) = if swap { (b, a) } else { (a, b) };
        let (a, b) = (self.reg_sized(a), self.reg_sized(b));
        self.push(Inst::Alu(op, size), Ops::new().with(def_reuse(dst, 1)).with(used(a)).with(used_any(b)));
    }

    fn and(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
        // Masks that are extensions.
        let extension = match self.func.constant(b) {
            Some(0xff) => Some(Size::B8),
            Some(0xffff) => Some(Size::B16),
            Some(0xffff_ffff) if ty == Ty::I64 => Some(Size::B32),
            _ => None,
        };
        if let Some(from) = extension {
            let (dst, src) = (self.reg_of(value), self.reg_low(a));
            let ops = Ops::new().with(def(dst)).with(used_any(src));
            self.push(Inst::Extend(LoadKind::Zero(from)), ops);
            return;
        }
        if self.settings.features.bmi1 {
            // x & ~y, x & (x - 1)
            for (kept, other) in [(a, b), (b, a)] {
                let inst = *self.func.inst(other);
                if !self.is_single_use(other) || self.wanted(other) {
                    continue;
                }
                if inst.op == Op::Xor && self.imm(ty, Value(inst.b)) == Some(-1) {
                    let dst = self.reg_of(value);
                    let (not, kept) = (self.reg_sized(Value(inst.a)), self.reg_sized(kept));
                    let ops = Ops::new().with(def(dst)).with(used(not)).with(used_any(kept));
                    self.push(Inst::Andn(AndnOp::Andn, size(ty)), ops);
                    return;
                }
                if inst.op == Op::Add && Value(inst.a) == kept && self.imm(ty, Value(inst.b)) == Some(-1) {
                    let (dst, src) = (self.reg_of(value), self.reg_sized(kept));
                    let ops = Ops::new().with(def(dst)).with(used_any(src));
                    self.push(Inst::Blsr(AndnOp::Blsr, size(ty)), ops);
                    return;
                }
            }
        }
        self.alu(AluOp::And, value, ty, a, b, true);
    }

    fn xor(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
        if self.imm(ty, b) == Some(-1) {
            let (dst, src) = (self.reg_of(value), self.reg_sized(a));
            let ops = Ops::new().with(def_reuse(dst, 1)).with(used(src));
            self.push(Inst::Unary(UnaryOp::Not, size(ty)), ops);
            return;
        }
        self.alu(AluOp::Xor, value, ty, a, b, true);
    }

    fn mul(&mut self, value: Value, ty: Ty, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let size = size(ty);
        if let Some(imm) = self.imm(ty, b) {
            if let 3 | 5 | 9 = imm {
                let src = self.reg_sized(a);
                let scale = (imm - 1).trailing_zeros() as u8;
                let address = Address { disp: 0, base: Base::Reg, index: true, scale, traps: false };
                self.push(
                    Inst::Lea(size, address),
                    Ops::new().with(def(dst)).with(used(src)).with(used(src)),
                );
                return;
            }
            let src = self.reg_sized(a);
            self.push(Inst::ImulImm(size, imm), Ops::new().with(def(dst)).with(used_any(src)));
            return;
        }
        for (first, second) in [(a, b), (b, a)] {
            // A constant would have to be copied, or made again in the loop's next round.
            if self.func.constant(first).is_some() {
                continue;
            }
            if let Some((address, ops)) = self.sink_operand(second, ty) {
                let src = self.reg_sized(first);
                let ops = Ops::new().with(def_reuse(dst, 1)).with(used(src)).join(ops);
                self.push(Inst::ImulMem(size, address), ops);
                return;
            }
        }
        let swap = !self.is_single_use(a) && self.is_single_use(b);
        let (a, b) = if swap { (b, a) } else { (a, b) };
        let (a, b) = (self.reg_sized(a), self.reg_sized(b));
        self.push(Inst::Imul(size), Ops::new().with(def_reuse(dst, 1)).with(used(a)).with(used_any(b)));
    }

    fn mul_high(&mut self, value: Value, signed: bool, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let ops = Ops::new().with(def_fixed(dst, preg(RDX))).with(used_fixed(a, preg(RAX))).with(used(b));
        let inst = Inst::MulHigh { signed, size: Size::B64 };
        self.push_clobbering(inst, ops, RegSet::EMPTY.with(preg(RAX)));
    }

    fn div(&mut self, value: Value, inst: &crate::ir::Inst, a: Value, b: Value) {
        let signed = matches!(inst.op, Op::DivS | Op::RemS);
        let rem = matches!(inst.op, Op::RemS | Op::RemU);
        let divisor = self.func.constant(b);
        let minus_one = if inst.ty == Ty::I32 { u64::from(u32::MAX) } else { u64::MAX };
        if let Some(divisor) = divisor.filter(|&divisor| divisor != 0 && divisor != minus_one) {
            if !self.wanted(value) {
                return;
            }
            if self.div_by_constant(value, inst.ty, signed, rem, a, divisor) {
                return;
            }
        }
        // The quotient may be unwanted; what it traps on is not.
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let (def_reg, other) = if rem { (RDX, RAX) } else { (RAX, RDX) };
        let ops =
            Ops::new().with(def_fixed(dst, preg(def_reg))).with(used_fixed(a, preg(RAX))).with(used_late(b));
        let inst = Inst::Div {
            signed,
            rem,
            size: size(inst.ty),
            check_zero: divisor.is_none_or(|divisor| divisor == 0),
            check_overflow: signed && divisor.is_none_or(|divisor| divisor == minus_one),
        };
        self.push_clobbering(inst, ops, RegSet::EMPTY.with(preg(other)));
    }

    /// A quotient or remainder by multiplication with a reciprocal (Hacker's Delight, chapter 10). `false` if the divisor
    /// is left to the instruction.
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
        let dst = self.reg_of(value);
        let n = self.reg(a);
        let Some(Divisor { magnitude, negative }) = Divisor::of(ty, signed, divisor) else { return false };
        let quotient = if rem { self.new_int() } else { dst };
        if signed {
            self.div_signed(size, quotient, n, magnitude, negative);
        } else if ty == Ty::I32 {
            self.div_unsigned_32(quotient, n, divisor as u32);
        } else {
            self.div_unsigned_64(quotient, n, divisor);
        }
        if rem {
            let product = self.new_int();
            let ops = Ops::new().with(def(product));
            match imm32(ty, divisor) {
                Some(imm) => self.push(Inst::ImulImm(size, imm), ops.with(used_any(quotient))),
                None => {
                    let divisor = self.constant(ty, divisor);
                    let ops =
                        Ops::new().with(def_reuse(product, 1)).with(used(quotient)).with(used_any(divisor));
                    self.push(Inst::Imul(size), ops);
                }
            }
            let ops = Ops::new().with(def_reuse(dst, 1)).with(used(n)).with(used_any(product));
            self.push(Inst::Alu(AluOp::Sub, size), ops);
        }
        true
    }

    /// A shift by a constant.
    fn shifted(&mut self, op: ShiftOp, size: Size, a: VReg, count: u8) -> VReg {
        let dst = self.new_int();
        self.shift_into(op, size, dst, a, count);
        dst
    }

    fn shift_into(&mut self, op: ShiftOp, size: Size, dst: VReg, a: VReg, count: u8) {
        self.push(Inst::ShiftImm(op, size, count), Ops::new().with(def_reuse(dst, 1)).with(used(a)));
    }

    fn sum(&mut self, size: Size, a: VReg, b: VReg) -> VReg {
        let dst = self.new_int();
        self.push(Inst::Add(size), Ops::new().with(def(dst)).with(used(a)).with(used(b)));
        dst
    }

    /// High half of a product of 64 bits.
    fn high(&mut self, signed: bool, a: VReg, b: VReg) -> VReg {
        let dst = self.new_int();
        let ops = Ops::new().with(def_fixed(dst, preg(RDX))).with(used_fixed(a, preg(RAX))).with(used(b));
        let inst = Inst::MulHigh { signed, size: Size::B64 };
        self.push_clobbering(inst, ops, RegSet::EMPTY.with(preg(RAX)));
        dst
    }

    fn div_unsigned_64(&mut self, quotient: VReg, n: VReg, d: u64) {
        let Unsigned { magic, shift, add } = Unsigned::of(64, d);
        let magic = self.constant(Ty::I64, magic);
        let high = self.high(false, magic, n);
        if !add {
            self.shift_into(ShiftOp::Shr, Size::B64, quotient, high, shift);
            return;
        }
        // The magic number has 65 bits: 2^64 + m. The sum of n and the high half is halved as it is made.
        let difference = self.new_int();
        let ops = Ops::new().with(def_reuse(difference, 1)).with(used(n)).with(used_any(high));
        self.push(Inst::Alu(AluOp::Sub, Size::B64), ops);
        let half = self.shifted(ShiftOp::Shr, Size::B64, difference, 1);
        let sum = self.sum(Size::B64, half, high);
        self.shift_into(ShiftOp::Shr, Size::B64, quotient, sum, shift - 1);
    }

    fn div_unsigned_32(&mut self, quotient: VReg, n: VReg, d: u32) {
        let Unsigned { magic, shift, add } = Unsigned::of(32, d.into());
        let magic_reg = self.new_int();
        let product = self.new_int();
        self.push(Inst::Common(Common::Int(magic)), Ops::new().with(def(magic_reg)));
        let ops = Ops::new().with(def_reuse(product, 1)).with(used(magic_reg)).with(used_any(n));
        self.push(Inst::Imul(Size::B64), ops);
        if !add {
            self.shift_into(ShiftOp::Shr, Size::B64, quotient, product, 32 + shift);
            return;
        }
        // The magic number has 33 bits: 2^32 + m.
        let high = self.shifted(ShiftOp::Shr, Size::B64, product, 32);
        let sum = self.new_int();
        self.push(Inst::Add(Size::B64), Ops::new().with(def(sum)).with(used(high)).with(used(n)));
        self.shift_into(ShiftOp::Shr, Size::B64, quotient, sum, shift);
    }

    /// The quotient by a constant that is not 0, 1 or -1, nor the smallest integer.
    fn div_signed(&mut self, size: Size, quotient: VReg, n: VReg, magnitude: u64, negative: bool) {
        let bits = size.bits() as u8;
        let truncated = if negative { self.new_int() } else { quotient };
        if magnitude.is_power_of_two() {
            let log = magnitude.trailing_zeros() as u8;
            // What a negative dividend lacks to be rounded towards zero is added first.
            let sign = self.shifted(ShiftOp::Sar, size, n, bits - 1);
            let bias = self.shifted(ShiftOp::Shr, size, sign, bits - log);
            let sum = self.sum(size, bias, n);
            self.shift_into(ShiftOp::Sar, size, truncated, sum, log);
        } else {
            // At most 2^bits: a product of 32 bits fits in 64.
            let Signed { magic, shift } = Signed::of(size.bits(), magnitude);
            let (high, sign);
            if size == Size::B32 {
                let wide = self.new_int();
                let ops = Ops::new().with(def(wide)).with(used_any(n));
                self.push(Inst::Extend(LoadKind::Sign64(Size::B32)), ops);
                let magic = self.constant(Ty::I64, magic);
                let product = self.new_int();
                let ops = Ops::new().with(def_reuse(product, 1)).with(used(magic)).with(used_any(wide));
                self.push(Inst::Imul(Size::B64), ops);
                high = self.shifted(ShiftOp::Sar, Size::B64, product, 32 + shift);
                sign = self.shifted(ShiftOp::Shr, Size::B64, wide, 63);
            } else {
                let factor = self.constant(Ty::I64, magic);
                let mut product = self.high(true, factor, n);
                if magic >> 63 != 0 {
                    // As a signed factor it is 2^64 too small.
                    product = self.sum(Size::B64, product, n);
                }
                high = self.shifted(ShiftOp::Sar, Size::B64, product, shift);
                sign = self.shifted(ShiftOp::Shr, Size::B64, n, 63);
            }
            self.push(Inst::Add(size), Ops::new().with(def(truncated)).with(used(high)).with(used(sign)));
        }
        if negative {
            let ops = Ops::new().with(def_reuse(quotient, 1)).with(used(truncated));
            self.push(Inst::Unary(UnaryOp::Neg, size), ops);
        }
    }

    fn shift(&mut self, op: ShiftOp, x: Option<ShiftxOp>, value: Value, ty: Ty, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let size = size(ty);
        if let Some(count) = self.func.constant(b) {
            let count = count as u8 & (size.bits() - 1) as u8;
            let src = self.reg_sized(a);
            if op == ShiftOp::Shl && count == 1 {
                self.push(Inst::Add(size), Ops::new().with(def(dst)).with(used(src)).with(used(src)));
                return;
            }
            if op == ShiftOp::Shl && count <= 3 && !self.is_single_use(a) {
                let address = Address { disp: 0, base: Base::None, index: true, scale: count, traps: false };
                self.push(Inst::Lea(size, address), Ops::new().with(def(dst)).with(used(src)));
                return;
            }
            if self.settings.features.bmi2 && matches!(op, ShiftOp::Rol | ShiftOp::Ror) {
                let right =
                    if op == ShiftOp::Rol { (size.bits() as u8 - count) % size.bits() as u8 } else { count };
                self.push(Inst::Rorx(size, right), Ops::new().with(def(dst)).with(used_any(src)));
                return;
            }
            self.push(Inst::ShiftImm(op, size, count), Ops::new().with(def_reuse(dst, 1)).with(used(src)));
            return;
        }
        let (src, count) = (self.reg_sized(a), self.reg_low(b));
        if let Some(x) = x.filter(|_| self.settings.features.bmi2) {
            self.push(Inst::Shiftx(x, size), Ops::new().with(def(dst)).with(used_any(src)).with(used(count)));
            return;
        }
        let ops = Ops::new().with(def_reuse(dst, 1)).with(used(src)).with(used_fixed(count, preg(RCX)));
        self.push(Inst::Shift(op, size), ops);
    }

    fn count(&mut self, op: CountOp, value: Value, ty: Ty, a: Value) {
        let (dst, src) = (self.reg_of(value), self.reg_sized(a));
        self.push(Inst::Count(op, size(ty)), Ops::new().with(def(dst)).with(used_any(src)));
    }

    fn popcnt(&mut self, value: Value, ty: Ty, a: Value) {
        if self.settings.features.popcnt {
            return self.count(CountOp::Popcnt, value, ty, a);
        }
        let (dst, src) = (self.reg_of(value), self.reg_sized(a));
        let (first, second) = (self.new_int(), self.new_int());
        let ops = Ops::new().with(def(dst)).with(used_late(src)).with(temp(first)).with(temp(second));
        self.push(Inst::PopcntSlow(size(ty)), ops);
    }

    fn extend(&mut self, value: Value, ty: Ty, from: Size, a: Value) {
        let (dst, src) = (self.reg_of(value), self.reg_low(a));
        let kind = if ty == Ty::I64 { LoadKind::Sign64(from) } else { LoadKind::Sign32(from) };
        self.push(Inst::Extend(kind), Ops::new().with(def(dst)).with(used_any(src)));
    }

    /// The flags that say whether a value is not 0: those of the comparison it is, or of a test against 0.
    pub(super) fn condition(&mut self, value: Value) -> Flags {
        match self.func.inst(value).op {
            Op::Icmp | Op::Fcmp => self.compare(value),
            _ => self.test_zero(value, Cond::Ne),
        }
    }

    fn test_zero(&mut self, value: Value, cond: Cond) -> Flags {
        if matches!(cond, Cond::E | Cond::Ne)
            && let Some(flags) = self.vector_condition(value)
        {
            return if cond == Cond::E { flags.invert() } else { flags };
        }
        let ty = self.func.ty(value);
        let inst = *self.func.inst(value);
        if inst.op == Op::And && !self.wanted(value) {
            let size = size(ty);
            if let Some(imm) = self.imm(ty, Value(inst.b)) {
                let src = self.reg_sized(Value(inst.a));
                self.push(Inst::TestImm(size, imm), Ops::new().with(used(src)));
            } else {
                let (a, b) = (self.reg_sized(Value(inst.a)), self.reg_sized(Value(inst.b)));
                self.push(Inst::Test(size), Ops::new().with(used(a)).with(used(b)));
            }
            return Flags::Is(cond);
        }
        if let Some((address, ops)) = self.sink_operand(value, ty) {
            self.push(Inst::CmpMemImm(size(ty), address, 0), ops);
            return Flags::Is(cond);
        }
        let src = self.reg_sized(value);
        self.push(Inst::Test(size(ty)), Ops::new().with(used(src)).with(used(src)));
        Flags::Is(cond)
    }

    /// Emits the comparison that a value is, and says which flags to look at.
    pub(super) fn compare(&mut self, value: Value) -> Flags {
        let inst = *self.func.inst(value);
        let (a, b) = (Value(inst.a), Value(inst.b));
        if inst.op == Op::Fcmp {
            return self.compare_floats(FloatCond::from_aux(inst.aux), a, b);
        }
        let cond = IntCond::from_aux(inst.aux);
        let ty = self.func.ty(a);
        if self.func.constant(b) == Some(0) {
            match cond {
                IntCond::Eq | IntCond::LeU => return self.test_zero(a, Cond::E),
                IntCond::Ne | IntCond::GtU => return self.test_zero(a, Cond::Ne),
                IntCond::LtS => return self.test_zero(a, Cond::S),
                IntCond::GeS => return self.test_zero(a, Cond::Ns),
                _ => {}
            }
        }
        let size = size(ty);
        let flags = |cond: IntCond| Flags::Is(int_cond(cond));
        if let Some(imm) = self.imm(ty, b) {
            if let Some((address, ops)) = self.sink_operand(a, ty) {
                self.push(Inst::CmpMemImm(size, address, imm), ops);
            } else {
                let src = self.reg_sized(a);
                self.push(Inst::CmpImm(size, imm), Ops::new().with(used_any(src)));
            }
            return flags(cond);
        }
        for (first, second, cond) in [(a, b, cond), (b, a, cond.swapped())] {
            if let Some((address, ops)) = self.sink_operand(second, ty) {
                let src = self.reg_sized(first);
                self.push(Inst::CmpMem(size, address), Ops::new().with(used(src)).join(ops));
                return flags(cond);
            }
        }
        let (a, b) = (self.reg_sized(a), self.reg_sized(b));
        self.push(Inst::Cmp(size), Ops::new().with(used(a)).with(used_any(b)));
        flags(cond)
    }

    fn select(&mut self, value: Value, inst: &crate::ir::Inst) {
        let (a, b) = (Value(inst.a), Value(inst.b));
        let dst = self.reg_of(value);
        // Before the flags: constants are made here, and making 0 must not touch them.
        let (a, b) = (self.reg(a), self.reg(b));
        let flags = self.condition(Value(inst.c));
        if !inst.ty.is_int() {
            let ops = Ops::new().with(def_reuse(dst, 2)).with(used(a)).with(used(b));
            self.push(Inst::SelectVec(flags), ops);
            return;
        }
        let ops = Ops::new().with(def_reuse(dst, 2)).with(used(a)).with(used(b));
        self.push(Inst::Cmov(flags, size(inst.ty)), ops);
    }

    /// The address of the load that gives a value of an integer type, if the user can do the load by itself.
    pub(super) fn sink_operand(&mut self, value: Value, ty: Ty) -> Option<(Address, Ops)> {
        let bytes = if ty == Ty::I64 { 8 } else { 4 };
        self.sink_load(value, bytes)
    }
}

/// The condition of the flags after `cmp`.
fn int_cond(cond: IntCond) -> Cond {
    match cond {
        IntCond::Eq => Cond::E,
        IntCond::Ne => Cond::Ne,
        IntCond::LtS => Cond::L,
        IntCond::LtU => Cond::B,
        IntCond::GtS => Cond::G,
        IntCond::GtU => Cond::A,
        IntCond::LeS => Cond::Le,
        IntCond::LeU => Cond::Be,
        IntCond::GeS => Cond::Ge,
        IntCond::GeU => Cond::Ae,
    }
}
