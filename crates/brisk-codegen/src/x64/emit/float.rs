//! Floats and vectors.

use super::*;

impl Emit<'_> {
    /// A three-operand vector instruction; without AVX, after a move of the first operand.
    pub(super) fn rrr(&mut self, op: VecOp, dst: Xmm, a: Xmm, src: impl Into<RmX>) {
        let src = src.into();
        if !self.asm.features().avx && dst != a {
            debug_assert!(src.reg() != Some(dst), "the move would destroy the second operand");
            self.asm.vec_mov(dst, a);
            self.asm.vec_rrr(op, dst, dst, src);
        } else {
            self.asm.vec_rrr(op, dst, a, src);
        }
    }

    /// Emits an instruction on vector registers.
    pub(super) fn emit_float(&mut self, inst: Inst) {
        match inst {
            Inst::MovVec => {
                let (dst, src) = (self.vector(0), self.vector(1));
                self.asm.vec_mov(dst, src);
            }
            Inst::LoadVec(width, address) => {
                let dst = self.vector(0);
                let mem = self.mem(address, 1);
                let op = match width {
                    VecWidth::B4 => VecOp::LoadMovss,
                    VecWidth::B8 => VecOp::LoadMovsd,
                    VecWidth::B16 => VecOp::Movups,
                };
                self.asm.vec_load(op, dst, mem);
            }
            Inst::StoreVec(width, address) => {
                let src = self.vector(0);
                let mem = self.mem(address, 1);
                let op = match width {
                    VecWidth::B4 => VecOp::StoreMovss,
                    VecWidth::B8 => VecOp::StoreMovsd,
                    VecWidth::B16 => VecOp::StoreMovups,
                };
                self.asm.vec_store(op, mem, src);
            }
            Inst::CmpFloat(float) => {
                let (a, b) = (self.vector(0), self.rmx(1));
                self.compare(float, a, b);
            }
            Inst::SelectVec(flags) => self.select_vec(flags),
            Inst::Vec(op) => {
                let (dst, a, b) = (self.vector(0), self.vector(1), self.rmx(2));
                self.asm.vec_rrr(op, dst, a, b);
            }
            Inst::VecMem(op, address) => {
                let (dst, a) = (self.vector(0), self.vector(1));
                let mem = self.mem(address, 2);
                self.asm.vec_rrr(op, dst, a, mem);
            }
            Inst::VecUnary(op) => {
                let (dst, src) = (self.vector(0), self.rmx(1));
                self.unary(op, dst, src);
            }
            Inst::VecUnaryMem(op, address) => {
                let dst = self.vector(0);
                self.clear_for(op, dst);
                let mem = self.mem(address, 1);
                self.asm.vec_rr(op, dst, mem);
            }
            Inst::VecImm3(op, imm) => {
                let (dst, a, b) = (self.vector(0), self.vector(1), self.rmx(2));
                self.asm.vec_rrr_imm(op, dst, a, b, imm);
            }
            Inst::VecImm2(op, imm) => {
                let (dst, src) = (self.vector(0), self.rmx(1));
                self.asm.vec_rr_imm(op, dst, src, imm);
            }
            Inst::VecToInt(size) => {
                let (dst, src) = (self.gpr(0), self.vector(1));
                self.asm.mov_to_gpr(size, dst, src);
            }
            Inst::IntToVec(size) => {
                let (dst, src) = (self.vector(0), self.gpr(1));
                self.asm.mov_from_gpr(size, dst, src);
            }
            Inst::MinMax { max, float } => self.min_max(max, float),
            Inst::IntToFloat(size, float) => {
                let (dst, src) = (self.vector(0), self.rm(1));
                self.asm.vec_zero(dst);
                self.asm.cvt_from_int(from_int(float), size, dst, dst, src);
            }
            Inst::UnsignedToFloat(float) => self.unsigned_to_float(float),
            Inst::FloatToInt { .. } => self.float_to_int(),
            Inst::Copysign(float) => self.copysign(float),
            Inst::SignOp { negate, float } => {
                let (dst, src) = (self.vector(0), self.vector(1));
                let mask = self.sign_mask(float, !negate);
                let op = if negate { VecOp::Xorps } else { VecOp::Andps };
                self.asm.vec_rrr(op, dst, src, Mem::label(mask));
            }
            Inst::Canon { float, vector } => self.canon(float, vector),
            Inst::Simd(inst) => self.emit_simd(inst),
            _ => unreachable!("{inst:?} is emitted elsewhere"),
        }
    }

    /// A conversion or root of one lane keeps the others: without this it would wait for whatever was there.
    fn clear_for(&mut self, op: VecOp, dst: Xmm) {
        if matches!(op.info().form, Form::Scalar | Form::ScalarImm) {
            self.asm.vec_zero(dst);
        }
    }

    fn unary(&mut self, op: VecOp, dst: Xmm, src: RmX) {
        if matches!(src, RmX::Mem(_)) {
            self.clear_for(op, dst);
        }
        self.asm.vec_rr(op, dst, src);
    }

    fn compare(&mut self, float: Float, a: Xmm, b: impl Into<RmX>) {
        let op = if float == Float::Single { VecOp::Ucomiss } else { VecOp::Ucomisd };
        self.asm.vec_rr(op, a, b);
    }

    /// A constant with the sign bit of every lane set, or all others.
    fn sign_mask(&mut self, float: Float, inverted: bool) -> Label {
        let bits = match float {
            Float::Single => {
                u128::from_ne_bytes([0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0x80])
            }
            Float::Double => u128::from(1_u64 << 63) << 64 | u128::from(1_u64 << 63),
        };
        self.asm.constant16(if inverted { !bits } else { bits })
    }

    fn select_vec(&mut self, flags: Flags) {
        let (dst, src) = (self.vector(0), self.vector(1));
        let done = self.asm.new_label();
        match flags {
            Flags::Is(cond) => self.asm.jcc_short(cond.invert(), done),
            Flags::FloatEq => {
                self.asm.jcc_short(Cond::Ne, done);
                self.asm.jcc_short(Cond::P, done);
            }
            Flags::FloatNe => {
                let take = self.asm.new_label();
                self.asm.jcc_short(Cond::P, take);
                self.asm.jcc_short(Cond::E, done);
                self.asm.bind(take);
            }
        }
        self.asm.vec_mov(dst, src);
        self.asm.bind(done);
    }

    fn min_max(&mut self, max: bool, float: Float) {
        let (dst, a, b) = (self.vector(0), self.vector(1), self.vector(2));
        let single = float == Float::Single;
        let (differ, unordered, done) = (self.asm.new_label(), self.asm.new_label(), self.asm.new_label());
        self.compare(float, a, b);
        self.asm.jcc_short(Cond::Ne, differ);
        self.asm.jcc_short(Cond::P, unordered);
        // Equal: the sign of zero decides.
        self.rrr(if max { VecOp::Andps } else { VecOp::Orps }, dst, a, b);
        self.asm.jmp_short(done);
        self.asm.bind(unordered);
        self.rrr(if single { VecOp::Addss } else { VecOp::Addsd }, dst, a, b);
        self.asm.jmp_short(done);
        self.asm.bind(differ);
        let op = match (max, single) {
            (false, true) => VecOp::Minss,
            (false, false) => VecOp::Minsd,
            (true, true) => VecOp::Maxss,
            (true, false) => VecOp::Maxsd,
        };
        self.rrr(op, dst, a, b);
        self.asm.bind(done);
    }

    fn unsigned_to_float(&mut self, float: Float) {
        let (dst, src, low) = (self.vector(0), self.gpr(1), self.gpr(2));
        let (large, done) = (self.asm.new_label(), self.asm.new_label());
        let convert = from_int(float);
        self.asm.vec_zero(dst);
        self.asm.test(Size::B64, src, src);
        self.asm.jcc_short(Cond::S, large);
        self.asm.cvt_from_int(convert, Size::B64, dst, dst, src);
        self.asm.jmp_short(done);
        self.asm.bind(large);
        // Halved with the lost bit kept, so that it still rounds the right way, and doubled.
        self.asm.mov_rr(Size::B64, SCRATCH, src);
        self.asm.shift(ShiftOp::Shr, Size::B64, SCRATCH, 1);
        self.asm.mov_rr(Size::B32, low, src);
        self.asm.alu_imm(AluOp::And, Size::B32, low, 1);
        self.asm.alu(AluOp::Or, Size::B64, SCRATCH, low);
        self.asm.cvt_from_int(convert, Size::B64, dst, dst, SCRATCH);
        self.asm.vec_rrr(if float == Float::Single { VecOp::Addss } else { VecOp::Addsd }, dst, dst, dst);
        self.asm.bind(done);
    }

    fn copysign(&mut self, float: Float) {
        let (dst, a, b) = (self.vector(0), self.vector(1), self.vector(2));
        let mask = self.sign_mask(float, false);
        self.asm.vec_load(VecOp::Movaps, SCRATCH_VECTOR, Mem::label(mask));
        self.rrr(VecOp::Andnps, dst, SCRATCH_VECTOR, a);
        self.asm.vec_rrr(VecOp::Andps, SCRATCH_VECTOR, SCRATCH_VECTOR, b);
        self.asm.vec_rrr(VecOp::Orps, dst, dst, SCRATCH_VECTOR);
    }

    fn canon(&mut self, float: Float, vector: bool) {
        let dst = self.vector(0);
        let single = float == Float::Single;
        if vector {
            // Ones in the lanes that are no NaN; the others get the canonical one.
            let op = if single { VecOp::Cmpps } else { VecOp::Cmppd };
            let nan = if single {
                u128::from_ne_bytes([0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f])
            } else {
                u128::from(0x7ff8_u64 << 48) << 64 | u128::from(0x7ff8_u64 << 48)
            };
            let nan = self.asm.constant16(nan);
            self.asm.vec_mov(SCRATCH_VECTOR, dst);
            // 7: ordered.
            self.asm.vec_rrr_imm(op, SCRATCH_VECTOR, SCRATCH_VECTOR, dst, 7);
            self.asm.vec_rrr(VecOp::Andps, dst, dst, SCRATCH_VECTOR);
            self.asm.vec_rrr(VecOp::Andnps, SCRATCH_VECTOR, SCRATCH_VECTOR, Mem::label(nan));
            self.asm.vec_rrr(VecOp::Orps, dst, dst, SCRATCH_VECTOR);
            return;
        }
        let done = self.asm.new_label();
        self.compare(float, dst, dst);
        self.asm.jcc_short(Cond::Np, done);
        if single {
            let nan = self.asm.constant4(0x7fc0_0000);
            self.asm.vec_load(VecOp::LoadMovss, dst, Mem::label(nan));
        } else {
            let nan = self.asm.constant8(0x7ff8 << 48);
            self.asm.vec_load(VecOp::LoadMovsd, dst, Mem::label(nan));
        }
        self.asm.bind(done);
    }

    fn truncate(&mut self, float: Float, size: Size, dst: Gpr, src: Xmm) {
        let op = if float == Float::Single { VecOp::Cvttss2si } else { VecOp::Cvttsd2si };
        self.asm.cvt_to_int(op, size, dst, src);
    }

    /// A float constant by its value, which both widths can hold.
    fn float_constant(&mut self, float: Float, value: f64) -> Mem {
        match float {
            Float::Single => Mem::label(self.asm.constant4((value as f32).to_bits())),
            Float::Double => Mem::label(self.asm.constant8(value.to_bits())),
        }
    }

    fn float_to_int(&mut self) {
        let Inst::FloatToInt { float, size, signed, .. } = *self.current() else {
            unreachable!("a conversion")
        };
        let (dst, src, scratch) = (self.gpr(0), self.vector(1), self.vector(2));
        let back = self.asm.new_label();
        let slow = self.cold(Cold::Slow(Slow::FloatToInt(back)));
        match (signed, size) {
            (true, _) => {
                // What cannot be converted gives the smallest integer: the only one from which 1 cannot be taken.
                self.truncate(float, size, dst, src);
                self.asm.alu_imm(AluOp::Cmp, size, dst, 1);
                self.asm.jcc(Cond::O, slow);
            }
            (false, Size::B32) => {
                self.truncate(float, Size::B64, dst, src);
                self.asm.mov_rr(Size::B64, SCRATCH, dst);
                self.asm.shift(ShiftOp::Shr, Size::B64, SCRATCH, 32);
                self.asm.jcc(Cond::Ne, slow);
            }
            (false, _) => {
                let large = self.asm.new_label();
                let half = self.float_constant(float, 9_223_372_036_854_775_808.0);
                self.compare(float, src, half);
                self.asm.jcc_short(Cond::Ae, large);
                self.truncate(float, size, dst, src);
                self.asm.test(Size::B64, dst, dst);
                self.asm.jcc(Cond::S, slow);
                self.asm.jmp_short(back);
                self.asm.bind(large);
                self.asm.vec_mov(scratch, src);
                let op = if float == Float::Single { VecOp::Subss } else { VecOp::Subsd };
                self.asm.vec_rrr(op, scratch, scratch, half);
                self.truncate(float, size, dst, scratch);
                self.asm.test(Size::B64, dst, dst);
                self.asm.jcc(Cond::S, slow);
                self.asm.bit_test_imm(BitTestOp::Btc, Size::B64, dst, 63);
            }
        }
        self.asm.bind(back);
    }

    /// A float that is a NaN, too large or too small: traps, saturates, or (the smallest integer itself) is right.
    pub(super) fn float_to_int_slow(&mut self, back: Label) {
        let Inst::FloatToInt { float, size, signed, saturate } = *self.current() else {
            unreachable!("a conversion")
        };
        let (dst, src) = (self.gpr(0), self.vector(1));
        let negative = self.asm.new_label();
        let nan = self.asm.new_label();
        self.asm.vec_zero(SCRATCH_VECTOR);
        self.compare(float, src, SCRATCH_VECTOR);
        self.asm.jcc(Cond::P, nan);
        self.asm.jcc(Cond::B, negative);
        // Too large.
        if saturate {
            let max = match (signed, size) {
                (true, Size::B32) => i32::MAX as u64,
                (true, _) => i64::MAX as u64,
                (false, Size::B32) => u64::from(u32::MAX),
                (false, _) => u64::MAX,
            };
            self.asm.mov_imm64(dst, max);
            self.asm.jmp(back);
            self.asm.bind(negative);
            if signed {
                // The smallest integer is there already.
                self.asm.jmp(back);
            }
            self.asm.bind(nan);
            self.asm.zero(dst);
            self.asm.jmp(back);
            return;
        }
        self.raise(TrapCode::IntegerOverflow);
        self.asm.bind(nan);
        self.raise(TrapCode::BadConversion);
        self.asm.bind(negative);
        if signed {
            // In range if truncation gives the smallest integer: above it minus 1, where that is a float; where it is
            // not, at least the integer.
            let (bound, cond) = match (float, size) {
                (Float::Double, Size::B32) => (-2_147_483_649.0, Cond::A),
                (_, Size::B32) => (-2_147_483_648.0, Cond::Ae),
                _ => (-9_223_372_036_854_775_808.0, Cond::Ae),
            };
            let bound = self.float_constant(float, bound);
            self.compare(float, src, bound);
            self.asm.jcc(cond, back);
        }
        self.raise(TrapCode::IntegerOverflow);
    }
}

fn from_int(float: Float) -> VecOp {
    if float == Float::Single { VecOp::Cvtsi2ss } else { VecOp::Cvtsi2sd }
}
