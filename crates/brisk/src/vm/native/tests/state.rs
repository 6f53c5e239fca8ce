//! What calls across the boundary leave behind: stacks that do not grow, limits that hold, references that stay.

use super::*;
use crate::interp::{ops, translate};
use crate::{Caller, Engine, ExternRef, Func, Rooted, UpdateDeadline};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};

/// Two instances of one module: `down` counts to 0 with `other_down` of the instance before, or with itself.
fn ping_pong(engine: &Engine) -> Module {
    Module::new(
        engine,
        r#"(module
            (import "other" "down" (func $other_down (param i32) (result i32)))
            (global $g i32 (i32.const 1))
            (memory 1)
            (func $own_down (export "own_down") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0))
                    (then (i32.const 77))
                    (else (return_call $own_up (i32.sub (local.get 0) (i32.const 1))))))
            (func $own_up (export "own_up") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0))
                    (then (i32.const 77))
                    (else (return_call $own_down (i32.sub (local.get 0) (i32.const 1))))))
            (func $down (export "down") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0))
                    (then (i32.const 78))
                    (else (return_call $other_down (i32.sub (local.get 0) (i32.const 1))))))
            (func (export "not_last") (param i32) (result i32)
                (i32.add (call $own_down (local.get 0)) (call $own_up (local.get 0)))))"#,
    )
    .unwrap()
}

/// Machine code of a function that counts down with another one.
fn count_down(module: &Module, name: &str, callee: Callee, tier: Tier, end: u32) {
    let func = export(module, name);
    let mut a = Assemble::new(module, func, tier == Tier::Osr);
    a.load_arg(ARG);
    let go_on = a.asm.new_label();
    a.asm.branch_if_not_zero32(ARG, go_on);
    a.asm.imm(RESULT, end.into());
    a.ret();
    a.asm.bind(go_on);
    a.asm.sub32_imm(ARG, 1);
    a.tail_call(callee, 0);
    publish(module, func, tier, a.finish());
}

fn defined(module: &Module, name: &str) -> Callee {
    Callee::Defined(export(module, name) - module.info().imported_funcs)
}

/// Tail calls back and forth between two functions of an instance.
fn own_ping_pong(tier: Tier, times: i32) {
    let engine = protected();
    let module = ping_pong(&engine);
    let mut store = Store::new(&engine, ());
    let nobody = Func::wrap(&mut store, |_: i32| -> i32 { -1 });
    let instance = Instance::new(&mut store, &module, &[nobody.into()]).unwrap();
    count_down(&module, "own_up", defined(&module, "own_down"), tier, 77);
    for name in ["own_down", "own_up"] {
        assert_eq!(run(&mut store, instance, name, times), (Ended::Returned(77), Vec::new()));
    }
    let (ended, _) = run(&mut store, instance, "not_last", times / 2);
    assert_eq!(ended, Ended::Returned(2 * 77));
}

#[test]
fn ten_million_tail_calls_between_interpreter_and_machine_code_do_not_nest() {
    own_ping_pong(Tier::MachineCode, 10_000_000);
}

#[test]
fn tail_calls_between_interpreter_and_osr_code_do_not_nest() {
    own_ping_pong(Tier::Osr, 3_000_000);
}

/// Tail calls in a circle of instances: of two modules, of which the second has machine code.
fn circle(tier: Tier) {
    let engine = protected();
    let (interpreted, compiled) = (ping_pong(&engine), ping_pong(&engine));
    let mut store = Store::new(&engine, ());
    // The circle is closed by a table, as imports cannot.
    let table = Module::new(
        &engine,
        r#"(module
            (type $f (func (param i32) (result i32)))
            (table (export "t") 1 funcref)
            (func (export "down") (param i32) (result i32)
                (return_call_indirect (type $f) (local.get 0) (i32.const 0))))"#,
    )
    .unwrap();
    let table = Instance::new(&mut store, &table, &[]).unwrap();
    let first = table.get_export(&mut store, "down").unwrap();
    let one = Instance::new(&mut store, &interpreted, &[first]).unwrap();
    let down = one.get_export(&mut store, "down").unwrap();
    let other = Instance::new(&mut store, &compiled, &[down]).unwrap();
    let down = other.get_func(&mut store, "down").unwrap();
    table.get_table(&mut store, "t").unwrap().set(&mut store, 0, down.into()).unwrap();
    count_down(&compiled, "down", Callee::Import(0), tier, 78);
    assert_eq!(run(&mut store, other, "down", 1_000_000).0, Ended::Returned(78));
    assert_eq!(run(&mut store, one, "down", 1_000_001).0, Ended::Returned(78));
}

#[test]
fn tail_calls_through_other_instances_do_not_nest() {
    circle(Tier::MachineCode);
    circle(Tier::Osr);
}

/// Functions that call each other, `n` deep, and count the calls.
fn recursive(engine: &Engine) -> Module {
    Module::new(
        engine,
        r#"(module
            (memory 1)
            (func $even (export "even") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
                    (else (i32.add (i32.const 1) (call $odd (i32.sub (local.get 0) (i32.const 1)))))))
            (func $odd (export "odd") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
                    (else (i32.add (i32.const 1) (call $even (i32.sub (local.get 0) (i32.const 1))))))))"#,
    )
    .unwrap()
}

fn recurse(module: &Module, name: &str, callee: &str, tier: Tier) {
    let func = export(module, name);
    let mut a = Assemble::new(module, func, tier == Tier::Osr);
    a.load_arg(ARG);
    let go_on = a.asm.new_label();
    a.asm.branch_if_not_zero32(ARG, go_on);
    a.asm.imm(RESULT, 0);
    a.ret();
    a.asm.bind(go_on);
    a.asm.sub32_imm(ARG, 1);
    a.call(defined(module, callee), 0);
    a.asm.add32_imm(RESULT, 1);
    a.ret();
    publish(module, func, tier, a.finish());
}

/// Recursion ends in a trap, wherever it runs, and the store can be used afterwards.
fn deep(even: Tier, odd: Tier, fits: i32) {
    let engine = protected();
    let module = recursive(&engine);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    for (name, callee, tier) in [("even", "odd", even), ("odd", "even", odd)] {
        if tier != Tier::Interpreter {
            recurse(&module, name, callee, tier);
        }
    }
    for _ in 0..3 {
        for name in ["even", "odd"] {
            let (ended, backtrace) = run(&mut store, instance, name, i32::MAX);
            assert_eq!(ended, Ended::Trapped(Trap::StackOverflow));
            assert_eq!(backtrace.len(), 20);
            assert_eq!(run(&mut store, instance, name, fits).0, Ended::Returned(fits));
        }
    }
}

#[test]
fn recursion_in_machine_code_ends_in_a_trap() {
    deep(Tier::MachineCode, Tier::MachineCode, 3000);
}

#[test]
fn recursion_from_tier_to_tier_ends_in_a_trap() {
    deep(Tier::Interpreter, Tier::MachineCode, 500);
    deep(Tier::Osr, Tier::MachineCode, 500);
    deep(Tier::Interpreter, Tier::Osr, 500);
    deep(Tier::Osr, Tier::Osr, 500);
}

#[test]
fn a_backtrace_has_the_frames_of_both_tiers_in_order() {
    let engine = protected();
    let module = recursive(&engine);
    let named =
        |frames: &[usize]| frames.iter().map(|&at| ["even", "odd"][at].to_owned()).collect::<Vec<_>>();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    recurse(&module, "odd", "even", Tier::MachineCode);
    let (_, backtrace) = run(&mut store, instance, "even", i32::MAX);
    let names: Vec<String> =
        backtrace.iter().map(|(name, _)| name.trim_start_matches("?.").to_owned()).collect();
    let expected = named(&(0..20).map(|n| n % 2).collect::<Vec<_>>());
    let other = named(&(0..20).map(|n| (n + 1) % 2).collect::<Vec<_>>());
    assert!(names == expected || names == other, "{names:?}");
}

/// Machine code that only tail-calls itself is interrupted, and can go on.
#[test]
fn an_interrupt_is_served_at_the_entry_of_machine_code() {
    let engine = Engine::new(protecting().epoch_interruption(true)).unwrap();
    let module = ping_pong(&engine);
    let mut store = Store::new(&engine, 0);
    let nobody = Func::wrap(&mut store, |_: i32| -> i32 { -1 });
    let instance = Instance::new(&mut store, &module, &[nobody.into()]).unwrap();
    count_down(&module, "own_up", defined(&module, "own_up"), Tier::MachineCode, 77);
    let ended = Arc::new(AtomicBool::new(false));
    let ticking = {
        let (engine, ended) = (engine.clone(), ended.clone());
        std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                engine.increment_epoch();
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        })
    };
    // With 0 ticks the next look finds it passed again.
    for ticks in [1, 0] {
        *store.data_mut() = 0;
        store.epoch_deadline_callback(move |mut store| {
            *store.data_mut() += 1;
            Ok(if *store.data() == 20 { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(ticks) })
        });
        store.set_epoch_deadline(1);
        let (why, _) = run(&mut store, instance, "own_up", i32::MAX);
        assert_eq!((why, *store.data()), (Ended::Trapped(Trap::Interrupt), 20));
        store.set_epoch_deadline(1_000_000);
        assert_eq!(run(&mut store, instance, "own_up", 10).0, Ended::Returned(77));
    }
    ended.store(true, Ordering::Relaxed);
    ticking.join().unwrap();
}

/// Code that takes a frame of the interpreter over finds in it what was there, whatever an interrupt at its entry does:
/// also where machine code had called the interpreter, whose frame lies where the value stack is free.
#[test]
fn an_interrupt_at_the_entry_of_osr_code_leaves_the_frame_it_takes_over() {
    let engine = Engine::new(protecting().epoch_interruption(true)).unwrap();
    let module = ping_pong(&engine);
    let mut store = Store::new(&engine, (None, 0));
    let nobody = Func::wrap(&mut store, |_: i32| -> i32 { -1 });
    let instance = Instance::new(&mut store, &module, &[nobody.into()]).unwrap();
    let mut a = Assemble::new(&module, export(&module, "own_down"), false);
    a.load_arg(ARG);
    a.tail_call(defined(&module, "own_up"), 0);
    publish(&module, export(&module, "own_down"), Tier::MachineCode, a.finish());
    let mut a = Assemble::new(&module, export(&module, "own_up"), true);
    a.load_arg(RESULT);
    a.ret();
    publish(&module, export(&module, "own_up"), Tier::Osr, a.finish());
    let func = instance.get_typed_func::<i32, i32>(&mut store, "own_down").unwrap();
    *store.data_mut() = (Some(func.clone()), 0);
    store.epoch_deadline_callback(|mut store| {
        let func = store.data().0.clone().unwrap();
        store.data_mut().1 += 1;
        // Not interrupted itself.
        store.set_epoch_deadline(1_000_000);
        assert_eq!(func.call(&mut store, -5).unwrap(), -5);
        Ok(UpdateDeadline::Continue(0))
    });
    store.set_epoch_deadline(0);
    assert_eq!(func.call(&mut store, 123).unwrap(), 123);
    // The call of the host, the machine code, the call of the interpreter, and the code that takes over.
    assert_eq!(store.data().1, 4);
}

/// Counts how many of it are alive.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A reference that only a register or the frame of machine code holds is not collected.
fn only_reference(in_register: bool, through_interpreter: bool) {
    let engine = protected();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "make" (func $make (param i32) (result externref)))
            (import "host" "collect" (func $collect (param i32) (result i32)))
            (import "host" "use" (func $use (param externref) (result i32)))
            (memory 1)
            (func $collects (param i32) (result i32) (call $collect (local.get 0)))
            (func (export "test") (param i32) (result i32) (local externref)
                (local.set 1 (call $make (local.get 0)))
                (drop (call $collects (i32.const 1)))
                (call $use (local.get 1))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let alive = Arc::new(AtomicUsize::new(0));
    let counter = alive.clone();
    let make = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, _: i32| {
        counter.fetch_add(1, Ordering::Relaxed);
        ExternRef::new(&mut caller, Counted(counter.clone())).map(Some)
    });
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (seen_by_host, counter) = (seen.clone(), alive.clone());
    let collect = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, _: i32| -> i32 {
        caller.gc(None).unwrap();
        seen_by_host.lock().unwrap().push(counter.load(Ordering::Relaxed));
        0
    });
    let uses = Func::wrap(&mut store, |caller: Caller<'_, ()>, object: Option<Rooted<ExternRef>>| -> i32 {
        i32::from(object.unwrap().data(&caller).unwrap().unwrap().is::<Counted>())
    });
    let instance = Instance::new(&mut store, &module, &[make.into(), collect.into(), uses.into()]).unwrap();
    let func = export(&module, "test");
    let mut a = Raw::new(&module);
    a.frame(32);
    let import = |a: &mut Raw, index: u32| {
        a.call_import(index);
        a.reload_pins();
    };
    import(&mut a, 0);
    if in_register {
        a.asm.mov(KEPT[0], RESULT);
    } else {
        a.asm.store(SP, 0, RESULT);
    }
    a.garbage();
    a.asm.imm(ARG, 1);
    if through_interpreter {
        a.call_slot(0);
    } else {
        import(&mut a, 1);
    }
    if in_register {
        a.asm.mov(ARG, KEPT[0]);
    } else {
        a.asm.load(ARG, SP, 0);
        a.asm.imm(TEMP, 0);
        a.asm.store(SP, 0, TEMP);
    }
    import(&mut a, 2);
    a.ret();
    publish(&module, func, Tier::MachineCode, a.finish(func, 48));
    for _ in 0..10 {
        assert_eq!(run(&mut store, instance, "test", 3).0, Ended::Returned(1));
    }
    // Each collection found one, or one from before that something on a stack still looked like.
    assert!(seen.lock().unwrap().iter().all(|&count| (1..=2).contains(&count)), "{seen:?}");
    store.gc(None).unwrap();
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}

#[test]
fn a_reference_in_a_register_of_machine_code_survives_a_collection() {
    only_reference(true, false);
    only_reference(true, true);
}

#[test]
fn a_reference_in_a_frame_of_machine_code_survives_a_collection() {
    only_reference(false, false);
    only_reference(false, true);
}

#[test]
fn threads_call_what_others_publish() {
    let engine = protected();
    let module = ping_pong(&engine);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut store = Store::new(&engine, ());
                    let nobody = Func::wrap(&mut store, |_: i32| -> i32 { -1 });
                    let instance = Instance::new(&mut store, &module, &[nobody.into()]).unwrap();
                    let mut calls = 0;
                    while !done.load(Ordering::Relaxed) {
                        assert_eq!(run(&mut store, instance, "own_down", 1001).0, Ended::Returned(77));
                        assert_eq!(run(&mut store, instance, "not_last", 10).0, Ended::Returned(2 * 77));
                        calls += 1;
                    }
                    calls
                })
            })
            .collect();
        let publishers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..100 {
                        for (name, callee) in [("own_up", "own_down"), ("own_down", "own_up")] {
                            for tier in [Tier::MachineCode, Tier::Osr] {
                                count_down(&module, name, defined(&module, callee), tier, 77);
                            }
                        }
                    }
                })
            })
            .collect();
        publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
        done.store(true, Ordering::Relaxed);
        for caller in callers {
            assert!(caller.join().unwrap() > 0);
        }
    });
}

/// A child has all code that was published, and goes on.
#[cfg(unix)]
#[test]
fn machine_code_runs_in_a_forked_child() {
    let engine = protected();
    let module = ping_pong(&engine);
    let mut store = Store::new(&engine, ());
    let nobody = Func::wrap(&mut store, |_: i32| -> i32 { -1 });
    let instance = Instance::new(&mut store, &module, &[nobody.into()]).unwrap();
    count_down(&module, "own_up", defined(&module, "own_down"), Tier::MachineCode, 77);
    assert_eq!(run(&mut store, instance, "not_last", 10).0, Ended::Returned(2 * 77));
    // SAFETY: the child calls only what does not wait for other threads, and ends at once.
    let child = unsafe { libc::fork() };
    if child == 0 {
        count_down(&module, "own_down", defined(&module, "own_up"), Tier::MachineCode, 79);
        let (down, up) = (run(&mut store, instance, "own_down", 10), run(&mut store, instance, "own_up", 11));
        let right = down.0 == Ended::Returned(79) && up.0 == Ended::Returned(79);
        // SAFETY: ends the process without running what the parent has registered.
        unsafe { libc::_exit(if right { 0 } else { 1 }) };
    }
    assert!(child > 0);
    let mut status = 0;
    // SAFETY: waits for the child, which is one of this process.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(status, 0);
    // What the child published is not here.
    assert_eq!(run(&mut store, instance, "own_down", 10).0, Ended::Returned(77));
}

/// Machine code that takes over a frame of the interpreter counts once in backtraces, and the frame not at all.
#[test]
fn a_frame_that_was_taken_over_counts_once() {
    let engine = protected();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "none" (func (param i32) (result i32)))
            (memory 1)
            (func $traps (param i32) (result i32) unreachable)
            (func $taken_over (export "taken_over") (param i32) (result i32) (local i64 i64)
                (i32.add (i32.const 1) (call $traps (local.get 0))))
            (func $outer (export "outer") (param i32) (result i32)
                (i32.add (i32.const 1) (call $taken_over (local.get 0))))
            (func $machine (export "machine") (param i32) (result i32) (call $outer (local.get 0))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let nobody = Func::wrap(&mut store, |_: i32| -> i32 { -1 });
    let instance = Instance::new(&mut store, &module, &[nobody.into()]).unwrap();
    // The code as the interpreter has it, with its first instruction where a loop gets hot.
    let func = export(&module, "taken_over");
    let settings = translate::Settings::new(engine.tunables());
    let mut code = translate::translate(module.info(), func, settings);
    let mut a = Assemble::new(&module, func, true);
    a.load_arg(ARG);
    a.call(Callee::Defined(0), 5);
    a.ret();
    let publish = Publish {
        func: func - module.info().imported_funcs,
        code: a.finish(),
        osr: Some(Frame { link: code.local_slots, slots: code.frame_slots }),
    };
    let bridges = module.native().image(&module).unwrap().publish(&module, vec![publish]).unwrap();
    code.link();
    let address = bridges.as_ptr() as u64;
    let words = ops::link(ops::misc::ENTER_NATIVE).into_iter();
    let words = words.chain((0..4).map(|word| (address >> (16 * word)) as u16));
    code.words.iter_mut().zip(words).for_each(|(to, word)| *to = word);
    let code = module.code().publish(Box::new(code));
    module.funcs()[1].code.store(code.cast_mut(), Ordering::Release);

    let func = export(&module, "machine");
    let mut a = Assemble::new(&module, func, false);
    a.load_arg(ARG);
    a.call(Callee::Defined(2), 3);
    a.ret();
    super::publish(&module, func, Tier::MachineCode, a.finish());
    for (name, names) in [
        ("taken_over", &["traps", "taken_over"][..]),
        ("outer", &["traps", "taken_over", "outer"]),
        ("machine", &["traps", "taken_over", "outer", "machine"]),
    ] {
        let (ended, backtrace) = run(&mut store, instance, name, 1);
        assert_eq!(ended, Ended::Trapped(Trap::UnreachableCodeReached));
        let found: Vec<_> = backtrace.iter().map(|(name, _)| name.trim_start_matches("?.")).collect();
        assert_eq!(found, names);
        let offsets: Vec<_> = backtrace.iter().map(|&(_, offset)| offset).collect();
        assert_eq!(offsets[..2], [1, 5]);
    }
}

/// The backtrace of an exception is that of the last time it was thrown.
#[test]
fn an_exception_that_was_caught_leaves_no_backtrace() {
    let engine = protected();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "none" (func (param i32) (result i32)))
            (tag $t (param i32))
            (memory 1)
            (func $throws (export "throws") (param i32) (result i32) (throw $t (local.get 0)))
            (func $again (param exnref) (result i32) (throw_ref (local.get 0)))
            (func $catches (export "catches") (param i32) (result i32)
                (call $again
                    (block $caught (result exnref)
                        (try_table (catch_all_ref $caught) (drop (call $throws (local.get 0))))
                        (unreachable)))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let nobody = Func::wrap(&mut store, |_: i32| -> i32 { -1 });
    let instance = Instance::new(&mut store, &module, &[nobody.into()]).unwrap();
    let of_interpreter = run(&mut store, instance, "catches", 1);
    let func = export(&module, "throws");
    let mut a = Assemble::new(&module, func, false);
    a.throw_arg(3);
    publish(&module, func, Tier::MachineCode, a.finish());
    assert_eq!(of_interpreter.0, Ended::Threw);
    assert_eq!(of_interpreter.1.len(), 2);
    assert_eq!(run(&mut store, instance, "catches", 1), of_interpreter);
}

#[test]
fn the_registers_of_the_host_are_preserved() {
    let engine = protected();
    let module = recursive(&engine);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    recurse(&module, "even", "odd", Tier::MachineCode);
    recurse(&module, "odd", "even", Tier::MachineCode);
    let state = &module.funcs()[0];
    // SAFETY: published code lives as long as the module.
    let mut bridge = unsafe { **(*state.code.load(Ordering::Acquire)).bridge.as_ref().unwrap() };
    ENTER.store(bridge.enter, Ordering::Relaxed);
    bridge.enter = with_marked_registers as *const () as usize;
    let code = RegisterCode::bridge(bridge, 0, 1, 1);
    let code = module.code().publish(Box::new(code));
    state.code.store(code.cast_mut(), Ordering::Release);
    for _ in 0..2 {
        assert_eq!(run(&mut store, instance, "even", 100).0, Ended::Returned(100));
        assert_eq!(run(&mut store, instance, "even", i32::MAX).0, Ended::Trapped(Trap::StackOverflow));
    }
}
