//! Where a path's last component is.
//!
//! Calls that create, remove or name something work on the last component of a path, inside the
//! directory that holds it. That directory is opened by `cap-std`, which does not leave the starting
//! directory; the component itself is a single name, which the host does not follow. In front of the
//! host's functions trailing slashes are taken off, since there they would make it follow a symbolic
//! link; what they mean is decided here, as Linux does it for each call.

use std::os::fd::{AsFd, BorrowedFd};

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, FileType, Stat};

use crate::errno::Errno;

/// A path's last component and the directory it is in.
pub(crate) struct Place<'a> {
    parent: Parent<'a>,
    pub(crate) last: Last<'a>,
    /// The path ends with a slash: it is meant to name a directory.
    pub(crate) slash: bool,
}

enum Parent<'a> {
    Start(&'a Dir),
    Opened(Dir),
}

/// A path's last component.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last<'a> {
    Name(&'a str),
    Dot,
    DotDot,
}

impl<'a> Place<'a> {
    pub(crate) fn find(start: &'a Dir, path: &'a str) -> Result<Self, Errno> {
        check(path)?;
        let trimmed = path.trim_end_matches('/');
        let slash = trimmed.len() < path.len();
        let (above, last) = match trimmed.rsplit_once('/') {
            Some((above, last)) => (Some(above), last),
            None => (None, trimmed),
        };
        let last = match last {
            "." => Last::Dot,
            ".." => {
                // Nothing is done with it, but one that leads outside is told apart.
                start.open_dir(trimmed)?;
                Last::DotDot
            }
            name => Last::Name(name),
        };
        let parent = match above {
            Some(above) => Parent::Opened(start.open_dir(above)?),
            None => Parent::Start(start),
        };
        Ok(Self { parent, last, slash })
    }

    /// The name, or `errno` where the path ends with a dot or two.
    pub(crate) fn name_or(&self, errno: Errno) -> Result<&'a str, Errno> {
        match self.last {
            Last::Name(name) => Ok(name),
            Last::Dot | Last::DotDot => Err(errno),
        }
    }

    /// What is at the name, without following it.
    pub(crate) fn stat(&self, name: &str) -> Result<Stat, Errno> {
        Ok(rustix::fs::statat(self, name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    pub(crate) fn is_directory(&self, name: &str) -> Result<bool, Errno> {
        Ok(FileType::from_raw_mode(self.stat(name)?.st_mode) == FileType::Directory)
    }
}

impl AsFd for Place<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.parent {
            Parent::Start(dir) => dir.as_fd(),
            Parent::Opened(dir) => dir.as_fd(),
        }
    }
}

/// Fails for a path that names nothing, and for an absolute one: a guest's paths start at a descriptor.
pub(crate) fn check(path: &str) -> Result<(), Errno> {
    if path.is_empty() {
        Err(Errno::Noent)
    } else if path.starts_with('/') {
        Err(Errno::Perm)
    } else {
        Ok(())
    }
}
