//! What is valid but not run yet is refused by the proposal's name, and only if the module is
//! valid otherwise.

use super::*;

#[test]
fn gc_types() {
    assert_unsupported(&refuse("(module (type (struct (field i32))))"), "gc", "structure types");
    assert_unsupported(&refuse("(module (type (array (mut i8))))"), "gc", "array types");
    let rec = "(module (type (func)) (rec (type $f (func (param (ref $s)))) (type $s (struct))))";
    let error = refuse(rec);
    assert_unsupported(&error, "gc", "structure types");
    let bytes = wat::parse_str(rec).unwrap();
    assert_eq!(bytes[error.offset()], 0x5f, "the offset is that of the structure type");
}

#[test]
fn gc_instructions() {
    for (name, code) in [
        ("ref.i31", "(drop (ref.i31 (i32.const 1)))"),
        ("i31.get_s", "(drop (i31.get_s (ref.null i31)))"),
        ("i31.get_u", "(drop (i31.get_u (ref.null i31)))"),
        ("ref.eq", "(drop (ref.eq (ref.null eq) (ref.null eq)))"),
        ("ref.test", "(drop (ref.test (ref i31) (ref.null any)))"),
        ("ref.test", "(drop (ref.test (ref null func) (ref.func 0)))"),
        ("ref.cast", "(drop (ref.cast (ref func) (ref.func 0)))"),
        ("ref.cast", "(drop (ref.cast (ref null i31) (ref.null any)))"),
        ("array.len", "(drop (array.len (ref.null array)))"),
        ("any.convert_extern", "(drop (any.convert_extern (ref.null extern)))"),
        ("extern.convert_any", "(drop (extern.convert_any (ref.null any)))"),
        ("br_on_cast", "(drop (block (result anyref) (br_on_cast 0 anyref i31ref (ref.null any))))"),
        (
            "br_on_cast_fail",
            "(drop (block (result anyref) (br_on_cast_fail 0 anyref i31ref (ref.null any))))",
        ),
    ] {
        let text = format!("(module (elem declare func 0) (func) (func $f {code}))");
        let error = refuse(&text);
        assert_unsupported(&error, "gc", &format!("instruction `{name}`"));
        assert_unsupported(&error, "gc", "in function 1 `f`");
        let bytes = wat::parse_str(&text).unwrap();
        assert!(matches!(bytes[error.offset()], 0xfb | 0xd3), "{name}");
    }
}

#[test]
fn gc_constants() {
    let error = refuse("(module (global i31ref (ref.i31 (i32.const 1))))");
    assert_unsupported(&error, "gc", "constant expression");
    assert!(error.func().is_none());
    assert_unsupported(
        &refuse("(module (table 1 anyref (any.convert_extern (ref.null extern))))"),
        "gc",
        "constant expression",
    );
    assert_unsupported(&refuse("(module (elem anyref (ref.i31 (i32.const 1))))"), "gc", "constant");
}

#[test]
fn threads() {
    assert_unsupported(&refuse("(module (memory 1 2 shared))"), "threads", "shared memories");
    assert_unsupported(
        &refuse(r#"(module (import "" "" (memory 1 2 shared)))"#),
        "threads",
        "shared memories",
    );
    for code in [
        "(drop (i32.atomic.load (i32.const 0)))",
        "(i64.atomic.store (i32.const 0) (i64.const 0))",
        "(drop (i32.atomic.rmw8.add_u (i32.const 0) (i32.const 0)))",
        "(drop (memory.atomic.notify (i32.const 0) (i32.const 0)))",
        "atomic.fence",
    ] {
        let error = refuse(format!("(module (memory 1) (func $f {code}))"));
        assert_unsupported(&error, "threads", "atomic instruction 0xfe");
        assert_unsupported(&error, "threads", "in function 0 `f`");
    }
}

#[test]
fn first_refusal_by_offset() {
    let text = "(module (memory 1 1 shared) (func atomic.fence (drop (ref.i31 (i32.const 1)))))";
    assert_unsupported(&refuse(text), "threads", "shared memories");
    let text = "(module (func (drop (ref.i31 (i32.const 1))) atomic.fence) (func atomic.fence))";
    assert_unsupported(&refuse(text), "gc", "in function 0");
}

#[test]
fn invalid_comes_before_refused() {
    let mut bytes = wat::parse_str(
        r#"(module (type (struct)) (memory 1 1 shared) (func atomic.fence) (func) (data (i32.const 0) "x"))"#,
    )
    .unwrap();
    assert_unsupported(&refuse(&bytes), "gc", "structure types");
    let end = bytes.len();
    assert_invalid(&refuse(&bytes[..end - 1]), "unexpected end");
    let body = bytes.windows(3).rposition(|body| body == [2, 0, 0x0b]).unwrap();
    bytes[body + 2] = 0x1a; // drop, and no end
    assert_invalid(&refuse(&bytes), "in function 1");
}

/// The types that belong to the gc proposal but hold only null, and function types with subtypes.
#[test]
fn accepted_parts_of_gc() {
    let module = decode(
        r#"(module
          (rec (type $f (sub (func (param (ref null $g))))) (type $g (sub $f (func (param (ref null $g))))))
          (type $final (sub final $g (func (param funcref))))
          (func (param i31ref structref arrayref eqref anyref nullref nullfuncref nullexternref)
            (local anyref) (local.set 8 (ref.null none)) (drop (ref.is_null (local.get 0)))))"#,
    );
    assert_eq!(module.types.len(), 4);
    assert_eq!(module.rec_groups, [0..2, 2..3, 3..4]);
    assert!(!module.types[0].is_final);
    assert_eq!(module.types[1].supertype, Some(brisk_module::TypeIndex(0)));
    assert!(module.types[2].is_final);
    assert_eq!(module.types[2].supertype, Some(brisk_module::TypeIndex(1)));
    assert!(module.types[3].is_final && module.types[3].supertype.is_none());
    assert_eq!(
        module.types[3].func.to_string(),
        "(param i31ref structref arrayref eqref anyref nullref nullfuncref nullexternref)"
    );
    assert!(module.features_used.contains(&"gc"));
}
