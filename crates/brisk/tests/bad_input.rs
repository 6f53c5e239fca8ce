//! Modules at the limits of what can be run.

use brisk::*;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn instance(text: &str) -> (Store<()>, Result<Instance>) {
    let engine = Engine::default();
    let module = Module::new(&engine, text).expect("the module is valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]);
    (store, instance)
}

fn call(store: &mut Store<()>, instance: Instance, name: &str, args: &[Val]) -> Result<Vec<Val>> {
    let func = instance.get_func(&mut *store, name).expect("the export is there");
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(store, args, &mut results)?;
    Ok(results)
}

fn trap(result: Result<Vec<Val>>) -> Option<Trap> {
    result.err().and_then(|error| error.downcast_ref().copied())
}

#[test]
fn a_memory_of_4_gib() {
    let (mut store, made) = instance(
        r#"(module (memory 65536)
            (func (export "last") (result i32) (i32.store8 (i32.const -1) (i32.const 7)) (i32.load8_u (i32.const -1)))
            (func (export "beyond") (result i32) (i32.load16_u (i32.const -1)))
            (func (export "offset") (result i32) (i32.load8_u offset=4294967295 (i32.const 1)))
            (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#,
    );
    // A machine may refuse so much.
    let Ok(made) = made else { return };
    assert_eq!(call(&mut store, made, "last", &[]).unwrap()[0].i32(), Some(7));
    assert_eq!(trap(call(&mut store, made, "beyond", &[])), Some(Trap::MemoryOutOfBounds));
    assert_eq!(trap(call(&mut store, made, "offset", &[])), Some(Trap::MemoryOutOfBounds));
    assert_eq!(call(&mut store, made, "grow", &[]).unwrap()[0].i32(), Some(-1));
}

#[test]
fn memories_and_tables_beyond_any_machine_are_errors() {
    for text in [
        "(module (memory i64 0x1000000000000))",
        "(module (memory i64 0xffffffffffff))",
        "(module (table i64 0xffffffffffffffff funcref))",
        "(module (table i64 0x1000000000000000 externref))",
    ] {
        let (_store, made) = instance(text);
        assert!(made.is_err(), "{text}");
    }
    // This one may fit.
    drop(instance("(module (table 0xffffffff funcref))"));
}

#[test]
fn accesses_of_each_width_at_the_last_byte() {
    for (op, width) in [("8_u", 1u64), ("16_u", 2), ("32_u", 4), ("", 8)] {
        let text = format!(
            r#"(module (memory 1)
                (func (export "load") (param i32) (result i64) (i64.load{op} (local.get 0)))
                (func (export "store") (param i32) (i64.store{} (local.get 0) (i64.const -1))))"#,
            op.trim_end_matches("_u")
        );
        let (mut store, made) = instance(&text);
        let made = made.unwrap();
        let last = 0x1_0000 - width;
        assert!(call(&mut store, made, "store", &[Val::I32(last as i32)]).is_ok());
        let all = u64::MAX >> (64 - 8 * width);
        let args = [Val::I32(last as i32)];
        assert_eq!(call(&mut store, made, "load", &args).unwrap()[0].i64(), Some(all.cast_signed()), "{op}");
        for address in [last + 1, 0xffff + 1, 0xffff_ffff] {
            let args = [Val::I32(address as i32)];
            assert_eq!(trap(call(&mut store, made, "load", &args)), Some(Trap::MemoryOutOfBounds), "{op}");
            assert_eq!(trap(call(&mut store, made, "store", &args)), Some(Trap::MemoryOutOfBounds), "{op}");
        }
    }
}

#[test]
fn a_trap_in_the_middle_of_a_bulk_operation_writes_nothing() {
    let (mut store, made) = instance(
        r#"(module (memory 1) (data $d "abcd")
            (func (export "fill") (memory.fill (i32.const 65530) (i32.const 1) (i32.const 7)))
            (func (export "copy") (memory.copy (i32.const 65530) (i32.const 0) (i32.const 7)))
            (func (export "init") (memory.init $d (i32.const 65534) (i32.const 0) (i32.const 4)))
            (func (export "end") (result i64) (i64.load (i32.const 65528))))"#,
    );
    let made = made.unwrap();
    for name in ["fill", "copy", "init"] {
        assert_eq!(trap(call(&mut store, made, name, &[])), Some(Trap::MemoryOutOfBounds), "{name}");
        assert_eq!(call(&mut store, made, "end", &[]).unwrap()[0].i64(), Some(0), "{name}");
    }
}

#[test]
fn a_branch_table_with_a_million_targets() {
    let mut targets = "0 ".repeat(999_999);
    targets.push_str("1 0");
    let (mut store, made) = instance(&format!(
        r#"(module (func (export "f") (param i32) (result i32)
            (block (block (br_table {targets} (local.get 0))) (return (i32.const 10)))
            (i32.const 20)))"#
    ));
    let made = made.unwrap();
    for (index, expected) in [(0, 10), (999_998, 10), (999_999, 20), (1_000_000, 10), (-1, 10)] {
        let result = call(&mut store, made, "f", &[Val::I32(index)]).unwrap();
        assert_eq!(result[0].i32(), Some(expected), "{index}");
    }
}

#[test]
fn frames_of_many_locals() {
    for count in [300, 5_000, 50_000] {
        let mut text = format!(
            r#"(module (func (export "f") (param i32) (result i32) (local {})"#,
            "i32 ".repeat(count - 1)
        );
        // Each local is the one before it plus one.
        for local in 1..count {
            let _ = write!(text, "(local.set {local} (i32.add (local.get {}) (i32.const 1)))", local - 1);
        }
        let _ = write!(text, "(local.get {})))", count - 1);
        let (mut store, made) = instance(&text);
        let result = call(&mut store, made.unwrap(), "f", &[Val::I32(5)]).unwrap();
        assert_eq!(result[0].i32(), Some(5 + count as i32 - 1), "{count}");
    }
}

#[test]
fn a_panic_of_a_host_function_goes_through_and_the_store_stays_usable() {
    fn fail() {
        panic!("from the host");
    }
    let engine = Engine::default();
    let text = r#"(module (import "" "" (func $host)) (func (export "f") (call $host)) (func (export "g")))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let host = Func::wrap(&mut store, fail);
    let made = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    let ended = catch_unwind(AssertUnwindSafe(|| call(&mut store, made, "f", &[])));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"from the host"));
    assert!(call(&mut store, made, "g", &[]).is_ok());
}

/// Instructions that access memory, how many bytes they access, and the lane of those that have one.
const LOADS: &[(&str, u64, &str)] = &[
    ("i32.load8_s", 1, ""),
    ("i32.load8_u", 1, ""),
    ("i32.load16_s", 2, ""),
    ("i32.load16_u", 2, ""),
    ("i32.load", 4, ""),
    ("i64.load8_s", 1, ""),
    ("i64.load8_u", 1, ""),
    ("i64.load16_s", 2, ""),
    ("i64.load16_u", 2, ""),
    ("i64.load32_s", 4, ""),
    ("i64.load32_u", 4, ""),
    ("i64.load", 8, ""),
    ("f32.load", 4, ""),
    ("f64.load", 8, ""),
    ("v128.load", 16, ""),
    ("v128.load8x8_s", 8, ""),
    ("v128.load8x8_u", 8, ""),
    ("v128.load16x4_s", 8, ""),
    ("v128.load16x4_u", 8, ""),
    ("v128.load32x2_s", 8, ""),
    ("v128.load32x2_u", 8, ""),
    ("v128.load8_splat", 1, ""),
    ("v128.load16_splat", 2, ""),
    ("v128.load32_splat", 4, ""),
    ("v128.load64_splat", 8, ""),
    ("v128.load32_zero", 4, ""),
    ("v128.load64_zero", 8, ""),
    ("v128.load8_lane", 1, "15"),
    ("v128.load16_lane", 2, "7"),
    ("v128.load32_lane", 4, "3"),
    ("v128.load64_lane", 8, "1"),
];

const STORES: &[(&str, u64, &str)] = &[
    ("i32.store8", 1, ""),
    ("i32.store16", 2, ""),
    ("i32.store", 4, ""),
    ("i64.store8", 1, ""),
    ("i64.store16", 2, ""),
    ("i64.store32", 4, ""),
    ("i64.store", 8, ""),
    ("f32.store", 4, ""),
    ("f64.store", 8, ""),
    ("v128.store", 16, ""),
    ("v128.store8_lane", 1, "15"),
    ("v128.store16_lane", 2, "7"),
    ("v128.store32_lane", 4, "3"),
    ("v128.store64_lane", 8, "1"),
];

/// Every load and store, in memory 0 and in another one, with 32-bit and 64-bit addresses, and with the address in
/// a local, as a sum, and as a constant.
#[test]
fn every_load_and_store_that_straddles_the_last_byte_traps_and_writes_nothing() {
    const LEN: u64 = 0x1_0000;
    for (memory64, memory) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
        let address = if memory64 { "i64" } else { "i32" };
        let declared = if memory64 { "i64 1" } else { "1" };
        let mut text =
            format!(r#"(module (memory (export "m0") {declared}) (memory (export "m1") {declared})"#);
        let mut cases = Vec::new();
        for (stores, rows) in [(false, LOADS), (true, STORES)] {
            for &(op, width, lane) in rows {
                let value = match (&op[..3], stores || op.ends_with("_lane")) {
                    (_, false) => "",
                    ("i32", _) => "(i32.const -1)",
                    ("i64", _) => "(i64.const -1)",
                    ("f32", _) => "(f32.const nan:0x7fffff)",
                    ("f64", _) => "(f64.const nan:0xfffffffffffff)",
                    _ => "(v128.const i64x2 -1 -1)",
                };
                let last = LEN - width;
                let access = |offset: u64, at: &str| {
                    let drop = if stores { "" } else { "drop" };
                    format!("({op} {memory} offset={offset} {lane} {at} {value}) {drop}")
                };
                let name = format!("{op} {memory} {address}");
                let param = format!("(param {address})");
                let local = "(local.get 0)";
                let sum = format!("({address}.add (local.get 0) ({address}.const -1))");
                let constant = |at: u64| format!("({address}.const {at})");
                let _ = write!(
                    text,
                    r#"(func (export "{name}") {param} {})
                       (func (export "{name} offset") {param} {})
                       (func (export "{name} sum") {param} {})
                       (func (export "{name} at") {param} {})
                       (func (export "{name} beyond") {param} {})
                       (func (export "{name} far") {param} {})"#,
                    access(0, local),
                    access(last - 8, local),
                    access(0, &sum),
                    access(0, &constant(last)),
                    access(1, &constant(last)),
                    access(if memory64 { u64::MAX } else { u64::from(u32::MAX) }, local),
                );
                cases.push((name, width, last));
            }
        }
        text.push(')');
        let (mut store, made) = instance(&text);
        let made = made.unwrap();
        let bytes = made.get_memory(&mut store, &format!("m{memory}")).unwrap();
        let mut run = |name: String, at: u64| -> Option<Trap> {
            let at = if memory64 { Val::I64(at.cast_signed()) } else { Val::I32(at as i32) };
            let ended = call(&mut store, made, &name, &[at]);
            // Near the end, or where an address that wraps around would be.
            let data = bytes.data_mut(&mut store);
            let written = data[..64].iter().chain(&data[LEN as usize - 64..]).any(|&byte| byte != 0);
            data[..64].fill(0);
            data[LEN as usize - 64..].fill(0);
            match ended {
                // A store that succeeds writes, and nothing else does.
                Ok(_) => {
                    assert_eq!(written, name.contains("store"), "{name} {at:?}");
                    None
                }
                Err(error) => {
                    assert!(!written, "{name} {at:?}");
                    error.downcast_ref().copied()
                }
            }
        };
        let beyond = Some(Trap::MemoryOutOfBounds);
        for (name, width, last) in cases {
            let top = if memory64 { u64::MAX } else { u64::from(u32::MAX) };
            assert_eq!(run(name.clone(), last), None, "{name}");
            assert_eq!(run(format!("{name} offset"), 8), None, "{name}");
            assert_eq!(run(format!("{name} sum"), last + 1), None, "{name}");
            assert_eq!(run(format!("{name} at"), 0), None, "{name}");
            for inside in 1..=width {
                assert_eq!(run(name.clone(), last + inside), beyond, "{name} {inside}");
                assert_eq!(run(format!("{name} offset"), 8 + inside), beyond, "{name} {inside}");
                assert_eq!(run(format!("{name} sum"), last + 1 + inside), beyond, "{name} {inside}");
                // Sums of address and offset do not wrap around.
                assert_eq!(run(name.clone(), top - width + inside), beyond, "{name} {inside}");
                assert_eq!(run(format!("{name} far"), inside), beyond, "{name} {inside}");
                assert_eq!(run(format!("{name} offset"), top - 7 + inside.min(7)), beyond, "{name} {inside}");
            }
            assert_eq!(run(format!("{name} beyond"), 0), beyond, "{name}");
            assert_eq!(run(format!("{name} far"), 0), beyond, "{name}");
        }
        assert!(bytes.data(&store).iter().all(|&byte| byte == 0));
    }
}

#[test]
fn a_trap_in_the_middle_of_a_bulk_table_operation_writes_nothing() {
    for (ty, one, item) in [
        ("funcref", "(ref.func $f)", "(item ref.func $f)"),
        ("externref", "(global.get $e)", "(item global.get $e)"),
    ] {
        for table64 in ["", "i64"] {
            let address = if table64.is_empty() { "i32" } else { table64 };
            // Of the second table, elements 8 and 9 are not null.
            let text = format!(
                r#"(module (global $e (import "" "") externref) (func $f) (elem declare func $f)
                    (table $t (export "t") {table64} 10 {ty}) (table $s {table64} 10 {ty})
                    (elem $four {ty} {item} {item} {item} {item})
                    (elem $active (table $s) (offset ({address}.const 8)) {ty} {item} {item})
                    (func (export "fill") (param {address} {address})
                        (table.fill $t (local.get 0) {one} (local.get 1)))
                    (func (export "copy") (param {address} {address} {address})
                        (table.copy $t $s (local.get 0) (local.get 1) (local.get 2)))
                    (func (export "init") (param {address} i32 i32)
                        (table.init $t $four (local.get 0) (local.get 1) (local.get 2)))
                    (func (export "drop") (elem.drop $four)))"#
            );
            let mut store = Store::<()>::default();
            let module = Module::new(store.engine(), text).unwrap();
            let object = ExternRef::new(&mut store, 1_u8).unwrap();
            let global = GlobalType::new(ValType::EXTERNREF, Mutability::Const);
            let global = Global::new(&mut store, global, object.into()).unwrap();
            let made = Instance::new(&mut store, &module, &[global.into()]).unwrap();
            let table = made.get_table(&mut store, "t").unwrap();
            let address = |value: u64| match table64 {
                "" => Val::I32(value as i32),
                _ => Val::I64(value.cast_signed()),
            };
            let (count, huge) = (|n: u32| Val::I32(n.cast_signed()), u64::from(u32::MAX));
            let mut check = |name: &str, args: &[Val], expected: Option<Trap>, written: &[u64]| {
                let ended = call(&mut store, made, name, args);
                assert_eq!(ended.as_ref().err().and_then(|error| error.downcast_ref().copied()), expected);
                assert_eq!(ended.is_err(), expected.is_some(), "{name} {args:?}");
                for at in 0..10 {
                    let found = table.get(&mut store, at).unwrap().is_non_null();
                    assert_eq!(found, written.contains(&at), "{name} {args:?}: {at}");
                }
                let null = Ref::null(table.ty(&store).element().heap_type());
                table.fill(&mut store, 0, null, 10).unwrap();
            };
            let beyond = Some(Trap::TableOutOfBounds);
            check("fill", &[address(7), address(3)], None, &[7, 8, 9]);
            for (at, len) in [(7, 4), (10, 1), (11, 0), (huge, 1), (huge, 2), (1, huge), (0, huge)] {
                check("fill", &[address(at), address(len)], beyond, &[]);
            }
            check("copy", &[address(1), address(7), address(3)], None, &[2, 3]);
            for (to, from, len) in [
                (8, 7, 3),
                (0, 7, 4),
                (0, 8, 3),
                (11, 0, 0),
                (0, 11, 0),
                (huge, 8, 2),
                (0, huge, 1),
                (1, 8, huge),
            ] {
                check("copy", &[address(to), address(from), address(len)], beyond, &[]);
            }
            check("init", &[address(6), count(0), count(4)], None, &[6, 7, 8, 9]);
            for (to, from, len) in [
                (7, 0, 4),
                (0, 1, 4),
                (0, 5, 0),
                (11, 0, 0),
                (huge, 0, 2),
                (0, u32::MAX, 1),
                (0, 1, u32::MAX),
            ] {
                check("init", &[address(to), count(from), count(len)], beyond, &[]);
            }
            check("drop", &[], None, &[]);
            check("init", &[address(10), count(0), count(0)], None, &[]);
            check("init", &[address(0), count(0), count(1)], beyond, &[]);
        }
    }
}

#[test]
fn blocks_nested_100_000_deep_are_run() {
    let test = || {
        let depth = 100_000;
        for (begin, name) in [("block", "block"), ("loop", "loop"), ("(i32.const 1) if", "if")] {
            let engine = Engine::default();
            // Without parentheses, which the parser of the text would nest.
            let text = format!(
                r#"(module (func (export "f") (result i32) {} (i32.const 7) return {} unreachable))"#,
                format!("{begin} ").repeat(depth),
                "end ".repeat(depth),
            );
            let module = Module::new(&engine, text).unwrap();
            let mut store = Store::new(&engine, ());
            let made = Instance::new(&mut store, &module, &[]).unwrap();
            assert_eq!(call(&mut store, made, "f", &[]).unwrap()[0].i32(), Some(7), "{name}");
        }
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(test).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_body_of_7_million_bytes_is_run() {
    // Four bytes each: local.get, const, add, and local.set that takes two.
    let text = format!(
        r#"(module (func (export "f") (param i32) (result i32) {} (local.get 0)))"#,
        "(local.set 0 (i32.add (local.get 0) (i32.const 1)))".repeat(1_000_000),
    );
    let (mut store, made) = instance(&text);
    let result = call(&mut store, made.unwrap(), "f", &[Val::I32(5)]).unwrap();
    assert_eq!(result[0].i32(), Some(1_000_005));
}

/// Looking for a handler costs what the clauses around a call cost, not those of the function.
#[test]
fn an_exception_passes_many_frames_of_functions_with_many_handlers() {
    // After the call, so that they are not run.
    let handlers = "(try_table (catch_all $out) (call $nothing))".repeat(300_000);
    let text = format!(
        r#"(module (tag $t (param i32)) (tag $other)
            (func $nothing)
            (func $deep (param i32)
                (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 7))))
                (block $out
                    (try_table (catch $other $out) (call $deep (i32.sub (local.get 0) (i32.const 1))))
                    {handlers}))
            (func (export "f") (param i32) (result i32)
                (block $caught (result i32)
                    (try_table (catch $t $caught) (call $deep (local.get 0)))
                    (i32.const -1))))"#
    );
    let (mut store, made) = instance(&text);
    let made = made.unwrap();
    // The first call translates.
    assert_eq!(call(&mut store, made, "f", &[Val::I32(0)]).unwrap()[0].i32(), Some(7));
    // Much more than it takes, and much less than a look at every handler would.
    store.set_timeout(std::time::Duration::from_secs(3)).unwrap();
    assert_eq!(call(&mut store, made, "f", &[Val::I32(15_000)]).unwrap()[0].i32(), Some(7));
}

/// What stores over the end of memory leave behind must not depend on what the compiler knows of the accesses before them.
/// (A processor may write a part of such a store.)
#[test]
fn stores_over_the_end_write_the_same_on_every_tier() {
    const END: i32 = 0x1_0000;
    let text = include_str!("../../brisk-codegen/tests/build/asm/memory_probes.wat");
    let names: Vec<&str> =
        text.split("(func $").skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
    let exported =
        names.iter().fold(text.replace("(memory 1)", r#"(memory (export "memory") 1)"#), |text, name| {
            text.replace(&format!("(func ${name} "), &format!(r#"(func (export "{name}") "#))
                .replace(&format!("(func ${name}\n"), &format!("(func (export \"{name}\")\n"))
        });
    let mut runs = [Tier::Interp, Tier::Jit].map(|tier| {
        let engine = Engine::new(Config::new().tier(tier)).unwrap();
        let module = Module::new(&engine, &exported).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        (store, instance)
    });
    let mut trapped = 0;
    for name in names {
        for (at, other) in (-40..4).flat_map(|at| [0, 1, 8, END - 6, END].map(|other| (END + at, other))) {
            let [expected, got] = runs.each_mut().map(|(store, instance)| {
                let memory = instance.get_memory(&mut *store, "memory").unwrap();
                let pattern = |at: usize| (at * 7 % 251) as u8 + 1;
                (0..).zip(memory.data_mut(&mut *store)).for_each(|(at, byte)| *byte = pattern(at));
                let func = instance.get_func(&mut *store, name).unwrap();
                let args = func
                    .ty(&*store)
                    .params()
                    .zip([at, other, -1])
                    .map(|(_, arg)| Val::I32(arg))
                    .collect::<Vec<_>>();
                let ended = func.call(&mut *store, &args, &mut []);
                let data = memory.data(&*store);
                (ended.err().and_then(|error| error.downcast_ref::<Trap>().copied()), data.to_vec())
            });
            trapped += u32::from(expected.0.is_some());
            assert_eq!(expected.0, got.0, "{name} {at} {other}");
            assert!(expected.1 == got.1, "{name} {at} {other}: memory differs");
        }
    }
    assert!(trapped > 500, "only {trapped} calls trap");
}
