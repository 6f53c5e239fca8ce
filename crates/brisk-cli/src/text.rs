//! Text for people: what a module says of itself, made safe to show, and names alike.

use std::fmt::Write as _;

/// Characters of a name that are shown.
const MAX_NAME: usize = 200;

/// Characters of a line of a message that are shown. Places further than 500 are not pointed at.
const MAX_LINE: usize = 600;

/// The text with control characters escaped, so that a module cannot drive a terminal. Line breaks stay.
pub fn visible(text: &str) -> String {
    escaped(text, |c| c == '\n')
}

/// The text with the ends of long lines left out: a whole file in the text format may be one line.
pub fn short_lines(text: &str) -> String {
    let short = |line: &str| match line.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    };
    text.split('\n').map(short).collect::<Vec<_>>().join("\n")
}

/// A name on one line, of bounded length.
pub fn one_line(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => escaped(&name[..end], |_| false) + "…",
        None => escaped(name, |_| false),
    }
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if (c.is_control() && !kept(c)) || is_bidi_control(c) {
            write!(out, "{}", c.escape_default()).expect("writing to a string does not fail");
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a character changes the direction in which those around it are shown.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The name among `known` that was most likely meant by `name`.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate, most), candidate))
        .filter(|&(distance, _)| distance <= most)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out, changed or swapped with the next to make `b` of `a`,
/// upper and lower case being alike; anything more than `most` where it is more.
fn distance(a: &str, b: &str, most: usize) -> usize {
    let letters = |text: &str| text.chars().take(MAX_NAME).collect::<String>().to_lowercase();
    let (a, b): (Vec<char>, Vec<char>) = (letters(a).chars().collect(), letters(b).chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    // Rows of the table of distances between beginnings of `a` and of `b`: the one before the last,
    // the last, and the one being made.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// `s` unless there is exactly one.
pub fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_drive_a_terminal() {
        assert_eq!(one_line("a\x1b[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\nc\\u{202e}d");
        assert_eq!(visible("two\nlines\r"), "two\nlines\\r");
        assert_eq!(one_line("naïve"), "naïve");
        assert_eq!(one_line(&"x".repeat(1_000)).chars().count(), MAX_NAME + 1);
    }

    #[test]
    fn long_lines_are_cut() {
        let short = "what\n --> file:1:3\n  |\n1 | abc\n  |   ^";
        assert_eq!(short_lines(short), short);
        let long = "ü".repeat(5_000);
        assert_eq!(short_lines(&format!("a\n{long}\nb")), format!("a\n{}…\nb", "ü".repeat(MAX_LINE)));
    }

    #[test]
    fn the_nearest_name_is_found_if_it_is_near() {
        assert_eq!(nearest("ad", ["add", "sub"]), Some("add"));
        assert_eq!(nearest("Fibonacci", ["fib", "fibonaci"]), Some("fibonaci"));
        assert_eq!(nearest("isnpect", ["inspect", "run"]), Some("inspect"));
        assert_eq!(nearest("main", ["add", "sub"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
