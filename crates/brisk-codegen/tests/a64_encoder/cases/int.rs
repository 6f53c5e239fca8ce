//! Integer instructions.

use super::bench::*;
use brisk_codegen::a64::asm::*;

pub fn add(cases: &mut Vec<Case>) {
    additions(cases);
    logic(cases);
    constants(cases);
    fields(cases);
    others(cases);
}

fn additions(cases: &mut Vec<Case>) {
    for &op in AddOp::ALL {
        let flags = matches!(op, AddOp::Adds | AddOp::Subs);
        let text = mnemonic(op);
        let of_rr = text.clone();
        cases.push(Case::new(format!("{text} rr"), move |bench| {
            let size = bench.source.size();
            let (dst, a, b) = (bench.source.gpr(), bench.source.gpr_or_sp(), bench.source.gpr());
            bench.asm.add_rr(op, size, dst, a, b);
            format!("{of_rr} {}, {}, {}", name(size, dst), name(size, a), name(size, b))
        }));
        let of_shift = text.clone();
        cases.push(Case::new(format!("{text} shift"), move |bench| {
            let size = bench.source.size();
            let (dst, a, b) = (bench.source.gpr(), bench.source.gpr(), bench.source.gpr_or_zero());
            let shift = bench.source.pick(&[Shift::Lsl, Shift::Lsr, Shift::Asr]);
            let amount = bench.source.below(size.bits() as usize) as u8;
            bench.asm.add_shift(op, size, dst, a, b, shift, amount);
            let shifted = shifted(shift, amount);
            format!("{of_shift} {}, {}, {}{shifted}", name(size, dst), name(size, a), name(size, b))
        }));
        let of_extend = text.clone();
        cases.push(Case::new(format!("{text} extend"), move |bench| {
            let size = bench.source.size();
            let dst = if flags { bench.source.gpr() } else { bench.source.gpr_or_sp() };
            let (a, b) = (bench.source.gpr_or_sp(), bench.source.gpr());
            let (extend, amount) = (bench.source.pick(Extend::ALL), bench.source.below(5) as u8);
            bench.asm.add_extend(op, size, dst, a, b, extend, amount);
            let wide = matches!(extend, Extend::Uxtx | Extend::Sxtx) && size == Size::B64;
            // With sp the extension that does nothing is a shift.
            let with_sp = a == SP || dst == SP;
            let nothing = if size == Size::B64 {
                extend == Extend::Uxtx
            } else {
                extend == Extend::Uxtx || extend == Extend::Uxtw
            };
            let extended = match amount {
                0 if nothing && with_sp => String::new(),
                _ if nothing && with_sp => format!(", lsl #{amount}"),
                0 => format!(", {}", extend_name(size, extend)),
                _ => format!(", {} #{amount}", extend_name(size, extend)),
            };
            let b = name(if wide { Size::B64 } else { Size::B32 }, b);
            format!("{of_extend} {}, {}, {b}{extended}", name(size, dst), name(size, a))
        }));
        cases.push(Case::new(format!("{text} imm"), move |bench| {
            let size = bench.source.size();
            let dst = if flags { bench.source.gpr() } else { bench.source.gpr_or_sp() };
            let a = bench.source.gpr_or_sp();
            let low = 1 + bench.source.below(4095) as u64;
            let value = if bench.source.flag() { low << 12 } else { low };
            bench.asm.add_imm(op, size, dst, a, AddImm::new(value).expect("it fits"));
            let shift = if value > 4095 { ", lsl #12" } else { "" };
            format!("{text} {}, {}, #{low}{shift}", name(size, dst), name(size, a))
        }));
    }
    cases.push(Case::new("cmp", |bench| {
        let (size, a, b) = (bench.source.size(), bench.source.gpr_or_sp(), bench.source.gpr());
        bench.asm.cmp_rr(size, a, b);
        format!("cmp {}, {}", name(size, a), name(size, b))
    }));
    cases.push(Case::new("cmp imm", |bench| {
        let (size, a, value) = (bench.source.size(), bench.source.gpr_or_sp(), bench.source.below(4096));
        bench.asm.cmp_imm(size, a, AddImm::new(value as u64).expect("it fits"));
        format!("cmp {}, #{value}", name(size, a))
    }));
    cases.push(Case::new("cmn imm", |bench| {
        let (size, a, value) = (bench.source.size(), bench.source.gpr_or_sp(), bench.source.below(4096));
        bench.asm.cmn_imm(size, a, AddImm::new(value as u64).expect("it fits"));
        format!("cmn {}, #{value}", name(size, a))
    }));
    cases.push(Case::new("neg", |bench| {
        let (size, dst, a) = (bench.source.size(), bench.source.gpr(), bench.source.gpr());
        bench.asm.neg(size, dst, a);
        format!("neg {}, {}", name(size, dst), name(size, a))
    }));
    for &op in CarryOp::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let size = bench.source.size();
            let (dst, a, b) = (bench.source.gpr_or_zero(), bench.source.gpr(), bench.source.gpr_or_zero());
            bench.asm.carry(op, size, dst, a, b);
            format!("{} {}, {}, {}", mnemonic(op), name(size, dst), name(size, a), name(size, b))
        }));
    }
}

fn extend_name(size: Size, extend: Extend) -> String {
    match extend {
        Extend::Uxtx if size == Size::B32 => "uxtw".into(),
        _ => mnemonic(extend),
    }
}

fn logic(cases: &mut Vec<Case>) {
    for &op in LogicOp::ALL {
        let text = mnemonic(op);
        let of_rr = text.clone();
        cases.push(Case::new(format!("{text} rr"), move |bench| {
            let size = bench.source.size();
            let (dst, a, b) = (bench.source.gpr(), bench.source.gpr(), bench.source.gpr_or_zero());
            bench.asm.logic_rr(op, size, dst, a, b);
            format!("{of_rr} {}, {}, {}", name(size, dst), name(size, a), name(size, b))
        }));
        let of_shift = text.clone();
        cases.push(Case::new(format!("{text} shift"), move |bench| {
            let size = bench.source.size();
            let (dst, a, b) = (bench.source.gpr(), bench.source.gpr(), bench.source.gpr_or_zero());
            let (shift, amount) =
                (bench.source.pick(Shift::ALL), bench.source.below(size.bits() as usize) as u8);
            bench.asm.logic_shift(op, size, dst, a, b, shift, amount);
            let shifted = shifted(shift, amount);
            format!("{of_shift} {}, {}, {}{shifted}", name(size, dst), name(size, a), name(size, b))
        }));
        if !matches!(op, LogicOp::And | LogicOp::Orr | LogicOp::Eor | LogicOp::Ands) {
            continue;
        }
        cases.push(Case::new(format!("{text} imm"), move |bench| {
            let (size, a) = (bench.source.size(), bench.source.gpr());
            let dst = if op == LogicOp::Ands { bench.source.gpr() } else { bench.source.gpr_or_sp() };
            let (value, imm) = logic_imm(&mut bench.source, size);
            bench.asm.logic_imm(op, size, dst, a, imm);
            format!("{text} {}, {}, #{value}", name(size, dst), name(size, a))
        }));
    }
    cases.push(Case::new("tst", |bench| {
        let (size, a, b) = (bench.source.size(), bench.source.gpr(), bench.source.gpr());
        bench.asm.tst_rr(size, a, b);
        format!("tst {}, {}", name(size, a), name(size, b))
    }));
    cases.push(Case::new("tst imm", |bench| {
        let (size, a) = (bench.source.size(), bench.source.gpr());
        let (value, imm) = logic_imm(&mut bench.source, size);
        bench.asm.tst_imm(size, a, imm);
        format!("tst {}, #{value}", name(size, a))
    }));
    cases.push(Case::new("mvn", |bench| {
        let (size, dst, a) = (bench.source.size(), bench.source.gpr(), bench.source.gpr());
        bench.asm.mvn(size, dst, a);
        format!("mvn {}, {}", name(size, dst), name(size, a))
    }));
    cases.push(Case::new("mov", |bench| {
        let size = bench.source.size();
        let (dst, src) = match bench.source.below(4) {
            0 => (SP, bench.source.gpr()),
            1 => (bench.source.gpr(), SP),
            _ => (bench.source.gpr(), bench.source.gpr_or_zero()),
        };
        bench.asm.mov_rr(size, dst, src);
        format!("mov {}, {}", name(size, dst), name(size, src))
    }));
}

/// A run of ones, rotated, repeated.
fn logic_imm(source: &mut Source, size: Size) -> (u64, LogicImm) {
    let bits = source.pick(&[2u32, 4, 8, 16, 32, 64]).min(size.bits());
    let ones = 1 + source.below(bits as usize - 1) as u32;
    let rotate = source.below(bits as usize) as u32;
    let run = u64::MAX >> (64 - ones);
    let run = if rotate == 0 { run } else { run << rotate | run >> (bits - rotate) };
    let run = run & u64::MAX >> (64 - bits);
    let value = (0..size.bits() / bits).fold(0, |value, nth| value | run << (nth * bits));
    (value, LogicImm::new(size, value).expect("it is one"))
}

fn constants(cases: &mut Vec<Case>) {
    for &op in WideOp::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let (size, dst) = (bench.source.size(), bench.source.gpr());
            let half = bench.source.below(size.bits() as usize / 16) as u8;
            // Neither 0 nor all ones: those are written otherwise.
            let imm = 1 + bench.source.below(0xfffe) as u16;
            bench.asm.mov_wide(op, size, dst, imm, half);
            let value = u64::from(imm) << (16 * half);
            match op {
                WideOp::Movk if half > 0 => format!("movk {}, #{imm}, lsl #{}", name(size, dst), 16 * half),
                WideOp::Movk => format!("movk {}, #{imm}", name(size, dst)),
                WideOp::Movz => format!("mov {}, #{value}", name(size, dst)),
                WideOp::Movn if size == Size::B64 => format!("mov {}, #{}", name(size, dst), !value),
                WideOp::Movn => format!("mov {}, #{}", name(size, dst), !(value as u32)),
            }
        }));
    }
}

fn fields(cases: &mut Vec<Case>) {
    for &op in BitfieldOp::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let (size, dst, src) = (bench.source.size(), bench.source.gpr(), bench.source.gpr());
            let bits = size.bits() as usize;
            let (rotate, top) = (bench.source.below(bits) as u8, bench.source.below(bits) as u8);
            bench.asm.bitfield(op, size, dst, src, rotate, top);
            field_text(op, size, dst, src, rotate, top)
        }));
        cases.push(Case::new(format!("{op:?} down"), move |bench| {
            let (size, dst, src) = (bench.source.size(), bench.source.gpr(), bench.source.gpr());
            let bits = size.bits() as usize;
            let from = bench.source.below(bits);
            let width = 1 + bench.source.below(bits - from);
            bench.asm.extract_bits(op, size, dst, src, from as u8, width as u8);
            field_text(op, size, dst, src, from as u8, (from + width - 1) as u8)
        }));
        cases.push(Case::new(format!("{op:?} up"), move |bench| {
            let (size, dst, src) = (bench.source.size(), bench.source.gpr(), bench.source.gpr());
            let bits = size.bits() as usize;
            let to = bench.source.below(bits);
            let width = 1 + bench.source.below(bits - to);
            bench.asm.insert_bits(op, size, dst, src, to as u8, width as u8);
            field_text(op, size, dst, src, ((bits - to) % bits) as u8, (width - 1) as u8)
        }));
    }
    for &shift in Shift::ALL {
        cases.push(Case::new(format!("{shift:?} imm"), move |bench| {
            let (size, dst, src) = (bench.source.size(), bench.source.gpr(), bench.source.gpr());
            // Left by 0 is right by 0.
            let amount = 1 + bench.source.below(size.bits() as usize - 1) as u8;
            bench.asm.shift_imm(shift, size, dst, src, amount);
            format!("{} {}, {}, #{amount}", mnemonic(shift), name(size, dst), name(size, src))
        }));
    }
    for &extend in Extend::ALL {
        cases.push(Case::new(format!("{extend:?}"), move |bench| {
            let (size, dst, src) = (bench.source.size(), bench.source.gpr(), bench.source.gpr());
            bench.asm.extend(extend, size, dst, src);
            let narrow = name(Size::B32, src);
            match extend {
                Extend::Uxtb | Extend::Uxth => {
                    format!("{} {}, {narrow}", mnemonic(extend), name(Size::B32, dst))
                }
                Extend::Sxtb | Extend::Sxth => format!("{} {}, {narrow}", mnemonic(extend), name(size, dst)),
                Extend::Sxtw if size == Size::B64 => format!("sxtw {}, {narrow}", name(size, dst)),
                Extend::Uxtw | Extend::Sxtw => format!("mov {}, {narrow}", name(Size::B32, dst)),
                Extend::Uxtx | Extend::Sxtx => format!("mov {}, {}", name(size, dst), name(size, src)),
            }
        }));
    }
    cases.push(Case::new("extr", |bench| {
        let (size, dst) = (bench.source.size(), bench.source.gpr());
        let (a, b) = bench.source.two_gprs();
        let lsb = bench.source.below(size.bits() as usize) as u8;
        bench.asm.extr(size, dst, a, b, lsb);
        format!("extr {}, {}, {}, #{lsb}", name(size, dst), name(size, a), name(size, b))
    }));
}

/// A move of a bit field by the name that the manual prefers.
fn field_text(op: BitfieldOp, size: Size, dst: Gpr, src: Gpr, rotate: u8, top: u8) -> String {
    let (bits, to, from) = (size.bits() as u8, name(size, dst), name(size, src));
    let narrow = name(Size::B32, src);
    match op {
        BitfieldOp::Ubfm if top != bits - 1 && top + 1 == rotate => {
            format!("lsl {to}, {from}, #{}", bits - 1 - top)
        }
        BitfieldOp::Ubfm if top == bits - 1 => format!("lsr {to}, {from}, #{rotate}"),
        BitfieldOp::Sbfm if top == bits - 1 => format!("asr {to}, {from}, #{rotate}"),
        BitfieldOp::Ubfm if size == Size::B32 && rotate == 0 && top == 7 => format!("uxtb {to}, {narrow}"),
        BitfieldOp::Ubfm if size == Size::B32 && rotate == 0 && top == 15 => format!("uxth {to}, {narrow}"),
        BitfieldOp::Sbfm if rotate == 0 && top == 7 => format!("sxtb {to}, {narrow}"),
        BitfieldOp::Sbfm if rotate == 0 && top == 15 => format!("sxth {to}, {narrow}"),
        BitfieldOp::Sbfm if rotate == 0 && top == 31 => format!("sxtw {to}, {narrow}"),
        _ => {
            let down = rotate <= top;
            let name = match op {
                BitfieldOp::Ubfm if down => "ubfx",
                BitfieldOp::Ubfm => "ubfiz",
                BitfieldOp::Sbfm if down => "sbfx",
                BitfieldOp::Sbfm => "sbfiz",
                BitfieldOp::Bfm if down => "bfxil",
                BitfieldOp::Bfm => "bfi",
            };
            let (place, width) = if down { (rotate, top - rotate + 1) } else { (bits - rotate, top + 1) };
            format!("{name} {to}, {from}, #{place}, #{width}")
        }
    }
}

fn others(cases: &mut Vec<Case>) {
    for &op in MulAddOp::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let long = !matches!(op, MulAddOp::Madd | MulAddOp::Msub);
            let size = if long { Size::B64 } else { bench.source.size() };
            let (dst, a, b, c) = (
                bench.source.gpr(),
                bench.source.gpr_or_zero(),
                bench.source.gpr_or_zero(),
                bench.source.gpr(),
            );
            bench.asm.mul_add(op, size, dst, a, b, c);
            let from = if long { Size::B32 } else { size };
            let (a, b) = (name(from, a), name(from, b));
            format!("{} {}, {a}, {b}, {}", mnemonic(op), name(size, dst), name(size, c))
        }));
    }
    cases.push(Case::new("mul", |bench| {
        let (size, dst, a, b) =
            (bench.source.size(), bench.source.gpr(), bench.source.gpr(), bench.source.gpr());
        bench.asm.mul(size, dst, a, b);
        format!("mul {}, {}, {}", name(size, dst), name(size, a), name(size, b))
    }));
    for &op in Data2Op::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let high = matches!(op, Data2Op::Smulh | Data2Op::Umulh);
            let size = if high { Size::B64 } else { bench.source.size() };
            let (dst, a, b) =
                (bench.source.gpr_or_zero(), bench.source.gpr_or_zero(), bench.source.gpr_or_zero());
            bench.asm.data2(op, size, dst, a, b);
            format!("{} {}, {}, {}", mnemonic(op), name(size, dst), name(size, a), name(size, b))
        }));
    }
    for &op in Data1Op::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let size = if op == Data1Op::Rev32 { Size::B64 } else { bench.source.size() };
            let (dst, src) = (bench.source.gpr_or_zero(), bench.source.gpr_or_zero());
            bench.asm.data1(op, size, dst, src);
            format!("{} {}, {}", mnemonic(op), name(size, dst), name(size, src))
        }));
    }
    for &op in SelectOp::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let (size, dst, cond) = (bench.source.size(), bench.source.gpr_or_zero(), bench.source.cond());
            let (a, b) = bench.source.two_gprs();
            bench.asm.select(op, size, dst, a, b, cond);
            let regs = format!("{}, {}, {}", name(size, dst), name(size, a), name(size, b));
            format!("{} {regs}, {}", mnemonic(op), cond_name(cond))
        }));
    }
    cases.push(Case::new("cset", |bench| {
        let (dst, cond) = (bench.source.gpr(), bench.source.cond());
        bench.asm.cset(dst, cond);
        format!("cset {}, {}", name(Size::B32, dst), cond_name(cond))
    }));
    cases.push(Case::new("csetm", |bench| {
        let (size, dst, cond) = (bench.source.size(), bench.source.gpr(), bench.source.cond());
        bench.asm.csetm(size, dst, cond);
        format!("csetm {}, {}", name(size, dst), cond_name(cond))
    }));
    for &op in CcmpOp::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let (size, a, cond) = (bench.source.size(), bench.source.gpr_or_zero(), bench.source.cond());
            let nzcv = bench.source.below(16) as u8;
            let b = if bench.source.flag() {
                let b = bench.source.gpr_or_zero();
                bench.asm.ccmp(op, size, a, b, nzcv, cond);
                name(size, b)
            } else {
                let imm = bench.source.below(32) as u8;
                bench.asm.ccmp_imm(op, size, a, imm, nzcv, cond);
                format!("#{imm}")
            };
            format!("{} {}, {b}, #{nzcv}, {}", mnemonic(op), name(size, a), cond_name(cond))
        }));
    }
}
