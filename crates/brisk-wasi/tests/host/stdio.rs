//! Standard streams.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use brisk_wasi::{InputPipe, OutputPipe, WasiCtxBuilder};

use crate::support::*;

fn pipe() -> (PipeReader, PipeWriter) {
    std::io::pipe().unwrap()
}

fn file(end: impl Into<OwnedFd>) -> File {
    File::from(end.into())
}

#[test]
fn input_from_memory_is_read_in_pieces_and_ends() {
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(InputPipe::from("hello world")));
    assert_eq!(guest.read(0, 4), Ok(b"hell".to_vec()));
    let [iovs, n] = guest.iovs(&[(DATA, 1), (DATA + 10, 3), (DATA + 20, 100)]);
    assert_eq!(guest.call("fd_read", &[0, iovs, n, 0]), Ok(()));
    assert_eq!(guest.u32(0), 7);
    assert_eq!(guest.get(DATA + 20, 3), b"rld");
    assert_eq!(guest.read(0, 4), Ok(vec![]));
    assert_eq!(guest.write(0, b"x"), Err("notcapable"));
}

#[test]
fn output_to_memory_has_a_cap() {
    let (stdout, stderr) = (OutputPipe::new(10), OutputPipe::new(0));
    let mut guest = Guest::new(WasiCtxBuilder::new().stdout(stdout.clone()).stderr(stderr.clone()));
    assert_eq!(guest.write(1, b"12345678"), Ok(8));
    assert_eq!(guest.write(1, b"abcdef"), Ok(2));
    assert_eq!(guest.write(1, b"x"), Err("nospc"));
    assert_eq!(guest.write(1, b""), Ok(0));
    assert_eq!(guest.write(2, b"x"), Err("nospc"));
    assert_eq!(guest.read(1, 1), Err("notcapable"));
    assert_eq!(stdout.contents(), b"12345678ab");
    assert_eq!(stdout.take(), b"12345678ab");
    assert_eq!(guest.write(1, b"again"), Ok(5));
    assert_eq!(stdout.contents(), b"again");
    assert_eq!(stderr.contents(), b"");
}

#[test]
fn streams_have_no_position() {
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(InputPipe::from("x")).stdout(OutputPipe::new(9)));
    for fd in [0, 1, 2] {
        assert_eq!(guest.seek(fd, 0, 1), Err("notcapable"));
        assert_eq!(guest.tell(fd), Err("notcapable"));
        assert_eq!(guest.fdstat(fd).unwrap().base & (FD_SEEK | FD_TELL), 0);
    }
}

#[test]
fn files_as_standard_streams_have_positions() {
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(b"from a file").unwrap();
    input.rewind().unwrap();
    let output = tempfile::tempfile().unwrap();
    let mut look = output.try_clone().unwrap();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(input).stdout(output));
    assert_eq!(guest.seek(0, 5, 0), Ok(5));
    assert_eq!(guest.read(0, 100), Ok(b"a file".to_vec()));
    assert_eq!(guest.fdstat(1).unwrap().filetype, 4);
    assert_eq!(guest.write(1, b"to a file"), Ok(9));
    let mut text = String::new();
    look.rewind().unwrap();
    look.read_to_string(&mut text).unwrap();
    assert_eq!(text, "to a file");
    // Its size is not the guest's to change.
    assert_eq!(guest.call("fd_filestat_set_size", &[1, 0]), Err("notcapable"));
}

#[test]
fn a_closed_standard_output_is_an_error_and_no_signal() {
    let (reader, writer) = pipe();
    drop(reader);
    let mut guest = Guest::new(WasiCtxBuilder::new().stdout(file(writer)));
    assert_eq!(guest.write(1, b"nobody reads"), Err("pipe"));
    assert_eq!(guest.close(1), Ok(()));
    assert_eq!(guest.write(1, b"x"), Err("badf"));
}

#[test]
fn reading_blocks_until_there_is_something() {
    let (reader, mut writer) = pipe();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(file(reader)));
    let writing = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        writer.write_all(b"at last").unwrap();
    });
    assert_eq!(guest.read(0, 100), Ok(b"at last".to_vec()));
    writing.join().unwrap();
    assert_eq!(guest.read(0, 100), Ok(vec![]));
}

/// Not blocking is between the guest and this crate: the host's pipe, which other processes may share,
/// is left as it is.
#[test]
fn a_guest_that_does_not_want_to_block() {
    let (reader, mut writer) = pipe();
    let look = reader.try_clone().unwrap();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(file(reader)));
    assert_eq!(guest.call("fd_fdstat_set_flags", &[0, NONBLOCK]), Ok(()));
    assert_eq!(guest.read(0, 100), Err("again"));
    assert!(!rustix::fs::fcntl_getfl(&look).unwrap().contains(rustix::fs::OFlags::NONBLOCK));
    writer.write_all(b"x").unwrap();
    assert_eq!(guest.read(0, 100), Ok(b"x".to_vec()));
    assert_eq!(guest.call("fd_fdstat_set_flags", &[0, APPEND]), Err("notsup"));
}

/// The other way round: the pipe does not block, but the guest expects it to.
#[test]
fn a_host_pipe_that_does_not_block() {
    let (reader, mut writer) = pipe();
    rustix::io::ioctl_fionbio(&reader, true).unwrap();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(file(reader)));
    let writing = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        writer.write_all(b"x").unwrap();
    });
    assert_eq!(guest.read(0, 100), Ok(b"x".to_vec()));
    writing.join().unwrap();
}

#[test]
fn the_host_can_end_a_wait_for_input_or_for_a_slow_reader() {
    let enough = || {
        let mut asked = 0;
        move || {
            asked += 1;
            if asked < 3 { Ok(()) } else { Err(brisk::Error::msg("enough")) }
        }
    };
    let (reader, _writer) = pipe();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(file(reader)).on_wait(enough()));
    let [iovs, n] = guest.iovs(&[(DATA, 1)]);
    let error = guest.raw("fd_read", &[0, iovs, n, 0]).unwrap_err();
    assert!(format!("{error:?}").contains("enough"));

    let (_reader, writer) = pipe();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdout(file(writer)).on_wait(enough()));
    let [iovs, n] = guest.iovs(&[(DATA, 100_000)]);
    let error = (0..1000).find_map(|_| guest.raw("fd_write", &[1, iovs, n, 0]).err()).unwrap();
    assert!(format!("{error:?}").contains("enough"));
}

/// Runs itself as a child, whose standard streams are known.
#[test]
fn inherited_streams_are_those_of_the_process() {
    const CHILD: &str = "BRISK_WASI_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let mut guest = Guest::new(WasiCtxBuilder::new().inherit_stdio());
        let line = guest.read(0, 100).unwrap();
        print!("<host, unfinished line>");
        assert_eq!(guest.write(1, &[b"<out: ", &line[..], b">"].concat()), Ok(line.len() as u32 + 7));
        assert_eq!(guest.write(2, b"<err>"), Ok(5));
        assert_eq!(guest.call("fd_fdstat_set_flags", &[1, APPEND]), Err("notsup"));
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "stdio::inherited_streams_are_those_of_the_process", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"typed in").unwrap();
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout} {stderr}");
    assert!(stdout.contains("<host, unfinished line><out: typed in>"), "{stdout}");
    assert!(stderr.contains("<err>"), "{stderr}");
}
