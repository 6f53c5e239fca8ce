(module
  (func $less (param f64 f64) (result i32) (f64.lt (local.get 0) (local.get 1)))
  (func $equal (param f32 f32) (result i32) (if (result i32) (f32.eq (local.get 0) (local.get 1)) (then (i32.const 7)) (else (i32.const 9))))
  (func $select (param f64 f64) (result f64)
    (select (local.get 0) (local.get 1) (f64.ge (local.get 0) (local.get 1))))
)
