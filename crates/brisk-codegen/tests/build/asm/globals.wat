(module
  (import "e" "base" (global $base i32))
  (global $counter (mut i64) (i64.const 0)) (global $v (mut v128) (v128.const i64x2 1 2))
  (func $count (result i64) (global.set $counter (i64.add (global.get $counter) (i64.const 1))) (global.get $counter))
  (func $imported (param i32) (result i32) (i32.add (global.get $base) (local.get 0)))
  (func $vector (global.set $v (i32x4.add (global.get $v) (global.get $v))))
)
