use super::*;
use crate::{Finality, FuncType, Module, ValType};

fn module(engine: &Engine, types: &str) -> Module {
    Module::new(engine, format!("(module {types})")).unwrap()
}

fn ids(engine: &Engine, types: &str) -> (Vec<u32>, Module) {
    let module = module(engine, types);
    (module.type_ids().to_vec(), module)
}

#[test]
fn the_same_type_has_one_id() {
    let engine = Engine::default();
    let (a, _a) = ids(&engine, "(type (func (param i32))) (type (func)) (type (func (param i32)))");
    let (b, _b) = ids(&engine, "(type (func)) (type (func (param i32)))");
    assert_eq!(a, [b[1], b[0], b[1]]);
    assert!(!a.contains(&0));
    let host = FuncType::new(&engine, [ValType::I32], []);
    assert_eq!(host.id(), a[0]);
}

#[test]
fn finality_and_supertypes_are_part_of_a_type() {
    let engine = Engine::default();
    let (a, _a) = ids(
        &engine,
        "(type (func)) (type $open (sub (func))) (type (sub final (func)))
         (type (sub $open (func))) (type (sub final $open (func)))",
    );
    assert_eq!(a[0], a[2]);
    let distinct: std::collections::HashSet<u32> = a.iter().copied().collect();
    assert_eq!(distinct.len(), 4);
}

#[test]
fn groups_are_compared_as_wholes() {
    let engine = Engine::default();
    let (a, _a) = ids(
        &engine,
        "(rec (type $a (func (param (ref $b)))) (type $b (func (result (ref $a)))))
         (rec (type $c (func (param (ref $d)))) (type $d (func (result (ref $c)))))
         (rec (type $f (func (result (ref $e)))) (type $e (func (param (ref $f)))))
         (rec (type (func)) (type (func))) (type (func)) (rec (type (func)))",
    );
    assert_eq!(a[0..2], a[2..4], "same shape, same place");
    assert_ne!(a[4], a[1], "the same types in another order are another group");
    assert_ne!(a[6], a[7], "places in a group differ");
    assert!(!a[6..8].contains(&a[8]), "a group of two is none of one");
    assert_eq!(a[8], a[9], "a group of one is a type of its own");
}

#[test]
fn a_reference_to_the_own_group_is_none_to_an_earlier_type() {
    let engine = Engine::default();
    // `$b` unrolls `$a` once: equal as infinite trees, not by iso-recursive equality.
    let (a, _a) =
        ids(&engine, "(type $a (func (param (ref null $a)))) (type $b (func (param (ref null $a))))");
    assert_ne!(a[0], a[1]);
    let (b, _b) = ids(&engine, "(type (func)) (type $x (func (param (ref null $x))))");
    assert_eq!(b[1], a[0]);
}

#[test]
fn subtyping_follows_declarations() {
    let engine = Engine::default();
    let (a, _a) = ids(
        &engine,
        "(type $a (sub (func))) (type $b (sub $a (func))) (type $c (sub $b (func))) (type $d (sub final $a (func)))
         (type $other (func (param i32)))",
    );
    for (sub, above, expected) in [
        (0, 0, true),
        (1, 0, true),
        (2, 0, true),
        (2, 1, true),
        (3, 0, true),
        (0, 1, false),
        (2, 3, false),
        (3, 1, false),
        (4, 0, false),
        (0, 4, false),
    ] {
        assert_eq!(engine.is_subtype(a[sub], a[above]), expected, "{sub} below {above}");
    }
    assert!(!engine.is_subtype(a[0], 0) && !engine.is_subtype(0, a[0]) && !engine.is_subtype(1 << 30, 1));
}

#[test]
fn subtyping_within_a_group_and_across_modules() {
    let engine = Engine::default();
    let (a, _a) = ids(
        &engine,
        "(rec (type $s (sub (func (result (ref null $t))))) (type $t (sub $s (func (result (ref null $t))))))",
    );
    assert!(engine.is_subtype(a[1], a[0]) && !engine.is_subtype(a[0], a[1]));
    let (b, _b) = ids(
        &engine,
        "(rec (type $s (sub (func (result (ref null $t))))) (type $t (sub $s (func (result (ref null $t))))))
         (type $u (sub final $t (func (result nullfuncref))))",
    );
    assert_eq!(a, b[0..2]);
    assert!(engine.is_subtype(b[2], a[0]));
}

#[test]
fn chains_of_supertypes_may_be_as_deep_as_validation_allows() {
    let engine = Engine::default();
    let mut text = String::from("(type (sub (func)))");
    for i in 0..62 {
        text += &format!("(type (sub {i} (func)))");
    }
    let (a, _a) = ids(&engine, &text);
    assert!(engine.is_subtype(a[62], a[0]) && engine.is_subtype(a[62], a[31]));
    assert!(!engine.is_subtype(a[0], a[62]));
}

#[test]
fn types_go_with_their_last_user() {
    let engine = Engine::default();
    let text = "(type $a (sub (func))) (rec (type $b (sub $a (func))) (type $c (func (param (ref $b)))))";
    let (a, first) = ids(&engine, text);
    let (b, second) = ids(&engine, text);
    assert_eq!(a, b);
    assert_eq!(engine.types().len(), 2);
    drop(first);
    assert_eq!(engine.types().len(), 2);
    let kept = FuncType::from_id(&engine, b[2]);
    drop(second);
    assert_eq!(engine.types().len(), 2, "the second group keeps the first");
    let param = kept.param(0).unwrap();
    drop(kept);
    assert_eq!(engine.types().len(), 2, "the parameter's type is of the same group");
    let above = param.unwrap_ref().heap_type().unwrap_concrete_func().supertype().unwrap();
    drop(param);
    assert_eq!(engine.types().len(), 1);
    assert_eq!(above.id(), a[0]);
    drop(above);
    assert_eq!(engine.types().len(), 0);
}

#[test]
fn ids_are_used_again_and_mean_the_new_type() {
    let engine = Engine::default();
    let (old, module) = ids(&engine, "(type $a (sub (func))) (type $b (sub $a (func)))");
    assert!(engine.is_subtype(old[1], old[0]));
    drop(module);
    let (new, _new) = ids(&engine, "(type (func (param i32))) (type (func (param i64)))");
    let sorted = |ids: &[u32]| ids.iter().copied().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(sorted(&old), sorted(&new));
    assert!(!engine.is_subtype(new[0], new[1]) && !engine.is_subtype(new[1], new[0]));
}

#[test]
fn ranges_are_used_again_for_groups_of_their_size() {
    let engine = Engine::default();
    for _ in 0..100 {
        drop(module(&engine, "(rec (type (func)) (type (func)) (type (func))) (type (func))"));
    }
    assert_eq!(engine.types().table().entries.len(), 4);
}

#[test]
fn a_failed_module_leaves_no_types() {
    let engine = Engine::default();
    assert!(Module::new(&engine, "(module (type (func (param f32))) (func (result i32)))").is_err());
    assert_eq!(engine.types().len(), 0);
}

#[test]
fn many_types_keep_their_supertypes() {
    // More than several chunks of the table that is read without a lock.
    let engine = Engine::default();
    let base = FuncType::with_finality_and_supertype(&engine, Finality::NonFinal, None, [], []).unwrap();
    let mut all = Vec::new();
    for i in 0..1000u32 {
        let params: Vec<ValType> =
            (0..10).map(|bit| if i >> bit & 1 == 0 { ValType::I32 } else { ValType::I64 }).collect();
        all.push(FuncType::new(&engine, params, []));
        all.push(
            FuncType::with_finality_and_supertype(
                &engine,
                Finality::NonFinal,
                Some(all_base(&all, &base)),
                [],
                [],
            )
            .unwrap(),
        );
    }
    assert!(all.iter().skip(1).step_by(2).all(|ty| ty.matches(&base)));
    assert!(all.iter().step_by(2).all(|ty| !ty.matches(&base)));
    drop((all, base));
    assert_eq!(engine.types().len(), 0);
}

/// The last subtype made, if it is not too deep.
fn all_base<'a>(all: &'a [FuncType], base: &'a FuncType) -> &'a FuncType {
    match all.len() / 2 % 50 {
        0 => base,
        _ => all.iter().rev().nth(1).unwrap_or(base),
    }
}

#[test]
fn the_deepest_place_is_inside_the_table() {
    for id in [1, 63, 64, 65, 1 << 20, IN_GROUP - 1] {
        let (chunk, index) = Supertypes::place(id);
        assert!(chunk < CHUNKS, "{id}");
        assert!(index < 1 << (chunk as u32 + FIRST_CHUNK_LOG2), "{id}");
    }
}

#[test]
fn threads_register_and_release_at_once() {
    let engine = Engine::default();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let engine = &engine;
            scope.spawn(move || {
                for round in 0..200 {
                    let own = match (thread + round) % 3 {
                        0 => "(type $a (sub (func))) (type (sub $a (func)))",
                        1 => "(rec (type $a (sub (func))) (type (sub $a (func))))",
                        _ => "(type (func (param i32))) (type $a (sub (func)))",
                    };
                    let (ids, _module) = ids(engine, own);
                    let declared = (thread + round) % 3 != 2;
                    assert_eq!(engine.is_subtype(ids[1], ids[0]), declared);
                }
            });
        }
    });
    assert_eq!(engine.types().len(), 0);
}
