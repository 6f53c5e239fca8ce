//! Ranges of addresses that are reserved before they are used: machine code and guarded memories rest on them.

use super::mapping::Refused;
use std::ops::Range;
use std::ptr::NonNull;

/// What may be done with a part of a reservation. Nothing is ever writable and executable at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Nothing: every access faults. Contents stay what they are.
    None,
    /// Loads and stores.
    ReadWrite,
    /// Loads and execution.
    ReadExecute,
    /// The same, and indirect branches lead only to what is marked for them, on AArch64.
    ReadExecuteMarked,
}

/// An owned range of addresses. Every access faults until it is allowed; what is allowed first reads as zeros.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: a reservation owns its range.
unsafe impl Send for Reservation {}
// SAFETY: a shared reservation gives its address and length, and changes access only by an unsafe function.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves at least `len` bytes, which take no memory, but do count as address space.
    pub fn new(len: usize) -> Result<Reservation, Refused> {
        let refused = Refused { bytes: len };
        let rounded = len.max(1).checked_next_multiple_of(page_size()).ok_or(refused)?;
        if rounded > isize::MAX as usize {
            return Err(refused);
        }
        let base = system::reserve(rounded).ok_or(refused)?;
        Ok(Reservation { base, len: rounded })
    }

    /// No addresses at all.
    pub const fn none() -> Reservation {
        Reservation { base: NonNull::dangling(), len: 0 }
    }

    /// The first address; at the start of a page.
    #[inline]
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// How many bytes are reserved.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// All addresses.
    #[inline]
    pub fn range(&self) -> Range<usize> {
        let start = self.base.as_ptr() as usize;
        start..start + self.len
    }

    /// Sets what may be done with the pages of a range of offsets. Changes nothing that can be relied on
    /// if refused.
    ///
    /// # Safety
    /// Nothing relies on what could be done with these pages before.
    pub unsafe fn allow(&self, offsets: Range<usize>, access: Access) -> Result<(), Refused> {
        let len = offsets.end.saturating_sub(offsets.start);
        if len == 0 {
            return Ok(());
        }
        if offsets.end > self.len {
            return Err(Refused { bytes: len });
        }
        // SAFETY: the range is inside of what this reservation owns; the caller vouches for the rest.
        let allowed = unsafe { system::allow(self.base.add(offsets.start), len, access) };
        if allowed { Ok(()) } else { Err(Refused { bytes: len }) }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: the range is owned, and whoever used it is gone.
            unsafe { system::release(self.base, self.len) };
        }
    }
}

/// Bytes of a page of the system.
#[inline]
pub(crate) fn page_size() -> usize {
    system::page_size()
}

#[cfg(unix)]
mod system {
    use super::Access;
    use rustix::mm::{self, MapFlags, MprotectFlags, ProtFlags};
    use std::ptr::NonNull;

    #[cfg(all(any(target_os = "linux", target_os = "android"), target_arch = "aarch64"))]
    const MARKED: MprotectFlags = MprotectFlags::BTI;
    #[cfg(not(all(any(target_os = "linux", target_os = "android"), target_arch = "aarch64")))]
    const MARKED: MprotectFlags = MprotectFlags::empty();

    pub fn page_size() -> usize {
        rustix::param::page_size()
    }

    pub fn reserve(len: usize) -> Option<NonNull<u8>> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let flags = MapFlags::PRIVATE;
        // SAFETY: a new anonymous mapping replaces nothing.
        let base = unsafe { mm::mmap_anonymous(std::ptr::null_mut(), len, ProtFlags::empty(), flags) };
        base.ok().and_then(|base| NonNull::new(base.cast()))
    }

    /// # Safety
    /// The range is mapped and owned, and nothing relies on its protection so far.
    pub unsafe fn allow(start: NonNull<u8>, len: usize, access: Access) -> bool {
        let flags = match access {
            Access::None => MprotectFlags::empty(),
            Access::ReadWrite => MprotectFlags::READ | MprotectFlags::WRITE,
            Access::ReadExecute => MprotectFlags::READ | MprotectFlags::EXEC,
            Access::ReadExecuteMarked => MprotectFlags::READ | MprotectFlags::EXEC | MARKED,
        };
        // SAFETY: as the caller promises.
        unsafe { mm::mprotect(start.as_ptr().cast(), len, flags).is_ok() }
    }

    /// # Safety
    /// The range is mapped, owned, and not used again.
    pub unsafe fn release(start: NonNull<u8>, len: usize) {
        // SAFETY: as the caller promises. The call fails only for ranges that are none, or where the
        // system has run out of records for what remains; there is nothing to do about it.
        let _ = unsafe { mm::munmap(start.as_ptr().cast(), len) };
    }
}

/// Where nothing is known of the system, nothing can be reserved.
#[cfg(not(unix))]
mod system {
    use super::Access;
    use std::ptr::NonNull;

    pub fn page_size() -> usize {
        64 * 1024
    }

    pub fn reserve(_: usize) -> Option<NonNull<u8>> {
        None
    }

    /// # Safety
    /// None; there is nothing to be called with.
    pub unsafe fn allow(_: NonNull<u8>, _: usize, _: Access) -> bool {
        false
    }

    /// # Safety
    /// None; there is nothing to be called with.
    pub unsafe fn release(_: NonNull<u8>, _: usize) {}
}
