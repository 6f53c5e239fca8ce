//! Profiles: what a program did, counted.

use crate::flags::ProfileOf;
use crate::text::{one_line, plural};
use brisk::Profile;
use std::fmt::Write as _;

/// Rows of a table; what is rarer is summed up in a last row.
const ROWS: usize = 40;

/// The tables that were asked for.
pub fn tables(profile: &Profile, wanted: &[ProfileOf]) -> String {
    let mut out = String::new();
    for what in wanted {
        match what {
            ProfileOf::Ops => table(
                &mut out,
                "instruction",
                profile.instructions.iter().map(|(name, count)| (name.to_string(), *count)).collect(),
            ),
            ProfileOf::Calls => table(
                &mut out,
                "call",
                profile.calls.iter().map(|(name, count)| (one_line(name), *count)).collect(),
            ),
            ProfileOf::Tiers | ProfileOf::Perfmap | ProfileOf::Jitdump => {}
        }
    }
    out
}

/// Counts, most first, each with its share of all.
fn table(out: &mut String, what: &str, mut rows: Vec<(String, u64)>) {
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let total: u128 = rows.iter().map(|row| u128::from(row.1)).sum();
    let kinds = rows.len();
    if kinds > ROWS {
        let rest = rows.split_off(ROWS - 1);
        let count = rest.iter().fold(0u64, |sum, row| sum.saturating_add(row.1));
        rows.push((format!("({} others)", rest.len()), count));
    }
    let plural_s = plural(usize::try_from(total).unwrap_or(usize::MAX));
    writeln!(out, "{total} {what}{plural_s}:").expect("writing to a string does not fail");
    for (name, count) in rows {
        let share = count as f64 * 100.0 / total.max(1) as f64;
        writeln!(out, "{count:>15} {share:>6.2} %  {name}").expect("writing to a string does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_have_shares() {
        let mut out = String::new();
        table(&mut out, "call", vec![("b".into(), 1), ("c".into(), 2), ("a".into(), 1)]);
        let words: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[0], ["4", "calls:"]);
        assert_eq!(
            words[1..],
            [["2", "50.00", "%", "c"], ["1", "25.00", "%", "a"], ["1", "25.00", "%", "b"]]
        );
    }

    #[test]
    fn many_rows_are_summed_up() {
        let mut out = String::new();
        table(&mut out, "call", (0..100).map(|n| (format!("f{n}"), 1)).collect());
        assert_eq!(out.lines().count(), 1 + ROWS);
        let words: Vec<&str> = out.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(words, ["61", "61.00", "%", "(61", "others)"]);
    }
}
