//! Floats.

use super::*;

impl Emit<'_> {
    /// Emits an instruction on vector registers.
    pub(super) fn emit_float(&mut self, inst: Inst) {
        match inst {
            Inst::LoadVec(width, address) => {
                let dst = self.vector(0);
                let mem = self.mem(address, 1, width.bytes());
                self.asm.vec_load(width, dst, mem);
            }
            Inst::StoreVec(width, address) => {
                let src = self.vector(0);
                let mem = self.mem(address, 1, width.bytes());
                self.asm.vec_store(width, mem, src);
            }
            Inst::SelectFloat(size, cond) => {
                let (dst, a, b) = (self.vector(0), self.vector(1), self.vector(2));
                self.asm.fcsel(size, dst, a, b, cond);
            }
            Inst::SelectVec(cond) => {
                let (dst, a) = (self.vector(0), self.vector(1));
                let done = self.asm.new_label();
                self.asm.b_cond(cond.invert(), done);
                self.asm.vec_mov(dst, a);
                self.asm.bind(done);
            }
            Inst::Float1(op, size) => {
                let (dst, src) = (self.vector(0), self.vector(1));
                self.asm.float1(op, size, dst, src);
            }
            Inst::Float2(op, size) => {
                let (dst, a, b) = (self.vector(0), self.vector(1), self.vector(2));
                self.asm.float2(op, size, dst, a, b);
            }
            Inst::CmpFloat(size) => {
                let (a, b) = (self.vector(0), self.vector(1));
                self.asm.fcmp(size, a, b);
            }
            Inst::CmpFloatZero(size) => {
                let a = self.vector(0);
                self.asm.fcmp_zero(size, a);
            }
            Inst::Convert(size) => {
                let (dst, src) = (self.vector(0), self.vector(1));
                if size == Size::B64 {
                    self.asm.fcvt_to_double(dst, src);
                } else {
                    self.asm.fcvt_to_single(dst, src);
                }
            }
            Inst::ToInt(op, size, float) => {
                let (dst, src) = (self.gpr(0), self.vector(1));
                self.asm.float_to_int(op, size, float, dst, src);
            }
            Inst::ToIntTrapping(op, size, float) => self.float_to_int(op, size, float),
            Inst::FromInt(op, size, float) => {
                let (dst, src) = (self.vector(0), self.gpr(1));
                self.asm.int_to_float(op, size, float, dst, src);
            }
            Inst::VecToInt(size) => {
                let (dst, src) = (self.gpr(0), self.vector(1));
                self.asm.fmov_to_gpr(size, dst, src);
            }
            Inst::IntToVec(size) => {
                let (dst, src) = (self.vector(0), self.gpr(1));
                self.asm.fmov_from_gpr(size, dst, src);
            }
            Inst::Copysign(size) => {
                let (dst, sign) = (self.vector(0), self.vector(2));
                // Opposite zeros: the sign bit of each lane.
                let arr = if size == Size::B32 { Arr::S4 } else { Arr::D2 };
                self.asm.vec_zero(SCRATCH_VECTOR);
                self.asm.vec2(VecOp::Fneg, arr, SCRATCH_VECTOR, SCRATCH_VECTOR);
                self.asm.vec3(VecOp::Bit, Arr::B16, dst, sign, SCRATCH_VECTOR);
            }
            Inst::Canon { float, vector } => self.canon(float, vector),
            Inst::Simd(inst) => self.emit_simd(inst),
            _ => unreachable!("{inst:?} is emitted elsewhere"),
        }
    }

    fn canon(&mut self, float: Size, vector: bool) {
        let dst = self.vector(0);
        let nan = if float == Size::B32 { 0x7fc0_0000 } else { 0x7ff8 << 48 };
        if vector {
            let (arr, lanes) = match float {
                Size::B32 => (Arr::S4, u128::from(nan) * 0x1_0000_0001_0000_0001_0000_0001),
                _ => (Arr::D2, u128::from(nan) << 64 | u128::from(nan)),
            };
            // Ones in the lanes that are no NaN; the others get the canonical one.
            self.asm.vec3(VecOp::Fcmeq, arr, SCRATCH_VECTOR, dst, dst);
            self.vector_constant(SCRATCH_VECTOR2, lanes);
            self.asm.vec3(VecOp::Bif, Arr::B16, dst, SCRATCH_VECTOR2, SCRATCH_VECTOR);
            return;
        }
        self.float_constant(SCRATCH_VECTOR, nan);
        self.asm.fcmp(float, dst, dst);
        self.asm.fcsel(float, dst, dst, SCRATCH_VECTOR, Cond::Vc);
    }

    /// The instruction saturates and makes 0 of a NaN: whether the result is the least or the greatest integer, or the
    /// operand a NaN (or negative, without a sign), is seen to on the slow path.
    fn float_to_int(&mut self, op: ToIntOp, size: Size, float: Size) {
        let (dst, src) = (self.gpr(0), self.vector(1));
        let back = self.asm.new_label();
        let slow = self.cold(Cold::Slow(Slow::FloatToInt(back)));
        self.asm.float_to_int(op, size, float, dst, src);
        if op == ToIntOp::Fcvtzs {
            // Overflow stays set: of a comparison with a NaN, of the least integer less 1, of the greatest plus 1.
            const V: u8 = 1;
            self.asm.fcmp(float, src, src);
            self.asm.ccmp_imm(CcmpOp::Ccmp, size, dst, 1, V, Cond::Vc);
            self.asm.ccmp_imm(CcmpOp::Ccmn, size, dst, 1, V, Cond::Vc);
            self.asm.b_cond(Cond::Vs, slow);
        } else {
            // Zero is set if the float is not 0 or more, and by the greatest integer plus 1.
            const Z: u8 = 4;
            self.asm.fcmp_zero(float, src);
            self.asm.ccmp_imm(CcmpOp::Ccmn, size, dst, 1, Z, Cond::Ge);
            self.asm.b_cond(Cond::Eq, slow);
        }
        self.asm.bind(back);
    }

    /// Traps, or goes back if the float is in range after all.
    pub(super) fn float_to_int_slow(&mut self, back: Label) {
        let Inst::ToIntTrapping(op, size, float) = *self.current() else { unreachable!("a conversion") };
        let src = self.vector(1);
        let signed = op == ToIntOp::Fcvtzs;
        let nan = self.asm.new_label();
        let overflow = self.asm.new_label();
        self.asm.fcmp(float, src, src);
        self.asm.b_cond(Cond::Vs, nan);
        // What is above the lower bound is in range; where the integer less 1 is no float of this width, the bound
        // is the integer itself, which is in range, too.
        let (low, in_range, high) = match (signed, size, float) {
            (true, Size::B32, Size::B64) => (-2_147_483_649.0, Cond::Gt, 2_147_483_648.0),
            (true, Size::B32, _) => (-2_147_483_648.0, Cond::Ge, 2_147_483_648.0),
            (true, ..) => (-9_223_372_036_854_775_808.0, Cond::Ge, 9_223_372_036_854_775_808.0),
            (false, Size::B32, _) => (-1.0, Cond::Gt, 4_294_967_296.0),
            (false, ..) => (-1.0, Cond::Gt, 18_446_744_073_709_551_616.0),
        };
        let bits = |value: f64| match float {
            Size::B32 => u64::from((value as f32).to_bits()),
            _ => value.to_bits(),
        };
        self.float_constant(SCRATCH_VECTOR, bits(low));
        self.asm.fcmp(float, src, SCRATCH_VECTOR);
        self.asm.b_cond(in_range.invert(), overflow);
        self.float_constant(SCRATCH_VECTOR, bits(high));
        self.asm.fcmp(float, src, SCRATCH_VECTOR);
        self.asm.b_cond(Cond::Mi, back);
        self.asm.bind(overflow);
        self.raise(TrapCode::IntegerOverflow);
        self.asm.bind(nan);
        self.raise(TrapCode::BadConversion);
    }
}
