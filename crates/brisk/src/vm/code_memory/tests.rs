use super::*;
use crate::vm::child;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

type Memory = CodeMemory<String>;

/// Protections of the mappings in a range of addresses, as the system lists them.
#[cfg(target_os = "linux")]
fn protections(range: Range<usize>) -> Vec<(Range<usize>, String)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut found = Vec::new();
    for line in maps.lines() {
        let mut words = line.split(' ');
        let (start, end) = words.next().unwrap().split_once('-').unwrap();
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        let (start, end) = (number(start), number(end));
        if start < range.end && range.start < end {
            found.push((start..end, words.next().unwrap().to_owned()));
        }
    }
    found
}

/// A function that returns a constant: `mov eax, imm32; ret`.
#[cfg(target_arch = "x86_64")]
fn constant(value: u32) -> [u8; 8] {
    let [a, b, c, d] = value.to_le_bytes();
    [0xb8, a, b, c, d, 0xc3, 0xcc, 0xcc]
}

/// A function that returns a constant: `movz w0, #low; movk w0, #high, lsl 16; ret`.
#[cfg(target_arch = "aarch64")]
fn constant(value: u32) -> [u8; 12] {
    let words = [0x5280_0000 | (value & 0xffff) << 5, 0x72a0_0000 | value >> 16 << 5, 0xd65f_03c0];
    let mut bytes = [0; 12];
    for (bytes, word) in bytes.chunks_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// Calls a function made by `constant`.
fn call(address: usize) -> u32 {
    // SAFETY: the callers give addresses of published functions of this signature.
    let function: extern "C" fn() -> u32 = unsafe { std::mem::transmute(address) };
    function()
}

#[test]
fn functions_published_by_several_threads_run() {
    let memory = Memory::new(4000, 64 << 20).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        #[cfg(target_os = "linux")]
        scope.spawn(|| {
            // Nobody ever sees the pages writable and executable.
            let range = memory.reservation.range();
            while !done.load(Ordering::Relaxed) {
                for (range, protection) in protections(range.clone()) {
                    assert!(!protection.starts_with("rwx"), "{range:x?} {protection}");
                }
            }
        });
        let workers: Vec<_> = (0..4_u32)
            .map(|thread| {
                let memory = &memory;
                scope.spawn(move || {
                    let mut published = Vec::new();
                    for round in 0..50 {
                        // Between one function and some pages of them.
                        let functions = 1 + round * round % 1100;
                        let values: Vec<_> = (0..functions).map(|i| thread << 24 | round << 16 | i).collect();
                        let bytes: Vec<u8> = values.iter().flat_map(|&value| constant(value)).collect();
                        let batch = memory.reserve_batch(bytes.len()).unwrap();
                        let address = batch.address();
                        let start = batch.commit(&bytes, format!("{thread} {round}")).unwrap();
                        assert_eq!(start.as_ptr() as usize, address);
                        let size = constant(0).len();
                        for (i, &value) in values.iter().enumerate() {
                            assert_eq!(call(address + i * size), value);
                            published.push((address + i * size, value, address));
                        }
                    }
                    published
                })
            })
            .collect();
        let published: Vec<_> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        // All still runs, on another thread, and is known by any of its addresses.
        for (address, value, batch) in published {
            assert_eq!(call(address), value);
            let (info, start) = memory.find(address).unwrap();
            assert_eq!((info, start), (&format!("{} {}", value >> 24, value >> 16 & 255), batch));
        }
    });
    let range = memory.range();
    for outside in [0, range.start - 1, range.start + memory.used(), range.end, usize::MAX] {
        assert!(memory.find(outside).is_none());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn words_are_writable_and_code_is_executable() {
    let memory = Memory::new(2 * page_size() - 8, 1 << 20).unwrap();
    let words = memory.words().as_ptr().cast::<u64>();
    let count = page_size() / 4 - 1;
    // SAFETY: these many words were asked for.
    let words = unsafe { std::slice::from_raw_parts_mut(words, count) };
    assert!(words.iter().all(|&word| word == 0));
    words[count - 1] = 7;
    let range = memory.range();
    assert_eq!(range.start, memory.words().as_ptr() as usize + 2 * page_size());
    let batch = memory.reserve_batch(page_size() + 1).unwrap();
    let (address, pages) = (batch.address(), 2 * page_size());
    batch.commit(&constant(9), String::new()).unwrap();
    assert!(address < range.start + page_size() && address.is_multiple_of(CACHE_LINE as usize));
    assert_eq!((call(address), memory.used()), (9, pages));
    let all = memory.reservation.range();
    let listed: Vec<_> = protections(all.clone())
        .into_iter()
        .map(|(range, protection)| (range.start.max(all.start), protection))
        .collect();
    let expected = [(all.start, "rw-p"), (range.start, "r-xp"), (range.start + pages, "---p")];
    assert_eq!(listed, expected.map(|(start, protection)| (start, protection.to_owned())));
    // What is left of the pages is filled with what stops.
    // SAFETY: the pages are readable.
    let bytes = unsafe { std::slice::from_raw_parts(range.start as *const u8, pages) };
    let (before, code) = bytes.split_at(address - range.start);
    let after = &code[constant(9).len()..];
    assert!(before.iter().chain(after).all(|&byte| byte == FILLER));
}

/// Functions published one by one do not all begin at the same line of a page, of which a cache holds only a few.
#[test]
fn batches_begin_at_different_lines() {
    let memory = Memory::new(0, 1 << 20).unwrap();
    let lines: BTreeSet<usize> = (0..32)
        .map(|_| {
            let batch = memory.reserve_batch(constant(0).len()).unwrap();
            let address = batch.address();
            batch.commit(&constant(1), String::new()).unwrap();
            assert_eq!(call(address), 1);
            address % page_size()
        })
        .collect();
    assert_eq!(lines.len(), 32);
    assert_eq!(memory.used(), 32 * page_size());
}

#[test]
fn code_ends_at_the_cap() {
    let memory = Memory::new(0, 4 * page_size()).unwrap();
    let publish = |len: usize, value: u32| {
        let batch = memory.reserve_batch(len)?;
        let address = batch.address();
        batch.commit(&constant(value), String::new()).map(|_| address)
    };
    let first = publish(100, 1).unwrap();
    assert_eq!(publish(4 * page_size(), 2), Err(CodeRefused::Full(4 * page_size())));
    for len in [usize::MAX, usize::MAX - page_size(), isize::MAX as usize] {
        assert_eq!(publish(len, 2), Err(CodeRefused::Full(len)));
    }
    // What is set aside and not used is there for others.
    let unused = memory.reserve_batch(3 * page_size()).unwrap();
    let address = unused.address();
    assert_eq!(memory.reserve_batch(1).unwrap_err(), CodeRefused::Full(1));
    drop(unused);
    assert_eq!(publish(3 * page_size(), 3).unwrap(), address);
    assert_eq!(publish(0, 4), Err(CodeRefused::Full(0)));
    assert_eq!((call(first), call(address)), (1, 3));
}

#[test]
fn more_bytes_than_were_set_aside_are_refused() {
    let memory = Memory::new(0, 1 << 20).unwrap();
    let batch = memory.reserve_batch(4).unwrap();
    assert_eq!(batch.commit(&[0; 5], String::new()), Err(CodeRefused::Full(5)));
    assert_eq!(memory.used(), 0);
    for words in [usize::MAX, 1 << 31] {
        assert!(matches!(Memory::new(words, 1), Err(CodeRefused::Addresses(_))));
    }
    // As much as calls can reach.
    let large = Memory::new(1 << 29, 2 << 30).unwrap();
    assert!(large.reservation.len() < 1 << 31);
}

#[test]
fn infos_are_dropped_once() {
    struct Counted<'a>(&'a AtomicUsize);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = AtomicUsize::new(0);
    let memory = CodeMemory::new(0, 1 << 20).unwrap();
    for pages in 1..6 {
        let kept = memory.reserve_batch(pages * page_size()).unwrap();
        let unused = memory.reserve_batch(1).unwrap();
        kept.commit(&[], Counted(&dropped)).unwrap();
        // A gap that cannot be given back.
        std::mem::forget(unused);
    }
    assert_eq!(dropped.load(Ordering::Relaxed), 0);
    drop(memory);
    assert_eq!(dropped.load(Ordering::Relaxed), 5);
}

/// Nothing else maps memory in the child.
#[test]
#[cfg(target_os = "linux")]
fn dropped_code_is_unmapped() {
    if !child::is_child() {
        return child::passes_after("true", "vm::code_memory::tests::dropped_code_is_unmapped");
    }
    let memory = Memory::new(100, 1 << 30).unwrap();
    for value in 0..10 {
        memory.reserve_batch(constant(value).len()).unwrap().commit(&constant(value), String::new()).unwrap();
    }
    let range = memory.reservation.range();
    assert!(!protections(range.clone()).is_empty());
    drop(memory);
    let left = protections(range);
    assert!(left.is_empty(), "{left:x?}");
}

#[test]
#[cfg(target_os = "linux")]
fn little_address_space_means_room_for_less_code_or_none() {
    if !child::is_child() {
        let test = "vm::code_memory::tests::little_address_space_means_room_for_less_code_or_none";
        return child::passes_after("ulimit -v 524288", test);
    }
    let memory = Memory::new(4096, 1 << 30).unwrap();
    let room = memory.range().len();
    assert!((LEAST..512 << 20).contains(&room), "{room}");
    let address = memory.reserve_batch(100).unwrap().commit(&constant(5), String::new()).unwrap();
    assert_eq!(call(address.as_ptr() as usize), 5);
    let mut memories: Vec<Memory> = Vec::new();
    let refused = loop {
        match Memory::new(4096, 1 << 30) {
            Ok(memory) => memories.push(memory),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, CodeRefused::Addresses(_)), "{refused}");
    assert_eq!(call(address.as_ptr() as usize), 5);
}

/// A process may give up the right to make memory executable.
#[test]
#[cfg(target_os = "linux")]
fn refused_execution_is_a_value() {
    if !child::is_child() {
        return child::passes_after("true", "vm::code_memory::tests::refused_execution_is_a_value");
    }
    const SET_MDWE: libc::c_int = 65;
    const REFUSE_EXEC_GAIN: libc::c_ulong = 1;
    let memory = Memory::new(4096, 1 << 20).unwrap();
    let before = memory.reserve_batch(100).unwrap().commit(&constant(5), String::new()).unwrap();
    // SAFETY: changes what this process may do from here on.
    if unsafe { libc::prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0_u64, 0_u64, 0_u64) } != 0 {
        println!("not tested: this system cannot refuse execution");
        return;
    }
    for _ in 0..3 {
        let batch = memory.reserve_batch(100).unwrap();
        let address = batch.address();
        let refused = CodeRefused::Protection(page_size());
        assert_eq!(batch.commit(&constant(6), String::new()), Err(refused));
        assert!(memory.find(address).is_none());
    }
    assert_eq!(call(before.as_ptr() as usize), 5);
}

/// A child of a fork goes on with the code it has, and publishes more than its parent sees.
#[test]
#[cfg(target_os = "linux")]
fn a_forked_child_publishes_for_itself() {
    if !child::is_child() {
        return child::passes_after("true", "vm::code_memory::tests::a_forked_child_publishes_for_itself");
    }
    let memory = Memory::new(4096, 1 << 20).unwrap();
    let publish = |value: u32| {
        let batch = memory.reserve_batch(100).unwrap();
        batch.commit(&constant(value), String::new()).unwrap().as_ptr() as usize
    };
    let before = publish(1);
    // SAFETY: the child does nothing that another thread could be in the middle of.
    let pid = unsafe { libc::fork() };
    let own = publish(if pid == 0 { 2 } else { 3 });
    assert_eq!((call(before), call(own)), (1, if pid == 0 { 2 } else { 3 }));
    if pid == 0 {
        // SAFETY: ends the child without what the parent has to do.
        unsafe { libc::_exit(42) };
    }
    let mut status = 0;
    // SAFETY: waits for the child.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!(status >> 8, 42);
    assert_eq!(call(own), 3);
}

/// Where all places that indirect branches lead to are marked, no other is reached by one.
#[test]
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
fn indirect_branches_lead_to_marks() {
    use brisk_codegen::a64::asm::{Assembler, Features, Gpr, X9, X16, X17};
    use brisk_codegen::asm::{Assemble, Size};

    if !child::is_child() {
        return child::passes_after("true", "vm::code_memory::tests::indirect_branches_lead_to_marks");
    }
    if !std::arch::is_aarch64_feature_detected!("bti") {
        println!("not tested: this processor does not look");
        return;
    }
    const STOPPED: u32 = 77;
    /// Has the function at hand return.
    unsafe extern "C" fn stopped(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
        // SAFETY: it is the context of a signal.
        let machine = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
        machine.regs[0] = STOPPED.into();
        machine.pc = machine.regs[30];
        // What led there is forgotten.
        machine.pstate &= !(3 << 10);
    }
    // SAFETY: the handler is as the system calls it, and nothing else in this process has one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = stopped as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        assert_eq!(libc::sigaction(libc::SIGILL, &action, std::ptr::null_mut()), 0);
    }
    // A function that jumps on through a register, to what begins with a mark or another, or none.
    type Mark = fn(&mut Assembler);
    let none: Mark = |_| ();
    let ends = |marked: bool, called: Mark, through: Option<Gpr>, jumped_to: Mark| {
        let mut asm = Assembler::new(Features { bti: true, ..Features::BASELINE });
        called(&mut asm);
        if let Some(through) = through {
            let label = asm.new_label();
            asm.adr(through, label);
            asm.br(through);
            asm.bind(label);
            jumped_to(&mut asm);
        }
        asm.mov_imm(Size::B32, Gpr(0), 5);
        asm.ret();
        let bytes = asm.finish().code;
        let memory = Memory::new(0, 1 << 20).unwrap().marked(marked);
        let batch = memory.reserve_batch(bytes.len()).unwrap();
        call(batch.commit(bytes, String::new()).unwrap().as_ptr() as usize)
    };
    let (called, jumped_to): (Mark, Mark) = (Assembler::called, Assembler::jumped_to);
    let signs: Mark = |asm| {
        asm.hint(brisk_codegen::a64::asm::Hint::Paciasp);
        asm.hint(brisk_codegen::a64::asm::Hint::Autiasp);
    };
    for mark in [none, called, jumped_to, signs] {
        assert_eq!(ends(false, mark, None, none), 5);
        assert_eq!(ends(false, mark, Some(X9), none), 5);
    }
    assert_eq!(
        [none, called, jumped_to, signs].map(|mark| ends(true, mark, None, none)),
        [STOPPED, 5, STOPPED, 5]
    );
    for (through, expected) in
        [(X9, [STOPPED, STOPPED, 5, STOPPED]), (X16, [STOPPED, 5, 5, 5]), (X17, [STOPPED, 5, 5, 5])]
    {
        let found = [none, called, jumped_to, signs].map(|mark| ends(true, called, Some(through), mark));
        assert_eq!(found, expected, "{through:?}");
    }
}
