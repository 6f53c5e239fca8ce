//! One case for each row of a table and each method, and the body of a fuzz target over them.

pub mod bench;
mod flow;
mod int;
mod vec;

use bench::{Bench, Case, Source};
use brisk_codegen::x64::asm::Features;

/// What is assembled for: everything; no VEX vector instructions; the oldest processor.
pub const PROCESSORS: [Features; 3] =
    [Features::ALL, Features { avx: false, avx2: false, fma: false, ..Features::ALL }, Features::BASELINE];

pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    int::add(&mut cases);
    flow::add(&mut cases);
    vec::add(&mut cases);
    cases
}

/// The body of a fuzz target: bytes choose the processor, the instructions and their operands.
pub fn fuzz(data: &[u8], cases: &[Case]) {
    let mut source = Source::new(data, 1);
    let features = PROCESSORS[source.below(PROCESSORS.len())];
    let case = &cases[source.below(cases.len())];
    let mut bench = Bench::new(features, source);
    bench.check(case);
}
