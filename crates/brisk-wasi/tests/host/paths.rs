//! Paths: opening, creating, removing, renaming, linking, attributes.

use std::fs;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};

use crate::support::*;

#[test]
fn open_flags_in_all_combinations() {
    // (flags, answer for a file, a directory, nothing)
    let table = [
        (0, Ok(()), Ok(()), Err("noent")),
        (CREAT, Ok(()), Err("isdir"), Ok(())),
        (CREAT | EXCL, Err("exist"), Err("exist"), Ok(())),
        (EXCL, Ok(()), Ok(()), Err("noent")),
        (DIRECTORY, Err("notdir"), Ok(()), Err("noent")),
        (DIRECTORY | EXCL, Err("notdir"), Ok(()), Err("noent")),
        (TRUNC, Ok(()), Err("isdir"), Err("noent")),
        (TRUNC | CREAT, Ok(()), Err("isdir"), Ok(())),
        (TRUNC | CREAT | EXCL, Err("exist"), Err("exist"), Ok(())),
        (TRUNC | EXCL, Ok(()), Err("isdir"), Err("noent")),
        (TRUNC | DIRECTORY, Err("notdir"), Err("isdir"), Err("noent")),
        (CREAT | DIRECTORY, Err("inval"), Err("inval"), Err("inval")),
        (CREAT | DIRECTORY | EXCL, Err("inval"), Err("inval"), Err("inval")),
        (CREAT | DIRECTORY | TRUNC, Err("inval"), Err("inval"), Err("inval")),
        (15, Err("inval"), Err("inval"), Err("inval")),
        (16, Err("inval"), Err("inval"), Err("inval")),
        (1 << 16, Err("inval"), Err("inval"), Err("inval")),
    ];
    for (flags, file, directory, nothing) in table {
        for rights in [FD_READ, FD_READ | FD_WRITE] {
            let (mut guest, dir) = Guest::with_dir();
            fs::write(dir.path().join("file"), "contents").unwrap();
            fs::create_dir(dir.path().join("dir")).unwrap();
            assert_eq!(guest.open("file", flags, rights).map(|_| ()), file, "file, flags {flags}");
            assert_eq!(guest.open("none", flags, rights).map(|_| ()), nothing, "nothing, flags {flags}");
            if rights == FD_READ {
                assert_eq!(guest.open("dir", flags, rights).map(|_| ()), directory, "dir, flags {flags}");
            }
            let left = fs::read(dir.path().join("file")).unwrap();
            let truncated = flags & TRUNC != 0 && file.is_ok();
            assert_eq!(left.is_empty(), truncated, "contents, flags {flags}");
            let created = flags & CREAT != 0 && nothing.is_ok();
            assert_eq!(dir.path().join("none").exists(), created, "created, flags {flags}");
        }
    }
}

#[test]
fn a_directory_is_not_opened_for_writing() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.mkdir("d").unwrap();
    for rights in [FD_WRITE, FD_READ | FD_WRITE, 1 << 8, 1 << 22] {
        for flags in [0, DIRECTORY] {
            assert_eq!(guest.open("d", flags, rights), Err("isdir"));
            assert_eq!(guest.open(".", flags, rights), Err("isdir"));
        }
    }
}

#[test]
fn truncating_does_not_need_the_right_to_write() {
    let (mut guest, dir) = Guest::with_dir();
    guest.file("f", b"contents");
    let fd = guest.open("f", TRUNC, 0).unwrap();
    assert_eq!(fs::read(dir.path().join("f")).unwrap(), b"");
    assert_eq!(guest.write(fd, b"x"), Err("notcapable"));
    assert_eq!(guest.read(fd, 1), Err("notcapable"));
}

/// A file its owner may only read is opened with `creat` when nothing has to be created.
#[test]
fn creat_does_not_ask_for_write_access_to_what_is_there() {
    use std::os::unix::fs::PermissionsExt;
    let (mut guest, dir) = Guest::with_dir();
    guest.file("f", b"contents");
    fs::set_permissions(dir.path().join("f"), fs::Permissions::from_mode(0o444)).unwrap();
    let fd = guest.open("f", CREAT, FD_READ).unwrap();
    assert_eq!(guest.read(fd, 100), Ok(b"contents".to_vec()));
}

#[test]
fn creating_through_a_link_that_leads_nowhere_yet() {
    let (mut guest, dir) = Guest::with_dir();
    guest.symlink("target", "link").unwrap();
    assert_eq!(guest.open("link", CREAT, FD_READ), Err("loop"));
    for rights in [FD_READ, FD_WRITE] {
        let fd = guest.open_with(3, FOLLOW, "link", CREAT, (rights, 0), 0).unwrap();
        guest.close(fd).unwrap();
        assert!(dir.path().join("target").exists());
        fs::remove_file(dir.path().join("target")).unwrap();
    }
    assert_eq!(guest.open_with(3, FOLLOW, "link", CREAT | EXCL, (FD_READ, 0), 0), Err("exist"));
}

#[test]
fn links_are_followed_only_when_asked() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("f", b"contents");
    guest.mkdir("d").unwrap();
    guest.symlink("f", "lf").unwrap();
    guest.symlink("d", "ld").unwrap();
    guest.symlink("loop", "loop").unwrap();
    assert_eq!(guest.open("lf", 0, FD_READ), Err("loop"));
    assert_eq!(guest.open("ld", DIRECTORY, 0), Err("notdir"));
    assert!(guest.open_with(3, FOLLOW, "lf", 0, (FD_READ, 0), 0).is_ok());
    assert!(guest.open_with(3, FOLLOW, "ld", DIRECTORY, (0, 0), 0).is_ok());
    assert_eq!(guest.open_with(3, FOLLOW, "loop", 0, (0, 0), 0), Err("loop"));
    assert_eq!(guest.open_with(3, 2, "f", 0, (0, 0), 0), Err("inval"));
    // In front of the last component they always are.
    assert!(guest.mkdir("ld/sub").is_ok());
    assert_eq!(guest.path_stat(0, "d/sub").unwrap().filetype, 3);
    assert_eq!(guest.path_stat(0, "lf").unwrap().filetype, 7);
    assert_eq!(guest.path_stat(FOLLOW, "lf").unwrap().filetype, 4);
    assert_eq!(guest.path_stat(FOLLOW, "loop"), Err("loop"));
    assert_eq!(guest.path_stat(2, "f"), Err("inval"));
}

#[test]
fn paths_that_are_no_paths() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.mkdir("d").unwrap();
    for (path, errno) in [
        (&b""[..], "noent"),
        (b"/", "perm"),
        (b"/d", "perm"),
        (b"//d", "perm"),
        (b"..", "perm"),
        (b"d/../..", "perm"),
        (b"d/../../d", "perm"),
        (b"a\0b", "inval"),
        (b"d\0", "inval"),
        (b"\xff", "ilseq"),
        (b"d/\xc3\x28", "ilseq"),
        (b"\xed\xa0\x80", "ilseq"),
        (&[b'x'; 256], "nametoolong"),
        (&[b'x'; 4097], "nametoolong"),
        (&[b'/'; 5000], "nametoolong"),
    ] {
        let shown = String::from_utf8_lossy(path).into_owned();
        assert_eq!(guest.open(path, 0, 0), Err(errno), "open {shown}");
        assert_eq!(guest.open(path, CREAT, FD_READ), Err(errno), "create {shown}");
        assert_eq!(guest.mkdir(path), Err(errno), "mkdir {shown}");
        assert_eq!(guest.rmdir(path), Err(errno), "rmdir {shown}");
        assert_eq!(guest.unlink(path), Err(errno), "unlink {shown}");
        assert_eq!(guest.path_stat(0, path), Err(errno), "stat {shown}");
        assert_eq!(guest.path_stat(FOLLOW, path), Err(errno), "stat, following {shown}");
        assert_eq!(guest.readlink(path, 10), Err(errno), "readlink {shown}");
        assert_eq!(guest.symlink("d", path), Err(errno), "symlink {shown}");
        if let Ok(path) = std::str::from_utf8(path) {
            assert_eq!(guest.rename(path, "n"), Err(errno), "rename from {shown}");
            assert_eq!(guest.rename("d", path), Err(errno), "rename to {shown}");
            assert_eq!(guest.link(path, "n"), Err(errno), "link from {shown}");
            assert_eq!(guest.set_path_times(0, path, 1, 1, 5), Err(errno), "times {shown}");
        }
    }
    assert_eq!(guest.names(3), ["d"]);
    let out = i64::from(MEMORY);
    assert_eq!(guest.call("path_create_directory", &[3, out, 1]), Err("fault"));
    assert_eq!(guest.call("path_create_directory", &[3, out - 1, 2]), Err("fault"));
    assert_eq!(guest.call("path_create_directory", &[3, 0, -1]), Err("fault"));
}

#[test]
fn paths_start_at_directories() {
    let (mut guest, _dir) = Guest::with_dir();
    let file = guest.file("f", b"");
    for fd in [file, 0, 1] {
        assert_eq!(guest.open_with(fd, 0, "f", 0, (0, 0), 0), Err("notdir"));
        assert_eq!(guest.rename_between((fd, "f"), (3, "g")), Err("notdir"));
        assert_eq!(guest.rename_between((3, "f"), (fd, "g")), Err("notdir"));
    }
    guest.mkdir("d").unwrap();
    let sub = guest.open_with(3, 0, "d", DIRECTORY, (ALL_RIGHTS & !FILE_RIGHTS, ALL_RIGHTS), 0).unwrap();
    assert!(guest.open_with(sub, 0, "inner", CREAT, (FD_READ, 0), 0).is_ok());
    assert_eq!(guest.open_with(sub, 0, "../f", 0, (0, 0), 0), Err("perm"));
    assert_eq!(guest.path_stat(0, "d/inner").unwrap().filetype, 4);
}

#[test]
fn links_store_what_they_were_given_except_absolute_paths() {
    let (mut guest, _dir) = Guest::with_dir();
    assert_eq!(guest.symlink("a/b/../c", "l"), Ok(()));
    assert_eq!(guest.readlink("l", 100), Ok(b"a/b/../c".to_vec()));
    assert_eq!(guest.readlink("l", 3), Ok(b"a/b".to_vec()));
    assert_eq!(guest.readlink("l", 0), Ok(vec![]));
    assert_eq!(guest.symlink("x", "l"), Err("exist"));
    assert_eq!(guest.symlink("/etc/passwd", "abs"), Err("perm"));
    assert_eq!(guest.symlink("", "empty"), Err("noent"));
    assert_eq!(guest.symlink(b"\xff", "odd"), Err("ilseq"));
    guest.file("f", b"");
    assert_eq!(guest.readlink("f", 10), Err("inval"));
    assert_eq!(guest.readlink(".", 10), Err("inval"));
    assert_eq!(guest.readlink("none", 10), Err("noent"));
    assert_eq!(guest.names(3), ["f", "l"]);
}

#[test]
fn hard_links_are_to_files_and_to_links_themselves() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("f", b"contents");
    guest.mkdir("d").unwrap();
    guest.symlink("f", "l").unwrap();
    assert_eq!(guest.link("f", "g"), Ok(()));
    assert_eq!(guest.path_stat(0, "g").unwrap().nlink, 2);
    assert_eq!(guest.link("l", "m"), Ok(()));
    assert_eq!(guest.path_stat(0, "m").unwrap().filetype, 7);
    assert_eq!(guest.link("d", "e"), Err("perm"));
    assert_eq!(guest.link("f", "d"), Err("exist"));
    assert_eq!(guest.link("f", "f"), Err("exist"));
    assert_eq!(guest.link("none", "x"), Err("noent"));
    assert_eq!(guest.link("f", "none/x"), Err("noent"));
    assert_eq!(guest.link_between(FOLLOW, (3, "l"), (3, "x")), Err("inval"));
}

#[test]
fn renames_replace_what_can_be_replaced() {
    let (mut guest, dir) = Guest::with_dir();
    guest.file("a", b"a");
    guest.file("b", b"b");
    guest.mkdir("d").unwrap();
    guest.mkdir("e").unwrap();
    guest.mkdir("full").unwrap();
    guest.file("full/x", b"");
    assert_eq!(guest.rename("a", "b"), Ok(()));
    assert_eq!(fs::read(dir.path().join("b")).unwrap(), b"a");
    assert_eq!(guest.rename("d", "e"), Ok(()));
    assert_eq!(guest.rename("e", "full"), Err("notempty"));
    assert_eq!(guest.rename("b", "e"), Err("isdir"));
    assert_eq!(guest.rename("e", "b"), Err("notdir"));
    assert_eq!(guest.rename("e", "e/inside"), Err("inval"));
    assert_eq!(guest.rename("b", "b"), Ok(()));
    assert_eq!(guest.rename(".", "x"), Err("busy"));
    assert_eq!(guest.rename("full/..", "x"), Err("busy"));
    assert_eq!(guest.names(3), ["b", "e", "full"]);
}

#[test]
fn times_of_paths() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("f", b"");
    guest.mkdir("d").unwrap();
    guest.symlink("f", "l").unwrap();
    guest.symlink("none", "dangling").unwrap();
    assert_eq!(guest.set_path_times(FOLLOW, "l", 1000, 2000, 5), Ok(()));
    assert_eq!(guest.path_stat(0, "f").map(|s| (s.atim, s.mtim)), Ok((1000, 2000)));
    assert_eq!(guest.set_path_times(0, "l", 3000, 4000, 5), Ok(()));
    assert_eq!(guest.path_stat(0, "l").map(|s| s.mtim), Ok(4000));
    assert_eq!(guest.path_stat(0, "f").map(|s| s.mtim), Ok(2000));
    for path in ["d", "d/", ".", "d/.", "d/.."] {
        assert_eq!(guest.set_path_times(0, path, 5000, 6000, 5), Ok(()), "{path}");
        assert_eq!(guest.path_stat(0, path).map(|s| (s.atim, s.mtim)), Ok((5000, 6000)), "{path}");
    }
    assert_eq!(guest.set_path_times(0, "f", 0, 0, 10), Ok(()));
    assert!(guest.path_stat(0, "f").unwrap().mtim > 1_600_000_000_000_000_000);
    assert_eq!(guest.set_path_times(FOLLOW, "dangling", 0, 0, 5), Err("noent"));
    assert_eq!(guest.set_path_times(0, "dangling", 7, 7, 5), Ok(()));
    for flags in [3, 12, 16, -1] {
        assert_eq!(guest.set_path_times(0, "f", 0, 0, flags), Err("inval"));
    }
    assert_eq!(guest.set_path_times(2, "f", 0, 0, 5), Err("inval"));
    // A file that its owner cannot read can still be dated.
    guest.file("unreadable", b"");
    let path = _dir.path().join("unreadable");
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    assert_eq!(guest.set_path_times(FOLLOW, "unreadable", 8, 9, 5), Ok(()));
    assert_eq!(guest.path_stat(0, "unreadable").map(|s| (s.atim, s.mtim)), Ok((8, 9)));
}

/// Named pipes open without waiting for the other end, also where a call opens a path on its way.
#[test]
fn a_named_pipe_does_not_hold_up_the_host() {
    let (mut guest, dir) = Guest::with_dir();
    rustix::fs::mknodat(CWD, dir.path().join("pipe"), rustix::fs::FileType::Fifo, Mode::RWXU, 0).unwrap();
    let reader = guest.open("pipe", 0, FD_READ | 1 << 27 | 1 << 3).unwrap();
    assert_eq!(guest.fdstat(reader).unwrap().filetype, 0);
    let writer = guest.open("pipe", 0, FD_WRITE | 1 << 27).unwrap();
    assert_eq!(guest.write(writer, b"through"), Ok(7));
    assert_eq!(guest.read(reader, 100), Ok(b"through".to_vec()));
    assert_eq!(guest.call("fd_fdstat_set_flags", &[reader.into(), NONBLOCK]), Ok(()));
    assert_eq!(guest.read(reader, 100), Err("again"));
    assert_eq!(guest.set_path_times(FOLLOW, "pipe", 1, 2, 5), Ok(()));
    guest.close(reader).unwrap();
    assert_eq!(guest.write(writer, b"x"), Err("pipe"));
    guest.close(writer).unwrap();
    assert_eq!(guest.open("pipe", 0, FD_WRITE), Err("nxio"));
}

/// The same operations on the same tree, by the guest and by the host itself. Trailing slashes and dots
/// mean what they mean to Linux.
#[test]
fn slashes_and_dots_at_the_end_mean_what_the_host_means() {
    let names = ["file", "dir", "full", "lfile", "ldir", "dangling", "none"];
    let endings = ["", "/", "//", "/.", "/./", "/.."];
    let mut paths: Vec<String> =
        names.iter().flat_map(|name| endings.iter().map(move |ending| format!("{name}{ending}"))).collect();
    paths.extend(
        [".", "./", "./file/", "dir/../file", "dir/../file/", "none/file", "file/x", "ldir/x"]
            .map(String::from),
    );

    type Host = fn(&Path, &str) -> rustix::io::Result<()>;
    type Call = fn(&mut Guest, &str) -> Result<()>;
    let operations: [(&str, Host, Call); 15] = [
        ("mkdir", |root, path| rustix::fs::mkdirat(dirfd(root), path, Mode::RWXU), |g, p| g.mkdir(p)),
        (
            "rmdir",
            |root, path| rustix::fs::unlinkat(dirfd(root), path, AtFlags::REMOVEDIR),
            |g, p| g.rmdir(p),
        ),
        (
            "unlink",
            |root, path| rustix::fs::unlinkat(dirfd(root), path, AtFlags::empty()),
            |g, p| g.unlink(p),
        ),
        ("symlink", |root, path| rustix::fs::symlinkat("t", dirfd(root), path), |g, p| g.symlink("t", p)),
        (
            "link from",
            |root, path| rustix::fs::linkat(dirfd(root), path, dirfd(root), "new", AtFlags::empty()),
            |g, p| g.link(p, "new"),
        ),
        (
            "link to",
            |root, path| rustix::fs::linkat(dirfd(root), "file", dirfd(root), path, AtFlags::empty()),
            |g, p| g.link("file", p),
        ),
        (
            "rename from",
            |root, path| rustix::fs::renameat(dirfd(root), path, dirfd(root), "new"),
            |g, p| g.rename(p, "new"),
        ),
        (
            "rename from, with a slash",
            |root, path| rustix::fs::renameat(dirfd(root), path, dirfd(root), "new/"),
            |g, p| g.rename(p, "new/"),
        ),
        (
            "rename file to",
            |root, path| rustix::fs::renameat(dirfd(root), "file", dirfd(root), path),
            |g, p| g.rename("file", p),
        ),
        (
            "rename dir to",
            |root, path| rustix::fs::renameat(dirfd(root), "dir", dirfd(root), path),
            |g, p| g.rename("dir", p),
        ),
        (
            "stat",
            |root, path| rustix::fs::statat(dirfd(root), path, AtFlags::SYMLINK_NOFOLLOW).map(|_| ()),
            |g, p| g.path_stat(0, p).map(|_| ()),
        ),
        (
            "stat, following",
            |root, path| rustix::fs::statat(dirfd(root), path, AtFlags::empty()).map(|_| ()),
            |g, p| g.path_stat(FOLLOW, p).map(|_| ()),
        ),
        (
            "readlink",
            |root, path| rustix::fs::readlinkat(dirfd(root), path, Vec::new()).map(|_| ()),
            |g, p| g.readlink(p, 100).map(|_| ()),
        ),
        (
            "open",
            |root, path| {
                rustix::fs::openat(dirfd(root), path, OFlags::RDONLY | OFlags::NOFOLLOW, Mode::empty())
                    .map(|_| ())
            },
            |g, p| g.open(p, 0, FD_READ).map(|_| ()),
        ),
        (
            "create",
            |root, path| {
                let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CREATE;
                rustix::fs::openat(dirfd(root), path, flags, Mode::RWXU).map(|_| ())
            },
            |g, p| g.open(p, CREAT, FD_READ | FD_WRITE).map(|_| ()),
        ),
    ];
    let planted = || {
        let (guest, guest_dir) = Guest::with_dir();
        let host_dir = tempfile::tempdir().unwrap();
        plant(guest_dir.path());
        plant(host_dir.path());
        (guest, guest_dir, host_dir)
    };
    let (mut guest, mut guest_dir, mut host_dir) = planted();
    let untouched = tree(host_dir.path());
    let mut compared = 0;
    let mut differences = Vec::new();
    for (name, host, call) in operations {
        for path in &paths {
            let expected = host(host_dir.path(), path).map_err(errno_name);
            let got = call(&mut guest, path);
            compared += 1;
            let (guest_tree, host_tree) = (tree(guest_dir.path()), tree(host_dir.path()));
            if got != expected || guest_tree != host_tree {
                differences
                    .push(format!("{name} {path}: {got:?} {guest_tree:?}, host {expected:?} {host_tree:?}"));
            }
            if guest_tree != untouched || host_tree != untouched {
                (guest, guest_dir, host_dir) = planted();
            }
        }
    }
    assert_eq!(compared, 15 * (7 * 6 + 8));
    assert!(differences.is_empty(), "{differences:#?}");
}

fn plant(root: &Path) {
    fs::write(root.join("file"), "contents").unwrap();
    fs::create_dir(root.join("dir")).unwrap();
    fs::create_dir(root.join("full")).unwrap();
    fs::write(root.join("full/inner"), "").unwrap();
    std::os::unix::fs::symlink("file", root.join("lfile")).unwrap();
    std::os::unix::fs::symlink("dir", root.join("ldir")).unwrap();
    std::os::unix::fs::symlink("missing", root.join("dangling")).unwrap();
}

fn dirfd(root: &Path) -> std::os::fd::OwnedFd {
    rustix::fs::open(root, OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty()).unwrap()
}

fn tree(root: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        all.push(format!("{:?} {kind:?}", entry.file_name()));
        if kind.is_dir() {
            all.extend(
                tree(&entry.path()).into_iter().map(|inner| format!("{:?}/{inner}", entry.file_name())),
            );
        }
    }
    all.sort();
    all
}

fn errno_name(errno: rustix::io::Errno) -> &'static str {
    use rustix::io::Errno;
    match errno {
        Errno::NOENT => "noent",
        Errno::NOTDIR => "notdir",
        Errno::ISDIR => "isdir",
        Errno::EXIST => "exist",
        Errno::NOTEMPTY => "notempty",
        Errno::INVAL => "inval",
        Errno::BUSY => "busy",
        Errno::LOOP => "loop",
        Errno::PERM => "perm",
        other => panic!("{other}"),
    }
}
