//! Limits that `wasmparser` enforces: the constants say the value at which it does.

use super::*;
use big_input::{leb, module_of_bodies, section};
use brisk_module::limits;

const HEADER: &[u8] = b"\0asm\x01\0\0\0";

/// At the limit the module is accepted, one beyond it is refused as a limit.
#[track_caller]
fn exact(limit: usize, module: impl Fn(usize) -> Vec<u8>, part: &str) {
    decode(module(limit));
    assert_limit(&refuse(module(limit + 1)), part);
}

#[test]
fn parameters_and_results() {
    let params = |n: usize| [&[0x60][..], &leb(n), &vec![0x7f; n], &[0]].concat();
    let results = |n: usize| [&[0x60, 0][..], &leb(n), &vec![0x7f; n]].concat();
    let module = |ty: Vec<u8>| [HEADER, &section(1, 1, &ty)].concat();
    exact(limits::MAX_PARAMS, |n| module(params(n)), "function params size is out of bounds");
    exact(limits::MAX_RESULTS, |n| module(results(n)), "function returns size is out of bounds");
}

#[test]
fn the_size_of_a_module() {
    // The system has to have these bytes only when they are read, which they are not.
    let error = Module::decode(vec![0; limits::MAX_MODULE_SIZE + 1], &DecodeOptions::default()).unwrap_err();
    assert_limit(&error, "the module has 1073741825 bytes");
}

#[test]
fn index_spaces() {
    let repeat = |id: u8, item: &'static [u8]| {
        move |n: usize| [HEADER, b"\x01\x04\x01\x60\0\0", &section(id, n, &item.repeat(n))].concat()
    };
    exact(limits::MAX_TABLES, repeat(4, b"\x70\0\0"), "tables count exceeds limit of 100000");
    exact(limits::MAX_MEMORIES, repeat(5, b"\0\0"), "memories count exceeds limit of 100");
    exact(limits::MAX_GLOBALS, repeat(6, b"\x7f\0\x41\0\x0b"), "globals count exceeds limit of 1000000");
    exact(limits::MAX_TAGS, repeat(13, b"\0\0"), "tags count exceeds limit of 1000000");
    exact(limits::MAX_ELEMENT_SEGMENTS, repeat(9, b"\x01\0\0"), "segments count exceeds limit of 100000");
    exact(limits::MAX_DATA_SEGMENTS, repeat(11, b"\x01\0"), "segments count exceeds limit of 100000");
    // Imports of memories and defined ones count together.
    let memories = |n: usize| {
        let imports = b"\0\0\x02\0\0".repeat(60);
        [HEADER, &section(2, 60, &imports), &section(5, n - 60, &b"\0\0".repeat(n - 60))].concat()
    };
    exact(limits::MAX_MEMORIES, memories, "memories count exceeds limit of 100");
}

#[test]
fn imports() {
    // An import of a global counts two towards the size of the module's type.
    let imports = |n: usize| [HEADER, &section(2, n, &b"\0\0\x03\x7f\0".repeat(n))].concat();
    assert_limit(&refuse(imports(limits::MAX_IMPORTS + 1)), "imports count exceeds limit of 1000000");
    assert_limit(&refuse(imports(limits::MAX_TYPE_SIZE as usize)), "the limit of 1000000");
    decode(imports(limits::MAX_TYPE_SIZE as usize / 2 - 1));
}

#[test]
fn names() {
    let export = |n: usize| {
        let item = [&leb(n)[..], &vec![b'n'; n], &[2, 0]].concat();
        [HEADER, b"\x05\x03\x01\0\0", &section(7, 1, &item)].concat()
    };
    exact(limits::MAX_NAME_SIZE, export, "string size out of bounds");
    let custom = |n: usize| {
        let name = [&leb(n)[..], &vec![b'n'; n]].concat();
        [HEADER, &[0], &leb(name.len())[..], &name].concat()
    };
    exact(limits::MAX_NAME_SIZE, custom, "string size out of bounds");
}

#[test]
fn elements_of_a_segment() {
    let segment = |n: usize| {
        let item = [&[1, 0][..], &leb(n), &vec![0; n]].concat();
        let head = [HEADER, b"\x01\x04\x01\x60\0\0\x03\x02\x01\0"].concat();
        [&head[..], &section(9, 1, &item), b"\x0a\x04\x01\x02\0\x0b"].concat()
    };
    exact(limits::MAX_SEGMENT_ELEMENTS, segment, "number of elements is out of bounds");
}

#[test]
fn catch_clauses() {
    let body = |n: usize| {
        // catch_all to the function's own label
        let body = [&[0, 0x1f, 0x40][..], &leb(n), &b"\x02\0".repeat(n), &[0x0b, 0x0b]].concat();
        module_of_bodies([&body[..]])
    };
    exact(limits::MAX_CATCHES, body, "catches size is out of bounds");
}

#[test]
fn depth_of_subtypes() {
    let chain = |depth: usize| {
        let mut types = b"\x50\0\x60\0\0".to_vec();
        for supertype in 0..depth {
            types.extend([0x50, 1]);
            types.extend(leb(supertype));
            types.extend([0x60, 0, 0]);
        }
        [HEADER, &section(1, depth + 1, &types)].concat()
    };
    decode(chain(limits::MAX_SUBTYPING_DEPTH));
    refuse(chain(limits::MAX_SUBTYPING_DEPTH + 1));
}

#[test]
fn memory_and_table_sizes() {
    let accepted = |text: String| decode(text);
    accepted(format!("(module (memory {}))", limits::MAX_MEMORY32_PAGES));
    accepted(format!("(module (memory i64 {}))", limits::MAX_MEMORY64_PAGES));
    accepted(format!("(module (table {} funcref))", limits::MAX_TABLE32_DECLARED));
    accepted(format!("(module (table i64 {} funcref))", u64::MAX));
    accepted(format!("(module (memory {} (pagesize 1)))", u32::MAX));
    for text in [
        format!("(module (memory {}))", limits::MAX_MEMORY32_PAGES + 1),
        format!("(module (memory i64 {}))", limits::MAX_MEMORY64_PAGES + 1),
        format!("(module (memory 0 {}))", limits::MAX_MEMORY32_PAGES + 1),
    ] {
        assert_invalid(&refuse(text), "memory size must be at most");
    }
    // 2^32 elements, which the text format cannot say.
    let table = [HEADER, &section(4, 1, b"\x70\0\x80\x80\x80\x80\x10")].concat();
    assert_invalid(&refuse(table), "table size must be at most");
}

#[test]
fn address_spaces() {
    let pages = |text: &str| decode(text).memories[0].address_space_pages();
    assert_eq!(pages("(module (memory 0))"), limits::MAX_MEMORY32_PAGES);
    assert_eq!(pages("(module (memory i64 0))"), limits::MAX_MEMORY64_PAGES);
    assert_eq!(pages("(module (memory 0 (pagesize 1)))"), u64::from(u32::MAX));
    assert_eq!(pages("(module (memory i64 0 (pagesize 1)))"), u64::MAX);
}
