//! What a guest may use: memory, table elements.

use brisk::{Error, ResourceLimiter, Result, Trap};

/// Limits on everything in a store together.
#[derive(Debug, Default)]
pub struct Limits {
    memory: Budget,
    tables: Budget,
    trap: bool,
}

/// So much of something for all memories or tables of a store together.
#[derive(Debug, Default)]
struct Budget {
    most: Option<usize>,
    used: usize,
    /// What the growth allowed last took, to be given back if it then fails.
    last: usize,
}

impl Budget {
    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> bool {
        let beyond = maximum.is_some_and(|maximum| desired > maximum);
        // Beyond its own maximum it does not grow, and the engine says so.
        let more = if beyond { 0 } else { desired.saturating_sub(current) };
        let used = self.used.saturating_add(more);
        let allowed = self.most.is_none_or(|most| used <= most);
        if allowed {
            (self.used, self.last) = (used, more);
        }
        allowed
    }

    fn give_back(&mut self) {
        self.used -= std::mem::take(&mut self.last);
    }
}

impl Limits {
    /// Limits on the bytes of all memories and the elements of all tables. Where `trap` is set, what
    /// goes beyond traps; else the instruction gives -1.
    pub fn new(memory: Option<usize>, table_elements: Option<usize>, trap: bool) -> Limits {
        let budget = |most| Budget { most, ..Budget::default() };
        Limits { memory: budget(memory), tables: budget(table_elements), trap }
    }

    fn refused(&self, trap: Trap, what: String) -> Result<bool> {
        if self.trap { Err(Error::new(trap).context(what)) } else { Ok(false) }
    }

    fn failed(&self, trap: Trap, error: &Error) -> Result<()> {
        self.refused(trap, format!("{error:#}")).map(|_| ())
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if self.memory.grow(current, desired, maximum) {
            return Ok(true);
        }
        self.refused(Trap::MemoryLimit, format!("growing a memory from {current} to {desired} bytes"))
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.memory.give_back();
        self.failed(Trap::MemoryLimit, &error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if self.tables.grow(current, desired, maximum) {
            return Ok(true);
        }
        self.refused(Trap::TableLimit, format!("growing a table from {current} to {desired} elements"))
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.tables.give_back();
        self.failed(Trap::TableLimit, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_share_what_there_is() {
        let mut limits = Limits::new(Some(100), Some(10), false);
        assert!(limits.memory_growing(0, 60, None).unwrap());
        assert!(!limits.memory_growing(0, 50, None).unwrap(), "60 + 50 is more than 100");
        assert!(limits.memory_growing(60, 100, None).unwrap());
        limits.memory_grow_failed(Error::msg("no")).unwrap();
        assert!(limits.memory_growing(0, 40, None).unwrap(), "what failed was given back");
        assert!(limits.memory_growing(0, 200, Some(100)).unwrap(), "refusing that is the engine's business");
        limits.memory_grow_failed(Error::msg("no")).unwrap();
        assert!(!limits.memory_growing(0, 1, None).unwrap(), "nothing was taken, so nothing was given back");
        assert!(limits.table_growing(0, 10, None).unwrap());
        assert!(!limits.table_growing(10, 11, None).unwrap());
    }

    #[test]
    fn too_much_traps_if_asked_for() {
        let mut limits = Limits::new(Some(100), Some(10), true);
        let error = limits.memory_growing(0, 101, None).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryLimit));
        let error = limits.table_growing(0, 11, None).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::TableLimit));
    }
}
