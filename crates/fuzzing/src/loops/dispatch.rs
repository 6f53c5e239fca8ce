//! Loops that dispatch, as compilers write jumps: a table leads to where a local says, which jumps set, most of them to a
//! constant. An optimizer that leads such jumps past the table makes loops that are entered elsewhere than at their header.

use super::Type::I32;
use super::body::{Body, Counter, Label};
use std::fmt::Write;

/// Something that parts of such a loop read and write.
#[derive(Clone, Copy)]
enum Cell {
    /// An address in memory.
    Memory(u32),
    Hash,
    Shared,
    TableSize,
    MemorySize,
}

/// Such a loop in the making.
struct Dispatching<'a> {
    /// The local that says where to.
    place: usize,
    label: &'a str,
    out: &'a str,
    cases: usize,
    counter: Counter,
    bound: &'a str,
    /// What parts read and write, by way of a local.
    cells: &'a [Cell],
    sum: usize,
    /// Whether parts do little else, so that loops among them write nothing.
    calm: bool,
}

impl Body<'_, '_> {
    pub fn loop_that_dispatches(&mut self, counter: Counter, bound: &str, depth: u32) {
        let (label, out) = (self.new_label(), self.new_label());
        let ty = counter.ty.name();
        // Mostly a parameter: that is what compilers write, where a caller says where to resume.
        let param = self.free_param().filter(|_| !self.source.one_in(8));
        let place = param.unwrap_or_else(|| self.new_local(I32));
        self.locals[place].writable = false;
        let cases: Vec<String> = (0..3 + self.source.below(5)).map(|_| self.new_label()).collect();
        self.set_counter(counter, &format!("{ty}.const 0"));
        match self.source.below(3) {
            0 => self.line(&format!("i32.const 0 local.set {place}")),
            1 => self.line(&format!("local.get {place} i32.const 7 i32.and local.set {place}")),
            _ => {
                self.expression(I32, 2);
                self.line(&format!("i32.const 7 i32.and local.set {place}"));
            }
        }
        let cells: Vec<Cell> = (0..1 + self.source.below(3) / 2).map(|_| self.cell()).collect();
        let parts = Dispatching {
            place,
            label: &label,
            out: &out,
            cases: cases.len(),
            counter,
            bound,
            cells: &cells,
            sum: self.new_local(I32),
            calm: self.source.below(3) > 0,
        };
        for &cell in &cells {
            self.read(cell, parts.sum);
        }
        self.line(&format!("block {out}\nloop {label}"));
        if !parts.calm && self.source.one_in(8) {
            self.statement(0, false);
        }
        for case in cases.iter().rev() {
            self.line(&format!("block {case}"));
        }
        let mut targets = String::new();
        for case in &cases {
            let _ = write!(targets, " {}", if self.source.one_in(6) { &cases[0] } else { case });
        }
        let last = &cases[self.source.below(cases.len())];
        self.line(&format!("local.get {place} br_table{targets} {last}"));
        self.labels.push(Label { name: out.clone(), types: Vec::new() });
        for nth in 0..cases.len() {
            self.line("end");
            if parts.calm {
                self.calm_part(&parts, nth, depth);
            } else {
                self.part(&parts, nth, depth);
            }
        }
        self.labels.pop();
        self.line("end\nend");
        self.locals[place].writable = param.is_some();
    }

    /// A parameter that can say where to.
    fn free_param(&self) -> Option<usize> {
        (0..self.params).find(|&param| self.locals[param].ty == I32 && self.locals[param].writable)
    }

    /// What stands at one of the labels.
    fn part(&mut self, parts: &Dispatching, nth: usize, depth: u32) {
        for _ in 0..self.source.below(3) {
            self.touch(parts, 3);
        }
        if nth == 0 {
            self.iteration(depth);
        } else if !self.source.one_in(4) {
            self.statement(depth, depth > 0);
        }
        for _ in 0..self.source.below(3) {
            let conditional = !self.source.one_in(5);
            self.jump(parts, nth, false, conditional);
        }
    }

    /// The same in a calm loop.
    fn calm_part(&mut self, parts: &Dispatching, nth: usize, depth: u32) {
        // Some write and go on elsewhere; the others read, and seldom write.
        let writes = nth + 1 < parts.cases && self.source.one_in(3);
        for _ in 0..1 + self.source.below(2) {
            self.touch(parts, 12);
        }
        if writes {
            let cell = self.source.choose(parts.cells);
            self.write(cell, parts.sum);
        }
        match self.source.below(16) {
            0 => self.statement(depth, depth > 0),
            1 => self.accumulate(1),
            _ => {}
        }
        if self.source.one_in(if writes { 4 } else { 2 }) {
            self.jump(parts, nth, writes, true);
        }
        if writes || self.source.one_in(2) {
            self.jump(parts, nth, writes, false);
        }
    }

    fn cell(&mut self) -> Cell {
        match self.source.below(12) {
            0..=4 => Cell::Memory(self.source.choose(&[0, 8, 20])),
            5..=7 => Cell::Hash,
            8 | 9 => Cell::Shared,
            10 => Cell::TableSize,
            _ => Cell::MemorySize,
        }
    }

    /// Reads something, or in one of so many cases writes it.
    fn touch(&mut self, parts: &Dispatching, cases: usize) {
        let cell = self.source.choose(parts.cells);
        if self.source.one_in(cases) { self.write(cell, parts.sum) } else { self.read(cell, parts.sum) }
    }

    fn address_type(&self) -> &'static str {
        if self.shape().memory64 { "i64" } else { "i32" }
    }

    fn read(&mut self, cell: Cell, sum: usize) {
        let number = self.address_type();
        let read = match cell {
            Cell::Memory(address) => format!("{number}.const {address} i32.load $m"),
            Cell::Hash => "global.get $hash i32.wrap_i64".to_string(),
            Cell::Shared => "global.get $shared".to_string(),
            Cell::TableSize => "table.size $t".to_string(),
            Cell::MemorySize if number == "i64" => "memory.size $m i32.wrap_i64".to_string(),
            Cell::MemorySize => "memory.size $m".to_string(),
        };
        self.line(&format!("local.get {sum} i32.const 31 i32.mul {read} i32.add local.set {sum}"));
    }

    fn write(&mut self, cell: Cell, sum: usize) {
        let number = self.address_type();
        let text = match cell {
            Cell::Memory(address) => {
                format!("{number}.const {address} local.get {sum} i32.const 13 i32.add i32.store $m")
            }
            Cell::Hash => format!(
                "global.get $hash i64.const 5 i64.rotl local.get {sum} i64.extend_i32_u i64.xor global.set $hash"
            ),
            Cell::Shared => format!("local.get {sum} i32.const 3 i32.add global.set $shared"),
            Cell::TableSize => "ref.null func i32.const 1 table.grow $t drop".to_string(),
            Cell::MemorySize => format!("{number}.const 1 memory.grow $m drop"),
        };
        self.line(&text);
    }

    /// A jump from a part, which in calm loops mostly leads on from one that writes, and else back.
    fn jump(&mut self, parts: &Dispatching, nth: usize, writes: bool, conditional: bool) {
        let &Dispatching { place, label, out, cases, counter, bound, calm, .. } = parts;
        let ty = counter.ty.name();
        if conditional {
            self.at_times(parts);
            self.line("if");
        }
        self.step(counter, "add");
        self.line(&format!("{bound} {ty}.gt_u br_if {out}"));
        let to = match self.source.below(12) {
            0 => None,
            1 if !calm => None,
            2..=8 if calm && writes => Some(nth + 1 + self.source.below(cases - nth - 1)),
            2..=8 if calm => Some(self.source.below(nth + 1)),
            _ => Some(self.source.below(cases + 1)),
        };
        match to {
            Some(to) => self.line(&format!("i32.const {to} local.set {place}")),
            None => {
                self.expression(I32, 2);
                self.line(&format!("i32.const 7 i32.and local.set {place}"));
            }
        }
        if self.source.one_in(if calm { 8 } else { 4 }) {
            self.at_times(parts);
            self.line(&format!("br_if {label}"));
        } else {
            self.line(&format!("br {label}"));
        }
        if conditional {
            self.line("end");
        }
    }

    /// Leaves something to branch by; in a calm loop, what is there already.
    fn at_times(&mut self, parts: &Dispatching) {
        if !parts.calm {
            return self.condition(2);
        }
        let counter = parts.counter;
        let (mask, is) = (self.source.choose(&[1, 3, 7]), self.source.below(2));
        let from = match self.source.below(2) {
            0 => format!("local.get {}", parts.sum),
            _ if counter.ty == I32 => format!("local.get {}", counter.local),
            _ => format!("local.get {} i32.wrap_i64", counter.local),
        };
        self.line(&format!("{from} i32.const {mask} i32.and i32.const {is} i32.eq"));
    }
}
