//! The vocabularies of WASI preview 1: enumerations and flag sets, with the names the trace prints.

use crate::errno::Errno;

/// Declares an enumeration of the interface: variants are numbered from 0 in the order given.
macro_rules! enumeration {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name { $($(#[$vdoc])* $variant,)* }

        #[allow(dead_code, reason = "not every vocabulary needs every accessor")]
        impl $name {
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $text),)*];

            /// The value the interface numbers `raw`, if there is one.
            pub fn from_raw(raw: u32) -> Option<Self> {
                Self::ALL.get(raw as usize).map(|&(value, _)| value)
            }

            /// The name the interface gives this value.
            pub fn name(self) -> &'static str {
                Self::ALL[self as usize].1
            }

            /// The number the interface gives this value.
            pub fn raw(self) -> u32 {
                self as u32
            }
        }
    };
}

/// Declares a set of flags: the n-th name is bit n.
macro_rules! flags {
    ($(#[$doc:meta])* $vis:vis struct $name:ident: $repr:ty {
        $($(#[$fdoc:meta])* $flag:ident = $bit:literal $text:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
        $vis struct $name($repr);

        #[allow(dead_code, reason = "not every vocabulary needs every operation")]
        impl $name {
            $($(#[$fdoc])* pub const $flag: Self = Self(1 << $bit);)*
            const NAMES: &'static [&'static str] = &[$($text,)*];

            /// No flag.
            pub const fn empty() -> Self {
                Self(0)
            }

            /// Every flag.
            pub const fn all() -> Self {
                Self($((1 << $bit) |)* 0)
            }

            /// Whether every flag of `other` is in `self`.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether any flag of `other` is in `self`.
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// The flags in either.
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The flags in both.
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// The flags of `self` that are not in `other`.
            pub const fn difference(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            pub(crate) const fn bits(self) -> $repr {
                self.0
            }

            /// A guest's argument as flags; bits without a meaning are `inval`.
            pub(crate) fn parse(raw: u64) -> Result<Self, Errno> {
                if raw & !u64::from(Self::all().0) != 0 {
                    return Err(Errno::Inval);
                }
                Ok(Self(raw as $repr))
            }

            /// A guest's argument as flags; bits without a meaning are dropped.
            pub(crate) const fn truncate(raw: u64) -> Self {
                Self(raw as $repr & Self::all().0)
            }

            /// The names of the flags in the guest's argument, for the trace.
            pub(crate) fn describe(raw: u64, out: &mut String) {
                let start = out.len();
                for (bit, name) in Self::NAMES.iter().enumerate() {
                    if raw & (1 << bit) != 0 {
                        if out.len() > start {
                            out.push('|');
                        }
                        out.push_str(name);
                    }
                }
                let rest = raw & !u64::from(Self::all().0);
                if rest != 0 || out.len() == start {
                    if out.len() > start {
                        out.push('|');
                    }
                    if rest == 0 {
                        out.push('0');
                    } else {
                        out.push_str(&format!("{rest:#x}"));
                    }
                }
            }
        }

        impl std::ops::BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }
    };
}

flags! {
    /// What a descriptor may be used for.
    pub(crate) struct Rights: u64 {
        FD_DATASYNC = 0 "fd_datasync",
        FD_READ = 1 "fd_read",
        FD_SEEK = 2 "fd_seek",
        FD_FDSTAT_SET_FLAGS = 3 "fd_fdstat_set_flags",
        FD_SYNC = 4 "fd_sync",
        FD_TELL = 5 "fd_tell",
        FD_WRITE = 6 "fd_write",
        FD_ADVISE = 7 "fd_advise",
        FD_ALLOCATE = 8 "fd_allocate",
        PATH_CREATE_DIRECTORY = 9 "path_create_directory",
        PATH_CREATE_FILE = 10 "path_create_file",
        PATH_LINK_SOURCE = 11 "path_link_source",
        PATH_LINK_TARGET = 12 "path_link_target",
        PATH_OPEN = 13 "path_open",
        FD_READDIR = 14 "fd_readdir",
        PATH_READLINK = 15 "path_readlink",
        PATH_RENAME_SOURCE = 16 "path_rename_source",
        PATH_RENAME_TARGET = 17 "path_rename_target",
        PATH_FILESTAT_GET = 18 "path_filestat_get",
        PATH_FILESTAT_SET_SIZE = 19 "path_filestat_set_size",
        PATH_FILESTAT_SET_TIMES = 20 "path_filestat_set_times",
        FD_FILESTAT_GET = 21 "fd_filestat_get",
        FD_FILESTAT_SET_SIZE = 22 "fd_filestat_set_size",
        FD_FILESTAT_SET_TIMES = 23 "fd_filestat_set_times",
        PATH_SYMLINK = 24 "path_symlink",
        PATH_REMOVE_DIRECTORY = 25 "path_remove_directory",
        PATH_UNLINK_FILE = 26 "path_unlink_file",
        POLL_FD_READWRITE = 27 "poll_fd_readwrite",
        SOCK_SHUTDOWN = 28 "sock_shutdown",
        SOCK_ACCEPT = 29 "sock_accept",
    }
}

impl Rights {
    /// What can be done with a regular file.
    pub(crate) const FILE: Self = Self::FD_DATASYNC
        .union(Self::FD_READ)
        .union(Self::FD_SEEK)
        .union(Self::FD_FDSTAT_SET_FLAGS)
        .union(Self::FD_SYNC)
        .union(Self::FD_TELL)
        .union(Self::FD_WRITE)
        .union(Self::FD_ADVISE)
        .union(Self::FD_ALLOCATE)
        .union(Self::FD_FILESTAT_GET)
        .union(Self::FD_FILESTAT_SET_SIZE)
        .union(Self::FD_FILESTAT_SET_TIMES)
        .union(Self::POLL_FD_READWRITE);

    /// What can be done with a pipe, a terminal or another thing without a position.
    pub(crate) const STREAM: Self = Self::FD_READ
        .union(Self::FD_FDSTAT_SET_FLAGS)
        .union(Self::FD_SYNC)
        .union(Self::FD_DATASYNC)
        .union(Self::FD_WRITE)
        .union(Self::FD_FILESTAT_GET)
        .union(Self::POLL_FD_READWRITE);

    /// What can be done with a socket that carries data.
    pub(crate) const SOCKET: Self = Self::FD_READ
        .union(Self::FD_FDSTAT_SET_FLAGS)
        .union(Self::FD_WRITE)
        .union(Self::FD_FILESTAT_GET)
        .union(Self::POLL_FD_READWRITE)
        .union(Self::SOCK_SHUTDOWN);

    /// What can be done with a directory.
    pub(crate) const DIRECTORY: Self = Self::FD_DATASYNC
        .union(Self::FD_FDSTAT_SET_FLAGS)
        .union(Self::FD_SYNC)
        .union(Self::PATH_CREATE_DIRECTORY)
        .union(Self::PATH_CREATE_FILE)
        .union(Self::PATH_LINK_SOURCE)
        .union(Self::PATH_LINK_TARGET)
        .union(Self::PATH_OPEN)
        .union(Self::FD_READDIR)
        .union(Self::PATH_READLINK)
        .union(Self::PATH_RENAME_SOURCE)
        .union(Self::PATH_RENAME_TARGET)
        .union(Self::PATH_FILESTAT_GET)
        .union(Self::PATH_FILESTAT_SET_SIZE)
        .union(Self::PATH_FILESTAT_SET_TIMES)
        .union(Self::FD_FILESTAT_GET)
        .union(Self::FD_FILESTAT_SET_TIMES)
        .union(Self::PATH_SYMLINK)
        .union(Self::PATH_REMOVE_DIRECTORY)
        .union(Self::PATH_UNLINK_FILE)
        .union(Self::POLL_FD_READWRITE);

    /// Rights for which the host's file has to be open for reading.
    pub(crate) const READING: Self = Self::FD_READ.union(Self::FD_READDIR);

    /// Rights for which the host's file has to be open for writing.
    pub(crate) const WRITING: Self =
        Self::FD_WRITE.union(Self::FD_ALLOCATE).union(Self::FD_FILESTAT_SET_SIZE);
}

flags! {
    /// Flags of an open descriptor.
    pub(crate) struct FdFlags: u16 {
        APPEND = 0 "append",
        DSYNC = 1 "dsync",
        NONBLOCK = 2 "nonblock",
        RSYNC = 3 "rsync",
        SYNC = 4 "sync",
    }
}

flags! {
    /// Flags of `path_open`.
    pub(crate) struct OFlags: u16 {
        CREAT = 0 "creat",
        DIRECTORY = 1 "directory",
        EXCL = 2 "excl",
        TRUNC = 3 "trunc",
    }
}

flags! {
    /// How a path is resolved.
    pub(crate) struct LookupFlags: u32 {
        SYMLINK_FOLLOW = 0 "symlink_follow",
    }
}

flags! {
    /// Which timestamps to set, and to what.
    pub(crate) struct FstFlags: u16 {
        ATIM = 0 "atim",
        ATIM_NOW = 1 "atim_now",
        MTIM = 2 "mtim",
        MTIM_NOW = 3 "mtim_now",
    }
}

flags! {
    /// Flags of a clock subscription.
    pub(crate) struct SubClockFlags: u16 {
        ABSTIME = 0 "abstime",
    }
}

flags! {
    /// Flags of `sock_recv`.
    pub(crate) struct RiFlags: u16 {
        PEEK = 0 "recv_peek",
        WAITALL = 1 "recv_waitall",
    }
}

flags! {
    /// What `sock_recv` tells about the message.
    pub(crate) struct RoFlags: u16 {
        DATA_TRUNCATED = 0 "recv_data_truncated",
    }
}

flags! {
    /// Which directions `sock_shutdown` closes.
    pub(crate) struct SdFlags: u8 {
        RD = 0 "rd",
        WR = 1 "wr",
    }
}

flags! {
    /// What a guest may do with the directories below a preopened one.
    ///
    /// ```
    /// use brisk_wasi::DirPerms;
    ///
    /// let read_only = DirPerms::READ;
    /// assert!(DirPerms::all().contains(read_only));
    /// assert!(!read_only.contains(DirPerms::MUTATE));
    /// ```
    pub struct DirPerms: u8 {
        /// Entries can be listed, looked up and opened.
        READ = 0 "read",
        /// Entries can be created, renamed and removed.
        MUTATE = 1 "mutate",
    }
}

flags! {
    /// What a guest may do with the files below a preopened directory.
    ///
    /// ```
    /// use brisk_wasi::FilePerms;
    ///
    /// assert_eq!(FilePerms::READ | FilePerms::WRITE, FilePerms::all());
    /// ```
    pub struct FilePerms: u8 {
        /// Files can be read.
        READ = 0 "read",
        /// Files can be written, truncated, and their times set.
        WRITE = 1 "write",
    }
}

enumeration! {
    /// What a descriptor or a path names.
    pub(crate) enum FileType {
        Unknown = "unknown",
        BlockDevice = "block_device",
        CharacterDevice = "character_device",
        Directory = "directory",
        RegularFile = "regular_file",
        SocketDgram = "socket_dgram",
        SocketStream = "socket_stream",
        SymbolicLink = "symbolic_link",
    }
}

enumeration! {
    /// What an offset counts from.
    pub(crate) enum Whence {
        Set = "set",
        Cur = "cur",
        End = "end",
    }
}

enumeration! {
    /// How a file is going to be used.
    pub(crate) enum Advice {
        Normal = "normal",
        Sequential = "sequential",
        Random = "random",
        WillNeed = "willneed",
        DontNeed = "dontneed",
        NoReuse = "noreuse",
    }
}

enumeration! {
    /// The clocks of WASI.
    ///
    /// ```
    /// assert_eq!(brisk_wasi::ClockId::from_raw(1), Some(brisk_wasi::ClockId::Monotonic));
    /// assert_eq!(brisk_wasi::ClockId::Monotonic.name(), "monotonic");
    /// ```
    pub enum ClockId {
        /// Nanoseconds since 1970 began, in UTC.
        Realtime = "realtime",
        /// Nanoseconds since some moment; never goes back.
        Monotonic = "monotonic",
        /// CPU time of the process.
        ProcessCputime = "process_cputime_id",
        /// CPU time of the calling thread.
        ThreadCputime = "thread_cputime_id",
    }
}

enumeration! {
    /// What a subscription waits for.
    pub(crate) enum EventType {
        Clock = "clock",
        FdRead = "fd_read",
        FdWrite = "fd_write",
    }
}

enumeration! {
    /// The signals of `proc_raise`.
    pub(crate) enum Signal {
        None = "none",
        Hup = "hup",
        Int = "int",
        Quit = "quit",
        Ill = "ill",
        Trap = "trap",
        Abrt = "abrt",
        Bus = "bus",
        Fpe = "fpe",
        Kill = "kill",
        Usr1 = "usr1",
        Segv = "segv",
        Usr2 = "usr2",
        Pipe = "pipe",
        Alrm = "alrm",
        Term = "term",
        Chld = "chld",
        Cont = "cont",
        Stop = "stop",
        Tstp = "tstp",
        Ttin = "ttin",
        Ttou = "ttou",
        Urg = "urg",
        Xcpu = "xcpu",
        Xfsz = "xfsz",
        Vtalrm = "vtalrm",
        Prof = "prof",
        Winch = "winch",
        Poll = "poll",
        Pwr = "pwr",
        Sys = "sys",
    }
}

impl FileType {
    pub(crate) fn from_host(kind: rustix::fs::FileType) -> Self {
        use rustix::fs::FileType as Host;
        match kind {
            Host::RegularFile => Self::RegularFile,
            Host::Directory => Self::Directory,
            Host::Symlink => Self::SymbolicLink,
            Host::CharacterDevice => Self::CharacterDevice,
            Host::BlockDevice => Self::BlockDevice,
            Host::Socket => Self::SocketStream,
            // The interface has no number for a named pipe.
            Host::Fifo | Host::Unknown => Self::Unknown,
        }
    }
}
