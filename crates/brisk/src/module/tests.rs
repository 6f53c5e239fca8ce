use super::*;
use crate::Trap;

fn load(wat: &str) -> Result<Module> {
    Module::new(&Engine::default(), wat)
}

fn error(wat: &str) -> String {
    format!("{:#}", load(wat).map(drop).unwrap_err())
}

#[test]
fn modules_and_engines_are_shared_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Engine>();
    check::<Module>();
    check::<FuncType>();
    check::<ExternType>();
    check::<crate::WasmBacktrace>();
    check::<Trap>();
}

#[test]
fn invalid_modules_say_what_and_where() {
    let text = error("(module (func) (func $broken (result i32) (i64.const 0)))");
    assert!(text.contains("type mismatch"), "{text}");
    assert!(text.contains("in function 1 `broken`"), "{text}");
    assert!(text.contains("(at offset 0x"), "{text}");
    let decode = load("(module (func $broken (result i32)))").unwrap_err();
    let decode = decode.downcast_ref::<brisk_module::DecodeError>().unwrap();
    assert_eq!(decode.func().unwrap().index, 0);
}

#[test]
fn text_that_does_not_parse_has_a_line_and_a_column() {
    let error = load("(module\n  (func (nonsense)))").unwrap_err();
    assert!(format!("{error:#}").contains(":2:10"), "{error:#}");
    assert!(error.is::<wat::Error>());
}

#[test]
fn missing_proposals_are_named() {
    let text = error("(module (type (struct (field i32))))");
    assert!(text.contains("not supported") && text.contains("`gc`"), "{text}");
    let text = error("(module (memory 1 1 shared))");
    assert!(text.contains("not supported") && text.contains("`threads`"), "{text}");
}

#[test]
fn binary_wants_the_binary_format() {
    let engine = Engine::default();
    assert!(Module::from_binary(&engine, b"(module)").is_err());
    assert!(Module::from_binary(&engine, b"\0asm\x01\0\0\0").is_ok());
    assert!(Module::validate(&engine, b"\0asm\x01\0\0\0\x01").is_err());
    assert!(Module::new(&engine, b"\0asm\x01\0\0\0").is_ok());
}

#[test]
fn every_truncation_is_a_decoding_error() {
    let engine = Engine::default();
    let whole = wat::parse_str(
        r#"(module $m (import "a" "b" (func (param i32))) (memory (export "m") 1) (table 1 funcref)
            (global $g (mut i64) (i64.const 1)) (elem (i32.const 0) 1) (data (i32.const 0) "x")
            (func $f (export "f") (result i32) (local i64) (i32.const 1)))"#,
    )
    .unwrap();
    for end in 0..whole.len() {
        let Err(error) = Module::new(&engine, &whole[..end]) else {
            assert!(whole_sections(&whole[..end]), "{end} bytes of {} make no module", whole.len());
            continue;
        };
        assert!(error.is::<brisk_module::DecodeError>(), "{end} bytes: {error:?}");
    }
    assert!(Module::new(&engine, &whole).is_ok());
}

/// Whether bytes end where a section does.
fn whole_sections(bytes: &[u8]) -> bool {
    let mut at = 8;
    while let Some(&size) = bytes.get(at + 1) {
        assert!(size < 128, "a size of one byte");
        at += 2 + usize::from(size);
    }
    at == bytes.len()
}

#[test]
fn files_are_read_in_either_format() {
    let engine = Engine::default();
    let dir = std::env::temp_dir().join(format!("brisk-module-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (text, binary, broken) = (dir.join("a.wat"), dir.join("a.wasm"), dir.join("broken.wat"));
    std::fs::write(&text, "(module $from_text)").unwrap();
    std::fs::write(&binary, wat::parse_str("(module $from_binary)").unwrap()).unwrap();
    std::fs::write(&broken, "(module (func (nonsense)))").unwrap();
    assert_eq!(Module::from_file(&engine, &text).unwrap().name(), Some("from_text"));
    assert_eq!(Module::from_file(&engine, &binary).unwrap().name(), Some("from_binary"));
    let message = format!("{:#}", Module::from_file(&engine, &broken).unwrap_err());
    assert!(message.contains("broken.wat:1:16"), "{message}");
    let missing = Module::from_file(&engine, dir.join("missing.wasm")).unwrap_err();
    assert!(missing.is::<std::io::Error>() && missing.to_string().contains("missing.wasm"));
    assert!(Module::from_file(&engine, &dir).unwrap_err().is::<std::io::Error>());
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn imports_and_exports_have_their_types() {
    let module = load(
        r#"(module
            (import "env" "f" (func (param i32) (result v128)))
            (import "env" "g" (global (mut externref)))
            (import "env" "m" (memory i64 1 2))
            (import "env" "t" (table 3 funcref))
            (tag (export "x") (param i32))
            (memory (export "own") 1 (pagesize 1))
            (export "f" (func 0)) (export "g" (global 0)) (export "t" (table 0)))"#,
    )
    .unwrap();
    let imports: Vec<String> =
        module.imports().map(|i| format!("{} {} {}", i.module(), i.name(), i.ty())).collect();
    assert_eq!(
        imports,
        [
            "env f (func (param i32) (result v128))",
            "env g (global (mut externref))",
            "env m (memory i64 1 2)",
            "env t (table 3 funcref)",
        ]
    );
    let exports: Vec<String> = module.exports().map(|e| format!("{} {}", e.name(), e.ty())).collect();
    assert_eq!(
        exports,
        [
            "x (tag (param i32))",
            "own (memory 1 (pagesize 1))",
            "f (func (param i32) (result v128))",
            "g (global (mut externref))",
            "t (table 3 funcref)",
        ]
    );
    assert!(module.get_export("missing").is_none());
}

#[test]
fn types_outlive_the_module() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (type $r (func (param (ref null $r)))) (func (export "f") (type $r)))"#,
    )
    .unwrap();
    let ty = module.get_export("f").unwrap();
    drop(module);
    let func = ty.unwrap_func();
    let param = func.param(0).unwrap();
    let inner = param.unwrap_ref().heap_type().unwrap_concrete_func();
    assert!(FuncType::eq(func, inner));
    // A type within itself is named, not spelled out for ever.
    assert_eq!(
        func.to_string(),
        format!("(func (param (ref null (func (param (ref null ${}))))))", func.id())
    );
}

#[test]
fn exports_are_found_by_name_among_many() {
    let mut text = String::from("(module (func)");
    for i in 0..1000 {
        text += &format!("(global i32 (i32.const {i})) (export \"e{i}\" (global {i}))");
    }
    let module = load(&(text + ")")).unwrap();
    for i in 0..1000 {
        let (index, export) = module.find_export(&format!("e{i}")).unwrap();
        assert_eq!((index, export.index), (i, i));
    }
    assert!(module.find_export("e1000").is_none());
    let index = module.get_export_index("e77").unwrap();
    assert_eq!(index.of(&module).unwrap().index, 77);
    assert!(index.of(&load("(module)").unwrap()).is_none());
}

#[test]
fn functions_can_be_listed() {
    let module =
        load(r#"(module (import "" "" (func)) (func $a) (func (param i32) (drop (local.get 0))))"#).unwrap();
    let functions: Vec<_> =
        module.functions().map(|f| (f.index(), f.name().map(str::to_string), f.ty().to_string())).collect();
    assert_eq!(functions, [(1, Some("a".into()), "(func)".into()), (2, None, "(func (param i32))".into())]);
    assert_eq!(module.types().count(), 2);
}

#[test]
fn frames_name_function_and_place() {
    use crate::{FrameInfo, WasmBacktrace};
    let module = load(r#"(module $m (import "" "" (func)) (func $a unreachable) (func nop))"#).unwrap();
    let at = module.functions().next().unwrap().range().start + 1;
    let named = FrameInfo::new(module.clone(), 1, Some(at));
    assert_eq!(
        (named.func_name(), named.func_offset(), named.module_offset()),
        (Some("a"), Some(1), Some(at))
    );
    let bare = FrameInfo::new(load("(module (func))").unwrap(), 0, None);
    let backtrace = WasmBacktrace::from_frames(vec![named, bare]);
    let expected = format!(
        "error while executing at wasm backtrace:\n    0: {at:#8x} - m!a\n    1: <unknown>!<wasm function 0>"
    );
    assert_eq!(backtrace.to_string(), expected);
    let error = Error::new(Trap::UnreachableCodeReached).context(backtrace);
    assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 2);
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
}
