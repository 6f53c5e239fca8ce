//! The size of frames, counted in slots of 64 bits.

use super::*;
use brisk_module::limits::{FRAME_LINK_SLOTS, FRAME_SCRATCH_SLOTS, MAX_FRAME_SLOTS};

/// Slots of a frame without locals, operands and calls.
const EMPTY: u64 = FRAME_LINK_SLOTS + FRAME_SCRATCH_SLOTS;

/// A module of one function with locals and instructions in the text format.
fn with_locals(i32s: u64, v128s: u64, code: &str) -> String {
    let i32s = " i32".repeat(i32s as usize);
    let v128s = " v128".repeat(v128s as usize);
    format!(
        "(module (type $wide (func (result {})))
           (import \"\" \"\" (func $call (type $wide)))
           (func $other)
           (func $big (local{i32s}{v128s}) {code}))",
        "v128 ".repeat(1000)
    )
}

#[track_caller]
fn fits(i32s: u64, v128s: u64, code: &str) {
    decode(with_locals(i32s, v128s, code));
}

#[track_caller]
fn too_large(i32s: u64, v128s: u64, code: &str, slots: u64) {
    let error = refuse(with_locals(i32s, v128s, code));
    assert_limit(&error, &format!("the frame takes {slots} slots"));
    assert_limit(&error, "in function 2 `big`");
}

#[test]
fn many_locals() {
    fits(300, 0, "");
    fits(5_000, 0, "");
    fits(50_000, 0, "");
    too_large(0, 50_000, "", 100_000 + EMPTY);
}

#[test]
fn boundary_of_locals() {
    let vectors = (MAX_FRAME_SLOTS - EMPTY) / 2;
    let rest = (MAX_FRAME_SLOTS - EMPTY) % 2;
    fits(rest, vectors, "");
    too_large(rest + 1, vectors, "", MAX_FRAME_SLOTS + 1);
    // One operand more.
    too_large(rest, vectors, "(drop (i32.const 1))", MAX_FRAME_SLOTS + 1);
    fits(rest, vectors - 1, "(drop (v128.const i64x2 0 0))");
    fits(rest, vectors - 1, "(drop (i32.add (i32.const 1) (i32.const 2)))");
    too_large(rest + 1, vectors - 1, "(drop (v128.const i64x2 0 0))", MAX_FRAME_SLOTS + 1);
}

#[test]
fn operands_count_by_width() {
    let push = |what: &str, count: u64| {
        format!("{} {}", what.repeat(count as usize), "drop ".repeat(count as usize))
    };
    let (scalar, vector) = ("i32.const 1 ", "v128.const i64x2 1 2 ");
    let (locals, room) = (20_000, MAX_FRAME_SLOTS - EMPTY - 20_000 * 2);
    fits(0, locals, &push(scalar, room));
    too_large(0, locals, &push(scalar, room + 1), MAX_FRAME_SLOTS + 1);
    // The room is odd: with one more local of one slot it is filled by vectors.
    assert_eq!(room % 2, 1);
    fits(1, locals, &push(vector, room / 2));
    too_large(1, locals, &push(vector, room / 2 + 1), MAX_FRAME_SLOTS + 2);
    // Vectors below narrower operands still count twice.
    let mixed = |scalars: u64| {
        format!("{} {} {}", vector.repeat(12_000), push(scalar, scalars), "drop ".repeat(12_000))
    };
    fits(0, locals, &mixed(room - 2 * 12_000));
    too_large(0, locals, &mixed(room - 2 * 12_000 + 1), MAX_FRAME_SLOTS + 1);
}

#[test]
fn results_of_calls_count() {
    // Each call leaves 2,000 slots; the largest call's results count once more.
    let calls = |count: usize| format!("{} unreachable", "call $call ".repeat(count));
    let base = EMPTY + 2_000;
    let room = (MAX_FRAME_SLOTS - base - 30_000) / 2_000;
    fits(30_000, 0, &calls(room as usize));
    too_large(30_000, 0, &calls(room as usize + 1), base + 30_000 + 2_000 * (room + 1));
}

#[test]
fn blocks_and_polymorphic_code() {
    // Heights go down at a branch and up again; the deepest point counts, wherever it is.
    let deep = "v128.const i64x2 1 2 ".repeat(100);
    let code = format!(
        "(block (result v128) {deep} (br_if 0 (i32.const 0)) br 0 {} v128.const i64x2 0 0)
         (if (result v128) (i32.const 1) (then {deep} br 0) (else (v128.const i64x2 3 4)))
         drop drop",
        "drop ".repeat(3)
    );
    // One vector below the `if`'s hundred, two operands above the first hundred are less.
    let operands = 2 * 101;
    let vectors = 32_000;
    let locals = MAX_FRAME_SLOTS - EMPTY - operands - 2 * vectors;
    fits(locals, vectors, &code);
    too_large(locals + 1, vectors, &code, MAX_FRAME_SLOTS + 1);
}

#[test]
fn parameters_count() {
    let module = |params: usize| {
        format!("(module (func $big (param {}) (local {})))", "v128 ".repeat(params), "v128 ".repeat(31_757))
    };
    decode(module(1_000));
    let slots = 2 * (1_000 + 31_758) + EMPTY;
    let text = module(1_000).replacen("(local", "(local v128", 1);
    assert!(slots > MAX_FRAME_SLOTS);
    assert_limit(&refuse(text), &format!("the frame takes {slots} slots"));
}
