//! Whole processes: from start to exit, with all that an engine needs to load, compile, run and end.

use crate::bench::Options;
use crate::figures::{median, show};
use crate::{Result, output, root};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command that runs WASI programs.
#[derive(Debug)]
pub struct Runner {
    pub name: &'static str,
    command: Vec<String>,
    /// Options come as `--dir HOST::GUEST`, as wasmtime has them; those of others are not known.
    dirs: bool,
    /// Programs are compiled before they are run, and that is not in the time.
    precompiled: bool,
    pub version: String,
    /// The size of the program in bytes.
    pub size: u64,
}

/// One program to run.
struct Job {
    layer: &'static str,
    name: &'static str,
    file: PathBuf,
    args: Vec<&'static str>,
    /// What it must print, without spaces at its ends.
    prints: &'static str,
    /// Whether it needs guests/real as its directory, and one to write to as /out.
    dirs: bool,
    /// What it must write to /out: the file, and the FNV hash of its bytes.
    writes: Option<(&'static str, u64)>,
}

fn jobs(options: &Options) -> Vec<Job> {
    let guests = root().join("guests");
    let mut jobs = Vec::new();
    let mut start = |name, file: &str, args: &[&'static str], prints| {
        jobs.push(Job {
            layer: "start",
            name,
            file: guests.join(file),
            args: args.to_vec(),
            prints,
            dirs: false,
            writes: None,
        });
    };
    start("hello (C)", "hello/hello.wasm", &[], "Hello, world!");
    start("fib 20 (Rust)", "rust/guests.wasm", &["fib", "20"], "0000000000001a6d");
    start("fib 20 (Go)", "go/guests.wasm", &["fib", "20"], "0000000000001a6d");
    start("json 2000 (Go)", "go/guests.wasm", &["json", "2000"], "5edac91dfe1c9ce6");
    start("sha256 (C)", "bench/sha256.wasm", &[], "866512636204100b");
    start("mandelbrot (C)", "bench/mandelbrot.wasm", &[], "8087a2a7517771d9");
    if let Some(programs) = &options.programs {
        let mut real = |name, file: &str, args: &[&'static str], prints, writes| {
            jobs.push(Job {
                layer: "real",
                name,
                file: programs.join(file),
                args: args.to_vec(),
                prints,
                dirs: true,
                writes,
            });
        };
        let primes = r#"{"count":17984,"sum":1709600813,"ones":20147,"big":"649379447"}"#;
        real("QuickJS", "quickjs.wasm", &["/in/primes.js"], primes, None);
        let words = r#"{"top": [["the", 800], ["quick", 400], ["brown", 400]], "digest": "e0ff35f4095337e6", "sum": 41665416675000, "big": 73216}"#;
        real("CPython", "python-3.11.3.wasm", &["/in/words.py"], words, None);
        let picture = Some(("picture.png", 0x6946_3c7c_1c2d_d006));
        real("resvg", "resvg.wasm", &["/in/picture.svg", "/out/picture.png"], "", picture);
        let blink = Some(("blink.o", 0xb5b7_c13d_df20_e16a));
        real("avr-as", "avr-as.wasm", &["-mmcu=avr5", "/in/blink.s", "-o", "/out/blink.o"], "", blink);
    }
    jobs
}

/// A program on PATH.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// The runners there are, and the names of those that are not.
pub fn runners(options: &Options, brisk: &Path) -> Result<(Vec<Runner>, Vec<&'static str>)> {
    let mut runners = Vec::new();
    let mut missing = Vec::new();
    let mut add = |name, program: Option<PathBuf>, args: &[&str], dirs, precompiled| {
        let Some(program) = program else {
            missing.push(name);
            return Ok(());
        };
        let version = output(Command::new(&program).arg("--version"))?;
        let size = std::fs::metadata(&program).map_err(|error| error.to_string())?.len();
        let command =
            std::iter::once(program.display().to_string()).chain(args.iter().map(|arg| (*arg).to_owned()));
        let version = version.lines().next().unwrap_or_default().to_owned();
        runners.push(Runner { name, command: command.collect(), dirs, precompiled, version, size });
        Ok::<(), String>(())
    };
    let brisk = || Some(brisk.to_owned());
    add("brisk-auto", brisk(), &["run"], true, false)?;
    add("brisk-jit", brisk(), &["run", "--tier", "jit"], true, false)?;
    add("brisk-interp", brisk(), &["run", "--tier", "interp"], true, false)?;
    let wasmtime = || {
        std::env::var_os("WASMTIME")
            .map(PathBuf::from)
            .or_else(|| find("wasmtime"))
            .or_else(|| Some(options.programs.as_ref()?.join("wasmtime")).filter(|file| file.is_file()))
    };
    add("wasmtime", wasmtime(), &["run", "-C", "cache=n"], true, false)?;
    add("winch", wasmtime(), &["run", "-C", "cache=n", "-C", "compiler=winch"], true, false)?;
    add("wasmtime-precompiled", wasmtime(), &["run", "--allow-precompiled"], true, true)?;
    let harness = root().join("bench/peers/src/run.mjs").display().to_string();
    add("v8 (node)", find("node"), &["--no-warnings", &harness], true, false)?;
    add("wasmi", find("wasmi_cli").or_else(|| find("wasmi")), &[], false, false)?;
    add("wasmer", find("wasmer"), &["run"], false, false)?;
    add("wasm3", find("wasm3"), &[], false, false)?;
    add("iwasm", find("iwasm"), &[], false, false)?;
    Ok((runners, missing))
}

/// What one run took.
struct Cost {
    wall: f64,
    cpu: f64,
    memory: f64,
}

fn once(spawn: &Path, runner: &Runner, job: &Job, scratch: &Path) -> Result<Cost> {
    let report = scratch.join("cost");
    let mut command = Command::new(spawn);
    command.arg(&report).args(&runner.command);
    if job.dirs {
        command.arg("--dir").arg(format!("{}::/in", root().join("guests/real").display()));
        command.arg("--dir").arg(format!("{}::/out", scratch.display()));
    }
    if runner.precompiled {
        command.arg(scratch.join("module.cwasm"));
    } else {
        command.arg(&job.file);
    }
    if let Some((file, _)) = job.writes {
        let _ = std::fs::remove_file(scratch.join(file));
    }
    let printed = output(command.args(&job.args))?;
    if !printed.contains(job.prints) {
        return Err(format!("printed {printed:?}, not {:?}", job.prints));
    }
    if let Some((file, sum)) = job.writes {
        let bytes = std::fs::read(scratch.join(file)).map_err(|error| format!("{file}: {error}"))?;
        let fnv = bytes
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |h: u64, byte| (h ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
        if fnv != sum {
            return Err(format!("wrote {file} with the hash {fnv:#018x}, not {sum:#018x}"));
        }
    }
    let cost = std::fs::read_to_string(&report).map_err(|error| error.to_string())?;
    let numbers: Vec<f64> = cost.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [wall, cpu, memory, 0.0] => Ok(Cost { wall, cpu, memory }),
        _ => Err(format!("failed: {cost}")),
    }
}

/// Runs every job of a layer with every runner, in turn in each round.
pub fn measure(
    options: &Options,
    layer: &str,
    runners: &[Runner],
    spawn: &Path,
    figures: &mut Vec<Value>,
) -> Result<Vec<String>> {
    let mut errors = Vec::new();
    let scratch = std::env::temp_dir().join(format!("brisk-bench-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|error| error.to_string())?;
    println!("{layer}: whole processes, processor time in ms / peak memory in MB");
    let names: String = runners.iter().map(|runner| format!(" {:>20}", runner.name)).collect();
    println!("{:<16}{names}", "");
    for job in jobs(options).iter().filter(|job| job.layer == layer && options.wants(job.name)) {
        let mut costs: Vec<Vec<Cost>> = runners.iter().map(|_| Vec::new()).collect();
        let mut failed = vec![false; runners.len()];
        for runner in runners.iter().filter(|runner| runner.precompiled) {
            let wasmtime = &runner.command[0];
            output(
                Command::new(wasmtime)
                    .args(["compile", "-o"])
                    .arg(scratch.join("module.cwasm"))
                    .arg(&job.file),
            )?;
        }
        // The quick ones more often: their times are of the size of the noise.
        let rounds = if layer == "start" { options.rounds * 3 } else { options.rounds };
        for round in 0..rounds {
            for turn in 0..runners.len() {
                let index = (round + turn) % runners.len();
                let spent: f64 = costs[index].iter().map(|cost| cost.cpu).sum();
                if failed[index] || (job.dirs && !runners[index].dirs) || spent > 15.0 {
                    continue;
                }
                match once(spawn, &runners[index], job, &scratch) {
                    Ok(cost) => costs[index].push(cost),
                    Err(error) => {
                        errors.push(format!("{}: {}: {error}", job.name, runners[index].name));
                        failed[index] = true;
                        costs[index].clear();
                    }
                }
            }
        }
        let mut line = format!("{:<16}", job.name);
        for (runner, costs) in runners.iter().zip(&costs) {
            if costs.is_empty() {
                line += &format!(" {:>20}", "-");
                continue;
            }
            for (kind, unit, scale, of) in [
                ("wall", "ms", 1e3, (|cost| cost.wall) as fn(&Cost) -> f64),
                ("cpu", "ms", 1e3, |cost| cost.cpu),
                ("memory", "MB", 1.024e-3, |cost| cost.memory),
            ] {
                let values: Vec<f64> = costs.iter().map(|cost| of(cost) * scale).collect();
                let (least, most) =
                    values.iter().fold((f64::MAX, 0.0f64), |(a, b), x| (a.min(*x), b.max(*x)));
                figures.push(json!({
                    "kind": kind, "layer": layer, "subject": job.name, "engine": runner.name, "unit": unit,
                    "median": median(&values), "least": least, "most": most, "rounds": values.len(),
                }));
            }
            let of = |f: fn(&Cost) -> f64| median(&costs.iter().map(f).collect::<Vec<_>>());
            let text =
                format!("{} / {}", show(of(|cost| cost.cpu) * 1e3), show(of(|cost| cost.memory) * 1.024e-3));
            line += &format!(" {text:>20}");
        }
        println!("{line}");
    }
    println!();
    let _ = std::fs::remove_dir_all(&scratch);
    Ok(errors)
}
