//! The program as its users see it: what it prints, and with which status it exits.
#![forbid(unsafe_code)]

mod commands;
mod errors;
mod explore;
mod invoke;
mod limits;
mod linking;
mod observing;
mod programs;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
mod world;
