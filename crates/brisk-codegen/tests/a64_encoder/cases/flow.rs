//! Branches and what is near them, one at a time; sequences of them are in `labels`.

use super::bench::*;
use brisk_codegen::a64::asm::*;

pub fn add(cases: &mut Vec<Case>) {
    cases.push(Case::new("b", |bench| {
        let label = bench.label();
        bench.asm.b(label);
        format!("b {{label {}}}", label.0)
    }));
    cases.push(Case::new("bl", |bench| {
        let label = bench.label();
        bench.asm.bl(label);
        format!("bl {{label {}}}", label.0)
    }));
    for &cond in Cond::ALL {
        cases.push(Case::new(format!("b.{cond:?}"), move |bench| {
            let label = bench.label();
            bench.asm.b_cond(cond, label);
            format!("b.{} {{label {}}}", cond_name(cond), label.0)
        }));
    }
    type Compare = fn(&mut Assembler, Size, Gpr, Label);
    for (op, branch) in [("cbz", Assembler::cbz as Compare), ("cbnz", Assembler::cbnz)] {
        cases.push(Case::new(op, move |bench| {
            let (size, src, label) = (bench.source.size(), bench.source.gpr_or_zero(), bench.label());
            branch(&mut bench.asm, size, src, label);
            format!("{op} {}, {{label {}}}", name(size, src), label.0)
        }));
    }
    type Test = fn(&mut Assembler, Gpr, u8, Label);
    for (op, branch) in [("tbz", Assembler::tbz as Test), ("tbnz", Assembler::tbnz)] {
        cases.push(Case::new(op, move |bench| {
            let (src, bit, label) = (bench.source.gpr_or_zero(), bench.source.below(64) as u8, bench.label());
            branch(&mut bench.asm, src, bit, label);
            let size = if bit < 32 { Size::B32 } else { Size::B64 };
            format!("{op} {}, #{bit}, {{label {}}}", name(size, src), label.0)
        }));
    }
    cases.push(Case::new("adr", |bench| {
        let (dst, label) = (bench.source.gpr_or_zero(), bench.label());
        bench.asm.adr(dst, label);
        format!("adr {}, {{label {}}}", name(Size::B64, dst), label.0)
    }));
    symbols(cases);
    cases.push(Case::new("br", |bench| {
        let target = bench.source.gpr();
        bench.asm.br(target);
        format!("br {}", name(Size::B64, target))
    }));
    cases.push(Case::new("blr", |bench| {
        let target = bench.source.gpr();
        bench.asm.blr(target);
        format!("blr {}", name(Size::B64, target))
    }));
    cases.push(Case::new("ret", |bench| {
        bench.asm.ret();
        "ret".into()
    }));
    cases.push(Case::new("brk", |bench| {
        let imm = bench.source.next() as u16;
        bench.asm.brk(imm);
        format!("brk #{imm}")
    }));
    cases.push(Case::new("udf", |bench| {
        let imm = bench.source.next() as u16;
        bench.asm.udf(imm);
        format!("udf #{imm}")
    }));
    for &hint in Hint::ALL {
        cases.push(Case::new(format!("{hint:?}"), move |bench| {
            bench.asm.hint(hint);
            mnemonic(hint).replace("bti", "bti ")
        }));
    }
    // What is asked for of all processors is written for those that have it: this one.
    cases.push(Case::new("called", |bench| {
        bench.asm.called();
        "bti c".into()
    }));
    cases.push(Case::new("jumped_to", |bench| {
        bench.asm.jumped_to();
        "bti j".into()
    }));
    cases.push(Case::new("called_and_signs", |bench| {
        bench.asm.called_and_signs();
        "paciasp".into()
    }));
    cases.push(Case::new("sign", |bench| {
        bench.asm.sign();
        "paciasp".into()
    }));
    cases.push(Case::new("authenticate", |bench| {
        bench.asm.authenticate();
        "autiasp".into()
    }));
    for &barrier in Barrier::ALL {
        cases.push(Case::new(format!("{barrier:?}"), move |bench| {
            bench.asm.barrier(barrier);
            let text = mnemonic(barrier);
            if barrier == Barrier::Isb { text } else { format!("{} {}", &text[..3], &text[3..]) }
        }));
    }
}

fn symbols(cases: &mut Vec<Case>) {
    cases.push(Case::new("b_symbol", |bench| {
        let symbol = bench.symbol();
        bench.asm.b_symbol(symbol);
        format!("b {{symbol {}}}", symbol.0)
    }));
    cases.push(Case::new("bl_symbol", |bench| {
        let symbol = bench.symbol();
        bench.asm.call_symbol(symbol);
        format!("bl {{symbol {}}}", symbol.0)
    }));
    cases.push(Case::new("adr_symbol", |bench| {
        let (dst, symbol) = (bench.source.gpr(), bench.symbol());
        bench.asm.adr_symbol(dst, symbol);
        format!("adr {}, {{symbol {}}}", name(Size::B64, dst), symbol.0)
    }));
    cases.push(Case::new("adrp_symbol", |bench| {
        let (dst, symbol) = (bench.source.gpr(), bench.symbol());
        bench.asm.adrp_symbol(dst, symbol);
        // The code of a case is in the first page.
        format!("adrp {}, $+0x{:x}", name(Size::B64, dst), symbol_address(symbol) >> 12 << 12)
    }));
    cases.push(Case::new("add_symbol_low", |bench| {
        let (dst, base, symbol) = (bench.source.gpr(), bench.source.gpr(), bench.symbol());
        bench.asm.add_symbol_low(dst, base, symbol);
        let low = symbol_address(symbol) & 0xfff;
        format!("add {}, {}, #{low}", name(Size::B64, dst), name(Size::B64, base))
    }));
}
