//! Generated modules on every tier.

use brisk_fuzzing::tiers::{Found, of_number};
use std::io::Write;

const MODULES: u64 = 150;

#[test]
fn generated_modules_do_the_same_on_every_tier() {
    let (mut same, mut lines, mut overflows) = (0, 0, 0);
    for number in 0..MODULES {
        if let Found::Same { lines: compared, overflow } = of_number(number) {
            same += 1;
            lines += compared;
            overflows += u64::from(overflow);
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "\n{same} modules on every tier: {lines} lines, {overflows} with overflows"
    );
    assert!(same > MODULES / 5, "{same} modules of {MODULES}");
    assert!(lines > 10 * same as usize, "{lines} lines of {same} modules");
    assert!(overflows <= same / 5, "{overflows} of {same} modules overflow");
}
