//! What was measured, as a table to read and as JSON to keep.

use crate::clock::Rounds;
use serde_json::{Value, json};
use std::fmt::Write;

/// Every figure of a run, as JSON objects.
#[derive(Default)]
pub struct Report(Vec<Value>);

impl Report {
    /// Keeps a figure: the rounds' times, each times `scale`, are in `unit`.
    pub fn add(
        &mut self,
        kind: &str,
        layer: &str,
        subject: &str,
        engine: &str,
        (unit, scale): (&str, f64),
        rounds: &Rounds,
    ) {
        if rounds.len() == 0 {
            return;
        }
        let figure = |x: f64| (x * scale * 1e5).round() / 1e5;
        self.0.push(json!({
            "kind": kind, "layer": layer, "subject": subject, "engine": engine, "unit": unit,
            "median": figure(rounds.median()), "least": figure(rounds.least()), "most": figure(rounds.most()),
            "first": figure(rounds.first()), "rounds": rounds.len(),
        }));
    }

    /// Keeps that an engine could not run a program, and why.
    pub fn did_not_run(&mut self, layer: &str, subject: &str, engine: &str, reason: &str) {
        self.0.push(json!({
            "kind": "did not run", "layer": layer, "subject": subject, "engine": engine, "reason": reason,
        }));
    }

    /// Keeps how large a module and its code section are.
    pub fn size(&mut self, subject: &str, module: usize, code: usize) {
        self.0.push(json!({"kind": "size", "subject": subject, "module": module, "code": code}));
    }

    /// All figures as a JSON array of objects.
    pub fn json(&self) -> String {
        format!("{:#}\n", Value::from(self.0.clone()))
    }
}

/// One line of a table: a wide first column, then one column for each value.
pub fn line(first: &str, rest: impl IntoIterator<Item = String>) {
    let mut text = format!("{first:<22}");
    for column in rest {
        let _ = write!(text, " {column:>14}");
    }
    println!("{}", text.trim_end());
}

/// Three significant digits, or `-` for what was not measured.
pub fn figure(x: f64) -> String {
    if x.is_nan() {
        return "-".to_owned();
    }
    let digits = match x.abs() {
        x if x >= 100.0 => 0,
        x if x >= 10.0 => 1,
        x if x >= 1.0 => 2,
        _ => 3,
    };
    format!("{x:.digits$}")
}
