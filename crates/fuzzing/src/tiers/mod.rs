//! Runs modules interpreted, compiled and from one to the other, and compares all that can be seen: what
//! exported functions return, why and where they stop, how much fuel is left, the order and the arguments of calls of
//! host functions, and what memories, tables and globals hold in the end. That the compiler fails, with which brisk
//! copes by interpreting, is a difference, too. In half of the runs code is interrupted, see `interrupts`.

mod interrupts;
mod run;

pub use interrupts::Interrupts;
use run::Outcome;
pub use run::{Plan, Way};

use crate::generate::Proposals;
use crate::generator::Generator;
use crate::random::Random;
use std::collections::BTreeMap;

/// The class of runs that were stopped where a lack of fuel stops nobody.
const SET_ASIDE: &str = "set aside: stopped where no fuel is tested";

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
    let undisturbed = Plan { interrupts: Interrupts::Never, ..plan };
    let mut counts = Counts::default();
    counts.see("modules");
    let expected = match run::run(wasm, believed, undisturbed, None) {
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
    let interrupted = (plan.interrupts != Interrupts::Never).then_some(believed);
    for way in others.into_iter().chain(interrupted) {
        let of_way = |reason: String| format!("{way:?} with {plan:?}{reason}");
        let got = run::run(wasm, way, plan, None).map_err(|reason| of_way(format!(": {reason}")))?;
        overflow |= if plan.interrupts.stop() {
            stopped(wasm, undisturbed, way, &got, &mut counts).map_err(of_way)?
        } else {
            same(&expected.lines, &got.lines).map_err(|(_, difference)| of_way(difference))?
        };
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

/// Interprets with just so much fuel that calls stop where they were interrupted in a run; otherwise as `same`.
fn stopped(wasm: &[u8], plan: Plan, way: Way, got: &Outcome, counts: &mut Counts) -> Result<bool, String> {
    let mut stops = got.stops.clone();
    loop {
        let expected =
            run::run(wasm, Way::Interp, plan, Some(&stops)).map_err(|reason| format!(": {reason}"))?;
        let (at, difference) = match same(&expected.lines, &got.lines) {
            Ok(overflow) => return Ok(overflow),
            Err(different) => different,
        };
        let call = expected.stopped.iter().find(|(lines, _)| lines.contains(&at));
        match call.and_then(|&(_, call)| stops[call].as_mut()) {
            Some(stop) if !stop.charged => stop.charged = true,
            // The interpreter notices interrupts where it catches exceptions, too, where no fuel is tested.
            Some(_) if !matches!(way, Way::Jit { .. }) => {
                counts.see(SET_ASIDE);
                return Ok(false);
            }
            _ => return Err(difference),
        }
    }
}

/// Says where two runs differ; whether they are the same up to where one used up a stack.
fn same(expected: &[String], got: &[String]) -> Result<bool, (usize, String)> {
    let is_overflow = |line: Option<&String>| line.is_some_and(|line| line.contains(run::OVERFLOW));
    for at in 0..expected.len().max(got.len()) {
        let (left, right) = (expected.get(at), got.get(at));
        if is_overflow(left) || is_overflow(right) {
            return Ok(true);
        }
        if left != right {
            let before = at.checked_sub(1).and_then(|at| expected.get(at));
            return Err((
                at,
                format!(", line {at}:\nafter    {before:?}\nexpected {left:?}\ngot      {right:?}"),
            ));
        }
    }
    Ok(false)
}
