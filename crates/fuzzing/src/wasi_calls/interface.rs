//! The functions of WASI preview 1, written from the interface's definition and not from the table of
//! `brisk-wasi`: what each parameter means, and what may be written because of it.

/// What a parameter means. Parameters of pairs follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Param {
    /// A descriptor, and what it is best for the function.
    Fd(Best),
    /// An `i32` of which the values below this mean something.
    Small(u32),
    /// An `i64`: an offset, a size, a time.
    Long,
    /// An `i64` that says how much of the disk to use.
    Space,
    /// An `i64` of rights.
    Rights,
    /// A pointer to a path; its length is next.
    Path,
    /// A pointer to iovecs whose buffers are filled; their number is next.
    Fill,
    /// A pointer to iovecs whose buffers are read; their number is next.
    Drain,
    /// A pointer to a buffer that is filled; its length is next.
    Buffer,
    /// The length of what the parameter in front of it points to.
    Length,
    /// A pointer to subscriptions. Behind it come the pointer to the events, and the number of both.
    Subscriptions,
    /// A pointer to events.
    Events,
    /// A pointer to a result of so many bytes.
    Out(u32),
}

impl Param {
    /// Whether it is an `i64`.
    pub fn is_long(self) -> bool {
        matches!(self, Param::Long | Param::Space | Param::Rights)
    }
}

/// What a descriptor has to be if a function is to succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Best {
    /// Open.
    Any,
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// Something to read from.
    Source,
    /// Something to write to.
    Sink,
    /// A connected socket.
    Socket,
    /// A socket that accepts connections.
    Listener,
}

/// A function of the interface.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
}

impl Function {
    /// Whether it has a result: all but one give the number of an error.
    pub fn returns(&self) -> bool {
        self.name != "proc_exit"
    }
}

/// The arguments of the guest.
pub const ARGS: [&str; 2] = ["a", "bc"];
/// The only variable of its environment.
pub const ENV: (&str, &str) = ("K", "V");

/// All of them.
pub const FUNCTIONS: [Function; 46] = {
    use Best::{Any, Directory, File, Listener, Sink, Socket, Source};
    use Param::{
        Buffer, Drain, Events, Fd, Fill, Length, Long, Out, Path, Rights, Small, Space, Subscriptions,
    };
    const fn f(name: &'static str, params: &'static [Param]) -> Function {
        Function { name, params }
    }
    const DIR: Param = Fd(Directory);
    const FILE: Param = Fd(File);
    [
        // Pointers to two strings, and the strings with their NULs.
        f("args_get", &[Out(8), Out(5)]),
        f("args_sizes_get", &[Out(4), Out(4)]),
        f("environ_get", &[Out(4), Out(4)]),
        f("environ_sizes_get", &[Out(4), Out(4)]),
        f("clock_res_get", &[Small(4), Out(8)]),
        f("clock_time_get", &[Small(4), Long, Out(8)]),
        f("fd_advise", &[FILE, Long, Long, Small(6)]),
        f("fd_allocate", &[FILE, Space, Space]),
        f("fd_close", &[Fd(Any)]),
        f("fd_datasync", &[FILE]),
        f("fd_fdstat_get", &[Fd(Any), Out(24)]),
        f("fd_fdstat_set_flags", &[FILE, Small(32)]),
        f("fd_fdstat_set_rights", &[Fd(Any), Rights, Rights]),
        f("fd_filestat_get", &[Fd(Any), Out(64)]),
        f("fd_filestat_set_size", &[FILE, Space]),
        f("fd_filestat_set_times", &[FILE, Long, Long, Small(16)]),
        f("fd_pread", &[FILE, Fill, Length, Long, Out(4)]),
        f("fd_prestat_get", &[DIR, Out(8)]),
        f("fd_prestat_dir_name", &[DIR, Buffer, Length]),
        f("fd_pwrite", &[FILE, Drain, Length, Space, Out(4)]),
        f("fd_read", &[Fd(Source), Fill, Length, Out(4)]),
        f("fd_readdir", &[DIR, Buffer, Length, Long, Out(4)]),
        f("fd_renumber", &[Fd(Any), Fd(Any)]),
        f("fd_seek", &[FILE, Long, Small(3), Out(8)]),
        f("fd_sync", &[FILE]),
        f("fd_tell", &[FILE, Out(8)]),
        f("fd_write", &[Fd(Sink), Drain, Length, Out(4)]),
        f("path_create_directory", &[DIR, Path, Length]),
        f("path_filestat_get", &[DIR, Small(2), Path, Length, Out(64)]),
        f("path_filestat_set_times", &[DIR, Small(2), Path, Length, Long, Long, Small(16)]),
        f("path_link", &[DIR, Small(2), Path, Length, DIR, Path, Length]),
        f("path_open", &[DIR, Small(2), Path, Length, Small(16), Rights, Rights, Small(32), Out(4)]),
        f("path_readlink", &[DIR, Path, Length, Buffer, Length, Out(4)]),
        f("path_remove_directory", &[DIR, Path, Length]),
        f("path_rename", &[DIR, Path, Length, DIR, Path, Length]),
        f("path_symlink", &[Path, Length, DIR, Path, Length]),
        f("path_unlink_file", &[DIR, Path, Length]),
        f("poll_oneoff", &[Subscriptions, Events, Length, Out(4)]),
        f("proc_exit", &[Small(3)]),
        f("proc_raise", &[Small(31)]),
        f("sched_yield", &[]),
        f("random_get", &[Buffer, Length]),
        f("sock_accept", &[Fd(Listener), Small(5), Out(4)]),
        f("sock_recv", &[Fd(Socket), Fill, Length, Small(4), Out(4), Out(2)]),
        f("sock_send", &[Fd(Socket), Drain, Length, Small(1), Out(4)]),
        f("sock_shutdown", &[Fd(Socket), Small(4)]),
    ]
};

/// Bytes of a subscription.
pub const SUBSCRIPTION: u32 = 48;
/// Bytes of an event.
pub const EVENT: u32 = 32;
