//! Loads bytes as a module and runs what comes of it, which must neither panic nor go on for long.

use crate::generate;
use crate::random::Random;
use arbitrary::Unstructured;
use brisk::{
    Config, Engine, Extern, ExternType, Linker, Module, Store, StoreLimits, StoreLimitsBuilder, Val,
};

/// Enough for every module that is not made to run for long.
const FUEL: u64 = 200_000;
const MEMORY_BYTES: usize = 16 << 20;
const TABLE_ELEMENTS: usize = 100_000;

/// Loads a module made of `data`, valid or not, and calls its exports. Gives whether it was valid.
///
/// # Panics
///
/// Panics if brisk does.
pub fn translate(data: &[u8]) -> bool {
    let Ok(wasm) = generate::broken_module(&mut Unstructured::new(data)) else { return false };
    run(&wasm)
}

/// The [`translate`] of bytes that come from a number.
///
/// # Panics
///
/// Panics if brisk does.
pub fn of_number(number: u64) -> bool {
    let mut random = Random::new(number);
    let length = 100 + random.below(20_000) as usize;
    translate(&random.bytes(length))
}

fn run(wasm: &[u8]) -> bool {
    let engine = Engine::new(Config::new().consume_fuel(true)).expect("such an engine exists");
    let Ok(module) = Module::from_binary(&engine, wasm) else { return false };
    let limits: StoreLimits =
        StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).table_elements(TABLE_ELEMENTS).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    store.set_fuel(FUEL).expect("the engine counts fuel");
    let mut linker = Linker::new(&engine);
    if linker.define_unknown_imports_as_traps(&module).is_err() {
        return true;
    }
    let Ok(instance) = linker.instantiate(&mut store, &module) else { return true };
    for export in module.exports() {
        let ExternType::Func(ty) = export.ty() else { continue };
        let Some(Extern::Func(func)) = instance.get_export(&mut store, export.name()) else { continue };
        let arguments: Option<Vec<Val>> = ty.params().map(|ty| Val::default_for_ty(&ty)).collect();
        let Some(arguments) = arguments else { continue };
        let mut results = vec![Val::I32(0); ty.results().len()];
        // Whatever comes of it.
        let _ = func.call(&mut store, &arguments, &mut results);
        store.set_fuel(FUEL).expect("the engine counts fuel");
    }
    true
}
