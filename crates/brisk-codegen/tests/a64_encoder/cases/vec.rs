//! Vector instructions: every row of the table, by its form, and what is in none.

use super::bench::*;
use super::float::float_imm;
use brisk_codegen::a64::asm::*;

pub fn add(cases: &mut Vec<Case>) {
    for &op in VecOp::ALL {
        cases.push(Case::new(format!("{op:?}"), move |bench| row(op, bench)));
    }
    moves(cases);
    immediates(cases);
    lanes(cases);
    memory(cases);
}

fn arr_name(arr: Arr) -> &'static str {
    ["8b", "16b", "4h", "8h", "2s", "4s", "1d", "2d"][arr as usize]
}

fn v(arr: Arr, reg: Fpr) -> String {
    format!("v{}.{}", reg.0, arr_name(arr))
}

fn lane_name(width: Width, reg: Fpr, lane: u8) -> String {
    format!("v{}.{}[{lane}]", reg.0, ["b", "h", "s", "d"][width as usize])
}

fn width(arr: Arr) -> Width {
    Width::ALL[arr.log2() as usize]
}

fn row(op: VecOp, bench: &mut Bench) -> String {
    let info = op.info();
    assert!(bench.asm.has(op));
    let arrs: Vec<Arr> = Arr::ALL.iter().copied().filter(|&arr| info.arrs >> arr as u32 & 1 != 0).collect();
    let arr = bench.source.pick(&arrs);
    let (dst, a, b) = (bench.source.fpr(), bench.source.fpr(), bench.source.fpr());
    let name = mnemonic(op);
    let two = if arr.full() { "2" } else { "" };
    let bytes = if arr.full() { Arr::B16 } else { Arr::B8 };
    match info.form {
        Form::Three | Form::ThreeFloat | Form::ThreeBits => {
            let a = if op == VecOp::Orr && a == b { Fpr(a.0 ^ 1) } else { a };
            bench.asm.vec3(op, arr, dst, a, b);
            format!("{name} {}, {}, {}", v(arr, dst), v(arr, a), v(arr, b))
        }
        Form::ThreeLong => {
            bench.asm.vec3(op, arr, dst, a, b);
            format!("{name}{two} {}, {}, {}", v(arr.wider(), dst), v(arr, a), v(arr, b))
        }
        Form::ThreeWide => {
            bench.asm.vec3(op, arr, dst, a, b);
            format!("{name}{two} {}, {}, {}", v(arr.wider(), dst), v(arr.wider(), a), v(arr, b))
        }
        Form::ThreeNarrow => {
            bench.asm.vec3(op, arr, dst, a, b);
            format!("{name}{two} {}, {}, {}", v(arr, dst), v(arr.wider(), a), v(arr.wider(), b))
        }
        Form::Dot => {
            bench.asm.vec3(op, arr, dst, a, b);
            format!("{name} {}, {}, {}", v(arr, dst), v(bytes, a), v(bytes, b))
        }
        Form::Two | Form::TwoFloat => {
            bench.asm.vec2(op, arr, dst, a);
            let name = if op == VecOp::Not { "mvn" } else { &name };
            format!("{name} {}, {}", v(arr, dst), v(arr, a))
        }
        Form::Zero => {
            bench.asm.vec2(op, arr, dst, a);
            format!("{} {}, {}, #0", &name[..4], v(arr, dst), v(arr, a))
        }
        Form::ZeroFloat => {
            bench.asm.vec2(op, arr, dst, a);
            format!("{} {}, {}, #0.0", &name[..5], v(arr, dst), v(arr, a))
        }
        Form::Pairs => {
            bench.asm.vec2(op, arr, dst, a);
            let half = ["4h", "8h", "2s", "4s", "1d", "2d"][arr as usize];
            format!("{name} v{}.{half}, {}", dst.0, v(arr, a))
        }
        Form::Narrow | Form::NarrowFloat => {
            bench.asm.vec2(op, arr, dst, a);
            format!("{name}{two} {}, {}", v(arr, dst), v(arr.wider(), a))
        }
        Form::LongFloat => {
            bench.asm.vec2(op, arr, dst, a);
            format!("{name}{two} {}, {}", v(arr.wider(), dst), v(arr, a))
        }
        Form::Across | Form::AcrossFloat => {
            bench.asm.vec2(op, arr, dst, a);
            format!("{name} {}, {}", scalar(width(arr), dst), v(arr, a))
        }
        Form::AcrossLong => {
            bench.asm.vec2(op, arr, dst, a);
            format!("{name} {}, {}", scalar(width(arr.wider()), dst), v(arr, a))
        }
        Form::ShiftLeft | Form::ShiftLong => {
            let count = bench.source.below(arr.lane_bits() as usize) as u8;
            bench.asm.vec_shift(op, arr, dst, a, count);
            shift_text(info.form, &name, arr, dst, a, count)
        }
        Form::ShiftRight | Form::ShiftNarrow => {
            let count = 1 + bench.source.below(arr.lane_bits() as usize) as u8;
            bench.asm.vec_shift(op, arr, dst, a, count);
            shift_text(info.form, &name, arr, dst, a, count)
        }
        Form::Lane | Form::LaneFloat | Form::LaneLong => {
            let b = if arr.log2() == 1 { Fpr(b.0 & 15) } else { b };
            let lane = bench.source.below(16 >> arr.log2()) as u8;
            bench.asm.vec_lane(op, arr, dst, a, b, lane);
            let long = info.form == Form::LaneLong;
            let (to, two) = if long { (arr.wider(), two) } else { (arr, "") };
            let name = &name[..name.len() - 4];
            format!("{name}{two} {}, {}, {}", v(to, dst), v(arr, a), lane_name(width(arr), b, lane))
        }
    }
}

fn shift_text(form: Form, name: &str, arr: Arr, dst: Fpr, src: Fpr, count: u8) -> String {
    let name = &name[..name.len() - 3];
    let two = if arr.full() { "2" } else { "" };
    match form {
        Form::ShiftLong => format!("{name}{two} {}, {}, #{count}", v(arr.wider(), dst), v(arr, src)),
        Form::ShiftNarrow => format!("{name}{two} {}, {}, #{count}", v(arr, dst), v(arr.wider(), src)),
        _ => format!("{name} {}, {}, #{count}", v(arr, dst), v(arr, src)),
    }
}

fn moves(cases: &mut Vec<Case>) {
    cases.push(Case::new("vec_mov", |bench| {
        let (dst, src) = (bench.source.fpr(), bench.source.fpr());
        bench.asm.vec_mov(dst, src);
        format!("mov {}, {}", v(Arr::B16, dst), v(Arr::B16, src))
    }));
    cases.push(Case::new("vec_zero", |bench| {
        let dst = bench.source.fpr();
        bench.asm.vec_zero(dst);
        format!("movi {}, #0", v(Arr::D2, dst))
    }));
    cases.push(Case::new("vec_ones", |bench| {
        let dst = bench.source.fpr();
        bench.asm.vec_ones(dst);
        format!("movi {}, #{}", v(Arr::D2, dst), u64::MAX)
    }));
    cases.push(Case::new("ext", |bench| {
        let (dst, a, b) = (bench.source.fpr(), bench.source.fpr(), bench.source.fpr());
        let bytes = bench.source.below(16) as u8;
        bench.asm.vec_ext(dst, a, b, bytes);
        format!("ext {}, {}, {}, #{bytes}", v(Arr::B16, dst), v(Arr::B16, a), v(Arr::B16, b))
    }));
    type Table = fn(&mut Assembler, Fpr, Fpr, u8, Fpr);
    for (op, table) in [("tbl", Assembler::vec_tbl as Table), ("tbx", Assembler::vec_tbx)] {
        cases.push(Case::new(op, move |bench| {
            let (dst, first, index) = (bench.source.fpr(), bench.source.fpr(), bench.source.fpr());
            let registers = 1 + bench.source.below(4) as u8;
            table(&mut bench.asm, dst, first, registers, index);
            let list: Vec<String> =
                (0..registers).map(|nth| v(Arr::B16, Fpr((first.0 + nth) % 32))).collect();
            format!("{op} {}, {{{}}}, {}", v(Arr::B16, dst), list.join(", "), v(Arr::B16, index))
        }));
    }
}

fn immediates(cases: &mut Vec<Case>) {
    let of = |name: &str, run: fn(&mut Source) -> (u128, String)| {
        Case::new(name, move |bench| {
            let dst = bench.source.fpr();
            let (value, text) = run(&mut bench.source);
            let imm = VecImm::new(value).unwrap_or_else(|| panic!("{value:#x} is one"));
            bench.asm.vec_imm(dst, imm);
            text.replacen('V', &format!("v{}", dst.0), 1)
        })
    };
    cases.push(of("movi 16b", |source| {
        // All ones and zeros are made otherwise.
        let byte = 1 + source.below(254) as u128;
        (byte * (u128::MAX / 0xff), format!("movi V.16b, #{byte}"))
    }));
    cases.push(of("movi 8h", |source| {
        let (byte, shift) = (1 + source.below(254) as u128, source.pick(&[0, 8]));
        let rest = if shift == 0 { String::new() } else { format!(", lsl #{shift}") };
        ((byte << shift) * (u128::MAX / 0xffff), format!("movi V.8h, #{byte}{rest}"))
    }));
    cases.push(of("mvni 8h", |source| {
        let (byte, shift) = (1 + source.below(254) as u128, source.pick(&[0, 8]));
        let rest = if shift == 0 { String::new() } else { format!(", lsl #{shift}") };
        (!((byte << shift) * (u128::MAX / 0xffff)), format!("mvni V.8h, #{byte}{rest}"))
    }));
    cases.push(of("movi 4s", |source| {
        let (byte, shift) = (1 + source.below(254) as u128, source.pick(&[0, 8, 16, 24]));
        let rest = if shift == 0 { String::new() } else { format!(", lsl #{shift}") };
        ((byte << shift) * (u128::MAX / 0xffff_ffff), format!("movi V.4s, #{byte}{rest}"))
    }));
    cases.push(of("mvni 4s", |source| {
        let (byte, shift) = (1 + source.below(254) as u128, source.pick(&[0, 8, 16, 24]));
        let rest = if shift == 0 { String::new() } else { format!(", lsl #{shift}") };
        (!((byte << shift) * (u128::MAX / 0xffff_ffff)), format!("mvni V.4s, #{byte}{rest}"))
    }));
    cases.push(of("movi 4s msl", |source| {
        let (byte, shift) = (1 + source.below(254) as u128, source.pick(&[8, 16]));
        let value = byte << shift | ((1 << shift) - 1);
        (value * (u128::MAX / 0xffff_ffff), format!("movi V.4s, #{byte}, msl #{shift}"))
    }));
    cases.push(of("mvni 4s msl", |source| {
        let (byte, shift) = (1 + source.below(254) as u128, source.pick(&[8, 16]));
        let value = byte << shift | ((1 << shift) - 1);
        (!(value * (u128::MAX / 0xffff_ffff)), format!("mvni V.4s, #{byte}, msl #{shift}"))
    }));
    cases.push(of("movi 2d", |source| {
        let bits = source.next() as u8;
        let half = (0..8).fold(0u64, |half, nth| half | (u64::from(bits >> nth & 1) * 0xff) << (8 * nth));
        (u128::from(half) << 64 | u128::from(half), format!("movi V.2d, #{half}"))
    }));
    cases.push(of("fmov 4s", |source| {
        let value = float_imm(source);
        let bits = u128::from((value as f32).to_bits());
        // Some have the bits of a `movi`.
        if bits & 0xff_ffff == 0 {
            return (bits * (u128::MAX / 0xffff_ffff), format!("movi V.4s, #{}, lsl #24", bits >> 24));
        }
        (bits * (u128::MAX / 0xffff_ffff), format!("fmov V.4s, #{value:?}"))
    }));
    cases.push(of("fmov 2d", |source| {
        let value = float_imm(source);
        let bits = u128::from(value.to_bits());
        (bits << 64 | bits, format!("fmov V.2d, #{value:?}"))
    }));
}

fn lanes(cases: &mut Vec<Case>) {
    cases.push(Case::new("dup", |bench| {
        let arr = bench.source.pick(&[Arr::B8, Arr::B16, Arr::H4, Arr::H8, Arr::S2, Arr::S4, Arr::D2]);
        let (dst, src) = (bench.source.fpr(), bench.source.fpr());
        let lane = bench.source.below(16 >> arr.log2()) as u8;
        bench.asm.vec_dup(arr, dst, src, lane);
        format!("mov {}, {}", v(arr, dst), lane_name(width(arr), src, lane))
    }));
    cases.push(Case::new("dup gpr", |bench| {
        let arr = bench.source.pick(&[Arr::B8, Arr::B16, Arr::H4, Arr::H8, Arr::S2, Arr::S4, Arr::D2]);
        let (dst, src) = (bench.source.fpr(), bench.source.gpr_or_zero());
        bench.asm.vec_dup_gpr(arr, dst, src);
        let size = if arr == Arr::D2 { Size::B64 } else { Size::B32 };
        format!("dup {}, {}", v(arr, dst), name(size, src))
    }));
    for width in [Width::B, Width::H, Width::S, Width::D] {
        let size = if width == Width::D { Size::B64 } else { Size::B32 };
        let count = 16 >> width as usize;
        cases.push(Case::new(format!("dup scalar {width:?}"), move |bench| {
            let (dst, src, lane) = (bench.source.fpr(), bench.source.fpr(), bench.source.below(count) as u8);
            bench.asm.vec_dup_scalar(width, dst, src, lane);
            format!("mov {}, {}", scalar(width, dst), lane_name(width, src, lane))
        }));
        cases.push(Case::new(format!("ins gpr {width:?}"), move |bench| {
            let (dst, src, lane) =
                (bench.source.fpr(), bench.source.gpr_or_zero(), bench.source.below(count) as u8);
            bench.asm.vec_ins_gpr(width, dst, lane, src);
            format!("mov {}, {}", lane_name(width, dst, lane), name(size, src))
        }));
        cases.push(Case::new(format!("ins {width:?}"), move |bench| {
            let (dst, src) = (bench.source.fpr(), bench.source.fpr());
            let (lane, from) = (bench.source.below(count) as u8, bench.source.below(count) as u8);
            bench.asm.vec_ins(width, dst, lane, src, from);
            format!("mov {}, {}", lane_name(width, dst, lane), lane_name(width, src, from))
        }));
        cases.push(Case::new(format!("umov {width:?}"), move |bench| {
            let (dst, src, lane) =
                (bench.source.gpr_or_zero(), bench.source.fpr(), bench.source.below(count) as u8);
            bench.asm.vec_umov(width, dst, src, lane);
            let op = if width.bytes() < 4 { "umov" } else { "mov" };
            format!("{op} {}, {}", name(size, dst), lane_name(width, src, lane))
        }));
        if width == Width::D {
            continue;
        }
        cases.push(Case::new(format!("smov {width:?}"), move |bench| {
            let (dst, src, lane) =
                (bench.source.gpr_or_zero(), bench.source.fpr(), bench.source.below(count) as u8);
            let size = if width == Width::S { Size::B64 } else { bench.source.size() };
            bench.asm.vec_smov(width, size, dst, src, lane);
            format!("smov {}, {}", name(size, dst), lane_name(width, src, lane))
        }));
    }
    cases.push(Case::new("addp scalar", |bench| {
        let (dst, src) = (bench.source.fpr(), bench.source.fpr());
        bench.asm.vec_addp_scalar(dst, src);
        format!("addp d{}, {}", dst.0, v(Arr::D2, src))
    }));
}

fn memory(cases: &mut Vec<Case>) {
    cases.push(Case::new("ld1r", |bench| {
        let (arr, dst, base) = (bench.source.pick(Arr::ALL), bench.source.fpr(), bench.source.gpr_or_sp());
        bench.asm.vec_load_dup(arr, dst, base);
        format!("ld1r {{{}}}, [{}]", v(arr, dst), name(Size::B64, base))
    }));
    for width in [Width::B, Width::H, Width::S, Width::D] {
        let letter = ["b", "h", "s", "d"][width as usize];
        let count = 16 >> width as usize;
        cases.push(Case::new(format!("ld1 {width:?}"), move |bench| {
            let (reg, base, lane) =
                (bench.source.fpr(), bench.source.gpr_or_sp(), bench.source.below(count) as u8);
            bench.asm.vec_load_lane(width, reg, lane, base);
            format!("ld1 {{v{}.{letter}}}[{lane}], [{}]", reg.0, name(Size::B64, base))
        }));
        cases.push(Case::new(format!("st1 {width:?}"), move |bench| {
            let (reg, base, lane) =
                (bench.source.fpr(), bench.source.gpr_or_sp(), bench.source.below(count) as u8);
            bench.asm.vec_store_lane(width, reg, lane, base);
            format!("st1 {{v{}.{letter}}}[{lane}], [{}]", reg.0, name(Size::B64, base))
        }));
    }
}
