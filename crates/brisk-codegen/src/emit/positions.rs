//! The WebAssembly instructions that code belongs to.

use crate::code::Position;
use crate::ir::{Func, INLINED, Inlined, NONE, Place};

/// The positions of a function, recycled.
#[derive(Default)]
pub(crate) struct Positions {
    /// Where the code's positions have the call of each inlined function; `NONE` until somebody asks.
    calls: Vec<u32>,
}

impl Positions {
    /// Forgets the last function.
    pub fn clear(&mut self, func: &Func) {
        self.calls.clear();
        self.calls.resize(func.inlined.len(), NONE);
    }

    /// A position of the IR, with the calls it was inlined at: where the code's positions have it. `index` is the
    /// function's.
    pub fn of(&mut self, func: &Func, index: u32, position: u32, out: &mut Vec<Position>) -> u32 {
        let mut found = Position { func: index, offset: position, inlined_at: None };
        if position & INLINED != 0 && !func.inlined.is_empty() {
            let Place { offset, inlined } = func.places[(position & !INLINED) as usize];
            let Inlined { func: callee, call } = func.inlined[inlined as usize];
            if self.calls[inlined as usize] == NONE {
                // As deep as functions are inlined in each other.
                self.calls[inlined as usize] = self.of(func, index, call, out);
            }
            found = Position { func: callee, offset, inlined_at: Some(self.calls[inlined as usize]) };
        }
        if out.last() != Some(&found) {
            out.push(found);
        }
        out.len() as u32 - 1
    }
}
