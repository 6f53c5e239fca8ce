//! Stores: what instances and their things live in.

use crate::engine::Engine;
use crate::error::Result;
use crate::exnref::ExnRef;
use crate::limits::ResourceLimiter;
use crate::refs::{GcHeapOutOfMemory, Rooted};
use crate::vm::observe::Profile;
use crate::vm::store::{Counts, StoreBox, StoreInner, StoreOpaque};
use crate::{Error, bail, ensure};
use std::fmt;
use std::time::{Duration, Instant};

/// Where instances, their functions, memories, tables and globals live, with data of the embedder's own
/// that host functions reach.
///
/// Everything made in a store lives as long as the store; handles such as [`Func`](crate::Func) or
/// [`Memory`](crate::Memory) can be copied freely and are used together with the store. A handle used with
/// another store is an error ([`WrongStore`](crate::WrongStore)) where the method returns a `Result`, else a panic.
///
/// A store is used by one thread at a time and can be moved between threads.
///
/// ```
/// use brisk::{Engine, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, String::from("the embedder's data"));
/// let module = Module::new(&engine, r#"(module (func (export "one") (result i32) (i32.const 1)))"#)?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let one = instance.get_typed_func::<(), i32>(&mut store, "one")?;
/// assert_eq!(one.call(&mut store, ())?, 1);
/// assert_eq!(store.into_data(), "the embedder's data");
/// # brisk::Result::<()>::Ok(())
/// ```
pub struct Store<T: 'static>(StoreBox<T>);

/// A reference to a store, for reading; see [`AsContext`].
///
/// ```
/// use brisk::{Store, StoreContext};
///
/// fn greeting(store: StoreContext<'_, String>) -> String {
///     format!("hello, {}", store.data())
/// }
///
/// let store = Store::new(&Default::default(), String::from("world"));
/// assert_eq!(greeting((&store).into()), "hello, world");
/// ```
pub struct StoreContext<'a, T: 'static>(pub(crate) &'a StoreInner<T>);

/// A reference to a store, for changing it; see [`AsContextMut`].
///
/// ```
/// use brisk::{Store, StoreContextMut};
///
/// fn count(mut store: StoreContextMut<'_, u32>) {
///     *store.data_mut() += 1;
/// }
///
/// let mut store = Store::new(&Default::default(), 0);
/// count((&mut store).into());
/// assert_eq!(*store.data(), 1);
/// ```
pub struct StoreContextMut<'a, T: 'static>(pub(crate) &'a mut StoreInner<T>);

/// What gives access to a store: [`Store`], [`Caller`](crate::Caller), [`StoreContext`],
/// [`StoreContextMut`], [`RootScope`](crate::RootScope), and references to them.
///
/// ```
/// use brisk::{AsContext, Func, Store};
///
/// fn results(store: impl AsContext, func: &Func) -> usize {
///     func.ty(store).results().len()
/// }
///
/// let mut store = Store::<()>::default();
/// let func = Func::wrap(&mut store, || (1, 2.0));
/// assert_eq!(results(&store, &func), 2);
/// ```
pub trait AsContext {
    /// The embedder's data in the store.
    type Data: 'static;

    /// The store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// What gives access to a store to change it.
///
/// ```
/// use brisk::{AsContextMut, Caller, Func, Result, Store};
///
/// // For embedders and host functions alike.
/// fn call(mut store: impl AsContextMut, func: &Func) -> Result<i32> {
///     func.typed::<(), i32>(&store)?.call(&mut store, ())
/// }
///
/// let mut store = Store::<()>::default();
/// let one = Func::wrap(&mut store, || 1);
/// let same = Func::wrap(&mut store, move |caller: Caller<'_, ()>| call(caller, &one));
/// assert_eq!(call(&mut store, &same)?, 1);
/// # brisk::Result::<()>::Ok(())
/// ```
pub trait AsContextMut: AsContext {
    /// The store.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<T: 'static> Store<T> {
    /// A store with the given data.
    ///
    /// # Panics
    ///
    /// If the system has no memory for it; see [`Store::try_new`].
    pub fn new(engine: &Engine, data: T) -> Store<T> {
        match Store::try_new(engine, data) {
            Ok(store) => store,
            Err(error) => panic!("failed to make a store: {error:#}"),
        }
    }

    /// A store with the given data.
    ///
    /// # Errors
    ///
    /// Fails if the system has no memory for it.
    pub fn try_new(engine: &Engine, data: T) -> Result<Store<T>> {
        Ok(Store(StoreBox::new(engine, data)?))
    }

    /// The embedder's data.
    #[inline]
    pub fn data(&self) -> &T {
        self.0.data()
    }

    /// The embedder's data.
    #[inline]
    pub fn data_mut(&mut self) -> &mut T {
        self.0.data_mut()
    }

    /// Drops the store and gives the embedder's data back.
    pub fn into_data(self) -> T {
        self.0.into_data()
    }

    /// The engine that the store belongs to.
    pub fn engine(&self) -> &Engine {
        self.0.engine()
    }

    /// Sets what decides about growth of memories, tables and the heap, and about how many instances,
    /// memories and tables there may be.
    ///
    /// ```
    /// use brisk::{Engine, Memory, MemoryType, Store, StoreLimits, StoreLimitsBuilder};
    ///
    /// let limits = StoreLimitsBuilder::new().memory_size(1 << 20).build();
    /// let mut store = Store::new(&Engine::default(), limits);
    /// store.limiter(|limits| limits);
    /// let memory = Memory::new(&mut store, MemoryType::new(16, None))?;
    /// assert!(memory.grow(&mut store, 1).is_err());
    /// assert!(Memory::new(&mut store, MemoryType::new(17, None)).is_err());
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn limiter(
        &mut self,
        mut limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static,
    ) {
        let asked = limiter(self.0.data_mut());
        let limits =
            Counts { instances: asked.instances(), tables: asked.tables(), memories: asked.memories() };
        self.0.set_limits(limits);
        self.0.limiter = Some(Box::new(limiter));
    }

    /// Fuel left.
    ///
    /// # Errors
    ///
    /// Fails without [`Config::consume_fuel`](crate::Config::consume_fuel).
    pub fn get_fuel(&self) -> Result<u64> {
        get_fuel(&self.0)
    }

    /// Sets how much fuel running code may use up before it stops with
    /// [`Trap::OutOfFuel`](crate::Trap::OutOfFuel).
    ///
    /// ```
    /// use brisk::{Config, Engine, Instance, Module, Store, Trap};
    ///
    /// let engine = Engine::new(Config::new().consume_fuel(true))?;
    /// let mut store = Store::new(&engine, ());
    /// store.set_fuel(10_000)?;
    /// let module = Module::new(&engine, r#"(module (func (export "forever") (loop (br 0))))"#)?;
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let forever = instance.get_typed_func::<(), ()>(&mut store, "forever")?;
    /// let error = forever.call(&mut store, ()).unwrap_err();
    /// assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
    /// assert_eq!(store.get_fuel()?, 0);
    /// # brisk::Result::<()>::Ok(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails without [`Config::consume_fuel`](crate::Config::consume_fuel).
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        set_fuel(&mut self.0, fuel)
    }

    /// Sets the epoch at which running code is interrupted, as a number of ticks from now.
    ///
    /// Whatever [`Store::epoch_deadline_callback`] says happens then; a trap
    /// ([`Trap::Interrupt`](crate::Trap::Interrupt)) without one.
    ///
    /// ```
    /// use brisk::{Config, Engine, Instance, Module, Store, Trap};
    ///
    /// let engine = Engine::new(Config::new().epoch_interruption(true))?;
    /// let mut store = Store::new(&engine, ());
    /// store.set_epoch_deadline(1);
    /// let module = Module::new(&engine, r#"(module (func (export "forever") (loop (br 0))))"#)?;
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let forever = instance.get_typed_func::<(), ()>(&mut store, "forever")?;
    /// let ticking = std::thread::spawn(move || engine.increment_epoch());
    /// let error = forever.call(&mut store, ()).unwrap_err();
    /// assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    /// # ticking.join().unwrap();
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
        self.0.interrupts.set_epoch_deadline(ticks_beyond_current);
    }

    /// Makes the epoch deadline end running code with a trap, as it does unless told otherwise.
    pub fn epoch_deadline_trap(&mut self) {
        self.0.epoch = EpochBehavior::Trap;
    }

    /// Sets what happens at the epoch deadline: the callback decides, or ends the running code with an
    /// error of its own.
    pub fn epoch_deadline_callback(
        &mut self,
        callback: impl FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline> + Send + Sync + 'static,
    ) {
        self.0.epoch = EpochBehavior::Callback(Box::new(callback));
    }

    /// Sets when running code is stopped with [`Trap::Deadline`](crate::Trap::Deadline), or `None` for never. Stays set until
    /// it is set again: calls after the deadline end at once.
    ///
    /// Needs no configuration and costs running code nothing. It holds in the child of a fork, too.
    ///
    /// # Errors
    ///
    /// Fails if the thread that watches deadlines cannot be started.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) -> Result<()> {
        self.0.set_deadline(deadline)
    }

    /// Sets the deadline to a time from now.
    ///
    /// ```
    /// use brisk::{Engine, Instance, Module, Store, Trap};
    /// use std::time::Duration;
    ///
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ());
    /// let module = Module::new(&engine, r#"(module (func (export "forever") (loop (br 0))))"#)?;
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let forever = instance.get_typed_func::<(), ()>(&mut store, "forever")?;
    /// store.set_timeout(Duration::from_millis(20))?;
    /// let error = forever.call(&mut store, ()).unwrap_err();
    /// assert_eq!(error.downcast_ref(), Some(&Trap::Deadline));
    /// # brisk::Result::<()>::Ok(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Store::set_deadline`].
    pub fn set_timeout(&mut self, timeout: Duration) -> Result<()> {
        self.0.set_deadline(Instant::now().checked_add(timeout))
    }

    /// When running code is stopped.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    /// Frees exceptions and external objects that nothing refers to any more. What there was no room for makes no
    /// difference so far; the heap frees all it can.
    ///
    /// # Errors
    ///
    /// None so far.
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        let _ = why;
        self.0.collect();
        Ok(())
    }

    /// Bytes that the heap of exceptions and external objects takes.
    pub fn gc_heap_capacity(&self) -> usize {
        self.0.heap_size()
    }

    /// Makes an exception the pending one and gives the error that a host function returns to throw it.
    /// See [`ThrownException`](crate::ThrownException).
    ///
    /// # Errors
    ///
    /// Always, with [`ThrownException`](crate::ThrownException), or with another error if the exception cannot be used
    /// with this store.
    pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R> {
        crate::exception::throw(&mut self.0, exception)
    }

    /// Takes the pending exception, after a call that failed with
    /// [`ThrownException`](crate::ThrownException).
    pub fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
        crate::exception::take_pending(&mut self.0)
    }

    /// Whether an exception is pending.
    pub fn has_pending_exception(&self) -> bool {
        self.0.has_pending_exception()
    }

    /// What was counted of executed instructions and calls so far; empty unless
    /// [`Config::profile_ops`](crate::Config::profile_ops) asked for it.
    ///
    /// ```
    /// use brisk::{Config, Engine, Instance, Module, Store};
    ///
    /// let engine = Engine::new(Config::new().profile_ops(true))?;
    /// let mut store = Store::new(&engine, ());
    /// let module = Module::new(&engine, r#"(module
    ///     (func $one (export "one") (result i32) (i32.const 1)))"#)?;
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let one = instance.get_typed_func::<(), i32>(&mut store, "one")?;
    /// one.call(&mut store, ())?;
    /// one.call(&mut store, ())?;
    /// assert_eq!(store.profile().calls, [(String::from("one"), 2)]);
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn profile(&mut self) -> Profile {
        self.0.observer().map_or_else(Profile::default, |observer| observer.profile())
    }

    /// Has a line reported for each call and return of a wasm function, if
    /// [`Config::trace_calls`](crate::Config::trace_calls) is on.
    ///
    /// ```
    /// use brisk::{Config, Engine, Instance, Module, Store};
    /// use std::sync::{Arc, Mutex};
    ///
    /// let engine = Engine::new(Config::new().trace_calls(true))?;
    /// let mut store = Store::new(&engine, ());
    /// let lines = Arc::new(Mutex::new(Vec::new()));
    /// let sink = lines.clone();
    /// store.trace_calls(move |line| sink.lock().unwrap().push(line.to_owned()));
    /// let module = Module::new(&engine, r#"(module
    ///     (func $same (export "same") (param i32) (result i32) (local.get 0)))"#)?;
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// instance.get_typed_func::<i32, i32>(&mut store, "same")?.call(&mut store, 7)?;
    /// assert_eq!(*lines.lock().unwrap(), ["same(7)", "same = (7)"]);
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn trace_calls(&mut self, sink: impl FnMut(&str) + Send + Sync + 'static) {
        if let Some(observer) = self.0.observer() {
            observer.set_trace(Box::new(sink));
        }
    }
}

impl<T: Default + 'static> Default for Store<T> {
    fn default() -> Store<T> {
        Store::new(&Engine::default(), T::default())
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("data", self.data()).finish_non_exhaustive()
    }
}

impl<'a, T: 'static> StoreContext<'a, T> {
    /// The embedder's data.
    pub fn data(&self) -> &'a T {
        self.0.data()
    }

    /// The engine that the store belongs to.
    pub fn engine(&self) -> &Engine {
        self.0.engine()
    }

    /// See [`Store::get_fuel`].
    ///
    /// # Errors
    ///
    /// As for [`Store::get_fuel`].
    pub fn get_fuel(&self) -> Result<u64> {
        get_fuel(self.0)
    }

    /// See [`Store::deadline`].
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }
}

impl<T: 'static> StoreContextMut<'_, T> {
    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.0.data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.0.data_mut()
    }

    /// The engine that the store belongs to.
    pub fn engine(&self) -> &Engine {
        self.0.engine()
    }

    /// See [`Store::get_fuel`].
    ///
    /// # Errors
    ///
    /// As for [`Store::get_fuel`].
    pub fn get_fuel(&self) -> Result<u64> {
        get_fuel(self.0)
    }

    /// See [`Store::set_fuel`].
    ///
    /// # Errors
    ///
    /// As for [`Store::set_fuel`].
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        set_fuel(self.0, fuel)
    }

    /// See [`Store::set_epoch_deadline`].
    pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
        self.0.interrupts.set_epoch_deadline(ticks_beyond_current);
    }

    /// See [`Store::epoch_deadline_trap`].
    pub fn epoch_deadline_trap(&mut self) {
        self.0.epoch = EpochBehavior::Trap;
    }

    /// See [`Store::set_deadline`].
    ///
    /// # Errors
    ///
    /// As for [`Store::set_deadline`].
    pub fn set_deadline(&mut self, deadline: Option<Instant>) -> Result<()> {
        self.0.set_deadline(deadline)
    }

    /// See [`Store::deadline`].
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    /// See [`Store::gc`].
    ///
    /// # Errors
    ///
    /// None so far.
    pub fn gc(&mut self, why: Option<&GcHeapOutOfMemory<()>>) -> Result<()> {
        let _ = why;
        self.0.collect();
        Ok(())
    }

    /// See [`Store::throw`].
    ///
    /// # Errors
    ///
    /// As for [`Store::throw`].
    pub fn throw<R>(&mut self, exception: Rooted<ExnRef>) -> Result<R> {
        crate::exception::throw(self.0, exception)
    }

    /// See [`Store::take_pending_exception`].
    pub fn take_pending_exception(&mut self) -> Option<Rooted<ExnRef>> {
        crate::exception::take_pending(self.0)
    }

    /// See [`Store::has_pending_exception`].
    pub fn has_pending_exception(&self) -> bool {
        self.0.has_pending_exception()
    }
}

/// Fails unless fuel is counted.
fn check_fuel(store: &StoreOpaque) -> Result<()> {
    ensure!(store.engine().tunables().consume_fuel, "fuel is not configured in this store");
    Ok(())
}

pub(crate) fn get_fuel(store: &StoreOpaque) -> Result<u64> {
    check_fuel(store)?;
    Ok(store.fuel())
}

pub(crate) fn set_fuel(store: &mut StoreOpaque, fuel: u64) -> Result<()> {
    check_fuel(store)?;
    store.set_fuel(fuel);
    Ok(())
}

/// What to do at the epoch deadline, see [`Store::epoch_deadline_callback`].
///
/// ```
/// use brisk::{Config, Engine, Instance, Module, Store, Trap, UpdateDeadline};
///
/// let engine = Engine::new(Config::new().epoch_interruption(true))?;
/// let mut store = Store::new(&engine, 0);
/// store.epoch_deadline_callback(|mut store| {
///     *store.data_mut() += 1;
///     Ok(if *store.data() < 3 { UpdateDeadline::Continue(0) } else { UpdateDeadline::Interrupt })
/// });
/// let module = Module::new(&engine, r#"(module (func (export "spin") (loop (br 0))))"#)?;
/// let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
/// assert_eq!(spin.call(&mut store, ()).unwrap_err().downcast_ref(), Some(&Trap::Interrupt));
/// assert_eq!(*store.data(), 3);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum UpdateDeadline {
    /// Stop the running code with [`Trap::Interrupt`](crate::Trap::Interrupt).
    Interrupt,
    /// Go on, and set the deadline to so many ticks from now. With 0 it has passed already: the callback is
    /// asked again at the next loop iteration or call.
    Continue(u64),
}

/// The embedder's callback for the epoch deadline.
type EpochCallback<T> = Box<dyn FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline> + Send + Sync>;

/// What happens at the epoch deadline.
#[derive(Default)]
pub(crate) enum EpochBehavior<T: 'static> {
    /// A trap.
    #[default]
    Trap,
    /// What the callback says.
    Callback(EpochCallback<T>),
    /// The callback runs; a trap if that happens again meanwhile, or if it panicked.
    Running,
}

/// Asks what to do at the epoch deadline.
pub(crate) fn epoch_reached<T: 'static>(store: &mut StoreInner<T>) -> Result<UpdateDeadline> {
    match std::mem::replace(&mut store.epoch, EpochBehavior::Running) {
        EpochBehavior::Callback(mut callback) => {
            let answer = callback(StoreContextMut(store));
            // Unless the callback set something else.
            if matches!(store.epoch, EpochBehavior::Running) {
                store.epoch = EpochBehavior::Callback(callback);
            }
            answer
        }
        other => {
            store.epoch = other;
            Ok(UpdateDeadline::Interrupt)
        }
    }
}

/// The error for a handle of another store.
#[cold]
pub(crate) fn foreign(what: &str) -> Error {
    Error::new(crate::WrongStore).context(format!("{what} belongs to another store"))
}

/// Fails if the engines differ.
pub(crate) fn check_engine(a: &Engine, b: &Engine) -> Result<()> {
    if !Engine::same(a, b) {
        bail!("things of different engines cannot be used together");
    }
    Ok(())
}

impl<T: 'static> AsContext for Store<T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(&self.0)
    }
}

impl<T: 'static> AsContextMut for Store<T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(&mut self.0)
    }
}

impl<T: 'static> AsContext for StoreContext<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.0)
    }
}

impl<T: 'static> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext(self.0)
    }
}

impl<T: 'static> AsContextMut for StoreContextMut<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut(self.0)
    }
}

impl<C: AsContext> AsContext for &C {
    type Data = C::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContext> AsContext for &mut C {
    type Data = C::Data;

    #[inline]
    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContextMut> AsContextMut for &mut C {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        C::as_context_mut(self)
    }
}

impl<'a, C: AsContext> From<&'a C> for StoreContext<'a, C::Data> {
    #[inline]
    fn from(context: &'a C) -> StoreContext<'a, C::Data> {
        context.as_context()
    }
}

impl<'a, C: AsContext> From<&'a mut C> for StoreContext<'a, C::Data> {
    #[inline]
    fn from(context: &'a mut C) -> StoreContext<'a, C::Data> {
        C::as_context(context)
    }
}

impl<'a, C: AsContextMut> From<&'a mut C> for StoreContextMut<'a, C::Data> {
    #[inline]
    fn from(context: &'a mut C) -> StoreContextMut<'a, C::Data> {
        context.as_context_mut()
    }
}
