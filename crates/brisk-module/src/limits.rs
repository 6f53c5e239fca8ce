//! Every implementation limit, in one place.
//!
//! The specification lets an implementation limit these (appendix "Implementation Limitations").
//! Most values are those that the JavaScript API's specification asks for, so that a module that
//! runs in one engine runs in another.

// Enforced by `wasmparser` while it reads or validates; the tests check that the values agree.

/// Types in a module, all recursion groups together.
pub const MAX_TYPES: usize = 1_000_000;
/// Functions in a module, imported ones included.
pub const MAX_FUNCTIONS: usize = 1_000_000;
/// Imports of a module.
pub const MAX_IMPORTS: usize = 1_000_000;
/// Exports of a module.
pub const MAX_EXPORTS: usize = 1_000_000;
/// Sum, over all imports and exports, of one plus the size of the type: what bounds imports and
/// exports in practice.
pub const MAX_TYPE_SIZE: u32 = 1_000_000;
/// Globals in a module, imported ones included.
pub const MAX_GLOBALS: usize = 1_000_000;
/// Tags in a module, imported ones included.
pub const MAX_TAGS: usize = 1_000_000;
/// Tables in a module, imported ones included.
pub const MAX_TABLES: usize = 100_000;
/// Memories in a module, imported ones included.
pub const MAX_MEMORIES: usize = 100;
/// Element segments in a module.
pub const MAX_ELEMENT_SEGMENTS: usize = 100_000;
/// Data segments in a module.
pub const MAX_DATA_SEGMENTS: usize = 100_000;
/// Elements in one element segment.
pub const MAX_SEGMENT_ELEMENTS: usize = 10_000_000;
/// Parameters of a function type.
pub const MAX_PARAMS: usize = 1_000;
/// Results of a function type.
pub const MAX_RESULTS: usize = 1_000;
/// Depth of a chain of declared supertypes.
pub const MAX_SUBTYPING_DEPTH: usize = 63;
/// Bytes of a function body.
pub const MAX_BODY_SIZE: usize = 7_654_321;
/// Locals of a function, parameters included.
pub const MAX_LOCALS: u32 = 50_000;
/// Targets of a `br_table`, the default not counted; a body cannot hold more.
pub const MAX_BR_TABLE_TARGETS: usize = MAX_BODY_SIZE;
/// Catch clauses of a `try_table`.
pub const MAX_CATCHES: usize = 10_000;
/// Bytes of a name of an import, export or custom section. Names in the name section have no limit.
pub const MAX_NAME_SIZE: usize = 100_000;
/// Pages of a memory with 32-bit addresses and the usual page size.
pub const MAX_MEMORY32_PAGES: u64 = 1 << 16;
/// Pages of a memory with 64-bit addresses and the usual page size.
pub const MAX_MEMORY64_PAGES: u64 = 1 << 48;
/// Declared elements of a table with 32-bit indices.
pub const MAX_TABLE32_DECLARED: u64 = u32::MAX as u64;

// Enforced by this crate when a module is decoded.

/// Bytes of a module. So 32 bits are enough for a position in it.
pub const MAX_MODULE_SIZE: usize = 1 << 30;
/// Size of a function's frame in 64-bit slots, see [`frame_slots`].
pub const MAX_FRAME_SLOTS: u64 = 65_535;

// Defaults of what an embedder may set for a store.

/// Elements of a table when it runs, unless the embedder says otherwise. A module may declare more;
/// it then fails to instantiate, or its `table.grow` returns -1.
pub const DEFAULT_MAX_TABLE_ELEMENTS: u64 = 10_000_000;

// Choices that are not limits on modules but on what decoding spends.

/// Bytes of code from which function bodies are validated on several threads.
pub const PARALLEL_CODE_BYTES: usize = 256 * 1024;
/// Most threads used for validation when the number is left to the machine.
pub const MAX_VALIDATION_THREADS: usize = 8;

/// Slots between a frame's locals and its operands: return pc, caller's frame, instance, function.
pub const FRAME_LINK_SLOTS: u64 = 4;
/// Slots kept at the end of a frame for temporaries of a translator.
pub const FRAME_SCRATCH_SLOTS: u64 = 16;

/// Size of a frame in slots.
///
/// `locals` counts the slots of parameters and locals, `operands` those of the deepest operand
/// stack (after each instruction, so results of calls are in it; dead code counts too), `call` the
/// slots of the largest parameter or result list of any function called, or of the function's own
/// results. A vector is two slots in each of them.
pub const fn frame_slots(locals: u64, operands: u64, call: u64) -> u64 {
    locals + FRAME_LINK_SLOTS + operands + call + FRAME_SCRATCH_SLOTS
}
