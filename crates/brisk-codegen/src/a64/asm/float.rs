//! Scalar floats. `float` is their size: 32 or 64 bits.

use super::buffer::Assembler;
use super::imm::FloatImm;
use super::operand::*;

encodings! {
    /// Two operands.
    Float2Op {
        /// `a * b`
        Fmul = 0x1e20_0800,
        /// `a / b`
        Fdiv = 0x1e20_1800,
        /// `a + b`
        Fadd = 0x1e20_2800,
        /// `a - b`
        Fsub = 0x1e20_3800,
        /// The greater; NaN if one is.
        Fmax = 0x1e20_4800,
        /// The less; NaN if one is.
        Fmin = 0x1e20_5800,
        /// The greater; the other if one is NaN.
        Fmaxnm = 0x1e20_6800,
        /// The less; the other if one is NaN.
        Fminnm = 0x1e20_7800,
        /// `-(a * b)`
        Fnmul = 0x1e20_8800,
    }
}

encodings! {
    /// One operand.
    Float1Op {
        /// The same.
        Fmov = 0x1e20_4000,
        /// Without the sign.
        Fabs = 0x1e20_c000,
        /// The opposite sign.
        Fneg = 0x1e21_4000,
        /// Square root.
        Fsqrt = 0x1e21_c000,
        /// To an integer: the nearest, even of two.
        Frintn = 0x1e24_4000,
        /// To an integer: up.
        Frintp = 0x1e24_c000,
        /// To an integer: down.
        Frintm = 0x1e25_4000,
        /// To an integer: towards zero.
        Frintz = 0x1e25_c000,
        /// To an integer: the nearest, away from zero of two.
        Frinta = 0x1e26_4000,
        /// To an integer as the mode says, with the flag of inexactness.
        Frintx = 0x1e27_4000,
        /// To an integer as the mode says.
        Frinti = 0x1e27_c000,
    }
}

encodings! {
    /// Three operands, rounded once.
    Float3Op {
        /// `c + a * b`
        Fmadd = 0x1f00_0000,
        /// `c - a * b`
        Fmsub = 0x1f00_8000,
        /// `-c - a * b`
        Fnmadd = 0x1f20_0000,
        /// `-c + a * b`
        Fnmsub = 0x1f20_8000,
    }
}

encodings! {
    /// From a float to an integer in a general-purpose register; what does not fit saturates, NaN gives 0.
    ToIntOp {
        /// Signed, the nearest, even of two.
        Fcvtns = 0x1e20_0000,
        /// Unsigned, the nearest, even of two.
        Fcvtnu = 0x1e21_0000,
        /// Signed, the nearest, away from zero of two.
        Fcvtas = 0x1e24_0000,
        /// Unsigned, the nearest, away from zero of two.
        Fcvtau = 0x1e25_0000,
        /// Signed, up.
        Fcvtps = 0x1e28_0000,
        /// Unsigned, up.
        Fcvtpu = 0x1e29_0000,
        /// Signed, down.
        Fcvtms = 0x1e30_0000,
        /// Unsigned, down.
        Fcvtmu = 0x1e31_0000,
        /// Signed, towards zero.
        Fcvtzs = 0x1e38_0000,
        /// Unsigned, towards zero.
        Fcvtzu = 0x1e39_0000,
    }
}

encodings! {
    /// From an integer in a general-purpose register to a float.
    FromIntOp {
        /// Signed.
        Scvtf = 0x1e22_0000,
        /// Unsigned.
        Ucvtf = 0x1e23_0000,
    }
}

/// The field of a float's size.
fn ftype(float: Size) -> u32 {
    debug_assert!(matches!(float, Size::B32 | Size::B64));
    u32::from(float == Size::B64) << 22
}

impl Assembler {
    /// `op dst, a, b`
    #[inline]
    pub fn float2(&mut self, op: Float2Op, float: Size, dst: Fpr, a: Fpr, b: Fpr) {
        self.word(op as u32 | ftype(float) | b.n() << 16 | a.n() << 5 | dst.n());
    }

    /// `op dst, src`
    #[inline]
    pub fn float1(&mut self, op: Float1Op, float: Size, dst: Fpr, src: Fpr) {
        self.word(op as u32 | ftype(float) | src.n() << 5 | dst.n());
    }

    /// `op dst, a, b, c`
    pub fn float3(&mut self, op: Float3Op, float: Size, dst: Fpr, a: Fpr, b: Fpr, c: Fpr) {
        self.word(op as u32 | ftype(float) | b.n() << 16 | c.n() << 10 | a.n() << 5 | dst.n());
    }

    /// `fcvt d, s`: from 32 to 64 bits
    pub fn fcvt_to_double(&mut self, dst: Fpr, src: Fpr) {
        self.word(0x1e22_c000 | src.n() << 5 | dst.n());
    }

    /// `fcvt s, d`: from 64 to 32 bits
    pub fn fcvt_to_single(&mut self, dst: Fpr, src: Fpr) {
        self.word(0x1e62_4000 | src.n() << 5 | dst.n());
    }

    /// `fcmp a, b`
    #[inline]
    pub fn fcmp(&mut self, float: Size, a: Fpr, b: Fpr) {
        self.word(0x1e20_2000 | ftype(float) | b.n() << 16 | a.n() << 5);
    }

    /// `fcmp a, #0.0`
    pub fn fcmp_zero(&mut self, float: Size, a: Fpr) {
        self.word(0x1e20_2008 | ftype(float) | a.n() << 5);
    }

    /// `fccmp a, b, #nzcv, cond`: flags of the comparison if the condition holds, else `nzcv`
    pub fn fccmp(&mut self, float: Size, a: Fpr, b: Fpr, nzcv: u8, cond: Cond) {
        debug_assert!(nzcv < 16);
        let bits = 0x1e20_0400 | ftype(float) | (cond as u32) << 12 | u32::from(nzcv);
        self.word(bits | b.n() << 16 | a.n() << 5);
    }

    /// `fcsel dst, a, b, cond`: `a` if the condition holds, else `b`
    pub fn fcsel(&mut self, float: Size, dst: Fpr, a: Fpr, b: Fpr, cond: Cond) {
        let bits = 0x1e20_0c00 | ftype(float) | (cond as u32) << 12;
        self.word(bits | b.n() << 16 | a.n() << 5 | dst.n());
    }

    /// `fmov dst, #imm`
    pub fn fmov_imm(&mut self, float: Size, dst: Fpr, imm: FloatImm) {
        self.word(0x1e20_1000 | ftype(float) | imm.bits() << 13 | dst.n());
    }

    /// `fmov s, w` or `fmov d, x`: the bits; what is above in the register becomes zero
    #[inline]
    pub fn fmov_from_gpr(&mut self, size: Size, dst: Fpr, src: Gpr) {
        self.word(0x1e27_0000 | sf(size) | ftype(size) | src.zr() << 5 | dst.n());
    }

    /// `fmov w, s` or `fmov x, d`: the bits
    #[inline]
    pub fn fmov_to_gpr(&mut self, size: Size, dst: Gpr, src: Fpr) {
        self.word(0x1e26_0000 | sf(size) | ftype(size) | src.n() << 5 | dst.zr());
    }

    /// `op dst, src` to an integer of a size
    pub fn float_to_int(&mut self, op: ToIntOp, size: Size, float: Size, dst: Gpr, src: Fpr) {
        self.word(op as u32 | sf(size) | ftype(float) | src.n() << 5 | dst.zr());
    }

    /// `op dst, src` from an integer of a size
    pub fn int_to_float(&mut self, op: FromIntOp, size: Size, float: Size, dst: Fpr, src: Gpr) {
        self.word(op as u32 | sf(size) | ftype(float) | src.zr() << 5 | dst.n());
    }
}
