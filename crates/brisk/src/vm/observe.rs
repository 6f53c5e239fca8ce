//! Watching running code: counts of instructions and calls for a profile, and a trace of calls.
//! Translated code reports to it only where the engine's configuration asked for that.

use super::VmContext;
use crate::interp::profile::OP_NAMES;
use crate::module::Module;
use brisk_module::ValType;
use std::collections::HashMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Receives a line per call and return.
pub(crate) type TraceSink = Box<dyn FnMut(&str) + Send>;

/// What a store keeps of what it saw.
pub(crate) struct Observer {
    /// Executions of each wasm instruction, in the order of [`OP_NAMES`].
    ops: Box<[u64]>,
    /// Calls of each function, by module (its address) and index.
    calls: HashMap<(usize, u32), (Module, u64)>,
    trace: Option<TraceSink>,
    /// Frames of the traced calls that have not returned, as addresses.
    frames: Vec<usize>,
}

/// Executed wasm instructions and calls, counted because
/// [`Config::profile_ops`](crate::Config::profile_ops) asked for it. See [`Store::profile`](crate::Store::profile).
///
/// ```
/// use brisk::{Config, Engine, Instance, Module, Store};
///
/// let engine = Engine::new(Config::new().profile_ops(true))?;
/// let mut store = Store::new(&engine, ());
/// let module = Module::new(&engine, "(module (func nop nop) (start 0))")?;
/// Instance::new(&mut store, &module, &[])?;
/// let profile = store.profile();
/// assert_eq!(profile.instructions[0], ("nop", 2));
/// assert_eq!(profile.calls, [(String::from("wasm[0]"), 1)]);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Profile {
    /// Executions by instruction, most first; instructions that did not run are left out.
    pub instructions: Vec<(&'static str, u64)>,
    /// Calls by function (its name, or `wasm[index]`), most first.
    pub calls: Vec<(String, u64)>,
}

impl Observer {
    pub fn new() -> Observer {
        Observer {
            ops: vec![0; OP_NAMES.len()].into(),
            calls: HashMap::new(),
            trace: None,
            frames: Vec::new(),
        }
    }

    /// Where the interpreter counts instructions.
    pub fn op_counts(&mut self) -> *mut u64 {
        self.ops.as_mut_ptr()
    }

    pub fn set_trace(&mut self, sink: TraceSink) {
        self.trace = Some(sink);
    }

    pub fn profile(&self) -> Profile {
        let mut instructions: Vec<_> = OP_NAMES
            .iter()
            .zip(&*self.ops)
            .filter(|&(_, &count)| count > 0)
            .map(|(&name, &count)| (name, count))
            .collect();
        instructions.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let mut calls: Vec<_> = self
            .calls
            .iter()
            .map(|(&(_, func), (module, count))| (func_name(module, func), *count))
            .collect();
        calls.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        Profile { instructions, calls }
    }

    fn trace(&mut self, sp: usize, leave: bool, module: &Module, func: u32, values: &[u64]) {
        // Frames at or above this one are gone: returned, unwound or replaced by a tail call.
        self.frames.retain(|&frame| frame < sp);
        let depth = self.frames.len();
        if !leave {
            self.frames.push(sp);
        }
        let Some(sink) = &mut self.trace else { return };
        let info = module.info();
        let ty = info.func_type(func);
        let types = if leave { &ty.results } else { &ty.params };
        let mut line = "  ".repeat(depth.min(64));
        line.push_str(&func_name(module, func));
        line.push_str(if leave { " = (" } else { "(" });
        let mut at = 0;
        for (n, &ty) in types.iter().enumerate() {
            if n > 0 {
                line.push_str(", ");
            }
            write_value(&mut line, ty, &values[at..]);
            at += ty.slots() as usize;
        }
        line.push(')');
        // Running code cannot unwind; a sink that panics is not asked again.
        if catch_unwind(AssertUnwindSafe(|| sink(&line))).is_err() {
            self.trace = None;
        }
    }
}

fn func_name(module: &Module, func: u32) -> String {
    match module.info().names().func_name(func) {
        Some(name) => name.to_string(),
        None => format!("wasm[{func}]"),
    }
}

fn write_value(out: &mut String, ty: ValType, slots: &[u64]) {
    let bits = slots[0];
    // Writing to a string cannot fail.
    let _ = match ty {
        ValType::I32 => write!(out, "{}", bits as i32),
        ValType::I64 => write!(out, "{}", bits as i64),
        ValType::F32 => write!(out, "{:?}f32", f32::from_bits(bits as u32)),
        ValType::F64 => write!(out, "{:?}", f64::from_bits(bits)),
        ValType::V128 => write!(out, "{:#034x}", u128::from(bits) | u128::from(slots[1]) << 64),
        ValType::Ref(_) => write!(out, "{}", if bits == 0 { "null" } else { "ref" }),
    };
}

/// The observer and module of running code, where the store observes.
///
/// # Safety
/// `ctx` must be a live instance whose code is running.
unsafe fn observed<'a>(ctx: *mut VmContext) -> Option<(&'a mut Observer, &'a Module)> {
    // SAFETY: by the contract of this function; the store keeps its observer to its end, and running
    // code is the only one to reach it meanwhile.
    unsafe { Some(((*(*ctx).store).observer.as_mut()?, (*(*ctx).instance).module())) }
}

/// Counts a call.
///
/// # Safety
/// `ctx` must be the running function's instance.
pub(crate) unsafe fn count_call(ctx: *mut VmContext, func: u32) {
    // SAFETY: passed on.
    let Some((observer, module)) = (unsafe { observed(ctx) }) else { return };
    let key = (std::ptr::from_ref(module.info()) as usize, func);
    observer.calls.entry(key).or_insert_with(|| (module.clone(), 0)).1 += 1;
}

/// Reports the entry of a function, whose parameters are the first slots of its frame.
///
/// # Safety
/// `ctx` must be the running function's instance and `sp` its frame.
pub(crate) unsafe fn trace_enter(ctx: *mut VmContext, func: u32, sp: *mut u64) {
    // SAFETY: passed on; the frame has a slot for each parameter.
    unsafe {
        let Some((observer, module)) = observed(ctx) else { return };
        let slots = module.info().func_type(func).param_slots as usize;
        observer.trace(sp as usize, false, module, func, std::slice::from_raw_parts(sp, slots));
    }
}

/// Reports the return of a function.
///
/// # Safety
/// `ctx` must be the running function's instance, `sp` its frame and `results` where its results are.
pub(crate) unsafe fn trace_leave(ctx: *mut VmContext, func: u32, sp: *mut u64, results: *mut u64) {
    // SAFETY: passed on; the frame has a slot for each result.
    unsafe {
        let Some((observer, module)) = observed(ctx) else { return };
        let slots = module.info().func_type(func).result_slots as usize;
        observer.trace(sp as usize, true, module, func, std::slice::from_raw_parts(results, slots));
    }
}
