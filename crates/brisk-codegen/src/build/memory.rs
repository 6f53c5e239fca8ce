//! Loads, stores, and what else concerns memories.

use super::{Build, MemoryStyle};
use crate::ir::{Access, IntCond, Libcall, Op, Region, SimdOp, TrapCode, Ty, Width};
use brisk_module::wasmparser::{MemArg, MemArgTarget};

/// An address as a load or store takes it.
struct Address {
    value: u32,
    offset: u32,
    pinned: bool,
    region: Region,
    traps: bool,
}

/// Largest offset that is left to an access.
const MAX_OFFSET: u64 = i32::MAX as u64;

/// The memory an instruction works on. Arrays are refused when the module is decoded.
fn memory_index(memarg: &MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(index) => index,
        MemArgTarget::Array(_) => unreachable!("array accesses are refused when the module is decoded"),
    }
}

impl Build<'_> {
    /// The words of a memory: an address and an offset.
    fn memory(&mut self, index: u32) -> (u32, u32) {
        let context = self.context();
        let layout = self.settings.layout;
        if let Some(own) = index.checked_sub(self.module.imported_memories) {
            return (context, self.own.memories + own * layout.memory_size);
        }
        let memories = self.load_pointer(context, layout.ctx_memories);
        (self.load_pointer(memories, index * 8), 0)
    }

    fn memory_len(&mut self, index: u32) -> u32 {
        let (memory, words) = self.memory(index);
        let offset = words + self.settings.layout.memory_len;
        self.load_descriptor(Region::MemoryDescriptor, memory, offset)
    }

    /// A value as 64 bits.
    pub fn wide(&mut self, value: u32) -> u32 {
        if self.ty(value) == Ty::I32 { self.unary(Op::ExtendU, Ty::I64, value) } else { value }
    }

    /// A 64-bit result as what an instruction on a memory or table with narrow indices gives.
    pub fn narrow(&mut self, value: u32, wide: bool) -> u32 {
        if wide { value } else { self.unary(Op::Wrap, Ty::I32, value) }
    }

    /// Pops the address of an access of so many bytes and checks it as the memory's style asks for.
    fn address(&mut self, memarg: &MemArg, size: u64) -> Address {
        let index = memory_index(memarg);
        // Of imported memories two may be the same one.
        let alone = index == 0 && self.module.imported_memories <= 1;
        let region = if alone { Region::Memory0 } else { Region::Memories };
        let address = self.pop();
        let guarded = self.settings.memories[index as usize] == MemoryStyle::Guarded;
        let mut offset = memarg.offset;
        if guarded {
            let mut address = address;
            let limit = self.settings.guard_size.min(MAX_OFFSET).saturating_sub(size);
            if let Some(constant) = self.constant_of(address)
                && let Some(sum) = constant.checked_add(offset)
                && sum <= limit
            {
                address = self.constant(Ty::I32, 0);
                offset = sum;
            }
            if offset <= limit {
                if index == 0 {
                    return Address {
                        value: address,
                        offset: offset as u32,
                        pinned: true,
                        region,
                        traps: true,
                    };
                }
                let base = self.memory_base(index, guarded);
                let wide = self.wide(address);
                let value = self.binary(Op::Add, Ty::I64, base, wide);
                return Address { value, offset: offset as u32, pinned: false, region, traps: true };
            }
            let checked = self.check(index, address, offset, size);
            if index == 0 {
                let value = self.add_offset(checked, offset);
                return Address { value, offset: 0, pinned: true, region, traps: false };
            }
            let base = self.memory_base(index, guarded);
            return self.based(base, checked, offset, region);
        }
        let checked = self.check(index, address, offset, size);
        let base = self.memory_base(index, guarded);
        self.based(base, checked, offset, region)
    }

    fn memory_base(&mut self, index: u32, guarded: bool) -> u32 {
        let (memory, words) = self.memory(index);
        let offset = words + self.settings.layout.memory_base;
        if guarded {
            self.load_pointer(memory, offset)
        } else {
            self.load_descriptor(Region::MemoryDescriptor, memory, offset)
        }
    }

    fn based(&mut self, base: u32, checked: u32, offset: u64, region: Region) -> Address {
        let sum = self.binary(Op::Add, Ty::I64, base, checked);
        if offset <= MAX_OFFSET {
            return Address { value: sum, offset: offset as u32, pinned: false, region, traps: false };
        }
        let value = self.add_offset(sum, offset);
        Address { value, offset: 0, pinned: false, region, traps: false }
    }

    fn add_offset(&mut self, address: u32, offset: u64) -> u32 {
        let offset = self.constant(Ty::I64, offset);
        self.binary(Op::Add, Ty::I64, address, offset)
    }

    /// Traps unless an access is within the memory; gives the address with 64 bits.
    fn check(&mut self, index: u32, address: u32, offset: u64, size: u64) -> u32 {
        let len = self.memory_len(index);
        let Some(end) = offset.checked_add(size) else {
            // Beyond any memory.
            let one = self.constant(Ty::I32, 1);
            self.trap_if(one, TrapCode::MemoryOutOfBounds);
            return self.wide(address);
        };
        if let Ok(end) = u32::try_from(end) {
            return self.pure(Op::Check, Ty::I64, 0, address, len, end);
        }
        let narrow = self.ty(address) == Ty::I32;
        let wide = self.wide(address);
        let end = self.constant(Ty::I64, end);
        let sum = self.binary(Op::Add, Ty::I64, wide, end);
        if !narrow {
            let wrapped = self.icmp(IntCond::LtU, sum, end);
            self.trap_if(wrapped, TrapCode::MemoryOutOfBounds);
        }
        let beyond = self.icmp(IntCond::GtU, sum, len);
        self.trap_if(beyond, TrapCode::MemoryOutOfBounds);
        wide
    }

    fn load_at(&mut self, memarg: &MemArg, width: Width, ty: Ty) -> u32 {
        let size = Access { width, pinned: false, region: Region::Memory0, traps: false }.bytes();
        let Address { value, offset, pinned, region, traps } = self.address(memarg, u64::from(size));
        let access = Access { width, pinned, region, traps };
        self.emit(Op::Load, ty, access.to_aux(), value, offset, 0)
    }

    pub fn load_op(&mut self, memarg: &MemArg, width: Width, ty: Ty) {
        let value = self.load_at(memarg, width, ty);
        self.push(value);
    }

    pub fn store_op(&mut self, memarg: &MemArg, width: Width) {
        let stored = self.pop();
        self.store_value(memarg, width, stored);
    }

    fn store_value(&mut self, memarg: &MemArg, width: Width, stored: u32) {
        let size = Access { width, pinned: false, region: Region::Memory0, traps: false }.bytes();
        let Address { value, offset, pinned, region, traps } = self.address(memarg, u64::from(size));
        let access = Access { width, pinned, region, traps };
        self.emit(Op::Store, Ty::None, access.to_aux(), value, offset, stored);
    }

    /// A load whose value goes through a vector instruction with one operand.
    pub fn load_then(&mut self, memarg: &MemArg, width: Width, ty: Ty, op: SimdOp) {
        let value = self.load_at(memarg, width, ty);
        let vector = self.simd(op, value, 0, 0);
        self.push(vector);
    }

    pub fn load_lane(&mut self, memarg: &MemArg, width: Width, ty: Ty, op: SimdOp, lane: u8) {
        let vector = self.pop();
        let value = self.load_at(memarg, width, ty);
        let vector = self.simd(op, vector, value, u32::from(lane));
        self.push(vector);
    }

    pub fn store_lane(&mut self, memarg: &MemArg, width: Width, op: SimdOp, lane: u8) {
        let vector = self.pop();
        let value = self.simd(op, vector, u32::from(lane), 0);
        self.store_value(memarg, width, value);
    }

    pub fn memory_size(&mut self, index: u32) {
        let ty = self.module.memories[index as usize];
        let len = self.memory_len(index);
        let shift = self.constant(Ty::I64, u64::from(ty.page_size_log2));
        let pages = self.binary(Op::ShrU, Ty::I64, len, shift);
        let pages = self.narrow(pages, ty.memory64);
        self.push(pages);
    }

    pub fn memory_grow(&mut self, index: u32) {
        let pages = self.pop();
        let pages = self.wide(pages);
        let memory = self.immediate(index);
        let old = self.libcall(Libcall::MemoryGrow, &[memory, pages]);
        self.descriptors += 1;
        let old = self.narrow(old, self.module.memories[index as usize].memory64);
        self.push(old);
    }

    /// An immediate as an argument of a libcall.
    pub fn immediate(&mut self, value: u32) -> u32 {
        self.constant(Ty::I32, u64::from(value))
    }

    /// A bulk instruction on two or three indices: immediates and three operands, extended where the libcall
    /// takes 64 bits.
    pub fn bulk(&mut self, libcall: Libcall, immediates: &[u32]) {
        let mut args = [0; 5];
        for (arg, &immediate) in args.iter_mut().zip(immediates) {
            *arg = self.immediate(immediate);
        }
        let params = libcall.params();
        for at in (immediates.len()..params.len()).rev() {
            let value = self.pop();
            args[at] = if params[at] == Ty::I64 { self.wide(value) } else { value };
        }
        self.libcall(libcall, &args[..params.len()]);
    }
}
