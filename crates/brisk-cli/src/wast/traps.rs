//! The specification's messages for traps, and the kinds of trap that they stand for.

use brisk::Trap;

/// The kinds that a trap may have for an assertion with `message`, none if the message is unknown.
///
/// The specification's interpreter has one message where memories and tables are told apart by
/// the instruction, and several for a call of a null reference.
pub fn expected(message: &str) -> &'static [Trap] {
    match message {
        "out of bounds memory access" => &[Trap::MemoryOutOfBounds],
        "out of bounds table access" | "undefined element" | "undefined" => &[Trap::TableOutOfBounds],
        "out of bounds" => &[Trap::MemoryOutOfBounds, Trap::TableOutOfBounds],
        "indirect call type mismatch" | "indirect call" => &[Trap::BadSignature],
        "integer overflow" => &[Trap::IntegerOverflow],
        "integer divide by zero" => &[Trap::IntegerDivisionByZero],
        "invalid conversion to integer" => &[Trap::BadConversionToInteger],
        "unreachable" => &[Trap::UnreachableCodeReached],
        "null reference" | "null function reference" | "null exception reference" => &[Trap::NullReference],
        "call stack exhausted" => &[Trap::StackOverflow],
        // Followed by the element's index in some.
        _ if message.starts_with("uninitialized") => &[Trap::IndirectCallToNull],
        _ => &[],
    }
}
