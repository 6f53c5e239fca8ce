//! Error numbers, and how a call can fail.

use std::io;

macro_rules! errnos {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $([$host:ident])?,)*) => {
        /// The error numbers of WASI preview 1, in the interface's order: `Success` is 0.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(dead_code, reason = "the list is the interface's, not only what this host returns")]
        pub(crate) enum Errno { $($variant,)* }

        impl Errno {
            const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The name the interface gives this error.
            pub(crate) fn name(self) -> &'static str {
                Self::NAMES[self as usize]
            }

            /// The number a guest sees.
            pub(crate) fn raw(self) -> i32 {
                self as i32
            }
        }

        impl From<rustix::io::Errno> for Errno {
            fn from(host: rustix::io::Errno) -> Self {
                match host {
                    $($(rustix::io::Errno::$host => Self::$variant,)?)*
                    _ => Self::Io,
                }
            }
        }
    };
}

errnos! {
    Success = "success",
    TooBig = "2big" [TOOBIG],
    Acces = "acces" [ACCESS],
    AddrInUse = "addrinuse" [ADDRINUSE],
    AddrNotAvail = "addrnotavail" [ADDRNOTAVAIL],
    AfNoSupport = "afnosupport" [AFNOSUPPORT],
    Again = "again" [AGAIN],
    Already = "already" [ALREADY],
    Badf = "badf" [BADF],
    BadMsg = "badmsg" [BADMSG],
    Busy = "busy" [BUSY],
    Canceled = "canceled" [CANCELED],
    Child = "child" [CHILD],
    ConnAborted = "connaborted" [CONNABORTED],
    ConnRefused = "connrefused" [CONNREFUSED],
    ConnReset = "connreset" [CONNRESET],
    Deadlk = "deadlk" [DEADLK],
    DestAddrReq = "destaddrreq" [DESTADDRREQ],
    Dom = "dom" [DOM],
    Dquot = "dquot" [DQUOT],
    Exist = "exist" [EXIST],
    Fault = "fault" [FAULT],
    Fbig = "fbig" [FBIG],
    HostUnreach = "hostunreach" [HOSTUNREACH],
    Idrm = "idrm" [IDRM],
    Ilseq = "ilseq" [ILSEQ],
    InProgress = "inprogress" [INPROGRESS],
    Intr = "intr" [INTR],
    Inval = "inval" [INVAL],
    Io = "io" [IO],
    IsConn = "isconn" [ISCONN],
    Isdir = "isdir" [ISDIR],
    Loop = "loop" [LOOP],
    Mfile = "mfile" [MFILE],
    Mlink = "mlink" [MLINK],
    MsgSize = "msgsize" [MSGSIZE],
    Multihop = "multihop" [MULTIHOP],
    NameTooLong = "nametoolong" [NAMETOOLONG],
    NetDown = "netdown" [NETDOWN],
    NetReset = "netreset" [NETRESET],
    NetUnreach = "netunreach" [NETUNREACH],
    Nfile = "nfile" [NFILE],
    NoBufs = "nobufs" [NOBUFS],
    Nodev = "nodev" [NODEV],
    Noent = "noent" [NOENT],
    Noexec = "noexec" [NOEXEC],
    Nolck = "nolck" [NOLCK],
    NoLink = "nolink" [NOLINK],
    Nomem = "nomem" [NOMEM],
    Nomsg = "nomsg" [NOMSG],
    NoProtoOpt = "noprotoopt" [NOPROTOOPT],
    Nospc = "nospc" [NOSPC],
    Nosys = "nosys" [NOSYS],
    NotConn = "notconn" [NOTCONN],
    Notdir = "notdir" [NOTDIR],
    Notempty = "notempty" [NOTEMPTY],
    NotRecoverable = "notrecoverable" [NOTRECOVERABLE],
    NotSock = "notsock" [NOTSOCK],
    // Linux numbers ENOTSUP and EOPNOTSUPP alike.
    Notsup = "notsup" [OPNOTSUPP],
    Notty = "notty" [NOTTY],
    Nxio = "nxio" [NXIO],
    Overflow = "overflow" [OVERFLOW],
    OwnerDead = "ownerdead" [OWNERDEAD],
    Perm = "perm" [PERM],
    Pipe = "pipe" [PIPE],
    Proto = "proto" [PROTO],
    ProtoNoSupport = "protonosupport" [PROTONOSUPPORT],
    ProtoType = "prototype" [PROTOTYPE],
    Range = "range" [RANGE],
    Rofs = "rofs" [ROFS],
    Spipe = "spipe" [SPIPE],
    Srch = "srch" [SRCH],
    Stale = "stale" [STALE],
    TimedOut = "timedout" [TIMEDOUT],
    Txtbsy = "txtbsy" [TXTBSY],
    Xdev = "xdev" [XDEV],
    NotCapable = "notcapable",
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        if let Some(host) = rustix::io::Errno::from_io_error(&error) {
            return host.into();
        }
        // Errors that cap-std makes itself; a path that leads out of the directory is
        // `PermissionDenied`.
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Perm,
            io::ErrorKind::NotFound => Self::Noent,
            io::ErrorKind::AlreadyExists => Self::Exist,
            io::ErrorKind::InvalidInput => Self::Inval,
            io::ErrorKind::NotADirectory => Self::Notdir,
            io::ErrorKind::IsADirectory => Self::Isdir,
            io::ErrorKind::Unsupported => Self::Notsup,
            _ => Self::Io,
        }
    }
}

/// Why a call did not succeed.
pub(crate) enum Fail {
    /// The guest gets this number.
    Errno(Errno),
    /// The guest ends here: it exited, or the host's `on_wait` hook said stop.
    Stop(brisk::Error),
}

impl<E: Into<Errno>> From<E> for Fail {
    fn from(error: E) -> Self {
        Self::Errno(error.into())
    }
}

/// What every call returns.
pub(crate) type Outcome<T = ()> = Result<T, Fail>;

#[cfg(test)]
mod tests {
    use super::Errno;

    /// The ends and a few numbers between, from the interface's table.
    #[test]
    fn numbers_are_those_of_the_interface() {
        for (errno, number, name) in [
            (Errno::Success, 0, "success"),
            (Errno::Badf, 8, "badf"),
            (Errno::Fault, 21, "fault"),
            (Errno::Ilseq, 25, "ilseq"),
            (Errno::Inval, 28, "inval"),
            (Errno::Loop, 32, "loop"),
            (Errno::Noent, 44, "noent"),
            (Errno::Nosys, 52, "nosys"),
            (Errno::NotSock, 57, "notsock"),
            (Errno::Perm, 63, "perm"),
            (Errno::Spipe, 70, "spipe"),
            (Errno::NotCapable, 76, "notcapable"),
        ] {
            assert_eq!((errno.raw(), errno.name()), (number, name));
        }
    }
}
