//! How fast engines load modules, in bytes of code section a second.

use crate::clock::{Rounds, repetitions};
use crate::peer::{Load, Peer, Result};
use crate::report::{Report, figure, line};
use crate::{Options, wasm_files};

/// Stop after as many seconds with one engine and one module, even if rounds are left.
const PATIENCE: f64 = 8.0;

/// Loads every module under `options.modules` with every engine.
pub fn measure(options: &Options, peers: &mut [Box<dyn Peer>], report: &mut Report) -> Result<Vec<String>> {
    let mut errors = Vec::new();
    let mut files = Vec::new();
    for path in &options.modules {
        if path.is_dir() { files.extend(wasm_files(path)?) } else { files.push(path.clone()) }
    }
    println!("load, MB of code section a second: all functions translated or compiled, or (lazy) none yet");
    // Each engine in each way that it has.
    let mut ways: Vec<(usize, Load)> = Vec::new();
    for (index, peer) in peers.iter_mut().enumerate() {
        ways.extend(
            [Load::Eager, Load::Lazy]
                .into_iter()
                .filter_map(|load| peer.load(EMPTY, load, 1).map(|_| (index, load))),
        );
    }
    let columns = ways.iter().map(|&(index, load)| match load {
        Load::Eager => peers[index].name().to_owned(),
        Load::Lazy => format!("{} lazy", peers[index].name()),
    });
    line("", ["code KB".to_owned(), "validation".to_owned()].into_iter().chain(columns));

    for path in files {
        // Those of several programs are called the same and differ by their folders.
        let name = match path.file_stem().unwrap_or_default().to_string_lossy().into_owned() {
            name if name != "guests" => name,
            _ => path.iter().rev().nth(1).unwrap_or_default().to_string_lossy().into_owned(),
        };
        let wasm = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let code = code_size(&wasm).map_err(|error| format!("{}: {error}", path.display()))?;
        let speed = |rounds: &Rounds| code as f64 / 1e6 / rounds.median();

        let validated = time(options, |times| {
            let (seconds, result) = options.clock.time(|| (0..times).try_for_each(|_| validate(&wasm)));
            result.map(|()| seconds)
        })?;
        report.add("load", "", &name, "wasmparser validation", ("ms", 1e3), &validated);
        report.size(&name, wasm.len(), code);
        let mut columns = vec![figure(code as f64 / 1e3), figure(speed(&validated))];
        for &(index, load) in &ways {
            let kind = if load == Load::Eager { "load" } else { "load lazy" };
            let peer = &mut peers[index];
            match time(options, |times| peer.load(&wasm, load, times).unwrap_or(Ok(0.0))) {
                Ok(rounds) => {
                    report.add(kind, "", &name, peer.name(), ("ms", 1e3), &rounds);
                    columns.push(figure(speed(&rounds)));
                }
                Err(error) => {
                    errors.push(format!("{name}: {}: {error}", peer.name()));
                    columns.push(figure(f64::NAN));
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

/// Times one load; small modules are loaded as often as a clock needs to see them.
fn time(options: &Options, mut repeat: impl FnMut(u32) -> Result<f64>) -> Result<Rounds> {
    let times = repetitions(0.05, &mut repeat)?;
    let mut rounds = Rounds::default();
    let mut spent = 0.0;
    for _ in 0..options.rounds {
        let seconds = repeat(times)?;
        rounds.push(seconds / f64::from(times));
        spent += seconds;
        if spent > PATIENCE {
            break;
        }
    }
    Ok(rounds)
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
