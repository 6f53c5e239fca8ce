//! Times whole commands from start to exit, taking turns, and measures their peak memory.
//!
//! usage: `brisk-start ROUNDS COMMAND...`, each command one argument, split at spaces.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// Starts the command, its output thrown away, and waits for its success.
fn run(command: &mut Command) -> Result<f64, String> {
    let begin = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let seconds = begin.elapsed().as_secs_f64();
    match status {
        Ok(status) if status.success() => Ok(seconds),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

fn split(text: &str) -> Option<Command> {
    let mut words = text.split_whitespace();
    let mut command = Command::new(words.next()?);
    command.args(words);
    Some(command)
}

/// Peak memory in KB, as GNU time reports it; `-` where that is missing.
fn peak_memory(text: &str) -> String {
    let output = Command::new("/usr/bin/time").args(["-f", "%M"]).args(text.split_whitespace()).output();
    let stderr = output.map(|output| String::from_utf8_lossy(&output.stderr).trim().to_owned());
    stderr.ok().and_then(|text| Some(text.lines().last()?.to_owned())).unwrap_or_else(|| "-".to_owned())
}

fn measure(args: &[String]) -> Result<(), String> {
    let usage = "usage: brisk-start ROUNDS COMMAND...";
    let (rounds, commands) = args.split_first().filter(|(_, commands)| !commands.is_empty()).ok_or(usage)?;
    let rounds: usize = rounds.parse().ok().filter(|&rounds| rounds > 0).ok_or(usage)?;
    let mut times = vec![Vec::new(); commands.len()];
    for round in 0..rounds {
        for turn in 0..commands.len() {
            let index = (round + turn) % commands.len();
            times[index].push(run(&mut split(&commands[index]).ok_or(usage)?)?);
        }
    }
    println!("{:>10} {:>10} {:>10}  command ({rounds} rounds)", "median ms", "least ms", "peak KB");
    for (command, mut times) in commands.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let (median, least) = (times[times.len() / 2] * 1e3, times[0] * 1e3);
        println!("{median:>10.2} {least:>10.2} {:>10}  {command}", peak_memory(command));
    }
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match measure(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
