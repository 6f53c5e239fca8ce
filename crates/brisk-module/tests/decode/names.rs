//! The name section, also a malformed one.

use super::*;
use wasm_encoder::{CustomSection, IndirectNameMap, NameMap, NameSection};

#[test]
fn all_index_spaces() {
    let module = decode(
        r#"(module $mod
          (type $type (func (param i32)))
          (import "" "" (func $imported))
          (table $table 1 funcref) (memory $memory 1) (global $global i32 (i32.const 0)) (tag $tag)
          (elem $elem func) (data $data "")
          (func $func (type $type) (param $param i32) (local $local i64) (local f32) (local $last f64))
          (func)
          (func $third))"#,
    );
    let names = module.names();
    assert_eq!(names.module_name(), Some("mod"));
    assert_eq!(names.func_name(0), Some("imported"));
    assert_eq!(names.func_name(1), Some("func"));
    assert_eq!(names.func_name(2), None);
    assert_eq!(names.func_name(3), Some("third"));
    assert_eq!(names.func_name(4), None);
    let locals: Vec<_> = (0..5).map(|local| names.local_name(1, local)).collect();
    assert_eq!(locals, [Some("param"), Some("local"), None, Some("last"), None]);
    assert_eq!(names.local_name(3, 0), None);
    assert_eq!(names.type_name(0), Some("type"));
    assert_eq!(names.table_name(0), Some("table"));
    assert_eq!(names.memory_name(0), Some("memory"));
    assert_eq!(names.global_name(0), Some("global"));
    assert_eq!(names.elem_name(0), Some("elem"));
    assert_eq!(names.data_name(0), Some("data"));
    assert_eq!(names.tag_name(0), Some("tag"));
}

#[test]
fn none() {
    let module = decode("(module (func))");
    assert_eq!(module.names().module_name(), None);
    assert_eq!(module.names().func_name(0), None);
    assert_eq!(module.names().local_name(0, 0), None);
}

fn with_section(payload: &[u8]) -> Module {
    let mut module = wasm_encoder::Module::new();
    module.section(&CustomSection { name: "name".into(), data: payload.into() });
    decode(module.finish())
}

fn well_formed() -> Vec<u8> {
    let map = |names: &[(u32, &str)]| {
        let mut map = NameMap::new();
        names.iter().for_each(|(index, name)| map.append(*index, name));
        map
    };
    let mut section = NameSection::new();
    section.module("mod");
    section.functions(&map(&[(0, "zero"), (7, "seven"), (300, "three hundred")]));
    let mut locals = IndirectNameMap::new();
    locals.append(7, &map(&[(0, "a"), (2, "c")]));
    section.locals(&locals);
    section.globals(&map(&[(1, "one")]));
    let mut bytes = Vec::new();
    wasm_encoder::Encode::encode(&section, &mut bytes);
    // Without the size and the section's own name.
    let start = bytes.windows(4).position(|window| window == b"name").unwrap() + 4;
    bytes.split_off(start)
}

#[test]
fn truncated_at_every_byte() {
    let payload = well_formed();
    let whole = with_section(&payload);
    assert_eq!(whole.names().func_name(300), Some("three hundred"));
    assert_eq!(whole.names().local_name(7, 2), Some("c"));
    assert_eq!(whole.names().global_name(1), Some("one"));
    let mut seen = 0;
    for cut in 0..payload.len() {
        let module = with_section(&payload[..cut]);
        let names = module.names();
        assert_eq!(names.global_name(1), None, "the last subsection is cut");
        assert!(names.module_name().is_none_or(|name| name == "mod"));
        for (func, name) in [(0, "zero"), (7, "seven"), (300, "three hundred")] {
            assert!(names.func_name(func).is_none_or(|found| found == name));
            seen += names.func_name(func).is_some() as usize;
        }
        assert!(names.local_name(7, 2).is_none_or(|name| name == "c"));
    }
    assert!(seen > 0);
}

#[test]
fn every_byte_replaced() {
    let payload = well_formed();
    for at in 0..payload.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut payload = payload.clone();
            payload[at] = value;
            let module = with_section(&payload);
            let names = module.names();
            names.module_name();
            for index in [0, 1, 7, 300] {
                names.func_name(index);
                names.local_name(index, 2);
                names.global_name(index);
            }
        }
    }
}

#[test]
fn out_of_order_repeated_and_not_utf8() {
    // Functions 5, 1, 5 again, and 3 with a name that is not UTF-8.
    let functions = b"\x01\x0e\x04\x05\x01e\x01\x01a\x05\x01x\x03\x02\xff\xfe";
    let module = with_section(functions);
    let names: Vec<_> = (0..6).map(|func| module.names().func_name(func)).collect();
    assert_eq!(names, [None, Some("a"), None, None, None, Some("e")]);
}

/// A count of entries beyond the section is not believed, a bad subsection does not hide the next.
#[test]
fn bad_subsection_is_left_out() {
    let module = with_section(b"\x01\x05\xff\xff\xff\xff\x0f\x07\x04\x01\x00\x01g");
    assert_eq!(module.names().func_name(0), None);
    assert_eq!(module.names().global_name(0), Some("g"));
    let module = with_section(b"\x02\x07\x02\x00\xff\xff\xff\xff\x0f\x07\x04\x01\x00\x01g");
    assert_eq!(module.names().local_name(0, 0), None);
    assert_eq!(module.names().global_name(0), Some("g"));
}

/// A name longer than what imports and exports may have.
#[test]
fn long_name() {
    let long = "n".repeat(200_000);
    let mut map = NameMap::new();
    map.append(0, &long);
    let mut section = NameSection::new();
    section.functions(&map);
    let mut module = wasm_encoder::Module::new();
    module.section(&section);
    assert_eq!(decode(module.finish()).names().func_name(0), Some(&long[..]));
}
