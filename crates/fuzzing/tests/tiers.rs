//! Generated modules on every tier.

use brisk_fuzzing::generator::Generator;
use brisk_fuzzing::tiers::{Counts, compare, of_number};
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Runs modules of the first numbers on all processors.
fn run(generator: Generator, modules: u64) -> Counts {
    let next = AtomicU64::new(0);
    let seen = Mutex::new(Counts::default());
    let differing = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= modules {
                        break;
                    }
                    let Some((wasm, plan)) = of_number(generator, number) else { continue };
                    match compare(&wasm, plan) {
                        Ok(counts) => seen.lock().unwrap().add_all(&counts),
                        Err(difference) => differing.lock().unwrap().push((number, difference)),
                    }
                }
            });
        }
    });
    let (seen, differing) = (seen.into_inner().unwrap(), differing.into_inner().unwrap());
    let _ = writeln!(std::io::stderr(), "\nmodules of {generator:?} on every tier: {:#?}", seen.0);
    assert!(differing.is_empty(), "{differing:#?}");
    seen
}

/// What was compared is worth something: modules load, run, run in machine code, and mostly get to their end.
fn check(seen: &Counts, least: &[(&str, u64)], most: &[(&str, u64)]) {
    for &(class, least) in least {
        assert!(seen.count(class) >= least, "{class}: {} times, not {least}", seen.count(class));
    }
    for &(class, most) in most {
        assert!(seen.count(class) <= most, "{class}: {} times, more than {most}", seen.count(class));
    }
    let refused: Vec<_> = seen.0.iter().filter(|(class, _)| class.starts_with("refused")).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn modules_of_everything_do_the_same_on_every_tier() {
    let seen = run(Generator::Smith, 150);
    let modules = seen.count("modules");
    check(
        &seen,
        &[
            ("modules", 110),
            ("compiled first", 5 * modules),
            ("functions that ran", 3 * modules),
            ("loops taken over", modules),
            ("returned", 10 * modules),
            ("host calls", modules),
            ("exceptions", modules / 20),
            ("imports from an instance", modules / 20),
            ("interrupts that let go on", 10 * modules),
            ("interrupted", 2 * modules),
        ],
        &[
            ("set aside: stack overflow", modules / 20),
            ("set aside: stopped where no fuel is tested", modules / 20),
            ("too large to compile", 0),
            ("no room for code", 0),
            ("trap: UnreachableCodeReached", 15 * modules),
        ],
    );
}

#[test]
fn hot_loops_do_the_same_on_every_tier() {
    let seen = run(Generator::Loops, 100);
    let modules = seen.count("modules");
    check(
        &seen,
        &[
            ("modules", 100),
            ("compiled first", 10 * modules),
            ("functions that ran", 4 * modules),
            ("loops taken over", 3 * modules),
            ("loops compiled in the background", 1),
            ("returned", 20 * modules),
            ("host calls", 2 * modules),
            ("calls by host functions", modules / 10),
            ("imports from an instance", modules / 4),
            ("exceptions", modules / 10),
            ("exceptions of the host", modules / 10),
            ("trap: IntegerDivisionByZero", modules / 20),
            ("trap: MemoryOutOfBounds", modules / 2),
            ("trap: OutOfFuel", modules / 20),
            ("trap: Interrupt", modules),
            ("trap: Deadline", 1),
            ("interrupts that let go on", 100 * modules),
            ("interrupted", 2 * modules),
        ],
        &[
            ("set aside: stack overflow", 0),
            ("set aside: stopped where no fuel is tested", modules / 20),
            ("too large to compile", 0),
            ("no room for code", 0),
            ("trap: MemoryOutOfBounds", 10 * modules),
        ],
    );
}
