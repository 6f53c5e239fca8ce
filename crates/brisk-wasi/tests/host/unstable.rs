//! `wasi_unstable`, the first version of the interface: what is different from preview 1, by its own definition.

use brisk::{Engine, Module};
use brisk_wasi::{DirPerms, FilePerms, I32Exit, InputPipe, WasiCtxBuilder};
use tempfile::TempDir;

use crate::support::*;

/// Where an offset counts from.
const CUR: i64 = 0;
const END: i64 = 1;
const SET: i64 = 2;

fn guest() -> (Guest, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let guest = Guest::unstable(
        WasiCtxBuilder::new()
            .args(["program", "argument"])
            .stdin(InputPipe::from("input"))
            .preopened_dir(dir.path(), "/", DirPerms::all(), FilePerms::all())
            .unwrap(),
    );
    (guest, dir)
}

/// A file with ten bytes, open for everything, its position behind them.
fn file(guest: &mut Guest) -> u32 {
    let fd = guest.open("file", CREAT, FILE_RIGHTS).unwrap();
    assert_eq!(guest.write(fd, b"0123456789"), Ok(10));
    fd
}

#[test]
fn offsets_count_from_here_the_end_and_the_start_in_this_order() {
    let (mut guest, _dir) = guest();
    let fd = file(&mut guest);
    assert_eq!(guest.seek(fd, 0, CUR), Ok(10));
    assert_eq!(guest.seek(fd, 3, SET), Ok(3));
    assert_eq!(guest.seek(fd, 2, CUR), Ok(5));
    assert_eq!(guest.seek(fd, -1, END), Ok(9));
    assert_eq!(guest.read(fd, 10), Ok(b"9".to_vec()));
    assert_eq!(guest.seek(fd, 0, 3), Err("inval"));
}

/// The number of links is of 32 bits, right behind the type, and all after it is earlier by 8 bytes.
#[test]
fn attributes_take_56_bytes() {
    let (mut guest, dir) = guest();
    let fd = file(&mut guest);
    assert_eq!(guest.link("file", "second"), Ok(()));
    assert_eq!(guest.call("fd_filestat_set_times", &[fd.into(), 5_000_000_001, 6_000_000_002, 5]), Ok(()));
    let path = guest.put(DATA, b"second");
    for (name, args) in [
        ("fd_filestat_get", &[fd.into(), RESULT.into()][..]),
        ("path_filestat_get", &[3, 0, path, 6, RESULT.into()]),
    ] {
        guest.put(RESULT, &[0xee; 64]);
        assert_eq!(guest.call(name, args), Ok(()));
        let ino = std::os::unix::fs::MetadataExt::ino(&dir.path().join("file").metadata().unwrap());
        assert_eq!(guest.u64(RESULT + 8), ino);
        assert_eq!((guest.u8(RESULT + 16), guest.u32(RESULT + 20)), (4, 2));
        assert_eq!(guest.u64(RESULT + 24), 10);
        assert_eq!((guest.u64(RESULT + 32), guest.u64(RESULT + 40)), (5_000_000_001, 6_000_000_002));
        assert_ne!(guest.u64(RESULT + 48), 0xeeee_eeee_eeee_eeee);
        assert_eq!(guest.get(RESULT + 56, 8), [0xee; 8], "nothing is written behind them");
    }
}

/// Subscriptions are of 56 bytes: in front of a clock there is an identifier. Events are as they are today.
#[test]
fn subscriptions_take_56_bytes() {
    let (mut guest, _dir) = guest();
    let mut subscriptions = [0u8; 3 * 56];
    let mut put = |at: usize, value: u64| subscriptions[at..at + 8].copy_from_slice(&value.to_le_bytes());
    // An hour from now on the monotonic clock.
    put(0, 11);
    put(16, 0x1234);
    put(24, 1);
    put(32, 3_600_000_000_000);
    // Standard input.
    put(56, 22);
    put(56 + 8, 1);
    put(56 + 16, 0);
    // A moment long ago on the wall clock: of this, the flag is that the time is no distance.
    put(112, 33);
    put(112 + 32, 1);
    put(112 + 48, 1);
    let at = guest.put(DATA, &subscriptions);
    let events = 8192;
    assert_eq!(guest.call("poll_oneoff", &[at, events.into(), 3, RESULT.into()]), Ok(()));
    assert_eq!(guest.u32(RESULT), 2);
    assert_eq!((guest.u64(events), guest.u16(events + 8), guest.u8(events + 10)), (22, 0, 1));
    assert_eq!(guest.u64(events + 16), 5, "bytes there are to read");
    let second = events + 32;
    assert_eq!((guest.u64(second), guest.u16(second + 8), guest.u8(second + 10)), (33, 0, 0));
    // The end of memory is the end of the array.
    let end = i64::from(MEMORY);
    // All zeros is a time on the wall clock that has passed.
    assert_eq!(guest.call("poll_oneoff", &[end - 56, events.into(), 1, RESULT.into()]), Ok(()));
    assert_eq!(guest.call("poll_oneoff", &[end - 55, events.into(), 1, RESULT.into()]), Err("fault"));
}

#[test]
fn everything_else_is_as_it_is_today() {
    let (mut guest, _dir) = guest();
    assert_eq!(guest.call("args_sizes_get", &[RESULT.into(), i64::from(RESULT) + 4]), Ok(()));
    assert_eq!((guest.u32(RESULT), guest.u32(RESULT + 4)), (2, 17));
    assert_eq!(guest.call("fd_prestat_get", &[3, RESULT.into()]), Ok(()));
    assert_eq!(guest.u32(RESULT + 4), 1);
    file(&mut guest);
    assert_eq!(guest.mkdir("dir"), Ok(()));
    assert_eq!(guest.names(3), ["dir", "file"]);
    assert_eq!(guest.raw("proc_exit", &[3]).unwrap_err().downcast_ref(), Some(&I32Exit(3)));
}

#[test]
fn accepting_connections_came_later() {
    let import = r#"(module (import "wasi_unstable" "sock_accept" (func (param i32 i32 i32) (result i32))))"#;
    let module = Module::new(&Engine::default(), import).unwrap();
    let error = Guest::of(&module, &mut WasiCtxBuilder::new()).err().unwrap();
    assert!(error.to_string().contains("sock_accept"), "{error}");
}
