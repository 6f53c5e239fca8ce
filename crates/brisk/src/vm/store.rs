//! A store as the runtime sees it, apart from the embedder's data.

use super::arena::Arena;
use super::handle::StoreId;
use super::heap::{Heap, Tracer};
use super::host::HostRecord;
use super::instance::InstanceData;
use super::mapping::Mapping;
use super::memory::MemoryData;
use super::roots::RootSet;
use super::table::TableData;
use super::{Stop, VmContext, VmExit, VmGlobal, VmStore, VmTag};
use crate::engine::Engine;
use crate::error::{Context, Error, Result, bail};
use crate::interrupt;
use crate::limits::ResourceLimiter;
use crate::trap::Trap;
use crate::types::canonical;
use brisk_module::{FuncType, GlobalType};
use std::any::Any;
use std::marker::PhantomPinned;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A global. Begins with the cell that running code sees.
#[repr(C)]
pub(crate) struct GlobalData {
    /// The cell.
    pub vm: VmGlobal,
    /// Its type, with canonical ids.
    pub ty: GlobalType,
}

/// A tag. Begins with the identity that running code sees.
#[repr(C)]
pub(crate) struct TagData {
    /// The identity.
    pub vm: VmTag,
    /// Slots of the payload.
    pub slots: u32,
    /// Which of the slots hold references to collected objects, by number.
    pub references: Box<[u32]>,
}

/// Why frames are being unwound.
pub(crate) enum Unwind {
    /// An error of the host.
    Error(Error),
    /// A panic of the host.
    Panic(Box<dyn Any + Send>),
}

/// What to do when the epoch deadline is reached.
pub(crate) enum EpochAction {
    /// Trap.
    Interrupt,
    /// Go on for so many ticks.
    Continue(u64),
}

/// What the runtime asks of the part of a store that knows the embedder's data.
pub(crate) struct Hooks {
    /// Calls the closure with the limiter; `false` without one.
    ///
    /// # Safety
    /// The store must be the one with these hooks and held exclusively.
    limiter: unsafe fn(NonNull<StoreOpaque>, &mut dyn FnMut(&mut dyn ResourceLimiter)) -> bool,
    /// Asks what to do about an epoch deadline.
    ///
    /// # Safety
    /// As for `limiter`.
    epoch: unsafe fn(NonNull<StoreOpaque>) -> Result<EpochAction>,
}

/// A store without the embedder's data.
#[repr(C)]
pub(crate) struct StoreOpaque {
    /// The words of running code. First, so that a pointer to them is one to the store.
    pub vm: VmStore,
    id: StoreId,
    engine: Engine,
    hooks: &'static Hooks,
    value_stack: Mapping,
    /// The context that stands for the caller of a host function that the host calls.
    host_caller: NonNull<InstanceData>,
    instances: Vec<NonNull<InstanceData>>,
    /// All memories.
    pub memories: Arena<MemoryData>,
    /// All tables.
    pub tables: Arena<TableData>,
    /// All globals.
    pub globals: Arena<GlobalData>,
    /// All tags.
    pub tags: Arena<TagData>,
    /// Host functions that this store refers to.
    host_funcs: Vec<Arc<HostRecord<dyn Any + Send + Sync>>>,
    /// Types and other things that records refer to by bare ids.
    kept: Vec<Box<dyn Any + Send + Sync>>,
    heap: Heap,
    /// What the host holds of the heap.
    pub roots: RootSet,
    pending_exception: u64,
    pending_unwind: Option<Unwind>,
    fuel_reserve: u64,
    interrupts: interrupt::Registration,
    instance_limit: usize,
    table_limit: usize,
    memory_limit: usize,
    op_counts: Box<[u64]>,
    /// Running code reaches the store by its address while references to it are around; a type that is
    /// not `Unpin` is not assumed to be unaliased.
    _pinned: PhantomPinned,
}

/// Most instances, tables and memories of a store whose limiter says nothing else.
const DEFAULT_COUNT: usize = 10_000;

impl StoreOpaque {
    fn new(engine: &Engine, hooks: &'static Hooks) -> Result<StoreOpaque> {
        let tunables = engine.tunables();
        let value_stack =
            Mapping::new(tunables.value_stack_bytes()).context("failed to allocate a value stack")?;
        let value_end = value_stack.base() as usize + value_stack.len();
        let op_counts = match tunables.profile_ops {
            true => vec![0; crate::interp::OP_COUNT].into_boxed_slice(),
            false => Box::default(),
        };
        Ok(StoreOpaque {
            vm: VmStore {
                value_limit: AtomicUsize::new(value_end),
                value_end,
                value_top: value_stack.base().cast(),
                native_limit: 0,
                fuel: 0,
                activation: std::ptr::null_mut(),
                op_counts: std::ptr::null_mut(),
                exit: VmExit {
                    ip: std::ptr::null(),
                    sp: std::ptr::null_mut(),
                    ctx: std::ptr::null_mut(),
                },
                store: std::ptr::null_mut(),
            },
            id: StoreId::fresh(),
            engine: engine.clone(),
            hooks,
            value_stack,
            host_caller: NonNull::dangling(),
            instances: Vec::new(),
            memories: Arena::new(),
            tables: Arena::new(),
            globals: Arena::new(),
            tags: Arena::new(),
            host_funcs: Vec::new(),
            kept: Vec::new(),
            heap: Heap::new(),
            roots: RootSet::default(),
            pending_exception: 0,
            pending_unwind: None,
            fuel_reserve: 0,
            interrupts: interrupt::Registration::default(),
            instance_limit: DEFAULT_COUNT,
            table_limit: DEFAULT_COUNT,
            memory_limit: DEFAULT_COUNT,
            op_counts,
            _pinned: PhantomPinned,
        })
    }
}
