;; osr
(module
  (func $single (param i32 i64) (result i64) (local v128 i32)
    (loop
      (local.set 1 (i64.add (local.get 1) (i64.const 1)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
)
