//! What a guest is given, and what lies beside it and must stay as it is.

use super::interface::{ARGS, ENV};
use arbitrary::{Result, Unstructured};
use brisk_wasi::{
    ClockId, DirPerms, FilePerms, HostClock, InputPipe, InputStream, OutputPipe, OutputStream, WasiCtx,
    WasiCtxBuilder,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs::{self, File};
use std::io::{PipeReader, PipeWriter, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// What no guest may ever read.
const SECRET: &[u8; 32] = b"what is here is not the guest's\n";
/// The file that has it, beside the guest's directories.
pub const CANARY: &str = "canary";
/// How often a call may wait before the host ends it.
const PATIENCE: u32 = 1;

/// The guest's directories and what the host keeps of the rest.
pub struct World {
    root: TempDir,
    outside: Vec<(PathBuf, Seen)>,
    stdout: OutputPipe,
    /// How often the call that is being made was asked whether to go on.
    asked: Arc<AtomicU32>,
    /// The other ends of pipes and sockets.
    _reader: Option<PipeReader>,
    _writer: Option<PipeWriter>,
    _peers: Vec<UnixStream>,
}

/// Bytes that a guest's output in memory has room for.
const OUTPUT: usize = 200;

/// What can be seen of a file or a directory.
#[derive(PartialEq, Eq, Debug)]
struct Seen {
    numbers: [u64; 4],
    times: [i64; 4],
    contents: Vec<u8>,
}

/// A clock that sleeping sets forward.
struct Leaping(AtomicU64);

impl HostClock for Leaping {
    fn now(&self, _: ClockId) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
    fn sleep(&self, duration: Duration) {
        let step = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| now.checked_add(step));
    }
}

impl World {
    /// Directories with files, links that lead out of them, and a context that `u` decides on.
    ///
    /// Its descriptors: the standard streams, 3 a directory, 4 a directory of which nothing may be
    /// changed, 5 a socket, 6 a listener.
    pub fn new(u: &mut Unstructured) -> Result<(World, WasiCtx)> {
        // In memory where there is such a place: most of the time would go into writing to a disk.
        let root = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new());
        let root = root.expect("there is room for temporary files");
        let (mut world, listener) = World::with_files(root);
        let mut builder = WasiCtxBuilder::new();
        builder.args(ARGS).env(ENV.0, ENV.1);
        match u.int_in_range(0..=4)? {
            0 => {}
            1 => {
                builder.stdin(InputPipe::from(vec![b'i'; 100]));
            }
            2 => {
                builder.stdin(InputStream::from(
                    File::open(world.inside().join("a")).expect("the file is there"),
                ));
            }
            kind => {
                let (reader, mut writer) = std::io::pipe().expect("there are pipes");
                writer.write_all(b"piped").expect("somebody reads");
                builder.stdin(InputStream::from(File::from(OwnedFd::from(reader))));
                // The other end open, so that the guest waits, or closed.
                world._writer = (kind == 3).then_some(writer);
            }
        }
        match u.int_in_range(0..=3)? {
            0 => {}
            1 => {
                builder.stdout(world.stdout.clone()).stderr(world.stdout.clone());
            }
            kind => {
                let (reader, writer) = std::io::pipe().expect("there are pipes");
                builder.stdout(OutputStream::from(File::from(OwnedFd::from(writer))));
                world._reader = (kind == 2).then_some(reader);
            }
        }
        let ctx = builder
            .preopened_dir(world.inside(), "/", DirPerms::all(), FilePerms::all())
            .expect("the directory is there")
            .preopened_dir(world.root.path().join("kept"), "/kept", DirPerms::READ, FilePerms::READ)
            .expect("the directory is there")
            .preopened_socket(world.socket())
            .expect("it is a socket")
            .preopened_socket(listener)
            .expect("it is a socket");
        if u.arbitrary()? {
            ctx.clock(Leaping(AtomicU64::new(1 << 40)));
        }
        if u.arbitrary()? {
            ctx.trace(std::io::sink());
        }
        let asked = Arc::clone(&world.asked);
        ctx.on_wait(move || match asked.fetch_add(1, Ordering::Relaxed) {
            count if count < PATIENCE => Ok(()),
            _ => Err(brisk::Error::new(Waited)),
        });
        let ctx = ctx.build();
        world.outside = world.look();
        Ok((world, ctx))
    }

    fn with_files(root: TempDir) -> (World, UnixListener) {
        let path = root.path();
        let dir = |name: &str| fs::create_dir_all(path.join(name)).expect("directories can be created");
        let file = |name: &str, contents: &[u8]| {
            fs::write(path.join(name), contents).expect("files can be created");
        };
        let link = |target: &Path, name: &str| symlink(target, path.join(name)).expect("so can links");
        for name in ["inside/d", "inside/e", "kept/d", "kept/e"] {
            dir(name);
        }
        dir("outside");
        file(CANARY, SECRET);
        file("outside/canary", SECRET);
        for below in ["inside", "kept"] {
            file(&format!("{below}/a"), b"contents");
            file(&format!("{below}/d/a"), b"more contents");
            link("../canary".as_ref(), &format!("{below}/l"));
            link("..".as_ref(), &format!("{below}/up"));
            link("../../outside".as_ref(), &format!("{below}/d/up"));
            link(&path.join(CANARY), &format!("{below}/abs"));
            link("loop".as_ref(), &format!("{below}/loop"));
            link("d/a".as_ref(), &format!("{below}/in"));
        }
        let pipe = path.join("inside/p");
        mknodat(CWD, pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).expect("so can named pipes");
        UnixListener::bind(path.join("inside/s")).expect("so can sockets");
        let listener = UnixListener::bind(path.join("listener")).expect("so can sockets");
        let connected = UnixStream::connect(path.join("listener")).expect("somebody listens");
        let world = World {
            root,
            outside: Vec::new(),
            stdout: OutputPipe::new(OUTPUT),
            asked: Arc::default(),
            _reader: None,
            _writer: None,
            _peers: vec![connected],
        };
        (world, listener)
    }

    fn inside(&self) -> PathBuf {
        self.root.path().join("inside")
    }

    /// A path that only the host can follow.
    pub fn absolute(&self) -> String {
        self.root.path().join(CANARY).display().to_string()
    }

    /// One end of a connection, with something to read.
    fn socket(&mut self) -> UnixStream {
        let (mut peer, socket) = UnixStream::pair().expect("there are sockets");
        peer.write_all(&[b'p'; 500]).expect("somebody reads");
        self._peers.push(peer);
        socket
    }

    /// Everything outside of the directory in which the guest may change things.
    fn look(&self) -> Vec<(PathBuf, Seen)> {
        let below = |name: &str| self.root.path().join(name);
        let kept = ["kept", "kept/a", "kept/d", "kept/d/a", "kept/e"];
        let outside = ["", CANARY, "outside", "outside/canary"];
        outside.iter().chain(&kept).map(|name| (below(name), Seen::of(&below(name)))).collect()
    }

    /// A call is about to be made.
    pub fn begin_call(&self) {
        self.asked.store(0, Ordering::Relaxed);
    }

    /// Asserts that the guest has changed nothing but what it may.
    pub fn check(&self) {
        for ((path, before), (_, after)) in self.outside.iter().zip(self.look()) {
            assert_eq!(before, &after, "{} was changed", path.display());
        }
        assert!(self.stdout.contents().len() <= OUTPUT);
    }

    /// Asserts that what a call has written is not from outside.
    pub fn check_written(&self, bytes: &[u8]) {
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET), "a file outside was read");
    }

    /// Asserts that attributes are not of something outside.
    pub fn check_filestat(&self, bytes: &[u8]) {
        // Behind the first four comes what may be looked at.
        for (path, seen) in &self.outside[..4] {
            let identity: Vec<u8> =
                seen.numbers[..2].iter().flat_map(|number| number.to_le_bytes()).collect();
            assert_ne!(bytes[..16], identity, "{} was looked at", path.display());
        }
    }
}

impl Seen {
    fn of(path: &Path) -> Seen {
        let metadata = fs::symlink_metadata(path).expect("it is still there");
        let contents = if metadata.is_dir() {
            let mut names: Vec<_> = fs::read_dir(path)
                .expect("it is a directory")
                .map(|entry| entry.expect("it can be read").file_name().into_encoded_bytes())
                .collect();
            names.sort();
            names.join(&b'/')
        } else {
            fs::read(path).expect("it can be read")
        };
        Seen {
            numbers: [metadata.dev(), metadata.ino(), metadata.nlink(), u64::from(metadata.mode())],
            times: [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()],
            contents,
        }
    }
}

/// The error by which the host ends a call that waits too long.
#[derive(Debug)]
pub struct Waited;

impl std::fmt::Display for Waited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("waited for too long")
    }
}

impl std::error::Error for Waited {}
