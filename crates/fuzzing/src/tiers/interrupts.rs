//! What interrupts modules while they run.
//!
//! Code that is interrupted and goes on must do what it does undisturbed. Code that is stopped stands somewhere that
//! nobody has promised; but what fuel it has used says where: the interpreter, given just so much, must have done the same
//! by then, and in later calls whatever it does in the same state.

use super::run::Data;
use crate::random::Random;
use brisk::{
    AsContextMut, Config, Engine, Error, Instance, Module, Result, Store, StoreContextMut, Trap,
    UpdateDeadline, ensure,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What interrupts code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interrupts {
    /// Nothing.
    Never,
    /// Code is interrupted wherever it looks, and goes on.
    Everywhere,
    /// The same, but one of the interrupts of each call, by number, ends it.
    Nth,
    /// Another thread raises epochs, which end calls.
    Thread,
    /// Calls have little time.
    Clock,
    /// Host functions raise epochs.
    Host,
}

/// What another thread lies in wait between two epochs, at most, in microseconds.
const PAUSE: u64 = 60;
/// Time of a call, at most, in microseconds.
const TIME: u64 = 400;
/// A tick that never comes.
const NEVER: u64 = 1 << 60;

impl Interrupts {
    /// Half of the time none.
    pub fn choose(random: &mut Random) -> Interrupts {
        use Interrupts::{Clock, Everywhere, Host, Never, Nth, Thread};
        random.choose(&[
            Never, Never, Never, Never, Never, Everywhere, Everywhere, Nth, Nth, Thread, Clock, Host,
        ])
    }

    /// Whether calls are stopped.
    pub fn stop(self) -> bool {
        !matches!(self, Interrupts::Never | Interrupts::Everywhere)
    }

    pub(super) fn configure(self, config: &mut Config) {
        config.epoch_interruption(!matches!(self, Interrupts::Never | Interrupts::Clock));
    }
}

/// What decides about a store's interrupts; apart from all else that is random, so that the same happens without any.
pub(super) struct Interrupting {
    random: Random,
    /// Interrupts up to the one that ends the call.
    left: u64,
}

impl Interrupting {
    pub fn new(seed: u64) -> Interrupting {
        Interrupting { random: Random::new(!seed), left: 0 }
    }

    /// A host function runs. Whether it is to raise an epoch.
    pub fn host_raises(&mut self) -> bool {
        self.random.below(6) == 0
    }
}

/// What callbacks call now and then: a function whose arguments, results and exception are in all places that there are for
/// such, with a frame and operands of its own.
const DISTURBING: &str = r#"(module
    (type $all (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64 f64 f64 f64 f64 f64 f64 f64 f64 f64 v128)
        (result i64 i64 i64 i64 i64 i64 i64 i64 i64 f64 f64 f64 f64 f64 f64 f64 f64 f64 v128)))
    (type $caught (func
        (result i64 i64 i64 i64 i64 i64 i64 i64 i64 f64 f64 f64 f64 f64 f64 f64 f64 f64 v128)))
    (tag $tag (param i64 i64 i64 i64 i64 i64 i64 i64 i64 f64 f64 f64 f64 f64 f64 f64 f64 f64 v128))
    (func $throws (type $all)
        (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)
        (local.get 7) (local.get 8) (local.get 9) (local.get 10) (local.get 11) (local.get 12) (local.get 13)
        (local.get 14) (local.get 15) (local.get 16) (local.get 17) (local.get 18)
        (throw $tag))
    (func (export "disturb") (param i64) (result i64)
        (block (type $caught)
            (i64.const -1) (i64.const -2) (i64.const -3) (i64.const -4) (i64.const -5) (i64.const -6) (i64.const -7)
            (i64.const -8) (local.get 0) (f64.const -1) (f64.const -2) (f64.const -3) (f64.const -4) (f64.const -5)
            (f64.const -6) (f64.const -7) (f64.const -8) (f64.const -9) (v128.const i64x2 -1 -2)
            (try_table (type $all) (catch $tag 0) (call $throws)))
        (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop)
        (return)))"#;

/// Calls that function, not interrupted itself, and with fuel that is given back.
fn disturb(mut context: StoreContextMut<Data>) -> Result<()> {
    let Some(func) = context.data().disturbing.clone() else { return Ok(()) };
    let fuel = context.get_fuel();
    context.set_epoch_deadline(NEVER);
    if fuel.is_ok() {
        context.set_fuel(1_000_000)?;
    }
    let seen = func.call(&mut context, 77);
    if let Ok(fuel) = fuel {
        context.set_fuel(fuel)?;
    }
    // Where there is no stack left for it.
    ensure!(seen.as_ref().map_or(true, |&seen| seen == 77), "what callbacks do goes wrong: {seen:?}");
    Ok(())
}

/// Prepares a new store.
pub(super) fn prepare(store: &mut Store<Data>, interrupts: Interrupts) {
    match interrupts {
        Interrupts::Never | Interrupts::Clock => {}
        Interrupts::Everywhere => {
            let engine = store.engine().clone();
            let module = Module::new(&engine, DISTURBING).expect("it is valid");
            let instance = Instance::new(&mut *store, &module, &[]).expect("it imports nothing");
            let func = instance.get_typed_func(&mut *store, "disturb").expect("it has that");
            store.data_mut().disturbing = Some(func);
            let mut count = 0_u64;
            store.epoch_deadline_callback(move |mut context| {
                count += 1;
                context.data_mut().counts.see("interrupts that let go on");
                if count.is_multiple_of(16) {
                    context.gc(None)?;
                }
                if count.is_multiple_of(4) {
                    disturb(context.as_context_mut())?;
                }
                // Not what is overdrawn, of which nothing is seen.
                if let Ok(left @ 1..) = context.get_fuel() {
                    context.set_fuel(left)?;
                }
                Ok(UpdateDeadline::Continue(0))
            });
            store.set_epoch_deadline(0);
        }
        Interrupts::Nth => {
            store.epoch_deadline_callback(|mut context| {
                let left = &mut context.data_mut().interrupting.left;
                *left = left.saturating_sub(1);
                Ok(if *left == 0 { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(0) })
            });
            store.set_epoch_deadline(NEVER);
        }
        Interrupts::Thread | Interrupts::Host => store.set_epoch_deadline(NEVER),
    }
}

/// Sees to it that nothing is stopped until the store is armed.
pub(super) fn disarm(store: &mut Store<Data>, interrupts: Interrupts) {
    match interrupts {
        Interrupts::Never | Interrupts::Everywhere => {}
        Interrupts::Clock => store.set_deadline(None).expect("that takes no thread"),
        Interrupts::Nth | Interrupts::Thread | Interrupts::Host => store.set_epoch_deadline(NEVER),
    }
}

/// Sees to it that the call that comes next may be interrupted.
pub(super) fn arm(store: &mut Store<Data>, interrupts: Interrupts) {
    let random = &mut store.data_mut().interrupting.random;
    match interrupts {
        Interrupts::Never | Interrupts::Everywhere => {}
        Interrupts::Nth => {
            let most = random.choose(&[4, 40, 400, 4_000]);
            store.data_mut().interrupting.left = 1 + random.below(most);
            store.set_epoch_deadline(0);
        }
        Interrupts::Thread => {
            let ticks = 1 + random.below(3);
            store.set_epoch_deadline(ticks);
        }
        Interrupts::Clock => {
            let time = Duration::from_micros(random.below(TIME));
            store.set_timeout(time).expect("there is a thread that watches deadlines");
        }
        Interrupts::Host => store.set_epoch_deadline(1),
    }
}

/// Whether code was stopped at a point that is not promised, or for lack of fuel.
pub(super) fn stopped(error: &Error) -> bool {
    is_interrupt(error) || matches!(error.downcast_ref::<Trap>(), Some(Trap::OutOfFuel))
}

/// Whether code was stopped by an interrupt.
pub(super) fn is_interrupt(error: &Error) -> bool {
    matches!(error.downcast_ref::<Trap>(), Some(Trap::Interrupt | Trap::Deadline))
}

/// Does something while epochs are raised by another thread, if they are.
pub(super) fn while_raised<R>(
    engine: &Engine,
    interrupts: Interrupts,
    seed: u64,
    work: impl FnOnce() -> R,
) -> R {
    if interrupts != Interrupts::Thread {
        return work();
    }
    struct Ends<'a>(&'a AtomicBool);
    impl Drop for Ends<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random::new(seed);
            while !ended.load(Ordering::Relaxed) {
                engine.increment_epoch();
                std::thread::sleep(Duration::from_micros(random.below(PAUSE)));
            }
        });
        // Also if it panics.
        let _ends = Ends(&ended);
        work()
    })
}
