//! The guest's memory as the calls see it: every pointer is checked, none needs alignment.

use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;

use crate::errno::Errno;
use crate::limits::{MAX_IOVS, MAX_PATH, MAX_TRANSFER};

/// The linear memory of the calling instance.
pub(crate) struct Guest<'a> {
    bytes: &'a mut [u8],
}

/// A place for a result, checked before the call has any effect, so that a bad pointer never loses
/// a descriptor or data.
#[derive(Clone, Copy)]
pub(crate) struct Out<const N: usize>(usize);

/// Buffers of one vectored read or write, as ranges of the guest's memory, empty ones left out.
pub(crate) struct Iovs {
    ranges: Vec<Range<usize>>,
}

impl<'a> Guest<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes }
    }

    /// `len` elements of `size` bytes at `ptr` as a range of the memory.
    pub(crate) fn range(&self, ptr: u32, len: u32, size: usize) -> Result<Range<usize>, Errno> {
        let start = ptr as usize;
        let end = (len as usize).checked_mul(size).and_then(|n| start.checked_add(n));
        match end {
            Some(end) if end <= self.bytes.len() => Ok(start..end),
            _ => Err(Errno::Fault),
        }
    }

    /// The place for a result of `N` bytes.
    pub(crate) fn out<const N: usize>(&self, ptr: u32) -> Result<Out<N>, Errno> {
        self.range(ptr, 1, N).map(|range| Out(range.start))
    }

    pub(crate) fn put<const N: usize>(&mut self, place: Out<N>, value: [u8; N]) {
        self.bytes[place.0..place.0 + N].copy_from_slice(&value);
    }

    pub(crate) fn put_u32(&mut self, place: Out<4>, value: u32) {
        self.put(place, value.to_le_bytes());
    }

    pub(crate) fn put_u64(&mut self, place: Out<8>, value: u64) {
        self.put(place, value.to_le_bytes());
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    pub(crate) fn slice_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        &mut self.bytes[range]
    }

    /// The `N` bytes at `ptr`.
    pub(crate) fn array<const N: usize>(&self, ptr: u32) -> Result<[u8; N], Errno> {
        let range = self.range(ptr, 1, N)?;
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[range]);
        Ok(array)
    }

    /// A path argument: UTF-8, of a length the host accepts, without NUL.
    pub(crate) fn path(&self, ptr: u32, len: u32) -> Result<&str, Errno> {
        let range = self.range(ptr, len, 1)?;
        if range.len() > MAX_PATH {
            return Err(Errno::NameTooLong);
        }
        let path = std::str::from_utf8(&self.bytes[range]).map_err(|_| Errno::Ilseq)?;
        if path.contains('\0') {
            return Err(Errno::Inval);
        }
        Ok(path)
    }

    /// An iovec array. The array itself must lie in memory as a whole; of its entries the first
    /// [`MAX_IOVS`] are looked at, and they may not add up to more than a 32-bit count can say.
    pub(crate) fn iovs(&self, ptr: u32, len: u32) -> Result<Iovs, Errno> {
        let array = self.range(ptr, len, 8)?;
        let mut ranges = Vec::new();
        let mut total = 0u32;
        for entry in self.bytes[array].chunks_exact(8).take(MAX_IOVS) {
            let (base, len) = entry.split_at(4);
            let base = u32::from_le_bytes([base[0], base[1], base[2], base[3]]);
            let len = u32::from_le_bytes([len[0], len[1], len[2], len[3]]);
            let mut range = self.range(base, len, 1)?;
            let before = total as usize;
            total = total.checked_add(len).ok_or(Errno::Inval)?;
            range.end -= range.len().saturating_sub(MAX_TRANSFER.saturating_sub(before));
            if !range.is_empty() {
                ranges.push(range);
            }
        }
        Ok(Iovs { ranges })
    }

    /// The buffers to write from.
    pub(crate) fn io_slices(&self, iovs: &Iovs) -> Vec<IoSlice<'_>> {
        iovs.ranges.iter().map(|range| IoSlice::new(&self.bytes[range.clone()])).collect()
    }

    /// The buffers to read into. Where they overlap (no compiler makes such a call) only the first
    /// is used, which is a short read.
    pub(crate) fn io_slices_mut(&mut self, iovs: &Iovs) -> Vec<IoSliceMut<'_>> {
        let mut order: Vec<usize> = (0..iovs.ranges.len()).collect();
        order.sort_by_key(|&i| iovs.ranges[i].start);
        let disjoint = order.windows(2).all(|w| iovs.ranges[w[0]].end <= iovs.ranges[w[1]].start);
        if !disjoint {
            return vec![IoSliceMut::new(&mut self.bytes[iovs.ranges[0].clone()])];
        }
        let mut slices: Vec<Option<IoSliceMut<'_>>> = (0..order.len()).map(|_| None).collect();
        let mut rest = &mut *self.bytes;
        let mut offset = 0;
        for i in order {
            let range = &iovs.ranges[i];
            let (_, tail) = rest.split_at_mut(range.start - offset);
            let (slice, tail) = tail.split_at_mut(range.len());
            slices[i] = Some(IoSliceMut::new(slice));
            rest = tail;
            offset = range.end;
        }
        slices.into_iter().flatten().collect()
    }
}

impl Iovs {
    /// Bytes in all buffers together.
    pub(crate) fn total(&self) -> usize {
        self.ranges.iter().map(Range::len).sum()
    }

    pub(crate) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Keeps the first `len` bytes.
    pub(crate) fn truncate(&mut self, len: usize) {
        let mut left = len;
        self.ranges.retain_mut(|range| {
            range.end = range.start + range.len().min(left);
            left -= range.len();
            range.start < range.end
        });
    }

    /// Drops the first `len` bytes, those a short transfer has moved.
    pub(crate) fn advance(&mut self, len: usize) {
        let mut left = len;
        self.ranges.retain_mut(|range| {
            let step = range.len().min(left);
            range.start += step;
            left -= step;
            range.start < range.end
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory_with_iovs(entries: &[(u32, u32)]) -> Vec<u8> {
        let mut memory = vec![0; 65536];
        for (i, (base, len)) in entries.iter().enumerate() {
            memory[i * 8..i * 8 + 4].copy_from_slice(&base.to_le_bytes());
            memory[i * 8 + 4..i * 8 + 8].copy_from_slice(&len.to_le_bytes());
        }
        memory
    }

    #[test]
    fn a_range_ends_where_memory_ends() {
        let mut memory = vec![0; 65536];
        let guest = Guest::new(&mut memory);
        assert_eq!(guest.range(65536, 0, 1), Ok(65536..65536));
        assert_eq!(guest.range(65535, 1, 1), Ok(65535..65536));
        assert_eq!(guest.range(65535, 2, 1), Err(Errno::Fault));
        assert_eq!(guest.range(65537, 0, 1), Err(Errno::Fault));
        assert_eq!(guest.range(u32::MAX, u32::MAX, 48), Err(Errno::Fault));
    }

    #[test]
    fn buffers_come_in_the_order_given_also_when_memory_has_them_in_another() {
        let mut memory = memory_with_iovs(&[(300, 2), (100, 3), (200, 0), (103, 1)]);
        let mut guest = Guest::new(&mut memory);
        let iovs = guest.iovs(0, 4).unwrap();
        assert_eq!(iovs.total(), 6);
        for (i, slice) in guest.io_slices_mut(&iovs).iter_mut().enumerate() {
            slice.fill(i as u8 + 1);
        }
        assert_eq!(memory[300..302], [1, 1]);
        assert_eq!(memory[100..104], [2, 2, 2, 3]);
    }

    #[test]
    fn overlapping_read_buffers_are_a_short_read() {
        let mut memory = memory_with_iovs(&[(100, 10), (105, 10)]);
        let mut guest = Guest::new(&mut memory);
        let iovs = guest.iovs(0, 2).unwrap();
        let slices = guest.io_slices_mut(&iovs);
        assert_eq!(slices.len(), 1);
        assert_eq!(slices[0].len(), 10);
    }

    #[test]
    fn lengths_that_add_up_beyond_32_bits_are_invalid() {
        let entries = vec![(0, 60000); 1024];
        let mut memory = memory_with_iovs(&entries);
        assert_eq!(Guest::new(&mut memory).iovs(0, 1024).map(|iovs| iovs.total()), Ok(60000 * 1024));
        // 65,537 entries of 65,535 bytes would pass 2^32, but no call looks at so many; a memory of
        // 4 MiB makes 1,024 of them do.
        let mut memory = vec![0; 8 << 20];
        for i in 0..1024 {
            memory[i * 8 + 4..i * 8 + 8].copy_from_slice(&(8u32 << 20).to_le_bytes());
        }
        assert_eq!(Guest::new(&mut memory).iovs(0, 1024).map(|iovs| iovs.total()), Err(Errno::Inval));
    }

    #[test]
    fn truncate_and_advance_cut_at_any_byte() {
        let mut memory = memory_with_iovs(&[(100, 3), (200, 3), (300, 3)]);
        let guest = Guest::new(&mut memory);
        let mut iovs = guest.iovs(0, 3).unwrap();
        iovs.truncate(7);
        assert_eq!(iovs.ranges(), [100..103, 200..203, 300..301]);
        iovs.advance(4);
        assert_eq!(iovs.ranges(), [201..203, 300..301]);
        iovs.advance(3);
        assert!(iovs.is_empty());
    }

    #[test]
    fn paths_are_utf8_without_nul_and_not_endless() {
        let mut memory = vec![b'a'; 65536];
        memory[10] = 0xff;
        memory[20] = 0;
        let guest = Guest::new(&mut memory);
        assert_eq!(guest.path(0, 3), Ok("aaa"));
        assert_eq!(guest.path(8, 4), Err(Errno::Ilseq));
        assert_eq!(guest.path(18, 4), Err(Errno::Inval));
        assert_eq!(guest.path(30, 4097), Err(Errno::NameTooLong));
        assert_eq!(guest.path(65000, 4097), Err(Errno::Fault));
    }
}
