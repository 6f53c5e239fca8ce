(module
  (func $f (param i64) (result i64) (local.get 0))
  (func $live (param i64 i64 i64 f64 f64) (result f64) (local $r i64)
    (local.set $r (call $f (i64.add (local.get 0) (local.get 1))))
    (local.set $r (i64.add (local.get $r) (call $f (i64.add (local.get 1) (local.get 2)))))
    (f64.add (f64.convert_i64_s (i64.add (local.get $r) (i64.mul (local.get 0) (i64.mul (local.get 1) (local.get 2)))))
      (f64.mul (local.get 3) (local.get 4))))
)
