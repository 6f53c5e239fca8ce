//! References, the collected heap, exceptions.

use brisk::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

fn instance<T: 'static>(store: &mut Store<T>, wat: &str, imports: &[Extern]) -> Instance {
    let module = Module::new(store.engine(), wat).unwrap();
    Instance::new(store, &module, imports).unwrap()
}

/// Counts how many of it are alive.
fn counted() -> (Arc<()>, impl Fn() -> Arc<()>) {
    let counter = Arc::new(());
    let make = counter.clone();
    (counter, move || make.clone())
}

fn alive(counter: &Arc<()>) -> usize {
    // One here, one in the closure.
    Arc::strong_count(counter) - 2
}

#[test]
fn what_wasm_holds_is_kept_and_the_rest_is_freed() {
    let mut store = Store::<()>::default();
    let instance = instance(
        &mut store,
        r#"(module
            (global $g (mut externref) (ref.null extern))
            (table $t 4 externref)
            (func (export "global") (param externref) (global.set $g (local.get 0)))
            (func (export "table") (param i32 externref) (table.set $t (local.get 0) (local.get 1)))
            (func (export "get") (param i32) (result externref)
                (if (result externref) (i32.lt_s (local.get 0) (i32.const 0))
                    (then (global.get $g)) (else (table.get $t (local.get 0))))))"#,
        &[],
    );
    type Nullable = Option<Rooted<ExternRef>>;
    let global = instance.get_typed_func::<Nullable, ()>(&mut store, "global").unwrap();
    let table = instance.get_typed_func::<(i32, Nullable), ()>(&mut store, "table").unwrap();
    let get = instance.get_typed_func::<i32, Nullable>(&mut store, "get").unwrap();
    let (counter, make) = counted();
    {
        let mut scope = RootScope::new(&mut store);
        for i in 0..4 {
            let value = ExternRef::new(&mut scope, (i, make())).unwrap();
            table.call(&mut scope, (i, Some(value))).unwrap();
        }
        let value = ExternRef::new(&mut scope, (-1, make())).unwrap();
        global.call(&mut scope, Some(value)).unwrap();
        ExternRef::new(&mut scope, make()).unwrap();
        scope.as_context_mut().gc(None).unwrap();
        assert_eq!(alive(&counter), 6, "the scope holds all");
    }
    store.gc(None).unwrap();
    assert_eq!(alive(&counter), 5);
    for i in -1..4 {
        let value = get.call(&mut store, i).unwrap().unwrap();
        let data = value.data(&store).unwrap().unwrap();
        assert_eq!(data.downcast_ref::<(i32, Arc<()>)>().unwrap().0, i);
    }
    drop(store);
    assert_eq!(alive(&counter), 0);
}

#[test]
fn overwritten_references_are_freed() {
    let mut store = Store::<()>::default();
    let ty = GlobalType::new(ValType::EXTERNREF, Mutability::Var);
    let global = Global::new(&mut store, ty, Val::null_extern_ref()).unwrap();
    let ty = TableType::new(RefType::EXTERNREF, 10, None);
    let table = Table::new(&mut store, ty, Ref::Extern(None)).unwrap();
    let (counter, make) = counted();
    for _ in 0..100 {
        let mut scope = RootScope::new(&mut store);
        let value = ExternRef::new(&mut scope, make()).unwrap();
        global.set(&mut scope, value.into()).unwrap();
        let value = ExternRef::new(&mut scope, make()).unwrap();
        table.fill(&mut scope, 2, value.into(), 5).unwrap();
    }
    store.gc(None).unwrap();
    assert_eq!(alive(&counter), 2);
    global.set(&mut store, Val::null_extern_ref()).unwrap();
    table.fill(&mut store, 0, Ref::Extern(None), 10).unwrap();
    store.gc(None).unwrap();
    assert_eq!(alive(&counter), 0);
}

#[test]
fn references_on_the_stack_survive_collections_in_host_functions() {
    let mut store = Store::<()>::default();
    let (counter, make) = counted();
    let fresh = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| ExternRef::new(&mut caller, make()));
    let collect = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| caller.gc(None));
    let check = Func::wrap(&mut store, |caller: Caller<'_, ()>, value: Rooted<ExternRef>| -> Result<i32> {
        Ok(i32::from(value.data(&caller)?.is_some_and(|data| data.is::<Arc<()>>())))
    });
    let instance = instance(
        &mut store,
        r#"(module
            (import "" "fresh" (func $fresh (result (ref extern))))
            (import "" "collect" (func $collect))
            (import "" "check" (func $check (param (ref extern)) (result i32)))
            (func $deep (param (ref extern) i32) (result i32)
                (local (ref null extern))
                (if (i32.eqz (local.get 1)) (then (call $collect) (return (call $check (local.get 0)))))
                (local.set 2 (call $fresh))
                (i32.add
                    (call $deep (ref.as_non_null (local.get 2)) (i32.sub (local.get 1) (i32.const 1)))
                    (i32.add (call $check (local.get 0)) (call $check (ref.as_non_null (local.get 2))))))
            (func (export "run") (param i32) (result i32)
                (call $deep (call $fresh) (local.get 0))))"#,
        &[fresh.into(), collect.into(), check.into()],
    );
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    for _ in 0..3 {
        assert_eq!(run.call(&mut store, 100).unwrap(), 201);
    }
    store.gc(None).unwrap();
    assert_eq!(alive(&counter), 0);
}

#[test]
fn references_made_in_a_host_function_end_with_it() {
    let mut store = Store::new(&Engine::default(), None::<Rooted<ExternRef>>);
    let make = Func::wrap(&mut store, |mut caller: Caller<'_, Option<Rooted<ExternRef>>>| -> Result<()> {
        *caller.data_mut() = Some(ExternRef::new(&mut caller, 1)?);
        Ok(())
    });
    make.typed::<(), ()>(&store).unwrap().call(&mut store, ()).unwrap();
    let outlived = store.data().unwrap();
    let error = outlived.data(&store).unwrap_err();
    assert!(error.to_string().contains("unrooted"), "{error}");
    assert!(outlived.to_owned_rooted(&mut store).is_err());
}

#[test]
fn owned_references_outlive_scopes_and_die_with_their_last_clone() {
    let mut store = Store::<()>::default();
    let (counter, make) = counted();
    let owned = {
        let mut scope = RootScope::new(&mut store);
        ExternRef::new(&mut scope, make()).unwrap().to_owned_rooted(&mut scope).unwrap()
    };
    let clone = owned.clone();
    drop(owned);
    store.gc(None).unwrap();
    assert_eq!(alive(&counter), 1);
    {
        let mut scope = RootScope::new(&mut store);
        let rooted = clone.to_rooted(&mut scope);
        assert!(Rooted::ref_eq(&scope, &rooted, &clone).unwrap());
        let same = Func::wrap(&mut scope, |value: OwnedRooted<ExternRef>| value);
        let same = same.typed::<Rooted<ExternRef>, OwnedRooted<ExternRef>>(&scope).map(|_| ());
        assert!(same.is_ok());
    }
    drop(clone);
    store.gc(None).unwrap();
    assert_eq!(alive(&counter), 0);
}

#[test]
fn references_of_another_store_are_refused() {
    let engine = Engine::default();
    let (mut one, mut other) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let value = ExternRef::new(&mut one, 1).unwrap();
    let own = ExternRef::new(&mut other, 1).unwrap();
    let take = Func::wrap(&mut other, |_: Rooted<ExternRef>| ());
    let take = take.typed::<Rooted<ExternRef>, ()>(&other).unwrap();
    assert!(take.call(&mut other, value).unwrap_err().is::<WrongStore>());
    take.call(&mut other, own).unwrap();
    assert!(value.data(&other).unwrap_err().is::<WrongStore>());
    assert!(Rooted::ref_eq(&other, &value, &own).unwrap_err().is::<WrongStore>());
    assert!(Val::from(value).ty(&other).unwrap_err().is::<WrongStore>());
}

#[test]
fn garbage_made_by_wasm_does_not_pile_up() {
    let limits = StoreLimitsBuilder::new().heap_size(4 << 20).build();
    let mut store = Store::new(&Engine::default(), limits);
    store.limiter(|limits| limits);
    let instance = instance(
        &mut store,
        r#"(module (tag $t (param i64 i64))
            (func (export "run") (param i32) (result i64)
                (local $sum i64)
                (loop $again
                    (block $caught (result i64 i64)
                        (try_table (catch $t $caught)
                            (throw $t (i64.extend_i32_u (local.get 0)) (i64.const 1)))
                        (unreachable))
                    (local.set $sum (i64.add (i64.add (local.get $sum))))
                    (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get $sum)))"#,
        &[],
    );
    let run = instance.get_typed_func::<i32, u64>(&mut store, "run").unwrap();
    let n = 300_000;
    assert_eq!(run.call(&mut store, n as i32).unwrap(), n * (n + 1) / 2 + n);
    assert!(store.gc_heap_capacity() <= 4 << 20);
}

#[test]
fn a_full_heap_is_a_trap_for_wasm_and_an_error_for_the_host() {
    let limits = StoreLimitsBuilder::new().heap_size(1 << 20).build();
    let mut store = Store::new(&Engine::default(), limits);
    store.limiter(|limits| limits);
    let instance = instance(
        &mut store,
        r#"(module (tag $t (param i64 i64 i64 i64)) (table $keep 100000 exnref)
            (func (export "fill") (local $i i32)
                (loop $again
                    (block $caught (result i64 i64 i64 i64 exnref)
                        (try_table (catch_ref $t $caught)
                            (throw $t (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)))
                        (unreachable))
                    (local.set $x) drop drop drop drop
                    (table.set $keep (local.get $i) (local.get $x))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br $again)))
            (func (export "clear")
                (table.fill $keep (i32.const 0) (ref.null exn) (i32.const 100000))))"#
            .replace("(local $i i32)", "(local $i i32) (local $x exnref)")
            .as_str(),
        &[],
    );
    let fill = instance.get_typed_func::<(), ()>(&mut store, "fill").unwrap();
    let clear = instance.get_typed_func::<(), ()>(&mut store, "clear").unwrap();
    for _ in 0..3 {
        let error = fill.call(&mut store, ()).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::HeapLimit));
        let error = loop {
            if let Err(error) = ExternRef::new(&mut store, 1) {
                break error;
            }
        };
        assert_eq!(error.downcast_ref(), Some(&Trap::HeapLimit));
        // The value comes back.
        let full = error.downcast::<GcHeapOutOfMemory<i32>>().unwrap();
        let (value, full) = full.take_inner();
        assert_eq!(value, 1);
        // Nothing is freed by this: all of it is reachable.
        store.gc(Some(&full)).unwrap();
        clear.call(&mut store, ()).unwrap();
    }
}

#[test]
fn exceptions_keep_what_they_carry_alive() {
    let mut store = Store::<()>::default();
    let ty =
        TagType::new(FuncType::new(store.engine(), [ValType::I32, ValType::EXTERNREF, ValType::V128], []));
    let tag = Tag::new(&mut store, &ty).unwrap();
    let (counter, make) = counted();
    let owned = {
        let mut scope = RootScope::new(&mut store);
        let value = ExternRef::new(&mut scope, make()).unwrap();
        let allocator = ExnRefPre::new(&mut scope, ExnType::from_tag_type(&ty).unwrap());
        let fields = [Val::I32(-7), value.into(), Val::from(1_u128 << 90)];
        let exception = ExnRef::new(&mut scope, &allocator, &tag, &fields).unwrap();
        exception.to_owned_rooted(&mut scope).unwrap()
    };
    store.gc(None).unwrap();
    assert_eq!(alive(&counter), 1);
    let fields: Vec<Val> = owned.fields(&mut store).unwrap().collect();
    assert_eq!((fields[0].unwrap_i32(), fields[2].unwrap_v128().as_u128()), (-7, 1 << 90));
    assert!(fields[1].unwrap_externref().unwrap().data(&store).unwrap().unwrap().is::<Arc<()>>());
    assert!(owned.field(&mut store, 3).is_err());
    assert_eq!(owned.ty(&store).unwrap().fields().len(), 3);
}

/// An interrupt served while an exception passes frames may throw others itself, and collect.
#[test]
fn an_exception_on_its_way_outlives_what_an_interrupt_throws() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let mut store = Store::new(&engine, (None, 0));
    let instance = instance(
        &mut store,
        r#"(module
            (tag $t (param i32))
            (func $throws (param i32) (throw $t (local.get 0)))
            (func $passes (param i32) (call $throws (local.get 0)))
            (func (export "catches") (param i32) (result i32)
                (block $caught (result i32)
                    (try_table (catch $t $caught) (call $passes (local.get 0)))
                    (unreachable))))"#,
        &[],
    );
    let catches = instance.get_typed_func::<i32, i32>(&mut store, "catches").unwrap();
    store.data_mut().0 = Some(catches.clone());
    store.epoch_deadline_callback(|mut store| {
        let catches = store.data().0.clone().unwrap();
        store.data_mut().1 += 1;
        // Not interrupted itself.
        store.set_epoch_deadline(1_000_000);
        assert_eq!(catches.call(&mut store, -5)?, -5);
        store.gc(None)?;
        assert_eq!(catches.call(&mut store, -6)?, -6);
        Ok(UpdateDeadline::Continue(0))
    });
    store.set_epoch_deadline(0);
    assert_eq!(catches.call(&mut store, 123).unwrap(), 123);
    // Three calls, two frames that the exception passes, and the handler.
    assert_eq!(store.data().1, 6);
}

#[test]
fn exceptions_must_fit_their_tag() {
    let mut store = Store::<()>::default();
    let ty = TagType::new(FuncType::new(store.engine(), [ValType::I32], []));
    let other = TagType::new(FuncType::new(store.engine(), [ValType::I64], []));
    let tag = Tag::new(&mut store, &ty).unwrap();
    let allocator = ExnRefPre::new(&mut store, ExnType::from_tag_type(&ty).unwrap());
    let wrong = ExnRefPre::new(&mut store, ExnType::from_tag_type(&other).unwrap());
    assert!(ExnRef::new(&mut store, &allocator, &tag, &[]).is_err());
    assert!(ExnRef::new(&mut store, &allocator, &tag, &[Val::I64(1)]).is_err());
    assert!(ExnRef::new(&mut store, &wrong, &tag, &[Val::I64(1)]).is_err());
    let results = TagType::new(FuncType::new(store.engine(), [], [ValType::I32]));
    assert!(Tag::new(&mut store, &results).is_err());
}

#[test]
fn exceptions_pass_through_host_functions() {
    let mut store = Store::<Vec<&'static str>>::default();
    let inner = instance(
        &mut store,
        r#"(module (tag $t (export "tag") (param i32))
            (func (export "throw") (param i32) (throw $t (local.get 0))))"#,
        &[],
    );
    let throw = inner.get_typed_func::<i32, ()>(&mut store, "throw").unwrap();
    let tag = inner.get_tag(&mut store, "tag").unwrap();
    let through =
        Func::wrap(&mut store, move |mut caller: Caller<'_, Vec<&'static str>>, value: i32| -> Result<()> {
            let result = throw.call(&mut caller, value);
            caller.data_mut().push("back");
            result.context("through the host")
        });
    let outer = instance(
        &mut store,
        r#"(module (import "" "through" (func $through (param i32)))
            (import "" "tag" (tag $t (param i32)))
            (func (export "catch") (param i32) (result i32)
                (block $caught (result i32)
                    (try_table (catch $t $caught) (call $through (local.get 0)))
                    (i32.const -1)))
            (func (export "pass") (param i32) (call $through (local.get 0))))"#,
        &[through.into(), tag.into()],
    );
    let catch = outer.get_typed_func::<i32, i32>(&mut store, "catch").unwrap();
    assert_eq!(catch.call(&mut store, 44).unwrap(), 44);
    assert!(!store.has_pending_exception());
    let pass = outer.get_typed_func::<i32, ()>(&mut store, "pass").unwrap();
    let error = pass.call(&mut store, 45).unwrap_err();
    assert!(error.is::<ThrownException>());
    assert!(store.has_pending_exception());
    store.gc(None).unwrap();
    let exception = store.take_pending_exception().unwrap();
    assert_eq!(exception.field(&mut store, 0).unwrap().unwrap_i32(), 45);
    assert!(Tag::eq(&exception.tag(&mut store).unwrap(), &tag, &store));
    assert!(store.take_pending_exception().is_none());
    assert_eq!(store.data().len(), 2);
}

#[test]
fn a_host_function_throws_what_wasm_catches_by_its_tag_only() {
    let mut store = Store::<()>::default();
    let ty = TagType::new(FuncType::new(store.engine(), [ValType::I32], []));
    let tags = [Tag::new(&mut store, &ty).unwrap(), Tag::new(&mut store, &ty).unwrap()];
    let throw = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, which: u32| -> Result<()> {
        let tag = &tags[which as usize];
        let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
        let allocator = ExnRefPre::new(&mut caller, ty);
        let exception = ExnRef::new(&mut caller, &allocator, tag, &[Val::I32(9)])?;
        caller.as_context_mut().throw(exception)
    });
    let instance = instance(
        &mut store,
        r#"(module (import "" "throw" (func $throw (param i32))) (import "" "tag" (tag $t (param i32)))
            (func (export "run") (param i32) (result i32)
                (block $caught (result i32)
                    (try_table (catch $t $caught) (call $throw (local.get 0)))
                    (i32.const -1))))"#,
        &[throw.into(), tags[0].into()],
    );
    let run = instance.get_typed_func::<u32, i32>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, 0).unwrap(), 9);
    assert!(run.call(&mut store, 1).unwrap_err().is::<ThrownException>());
    assert!(store.take_pending_exception().is_some());
}

/// Panics when it is dropped, after it was counted.
struct Bomb(Arc<AtomicUsize>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        assert!(thread::panicking(), "dropped");
    }
}

#[test]
fn values_whose_drop_panics_are_dropped_once_and_the_store_goes_on() {
    let count = Arc::new(AtomicUsize::new(0));
    for tier in [Tier::Interp, Tier::Jit] {
        let engine = Engine::new(Config::new().tier(tier)).unwrap();
        let mut store = Store::new(&engine, ());
        let make = count.clone();
        let new = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| {
            ExternRef::new(&mut caller, Bomb(make.clone())).map(Some)
        });
        let collect = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| caller.gc(None));
        let instance = instance(
            &mut store,
            r#"(module
                (import "" "new" (func $new (result externref)))
                (import "" "collect" (func $collect))
                (func (export "forget") (param i32)
                    (loop $again
                        (drop (call $new))
                        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                    (call $collect))
                (func (export "one") (result i32) (i32.const 1)))"#,
            &[new.into(), collect.into()],
        );
        let forget = instance.get_typed_func::<i32, ()>(&mut store, "forget").unwrap();
        let one = instance.get_typed_func::<(), i32>(&mut store, "one").unwrap();
        let before = count.load(Ordering::Relaxed);
        for _ in 0..3 {
            // The first of them panics, the others are dropped while that goes through.
            assert!(catch_unwind(AssertUnwindSafe(|| forget.call(&mut store, 3))).is_err());
            assert_eq!(one.call(&mut store, ()).unwrap(), 1);
        }
        let _ = catch_unwind(AssertUnwindSafe(|| store.gc(None)));
        assert_eq!(count.load(Ordering::Relaxed), before + 9);
        ExternRef::new(&mut store, Bomb(count.clone())).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(store))).is_err());
        assert_eq!(count.load(Ordering::Relaxed), before + 10);
    }
}
