//! `brisk completions SHELL`.

use crate::flags::{Cli, Completions};
use crate::{Failure, output};
use clap::CommandFactory;

/// Prints a completion script.
pub fn completions(options: Completions) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "brisk", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
