//! Runs modules in brisk, on every tier, and in wasmi, another interpreter, and compares all that can be seen: what
//! exported functions return or why they stop, the order and the arguments of calls of host functions, and
//! what memories, tables and globals hold in the end.

mod brisk;
mod known;
mod outcome;
mod wasmi;

pub use outcome::{Kind, Seen};

use crate::generate::Proposals;
use crate::generator::Generator;
use ::brisk::Tier;

/// Instances of each module. One is given up when its functions do not get far any more, which is so when its
/// counter of steps is at its end.
const INSTANCES: usize = 4;

/// The tiers of brisk, the one last whose run is told of.
const TIERS: [Tier; 3] = [Tier::Interp, Tier::Jit, Tier::Auto];

/// Class of runs in which the module's NaNs are not canonical although it was made so.
const NANS: &str = "set aside: NaNs";

/// Runs a module made of `data` in both engines, in brisk on every tier.
///
/// # Panics
///
/// Panics if they differ.
pub fn differential(generator: Generator, data: &[u8]) -> Seen {
    let Some((module, seed)) = generator.make(data, Proposals::Shared) else { return Seen::default() };
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
pub fn of_number(generator: Generator, number: u64) -> Seen {
    differential(generator, &generator.bytes_of_number(number))
}

/// Runs a module in both engines, or says where they differ. With `canonical_nans` the module sees to it that its
/// NaNs are canonical; otherwise brisk has to, as wasmi does.
pub fn compare(wasm: &[u8], seed: u64, canonical_nans: bool) -> Result<Seen, String> {
    let compared = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(brisk::THREAD_STACK_BYTES);
        let thread = thread.spawn_scoped(scope, || compare_here(wasm, seed, canonical_nans));
        thread.map(|thread| thread.join()).map_err(|error| error.to_string())
    });
    compared?.unwrap_or_else(|_| Err("running panicked".to_string()))
}

fn compare_here(wasm: &[u8], seed: u64, canonical_nans: bool) -> Result<Seen, String> {
    let changed = known::kept_apart(wasm);
    let expected = wasmi::run(changed.as_deref().unwrap_or(wasm), seed);
    let mut seen = Seen::default();
    for tier in TIERS {
        let on_tier = |canonical| outcome::compare(&expected, &brisk::run(wasm, seed, tier, canonical));
        seen = match canonical_nans.then(|| on_tier(false)) {
            Some(Ok(seen)) => seen,
            _ => {
                let mut seen = on_tier(true).map_err(|difference| format!("tier {tier}, {difference}"))?;
                if canonical_nans {
                    // The generator forgets some conversions.
                    seen.see(NANS);
                }
                seen
            }
        };
    }
    if changed.is_some() {
        seen.see(known::CHANGED);
    }
    Ok(seen)
}
