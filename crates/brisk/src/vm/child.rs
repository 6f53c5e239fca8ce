//! Tests that need a process of their own: for signals, limits, and a look at all mappings.

use std::process::{Command, Output};

const CHILD: &str = "BRISK_TEST_CHILD";

/// The emulator that runs this, if one does and the kernel does not know it.
const EMULATOR: &str = "BRISK_TEST_EMULATOR";

/// Whether this is the process that [`run`] started for a test.
pub(super) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs one test of this program, given by its full name, in a new process after a command of the shell.
pub(super) fn run_after(before: &str, test: &str) -> Output {
    Command::new("sh")
        .args([
            "-c",
            &format!("{before} && exec ${EMULATOR} \"$0\" --exact {test} --nocapture --test-threads=1"),
        ])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, "1")
        .output()
        .unwrap()
}

/// Runs one test in a new process, where it must pass.
#[track_caller]
pub(super) fn passes_after(before: &str, test: &str) {
    let output = run_after(before, test);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {text}{errors}", output.status);
    assert!(text.contains("1 passed"), "{text}");
}
