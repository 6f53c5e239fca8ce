//! Vector instructions: one method for each form of operands in the table.
//!
//! With AVX all of them are VEX instructions. Without, an instruction of three operands overwrites
//! its first source: `dst` has to be `a`.

use super::buffer::{Assembler, Imm, Map, Opcode, Rex};
use super::operand::*;
use super::vec_table::{Form, Level, VecInfo, VecOp};

impl Assembler {
    /// Whether the processor has the instruction.
    pub fn has(&self, op: VecOp) -> bool {
        let features = self.features();
        match op.info().level {
            Level::Sse2 => true,
            Level::Ssse3 => features.ssse3,
            Level::Sse41 => features.sse41,
            Level::Sse42 => features.sse42,
            Level::Avx => features.avx,
            Level::Avx2 => features.avx && features.avx2,
            Level::Fma => features.avx && features.fma,
        }
    }

    /// `op dst, a, src` of `Rrr`, `RrrReg`, `RrrMem`, `Scalar` and `Fma`
    #[inline]
    pub fn vec_rrr(&mut self, op: VecOp, dst: Xmm, a: Xmm, src: impl Into<RmX>) {
        let (info, src) = (op.info(), src.into());
        debug_assert!(match info.form {
            Form::Rrr | Form::Scalar | Form::Fma => true,
            Form::RrrReg => src.reg().is_some(),
            Form::RrrMem => src.reg().is_none(),
            _ => false,
        });
        self.three(op, info, dst, a, src, Imm::NONE);
    }

    /// `op dst, a, src, imm` of `RrrImm` and `ScalarImm`
    pub fn vec_rrr_imm(&mut self, op: VecOp, dst: Xmm, a: Xmm, src: impl Into<RmX>, imm: u8) {
        let info = op.info();
        debug_assert!(matches!(info.form, Form::RrrImm | Form::ScalarImm));
        self.three(op, info, dst, a, src.into(), Imm::byte(imm));
    }

    /// `op dst, src` of `Rr`, `Load` and `Scalar`. A scalar instruction takes the other lanes from
    /// `src`; if that is memory, from `dst`, on which it then depends.
    #[inline]
    pub fn vec_rr(&mut self, op: VecOp, dst: Xmm, src: impl Into<RmX>) {
        let (info, src) = (op.info(), src.into());
        debug_assert!(match info.form {
            Form::Rr | Form::Scalar => true,
            Form::Load => src.reg().is_none(),
            _ => false,
        });
        self.two(op, info, dst, src, Imm::NONE);
    }

    /// `op dst, src, imm` of `RrImm` and `ScalarImm`
    pub fn vec_rr_imm(&mut self, op: VecOp, dst: Xmm, src: impl Into<RmX>, imm: u8) {
        let info = op.info();
        debug_assert!(matches!(info.form, Form::RrImm | Form::ScalarImm));
        self.two(op, info, dst, src.into(), Imm::byte(imm));
    }

    /// `op dst, [mem]` of `Load` and `Rr`
    #[inline]
    pub fn vec_load(&mut self, op: VecOp, dst: Xmm, mem: Mem) {
        self.vec_rr(op, dst, mem);
    }

    /// `op [mem], src` of `Store`
    #[inline]
    pub fn vec_store(&mut self, op: VecOp, mem: Mem, src: Xmm) {
        let info = op.info();
        debug_assert!(info.form == Form::Store);
        self.encode(op, info, src.0, 0, RegMem::Mem(mem), Imm::NONE);
    }

    /// `movaps dst, src`
    #[inline]
    pub fn vec_mov(&mut self, dst: Xmm, src: Xmm) {
        if src.0 >= 8 && dst.0 < 8 {
            // The other direction has the shorter VEX, and is as long without.
            let (op, info) = (VecOp::StoreMovaps, VecOp::StoreMovaps.info());
            self.encode(op, info, src.0, 0, RegMem::Reg(dst.0), Imm::NONE);
        } else {
            self.vec_rr(VecOp::Movaps, dst, src);
        }
    }

    /// `xorps dst, dst`: all zeros
    pub fn vec_zero(&mut self, dst: Xmm) {
        self.vec_rrr(VecOp::Xorps, dst, dst, dst);
    }

    /// `pcmpeqd dst, dst`: all ones
    pub fn vec_ones(&mut self, dst: Xmm) {
        self.vec_rrr(VecOp::Pcmpeqd, dst, dst, dst);
    }

    /// `op dst, a, count` of `ShiftImm`
    pub fn vec_shift_imm(&mut self, op: VecOp, dst: Xmm, a: Xmm, count: u8) {
        let info = op.info();
        let Form::ShiftImm(number) = info.form else {
            debug_assert!(false, "{op:?} is no shift");
            return;
        };
        debug_assert!(self.features().avx || dst == a);
        self.encode(op, info, number, dst.0, RegMem::Reg(a.0), Imm::byte(count));
    }

    /// `op dst, a, src, mask` of `Blendv`: lanes of `src` where the mask's top bit is set, else of `a`.
    /// Without AVX the mask is in xmm0.
    pub fn vec_blendv(&mut self, op: VecOp, dst: Xmm, a: Xmm, src: impl Into<RmX>, mask: Xmm) {
        let info = op.info();
        let Form::Blendv(vex_opcode) = info.form else {
            debug_assert!(false, "{op:?} is no blend by a mask");
            return;
        };
        debug_assert!(self.has(op));
        let src = src.into().into();
        if self.features().avx {
            let opcode = Opcode::new(info.prefix, Map::M3A, vex_opcode);
            self.vex(opcode, false, dst.0, a.0, src, Imm::byte(mask.0 << 4));
        } else {
            debug_assert!(dst == a && mask == XMM0);
            self.legacy(opcode(info), Rex::NONE, dst.0, src, Imm::NONE);
        }
    }

    /// `movd` or `movq`: an integer register into the lowest lane, zeros into the others
    pub fn mov_from_gpr(&mut self, size: Size, dst: Xmm, src: Gpr) {
        let (op, info) = (VecOp::MovFromInt, VecOp::MovFromInt.info());
        self.encode_sized(op, info, size, dst.0, 0, RegMem::Reg(src.0));
    }

    /// `movd` or `movq`: the lowest lane into an integer register; 32 bits are zero-extended
    pub fn mov_to_gpr(&mut self, size: Size, dst: Gpr, src: Xmm) {
        let (op, info) = (VecOp::MovToInt, VecOp::MovToInt.info());
        self.encode_sized(op, info, size, src.0, 0, RegMem::Reg(dst.0));
    }

    /// `cvtsi2ss` or `cvtsi2sd dst, a, src`: an integer of 32 or 64 bits into the lowest lane, the
    /// others from `a`, on which it depends
    pub fn cvt_from_int(&mut self, op: VecOp, size: Size, dst: Xmm, a: Xmm, src: impl Into<Rm>) {
        debug_assert!(matches!(op, VecOp::Cvtsi2ss | VecOp::Cvtsi2sd));
        debug_assert!(self.features().avx || dst == a);
        self.encode_sized(op, op.info(), size, dst.0, a.0, src.into().into());
    }

    /// `cvttss2si` or `cvttsd2si dst, src`: the lowest lane, truncated to an integer of 32 or 64 bits
    pub fn cvt_to_int(&mut self, op: VecOp, size: Size, dst: Gpr, src: impl Into<RmX>) {
        debug_assert!(matches!(op, VecOp::Cvttss2si | VecOp::Cvttsd2si));
        self.encode_sized(op, op.info(), size, dst.0, 0, src.into().into());
    }

    /// `op dst, a, src, lane` of `Insert`
    pub fn vec_insert(&mut self, op: VecOp, dst: Xmm, a: Xmm, src: impl Into<Rm>, lane: u8) {
        let info = op.info();
        debug_assert!(info.form == Form::Insert && (self.features().avx || dst == a));
        self.encode(op, info, dst.0, a.0, src.into().into(), Imm::byte(lane));
    }

    /// `op dst, src, lane` of `Extract`; registers are zero-extended
    pub fn vec_extract(&mut self, op: VecOp, dst: impl Into<Rm>, src: Xmm, lane: u8) {
        let (info, dst) = (op.info(), dst.into());
        debug_assert!(info.form == Form::Extract);
        match dst {
            // Its form for registers is older and shorter.
            RegMem::Reg(dst) if op == VecOp::Pextrw => {
                let opcode = Opcode::new(0x66, Map::M0F, 0xc5);
                let (src, imm) = (RegMem::Reg(src.0), Imm::byte(lane));
                if self.features().avx {
                    self.vex(opcode, false, dst.0, 0, src, imm);
                } else {
                    self.legacy(opcode, Rex::NONE, dst.0, src, imm);
                }
            }
            _ => self.encode(op, info, src.0, 0, dst.into(), Imm::byte(lane)),
        }
    }

    /// `op dst, src` of `Mask`: the top bit of each lane, zero-extended
    pub fn vec_mask(&mut self, op: VecOp, dst: Gpr, src: Xmm) {
        let info = op.info();
        debug_assert!(info.form == Form::Mask);
        self.encode(op, info, dst.0, 0, RegMem::Reg(src.0), Imm::NONE);
    }

    fn three(&mut self, op: VecOp, info: &VecInfo, dst: Xmm, a: Xmm, src: RmX, imm: Imm) {
        debug_assert!(self.features().avx || dst == a);
        self.encode(op, info, dst.0, a.0, src.into(), imm);
    }

    fn two(&mut self, op: VecOp, info: &VecInfo, dst: Xmm, src: RmX, imm: Imm) {
        let third = match (info.form, src) {
            (Form::Scalar | Form::ScalarImm, RegMem::Reg(src)) => src.0,
            (Form::Scalar | Form::ScalarImm, RegMem::Mem(_)) => dst.0,
            _ => 0,
        };
        self.encode(op, info, dst.0, third, src.into(), imm);
    }

    #[inline]
    fn encode(&mut self, op: VecOp, info: &VecInfo, reg: u8, third: u8, rm: RawRm, imm: Imm) {
        debug_assert!(self.has(op), "{op:?}");
        if self.features().avx {
            self.vex(opcode(info), info.wide, reg, third, rm, imm);
        } else {
            let size = if info.wide { Size::B64 } else { Size::B32 };
            self.legacy(opcode(info), Rex::size(size), reg, rm, imm);
        }
    }

    fn encode_sized(&mut self, op: VecOp, info: &VecInfo, size: Size, reg: u8, third: u8, rm: RawRm) {
        debug_assert!(matches!(size, Size::B32 | Size::B64));
        let info = VecInfo { wide: size == Size::B64, ..*info };
        self.encode(op, &info, reg, third, rm, Imm::NONE);
    }
}

fn opcode(info: &VecInfo) -> Opcode {
    Opcode::new(info.prefix, info.map, info.opcode)
}
