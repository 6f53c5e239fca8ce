//! Generated modules on every tier.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    brisk_fuzzing::tiers::tiers(data);
});
