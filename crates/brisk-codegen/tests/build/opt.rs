//! The passes: IR text in, IR text out. Both are one text: lines that begin with `-` are only in what goes in, lines that
//! begin with `+` only in what comes out.

use brisk_codegen::ir::{Func, parse::parse, print::print, verify::verify};
use brisk_codegen::opt::Optimizer;

fn read(text: &str) -> Func {
    let func = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    verify(&func).unwrap_or_else(|error| panic!("{error}\n{text}"));
    func
}

/// What goes in, and what is to come out.
fn sides(text: &str) -> [Func; 2] {
    ['-', '+'].map(|side| {
        let line = |line: &str| match line.strip_prefix(['-', '+']) {
            Some(rest) => line.starts_with(side).then(|| format!("{rest}\n")),
            None => Some(format!("{line}\n")),
        };
        read(&text.lines().filter_map(line).collect::<String>())
    })
}

/// What the numbering and the removal of what is unused make of a function.
#[track_caller]
fn numbered(text: &str) {
    let [mut func, after] = sides(text);
    let mut optimizer = Optimizer::default();
    optimizer.opt_number(&mut func);
    optimizer.opt_dead(&mut func);
    let found = print(&func);
    verify(&func).unwrap_or_else(|error| panic!("{error}\n{found}"));
    assert_eq!(found, print(&after));
}

/// What must stay as it is.
#[track_caller]
fn stays(text: &str) {
    numbered(text);
}

#[test]
fn what_a_dominator_computed_is_not_computed_again() {
    numbered(
        "func -> (i32)
block0(v0: i32, v1: i32):
    v2: i32 = add v0, v1
    branch v2, block1(), block2()
block1():
-    v3: i32 = add v0, v1
-    return v3
+    return v2
block2():
    v4: i32 = mul v0, v1
    return v4
",
    );
}

#[test]
fn what_another_branch_computed_is() {
    stays(
        "func -> (i32)
block0(v0: i32, v1: i32):
    branch v0, block1(), block2()
block1():
    v2: i32 = add v0, v1
    jump block3(v2)
block2():
    v3: i32 = add v0, v1
    v4: i32 = mul v3, v3
    jump block3(v4)
block3(v5: i32):
    v6: i32 = add v0, v1
    v7: i32 = xor v5, v6
    return v7
",
    );
}

#[test]
fn a_load_that_traps_goes_only_behind_the_same_access() {
    numbered(
        "func -> (i32)
block0(v0: i32):
    v1: i32 = load.u32.memory0.pinned.traps v0 + 8
-    v2: i32 = load.u32.memory0.pinned.traps v0 + 8
    v3: i32 = load.u32.memory0.pinned.traps v0 + 12
    v4: i32 = load.u8.memory0.pinned.traps v0 + 8
-    return v2
+    return v1
",
    );
}

#[test]
fn a_load_that_traps_on_one_way_only_stays_on_the_other() {
    stays(
        "func -> (i32)
block0(v0: i32):
    branch v0, block1(), block2()
block1():
    v1: i32 = load.u32.memory0.pinned.traps v0 + 0
    jump block2()
block2():
    v2: i32 = load.u32.memory0.pinned.traps v0 + 0
    return v2
",
    );
}

#[test]
fn divisions_and_conversions_trap_once_where_they_would_twice() {
    numbered(
        "func -> (i32)
block0(v0: i32, v1: i32):
    v2: i32 = div_s v0, v1
-    v3: i32 = div_s v0, v1
    v4: i32 = div_s v1, v0
    trap_if.integer_overflow v0
-    trap_if.integer_overflow v0
    trap_if.division_by_zero v0
-    return v3
+    return v2
",
    );
}

#[test]
fn what_was_stored_is_what_is_loaded() {
    numbered(
        "func -> (i32)
block0(v0: i32, v1: i32, v2: i64):
    store.u32.memory0.pinned.traps v0 + 4, v1
    store.u64.memory0.pinned.traps v0 + 8, v2
-    v3: i32 = load.u32.memory0.pinned.traps v0 + 4
-    return v3
+    return v1
",
    );
}

/// Overlapping bytes, other widths, other bases.
#[test]
fn what_may_have_been_stored_over_is_loaded() {
    for between in [
        "store.u64.memory0.pinned.traps v0 + 0, v2",
        "store.u8.memory0.pinned.traps v0 + 7, v1",
        "store.u8.memory0.pinned.traps v1 + 100, v1",
    ] {
        stays(&format!(
            "func -> (i32)
block0(v0: i32, v1: i32, v2: i64):
    store.u32.memory0.pinned.traps v0 + 4, v1
    {between}
    v3: i32 = load.u32.memory0.pinned.traps v0 + 4
    return v3
"
        ));
    }
    for (store, load) in [("u8", "u8"), ("u16", "s16"), ("u32", "u8")] {
        stays(&format!(
            "func -> (i32)
block0(v0: i32, v1: i32):
    store.{store}.memory0.pinned.traps v0 + 4, v1
    v2: i32 = load.{load}.memory0.pinned.traps v0 + 4
    return v2
"
        ));
    }
}

/// The low half of a store of 64 bits is not the value of that type.
#[test]
fn a_narrow_store_is_not_what_is_loaded() {
    stays(
        "func -> (i64)
block0(v0: i32, v1: i64):
    store.u32.memory0.pinned.traps v0 + 4, v1
    v2: i64 = load.u32.memory0.pinned.traps v0 + 4
    return v2
",
    );
}

#[test]
fn other_regions_are_not_stored_over() {
    numbered(
        "func -> (i32)
block0(v0: i32, v1: i64, v2: i32):
    v3: i32 = load.u32.global v1 + 0
    store.u32.memory0.pinned.traps v0 + 4, v2
-    v4: i32 = load.u32.global v1 + 0
-    return v4
+    return v3
",
    );
}

#[test]
fn joins_and_loops_that_store_forget_what_was_loaded() {
    stays(
        "func -> (i32)
block0(v0: i32, v1: i32):
    v2: i32 = load.u32.memory0.pinned.traps v0 + 0
    branch v2, block1(), block2()
block1():
    store.u32.memory0.pinned.traps v1 + 0, v2
    jump block2()
block2():
    v3: i32 = load.u32.memory0.pinned.traps v0 + 0
    return v3
",
    );
    stays(
        "func -> (i32)
block0(v0: i32, v1: i32):
    v2: i32 = load.u32.memory0.pinned.traps v0 + 0
    jump block1(v2)
block1(v3: i32) depth 1 loop:
    v4: i32 = load.u32.memory0.pinned.traps v0 + 0
    v5: i32 = add v4, v3
    jump block2()
block2() depth 1:
    store.u32.memory0.pinned.traps v1 + 0, v5
    branch v5, block1(v5), block3()
block3():
    return v5
",
    );
}

#[test]
fn a_loop_that_stores_elsewhere_does_not_load_again() {
    numbered(
        "func -> (i32)
block0(v0: i64, v1: i32):
    v2: i32 = load.u32.global v0 + 0
    jump block1(v2)
block1(v3: i32) depth 1 loop:
-    v4: i32 = load.u32.global v0 + 0
    store.u32.memory0.pinned.traps v1 + 0, v3
-    branch v4, block1(v4), block2()
+    branch v2, block1(v2), block2()
block2():
-    return v4
+    return v2
",
    );
}

/// An interrupt runs what the host wants, which may write, and grow the memory.
#[test]
fn an_interrupt_forgets_what_was_loaded() {
    stays(
        "func -> (i64)
block0(v0: i64):
    v1: i64 = load.u64.memory_descriptor v0 + 0
    jump block1(v1)
block1(v2: i64) depth 1 loop:
    poll
    v3: i64 = load.u64.memory_descriptor v0 + 0
    v4: i64 = sub v3, v2
    v5: i32 = wrap v4
    branch v5, block1(v3), block2()
block2():
    return v4
",
    );
}

#[test]
fn a_check_covers_those_that_reach_less_far_whatever_the_length() {
    numbered(
        "func -> (i64)
block0(v0: i64, v1: i32):
    v2: i64 = load.u64.memory_descriptor v0 + 8
    v3: i64 = check v1, v2, 8
    poll
    v4: i64 = load.u64.memory_descriptor v0 + 8
-    v5: i64 = check v1, v4, 4
    v6: i64 = check v1, v4, 9
-    v7: i64 = add v5, v6
+    v7: i64 = add v3, v6
    return v7
",
    );
}

#[test]
fn a_check_of_another_memory_or_address_stays() {
    stays(
        "func -> (i64)
block0(v0: i64, v1: i64, v2: i32, v3: i32):
    v4: i64 = load.u64.memory_descriptor v0 + 8
    v5: i64 = load.u64.memory_descriptor v1 + 8
    v6: i64 = check v2, v4, 8
    v7: i64 = check v2, v5, 8
    v8: i64 = check v3, v4, 8
    v9: i64 = add v6, v7
    v10: i64 = add v9, v8
    return v10
",
    );
}

#[test]
fn a_check_of_another_memory_of_the_instance_stays() {
    // The lengths of an instance's own memories are at different places of its context.
    stays(
        "func -> (i64)
block0(v0: i64, v1: i32):
    v2: i64 = load.u64.memory_descriptor v0 + 568
    v3: i64 = load.u64.memory_descriptor v0 + 728
    v4: i64 = check v1, v3, 406587
    v5: i64 = check v1, v2, 8
    v6: i64 = add v4, v5
    return v6
",
    );
}

#[test]
fn a_step_that_only_the_next_round_wants_comes_last() {
    numbered(
        "func -> (i32)
block0(v0: i32):
    jump block1(v0)
block1(v1: i32) depth 1 loop:
    v2: i32 = const 1
+    v4: i32 = load.u8.memory0.pinned.traps v1 + 1
    v3: i32 = add v1, v2
-    v4: i32 = load.u8.memory0.pinned.traps v1 + 1
    branch v4, block1(v3), block2()
block2():
    return v1
",
    );
}

#[test]
fn a_step_that_is_read_stays_before_its_user() {
    stays(
        "func -> (i32)
block0(v0: i32):
    jump block1(v0)
block1(v1: i32) depth 1 loop:
    v2: i32 = const 1
    v3: i32 = add v1, v2
    v4: i32 = load.u8.memory0.pinned.traps v3 + 0
    branch v4, block1(v3), block2(v3)
block2(v5: i32):
    return v5
",
    );
}

/// What making charges together makes of a function.
#[track_caller]
fn charged(text: &str) {
    let [mut func, after] = sides(text);
    Optimizer::default().opt_fuel(&mut func);
    assert_eq!(print(&func), print(&after));
}

#[test]
fn charges_are_carried_on_to_the_next_one_and_into_both_branches() {
    charged(
        "func -> (i32)
block0(v0: i32, v1: i32):
    fuel 3, 1
    v2: i32 = add v0, v1
-    fuel 2, 0
    v3: i32 = mul v2, v1
-    fuel 4, 0
    branch v3, block1(), block2()
block1():
-    fuel 1, 0
+    fuel 7, 0
    return v0
block2():
-    fuel 5, 1
+    fuel 11, 1
    return v1
",
    );
}

#[test]
fn charges_are_made_before_anybody_sees_what_is_left() {
    charged(
        "func -> (i32)
block0(v0: i32, v1: i32):
    fuel 2, 0
    v2: i32 = load.u32.memory0.pinned.traps v0 + 4
    fuel 3, 0
    poll
    fuel 1, 0
    branch v0, block1(), block2(v2)
block1():
    fuel 4, 0
    jump block2(v1)
block2(v3: i32):
    fuel 5, 0
    return v3
",
    );
}
