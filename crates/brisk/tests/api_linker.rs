//! Linking by name.

use brisk::*;

fn module(engine: &Engine, wat: &str) -> Module {
    Module::new(engine, wat).unwrap()
}

#[test]
fn names_are_defined_once_unless_shadowing_is_allowed() {
    let mut linker = Linker::<()>::default();
    linker.func_wrap("a", "f", || 1).unwrap();
    let error = linker.func_wrap("a", "f", || 2).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "import of `a::f` defined twice");
    linker.allow_shadowing(true).func_wrap("a", "f", || 2).unwrap();
    let mut store = Store::new(linker.engine(), ());
    let func = linker.get(&mut store, "a", "f").unwrap().into_func().unwrap();
    assert_eq!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 2);
    assert!(linker.get(&mut store, "a", "g").is_err());
    assert!(linker.get(&mut store, "f", "a").is_err());
}

#[test]
fn all_kinds_of_things_are_linked() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let exporter = module(
        &engine,
        r#"(module
            (memory (export "memory") 1 2)
            (table (export "table") 3 4 funcref)
            (global (export "global") (mut i64) (i64.const 5))
            (tag (export "tag") (param i32))
            (func (export "throw") (param i32) (throw 0 (local.get 0))))"#,
    );
    let instance = linker.instantiate(&mut store, &exporter).unwrap();
    linker.instance(&mut store, "env", instance).unwrap();
    assert_eq!(linker.iter(&mut store).count(), 5);
    let importer = module(
        &engine,
        r#"(module
            (import "env" "memory" (memory 1))
            (import "env" "table" (table 1 funcref))
            (import "env" "global" (global $global (mut i64)))
            (import "env" "tag" (tag $tag (param i32)))
            (import "env" "throw" (func $throw (param i32)))
            (func (export "run") (result i32)
                (global.set $global (i64.const 6))
                (i32.store (i32.const 0) (i32.const 7))
                (block $caught (result i32)
                    (try_table (catch $tag $caught) (call $throw (i32.const 8)))
                    (i32.const -1))))"#,
    );
    let importer = linker.instantiate(&mut store, &importer).unwrap();
    let run = importer.get_typed_func::<(), i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), 8);
    assert_eq!(instance.get_global(&mut store, "global").unwrap().get(&mut store).unwrap_i64(), 6);
    assert_eq!(instance.get_memory(&mut store, "memory").unwrap().data(&store)[0], 7);
}

#[test]
fn imports_of_other_types_are_refused_by_name() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.func_wrap("env", "func", |_: i32| ()).unwrap();
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(2))).unwrap();
    linker.define(&store, "env", "memory", memory).unwrap();
    let ty = GlobalType::new(ValType::I32, Mutability::Const);
    let global = Global::new(&mut store, ty, Val::I32(1)).unwrap();
    linker.define(&store, "env", "global", global).unwrap();
    let ty = TableType::new(RefType::FUNCREF, 1, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    linker.define(&store, "env", "table", table).unwrap();
    let ty = TagType::new(FuncType::new(&engine, [ValType::I32], []));
    let tag = Tag::new(&mut store, &ty).unwrap();
    linker.define(&store, "env", "tag", tag).unwrap();
    for (name, import, fits) in [
        ("func", "func (param i32)", true),
        ("func", "func (param i64)", false),
        ("func", "func", false),
        ("func", "memory 1", false),
        ("memory", "memory 1 2", true),
        ("memory", "memory 0", true),
        ("memory", "memory 1 1", false),
        ("memory", "memory 2", false),
        ("memory", "memory i64 1", false),
        ("global", "global i32", true),
        ("global", "global (mut i32)", false),
        ("global", "global i64", false),
        ("table", "table 1 funcref", true),
        ("table", "table 1 1 funcref", false),
        ("table", "table 2 funcref", false),
        ("table", "table 1 externref", false),
        ("tag", "tag (param i32)", true),
        ("tag", "tag (param i64)", false),
    ] {
        let module = module(&engine, &format!(r#"(module (import "env" "{name}" ({import})))"#));
        let result = linker.instantiate(&mut store, &module);
        assert_eq!(result.is_ok(), fits, "{name} as {import}");
        if let Err(error) = result {
            assert_eq!(error.to_string(), format!("incompatible import type for `env::{name}`"));
        }
        // The same without a linker.
        let item = linker.get(&mut store, "env", name).unwrap();
        assert_eq!(Instance::new(&mut store, &module, &[item]).is_ok(), fits, "{name} as {import}");
    }
}

#[test]
fn a_grown_memory_or_table_is_linked_by_its_size() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let ty = TableType::new(RefType::EXTERNREF, 1, None);
    let table = Table::new(&mut store, ty, Ref::Extern(None)).unwrap();
    let module =
        module(&engine, r#"(module (import "" "m" (memory 3)) (import "" "t" (table 4 externref)))"#);
    let imports = [memory.into(), table.into()];
    assert!(Instance::new(&mut store, &module, &imports).is_err());
    memory.grow(&mut store, 2).unwrap();
    table.grow(&mut store, 3, Ref::Extern(None)).unwrap();
    Instance::new(&mut store, &module, &imports).unwrap();
}

#[test]
fn the_number_of_imports_must_fit() {
    let mut store = Store::<()>::default();
    let module = module(store.engine(), r#"(module (import "" "f" (func)))"#);
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(error.to_string(), "expected 1 imports, found 0");
}

#[test]
fn unknown_imports_have_default_values() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let importer = module(
        &engine,
        r#"(module
            (import "env" "f" (func $f (result i32 f64 externref)))
            (import "env" "g" (global $g i64))
            (import "env" "m" (memory 2))
            (import "env" "t" (table 3 funcref))
            (import "env" "e" (tag (param i32)))
            (func (export "run") (result i32 f64 externref) (call $f)))"#,
    );
    assert!(linker.instantiate(&mut store, &importer).is_err());
    linker.define_unknown_imports_as_default_values(&mut store, &importer).unwrap();
    let instance = linker.instantiate(&mut store, &importer).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let mut results = [Val::I32(1), Val::I32(1), Val::I32(1)];
    run.call(&mut store, &[], &mut results).unwrap();
    assert_eq!((results[0].unwrap_i32(), results[1].unwrap_f64()), (0, 0.0));
    assert!(results[2].externref().unwrap().is_none());
    let without = module(&engine, r#"(module (import "env" "n" (global (ref func))))"#);
    assert!(linker.define_unknown_imports_as_default_values(&mut store, &without).is_err());
}

#[test]
fn aliases_are_second_names() {
    let mut linker = Linker::<()>::default();
    linker.func_wrap("a", "f", || 1).unwrap();
    linker.func_wrap("a", "g", || 2).unwrap();
    linker.func_wrap("b", "g", || 3).unwrap();
    linker.alias("a", "f", "b", "h").unwrap();
    linker.alias_module("a", "c").unwrap();
    assert!(linker.alias("a", "missing", "b", "i").is_err());
    assert!(linker.alias_module("a", "b").is_err(), "b::g is defined already");
    let mut store = Store::new(linker.engine(), ());
    for (module, name, expected) in [("b", "h", 1), ("c", "f", 1), ("c", "g", 2), ("b", "g", 3)] {
        let func = linker.get(&mut store, module, name).unwrap().into_func().unwrap();
        let func = func.typed::<(), i32>(&store).unwrap();
        assert_eq!(func.call(&mut store, ()).unwrap(), expected, "{module}::{name}");
    }
}

#[test]
fn a_reactor_is_initialized_once_and_a_command_is_new_for_each_call() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let body = r#"(global $n (mut i32) (i32.const 0))
        (func (export "next") (result i32)
            (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))"#;
    let reactor = module(
        &engine,
        &format!(r#"(module {body} (func (export "_initialize") (global.set $n (i32.const 10))))"#),
    );
    let command =
        module(&engine, &format!(r#"(module {body} (memory (export "memory") 1) (func (export "_start")))"#));
    linker.module(&mut store, "reactor", &reactor).unwrap();
    linker.module(&mut store, "command", &command).unwrap();
    for (name, expected) in [("reactor", [11, 12]), ("command", [1, 1])] {
        let next = linker.get(&mut store, name, "next").unwrap().into_func().unwrap();
        let next = next.typed::<(), i32>(&store).unwrap();
        let values = [(); 2].map(|()| next.call(&mut store, ()).unwrap());
        assert_eq!(values, expected, "{name}");
    }
    let both = module(&engine, r#"(module (func (export "_start")) (func (export "_initialize")))"#);
    assert!(linker.module(&mut store, "both", &both).is_err());
    let global =
        module(&engine, r#"(module (func (export "_start")) (global (export "g") i32 (i32.const 1)))"#);
    assert!(linker.module(&mut store, "global", &global).is_err());
    linker.allow_unknown_exports(true).allow_shadowing(true).module(&mut store, "global", &global).unwrap();
}

#[test]
fn the_default_function_is_unnamed_or_start_or_nothing() {
    let mut linker = Linker::<Vec<i32>>::default();
    linker.func_wrap("a", "", |mut caller: Caller<'_, Vec<i32>>| caller.data_mut().push(1)).unwrap();
    linker.func_wrap("b", "_start", |mut caller: Caller<'_, Vec<i32>>| caller.data_mut().push(2)).unwrap();
    let mut store = Store::new(linker.engine(), Vec::new());
    for name in ["a", "b", "c"] {
        let func = linker.get_default(&mut store, name).unwrap();
        func.typed::<(), ()>(&store).unwrap().call(&mut store, ()).unwrap();
    }
    assert_eq!(store.data(), &[1, 2]);
}

#[test]
fn one_linker_serves_many_stores_and_threads() {
    let mut linker = Linker::<u64>::default();
    linker.func_wrap("env", "add", |mut caller: Caller<'_, u64>, n: u64| *caller.data_mut() += n).unwrap();
    let module = module(
        linker.engine(),
        r#"(module (import "env" "add" (func $add (param i64)))
            (func (export "run") (param i64) (call $add (local.get 0)) (call $add (i64.const 1))))"#,
    );
    let pre = linker.instantiate_pre(&module).unwrap();
    drop(linker);
    let threads: Vec<_> = (0..4)
        .map(|i| {
            let pre = pre.clone();
            std::thread::spawn(move || {
                for _ in 0..50 {
                    let mut store = Store::new(pre.module().engine(), 0);
                    let instance = pre.instantiate(&mut store).unwrap();
                    let run = instance.get_typed_func::<u64, ()>(&mut store, "run").unwrap();
                    run.call(&mut store, i).unwrap();
                    assert_eq!(*store.data(), i + 1);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn things_of_different_engines_or_stores_do_not_mix() {
    let (one, other) = (Engine::default(), Engine::default());
    let mut linker = Linker::<()>::new(&one);
    let mut store = Store::new(&other, ());
    let module = module(&one, "(module)");
    assert!(linker.instantiate(&mut store, &module).is_err());
    assert!(Instance::new(&mut store, &module, &[]).is_err());
    assert!(Linker::<()>::new(&other).instantiate_pre(&module).is_err());

    let (mut a, mut b) = (Store::new(&one, ()), Store::new(&one, ()));
    let func = Func::wrap(&mut a, || ());
    let error = linker.define(&b, "m", "f", func).map(|_| ()).unwrap_err();
    assert!(error.is::<WrongStore>());
    linker.define(&a, "m", "f", func).unwrap();
    assert!(linker.get(&mut b, "m", "f").unwrap_err().is::<WrongStore>());
    let importer = Module::new(&one, r#"(module (import "m" "f" (func)))"#).unwrap();
    assert!(linker.instantiate(&mut b, &importer).unwrap_err().is::<WrongStore>());
    linker.instantiate(&mut a, &importer).unwrap();

    // The same number may stand for another type there.
    let ty = FuncType::new(&other, [ValType::I32], []);
    let ty = ValType::Ref(RefType::new(true, HeapType::ConcreteFunc(ty)));
    assert!(Val::from(func).matches_ty(&a, &ty).is_err());
    assert!(Ref::from(func).matches_ty(&a, ty.unwrap_ref()).is_err());
    assert!(Global::new(&mut a, GlobalType::new(ty.clone(), Mutability::Const), Val::FuncRef(None)).is_err());
    assert!(Table::new(&mut a, TableType::new(ty.unwrap_ref().clone(), 1, None), Ref::Func(None)).is_err());
}

#[test]
fn exports_are_found_by_name_by_index_and_in_order() {
    let mut store = Store::<()>::default();
    let module = module(
        store.engine(),
        r#"(module (func (export "f")) (func $g (export "g") (export "also g"))
            (memory (export "m") 1) (global (export "v") i32 (i32.const 4)))"#,
    );
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    assert!(Module::same(instance.module(&store), &module));
    let names: Vec<_> = instance.exports(&mut store).map(|export| export.name().to_owned()).collect();
    assert_eq!(names, ["f", "g", "also g", "m", "v"]);
    let index = module.get_export_index("v").unwrap();
    let global = instance.get_module_export(&mut store, &index).unwrap().into_global().unwrap();
    assert_eq!(global.get(&mut store).unwrap_i32(), 4);
    assert!(instance.get_func(&mut store, "m").is_none());
    assert!(instance.get_memory(&mut store, "missing").is_none());
    let error = instance.get_typed_func::<(), ()>(&mut store, "m").map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "failed to find function export `m`");
}
