//! The AArch64 assembler against an independent decoder: every row of every table and every method,
//! with random operands, has to decode to what was asked for.

mod cases;
#[path = "../encoder/mod.rs"]
mod encoder;
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

#[test]
fn every_method_has_a_case() {
    let methods = [
        include_str!("../../src/asm/mod.rs"),
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
    ];
    let count = encoder::methods_with_a_case(&methods, &cases);
    assert!(count > 100, "{count} methods found");
}

#[test]
fn fuzz_target_takes_any_bytes() {
    let cases = cases::all();
    encoder::any_bytes(|data| cases::fuzz(data, &cases));
}
