//! Each pure instruction, compiled by the optimizing compiler's stages and executed, against the function that says
//! what it means.
//!
//! An operation stands in the middle of a function that loads its operands through a pointer and stores the result
//! there. It is compiled for several processors, its operands loaded for it alone, kept for later, spilled, equal,
//! or constant.
#![cfg(any(all(unix, target_arch = "x86_64"), all(target_os = "linux", target_arch = "aarch64")))]

mod cases;
mod inputs;
#[cfg_attr(target_arch = "x86_64", path = "machine/x64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "machine/a64.rs")]
mod machine;
mod make;
mod memory;
#[cfg(target_arch = "x86_64")]
mod quality;
mod rows;
mod trees;

use brisk_codegen::ir::TrapCode;
use brisk_module::numeric::NumericTrap;
use cases::Case;
use inputs::Inputs;
use rows::{Row, Section};

/// Runs all cases of the rows of some sections.
fn run(wanted: impl Fn(&Row) -> bool) {
    let mut failures = Vec::new();
    let mut ran = 0;
    for row in rows::rows().iter().filter(|row| wanted(row)) {
        let cases = cases::cases(row);
        let image = memory::Image::new(row, &cases);
        for (nth, case) in cases.iter().enumerate() {
            ran += check(row, case, &image.functions(nth), &mut failures);
        }
    }
    assert!(ran > 10_000, "only {ran} executions");
    assert!(
        failures.is_empty(),
        "{} failures, of which\n{}",
        failures.len(),
        failures[..failures.len().min(40)].join("\n")
    );
}

/// Runs one case, on every processor, with many operands.
fn check(
    row: &Row,
    case: &Case,
    functions: &[(&str, memory::Function)],
    failures: &mut Vec<String>,
) -> usize {
    let mut inputs = Inputs::new(row, case);
    let mut ran = 0;
    for _ in 0..inputs.count() {
        let operands = inputs.next();
        let expected = case.expected(row, &operands);
        for (processor, function) in functions {
            let mut cells = make::Cells::new(&operands);
            let trap = function.call(&mut cells);
            ran += 1;
            let found = cells.results(row.results.len());
            // What is kept is stored behind the instruction.
            let kept = trap.is_some() || cells.operands() == operands && cells.others_are_kept(case);
            let right = match &expected {
                Ok(expected) => {
                    let mut pairs = expected.iter().zip(found);
                    trap.is_none() && pairs.all(|(&expected, found)| row.agrees(case, expected, found))
                }
                Err(expected) => trap == Some(trap_code(*expected)),
            };
            if !kept || !right {
                failures.push(format!(
                    "{} {processor} {case:?}: {operands:x?} gives {found:x?} and {trap:?}, not {expected:x?}{}",
                    row.name,
                    if kept { "" } else { "; what was kept is lost" }
                ));
                // One of a kind is enough.
                return ran;
            }
        }
    }
    ran
}

fn trap_code(trap: NumericTrap) -> TrapCode {
    match trap {
        NumericTrap::IntegerDivideByZero => TrapCode::DivisionByZero,
        NumericTrap::IntegerOverflow => TrapCode::IntegerOverflow,
        NumericTrap::BadConversionToInteger => TrapCode::BadConversion,
    }
}

#[test]
fn scalars() {
    run(|row| row.section == Section::Scalar);
}

#[test]
fn vectors_of_integers() {
    run(|row| row.section == Section::Vector && row.name.starts_with(['i', 'v']));
}

#[test]
fn vectors_of_floats() {
    run(|row| row.section == Section::Vector && row.name.starts_with(['f', 'c']));
}
