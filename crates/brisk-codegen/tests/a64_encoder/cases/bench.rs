//! Random operands, and the comparison of what was asked for with what the decoder sees: as text, in the
//! syntax of Arm's manual, with numbers in any base.

pub use crate::encoder::Source;
use brisk_codegen::a64::asm::*;
use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv8::a64::InstDecoder;

impl Source {
    /// Neither xzr nor sp.
    pub fn gpr(&mut self) -> Gpr {
        Gpr(self.below(31) as u8)
    }

    /// Any two that are not the same, nor xzr or sp.
    pub fn two_gprs(&mut self) -> (Gpr, Gpr) {
        let a = self.below(31);
        let b = (a + 1 + self.below(30)) % 31;
        (Gpr(a as u8), Gpr(b as u8))
    }

    /// May be xzr.
    pub fn gpr_or_zero(&mut self) -> Gpr {
        Gpr(self.below(32) as u8)
    }

    /// May be sp.
    pub fn gpr_or_sp(&mut self) -> Gpr {
        match self.below(32) {
            31 => SP,
            number => Gpr(number as u8),
        }
    }

    pub fn fpr(&mut self) -> Fpr {
        Fpr(self.below(32) as u8)
    }

    pub fn cond(&mut self) -> Cond {
        self.pick(Cond::ALL)
    }

    /// 32 or 64 bits.
    pub fn size(&mut self) -> Size {
        self.pick(&[Size::B32, Size::B64])
    }

    /// A number of few bits, or of all, or one that repeats: what constants look like.
    pub fn constant(&mut self) -> u64 {
        let any = self.next() ^ self.next() << 32;
        match self.below(8) {
            0 => self.pick(&[0, 1, u64::MAX, u64::MAX - 1, 0xffff, 0x1_0000, u64::MAX >> 1, 1 << 63]),
            1 => any & 0xffff,
            2 => !(any & 0xffff),
            3 => any & 0xffff_0000,
            4 => any & 0xffff_ffff,
            5 => (u64::MAX >> (any & 63)).rotate_right(self.below(64) as u32),
            6 if any >> 63 != 0 => any & 0xffff_ffff_ffff,
            6 => ((any & 0xffff) * 0x1_0001_0001) ^ (self.next() << 48),
            _ => any,
        }
    }
}

type Run = Box<dyn Fn(&mut Bench) -> String>;

/// One row: assembles one instruction and says what it should be decoded to.
pub struct Case {
    pub name: String,
    run: Run,
}

impl Case {
    pub fn new(name: impl Into<String>, run: impl Fn(&mut Bench) -> String + 'static) -> Case {
        Case { name: name.into(), run: Box::new(run) }
    }
}

/// What a case works with.
pub struct Bench {
    pub source: Source,
    pub asm: Assembler,
    /// Bound before the instruction, and after.
    labels: [Label; 2],
}

/// Where symbols are taken to be.
const SYMBOLS_AT: u64 = 0x8_0000;

impl Bench {
    pub fn new(features: Features, source: Source) -> Bench {
        Bench { source, asm: Assembler::new(features), labels: [Label(0); 2] }
    }

    /// Assembles one instruction of a case and decodes it; says what is wrong, if something is.
    pub fn check(&mut self, case: &Case) -> Result<(), String> {
        self.asm.clear();
        self.labels[0] = self.asm.here();
        for _ in 0..self.source.below(200) {
            self.asm.hint(Hint::Nop);
        }
        self.labels[1] = self.asm.new_label();
        let start = self.asm.offset() as usize;
        let wanted = (case.run)(self);
        let end = self.asm.offset() as usize;
        assert_eq!(end - start, 4, "{}", case.name);
        for _ in 0..self.source.below(200) {
            self.asm.udf(0);
        }
        self.asm.bind(self.labels[1]);
        let assembled = self.asm.finish();
        let mut code = assembled.code.to_vec();
        for reloc in assembled.relocs {
            apply(&mut code, *reloc);
        }
        let wanted = self.distances(&wanted, start as u64);
        let word: [u8; 4] = code[start..end].try_into().expect("an instruction has four bytes");
        let number = u32::from_le_bytes(word);
        let decoded = decode(word).unwrap_or_default();
        match plain(&decoded) == plain(&wanted) {
            true => Ok(()),
            false => Err(format!("{}: {number:08x} should be {wanted}, is {decoded}", case.name)),
        }
    }

    pub fn label(&mut self) -> Label {
        let labels = self.labels;
        self.source.pick(&labels)
    }

    pub fn symbol(&mut self) -> Symbol {
        Symbol(self.source.below(1000) as u32)
    }

    /// The text with `{label n}` and `{symbol n}` replaced by distances from here.
    fn distances(&self, text: &str, here: u64) -> String {
        let Some((before, rest)) = text.split_once("{label ") else { return self.symbols(text, here) };
        let (number, after) = rest.split_once('}').expect("a brace closes");
        let label = Label(number.parse().expect("a label's number"));
        let target = self.asm.label_offset(label).expect("all labels are bound");
        format!("{before}{}{after}", distance(u64::from(target), here))
    }

    fn symbols(&self, text: &str, here: u64) -> String {
        let Some((before, rest)) = text.split_once("{symbol ") else { return text.to_string() };
        let (number, after) = rest.split_once('}').expect("a brace closes");
        let symbol = Symbol(number.parse().expect("a symbol's number"));
        format!("{before}{}{after}", distance(symbol_address(symbol), here))
    }
}

fn distance(target: u64, here: u64) -> String {
    let distance = target as i64 - here as i64;
    format!("${}0x{:x}", if distance < 0 { '-' } else { '+' }, distance.unsigned_abs())
}

pub fn symbol_address(symbol: Symbol) -> u64 {
    SYMBOLS_AT + 8 * u64::from(symbol.0)
}

/// The decoder's text. What it does not know is said here from the manual, with the reason.
fn decode(bytes: [u8; 4]) -> Option<String> {
    let word = u32::from_le_bytes(bytes);
    let register = |at: u32| word >> at & 31;
    // FEAT_I8MM came after it.
    if word & 0xbfe0_fc00 == 0x0e80_9c00 {
        let (d, s) = if word >> 30 & 1 != 0 { ("4s", "16b") } else { ("2s", "8b") };
        return Some(format!("usdot v{}.{d}, v{}.{s}, v{}.{s}", register(0), register(5), register(16)));
    }
    // Of the space of hints it names few.
    match word {
        0xd503_245f => return Some("bti c".into()),
        0xd503_249f => return Some("bti j".into()),
        0xd503_24df => return Some("bti jc".into()),
        _ => {}
    }
    let mut reader = U8Reader::new(&bytes);
    let text = InstDecoder::default().decode(&mut reader).ok()?.to_string();
    // It takes too many extensions of additions for shifts: one of all bits is, if sp is there.
    let all_bits = word >> 13 & 7 == 2 + (word >> 31);
    if word & 0x1fe0_0000 == 0x0b20_0000 && !(all_bits && (register(5) == 31 || register(0) == 31)) {
        let operands: Vec<&str> = text.splitn(4, ", ").take(3).collect();
        let extend = mnemonic(Extend::ALL[(word >> 13 & 7) as usize]);
        return Some(format!("{}, {extend} #{}", operands.join(", "), word >> 10 & 7));
    }
    Some(text)
}

/// The text with all numbers after `#` in decimal, as 64 bits without a sign, and without shifts by 0.
fn plain(text: &str) -> String {
    let text = ["lsr", "asr", "ror", "uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx"]
        .iter()
        .fold(text.replace(", lsl #0", ""), |text, shift| text.replace(&format!("{shift} #0"), shift));
    let mut parts = text.split('#');
    let mut plain = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let end = part.find([',', ']', ' ', '}']).unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        let (negative, digits) = number.strip_prefix('-').map_or((false, number), |digits| (true, digits));
        let value = match digits.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        };
        match value {
            Some(value) => {
                let value = if negative { value.wrapping_neg() } else { value };
                plain.push_str(&format!("#{value}{rest}"));
            }
            None => {
                let value: f64 = number.parse().unwrap_or_else(|_| panic!("no number: {number}"));
                plain.push_str(&format!("#{value:?}{rest}"));
            }
        }
    }
    plain
}

/// What a linker does, with the code at address 0.
fn apply(code: &mut [u8], reloc: Reloc) {
    let (at, target) = (u64::from(reloc.at), symbol_address(reloc.symbol));
    let field = &mut code[reloc.at as usize..][..4];
    let word = u32::from_le_bytes(field.try_into().expect("four bytes"));
    let two_pieces = |value: u64| (value as u32 & 3) << 29 | (value as u32 >> 2 & 0x7_ffff) << 5;
    let bits = match reloc.kind {
        RelocKind::Call26 => (target.wrapping_sub(at) >> 2) as u32 & 0x3ff_ffff,
        RelocKind::AdrpPage21 => two_pieces((target >> 12).wrapping_sub(at >> 12)),
        RelocKind::AddLo12 => (target as u32 & 0xfff) << 10,
        RelocKind::Load64Lo12 => (target as u32 & 0xfff) >> 3 << 10,
        RelocKind::Adr21 => two_pieces(target.wrapping_sub(at)),
        RelocKind::Rel32 => unreachable!("not here"),
    };
    assert_eq!(word & bits, 0, "the place is empty");
    field.copy_from_slice(&(word | bits).to_le_bytes());
}

/// A register's name where 31 is zero.
pub fn name(size: Size, reg: Gpr) -> String {
    let letter = if size == Size::B64 { 'x' } else { 'w' };
    match reg {
        SP if size == Size::B64 => "sp".into(),
        SP => "wsp".into(),
        XZR => format!("{letter}zr"),
        Gpr(number) => format!("{letter}{number}"),
    }
}

/// A scalar in a vector register.
pub fn scalar(width: Width, reg: Fpr) -> String {
    format!("{}{}", ["b", "h", "s", "d", "q"][width as usize], reg.0)
}

/// A float in a vector register.
pub fn float(size: Size, reg: Fpr) -> String {
    scalar(if size == Size::B64 { Width::D } else { Width::S }, reg)
}

pub fn cond_name(cond: Cond) -> String {
    format!("{cond:?}").to_lowercase()
}

/// An operation's name: that of its row.
pub fn mnemonic(op: impl std::fmt::Debug) -> String {
    format!("{op:?}").to_lowercase()
}

/// `, shift #amount`, or nothing.
pub fn shifted(shift: Shift, amount: u8) -> String {
    match (shift, amount) {
        (Shift::Lsl, 0) => String::new(),
        _ => format!(", {} #{amount}", mnemonic(shift)),
    }
}
