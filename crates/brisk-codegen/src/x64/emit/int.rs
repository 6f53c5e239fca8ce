//! Integers, loads, stores.

use super::*;

impl Emit<'_> {
    /// Emits an instruction on integers or memory; `false` if it is none.
    pub(super) fn emit_int(&mut self, inst: Inst) -> bool {
        match inst {
            Inst::Nop => {}
            Inst::Mov(size) => {
                let (dst, src) = (self.gpr(0), self.gpr(1));
                self.asm.mov_rr(size, dst, src);
            }
            Inst::Alu(op, size) => {
                let (dst, src) = (self.gpr(0), self.rm(2));
                self.asm.alu(op, size, dst, src);
            }
            Inst::AluImm(op, size, imm) => {
                let dst = self.gpr(0);
                self.asm.alu_imm(op, size, dst, imm);
            }
            Inst::AluMem(op, size, address) => {
                let dst = self.gpr(0);
                let mem = self.mem(address, 2);
                self.asm.alu(op, size, dst, mem);
            }
            Inst::AluToMem(op, size, address) => {
                let src = self.gpr(0);
                let mem = self.mem(address, 1);
                self.asm.alu_mr(op, size, mem, src);
            }
            Inst::AluImmToMem(op, size, address, imm) => {
                let mem = self.mem(address, 0);
                self.asm.alu_imm(op, size, mem, i32::from(imm));
            }
            Inst::Add(size) => {
                let (dst, a, b) = (self.gpr(0), self.gpr(1), self.gpr(2));
                if dst == a {
                    self.asm.alu(AluOp::Add, size, dst, b);
                } else if dst == b {
                    self.asm.alu(AluOp::Add, size, dst, a);
                } else {
                    self.asm.lea(size, dst, Mem::index(a, b, Scale::One, 0));
                }
            }
            Inst::AddImm(size, imm) => {
                let (dst, a) = (self.gpr(0), self.gpr(1));
                if dst == a {
                    self.asm.alu_imm(AluOp::Add, size, dst, imm);
                } else {
                    self.asm.lea(size, dst, Mem::base(a, imm));
                }
            }
            Inst::Lea(size, address) => {
                let dst = self.gpr(0);
                let mem = self.mem(address, 1);
                self.asm.lea(size, dst, mem);
            }
            Inst::Unary(op, size) => {
                let dst = self.gpr(0);
                self.asm.unary(op, size, dst);
            }
            Inst::Imul(size) => {
                let (dst, src) = (self.gpr(0), self.rm(2));
                self.asm.imul(size, dst, src);
            }
            Inst::ImulImm(size, imm) => {
                let (dst, src) = (self.gpr(0), self.rm(1));
                self.asm.imul_imm(size, dst, src, imm);
            }
            Inst::ImulMem(size, address) => {
                let dst = self.gpr(0);
                let mem = self.mem(address, 2);
                self.asm.imul(size, dst, mem);
            }
            Inst::MulHigh { signed, size } => {
                let src = self.gpr(2);
                self.asm.unary(if signed { UnaryOp::Imul } else { UnaryOp::Mul }, size, src);
            }
            Inst::Div { signed, rem, size, check_zero, check_overflow } => {
                self.div(signed, rem, size, check_zero, check_overflow);
            }
            Inst::Shift(op, size) => {
                let dst = self.gpr(0);
                self.asm.shift_cl(op, size, dst);
            }
            Inst::ShiftImm(op, size, count) => {
                let dst = self.gpr(0);
                self.asm.shift(op, size, dst, count);
            }
            Inst::Shiftx(op, size) => {
                let (dst, src, count) = (self.gpr(0), self.rm(1), self.gpr(2));
                self.asm.shiftx(op, size, dst, src, count);
            }
            Inst::Rorx(size, count) => {
                let (dst, src) = (self.gpr(0), self.rm(1));
                self.asm.rorx(size, dst, src, count);
            }
            Inst::Andn(op, size) => {
                let (dst, a, b) = (self.gpr(0), self.gpr(1), self.rm(2));
                self.asm.andn(op, size, dst, a, b);
            }
            Inst::Blsr(op, size) => {
                let (dst, src) = (self.gpr(0), self.rm(1));
                self.asm.andn(op, size, dst, Gpr(0), src);
            }
            Inst::Count(op, size) => self.count(op, size),
            Inst::PopcntSlow(size) => self.popcnt_slow(size),
            Inst::Bswap(size) => {
                let dst = self.gpr(0);
                self.asm.bswap(size, dst);
            }
            Inst::Extend(kind) => {
                let (dst, src) = (self.gpr(0), self.rm(1));
                self.load(kind, dst, src);
            }
            Inst::Load(kind, address) => {
                let dst = self.gpr(0);
                let mem = self.mem(address, 1);
                self.load(kind, dst, mem.into());
            }
            Inst::Store(size, address) => {
                let src = self.gpr(0);
                let mem = self.mem(address, 1);
                self.asm.mov_store(size, mem, src);
            }
            Inst::StoreImm(size, address, imm) => {
                let mem = self.mem(address, 0);
                self.asm.mov_store_imm(size, mem, imm);
            }
            Inst::Cmp(size) => {
                let (a, b) = (self.gpr(0), self.rm(1));
                self.asm.alu(AluOp::Cmp, size, a, b);
            }
            Inst::CmpImm(size, imm) => {
                let a = self.rm(0);
                self.asm.alu_imm(AluOp::Cmp, size, a, imm);
            }
            Inst::CmpMem(size, address) => {
                let a = self.gpr(0);
                let mem = self.mem(address, 1);
                self.asm.alu(AluOp::Cmp, size, a, mem);
            }
            Inst::CmpMemImm(size, address, imm) => {
                let mem = self.mem(address, 0);
                self.asm.alu_imm(AluOp::Cmp, size, mem, imm);
            }
            Inst::Test(size) => {
                let (a, b) = (self.gpr(0), self.gpr(1));
                self.asm.test(size, a, b);
            }
            Inst::TestImm(size, imm) => {
                let a = self.gpr(0);
                self.asm.test_imm(size, a, imm);
            }
            Inst::Set(flags) => self.set(flags),
            Inst::Cmov(flags, size) => self.cmov(flags, size),
            Inst::Check { bias, spectre, wide } => self.check(bias, spectre, wide),
            _ => return false,
        }
        true
    }

    fn load(&mut self, kind: LoadKind, dst: Gpr, src: Rm) {
        match (kind, src) {
            (LoadKind::Zero(size @ (Size::B32 | Size::B64)), Rm::Mem(mem)) => {
                self.asm.mov_load(size, dst, mem)
            }
            (LoadKind::Zero(size @ (Size::B32 | Size::B64)), Rm::Reg(src)) => self.asm.mov_rr(size, dst, src),
            (LoadKind::Zero(size), src) => self.asm.movzx(size, dst, src),
            (LoadKind::Sign64(Size::B32), src) => self.asm.movsxd(dst, src),
            (LoadKind::Sign32(size), src) => self.asm.movsx(size, Size::B32, dst, src),
            (LoadKind::Sign64(size), src) => self.asm.movsx(size, Size::B64, dst, src),
        }
    }

    fn div(&mut self, signed: bool, rem: bool, size: Size, check_zero: bool, check_overflow: bool) {
        let divisor = self.gpr(2);
        if check_zero {
            let trap = self.cold(Cold::Trap(TrapCode::DivisionByZero));
            self.asm.test(size, divisor, divisor);
            self.asm.jcc(Cond::E, trap);
        }
        let back = self.asm.new_label();
        if check_overflow {
            let cold = self.cold(Cold::Slow(Slow::DivMinusOne(back)));
            self.asm.alu_imm(AluOp::Cmp, size, divisor, -1);
            self.asm.jcc(Cond::E, cold);
            if !rem {
                self.asm.bind(back);
            }
        }
        if signed {
            self.asm.sign_into_rdx(size);
            self.asm.unary(UnaryOp::Idiv, size, divisor);
        } else {
            self.asm.zero(RDX);
            self.asm.unary(UnaryOp::Div, size, divisor);
        }
        if check_overflow && rem {
            self.asm.bind(back);
        }
    }

    /// The quotient by -1 overflows for one dividend; the remainder is 0.
    pub(super) fn div_minus_one(&mut self, back: Label) {
        let Inst::Div { rem, size, .. } = *self.current() else { unreachable!("a division") };
        if rem {
            self.asm.zero(RDX);
        } else {
            let trap = self.cold(Cold::Trap(TrapCode::IntegerOverflow));
            if size == Size::B32 {
                self.asm.alu_imm(AluOp::Cmp, size, RAX, i32::MIN);
            } else {
                self.asm.mov_imm64(SCRATCH, i64::MIN as u64);
                self.asm.alu(AluOp::Cmp, size, RAX, SCRATCH);
            }
            self.asm.jcc(Cond::E, trap);
        }
        self.asm.jmp(back);
    }

    fn count(&mut self, op: CountOp, size: Size) {
        let (dst, src) = (self.gpr(0), self.rm(1));
        // The CPU may wait for the old contents of the destination otherwise.
        if !matches!(src, Rm::Reg(src) if src == dst) && !matches!(src, Rm::Mem(_)) && op == CountOp::Popcnt {
            self.asm.zero(dst);
        }
        self.asm.count(op, size, dst, src);
        let bits = size.bits();
        match op {
            // 2 * bits - 1, exclusive-or bits - 1: as many as there are bits.
            CountOp::Bsr => {
                self.asm.mov_imm32(SCRATCH, 2 * bits - 1);
                self.asm.cmov(Cond::E, size, dst, SCRATCH);
                self.asm.alu_imm(AluOp::Xor, size, dst, bits as i32 - 1);
            }
            CountOp::Bsf => {
                self.asm.mov_imm32(SCRATCH, bits);
                self.asm.cmov(Cond::E, size, dst, SCRATCH);
            }
            _ => {}
        }
    }

    /// Bits counted in parallel (Hacker's Delight, section 5-1).
    fn popcnt_slow(&mut self, size: Size) {
        let (dst, src, mask, part) = (self.gpr(0), self.gpr(1), self.gpr(2), self.gpr(3));
        let ones = |byte: u8| {
            if size == Size::B32 {
                u64::from(u32::from_ne_bytes([byte; 4]))
            } else {
                u64::from_ne_bytes([byte; 8])
            }
        };
        let sum = SCRATCH;
        self.asm.mov_rr(size, sum, src);
        self.asm.mov_rr(size, part, sum);
        self.asm.shift(ShiftOp::Shr, size, part, 1);
        self.asm.mov_imm64(mask, ones(0x55));
        self.asm.alu(AluOp::And, size, part, mask);
        self.asm.alu(AluOp::Sub, size, sum, part);
        self.asm.mov_imm64(mask, ones(0x33));
        self.asm.mov_rr(size, part, sum);
        self.asm.alu(AluOp::And, size, part, mask);
        self.asm.shift(ShiftOp::Shr, size, sum, 2);
        self.asm.alu(AluOp::And, size, sum, mask);
        self.asm.alu(AluOp::Add, size, sum, part);
        self.asm.mov_rr(size, part, sum);
        self.asm.shift(ShiftOp::Shr, size, part, 4);
        self.asm.alu(AluOp::Add, size, sum, part);
        self.asm.mov_imm64(mask, ones(0x0f));
        self.asm.alu(AluOp::And, size, sum, mask);
        self.asm.mov_imm64(mask, ones(0x01));
        self.asm.imul(size, sum, mask);
        self.asm.shift(ShiftOp::Shr, size, sum, size.bits() as u8 - 8);
        self.asm.mov_rr(size, dst, sum);
    }

    fn set(&mut self, flags: Flags) {
        let dst = self.gpr(0);
        match flags {
            Flags::Is(cond) => self.asm.setcc(cond, dst),
            Flags::FloatEq => {
                self.asm.setcc(Cond::Np, SCRATCH);
                self.asm.setcc(Cond::E, dst);
                self.asm.alu(AluOp::And, Size::B32, dst, SCRATCH);
            }
            Flags::FloatNe => {
                self.asm.setcc(Cond::P, SCRATCH);
                self.asm.setcc(Cond::Ne, dst);
                self.asm.alu(AluOp::Or, Size::B32, dst, SCRATCH);
            }
        }
        self.asm.movzx(Size::B8, dst, dst);
    }

    fn cmov(&mut self, flags: Flags, size: Size) {
        let (dst, src) = (self.gpr(0), self.gpr(1));
        match flags {
            Flags::Is(cond) => self.asm.cmov(cond, size, dst, src),
            Flags::FloatNe => {
                self.asm.cmov(Cond::Ne, size, dst, src);
                self.asm.cmov(Cond::P, size, dst, src);
            }
            Flags::FloatEq => {
                self.asm.mov_rr(size, SCRATCH, src);
                self.asm.cmov(Cond::Ne, size, SCRATCH, dst);
                self.asm.cmov(Cond::P, size, SCRATCH, dst);
                self.asm.mov_rr(size, dst, SCRATCH);
            }
        }
    }

    fn check(&mut self, bias: u32, spectre: bool, wide: bool) {
        let (dst, len) = (self.gpr(0), self.gpr(2));
        let trap = self.cold(Cold::Trap(TrapCode::MemoryOutOfBounds));
        match i32::try_from(bias) {
            Ok(bias) if !wide => self.asm.lea(Size::B64, SCRATCH, Mem::base(dst, bias)),
            _ => {
                self.asm.mov_imm32(SCRATCH, bias);
                self.asm.alu(AluOp::Add, Size::B64, SCRATCH, dst);
                if wide {
                    self.asm.jcc(Cond::B, trap);
                }
            }
        }
        self.asm.alu(AluOp::Cmp, Size::B64, SCRATCH, len);
        self.asm.jcc(Cond::A, trap);
        if spectre {
            self.asm.mov_imm32(SCRATCH, 0);
            self.asm.cmov(Cond::A, Size::B64, dst, SCRATCH);
        }
    }
}
