//! Large functions: the IR grows with the body, and nothing else does.

use crate::support::{build, decode, plain};
use brisk_codegen::build::{BuildError, Builder, Entry, Settings};
use brisk_codegen::ir::{Func, Op};

/// A module of one function.
fn module(locals: &str, body: &str) -> brisk_module::Module {
    decode(&format!("(module (memory 1) (func (param i32) (result i32) {locals} {body} (local.get 0)))"))
}

fn size(f: &Func) -> usize {
    f.insts.len() + f.blocks.len() + f.edges.len() + f.lists.len()
}

/// Checks that twice the parts make at most a little more than twice the IR.
fn linear(make: impl Fn(usize) -> Func, count: usize) {
    let (one, two) = (size(&make(count)), size(&make(2 * count)));
    assert!(two <= 2 * one + one / 8, "{one} for {count}, {two} for twice as many");
}

#[test]
fn sequential_blocks() {
    linear(
        |count| {
            let one = "(block (br_if 0 (local.get 0)) (local.set 1 (i32.add (local.get 1) (i32.const 3))))";
            let f = build(&module("(local i32)", &one.repeat(count)), 0, &plain())
                .expect("the function is built");
            assert!(f.blocks.len() >= 2 * count);
            f
        },
        15_000,
    );
}

#[test]
fn a_local_read_far_from_where_it_was_assigned() {
    linear(
        |count| {
            let one = "(block (br_if 0 (local.get 0)) (i32.store8 (i32.const 1) (i32.const 2)))";
            let body = format!("{} (local.set 0 (local.get 1))", one.repeat(count));
            build(&module("(local i32)", &body), 0, &plain()).expect("the function is built")
        },
        15_000,
    );
}

#[test]
fn many_branches_to_one_label() {
    linear(
        |count| {
            let one = "(br_if 0 (local.get 0)) (local.set 1 (i32.add (local.get 1) (i32.const 3)))";
            let body = format!("(block {}) (local.set 0 (local.get 1))", one.repeat(count));
            let f = build(&module("(local i32)", &body), 0, &plain()).expect("the function is built");
            assert_eq!(f.blocks.iter().map(|block| block.params.indices().len()).sum::<usize>(), 2);
            f
        },
        15_000,
    );
}

#[test]
fn nested_loops() {
    linear(
        |count| {
            let step = "(local.set 0 (i32.sub (local.get 0) (local.get 1)))";
            let body =
                format!("{}{step}{}", "(loop ".repeat(count), "(br_if 0 (local.get 0)))".repeat(count));
            let f = build(&module("(local i32)", &body), 0, &plain()).expect("the function is built");
            assert_eq!(f.blocks.iter().filter(|block| block.loop_header).count(), count);
            assert_eq!(f.blocks.iter().map(|block| block.loop_depth).max(), Some(count as u32));
            // One local changes, the other does not.
            for block in f.blocks.iter().filter(|block| block.loop_header) {
                assert_eq!(block.params.indices().len(), 1);
            }
            f
        },
        5_000,
    );
}

#[test]
fn a_table_with_a_million_targets() {
    let body = format!(
        "(block (block (br_table {} 1 (local.get 0))) (local.set 0 (i32.const 5)))",
        "0 ".repeat(1_000_000)
    );
    let f = build(&module("", &body), 0, &plain()).expect("the function is built");
    let table = f.insts.iter().find(|inst| inst.op == Op::BranchTable).expect("there is a table");
    assert_eq!(table.c, 1_000_001);
    assert!(f.lists.len() < 100 && f.blocks.len() < 10, "targets of a label share what they pass");
}

#[test]
fn many_locals() {
    let locals = format!("(local {})", "i32 ".repeat(49_999));
    let mut body = String::new();
    for local in 1..50_000 {
        body.push_str(&format!(
            "(local.set {local} (local.get 0)) (local.set 0 (i32.add (local.get {local}) (i32.const 1)))"
        ));
    }
    let loops = format!("(loop {body} (br_if 0 (local.get 0)))");
    let f = build(&module(&locals, &loops), 0, &plain()).expect("the function is built");
    assert!(size(&f) < 500_000, "{}", size(&f));
    let entry = Entry::Osr { header: 0, link_slots: 3 };
    let error = build(&module(&locals, &loops), 0, &Settings { entry, ..plain() });
    assert_eq!(error.err(), Some(BuildError::NoSuchLoop));
}

#[test]
fn too_much_to_pass_is_refused() {
    // 15,000 branches to a label behind which 20,000 locals are read.
    let locals = format!("(local {})", "i32 ".repeat(20_000));
    let reads: String = (1..20_000)
        .map(|local| format!("(local.set 0 (i32.add (local.get 0) (local.get {local})))"))
        .collect();
    let writes: String = (1..20_000).map(|local| format!("(local.set {local} (local.get 0))")).collect();
    let branches = "(br_if 0 (local.get 0)) (local.set 7 (local.get 8))".repeat(15_000);
    let module = module(&locals, &format!("(block {writes} {branches} {writes}) {reads}"));
    let mut out = Func::default();
    let result = brisk_codegen::build::build(&mut Builder::default(), &module, 0, &plain(), &mut out);
    assert_eq!(result, Err(BuildError::TooLarge));
    assert!(out.insts.is_empty(), "nothing half built is left");
}
