//! How a command fails, what it prints then, and with which status it exits.

use crate::text::{one_line, short_lines, visible};
use brisk::{Error, WasmBacktrace};
use clap::ColorChoice;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _, stderr};

/// Exit status when the work could not be done: a file that cannot be read, an invalid module, an
/// import that nobody provides.
const FAILED: u8 = 1;
/// Exit status when the command was called wrongly.
const USAGE: u8 = 2;
/// Exit status when the guest trapped; a shell gives it for a program that aborted (128 + SIGABRT).
const TRAPPED: u8 = 134;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// It was called wrongly.
    Usage(String),
    /// What it was to do cannot be done.
    Failed(Error),
    /// The guest ended by a trap, an uncaught exception or an error of a host function.
    Trapped(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Failed(error)
    }
}

impl Failure {
    /// The exit status.
    pub fn status(&self) -> u8 {
        match self {
            Failure::Usage(_) => USAGE,
            Failure::Failed(_) => FAILED,
            Failure::Trapped(_) => TRAPPED,
        }
    }

    /// Prints it on standard error, as one paragraph.
    pub fn print(&self) {
        let (message, frames) = match self {
            Failure::Usage(message) => (message.clone(), String::new()),
            Failure::Failed(error) | Failure::Trapped(error) => (message(error), frames(error)),
        };
        let (red, plain) = if coloured() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        // In one piece, so that it stays in one piece beside the output of others. If standard error
        // is closed, the status has to say it all.
        let _ = stderr().write_all(format!("{red}error:{plain} {message}\n{frames}").as_bytes());
    }
}

/// Whether colours are welcome on standard error.
fn coloured() -> bool {
    stderr().is_terminal() && colours() != ColorChoice::Never
}

/// Whether the environment allows colours, on a terminal. The parser of the command line would
/// print them on a dumb terminal too where `CI` is set.
pub(crate) fn colours() -> ColorChoice {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let unable = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if unwanted || unable { ColorChoice::Never } else { ColorChoice::Auto }
}

/// What was being done and what went wrong, from the outside in, without the backtrace.
fn message(error: &Error) -> String {
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(ToString::to_string);
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // Some errors say what their source says.
        let repeated = parts.last().is_some_and(|last| last.ends_with(&text));
        if Some(&text) != backtrace.as_ref() && !repeated {
            parts.push(text);
        }
    }
    // Errors of the text format show the place on lines of their own; that stays.
    short_lines(&visible(&parts.join(": ")))
}

/// A line for each frame of the guest's stack, innermost first.
fn frames(error: &Error) -> String {
    let mut out = String::new();
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return out };
    for frame in backtrace.frames() {
        match frame.func_name() {
            Some(name) => write!(out, "  at {}", one_line(name)),
            None => write!(out, "  at function {}", frame.func_index()),
        }
        .expect("writing to a string does not fail");
        let module = frame.module().name().map(one_line);
        let offset = frame.module_offset().map(|offset| format!("{offset:#x}"));
        match (module, offset) {
            (Some(module), Some(offset)) => out.push_str(&format!(" ({module}, {offset})")),
            (Some(place), None) | (None, Some(place)) => out.push_str(&format!(" ({place})")),
            (None, None) => {}
        }
        out.push('\n');
    }
    out
}
