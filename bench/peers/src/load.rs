//! How fast engines load modules, in bytes of code section a second.

use crate::clock::{Rounds, repetitions};
use crate::peer::{Load, Peer, Result};
use crate::report::{Report, figure, line};
use crate::{Options, wasm_files};

/// Stop after as many seconds with one engine and one module, even if rounds are left.
const PATIENCE: f64 = 8.0;

/// An engine, by number, in one of the ways it has; nothing where a module is only validated.
type Way = Option<(usize, Load)>;

/// Loads every module under `options.modules` with every engine, in turn in each round.
pub fn measure(options: &Options, peers: &mut [Box<dyn Peer>], report: &mut Report) -> Result<Vec<String>> {
    let mut errors = Vec::new();
    let mut files = Vec::new();
    for path in &options.modules {
        if path.is_dir() { files.extend(wasm_files(path)?) } else { files.push(path.clone()) }
    }
    println!("load, MB of code section a second: all functions translated or compiled, or (lazy) none yet");
    let mut ways: Vec<Way> = vec![None];
    for (index, peer) in peers.iter_mut().enumerate() {
        ways.extend(
            [Load::Eager, Load::Lazy]
                .into_iter()
                .filter_map(|load| peer.load(EMPTY, load, 1).map(|_| Some((index, load)))),
        );
    }
    let columns = ways.iter().map(|way| match way {
        None => "validation".to_owned(),
        Some((index, Load::Eager)) => peers[*index].name().to_owned(),
        Some((index, Load::Lazy)) => format!("{} lazy", peers[*index].name()),
    });
    line("", std::iter::once("code KB".to_owned()).chain(columns));

    for path in files {
        // Those of several programs are called the same and differ by their folders.
        let name = match path.file_stem().unwrap_or_default().to_string_lossy().into_owned() {
            name if name != "guests" => name,
            _ => path.iter().rev().nth(1).unwrap_or_default().to_string_lossy().into_owned(),
        };
        let wasm = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let code = code_size(&wasm).map_err(|error| format!("{}: {error}", path.display()))?;
        report.size(&name, wasm.len(), code);

        let mut repeat = |way: Way, times: u32| match way {
            None => {
                let (seconds, result) = options.clock.time(|| (0..times).try_for_each(|_| validate(&wasm)));
                result.map(|()| seconds)
            }
            Some((index, load)) => peers[index].load(&wasm, load, times).unwrap_or(Ok(0.0)),
        };
        let mut times: Vec<Times> = ways.iter().map(|&way| Times::new(|times| repeat(way, times))).collect();
        for round in 0..options.rounds {
            for turn in 0..ways.len() {
                let at = (round + turn) % ways.len();
                times[at].round(|times| repeat(ways[at], times));
            }
        }
        let mut columns = vec![figure(code as f64 / 1e3)];
        for (way, Times { rounds, error, .. }) in ways.iter().zip(times) {
            let (kind, engine) = match *way {
                None => ("load", "wasmparser validation"),
                Some((index, Load::Eager)) => ("load", peers[index].name()),
                Some((index, Load::Lazy)) => ("load lazy", peers[index].name()),
            };
            columns.push(figure(code as f64 / 1e6 / rounds.median()));
            match error {
                None => report.add(kind, "", &name, engine, ("ms", 1e3), &rounds),
                Some(error) if engine.starts_with("brisk") => {
                    errors.push(format!("{name}: {engine}: {error}"))
                }
                Some(error) => {
                    println!("{engine} does not load {name}: {error}");
                    report.did_not_run("load", &name, engine, error.lines().next().unwrap_or_default());
                }
            }
        }
        line(&name, columns);
    }
    println!();
    Ok(errors)
}

/// A module without anything in it.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

/// The times of one load; small modules are loaded as often as a clock needs to see them.
struct Times {
    /// How often that is.
    repetitions: u32,
    rounds: Rounds,
    spent: f64,
    error: Option<String>,
}

impl Times {
    fn new(mut repeat: impl FnMut(u32) -> Result<f64>) -> Times {
        let mut times = Times { repetitions: 1, rounds: Rounds::default(), spent: 0.0, error: None };
        let mut took = 0.0;
        let found = repetitions(0.05, |count| {
            took = repeat(count)?;
            Ok(took)
        });
        match found {
            Ok(count) => times.repetitions = count,
            Err(error) => times.error = Some(error),
        }
        // What takes so long is not done for nothing.
        if took > PATIENCE / 4.0 {
            times.add(took);
        }
        times
    }

    fn add(&mut self, seconds: f64) {
        self.rounds.push(seconds / f64::from(self.repetitions));
        self.spent += seconds;
    }

    fn round(&mut self, repeat: impl FnOnce(u32) -> Result<f64>) {
        if self.error.is_none() && self.spent < PATIENCE {
            match repeat(self.repetitions) {
                Ok(seconds) => self.add(seconds),
                Err(error) => self.error = Some(error),
            }
        }
    }
}

fn validate(wasm: &[u8]) -> Result<()> {
    wasmparser::Validator::new().validate_all(wasm).map(drop).map_err(|error| error.to_string())
}

fn code_size(wasm: &[u8]) -> Result<usize> {
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::CodeSectionStart { size, .. } =
            payload.map_err(|error| error.to_string())?
        {
            return Ok(size as usize);
        }
    }
    Err("no code section".to_owned())
}
