//! The x64 assembler against an independent decoder: every row of every table and every method,
//! with random operands, has to decode to what was asked for.

mod bench;
mod flow_cases;
mod golden;
mod int_cases;
mod labels;
mod vec_cases;

use bench::{Bench, Case, Source};
use brisk_codegen::x64::asm::Features;

/// What is assembled for: everything; no VEX vector instructions; the oldest processor.
const PROCESSORS: [Features; 3] =
    [Features::ALL, Features { avx: false, avx2: false, fma: false, ..Features::ALL }, Features::BASELINE];

fn all_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    int_cases::add(&mut cases);
    flow_cases::add(&mut cases);
    vec_cases::add(&mut cases);
    cases
}

/// The body of a fuzz target: bytes choose the processor, the instructions and their operands.
fn fuzz(data: &[u8], cases: &[Case]) {
    let mut source = Source::new(data, 1);
    let features = PROCESSORS[source.below(PROCESSORS.len())];
    let case = &cases[source.below(cases.len())];
    let mut bench = Bench::new(features, source);
    bench.check(case);
}

#[test]
fn every_row_decodes_to_itself() {
    let cases = all_cases();
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
    for case in all_cases() {
        let mut bench = Bench::new(Features::ALL, Source::new(&[], 7));
        assert!(bench.check(&case), "{} never runs", case.name);
    }
}

/// Rows cannot be forgotten, the cases come from the tables; methods could be.
#[test]
fn every_method_has_a_case() {
    let methods = [
        include_str!("../../src/x64/asm/int.rs"),
        include_str!("../../src/x64/asm/flow.rs"),
        include_str!("../../src/x64/asm/vec.rs"),
        include_str!("../../src/x64/asm/buffer.rs"),
    ];
    let cases = [
        include_str!("bench.rs"),
        include_str!("int_cases.rs"),
        include_str!("flow_cases.rs"),
        include_str!("vec_cases.rs"),
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
    assert!(count > 80, "{count} methods found");
}

#[test]
fn fuzz_target_takes_any_bytes() {
    let cases = all_cases();
    let mut source = Source::new(&[], 99);
    for len in 0..2000 {
        let data: Vec<u8> = (0..len % 64).map(|_| source.next() as u8).collect();
        fuzz(&data, &cases);
    }
}
