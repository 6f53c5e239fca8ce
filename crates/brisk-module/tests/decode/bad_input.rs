//! Malformed bytes.

use super::*;

/// A module with something of everything.
const VARIED: &str = r#"
(module $varied
  (rec
    (type $f (sub (func (param i32) (result i32))))
    (type $g (sub $f (func (param i32) (result i32)))))
  (type $v (func (param v128 f32) (result i64 i64)))
  (import "env" "func" (func $imported (type $f)))
  (import "env" "table" (table $t 1 10 funcref))
  (import "env" "memory" (memory $m 1 2))
  (import "env" "global" (global $g0 (mut i64)))
  (import "env" "tag" (tag $e (param i32 f64)))
  (table $own i64 3 (ref null $f) (ref.func $imported))
  (memory $far i64 1 100)
  (memory $bytes 10 20 (pagesize 1))
  (tag $own_tag (param externref))
  (global $g1 i32 (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))))
  (global $g2 v128 (v128.const i32x4 1 2 3 4))
  (global $g3 (ref null $f) (ref.null $f))
  (export "run" (func $run))
  (export "memory" (memory $m))
  (export "global" (global $g0))
  (start $begin)
  (elem (table $t) (i32.const 0) func $run $begin)
  (elem $exprs (ref null $f) (ref.func $imported) (ref.null $f))
  (elem declare func $wide)
  (func $begin)
  (func $run (type $f) (local i64 i64 v128 (ref null $f))
    (block $out (result i32 exnref)
      (try_table (catch_ref $own_tag $drop) (catch_all_ref $all)
        (loop $again
          (br_if $again (i32.eqz (local.get 0)))
          (br_table $again $out2 0 (local.get 0)))))
    (return_call_ref $f (local.get 0) (ref.func $imported)))
  (func $wide (type $v)
    (memory.init $passive (i32.const 0) (i32.const 1) (i32.const 2))
    (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))
    (i64.mul_wide_u (i64.const 1) (i64.trunc_sat_f32_u (local.get 1))))
  (data (memory $far) (i64.const 16) "hello\00\ff")
  (data $passive "passive")
  (@custom "notes" "any bytes")
)"#;

/// [`VARIED`] with its control flow spelt out.
fn varied() -> Vec<u8> {
    let body = r#"
    (drop (block $all (result exnref)
      (block $drop (result externref exnref)
        (try_table (catch_ref $own_tag $drop) (catch_all_ref $all)
          (block $out2
            (loop $again
              (br_if $again (i32.eqz (local.get 0)))
              (br_table $again $out2 0 (local.get 0)))))
        (return (i32.const 7)))
      (br $all)
      (unreachable)))"#;
    let start = VARIED.find("    (block $out (result").unwrap();
    let end = VARIED.find("    (return_call_ref").unwrap();
    let text = format!("{}{body}\n{}", &VARIED[..start], &VARIED[end..]);
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn truncated_at_every_byte() {
    let bytes = varied();
    let whole = decode(&bytes);
    let has = |module: &Module, name| module.sections.iter().any(|section| section.name == name);
    assert_eq!(whole.sections.len(), 15, "{:?}", whole.sections);

    let ends: Vec<usize> = whole.sections.iter().map(|section| section.range.end).collect();
    let mut valid = 0;
    for cut in 0..bytes.len() {
        let result = try_decode(&bytes[..cut]);
        if cut != 8 && !ends.contains(&cut) {
            let error = result.expect_err("a section is cut");
            assert!(error.offset() <= cut, "{cut}: {error}");
            continue;
        }
        // What is left are whole sections; the function section needs the code section, and a data
        // count needs the data section.
        let (start, end) = (section_range(&whole, "function").end, section_range(&whole, "data").end);
        assert_eq!(result.is_ok(), !(start..end).contains(&cut), "{cut}: {:?}", result.err());
        if let Ok(module) = result {
            assert!(cut < start || has(&module, "data"));
            valid += 1;
        }
    }
    assert!(valid >= 4);
}

fn section_range(module: &Module, name: &str) -> std::ops::Range<usize> {
    module.sections.iter().find(|section| section.name == name).unwrap().range.clone()
}

/// Every byte of a varied module set to several values: an error or a module, never a panic.
#[test]
fn every_byte_replaced() {
    let bytes = varied();
    let mut refused = 0;
    for at in 0..bytes.len() {
        for value in [0x00, 0x01, 0x0b, 0x40, 0x7f, 0x80, 0xfb, 0xff, bytes[at] ^ 0x20] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            match try_decode(&bytes) {
                Ok(module) => {
                    module.names().func_name(0);
                    module.names().local_name(1, 0);
                }
                Err(error) => {
                    assert!(error.offset() <= bytes.len(), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > bytes.len());
}

#[test]
fn overlong_numbers() {
    let header = b"\0asm\x01\0\0\0";
    let module = |rest: &[u8]| [&header[..], rest].concat();
    // A count padded to five bytes is in the format; six bytes are not, nor are bits beyond the 32nd.
    decode(module(b"\x01\x05\x80\x80\x80\x80\x00"));
    assert_invalid(&refuse(module(b"\x01\x06\x80\x80\x80\x80\x80\x00")), "representation too long");
    assert_invalid(&refuse(module(b"\x01\x05\xff\xff\xff\xff\x7f")), "too large");
    // The same of a section's size.
    decode(module(b"\x01\x81\x80\x80\x80\x00\x00"));
    assert_invalid(&refuse(module(b"\x01\x81\x80\x80\x80\x80\x00\x00")), "representation too long");
    // Of an i32.const in a constant expression: 5 bytes, the last a sign extension.
    let global = |number: &[u8]| {
        let mut section = vec![1, 0x7f, 0, 0x41];
        section.extend(number);
        section.push(0x0b);
        module(&[&[6, section.len() as u8], &section[..]].concat())
    };
    decode(global(b"\xff\xff\xff\xff\x7f"));
    assert_invalid(&refuse(global(b"\xff\xff\xff\xff\x4f")), "too large");
    assert_invalid(&refuse(global(b"\xff\xff\xff\xff\xff\x7f")), "too long");
    // Of a local's index inside a body.
    let body = |number: &[u8]| {
        let mut body = vec![1, 1, 0x7f, 0x20];
        body.extend(number);
        body.extend([0x1a, 0x0b]);
        let code = [&[1, body.len() as u8], &body[..]].concat();
        module(&[b"\x01\x04\x01\x60\0\0\x03\x02\x01\0", &[10, code.len() as u8][..], &code].concat())
    };
    decode(body(b"\x80\x80\x80\x80\x00"));
    let error = refuse(body(b"\x80\x80\x80\x80\x80\x00"));
    assert_invalid(&error, "too long");
    assert_eq!(error.func().unwrap().index, 0);
}

#[test]
fn not_a_module() {
    assert_invalid(&refuse(b""), "unexpected end");
    assert_invalid(&refuse(b"\x7fELF\x02\x01\x01\0"), "magic");
    assert_invalid(&refuse(b"; (module)"), "magic");
    assert_invalid(&refuse(b"\0asm\x02\0\0\0"), "version");
    assert_eq!(refuse(b"\0asm\x02\0\0\0").offset(), 4);
}

#[test]
fn component_is_named_as_such() {
    let error = refuse(b"\0asm\x0d\0\x01\0");
    assert_unsupported(&error, "component-model", "a component");
    // Whatever follows the header, here an empty core module.
    let nested = b"\0asm\x0d\0\x01\0\x01\x08\0asm\x01\0\0\0";
    assert_unsupported(&refuse(nested), "component-model", "a component");
}

/// Of several errors the one with the lowest offset is told, also across sections.
#[test]
fn first_error_by_offset() {
    let mut bytes = wat::parse_str(
        r#"(module (func $good) (func $bad (drop (i32.const 1))) (memory 1) (data (i32.const 0) "x"))"#,
    )
    .unwrap();
    let module = decode(&bytes);
    let drop = module.bodies[1].range.end - 2;
    let data = section_range(&module, "data");
    assert_eq!(bytes[drop], 0x1a);
    bytes[drop] = 0x01; // nop
    let error = refuse(&bytes);
    assert_invalid(&error, "in function 1 `bad` (at offset");
    assert!(module.bodies[1].range.contains(&error.offset()));
    bytes[data.start + 1] = 0x07; // the segment's flags
    let first = refuse(&bytes);
    assert_eq!(first.offset(), error.offset());
    // The name comes from the name section, behind what is malformed.
    assert_invalid(&first, "in function 1 (at offset");
    let cut = refuse(&bytes[..data.start]);
    assert_eq!(first, cut);
}
