(module
  (import "e" "out" (func $out (param i32 f64) (result i32)))
  (memory 1)
  (func $inner (param i32 f64) (result i32) (i32.load (local.get 0)))
  (func $to_own (param i32) (result i32)
    (i32.add (call $inner (local.get 0) (f64.const 1)) (i32.load (local.get 0))))
  (func $to_import (param i32) (result i32)
    (i32.add (call $out (local.get 0) (f64.const 1)) (i32.load (local.get 0))))
)
