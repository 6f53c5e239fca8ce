//! Arguments, environment, clocks, randomness and the process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use brisk_wasi::{ClockId, HostClock, I32Exit, WasiCtx, WasiCtxBuilder};

use crate::support::{DATA, Guest, MEMORY, PAGES, pass_through};

#[test]
fn arguments_and_variables_come_as_pointers_and_terminated_strings() {
    let mut guest = Guest::new(
        WasiCtxBuilder::new()
            .args(["prog", "", "späte Ünicode"])
            .env("A", "1")
            .envs([("EMPTY", ""), ("EQ", "x=y")]),
    );
    for (sizes, get, expected) in [
        ("args_sizes_get", "args_get", vec!["prog", "", "späte Ünicode"]),
        ("environ_sizes_get", "environ_get", vec!["A=1", "EMPTY=", "EQ=x=y"]),
    ] {
        assert_eq!(guest.call(sizes, &[0, 4]), Ok(()));
        let bytes: u32 = expected.iter().map(|text| text.len() as u32 + 1).sum();
        assert_eq!((guest.u32(0), guest.u32(4)), (expected.len() as u32, bytes));
        assert_eq!(guest.call(get, &[16, DATA.into()]), Ok(()));
        let mut at = DATA;
        for (i, text) in expected.iter().enumerate() {
            assert_eq!(guest.u32(16 + 4 * i as u32), at);
            assert_eq!(guest.get(at, text.len() as u32 + 1), [text.as_bytes(), b"\0"].concat());
            at += text.len() as u32 + 1;
        }
    }
}

#[test]
fn the_processs_own_arguments_and_variables_can_be_passed_on() {
    let args: Vec<String> = std::env::args().collect();
    let vars: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    assert!(!args.is_empty() && !vars.is_empty());
    let mut guest = Guest::new(WasiCtx::builder().inherit_args().inherit_env());
    for (sizes, expected) in [("args_sizes_get", &args), ("environ_sizes_get", &vars)] {
        assert_eq!(guest.call(sizes, &[0, 4]), Ok(()));
        let bytes: usize = expected.iter().map(|text| text.len() + 1).sum();
        assert_eq!((guest.u32(0) as usize, guest.u32(4) as usize), (expected.len(), bytes));
    }
}

/// The last byte of what is written is the last byte of memory, and one more is too many.
#[test]
fn strings_fit_up_to_the_last_byte_of_memory() {
    let mut guest = Guest::new(WasiCtxBuilder::new().arg("abc"));
    let end = i64::from(MEMORY);
    assert_eq!(guest.call("args_get", &[end - 4, end - 8]), Ok(()));
    assert_eq!(guest.get(MEMORY - 8, 4), b"abc\0");
    assert_eq!(guest.u32(MEMORY - 4), MEMORY - 8);
    assert_eq!(guest.call("args_get", &[0, end - 3]), Err("fault"));
    assert_eq!(guest.call("args_get", &[end - 3, 0]), Err("fault"));
    assert_eq!(guest.call("args_sizes_get", &[end - 4, end - 3]), Err("fault"));
}

#[test]
fn a_fresh_builder_gives_nothing() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    for sizes in ["args_sizes_get", "environ_sizes_get"] {
        assert_eq!(guest.call(sizes, &[0, 4]), Ok(()));
        assert_eq!((guest.u32(0), guest.u32(4)), (0, 0));
    }
    assert_eq!(guest.call("args_get", &[0, 0]), Ok(()));
    assert_eq!(guest.call("fd_prestat_get", &[3, 0]), Err("badf"));
    assert_eq!(guest.read(0, 10), Ok(vec![]));
    assert_eq!(guest.write(1, b"nobody sees this"), Ok(16));
    assert_eq!(guest.write(2, b"nor this"), Ok(8));
}

#[test]
fn clocks_run_and_say_how_finely() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    for id in 0..4 {
        assert_eq!(guest.call("clock_res_get", &[id, 0]), Ok(()));
        assert!((1..1_000_000_000).contains(&guest.u64(0)), "clock {id}");
        assert_eq!(guest.call("clock_time_get", &[id, 0, 0]), Ok(()));
        let first = guest.u64(0);
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(guest.call("clock_time_get", &[id, 1_000_000, 0]), Ok(()));
        let passed = guest.u64(0) - first;
        if id < 2 {
            assert!(passed >= 2_000_000, "clock {id}: {passed}");
        }
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    assert_eq!(guest.call("clock_time_get", &[0, 0, 0]), Ok(()));
    assert!(u128::from(guest.u64(0)).abs_diff(now) < 10_000_000_000);
    // The monotonic clock does not tell how long the machine has been up.
    assert_eq!(guest.call("clock_time_get", &[1, 0, 0]), Ok(()));
    assert!(guest.u64(0) < 60_000_000_000);
    for bad in [4, -1] {
        assert_eq!(guest.call("clock_res_get", &[bad, 0]), Err("inval"));
        assert_eq!(guest.call("clock_time_get", &[bad, 0, 0]), Err("inval"));
    }
    assert_eq!(guest.call("clock_time_get", &[0, 0, i64::from(MEMORY) - 7]), Err("fault"));
}

struct Still(AtomicU64);

impl HostClock for Still {
    fn now(&self, clock: ClockId) -> Duration {
        let base = if clock == ClockId::Realtime { 1_000_000_000 } else { 0 };
        Duration::from_nanos(base + self.0.load(Ordering::Relaxed))
    }
    fn resolution(&self, _: ClockId) -> Duration {
        Duration::from_micros(3)
    }
    fn sleep(&self, duration: Duration) {
        self.0.fetch_add(duration.as_nanos() as u64, Ordering::Relaxed);
    }
}

#[test]
fn a_host_can_replace_clocks_and_randomness() {
    let mut guest =
        Guest::new(WasiCtxBuilder::new().clock(Still(AtomicU64::new(5))).random(|buffer| buffer.fill(0xab)));
    assert_eq!(guest.call("clock_time_get", &[0, 0, 0]), Ok(()));
    assert_eq!(guest.u64(0), 1_000_000_005);
    assert_eq!(guest.call("clock_res_get", &[1, 0]), Ok(()));
    assert_eq!(guest.u64(0), 3000);
    assert_eq!(guest.call("random_get", &[16, 100]), Ok(()));
    assert_eq!(guest.get(16, 101)[98..], [0xab, 0xab, 0]);

    // An hour of sleep takes no time, but passes.
    let before = std::time::Instant::now();
    let mut subscription = [0u8; 48];
    subscription[16] = 1;
    subscription[24..32].copy_from_slice(&3_600_000_000_000u64.to_le_bytes());
    guest.put(DATA, &subscription);
    assert_eq!(guest.call("poll_oneoff", &[DATA.into(), 1024, 1, 0]), Ok(()));
    assert_eq!(guest.u32(0), 1);
    assert!(before.elapsed() < Duration::from_secs(60));
    assert_eq!(guest.call("clock_time_get", &[1, 0, 0]), Ok(()));
    assert_eq!(guest.u64(0), 3_600_000_000_005);
}

#[test]
fn random_bytes_fill_all_of_a_large_buffer_and_nothing_else() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    let len = MEMORY - DATA - 1;
    assert_eq!(guest.call("random_get", &[DATA.into(), len.into()]), Ok(()));
    assert_eq!(guest.u8(MEMORY - 1), 0);
    assert_eq!(guest.u8(DATA - 1), 0);
    // 32 zero bytes in a row do not happen in 190,000 random ones.
    for block in guest.get(DATA, len).chunks(32).filter(|block| block.len() == 32) {
        assert_ne!(block, [0; 32]);
    }
    assert_eq!(guest.call("random_get", &[DATA.into(), i64::from(len) + 2]), Err("fault"));
    assert_eq!(guest.call("random_get", &[i64::from(MEMORY), 0]), Ok(()));
    assert_eq!(guest.call("random_get", &[0, -1]), Err("fault"));
}

#[test]
fn exit_and_raise_end_the_guest_with_a_status() {
    for (name, argument, status) in [
        ("proc_exit", 0, 0),
        ("proc_exit", 7, 7),
        ("proc_exit", -1, -1),
        ("proc_raise", 1, 129),
        ("proc_raise", 6, 134),
        ("proc_raise", 9, 137),
        ("proc_raise", 15, 143),
        ("proc_raise", 30, 158),
    ] {
        let mut guest = Guest::new(&mut WasiCtxBuilder::new());
        let error = guest.raw(name, &[argument]).unwrap_err();
        assert_eq!(error.downcast_ref::<I32Exit>(), Some(&I32Exit(status)), "{name}({argument})");
        // The store is still good.
        assert_eq!(guest.call("sched_yield", &[]), Ok(()));
    }
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    assert_eq!(guest.call("proc_raise", &[0]), Ok(()));
    assert_eq!(guest.call("proc_raise", &[31]), Err("inval"));
    assert_eq!(guest.call("proc_raise", &[-1]), Err("inval"));
}

/// Calls without pointers need no memory; those with one say what is missing.
#[test]
fn a_module_without_memory_is_told_so() {
    use brisk::{Engine, Linker, Module, Store};
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    brisk_wasi::add_to_linker(&mut linker, |wasi| wasi).unwrap();
    let hidden = format!("(memory {PAGES})");
    let module = Module::new(&engine, pass_through(&hidden)).unwrap();
    let mut store = Store::new(&engine, WasiCtxBuilder::new().build());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let close = instance.get_typed_func::<i32, i32>(&mut store, "fd_close").unwrap();
    assert_eq!(close.call(&mut store, 1).unwrap(), 0);
    assert_eq!(close.call(&mut store, 1).unwrap(), 8);
    let random = instance.get_typed_func::<(i32, i32), i32>(&mut store, "random_get").unwrap();
    let error = random.call(&mut store, (0, 4)).unwrap_err();
    assert!(format!("{error:?}").contains("exports no memory named `memory`"), "{error:?}");
}

/// Stores move between threads, with what is in them.
#[test]
fn contexts_move_between_threads() {
    fn moves<T: Send + 'static>() {}
    moves::<brisk_wasi::WasiCtx>();
    moves::<WasiCtxBuilder>();
    moves::<brisk_wasi::OutputPipe>();
    let mut guest = Guest::new(WasiCtxBuilder::new().arg("x"));
    std::thread::spawn(move || assert_eq!(guest.call("args_sizes_get", &[0, 4]), Ok(()))).join().unwrap();
}
