//! Runs generated modules on every tier for a while: `tiers FIRST SECONDS`, or writes one: `tiers
//! NUMBER`.

use brisk_fuzzing::tiers::{Found, module_of_number, of_number};
use std::io::Write;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let mut number: u64 = arguments[1].parse().expect("a number");
    let mut out = std::io::stdout();
    let Some(seconds) = arguments.get(2) else {
        let (wasm, plan) = module_of_number(number).expect("a module");
        let _ = writeln!(std::io::stderr(), "{plan:?}");
        out.write_all(&wasm).expect("written");
        return;
    };
    let end = Instant::now() + Duration::from_secs(seconds.parse().expect("seconds"));
    let (mut same, mut refused, mut lines, mut overflows, mut differing) = (0, 0, 0, 0, Vec::new());
    while Instant::now() < end {
        let found = catch_unwind(|| of_number(number));
        match found {
            Ok(Found::Refused) => refused += 1,
            Ok(Found::Same { lines: compared, overflow }) => {
                same += 1;
                lines += compared;
                overflows += u64::from(overflow);
            }
            Err(_) => {
                let _ = writeln!(out, "DIFFERS {number}");
                differing.push(number);
            }
        }
        number += 1;
    }
    let _ = writeln!(
        out,
        "up to {number}: {same} the same ({lines} lines, {overflows} with overflows), {refused} refused, differing: {differing:?}"
    );
}
