//! The AArch64 assembler against an independent decoder: every row of every table and every method,
//! with random operands, has to decode to what was asked for.

mod cases;
mod golden;
mod labels;

use brisk_codegen::a64::asm::Features;
use cases::bench::{Bench, Source};

#[test]
fn every_row_decodes_to_itself() {
    let mut bench = Bench::new(Features::ALL, Source::new(&[], 0x1234_5678_9abc_def1));
    let mut wrong = Vec::new();
    for case in &cases::all() {
        wrong.extend((0..256).find_map(|_| bench.check(case).err()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rows cannot be forgotten, the cases come from the tables; methods could be.
#[test]
fn every_method_has_a_case() {
    let methods = [
        include_str!("../../src/a64/asm/atomic.rs"),
        include_str!("../../src/a64/asm/buffer.rs"),
        include_str!("../../src/a64/asm/float.rs"),
        include_str!("../../src/a64/asm/flow.rs"),
        include_str!("../../src/a64/asm/int.rs"),
        include_str!("../../src/a64/asm/memory.rs"),
        include_str!("../../src/a64/asm/vec.rs"),
    ];
    let cases = [
        include_str!("cases/bench.rs"),
        include_str!("cases/float.rs"),
        include_str!("cases/flow.rs"),
        include_str!("cases/int.rs"),
        include_str!("cases/memory.rs"),
        include_str!("cases/vec.rs"),
        include_str!("golden.rs"),
        include_str!("labels.rs"),
    ]
    .concat();
    let mut count = 0;
    for line in methods.iter().flat_map(|source| source.lines()) {
        let Some(declared) = line.strip_prefix("    pub fn ") else { continue };
        let name = declared.split(['(', '<']).next().expect("a method has a name");
        let called = [format!(".{name}("), format!("Assembler::{name}")];
        assert!(called.iter().any(|call| cases.contains(call)), "no case for {name}");
        count += 1;
    }
    assert!(count > 100, "{count} methods found");
}

#[test]
fn fuzz_target_takes_any_bytes() {
    let cases = cases::all();
    let mut source = Source::new(&[], 99);
    for len in 0..2000 {
        let data: Vec<u8> = (0..len % 64).map(|_| source.next() as u8).collect();
        cases::fuzz(&data, &cases);
    }
}
