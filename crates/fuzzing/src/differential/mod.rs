//! Runs modules in brisk and in wasmi, another interpreter, and compares all that can be seen: what
//! exported functions return or why they stop, the order and the arguments of calls of host functions, and
//! what memories, tables and globals hold in the end.

mod brisk;
mod known;
mod outcome;
mod wasmi;

pub use outcome::{Kind, Seen};

use crate::generate::{self, Proposals};
use crate::random::Random;
use arbitrary::Unstructured;

/// Instances of each module. One is given up when its functions do not get far any more, which is so when its
/// counter of steps is at its end.
const INSTANCES: usize = 4;

/// Class of runs in which the module's NaNs are not canonical although it was made so.
const NANS: &str = "set aside: NaNs";

/// Runs a module made of `data` in both engines.
///
/// # Panics
///
/// Panics if they differ.
pub fn differential(data: &[u8]) -> Seen {
    let mut u = Unstructured::new(data);
    let Ok(seed) = u.arbitrary() else { return Seen::default() };
    let Ok(module) = generate::module(&mut u, Proposals::Shared) else { return Seen::default() };
    match compare(&module.wasm, seed, module.canonical_nans) {
        Ok(seen) => seen,
        Err(difference) => panic!("{difference}"),
    }
}

/// The [`differential`] of bytes that come from a number.
///
/// # Panics
///
/// Panics if the engines differ.
pub fn of_number(number: u64) -> Seen {
    let mut random = Random::new(number);
    let length = 1_000 + random.below(60_000) as usize;
    differential(&random.bytes(length))
}

/// Runs a module in both engines, or says where they differ. With `canonical_nans` the module sees to it that its
/// NaNs are canonical; otherwise brisk has to, as wasmi does.
pub fn compare(wasm: &[u8], seed: u64, canonical_nans: bool) -> Result<Seen, String> {
    let changed = known::kept_apart(wasm);
    let expected = wasmi::run(changed.as_deref().unwrap_or(wasm), seed);
    let plain = canonical_nans.then(|| outcome::compare(&expected, &brisk::run(wasm, seed, false)));
    let mut seen = match plain {
        Some(Ok(seen)) => seen,
        _ => {
            let mut seen = outcome::compare(&expected, &brisk::run(wasm, seed, true))?;
            if canonical_nans {
                // The generator forgets some conversions.
                seen.see(NANS);
            }
            seen
        }
    };
    if changed.is_some() {
        seen.see(known::CHANGED);
    }
    Ok(seen)
}
