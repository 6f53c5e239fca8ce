use super::*;
use crate::Config;
use crate::vm::interrupt::blank_words;

/// What the word of the stores here holds while nothing is wanted.
const WHOLE: usize = 0x1000;
/// A time span that no test lasts.
const LONG: Duration = Duration::from_secs(1000);
/// A time span that passes.
const SHORT: Duration = Duration::from_millis(30);

fn store(engine: &Engine) -> StoreInterrupts {
    let words = blank_words();
    words.value_limit.store(WHOLE, Ordering::SeqCst);
    StoreInterrupts::new(engine, words)
}

fn word(store: &StoreInterrupts) -> usize {
    store.shared.words.limit().load(Ordering::SeqCst)
}

/// Does what interrupted code does.
fn take(store: &StoreInterrupts) -> Due {
    store.shared.words.limit().store(WHOLE, Ordering::SeqCst);
    store.take().unwrap()
}

/// Waits for something that other threads do.
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what} did not happen");
        thread::sleep(Duration::from_millis(2));
    }
}

fn with_epochs() -> Engine {
    Engine::new(Config::new().epoch_interruption(true)).unwrap()
}

#[test]
fn a_new_store_is_interrupted_only_where_epochs_interrupt() {
    assert_eq!(word(&store(&Engine::default())), WHOLE);
    let store = store(&with_epochs());
    assert_eq!(word(&store), 0);
    assert_eq!(take(&store), Due { epoch: true, deadline: false });
}

#[test]
fn epochs_interrupt_at_the_deadline_and_not_before() {
    let engine = with_epochs();
    let store = store(&engine);
    store.set_epoch_deadline(2);
    assert!(!take(&store).epoch);
    engine.increment_epoch();
    assert_eq!(word(&store), WHOLE);
    engine.increment_epoch();
    assert_eq!(word(&store), 0);
    assert!(take(&store).epoch);
    // Still due: the next call is interrupted too, until the deadline is moved.
    store.renew();
    assert_eq!(word(&store), 0);
    store.set_epoch_deadline(1);
    assert!(!take(&store).epoch);
    assert_eq!(word(&store), WHOLE);
    store.set_epoch_deadline(u64::MAX);
    engine.increment_epoch();
    assert_eq!(word(&store), WHOLE);
}

#[test]
fn epochs_do_nothing_unless_asked_for() {
    let engine = Engine::default();
    let store = store(&engine);
    store.set_epoch_deadline(0);
    engine.increment_epoch();
    assert_eq!(word(&store), WHOLE);
}

#[test]
fn an_engine_forgets_stores_that_are_gone() {
    let engine = with_epochs();
    let stores: Vec<_> = (0..10).map(|_| store(&engine)).collect();
    assert_eq!(engine.interrupter().stores().by_number.len(), 10);
    drop(stores);
    assert_eq!(engine.interrupter().stores().by_number.len(), 0);
    engine.increment_epoch();
}

#[test]
fn a_deadline_in_the_past_is_due_at_once() {
    let engine = Engine::default();
    let store = store(&engine);
    store.set_deadline(Some(Instant::now())).unwrap();
    assert_eq!(word(&store), 0);
    assert_eq!(take(&store), Due { epoch: false, deadline: true });
    assert!(engine.interrupter().timer.lock().unwrap().is_none(), "no thread is needed for that");
    store.renew();
    assert_eq!(word(&store), 0);
    store.set_deadline(None).unwrap();
    assert!(!take(&store).deadline);
}

#[test]
fn deadlines_interrupt_when_they_pass() {
    let engine = Engine::default();
    let stores: Vec<_> = (0..5).map(|_| store(&engine)).collect();
    let begin = Instant::now();
    for (i, store) in stores.iter().enumerate() {
        // The latest first, so that each of the others wakes the thread earlier.
        store.set_deadline(Some(begin + SHORT * (5 - i as u32))).unwrap();
    }
    for (i, store) in stores.iter().enumerate().rev() {
        eventually("an interrupt", || word(store) == 0);
        assert!(begin.elapsed() >= SHORT * (5 - i as u32));
        assert!(take(store).deadline);
    }
}

#[test]
fn a_deadline_that_was_moved_or_removed_does_not_interrupt() {
    let engine = Engine::default();
    let (moved, removed, witness) = (store(&engine), store(&engine), store(&engine));
    let begin = Instant::now();
    moved.set_deadline(Some(begin + SHORT)).unwrap();
    moved.set_deadline(Some(begin + LONG)).unwrap();
    removed.set_deadline(Some(begin + SHORT)).unwrap();
    removed.set_deadline(None).unwrap();
    let in_time = begin.elapsed() < SHORT;
    witness.set_deadline(Some(begin + SHORT * 2)).unwrap();
    eventually("an interrupt", || word(&witness) == 0);
    assert!(!in_time || (word(&moved), word(&removed)) == (WHOLE, WHOLE));
    // The thread looks at the moved one again when it comes; and earlier if it is moved back.
    moved.set_deadline(Some(Instant::now() + SHORT)).unwrap();
    removed.set_deadline(Some(Instant::now() + SHORT)).unwrap();
    eventually("two interrupts", || word(&moved) == 0 && word(&removed) == 0);
}

fn thread_state(engine: &Engine) -> Weak<TimerState> {
    let timer = engine.interrupter().timer.lock().unwrap();
    Arc::downgrade(&timer.as_ref().expect("a thread").state)
}

#[test]
fn the_thread_ends_with_the_engine() {
    let engine = Engine::default();
    let store = store(&engine);
    store.set_deadline(Some(Instant::now() + LONG)).unwrap();
    let state = thread_state(&engine);
    assert!(state.strong_count() > 0);
    drop((store, engine));
    eventually("the end of the thread", || state.strong_count() == 0);
}

#[test]
fn the_thread_ends_when_idle_and_another_takes_over() {
    let engine = Engine::default();
    let store = store(&engine);
    store.set_deadline(Some(Instant::now() + SHORT)).unwrap();
    let state = thread_state(&engine);
    eventually("an interrupt", || word(&store) == 0);
    eventually("the end of the thread", || state.upgrade().is_none_or(|s| s.ending.load(Ordering::SeqCst)));
    take(&store);
    store.set_deadline(Some(Instant::now() + SHORT)).unwrap();
    eventually("another interrupt", || word(&store) == 0);
}

#[test]
fn a_child_of_a_fork_starts_its_own_thread() {
    let engine = Engine::default();
    let store = store(&engine);
    store.set_deadline(Some(Instant::now() + SHORT)).unwrap();
    // What a child finds: a thread and entries of a process that is another one.
    engine.interrupter().timer.lock().unwrap().as_mut().unwrap().pid += 1;
    store.shared.watched_by.fetch_add(1, Ordering::SeqCst);
    let parents = thread_state(&engine);
    store.set_deadline(Some(Instant::now() + SHORT * 2)).unwrap();
    assert!(!Weak::ptr_eq(&parents, &thread_state(&engine)));
    eventually("an interrupt", || word(&store) == 0);
}

#[test]
fn entries_of_stores_that_are_gone_do_not_pile_up() {
    let engine = Engine::default();
    let (sender, receiver) = channel();
    let state = Arc::new(TimerState {
        wakes: AtomicU64::new(NEVER),
        sent: AtomicU64::new(10_000),
        ending: AtomicBool::new(false),
    });
    let mut watcher =
        Watcher { start: Instant::now(), receiver, state, heap: BinaryHeap::new(), purge_at: 0 };
    let alive = store(&engine);
    for i in 0..10_000 {
        let gone = store(&engine);
        let shared = if i % 1000 == 0 { &alive.shared } else { &gone.shared };
        sender.send(Watch { at: 1 << 60, store: Arc::downgrade(shared) }).unwrap();
        drop(gone);
        assert!(watcher.receive());
    }
    assert!(watcher.heap.len() <= PURGE_AT_LEAST, "{} entries", watcher.heap.len());
    assert!(watcher.heap.iter().filter(|Reverse(watch)| watch.store.strong_count() > 0).count() == 10);
}

#[test]
fn deadlines_set_from_many_threads_all_come() {
    let engine = Engine::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..50 {
                    let store = store(&engine);
                    store.set_deadline(Some(Instant::now() + LONG)).unwrap();
                    store.set_deadline(Some(Instant::now() + Duration::from_millis(1))).unwrap();
                    eventually("an interrupt", || word(&store) == 0);
                    assert!(take(&store).deadline, "round {round}");
                }
            });
        }
    });
}
