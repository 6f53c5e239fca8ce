//! Modules that may be broken.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    brisk_fuzzing::translate::translate(data);
});
