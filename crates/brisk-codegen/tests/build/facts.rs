//! What the text form does not show.

use crate::support::{build, decode, full, plain};
use brisk_codegen::build::{Builder, Settings};
use brisk_codegen::ir::print::print;
use brisk_codegen::ir::{Func, Op};
use brisk_module::wasmparser::{BinaryReader, FunctionBody, Operator};

#[test]
fn instructions_know_where_they_come_from() {
    let module = decode(
        "(module (memory 1) (func (param i32) (result i32)
            (i32.store (local.get 0) (i32.const 1))
            (i32.div_u (i32.load offset=4 (local.get 0)) (local.get 0))))",
    );
    let f = build(&module, 0, &plain()).expect("the function is built");
    let range = module.bodies[0].range.clone();
    let body = BinaryReader::new(&module.bytes()[range.clone()], range.start as u64);
    let ops = FunctionBody::new(body).get_operators_reader().expect("the body decodes");
    for item in ops.into_iter_with_offsets() {
        let (op, offset) = item.expect("the body decodes");
        let expected = match op {
            Operator::I32Store { .. } => Op::Store,
            Operator::I32Load { .. } => Op::Load,
            Operator::I32DivU => Op::DivU,
            _ => continue,
        };
        let mut found = f.layout.iter().filter(|value| f.positions[value.0 as usize] == offset as u32);
        assert!(found.any(|&value| f.inst(value).op == expected), "{expected:?} at {offset}");
    }
}

#[test]
fn what_was_built_before_does_not_matter() {
    let large: String =
        (0..200).map(|_| "(if (local.get 0) (then (local.set 1 (i32.const 3))))".to_owned()).collect();
    let module = decode(&format!(
        "(module (tag $t) (memory 1)
            (func (param i32) (result i32) (local i32 v128) {large} (local.get 1))
            (func (param i32) (result i32) (local i32 i64)
                (loop (br_if 0 (local.tee 1 (i32.add (local.get 1) (local.get 0)))))
                (i32.load offset=8 (local.get 1)))
            (func (param i32) (result i32) (block (try_table (catch $t 0) (throw $t))) (i32.const 1)))"
    ));
    let mut cx = Builder::default();
    let mut out = Func::default();
    let mut with = |func: u32, settings: &Settings<'_>| {
        brisk_codegen::build::build(&mut cx, &module, func, settings, &mut out)
            .expect("the function is built");
        print(&out)
    };
    for func in [0, 1, 2, 1, 0, 2, 2, 1] {
        for settings in [plain(), full()] {
            let alone = build(&module, func, &settings).expect("the function is built");
            assert_eq!(with(func, &settings), print(&alone));
        }
    }
}

#[test]
fn loops_are_contiguous_where_the_text_leaves_them_inside() {
    // The arm that returns stands inside the loop's text but is no part of the loop.
    let module = decode(
        "(module (func (param i32) (result i32)
            (loop
                (if (i32.eq (local.get 0) (i32.const 7))
                    (then (if (local.get 0) (then (return (i32.const 1)))) (return (i32.const 2))))
                (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (i32.const 3)))",
    );
    let f = build(&module, 0, &plain()).expect("the function is built");
    let inside: Vec<bool> = f.blocks.iter().map(|block| block.loop_depth == 1).collect();
    let first = inside.iter().position(|&inside| inside).expect("there is a loop");
    let count = inside.iter().filter(|&&inside| inside).count();
    assert_eq!(count, 2, "the header, and the block with the branch back");
    assert!(inside[first..first + count].iter().all(|&inside| inside));
}
