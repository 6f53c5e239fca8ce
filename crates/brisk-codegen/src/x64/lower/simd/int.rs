//! Integers in lanes.

use super::super::Lower;
use super::*;
use crate::x64::asm::{AluOp, Size};

impl Lower<'_> {
    pub(super) fn not(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let ones = self.ones();
        self.step_to(Pxor, dst, ones, a);
    }

    fn invert_to(&mut self, dst: VReg, a: VReg) {
        let ones = self.ones();
        self.step_to(Pxor, dst, ones, a);
    }

    pub(super) fn bitselect(&mut self, value: Value, a: Value, b: Value, mask: Value) {
        let whole = self.gives_whole_lanes(mask);
        let dst = self.reg_of(value);
        let (a, b, mask) = (self.reg(a), self.reg(b), self.reg(mask));
        if whole && self.settings.features.avx {
            self.blend_to(dst, b, a, mask);
            return;
        }
        let a = self.step(Pand, a, mask);
        let b = self.step(Pandn, mask, b);
        self.step_to(Por, dst, b, a);
    }

    /// Whether all bits of each lane of a value are the same, as comparisons have it.
    fn gives_whole_lanes(&self, value: Value) -> bool {
        let inst = self.func.inst(value);
        if inst.op != Op::Simd {
            return false;
        }
        let op = SimdOp::from_aux(inst.aux) as u16;
        (SimdOp::I8x16Eq as u16..=SimdOp::F64x2Ge as u16).contains(&op)
    }

    pub(super) fn negate(&mut self, op: VecOp, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let zeros = self.zeros();
        self.step_to(op, dst, zeros, a);
    }

    pub(super) fn abs64(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let high = self.pick(Pshufd, a, UPPER_HALVES);
        let sign = self.slide(PsradImm, high, 31);
        let flipped = self.step(Pxor, a, sign);
        self.step_to(Psubq, dst, flipped, sign);
    }

    /// Both halves of each byte are looked up.
    pub(super) fn bit_counts(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let low = self.pool(Pand, a, Constant::Splat8(15));
        let high = self.slide(PsrlwImm, a, 4);
        let high = self.pool(Pand, high, Constant::Splat8(15));
        let table = self.fixed(Constant::BitCounts);
        let low = self.step(Pshufb, table, low);
        let table = self.again(Constant::BitCounts, table);
        let high = self.step(Pshufb, table, high);
        self.step_to(Paddb, dst, high, low);
    }

    pub(super) fn not_equal(&mut self, lanes: Lanes, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let equal = self.step(lanes.equal(), a, b);
        self.invert_to(dst, equal);
    }

    /// Whether `a` is the extreme one of both: what is compared the other way round, or without sign.
    pub(super) fn is_extreme(
        &mut self,
        extreme: VecOp,
        lanes: Lanes,
        value: Value,
        a: Value,
        b: Value,
        inverted: bool,
    ) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let found = self.step(extreme, b, a);
        if inverted {
            let equal = self.step(lanes.equal(), found, a);
            self.invert_to(dst, equal);
        } else {
            self.step_to(lanes.equal(), dst, found, a);
        }
    }

    pub(super) fn greater64(&mut self, value: Value, a: Value, b: Value, inverted: bool) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let to = if inverted { self.new_wide() } else { dst };
        if self.settings.features.sse42 {
            self.step_to(Pcmpgtq, to, a, b);
        } else {
            // The upper halves decide; if they are equal, the borrow of the lower ones.
            let less = self.step(Psubq, b, a);
            let equal = self.step(Pcmpeqd, a, b);
            let borrow = self.step(Pand, less, equal);
            let greater = self.step(Pcmpgtd, a, b);
            let upper = self.step(Por, borrow, greater);
            self.pick_to(Pshufd, to, upper, UPPER_HALVES);
        }
        if inverted {
            self.invert_to(dst, to);
        }
    }

    // Shifts.

    /// The count of a shift: a constant below the number of a lane's bits, or one in a vector register.
    fn count_of(&mut self, lanes: Lanes, count: Value) -> Result<u32, VReg> {
        match self.func.constant(count) {
            Some(count) => Ok(count as u32 % lanes.bits()),
            None => Err(self.variable_count(lanes, count, 0)),
        }
    }

    /// A count in a vector register, and something added to it.
    fn variable_count(&mut self, lanes: Lanes, count: Value, plus: i32) -> VReg {
        let src = self.reg_low(count);
        let mut masked = self.new_int();
        let mask = Inst::AluImm(AluOp::And, Size::B32, lanes.bits() as i32 - 1);
        self.push(mask, Ops::new().with(def_reuse(masked, 1)).with(used(src)));
        if plus != 0 {
            let sum = self.new_int();
            self.push(Inst::AddImm(Size::B32, plus), Ops::new().with(def(sum)).with(used(masked)));
            masked = sum;
        }
        let dst = self.new_wide();
        self.push(Inst::IntToVec(Size::B32), Ops::new().with(def(dst)).with(used(masked)));
        dst
    }

    pub(super) fn shift_lanes(
        &mut self,
        lanes: Lanes,
        by_imm: VecOp,
        by_reg: VecOp,
        value: Value,
        a: Value,
        count: Value,
    ) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        match self.count_of(lanes, count) {
            Ok(0) => self.copy_to(dst, a),
            Ok(count) => self.slide_to(by_imm, dst, a, count),
            Err(count) => self.step_to(by_reg, dst, a, count),
        }
    }

    /// In each byte as many low bits as a shift leaves.
    fn kept_bits(&mut self, count: VReg) -> VReg {
        let ones = self.ones();
        let words = self.step(Psrlw, ones, count);
        let bytes = self.slide(PsrlwImm, words, 8);
        self.step(Packuswb, bytes, bytes)
    }

    pub(super) fn shl8(&mut self, value: Value, a: Value, count: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        match self.count_of(Lanes::B8, count) {
            Ok(0) => self.copy_to(dst, a),
            Ok(1) => self.step_to(Paddb, dst, a, a),
            Ok(count) => {
                let words = self.slide(PsllwImm, a, count);
                self.pool_to(Pand, dst, words, Constant::Splat8(u8::MAX << count));
            }
            Err(count) => {
                let kept = self.kept_bits(count);
                let kept = self.step(Pand, kept, a);
                self.step_to(Psllw, dst, kept, count);
            }
        }
    }

    pub(super) fn shr_u8(&mut self, value: Value, a: Value, count: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        match self.count_of(Lanes::B8, count) {
            Ok(0) => self.copy_to(dst, a),
            Ok(count) => {
                let words = self.slide(PsrlwImm, a, count);
                self.pool_to(Pand, dst, words, Constant::Splat8(u8::MAX >> count));
            }
            Err(count) => {
                let kept = self.kept_bits(count);
                let words = self.step(Psrlw, a, count);
                self.step_to(Pand, dst, words, kept);
            }
        }
    }

    pub(super) fn shr_s8(&mut self, value: Value, a: Value, count: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        if let Some(count) = self.func.constant(count) {
            match count as u32 % 8 {
                0 => self.copy_to(dst, a),
                7 => {
                    let zeros = self.zeros();
                    self.step_to(Pcmpgtb, dst, zeros, a);
                }
                count => {
                    // What was the sign bit is extended by hand.
                    let sign = Constant::Splat8(0x80 >> count);
                    let words = self.slide(PsrlwImm, a, count);
                    let bytes = self.pool(Pand, words, Constant::Splat8(u8::MAX >> count));
                    let flipped = self.pool(Pxor, bytes, sign);
                    self.pool_to(Psubb, dst, flipped, sign);
                }
            }
            return;
        }
        // Each byte in the upper half of a word.
        let count = self.variable_count(Lanes::B8, count, 8);
        let low = self.step(Punpcklbw, a, a);
        let low = self.step(Psraw, low, count);
        let high = self.step(Punpckhbw, a, a);
        let high = self.step(Psraw, high, count);
        self.step_to(Packsswb, dst, low, high);
    }

    pub(super) fn shr_s64(&mut self, value: Value, a: Value, count: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        // The upper halves are those of a shift of 32 bits.
        let upper = 0b1100_1100;
        match self.count_of(Lanes::B64, count) {
            Ok(0) => self.copy_to(dst, a),
            Ok(count @ 1..=31) => {
                let low = self.slide(PsrlqImm, a, count);
                let high = self.slide(PsradImm, a, count);
                self.mix_to(Pblendw, dst, low, high, upper);
            }
            Ok(63) => {
                let sign = self.slide(PsradImm, a, 31);
                self.pick_to(Pshufd, dst, sign, UPPER_HALVES);
            }
            Ok(count) => {
                let sign = self.slide(PsradImm, a, 31);
                let shifted = if count == 32 { a } else { self.slide(PsradImm, a, count - 32) };
                let low = self.pick(Pshufd, shifted, UPPER_HALVES);
                self.mix_to(Pblendw, dst, low, sign, upper);
            }
            Err(count) => {
                let sign = self.fixed(Constant::Splat64High(1 << 31));
                let sign = self.step(Psrlq, sign, count);
                let shifted = self.step(Psrlq, a, count);
                let flipped = self.step(Pxor, shifted, sign);
                self.step_to(Psubq, dst, flipped, sign);
            }
        }
    }

    // Products and sums of two widths.

    pub(super) fn mul64(&mut self, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let high_a = self.slide(PsrlqImm, a, 32);
        let first = self.step(Pmuludq, high_a, b);
        let high_b = self.slide(PsrlqImm, b, 32);
        let second = self.step(Pmuludq, high_b, a);
        let crossed = self.step(Paddq, first, second);
        let crossed = self.slide(PsllqImm, crossed, 32);
        let low = self.step(Pmuludq, a, b);
        self.step_to(Paddq, dst, low, crossed);
    }

    pub(super) fn q15mulr(&mut self, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let product = self.step(Pmulhrsw, a, b);
        // The one product that does not fit.
        let wrapped = self.pool(Pcmpeqw, product, Constant::Splat16(0x8000));
        self.step_to(Pxor, dst, wrapped, product);
    }

    pub(super) fn extend_high(&mut self, lanes: Lanes, sign: Sign, value: Value, a: Value) {
        let dst = self.reg_of(value);
        let a = self.reg(a);
        self.extend_high_to(lanes, sign, dst, a);
    }

    fn extend_high_to(&mut self, lanes: Lanes, sign: Sign, dst: VReg, a: VReg) {
        match sign {
            Sign::Signed => {
                let high = self.pick(Pshufd, a, 0xee);
                self.one_to(lanes.pick([Pmovsxbw, Pmovsxwd, Pmovsxdq, Pmovsxdq]), dst, high);
            }
            Sign::Unsigned => {
                let zeros = self.zeros();
                self.step_to(lanes.pick([Punpckhbw, Punpckhwd, Punpckhdq, Punpckhdq]), dst, a, zeros);
            }
        }
    }

    fn extend8(&mut self, sign: Sign, half: Half, a: VReg) -> VReg {
        match (sign, half) {
            (Sign::Signed, Half::Low) => self.one(Pmovsxbw, a),
            (Sign::Unsigned, Half::Low) => self.one(Pmovzxbw, a),
            (_, Half::High) => {
                let dst = self.new_wide();
                self.extend_high_to(Lanes::B8, sign, dst, a);
                dst
            }
        }
    }

    pub(super) fn extmul8(&mut self, sign: Sign, half: Half, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let a = self.extend8(sign, half, a);
        let b = self.extend8(sign, half, b);
        self.step_to(Pmullw, dst, a, b);
    }

    pub(super) fn extmul16(&mut self, sign: Sign, half: Half, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let low = self.step(Pmullw, a, b);
        let high = self.step(if sign == Sign::Signed { Pmulhw } else { Pmulhuw }, a, b);
        self.step_to(if half == Half::Low { Punpcklwd } else { Punpckhwd }, dst, low, high);
    }

    pub(super) fn extmul32(&mut self, sign: Sign, half: Half, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let lanes = if half == Half::Low { 0b01_01_00_00 } else { 0b11_11_10_10 };
        let a = self.pick(Pshufd, a, lanes);
        let b = self.pick(Pshufd, b, lanes);
        self.step_to(if sign == Sign::Signed { Pmuldq } else { Pmuludq }, dst, a, b);
    }

    pub(super) fn add_pairs8(&mut self, sign: Sign, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        // The machine takes the first operand without sign, the second with.
        let one = Constant::Splat8(1);
        if sign == Sign::Unsigned {
            self.pool_to(Pmaddubsw, dst, a, one);
        } else {
            let one = self.fixed(one);
            self.step_to(Pmaddubsw, dst, one, a);
        }
    }

    pub(super) fn add_pairs16(&mut self, sign: Sign, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let one = Constant::Splat16(1);
        if sign == Sign::Signed {
            self.pool_to(Pmaddwd, dst, a, one);
        } else {
            // 2^15 is taken from each lane first, and added to the sums twice.
            let biased = self.pool(Pxor, a, Constant::Splat16(0x8000));
            let sums = self.pool(Pmaddwd, biased, one);
            self.pool_to(Paddd, dst, sums, Constant::Splat32(0x1_0000));
        }
    }

    /// Sums of two products of signed bytes. A byte in the upper half of a word stands for 256 times itself, so
    /// that the upper half of the words' product is that of the bytes.
    pub(super) fn dot8(&mut self, dst: VReg, a: Value, b: Value) {
        let (a, b) = (self.reg(a), self.reg(b));
        let low_a = self.slide(PsllwImm, a, 8);
        let low_b = self.slide(PsllwImm, b, 8);
        let low = self.step(Pmulhw, low_a, low_b);
        let high_a = self.pool(Pand, a, Constant::Splat16(0xff00));
        let high_b = self.pool(Pand, b, Constant::Splat16(0xff00));
        let high = self.step(Pmulhw, high_a, high_b);
        self.step_to(Paddsw, dst, low, high);
    }

    pub(super) fn dot8_add(&mut self, value: Value, a: Value, b: Value, c: Value) {
        let dst = self.reg_of(value);
        let pairs = self.new_wide();
        let c = self.reg(c);
        self.dot8(pairs, a, b);
        let sums = self.pool(Pmaddwd, pairs, Constant::Splat16(1));
        self.step_to(Paddd, dst, sums, c);
    }
}

/// Of `pshufd`: the upper half of each 64-bit lane, twice.
const UPPER_HALVES: u8 = 0b11_11_01_01;
