//! What crossing between host and guest costs, and making an instance.

use crate::Options;
use crate::clock::{Rounds, repetitions};
use crate::peer::{Kind, Peer, Result};
use crate::report::{Report, figure, line};

/// The module that is instantiated, called, and calls: some of everything a small guest has.
pub const MODULE: &str = r#"
(module
  (import "host" "next" (func $next (param i32) (result i32)))
  (memory (export "memory") 2)
  (global (mut i32) (i32.const 1024))
  (type $add (func (param i32 i32) (result i32)))
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
    (local.get $i))
  ;; The same by calls through the table.
  (func (export "count_indirect") (param $times i32) (result i32)
    (local $i i32)
    (block $done
      (br_if $done (i32.eqz (local.get $times)))
      (loop $again
        (br_if $again
          (i32.lt_u
            (local.tee $i
              (call_indirect (type $add)
                (local.get $i) (i32.const 1)
                (i32.add (i32.const 1) (i32.eq (local.get $i) (i32.const -1)))))
            (local.get $times)))))
    (local.get $i)))
"#;

/// Measures them for every engine, in turn in each round.
pub fn measure(options: &Options, peers: &mut [Box<dyn Peer>], report: &mut Report) -> Result<Vec<String>> {
    const KINDS: [(&str, &str, f64, Kind); 4] = [
        ("instantiate", "us", 1e6, Kind::Instantiate),
        ("typed call", "ns", 1e9, Kind::TypedCall),
        ("host call", "ns", 1e9, Kind::HostCall),
        ("indirect call", "ns", 1e9, Kind::IndirectCall),
    ];
    let wasm = wat::parse_str(MODULE).map_err(|error| error.to_string())?;
    let mut errors = Vec::new();
    println!("calls and instances");
    line("", peers.iter().map(|peer| peer.name().to_owned()));
    for (name, unit, scale, kind) in KINDS {
        let mut rounds = vec![Rounds::default(); peers.len()];
        let mut repeats = Vec::new();
        for peer in peers.iter_mut() {
            let prepared = peer.prepare(&wasm, kind).and_then(|mut repeat| {
                let times = repetitions(0.05, &mut repeat)?;
                Ok((repeat, times))
            });
            repeats.push(
                prepared.map_err(|error| errors.push(format!("{name}: {}: {error}", peer.name()))).ok(),
            );
        }
        for round in 0..options.rounds {
            for turn in 0..peers.len() {
                let index = (round + turn) % peers.len();
                let Some((repeat, times)) = &mut repeats[index] else { continue };
                match repeat(*times) {
                    Ok(seconds) => rounds[index].push(seconds / f64::from(*times)),
                    Err(error) => errors.push(format!("{name}: {}: {error}", peers[index].name())),
                }
            }
        }
        for (peer, rounds) in peers.iter().zip(&rounds) {
            report.add("call", "", name, peer.name(), (unit, scale), rounds);
        }
        line(&format!("{name}, {unit}"), rounds.iter().map(|rounds| figure(rounds.median() * scale)));
    }
    println!();
    Ok(errors)
}
