//! A WebAssembly runtime that starts as fast as an interpreter.
#![deny(unsafe_code)]

mod backtrace;
mod config;
mod engine;
mod error;
#[allow(unsafe_code)]
mod interp;
mod interrupt;
mod limits;
mod module;
mod registry;
mod trap;
mod types;
#[allow(unsafe_code)]
mod vm;

pub use backtrace::{FrameInfo, WasmBacktrace};
pub use brisk_module::{Feature, WasmFeatures};
pub use config::{Config, Tier};
pub use engine::{Engine, EngineWeak};
#[doc(hidden)]
pub use error::private as __private;
pub use error::{Chain, Context, Error, Result};
pub use limits::{
    DEFAULT_INSTANCE_LIMIT, DEFAULT_MEMORY_LIMIT, DEFAULT_TABLE_LIMIT, ResourceLimiter, StoreLimits,
    StoreLimitsBuilder,
};
pub use module::{CustomSection, Module, ModuleExport, ModuleFunction, ResourcesRequired};
pub use trap::Trap;
pub use types::{
    ExnType, ExportType, ExternType, Finality, FuncType, GlobalType, HeapType, ImportType, MemoryType,
    MemoryTypeBuilder, Mutability, RefType, TableType, TagType, ValType,
};
