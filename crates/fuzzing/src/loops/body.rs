//! A function's body: statements, which leave the stack as it was, and loops.

use super::Type::{self, F64, I32, I64};
use super::source::Source;
use super::{Callee, LEAF_COST, Module, Shape, TABLE_SLOTS, list, ops};
use std::fmt::Write;

/// A local.
#[derive(Clone, Copy)]
pub struct Local {
    pub ty: Type,
    /// Whether any statement may write it.
    pub writable: bool,
}

/// What counts the iterations of a loop around.
#[derive(Clone, Copy)]
pub struct Counter {
    pub local: usize,
    pub ty: Type,
    pub trips: u64,
}

/// Where branches may go.
#[derive(Clone)]
pub struct Label {
    pub name: String,
    pub types: Vec<Type>,
}

/// Kinds of loops, and which of them are which.
const LOOPS: usize = 7;
const WHILE: usize = 1;
const CONTINUES: usize = 4;
const DISPATCHES: usize = 5;

/// A body in the making.
pub struct Body<'m, 'b> {
    module: &'m Module,
    pub source: &'m mut Source<'b>,
    text: String,
    pub params: usize,
    results: Vec<Type>,
    pub locals: Vec<Local>,
    pub counters: Vec<Counter>,
    pub pointers: Vec<usize>,
    pub labels: Vec<Label>,
    made_labels: usize,
    /// A function that is called nowhere else, until it is called.
    pub only: Option<Callee>,
    /// How often what is being written is executed, at most.
    pub times: u64,
    spent: u64,
    budget: u64,
}

impl<'m, 'b> Body<'m, 'b> {
    /// A body without any code, of which about `budget` instructions may be executed.
    pub fn new(
        module: &'m Module,
        source: &'m mut Source<'b>,
        params: &[Type],
        results: &[Type],
        budget: u64,
    ) -> Body<'m, 'b> {
        Body {
            module,
            source,
            text: String::new(),
            params: params.len(),
            results: results.to_vec(),
            locals: params.iter().map(|&ty| Local { ty, writable: true }).collect(),
            counters: Vec::new(),
            pointers: Vec::new(),
            labels: Vec::new(),
            made_labels: 0,
            only: None,
            times: 1,
            spent: 0,
            budget,
        }
    }

    pub fn shape(&self) -> Shape {
        self.module.shape
    }

    /// Instructions that may still be executed.
    pub fn left(&self) -> u64 {
        self.budget.saturating_sub(self.spent)
    }

    /// Writes instructions.
    pub fn line(&mut self, text: &str) {
        self.spent += self.times;
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Makes a NaN on the stack, whose bits are about to be seen, the same in every engine.
    pub fn make_canonical(&mut self, ty: Type) {
        let ty = match ty {
            Type::F32 | F64 if self.module.shape.canonical_nans => ty.name(),
            _ => return,
        };
        self.line(&format!("local.tee ${ty}"));
        self.line(&format!("{ty}.const 1.5 local.get ${ty} local.get ${ty} {ty}.eq select"));
    }

    /// Leaves a value whose bits are about to be seen.
    fn seen(&mut self, ty: Type, depth: u32) {
        self.expression(ty, depth);
        self.make_canonical(ty);
    }

    /// Adds locals of any types.
    pub fn locals(&mut self, count: usize) {
        for _ in 0..count {
            let ty = super::ty(self.source, self.module.shape);
            self.locals.push(Local { ty, writable: true });
        }
    }

    /// Has no statement write a parameter.
    pub fn keep_param(&mut self, param: usize) {
        self.locals[param].writable = false;
    }

    pub fn new_local(&mut self, ty: Type) -> usize {
        self.locals.push(Local { ty, writable: false });
        self.locals.len() - 1
    }

    pub fn new_label(&mut self) -> String {
        self.made_labels += 1;
        format!("$l{}", self.made_labels)
    }

    /// A function that may be called as often as this is executed.
    pub fn callee(&mut self, fits: impl Fn(&Callee) -> bool) -> Option<Callee> {
        let most = self.left() / self.times / 2;
        let fitting: Vec<&Callee> =
            self.module.callees.iter().filter(|callee| callee.cost <= most && fits(callee)).collect();
        match fitting.len() {
            0 => None,
            count => Some(fitting[self.source.below(count)].clone()),
        }
    }

    /// Calls with arguments; leaves the results.
    pub fn call(&mut self, callee: &Callee, keyword: &str) {
        self.arguments(callee);
        self.line(&format!("{keyword} ${}", callee.name));
    }

    fn arguments(&mut self, callee: &Callee) {
        self.spent += self.times * callee.cost.min(self.budget);
        for (nth, &param) in callee.params.iter().enumerate() {
            self.seen(param, 1);
            if let (0, Some(mask)) = (nth, callee.depth) {
                self.line(&format!("i32.const {mask} i32.and"));
            }
        }
    }

    /// Puts values on the stack into locals.
    fn keep(&mut self, types: &[Type]) {
        for &ty in types.iter().rev() {
            match self.writable(ty) {
                Some(local) if !self.source.one_in(6) => self.line(&format!("local.set {local}")),
                _ => self.line("drop"),
            }
        }
    }

    fn writable(&mut self, ty: Type) -> Option<usize> {
        let fitting: Vec<usize> = (0..self.locals.len())
            .filter(|&local| self.locals[local].writable && self.locals[local].ty == ty)
            .collect();
        match fitting.len() {
            0 => None,
            count => Some(fitting[self.source.below(count)]),
        }
    }

    fn any_writable(&mut self) -> Option<(usize, Type)> {
        let writable: Vec<usize> =
            (0..self.locals.len()).filter(|&local| self.locals[local].writable).collect();
        match writable.len() {
            0 => None,
            count => {
                let local = writable[self.source.below(count)];
                Some((local, self.locals[local].ty))
            }
        }
    }

    fn statements(&mut self, depth: u32, loops: bool) {
        for _ in 0..1 + self.source.below(3) {
            self.statement(depth, loops);
        }
    }

    /// Something that leaves the stack as it was; with `loops`, perhaps a loop.
    pub fn statement(&mut self, depth: u32, loops: bool) {
        if self.left() < 30 * self.times {
            return;
        }
        let all = self.module.shape.all;
        match self.source.below(29) {
            0 => self.accumulate(1),
            1..=3 => self.accumulate(3),
            4 | 5 => self.store(),
            6 => self.store_and_load(),
            7 => self.set_global(),
            8 if depth > 0 => self.if_else(depth, loops),
            9 if depth > 0 => self.block(depth, loops),
            10 if depth > 0 => self.switch(depth, loops),
            11 | 12 => match self.callee(|_| true) {
                Some(callee) => {
                    self.call(&callee, "call");
                    self.keep(&callee.results);
                }
                None => self.accumulate(1),
            },
            13 => self.table_call(),
            14 if all => self.reference_call(),
            15 if all && depth > 0 => self.catch(depth, loops),
            16 => self.leave(all),
            17 => self.branch(),
            18 => self.memory_operation(),
            19 => self.rotate_locals(),
            20 if depth > 0 => self.below(depth, loops),
            21 if depth > 0 => self.through_block(depth, loops),
            22 => self.call_itself(),
            23 | 24 => self.guarded(),
            25 => self.call_only(),
            _ if loops && depth > 0 => self.repeat(depth - 1),
            _ => self.accumulate(2),
        }
    }

    pub fn accumulate(&mut self, depth: u32) {
        let Some((local, ty)) = self.any_writable() else { return self.set_global() };
        if ty != Type::Extern && self.source.below(3) > 0 {
            self.line(&format!("local.get {local}"));
            self.expression(ty, depth - 1);
            self.combine(ty);
        } else {
            self.expression(ty, depth);
        }
        if self.source.one_in(8) {
            self.line(&format!("local.tee {local} drop"));
        } else {
            self.line(&format!("local.set {local}"));
        }
    }

    fn set_global(&mut self) {
        let ty = super::ty(self.source, self.module.shape);
        self.seen(ty, 2);
        let name = if ty == I32 && self.source.one_in(2) { "shared" } else { ty.name() };
        self.line(&format!("global.set ${name}"));
    }

    fn stored_type(&mut self) -> Type {
        let types = [I32, I64, Type::F32, F64, Type::V128];
        let count = if self.module.shape.simd { 5 } else { 4 };
        types[self.source.below(count)]
    }

    fn store(&mut self) {
        let ty = self.stored_type();
        let (op, width) = self.source.choose(ops::stores(ty));
        let place = self.address(width, 1);
        self.seen(ty, 2);
        self.line(&format!("{op} {place}"));
    }

    /// A store, and a load of what may be the same bytes, by another width or type.
    fn store_and_load(&mut self) {
        let Some(pointer) = self.pointers.last().copied() else { return self.store() };
        let wide = if self.module.shape.memory64 { " i64.extend_i32_u" } else { "" };
        for _ in 0..1 + self.source.below(2) {
            let ty = self.stored_type();
            let (op, _) = self.source.choose(ops::stores(ty));
            let offset = self.source.choose(&[0, 0, 4, 8, 1, 2]);
            self.line(&format!("local.get {pointer}{wide}"));
            self.seen(ty, 1);
            self.line(&format!("{op} $m offset={offset}"));
        }
        let ty = self.stored_type();
        let (op, _) = self.source.choose(ops::loads(ty));
        let offset = self.source.choose(&[0, 0, 4, 8, 1, 3]);
        self.line(&format!("local.get {pointer}{wide} {op} $m offset={offset}"));
        self.keep(&[ty]);
    }

    fn if_else(&mut self, depth: u32, loops: bool) {
        self.condition(2);
        self.line("if");
        self.statements(depth - 1, loops);
        if self.source.one_in(2) {
            self.line("else");
            self.statements(depth - 1, loops);
        }
        self.line("end");
    }

    /// A block that may be left early.
    fn block(&mut self, depth: u32, loops: bool) {
        let name = self.new_label();
        self.line(&format!("block {name}"));
        self.labels.push(Label { name: name.clone(), types: Vec::new() });
        self.statements(depth - 1, loops);
        self.condition(2);
        self.line(&format!("br_if {name}"));
        self.statements(depth - 1, loops);
        self.labels.pop();
        self.line("end");
    }

    fn switch(&mut self, depth: u32, loops: bool) {
        let cases: Vec<String> = (0..2 + self.source.below(4)).map(|_| self.new_label()).collect();
        for case in &cases {
            self.line(&format!("block {case}"));
        }
        self.expression(I32, 2);
        if !self.source.one_in(3) {
            self.line("i32.const 7 i32.and");
        }
        // Cases may be the same, or lead out of everything.
        let outer: Vec<String> = self
            .labels
            .iter()
            .filter(|label| label.types.is_empty())
            .map(|label| label.name.clone())
            .collect();
        let mut targets = String::new();
        for _ in 0..1 + self.source.below(6) {
            let from = if !outer.is_empty() && self.source.one_in(8) { &outer } else { &cases };
            let _ = write!(targets, " {}", from[self.source.below(from.len())]);
        }
        self.line(&format!("br_table{targets}"));
        for (nth, _) in cases.iter().rev().enumerate() {
            self.line("end");
            self.statement(depth - 1, loops);
            if nth + 1 < cases.len() && self.source.one_in(2) {
                self.line(&format!("br {}", cases[0]));
            }
        }
    }

    fn table_call(&mut self) {
        let number = self.source.below(2);
        let callee = self.module.table_types[number].clone();
        if callee.cost * self.times > self.left() {
            return self.accumulate(1);
        }
        self.arguments(&callee);
        self.expression(I32, 1);
        // Seldom of another type, null, or beyond the end.
        let mask = if self.source.one_in(12) { 15 } else { TABLE_SLOTS - 1 };
        let first = number * TABLE_SLOTS;
        self.line(&format!("i32.const {mask} i32.and i32.const {first} i32.add"));
        self.line(&format!("call_indirect $t (type ${})", callee.name));
        self.keep(&callee.results);
    }

    fn reference_call(&mut self) {
        let number = self.source.below(2);
        let callee = self.module.table_types[number].clone();
        let leaves: Vec<String> = self
            .module
            .callees
            .iter()
            .filter(|leaf| leaf.in_table == Some(number))
            .map(|leaf| leaf.name.clone())
            .collect();
        if leaves.is_empty() || callee.cost * self.times > self.left() {
            return self.accumulate(1);
        }
        self.arguments(&callee);
        let [one, other] = [0, 1].map(|_| &leaves[self.source.below(leaves.len())]);
        match self.source.below(3) {
            0 => self.line(&format!("ref.func ${one}")),
            kind => {
                let other = if kind == 1 {
                    format!("ref.func ${other}")
                } else {
                    format!("ref.null ${}", callee.name)
                };
                self.line(&format!("{other} ref.func ${one}"));
                self.rare();
                self.line(&format!("select (result (ref null ${}))", callee.name));
            }
        }
        self.line(&format!("call_ref ${}", callee.name));
        self.keep(&callee.results);
    }

    /// Statements whose exceptions are caught.
    fn catch(&mut self, depth: u32, loops: bool) {
        let label = self.new_label();
        let (catch, result, types): (_, _, &[Type]) = match self.source.below(4) {
            0 => ("catch $tag0", " (result i32)", &[I32]),
            1 => ("catch $tag1", " (result i64 f64)", &[I64, F64]),
            2 => ("catch_all", "", &[]),
            _ => ("catch_ref $tag0", " (result i32 exnref)", &[I32]),
        };
        self.line(&format!("block {label}{result}"));
        self.line(&format!("try_table ({catch} {label})"));
        self.statements(depth - 1, loops);
        if self.source.one_in(2) {
            self.throw();
        }
        self.statement(depth - 1, loops);
        self.line("end");
        for &ty in types {
            self.expression(ty, 1);
        }
        let is_ref = result.contains("exnref");
        if is_ref {
            self.line("ref.null exn");
        }
        self.line("end");
        if is_ref {
            self.line("local.set $exn");
        }
        self.keep(types);
        if is_ref && self.source.one_in(3) {
            self.line("local.get $exn ref.is_null i32.eqz");
            self.rare();
            self.line("i32.and if local.get $exn throw_ref end");
        }
    }

    /// An exception, seldom.
    fn throw(&mut self) {
        self.rare();
        self.line("if");
        if self.source.one_in(2) {
            self.expression(I64, 1);
            self.seen(F64, 1);
            self.line("throw $tag1");
        } else {
            self.expression(I32, 1);
            self.line("throw $tag0");
        }
        self.line("end");
    }

    /// Leaves the function, seldom.
    fn leave(&mut self, all: bool) {
        match self.source.below(4) {
            0 if all => self.throw(),
            0 | 1 => {
                self.rare();
                self.line("if");
                let results = self.results.clone();
                for ty in results {
                    self.seen(ty, 1);
                }
                self.line("return end");
            }
            2 if self.source.one_in(4) => {
                self.rare();
                self.line("if unreachable end");
            }
            _ => {
                // Executed once, however often it is come by.
                let (results, times) = (self.results.clone(), std::mem::replace(&mut self.times, 1));
                if let Some(callee) = self.callee(|callee| callee.results == results) {
                    self.rare();
                    self.line("if");
                    self.call(&callee, "return_call");
                    self.line("end");
                }
                self.times = times;
            }
        }
    }

    /// Out of something around, or on with the next iteration.
    fn branch(&mut self) {
        if self.labels.is_empty() {
            return self.accumulate(1);
        }
        let label = self.labels[self.source.below(self.labels.len())].clone();
        if self.source.one_in(2) {
            for &ty in &label.types {
                self.expression(ty, 1);
            }
            self.rare();
            self.line(&format!("br_if {}{}", label.name, " drop".repeat(label.types.len())));
        } else {
            self.rare();
            self.line("if");
            for &ty in &label.types {
                self.expression(ty, 1);
            }
            self.line(&format!("br {} end", label.name));
        }
    }

    fn memory_operation(&mut self) {
        let wide = self.module.shape.memory64;
        let number = if wide { "i64" } else { "i32" };
        let [to, from, count] = [200, 200, 40].map(|bound| self.source.below(bound));
        match self.source.below(5) {
            0 => self.line(&format!(
                "{number}.const {to} {number}.const {from} {number}.const {count} memory.copy $m $m"
            )),
            1 | 2 => {
                self.line(&format!("{number}.const {to}"));
                self.expression(I32, 1);
                self.line(&format!("{number}.const {count} memory.fill $m"));
            }
            kind => {
                // Seldom, and then by nothing at times.
                self.rare();
                self.line(&format!("if {number}.const {} memory.grow $m", kind - 3));
                self.keep(&[if wide { I64 } else { I32 }]);
                self.line("end");
            }
        }
    }

    /// Exchanges locals of one type, all at once.
    fn rotate_locals(&mut self) {
        let Some((first, ty)) = self.any_writable() else { return };
        let mut locals = vec![first];
        for _ in 0..1 + self.source.below(4) {
            locals.extend(self.writable(ty));
        }
        for local in &locals {
            self.line(&format!("local.get {local}"));
        }
        for nth in 0..locals.len() {
            // What was read first is written last.
            let local = locals[(nth + 1) % locals.len()];
            self.line(&format!("local.set {local}"));
        }
    }

    /// A statement above operands.
    fn below(&mut self, depth: u32, loops: bool) {
        let types = super::types(self.source, self.module.shape, 4);
        for &ty in &types {
            self.expression(ty, 2);
        }
        self.statement(depth - 1, loops);
        self.keep(&types);
    }

    /// A block with parameters and results, which are the same locals.
    fn through_block(&mut self, depth: u32, loops: bool) {
        let kept: Vec<(usize, Type)> =
            (0..1 + self.source.below(3)).filter_map(|_| self.any_writable()).collect();
        let types: Vec<Type> = kept.iter().map(|(_, ty)| *ty).collect();
        let label = self.new_label();
        for &ty in &types {
            self.expression(ty, 1);
        }
        self.line(&format!("block {label}{}{}", list("param", &types), list("result", &types)));
        for (local, _) in kept.iter().rev() {
            self.line(&format!("local.set {local}"));
        }
        self.labels.push(Label { name: label, types: types.clone() });
        self.statements(depth - 1, loops);
        self.labels.pop();
        for (local, _) in &kept {
            self.line(&format!("local.get {local}"));
        }
        self.line("end");
        self.keep(&types);
    }

    /// What would trap but for the condition it is under, of which a loop around may change nothing.
    fn guarded(&mut self) {
        let integers: Vec<usize> =
            (0..self.locals.len()).filter(|&local| matches!(self.locals[local].ty, I32 | I64)).collect();
        if integers.is_empty() {
            return self.accumulate(1);
        }
        let by = integers[self.source.below(integers.len())];
        let ty = self.locals[by].ty;
        let name = ty.name();
        match self.source.below(4) {
            // Addresses up to a little beyond the end.
            0 if ty == I32 => {
                let wide = if self.module.shape.memory64 { " i64.extend_i32_u" } else { "" };
                let end = self.source.choose(&[0xffff, 0x1_0000, 0x1_fffc, 0x100]);
                self.line(&format!("local.get {by} i32.const {end} i32.lt_u if"));
                self.line(&format!("local.get {by}{wide} i32.load8_u $m"));
            }
            _ => {
                self.line(&format!("local.get {by} {name}.eqz i32.eqz if"));
                self.value(ty);
                let op = self.source.choose(&["div_s", "div_u", "rem_s", "rem_u"]);
                self.line(&format!("local.get {by} {name}.{op}"));
            }
        }
        self.keep(&[ty]);
        self.line("end");
    }

    /// The only call of a function.
    pub fn call_only(&mut self) {
        match self.only.take() {
            Some(only) if only.cost * self.times <= self.left() => {
                self.call(&only, "call");
                self.keep(&only.results);
            }
            only => {
                self.only = only;
                self.guarded();
            }
        }
    }

    /// A call of the function itself, if that is still paid for.
    fn call_itself(&mut self) {
        let Some(itself) = self.module.callees.last().filter(|callee| callee.cost == u64::MAX).cloned()
        else {
            return self.accumulate(1);
        };
        let price = self.budget / 30;
        self.line(&format!("global.get $steps i32.const {price} i32.gt_s if"));
        self.line(&format!("global.get $steps i32.const {price} i32.sub global.set $steps"));
        let itself = Callee { cost: 0, ..itself };
        if self.results == itself.results && self.source.one_in(4) {
            self.call(&itself, "return_call");
        } else {
            self.call(&itself, "call");
            self.keep(&itself.results);
        }
        self.line("end");
    }

    /// A loop.
    pub fn repeat(&mut self, depth: u32) {
        let kind = self.source.below(LOOPS);
        self.repeat_as(kind, depth);
    }

    /// A loop that dispatches.
    pub fn dispatch(&mut self, depth: u32) {
        self.repeat_as(DISPATCHES, depth);
    }

    fn repeat_as(&mut self, kind: usize, depth: u32) {
        let most = self.left() / self.times / 60;
        let trips: Vec<u64> =
            [1, 2, 3, 4, 8, 16, 32, 128].into_iter().filter(|&trips| trips <= most).collect();
        if trips.is_empty() {
            return self.accumulate(1);
        }
        // It takes some to come by all labels of a loop that dispatches.
        let range = if kind == DISPATCHES { trips.len().min(2) } else { trips.len() };
        let trips = trips[trips.len() - 1 - self.source.below(range)];
        let ty = if self.source.one_in(4) { I64 } else { I32 };
        let counter = Counter { local: self.new_local(ty), ty, trips };
        // What looks before its first iteration may have none.
        let least = if matches!(kind, WHILE | CONTINUES) { self.source.below(2) as u32 } else { 1 };
        let bound = self.bound(counter, least);
        let pointer = self.source.one_in(2).then(|| {
            let pointer = self.new_local(I32);
            self.expression(I32, 1);
            let mask = self.source.choose(&[0xff, 0xff0, 0x38]);
            self.line(&format!("i32.const {mask} i32.and local.set {pointer}"));
            self.pointers.push(pointer);
            pointer
        });
        let before = self.times;
        self.times *= trips;
        self.counters.push(counter);
        match kind {
            0 => self.loop_up(counter, &bound, depth),
            WHILE => self.loop_while(counter, &bound, depth),
            2 => self.loop_down(counter, &bound, depth),
            3 => self.loop_of_values(counter, &bound, depth),
            CONTINUES => self.loop_that_continues(counter, &bound, depth),
            DISPATCHES => self.loop_that_dispatches(counter, &bound, depth),
            _ => self.loop_with_result(counter, &bound, depth),
        }
        self.counters.pop();
        self.times = before;
        if pointer.is_some() {
            self.pointers.pop();
        }
    }

    /// The number of iterations, from `least`, none or one, to what the counter says: a constant, or in a local.
    fn bound(&mut self, counter: Counter, least: u32) -> String {
        let ty = counter.ty.name();
        if !counter.trips.is_power_of_two() || self.source.one_in(2) {
            return format!("{ty}.const {}", counter.trips);
        }
        let bound = self.new_local(counter.ty);
        self.expression(counter.ty, 1);
        let mask = counter.trips - 1;
        self.line(&format!("{ty}.const {mask} {ty}.and {ty}.const {least} {ty}.add local.set {bound}"));
        format!("local.get {bound}")
    }

    /// What happens in each iteration.
    pub fn iteration(&mut self, depth: u32) {
        for _ in 0..1 + self.source.below(4) {
            self.statement(depth, depth > 0);
        }
        if depth > 0 && self.source.one_in(3) {
            self.repeat(depth - 1);
        }
    }

    /// The counter's next value, which is left, and that of the pointer.
    pub fn step(&mut self, counter: Counter, op: &str) {
        if let Some(&pointer) = self.pointers.last()
            && self.source.one_in(2)
        {
            let stride = self.source.choose(&[4, 1, 8, 16]);
            self.line(&format!("local.get {pointer} i32.const {stride} i32.add local.set {pointer}"));
        }
        let (local, ty) = (counter.local, counter.ty.name());
        self.line(&format!("local.get {local} {ty}.const 1 {ty}.{op} local.tee {local}"));
    }

    pub fn set_counter(&mut self, counter: Counter, to: &str) {
        self.line(&format!("{to} local.set {}", counter.local));
    }

    fn loop_up(&mut self, counter: Counter, bound: &str, depth: u32) {
        let (label, next) = (self.new_label(), self.new_label());
        let ty = counter.ty.name();
        self.set_counter(counter, &format!("{ty}.const 0"));
        let continues = self.source.one_in(2);
        self.line(&format!("loop {label}"));
        if continues {
            self.line(&format!("block {next}"));
            self.labels.push(Label { name: next, types: Vec::new() });
        }
        self.iteration(depth);
        if continues {
            self.labels.pop();
            self.line("end");
        }
        self.step(counter, "add");
        let less = self.source.choose(&["lt_u", "lt_s"]);
        self.line(&format!("{bound} {ty}.{less} br_if {label}\nend"));
    }

    fn loop_while(&mut self, counter: Counter, bound: &str, depth: u32) {
        let (label, out) = (self.new_label(), self.new_label());
        let (local, ty) = (counter.local, counter.ty.name());
        self.set_counter(counter, &format!("{ty}.const 0"));
        self.line(&format!("block {out}\nloop {label}"));
        self.line(&format!("local.get {local} {bound} {ty}.ge_u br_if {out}"));
        self.labels.push(Label { name: out, types: Vec::new() });
        self.iteration(depth);
        self.labels.pop();
        self.step(counter, "add");
        self.line(&format!("drop br {label}\nend\nend"));
    }

    fn loop_down(&mut self, counter: Counter, bound: &str, depth: u32) {
        let label = self.new_label();
        self.set_counter(counter, bound);
        self.line(&format!("loop {label}"));
        self.iteration(depth);
        self.step(counter, "sub");
        if counter.ty == I64 {
            self.line("i64.const 0 i64.ne");
        }
        self.line(&format!("br_if {label}\nend"));
    }

    /// With values on the stack from one iteration to the next.
    fn loop_of_values(&mut self, counter: Counter, bound: &str, depth: u32) {
        let kept: Vec<(usize, Type)> =
            (0..1 + self.source.below(4)).filter_map(|_| self.any_writable()).collect();
        let types: Vec<Type> = kept.iter().map(|(_, ty)| *ty).collect();
        let (label, ty) = (self.new_label(), counter.ty.name());
        for &ty in &types {
            self.expression(ty, 1);
        }
        self.set_counter(counter, &format!("{ty}.const 0"));
        self.line(&format!("loop {label}{}{}", list("param", &types), list("result", &types)));
        for (local, _) in kept.iter().rev() {
            self.line(&format!("local.set {local}"));
        }
        self.iteration(depth);
        for &(local, ty) in &kept {
            match self.source.below(3) {
                0 => self.expression(ty, 1),
                _ => self.line(&format!("local.get {local}")),
            }
        }
        self.step(counter, "add");
        self.line(&format!("{bound} {ty}.lt_u br_if {label}\nend"));
        self.keep(&types);
    }

    /// That counts at its beginning, so that branches to it come to an end.
    fn loop_that_continues(&mut self, counter: Counter, bound: &str, depth: u32) {
        let (label, out) = (self.new_label(), self.new_label());
        let ty = counter.ty.name();
        self.set_counter(counter, &format!("{ty}.const 0"));
        self.line(&format!("block {out}\nloop {label}"));
        self.step(counter, "add");
        self.line(&format!("{bound} {ty}.gt_u br_if {out}"));
        self.labels.push(Label { name: out, types: Vec::new() });
        self.labels.push(Label { name: label.clone(), types: Vec::new() });
        self.iteration(depth);
        self.labels.truncate(self.labels.len() - 2);
        if self.source.one_in(2) {
            self.condition(1);
            self.line(&format!("br_if {label}"));
            self.statement(0, false);
        }
        self.line(&format!("br {label}\nend\nend"));
    }

    /// That may end early, with a value.
    fn loop_with_result(&mut self, counter: Counter, bound: &str, depth: u32) {
        let (label, out) = (self.new_label(), self.new_label());
        let (ty, result) = (counter.ty.name(), self.source.choose(&Type::NUMBERS));
        self.set_counter(counter, &format!("{ty}.const 0"));
        self.line(&format!("block {out} (result {})\nloop {label}", result.name()));
        self.labels.push(Label { name: out.clone(), types: vec![result] });
        self.iteration(depth);
        self.labels.pop();
        self.expression(result, 2);
        self.rare();
        self.line(&format!("br_if {out} drop"));
        self.step(counter, "add");
        self.line(&format!("{bound} {ty}.lt_s br_if {label}\nend"));
        self.expression(result, 1);
        self.line("end");
        self.keep(&[result]);
    }

    /// Leaves the results. With `all`, mostly makes every local one of what is seen at the end.
    pub fn results(&mut self, all: bool) {
        if all && !self.source.one_in(4) {
            self.line("global.get $hash");
            for local in 0..self.locals.len() {
                let to_integer = match self.locals[local].ty {
                    I32 => "i64.extend_i32_u",
                    I64 => "",
                    Type::F32 => "i32.reinterpret_f32 i64.extend_i32_u",
                    F64 => "i64.reinterpret_f64",
                    Type::V128 => "i64x2.extract_lane 0 i64.xor i64.const 9 i64.rotl local.get",
                    Type::Extern => "ref.is_null i64.extend_i32_u",
                };
                let rest = match self.locals[local].ty {
                    Type::V128 => format!(" {local} i64x2.extract_lane 1"),
                    _ => String::new(),
                };
                self.line(&format!("local.get {local}"));
                self.make_canonical(self.locals[local].ty);
                self.line(&format!("{to_integer}{rest} i64.xor i64.const 5 i64.rotl"));
            }
            self.line("global.set $hash");
        }
        let results = self.results.clone();
        for ty in results {
            self.seen(ty, 2);
        }
    }

    /// Writes the function, and gives how many instructions a call of it executes, about.
    pub fn finish(self, name: &str, export: bool, out: &mut String) -> u64 {
        let types: Vec<Type> = self.locals.iter().map(|local| local.ty).collect();
        let export = if export { format!(" (export \"{name}\")") } else { String::new() };
        let _ = writeln!(
            out,
            "(func ${name}{export}{}{}{}",
            list("param", &types[..self.params]),
            list("result", &self.results),
            list("local", &types[self.params..])
        );
        if self.module.shape.all {
            out.push_str("(local $exn exnref)\n");
        }
        if self.module.shape.canonical_nans {
            out.push_str("(local $f32 f32) (local $f64 f64)\n");
        }
        out.push_str(&self.text);
        out.push_str(")\n");
        self.spent.max(LEAF_COST / 4)
    }
}
