//! Linear memories.

use super::guarded::GuardedBytes;
use super::mapping::{Mapping, Refused};
use super::store::StoreOpaque;
use super::{Stop, VmMemory};
use crate::bail;
use crate::error::{Context, Error, Result};
use crate::trap::Trap;
use brisk_module::MemoryType;
use std::ptr::NonNull;

/// A memory. Begins with the words that running code sees.
#[repr(C)]
pub(crate) struct MemoryData {
    vm: VmMemory,
    storage: Storage,
    ty: MemoryType,
}

/// Where a memory's bytes are.
enum Storage {
    /// In memory that may move when it grows. Accesses are compared with the length.
    Plain(Mapping),
    /// In a reservation of all that an index reaches. Accesses beyond the length fault.
    Guarded(GuardedBytes),
}

impl Storage {
    /// So many zeros, guarded if asked for and possible.
    fn new(len: usize, guarded: bool) -> Result<Storage, Refused> {
        // Addresses may be scarce where memory is not.
        if guarded && let Ok(bytes) = GuardedBytes::new(len) {
            return Ok(Storage::Guarded(bytes));
        }
        Mapping::new(len).map(Storage::Plain)
    }

    fn base(&self) -> *mut u8 {
        match self {
            Storage::Plain(mapping) => mapping.base(),
            Storage::Guarded(bytes) => bytes.base(),
        }
    }

    /// Makes it at least `len` bytes long, exactly so if guarded. `max` is what it will ever need.
    fn grow(&mut self, len: usize, max: usize) -> Result<(), Refused> {
        match self {
            Storage::Plain(mapping) => mapping.grow_amortized(len, max),
            Storage::Guarded(bytes) => bytes.grow(len),
        }
    }
}

impl MemoryData {
    /// A memory of its minimum size, guarded if asked for and possible. The limiter is not asked.
    fn new(ty: MemoryType, guarded: bool) -> Result<MemoryData> {
        let min = bytes(ty.limits.min, ty.page_size_log2);
        let Some(len) = min.filter(|&len| len <= max_bytes(&ty)) else {
            bail!("memory minimum size of {} pages exceeds what can be addressed", ty.limits.min);
        };
        let guarded = guarded && !ty.memory64 && ty.page_size_log2 == 16;
        let storage = Storage::new(len, guarded).context("failed to allocate a memory")?;
        let vm = VmMemory { base: storage.base(), len };
        Ok(MemoryData { vm, storage, ty })
    }

    /// Whether its base never changes, and all that a 32-bit index and an offset up to
    /// [`GUARD`](super::guarded::GUARD) reach is either inside or faults.
    #[cfg_attr(not(test), allow(dead_code))]
    pub fn guarded(&self) -> bool {
        matches!(self.storage, Storage::Guarded(_))
    }

    /// Whether an address is one that an access to this memory may fault at. Takes no locks and allocates nothing.
    #[cfg_attr(not(test), allow(dead_code))]
    pub fn guards(&self, address: usize) -> bool {
        match &self.storage {
            Storage::Plain(_) => false,
            Storage::Guarded(bytes) => bytes.reserves(address),
        }
    }

    /// Its type as declared.
    pub fn ty(&self) -> &MemoryType {
        &self.ty
    }

    /// Size in bytes.
    pub fn len(&self) -> usize {
        self.vm.len
    }

    /// Address of the first byte.
    pub fn base(&self) -> *mut u8 {
        self.vm.base
    }

    /// Size in pages.
    pub fn pages(&self) -> u64 {
        self.vm.len as u64 >> self.ty.page_size_log2
    }

    /// The contents.
    pub fn data(&self) -> &[u8] {
        // SAFETY: the record owns `len` initialized bytes from `base` on. Running code changes them only
        // while the store is borrowed exclusively for it.
        unsafe { std::slice::from_raw_parts(self.vm.base, self.vm.len) }
    }

    /// The contents, exclusively.
    pub fn data_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `data`, and the record is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.vm.base, self.vm.len) }
    }

    /// Address of a range of bytes, if all of it is inside. The bytes may be written while the store is
    /// held exclusively.
    pub fn range(&self, start: u64, len: u64) -> Result<*mut u8, Stop> {
        match start.checked_add(len) {
            // SAFETY: the start is at most the length.
            Some(end) if end <= self.vm.len as u64 => Ok(unsafe { self.vm.base.add(start as usize) }),
            _ => Err(Trap::MemoryOutOfBounds.into()),
        }
    }
}

/// Bytes of so many pages, if they can be counted.
fn bytes(pages: u64, page_size_log2: u8) -> Option<usize> {
    let bytes = pages.checked_mul(1 << page_size_log2)?;
    usize::try_from(bytes).ok().filter(|&len| len <= isize::MAX as usize)
}

/// How large a memory may become by its type, in bytes. With pages of a byte a 32-bit memory ends a
/// byte early: its size in pages must fit in 32 bits.
fn max_bytes(ty: &MemoryType) -> usize {
    let addressable = match (ty.memory64, ty.page_size_log2) {
        (true, _) => isize::MAX as u64,
        (false, 0) => u32::MAX as u64,
        (false, _) => 1 << 32,
    };
    let addressable = usize::try_from(addressable).unwrap_or(isize::MAX as usize).min(isize::MAX as usize);
    let declared = ty.limits.max.and_then(|max| bytes(max, ty.page_size_log2)).unwrap_or(usize::MAX);
    // The minimum is within the declared maximum, and what is addressable is not whole pages only where
    // that does not matter.
    declared.min(addressable)
}

/// The maximum as a limiter is told: `None` without one.
fn declared_max(ty: &MemoryType) -> Option<usize> {
    ty.limits.max.map(|max| bytes(max, ty.page_size_log2).unwrap_or(usize::MAX))
}

/// Makes a memory in a store; its record at a place, if one is given.
///
/// # Safety
/// As for [`Arena::push_at`](super::arena::Arena::push_at).
pub(crate) unsafe fn create(
    store: &mut StoreOpaque,
    ty: MemoryType,
    place: Option<NonNull<MemoryData>>,
) -> Result<NonNull<MemoryData>> {
    let min = bytes(ty.limits.min, ty.page_size_log2);
    let allowed =
        store.limiter(|limiter| limiter.memory_growing(0, min.unwrap_or(usize::MAX), declared_max(&ty)));
    if !allowed.unwrap_or(Ok(true))? {
        bail!("memory minimum size of {} pages exceeds memory limits", ty.limits.min);
    }
    let memory = MemoryData::new(ty, store.engine().tunables().guarded_memories)?;
    // SAFETY: passed on.
    Ok(unsafe { store.memories.push_at(place, memory) })
}

/// Makes a memory larger by `delta` pages: the old size, or `None` if that is refused.
pub(crate) fn grow(store: &mut StoreOpaque, memory: NonNull<MemoryData>, delta: u64) -> Result<Option<u64>> {
    // The limiter is the embedder's code: nothing of the memory is borrowed while it runs.
    // SAFETY: the memory is a record of the store, which is held exclusively; so for the blocks below.
    let (ty, old_len, old_pages) = unsafe {
        let memory = memory.as_ref();
        (memory.ty, memory.vm.len, memory.pages())
    };
    if delta == 0 {
        return Ok(Some(old_pages));
    }
    let desired = old_pages.checked_add(delta).and_then(|pages| bytes(pages, ty.page_size_log2));
    let allowed = store
        .limiter(|limiter| limiter.memory_growing(old_len, desired.unwrap_or(usize::MAX), declared_max(&ty)));
    if !allowed.unwrap_or(Ok(true))? {
        return Ok(None);
    }
    let grown: Result<(), Error> = match desired.filter(|&len| len <= max_bytes(&ty)) {
        None => Err(Error::msg("memory maximum size exceeded")),
        // SAFETY: as above.
        Some(len) => unsafe {
            let memory = &mut *memory.as_ptr();
            let grown = memory.storage.grow(len, max_bytes(&ty));
            if grown.is_ok() {
                memory.vm = VmMemory { base: memory.storage.base(), len };
            }
            grown.map_err(Error::from)
        },
    };
    match grown {
        Ok(()) => Ok(Some(old_pages)),
        Err(error) => {
            let mut error = Some(error);
            match store.limiter(|limiter| limiter.memory_grow_failed(error.take().unwrap_or_else(unreported)))
            {
                Some(result) => result?,
                None => drop(error),
            }
            Ok(None)
        }
    }
}

/// Stands in for an error that was already handed out; a limiter is asked once, so that it is never seen.
pub(super) fn unreported() -> Error {
    Error::msg("growth failed")
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
