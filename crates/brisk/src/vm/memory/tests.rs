//! Guarded memories: what they give, and what happens where they cannot be had.

use super::*;
use crate::vm::child;
use crate::vm::guarded::GUARD;
use crate::vm::reservation::page_size;
use crate::{Config, Engine, Instance, Module, Store};
use brisk_module::Limits;

fn ty(min: u64, max: Option<u64>) -> MemoryType {
    MemoryType { memory64: false, shared: false, limits: Limits { min, max }, page_size_log2: 16 }
}

/// A store whose memories are guarded where that is possible.
fn store() -> Store<()> {
    Store::new(&Engine::new(Config::new().guarded_memories(true)).unwrap(), ())
}

/// Whether a byte can be read, by asking the system to.
fn readable(address: usize) -> bool {
    let mut ends = [0; 2];
    // SAFETY: the system checks the addresses that it is given.
    unsafe {
        assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
        let written = libc::write(ends[1], address as *const libc::c_void, 1);
        libc::close(ends[0]);
        libc::close(ends[1]);
        written == 1
    }
}

#[test]
fn what_an_index_reaches_is_inside_or_faults() {
    let mut memory = MemoryData::new(ty(1, None), true).unwrap();
    assert!(memory.guarded());
    let base = memory.base() as usize;
    let mut len = 1 << 16;
    loop {
        assert!(readable(base) && readable(base + len - 1));
        // The widest access at the last index and the largest offset.
        let end = (1 << 32) - 1 + GUARD + 16;
        for offset in [len, len + 1, 2 * len, end - page_size(), end - 1].map(|offset| offset.min(end - 1)) {
            assert!(!readable(base + offset), "{offset:#x} of {len:#x}");
            assert!(memory.guards(base + offset));
        }
        for outside in [0, base - 1, base + end + (1 << 20), usize::MAX] {
            assert!(!memory.guards(outside), "{outside:#x}");
        }
        if len == 1 << 32 {
            break;
        }
        // SAFETY: the last byte that is accessible.
        unsafe { *memory.base().add(len - 1) = 7 };
        let grown = (len * 7 / 3).next_multiple_of(1 << 16).min(1 << 32);
        memory.storage.grow(grown, 1 << 32).unwrap();
        // SAFETY: the byte written above and the first new one.
        let bytes = unsafe { (*memory.base().add(len - 1), *memory.base().add(len)) };
        assert_eq!((bytes, memory.base() as usize), ((7, 0), base));
        len = grown;
    }
    for len in [(1 << 32) + 1, (1 << 32) + (1 << 16), (1 << 32) + GUARD, usize::MAX] {
        assert!(memory.storage.grow(len, usize::MAX).is_err());
    }
}

#[test]
fn only_memories_of_32_bits_and_ordinary_pages_are_guarded() {
    assert!(!MemoryData::new(ty(1, None), false).unwrap().guarded());
    let wide = MemoryType { memory64: true, ..ty(1, Some(10)) };
    let bytes = MemoryType { page_size_log2: 0, ..ty(100, Some(1000)) };
    for ty in [wide, bytes] {
        let memory = MemoryData::new(ty, true).unwrap();
        assert!(!memory.guarded() && !memory.guards(memory.base() as usize));
    }
    let empty = MemoryData::new(ty(0, Some(0)), true).unwrap();
    assert!(empty.guarded() && !readable(empty.base() as usize));
}

const GROWING: &str = r#"(module (memory (export "m") 1)
    (data (i32.const 65532) "abcd")
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1))))"#;

#[test]
fn code_that_checks_runs_with_guarded_memories() {
    let mut store = store();
    let module = Module::new(store.engine(), GROWING).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let grow = instance.get_typed_func::<u32, i32>(&mut store, "grow").unwrap();
    let load = instance.get_typed_func::<u32, u32>(&mut store, "load").unwrap();
    let memory = instance.get_memory(&mut store, "m").unwrap();
    assert!(load.call(&mut store, 65533).is_err());
    let base = memory.data(&store).as_ptr();
    assert_eq!(grow.call(&mut store, 1000).unwrap(), 1);
    assert_eq!(load.call(&mut store, 65532).unwrap(), u32::from_le_bytes(*b"abcd"));
    assert_eq!(load.call(&mut store, 65535).unwrap(), u32::from(b'd'));
    assert_eq!(grow.call(&mut store, 64535).unwrap(), 1001);
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    assert_eq!((memory.data(&store).as_ptr(), memory.data_size(&store)), (base, 1 << 32));
    assert_eq!(load.call(&mut store, u32::MAX - 3).unwrap(), 0);
    assert!(load.call(&mut store, u32::MAX - 2).is_err());
}

#[test]
fn memories_are_plain_where_addresses_are_scarce() {
    if !child::is_child() {
        let test = "vm::memory::tests::memories_are_plain_where_addresses_are_scarce";
        // Room for no reservation, and for two.
        child::passes_after("ulimit -v 2097152 && export GUARDED=0", test);
        return child::passes_after("ulimit -v 10485760 && export GUARDED=2", test);
    }
    let expected: usize = std::env::var("GUARDED").unwrap().parse().unwrap();
    let memories: Vec<_> = (0..5).map(|_| MemoryData::new(ty(1, None), true).unwrap()).collect();
    assert_eq!(memories.iter().filter(|memory| memory.guarded()).count(), expected);
    drop(memories);
    // And both kinds grow until the system refuses, as a value.
    let mut store = store();
    let module = Module::new(store.engine(), GROWING).unwrap();
    for _ in 0..4 {
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let grow = instance.get_typed_func::<u32, i32>(&mut store, "grow").unwrap();
        let put = instance.get_typed_func::<(u32, u32), ()>(&mut store, "store").unwrap();
        let memory = instance.get_memory(&mut store, "m").unwrap();
        let mut delta = 1 << 12;
        while delta > 0 {
            while memory.data_size(&store) < 3 << 30 && grow.call(&mut store, delta).unwrap() >= 0 {}
            delta /= 2;
        }
        let size = memory.data_size(&store);
        put.call(&mut store, (u32::try_from(size).unwrap() - 8, 7)).unwrap();
        assert!(put.call(&mut store, (u32::try_from(size).unwrap() - 3, 7)).is_err());
        assert_eq!(&memory.data(&store)[65532..65536], b"abcd");
    }
}

/// Memory, other than addresses, may be limited too; then growth within a reservation is refused.
#[test]
fn growth_is_refused_where_memory_is_scarce() {
    if !child::is_child() {
        let test = "vm::memory::tests::growth_is_refused_where_memory_is_scarce";
        return child::passes_after("ulimit -d 524288", test);
    }
    let mut store = store();
    let module = Module::new(store.engine(), GROWING).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let grow = instance.get_typed_func::<u32, i32>(&mut store, "grow").unwrap();
    let load = instance.get_typed_func::<u32, u32>(&mut store, "load").unwrap();
    assert_eq!(grow.call(&mut store, 1 << 14).unwrap(), -1);
    assert_eq!(grow.call(&mut store, 100).unwrap(), 1);
    assert_eq!(load.call(&mut store, (101 << 16) - 4).unwrap(), 0);
    assert!(load.call(&mut store, (101 << 16) - 3).is_err());
    // Where a guarded memory of that size cannot be had, an ordinary one cannot either.
    assert!(MemoryData::new(ty(1 << 14, None), true).is_err());
}
