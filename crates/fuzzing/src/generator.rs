//! What makes modules of bytes.

use crate::generate::{self, Generated, Proposals};
use crate::loops;
use crate::random::Random;
use arbitrary::Unstructured;

/// What makes modules of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Generator {
    /// Of everything a little: [`generate`].
    Smith,
    /// Loops that get hot: [`loops`].
    Loops,
}

impl Generator {
    /// All of them.
    pub const ALL: [Generator; 2] = [Generator::Smith, Generator::Loops];

    /// A module, and a seed for what it is run with.
    pub fn make(self, data: &[u8], proposals: Proposals) -> Option<(Generated, u64)> {
        let mut u = Unstructured::new(data);
        let seed = u.arbitrary().ok()?;
        let module = match self {
            Generator::Smith => generate::module(&mut u, proposals).ok()?,
            Generator::Loops => loops::module(u, proposals != Proposals::Shared),
        };
        Some((module, seed))
    }

    /// The bytes that a number stands for.
    pub fn bytes_of_number(self, number: u64) -> Vec<u8> {
        let mut random = Random::new(number);
        let length = 1_000 + random.below(40_000) as usize;
        random.bytes(length)
    }
}
