//! Labels, fixups, islands, the constant pool, jump tables, padding.

use super::cases::bench::Source;
use brisk_codegen::a64::asm::*;

fn word(code: &[u8], at: u32) -> u32 {
    let at = at as usize;
    u32::from_le_bytes(code[at..at + 4].try_into().expect("four bytes"))
}

/// A field of an instruction, with its sign, in words.
fn signed(word: u32, shift: u32, bits: u32) -> i32 {
    (word << (32 - shift - bits)) as i32 >> (32 - bits)
}

/// Where a branch leads, through all that only lead on.
fn target(code: &[u8], at: u32) -> u32 {
    let this = word(code, at);
    let words = match this >> 24 & 0x7f {
        0x14..=0x17 => signed(this, 0, 26),
        0x54 | 0x34 | 0x35 => signed(this, 5, 19),
        0x36 | 0x37 => signed(this, 5, 14),
        _ => panic!("no branch: {this:08x} at {at:#x}"),
    };
    let to = at.wrapping_add((words * 4) as u32);
    match code.get(to as usize..to as usize + 4) {
        Some(_) if word(code, to) >> 26 == 5 => target(code, to),
        _ => to,
    }
}

#[test]
fn branches_back_take_one_instruction_if_near() {
    let mut asm = Assembler::new(Features::BASELINE);
    let label = asm.here();
    for _ in 0..8192 {
        asm.hint(Hint::Csdb);
    }
    asm.tbz(X0, 3, label);
    assert_eq!(asm.offset(), 32772);
    asm.tbz(X0, 3, label);
    assert_eq!(asm.offset(), 32780);
    asm.cbz(Size::B32, X0, label);
    assert_eq!(asm.offset(), 32784);
    for _ in asm.offset() / 4..1 << 18 {
        asm.hint(Hint::Csdb);
    }
    asm.b_cond(Cond::Eq, label);
    assert_eq!(asm.offset(), (1 << 20) + 4);
    asm.b_cond(Cond::Eq, label);
    asm.cbnz(Size::B64, X1, label);
    asm.b(label);
    assert_eq!(asm.offset(), (1 << 20) + 24);
    let code = asm.finish().code;
    for at in [32768, 32776, 32780, 1 << 20, (1 << 20) + 8, (1 << 20) + 16, (1 << 20) + 20] {
        assert_eq!(target(code, at), 0, "{at:#x}");
    }
    // Turned around: taken if the first one's condition does not hold.
    assert_eq!(word(code, (1 << 20) + 4) & 15, Cond::Ne as u32);
    assert_eq!(word(code, 32772) >> 24, 0x37);
    assert_eq!(word(code, (1 << 20) + 12) >> 24, 0xb4);
}

/// Branches of all kinds to labels before and after them, near and far.
#[test]
fn random_programs_branch_where_they_should() {
    let mut source = Source::new(&[], 42);
    let mut asm = Assembler::new(Features::BASELINE);
    for program in 0..60 {
        asm.clear();
        let blocks = 2 + source.below(60);
        let longest = [20, 300, 3000, 20_000][program % 4];
        let labels: Vec<Label> = (0..blocks).map(|_| asm.new_label()).collect();
        let mut branches = Vec::new();
        let mut tables = Vec::new();
        for &label in &labels {
            asm.room(8);
            asm.bind(label);
            // No branch, which would be taken for an island.
            asm.hint(Hint::Csdb);
            for _ in 0..source.below(longest) {
                asm.room(64);
                let (kind, to) = (source.below(12), source.pick(&labels));
                match kind {
                    0 => asm.b(to),
                    1 => asm.bl(to),
                    2 => asm.b_cond(Cond::Hi, to),
                    3 => asm.cbz(Size::B64, X1, to),
                    4 => asm.cbnz(Size::B32, X1, to),
                    5 => asm.tbz(X1, 40, to),
                    6 => asm.tbnz(X1, 4, to),
                    7 if source.below(50) == 0 => {
                        asm.room(4 * 100);
                        let table = asm.here();
                        let entries: Vec<Label> = (0..100).map(|_| source.pick(&labels)).collect();
                        for &to in &entries {
                            asm.table_entry(table, to);
                        }
                        tables.push((table, entries));
                        continue;
                    }
                    _ => {
                        asm.hint(Hint::Csdb);
                        continue;
                    }
                }
                // The second of two instructions leads there.
                branches.push((asm.offset() - 4, to));
            }
        }
        let code = asm.finish().code.to_vec();
        let place = |label| asm.label_offset(label).expect("all labels are bound");
        for &(at, to) in &branches {
            assert_eq!(target(&code, at), place(to), "{at:#x}");
        }
        for (table, entries) in tables {
            for (nth, to) in entries.into_iter().enumerate() {
                let table = place(table);
                assert_eq!(table.wrapping_add(word(&code, table + 4 * nth as u32)), place(to));
            }
        }
    }
}

/// Every instruction branches to the end: each island leads on thousands of them, once.
#[test]
fn islands_cost_little() {
    let mut asm = Assembler::new(Features::BASELINE);
    let end = asm.new_label();
    let mut branches = 0;
    let mut others = Vec::new();
    while asm.offset() < 6 << 20 {
        asm.room(16);
        match branches % 3 {
            0 => asm.tbz(X0, 1, end),
            1 => asm.cbz(Size::B64, X0, end),
            _ => {
                let label = asm.new_label();
                asm.tbnz(X0, 1, label);
                others.push((asm.offset() - 4, label));
            }
        }
        branches += 1;
    }
    for &(_, label) in &others {
        asm.room(4);
        asm.bind(label);
        asm.hint(Hint::Csdb);
    }
    asm.room(4);
    asm.bind(end);
    let words = asm.offset() / 4;
    // One word for each, one in an island for each of the third that has a label of its own.
    assert!(words < branches * 3, "{words} words for {branches} branches");
    let code = asm.finish().code.to_vec();
    for (at, label) in others {
        assert_eq!(target(&code, at), asm.label_offset(label).expect("it is bound"));
    }
    assert_eq!(target(&code, 0), asm.label_offset(end).expect("it is bound"));
}

#[test]
fn constants_are_near_their_loads() {
    let mut source = Source::new(&[], 11);
    let mut asm = Assembler::new(Features::BASELINE);
    for distinct in [10, 1 << 40] {
        asm.clear();
        let mut loads = Vec::new();
        while asm.offset() < 5 << 20 {
            asm.room(64);
            let value = source.next() % distinct;
            let (label, width) = match source.below(40) {
                0 => (asm.constant4(value as u32), Width::S),
                1 => (asm.constant8(value), Width::D),
                2..12 => (asm.constant16(value.into()), Width::Q),
                _ => {
                    asm.hint(Hint::Csdb);
                    continue;
                }
            };
            loads.push((asm.offset(), value, width));
            asm.vec_load(width, V0, Mem::Label(label));
        }
        let code = asm.finish().code;
        for (at, value, width) in loads {
            let to = at.wrapping_add((signed(word(code, at), 5, 19) * 4) as u32) as usize;
            let bytes = width.bytes() as usize;
            assert_eq!(to % bytes, 0);
            assert_eq!(code[to..to + bytes], u128::from(value).to_le_bytes()[..bytes]);
        }
    }
}

#[test]
fn constants_are_shared() {
    let mut asm = Assembler::new(Features::BASELINE);
    let one = asm.constant16(7);
    let two = asm.constant16(7);
    let other = asm.constant8(7);
    assert_eq!(one, two);
    assert_ne!(one, other);
    asm.vec_load(Width::Q, V0, Mem::Label(one));
    asm.vec_load(Width::D, V1, Mem::Label(other));
    let code = asm.finish().code;
    assert_eq!(code.len(), 16 + 16 + 8);
    assert_eq!((word(code, 0), word(code, 4)), (0x9c00_0080, 0x5c00_00e1));
}

#[test]
fn islands_come_only_where_there_is_room_asked_for() {
    let mut asm = Assembler::new(Features::BASELINE);
    let label = asm.new_label();
    asm.tbz(X0, 0, label);
    for _ in 0..8000 {
        asm.room(4);
        asm.hint(Hint::Csdb);
    }
    assert_eq!(asm.offset(), 4 + 32000);
    asm.room(4000);
    // A jump over it, and the branch in it.
    assert_eq!(asm.offset(), 4 + 32000 + 8);
    asm.ret();
    asm.tbz(X0, 0, label);
    let at = asm.offset();
    asm.ret();
    asm.room(32000);
    assert_eq!(asm.offset(), at + 4);
    asm.room(33000);
    // Nothing comes from before it: only the branch in it.
    assert_eq!(asm.offset(), at + 8);
    asm.bind(label);
    let code = asm.finish().code;
    assert_eq!(target(code, 0), at + 8);
    assert_eq!(target(code, at - 4), at + 8);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "a label is used and not bound")]
fn label_without_a_place_is_noticed() {
    let mut asm = Assembler::new(Features::BASELINE);
    let label = asm.new_label();
    asm.b(label);
    asm.finish();
}

#[test]
fn unused_label_needs_no_place() {
    let mut asm = Assembler::new(Features::BASELINE);
    asm.new_label();
    asm.ret();
    assert_eq!(asm.finish().code, [0xc0, 0x03, 0x5f, 0xd6]);
}

#[test]
fn padding_and_data() {
    let mut asm = Assembler::new(Features::BASELINE);
    asm.ret();
    asm.align(16);
    assert_eq!(asm.code().len(), 16);
    assert_eq!(word(asm.code(), 12), Hint::Nop as u32);
    asm.bytes(&[1, 2, 3, 4]);
    assert_eq!(asm.features(), Features::BASELINE);
    asm.clear();
    assert_eq!(asm.offset(), 0);
}

/// The code of a few instructions.
fn code(emit: impl FnOnce(&mut Assembler)) -> Vec<u8> {
    let mut asm = Assembler::new(Features::BASELINE);
    emit(&mut asm);
    asm.finish().code.to_vec()
}

#[test]
fn what_every_processor_has_is_an_instruction_of_this_one() {
    let registers = (0..31).flat_map(|dst| (0..31).map(move |src| (dst, src)));
    for (dst, src) in registers {
        let (to, from) = (Gpr(dst), Gpr(src));
        assert_eq!(code(|asm| asm.move_word(to, from)), code(|asm| asm.mov_rr(Size::B64, to, from)));
        let (vector, other) = (Fpr(dst), Fpr(src));
        assert_eq!(code(|asm| asm.move_vector(vector, other)), code(|asm| asm.vec_mov(vector, other)));
        for offset in [0, 8, 0x7f8] {
            let place = Mem::base(from, offset as i32);
            assert_eq!(
                code(|asm| asm.load_word(to, from, offset)),
                code(|asm| asm.load(LoadOp::LdrX, to, place))
            );
            assert_eq!(
                code(|asm| asm.store_word(from, offset, to)),
                code(|asm| asm.store(Size::B64, place, to))
            );
        }
    }
    let jumps = |jump: fn(&mut Assembler, Label)| {
        code(|asm| {
            let (before, behind) = (asm.here(), asm.new_label());
            jump(asm, before);
            jump(asm, behind);
            asm.bind(behind);
        })
    };
    assert_eq!(jumps(|asm, label| asm.jump(label)), jumps(|asm, label| asm.b(label)));
}
