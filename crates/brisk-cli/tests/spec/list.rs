//! The two lists of directives that need not pass.

use brisk_cli::wast::Report;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// The directives of a script that begin on one of these lines.
#[derive(PartialEq, Debug)]
pub struct Entry {
    /// Name of the script.
    pub script: String,
    /// In `later.txt` the missing proposal, in `superseded.txt` the version that superseded it.
    pub by: String,
    /// The lines.
    pub lines: Vec<RangeInclusive<usize>>,
}

/// Both lists.
pub struct Lists {
    /// What a missing proposal brings.
    pub later: Vec<Entry>,
    /// What a newer version contradicts.
    pub superseded: Vec<Entry>,
}

const LATER_HEAD: &str = "\
# Directives that fail until a proposal arrives: script, proposal, lines they begin on. A range
# stands for all directives that begin in it.
";

impl Lists {
    /// Reads the lists.
    pub fn read() -> Lists {
        let read = |name| {
            let text = std::fs::read_to_string(path(name)).expect("the list is there");
            text.lines()
                .filter_map(|line| parse(line).unwrap_or_else(|| panic!("{name}: {line:?}")))
                .collect()
        };
        Lists { later: read("later.txt"), superseded: read("superseded.txt") }
    }

    /// Writes `later.txt` from what failed for want of a proposal.
    pub fn write_later(reports: &[Report]) {
        let mut text = LATER_HEAD.to_string();
        for report in reports {
            for (proposal, lines) in failures_by_proposal(report) {
                let _ = write!(text, "{} {proposal}", report.file);
                for range in lines {
                    let _ = match range.start() == range.end() {
                        true => write!(text, " {}", range.start()),
                        false => write!(text, " {}-{}", range.start(), range.end()),
                    };
                }
                text.push('\n');
            }
        }
        std::fs::write(path("later.txt"), text).expect("the list can be written");
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/spec").join(name)
}

/// An entry, nothing for an empty line or a comment.
fn parse(line: &str) -> Option<Option<Entry>> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_whitespace();
    let Some(script) = words.next() else { return Some(None) };
    let by = words.next()?;
    let lines = words.map(parse_range).collect::<Option<Vec<_>>>()?;
    if lines.is_empty() {
        return None;
    }
    Some(Some(Entry { script: script.to_string(), by: by.to_string(), lines }))
}

fn parse_range(word: &str) -> Option<RangeInclusive<usize>> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let range = first.parse().ok()?..=last.parse().ok()?;
    (!range.is_empty()).then_some(range)
}

/// The lines of a script's failures for want of a proposal; directives that follow each other make a range.
fn failures_by_proposal(report: &Report) -> BTreeMap<&'static str, Vec<RangeInclusive<usize>>> {
    let mut found: BTreeMap<&str, Vec<RangeInclusive<usize>>> = BTreeMap::new();
    let mut previous = None;
    for outcome in &report.outcomes {
        let needs = outcome.result.as_ref().err().and_then(|failure| failure.needs);
        if let Some(proposal) = needs {
            let lines = found.entry(proposal).or_default();
            match lines.last_mut() {
                Some(last) if previous == needs => *last = *last.start()..=outcome.line,
                _ => lines.push(outcome.line..=outcome.line),
            }
        }
        previous = needs;
    }
    found
}

#[test]
fn entries_are_read() {
    assert_eq!(parse("# nothing"), Some(None));
    let entry = Entry { script: "gc/i31.wast".into(), by: "gc".into(), lines: vec![1..=1, 3..=9] };
    assert_eq!(parse("gc/i31.wast gc 1 3-9 # why"), Some(Some(entry)));
    for wrong in ["gc/i31.wast", "gc/i31.wast gc", "gc/i31.wast gc x", "gc/i31.wast gc 9-3"] {
        assert_eq!(parse(wrong), None, "{wrong}");
    }
}
