//! Values: code that leaves one on the stack.

use super::Type::{self, Extern, F32, F64, I32, I64, V128};
use super::body::Body;
use super::ops;

impl Body<'_, '_> {
    /// Leaves a value of a type.
    pub fn expression(&mut self, ty: Type, depth: u32) {
        if depth == 0 || self.left() < 20 * self.times {
            return self.value(ty);
        }
        match self.source.below(18) {
            0 | 1 => self.value(ty),
            2..=6 => self.binary(ty, depth),
            7..=9 => self.unary(ty, depth),
            10 | 11 => self.load(ty, depth),
            12 => {
                self.expression(ty, depth - 1);
                self.expression(ty, depth - 1);
                self.condition(depth - 1);
                self.line(if ty == Extern { "select (result externref)" } else { "select" });
            }
            13 => {
                self.condition(depth - 1);
                self.line(&format!("if (result {})", ty.name()));
                self.expression(ty, depth - 1);
                self.line("else");
                self.expression(ty, depth - 1);
                self.line("end");
            }
            14 => {
                let label = self.new_label();
                self.line(&format!("block {label} (result {})", ty.name()));
                self.expression(ty, depth - 1);
                self.condition(depth - 1);
                self.line(&format!("br_if {label} drop"));
                self.expression(ty, depth - 1);
                self.line("end");
            }
            15 => match self.callee(|callee| callee.results == [ty]) {
                Some(callee) => self.call(&callee, "call"),
                None => self.binary(ty, depth),
            },
            16 => {
                // Operands below that stay where they are.
                self.value(ty);
                self.statement(depth - 1, depth > 1);
            }
            _ => self.special(ty, depth),
        }
    }

    /// Leaves something to compare or branch by.
    pub fn condition(&mut self, depth: u32) {
        match self.source.below(3) {
            0 => self.expression(I32, depth),
            1 => {
                self.expression(I32, depth);
                let (mask, is) = (self.source.choose(&[1, 3, 7]), self.source.below(4));
                self.line(&format!("i32.const {mask} i32.and i32.const {is} i32.eq"));
            }
            _ => self.rare(),
        }
    }

    /// Leaves what is seldom true: in one iteration of some loop.
    pub fn rare(&mut self) {
        let scope = self.counters.len();
        if scope == 0 || self.source.one_in(3) {
            self.expression(I32, 1);
            let is = self.source.below(16);
            return self.line(&format!("i32.const 15 i32.and i32.const {is} i32.eq"));
        }
        let counter = self.counters[scope - 1 - self.source.below(scope)];
        let at = self.source.below(counter.trips as usize + 2);
        let ty = counter.ty.name();
        self.line(&format!("local.get {} {ty}.const {at} {ty}.eq", counter.local));
    }

    /// Leaves what is there already.
    pub fn value(&mut self, ty: Type) {
        let (kind, number) = (self.source.below(8), self.source.below(64));
        let locals: Vec<usize> =
            (0..self.locals.len()).filter(|&local| self.locals[local].ty == ty).collect();
        match kind {
            2..=6 if !locals.is_empty() => self.line(&format!("local.get {}", locals[number % locals.len()])),
            1 if ty == I32 && number % 2 == 0 => self.line("global.get $shared"),
            1 => self.line(&format!("global.get ${}", ty.name())),
            7 if matches!(ty, I32 | I64) && !self.counters.is_empty() => {
                let counter = self.counters[number % self.counters.len()];
                self.line(&format!("local.get {}", counter.local));
                match (counter.ty, ty) {
                    (I32, I64) => self.line("i64.extend_i32_u"),
                    (I64, I32) => self.line("i32.wrap_i64"),
                    _ => {}
                }
            }
            _ => self.constant(ty),
        }
    }

    fn constant(&mut self, ty: Type) {
        const FLOATS: &[&str] = &[
            "0",
            "-0",
            "1",
            "-1.5",
            "inf",
            "nan",
            "0x1p31",
            "4294967295",
            "0x1p-149",
            "1e10",
            "-0x1p63",
            "3.25",
        ];
        let text = match ty {
            I32 => format!("i32.const {}", self.source.integer() as i32),
            I64 => format!("i64.const {}", self.source.integer()),
            F32 => format!("f32.const {}", self.source.choose(FLOATS)),
            F64 => format!("f64.const {}", self.source.choose(FLOATS)),
            V128 => format!("v128.const i64x2 {} {}", self.source.integer(), self.source.integer()),
            Extern => "ref.null extern".to_string(),
        };
        self.line(&text);
    }

    /// Makes one of the two values on the stack.
    pub fn combine(&mut self, ty: Type) {
        let canonical = self.shape().canonical_nans;
        let same: Vec<&str> = ops::binary(ty)
            .iter()
            .filter(|(op, operand)| *operand == ty && !(canonical && shows_nans(op)))
            .map(|(op, _)| *op)
            .collect();
        let op = self.source.choose(&same);
        self.line(op);
    }

    fn binary(&mut self, ty: Type, depth: u32) {
        if ty == Extern {
            return self.value(ty);
        }
        let (op, operand) = self.source.choose(ops::binary(ty));
        if self.shape().canonical_nans && shows_nans(op) {
            return self.value(ty);
        }
        self.expression(operand, depth - 1);
        // Often with a constant, which has instructions of its own.
        match self.source.below(3) {
            0 => self.constant(operand),
            _ => self.expression(operand, depth - 1),
        }
        self.line(op);
    }

    fn unary(&mut self, ty: Type, depth: u32) {
        let simd = self.shape().simd;
        let canonical = self.shape().canonical_nans;
        let ops: Vec<(&str, Type)> = ops::unary(ty)
            .iter()
            .copied()
            .filter(|&(op, operand)| (simd || operand != V128) && !(canonical && shows_nans(op)))
            .collect();
        if ops.is_empty() {
            return self.value(ty);
        }
        let (op, operand) = self.source.choose(&ops);
        self.expression(operand, depth - 1);
        if op.contains("reinterpret") {
            self.make_canonical(operand);
        }
        self.line(op);
    }

    /// What needs more than operands.
    fn special(&mut self, ty: Type, depth: u32) {
        let kind = self.source.below(5);
        match ty {
            I32 | I64 if kind < 3 => {
                let name = ty.name();
                let op = self.source.choose(&["div_s", "div_u", "rem_s", "rem_u"]);
                self.expression(ty, depth - 1);
                match kind {
                    0 => {
                        let by = match self.source.integer() {
                            0 => 3,
                            by => by,
                        };
                        let by = if ty == I32 { i64::from(by as i32 | 1) } else { by };
                        self.line(&format!("{name}.const {by}"));
                    }
                    1 => {
                        self.expression(ty, depth - 1);
                        self.line(&format!("{name}.const 1 {name}.or"));
                    }
                    // Traps in one iteration.
                    _ => {
                        self.rare();
                        self.line("i32.eqz");
                        if ty == I64 {
                            self.line("i64.extend_i32_u");
                        }
                    }
                }
                self.line(&format!("{name}.{op}"));
            }
            I32 if kind == 3 && !self.shape().memory64 => self.line("memory.size $m"),
            I64 if kind == 3 => {
                for _ in 0..4 {
                    self.expression(I64, depth - 1);
                }
                let op = self.source.choose(&["i64.add128", "i64.sub128"]);
                let which = self.source.choose(&["drop", "i64.xor"]);
                self.line(&format!("{op} {which}"));
            }
            I64 if kind == 4 => {
                self.expression(I64, depth - 1);
                self.expression(I64, depth - 1);
                let op = self.source.choose(&["i64.mul_wide_s", "i64.mul_wide_u"]);
                let which = self.source.choose(&["drop", "i64.xor"]);
                self.line(&format!("{op} {which}"));
            }
            V128 => self.special_vector(kind, depth),
            _ => match ops::trapping_unary(ty) {
                [] => self.unary(ty, depth),
                ops if self.source.one_in(3) => {
                    let (op, operand) = self.source.choose(ops);
                    self.expression(operand, depth - 1);
                    self.line(op);
                }
                _ => self.unary(ty, depth),
            },
        }
    }

    fn special_vector(&mut self, kind: usize, depth: u32) {
        match kind {
            0 => {
                self.expression(V128, depth - 1);
                self.expression(V128, depth - 1);
                let lanes: String = (0..16).map(|_| format!(" {}", self.source.below(32))).collect();
                self.line(&format!("i8x16.shuffle{lanes}"));
            }
            1 => {
                self.expression(V128, depth - 1);
                self.expression(I32, depth - 1);
                let op = self.source.choose(ops::VECTOR_SHIFTS);
                self.line(op);
            }
            2 => {
                let (op, ty) = self.source.choose(&[
                    ("i8x16.replace_lane 7", I32),
                    ("i16x8.replace_lane 0", I32),
                    ("i64x2.replace_lane 1", I64),
                    ("f32x4.replace_lane 2", F32),
                    ("f64x2.replace_lane 0", F64),
                ]);
                self.expression(V128, depth - 1);
                self.expression(ty, depth - 1);
                self.make_canonical(ty);
                self.line(op);
            }
            _ => {
                let relaxed = self.shape().all && !self.shape().canonical_nans && kind == 3;
                let op = self.source.choose(if relaxed { ops::RELAXED_TERNARY } else { ops::VECTOR_TERNARY });
                for _ in 0..3 {
                    self.expression(V128, depth - 1);
                }
                self.line(op);
            }
        }
    }

    fn load(&mut self, ty: Type, depth: u32) {
        if ty == Extern {
            return self.value(ty);
        }
        let (op, width) = self.source.choose(ops::loads(ty));
        let place = self.address(width, depth - 1);
        self.line(&format!("{op} {place}"));
    }

    /// Leaves an address, mostly within the first few KiB, and gives memory, offset and alignment.
    pub fn address(&mut self, width: u32, depth: u32) -> String {
        let second = self.shape().second_memory && self.source.one_in(4);
        match self.source.below(12) {
            0..=2 if !self.counters.is_empty() => {
                let counter = self.counters[self.source.below(self.counters.len())];
                let stride = self.source.choose(&[1, 4, 8, 16, 12, 3]);
                self.line(&format!("local.get {}", counter.local));
                if counter.ty == I64 {
                    self.line("i32.wrap_i64");
                }
                self.line(&format!("i32.const {stride} i32.mul"));
            }
            3..=6 if !self.pointers.is_empty() => {
                let pointer = self.pointers[self.source.below(self.pointers.len())];
                self.line(&format!("local.get {pointer}"));
            }
            7 | 8 => {
                let at = self.source.below(256);
                self.line(&format!("i32.const {at}"));
            }
            // Perhaps beyond the end.
            9 if self.source.one_in(8) => self.expression(I32, depth),
            10 if self.source.one_in(4) => {
                let at = self.source.choose(&[65_535, 65_528, 65_536, 131_064, -1, -8]);
                self.line(&format!("i32.const {at}"));
            }
            _ => {
                self.expression(I32, depth);
                let mask = self.source.choose(&[0xff, 0xff8, 0x7ff0, 0x3c]);
                self.line(&format!("i32.const {mask} i32.and"));
            }
        }
        if self.shape().memory64 && !second {
            self.line("i64.extend_i32_u");
        }
        let offset = match self.source.below(16) {
            0..=6 => 0,
            15 => self.source.choose(&[65_520, 65_535, 0x1_0000, 0x7fff_fff8, 0xffff_fffc]),
            _ => self.source.below(40),
        };
        let align = if self.source.one_in(2) { width } else { 1 };
        format!("{} offset={offset} align={align}", if second { "$n" } else { "$m" })
    }
}

/// Whether the bits of a NaN, its sign for instance, come to be those of something else.
fn shows_nans(op: &str) -> bool {
    op.starts_with("f32x4.") || op.starts_with("f64x2.") || op.ends_with("copysign")
}
