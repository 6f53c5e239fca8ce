//! Broken modules.

use brisk_fuzzing::translate;

#[test]
fn broken_modules_are_refused_or_run() {
    let valid = (0..400).filter(|&number| translate::of_number(number)).count();
    // Some are not broken.
    assert!((20..380).contains(&valid), "{valid} of 400 are valid");
}
