;; inlining
(module (memory 1)
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func $load (param i32) (result i32) (i32.div_u (i32.load offset=16 (local.get 0)) (local.get 0)))
  (func $sum (param i32) (result i32) (i32.add (call $load (local.get 0)) (call $load (i32.const 8))))
  (func $main (param i32) (result i32) (call $sum (i32.add (local.get 0) (i32.const 4)))))
