//! Random operands, and the comparison of what was asked for with what the decoder sees.

pub use crate::encoder::Source;
use brisk_codegen::x64::asm::*;
use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind, Register};

/// Where symbols are taken to be.
const SYMBOLS_AT: u64 = 0x4000_0000;

impl Source {
    pub fn gpr(&mut self) -> Gpr {
        Gpr(self.below(16) as u8)
    }

    pub fn xmm(&mut self) -> Xmm {
        Xmm(self.below(16) as u8)
    }

    pub fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    /// A number that is often at an edge of an encoding.
    pub fn i32(&mut self) -> i32 {
        const EDGES: [i32; 12] = [0, 1, -1, 127, 128, -128, -129, 255, 0x7fff, 0x8000, i32::MAX, i32::MIN];
        match self.below(3) {
            0 => self.pick(&EDGES),
            1 => i32::from(self.byte() as i8),
            _ => self.next() as i32,
        }
    }

    pub fn any_size(&mut self) -> Size {
        self.pick(Size::ALL)
    }

    /// 32 or 64 bits.
    pub fn full_size(&mut self) -> Size {
        self.pick(&[Size::B32, Size::B64])
    }
}

/// An operand as it should be decoded.
#[derive(Clone, Copy, Debug)]
pub enum Want {
    Reg(Register),
    /// A memory operand of some bytes; 0: not checked.
    Mem(Mem, u32),
    /// The lowest bits of an immediate.
    Imm(u64, u32),
    Label(Label),
    Symbol(Symbol),
}

/// An instruction as it should be decoded.
#[derive(Debug)]
pub struct Wanted {
    pub mnemonic: String,
    pub operands: Vec<Want>,
    pub lock: bool,
}

pub fn wanted(mnemonic: impl Into<String>, operands: impl Into<Vec<Want>>) -> Wanted {
    Wanted { mnemonic: mnemonic.into(), operands: operands.into(), lock: false }
}

type Run = Box<dyn Fn(&mut Bench) -> Wanted>;

/// One row: assembles one instruction.
pub struct Case {
    pub name: String,
    run: Run,
    available: Box<dyn Fn(&Assembler) -> bool>,
}

impl Case {
    pub fn new(name: impl Into<String>, run: impl Fn(&mut Bench) -> Wanted + 'static) -> Case {
        Case { name: name.into(), run: Box::new(run), available: Box::new(|_| true) }
    }

    pub fn when(mut self, available: impl Fn(&Assembler) -> bool + 'static) -> Case {
        self.available = Box::new(available);
        self
    }
}

/// What a case works with.
pub struct Bench {
    pub source: Source,
    pub asm: Assembler,
    /// Bound before the instruction, and after.
    labels: [Label; 2],
}

impl Bench {
    pub fn new(features: Features, source: Source) -> Bench {
        Bench { source, asm: Assembler::new(features), labels: [Label(0); 2] }
    }

    /// Assembles one instruction of a case and decodes it; `false` if the processor has it not.
    pub fn check(&mut self, case: &Case) -> bool {
        if !(case.available)(&self.asm) {
            return false;
        }
        self.asm.clear();
        self.labels[0] = self.asm.here();
        let before = self.source.below(200);
        self.asm.bytes(&vec![0xcc; before]);
        self.labels[1] = self.asm.new_label();

        let start = self.asm.offset() as usize;
        let wanted = (case.run)(self);
        let end = self.asm.offset() as usize;

        let after = self.source.below(200);
        self.asm.bytes(&vec![0xcc; after]);
        self.asm.bind(self.labels[1]);
        let assembled = self.asm.finish();
        let mut code = assembled.code.to_vec();
        for reloc in assembled.relocs {
            apply(&mut code, *reloc);
        }
        let mut decoder = Decoder::with_ip(64, &code[start..end], start as u64, DecoderOptions::NONE);
        let decoded = decoder.decode();
        let wrong = self.compare(&wanted, &decoded, end - start);
        assert!(
            wrong.is_none(),
            "{}: {wrong:?}\n{:x?}\n{wanted:?}\n{decoded:?}",
            case.name,
            &code[start..end]
        );
        true
    }

    pub fn label(&mut self) -> Label {
        let labels = self.labels;
        self.source.pick(&labels)
    }

    pub fn symbol(&mut self) -> Symbol {
        Symbol(self.source.below(1000) as u32)
    }

    pub fn mem(&mut self) -> Mem {
        let source = &mut self.source;
        let (base, scale, disp) = (source.gpr(), source.pick(Scale::ALL), source.i32());
        let index = match source.gpr() {
            RSP => RBP,
            other => other,
        };
        match source.below(8) {
            0..3 => Mem::base(base, disp),
            3 | 4 => Mem::index(base, index, scale, disp),
            5 => Mem::Scaled { index, scale, disp },
            6 => match source.below(5) {
                0 => Mem::label(self.asm.constant4(disp as u32)),
                1 => Mem::label(self.asm.constant8(disp as u64)),
                2 => Mem::label(self.asm.constant16(disp as u128)),
                _ => Mem::Label { label: self.label(), disp: i32::from(self.source.byte()) },
            },
            _ => Mem::Symbol { symbol: self.symbol(), addend: i32::from(self.source.byte()) },
        }
    }

    /// A register or memory operand of a size.
    pub fn rm(&mut self, size: Size) -> (Rm, Want) {
        if self.source.flag() {
            let reg = self.source.gpr();
            (reg.into(), gpr(size, reg))
        } else {
            let mem = self.mem();
            (mem.into(), Want::Mem(mem, size.bytes()))
        }
    }

    /// A vector register or a memory operand of so many bytes.
    pub fn rmx(&mut self, bytes: u32) -> (RmX, Want) {
        if self.source.flag() {
            let reg = self.source.xmm();
            (reg.into(), xmm(reg))
        } else {
            let mem = self.mem();
            (mem.into(), Want::Mem(mem, bytes))
        }
    }

    /// What is wrong, if something is.
    fn compare(&self, wanted: &Wanted, decoded: &Instruction, len: usize) -> Option<String> {
        if decoded.is_invalid() {
            return Some("no instruction".into());
        }
        if decoded.len() != len {
            return Some(format!("{} bytes of {len} decoded", decoded.len()));
        }
        let mnemonic = format!("{:?}", decoded.mnemonic());
        if mnemonic != wanted.mnemonic {
            return Some(mnemonic);
        }
        if decoded.has_lock_prefix() != wanted.lock {
            return Some("lock".into());
        }
        if decoded.op_count() as usize != wanted.operands.len() {
            return Some(format!("{} operands", decoded.op_count()));
        }
        let mut operands = wanted.operands.iter().zip(0..);
        operands
            .find(|&(&want, number)| !self.same_operand(want, decoded, number))
            .map(|(want, number)| format!("operand {number}: {:?} is not {want:?}", decoded.op_kind(number)))
    }

    fn same_operand(&self, want: Want, decoded: &Instruction, number: u32) -> bool {
        let kind = decoded.op_kind(number);
        match want {
            Want::Reg(reg) => kind == OpKind::Register && decoded.op_register(number) == reg,
            Want::Mem(mem, bytes) => {
                kind == OpKind::Memory
                    && (bytes == 0 || decoded.memory_size().size() == bytes as usize)
                    && self.same_memory(mem, decoded)
            }
            Want::Imm(value, bits) => {
                let is_immediate = !matches!(kind, OpKind::Register | OpKind::Memory | OpKind::NearBranch64);
                let mask = u64::MAX >> (64 - bits);
                is_immediate && decoded.immediate(number) & mask == value & mask
            }
            Want::Label(label) => {
                kind == OpKind::NearBranch64 && decoded.near_branch_target() == self.address(label)
            }
            Want::Symbol(symbol) => {
                kind == OpKind::NearBranch64 && decoded.near_branch_target() == symbol_address(symbol)
            }
        }
    }

    fn same_memory(&self, mem: Mem, decoded: &Instruction) -> bool {
        let wide = |reg: Gpr| Register::RAX + u32::from(reg.0);
        let parts = |base, index, scale: Scale, disp: i32| {
            decoded.memory_base() == base
                && decoded.memory_index() == index
                && decoded.memory_index_scale() == 1 << scale as u32
                && decoded.memory_displacement64() == disp as i64 as u64
        };
        // With a base, a displacement takes no more bytes than it needs.
        let shortest = |base: Gpr, disp: i32| match decoded.memory_displ_size() {
            0 => disp == 0,
            1 => disp != 0 || base.0 & 7 == RBP.0,
            _ => i8::try_from(disp).is_err(),
        };
        match mem {
            Mem::Base { base, disp } => {
                parts(wide(base), Register::None, Scale::One, disp) && shortest(base, disp)
            }
            Mem::Index { base, index, scale, disp } => {
                parts(wide(base), wide(index), scale, disp) && shortest(base, disp)
            }
            Mem::Scaled { index, scale, disp } => parts(Register::None, wide(index), scale, disp),
            Mem::Label { label, disp } => {
                decoded.is_ip_rel_memory_operand()
                    && decoded.ip_rel_memory_address() == self.address(label).wrapping_add(disp as u64)
            }
            Mem::Symbol { symbol, addend } => {
                decoded.is_ip_rel_memory_operand()
                    && decoded.ip_rel_memory_address() == symbol_address(symbol).wrapping_add(addend as u64)
            }
        }
    }

    fn address(&self, label: Label) -> u64 {
        self.asm.label_offset(label).expect("all labels are bound").into()
    }
}

fn symbol_address(symbol: Symbol) -> u64 {
    SYMBOLS_AT + 64 * u64::from(symbol.0)
}

/// What a linker does.
fn apply(code: &mut [u8], reloc: Reloc) {
    let value = symbol_address(reloc.symbol) as i64 + i64::from(reloc.addend) - i64::from(reloc.at);
    let field = &mut code[reloc.at as usize..][..4];
    assert_eq!(field, [0; 4], "the place is empty");
    field.copy_from_slice(&i32::try_from(value).expect("it is near").to_le_bytes());
}

pub fn gpr(size: Size, reg: Gpr) -> Want {
    let number = u32::from(reg.0);
    Want::Reg(match size {
        Size::B8 if number < 4 => Register::AL + number,
        // After them come ah to bh.
        Size::B8 => Register::SPL + (number - 4),
        Size::B16 => Register::AX + number,
        Size::B32 => Register::EAX + number,
        Size::B64 => Register::RAX + number,
    })
}

pub fn xmm(reg: Xmm) -> Want {
    Want::Reg(Register::XMM0 + u32::from(reg.0))
}

pub fn imm8(value: u8) -> Want {
    Want::Imm(value.into(), 8)
}

pub fn imm(size: Size, value: i32) -> Want {
    Want::Imm(value as u64, size.bits())
}
