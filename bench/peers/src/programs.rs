//! Run time of the benchmark guests, every engine in turn in each round.

use crate::clock::{Rounds, geomean};
use crate::peer::{Peer, Program, Result};
use crate::report::{Report, figure, line};
use crate::{Options, wasm_files};

/// Runs every program whose name contains the filter. Errors are programs that failed or whose
/// checksums differ.
pub fn measure(options: &Options, peers: &[Box<dyn Peer>], report: &mut Report) -> Result<Vec<String>> {
    let mut errors = Vec::new();
    // For each program the engines' medians, in the order of `peers`; NaN where one failed.
    let mut medians: Vec<Vec<f64>> = Vec::new();

    println!("run time, ms ({} rounds)", options.rounds);
    heading(peers);
    for path in wasm_files(&options.guests)? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains(&options.filter) {
            continue;
        }
        let wasm = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let rounds = rounds(options, peers, &name, &wasm, &mut errors);
        for (peer, rounds) in peers.iter().zip(&rounds) {
            report.add("program", &name, peer.name(), ("ms", 1e3), rounds);
        }
        let row: Vec<f64> = rounds.iter().map(Rounds::median).collect();
        let times = row.iter().map(|time| figure(time * 1e3));
        let speeds = speeds(peers, &row);
        line(&name, times.chain(speeds.into_iter().map(figure)));
        medians.push(row);
    }
    if medians.is_empty() {
        return Err(format!("no program in {} matches {:?}", options.guests.display(), options.filter));
    }

    let speeds: Vec<Vec<f64>> = medians.iter().map(|row| speeds(peers, row)).collect();
    let means = (0..speeds[0].len())
        .map(|column| figure(geomean(speeds.iter().map(|row| row[column]).filter(|speed| !speed.is_nan()))));
    line("geometric mean", peers.iter().map(|_| String::new()).chain(means));
    println!();
    Ok(errors)
}

/// The index of the engine that the others' speeds are relative to.
fn base(peers: &[Box<dyn Peer>]) -> Option<usize> {
    peers.iter().position(|peer| peer.name() == "wasmi").filter(|_| peers.len() > 1)
}

fn heading(peers: &[Box<dyn Peer>]) {
    let names = peers.iter().map(|peer| peer.name().to_owned());
    let speeds = peers.iter().enumerate().filter(|&(i, _)| base(peers).is_some_and(|base| base != i));
    line("", names.chain(speeds.map(|(_, peer)| format!("{} speed", peer.name()))));
}

/// How many times as fast as wasmi each of the other engines was.
fn speeds(peers: &[Box<dyn Peer>], row: &[f64]) -> Vec<f64> {
    let Some(base) = base(peers) else { return Vec::new() };
    row.iter().enumerate().filter(|&(i, _)| i != base).map(|(_, time)| row[base] / time).collect()
}

/// Times one program. Which engine begins changes from round to round, so that none is always the
/// one that runs after the slowest.
fn rounds(
    options: &Options,
    peers: &[Box<dyn Peer>],
    name: &str,
    wasm: &[u8],
    errors: &mut Vec<String>,
) -> Vec<Rounds> {
    let mut rounds = vec![Rounds::default(); peers.len()];
    let mut programs: Vec<Option<Program>> = Vec::new();
    for peer in peers {
        let program =
            peer.program(wasm).map_err(|error| errors.push(format!("{name}: {}: {error}", peer.name())));
        programs.push(program.ok());
    }
    // Every engine and every round must agree with the first result there is.
    let mut expected: Option<(i64, &str)> = None;
    for round in 0..options.rounds {
        for turn in 0..peers.len() {
            let index = (round + turn) % peers.len();
            let engine = peers[index].name();
            let Some(program) = &mut programs[index] else { continue };
            let size = program.size;
            let (seconds, result) = options.clock.time(|| (program.run)(size));
            let error = match (result, expected) {
                (Ok(sum), Some((first, by))) if sum != first => {
                    format!("{name}: {engine} computed {sum:#x} in round {round}, {by} {first:#x} before")
                }
                (Ok(sum), _) => {
                    expected = expected.or(Some((sum, engine)));
                    rounds[index].push(seconds);
                    continue;
                }
                (Err(error), _) => format!("{name}: {engine}: {error}"),
            };
            errors.push(error);
            // A wrong result's time is no figure.
            programs[index] = None;
            rounds[index] = Rounds::default();
        }
    }
    rounds
}
