//! Calls every function of WASI the way a guest does, with a module that passes its parameters through.

mod dirs;
mod env;
mod fds;
mod files;
mod guests;
mod hostile;
mod paths;
mod permissions;
mod poll;
mod sandbox;
mod sockets;
mod stdio;
mod support;
mod trace;
mod unstable;
