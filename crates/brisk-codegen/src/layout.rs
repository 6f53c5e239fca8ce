//! The runtime's structures as the compiler sees them: offsets, filled in by the runtime with `offset_of!`.

use brisk_module::Module;

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
    /// VmContext: pointer to the pointers to globals.
    pub ctx_globals: u32,
    /// VmContext: pointer to the pointers to memories.
    pub ctx_memories: u32,
    /// VmContext: pointer to the pointers to tables.
    pub ctx_tables: u32,
    /// VmContext: pointer to the pointers to tags.
    pub ctx_tags: u32,
    /// VmContext: base of memory 0, if that is guarded.
    pub ctx_memory_base: u32,
    /// Where an instance's own records begin, from its VmContext on; a multiple of 16.
    pub ctx_records: u32,
    /// Size of a global's record, a multiple of 16. Its cell comes first.
    pub global_size: u32,
    /// Size of a memory's record, which begins with its VmMemory.
    pub memory_size: u32,
    /// Size of a table's record, which begins with its VmTable.
    pub table_size: u32,
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

/// Where an instance has what is its own: behind its VmContext, at offsets that follow from the module alone, so that
/// code reaches it without a pointer. What is imported is reached by the VmContext's pointers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InstanceLayout {
    /// Records of the globals that are not imported.
    pub globals: u32,
    /// Records of the memories that are not imported.
    pub memories: u32,
    /// Records of the tables that are not imported.
    pub tables: u32,
    /// The imported functions' VmFuncRefs.
    pub imports: u32,
    /// Canonical type ids, of 32 bits.
    pub type_ids: u32,
    /// Behind all that; a multiple of 8.
    pub end: u32,
}

impl InstanceLayout {
    /// Of instances of a module. All records are of whole words; what a module can have at most (`brisk_module::limits`)
    /// takes less than 2 GiB.
    pub fn new(layout: &VmLayout, module: &Module) -> InstanceLayout {
        let mut end = layout.ctx_records;
        let mut array = |all: usize, imported: u32, size: u32| {
            let start = end;
            end += (all as u32 - imported) * size;
            start
        };
        let globals = array(module.globals.len(), module.imported_globals, layout.global_size);
        let memories = array(module.memories.len(), module.imported_memories, layout.memory_size);
        let tables = array(module.tables.len(), module.imported_tables, layout.table_size);
        let imports = array(module.imported_funcs as usize, 0, layout.func_ref_size);
        let type_ids = array(module.types.len(), 0, 4);
        InstanceLayout { globals, memories, tables, imports, type_ids, end: end.next_multiple_of(8) }
    }
}
