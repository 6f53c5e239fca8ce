//! Calls of WASI with arguments that mean harm.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: {
        // As Rust's own start does it, which is not part of this program: a pipe without a reader is an
        // error for the guest and not the end of the host.
        // SAFETY: there are no other threads yet, and nobody relies on the signal.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    },
    |data: &[u8]| {
        brisk_fuzzing::wasi_calls::wasi_calls(data);
    }
);
