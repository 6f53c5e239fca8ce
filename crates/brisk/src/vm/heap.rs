//! The collected heap of a store: exceptions and external objects.
//!
//! Mark and sweep; objects never move. A reference is the address of an object. Words of the value
//! stack are taken for references if they lead into an object, at its start or inside; everything else
//! that holds references is known precisely. Small objects live in blocks of one cell size each, large
//! ones alone.

use super::VmTag;
use super::store::TagData;
use std::alloc::{self, Layout};
use std::any::Any;
use std::collections::BTreeMap;
use std::mem::size_of;
use std::ptr::NonNull;

/// What a host keeps in an `externref`.
pub(crate) type HostData = Box<dyn Any + Send + Sync>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
enum Kind {
    /// No object; `link` leads to the next free cell.
    Free = 0,
    /// A host's value.
    External = 1,
    /// An exception.
    Exception = 2,
}

/// What every object begins with.
#[repr(C, align(16))]
struct Header {
    kind: Kind,
    /// Payload slots of an exception; bytes of an external's host value.
    size: u32,
    /// Tag of an exception; the next of a free cell.
    link: *const (),
}

#[repr(C)]
struct External {
    header: Header,
    data: HostData,
}

const HEADER: usize = size_of::<Header>();
const BLOCK: usize = 32 * 1024;
const BLOCK_LAYOUT: Layout = match Layout::from_size_align(BLOCK, BLOCK) {
    Ok(layout) => layout,
    Err(_) => panic!("a block's size is a power of two"),
};
/// Cell sizes of blocks.
const CELLS: [usize; 7] = [32, 48, 64, 128, 256, 512, 1024];
/// Alignment of a large object.
const LARGE_ALIGN: usize = 16;
/// Collections are this many bytes of allocation apart at least.
const MIN_THRESHOLD: usize = 256 * 1024;

/// What a block begins with.
#[repr(C, align(16))]
struct Block {
    cell: u32,
    count: u32,
    marks: [u64; BLOCK / CELLS[0] / 64],
}

const FIRST_CELL: usize = size_of::<Block>();

struct Large {
    layout: Layout,
    marked: bool,
}

/// A request for more memory than the heap has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NeedsMemory {
    /// Bytes that the heap would grow by.
    pub bytes: usize,
}

/// The heap.
pub(crate) struct Heap {
    /// Addresses of all blocks, in order.
    blocks: Vec<NonNull<Block>>,
    large: BTreeMap<usize, Large>,
    /// Free cells by index in [`CELLS`].
    free: [*mut Header; CELLS.len()],
    /// A free large object, as [`Heap::grow`] leaves it for the allocation that asked; null without one.
    spare: *mut Header,
    /// Bytes taken from the system.
    reserved: usize,
    /// Bytes of objects, host values included, allocated since the last collection.
    fresh: usize,
    /// When `fresh` asks for a collection.
    threshold: usize,
    /// Marked objects whose references were not followed yet.
    grey: Vec<NonNull<Header>>,
    /// Some marked object found no room in `grey`: all have to be looked at again.
    overflowed: bool,
}

/// A collection under way: takes the roots.
pub(crate) struct Tracer<'a> {
    heap: &'a mut Heap,
    /// How many words were looked at.
    words: usize,
}

impl Tracer<'_> {
    /// A root that is a reference, or null.
    #[inline]
    pub fn precise(&mut self, reference: u64) {
        self.conservative(reference);
    }

    /// A word that may be a reference.
    #[inline]
    pub fn conservative(&mut self, word: u64) {
        self.words += 1;
        if word != 0 {
            self.heap.mark(word as usize);
        }
    }
}

impl Heap {
    /// A heap without memory.
    pub fn new() -> Heap {
        Heap {
            blocks: Vec::new(),
            large: BTreeMap::new(),
            free: [std::ptr::null_mut(); CELLS.len()],
            spare: std::ptr::null_mut(),
            reserved: 0,
            fresh: 0,
            threshold: MIN_THRESHOLD,
            grey: Vec::new(),
            overflowed: false,
        }
    }

    /// Bytes taken from the system.
    pub fn reserved(&self) -> usize {
        self.reserved
    }

    /// Whether enough was allocated for a collection to pay.
    pub fn wants_collection(&self) -> bool {
        self.fresh >= self.threshold
    }

    /// A new external object. Gives the value back if there is no room.
    pub fn new_external(&mut self, data: HostData) -> Result<u64, (NeedsMemory, HostData)> {
        let bytes = std::mem::size_of_val(&*data);
        let cell = match self.allocate(size_of::<External>()) {
            Ok(cell) => cell,
            Err(needs) => return Err((needs, data)),
        };
        self.fresh = self.fresh.saturating_add(bytes);
        let size = u32::try_from(bytes).unwrap_or(u32::MAX);
        let header = Header { kind: Kind::External, size, link: std::ptr::null() };
        // SAFETY: the cell is free, and large enough.
        unsafe { cell.cast().write(External { header, data }) };
        Ok(cell.as_ptr() as u64)
    }

    /// A new exception.
    ///
    /// # Safety
    /// The tag must outlive the heap, and `payload` must lead to its slots, which hold references of this
    /// heap where the tag says so.
    pub unsafe fn new_exception(
        &mut self,
        tag: NonNull<TagData>,
        payload: *const u64,
    ) -> Result<u64, NeedsMemory> {
        // SAFETY: passed on; the cell is free, and large enough.
        unsafe {
            let slots = tag.as_ref().slots;
            let cell = self.allocate(HEADER + slots as usize * size_of::<u64>())?;
            let link = tag.as_ptr() as *const ();
            cell.write(Header { kind: Kind::Exception, size: slots, link });
            std::ptr::copy_nonoverlapping(payload, cell.as_ptr().add(1).cast(), slots as usize);
            Ok(cell.as_ptr() as u64)
        }
    }

    /// A free cell of at least `size` bytes.
    fn allocate(&mut self, size: usize) -> Result<NonNull<Header>, NeedsMemory> {
        match CELLS.iter().position(|&cell| size <= cell) {
            Some(class) => {
                let Some(cell) = NonNull::new(self.free[class]) else {
                    return Err(NeedsMemory { bytes: BLOCK });
                };
                // SAFETY: a free cell's link leads to the next one.
                self.free[class] = unsafe { cell.as_ref().link as *mut Header };
                self.fresh += CELLS[class];
                Ok(cell)
            }
            None => self.take_large(size),
        }
    }

    /// The large object that [`Heap::grow`] left, if it is large enough.
    fn take_large(&mut self, size: usize) -> Result<NonNull<Header>, NeedsMemory> {
        let needs = NeedsMemory { bytes: size };
        let spare = NonNull::new(self.spare).ok_or(needs)?;
        let bytes = self.large.get(&(spare.as_ptr() as usize)).map_or(0, |large| large.layout.size());
        if bytes < size {
            return Err(needs);
        }
        self.spare = std::ptr::null_mut();
        self.fresh += bytes;
        Ok(spare)
    }

    /// Takes memory for what an allocation said it needs; `false` if the system refuses.
    pub fn grow(&mut self, size: usize, needs: NeedsMemory) -> bool {
        match CELLS.iter().position(|&cell| size <= cell) {
            Some(class) => self.grow_block(class),
            None => self.grow_large(needs.bytes),
        }
    }

    fn grow_block(&mut self, class: usize) -> bool {
        if self.blocks.try_reserve(1).is_err() {
            return false;
        }
        // SAFETY: the layout is not empty.
        let Some(block) = NonNull::new(unsafe { alloc::alloc(BLOCK_LAYOUT) }) else { return false };
        let block = block.cast::<Block>();
        let cell = CELLS[class];
        let count = (BLOCK - FIRST_CELL) / cell;
        // SAFETY: the block was just allocated; all cells are inside it.
        unsafe {
            block.write(Block { cell: cell as u32, count: count as u32, marks: [0; _] });
            for index in (0..count).rev() {
                let header = block.byte_add(FIRST_CELL + index * cell).cast::<Header>();
                header.write(Header { kind: Kind::Free, size: 0, link: self.free[class] as *const () });
                self.free[class] = header.as_ptr();
            }
        }
        let at = self.blocks.partition_point(|&other| other < block);
        self.blocks.insert(at, block);
        self.reserved += BLOCK;
        true
    }

    fn grow_large(&mut self, size: usize) -> bool {
        let Ok(layout) = Layout::from_size_align(size, LARGE_ALIGN) else { return false };
        // SAFETY: a large object is not empty.
        let Some(object) = NonNull::new(unsafe { alloc::alloc(layout) }) else { return false };
        // SAFETY: the object was just allocated and has room for a header.
        unsafe {
            object.cast().write(Header { kind: Kind::Free, size: 0, link: std::ptr::null() });
        }
        self.large.insert(object.as_ptr() as usize, Large { layout, marked: false });
        self.spare = object.as_ptr().cast();
        self.reserved += size;
        true
    }

    /// Collects what cannot be reached from the roots that the closure names. Returns the host values
    /// set free: dropping them runs the embedder's code, which is better done when all is in order.
    pub fn collect(&mut self, roots: impl FnOnce(&mut Tracer<'_>)) -> Vec<HostData> {
        let mut tracer = Tracer { heap: self, words: 0 };
        roots(&mut tracer);
        let looked_at = tracer.words.saturating_mul(size_of::<u64>());
        loop {
            while let Some(object) = self.grey.pop() {
                self.trace(object);
            }
            if !std::mem::take(&mut self.overflowed) {
                break;
            }
            self.trace_marked();
        }
        let (live, freed) = self.sweep();
        // The work of a collection is paid for by as much allocation.
        self.threshold = live.saturating_add(looked_at).max(MIN_THRESHOLD);
        freed
    }

    /// Notes an object that was just marked. Where there is no memory for that, the collection goes on more
    /// slowly instead.
    fn push_grey(&mut self, object: NonNull<Header>) {
        if self.grey.try_reserve(1).is_ok() {
            self.grey.push(object);
        } else {
            self.overflowed = true;
        }
    }

    /// Follows the references of all marked objects.
    fn trace_marked(&mut self) {
        for index in 0..self.blocks.len() {
            let block = self.blocks[index];
            // SAFETY: the block is live; indices are in bounds, and no reference to it is kept over `trace`.
            unsafe {
                for index in 0..block.as_ref().count as usize {
                    if block.as_ref().marks[index / 64] & (1 << (index % 64)) != 0 {
                        self.trace(cell(block.as_ref(), index));
                    }
                }
            }
        }
        let mut next = 0;
        while let Some((&address, large)) = self.large.range(next..).next() {
            next = address + 1;
            if large.marked {
                // SAFETY: what the map lists is a live large object.
                self.trace(unsafe { NonNull::new_unchecked(address as *mut Header) });
            }
        }
    }

    /// The object that an address leads to, at its start or inside, and whether it was marked before.
    fn mark(&mut self, address: usize) {
        let Some(first) = self.blocks.first() else { return self.mark_large(address) };
        let base = address & !(BLOCK - 1);
        let last = self.blocks[self.blocks.len() - 1];
        let block = match base < first.as_ptr() as usize || base > last.as_ptr() as usize {
            true => None,
            false => self.blocks.binary_search_by_key(&base, |block| block.as_ptr() as usize).ok(),
        };
        let Some(block) = block.map(|index| self.blocks[index]) else { return self.mark_large(address) };
        // SAFETY: the block is live and nothing else refers to it; the cell's index is in bounds.
        unsafe {
            let Some(offset) = (address - base).checked_sub(FIRST_CELL) else { return };
            let block = &mut *block.as_ptr();
            let index = offset / block.cell as usize;
            if index >= block.count as usize {
                return;
            }
            let header = cell(block, index);
            let (word, bit) = (index / 64, 1 << (index % 64));
            if header.as_ref().kind != Kind::Free && block.marks[word] & bit == 0 {
                block.marks[word] |= bit;
                self.push_grey(header);
            }
        }
    }

    fn mark_large(&mut self, address: usize) {
        let Some((&start, large)) = self.large.range_mut(..=address).next_back() else { return };
        // SAFETY: what the map lists is a live large object.
        unsafe {
            let header = NonNull::new_unchecked(start as *mut Header);
            let live = header.as_ref().kind != Kind::Free;
            if live && !large.marked && address - start < large.layout.size() {
                large.marked = true;
                self.push_grey(header);
            }
        }
    }

    /// Marks what an object refers to.
    fn trace(&mut self, object: NonNull<Header>) {
        // SAFETY: the object is live; an exception's tag outlives it.
        unsafe {
            if object.as_ref().kind != Kind::Exception {
                return;
            }
            let tag = &*object.as_ref().link.cast::<TagData>();
            for &slot in &tag.references {
                self.mark(*object.add(1).cast::<u64>().add(slot as usize).as_ref() as usize);
            }
        }
    }

    /// Frees what is not marked. Bytes of what stays, and the host values set free.
    fn sweep(&mut self) -> (usize, Vec<HostData>) {
        let mut freed = Vec::new();
        let mut live = 0;
        self.free = [std::ptr::null_mut(); CELLS.len()];
        self.spare = std::ptr::null_mut();
        for block in &self.blocks {
            // SAFETY: the block is live and nothing else refers to it; indices are in bounds.
            unsafe {
                let block = &mut *block.as_ptr();
                let class = CELLS.iter().position(|&size| size == block.cell as usize).unwrap_or(0);
                for index in (0..block.count as usize).rev() {
                    let header = cell(block, index);
                    if block.marks[index / 64] & (1 << (index % 64)) != 0 {
                        live += block.cell as usize + host_bytes(header);
                        continue;
                    }
                    set_aside(&mut freed, release(header));
                    (*header.as_ptr()).link = self.free[class] as *const ();
                    self.free[class] = header.as_ptr();
                }
                block.marks = [0; _];
            }
        }
        let reserved = &mut self.reserved;
        self.large.retain(|&address, large| {
            // SAFETY: what the map lists is a live large object; it is not used again after it is freed.
            unsafe {
                let header = NonNull::new_unchecked(address as *mut Header);
                if std::mem::take(&mut large.marked) {
                    live += large.layout.size() + host_bytes(header);
                    return true;
                }
                set_aside(&mut freed, release(header));
                alloc::dealloc(address as *mut u8, large.layout);
                *reserved -= large.layout.size();
                false
            }
        });
        self.fresh = 0;
        (live, freed)
    }

    /// Sizes for [`Heap::grow`].
    pub fn external_size() -> usize {
        size_of::<External>()
    }

    /// Sizes for [`Heap::grow`].
    pub fn exception_size(slots: u32) -> usize {
        HEADER + slots as usize * size_of::<u64>()
    }
}

/// Keeps a host value for later; where there is no memory for that, it is dropped now.
fn set_aside(freed: &mut Vec<HostData>, data: Option<HostData>) {
    if let Some(data) = data
        && freed.try_reserve(1).is_ok()
    {
        freed.push(data);
    }
}

/// # Safety
/// The index must be in bounds.
unsafe fn cell(block: &Block, index: usize) -> NonNull<Header> {
    // SAFETY: the cell is inside the block.
    unsafe { NonNull::from(block).byte_add(FIRST_CELL + index * block.cell as usize).cast() }
}

/// # Safety
/// The object must be live.
unsafe fn host_bytes(header: NonNull<Header>) -> usize {
    // SAFETY: passed on.
    let header = unsafe { header.as_ref() };
    if header.kind == Kind::External { header.size as usize } else { 0 }
}

/// Makes a free cell of an object; its host value, if it has one, is handed out.
///
/// # Safety
/// The cell must be free or hold a live object that nothing refers to.
unsafe fn release(header: NonNull<Header>) -> Option<HostData> {
    // SAFETY: the host value is taken once, as the kind is changed.
    unsafe {
        let external = (*header.as_ptr()).kind == Kind::External;
        let data = external.then(|| (&raw const (*header.cast::<External>().as_ptr()).data).read());
        (*header.as_ptr()).kind = Kind::Free;
        data
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        let (_, freed) = self.sweep();
        for block in std::mem::take(&mut self.blocks) {
            // SAFETY: allocated with this layout; not used again.
            unsafe { alloc::dealloc(block.as_ptr().cast(), BLOCK_LAYOUT) };
        }
        drop(freed);
    }
}

/// The tag of an exception.
///
/// # Safety
/// `exn` must be a reference to a live exception.
#[inline]
pub(crate) unsafe fn exn_tag(exn: u64) -> *const VmTag {
    // SAFETY: passed on; a tag's record begins with its identity.
    unsafe { (*(exn as *const Header)).link.cast() }
}

/// The payload of an exception and its number of slots.
///
/// # Safety
/// `exn` must be a reference to a live exception.
#[inline]
pub(crate) unsafe fn exn_payload(exn: u64) -> (*const u64, usize) {
    // SAFETY: passed on; the payload follows the header.
    unsafe {
        let header = exn as *const Header;
        (header.add(1).cast(), (*header).size as usize)
    }
}

/// Whether an object is an external one.
///
/// # Safety
/// `reference` must be a reference to a live object.
#[inline]
pub(crate) unsafe fn is_external(reference: u64) -> bool {
    // SAFETY: passed on.
    unsafe { (*(reference as *const Header)).kind == Kind::External }
}

/// Whether an object is an exception.
///
/// # Safety
/// `reference` must be a reference to a live object.
#[inline]
pub(crate) unsafe fn is_exception(reference: u64) -> bool {
    // SAFETY: passed on.
    unsafe { (*(reference as *const Header)).kind == Kind::Exception }
}

/// The host value of an external object.
///
/// # Safety
/// `reference` must be a reference to a live external object.
#[inline]
pub(crate) unsafe fn external_data(reference: u64) -> *mut HostData {
    // SAFETY: passed on.
    unsafe { &raw mut (*(reference as *mut External)).data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn external(heap: &mut Heap, data: HostData) -> u64 {
        match heap.new_external(data) {
            Ok(reference) => reference,
            Err((needs, data)) => {
                assert!(heap.grow(Heap::external_size(), needs));
                heap.new_external(data).expect("room was made")
            }
        }
    }

    fn exception(heap: &mut Heap, tag: &TagData, payload: &[u64]) -> u64 {
        assert_eq!(payload.len(), tag.slots as usize);
        // SAFETY: the payload is as long as the tag says, and tags outlive heaps in these tests.
        unsafe {
            if let Ok(exn) = heap.new_exception(NonNull::from(tag), payload.as_ptr()) {
                return exn;
            }
            let size = Heap::exception_size(tag.slots);
            assert!(heap.grow(size, NeedsMemory { bytes: size }));
            heap.new_exception(NonNull::from(tag), payload.as_ptr()).unwrap()
        }
    }

    fn tag(slots: u32, references: &[u32]) -> TagData {
        TagData { vm: VmTag { type_id: 1 }, slots, references: references.into() }
    }

    #[test]
    fn unreachable_externals_are_freed_and_others_kept() {
        let mut heap = Heap::new();
        let counter = Arc::new(());
        let references: Vec<u64> =
            (0..5000).map(|_| external(&mut heap, Box::new(counter.clone()))).collect();
        assert_eq!(Arc::strong_count(&counter), 5001);
        let kept = &references[1000..1010];
        let freed = heap.collect(|tracer| kept.iter().for_each(|&r| tracer.precise(r)));
        assert_eq!(freed.len(), 4990);
        drop(freed);
        assert_eq!(Arc::strong_count(&counter), 11);
        // The cells are used again: the heap does not grow.
        let reserved = heap.reserved();
        for _ in 0..4990 {
            external(&mut heap, Box::new(counter.clone()));
        }
        assert_eq!(heap.reserved(), reserved);
        drop(heap);
        assert_eq!(Arc::strong_count(&counter), 1);
    }

    #[test]
    fn interior_words_and_chains_keep_objects_alive() {
        let cons = tag(2, &[1]);
        let mut heap = Heap::new();
        let counter = Arc::new(());
        let mut list = external(&mut heap, Box::new(counter.clone()));
        for i in 0..100_000 {
            list = exception(&mut heap, &cons, &[i, list]);
        }
        assert!(heap.collect(|tracer| tracer.conservative(list + 17)).is_empty());
        assert_eq!(Arc::strong_count(&counter), 2);
        let (mut at, mut expected) = (list, 100_000);
        // SAFETY: all of the chain is reachable from `list`.
        while unsafe { std::ptr::eq(exn_tag(at).cast(), &cons) } && expected > 0 {
            expected -= 1;
            // SAFETY: as above.
            let (payload, slots) = unsafe { exn_payload(at) };
            assert_eq!(slots, 2);
            // SAFETY: as above.
            at = unsafe {
                assert_eq!(*payload, expected);
                *payload.add(1)
            };
        }
        assert_eq!(expected, 0);
        assert_eq!(heap.collect(|_| {}).len(), 1);
    }

    #[test]
    fn words_that_lead_nowhere_are_ignored() {
        let mut heap = Heap::new();
        let one = external(&mut heap, Box::new(1u32));
        heap.collect(|tracer| {
            for word in [0, 1, 7, u64::MAX, one & !(BLOCK as u64 - 1), one + 32, one - 1] {
                tracer.conservative(word);
            }
        })
        .into_iter()
        .for_each(|data| assert_eq!(data.downcast_ref::<u32>(), Some(&1)));
        assert!(heap.collect(|tracer| tracer.conservative(one)).is_empty(), "it was freed before");
    }

    #[test]
    fn a_collection_without_memory_for_its_list_finds_everything() {
        let cons = tag(3, &[1, 2]);
        let wide = tag(1000, &(0..1000).collect::<Vec<_>>());
        let mut heap = Heap::new();
        let counter = Arc::new(());
        let mut list = external(&mut heap, Box::new(counter.clone()));
        for i in 0..1000 {
            let leaf = external(&mut heap, Box::new(counter.clone()));
            list = exception(&mut heap, &cons, &[i, list, leaf]);
        }
        let root = exception(&mut heap, &wide, &[list; 1000]);
        // As if every object but the roots had found no room.
        heap.collect(|tracer| {
            tracer.precise(root);
            tracer.heap.grey.clear();
            tracer.heap.overflowed = true;
        });
        assert_eq!(Arc::strong_count(&counter), 1002);
        assert_eq!(heap.collect(|_| {}).len(), 1001);
    }

    #[test]
    fn large_objects_are_given_back() {
        let wide = tag(2000, &[1999]);
        let mut heap = Heap::new();
        let value = external(&mut heap, Box::new(5u8));
        let mut payload = vec![0; 2000];
        payload[1999] = value;
        let exn = exception(&mut heap, &wide, &payload);
        assert!(heap.reserved() > BLOCK + 16000);
        assert!(heap.collect(|tracer| tracer.conservative(exn + 15_999)).is_empty());
        // SAFETY: the external is reachable from the exception.
        assert_eq!(unsafe { (*external_data(value)).downcast_ref::<u8>() }, Some(&5));
        assert_eq!(heap.collect(|_| {}).len(), 1);
        assert_eq!(heap.reserved(), BLOCK);
    }

    #[test]
    fn collections_are_asked_for_by_bytes_of_host_values_too() {
        let mut heap = Heap::new();
        assert!(!heap.wants_collection());
        external(&mut heap, Box::new([0u8; MIN_THRESHOLD]));
        assert!(heap.wants_collection());
        heap.collect(|_| {});
        assert!(!heap.wants_collection());
    }
}
