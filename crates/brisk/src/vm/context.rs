//! The state that running code reads and writes, laid out for it.
//!
//! Per-store words live once, in [`VmStore`]; everything of an instance hangs off its
//! [`VmContext`], whose first word leads to the store. All structures here are `repr(C)`: generated
//! code will address them through `offset_of!`.

use crate::interp::code::{Bridge, FuncState};
use std::sync::atomic::AtomicUsize;

/// Words of a store that every tier uses.
#[repr(C)]
pub struct VmStore {
    /// The one interrupt word: end of the value stack (as an address) while nothing is wanted of the
    /// running code, 0 when an interrupt was requested. Function entries compare their frame's end
    /// with it, back-edges test it for 0. Whoever requests an interrupt first records the reason,
    /// then stores 0; the interrupted code first restores the word, then takes the reasons.
    pub value_limit: AtomicUsize,
    /// End of the value stack, as an address; what `value_limit` holds when nothing is wanted.
    pub value_end: usize,
    /// First free slot of the value stack. The interpreter brings it up to date before it leaves for
    /// a host function or a libcall that may run one or collect.
    pub value_top: *mut u64,
    /// Bytes of native stack an outermost entry and everything below it may use before it is told of an overflow. Host
    /// functions may go beyond.
    pub native_size: usize,
    /// A call that goes the slow way.
    pub slow_call: SlowCall,
    /// What machine code compares its stack pointer with: the lowest address of the native stack that it may use, or
    /// all ones when an interrupt was requested; then `value_limit` is 0, too. Accessed as an atomic only.
    pub stack_limit: AtomicUsize,
    /// What `stack_limit` is while no interrupt was requested; 0 until machine code is entered first.
    pub native_limit: usize,
    /// Cells for arguments and results of machine code that have no register.
    pub overflow: *mut [u64; 2],
    /// Frame of the stub or trampoline by which machine code was left last.
    pub exit_fp: *const usize,
    /// The callee of a tail call out of the interpreter.
    pub tail: VmTail,
    /// Fuel left; negative once a segment has overdrawn it.
    pub fuel: i64,
    /// Innermost activation, null outside wasm.
    pub activation: *mut Activation,
    /// Per-instruction counters of the profile, null when it is off.
    pub op_counts: *mut u64,
    /// What watches the running code, null if nothing does.
    pub(crate) observer: *mut super::observe::Observer,
    /// How and where the innermost activation stopped when it did not return.
    pub exit: VmExit,
    /// The trap that ended the innermost activation, until it is reported.
    pub trap: Option<crate::trap::Trap>,
    /// State of the interpreter between two handlers.
    #[cfg(brisk_loop_dispatch)]
    pub(crate) regs: Option<crate::interp::dispatch::Regs>,
    /// The store this is part of.
    pub store: *mut super::store::StoreOpaque,
}

/// A tail call of machine code by the outermost function of an interpreter's activation. The arguments stand where
/// those of that function were.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VmTail {
    /// The callee.
    pub state: *const FuncState,
    /// Its instance.
    pub ctx: *mut VmContext,
    /// Null, or code that takes over the frame of the outermost function.
    pub entry: *const u8,
    /// How machine code is reached.
    pub bridge: *const Bridge,
}

impl VmTail {
    /// None.
    pub const NONE: VmTail = VmTail {
        state: std::ptr::null(),
        ctx: std::ptr::null_mut(),
        entry: std::ptr::null(),
        bridge: std::ptr::null(),
    };
}

/// A call of a host function, or of one that is not translated, has no room, or is to be interrupted first.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SlowCall {
    /// The callee.
    pub state: *const FuncState,
    /// Its instance.
    pub ctx: *mut VmContext,
    /// Its arguments.
    pub args: *mut u64,
    /// Where the caller goes on; null for a tail call.
    pub after: *const u16,
    /// Slot of the caller's link, for a tail call.
    pub link: u32,
}

/// A number of the running thread, of which no other thread that lives has the same. Costs nothing.
#[inline(always)]
pub fn current_thread() -> usize {
    thread_local!(static MARK: u8 = const { 0 });
    MARK.with(|mark| std::ptr::from_ref(mark) as usize)
}

/// Where code stopped or called out: enough to walk its frames.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VmExit {
    /// Address of the register-code instruction.
    pub ip: *const u16,
    /// Frame of the function that instruction belongs to.
    pub sp: *mut u64,
    /// Instance of that function.
    pub ctx: *mut VmContext,
}

/// One stay in wasm, from a call by the host to its return, of either kind: a run of the interpreter or a
/// segment of machine code. What one kind calls of the other is an activation of its own. Lives on the native stack.
#[repr(C)]
pub struct Activation {
    /// The activation that called the host function that began this one.
    pub previous: *mut Activation,
    /// Where this activation called out to the host last; its frames are walked from here while a
    /// nested activation or a host function runs.
    pub exit: VmExit,
    /// The thread that it runs in; see [`current_thread`].
    pub thread: usize,
    /// Where the outermost of the activations on the same native stack begins.
    pub native_top: usize,
    /// Stack pointer with which machine code was entered; null in an activation of the interpreter. If there is one,
    /// this is part of a [`NativeActivation`].
    pub entry_sp: *const usize,
}

/// An activation of machine code.
#[repr(C)]
pub struct NativeActivation {
    /// What all activations have.
    pub activation: Activation,
    /// `VmStore::exit_fp` when it began: where the machine code that called out before this stands.
    pub outer_exit_fp: *const usize,
    /// Whether it has taken over the innermost frame of the activation around this.
    pub replaces: bool,
}

impl Activation {
    /// Whether an entry at an address of a thread's stack is on the same stack, perhaps beyond what may be used of it.
    ///
    /// A host that switches stacks itself may have another one below this one. It is taken for this one: a trap too
    /// many, where a crash might be the alternative.
    #[inline(always)]
    pub fn shares_stack(&self, here: usize, thread: usize) -> bool {
        thread == self.thread && here <= self.native_top
    }
}

/// What generated code and the interpreter know of an instance.
#[repr(C)]
pub struct VmContext {
    /// The store's words.
    pub store: *mut VmStore,
    /// Defined functions' states, shared by all instances of the module; indexed by defined function index.
    pub funcs: *const FuncState,
    /// Imported functions; indexed by function index.
    pub imports: *const VmFuncRef,
    /// Cells of all globals; indexed by global index.
    pub globals: *const *mut VmGlobal,
    /// All memories; indexed by memory index.
    pub memories: *const *mut VmMemory,
    /// Base of memory 0 if that is guarded, which never changes; machine code has it in a register.
    pub memory_base: *mut u8,
    /// All tables; indexed by table index.
    pub tables: *const *mut VmTable,
    /// Canonical type ids; indexed by the module's type index. 0 is never a type.
    pub type_ids: *const u32,
    /// All tags; indexed by tag index. Two tags are the same if the pointers are equal.
    pub tags: *const *mut VmTag,
    /// The instance this is the context of.
    pub(crate) instance: *mut super::instance::InstanceData,
}

/// A function reference: what a `funcref` points to, and the first words of a table entry.
///
/// A wasm function has `state` (its code in the module's image) and `ctx`, the instance it runs
/// in. The `state` of a host function says that it is one, and `ctx` points to its [`VmHostFunc`] instead. The
/// record of a function reference lives as long as the store.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VmFuncRef {
    /// State of the function; null only in a null table entry.
    pub state: *const FuncState,
    /// The callee's instance; a [`VmHostFunc`] if it is a host function.
    pub ctx: *mut VmContext,
    /// Canonical type id of the function; 0 in a null table entry.
    pub type_id: u32,
    /// Slots taken by parameters or results, whichever is more; of use for host functions.
    pub arg_slots: u32,
    /// The record itself: what `table.get` gives for this entry. Null in a null table entry.
    pub func_ref: *const VmFuncRef,
}

impl VmFuncRef {
    /// A null table entry.
    pub const NULL: VmFuncRef = VmFuncRef {
        state: std::ptr::null(),
        ctx: std::ptr::null_mut(),
        type_id: 0,
        arg_slots: 0,
        func_ref: std::ptr::null(),
    };
}

/// A host function as running code of one store sees it.
#[repr(C)]
pub struct VmHostFunc {
    /// The store's words; first, as in a [`VmContext`].
    pub store: *mut VmStore,
    /// Runs the function. `slots` holds the arguments and receives the results in the same place.
    /// Never unwinds: a panic is caught and becomes [`HostStatus::Unwind`] with the payload kept in the store.
    pub call: unsafe fn(host: *mut VmHostFunc, caller: *mut VmContext, slots: *mut u64) -> HostStatus,
    /// What `call` finds the closure by.
    pub record: *const (),
    /// Slots that parameters or results take, whichever is more.
    pub arg_slots: u32,
}

/// How a host function came back.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostStatus {
    /// With results.
    Return = 0,
    /// With an error or a panic, kept in the store as the pending unwind.
    Unwind = 1,
    /// With a wasm exception, kept in the store as the pending exception.
    Exception = 2,
}

/// A global's cell.
#[repr(C, align(16))]
pub struct VmGlobal {
    /// The value; a scalar or reference in the first word, zero-extended.
    pub slots: [u64; 2],
}

/// A memory as running code sees it.
#[repr(C)]
pub struct VmMemory {
    /// First byte.
    pub base: *mut u8,
    /// Length in bytes.
    pub len: usize,
}

/// A table as running code sees it.
#[repr(C)]
pub struct VmTable {
    /// First entry: a [`VmFuncRef`] each in a table of functions, else a 64-bit reference each.
    pub base: *mut u8,
    /// Number of elements.
    pub len: usize,
}

/// A tag's identity; what it carries is known to the owner of the record.
#[repr(C)]
pub struct VmTag {
    /// Canonical type id of the tag's function type.
    pub type_id: u32,
}
