//! Floats in lanes.

use super::*;

impl Lower<'_> {
    pub(super) fn float_not_equal(&mut self, arr: Arr, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let equal = self.new_wide();
        self.compare_to(FLOAT_EQ, arr, equal, a, b);
        self.step2_to(V::Not, Arr::B16, dst, equal);
    }

    /// A product; one factor may be a scalar for all lanes.
    pub(super) fn float_mul(&mut self, arr: Arr, value: Value, a: Value, b: Value) {
        for (a, b) in [(a, b), (b, a)] {
            if let Some((SimdOp::F32x4Splat | SimdOp::F64x2Splat, splat)) = self.folded(b)
                && self.func.inst(Value(splat.a)).op != Op::Const
            {
                let (dst, a, scalar) = (self.reg_of(value), self.reg(a), self.reg(Value(splat.a)));
                return self.lane_to(V::FmulLane, arr, dst, a, scalar, 0);
            }
        }
        self.vec3(V::Fmul, arr, value, a, b);
    }

    /// `b` where it is less than `a`.
    pub(super) fn pseudo_min(&mut self, arr: Arr, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let less = self.step3(V::Fcmgt, arr, a, b);
        self.change3_to(V::Bsl, Arr::B16, dst, less, b, a);
    }

    /// `b` where it is greater than `a`.
    pub(super) fn pseudo_max(&mut self, arr: Arr, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let greater = self.step3(V::Fcmgt, arr, b, a);
        self.change3_to(V::Bsl, Arr::B16, dst, greater, b, a);
    }

    /// Two roundings, everywhere.
    pub(super) fn multiply_add(&mut self, arr: Arr, value: Value, a: Value, b: Value, c: Value) {
        let dst = self.reg_of(value);
        let (a, b, c) = (self.reg(a), self.reg(b), self.reg(c));
        let product = self.step3(V::Fmul, arr, a, b);
        self.step3_to(V::Fadd, arr, dst, product, c);
    }

    /// The product with the opposite sign, added: a difference.
    pub(super) fn multiply_subtract(&mut self, arr: Arr, value: Value, a: Value, b: Value, c: Value) {
        let dst = self.reg_of(value);
        let (a, b, c) = (self.reg(a), self.reg(b), self.reg(c));
        let product = self.step3(V::Fmul, arr, a, b);
        self.step3_to(V::Fsub, arr, dst, c, product);
    }

    /// To integers of 64 bits, and from there to 32: both saturate.
    pub(super) fn trunc_f64(&mut self, convert: VecOp, narrow: VecOp, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let wide = self.step2(convert, Arr::D2, a);
        self.step2_to(narrow, Arr::S2, dst, wide);
    }

    /// From integers of 32 bits, extended to 64.
    pub(super) fn convert_f64(&mut self, extend: VecOp, convert: VecOp, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let wide = self.slide(extend, Arr::S2, a, 0);
        self.step2_to(convert, Arr::D2, dst, wide);
    }
}
