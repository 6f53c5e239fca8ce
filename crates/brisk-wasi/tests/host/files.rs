//! Reading, writing, positions, sizes.

use crate::support::*;

#[test]
fn reads_and_writes_move_the_position() {
    let (mut guest, dir) = Guest::with_dir();
    let fd = guest.open("f", CREAT | EXCL, FILE_RIGHTS).unwrap();
    assert_eq!(guest.write(fd, b"hello world"), Ok(11));
    assert_eq!(guest.tell(fd), Ok(11));
    assert_eq!(guest.seek(fd, -5, 1), Ok(6));
    assert_eq!(guest.read(fd, 100), Ok(b"world".to_vec()));
    assert_eq!(guest.read(fd, 100), Ok(vec![]));
    assert_eq!(guest.seek(fd, -11, 2), Ok(0));
    assert_eq!(guest.read(fd, 5), Ok(b"hello".to_vec()));
    assert_eq!(std::fs::read(dir.path().join("f")).unwrap(), b"hello world");
}

#[test]
fn positional_calls_leave_the_position() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.file("f", b"0123456789");
    assert_eq!(guest.seek(fd, 3, 0), Ok(3));
    assert_eq!(guest.pread(fd, 4, 6), Ok(b"6789".to_vec()));
    assert_eq!(guest.pread(fd, 4, 100), Ok(vec![]));
    assert_eq!(guest.pwrite(fd, b"ab", 0), Ok(2));
    // Writing behind the end leaves a hole of zeros.
    assert_eq!(guest.pwrite(fd, b"z", 12), Ok(1));
    assert_eq!(guest.tell(fd), Ok(3));
    assert_eq!(guest.pread(fd, 100, 0), Ok(b"ab23456789\0\0z".to_vec()));
    assert_eq!(guest.pread(fd, 1, -1), Err("inval"));
    assert_eq!(guest.pwrite(fd, b"x", i64::MIN), Err("inval"));
    for (name, fd) in [("fd_pread", 0), ("fd_pwrite", 1)] {
        let [iovs, n] = guest.iovs(&[(DATA, 1)]);
        assert_eq!(guest.call(name, &[fd, iovs, n, 0, 0]), Err("notcapable"));
    }
}

#[test]
fn positional_calls_need_the_right_to_seek() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("f", b"abc");
    let fd = guest.open("f", 0, FD_READ | FD_WRITE).unwrap();
    assert_eq!(guest.pread(fd, 1, 0), Err("notcapable"));
    assert_eq!(guest.pwrite(fd, b"x", 0), Err("notcapable"));
    assert_eq!(guest.seek(fd, 0, 1), Err("notcapable"));
    let fd = guest.open("f", 0, FD_READ | FD_TELL).unwrap();
    assert_eq!(guest.seek(fd, 0, 1), Ok(0));
    assert_eq!(guest.seek(fd, 1, 1), Err("notcapable"));
    assert_eq!(guest.seek(fd, 0, 0), Err("notcapable"));
    // Seeking includes telling.
    let fd = guest.open("f", 0, FD_READ | FD_SEEK).unwrap();
    assert_eq!(guest.tell(fd), Ok(0));
}

#[test]
fn many_buffers_make_one_transfer() {
    let (mut guest, dir) = Guest::with_dir();
    let fd = guest.file("f", b"");
    guest.put(DATA, b"abcdef");
    let [iovs, n] = guest.iovs(&[(DATA + 4, 2), (DATA, 0), (DATA, 2), (DATA + 2, 2)]);
    assert_eq!(guest.call("fd_write", &[fd.into(), iovs, n, 0]), Ok(()));
    assert_eq!(guest.u32(0), 6);
    assert_eq!(std::fs::read(dir.path().join("f")).unwrap(), b"efabcd");
    // Read back into buffers that lie in another order than they are filled.
    guest.seek(fd, 0, 0).unwrap();
    let [iovs, n] = guest.iovs(&[(DATA + 20, 1), (DATA + 10, 3), (DATA + 16, 9)]);
    assert_eq!(guest.call("fd_read", &[fd.into(), iovs, n, 0]), Ok(()));
    assert_eq!(guest.u32(0), 1, "overlapping buffers are a short read");
    guest.seek(fd, 0, 0).unwrap();
    let [iovs, n] = guest.iovs(&[(DATA + 20, 1), (DATA + 10, 3), (DATA + 30, 9)]);
    assert_eq!(guest.call("fd_pread", &[fd.into(), iovs, n, 0, 0]), Ok(()));
    assert_eq!(guest.u32(0), 6);
    assert_eq!(guest.get(DATA + 20, 1), b"e");
    assert_eq!(guest.get(DATA + 10, 3), b"fab");
    assert_eq!(guest.get(DATA + 30, 2), b"cd");
}

#[test]
fn no_buffers_and_empty_buffers_transfer_nothing() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = i64::from(guest.file("f", b"abc"));
    for buffers in [&[][..], &[(DATA, 0)][..], &[(MEMORY, 0); 5][..]] {
        let [iovs, n] = guest.iovs(buffers);
        for (name, args) in [
            ("fd_read", vec![fd, iovs, n, 0]),
            ("fd_write", vec![fd, iovs, n, 0]),
            ("fd_pread", vec![fd, iovs, n, 0, 0]),
            ("fd_pwrite", vec![fd, iovs, n, 0, 0]),
            ("fd_read", vec![0, iovs, n, 0]),
            ("fd_write", vec![1, iovs, n, 0]),
        ] {
            guest.put(0, &[0xff; 4]);
            assert_eq!(guest.call(name, &args), Ok(()), "{name}");
            assert_eq!(guest.u32(0), 0, "{name}");
        }
    }
}

#[test]
fn more_buffers_than_one_call_takes_are_a_short_transfer() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.file("f", b"");
    let buffers = vec![(DATA, 1); 1500];
    let [iovs, n] = guest.iovs(&buffers);
    assert_eq!(guest.call("fd_write", &[fd.into(), iovs, n, 0]), Ok(()));
    assert_eq!(guest.u32(0), 1024);
}

#[test]
fn seeking_knows_its_bounds() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.file("f", b"abc");
    assert_eq!(guest.seek(fd, -1, 0), Err("inval"));
    assert_eq!(guest.seek(fd, -1, 1), Err("inval"));
    assert_eq!(guest.seek(fd, -4, 2), Err("inval"));
    assert_eq!(guest.seek(fd, 0, 3), Err("inval"));
    assert_eq!(guest.seek(fd, 0, -1), Err("inval"));
    assert_eq!(guest.seek(fd, i64::MIN, 2), Err("inval"));
    assert_eq!(guest.tell(fd), Ok(0));
    assert_eq!(guest.seek(fd, 1 << 40, 0), Ok(1 << 40));
    assert_eq!(guest.read(fd, 1), Ok(vec![]));
    assert_eq!(guest.seek(3, 0, 0), Err("isdir"));
    assert_eq!(guest.tell(3), Err("isdir"));
    assert_eq!(guest.seek(0, 0, 0), Err("notcapable"));
}

#[test]
fn sizes_are_set_and_space_is_allocated() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.file("f", b"abcdef");
    let f = i64::from(fd);
    assert_eq!(guest.call("fd_filestat_set_size", &[f, 3]), Ok(()));
    assert_eq!(guest.read(fd, 10), Ok(b"abc".to_vec()));
    assert_eq!(guest.call("fd_filestat_set_size", &[f, 5]), Ok(()));
    assert_eq!(guest.read(fd, 10), Ok(b"\0\0".to_vec()));
    assert_eq!(guest.call("fd_filestat_set_size", &[f, -1]), Err("fbig"));
    assert_eq!(guest.call("fd_filestat_set_size", &[3, 0]), Err("isdir"));
    assert_eq!(guest.call("fd_filestat_set_size", &[1, 0]), Err("notcapable"));

    assert_eq!(guest.call("fd_allocate", &[f, 0, 4]), Ok(()));
    assert_eq!(guest.fd_stat(fd).unwrap().size, 5);
    assert_eq!(guest.call("fd_allocate", &[f, 4, 96]), Ok(()));
    assert_eq!(guest.fd_stat(fd).unwrap().size, 100);
    assert_eq!(guest.call("fd_allocate", &[f, 0, 0]), Err("inval"));
    assert_eq!(guest.call("fd_allocate", &[f, i64::MAX, 1]), Err("fbig"));
    assert_eq!(guest.call("fd_allocate", &[f, -1, -1]), Err("fbig"));
    assert_eq!(guest.call("fd_allocate", &[3, 0, 1]), Err("isdir"));
}

#[test]
fn advice_is_taken_and_checked() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = i64::from(guest.file("f", b"abc"));
    for advice in 0..6 {
        assert_eq!(guest.call("fd_advise", &[fd, 0, 0, advice]), Ok(()));
        assert_eq!(guest.call("fd_advise", &[fd, 1, 1000, advice]), Ok(()));
    }
    assert_eq!(guest.call("fd_advise", &[fd, 0, 0, 6]), Err("inval"));
    assert_eq!(guest.call("fd_advise", &[fd, 0, 0, -1]), Err("inval"));
    assert_eq!(guest.call("fd_advise", &[fd, -1, 0, 0]), Err("inval"));
    assert_eq!(guest.call("fd_advise", &[fd, 1, i64::MAX, 0]), Err("inval"));
    assert_eq!(guest.call("fd_advise", &[3, 0, 0, 0]), Err("isdir"));
    assert_eq!(guest.call("fd_advise", &[0, 0, 0, 0]), Err("notcapable"));
}

#[test]
fn files_and_directories_are_synchronized() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = i64::from(guest.file("f", b"abc"));
    for name in ["fd_sync", "fd_datasync"] {
        assert_eq!(guest.call(name, &[fd]), Ok(()));
        assert_eq!(guest.call(name, &[3]), Ok(()));
        assert_eq!(guest.call(name, &[1]), Ok(()));
    }
}

#[test]
fn directories_are_neither_read_nor_written() {
    let (mut guest, _dir) = Guest::with_dir();
    assert_eq!(guest.read(3, 10), Err("isdir"));
    assert_eq!(guest.write(3, b"x"), Err("isdir"));
    assert_eq!(guest.pread(3, 10, 0), Err("isdir"));
    assert_eq!(guest.pwrite(3, b"x", 0), Err("isdir"));
}

/// A result that has no place must not have happened: the descriptor would be lost, the bytes too.
#[test]
fn a_bad_place_for_the_result_is_found_before_anything_happens() {
    let (mut guest, dir) = Guest::with_dir();
    let fd = guest.file("f", b"abc");
    let [iovs, n] = guest.iovs(&[(DATA, 3)]);
    let bad = i64::from(MEMORY) - 3;
    for (name, args) in [
        ("fd_read", vec![fd.into(), iovs, n, bad]),
        ("fd_write", vec![fd.into(), iovs, n, bad]),
        ("fd_pwrite", vec![fd.into(), iovs, n, 0, bad]),
        ("fd_seek", vec![fd.into(), 2, 0, bad]),
    ] {
        assert_eq!(guest.call(name, &args), Err("fault"), "{name}");
        assert_eq!(guest.tell(fd), Ok(0), "{name}");
    }
    guest.put(DATA, b"new");
    let args = [3, 0, DATA.into(), 3, CREAT, FD_READ, 0, 0, bad];
    assert_eq!(guest.call("path_open", &args), Err("fault"));
    assert_eq!(guest.names(3), ["f"]);
    assert_eq!(std::fs::read(dir.path().join("f")).unwrap(), b"abc");
    assert_eq!(guest.open("f", 0, FD_READ), Ok(fd + 1));
}

#[test]
fn buffers_up_to_the_last_byte_of_memory() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = i64::from(guest.file("f", b"abc"));
    let end = i64::from(MEMORY);
    for (base, len, expected) in [
        (MEMORY - 3, 3, Ok(())),
        (MEMORY - 3, 4, Err("fault")),
        (MEMORY, 0, Ok(())),
        (MEMORY, 1, Err("fault")),
        (u32::MAX, 1, Err("fault")),
        (1, u32::MAX, Err("fault")),
        (u32::MAX, u32::MAX, Err("fault")),
    ] {
        let [iovs, n] = guest.iovs(&[(base, len)]);
        for name in ["fd_read", "fd_write"] {
            assert_eq!(guest.call(name, &[fd, iovs, n, 0]), expected, "{name} {base:#x} {len:#x}");
        }
    }
    // The iovec itself at the end of memory, aligned to nothing.
    guest.put(MEMORY - 9, &[&DATA.to_le_bytes()[..], &[2, 0, 0, 0, 0]].concat());
    assert_eq!(guest.call("fd_read", &[fd, end - 9, 1, 1]), Ok(()));
    assert_eq!(guest.call("fd_read", &[fd, end - 7, 1, 1]), Err("fault"));
    assert_eq!(guest.call("fd_read", &[fd, end - 16, 3, 1]), Err("fault"));
    assert_eq!(guest.call("fd_read", &[fd, 0, 1 << 29, 1]), Err("fault"));
    assert_eq!(guest.call("fd_read", &[fd, 0, -1, 1]), Err("fault"));
}
