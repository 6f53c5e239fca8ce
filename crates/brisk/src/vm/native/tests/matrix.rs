//! Each way of running, calling each, with each way to come back, in the same instance and in another.

use super::*;
use crate::{
    AsContextMut, Caller, Engine, ExnRef, ExnRefPre, ExnType, Extern, Func, Instance, Module, Result, Store,
    Tag, Val,
};

/// Modules `inner`, which is called, and `outer`, which has the same functions and calls either's.
fn modules(engine: &Engine) -> (Module, Module) {
    let own = r#"
        (func $give (export "give") (param i32) (result i32)
            (i32.add (i32.add (local.get 0) (i32.const 100)) (global.get $g)))
        (func $throws (export "throws") (param i32) (result i32) (throw $t (local.get 0)))
        (func $traps (export "traps") (param i32) (result i32) unreachable)
        (func $panics (export "panics") (param i32) (result i32) (call $panic (local.get 0)))"#;
    let inner = format!(
        r#"(module $inner
            (import "host" "panic" (func $panic (param i32) (result i32)))
            (import "host" "tag" (tag $t (param i32)))
            (global $g i32 (i32.const 7))
            (memory 1)
            {own})"#
    );
    let mut calls = String::new();
    for name in FUNCS {
        for callee in [name.to_owned(), format!("other_{name}")] {
            calls.push_str(&format!(
                r#"
            (func $call_{callee} (export "call_{callee}") (param i32) (result i32)
                (i32.add (i32.mul (call ${callee} (local.get 0)) (i32.const 2)) (global.get $g)))
            (func $tail_{callee} (export "tail_{callee}") (param i32) (result i32)
                (return_call ${callee} (local.get 0)))
            (func $catch_{callee} (export "catch_{callee}") (param i32) (result i32)
                (i32.add (i32.add (i32.const 5) (global.get $g))
                    (block $caught (result i32)
                        (try_table (catch $t $caught) (drop (call ${callee} (local.get 0))))
                        (i32.const -1))))"#
            ));
        }
    }
    let outer = format!(
        r#"(module $outer
            (import "host" "panic" (func $panic (param i32) (result i32)))
            (import "inner" "give" (func $other_give (param i32) (result i32)))
            (import "inner" "throws" (func $other_throws (param i32) (result i32)))
            (import "inner" "traps" (func $other_traps (param i32) (result i32)))
            (import "inner" "panics" (func $other_panics (param i32) (result i32)))
            (import "host" "tag" (tag $t (param i32)))
            (global $g i32 (i32.const 1))
            (memory 1)
            {own}
            {calls})"#
    );
    (Module::new(engine, inner).unwrap(), Module::new(engine, outer).unwrap())
}

const FUNCS: [&str; 4] = ["give", "throws", "traps", "panics"];

/// One of the functions that are called, in machine code.
fn inner_function(module: &Module, name: &str, tier: Tier) {
    let func = export(module, name);
    let mut a = Assemble::new(module, func, tier == Tier::Osr);
    match name {
        "give" => {
            a.load_arg(RESULT);
            a.add_global(RESULT);
            a.asm.add32_imm(RESULT, 100);
            a.ret();
        }
        "throws" => a.throw_arg(3),
        "traps" => a.trap(TrapCode::Unreachable, 1),
        _ => {
            a.load_arg(ARG);
            a.call(Callee::Import(0), 3);
            a.ret();
        }
    }
    publish(module, func, tier, a.finish());
}

/// One of the functions that call, in machine code.
fn outer_function(module: &Module, action: &str, callee: &str, tier: Tier) {
    let func = export(module, &format!("{action}_{callee}"));
    let target = match callee.strip_prefix("other_") {
        Some(name) => Callee::Import(1 + FUNCS.iter().position(|func| *func == name).unwrap() as u32),
        None => Callee::Defined(export(module, callee) - module.info().imported_funcs),
    };
    let mut a = Assemble::new(module, func, tier == Tier::Osr);
    match action {
        "call" => {
            a.load_arg(ARG);
            a.call(target, 3);
            a.asm.add32(RESULT, RESULT);
            a.add_global(RESULT);
            a.ret();
        }
        "tail" => {
            a.load_arg(ARG);
            a.tail_call(target, 3);
        }
        _ => {
            let landing = a.asm.new_label();
            a.load_arg(ARG);
            // Not with what checks the registers: the first call is what lands.
            match target {
                Callee::Defined(func) => a.asm.call_slot(func),
                Callee::Import(index) => {
                    load_import(&mut a.asm, &a.layout, index);
                    a.asm.call_state(a.layout.state_native);
                }
            }
            a.site(16);
            a.landing_of_last_call(Some(0), landing);
            a.asm.stop();
            a.asm.bind(landing);
            a.asm.jumped_to();
            a.asm.mov(KEPT[0], RESULT);
            a.poison(&[KEPT[0]]);
            a.reload_pins();
            a.asm.mov(ARG, CONTEXT);
            a.asm.mov(ARG2, KEPT[0]);
            a.call_target(Target::Libcall(Libcall::ExceptionPayload), 0);
            a.check_pins();
            a.asm.load32(RESULT, RESULT, 0);
            a.asm.add32_imm(RESULT, 5);
            a.add_global(RESULT);
            a.ret();
        }
    }
    publish(module, func, tier, a.finish());
}

/// What a cell is run in.
struct World {
    store: Store<()>,
    inner: Option<Instance>,
    outer: Instance,
}

fn throw_from_host(mut caller: Caller<'_, ()>, tag: Tag, value: i32) -> Result<i32> {
    let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
    let allocator = ExnRefPre::new(&mut caller, ty);
    let exception = ExnRef::new(&mut caller, &allocator, &tag, &[Val::I32(value)])?;
    caller.as_context_mut().throw(exception)
}

fn world(engine: &Engine, outer_tier: Tier, inner_tier: Tier) -> World {
    let (inner_module, outer_module) = modules(engine);
    let mut store = Store::new(engine, ());
    let panic = Func::wrap(&mut store, |_: i32| -> i32 { panic!("a panic of the host") });
    let tag_type = inner_module.imports().nth(1).unwrap().ty().unwrap_tag().clone();
    let tag = Tag::new(&mut store, &tag_type).unwrap();
    let (inner, functions): (_, [Extern; 4]) = if inner_tier == Tier::Host {
        let give = Func::wrap(&mut store, |value: i32| value + 107);
        let throws = Func::wrap(&mut store, move |caller: Caller<'_, ()>, value: i32| {
            throw_from_host(caller, tag, value)
        });
        let traps =
            Func::wrap(&mut store, |_: i32| -> Result<i32> { Err(Trap::UnreachableCodeReached.into()) });
        (None, [give.into(), throws.into(), traps.into(), panic.into()])
    } else {
        let inner = Instance::new(&mut store, &inner_module, &[panic.into(), tag.into()]).unwrap();
        let functions = FUNCS.map(|name| inner.get_export(&mut store, name).unwrap());
        (Some(inner), functions)
    };
    let mut imports = vec![Extern::from(panic)];
    imports.extend(functions);
    imports.push(tag.into());
    let outer = Instance::new(&mut store, &outer_module, &imports).unwrap();
    if matches!(inner_tier, Tier::MachineCode | Tier::Osr) {
        for name in FUNCS {
            inner_function(&inner_module, name, inner_tier);
            inner_function(&outer_module, name, inner_tier);
        }
    }
    if matches!(outer_tier, Tier::MachineCode | Tier::Osr) {
        for name in FUNCS {
            for callee in [name.to_owned(), format!("other_{name}")] {
                for action in ["call", "tail", "catch"] {
                    outer_function(&outer_module, action, &callee, outer_tier);
                }
            }
        }
    }
    World { store, inner, outer }
}

/// Runs a function of the outer module, twice, as the first call finds its way in other places than those after it.
#[track_caller]
fn check(outer: Tier, inner: Tier, action: &str, callee: &str, other: bool, expected: &Ended) {
    for engine in engines() {
        check_on(&engine, (outer, inner), action, callee, other, expected);
    }
}

#[track_caller]
fn check_on(
    engine: &Engine,
    (outer, inner): (Tier, Tier),
    action: &str,
    callee: &str,
    other: bool,
    expected: &Ended,
) {
    let name = if other { format!("{action}_other_{callee}") } else { format!("{action}_{callee}") };
    let mut world = world(engine, outer, inner);
    let mut reference = world_of_interpreter(engine, inner);
    for _ in 0..2 {
        let (ended, backtrace) = run(&mut world.store, world.outer, &name, 20);
        assert_eq!(ended, *expected);
        let (ended, of_interpreter) = run(&mut reference.store, reference.outer, &name, 20);
        assert_eq!(ended, *expected, "in the interpreter");
        assert_eq!(backtrace, of_interpreter);
        let frames = match (expected, action) {
            (Ended::Trapped(_) | Ended::Threw, "tail") => 1,
            (Ended::Trapped(_) | Ended::Threw, _) => 2,
            _ => 0,
        };
        // Host functions are in no backtrace; who tail-calls one is there until it is back.
        let frames = if inner == Tier::Host { frames.min(1) } else { frames };
        assert_eq!(backtrace.len(), frames, "{backtrace:?}");
    }
}

/// The same functions with nothing in machine code.
fn world_of_interpreter(engine: &Engine, inner: Tier) -> World {
    world(engine, Tier::Interpreter, if inner == Tier::Host { Tier::Host } else { Tier::Interpreter })
}

/// The callers that the host calls.
#[track_caller]
fn check_from_host(inner: Tier, callee: &str, expected: &Ended) {
    for engine in engines() {
        let mut world = world(&engine, Tier::Interpreter, inner);
        let mut reference = world_of_interpreter(&engine, inner);
        let (Some(instance), Some(other)) = (world.inner, reference.inner) else { return };
        for _ in 0..2 {
            let (ended, backtrace) = run(&mut world.store, instance, callee, 20);
            assert_eq!(ended, *expected);
            assert_eq!((ended, backtrace), run(&mut reference.store, other, callee, 20));
        }
    }
}

fn panicked() -> Ended {
    Ended::Panicked("a panic of the host".to_owned())
}

/// The global of the instance of the callee.
fn global(other: bool) -> i32 {
    if other { 7 } else { 1 }
}

/// The cells of one caller and one callee.
macro_rules! cells {
    ($outer:expr, $inner:expr, $other:expr) => {
        use super::super::super::*;

        #[test]
        fn calls_and_returns() {
            let expected = Ended::Returned(2 * (120 + global($other)) + 1);
            check($outer, $inner, "call", "give", $other, &expected);
        }

        #[test]
        fn tail_calls() {
            check($outer, $inner, "tail", "give", $other, &Ended::Returned(120 + global($other)));
        }

        #[test]
        fn catches() {
            check($outer, $inner, "catch", "throws", $other, &Ended::Returned(20 + 5 + 1));
        }

        #[test]
        fn does_not_catch() {
            check($outer, $inner, "call", "throws", $other, &Ended::Threw);
            check($outer, $inner, "tail", "throws", $other, &Ended::Threw);
        }

        #[test]
        fn sees_a_trap() {
            check($outer, $inner, "call", "traps", $other, &Ended::Trapped(Trap::UnreachableCodeReached));
            check($outer, $inner, "tail", "traps", $other, &Ended::Trapped(Trap::UnreachableCodeReached));
            check($outer, $inner, "catch", "traps", $other, &Ended::Trapped(Trap::UnreachableCodeReached));
        }

        #[test]
        fn sees_a_panic_of_the_host() {
            check($outer, $inner, "call", "panics", $other, &panicked());
            check($outer, $inner, "tail", "panics", $other, &panicked());
            check($outer, $inner, "catch", "panics", $other, &panicked());
        }
    };
}

macro_rules! callers {
    ($($outer:ident $outer_tier:ident { $($inner:ident $inner_tier:ident)* })*) => {
        $(mod $outer {
            $(mod $inner {
                mod of_the_same_instance {
                    cells!(Tier::$outer_tier, Tier::$inner_tier, false);
                }
                mod of_another_instance {
                    cells!(Tier::$outer_tier, Tier::$inner_tier, true);
                }
            })*
            mod the_host {
                mod as_another_instance {
                    cells!(Tier::$outer_tier, Tier::Host, true);
                }
            }
        })*
    };
}

callers! {
    the_interpreter_and Interpreter {
        the_interpreter Interpreter machine_code MachineCode osr_code Osr
    }
    machine_code_and MachineCode { the_interpreter Interpreter machine_code MachineCode osr_code Osr }
    osr_code_and Osr { the_interpreter Interpreter machine_code MachineCode osr_code Osr }
}

/// The cells of a callee that the host calls.
macro_rules! from_host {
    ($($inner:ident $tier:ident)*) => {
        mod the_host_and {
            $(mod $inner {
                use super::super::*;

                #[test]
                fn calls_and_returns() {
                    check_from_host(Tier::$tier, "give", &Ended::Returned(127));
                }

                #[test]
                fn does_not_catch() {
                    check_from_host(Tier::$tier, "throws", &Ended::Threw);
                }

                #[test]
                fn sees_a_trap() {
                    check_from_host(Tier::$tier, "traps", &Ended::Trapped(Trap::UnreachableCodeReached));
                }

                #[test]
                fn sees_a_panic_of_the_host() {
                    check_from_host(Tier::$tier, "panics", &panicked());
                }
            })*
        }
    };
}

from_host! { the_interpreter Interpreter machine_code MachineCode osr_code Osr }
