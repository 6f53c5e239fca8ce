//! Calls of WASI with arguments that mean harm.
//!
//! A guest makes calls one after the other, of all functions, with arguments that are good for
//! something and arguments that are not, among directories, files, links, pipes and sockets. Whatever it
//! does, there is an answer, and soon; memory changes only where the arguments allow it, and not at all if
//! there was an error; what lies outside of its directory stays as it is, and unknown to it.

mod arguments;
mod interface;
mod world;

use crate::random::Random;
use arbitrary::Unstructured;
use arguments::{Arguments, Call, Cursor, MEMORY};
use brisk::{Engine, Func, Linker, Memory, Module, Store, Val};
use brisk_wasi::{I32Exit, WasiCtx};
use interface::{FUNCTIONS, Function};
use std::fmt::Write as _;
use std::sync::LazyLock;
use world::{Waited, World};

/// Calls of one guest.
const CALLS: usize = 100;
/// Errors of the interface, the success among them.
const ERRNOS: i32 = 77;
/// Where the file is opened that the calls are about, and its rights.
const FILE: u64 = 7;

/// Makes calls that `data` decides on. Gives the names of those that succeeded.
///
/// # Panics
///
/// Panics if a call does what none may do.
pub fn wasi_calls(data: &[u8]) -> Vec<&'static str> {
    let mut u = Unstructured::new(data);
    let Ok((world, ctx)) = World::new(&mut u) else { return Vec::new() };
    let mut guest = Guest::new(world, ctx);
    guest.open_file();
    let mut succeeded = Vec::new();
    for _ in 0..CALLS {
        if u.is_empty() {
            break;
        }
        let Ok(call) = guest.prepare(&mut u) else { break };
        match guest.make(&call) {
            Answer::Errno(0) => succeeded.push(call.function().name),
            Answer::Errno(_) | Answer::Exited => {}
            // A second time would be no different, and takes as long.
            Answer::Waited => break,
        }
    }
    guest.world.check();
    succeeded
}

/// The [`wasi_calls`] of bytes that come from a number.
///
/// # Panics
///
/// Panics if a call does what none may do.
pub fn of_number(number: u64) -> Vec<&'static str> {
    let mut random = Random::new(number);
    let length = 100 + random.below(2000) as usize;
    wasi_calls(&random.bytes(length))
}

/// A module that exports every function as it imports it.
static MODULE: LazyLock<Module> = LazyLock::new(|| {
    let mut wat = String::from("(module\n");
    let ty = |function: &Function| {
        let params = function.params.iter().map(|param| if param.is_long() { " i64" } else { " i32" });
        let result = if function.returns() { "(result i32)" } else { "" };
        format!("(param{}) {result}", params.collect::<String>())
    };
    for function in &FUNCTIONS {
        let (name, ty) = (function.name, ty(function));
        let _ = writeln!(wat, "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} {ty}))");
    }
    let _ = writeln!(wat, "(memory (export \"memory\") {})", MEMORY >> 16);
    for function in &FUNCTIONS {
        let (name, ty) = (function.name, ty(function));
        let args: String = (0..function.params.len()).map(|i| format!("(local.get {i}) ")).collect();
        let _ = writeln!(wat, "(func (export \"{name}\") {ty} {args} (call ${name}))");
    }
    wat.push(')');
    Module::new(&Engine::default(), wat).expect("the functions have types")
});

/// What came of a call.
enum Answer {
    Errno(i32),
    Exited,
    Waited,
}

/// A guest whose every call is made from outside.
struct Guest {
    store: Store<WasiCtx>,
    memory: Memory,
    funcs: Vec<Func>,
    world: World,
    /// Descriptors that were opened.
    opened: Vec<u32>,
    cursor: Cursor,
    log: Log,
}

/// The calls so far, printed if there is a panic.
#[derive(Default)]
struct Log(Vec<Call>);

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for call in &self.0 {
                eprintln!("{} {:x?}", call.function().name, call.args);
            }
        }
    }
}

impl Guest {
    fn new(world: World, ctx: WasiCtx) -> Guest {
        let mut linker = Linker::new(MODULE.engine());
        brisk_wasi::add_to_linker(&mut linker, |wasi| wasi).expect("the linker is empty");
        let mut store = Store::new(MODULE.engine(), ctx);
        let instance = linker.instantiate(&mut store, &MODULE).expect("all functions are there");
        let memory = instance.get_memory(&mut store, "memory").expect("it is exported");
        let func =
            |function: &Function| instance.get_func(&mut store, function.name).expect("it is exported");
        let funcs = FUNCTIONS.iter().map(func).collect();
        Guest {
            store,
            memory,
            funcs,
            world,
            opened: Vec::new(),
            cursor: Cursor::default(),
            log: Log::default(),
        }
    }

    /// Opens the file that most calls are about.
    fn open_file(&mut self) {
        self.memory.data_mut(&mut self.store)[0] = b'a';
        let all = 0x3fff_ffff;
        let function = FUNCTIONS.iter().position(|function| function.name == "path_open");
        let call = Call {
            function: function.expect("it is one of them"),
            args: vec![3, 0, 0, 1, 0, all, all, 0, 8],
        };
        assert!(matches!(self.make(&call), Answer::Errno(0)));
        assert_eq!(self.opened, [FILE as u32]);
    }

    /// Makes up a call and puts into memory what it is about.
    fn prepare(&mut self, u: &mut Unstructured) -> arbitrary::Result<Call> {
        let mut arguments = Arguments {
            memory: self.memory.data_mut(&mut self.store),
            opened: &self.opened,
            absolute: &self.world.absolute(),
            cursor: &mut self.cursor,
            path_len: 0,
        };
        arguments.call(u)
    }

    /// Makes a call and checks what it did to memory.
    fn make(&mut self, call: &Call) -> Answer {
        let function = call.function();
        self.log.0.push(call.clone());
        let before = self.memory.data(&self.store).to_vec();
        let mut expected = before.clone();
        self.world.begin_call();
        let answer = self.answer(call);
        let actual = self.memory.data(&self.store);
        if matches!(answer, Answer::Errno(0) | Answer::Waited) {
            for range in call.writable(&before) {
                self.world.check_written(&actual[range.clone()]);
                expected[range.clone()].copy_from_slice(&actual[range]);
            }
        }
        if matches!(answer, Answer::Errno(0)) {
            let result = |i: usize| &actual[call.args[i] as usize..];
            match function.name {
                "fd_filestat_get" => self.world.check_filestat(result(1)),
                "path_filestat_get" => self.world.check_filestat(result(4)),
                "path_open" => self.opened.push(u32_of(result(8))),
                "sock_accept" => self.opened.push(u32_of(result(2))),
                _ => {}
            }
        }
        if let Some(at) = actual.iter().zip(&expected).position(|(actual, expected)| actual != expected) {
            panic!("{} {:x?} wrote at {at:#x}", function.name, call.args);
        }
        answer
    }

    fn answer(&mut self, call: &Call) -> Answer {
        let function = call.function();
        let args: Vec<Val> = function
            .params
            .iter()
            .zip(&call.args)
            .map(|(param, &arg)| if param.is_long() { Val::I64(arg as i64) } else { Val::I32(arg as i32) })
            .collect();
        let mut results = [Val::I32(0)];
        let results = &mut results[..usize::from(function.returns())];
        match self.funcs[call.function].call(&mut self.store, &args, results) {
            Ok(()) => match results {
                [Val::I32(errno)] if (0..ERRNOS).contains(errno) => Answer::Errno(*errno),
                _ => panic!("{} {:x?} returned {results:?}", function.name, call.args),
            },
            Err(error) if error.downcast_ref::<Waited>().is_some() => Answer::Waited,
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(_) if function.name.starts_with("proc_") => Answer::Exited,
                _ => panic!("{} {:x?}: {error:?}", function.name, call.args),
            },
        }
    }
}

fn u32_of(bytes: &[u8]) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[..4]);
    u32::from_le_bytes(word)
}
