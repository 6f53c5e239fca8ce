//! Vectors.

use super::*;

impl Emit<'_> {
    /// Emits an instruction on vectors.
    pub(super) fn emit_simd(&mut self, inst: SimdInst) {
        match inst {
            SimdInst::Constant(constant) => {
                let dst = self.vector(0);
                self.vector_constant(dst, constant.bits(&self.func.vectors));
            }
            SimdInst::Mov => {
                let (dst, src) = (self.vector(0), self.vector(1));
                if dst != src {
                    self.asm.vec_mov(dst, src);
                }
            }
            SimdInst::Op2(op, arr) => {
                let (dst, src) = (self.vector(0), self.vector(1));
                self.asm.vec2(op, arr, dst, src);
            }
            SimdInst::Change2(op, arr) => {
                let (dst, src) = (self.vector(0), self.vector(2));
                self.asm.vec2(op, arr, dst, src);
            }
            SimdInst::Op3(op, arr) => {
                let (dst, a, b) = (self.vector(0), self.vector(1), self.vector(2));
                self.asm.vec3(op, arr, dst, a, b);
            }
            SimdInst::Change3(op, arr) => {
                let (dst, a, b) = (self.vector(0), self.vector(2), self.vector(3));
                self.asm.vec3(op, arr, dst, a, b);
            }
            SimdInst::Shift(op, arr, count) => {
                let (dst, src) = (self.vector(0), self.vector(1));
                self.asm.vec_shift(op, arr, dst, src, count);
            }
            SimdInst::ChangeShift(op, arr, count) => {
                let (dst, src) = (self.vector(0), self.vector(2));
                self.asm.vec_shift(op, arr, dst, src, count);
            }
            SimdInst::Lane(op, arr, lane) => {
                let (dst, a, b) = (self.vector(0), self.vector(1), self.vector(2));
                self.asm.vec_lane(op, arr, dst, a, b, lane);
            }
            SimdInst::Ext(bytes) => {
                let (dst, a, b) = (self.vector(0), self.vector(1), self.vector(2));
                self.asm.vec_ext(dst, a, b, bytes);
            }
            SimdInst::Table => {
                let (dst, src, indices) = (self.vector(0), self.vector(1), self.vector(2));
                self.asm.vec_tbl(dst, src, 1, indices);
            }
            SimdInst::Table2 => {
                let (dst, a, b, indices) = (self.vector(0), self.vector(1), self.vector(2), self.vector(3));
                // Its registers have numbers that follow each other.
                let first = if b.0 == a.0 + 1 {
                    a
                } else {
                    self.asm.vec_mov(SCRATCH_VECTOR2, a);
                    self.asm.vec_mov(SCRATCH_VECTOR, b);
                    SCRATCH_VECTOR2
                };
                self.asm.vec_tbl(dst, first, 2, indices);
            }
            SimdInst::LoadDup(arr, address) => {
                let (dst, base) = (self.vector(0), self.plain_address(address, 1));
                self.asm.vec_load_dup(arr, dst, base);
            }
            SimdInst::LoadLane(width, lane, address) => {
                let (dst, base) = (self.vector(0), self.plain_address(address, 2));
                self.asm.vec_load_lane(width, dst, lane, base);
            }
            SimdInst::StoreLane(width, lane, address) => {
                let (src, base) = (self.vector(0), self.plain_address(address, 1));
                self.asm.vec_store_lane(width, src, lane, base);
            }
            _ => self.emit_lane(inst),
        }
    }

    /// Emits a move of lanes.
    fn emit_lane(&mut self, inst: SimdInst) {
        match inst {
            SimdInst::Dup(arr, lane) => {
                let (dst, src) = (self.vector(0), self.vector(1));
                self.asm.vec_dup(arr, dst, src, lane);
            }
            SimdInst::DupInt(arr) => {
                let (dst, src) = (self.vector(0), self.gpr(1));
                self.asm.vec_dup_gpr(arr, dst, src);
            }
            SimdInst::Lowest(width, lane) => {
                let (dst, src) = (self.vector(0), self.vector(1));
                self.asm.vec_dup_scalar(width, dst, src, lane);
            }
            SimdInst::Sum => {
                let (dst, src) = (self.vector(0), self.vector(1));
                self.asm.vec_addp_scalar(dst, src);
            }
            SimdInst::Insert(width, lane, from) => {
                let (dst, src) = (self.vector(0), self.vector(2));
                self.asm.vec_ins(width, dst, lane, src, from);
            }
            SimdInst::InsertInt(width, lane) => {
                let (dst, src) = (self.vector(0), self.gpr(2));
                self.asm.vec_ins_gpr(width, dst, lane, src);
            }
            SimdInst::Extract(width, lane) => {
                let (dst, src) = (self.gpr(0), self.vector(1));
                match (width, lane) {
                    (Width::S, 0) => self.asm.fmov_to_gpr(Size::B32, dst, src),
                    (Width::D, 0) => self.asm.fmov_to_gpr(Size::B64, dst, src),
                    _ => self.asm.vec_umov(width, dst, src, lane),
                }
            }
            SimdInst::ExtractSigned(width, size, lane) => {
                let (dst, src) = (self.gpr(0), self.vector(1));
                self.asm.vec_smov(width, size, dst, src, lane);
            }
            _ => unreachable!("{inst:?} moves no lane"),
        }
    }

    /// An address that is one register; notes the access that comes next as a place where a fault is a trap.
    fn plain_address(&mut self, address: Address, nth: usize) -> Gpr {
        debug_assert!(address.is_plain());
        if address.traps {
            self.site(SiteKind::Fault);
        }
        match address.base {
            Base::Memory => MEMORY_BASE,
            Base::Context => VM_CONTEXT,
            Base::Reg => self.gpr(nth),
        }
    }

    /// A constant that only vectors have.
    pub(super) fn simd_constant(&mut self, inst: SimdInst, dst: Fpr) {
        let SimdInst::Constant(constant) = inst else { unreachable!("{inst:?} is no constant") };
        self.vector_constant(dst, constant.bits(&self.func.vectors));
    }
}
