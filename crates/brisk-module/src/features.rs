//! The vocabulary of proposals beyond WebAssembly 1.0.

use wasmparser::WasmFeatures;

macro_rules! features {
    ($($variant:ident $name:literal $flag:ident $since:literal $what:literal;)*) => {
        /// A proposal beyond WebAssembly 1.0.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[repr(u8)]
        pub enum Feature {
            $(#[doc = $what] $variant,)*
        }

        impl Feature {
            /// All of them, in the order of their variants.
            pub const ALL: &'static [Feature] = &[$(Feature::$variant,)*];

            /// The usual name, as in `bulk-memory`.
            pub const fn name(self) -> &'static str {
                match self { $(Feature::$variant => $name,)* }
            }

            /// The switch for it.
            pub const fn flag(self) -> WasmFeatures {
                match self { $(Feature::$variant => WasmFeatures::$flag,)* }
            }

            /// Version of the specification that took it in, empty where none has.
            pub const fn since(self) -> &'static str {
                match self { $(Feature::$variant => $since,)* }
            }

            /// What it brings, in a few words.
            pub const fn what(self) -> &'static str {
                match self { $(Feature::$variant => $what,)* }
            }
        }
    };
}

features! {
    MutableGlobal "mutable-global" MUTABLE_GLOBAL "2.0" "Mutable globals as imports and exports.";
    SaturatingFloatToInt "saturating-float-to-int" SATURATING_FLOAT_TO_INT "2.0" "Conversions from float to integer that never trap.";
    SignExtension "sign-extension" SIGN_EXTENSION "2.0" "Sign extension within an integer.";
    MultiValue "multi-value" MULTI_VALUE "2.0" "Several results, blocks with parameters.";
    BulkMemory "bulk-memory" BULK_MEMORY "2.0" "Copy, fill and passive segments.";
    ReferenceTypes "reference-types" REFERENCE_TYPES "2.0" "`externref`, several tables, table instructions.";
    Simd "simd" SIMD "2.0" "128-bit vectors.";
    RelaxedSimd "relaxed-simd" RELAXED_SIMD "3.0" "Vector instructions whose result may depend on the machine.";
    TailCall "tail-call" TAIL_CALL "3.0" "Calls that replace the caller's frame.";
    ExtendedConst "extended-const" EXTENDED_CONST "3.0" "Integer arithmetic in constant expressions.";
    MultiMemory "multi-memory" MULTI_MEMORY "3.0" "Several memories.";
    Memory64 "memory64" MEMORY64 "3.0" "64-bit addresses of memories and indices of tables.";
    FunctionReferences "function-references" FUNCTION_REFERENCES "3.0" "Typed function references and `call_ref`.";
    Exceptions "exceptions" EXCEPTIONS "3.0" "Tags, `throw` and `try_table`.";
    Gc "gc" GC "3.0" "Recursive types and subtypes, structures, arrays, `i31` and casts.";
    Threads "threads" THREADS "" "Shared memories and atomic instructions.";
    WideArithmetic "wide-arithmetic" WIDE_ARITHMETIC "" "128-bit addition, subtraction and multiplication.";
    CustomPageSizes "custom-page-sizes" CUSTOM_PAGE_SIZES "" "Memories with pages of one byte.";
    CompactImports "compact-imports" COMPACT_IMPORTS "" "Imports grouped by module name.";
}

/// What a module can be checked against when nothing else is said: WebAssembly 3.0, wide
/// arithmetic and custom page sizes.
pub const DEFAULT_FEATURES: WasmFeatures =
    WasmFeatures::WASM3.union(WasmFeatures::WIDE_ARITHMETIC).union(WasmFeatures::CUSTOM_PAGE_SIZES);

/// All that the decoder understands. Switches outside of it have no effect.
pub(crate) const KNOWN_FEATURES: WasmFeatures = DEFAULT_FEATURES.union(WasmFeatures::COMPACT_IMPORTS);

/// A set of [`Feature`]s.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct FeatureSet(u32);

impl FeatureSet {
    pub(crate) const EMPTY: FeatureSet = FeatureSet(0);

    pub(crate) const fn with(self, feature: Feature) -> FeatureSet {
        FeatureSet(self.0 | 1 << feature as u32)
    }

    pub(crate) fn insert(&mut self, feature: Feature) {
        *self = self.with(feature);
    }

    pub(crate) fn add(&mut self, other: FeatureSet) {
        self.0 |= other.0;
    }

    pub(crate) fn contains(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u32) != 0
    }

    pub(crate) fn names(self) -> Vec<&'static str> {
        Feature::ALL.iter().filter(|&&f| self.contains(f)).map(|f| f.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_a_bit_and_a_switch() {
        assert!(Feature::ALL.len() <= 32);
        for &feature in Feature::ALL {
            assert!(KNOWN_FEATURES.contains(feature.flag()), "{}", feature.name());
            assert_eq!(FeatureSet::EMPTY.with(feature).names(), [feature.name()]);
        }
    }

    #[test]
    fn nothing_but_the_known_is_on_by_default() {
        for off in [
            WasmFeatures::LEGACY_EXCEPTIONS,
            WasmFeatures::STACK_SWITCHING,
            WasmFeatures::SHARED_EVERYTHING_THREADS,
            WasmFeatures::CUSTOM_DESCRIPTORS,
            WasmFeatures::MEMORY_CONTROL,
        ] {
            assert!(!KNOWN_FEATURES.intersects(off));
        }
    }
}
