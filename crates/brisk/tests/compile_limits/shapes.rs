//! Modules of one large function, `f`, of an integer to an integer.

use std::fmt::Write;

/// A module, given how large.
pub type Make = fn(usize) -> Vec<u8>;

/// A shape, its name, and how large it should be.
pub const SHAPES: &[(&str, usize, Make)] = &[
    ("body of so many bytes", 7_600_000, body),
    ("sequential blocks", 15_000, blocks),
    ("values live at once", 10_000, live),
    ("loads live at once", 10_000, loads),
    ("targets of a table", 1_000_000, table),
    ("nested loops", 10_000, loops),
    ("nested blocks, left at each depth", 10_000, nested),
    ("parameters and results", 1_000, params),
    ("locals", 50_000, locals),
    ("vectors live across calls", 5_000, vectors),
    ("locals live across calls", 5_000, across),
    ("calls in a block of 100 clauses", 10_000, clauses),
    ("operators of one expression", 200_000, expression),
    ("selects", 50_000, selects),
    ("loops one after the other", 10_000, loops_in_a_row),
    ("conditions in one loop", 10_000, conditions),
];

fn text(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is right")
}

fn function(locals: &str, body: &str) -> Vec<u8> {
    text(&format!("(module (memory 1) (func (export \"f\") (param i32) (result i32) {locals} {body}))"))
}

fn leb(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn section(id: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(id);
    leb(content.len(), out);
    out.extend_from_slice(content);
}

/// In binary at once: as text it would take longer than all that is done with it.
fn body(bytes: usize) -> Vec<u8> {
    let mut code = vec![0];
    // (local.set 0 (i32.xor (i32.mul (local.get 0) (i32.const 5)) (i32.const 9)))
    let step = [0x20, 0, 0x41, 5, 0x6c, 0x41, 9, 0x73, 0x21, 0];
    while code.len() + step.len() + 3 <= bytes {
        code.extend_from_slice(&step);
    }
    code.extend_from_slice(&[0x20, 0, 0x0b]);
    let mut bodies = vec![1];
    leb(code.len(), &mut bodies);
    bodies.extend_from_slice(&code);
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    section(1, &[1, 0x60, 1, 0x7f, 1, 0x7f], &mut module);
    section(3, &[1, 0], &mut module);
    section(7, &[1, 1, b'f', 0, 0], &mut module);
    section(10, &bodies, &mut module);
    module
}

fn blocks(count: usize) -> Vec<u8> {
    let block = "(block (br_if 0 (i32.and (local.get 0) (i32.const 1)))
        (local.set 1 (i32.add (local.get 1) (i32.const 3))))
        (local.set 0 (i32.add (local.get 0) (i32.const 5)))";
    function("(local i32)", &format!("{} (i32.xor (local.get 0) (local.get 1))", block.repeat(count)))
}

fn live(count: usize) -> Vec<u8> {
    let mut body = String::new();
    for nth in 0..count {
        let _ = write!(body, "local.get 0 i32.const {nth} i32.rotl local.get 0 i32.mul ");
    }
    function("", &format!("{body} {}", "i32.xor ".repeat(count - 1)))
}

fn loads(count: usize) -> Vec<u8> {
    let mut body = String::from("(i32.store (i32.const 4096) (local.get 0))");
    for nth in 0..count {
        let _ = write!(body, "i32.const {} i32.load ", 4096 + nth % 8);
    }
    let _ = write!(body, "(i32.store (i32.const 4096) (i32.const 7)) {}", "i32.add ".repeat(count - 1));
    function("", &body)
}

fn table(count: usize) -> Vec<u8> {
    let targets = "1 0 2 2 ".repeat(count / 4);
    function(
        "",
        &format!(
            "(block (block (block (br_table {targets} 1 (local.get 0))) (return (i32.const 10)))
            (return (i32.const 11))) (i32.const 12)"
        ),
    )
}

fn loops(count: usize) -> Vec<u8> {
    let step = "(local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (local.set 1 (i32.add (local.get 1) (local.get 0)))";
    let ends = "(br_if 0 (i32.gt_s (local.get 0) (i32.const 1))) end ";
    function("(local i32)", &format!("{} {step} {} (local.get 1)", "loop ".repeat(count), ends.repeat(count)))
}

fn nested(count: usize) -> Vec<u8> {
    let leave = "(local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if 0 (i32.eqz (local.get 0))) (local.set 1 (i32.add (local.get 1) (local.get 0))) end ";
    function("(local i32)", &format!("{} {} (local.get 1)", "block ".repeat(count), leave.repeat(count)))
}

fn params(count: usize) -> Vec<u8> {
    let types = "i32 ".repeat(count);
    let (mut back, mut args) = (String::new(), String::new());
    for nth in 0..count {
        let _ = write!(back, "(i32.add (local.get {}) (i32.const {nth}))", count - 1 - nth);
        let _ = write!(args, "(i32.mul (local.get 0) (i32.const {nth}))");
    }
    text(&format!(
        r#"(module (type $t (func (param {types}) (result {types}))) (table 1 funcref) (elem (i32.const 0) $g)
            (func $g (type $t) {back})
            (func (export "f") (param i32) (result i32)
                {args} call $g i32.const 0 call_indirect (type $t) {}))"#,
        "i32.sub ".repeat(count - 1)
    ))
}

fn locals(count: usize) -> Vec<u8> {
    let mut body = String::new();
    for local in 1..count {
        let _ = write!(
            body,
            "(local.set {local} (i32.add (local.get 0) (local.get {}))) \
             (local.set 0 (i32.add (local.get {local}) (i32.const 1)))",
            local - 1
        );
    }
    let locals = format!("(local {})", "i32 ".repeat(count - 1));
    let count = count - 1;
    function(&locals, &format!("{body} (i32.add (local.get 0) (local.get {}))", count / 2))
}

fn vectors(count: usize) -> Vec<u8> {
    let (mut set, mut sum) = (String::new(), String::from("(local.get 1)"));
    for local in 1..=count {
        let _ = write!(set, "(local.set {local} (i32x4.splat (i32.add (local.get 0) (i32.const {local}))))");
        if local > 1 {
            let _ = write!(sum, "(local.get {local}) i32x4.add ");
        }
    }
    text(&format!(
        r#"(module (global $calls (mut i32) (i32.const 0))
            (func $g (global.set $calls (i32.add (global.get $calls) (i32.const 1))))
            (func (export "f") (param i32) (result i32) (local {})
                {set} call $g call $g {sum} call $g i32x4.extract_lane 2))"#,
        "v128 ".repeat(count)
    ))
}

fn across(count: usize) -> Vec<u8> {
    let (mut set, mut sum) = (String::new(), String::from("(local.get 1)"));
    for local in 1..=count {
        let _ = write!(set, "(local.set {local} (call $g (local.get 0) (i32.const {local})))");
        if local > 1 {
            let _ = write!(sum, "(local.get {local}) call $g ");
        }
    }
    text(&format!(
        r#"(module (func $g (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
            (func (export "f") (param i32) (result i32) (local {}) {set} {sum}))"#,
        "i32 ".repeat(count)
    ))
}

fn clauses(count: usize) -> Vec<u8> {
    let tags: String = (0..100).map(|nth| format!("(tag $t{nth} (param i32))")).collect();
    let clauses: String = (0..100).map(|nth| format!("(catch $t{nth} 0)")).collect();
    let call = "(call $g (local.get 0)) (local.set 0 (i32.sub (local.get 0) (i32.const 1)))";
    text(&format!(
        r#"(module {tags} (func $g (param i32) (if (i32.eq (local.get 0) (i32.const 5)) (then (throw $t77 (i32.const 99)))))
            (func (export "f") (param i32) (result i32)
                (block (result i32) (try_table {clauses} {}) (local.get 0))
                (i32.add (local.get 0))))"#,
        call.repeat(count)
    ))
}

fn expression(count: usize) -> Vec<u8> {
    function("", &format!("local.get 0 {}", "i32.const 3 i32.mul local.get 0 i32.add ".repeat(count / 2)))
}

fn selects(count: usize) -> Vec<u8> {
    let select = "(local.set 1 (select (local.get 0) (local.get 1) (i32.lt_s (local.get 1) (local.get 0))))
        (local.set 0 (i32.rotl (local.get 0) (i32.const 3)))";
    function("(local i32)", &format!("{} (local.get 1)", select.repeat(count)))
}

fn loops_in_a_row(count: usize) -> Vec<u8> {
    let one = "(local.set 2 (i32.const 2))
        (loop (local.set 1 (i32.add (local.get 1) (i32.xor (local.get 0) (local.get 2))))
            (br_if 0 (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))))";
    function("(local i32 i32)", &format!("{} (local.get 1)", one.repeat(count)))
}

fn conditions(count: usize) -> Vec<u8> {
    let mut body = String::new();
    for nth in 0..count {
        let (a, b) = (1 + nth % 20, 1 + (nth * 7 + 3) % 20);
        let _ = write!(
            body,
            "(if (i32.lt_s (local.get {a}) (local.get 0))
                (then (local.set {b} (i32.add (local.get {b}) (i32.const {nth}))))
                (else (local.set {a} (i32.sub (local.get {b}) (local.get 0)))))"
        );
    }
    function(
        &format!("(local {})", "i32 ".repeat(21)),
        &format!(
            "(loop {body} (local.set 21 (i32.add (local.get 21) (i32.const 1)))
                (br_if 0 (i32.lt_s (local.get 21) (i32.const 3))))
            (i32.add (local.get 1) (i32.add (local.get 2) (local.get 19)))"
        ),
    )
}
