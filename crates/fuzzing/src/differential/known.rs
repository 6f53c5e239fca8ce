//! What the engine that is believed gets wrong, and how modules are kept from it: wasmi is given a changed module of
//! the same meaning, brisk the one that was made.
//!
//! wasmi 2.0.0 joins a `select` with the comparison that makes its condition, if that is `i32.eqz`, `ref.is_null`, or
//! `i32.eq` or `i32.ne` with 0. It drops the comparison and lets `select` test the compared value, but has it read
//! the machine register in which the comparison would have left its result. Where the compared value is in a slot of
//! the frame, a local for instance, that register holds something else. So
//!
//! ```text
//! (func (param i64) (result i64) (local funcref)
//!   (select (i64.xor (local.get 0) (i64.const 1)) (i64.const 7) (ref.is_null (local.get 1))))
//! ```
//!
//! gives 7 for 0, where the specification, wasmtime and brisk say 1: the register holds the result of `xor`, which is
//! not 0, and so the reference is taken not to be null. wasm-smith guards divisions this way, and shrinks of what
//! differed always led here.
//!
//! It panics where an integer is stored whose own value is the address, from a local that it has in its register, unless
//! in memory 0 with an offset of 16 bits, as in
//!
//! ```text
//! (local.set 0 (i32.add (local.get 1) (i32.const 1)))
//! (i32.store16 offset=0x10000 (local.get 0) (local.get 0))
//! ```

use wasm_encoder::{CodeSection, RawSection};
use wasmparser::{MemArg, MemArgTarget, Operator, Parser, Payload};

/// Class of modules that were changed for wasmi.
pub const CHANGED: &str = "changed: select on a comparison with 0, or store far away";

/// `i32.const 1`, `i32.and`: leaves a comparison's result what it is.
const SAME_TRUTH: &[u8] = &[0x41, 1, 0x71];
/// `i32.const 0`, `i32.or`: leaves any number what it is.
const SAME_I32: &[u8] = &[0x41, 0, 0x72];
/// `i64.const 0`, `i64.or`: leaves any number what it is.
const SAME_I64: &[u8] = &[0x42, 0, 0x84];

/// The module with an instruction between each such comparison and its `select`, and in front of each such store; `None`
/// if it has none.
pub fn kept_apart(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut module = wasm_encoder::Module::new();
    let (mut code, mut functions, mut changed) = (CodeSection::new(), 0, false);
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.ok()?;
        match &payload {
            Payload::CodeSectionStart { count, .. } => functions = *count,
            Payload::CodeSectionEntry(body) => {
                let bytes = with_instructions_between(body)?;
                changed |= bytes.len() != body.as_bytes().len();
                code.raw(&bytes);
                functions -= 1;
                if functions == 0 {
                    module.section(&code);
                }
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    module.section(&RawSection { id, data: &wasm[range.start as usize..range.end as usize] });
                }
            }
        }
    }
    changed.then(|| module.finish())
}

/// Whether a store may be one that wasmi panics at.
fn far(memarg: &MemArg) -> bool {
    memarg.target != MemArgTarget::Memory(0) || memarg.offset > u64::from(u16::MAX)
}

fn with_instructions_between(body: &wasmparser::FunctionBody) -> Option<Vec<u8>> {
    let (start, bytes) = (body.range().start, body.as_bytes());
    let (mut out, mut copied, mut compared) = (Vec::with_capacity(bytes.len()), 0, false);
    for operator in body.get_operators_reader().ok()?.into_iter_with_offsets() {
        let (operator, offset) = operator.ok()?;
        let at = (offset - start) as usize;
        let between = match &operator {
            Operator::Select | Operator::TypedSelect { .. } if compared => Some(SAME_TRUTH),
            Operator::I32Store { memarg }
            | Operator::I32Store8 { memarg }
            | Operator::I32Store16 { memarg }
                if far(memarg) =>
            {
                Some(SAME_I32)
            }
            Operator::I64Store { memarg }
            | Operator::I64Store8 { memarg }
            | Operator::I64Store16 { memarg }
            | Operator::I64Store32 { memarg }
                if far(memarg) =>
            {
                Some(SAME_I64)
            }
            _ => None,
        };
        if let Some(between) = between {
            out.extend_from_slice(&bytes[copied..at]);
            out.extend_from_slice(between);
            copied = at;
        }
        compared = match operator {
            Operator::I32Eqz | Operator::I32Eq | Operator::I32Ne | Operator::RefIsNull => true,
            Operator::Nop => compared,
            _ => false,
        };
    }
    out.extend_from_slice(&bytes[copied..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::{brisk, outcome, wasmi};
    use super::*;

    fn select(condition: &str) -> Vec<u8> {
        let text = format!(
            r#"(module (global (export "g") (mut i64) (i64.const 0))
                (func (export "f") (param i64) (local i32 funcref)
                    (i64.xor (local.get 0) (i64.const 1)) (i64.const 7) {condition}
                    select (global.set 0)))"#
        );
        wat::parse_str(text).unwrap()
    }

    /// When this fails, wasmi is right, and this file has had its time.
    #[test]
    fn wasmi_selects_by_what_its_register_holds_unless_kept_from_it() {
        for condition in [
            "(ref.is_null (local.get 2))",
            "(i32.eqz (local.get 1))",
            "(i32.eq (local.get 1) (i32.const 0))",
            "(i32.ne (local.get 1) (i32.const 0)) nop",
        ] {
            let wasm = select(condition);
            let apart = kept_apart(&wasm).unwrap();
            let actual = brisk::run(&wasm, 3, ::brisk::Tier::Interp, true);
            assert!(outcome::compare(&wasmi::run(&wasm, 3), &actual).is_err(), "{condition}");
            assert!(outcome::compare(&wasmi::run(&apart, 3), &actual).is_ok(), "{condition}");
            assert_eq!(apart, select(&format!("{condition} (i32.and (i32.const 1))")));
        }
    }

    /// When this fails, wasmi is right here, too.
    #[test]
    fn wasmi_panics_at_stores_of_their_own_address_unless_kept_from_it() {
        for (address, store) in [
            ("i32", "i32.store16 offset=0x10000"),
            ("i32", "i32.store8 1"),
            ("i32", "i32.store offset=0x10000"),
            ("i64", "i64.store 2"),
            ("i64", "i64.store8 2"),
            ("i64", "i64.store16 2"),
            ("i64", "i64.store32 2 offset=0x10000"),
        ] {
            let text = format!(
                "(module (memory 2) (memory 2) (memory i64 2) (func (export \"f\") (param {address}) (local {address})
                    (local.set 1 ({address}.and (local.get 0) ({address}.const 0xff)))
                    ({store} (local.get 1) (local.get 1))))"
            );
            let wasm = wat::parse_str(text).unwrap();
            assert!(std::panic::catch_unwind(|| wasmi::run(&wasm, 3)).is_err(), "{store}");
            let actual = brisk::run(&wasm, 3, ::brisk::Tier::Interp, true);
            let apart = kept_apart(&wasm).unwrap();
            assert!(outcome::compare(&wasmi::run(&apart, 3), &actual).is_ok(), "{store}");
        }
    }

    #[test]
    fn other_modules_stay_as_they_are() {
        for condition in ["(i64.eqz (local.get 0))", "(i32.eqz (local.get 1)) (i32.add (i32.const 1))"] {
            assert_eq!(kept_apart(&select(condition)), None, "{condition}");
        }
        assert_eq!(kept_apart(b"\0asm\x01\0\0\0"), None);
    }
}
