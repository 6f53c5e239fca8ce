(module
  (func $flag (param i32 i32) (result i32) (i32.lt_u (local.get 0) (local.get 1)))
  (func $select (param i64 i64) (result i64)
    (select (local.get 0) (local.get 1) (i64.gt_s (local.get 0) (local.get 1))))
  (func $zero (param i64) (result i32) (i64.eqz (local.get 0)))
  (func $bits (param i32) (result i32) (if (result i32) (i32.and (local.get 0) (i32.const 4)) (then (i32.const 10)) (else (i32.const 20))))
  (func $not (param i32 i32) (result i32)
    (if (result i32) (i32.eqz (i32.ge_s (local.get 0) (local.get 1))) (then (local.get 0)) (else (local.get 1))))
)
