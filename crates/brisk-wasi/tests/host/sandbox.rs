//! Nothing outside a preopened directory can be reached, by no path and by no race.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use brisk_wasi::{DirPerms, FilePerms, WasiCtxBuilder};
use tempfile::TempDir;

use crate::support::*;

/// A directory `inside` that the guest gets, next to secrets that it does not.
fn walled() -> (Guest, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("inside")).unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("outside/secret"), "secret").unwrap();
    fs::write(dir.path().join("secret"), "secret").unwrap();
    let inside = dir.path().join("inside");
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_dir(inside, "/", DirPerms::all(), FilePerms::all()).unwrap();
    (Guest::new(&mut builder), dir)
}

fn untouched(root: &Path) {
    assert_eq!(fs::read(root.join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read(root.join("outside/secret")).unwrap(), b"secret");
    let mut names: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["inside", "outside", "secret"]);
    assert_eq!(fs::read_dir(root.join("outside")).unwrap().count(), 1);
}

/// Every call, with every path that leads out.
#[test]
fn no_path_leads_out() {
    let (mut guest, dir) = walled();
    let root = dir.path();
    let inside = root.join("inside");
    fs::create_dir(inside.join("d")).unwrap();
    fs::write(inside.join("f"), "").unwrap();
    symlink("..", inside.join("up")).unwrap();
    symlink("../outside", inside.join("sideways")).unwrap();
    symlink("../secret", inside.join("file")).unwrap();
    symlink(root.join("outside"), inside.join("absolute")).unwrap();
    symlink(root.join("secret"), inside.join("absfile")).unwrap();
    symlink("d/../../outside", inside.join("winding")).unwrap();
    symlink("up/outside", inside.join("twice")).unwrap();
    symlink("/proc/self/cwd", inside.join("magic")).unwrap();
    symlink("../new", inside.join("dangling")).unwrap();
    let absolute = root.join("secret");
    for path in [
        "../secret",
        "./../secret",
        "d/../../secret",
        "d/../../inside/../secret",
        "up/secret",
        "up/outside/secret",
        "sideways/secret",
        "absolute/secret",
        "winding/secret",
        "twice/secret",
        "magic/secret",
        absolute.to_str().unwrap(),
    ] {
        for lookup in [0, FOLLOW] {
            for (flags, rights) in [(0, FD_READ), (0, FD_WRITE), (CREAT, FD_READ), (TRUNC, 0), (DIRECTORY, 0)]
            {
                let opened = guest.open_with(3, lookup, path, flags, (rights, 0), 0);
                assert_eq!(opened, Err("perm"), "open {path}");
            }
            assert_eq!(guest.path_stat(lookup, path), Err("perm"), "stat {path}");
            assert_eq!(guest.set_path_times(lookup, path, 1, 1, 5), Err("perm"), "times {path}");
        }
        assert_eq!(guest.unlink(path), Err("perm"), "unlink {path}");
        assert_eq!(guest.unlink(format!("{path}/")), Err("perm"), "unlink {path}/");
        assert_eq!(guest.rmdir(path), Err("perm"), "rmdir {path}");
        assert_eq!(guest.mkdir(path), Err("perm"), "mkdir {path}");
        assert_eq!(guest.readlink(path, 100), Err("perm"), "readlink {path}");
        assert_eq!(guest.symlink("f", path), Err("perm"), "symlink {path}");
        assert_eq!(guest.rename(path, "stolen"), Err("perm"), "rename {path}");
        assert_eq!(guest.rename("f", path), Err("perm"), "rename to {path}");
        assert_eq!(guest.link(path, "stolen"), Err("perm"), "link {path}");
        assert_eq!(guest.link("f", path), Err("perm"), "link to {path}");
    }
    // Links at the end, followed because they are asked for or because of a slash.
    for path in ["up", "sideways", "absolute", "file", "absfile", "winding", "twice", "magic", "dangling"] {
        for (flags, rights) in [(0, FD_READ), (CREAT, FD_READ), (CREAT, FD_WRITE), (TRUNC, 0), (DIRECTORY, 0)]
        {
            assert_eq!(guest.open_with(3, FOLLOW, path, flags, (rights, 0), 0), Err("perm"), "open {path}");
        }
        assert_eq!(guest.path_stat(FOLLOW, path), Err("perm"), "stat {path}");
        assert_eq!(guest.set_path_times(FOLLOW, path, 1, 1, 5), Err("perm"), "times {path}");
        let slash = format!("{path}/");
        for lookup in [0, FOLLOW] {
            assert_eq!(guest.path_stat(lookup, &slash), Err("perm"), "stat {slash}");
            assert_eq!(guest.set_path_times(lookup, &slash, 1, 1, 5), Err("perm"), "times {slash}");
            assert_eq!(guest.open_with(3, lookup, &slash, 0, (0, 0), 0), Err("perm"), "open {slash}");
        }
        assert_eq!(guest.readlink(&slash, 100), Err("perm"), "readlink {slash}");
        assert_eq!(guest.link(&slash, "stolen"), Err("perm"), "link {slash}");
        // The links themselves are the guest's; where an absolute one leads is not told.
        assert_eq!(guest.path_stat(0, path).unwrap().filetype, 7);
        let hidden = ["absolute", "absfile", "magic"].contains(&path);
        assert_eq!(guest.readlink(path, 200).err(), hidden.then_some("perm"), "readlink {path}");
    }
    untouched(root);
}

/// A directory on the way is again and again replaced by a link that leads out, while the guest uses
/// paths through it.
#[test]
fn no_race_leads_out() {
    let (mut guest, dir) = walled();
    let root = dir.path().to_owned();
    let inside = root.join("inside");
    fs::create_dir(inside.join("real")).unwrap();
    fs::write(inside.join("real/secret"), "decoy!").unwrap();
    symlink("../outside", inside.join("link")).unwrap();
    let real = fs::File::open(inside.join("real")).unwrap();
    fs::rename(inside.join("real"), inside.join("way")).unwrap();

    let stop = Arc::new(AtomicBool::new(false));
    let swapper = {
        let (stop, inside) = (stop.clone(), inside.clone());
        std::thread::spawn(move || {
            let mut swaps = 0u64;
            let (link, way) = (inside.join("link"), inside.join("way"));
            while !stop.load(Ordering::Relaxed) {
                let exchange = rustix::fs::RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(rustix::fs::CWD, &link, rustix::fs::CWD, &way, exchange).unwrap();
                swaps += 1;
            }
            swaps
        })
    };
    let deadline = Instant::now() + Duration::from_secs(2);
    let (mut opened, mut refused) = (0u64, 0u64);
    while Instant::now() < deadline {
        match guest.open_with(3, FOLLOW, "way/secret", 0, (FD_READ, 0), 0) {
            Ok(fd) => {
                assert_eq!(guest.read(fd, 100), Ok(b"decoy!".to_vec()));
                guest.close(fd).unwrap();
                opened += 1;
            }
            Err(errno) => {
                assert!(["perm", "noent", "again"].contains(&errno), "{errno}");
                refused += 1;
            }
        }
        // Nothing of these may happen outside.
        let _ = guest.mkdir("way/new");
        let _ = guest.rmdir("way/new");
        let _ = guest.symlink("x", "way/sym");
        let _ = guest.unlink("way/sym");
        let _ = guest.rename("way/secret", "way/moved");
        let _ = guest.rename("way/moved", "way/secret");
        let _ = guest.open("way/created", CREAT, FD_WRITE).map(|fd| guest.close(fd));
        let _ = guest.unlink("way/created");
        if let Ok(stat) = guest.path_stat(0, "way/secret") {
            let outside = fs::metadata(root.join("outside/secret")).unwrap();
            use std::os::unix::fs::MetadataExt;
            assert_ne!(stat.ino, outside.ino());
        }
        // The guest's rename back may have been refused.
        let _ = rustix::fs::renameat(&real, "moved", &real, "secret");
    }
    stop.store(true, Ordering::Relaxed);
    let swaps = swapper.join().unwrap();
    println!("{swaps} swaps, {opened} opened, {refused} refused");
    assert!(swaps > 100 && opened > 0 && refused > 0, "the race was not run: {swaps} {opened} {refused}");
    untouched(&root);
}

/// A directory that the guest holds open is moved out; paths from it end at it, as for any process, and
/// do not lead above it.
#[test]
fn a_directory_moved_away_is_still_a_wall() {
    let (mut guest, dir) = walled();
    let root = dir.path();
    fs::create_dir_all(root.join("inside/a/b")).unwrap();
    let fd = guest.open_with(3, 0, "a/b", DIRECTORY, (ALL_RIGHTS & !FILE_RIGHTS, ALL_RIGHTS), 0).unwrap();
    fs::rename(root.join("inside/a/b"), root.join("outside/b")).unwrap();
    for path in ["..", "../secret", "../../secret"] {
        assert_eq!(guest.open_with(fd, FOLLOW, path, 0, (0, 0), 0), Err("perm"), "{path}");
    }
    fs::remove_dir(root.join("outside/b")).unwrap();
    untouched(root);
}

#[test]
fn the_current_directory_is_not_open() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    for fd in 0..10 {
        let opened = guest.open_with(fd, FOLLOW, "Cargo.toml", 0, (FD_READ, 0), 0);
        assert_eq!(opened, Err(if fd < 3 { "notdir" } else { "badf" }));
    }
}
