//! Register code of small functions, as text, and what each guards against. What the functions
//! compute is tested through the public API, in `tests/interpreter.rs`.

use super::print::print;
use super::translate::{Settings, translate};
use brisk_module::{DecodeOptions, Module};

/// The register code of function 0, without offsets and empty of what varies.
fn code_with(wat: &str, settings: Settings) -> String {
    let bytes = wat::parse_str(wat).expect("the test's module parses");
    let module = Module::decode(bytes, &DecodeOptions::default()).expect("the test's module is valid");
    let text = print(&translate(&module, module.imported_funcs, settings));
    text.lines().map(|line| line.trim_start().to_string() + "\n").collect()
}

fn code(wat: &str) -> String {
    code_with(wat, Settings::default())
}

#[track_caller]
fn check(wat: &str, expected: &[&str]) {
    let code = code(wat);
    let lines: Vec<&str> = code
        .lines()
        // Offsets shift with every change of an encoding; names and operands are what matters here.
        .map(|line| line.split_once(' ').map_or(line, |(_, rest)| rest))
        .map(|line| line.split(" => ").next().unwrap_or(line))
        .collect();
    assert_eq!(lines, expected, "in full:\n{code}");
}

#[test]
fn locals_and_constants_become_operands() {
    check(
        "(module (func (param i32 i32) (result i32) (i32.add (i32.mul (local.get 0) (local.get 1)) (i32.const 7))))",
        &["i32_mul s0 s1", "i32_add a #7", "ret_a s2"],
    );
}

#[test]
fn a_result_goes_straight_to_its_local() {
    check(
        "(module (func (param i32) (local.set 0 (i32.sub (local.get 0) (i32.const 1)))))",
        &["i32_sub s0 #1 -> s0", "ret s1"],
    );
}

#[test]
fn a_stale_copy_is_saved_before_its_local_changes() {
    check(
        "(module (func (param i32) (result i32)
            local.get 0
            (local.set 0 (i32.const 5))
            (i32.add (local.get 0))))",
        &["copy s0 -> s4", "const_32 #5 -> s0", "i32_add s4 s0", "ret_a s1"],
    );
}

#[test]
fn a_comparison_joins_the_branch_that_tests_it() {
    check(
        "(module (func (param i32)
            (block (br_if 0 (i32.eqz (i32.lt_s (local.get 0) (i32.const 3)))) (unreachable))))",
        &["br_if_i32_ge_s s0 #3", "unreachable", "ret s1"],
    );
}

#[test]
fn a_negated_float_comparison_keeps_its_meaning_for_nans() {
    check(
        "(module (func (param f64)
            (block (br_if 0 (i32.eqz (f64.lt (local.get 0) (f64.const 0)))) (unreachable))))",
        &["br_unless_f64_lt s0 #0x0", "unreachable", "ret s1"],
    );
}

#[test]
fn a_counting_loop_ends_in_one_instruction() {
    check(
        "(module (func (param i32)
            (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (loop (br_if 0 (i32.ne (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 9))))))",
        &["i32_sub s0 #1 -> s0", "br_if_i32_ne a #0", "add_br_if_i32_ne s0 #1 -> s0 #9", "ret s1"],
    );
}

#[test]
fn an_address_sum_joins_its_access() {
    check(
        "(module (memory 1) (func (param i32 i32) (result i32)
            (i32.load offset=8 (i32.add (local.get 0) (local.get 1)))))",
        &["I32Load s0 s1 #8", "ret_a s2"],
    );
}

#[test]
fn an_access_beyond_32_bits_or_memory_0_goes_the_long_way() {
    check(
        "(module (memory 1) (memory i64 1) (func (param i64) (result i32)
            (i32.load 1 offset=0x100000000 (local.get 0))))",
        &["I32Load #1 s0 #0x100000000 -> s4", "ret_a s1"],
    );
}

#[test]
fn a_test_of_bits_joins_its_branch() {
    check(
        "(module (func (param i32) (block (br_if 0 (i32.and (local.get 0) (i32.const 4))) (unreachable))))",
        &["br_if_i32_and s0 #4", "unreachable", "ret s1"],
    );
}

#[test]
fn fuel_is_charged_by_segment() {
    let fuel = Settings { fuel: true, ..Settings::default() };
    let text = code_with(
        "(module (func (param i32) (result i32)
            (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (i32.add (local.get 0) (i32.const 1))))",
        fuel,
    );
    let charges: Vec<&str> = text.lines().filter(|line| line.contains("fuel")).collect();
    // Entry: nothing before the loop. Header: get, const, sub, tee, br_if. Behind the branch and the
    // loop's end: nothing, then get, const, add.
    let costs: Vec<&str> = charges.iter().map(|line| line.rsplit(' ').next().unwrap_or("")).collect();
    assert_eq!(costs, ["#0", "#5", "#0", "#3"], "{text}");
}

/// All operations have a name, a layout that print understands, and the twin arithmetic holds.
#[test]
fn every_operation_describes_itself() {
    for op in 0..super::ops::OP_COUNT as u16 {
        let (name, layout) = super::ops::describe(op);
        assert!(!name.is_empty());
        assert!(layout.chars().all(|letter| "asdhwqvbt".contains(letter)), "{name}: {layout}");
        if let Some(twin) = super::ops::to_acc(op) {
            let (twin_name, twin_layout) = super::ops::describe(twin);
            assert_eq!(name, twin_name.trim_end_matches("_acc"));
            assert_eq!(layout.strip_suffix('d'), Some(twin_layout.as_str()), "{name}");
        }
    }
}

/// Each handler ends in a jump to the next one: one that calls it instead would use up the native stack.
#[cfg(all(target_arch = "x86_64", not(brisk_loop_dispatch)))]
#[test]
fn no_handler_calls_the_next_one() {
    use super::ops::{self, misc};
    use iced_x86::{Decoder, DecoderOptions, FlowControl};

    // These call a host function through its record, and return from there.
    let calls_host = [misc::RETURN_CALL_IMPORT, misc::RETURN_CALL_INDIRECT, misc::RETURN_CALL_REF];
    let mut starts: Vec<usize> = (0..ops::OP_COUNT as u16).map(|op| ops::address(op) as usize).collect();
    starts.sort_unstable();
    starts.dedup();
    let (mut jumps, mut calling) = (0, Vec::new());
    for op in (0..ops::OP_COUNT as u16).filter(|op| !calls_host.contains(op)) {
        let start = ops::address(op) as usize;
        // Up to where the next handler begins, or a page at most.
        let next = starts.partition_point(|&at| at <= start);
        let end = starts.get(next).map_or(start + 256, |&end| end.min(start + 4096));
        // SAFETY: handlers are machine code of this program, readable from one to the next.
        let code = unsafe { std::slice::from_raw_parts(start as *const u8, end - start) };
        for instruction in &mut Decoder::with_ip(64, code, start as u64, DecoderOptions::NONE) {
            match instruction.flow_control() {
                // Through the table of imported symbols: checks of debug builds.
                FlowControl::IndirectCall if instruction.is_ip_rel_memory_operand() => {}
                FlowControl::IndirectCall => calling.push(ops::describe(op).0),
                FlowControl::IndirectBranch => jumps += 1,
                // Padding behind the function: what follows belongs to others.
                FlowControl::Interrupt => break,
                _ => {}
            }
        }
    }
    assert!(calling.is_empty(), "these call the next handler: {calling:?}");
    assert!(jumps > ops::OP_COUNT, "only {jumps} jumps through a register were found");
}
