//! Where wasm code was: the frames of a call stack.

use crate::Module;
use std::fmt;

/// The wasm frames on a store's call stack, innermost first.
///
/// One is attached to every error that comes out of wasm code, as a layer of its own, so that
/// [`Error::downcast_ref`](crate::Error::downcast_ref) finds it. Frames of host functions are not listed. How many frames
/// are kept is set with [`Config::wasm_backtrace_max_frames`](crate::Config::wasm_backtrace_max_frames).
#[derive(Debug)]
pub struct WasmBacktrace {
    frames: Vec<FrameInfo>,
}

impl WasmBacktrace {
    pub(crate) fn from_frames(frames: Vec<FrameInfo>) -> WasmBacktrace {
        WasmBacktrace { frames }
    }

    /// The frames, innermost first.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error while executing at wasm backtrace:")?;
        for (number, frame) in self.frames.iter().enumerate() {
            write!(f, "\n  {number:>3}: ")?;
            if let Some(offset) = frame.module_offset() {
                write!(f, "{offset:#8x} - ")?;
            }
            write!(f, "{}!", frame.module().name().unwrap_or("<unknown>"))?;
            match frame.func_name() {
                Some(name) => f.write_str(name)?,
                None => write!(f, "<wasm function {}>", frame.func_index())?,
            }
        }
        Ok(())
    }
}

/// One frame of a [`WasmBacktrace`].
#[derive(Clone)]
pub struct FrameInfo {
    module: Module,
    func_index: u32,
    offset: Option<usize>,
}

impl FrameInfo {
    /// A frame of the function with the given index, at an offset in its module's bytes.
    pub(crate) fn new(module: Module, func_index: u32, offset: Option<usize>) -> FrameInfo {
        FrameInfo { module, func_index, offset }
    }

    /// Index of the function in its module, imported functions included.
    pub fn func_index(&self) -> u32 {
        self.func_index
    }

    /// The module the function is defined in.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Name of the function in the module's name section.
    pub fn func_name(&self) -> Option<&str> {
        self.module.info().names().func_name(self.func_index)
    }

    /// Where the frame was, as an offset in the bytes of the module in the binary format.
    pub fn module_offset(&self) -> Option<usize> {
        self.offset
    }

    /// Where the frame was, counted from the beginning of the function's body.
    pub fn func_offset(&self) -> Option<usize> {
        let info = self.module.info();
        let body = self.func_index.checked_sub(info.imported_funcs)?;
        self.offset?.checked_sub(info.bodies.get(body as usize)?.range.start)
    }
}

impl fmt::Debug for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameInfo")
            .field("module", &self.module.name())
            .field("func_index", &self.func_index)
            .field("func_name", &self.func_name())
            .field("module_offset", &self.offset)
            .finish()
    }
}
