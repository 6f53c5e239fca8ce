//! Integer instructions by family.

use super::buffer::{Assembler, Imm, Map, Opcode, Rex, fits_i8};
use super::operand::*;

vocabulary! {
    /// Two-operand arithmetic, by its number in the opcode.
    AluOp {
        /// `dst += src`
        Add = 0,
        /// `dst |= src`
        Or = 1,
        /// `dst += src + carry`
        Adc = 2,
        /// `dst -= src + carry`
        Sbb = 3,
        /// `dst &= src`
        And = 4,
        /// `dst -= src`
        Sub = 5,
        /// `dst ^= src`
        Xor = 6,
        /// Flags of `dst - src`
        Cmp = 7,
    }
}

vocabulary! {
    /// One-operand arithmetic, by its number in the ModRM byte.
    UnaryOp {
        /// `dst = !dst`
        Not = 2,
        /// `dst = -dst`
        Neg = 3,
        /// `rdx:rax = rax * src`, unsigned
        Mul = 4,
        /// `rdx:rax = rax * src`, signed
        Imul = 5,
        /// `rax, rdx = rdx:rax / src, %`, unsigned
        Div = 6,
        /// `rax, rdx = rdx:rax / src, %`, signed
        Idiv = 7,
    }
}

vocabulary! {
    /// Shifts and rotations, by their number in the ModRM byte.
    ShiftOp {
        /// Rotate left.
        Rol = 0,
        /// Rotate right.
        Ror = 1,
        /// Shift left.
        Shl = 4,
        /// Shift right, filling with zeros.
        Shr = 5,
        /// Shift right, filling with the sign.
        Sar = 7,
    }
}

vocabulary! {
    /// Shifts of two registers, by their opcode with an immediate.
    DoubleShiftOp {
        /// Left, filling from the top of the other register.
        Shld = 0xa4,
        /// Right, filling from the bottom of the other register.
        Shrd = 0xac,
    }
}

vocabulary! {
    /// Shifts of BMI2 that leave the flags alone, by their prefix.
    ShiftxOp {
        /// Shift left.
        Shlx = 0x66,
        /// Shift right, filling with the sign.
        Sarx = 0xf3,
        /// Shift right, filling with zeros.
        Shrx = 0xf2,
    }
}

vocabulary! {
    /// Two operands from BMI1: the lowest bit that is set, by the number in the ModRM byte; and
    /// `andn`, which has none.
    AndnOp {
        /// `dst = !a & b`
        Andn = 0,
        /// `dst = b & (b - 1)`
        Blsr = 1,
        /// `dst = b ^ (b - 1)`
        Blsmsk = 2,
        /// `dst = b & -b`
        Blsi = 3,
    }
}

vocabulary! {
    /// Counting and searching bits.
    CountOp {
        /// Position of the lowest bit that is set; undefined for 0 (flag Z says so).
        Bsf = 0,
        /// Position of the highest bit that is set; undefined for 0 (flag Z says so).
        Bsr = 1,
        /// Trailing zeros (BMI1).
        Tzcnt = 2,
        /// Leading zeros (LZCNT).
        Lzcnt = 3,
        /// Bits that are set (POPCNT).
        Popcnt = 4,
    }
}

vocabulary! {
    /// Tests of one bit into the carry flag, by the number in the ModRM byte.
    BitTestOp {
        /// Only test.
        Bt = 4,
        /// Test and set.
        Bts = 5,
        /// Test and reset.
        Btr = 6,
        /// Test and complement.
        Btc = 7,
    }
}

fn full(size: Size) -> bool {
    matches!(size, Size::B32 | Size::B64)
}

impl Assembler {
    // Moves.

    /// `mov dst, src` of 32 (zero-extending) or 64 bits.
    #[inline]
    pub fn mov_rr(&mut self, size: Size, dst: Gpr, src: Gpr) {
        debug_assert!(full(size));
        self.legacy(Opcode::one(0x8b), Rex::size(size), dst.0, RegMem::Reg(src.0), Imm::NONE);
    }

    /// `mov dst, [mem]`. 32 bits are zero-extended; 8 and 16 keep the rest of the register, for which
    /// there is [`Self::movzx`].
    #[inline]
    pub fn mov_load(&mut self, size: Size, dst: Gpr, mem: Mem) {
        let rex = Rex::size(size).and_reg(size, dst);
        self.legacy(Opcode::one(0x8a).sized(size), rex, dst.0, RegMem::Mem(mem), Imm::NONE);
    }

    /// `mov [mem], src`
    #[inline]
    pub fn mov_store(&mut self, size: Size, mem: Mem, src: Gpr) {
        let rex = Rex::size(size).and_reg(size, src);
        self.legacy(Opcode::one(0x88).sized(size), rex, src.0, RegMem::Mem(mem), Imm::NONE);
    }

    /// `mov [mem], imm`; for 64 bits the immediate is sign-extended.
    pub fn mov_store_imm(&mut self, size: Size, mem: Mem, imm: i32) {
        let opcode = Opcode::one(0xc6).sized(size);
        self.legacy(opcode, Rex::size(size), 0, RegMem::Mem(mem), Imm::sized(size, imm));
    }

    /// Zero-extends from 8, 16 or 32 bits to 64.
    #[inline]
    pub fn movzx(&mut self, from: Size, dst: Gpr, src: impl Into<Rm>) {
        let src = src.into();
        let opcode = match from {
            Size::B8 => Opcode::m0f(0xb6),
            Size::B16 => Opcode::m0f(0xb7),
            Size::B32 | Size::B64 => Opcode::one(0x8b),
        };
        self.legacy(opcode, Rex::size(from).and_rm(from, src), dst.0, src.into(), Imm::NONE);
    }

    /// Sign-extends from 8, 16 or 32 bits to 32 (then zero-extended) or 64.
    pub fn movsx(&mut self, from: Size, to: Size, dst: Gpr, src: impl Into<Rm>) {
        debug_assert!(full(to) && (from as u8) < to as u8);
        let src = src.into();
        let opcode = match from {
            Size::B8 => Opcode::m0f(0xbe),
            Size::B16 => Opcode::m0f(0xbf),
            Size::B32 | Size::B64 => Opcode::one(0x63),
        };
        self.legacy(opcode, Rex::size(to).and_rm(from, src), dst.0, src.into(), Imm::NONE);
    }

    /// `movsxd dst, src`: from 32 to 64 bits.
    pub fn movsxd(&mut self, dst: Gpr, src: impl Into<Rm>) {
        self.movsx(Size::B32, Size::B64, dst, src);
    }

    /// `xor dst, dst`: zero in the fewest bytes, at the cost of the flags.
    pub fn zero(&mut self, dst: Gpr) {
        self.alu(AluOp::Xor, Size::B32, dst, dst);
    }

    /// A 32-bit constant, zero-extended; keeps the flags.
    pub fn mov_imm32(&mut self, dst: Gpr, imm: u32) {
        self.plus_reg(Opcode::one(0xb8), false, dst, Imm::dword(imm));
    }

    /// A 64-bit constant in the shortest form that keeps the flags.
    pub fn mov_imm64(&mut self, dst: Gpr, imm: u64) {
        if imm <= u64::from(u32::MAX) {
            self.mov_imm32(dst, imm as u32);
        } else if imm as i64 == i64::from(imm as i32) {
            let imm = Imm::dword(imm as u32);
            self.legacy(Opcode::one(0xc7), Rex::size(Size::B64), 0, RegMem::Reg(dst.0), imm);
        } else {
            self.plus_reg(Opcode::one(0xb8), true, dst, Imm::dword(imm as u32));
            self.bytes(&((imm >> 32) as u32).to_le_bytes());
        }
    }

    /// `lea dst, [mem]`
    #[inline]
    pub fn lea(&mut self, size: Size, dst: Gpr, mem: Mem) {
        debug_assert!(full(size));
        self.legacy(Opcode::one(0x8d), Rex::size(size), dst.0, RegMem::Mem(mem), Imm::NONE);
    }

    /// Exchanges two registers of 32 (zero-extending both) or 64 bits.
    pub fn xchg(&mut self, size: Size, a: Gpr, b: Gpr) {
        debug_assert!(full(size));
        self.legacy(Opcode::one(0x87), Rex::size(size), a.0, RegMem::Reg(b.0), Imm::NONE);
    }

    /// `cmovcc dst, src`; 32 bits are zero-extended even if the condition does not hold.
    pub fn cmov(&mut self, cond: Cond, size: Size, dst: Gpr, src: impl Into<Rm>) {
        debug_assert!(full(size));
        let opcode = Opcode::m0f(0x40 | cond as u8);
        self.legacy(opcode, Rex::size(size), dst.0, src.into().into(), Imm::NONE);
    }

    /// `setcc dst`: 0 or 1 in 8 bits; the rest of the register stays.
    pub fn setcc(&mut self, cond: Cond, dst: impl Into<Rm>) {
        let dst = dst.into();
        let opcode = Opcode::m0f(0x90 | cond as u8);
        self.legacy(opcode, Rex::NONE.and_rm(Size::B8, dst), 0, dst.into(), Imm::NONE);
    }

    /// `push src`
    pub fn push(&mut self, src: Gpr) {
        self.plus_reg(Opcode::one(0x50), false, src, Imm::NONE);
    }

    /// `pop dst`
    pub fn pop(&mut self, dst: Gpr) {
        self.plus_reg(Opcode::one(0x58), false, dst, Imm::NONE);
    }

    /// `push qword [mem]`
    pub fn push_mem(&mut self, mem: Mem) {
        self.legacy(Opcode::one(0xff), Rex::NONE, 6, RegMem::Mem(mem), Imm::NONE);
    }

    /// `pop qword [mem]`. A base of rsp counts after the pop.
    pub fn pop_mem(&mut self, mem: Mem) {
        self.legacy(Opcode::one(0x8f), Rex::NONE, 0, RegMem::Mem(mem), Imm::NONE);
    }

    /// Pushes a sign-extended immediate.
    pub fn push_imm(&mut self, imm: i32) {
        if fits_i8(imm) {
            self.fixed([0x6a, imm as u8]);
        } else {
            let [a, b, c, d] = imm.to_le_bytes();
            self.fixed([0x68, a, b, c, d]);
        }
    }

    // Arithmetic.

    /// `op dst, src`
    #[inline]
    pub fn alu(&mut self, op: AluOp, size: Size, dst: Gpr, src: impl Into<Rm>) {
        let src = src.into();
        let rex = Rex::size(size).and_reg(size, dst).and_rm(size, src);
        let opcode = Opcode::one((op as u8) << 3 | 2).sized(size);
        self.legacy(opcode, rex, dst.0, src.into(), Imm::NONE);
    }

    /// `op [mem], src`
    pub fn alu_mr(&mut self, op: AluOp, size: Size, mem: Mem, src: Gpr) {
        let rex = Rex::size(size).and_reg(size, src);
        let opcode = Opcode::one((op as u8) << 3).sized(size);
        self.legacy(opcode, rex, src.0, RegMem::Mem(mem), Imm::NONE);
    }

    /// `op dst, imm`; for 64 bits the immediate is sign-extended.
    pub fn alu_imm(&mut self, op: AluOp, size: Size, dst: impl Into<Rm>, imm: i32) {
        let dst = dst.into();
        // The upper half of the result is zero anyway, and so are the flags that come from it.
        let narrow = op == AluOp::And && size == Size::B64 && imm >= 0 && dst.reg().is_some();
        let size = if narrow { Size::B32 } else { size };
        let rex = Rex::size(size).and_rm(size, dst);
        if size != Size::B8 && fits_i8(imm) {
            let opcode = Opcode::one(0x83).prefixed(size);
            self.legacy(opcode, rex, op as u8, dst.into(), Imm::byte(imm as u8));
        } else if dst == RegMem::Reg(RAX) {
            let opcode = Opcode::one((op as u8) << 3 | 4).sized(size);
            self.accumulator(opcode, rex, Imm::sized(size, imm));
        } else {
            let opcode = Opcode::one(0x80).sized(size);
            self.legacy(opcode, rex, op as u8, dst.into(), Imm::sized(size, imm));
        }
    }

    /// `test a, b`: flags of `a & b`
    pub fn test(&mut self, size: Size, a: impl Into<Rm>, b: Gpr) {
        let a = a.into();
        let rex = Rex::size(size).and_reg(size, b).and_rm(size, a);
        self.legacy(Opcode::one(0x84).sized(size), rex, b.0, a.into(), Imm::NONE);
    }

    /// `test a, imm`; of a register only as many bits are looked at as give the same flags.
    pub fn test_imm(&mut self, size: Size, a: impl Into<Rm>, imm: i32) {
        let a = a.into();
        let size = match size {
            _ if a.reg().is_none() => size,
            _ if (0..0x80).contains(&imm) => Size::B8,
            Size::B64 if imm >= 0 => Size::B32,
            _ => size,
        };
        let rex = Rex::size(size).and_rm(size, a);
        if a == RegMem::Reg(RAX) {
            self.accumulator(Opcode::one(0xa8).sized(size), rex, Imm::sized(size, imm));
        } else {
            self.legacy(Opcode::one(0xf6).sized(size), rex, 0, a.into(), Imm::sized(size, imm));
        }
    }

    /// `op src`: `not`, `neg`, or one of the multiplications and divisions of rdx:rax (of 8 bits: ax).
    pub fn unary(&mut self, op: UnaryOp, size: Size, src: impl Into<Rm>) {
        let src = src.into();
        let rex = Rex::size(size).and_rm(size, src);
        self.legacy(Opcode::one(0xf6).sized(size), rex, op as u8, src.into(), Imm::NONE);
    }

    /// `imul dst, src`, the lower half
    pub fn imul(&mut self, size: Size, dst: Gpr, src: impl Into<Rm>) {
        debug_assert!(full(size));
        self.legacy(Opcode::m0f(0xaf), Rex::size(size), dst.0, src.into().into(), Imm::NONE);
    }

    /// `imul dst, src, imm`
    pub fn imul_imm(&mut self, size: Size, dst: Gpr, src: impl Into<Rm>, imm: i32) {
        debug_assert!(full(size));
        let (opcode, imm) = match fits_i8(imm) {
            true => (0x6b, Imm::byte(imm as u8)),
            false => (0x69, Imm::dword(imm as u32)),
        };
        self.legacy(Opcode::one(opcode), Rex::size(size), dst.0, src.into().into(), imm);
    }

    /// Sign of rax into all of rdx: `cdq` (32 bits) or `cqo` (64).
    pub fn sign_into_rdx(&mut self, size: Size) {
        debug_assert!(full(size));
        match size {
            Size::B64 => self.fixed([0x48, 0x99]),
            _ => self.fixed([0x99]),
        }
    }

    /// `bswap dst`, 32 or 64 bits
    pub fn bswap(&mut self, size: Size, dst: Gpr) {
        debug_assert!(full(size));
        self.plus_reg(Opcode::m0f(0xc8), size == Size::B64, dst, Imm::NONE);
    }

    // Shifts.

    /// `op dst, count`
    pub fn shift(&mut self, op: ShiftOp, size: Size, dst: impl Into<Rm>, count: u8) {
        let dst = dst.into();
        let rex = Rex::size(size).and_rm(size, dst);
        let (opcode, imm) = match count {
            1 => (0xd0, Imm::NONE),
            _ => (0xc0, Imm::byte(count)),
        };
        self.legacy(Opcode::one(opcode).sized(size), rex, op as u8, dst.into(), imm);
    }

    /// `op dst, cl`
    pub fn shift_cl(&mut self, op: ShiftOp, size: Size, dst: impl Into<Rm>) {
        let dst = dst.into();
        let rex = Rex::size(size).and_rm(size, dst);
        self.legacy(Opcode::one(0xd2).sized(size), rex, op as u8, dst.into(), Imm::NONE);
    }

    /// `op dst, src, count`
    pub fn double_shift(&mut self, op: DoubleShiftOp, size: Size, dst: impl Into<Rm>, src: Gpr, count: u8) {
        debug_assert!(full(size));
        self.legacy(Opcode::m0f(op as u8), Rex::size(size), src.0, dst.into().into(), Imm::byte(count));
    }

    /// `op dst, src, cl`
    pub fn double_shift_cl(&mut self, op: DoubleShiftOp, size: Size, dst: impl Into<Rm>, src: Gpr) {
        debug_assert!(full(size));
        self.legacy(Opcode::m0f(op as u8 | 1), Rex::size(size), src.0, dst.into().into(), Imm::NONE);
    }

    /// `op dst, src, count` (BMI2)
    pub fn shiftx(&mut self, op: ShiftxOp, size: Size, dst: Gpr, src: impl Into<Rm>, count: Gpr) {
        debug_assert!(full(size) && self.features().bmi2);
        let opcode = Opcode::new(op as u8, Map::M38, 0xf7);
        self.vex(opcode, size == Size::B64, dst.0, count.0, src.into().into(), Imm::NONE);
    }

    /// `rorx dst, src, count` (BMI2)
    pub fn rorx(&mut self, size: Size, dst: Gpr, src: impl Into<Rm>, count: u8) {
        debug_assert!(full(size) && self.features().bmi2);
        let opcode = Opcode::new(0xf2, Map::M3A, 0xf0);
        self.vex(opcode, size == Size::B64, dst.0, 0, src.into().into(), Imm::byte(count));
    }

    /// `mulx high, low, src` (BMI2): `high:low = rdx * src`, unsigned; keeps the flags. If both are the
    /// same register, it gets the upper half.
    pub fn mulx(&mut self, size: Size, high: Gpr, low: Gpr, src: impl Into<Rm>) {
        debug_assert!(full(size) && self.features().bmi2);
        let opcode = Opcode::new(0xf2, Map::M38, 0xf6);
        self.vex(opcode, size == Size::B64, high.0, low.0, src.into().into(), Imm::NONE);
    }

    // Bits.

    /// `andn dst, a, b`, or `blsr`/`blsmsk`/`blsi dst, b`, for which `a` means nothing (BMI1)
    pub fn andn(&mut self, op: AndnOp, size: Size, dst: Gpr, a: Gpr, b: impl Into<Rm>) {
        debug_assert!(full(size) && self.features().bmi1);
        let (opcode, reg, third) = match op {
            AndnOp::Andn => (0xf2, dst.0, a.0),
            _ => (0xf3, op as u8, dst.0),
        };
        let opcode = Opcode::new(0, Map::M38, opcode);
        self.vex(opcode, size == Size::B64, reg, third, b.into().into(), Imm::NONE);
    }

    /// `op dst, src`
    pub fn count(&mut self, op: CountOp, size: Size, dst: Gpr, src: impl Into<Rm>) {
        debug_assert!(full(size));
        let features = self.features();
        let (prefix, opcode, there) = match op {
            CountOp::Bsf => (0, 0xbc, true),
            CountOp::Bsr => (0, 0xbd, true),
            CountOp::Tzcnt => (0xf3, 0xbc, features.bmi1),
            CountOp::Lzcnt => (0xf3, 0xbd, features.lzcnt),
            CountOp::Popcnt => (0xf3, 0xb8, features.popcnt),
        };
        debug_assert!(there, "{op:?}");
        let opcode = Opcode::new(prefix, Map::M0F, opcode);
        self.legacy(opcode, Rex::size(size), dst.0, src.into().into(), Imm::NONE);
    }

    /// `op dst, bit`, the bit's number modulo the size
    pub fn bit_test(&mut self, op: BitTestOp, size: Size, dst: Gpr, bit: Gpr) {
        debug_assert!(full(size));
        let opcode = Opcode::m0f(0x83 | (op as u8) << 3);
        self.legacy(opcode, Rex::size(size), bit.0, RegMem::Reg(dst.0), Imm::NONE);
    }

    /// `op dst, bit`
    pub fn bit_test_imm(&mut self, op: BitTestOp, size: Size, dst: impl Into<Rm>, bit: u8) {
        debug_assert!(full(size));
        self.legacy(Opcode::m0f(0xba), Rex::size(size), op as u8, dst.into().into(), Imm::byte(bit));
    }

    // Atomics. They are sequentially consistent.

    /// `lock op [mem], src`; not for `cmp`
    pub fn lock_alu(&mut self, op: AluOp, size: Size, mem: Mem, src: Gpr) {
        debug_assert!(op != AluOp::Cmp);
        let rex = Rex::size(size).and_reg(size, src);
        let opcode = Opcode::one((op as u8) << 3).sized(size).locked();
        self.legacy(opcode, rex, src.0, RegMem::Mem(mem), Imm::NONE);
    }

    /// `lock xadd [mem], src`: adds, `src` gets the old value
    pub fn lock_xadd(&mut self, size: Size, mem: Mem, src: Gpr) {
        let rex = Rex::size(size).and_reg(size, src);
        let opcode = Opcode::m0f(0xc0).sized(size).locked();
        self.legacy(opcode, rex, src.0, RegMem::Mem(mem), Imm::NONE);
    }

    /// `lock cmpxchg [mem], src`: stores `src` if rax is there; rax gets the old value
    pub fn lock_cmpxchg(&mut self, size: Size, mem: Mem, src: Gpr) {
        let rex = Rex::size(size).and_reg(size, src);
        let opcode = Opcode::m0f(0xb0).sized(size).locked();
        self.legacy(opcode, rex, src.0, RegMem::Mem(mem), Imm::NONE);
    }

    /// `xchg [mem], reg`, which is atomic without a prefix
    pub fn xchg_mem(&mut self, size: Size, mem: Mem, reg: Gpr) {
        let rex = Rex::size(size).and_reg(size, reg);
        self.legacy(Opcode::one(0x86).sized(size), rex, reg.0, RegMem::Mem(mem), Imm::NONE);
    }

    /// `mfence`
    pub fn mfence(&mut self) {
        self.fixed([0x0f, 0xae, 0xf0]);
    }

    /// `pause`
    pub fn pause(&mut self) {
        self.fixed([0xf3, 0x90]);
    }
}
