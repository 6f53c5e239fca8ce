;; call_indirect and return_call_indirect through tables with 64-bit indices.

(module
  (type $unary (func (param i32) (result i32)))
  (type $thunk (func (result i64)))
  (table $t i64 6 funcref)
  (elem (table $t) (i64.const 1) func $add-one $double $answer $countdown)

  (func $add-one (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $double (type $unary) (i32.shl (local.get 0) (i32.const 1)))
  (func $answer (type $thunk) (i64.const 42))
  ;; Calls itself through the table in a tail call.
  (func $countdown (type $unary)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 99))))
    (return_call_indirect $t (type $unary) (i32.sub (local.get 0) (i32.const 1)) (i64.const 4)))

  (func (export "unary") (param i64 i32) (result i32)
    (call_indirect $t (type $unary) (local.get 1) (local.get 0)))
  (func (export "thunk") (param i64) (result i64)
    (call_indirect $t (type $thunk) (local.get 0)))
  (func (export "tail-unary") (param i64 i32) (result i32)
    (return_call_indirect $t (type $unary) (local.get 1) (local.get 0)))
  (func (export "constant") (result i32)
    (call_indirect $t (type $unary) (i32.const 5) (i64.const 2)))
  (func (export "constant-far") (result i32)
    (call_indirect $t (type $unary) (i32.const 5) (i64.const 0x1_0000_0002)))
  (func (export "set") (param i64) (table.set $t (local.get 0) (ref.func $double)))
)

(assert_return (invoke "unary" (i64.const 1) (i32.const 20)) (i32.const 21))
(assert_return (invoke "unary" (i64.const 2) (i32.const 20)) (i32.const 40))
(assert_return (invoke "thunk" (i64.const 3)) (i64.const 42))
(assert_return (invoke "tail-unary" (i64.const 2) (i32.const 20)) (i32.const 40))
(assert_return (invoke "constant") (i32.const 10))
;; Deeper than any stack of calls.
(assert_return (invoke "unary" (i64.const 4) (i32.const 1_000_000)) (i32.const 99))
(assert_return (invoke "tail-unary" (i64.const 4) (i32.const 1_000_000)) (i32.const 99))

(assert_trap (invoke "unary" (i64.const 3) (i32.const 0)) "indirect call type mismatch")
(assert_trap (invoke "thunk" (i64.const 1)) "indirect call type mismatch")
(assert_trap (invoke "tail-unary" (i64.const 3) (i32.const 0)) "indirect call type mismatch")
(assert_trap (invoke "unary" (i64.const 0) (i32.const 0)) "uninitialized element")
(assert_trap (invoke "unary" (i64.const 5) (i32.const 0)) "uninitialized element")
(assert_trap (invoke "tail-unary" (i64.const 0) (i32.const 0)) "uninitialized element")
(assert_trap (invoke "unary" (i64.const 6) (i32.const 0)) "undefined element")
(assert_trap (invoke "tail-unary" (i64.const 6) (i32.const 0)) "undefined element")
(assert_trap (invoke "unary" (i64.const -1) (i32.const 0)) "undefined element")
;; The low half of the index is that of a function.
(assert_trap (invoke "unary" (i64.const 0x1_0000_0002) (i32.const 0)) "undefined element")
(assert_trap (invoke "tail-unary" (i64.const 0x1_0000_0002) (i32.const 0)) "undefined element")
(assert_trap (invoke "thunk" (i64.const 0x8000_0000_0000_0003)) "undefined element")
(assert_trap (invoke "constant-far") "undefined element")
;; An index times the size of an entry would wrap.
(assert_trap (invoke "unary" (i64.const 0x0800_0000_0000_0002) (i32.const 0)) "undefined element")
(assert_trap (invoke "unary" (i64.const 0x1000_0000_0000_0002) (i32.const 0)) "undefined element")
(assert_trap (invoke "unary" (i64.const 0x2000_0000_0000_0002) (i32.const 0)) "undefined element")

(invoke "set" (i64.const 5))
(assert_return (invoke "unary" (i64.const 5) (i32.const 7)) (i32.const 14))

;; Two tables of different width in a module.
(module
  (table $small funcref (elem $one))
  (table $large i64 funcref (elem $two $one))
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func (export "small") (param i32) (result i32) (call_indirect $small (result i32) (local.get 0)))
  (func (export "large") (param i64) (result i32) (call_indirect $large (result i32) (local.get 0)))
)
(assert_return (invoke "small" (i32.const 0)) (i32.const 1))
(assert_return (invoke "large" (i64.const 0)) (i32.const 2))
(assert_return (invoke "large" (i64.const 1)) (i32.const 1))
(assert_trap (invoke "small" (i32.const 1)) "undefined element")
(assert_trap (invoke "small" (i32.const -1)) "undefined element")
(assert_trap (invoke "large" (i64.const 2)) "undefined element")
(assert_trap (invoke "large" (i64.const 0x1_0000_0000)) "undefined element")

;; Through an imported table.
(module $owner
  (table (export "table") i64 3 funcref)
  (elem (i64.const 2) func $three)
  (func $three (result i32) (i32.const 3))
)
(register "owner" $owner)
(module
  (table $t (import "owner" "table") i64 3 funcref)
  (elem (i64.const 0) func $four)
  (func $four (result i32) (i32.const 4))
  (func (export "call") (param i64) (result i32) (call_indirect $t (result i32) (local.get 0)))
)
(assert_return (invoke "call" (i64.const 0)) (i32.const 4))
(assert_trap (invoke "call" (i64.const 1)) "uninitialized element")
(assert_return (invoke "call" (i64.const 2)) (i32.const 3))

(assert_invalid
  (module (table i64 1 funcref) (func (call_indirect (i32.const 0))))
  "type mismatch")
(assert_invalid
  (module (table 1 funcref) (func (call_indirect (i64.const 0))))
  "type mismatch")
(assert_invalid
  (module (table i64 1 funcref) (func (return_call_indirect (i32.const 0))))
  "type mismatch")
(assert_invalid
  (module (table i64 1 externref) (func (call_indirect (i64.const 0))))
  "type mismatch")
