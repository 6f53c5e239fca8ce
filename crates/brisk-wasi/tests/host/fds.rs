//! Descriptors: closing, renumbering, rights, flags, attributes, preopens.

use brisk_wasi::{DirPerms, FilePerms, WasiCtxBuilder};

use crate::support::*;

#[test]
fn a_closed_descriptor_is_gone_for_every_call() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = i64::from(guest.file("f", b"x"));
    assert_eq!(guest.call("fd_close", &[fd]), Ok(()));
    let iovs = guest.iovs(&[(DATA, 1)])[0];
    for (name, args) in [
        ("fd_advise", vec![fd, 0, 0, 0]),
        ("fd_allocate", vec![fd, 0, 1]),
        ("fd_close", vec![fd]),
        ("fd_datasync", vec![fd]),
        ("fd_fdstat_get", vec![fd, 0]),
        ("fd_fdstat_set_flags", vec![fd, 0]),
        ("fd_fdstat_set_rights", vec![fd, 0, 0]),
        ("fd_filestat_get", vec![fd, 0]),
        ("fd_filestat_set_size", vec![fd, 0]),
        ("fd_filestat_set_times", vec![fd, 0, 0, 0]),
        ("fd_pread", vec![fd, iovs, 1, 0, 0]),
        ("fd_prestat_get", vec![fd, 0]),
        ("fd_prestat_dir_name", vec![fd, 0, 0]),
        ("fd_pwrite", vec![fd, iovs, 1, 0, 0]),
        ("fd_read", vec![fd, iovs, 1, 0]),
        ("fd_readdir", vec![fd, 0, 0, 0, 0]),
        ("fd_renumber", vec![fd, 3]),
        ("fd_renumber", vec![3, fd]),
        ("fd_renumber", vec![fd, fd]),
        ("fd_seek", vec![fd, 0, 0, 0]),
        ("fd_sync", vec![fd]),
        ("fd_tell", vec![fd, 0]),
        ("fd_write", vec![fd, iovs, 1, 0]),
        ("sock_accept", vec![fd, 0, 0]),
        ("sock_recv", vec![fd, iovs, 1, 0, 0, 4]),
        ("sock_send", vec![fd, iovs, 1, 0, 0]),
        ("sock_shutdown", vec![fd, 3]),
        ("path_create_directory", vec![fd, DATA.into(), 1]),
        ("path_filestat_get", vec![fd, 0, DATA.into(), 1, 0]),
        ("path_filestat_set_times", vec![fd, 0, DATA.into(), 1, 0, 0, 0]),
        ("path_link", vec![fd, 0, DATA.into(), 1, 3, DATA.into(), 1]),
        ("path_link", vec![3, 0, DATA.into(), 1, fd, DATA.into(), 1]),
        ("path_open", vec![fd, 0, DATA.into(), 1, 0, 0, 0, 0, 0]),
        ("path_readlink", vec![fd, DATA.into(), 1, 0, 0, 0]),
        ("path_remove_directory", vec![fd, DATA.into(), 1]),
        ("path_rename", vec![fd, DATA.into(), 1, 3, DATA.into(), 1]),
        ("path_rename", vec![3, DATA.into(), 1, fd, DATA.into(), 1]),
        ("path_symlink", vec![DATA.into(), 1, fd, DATA.into(), 1]),
        ("path_unlink_file", vec![fd, DATA.into(), 1]),
    ] {
        guest.put(DATA, b"a");
        assert_eq!(guest.call(name, &args), Err("badf"), "{name}");
    }
}

#[test]
fn numbers_are_reused_lowest_first() {
    let (mut guest, _dir) = Guest::with_dir();
    let fds: Vec<_> = ["a", "b", "c"].map(|name| guest.file(name, b"")).into();
    assert_eq!(fds, [4, 5, 6]);
    assert_eq!(guest.close(5), Ok(()));
    assert_eq!(guest.close(4), Ok(()));
    assert_eq!(guest.open("a", 0, FD_READ), Ok(4));
    assert_eq!(guest.open("b", 0, FD_READ), Ok(5));
    assert_eq!(guest.open("b", 0, FD_READ), Ok(7));
}

#[test]
fn renumbering_moves_and_closes() {
    let (mut guest, _dir) = Guest::with_dir();
    let a = guest.file("a", b"from a");
    let b = guest.file("b", b"from b");
    assert_eq!(guest.call("fd_renumber", &[a.into(), b.into()]), Ok(()));
    assert_eq!(guest.read(b, 100), Ok(b"from a".to_vec()));
    assert_eq!(guest.read(a, 100), Err("badf"));
    // The freed number is used again.
    assert_eq!(guest.open("b", 0, FD_READ), Ok(a));
}

#[test]
fn renumbering_to_itself_changes_nothing() {
    let (mut guest, _dir) = Guest::with_dir();
    let a = guest.file("a", b"kept");
    assert_eq!(guest.call("fd_renumber", &[a.into(), a.into()]), Ok(()));
    assert_eq!(guest.read(a, 100), Ok(b"kept".to_vec()));
    assert_eq!(guest.call("fd_renumber", &[3, 3]), Ok(()));
    assert_eq!(guest.call("fd_prestat_get", &[3, 0]), Ok(()));
}

#[test]
fn renumbering_takes_preopens_and_standard_streams() {
    let (mut guest, _dir) = Guest::with_dir();
    let a = guest.file("a", b"now input");
    assert_eq!(guest.call("fd_renumber", &[a.into(), 0]), Ok(()));
    assert_eq!(guest.read(0, 100), Ok(b"now input".to_vec()));
    // A preopened directory stays one under its new number.
    assert_eq!(guest.call("fd_renumber", &[3, 1]), Ok(()));
    assert_eq!(guest.call("fd_prestat_get", &[3, 0]), Err("badf"));
    assert_eq!(guest.call("fd_prestat_get", &[1, 0]), Ok(()));
    assert_eq!(guest.u32(4), 1);
    assert!(guest.open_with(1, 0, "a", 0, (FD_READ, 0), 0).is_ok());
}

#[test]
fn what_replaces_a_preopen_is_none() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.open_with(3, 0, ".", DIRECTORY, (PATH_OPEN | FD_READDIR, FD_READ), 0).unwrap();
    assert_eq!(guest.call("fd_renumber", &[fd.into(), 3]), Ok(()));
    assert_eq!(guest.call("fd_prestat_get", &[3, 0]), Err("badf"));
    assert_eq!(guest.names(3), Vec::<String>::new());
}

#[test]
fn preopens_are_found_from_three_on_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut builder = WasiCtxBuilder::new();
    for name in ["/", "/data", "."] {
        builder.preopened_dir(dir.path(), name, DirPerms::all(), FilePerms::all()).unwrap();
    }
    let mut guest = Guest::new(&mut builder);
    for (fd, name) in [(3, "/"), (4, "/data"), (5, ".")] {
        assert_eq!(guest.call("fd_prestat_get", &[fd, 0]), Ok(()));
        assert_eq!((guest.u8(0), guest.u32(4)), (0, name.len() as u32));
        let len = name.len() as i64;
        assert_eq!(guest.call("fd_prestat_dir_name", &[fd, 64, len]), Ok(()));
        assert_eq!(guest.get(64, name.len() as u32), name.as_bytes());
        assert_eq!(guest.call("fd_prestat_dir_name", &[fd, 64, len - 1]), Err("nametoolong"));
        // A larger buffer than needed is left alone behind the name.
        guest.put(64, b"################");
        assert_eq!(guest.call("fd_prestat_dir_name", &[fd, 64, 16]), Ok(()));
        assert_eq!(guest.u8(64 + name.len() as u32), b'#');
        assert_eq!(guest.call("fd_prestat_dir_name", &[fd, i64::from(MEMORY), len]), Err("fault"));
    }
    for fd in [0, 1, 2, 6] {
        assert_eq!(guest.call("fd_prestat_get", &[fd, 0]), Err("badf"));
        assert_eq!(guest.call("fd_prestat_dir_name", &[fd, 0, 10]), Err("badf"));
    }
}

#[test]
fn a_directory_that_is_not_there_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [&missing, &file] {
        let mut builder = WasiCtxBuilder::new();
        let Err(error) = builder.preopened_dir(path, "/", DirPerms::all(), FilePerms::all()) else {
            panic!("opened {}", path.display())
        };
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn rights_only_shrink() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.file("f", b"data");
    let stat = guest.fdstat(fd).unwrap();
    assert_eq!((stat.filetype, stat.base, stat.inheriting), (4, FILE_RIGHTS, 0));
    let less = FILE_RIGHTS & !FD_WRITE;
    assert_eq!(guest.call("fd_fdstat_set_rights", &[fd.into(), less, 0]), Ok(()));
    assert_eq!(guest.fdstat(fd).unwrap().base, less);
    assert_eq!(guest.write(fd, b"x"), Err("notcapable"));
    assert_eq!(guest.read(fd, 4), Ok(b"data".to_vec()));
    for (base, inheriting) in [(FILE_RIGHTS, 0), (less, 1), (less | 1 << 62, 0), (-1, 0), (less, -1)] {
        let args = [fd.into(), base, inheriting];
        assert_eq!(guest.call("fd_fdstat_set_rights", &args), Err("notcapable"));
    }
    assert_eq!(guest.fdstat(fd).unwrap().base, less);
}

/// Each call that needs a right, without it.
#[test]
fn every_call_checks_its_right() {
    let (mut guest, _dir) = Guest::with_dir();
    let file = i64::from(guest.file("f", b"data"));
    guest.mkdir("d").unwrap();
    guest.symlink("f", "l").unwrap();
    let [iovs, n] = guest.iovs(&[(DATA, 4)]);
    assert_eq!(guest.call("fd_fdstat_set_rights", &[file, 0, 0]), Ok(()));
    for (name, args) in [
        ("fd_advise", vec![file, 0, 0, 0]),
        ("fd_allocate", vec![file, 0, 1]),
        ("fd_datasync", vec![file]),
        ("fd_fdstat_set_flags", vec![file, 0]),
        ("fd_filestat_get", vec![file, 0]),
        ("fd_filestat_set_size", vec![file, 0]),
        ("fd_filestat_set_times", vec![file, 0, 0, 0]),
        ("fd_pread", vec![file, iovs, n, 0, 0]),
        ("fd_pwrite", vec![file, iovs, n, 0, 0]),
        ("fd_read", vec![file, iovs, n, 0]),
        ("fd_seek", vec![file, 1, 1, 0]),
        ("fd_sync", vec![file]),
        ("fd_tell", vec![file, 0]),
        ("fd_write", vec![file, iovs, n, 0]),
    ] {
        assert_eq!(guest.call(name, &args), Err("notcapable"), "{name}");
    }
    let dir = guest.open_with(3, 0, ".", DIRECTORY, (0, 0), 0).unwrap();
    let fd = i64::from(dir);
    guest.put(DATA, b"fdlx");
    let [f, d, l, x] = [0, 1, 2, 3].map(|i| i64::from(DATA) + i);
    for (name, args) in [
        ("fd_readdir", vec![fd, 4096, 100, 0, 0]),
        ("path_create_directory", vec![fd, x, 1]),
        ("path_filestat_get", vec![fd, 0, f, 1, 0]),
        ("path_filestat_set_times", vec![fd, 0, f, 1, 0, 0, 0]),
        ("path_link", vec![fd, 0, f, 1, 3, x, 1]),
        ("path_link", vec![3, 0, f, 1, fd, x, 1]),
        ("path_open", vec![fd, 0, f, 1, 0, 0, 0, 0, 0]),
        ("path_readlink", vec![fd, l, 1, 4096, 100, 0]),
        ("path_remove_directory", vec![fd, d, 1]),
        ("path_rename", vec![fd, f, 1, 3, x, 1]),
        ("path_rename", vec![3, f, 1, fd, x, 1]),
        ("path_symlink", vec![f, 1, fd, x, 1]),
        ("path_unlink_file", vec![fd, f, 1]),
    ] {
        assert_eq!(guest.call(name, &args), Err("notcapable"), "{name}");
    }
    assert_eq!(guest.names(3), ["d", "f", "l"]);
}

#[test]
fn opening_gives_no_more_than_the_directory_hands_down() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("f", b"");
    let dir = guest.open_with(3, 0, ".", DIRECTORY, (PATH_OPEN, FD_READ), 0).unwrap();
    assert_eq!(guest.fdstat(dir).map(|s| (s.base, s.inheriting)), Ok((PATH_OPEN, FD_READ)));
    assert!(guest.open_with(dir, 0, "f", 0, (FD_READ, 0), 0).is_ok());
    assert_eq!(guest.open_with(dir, 0, "f", 0, (FD_READ | FD_WRITE, 0), 0), Err("notcapable"));
    assert_eq!(guest.open_with(dir, 0, "f", 0, (FD_READ, FD_WRITE), 0), Err("notcapable"));
    assert_eq!(guest.open_with(dir, 0, "f", TRUNC, (FD_READ, 0), 0), Err("notcapable"));
    assert_eq!(guest.open_with(dir, 0, "new", CREAT, (FD_READ, 0), 0), Err("notcapable"));
    assert_eq!(guest.names(3), ["f"]);
}

#[test]
fn a_file_gets_the_rights_that_mean_something_for_it() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("f", b"");
    guest.mkdir("d").unwrap();
    let fd = guest.open_with(3, 0, "f", 0, (ALL_RIGHTS, ALL_RIGHTS), 0).unwrap();
    assert_eq!(guest.fdstat(fd).map(|s| (s.base, s.inheriting)), Ok((FILE_RIGHTS, 0)));
    let readable = ALL_RIGHTS & !(1 << 6 | 1 << 8 | 1 << 22);
    let fd = guest.open_with(3, 0, "d", 0, (readable, ALL_RIGHTS), 0).unwrap();
    let stat = guest.fdstat(fd).unwrap();
    assert_eq!(stat.filetype, 3);
    assert_eq!(stat.base & (FD_READ | FD_SEEK | FD_TELL | 1 << 7 | 1 << 28 | 1 << 29), 0);
    assert_ne!(stat.base & PATH_OPEN, 0);
    assert_eq!(stat.inheriting, ALL_RIGHTS);
}

#[test]
fn append_and_nonblock_can_be_set_and_cleared() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.file("f", b"1234");
    for flags in [APPEND, APPEND | NONBLOCK, NONBLOCK, 0] {
        assert_eq!(guest.call("fd_fdstat_set_flags", &[fd.into(), flags]), Ok(()));
        assert_eq!(guest.fdstat(fd).unwrap().flags, flags);
    }
    assert_eq!(guest.call("fd_fdstat_set_flags", &[fd.into(), APPEND]), Ok(()));
    assert_eq!(guest.seek(fd, 0, 0), Ok(0));
    assert_eq!(guest.write(fd, b"56"), Ok(2));
    assert_eq!(guest.tell(fd), Ok(6));
    assert_eq!(guest.call("fd_fdstat_set_flags", &[fd.into(), 0]), Ok(()));
    assert_eq!(guest.seek(fd, 0, 0), Ok(0));
    assert_eq!(guest.write(fd, b"ab"), Ok(2));
    assert_eq!(guest.pread(fd, 10, 0), Ok(b"ab3456".to_vec()));
    // Synchronizing is decided at opening; other bits mean nothing.
    for flags in [2, 8, 16, 32, 1 << 16, -1] {
        assert_eq!(guest.call("fd_fdstat_set_flags", &[fd.into(), flags]), Err("inval"), "{flags:#x}");
    }
}

#[test]
fn flags_given_at_opening_are_kept() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("f", b"12");
    for flags in [APPEND, 2, NONBLOCK, 8, 16, 31] {
        let fd = guest.open_with(3, 0, "f", 0, (FD_READ | FD_WRITE | 1 << 3, 0), flags).unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().flags, flags);
        assert_eq!(guest.call("fd_fdstat_set_flags", &[fd.into(), flags]), Ok(()));
        guest.close(fd).unwrap();
    }
    assert_eq!(guest.open_with(3, 0, "f", 0, (FD_READ, 0), 32), Err("inval"));
}

#[test]
fn attributes_of_files_directories_and_streams() {
    let (mut guest, dir) = Guest::with_dir();
    let fd = guest.file("f", b"hello");
    guest.link("f", "g").unwrap();
    let stat = guest.fd_stat(fd).unwrap();
    let host = std::fs::metadata(dir.path().join("f")).unwrap();
    {
        use std::os::unix::fs::MetadataExt;
        assert_eq!((stat.dev, stat.ino), (host.dev(), host.ino()));
        assert_eq!(stat.mtim, (host.mtime() * 1_000_000_000 + host.mtime_nsec()) as u64);
        assert_eq!(stat.ctim, (host.ctime() * 1_000_000_000 + host.ctime_nsec()) as u64);
    }
    assert_eq!((stat.filetype, stat.nlink, stat.size), (4, 2, 5));
    assert_eq!(guest.path_stat(0, "g"), Ok(stat));
    assert_eq!(guest.fd_stat(3).unwrap().filetype, 3);
    let stdin = guest.fd_stat(0).unwrap();
    assert_eq!((stdin.filetype, stdin.size), (0, 0));
    assert_eq!(guest.call("fd_filestat_get", &[fd.into(), i64::from(MEMORY) - 63]), Err("fault"));
}

#[test]
fn times_are_set_as_the_flags_say() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.file("f", b"");
    let args = |atim, mtim, flags| [i64::from(fd), atim, mtim, flags];
    assert_eq!(guest.call("fd_filestat_set_times", &args(1_000_000_001, 2_000_000_002, 1 | 4)), Ok(()));
    let stat = guest.fd_stat(fd).unwrap();
    assert_eq!((stat.atim, stat.mtim), (1_000_000_001, 2_000_000_002));
    assert_eq!(guest.call("fd_filestat_set_times", &args(7, 8, 0)), Ok(()));
    assert_eq!(guest.fd_stat(fd).map(|s| (s.atim, s.mtim)), Ok((1_000_000_001, 2_000_000_002)));
    assert_eq!(guest.call("fd_filestat_set_times", &args(7, 8, 2)), Ok(()));
    let stat = guest.fd_stat(fd).unwrap();
    assert!(stat.atim > 1_600_000_000_000_000_000);
    assert_eq!(stat.mtim, 2_000_000_002);
    assert_eq!(guest.call("fd_filestat_set_times", &args(7, 8, 1 | 8)), Ok(()));
    let stat = guest.fd_stat(fd).unwrap();
    assert_eq!(stat.atim, 7);
    assert!(stat.mtim > 1_600_000_000_000_000_000);
    for flags in [3, 12, 15, 16, 1 << 16 | 1, -1] {
        assert_eq!(guest.call("fd_filestat_set_times", &args(1, 1, flags)), Err("inval"), "{flags}");
    }
    assert_eq!(guest.call("fd_filestat_set_times", &[1, 0, 0, 0]), Err("notcapable"));
}

/// The cap is the table's; a host limit on open files would come as `mfile` or `nfile` too.
#[test]
fn descriptors_run_out_with_an_error() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("f", b"");
    let mut last = 0;
    let errno = loop {
        match guest.open("f", 0, FD_READ) {
            Ok(fd) => last = fd,
            Err(errno) => break errno,
        }
    };
    assert!(errno == "mfile" || errno == "nfile", "{errno}");
    assert!(last > 100);
    assert_eq!(guest.close(10), Ok(()));
    assert_eq!(guest.open("f", 0, FD_READ), Ok(10));
}
