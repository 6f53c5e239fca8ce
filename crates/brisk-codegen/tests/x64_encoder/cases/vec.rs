//! Vector instructions: every row of the table, by its form.

use super::bench::*;
use brisk_codegen::x64::asm::*;

pub fn add(cases: &mut Vec<Case>) {
    for &op in VecOp::ALL {
        let case = Case::new(format!("{op:?}"), move |bench| row(op, bench));
        cases.push(case.when(move |asm| asm.has(op)));
    }
    cases.push(Case::new("vec_mov", |bench| {
        let (dst, src) = (bench.source.xmm(), bench.source.xmm());
        bench.asm.vec_mov(dst, src);
        wanted(name(bench, "Movaps"), [xmm(dst), xmm(src)])
    }));
    cases.push(Case::new("vec_zero", |bench| {
        let dst = bench.source.xmm();
        bench.asm.vec_zero(dst);
        three(bench, "Xorps", dst, dst, vec![xmm(dst)])
    }));
    cases.push(Case::new("vec_ones", |bench| {
        let dst = bench.source.xmm();
        bench.asm.vec_ones(dst);
        three(bench, "Pcmpeqd", dst, dst, vec![xmm(dst)])
    }));
}

/// The decoder's name of an instruction.
fn name(bench: &Bench, legacy: &str) -> String {
    if bench.asm.features().avx { format!("V{}", legacy.to_lowercase()) } else { legacy.to_string() }
}

/// An instruction with its first source: an operand of its own only with VEX.
fn three(bench: &Bench, legacy: &str, dst: Xmm, a: Xmm, rest: Vec<Want>) -> Wanted {
    let mut operands = vec![xmm(dst)];
    if bench.asm.features().avx {
        operands.push(xmm(a));
    }
    operands.extend(rest);
    wanted(name(bench, legacy), operands)
}

/// Two registers that are the same if they have to be.
fn dst_and_first(bench: &mut Bench) -> (Xmm, Xmm) {
    let dst = bench.source.xmm();
    let other = bench.source.xmm();
    (dst, if bench.asm.features().avx { other } else { dst })
}

/// The source of a scalar instruction of two operands, and the register of the other lanes.
fn scalar(bench: &mut Bench, dst: Xmm, memory: u32) -> (RmX, Xmm, Want) {
    let (src, want) = bench.rmx(memory);
    (src, src.reg().unwrap_or(dst), want)
}

fn row(op: VecOp, bench: &mut Bench) -> Wanted {
    let info = op.info();
    let memory = u32::from(info.memory);
    let row_name = format!("{op:?}");
    let legacy = row_name.trim_start_matches("Load").trim_start_matches("Store").trim_end_matches("Imm");
    let legacy = &format!("{}{}", legacy[..1].to_uppercase(), &legacy[1..]);
    let (dst, a) = dst_and_first(bench);
    let number = bench.source.byte();
    match info.form {
        Form::Rrr | Form::Fma => {
            let (src, want) = bench.rmx(memory);
            bench.asm.vec_rrr(op, dst, a, src);
            three(bench, legacy, dst, a, vec![want])
        }
        Form::RrrReg => {
            let src = bench.source.xmm();
            bench.asm.vec_rrr(op, dst, a, src);
            three(bench, legacy, dst, a, vec![xmm(src)])
        }
        Form::RrrMem => {
            let mem = bench.mem();
            bench.asm.vec_rrr(op, dst, a, mem);
            three(bench, legacy, dst, a, vec![Want::Mem(mem, memory)])
        }
        Form::RrrImm => {
            let (src, want) = bench.rmx(memory);
            bench.asm.vec_rrr_imm(op, dst, a, src, number);
            three(bench, legacy, dst, a, vec![want, imm8(number)])
        }
        Form::Rr => {
            let (src, want) = bench.rmx(memory);
            bench.asm.vec_rr(op, dst, src);
            wanted(name(bench, legacy), [xmm(dst), want])
        }
        Form::RrImm => {
            let (src, want) = bench.rmx(memory);
            bench.asm.vec_rr_imm(op, dst, src, number);
            wanted(name(bench, legacy), [xmm(dst), want, imm8(number)])
        }
        Form::Scalar if bench.source.flag() => {
            let (src, third, want) = scalar(bench, dst, memory);
            bench.asm.vec_rr(op, dst, src);
            three(bench, legacy, dst, third, vec![want])
        }
        Form::Scalar => {
            let (src, want) = bench.rmx(memory);
            bench.asm.vec_rrr(op, dst, a, src);
            three(bench, legacy, dst, a, vec![want])
        }
        Form::ScalarImm if bench.source.flag() => {
            let (src, third, want) = scalar(bench, dst, memory);
            bench.asm.vec_rr_imm(op, dst, src, number);
            three(bench, legacy, dst, third, vec![want, imm8(number)])
        }
        Form::ScalarImm => {
            let (src, want) = bench.rmx(memory);
            bench.asm.vec_rrr_imm(op, dst, a, src, number);
            three(bench, legacy, dst, a, vec![want, imm8(number)])
        }
        Form::Load => {
            let mem = bench.mem();
            bench.asm.vec_load(op, dst, mem);
            wanted(name(bench, legacy), [xmm(dst), Want::Mem(mem, memory)])
        }
        Form::Store => {
            let mem = bench.mem();
            bench.asm.vec_store(op, mem, dst);
            wanted(name(bench, legacy), [Want::Mem(mem, memory), xmm(dst)])
        }
        Form::ShiftImm(_) => {
            bench.asm.vec_shift_imm(op, dst, a, number);
            three(bench, legacy, dst, a, vec![imm8(number)])
        }
        Form::Blendv(_) => {
            let (src, want) = bench.rmx(memory);
            let avx = bench.asm.features().avx;
            let mask = if avx { bench.source.xmm() } else { XMM0 };
            bench.asm.vec_blendv(op, dst, a, src, mask);
            three(bench, legacy, dst, a, if avx { vec![want, xmm(mask)] } else { vec![want] })
        }
        Form::FromInt | Form::ToInt => between_classes(op, legacy, memory, dst, a, bench),
        Form::Insert => {
            let (src, want) = bench.rm(lane_size(memory));
            // Lanes of 8 and 16 bits come from registers of 32.
            let want = src.reg().map_or(want, |reg| gpr(reg_size(memory), reg));
            bench.asm.vec_insert(op, dst, a, src, number);
            three(bench, legacy, dst, a, vec![want, imm8(number)])
        }
        Form::Extract => {
            let (to, want) = bench.rm(lane_size(memory));
            let want = to.reg().map_or(want, |reg| gpr(reg_size(memory), reg));
            bench.asm.vec_extract(op, to, a, number);
            wanted(name(bench, legacy), [want, xmm(a), imm8(number)])
        }
        Form::Mask => {
            let to = bench.source.gpr();
            bench.asm.vec_mask(op, to, a);
            wanted(name(bench, legacy), [gpr(Size::B32, to), xmm(a)])
        }
    }
}

fn between_classes(op: VecOp, legacy: &str, memory: u32, dst: Xmm, a: Xmm, bench: &mut Bench) -> Wanted {
    let (size, reg) = (bench.source.full_size(), bench.source.gpr());
    let mov = if size == Size::B64 { "Movq" } else { "Movd" };
    match op {
        VecOp::MovFromInt => {
            bench.asm.mov_from_gpr(size, dst, reg);
            wanted(name(bench, mov), [xmm(dst), gpr(size, reg)])
        }
        VecOp::MovToInt => {
            bench.asm.mov_to_gpr(size, reg, a);
            wanted(name(bench, mov), [gpr(size, reg), xmm(a)])
        }
        VecOp::Cvtsi2ss | VecOp::Cvtsi2sd => {
            let (src, want) = bench.rm(size);
            bench.asm.cvt_from_int(op, size, dst, a, src);
            three(bench, legacy, dst, a, vec![want])
        }
        VecOp::Cvttss2si | VecOp::Cvttsd2si => {
            let (src, want) = bench.rmx(memory);
            bench.asm.cvt_to_int(op, size, reg, src);
            wanted(name(bench, legacy), [gpr(size, reg), want])
        }
        _ => panic!("no method takes {op:?}"),
    }
}

fn lane_size(bytes: u32) -> Size {
    *Size::ALL.iter().find(|size| size.bytes() == bytes).expect("lanes have the sizes of integers")
}

fn reg_size(bytes: u32) -> Size {
    if bytes == 8 { Size::B64 } else { Size::B32 }
}
