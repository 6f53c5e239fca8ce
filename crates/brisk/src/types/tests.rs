use super::canonical::{Definition, check_import, import};
use super::*;
use crate::{Config, Module};

#[test]
fn heap_types_match_within_their_hierarchy() {
    use HeapType as H;
    let engine = Engine::default();
    let concrete = || H::from(FuncType::new(&engine, [], []));
    // Each line: a type and everything that is above it, itself left out.
    let above: Vec<(H, Vec<H>)> = vec![
        (H::Extern, vec![]),
        (H::NoExtern, vec![H::Extern]),
        (H::Func, vec![]),
        (concrete(), vec![H::Func]),
        (H::NoFunc, vec![H::Func, concrete()]),
        (H::Any, vec![]),
        (H::Eq, vec![H::Any]),
        (H::I31, vec![H::Any, H::Eq]),
        (H::Struct, vec![H::Any, H::Eq]),
        (H::Array, vec![H::Any, H::Eq]),
        (H::None, vec![H::Any, H::Eq, H::I31, H::Struct, H::Array]),
        (H::Exn, vec![]),
        (H::NoExn, vec![H::Exn]),
    ];
    for (ty, supertypes) in &above {
        for (other, _) in &above {
            let expected = H::eq(ty, other) || supertypes.iter().any(|above| H::eq(above, other));
            assert_eq!(ty.matches(other), expected, "{ty} below {other}");
            let canonical = canonical::heap_matches(&engine, ty.canonical(), other.canonical());
            assert_eq!(canonical, expected, "{ty} below {other}");
            let related = canonical::top(ty.canonical()) == canonical::top(other.canonical());
            assert_eq!(ty.matches(&other.top()), related, "{ty} below {}", other.top());
            assert_eq!(ty.bottom().matches(other), related, "{} below {other}", ty.bottom());
        }
        assert!(ty.top().is_top() && ty.bottom().is_bottom());
    }
}

#[test]
fn nullability_matches_one_way() {
    let (nullable, definite) = (RefType::FUNCREF, RefType::new(false, HeapType::Func));
    assert!(definite.matches(&nullable) && !nullable.matches(&definite));
    assert!(RefType::eq(&definite, &definite.clone()) && !RefType::eq(&definite, &nullable));
}

#[test]
fn numbers_match_themselves() {
    let all = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128, ValType::FUNCREF];
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all.iter().enumerate() {
            assert_eq!(a.matches(b), i == j);
            assert_eq!(ValType::eq(a, b), i == j);
        }
    }
}

#[test]
fn types_print_as_in_the_text_format() {
    let engine = Engine::default();
    let func = FuncType::new(&engine, [ValType::I32], []);
    for (ty, expected) in [
        (ValType::EXNREF, "exnref"),
        (ValType::NULLREF, "nullref"),
        (RefType::new(false, HeapType::Extern).into(), "(ref extern)"),
        (RefType::new(true, func.clone().into()).into(), "(ref null (func (param i32)))"),
    ] {
        assert_eq!(ty.to_string(), expected);
        assert_eq!(format!("{ty:?}"), expected);
    }
    assert_eq!(TableType::new64(RefType::EXTERNREF, 1, None).to_string(), "(table i64 1 externref)");
    assert_eq!(TagType::new(func).to_string(), "(tag (param i32))");
    let bytes = MemoryType::builder().min(3).max(Some(9)).page_size_log2(0).build().unwrap();
    assert_eq!(bytes.to_string(), "(memory 3 9 (pagesize 1))");
    assert_eq!((bytes.page_size(), bytes.page_size_log2()), (1, 0));
}

#[test]
fn memory_types_have_bounds() {
    let build =
        |f: fn(&mut MemoryTypeBuilder) -> &mut MemoryTypeBuilder| f(&mut MemoryType::builder()).build();
    assert!(build(|b| b.min(65_536).max(Some(65_536))).is_ok());
    assert!(build(|b| b.min(65_537)).is_err());
    assert!(build(|b| b.max(Some(65_537))).is_err());
    assert!(build(|b| b.min(2).max(Some(1))).is_err());
    assert!(build(|b| b.memory64(true).min(1 << 48)).is_ok());
    assert!(build(|b| b.memory64(true).min((1 << 48) + 1)).is_err());
    assert!(build(|b| b.memory64(true).min(u64::MAX)).is_err());
    assert!(build(|b| b.page_size_log2(0).min(1 << 32)).is_ok());
    assert!(build(|b| b.page_size_log2(0).memory64(true).min(u64::MAX)).is_ok());
    assert!(build(|b| b.page_size_log2(0).min((1 << 32) + 1)).is_err());
    assert!(build(|b| b.page_size_log2(12)).is_err());
    let error = build(|b| b.shared(true).max(Some(1))).unwrap_err();
    assert!(error.to_string().contains("`threads`"), "{error}");
    assert!(build(|b| b.shared(true)).unwrap_err().to_string().contains("maximum"));
}

#[test]
fn supertypes_are_checked() {
    let engine = Engine::default();
    let make = |finality, above, params: &[ValType], results: &[ValType]| {
        FuncType::with_finality_and_supertype(
            &engine,
            finality,
            above,
            params.iter().cloned(),
            results.iter().cloned(),
        )
    };
    let closed = make(Finality::Final, None, &[], &[]).unwrap();
    assert!(make(Finality::Final, Some(&closed), &[], &[]).unwrap_err().to_string().contains("final"));
    let open = make(Finality::NonFinal, None, &[ValType::NULLFUNCREF], &[ValType::FUNCREF]).unwrap();
    assert!(make(Finality::Final, Some(&open), &[], &[]).is_err());
    assert!(make(Finality::Final, Some(&open), &[ValType::I32], &[ValType::FUNCREF]).is_err());
    // Parameters may be wider, results narrower, and not the other way round.
    let sub = make(Finality::NonFinal, Some(&open), &[ValType::FUNCREF], &[ValType::NULLFUNCREF]).unwrap();
    assert!(make(Finality::Final, Some(&sub), &[ValType::NULLFUNCREF], &[ValType::NULLFUNCREF]).is_err());
    assert!(make(Finality::Final, Some(&sub), &[ValType::FUNCREF], &[ValType::FUNCREF]).is_err());
    assert!(sub.matches(&open) && !open.matches(&sub));
    assert!(FuncType::eq(&sub.supertype().unwrap(), &open));
    assert!(open.finality().is_non_final() && open.supertype().is_none());
    // The same parameters and results do not make a subtype; the declaration does.
    let stranger = make(Finality::Final, None, &[ValType::FUNCREF], &[ValType::NULLFUNCREF]).unwrap();
    assert!(!stranger.matches(&open));
}

#[test]
#[should_panic(expected = "another engine")]
fn types_of_another_engine_are_refused() {
    let (a, b) = (Engine::default(), Engine::new(&Config::new()).unwrap());
    let ty = RefType::new(true, FuncType::new(&a, [], []).into());
    FuncType::new(&b, [ty.into()], []);
}

#[test]
fn exceptions_have_no_results() {
    let engine = Engine::default();
    let tag = TagType::new(FuncType::new(&engine, [], [ValType::I32]));
    assert!(ExnType::from_tag_type(&tag).is_err());
    let ty = ExnType::new(&engine, [ValType::I64]).unwrap();
    assert!(ty.matches(&ExnType::from_tag_type(&ty.tag_type()).unwrap()));
    assert!(ty.field(0).unwrap().is_i64() && ty.field(1).is_none());
}

/// Checks what can be linked to the only import of a module.
fn link(import_text: &str, actual: impl Fn(&Engine) -> Definition) -> Result<(), String> {
    let engine = Engine::default();
    let module = Module::new(&engine, format!("(module (import \"m\" \"n\" {import_text}))")).unwrap();
    let expected = import(module.module_types(), &module.info().imports[0].ty);
    check_import(&engine, &expected, &actual(&engine)).map_err(|error| error.to_string())
}

#[test]
fn memories_link_by_size_limits_and_width() {
    let memory = |ty: MemoryType, size| move |_: &Engine| Definition::Memory(ty.canonical(), size);
    assert!(link("(memory 1)", memory(MemoryType::new(1, None), 1)).is_ok());
    assert!(link("(memory 2)", memory(MemoryType::new(1, None), 1)).is_err());
    assert!(
        link("(memory 2)", memory(MemoryType::new(1, None), 2)).is_ok(),
        "the size counts, not the minimum"
    );
    assert!(link("(memory 1 3)", memory(MemoryType::new(1, None), 1)).is_err());
    assert!(link("(memory 1 3)", memory(MemoryType::new(1, Some(4)), 1)).is_err());
    assert!(link("(memory 1 3)", memory(MemoryType::new(1, Some(3)), 1)).is_ok());
    assert!(link("(memory 1)", memory(MemoryType::new64(1, None), 1)).is_err());
    assert!(link("(memory i64 1)", memory(MemoryType::new64(1, None), 1)).is_ok());
    let bytes = MemoryType::builder().min(1).page_size_log2(0).build().unwrap();
    assert!(link("(memory 1)", memory(bytes.clone(), 1)).is_err());
    assert!(link("(memory 1 (pagesize 1))", memory(bytes, 1)).is_ok());
    let text = link("(memory 2)", memory(MemoryType::new(1, None), 1)).unwrap_err();
    assert_eq!(text, "types incompatible: expected `(memory 2)`, found `(memory 1)`");
}

#[test]
fn tables_link_by_equal_elements() {
    let table = |ty: TableType, size| move |_: &Engine| Definition::Table(ty.canonical(), size);
    assert!(link("(table 1 funcref)", table(TableType::new(RefType::FUNCREF, 1, None), 1)).is_ok());
    assert!(link("(table 1 funcref)", table(TableType::new(RefType::NULLFUNCREF, 1, None), 1)).is_err());
    assert!(link("(table 1 externref)", table(TableType::new(RefType::FUNCREF, 1, None), 1)).is_err());
    assert!(link("(table i64 1 funcref)", table(TableType::new(RefType::FUNCREF, 1, None), 1)).is_err());
    assert!(link("(table 1 5 funcref)", table(TableType::new(RefType::FUNCREF, 1, Some(5)), 1)).is_ok());
    assert!(link("(table 2 funcref)", table(TableType::new(RefType::FUNCREF, 1, None), 1)).is_err());
}

#[test]
fn globals_link_by_mutability_and_content() {
    let global = |content, mutability| {
        let ty = GlobalType::new(content, mutability);
        move |_: &Engine| Definition::Global(ty.canonical())
    };
    use Mutability::{Const, Var};
    assert!(link("(global funcref)", global(ValType::FUNCREF, Const)).is_ok());
    assert!(link("(global funcref)", global(ValType::NULLFUNCREF, Const)).is_ok());
    assert!(link("(global (mut funcref))", global(ValType::NULLFUNCREF, Var)).is_err());
    assert!(link("(global (mut funcref))", global(ValType::FUNCREF, Var)).is_ok());
    assert!(link("(global i32)", global(ValType::I32, Var)).is_err());
    assert!(link("(global (mut i32))", global(ValType::I32, Const)).is_err());
    assert!(link("(global i32)", global(ValType::I64, Const)).is_err());
}

#[test]
fn functions_and_tags_link_by_type() {
    let func = |params: &'static [ValType]| {
        move |engine: &Engine| {
            // The type is kept alive by being leaked: the definition holds its bare id.
            let ty = Box::leak(Box::new(FuncType::new(engine, params.iter().cloned(), [])));
            Definition::Func(ty.id())
        }
    };
    assert!(link("(func (param i32))", func(&[ValType::I32])).is_ok());
    let text = link("(func (param i32))", func(&[ValType::I64])).unwrap_err();
    assert_eq!(text, "types incompatible: expected `(func (param i32))`, found `(func (param i64))`");
    assert_eq!(link("(memory 1)", func(&[])).unwrap_err(), "expected a memory, found a function");
    let tag = |engine: &Engine| match func(&[ValType::I32])(engine) {
        Definition::Func(id) => Definition::Tag(id),
        other => other,
    };
    assert!(link("(tag (param i32))", tag).is_ok());
    assert!(link("(tag (param i64))", tag).is_err());
}

#[test]
fn a_declared_subtype_links_where_its_supertype_is_asked_for() {
    let engine = Engine::default();
    let types = "(type $a (sub (func))) (type $b (sub $a (func)))";
    let wants_a =
        Module::new(&engine, format!("(module {types} (import \"\" \"\" (func (type $a))))")).unwrap();
    let wants_b =
        Module::new(&engine, format!("(module {types} (import \"\" \"\" (func (type $b))))")).unwrap();
    let [a, b] = [&wants_a, &wants_b].map(|m| import(m.module_types(), &m.info().imports[0].ty));
    assert!(check_import(&engine, &a, &b).is_ok());
    let text = check_import(&engine, &b, &a).unwrap_err().to_string();
    assert!(text.contains("different"), "{text}");
}
