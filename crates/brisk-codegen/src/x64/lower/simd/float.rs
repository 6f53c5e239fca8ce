//! Floats in lanes.

use super::super::Lower;
use super::*;
use crate::x64::simd::SimdInst;

impl Lower<'_> {
    pub(super) fn compare_lanes(&mut self, op: VecOp, predicate: u8, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        match self.vec_rm(b, 16) {
            RegMem::Reg(b) => {
                let a = self.reg(a);
                self.mix_to(op, dst, a, b, predicate);
            }
            RegMem::Mem(address, ops) => {
                let a = self.reg(a);
                let ops = Ops::new().with(self.vec_def(dst)).with(used(a)).join(ops);
                self.push(Inst::Simd(SimdInst::Imm3Mem(op, predicate, address)), ops);
            }
        }
    }

    pub(super) fn round_lanes(&mut self, op: VecOp, mode: u8, value: Value, a: Value) {
        let dst = self.reg_of(value);
        // 8: no exception for an inexact result.
        match self.vec_rm(a, 16) {
            RegMem::Reg(a) => self.pick_to(op, dst, a, mode | 8),
            RegMem::Mem(address, ops) => {
                let inst = SimdInst::Imm2Mem(op, mode | 8, address);
                self.push(Inst::Simd(inst), Ops::new().with(def(dst)).join(ops));
            }
        }
    }

    /// The machine's minimum gives the second operand where one is a NaN, or both are zeros: both orders are
    /// joined. All bits but sign, exponent and the first one behind it are then cleared in NaNs.
    pub(super) fn float_min(&mut self, lanes: Lanes, value: Value, a: Value, b: Value) {
        let single = lanes == Lanes::B32;
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let min = if single { Minps } else { Minpd };
        let first = self.step(min, a, b);
        let second = self.step(min, b, a);
        // Zeros of both signs: the negative one.
        let joined = self.step(Orps, first, second);
        let nan = self.mix(if single { Cmpps } else { Cmppd }, second, joined, UNORDERED);
        // Quiet, now.
        let quiet = self.step(Orps, joined, nan);
        self.clear_payload(single, dst, nan, quiet);
    }

    /// As above; zeros of both signs add up to the positive one.
    pub(super) fn float_max(&mut self, lanes: Lanes, value: Value, a: Value, b: Value) {
        let single = lanes == Lanes::B32;
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let max = if single { Maxps } else { Maxpd };
        let first = self.step(max, a, b);
        let second = self.step(max, b, a);
        let differing = self.step(Xorps, first, second);
        let joined = self.step(Orps, second, differing);
        let nan = self.mix(if single { Cmpps } else { Cmppd }, differing, joined, UNORDERED);
        let difference = self.step(if single { Subps } else { Subpd }, joined, differing);
        self.clear_payload(single, dst, nan, difference);
    }

    /// Clears the payload of NaNs, given where they are.
    fn clear_payload(&mut self, single: bool, dst: VReg, nan: VReg, of: VReg) {
        let payload = if single { self.slide(PsrldImm, nan, 10) } else { self.slide(PsrlqImm, nan, 13) };
        self.step_to(Andnps, dst, payload, of);
    }

    /// Two roundings, everywhere.
    pub(super) fn multiply_add(
        &mut self,
        mul: VecOp,
        add: VecOp,
        value: Value,
        a: Value,
        b: Value,
        c: Value,
    ) {
        let dst = self.reg_of(value);
        let (a, b, c) = (self.reg(a), self.reg(b), self.reg(c));
        let product = self.step(mul, a, b);
        self.step_to(add, dst, product, c);
    }

    /// The product with the opposite sign, added: a difference.
    pub(super) fn multiply_subtract(
        &mut self,
        mul: VecOp,
        sub: VecOp,
        value: Value,
        a: Value,
        b: Value,
        c: Value,
    ) {
        let dst = self.reg_of(value);
        let (a, b, c) = (self.reg(a), self.reg(b), self.reg(c));
        let product = self.step(mul, a, b);
        self.step_to(sub, dst, c, product);
    }

    // Conversions. What the machine cannot convert to 32 bits becomes the smallest integer.

    pub(super) fn trunc_f32_s(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let ordered = self.mix(Cmpps, a, a, EQUAL);
        let number = self.step(Andps, ordered, a);
        let integer = self.one(Cvttps2dq, number);
        // Too large: the largest integer is the smallest one's complement.
        let limit = self.fixed(Constant::Splat32(TWO_31_F32));
        let large = self.mix(Cmpps, limit, a, LESS_EQUAL);
        self.step_to(Pxor, dst, large, integer);
    }

    pub(super) fn trunc_f32_u(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let zeros = self.zeros();
        // NaNs become 0, too.
        let number = self.step(Maxps, a, zeros);
        // What lies above 2^31, and below it; what lies above 2^32 becomes 2^31 - 1 and 2^31.
        let above = self.pool(Subps, number, Constant::Splat32(TWO_31_F32));
        let limit = self.fixed(Constant::Splat32(TWO_31_F32));
        let large = self.mix(Cmpps, limit, above, LESS_EQUAL);
        let above = self.one(Cvttps2dq, above);
        let above = self.step(Pxor, above, large);
        let above = self.step(Pmaxsd, above, zeros);
        let below = self.one(Cvttps2dq, number);
        self.step_to(Paddd, dst, above, below);
    }

    pub(super) fn trunc_f64_s(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let ordered = self.mix(Cmppd, a, a, EQUAL);
        // 0 for a NaN, which then is the minimum: the second operand.
        let limit = self.pool(Andpd, ordered, Constant::MaxI32);
        let number = self.step(Minpd, a, limit);
        self.one_to(Cvttpd2dq, dst, number);
    }

    /// The integer stands in the low bits of its sum with 2^52.
    pub(super) fn trunc_f64_u(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let zeros = self.zeros();
        let number = self.step(Maxpd, a, zeros);
        let number = self.pool(Minpd, number, Constant::MaxU32);
        let number = self.pick(Roundpd, number, 3 | 8);
        let sum = self.pool(Addpd, number, Constant::Splat64High(TWO_52_HIGH));
        self.mix_to(Shufps, dst, sum, zeros, 0b10_00_10_00);
    }

    /// Both halves of each lane are converted exactly; their sum is rounded.
    pub(super) fn convert_f32_u(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let zeros = self.zeros();
        let low = self.mix(Pblendw, zeros, a, 0b0101_0101);
        let low = self.one(Cvtdq2ps, low);
        let high = self.slide(PsrldImm, a, 16);
        let high = self.one(Cvtdq2ps, high);
        let high = self.pool(Mulps, high, Constant::Splat32(65_536_f32.to_bits()));
        self.step_to(Addps, dst, high, low);
    }

    /// An integer as the low half of a float is that much above 2^52.
    pub(super) fn convert_f64_u(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let sums = self.pool(Punpckldq, a, Constant::Splat32(TWO_52_HIGH));
        self.pool_to(Subpd, dst, sums, Constant::Splat64High(TWO_52_HIGH));
    }
}

/// 2^31 as an f32.
const TWO_31_F32: u32 = 2_147_483_648_f32.to_bits();
/// The upper half of 2^52 as an f64.
const TWO_52_HIGH: u32 = 0x4330_0000;
