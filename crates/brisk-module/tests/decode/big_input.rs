//! Modules at and beyond the sizes that occur: each is accepted, or refused with a limit's name,
//! in bounded time and stack.

use super::*;
use brisk_module::limits;
use std::time::{Duration, Instant};

const HEADER: &[u8] = b"\0asm\x01\0\0\0";

pub fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

pub fn section(id: u8, count: usize, items: &[u8]) -> Vec<u8> {
    let count = leb(count);
    [&[id][..], &leb(count.len() + items.len()), &count, items].concat()
}

/// A module of one type `(func)`, as many functions as bodies, and these.
pub fn module_of_bodies<'a>(bodies: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut code = Vec::new();
    let mut count = 0;
    for body in bodies {
        code.extend(leb(body.len()));
        code.extend_from_slice(body);
        count += 1;
    }
    [HEADER, b"\x01\x04\x01\x60\0\0", &section(3, count, &vec![0; count]), &section(10, count, &code)]
        .concat()
}

/// Decodes within a time that only something quadratic would miss, on a loaded machine and under emulation, too.
#[track_caller]
fn timed(bytes: Vec<u8>) -> Result<Module, DecodeError> {
    let start = Instant::now();
    let result = Module::decode(bytes, &serial());
    assert!(start.elapsed() < Duration::from_secs(300), "{:?}", start.elapsed());
    result
}

#[test]
fn a_million_types() {
    let types = |count: usize| [HEADER, &section(1, count, &b"\x60\0\0".repeat(count))].concat();
    assert_eq!(timed(types(limits::MAX_TYPES)).unwrap().types.len(), limits::MAX_TYPES);
    assert_limit(&timed(types(limits::MAX_TYPES + 1)).unwrap_err(), "types count exceeds limit of 1000000");

    // All different, so that none is merged with another: 20 parameters of four types each.
    let mut different = Vec::new();
    for index in 0..limits::MAX_TYPES {
        different.extend([0x60, 20]);
        different.extend((0..20).map(|digit| 0x7c + (index >> (2 * digit) & 3) as u8));
        different.push(0);
    }
    let module = timed([HEADER, &section(1, limits::MAX_TYPES, &different)].concat()).unwrap();
    assert_eq!(module.types[0x1b].func.params[..4], {
        use brisk_module::ValType::{F32, F64, I32, I64};
        let digits = [F64, F32, I64, I32];
        [digits[3], digits[2], digits[1], digits[0]]
    });

    // In one recursion group.
    let group = |count: usize| {
        let group = [&[0x4e][..], &leb(count), &b"\x60\0\0".repeat(count)].concat();
        [HEADER, &section(1, 1, &group)].concat()
    };
    let module = timed(group(limits::MAX_TYPES)).unwrap();
    assert_eq!(module.rec_groups.len(), 1);
    assert_eq!(module.rec_groups[0], 0..limits::MAX_TYPES as u32);
    assert_limit(&timed(group(limits::MAX_TYPES + 1)).unwrap_err(), "rec group types size is out of bounds");
}

#[test]
fn a_million_functions() {
    let functions = |count: usize| module_of_bodies(std::iter::repeat_n(&b"\0\x0b"[..], count));
    let module = timed(functions(limits::MAX_FUNCTIONS)).unwrap();
    assert_eq!(module.bodies.len(), limits::MAX_FUNCTIONS);
    assert_limit(
        &timed(functions(limits::MAX_FUNCTIONS + 1)).unwrap_err(),
        "functions count exceeds limit of 1000000",
    );
}

#[test]
fn a_million_exports() {
    let exports = |count: usize| {
        let mut items = Vec::new();
        for index in 0..count {
            let name = format!("{index:x}");
            items.push(name.len() as u8);
            items.extend(name.bytes());
            items.extend([0, 0]);
        }
        let head = [HEADER, b"\x01\x04\x01\x60\0\0", b"\x03\x02\x01\0"].concat();
        [&head[..], &section(7, count, &items), b"\x0a\x04\x01\x02\0\x0b"].concat()
    };
    // An export counts one and the size of its type, here again one.
    let most = limits::MAX_TYPE_SIZE as usize / 2 - 1;
    let module = timed(exports(most)).unwrap();
    assert_eq!(module.exports.len(), most);
    assert_eq!(&*module.exports[0x1234].name, "1234");
    assert_limit(&timed(exports(limits::MAX_EXPORTS)).unwrap_err(), "size exceeds the limit of 1000000");
    assert_limit(
        &timed(exports(limits::MAX_EXPORTS + 1)).unwrap_err(),
        "exports count exceeds limit of 1000000",
    );
}

#[test]
fn br_table_with_a_million_targets() {
    const TARGETS: usize = 1_000_000;
    let mut body = vec![0, 0x02, 0x40, 0x41, 0, 0x0e];
    body.extend(leb(TARGETS));
    body.extend(vec![0; TARGETS]);
    body.extend([1, 0x0b, 0x0b]);
    let module = timed(module_of_bodies([&body[..]])).unwrap();
    assert_eq!(module.body(0).unwrap().len(), body.len());
    // A target that does not exist, at the very end.
    let at = body.len() - 4;
    body[at] = 2;
    assert_invalid(&timed(module_of_bodies([&body[..]])).unwrap_err(), "unknown label");
    // A count that the bytes cannot hold.
    let short = [&[0, 0x41, 0, 0x0e][..], &leb(TARGETS), &[0, 0x0b]].concat();
    assert_invalid(&timed(module_of_bodies([&short[..]])).unwrap_err(), "unexpected end");
}

#[test]
fn nested_blocks_on_a_small_stack() {
    const DEPTH: usize = 100_000;
    for block in [0x02, 0x03, 0x04] {
        let mut body = vec![0];
        for _ in 0..DEPTH {
            if block == 0x04 {
                body.extend([0x41, 0]);
            }
            body.extend([block, 0x40]);
        }
        body.extend(vec![0x0b; DEPTH + 1]);
        let bytes = module_of_bodies([&body[..]]);
        let thread = std::thread::Builder::new().stack_size(256 * 1024);
        let module = thread.spawn(move || timed(bytes)).unwrap().join().unwrap().unwrap();
        assert_eq!(module.bodies.len(), 1);
    }
}

#[test]
fn many_locals_in_many_functions() {
    // 49,999 i32 and one i64.
    let body = [&[2][..], &leb(49_999), &[0x7f, 1, 0x7e, 0x0b]].concat();
    let module = timed(module_of_bodies(std::iter::repeat_n(&body[..], 1_000))).unwrap();
    assert_eq!(module.bodies.len(), 1_000);
    // The same one by one.
    let mut single = leb(50_000);
    single.extend(b"\x01\x7f".repeat(50_000));
    single.push(0x0b);
    timed(module_of_bodies(std::iter::repeat_n(&single[..], 10))).unwrap();
    // One too many, and far too many.
    for count in [50_001, u32::MAX as usize] {
        let body = [&[1][..], &leb(count), &[0x7f, 0x0b]].concat();
        let error = timed(module_of_bodies([&body[..]])).unwrap_err();
        assert_limit(&error, "too many locals");
        assert_eq!(error.func().unwrap().index, 0);
    }
}

#[test]
fn the_largest_body() {
    let body = |size: usize| {
        let mut body = vec![0x01; size]; // nop
        body[0] = 0;
        body[size - 1] = 0x0b;
        body
    };
    timed(module_of_bodies([&body(limits::MAX_BODY_SIZE)[..]])).unwrap();
    let error = timed(module_of_bodies([b"\0\x0b", &body(limits::MAX_BODY_SIZE + 1)[..]])).unwrap_err();
    assert_limit(&error, "function body size count exceeds limit of 7654321 in function 1");
}

/// Counts that promise more than the file holds must not be believed.
#[test]
fn counts_without_content() {
    for id in [1, 2, 3, 4, 5, 6, 7, 9, 11, 13] {
        for count in [100, 1_000_000, u32::MAX as usize] {
            let bytes = [HEADER, &section(id, count, &[])].concat();
            assert!(Module::decode(bytes, &serial()).is_err(), "section {id} with {count}");
        }
    }
}
