//! Generated modules in brisk and in wasmi.

use brisk_fuzzing::differential::{Seen, of_number};
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const MODULES: u64 = 800;

#[test]
fn generated_modules_do_the_same_in_wasmi() {
    let next = AtomicU64::new(0);
    let seen = Mutex::new(Seen::default());
    let differing = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= MODULES {
                        break;
                    }
                    match std::panic::catch_unwind(|| of_number(number)) {
                        Ok(found) => seen.lock().unwrap().add(found),
                        Err(_) => differing.lock().unwrap().push(number),
                    }
                }
            });
        }
    });
    let (seen, differing) = (seen.into_inner().unwrap(), differing.into_inner().unwrap());
    let _ = writeln!(std::io::stderr(), "\ngenerated modules in brisk and wasmi: {:#?}", seen.0);
    assert!(differing.is_empty(), "modules of these numbers differ: {differing:?}");

    // What was compared is worth something: most modules run, and get to their end; little is set aside.
    let modules = seen.count("modules");
    assert!(modules > MODULES * 8 / 10, "{modules} modules");
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
