//! What a decoded module says of itself.

use super::*;
use brisk_module::module::*;
use brisk_module::*;

#[test]
fn imports_and_exports() {
    let module = decode(
        r#"(module
          (type $t (func (param i32 v128) (result i64)))
          (import "a" "f" (func $f (type $t)))
          (import "a" "t" (table 1 2 externref))
          (import "b" "m" (memory i64 3 4))
          (import "b" "g" (global (mut f64)))
          (import "c" "e" (tag $tag (param i32)))
          (import "c" "g" (global i32))
          (func $own (export "own") (result f32) (f32.const 0))
          (table (export "table") 5 (ref null $t))
          (memory (export "memory") 7 (pagesize 1))
          (global (export "global") (mut i32) (i32.const 1))
          (tag (export "tag"))
          (export "f again" (func $f)))"#,
    );
    let described: Vec<_> = module
        .imports
        .iter()
        .map(|import| format!("{}.{}: {}", import.module, import.name, module.display_type(&import.ty)))
        .collect();
    assert_eq!(
        described,
        [
            "a.f: func (param i32 v128) (result i64)",
            "a.t: table 1 2 externref",
            "b.m: memory i64 3 4",
            "b.g: global (mut f64)",
            "c.e: tag (param i32)",
            "c.g: global i32",
        ]
    );
    let described: Vec<_> = module
        .exports
        .iter()
        .map(|e| format!("{}[{}]: {}", e.name, e.index, module.display_type(&module.export_type(e))))
        .collect();
    assert_eq!(
        described,
        [
            "own[1]: func (result f32)",
            "table[1]: table 5 (ref null 0)",
            "memory[1]: memory 7 (pagesize 1)",
            "global[2]: global (mut i32)",
            "tag[1]: tag",
            "f again[0]: func (param i32 v128) (result i64)",
        ]
    );
    assert_eq!(module.export("global").unwrap().kind, ExternKind::Global);
    assert!(module.export("nothing").is_none());
    assert_eq!(&*module.import_of(ExternKind::Global, 1).unwrap().name, "g");
    assert!(module.import_of(ExternKind::Global, 2).is_none());
    let ty = module.func_type(0);
    assert_eq!((ty.param_slots, ty.result_slots), (3, 1));
    assert_eq!(module.tag_type(0).params[..], [ValType::I32]);
    assert_eq!((module.imported_funcs, module.imported_tables, module.imported_memories), (1, 1, 1));
    assert_eq!((module.imported_globals, module.imported_tags), (2, 1));
    assert!(module.body(0).is_none());
    assert_eq!(module.body(1).unwrap(), b"\0\x43\0\0\0\0\x0b");
    assert!(module.body(2).is_none());
}

#[test]
fn constant_expressions() {
    let module = decode(
        r#"(module
          (import "" "" (global $i i32))
          (global i32 (i32.const -5))
          (global i64 (i64.const 0x7fffffffffffffff))
          (global f32 (f32.const nan:0x200001))
          (global f64 (f64.const -0))
          (global v128 (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16))
          (global funcref (ref.func $f))
          (global externref (ref.null extern))
          (global i32 (global.get $i))
          (global i32 (i32.sub (i32.mul (global.get $i) (i32.const 3)) (i32.const 128)))
          (table 2 funcref (ref.func $f))
          (table 3 funcref)
          (func $f))"#,
    );
    use ConstOp as Op;
    let one: Vec<_> = module.global_inits[..8].iter().map(|expr| expr.ops()[0]).collect();
    assert_eq!(
        one,
        [
            Op::I32(-5),
            Op::I64(i64::MAX),
            Op::F32(0x7fa0_0001),
            Op::F64(1 << 63),
            Op::V128(0x100f_0e0d_0c0b_0a09_0807_0605_0403_0201),
            Op::RefFunc(0),
            Op::RefNull,
            Op::GlobalGet(0),
        ]
    );
    assert!(module.global_inits[..8].iter().all(|expr| matches!(expr, ConstExpr::One(_))));
    assert_eq!(
        module.global_inits[8].ops(),
        [
            Op::GlobalGet(0),
            Op::I32(3),
            Op::Arith(ConstArith::I32Mul),
            Op::I32(128),
            Op::Arith(ConstArith::I32Sub)
        ]
    );
    assert_eq!(module.table_inits, [Some(ConstExpr::One(Op::RefFunc(0))), None]);
}

#[test]
fn segments() {
    let module = decode(
        r#"(module
          (memory 1) (memory 1) (table 10 funcref) (table $second 10 externref)
          (elem (i32.const 3) $f $g)
          (elem func $g)
          (elem declare func $h)
          (elem (table $second) (i32.const 1) externref (ref.null extern))
          (elem (ref null func) (ref.func $f) (ref.null func))
          (data (i32.const 8) "active")
          (data "passive\00")
          (data (memory 1) (i32.const 16) "")
          (func $f) (func $g) (func $h) (func $private))"#,
    );
    let active = |index, offset| SegmentMode::Active { index, offset: ConstExpr::One(ConstOp::I32(offset)) };
    let modes: Vec<_> = module.elements.iter().map(|segment| segment.mode.clone()).collect();
    assert_eq!(
        modes,
        [active(0, 3), SegmentMode::Passive, SegmentMode::Declared, active(1, 1), SegmentMode::Passive]
    );
    assert_eq!(module.elements[0].items, ElementItems::Funcs([0, 1].into()));
    assert_eq!(module.elements[0].ty, RefType { nullable: false, heap: HeapType::Func });
    assert_eq!(module.elements[3].ty, RefType { nullable: true, heap: HeapType::Extern });
    assert_eq!(
        module.elements[4].items,
        ElementItems::Exprs([ConstExpr::One(ConstOp::RefFunc(0)), ConstExpr::One(ConstOp::RefNull)].into())
    );
    let data: Vec<_> = module.data.iter().map(|segment| module.data_bytes(segment)).collect();
    assert_eq!(data, [&b"active"[..], b"passive\0", b""]);
    let modes: Vec<_> = module.data.iter().map(|segment| segment.mode.clone()).collect();
    assert_eq!(modes, [active(0, 8), SegmentMode::Passive, active(1, 16)]);
}

#[test]
fn escaping_functions() {
    let module = decode(
        r#"(module
          (import "" "imported" (func $imported))
          (import "" "exported again" (func $again))
          (func $exported (export "e"))
          (func $called (call $private) (drop (ref.func $declared)))
          (func $in_element)
          (func $in_expression)
          (func $in_global)
          (func $in_table)
          (func $declared)
          (func $private)
          (func $start)
          (start $start)
          (export "again" (func $again))
          (table 1 1 funcref (ref.func $in_table))
          (elem (i32.const 0) func $in_element)
          (elem funcref (ref.func $in_expression))
          (elem declare func $declared)
          (global funcref (ref.func $in_global)))"#,
    );
    let names: Vec<_> =
        module.escaping_funcs.iter().map(|&func| module.names().func_name(func).unwrap()).collect();
    assert_eq!(
        names,
        ["again", "exported", "in_element", "in_expression", "in_global", "in_table", "declared"]
    );
    assert_eq!(module.start, Some(10));
}

#[test]
fn sections() {
    let module = decode(
        r#"(module (type (func)) (import "" "" (func)) (table 1 funcref) (memory 1) (tag)
          (global i32 (i32.const 0)) (func (data.drop 0)) (func) (export "" (func 0)) (start 0)
          (elem func 0) (data "x")
          (@custom "first" (before first) "1")
          (@custom "after code" (after code) "22")
          (@custom "first" "333"))"#,
    );
    let sections: Vec<_> = module.sections.iter().map(|section| (section.name, section.count)).collect();
    assert_eq!(
        sections,
        [
            ("custom", None),
            ("type", Some(1)),
            ("import", Some(1)),
            ("function", Some(2)),
            ("table", Some(1)),
            ("memory", Some(1)),
            ("tag", Some(1)),
            ("global", Some(1)),
            ("export", Some(1)),
            ("start", None),
            ("element", Some(1)),
            ("data count", None),
            ("code", Some(2)),
            ("custom", None),
            ("data", Some(1)),
            ("custom", None),
        ]
    );
    // They follow each other: the id and the size of one byte stand between.
    assert_eq!(module.sections[0].range.start, 10);
    for pair in module.sections.windows(2) {
        assert_eq!(pair[0].range.end + 2, pair[1].range.start);
    }
    assert_eq!(module.sections.last().unwrap().range.end, module.bytes().len());
    assert_eq!(module.code_section, module.sections[12].range);
    let custom: Vec<_> = module.custom_sections.iter().map(|section| &*section.name).collect();
    assert_eq!(custom, ["first", "after code", "first"]);
    let first: Vec<_> = module.custom_sections_named("first").collect();
    assert_eq!(first, [b"1".as_slice(), b"333"]);
    assert_eq!(module.custom_sections_named("none").count(), 0);
}

#[test]
fn types_as_text() {
    let module = decode(
        "(module (type $t (func)) (func (param i64 f32 f64 funcref externref exnref nullexnref (ref func)
           (ref $t) (ref null $t) (ref extern) (ref null i31) (ref none))))",
    );
    assert_eq!(
        module.func_type(0).to_string(),
        "(param i64 f32 f64 funcref externref exnref nullexnref (ref func) (ref 0) (ref null 0) (ref extern) \
         i31ref (ref none))"
    );
    assert_eq!(FuncType::default().to_string(), "");
}

#[test]
fn module_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    shared(&decode("(module)"));
    shared(&refuse("(module (memory 1 1 shared))"));
}
