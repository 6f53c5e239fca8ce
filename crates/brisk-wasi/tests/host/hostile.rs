//! Arguments that mean harm, one at a time. The fuzz target `wasi_calls` makes sequences of calls with them.

use std::time::Duration;

use brisk_wasi::{ClockId, DirPerms, FilePerms, HostClock, I32Exit, WasiCtxBuilder};

use crate::support::*;

/// A clock on which any sleep is over at once.
struct Instantly;

impl HostClock for Instantly {
    fn now(&self, _: ClockId) -> Duration {
        Duration::from_nanos(u64::MAX / 2)
    }
    fn sleep(&self, _: Duration) {}
}

/// Every function, every parameter in turn the worst it can be, everything else as good as can be.
#[test]
fn each_parameter_alone_at_its_worst() {
    for (name, params) in SIGNATURES {
        for worst in 0..params.len() {
            for value in [i64::from(MEMORY) - 1, i64::from(MEMORY), 0x7fff_ffff, 0xffff_ffff, -1] {
                let dir = tempfile::tempdir().unwrap();
                let mut guest = Guest::new(
                    WasiCtxBuilder::new()
                        .arg("a")
                        .env("K", "V")
                        .preopened_dir(dir.path(), "/", DirPerms::all(), FilePerms::all())
                        .unwrap()
                        .clock(Instantly)
                        .on_wait(|| Err(brisk::Error::msg("waited"))),
                );
                guest.file("a", b"contents");
                guest.put(DATA, b"a");
                let mut args: Vec<i64> =
                    params.chars().map(|ty| if ty == 'i' { i64::from(DATA) } else { 0 }).collect();
                if !args.is_empty() && params.len() > 1 {
                    args[0] = 3;
                }
                args[worst] = value;
                match guest.raw(name, &args) {
                    Ok(errno) => assert!((0..77).contains(&errno), "{name} {args:?}"),
                    Err(error) => assert!(
                        error.downcast_ref::<I32Exit>().is_some() || format!("{error:?}").contains("waited"),
                        "{name} {args:?}: {error:?}"
                    ),
                }
            }
        }
    }
}
