//! Executable memory.
//!
//! All machine code of one image lies in one range of addresses, so that it is called and reaches its slots by
//! relative addresses: `[words, readable and writable | code]`. Code comes in batches. The pages of a
//! batch are written while nobody knows them, then become executable and are never written again.
//!
//! A batch takes whole pages, so that functions published one at a time waste half a page each on average. Where in its
//! pages a batch begins differs: what is at the same place of many pages shares few lines of the instruction cache. A second,
//! writable view of the same pages (by `memfd_create`) would pack them, but such pages are shared with
//! a forked child: parent and child would go on to write different functions to the same place. And where
//! no such file is to be had, batches were needed all the same. Whoever has many functions to publish
//! publishes them together.

use super::mapping::Mapping;
use super::native::{CALLS, FILLER};
use super::reservation::{Access, Reservation, page_size};
use brisk_codegen::convention::CACHE_LINE;
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Why there is no (more) machine code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum CodeRefused {
    /// No addresses.
    #[error("the system refused to reserve {0} bytes of addresses for machine code")]
    Addresses(usize),
    /// The reservation is used up.
    #[error("no room for {0} more bytes of machine code")]
    Full(usize),
    /// No memory, or none that may be executed.
    #[error("the system refused to make {0} bytes of memory executable")]
    Protection(usize),
}

/// How far apart words and code may be, that these are reached by relative addresses. Calls reach [`CALLS`].
const REACH: usize = (1 << 31) - (1 << 20);

/// Below this no smaller reservation is tried.
const LEAST: usize = 1 << 20;

/// How many lines apart the beginnings of batches in pages that follow each other are, where there is room: not a divisor of
/// a page, nor close to one.
const LINES_APART: usize = 11;
/// Pages of batches that are moved so.
const SMALL_PAGES: usize = 4;

/// Addresses that must be left for everything else: so many times what is reserved, and at least so many.
const LEFT: (usize, usize) = (16, 64 << 20);

/// The machine code of one image. `T` is what is known of each batch: trap sites, functions, positions.
#[derive(Debug)]
pub(crate) struct CodeMemory<T> {
    reservation: Reservation,
    /// Where the code begins, as an offset; a multiple of the page size.
    code_start: usize,
    /// Offset of the first page of code that is not in use.
    next: AtomicUsize,
    /// What may be done with code.
    access: Access,
    /// For each page of code an `AtomicPtr<Published<T>>`: the batch it belongs to, or null. Read without
    /// locks, also by signal handlers.
    index: Mapping,
    owned: std::marker::PhantomData<Box<Published<T>>>,
}

/// A batch that can be executed.
#[derive(Debug)]
struct Published<T> {
    /// Offsets of its pages.
    pages: Range<usize>,
    /// Offset of its first byte.
    start: usize,
    info: T,
}

impl<T: Send + Sync> CodeMemory<T> {
    /// Reserves room for `words` bytes of zeros that code reads and writes, and for at most `code` bytes of code;
    /// for less code if the system refuses that.
    pub fn new(words: usize, code: usize) -> Result<CodeMemory<T>, CodeRefused> {
        let page = page_size();
        if words > REACH / 2 {
            return Err(CodeRefused::Addresses(words));
        }
        let code_start = words.next_multiple_of(page);
        let mut code = code.clamp(1, CALLS.min(REACH - code_start)).next_multiple_of(page);
        loop {
            let len = code_start + code;
            let refused = CodeRefused::Addresses(len);
            let index = Mapping::new(code / page * size_of::<AtomicPtr<Published<T>>>());
            let reservation = Reservation::new(len);
            // The interpreter goes on without machine code, but not without memory.
            let left = Reservation::new(len.saturating_mul(LEFT.0).max(LEFT.1));
            let (Ok(reservation), Ok(index), Ok(_)) = (reservation, index, left) else {
                if code <= LEAST {
                    return Err(refused);
                }
                code = (code / 2).next_multiple_of(page);
                continue;
            };
            // SAFETY: the reservation is new.
            unsafe { reservation.allow(0..code_start, Access::ReadWrite) }.map_err(|_| refused)?;
            let next = AtomicUsize::new(code_start);
            let access = Access::ReadExecute;
            let owned = std::marker::PhantomData;
            return Ok(CodeMemory { reservation, code_start, next, access, index, owned });
        }
    }

    /// Whether each place in the code to be published that indirect branches lead to is marked, so that the system may
    /// refuse all others.
    pub fn marked(mut self, is: bool) -> CodeMemory<T> {
        self.access = if is { Access::ReadExecuteMarked } else { Access::ReadExecute };
        self
    }

    /// The words, aligned to a page.
    pub fn words(&self) -> NonNull<u8> {
        self.reservation.base()
    }

    /// Addresses of all code there is and will be.
    pub fn range(&self) -> Range<usize> {
        let all = self.reservation.range();
        all.start + self.code_start..all.end
    }

    /// Bytes of code in use, whole pages.
    #[cfg(test)]
    pub fn used(&self) -> usize {
        self.next.load(Ordering::Relaxed) - self.code_start
    }

    /// Bytes of code that a batch may still have.
    pub fn room(&self) -> usize {
        self.reservation.len().saturating_sub(self.next.load(Ordering::Relaxed))
    }

    /// Sets pages aside for a batch of `len` bytes. Where they are has to be known before the code can be
    /// completed; what never is committed is given back if nothing was set aside since.
    pub fn reserve_batch(&self, len: usize) -> Result<Batch<'_, T>, CodeRefused> {
        let full = CodeRefused::Full(len);
        let rounded = len.max(1).checked_next_multiple_of(page_size()).ok_or(full)?;
        let room = |next: usize| next.checked_add(rounded).filter(|&end| end <= self.reservation.len());
        let Ok(first) = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room) else {
            return Err(full);
        };
        let pages = first..first + rounded;
        // Of the lines that the batch could begin at without another page, one after the other. Large ones spread anyway.
        let line = CACHE_LINE as usize;
        let lines = if rounded / page_size() <= SMALL_PAGES { (rounded - len) / line + 1 } else { 1 };
        let start = first + (first / page_size() * LINES_APART) % lines * line;
        Ok(Batch { memory: self, pages, start, len })
    }

    /// What is known of the batch that an address lies in, and the batch's own address. Takes no locks and
    /// allocates nothing.
    pub fn find(&self, address: usize) -> Option<(&T, usize)> {
        let base = self.reservation.range().start;
        let offset = address.checked_sub(base)?;
        let published = self.entry(offset)?.load(Ordering::Acquire);
        // SAFETY: entries are null or published batches, which live as long as `self`.
        let published = unsafe { published.as_ref()? };
        Some((&published.info, base + published.start))
    }

    /// The index's entry for an offset, if it is one of code.
    fn entry(&self, offset: usize) -> Option<&AtomicPtr<Published<T>>> {
        if offset >= self.reservation.len() {
            return None;
        }
        let page = offset.checked_sub(self.code_start)? / page_size();
        // SAFETY: the index has an entry for each page of code, zeroed at first, which is a null pointer.
        Some(unsafe { &*self.index.base().cast::<AtomicPtr<Published<T>>>().add(page) })
    }
}

impl<T> Drop for CodeMemory<T> {
    fn drop(&mut self) {
        let page = page_size();
        let entries = self.index.base().cast::<*mut Published<T>>();
        let mut offset = self.code_start;
        while offset < *self.next.get_mut() {
            // SAFETY: as in `entry`; nobody else reads the index any more.
            let published = unsafe { *entries.add((offset - self.code_start) / page) };
            if published.is_null() {
                offset += page;
                continue;
            }
            // SAFETY: made by `Box::into_raw` in `commit`. All its entries are skipped, so that it is
            // freed once.
            let published = unsafe { Box::from_raw(published) };
            offset = published.pages.end;
        }
    }
}

/// Pages set aside for a batch of code that nobody else writes to.
#[derive(Debug)]
pub(crate) struct Batch<'a, T> {
    memory: &'a CodeMemory<T>,
    /// Their offsets; empty once they are not this batch's any more.
    pages: Range<usize>,
    /// Offset of its first byte.
    start: usize,
    len: usize,
}

impl<T: Send + Sync> Batch<'_, T> {
    /// Where the first byte will be; at the start of a cache line.
    pub fn address(&self) -> usize {
        self.memory.reservation.range().start + self.start
    }

    /// Writes the batch and makes it executable: its address. `bytes` may be fewer than were set aside. All that
    /// was written before this returns is seen by a thread that has learned of the address in an orderly way.
    pub fn commit(mut self, bytes: &[u8], info: T) -> Result<NonNull<u8>, CodeRefused> {
        if bytes.len() > self.len {
            return Err(CodeRefused::Full(bytes.len()));
        }
        // From here on the pages are in use, or in an unknown state.
        let pages = std::mem::take(&mut self.pages);
        let memory = self.memory;
        let refused = |_| CodeRefused::Protection(pages.len());
        // SAFETY: the pages belong to the batch, and nobody knows them.
        let start = unsafe {
            memory.reservation.allow(pages.clone(), Access::ReadWrite).map_err(refused)?;
            let first = memory.reservation.base().add(pages.start);
            ptr::write_bytes(first.as_ptr(), FILLER, pages.len());
            let start = memory.reservation.base().add(self.start);
            ptr::copy_nonoverlapping(bytes.as_ptr(), start.as_ptr(), bytes.len());
            start
        };
        // SAFETY: as above; the references to the pages are gone.
        unsafe { memory.reservation.allow(pages.clone(), memory.access).map_err(refused)? };
        synchronize(start, bytes.len());
        let published = Published { pages: pages.clone(), start: self.start, info };
        let published = Box::into_raw(Box::new(published));
        for offset in pages.step_by(page_size()) {
            if let Some(entry) = memory.entry(offset) {
                entry.store(published, Ordering::Release);
            }
        }
        Ok(start)
    }
}

impl<T> Drop for Batch<'_, T> {
    fn drop(&mut self) {
        let Range { start, end } = self.pages;
        if start != end {
            let _ = self.memory.next.compare_exchange(end, start, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

/// Makes cores execute what was written; nothing to do where caches are coherent.
#[cfg(not(target_arch = "aarch64"))]
fn synchronize(_: NonNull<u8>, _: usize) {}

/// Makes cores execute what was written: cleans the data cache to where instructions come from, and drops
/// the instructions cached for these addresses. Other cores then have to be told to fetch again.
#[cfg(target_arch = "aarch64")]
fn synchronize(start: NonNull<u8>, len: usize) {
    use std::arch::asm;
    let start = start.as_ptr() as usize;
    let types: usize;
    // SAFETY: reads a register that programs may read.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) types, options(nomem, nostack, preserves_flags)) };
    // Bytes of the smallest lines of the data and instruction caches.
    let (data, instruction) = (4_usize << (types >> 16 & 15), 4_usize << (types & 15));
    // SAFETY: the lines of mapped, readable memory; contents do not change.
    unsafe {
        for line in (start / data * data..start + len).step_by(data) {
            asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags));
        }
        asm!("dsb ish", options(nostack, preserves_flags));
        for line in (start / instruction * instruction..start + len).step_by(instruction) {
            asm!("ic ivau, {}", in(reg) line, options(nostack, preserves_flags));
        }
        asm!("dsb ish", "isb", options(nostack, preserves_flags));
    }
    // The other cores: an instruction barrier on each that runs this process. Where the system has none, a
    // core still cannot have fetched from these pages, which were not executable before.
    #[cfg(target_os = "linux")]
    // SAFETY: the call touches no memory of the program.
    unsafe {
        const REGISTER_SYNC_CORE: libc::c_int = 1 << 6;
        const SYNC_CORE: libc::c_int = 1 << 5;
        if libc::syscall(libc::SYS_membarrier, SYNC_CORE, 0, 0) != 0 {
            libc::syscall(libc::SYS_membarrier, REGISTER_SYNC_CORE, 0, 0);
            libc::syscall(libc::SYS_membarrier, SYNC_CORE, 0, 0);
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
