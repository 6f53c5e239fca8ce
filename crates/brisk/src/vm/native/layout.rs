//! The runtime's structures as the compiler sees them.

use crate::interp::code::FuncState;
use crate::vm::instance::InstanceData;
use crate::vm::{Activation, VmContext, VmFuncRef, VmHostFunc, VmMemory, VmStore, VmTable, VmTail};
use brisk_codegen::layout::VmLayout;
use std::mem::{offset_of, size_of};

const _: () = assert!(offset_of!(VmContext, store) == offset_of!(VmHostFunc, store));

/// Where things are.
pub(crate) fn vm_layout() -> VmLayout {
    const TAIL: usize = offset_of!(VmStore, tail);
    macro_rules! layout {
        ($($field:ident: $offset:expr,)*) => { VmLayout { $($field: $offset as u32,)* } };
    }
    let sizes = InstanceData::records();
    layout! {
        ctx_store: offset_of!(VmContext, store),
        ctx_funcs: offset_of!(VmContext, funcs),
        ctx_globals: offset_of!(VmContext, globals),
        ctx_memories: offset_of!(VmContext, memories),
        ctx_tables: offset_of!(VmContext, tables),
        ctx_tags: offset_of!(VmContext, tags),
        ctx_memory_base: offset_of!(VmContext, memory_base),
        ctx_records: sizes.ctx_records,
        global_size: sizes.global_size,
        memory_size: sizes.memory_size,
        table_size: sizes.table_size,
        store_stack_limit: offset_of!(VmStore, stack_limit),
        store_fuel: offset_of!(VmStore, fuel),
        store_overflow: offset_of!(VmStore, overflow),
        store_exit_fp: offset_of!(VmStore, exit_fp),
        store_value_top: offset_of!(VmStore, value_top),
        store_activation: offset_of!(VmStore, activation),
        store_tail_state: TAIL + offset_of!(VmTail, state),
        store_tail_ctx: TAIL + offset_of!(VmTail, ctx),
        store_tail_entry: TAIL + offset_of!(VmTail, entry),
        activation_entry_sp: offset_of!(Activation, entry_sp),
        func_ref_size: size_of::<VmFuncRef>(),
        func_ref_state: offset_of!(VmFuncRef, state),
        func_ref_ctx: offset_of!(VmFuncRef, ctx),
        func_ref_type: offset_of!(VmFuncRef, type_id),
        func_ref_self: offset_of!(VmFuncRef, func_ref),
        state_native: offset_of!(FuncState, native),
        state_index: offset_of!(FuncState, index),
        state_size: size_of::<FuncState>(),
        memory_base: offset_of!(VmMemory, base),
        memory_len: offset_of!(VmMemory, len),
        table_base: offset_of!(VmTable, base),
        table_len: offset_of!(VmTable, len),
    }
}
