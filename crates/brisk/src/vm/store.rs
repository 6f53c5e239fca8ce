//! A store as the runtime sees it, apart from the embedder's data.

use super::arena::Arena;
use super::handle::StoreId;
use super::heap::{Heap, HostData, NeedsMemory};
use super::host::{HostFunc, StoreHostFunc};
use super::instance::InstanceData;
use super::mapping::Mapping;
use super::memory::MemoryData;
use super::native;
use super::observe::Observer;
use super::roots::RootSet;
use super::table::TableData;
use super::{SlowCall, Stop, VmContext, VmExit, VmFuncRef, VmGlobal, VmStore, VmTag, VmTail};
use crate::bail;
use crate::engine::Engine;
use crate::error::{Context, Error, Result};
use crate::interp::{self, Frame};
use crate::interrupt::StoreInterrupts;
use crate::limits::{self, ResourceLimiter};
use crate::store::{EpochBehavior, UpdateDeadline};
use crate::trap::Trap;
use crate::types::FuncType;
use crate::val::Val;
use brisk_module::{GlobalType, HeapType, RefType, ValType};
use std::any::Any;
use std::collections::BTreeMap;
use std::marker::PhantomPinned;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A global. Begins with the cell that running code sees.
#[repr(C)]
pub(crate) struct GlobalData {
    /// The cell.
    pub vm: VmGlobal,
    /// Its type, canonical.
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

impl TagData {
    /// A tag with the given payload.
    pub fn new(type_id: u32, payload: impl Iterator<Item = ValType>) -> TagData {
        let mut slots = 0;
        let mut references = Vec::new();
        for ty in payload {
            if is_collected(ty) {
                references.push(slots);
            }
            slots += ty.slots();
        }
        TagData { vm: VmTag { type_id }, slots, references: references.into() }
    }
}

/// Whether values of a type are references to collected objects. Defined types are functions so far.
pub(crate) fn is_collected(ty: ValType) -> bool {
    match ty {
        ValType::Ref(RefType { heap, .. }) => {
            !matches!(heap, HeapType::Func | HeapType::NoFunc | HeapType::Concrete(_))
        }
        _ => false,
    }
}

/// There is no room for an external object.
pub(crate) struct NoRoom {
    /// Why not.
    pub error: Error,
    /// The host value, which comes back.
    pub data: HostData,
    /// Bytes that the object takes of the heap.
    pub size: usize,
}

/// Why frames are being unwound.
pub(crate) enum Unwind {
    /// An error of the host.
    Error(Error),
    /// A panic of the host.
    Panic(Box<dyn Any + Send>),
}

/// What is asked of a limiter.
type AskLimiter<'a> = &'a mut dyn FnMut(&mut dyn ResourceLimiter);

/// What the runtime asks of the part of a store that knows the embedder's data.
struct Hooks {
    /// Calls the closure with the limiter; `false` without one.
    ///
    /// # Safety
    /// The store must be the one with these hooks and held exclusively.
    limiter: unsafe fn(NonNull<StoreOpaque>, AskLimiter<'_>) -> bool,
    /// Asks what to do about an epoch deadline.
    ///
    /// # Safety
    /// As for `limiter`.
    epoch: unsafe fn(NonNull<StoreOpaque>) -> Result<UpdateDeadline>,
}

/// A store without the embedder's data.
///
/// Running code reaches it by its address while references to it are around. It is not `Unpin`, and so not
/// taken to be unaliased by the compiler; it never moves.
#[repr(C)]
pub struct StoreOpaque {
    /// The words of running code, which `interrupts` owns.
    vm: NonNull<VmStore>,
    id: StoreId,
    engine: Engine,
    hooks: &'static Hooks,
    value_stack: Mapping,
    /// Stands for the caller where the host calls a host function.
    host_caller: NonNull<InstanceData>,
    pub(crate) roots: RootSet,
    pub(crate) interrupts: StoreInterrupts,
    deadline: Option<Instant>,
    instances: Vec<NonNull<InstanceData>>,
    pub(crate) memories: Arena<MemoryData>,
    pub(crate) tables: Arena<TableData>,
    pub(crate) globals: Arena<GlobalData>,
    pub(crate) tags: Arena<TagData>,
    host_funcs: Arena<StoreHostFunc>,
    /// Types that records refer to by bare ids.
    kept: Vec<Box<dyn Any + Send + Sync>>,
    /// Types of functions that were called without their types being known to the host program.
    func_types: BTreeMap<u32, FuncType>,
    heap: Heap,
    pending_exception: u64,
    pending_unwind: Option<Unwind>,
    /// The frames there were when machine code was left for good, and the exception that did it; 0 for anything
    /// else.
    captured: Option<(u64, Vec<Frame>)>,
    fuel_reserve: u64,
    counts: Counts,
    limits: Counts,
    observer: Option<Box<Observer>>,
    /// Room for arguments and results of host functions whose types are known only at run time.
    pub(crate) values: Vec<Val>,
    _pinned: PhantomPinned,
}

/// How many things a store has, or may have.
#[derive(Clone, Copy)]
pub(crate) struct Counts {
    pub instances: usize,
    pub tables: usize,
    pub memories: usize,
}

/// Bytes of the value stack beyond its end, so that arguments can be written before a call checks that
/// there is room.
const MARGIN: usize = ARGUMENT_SLOTS * 8;

/// Bytes for the arguments or results of machine code that have no register, behind the margin.
const OVERFLOW: usize = size_of::<[u64; 2]>() * 1024;

/// Slots that may be written from [`StoreOpaque::value_top`] on without a check. A function of a module has
/// a thousand parameters at most.
pub(crate) const ARGUMENT_SLOTS: usize = 2048;

/// Of the bytes of native stack that an entry may use, those that only host functions may.
fn host_reserve(bytes: usize) -> usize {
    (bytes / 4).min(128 << 10)
}

impl StoreOpaque {
    fn new(engine: &Engine, hooks: &'static Hooks) -> Result<StoreOpaque> {
        let tunables = engine.tunables();
        let size = tunables.value_stack_bytes.clamp(16, isize::MAX as usize / 2) / 16 * 16;
        let value_stack =
            Mapping::new(size + MARGIN + OVERFLOW).context("failed to allocate the stack for wasm code")?;
        let value_end = value_stack.base() as usize + size;
        let observer = (tunables.profile_ops || tunables.trace_calls).then(|| Box::new(Observer::new()));
        let words = VmStore {
            value_limit: AtomicUsize::new(value_end),
            value_end,
            value_top: value_stack.base().cast(),
            native_size: tunables.native_stack_bytes - host_reserve(tunables.native_stack_bytes),
            slow_call: SlowCall {
                state: std::ptr::null(),
                ctx: std::ptr::null_mut(),
                args: std::ptr::null_mut(),
                after: std::ptr::null(),
                link: 0,
            },
            stack_limit: AtomicUsize::new(0),
            native_limit: 0,
            overflow: value_stack.base().wrapping_add(size + MARGIN).cast(),
            exit_fp: std::ptr::null(),
            tail: VmTail::NONE,
            fuel: 0,
            activation: std::ptr::null_mut(),
            op_counts: std::ptr::null_mut(),
            observer: std::ptr::null_mut(),
            exit: NO_EXIT,
            trap: None,
            #[cfg(brisk_loop_dispatch)]
            regs: None,
            store: std::ptr::null_mut(),
        };
        let interrupts = StoreInterrupts::new(engine, words);
        let vm = NonNull::new(interrupts.words()).context("the words of a store have an address")?;
        // SAFETY: the record is freed when the store is dropped; the words live as long.
        let host_caller = unsafe { InstanceData::allocate(vm.as_ptr(), None) };
        let Some(host_caller) = host_caller else { bail!("failed to allocate a store") };
        Ok(StoreOpaque {
            vm,
            id: StoreId::fresh(),
            engine: engine.clone(),
            hooks,
            value_stack,
            host_caller,
            roots: RootSet::default(),
            interrupts,
            deadline: None,
            instances: Vec::new(),
            memories: Arena::new(),
            tables: Arena::new(),
            globals: Arena::new(),
            tags: Arena::new(),
            host_funcs: Arena::new(),
            kept: Vec::new(),
            func_types: BTreeMap::new(),
            heap: Heap::new(),
            pending_exception: 0,
            pending_unwind: None,
            captured: None,
            fuel_reserve: 0,
            counts: Counts { instances: 0, tables: 0, memories: 0 },
            limits: Counts {
                instances: limits::DEFAULT_INSTANCE_LIMIT,
                tables: limits::DEFAULT_TABLE_LIMIT,
                memories: limits::DEFAULT_MEMORY_LIMIT,
            },
            observer,
            values: Vec::new(),
            _pinned: PhantomPinned,
        })
    }

    /// Makes the store known to its words; from now on it does not move.
    fn settle(&mut self) {
        let this: *mut StoreOpaque = self;
        // SAFETY: the words are alive; nothing runs yet.
        unsafe {
            (*self.vm.as_ptr()).store = this;
            if let Some(observer) = &mut self.observer {
                (*self.vm.as_ptr()).op_counts = observer.op_counts();
                (*self.vm.as_ptr()).observer = &raw mut **observer;
            }
        }
    }

    /// Identity of the store.
    #[inline]
    pub(crate) fn id(&self) -> StoreId {
        self.id
    }

    /// The engine.
    #[inline]
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The words of running code.
    #[inline]
    pub(crate) fn vm(&self) -> *mut VmStore {
        self.vm.as_ptr()
    }

    /// The context that stands for the caller where the host calls a host function.
    #[inline]
    pub(crate) fn host_caller(&self) -> *mut VmContext {
        self.host_caller.as_ptr().cast()
    }

    /// What watches the running code, if the engine's configuration asked for that.
    pub(crate) fn observer(&mut self) -> Option<&mut Observer> {
        self.observer.as_deref_mut()
    }

    // Ownership.

    /// Takes over an instance.
    pub(crate) fn own_instance(&mut self, instance: NonNull<InstanceData>) {
        self.instances.push(instance);
    }

    /// Makes a host function one of this store's.
    pub(crate) fn own_host_func(&mut self, func: HostFunc) -> NonNull<VmFuncRef> {
        let record = self.host_funcs.push(StoreHostFunc::new(self.vm.as_ptr(), func));
        // SAFETY: the record is new, and the arena keeps it where it is.
        unsafe { StoreHostFunc::settle(record) }
    }

    /// Keeps something alive as long as the store.
    pub(crate) fn keep(&mut self, value: impl Any + Send + Sync) {
        self.kept.push(Box::new(value));
    }

    /// The type with the given id, found faster than in the engine; the id is that of a function of this
    /// store, which keeps it alive anyway.
    pub(crate) fn func_type(&mut self, id: u32) -> FuncType {
        let engine = &self.engine;
        self.func_types.entry(id).or_insert_with(|| FuncType::from_id(engine, id)).clone()
    }

    // Limits.

    /// Asks the limiter, if there is one.
    pub(crate) fn limiter<R>(&mut self, ask: impl FnOnce(&mut dyn ResourceLimiter) -> R) -> Option<R> {
        let (mut ask, mut answer) = (Some(ask), None);
        // SAFETY: these are the hooks of this store.
        unsafe {
            (self.hooks.limiter)(NonNull::from(&mut *self), &mut |limiter| {
                answer = ask.take().map(|ask| ask(limiter));
            });
        }
        answer
    }

    /// Sets how many instances, tables and memories there may be.
    pub(crate) fn set_limits(&mut self, limits: Counts) {
        self.limits = limits;
    }

    /// Counts more instances, tables and memories, or refuses.
    pub(crate) fn count(&mut self, more: Counts) -> Result<()> {
        fn add(name: &str, count: &mut usize, more: usize, limit: usize) -> Result<()> {
            let new = count.saturating_add(more);
            if new > limit {
                bail!("resource limit exceeded: {name} count too high at {new}");
            }
            *count = new;
            Ok(())
        }
        let (mut counts, limits) = (self.counts, self.limits);
        add("instance", &mut counts.instances, more.instances, limits.instances)?;
        add("table", &mut counts.tables, more.tables, limits.tables)?;
        add("memory", &mut counts.memories, more.memories, limits.memories)?;
        self.counts = counts;
        Ok(())
    }

    // Leaving running code.

    /// Runs something on behalf of running code that may fail or panic, as the embedder's code does.
    pub(crate) fn guard<R>(&mut self, run: impl FnOnce(&mut StoreOpaque) -> Result<R>) -> Result<R, Stop> {
        let this = &mut *self;
        match catch_unwind(AssertUnwindSafe(move || run(this))) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                self.set_pending_unwind(Unwind::Error(error));
                Err(Stop::Unwind)
            }
            Err(panic) => {
                self.set_pending_unwind(Unwind::Panic(panic));
                Err(Stop::Unwind)
            }
        }
    }

    /// Sets what [`Stop::Unwind`] is about.
    pub(crate) fn set_pending_unwind(&mut self, unwind: Unwind) {
        self.pending_unwind = Some(unwind);
    }

    /// Takes what [`Stop::Unwind`] is about.
    pub(crate) fn take_pending_unwind(&mut self) -> Option<Unwind> {
        self.pending_unwind.take()
    }

    /// Whether an exception is pending.
    pub(crate) fn has_pending_exception(&self) -> bool {
        self.pending_exception != 0
    }

    /// Sets the pending exception.
    ///
    /// # Safety
    /// It must be a reference to a live exception of this store.
    pub(crate) unsafe fn set_pending_exception(&mut self, exn: u64) {
        self.pending_exception = exn;
    }

    /// Takes the pending exception; 0 if there is none.
    pub(crate) fn take_pending_exception(&mut self) -> u64 {
        std::mem::take(&mut self.pending_exception)
    }

    /// Keeps the frames that there are, as those of machine code are about to go, for a backtrace of an exception, or
    /// with 0 of anything else. `exit` is where the interpreter stopped, if it did; `faulted` says that machine code did
    /// at an instruction.
    #[cfg_attr(not(brisk_machine_code), allow(dead_code))]
    pub(crate) fn capture(&mut self, exn: u64, exit: VmExit, faulted: bool) {
        let Some(max) = self.engine.tunables().backtrace_frames else { return };
        if self.captured.as_ref().is_some_and(|&(of, _)| of == exn) {
            // Those of the code that this is the caller of.
            return;
        }
        // SAFETY: nothing runs meanwhile.
        let frames = unsafe {
            let frames = interp::frames(self.vm.as_ptr(), Some(exit));
            if faulted { frames.faulted() } else { frames }
        };
        self.captured = Some((exn, frames.take(max.get()).collect()));
    }

    /// Keeps other frames: gives those that were kept.
    pub(crate) fn replace_captured(
        &mut self,
        frames: Option<(u64, Vec<interp::Frame>)>,
    ) -> Option<(u64, Vec<interp::Frame>)> {
        std::mem::replace(&mut self.captured, frames)
    }

    /// Forgets the frames that were kept: the exception was caught.
    pub(crate) fn forget_captured(&mut self) {
        self.captured = None;
    }

    /// Takes the frames that were kept.
    pub(crate) fn take_captured(&mut self, exn: u64) -> Option<Vec<Frame>> {
        let (of, frames) = self.captured.take()?;
        (of == exn).then_some(frames)
    }

    /// Reads the pending exception; 0 if there is none.
    pub(crate) fn pending_exception(&self) -> u64 {
        self.pending_exception
    }

    // Fuel and interrupts.

    /// Fuel left.
    pub(crate) fn fuel(&self) -> u64 {
        // SAFETY: the words are alive.
        let active = unsafe { (*self.vm.as_ptr()).fuel };
        self.fuel_reserve.saturating_add(active.max(0) as u64)
    }

    /// Sets the fuel left.
    pub(crate) fn set_fuel(&mut self, fuel: u64) {
        let active = fuel.min(i64::MAX as u64);
        self.fuel_reserve = fuel - active;
        // SAFETY: the words are alive.
        unsafe { (*self.vm.as_ptr()).fuel = active as i64 };
    }

    /// Refills overdrawn fuel from the reserve; `false` if that does not cover it.
    pub(crate) fn refuel(&mut self) -> bool {
        // SAFETY: the words are alive.
        let overdrawn = unsafe { (*self.vm.as_ptr()).fuel }.min(0).unsigned_abs();
        match self.fuel_reserve.checked_sub(overdrawn) {
            Some(left) if self.fuel_reserve > 0 => {
                self.set_fuel(left);
                true
            }
            _ => false,
        }
    }

    /// When the store's running code is to be stopped.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Sets when the store's running code is to be stopped.
    pub(crate) fn set_deadline(&mut self, deadline: Option<Instant>) -> Result<()> {
        self.interrupts.set_deadline(deadline)?;
        self.deadline = deadline;
        Ok(())
    }

    /// What an interrupt asks for: the word is made whole again, then what is due is done.
    pub(crate) fn interrupted(&mut self) -> Result<()> {
        // SAFETY: the words are alive, and the field is only ever accessed as an atomic.
        unsafe {
            let vm = self.vm.as_ptr();
            (*vm).value_limit.store((*vm).value_end, Ordering::SeqCst);
            (*vm).stack_limit.store((*vm).native_limit, Ordering::SeqCst);
        }
        let due = self.interrupts.take()?;
        if due.deadline {
            self.interrupts.renew();
            return Err(Trap::Deadline.into());
        }
        if due.epoch {
            // SAFETY: these are the hooks of this store.
            let answer = unsafe { (self.hooks.epoch)(NonNull::from(&mut *self)) };
            match answer {
                // With 0 ticks the word is 0 again at once. Whoever serves an interrupt goes on without
                // another look at it, so that code gets on from one check to the next.
                Ok(UpdateDeadline::Continue(ticks)) => self.interrupts.set_epoch_deadline(ticks),
                Ok(UpdateDeadline::Interrupt) => {
                    self.interrupts.renew();
                    return Err(Trap::Interrupt.into());
                }
                Err(error) => {
                    self.interrupts.renew();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    // The heap.

    /// Collects what cannot be reached any more.
    pub(crate) fn collect(&mut self) {
        self.roots.trim();
        let stack = self.value_stack.base().cast::<u64>();
        // SAFETY: `value_top` lies in the value stack, all of which is initialized; records are alive and
        // nobody writes them meanwhile.
        let freed = unsafe {
            let top = (*self.vm.as_ptr()).value_top;
            let words = std::slice::from_raw_parts(stack, top.offset_from(stack) as usize);
            let (tables, globals, roots) = (&self.tables, &self.globals, &self.roots);
            let pending = self.pending_exception;
            self.heap.collect(|tracer| {
                tracer.precise(pending);
                roots.iter().for_each(|reference| tracer.precise(reference));
                for global in globals.iter() {
                    let global = global.as_ref();
                    if is_collected(global.ty.content) {
                        tracer.precise(global.vm.slots[0]);
                    }
                }
                for table in tables.iter() {
                    table.as_ref().references().iter().for_each(|&reference| tracer.precise(reference));
                }
                words.iter().for_each(|&word| tracer.conservative(word));
                native::for_each_word(self.vm.as_ptr(), |word| tracer.conservative(word));
            })
        };
        drop(freed);
    }

    /// Bytes that the heap takes.
    pub(crate) fn heap_size(&self) -> usize {
        self.heap.reserved()
    }

    /// Makes room for an object of the given size, by collecting, growing, or both.
    fn make_room(&mut self, size: usize, needs: NeedsMemory, collected: &mut bool) -> Result<()> {
        let current = self.heap.reserved();
        let desired = current.saturating_add(needs.bytes);
        let max = self.engine.tunables().heap_bytes;
        let answer = self.limiter(|limiter| limiter.heap_growing(current, desired, Some(max)));
        let allowed = answer.unwrap_or(Ok(true))? && desired <= max;
        if allowed && self.heap.grow(size, needs) {
            return Ok(());
        }
        if std::mem::replace(collected, true) {
            return Err(Trap::HeapLimit.into());
        }
        self.collect();
        Ok(())
    }

    /// Collects if enough was allocated since the last time.
    fn collect_if_due(&mut self) -> bool {
        let due = self.heap.wants_collection();
        if due {
            self.collect();
        }
        due
    }

    /// A new external object.
    pub(crate) fn new_external(&mut self, mut data: HostData) -> Result<u64, NoRoom> {
        let mut collected = self.collect_if_due();
        loop {
            match self.heap.new_external(data) {
                Ok(reference) => return Ok(reference),
                Err((needs, back)) => {
                    data = back;
                    let size = Heap::external_size();
                    if let Err(error) = self.make_room(size, needs, &mut collected) {
                        return Err(NoRoom { error, data, size });
                    }
                }
            }
        }
    }

    /// A new exception. May collect before it reads the payload, which so must be reachable.
    ///
    /// # Safety
    /// The tag must be one of this store's and `payload` lead to values that fit it.
    pub(crate) unsafe fn new_exception(&mut self, tag: NonNull<TagData>, payload: *const u64) -> Result<u64> {
        let mut collected = self.collect_if_due();
        loop {
            // SAFETY: passed on.
            match unsafe { self.heap.new_exception(tag, payload) } {
                Ok(exn) => return Ok(exn),
                Err(needs) => {
                    // SAFETY: passed on.
                    let size = Heap::exception_size(unsafe { tag.as_ref().slots });
                    self.make_room(size, needs, &mut collected)?;
                }
            }
        }
    }
}

/// Nowhere.
pub(crate) const NO_EXIT: VmExit =
    VmExit { ip: std::ptr::null(), sp: std::ptr::null_mut(), ctx: std::ptr::null_mut() };

impl Drop for StoreOpaque {
    fn drop(&mut self) {
        // Some of these records lie in instances.
        self.memories.clear();
        self.tables.clear();
        self.globals.clear();
        for instance in self.instances.drain(..).chain([self.host_caller]) {
            // SAFETY: nothing runs any more, and handles do not lead to records without their store.
            unsafe { InstanceData::free(instance) };
        }
    }
}

/// The limiter as the embedder gives it.
pub(crate) type LimiterFn<T> = Box<dyn (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync>;

/// A store with the embedder's data. Begins with the part that the runtime knows.
#[repr(C)]
pub struct StoreInner<T: 'static> {
    opaque: StoreOpaque,
    pub(crate) limiter: Option<LimiterFn<T>>,
    pub(crate) epoch: EpochBehavior<T>,
    data: ManuallyDrop<T>,
}

impl<T: 'static> StoreInner<T> {
    const HOOKS: &'static Hooks = &Hooks { limiter: Self::ask_limiter, epoch: Self::epoch_reached };

    /// # Safety
    /// As for [`Hooks`].
    unsafe fn ask_limiter(
        store: NonNull<StoreOpaque>,
        ask: &mut dyn FnMut(&mut dyn ResourceLimiter),
    ) -> bool {
        // SAFETY: the store is one whose data is `T` and held exclusively.
        let inner = unsafe { store.cast::<StoreInner<T>>().as_mut() };
        match &mut inner.limiter {
            Some(limiter) => {
                ask(limiter(&mut inner.data));
                true
            }
            None => false,
        }
    }

    /// # Safety
    /// As for [`Hooks`].
    unsafe fn epoch_reached(store: NonNull<StoreOpaque>) -> Result<UpdateDeadline> {
        // SAFETY: the store is one whose data is `T` and held exclusively.
        let inner = unsafe { store.cast::<StoreInner<T>>().as_mut() };
        crate::store::epoch_reached(inner)
    }

    /// The embedder's data.
    #[inline]
    pub(crate) fn data(&self) -> &T {
        &self.data
    }

    /// The embedder's data.
    #[inline]
    pub(crate) fn data_mut(&mut self) -> &mut T {
        &mut self.data
    }

    /// The part that the runtime knows, and the data.
    #[inline]
    pub(crate) fn split(&mut self) -> (&mut StoreOpaque, &mut T) {
        (&mut self.opaque, &mut self.data)
    }
}

impl<T: 'static> Deref for StoreInner<T> {
    type Target = StoreOpaque;

    #[inline]
    fn deref(&self) -> &StoreOpaque {
        &self.opaque
    }
}

impl<T: 'static> DerefMut for StoreInner<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut StoreOpaque {
        &mut self.opaque
    }
}

// SAFETY: all that a store's records and words lead to belongs to the store, is `Send` itself (host
// functions, host values, what is kept), or is shared by design (modules, engines, interrupts). While
// wasm code is running, a host function may lend the store to another thread, for which it then waits.
unsafe impl<T: Send + 'static> Send for StoreInner<T> {}
// SAFETY: as above; a shared store can only be read.
unsafe impl<T: Sync + 'static> Sync for StoreInner<T> {}

/// Owns a store.
pub(crate) struct StoreBox<T: 'static>(ManuallyDrop<Box<StoreInner<T>>>);

impl<T: 'static> StoreBox<T> {
    /// A store with the given data.
    pub fn new(engine: &Engine, data: T) -> Result<StoreBox<T>> {
        let opaque = StoreOpaque::new(engine, StoreInner::<T>::HOOKS)?;
        let mut inner = Box::new(StoreInner {
            opaque,
            limiter: None,
            epoch: EpochBehavior::default(),
            data: ManuallyDrop::new(data),
        });
        inner.settle();
        Ok(StoreBox(ManuallyDrop::new(inner)))
    }

    /// Drops the store and gives the data back.
    pub fn into_data(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: neither the data nor the box is used again.
        unsafe {
            let data = ManuallyDrop::take(&mut this.0.data);
            ManuallyDrop::drop(&mut this.0);
            data
        }
    }
}

impl<T: 'static> Drop for StoreBox<T> {
    fn drop(&mut self) {
        // SAFETY: neither the data nor the box is used again.
        unsafe {
            ManuallyDrop::drop(&mut self.0.data);
            ManuallyDrop::drop(&mut self.0);
        }
    }
}

impl<T: 'static> Deref for StoreBox<T> {
    type Target = StoreInner<T>;

    #[inline]
    fn deref(&self) -> &StoreInner<T> {
        &self.0
    }
}

impl<T: 'static> DerefMut for StoreBox<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut StoreInner<T> {
        &mut self.0
    }
}
