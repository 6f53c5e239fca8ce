//! `explore`.

use crate::support::{Place, has};

const MODULE: &str = r#"(module
    (import "env" "log" (func $log (param i32)))
    (memory 1)
    (func $sum (export "total") (param $n i32) (result i32)
        (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $n))))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 4)))))
        (local.get $sum))
    (func $twice (param i32) (result i32)
        (call $sum (call $sum (local.get 0)))))"#;

fn place() -> Place {
    Place::with("m.wat", MODULE)
}

/// Titles of the stages that are shown.
fn titles(printed: &str) -> Vec<&str> {
    printed.lines().filter_map(|line| line.strip_prefix("== ")).collect()
}

#[test]
fn all_stages_are_shown_in_order() {
    let printed = place().brisk("explore m.wat --func sum").printed();
    let titles = titles(&printed);
    let known =
        ["wasm: function 1 (sum), ", "register code", "IR after build", "machine instructions", "assembly: "];
    let mut rest = titles.iter();
    for title in known {
        assert!(rest.any(|found| found.starts_with(title)), "{title} in {titles:?}");
    }
    has(&printed, &["local 1: i32", "loop", "i32.load offset=4", "i32.add", "br_if 0"]);
    has(&printed, &["func -> (i32)", "load.u32.memory0.pinned.traps"]);
}

#[cfg(feature = "disassemble")]
#[test]
fn assembly_says_what_places_are() {
    let (memory, push) = match cfg!(target_arch = "aarch64") {
        true => ("uxtw", [" fd 7b bf a9 ", "stp x29, x30, [sp, #-0x10]!"]),
        false => ("r15", [" 55 ", "push rbp"]),
    };
    let printed = place().brisk("explore m.wat --func 1 --stage asm").printed();
    assert_eq!(titles(&printed).len(), 1, "{printed}");
    has(&printed, &["entry:\n", "; loop, depth 1\n", memory, "; fault 0x", "  ret\n"]);
    let printed = place().brisk("explore m.wat --func twice --stage asm --bytes").printed();
    has(&printed, &push);
    has(&printed, &["slot:sum", "; call 0x", "libcall:stack_limit"]);
}

#[test]
fn functions_are_found_by_number_name_and_export() {
    let place = place();
    let printed = place.brisk("explore m.wat --func 1 --stage wasm").printed();
    for name in ["sum", "total"] {
        assert_eq!(place.brisk(&format!("explore m.wat --func {name} --stage wasm")).printed(), printed);
    }
    has(&place.brisk("explore m.wat --func sun").failed(2), &["no function `sun`", "is `sum` meant?"]);
    has(&place.brisk("explore m.wat --func 7").failed(2), &["no function `7`", "0 to 2"]);
    has(&place.brisk("explore m.wat --func log").failed(2), &["imported"]);
    has(&place.brisk("explore m.wat --func sum --stage nonsense").failed(2), &["nonsense", "--stage"]);
}

#[test]
fn loops_are_entered_at_their_offsets() {
    let place = place();
    let wasm = place.brisk("explore m.wat --func sum --stage wasm").printed();
    let line = wasm.lines().find(|line| line.ends_with(" loop")).expect("a loop");
    let offset = line.split_whitespace().next().expect("its offset");
    let printed = place.brisk(&format!("explore m.wat --func sum --stage ir --osr 0x{offset}")).printed();
    // The frame's slots are loaded from behind the one pointer that the function is given.
    has(&printed, &["block0(v0: i64):", "load."]);
    let stderr = place.brisk("explore m.wat --func sum --stage ir --osr 1").failed(1);
    has(&stderr, &["cannot compile function 1", "no such loop"]);
    has(&place.brisk("explore m.wat --func sum --osr x").failed(2), &["--osr", "0x5a"]);
}

#[test]
fn checks_and_fuel_are_shown_when_asked_for() {
    let place = place();
    let ir = |more: &str| place.brisk(&format!("explore m.wat --func sum --stage ir {more}")).printed();
    let plain = ir("");
    has(&ir("--checked"), &["memory_descriptor", "check "]);
    has(&ir("--fuel"), &["fuel "]);
    has(&ir("--interrupts"), &["poll"]);
    for what in ["check ", "fuel ", "poll"] {
        assert!(!plain.contains(what), "{what} in {plain}");
    }
}
