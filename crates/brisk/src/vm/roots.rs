//! What the host holds of the heap.
//!
//! Rooted references are released in the order opposite to their making, when the scope that they were
//! made in ends; owned ones live as long as the host keeps them.

use std::sync::Arc;

/// Where a reference is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Root {
    /// In the scope's stack: position, and the generation that it was made in.
    Scoped(u32, u32),
    /// Among the owned ones.
    Owned(u32),
}

/// An owned reference: released some time after all clones of it are gone.
#[derive(Clone, Debug)]
pub(crate) struct OwnedRoot {
    index: u32,
    /// Counted: the reference is released once nothing else holds this.
    _alive: Arc<()>,
}

impl OwnedRoot {
    /// Where the reference is kept.
    pub fn root(&self) -> Root {
        Root::Owned(self.index)
    }
}

struct Scoped {
    generation: u32,
    reference: u64,
}

struct Owned {
    alive: Arc<()>,
    reference: u64,
}

/// All references that the host holds. No reference in it is null.
#[derive(Default)]
pub(crate) struct RootSet {
    scoped: Vec<Scoped>,
    /// Changes whenever a scope ends that had references.
    generation: u32,
    owned: Vec<Option<Owned>>,
    vacant: Vec<u32>,
    /// When the owned ones are looked through for released ones next.
    trim_at: usize,
}

impl RootSet {
    /// Keeps a reference until the current scope ends.
    pub fn push(&mut self, reference: u64) -> Root {
        let index =
            u32::try_from(self.scoped.len()).expect("a store holds fewer than 2^32 rooted references");
        self.scoped.push(Scoped { generation: self.generation, reference });
        Root::Scoped(index, self.generation)
    }

    /// Keeps a reference until the host lets go of it.
    pub fn push_owned(&mut self, reference: u64) -> OwnedRoot {
        if self.vacant.is_empty() && self.owned.len() >= self.trim_at {
            self.trim();
            self.trim_at = 2 * (self.owned.len() - self.vacant.len()).max(32);
        }
        let alive = Arc::new(());
        let owned = Some(Owned { alive: alive.clone(), reference });
        let index = match self.vacant.pop() {
            Some(index) => {
                self.owned[index as usize] = owned;
                index
            }
            None => {
                self.owned.push(owned);
                u32::try_from(self.owned.len() - 1).expect("a store holds fewer than 2^32 owned references")
            }
        };
        OwnedRoot { index, _alive: alive }
    }

    /// Forgets the owned references that the host let go of.
    pub fn trim(&mut self) {
        for (index, slot) in self.owned.iter_mut().enumerate() {
            if slot.as_ref().is_some_and(|owned| Arc::strong_count(&owned.alive) == 1) {
                *slot = None;
                self.vacant.push(index as u32);
            }
        }
    }

    /// The reference; `None` after its scope ended.
    pub fn get(&self, root: Root) -> Option<u64> {
        match root {
            Root::Scoped(index, generation) => {
                let scoped = self.scoped.get(index as usize)?;
                (scoped.generation == generation).then_some(scoped.reference)
            }
            Root::Owned(index) => Some(self.owned.get(index as usize)?.as_ref()?.reference),
        }
    }

    /// Begins a scope.
    #[inline]
    pub fn enter(&self) -> usize {
        self.scoped.len()
    }

    /// Ends a scope.
    #[inline]
    pub fn exit(&mut self, scope: usize) {
        if self.scoped.len() > scope {
            self.scoped.truncate(scope);
            self.generation = self.generation.wrapping_add(1);
        }
    }

    /// Makes room for so many more references.
    pub fn reserve(&mut self, additional: usize) {
        self.scoped.reserve(additional);
    }

    /// All references.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let scoped = self.scoped.iter().map(|scoped| scoped.reference);
        scoped.chain(self.owned.iter().flatten().map(|owned| owned.reference))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_takes_its_references_along() {
        let mut roots = RootSet::default();
        let outer = roots.push(1);
        let scope = roots.enter();
        let inner = roots.push(2);
        assert_eq!((roots.get(outer), roots.get(inner)), (Some(1), Some(2)));
        roots.exit(scope);
        assert_eq!((roots.get(outer), roots.get(inner)), (Some(1), None));
        // The place is used again, but the old handle does not lead to the new reference.
        let next = roots.push(3);
        assert_eq!((roots.get(inner), roots.get(next)), (None, Some(3)));
        assert_eq!(roots.iter().collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn owned_references_go_when_the_last_clone_does() {
        let mut roots = RootSet::default();
        let one = roots.push_owned(1);
        let two = roots.push_owned(2);
        let clone = one.clone();
        drop(one);
        drop(two);
        roots.trim();
        assert_eq!(roots.iter().collect::<Vec<_>>(), [1]);
        drop(clone);
        for i in 0..10_000 {
            drop(roots.push_owned(i + 3));
        }
        assert!(roots.owned.len() < 100);
    }
}
