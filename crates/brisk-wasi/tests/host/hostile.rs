//! Arguments that mean harm.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use brisk_wasi::{ClockId, DirPerms, FilePerms, HostClock, I32Exit, InputPipe, OutputPipe, WasiCtxBuilder};

use crate::support::*;

/// A clock on which any sleep is over at once.
struct Instantly;

impl HostClock for Instantly {
    fn now(&self, _: ClockId) -> Duration {
        Duration::from_nanos(u64::MAX / 2)
    }
    fn sleep(&self, _: Duration) {}
}

/// The numbers at which things go wrong, for i32 parameters.
const WORDS: [i64; 22] = [
    0,
    1,
    2,
    3,
    4,
    5,
    8,
    15,
    24,
    100,
    1024,
    DATA as i64,
    MEMORY as i64 - 64,
    MEMORY as i64 - 8,
    MEMORY as i64 - 1,
    MEMORY as i64,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
];

/// And for i64 parameters.
const LONGS: [i64; 12] =
    [0, 1, 7, 64, 4096, 0x7fff_ffff, 0x1_0000_0000, 0x3fff_ffff, i64::MAX, i64::MIN, -1, -4096];

const FILE: i64 = 7;
const STREAM: i64 = 5;
const LISTENER: i64 = 6;

/// For each function, arguments that are good for something.
const GOOD: [(&str, &[i64]); 46] = [
    ("args_get", &[16, 4096]),
    ("args_sizes_get", &[0, 4]),
    ("environ_get", &[16, 4096]),
    ("environ_sizes_get", &[0, 4]),
    ("clock_res_get", &[1, 0]),
    ("clock_time_get", &[0, 0, 0]),
    ("fd_advise", &[FILE, 0, 64, 2]),
    ("fd_allocate", &[FILE, 0, 64]),
    ("fd_close", &[2]),
    ("fd_datasync", &[FILE]),
    ("fd_fdstat_get", &[FILE, 0]),
    ("fd_fdstat_set_flags", &[FILE, 1]),
    ("fd_fdstat_set_rights", &[0, 2, 0]),
    ("fd_filestat_get", &[FILE, 0]),
    ("fd_filestat_set_size", &[FILE, 64]),
    ("fd_filestat_set_times", &[FILE, 7, 7, 5]),
    ("fd_pread", &[FILE, IOVS, 1, 1, 0]),
    ("fd_prestat_get", &[3, 0]),
    ("fd_prestat_dir_name", &[3, 64, 1]),
    ("fd_pwrite", &[FILE, IOVS, 1, 7, 0]),
    ("fd_read", &[FILE, IOVS, 1, 0]),
    ("fd_readdir", &[3, 4096, 100, 0, 0]),
    ("fd_renumber", &[3, 3]),
    ("fd_seek", &[FILE, 0, 0, 0]),
    ("fd_sync", &[FILE]),
    ("fd_tell", &[FILE, 0]),
    ("fd_write", &[1, IOVS, 1, 0]),
    ("path_create_directory", &[3, NEW, 1]),
    ("path_filestat_get", &[3, 1, A, 1, 0]),
    ("path_filestat_set_times", &[3, 0, A, 1, 7, 7, 5]),
    ("path_link", &[3, 0, A, 1, 3, NEW, 1]),
    ("path_open", &[3, 1, A, 1, 0, FD_READ, 0, 0, 0]),
    ("path_readlink", &[3, LINK, 1, 64, 10, 0]),
    ("path_remove_directory", &[3, NEW, 1]),
    ("path_rename", &[3, A, 1, 3, A, 1]),
    ("path_symlink", &[A, 1, 3, NEW, 1]),
    ("path_unlink_file", &[3, NEW, 1]),
    ("poll_oneoff", &[SUBSCRIPTION, 4096, 1, 0]),
    ("proc_exit", &[0]),
    ("proc_raise", &[0]),
    ("sched_yield", &[]),
    ("random_get", &[4096, 100]),
    ("sock_accept", &[LISTENER, 0, 0]),
    ("sock_recv", &[STREAM, IOVS, 1, 0, 0, 4]),
    ("sock_send", &[STREAM, IOVS, 1, 0, 0]),
    ("sock_shutdown", &[STREAM, 1]),
];

const IOVS: i64 = 1024;
const A: i64 = DATA as i64;
const NEW: i64 = A + 8;
const LINK: i64 = A + 16;
const SUBSCRIPTION: i64 = A + 64;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.next() % from.len() as u64) as usize]
    }
}

/// Many calls of all functions, none, one or two of their arguments hostile, over memory in which some
/// of the structures are hostile too. Each is answered, nothing panics, nothing outside the directory
/// changes, and the host's buffers do not grow beyond their cap.
#[test]
fn any_arguments_get_an_answer() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("sentinel"), "untouched").unwrap();
    let inside = root.path().join("inside");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut ended = 0;
    let mut succeeded = [0u32; GOOD.len()];
    for round in 0..20 {
        let _ = fs::remove_dir_all(&inside);
        fs::create_dir(&inside).unwrap();
        fs::write(inside.join("a"), "contents").unwrap();
        std::os::unix::fs::symlink("../sentinel", inside.join("l")).unwrap();
        let stdout = OutputPipe::new(4096);
        let (mut peer, stream) = UnixStream::pair().unwrap();
        peer.write_all(&[b'p'; 1000]).unwrap();
        let mut guest = Guest::new(
            WasiCtxBuilder::new()
                .args(["a", "b"])
                .env("K", "V")
                .stdin(InputPipe::from(vec![b'i'; 100]))
                .stdout(stdout.clone())
                .stderr(stdout.clone())
                .preopened_dir(&inside, "/", DirPerms::all(), FilePerms::all())
                .unwrap()
                .preopened_dir(&inside, "/ro", DirPerms::READ, FilePerms::READ)
                .unwrap()
                .preopened_socket(stream)
                .unwrap()
                .tcp_listener(TcpListener::bind("127.0.0.1:0").unwrap())
                .unwrap()
                .clock(Instantly)
                .on_wait(|| Err(brisk::Error::msg("waited")))
                .trace(std::io::sink()),
        );
        assert_eq!(guest.open("a", 0, FILE_RIGHTS), Ok(FILE as u32));
        for _ in 0..1000 {
            fill(&mut guest, &mut random);
            let which = (random.next() % GOOD.len() as u64) as usize;
            let (name, good) = GOOD[which];
            let (_, params) = SIGNATURES.iter().find(|(n, _)| *n == name).unwrap();
            let mut args = good.to_vec();
            for _ in 0..random.next() % 3 {
                if let Some(i) = (random.next() as usize).checked_rem(args.len()) {
                    let wide = params.as_bytes()[i] == b'l';
                    args[i] = if wide { random.pick(&LONGS) } else { random.pick(&WORDS) };
                }
            }
            // Disk space is the host's to limit, not this crate's.
            let sizes = matches!(name, "fd_allocate" | "fd_filestat_set_size" | "fd_pwrite");
            if sizes && args.iter().any(|&arg| (1 << 20..1 << 50).contains(&arg)) {
                continue;
            }
            match guest.raw(name, &args) {
                Ok(0) => succeeded[which] += 1,
                Ok(errno) => assert!((1..77).contains(&errno), "{name} {args:?}: {errno}"),
                Err(error) => {
                    let exit = error.downcast_ref::<I32Exit>().is_some();
                    assert!(exit || format!("{error:?}").contains("waited"), "{name} {args:?}: {error:?}");
                    ended += 1;
                }
            }
        }
        assert!(stdout.contents().len() <= 4096);
        assert_eq!(fs::read(root.path().join("sentinel")).unwrap(), b"untouched", "round {round}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2, "round {round}");
    }
    assert!(ended > 30);
    // These two never do: one does not come back, and for the other nobody connects.
    let never: Vec<_> =
        GOOD.iter().zip(succeeded).filter(|(_, count)| *count == 0).map(|(g, _)| g.0).collect();
    assert_eq!(never, ["proc_exit", "sock_accept"]);
}

/// The structures that the good arguments point to, now and then with something hostile in them.
fn fill(guest: &mut Guest, random: &mut Random) {
    let hostile = |random: &mut Random| random.next().is_multiple_of(4);
    for (at, name) in [(A, "a"), (NEW, "n"), (LINK, "l")] {
        let odd = random.pick(&["..", "/", "\0", "l", "d//", ".", "\u{e9}", "a/../../sentinel"]);
        let name = if hostile(random) { odd } else { name };
        guest.put(at as u32, name.as_bytes());
    }
    for at in (IOVS..IOVS + 64).step_by(8) {
        let (base, len) =
            if hostile(random) { (random.pick(&WORDS), random.pick(&WORDS)) } else { (8192, 4) };
        guest.put(at as u32, &(base as u32).to_le_bytes());
        guest.put(at as u32 + 4, &(len as u32).to_le_bytes());
    }
    let mut subscription = [0u8; 48];
    if hostile(random) {
        subscription[8] = (random.next() % 4) as u8;
        subscription[16] = (random.next() % 9) as u8;
        subscription[24..32].copy_from_slice(&(random.pick(&LONGS) as u64).to_le_bytes());
        subscription[40] = (random.next() % 3) as u8;
    }
    guest.put(SUBSCRIPTION as u32, &subscription);
}

/// Every function, every parameter in turn the worst it can be, everything else as good as can be.
#[test]
fn each_parameter_alone_at_its_worst() {
    for (name, params) in SIGNATURES {
        for worst in 0..params.len() {
            for value in [i64::from(MEMORY) - 1, i64::from(MEMORY), 0x7fff_ffff, 0xffff_ffff, -1] {
                let dir = tempfile::tempdir().unwrap();
                let mut guest = Guest::new(
                    WasiCtxBuilder::new()
                        .arg("a")
                        .env("K", "V")
                        .preopened_dir(dir.path(), "/", DirPerms::all(), FilePerms::all())
                        .unwrap()
                        .clock(Instantly)
                        .on_wait(|| Err(brisk::Error::msg("waited"))),
                );
                guest.file("a", b"contents");
                guest.put(DATA, b"a");
                let mut args: Vec<i64> =
                    params.chars().map(|ty| if ty == 'i' { i64::from(DATA) } else { 0 }).collect();
                if !args.is_empty() && params.len() > 1 {
                    args[0] = 3;
                }
                args[worst] = value;
                match guest.raw(name, &args) {
                    Ok(errno) => assert!((0..77).contains(&errno), "{name} {args:?}"),
                    Err(error) => assert!(
                        error.downcast_ref::<I32Exit>().is_some() || format!("{error:?}").contains("waited"),
                        "{name} {args:?}: {error:?}"
                    ),
                }
            }
        }
    }
}
