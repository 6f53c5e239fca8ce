//! Runs modules interpreted, compiled and from one to the other, and compares all that can be seen: what
//! exported functions return, why and where they stop, how much fuel is left, the order and the arguments of calls of
//! host functions, and what memories, tables and globals hold in the end. That the compiler fails, with which brisk
//! copes by interpreting, is a difference, too.

mod run;

pub use run::{Plan, Way};

use crate::generate::Proposals;
use crate::generator::Generator;
use crate::random::Random;
use std::collections::BTreeMap;

/// Calls of each export of each instance.
const ROUNDS: u32 = 3;

/// How often what happened, by class.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Counts(pub BTreeMap<String, u64>);

impl Counts {
    pub(crate) fn see(&mut self, class: impl Into<String>) {
        self.add(class, 1);
    }

    pub(crate) fn add(&mut self, class: impl Into<String>, count: u64) {
        *self.0.entry(class.into()).or_default() += count;
    }

    /// Adds those of another module.
    pub fn add_all(&mut self, other: &Counts) {
        for (class, count) in &other.0 {
            self.add(class, *count);
        }
    }

    /// How often a class was seen.
    pub fn count(&self, class: &str) -> u64 {
        self.0.get(class).copied().unwrap_or(0)
    }
}

/// A module made of bytes, and how to run it.
pub fn make(generator: Generator, data: &[u8]) -> Option<(Vec<u8>, Plan)> {
    let (module, seed) = generator.make(data, Proposals::All)?;
    let mut plan = Plan::new(&mut Random::new(seed), ROUNDS);
    // Code that need not make NaNs canonical is what most run.
    plan.deterministic = !module.canonical_nans;
    Some((module.wasm, plan))
}

/// The module that is made of the bytes that a number stands for.
pub fn of_number(generator: Generator, number: u64) -> Option<(Vec<u8>, Plan)> {
    make(generator, &generator.bytes_of_number(number))
}

/// Runs a module made of `data` on every tier, and gives what happened.
///
/// # Panics
///
/// Panics if they differ.
pub fn tiers(generator: Generator, data: &[u8]) -> Counts {
    let Some((wasm, plan)) = make(generator, data) else { return Counts::default() };
    compare(&wasm, plan).unwrap_or_else(|difference| panic!("{difference}"))
}

/// Runs a module on every tier and gives what happened, or says where they differ.
///
/// Where a stack is used up, which happens at different depths, what follows is set aside.
pub fn compare(wasm: &[u8], plan: Plan) -> Result<Counts, String> {
    let compared = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(run::THREAD_STACK_BYTES);
        let thread = thread.spawn_scoped(scope, || compare_here(wasm, plan));
        thread.map(|thread| thread.join()).map_err(|error| error.to_string())
    });
    compared?.unwrap_or_else(|_| Err("running panicked".to_string()))
}

fn compare_here(wasm: &[u8], plan: Plan) -> Result<Counts, String> {
    let [believed, others @ ..] = plan.ways();
    let mut counts = Counts::default();
    counts.see("modules");
    let expected = match run::run(wasm, believed, plan) {
        Ok(expected) => expected,
        Err(reason) => {
            // Without its position.
            counts.see(format!("refused: {}", reason.split(" (at").next().unwrap_or_default()));
            return Ok(counts);
        }
    };
    counts.add_all(&expected.counts);
    counts.add("lines", expected.lines.len() as u64);
    let mut overflow = false;
    for way in others {
        let got = run::run(wasm, way, plan).map_err(|reason| format!("{way:?} with {plan:?}: {reason}"))?;
        let is_overflow = |line: Option<&String>| line.is_some_and(|line| line.contains(run::OVERFLOW));
        for at in 0..expected.lines.len().max(got.lines.len()) {
            let (left, right) = (expected.lines.get(at), got.lines.get(at));
            if is_overflow(left) || is_overflow(right) {
                overflow = true;
                break;
            }
            if left != right {
                let before = at.checked_sub(1).and_then(|at| expected.lines.get(at));
                return Err(format!(
                    "{way:?} with {plan:?}, line {at}:\nafter    {before:?}\nexpected {left:?}\ngot      {right:?}"
                ));
            }
        }
        // The rest was seen already.
        for (class, count) in got.counts.0 {
            if expected.counts.count(&class) == 0 {
                counts.add(class, count);
            }
        }
    }
    if overflow {
        counts.see("set aside: stack overflow");
    }
    Ok(counts)
}
