//! Calls on paths.

use std::time::{Duration, SystemTime};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt, SystemTimeSpec};
use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, Mode, Timespec};

use crate::calls::fd::{set_append, timestamps};
use crate::ctx::WasiCtx;
use crate::errno::{Errno, Outcome};
use crate::fd_table::{Descriptor, Directory, Object};
use crate::filestat::FileStat;
use crate::guest::Guest;
use crate::place::{Last, Place, check};
use crate::types::{DirPerms, FdFlags, FilePerms, FileType, LookupFlags, OFlags, Rights};

impl Directory {
    /// Fails unless names can be looked up in it.
    fn readable(&self) -> Result<&Self, Errno> {
        if self.dir_perms.contains(DirPerms::READ) { Ok(self) } else { Err(Errno::Acces) }
    }

    /// Fails unless its entries can be changed.
    fn mutable(&self) -> Result<&Self, Errno> {
        if self.dir_perms.contains(DirPerms::MUTATE) { Ok(self) } else { Err(Errno::Rofs) }
    }

    /// Fails where moving or linking a file from `self` to `other` would let the guest do more with it
    /// than before. As between two mounts, it has to be copied.
    fn gives_no_more_in(&self, other: &Self) -> Result<(), Errno> {
        if self.dir_perms.contains(other.dir_perms) && self.file_perms.contains(other.file_perms) {
            Ok(())
        } else {
            Err(Errno::Xdev)
        }
    }
}

pub(crate) fn path_create_directory(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Outcome {
    let path = mem.path(path, path_len)?;
    let (_, directory) = ctx.fds.directory(fd, Rights::PATH_CREATE_DIRECTORY)?;
    let place = Place::find(&directory.mutable()?.dir, path)?;
    rustix::fs::mkdirat(&place, place.name_or(Errno::Exist)?, Mode::from_raw_mode(0o777))?;
    Ok(())
}

pub(crate) fn path_remove_directory(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Outcome {
    let path = mem.path(path, path_len)?;
    let (_, directory) = ctx.fds.directory(fd, Rights::PATH_REMOVE_DIRECTORY)?;
    let place = Place::find(&directory.mutable()?.dir, path)?;
    let refused = if place.last == Last::Dot { Errno::Inval } else { Errno::Notempty };
    rustix::fs::unlinkat(&place, place.name_or(refused)?, AtFlags::REMOVEDIR)?;
    Ok(())
}

pub(crate) fn path_unlink_file(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Outcome {
    let path = mem.path(path, path_len)?;
    let (_, directory) = ctx.fds.directory(fd, Rights::PATH_UNLINK_FILE)?;
    let place = Place::find(&directory.mutable()?.dir, path)?;
    let name = place.name_or(Errno::Isdir)?;
    if place.slash {
        let is_directory = place.is_directory(name)?;
        return Err(if is_directory { Errno::Isdir } else { Errno::Notdir }.into());
    }
    match rustix::fs::unlinkat(&place, name, AtFlags::empty()) {
        // What POSIX has for a directory, and other systems than Linux return.
        Err(rustix::io::Errno::PERM) if place.is_directory(name)? => Err(Errno::Isdir.into()),
        result => Ok(result?),
    }
}

pub(crate) fn path_rename(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Outcome {
    let old_path = mem.path(old_path, old_path_len)?;
    let new_path = mem.path(new_path, new_path_len)?;
    let (_, old_directory) = ctx.fds.directory(fd, Rights::PATH_RENAME_SOURCE)?;
    let (_, new_directory) = ctx.fds.directory(new_fd, Rights::PATH_RENAME_TARGET)?;
    old_directory.mutable()?;
    new_directory.mutable()?;
    old_directory.gives_no_more_in(new_directory)?;
    let old = Place::find(&old_directory.dir, old_path)?;
    let new = Place::find(&new_directory.dir, new_path)?;
    let old_name = old.name_or(Errno::Busy)?;
    let new_name = new.name_or(Errno::Busy)?;
    if (old.slash || new.slash) && !old.is_directory(old_name)? {
        return Err(Errno::Notdir.into());
    }
    rustix::fs::renameat(&old, old_name, &new, new_name)?;
    Ok(())
}

pub(crate) fn path_link(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    old_fd: u32,
    old_flags: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Outcome {
    let old_path = mem.path(old_path, old_path_len)?;
    let new_path = mem.path(new_path, new_path_len)?;
    let (_, old_directory) = ctx.fds.directory(old_fd, Rights::PATH_LINK_SOURCE)?;
    let (_, new_directory) = ctx.fds.directory(new_fd, Rights::PATH_LINK_TARGET)?;
    // A link is made to what the name stands for; the host could not follow it safely.
    if LookupFlags::parse(old_flags.into())? != LookupFlags::empty() {
        return Err(Errno::Inval.into());
    }
    old_directory.readable()?;
    new_directory.mutable()?;
    old_directory.gives_no_more_in(new_directory)?;
    let old = Place::find(&old_directory.dir, old_path)?;
    let new = Place::find(&new_directory.dir, new_path)?;
    if old.slash {
        old_directory.dir.open_dir(old_path)?;
    }
    // A directory has no other names than its own.
    let old_name = old.name_or(Errno::Perm)?;
    if old.slash || old.is_directory(old_name)? {
        return Err(Errno::Perm.into());
    }
    let new_name = new.name_or(Errno::Exist)?;
    new_without_slash(&new, new_name)?;
    rustix::fs::linkat(&old, old_name, &new, new_name, AtFlags::empty())?;
    Ok(())
}

/// A name for something that is not a directory cannot end with a slash.
fn new_without_slash(place: &Place<'_>, name: &str) -> Result<(), Errno> {
    if place.slash {
        place.stat(name)?;
        return Err(Errno::Exist);
    }
    Ok(())
}

pub(crate) fn path_symlink(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    old_path: u32,
    old_path_len: u32,
    fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Outcome {
    let old_path = mem.path(old_path, old_path_len)?;
    let new_path = mem.path(new_path, new_path_len)?;
    let (_, directory) = ctx.fds.directory(fd, Rights::PATH_SYMLINK)?;
    let place = Place::find(&directory.mutable()?.dir, new_path)?;
    let name = place.name_or(Errno::Exist)?;
    // An absolute target would mean another file to the host than to the guest.
    check(old_path)?;
    new_without_slash(&place, name)?;
    rustix::fs::symlinkat(old_path, &place, name)?;
    Ok(())
}

pub(crate) fn path_readlink(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
    buf: u32,
    buf_len: u32,
    bufused: u32,
) -> Outcome {
    let out = mem.out(bufused)?;
    let buffer = mem.range(buf, buf_len, 1)?;
    let path = mem.path(path, path_len)?;
    let (_, directory) = ctx.fds.directory(fd, Rights::PATH_READLINK)?;
    let place = Place::find(&directory.readable()?.dir, path)?;
    if place.slash {
        // The slash leads through the link to a directory, which is none.
        directory.dir.open_dir(path)?;
        return Err(Errno::Inval.into());
    }
    let target = rustix::fs::readlinkat(&place, place.name_or(Errno::Inval)?, Vec::new())?;
    let target = target.as_bytes();
    // It would name a file of the host; the guest could not follow it anyway.
    if target.starts_with(b"/") {
        return Err(Errno::Perm.into());
    }
    let len = target.len().min(buffer.len());
    mem.slice_mut(buffer.start..buffer.start + len).copy_from_slice(&target[..len]);
    mem.put_u32(out, len as u32);
    Ok(())
}

pub(crate) fn path_filestat_get(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    stat: u32,
) -> Outcome {
    let out = mem.out(stat)?;
    let stat = filestat(ctx, mem, fd, flags, path, path_len)?;
    mem.put(out, stat.to_bytes());
    Ok(())
}

/// The attributes of what a path names.
pub(crate) fn filestat(
    ctx: &WasiCtx,
    mem: &Guest<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
) -> Outcome<FileStat> {
    let flags = LookupFlags::parse(flags.into())?;
    let path = mem.path(path, path_len)?;
    let (_, directory) = ctx.fds.directory(fd, Rights::PATH_FILESTAT_GET)?;
    let dir = &directory.readable()?.dir;
    check(path)?;
    Ok(match unfollowed(dir, path, flags)? {
        Some((place, name)) => FileStat::from(&place.stat(name)?),
        None => FileStat::from(&dir.metadata(path)?),
    })
}

/// The path's last component, if it is to be taken as it is. A trailing slash makes a symbolic link be
/// followed, and dots name directories, which there is nothing to follow at.
fn unfollowed<'a>(
    dir: &'a Dir,
    path: &'a str,
    flags: LookupFlags,
) -> Result<Option<(Place<'a>, &'a str)>, Errno> {
    if flags.contains(LookupFlags::SYMLINK_FOLLOW) || path.ends_with('/') {
        return Ok(None);
    }
    let place = Place::find(dir, path)?;
    Ok(match place.last {
        Last::Name(name) => Some((place, name)),
        Last::Dot | Last::DotDot => None,
    })
}

pub(crate) fn path_filestat_set_times(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Outcome {
    let flags = LookupFlags::parse(flags.into())?;
    let times = timestamps(atim, mtim, fst_flags)?;
    let path = mem.path(path, path_len)?;
    let (_, directory) = ctx.fds.directory(fd, Rights::PATH_FILESTAT_SET_TIMES)?;
    let dir = &directory.mutable()?.dir;
    if !directory.file_perms.contains(FilePerms::WRITE) {
        return Err(Errno::Rofs.into());
    }
    check(path)?;
    if let Some((place, name)) = unfollowed(dir, path, flags)? {
        rustix::fs::utimensat(&place, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        return Ok(());
    }
    // Any handle will do, and one that does not block.
    match open(dir, path, &Opening { follow: true, ..Opening::default() }) {
        Ok(file) => rustix::fs::futimens(&file, &times)?,
        Err(Errno::Acces) => dir.set_times(path, spec(times.last_access), spec(times.last_modification))?,
        Err(errno) => return Err(errno.into()),
    }
    Ok(())
}

/// One of the host's timestamps in the words of `cap-std`.
fn spec(time: Timespec) -> Option<SystemTimeSpec> {
    match time.tv_nsec {
        rustix::fs::UTIME_OMIT => None,
        rustix::fs::UTIME_NOW => Some(SystemTimeSpec::SymbolicNow),
        nanoseconds => {
            let time = Duration::new(time.tv_sec as u64, nanoseconds as u32);
            let time = SystemTime::UNIX_EPOCH.checked_add(time)?;
            Some(SystemTimeSpec::Absolute(cap_std::time::SystemTime::from_std(time)))
        }
    }
}

/// How the host is to open a path.
#[derive(Default, Clone, Copy)]
struct Opening {
    follow: bool,
    directory: bool,
    read: bool,
    write: bool,
    create: bool,
    exclusive: bool,
    truncate: bool,
    flags: FdFlags,
}

/// Opens a path, never blocking. Without `write` and `create` it is opened for reading.
fn open(dir: &Dir, path: &str, how: &Opening) -> Result<File, Errno> {
    let write = how.write || how.truncate || how.create;
    let mut options = OpenOptions::new();
    options
        .read(how.read || !write)
        .write(write)
        .create(how.create)
        .create_new(how.create && how.exclusive)
        .truncate(how.truncate)
        .follow(if how.follow { FollowSymlinks::Yes } else { FollowSymlinks::No })
        // Opening a named pipe would wait for its other end.
        .nonblock(true)
        .dsync(how.flags.contains(FdFlags::DSYNC))
        // Linux, like most, has `O_RSYNC` do what `O_SYNC` does.
        .sync(how.flags.intersects(FdFlags::SYNC | FdFlags::RSYNC));
    let mut custom = rustix::fs::OFlags::NOCTTY;
    custom.set(rustix::fs::OFlags::DIRECTORY, how.directory);
    options.custom_flags(custom.bits() as i32);
    Ok(dir.open_with(path, &options)?)
}

/// Creates a file without opening it for writing if it is there already, which its owner may have
/// forbidden.
fn open_or_create_for_reading(dir: &Dir, path: &str, how: &Opening) -> Result<File, Errno> {
    match open(dir, path, &Opening { create: false, ..*how }) {
        Err(Errno::Noent) => open(dir, path, how),
        result => result,
    }
}

pub(crate) fn path_open(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    dirflags: u32,
    path: u32,
    path_len: u32,
    oflags: u32,
    base: u64,
    inheriting: u64,
    fdflags: u32,
    opened_fd: u32,
) -> Outcome {
    let out = mem.out(opened_fd)?;
    let dirflags = LookupFlags::parse(dirflags.into())?;
    let oflags = OFlags::parse(oflags.into())?;
    let flags = FdFlags::parse(fdflags.into())?;
    let (base, inheriting) = (Rights::truncate(base), Rights::truncate(inheriting));
    let path = mem.path(path, path_len)?;

    let mut needed = Rights::PATH_OPEN;
    if oflags.contains(OFlags::CREAT) {
        needed = needed | Rights::PATH_CREATE_FILE;
    }
    if oflags.contains(OFlags::TRUNC) {
        needed = needed | Rights::PATH_FILESTAT_SET_SIZE;
    }
    let (descriptor, directory) = ctx.fds.directory(fd, needed)?;
    let mut inherited = base | inheriting;
    if flags.contains(FdFlags::DSYNC) {
        inherited = inherited | Rights::FD_DATASYNC;
    }
    if flags.intersects(FdFlags::SYNC | FdFlags::RSYNC) {
        inherited = inherited | Rights::FD_SYNC;
    }
    if !descriptor.inheriting.contains(inherited) {
        return Err(Errno::NotCapable.into());
    }
    // Linux 6.4 and later refuse this; earlier ones made a file and said it is no directory.
    if oflags.contains(OFlags::CREAT) && oflags.contains(OFlags::DIRECTORY) {
        return Err(Errno::Inval.into());
    }
    check(path)?;
    ctx.fds.reserve()?;
    let how = Opening {
        follow: dirflags.contains(LookupFlags::SYMLINK_FOLLOW),
        directory: oflags.contains(OFlags::DIRECTORY),
        read: base.intersects(Rights::READING),
        write: base.intersects(Rights::WRITING),
        create: oflags.contains(OFlags::CREAT),
        exclusive: oflags.contains(OFlags::EXCL),
        truncate: oflags.contains(OFlags::TRUNC),
        flags,
    };
    let file = open_permitted(directory.readable()?, path, &how)?;
    let opened = describe(directory, file, base, inheriting, flags)?;
    if how.create && opened.filetype == FileType::Directory {
        return Err(Errno::Isdir.into());
    }
    let opened = ctx.fds.insert(opened)?;
    mem.put_u32(out, opened);
    Ok(())
}

/// Opens a path as far as the preopened directory's permissions go. Like a read-only mount, they let
/// everything be opened that changes nothing.
fn open_permitted(directory: &Directory, path: &str, how: &Opening) -> Result<File, Errno> {
    let dir = &directory.dir;
    let may_write = directory.file_perms.contains(FilePerms::WRITE);
    let writes = how.write || how.truncate;
    if (writes && !may_write) || (how.create && directory.mutable().is_err()) {
        // Nothing is created or changed by finding out what the answer is.
        let look = Opening { write: false, truncate: false, create: false, flags: FdFlags::empty(), ..*how };
        let file = match open(dir, path, &look) {
            Err(Errno::Noent) if how.create => return Err(Errno::Rofs),
            result => result?,
        };
        if how.create && how.exclusive {
            return Err(Errno::Exist);
        }
        if writes {
            let is_directory = FileStat::from(&rustix::fs::fstat(&file)?).filetype == FileType::Directory;
            if is_directory {
                return Err(Errno::Isdir);
            }
            if !may_write {
                return Err(Errno::Rofs);
            }
            return open(dir, path, &Opening { create: false, ..*how });
        }
        return Ok(file);
    }
    if how.create && !how.exclusive && !writes {
        return open_or_create_for_reading(dir, path, how);
    }
    open(dir, path, how)
}

/// The descriptor for a file just opened: what it is decides which of the rights it gets.
fn describe(
    directory: &Directory,
    file: File,
    base: Rights,
    inheriting: Rights,
    flags: FdFlags,
) -> Result<Descriptor, Errno> {
    let filetype = FileStat::from(&rustix::fs::fstat(&file)?).filetype;
    let file = file.into_std();
    if filetype == FileType::Directory {
        let object = Object::Directory(Directory {
            dir: Dir::from_std_file(file),
            dir_perms: directory.dir_perms,
            file_perms: directory.file_perms,
        });
        let mut descriptor = Descriptor::new(object, filetype, base.intersection(Rights::DIRECTORY));
        descriptor.inheriting = inheriting;
        descriptor.flags = flags;
        return Ok(descriptor);
    }
    if base.contains(Rights::FD_READ) && !directory.file_perms.contains(FilePerms::READ) {
        return Err(Errno::Acces);
    }
    if flags.contains(FdFlags::APPEND) {
        set_append(&file, true)?;
    }
    let applicable = match filetype {
        FileType::RegularFile | FileType::BlockDevice => Rights::FILE,
        _ => Rights::STREAM,
    };
    let mut descriptor = Descriptor::new(Object::File(file), filetype, base.intersection(applicable));
    descriptor.flags = flags;
    descriptor.own = true;
    descriptor.read_only = !directory.file_perms.contains(FilePerms::WRITE);
    Ok(descriptor)
}
