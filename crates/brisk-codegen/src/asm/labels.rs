//! The labels of one function, and the places in its code that wait for them.

use super::Label;

/// Offset of a label that is not bound, or-ed with the newest fixup that waits for it.
const UNBOUND: u32 = 1 << 31;
/// No fixup waits.
const NO_FIXUP: u32 = UNBOUND - 1;

/// Labels and fixups. What a fixup says of its place, `F`, is up to the processor.
pub(crate) struct Labels<F> {
    /// For each label its offset, or what [`UNBOUND`] says.
    states: Vec<u32>,
    /// Fixups in the order of their making, each with the one that waited for the same label before it.
    fixups: Vec<(F, u32)>,
}

/// The fixups that have waited for a label, the newest first; see [`Labels::next`].
pub(crate) struct Waiting(u32);

impl<F> Default for Labels<F> {
    fn default() -> Labels<F> {
        Labels { states: Vec::new(), fixups: Vec::new() }
    }
}

impl<F: Copy> Labels<F> {
    /// Forgets all labels.
    pub(crate) fn clear(&mut self) {
        self.states.clear();
        self.fixups.clear();
    }

    /// A new label, not bound.
    #[inline]
    pub(crate) fn add(&mut self) -> Label {
        let label = Label(self.states.len() as u32);
        self.states.push(UNBOUND | NO_FIXUP);
        label
    }

    /// Where a label is bound.
    #[inline]
    pub(crate) fn offset(&self, label: Label) -> Option<u32> {
        let state = self.states[label.0 as usize];
        (state < UNBOUND).then_some(state)
    }

    /// Binds a label; what has waited for it is to be filled in.
    #[inline]
    pub(crate) fn bind(&mut self, label: Label, here: u32) -> Waiting {
        let state = std::mem::replace(&mut self.states[label.0 as usize], here);
        debug_assert!(state >= UNBOUND, "a label is bound once");
        Waiting(state & !UNBOUND)
    }

    /// The next fixup that has waited, with its number.
    #[inline]
    pub(crate) fn next(&self, waiting: &mut Waiting) -> Option<(u32, F)> {
        let number = waiting.0;
        if number == NO_FIXUP {
            return None;
        }
        let (fixup, next) = self.fixups[number as usize];
        waiting.0 = next;
        Some((number, fixup))
    }

    /// Lets a fixup wait for a label that is not bound; gives its number.
    #[inline]
    pub(crate) fn wait(&mut self, label: Label, fixup: F) -> u32 {
        let number = self.fixups.len() as u32;
        let state = &mut self.states[label.0 as usize];
        let next = *state & !UNBOUND;
        *state = UNBOUND | number;
        self.fixups.push((fixup, next));
        number
    }

    /// A fixup by its number.
    #[inline]
    pub(crate) fn fixup(&mut self, number: u32) -> &mut F {
        &mut self.fixups[number as usize].0
    }

    /// Whether all labels that something waits for are bound.
    pub(crate) fn are_bound(&self) -> bool {
        self.states.iter().all(|&state| state < UNBOUND || state == UNBOUND | NO_FIXUP)
    }
}
