//! Generated modules in brisk and in wasmi.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    brisk_fuzzing::differential::differential(data);
});
