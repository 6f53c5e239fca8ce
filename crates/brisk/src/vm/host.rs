//! Host functions as running code calls them.

use super::handle::Handle;
use super::instance::InstanceData;
use super::store::{StoreInner, StoreOpaque, Unwind};
use super::{HostStatus, VmContext, VmFuncRef, VmHostFunc, VmStore};
use crate::error::{Error, Result};
use crate::exception::ThrownException;
use crate::func::Caller;
use crate::interp::code::FuncState;
use crate::types::FuncType;
use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

/// What a host function does, from the slots of its arguments to those of its results.
pub(crate) trait HostCode<T: 'static>: Any + Send + Sync {
    /// Slots that arguments or results take, whichever is more. The same as the function's type says;
    /// a constant where the type is known when the program is compiled.
    fn slots(&self, arg_slots: u32) -> usize;

    /// Runs the function.
    fn call(&self, caller: &mut Caller<'_, T>, slots: HostSlots<'_>) -> Result<()>;
}

/// Slots of a host function's arguments and results, which take the same place. A value of a reference
/// type found in them belongs to the store.
pub(crate) struct HostSlots<'a> {
    slots: NonNull<u64>,
    len: usize,
    _lifetime: PhantomData<&'a mut [u64]>,
}

impl HostSlots<'_> {
    /// The arguments.
    #[inline]
    pub fn args(&self) -> &[u64] {
        // SAFETY: so many slots are the call's own; running code and collections do not change them.
        unsafe { std::slice::from_raw_parts(self.slots.as_ptr(), self.len) }
    }

    /// Room for the results.
    #[inline]
    pub fn results(&mut self) -> &mut [u64] {
        // SAFETY: so many slots are the call's own.
        unsafe { std::slice::from_raw_parts_mut(self.slots.as_ptr(), self.len) }
    }
}

/// The instance that called a host function.
#[derive(Clone, Copy)]
pub(crate) struct HostCaller(NonNull<VmContext>);

// SAFETY: the instance is reached with a reference to its store only, whose thread that is.
unsafe impl Send for HostCaller {}
// SAFETY: as above.
unsafe impl Sync for HostCaller {}

impl HostCaller {
    /// The instance; `None` if the host itself called.
    pub fn instance(self, store: &StoreOpaque) -> Option<Handle<InstanceData>> {
        // SAFETY: the caller's instance is alive while the function runs, and as long as the store.
        unsafe {
            let instance = NonNull::new((*self.0.as_ptr()).instance)?;
            instance.as_ref().try_module()?;
            Some(Handle::new(store.id(), instance))
        }
    }
}

/// A host function with what it owns. Shared by all stores that refer to it.
pub struct HostRecord<C: ?Sized> {
    call: unsafe fn(*mut VmHostFunc, *mut VmContext, *mut u64) -> HostStatus,
    ty: FuncType,
    code: C,
}

/// A host function, whatever its code.
pub type HostFunc = Arc<HostRecord<dyn Any + Send + Sync>>;

/// Makes a host function for stores whose data is `T`.
pub(crate) fn new<T: 'static, C: HostCode<T>>(ty: FuncType, code: C) -> HostFunc {
    Arc::new(HostRecord { call: trampoline::<T, C>, ty, code })
}

impl HostRecord<dyn Any + Send + Sync> {
    /// Its type.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }
}

/// A host function as one store has it. Begins with what running code sees.
#[repr(C)]
pub(crate) struct StoreHostFunc {
    vm: VmHostFunc,
    func_ref: VmFuncRef,
    state: FuncState,
    func: HostFunc,
}

impl StoreHostFunc {
    /// The record of a function; complete after [`StoreHostFunc::settle`].
    pub fn new(store: *mut VmStore, func: HostFunc) -> StoreHostFunc {
        let ty = func.ty();
        let func_ref = VmFuncRef {
            state: std::ptr::null(),
            ctx: std::ptr::null_mut(),
            type_id: ty.id(),
            arg_slots: ty.arg_slots(),
            func_ref: std::ptr::null(),
        };
        let vm = VmHostFunc {
            store,
            call: func.call,
            record: Arc::as_ptr(&func).cast(),
            arg_slots: ty.arg_slots(),
        };
        StoreHostFunc { vm, func_ref, state: FuncState::new(FuncState::HOST, 0), func }
    }

    /// Makes the record refer to itself: the reference to the function, alive as long as the record.
    ///
    /// # Safety
    /// The record must be alive, not shared, and never move from now on.
    pub unsafe fn settle(mut this: NonNull<StoreHostFunc>) -> NonNull<VmFuncRef> {
        let at = this.as_ptr();
        // SAFETY: by the contract of this function.
        unsafe {
            let func_ref = NonNull::from(&mut this.as_mut().func_ref);
            (*at).func_ref.state = &raw const (*at).state;
            (*at).func_ref.ctx = at.cast();
            (*at).func_ref.func_ref = func_ref.as_ptr();
            func_ref
        }
    }

    /// The function.
    #[cfg_attr(not(brisk_machine_code), allow(dead_code))]
    pub fn func(&self) -> &HostFunc {
        &self.func
    }
}

/// Runs a host function on behalf of running code.
///
/// # Safety
/// `host` must be the first field of a [`StoreHostFunc`] made of a [`HostRecord<C>`], `caller` the context of a live instance in a
/// store whose data is `T` and to which nothing else refers, and `slots` must lead to the arguments, with
/// room for the results.
unsafe fn trampoline<T: 'static, C: HostCode<T>>(
    host: *mut VmHostFunc,
    caller: *mut VmContext,
    slots: *mut u64,
) -> HostStatus {
    // SAFETY: passed on; a store without its data is the first part of the store with it.
    let (record, mut store, slots, caller) = unsafe {
        let record = &*(*host).record.cast::<HostRecord<C>>();
        let store = NonNull::new_unchecked((*(*caller).store).store);
        (
            record,
            store.cast::<StoreInner<T>>(),
            NonNull::new_unchecked(slots),
            HostCaller(NonNull::new_unchecked(caller)),
        )
    };
    // SAFETY: the store is borrowed for the scope only.
    let scope = unsafe { store.as_ref().roots.enter() };
    // SAFETY: the host function is alive.
    let arg_slots = unsafe { (*host).arg_slots };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let len = record.code.slots(arg_slots);
        debug_assert_eq!(len, arg_slots as usize);
        let slots = HostSlots { slots, len, _lifetime: PhantomData };
        // SAFETY: nothing else refers to the store while the function runs; the caller's instance is live.
        let mut caller = unsafe { Caller::new(store.as_mut(), caller) };
        record.code.call(&mut caller, slots)
    }));
    // SAFETY: the function's reference to the store is gone.
    let store: &mut StoreOpaque = unsafe { store.as_mut() };
    store.roots.exit(scope);
    match outcome {
        Ok(Ok(())) => HostStatus::Return,
        Ok(Err(error)) => failed(store, error),
        Err(panic) => panicked(store, panic),
    }
}

#[cold]
#[inline(never)]
fn failed(store: &mut StoreOpaque, error: Error) -> HostStatus {
    if error.is::<ThrownException>() && store.has_pending_exception() {
        return HostStatus::Exception;
    }
    store.set_pending_unwind(Unwind::Error(error));
    HostStatus::Unwind
}

#[cold]
#[inline(never)]
fn panicked(store: &mut StoreOpaque, panic: Box<dyn Any + Send>) -> HostStatus {
    store.set_pending_unwind(Unwind::Panic(panic));
    HostStatus::Unwind
}
