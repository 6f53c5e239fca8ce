//! Division: the processor's, with what it does not trap at, and multiplications in place of it.

use super::*;
use crate::a64::asm::{AddImm, AddOp, BitfieldOp, Cond, Data2Op, Extend, MulAddOp, Shift};
use crate::a64::inst::Rhs;
use crate::lower::reciprocal::{Divisor, Signed, Unsigned};

impl Lower<'_> {
    pub(super) fn div(&mut self, value: Value, inst: &ir::Inst, a: Value, b: Value) {
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
}

/// The immediate 1.
const ONE: AddImm = match AddImm::new(1) {
    Some(imm) => imm,
    None => unreachable!(),
};
