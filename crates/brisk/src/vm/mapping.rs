//! Zeroed storage that grows: memories, tables and the value stack rest on it.

use std::alloc::{self, Layout};
use std::ptr::NonNull;

/// The system refused memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the system refused {bytes} bytes of memory")]
pub(crate) struct Refused {
    /// How much was asked for.
    pub bytes: usize,
}

/// Below this size storage comes from the allocator, from here on from the system. A memory of one page is
/// cheaper to clear than to map and fault in.
const MAP_FROM: usize = 128 * 1024;

/// Alignment of storage from the allocator; table entries and vectors need 16.
const ALIGN: usize = 16;

/// Owned zeroed bytes. What is beyond the size asked for is zero, too.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: NonNull<u8>,
    len: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Nothing is owned.
    Empty,
    /// From the allocator.
    Allocated,
    /// From the system.
    #[cfg(unix)]
    Mapped,
}

// SAFETY: a mapping owns its bytes.
unsafe impl Send for Mapping {}
// SAFETY: a shared mapping gives its address and length only.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// At least `len` bytes of zeros. Large ones take no physical memory before they are touched.
    pub fn new(len: usize) -> Result<Mapping, Refused> {
        if len == 0 {
            return Ok(Mapping { base: NonNull::<u128>::dangling().cast(), len: 0, kind: Kind::Empty });
        }
        #[cfg(unix)]
        if len >= MAP_FROM {
            return system::map(len);
        }
        let layout = layout(len)?;
        // SAFETY: the layout is not empty.
        let base = unsafe { alloc::alloc_zeroed(layout) };
        match NonNull::new(base) {
            Some(base) => Ok(Mapping { base, len, kind: Kind::Allocated }),
            None => Err(Refused { bytes: len }),
        }
    }

    /// The first byte; aligned to 16, dangling if the length is 0.
    #[inline]
    pub fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// How many bytes there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Makes it at least `len` bytes long. May move the contents; nothing changes if refused.
    pub fn grow(&mut self, len: usize) -> Result<(), Refused> {
        if len <= self.len {
            return Ok(());
        }
        #[cfg(unix)]
        if self.kind == Kind::Mapped {
            return system::grow(self, len);
        }
        let grown = Mapping::new(len)?;
        // SAFETY: both are owned, apart from each other, and at least `self.len` long.
        unsafe { std::ptr::copy_nonoverlapping(self.base(), grown.base(), self.len) };
        *self = grown;
        Ok(())
    }

    /// Makes it at least `len` bytes long, if possible with room for further growth up to `max`.
    pub fn grow_amortized(&mut self, len: usize, max: usize) -> Result<(), Refused> {
        if len <= self.len {
            return Ok(());
        }
        let roomy = len.saturating_add((len / 2).min(MAX_SLACK)).min(max);
        if roomy > len && self.grow(roomy).is_ok() {
            return Ok(());
        }
        self.grow(len)
    }
}

/// How much more than asked for [`Mapping::grow_amortized`] takes at most.
const MAX_SLACK: usize = 256 * 1024 * 1024;

fn layout(len: usize) -> Result<Layout, Refused> {
    Layout::from_size_align(len, ALIGN).map_err(|_| Refused { bytes: len })
}

impl Drop for Mapping {
    fn drop(&mut self) {
        match self.kind {
            Kind::Empty => {}
            // SAFETY: allocated with this very layout in `new`.
            Kind::Allocated => unsafe {
                alloc::dealloc(self.base(), Layout::from_size_align_unchecked(self.len, ALIGN));
            },
            #[cfg(unix)]
            Kind::Mapped => system::unmap(self),
        }
    }
}

#[cfg(unix)]
mod system {
    use super::*;
    use rustix::mm;

    /// Lengths are multiples of this, which every page size in use divides.
    const GRAIN: usize = 64 * 1024;

    fn rounded(len: usize) -> Result<usize, Refused> {
        let refused = Refused { bytes: len };
        let rounded = len.checked_next_multiple_of(GRAIN).ok_or(refused)?;
        if rounded > isize::MAX as usize { Err(refused) } else { Ok(rounded) }
    }

    pub fn map(len: usize) -> Result<Mapping, Refused> {
        let rounded = rounded(len)?;
        let prot = mm::ProtFlags::READ | mm::ProtFlags::WRITE;
        let flags = mm::MapFlags::PRIVATE | no_reserve();
        // SAFETY: a new anonymous mapping replaces nothing.
        let base = unsafe { mm::mmap_anonymous(std::ptr::null_mut(), rounded, prot, flags) };
        match base.ok().and_then(|base| NonNull::new(base.cast())) {
            Some(base) => Ok(Mapping { base, len: rounded, kind: Kind::Mapped }),
            None => Err(Refused { bytes: len }),
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn no_reserve() -> mm::MapFlags {
        mm::MapFlags::NORESERVE
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn no_reserve() -> mm::MapFlags {
        mm::MapFlags::empty()
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn grow(mapping: &mut Mapping, len: usize) -> Result<(), Refused> {
        let rounded = rounded(len)?;
        // SAFETY: the range is the whole of a mapping that `mapping` owns; the old address is not
        // used again.
        let base =
            unsafe { mm::mremap(mapping.base().cast(), mapping.len, rounded, mm::MremapFlags::MAYMOVE) };
        match base.ok().and_then(|base| NonNull::new(base.cast())) {
            Some(base) => {
                mapping.base = base;
                mapping.len = rounded;
                Ok(())
            }
            None => Err(Refused { bytes: len }),
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub fn grow(mapping: &mut Mapping, len: usize) -> Result<(), Refused> {
        let grown = map(len)?;
        // SAFETY: both are owned, apart from each other, and at least `mapping.len` long.
        unsafe { std::ptr::copy_nonoverlapping(mapping.base(), grown.base(), mapping.len) };
        *mapping = grown;
        Ok(())
    }

    pub fn unmap(mapping: &mut Mapping) {
        // SAFETY: the range is the whole of a mapping that `mapping` owns. The call fails only for
        // ranges that are none, and there is nothing to do about it.
        let _ = unsafe { mm::munmap(mapping.base().cast(), mapping.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(mapping: &mut Mapping) -> &mut [u8] {
        // SAFETY: the mapping owns these bytes, which are initialized to zero.
        unsafe { std::slice::from_raw_parts_mut(mapping.base(), mapping.len()) }
    }

    #[test]
    fn contents_survive_growth_and_new_bytes_are_zero() {
        let mut mapping = Mapping::new(100).unwrap();
        let mut filled = 0;
        for len in [100, 4096, MAP_FROM - 1, MAP_FROM, 300_000, 3_000_000] {
            mapping.grow(len).unwrap();
            assert!(mapping.len() >= len);
            let all = bytes(&mut mapping);
            assert!(all[..filled].iter().enumerate().all(|(i, &b)| b == i as u8));
            assert!(all[filled..].iter().all(|&b| b == 0));
            for (i, byte) in all[..len].iter_mut().enumerate() {
                *byte = i as u8;
            }
            filled = len;
        }
    }

    #[test]
    fn refusal_changes_nothing() {
        let mut mapping = Mapping::new(MAP_FROM).unwrap();
        bytes(&mut mapping)[7] = 9;
        for len in [isize::MAX as usize, usize::MAX, 1 << 60] {
            assert_eq!(mapping.grow(len), Err(Refused { bytes: len }));
            assert!(Mapping::new(len).is_err());
        }
        assert_eq!(bytes(&mut mapping)[7], 9);
    }

    #[test]
    fn amortized_growth_falls_back_to_what_is_needed() {
        let mut mapping = Mapping::new(0).unwrap();
        mapping.grow_amortized(1000, 1000).unwrap();
        assert_eq!(mapping.len(), 1000);
        mapping.grow_amortized(1001, 4000).unwrap();
        assert!(mapping.len() > 1001);
    }
}
