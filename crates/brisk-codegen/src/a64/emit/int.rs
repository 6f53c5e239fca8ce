//! Integers, loads, stores.

use super::*;

impl Emit<'_> {
    /// Emits an instruction on integers or memory; `false` if it is none.
    pub(super) fn emit_int(&mut self, inst: Inst) -> bool {
        match inst {
            Inst::Mov(size) => {
                let (dst, src) = (self.gpr(0), self.gpr(1));
                self.mov(size, dst, src);
            }
            Inst::Add(op, size, rhs) => {
                let (dst, a) = (self.gpr(0), self.gpr(1));
                match rhs {
                    Rhs::Imm(imm) => self.asm.add_imm(op, size, dst, a, imm),
                    Rhs::Reg => self.asm.add_rr(op, size, dst, a, self.gpr(2)),
                    Rhs::Shift(shift, by) => self.asm.add_shift(op, size, dst, a, self.gpr(2), shift, by),
                    Rhs::Extend(extend, by) => self.asm.add_extend(op, size, dst, a, self.gpr(2), extend, by),
                }
            }
            Inst::Neg(size, rhs) => {
                let (dst, src) = (self.gpr(0), self.gpr(1));
                let (shift, by) = if let Rhs::Shift(shift, by) = rhs { (shift, by) } else { (Shift::Lsl, 0) };
                self.asm.add_shift(AddOp::Sub, size, dst, XZR, src, shift, by);
            }
            Inst::Logic(op, size, rhs) => {
                let (dst, a) = (self.gpr(0), self.gpr(1));
                match rhs {
                    LogicRhs::Imm(imm) => self.asm.logic_imm(op, size, dst, a, imm),
                    LogicRhs::Reg => self.asm.logic_rr(op, size, dst, a, self.gpr(2)),
                    LogicRhs::Shift(shift, by) => {
                        self.asm.logic_shift(op, size, dst, a, self.gpr(2), shift, by);
                    }
                }
            }
            Inst::Not(size, rhs) => {
                let (dst, src) = (self.gpr(0), self.gpr(1));
                let (shift, by) =
                    if let LogicRhs::Shift(shift, by) = rhs { (shift, by) } else { (Shift::Lsl, 0) };
                self.asm.logic_shift(LogicOp::Orn, size, dst, XZR, src, shift, by);
            }
            Inst::MulAdd(op, size) => {
                let (dst, a, b, c) = (self.gpr(0), self.gpr(1), self.gpr(2), self.gpr(3));
                self.asm.mul_add(op, size, dst, a, b, c);
            }
            Inst::Mul(op, size) => {
                let (dst, a, b) = (self.gpr(0), self.gpr(1), self.gpr(2));
                self.asm.mul_add(op, size, dst, a, b, XZR);
            }
            Inst::Data2(op, size) => {
                let (dst, a, b) = (self.gpr(0), self.gpr(1), self.gpr(2));
                self.asm.data2(op, size, dst, a, b);
            }
            Inst::Data1(op, size) => {
                let (dst, src) = (self.gpr(0), self.gpr(1));
                self.asm.data1(op, size, dst, src);
            }
            Inst::Bits(op, size, rotate, top) => {
                let (dst, src) = (self.gpr(0), self.gpr(1));
                self.asm.bitfield(op, size, dst, src, rotate, top);
            }
            Inst::Insert(size, rotate, top) => {
                let (dst, src) = (self.gpr(0), self.gpr(2));
                self.asm.bitfield(BitfieldOp::Bfm, size, dst, src, rotate, top);
            }
            Inst::Extr(size, lsb) => {
                let (dst, a, b) = (self.gpr(0), self.gpr(1), self.gpr(2));
                self.asm.extr(size, dst, a, b, lsb);
            }
            Inst::RotateLeft(size) => {
                let (dst, src, count) = (self.gpr(0), self.gpr(1), self.gpr(2));
                self.asm.neg(Size::B32, SCRATCH, count);
                self.asm.data2(Data2Op::Ror, size, dst, src, SCRATCH);
            }
            Inst::Extend(extend, size) => {
                let (dst, src) = (self.gpr(0), self.gpr(1));
                self.asm.extend(extend, size, dst, src);
            }
            Inst::Popcnt(size) => {
                let (dst, src) = (self.gpr(0), self.gpr(1));
                self.asm.fmov_from_gpr(size, SCRATCH_VECTOR, src);
                self.asm.vec2(VecOp::Cnt, Arr::B8, SCRATCH_VECTOR, SCRATCH_VECTOR);
                self.asm.vec2(VecOp::Addv, Arr::B8, SCRATCH_VECTOR, SCRATCH_VECTOR);
                self.asm.fmov_to_gpr(Size::B32, dst, SCRATCH_VECTOR);
            }
            Inst::Cmp(size, rhs) => {
                let a = self.gpr(0);
                match rhs {
                    Rhs::Imm(imm) => self.asm.cmp_imm(size, a, imm),
                    Rhs::Reg => self.asm.cmp_rr(size, a, self.gpr(1)),
                    Rhs::Shift(shift, by) => {
                        self.asm.add_shift(AddOp::Subs, size, XZR, a, self.gpr(1), shift, by);
                    }
                    Rhs::Extend(extend, by) => {
                        self.asm.add_extend(AddOp::Subs, size, XZR, a, self.gpr(1), extend, by);
                    }
                }
            }
            Inst::Cmn(size, imm) => {
                let a = self.gpr(0);
                self.asm.cmn_imm(size, a, imm);
            }
            Inst::Tst(size, rhs) => {
                let a = self.gpr(0);
                match rhs {
                    LogicRhs::Imm(imm) => self.asm.tst_imm(size, a, imm),
                    LogicRhs::Reg => self.asm.tst_rr(size, a, self.gpr(1)),
                    LogicRhs::Shift(shift, by) => {
                        self.asm.logic_shift(LogicOp::Ands, size, XZR, a, self.gpr(1), shift, by);
                    }
                }
            }
            Inst::Ccmp(op, size, nzcv, cond) => {
                let (a, b) = (self.gpr(0), self.gpr(1));
                self.asm.ccmp(op, size, a, b, nzcv, cond);
            }
            Inst::CcmpImm(op, size, imm, nzcv, cond) => {
                let a = self.gpr(0);
                self.asm.ccmp_imm(op, size, a, imm, nzcv, cond);
            }
            Inst::Cset(cond) => {
                let dst = self.gpr(0);
                self.asm.cset(dst, cond);
            }
            Inst::Csetm(size, cond) => {
                let dst = self.gpr(0);
                self.asm.csetm(size, dst, cond);
            }
            Inst::Select { op, size, cond, zero_a, zero_b } => {
                let dst = self.gpr(0);
                let a = if zero_a { XZR } else { self.gpr(1) };
                let b = if zero_b { XZR } else { self.gpr(1 + usize::from(!zero_a)) };
                self.asm.select(op, size, dst, a, b, cond);
                if std::mem::take(&mut self.s.machine.masks) && self.settings.spectre {
                    self.asm.hint(Hint::Csdb);
                }
            }
            Inst::Check { bias, spectre, wide } => self.check(bias, spectre, wide),
            Inst::MemorySum { low } => {
                let (dst, index) = (self.gpr(0), self.gpr(1));
                if low {
                    self.asm.add_extend(AddOp::Add, Size::B64, dst, MEMORY_BASE, index, Extend::Uxtw, 0);
                } else {
                    self.asm.add_rr(AddOp::Add, Size::B64, dst, MEMORY_BASE, index);
                }
            }
            Inst::Load(op, address) => {
                let dst = self.gpr(0);
                let mem = self.mem(address, 1, op.from().bytes());
                self.asm.load(op, dst, mem);
            }
            Inst::Probe(address) => {
                let mem = self.mem(address, 0, 1);
                self.asm.load(LoadOp::Ldrb, XZR, mem);
            }
            Inst::Store(size, address) => {
                let src = self.gpr(0);
                let mem = self.mem(address, 1, size.bytes());
                self.asm.store(size, mem, src);
            }
            Inst::StoreZero(size, address) => {
                let mem = self.mem(address, 0, size.bytes());
                self.asm.store(size, mem, XZR);
            }
            _ => return false,
        }
        true
    }

    /// A move, which is none if nothing changes: of 32 bits it clears the others.
    fn mov(&mut self, size: Size, dst: Gpr, src: Gpr) {
        if size == Size::B32 || dst != src {
            self.asm.mov_rr(size, dst, src);
        }
    }

    fn check(&mut self, bias: u32, spectre: bool, wide: bool) {
        let (dst, address, len) = (self.gpr(0), self.gpr(1), self.gpr(2));
        let trap = self.cold(Cold::Trap(TrapCode::MemoryOutOfBounds));
        let op = if wide { AddOp::Adds } else { AddOp::Add };
        if let Some(imm) = AddImm::new(bias.into()) {
            self.asm.add_imm(op, Size::B64, SCRATCH, address, imm);
        } else {
            self.asm.mov_imm(Size::B64, SCRATCH, bias.into());
            self.asm.add_rr(op, Size::B64, SCRATCH, address, SCRATCH);
        }
        if wide {
            self.asm.b_cond(Cond::Hs, trap);
        }
        self.asm.cmp_rr(Size::B64, SCRATCH, len);
        self.asm.b_cond(Cond::Hi, trap);
        if spectre {
            self.asm.select(SelectOp::Csel, Size::B64, dst, XZR, address, Cond::Hi);
            self.asm.hint(Hint::Csdb);
        }
    }
}
