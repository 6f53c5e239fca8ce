//! Runs scripts of the specification's tests (`.wast`).
//!
//! A script is a list of directives: modules to instantiate, functions to call, and assertions
//! about both. Each directive either passes or fails, and a [`Report`] holds what became of every
//! one of them, so that nothing can go missing unnoticed. The texts of the messages that invalid,
//! malformed and unlinkable modules are expected to have are not compared; the kinds of traps are.
//!
//! ```
//! use brisk::Engine;
//!
//! let script = r#"
//!     (module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
//!     (assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
//! "#;
//! let report = brisk_cli::wast::run("add.wast", script, &Engine::default());
//! assert_eq!(report.directives, 2);
//! assert!(report.failures().next().is_none());
//! ```

mod count;
mod report;
mod runner;
mod spectest;
mod traps;
mod values;

pub use report::{Failure, Outcome, Report};

use brisk::Engine;
use wast::Wast;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};

/// Runs the script `text`, called `file` in the report, with modules of `engine`.
///
/// A script that cannot be parsed fails in all its directives. A panic fails its directive and all
/// that follow in the script.
pub fn run(file: &str, text: &str, engine: &Engine) -> Report {
    let directives = count::directives(text);
    let outcomes = parse_and_run(text, engine)
        .unwrap_or_else(|error| vec![Outcome::unparsed(&error, text); directives.max(1)]);
    Report { file: file.to_string(), directives, outcomes }
}

fn parse_and_run(text: &str, engine: &Engine) -> Result<Vec<Outcome>, wast::Error> {
    let mut lexer = Lexer::new(text);
    // The tests have names in every script on purpose.
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let script: Wast = parser::parse(&buffer)?;
    Ok(runner::run(script, text, engine))
}
