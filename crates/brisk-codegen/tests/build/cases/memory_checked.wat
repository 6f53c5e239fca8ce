;; full
(module
  (memory 1) (memory $wide i64 1) (memory $small 1 (pagesize 1))
  (func $narrow (param i32) (result i32 i32)
    (i32.load offset=8 (local.get 0)) (i32.load offset=12 (local.get 0)))
  (func $calls_between (param i32) (result i32 i32)
    (i32.load (local.get 0)) (call $narrow (i32.const 0)) (drop) (drop) (i32.load (local.get 0)))
  (func $wide (param i64) (result i32) (i32.load $wide offset=16 (local.get 0)))
  (func $wide_far (param i64) (result i32) (i32.load $wide offset=0x100000000 (local.get 0)))
  (func $wide_beyond (param i64) (result i32) (i32.load $wide offset=0xffffffffffffffff (local.get 0)))
  (func $small (param i32) (i32.store8 $small (local.get 0) (i32.const 1)))
  (func $sizes (result i32 i64 i32) (memory.size) (memory.size $wide) (memory.size $small))
  (func $grow (param i64) (result i64) (memory.grow $wide (local.get 0)))
)
