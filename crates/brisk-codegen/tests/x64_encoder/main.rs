//! The x64 assembler against an independent decoder: every row of every table and every method,
//! with random operands, has to decode to what was asked for.

mod cases;
#[path = "../encoder/mod.rs"]
mod encoder;
mod golden;
mod labels;

use brisk_codegen::x64::asm::Features;
use cases::PROCESSORS;
use cases::bench::{Bench, Source};

#[test]
fn every_row_decodes_to_itself() {
    let cases = cases::all();
    for features in PROCESSORS {
        let mut bench = Bench::new(features, Source::new(&[], 0x1234_5678_9abc_def1));
        for case in &cases {
            for _ in 0..256 {
                bench.check(case);
            }
        }
    }
}

#[test]
fn every_case_is_checked_on_some_processor() {
    for case in cases::all() {
        let mut bench = Bench::new(Features::ALL, Source::new(&[], 7));
        assert!(bench.check(&case), "{} never runs", case.name);
    }
}

#[test]
fn every_method_has_a_case() {
    let methods = [
        include_str!("../../src/asm/mod.rs"),
        include_str!("../../src/x64/asm/int.rs"),
        include_str!("../../src/x64/asm/flow.rs"),
        include_str!("../../src/x64/asm/vec.rs"),
        include_str!("../../src/x64/asm/buffer.rs"),
    ];
    let cases = [
        include_str!("cases/bench.rs"),
        include_str!("cases/int.rs"),
        include_str!("cases/flow.rs"),
        include_str!("cases/vec.rs"),
        include_str!("labels.rs"),
    ];
    let count = encoder::methods_with_a_case(&methods, &cases);
    assert!(count > 80, "{count} methods found");
}

#[test]
fn fuzz_target_takes_any_bytes() {
    let cases = cases::all();
    encoder::any_bytes(|data| cases::fuzz(data, &cases));
}
