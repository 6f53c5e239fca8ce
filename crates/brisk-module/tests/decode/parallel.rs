//! Validation on several threads reports what validation on one does.

use super::*;
use big_input::module_of_bodies;

fn threads(count: usize) -> DecodeOptions {
    DecodeOptions { parallel_threads: count, parallel_code_bytes: 0, ..serial() }
}

/// Bodies of differing sizes; `special` puts other ones in some places.
fn bodies(count: usize, special: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bodies: Vec<Vec<u8>> =
        (0..count).map(|i| [&[0][..], &vec![1; 1 + (i * 7919) % 500], &[0x0b]].concat()).collect();
    for (at, body) in special {
        bodies[*at] = body.to_vec();
    }
    module_of_bodies(bodies.iter().map(|body| &body[..]))
}

/// drop of nothing
const INVALID: &[u8] = b"\0\x1a\x0b";
/// i32.const 0, ref.i31, drop
const GC: &[u8] = b"\0\x41\0\xfb\x1c\x1a\x0b";
/// atomic.fence
const ATOMIC: &[u8] = b"\0\xfe\x03\0\x0b";
/// memory.fill and i32.trunc_sat_f32_s in dead code, without a memory the first is invalid
const NO_MEMORY: &[u8] = b"\0\x00\xfc\x0b\x00\x0b";

#[test]
fn same_result_with_any_number_of_threads() {
    let cases: &[&[(usize, &[u8])]] = &[
        &[],
        &[(0, INVALID)],
        &[(999, INVALID)],
        &[(17, INVALID), (18, NO_MEMORY), (900, INVALID)],
        &[(500, GC), (501, ATOMIC)],
        &[(500, ATOMIC), (3, GC)],
        &[(10, GC), (990, INVALID)],
        &[(31, INVALID), (32, INVALID), (33, INVALID), (47, NO_MEMORY)],
    ];
    for case in cases {
        let bytes = bodies(1000, case);
        let one = Module::decode(bytes.clone(), &threads(1));
        let first = |wanted: &dyn Fn(&[u8]) -> bool| {
            case.iter().filter(|(_, body)| wanted(body)).map(|(at, _)| *at as u32).min()
        };
        let invalid = first(&|body| body == INVALID || body == NO_MEMORY);
        let expected = invalid.or_else(|| first(&|_| true));
        let found = one.as_ref().err().map(|error| error.func().unwrap().index);
        assert_eq!(found, expected, "{case:?}");
        for count in [0, 2, 3, 8, 100] {
            for _ in 0..5 {
                let other = Module::decode(bytes.clone(), &threads(count));
                match (&one, &other) {
                    (Ok(one), Ok(other)) => {
                        assert_eq!(one.features_used, other.features_used);
                        assert_eq!(one.bodies.len(), other.bodies.len());
                    }
                    (Err(one), Err(other)) => assert_eq!(one, other),
                    _ => panic!("{count} threads differ on {case:?}"),
                }
            }
        }
    }
}

#[test]
fn features_are_collected_from_all_threads() {
    // i32.extend8_s, memory-less saturating conversion, a typed select; far from each other.
    let bytes = bodies(
        1000,
        &[
            (1, b"\0\x41\0\xc0\x1a\x0b"),
            (500, b"\0\x43\0\0\0\0\xfc\x00\x1a\x0b"),
            (998, b"\0\xd0\x70\x1a\x0b"),
        ],
    );
    for count in [1, 2, 4] {
        let module = Module::decode(bytes.clone(), &threads(count)).unwrap();
        assert_eq!(
            module.features_used,
            ["saturating-float-to-int", "sign-extension", "reference-types"],
            "{count} threads"
        );
    }
}

#[test]
fn left_to_the_machine() {
    let options = DecodeOptions { parallel_code_bytes: 0, ..DecodeOptions::default() };
    assert_eq!(options.parallel_threads, DecodeOptions::AUTO_THREADS);
    assert_eq!(Module::decode(bodies(100, &[]), &options).unwrap().bodies.len(), 100);
    let error = Module::decode(bodies(100, &[(70, INVALID)]), &options).unwrap_err();
    assert_eq!(error.func().unwrap().index, 70);
}
