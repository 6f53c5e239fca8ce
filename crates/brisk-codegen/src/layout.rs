//! The runtime's structures as the compiler sees them: offsets, filled in by the runtime with `offset_of!`.

/// What the index in a host function's state is. A tail call through a reference calls a host function like any other
/// call and returns its results: a host function sees who has called it.
pub const HOST_INDEX: u32 = u32::MAX;

/// Offsets in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct VmLayout {
    /// VmContext: pointer to the VmStore. Always 0, so that a host function's record can stand in for a VmContext.
    pub ctx_store: u32,
    /// VmContext: pointer to the states of defined functions.
    pub ctx_funcs: u32,
    /// VmContext: pointer to the imported functions' VmFuncRefs.
    pub ctx_imports: u32,
    /// VmContext: pointer to the pointers to globals.
    pub ctx_globals: u32,
    /// VmContext: pointer to the pointers to memories.
    pub ctx_memories: u32,
    /// VmContext: pointer to the pointers to tables.
    pub ctx_tables: u32,
    /// VmContext: pointer to the canonical type ids.
    pub ctx_type_ids: u32,
    /// VmContext: pointer to the pointers to tags.
    pub ctx_tags: u32,
    /// VmStore: native stack limit, all ones when interrupted.
    pub store_stack_limit: u32,
    /// VmStore: fuel left, signed.
    pub store_fuel: u32,
    /// VmStore: pointer to the overflow area.
    pub store_overflow: u32,
    /// VmStore: frame of the stub by which machine code was left last, see `x64::trampoline`.
    pub store_exit_fp: u32,
    /// VmStore: first free slot of the value stack.
    pub store_value_top: u32,
    /// VmStore: the innermost activation.
    pub store_activation: u32,
    /// VmStore: the callee of a tail call: its state.
    pub store_tail_state: u32,
    /// VmStore: the callee of a tail call: its VmContext.
    pub store_tail_ctx: u32,
    /// VmStore: the code that takes over a frame of the interpreter in place of a tail call.
    pub store_tail_entry: u32,
    /// Activation: stack pointer with which its machine code was entered.
    pub activation_entry_sp: u32,
    /// VmFuncRef: size.
    pub func_ref_size: u32,
    /// VmFuncRef: pointer to the function's state.
    pub func_ref_state: u32,
    /// VmFuncRef: the callee's VmContext.
    pub func_ref_ctx: u32,
    /// VmFuncRef: canonical type id, 32 bits.
    pub func_ref_type: u32,
    /// VmFuncRef: pointer to the record itself, null in a null table entry.
    pub func_ref_self: u32,
    /// Function state: address of its machine code.
    pub state_native: u32,
    /// Function state: index of the function in its module, 32 bits; [`HOST_INDEX`] in that of a host function.
    pub state_index: u32,
    /// Function state: size.
    pub state_size: u32,
    /// VmMemory: base.
    pub memory_base: u32,
    /// VmMemory: length in bytes, 64 bits.
    pub memory_len: u32,
    /// VmTable: base.
    pub table_base: u32,
    /// VmTable: number of elements, 64 bits.
    pub table_len: u32,
}
