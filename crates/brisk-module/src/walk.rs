//! The control-stack walker: the structure of a function body, understood once for all tiers.
//!
//! A translator drives it with the instructions of a validated body. The walker keeps the operand
//! stack (each operand described by a value `V` of the translator's) and the control stack (each
//! frame with a label `L` of the translator's), skips code that cannot be reached, and says what an
//! instruction costs in fuel.

use crate::convert::Notes;
use crate::module::Module;
use crate::types::{FuncType, TypeIndex, ValType};
use wasmparser::{BlockType, Operator};

/// Parameters and results of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockSig {
    /// Neither.
    Empty,
    /// No parameters, one result.
    One(ValType),
    /// Those of a function type.
    Func(TypeIndex),
}

impl BlockSig {
    /// From the form of the binary format.
    pub fn new(ty: BlockType) -> BlockSig {
        match ty {
            BlockType::Empty => BlockSig::Empty,
            BlockType::Type(ty) => BlockSig::One(val_type(ty)),
            BlockType::FuncType(index) => BlockSig::Func(TypeIndex(index)),
        }
    }

    /// Types of the parameters.
    pub fn params<'a>(&'a self, module: &'a Module) -> &'a [ValType] {
        match self {
            BlockSig::Empty | BlockSig::One(_) => &[],
            BlockSig::Func(index) => &func_type(module, *index).params,
        }
    }

    /// Types of the results.
    pub fn results<'a>(&'a self, module: &'a Module) -> &'a [ValType] {
        match self {
            BlockSig::Empty => &[],
            BlockSig::One(ty) => std::slice::from_ref(ty),
            BlockSig::Func(index) => &func_type(module, *index).results,
        }
    }
}

fn func_type(module: &Module, index: TypeIndex) -> &FuncType {
    &module.types[index.0 as usize].func
}

/// A value type as it stands in a function body.
pub fn val_type(ty: wasmparser::ValType) -> ValType {
    Notes::default().val_type(ty)
}

/// What opened a control frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ControlKind {
    /// The function body itself.
    Function,
    /// `block`.
    Block,
    /// `loop`.
    Loop,
    /// `if`, before its `else`.
    If,
    /// The part of an `if` behind `else`.
    Else,
    /// `try_table`.
    TryTable,
}

/// A frame of the control stack.
#[derive(Clone, Debug)]
pub struct Control<L> {
    /// What opened it.
    pub kind: ControlKind,
    /// Its parameters and results.
    pub sig: BlockSig,
    /// Number of operands below its parameters.
    pub height: usize,
    /// Whether the point the walk has reached in it cannot be reached by the program.
    pub unreachable: bool,
    /// Whether the frame could be reached at all when it was opened.
    pub live: bool,
    /// The translator's label.
    pub label: L,
}

impl<L> Control<L> {
    /// Types of the operands a branch to this frame's label passes: the parameters of a loop, the
    /// results of anything else.
    pub fn label_types<'a>(&'a self, module: &'a Module) -> &'a [ValType] {
        match self.kind {
            ControlKind::Loop => self.sig.params(module),
            _ => self.sig.results(module),
        }
    }
}

/// Operand and control stack of a walk over one function body.
#[derive(Debug)]
pub struct Walker<'m, V, L> {
    /// The module the body belongs to.
    pub module: &'m Module,
    /// Operands, the innermost last.
    pub operands: Vec<V>,
    /// Control frames, the innermost last.
    pub control: Vec<Control<L>>,
    /// Blocks opened inside code that cannot be reached.
    skipped: usize,
}

impl<'m, V, L> Walker<'m, V, L> {
    /// A walker at the start of a function of the given type, with recycled stacks.
    pub fn new(module: &'m Module, ty: TypeIndex, label: L) -> Self {
        let function = Control {
            kind: ControlKind::Function,
            sig: BlockSig::Func(ty),
            height: 0,
            unreachable: false,
            live: true,
            label,
        };
        Walker { module, operands: Vec::new(), control: vec![function], skipped: 0 }
    }

    /// Whether the instruction is one the translator must ignore because it cannot be reached. Opens
    /// and closes blocks in such code; the `else` and `end` that lead out of it are not ignored.
    pub fn skip(&mut self, op: &Operator<'_>) -> bool {
        if !self.control.last().is_some_and(|control| control.unreachable) {
            return false;
        }
        match op {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. } => {
                self.skipped += 1;
                true
            }
            Operator::End if self.skipped > 0 => {
                self.skipped -= 1;
                true
            }
            Operator::Else => self.skipped > 0,
            Operator::End => false,
            _ => true,
        }
    }

    /// Opens a frame whose parameters are the topmost operands.
    pub fn open(&mut self, kind: ControlKind, sig: BlockSig, label: L) {
        let height = self.operands.len() - sig.params(self.module).len();
        self.control.push(Control { kind, sig, height, unreachable: false, live: true, label });
    }

    /// The innermost frame.
    pub fn innermost(&mut self) -> &mut Control<L> {
        self.control.last_mut().expect("a validated body closes the function's frame last")
    }

    /// The frame a branch of the given depth leads to.
    pub fn target(&mut self, depth: u32) -> &mut Control<L> {
        let at = self.control.len() - 1 - depth as usize;
        &mut self.control[at]
    }

    /// Marks the rest of the innermost frame as unreachable. Its operands are the caller's to drop.
    pub fn set_unreachable(&mut self) {
        self.innermost().unreachable = true;
    }
}

/// What an instruction costs in fuel: nothing for those that only shape the code, 1 for the others.
/// The cost of an instruction is charged with its segment (see [`ends_segment`]) before the segment runs.
pub fn fuel_cost(op: &Operator<'_>) -> u32 {
    match op {
        Operator::Nop
        | Operator::Drop
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::TryTable { .. }
        | Operator::Unreachable
        | Operator::Return
        | Operator::Else
        | Operator::End => 0,
        _ => 1,
    }
}

/// Whether a new fuel segment begins after this instruction: behind branches, joins and calls. (A
/// loop header and the function's entry begin one as well.)
pub fn ends_segment(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::BrIf { .. }
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
    )
}
