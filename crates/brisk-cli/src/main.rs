//! The program `brisk`; what it does is in the library of this crate.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    brisk_cli::main(std::env::args_os())
}
