//! Whole programs.

use crate::support::{decode_binary, full, plain, styles};
use brisk_codegen::build::{BuildError, Builder, Entry, Settings, build};
use brisk_codegen::ir::Func;
use brisk_codegen::ir::verify::verify;
use brisk_module::Module;
use brisk_module::wasmparser::{BinaryReader, FunctionBody, Operator};
use std::path::{Path, PathBuf};

pub fn wasm_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("the directory can be read") {
        let path = entry.expect("the directory can be read").path();
        if path.is_dir() {
            wasm_files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "wasm") {
            out.push(path);
        }
    }
}

/// Offsets of a function's loops.
fn loops(module: &Module, defined: usize) -> Vec<u32> {
    let range = module.bodies[defined].range.clone();
    let body = BinaryReader::new(&module.bytes()[range.clone()], range.start as u64);
    let mut ops = FunctionBody::new(body).get_operators_reader().expect("the body decodes");
    let mut out = Vec::new();
    while !ops.eof() {
        let (op, offset) = ops.read_with_offset().expect("the body decodes");
        if matches!(op, Operator::Loop { .. }) {
            out.push(offset as u32);
        }
    }
    out
}

fn check(built: Result<(), BuildError>, path: &Path, func: u32, out: &Func) {
    built.unwrap_or_else(|error| panic!("{}: {func}: {error}", path.display()));
    verify(out).unwrap_or_else(|error| panic!("{}: {func}: {error}", path.display()));
}

#[test]
fn every_function_of_the_guests_is_built() {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests");
    let mut files = Vec::new();
    wasm_files(&guests, &mut files);
    assert!(files.len() > 20, "the guests are there");
    let (mut cx, mut out) = (Builder::default(), Func::default());
    let mut unreached = Vec::new();
    for path in files {
        let module = decode_binary(std::fs::read(&path).expect("the file can be read"));
        let styles = styles(&module);
        for defined in 0..module.bodies.len() {
            let func = module.imported_funcs + defined as u32;
            let mut one = |settings: &Settings<'_>| {
                let built = build(&mut cx, &module, func, settings, &mut out);
                check(built, &path, func, &out);
            };
            one(&Settings { memories: &styles, ..plain() });
            one(&full());
            for header in loops(&module, defined) {
                let osr =
                    Settings { memories: &styles, entry: Entry::Osr { header, link_slots: 3 }, ..plain() };
                match build(&mut cx, &module, func, &osr, &mut out) {
                    Err(BuildError::NoSuchLoop) => unreached.push((path.clone(), func)),
                    built => check(built, &path, func, &out),
                }
            }
        }
    }
    // A loop of Rust's standard library stands behind `i32.const 1; br_if`.
    assert!(unreached.len() <= 1, "{unreached:?}");
}
