//! Runs generated modules on every tier for a while: `tiers GENERATOR FIRST SECONDS`. Writes one of them, with how it is
//! run on standard error: `tiers GENERATOR NUMBER`. Runs a file as one of them is run: `tiers GENERATOR NUMBER FILE`, which
//! fails if tiers differ, for programs that make files smaller.
//!
//! Modules run in a process of their own, so that one that crashes it, or takes too long, is named and the others still run.

use brisk_fuzzing::generator::Generator;
use brisk_fuzzing::tiers::{Counts, compare, of_number};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What a module may take, on a busy machine.
const LONGEST: Duration = Duration::from_secs(300);

/// What lines of the process that runs modules begin with: the number of the next one, and one that differed.
const NEXT: &str = "next ";
const DIFFERS: &str = "differs ";

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
    let time = Duration::from_secs(seconds);
    match std::env::var_os(HERE) {
        Some(_) => run(generator, number, time),
        None => watch(generator, number, time),
    }
}

/// Set for the process that runs modules.
const HERE: &str = "BRISK_FUZZING_HERE";

/// Has modules run, and goes on behind those that do not come back.
fn watch(generator: Generator, first: u64, time: Duration) -> ExitCode {
    let start = Instant::now();
    let (mut number, mut differing) = (first, Vec::new());
    while start.elapsed() < time {
        let seconds = (time - start.elapsed()).as_secs() + 1;
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args([format!("{generator:?}"), number.to_string(), seconds.to_string()])
            .env(HERE, "1")
            .stdout(Stdio::piped())
            .spawn();
        // Emulated programs may be unable to start themselves.
        let Ok(mut child) = child else { return run(generator, number, time) };
        let (tell, told) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let reader = std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let why = loop {
            match told.recv_timeout(LONGEST) {
                Ok(line) => match (line.strip_prefix(NEXT), line.strip_prefix(DIFFERS)) {
                    (Some(next), _) => number = next.parse().expect("a number"),
                    (_, Some(difference)) => {
                        differing.push(number);
                        println!("{difference}");
                    }
                    _ => println!("{line}"),
                },
                Err(mpsc::RecvTimeoutError::Disconnected) => break None,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    child.kill().expect("it runs");
                    break Some(format!("takes longer than {} s", LONGEST.as_secs()));
                }
            }
        };
        let status = child.wait().expect("it was started");
        drop(told);
        reader.join().expect("it only reads");
        if why.is_none() && matches!(status.code(), Some(0 | 1)) {
            break;
        }
        println!("{generator:?} {number} ENDS IT: {}", why.unwrap_or_else(|| status.to_string()));
        differing.push(number);
        number += 1;
    }
    println!("differing: {differing:?}");
    if differing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs modules for a while.
fn run(generator: Generator, first: u64, time: Duration) -> ExitCode {
    let (start, mut counts, mut number) = (Instant::now(), Counts::default(), first);
    let (mut told, mut code) = (start, ExitCode::SUCCESS);
    while start.elapsed() < time {
        println!("{NEXT}{number}");
        if told.elapsed() > Duration::from_secs(60) {
            told = Instant::now();
            println!("{generator:?} {number}, {} s", start.elapsed().as_secs());
        }
        if let Some((wasm, plan)) = of_number(generator, number) {
            match compare(&wasm, plan) {
                Ok(found) => counts.add_all(&found),
                Err(difference) => {
                    let difference = difference.replace('\n', "; ");
                    println!("{DIFFERS}{generator:?} {number} DIFFERS: {difference}");
                    code = ExitCode::FAILURE;
                }
            }
        }
        number += 1;
    }
    println!("{generator:?}, {first} to {number}, {} s: {:#?}", time.as_secs(), counts.0);
    code
}
