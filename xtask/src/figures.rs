//! The figures of one or several runs: JSON objects, each with a kind, a layer, a subject and an engine.

use crate::Result;
use serde_json::{Value, json};
use std::path::Path;

/// What takes no longer than the clock of an engine ticks says nothing: milliseconds.
pub const LEAST: f64 = 1.0;

/// Everything that was measured, and under which circumstances.
#[derive(Debug)]
pub struct Figures {
    /// By layer: when, where and of what.
    pub runs: Value,
    /// The figures.
    pub all: Vec<Value>,
}

impl Figures {
    /// What a file holds; nothing if there is none.
    pub fn read(path: &Path) -> Result<Self> {
        let Ok(text) = std::fs::read_to_string(path) else { return Ok(Self::new()) };
        let value: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let all = value["figures"].as_array().cloned().unwrap_or_default();
        Ok(Self { runs: value["runs"].clone(), all })
    }

    /// None.
    pub fn new() -> Self {
        Self { runs: json!({}), all: Vec::new() }
    }

    /// Writes them, a figure on each line.
    pub fn write(&self, path: &Path) -> Result<()> {
        let lines: Vec<String> = self.all.iter().map(Value::to_string).collect();
        let text = format!("{{\"runs\": {:#},\n\"figures\": [\n{}\n]}}\n", self.runs, lines.join(",\n"));
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Takes over another run's layers, in place of what was known of them.
    pub fn merge(&mut self, newer: &Figures) {
        let Some(layers) = newer.runs.as_object() else { return };
        self.all.retain(|figure| !layers.contains_key(figure["layer"].as_str().unwrap_or_default()));
        self.all.extend(newer.all.iter().cloned());
        for (layer, run) in layers {
            self.runs[layer] = run.clone();
        }
    }

    /// A figure's field.
    pub fn get(&self, kind: &str, layer: &str, subject: &str, engine: &str, field: &str) -> Option<f64> {
        let of = |figure: &&Value| {
            figure["kind"] == kind
                && figure["layer"] == layer
                && figure["subject"] == subject
                && figure["engine"] == engine
        };
        self.all.iter().find(of).and_then(|figure| figure[field].as_f64())
    }

    /// The subjects of a kind and layer, in the order they were measured in.
    pub fn subjects(&self, kind: &str, layer: &str) -> Vec<String> {
        self.names(kind, layer, "subject")
    }

    /// The engines of a kind and layer, in the order they were measured in.
    pub fn engines(&self, kind: &str, layer: &str) -> Vec<String> {
        self.names(kind, layer, "engine")
    }

    /// What is missing in the first ones stands where it does in others.
    fn names(&self, kind: &str, layer: &str, field: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut next = 0;
        for figure in self.all.iter().filter(|figure| figure["kind"] == kind && figure["layer"] == layer) {
            let name = figure[field].as_str().unwrap_or_default();
            next = 1 + names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.insert(next, name.to_owned());
                next
            });
        }
        names
    }

    /// The geometric mean over a layer's programs of an engine's time divided by another's, how many programs are
    /// in it, and the least and the largest of the ratios.
    pub fn mean_ratio(&self, kind: &str, layer: &str, engine: &str, base: &str) -> Option<Mean> {
        let mut mean = Mean { mean: 0.0, count: 0, least: f64::INFINITY, most: 0.0 };
        for subject in self.subjects(kind, layer) {
            let of = |engine| self.get(kind, layer, &subject, engine, "median");
            let (Some(time), Some(base)) = (of(engine), of(base)) else { continue };
            if time < LEAST || base < LEAST {
                continue;
            }
            let ratio = time / base;
            mean.mean += ratio.ln();
            mean.count += 1;
            mean.least = mean.least.min(ratio);
            mean.most = mean.most.max(ratio);
        }
        mean.mean = (mean.mean / f64::from(mean.count)).exp();
        (mean.count > 0).then_some(mean)
    }
}

/// A geometric mean and what it is of.
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    pub mean: f64,
    pub count: u32,
    pub least: f64,
    pub most: f64,
}

/// The middle one of some values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n % 2 == 1 { sorted[n / 2] } else { (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0 }
}

/// Three significant digits.
pub fn show(x: f64) -> String {
    let digits = match x.abs() {
        x if x >= 100.0 => 0,
        x if x >= 10.0 => 1,
        x if x >= 1.0 => 2,
        _ => 3,
    };
    format!("{x:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(subject: &str, engine: &str, median: f64) -> Value {
        json!({"kind": "run", "layer": "wat", "subject": subject, "engine": engine, "median": median})
    }

    #[test]
    fn means_are_of_programs_that_both_ran() {
        let mut figures = Figures::new();
        figures.all = vec![
            figure("a", "x", 2.0),
            figure("a", "y", 1.0),
            figure("b", "x", 8.0),
            figure("b", "y", 1.0),
            figure("c", "x", 9.0),
        ];
        let mean = figures.mean_ratio("run", "wat", "x", "y").unwrap();
        assert!((mean.mean - 4.0).abs() < 1e-9);
        assert_eq!((mean.count, mean.least, mean.most), (2, 2.0, 8.0));
    }

    #[test]
    fn engines_that_some_programs_lack_keep_their_place() {
        let mut figures = Figures::new();
        figures.all = vec![
            figure("a", "x", 2.0),
            figure("a", "z", 2.0),
            figure("b", "x", 1.0),
            figure("b", "y", 1.0),
            figure("b", "z", 1.0),
        ];
        assert_eq!(figures.engines("run", "wat"), ["x", "y", "z"]);
        assert_eq!(figures.subjects("run", "wat"), ["a", "b"]);
    }

    #[test]
    fn a_layer_that_was_run_again_replaces_the_old_one() {
        let mut old = Figures { runs: json!({"wat": 1, "real": 1}), all: vec![figure("a", "x", 2.0)] };
        let new = Figures { runs: json!({"wat": 2}), all: vec![figure("b", "x", 3.0)] };
        old.merge(&new);
        assert_eq!(old.subjects("run", "wat"), ["b"]);
        assert_eq!(old.runs, json!({"wat": 2, "real": 1}));
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
