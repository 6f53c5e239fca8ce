//! The register allocator on random code.

use brisk_codegen::regalloc::{Allocator, testing};
use brisk_codegen::vcode::Allocation;

#[test]
fn random_code_is_allocated_right() {
    let mut allocator = Allocator::new();
    let mut out = Allocation::default();
    for seed in 0..4000 {
        let n = seed as usize;
        let shape = testing::Shape {
            insts: 5 + n % 150,
            depth: n % 5,
            reach: [3, 8, 20, 60][n / 5 % 4],
            calls: [0, 3, 15][n / 20 % 3],
        };
        testing::run_case(&mut allocator, &mut out, seed, &shape).unwrap();
    }
}
