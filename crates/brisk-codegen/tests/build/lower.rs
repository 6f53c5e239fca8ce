//! IR text in, machine instructions before allocation out: what holds of them whatever the IR.

use brisk_codegen::ir::{parse::parse, verify::verify};
use brisk_codegen::layout::VmLayout;
use brisk_codegen::lower::{LowerSettings, Lowered, Lowerer, lower};
use brisk_codegen::x64::X64;
use brisk_codegen::x64::asm::Features;

/// Lowers a function; each edge must pass a value for each parameter of the block it leads to.
#[track_caller]
fn edges_fit(text: &str, with_arguments: usize) {
    let func = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    verify(&func).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let settings = LowerSettings { layout: VmLayout::default(), features: Features::ALL, spectre: false };
    let mut out = Lowered::default();
    lower(&mut Lowerer::<X64>::default(), &func, &settings, &mut out);
    let mut passing = 0;
    for (number, block) in out.code.blocks.iter().enumerate() {
        for edge in &out.code.edges[block.succs.indices()] {
            let params = out.code.blocks[edge.to as usize].params.indices().len();
            let args = edge.args.indices().len();
            assert_eq!(args, params, "block {number} to {}:\n{}", edge.to, out.code.print(None));
            passing += usize::from(args > 0);
        }
    }
    assert_eq!(passing, with_arguments, "{}", out.code.print(None));
}

/// A join whose other predecessor was dropped (as it happens to functions entered at a loop) keeps its parameter.
#[test]
fn a_branch_passes_values_to_a_block_with_one_predecessor() {
    edges_fit(
        "func -> (i32)
block0(v0: i32, v1: i32):
    branch v0, block1(v1), block2()
block1(v2: i32):
    v3: i32 = add v2, v0
    return v3
block2():
    return v0
",
        1,
    );
}

#[test]
fn a_table_passes_values_to_blocks_with_one_predecessor() {
    edges_fit(
        "func -> (i32)
block0(v0: i32, v1: i32):
    branch_table v0, block1(v1), block2(v0, v1), block3()
block1(v2: i32):
    v3: i32 = add v2, v0
    return v3
block2(v4: i32, v5: i32):
    v6: i32 = mul v4, v5
    return v6
block3():
    return v0
",
        2,
    );
}

#[test]
fn edges_pass_what_is_read_to_joins_and_all_to_loops() {
    edges_fit(
        "func -> (i32)
block0(v0: i32, v1: i32):
    jump block1(v0, v1)
block1(v2: i32, v3: i32) depth 1 loop:
    v4: i32 = add v2, v3
    branch v4, block1(v4, v0), block2(v2, v4)
block2(v5: i32, v6: i32):
    return v6
",
        3,
    );
}
