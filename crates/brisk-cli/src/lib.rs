//! The program `brisk`: runs, checks and inspects WebAssembly modules.
//!
//! [`flags`] is the table of commands and options. Each command is a function of a module of the
//! same name that takes its options and gives an exit status or a [`Failure`]; [`main`] leads
//! from one to the other.
#![forbid(unsafe_code)]

mod completions;
mod explore;
mod failure;
mod features;
pub mod flags;
mod inspect;
mod invoke;
mod json;
mod limits;
mod load;
mod output;
mod profile;
mod run;
mod scripts;
mod text;
mod tiers;
mod units;
mod validate;
mod wasm_text;
pub mod wast;

pub use failure::Failure;

use clap::{CommandFactory as _, FromArgMatches as _};
use flags::{Cli, Command};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with the given arguments, the first of which is its own name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut command = Cli::command().color(failure::colours());
    let args = with_command(&command, args.into_iter().collect());
    let matches = match command.try_get_matches_from_mut(args) {
        Ok(matches) => matches,
        Err(error) => {
            // Nobody is there to read it if it cannot be printed.
            let _ = error.print();
            return ExitCode::from(error.exit_code() as u8);
        }
    };
    let cli = Cli::from_arg_matches(&matches).expect("what was matched fits the struct it was declared by");
    match dispatch(cli.command) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.status())
        }
    }
}

/// `brisk FILE` is `brisk run FILE`: puts the `run` in where no command is named.
fn with_command(command: &clap::Command, mut args: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = args.get(1) else { return args };
    let named = ["help", "-h", "--help", "-V", "--version"].iter().any(|name| first == name)
        || command.get_subcommands().any(|command| first == command.get_name());
    if !named {
        args.insert(1, "run".into());
    }
    args
}

fn dispatch(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Run(options) => run::run(&options),
        Command::Validate(options) => validate::validate(options),
        Command::Explore(options) => explore::explore(options),
        Command::Inspect(options) => inspect::inspect(options),
        Command::Wast(options) => scripts::wast(options),
        Command::Features(options) => features::features(options),
        Command::Completions(options) => completions::completions(options),
    }
}
