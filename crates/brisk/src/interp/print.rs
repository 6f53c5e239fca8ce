//! Register code as text.

use super::code::Code;
use super::ops;
use std::fmt::Write;

/// Prints a function's register code, one instruction a line: offset, name, operands. Slots print as
/// `s3`, accumulators as `a`, immediates as `#5`, branch targets as offsets.
pub(crate) fn print(code: &Code) -> String {
    let mut out = String::new();
    let words = &code.words;
    let mut at = 0;
    let u32_at = |at: usize| u32::from(words[at]) | u32::from(words[at + 1]) << 16;
    while at < words.len() {
        let start = at;
        let (name, layout) = ops::describe(words[at]);
        at += ops::OP_WORDS;
        let _ = write!(out, "{start:5} {name}");
        for letter in layout.chars() {
            let text = match letter {
                'a' => "a".to_string(),
                's' => {
                    at += 1;
                    format!("s{}", words[at - 1])
                }
                'd' => {
                    at += 1;
                    format!("-> s{}", words[at - 1])
                }
                'h' => {
                    at += 1;
                    format!("#{}", words[at - 1])
                }
                'w' => {
                    at += 2;
                    format!("#{}", u32_at(at - 2) as i32)
                }
                'q' => {
                    at += 4;
                    format!("#{:#x}", u64::from(u32_at(at - 4)) | u64::from(u32_at(at - 2)) << 32)
                }
                'v' => {
                    at += 8;
                    let bytes: Vec<String> = words[at - 8..at].iter().map(|w| format!("{w:04x}")).collect();
                    format!("#{}", bytes.join("."))
                }
                'b' => {
                    at += 2;
                    format!("=> {}", start.wrapping_add_signed(u32_at(at - 2) as i32 as isize))
                }
                't' => {
                    let count = u32_at(at) as usize + 1;
                    at += 2;
                    let targets: Vec<String> = (0..count)
                        .map(|entry| u32_at(at + 2 * entry) as i32 as isize)
                        .map(|offset| start.wrapping_add_signed(offset).to_string())
                        .collect();
                    at += 2 * count;
                    format!("=> [{}]", targets.join(" "))
                }
                _ => String::new(),
            };
            let _ = write!(out, " {text}");
        }
        out.push('\n');
    }
    out
}
