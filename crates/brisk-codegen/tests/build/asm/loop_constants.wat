(module (memory 1)
  ;; The loop may not be reached: its constant is made in front of it.
  (func $behind_a_branch (param i32 i64) (result i64)
    (if (local.get 0) (then
      (loop
        (local.set 1 (i64.xor (i64.mul (local.get 1) (i64.const 0x123456789abcdef1)) (i64.const 3)))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    (local.get 1))
  ;; Each of two loops has its own.
  (func $two (param i32 i32 i64) (result i64)
    (loop
      (local.set 2 (i64.mul (local.get 2) (i64.const 0x123456789abcdef1)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (if (local.get 1) (then
      (loop
        (local.set 2 (i64.mul (i64.add (local.get 2) (i64.const 1)) (i64.const 0x123456789abcdef1)))
        (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))))
    (local.get 2))
  ;; In front of the outer loop, for the inner one.
  (func $nested (param i32 i32 i64) (result i64)
    (local i32)
    (if (local.get 0) (then
      (loop
        (local.set 3 (local.get 1))
        (loop
          (local.set 2 (i64.mul (local.get 2) (i64.const 0x123456789abcdef1)))
          (br_if 0 (local.tee 3 (i32.sub (local.get 3) (i32.const 1)))))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    (local.get 2))
  ;; Two ways lead to the block in front of the loop.
  (func $two_ways (param i32 i32 i64) (result i64)
    (block
      (br_if 0 (i32.eqz (local.get 0)))
      (if (i32.eqz (local.get 1))
        (then (i32.store8 (i32.const 0) (local.get 0)) (local.set 1 (i32.const 5)))
        (else (i32.store8 (i32.const 1) (local.get 0))))
      (loop
        (local.set 2 (i64.mul (local.get 2) (i64.const 0x123456789abcdef1)))
        (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))))
    (local.get 2))
)
