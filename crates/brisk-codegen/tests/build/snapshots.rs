//! WebAssembly text in, IR text out. `BRISK_BLESS=1` writes the expected texts anew.

use crate::support::{build, decode, full, plain};
use brisk_codegen::build::{Entry, Settings};
use brisk_codegen::ir::{parse::parse, print::print, verify::verify};
use brisk_module::Module;
use brisk_module::wasmparser::{BinaryReader, FunctionBody, Operator};
use std::path::Path;

/// Offset of the last loop of a function.
pub fn last_loop(module: &Module, defined: usize) -> u32 {
    let range = module.bodies[defined].range.clone();
    let body = BinaryReader::new(&module.bytes()[range.clone()], range.start as u64);
    let mut ops = FunctionBody::new(body).get_operators_reader().expect("the body decodes");
    let mut last = 0;
    while !ops.eof() {
        let (op, offset) = ops.read_with_offset().expect("the body decodes");
        if matches!(op, Operator::Loop { .. }) {
            last = offset as u32;
        }
    }
    last
}

fn snapshot(name: &str) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/build/cases");
    let source = std::fs::read_to_string(cases.join(name).with_extension("wat")).expect("the case is there");
    let module = decode(&source);
    let kind = source.lines().next().unwrap_or("");
    let mut text = String::new();
    for defined in 0..module.bodies.len() {
        let header = last_loop(&module, defined);
        if header == 0 && kind.contains("osr") {
            continue;
        }
        let entry = Entry::Osr { header, link_slots: 3 };
        let settings = match kind {
            ";; full" => full(),
            ";; osr" => Settings { entry, interrupts: true, ..plain() },
            ";; inlining" => Settings { inlining: true, ..plain() },
            ";; inlining fuel" => Settings { inlining: true, fuel: true, ..plain() },
            ";; inlining osr" => Settings { entry, inlining: true, ..plain() },
            ";; osr fuel" => Settings { entry, interrupts: true, fuel: true, ..plain() },
            _ => plain(),
        };
        let f =
            build(&module, module.imported_funcs + defined as u32, &settings).expect("the function is built");
        let one = print(&f);
        let again = parse(&one).unwrap_or_else(|error| panic!("{name}: {error}\n{one}"));
        verify(&again).unwrap_or_else(|error| panic!("{name}: {error}\n{one}"));
        assert_eq!(print(&again), one, "{name}: parsing and printing changes the text");
        text.push_str(&one);
        text.push('\n');
    }
    compare(name, &cases.join(name).with_extension("ir"), &text);
}

/// Compares a text with the expected one in a file, or writes that.
pub fn compare(name: &str, path: &Path, text: &str) {
    if std::env::var_os("BRISK_BLESS").is_some() {
        std::fs::write(path, text).expect("the expected text can be written");
        return;
    }
    let expected = std::fs::read_to_string(path).expect("the expected text is there");
    for (at, (found, expected)) in text.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "{name}, line {}:\n{text}", at + 1);
    }
    assert_eq!(text, expected, "{name}");
}

macro_rules! snapshots {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                snapshot(stringify!($name));
            }
        )*

        #[test]
        fn every_case_is_a_test() {
            let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/build/cases");
            let names = [$(stringify!($name)),*];
            for entry in std::fs::read_dir(cases).expect("the cases are there") {
                let path = entry.expect("the cases are there").path();
                let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
                assert!(names.contains(&name), "{name}");
            }
        }
    };
}

snapshots! {
    calls canonical_nans control dispatch dispatch_osr exceptions fold fuel globals_tables inlining inlining_fuel inlining_osr inlining_refused
    memory memory_checked osr osr_fuel osr_nest simd spectre thread wide
}
