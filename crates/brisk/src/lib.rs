//! A WebAssembly runtime that starts as fast as an interpreter.
#![deny(unsafe_code)]

mod backtrace;
mod config;
mod engine;
mod error;
mod exception;
mod exnref;
mod externs;
mod facts;
mod func;
mod global;
mod instance;
#[allow(unsafe_code)]
mod interp;
mod interrupt;
mod limits;
mod linker;
mod memory;
mod module;
mod perf;
mod refs;
mod registry;
mod store;
mod table;
mod tag;
mod tier;
mod trap;
mod typed;
mod types;
mod val;
#[allow(unsafe_code)]
mod vm;

pub use backtrace::{FrameInfo, WasmBacktrace};
pub use brisk_module::{Feature, WasmFeatures};
pub use config::{Config, CpuFeature, Tier};
pub use engine::{Engine, EngineWeak};
#[doc(hidden)]
pub use error::private as __private;
pub use error::{Chain, Context, Error, Result};
pub use exception::ThrownException;
pub use exnref::{ExnRef, ExnRefPre};
pub use externs::{Export, Extern};
#[doc(hidden)]
pub use facts::{CompilerFacts as __CompilerFacts, compiler_facts as __compiler_facts};
pub use func::{Caller, Func, IntoFunc};
pub use global::Global;
pub use instance::{Instance, InstancePre};
pub use limits::{
    DEFAULT_INSTANCE_LIMIT, DEFAULT_MEMORY_LIMIT, DEFAULT_TABLE_LIMIT, ResourceLimiter, StoreLimits,
    StoreLimitsBuilder,
};
pub use linker::{Linker, UnknownImportError};
pub use memory::{Memory, MemoryAccessError};
pub use module::{CustomSection, Module, ModuleExport, ModuleFunction, ResourcesRequired};
pub use refs::{AnyRef, ExternRef, GcHeapOutOfMemory, GcRef, OwnedRooted, RootScope, Rooted, RootedGcRef};
pub use store::{AsContext, AsContextMut, Store, StoreContext, StoreContextMut, UpdateDeadline};
pub use table::Table;
pub use tag::Tag;
pub use tier::{TierEvent, TierOutcome};
pub use trap::Trap;
pub use typed::{TypedFunc, WasmParams, WasmResults, WasmRet, WasmTy};
pub use types::{
    ExnType, ExportType, ExternType, Finality, FuncType, GlobalType, HeapType, ImportType, MemoryType,
    MemoryTypeBuilder, Mutability, RefType, TableType, TagType, ValType,
};
pub use val::{Ref, V128, Val};
pub use vm::handle::WrongStore;
pub use vm::observe::Profile;
