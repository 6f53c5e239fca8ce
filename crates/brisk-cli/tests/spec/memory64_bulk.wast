;; memory.fill, memory.copy and memory.init on memories with 64-bit addresses, and between memories
;; with addresses of different width. All bounds are checked on unbounded sums before anything is written.

;; Fill.

(module
  (memory i64 1 1)
  (func (export "fill") (param i64 i32 i64) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "load") (param i64) (result i32) (i32.load8_u (local.get 0)))
)

(invoke "fill" (i64.const 0x100) (i32.const 0x1ab) (i64.const 3))
(assert_return (invoke "load" (i64.const 0xff)) (i32.const 0))
(assert_return (invoke "load" (i64.const 0x100)) (i32.const 0xab))
(assert_return (invoke "load" (i64.const 0x101)) (i32.const 0xab))
(assert_return (invoke "load" (i64.const 0x102)) (i32.const 0xab))
(assert_return (invoke "load" (i64.const 0x103)) (i32.const 0))
;; All of it, and its last byte.
(invoke "fill" (i64.const 0) (i32.const 1) (i64.const 0x10000))
(assert_return (invoke "load" (i64.const 0xffff)) (i32.const 1))
(invoke "fill" (i64.const 0xffff) (i32.const 2) (i64.const 1))
(assert_return (invoke "load" (i64.const 0xffff)) (i32.const 2))
(assert_return (invoke "load" (i64.const 0xfffe)) (i32.const 1))
;; Nothing, at the end and beyond it.
(invoke "fill" (i64.const 0x10000) (i32.const 3) (i64.const 0))
(assert_trap (invoke "fill" (i64.const 0x10001) (i32.const 3) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "fill" (i64.const -1) (i32.const 3) (i64.const 0)) "out of bounds memory access")
;; Too long; nothing of it is written.
(assert_trap (invoke "fill" (i64.const 0xff00) (i32.const 3) (i64.const 0x101)) "out of bounds memory access")
(assert_return (invoke "load" (i64.const 0xff00)) (i32.const 1))
;; The low halves of the operands would be in bounds.
(assert_trap (invoke "fill" (i64.const 0x1_0000_0000) (i32.const 3) (i64.const 1)) "out of bounds memory access")
(assert_trap (invoke "fill" (i64.const 0) (i32.const 3) (i64.const 0x1_0000_0001)) "out of bounds memory access")
(assert_return (invoke "load" (i64.const 0)) (i32.const 1))
;; The sum would wrap.
(assert_trap (invoke "fill" (i64.const -1) (i32.const 3) (i64.const 1)) "out of bounds memory access")
(assert_trap (invoke "fill" (i64.const -1) (i32.const 3) (i64.const 2)) "out of bounds memory access")
(assert_trap (invoke "fill" (i64.const 2) (i32.const 3) (i64.const -1)) "out of bounds memory access")
(assert_trap (invoke "fill" (i64.const 0x8000_0000_0000_0000) (i32.const 3) (i64.const 0x8000_0000_0000_0000))
  "out of bounds memory access")
(assert_return (invoke "load" (i64.const 0)) (i32.const 1))
(assert_return (invoke "load" (i64.const 1)) (i32.const 1))

;; Copy within a memory.

(module
  (memory i64 1 1)
  (data (i64.const 10) "\10\11\12\13\14\15")
  (func (export "copy") (param i64 i64 i64) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
)

(invoke "copy" (i64.const 0x20) (i64.const 10) (i64.const 6))
(assert_return (invoke "load" (i64.const 0x20)) (i64.const 0x151413121110))
(assert_return (invoke "load" (i64.const 10)) (i64.const 0x151413121110))
;; Overlapping, in both directions and onto itself.
(invoke "copy" (i64.const 12) (i64.const 10) (i64.const 6))
(assert_return (invoke "load" (i64.const 10)) (i64.const 0x1514131211101110))
(invoke "copy" (i64.const 10) (i64.const 12) (i64.const 6))
(assert_return (invoke "load" (i64.const 10)) (i64.const 0x1514151413121110))
(invoke "copy" (i64.const 10) (i64.const 10) (i64.const 8))
(assert_return (invoke "load" (i64.const 10)) (i64.const 0x1514151413121110))
;; Up to the end, from the end and beyond.
(invoke "copy" (i64.const 0xfffc) (i64.const 10) (i64.const 4))
(assert_return (invoke "load" (i64.const 0xfff8)) (i64.const 0x1312_1110_0000_0000))
(invoke "copy" (i64.const 0x40) (i64.const 0xfffc) (i64.const 4))
(assert_return (invoke "load" (i64.const 0x40)) (i64.const 0x13121110))
(invoke "copy" (i64.const 0x10000) (i64.const 0x10000) (i64.const 0))
(assert_trap (invoke "copy" (i64.const 0x10001) (i64.const 0) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "copy" (i64.const 0) (i64.const 0x10001) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "copy" (i64.const 0xfffd) (i64.const 10) (i64.const 4)) "out of bounds memory access")
(assert_trap (invoke "copy" (i64.const 0x50) (i64.const 0xfffd) (i64.const 4)) "out of bounds memory access")
(assert_return (invoke "load" (i64.const 0x50)) (i64.const 0))
;; High halves and sums that wrap.
(assert_trap (invoke "copy" (i64.const 0x1_0000_0050) (i64.const 10) (i64.const 4)) "out of bounds memory access")
(assert_trap (invoke "copy" (i64.const 0x50) (i64.const 0x1_0000_000a) (i64.const 4)) "out of bounds memory access")
(assert_trap (invoke "copy" (i64.const 0x50) (i64.const 10) (i64.const 0x1_0000_0004)) "out of bounds memory access")
(assert_trap (invoke "copy" (i64.const -4) (i64.const 10) (i64.const 4)) "out of bounds memory access")
(assert_trap (invoke "copy" (i64.const 0x50) (i64.const -4) (i64.const 4)) "out of bounds memory access")
(assert_trap (invoke "copy" (i64.const 0x50) (i64.const 10) (i64.const -10)) "out of bounds memory access")
(assert_return (invoke "load" (i64.const 0x50)) (i64.const 0))

;; Copy between addresses of 32 and 64 bits: each address is of its memory's type, the length is 64 bits only if
;; both memories are.

(module
  (memory $small 1 1)
  (memory $large i64 1 1)
  (memory $other i64 2 2)
  (data (memory $small) (i32.const 0xfff8) "small123")
  (data (memory $large) (i64.const 0xfff8) "large456")
  (func (export "small-from-large") (param i32 i64 i32)
    (memory.copy $small $large (local.get 0) (local.get 1) (local.get 2)))
  (func (export "large-from-small") (param i64 i32 i32)
    (memory.copy $large $small (local.get 0) (local.get 1) (local.get 2)))
  (func (export "other-from-large") (param i64 i64 i64)
    (memory.copy $other $large (local.get 0) (local.get 1) (local.get 2)))
  (func (export "small") (param i32) (result i64) (i64.load $small (local.get 0)))
  (func (export "large") (param i64) (result i64) (i64.load $large (local.get 0)))
  (func (export "other") (param i64) (result i64) (i64.load $other (local.get 0)))
)

(invoke "small-from-large" (i32.const 16) (i64.const 0xfff8) (i32.const 8))
(assert_return (invoke "small" (i32.const 16)) (i64.const 0x363534656772616c))
(invoke "large-from-small" (i64.const 16) (i32.const 0xfff8) (i32.const 8))
(assert_return (invoke "large" (i64.const 16)) (i64.const 0x3332316c6c616d73))
(invoke "other-from-large" (i64.const 0x1fff8) (i64.const 0xfff8) (i64.const 8))
(assert_return (invoke "other" (i64.const 0x1fff8)) (i64.const 0x363534656772616c))
;; 32-bit operands are not negative.
(assert_trap (invoke "small-from-large" (i32.const -8) (i64.const 0) (i32.const 8)) "out of bounds memory access")
(assert_trap (invoke "small-from-large" (i32.const 0) (i64.const 0) (i32.const -1)) "out of bounds memory access")
(assert_trap (invoke "large-from-small" (i64.const 0) (i32.const -8) (i32.const 8)) "out of bounds memory access")
;; 64-bit operands keep their high halves.
(assert_trap (invoke "small-from-large" (i32.const 0) (i64.const 0x1_0000_0000) (i32.const 0))
  "out of bounds memory access")
(assert_trap (invoke "large-from-small" (i64.const 0x1_0000_0000) (i32.const 0) (i32.const 0))
  "out of bounds memory access")
(assert_trap (invoke "other-from-large" (i64.const 0) (i64.const 0) (i64.const 0x1_0000_0001))
  "out of bounds memory access")
;; Each end is checked against its own memory.
(invoke "other-from-large" (i64.const 0x20000) (i64.const 0x10000) (i64.const 0))
(assert_trap (invoke "other-from-large" (i64.const 0x1fffc) (i64.const 0) (i64.const 8)) "out of bounds memory access")
(assert_trap (invoke "other-from-large" (i64.const 0) (i64.const 0xfffc) (i64.const 8)) "out of bounds memory access")
(assert_return (invoke "other" (i64.const 0)) (i64.const 0))

(assert_invalid
  (module (memory $s 1) (memory $l i64 1)
    (func (memory.copy $s $l (i32.const 0) (i64.const 0) (i64.const 0))))
  "type mismatch")
(assert_invalid
  (module (memory $s 1) (memory $l i64 1)
    (func (memory.copy $l $s (i64.const 0) (i32.const 0) (i64.const 0))))
  "type mismatch")
(assert_invalid
  (module (memory $s 1) (memory $l i64 1)
    (func (memory.copy $l $s (i32.const 0) (i64.const 0) (i32.const 0))))
  "type mismatch")
(assert_invalid
  (module (memory i64 1) (func (memory.copy (i64.const 0) (i64.const 0) (i32.const 0))))
  "type mismatch")
(assert_invalid
  (module (memory i64 1) (func (memory.fill (i64.const 0) (i64.const 0) (i64.const 0))))
  "type mismatch")
(assert_invalid
  (module (memory i64 1) (func (memory.fill (i64.const 0) (i32.const 0) (i32.const 0))))
  "type mismatch")
(assert_invalid
  (module (memory i64 1) (func (memory.fill (i32.const 0) (i32.const 0) (i64.const 0))))
  "type mismatch")

;; Init: the address has 64 bits, the position in the segment and the length have 32.

(module
  (memory i64 1 1)
  (data $passive "abcdefgh")
  (data $active (i64.const 0) "A")
  (func (export "init") (param i64 i32 i32)
    (memory.init $passive (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init-active") (param i64 i32 i32)
    (memory.init $active (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop") (data.drop $passive))
  (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
)

(invoke "init" (i64.const 0x100) (i32.const 2) (i32.const 4))
(assert_return (invoke "load" (i64.const 0x100)) (i64.const 0x66656463))
(invoke "init" (i64.const 0xfff8) (i32.const 0) (i32.const 8))
(assert_return (invoke "load" (i64.const 0xfff8)) (i64.const 0x6867666564636261))
(invoke "init" (i64.const 0x10000) (i32.const 8) (i32.const 0))
(assert_trap (invoke "init" (i64.const 0xfff9) (i32.const 0) (i32.const 8)) "out of bounds memory access")
(assert_trap (invoke "init" (i64.const 0x200) (i32.const 1) (i32.const 8)) "out of bounds memory access")
(assert_trap (invoke "init" (i64.const 0x200) (i32.const 9) (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "init" (i64.const 0x200) (i32.const -1) (i32.const 2)) "out of bounds memory access")
(assert_trap (invoke "init" (i64.const 0x200) (i32.const 2) (i32.const -1)) "out of bounds memory access")
(assert_trap (invoke "init" (i64.const 0x1_0000_0200) (i32.const 0) (i32.const 1)) "out of bounds memory access")
(assert_trap (invoke "init" (i64.const -1) (i32.const 0) (i32.const 2)) "out of bounds memory access")
(assert_trap (invoke "init" (i64.const 0x10001) (i32.const 0) (i32.const 0)) "out of bounds memory access")
(assert_return (invoke "load" (i64.const 0x200)) (i64.const 0))
;; An active segment is empty after instantiation, a dropped one too.
(invoke "init-active" (i64.const 0) (i32.const 0) (i32.const 0))
(assert_trap (invoke "init-active" (i64.const 0) (i32.const 0) (i32.const 1)) "out of bounds memory access")
(invoke "drop")
(invoke "init" (i64.const 0x10000) (i32.const 0) (i32.const 0))
(assert_trap (invoke "init" (i64.const 0) (i32.const 0) (i32.const 1)) "out of bounds memory access")

(assert_invalid
  (module (memory i64 1) (data "a") (func (memory.init 0 (i64.const 0) (i64.const 0) (i32.const 0))))
  "type mismatch")
(assert_invalid
  (module (memory i64 1) (data "a") (func (memory.init 0 (i64.const 0) (i32.const 0) (i64.const 0))))
  "type mismatch")
(assert_invalid
  (module (memory i64 1) (data "a") (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))))
  "type mismatch")

;; Active segments.

(module
  (global $at i64 (i64.const 0xfff0))
  (memory i64 1 1)
  (data (offset (i64.add (global.get $at) (i64.const 8))) "\01\02\03\04\05\06\07\08")
  (data (i64.const 0x10000) "")
  (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
)
(assert_return (invoke "load" (i64.const 0xfff8)) (i64.const 0x0807060504030201))

(assert_trap (module (memory i64 1) (data (i64.const 0x10000) "a")) "out of bounds memory access")
(assert_trap (module (memory i64 1) (data (i64.const 0x10001) "")) "out of bounds memory access")
(assert_trap (module (memory i64 1) (data (i64.const 0x1_0000_0000) "a")) "out of bounds memory access")
(assert_trap (module (memory i64 1) (data (i64.const -1) "ab")) "out of bounds memory access")
(assert_invalid (module (memory i64 1) (data (i32.const 0) "a")) "type mismatch")
(assert_invalid (module (memory 1) (data (i64.const 0) "a")) "type mismatch")
