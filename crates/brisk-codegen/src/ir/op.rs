//! The vocabulary: every operation of the IR, declared once.

/// How an operation uses the fields of its instruction. `a`, `b` and `c` are values unless said otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// No operand; `a` and `b` may hold immediate bits.
    Nullary,
    /// One operand, `a`; `b` and `c` are immediates.
    Unary,
    /// Two operands, `a` and `b`; `c` is an immediate.
    Binary,
    /// Three operands.
    Ternary,
    /// `Simd`: as many operands as its [`SimdShape`](super::SimdShape) says.
    Simd,
    /// `a` is the address; `b` is the offset, an immediate.
    Load,
    /// `a` is the address, `c` the value; `b` is the offset, an immediate.
    Store,
    /// A call by index or name: `b` is a [call list](super::Func::call), `c` the first edge or `NONE`; `a` is an
    /// immediate.
    Call,
    /// As `Call`, where `a` is a value: the callee.
    CallValue,
    /// A jump: `a` is an edge.
    Jump,
    /// `a` is a value, `b` and `c` are edges.
    Branch,
    /// `a` is a value, `b` the first edge, `c` how many there are.
    BranchTable,
    /// `b` is the start of a list of values, `c` its length.
    List,
}

/// What an operation does beside giving a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing: it may be removed, repeated and moved to anywhere its operands dominate.
    Pure,
    /// Reads what others write; what, its [region](super::Region) says.
    Read,
    /// May trap, and nothing else.
    Trap,
    /// Writes, calls, traps, charges: stays where it is.
    Effect,
    /// Ends the block.
    Terminator,
}

macro_rules! define_ops {
    ($($(#[$doc:meta])* $name:ident $text:literal $shape:ident $effect:ident;)*) => {
        /// An operation.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Op {
            $($(#[$doc])* $name,)*
        }

        impl Op {
            /// All operations.
            pub const ALL: &'static [Op] = &[$(Op::$name,)*];

            /// Its name in the text form.
            pub fn name(self) -> &'static str {
                match self { $(Op::$name => $text,)* }
            }

            /// How it uses its fields.
            #[inline]
            pub fn shape(self) -> Shape {
                match self { $(Op::$name => Shape::$shape,)* }
            }

            /// What it does beside giving a value.
            #[inline]
            pub fn effect(self) -> Effect {
                match self { $(Op::$name => Effect::$effect,)* }
            }
        }
    };
}

define_ops! {
    /// Nothing; what a pass removed.
    Nop "nop" Nullary Pure;
    /// A parameter of the block `a`.
    Param "param" Nullary Pure;
    /// A constant: bits in `a` (low) and `b` (high).
    Const "const" Nullary Pure;
    /// A vector constant: `a` is an index in `Func::vectors`.
    ConstVector "vconst" Nullary Pure;
    /// The running instance's VmContext.
    VmContext "vmcontext" Nullary Pure;

    /// Sum.
    Add "add" Binary Pure;
    /// Difference.
    Sub "sub" Binary Pure;
    /// Product, low half.
    Mul "mul" Binary Pure;
    /// High half of the product of two signed 64-bit integers.
    MulHighS "mul_high_s" Binary Pure;
    /// High half of the product of two unsigned 64-bit integers.
    MulHighU "mul_high_u" Binary Pure;
    /// Signed quotient; traps on zero and overflow.
    DivS "div_s" Binary Trap;
    /// Unsigned quotient; traps on zero.
    DivU "div_u" Binary Trap;
    /// Signed remainder; traps on zero.
    RemS "rem_s" Binary Trap;
    /// Unsigned remainder; traps on zero.
    RemU "rem_u" Binary Trap;
    /// Bitwise and.
    And "and" Binary Pure;
    /// Bitwise or.
    Or "or" Binary Pure;
    /// Bitwise exclusive or.
    Xor "xor" Binary Pure;
    /// Shift left; the count has the type of the value and is taken modulo its width.
    Shl "shl" Binary Pure;
    /// Arithmetic shift right.
    ShrS "shr_s" Binary Pure;
    /// Logical shift right.
    ShrU "shr_u" Binary Pure;
    /// Rotate left.
    Rotl "rotl" Binary Pure;
    /// Rotate right.
    Rotr "rotr" Binary Pure;
    /// Leading zeros.
    Clz "clz" Unary Pure;
    /// Trailing zeros.
    Ctz "ctz" Unary Pure;
    /// Bits set.
    Popcnt "popcnt" Unary Pure;
    /// Sign extension of the low 8 bits.
    Extend8S "extend8_s" Unary Pure;
    /// Sign extension of the low 16 bits.
    Extend16S "extend16_s" Unary Pure;
    /// Sign extension of the low 32 bits of a 64-bit integer.
    Extend32S "extend32_s" Unary Pure;
    /// The low 32 bits of a 64-bit integer.
    Wrap "wrap" Unary Pure;
    /// A 32-bit integer sign-extended to 64 bits.
    ExtendS "extend_s" Unary Pure;
    /// A 32-bit integer zero-extended to 64 bits.
    ExtendU "extend_u" Unary Pure;
    /// Integer comparison, 0 or 1 of type i32; `aux` is an [`IntCond`](super::IntCond), the operands' type is that of `a`.
    Icmp "icmp" Binary Pure;

    /// Float sum.
    Fadd "fadd" Binary Pure;
    /// Float difference.
    Fsub "fsub" Binary Pure;
    /// Float product.
    Fmul "fmul" Binary Pure;
    /// Float quotient.
    Fdiv "fdiv" Binary Pure;
    /// Float minimum, as WebAssembly has it.
    Fmin "fmin" Binary Pure;
    /// Float maximum, as WebAssembly has it.
    Fmax "fmax" Binary Pure;
    /// Magnitude of `a`, sign of `b`.
    Copysign "copysign" Binary Pure;
    /// Magnitude.
    Fabs "fabs" Unary Pure;
    /// Opposite sign.
    Fneg "fneg" Unary Pure;
    /// Rounded up.
    Ceil "ceil" Unary Pure;
    /// Rounded down.
    Floor "floor" Unary Pure;
    /// Rounded to zero.
    Trunc "trunc" Unary Pure;
    /// Rounded to the nearest, ties to even.
    Nearest "nearest" Unary Pure;
    /// Square root.
    Sqrt "sqrt" Unary Pure;
    /// A NaN made canonical, other values as they are (deterministic mode); for vectors `aux` is the lane type, 0
    /// for f32, 1 for f64.
    Canon "canon" Unary Pure;
    /// Float comparison, 0 or 1 of type i32; `aux` is a [`FloatCond`](super::FloatCond).
    Fcmp "fcmp" Binary Pure;
    /// Float to signed integer, traps if there is none.
    FtoiS "ftoi_s" Unary Trap;
    /// Float to unsigned integer, traps if there is none.
    FtoiU "ftoi_u" Unary Trap;
    /// Float to signed integer, saturating.
    FtoiSatS "ftoi_sat_s" Unary Pure;
    /// Float to unsigned integer, saturating.
    FtoiSatU "ftoi_sat_u" Unary Pure;
    /// Signed integer to float.
    ItofS "itof_s" Unary Pure;
    /// Unsigned integer to float.
    ItofU "itof_u" Unary Pure;
    /// f64 to f32.
    Demote "demote" Unary Pure;
    /// f32 to f64.
    Promote "promote" Unary Pure;
    /// The same bits as another type of the same width.
    Bitcast "bitcast" Unary Pure;

    /// `a` if `c` is not 0, else `b`.
    Select "select" Ternary Pure;
    /// A vector instruction; `aux` is a [`SimdOp`](super::SimdOp).
    Simd "simd" Simd Pure;

    /// Reads memory; `aux` is a [`Access`](super::Access).
    Load "load" Load Read;
    /// Writes memory; `aux` is a [`Access`](super::Access).
    Store "store" Store Effect;
    /// Traps (memory out of bounds) unless `a + c <= b`, where `a` is an address (of any integer type), `b` a length
    /// of 64 bits and `c` an immediate; the sum does not wrap. Gives `a` with 64 bits.
    Check "check" Binary Trap;
    /// Traps with the code `aux` if `a` is not 0.
    TrapIf "trap_if" Unary Trap;

    /// Calls the module's function `a`.
    Call "call" Call Effect;
    /// Calls the function of the function reference `a`, a pointer to a VmFuncRef that is not null.
    CallRef "call_ref" CallValue Effect;
    /// Calls the runtime; `aux` is a [`Libcall`](super::Libcall). The VmContext is passed ahead of the arguments.
    CallLib "call_lib" Call Effect;
    /// Result `b` of the call `a`; stands right behind it, or first in the block of its edge 0.
    Result "result" Unary Pure;
    /// The exception caught: first in the block of a handler's edge.
    Caught "caught" Nullary Effect;
    /// Loop header: notices an interrupt.
    Poll "poll" Nullary Effect;
    /// Charges `a` units of fuel; traps (or yields) if `b` is 1 and there is none left.
    Fuel "fuel" Nullary Effect;

    /// Goes on at an edge.
    Jump "jump" Jump Terminator;
    /// Goes on at edge `b` if `a` is not 0, else at `c`.
    Branch "branch" Branch Terminator;
    /// Goes on at edge `b + min(a, c - 1)`.
    BranchTable "branch_table" BranchTable Terminator;
    /// Returns from the function.
    Return "return" List Terminator;
    /// Traps with the code `aux`.
    Trap "trap" Nullary Terminator;
    /// Calls the module's function `a` in place of this one.
    TailCall "tail_call" Call Terminator;
    /// Calls the function of the function reference `a` in place of this one.
    TailCallRef "tail_call_ref" CallValue Terminator;
}
