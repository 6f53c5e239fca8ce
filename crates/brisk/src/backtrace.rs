//! Where wasm code was: the frames of a call stack.

use crate::config::DEFAULT_BACKTRACE_FRAMES;
use crate::vm::call;
use crate::vm::store::NO_EXIT;
use crate::{AsContext, Module};
use std::fmt;

/// The wasm frames on a store's call stack, innermost first.
///
/// One is attached to every error that comes out of wasm code, as a layer of its own, so that
/// [`Error::downcast_ref`](crate::Error::downcast_ref) finds it. Frames of host functions are not
/// listed. How many frames are kept is set with
/// [`Config::wasm_backtrace_max_frames`](crate::Config::wasm_backtrace_max_frames).
///
/// ```
/// use brisk::{Engine, Instance, Module, Store, WasmBacktrace};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module $m
///     (func $inner unreachable)
///     (func $outer (export "run") (call $inner)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
///
/// let error = run.call(&mut store, ()).unwrap_err();
/// let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
/// let names: Vec<_> = backtrace.frames().iter().map(|frame| frame.func_name()).collect();
/// assert_eq!(names, [Some("inner"), Some("outer")]);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Debug)]
pub struct WasmBacktrace {
    frames: Vec<FrameInfo>,
}

impl WasmBacktrace {
    pub(crate) fn from_frames(frames: Vec<FrameInfo>) -> WasmBacktrace {
        WasmBacktrace { frames }
    }

    /// The frames on a store's call stack now, as seen from a host function; none outside of wasm
    /// code, or if the configuration wants no backtraces.
    ///
    /// ```
    /// use brisk::{Caller, Engine, Func, Instance, Module, Store, WasmBacktrace};
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///     (import "" "" (func $host (result i32)))
    ///     (func $f (export "f") (result i32) (call $host)))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let host = Func::wrap(&mut store, |caller: Caller<'_, ()>| -> i32 {
    ///     let backtrace = WasmBacktrace::capture(&caller);
    ///     assert_eq!(backtrace.frames()[0].func_name(), Some("f"));
    ///     backtrace.frames().len() as i32
    /// });
    /// let instance = Instance::new(&mut store, &module, &[host.into()])?;
    /// let f = instance.get_typed_func::<(), i32>(&mut store, "f")?;
    /// assert_eq!(f.call(&mut store, ())?, 1);
    /// assert!(WasmBacktrace::capture(&store).frames().is_empty());
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn capture(store: impl AsContext) -> WasmBacktrace {
        match store.as_context().engine().tunables().backtrace_frames {
            Some(max) => WasmBacktrace::walk(store, max.get()),
            None => WasmBacktrace { frames: Vec::new() },
        }
    }

    /// As [`WasmBacktrace::capture`], also if the configuration wants no backtraces.
    pub fn force_capture(store: impl AsContext) -> WasmBacktrace {
        let max = store.as_context().engine().tunables().backtrace_frames;
        WasmBacktrace::walk(store, max.unwrap_or(DEFAULT_BACKTRACE_FRAMES).get())
    }

    fn walk(store: impl AsContext, max: usize) -> WasmBacktrace {
        call::backtrace(store.as_context().0, NO_EXIT, max)
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
///
/// ```
/// use brisk::{Engine, Instance, Module, Store, WasmBacktrace};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, "(module (func $main unreachable) (start $main))")?;
/// let error = Instance::new(&mut Store::new(&engine, ()), &module, &[]).unwrap_err();
/// let frame = &error.downcast_ref::<WasmBacktrace>().unwrap().frames()[0];
/// assert_eq!((frame.func_index(), frame.func_name()), (0, Some("main")));
/// // The body begins with the number of its locals.
/// assert_eq!(frame.func_offset(), Some(1));
/// assert_eq!(module.bytes()[frame.module_offset().unwrap()], 0x00, "`unreachable`");
/// # brisk::Result::<()>::Ok(())
/// ```
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
