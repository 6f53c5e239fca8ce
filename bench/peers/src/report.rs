//! What was measured, as a table to read and as JSON to keep.

use crate::clock::Rounds;
use std::fmt::Write;

/// One figure.
struct Record {
    kind: &'static str,
    subject: String,
    engine: &'static str,
    unit: &'static str,
    median: f64,
    least: f64,
}

/// Every figure of a run.
#[derive(Default)]
pub struct Report {
    records: Vec<Record>,
}

impl Report {
    /// Keeps a figure: the rounds' times, each times `scale`, are in `unit`.
    pub fn add(
        &mut self,
        kind: &'static str,
        subject: &str,
        engine: &'static str,
        (unit, scale): (&'static str, f64),
        rounds: &Rounds,
    ) {
        let (median, least) = (rounds.median() * scale, rounds.least() * scale);
        self.records.push(Record { kind, subject: subject.to_owned(), engine, unit, median, least });
    }

    /// All figures as a JSON array of objects.
    pub fn json(&self) -> String {
        let mut json = String::from("[");
        for (i, record) in self.records.iter().enumerate() {
            let Record { kind, subject, engine, unit, median, least } = record;
            let subject = subject.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = write!(
                json,
                "{}\n  {{\"kind\": \"{kind}\", \"subject\": \"{subject}\", \"engine\": \"{engine}\", \
                 \"unit\": \"{unit}\", \"median\": {median:.4}, \"least\": {least:.4}}}",
                if i == 0 { "" } else { "," }
            );
        }
        json.push_str("\n]\n");
        json
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
