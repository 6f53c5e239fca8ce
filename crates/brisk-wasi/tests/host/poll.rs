//! `poll_oneoff`.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use brisk_wasi::{InputPipe, WasiCtxBuilder};

use crate::support::*;

const SUBS: u32 = DATA;
const EVENTS: u32 = DATA + 65536;

#[derive(Clone, Copy)]
enum Sub {
    /// clock, nanoseconds, flags
    Clock(u32, u64, u16),
    Read(u32),
    Write(u32),
}

#[derive(Debug, PartialEq, Eq)]
struct Event {
    userdata: u64,
    error: u16,
    kind: u8,
    bytes: u64,
    hangup: bool,
}

fn event(userdata: u64, error: u16, kind: u8, bytes: u64, hangup: bool) -> Event {
    Event { userdata, error, kind, bytes, hangup }
}

fn lay_out(guest: &mut Guest, at: u32, subs: &[Sub]) {
    for (i, sub) in subs.iter().enumerate() {
        let mut bytes = [0xeeu8; 48];
        bytes[0..8].copy_from_slice(&(100 + i as u64).to_le_bytes());
        match *sub {
            Sub::Clock(id, timeout, flags) => {
                bytes[8] = 0;
                bytes[16..20].copy_from_slice(&id.to_le_bytes());
                bytes[24..32].copy_from_slice(&timeout.to_le_bytes());
                bytes[32..40].fill(0);
                bytes[40..42].copy_from_slice(&flags.to_le_bytes());
            }
            Sub::Read(fd) => {
                bytes[8] = 1;
                bytes[16..20].copy_from_slice(&fd.to_le_bytes());
            }
            Sub::Write(fd) => {
                bytes[8] = 2;
                bytes[16..20].copy_from_slice(&fd.to_le_bytes());
            }
        }
        guest.put(at + 48 * i as u32, &bytes);
    }
}

fn events(guest: &Guest, at: u32, count: u32) -> Vec<Event> {
    (0..count)
        .map(|i| {
            let at = at + 32 * i;
            Event {
                userdata: guest.u64(at),
                error: guest.u16(at + 8),
                kind: guest.u8(at + 10),
                bytes: guest.u64(at + 16),
                hangup: guest.u16(at + 24) == 1,
            }
        })
        .collect()
}

fn poll(guest: &mut Guest, subs: &[Sub]) -> Result<Vec<Event>> {
    lay_out(guest, SUBS, subs);
    guest.call("poll_oneoff", &[SUBS.into(), EVENTS.into(), subs.len() as i64, 0])?;
    Ok(events(guest, EVENTS, guest.u32(0)))
}

const MS: u64 = 1_000_000;

#[test]
fn clocks_relative_and_absolute() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    for id in [0, 1] {
        let start = Instant::now();
        assert_eq!(poll(&mut guest, &[Sub::Clock(id, 20 * MS, 0)]), Ok(vec![event(100, 0, 0, 0, false)]));
        assert!(start.elapsed() >= Duration::from_millis(20));

        guest.call("clock_time_get", &[id.into(), 0, 8]).unwrap();
        let now = guest.u64(8);
        let start = Instant::now();
        let events = poll(&mut guest, &[Sub::Clock(id, now + 30 * MS, 1)]);
        assert_eq!(events, Ok(vec![event(100, 0, 0, 0, false)]));
        assert!(start.elapsed() >= Duration::from_millis(25));
        guest.call("clock_time_get", &[id.into(), 0, 8]).unwrap();
        assert!(guest.u64(8) >= now + 30 * MS);

        // What is past is there at once.
        let start = Instant::now();
        assert_eq!(poll(&mut guest, &[Sub::Clock(id, 1, 1)]).map(|e| e.len()), Ok(1));
        assert_eq!(poll(&mut guest, &[Sub::Clock(id, 0, 0)]).map(|e| e.len()), Ok(1));
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn the_earliest_clock_ends_the_wait_and_order_is_kept() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    let hour = 3_600_000 * MS;
    let subs =
        [Sub::Clock(1, hour, 0), Sub::Clock(1, 10 * MS, 0), Sub::Clock(0, u64::MAX, 1), Sub::Clock(0, 1, 0)];
    let start = Instant::now();
    let got = poll(&mut guest, &subs).unwrap();
    assert!(start.elapsed() < Duration::from_secs(60));
    assert!(got == [event(103, 0, 0, 0, false)] || got.last().unwrap().userdata == 103, "{got:?}");
    assert!(got.iter().all(|event| event.userdata == 101 || event.userdata == 103));
}

#[test]
fn clocks_that_cannot_be_waited_for_are_an_error_of_their_event() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    let got = poll(&mut guest, &[Sub::Clock(2, 0, 0), Sub::Clock(3, 0, 0), Sub::Clock(4, 0, 0)]);
    let errors: Vec<_> = got.unwrap().into_iter().map(|event| (event.userdata, event.error)).collect();
    assert_eq!(errors, [(100, 58), (101, 58), (102, 28)]);
    assert_eq!(poll(&mut guest, &[Sub::Clock(1, 0, 2)]), Err("inval"));
}

#[test]
fn streams_in_memory_are_always_ready() {
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(InputPipe::from("12345")));
    let subs = [Sub::Read(0), Sub::Write(1), Sub::Clock(1, 3_600_000 * MS, 0), Sub::Write(2)];
    let got = poll(&mut guest, &subs).unwrap();
    assert_eq!(got, [event(100, 0, 1, 5, false), event(101, 0, 2, 1, false), event(103, 0, 2, 1, false)]);
    guest.read(0, 5).unwrap();
    assert_eq!(poll(&mut guest, &[Sub::Read(0)]), Ok(vec![event(100, 0, 1, 0, true)]));
}

#[test]
fn files_are_always_ready_and_say_how_much_is_left() {
    let (mut guest, _dir) = Guest::with_dir();
    let fd = guest.file("f", b"contents");
    guest.seek(fd, 3, 0).unwrap();
    let got = poll(&mut guest, &[Sub::Read(fd), Sub::Write(fd)]).unwrap();
    assert_eq!(got, [event(100, 0, 1, 5, false), event(101, 0, 2, 1, false)]);
}

#[test]
fn wrong_descriptors_are_an_error_of_their_event() {
    let (mut guest, _dir) = Guest::with_dir();
    guest.file("f", b"");
    let no_poll = guest.open("f", 0, FD_READ).unwrap();
    let subs = [Sub::Read(77), Sub::Write(3), Sub::Read(no_poll), Sub::Clock(1, 3_600_000 * MS, 0)];
    let got = poll(&mut guest, &subs).unwrap();
    assert_eq!(got, [event(100, 8, 1, 0, false), event(101, 31, 2, 0, false), event(102, 76, 1, 0, false)]);
}

#[test]
fn a_socket_becomes_ready_when_the_other_end_does_something() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut guest = Guest::new(WasiCtxBuilder::new().tcp_listener(listener).unwrap());
    let timeout = Sub::Clock(1, 10 * MS, 0);
    assert_eq!(poll(&mut guest, &[Sub::Read(3), timeout]), Ok(vec![event(101, 0, 0, 0, false)]));

    let connecting = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        TcpStream::connect(address).unwrap()
    });
    let hour = Sub::Clock(1, 3_600_000 * MS, 0);
    assert_eq!(poll(&mut guest, &[hour, Sub::Read(3)]), Ok(vec![event(101, 0, 1, 0, false)]));
    let mut peer = connecting.join().unwrap();
    guest.call("sock_accept", &[3, 0, 0]).unwrap();
    let fd = guest.u32(0);
    let got = poll(&mut guest, &[Sub::Read(fd), Sub::Write(fd)]).unwrap();
    assert_eq!(got, [event(101, 0, 2, 1, false)]);
    std::io::Write::write_all(&mut peer, b"hello").unwrap();
    assert_eq!(poll(&mut guest, &[Sub::Read(fd), hour]), Ok(vec![event(100, 0, 1, 5, false)]));
    drop(peer);
    guest.read(fd, 100).unwrap();
    assert_eq!(poll(&mut guest, &[Sub::Read(fd), hour]), Ok(vec![event(100, 0, 1, 0, true)]));
}

#[test]
fn counts_of_nothing_and_of_too_much() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    assert_eq!(guest.call("poll_oneoff", &[SUBS.into(), EVENTS.into(), 0, 0]), Err("inval"));
    for count in [1 << 20, (1 << 16) + 1, -1] {
        assert_eq!(guest.call("poll_oneoff", &[0, 0, count, 0]), Err("inval"), "{count}");
    }
    // As many as one call takes, but more than this memory has room for.
    assert_eq!(guest.call("poll_oneoff", &[0, 0, 1 << 16, 0]), Err("fault"));
}

/// The most a call takes, in a memory that has room: every event comes, and soon.
#[test]
fn as_many_subscriptions_as_one_call_takes() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    guest.memory.grow(&mut guest.store, 100).unwrap();
    let count = 1u32 << 16;
    let (subs, events_at) = (DATA, DATA + 48 * count);
    let all: Vec<_> =
        (0..count).map(|i| if i % 2 == 0 { Sub::Clock(1, 0, 0) } else { Sub::Write(1) }).collect();
    lay_out(&mut guest, subs, &all);
    let start = Instant::now();
    assert_eq!(guest.call("poll_oneoff", &[subs.into(), events_at.into(), count.into(), 0]), Ok(()));
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(guest.u32(0), count);
    assert_eq!(events(&guest, events_at, count).last().unwrap().userdata, 100 + u64::from(count) - 1);
}

#[test]
fn subscriptions_and_events_may_overlap() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    let subs = [Sub::Clock(1, 0, 0), Sub::Write(1), Sub::Read(0), Sub::Clock(1, 0, 0), Sub::Write(2)];
    for shift in [-64i64, -32, -1, 0, 1, 16, 32, 47, 48, 96] {
        let at = i64::from(SUBS) + shift;
        lay_out(&mut guest, SUBS, &subs);
        assert_eq!(guest.call("poll_oneoff", &[SUBS.into(), at, 5, 0]), Ok(()));
        assert_eq!(guest.u32(0), 5);
        let got: Vec<_> = events(&guest, at as u32, 5).into_iter().map(|e| (e.userdata, e.kind)).collect();
        assert_eq!(got, [(100, 0), (101, 2), (102, 1), (103, 0), (104, 2)], "events {shift} bytes on");
    }
    // The count is written last, wherever it is.
    lay_out(&mut guest, SUBS, &subs);
    assert_eq!(guest.call("poll_oneoff", &[SUBS.into(), EVENTS.into(), 5, EVENTS.into()]), Ok(()));
    assert_eq!(guest.u32(EVENTS), 5);
}

#[test]
fn pointers_up_to_the_end_of_memory() {
    let mut guest = Guest::new(&mut WasiCtxBuilder::new());
    let end = i64::from(MEMORY);
    lay_out(&mut guest, MEMORY - 48, &[Sub::Clock(1, 0, 0)]);
    assert_eq!(guest.call("poll_oneoff", &[end - 48, 64, 1, 0]), Ok(()));
    assert_eq!(guest.call("poll_oneoff", &[end - 47, 64, 1, 0]), Err("fault"));
    lay_out(&mut guest, SUBS, &[Sub::Clock(1, 0, 0)]);
    assert_eq!(guest.call("poll_oneoff", &[SUBS.into(), end - 32, 1, 0]), Ok(()));
    assert_eq!(guest.call("poll_oneoff", &[SUBS.into(), end - 31, 1, 0]), Err("fault"));
    assert_eq!(guest.call("poll_oneoff", &[SUBS.into(), 64, 1, end - 3]), Err("fault"));
    guest.put(SUBS + 8, &[3]);
    assert_eq!(guest.call("poll_oneoff", &[SUBS.into(), 64, 1, 0]), Err("inval"));
}

/// A guest that sleeps for an hour ends when the host says so.
#[test]
fn the_host_can_end_a_wait() {
    #[derive(Debug)]
    struct OutOfTime;
    impl std::fmt::Display for OutOfTime {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("out of time")
        }
    }
    impl std::error::Error for OutOfTime {}

    let deadline = Instant::now() + Duration::from_millis(100);
    let mut guest =
        Guest::new(WasiCtxBuilder::new().on_wait(move || {
            if Instant::now() < deadline { Ok(()) } else { Err(brisk::Error::new(OutOfTime)) }
        }));
    lay_out(&mut guest, SUBS, &[Sub::Clock(1, 3_600_000 * MS, 0)]);
    let error = guest.raw("poll_oneoff", &[SUBS.into(), EVENTS.into(), 1, 0]).unwrap_err();
    assert!(error.downcast_ref::<OutOfTime>().is_some(), "{error:?}");
    assert!(Instant::now() < deadline + Duration::from_secs(20));
}
