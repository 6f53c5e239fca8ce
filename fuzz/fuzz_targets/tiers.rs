//! Modules of everything on every tier.
#![no_main]

use brisk_fuzzing::generator::Generator;
use brisk_fuzzing::tiers::tiers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    tiers(Generator::Smith, data);
});
