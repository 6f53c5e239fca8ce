//! Machine code made known to Linux' `perf`, in one of two ways.
//!
//! A *perf map* is a text file `/tmp/perf-PID.map` with a line for each function, which `perf report` reads: the
//! functions get names. A *jit dump* is a binary file `jit-PID.dump` with the code itself, from which `perf inject --jit`
//! makes an object file for each function: `perf annotate` shows their instructions. Its format is that of
//! `tools/perf/Documentation/jitdump-specification.txt` in the sources of Linux.

use crate::{Context, Result};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A function that can be called from now on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewCode<'a> {
    /// Address of its first byte.
    pub address: usize,
    /// Its code, as it is in memory.
    pub bytes: &'a [u8],
    /// What it is called; anything.
    pub name: &'a str,
}

/// Is told of code when it is published. What goes wrong then has no consequence but for the profile.
pub(crate) trait CodeListener: Send {
    /// Takes notice.
    fn published(&mut self, code: NewCode<'_>) -> io::Result<()>;
}

/// The listeners of an engine.
#[derive(Default)]
pub(crate) struct CodeListeners(Mutex<Vec<Box<dyn CodeListener>>>);

impl CodeListeners {
    /// Those that are asked for.
    pub fn new(perf_map: bool, jit_dump: bool) -> Result<CodeListeners> {
        let mut listeners: Vec<Box<dyn CodeListener>> = Vec::new();
        if perf_map {
            listeners.push(Box::new(PerfMap::create()?));
        }
        if jit_dump {
            listeners.push(Box::new(SharedDump::create()?));
        }
        Ok(CodeListeners(Mutex::new(listeners)))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Tells all. Who fails is told no more.
    pub fn published(&self, code: NewCode<'_>) {
        lock(&self.0).retain_mut(|listener| listener.published(code).is_ok());
    }
}

/// What a panic of another thread left is still whole: each record is written in one piece.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The perf map of this process.
struct PerfMap(File);

impl PerfMap {
    fn create() -> Result<PerfMap> {
        let path = format!("/tmp/perf-{}.map", std::process::id());
        let mut options = OpenOptions::new();
        // Several engines write to one file. In a directory that everybody writes to, what is not a file of this
        // process' own is not followed.
        options.create(true).append(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600).custom_flags(libc::O_NOFOLLOW);
        }
        let file = options.open(&path).with_context(|| format!("cannot write `{path}`"))?;
        Ok(PerfMap(file))
    }
}

/// A line of a perf map.
fn map_line(code: NewCode<'_>) -> String {
    let name: String = code.name.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    format!("{:x} {:x} {name}\n", code.address, code.bytes.len())
}

impl CodeListener for PerfMap {
    fn published(&mut self, code: NewCode<'_>) -> io::Result<()> {
        self.0.write_all(map_line(code).as_bytes())
    }
}

/// `JiTD` as a number in the machine's order of bytes, from which readers learn that.
const MAGIC: u32 = 0x4a69_5444;
const VERSION: u32 = 1;
const HEADER_BYTES: u32 = 40;
/// Kind of a record: a function.
const CODE_LOAD: u32 = 0;
/// Bytes of such a record without name and code.
const LOAD_BYTES: u32 = 56;
/// ELF's number of the machine that the code is for.
const ELF_MACHINE: u32 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };

/// When and by whom a record is written.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    process: u32,
    thread: u32,
    /// Nanoseconds of the monotonic clock, which `perf record -k mono` goes by, too.
    time: u64,
}

impl Stamp {
    #[cfg(target_os = "linux")]
    fn now() -> Stamp {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        Stamp {
            process: std::process::id(),
            thread: rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs(),
            time: now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn now() -> Stamp {
        Stamp { process: std::process::id(), thread: std::process::id(), time: 0 }
    }
}

/// Writes a jit dump.
struct JitDump<W> {
    out: W,
    /// Number of the next function.
    next: u64,
}

impl<W: Write> JitDump<W> {
    fn new(mut out: W, stamp: Stamp) -> io::Result<JitDump<W>> {
        let mut header = Vec::with_capacity(HEADER_BYTES as usize);
        for word in [MAGIC, VERSION, HEADER_BYTES, ELF_MACHINE, 0, stamp.process] {
            header.extend(word.to_ne_bytes());
        }
        header.extend(stamp.time.to_ne_bytes());
        // No flags.
        header.extend(0u64.to_ne_bytes());
        out.write_all(&header)?;
        Ok(JitDump { out, next: 0 })
    }

    fn load(&mut self, code: NewCode<'_>, stamp: Stamp) -> io::Result<()> {
        // A NUL ends the name.
        let name: Vec<u8> = code.name.bytes().take_while(|&byte| byte != 0).chain([0]).collect();
        let size = LOAD_BYTES as usize + name.len() + code.bytes.len();
        let size = u32::try_from(size).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let mut record = Vec::with_capacity(size as usize);
        record.extend(CODE_LOAD.to_ne_bytes());
        record.extend(size.to_ne_bytes());
        record.extend(stamp.time.to_ne_bytes());
        record.extend(stamp.process.to_ne_bytes());
        record.extend(stamp.thread.to_ne_bytes());
        // Where it runs and where it lies is the same.
        for word in [code.address as u64, code.address as u64, code.bytes.len() as u64, self.next] {
            record.extend(word.to_ne_bytes());
        }
        record.extend(name);
        record.extend(code.bytes);
        self.next += 1;
        self.out.write_all(&record)
    }
}

/// The jit dump of this process: there can only be one, whatever the number of engines.
struct SharedDump;

static DUMP: Mutex<Option<JitDump<File>>> = Mutex::new(None);

impl SharedDump {
    fn create() -> Result<SharedDump> {
        let mut dump = lock(&DUMP);
        if dump.is_none() {
            let path = format!("jit-{}.dump", std::process::id());
            *dump = Some(open_dump(Path::new(&path)).with_context(|| format!("cannot write `{path}`"))?);
        }
        Ok(SharedDump)
    }
}

fn open_dump(path: &Path) -> io::Result<JitDump<File>> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
    let dump = JitDump::new(file, Stamp::now())?;
    #[cfg(unix)]
    crate::vm::jit_marker::leave(&dump.out)?;
    Ok(dump)
}

impl CodeListener for SharedDump {
    fn published(&mut self, code: NewCode<'_>) -> io::Result<()> {
        match &mut *lock(&DUMP) {
            Some(dump) => dump.load(code, Stamp::now()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: NewCode<'static> =
        NewCode { address: 0x7f00_1234_5670, bytes: &[0x90, 0xc3, 7], name: "fib" };
    const STAMP: Stamp = Stamp { process: 5, thread: 6, time: 0x0102_0304_0506 };

    fn words(bytes: &[u8]) -> Vec<u32> {
        bytes.chunks_exact(4).map(|word| u32::from_ne_bytes(word.try_into().unwrap())).collect()
    }

    fn longs(bytes: &[u8]) -> Vec<u64> {
        bytes.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().unwrap())).collect()
    }

    #[test]
    fn a_map_has_a_line_for_each_function() {
        assert_eq!(map_line(CODE), "7f0012345670 3 fib\n");
        assert_eq!(map_line(NewCode { name: "a b\nc", ..CODE }), "7f0012345670 3 a b?c\n");
    }

    #[test]
    fn a_dump_begins_with_its_header() {
        let dump = JitDump::new(Vec::new(), STAMP).unwrap().out;
        assert_eq!(dump.len(), 40);
        assert_eq!(
            words(&dump[..24]),
            [0x4a69_5444, 1, 40, if cfg!(target_arch = "aarch64") { 183 } else { 62 }, 0, 5]
        );
        assert_eq!(longs(&dump[24..]), [0x0102_0304_0506, 0]);
        let letters = if cfg!(target_endian = "little") { b"DTiJ" } else { b"JiTD" };
        assert_eq!(&dump[..4], letters);
    }

    #[test]
    fn a_dump_has_a_record_for_each_function() {
        let mut dump = JitDump::new(Vec::new(), STAMP).unwrap();
        dump.load(CODE, STAMP).unwrap();
        dump.load(NewCode { name: "a\0b", bytes: &[], ..CODE }, STAMP).unwrap();
        let (first, second) = dump.out[40..].split_at(63);
        assert_eq!(words(&first[..8]), [0, 63]);
        assert_eq!(longs(&first[8..16]), [0x0102_0304_0506]);
        assert_eq!(words(&first[16..24]), [5, 6]);
        assert_eq!(longs(&first[24..56]), [0x7f00_1234_5670, 0x7f00_1234_5670, 3, 0]);
        assert_eq!(first[56..], *b"fib\0\x90\xc3\x07");
        assert_eq!(words(&second[..8]), [0, 58]);
        assert_eq!(longs(&second[24..56])[2..], [0, 1], "no code, and the next number");
        assert_eq!(second[56..], *b"a\0");
    }

    #[test]
    fn who_fails_is_told_no_more() {
        struct Once(std::sync::Arc<Mutex<u32>>);
        impl CodeListener for Once {
            fn published(&mut self, _: NewCode<'_>) -> io::Result<()> {
                *lock(&self.0) += 1;
                Err(io::ErrorKind::StorageFull.into())
            }
        }
        let told = std::sync::Arc::default();
        let listeners = CodeListeners(Mutex::new(vec![Box::new(Once(std::sync::Arc::clone(&told)))]));
        listeners.published(CODE);
        listeners.published(CODE);
        assert_eq!(*lock(&told), 1);
        assert!(listeners.is_empty());
    }

    /// `perf record` notes mappings of files that can be executed; one of the dump is how it finds it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_dump_is_mapped_executable() {
        let path = std::env::temp_dir().join(format!("brisk-test-{}.dump", std::process::id()));
        let dump = open_dump(&path).unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        std::fs::remove_file(&path).unwrap();
        let line =
            maps.lines().find(|line| line.ends_with(path.to_str().unwrap())).expect("a mapping of the dump");
        assert_eq!(line.split_whitespace().nth(1), Some("r-xp"), "{line}");
        drop(dump);
    }
}
