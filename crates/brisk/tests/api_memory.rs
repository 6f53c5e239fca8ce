//! Memories, tables and globals, up to their limits.

use brisk::*;

fn instance<T: 'static>(store: &mut Store<T>, wat: &str) -> Result<Instance> {
    let module = Module::new(store.engine(), wat)?;
    Instance::new(store, &module, &[])
}

#[test]
fn host_and_wasm_see_the_same_bytes() {
    let mut store = Store::<()>::default();
    let instance = instance(
        &mut store,
        r#"(module (memory (export "memory") 1)
            (data (i32.const 10) "abc")
            (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
            (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#,
    )
    .unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let load = instance.get_typed_func::<u32, u32>(&mut store, "load").unwrap();
    let put = instance.get_typed_func::<(u32, u32), ()>(&mut store, "store").unwrap();
    let grow = instance.get_typed_func::<u32, i32>(&mut store, "grow").unwrap();
    assert_eq!(&memory.data(&store)[9..14], b"\0abc\0");
    memory.data_mut(&mut store)[10] = 200;
    assert_eq!(load.call(&mut store, 10).unwrap(), 200);
    put.call(&mut store, (65532, u32::MAX)).unwrap();
    assert_eq!(memory.data(&store)[65535], 255);
    assert!(put.call(&mut store, (65533, 0)).is_err());
    assert_eq!(memory.data(&store)[65535], 255, "a store that traps writes nothing");

    // Both kinds of growth are seen by both sides, and keep the contents.
    assert_eq!(grow.call(&mut store, 20).unwrap(), 1);
    assert_eq!((memory.size(&store), memory.data_size(&store)), (21, 21 << 16));
    put.call(&mut store, (20 << 16, 3)).unwrap();
    assert_eq!(memory.grow(&mut store, 100).unwrap(), 21);
    assert_eq!(load.call(&mut store, 20 << 16).unwrap(), 3);
    assert_eq!(load.call(&mut store, (121 << 16) - 1).unwrap(), 0);
    assert_eq!(load.call(&mut store, 10).unwrap(), 200);
    let (bytes, ()) = memory.data_and_store_mut(&mut store);
    assert_eq!(bytes[10], 200);
}

#[test]
fn reads_and_writes_are_all_or_nothing() {
    let mut store = Store::<()>::default();
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    memory.write(&mut store, 65530, b"123456").unwrap();
    let mut buffer = [9; 6];
    memory.read(&store, 65530, &mut buffer).unwrap();
    assert_eq!(&buffer, b"123456");
    for offset in [65531, 65536, usize::MAX - 2, usize::MAX] {
        assert!(memory.write(&mut store, offset, b"abcdef").is_err());
        assert!(memory.read(&store, offset, &mut buffer).is_err());
    }
    assert_eq!(&buffer, b"123456");
    assert_eq!(&memory.data(&store)[65530..], b"123456");
    memory.write(&mut store, 65536, b"").unwrap();
    assert!(memory.write(&mut store, 65537, b"").is_err());
}

#[test]
fn growth_stops_at_the_maximum() {
    let mut store = Store::<()>::default();
    let memory = Memory::new(&mut store, MemoryType::new(0, Some(3))).unwrap();
    assert!(memory.data(&store).is_empty());
    assert_eq!(memory.grow(&mut store, 0).unwrap(), 0);
    assert_eq!(memory.grow(&mut store, 3).unwrap(), 0);
    for delta in [1, 65536, u64::from(u32::MAX), u64::MAX] {
        assert_eq!(
            memory.grow(&mut store, delta).unwrap_err().to_string(),
            format!("failed to grow memory by `{delta}`")
        );
    }
    assert_eq!(memory.grow(&mut store, 0).unwrap(), 3);
    let plain = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    for delta in [65536, u64::MAX] {
        assert!(plain.grow(&mut store, delta).is_err(), "no more than 65,536 pages");
    }
    assert_eq!(plain.size(&store), 1);
}

#[test]
fn the_largest_32_bit_memory_is_made_or_refused() {
    let mut store = Store::<()>::default();
    let result = instance(
        &mut store,
        r#"(module (memory (export "m") 65536)
            (func (export "last") (result i32)
                (i32.store8 (i32.const -1) (i32.const 77)) (i32.load8_u (i32.const -1))))"#,
    );
    match result {
        Ok(instance) => {
            let last = instance.get_typed_func::<(), i32>(&mut store, "last").unwrap();
            assert_eq!(last.call(&mut store, ()).unwrap(), 77);
            let memory = instance.get_memory(&mut store, "m").unwrap();
            assert_eq!(memory.data_size(&store), 1 << 32);
            assert!(memory.grow(&mut store, 1).is_err());
        }
        Err(error) => assert!(format!("{error:#}").contains("refused"), "{error:#}"),
    }
}

#[test]
fn memories_that_cannot_be_are_errors() {
    let mut store = Store::<()>::default();
    for memory in ["i64 0x1_0000_0000_0000", "i64 0xffff_ffff_ffff", "i64 0x8000_0000_0000 (pagesize 1)"] {
        let error = instance(&mut store, &format!("(module (memory {memory}))")).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("memory"), "{memory}: {text}");
    }
    // The store is not spoiled by that.
    instance(&mut store, "(module (memory 1))").unwrap();
}

#[test]
fn a_64_bit_memory_checks_all_bits_of_addresses() {
    let mut store = Store::<()>::default();
    let instance = instance(
        &mut store,
        r#"(module (memory (export "m") i64 1)
            (func (export "load") (param i64) (result i32) (i32.load8_u offset=8 (local.get 0)))
            (func (export "far") (param i64) (result i32) (i32.load8_u offset=0xffff_ffff_ffff_fff8 (local.get 0)))
            (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
            (func (export "fill") (param i64 i64) (memory.fill (local.get 0) (i32.const 1) (local.get 1))))"#,
    )
    .unwrap();
    let load = instance.get_typed_func::<u64, i32>(&mut store, "load").unwrap();
    let far = instance.get_typed_func::<u64, i32>(&mut store, "far").unwrap();
    assert_eq!(load.call(&mut store, 65527).unwrap(), 0);
    for address in [65528, 1 << 32, u64::MAX - 7, u64::MAX] {
        let error = load.call(&mut store, address).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds), "{address:#x}");
    }
    for address in [0, 8, 9, u64::MAX] {
        assert!(far.call(&mut store, address).is_err(), "{address:#x}");
    }
    let grow = instance.get_typed_func::<u64, i64>(&mut store, "grow").unwrap();
    for delta in [1 << 48, 1 << 60, u64::MAX] {
        assert_eq!(grow.call(&mut store, delta).unwrap(), -1);
    }
    assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
    let fill = instance.get_typed_func::<(u64, u64), ()>(&mut store, "fill").unwrap();
    fill.call(&mut store, (131072, 0)).unwrap();
    for (start, len) in [(131072, 1), (u64::MAX, 1), (1, u64::MAX), (131073, 0)] {
        assert!(fill.call(&mut store, (start, len)).is_err(), "{start} {len}");
    }
}

#[test]
fn pages_of_one_byte() {
    let mut store = Store::<()>::default();
    let instance = instance(
        &mut store,
        r#"(module (memory (export "m") 5 1000 (pagesize 1))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "put") (param i32) (i32.store8 (local.get 0) (i32.const 1))))"#,
    )
    .unwrap();
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").unwrap();
    let put = instance.get_typed_func::<i32, ()>(&mut store, "put").unwrap();
    assert_eq!((memory.page_size(&store), memory.data_size(&store)), (1, 5));
    put.call(&mut store, 4).unwrap();
    assert!(put.call(&mut store, 5).is_err());
    assert_eq!(grow.call(&mut store, 1).unwrap(), 5);
    put.call(&mut store, 5).unwrap();
    assert_eq!(grow.call(&mut store, 995).unwrap(), -1);
    assert_eq!(grow.call(&mut store, 994).unwrap(), 6);
    assert_eq!(memory.data(&store).iter().filter(|&&byte| byte == 1).count(), 2);
}

#[test]
fn bulk_operations_check_before_they_write() {
    let mut store = Store::<()>::default();
    let instance = instance(
        &mut store,
        r#"(module (memory (export "m") 1) (memory $n 1)
            (data $d "0123456789")
            (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
            (func (export "across") (param i32 i32 i32)
                (memory.copy 0 $n (local.get 0) (local.get 1) (local.get 2)))
            (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
            (func (export "init") (param i32 i32 i32) (memory.init $d (local.get 0) (local.get 1) (local.get 2)))
            (func (export "drop") (data.drop $d)))"#,
    )
    .unwrap();
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let get = |store: &mut Store<()>, name: &str| {
        instance.get_typed_func::<(u32, u32, u32), ()>(&mut *store, name).unwrap()
    };
    let (copy, across, fill, init) = (
        get(&mut store, "copy"),
        get(&mut store, "across"),
        get(&mut store, "fill"),
        get(&mut store, "init"),
    );
    init.call(&mut store, (0, 0, 10)).unwrap();
    copy.call(&mut store, (2, 0, 8)).unwrap();
    assert_eq!(&memory.data(&store)[..10], b"0101234567", "overlapping, upwards");
    copy.call(&mut store, (0, 2, 8)).unwrap();
    assert_eq!(&memory.data(&store)[..10], b"0123456767", "overlapping, downwards");
    across.call(&mut store, (3, 65533, 3)).unwrap();
    assert_eq!(&memory.data(&store)[..10], b"012\0\0\x006767");
    let before = memory.data(&store).to_vec();
    for args in
        [(65530, 0, 7), (0, 65530, 7), (65537, 0, 0), (0, 65537, 0), (u32::MAX, 1, 1), (0, 0, u32::MAX)]
    {
        let error = copy.call(&mut store, args).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
        assert!(across.call(&mut store, args).is_err());
    }
    for args in [(65530, 1, 7), (65537, 1, 0), (u32::MAX, 1, 2)] {
        assert!(fill.call(&mut store, args).is_err());
    }
    for args in [(0, 5, 6), (0, 11, 0), (65530, 0, 7), (0, u32::MAX, 1)] {
        assert!(init.call(&mut store, args).is_err());
    }
    assert!(memory.data(&store) == before, "nothing was written");
    instance.get_typed_func::<(), ()>(&mut store, "drop").unwrap().call(&mut store, ()).unwrap();
    init.call(&mut store, (0, 0, 0)).unwrap();
    assert!(init.call(&mut store, (0, 0, 1)).is_err());
}

#[test]
fn active_segments_are_copied_in_order_until_one_does_not_fit() {
    let mut store = Store::<()>::default();
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, None), Ref::Func(None)).unwrap();
    let module = |wat: &str| Module::new(store.engine(), wat).unwrap();
    let late = module(
        r#"(module (import "" "m" (memory 1)) (import "" "t" (table 2 funcref)) (func $f (result i32) (i32.const 6))
            (elem (i32.const 0) $f) (elem (i32.const 1) $f $f) (data (i32.const 0) "x"))"#,
    );
    let data = module(
        r#"(module (import "" "m" (memory 1)) (import "" "t" (table 2 funcref))
            (data (i32.const 5) "y") (data (i32.const 65535) "zz") (data (i32.const 6) "z"))"#,
    );
    let imports = [memory.into(), table.into()];
    let error = Instance::new(&mut store, &late, &imports).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::TableOutOfBounds));
    assert!(table.get(&mut store, 1).unwrap().is_null());
    assert_eq!(memory.data(&store)[0], 0, "data segments come after element segments");
    // The function of the failed instance works on.
    let func = *table.get(&mut store, 0).unwrap().unwrap_func().unwrap();
    assert_eq!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 6);
    let error = Instance::new(&mut store, &data, &imports).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
    assert_eq!((&memory.data(&store)[5..7], memory.data(&store)[65535]), (&b"y\0"[..], 0));
}

#[test]
fn tables_hold_grow_fill_and_copy() {
    let mut store = Store::<()>::default();
    let ty = TableType::new(RefType::FUNCREF, 3, Some(10));
    let one = Func::wrap(&mut store, || 1);
    let two = Func::wrap(&mut store, || 2);
    let table = Table::new(&mut store, ty.clone(), one.into()).unwrap();
    let other = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    assert_eq!(table.grow(&mut store, 2, two.into()).unwrap(), 3);
    assert!(table.grow(&mut store, 6, two.into()).is_err());
    assert!(table.grow(&mut store, u64::MAX, two.into()).is_err());
    let values = |store: &mut Store<()>, table: &Table| -> Vec<i32> {
        let size = table.size(&*store);
        let call = |store: &mut Store<()>, func: &Func| {
            func.typed::<(), i32>(&*store).unwrap().call(&mut *store, ()).unwrap()
        };
        (0..size)
            .map(|i| match table.get(&mut *store, i).unwrap() {
                Ref::Func(Some(func)) => call(store, &func),
                _ => 0,
            })
            .collect()
    };
    assert_eq!(values(&mut store, &table), [1, 1, 1, 2, 2]);
    table.fill(&mut store, 1, Ref::Func(None), 2).unwrap();
    assert_eq!(values(&mut store, &table), [1, 0, 0, 2, 2]);
    Table::copy(&mut store, &table, 2, &table, 0, 3).unwrap();
    assert_eq!(values(&mut store, &table), [1, 0, 1, 0, 0]);
    Table::copy(&mut store, &other, 1, &table, 0, 2).unwrap();
    assert_eq!(values(&mut store, &other), [0, 1, 0]);
    assert!(table.fill(&mut store, 4, one.into(), 2).is_err());
    assert!(table.set(&mut store, 5, one.into()).is_err());
    assert!(Table::copy(&mut store, &other, 0, &table, 2, 4).is_err());
    assert!(table.set(&mut store, 0, Ref::Extern(None)).is_err(), "of another type");
    let externs =
        Table::new(&mut store, TableType::new(RefType::EXTERNREF, 3, None), Ref::Extern(None)).unwrap();
    assert!(Table::copy(&mut store, &externs, 0, &table, 0, 1).is_err());
}

#[test]
fn nulls_and_copies_at_the_end_of_large_tables() {
    let mut store = Store::<()>::default();
    let ty = TableType::new(RefType::EXTERNREF, 1000, None);
    let table = Table::new(&mut store, ty.clone(), Ref::Extern(None)).unwrap();
    let other = Table::new(&mut store, ty, Ref::Extern(None)).unwrap();
    let mut scope = RootScope::new(&mut store);
    let value = ExternRef::new(&mut scope, 5_u8).unwrap();
    table.set(&mut scope, 700, value.into()).unwrap();
    table.fill(&mut scope, 0, Ref::Extern(None), 700).unwrap();
    Table::copy(&mut scope, &other, 0, &table, 600, 400).unwrap();
    Table::copy(&mut scope, &table, 200, &other, 0, 800).unwrap();
    drop(scope);
    store.gc(None).unwrap();
    for (table, at) in [(table, 300), (other, 100)] {
        for index in 0..1000 {
            let found = table.get(&mut store, index).unwrap();
            assert_eq!(found.is_non_null(), index == at, "{index}");
        }
        let found = table.get(&mut store, at).unwrap();
        assert_eq!(found.unwrap_extern().unwrap().data(&store).unwrap().unwrap().downcast_ref(), Some(&5_u8));
    }
    // Clearing works from the middle over the end of what is used.
    other.fill(&mut store, 50, Ref::Extern(None), 950).unwrap();
    assert!((0..1000).all(|index| other.get(&mut store, index).unwrap().is_null()));
}

#[test]
fn huge_tables_are_made_or_refused() {
    let mut store = Store::<()>::default();
    for table in [
        "0xffff_ffff funcref",
        "0xffff_ffff externref",
        "i64 0x1000_0000_0000 funcref",
        "i64 0x7fff_ffff_ffff_ffff externref",
    ] {
        match instance(&mut store, &format!(r#"(module (table (export "t") {table}))"#)) {
            Ok(instance) => {
                let table = instance.get_table(&mut store, "t").unwrap();
                let last = table.size(&store) - 1;
                assert!(table.get(&mut store, last).unwrap().is_null());
            }
            Err(error) => assert!(error.to_string().contains("table"), "{error:#}"),
        }
    }
    let ty = TableType::new(RefType::FUNCREF, 1, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    assert!(table.grow(&mut store, u64::from(u32::MAX), Ref::Func(None)).is_err());
    assert_eq!(table.size(&store), 1);
}

#[test]
fn limiters_may_refuse_at_the_beginning() {
    let limits = StoreLimitsBuilder::new().memory_size(1 << 16).table_elements(10).build();
    let mut store = Store::new(&Engine::default(), limits);
    store.limiter(|limits| limits);
    instance(&mut store, "(module (memory 1) (table 10 funcref))").unwrap();
    let error = instance(&mut store, "(module (memory 2))").unwrap_err();
    assert_eq!(error.to_string(), "memory minimum size of 2 pages exceeds memory limits");
    let error = instance(&mut store, "(module (table 11 funcref))").unwrap_err();
    assert_eq!(error.to_string(), "table minimum size of 11 elements exceeds table limits");
}

#[test]
fn globals_of_every_type() {
    let mut store = Store::<()>::default();
    let func = Func::wrap(&mut store, || 5);
    let data = ExternRef::new(&mut store, "text").unwrap();
    for (ty, value) in [
        (ValType::I32, Val::I32(-1)),
        (ValType::I64, Val::I64(i64::MIN)),
        (ValType::F32, Val::F32(0x7fa0_0000)),
        (ValType::F64, Val::from(-0.0)),
        (ValType::V128, Val::from(u128::MAX - 1)),
        (ValType::FUNCREF, func.into()),
        (ValType::EXTERNREF, data.into()),
        (ValType::EXNREF, Val::null_exn_ref()),
    ] {
        let global = Global::new(&mut store, GlobalType::new(ty.clone(), Mutability::Var), value).unwrap();
        assert!(ValType::eq(global.ty(&store).content(), &ty));
        let back = global.get(&mut store);
        match (value, back) {
            (Val::FuncRef(_), Val::FuncRef(Some(func))) => {
                assert_eq!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 5);
            }
            (Val::ExternRef(_), Val::ExternRef(Some(back))) => {
                assert!(Rooted::ref_eq(&store, &data, &back).unwrap())
            }
            _ => assert_eq!(format!("{value:?}"), format!("{back:?}")),
        }
        assert_eq!(global.set(&mut store, Val::I32(3)).is_ok(), ty.is_i32());
    }
    let constant =
        Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Const), Val::I32(1)).unwrap();
    assert_eq!(
        constant.set(&mut store, Val::I32(2)).unwrap_err().to_string(),
        "immutable global cannot be set"
    );
    assert!(Global::new(&mut store, GlobalType::new(ValType::I32, Mutability::Const), Val::I64(1)).is_err());
}

#[test]
fn extended_constants_and_chains_of_globals() {
    let mut store = Store::<()>::default();
    let instance = instance(
        &mut store,
        r#"(module
            (global $a (export "a") i32 (i32.const 3))
            (global $b (export "b") i32 (i32.sub (i32.mul (global.get $a) (i32.const 5)) (i32.const 16)))
            (global $c (export "c") i64 (i64.add (i64.const -1) (i64.mul (i64.const 7) (i64.const 6))))
            (global $f (export "f") funcref (ref.func $one))
            (memory (export "m") 1)
            (data (offset (i32.add (global.get $a) (i32.const 4))) "q")
            (table (export "t") 4 funcref (ref.func $one))
            (elem (table 0) (offset (global.get $a)) funcref (ref.null func))
            (func $one (result i32) (i32.const 1)))"#,
    )
    .unwrap();
    let mut get = |name: &str| instance.get_global(&mut store, name).unwrap().get(&mut store);
    assert_eq!((get("b").unwrap_i32(), get("c").unwrap_i64()), (-1, 41));
    assert!(get("f").funcref().unwrap().is_some());
    assert_eq!(instance.get_memory(&mut store, "m").unwrap().data(&store)[7], b'q');
    let table = instance.get_table(&mut store, "t").unwrap();
    let nulls: Vec<_> = (0..4).map(|i| table.get(&mut store, i).unwrap().is_null()).collect();
    assert_eq!(nulls, [false, false, false, true]);
}

/// Runs a test of this file again in a process with little address space.
#[cfg(target_os = "linux")]
fn with_address_space(kilobytes: u64, test: &str) {
    let exe = std::env::current_exe().unwrap();
    let status = std::process::Command::new("sh")
        .args(["-c", &format!("ulimit -v {kilobytes} && exec \"$0\" --exact {test} --nocapture")])
        .arg(exe)
        .env("BRISK_ADDRESS_SPACE", kilobytes.to_string())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&status.stdout);
    assert!(status.status.success(), "{output}{}", String::from_utf8_lossy(&status.stderr));
    assert!(output.contains("1 passed"), "{output}");
}

#[test]
#[cfg(target_os = "linux")]
fn little_address_space_gives_errors_and_never_an_abort() {
    with_address_space(512 << 10, "all_that_grows_until_the_system_refuses");
    with_address_space(2 << 20, "all_that_grows_until_the_system_refuses");
}

/// Does its work only in the process that the test above starts.
#[test]
fn all_that_grows_until_the_system_refuses() {
    let Some(kilobytes) =
        std::env::var("BRISK_ADDRESS_SPACE").ok().and_then(|value| value.parse::<u64>().ok())
    else {
        return;
    };
    let mut store = Store::<()>::default();
    let instance = instance(
        &mut store,
        r#"(module (memory (export "m") 1) (table $f 1 funcref) (table $e 1 externref) (tag $t (param i64 i64))
            (table $keep 1 exnref)
            (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "funcs") (param i32) (result i32) (table.grow $f (ref.null func) (local.get 0)))
            (func (export "externs") (param i32) (result i32) (table.grow $e (ref.null extern) (local.get 0)))
            (func (export "last") (param i32) (i32.store8 (local.get 0) (i32.const 1)))
            (func (export "throw") (param i32) (local $e exnref)
                (drop (table.grow $keep (ref.null exn) (local.get 0)))
                (loop $again
                    (block $caught (result i64 i64 exnref)
                        (try_table (catch_ref $t $caught) (throw $t (i64.const 1) (i64.const 2)))
                        (unreachable))
                    (local.set $e) drop drop
                    (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                    (table.set $keep (local.get 0) (local.get $e))
                    (br_if $again (local.get 0)))))"#,
    )
    .unwrap();
    // The largest memory is refused or made, and does not prevent what follows.
    let _ = Memory::new(&mut store, MemoryType::new(65536, None));
    let _ = Memory::new(&mut store, MemoryType::new64(1 << 30, None));
    let ty = TableType::new(RefType::FUNCREF, u32::MAX, None);
    assert!(Table::new(&mut store, ty, Ref::Func(None)).is_err());
    if kilobytes < 1 << 20 {
        // More exceptions than there is room for.
        let throw = instance.get_typed_func::<i32, ()>(&mut store, "throw").unwrap();
        let error = throw.call(&mut store, 10_000_000).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::HeapLimit));
    }
    for name in ["memory", "funcs", "externs"] {
        let grow = instance.get_typed_func::<i32, i32>(&mut store, name).unwrap();
        let mut delta = 1 << 14;
        while delta > 0 {
            while grow.call(&mut store, delta).unwrap() >= 0 {}
            delta /= 2;
        }
    }
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let last = instance.get_typed_func::<u32, ()>(&mut store, "last").unwrap();
    let size = memory.data_size(&store);
    last.call(&mut store, u32::try_from(size - 1).unwrap()).unwrap();
    assert!(last.call(&mut store, u32::try_from(size).unwrap_or(0)).is_err() || size == 1 << 32);
    let stores: Vec<_> = (0..10_000).map_while(|_| Store::try_new(store.engine(), ()).ok()).collect();
    assert!(stores.len() < 10_000);
    drop(stores);
    last.call(&mut store, 0).unwrap();
}
