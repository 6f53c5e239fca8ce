;; Size, growth, limits and imports of memories with 64-bit addresses.

(module
  (memory (export "memory") i64 1 4)
  (func (export "size") (result i64) (memory.size))
  (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
  (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
  (func (export "store") (param i64 i64) (i64.store (local.get 0) (local.get 1)))
)

(assert_return (invoke "size") (i64.const 1))
(assert_return (invoke "grow" (i64.const 0)) (i64.const 1))
(invoke "store" (i64.const 0xfff8) (i64.const 5))
(assert_trap (invoke "load" (i64.const 0xfff9)) "out of bounds memory access")
(assert_return (invoke "grow" (i64.const 2)) (i64.const 1))
(assert_return (invoke "size") (i64.const 3))
;; What was there stays, what is new is zero.
(assert_return (invoke "load" (i64.const 0xfff8)) (i64.const 5))
(assert_return (invoke "load" (i64.const 0x1fff8)) (i64.const 0))
(assert_return (invoke "load" (i64.const 0x2fff8)) (i64.const 0))
(assert_trap (invoke "load" (i64.const 0x2fff9)) "out of bounds memory access")
;; Beyond the maximum: -1, and nothing changes.
(assert_return (invoke "grow" (i64.const 2)) (i64.const -1))
(assert_return (invoke "grow" (i64.const -1)) (i64.const -1))
(assert_return (invoke "grow" (i64.const 0x1_0000_0001)) (i64.const -1))
(assert_return (invoke "grow" (i64.const 0x1_0000_0000_0000)) (i64.const -1))
(assert_return (invoke "grow" (i64.const 0xffff_ffff_ffff_fffe)) (i64.const -1))
(assert_return (invoke "grow" (i64.const 0x8000_0000_0000_0000)) (i64.const -1))
(assert_return (invoke "size") (i64.const 3))
(assert_return (invoke "grow" (i64.const 1)) (i64.const 3))
(assert_return (invoke "grow" (i64.const 0)) (i64.const 4))
(assert_return (invoke "grow" (i64.const 1)) (i64.const -1))

;; Another instance sees the growth.
(register "grown")
(module
  (memory (import "grown" "memory") i64 4 4)
  (func (export "size") (result i64) (memory.size))
  (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
)
(assert_return (invoke "size") (i64.const 4))
(assert_return (invoke "load" (i64.const 0xfff8)) (i64.const 5))
(assert_return (invoke "load" (i64.const 0x3fff8)) (i64.const 0))
(assert_trap (invoke "load" (i64.const 0x3fff9)) "out of bounds memory access")

;; More pages than any memory may have are refused even without a maximum.
(module
  (memory i64 0)
  (func (export "size") (result i64) (memory.size))
  (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
)
(assert_return (invoke "grow" (i64.const 0x1_0000_0000_0001)) (i64.const -1))
(assert_return (invoke "grow" (i64.const -1)) (i64.const -1))
(assert_return (invoke "size") (i64.const 0))
(assert_return (invoke "grow" (i64.const 1)) (i64.const 0))
(assert_return (invoke "grow" (i64.const -1)) (i64.const -1))
(assert_return (invoke "size") (i64.const 1))

;; Each of several memories grows by itself, with operands of its own width.
(module
  (memory $small 1 3)
  (memory $large i64 1 3)
  (func (export "grow-small") (param i32) (result i32) (memory.grow $small (local.get 0)))
  (func (export "grow-large") (param i64) (result i64) (memory.grow $large (local.get 0)))
  (func (export "sizes") (result i32 i64) (memory.size $small) (memory.size $large))
)
(assert_return (invoke "grow-large" (i64.const 2)) (i64.const 1))
(assert_return (invoke "sizes") (i32.const 1) (i64.const 3))
(assert_return (invoke "grow-small" (i32.const 1)) (i32.const 1))
(assert_return (invoke "sizes") (i32.const 2) (i64.const 3))
(assert_return (invoke "grow-small" (i32.const 2)) (i32.const -1))
(assert_return (invoke "grow-large" (i64.const 1)) (i64.const -1))

;; Growth that moves the memory does not leave anything behind in a running function.
(module
  (memory i64 1 0x100)
  (func (export "walk") (param $steps i32) (result i64)
    (local $sum i64)
    (i64.store (i64.const 0) (i64.const 1))
    (loop $again
      (drop (memory.grow (i64.const 16)))
      ;; The last word of the memory as it is now.
      (i64.store
        (i64.sub (i64.mul (memory.size) (i64.const 0x10000)) (i64.const 8))
        (i64.extend_i32_u (local.get $steps)))
      (local.set $sum
        (i64.add
          (local.get $sum)
          (i64.add
            (i64.load (i64.const 0))
            (i64.load (i64.sub (i64.mul (memory.size) (i64.const 0x10000)) (i64.const 8))))))
      (br_if $again (local.tee $steps (i32.sub (local.get $steps) (i32.const 1)))))
    (local.get $sum))
)
(assert_return (invoke "walk" (i32.const 10)) (i64.const 65))

;; Types.
(assert_invalid (module (memory i64 1) (func (result i32) (memory.size))) "type mismatch")
(assert_invalid (module (memory i64 1) (func (result i64) (memory.grow (i32.const 0)))) "type mismatch")
(assert_invalid (module (memory i64 1) (func (result i32) (memory.grow (i64.const 0)))) "type mismatch")
(assert_invalid (module (memory 1) (func (result i64) (memory.grow (i64.const 0)))) "type mismatch")

;; Limits: 2^48 pages.
(module definition (memory i64 0 0x1_0000_0000_0000))
(module definition (memory i64 0x1_0000_0000_0000))
(module definition (memory i64 0x1_0000_0000_0000 0x1_0000_0000_0000))
(module definition (memory i64 0x1_0000 0x1_0000_0001))
(assert_invalid (module (memory i64 0x1_0000_0000_0001)) "memory size")
(assert_invalid (module (memory i64 0 0x1_0000_0000_0001)) "memory size")
(assert_invalid (module (memory i64 0 0xffff_ffff_ffff_ffff)) "memory size")
(assert_invalid (module (memory i64 2 1)) "size minimum must not be greater than maximum")
(assert_invalid (module (memory i64 0x1_0000_0000 0xffff_ffff)) "size minimum must not be greater than maximum")

;; Imports match by width of the addresses and by limits.
(module $exports
  (memory (export "small") 1 4)
  (memory (export "large") i64 1 4)
  (memory (export "unlimited") i64 1)
)
(register "exports" $exports)
(module (memory (import "exports" "large") i64 1 4))
(module (memory (import "exports" "large") i64 0 0x1_0000_0000_0000))
(module (memory (import "exports" "large") i64 1))
(module (memory (import "exports" "unlimited") i64 1))
(assert_unlinkable (module (memory (import "exports" "large") 1 4)) "incompatible import type")
(assert_unlinkable (module (memory (import "exports" "small") i64 1 4)) "incompatible import type")
(assert_unlinkable (module (memory (import "exports" "large") i64 2 4)) "incompatible import type")
(assert_unlinkable (module (memory (import "exports" "large") i64 1 3)) "incompatible import type")
(assert_unlinkable (module (memory (import "exports" "unlimited") i64 1 0x1_0000_0000_0000))
  "incompatible import type")
(assert_unlinkable (module (memory (import "exports" "large") i64 0x1_0000_0001)) "incompatible import type")
