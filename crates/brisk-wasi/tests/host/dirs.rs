//! Listing directories.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::support::*;

#[test]
fn a_listing_has_the_dots_and_types_and_inodes() {
    let (mut guest, dir) = Guest::with_dir();
    guest.file("file", b"");
    guest.mkdir("sub").unwrap();
    guest.symlink("file", "link").unwrap();
    let entries = guest.readdir(3, 4096).unwrap();
    let find = |name: &str| entries.iter().find(|entry| entry.name == name).unwrap().clone();
    assert_eq!(entries.len(), 5);
    assert_eq!([".", "..", "sub"].map(|name| find(name).filetype), [3; 3]);
    assert_eq!((find("file").filetype, find("link").filetype), (4, 7));
    for name in [".", "file", "sub", "link"] {
        assert_eq!(find(name).ino, guest.path_stat(0, name).unwrap().ino, "{name}");
    }
    // What the directory above the preopened one is, is not the guest's business.
    use std::os::unix::fs::MetadataExt;
    assert_ne!(find("..").ino, fs::metadata(dir.path().join("..")).unwrap().ino());
}

#[test]
fn any_buffer_size_lists_everything_once() {
    let (mut guest, dir) = Guest::with_dir();
    let expected: BTreeSet<String> = (0..500).map(|i| format!("{i}{}", "x".repeat(i % 200))).collect();
    for name in &expected {
        fs::write(dir.path().join(name), "").unwrap();
    }
    for buf_len in [24 + 255, 300, 1000, 4096, 65536] {
        let names = guest.names(3);
        assert_eq!(names.len(), 500);
        let entries = guest.readdir(3, buf_len).unwrap();
        assert_eq!(entries.len(), 502, "buffer of {buf_len}");
        let names: BTreeSet<_> =
            entries.into_iter().map(|entry| entry.name).filter(|name| name != "." && name != "..").collect();
        assert_eq!(names, expected);
    }
}

#[test]
fn an_entry_that_does_not_fit_is_cut_off_and_the_buffer_full() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("a-long-name", b"");
    for buf_len in 0..60 {
        guest.put(DATA, &[0xee; 64]);
        let args = [3, DATA.into(), buf_len, 0, 0];
        assert_eq!(guest.call("fd_readdir", &args), Ok(()));
        assert_eq!(i64::from(guest.u32(0)), buf_len);
        assert_eq!(guest.u8(DATA + buf_len as u32), 0xee);
    }
}

#[test]
fn a_cookie_stays_good_while_entries_come_and_go() {
    let (mut guest, dir) = Guest::with_dir();
    for i in 0..400 {
        fs::write(dir.path().join(format!("old{i:03}")), "").unwrap();
    }
    let fd = guest.open_with(3, 0, ".", DIRECTORY, (FD_READDIR, 0), 0).unwrap();
    let mut seen = Vec::new();
    let mut cookie = 0;
    let mut round = 0;
    loop {
        let (entries, end) = guest.readdir_once(fd, 1000, cookie).unwrap();
        cookie = entries.last().map_or(cookie, |entry| entry.next);
        seen.extend(entries.into_iter().map(|entry| entry.name));
        if end {
            break;
        }
        // Remove something already seen, add something new.
        if let Some(name) = seen.iter().rev().find(|name| name.starts_with("old")) {
            let _ = fs::remove_file(dir.path().join(name));
        }
        fs::write(dir.path().join(format!("new{round}")), "").unwrap();
        round += 1;
        assert!(round < 1000);
    }
    let old: Vec<_> = seen.iter().filter(|name| name.starts_with("old")).collect();
    let distinct: BTreeSet<_> = old.iter().collect();
    assert_eq!(old.len(), 400, "each that was there all the time, or until it was seen");
    assert_eq!(distinct.len(), 400, "and once");
}

#[test]
fn an_old_cookie_goes_back() {
    let (mut guest, _dir) = Guest::with_dir();
    for name in ["a", "b", "c", "d"] {
        guest.file(name, b"");
    }
    let all = guest.readdir(3, 4096).unwrap();
    for (i, entry) in all.iter().enumerate() {
        let (rest, end) = guest.readdir_once(3, 4096, entry.next).unwrap();
        assert_eq!(rest, all[i + 1..]);
        assert!(end);
    }
    // From the start means what is there now.
    guest.unlink("b").unwrap();
    guest.file("e", b"");
    assert_eq!(guest.names(3), ["a", "c", "d", "e"]);
}

#[test]
fn cookies_made_up_by_the_guest_do_no_harm() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("a", b"");
    for cookie in [1, 2, 12345, u64::MAX >> 1, 1 << 63, u64::MAX] {
        let _ = guest.readdir_once(3, 4096, cookie);
        assert_eq!(guest.names(3), ["a"], "after {cookie:#x}");
    }
    assert_eq!(guest.readdir_once(3, 4096, u64::MAX).map(|_| ()), Err("inval"));
}

#[test]
fn names_that_are_not_utf8_are_left_out_and_break_nothing() {
    let (mut guest, dir) = Guest::with_dir();
    let odd = std::ffi::OsStr::from_bytes(b"caf\xe9");
    fs::write(dir.path().join(odd), "").unwrap();
    fs::write(dir.path().join("caf\u{e9}"), "").unwrap();
    fs::write(dir.path().join("plain"), "").unwrap();
    assert_eq!(guest.names(3), ["caf\u{e9}", "plain"]);
    assert_eq!(guest.readdir(3, 24 + 8).map(|entries| entries.len()), Ok(4));
}

#[test]
fn only_directories_are_listed() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.file("f", b"");
    for fd in [fd, 0, 1] {
        assert_eq!(guest.readdir_once(fd, 100, 0).map(|_| ()), Err("notdir"));
    }
    let bad = i64::from(MEMORY);
    assert_eq!(guest.call("fd_readdir", &[3, bad - 10, 11, 0, 0]), Err("fault"));
    assert_eq!(guest.call("fd_readdir", &[3, 0, 10, 0, bad]), Err("fault"));
}

#[test]
fn a_removed_directory_lists_as_empty() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.mkdir("d").unwrap();
    let fd = guest.open_with(3, 0, "d", DIRECTORY, (FD_READDIR, 0), 0).unwrap();
    assert_eq!(guest.readdir(fd, 100).map(|entries| entries.len()), Ok(2));
    guest.rmdir("d").unwrap();
    assert!(guest.readdir(fd, 100).is_ok_and(|entries| entries.is_empty()));
}

/// More directories than streams are kept for: each goes on where it was.
#[test]
fn many_directories_are_listed_at_once() {
    let (mut guest, dir) = Guest::with_dir();
    let mut fds = Vec::new();
    for i in 0..40 {
        let name = format!("d{i}");
        fs::create_dir(dir.path().join(&name)).unwrap();
        for j in 0..20 {
            fs::write(dir.path().join(&name).join(format!("{i}-{j}")), "").unwrap();
        }
        fds.push(guest.open_with(3, 0, &name, DIRECTORY, (FD_READDIR, 0), 0).unwrap());
    }
    let mut seen = vec![BTreeSet::new(); fds.len()];
    let mut cookies = vec![0; fds.len()];
    for _ in 0..30 {
        for (i, &fd) in fds.iter().enumerate() {
            let (entries, _) = guest.readdir_once(fd, 64, cookies[i]).unwrap();
            if let Some(last) = entries.last() {
                cookies[i] = last.next;
            }
            seen[i].extend(entries.into_iter().map(|entry| entry.name));
        }
    }
    for (i, names) in seen.iter().enumerate() {
        assert_eq!(names.len(), 22);
        assert!(names.iter().all(|name| name.starts_with(&format!("{i}-")) || name.starts_with('.')));
    }
    // A number that is used again does not get the stream of what it named before.
    guest.close(fds[39]).unwrap();
    assert_eq!(guest.open_with(3, 0, "d0", DIRECTORY, (FD_READDIR, 0), 0), Ok(fds[39]));
    let (entries, _) = guest.readdir_once(fds[39], 4096, 0).unwrap();
    assert!(entries.iter().all(|entry| entry.name.starts_with("0-") || entry.name.starts_with('.')));
}
