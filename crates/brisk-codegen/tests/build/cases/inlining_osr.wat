;; inlining osr
(module
  (func $max (param i32 i32) (result i32) (local i32)
    (if (i32.lt_s (local.get 0) (local.get 1)) (then (return (local.get 1))))
    (i32.add (local.get 0) (local.get 2)))
  ;; What comes before the loop is not built; the value on the stack is found again behind the call.
  (func (param i32) (result i32) (local i32)
    (local.set 1 (call $max (local.get 0) (i32.const 3)))
    (i32.const 7)
    (loop
      (local.set 1 (i32.xor (local.get 1) (call $max (local.get 0) (local.get 1))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (i32.add (local.get 1)))
  (func $stay (param i32) (result i32) (loop (br_if 0 (local.get 0))) (i32.const 4)))
