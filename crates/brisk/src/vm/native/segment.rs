//! Walking the frames of machine code.

use super::image::{Function, find};
use super::processor::{CONVENTION, without_signature};
use crate::interp::Frame;
use crate::vm::{Activation, NativeActivation, VmContext, VmStore};
use brisk_codegen::code::{Position, SiteKind};

/// Frames of machine code between two boundaries, innermost first.
pub(crate) struct Segment {
    /// Frame pointer of the next frame.
    fp: *const usize,
    /// Where it stands.
    pc: usize,
    /// What `pc` is.
    kind: SiteKind,
    /// Its instance.
    ctx: *mut VmContext,
    /// Frame pointer of the trampoline that entered the segment.
    end: *const usize,
    /// Functions that the one compiled was inlined into, in the frame visited last.
    outer: Option<(*const Function, *mut VmContext, u32)>,
}

/// Frame pointer of the trampoline that entered the machine code of an activation.
///
/// # Safety
/// The activation must be alive and have entered machine code.
unsafe fn entry_fp(activation: *const Activation) -> *const usize {
    // SAFETY: by the contract of this function.
    unsafe { (*activation).entry_sp.byte_add(CONVENTION.enter_frame) }
}

impl Segment {
    /// The segment that an activation has entered and that was left by the stub with the frame `exit_fp`.
    ///
    /// # Safety
    /// Both must be so, and no code run while the segment is used.
    pub unsafe fn new(activation: *const Activation, exit_fp: *const usize) -> Segment {
        // SAFETY: by the contract of this function: the frame is as the stubs make it.
        unsafe {
            let end = entry_fp(activation);
            let fp = exit_fp.read() as *const usize;
            let mut ctx = exit_fp.sub(CONVENTION.exit_context).read() as *mut VmContext;
            if ctx.is_null() && fp != end {
                ctx = context(fp);
            }
            let pc = without_signature(exit_fp.add(1).read());
            Segment { fp, pc, kind: SiteKind::Return, ctx, end, outer: None }
        }
    }

    /// The same after an access to memory that faulted: the place is an instruction.
    pub fn faulted(mut self) -> Segment {
        self.kind = SiteKind::Fault;
        self
    }

    /// The frame to be visited next: function, offset of the place in it, frame pointer, instance. `None` at the
    /// segment's end.
    ///
    /// # Safety
    /// As for [`Segment::new`].
    pub unsafe fn current(&self) -> Option<(&'static Function, u32, *const usize, *mut VmContext)> {
        if self.fp == self.end {
            return None;
        }
        // SAFETY: the frame's instance is alive, and so is its module's code for as long.
        let function = unsafe { find(self.ctx, self.pc, self.kind) };
        debug_assert!(function.is_some(), "machine code is known");
        let (function, offset) = function?;
        Some((function, offset, self.fp, self.ctx))
    }

    /// Goes on with the caller.
    ///
    /// # Safety
    /// As for [`Segment::new`]; the end must not be reached.
    pub unsafe fn advance(&mut self) {
        // SAFETY: by the contract of this function.
        unsafe {
            self.pc = without_signature(self.fp.add(1).read());
            self.fp = self.fp.read() as *const usize;
            self.kind = SiteKind::Return;
            if self.fp != self.end {
                // What has called has its instance there.
                self.ctx = context(self.fp);
            }
        }
    }

    /// The next frame, for backtraces: those of functions that were inlined come before those they were inlined into.
    ///
    /// # Safety
    /// As for [`Segment::new`].
    pub unsafe fn next_frame(&mut self) -> Option<Frame> {
        // SAFETY: by the contract of this function.
        unsafe {
            if let Some((function, ctx, position)) = self.outer.take() {
                return self.visit(&*function, ctx, position);
            }
            loop {
                let (function, offset, _, ctx) = self.current()?;
                let kind = self.kind;
                self.advance();
                if let Some(site) = function.site(offset, kind) {
                    return self.visit(function, ctx, site.position);
                }
                debug_assert!(false, "every place where code stops is a site");
            }
        }
    }

    fn visit(&mut self, function: &Function, ctx: *mut VmContext, position: u32) -> Option<Frame> {
        let &Position { func, offset, inlined_at } = function.positions.get(position as usize)?;
        self.outer = inlined_at.map(|position| (std::ptr::from_ref(function), ctx, position));
        Some(Frame { ctx, func, offset })
    }
}

/// The instance of a frame that has called.
///
/// # Safety
/// `fp` must be the frame pointer of such a frame.
unsafe fn context(fp: *const usize) -> *mut VmContext {
    // SAFETY: by the contract of this function.
    unsafe { fp.sub(1).read() as *mut VmContext }
}

/// All words of the parts of native stacks that machine code uses: references may be among them.
///
/// # Safety
/// `vm` must be a live store, whose code has called out.
pub(crate) unsafe fn for_each_word(vm: *const VmStore, mut visit: impl FnMut(u64)) {
    // SAFETY: by the contract of this function: what is between the two ends of a segment is mapped and not in use by
    // anyone else, as its thread waits here.
    unsafe {
        let (mut exit_fp, mut activation) = ((*vm).exit_fp, (*vm).activation);
        while !activation.is_null() {
            if !(*activation).entry_sp.is_null() {
                let mut word = exit_fp.byte_sub(CONVENTION.exit_frame);
                let end = entry_fp(activation);
                while word < end {
                    visit(word.read_volatile() as u64);
                    word = word.add(1);
                }
                exit_fp = (*activation.cast::<NativeActivation>()).outer_exit_fp;
            }
            activation = (*activation).previous;
        }
    }
}
