;; inlining fuel
(module
  (func $sign (param i32) (result i32)
    (if (i32.lt_s (local.get 0) (i32.const 0)) (then (return (i32.const -1))))
    (i32.gt_s (local.get 0) (i32.const 0)))
  (func $signs (param i32 i32) (result i32)
    (i32.mul (call $sign (local.get 0)) (i32.add (call $sign (local.get 1)) (i32.const 1)))))
