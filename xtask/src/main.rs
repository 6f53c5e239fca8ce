//! `cargo xtask`: what developers of brisk run that is more than a cargo command.

mod bench;
mod chart;
mod check;
mod figures;
mod page;
mod process;
mod readme;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What went wrong, for a person to read.
type Result<T> = std::result::Result<T, String>;

const USAGE: &str = "\
usage: cargo xtask bench [FILTER...] [OPTIONS]     measures brisk and its peers, and refreshes docs/benchmarks.md
                                                   and the figures in README.md
       cargo xtask bench --check [--bless]         counts instructions and compares them with the baseline

  FILTER            only programs whose name contains it; such a run prints, and leaves the page alone
  --layers A,B,..   only these: wat, languages, kernels, limits, load, calls, start, real, size
  --engines A,B,..  only these engines; such a run leaves the page alone, too
  --rounds N        rounds of which the median is taken (default: 5)
  --programs DIR    where scripts/fetch-programs.sh put the real programs (without it: no layer `real`)
  --json FILE       write this run's figures there
  --fast            build without link-time optimization, which takes a fraction of the time; the page says so
  --built DIR       build nothing, take brisk, brisk-peers and brisk-spawn from there
  --page            measure nothing, redraw the page from docs/benchmarks.json
  --check           count instructions of a few fixed runs with valgrind; over 3 % more than the baseline fails
  --bless           with --check: take what was counted as the new baseline
";

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs a command to its success, its output shown.
fn run(command: &mut Command) -> Result<()> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// What a command prints, trimmed, if it succeeds.
fn output(command: &mut Command) -> Result<String> {
    match command.output() {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => {
            Err(format!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
        }
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// Where cargo puts what it builds of a workspace.
fn target(manifest: &Path) -> Result<PathBuf> {
    let metadata = output(
        Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path"])
            .arg(manifest),
    )?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    Ok(metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?.into())
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let result = match args.next().as_deref() {
        Some("bench") => bench::main(args),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
