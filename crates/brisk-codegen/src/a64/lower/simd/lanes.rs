//! Lanes from and to scalars and memory, and tests of all lanes.

use super::*;
use crate::a64::asm::{AddImm, AddOp, Cond, Shift};
use crate::a64::inst::{Address, Rhs};

impl Lower<'_> {
    /// What a vector instruction says of all lanes, if nobody else needs its value: the test that holds if it is not 0, of
    /// the flags or of a register.
    pub(in super::super) fn vector_test(&mut self, value: Value) -> Option<(Test, Ops)> {
        let inst = *self.func.inst(value);
        if inst.op != Op::Simd || self.wanted(value) {
            return None;
        }
        let op = SimdOp::from_aux(inst.aux);
        op.tests_lanes().then(|| self.test_lanes(op, Value(inst.a)))
    }

    /// A test of lanes as a test of a register, or of the flags.
    fn test_lanes(&mut self, op: SimdOp, a: Value) -> (Test, Ops) {
        let a = self.reg(a);
        let (size, least) = match op {
            SimdOp::I8x16AllTrue => (Size::B32, self.step2(V::Uminv, Arr::B16, a)),
            SimdOp::I16x8AllTrue => (Size::B32, self.step2(V::Uminv, Arr::H8, a)),
            SimdOp::I32x4AllTrue => (Size::B32, self.step2(V::Uminv, Arr::S4, a)),
            SimdOp::I64x2AllTrue => {
                // The sum of lanes that are 0 or -1 is 0, or a NaN, which is not equal to itself.
                let zeros = self.step2(V::Cmeq0, Arr::D2, a);
                let sum = self.new_wide();
                self.other2_to(SimdInst::Sum, sum, zeros);
                self.push(Inst::CmpFloat(Size::B64), Ops::new().with(used(sum)).with(used(sum)));
                return (Test::Flags(Cond::Eq), Ops::new());
            }
            // Two lanes of 32 bits are not 0 if one of four is not.
            _ => (Size::B64, self.step3(V::Umaxp, Arr::S4, a, a)),
        };
        let bits = self.new_int();
        self.push1(Inst::VecToInt(size), bits, least);
        (Test::NotZero(size), Ops::new().with(used(bits)))
    }

    /// A test of lanes as a number.
    pub(super) fn lanes_hold(&mut self, op: SimdOp, value: Value, a: Value) {
        let dst = self.reg_of(value);
        let cond = match self.test_lanes(op, a) {
            (Test::Flags(cond), _) => cond,
            (_, ops) => {
                // The test is one of 64 bits where it is that of two lanes.
                let size = if op == SimdOp::V128AnyTrue { Size::B64 } else { Size::B32 };
                self.push(Inst::Cmp(size, Rhs::Imm(AddImm::ZERO)), ops);
                Cond::Ne
            }
        };
        self.push(Inst::Cset(cond), Ops::new().with(def(dst)));
    }

    // Masks of the lanes' signs: the bit that stands for each, added up.

    pub(super) fn bitmask8(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let negative = self.step2(V::Cmlt0, Arr::B16, a);
        let weights = self.fixed(Constant::Weights8);
        let bits = self.step3(V::And, Arr::B16, negative, weights);
        // Each byte beside the one of the upper half that stands for a bit eight places higher.
        let high = self.new_wide();
        self.other3_to(SimdInst::Ext(8), high, bits, bits);
        let pairs = self.step3(V::Zip1, Arr::B16, bits, high);
        let sum = self.step2(V::Addv, Arr::H8, pairs);
        self.push1(Inst::Simd(SimdInst::Extract(Lane::H, 0)), dst, sum);
    }

    pub(super) fn bitmask(&mut self, arr: Arr, weights: Constant, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let negative = self.step2(V::Cmlt0, arr, a);
        let weights = self.fixed(weights);
        let bits = self.step3(V::And, Arr::B16, negative, weights);
        let sum = self.step2(V::Addv, arr, bits);
        // What is above the sum is zeros.
        self.push1(Inst::Simd(SimdInst::Extract(Lane::S, 0)), dst, sum);
    }

    pub(super) fn bitmask64(&mut self, value: Value, a: Value) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        let signs = self.slide(V::UshrImm, Arr::D2, a, 63);
        let (low, high) = (self.new_int(), self.new_int());
        self.push1(Inst::Simd(SimdInst::Extract(Lane::S, 0)), low, signs);
        self.push1(Inst::Simd(SimdInst::Extract(Lane::S, 2)), high, signs);
        let sum = Inst::Add(AddOp::Add, Size::B32, Rhs::Shift(Shift::Lsl, 1));
        self.push2(sum, dst, low, high);
    }

    // Memory.

    /// The address of a load of so many bytes that nobody else needs, if it may be done here.
    fn sink_load(&mut self, value: Value, load: Value, bytes: u32) -> Option<(Address, Ops)> {
        let inst = *self.func.inst(load);
        if inst.op != Op::Load || !self.folds(load) {
            return None;
        }
        let access = Access::from_aux(inst.aux);
        if access.bytes() != bytes || self.s.colors[load.0 as usize] != self.color {
            return None;
        }
        // A trap is one of the instruction that loads.
        let positions = &self.func.positions;
        if access.traps && positions[load.0 as usize] != positions[value.0 as usize] {
            return None;
        }
        self.s.sunk[load.0 as usize] = true;
        Some(self.address(load, &inst))
    }

    /// The lowest lane, from memory.
    fn load_lowest(&mut self, width: Lane, address: Address, ops: Ops) -> VReg {
        let low = self.new_wide();
        self.push(Inst::LoadVec(width, address), Ops::new().with(def(low)).join(ops));
        low
    }

    pub(super) fn splat(&mut self, arr: Arr, value: Value, a: Value) {
        let dst = self.reg_of(value);
        let bits = arr.lane_bits();
        if let Some(constant) = self.func.constant(a) {
            let lane = constant & u64::MAX >> (64 - bits);
            let all = (0..64 / bits).fold(0, |all, nth| all | lane << (nth * bits));
            return self.fixed_to(Constant::Splat(all), dst);
        }
        let width = Lane::ALL[arr.log2() as usize];
        if let Some((address, ops)) = self.sink_load(value, a, width.bytes()) {
            if address.is_plain() {
                self.push(Inst::Simd(SimdInst::LoadDup(arr, address)), Ops::new().with(def(dst)).join(ops));
            } else {
                let low = self.load_lowest(width, address, ops);
                self.other2_to(SimdInst::Dup(arr, 0), dst, low);
            }
            return;
        }
        // A lane of another vector does not leave the vectors.
        if let Some((op, from)) = self.folded(a)
            && extracted(op) == Some(width)
        {
            let src = self.reg(Value(from.a));
            return self.other2_to(SimdInst::Dup(arr, from.b as u8), dst, src);
        }
        if self.func.ty(a).is_int() {
            let src = self.reg_sized(a);
            self.other2_to(SimdInst::DupInt(arr), dst, src);
        } else {
            let src = self.reg(a);
            self.other2_to(SimdInst::Dup(arr, 0), dst, src);
        }
    }

    pub(super) fn extract(&mut self, width: Lane, value: Value, a: Value, lane: u32) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        self.push1(Inst::Simd(SimdInst::Extract(width, lane as u8)), dst, a);
    }

    pub(super) fn extract_signed(&mut self, width: Lane, value: Value, a: Value, lane: u32) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        self.push1(Inst::Simd(SimdInst::ExtractSigned(width, Size::B32, lane as u8)), dst, a);
    }

    pub(super) fn extract_float(&mut self, width: Lane, value: Value, a: Value, lane: u32) {
        let (dst, a) = (self.reg_of(value), self.reg(a));
        match lane {
            0 => self.copy_to(dst, a),
            lane => self.other2_to(SimdInst::Lowest(width, lane as u8), dst, a),
        }
    }

    pub(super) fn replace(&mut self, width: Lane, value: Value, a: Value, b: Value, lane: u32) {
        let dst = self.reg_of(value);
        let lane = lane as u8;
        if let Some((address, ops)) = self.sink_load(value, b, width.bytes()) {
            if address.is_plain() {
                let a = self.reg_to_change(a);
                let ops = Ops::new().with(def_reuse(dst, 1)).with(used(a)).join(ops);
                self.push(Inst::Simd(SimdInst::LoadLane(width, lane, address)), ops);
            } else {
                let low = self.load_lowest(width, address, ops);
                let a = self.reg_to_change(a);
                self.other_change_to(SimdInst::Insert(width, lane, 0), dst, a, low);
            }
            return;
        }
        // A lane of another vector does not leave the vectors.
        if let Some((op, from)) = self.folded(b)
            && extracted(op) == Some(width)
        {
            let (a, b) = (self.reg_to_change(a), self.reg(Value(from.a)));
            return self.other_change_to(SimdInst::Insert(width, lane, from.b as u8), dst, a, b);
        }
        if self.func.ty(b).is_int() {
            let (a, b) = (self.reg_to_change(a), self.reg_sized(b));
            self.other_change_to(SimdInst::InsertInt(width, lane), dst, a, b);
        } else {
            let (a, b) = (self.reg_to_change(a), self.reg(b));
            self.other_change_to(SimdInst::Insert(width, lane, 0), dst, a, b);
        }
    }

    /// A store of a lane, if that is what a value is.
    pub(in super::super) fn store_lane(
        &mut self,
        at: Value,
        inst: &ir::Inst,
        value: Value,
        bytes: u32,
    ) -> bool {
        let extract = *self.func.inst(value);
        if extract.op != Op::Simd || self.wanted(value) {
            return false;
        }
        let Some(width) = extracted(SimdOp::from_aux(extract.aux)) else { return false };
        if width.bytes() != bytes {
            return false;
        }
        let (vector, lane) = (self.reg(Value(extract.a)), extract.b as u8);
        let (address, ops) = self.address(at, inst);
        if lane != 0 && address.is_plain() {
            let inst = SimdInst::StoreLane(width, lane, address);
            self.push(Inst::Simd(inst), Ops::new().with(used(vector)).join(ops));
            return true;
        }
        let src = match lane {
            0 => vector,
            _ => {
                let low = self.new_wide();
                self.other2_to(SimdInst::Lowest(width, lane), low, vector);
                low
            }
        };
        self.push(Inst::StoreVec(width, address), Ops::new().with(used(src)).join(ops));
        true
    }
}

/// Of an instruction that takes a lane: the lane's width.
fn extracted(op: SimdOp) -> Option<Lane> {
    Some(match op {
        SimdOp::I8x16ExtractLaneS | SimdOp::I8x16ExtractLaneU => Lane::B,
        SimdOp::I16x8ExtractLaneS | SimdOp::I16x8ExtractLaneU => Lane::H,
        SimdOp::I32x4ExtractLane | SimdOp::F32x4ExtractLane => Lane::S,
        SimdOp::I64x2ExtractLane | SimdOp::F64x2ExtractLane => Lane::D,
        _ => return None,
    })
}
