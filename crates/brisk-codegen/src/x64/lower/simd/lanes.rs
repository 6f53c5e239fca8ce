//! Lanes from and to scalars, and tests of all lanes.

use super::super::Lower;
use super::*;
use crate::x64::asm::{Cond, Size};
use crate::x64::inst::{Flags, LoadKind};
use crate::x64::simd::SimdInst;

impl Lower<'_> {
    /// The flags that say whether a value is not 0, if it is a test of lanes that nobody else needs.
    pub(in super::super) fn vector_condition(&mut self, value: Value) -> Option<Flags> {
        let inst = *self.func.inst(value);
        if inst.op != Op::Simd || self.wanted(value) {
            return None;
        }
        let op = SimdOp::from_aux(inst.aux);
        op.tests_lanes().then(|| self.vector_test(op, Value(inst.a)))
    }

    /// The flags that say whether a test of lanes holds.
    pub(super) fn vector_test(&mut self, op: SimdOp, a: Value) -> Flags {
        let a = self.reg(a);
        let lanes = match op {
            SimdOp::I8x16AllTrue => Lanes::B8,
            SimdOp::I16x8AllTrue => Lanes::B16,
            SimdOp::I32x4AllTrue => Lanes::B32,
            SimdOp::I64x2AllTrue => Lanes::B64,
            _ => {
                self.test_bits(a, a);
                return Flags::Is(Cond::Ne);
            }
        };
        let zeros = self.zeros();
        let is_zero = self.step(lanes.equal(), zeros, a);
        self.test_bits(is_zero, is_zero);
        Flags::Is(Cond::E)
    }

    pub(super) fn bitmask(&mut self, op: VecOp, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        self.push(Inst::Simd(SimdInst::Mask(op)), Ops::new().with(def(dst)).with(used(a)));
    }

    pub(super) fn bitmask16(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let zeros = self.zeros();
        let bytes = self.step(Packsswb, a, zeros);
        self.push(Inst::Simd(SimdInst::Mask(Pmovmskb)), Ops::new().with(def(dst)).with(used(bytes)));
    }

    /// A load of so many bytes, by an instruction that copies it to all lanes.
    fn load_splat(&mut self, op: VecOp, value: Value, a: Value, bytes: u32) -> bool {
        let Some((address, ops)) = self.sink_load(a, bytes) else { return false };
        let dst = self.reg_of(value);
        self.push(Inst::VecUnaryMem(op, address), Ops::new().with(def(dst)).join(ops));
        true
    }

    pub(super) fn splat8(&mut self, value: Value, a: Value) {
        let avx2 = self.settings.features.avx2;
        if avx2 && self.load_splat(Pbroadcastb, value, a, 1) {
            return;
        }
        let dst = self.reg_of(value);
        let low = self.low_lane(Size::B32, a);
        if avx2 {
            self.one_to(Pbroadcastb, dst, low);
        } else {
            let zeros = self.zeros();
            self.step_to(Pshufb, dst, low, zeros);
        }
    }

    pub(super) fn splat16(&mut self, value: Value, a: Value) {
        let avx2 = self.settings.features.avx2;
        if avx2 && self.load_splat(Pbroadcastw, value, a, 2) {
            return;
        }
        let dst = self.reg_of(value);
        let low = self.low_lane(Size::B32, a);
        if avx2 {
            self.one_to(Pbroadcastw, dst, low);
        } else {
            let pair = self.pick(Pshuflw, low, 0);
            self.pick_to(Pshufd, dst, pair, 0);
        }
    }

    pub(super) fn splat32(&mut self, value: Value, a: Value) {
        if self.settings.features.avx && self.load_splat(Broadcastss, value, a, 4) {
            return;
        }
        let dst = self.reg_of(value);
        let low = self.low_lane(Size::B32, a);
        if self.settings.features.avx2 {
            self.one_to(Pbroadcastd, dst, low);
        } else {
            self.pick_to(Pshufd, dst, low, 0);
        }
    }

    pub(super) fn splat64(&mut self, value: Value, a: Value) {
        if self.load_splat(Movddup, value, a, 8) {
            return;
        }
        let dst = self.reg_of(value);
        let low = self.low_lane(Size::B64, a);
        if self.settings.features.avx2 {
            self.one_to(Pbroadcastq, dst, low);
        } else {
            self.step_to(Punpcklqdq, dst, low, low);
        }
    }

    pub(super) fn splat_f32(&mut self, value: Value, a: Value) {
        if self.settings.features.avx && self.load_splat(Broadcastss, value, a, 4) {
            return;
        }
        let (dst, a) = (self.reg_of(value), self.reg(a));
        self.mix_to(Shufps, dst, a, a, 0);
    }

    pub(super) fn splat_f64(&mut self, value: Value, a: Value) {
        if self.load_splat(Movddup, value, a, 8) {
            return;
        }
        let (dst, a) = (self.reg_of(value), self.reg(a));
        self.one_to(Movddup, dst, a);
    }

    pub(super) fn extract_small(&mut self, lanes: Lanes, sign: Sign, value: Value, a: Value, lane: u32) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let op = if lanes == Lanes::B8 { Pextrb } else { Pextrw };
        let extract = Inst::Simd(SimdInst::Extract(op, lane as u8));
        if sign == Sign::Unsigned {
            self.push(extract, Ops::new().with(def(dst)).with(used(a)));
            return;
        }
        let unsigned = self.new_int();
        let (extract, from) = match (lanes, lane) {
            (Lanes::B8, 0) => (Inst::VecToInt(Size::B32), Size::B8),
            (Lanes::B8, _) => (extract, Size::B8),
            (_, 0) => (Inst::VecToInt(Size::B32), Size::B16),
            _ => (extract, Size::B16),
        };
        self.push(extract, Ops::new().with(def(unsigned)).with(used(a)));
        self.push(Inst::Extend(LoadKind::Sign32(from)), Ops::new().with(def(dst)).with(used(unsigned)));
    }

    pub(super) fn extract(&mut self, lanes: Lanes, value: Value, a: Value, lane: u32) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let (op, size) = if lanes == Lanes::B32 { (Pextrd, Size::B32) } else { (Pextrq, Size::B64) };
        let inst = match lane {
            0 => Inst::VecToInt(size),
            lane => Inst::Simd(SimdInst::Extract(op, lane as u8)),
        };
        self.push(inst, Ops::new().with(def(dst)).with(used(a)));
    }

    pub(super) fn extract_float(&mut self, lanes: Lanes, value: Value, a: Value, lane: u32) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        match (lanes, lane) {
            (_, 0) => self.copy_to(dst, a),
            (Lanes::B32, lane) => self.pick_to(Pshufd, dst, a, lane as u8),
            _ => self.pick_to(Pshufd, dst, a, 0b11_10_11_10),
        }
    }

    pub(super) fn replace(&mut self, lanes: Lanes, value: Value, a: Value, b: Value, lane: u32) {
        let dst = self.reg_of(value);
        let op = lanes.pick([Pinsrb, Pinsrw, Pinsrd, Pinsrq]);
        let lane = lane as u8;
        if let Some((address, ops)) = self.sink_load(b, lanes.bits() / 8) {
            let a = self.reg(a);
            let ops = Ops::new().with(self.vec_def(dst)).with(used(a)).join(ops);
            self.push(Inst::Simd(SimdInst::InsertMem(op, lane, address)), ops);
            return;
        }
        let (a, b) = (self.reg(a), self.reg_sized(b));
        let ops = Ops::new().with(self.vec_def(dst)).with(used(a)).with(used(b));
        self.push(Inst::Simd(SimdInst::Insert(op, lane)), ops);
    }

    pub(super) fn replace_f32(&mut self, value: Value, a: Value, b: Value, lane: u32) {
        let dst = self.reg_of(value);
        // Of the source, the lowest lane.
        let lane = (lane as u8) << 4;
        if let Some((address, ops)) = self.sink_load(b, 4) {
            let a = self.reg(a);
            let ops = Ops::new().with(self.vec_def(dst)).with(used(a)).join(ops);
            self.push(Inst::Simd(SimdInst::Imm3Mem(Insertps, lane, address)), ops);
            return;
        }
        let (a, b) = (self.reg(a), self.reg(b));
        if lane == 0 {
            self.mix_to(Blendps, dst, a, b, 1);
        } else {
            self.mix_to(Insertps, dst, a, b, lane);
        }
    }

    pub(super) fn replace_f64(&mut self, value: Value, a: Value, b: Value, lane: u32) {
        let dst = self.reg_of(value);
        if let Some((address, ops)) = self.sink_load(b, 8) {
            let a = self.reg(a);
            let ops = Ops::new().with(self.vec_def(dst)).with(used(a)).join(ops);
            self.push(Inst::VecMem(if lane == 0 { Movlps } else { Movhps }, address), ops);
            return;
        }
        let (a, b) = (self.reg(a), self.reg(b));
        if lane == 0 {
            self.mix_to(Blendpd, dst, a, b, 1);
        } else {
            self.step_to(Movlhps, dst, a, b);
        }
    }

    /// A lane that is stored and not used otherwise: the instruction that stores it, and the vector.
    pub(in super::super) fn lane_to_store(&mut self, value: Value, bytes: u32) -> Option<(VecOp, u8, Value)> {
        let inst = *self.func.inst(value);
        if inst.op != Op::Simd || self.wanted(value) {
            return None;
        }
        let lane = inst.b as u8;
        let found = match (SimdOp::from_aux(inst.aux), bytes) {
            (SimdOp::I8x16ExtractLaneS | SimdOp::I8x16ExtractLaneU, 1) => (Pextrb, lane),
            (SimdOp::I16x8ExtractLaneS | SimdOp::I16x8ExtractLaneU, 2) => (Pextrw, lane),
            (SimdOp::I32x4ExtractLane | SimdOp::F32x4ExtractLane, 4) => (Pextrd, lane),
            (SimdOp::I64x2ExtractLane | SimdOp::F64x2ExtractLane, 8) => (Pextrq, lane),
            _ => return None,
        };
        Some((found.0, found.1, Value(inst.a)))
    }
}
