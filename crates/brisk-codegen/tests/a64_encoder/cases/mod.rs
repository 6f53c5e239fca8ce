//! One case for each row of a table and each method, and the body of a fuzz target over them.

pub mod bench;
mod float;
mod flow;
mod int;
mod memory;
mod vec;

use bench::{Bench, Case, Source};
use brisk_codegen::a64::asm::Features;

pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    int::add(&mut cases);
    memory::add(&mut cases);
    flow::add(&mut cases);
    float::add(&mut cases);
    vec::add(&mut cases);
    cases
}

/// The body of a fuzz target: bytes choose the instructions and their operands.
pub fn fuzz(data: &[u8], cases: &[Case]) {
    let mut source = Source::new(data, 1);
    let case = &cases[source.below(cases.len())];
    let checked = Bench::new(Features::ALL, source).check(case);
    assert_eq!(checked, Ok(()));
}
