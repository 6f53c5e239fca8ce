//! Generated modules in brisk and in wasmi.

use brisk_fuzzing::differential::{Seen, compare};
use brisk_fuzzing::generate::Proposals;
use brisk_fuzzing::generator::Generator;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Runs modules of the first numbers on all processors.
fn run(generator: Generator, modules: u64) -> Seen {
    let next = AtomicU64::new(0);
    let seen = Mutex::new(Seen::default());
    let differing = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= modules {
                        break;
                    }
                    let bytes = generator.bytes_of_number(number);
                    let Some((module, seed)) = generator.make(&bytes, Proposals::Shared) else { continue };
                    match compare(&module.wasm, seed, module.canonical_nans) {
                        Ok(found) => seen.lock().unwrap().add(found),
                        Err(difference) => differing.lock().unwrap().push((number, difference)),
                    }
                }
            });
        }
    });
    let (seen, differing) = (seen.into_inner().unwrap(), differing.into_inner().unwrap());
    let _ = writeln!(std::io::stderr(), "\nmodules of {generator:?} in brisk and wasmi: {:#?}", seen.0);
    assert!(differing.is_empty(), "{differing:#?}");
    seen
}

#[test]
fn hot_loops_do_the_same_in_wasmi() {
    let seen = run(Generator::Loops, 100);
    let modules = seen.count("modules");
    for (class, least) in [
        ("modules", 100),
        ("instantiated", modules * 3),
        ("returned", modules * 10),
        ("host calls", modules),
        ("trap: MemoryOutOfBounds", modules / 4),
        ("trap: IntegerDivisionByZero", modules / 20),
    ] {
        assert!(seen.count(class) >= least, "{class}: {} times in {modules} modules", seen.count(class));
    }
    for class in ["set aside: stack overflow", "refused", "other errors"] {
        assert_eq!(seen.count(class), 0, "{class}");
    }
}

#[test]
fn modules_of_everything_do_the_same_in_wasmi() {
    let seen = run(Generator::Smith, 600);
    // What was compared is worth something: most modules run, and get to their end; little is set aside.
    let modules = seen.count("modules");
    assert!(modules > 500, "{modules} modules");
    for (class, least) in [
        ("instantiated", modules * 3),
        ("returned", modules * 5),
        ("host calls", modules * 10),
        ("memories", modules * 2),
        ("globals", modules * 10),
        ("tables", modules * 2),
        ("trap: MemoryOutOfBounds", modules / 2),
        ("trap: BadConversionToInteger", modules / 20),
        ("trap: IntegerDivisionByZero", modules / 20),
        ("trap: IntegerOverflow", modules / 20),
        ("trap: TableOutOfBounds", modules / 20),
    ] {
        assert!(seen.count(class) >= least, "{class}: {} times in {modules} modules", seen.count(class));
    }
    for class in ["set aside: NaNs", "set aside: stack overflow", "refused", "other errors"] {
        assert!(
            seen.count(class) <= modules / 20,
            "{class}: {} times in {modules} modules",
            seen.count(class)
        );
    }
}
