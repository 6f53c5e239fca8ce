//! Floats.

use super::*;
use crate::a64::asm::{Float1Op, Float2Op, FromIntOp, ToIntOp};

impl Lower<'_> {
    /// Lowers an instruction on floats.
    pub(super) fn float(&mut self, value: Value, inst: &ir::Inst) {
        let (a, b) = (Value(inst.a), Value(inst.b));
        match inst.op {
            Op::Fadd => self.float2(Float2Op::Fadd, value, inst.ty, a, b),
            Op::Fsub => self.float2(Float2Op::Fsub, value, inst.ty, a, b),
            Op::Fmul => self.float2(Float2Op::Fmul, value, inst.ty, a, b),
            Op::Fdiv => self.float2(Float2Op::Fdiv, value, inst.ty, a, b),
            Op::Fmin => self.float2(Float2Op::Fmin, value, inst.ty, a, b),
            Op::Fmax => self.float2(Float2Op::Fmax, value, inst.ty, a, b),
            Op::Fabs => self.float1(Float1Op::Fabs, value, inst.ty, a),
            Op::Fneg => self.float1(Float1Op::Fneg, value, inst.ty, a),
            Op::Ceil => self.float1(Float1Op::Frintp, value, inst.ty, a),
            Op::Floor => self.float1(Float1Op::Frintm, value, inst.ty, a),
            Op::Trunc => self.float1(Float1Op::Frintz, value, inst.ty, a),
            Op::Nearest => self.float1(Float1Op::Frintn, value, inst.ty, a),
            Op::Sqrt => self.float1(Float1Op::Fsqrt, value, inst.ty, a),
            Op::Copysign => {
                let (dst, a, b) = (self.reg_of(value), self.reg(a), self.reg(b));
                let ops = Ops::new().with(def_reuse(dst, 1)).with(used(a)).with(used(b));
                self.push(Inst::Copysign(size(inst.ty)), ops);
            }
            Op::Canon => {
                let (dst, src) = (self.reg_of(value), self.reg(a));
                let vector = inst.ty == Ty::V128;
                let single = if vector { inst.aux == 0 } else { inst.ty == Ty::F32 };
                let float = if single { Size::B32 } else { Size::B64 };
                self.push(Inst::Canon { float, vector }, Ops::new().with(def_reuse(dst, 1)).with(used(src)));
            }
            Op::FtoiS | Op::FtoiU | Op::FtoiSatS | Op::FtoiSatU => {
                let float = size(self.func.ty(a));
                let (dst, src) = (self.reg_of(value), self.reg(a));
                let op = match inst.op {
                    Op::FtoiS | Op::FtoiSatS => ToIntOp::Fcvtzs,
                    _ => ToIntOp::Fcvtzu,
                };
                let inst = match inst.op {
                    Op::FtoiS | Op::FtoiU => Inst::ToIntTrapping(op, size(inst.ty), float),
                    _ => Inst::ToInt(op, size(inst.ty), float),
                };
                self.push1(inst, dst, src);
            }
            Op::ItofS | Op::ItofU => {
                let from = size(self.func.ty(a));
                let (dst, src) = (self.reg_of(value), self.reg_sized(a));
                let op = if inst.op == Op::ItofS { FromIntOp::Scvtf } else { FromIntOp::Ucvtf };
                self.push1(Inst::FromInt(op, from, size(inst.ty)), dst, src);
            }
            Op::Demote | Op::Promote => {
                let (dst, src) = (self.reg_of(value), self.reg(a));
                self.push1(Inst::Convert(size(inst.ty)), dst, src);
            }
            Op::Bitcast => {
                let (dst, src) = (self.reg_of(value), self.reg(a));
                let inst = match inst.ty.is_int() {
                    true => Inst::VecToInt(size(inst.ty)),
                    false => Inst::IntToVec(size(inst.ty)),
                };
                self.push1(inst, dst, src);
            }
            _ => unreachable!("{:?} is lowered elsewhere", inst.op),
        }
    }

    fn float1(&mut self, op: Float1Op, value: Value, ty: Ty, a: Value) {
        let (dst, src) = (self.reg_of(value), self.reg(a));
        self.push1(Inst::Float1(op, size(ty)), dst, src);
    }

    fn float2(&mut self, op: Float2Op, value: Value, ty: Ty, a: Value, b: Value) {
        let (dst, a, b) = (self.reg_of(value), self.reg(a), self.reg(b));
        self.push2(Inst::Float2(op, size(ty)), dst, a, b);
    }
}
