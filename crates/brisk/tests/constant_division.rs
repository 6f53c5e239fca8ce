//! Division by constants, which machine code does by multiplication: compared with Rust's own.

use brisk::*;
use std::fmt::Write;

const DIVISORS: &[u64] = &[
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    25,
    28,
    60,
    100,
    125,
    127,
    128,
    255,
    256,
    365,
    625,
    641,
    1000,
    1024,
    3600,
    10_000,
    65_535,
    65_536,
    65_537,
    1_000_000,
    6_700_417,
    16_777_216,
    999_999_937,
    1_000_000_000,
    0x3fff_ffff,
    0x4000_0000,
    0x5555_5555,
    0x7fff_fffe,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xaaaa_aaab,
    0xffff_fffb,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    10_000_000_000,
    0x1234_5678_9abc_def1,
    0x3fff_ffff_ffff_ffff,
    0x5555_5555_5555_5555,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0xaaaa_aaaa_aaaa_aaab,
    0xffff_ffff_0000_0001,
    0xffff_ffff_ffff_fff9,
    0xffff_ffff_ffff_fffd,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
    1,
];

/// Numbers around multiples of a divisor, around powers of two, and some others.
fn dividends(divisor: u64) -> Vec<u64> {
    let mut numbers =
        vec![0, 1, u64::MAX, i64::MAX as u64, i64::MIN as u64, i32::MAX as u64, i32::MIN as u64];
    for factor in
        [1, 2, 3, 1000, u64::MAX / divisor, i64::MAX as u64 / divisor, u64::from(u32::MAX) / divisor]
    {
        let multiple = divisor.wrapping_mul(factor);
        numbers.extend([
            multiple,
            multiple.wrapping_sub(1),
            multiple.wrapping_add(1),
            multiple.wrapping_neg(),
        ]);
    }
    let mut state = divisor ^ 0x9e37_79b9_7f4a_7c15;
    for _ in 0..40 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        numbers.extend([state, state >> 32, state >> (state & 63)]);
    }
    numbers
}

#[test]
fn quotients_and_remainders_by_constants_are_right() {
    for tier in [Tier::Jit, Tier::Interp] {
        let engine = Engine::new(Config::new().tier(tier)).unwrap();
        let mut store = Store::new(&engine, ());
        for &divisor in DIVISORS {
            let mut text = String::from("(module");
            for op in ["div_s", "div_u", "rem_s", "rem_u"] {
                for (ty, constant) in [("i32", i64::from(divisor as i32)), ("i64", divisor as i64)] {
                    let body = format!("({ty}.{op} (local.get 0) ({ty}.const {constant}))");
                    write!(text, "(func (export \"{ty}.{op}\") (param {ty}) (result {ty}) {body})").unwrap();
                }
            }
            text.push(')');
            let module = Module::new(&engine, &text).unwrap();
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            check_32(&mut store, &instance, divisor as u32);
            check_64(&mut store, &instance, divisor);
        }
    }
}

fn check_32(store: &mut Store<()>, instance: &Instance, divisor: u32) {
    if divisor == 0 {
        return;
    }
    let mut func = |op: &str| instance.get_typed_func::<u32, u32>(&mut *store, &format!("i32.{op}")).unwrap();
    let [div_s, div_u, rem_s, rem_u] = ["div_s", "div_u", "rem_s", "rem_u"].map(&mut func);
    for n in dividends(u64::from(divisor)) {
        let n = n as u32;
        let (a, b) = (n as i32, divisor as i32);
        assert_eq!(div_u.call(&mut *store, n).unwrap(), n / divisor, "{n} / {divisor}");
        assert_eq!(rem_u.call(&mut *store, n).unwrap(), n % divisor, "{n} % {divisor}");
        assert_eq!(rem_s.call(&mut *store, n).unwrap(), a.wrapping_rem(b) as u32, "{a} % {b}");
        match a.checked_div(b) {
            Some(q) => assert_eq!(div_s.call(&mut *store, n).unwrap(), q as u32, "{a} / {b}"),
            None => assert!(div_s.call(&mut *store, n).is_err(), "{a} / {b}"),
        }
    }
}

fn check_64(store: &mut Store<()>, instance: &Instance, divisor: u64) {
    let mut func = |op: &str| instance.get_typed_func::<u64, u64>(&mut *store, &format!("i64.{op}")).unwrap();
    let [div_s, div_u, rem_s, rem_u] = ["div_s", "div_u", "rem_s", "rem_u"].map(&mut func);
    for n in dividends(divisor) {
        let (a, b) = (n as i64, divisor as i64);
        assert_eq!(div_u.call(&mut *store, n).unwrap(), n / divisor, "{n} / {divisor}");
        assert_eq!(rem_u.call(&mut *store, n).unwrap(), n % divisor, "{n} % {divisor}");
        assert_eq!(rem_s.call(&mut *store, n).unwrap(), a.wrapping_rem(b) as u64, "{a} % {b}");
        match a.checked_div(b) {
            Some(q) => assert_eq!(div_s.call(&mut *store, n).unwrap(), q as u64, "{a} / {b}"),
            None => assert!(div_s.call(&mut *store, n).is_err(), "{a} / {b}"),
        }
    }
}
