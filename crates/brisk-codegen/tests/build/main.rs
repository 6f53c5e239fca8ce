//! From WebAssembly to the IR.

mod corpus;
mod growth;
mod snapshots;
mod support;
mod verify;
