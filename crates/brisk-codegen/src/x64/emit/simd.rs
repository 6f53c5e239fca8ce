//! Instructions that only vectors need.

use super::*;
use crate::x64::simd::{Constant, SimdInst};

impl Emit<'_> {
    pub(super) fn emit_simd(&mut self, inst: SimdInst) {
        match inst {
            SimdInst::Constant(constant) => {
                let dst = self.vector(0);
                self.simd_constant(constant, dst);
            }
            SimdInst::Pool(op, constant) => {
                let (dst, a) = (self.vector(0), self.vector(1));
                let label = self.asm.constant16(constant.bits(&self.func.vectors));
                self.asm.vec_rrr(op, dst, a, Mem::label(label));
            }
            SimdInst::ShiftImm(op, count) => {
                let (dst, a) = (self.vector(0), self.vector(1));
                self.asm.vec_shift_imm(op, dst, a, count);
            }
            SimdInst::Imm3Mem(op, imm, address) => {
                let (dst, a) = (self.vector(0), self.vector(1));
                let mem = self.mem(address, 2);
                self.asm.vec_rrr_imm(op, dst, a, mem, imm);
            }
            SimdInst::Imm2Mem(op, imm, address) => {
                let dst = self.vector(0);
                let mem = self.mem(address, 1);
                self.asm.vec_rr_imm(op, dst, mem, imm);
            }
            SimdInst::Insert(op, lane) => {
                let (dst, a, src) = (self.vector(0), self.vector(1), self.rm(2));
                self.asm.vec_insert(op, dst, a, src, lane);
            }
            SimdInst::InsertMem(op, lane, address) => {
                let (dst, a) = (self.vector(0), self.vector(1));
                let mem = self.mem(address, 2);
                self.asm.vec_insert(op, dst, a, mem, lane);
            }
            SimdInst::Extract(op, lane) => {
                let (dst, src) = (self.gpr(0), self.vector(1));
                self.asm.vec_extract(op, dst, src, lane);
            }
            SimdInst::ExtractMem(op, lane, address) => {
                let src = self.vector(0);
                let mem = self.mem(address, 1);
                self.asm.vec_extract(op, mem, src, lane);
            }
            SimdInst::Mask(op) => {
                let (dst, src) = (self.gpr(0), self.vector(1));
                self.asm.vec_mask(op, dst, src);
            }
            SimdInst::Blend => {
                let (dst, a, b, mask) = (self.vector(0), self.vector(1), self.vector(2), self.vector(3));
                self.asm.vec_blendv(VecOp::Pblendvb, dst, a, b, mask);
            }
            SimdInst::Test => {
                let (a, b) = (self.vector(0), self.rmx(1));
                self.asm.vec_rr(VecOp::Ptest, a, b);
            }
        }
    }

    /// A constant into a register. Leaves the flags alone.
    pub(super) fn simd_constant(&mut self, constant: Constant, dst: Xmm) {
        match constant.bits(&self.func.vectors) {
            0 => self.asm.vec_zero(dst),
            u128::MAX => self.asm.vec_ones(dst),
            bits => {
                let label = self.asm.constant16(bits);
                self.asm.vec_load(VecOp::Movaps, dst, Mem::label(label));
            }
        }
    }
}
