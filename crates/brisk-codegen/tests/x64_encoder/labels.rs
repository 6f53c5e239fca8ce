//! Labels, fixups, the constant pool, relocations, padding.

use super::cases::bench::Source;
use brisk_codegen::x64::asm::*;
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic};

fn decode(code: &[u8]) -> Vec<Instruction> {
    Decoder::with_ip(64, code, 0, DecoderOptions::NONE).into_iter().collect()
}

#[test]
fn near_backward_jumps_are_short() {
    let mut asm = Assembler::new(Features::ALL);
    let label = asm.here();
    asm.nop(126);
    asm.jmp(label);
    assert_eq!(asm.offset(), 128);
    asm.jmp(label);
    assert_eq!(asm.offset(), 133);
    asm.clear();
    let label = asm.here();
    asm.nop(126);
    asm.jcc(Cond::Ne, label);
    assert_eq!(asm.offset(), 128);
    asm.jcc(Cond::Ne, label);
    assert_eq!(asm.offset(), 134);
    let code = asm.finish().code;
    assert_eq!(code[126..128], [0x75, 0x80]);
    assert_eq!(code[128..134], [0x0f, 0x85, 0x7a, 0xff, 0xff, 0xff]);
}

#[test]
fn forward_jumps_are_filled_in() {
    let mut asm = Assembler::new(Features::ALL);
    let (far, near) = (asm.new_label(), asm.new_label());
    asm.jmp(far);
    asm.jcc(Cond::B, far);
    asm.jcc_short(Cond::P, near);
    asm.jmp_short(near);
    asm.call(far);
    asm.bind(near);
    assert_eq!(asm.label_offset(near), Some(20));
    assert_eq!(asm.label_offset(far), None);
    asm.nop(300);
    asm.bind(far);
    let code = asm.finish().code;
    let targets: Vec<u64> = decode(code)[..5].iter().map(|jump| jump.near_branch_target()).collect();
    assert_eq!(targets, [320, 320, 20, 20, 320]);
}

#[test]
#[should_panic(expected = "a short jump of 128 bytes")]
fn short_jump_that_is_too_long_panics() {
    let mut asm = Assembler::new(Features::ALL);
    let label = asm.new_label();
    asm.jmp_short(label);
    asm.nop(128);
    asm.bind(label);
}

#[test]
fn short_jump_of_127_bytes() {
    let mut asm = Assembler::new(Features::ALL);
    let label = asm.new_label();
    asm.jmp_short(label);
    asm.nop(127);
    asm.bind(label);
    assert_eq!(asm.finish().code[..2], [0xeb, 0x7f]);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "a label is used and not bound")]
fn label_without_a_place_is_noticed() {
    let mut asm = Assembler::new(Features::ALL);
    let label = asm.new_label();
    asm.jmp(label);
    asm.finish();
}

#[test]
fn unused_label_needs_no_place() {
    let mut asm = Assembler::new(Features::ALL);
    asm.new_label();
    asm.ret();
    assert_eq!(asm.finish().code, [0xc3]);
}

#[test]
fn random_programs_jump_where_they_should() {
    let mut source = Source::new(&[], 42);
    let mut asm = Assembler::new(Features::ALL);
    for _ in 0..200 {
        asm.clear();
        let blocks = 1 + source.below(40);
        let labels: Vec<Label> = (0..blocks).map(|_| asm.new_label()).collect();
        let mut wanted = Vec::new();
        for &label in &labels {
            asm.bind(label);
            asm.bytes(&vec![0x90; source.below(60)]);
            let target = source.pick(&labels);
            wanted.push(target);
            match source.below(3) {
                0 => asm.jmp(target),
                1 => asm.jcc(source.pick(Cond::ALL), target),
                _ => asm.call(target),
            }
        }
        let code = asm.finish().code.to_vec();
        let jumps = decode(&code).into_iter().filter(|instruction| instruction.mnemonic() != Mnemonic::Nop);
        let targets: Vec<u64> = jumps.map(|jump| jump.near_branch_target()).collect();
        let wanted: Vec<u64> = wanted.iter().map(|&label| asm.label_offset(label).unwrap().into()).collect();
        assert_eq!(targets, wanted);
    }
}

#[test]
fn equal_constants_share_their_place() {
    let mut asm = Assembler::new(Features::ALL);
    let four = asm.constant4(7);
    assert_eq!(asm.constant4(7), four);
    let eight = asm.constant8(7);
    let sixteen = asm.constant16(7);
    assert!(four != eight && eight != sixteen && four != sixteen);
    assert_ne!(asm.constant4(8), four);
    asm.ret();
    let code = asm.finish().code.to_vec();
    assert_eq!(code.len(), 16 + 16 + 8 + 4 + 4);
    assert_eq!(code[..16], [&[0xc3][..], &[0xcc; 15]].concat());
    assert_eq!(asm.label_offset(sixteen), Some(16));
    assert_eq!(asm.label_offset(eight), Some(32));
    assert_eq!(asm.label_offset(four), Some(40));
    assert_eq!(code[16..32], 7u128.to_le_bytes());
    assert_eq!(code[32..40], 7u64.to_le_bytes());
    assert_eq!(code[40..48], [7, 0, 0, 0, 8, 0, 0, 0]);
}

#[test]
fn constants_of_other_widths_do_not_share() {
    let mut asm = Assembler::new(Features::ALL);
    let mut labels: Vec<Label> = (0..1000u32)
        .flat_map(|value| [asm.constant4(value), asm.constant8(value.into()), asm.constant16(value.into())])
        .collect();
    labels.sort();
    labels.dedup();
    assert_eq!(labels.len(), 3000);
}

#[test]
fn many_constants() {
    let mut source = Source::new(&[], 5);
    let mut asm = Assembler::new(Features::ALL);
    for round in 0..3 {
        asm.clear();
        let values: Vec<u128> =
            (0..1000).map(|_| u128::from(source.next()) << source.below(70)).chain([0, u128::MAX]).collect();
        let labels: Vec<Label> = values.iter().map(|&value| asm.constant16(value)).collect();
        for (&value, &label) in values.iter().zip(&labels) {
            assert_eq!(asm.constant16(value), label, "round {round}");
            asm.vec_load(VecOp::Movaps, XMM0, Mem::label(label));
        }
        let code = asm.finish().code.to_vec();
        let loads = decode(&code[..values.len() * 8]);
        for (load, &value) in loads.iter().zip(&values) {
            let at = load.ip_rel_memory_address() as usize;
            assert_eq!(at % 16, 0);
            assert_eq!(code[at..at + 16], value.to_le_bytes());
        }
    }
}

#[test]
fn relocations_account_for_immediates() {
    let mut asm = Assembler::new(Features::ALL);
    asm.call_symbol(Symbol(3));
    asm.call_rm(Mem::symbol(Symbol(4)));
    asm.alu_imm(AluOp::Cmp, Size::B32, Mem::Symbol { symbol: Symbol(5), addend: 100 }, 1000);
    let assembled = asm.finish();
    let wanted = [(1, 3, -4), (7, 4, -4), (13, 5, 100 - 8)];
    let wanted = wanted.map(|(at, symbol, addend)| Reloc {
        at,
        symbol: Symbol(symbol),
        addend,
        kind: RelocKind::Rel32,
    });
    assert_eq!(assembled.relocs, wanted);
}

#[test]
fn jump_tables_hold_distances_from_their_start() {
    let mut asm = Assembler::new(Features::ALL);
    let back = asm.here();
    asm.nop(100);
    asm.align(4);
    let table = asm.here();
    let forward = asm.new_label();
    asm.table_entry(table, back);
    asm.table_entry(table, forward);
    asm.table_entry(table, table);
    asm.nop(50);
    asm.bind(forward);
    let code = asm.finish().code;
    let entries: Vec<i32> =
        code[100..112].chunks(4).map(|entry| i32::from_le_bytes(entry.try_into().unwrap())).collect();
    assert_eq!(entries, [-100, 62, 0]);
}

#[test]
fn padding_does_nothing() {
    let mut asm = Assembler::new(Features::ALL);
    for len in 0..40 {
        asm.clear();
        asm.nop(len);
        let code = asm.finish().code;
        assert_eq!(code.len(), len);
        let decoded = decode(code);
        assert_eq!(decoded.len(), len.div_ceil(9));
        assert!(decoded.iter().all(|instruction| instruction.mnemonic() == Mnemonic::Nop));
    }
    asm.clear();
    asm.ret();
    asm.align(16);
    assert_eq!(asm.offset(), 16);
    asm.align(16);
    assert_eq!(asm.offset(), 16);
}

#[test]
fn clear_forgets_everything() {
    let mut asm = Assembler::new(Features::ALL);
    let before = asm.constant8(1);
    asm.call_symbol(Symbol(0));
    asm.lea(Size::B64, RAX, Mem::label(before));
    asm.finish();
    asm.clear();
    assert_eq!(asm.new_label(), Label(0));
    asm.ret();
    assert_eq!(asm.code(), [0xc3]);
    let assembled = asm.finish();
    assert_eq!(assembled, Assembled { code: &[0xc3], relocs: &[] });
}

/// The code of a few instructions.
fn code(emit: impl FnOnce(&mut Assembler)) -> Vec<u8> {
    let mut asm = Assembler::new(Features::ALL);
    emit(&mut asm);
    asm.finish().code.to_vec()
}

#[test]
fn what_every_processor_has_is_an_instruction_of_this_one() {
    let registers = (0..16).flat_map(|dst| (0..16).map(move |src| (dst, src)));
    for (dst, src) in registers {
        let (to, from) = (Gpr(dst), Gpr(src));
        assert_eq!(code(|asm| asm.move_word(to, from)), code(|asm| asm.mov_rr(Size::B64, to, from)));
        let (vector, other) = (Xmm(dst), Xmm(src));
        assert_eq!(code(|asm| asm.move_vector(vector, other)), code(|asm| asm.vec_mov(vector, other)));
        for offset in [0, 8, 0x7f8] {
            let place = Mem::base(from, offset as i32);
            assert_eq!(
                code(|asm| asm.load_word(to, from, offset)),
                code(|asm| asm.mov_load(Size::B64, to, place))
            );
            assert_eq!(
                code(|asm| asm.store_word(from, offset, to)),
                code(|asm| asm.mov_store(Size::B64, place, to))
            );
        }
    }
    let jumps = |jump: fn(&mut Assembler, Label)| {
        code(|asm| {
            let (before, behind) = (asm.here(), asm.new_label());
            jump(asm, before);
            jump(asm, behind);
            // Nothing needs room ahead of time here.
            asm.room(1 << 20);
            asm.bind(behind);
        })
    };
    assert_eq!(jumps(|asm, label| asm.jump(label)), jumps(|asm, label| asm.jmp(label)));
}
