//! Integer instructions by family. `size` is 32 bits (the upper half of `dst` becomes zero) or 64.

use super::buffer::Assembler;
use super::imm::{AddImm, LogicImm};
use super::operand::*;

encodings! {
    /// Addition and subtraction.
    AddOp {
        /// `dst = a + b`
        Add = 0,
        /// `dst = a + b`, with flags
        Adds = 0x2000_0000,
        /// `dst = a - b`
        Sub = 0x4000_0000,
        /// `dst = a - b`, with flags
        Subs = 0x6000_0000,
    }
}

encodings! {
    /// Addition and subtraction with the carry.
    CarryOp {
        /// `dst = a + b + carry`
        Adc = 0x1a00_0000,
        /// `dst = a + b + carry`, with flags
        Adcs = 0x3a00_0000,
        /// `dst = a - b - 1 + carry`
        Sbc = 0x5a00_0000,
        /// `dst = a - b - 1 + carry`, with flags
        Sbcs = 0x7a00_0000,
    }
}

encodings! {
    /// Logic. Those that complement `b` have no immediate form.
    LogicOp {
        /// `dst = a & b`
        And = 0,
        /// `dst = a & !b`
        Bic = 0x0020_0000,
        /// `dst = a | b`
        Orr = 0x2000_0000,
        /// `dst = a | !b`
        Orn = 0x2020_0000,
        /// `dst = a ^ b`
        Eor = 0x4000_0000,
        /// `dst = a ^ !b`
        Eon = 0x4020_0000,
        /// `dst = a & b`, with flags
        Ands = 0x6000_0000,
        /// `dst = a & !b`, with flags
        Bics = 0x6020_0000,
    }
}

encodings! {
    /// Moves of 16 bits.
    WideOp {
        /// All other bits are ones, and the 16 are complemented.
        Movn = 0x1280_0000,
        /// All other bits are zeros.
        Movz = 0x5280_0000,
        /// All other bits stay.
        Movk = 0x7280_0000,
    }
}

encodings! {
    /// Moves of bit fields.
    BitfieldOp {
        /// The rest is the field's sign, and zeros below.
        Sbfm = 0x1300_0000,
        /// The rest stays.
        Bfm = 0x3300_0000,
        /// The rest is zeros.
        Ubfm = 0x5300_0000,
    }
}

encodings! {
    /// Three operands.
    MulAddOp {
        /// `dst = c + a * b`
        Madd = 0x1b00_0000,
        /// `dst = c - a * b`
        Msub = 0x1b00_8000,
        /// `dst = c + a * b`, of signed 32 bits to 64
        Smaddl = 0x9b20_0000,
        /// `dst = c - a * b`, of signed 32 bits to 64
        Smsubl = 0x9b20_8000,
        /// `dst = c + a * b`, of unsigned 32 bits to 64
        Umaddl = 0x9ba0_0000,
        /// `dst = c - a * b`, of unsigned 32 bits to 64
        Umsubl = 0x9ba0_8000,
    }
}

encodings! {
    /// Two operands.
    Data2Op {
        /// Unsigned quotient; 0 if `b` is 0.
        Udiv = 0x1ac0_0800,
        /// Signed quotient; 0 if `b` is 0, wraps.
        Sdiv = 0x1ac0_0c00,
        /// Shift left, by `b` modulo the size.
        Lsl = 0x1ac0_2000,
        /// Shift right, filling with zeros.
        Lsr = 0x1ac0_2400,
        /// Shift right, filling with the sign.
        Asr = 0x1ac0_2800,
        /// Rotation right.
        Ror = 0x1ac0_2c00,
        /// The upper 64 bits of a signed product; 64 bits only.
        Smulh = 0x9b40_7c00,
        /// The upper 64 bits of an unsigned product; 64 bits only.
        Umulh = 0x9bc0_7c00,
    }
}

encodings! {
    /// One operand.
    Data1Op {
        /// Bits reversed.
        Rbit = 0x5ac0_0000,
        /// Bytes reversed in each 16 bits.
        Rev16 = 0x5ac0_0400,
        /// Bytes reversed in each 32 bits; 64 bits only.
        Rev32 = 0xdac0_0800,
        /// All bytes reversed.
        Rev = 0x5ac0_0800,
        /// Leading zeros.
        Clz = 0x5ac0_1000,
        /// Leading bits that are the sign, without it.
        Cls = 0x5ac0_1400,
    }
}

encodings! {
    /// Selections: `a` if the condition holds, else
    SelectOp {
        /// `b`
        Csel = 0x1a80_0000,
        /// `b + 1`
        Csinc = 0x1a80_0400,
        /// `!b`
        Csinv = 0x5a80_0000,
        /// `-b`
        Csneg = 0x5a80_0400,
    }
}

encodings! {
    /// Comparisons if a condition holds; else the flags are what the instruction says.
    CcmpOp {
        /// Flags of `a + b`
        Ccmn = 0x3a40_0000,
        /// Flags of `a - b`
        Ccmp = 0x7a40_0000,
    }
}

fn pick(size: Size, bits: u32) -> u32 {
    bits | sf(size)
}

impl Assembler {
    // Addition.

    /// `op dst, a, b`
    #[inline]
    pub fn add_rr(&mut self, op: AddOp, size: Size, dst: Gpr, a: Gpr, b: Gpr) {
        if a == SP || dst == SP {
            return self.add_extend(op, size, dst, a, b, Extend::Uxtx, 0);
        }
        self.add_shift(op, size, dst, a, b, Shift::Lsl, 0);
    }

    /// `op dst, a, b, shift #amount`; not `ror`
    #[inline]
    pub fn add_shift(&mut self, op: AddOp, size: Size, dst: Gpr, a: Gpr, b: Gpr, shift: Shift, amount: u8) {
        debug_assert!(shift != Shift::Ror && u32::from(amount) < size.bits());
        let shift = (shift as u32) << 22 | u32::from(amount) << 10;
        let bits = pick(size, 0x0b00_0000 | op as u32) | shift;
        self.word(bits | b.zr() << 16 | a.zr() << 5 | dst.zr());
    }

    /// `op dst, a, b, extend #amount`: an amount of 0 to 4. `a` may be sp and not xzr; the same for `dst`, if the flags
    /// are not wanted.
    #[inline]
    pub fn add_extend(
        &mut self,
        op: AddOp,
        size: Size,
        dst: Gpr,
        a: Gpr,
        b: Gpr,
        extend: Extend,
        amount: u8,
    ) {
        debug_assert!(amount <= 4);
        // In 32 bits there is nothing else to extend.
        let extend = if size == Size::B32 && extend == Extend::Uxtx { Extend::Uxtw } else { extend };
        let bits = pick(size, 0x0b20_0000 | op as u32) | (extend as u32) << 13 | u32::from(amount) << 10;
        self.word(bits | b.zr() << 16 | a.sp() << 5 | sum(op, dst));
    }

    /// `op dst, a, #imm`. `a` may be sp and not xzr; the same for `dst`, if the flags are not wanted.
    #[inline]
    pub fn add_imm(&mut self, op: AddOp, size: Size, dst: Gpr, a: Gpr, imm: AddImm) {
        let bits = pick(size, 0x1100_0000 | op as u32) | imm.bits();
        self.word(bits | a.sp() << 5 | sum(op, dst));
    }

    /// `cmp a, b`
    #[inline]
    pub fn cmp_rr(&mut self, size: Size, a: Gpr, b: Gpr) {
        self.add_rr(AddOp::Subs, size, XZR, a, b);
    }

    /// `cmp a, #imm`
    #[inline]
    pub fn cmp_imm(&mut self, size: Size, a: Gpr, imm: AddImm) {
        self.add_imm(AddOp::Subs, size, XZR, a, imm);
    }

    /// `cmn a, #imm`: compares with a negative number
    #[inline]
    pub fn cmn_imm(&mut self, size: Size, a: Gpr, imm: AddImm) {
        self.add_imm(AddOp::Adds, size, XZR, a, imm);
    }

    /// `neg dst, a`
    pub fn neg(&mut self, size: Size, dst: Gpr, a: Gpr) {
        self.add_rr(AddOp::Sub, size, dst, XZR, a);
    }

    /// `op dst, a, b` with the carry
    pub fn carry(&mut self, op: CarryOp, size: Size, dst: Gpr, a: Gpr, b: Gpr) {
        self.word(pick(size, op as u32) | b.zr() << 16 | a.zr() << 5 | dst.zr());
    }

    // Logic.

    /// `op dst, a, b`
    #[inline]
    pub fn logic_rr(&mut self, op: LogicOp, size: Size, dst: Gpr, a: Gpr, b: Gpr) {
        self.logic_shift(op, size, dst, a, b, Shift::Lsl, 0);
    }

    /// `op dst, a, b, shift #amount`
    #[inline]
    pub fn logic_shift(
        &mut self,
        op: LogicOp,
        size: Size,
        dst: Gpr,
        a: Gpr,
        b: Gpr,
        shift: Shift,
        amount: u8,
    ) {
        debug_assert!(u32::from(amount) < size.bits());
        let shift = (shift as u32) << 22 | u32::from(amount) << 10;
        let bits = pick(size, 0x0a00_0000 | op as u32) | shift;
        self.word(bits | b.zr() << 16 | a.zr() << 5 | dst.zr());
    }

    /// `op dst, a, #imm`, the immediate made for this size. `dst` may be sp and not xzr, if the flags are not wanted.
    #[inline]
    pub fn logic_imm(&mut self, op: LogicOp, size: Size, dst: Gpr, a: Gpr, imm: LogicImm) {
        debug_assert!(matches!(op, LogicOp::And | LogicOp::Orr | LogicOp::Eor | LogicOp::Ands));
        debug_assert!(size == Size::B64 || imm.bits() >> 22 == 0, "an immediate of 64 bits");
        let dst = if op == LogicOp::Ands { dst.zr() } else { dst.sp() };
        self.word(pick(size, 0x1200_0000 | op as u32) | imm.bits() | a.zr() << 5 | dst);
    }

    /// `tst a, b`: flags of `a & b`
    pub fn tst_rr(&mut self, size: Size, a: Gpr, b: Gpr) {
        self.logic_rr(LogicOp::Ands, size, XZR, a, b);
    }

    /// `tst a, #imm`
    pub fn tst_imm(&mut self, size: Size, a: Gpr, imm: LogicImm) {
        self.logic_imm(LogicOp::Ands, size, XZR, a, imm);
    }

    /// `mvn dst, a`
    pub fn mvn(&mut self, size: Size, dst: Gpr, a: Gpr) {
        self.logic_rr(LogicOp::Orn, size, dst, XZR, a);
    }

    // Moves and constants.

    /// `mov dst, src`; either may be sp
    #[inline]
    pub fn mov_rr(&mut self, size: Size, dst: Gpr, src: Gpr) {
        if dst == SP || src == SP {
            return self.word(pick(size, 0x1100_0000) | src.sp() << 5 | dst.sp());
        }
        self.logic_rr(LogicOp::Orr, size, dst, XZR, src);
    }

    /// `op dst, #imm, lsl #(16 * half)`
    #[inline]
    pub fn mov_wide(&mut self, op: WideOp, size: Size, dst: Gpr, imm: u16, half: u8) {
        debug_assert!(u32::from(half) < size.bits() / 16);
        self.word(pick(size, op as u32) | u32::from(half) << 21 | u32::from(imm) << 5 | dst.zr());
    }

    /// A constant in the fewest instructions, one to four; of 32 bits the upper half counts as zero. Keeps the flags.
    pub fn mov_imm(&mut self, size: Size, dst: Gpr, value: u64) {
        constant_steps(size, value, |size, step| match step {
            Step::Wide(op, imm, half) => self.mov_wide(op, size, dst, imm, half),
            Step::Logic(imm) => self.logic_imm(LogicOp::Orr, size, dst, XZR, imm),
        });
    }

    // Bit fields.

    /// `op dst, src, #rotate, #top`: if `rotate <= top`, the bits `rotate..=top` of `src` go to the bottom; else its low
    /// `top + 1` bits go up by the size minus `rotate`
    #[inline]
    pub fn bitfield(&mut self, op: BitfieldOp, size: Size, dst: Gpr, src: Gpr, rotate: u8, top: u8) {
        debug_assert!(u32::from(rotate) < size.bits() && u32::from(top) < size.bits());
        // The bit N repeats the size.
        let bits = pick(size, op as u32) | sf(size) >> 9;
        self.word(bits | u32::from(rotate) << 16 | u32::from(top) << 10 | src.zr() << 5 | dst.zr());
    }

    /// `lsl`, `lsr`, `asr` or `ror dst, src, #amount`
    #[inline]
    pub fn shift_imm(&mut self, shift: Shift, size: Size, dst: Gpr, src: Gpr, amount: u8) {
        let bits = size.bits() as u8;
        debug_assert!(amount < bits);
        match shift {
            Shift::Lsl => {
                self.bitfield(BitfieldOp::Ubfm, size, dst, src, (bits - amount) % bits, bits - 1 - amount);
            }
            Shift::Lsr => self.bitfield(BitfieldOp::Ubfm, size, dst, src, amount, bits - 1),
            Shift::Asr => self.bitfield(BitfieldOp::Sbfm, size, dst, src, amount, bits - 1),
            Shift::Ror => self.extr(size, dst, src, src, amount),
        }
    }

    /// `ubfx`, `sbfx` or `bfxil dst, src, #from, #width`: bits of `src` to the bottom
    pub fn extract_bits(&mut self, op: BitfieldOp, size: Size, dst: Gpr, src: Gpr, from: u8, width: u8) {
        debug_assert!(width > 0 && u32::from(from) + u32::from(width) <= size.bits());
        self.bitfield(op, size, dst, src, from, from + width - 1);
    }

    /// `ubfiz`, `sbfiz` or `bfi dst, src, #to, #width`: low bits of `src` go up
    pub fn insert_bits(&mut self, op: BitfieldOp, size: Size, dst: Gpr, src: Gpr, to: u8, width: u8) {
        let bits = size.bits() as u8;
        debug_assert!(width > 0 && to < bits && width <= bits - to);
        self.bitfield(op, size, dst, src, (bits - to) % bits, width - 1);
    }

    /// `uxtb`, `uxth`, `sxtb`, `sxth`, `sxtw dst, src`, and `mov` of 32 bits for `Uxtw`
    pub fn extend(&mut self, extend: Extend, size: Size, dst: Gpr, src: Gpr) {
        let (op, size, top) = match extend {
            // What is written to the lower half makes the upper one zero.
            Extend::Uxtb => (BitfieldOp::Ubfm, Size::B32, 7),
            Extend::Uxth => (BitfieldOp::Ubfm, Size::B32, 15),
            Extend::Sxtb => (BitfieldOp::Sbfm, size, 7),
            Extend::Sxth => (BitfieldOp::Sbfm, size, 15),
            Extend::Sxtw if size == Size::B64 => (BitfieldOp::Sbfm, size, 31),
            Extend::Uxtw | Extend::Sxtw => return self.mov_rr(Size::B32, dst, src),
            Extend::Uxtx | Extend::Sxtx => return self.mov_rr(size, dst, src),
        };
        self.bitfield(op, size, dst, src, 0, top);
    }

    /// `extr dst, a, b, #lsb`: `a:b` shifted right
    pub fn extr(&mut self, size: Size, dst: Gpr, a: Gpr, b: Gpr, lsb: u8) {
        debug_assert!(u32::from(lsb) < size.bits());
        let bits = pick(size, 0x1380_0000) | sf(size) >> 9 | u32::from(lsb) << 10;
        self.word(bits | b.zr() << 16 | a.zr() << 5 | dst.zr());
    }

    // Other arithmetic.

    /// `op dst, a, b, c`
    pub fn mul_add(&mut self, op: MulAddOp, size: Size, dst: Gpr, a: Gpr, b: Gpr, c: Gpr) {
        debug_assert!((op as u32) >> 31 == 0 || size == Size::B64, "it multiplies to 64 bits");
        let bits = pick(size, op as u32);
        self.word(bits | b.zr() << 16 | c.zr() << 10 | a.zr() << 5 | dst.zr());
    }

    /// `mul dst, a, b`
    #[inline]
    pub fn mul(&mut self, size: Size, dst: Gpr, a: Gpr, b: Gpr) {
        self.mul_add(MulAddOp::Madd, size, dst, a, b, XZR);
    }

    /// `op dst, a, b`
    #[inline]
    pub fn data2(&mut self, op: Data2Op, size: Size, dst: Gpr, a: Gpr, b: Gpr) {
        debug_assert!((op as u32) >> 31 == 0 || size == Size::B64, "it is of 64 bits only");
        self.word(pick(size, op as u32) | b.zr() << 16 | a.zr() << 5 | dst.zr());
    }

    /// `op dst, src`
    #[inline]
    pub fn data1(&mut self, op: Data1Op, size: Size, dst: Gpr, src: Gpr) {
        debug_assert!((op as u32) >> 31 == 0 || size == Size::B64, "it is of 64 bits only");
        let wide_rev = u32::from(op == Data1Op::Rev && size == Size::B64) << 10;
        self.word(pick(size, op as u32) | wide_rev | src.zr() << 5 | dst.zr());
    }

    // Conditions.

    /// `op dst, a, b, cond`
    #[inline]
    pub fn select(&mut self, op: SelectOp, size: Size, dst: Gpr, a: Gpr, b: Gpr, cond: Cond) {
        let bits = pick(size, op as u32) | (cond as u32) << 12;
        self.word(bits | b.zr() << 16 | a.zr() << 5 | dst.zr());
    }

    /// `cset dst, cond`: 1 if the condition holds, else 0
    pub fn cset(&mut self, dst: Gpr, cond: Cond) {
        self.select(SelectOp::Csinc, Size::B32, dst, XZR, XZR, cond.invert());
    }

    /// `csetm dst, cond`: all ones if the condition holds, else 0
    pub fn csetm(&mut self, size: Size, dst: Gpr, cond: Cond) {
        self.select(SelectOp::Csinv, size, dst, XZR, XZR, cond.invert());
    }

    /// `op a, b, #nzcv, cond`: flags of the comparison if the condition holds, else `nzcv`
    pub fn ccmp(&mut self, op: CcmpOp, size: Size, a: Gpr, b: Gpr, nzcv: u8, cond: Cond) {
        debug_assert!(nzcv < 16);
        let bits = pick(size, op as u32) | (cond as u32) << 12 | u32::from(nzcv);
        self.word(bits | b.zr() << 16 | a.zr() << 5);
    }

    /// `op a, #imm, #nzcv, cond`: an immediate of 0 to 31
    pub fn ccmp_imm(&mut self, op: CcmpOp, size: Size, a: Gpr, imm: u8, nzcv: u8, cond: Cond) {
        debug_assert!(nzcv < 16 && imm < 32);
        let bits = pick(size, op as u32) | 0x800 | (cond as u32) << 12 | u32::from(nzcv);
        self.word(bits | u32::from(imm) << 16 | a.zr() << 5);
    }
}

/// The result of an addition: xzr if it gives flags, else sp.
fn sum(op: AddOp, dst: Gpr) -> u32 {
    match op {
        AddOp::Add | AddOp::Sub => dst.sp(),
        AddOp::Adds | AddOp::Subs => dst.zr(),
    }
}

/// An instruction that makes a constant.
#[derive(Clone, Copy)]
enum Step {
    /// A move of 16 bits: the immediate and its place.
    Wide(WideOp, u16, u8),
    /// `orr dst, xzr, #imm`.
    Logic(LogicImm),
}

/// The instructions that make a constant, and their size.
fn constant_steps(size: Size, value: u64, mut step: impl FnMut(Size, Step)) {
    // What fits in 32 bits needs no more of them there.
    let size = if value >> 32 == 0 { Size::B32 } else { size };
    let value = if size == Size::B32 { value & 0xffff_ffff } else { value };
    let halves = size.bits() as u8 / 16;
    let half = |nth: u8| (value >> (16 * nth)) as u16;
    let zeros = (0..halves).filter(|&nth| half(nth) == 0).count();
    let ones = (0..halves).filter(|&nth| half(nth) == 0xffff).count();
    let moves = (usize::from(halves) - zeros.max(ones)).max(1);
    if moves > 1
        && let Some(imm) = LogicImm::new(size, value)
    {
        return step(size, Step::Logic(imm));
    }
    if moves > 2 {
        // One half that does not fit into a pattern of the others.
        for nth in 0..halves {
            for other in
                [half((nth + 1) % halves), half((nth + 2) % halves), half((nth + 3) % halves), 0, 0xffff]
            {
                let clear = value & !(0xffff << (16 * nth)) | u64::from(other) << (16 * nth);
                if let Some(imm) = LogicImm::new(size, clear) {
                    step(size, Step::Logic(imm));
                    return step(size, Step::Wide(WideOp::Movk, half(nth), nth));
                }
            }
        }
    }
    let (first_op, rest) = if ones > zeros { (WideOp::Movn, 0xffff) } else { (WideOp::Movz, 0) };
    let first = (0..halves).find(|&nth| half(nth) != rest).unwrap_or(0);
    let imm = if first_op == WideOp::Movn { !half(first) } else { half(first) };
    step(size, Step::Wide(first_op, imm, first));
    for nth in first + 1..halves {
        if half(nth) != rest {
            step(size, Step::Wide(WideOp::Movk, half(nth), nth));
        }
    }
}

/// How many instructions [`Assembler::mov_imm`] takes.
pub fn mov_imm_len(size: Size, value: u64) -> u32 {
    let mut len = 0;
    constant_steps(size, value, |_, _| len += 1);
    len
}
