//! `brisk features`.

use crate::flags::Features;
use crate::json::{Json, object};
use crate::{Failure, output};
use brisk::{Config, Engine, Feature, Tier};
use brisk_module::features::DEFAULT_FEATURES;

/// How far a proposal is supported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Support {
    Full,
    /// Modules that use the rest are refused when they are loaded.
    Partial(&'static str),
    /// Modules that use it are refused when they are loaded.
    None,
}

impl Support {
    fn of(feature: Feature) -> Support {
        match feature {
            Feature::Gc => Support::Partial("recursive types and subtypes only"),
            Feature::Threads => Support::None,
            _ => Support::Full,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Support::Full => "yes",
            Support::Partial(_) => "partly",
            Support::None => "not yet",
        }
    }
}

fn is_default(feature: Feature) -> bool {
    DEFAULT_FEATURES.contains(feature.flag())
}

/// The names of the tiers that this machine can run.
fn tiers() -> Json {
    let named = [("interp", Tier::Interp), ("jit", Tier::Jit), ("auto", Tier::Auto)];
    named
        .into_iter()
        .filter(|&(_, tier)| Engine::new(Config::new().tier(tier)).is_ok())
        .map(|(name, _)| name)
        .collect()
}

/// Lists the proposals beyond WebAssembly 1.0.
pub fn features(options: Features) -> Result<u8, Failure> {
    output::print(&if options.json { format!("{}\n", json()) } else { table() })?;
    Ok(0)
}

fn json() -> Json {
    let rows = Feature::ALL.iter().map(|&feature| {
        let note = match Support::of(feature) {
            Support::Partial(what) => Some(what),
            _ => None,
        };
        object! {
            name: feature.name(),
            specification: Some(feature.since()).filter(|since| !since.is_empty()),
            default: is_default(feature),
            supported: Support::of(feature).name(),
            note: note,
            what: feature.what(),
        }
    });
    object! {
        version: env!("CARGO_PKG_VERSION"),
        tiers: tiers(),
        wasi: ["wasi_snapshot_preview1", "wasi_unstable"].into_iter().collect::<Json>(),
        proposals: rows.collect::<Json>(),
    }
}

fn table() -> String {
    let mut out = String::from("proposal                 spec  default  supported\n");
    for &feature in Feature::ALL {
        let since = if feature.since().is_empty() { "-" } else { feature.since() };
        let default = if is_default(feature) { "on" } else { "off" };
        let support = Support::of(feature);
        let what = match support {
            Support::Partial(what) => format!("{} ({what})", feature.what()),
            _ => feature.what().to_owned(),
        };
        let (name, support) = (feature.name(), support.name());
        out.push_str(&format!("{name:<24} {since:<5} {default:<8} {support:<10} {what}\n"));
    }
    out
}
