//! WASI preview 1 for [`brisk`]: all 46 functions of `wasi_snapshot_preview1`, and those of its first version,
//! `wasi_unstable`.
//!
//! A [`WasiCtxBuilder`] composes what a guest may see of the host, [`add_to_linker`] puts the functions
//! into a linker. Nothing of the host is visible that was not given: no argument, no variable, no
//! stream, no directory; the current directory is not open by default.
//!
//! Paths are resolved by `cap-std`, which never leaves the directory they start from, also when names are
//! moved meanwhile. Every descriptor has rights, checked by each call, which a guest can only reduce.
//!
//! ```
//! use brisk::{Engine, Linker, Module, Store};
//! use brisk_wasi::{I32Exit, WasiCtxBuilder};
//!
//! # fn main() -> Result<(), brisk::Error> {
//! let engine = Engine::default();
//! let mut linker = Linker::new(&engine);
//! brisk_wasi::add_to_linker(&mut linker, |wasi| wasi)?;
//! let module = Module::new(&engine, r#"
//!     (module
//!       (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
//!       (func (export "_start") (call $exit (i32.const 7))))
//! "#)?;
//!
//! let mut store = Store::new(&engine, WasiCtxBuilder::new().inherit_stdio().build());
//! let instance = linker.instantiate(&mut store, &module)?;
//! let error = instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ()).unwrap_err();
//! assert_eq!(error.downcast_ref::<I32Exit>(), Some(&I32Exit(7)));
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not have
//!
//! Hosts other than Linux: directory cookies and sockets use what Linux has.

#![forbid(unsafe_code)]

mod calls;
mod ctx;
mod errno;
mod fd_table;
mod filestat;
mod guest;
mod limits;
mod place;
mod sources;
mod stdio;
mod table;
mod trace;
mod types;
mod unstable;
mod wait;

pub use calls::proc::I32Exit;
pub use ctx::{WasiCtx, WasiCtxBuilder};
pub use sources::HostClock;
pub use stdio::{InputPipe, InputStream, OutputPipe, OutputStream};
pub use table::add_to_linker;
pub use types::{ClockId, DirPerms, FilePerms};
pub use unstable::add_unstable_to_linker;
