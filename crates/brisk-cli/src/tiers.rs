//! What was compiled to machine code, as text.

use crate::text::{one_line, plural};
use brisk::{TierEvent, TierOutcome};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::time::Duration;

/// Rows of the table; what took less time is summed up in a last row.
const ROWS: usize = 40;

/// An event on a line.
pub fn line(event: &TierEvent) -> String {
    let (at, took, what) = (millis(event.at), millis(event.took), what(event));
    match event.outcome {
        TierOutcome::Compiled { code_bytes } => {
            let bytes = event.body_bytes;
            format!("[{at} ms] compiled {what}: {bytes} bytes to {code_bytes} in {took} ms")
        }
        outcome => format!("[{at} ms] {what} stays in the interpreter: {}", reason(outcome)),
    }
}

/// What was compiled, what took longest first, and what was not. `defined` is the number of functions there are.
pub fn table(events: &[TierEvent], defined: usize) -> String {
    let mut rows: Vec<Row> = Vec::new();
    let mut refused: HashMap<&'static str, usize> = HashMap::new();
    // A module without a name is told from others by its functions only.
    let mut seen = HashSet::new();
    let mut loops = 0;
    for event in events {
        seen.insert((&event.module, event.func));
        match event.outcome {
            TierOutcome::Compiled { code_bytes } => {
                loops += usize::from(event.loop_offset.is_some());
                let (at, took, body) = (millis(event.at), event.took, event.body_bytes);
                rows.push(Row { at, took, body, code: code_bytes, what: what(event) });
            }
            outcome => *refused.entry(reason(outcome)).or_default() += 1,
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.took));
    let sum = |rows: &[Row], what: String| Row {
        at: String::new(),
        took: rows.iter().map(|row| row.took).sum(),
        body: rows.iter().map(|row| row.body).sum(),
        code: rows.iter().map(|row| row.code).sum(),
        what,
    };
    let functions = rows.len() - loops;
    let all = format!("{functions} function{}, {loops} loop{}", plural(functions), plural(loops));
    let total = sum(&rows, all);
    if rows.len() > ROWS {
        let rest = rows.split_off(ROWS - 1);
        rows.push(sum(&rest, format!("({} others)", rest.len())));
    }
    rows.push(total);
    let mut out = String::from("compiled:\n     at, ms    took, ms  wasm bytes  code bytes\n");
    for Row { at, took, body, code, what } in rows {
        let took = millis(took);
        // Writing to a string does not fail.
        let _ = writeln!(out, "{at:>11} {took:>11} {body:>11} {code:>11}  {what}");
    }
    let idle = defined.saturating_sub(seen.len());
    if idle > 0 {
        refused.insert("not used enough", idle);
    }
    let mut refused: Vec<_> = refused.into_iter().collect();
    refused.sort_by_key(|&(reason, count)| (std::cmp::Reverse(count), reason));
    if !refused.is_empty() {
        out.push_str("left to the interpreter:\n");
    }
    for (reason, count) in refused {
        let _ = writeln!(out, "{count:>11} {reason}");
    }
    out
}

struct Row {
    at: String,
    took: Duration,
    body: usize,
    code: usize,
    what: String,
}

/// Milliseconds, with as much after the point as there is to see.
fn millis(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1_000.0)
}

fn what(event: &TierEvent) -> String {
    let mut text = match &event.name {
        Some(name) => one_line(name),
        None => format!("function {}", event.func),
    };
    if let Some(offset) = event.loop_offset {
        let _ = write!(text, ", loop at {offset:#x}");
    }
    if let Some(module) = &event.module {
        let _ = write!(text, " ({})", one_line(module));
    }
    text
}

fn reason(outcome: TierOutcome) -> &'static str {
    match outcome {
        TierOutcome::TooLarge => "too large to be compiled",
        TierOutcome::Refused => "no room for more machine code",
        TierOutcome::Failed => "the compiler failed",
        _ => "not compiled",
    }
}
