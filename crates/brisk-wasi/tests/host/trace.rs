//! The trace: a line for each call.

use std::io::Write;
use std::sync::{Arc, Mutex};

use brisk_wasi::{DirPerms, FilePerms, InputPipe, WasiCtxBuilder};

use crate::support::*;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn lines(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }
}

#[test]
fn calls_and_what_came_of_them() {
    let sink = Sink::default();
    let dir = tempfile::tempdir().unwrap();
    let mut guest = Guest::new(
        WasiCtxBuilder::new()
            .args(["a", "bc"])
            .stdin(InputPipe::from("abc"))
            .preopened_dir(dir.path(), "/", DirPerms::all(), FilePerms::all())
            .unwrap()
            .trace(sink.clone()),
    );
    let _ = guest.write(1, b"hello world\n");
    let _ = guest.write(9, b"x");
    let _ = guest.read(0, 100);
    let _ = guest.call("args_sizes_get", &[0, 4]);
    let _ = guest.open("new\n\"file\"", CREAT, FD_READ | FD_SEEK);
    let _ = guest.open_with(3, FOLLOW, "none", 0, (0, 0), NONBLOCK);
    let _ = guest.seek(4, -5, 1);
    let _ = guest.seek(4, 5, 9);
    let _ = guest.mkdir("x".repeat(300));
    let _ = guest.fdstat(4);
    let _ = guest.path_stat(0, ".");
    let _ = guest.call("fd_prestat_get", &[3, 0]);
    let _ = guest.close(4);
    let _ = guest.call("path_create_directory", &[3, -1, 5]);
    let _ = guest.call("fd_advise", &[1, 0, 0, 3]);
    let _ = guest.call("sched_yield", &[]);
    let _ = guest.call("random_get", &[0, 16]);
    let _ = guest.call("clock_res_get", &[9, 0]);
    let _ = guest.call("poll_oneoff", &[1 << 16, 1 << 17, 0, 0]);
    let _ = guest.call("fd_fdstat_set_rights", &[3, FILE_RIGHTS, -1]);
    let _ = guest.raw("proc_raise", &[6]);
    let _ = guest.raw("proc_exit", &[3]);
    let size = std::fs::metadata(dir.path()).unwrap().len();
    let expected = [
        "fd_write(1, [12 bytes]) = 12",
        "fd_write(9, [1 bytes]) = badf",
        "fd_read(0, [100 bytes]) = 3",
        "args_sizes_get() = 2, 5",
        r#"path_open(3, 0, "new\n\"file\"", creat, fd_read|fd_seek, 0, 0) = 4"#,
        r#"path_open(3, symlink_follow, "none", 0, 0, 0, nonblock) = noent"#,
        "fd_seek(4, -5, cur) = inval",
        "fd_seek(4, 5, 9) = inval",
        &format!(r#"path_create_directory(3, "{}"...) = nametoolong"#, "x".repeat(256)),
        "fd_fdstat_get(4) = {regular_file, flags 0, rights 0x6}",
        &format!(r#"path_filestat_get(3, 0, ".") = {{directory, {size} bytes}}"#),
        "fd_prestat_get(3) = {dir, name of 1 bytes}",
        "fd_close(4) = ok",
        "path_create_directory(3, 0xffffffff) = fault",
        "fd_advise(1, 0, 0, willneed) = notcapable",
        "sched_yield() = ok",
        "random_get([16 bytes]) = ok",
        "clock_res_get(9) = inval",
        "poll_oneoff([0 subscriptions], 0x20000) = inval",
        "fd_fdstat_set_rights(3, 0x8e001ff, 0xffffffffffffffff) = notcapable",
        "proc_raise(abrt) = exited with status 134",
        "proc_exit(3) = exited with status 3",
    ];
    let lines = sink.lines();
    for (line, expected) in lines.iter().zip(&expected) {
        assert_eq!(line, expected);
    }
    assert_eq!(lines.len(), expected.len());
}

/// What is shown are the arguments as they were before the call overwrote them.
#[test]
fn arguments_are_those_before_the_call() {
    let sink = Sink::default();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(InputPipe::from([0xff; 64])).trace(sink.clone()));
    // A buffer over its own iovec.
    let [iovs, n] = guest.iovs(&[(1024, 8)]);
    let _ = guest.call("fd_read", &[0, iovs, n, 0]);
    assert_eq!(sink.lines(), ["fd_read(0, [8 bytes]) = 8"]);
}

/// A sink that fails does not disturb the guest.
#[test]
fn a_trace_nobody_hears() {
    struct Deaf;
    impl Write for Deaf {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut guest = Guest::new(WasiCtxBuilder::new().trace(Deaf));
    assert_eq!(guest.write(1, b"x"), Ok(1));
}
