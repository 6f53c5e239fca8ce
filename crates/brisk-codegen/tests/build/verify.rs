//! Functions that break one rule each.

use brisk_codegen::ir::{parse::parse, verify::verify};

/// What the verifier says to a text.
fn error(text: &str) -> String {
    let f = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    verify(&f).expect_err("the function breaks a rule").to_string()
}

macro_rules! broken {
    ($($name:ident: $text:expr => $message:expr;)*) => {$(
        #[test]
        fn $name() {
            let error = error($text);
            assert!(error.contains($message), "{error}");
        }
    )*};
}

broken! {
    operand_types: "func -> (i32)
block0(v0: i32, v1: i64):
    v2: i32 = add v0, v1
    return v2" => "an operand is i64, not i32";
    result_type: "func -> (i64)
block0(v0: i32):
    v1: i64 = clz v0
    return v1" => "an operand is i32, not i64";
    comparison_gives_i32: "func -> (i64)
block0(v0: i64):
    v1: i64 = icmp.eq v0, v0
    return v1" => "the result is i64, not i32";
    use_before_definition: "func -> (i32)
block0(v0: i32):
    v1: i32 = add v0, v2
    v2: i32 = add v0, v0
    return v1" => "before it is defined";
    use_not_dominated: "func -> (i32)
block0(v0: i32):
    branch v0, block1(), block2()
block1():
    v1: i32 = const 1
    jump block2()
block2():
    return v1" => "before it is defined";
    number_of_arguments: "func -> ()
block0(v0: i32):
    jump block1()
block1(v1: i32):
    return" => "wrong number of arguments";
    type_of_argument: "func -> ()
block0(v0: i32):
    jump block1(v0)
block1(v1: i64):
    return" => "an argument of another type";
    argument_not_available: "func -> ()
block0(v0: i32):
    branch v0, block1(), block2()
block1():
    v1: i32 = const 1
    return
block2():
    jump block3(v1)
block3(v2: i32):
    return" => "before it is defined";
    no_terminator: "func -> ()
block0(v0: i32):
    v1: i32 = add v0, v0" => "add at 0 of 1";
    terminator_inside: "func -> ()
block0():
    return
    return" => "return at 0 of 2";
    results: "func -> (i32)
block0():
    return" => "wrong number of results";
    unreachable_block: "func -> ()
block0():
    return
block1():
    return" => "no block before it leads there";
    unmarked_loop: "func -> ()
block0():
    jump block1()
block1():
    jump block1()" => "wrong mark of a loop header";
    marked_without_loop: "func -> ()
block0():
    jump block1()
block1() loop:
    return" => "wrong mark of a loop header";
    edge_into_loop: "func -> ()
block0(v0: i32):
    branch v0, block1(), block3()
block1():
    jump block2()
block2() loop:
    return
block3():
    jump block2()" => "an edge backwards changes what dominates block2";
    edge_to_entry: "func -> ()
block0():
    jump block0()" => "an edge to the entry";
    result_apart: "func -> (i32) calls
block0():
    v0 = call 1 type 0 ()
    v1: i32 = const 1
    v2: i32 = result v0, 0
    return v2" => "a result apart from its call";
    result_in_handler: "func -> (i32) calls
block0():
    v0 = call 1 type 0 () -> block1(), all block2()
block1():
    v1: i32 = const 1
    return v1
block2():
    v2: i64 = caught
    v3: i32 = result v0, 0
    return v3" => "a result apart from its call";
    handler_without_caught: "func -> () calls
block0():
    v0 = call 1 type 0 () -> block1(), all block2()
block1():
    return
block2():
    return" => "does not begin with caught";
    caught_elsewhere: "func -> (i64)
block0():
    v0: i64 = caught
    return v0" => "caught in a block that is no handler";
    caught_second: "func -> () calls
block0():
    v0 = call 1 type 0 () -> block1(), all block2()
block1():
    return
block2():
    v1: i64 = caught
    v2: i64 = caught
    return" => "caught is not first";
    libcall_arguments: "func -> () calls
block0(v0: i32):
    call_lib.data_drop (v0, v0)
    return" => "wrong number of arguments";
    libcall_types: "func -> () calls
block0(v0: i64):
    call_lib.data_drop (v0)
    return" => "an operand is i64, not i32";
    call_without_type: "func -> () calls
block0():
    v0 = call 1 ()
    return" => "a call without type index";
    tail_call_with_edges: "func -> () calls
block0():
    tail_call 1 type 0 () -> block1()
block1():
    return" => "a tail call with edges";
    uncounted_call: "func -> ()
block0():
    v0 = call 1 type 0 ()
    return" => "said not to call";
    access_width: "func -> (f32)
block0(v0: i32):
    v1: f32 = load.u64.memory0.pinned.traps v0 + 0
    return v1" => "f32 is not accessed as u64";
    signed_store: "func -> ()
block0(v0: i32):
    store.s8.memory0.pinned.traps v0 + 0, v0
    return" => "a store has no sign";
    vector_operand: "func -> (v128)
block0(v0: i32):
    v1: v128 = simd.i8x16_neg v0
    return v1" => "an operand is i32, not v128";
    select_condition: "func -> (i32)
block0(v0: i32, v1: i64):
    v2: i32 = select v0, v0, v1
    return v2" => "an operand is i64, not i32";
}

#[test]
fn the_right_ones_pass() {
    let text = "func -> (i32) calls
block0(v0: i32):
    v1 = call 1 type 0 (v0) -> block2(), tag 3 block1()
block1() cold:
    v2: i64 = caught
    jump block3(v0)
block2():
    v3: i32 = result v1, 0
    jump block3(v3)
block3(v4: i32) depth 1 loop:
    branch v4, block3(v0), block4()
block4():
    return v4
";
    let f = parse(text).expect("the text has the form");
    verify(&f).expect("the function keeps the rules");
    assert_eq!(brisk_codegen::ir::print::print(&f), text);
}

#[test]
fn lines_that_have_no_meaning_are_reported() {
    for (text, message) in [
        ("func -> (i33)", "no `i33`"),
        ("func -> ()\nblock1():\n    return", "expected `block0`"),
        ("func -> ()\nblock0():\n    leave", "no `leave`"),
        ("func -> ()\nblock0():\n    return v1", "no value `v1`"),
        ("func -> ()\nblock0(v0: i32, v0: i32):\n    return", "defined twice"),
        ("func -> ()\nblock0():\n    return\n    jump block0() x", "is left"),
    ] {
        let error = parse(text).expect_err("the text is wrong").to_string();
        assert!(error.contains(message), "{error}");
    }
}
