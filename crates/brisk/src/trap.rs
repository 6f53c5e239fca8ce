//! Why wasm code stopped: the kinds of trap.

use std::fmt;

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Why wasm code stopped without a result.
        ///
        /// A trap reaches the host as an [`Error`](crate::Error) and is found in it with
        /// [`downcast_ref`](crate::Error::downcast_ref); where it happened is in the
        /// [`WasmBacktrace`](crate::WasmBacktrace) beside it. The store stays usable. A host
        /// function may also return one: the caller sees it as if wasm code had trapped.
        ///
        /// ```
        /// use brisk::{Error, Trap};
        ///
        /// let error = Error::from(Trap::UnreachableCodeReached).context("calling `run`");
        /// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
        /// assert_eq!(error.root_cause().to_string(), "wasm trap: wasm `unreachable` instruction executed");
        /// ```
        #[non_exhaustive]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Trap {
            $($(#[$doc])* $name,)*
        }

        impl Trap {
            /// Every kind of trap.
            pub const ALL: &'static [Trap] = &[$(Trap::$name,)*];

            /// What happened, in a few words.
            fn text(self) -> &'static str {
                match self {
                    $(Trap::$name => $text,)*
                }
            }
        }
    };
}

traps! {
    /// The stack for wasm code or the native stack was used up.
    StackOverflow = "call stack exhausted";
    /// A memory was accessed beyond its end.
    MemoryOutOfBounds = "out of bounds memory access";
    /// A table was accessed beyond its end.
    TableOutOfBounds = "undefined element: out of bounds table access";
    /// An indirect call went to a null table entry.
    IndirectCallToNull = "uninitialized element";
    /// An indirect call went to a function of another type.
    BadSignature = "indirect call type mismatch";
    /// The result of integer arithmetic or of a conversion does not fit.
    IntegerOverflow = "integer overflow";
    /// An integer was divided by zero.
    IntegerDivisionByZero = "integer divide by zero";
    /// Not a number was converted to an integer.
    BadConversionToInteger = "invalid conversion to integer";
    /// The instruction `unreachable` was reached.
    UnreachableCodeReached = "wasm `unreachable` instruction executed";
    /// The epoch passed the store's epoch deadline, see
    /// [`Config::epoch_interruption`](crate::Config::epoch_interruption).
    Interrupt = "interrupt";
    /// The fuel was used up, see [`Config::consume_fuel`](crate::Config::consume_fuel).
    OutOfFuel = "all fuel consumed by WebAssembly";
    /// A null reference was used as if it were none.
    NullReference = "null reference";
    /// The store's wall-clock deadline passed.
    Deadline = "deadline passed";
    /// A memory could not grow, and the store's limiter makes that a trap.
    MemoryLimit = "memory limit reached";
    /// A table could not grow, and the store's limiter makes that a trap.
    TableLimit = "table limit reached";
    /// The store's heap of exceptions and external objects is full.
    HeapLimit = "heap limit reached";
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wasm trap: {}", self.text())
    }
}

impl std::error::Error for Trap {}
