//! Runs modules interpreted, compiled and from one to the other, and compares all that can be seen: what
//! exported functions return, why and where they stop, how much fuel is left, the order and the arguments of calls of
//! host functions, and what memories, tables and globals hold in the end.

mod run;

pub use run::{Plan, Way};

use crate::generate::{self, Proposals};
use crate::random::Random;
use arbitrary::Unstructured;

/// What came of the comparison of one module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// Brisk refuses it, or the bytes make none.
    Refused,
    /// All tiers did the same.
    Same {
        /// Things compared.
        lines: usize,
        /// Whether a stack was used up, and what followed set aside.
        overflow: bool,
    },
}

/// Runs a module made of `data` on every tier.
///
/// # Panics
///
/// Panics if they differ.
pub fn tiers(data: &[u8]) -> Found {
    let mut u = Unstructured::new(data);
    let Ok(seed) = u.arbitrary() else { return Found::Refused };
    let Ok(module) = generate::module(&mut u, Proposals::All) else { return Found::Refused };
    let plan = plan(&mut Random::new(seed), 2);
    compare(&module.wasm, plan).unwrap_or_else(|difference| panic!("{difference}"))
}

/// The [`tiers`] of bytes that come from a number.
///
/// # Panics
///
/// Panics if tiers differ.
pub fn of_number(number: u64) -> Found {
    let mut random = Random::new(number);
    let length = 1_000 + random.below(40_000) as usize;
    tiers(&random.bytes(length))
}

/// The bytes of the module that [`of_number`] runs.
pub fn module_of_number(number: u64) -> Option<(Vec<u8>, Plan)> {
    let mut random = Random::new(number);
    let length = 1_000 + random.below(40_000) as usize;
    let bytes = random.bytes(length);
    let mut u = Unstructured::new(&bytes);
    let seed = u.arbitrary().ok()?;
    Some((generate::module(&mut u, Proposals::All).ok()?.wasm, plan(&mut Random::new(seed), 2)))
}

/// Mostly enough fuel, sometimes too little, sometimes none counted.
fn plan(random: &mut Random, rounds: u32) -> Plan {
    let fuel = match random.below(4) {
        0 => None,
        1 => Some(random.below(4_000)),
        _ => Some(20_000_000),
    };
    Plan { seed: random.number(), fuel, rounds }
}

/// Runs a module on every tier, or says where they differ.
pub fn compare(wasm: &[u8], plan: Plan) -> Result<Found, String> {
    let Some(expected) = run::run(wasm, Way::ALL[0], plan) else { return Ok(Found::Refused) };
    let mut overflow = false;
    for &way in &Way::ALL[1..] {
        let Some(got) = run::run(wasm, way, plan) else { return Err(format!("{way:?} refuses the module")) };
        let is_overflow = |line: Option<&String>| line.is_some_and(|line| line.contains(run::OVERFLOW));
        let mut at = 0;
        while at < expected.len().max(got.len()) {
            let (left, right) = (expected.get(at), got.get(at));
            if is_overflow(left) || is_overflow(right) {
                overflow = true;
                break;
            }
            if left != right {
                let before = at.checked_sub(1).and_then(|at| expected.get(at));
                return Err(format!(
                    "{way:?} with {plan:?}, line {at}:\nafter    {before:?}\nexpected {left:?}\ngot      {right:?}"
                ));
            }
            at += 1;
        }
        // Where one of them overflows in the midst of host calls, the other goes on.
        overflow |= expected.iter().chain(&got).any(|line| line.contains(run::OVERFLOW));
    }
    Ok(Found::Same { lines: expected.len(), overflow })
}
