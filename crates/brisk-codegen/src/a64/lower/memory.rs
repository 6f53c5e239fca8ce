//! Loads, stores, checks, and what looks at the store's words.

use super::*;
use crate::a64::asm::{LoadOp, Width as VecWidth};

/// How much of a vector register an access moves.
fn vec_width(access: Access) -> VecWidth {
    match access.width {
        Width::V128 => VecWidth::Q,
        Width::U64 => VecWidth::D,
        _ => VecWidth::S,
    }
}

impl Lower<'_> {
    pub(super) fn memory(&mut self, value: Value, inst: &ir::Inst) {
        match inst.op {
            Op::Load => self.load(value, inst),
            Op::Store => self.store(value, inst),
            Op::Check => self.check(value, inst),
            _ => {
                let (test, ops) = self.test(Value(inst.a));
                self.push(Inst::TrapIf(test, TrapCode::from_aux(inst.aux)), ops);
            }
        }
    }

    fn load(&mut self, value: Value, inst: &ir::Inst) {
        let dst = self.reg_of(value);
        let (address, ops) = self.address(value, inst);
        let ops = Ops::new().with(def(dst)).join(ops);
        let access = Access::from_aux(inst.aux);
        if !inst.ty.is_int() {
            self.push(Inst::LoadVec(vec_width(access), address), ops);
            return;
        }
        let wide = inst.ty == Ty::I64;
        let op = match access.width {
            Width::U8 => LoadOp::Ldrb,
            Width::U16 => LoadOp::Ldrh,
            Width::U32 => LoadOp::LdrW,
            Width::U64 | Width::V128 => LoadOp::LdrX,
            Width::S8 if wide => LoadOp::LdrsbX,
            Width::S8 => LoadOp::LdrsbW,
            Width::S16 if wide => LoadOp::LdrshX,
            Width::S16 => LoadOp::LdrshW,
            Width::S32 => LoadOp::Ldrsw,
        };
        self.push(Inst::Load(op, address), ops);
    }

    fn store(&mut self, at: Value, inst: &ir::Inst) {
        let access = Access::from_aux(inst.aux);
        let value = Value(inst.c);
        let ty = self.func.ty(value);
        if self.store_lane(at, inst, value, access.bytes()) {
            return;
        }
        let size = Size::of_bytes(access.bytes());
        if self.func.constant(value) == Some(0) {
            let (address, ops) = self.address(at, inst);
            self.push(Inst::StoreZero(size, address), ops);
            return;
        }
        if !ty.is_int() {
            let src = self.reg(value);
            let (address, ops) = self.address(at, inst);
            self.push(Inst::StoreVec(vec_width(access), address), Ops::new().with(used(src)).join(ops));
            return;
        }
        let src = if size == Size::B64 { self.reg(value) } else { self.reg_narrow(value, access.bytes()) };
        let (address, ops) = self.address(at, inst);
        self.push(Inst::Store(size, address), Ops::new().with(used(src)).join(ops));
    }

    /// A value of which so many bytes are read: extensions and masks that leave them alone are left out.
    fn reg_narrow(&mut self, mut value: Value, bytes: u32) -> VReg {
        loop {
            let inst = self.func.inst(value);
            let kept = match inst.op {
                Op::Extend8S => 1,
                Op::Extend16S => 2,
                Op::Extend32S | Op::ExtendS | Op::ExtendU | Op::Wrap => 4,
                Op::And => self.func.constant(Value(inst.b)).map_or(0, |mask| mask.trailing_ones() / 8),
                _ => 0,
            };
            if kept < bytes {
                return self.reg_low(value);
            }
            value = Value(inst.a);
        }
    }

    fn check(&mut self, value: Value, inst: &ir::Inst) {
        let dst = self.reg_of(value);
        let (address, len) = (self.reg(Value(inst.a)), self.reg(Value(inst.b)));
        let wide = self.func.ty(Value(inst.a)) == Ty::I64;
        let spectre = self.settings.spectre;
        let check = Inst::Check { bias: inst.c, spectre, wide };
        let result = if spectre { def(dst) } else { def_reuse(dst, 1) };
        self.push(check, Ops::new().with(result).with(used(address)).with(used(len)));
    }
}
