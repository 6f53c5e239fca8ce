//! The machine code of a module.

use super::boundary::shape_of;
use super::processor::CONVENTION;
use super::trampolines::{ShapeAddresses, assemble_stubs};
use crate::interp::code::{Bridge, Code as RegisterCode, FuncState};
use crate::module::{Module, Style};
use crate::perf::NewCode;
use crate::vm::VmContext;
use crate::vm::code_memory::{CodeMemory, CodeRefused};
#[cfg(unix)]
use crate::vm::signals::{CodeRange, FaultContext, Registered};
use brisk_codegen::boundary::Stubs;
use brisk_codegen::code::{Code, Handler, Position, Site, SiteKind, Target};
use brisk_codegen::convention::CACHE_LINE;
use std::collections::BTreeSet;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The machine code of a module, once it has any.
#[derive(Default)]
pub(crate) struct NativeCode(OnceLock<Result<Image, CodeRefused>>);

impl NativeCode {
    /// Where machine code of the module, whose this is, can be published; an error where memory may not be executable.
    pub fn image(&self, module: &Module) -> Result<&Image, CodeRefused> {
        self.0.get_or_init(|| Image::new(module)).as_ref().map_err(|refused| *refused)
    }

    /// What has been published.
    pub fn existing(&self) -> Option<&Image> {
        self.0.get()?.as_ref().ok()
    }
}

/// The machine code of a module: stubs, and batches of functions. Direct calls go through a slot for each defined
/// function; all other calls through the function's state.
pub(crate) struct Image {
    /// Ends before the memory: signal handlers look there.
    #[cfg(unix)]
    _registered: Option<Registered>,
    memory: Box<CodeMemory<Batch>>,
    stubs: Stubs,
    stubs_at: usize,
}

/// Functions that were published together, by address.
pub(crate) struct Batch {
    functions: Vec<Function>,
    /// Where code whose memory access faulted is made to go on, see [`Stubs::fault`].
    fault: usize,
}

impl Batch {
    /// The function that an address is in.
    fn function(&self, address: usize) -> Option<&Function> {
        let at = self.functions.partition_point(|function| function.start <= address).checked_sub(1)?;
        Some(&self.functions[at]).filter(|function| address < function.end)
    }
}

/// Whether an instruction may fault at a guarded memory.
///
/// # Safety
/// `data` must be the code memory that the address lies in.
#[cfg(unix)]
unsafe fn is_trap_site(data: *const (), pc: usize) -> bool {
    // SAFETY: by the contract of this function. Looking takes no lock and allocates nothing.
    let memory = unsafe { &*data.cast::<CodeMemory<Batch>>() };
    let function = memory.find(pc).and_then(|(batch, _)| batch.function(pc));
    function.is_some_and(|function| function.site((pc - function.start) as u32, SiteKind::Fault).is_some())
}

/// Where traps of memory accesses are raised, which the instruction that faulted is made to call.
///
/// # Safety
/// As for [`is_trap_site`]; the thread is stopped at an instruction of machine code, which keeps more room between its
/// stack pointer and the stack's end than a call takes.
#[cfg(unix)]
unsafe fn on_fault(data: *const (), fault: &FaultContext) -> Option<usize> {
    // SAFETY: by the contract of this function.
    let memory = unsafe { &*data.cast::<CodeMemory<Batch>>() };
    memory.find(fault.pc).map(|(batch, _)| batch.fault)
}

/// What is known of a function's machine code.
pub(crate) struct Function {
    /// Address of the first byte.
    pub start: usize,
    end: usize,
    /// The function's index in the module.
    pub func: u32,
    pub frame_size: u32,
    /// Slots of the interpreter's frame that it takes over; `None` if it is entered by calls.
    pub osr_slots: Option<u32>,
    sites: Vec<Site>,
    pub positions: Vec<Position>,
    handlers: Vec<Handler>,
}

impl Function {
    /// The site at an offset.
    pub fn site(&self, offset: u32, kind: SiteKind) -> Option<&Site> {
        let first = self.sites.partition_point(|site| site.at < offset);
        self.sites[first..].iter().take_while(|site| site.at == offset).find(|site| site.kind == kind)
    }

    /// Where to go on with an exception that comes out of the call that returns to an offset. The closure says whether
    /// the tag with an index is the exception's.
    pub fn handler(&self, offset: u32, is_thrown: impl Fn(u32) -> bool) -> Option<u32> {
        let first = self.handlers.partition_point(|handler| handler.at < offset);
        let mut handlers = self.handlers[first..].iter().take_while(|handler| handler.at == offset);
        handlers.find(|handler| handler.tag.is_none_or(&is_thrown)).map(|handler| handler.landing)
    }
}

/// The function whose code an address is in, and the offset in it.
///
/// # Safety
/// `ctx` must be the instance of the function. What is returned lives as long as the instance.
pub(super) unsafe fn find(
    ctx: *mut VmContext,
    pc: usize,
    kind: SiteKind,
) -> Option<(&'static Function, u32)> {
    // SAFETY: by the contract of this function: the instance keeps its module.
    let module: &'static Module = unsafe { (*(*ctx).instance).module() };
    // A call may be the last instruction.
    let inside = if kind == SiteKind::Return { pc - 1 } else { pc };
    let mut images = module.natives().filter_map(NativeCode::existing);
    let (batch, _) = images.find_map(|image| image.memory.find(inside))?;
    let function = batch.function(inside)?;
    Some((function, (pc - function.start) as u32))
}

/// A function to be published.
pub(crate) struct Publish {
    /// Its index among the module's defined functions.
    pub func: u32,
    /// Its machine code.
    pub code: Code,
    /// Where it takes over frames of the interpreter; `None` if it is entered by calls.
    pub osr: Option<Frame>,
}

/// A frame of the interpreter that machine code takes over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Slot of its link.
    pub link: u32,
    /// Its slots.
    pub slots: u32,
}

/// Functions begin at multiples of this, which the alignment of loops counts on.
const ALIGN: usize = CACHE_LINE as usize;

impl Image {
    fn new(module: &Module) -> Result<Image, CodeRefused> {
        let made = module.engine().trampolines().get()?;
        let funcs = module.funcs().len();
        // Functions that are published one by one take whole pages.
        let room = (16 << 20) + 32 * module.bytes().len() + (8 << 10) * funcs;
        let room = room.min(module.engine().tunables().code_bytes);
        let memory = CodeMemory::new(size_of::<AtomicPtr<u8>>() * funcs, room)?;
        let memory = Box::new(memory.marked(made.processor.marks_branch_targets()));
        let (stubs, code) = assemble_stubs(made.processor, &made.runtime);
        let batch = memory.reserve_batch(code.len())?;
        let stubs_at = batch.commit(&code, Batch { functions: Vec::new(), fault: 0 })?.as_ptr() as usize;
        #[cfg(unix)]
        let registered = module.engine().tunables().guarded_memories.then(|| {
            let range = CodeRange { data: (&raw const *memory).cast(), is_trap_site, on_fault };
            // SAFETY: the range is dropped before the memory it is of, which stays where it is.
            unsafe { Registered::new(memory.range(), range) }
        });
        Ok(Image {
            #[cfg(unix)]
            _registered: registered,
            memory,
            stubs,
            stubs_at,
        })
    }

    /// Bytes of code in use, whole pages.
    #[cfg(test)]
    pub fn used(&self) -> usize {
        self.memory.used()
    }

    /// The slot of a defined function.
    fn slot(&self, func: u32) -> &AtomicPtr<u8> {
        // SAFETY: the memory has a word for each function, zeroed at first, which is a null pointer.
        unsafe { &*self.memory.words().cast::<AtomicPtr<u8>>().as_ptr().add(func as usize) }
    }

    /// Which of some functions there is room for together.
    pub fn fitting<'a>(&self, codes: impl Iterator<Item = &'a Code>) -> Vec<bool> {
        // What calls of a function without machine code lead to takes less.
        const COLD: usize = 32;
        let mut room = self.memory.room();
        let fits = |code: &Code| {
            let calls = code.relocs.iter().filter(|reloc| matches!(reloc.target, Target::Slot(_)));
            let rest = room.checked_sub(code.bytes.len() + ALIGN + COLD * calls.count());
            room = rest.unwrap_or(room);
            rest.is_some()
        };
        codes.map(fits).collect()
    }

    /// Makes functions of the module, whose image this is, executable and has all calls from now on go there. For each of
    /// those that take over a frame a bridge is returned, in order, by which the interpreter gets there; it lives as
    /// long as the module.
    pub fn publish(&self, module: &Module, functions: Vec<Publish>) -> Result<Vec<Bridge>, CodeRefused> {
        let states = if ptr::eq(self, module.native().existing().unwrap_or(self)) {
            module.funcs()
        } else {
            module.funcs_of(Style::Fallback)
        };
        let trampolines = module.engine().trampolines().get()?;
        let info = module.info();
        let index = |func: u32| info.imported_funcs + func;
        let shapes = functions.iter().map(|function| shape_of(info.func_type(index(function.func))));
        let shapes: Vec<_> = shapes.collect();
        trampolines.prepare(shapes.iter().cloned())?;
        let shapes: Vec<ShapeAddresses> =
            shapes.iter().map(|shape| trampolines.shape(shape)).collect::<Result<_, _>>()?;

        // Where everything goes: the functions, then what calls of functions without machine code lead to.
        let mut len = 0_usize;
        let mut starts = Vec::with_capacity(functions.len());
        for function in &functions {
            starts.push(len);
            len = (len + function.code.bytes.len()).next_multiple_of(ALIGN);
        }
        let mut cold = BTreeSet::new();
        for reloc in functions.iter().flat_map(|function| &function.code.relocs) {
            if let Target::Slot(func) = reloc.target
                && self.slot(func).load(Ordering::Relaxed).is_null()
            {
                cold.insert(func);
            }
        }
        let cold: Vec<u32> = cold.into_iter().collect();
        let mut backend = trampolines.processor.backend();
        let (cold_at, cold_code) = backend.cold_slots(&super::layout::vm_layout(), &cold);
        let batch = self.memory.reserve_batch(len + cold_code.len())?;
        let base = batch.address();

        let listeners = module.engine().code_listeners();
        let mut names = Vec::new();
        let mut bytes = Vec::with_capacity(len + cold_code.len());
        let mut known = Vec::with_capacity(functions.len());
        let mut entries = Vec::with_capacity(functions.len());
        for (&offset, Publish { func, code, osr }) in starts.iter().zip(functions) {
            // Not reached.
            bytes.resize(offset, CONVENTION.filler);
            bytes.extend_from_slice(&code.bytes);
            let start = base + offset;
            for reloc in &code.relocs {
                let target = match reloc.target {
                    Target::Slot(func) => ptr::from_ref(self.slot(func)) as usize,
                    Target::Libcall(libcall) => {
                        self.stubs_at + self.stubs.libcalls[libcall as usize] as usize
                    }
                    Target::Trap(code) => self.stubs_at + self.stubs.traps[code as usize] as usize,
                };
                // All of it lies in one range.
                reloc.apply(&mut bytes[offset..], start as u64, target as u64);
            }
            if !listeners.is_empty() {
                let mut name = match info.names().func_name(index(func)) {
                    Some(name) => name.to_owned(),
                    None => format!("function {}", index(func)),
                };
                name.push_str(if osr.is_some() { " (from a loop on)" } else { "" });
                names.push(name);
            }
            entries.push((func, osr, start + code.entry as usize, start + code.outside_entry as usize));
            known.push(Function {
                start,
                end: start + code.bytes.len(),
                func: index(func),
                frame_size: code.frame_size,
                osr_slots: osr.map(|frame| frame.slots),
                sites: code.sites,
                positions: code.positions,
                handlers: code.handlers,
            });
        }
        bytes.resize(len, CONVENTION.filler);
        bytes.extend_from_slice(&cold_code);
        // Profilers are told while nobody can have called it.
        for (Function { start, end, .. }, name) in known.iter().zip(&names) {
            let bytes = &bytes[start - base..end - base];
            listeners.published(NewCode { address: *start, bytes, name });
        }
        let fault = self.stubs_at + self.stubs.fault as usize;
        batch.commit(&bytes, Batch { functions: known, fault })?;

        for (func, offset) in cold.into_iter().zip(cold_at) {
            let code = (base + len + offset as usize) as *mut u8;
            // Whoever was faster has published the function, or this as well.
            let _ =
                self.slot(func).compare_exchange(ptr::null_mut(), code, Ordering::AcqRel, Ordering::Relaxed);
        }
        let mut bridges = Vec::new();
        for ((func, osr, entry, outside_entry), shape) in entries.into_iter().zip(shapes) {
            let state = &states[func as usize];
            let bridge = Bridge {
                enter: shape.enter,
                load: shape.tail,
                state: ptr::from_ref::<FuncState>(state),
                entry: ptr::null(),
                link: 0,
                frame_slots: 0,
            };
            if let Some(Frame { link, slots }) = osr {
                let entry = entry as *const u8;
                let (enter, load) = (shape.enter_osr, trampolines.osr_tail());
                bridges.push(Bridge { enter, load, entry, link, frame_slots: slots, ..bridge });
                continue;
            }
            let ty = info.func_type(index(func));
            let code = RegisterCode::bridge(bridge, index(func), ty.param_slots, ty.result_slots);
            let code = module.code().publish(Box::new(code));
            state.native.store(outside_entry as *mut u8, Ordering::Release);
            self.slot(func).store(entry as *mut u8, Ordering::Release);
            state.code.store(code.cast_mut(), Ordering::Release);
        }
        Ok(bridges)
    }
}
