//! Loads, stores, checks, and what looks at the store's words.

use super::int::size;
use super::*;
use crate::x64::asm::{AluOp, Size};
use crate::x64::inst::{Base, LoadKind};
use crate::x64::simd::SimdInst;

impl Lower<'_> {
    pub(super) fn memory(&mut self, value: Value, inst: &crate::ir::Inst) {
        match inst.op {
            Op::Load => self.load(value, inst),
            Op::Store => self.store(inst),
            Op::Check => self.check(value, inst),
            _ => {
                let flags = self.condition(Value(inst.a));
                self.push(Inst::TrapIf(flags, TrapCode::from_aux(inst.aux)), Ops::new());
            }
        }
    }

    /// The address of a load or store, and its operands.
    fn address(&mut self, inst: &crate::ir::Inst) -> (Address, Ops) {
        let access = Access::from_aux(inst.aux);
        let mut disp = i64::from(inst.b);
        let mut value = Value(inst.a);
        let fits = |disp: i64| i32::try_from(disp).is_ok();
        if access.pinned {
            if let Some(bits) = self.func.constant(value).filter(|&bits| fits(disp + bits as i64)) {
                let disp = (disp + bits as i64) as i32;
                return (
                    Address { disp, base: Base::Memory, index: false, scale: 0, traps: access.traps },
                    Ops::new(),
                );
            }
            // The sum of a 64-bit address and a displacement that cannot be represented does not occur: offsets are
            // at most the size of the guard.
            let index = self.reg(value);
            let address =
                Address { disp: disp as i32, base: Base::Memory, index: true, scale: 0, traps: access.traps };
            return (address, Ops::new().with(used(index)));
        }
        // Sums of 64 bits that nobody else has asked for are taken apart.
        loop {
            let sum = self.func.inst(value);
            if sum.op != Op::Add || sum.ty != Ty::I64 {
                break;
            }
            match self.func.constant(Value(sum.b)) {
                Some(bits) if fits(disp.wrapping_add(bits as i64)) && fits(bits as i64) => {
                    disp += bits as i64;
                    value = Value(sum.a);
                }
                _ => break,
            }
        }
        let disp32 = disp as i32;
        let inst = *self.func.inst(value);
        if inst.op == Op::VmContext {
            return (
                Address { disp: disp32, base: Base::Context, index: false, scale: 0, traps: access.traps },
                Ops::new(),
            );
        }
        if inst.op == Op::Add && inst.ty == Ty::I64 && !self.wanted(value) {
            let (base, mut index, mut scale) = (Value(inst.a), Value(inst.b), 0);
            let shift = *self.func.inst(index);
            if shift.op == Op::Shl
                && shift.ty == Ty::I64
                && !self.wanted(index)
                && let Some(count @ 1..=3) = self.func.constant(Value(shift.b))
            {
                (index, scale) = (Value(shift.a), count as u8);
            }
            let (base, index) = (self.reg(base), self.reg(index));
            let address = Address { disp: disp32, base: Base::Reg, index: true, scale, traps: access.traps };
            return (address, Ops::new().with(used(base)).with(used(index)));
        }
        let base = self.reg(value);
        (
            Address { disp: disp32, base: Base::Reg, index: false, scale: 0, traps: access.traps },
            Ops::new().with(used(base)),
        )
    }

    /// The address of the load that gives a value, if its only user is the instruction at hand, it reads so many
    /// bytes, and nothing stands between that it must not be exchanged with.
    pub(super) fn sink_load(&mut self, value: Value, bytes: u32) -> Option<(Address, Ops)> {
        let inst = *self.func.inst(value);
        if inst.op != Op::Load || !self.is_single_use(value) || self.wanted(value) {
            return None;
        }
        let access = Access::from_aux(inst.aux);
        if access.bytes() != bytes || self.s.colors[value.0 as usize] != self.color {
            return None;
        }
        // The width is the operation's, whatever the register's.
        if access.width == Width::S32 {
            return None;
        }
        self.s.sunk[value.0 as usize] = true;
        if access.traps {
            self.sunk = Some(self.func.positions[value.0 as usize]);
        }
        Some(self.address(&inst))
    }

    fn load(&mut self, value: Value, inst: &crate::ir::Inst) {
        let dst = self.reg_of(value);
        let (address, ops) = self.address(inst);
        let ops = Ops::new().with(def(dst)).join(ops);
        let access = Access::from_aux(inst.aux);
        if !inst.ty.is_int() {
            let width = match access.width {
                Width::V128 => VecWidth::B16,
                Width::U64 => VecWidth::B8,
                _ => VecWidth::B4,
            };
            self.push(Inst::LoadVec(width, address), ops);
            return;
        }
        let sign = |size: Size| {
            if inst.ty == Ty::I64 { LoadKind::Sign64(size) } else { LoadKind::Sign32(size) }
        };
        let kind = match access.width {
            Width::U8 => LoadKind::Zero(Size::B8),
            Width::U16 => LoadKind::Zero(Size::B16),
            Width::U32 => LoadKind::Zero(Size::B32),
            Width::U64 | Width::V128 => LoadKind::Zero(Size::B64),
            Width::S8 => sign(Size::B8),
            Width::S16 => sign(Size::B16),
            Width::S32 => LoadKind::Sign64(Size::B32),
        };
        self.push(Inst::Load(kind, address), ops);
    }

    fn store(&mut self, inst: &crate::ir::Inst) {
        let access = Access::from_aux(inst.aux);
        let value = Value(inst.c);
        let ty = self.func.ty(value);
        if let Some((op, lane, vector)) = self.lane_to_store(value, access.bytes()) {
            let src = self.reg(vector);
            let (address, ops) = self.address(inst);
            let inst = Inst::Simd(SimdInst::ExtractMem(op, lane, address));
            self.push(inst, Ops::new().with(used(src)).join(ops));
            return;
        }
        if !ty.is_int() {
            let width = match access.width {
                Width::V128 => VecWidth::B16,
                Width::U64 => VecWidth::B8,
                _ => VecWidth::B4,
            };
            let src = self.reg(value);
            let (address, ops) = self.address(inst);
            self.push(Inst::StoreVec(width, address), Ops::new().with(used(src)).join(ops));
            return;
        }
        let size = Size::of_bytes(access.bytes());
        if let Some(bits) = self.func.constant(value) {
            let imm = match size {
                Size::B64 => i32::try_from(bits as i64).ok(),
                Size::B32 => Some(bits as i32),
                Size::B16 => Some(i32::from(bits as i16)),
                Size::B8 => Some(i32::from(bits as i8)),
            };
            if let Some(imm) = imm {
                let (address, ops) = self.address(inst);
                self.push(Inst::StoreImm(size, address, imm), ops);
                return;
            }
        }
        if self.modify(inst, value, size) {
            return;
        }
        let src = if size == Size::B64 { self.reg(value) } else { self.reg_low(value) };
        let (address, ops) = self.address(inst);
        self.push(Inst::Store(size, address), Ops::new().with(used(src)).join(ops));
    }

    /// A store of what an operation makes of a load from the same place: one instruction on memory.
    fn modify(&mut self, store: &crate::ir::Inst, value: Value, bits: Size) -> bool {
        let inst = *self.func.inst(value);
        let op = match inst.op {
            Op::Add => AluOp::Add,
            Op::Sub => AluOp::Sub,
            Op::And => AluOp::And,
            Op::Or => AluOp::Or,
            Op::Xor => AluOp::Xor,
            _ => return false,
        };
        if size(inst.ty) != bits || !self.is_single_use(value) || self.wanted(value) {
            return false;
        }
        for (loaded, other) in [(Value(inst.a), Value(inst.b)), (Value(inst.b), Value(inst.a))] {
            let load = *self.func.inst(loaded);
            // Of other instructions `aux` is something else.
            if load.op != Op::Load {
                if inst.op == Op::Sub {
                    break;
                }
                continue;
            }
            let (from, to) = (Access::from_aux(load.aux), Access::from_aux(store.aux));
            let same = load.ty == inst.ty
                && (load.a, load.b) == (store.a, store.b)
                && (from.pinned, from.region) == (to.pinned, to.region)
                && from.bytes() == bits.bytes()
                && loaded != other
                && self.is_single_use(loaded)
                && !self.wanted(loaded)
                && self.s.colors[loaded.0 as usize] == self.color;
            if same {
                self.s.sunk[loaded.0 as usize] = true;
                self.sunk = from.traps.then(|| self.func.positions[loaded.0 as usize]);
                if let Some(imm) =
                    self.func.constant(other).and_then(|bits| i8::try_from(bits as i64 as i32).ok())
                    && (bits == Size::B32
                        || self.func.constant(other).is_some_and(|b| i8::try_from(b as i64).is_ok()))
                {
                    let (address, ops) = self.address(store);
                    self.push(Inst::AluImmToMem(op, bits, address, imm), ops);
                } else {
                    let src = self.reg_sized(other);
                    let (address, ops) = self.address(store);
                    self.push(Inst::AluToMem(op, bits, address), Ops::new().with(used(src)).join(ops));
                }
                return true;
            }
            if inst.op == Op::Sub {
                break;
            }
        }
        false
    }

    fn check(&mut self, value: Value, inst: &crate::ir::Inst) {
        let dst = self.reg_of(value);
        let (address, len) = (self.reg(Value(inst.a)), self.reg(Value(inst.b)));
        let wide = self.func.ty(Value(inst.a)) == Ty::I64;
        let check = Inst::Check { bias: inst.c, spectre: self.settings.spectre, wide };
        self.push(check, Ops::new().with(def_reuse(dst, 1)).with(used(address)).with(used_late(len)));
    }
}
