//! Run time of the benchmark programs, every engine in turn in each round. Each run is one of a fresh
//! instance, and must print the checksum that the list of programs has.

use crate::Options;
use crate::clock::{Rounds, geomean};
use crate::peer::{Loaded, Peer, Result};
use crate::report::{Report, figure, line};
use std::path::PathBuf;

/// Stop after as many seconds with one engine and one program, even if rounds are left.
const PATIENCE: f64 = 1.0;

/// A line of the list of programs.
#[derive(Debug)]
pub struct Entry {
    /// Which of the layers it belongs to.
    pub layer: String,
    /// What the tables call it.
    pub name: String,
    file: PathBuf,
    args: Vec<String>,
    sum: String,
}

/// The programs of `guests/programs.txt` that were asked for.
pub fn list(options: &Options) -> Result<Vec<Entry>> {
    let path = options.guests.join("programs.txt");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut entries = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(layer), Some(name), Some(file), Some(sum)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(format!("{}: not a program: {line}", path.display()));
        };
        let file = options.guests.join(file);
        let wanted = options.filters.is_empty() || options.filters.iter().any(|filter| name.contains(filter));
        if wanted && options.layers.as_ref().is_none_or(|layers| layers.contains(&layer)) {
            entries.push(Entry { layer, name, file, args: words.collect(), sum });
        }
    }
    if entries.is_empty() { Err("no program matches".to_owned()) } else { Ok(entries) }
}

/// Runs every program that was asked for. Errors are programs that failed or printed something else.
pub fn measure(options: &Options, peers: &mut [Box<dyn Peer>], report: &mut Report) -> Result<Vec<String>> {
    let mut errors = Vec::new();
    let mut layers: Vec<(String, Vec<Vec<f64>>)> = Vec::new();
    println!("run time, ms ({} rounds)", options.rounds);
    for entry in list(options)? {
        if layers.last().is_none_or(|(layer, _)| *layer != entry.layer) {
            means(&layers, peers);
            layers.push((entry.layer.clone(), Vec::new()));
            line(&entry.layer, peers.iter().map(|peer| peer.name().to_owned()));
        }
        let wasm =
            std::fs::read(&entry.file).map_err(|error| format!("{}: {error}", entry.file.display()))?;
        let (made, rounds) = rounds(options, peers, &entry, &wasm, report, &mut errors);
        for ((peer, made), rounds) in peers.iter().zip(&made).zip(&rounds) {
            report.add("run", &entry.layer, &entry.name, peer.name(), ("ms", 1e3), rounds);
            report.add("program instance", &entry.layer, &entry.name, peer.name(), ("ms", 1e3), made);
        }
        let row: Vec<f64> = rounds.iter().map(Rounds::median).collect();
        line(&entry.name, row.iter().map(|time| figure(time * 1e3)));
        if let Some((_, rows)) = layers.last_mut() {
            rows.push(row);
        }
    }
    means(&layers, peers);
    Ok(errors)
}

/// Prints the last layer's geometric means of each engine's time over the last engine's that ran everything.
fn means(layers: &[(String, Vec<Vec<f64>>)], peers: &[Box<dyn Peer>]) {
    let Some((_, rows)) = layers.last() else { return };
    let base = peers.iter().position(|peer| peer.name() == "wasmtime").unwrap_or(0);
    let mean = |column: usize| {
        let ratios = rows.iter().map(|row| row[column] / row[base]);
        figure(geomean(ratios.filter(|ratio| ratio.is_finite())))
    };
    line(&format!("mean / {}", peers[base].name()), (0..peers.len()).map(mean));
    println!();
}

/// Times one program: making the instance, and running it. Which engine begins changes from round to round, so
/// that none is always the one that runs after the slowest.
fn rounds(
    options: &Options,
    peers: &mut [Box<dyn Peer>],
    entry: &Entry,
    wasm: &[u8],
    report: &mut Report,
    errors: &mut Vec<String>,
) -> (Vec<Rounds>, Vec<Rounds>) {
    let mut made = vec![Rounds::default(); peers.len()];
    let mut rounds = vec![Rounds::default(); peers.len()];
    let mut spent = vec![0.0; peers.len()];
    let args: Vec<String> = std::iter::once(entry.name.clone()).chain(entry.args.iter().cloned()).collect();
    let mut programs: Vec<Option<Box<dyn Loaded>>> = Vec::new();
    for peer in peers.iter_mut() {
        let program = peer.program(wasm);
        programs.push(program.map_err(|error| failed(peer.name(), entry, error, report, errors)).ok());
    }
    for round in 0..options.rounds {
        for turn in 0..peers.len() {
            let index = (round + turn) % peers.len();
            let Some(program) = &mut programs[index] else { continue };
            if spent[index] > PATIENCE {
                continue;
            }
            let error = match program.run(&args) {
                Ok(run) if run.output == entry.sum => {
                    made[index].push(run.instantiate);
                    rounds[index].push(run.run);
                    spent[index] += run.run;
                    continue;
                }
                Ok(run) => format!("printed {:?} in round {round}, not {}", run.output, entry.sum),
                Err(error) => {
                    failed(peers[index].name(), entry, error, report, errors);
                    programs[index] = None;
                    (made[index], rounds[index]) = (Rounds::default(), Rounds::default());
                    continue;
                }
            };
            errors.push(format!("{}: {}: {error}", entry.name, peers[index].name()));
            // A wrong result's time is no figure.
            programs[index] = None;
            (made[index], rounds[index]) = (Rounds::default(), Rounds::default());
        }
    }
    (made, rounds)
}

/// A program that does not run: an error of brisk's, and a gap in the figures of others, which say why.
fn failed(engine: &str, entry: &Entry, error: String, report: &mut Report, errors: &mut Vec<String>) {
    if engine.starts_with("brisk") {
        errors.push(format!("{}: {engine}: {error}", entry.name));
    } else {
        println!("{} does not run {}: {error}", engine, entry.name);
        report.did_not_run(&entry.layer, &entry.name, engine, error.lines().next().unwrap_or_default());
    }
}
