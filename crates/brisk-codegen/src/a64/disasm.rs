//! Decoding a64, for people: see [`crate::disasm`].

use super::asm::Hint;
use crate::disasm::{Decoded, Decoder};
use std::fmt::Write as _;
use yaxpeax_arch::{Decoder as _, U8Reader};
use yaxpeax_arm::armv8::a64::InstDecoder;

/// Decodes a64 and writes it as Arm does.
pub(crate) struct Arm;

fn word(code: &[u8], at: u32) -> Option<u32> {
    let bytes = code.get(at as usize..at as usize + 4)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// A signed field of a word, times four.
fn distance(word: u32, at: u32, bits: u32) -> i32 {
    (word << (32 - at - bits)) as i32 >> (32 - bits) << 2
}

impl Decoder for Arm {
    fn decode(&mut self, code: &[u8], at: u32) -> Option<Decoded> {
        let word = word(code, at)?;
        let place = |distance: i32| Some(at.wrapping_add_signed(distance));
        let inst = Decoded { next: at + 4, falls: true, target: None, data: None, table: false };
        let is = |mask: u32, bits: u32| word & mask == bits;
        Some(if is(0xfc00_0000, 0x1400_0000) {
            // b
            Decoded { falls: false, target: place(distance(word, 0, 26)), ..inst }
        } else if is(0xfc00_0000, 0x9400_0000) {
            // bl
            Decoded { target: place(distance(word, 0, 26)), ..inst }
        } else if is(0xff00_0010, 0x5400_0000) || is(0x7e00_0000, 0x3400_0000) {
            // b.cond, cbz, cbnz
            Decoded { target: place(distance(word, 5, 19)), ..inst }
        } else if is(0x7e00_0000, 0x3600_0000) {
            // tbz, tbnz
            Decoded { target: place(distance(word, 5, 14)), ..inst }
        } else if is(0xffff_fc1f, 0xd65f_0000) || is(0xffff_fc1f, 0xd61f_0000) || word >> 16 == 0 {
            // ret, br, udf
            Decoded { falls: false, ..inst }
        } else if is(0x3b00_0000, 0x1800_0000) {
            // ldr of a literal
            Decoded { data: place(distance(word, 5, 19)), ..inst }
        } else if is(0x9f00_0000, 0x1000_0000) {
            // adr
            Decoded { data: place(distance(word, 5, 19) | (word >> 29 & 3) as i32), table: true, ..inst }
        } else {
            inst
        })
    }

    fn format(&mut self, code: &[u8], at: u32, name: Option<&str>, out: &mut String) {
        // Of the hints, those have no names to the decoder.
        const HINTS: [(Hint, &str); 4] = [
            (Hint::Paciasp, "paciasp"),
            (Hint::Autiasp, "autiasp"),
            (Hint::BtiC, "bti c"),
            (Hint::BtiJ, "bti j"),
        ];
        if let Some((_, text)) = HINTS.iter().find(|(hint, _)| word(code, at) == Some(*hint as u32)) {
            return out.push_str(text);
        }
        let bytes = &code[at as usize..];
        let Ok(inst) = InstDecoder::default().decode(&mut U8Reader::new(bytes)) else {
            let _ = write!(out, ".long {:#010x}", word(code, at).unwrap_or_default());
            return;
        };
        let text = inst.to_string();
        match (name, text.find('$'), text.find(']')) {
            // The place is the last operand.
            (Some(name), Some(place), _) => {
                let _ = write!(out, "{}{name}", &text[..place]);
            }
            // A place in a page.
            (Some(name), None, Some(end)) => {
                let _ = write!(out, "{}, {name}]", &text[..end]);
            }
            _ => out.push_str(&text),
        }
    }
}
