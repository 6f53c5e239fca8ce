//! Does with the Rust standard library what programs do, and prints what it finds.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, ErrorKind, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant, SystemTime};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    println!("args: {args:?}");
    println!("KEY: {:?}, PATH: {:?}", std::env::var("KEY"), std::env::var("PATH").is_ok());
    let lines: Vec<String> = std::io::stdin().lock().lines().map(Result::unwrap).collect();
    println!("stdin: {lines:?}");
    files();
    directories();
    read_only();
    clocks();
    eprintln!("done");
    std::process::exit(3);
}

fn files() {
    let path = "/data/file";
    fs::write(path, "hello").unwrap();
    let mut file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(b" world").unwrap();
    file.rewind().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello world");
    file.set_len(5).unwrap();
    file.sync_all().unwrap();
    assert_eq!(file.metadata().unwrap().len(), 5);
    OpenOptions::new().append(true).open(path).unwrap().write_all(b"!").unwrap();
    assert_eq!(fs::read(path).unwrap(), b"hello!");
    assert_eq!(File::create_new(path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(File::open("/data/none").unwrap_err().kind(), ErrorKind::NotFound);
    assert!(File::open("/data/../file").is_err());
    fs::copy(path, "/data/copy").unwrap();
    fs::rename("/data/copy", "/data/moved").unwrap();
    fs::hard_link("/data/moved", "/data/hard").unwrap();
    assert_eq!(fs::read("/data/hard").unwrap(), b"hello!");
    for path in ["/data/file", "/data/moved", "/data/hard"] {
        fs::remove_file(path).unwrap();
    }
    println!("files");
}

fn directories() {
    fs::create_dir_all("/data/a/b/c").unwrap();
    for name in ["x", "y", "umlaut-ä"] {
        fs::write(format!("/data/a/b/{name}"), name).unwrap();
    }
    let mut entries: Vec<_> = fs::read_dir("/data/a/b")
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), entry.file_type().unwrap().is_dir())
        })
        .collect();
    entries.sort();
    println!("entries: {entries:?}");
    assert!(fs::remove_dir("/data/a").is_err());
    fs::remove_dir_all("/data/a").unwrap();
    assert_eq!(fs::read_dir("/data").unwrap().count(), 0);
    println!("directories");
}

fn read_only() {
    assert_eq!(fs::read_to_string("/fixed/note").unwrap(), "fixed");
    for error in [
        fs::write("/fixed/note", "changed").unwrap_err(),
        fs::write("/fixed/new", "new").unwrap_err(),
        fs::create_dir("/fixed/dir").unwrap_err(),
        fs::remove_file("/fixed/note").unwrap_err(),
    ] {
        assert_eq!(error.raw_os_error(), Some(69), "{error}");
    }
    println!("read-only");
}

fn clocks() {
    let before = Instant::now();
    std::thread::sleep(Duration::from_millis(20));
    assert!(before.elapsed() >= Duration::from_millis(20));
    assert!(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() > 1_600_000_000);
    // The map's hasher is seeded by the host.
    let map: HashMap<_, _> = (0..100).map(|i| (i, i * i)).collect();
    assert_eq!(map.values().sum::<i32>(), 328_350);
    println!("clocks");
}
