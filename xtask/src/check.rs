//! `cargo xtask bench --check`: instructions of a few fixed runs of the program, counted by valgrind, against a
//! baseline. A count repeats where a time does not.
//!
//! What the count depends on besides brisk: the compiler that built it (the baseline names it), the C library, and
//! the processor's features, from which brisk and the C library choose their code. Valgrind shows programs a
//! processor of its own, without AVX-512 whatever the machine has; any with AVX2 and BMI2 behind it gives the
//! same counts.

use crate::{Result, output, root, run, target};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Name, options of brisk, file and arguments. None of them may be a matter of timing: code is compiled on the
/// calling thread or not at all.
const RUNS: [(&str, &[&str], &str, &[&str]); 10] = [
    ("hello, interp", &["--tier", "interp"], "hello/hello.wasm", &[]),
    ("hello, auto", &[], "hello/hello.wasm", &[]),
    ("fib 25, interp", &["--tier", "interp"], "wat/fib.wasm", &["25"]),
    ("fib 30 and compiling it, jit", JIT, "wat/fib.wasm", &["30"]),
    ("sieve, interp", &["--tier", "interp"], "wat/sieve.wasm", &["200000"]),
    ("nbody, jit", JIT, "wat/nbody.wasm", &["20000"]),
    ("host calls, interp", &["--tier", "interp"], "wat/host_calls.wasm", &[]),
    ("host calls, jit", JIT, "wat/host_calls.wasm", &[]),
    ("translating and a little of Go, interp", &["--tier", "interp"], "go/guests.wasm", &["fib", "5"]),
    ("compiling all of a Rust program, jit", JIT, "rust/guests.wasm", &["fib", "5"]),
];

const JIT: &[&str] = &["--tier", "jit", "--compile-threads", "0"];

/// How much more than the baseline fails, as a factor.
const TOLERANCE: f64 = 1.03;

/// Counts, and compares with the baseline or replaces it.
pub fn main(bless: bool, built: Option<&Path>) -> Result<()> {
    if output(Command::new("valgrind").arg("--version")).is_err() {
        return Err(
            "valgrind is not installed, so nothing can be counted (apt-get install valgrind)".to_owned()
        );
    }
    let brisk = match built {
        Some(dir) => dir.join("brisk"),
        None => {
            let mut build = Command::new("cargo");
            run(build.current_dir(root()).args(["build", "--release", "--locked", "-p", "brisk-cli"]))?;
            target(&root().join("Cargo.toml"))?.join("release/brisk")
        }
    };
    let rustc = output(Command::new("rustc").arg("--version"))?;
    let path = root().join("bench/baseline.json");
    let baseline = match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?,
        Err(error) if bless => {
            println!("no baseline yet ({error})");
            Value::Null
        }
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    if !bless && baseline["rustc"] != rustc.as_str() {
        return Err(format!(
            "the baseline is of {}, this is {rustc}: renew it with --bless",
            baseline["rustc"]
        ));
    }
    println!("{:<42} {:>14} {:>14} {:>8}", "instructions", "baseline", "now", "change");
    let mut counts = serde_json::Map::new();
    let mut worse = Vec::new();
    for (name, options, file, args) in RUNS {
        let now = count(&brisk, options, file, args)?;
        let before = baseline["counts"][name].as_u64();
        let factor = before.map_or(f64::NAN, |before| now as f64 / before as f64);
        let shown = before.map_or("-".to_owned(), |before| before.to_string());
        let change = before.map_or("-".to_owned(), |_| format!("{:+.2}%", (factor - 1.0) * 100.0));
        println!("{name:<42} {shown:>14} {now:>14} {change:>8}");
        if before.is_none() && !bless {
            worse.push(format!("{name} has no baseline"));
        } else if factor > TOLERANCE {
            worse.push(format!("{name} takes {:.1} % more instructions", (factor - 1.0) * 100.0));
        } else if factor < 1.0 / TOLERANCE {
            println!("    better by more than 3 %: --bless keeps it so");
        }
        counts.insert(name.to_owned(), json!(now));
    }
    if bless {
        let text = format!("{:#}\n", json!({"rustc": rustc, "counts": counts}));
        return std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()));
    }
    if worse.is_empty() { Ok(()) } else { Err(worse.join("\nerror: ")) }
}

/// The instructions of one run, from its start to its exit.
fn count(brisk: &Path, options: &[&str], file: &str, args: &[&str]) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(brisk).arg("run").args(options);
    command.arg(root().join("guests").join(file)).args(args).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{command:?}: {}\n{text}", output.status));
    }
    let collected = text.lines().find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok());
    collected.ok_or_else(|| format!("valgrind counted nothing:\n{text}"))
}
