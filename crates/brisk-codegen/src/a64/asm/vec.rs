//! Vector instructions: one method for each group of operands in the table, and those that are not like others.

use super::buffer::Assembler;
use super::imm::VecImm;
use super::operand::*;
use super::vec_table::{Arr, Form, VecInfo, VecOp};

fn check(op: VecOp, arr: Arr) -> &'static VecInfo {
    let info = op.info();
    debug_assert!(info.arrs >> arr as u32 & 1 != 0, "{op:?} has no {arr:?}");
    info
}

/// A lane of a size: the field that says both, for moves of lanes.
fn lane_field(width: Width, lane: u8) -> u32 {
    debug_assert!(width != Width::Q && u32::from(lane) < 16 >> width as u32);
    (u32::from(lane) << 1 | 1) << width as u32
}

impl Assembler {
    /// Whether the processor has the instruction.
    pub fn has(&self, op: VecOp) -> bool {
        match op {
            VecOp::Sdot | VecOp::Udot => self.features().dotprod,
            VecOp::Usdot => self.features().i8mm,
            _ => true,
        }
    }

    /// `op dst, a, b` of `Three...` and `Dot`
    #[inline]
    pub fn vec3(&mut self, op: VecOp, arr: Arr, dst: Fpr, a: Fpr, b: Fpr) {
        let info = check(op, arr);
        debug_assert!(self.has(op), "{op:?}");
        let size = match info.form {
            Form::ThreeFloat => arr.log2() & 1,
            Form::ThreeBits | Form::Dot => 0,
            form => {
                debug_assert!(
                    matches!(form, Form::Three | Form::ThreeLong | Form::ThreeWide | Form::ThreeNarrow),
                    "{op:?} is not of three vectors"
                );
                arr.log2()
            }
        };
        self.word(info.bits | arr.q() | size << 22 | b.n() << 16 | a.n() << 5 | dst.n());
    }

    /// `op dst, src` of `Two...`, `Zero...`, `Pairs`, `Narrow...`, `LongFloat` and `Across...`
    #[inline]
    pub fn vec2(&mut self, op: VecOp, arr: Arr, dst: Fpr, src: Fpr) {
        let info = check(op, arr);
        let size = match info.form {
            Form::TwoFloat | Form::ZeroFloat => arr.log2() & 1,
            // The wider size's bit: half to single is 0.
            Form::NarrowFloat | Form::LongFloat => arr.log2() - 1,
            Form::AcrossFloat => 0,
            form => {
                debug_assert!(
                    matches!(
                        form,
                        Form::Two | Form::Zero | Form::Pairs | Form::Narrow | Form::Across | Form::AcrossLong
                    ),
                    "{op:?} is not of two vectors"
                );
                match op {
                    // Their size is part of the opcode.
                    VecOp::Rbit | VecOp::Not => 0,
                    _ => arr.log2(),
                }
            }
        };
        self.word(info.bits | arr.q() | size << 22 | src.n() << 5 | dst.n());
    }

    /// `op dst, src, #count` of `Shift...`
    #[inline]
    pub fn vec_shift(&mut self, op: VecOp, arr: Arr, dst: Fpr, src: Fpr, count: u8) {
        let info = check(op, arr);
        let (bits, count) = (arr.lane_bits(), u32::from(count));
        let field = match info.form {
            Form::ShiftLeft | Form::ShiftLong => {
                debug_assert!(count < bits);
                bits + count
            }
            form => {
                debug_assert!(matches!(form, Form::ShiftRight | Form::ShiftNarrow), "{op:?} is no shift");
                debug_assert!(count > 0 && count <= bits);
                2 * bits - count
            }
        };
        self.word(info.bits | arr.q() | field << 16 | src.n() << 5 | dst.n());
    }

    /// `op dst, a, b[lane]` of `Lane...`. Of lanes of 16 bits `b` is one of the lower 16 registers.
    pub fn vec_lane(&mut self, op: VecOp, arr: Arr, dst: Fpr, a: Fpr, b: Fpr, lane: u8) {
        let info = check(op, arr);
        let lane = u32::from(lane);
        debug_assert!(lane < 16 >> arr.log2());
        // Three bits of the lane are H, L and M; what is left of them belongs to the register.
        let place = match arr.log2() {
            1 => {
                debug_assert!(b.0 < 16, "no register for a lane of 16 bits");
                (lane >> 2 & 1) << 11 | (lane & 3) << 20
            }
            2 => (lane >> 1 & 1) << 11 | (lane & 1) << 21,
            _ => (lane & 1) << 11,
        };
        let size = match info.form {
            Form::LaneFloat => arr.log2() & 1,
            form => {
                debug_assert!(matches!(form, Form::Lane | Form::LaneLong), "{op:?} has no lane");
                arr.log2()
            }
        };
        self.word(info.bits | arr.q() | size << 22 | place | b.n() << 16 | a.n() << 5 | dst.n());
    }

    /// `mov dst.16b, src.16b`
    #[inline]
    pub fn vec_mov(&mut self, dst: Fpr, src: Fpr) {
        self.vec3(VecOp::Orr, Arr::B16, dst, src, src);
    }

    /// `movi`, `mvni` or `fmov dst, #imm`: all of the register
    pub fn vec_imm(&mut self, dst: Fpr, imm: VecImm) {
        self.word(imm.bits() | dst.n());
    }

    /// `movi dst.2d, #0`
    pub fn vec_zero(&mut self, dst: Fpr) {
        self.word(0x6f00_e400 | dst.n());
    }

    /// `movi dst.2d, #-1`
    pub fn vec_ones(&mut self, dst: Fpr) {
        self.word(0x6f07_e7e0 | dst.n());
    }

    /// `ext dst, a, b, #bytes`: 16 bytes of `b:a` from one of `a`'s on
    pub fn vec_ext(&mut self, dst: Fpr, a: Fpr, b: Fpr, bytes: u8) {
        debug_assert!(bytes < 16);
        self.word(0x6e00_0000 | b.n() << 16 | u32::from(bytes) << 11 | a.n() << 5 | dst.n());
    }

    /// `tbl dst, { first, ... }, index`: bytes of a table of one to four registers with consecutive numbers, 0 for
    /// indices past it
    pub fn vec_tbl(&mut self, dst: Fpr, first: Fpr, registers: u8, index: Fpr) {
        self.table(0x4e00_0000, dst, first, registers, index);
    }

    /// `tbx dst, { first, ... }, index`: the same, but `dst` stays for indices past the table
    pub fn vec_tbx(&mut self, dst: Fpr, first: Fpr, registers: u8, index: Fpr) {
        self.table(0x4e00_1000, dst, first, registers, index);
    }

    fn table(&mut self, bits: u32, dst: Fpr, first: Fpr, registers: u8, index: Fpr) {
        debug_assert!((1..=4).contains(&registers));
        let len = u32::from(registers - 1) << 13;
        self.word(bits | len | index.n() << 16 | first.n() << 5 | dst.n());
    }

    /// `dup dst, src[lane]`: to all lanes of the arrangement
    pub fn vec_dup(&mut self, arr: Arr, dst: Fpr, src: Fpr, lane: u8) {
        debug_assert!(arr != Arr::D1);
        let field = lane_field(Width::ALL[arr.log2() as usize], lane);
        self.word(0x0e00_0400 | arr.q() | field << 16 | src.n() << 5 | dst.n());
    }

    /// `dup dst, src`: a general-purpose register to all lanes of the arrangement
    pub fn vec_dup_gpr(&mut self, arr: Arr, dst: Fpr, src: Gpr) {
        debug_assert!(arr != Arr::D1);
        let field = lane_field(Width::ALL[arr.log2() as usize], 0);
        self.word(0x0e00_0c00 | arr.q() | field << 16 | src.zr() << 5 | dst.n());
    }

    /// `mov dst, src[lane]`: one lane of a size, zeros above it
    pub fn vec_dup_scalar(&mut self, width: Width, dst: Fpr, src: Fpr, lane: u8) {
        self.word(0x5e00_0400 | lane_field(width, lane) << 16 | src.n() << 5 | dst.n());
    }

    /// `mov dst[lane], src`: the other lanes stay
    pub fn vec_ins_gpr(&mut self, width: Width, dst: Fpr, lane: u8, src: Gpr) {
        self.word(0x4e00_1c00 | lane_field(width, lane) << 16 | src.zr() << 5 | dst.n());
    }

    /// `mov dst[lane], src[from]`: the other lanes stay
    pub fn vec_ins(&mut self, width: Width, dst: Fpr, lane: u8, src: Fpr, from: u8) {
        debug_assert!(u32::from(from) < 16 >> width as u32);
        let from = u32::from(from) << (width as u32 + 11);
        self.word(0x6e00_0400 | lane_field(width, lane) << 16 | from | src.n() << 5 | dst.n());
    }

    /// `umov dst, src[lane]`: zero-extended
    pub fn vec_umov(&mut self, width: Width, dst: Gpr, src: Fpr, lane: u8) {
        let wide = u32::from(width == Width::D) << 30;
        self.word(0x0e00_3c00 | wide | lane_field(width, lane) << 16 | src.n() << 5 | dst.zr());
    }

    /// `smov dst, src[lane]`: sign-extended to a size
    pub fn vec_smov(&mut self, width: Width, size: Size, dst: Gpr, src: Fpr, lane: u8) {
        debug_assert!(width.bits() < size.bits());
        self.word(0x0e00_2c00 | sf(size) >> 1 | lane_field(width, lane) << 16 | src.n() << 5 | dst.zr());
    }

    /// `addp dst, src.2d`: the sum of both lanes
    pub fn vec_addp_scalar(&mut self, dst: Fpr, src: Fpr) {
        self.word(0x5ef1_b800 | src.n() << 5 | dst.n());
    }

    // Lanes in memory. The address is a register.

    /// `ld1r { dst }, [base]`: to all lanes of the arrangement
    pub fn vec_load_dup(&mut self, arr: Arr, dst: Fpr, base: Gpr) {
        self.word(0x0d40_c000 | arr.q() | arr.log2() << 10 | base.sp() << 5 | dst.n());
    }

    /// `ld1 { dst }[lane], [base]`: the other lanes stay
    pub fn vec_load_lane(&mut self, width: Width, dst: Fpr, lane: u8, base: Gpr) {
        self.word(0x0d40_0000 | memory_lane(width, lane) | base.sp() << 5 | dst.n());
    }

    /// `st1 { src }[lane], [base]`
    pub fn vec_store_lane(&mut self, width: Width, src: Fpr, lane: u8, base: Gpr) {
        self.word(0x0d00_0000 | memory_lane(width, lane) | base.sp() << 5 | src.n());
    }
}

/// The fields Q, opcode, S and size of a lane in memory.
fn memory_lane(width: Width, lane: u8) -> u32 {
    let lane = u32::from(lane);
    debug_assert!(width != Width::Q && lane < 16 >> width as u32);
    // Q, S and the two bits of size are the lane in bytes, but that 64 bits are marked there.
    let bytes = lane << width as u32;
    let place = (bytes >> 3) << 30 | (bytes & 7) << 10;
    match width {
        Width::B => place,
        Width::H => place | 0x4000,
        Width::S => place | 0x8000,
        _ => place | 0x8400,
    }
}
