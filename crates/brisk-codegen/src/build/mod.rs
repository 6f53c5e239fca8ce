//! From a WebAssembly function body to the IR.
