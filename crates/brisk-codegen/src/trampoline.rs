//! Trampolines and stubs, see [`crate::boundary`]: which there are, and what of them is the same on every machine.
//!
//! Each instruction set's `trampoline` writes them, as methods of its [`Trampolines`], which [`Machine`] leads to. By hand:
//! what is done in which order and in which register depends on what the machine's calling convention leaves free.

use crate::asm::{Assemble, Gpr, Label, VectorReg};
use crate::boundary::{Runtime, Shape, ShapeCode, Stubs, slot_bytes, status};
use crate::convention::{OVERFLOW_CELL, Place, Places, gpr, vector_reg};
use crate::emit;
use crate::ir::{Libcall, TrapCode, Ty};
use crate::layout::VmLayout;
use crate::vcode::RegClass;

/// What trampolines and stubs ask of a machine. All of these are reached by a call or a jump, in whose place they return or
/// jump on.
pub trait Machine: emit::Machine {
    /// [`ShapeCode::enter`], or [`ShapeCode::enter_osr`].
    fn enter(to: &mut Trampolines<'_, Self>, params: &[Ty], results: &[Ty], osr: bool);
    /// [`ShapeCode::cold`]. `raise` is the address of [`Stubs::raise`].
    fn cold(to: &mut Trampolines<'_, Self>, shape: &Shape, raise: u64);
    /// [`ShapeCode::tail`].
    fn tail(to: &mut Trampolines<'_, Self>, shape: &Shape);
    /// [`ShapeCode::host`].
    fn host(to: &mut Trampolines<'_, Self>, shape: &Shape, raise: u64);

    /// [`Stubs::raise`]. Binds `resume` where the words are read that the runtime filled in.
    fn raise(to: &mut Trampolines<'_, Self>, resume: Label);
    /// One of [`Stubs::libcalls`] that may destroy what calls destroy.
    fn libcall(to: &mut Trampolines<'_, Self>, libcall: Libcall, raise: Label);
    /// One of [`Stubs::libcalls`] that keeps all registers: it is called by a prologue that has set up the frame pointer,
    /// maybe more, or in the middle of a function. References in registers are found behind the frame of the stub.
    fn keeping(to: &mut Trampolines<'_, Self>, libcall: Libcall, raise: Label);
    /// Loads what [`Machine::trap`] is to tell [`Runtime::trap`].
    fn trap_code(to: &mut Trampolines<'_, Self>, code: u32);
    /// The rest of [`Stubs::traps`] and [`Stubs::fault`]. The return address is the place.
    fn trap(to: &mut Trampolines<'_, Self>, resume: Label);
    /// [`Stubs::refused`].
    fn refused(to: &mut Trampolines<'_, Self>, raise: Label);
    /// [`Stubs::osr_tail`].
    fn osr_tail(to: &mut Trampolines<'_, Self>);

    /// What direct calls of a function without machine code lead to: loads its state and goes the way of calls through
    /// references. The VmContext is that of its instance.
    fn cold_slot(to: &mut Trampolines<'_, Self>, func: u32);

    /// Loads 64 bits at any offset.
    fn load(to: &mut Trampolines<'_, Self>, dst: Gpr, base: Gpr, offset: i32);
    /// Stores 64 bits at any offset.
    fn store(to: &mut Trampolines<'_, Self>, base: Gpr, offset: i32, src: Gpr);
    /// Loads a value, with nothing above it, from a slot or cell.
    fn load_vector(to: &mut Trampolines<'_, Self>, ty: Ty, dst: VectorReg, base: Gpr, offset: i32);
    /// Stores all of a slot or cell.
    fn store_vector(to: &mut Trampolines<'_, Self>, ty: Ty, base: Gpr, offset: i32, src: VectorReg);
    /// Stores an `f32` to a slot. What is above it in the register is unknown, in the slot there is nothing.
    fn store_single(to: &mut Trampolines<'_, Self>, base: Gpr, offset: i32, src: VectorReg);
}

/// Emits trampolines and stubs.
pub struct Trampolines<'a, M: Machine> {
    /// Where to.
    pub asm: &'a mut M::Assembler,
    /// The runtime's structures.
    pub layout: &'a VmLayout,
    /// The runtime's functions.
    pub runtime: &'a Runtime,
}

/// More bytes than the longest part takes, but for the moves of arguments and results, which have no labels around them
/// that are near.
const ROOM: u32 = 1024;

impl<M: Machine> Trampolines<'_, M> {
    /// The trampolines of a shape. `raise` is the address of [`Stubs::raise`].
    pub fn shape(&mut self, shape: &Shape, raise: u64) -> ShapeCode {
        let enter = self.begin();
        M::enter(self, &shape.params, &shape.results, false);
        let cold = self.begin();
        M::cold(self, shape, raise);
        let tail = self.begin();
        M::tail(self, shape);
        let host = self.begin();
        M::host(self, shape, raise);
        let enter_osr = self.begin();
        M::enter(self, &[], &shape.results, true);
        ShapeCode { enter, cold, tail, host, enter_osr }
    }

    /// The stubs that code of all shapes shares.
    pub fn stubs(&mut self) -> Stubs {
        let (raise, resume) = (self.asm.new_label(), self.asm.new_label());
        let raise_at = self.begin();
        self.asm.bind(raise);
        M::raise(self, resume);
        let libcalls = Libcall::ALL.iter().map(|&libcall| self.libcall(libcall, raise)).collect();
        let trap = self.asm.new_label();
        self.asm.room(ROOM);
        let mut traps = Vec::with_capacity(TrapCode::ALL.len());
        for &code in TrapCode::ALL {
            traps.push(self.asm.offset());
            M::trap_code(self, code as u32);
            self.asm.jump(trap);
        }
        let fault = self.asm.offset();
        M::trap_code(self, TrapCode::MemoryOutOfBounds as u32 | status::FAULT);
        self.asm.bind(trap);
        M::trap(self, resume);
        let refused = self.begin();
        M::refused(self, raise);
        let osr_tail = self.begin();
        M::osr_tail(self);
        Stubs { libcalls, traps, fault, raise: raise_at, refused, osr_tail }
    }

    /// What the slot of a defined function leads to as long as it has no machine code.
    pub fn cold_slot(&mut self, func: u32) -> u32 {
        self.asm.room(ROOM);
        let start = self.asm.offset();
        M::cold_slot(self, func);
        start
    }

    /// Begins something that is jumped to.
    fn begin(&mut self) -> u32 {
        self.asm.room(ROOM);
        self.asm.align(16);
        self.asm.offset()
    }

    fn libcall(&mut self, libcall: Libcall, raise: Label) -> u32 {
        let start = self.begin();
        match libcall {
            Libcall::StackLimit | Libcall::Interrupted | Libcall::OutOfFuel => {
                M::keeping(self, libcall, raise)
            }
            _ => M::libcall(self, libcall, raise),
        }
        start
    }

    /// Moves values from slots to their places. `cells` holds the address of the overflow area if any has its place there;
    /// it and `slots` are not among the places.
    pub(crate) fn load_slots(&mut self, types: &[Ty], mut places: Places, slots: Gpr, cells: Gpr) {
        let scratch = vector_reg(M::CONVENTION.regs.scratch_vector);
        let mut at = 0;
        for &ty in types {
            match places.next(ty) {
                Place::Reg(reg) if reg.class() == RegClass::Int => M::load(self, gpr(reg), slots, at),
                Place::Reg(reg) => M::load_vector(self, ty, vector_reg(reg), slots, at),
                Place::Cell(cell) => {
                    M::load_vector(self, ty, scratch, slots, at);
                    M::store_vector(self, ty, cells, (cell * OVERFLOW_CELL) as i32, scratch);
                }
            }
            at += slot_bytes(ty);
        }
    }

    /// Moves values from their places to slots; the other way round.
    pub(crate) fn store_slots(&mut self, types: &[Ty], mut places: Places, slots: Gpr, cells: Gpr) {
        let scratch = vector_reg(M::CONVENTION.regs.scratch_vector);
        let mut at = 0;
        for &ty in types {
            match places.next(ty) {
                Place::Reg(reg) if reg.class() == RegClass::Int => M::store(self, slots, at, gpr(reg)),
                Place::Reg(reg) if ty == Ty::F32 => M::store_single(self, slots, at, vector_reg(reg)),
                Place::Reg(reg) => M::store_vector(self, ty, slots, at, vector_reg(reg)),
                Place::Cell(cell) => {
                    M::load_vector(self, ty, scratch, cells, (cell * OVERFLOW_CELL) as i32);
                    M::store_vector(self, ty, slots, at, scratch);
                }
            }
            at += slot_bytes(ty);
        }
    }

    /// Loads the base of memory 0.
    pub(crate) fn load_memory_base(&mut self) {
        let base = M::CONVENTION.memory_base;
        self.asm.load_word(base, M::CONVENTION.vm_context, self.layout.ctx_memory_base);
    }

    /// The fuel into the store.
    pub(crate) fn store_fuel(&mut self, store: Gpr) {
        if self.runtime.fuel {
            self.asm.store_word(store, self.layout.store_fuel, M::CONVENTION.fuel);
        }
    }

    /// The fuel, of which others may have had some, or given.
    pub(crate) fn load_fuel(&mut self, store: Gpr) {
        if self.runtime.fuel {
            self.asm.load_word(M::CONVENTION.fuel, store, self.layout.store_fuel);
        }
    }
}
