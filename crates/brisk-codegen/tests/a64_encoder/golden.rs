//! Exact words where there is a choice: the shortest form is taken.

use super::cases::bench::Source;
use brisk_codegen::a64::asm::*;

#[track_caller]
fn assemble(instructions: impl FnOnce(&mut Assembler), words: &[u32]) {
    let mut asm = Assembler::new(Features::BASELINE);
    instructions(&mut asm);
    let code: Vec<u32> =
        asm.finish().code.as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
    assert_eq!(code, words, "{code:x?}");
}

#[test]
fn addresses() {
    let load = |mem| move |asm: &mut Assembler| asm.load(LoadOp::LdrX, X0, mem);
    assemble(load(Mem::base(X1, 0)), &[0xf940_0020]);
    assemble(load(Mem::base(SP, 8)), &[0xf940_07e0]);
    assemble(load(Mem::base(X1, 32760)), &[0xf97f_fc20]);
    assemble(load(Mem::base(X1, -8)), &[0xf85f_8020]);
    assemble(load(Mem::base(X1, 1)), &[0xf840_1020]);
    assemble(load(Mem::uxtw(X28, X2)), &[0xf862_4b80]);
    assert!(Mem::fits(255, 8) && Mem::fits(-256, 8) && Mem::fits(4095, 1) && Mem::fits(32760, 8));
    assert!(!Mem::fits(257, 8) && !Mem::fits(-257, 1) && !Mem::fits(4096, 1) && !Mem::fits(32768, 8));
    assert!(Pair::fits(504, 8) && Pair::fits(-512, 8) && !Pair::fits(512, 8) && !Pair::fits(4, 8));
}

#[test]
fn constants() {
    let mov = |size, value| move |asm: &mut Assembler| asm.mov_imm(size, X0, value);
    assemble(mov(Size::B64, 0), &[0x5280_0000]);
    assemble(mov(Size::B32, 0xffff_ffff), &[0x1280_0000]);
    assemble(mov(Size::B64, u64::MAX), &[0x9280_0000]);
    assemble(mov(Size::B64, 0xffff_0000), &[0x52bf_ffe0]);
    assemble(mov(Size::B64, 0x1234_5678), &[0x528a_cf00, 0x72a2_4680]);
    assemble(mov(Size::B64, 0x5555_5555_5555_5555), &[0xb200_f3e0]);
    // The lower halves are the pattern's.
    assemble(mov(Size::B64, 0x1234_5555_5555_5555), &[0xb200_f3e0, 0xf2e2_4680]);
    assemble(mov(Size::B64, 0x1234_5678_9abc_def0), &[0xd29b_de00, 0xf2b3_5780, 0xf2ca_cf00, 0xf2e2_4680]);
}

/// What a sequence of moves leaves in the register.
fn moved(code: &[u8]) -> u64 {
    let mut value = 0;
    for &word in code.as_chunks().0 {
        let word = u32::from_le_bytes(word);
        let (imm, shift) = (u64::from(word >> 5 & 0xffff), 16 * (word >> 21 & 3));
        let mask = if word >> 31 == 0 { 0xffff_ffff } else { u64::MAX };
        value = match word >> 23 & 0xff {
            0x25 => !(imm << shift) & mask,
            0xa5 => imm << shift,
            0xe5 => value & !(0xffff << shift) | imm << shift,
            0x64 => {
                let (n, r, s) = (word >> 22 & 1, word >> 16 & 63, word >> 10 & 63);
                let len = 31 - (n << 6 | !s & 63).leading_zeros();
                let (bits, ones, turn) = (1 << len, (s & ((1 << len) - 1)) + 1, r & ((1 << len) - 1));
                let run = (1u128 << ones) - 1;
                let element = (run >> turn | run << (bits - turn)) & ((1 << bits) - 1);
                (0..64 / bits).fold(0, |all, nth| all | (element as u64) << (nth * bits)) & mask
            }
            _ => panic!("no move: {word:x}"),
        };
    }
    value
}

#[test]
fn constants_are_what_was_asked_for() {
    let mut source = Source::new(&[], 5);
    let mut lengths = [0; 5];
    for _ in 0..100_000 {
        let (value, size) = (source.constant(), source.size());
        let mut asm = Assembler::new(Features::BASELINE);
        asm.mov_imm(size, X0, value);
        let code = asm.finish().code;
        let wanted = if size == Size::B64 { value } else { value & 0xffff_ffff };
        assert_eq!(moved(code), wanted, "{value:#x}");
        assert_eq!(code.len() as u32, 4 * mov_imm_len(size, value));
        // Two moves always make 32 bits, four make 64.
        assert!(code.len() <= size.bytes() as usize * 2);
        lengths[code.len() / 4] += 1;
    }
    assert!(lengths[1..].iter().all(|&count| count > 100), "{lengths:?}");
}

#[test]
fn floats_that_are_immediates() {
    let all: Vec<f64> = (0..256)
        .map(|imm: u32| {
            let magnitude = f64::from(16 + (imm & 15)) / 16.0 * 2f64.powi(((imm >> 4 & 7) as i32 ^ 4) - 3);
            if imm >> 7 == 0 { magnitude } else { -magnitude }
        })
        .collect();
    for &value in &all {
        assert!(FloatImm::new(Size::B64, value.to_bits()).is_some(), "{value}");
        assert!(FloatImm::new(Size::B32, (value as f32).to_bits().into()).is_some(), "{value}");
    }
    let mut source = Source::new(&[], 6);
    for nth in 0..100_000 {
        let bits = source.next() << 48;
        assert_eq!(
            FloatImm::new(Size::B64, bits).is_some(),
            all.contains(&f64::from_bits(bits)),
            "{bits:#x}"
        );
        let bits = (source.next() as u32) << if nth % 2 == 0 { 19 } else { 16 };
        let value = f64::from(f32::from_bits(bits));
        assert_eq!(FloatImm::new(Size::B32, bits.into()).is_some(), all.contains(&value), "{bits:#x}");
    }
    assert_eq!(FloatImm::new(Size::B64, 0), None);
}

#[test]
fn vectors_that_are_no_immediates() {
    for value in
        [1 << 64, u128::MAX >> 1, 0x1234 * (u128::MAX / 0xffff), 0x0001_0002 * (u128::MAX / 0xffff_ffff)]
    {
        assert_eq!(VecImm::new(value), None, "{value:#x}");
    }
}

#[test]
fn conditions() {
    for &cond in Cond::ALL {
        assert_ne!(cond.invert(), cond);
        assert_eq!(cond.invert().invert(), cond);
        assert_eq!(cond.swap().swap(), cond);
    }
    assert_eq!(Cond::Lt.invert(), Cond::Ge);
    assert_eq!(Cond::Lt.swap(), Cond::Gt);
    assert_eq!(Cond::Ls.invert(), Cond::Hi);
    assert_eq!(Cond::Ls.swap(), Cond::Hs);
    assert_eq!(Cond::Eq.swap(), Cond::Eq);
}

/// Marks and signatures are written for processors that want them; what signs is a mark.
#[test]
fn protection_is_there_if_it_is_asked_for() {
    const BTI_C: u32 = 0xd503_245f;
    const BTI_J: u32 = 0xd503_249f;
    const PACIASP: u32 = 0xd503_233f;
    const AUTIASP: u32 = 0xd503_23bf;
    for (bti, paca, expected) in [
        (false, false, &[][..]),
        (true, false, &[BTI_C, BTI_J, BTI_C]),
        (false, true, &[PACIASP, PACIASP, AUTIASP]),
        (true, true, &[BTI_C, BTI_J, PACIASP, PACIASP, AUTIASP]),
    ] {
        let mut asm = Assembler::new(Features { bti, paca, ..Features::BASELINE });
        asm.called();
        asm.jumped_to();
        asm.sign();
        asm.called_and_signs();
        asm.authenticate();
        let words: Vec<u32> =
            asm.finish().code.as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
        assert_eq!(words, expected, "{bti} {paca}");
    }
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "sp is not possible here")]
fn stack_pointer_is_not_zero() {
    Assembler::new(Features::BASELINE).logic_rr(LogicOp::And, Size::B64, X0, SP, X1);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "xzr is not possible here")]
fn zero_is_not_the_stack_pointer() {
    Assembler::new(Features::BASELINE).store(Size::B64, Mem::base(XZR, 0), X1);
}
