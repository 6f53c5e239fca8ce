//! Scalar floats.

use super::bench::*;
use brisk_codegen::a64::asm::*;

pub fn add(cases: &mut Vec<Case>) {
    for &op in Float2Op::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let (size, dst, a, b) =
                (bench.source.size(), bench.source.fpr(), bench.source.fpr(), bench.source.fpr());
            bench.asm.float2(op, size, dst, a, b);
            format!("{} {}, {}, {}", mnemonic(op), float(size, dst), float(size, a), float(size, b))
        }));
    }
    for &op in Float1Op::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let (size, dst, src) = (bench.source.size(), bench.source.fpr(), bench.source.fpr());
            bench.asm.float1(op, size, dst, src);
            format!("{} {}, {}", mnemonic(op), float(size, dst), float(size, src))
        }));
    }
    for &op in Float3Op::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let (size, dst, a) = (bench.source.size(), bench.source.fpr(), bench.source.fpr());
            let (b, c) = (bench.source.fpr(), bench.source.fpr());
            bench.asm.float3(op, size, dst, a, b, c);
            let (dst, a, b, c) = (float(size, dst), float(size, a), float(size, b), float(size, c));
            format!("{} {dst}, {a}, {b}, {c}", mnemonic(op))
        }));
    }
    cases.push(Case::new("fcvt d, s", |bench| {
        let (dst, src) = (bench.source.fpr(), bench.source.fpr());
        bench.asm.fcvt_to_double(dst, src);
        format!("fcvt d{}, s{}", dst.0, src.0)
    }));
    cases.push(Case::new("fcvt s, d", |bench| {
        let (dst, src) = (bench.source.fpr(), bench.source.fpr());
        bench.asm.fcvt_to_single(dst, src);
        format!("fcvt s{}, d{}", dst.0, src.0)
    }));
    comparisons(cases);
    conversions(cases);
}

fn comparisons(cases: &mut Vec<Case>) {
    cases.push(Case::new("fcmp", |bench| {
        let (size, a, b) = (bench.source.size(), bench.source.fpr(), bench.source.fpr());
        bench.asm.fcmp(size, a, b);
        format!("fcmp {}, {}", float(size, a), float(size, b))
    }));
    cases.push(Case::new("fcmp zero", |bench| {
        let (size, a) = (bench.source.size(), bench.source.fpr());
        bench.asm.fcmp_zero(size, a);
        format!("fcmp {}, #0.0", float(size, a))
    }));
    cases.push(Case::new("fccmp", |bench| {
        let (size, a, b) = (bench.source.size(), bench.source.fpr(), bench.source.fpr());
        let (nzcv, cond) = (bench.source.below(16) as u8, bench.source.cond());
        bench.asm.fccmp(size, a, b, nzcv, cond);
        format!("fccmp {}, {}, #{nzcv}, {}", float(size, a), float(size, b), cond_name(cond))
    }));
    cases.push(Case::new("fcsel", |bench| {
        let (size, dst, cond) = (bench.source.size(), bench.source.fpr(), bench.source.cond());
        let (a, b) = (bench.source.fpr(), bench.source.fpr());
        bench.asm.fcsel(size, dst, a, b, cond);
        format!("fcsel {}, {}, {}, {}", float(size, dst), float(size, a), float(size, b), cond_name(cond))
    }));
}

fn conversions(cases: &mut Vec<Case>) {
    cases.push(Case::new("fmov imm", |bench| {
        let (size, dst) = (bench.source.size(), bench.source.fpr());
        let value = float_imm(&mut bench.source);
        let bits = if size == Size::B64 { value.to_bits() } else { (value as f32).to_bits().into() };
        bench.asm.fmov_imm(size, dst, FloatImm::new(size, bits).expect("it is one"));
        format!("fmov {}, #{value:?}", float(size, dst))
    }));
    cases.push(Case::new("fmov from gpr", |bench| {
        let (size, dst, src) = (bench.source.size(), bench.source.fpr(), bench.source.gpr_or_zero());
        bench.asm.fmov_from_gpr(size, dst, src);
        format!("fmov {}, {}", float(size, dst), name(size, src))
    }));
    cases.push(Case::new("fmov to gpr", |bench| {
        let (size, dst, src) = (bench.source.size(), bench.source.gpr_or_zero(), bench.source.fpr());
        bench.asm.fmov_to_gpr(size, dst, src);
        format!("fmov {}, {}", name(size, dst), float(size, src))
    }));
    for &op in ToIntOp::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let (size, from) = (bench.source.size(), bench.source.size());
            let (dst, src) = (bench.source.gpr_or_zero(), bench.source.fpr());
            bench.asm.float_to_int(op, size, from, dst, src);
            format!("{} {}, {}", mnemonic(op), name(size, dst), float(from, src))
        }));
    }
    for &op in FromIntOp::ALL {
        cases.push(Case::new(mnemonic(op), move |bench| {
            let (size, to) = (bench.source.size(), bench.source.size());
            let (dst, src) = (bench.source.fpr(), bench.source.gpr_or_zero());
            bench.asm.int_to_float(op, size, to, dst, src);
            format!("{} {}, {}", mnemonic(op), float(to, dst), name(size, src))
        }));
    }
}

/// A float that an immediate can be: `n / 16 * 2^e`, n from 16 to 31, e from -3 to 4.
pub fn float_imm(source: &mut Source) -> f64 {
    let value = (16 + source.below(16)) as f64 / 16.0 * f64::powi(2.0, source.below(8) as i32 - 3);
    if source.flag() { -value } else { value }
}
