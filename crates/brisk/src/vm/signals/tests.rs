//! Faults of hand-assembled code and of the host program.

use super::*;
use crate::vm::child;
use crate::vm::code_memory::CodeMemory;
use crate::vm::reservation::{Access, Reservation, page_size};
use crate::{Config, Engine, Memory, MemoryType, Store};
use std::mem::offset_of;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::AtomicUsize;

/// A function of an instance (rdi) and an address (rsi) that loads from the address at a trap site:
///
/// ```text
///  0: push rbp; mov rbp, rsp; push r14; push r15
///  8: mov r14, rdi
/// 11: sub rsp, 256
/// 18: mov rax, [rsi]
/// 21: lea rsp, [rbp - 16]
/// 25: pop r15; pop r14; pop rbp; ret
/// 31: mov rax, [rsp]; not rax            ; what a fault calls, with the return address
/// 38: lea rsp, [rbp - 16]
/// 42: pop r15; pop r14; pop rbp; ret
/// ```
#[cfg(target_arch = "x86_64")]
mod code {
    pub const CODE: &[u8] = &[
        0x55, 0x48, 0x89, 0xe5, 0x41, 0x56, 0x41, 0x57, 0x49, 0x89, 0xfe, 0x48, 0x81, 0xec, 0, 1, 0, 0, 0x48,
        0x8b, 0x06, 0x48, 0x8d, 0x65, 0xf0, 0x41, 0x5f, 0x41, 0x5e, 0x5d, 0xc3, 0x48, 0x8b, 0x04, 0x24, 0x48,
        0xf7, 0xd0, 0x48, 0x8d, 0x65, 0xf0, 0x41, 0x5f, 0x41, 0x5e, 0x5d, 0xc3,
    ];
    pub const SITE: usize = 18;
    pub const LANDING: usize = 31;
}

/// The same, of `x0` and `x1`:
///
/// ```text
///  0: stp x29, x30, [sp, #-16]!; mov x29, sp; stp x27, x28, [sp, #-16]!
/// 12: mov x27, x0
/// 16: sub sp, sp, #256
/// 20: ldr x0, [x1]
/// 24: sub sp, x29, #16
/// 28: ldp x27, x28, [sp], #16; ldp x29, x30, [sp], #16; ret
/// 40: mvn x0, x30
/// 44: sub sp, x29, #16
/// 48: ldp x27, x28, [sp], #16; ldp x29, x30, [sp], #16; ret
/// ```
#[cfg(target_arch = "aarch64")]
mod code {
    pub const CODE: &[u8] = &bytes([
        0xa9bf_7bfd,
        0x9100_03fd,
        0xa9bf_73fb,
        0xaa00_03fb,
        0xd104_03ff,
        0xf940_0020,
        0xd100_43bf,
        0xa8c1_73fb,
        0xa8c1_7bfd,
        0xd65f_03c0,
        0xaa3e_03e0,
        0xd100_43bf,
        0xa8c1_73fb,
        0xa8c1_7bfd,
        0xd65f_03c0,
    ]);
    pub const SITE: usize = 20;
    pub const LANDING: usize = 40;

    const fn bytes(words: [u32; 15]) -> [u8; 60] {
        let (mut bytes, mut at) = ([0; 60], 0);
        while at < bytes.len() {
            bytes[at] = words[at / 4].to_le_bytes()[at % 4];
            at += 1;
        }
        bytes
    }
}

use code::{CODE, LANDING, SITE};

const TRAPPED: i64 = -77;
/// The same code, with its load not listed.
const UNLISTED: usize = 64;

/// Trap sites as offsets from the batch.
type Code = CodeMemory<Vec<usize>>;

unsafe fn is_trap_site(data: *const (), pc: usize) -> bool {
    // SAFETY: the data is the code memory that is registered.
    let code = unsafe { &*data.cast::<Code>() };
    code.find(pc).is_some_and(|(sites, start)| sites.contains(&(pc - start)))
}

static LAST_FAULT: AtomicUsize = AtomicUsize::new(0);
/// An address of the stack that the handler ran on.
static HANDLER_STACK: AtomicUsize = AtomicUsize::new(0);

unsafe fn on_fault(data: *const (), fault: &FaultContext) -> Option<usize> {
    // SAFETY: as above.
    let code = unsafe { &*data.cast::<Code>() };
    let (_, start) = code.find(fault.pc)?;
    // SAFETY: what running code gives is an instance of a running store.
    if unsafe { (*fault.ctx).store } != fault.store || fault.sp + 256 + 16 != fault.fp {
        return None;
    }
    LAST_FAULT.store(fault.address, Ordering::Relaxed);
    HANDLER_STACK.store(&raw const start as usize, Ordering::Relaxed);
    Some(start + LANDING)
}

/// Published code that the handler knows.
struct Published {
    _registered: Registered,
    code: Box<Code>,
    start: usize,
}

impl Published {
    fn new() -> Published {
        assert!(install());
        let code = Box::new(Code::new(0, 1 << 20).unwrap());
        let mut bytes = CODE.to_vec();
        bytes.resize(UNLISTED, 0);
        bytes.extend_from_slice(CODE);
        let start = code.reserve_batch(bytes.len()).unwrap().commit(&bytes, vec![SITE]).unwrap();
        let data = (&raw const *code).cast();
        let range = CodeRange { data, is_trap_site, on_fault };
        // SAFETY: the code is dropped after the registration, and no thread is in it then.
        let registered = unsafe { Registered::new(code.range(), range) };
        Published { _registered: registered, code, start: start.as_ptr() as usize }
    }

    fn call_at(&self, offset: usize, guest: &mut Guest, address: usize) -> i64 {
        assert!(self.code.range().contains(&self.start));
        prepare_thread();
        let mut ctx = MaybeUninit::<VmContext>::zeroed();
        // SAFETY: the code reads nothing of the instance but this word, and obeys the C convention.
        unsafe {
            (*ctx.as_mut_ptr()).store = guest.words();
            let function: extern "C" fn(*mut VmContext, usize) -> i64 =
                std::mem::transmute(self.start + offset);
            match function(ctx.as_mut_ptr(), address) {
                value if value == !((self.start + offset + SITE) as i64) => TRAPPED,
                value => value,
            }
        }
    }

    fn call(&self, guest: &mut Guest, address: usize) -> i64 {
        self.call_at(0, guest, address)
    }
}

/// A store with a guarded memory of one page.
struct Guest {
    store: Store<()>,
    memory: Memory,
}

impl Guest {
    fn new() -> Guest {
        let engine = Engine::new(Config::new().guarded_memories(true)).unwrap();
        let mut store = Store::new(&engine, ());
        let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
        memory.data_mut(&mut store)[8] = 5;
        Guest { store, memory }
    }

    fn base(&self) -> usize {
        self.memory.data(&self.store).as_ptr() as usize
    }

    fn words(&mut self) -> *mut VmStore {
        crate::AsContextMut::as_context_mut(&mut self.store).0.vm()
    }
}

/// Runs a test in a child, which must end as told. `None` stands for success.
#[track_caller]
fn in_child(name: &str, signal: Option<i32>) -> bool {
    if child::is_child() {
        return true;
    }
    let output = child::run_after("true", &format!("vm::signals::tests::{name}"));
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    match signal {
        Some(signal) => {
            assert_eq!(output.status.signal(), Some(signal), "{:?} {text}", output.status);
            assert!(text.contains("about to fault"), "{text}");
        }
        None => assert!(output.status.success() && text.contains("1 passed"), "{:?} {text}", output.status),
    }
    false
}

#[test]
fn context_begins_with_the_store() {
    assert_eq!(offset_of!(VmContext, store), 0);
}

#[test]
fn faults_in_guarded_memories_resume_as_told() {
    let (code, mut guest) = (Published::new(), Guest::new());
    let base = guest.base();
    assert_eq!(code.call(&mut guest, base + 8), 5);
    for offset in [1 << 16, (1 << 16) + 123, (1 << 32) - 8, (1 << 32) + 1000] {
        for _ in 0..3 {
            assert_eq!(code.call(&mut guest, base + offset), TRAPPED);
        }
    }
    // Across the end.
    assert_eq!(code.call(&mut guest, base + (1 << 16) - 4), TRAPPED);
    // What was beyond the end is inside after growth.
    guest.memory.grow(&mut guest.store, 1).unwrap();
    assert_eq!(code.call(&mut guest, base + (1 << 16)), 0);
    assert_eq!(code.call(&mut guest, base + (1 << 17)), TRAPPED);
}

#[test]
fn faults_on_many_threads_while_code_comes_and_goes() {
    let code = Published::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut guest = Guest::new();
                for i in 0..2000 {
                    let address = guest.base() + (1 << 16) + i * 1000;
                    assert_eq!(code.call(&mut guest, address), TRAPPED);
                    if i % 100 == 0 {
                        let other = Published::new();
                        assert_eq!(other.call(&mut guest, address), TRAPPED);
                        assert_eq!(code.call(&mut guest, address), TRAPPED);
                    }
                }
            });
        }
    });
}

#[test]
fn handlers_run_on_a_stack_of_their_own() {
    extern "C" fn thread(code: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: the test gives it, and waits for the thread.
        let code = unsafe { &*code.cast::<Published>() };
        let mut stack = MaybeUninit::<libc::stack_t>::zeroed();
        // SAFETY: only asks.
        let disabled = unsafe {
            libc::sigaltstack(ptr::null(), stack.as_mut_ptr());
            stack.assume_init().ss_flags & libc::SS_DISABLE != 0
        };
        // A thread of the system has none.
        let mut guest = Guest::new();
        let address = guest.base() + (1 << 20);
        let trapped = code.call(&mut guest, address) == TRAPPED;
        // SAFETY: only asks.
        let stack = unsafe {
            libc::sigaltstack(ptr::null(), stack.as_mut_ptr());
            stack.assume_init()
        };
        let start = stack.ss_sp as usize;
        let on_it = (start..start + stack.ss_size).contains(&HANDLER_STACK.load(Ordering::Relaxed));
        let large = stack.ss_size >= 64 << 10;
        let known = LAST_FAULT.load(Ordering::Relaxed) == address;
        if disabled && trapped && on_it && large && known { start as *mut _ } else { ptr::null_mut() }
    }
    // Alone, since the statics are common to all.
    if !in_child("handlers_run_on_a_stack_of_their_own", None) {
        return;
    }
    let code = Published::new();
    let mut start = ptr::null_mut();
    // SAFETY: the code outlives the thread.
    unsafe {
        let mut id = MaybeUninit::uninit();
        let argument = (&raw const code).cast_mut().cast();
        assert_eq!(libc::pthread_create(id.as_mut_ptr(), ptr::null(), thread, argument), 0);
        assert_eq!(libc::pthread_join(id.assume_init(), &mut start), 0);
    }
    assert!(!start.is_null());
    // Freed with the thread.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.lines().any(|line| line.starts_with(&format!("{:x}-", start as usize))), "{maps}");
}

#[test]
fn a_large_stack_of_the_host_is_kept_and_a_small_one_replaced() {
    let set = |start: *mut u8, size: usize| {
        let stack = libc::stack_t { ss_sp: start.cast(), ss_flags: 0, ss_size: size };
        // SAFETY: the stacks live until the thread's end.
        assert_eq!(unsafe { libc::sigaltstack(&stack, ptr::null_mut()) }, 0);
    };
    let now = || {
        let mut stack = MaybeUninit::<libc::stack_t>::zeroed();
        // SAFETY: only asks.
        unsafe {
            libc::sigaltstack(ptr::null(), stack.as_mut_ptr());
            stack.assume_init()
        }
    };
    for (size, kept) in [(100 << 10, true), (libc::MINSIGSTKSZ.max(4096), false)] {
        std::thread::spawn(move || {
            let rust = now();
            let memory = Reservation::new(size).unwrap();
            // SAFETY: the memory is new.
            unsafe { memory.allow(0..size, Access::ReadWrite).unwrap() };
            // Refused if the system needs more for a frame; then there is nothing to replace.
            let given = libc::stack_t { ss_sp: memory.base().as_ptr().cast(), ss_flags: 0, ss_size: size };
            // SAFETY: the stack is taken away again below, before it is freed.
            if unsafe { libc::sigaltstack(&given, ptr::null_mut()) } == 0 {
                prepare_thread();
                prepare_thread();
                assert_eq!(now().ss_sp == given.ss_sp, kept);
                assert!(now().ss_size >= 64 << 10);
            }
            set(rust.ss_sp.cast(), rust.ss_size);
        })
        .join()
        .unwrap();
    }
}

/// A page that faults until a handler of the host allows it, which it counts.
static PAGE: AtomicUsize = AtomicUsize::new(0);
static HANDLED: AtomicUsize = AtomicUsize::new(0);
static BLOCKED: AtomicUsize = AtomicUsize::new(0);

fn fault_in_the_host() {
    let page = Reservation::new(page_size()).unwrap();
    let address = page.base().as_ptr();
    PAGE.store(address as usize, Ordering::Relaxed);
    println!("about to fault");
    // SAFETY: a handler makes this work, or the process ends.
    assert_eq!(unsafe { address.read_volatile() }, 0);
}

fn allow_page() {
    let page = PAGE.load(Ordering::Relaxed) as *mut libc::c_void;
    // SAFETY: the page is one of the test's.
    unsafe { libc::mprotect(page, page_size(), libc::PROT_READ | libc::PROT_WRITE) };
    HANDLED.fetch_add(1, Ordering::Relaxed);
    let mut mask = MaybeUninit::zeroed();
    // SAFETY: only asks.
    unsafe {
        libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), mask.as_mut_ptr());
        let mask = mask.assume_init();
        let blocked = libc::sigismember(&mask, libc::SIGSEGV) + 2 * libc::sigismember(&mask, libc::SIGUSR1);
        BLOCKED.store(blocked as usize, Ordering::Relaxed);
    }
}

extern "C" fn plain(signal: libc::c_int) {
    assert_eq!(signal, libc::SIGSEGV);
    allow_page();
}

extern "C" fn detailed(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the system gives it.
    let address = unsafe { (*info).si_addr() as usize };
    assert!(signal == libc::SIGSEGV && address == PAGE.load(Ordering::Relaxed) && !context.is_null());
    allow_page();
}

fn set_handler(handler: usize, flags: libc::c_int, blocked: Option<libc::c_int>) {
    // SAFETY: a valid action; the callers give a handler for these flags.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        if let Some(signal) = blocked {
            libc::sigaddset(&mut action.sa_mask, signal);
        }
        assert_eq!(libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()), 0);
    }
}

/// Faults of the host, and of code that looks like ours, go to the host's handler; and ours still works then.
fn host_handler_is_reached() {
    let (code, mut guest, mut other) = (Published::new(), Guest::new(), Guest::new());
    for round in 0..3 {
        HANDLED.store(0, Ordering::Relaxed);
        fault_in_the_host();
        assert_eq!(HANDLED.load(Ordering::Relaxed), 1);
        let address = guest.base() + (1 << 22);
        assert_eq!(code.call(&mut guest, address), TRAPPED);
        // An address that is no memory's; an instruction that is no trap site; another store's memory.
        let page = Reservation::new(page_size()).unwrap();
        PAGE.store(page.base().as_ptr() as usize, Ordering::Relaxed);
        assert_eq!(code.call(&mut guest, page.base().as_ptr() as usize), 0);
        let address = guest.base() + (1 << 20) + round * page_size();
        PAGE.store(address, Ordering::Relaxed);
        assert_eq!(code.call_at(UNLISTED, &mut guest, address), 0);
        let address = other.base() + (1 << 20) + round * page_size();
        PAGE.store(address, Ordering::Relaxed);
        assert_eq!(code.call(&mut guest, address), 0);
        assert_eq!(HANDLED.load(Ordering::Relaxed), 4);
        let address = other.base() + (1 << 22);
        assert_eq!(code.call(&mut other, address), TRAPPED);
        assert_eq!(HANDLED.load(Ordering::Relaxed), 4);
    }
}

#[test]
fn a_plain_handler_of_the_host_gets_its_faults() {
    if in_child("a_plain_handler_of_the_host_gets_its_faults", None) {
        set_handler(plain as *const () as usize, 0, Some(libc::SIGUSR1));
        host_handler_is_reached();
        assert_eq!(BLOCKED.load(Ordering::Relaxed), 3);
    }
}

#[test]
fn a_detailed_handler_of_the_host_gets_its_faults() {
    if in_child("a_detailed_handler_of_the_host_gets_its_faults", None) {
        set_handler(detailed as *const () as usize, libc::SA_SIGINFO | libc::SA_NODEFER, None);
        host_handler_is_reached();
        assert_eq!(BLOCKED.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn a_handler_for_one_signal_gets_one() {
    if in_child("a_handler_for_one_signal_gets_one", Some(libc::SIGSEGV)) {
        set_handler(plain as *const () as usize, libc::SA_RESETHAND, None);
        assert!(install());
        fault_in_the_host();
        assert_eq!(HANDLED.load(Ordering::Relaxed), 1);
        fault_in_the_host();
    }
}

/// What a later handler found in place.
static BELOW: AtomicUsize = AtomicUsize::new(0);

extern "C" fn later(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    HANDLED.fetch_add(100, Ordering::Relaxed);
    // SAFETY: the handler found in place is one for these arguments.
    unsafe { std::mem::transmute::<usize, Handler>(BELOW.load(Ordering::Relaxed))(signal, info, context) };
}

#[test]
fn a_later_handler_passes_on_what_is_ours() {
    if !in_child("a_later_handler_passes_on_what_is_ours", None) {
        return;
    }
    set_handler(detailed as *const () as usize, libc::SA_SIGINFO, None);
    let (code, mut guest) = (Published::new(), Guest::new());
    let mut found = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: only asks.
    unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), found.as_mut_ptr()) };
    // SAFETY: filled in.
    BELOW.store(unsafe { found.assume_init() }.sa_sigaction, Ordering::Relaxed);
    assert_eq!(BELOW.load(Ordering::Relaxed), on_signal as *const () as usize);
    for flags in [0, libc::SA_ONSTACK, libc::SA_ONSTACK | libc::SA_NODEFER] {
        set_handler(later as *const () as usize, libc::SA_SIGINFO | flags, None);
        // Not installed on top of the later one, which would never end.
        assert!(install());
        HANDLED.store(0, Ordering::Relaxed);
        let address = guest.base() + (1 << 20);
        assert_eq!(code.call(&mut guest, address), TRAPPED);
        assert_eq!(HANDLED.load(Ordering::Relaxed), 100);
        fault_in_the_host();
        assert_eq!(HANDLED.load(Ordering::Relaxed), 201);
    }
}

#[test]
fn the_default_action_still_ends_the_process() {
    if in_child("the_default_action_still_ends_the_process", Some(libc::SIGSEGV)) {
        set_handler(libc::SIG_DFL, 0, None);
        let (code, mut guest) = (Published::new(), Guest::new());
        let address = guest.base() + (1 << 20);
        assert_eq!(code.call(&mut guest, address), TRAPPED);
        fault_in_the_host();
    }
}

#[test]
fn a_fault_cannot_be_ignored() {
    if in_child("a_fault_cannot_be_ignored", Some(libc::SIGSEGV)) {
        set_handler(libc::SIG_IGN, 0, None);
        assert!(install());
        // What somebody sends can.
        // SAFETY: the signal is handled.
        unsafe { libc::raise(libc::SIGSEGV) };
        fault_in_the_host();
    }
}

#[test]
fn a_signal_that_was_sent_ends_the_process() {
    if in_child("a_signal_that_was_sent_ends_the_process", Some(libc::SIGSEGV)) {
        set_handler(libc::SIG_DFL, 0, None);
        assert!(install());
        println!("about to fault");
        // SAFETY: the process ends.
        unsafe { libc::raise(libc::SIGSEGV) };
    }
}

/// Rust's own handler, which was there before, still tells of an overflow of the native stack.
#[test]
fn overflows_of_the_native_stack_are_still_reported() {
    #[expect(unconditional_recursion)]
    fn overflow(depth: &[u64; 100]) -> u64 {
        std::hint::black_box(overflow(&std::hint::black_box([depth[0] + 1; 100]))) + depth[7]
    }
    if child::is_child() {
        let (code, mut guest) = (Published::new(), Guest::new());
        let address = guest.base() + (1 << 20);
        assert_eq!(code.call(&mut guest, address), TRAPPED);
        overflow(&[0; 100]);
    }
    let name = "vm::signals::tests::overflows_of_the_native_stack_are_still_reported";
    let output = child::run_after("true", name);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("has overflowed its stack"), "{:?} {text}", output.status);
    assert_eq!(output.status.signal(), Some(libc::SIGABRT));
}

#[test]
fn a_forked_child_handles_its_faults() {
    if !in_child("a_forked_child_handles_its_faults", None) {
        return;
    }
    set_handler(libc::SIG_DFL, 0, None);
    // Another thread of the parent was about to install the handler.
    for (state, unlisted) in [(std::process::id(), false), (INSTALLED, true)] {
        STATE.store(state, Ordering::Relaxed);
        // SAFETY: the child does nothing that another thread could be in the middle of.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let (code, mut guest) = (Published::new(), Guest::new());
            let address = guest.base() + (1 << 20);
            let trapped = code.call(&mut guest, address) == TRAPPED;
            if unlisted {
                code.call_at(UNLISTED, &mut guest, address);
            }
            // SAFETY: ends the child without what the parent has to do.
            unsafe { libc::_exit(if trapped { 42 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: waits for the child.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        if unlisted {
            assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV, "{status:#x}");
        } else {
            assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 42, "{status:#x}");
        }
        // What the test left undone is done here.
        STATE.store(NOT_INSTALLED, Ordering::Relaxed);
        let (code, mut guest) = (Published::new(), Guest::new());
        let address = guest.base() + (1 << 20);
        assert_eq!(code.call(&mut guest, address), TRAPPED);
    }
}
