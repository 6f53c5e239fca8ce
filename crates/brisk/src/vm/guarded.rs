//! Memory whose end the hardware guards.

use super::mapping::Refused;
use super::reservation::{Access, Reservation, page_size};

/// An access with an offset up to this needs no check: from any index on it is inside or faults.
pub(crate) const GUARD: usize = 32 << 20;

/// What is reserved beyond the guard, since the widest access at the last index and the largest offset ends there.
const WIDTH: usize = 64 << 10;

/// Bytes that a 32-bit index can reach.
#[cfg(target_pointer_width = "64")]
const INDEXABLE: usize = 1 << 32;

/// The bytes of a memory whose end the hardware guards: whatever a 32-bit index and an offset up to
/// [`GUARD`] reach is either inside or faults. The first byte stays where it is.
#[derive(Debug)]
pub(crate) struct GuardedBytes {
    reservation: Reservation,
    /// How many bytes do not fault.
    len: usize,
}

impl GuardedBytes {
    /// So many zeros, a number that must be whole pages of the system.
    pub fn new(len: usize) -> Result<GuardedBytes, Refused> {
        #[cfg(target_pointer_width = "64")]
        {
            #[cfg(unix)]
            if let Some(mut bytes) = pool::take(len)
                && bytes.resize(len).is_ok()
            {
                return Ok(bytes);
            }
            let reservation = Reservation::new(INDEXABLE + GUARD + WIDTH)?;
            let mut bytes = GuardedBytes { reservation, len: 0 };
            bytes.grow(len)?;
            Ok(bytes)
        }
        #[cfg(not(target_pointer_width = "64"))]
        Err(Refused { bytes: len })
    }

    /// The first byte.
    #[inline]
    pub fn base(&self) -> *mut u8 {
        self.reservation.base().as_ptr()
    }

    /// Makes it `len` bytes long. New ones are zero; nothing changes if refused.
    pub fn grow(&mut self, len: usize) -> Result<(), Refused> {
        if len <= self.len {
            return Ok(());
        }
        // A byte more than asked for would be one that does not fault.
        if !len.is_multiple_of(page_size()) || len > self.reservation.len() - (GUARD + WIDTH) {
            return Err(Refused { bytes: len });
        }
        // SAFETY: nobody relies on the bytes beyond the length, except that accesses fault there, and the
        // exclusive borrow says that nothing is running that would see them stop to.
        unsafe { self.reservation.allow(self.len..len, Access::ReadWrite)? };
        self.len = len;
        Ok(())
    }

    /// Makes it `len` bytes long, more or less than it was. All bytes are zero.
    #[cfg(all(unix, target_pointer_width = "64"))]
    fn resize(&mut self, len: usize) -> Result<(), Refused> {
        if len < self.len && len.is_multiple_of(page_size()) {
            // SAFETY: nobody uses the bytes yet.
            unsafe { self.reservation.allow(len..self.len, Access::None)? };
            self.len = len;
        }
        if len < self.len { Err(Refused { bytes: len }) } else { self.grow(len) }
    }

    /// Whether an address is among those that are reserved for these bytes, accessible or not.
    #[inline]
    pub fn reserves(&self, address: usize) -> bool {
        self.reservation.range().contains(&address)
    }
}

#[cfg(all(unix, target_pointer_width = "64"))]
impl Drop for GuardedBytes {
    fn drop(&mut self) {
        if self.reservation.len() > 0 {
            let reservation = std::mem::replace(&mut self.reservation, Reservation::none());
            pool::put(GuardedBytes { reservation, len: self.len });
        }
    }
}

/// Reservations that were used, for use again.
///
/// With a new one, the first access costs several times what mapping costs, since the system begins with
/// page tables of all levels. And pages that were touched before are cleared in less time than it takes the
/// system to give new ones: a memory of one page is made, used and dropped in a tenth of the time.
#[cfg(all(unix, target_pointer_width = "64"))]
mod pool {
    use super::*;
    use std::sync::Mutex;

    /// How many are kept.
    pub(super) const KEPT: usize = 16;

    /// Only ever tried: a thread that finds it locked does without. In the child of a fork it may stay so.
    static POOL: Mutex<Vec<GuardedBytes>> = Mutex::new(Vec::new());

    /// Larger ones are not: a system that promises no more memory than it has goes on counting them.
    const LARGEST: usize = 16 << 20;

    /// Pages at the beginning that are looked at one by one.
    const LOOKED_AT: usize = 256;

    /// Pages that stay in memory. All others are given back to the system.
    const RESIDENT: usize = 32;

    /// One with zeros only, of that length if there is one.
    pub fn take(len: usize) -> Option<GuardedBytes> {
        let mut pool = POOL.try_lock().ok()?;
        match pool.iter().rposition(|bytes| bytes.len == len) {
            Some(index) => Some(pool.swap_remove(index)),
            None => pool.pop(),
        }
    }

    /// Keeps one, or gives it back to the system.
    pub fn put(mut bytes: GuardedBytes) {
        let full = POOL.try_lock().map_or(true, |pool| pool.len() >= KEPT);
        if bytes.len <= LARGEST
            && !full
            && !is_limited()
            && clear(&mut bytes)
            && let Ok(mut pool) = POOL.try_lock()
            && pool.len() < KEPT
        {
            pool.push(bytes);
            return;
        }
        // Without coming here again.
        drop(std::mem::replace(&mut bytes.reservation, Reservation::none()));
    }

    /// Whether what is kept could be missed elsewhere.
    fn is_limited() -> bool {
        [libc::RLIMIT_AS, libc::RLIMIT_DATA].into_iter().any(|resource| {
            let mut limit = std::mem::MaybeUninit::<libc::rlimit>::uninit();
            // SAFETY: only asks; filled in on success.
            unsafe {
                libc::getrlimit(resource, limit.as_mut_ptr()) != 0
                    || limit.assume_init().rlim_cur != libc::RLIM_INFINITY
            }
        })
    }

    /// Makes all bytes zero. `false` if that is not certain.
    fn clear(bytes: &mut GuardedBytes) -> bool {
        let page = page_size();
        let pages = bytes.len / page;
        let mut resident = [0_u8; LOOKED_AT];
        let looked_at = pages.min(LOOKED_AT);
        // A page that is not resident may still have contents elsewhere: what this says decides only how a
        // page is cleared.
        // SAFETY: there is a byte for each page of the range, which is mapped.
        if unsafe { libc::mincore(bytes.base().cast(), looked_at * page, resident.as_mut_ptr().cast()) } != 0
        {
            resident = [0; LOOKED_AT];
        }
        let mut left = RESIDENT;
        let mut given_back = 0..0;
        for (index, resident) in resident[..looked_at].iter().enumerate() {
            if resident & 1 != 0 && left > 0 {
                left -= 1;
                // SAFETY: the page is inside, accessible, and nobody's but this function's.
                unsafe { std::ptr::write_bytes(bytes.base().add(index * page), 0, page) };
                if !give_back(bytes, given_back) {
                    return false;
                }
                given_back = index + 1..index + 1;
            } else {
                given_back.end = index + 1;
            }
        }
        give_back(bytes, given_back.start..pages)
    }

    /// Gives pages back to the system; they read as zeros from then on.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn give_back(bytes: &mut GuardedBytes, pages: std::ops::Range<usize>) -> bool {
        let page = page_size();
        if pages.is_empty() {
            return true;
        }
        // SAFETY: the pages are inside, private and anonymous, and nobody's but this function's.
        unsafe {
            let start = bytes.base().add(pages.start * page);
            libc::madvise(start.cast(), pages.len() * page, libc::MADV_DONTNEED) == 0
        }
    }

    /// Elsewhere the system does not promise zeros.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn give_back(_: &mut GuardedBytes, pages: std::ops::Range<usize>) -> bool {
        pages.is_empty()
    }
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use super::*;
    use crate::vm::child;

    fn all(bytes: &mut GuardedBytes) -> &mut [u8] {
        // SAFETY: these many bytes are accessible, and zero at first.
        unsafe { std::slice::from_raw_parts_mut(bytes.base(), bytes.len) }
    }

    /// Lines of the mappings that begin at one of these addresses.
    fn mapped(bases: &[usize]) -> usize {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let starts = |line: &str| usize::from_str_radix(line.split_once('-').unwrap().0, 16).unwrap();
        maps.lines().filter(|line| bases.contains(&starts(line))).count()
    }

    /// How far an accessible range goes on from an address.
    fn accessible(base: usize) -> usize {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut end = base;
        // An emulator may show one mapping as several.
        for line in maps.lines() {
            let (range, rest) = line.split_once(' ').unwrap();
            let (start, to) = range.split_once('-').unwrap();
            if usize::from_str_radix(start, 16).unwrap() == end && rest.starts_with("rw-p") {
                end = usize::from_str_radix(to, 16).unwrap();
            }
        }
        end - base
    }

    /// Nothing else makes or drops memories in the child.
    #[test]
    fn what_is_used_again_is_zero_and_as_long_as_asked_for() {
        if !child::is_child() {
            let test = "vm::guarded::tests::what_is_used_again_is_zero_and_as_long_as_asked_for";
            return child::passes_after("true", test);
        }
        let page = page_size();
        let first = GuardedBytes::new(page).unwrap();
        let base = first.base();
        drop(first);
        // Touched here and there, everywhere, at the end only, and not at all; longer and shorter each time.
        let lens = [1, 3, 40, 500, 16, 0, 2000, 2000, 100, 256, 257, 100, 4000, 16, 16, 16];
        for (round, pages) in lens.into_iter().enumerate() {
            for step in [1, 7, 33, page - 1, 5 * page, usize::MAX] {
                let mut bytes = GuardedBytes::new(pages * page).unwrap();
                assert_eq!(bytes.base(), base, "round {round}");
                assert_eq!(accessible(base as usize), pages * page);
                assert!(all(&mut bytes).iter().all(|&byte| byte == 0), "round {round}, step {step}");
                all(&mut bytes).iter_mut().step_by(step).for_each(|byte| *byte = 0xff);
                if let Some(last) = all(&mut bytes).last_mut() {
                    *last = 1;
                }
                if step == 33 {
                    bytes.grow((pages + 20) * page).unwrap();
                    assert!(all(&mut bytes)[pages * page..].iter().all(|&byte| byte == 0));
                    all(&mut bytes)[pages * page..].fill(3);
                }
            }
        }
    }

    #[test]
    fn few_are_kept_and_none_where_memory_is_limited() {
        if !child::is_child() {
            let test = "vm::guarded::tests::few_are_kept_and_none_where_memory_is_limited";
            child::passes_after("export KEPT=16", test);
            child::passes_after("ulimit -d 1073741824 && export KEPT=0", test);
            return child::passes_after("ulimit -v 1073741824 && export KEPT=0", test);
        }
        let all: Vec<_> = (0..100).map(|_| GuardedBytes::new(65536).unwrap()).collect();
        let bases: Vec<_> = all.iter().map(|bytes| bytes.base() as usize).collect();
        assert_eq!(mapped(&bases), 100);
        drop(all);
        let kept: usize = std::env::var("KEPT").unwrap().parse().unwrap();
        assert!(kept == 0 || kept == pool::KEPT);
        assert_eq!(mapped(&bases), kept);
        // Nor are large ones.
        let large = GuardedBytes::new(17 << 20).unwrap();
        let base = large.base() as usize;
        drop(large);
        assert_eq!(mapped(&[base]), 0);
    }

    #[test]
    fn threads_share_what_is_kept() {
        std::thread::scope(|scope| {
            for thread in 1..5 {
                scope.spawn(move || {
                    for i in 0..500 {
                        let mut bytes = GuardedBytes::new((1 + i % 3) * 65536).unwrap();
                        assert!(all(&mut bytes).iter().step_by(1000).all(|&byte| byte == 0));
                        all(&mut bytes).iter_mut().step_by(1000).for_each(|byte| *byte = thread);
                    }
                });
            }
        });
    }
}
