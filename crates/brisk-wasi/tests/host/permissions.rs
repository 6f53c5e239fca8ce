//! Preopened directories with which not everything can be done.

use std::fs;

use brisk_wasi::{DirPerms, FilePerms, WasiCtxBuilder};
use tempfile::TempDir;

use crate::support::*;

fn guest_with(dir_perms: DirPerms, file_perms: FilePerms) -> (Guest, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("f"), "contents").unwrap();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("d/inner"), "inner").unwrap();
    std::os::unix::fs::symlink("f", dir.path().join("l")).unwrap();
    let guest =
        Guest::new(WasiCtxBuilder::new().preopened_dir(dir.path(), "/", dir_perms, file_perms).unwrap());
    (guest, dir)
}

#[test]
fn a_read_only_directory_can_be_read() {
    let (mut guest, _dir) = guest_with(DirPerms::READ, FilePerms::READ);
    let fd = guest.open("f", 0, FD_READ | FD_SEEK | FD_FILESTAT_GET).unwrap();
    assert_eq!(guest.read(fd, 100), Ok(b"contents".to_vec()));
    assert_eq!(guest.fd_stat(fd).unwrap().size, 8);
    assert_eq!(guest.names(3), ["d", "f", "l"]);
    assert_eq!(guest.readlink("l", 10), Ok(b"f".to_vec()));
    assert!(guest.open("d", DIRECTORY, FD_READDIR).is_ok());
    // What asks for nothing to be changed is answered as on a read-only mount.
    assert!(guest.open("f", CREAT, FD_READ).is_ok());
    assert_eq!(guest.open("f", CREAT | EXCL, FD_READ), Err("exist"));
}

#[test]
fn a_read_only_directory_does_not_change() {
    let (mut guest, dir) = guest_with(DirPerms::READ, FilePerms::READ);
    // Also not through a directory opened below it.
    let sub = guest.open_with(3, 0, "d", DIRECTORY, (ALL_RIGHTS & !FILE_RIGHTS, ALL_RIGHTS), 0).unwrap();
    for (fd, file) in [(3, "f"), (sub, "inner")] {
        for rights in [FD_WRITE, FD_READ | FD_WRITE, 1 << 8, 1 << 22] {
            assert_eq!(guest.open_with(fd, 0, file, 0, (rights, 0), 0), Err("rofs"));
            assert_eq!(guest.open_with(fd, 0, file, CREAT, (rights, 0), 0), Err("rofs"));
            assert_eq!(guest.open_with(fd, 0, file, TRUNC, (rights, 0), 0), Err("rofs"));
        }
        for rights in [0, FD_READ] {
            assert_eq!(guest.open_with(fd, 0, file, TRUNC, (rights, 0), 0), Err("rofs"));
            assert_eq!(guest.open_with(fd, 0, file, TRUNC | CREAT, (rights, 0), 0), Err("rofs"));
            assert_eq!(guest.open_with(fd, 0, "new", CREAT, (rights, 0), 0), Err("rofs"));
            assert_eq!(guest.open_with(fd, 0, "new", CREAT | EXCL, (rights, 0), 0), Err("rofs"));
            assert_eq!(guest.open_with(fd, 0, "new", CREAT | TRUNC, (rights, 0), 0), Err("rofs"));
        }
        assert_eq!(guest.open_with(fd, FOLLOW, "new", CREAT, (FD_WRITE, 0), 0), Err("rofs"));
        assert_eq!(guest.rename_between((fd, file), (3, "x")), Err("rofs"));
        assert_eq!(guest.link_between(0, (fd, file), (3, "x")), Err("rofs"));
    }
    assert_eq!(guest.open_with(3, FOLLOW, "l", TRUNC, (0, 0), 0), Err("rofs"));
    assert_eq!(guest.open("d", 0, FD_WRITE), Err("isdir"));
    assert_eq!(guest.mkdir("x"), Err("rofs"));
    assert_eq!(guest.rmdir("d"), Err("rofs"));
    assert_eq!(guest.unlink("f"), Err("rofs"));
    assert_eq!(guest.symlink("f", "x"), Err("rofs"));
    assert_eq!(guest.set_path_times(0, "f", 1, 1, 5), Err("rofs"));
    let fd = guest.open("f", 0, FD_READ | FD_FILESTAT_SET_TIMES).unwrap();
    assert_eq!(guest.call("fd_filestat_set_times", &[fd.into(), 1, 1, 5]), Err("rofs"));
    assert_eq!(guest.call("fd_filestat_set_times", &[3, 1, 1, 5]), Err("rofs"));
    assert_eq!(guest.write(fd, b"x"), Err("notcapable"));
    assert_eq!(guest.call("fd_allocate", &[fd.into(), 0, 100]), Err("notcapable"));
    assert_eq!(guest.call("fd_filestat_set_size", &[fd.into(), 0]), Err("notcapable"));

    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"contents");
    assert_eq!(fs::read(dir.path().join("d/inner")).unwrap(), b"inner");
    assert_eq!(guest.names(3), ["d", "f", "l"]);
    assert!(guest.path_stat(0, "f").unwrap().mtim > 1_000_000_000_000);
}

#[test]
fn files_that_can_be_written_in_a_directory_that_cannot() {
    let (mut guest, dir) = guest_with(DirPerms::READ, FilePerms::all());
    let fd = guest.open("f", TRUNC | CREAT, FD_WRITE).unwrap();
    assert_eq!(guest.write(fd, b"new"), Ok(3));
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"new");
    assert_eq!(guest.open("x", CREAT, FD_WRITE), Err("rofs"));
    assert_eq!(guest.unlink("f"), Err("rofs"));
}

#[test]
fn files_that_cannot_be_written_in_a_directory_that_can() {
    let (mut guest, _dir) = guest_with(DirPerms::all(), FilePerms::READ);
    assert_eq!(guest.open("f", 0, FD_WRITE), Err("rofs"));
    assert_eq!(guest.open("f", TRUNC, FD_READ), Err("rofs"));
    assert_eq!(guest.open("x", CREAT, FD_WRITE), Err("rofs"));
    assert_eq!(guest.path_stat(0, "x"), Err("noent"));
    assert!(guest.open("x", CREAT, FD_READ).is_ok());
    assert_eq!(guest.unlink("f"), Ok(()));
    assert_eq!(guest.mkdir("y"), Ok(()));
}

#[test]
fn without_the_permission_to_read() {
    let (mut guest, _dir) = guest_with(DirPerms::MUTATE, FilePerms::all());
    assert_eq!(guest.open("f", 0, FD_READ), Err("acces"));
    assert_eq!(guest.path_stat(0, "f"), Err("acces"));
    assert_eq!(guest.readdir_once(3, 100, 0).map(|_| ()), Err("acces"));
    assert_eq!(guest.readlink("l", 10), Err("acces"));
    let (mut guest, _dir) = guest_with(DirPerms::all(), FilePerms::WRITE);
    assert_eq!(guest.open("f", 0, FD_READ), Err("acces"));
    assert!(guest.open("f", 0, FD_WRITE).is_ok());
    assert!(guest.open("d", 0, FD_READ | FD_READDIR).is_ok());
}

/// By moving or linking a file to where more can be done, a guest would give itself permissions.
#[test]
fn nothing_moves_to_a_directory_with_more_permissions() {
    let dir = tempfile::tempdir().unwrap();
    let perms = [
        (DirPerms::all(), FilePerms::all()),
        (DirPerms::all(), FilePerms::READ),
        (DirPerms::READ, FilePerms::all()),
        (DirPerms::READ, FilePerms::READ),
    ];
    let mut builder = WasiCtxBuilder::new();
    for (i, (dir_perms, file_perms)) in perms.iter().enumerate() {
        let host = dir.path().join(i.to_string());
        fs::create_dir(&host).unwrap();
        fs::write(host.join("f"), "contents").unwrap();
        builder.preopened_dir(host, format!("/{i}"), *dir_perms, *file_perms).unwrap();
    }
    let mut guest = Guest::new(&mut builder);
    for from in 3..7 {
        for to in 3..7 {
            let name = format!("from{from}");
            let mutable = |fd| fd == 3 || fd == 4;
            let expected = match (from, to) {
                _ if !mutable(to) => Err("rofs"),
                // A link changes nothing where the file is.
                (3, _) | (4, 4) => Ok(()),
                _ => Err("xdev"),
            };
            assert_eq!(guest.link_between(0, (from, "f"), (to, &name)), expected, "link {from} to {to}");
            let expected = if mutable(from) { expected } else { Err("rofs") };
            if from != to {
                let answer = guest.rename_between((from, "f"), (to, "moved"));
                assert_eq!(answer, expected, "rename {from} to {to}");
                if answer.is_ok() {
                    fs::write(dir.path().join((from - 3).to_string()).join("f"), "contents").unwrap();
                }
            }
        }
    }
}
