//! Runs the official preview 1 test suite, which is not part of this repository.
//!
//! Set `WASI_TESTSUITE` to a checkout of WebAssembly/wasi-testsuite, branch prod/testsuite-base. Without
//! it the test says so and passes. Every module found is run in a fresh copy of its directory; a
//! checkout without modules fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use brisk::{Engine, Error, Linker, Module, Store};
use brisk_wasi::{DirPerms, FilePerms, I32Exit, OutputPipe, WasiCtx, WasiCtxBuilder};
use serde_json::Value;

/// Modules in the suite at the time of writing; fewer means that some were not found.
const EXPECTED: usize = 72;

#[test]
fn every_module_of_the_official_suite_passes() {
    let Some(root) = std::env::var_os("WASI_TESTSUITE") else {
        println!("skipped: WASI_TESTSUITE does not name a checkout of the suite");
        return;
    };
    let mut modules = Vec::new();
    for language in ["assemblyscript", "c", "rust"] {
        let directory = Path::new(&root).join("tests").join(language).join("testsuite/wasm32-wasip1");
        for entry in fs::read_dir(&directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display())) {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                modules.push(path);
            }
        }
    }
    modules.sort();
    let mut failures = BTreeMap::new();
    for module in &modules {
        if let Err(why) = run(module) {
            failures.insert(module.file_stem().unwrap().to_owned(), why);
        }
    }
    println!("{} modules, {} passed", modules.len(), modules.len() - failures.len());
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(modules.len() >= EXPECTED, "only {} modules", modules.len());
}

fn run(module: &Path) -> Result<(), String> {
    let spec = match fs::read(module.with_extension("json")) {
        Ok(text) => serde_json::from_slice(&text).map_err(|e| e.to_string())?,
        Err(_) => Value::Null,
    };
    let mut builder = WasiCtxBuilder::new();
    builder.arg(module.file_name().unwrap().to_str().unwrap());
    for arg in spec["args"].as_array().into_iter().flatten() {
        builder.arg(arg.as_str().unwrap());
    }
    for (name, value) in spec["env"].as_object().into_iter().flatten() {
        builder.env(name, value.as_str().unwrap());
    }
    let fresh = tempfile::tempdir().unwrap();
    if let Some(root) = spec["root"].as_str() {
        copy(&module.with_file_name(root), fresh.path());
        builder
            .preopened_dir(fresh.path(), "/", DirPerms::all(), FilePerms::all())
            .map_err(|e| e.to_string())?;
    }
    let stdout = OutputPipe::new(1 << 20);
    let stderr = OutputPipe::new(1 << 20);
    builder.stdout(stdout.clone()).stderr(stderr.clone());

    let status = start(module, builder.build()).map_err(|e| format!("{e:?}"))?;
    let expected = spec["exit_code"].as_i64().unwrap_or(0);
    if i64::from(status) != expected {
        let stderr = String::from_utf8_lossy(&stderr.contents()).into_owned();
        return Err(format!("status {status} instead of {expected}; {stderr}"));
    }
    if let Some(expected) = spec["stdout"].as_str()
        && stdout.contents() != expected.as_bytes()
    {
        return Err(format!("wrote {:?} instead of {expected:?}", stdout.contents()));
    }
    Ok(())
}

fn start(module: &Path, wasi: WasiCtx) -> Result<i32, Error> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    brisk_wasi::add_to_linker(&mut linker, |wasi| wasi)?;
    let module = Module::from_file(&engine, module)?;
    let mut store = Store::new(&engine, wasi);
    let instance = linker.instantiate(&mut store, &module)?;
    match instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ()) {
        Ok(()) => Ok(0),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(exit.0),
            None => Err(error),
        },
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}
