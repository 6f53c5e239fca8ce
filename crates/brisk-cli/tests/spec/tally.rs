//! Adds up what became of every directive.

use crate::list::{Entry, Lists};
use brisk_cli::wast::{Outcome, Report};
use std::fmt::Write;

/// The numbers of one script or of several.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Numbers {
    directives: usize,
    passed: usize,
    failed: usize,
    later: usize,
    superseded: usize,
}

impl Numbers {
    /// Whether every directive is in exactly one class.
    fn add_up(&self) -> bool {
        self.passed + self.failed + self.later + self.superseded == self.directives
    }

    fn add(&mut self, other: Numbers) {
        self.directives += other.directives;
        self.passed += other.passed;
        self.failed += other.failed;
        self.later += other.later;
        self.superseded += other.superseded;
    }
}

/// What became of the scripts.
pub struct Tally {
    scripts: usize,
    total: Numbers,
    complaints: Vec<String>,
}

impl Tally {
    /// Sorts every directive of the reports into a class.
    pub fn new(reports: &[Report], lists: &Lists) -> Tally {
        let mut tally = Tally { scripts: reports.len(), total: Numbers::default(), complaints: Vec::new() };
        if reports.is_empty() {
            tally.complaints.push("there are no scripts".to_string());
        }
        for report in reports {
            tally.add(report, lists);
        }
        for entry in lists.later.iter().chain(&lists.superseded) {
            if !reports.iter().any(|report| report.file == entry.script) {
                tally.complaints.push(format!("{}: listed, but there is no such script", entry.script));
            }
        }
        if !tally.total.add_up() {
            tally.complaints.push(format!("the numbers do not add up: {:?}", tally.total));
        }
        tally
    }

    fn add(&mut self, report: &Report, lists: &Lists) {
        let later = of_script(&lists.later, report);
        let superseded = of_script(&lists.superseded, report);
        let mut numbers = Numbers { directives: report.directives, ..Numbers::default() };
        for outcome in &report.outcomes {
            let later = listed(&later, outcome);
            let superseded = listed(&superseded, outcome);
            let complaint = match (&outcome.result, later, superseded) {
                (Ok(()), None, None) => {
                    numbers.passed += 1;
                    continue;
                }
                (Err(failure), Some(entry), None) if failure.needs == Some(entry.by.as_str()) => {
                    numbers.later += 1;
                    continue;
                }
                (Err(failure), None, Some(_)) if failure.needs.is_none() => {
                    numbers.superseded += 1;
                    continue;
                }
                (Err(_), None, None) => String::new(),
                (Ok(()), ..) => ", but it is listed".to_string(),
                (_, Some(_), Some(_)) => " (it is in both lists)".to_string(),
                (_, Some(entry), None) => format!(" (not for want of {}, as listed)", entry.by),
                (_, None, Some(_)) => " (not because it is superseded, as listed)".to_string(),
            };
            numbers.failed += 1;
            self.complaints.push(format!("{}:{outcome}{complaint}", report.file));
        }
        for entry in later.iter().chain(&superseded) {
            for lines in &entry.lines {
                if !report.outcomes.iter().any(|outcome| lines.contains(&outcome.line)) {
                    self.complaints.push(format!("{}: no directive on listed lines {lines:?}", report.file));
                }
            }
        }
        if report.directives == 0 {
            self.complaints.push(format!("{}: no directives", report.file));
        }
        if !numbers.add_up() {
            self.complaints.push(format!("{}: the numbers do not add up: {numbers:?}", report.file));
        }
        self.total.add(numbers);
    }

    /// The totals.
    pub fn summary(&self, tier: &str) -> String {
        let Numbers { directives, passed, failed, later, superseded } = self.total;
        let mut text = String::new();
        let _ = writeln!(
            text,
            "specification tests, tier {tier}: {} scripts, {directives} directives",
            self.scripts
        );
        let _ = writeln!(text, "  {passed} passed, {failed} failed, {later} later, {superseded} superseded");
        text
    }

    /// Everything that is wrong.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }
}

fn of_script<'a>(entries: &'a [Entry], report: &Report) -> Vec<&'a Entry> {
    entries.iter().filter(|entry| entry.script == report.file).collect()
}

fn listed<'a>(entries: &[&'a Entry], outcome: &Outcome) -> Option<&'a Entry> {
    let mut found =
        entries.iter().filter(|entry| entry.lines.iter().any(|lines| lines.contains(&outcome.line)));
    found.next().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use brisk_cli::wast::Failure;

    fn report(results: &[Result<(), Option<&'static str>>]) -> Report {
        let outcome = |(at, result): (usize, &Result<(), Option<&'static str>>)| Outcome {
            line: at + 1,
            directive: "invoke",
            result: result.map_err(|needs| Failure { message: "no".into(), needs }),
        };
        Report {
            file: "s".into(),
            directives: results.len(),
            outcomes: results.iter().enumerate().map(outcome).collect(),
        }
    }

    fn entry(by: &str, line: usize) -> Vec<Entry> {
        vec![Entry { script: "s".into(), by: by.into(), lines: vec![line..=line] }]
    }

    fn tally(report: Report, later: Vec<Entry>, superseded: Vec<Entry>) -> Tally {
        Tally::new(&[report], &Lists { later, superseded })
    }

    #[test]
    fn listed_failures_are_counted_apart() {
        let results = [Ok(()), Err(Some("gc")), Err(None)];
        let tally = tally(report(&results), entry("gc", 2), entry("3.0", 3));
        assert_eq!(tally.complaints(), [""; 0]);
        assert_eq!(tally.total, Numbers { directives: 3, passed: 1, failed: 0, later: 1, superseded: 1 });
    }

    #[test]
    fn failures_are_complaints() {
        assert_eq!(tally(report(&[Ok(()), Err(None)]), vec![], vec![]).complaints(), ["s:2: invoke: no"]);
        assert_eq!(tally(report(&[Err(Some("gc"))]), vec![], vec![]).complaints().len(), 1);
    }

    #[test]
    fn a_wrong_list_is_a_complaint() {
        for (what, results, later, superseded) in [
            ("passes though later", [Ok(())], entry("gc", 1), vec![]),
            ("passes though superseded", [Ok(())], vec![], entry("3.0", 1)),
            ("fails for another reason", [Err(None)], entry("gc", 1), vec![]),
            ("fails for another proposal", [Err(Some("threads"))], entry("gc", 1), vec![]),
            ("is not superseded but missing", [Err(Some("gc"))], vec![], entry("3.0", 1)),
            ("is in both", [Err(Some("gc"))], entry("gc", 1), entry("3.0", 1)),
            ("has no such line", [Ok(())], entry("gc", 2), vec![]),
        ] {
            assert_eq!(tally(report(&results), later, superseded).complaints().len(), 1, "{what}");
        }
        let elsewhere = vec![Entry { script: "t".into(), by: "gc".into(), lines: vec![1..=1] }];
        assert_eq!(tally(report(&[Ok(())]), elsewhere, vec![]).complaints().len(), 1);
    }

    #[test]
    fn what_is_missing_is_noticed() {
        let lists = Lists { later: vec![], superseded: vec![] };
        assert!(!Tally::new(&[], &lists).complaints().is_empty(), "no scripts");
        assert!(!tally(report(&[]), vec![], vec![]).complaints().is_empty(), "no directives");
        let mut short = report(&[Ok(()), Ok(())]);
        short.outcomes.pop();
        assert!(!tally(short, vec![], vec![]).complaints().is_empty(), "a directive went missing");
    }
}
