//! Numbers and names of wasm instructions for the profile.

use brisk_module::wasmparser::{self, Operator};

macro_rules! operators {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// Names of all instructions, as in the text format.
        pub(crate) const OP_NAMES: &[&str] = &[$({
            const NAME: &[u8] = &mnemonic::<{ stringify!($visit).len() - PREFIX.len() }>(stringify!($visit));
            match std::str::from_utf8(NAME) {
                Ok(name) => name,
                Err(_) => panic!("identifiers are UTF-8"),
            }
        },)*];

        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy)]
        #[repr(u16)]
        enum Index { $($op,)* }

        /// Position of an instruction in [`OP_NAMES`].
        pub(crate) fn op_index(op: &Operator<'_>) -> u16 {
            match op {
                $(Operator::$op { .. } => Index::$op as u16,)*
                _ => 0,
            }
        }
    };
}
wasmparser::for_each_operator!(operators);

/// What the names of `wasmparser`'s visitors begin with.
const PREFIX: &str = "visit_";

/// Words with a dot behind them, if they come first.
const SPACES: &[&str] = &[
    "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2", "local",
    "global", "table", "memory", "data", "elem", "ref", "struct", "array", "any", "extern", "i31",
];

/// The name in the text format, made of the visitor's: `visit_i32_add` visits `i32.add`.
const fn mnemonic<const N: usize>(visitor: &str) -> [u8; N] {
    let mut name = [0; N];
    let (mut at, mut word) = (0, 0);
    while at < N {
        name[at] = visitor.as_bytes()[PREFIX.len() + at];
        if name[at] == b'_' {
            if dot_follows(&name, word, at) {
                name[at] = b'.';
            }
            word = at + 1;
        }
        at += 1;
    }
    name
}

/// Whether a dot follows the word from `start` to `end`.
const fn dot_follows(name: &[u8], start: usize, end: usize) -> bool {
    let mut space = 0;
    while start == 0 && space < SPACES.len() {
        if SPACES[space].len() == end && begins_with(name, start, SPACES[space]) {
            return true;
        }
        space += 1;
    }
    begins_with(name, start, "atomic") || begins_with(name, start, "rmw")
}

const fn begins_with(name: &[u8], start: usize, word: &str) -> bool {
    let mut at = 0;
    while at < word.len() {
        if start + at >= name.len() || name[start + at] != word.as_bytes()[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_have_their_names_in_the_text_format() {
        for name in [
            "unreachable",
            "br_table",
            "return_call_indirect",
            "local.get",
            "i32.add",
            "i32.trunc_sat_f64_u",
            "memory.copy",
            "table.init",
            "ref.is_null",
            "br_on_non_null",
            "try_table",
            "throw_ref",
            "i16x8.q15mulr_sat_s",
            "v128.load8x8_s",
            "i32x4.trunc_sat_f64x2_s_zero",
            "i64.mul_wide_s",
            "atomic.fence",
            "memory.atomic.notify",
            "i64.atomic.rmw32.cmpxchg_u",
        ] {
            assert!(OP_NAMES.contains(&name), "{name}");
        }
    }

    #[test]
    fn an_instructions_index_leads_to_its_name() {
        assert_eq!(OP_NAMES[op_index(&Operator::I32Add) as usize], "i32.add");
        assert_eq!(OP_NAMES[op_index(&Operator::LocalGet { local_index: 0 }) as usize], "local.get");
    }
}
