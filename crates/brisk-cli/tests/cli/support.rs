//! A directory with a test's files, and the program run in it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A directory of its own for a test, in which the program is run.
pub struct Place(TempDir);

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Place {
        Place(TempDir::new().expect("a temporary directory"))
    }

    /// A place with one file.
    pub fn with(name: &str, contents: &str) -> Place {
        let place = Place::new();
        place.file(name, contents);
        place
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> &Place {
        fs::write(self.path().join(name), contents).expect("a file in a temporary directory");
        self
    }

    /// The program, to be run here with words separated by blanks as its arguments.
    pub fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brisk"));
        command.args(args.split_whitespace()).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    pub fn brisk(&self, args: &str) -> Ran {
        ran(&mut self.command(args))
    }

    /// Runs the program with `input` as its standard input.
    pub fn brisk_with_input(&self, args: &str, input: impl AsRef<[u8]>) -> Ran {
        let mut command = self.command(args);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        child.stdin.take().expect("it is piped").write_all(input.as_ref()).expect("it reads");
        Ran::of(&child.wait_with_output().expect("it ends"))
    }
}

pub fn ran(command: &mut Command) -> Ran {
    Ran::of(&command.output().expect("it starts and ends"))
}

impl Ran {
    fn of(output: &std::process::Output) -> Ran {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Ran { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// It went well and said nothing on standard error; gives what it printed.
    #[track_caller]
    pub fn printed(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }

    /// It ended with this status and printed nothing on standard output; gives what it said on standard error.
    #[track_caller]
    pub fn failed(self, status: i32) -> String {
        assert_eq!((self.status, self.stdout.as_str()), (Some(status), ""), "{self:?}");
        self.stderr
    }
}

/// Asserts that a text has parts, in this order.
#[track_caller]
pub fn has(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some(at) = rest.find(part) else { panic!("no {part:?} where expected in:\n{text}") };
        rest = &rest[at + part.len()..];
    }
}

/// A program that calls functions of WASI: `body` is its `_start`, after the imports that are named.
/// Its memory has 64 KiB of zeros.
pub fn wasi_program(imports: &[&str], body: &str) -> String {
    let types = [
        ("args_sizes_get", "(param i32 i32) (result i32)"),
        ("args_get", "(param i32 i32) (result i32)"),
        ("environ_sizes_get", "(param i32 i32) (result i32)"),
        ("environ_get", "(param i32 i32) (result i32)"),
        ("fd_fdstat_get", "(param i32 i32) (result i32)"),
        ("fd_prestat_get", "(param i32 i32) (result i32)"),
        ("fd_prestat_dir_name", "(param i32 i32 i32) (result i32)"),
        ("fd_read", "(param i32 i32 i32 i32) (result i32)"),
        ("fd_write", "(param i32 i32 i32 i32) (result i32)"),
        ("path_open", "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)"),
        ("poll_oneoff", "(param i32 i32 i32 i32) (result i32)"),
        ("proc_exit", "(param i32)"),
        ("proc_raise", "(param i32) (result i32)"),
    ];
    let imports: String = imports
        .iter()
        .map(|&name| {
            let (_, ty) = types.iter().find(|(known, _)| *known == name).expect("a function of the table");
            format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} {ty}))\n")
        })
        .collect();
    format!("(module {imports} (memory (export \"memory\") 1)\n (func $main (export \"_start\") {body}))")
}

/// A program that exits with the value of an expression.
pub fn exits_with(imports: &[&str], expression: &str) -> String {
    let imports: Vec<&str> = imports.iter().copied().chain(["proc_exit"]).collect();
    wasi_program(&imports, &format!("(call $proc_exit {expression})"))
}

/// A program that prints its arguments, each ended by a NUL.
pub fn prints_args() -> String {
    prints_strings("args_sizes_get", "args_get")
}

/// A program that prints its environment, each variable ended by a NUL.
pub fn prints_env() -> String {
    prints_strings("environ_sizes_get", "environ_get")
}

fn prints_strings(sizes_get: &str, get: &str) -> String {
    // At 0 the count, at 4 the bytes; the pointers from 16 on, the strings from 4096 on; at 8 the iovec.
    wasi_program(
        &[sizes_get, get, "fd_write"],
        &format!(
            "(drop (call ${sizes_get} (i32.const 0) (i32.const 4)))
             (drop (call ${get} (i32.const 16) (i32.const 4096)))
             (i32.store (i32.const 12) (i32.load (i32.const 4)))
             (i32.store (i32.const 8) (i32.const 4096))
             (drop (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))"
        ),
    )
}

/// A program that prints a text.
pub fn prints(text: &str) -> String {
    let len = text.len();
    wasi_program(
        &["fd_write"],
        &format!(
            "(i32.store (i32.const 0) (i32.const 16))
             (i32.store (i32.const 4) (i32.const {len}))
             (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
             (data (i32.const 16) \"{}\"",
            text.escape_default()
        ),
    )
}
