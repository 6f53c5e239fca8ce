//! Records at fixed addresses that live until the arena is dropped.

use std::ptr::NonNull;

/// Records that never move. Chunks double in size, so that a store with few records makes few allocations. Some records
/// lie where somebody else has room for them.
pub(crate) struct Arena<T> {
    chunks: Vec<Vec<T>>,
    placed: Vec<NonNull<T>>,
}

impl<T> Arena<T> {
    /// An arena without records; nothing is allocated.
    pub const fn new() -> Arena<T> {
        Arena { chunks: Vec::new(), placed: Vec::new() }
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

    /// Adds a record at a place outside the arena, if one is given.
    ///
    /// # Safety
    /// The place must be valid for a record, hold none, and be left alone until the arena is cleared or dropped.
    pub unsafe fn push_at(&mut self, place: Option<NonNull<T>>, value: T) -> NonNull<T> {
        let Some(place) = place else { return self.push(value) };
        // SAFETY: passed on.
        unsafe { place.write(value) };
        self.placed.push(place);
        place
    }

    /// All records: those of the arena in the order in which they were added, then those elsewhere.
    pub fn iter(&self) -> impl Iterator<Item = NonNull<T>> + '_ {
        let own = self.chunks.iter().flat_map(|chunk| chunk.iter().map(NonNull::from));
        own.chain(self.placed.iter().copied())
    }

    /// Drops all records.
    pub fn clear(&mut self) {
        self.chunks.clear();
        for place in self.placed.drain(..) {
            // SAFETY: `push_at` put a record there, and nobody else drops it.
            unsafe { place.drop_in_place() };
        }
    }
}

impl<T> Drop for Arena<T> {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::MaybeUninit;
    use std::rc::Rc;

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

    #[test]
    fn records_elsewhere_are_dropped_once() {
        let counted = Rc::new(());
        let mut room = Box::new([const { MaybeUninit::<Rc<()>>::uninit() }; 2]);
        let places = [0, 1].map(|at| NonNull::from(&mut room[at]).cast::<Rc<()>>());
        let mut arena = Arena::new();
        let inside = arena.push(counted.clone());
        for place in places {
            // SAFETY: the places are distinct, empty and outlive the arena.
            unsafe { arena.push_at(Some(place), counted.clone()) };
        }
        assert_eq!(arena.iter().collect::<Vec<_>>(), [inside, places[0], places[1]]);
        assert_eq!(Rc::strong_count(&counted), 4);
        arena.clear();
        assert_eq!(Rc::strong_count(&counted), 1);
        assert_eq!(arena.iter().count(), 0);
        // SAFETY: as above, and the arena holds nothing there any more.
        unsafe { arena.push_at(Some(places[0]), counted.clone()) };
        drop(arena);
        assert_eq!(Rc::strong_count(&counted), 1);
    }
}
