//! Choices made of bytes.

use arbitrary::Unstructured;

/// Chooses by bytes; when there are none left, always the first.
pub struct Source<'a>(Unstructured<'a>);

impl<'a> Source<'a> {
    pub fn new(bytes: Unstructured<'a>) -> Source<'a> {
        Source(bytes)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.int_in_range(0..=bound.max(1) - 1).unwrap_or(0)
    }

    /// Whether something is to be that is so in one of so many cases.
    pub fn one_in(&mut self, cases: usize) -> bool {
        self.below(cases) == cases - 1
    }

    pub fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// An integer, more often than not one at which something changes.
    pub fn integer(&mut self) -> i64 {
        match self.below(5) {
            0 => self.below(64) as i64,
            1 => self.below(5) as i64 - 2,
            2 => (1i64 << self.below(64)).wrapping_add(self.below(3) as i64 - 1),
            3 => self.below(1 << 16) as i64 - (1 << 15),
            _ => self.0.arbitrary().unwrap_or(0),
        }
    }
}
