//! From WebAssembly to the IR.

mod corpus;
mod facts;
mod growth;
mod snapshots;
mod support;
mod verify;
