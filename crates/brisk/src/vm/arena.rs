//! Records at fixed addresses that live until the arena is dropped.

use std::ptr::NonNull;

/// Records that never move. Chunks double in size, so that a store with few records makes few allocations.
pub(crate) struct Arena<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Arena<T> {
    /// An arena without records; nothing is allocated.
    pub const fn new() -> Arena<T> {
        Arena { chunks: Vec::new() }
    }

    /// Adds a record.
    pub fn push(&mut self, value: T) -> NonNull<T> {
        let full = self.chunks.last().is_none_or(|chunk| chunk.len() == chunk.capacity());
        if full {
            let capacity = self.chunks.last().map_or(4, |chunk| (chunk.capacity() * 2).min(1024));
            self.chunks.push(Vec::with_capacity(capacity));
        }
        let chunk = self.chunks.last_mut().expect("a chunk with room was pushed");
        let index = chunk.len();
        chunk.push(value);
        // SAFETY: `index` is the record just pushed; a chunk with room left does not reallocate.
        unsafe { NonNull::new_unchecked(chunk.as_mut_ptr().add(index)) }
    }

    /// All records, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = NonNull<T>> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.iter().map(NonNull::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_stay_where_they_are() {
        let mut arena = Arena::new();
        let pointers: Vec<NonNull<u32>> = (0..5000).map(|i| arena.push(i)).collect();
        for (i, pointer) in pointers.iter().enumerate() {
            // SAFETY: the arena is alive and hands out no references.
            assert_eq!(unsafe { *pointer.as_ref() }, i as u32);
        }
        assert_eq!(arena.iter().collect::<Vec<_>>(), pointers);
    }
}
