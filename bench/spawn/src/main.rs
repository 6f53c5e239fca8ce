//! Runs one command and writes what it took to a file: seconds by the wall's clock, seconds of processor time,
//! peak memory in KB, and its exit status.
//!
//! usage: `brisk-spawn FILE COMMAND [ARGUMENTS...]`
//!
//! A process of its own for each run: the system counts the peak memory of all children together, and a child's
//! counts from what its parent had when it was started, so the parent must be small.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let (Some(file), Some(program)) = (args.next(), args.next()) else {
        eprintln!("usage: brisk-spawn FILE COMMAND [ARGUMENTS...]");
        return ExitCode::from(2);
    };
    let begin = Instant::now();
    let status = Command::new(&program).args(args).stdin(Stdio::null()).status();
    let wall = begin.elapsed().as_secs_f64();
    let (status, usage) = match (status, getrusage(UsageWho::RUSAGE_CHILDREN)) {
        (Ok(status), Ok(usage)) => (status.code().unwrap_or(-1), usage),
        (status, _) => {
            eprintln!("brisk-spawn: {}: {status:?}", program.display());
            return ExitCode::FAILURE;
        }
    };
    let cpu = (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6;
    match std::fs::write(&file, format!("{wall} {cpu} {} {status}\n", usage.max_rss())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("brisk-spawn: {}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}
