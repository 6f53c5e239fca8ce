//! Random code for the allocator, and two interpreters that must agree: one over vregs, one over what was allocated.
//!
//! Used by the tests and by the fuzz target.

use super::{Allocator, check};
use crate::ir::Range;
use crate::vcode::{
    Allocation, Constraint, Loc, Operand, PReg, RegClass, RegSet, RegSets, Remat, Role, VBlock, VCode, VEdge,
    VReg,
};

/// A small generator of random numbers (xorshift).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// One that begins at `seed`.
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.number() % n as u64) as usize
    }

    /// True in `n` of 100 cases.
    pub fn chance(&mut self, n: usize) -> bool {
        self.below(100) < n
    }
}

/// The registers of the tests: those of x64, or few of them.
pub fn reg_sets(few: bool) -> RegSets {
    let ints: &[u8] = if few { &[0, 1, 2, 6, 7, 3] } else { &[0, 1, 2, 6, 7, 8, 9, 10, 3, 12, 13] };
    let mut allocatable = RegSet::EMPTY;
    for &r in ints {
        allocatable = allocatable.with(PReg::int(r));
    }
    for r in 0..if few { 4 } else { 15 } {
        allocatable = allocatable.with(PReg::vector(r));
    }
    let mut callee_saved = RegSet::EMPTY.with(PReg::int(3));
    if !few {
        callee_saved = callee_saved.with(PReg::int(12)).with(PReg::int(13));
    }
    RegSets { allocatable, callee_saved, scratch_int: PReg::int(11), scratch_vector: PReg::vector(15) }
}

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How many instructions, about.
    pub insts: usize,
    /// How deep control flow nests.
    pub depth: usize,
    /// How far back operands are chosen: the larger, the higher the pressure.
    pub reach: usize,
    /// Of 100 operands, how many are chosen from anywhere.
    pub far: usize,
    /// Of 100 instructions, how many are calls.
    pub calls: usize,
}

/// Builds code.
pub struct Builder {
    /// The code so far.
    pub code: VCode<u32>,
    regs: RegSets,
    block: Option<VBlock>,
    depth: u32,
    edges: Vec<(u32, VEdge)>,
    /// What can be used here.
    env: Vec<VReg>,
    /// Blocks whose index is not known yet: their labels.
    labels: Vec<u32>,
}

fn op(vreg: VReg, constraint: Constraint, role: Role) -> Operand {
    Operand { vreg, constraint, role }
}

impl Builder {
    /// An empty function.
    pub fn new(regs: RegSets) -> Builder {
        let clobber_sets = vec![RegSet::EMPTY, regs.allocatable.minus(regs.callee_saved), regs.allocatable];
        Builder {
            code: VCode { clobber_sets, ..VCode::default() },
            regs,
            block: None,
            depth: 0,
            edges: Vec::new(),
            env: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// A new vreg.
    pub fn vreg(&mut self, class: RegClass, wide: bool) -> VReg {
        self.code.classes.push(class);
        self.code.wide.push(wide);
        self.code.remat.push(Remat::No);
        VReg(self.code.classes.len() as u32 - 1)
    }

    fn like(&mut self, v: VReg) -> VReg {
        self.vreg(self.code.classes[v.0 as usize], self.code.wide[v.0 as usize])
    }

    /// Adds an instruction.
    pub fn inst(&mut self, ops: &[Operand], clobbers: u8) {
        self.code.insts.push(self.code.insts.len() as u32);
        self.code.operands.extend_from_slice(ops);
        self.code.operand_ends.push(self.code.operands.len() as u32);
        self.code.clobbers.push(clobbers);
    }

    /// A block's name, before it begins.
    pub fn label(&mut self) -> u32 {
        self.labels.push(u32::MAX);
        self.labels.len() as u32 - 1
    }

    /// Begins a block.
    pub fn begin(&mut self, label: u32, params: &[VReg]) {
        assert!(self.block.is_none());
        self.labels[label as usize] = self.code.blocks.len() as u32;
        let start = self.code.vregs.len() as u32;
        self.code.vregs.extend_from_slice(params);
        let end = self.code.vregs.len() as u32;
        let first = self.code.insts.len() as u32;
        self.block = Some(VBlock {
            insts: Range { start: first, end: first },
            params: Range { start, end },
            loop_depth: self.depth,
            ..VBlock::default()
        });
    }

    /// How many loops the blocks that begin from now on are in.
    pub fn set_depth(&mut self, depth: u32) {
        self.depth = depth;
    }

    /// The open block is seldom reached.
    pub fn set_cold(&mut self) {
        self.block.as_mut().expect("a block is open").cold = true;
    }

    /// Ends it.
    pub fn end(&mut self, uses: &[Operand], clobbers: u8, succs: &[(u32, Vec<VReg>)]) {
        self.inst(uses, clobbers);
        let mut block = self.block.take().expect("a block is open");
        block.insts.end = self.code.insts.len() as u32;
        let start = self.code.edges.len() as u32;
        for (label, args) in succs {
            let first = self.code.vregs.len() as u32;
            self.code.vregs.extend_from_slice(args);
            let args = Range { start: first, end: self.code.vregs.len() as u32 };
            self.code.edges.push(VEdge { to: *label, args });
        }
        block.succs = Range { start, end: self.code.edges.len() as u32 };
        self.code.blocks.push(block);
    }

    /// Puts indices for labels.
    pub fn finish(mut self) -> VCode<u32> {
        for b in 0..self.code.blocks.len() {
            for e in self.code.blocks[b].succs.indices() {
                let to = self.labels[self.code.edges[e].to as usize];
                self.code.edges[e].to = to;
                if to as usize <= b {
                    self.code.blocks[to as usize].loop_header = true;
                }
            }
        }
        debug_assert!(self.edges.is_empty());
        self.code
    }

    fn pick(&mut self, rng: &mut Rng, shape: &Shape, class: RegClass) -> VReg {
        for _ in 0..8 {
            let n = self.env.len();
            let back = if rng.chance(shape.far) { rng.below(n) } else { rng.below(n.min(shape.reach)) };
            let v = self.env[n - 1 - back];
            if self.code.classes[v.0 as usize] == class {
                return v;
            }
        }
        let found = self.env.iter().copied().find(|v| self.code.classes[v.0 as usize] == class);
        found.expect("the parameters have both classes")
    }

    fn class(rng: &mut Rng) -> RegClass {
        if rng.chance(70) { RegClass::Int } else { RegClass::Vector }
    }

    fn random_inst(&mut self, rng: &mut Rng, shape: &Shape) {
        use Constraint::{Any, Fixed, Reg, Reuse, Spare};
        use Role::{Def, DefEarly, Temp, Use, UseLate};
        if rng.chance(shape.calls) {
            self.call(rng, shape);
            return;
        }
        let class = Self::class(rng);
        let wide = class == RegClass::Vector && rng.chance(50);
        let a = self.pick(rng, shape, class);
        let b = self.pick(rng, shape, class);
        let kind = rng.below(14);
        let d = self.vreg(class, wide);
        match kind {
            0 => {
                self.code.remat[d.0 as usize] = Remat::Inst(self.code.insts.len() as u32);
                self.inst(&[op(d, Reg, Def)], 0);
            }
            1 => self.inst(&[op(a, Reg, Use), op(d, Reg, Def)], 0),
            2 => self.inst(&[op(a, Reg, Use), op(b, Any, Use), op(d, Reg, Def)], 0),
            3 | 4 => self.inst(&[op(a, Reg, Use), op(b, Reg, Use), op(d, Reuse(0), Def)], 0),
            5 | 6 => self.inst(&[op(a, Reg, Use), op(b, Any, Use), op(d, Reuse(0), Def)], 0),
            7 => {
                let t = self.like(a);
                self.inst(&[op(a, Reg, Use), op(b, Reg, UseLate), op(t, Reg, Temp), op(d, Reg, Def)], 0);
            }
            8 => self.inst(&[op(a, Reg, Use), op(b, Any, UseLate), op(d, Reg, DefEarly)], 0),
            9 => self.inst(&[op(a, Any, Use), op(b, Reg, Use)], 0),
            12 => {
                let remat = |v: &VReg| self.code.remat[v.0 as usize] != Remat::No;
                let spare = self.env.iter().rev().copied().find(remat);
                let spare = spare.map_or(op(b, Any, Use), |spare| op(spare, Spare, Use));
                self.inst(&[op(a, Any, Use), spare, op(d, Reg, Def)], 0);
            }
            10 | 11 => {
                // As a shift, and as a division.
                let a = self.pick(rng, shape, RegClass::Int);
                let b = self.pick(rng, shape, RegClass::Int);
                let (x, y) = (self.vreg(RegClass::Int, false), self.vreg(RegClass::Int, false));
                let (rax, rcx, rdx) = (Fixed(PReg::int(0)), Fixed(PReg::int(1)), Fixed(PReg::int(2)));
                if kind == 10 {
                    self.inst(&[op(a, Reg, Use), op(b, rcx, Use), op(x, Reuse(0), Def)], 0);
                } else if rng.chance(50) {
                    let t = self.vreg(RegClass::Int, false);
                    self.inst(&[op(a, rax, Use), op(b, Reg, UseLate), op(t, rdx, Temp), op(x, rax, Def)], 0);
                } else {
                    self.inst(
                        &[op(a, rax, Use), op(b, Any, UseLate), op(x, rax, Def), op(y, rdx, DefEarly)],
                        0,
                    );
                    self.env.push(y);
                }
                self.env.push(x);
                return;
            }
            _ => self.inst(&[op(a, Any, Use), op(d, Any, Def)], 0),
        }
        if kind != 9 {
            self.env.push(d);
        }
    }

    fn call(&mut self, rng: &mut Rng, shape: &Shape) {
        let (ops, results) = self.call_ops(rng, shape);
        let mut ops = ops;
        for &(v, r) in &results {
            ops.push(op(v, Constraint::Fixed(r), Role::Def));
        }
        self.inst(&ops, 1);
        self.env.extend(results.iter().map(|r| r.0));
    }

    fn call_ops(&mut self, rng: &mut Rng, shape: &Shape) -> (Vec<Operand>, Vec<(VReg, PReg)>) {
        let mut ops = Vec::new();
        for r in [7u8, 6, 2, 1].into_iter().take(rng.below(5)) {
            let v = self.pick(rng, shape, RegClass::Int);
            ops.push(op(v, Constraint::Fixed(PReg::int(r)), Role::Use));
        }
        for r in 0..rng.below(4) as u8 {
            let v = self.pick(rng, shape, RegClass::Vector);
            ops.push(op(v, Constraint::Fixed(PReg::vector(r)), Role::Use));
        }
        if rng.chance(20) {
            let v = self.pick(rng, shape, RegClass::Int);
            ops.push(op(v, Constraint::Reg, Role::Use));
        } else if rng.chance(20) {
            let t = self.vreg(RegClass::Int, false);
            ops.push(op(t, Constraint::Reg, Role::Temp));
        }
        let mut results = Vec::new();
        for r in [0u8, 2].into_iter().take(rng.below(3)) {
            results.push((self.vreg(RegClass::Int, false), PReg::int(r)));
        }
        if rng.chance(20) {
            let wide = rng.chance(50);
            results.push((self.vreg(RegClass::Vector, wide), PReg::vector(0)));
        }
        (ops, results)
    }

    fn some(&mut self, rng: &mut Rng, shape: &Shape, like: &[VReg]) -> Vec<VReg> {
        let mut args = Vec::new();
        for v in like {
            let (class, wide) = (self.code.classes[v.0 as usize], self.code.wide[v.0 as usize]);
            let mut arg = self.pick(rng, shape, class);
            if self.code.wide[arg.0 as usize] != wide {
                // A wide value has no narrow copy: make one of the right width.
                let same = self.env.iter().rev().copied().find(|a| {
                    self.code.classes[a.0 as usize] == class && self.code.wide[a.0 as usize] == wide
                });
                arg = same.expect("the parameters have all kinds");
            }
            args.push(arg);
        }
        args
    }

    fn params(&mut self, rng: &mut Rng) -> Vec<VReg> {
        let count = if rng.chance(10) { rng.below(16) } else { rng.below(5) };
        (0..count)
            .map(|_| {
                let class = Self::class(rng);
                let wide = class == RegClass::Vector && rng.chance(50);
                self.vreg(class, wide)
            })
            .collect()
    }

    fn condition(&mut self, rng: &mut Rng, shape: &Shape) -> Vec<Operand> {
        let a = self.pick(rng, shape, RegClass::Int);
        let b = self.pick(rng, shape, RegClass::Int);
        match rng.below(3) {
            0 => vec![op(a, Constraint::Reg, Role::Use)],
            1 => vec![op(a, Constraint::Any, Role::Use), op(b, Constraint::Reg, Role::Use)],
            _ => vec![],
        }
    }

    /// Some code, beginning and ending inside a block.
    fn sequence(&mut self, rng: &mut Rng, shape: &Shape, depth: usize, budget: usize) {
        let mut left = budget as isize;
        while left > 0 {
            let straight = 1 + rng.below(12);
            for _ in 0..straight {
                self.random_inst(rng, shape);
            }
            left -= straight as isize;
            if depth == 0 || left <= 0 {
                continue;
            }
            let inner = (left as usize / 2).max(1);
            let inner = 1 + rng.below(inner);
            left -= inner as isize;
            match rng.below(6) {
                0 => self.diamond(rng, shape, depth - 1, inner, true),
                1 => self.diamond(rng, shape, depth - 1, inner, false),
                2 | 3 => self.looped(rng, shape, depth - 1, inner),
                4 => self.switch(rng, shape, depth - 1, inner),
                _ => self.throwing(rng, shape, depth - 1, inner),
            }
        }
    }

    fn diamond(&mut self, rng: &mut Rng, shape: &Shape, depth: usize, budget: usize, both: bool) {
        let (then, other, join) = (self.label(), self.label(), self.label());
        let params = self.params(rng);
        let cond = self.condition(rng, shape);
        self.end(&cond, 0, &[(then, vec![]), (other, vec![])]);
        let known = self.env.len();
        self.begin(then, &[]);
        let cold = rng.chance(25);
        self.block.as_mut().expect("it is open").cold = cold;
        self.sequence(rng, shape, depth, budget / 2 + 1);
        if rng.chance(10) {
            // Leaves the function.
            let v = self.pick(rng, shape, RegClass::Int);
            self.end(&[op(v, Constraint::Fixed(PReg::int(0)), Role::Use)], 0, &[]);
        } else {
            let args = self.some(rng, shape, &params);
            self.end(&[], 0, &[(join, args)]);
        }
        self.env.truncate(known);
        self.begin(other, &[]);
        if both {
            self.sequence(rng, shape, depth, budget / 2 + 1);
        }
        let args = self.some(rng, shape, &params);
        self.end(&[], 0, &[(join, args)]);
        self.env.truncate(known);
        self.begin(join, &params);
        self.env.extend(params);
    }

    fn switch(&mut self, rng: &mut Rng, shape: &Shape, depth: usize, budget: usize) {
        let count = 1 + rng.below(5);
        let join = self.label();
        let params = self.params(rng);
        let arms: Vec<u32> = (0..count).map(|_| self.label()).collect();
        let v = self.pick(rng, shape, RegClass::Int);
        let t = self.vreg(RegClass::Int, false);
        let mut takes = Vec::new();
        let mut succs = Vec::new();
        for &arm in &arms {
            // Edges to blocks with one predecessor may have arguments.
            let params = self.params(rng);
            let args = self.some(rng, shape, &params);
            succs.push((arm, args));
            takes.push(params);
        }
        let cond = [op(v, Constraint::Reg, Role::Use), op(t, Constraint::Reg, Role::Temp)];
        self.end(&cond, 0, &succs);
        let known = self.env.len();
        for (arm, takes) in arms.into_iter().zip(takes) {
            self.begin(arm, &takes);
            self.env.extend(takes);
            if rng.chance(70) {
                self.sequence(rng, shape, depth, budget / count + 1);
            }
            let args = self.some(rng, shape, &params);
            self.end(&[], 0, &[(join, args)]);
            self.env.truncate(known);
        }
        self.begin(join, &params);
        self.env.extend(params);
    }

    fn looped(&mut self, rng: &mut Rng, shape: &Shape, depth: usize, budget: usize) {
        let (header, exit, back) = (self.label(), self.label(), self.label());
        let params = self.params(rng);
        let args = self.some(rng, shape, &params);
        self.end(&[], 0, &[(header, args)]);
        self.depth += 1;
        self.begin(header, &params);
        self.env.extend(&params);
        if rng.chance(30) {
            // Left at the top.
            let (body, out) = (self.label(), self.label());
            let cond = self.condition(rng, shape);
            self.end(&cond, 0, &[(body, vec![]), (out, vec![])]);
            let known = self.env.len();
            let at_exit = self.env.clone();
            self.begin(body, &[]);
            self.sequence(rng, shape, depth, budget);
            let args = self.some(rng, shape, &params);
            self.end(&[], 0, &[(header, args)]);
            self.depth -= 1;
            self.env = at_exit;
            self.env.truncate(known);
            self.begin(out, &[]);
            return;
        }
        self.sequence(rng, shape, depth, budget / 2 + 1);
        if rng.chance(30) {
            // A way back from the middle.
            let (early, rest) = (self.label(), self.label());
            let cond = self.condition(rng, shape);
            self.end(&cond, 0, &[(early, vec![]), (rest, vec![])]);
            let known = self.env.len();
            self.begin(early, &[]);
            if rng.chance(50) {
                self.sequence(rng, shape, 0, 3);
            }
            let args = self.some(rng, shape, &params);
            self.end(&[], 0, &[(header, args)]);
            self.env.truncate(known);
            self.begin(rest, &[]);
        }
        self.sequence(rng, shape, depth, budget / 2 + 1);
        let cond = self.condition(rng, shape);
        self.end(&cond, 0, &[(back, vec![]), (exit, vec![])]);
        self.begin(back, &[]);
        let args = self.some(rng, shape, &params);
        self.end(&[], 0, &[(header, args)]);
        self.depth -= 1;
        self.begin(exit, &[]);
    }

    /// A call that ends its block.
    fn throwing(&mut self, rng: &mut Rng, shape: &Shape, depth: usize, budget: usize) {
        let (normal, handler, join) = (self.label(), self.label(), self.label());
        let (ops, results) = self.call_ops(rng, shape);
        let params = self.params(rng);
        self.end(&ops, 2, &[(normal, vec![]), (handler, vec![])]);
        let known = self.env.len();
        let fixed = |(v, r): &(VReg, PReg)| op(*v, Constraint::Fixed(*r), Role::Def);
        self.begin(normal, &[]);
        self.block.as_mut().expect("it is open").takes_fixed = true;
        self.inst(&results.iter().map(fixed).collect::<Vec<_>>(), 0);
        self.env.extend(results.iter().map(|r| r.0));
        self.sequence(rng, shape, depth, budget / 2 + 1);
        let args = self.some(rng, shape, &params);
        self.end(&[], 0, &[(join, args)]);
        self.env.truncate(known);
        self.begin(handler, &[]);
        let block = self.block.as_mut().expect("it is open");
        (block.takes_fixed, block.cold) = (true, true);
        let caught = (self.vreg(RegClass::Int, false), PReg::int(0));
        self.inst(&[fixed(&caught)], 0);
        self.env.push(caught.0);
        if rng.chance(50) {
            self.sequence(rng, shape, 0, 4);
        }
        let args = self.some(rng, shape, &params);
        self.end(&[], 0, &[(join, args)]);
        self.env.truncate(known);
        self.begin(join, &params);
        self.env.extend(params);
    }

    /// Begins the function.
    pub fn entry(&mut self) -> Vec<VReg> {
        let label = self.label();
        self.begin(label, &[]);
        self.block.as_mut().expect("it is open").takes_fixed = true;
        let a = self.vreg(RegClass::Int, false);
        let b = self.vreg(RegClass::Int, false);
        let x = self.vreg(RegClass::Vector, false);
        let y = self.vreg(RegClass::Vector, true);
        let fixed = |v, r| op(v, Constraint::Fixed(r), Role::Def);
        self.inst(
            &[
                fixed(a, PReg::int(7)),
                fixed(b, PReg::int(6)),
                fixed(x, PReg::vector(0)),
                fixed(y, PReg::vector(1)),
            ],
            0,
        );
        self.env.extend([a, b, x, y]);
        vec![a, b, x, y]
    }
}

/// Random code.
pub fn generate(rng: &mut Rng, shape: &Shape, regs: &RegSets) -> VCode<u32> {
    let mut builder = Builder::new(*regs);
    builder.entry();
    builder.sequence(rng, shape, shape.depth, shape.insts);
    let v = builder.pick(rng, shape, RegClass::Int);
    builder.end(&[op(v, Constraint::Fixed(PReg::int(0)), Role::Use)], 0, &[]);
    let _ = builder.regs;
    builder.finish()
}

/// Much of everything: `live` values that live from the beginning to the end, `blocks` diamonds in loops that nest
/// `depth` deep.
pub fn generate_big(live: usize, blocks: usize, depth: usize) -> VCode<u32> {
    use Constraint::{Any, Reg};
    let mut builder = Builder::new(reg_sets(false));
    let first = builder.entry()[0];
    let values: Vec<VReg> = (0..live)
        .map(|_| {
            let v = builder.vreg(RegClass::Int, false);
            builder.inst(&[op(first, Reg, Role::Use), op(v, Reg, Role::Def)], 0);
            v
        })
        .collect();
    let mut open = Vec::new();
    for _ in 0..depth {
        let (header, exit, back) = (builder.label(), builder.label(), builder.label());
        builder.end(&[], 0, &[(header, vec![])]);
        builder.depth += 1;
        builder.begin(header, &[]);
        open.push((header, exit, back));
    }
    for n in 0..blocks {
        let (then, other, join) = (builder.label(), builder.label(), builder.label());
        let p = builder.vreg(RegClass::Int, false);
        builder.end(&[op(values[n % live], Any, Role::Use)], 0, &[(then, vec![]), (other, vec![])]);
        builder.begin(then, &[]);
        let x = builder.vreg(RegClass::Int, false);
        builder
            .inst(&[op(values[n * 7 % live], Reg, Role::Use), op(x, Reg, Role::Def)], u8::from(n % 16 == 0));
        builder.end(&[], 0, &[(join, vec![x])]);
        builder.begin(other, &[]);
        builder.end(&[], 0, &[(join, vec![values[n * 3 % live]])]);
        builder.begin(join, &[p]);
    }
    while let Some((header, exit, back)) = open.pop() {
        builder.end(&[op(first, Any, Role::Use)], 0, &[(back, vec![]), (exit, vec![])]);
        builder.begin(back, &[]);
        builder.end(&[], 0, &[(header, vec![])]);
        builder.depth -= 1;
        builder.begin(exit, &[]);
    }
    for &v in &values {
        builder.inst(&[op(v, Any, Role::Use)], 0);
    }
    builder.end(&[], 0, &[]);
    builder.finish()
}

/// Code whose loops are entered at other places than their headers: each block is reached from one before it, and leads
/// anywhere. Blocks read what those that dominate them define.
pub fn generate_tangle(rng: &mut Rng, blocks: usize) -> VCode<u32> {
    use Constraint::{Any, Reg};
    let mut builder = Builder::new(reg_sets(true));
    let entry = builder.entry();
    let labels: Vec<u32> = (0..blocks).map(|_| builder.label()).collect();
    let entered = rng.chance(50).then(|| rng.below(blocks));
    let succs = tangle_edges(rng, blocks);
    let dominated = tangle_dominators(entered, &succs);
    if let Some(far) = entered {
        let (near, straight) = (builder.label(), builder.label());
        builder.end(&[op(entry[0], Reg, Role::Use)], 0, &[(near, vec![]), (straight, vec![])]);
        builder.begin(near, &[]);
        builder.end(&[], 0, &[(labels[far], vec![])]);
        builder.begin(straight, &[]);
    }
    builder.end(&[], 0, &[(labels[0], vec![])]);
    let mut defined: Vec<Vec<VReg>> = Vec::new();
    for b in 0..blocks {
        builder.begin(labels[b], &[]);
        let mut local = entry[..2].to_vec();
        local.extend(defined.iter().zip(&dominated[b]).filter(|(_, by)| **by).flat_map(|(v, _)| v));
        let known = local.len();
        for _ in 0..1 + rng.below(6) {
            let a = local[rng.below(local.len())];
            let c = entry[rng.below(2)];
            let d = builder.vreg(RegClass::Int, false);
            builder.inst(
                &[op(a, Reg, Role::Use), op(c, Any, Role::Use), op(d, Constraint::Reuse(0), Role::Def)],
                u8::from(rng.chance(15)),
            );
            local.push(d);
        }
        defined.push(local[known..].to_vec());
        let last = *local.last().expect("it has the parameters");
        let ways = [builder.label(), builder.label()];
        builder.end(&[op(last, Any, Role::Use)], 0, &ways.map(|way| (way, vec![])));
        for (way, to) in ways.into_iter().zip(succs[b]) {
            builder.begin(way, &[]);
            if let Some(to) = to {
                builder.inst(&[op(last, Reg, Role::Use)], 0);
                builder.end(&[], 0, &[(labels[to], vec![])]);
            } else {
                builder.end(&[op(entry[0], Any, Role::Use), op(entry[1], Any, Role::Use)], 0, &[]);
            }
        }
    }
    builder.finish()
}

/// Where each block of a tangle leads; `None`: out of it.
fn tangle_edges(rng: &mut Rng, blocks: usize) -> Vec<[Option<usize>; 2]> {
    let mut succs = vec![[None; 2]; blocks];
    for to in 1..blocks {
        // Near, if possible.
        let from = (to.saturating_sub(3) + rng.below(3)).min(to - 1);
        let (from, way) = if succs[from][0].is_none() { (from, 0) } else { (to - 1, 1) };
        succs[from][way] = Some(to);
    }
    for way in succs.iter_mut().flatten() {
        if way.is_none() && rng.chance(80) {
            *way = Some(rng.below(blocks));
        }
    }
    succs
}

/// Of each block of a tangle, whether each block dominates it.
fn tangle_dominators(entered: Option<usize>, succs: &[[Option<usize>; 2]]) -> Vec<Vec<bool>> {
    let blocks = succs.len();
    let mut by = vec![vec![true; blocks]; blocks];
    by[0].fill(false);
    by[0][0] = true;
    let mut changed = true;
    while changed {
        changed = false;
        let edges = (0..blocks).flat_map(|b| succs[b].into_iter().flatten().map(move |to| (Some(b), to)));
        for (from, to) in edges.chain(entered.map(|to| (None, to))) {
            for d in (0..blocks).filter(|&d| d != to) {
                let kept = by[to][d] && from.is_some_and(|from| by[from][d]);
                changed |= by[to][d] != kept;
                by[to][d] = kept;
            }
        }
    }
    by
}

/// A value: low and high half.
type Value = [u64; 2];

fn mix(a: u64, b: u64) -> u64 {
    let x = (a ^ b.rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^ x >> 32
}

/// What an instruction computes from its uses: one number, from which definitions and branches come.
fn compute(code: &VCode<u32>, inst: usize, uses: &[(u32, Value)]) -> u64 {
    let mut sum = inst as u64 + 1;
    for &(v, value) in uses {
        sum = mix(sum, value[0]);
        if code.wide[v as usize] {
            sum = mix(sum, value[1]);
        }
    }
    sum
}

fn result(sum: u64, operand: usize) -> Value {
    let low = mix(sum, operand as u64 + 77);
    [low, mix(low, 5)]
}

/// Runs code; with an allocation, over its places. Gives a digest of all that was read.
pub fn interpret(code: &VCode<u32>, allocation: Option<(&Allocation, &RegSets)>, steps: usize) -> u64 {
    let mut vregs = vec![[0xDEAD_0000_u64; 2]; code.classes.len()];
    let cells = allocation.map_or(0, |(a, _)| a.spill_cells as usize);
    let mut mem = vec![0xBAD_u64; 128 + cells + 2];
    let at = |loc: Loc| match loc {
        Loc::Reg(r) => r.0 as usize * 2,
        // There may be no such slot where an allocation was spoiled.
        Loc::Slot(c) => 128 + (c as usize).min(cells),
    };
    let mut digest = 0;
    let mut block = 0usize;
    let mut count = 0;
    let mut uses = Vec::new();
    let mut garbage = 0x1234_u64;
    loop {
        let b = &code.blocks[block];
        let mut last = 0;
        for inst in b.insts.indices() {
            count += 1;
            if let Some((a, _)) = allocation {
                let first = a.groups.partition_point(|g| (g.0 as usize) < inst);
                for (_, range) in a.groups[first..].iter().take_while(|g| g.0 as usize == inst) {
                    for m in &a.moves[range.indices()] {
                        let value = match m.from {
                            Some(from) => [mem[at(from)], mem[at(from) + 1]],
                            None => {
                                let operand = super::live::operands(code, m.remat).start;
                                let sum = compute(code, m.remat as usize, &[]);
                                result(sum, operand)
                            }
                        };
                        mem[at(m.to)] = value[0];
                        garbage = mix(garbage, 3);
                        if m.wide {
                            mem[at(m.to) + 1] = value[1];
                        } else if matches!(m.to, Loc::Reg(_)) {
                            mem[at(m.to) + 1] = garbage;
                        }
                    }
                }
            }
            let ops = super::live::operands(code, inst as u32);
            uses.clear();
            for n in ops.clone() {
                let o = &code.operands[n];
                if matches!(o.role, Role::Use | Role::UseLate) {
                    let value = match allocation {
                        None => vregs[o.vreg.0 as usize],
                        Some((a, _)) => match (a.locs[n], code.remat[o.vreg.0 as usize]) {
                            (Loc::Slot(u32::MAX), Remat::Inst(inst)) => {
                                let operand = super::live::operands(code, inst).start;
                                result(compute(code, inst as usize, &[]), operand)
                            }
                            (loc, _) => [mem[at(loc)], mem[at(loc) + 1]],
                        },
                    };
                    uses.push((o.vreg.0, value));
                }
            }
            let sum = compute(code, inst, &uses);
            last = sum;
            if !uses.is_empty() {
                digest = mix(digest, sum);
            }
            if allocation.is_some() {
                for r in code.clobber_sets[code.clobbers[inst] as usize].iter() {
                    garbage = mix(garbage, 7);
                    mem[r.0 as usize * 2] = garbage;
                    mem[r.0 as usize * 2 + 1] = garbage;
                }
            }
            for n in ops {
                let o = &code.operands[n];
                if matches!(o.role, Role::Use | Role::UseLate) {
                    continue;
                }
                let value = if o.role == Role::Temp { [garbage, garbage] } else { result(sum, n) };
                match allocation {
                    None => vregs[o.vreg.0 as usize] = value,
                    Some((a, _)) => {
                        let to = at(a.locs[n]);
                        mem[to] = value[0];
                        if code.wide[o.vreg.0 as usize] || to < 128 {
                            mem[to + 1] = value[1];
                        }
                    }
                }
            }
        }
        let succs = b.succs.indices();
        if succs.is_empty() || count > steps {
            return mix(digest, block as u64);
        }
        // Depends on the uses and on how far it has come, so that loops end.
        let pick = mix(last, count as u64) as usize % succs.len();
        let edge = code.edges[succs.start + pick];
        block = edge.to as usize;
        if code.blocks[block].takes_fixed && allocation.is_some() {
            garbage = mix(garbage, 9);
            mem[..128].fill(garbage);
        }
        if allocation.is_none() {
            let args: Vec<Value> =
                code.vregs[edge.args.indices()].iter().map(|v| vregs[v.0 as usize]).collect();
            for (p, value) in code.vregs[code.blocks[block].params.indices()].iter().zip(args) {
                vregs[p.0 as usize] = value;
            }
        }
    }
}

/// Generates code, allocates it, and verifies the answer in both ways. The body of the fuzz target.
pub fn run_case(
    allocator: &mut Allocator,
    out: &mut Allocation,
    seed: u64,
    shape: &Shape,
) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let regs = reg_sets(rng.chance(40));
    let code = generate(&mut rng, shape, &regs);
    run_code(allocator, out, &code, &regs).map_err(|e| format!("seed {seed} {shape:?}: {e}"))
}

/// Allocates code, and verifies the answer in both ways.
pub fn run_code(
    allocator: &mut Allocator,
    out: &mut Allocation,
    code: &VCode<u32>,
    regs: &RegSets,
) -> Result<(), String> {
    allocator.run(code, regs, out);
    check::check(code, regs, out)?;
    if interpret(code, None, 4000) != interpret(code, Some((out, regs)), 4000) {
        return Err("runs differ".into());
    }
    Ok(())
}
