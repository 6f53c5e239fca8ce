//! What a program sees of the machine it runs on: nothing, unless an option gives it.

use crate::support::{Place, exits_with, has, prints_env, ran, wasi_program};
use std::fs;

/// A program that exits with the error of opening `name` in the first directory that was given.
fn opens(name: &str, oflags: u32, rights: u64) -> String {
    let len = name.len();
    let open = format!(
        "(call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const {len}) (i32.const {oflags})
            (i64.const {rights}) (i64.const 0) (i32.const 0) (i32.const 0))"
    );
    exits_with(&["path_open"], &open).replacen(
        "(memory",
        &format!("(data (i32.const 64) \"{name}\") (memory"),
        1,
    )
}

const FD_READ: u64 = 1 << 1;
const FD_WRITE: u64 = 1 << 6;
const CREATE: u32 = 1;

// Errors of WASI preview 1.
const BADF: i32 = 8;
const NOENT: i32 = 44;
const ROFS: i32 = 69;

#[test]
fn nothing_is_visible_unless_given() {
    let place = Place::with("env.wat", &prints_env());
    let mut command = place.command("env.wat");
    assert_eq!(ran(command.env("SECRET", "1")).printed(), "");
    place.file(
        "dirs.wat",
        exits_with(&["fd_prestat_get"], "(call $fd_prestat_get (i32.const 3) (i32.const 0))"),
    );
    assert_eq!(place.brisk("dirs.wat").failed(BADF), "");
    place
        .file("fds.wat", exits_with(&["fd_fdstat_get"], "(call $fd_fdstat_get (i32.const 3) (i32.const 0))"));
    assert_eq!(place.brisk("fds.wat").failed(BADF), "");
}

#[test]
fn variables_are_set_or_passed_on() {
    let place = Place::with("env.wat", &prints_env());
    assert_eq!(place.brisk("--env A=1 --env=B=x=y --env C= env.wat").printed(), "A=1\0B=x=y\0C=\0");
    assert_eq!(place.brisk("--env A=1 --env A=2 env.wat").printed(), "A=2\0");
    let mut command = place.command("--env GIVEN env.wat");
    assert_eq!(
        ran(command.env("GIVEN", "from outside").env("SECRET", "1")).printed(),
        "GIVEN=from outside\0"
    );
    let mut command = place.command("--inherit-env --env B=3 env.wat");
    assert_eq!(ran(command.env_clear().env("A", "1").env("B", "2")).printed(), "A=1\0B=3\0");
}

#[test]
fn a_variable_that_cannot_be_passed_on_is_an_error() {
    let place = Place::with("env.wat", &prints_env());
    has(
        &ran(place.command("--env MISSING env.wat").env_remove("MISSING")).failed(2),
        &["error: ", "`MISSING`"],
    );
    has(&place.brisk("--env =x env.wat").failed(2), &["error: ", "no name"]);
}

#[test]
fn a_directory_can_be_given() {
    let place = Place::with("open.wat", &opens("data.txt", 0, FD_READ));
    place.file("data.txt", "");
    assert_eq!(place.brisk("--dir . open.wat").printed(), "");
    assert_eq!(place.brisk("open.wat").failed(BADF), "");
    place.file("create.wat", opens("new.txt", CREATE, FD_WRITE));
    assert_eq!(place.brisk("--dir . create.wat").printed(), "");
    assert!(place.path().join("new.txt").exists());
}

#[test]
fn a_directory_can_be_given_such_that_it_stays_as_it_is() {
    let place = Place::with("open.wat", &opens("data.txt", 0, FD_READ));
    place.file("data.txt", "");
    assert_eq!(place.brisk("--dir-ro . open.wat").printed(), "");
    place.file("create.wat", opens("new.txt", CREATE, FD_WRITE));
    assert_eq!(place.brisk("--dir-ro . create.wat").failed(ROFS), "");
    assert!(!place.path().join("new.txt").exists());
    place.file("write.wat", opens("data.txt", 0, FD_WRITE));
    assert_ne!(place.brisk("--dir-ro . write.wat").status, Some(0));
}

#[test]
fn a_directory_can_have_another_name_for_the_program() {
    let name = wasi_program(
        &["fd_prestat_dir_name", "fd_write"],
        "(drop (call $fd_prestat_dir_name (i32.const 3) (i32.const 64) (i32.const 5)))
         (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 5))
         (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))",
    );
    let place = Place::with("name.wat", &name);
    fs::create_dir(place.path().join("sub")).unwrap();
    assert_eq!(place.brisk("--dir sub::/data name.wat").printed(), "/data");
    assert_eq!(place.brisk("--dir-ro sub::/data name.wat").printed(), "/data");
    place.file("open.wat", opens("name.wat", 0, FD_READ));
    assert_eq!(place.brisk("--dir sub::/data open.wat").failed(NOENT), "");
    assert_eq!(place.brisk("--dir sub/..::/data open.wat").printed(), "");
}

#[test]
fn a_directory_that_is_none_is_an_error() {
    let place = Place::with("open.wat", &opens("data.txt", 0, FD_READ));
    has(&place.brisk("--dir missing open.wat").failed(1), &["error: ", "missing", "No such file"]);
    has(&place.brisk("--dir open.wat open.wat").failed(1), &["error: ", "open.wat", "Not a directory"]);
    has(&place.brisk("--dir ::/x open.wat").failed(2), &["error: ", "HOST::GUEST"]);
}

#[test]
fn a_socket_can_be_given() {
    // The first byte of what `fd_fdstat_get` gives is the type of the file; 6 is `socket_stream`.
    let filetype = exits_with(
        &["fd_fdstat_get"],
        "(i32.add (call $fd_fdstat_get (i32.const 3) (i32.const 64)) (i32.load8_u (i32.const 64)))",
    );
    let place = Place::with("socket.wat", &filetype);
    assert_eq!(place.brisk("--tcplisten 127.0.0.1:0 socket.wat").failed(6), "");
    has(&place.brisk("--tcplisten nowhere socket.wat").failed(1), &["cannot listen on `nowhere`"]);
}

#[test]
fn standard_input_is_the_programs() {
    let cat = wasi_program(
        &["fd_read", "fd_write"],
        "(i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 100))
         (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
         (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))",
    );
    let place = Place::with("cat.wat", &cat);
    assert_eq!(place.brisk_with_input("cat.wat", "some input").printed(), "some input");
}
