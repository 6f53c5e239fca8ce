//! Integers in lanes.

use super::*;
use crate::a64::asm::{LogicImm, LogicOp};
use crate::a64::inst::{LogicRhs, Rhs};

/// What an addition can do beside: its operand that is not added as it is.
#[derive(Clone, Copy)]
enum Fold {
    /// A product of lanes of the sum's width, or of half of it: the instruction, the arrangement of what is multiplied.
    Product(VecOp, Arr, Value, Value),
    /// Sums of pairs.
    Pairs(VecOp, Arr, Value),
    /// A shift right.
    Shift(VecOp, Value, u32),
    /// Lanes of half the width.
    Wide(VecOp, Arr, Value),
}

impl Lower<'_> {
    pub(super) fn compare_lanes(&mut self, compare: Compare, arr: Arr, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        self.compare_to(compare, arr, dst, a, b);
    }

    pub(super) fn compare_to(&mut self, compare: Compare, arr: Arr, dst: VReg, a: Value, b: Value) {
        let [both, with_zero, of_zero] = compare;
        if self.is_zero(b) {
            let a = self.reg(a);
            self.step2_to(with_zero, arr, dst, a);
        } else if self.is_zero(a) {
            let b = self.reg(b);
            self.step2_to(of_zero, arr, dst, b);
        } else {
            let (a, b) = (self.reg(a), self.reg(b));
            self.step3_to(both, arr, dst, a, b);
        }
    }

    pub(super) fn not_equal(&mut self, arr: Arr, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (zero_a, zero_b) = (self.is_zero(a), self.is_zero(b));
        if zero_a || zero_b {
            // Whether a bit is set in both.
            let a = self.reg(if zero_b { a } else { b });
            self.step3_to(V::Cmtst, arr, dst, a, a);
            return;
        }
        let (a, b) = (self.reg(a), self.reg(b));
        let equal = self.step3(V::Cmeq, arr, a, b);
        self.step2_to(V::Not, Arr::B16, dst, equal);
    }

    /// Bits of `a` where `c` has ones, else of `b`: which of them is changed depends on which is needed later.
    pub(super) fn bitselect(&mut self, value: Value, a: Value, b: Value, c: Value) {
        // Of zeros, or ones, it is less.
        let (bits_a, bits_b) = (self.vector_bits(a), self.vector_bits(b));
        match (bits_a, bits_b) {
            (_, Some(0)) => return self.vec3(V::And, Arr::B16, value, a, c),
            (_, Some(u128::MAX)) => return self.vec3(V::Orn, Arr::B16, value, a, c),
            (Some(0), _) => return self.vec3(V::Bic, Arr::B16, value, b, c),
            (Some(u128::MAX), _) => return self.vec3(V::Orr, Arr::B16, value, b, c),
            _ => {}
        }
        let dst = self.reg_of(value);
        let dies = |lower: &Self, value: Value| {
            lower.is_single_use(value) && lower.func.inst(value).op != Op::ConstVector
        };
        // A mask that is made for it is in a register of its own.
        let change_c = dies(self, c) && self.func.inst(c).op == Op::Simd;
        let (change_a, change_b) = (dies(self, a), dies(self, b));
        let (a, b, c) = (self.reg(a), self.reg(b), self.reg(c));
        if !change_c && change_a {
            self.change3_to(V::Bif, Arr::B16, dst, a, b, c);
        } else if !change_c && change_b {
            self.change3_to(V::Bit, Arr::B16, dst, b, a, c);
        } else {
            self.change3_to(V::Bsl, Arr::B16, dst, c, a, b);
        }
    }

    /// Logic. Of two shifts of one vector it is a rotation; a complement may be part of it.
    pub(super) fn logic_lanes(&mut self, op: VecOp, value: Value, a: Value, b: Value) {
        if op != V::And && (self.rotation(value, a, b) || self.rotation(value, b, a)) {
            return;
        }
        if op == V::Orr
            && let Some((op, arr, a, b)) = self.difference(a, b)
        {
            return self.vec3(op, arr, value, a, b);
        }
        let complementing = match op {
            V::And => Some(V::Bic),
            V::Orr => Some(V::Orn),
            _ => None,
        };
        for (a, b) in [(a, b), (b, a)] {
            if let (Some(op), Some((SimdOp::V128Not, not))) = (complementing, self.folded(b)) {
                return self.vec3(op, Arr::B16, value, a, Value(not.a));
            }
        }
        self.vec3(op, Arr::B16, value, a, b);
    }

    /// Two differences, each the other way round, of which one is always 0: their distance.
    fn difference(&self, a: Value, b: Value) -> Option<(VecOp, Arr, Value, Value)> {
        let ((op, one), (other_op, other)) = (self.folded(a)?, self.folded(b)?);
        let arr = match op {
            SimdOp::I8x16SubSatU => Arr::B16,
            SimdOp::I16x8SubSatU => Arr::H8,
            _ => return None,
        };
        let same = op == other_op && (one.a, one.b) == (other.b, other.a);
        same.then_some((V::Uabd, arr, Value(one.a), Value(one.b)))
    }

    /// The greater less the smaller of two numbers: their distance.
    fn distance(&self, arr: Arr, a: Value, b: Value) -> Option<(VecOp, Value, Value)> {
        use Arr::*;
        let ((max, one), (min, other)) = (self.folded(a)?, self.folded(b)?);
        let op = match (max, min, arr) {
            (SimdOp::I8x16MaxU, SimdOp::I8x16MinU, B16)
            | (SimdOp::I16x8MaxU, SimdOp::I16x8MinU, H8)
            | (SimdOp::I32x4MaxU, SimdOp::I32x4MinU, S4) => V::Uabd,
            (SimdOp::I8x16MaxS, SimdOp::I8x16MinS, B16)
            | (SimdOp::I16x8MaxS, SimdOp::I16x8MinS, H8)
            | (SimdOp::I32x4MaxS, SimdOp::I32x4MinS, S4) => V::Sabd,
            _ => return None,
        };
        let same = (one.a, one.b) == (other.a, other.b) || (one.a, one.b) == (other.b, other.a);
        same.then_some((op, Value(one.a), Value(one.b)))
    }

    /// `left` is a shift left, `right` a shift right of as many bits as it left zeros: one goes into the other.
    fn rotation(&mut self, value: Value, left: Value, right: Value) -> bool {
        let (Some((left_op, left)), Some((right_op, right))) = (self.folded(left), self.folded(right)) else {
            return false;
        };
        let arr = match (left_op, right_op) {
            (SimdOp::I8x16Shl, SimdOp::I8x16ShrU) => Arr::B16,
            (SimdOp::I16x8Shl, SimdOp::I16x8ShrU) => Arr::H8,
            (SimdOp::I32x4Shl, SimdOp::I32x4ShrU) => Arr::S4,
            (SimdOp::I64x2Shl, SimdOp::I64x2ShrU) => Arr::D2,
            _ => return false,
        };
        let bits = arr.lane_bits();
        let (Some(up), Some(down)) = (self.lane_count(arr, left.b), self.lane_count(arr, right.b)) else {
            return false;
        };
        if up == 0 || up + down != bits {
            return false;
        }
        let dst = self.reg_of(value);
        let (high, low) = (self.reg(Value(left.a)), self.reg(Value(right.a)));
        if left.a == right.a && 2 * up == bits {
            // Halves change places.
            let (op, arr) = match arr {
                Arr::H8 => (V::Rev16, Arr::B16),
                Arr::S4 => (V::Rev32, Arr::H8),
                Arr::D2 => (V::Rev64, Arr::S4),
                _ => {
                    let low = self.slide(V::UshrImm, arr, low, down);
                    return self.insert_above(arr, dst, low, high, up);
                }
            };
            self.step2_to(op, arr, dst, low);
            return true;
        }
        let low = self.slide(V::UshrImm, arr, low, down);
        self.insert_above(arr, dst, low, high, up)
    }

    fn insert_above(&mut self, arr: Arr, dst: VReg, low: VReg, high: VReg, up: u32) -> bool {
        self.change_slide_to(V::SliImm, arr, dst, low, high, up);
        true
    }

    // Shifts.

    /// A constant count, less than the bits of a lane.
    fn lane_count(&self, arr: Arr, count: u32) -> Option<u32> {
        self.func.constant(Value(count)).map(|count| count as u32 % arr.lane_bits())
    }

    /// The count in all lanes; negative for a shift right.
    fn lane_counts(&mut self, arr: Arr, count: Value, right: bool) -> VReg {
        let src = self.reg_low(count);
        let masked = self.new_int();
        let mask = LogicImm::new(Size::B32, u64::from(arr.lane_bits() - 1));
        let mask = mask.unwrap_or_else(|| unreachable!("a run of ones"));
        self.push1(Inst::Logic(LogicOp::And, Size::B32, LogicRhs::Imm(mask)), masked, src);
        let count = match right {
            false => masked,
            true => {
                let negative = self.new_int();
                self.push1(Inst::Neg(Size::B32, Rhs::Reg), negative, masked);
                negative
            }
        };
        let counts = self.new_wide();
        self.other2_to(SimdInst::DupInt(arr), counts, count);
        counts
    }

    pub(super) fn shift_left(&mut self, arr: Arr, value: Value, a: Value, count: Value) {
        let dst = self.reg_of(value);
        match self.lane_count(arr, count.0) {
            Some(0) => {
                let a = self.reg(a);
                self.copy_to(dst, a);
            }
            Some(count) => {
                if let Some((op, narrow, src)) =
                    self.extension(arr, a).filter(|found| count < found.1.lane_bits())
                {
                    // An extension that shifts.
                    let src = self.reg(src);
                    return self.slide_to(op, narrow, dst, src, count);
                }
                let a = self.reg(a);
                self.slide_to(V::ShlImm, arr, dst, a, count);
            }
            None => {
                let counts = self.lane_counts(arr, count, false);
                let a = self.reg(a);
                self.step3_to(V::Ushl, arr, dst, a, counts);
            }
        }
    }

    pub(super) fn shift_right(
        &mut self,
        by_constant: VecOp,
        by_lanes: VecOp,
        arr: Arr,
        value: Value,
        a: Value,
        count: Value,
    ) {
        let dst = self.reg_of(value);
        match self.lane_count(arr, count.0) {
            Some(0) => {
                let a = self.reg(a);
                self.copy_to(dst, a);
            }
            Some(count) => {
                let a = self.reg(a);
                self.slide_to(by_constant, arr, dst, a, count);
            }
            None => {
                let counts = self.lane_counts(arr, count, true);
                let a = self.reg(a);
                self.step3_to(by_lanes, arr, dst, a, counts);
            }
        }
    }

    // Sums.

    pub(super) fn add_lanes(&mut self, arr: Arr, value: Value, a: Value, b: Value) {
        for (sum, other) in [(a, b), (b, a)] {
            let Some(fold) = self.fold(arr, other) else { continue };
            let dst = self.reg_of(value);
            match fold {
                Fold::Product(op, arr, x, y) => {
                    let (sum, x, y) = (self.reg(sum), self.reg(x), self.reg(y));
                    self.change3_to(op, arr, dst, sum, x, y);
                }
                Fold::Pairs(op, arr, x) => {
                    let (sum, x) = (self.reg(sum), self.reg(x));
                    self.change2_to(op, arr, dst, sum, x);
                }
                Fold::Shift(op, x, count) => {
                    let (sum, x) = (self.reg(sum), self.reg(x));
                    self.change_slide_to(op, arr, dst, sum, x, count);
                }
                Fold::Wide(op, narrow, x) => {
                    // Both may be of half the width.
                    let wide = if op == V::Saddw { V::SshllImm } else { V::UshllImm };
                    let (sum_op, sum, x) = match self.extension(arr, sum) {
                        Some((extend, of, y)) if extend == wide && of == narrow => {
                            let long = if op == V::Saddw { V::Saddl } else { V::Uaddl };
                            (long, self.reg(y), self.reg(x))
                        }
                        _ => (op, self.reg(sum), self.reg(x)),
                    };
                    self.step3_to(sum_op, narrow, dst, sum, x);
                }
            }
            return;
        }
        self.vec3(V::Add, arr, value, a, b);
    }

    pub(super) fn sub_lanes(&mut self, arr: Arr, value: Value, a: Value, b: Value) {
        if let Some((op, a, b)) = self.distance(arr, a, b) {
            return self.vec3(op, arr, value, a, b);
        }
        let dst = self.reg_of(value);
        match self.fold(arr, b) {
            Some(Fold::Product(op, narrow, x, y)) => {
                let op = match op {
                    V::Mla => V::Mls,
                    V::Smlal => V::Smlsl,
                    _ => V::Umlsl,
                };
                let (a, x, y) = (self.reg(a), self.reg(x), self.reg(y));
                self.change3_to(op, narrow, dst, a, x, y);
            }
            Some(Fold::Wide(op, narrow, x)) => {
                let signed = op == V::Saddw;
                let wide = if signed { V::SshllImm } else { V::UshllImm };
                let (op, a, x) = match self.extension(arr, a) {
                    Some((extend, of, y)) if extend == wide && of == narrow => {
                        (if signed { V::Ssubl } else { V::Usubl }, self.reg(y), self.reg(x))
                    }
                    _ => (if signed { V::Ssubw } else { V::Usubw }, self.reg(a), self.reg(x)),
                };
                self.step3_to(op, narrow, dst, a, x);
            }
            _ => {
                let (a, b) = (self.reg(a), self.reg(b));
                self.step3_to(V::Sub, arr, dst, a, b);
            }
        }
    }

    /// What an addition of lanes of a width can do for an operand.
    fn fold(&self, arr: Arr, value: Value) -> Option<Fold> {
        use Arr::*;
        let (op, inst) = self.folded(value)?;
        let (a, b) = (Value(inst.a), Value(inst.b));
        if let Some((op, narrow, src)) = self.extension(arr, value) {
            let op = if op == V::SshllImm { V::Saddw } else { V::Uaddw };
            return Some(Fold::Wide(op, narrow, src));
        }
        let shift = |signed: bool| {
            let count = self.lane_count(arr, inst.b)?;
            let op = if signed { V::SsraImm } else { V::UsraImm };
            (count > 0).then_some(Fold::Shift(op, a, count))
        };
        Some(match (op, arr) {
            (SimdOp::I16x8Mul, H8) | (SimdOp::I32x4Mul, S4) => Fold::Product(V::Mla, arr, a, b),
            (SimdOp::I16x8ExtMulLowI8x16S, H8) => Fold::Product(V::Smlal, B8, a, b),
            (SimdOp::I16x8ExtMulLowI8x16U, H8) => Fold::Product(V::Umlal, B8, a, b),
            (SimdOp::I16x8ExtMulHighI8x16S, H8) => Fold::Product(V::Smlal, B16, a, b),
            (SimdOp::I16x8ExtMulHighI8x16U, H8) => Fold::Product(V::Umlal, B16, a, b),
            (SimdOp::I32x4ExtMulLowI16x8S, S4) => Fold::Product(V::Smlal, H4, a, b),
            (SimdOp::I32x4ExtMulLowI16x8U, S4) => Fold::Product(V::Umlal, H4, a, b),
            (SimdOp::I32x4ExtMulHighI16x8S, S4) => Fold::Product(V::Smlal, H8, a, b),
            (SimdOp::I32x4ExtMulHighI16x8U, S4) => Fold::Product(V::Umlal, H8, a, b),
            (SimdOp::I64x2ExtMulLowI32x4S, D2) => Fold::Product(V::Smlal, S2, a, b),
            (SimdOp::I64x2ExtMulLowI32x4U, D2) => Fold::Product(V::Umlal, S2, a, b),
            (SimdOp::I64x2ExtMulHighI32x4S, D2) => Fold::Product(V::Smlal, S4, a, b),
            (SimdOp::I64x2ExtMulHighI32x4U, D2) => Fold::Product(V::Umlal, S4, a, b),
            (SimdOp::I16x8ExtAddPairwiseI8x16S, H8) => Fold::Pairs(V::Sadalp, B16, a),
            (SimdOp::I16x8ExtAddPairwiseI8x16U, H8) => Fold::Pairs(V::Uadalp, B16, a),
            (SimdOp::I32x4ExtAddPairwiseI16x8S, S4) => Fold::Pairs(V::Sadalp, H8, a),
            (SimdOp::I32x4ExtAddPairwiseI16x8U, S4) => Fold::Pairs(V::Uadalp, H8, a),
            (SimdOp::I8x16ShrS, B16)
            | (SimdOp::I16x8ShrS, H8)
            | (SimdOp::I32x4ShrS, S4)
            | (SimdOp::I64x2ShrS, D2) => shift(true)?,
            (SimdOp::I8x16ShrU, B16)
            | (SimdOp::I16x8ShrU, H8)
            | (SimdOp::I32x4ShrU, S4)
            | (SimdOp::I64x2ShrU, D2) => shift(false)?,
            _ => return None,
        })
    }

    /// An extension to lanes of a width that nobody else needs: the instruction, the half, and of what.
    fn extension(&self, to: Arr, value: Value) -> Option<(VecOp, Arr, Value)> {
        use Arr::*;
        let (op, inst) = self.folded(value)?;
        let (extend, half) = match (op, to) {
            (SimdOp::I16x8ExtendLowI8x16S, H8) => (V::SshllImm, B8),
            (SimdOp::I16x8ExtendLowI8x16U, H8) => (V::UshllImm, B8),
            (SimdOp::I16x8ExtendHighI8x16S, H8) => (V::SshllImm, B16),
            (SimdOp::I16x8ExtendHighI8x16U, H8) => (V::UshllImm, B16),
            (SimdOp::I32x4ExtendLowI16x8S, S4) => (V::SshllImm, H4),
            (SimdOp::I32x4ExtendLowI16x8U, S4) => (V::UshllImm, H4),
            (SimdOp::I32x4ExtendHighI16x8S, S4) => (V::SshllImm, H8),
            (SimdOp::I32x4ExtendHighI16x8U, S4) => (V::UshllImm, H8),
            (SimdOp::I64x2ExtendLowI32x4S, D2) => (V::SshllImm, S2),
            (SimdOp::I64x2ExtendLowI32x4U, D2) => (V::UshllImm, S2),
            (SimdOp::I64x2ExtendHighI32x4S, D2) => (V::SshllImm, S4),
            (SimdOp::I64x2ExtendHighI32x4U, D2) => (V::UshllImm, S4),
            _ => return None,
        };
        Some((extend, half, Value(inst.a)))
    }

    pub(super) fn extend_lanes(&mut self, op: VecOp, half: Arr, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        self.slide_to(op, half, dst, a, 0);
    }

    /// Both vectors' lanes, of half the width; the arrangement is that of the first half.
    pub(super) fn narrow(&mut self, op: VecOp, half: Arr, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let low = self.step2(op, half, a);
        self.change2_to(op, half.whole(), dst, low, b);
    }

    // Products.

    /// The crossed products go to the upper half; the product of the lower ones is added.
    pub(super) fn mul64(&mut self, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let exchanged = self.step2(V::Rev64, Arr::S4, b);
        let crossed = self.step3(V::Mul, Arr::S4, exchanged, a);
        let crossed = self.step2(V::Uaddlp, Arr::S4, crossed);
        let crossed = self.slide(V::ShlImm, Arr::D2, crossed, 32);
        let low_a = self.step2(V::Xtn, Arr::S2, a);
        let low_b = self.step2(V::Xtn, Arr::S2, b);
        self.change3_to(V::Umlal, Arr::S2, dst, crossed, low_a, low_b);
    }

    pub(super) fn dot16(&mut self, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let (a, b) = (self.reg(a), self.reg(b));
        let low = self.step3(V::Smull, Arr::H4, a, b);
        let high = self.step3(V::Smull, Arr::H8, a, b);
        self.step3_to(V::Addp, Arr::S4, dst, low, high);
    }

    /// Sums of two products of signed bytes, which saturate: of the one sum that does not fit.
    pub(super) fn dot8_to(&mut self, dst: VReg, a: Value, b: Value) {
        let (a, b) = (self.reg(a), self.reg(b));
        let low = self.step3(V::Smull, Arr::B8, a, b);
        let high = self.step3(V::Smull, Arr::B16, a, b);
        let even = self.step3(V::Uzp1, Arr::H8, low, high);
        let odd = self.step3(V::Uzp2, Arr::H8, low, high);
        self.step3_to(V::Sqadd, Arr::H8, dst, even, odd);
    }

    pub(super) fn dot8_add(&mut self, value: Value, a: Value, b: Value, c: Value) {
        let dst = self.reg_of(value);
        let pairs = self.new_wide();
        let c = self.reg(c);
        self.dot8_to(pairs, a, b);
        self.change2_to(V::Sadalp, Arr::H8, dst, c, pairs);
    }
}
