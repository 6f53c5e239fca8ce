//! Floats.

use super::int::size;
use super::*;
use crate::x64::asm::{Cond, Size};
use crate::x64::inst::{Flags, Float};

/// Width of a float type.
pub(super) fn float(ty: Ty) -> Float {
    if ty == Ty::F32 { Float::Single } else { Float::Double }
}

impl Lower<'_> {
    /// Lowers an instruction on floats.
    pub(super) fn float(&mut self, value: Value, inst: &crate::ir::Inst) {
        let (a, b) = (Value(inst.a), Value(inst.b));
        let single = inst.ty == Ty::F32;
        let pick = |s: VecOp, d: VecOp| if single { s } else { d };
        match inst.op {
            Op::Fadd => self.vec_binary(pick(VecOp::Addss, VecOp::Addsd), value, a, b),
            Op::Fsub => self.vec_binary(pick(VecOp::Subss, VecOp::Subsd), value, a, b),
            Op::Fmul => self.vec_binary(pick(VecOp::Mulss, VecOp::Mulsd), value, a, b),
            Op::Fdiv => self.vec_binary(pick(VecOp::Divss, VecOp::Divsd), value, a, b),
            Op::Sqrt => self.vec_unary(pick(VecOp::Sqrtss, VecOp::Sqrtsd), value, a),
            Op::Fmin | Op::Fmax => {
                let dst = self.reg_of(value);
                let (a, b) = (self.reg(a), self.reg(b));
                let inst = Inst::MinMax { max: inst.op == Op::Fmax, float: float(inst.ty) };
                self.push(inst, Ops::new().with(def_early(dst)).with(used(a)).with(used(b)));
            }
            Op::Copysign => {
                let dst = self.reg_of(value);
                let (a, b) = (self.reg(a), self.reg(b));
                let ops = Ops::new().with(def_early(dst)).with(used(a)).with(used(b));
                self.push(Inst::Copysign(float(inst.ty)), ops);
            }
            Op::Fabs | Op::Fneg => {
                let (dst, src) = (self.reg_of(value), self.reg(a));
                let inst = Inst::SignOp { negate: inst.op == Op::Fneg, float: float(inst.ty) };
                let ops = Ops::new().with(self.vec_def(dst)).with(used(src));
                self.push(inst, ops);
            }
            Op::Ceil => self.round(value, a, single, 2),
            Op::Floor => self.round(value, a, single, 1),
            Op::Trunc => self.round(value, a, single, 3),
            Op::Nearest => self.round(value, a, single, 0),
            Op::Canon => {
                let (dst, src) = (self.reg_of(value), self.reg(a));
                let vector = inst.ty == Ty::V128;
                let lanes = if vector && inst.aux == 0 || single { Float::Single } else { Float::Double };
                let ops = Ops::new().with(def_reuse(dst, 1)).with(used(src));
                self.push(Inst::Canon { float: lanes, vector }, ops);
            }
            Op::FtoiS | Op::FtoiU | Op::FtoiSatS | Op::FtoiSatU => self.float_to_int(value, inst, a),
            Op::ItofS | Op::ItofU => self.int_to_float(value, inst, a),
            Op::Demote => self.vec_unary(VecOp::Cvtsd2ss, value, a),
            Op::Promote => self.vec_unary(VecOp::Cvtss2sd, value, a),
            Op::Bitcast => self.bitcast(value, inst.ty, a),
            _ => unreachable!("{:?} is lowered elsewhere", inst.op),
        }
    }

    fn round(&mut self, value: Value, a: Value, single: bool, mode: u8) {
        let op = if single { VecOp::Roundss } else { VecOp::Roundsd };
        let (dst, src) = (self.reg_of(value), self.reg(a));
        // 8: no exception for an inexact result.
        self.push(Inst::VecImm2(op, mode | 8), Ops::new().with(def(dst)).with(used(src)));
    }

    fn float_to_int(&mut self, value: Value, inst: &crate::ir::Inst, a: Value) {
        let dst = self.reg_of(value);
        let from = float(self.func.ty(a));
        let src = self.reg(a);
        let scratch = self.new_vector(Ty::F64);
        let inst = Inst::FloatToInt {
            float: from,
            size: size(inst.ty),
            signed: matches!(inst.op, Op::FtoiS | Op::FtoiSatS),
            saturate: matches!(inst.op, Op::FtoiSatS | Op::FtoiSatU),
        };
        self.push(inst, Ops::new().with(def_early(dst)).with(used_late(src)).with(temp(scratch)));
    }

    fn int_to_float(&mut self, value: Value, inst: &crate::ir::Inst, a: Value) {
        let dst = self.reg_of(value);
        let to = float(inst.ty);
        let from = self.func.ty(a);
        let src = if inst.op == Op::ItofS { self.reg_sized(a) } else { self.reg(a) };
        if inst.op == Op::ItofU && from == Ty::I64 {
            let scratch = self.new_int();
            let ops = Ops::new().with(def(dst)).with(used_late(src)).with(temp(scratch));
            self.push(Inst::UnsignedToFloat(to), ops);
            return;
        }
        // An unsigned 32-bit integer is a signed 64-bit one.
        let size = if inst.op == Op::ItofU { Size::B64 } else { size(from) };
        self.push(Inst::IntToFloat(size, to), Ops::new().with(def(dst)).with(used_any(src)));
    }

    fn bitcast(&mut self, value: Value, ty: Ty, a: Value) {
        let (dst, src) = (self.reg_of(value), self.reg(a));
        let inst = match ty {
            Ty::I32 => Inst::VecToInt(Size::B32),
            Ty::I64 => Inst::VecToInt(Size::B64),
            Ty::F32 => Inst::IntToVec(Size::B32),
            _ => Inst::IntToVec(Size::B64),
        };
        self.push(inst, Ops::new().with(def(dst)).with(used(src)));
    }

    /// Emits a comparison of floats.
    pub(super) fn compare_floats(&mut self, cond: FloatCond, a: Value, b: Value) -> Flags {
        // Unordered sets all three flags: "above" is false then, "below" is not.
        let (a, b, flags) = match cond {
            FloatCond::Eq => (a, b, Flags::FloatEq),
            FloatCond::Ne => (a, b, Flags::FloatNe),
            FloatCond::Gt => (a, b, Flags::Is(Cond::A)),
            FloatCond::Ge => (a, b, Flags::Is(Cond::Ae)),
            FloatCond::Lt => (b, a, Flags::Is(Cond::A)),
            FloatCond::Le => (b, a, Flags::Is(Cond::Ae)),
        };
        let width = float(self.func.ty(a));
        let (a, b) = (self.reg(a), self.reg(b));
        self.push(Inst::CmpFloat(width), Ops::new().with(used(a)).with(used_any(b)));
        flags
    }
}

fn def_early(vreg: VReg) -> Operand {
    operand(vreg, Constraint::Reg, Role::DefEarly)
}
