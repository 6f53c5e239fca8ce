(module
  (func $eight (param i32 i32 i32 i32 i32 i32 i32 i64) (result i64 i64 i64 i64 i64 i64)
    (i64.extend_i32_u (local.get 0)) (i64.extend_i32_u (local.get 6)) (local.get 7) (local.get 7) (i64.const 5) (i64.const 6))
  (func $call (result i64)
    (call $eight (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6) (i32.const 7) (i64.const 8))
    (i64.add) (i64.add) (i64.add) (i64.add) (i64.add))
)
