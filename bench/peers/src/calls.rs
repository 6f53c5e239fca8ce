//! What crossing between host and guest costs, and making an instance.

use crate::Options;
use crate::clock::Rounds;
use crate::peer::{Peer, Repeat, Result};
use crate::report::{Report, figure, line};

/// The module that is instantiated, called, and calls: some of everything a small guest has.
pub const MODULE: &str = r#"
(module
  (import "host" "next" (func $next (param i32) (result i32)))
  (memory (export "memory") 2)
  (global (mut i32) (i32.const 1024))
  (table 4 funcref)
  (elem (i32.const 1) $add $count)
  (data (i32.const 16) "a few bytes of data")
  (func $add (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  ;; Counts to its argument, the host doing the counting.
  (func $count (export "count") (param $times i32) (result i32)
    (local $i i32)
    (block $done
      (br_if $done (i32.eqz (local.get $times)))
      (loop $again
        (br_if $again (i32.lt_u (local.tee $i (call $next (local.get $i))) (local.get $times)))))
    (local.get $i)))
"#;

/// Measures all three for every engine, in turn in each round.
pub fn measure(options: &Options, peers: &[Box<dyn Peer>], report: &mut Report) -> Result<Vec<String>> {
    type Make = fn(&dyn Peer, &[u8]) -> Result<Repeat>;
    const KINDS: [(&str, &str, f64, Make); 3] = [
        ("instantiate", "us", 1e6, |peer, wasm| peer.instantiate(wasm)),
        ("typed call", "ns", 1e9, |peer, wasm| peer.typed_call(wasm)),
        ("host call", "ns", 1e9, |peer, wasm| peer.host_call(wasm)),
    ];
    let wasm = wat::parse_str(MODULE).map_err(|error| error.to_string())?;
    let mut errors = Vec::new();
    println!("calls and instances");
    line("", peers.iter().map(|peer| peer.name().to_owned()));
    for (kind, unit, scale, make) in KINDS {
        let mut rounds = vec![Rounds::default(); peers.len()];
        let mut repeats = Vec::new();
        for peer in peers {
            let prepared = make(peer.as_ref(), &wasm).and_then(|mut repeat| {
                let times = options.clock.repetitions(0.03, &mut repeat)?;
                Ok((repeat, times))
            });
            repeats.push(
                prepared.map_err(|error| errors.push(format!("{kind}: {}: {error}", peer.name()))).ok(),
            );
        }
        for round in 0..options.rounds {
            for turn in 0..peers.len() {
                let index = (round + turn) % peers.len();
                let Some((repeat, times)) = &mut repeats[index] else { continue };
                let (seconds, result) = options.clock.time(|| repeat(*times));
                match result {
                    Ok(()) => rounds[index].push(seconds / f64::from(*times)),
                    Err(error) => errors.push(format!("{kind}: {}: {error}", peers[index].name())),
                }
            }
        }
        for (peer, rounds) in peers.iter().zip(&rounds) {
            report.add(kind, kind, peer.name(), (unit, scale), rounds);
        }
        line(&format!("{kind}, {unit}"), rounds.iter().map(|rounds| figure(rounds.median() * scale)));
    }
    println!();
    Ok(errors)
}
