//! Machine instructions on vectors.

/// A machine instruction on vectors.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SimdInst {}

impl SimdInst {
    /// Whether it makes a constant, and leaves the flags alone.
    pub fn is_constant(&self) -> bool {
        match *self {}
    }
}
