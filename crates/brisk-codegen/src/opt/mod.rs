//! The passes over the IR, each in a file of its own that says what it requires, provides and destroys.
//!
//! What each costs and gains, measured, stands in `docs/passes.md`. All are linear in the size of the function.

mod dead;
mod dominators;
mod fuel;
mod number;

use crate::ir::Func;
pub use dead::Dead;
pub(crate) use dominators::Dominators;
pub use fuel::Charges;
pub use number::Numbering;

/// The memory of the passes, used again for each function.
#[derive(Default)]
pub struct Optimizer {
    /// Of `number::opt_number`.
    pub numbering: Numbering,
    /// Of `dead::opt_dead`.
    pub dead: Dead,
    /// Of `fuel::opt_fuel`.
    pub charges: Charges,
}

impl Optimizer {
    /// Makes of equal values one, see `number`.
    pub fn opt_number(&mut self, f: &mut Func) {
        number::opt_number(&mut self.numbering, f);
        verify(f, "opt_number");
    }

    /// Removes what nobody uses, see `dead`.
    pub fn opt_dead(&mut self, f: &mut Func) {
        dead::opt_dead(&mut self.dead, f);
        verify(f, "opt_dead");
    }

    /// Makes charges of fuel together, see `fuel`.
    pub fn opt_fuel(&mut self, f: &mut Func) {
        fuel::opt_fuel(&mut self.charges, f);
        verify(f, "opt_fuel");
    }
}

/// Checks the rules of the IR after a pass, in debug builds.
fn verify(f: &Func, pass: &str) {
    if cfg!(debug_assertions)
        && let Err(error) = crate::ir::verify::verify(f)
    {
        panic!("after {pass}: {error}\n{}", crate::ir::print::print(f));
    }
}
