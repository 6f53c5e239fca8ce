//! A guest whose every WASI call is made by the test.

use std::fmt::Write;
use std::sync::LazyLock;

use brisk::{Engine, Error, Instance, Linker, Memory, Module, Store, Val};
use brisk_wasi::{DirPerms, FilePerms, WasiCtx, WasiCtxBuilder};
use tempfile::TempDir;

/// The functions and their parameter types (`i` for i32, `l` for i64), written from the interface's
/// definition and not from the crate's table.
pub const SIGNATURES: [(&str, &str); 46] = [
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_prestat_get", "ii"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("sched_yield", ""),
    ("random_get", "ii"),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

/// Error names by number, from the interface's definition.
const ERRNOS: [&str; 77] = [
    "success",
    "2big",
    "acces",
    "addrinuse",
    "addrnotavail",
    "afnosupport",
    "again",
    "already",
    "badf",
    "badmsg",
    "busy",
    "canceled",
    "child",
    "connaborted",
    "connrefused",
    "connreset",
    "deadlk",
    "destaddrreq",
    "dom",
    "dquot",
    "exist",
    "fault",
    "fbig",
    "hostunreach",
    "idrm",
    "ilseq",
    "inprogress",
    "intr",
    "inval",
    "io",
    "isconn",
    "isdir",
    "loop",
    "mfile",
    "mlink",
    "msgsize",
    "multihop",
    "nametoolong",
    "netdown",
    "netreset",
    "netunreach",
    "nfile",
    "nobufs",
    "nodev",
    "noent",
    "noexec",
    "nolck",
    "nolink",
    "nomem",
    "nomsg",
    "noprotoopt",
    "nospc",
    "nosys",
    "notconn",
    "notdir",
    "notempty",
    "notrecoverable",
    "notsock",
    "notsup",
    "notty",
    "nxio",
    "overflow",
    "ownerdead",
    "perm",
    "pipe",
    "proto",
    "protonosupport",
    "prototype",
    "range",
    "rofs",
    "spipe",
    "srch",
    "stale",
    "timedout",
    "txtbsy",
    "xdev",
    "notcapable",
];

pub const CREAT: i64 = 1;
pub const DIRECTORY: i64 = 2;
pub const EXCL: i64 = 4;
pub const TRUNC: i64 = 8;

pub const APPEND: i64 = 1;
pub const NONBLOCK: i64 = 4;

pub const FOLLOW: i64 = 1;

pub const FD_READ: i64 = 1 << 1;
pub const FD_SEEK: i64 = 1 << 2;
pub const FD_TELL: i64 = 1 << 5;
pub const FD_WRITE: i64 = 1 << 6;
pub const PATH_OPEN: i64 = 1 << 13;
pub const FD_READDIR: i64 = 1 << 14;
pub const FD_FILESTAT_GET: i64 = 1 << 21;
pub const FD_FILESTAT_SET_TIMES: i64 = 1 << 23;
pub const ALL_RIGHTS: i64 = (1 << 30) - 1;

/// Rights of a file with which everything can be done.
pub const FILE_RIGHTS: i64 = 0x08e0_01ff;

/// Pages of the guest's memory, and its size in bytes.
pub const PAGES: u32 = 4;
pub const MEMORY: u32 = PAGES * 65536;

/// Where the helpers put results, iovecs, strings and data. Tests use what lies above.
pub const RESULT: u32 = 0;
const IOVS: u32 = 1024;
const PATH_A: u32 = 16384;
const PATH_B: u32 = 32768;
pub const DATA: u32 = 65536;

pub type Result<T> = std::result::Result<T, &'static str>;

pub struct Guest {
    pub store: Store<WasiCtx>,
    pub instance: Instance,
    pub memory: Memory,
}

impl Guest {
    pub fn new(builder: &mut WasiCtxBuilder) -> Self {
        static MODULE: LazyLock<Module> = LazyLock::new(|| {
            let memory = format!(r#"(memory (export "memory") {PAGES})"#);
            Module::new(&Engine::default(), pass_through(&memory)).unwrap()
        });
        Self::of(&MODULE, builder).unwrap()
    }

    /// A guest whose functions are those of the interface's first version.
    pub fn unstable(builder: &mut WasiCtxBuilder) -> Self {
        let later = |line: &&str| !line.contains("sock_accept");
        let wat = pass_through(&format!("(memory (export \"memory\") {PAGES})\n"));
        let wat: String = wat.split_inclusive('\n').filter(later).collect();
        let wat = wat.replace("wasi_snapshot_preview1", "wasi_unstable");
        Self::of(&Module::new(&Engine::default(), wat).unwrap(), builder).unwrap()
    }

    /// A guest made of a module that passes functions through.
    pub fn of(module: &Module, builder: &mut WasiCtxBuilder) -> std::result::Result<Self, Error> {
        let mut linker = Linker::new(module.engine());
        brisk_wasi::add_to_linker(&mut linker, |wasi| wasi)?;
        brisk_wasi::add_unstable_to_linker(&mut linker, |wasi| wasi)?;
        let mut store = Store::new(module.engine(), builder.build());
        let instance = linker.instantiate(&mut store, module)?;
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        Ok(Self { store, instance, memory })
    }

    /// A guest with a fresh directory, in which it may do everything, as descriptor 3.
    pub fn with_dir() -> (Self, TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let guest = Self::new(
            WasiCtxBuilder::new().preopened_dir(dir.path(), "/", DirPerms::all(), FilePerms::all()).unwrap(),
        );
        (guest, dir)
    }

    /// Makes a call; what comes back is its number, or the error that ended the guest.
    pub fn raw(&mut self, name: &str, args: &[i64]) -> std::result::Result<i32, Error> {
        let (_, params) = SIGNATURES.iter().find(|(n, _)| *n == name).unwrap();
        assert_eq!(params.len(), args.len(), "{name}");
        let args: Vec<Val> = params
            .chars()
            .zip(args)
            .map(|(ty, &arg)| if ty == 'i' { Val::I32(arg as i32) } else { Val::I64(arg) })
            .collect();
        let func = self.instance.get_func(&mut self.store, name).unwrap();
        let mut results = [Val::I32(0)];
        let results = if name == "proc_exit" { &mut results[..0] } else { &mut results[..] };
        func.call(&mut self.store, &args, results)?;
        Ok(match results {
            [Val::I32(errno)] => *errno,
            _ => 0,
        })
    }

    /// Makes a call that does not end the guest.
    pub fn call(&mut self, name: &str, args: &[i64]) -> Result<()> {
        match self.raw(name, args).unwrap() {
            0 => Ok(()),
            errno => Err(ERRNOS[errno as usize]),
        }
    }

    pub fn put(&mut self, at: u32, bytes: &[u8]) -> i64 {
        self.memory.data_mut(&mut self.store)[at as usize..][..bytes.len()].copy_from_slice(bytes);
        at.into()
    }

    pub fn get(&self, at: u32, len: u32) -> Vec<u8> {
        self.memory.data(&self.store)[at as usize..][..len as usize].to_vec()
    }

    pub fn u8(&self, at: u32) -> u8 {
        self.get(at, 1)[0]
    }

    pub fn u16(&self, at: u32) -> u16 {
        u16::from_le_bytes(self.get(at, 2).try_into().unwrap())
    }

    pub fn u32(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.get(at, 4).try_into().unwrap())
    }

    pub fn u64(&self, at: u32) -> u64 {
        u64::from_le_bytes(self.get(at, 8).try_into().unwrap())
    }

    /// Puts a string where paths are put, and returns it as two arguments.
    fn path(&mut self, at: u32, path: impl AsRef<[u8]>) -> [i64; 2] {
        let path = path.as_ref();
        [self.put(at, path), path.len() as i64]
    }

    /// Lays out iovecs over buffers at the given places.
    pub fn iovs(&mut self, buffers: &[(u32, u32)]) -> [i64; 2] {
        for (i, (at, len)) in buffers.iter().enumerate() {
            self.put(IOVS + 8 * i as u32, &at.to_le_bytes());
            self.put(IOVS + 8 * i as u32 + 4, &len.to_le_bytes());
        }
        [IOVS.into(), buffers.len() as i64]
    }

    pub fn open_with(
        &mut self,
        fd: u32,
        lookup: i64,
        path: impl AsRef<[u8]>,
        oflags: i64,
        rights: (i64, i64),
        fdflags: i64,
    ) -> Result<u32> {
        let [path, len] = self.path(PATH_A, path);
        let args = [fd.into(), lookup, path, len, oflags, rights.0, rights.1, fdflags, RESULT.into()];
        self.call("path_open", &args)?;
        Ok(self.u32(RESULT))
    }

    /// Opens a path below descriptor 3, not following a link at its end.
    pub fn open(&mut self, path: impl AsRef<[u8]>, oflags: i64, rights: i64) -> Result<u32> {
        self.open_with(3, 0, path, oflags, (rights, 0), 0)
    }

    /// A file with contents, open for everything, its position at the start.
    pub fn file(&mut self, path: &str, contents: &[u8]) -> u32 {
        let fd = self.open(path, CREAT | EXCL, FILE_RIGHTS).unwrap();
        if !contents.is_empty() {
            assert_eq!(self.write(fd, contents), Ok(contents.len() as u32));
            assert_eq!(self.seek(fd, 0, 0), Ok(0));
        }
        fd
    }

    pub fn close(&mut self, fd: u32) -> Result<()> {
        self.call("fd_close", &[fd.into()])
    }

    pub fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32> {
        self.put(DATA, bytes);
        let [iovs, len] = self.iovs(&[(DATA, bytes.len() as u32)]);
        self.call("fd_write", &[fd.into(), iovs, len, RESULT.into()])?;
        Ok(self.u32(RESULT))
    }

    pub fn read(&mut self, fd: u32, len: u32) -> Result<Vec<u8>> {
        let [iovs, count] = self.iovs(&[(DATA, len)]);
        self.call("fd_read", &[fd.into(), iovs, count, RESULT.into()])?;
        Ok(self.get(DATA, self.u32(RESULT)))
    }

    pub fn pwrite(&mut self, fd: u32, bytes: &[u8], offset: i64) -> Result<u32> {
        self.put(DATA, bytes);
        let [iovs, len] = self.iovs(&[(DATA, bytes.len() as u32)]);
        self.call("fd_pwrite", &[fd.into(), iovs, len, offset, RESULT.into()])?;
        Ok(self.u32(RESULT))
    }

    pub fn pread(&mut self, fd: u32, len: u32, offset: i64) -> Result<Vec<u8>> {
        let [iovs, count] = self.iovs(&[(DATA, len)]);
        self.call("fd_pread", &[fd.into(), iovs, count, offset, RESULT.into()])?;
        Ok(self.get(DATA, self.u32(RESULT)))
    }

    pub fn seek(&mut self, fd: u32, offset: i64, whence: i64) -> Result<u64> {
        self.call("fd_seek", &[fd.into(), offset, whence, RESULT.into()])?;
        Ok(self.u64(RESULT))
    }

    pub fn tell(&mut self, fd: u32) -> Result<u64> {
        self.call("fd_tell", &[fd.into(), RESULT.into()])?;
        Ok(self.u64(RESULT))
    }

    pub fn fdstat(&mut self, fd: u32) -> Result<FdStat> {
        self.call("fd_fdstat_get", &[fd.into(), RESULT.into()])?;
        Ok(FdStat {
            filetype: self.u8(RESULT),
            flags: self.u16(RESULT + 2).into(),
            base: self.u64(RESULT + 8) as i64,
            inheriting: self.u64(RESULT + 16) as i64,
        })
    }

    fn filestat(&self) -> FileStat {
        FileStat {
            dev: self.u64(RESULT),
            ino: self.u64(RESULT + 8),
            filetype: self.u8(RESULT + 16),
            nlink: self.u64(RESULT + 24),
            size: self.u64(RESULT + 32),
            atim: self.u64(RESULT + 40),
            mtim: self.u64(RESULT + 48),
            ctim: self.u64(RESULT + 56),
        }
    }

    pub fn fd_stat(&mut self, fd: u32) -> Result<FileStat> {
        self.call("fd_filestat_get", &[fd.into(), RESULT.into()])?;
        Ok(self.filestat())
    }

    pub fn path_stat(&mut self, lookup: i64, path: impl AsRef<[u8]>) -> Result<FileStat> {
        let [path, len] = self.path(PATH_A, path);
        self.call("path_filestat_get", &[3, lookup, path, len, RESULT.into()])?;
        Ok(self.filestat())
    }

    pub fn set_path_times(
        &mut self,
        lookup: i64,
        path: &str,
        atim: i64,
        mtim: i64,
        flags: i64,
    ) -> Result<()> {
        let [path, len] = self.path(PATH_A, path);
        self.call("path_filestat_set_times", &[3, lookup, path, len, atim, mtim, flags])
    }

    fn on_path(&mut self, name: &str, fd: u32, path: impl AsRef<[u8]>) -> Result<()> {
        let [path, len] = self.path(PATH_A, path);
        self.call(name, &[fd.into(), path, len])
    }

    pub fn mkdir(&mut self, path: impl AsRef<[u8]>) -> Result<()> {
        self.on_path("path_create_directory", 3, path)
    }

    pub fn rmdir(&mut self, path: impl AsRef<[u8]>) -> Result<()> {
        self.on_path("path_remove_directory", 3, path)
    }

    pub fn unlink(&mut self, path: impl AsRef<[u8]>) -> Result<()> {
        self.on_path("path_unlink_file", 3, path)
    }

    pub fn symlink(&mut self, target: impl AsRef<[u8]>, path: impl AsRef<[u8]>) -> Result<()> {
        let [target, target_len] = self.path(PATH_A, target);
        let [path, len] = self.path(PATH_B, path);
        self.call("path_symlink", &[target, target_len, 3, path, len])
    }

    pub fn readlink(&mut self, path: impl AsRef<[u8]>, len: u32) -> Result<Vec<u8>> {
        let [path, path_len] = self.path(PATH_A, path);
        let buf = DATA.into();
        self.call("path_readlink", &[3, path, path_len, buf, len.into(), RESULT.into()])?;
        Ok(self.get(DATA, self.u32(RESULT)))
    }

    pub fn rename_between(&mut self, from: (u32, &str), to: (u32, &str)) -> Result<()> {
        let [old, old_len] = self.path(PATH_A, from.1);
        let [new, new_len] = self.path(PATH_B, to.1);
        self.call("path_rename", &[from.0.into(), old, old_len, to.0.into(), new, new_len])
    }

    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        self.rename_between((3, from), (3, to))
    }

    pub fn link_between(&mut self, flags: i64, from: (u32, &str), to: (u32, &str)) -> Result<()> {
        let [old, old_len] = self.path(PATH_A, from.1);
        let [new, new_len] = self.path(PATH_B, to.1);
        self.call("path_link", &[from.0.into(), flags, old, old_len, to.0.into(), new, new_len])
    }

    pub fn link(&mut self, from: &str, to: &str) -> Result<()> {
        self.link_between(0, (3, from), (3, to))
    }

    /// One call of `fd_readdir`: the complete entries, and whether it said that was all.
    pub fn readdir_once(&mut self, fd: u32, buf_len: u32, cookie: u64) -> Result<(Vec<Entry>, bool)> {
        self.call("fd_readdir", &[fd.into(), DATA.into(), buf_len.into(), cookie as i64, RESULT.into()])?;
        let used = self.u32(RESULT);
        assert!(used <= buf_len);
        let bytes = self.get(DATA, used);
        let mut entries = Vec::new();
        let mut rest = &bytes[..];
        while rest.len() >= 24 {
            let word = |at: usize| u64::from_le_bytes(rest[at..at + 8].try_into().unwrap());
            let len = u32::from_le_bytes(rest[16..20].try_into().unwrap()) as usize;
            if rest.len() < 24 + len {
                break;
            }
            entries.push(Entry {
                next: word(0),
                ino: word(8),
                filetype: rest[20],
                name: String::from_utf8(rest[24..24 + len].to_vec()).unwrap(),
            });
            rest = &rest[24 + len..];
        }
        Ok((entries, used < buf_len))
    }

    /// The whole directory, read with a buffer of `buf_len` bytes.
    pub fn readdir(&mut self, fd: u32, buf_len: u32) -> Result<Vec<Entry>> {
        let mut all: Vec<Entry> = Vec::new();
        loop {
            let cookie = all.last().map_or(0, |entry| entry.next);
            let (entries, end) = self.readdir_once(fd, buf_len, cookie)?;
            all.extend(entries);
            if end {
                return Ok(all);
            }
        }
    }

    /// The names in a directory except the dots, sorted.
    pub fn names(&mut self, fd: u32) -> Vec<String> {
        let mut names: Vec<_> = self.readdir(fd, 4096).unwrap().into_iter().map(|entry| entry.name).collect();
        names.retain(|name| name != "." && name != "..");
        names.sort();
        names
    }
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct FdStat {
    pub filetype: u8,
    pub flags: i64,
    pub base: i64,
    pub inheriting: i64,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct FileStat {
    pub dev: u64,
    pub ino: u64,
    pub filetype: u8,
    pub nlink: u64,
    pub size: u64,
    pub atim: u64,
    pub mtim: u64,
    pub ctim: u64,
}

#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Entry {
    pub next: u64,
    pub ino: u64,
    pub filetype: u8,
    pub name: String,
}

/// A module that exports every function of WASI under its name, and what `more` adds.
pub fn pass_through(more: &str) -> String {
    let mut wat = "(module\n".to_owned();
    for (name, params) in SIGNATURES {
        let result = if name == "proc_exit" { "" } else { "(result i32)" };
        let _ = write!(wat, r#"(import "wasi_snapshot_preview1" "{name}" (func ${name} (param"#);
        for ty in params.chars() {
            wat.push_str(if ty == 'i' { " i32" } else { " i64" });
        }
        let _ = writeln!(wat, ") {result}))");
    }
    wat.push_str(more);
    for (name, params) in SIGNATURES {
        let result = if name == "proc_exit" { "" } else { "(result i32)" };
        let _ = write!(wat, r#"(func (export "{name}") (param"#);
        for ty in params.chars() {
            wat.push_str(if ty == 'i' { " i32" } else { " i64" });
        }
        let _ = write!(wat, ") {result}");
        for i in 0..params.len() {
            let _ = write!(wat, " (local.get {i})");
        }
        let _ = writeln!(wat, " (call ${name}))");
    }
    wat.push(')');
    wat
}
