//! The functions of WASI preview 1, by family. All have the same shape: the context, the guest's
//! memory, the parameters as the guest passed them. Results are written to the places the guest names,
//! which are checked first.

#![allow(clippy::too_many_arguments, reason = "the parameters are those of the interface")]

pub(crate) mod args;
pub(crate) mod clock;
pub(crate) mod dir;
pub(crate) mod fd;
pub(crate) mod file;
pub(crate) mod path;
pub(crate) mod poll;
pub(crate) mod proc;
pub(crate) mod random;
pub(crate) mod sock;
