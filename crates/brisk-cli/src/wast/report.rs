//! What became of a script.

use std::fmt;

/// What became of a script.
///
/// Displayed, it is a line for each failure and one with the numbers.
#[derive(Clone, Debug)]
pub struct Report {
    /// The script's name.
    pub file: String,
    /// How many directives the script has, counted without running it.
    pub directives: usize,
    /// What became of each directive, in order.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// The directives that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.result.is_err())
    }

    /// Whether there were directives, every one of them was run, and none failed.
    pub fn passed(&self) -> bool {
        self.directives > 0 && self.outcomes.len() == self.directives && self.failures().next().is_none()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in self.failures() {
            writeln!(f, "{}:{outcome}", self.file)?;
        }
        let failed = self.failures().count();
        write!(
            f,
            "{}: {} passed, {failed} failed of {} directives",
            self.file,
            self.outcomes.len() - failed,
            self.directives
        )
    }
}

/// What became of a directive.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The line it begins on, from 1.
    pub line: usize,
    /// Its first word, as in `assert_return`.
    pub directive: &'static str,
    /// Whether it passed.
    pub result: Result<(), Failure>,
}

impl Outcome {
    /// The outcome of each directive of a script that is not well-formed.
    pub(super) fn unparsed(error: &wast::Error, text: &str) -> Outcome {
        let (line, _) = error.span().linecol_in(text);
        Outcome { line: line + 1, directive: "script", result: Err(Failure::new(error.message())) }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.line, self.directive)?;
        match &self.result {
            Ok(()) => f.write_str("passed"),
            Err(failure) => write!(f, "{failure}"),
        }
    }
}

/// Why a directive failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What was found, and what was expected.
    pub message: String,
    /// The proposal without which the directive cannot pass: the one that its module was refused
    /// for, or a module that it builds on.
    pub needs: Option<&'static str>,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), needs: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_passed_counts_as_passed() {
        let passed = Outcome { line: 3, directive: "invoke", result: Ok(()) };
        let failed = Outcome { result: Err(Failure::new("no")), ..passed.clone() };
        let report = |directives, outcomes: &[&Outcome]| Report {
            file: "f.wast".into(),
            directives,
            outcomes: outcomes.iter().map(|&outcome| outcome.clone()).collect(),
        };
        assert!(report(2, &[&passed, &passed]).passed());
        assert!(!report(0, &[]).passed(), "nothing was run");
        assert!(!report(2, &[&passed]).passed(), "one went missing");
        let report = report(2, &[&passed, &failed]);
        assert!(!report.passed());
        assert_eq!(report.to_string(), "f.wast:3: invoke: no\nf.wast: 1 passed, 1 failed of 2 directives");
    }
}
