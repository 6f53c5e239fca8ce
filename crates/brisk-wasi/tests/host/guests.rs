//! Programs in C and Rust, whose sources and build script are in `tests/guests`.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;

use brisk::{Engine, Error, Linker, Module, Store};
use brisk_wasi::{DirPerms, FilePerms, I32Exit, InputPipe, OutputPipe, WasiCtxBuilder};

fn run(name: &str, builder: &mut WasiCtxBuilder) -> Result<i32, Error> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(name);
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    brisk_wasi::add_to_linker(&mut linker, |wasi| wasi)?;
    let module = Module::from_file(&engine, path)?;
    let mut store = Store::new(&engine, builder.build());
    let instance = linker.instantiate(&mut store, &module)?;
    match instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ()) {
        Ok(()) => Ok(0),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(exit.0),
            None => Err(error),
        },
    }
}

/// A guest with a directory of its own and one it may only read; its status and what it wrote.
fn run_with_files(name: &str, builder: &mut WasiCtxBuilder) -> (i32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let (data, fixed) = (dir.path().join("data"), dir.path().join("fixed"));
    fs::create_dir(&data).unwrap();
    fs::create_dir(&fixed).unwrap();
    fs::write(fixed.join("note"), "fixed").unwrap();
    let (stdout, stderr) = (OutputPipe::new(1 << 16), OutputPipe::new(1 << 16));
    builder
        .stdin(InputPipe::from("first\nsecond"))
        .stdout(stdout.clone())
        .stderr(stderr.clone())
        .preopened_dir(&data, "/data", DirPerms::all(), FilePerms::all())
        .unwrap()
        .preopened_dir(&fixed, "/fixed", DirPerms::READ, FilePerms::READ)
        .unwrap();
    let status = run(name, builder).unwrap();
    let text = |pipe: &OutputPipe| String::from_utf8(pipe.contents()).unwrap();
    println!("{}{}", text(&stdout), text(&stderr));
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "the guest cleans up");
    assert_eq!(fs::read(fixed.join("note")).unwrap(), b"fixed");
    assert_eq!(fs::read_dir(&fixed).unwrap().count(), 1);
    (status, text(&stdout), text(&stderr))
}

#[test]
fn a_c_program() {
    let mut builder = WasiCtxBuilder::new();
    builder.args(["posix", "two words"]).env("USER", "nobody");
    let (status, stdout, stderr) = run_with_files("posix.wasm", &mut builder);
    assert_eq!(stderr, "");
    let expected = "arg 0: posix\narg 1: two words\nUSER=nobody, HOME=(none)\nline 1: first\nline 2: second\n\
        files\ndirectories\nlinks\nnote: fixed\nread-only\ntime and chance\n";
    assert_eq!(stdout, expected);
    assert_eq!(status, 42);
}

#[test]
fn a_rust_program() {
    let mut builder = WasiCtxBuilder::new();
    builder.args(["std", "ä"]).env("KEY", "value");
    let (status, stdout, stderr) = run_with_files("std.wasm", &mut builder);
    assert_eq!(stderr, "done\n");
    let expected = "args: [\"std\", \"ä\"]\nKEY: Ok(\"value\"), PATH: false\nstdin: [\"first\", \"second\"]\nfiles\n\
        entries: [(\"c\", true), (\"umlaut-ä\", false), (\"x\", false), (\"y\", false)]\ndirectories\nread-only\n\
        clocks\n";
    assert_eq!(stdout, expected);
    assert_eq!(status, 3);
}

#[test]
fn a_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        for part in ["hello", ", ", "world"] {
            stream.write_all(part.as_bytes()).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let stdout = OutputPipe::new(1024);
    let mut builder = WasiCtxBuilder::new();
    builder.tcp_listener(listener).unwrap().stdout(stdout.clone());
    assert_eq!(run("echo.wasm", &mut builder).unwrap(), 0);
    assert_eq!(client.join().unwrap(), "HELLO, WORLD");
    assert_eq!(stdout.contents(), b"12 bytes\n");
}

/// The same context without the directories: the program finds nothing to work in.
#[test]
fn a_program_without_its_directories() {
    let stderr = OutputPipe::new(1024);
    let mut builder = WasiCtxBuilder::new();
    builder.arg("posix").stderr(stderr.clone());
    assert_eq!(run("posix.wasm", &mut builder).unwrap(), 1);
    assert!(String::from_utf8(stderr.contents()).unwrap().contains("file"), "{stderr:?}");
}
