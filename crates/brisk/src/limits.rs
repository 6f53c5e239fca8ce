//! What a store may use: the limiter trait and a limiter with fixed limits.

use crate::{Error, Result, Trap};

/// What [`ResourceLimiter::instances`] says by default.
pub const DEFAULT_INSTANCE_LIMIT: usize = 10_000;
/// What [`ResourceLimiter::tables`] says by default.
pub const DEFAULT_TABLE_LIMIT: usize = 10_000;
/// What [`ResourceLimiter::memories`] says by default.
pub const DEFAULT_MEMORY_LIMIT: usize = 10_000;

/// Decides how much memory the instances of a store may use.
///
/// A store asks its limiter before a memory, a table or its heap comes into being or grows.
/// Time is limited elsewhere: by fuel, epochs or a deadline.
///
/// ```
/// use brisk::{ResourceLimiter, Result};
///
/// /// Allows so many bytes in all memories together.
/// struct Budget(usize);
///
/// impl ResourceLimiter for Budget {
///     fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
///         match self.0.checked_sub(desired - current) {
///             Some(left) => {
///                 self.0 = left;
///                 Ok(true)
///             }
///             None => Ok(false),
///         }
///     }
///
///     fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
///         Ok(desired <= 10_000)
///     }
/// }
/// # let mut budget = Budget(1 << 20);
/// # assert!(budget.memory_growing(0, 1 << 20, None).unwrap());
/// # assert!(!budget.memory_growing(1 << 20, 1 << 21, None).unwrap());
/// ```
pub trait ResourceLimiter: Send {
    /// A memory is to grow from `current` to `desired` bytes; `current` is 0 when it is made.
    /// `maximum` is the memory's own maximum in bytes, if it has one, and `desired` may be beyond it.
    ///
    /// `Ok(true)` allows it, within the maximum. `Ok(false)` refuses: `memory.grow` gives -1, and
    /// the host's calls fail. An error stops the wasm code with that error.
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool>;

    /// A memory did not grow although [`memory_growing`](Self::memory_growing) allowed it: the size is beyond its maximum,
    /// or the operating system has no more. An error that is returned stops the wasm code.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        let _ = error;
        Ok(())
    }

    /// A table is to grow from `current` to `desired` elements; see [`memory_growing`](Self::memory_growing).
    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool>;

    /// A table did not grow although [`table_growing`](Self::table_growing) allowed it.
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        let _ = error;
        Ok(())
    }

    /// The heap of exceptions and external objects is to grow from `current` to `desired` bytes,
    /// after what could be collected has been. `maximum` is what
    /// [`Config::max_heap_size`](crate::Config::max_heap_size) allows. If refused, the allocation fails.
    fn heap_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let _ = current;
        Ok(maximum.is_none_or(|maximum| desired <= maximum))
    }

    /// How many instances a store may have.
    fn instances(&self) -> usize {
        DEFAULT_INSTANCE_LIMIT
    }

    /// How many tables a store may have.
    fn tables(&self) -> usize {
        DEFAULT_TABLE_LIMIT
    }

    /// How many memories a store may have.
    fn memories(&self) -> usize {
        DEFAULT_MEMORY_LIMIT
    }
}

/// Makes [`StoreLimits`].
///
/// ```
/// use brisk::{ResourceLimiter, StoreLimitsBuilder, Trap};
///
/// let mut limits = StoreLimitsBuilder::new().memory_size(1 << 20).build();
/// assert!(limits.memory_growing(0, 1 << 20, None).unwrap());
/// assert!(!limits.memory_growing(1 << 20, 2 << 20, None).unwrap());
///
/// let mut strict = StoreLimitsBuilder::new().table_elements(10).trap_on_grow_failure(true).build();
/// let error = strict.table_growing(10, 11, None).unwrap_err();
/// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::TableLimit));
/// ```
#[derive(Clone, Debug, Default)]
pub struct StoreLimitsBuilder(StoreLimits);

impl StoreLimitsBuilder {
    /// No limits but the default numbers of instances, tables and memories.
    pub fn new() -> StoreLimitsBuilder {
        StoreLimitsBuilder::default()
    }

    /// Most bytes of each single memory.
    #[must_use]
    pub fn memory_size(mut self, limit: usize) -> Self {
        self.0.memory_size = Some(limit);
        self
    }

    /// Most elements of each single table.
    #[must_use]
    pub fn table_elements(mut self, limit: usize) -> Self {
        self.0.table_elements = Some(limit);
        self
    }

    /// Most bytes of the heap of exceptions and external objects.
    #[must_use]
    pub fn heap_size(mut self, limit: usize) -> Self {
        self.0.heap_size = Some(limit);
        self
    }

    /// Most instances; 10,000 unless set.
    #[must_use]
    pub fn instances(mut self, limit: usize) -> Self {
        self.0.instances = limit;
        self
    }

    /// Most tables; 10,000 unless set.
    #[must_use]
    pub fn tables(mut self, limit: usize) -> Self {
        self.0.tables = limit;
        self
    }

    /// Most memories; 10,000 unless set.
    #[must_use]
    pub fn memories(mut self, limit: usize) -> Self {
        self.0.memories = limit;
        self
    }

    /// Whether growth that fails traps ([`Trap::MemoryLimit`], [`Trap::TableLimit`]) instead of
    /// giving -1. Off unless set.
    #[must_use]
    pub fn trap_on_grow_failure(mut self, trap: bool) -> Self {
        self.0.trap_on_grow_failure = trap;
        self
    }

    /// The limits.
    pub fn build(self) -> StoreLimits {
        self.0
    }
}

/// A [`ResourceLimiter`] with fixed limits, made by [`StoreLimitsBuilder`].
///
/// ```
/// use brisk::{Engine, Memory, MemoryType, Store, StoreLimits, StoreLimitsBuilder};
///
/// let limits: StoreLimits = StoreLimitsBuilder::new().memory_size(128 << 10).build();
/// let mut store = Store::new(&Engine::default(), limits);
/// store.limiter(|limits| limits);
/// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
/// assert!(memory.grow(&mut store, 1).is_ok());
/// assert!(memory.grow(&mut store, 1).is_err());
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct StoreLimits {
    memory_size: Option<usize>,
    table_elements: Option<usize>,
    heap_size: Option<usize>,
    instances: usize,
    tables: usize,
    memories: usize,
    trap_on_grow_failure: bool,
}

impl Default for StoreLimits {
    fn default() -> StoreLimits {
        StoreLimits {
            memory_size: None,
            table_elements: None,
            heap_size: None,
            instances: DEFAULT_INSTANCE_LIMIT,
            tables: DEFAULT_TABLE_LIMIT,
            memories: DEFAULT_MEMORY_LIMIT,
            trap_on_grow_failure: false,
        }
    }
}

fn within(desired: usize, limit: Option<usize>, maximum: Option<usize>) -> bool {
    limit.is_none_or(|limit| desired <= limit) && maximum.is_none_or(|maximum| desired <= maximum)
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let allowed = within(desired, self.memory_size, maximum);
        if !allowed && self.trap_on_grow_failure {
            let what = format!("growing a memory from {current} to {desired} bytes");
            return Err(Error::new(Trap::MemoryLimit).context(what));
        }
        Ok(allowed)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        match self.trap_on_grow_failure {
            true => Err(Error::new(Trap::MemoryLimit).context(format!("{error:#}"))),
            false => Ok(()),
        }
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let allowed = within(desired, self.table_elements, maximum);
        if !allowed && self.trap_on_grow_failure {
            let what = format!("growing a table from {current} to {desired} elements");
            return Err(Error::new(Trap::TableLimit).context(what));
        }
        Ok(allowed)
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        match self.trap_on_grow_failure {
            true => Err(Error::new(Trap::TableLimit).context(format!("{error:#}"))),
            false => Ok(()),
        }
    }

    fn heap_growing(&mut self, _current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(within(desired, self.heap_size, maximum))
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}
