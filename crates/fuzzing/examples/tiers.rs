//! Runs generated modules on every tier for a while: `tiers GENERATOR FIRST SECONDS`. Writes one of them, with how it is
//! run on standard error: `tiers GENERATOR NUMBER`. Runs a file as one of them is run: `tiers GENERATOR NUMBER FILE`, which
//! fails if tiers differ, for programs that make files smaller.

use brisk_fuzzing::generator::Generator;
use brisk_fuzzing::tiers::{Counts, compare, of_number};
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [generator, number, rest @ ..] = &arguments[..] else {
        let _ = writeln!(std::io::stderr(), "usage: tiers GENERATOR NUMBER [SECONDS | FILE]");
        return ExitCode::from(2);
    };
    let is_meant = |known: &&Generator| format!("{known:?}").eq_ignore_ascii_case(generator);
    let generator = *Generator::ALL.iter().find(is_meant).expect("a generator");
    let number: u64 = number.parse().expect("a number");
    let mut out = std::io::stdout();
    let Some(rest) = rest.first() else {
        let (wasm, plan) = of_number(generator, number).expect("a module");
        let _ = writeln!(std::io::stderr(), "{plan:?}");
        out.write_all(&wasm).expect("written");
        return ExitCode::SUCCESS;
    };
    let Ok(seconds) = rest.parse() else {
        let (_, plan) = of_number(generator, number).expect("a module");
        let wasm = std::fs::read(rest).expect("a file");
        return match compare(&wasm, plan) {
            Ok(counts) => {
                let _ = writeln!(out, "{:#?}", counts.0);
                ExitCode::SUCCESS
            }
            Err(difference) => {
                let _ = writeln!(out, "{difference}");
                ExitCode::FAILURE
            }
        };
    };
    run(generator, number, Duration::from_secs(seconds))
}

fn run(generator: Generator, first: u64, time: Duration) -> ExitCode {
    let mut out = std::io::stdout();
    let (start, mut counts, mut differing, mut number) =
        (Instant::now(), Counts::default(), Vec::new(), first);
    let mut told = start;
    while start.elapsed() < time {
        if told.elapsed() > Duration::from_secs(60) {
            told = Instant::now();
            let _ = writeln!(out, "{generator:?} {number}, {} s", start.elapsed().as_secs());
        }
        if let Some((wasm, plan)) = of_number(generator, number) {
            match compare(&wasm, plan) {
                Ok(found) => counts.add_all(&found),
                Err(difference) => {
                    let _ = writeln!(out, "{generator:?} {number} DIFFERS: {difference}");
                    differing.push(number);
                }
            }
        }
        number += 1;
    }
    let _ = writeln!(out, "{generator:?}, {first} to {number}, {} s: {:#?}", time.as_secs(), counts.0);
    let _ = writeln!(out, "differing: {differing:?}");
    if differing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
