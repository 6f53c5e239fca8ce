//! The guest's descriptors.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use cap_std::fs::Dir;

use crate::errno::Errno;
use crate::limits::{MAX_DIR_READERS, MAX_FDS};
use crate::stdio::{InputPipe, OutputPipe};
use crate::types::{DirPerms, FdFlags, FilePerms, FileType, Rights};

/// What is behind a descriptor.
pub(crate) enum Object {
    /// At its end when read, taking everything when written.
    Null,
    Input(InputPipe),
    Output(OutputPipe),
    /// The host process's own standard stream. Its file description is shared with other processes,
    /// so its flags are never changed.
    Stdin(std::io::Stdin),
    Stdout(std::io::Stdout),
    Stderr(std::io::Stderr),
    File(File),
    Directory(Directory),
    Socket(OwnedFd),
}

/// An open directory.
pub(crate) struct Directory {
    pub(crate) dir: Dir,
    pub(crate) dir_perms: DirPerms,
    pub(crate) file_perms: FilePerms,
}

/// A stream of `fd_readdir`, and the cookie it stands at.
pub(crate) struct DirReader {
    pub(crate) stream: rustix::fs::Dir,
    /// `None` after an entry was read that the guest did not get.
    pub(crate) position: Option<u64>,
}

/// An open descriptor.
pub(crate) struct Descriptor {
    pub(crate) object: Object,
    pub(crate) filetype: FileType,
    pub(crate) base: Rights,
    pub(crate) inheriting: Rights,
    pub(crate) flags: FdFlags,
    /// The guest's name for it, if it is a preopened directory.
    pub(crate) preopen: Option<String>,
    /// A file opened through a preopen without [`FilePerms::WRITE`].
    pub(crate) read_only: bool,
    /// The guest alone has it: it was opened or accepted for it, in a way that never blocks, and its flags
    /// can be changed. What the host hands in may block, and other processes may share its flags.
    pub(crate) own: bool,
}

impl Object {
    /// The host's descriptor, where there is one.
    pub(crate) fn host(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Null | Self::Input(_) | Self::Output(_) => None,
            Self::Stdin(stdin) => Some(stdin.as_fd()),
            Self::Stdout(stdout) => Some(stdout.as_fd()),
            Self::Stderr(stderr) => Some(stderr.as_fd()),
            Self::File(file) => Some(file.as_fd()),
            Self::Directory(directory) => Some(directory.dir.as_fd()),
            Self::Socket(socket) => Some(socket.as_fd()),
        }
    }
}

impl Descriptor {
    /// A descriptor that is not a preopen and has no flags.
    pub(crate) fn new(object: Object, filetype: FileType, base: Rights) -> Self {
        Self {
            object,
            filetype,
            base,
            inheriting: Rights::empty(),
            flags: FdFlags::empty(),
            preopen: None,
            read_only: false,
            own: false,
        }
    }

    /// A standard stream made of a host's file: positions only if it has them.
    pub(crate) fn stdio(object: Object, direction: Rights) -> Self {
        let kind = object.host().and_then(|fd| rustix::fs::fstat(fd).ok());
        let filetype = kind.map_or(FileType::Unknown, |stat| {
            FileType::from_host(rustix::fs::FileType::from_raw_mode(stat.st_mode))
        });
        let mut rights = Rights::STREAM.difference(Rights::FD_READ | Rights::FD_WRITE) | direction;
        if filetype == FileType::RegularFile {
            rights = rights | Rights::FD_SEEK | Rights::FD_TELL | Rights::FD_ADVISE;
        }
        let mut descriptor = Self::new(object, filetype, rights);
        let flags = descriptor.object.host().and_then(|fd| rustix::fs::fcntl_getfl(fd).ok());
        if flags.is_some_and(|flags| flags.contains(rustix::fs::OFlags::APPEND)) {
            descriptor.flags = FdFlags::APPEND;
        }
        descriptor
    }

    /// The stream of bytes an in-memory pipe is.
    pub(crate) fn pipe(object: Object, direction: Rights) -> Self {
        let rights = Rights::STREAM.difference(Rights::FD_READ | Rights::FD_WRITE) | direction;
        Self::new(object, FileType::Unknown, rights)
    }

    /// A socket handed in by the host or accepted from a listener. It is made non-blocking: waiting is
    /// this crate's, so that a host can end it.
    pub(crate) fn socket(socket: OwnedFd) -> Result<Self, Errno> {
        use rustix::net::{SocketType, sockopt};
        rustix::io::ioctl_fionbio(&socket, true)?;
        let filetype = match sockopt::socket_type(&socket)? {
            SocketType::DGRAM => FileType::SocketDgram,
            _ => FileType::SocketStream,
        };
        let listening = sockopt::socket_acceptconn(&socket).unwrap_or(false);
        let rights = if listening {
            Rights::SOCK_ACCEPT
                | Rights::FD_FDSTAT_SET_FLAGS
                | Rights::FD_FILESTAT_GET
                | Rights::POLL_FD_READWRITE
        } else {
            Rights::SOCKET
        };
        let mut descriptor = Self::new(Object::Socket(socket), filetype, rights);
        descriptor.own = true;
        if listening {
            descriptor.inheriting = Rights::SOCKET;
        }
        Ok(descriptor)
    }

    /// Fails unless the descriptor has every right of `needed`.
    pub(crate) fn require(&self, needed: Rights) -> Result<(), Errno> {
        if self.base.contains(needed) { Ok(()) } else { Err(Errno::NotCapable) }
    }

    /// Whether the thing has no position and may have to be waited for.
    pub(crate) fn is_stream(&self) -> bool {
        !matches!(self.filetype, FileType::RegularFile | FileType::Directory | FileType::BlockDevice)
    }
}

/// Descriptors by number.
#[derive(Default)]
pub(crate) struct FdTable {
    slots: Vec<Option<Descriptor>>,
    /// The directories listed last, newest at the end. Reading ahead takes memory, so not every
    /// descriptor keeps its stream; a cookie finds its place in a new one as well.
    readers: Vec<(u32, DirReader)>,
}

impl FdTable {
    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots.get(fd as usize).and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    /// The descriptor, if it is a directory with the rights `needed`.
    pub(crate) fn directory(&self, fd: u32, needed: Rights) -> Result<(&Descriptor, &Directory), Errno> {
        let descriptor = self.get(fd)?;
        let Object::Directory(directory) = &descriptor.object else { return Err(Errno::Notdir) };
        descriptor.require(needed)?;
        Ok((descriptor, directory))
    }

    /// Fails when another descriptor would be one too many; to be asked before something is opened.
    pub(crate) fn reserve(&self) -> Result<(), Errno> {
        if self.slots.len() < MAX_FDS || self.slots.iter().any(Option::is_none) {
            Ok(())
        } else {
            Err(Errno::Mfile)
        }
    }

    /// Gives the descriptor the lowest free number.
    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let free = self.slots.iter().position(Option::is_none);
        let index = match free {
            Some(index) => index,
            None if self.slots.len() < MAX_FDS => {
                self.slots.push(None);
                self.slots.len() - 1
            }
            None => return Err(Errno::Mfile),
        };
        self.slots[index] = Some(descriptor);
        Ok(index as u32)
    }

    pub(crate) fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        self.take_reader(fd);
        self.slots.get_mut(fd as usize).and_then(Option::take).ok_or(Errno::Badf)
    }

    /// Moves `from` to the number `to`, closing what was there. Both must be open, as the interface
    /// has no way to ask for a number that is free.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let descriptor = self.remove(from)?;
            self.take_reader(to);
            self.slots[to as usize] = Some(descriptor);
        }
        Ok(())
    }
}

impl FdTable {
    /// The stream of a directory listed lately.
    pub(crate) fn take_reader(&mut self, fd: u32) -> Option<DirReader> {
        let index = self.readers.iter().position(|(of, _)| *of == fd)?;
        Some(self.readers.remove(index).1)
    }

    /// Keeps the stream of a directory, and lets go of the one used longest ago.
    pub(crate) fn keep_reader(&mut self, fd: u32, reader: DirReader) {
        if self.readers.len() == MAX_DIR_READERS {
            self.readers.remove(0);
        }
        self.readers.push((fd, reader));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn null() -> Descriptor {
        Descriptor::new(Object::Null, FileType::Unknown, Rights::empty())
    }

    #[test]
    fn the_table_is_full_at_its_cap_and_reuses_what_is_closed() {
        let mut table = FdTable::default();
        for fd in 0..MAX_FDS {
            assert_eq!(table.insert(null()), Ok(fd as u32));
        }
        assert_eq!(table.reserve(), Err(Errno::Mfile));
        assert_eq!(table.insert(null()), Err(Errno::Mfile));
        assert!(table.remove(17).is_ok());
        assert_eq!(table.reserve(), Ok(()));
        assert_eq!(table.insert(null()), Ok(17));
    }
}
