//! The compiler's intermediate representation: SSA with block parameters, in flat arrays.
//!
//! An instruction is 16 bytes and its index is the [`Value`] it gives. A block is a range of
//! [`Func::layout`] that ends in a terminator; control leaves it along edges, which pass values to the
//! parameters of the block they lead to. Blocks are numbered in an order in which every
//! predecessor comes first but at loop headers, and in which the blocks of a loop are contiguous.

mod op;
pub mod parse;
pub mod print;
mod simd;
pub(crate) mod tree;
pub mod verify;

pub use op::{Effect, Op, Shape};
pub use simd::{SimdOp, SimdShape};

/// Type of a value. References are [`Ty::I64`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Ty {
    /// No value.
    None,
    /// 32-bit integer.
    I32,
    /// 64-bit integer, reference or address.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
}

impl Ty {
    /// The type of a WebAssembly value.
    pub fn from_wasm(ty: brisk_module::ValType) -> Ty {
        use brisk_module::ValType;
        match ty {
            ValType::I32 => Ty::I32,
            ValType::I64 | ValType::Ref(_) => Ty::I64,
            ValType::F32 => Ty::F32,
            ValType::F64 => Ty::F64,
            ValType::V128 => Ty::V128,
        }
    }

    /// Whether it is I32 or I64.
    pub fn is_int(self) -> bool {
        matches!(self, Ty::I32 | Ty::I64)
    }
}

/// An instruction's result, or a block parameter: the index of the instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Value(pub u32);

/// A block, by index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Block(pub u32);

/// An edge, by index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Edge(pub u32);

/// Where a field holds nothing.
pub const NONE: u32 = u32::MAX;

/// An instruction. What the fields mean depends on the [`Shape`] of the operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inst {
    /// The operation.
    pub op: Op,
    /// Type of the result.
    pub ty: Ty,
    /// A modifier, see the operations.
    pub aux: u16,
    /// First operand.
    pub a: u32,
    /// Second operand.
    pub b: u32,
    /// Third operand.
    pub c: u32,
}

/// A range of one of the pools.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Range {
    /// First.
    pub start: u32,
    /// Behind the last.
    pub end: u32,
}

impl Range {
    /// As a range of indices.
    pub fn indices(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BlockData {
    /// Its parameters, in `Func::lists`.
    pub params: Range,
    /// Its instructions but the parameters, in `Func::layout`; the last one is the terminator.
    pub insts: Range,
    /// How many loops it is in.
    pub loop_depth: u32,
    /// Whether it is the header of a loop (some predecessor does not come before it).
    pub loop_header: bool,
    /// Whether it is seldom reached: it leads to a trap, throws, or handles an exception.
    pub cold: bool,
}

/// An edge: where to, and what is passed to the parameters there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EdgeData {
    /// The block it leads to.
    pub to: Block,
    /// A value for each parameter, in `Func::lists`.
    pub args: Range,
}

/// Marks a position in an inlined function. Nothing is inlined in modules with offsets like that.
pub const INLINED: u32 = 1 << 31;

/// An instruction of an inlined function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Offset in the module's bytes.
    pub offset: u32,
    /// Which function, in [`Func::inlined`].
    pub inlined: u32,
}

/// A function inlined at a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inlined {
    /// Its index in the module.
    pub func: u32,
    /// Position of the call, as in [`Func::positions`].
    pub call: u32,
}

/// A function.
///
/// Block 0 is the entry; its parameters are the function's.
#[derive(Clone, Debug, Default)]
pub struct Func {
    /// All instructions and parameters; a [`Value`] is an index.
    pub insts: Vec<Inst>,
    /// The WebAssembly instruction each comes from: its offset in the module's bytes, or [`INLINED`] and an index in
    /// `places`.
    pub positions: Vec<u32>,
    /// The instructions of inlined functions.
    pub places: Vec<Place>,
    /// The functions inlined, each as often as it is.
    pub inlined: Vec<Inlined>,
    /// Instructions in the order of execution, by block.
    pub layout: Vec<Value>,
    /// Blocks.
    pub blocks: Vec<BlockData>,
    /// Edges.
    pub edges: Vec<EdgeData>,
    /// Lists of values: parameters, arguments, call lists.
    pub lists: Vec<u32>,
    /// Vector constants and shuffle lanes.
    pub vectors: Vec<u128>,
    /// Types of the function's results.
    pub results: Vec<Ty>,
    /// Whether it calls anything but the runtime's cold paths.
    pub calls: bool,
}

/// What is called and with what: `lists` holds `type index, number of arguments, arguments…` and, for a call with
/// edges, `number of edges, tag index or NONE (catches all) for each edge but the first`.
#[derive(Clone, Copy, Debug)]
pub struct CallList<'a> {
    /// Type index in the module; `NONE` for a call of the runtime.
    pub ty: u32,
    /// Values passed.
    pub args: &'a [u32],
    /// For each edge but the first, the tag it handles; `NONE` handles all. Empty for a call without edges.
    pub handlers: &'a [u32],
    /// First edge: where the call returns to; the next ones are the handlers, innermost first. `None` for a call
    /// that does not end its block.
    pub edges: Option<Edge>,
}

impl Func {
    /// Forgets everything but keeps the memory.
    pub fn clear(&mut self) {
        let Func { insts, positions, places, inlined, layout, blocks, edges, lists, vectors, results, calls } =
            self;
        insts.clear();
        positions.clear();
        places.clear();
        inlined.clear();
        layout.clear();
        blocks.clear();
        edges.clear();
        lists.clear();
        vectors.clear();
        results.clear();
        *calls = false;
    }

    /// The instruction that gives a value.
    #[inline]
    pub fn inst(&self, value: Value) -> &Inst {
        &self.insts[value.0 as usize]
    }

    /// Type of a value.
    #[inline]
    pub fn ty(&self, value: Value) -> Ty {
        self.insts[value.0 as usize].ty
    }

    /// The bits of a constant.
    #[inline]
    pub fn constant(&self, value: Value) -> Option<u64> {
        let inst = self.inst(value);
        (inst.op == Op::Const).then_some(u64::from(inst.a) | u64::from(inst.b) << 32)
    }

    /// Parameters of a block.
    pub fn params(&self, block: Block) -> &[u32] {
        &self.lists[self.blocks[block.0 as usize].params.indices()]
    }

    /// Instructions of a block in order.
    pub fn block_insts(&self, block: Block) -> &[Value] {
        &self.layout[self.blocks[block.0 as usize].insts.indices()]
    }

    /// The last instruction of a block.
    pub fn terminator(&self, block: Block) -> Value {
        self.layout[self.blocks[block.0 as usize].insts.end as usize - 1]
    }

    /// The list of a call.
    pub fn call(&self, inst: &Inst) -> CallList<'_> {
        let start = inst.b as usize;
        let count = self.lists[start + 1] as usize;
        let args = &self.lists[start + 2..start + 2 + count];
        let (edges, handlers) = if inst.c == NONE {
            (None, &[][..])
        } else {
            let count_at = start + 2 + count;
            let edges = self.lists[count_at] as usize;
            (Some(Edge(inst.c)), &self.lists[count_at + 1..count_at + edges])
        };
        CallList { ty: self.lists[start], args, handlers, edges }
    }

    /// Whether an instruction ends its block: a terminator, or a call with edges.
    pub fn is_terminator(&self, inst: &Inst) -> bool {
        inst.op.effect() == Effect::Terminator
            || matches!(inst.op, Op::Call | Op::CallRef | Op::CallLib) && inst.c != NONE
    }

    /// The edges along which a block is left, as a range of `edges`. (They are consecutive.)
    pub fn successors(&self, block: Block) -> Range {
        let inst = self.inst(self.terminator(block));
        match inst.op {
            Op::Jump => Range { start: inst.a, end: inst.a + 1 },
            // The two edges of a branch are made together.
            Op::Branch => Range { start: inst.b.min(inst.c), end: inst.b.max(inst.c) + 1 },
            Op::BranchTable => Range { start: inst.b, end: inst.b + inst.c },
            Op::Call | Op::CallRef | Op::CallLib if inst.c != NONE => {
                Range { start: inst.c, end: inst.c + 1 + self.call(inst).handlers.len() as u32 }
            }
            _ => Range::default(),
        }
    }

    /// Calls `f` with each value an instruction uses, edges' arguments not included.
    #[inline]
    pub fn for_each_operand(&self, inst: &Inst, mut f: impl FnMut(Value)) {
        match inst.op.shape() {
            Shape::Nullary | Shape::Jump => {}
            Shape::Unary | Shape::Load | Shape::Branch | Shape::BranchTable => f(Value(inst.a)),
            Shape::Binary => {
                f(Value(inst.a));
                f(Value(inst.b));
            }
            Shape::Ternary => {
                f(Value(inst.a));
                f(Value(inst.b));
                f(Value(inst.c));
            }
            Shape::Store => {
                f(Value(inst.a));
                f(Value(inst.c));
            }
            Shape::Simd => {
                f(Value(inst.a));
                match SimdOp::from_aux(inst.aux).shape() {
                    SimdShape::Unary | SimdShape::ExtractLane => {}
                    SimdShape::Binary | SimdShape::ReplaceLane | SimdShape::Shuffle => f(Value(inst.b)),
                    SimdShape::Ternary => {
                        f(Value(inst.b));
                        f(Value(inst.c));
                    }
                }
            }
            Shape::Call | Shape::CallValue => {
                if inst.op.shape() == Shape::CallValue {
                    f(Value(inst.a));
                }
                self.call(inst).args.iter().for_each(|&arg| f(Value(arg)));
            }
            Shape::List => {
                let list = &self.lists[inst.b as usize..(inst.b + inst.c) as usize];
                list.iter().for_each(|&value| f(Value(value)));
            }
        }
    }
}

/// How memory is read or written: the `aux` of `Load` and `Store`.
///
/// The address is `a + offset`, counted from the base of memory 0 if `pinned`, else an address of the machine. An
/// `a` of type i32 is zero-extended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// What is read or written.
    pub width: Width,
    /// Whether the address counts from the pinned base of memory 0.
    pub pinned: bool,
    /// Which memory it may be.
    pub region: Region,
    /// Whether it may fault, and the fault is a trap (memory out of bounds).
    pub traps: bool,
}

/// What a load or store moves. The type of a load's result, or of a store's value, says the rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Width {
    /// 8 bits, zero-extended when loaded to the result's type.
    U8,
    /// 8 bits, sign-extended.
    S8,
    /// 16 bits, zero-extended.
    U16,
    /// 16 bits, sign-extended.
    S16,
    /// 32 bits, zero-extended; a float if the type is one; into the low lane of a zeroed vector.
    U32,
    /// 32 bits, sign-extended to 64.
    S32,
    /// 64 bits; a float if the type is one; into the low lane of a zeroed vector.
    U64,
    /// 128 bits.
    V128,
}

/// Parts of memory that do not overlap, each with what changes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Region {
    /// Never changes while the instance lives: pointers to globals, memories, tables; type ids.
    Constant,
    /// Base and length of memories: changed by calls and by growth.
    MemoryDescriptor,
    /// Base and length of tables: changed by calls and by growth.
    TableDescriptor,
    /// Entries of tables.
    Table,
    /// Cells of globals: changed by calls.
    Global,
    /// Words of the store.
    Store,
    /// Memory 0, if no other memory can be the same one.
    Memory0,
    /// Other memories, two of which may be the same one where they are imported.
    Memories,
    /// Objects of the collected heap.
    Heap,
}

const WIDTHS: [Width; 8] =
    [Width::U8, Width::S8, Width::U16, Width::S16, Width::U32, Width::S32, Width::U64, Width::V128];
const REGIONS: [Region; 9] = [
    Region::Constant,
    Region::MemoryDescriptor,
    Region::TableDescriptor,
    Region::Table,
    Region::Global,
    Region::Store,
    Region::Memory0,
    Region::Memories,
    Region::Heap,
];

impl Access {
    /// As it stands in `aux`.
    pub fn to_aux(self) -> u16 {
        self.width as u16
            | (self.region as u16) << 4
            | u16::from(self.pinned) << 8
            | u16::from(self.traps) << 9
    }

    /// From `aux`.
    #[inline]
    pub fn from_aux(aux: u16) -> Access {
        Access {
            width: WIDTHS[usize::from(aux & 7)],
            region: REGIONS[usize::from(aux >> 4 & 15)],
            pinned: aux >> 8 & 1 != 0,
            traps: aux >> 9 & 1 != 0,
        }
    }

    /// Bytes moved.
    pub fn bytes(self) -> u32 {
        match self.width {
            Width::U8 | Width::S8 => 1,
            Width::U16 | Width::S16 => 2,
            Width::U32 | Width::S32 => 4,
            Width::U64 => 8,
            Width::V128 => 16,
        }
    }
}

macro_rules! define_conds {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $text:literal $not:ident $swapped:ident;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// All of them; the index is the number in `aux`.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// From `aux`.
            #[inline]
            pub fn from_aux(aux: u16) -> $name {
                $name::ALL[usize::from(aux)]
            }

            /// Its name in the text form.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// The condition with its operands exchanged.
            pub fn swapped(self) -> $name {
                match self { $($name::$variant => $name::$swapped,)* }
            }

            /// The opposite condition. For floats that is so only where no operand is a NaN, but for eq and ne.
            pub fn inverted(self) -> $name {
                match self { $($name::$variant => $name::$not,)* }
            }
        }
    };
}

define_conds! {
    /// How integers are compared.
    IntCond {
        /// Equal.
        Eq "eq" Ne Eq;
        /// Not equal.
        Ne "ne" Eq Ne;
        /// Less, signed.
        LtS "lt_s" GeS GtS;
        /// Less, unsigned.
        LtU "lt_u" GeU GtU;
        /// Greater, signed.
        GtS "gt_s" LeS LtS;
        /// Greater, unsigned.
        GtU "gt_u" LeU LtU;
        /// Less or equal, signed.
        LeS "le_s" GtS GeS;
        /// Less or equal, unsigned.
        LeU "le_u" GtU GeU;
        /// Greater or equal, signed.
        GeS "ge_s" LtS LeS;
        /// Greater or equal, unsigned.
        GeU "ge_u" LtU LeU;
    }
}

define_conds! {
    /// How floats are compared; all but `ne` are false if an operand is a NaN.
    FloatCond {
        /// Equal.
        Eq "eq" Ne Eq;
        /// Not equal.
        Ne "ne" Eq Ne;
        /// Less.
        Lt "lt" Ge Gt;
        /// Greater.
        Gt "gt" Le Lt;
        /// Less or equal.
        Le "le" Gt Ge;
        /// Greater or equal.
        Ge "ge" Lt Le;
    }
}

macro_rules! define_trap_codes {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
        /// Why code traps. The runtime knows more kinds; these are the ones code raises by itself.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum TrapCode {
            $($(#[$doc])* $name,)*
        }

        impl TrapCode {
            /// All of them; the index is the number in `aux`.
            pub const ALL: &'static [TrapCode] = &[$(TrapCode::$name,)*];

            /// Its name in the text form.
            pub fn name(self) -> &'static str {
                match self { $(TrapCode::$name => $text,)* }
            }

            /// From `aux`.
            pub fn from_aux(aux: u16) -> TrapCode {
                TrapCode::ALL[usize::from(aux)]
            }
        }
    };
}

define_trap_codes! {
    /// `unreachable`.
    Unreachable "unreachable";
    /// A memory was accessed beyond its end.
    MemoryOutOfBounds "memory_out_of_bounds";
    /// A table was accessed beyond its end.
    TableOutOfBounds "table_out_of_bounds";
    /// An indirect call to a null entry.
    IndirectCallToNull "indirect_call_to_null";
    /// An indirect call to a function of another type.
    BadSignature "bad_signature";
    /// Integer overflow.
    IntegerOverflow "integer_overflow";
    /// Division by zero.
    DivisionByZero "division_by_zero";
    /// A NaN was converted.
    BadConversion "bad_conversion";
    /// A null reference was used.
    NullReference "null_reference";
}

macro_rules! define_libcalls {
    ($($(#[$doc:meta])* $name:ident $text:literal ($($arg:ident),*) -> $result:ident $fails:literal;)*) => {
        /// A function of the runtime that code calls: the VmContext and these arguments.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Libcall {
            $($(#[$doc])* $name,)*
        }

        impl Libcall {
            /// All of them; the index is the number in `aux`.
            pub const ALL: &'static [Libcall] = &[$(Libcall::$name,)*];

            /// Its name in the text form.
            pub fn name(self) -> &'static str {
                match self { $(Libcall::$name => $text,)* }
            }

            /// From `aux`.
            pub fn from_aux(aux: u16) -> Libcall {
                Libcall::ALL[usize::from(aux)]
            }

            /// Types of the arguments behind the VmContext.
            pub fn params(self) -> &'static [Ty] {
                match self { $(Libcall::$name => &[$(Ty::$arg),*],)* }
            }

            /// Type of the result.
            pub fn result(self) -> Ty {
                match self { $(Libcall::$name => Ty::$result,)* }
            }

            /// Whether it may end in a trap or an exception.
            pub fn may_fail(self) -> bool {
                match self { $(Libcall::$name => $fails,)* }
            }
        }
    };
}

define_libcalls! {
    /// `memory.grow`: memory, pages; the old size or -1, both of 64 bits.
    MemoryGrow "memory_grow" (I32, I64) -> I64 true;
    /// `memory.copy`: memory to, memory from, to, from, length.
    MemoryCopy "memory_copy" (I32, I32, I64, I64, I64) -> None true;
    /// `memory.fill`: memory, to, byte, length.
    MemoryFill "memory_fill" (I32, I64, I32, I64) -> None true;
    /// `memory.init`: segment, memory, to, from, length.
    MemoryInit "memory_init" (I32, I32, I64, I32, I32) -> None true;
    /// `data.drop`: segment.
    DataDrop "data_drop" (I32) -> None false;
    /// `table.get`: table, element.
    TableGet "table_get" (I32, I64) -> I64 true;
    /// `table.set`: table, element, value.
    TableSet "table_set" (I32, I64, I64) -> None true;
    /// `table.grow`: table, initial value, elements; the old size or -1, both of 64 bits.
    TableGrow "table_grow" (I32, I64, I64) -> I64 true;
    /// `table.fill`: table, to, value, length.
    TableFill "table_fill" (I32, I64, I64, I64) -> None true;
    /// `table.copy`: table to, table from, to, from, length.
    TableCopy "table_copy" (I32, I32, I64, I64, I64) -> None true;
    /// `table.init`: segment, table, to, from, length.
    TableInit "table_init" (I32, I32, I64, I32, I32) -> None true;
    /// `elem.drop`: segment.
    ElemDrop "elem_drop" (I32) -> None false;
    /// `ref.func`: function.
    RefFunc "ref_func" (I32) -> I64 false;
    /// Traps (null entry, bad signature) unless values of the first canonical type may be used as the second.
    CheckSubtype "check_subtype" (I32, I32) -> None true;
    /// `throw`: tag; the payload stands in the store's overflow area, a cell for each value. Never returns.
    Throw "throw" (I32) -> None true;
    /// `throw_ref`: an exception that is not null. Never returns.
    ThrowRef "throw_ref" (I64) -> None true;
    /// Address of an exception's payload: the slots of its values.
    ExceptionPayload "exception_payload" (I64) -> I64 false;
    /// What follows a loop header that found an interrupt.
    Interrupted "interrupted" () -> None true;
    /// What follows a fuel point that found none left.
    OutOfFuel "out_of_fuel" () -> None true;
    /// What follows an entry that found the stack limit passed: an overflow or an interrupt. Keeps the argument registers
    /// and the overflow area.
    StackLimit "stack_limit" () -> None true;
}
