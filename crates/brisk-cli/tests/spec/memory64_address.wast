;; Addresses of 64 bits: the sum of the operand and the offset is unbounded, so that one that wraps
;; around is as far out of bounds as any.

(module
  (memory i64 1 1)
  (data (i64.const 0xfff0) "\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f\90")

  (func (export "i32.load8_u") (param i64) (result i32) (i32.load8_u (local.get 0)))
  (func (export "i32.load8_s") (param i64) (result i32) (i32.load8_s (local.get 0)))
  (func (export "i32.load16_u") (param i64) (result i32) (i32.load16_u (local.get 0)))
  (func (export "i32.load16_s") (param i64) (result i32) (i32.load16_s (local.get 0)))
  (func (export "i32.load") (param i64) (result i32) (i32.load (local.get 0)))
  (func (export "i64.load8_u") (param i64) (result i64) (i64.load8_u (local.get 0)))
  (func (export "i64.load8_s") (param i64) (result i64) (i64.load8_s (local.get 0)))
  (func (export "i64.load16_u") (param i64) (result i64) (i64.load16_u (local.get 0)))
  (func (export "i64.load16_s") (param i64) (result i64) (i64.load16_s (local.get 0)))
  (func (export "i64.load32_u") (param i64) (result i64) (i64.load32_u (local.get 0)))
  (func (export "i64.load32_s") (param i64) (result i64) (i64.load32_s (local.get 0)))
  (func (export "i64.load") (param i64) (result i64) (i64.load (local.get 0)))
  (func (export "f32.load") (param i64) (result f32) (f32.load (local.get 0)))
  (func (export "f64.load") (param i64) (result f64) (f64.load (local.get 0)))
  (func (export "v128.load") (param i64) (result v128) (v128.load (local.get 0)))
  (func (export "v128.load32_zero") (param i64) (result v128) (v128.load32_zero (local.get 0)))
  (func (export "v128.load64_splat") (param i64) (result v128) (v128.load64_splat (local.get 0)))
  (func (export "v128.load8x8_s") (param i64) (result v128) (v128.load8x8_s (local.get 0)))
  (func (export "v128.load16_lane") (param i64) (result v128)
    (v128.load16_lane 7 (local.get 0) (v128.const i64x2 0 0)))

  (func (export "i32.store8") (param i64 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "i32.store16") (param i64 i32) (i32.store16 (local.get 0) (local.get 1)))
  (func (export "i32.store") (param i64 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "i64.store8") (param i64 i64) (i64.store8 (local.get 0) (local.get 1)))
  (func (export "i64.store16") (param i64 i64) (i64.store16 (local.get 0) (local.get 1)))
  (func (export "i64.store32") (param i64 i64) (i64.store32 (local.get 0) (local.get 1)))
  (func (export "i64.store") (param i64 i64) (i64.store (local.get 0) (local.get 1)))
  (func (export "f32.store") (param i64 f32) (f32.store (local.get 0) (local.get 1)))
  (func (export "f64.store") (param i64 f64) (f64.store (local.get 0) (local.get 1)))
  (func (export "v128.store") (param i64 v128) (v128.store (local.get 0) (local.get 1)))
  (func (export "v128.store32_lane") (param i64 v128) (v128.store32_lane 3 (local.get 0) (local.get 1)))
)

;; The last place of each width, and one byte further.
(assert_return (invoke "i32.load8_u" (i64.const 0xffff)) (i32.const 0x90))
(assert_trap (invoke "i32.load8_u" (i64.const 0x10000)) "out of bounds memory access")
(assert_return (invoke "i32.load8_s" (i64.const 0xffff)) (i32.const 0xffffff90))
(assert_trap (invoke "i32.load8_s" (i64.const 0x10000)) "out of bounds memory access")
(assert_return (invoke "i32.load16_u" (i64.const 0xfffe)) (i32.const 0x900f))
(assert_trap (invoke "i32.load16_u" (i64.const 0xffff)) "out of bounds memory access")
(assert_return (invoke "i32.load16_s" (i64.const 0xfffe)) (i32.const 0xffff900f))
(assert_trap (invoke "i32.load16_s" (i64.const 0xffff)) "out of bounds memory access")
(assert_return (invoke "i32.load" (i64.const 0xfffc)) (i32.const 0x900f0e0d))
(assert_trap (invoke "i32.load" (i64.const 0xfffd)) "out of bounds memory access")
(assert_return (invoke "i64.load8_u" (i64.const 0xffff)) (i64.const 0x90))
(assert_trap (invoke "i64.load8_u" (i64.const 0x10000)) "out of bounds memory access")
(assert_return (invoke "i64.load8_s" (i64.const 0xffff)) (i64.const 0xffffffffffffff90))
(assert_trap (invoke "i64.load8_s" (i64.const 0x10000)) "out of bounds memory access")
(assert_return (invoke "i64.load16_u" (i64.const 0xfffe)) (i64.const 0x900f))
(assert_trap (invoke "i64.load16_u" (i64.const 0xffff)) "out of bounds memory access")
(assert_return (invoke "i64.load16_s" (i64.const 0xfffe)) (i64.const 0xffffffffffff900f))
(assert_trap (invoke "i64.load16_s" (i64.const 0xffff)) "out of bounds memory access")
(assert_return (invoke "i64.load32_u" (i64.const 0xfffc)) (i64.const 0x900f0e0d))
(assert_trap (invoke "i64.load32_u" (i64.const 0xfffd)) "out of bounds memory access")
(assert_return (invoke "i64.load32_s" (i64.const 0xfffc)) (i64.const 0xffffffff900f0e0d))
(assert_trap (invoke "i64.load32_s" (i64.const 0xfffd)) "out of bounds memory access")
(assert_return (invoke "i64.load" (i64.const 0xfff8)) (i64.const 0x900f0e0d0c0b0a09))
(assert_trap (invoke "i64.load" (i64.const 0xfff9)) "out of bounds memory access")
(assert_return (invoke "f32.load" (i64.const 0xfff0)) (f32.const 0x1.060402p-119))
(assert_trap (invoke "f32.load" (i64.const 0xfffd)) "out of bounds memory access")
(assert_return (invoke "f64.load" (i64.const 0xfff0)) (f64.const 0x1.7060504030201p-895))
(assert_trap (invoke "f64.load" (i64.const 0xfff9)) "out of bounds memory access")
(assert_return (invoke "v128.load" (i64.const 0xfff0)) (v128.const i64x2 0x0807060504030201 0x900f0e0d0c0b0a09))
(assert_trap (invoke "v128.load" (i64.const 0xfff1)) "out of bounds memory access")
(assert_return (invoke "v128.load32_zero" (i64.const 0xfffc)) (v128.const i32x4 0x900f0e0d 0 0 0))
(assert_trap (invoke "v128.load32_zero" (i64.const 0xfffd)) "out of bounds memory access")
(assert_return (invoke "v128.load64_splat" (i64.const 0xfff8))
  (v128.const i64x2 0x900f0e0d0c0b0a09 0x900f0e0d0c0b0a09))
(assert_trap (invoke "v128.load64_splat" (i64.const 0xfff9)) "out of bounds memory access")
(assert_return (invoke "v128.load8x8_s" (i64.const 0xfff8)) (v128.const i16x8 9 10 11 12 13 14 15 0xff90))
(assert_trap (invoke "v128.load8x8_s" (i64.const 0xfff9)) "out of bounds memory access")
(assert_return (invoke "v128.load16_lane" (i64.const 0xfffe)) (v128.const i16x8 0 0 0 0 0 0 0 0x900f))
(assert_trap (invoke "v128.load16_lane" (i64.const 0xffff)) "out of bounds memory access")

;; An address is not taken modulo 2^32, and one near 2^64 is not negative.
(assert_trap (invoke "i32.load8_u" (i64.const 0x1_0000_0000)) "out of bounds memory access")
(assert_trap (invoke "i32.load8_u" (i64.const 0x8000_0000_0000_0000)) "out of bounds memory access")
(assert_trap (invoke "i32.load8_u" (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "i32.load16_u" (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "i32.load" (i64.const -4)) "out of bounds memory access")
(assert_trap (invoke "i64.load" (i64.const -8)) "out of bounds memory access")
(assert_trap (invoke "i64.load" (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "v128.load" (i64.const -16)) "out of bounds memory access")
(assert_trap (invoke "v128.load" (i64.const -1)) "out of bounds memory access")

;; A store that does not fit writes nothing.
(assert_trap (invoke "i32.store8" (i64.const 0x10000) (i32.const -1)) "out of bounds memory access")
(assert_trap (invoke "i32.store16" (i64.const 0xffff) (i32.const -1)) "out of bounds memory access")
(assert_trap (invoke "i32.store" (i64.const 0xfffd) (i32.const -1)) "out of bounds memory access")
(assert_trap (invoke "i64.store8" (i64.const 0x10000) (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "i64.store16" (i64.const 0xffff) (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "i64.store32" (i64.const 0xfffd) (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "i64.store" (i64.const 0xfff9) (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "f32.store" (i64.const 0xfffd) (f32.const -nan)) "out of bounds memory access")
(assert_trap (invoke "f64.store" (i64.const 0xfff9) (f64.const -nan)) "out of bounds memory access")
(assert_trap (invoke "v128.store" (i64.const 0xfff1) (v128.const i64x2 -1 -1)) "out of bounds memory access")
(assert_trap (invoke "v128.store32_lane" (i64.const 0xfffd) (v128.const i64x2 -1 -1)) "out of bounds memory access")
(assert_trap (invoke "i64.store" (i64.const -8) (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "i64.store" (i64.const -1) (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "i64.store" (i64.const 0x1_0000_0000) (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "v128.store" (i64.const -16) (v128.const i64x2 -1 -1)) "out of bounds memory access")
(assert_return (invoke "v128.load" (i64.const 0xfff0)) (v128.const i64x2 0x0807060504030201 0x900f0e0d0c0b0a09))
(assert_return (invoke "i64.load" (i64.const 0)) (i64.const 0))
;; One that fits does.
(invoke "v128.store" (i64.const 0xfff0) (v128.const i64x2 0 0))
(invoke "v128.store32_lane" (i64.const 0xfffc) (v128.const i32x4 1 2 3 4))
(invoke "i32.store16" (i64.const 0xfff6) (i32.const 0x12345))
(assert_return (invoke "v128.load" (i64.const 0xfff0)) (v128.const i16x8 0 0 0 0x2345 0 0 4 0))

;; Offsets up to 2^64 - 1.

(module
  (memory i64 1 1)
  (data (i64.const 0xfffe) "\7a\7b")
  (func (export "offset-2^16-1") (param i64) (result i32) (i32.load8_u offset=0xffff (local.get 0)))
  (func (export "offset-2^16") (param i64) (result i32) (i32.load8_u offset=0x10000 (local.get 0)))
  (func (export "offset-2^32-1") (param i64) (result i32) (i32.load8_u offset=0xffff_ffff (local.get 0)))
  (func (export "offset-2^32") (param i64) (result i32) (i32.load8_u offset=0x1_0000_0000 (local.get 0)))
  (func (export "offset-2^63") (param i64) (result i32) (i32.load8_u offset=0x8000_0000_0000_0000 (local.get 0)))
  (func (export "offset-2^64-1") (param i64) (result i32) (i32.load8_u offset=0xffff_ffff_ffff_ffff (local.get 0)))
  (func (export "wide-2^64-8") (param i64) (result i64) (i64.load offset=0xffff_ffff_ffff_fff8 (local.get 0)))
  (func (export "vector-2^64-1") (param i64) (result v128) (v128.load offset=0xffff_ffff_ffff_ffff (local.get 0)))
  (func (export "store-2^64-1") (param i64) (i64.store offset=0xffff_ffff_ffff_ffff (local.get 0) (i64.const -1)))
  (func (export "store-2^32") (param i64) (i32.store8 offset=0x1_0000_0000 (local.get 0) (i32.const -1)))
  (func (export "constant") (result i32) (i32.load8_u offset=0xffff_ffff_ffff_ffff (i64.const 0xffff)))
  (func (export "constant-in-bounds") (result i32) (i32.load8_u offset=0xfffe (i64.const 1)))
  (func (export "first") (result i64) (i64.load (i64.const 0)))
)

(assert_return (invoke "offset-2^16-1" (i64.const 0)) (i32.const 0x7b))
(assert_trap (invoke "offset-2^16-1" (i64.const 1)) "out of bounds memory access")
;; The address is no signed displacement.
(assert_trap (invoke "offset-2^16-1" (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "offset-2^16" (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "offset-2^16" (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "offset-2^16" (i64.const -2)) "out of bounds memory access")
(assert_trap (invoke "offset-2^32-1" (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "offset-2^32-1" (i64.const 1)) "out of bounds memory access")
(assert_trap (invoke "offset-2^32-1" (i64.const 0xffff_ffff_0000_ffff)) "out of bounds memory access")
(assert_trap (invoke "offset-2^32" (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "offset-2^32" (i64.const 0xffff_ffff_0000_0000)) "out of bounds memory access")
(assert_trap (invoke "offset-2^32" (i64.const 0xffff_ffff_0000_ffff)) "out of bounds memory access")
(assert_trap (invoke "offset-2^63" (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "offset-2^63" (i64.const 0x8000_0000_0000_0000)) "out of bounds memory access")
(assert_trap (invoke "offset-2^63" (i64.const 0x8000_0000_0000_fffe)) "out of bounds memory access")
(assert_trap (invoke "offset-2^64-1" (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "offset-2^64-1" (i64.const 1)) "out of bounds memory access")
(assert_trap (invoke "offset-2^64-1" (i64.const 0xffff)) "out of bounds memory access")
(assert_trap (invoke "offset-2^64-1" (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "wide-2^64-8" (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "wide-2^64-8" (i64.const 8)) "out of bounds memory access")
(assert_trap (invoke "wide-2^64-8" (i64.const 16)) "out of bounds memory access")
(assert_trap (invoke "vector-2^64-1" (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "vector-2^64-1" (i64.const 1)) "out of bounds memory access")
(assert_trap (invoke "vector-2^64-1" (i64.const 0x8000)) "out of bounds memory access")
(assert_trap (invoke "store-2^64-1" (i64.const 1)) "out of bounds memory access")
(assert_trap (invoke "store-2^64-1" (i64.const 2)) "out of bounds memory access")
(assert_trap (invoke "store-2^32" (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "store-2^32" (i64.const 0xffff_ffff_0000_0000)) "out of bounds memory access")
(assert_trap (invoke "constant") "out of bounds memory access")
(assert_return (invoke "constant-in-bounds") (i32.const 0x7b))
(assert_return (invoke "first") (i64.const 0))

;; Offsets of 64 bits in the binary format, with as many bytes as they may have, and one bit too many.
(module binary
  "\00asm" "\01\00\00\00"
  "\01\05\01\60\00\01\7f"                           ;; type: [] -> [i32]
  "\03\02\01\00"
  "\05\03\01\04\00"                                 ;; memory: i64 0
  "\07\05\01\01\66\00\00"                           ;; export "f"
  "\0a\12\01\10\00"
  "\42\00"                                          ;; i64.const 0
  "\2d\00\ff\ff\ff\ff\ff\ff\ff\ff\ff\01"            ;; i32.load8_u offset=2^64-1
  "\0b"
)
(assert_trap (invoke "f") "out of bounds memory access")
(assert_malformed
  (module binary
    "\00asm" "\01\00\00\00"
    "\01\05\01\60\00\01\7f"
    "\03\02\01\00"
    "\05\03\01\04\00"
    "\0a\12\01\10\00"
    "\42\00"
    "\2d\00\ff\ff\ff\ff\ff\ff\ff\ff\ff\02"
    "\0b"
  )
  "integer too large")

;; An offset of a memory with 32-bit addresses has 32 bits, whatever other memories there are.
(assert_invalid
  (module (memory $large i64 1) (memory $small 1)
    (func (drop (i32.load8_u $small offset=0x1_0000_0000 (i32.const 0)))))
  "offset out of range")
(assert_invalid (module (memory i64 1) (func (drop (i32.load (i32.const 0))))) "type mismatch")
(assert_invalid (module (memory i64 1) (func (i32.store (i32.const 0) (i32.const 0)))) "type mismatch")
(assert_invalid (module (memory 1) (func (drop (i32.load (i64.const 0))))) "type mismatch")
(assert_invalid (module (memory i64 1) (func (drop (v128.load (i32.const 0))))) "type mismatch")

;; Two memories, each with its own width.

(module
  (memory $small 1 1)
  (memory $large i64 1 1)
  (func (export "both") (param i32 i64)
    (i64.store $large offset=8 (local.get 1) (i64.load32_u $small offset=4 (local.get 0)))
    (i32.store $small offset=4 (local.get 0) (i32.const 77)))
  (func (export "small") (param i32) (result i32) (i32.load $small (local.get 0)))
  (func (export "large") (param i64) (result i64) (i64.load $large (local.get 0)))
)
(invoke "both" (i32.const 0) (i64.const 0))
(invoke "both" (i32.const 0) (i64.const 0xfff0))
(assert_return (invoke "large" (i64.const 0xfff8)) (i64.const 77))
(assert_return (invoke "large" (i64.const 8)) (i64.const 0))
(assert_trap (invoke "both" (i32.const -4) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "both" (i32.const 0) (i64.const -8)) "out of bounds memory access")
(assert_trap (invoke "both" (i32.const 8) (i64.const 0xfff1)) "out of bounds memory access")
(assert_return (invoke "small" (i32.const 12)) (i32.const 0))
