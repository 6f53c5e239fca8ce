//! Exact bytes where there is a choice: the shortest form is taken.

use brisk_codegen::x64::asm::*;

const LEGACY: Features = Features { avx: false, avx2: false, fma: false, ..Features::ALL };

#[track_caller]
fn assemble(features: Features, instruction: impl FnOnce(&mut Assembler), bytes: &[u8]) {
    let mut asm = Assembler::new(features);
    instruction(&mut asm);
    assert_eq!(asm.finish().code, bytes);
}

#[test]
fn addresses() {
    let load = |mem| move |asm: &mut Assembler| asm.mov_load(Size::B32, RAX, mem);
    let all = Features::ALL;
    assemble(all, load(Mem::base(RCX, 0)), &[0x8b, 0x01]);
    assemble(all, load(Mem::base(RSP, 0)), &[0x8b, 0x04, 0x24]);
    assemble(all, load(Mem::base(R12, 8)), &[0x41, 0x8b, 0x44, 0x24, 0x08]);
    assemble(all, load(Mem::base(RBP, 0)), &[0x8b, 0x45, 0x00]);
    assemble(all, load(Mem::base(R13, 0)), &[0x41, 0x8b, 0x45, 0x00]);
    assemble(all, load(Mem::base(RCX, -128)), &[0x8b, 0x41, 0x80]);
    assemble(all, load(Mem::base(RCX, 128)), &[0x8b, 0x81, 0x80, 0, 0, 0]);
    assemble(all, load(Mem::index(R13, R12, Scale::Four, 0)), &[0x43, 0x8b, 0x44, 0xa5, 0x00]);
    assemble(all, load(Mem::index(R15, RAX, Scale::One, 0)), &[0x41, 0x8b, 0x04, 0x07]);
    assemble(all, load(Mem::scaled(RCX, Scale::One, 4)), &[0x8b, 0x41, 0x04]);
    assemble(all, load(Mem::scaled(RCX, Scale::Two, 4)), &[0x8b, 0x44, 0x09, 0x04]);
    assemble(all, load(Mem::scaled(RCX, Scale::Eight, 4)), &[0x8b, 0x04, 0xcd, 4, 0, 0, 0]);
}

#[test]
fn immediates() {
    let all = Features::ALL;
    assemble(all, |asm| asm.alu_imm(AluOp::Add, Size::B64, RAX, 127), &[0x48, 0x83, 0xc0, 0x7f]);
    assemble(all, |asm| asm.alu_imm(AluOp::Add, Size::B64, RAX, 128), &[0x48, 0x05, 0x80, 0, 0, 0]);
    assemble(all, |asm| asm.alu_imm(AluOp::Sub, Size::B32, RCX, 300), &[0x81, 0xe9, 0x2c, 0x01, 0, 0]);
    assemble(all, |asm| asm.alu_imm(AluOp::Cmp, Size::B16, RCX, 300), &[0x66, 0x81, 0xf9, 0x2c, 0x01]);
    assemble(all, |asm| asm.alu_imm(AluOp::And, Size::B64, RCX, 15), &[0x83, 0xe1, 0x0f]);
    assemble(all, |asm| asm.test_imm(Size::B32, RCX, 1), &[0xf6, 0xc1, 0x01]);
    assemble(all, |asm| asm.test_imm(Size::B32, RSI, 1), &[0x40, 0xf6, 0xc6, 0x01]);
    assemble(all, |asm| asm.test_imm(Size::B64, RAX, 0x80), &[0xa9, 0x80, 0, 0, 0]);
    assemble(all, |asm| asm.imul_imm(Size::B32, RAX, RCX, -3), &[0x6b, 0xc1, 0xfd]);
    assemble(all, |asm| asm.shift(ShiftOp::Shl, Size::B32, RAX, 1), &[0xd1, 0xe0]);
    assemble(all, |asm| asm.push_imm(-1), &[0x6a, 0xff]);
    assemble(all, |asm| asm.mov_imm64(RAX, u64::from(u32::MAX)), &[0xb8, 0xff, 0xff, 0xff, 0xff]);
    assemble(all, |asm| asm.mov_imm64(R8, u64::MAX), &[0x49, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff]);
    assemble(all, |asm| asm.mov_imm64(RDX, 0x0102_0304_0506_0708), &[0x48, 0xba, 8, 7, 6, 5, 4, 3, 2, 1]);
}

#[test]
fn byte_registers() {
    let all = Features::ALL;
    assemble(all, |asm| asm.mov_store(Size::B8, Mem::base(RAX, 0), RBX), &[0x88, 0x18]);
    assemble(all, |asm| asm.mov_store(Size::B8, Mem::base(RAX, 0), RSI), &[0x40, 0x88, 0x30]);
    assemble(all, |asm| asm.movzx(Size::B8, RSI, RCX), &[0x0f, 0xb6, 0xf1]);
    assemble(all, |asm| asm.movzx(Size::B8, RCX, RDI), &[0x40, 0x0f, 0xb6, 0xcf]);
    assemble(all, |asm| asm.setcc(Cond::E, RDI), &[0x40, 0x0f, 0x94, 0xc7]);
    // The number of an operation is no register.
    assemble(all, |asm| asm.unary(UnaryOp::Div, Size::B8, RCX), &[0xf6, 0xf1]);
}

#[test]
fn operand_size_prefix_comes_before_rex() {
    let all = Features::ALL;
    assemble(all, |asm| asm.mov_store(Size::B16, Mem::base(R8, 0), R9), &[0x66, 0x45, 0x89, 0x08]);
    assemble(
        all,
        |asm| asm.lock_cmpxchg(Size::B16, Mem::base(R8, 0), R9),
        &[0xf0, 0x66, 0x45, 0x0f, 0xb1, 0x08],
    );
    assemble(LEGACY, |asm| asm.vec_rrr(VecOp::Addsd, XMM8, XMM8, XMM9), &[0xf2, 0x45, 0x0f, 0x58, 0xc1]);
}

#[test]
fn vex_of_two_bytes() {
    let all = Features::ALL;
    assemble(all, |asm| asm.vec_rrr(VecOp::Addsd, XMM1, XMM2, XMM3), &[0xc5, 0xeb, 0x58, 0xcb]);
    assemble(all, |asm| asm.vec_rrr(VecOp::Addsd, XMM9, XMM10, XMM3), &[0xc5, 0x2b, 0x58, 0xcb]);
    assemble(all, |asm| asm.vec_rrr(VecOp::Addsd, XMM1, XMM2, XMM11), &[0xc4, 0xc1, 0x6b, 0x58, 0xcb]);
    assemble(all, |asm| asm.vec_mov(XMM1, XMM2), &[0xc5, 0xf8, 0x28, 0xca]);
    assemble(all, |asm| asm.vec_mov(XMM1, XMM10), &[0xc5, 0x78, 0x29, 0xd1]);
    assemble(all, |asm| asm.vec_mov(XMM9, XMM10), &[0xc4, 0x41, 0x78, 0x28, 0xca]);
    assemble(LEGACY, |asm| asm.vec_mov(XMM1, XMM2), &[0x0f, 0x28, 0xca]);
}

#[test]
fn conditions() {
    for &cond in Cond::ALL {
        assert_ne!(cond.invert(), cond);
        assert_eq!(cond.invert().invert(), cond);
        assert_eq!(cond.swap().swap(), cond);
    }
    assert_eq!(Cond::L.invert(), Cond::Ge);
    assert_eq!(Cond::L.swap(), Cond::G);
    assert_eq!(Cond::Be.invert(), Cond::A);
    assert_eq!(Cond::Be.swap(), Cond::Ae);
    assert_eq!(Cond::E.swap(), Cond::E);
}

#[test]
fn displaced_operands() {
    assert_eq!(Mem::base(RAX, 4).offset(8), Some(Mem::base(RAX, 12)));
    assert_eq!(Mem::base(RAX, i32::MAX).offset(1), None);
    assert_eq!(Scale::from_log2(3), Some(Scale::Eight));
    assert_eq!(Scale::from_log2(4), None);
}
