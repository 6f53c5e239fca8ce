//! Integer instructions.

use super::bench::*;
use brisk_codegen::x64::asm::*;

pub fn add(cases: &mut Vec<Case>) {
    moves(cases);
    alu(cases);
    multiply(cases);
    shifts(cases);
    bits(cases);
    conditions(cases);
    atomics(cases);
}

fn moves(cases: &mut Vec<Case>) {
    cases.push(Case::new("mov_rr", |bench| {
        let (size, dst, src) = (bench.source.full_size(), bench.source.gpr(), bench.source.gpr());
        bench.asm.mov_rr(size, dst, src);
        wanted("Mov", [gpr(size, dst), gpr(size, src)])
    }));
    cases.push(Case::new("mov_load", |bench| {
        let (size, dst, mem) = (bench.source.any_size(), bench.source.gpr(), bench.mem());
        bench.asm.mov_load(size, dst, mem);
        wanted("Mov", [gpr(size, dst), Want::Mem(mem, size.bytes())])
    }));
    cases.push(Case::new("mov_store", |bench| {
        let (size, src, mem) = (bench.source.any_size(), bench.source.gpr(), bench.mem());
        bench.asm.mov_store(size, mem, src);
        wanted("Mov", [Want::Mem(mem, size.bytes()), gpr(size, src)])
    }));
    cases.push(Case::new("mov_store_imm", |bench| {
        let (size, value, mem) = (bench.source.any_size(), bench.source.i32(), bench.mem());
        bench.asm.mov_store_imm(size, mem, value);
        wanted("Mov", [Want::Mem(mem, size.bytes()), imm(size, value)])
    }));
    for from in [Size::B8, Size::B16, Size::B32] {
        cases.push(Case::new(format!("movzx {from:?}"), move |bench| {
            let (dst, (src, want)) = (bench.source.gpr(), bench.rm(from));
            bench.asm.movzx(from, dst, src);
            wanted(if from == Size::B32 { "Mov" } else { "Movzx" }, [gpr(Size::B32, dst), want])
        }));
        for to in [Size::B32, Size::B64] {
            if from == to {
                continue;
            }
            cases.push(Case::new(format!("movsx {from:?} {to:?}"), move |bench| {
                let (dst, (src, want)) = (bench.source.gpr(), bench.rm(from));
                bench.asm.movsx(from, to, dst, src);
                wanted(if from == Size::B32 { "Movsxd" } else { "Movsx" }, [gpr(to, dst), want])
            }));
        }
    }
    cases.push(Case::new("movsxd", |bench| {
        let (dst, (src, want)) = (bench.source.gpr(), bench.rm(Size::B32));
        bench.asm.movsxd(dst, src);
        wanted("Movsxd", [gpr(Size::B64, dst), want])
    }));
    cases.push(Case::new("zero", |bench| {
        let dst = bench.source.gpr();
        bench.asm.zero(dst);
        wanted("Xor", [gpr(Size::B32, dst), gpr(Size::B32, dst)])
    }));
    cases.push(Case::new("mov_imm32", |bench| {
        let (dst, value) = (bench.source.gpr(), bench.source.i32());
        bench.asm.mov_imm32(dst, value as u32);
        wanted("Mov", [gpr(Size::B32, dst), imm(Size::B32, value)])
    }));
    cases.push(Case::new("mov_imm64", |bench| {
        let dst = bench.source.gpr();
        let value = match bench.source.below(3) {
            0 => bench.source.i32() as u64,
            1 => bench.source.i32() as u32 as u64,
            _ => bench.source.next() << 32 | bench.source.next(),
        };
        let start = bench.asm.offset();
        bench.asm.mov_imm64(dst, value);
        let len = bench.asm.offset() - start;
        let high = u32::from(dst.0 >= 8);
        if value <= u64::from(u32::MAX) {
            assert_eq!(len, 5 + high);
            return wanted("Mov", [gpr(Size::B32, dst), Want::Imm(value, 32)]);
        }
        assert_eq!(len, if i32::try_from(value as i64).is_ok() { 7 } else { 10 });
        wanted("Mov", [gpr(Size::B64, dst), Want::Imm(value, 64)])
    }));
    cases.push(Case::new("lea", |bench| {
        let (size, dst, mem) = (bench.source.full_size(), bench.source.gpr(), bench.mem());
        bench.asm.lea(size, dst, mem);
        wanted("Lea", [gpr(size, dst), Want::Mem(mem, 0)])
    }));
    cases.push(Case::new("xchg", |bench| {
        let (size, a, b) = (bench.source.full_size(), bench.source.gpr(), bench.source.gpr());
        bench.asm.xchg(size, a, b);
        wanted("Xchg", [gpr(size, b), gpr(size, a)])
    }));
    cases.push(Case::new("push", |bench| {
        let reg = bench.source.gpr();
        bench.asm.push(reg);
        wanted("Push", [gpr(Size::B64, reg)])
    }));
    cases.push(Case::new("pop", |bench| {
        let reg = bench.source.gpr();
        bench.asm.pop(reg);
        wanted("Pop", [gpr(Size::B64, reg)])
    }));
    cases.push(Case::new("push_mem", |bench| {
        let mem = bench.mem();
        bench.asm.push_mem(mem);
        wanted("Push", [Want::Mem(mem, 8)])
    }));
    cases.push(Case::new("pop_mem", |bench| {
        let mem = bench.mem();
        bench.asm.pop_mem(mem);
        wanted("Pop", [Want::Mem(mem, 8)])
    }));
    cases.push(Case::new("push_imm", |bench| {
        let value = bench.source.i32();
        bench.asm.push_imm(value);
        wanted("Push", [imm(Size::B64, value)])
    }));
    cases.push(Case::new("bswap", |bench| {
        let (size, reg) = (bench.source.full_size(), bench.source.gpr());
        bench.asm.bswap(size, reg);
        wanted("Bswap", [gpr(size, reg)])
    }));
}

fn alu(cases: &mut Vec<Case>) {
    for &op in AluOp::ALL {
        let name = format!("{op:?}");
        let mnemonic = name.clone();
        cases.push(Case::new(format!("alu {name}"), move |bench| {
            let (size, dst) = (bench.source.any_size(), bench.source.gpr());
            let (src, want) = bench.rm(size);
            bench.asm.alu(op, size, dst, src);
            wanted(&mnemonic, [gpr(size, dst), want])
        }));
        let mnemonic = name.clone();
        cases.push(Case::new(format!("alu_mr {name}"), move |bench| {
            let (size, src, mem) = (bench.source.any_size(), bench.source.gpr(), bench.mem());
            bench.asm.alu_mr(op, size, mem, src);
            wanted(&mnemonic, [Want::Mem(mem, size.bytes()), gpr(size, src)])
        }));
        cases.push(Case::new(format!("alu_imm {name}"), move |bench| {
            let (mut size, value) = (bench.source.any_size(), bench.source.i32());
            let (dst, mut want) = bench.rm(size);
            bench.asm.alu_imm(op, size, dst, value);
            if let (AluOp::And, Size::B64, Some(reg), 0..) = (op, size, dst.reg(), value) {
                size = Size::B32;
                want = gpr(size, reg);
            }
            wanted(&name, [want, imm(size, value)])
        }));
    }
    cases.push(Case::new("test", |bench| {
        let (size, b) = (bench.source.any_size(), bench.source.gpr());
        let (a, want) = bench.rm(size);
        bench.asm.test(size, a, b);
        wanted("Test", [want, gpr(size, b)])
    }));
    cases.push(Case::new("test_imm", |bench| {
        let (mut size, value) = (bench.source.any_size(), bench.source.i32());
        let (a, mut want) = bench.rm(size);
        bench.asm.test_imm(size, a, value);
        if let Some(reg) = a.reg() {
            size = match value {
                0..0x80 => Size::B8,
                0.. if size == Size::B64 => Size::B32,
                _ => size,
            };
            want = gpr(size, reg);
        }
        wanted("Test", [want, imm(size, value)])
    }));
    for &op in UnaryOp::ALL {
        cases.push(Case::new(format!("unary {op:?}"), move |bench| {
            let size = bench.source.any_size();
            let (src, want) = bench.rm(size);
            bench.asm.unary(op, size, src);
            wanted(format!("{op:?}"), [want])
        }));
    }
}

fn multiply(cases: &mut Vec<Case>) {
    cases.push(Case::new("imul", |bench| {
        let (size, dst) = (bench.source.full_size(), bench.source.gpr());
        let (src, want) = bench.rm(size);
        bench.asm.imul(size, dst, src);
        wanted("Imul", [gpr(size, dst), want])
    }));
    cases.push(Case::new("imul_imm", |bench| {
        let (size, dst, value) = (bench.source.full_size(), bench.source.gpr(), bench.source.i32());
        let (src, want) = bench.rm(size);
        bench.asm.imul_imm(size, dst, src, value);
        wanted("Imul", [gpr(size, dst), want, imm(size, value)])
    }));
    cases.push(Case::new("sign_into_rdx", |bench| {
        let size = bench.source.full_size();
        bench.asm.sign_into_rdx(size);
        wanted(if size == Size::B64 { "Cqo" } else { "Cdq" }, [])
    }));
    let mulx = Case::new("mulx", |bench| {
        let (size, high, low) = (bench.source.full_size(), bench.source.gpr(), bench.source.gpr());
        let (src, want) = bench.rm(size);
        bench.asm.mulx(size, high, low, src);
        wanted("Mulx", [gpr(size, high), gpr(size, low), want])
    });
    cases.push(mulx.when(|asm| asm.features().bmi2));
}

fn shifts(cases: &mut Vec<Case>) {
    for &op in ShiftOp::ALL {
        cases.push(Case::new(format!("shift {op:?}"), move |bench| {
            let (size, count) = (bench.source.any_size(), bench.source.byte() % 64);
            let (dst, want) = bench.rm(size);
            bench.asm.shift(op, size, dst, count);
            wanted(format!("{op:?}"), [want, imm8(count)])
        }));
        cases.push(Case::new(format!("shift_cl {op:?}"), move |bench| {
            let size = bench.source.any_size();
            let (dst, want) = bench.rm(size);
            bench.asm.shift_cl(op, size, dst);
            wanted(format!("{op:?}"), [want, gpr(Size::B8, RCX)])
        }));
    }
    for &op in DoubleShiftOp::ALL {
        cases.push(Case::new(format!("double_shift {op:?}"), move |bench| {
            let (size, src, count) = (bench.source.full_size(), bench.source.gpr(), bench.source.byte());
            let (dst, want) = bench.rm(size);
            bench.asm.double_shift(op, size, dst, src, count);
            wanted(format!("{op:?}"), [want, gpr(size, src), imm8(count)])
        }));
        cases.push(Case::new(format!("double_shift_cl {op:?}"), move |bench| {
            let (size, src) = (bench.source.full_size(), bench.source.gpr());
            let (dst, want) = bench.rm(size);
            bench.asm.double_shift_cl(op, size, dst, src);
            wanted(format!("{op:?}"), [want, gpr(size, src), gpr(Size::B8, RCX)])
        }));
    }
    for &op in ShiftxOp::ALL {
        let case = Case::new(format!("shiftx {op:?}"), move |bench| {
            let (size, dst, count) = (bench.source.full_size(), bench.source.gpr(), bench.source.gpr());
            let (src, want) = bench.rm(size);
            bench.asm.shiftx(op, size, dst, src, count);
            wanted(format!("{op:?}"), [gpr(size, dst), want, gpr(size, count)])
        });
        cases.push(case.when(|asm| asm.features().bmi2));
    }
    let rorx = Case::new("rorx", |bench| {
        let (size, dst, count) = (bench.source.full_size(), bench.source.gpr(), bench.source.byte());
        let (src, want) = bench.rm(size);
        bench.asm.rorx(size, dst, src, count);
        wanted("Rorx", [gpr(size, dst), want, imm8(count)])
    });
    cases.push(rorx.when(|asm| asm.features().bmi2));
}

fn bits(cases: &mut Vec<Case>) {
    for &op in AndnOp::ALL {
        let case = Case::new(format!("{op:?}"), move |bench| {
            let (size, dst, a) = (bench.source.full_size(), bench.source.gpr(), bench.source.gpr());
            let (b, want) = bench.rm(size);
            bench.asm.andn(op, size, dst, a, b);
            match op {
                AndnOp::Andn => wanted("Andn", [gpr(size, dst), gpr(size, a), want]),
                _ => wanted(format!("{op:?}"), [gpr(size, dst), want]),
            }
        });
        cases.push(case.when(|asm| asm.features().bmi1));
    }
    for &op in CountOp::ALL {
        let case = Case::new(format!("{op:?}"), move |bench| {
            let (size, dst) = (bench.source.full_size(), bench.source.gpr());
            let (src, want) = bench.rm(size);
            bench.asm.count(op, size, dst, src);
            wanted(format!("{op:?}"), [gpr(size, dst), want])
        });
        cases.push(case.when(move |asm| match op {
            CountOp::Bsf | CountOp::Bsr => true,
            CountOp::Tzcnt => asm.features().bmi1,
            CountOp::Lzcnt => asm.features().lzcnt,
            CountOp::Popcnt => asm.features().popcnt,
        }));
    }
    for &op in BitTestOp::ALL {
        cases.push(Case::new(format!("bit_test {op:?}"), move |bench| {
            let (size, dst, bit) = (bench.source.full_size(), bench.source.gpr(), bench.source.gpr());
            bench.asm.bit_test(op, size, dst, bit);
            wanted(format!("{op:?}"), [gpr(size, dst), gpr(size, bit)])
        }));
        cases.push(Case::new(format!("bit_test_imm {op:?}"), move |bench| {
            let (size, bit) = (bench.source.full_size(), bench.source.byte() % 64);
            let (dst, want) = bench.rm(size);
            bench.asm.bit_test_imm(op, size, dst, bit);
            wanted(format!("{op:?}"), [want, imm8(bit)])
        }));
    }
}

fn conditions(cases: &mut Vec<Case>) {
    for &cond in Cond::ALL {
        let cc = format!("{cond:?}").to_lowercase();
        let mnemonic = format!("Set{cc}");
        cases.push(Case::new(mnemonic.clone(), move |bench| {
            let (dst, want) = bench.rm(Size::B8);
            bench.asm.setcc(cond, dst);
            wanted(&mnemonic, [want])
        }));
        let mnemonic = format!("Cmov{cc}");
        cases.push(Case::new(mnemonic.clone(), move |bench| {
            let (size, dst) = (bench.source.full_size(), bench.source.gpr());
            let (src, want) = bench.rm(size);
            bench.asm.cmov(cond, size, dst, src);
            wanted(&mnemonic, [gpr(size, dst), want])
        }));
    }
}

fn atomics(cases: &mut Vec<Case>) {
    for &op in AluOp::ALL {
        if op == AluOp::Cmp {
            continue;
        }
        cases.push(Case::new(format!("lock_alu {op:?}"), move |bench| {
            let (size, src, mem) = (bench.source.any_size(), bench.source.gpr(), bench.mem());
            bench.asm.lock_alu(op, size, mem, src);
            let wanted = wanted(format!("{op:?}"), [Want::Mem(mem, size.bytes()), gpr(size, src)]);
            Wanted { lock: true, ..wanted }
        }));
    }
    cases.push(Case::new("lock_xadd", |bench| {
        let (size, src, mem) = (bench.source.any_size(), bench.source.gpr(), bench.mem());
        bench.asm.lock_xadd(size, mem, src);
        Wanted { lock: true, ..wanted("Xadd", [Want::Mem(mem, size.bytes()), gpr(size, src)]) }
    }));
    cases.push(Case::new("lock_cmpxchg", |bench| {
        let (size, src, mem) = (bench.source.any_size(), bench.source.gpr(), bench.mem());
        bench.asm.lock_cmpxchg(size, mem, src);
        Wanted { lock: true, ..wanted("Cmpxchg", [Want::Mem(mem, size.bytes()), gpr(size, src)]) }
    }));
    cases.push(Case::new("xchg_mem", |bench| {
        let (size, reg, mem) = (bench.source.any_size(), bench.source.gpr(), bench.mem());
        bench.asm.xchg_mem(size, mem, reg);
        wanted("Xchg", [Want::Mem(mem, size.bytes()), gpr(size, reg)])
    }));
    cases.push(Case::new("mfence", |bench| {
        bench.asm.mfence();
        wanted("Mfence", [])
    }));
    cases.push(Case::new("pause", |bench| {
        bench.asm.pause();
        wanted("Pause", [])
    }));
}
