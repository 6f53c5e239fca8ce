//! How much native stack wasm code and the host functions between it take.

use brisk::*;

#[test]
fn recursion_through_the_host_ends_at_a_stack_limit() {
    let engine = Engine::new(&Config::new()).unwrap();
    let text = r#"(module (import "" "" (func $host))
        (func $deep (export "deep") (param i32)
            (if (i32.eqz (local.get 0)) (then (call $host)) (else (call $deep (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let module = Module::new(&engine, text).unwrap();
    for depth in [0, 10, 1_000] {
        let mut store = Store::new(&engine, ());
        let again = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
            let deep = caller.get_export("deep").and_then(brisk::Extern::into_func).expect("it is exported");
            deep.call(&mut caller, &[Val::I32(depth)], &mut [])
        });
        let made = Instance::new(&mut store, &module, &[again.into()]).unwrap();
        for _ in 0..2 {
            let ended = made.get_typed_func::<i32, ()>(&mut store, "deep").unwrap().call(&mut store, depth);
            assert_eq!(ended.unwrap_err().downcast_ref(), Some(&Trap::StackOverflow), "{depth}");
        }
    }
}

/// On a stack of 256 KB, so that one that grows with each round is noticed.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(test).expect("a thread");
    thread.join().expect("the test passes");
}

fn small_stack_config() -> Config {
    let mut config = Config::new();
    config.max_native_stack(96 << 10);
    config
}

#[test]
fn a_million_continued_epochs_take_no_stack() {
    on_a_small_stack(|| {
        continue_epochs(Tier::Interp, 1_000_000);
        // Functions of machine code that call nothing do not ask.
        continue_epochs(Tier::Jit, 250_000);
    });
}

fn continue_epochs(tier: Tier, least: u64) {
    let engine = Engine::new(small_stack_config().epoch_interruption(true).tier(tier)).unwrap();
    let text = r#"(module (type $f (func)) (table 1 funcref) (elem (i32.const 0) func $callee)
            (func $callee)
            (func (export "loops") (param i32)
                (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
            (func (export "calls") (param i32)
                (loop (call $callee) (call_indirect (type $f) (i32.const 0)) (call_ref $f (ref.func $callee))
                    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
            (func $tail (export "tail calls") (param i32)
                (if (local.get 0) (then (return_call $tail (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, 0_u64);
    // The deadline has passed again at once: each check asks.
    store.epoch_deadline_callback(|mut store| {
        *store.data_mut() += 1;
        Ok(UpdateDeadline::Continue(0))
    });
    let made = Instance::new(&mut store, &module, &[]).unwrap();
    for (name, rounds) in [("loops", 1_000_000), ("calls", 250_000), ("tail calls", 1_000_000)] {
        *store.data_mut() = 0;
        let func = made.get_typed_func::<i32, ()>(&mut store, name).unwrap();
        func.call(&mut store, rounds).unwrap();
        assert!(*store.data() >= least, "{name}: {}", store.data());
    }
}

#[test]
fn a_million_exceptions_of_host_functions_take_no_stack() {
    on_a_small_stack(|| {
        let engine = Engine::new(&small_stack_config()).unwrap();
        let mut store = Store::new(&engine, ());
        let tag = Tag::new(&mut store, &TagType::new(FuncType::new(&engine, [ValType::I32], []))).unwrap();
        let ty = ExnType::from_tag_type(&tag.ty(&store)).unwrap();
        let allocator = ExnRefPre::new(&mut store, ty);
        let throw = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, value: i32| -> Result<()> {
            let exception = ExnRef::new(&mut caller, &allocator, &tag, &[Val::I32(value)])?;
            caller.as_context_mut().throw(exception)
        });
        let text = r#"(module (import "" "throw" (func $throw (param i32))) (import "" "tag" (tag $t (param i32)))
            (table 1 funcref) (elem (i32.const 0) func $throw)
            (func $tail (param i32) (return_call $throw (local.get 0)))
            (func $nested (param i32) (call_indirect (param i32) (local.get 0) (i32.const 0)))
            (func (export "run") (param i32) (result i64) (local $sum i64)
                (loop $next
                    (block $caught (result i32)
                        (try_table (catch $t $caught)
                            (if (i32.and (local.get 0) (i32.const 1))
                                (then (call $tail (local.get 0)))
                                (else (if (i32.and (local.get 0) (i32.const 2))
                                    (then (call $nested (local.get 0)))
                                    (else (call $throw (local.get 0)))))))
                        (unreachable))
                    i64.extend_i32_u (local.set $sum (i64.add (local.get $sum)))
                    (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get $sum)))"#;
        let module = Module::new(&engine, text).unwrap();
        let made = Instance::new(&mut store, &module, &[throw.into(), tag.into()]).unwrap();
        let run = made.get_typed_func::<i32, i64>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, 1_000_000).unwrap(), 1_000_000 * 1_000_001 / 2);
    });
}

/// At each depth of wasm code that the host called from wasm code, the innermost overflows its stack, and
/// each host function on the way sees that and may go on.
#[test]
fn stack_overflow_at_each_depth_of_guest_and_host() {
    let engine = Engine::default();
    let text = r#"(module (import "" "" (func $host (param i32) (result i32)))
        (func $endless (result i32) (i32.add (call $endless) (i32.const 1)))
        (func $run (export "run") (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (call $endless))))
            (i32.add (i32.const 1) (call $host (i32.sub (local.get 0) (i32.const 1))))))"#;
    let module = Module::new(&engine, text).unwrap();
    for go_on in [false, true] {
        let mut store = Store::new(&engine, 0);
        let host = Func::wrap(&mut store, move |mut caller: Caller<'_, i32>, depth: i32| -> Result<i32> {
            let run = caller.get_export("run").and_then(brisk::Extern::into_func).expect("it is exported");
            let run = run.typed::<i32, i32>(&caller)?;
            let ended = run.call(&mut caller, depth);
            *caller.data_mut() += 1;
            match ended {
                Err(error) if go_on => {
                    assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
                    Ok(0)
                }
                ended => ended,
            }
        });
        let made = Instance::new(&mut store, &module, &[host.into()]).unwrap();
        for depth in 0..100 {
            *store.data_mut() = 0;
            let ended = call_i32(&mut store, made, "run", depth);
            assert_eq!(*store.data(), depth);
            match ended {
                // The host function nearest to the overflow gave 0; each level of wasm code adds one.
                Ok(levels) => assert!(go_on && depth > 0 && levels == depth, "{depth}: {levels}"),
                Err(error) => {
                    assert!(!go_on || depth == 0, "{depth}");
                    assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow), "{depth}");
                }
            }
        }
    }
}

/// Machine code recurses until it overflows, and calls the host at each depth: what is left then is the host's.
#[test]
fn some_of_the_native_stack_is_for_host_functions() {
    const ALLOWED: usize = 512 << 10;
    let engine = Engine::new(Config::new().tier(Tier::Jit).max_native_stack(ALLOWED)).unwrap();
    let text = r#"(module (import "" "" (func $host))
        (func $run (export "run") (param i32) (result i32)
            (call $host)
            (i32.add (i32.const 1) (call $run (i32.sub (local.get 0) (i32.const 1))))))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, (0, usize::MAX));
    let host = Func::wrap(&mut store, |mut caller: Caller<'_, (u32, usize)>| {
        let here = &raw const caller as usize;
        let (calls, lowest) = caller.data_mut();
        (*calls, *lowest) = (*calls + 1, here.min(*lowest));
    });
    let made = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    let run = made.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    let top = &raw const run as usize;
    let ended = run.call(&mut store, 0).unwrap_err();
    assert_eq!(ended.downcast_ref(), Some(&Trap::StackOverflow));
    let (calls, lowest) = *store.data();
    assert!(calls > 1_000, "{calls}");
    // What this function and the call take above and below wasm code is small.
    assert!(top - lowest < ALLOWED - (128 << 10) + (16 << 10), "{}", top - lowest);
}

fn call_i32(store: &mut Store<i32>, instance: Instance, name: &str, arg: i32) -> Result<i32> {
    instance.get_typed_func::<i32, i32>(&mut *store, name)?.call(store, arg)
}

/// Wasm code whose calls go through host functions that call again on threads of their own.
const ON_THREADS: &str = r#"(module (import "" "" (func $host (param i32) (result i32)))
    (func (export "run") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
        (i32.add (i32.const 1) (call $host (i32.sub (local.get 0) (i32.const 1))))))"#;

/// Goes on with `run` in this thread, or in another one.
fn go_on(caller: &mut Caller<'_, i32>, depth: i32, thread: Option<usize>) -> Result<i32> {
    let run = caller.get_export("run").and_then(brisk::Extern::into_func).expect("it is exported");
    let run = run.typed::<i32, i32>(&caller)?;
    match thread {
        None => run.call(caller, depth),
        Some(stack) => std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(stack);
            thread.spawn_scoped(scope, || run.call(caller, depth)).unwrap().join().unwrap()
        }),
    }
}

#[test]
fn a_host_function_may_go_on_in_another_thread() {
    let engine = Engine::default();
    let module = Module::new(&engine, ON_THREADS).unwrap();
    let mut store = Store::new(&engine, 0);
    let host = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, depth: i32| {
        go_on(&mut caller, depth, Some(2 << 20))
    });
    let made = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    // Wherever the threads' stacks are, above or below.
    for depth in [1, 2, 50] {
        assert_eq!(call_i32(&mut store, made, "run", depth).unwrap(), depth);
    }
}

#[test]
fn endless_recursion_in_another_thread_is_a_stack_overflow() {
    let engine = Engine::new(Config::new().max_native_stack(256 << 10)).unwrap();
    let module = Module::new(&engine, ON_THREADS).unwrap();
    let mut store = Store::new(&engine, 0);
    let host = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, depth: i32| {
        *caller.data_mut() += 1;
        // The second level goes on in another thread, which has little more stack than it may use.
        let thread = (*caller.data() == 2).then_some(512 << 10);
        go_on(&mut caller, depth, thread)
    });
    let made = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    for _ in 0..3 {
        *store.data_mut() = 0;
        let error = call_i32(&mut store, made, "run", i32::MAX).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
        assert!(*store.data() > 10, "{}", store.data());
        // This thread's stack counts again.
        *store.data_mut() = 2;
        assert_eq!(call_i32(&mut store, made, "run", 20).unwrap(), 20);
        let error = call_i32(&mut store, made, "run", i32::MAX).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
    }
}

/// Two threads that have each other do their work, and meanwhile do what they are given.
mod two_threads {
    use std::cell::{Cell, RefCell};
    use std::sync::mpsc::{Receiver, Sender, channel};

    type Job = Box<dyn FnOnce() + Send>;

    pub enum Message {
        Do(Job),
        /// What this thread gave to the other one is done.
        Done,
        End,
    }

    thread_local! {
        static ME: Cell<usize> = const { Cell::new(0) };
        static QUEUE: RefCell<Option<Receiver<Message>>> = const { RefCell::new(None) };
    }

    pub type Senders = [Sender<Message>; 2];

    /// Runs `first` in this thread, with another one that is there to help.
    pub fn run(first: impl FnOnce(Senders)) {
        let ((mine, my_queue), (other, other_queue)) = (channel(), channel());
        let helper = std::thread::spawn(move || {
            ME.set(1);
            QUEUE.set(Some(other_queue));
            work();
        });
        QUEUE.set(Some(my_queue));
        first([mine, other.clone()]);
        let _ = other.send(Message::End);
        helper.join().unwrap();
    }

    /// Does what others give, until there is an end of that.
    fn work() {
        let next = || QUEUE.with_borrow(|queue| queue.as_ref().unwrap().recv());
        while let Ok(Message::Do(job)) = next() {
            job();
        }
    }

    /// Has the other thread do something.
    pub fn in_the_other<R: Send>(senders: &Senders, work_to_do: impl FnOnce() -> R + Send) -> R {
        let me = ME.get();
        let (back, mut result) = (senders[me].clone(), None);
        let place = &mut result;
        let job: Box<dyn FnOnce() + Send + '_> = Box::new(move || {
            *place = Some(work_to_do());
            let _ = back.send(Message::Done);
        });
        // SAFETY: what the job borrows is there until it is done, which is waited for.
        let job = unsafe { std::mem::transmute::<Box<dyn FnOnce() + Send + '_>, Job>(job) };
        assert!(senders[1 - me].send(Message::Do(job)).is_ok());
        work();
        result.expect("the job is done")
    }
}

/// However often they hand the store back and forth, two threads have but two stacks.
#[test]
fn endless_recursion_between_two_threads_is_a_stack_overflow() {
    use two_threads::{Senders, in_the_other};

    let engine = Engine::new(Config::new().max_native_stack(256 << 10)).unwrap();
    let module = Module::new(&engine, ON_THREADS).unwrap();
    two_threads::run(|senders| {
        let mut store = Store::new(&engine, (senders, 0));
        let host = Func::wrap(&mut store, |mut caller: Caller<'_, (Senders, u32)>, depth: i32| {
            caller.data_mut().1 += 1;
            let run = caller.get_export("run").and_then(brisk::Extern::into_func).expect("it is exported");
            let run = run.typed::<i32, i32>(&caller)?;
            let senders = caller.data().0.clone();
            in_the_other(&senders, || run.call(&mut caller, depth))
        });
        let made = Instance::new(&mut store, &module, &[host.into()]).unwrap();
        let run = made.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, 20).unwrap(), 20);
        let error = run.call(&mut store, i32::MAX).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
        assert!(store.data().1 > 40, "{}", store.data().1);
    });
}
