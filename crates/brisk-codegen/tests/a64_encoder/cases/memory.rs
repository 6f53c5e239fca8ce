//! Loads, stores, atomic accesses.

use super::bench::*;
use brisk_codegen::a64::asm::*;

pub fn add(cases: &mut Vec<Case>) {
    for &op in LoadOp::ALL {
        cases.push(Case::new(format!("{op:?}"), move |bench| {
            let bytes = op.from().bytes();
            let dst = bench.source.gpr_or_zero();
            let literal = matches!(op, LoadOp::LdrW | LoadOp::Ldrsw | LoadOp::LdrX);
            let (mem, text, unscaled) = mem(bench, bytes, literal);
            bench.asm.load(op, dst, mem);
            let wide = matches!(op, LoadOp::LdrX | LoadOp::LdrsbX | LoadOp::LdrshX | LoadOp::Ldrsw);
            let row = mnemonic(op);
            let op = row.strip_suffix(['w', 'x']).filter(|_| op != LoadOp::Ldrsw).unwrap_or(&row);
            let op = if unscaled { op.replacen("ldr", "ldur", 1) } else { op.to_string() };
            format!("{op} {}, {text}", name(if wide { Size::B64 } else { Size::B32 }, dst))
        }));
    }
    for &size in Size::ALL {
        cases.push(Case::new(format!("store {size:?}"), move |bench| {
            let src = bench.source.gpr_or_zero();
            let (mem, text, unscaled) = mem(bench, size.bytes(), false);
            bench.asm.store(size, mem, src);
            let op = if unscaled { "stur" } else { "str" };
            format!("{op}{} {}, {text}", suffix(size), name(size, src))
        }));
    }
    for &width in Width::ALL {
        cases.push(Case::new(format!("vec_load {width:?}"), move |bench| {
            let dst = bench.source.fpr();
            let (mem, text, unscaled) = mem(bench, width.bytes(), width.bytes() >= 4);
            bench.asm.vec_load(width, dst, mem);
            format!("{} {}, {text}", if unscaled { "ldur" } else { "ldr" }, scalar(width, dst))
        }));
        cases.push(Case::new(format!("vec_store {width:?}"), move |bench| {
            let src = bench.source.fpr();
            let (mem, text, unscaled) = mem(bench, width.bytes(), false);
            bench.asm.vec_store(width, mem, src);
            format!("{} {}, {text}", if unscaled { "stur" } else { "str" }, scalar(width, src))
        }));
    }
    pairs(cases);
    atomics(cases);
    cases.push(Case::new("load_symbol_low", |bench| {
        let (dst, base, symbol) = (bench.source.gpr(), bench.source.gpr(), bench.symbol());
        bench.asm.load_symbol_low(dst, base, symbol);
        let low = symbol_address(symbol) & 0xfff;
        let offset = if low == 0 { String::new() } else { format!(", #{low}") };
        format!("ldr {}, [{}{offset}]", name(Size::B64, dst), name(Size::B64, base))
    }));
}

fn suffix(size: Size) -> &'static str {
    ["b", "h", "", ""][size as usize]
}

/// A memory operand for so many bytes, its text, and whether its offset is not scaled.
fn mem(bench: &mut Bench, bytes: u32, literal: bool) -> (Mem, String, bool) {
    let source = &mut bench.source;
    let base = source.gpr_or_sp();
    let base_name = name(Size::B64, base);
    let near = source.below(512) as i32 - 256;
    match source.below(if literal { 6 } else { 5 }) {
        0 => {
            let offset = source.below(4096) as i32 * bytes as i32;
            let text =
                if offset == 0 { format!("[{base_name}]") } else { format!("[{base_name}, #{offset}]") };
            (Mem::base(base, offset), text, false)
        }
        1 => {
            let scaled = near >= 0 && near % bytes as i32 == 0;
            let text = if near == 0 { format!("[{base_name}]") } else { format!("[{base_name}, #{near}]") };
            (Mem::base(base, near), text, !scaled)
        }
        2 => {
            let index = source.gpr();
            let extend = source.pick(&[Extend::Uxtw, Extend::Uxtx, Extend::Sxtw, Extend::Sxtx]);
            let scaled = source.flag();
            let size = if matches!(extend, Extend::Uxtw | Extend::Sxtw) { Size::B32 } else { Size::B64 };
            let extend_name = if extend == Extend::Uxtx { "lsl".to_string() } else { mnemonic(extend) };
            let rest = match (extend, scaled) {
                (Extend::Uxtx, false) => String::new(),
                (_, false) => format!(", {extend_name}"),
                (_, true) => format!(", {extend_name} #{}", bytes.trailing_zeros()),
            };
            let mem = match (extend, scaled, source.flag()) {
                (Extend::Uxtx, false, true) => Mem::index(base, index),
                (Extend::Uxtw, false, true) => Mem::uxtw(base, index),
                _ => Mem::Index { base, index, extend, scaled },
            };
            (mem, format!("[{base_name}, {}{rest}]", name(size, index)), false)
        }
        3 => (Mem::Pre { base, offset: near }, format!("[{base_name}, #{near}]!"), false),
        4 => (Mem::Post { base, offset: near }, format!("[{base_name}], #{near}"), false),
        _ => {
            let value = source.next();
            let label = match source.below(4) {
                0 => bench.asm.constant4(value as u32),
                1 => bench.asm.constant8(value),
                2 => bench.asm.constant16(value.into()),
                _ => bench.label(),
            };
            (Mem::Label(label), format!("{{label {}}}", label.0), false)
        }
    }
}

fn pair(bench: &mut Bench, bytes: u32) -> (Pair, String) {
    let base = bench.source.gpr_or_sp();
    let base_name = name(Size::B64, base);
    let offset = (bench.source.below(128) as i32 - 64) * bytes as i32;
    assert!(Pair::fits(offset.into(), bytes));
    match bench.source.below(3) {
        0 if offset == 0 => (Pair::base(base, 0), format!("[{base_name}]")),
        0 => (Pair::base(base, offset), format!("[{base_name}, #{offset}]")),
        1 => (Pair::pre(base, offset), format!("[{base_name}, #{offset}]!")),
        _ => (Pair::post(base, offset), format!("[{base_name}], #{offset}")),
    }
}

fn pairs(cases: &mut Vec<Case>) {
    for size in [Size::B32, Size::B64] {
        cases.push(Case::new(format!("ldp {size:?}"), move |bench| {
            let (a, b) = bench.source.two_gprs();
            let (mem, text) = pair(bench, size.bytes());
            bench.asm.ldp(size, a, b, mem);
            format!("ldp {}, {}, {text}", name(size, a), name(size, b))
        }));
        cases.push(Case::new(format!("stp {size:?}"), move |bench| {
            let (a, b) = (bench.source.gpr_or_zero(), bench.source.gpr_or_zero());
            let (mem, text) = pair(bench, size.bytes());
            bench.asm.stp(size, mem, a, b);
            format!("stp {}, {}, {text}", name(size, a), name(size, b))
        }));
    }
    for width in [Width::S, Width::D, Width::Q] {
        cases.push(Case::new(format!("vec_ldp {width:?}"), move |bench| {
            let a = bench.source.fpr();
            let b = Fpr((a.0 + 1 + bench.source.below(31) as u8) % 32);
            let (mem, text) = pair(bench, width.bytes());
            bench.asm.vec_ldp(width, a, b, mem);
            format!("ldp {}, {}, {text}", scalar(width, a), scalar(width, b))
        }));
        cases.push(Case::new(format!("vec_stp {width:?}"), move |bench| {
            let (a, b) = (bench.source.fpr(), bench.source.fpr());
            let (mem, text) = pair(bench, width.bytes());
            bench.asm.vec_stp(width, mem, a, b);
            format!("stp {}, {}, {text}", scalar(width, a), scalar(width, b))
        }));
    }
}

fn atomics(cases: &mut Vec<Case>) {
    for &size in Size::ALL {
        for &op in AtomicOp::ALL {
            cases.push(Case::new(format!("{op:?} {size:?}"), move |bench| {
                // With nothing to load into, it has another name.
                let (old, src, base) =
                    (bench.source.gpr(), bench.source.gpr_or_zero(), bench.source.gpr_or_sp());
                bench.asm.atomic(op, size, old, src, base);
                let regs = format!("{}, {}, [{}]", name(size, src), name(size, old), name(Size::B64, base));
                format!("{}{} {regs}", mnemonic(op), suffix(size))
            }));
        }
        cases.push(Case::new(format!("casal {size:?}"), move |bench| {
            let (expected, new) = (bench.source.gpr_or_zero(), bench.source.gpr_or_zero());
            let base = bench.source.gpr_or_sp();
            bench.asm.cas(size, expected, new, base);
            let regs = format!("{}, {}, [{}]", name(size, expected), name(size, new), name(Size::B64, base));
            format!("casal{} {regs}", suffix(size))
        }));
        type Access = fn(&mut Assembler, Size, Gpr, Gpr);
        let accesses: [(&str, Access); 4] = [
            ("ldaxr", Assembler::load_exclusive),
            ("ldar", Assembler::load_acquire),
            ("stlr", Assembler::store_release),
            ("stlxr", |asm, size, src, base| asm.store_exclusive(size, XZR, src, base)),
        ];
        for (op, access) in accesses {
            cases.push(Case::new(format!("{op} {size:?}"), move |bench| {
                let (reg, base) = (bench.source.gpr(), bench.source.gpr_or_sp());
                access(&mut bench.asm, size, reg, base);
                let failed = if op == "stlxr" { "wzr, " } else { "" };
                format!("{op}{} {failed}{}, [{}]", suffix(size), name(size, reg), name(Size::B64, base))
            }));
        }
    }
}
