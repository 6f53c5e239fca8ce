//! Ranges of machine code, found by address from within a signal handler.
//!
//! A list of nodes that are never freed, only reused. A node has a version, odd while its fields change. Whoever looks
//! for an address skips nodes that are changing or have changed meanwhile: the range that a thread's own code
//! lies in stays registered while the thread is in it, so that its node is not one of these.

use super::FaultContext;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence};

/// What is to be known of a range of machine code.
#[derive(Debug)]
pub(crate) struct CodeRange {
    /// Given to both functions.
    pub data: *const (),
    /// Whether an instruction may fault at a guarded memory, and `pc` so in machine code's hands that the pinned
    /// registers hold what they should.
    ///
    /// # Safety
    /// `data` is that of the range, which `pc` lies in; it is called by a signal handler, with all that implies.
    pub is_trap_site: unsafe fn(data: *const (), pc: usize) -> bool,
    /// Records a fault: what the thread goes on with, as if the instruction had called that, or `None` if it was none
    /// after all.
    ///
    /// # Safety
    /// As for `is_trap_site`; the store that is given runs on this thread.
    pub on_fault: unsafe fn(data: *const (), fault: &FaultContext) -> Option<usize>,
}

/// An entry of the list.
struct Node {
    version: AtomicUsize,
    /// First address, 0 if the node is free.
    start: AtomicUsize,
    end: AtomicUsize,
    range: AtomicPtr<CodeRange>,
}

/// Nodes that are allocated together, and those that were needed after them.
struct Chunk {
    nodes: [Node; 64],
    next: AtomicPtr<Chunk>,
}

impl Chunk {
    const fn new() -> Chunk {
        Chunk { nodes: [const { Node::free() }; 64], next: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The chunk after this one, if there is one.
    fn next(&self) -> Option<&'static Chunk> {
        // SAFETY: null, or a chunk that was leaked.
        unsafe { self.next.load(Ordering::Acquire).as_ref() }
    }

    /// The chunk after this one, made if there is none.
    fn next_or_new(&self) -> &'static Chunk {
        if let Some(next) = self.next() {
            return next;
        }
        let new = Box::into_raw(Box::new(Chunk::new()));
        let (expected, order) = (ptr::null_mut(), Ordering::AcqRel);
        let chunk = match self.next.compare_exchange(expected, new, order, Ordering::Acquire) {
            Ok(_) => new,
            Err(other) => {
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                other
            }
        };
        // SAFETY: in the list, and so never freed.
        unsafe { &*chunk }
    }
}

static FIRST: Chunk = Chunk::new();

impl Node {
    const fn free() -> Node {
        Node {
            version: AtomicUsize::new(0),
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            range: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Changes a node from free to taken or back, unless somebody else is doing so.
    fn change(&self, free: bool, start: usize, end: usize, range: *mut CodeRange) -> bool {
        let version = self.version.load(Ordering::Relaxed);
        if !version.is_multiple_of(2) || (self.start.load(Ordering::Relaxed) == 0) != free {
            return false;
        }
        let claimed = version.wrapping_add(1);
        if self.version.compare_exchange(version, claimed, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return false;
        }
        // The version says that nobody has changed the node between the two loads above.
        fence(Ordering::Release);
        self.start.store(start, Ordering::Relaxed);
        self.end.store(end, Ordering::Relaxed);
        self.range.store(range, Ordering::Relaxed);
        self.version.store(version.wrapping_add(2), Ordering::Release);
        true
    }

    /// The range, if the node is about `pc` and stays so.
    fn get(&self, pc: usize) -> Option<*const CodeRange> {
        let version = self.version.load(Ordering::Acquire);
        if !version.is_multiple_of(2) {
            return None;
        }
        let (start, end) = (self.start.load(Ordering::Relaxed), self.end.load(Ordering::Relaxed));
        let range = self.range.load(Ordering::Relaxed);
        if !(start..end).contains(&pc) {
            return None;
        }
        fence(Ordering::Acquire);
        (self.version.load(Ordering::Relaxed) == version).then_some(range.cast_const())
    }
}

/// The registered range that an address lies in. It is still registered when this returns if the calling
/// thread is executing code of the range, in a signal handler or not.
pub(super) fn find(pc: usize) -> Option<*const CodeRange> {
    let mut chunk = &FIRST;
    loop {
        if let Some(range) = chunk.nodes.iter().find_map(|node| node.get(pc)) {
            return Some(range);
        }
        chunk = chunk.next()?;
    }
}

/// Keeps a range registered until it is dropped.
#[derive(Debug)]
pub(crate) struct Registered {
    node: &'static Node,
    range: *mut CodeRange,
}

// SAFETY: the range is only ever used by handlers, on any thread, as whoever registered it has promised.
unsafe impl Send for Registered {}
// SAFETY: as above; nothing is reached through a shared one.
unsafe impl Sync for Registered {}

impl Registered {
    /// Makes the handler know the machine code at some addresses.
    ///
    /// # Safety
    /// Until the result is dropped, only machine code of the owner lies at these addresses, the functions may be
    /// called with the data on any thread, and at trap sites the registers are what the convention says. The
    /// result is not dropped while any thread is in the code.
    pub unsafe fn new(addresses: Range<usize>, range: CodeRange) -> Registered {
        let range = Box::into_raw(Box::new(range));
        let mut chunk = &FIRST;
        loop {
            let Range { start, end } = addresses;
            if let Some(node) = chunk.nodes.iter().find(|node| node.change(true, start, end, range)) {
                return Registered { node, range };
            }
            chunk = chunk.next_or_new();
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        // Nobody else changes a node that is taken.
        let changed = self.node.change(false, 0, 0, ptr::null_mut());
        debug_assert!(changed, "a registered range has a node of its own");
        // SAFETY: made by `Box::into_raw` in `new`. No thread is in the code, so that no handler uses it.
        drop(unsafe { Box::from_raw(self.range) });
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (start, end) = (self.start.load(Ordering::Relaxed), self.end.load(Ordering::Relaxed));
        write!(f, "{start:#x}..{end:#x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    unsafe fn never(_: *const (), _: usize) -> bool {
        false
    }

    unsafe fn nowhere(_: *const (), _: &FaultContext) -> Option<usize> {
        None
    }

    fn range(data: usize) -> CodeRange {
        CodeRange { data: data as *const (), is_trap_site: never, on_fault: nowhere }
    }

    /// Addresses that nothing is mapped at.
    const BASE: usize = 1 << 56;

    #[test]
    fn ranges_are_found_while_others_come_and_go() {
        let done = AtomicBool::new(false);
        let own = |i: usize| BASE + i * 1000..BASE + i * 1000 + 500;
        // More than one chunk.
        // SAFETY: there is no code at these addresses.
        let kept: Vec<_> = (0..200).map(|i| unsafe { Registered::new(own(i), range(i)) }).collect();
        std::thread::scope(|scope| {
            for thread in 1..4 {
                let done = &done;
                scope.spawn(move || {
                    let mut i = 0;
                    while !done.load(Ordering::Relaxed) {
                        i += 1;
                        let start = BASE + thread * 1_000_000_000 + i % 17 * 1000;
                        // Fields of different ranges put together would contain the others.
                        let end = start + 10 + (i % 2) * 500;
                        // SAFETY: as above.
                        let registered = unsafe { Registered::new(start..end, range(start)) };
                        let found = find(start + 9).unwrap();
                        // SAFETY: registered until the end of the block.
                        assert_eq!(unsafe { (*found).data } as usize, start);
                        drop(registered);
                        assert!(find(start).is_none());
                    }
                });
            }
            for _ in 0..300 {
                for i in 0..200 {
                    let Range { start, end } = own(i);
                    for pc in [start, end - 1] {
                        // SAFETY: these stay registered.
                        assert_eq!(unsafe { (*find(pc).unwrap()).data } as usize, i);
                    }
                    assert!(find(end).is_none() && find(start - 1).is_none());
                }
            }
            done.store(true, Ordering::Relaxed);
        });
        drop(kept);
        assert!((0..200).all(|i| find(own(i).start).is_none()));
    }

    #[test]
    fn nodes_are_reused() {
        let count = || {
            let mut chunk = &FIRST;
            let mut count = 1;
            while let Some(next) = chunk.next() {
                (chunk, count) = (next, count + 1);
            }
            count
        };
        for i in 0..100_000 {
            let start = BASE + (1 << 50) + i;
            // SAFETY: there is no code at these addresses.
            drop(unsafe { Registered::new(start..start + 1, range(0)) });
        }
        // The other test of this process has 200 or so at once.
        assert!(count() < 10, "{}", count());
    }
}
