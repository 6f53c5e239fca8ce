//! Errors: one readable paragraph, and the right status.

use crate::support::{Place, has, prints, ran};
use std::fs;
use std::process::Stdio;

#[test]
fn without_arguments_there_is_help() {
    let ran = Place::new().brisk("");
    assert_eq!(ran.status, Some(2));
    has(&ran.stderr, &["Usage: brisk", "run", "inspect"]);
}

#[test]
fn a_missing_file_is_an_error() {
    let place = Place::new();
    for command in [
        "missing.wasm",
        "run missing.wasm",
        "validate missing.wasm",
        "inspect missing.wasm",
        "wast missing.wast",
    ] {
        let stderr = place.brisk(command).failed(1);
        has(&stderr, &["error: ", "`missing.was", "No such file"]);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    for command in ["run", "validate", "inspect", "wast", "completions"] {
        has(&place.brisk(command).failed(2), &["error: ", "required"]);
    }
}

#[test]
fn a_directory_is_no_file() {
    let place = Place::new();
    fs::create_dir(place.path().join("sub")).unwrap();
    for command in [".", "run sub", "validate sub", "inspect sub", "wast sub"] {
        has(&place.brisk(command).failed(1), &["error: ", "Is a directory"]);
    }
}

#[test]
fn a_file_larger_than_any_module_is_refused_unread() {
    let place = Place::new();
    for name in ["huge.wasm", "huge.wat"] {
        fs::File::create(place.path().join(name)).unwrap().set_len((1 << 30) + 1).unwrap();
    }
    for command in ["huge.wasm", "run huge.wat", "validate huge.wasm"] {
        has(&place.brisk(command).failed(1), &["error: failed to read `huge.wa", "1073741824 bytes at most"]);
    }
}

#[test]
fn a_place_in_a_long_line_is_shown_without_the_rest() {
    let place = Place::with("long.wat", &format!("(module (nonsense) {})", "(func)".repeat(100_000)));
    let stderr = place.brisk("long.wat").failed(1);
    has(&stderr, &["error: ", "long.wat:1:10", "(module (nonsense) (func)", "…\n", "^"]);
    assert!(stderr.len() < 2_000, "{} bytes", stderr.len());
}

#[test]
fn a_mistyped_command_is_guessed_at() {
    has(&Place::new().brisk("isnpect").failed(1), &["error: ", "`isnpect`", "No such file", "`inspect`"]);
}

#[test]
fn a_module_that_is_none_says_where() {
    let place = Place::with("text.wat", "(module\n  (func (result i32) (i32.const))\n)");
    let stderr = place.brisk("text.wat").failed(1);
    has(&stderr, &["error: ", "expected", "text.wat:2:"]);
    let mut bytes = wat::parse_str("(module (func $f (export \"_start\") (drop (i32.const 1))))").unwrap();
    let length = bytes.len();
    bytes.truncate(length / 2);
    place.file("half.wasm", &bytes);
    has(&place.brisk("half.wasm").failed(1), &["error: ", "half.wasm", "invalid module", "offset 0x"]);
    place.file("noise.wasm", [0xff; 100]);
    has(&place.brisk("noise.wasm").failed(1), &["error: ", "noise.wasm"]);
    place.file("empty.wasm", "");
    has(&place.brisk("empty.wasm").failed(1), &["error: ", "empty.wasm", "unexpected end"]);
    has(&place.brisk_with_input("-", "(module").failed(1), &["error: ", "standard input"]);
}

#[test]
fn a_module_that_is_invalid_names_the_function() {
    let place = Place::with("bad.wat", "(module (func $broken (result i32)))");
    has(&place.brisk("bad.wat").failed(1), &["error: ", "`bad.wat`", "type mismatch", "broken"]);
}

#[test]
fn a_component_is_not_mistaken_for_a_module() {
    let place = Place::new();
    place.file("component.wasm", b"\0asm\x0d\0\x01\0");
    has(&place.brisk("component.wasm").failed(1), &["error: ", "component"]);
}

#[test]
fn wrong_options_are_usage_errors() {
    let place = Place::with("hello.wat", &prints("hello"));
    for (args, why) in [
        ("--no-such-option hello.wat", "--no-such-option"),
        ("run --tier fast hello.wat", "fast"),
        ("run --profile time hello.wat", "time"),
        ("run --trace everything hello.wat", "everything"),
        ("run -W simdd hello.wat", "is `simd` meant?"),
        ("run -W simd=maybe hello.wat", "neither `y` nor `n`"),
        ("run --max-memory", "--max-memory"),
        ("completions cmd.exe", "cmd.exe"),
        ("inspect hello.wat more.wat", "more.wat"),
    ] {
        has(&place.brisk(args).failed(2), &["error: ", why]);
    }
}

#[test]
fn a_program_prints_the_same_on_every_tier() {
    let place = Place::with("hello.wat", &prints("hello"));
    assert_eq!(place.brisk("--tier jit hello.wat").printed(), "hello");
    assert_eq!(place.brisk("--tier auto hello.wat").printed(), "hello");
    assert_eq!(place.brisk("--tier interp hello.wat").printed(), "hello");
}

#[test]
fn proposals_can_be_switched_off_and_on() {
    let place = Place::with("simd.wat", "(module (func (export \"_start\") (drop (v128.const i64x2 0 0))))");
    assert_eq!(place.brisk("simd.wat").printed(), "");
    has(&place.brisk("-W simd=n simd.wat").failed(1), &["error: ", "SIMD"]);
    assert_eq!(place.brisk("-W simd=n,simd=y simd.wat").printed(), "");
    has(&place.brisk("validate -W all-proposals=n simd.wat").failed(1), &["error: ", "SIMD"]);
    let clash = place.brisk("-W relaxed-simd,simd=n simd.wat").failed(2);
    has(&clash, &["`relaxed-simd` needs proposal `simd`"]);
}

#[test]
fn nothing_is_coloured_where_no_terminal_is() {
    let place = Place::with("trap.wat", "(module (func (export \"_start\") unreachable))");
    for args in ["trap.wat", "missing.wasm", "--no-such-option", "--help"] {
        let ran = place.brisk(args);
        assert!(!ran.stderr.contains('\x1b') && !ran.stdout.contains('\x1b'), "{ran:?}");
    }
}

#[test]
fn names_from_a_module_cannot_drive_the_terminal() {
    let place = Place::with(
        "trap.wat",
        "(module (func $f (@name \"\\1b[31m\\0ano\") (export \"_start\") unreachable))",
    );
    let stderr = place.brisk("trap.wat").failed(134);
    assert!(!stderr.contains('\x1b'), "{stderr:?}");
    has(&stderr, &["at \\u{1b}[31m\\nno ("]);
}

/// A standard output that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn a_closed_standard_output_ends_quietly() {
    let place = Place::with("f.wat", "(module (func (export \"f\") (result i32) (i32.const 1)))");
    for args in [
        "features",
        "inspect f.wat",
        "inspect --json f.wat",
        "completions bash",
        "--invoke f f.wat",
        "--help",
        "--version",
    ] {
        let ran = ran(place.command(args).stdout(closed()));
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{args}");
    }
}

#[test]
fn a_program_is_told_that_its_output_is_closed() {
    // `prints` ignores the error; what counts is that nothing dies of it.
    let place = Place::with("hello.wat", &prints("hello"));
    let ran = ran(place.command("hello.wat").stdout(closed()));
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_closed_standard_error_changes_no_status() {
    let place = Place::with("trap.wat", "(module (func (export \"_start\") unreachable))");
    assert_eq!(ran(place.command("trap.wat").stderr(closed())).status, Some(134));
    assert_eq!(ran(place.command("missing.wasm").stderr(closed())).status, Some(1));
    assert_eq!(ran(place.command("--trace=calls --profile=ops trap.wat").stderr(closed())).status, Some(134));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let place = Place::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    has(&ran(place.command("features").stdout(full)).failed(1), &["cannot write to standard output"]);
}

#[cfg(target_os = "linux")]
#[test]
fn arguments_that_are_no_text_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::with("hello.wat", &prints("hello"));
    let ran = ran(place.command("hello.wat").arg(OsStr::from_bytes(b"\xff")));
    has(&ran.failed(2), &["error: ", "not UTF-8"]);
}
