//! Generated modules in brisk and in wasmi.
#![no_main]

use brisk_fuzzing::differential::differential;
use brisk_fuzzing::generator::Generator;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else { return };
    differential(Generator::ALL[usize::from(*first) % Generator::ALL.len()], data);
});
