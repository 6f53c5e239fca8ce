//! The register allocator on random code, on large code, and its checker on spoiled answers.

use brisk_codegen::regalloc::testing::{self, Rng, Shape};
use brisk_codegen::regalloc::{Allocator, check};
use brisk_codegen::vcode::{Allocation, Loc, PReg};

fn shape(seed: u64) -> Shape {
    let n = seed as usize;
    Shape {
        insts: 5 + n % 150,
        depth: n % 5,
        reach: [3, 8, 20, 60][n / 5 % 4],
        far: [30, 5][n / 60 % 2],
        calls: [0, 3, 15][n / 20 % 3],
    }
}

#[test]
fn random_code_is_allocated_right() {
    let mut allocator = Allocator::new();
    let mut out = Allocation::default();
    for seed in 0..2000 {
        testing::run_case(&mut allocator, &mut out, seed, &shape(seed)).unwrap();
    }
}

#[test]
fn long_code_is_allocated_right() {
    let mut allocator = Allocator::new();
    let mut out = Allocation::default();
    for seed in 0..20 {
        let shape = Shape { insts: 1500, depth: 5, reach: 10, far: 10, calls: 4 };
        testing::run_case(&mut allocator, &mut out, seed, &shape).unwrap();
    }
}

#[test]
fn loops_with_several_entries_are_allocated_right() {
    let mut allocator = Allocator::new();
    let mut out = Allocation::default();
    for seed in 0..1000 {
        let mut rng = Rng::new(seed);
        let blocks = 1 + rng.below(12);
        let code = testing::generate_tangle(&mut rng, blocks);
        testing::run_code(&mut allocator, &mut out, &code, &testing::reg_sets(true)).unwrap();
    }
}

/// The work grows with the code, not with the product of blocks and values.
#[test]
fn large_code_stays_linear() {
    let mut allocator = Allocator::new();
    let mut out = Allocation::default();
    for (live, blocks, depth) in [(10_000, 10, 1), (10, 5_000, 1), (10_000, 5_000, 3), (50, 100, 2_000)] {
        let code = testing::generate_big(live, blocks, depth);
        allocator.run(&code, &testing::reg_sets(false), &mut out);
        let pieces = allocator.stats().pieces as usize;
        assert!(pieces < 6 * code.insts.len(), "{pieces} pieces for {} instructions", code.insts.len());
        assert!(out.moves.len() < 6 * code.insts.len());
    }
    let code = testing::generate_big(300, 100, 3);
    testing::run_code(&mut allocator, &mut out, &code, &testing::reg_sets(false)).unwrap();
}

/// Spoils an answer so that some use must read something else; the checker has to say so, unless the place that was
/// spoiled is never read. What the interpreter sees, the checker must see.
#[test]
fn the_checker_finds_what_is_spoiled() {
    let mut allocator = Allocator::new();
    let mut out = Allocation::default();
    let (mut spoiled, mut seen, mut found) = (0, 0, 0);
    for seed in 0..600 {
        let mut rng = Rng::new(seed);
        let regs = testing::reg_sets(rng.chance(40));
        let code = testing::generate(&mut rng, &shape(seed), &regs);
        allocator.run(&code, &regs, &mut out);
        let right = testing::interpret(&code, None, 4000);
        for kind in 0..5 {
            let mut bad = out.clone();
            let moves = bad.moves.len();
            if moves == 0 || code.operands.is_empty() {
                continue;
            }
            let n = rng.below(moves);
            match kind {
                // A move is lost: one from a register to itself.
                0 => {
                    if let Loc::Reg(_) = bad.moves[n].to {
                        bad.moves[n].from = Some(bad.moves[n].to);
                    } else {
                        continue;
                    }
                }
                1 => bad.moves.swap(n, moves - 1 - n),
                2 => {
                    let (a, b) = (rng.below(bad.locs.len()), rng.below(bad.locs.len()));
                    bad.locs.swap(a, b);
                }
                3 => {
                    let Loc::Reg(r) = bad.moves[n].to else { continue };
                    bad.moves[n].to = Loc::Reg(PReg(r.0 & 32 | (r.0 + 1) & 3));
                }
                _ => {
                    let Some(Loc::Slot(c)) = bad.moves[n].from else { continue };
                    bad.moves[n].from = Some(Loc::Slot(c ^ 2));
                }
            }
            if bad.moves == out.moves && bad.locs == out.locs {
                continue;
            }
            spoiled += 1;
            let caught = check::check(&code, &regs, &bad).is_err();
            found += usize::from(caught);
            let slots_exist =
                bad.moves.iter().all(|m| {
                    let inside =
                        |l| !matches!(l, Loc::Slot(c) if c + 1 + u32::from(m.wide) > bad.spill_cells);
                    inside(m.to) && m.from.is_none_or(inside)
                }) && bad.locs.iter().all(|l| !matches!(l, Loc::Slot(c) if *c >= bad.spill_cells));
            if slots_exist && testing::interpret(&code, Some((&bad, &regs)), 4000) != right {
                seen += 1;
                assert!(caught, "seed {seed} kind {kind}: a wrong answer passes");
            }
        }
    }
    assert!(
        spoiled > 1000 && seen > 500 && found * 10 > spoiled * 7,
        "{spoiled} spoiled, {seen} seen, {found} found"
    );
}
