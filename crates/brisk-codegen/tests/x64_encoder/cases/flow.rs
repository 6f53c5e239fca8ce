//! Jumps and calls, one at a time; sequences of them are in `labels`.

use super::bench::*;
use brisk_codegen::x64::asm::*;

pub fn add(cases: &mut Vec<Case>) {
    cases.push(Case::new("jmp", |bench| {
        let label = bench.label();
        bench.asm.jmp(label);
        wanted("Jmp", [Want::Label(label)])
    }));
    cases.push(Case::new("call", |bench| {
        let label = bench.label();
        bench.asm.call(label);
        wanted("Call", [Want::Label(label)])
    }));
    for &cond in Cond::ALL {
        let mnemonic = format!("J{}", format!("{cond:?}").to_lowercase());
        let of_symbol = mnemonic.clone();
        cases.push(Case::new(mnemonic.clone(), move |bench| {
            let label = bench.label();
            bench.asm.jcc(cond, label);
            wanted(&mnemonic, [Want::Label(label)])
        }));
        cases.push(Case::new(format!("{of_symbol} symbol"), move |bench| {
            let symbol = bench.symbol();
            bench.asm.jcc_symbol(cond, symbol);
            wanted(&of_symbol, [Want::Symbol(symbol)])
        }));
    }
    cases.push(Case::new("jmp_rm", |bench| {
        let (target, want) = bench.rm(Size::B64);
        bench.asm.jmp_rm(target);
        wanted("Jmp", [want])
    }));
    cases.push(Case::new("call_rm", |bench| {
        let (target, want) = bench.rm(Size::B64);
        bench.asm.call_rm(target);
        wanted("Call", [want])
    }));
    cases.push(Case::new("jmp_symbol", |bench| {
        let symbol = bench.symbol();
        bench.asm.jmp_symbol(symbol);
        wanted("Jmp", [Want::Symbol(symbol)])
    }));
    cases.push(Case::new("call_symbol", |bench| {
        let symbol = bench.symbol();
        bench.asm.call_symbol(symbol);
        wanted("Call", [Want::Symbol(symbol)])
    }));
    for (mnemonic, method) in [
        ("Ret", Assembler::ret as fn(&mut Assembler)),
        ("Leave", Assembler::leave),
        ("Ud2", Assembler::ud2),
        ("Int3", Assembler::int3),
    ] {
        cases.push(Case::new(mnemonic, move |bench| {
            method(&mut bench.asm);
            wanted(mnemonic, [])
        }));
    }
}
