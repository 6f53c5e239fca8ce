//! Register code of one function, and the per-function state through which it is reached.

use super::handlers::Handlers;
use super::ops;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU8};

/// State of a function. One per defined function in the module's image, shared by all instances; code reaches it
/// by index. One in the record of each host function.
#[repr(C)]
pub struct FuncState {
    /// Register code, null until the first call translates the function; that of a [`Bridge`] from when it has machine
    /// code. Null in a host function.
    pub code: AtomicPtr<Code>,
    /// What machine code calls: the function's machine code or a trampoline. Null where there is no machine code at
    /// all.
    pub native: AtomicPtr<u8>,
    /// Index of the function in its module (imported functions count); [`FuncState::HOST`] in a host function.
    pub index: u32,
    /// What is left of the budget of calls and iterations after which the function is compiled. Counted without care for
    /// other threads: a lost count does no harm.
    pub heat: AtomicI32,
    /// How far its compilation is, see [`Compilation`].
    pub compilation: AtomicU8,
}

/// How far the compilation of a function, or of a loop of one, is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Compilation {
    /// Nobody has asked for it.
    None = 0,
    /// It was asked for.
    Asked = 1,
    /// It has ended: there is machine code, or there will not be any.
    Ended = 2,
}

/// A loop of a function, as the interpreter sees it.
#[derive(Debug)]
pub struct LoopState {
    /// Offset of the `loop` instruction in the module's bytes.
    pub offset: u32,
    /// How far the compilation of code that takes over is, see [`Compilation`].
    pub compilation: AtomicU8,
    /// The way to that code, null until there is any.
    pub bridge: AtomicPtr<Bridge>,
}

impl FuncState {
    /// The index of a host function.
    pub const HOST: u32 = brisk_codegen::layout::HOST_INDEX;

    /// The state of a function that has not been called.
    pub fn new(index: u32, heat: i32) -> FuncState {
        FuncState {
            code: AtomicPtr::default(),
            native: AtomicPtr::new(crate::vm::native::unresolved()),
            index,
            heat: AtomicI32::new(heat),
            compilation: AtomicU8::new(Compilation::None as u8),
        }
    }

    /// Whether it is a host function's.
    #[inline(always)]
    pub fn is_host(&self) -> bool {
        self.index == FuncState::HOST
    }
}

/// From a frame of the interpreter to machine code.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Bridge {
    /// The trampoline that enters machine code: of a function, or of code that takes a frame over.
    pub enter: usize,
    /// The code that loads the arguments when machine code called the interpreter and the interpreter tail-calls
    /// machine code.
    pub load: usize,
    /// The function.
    pub state: *const FuncState,
    /// Code that takes over the frame; null for the function's own.
    pub entry: *const u8,
    /// Slot of the frame's link.
    pub link: u32,
    /// Slots of the frame.
    pub frame_slots: u32,
}

// SAFETY: a bridge is read-only, and what it points to lives as long as the module and is made for sharing.
unsafe impl Send for Bridge {}
// SAFETY: as above.
unsafe impl Sync for Bridge {}

/// Register code of one function. Position-independent and read-only once published.
#[repr(C)]
pub struct Code {
    /// First instruction.
    pub entry: *const u16,
    /// Slots of the whole frame: parameters and locals, link, operands.
    pub frame_slots: u32,
    /// Slots of parameters.
    pub param_slots: u32,
    /// Slots of parameters and locals; the link follows them.
    pub local_slots: u32,
    /// Index of the function in its module.
    pub func: u32,
    /// The instructions.
    pub words: Box<[u16]>,
    /// Offset of each instruction in `words`, until the code is linked.
    pub starts: Vec<u32>,
    /// Wasm offset of each instruction that can trap, throw or call: (offset in `words`, offset in
    /// the module's bytes), in order.
    pub positions: Box<[(u32, u32)]>,
    /// Exception handlers.
    pub handlers: Handlers,
    /// The loops that machine code may take over, by number.
    pub loops: Box<[LoopState]>,
    /// Where the function's machine code is, if the only instruction here calls it.
    pub bridge: Option<Box<Bridge>>,
}

// SAFETY: `entry` points into `words`, which nothing changes after the code is published; a bridge leads to what
// lives as long as the module.
unsafe impl Send for Code {}
// SAFETY: as above; shared access is read-only.
unsafe impl Sync for Code {}

impl Code {
    /// The code of a function that has machine code. The frame has a link behind the parameters and room for the
    /// results.
    pub fn bridge(mut bridge: Bridge, func: u32, param_slots: u32, result_slots: u32) -> Code {
        bridge.link = param_slots;
        bridge.frame_slots = result_slots.max(param_slots + super::exec::call::LINK_SLOTS);
        let bridge = Box::new(bridge);
        let op = ops::misc::ENTER_NATIVE;
        let mut words = vec![0; ops::OP_WORDS];
        words[0] = op;
        let address = std::ptr::from_ref(&*bridge) as u64;
        words.extend((0..4).map(|word| (address >> (16 * word)) as u16));
        let words = words.into_boxed_slice();
        let mut code = Code {
            entry: words.as_ptr(),
            frame_slots: bridge.frame_slots,
            param_slots,
            local_slots: param_slots,
            func,
            words,
            starts: vec![0],
            positions: Box::default(),
            handlers: Handlers::new(&[], Vec::new()),
            loops: Box::default(),
            bridge: Some(bridge),
        };
        code.link();
        code
    }

    /// Replaces operation numbers by addresses of handlers: the code can be executed from now on. Until
    /// then it is position-independent, serializable and can be printed.
    pub fn link(&mut self) {
        for start in std::mem::take(&mut self.starts) {
            let start = start as usize;
            let words = ops::link(self.words[start]);
            self.words[start..start + ops::OP_WORDS].copy_from_slice(&words);
        }
    }

    /// Offset in the module's bytes of the instruction at `ip`, or of the nearest one before it that
    /// has a position.
    pub fn position(&self, ip: *const u16) -> u32 {
        let at = ((ip as usize - self.words.as_ptr() as usize) / 2) as u32;
        let index = self.positions.partition_point(|&(start, _)| start <= at);
        index.checked_sub(1).map_or(0, |index| self.positions[index].1)
    }
}
