;; full
(module
  (func $f (param i32) (result i32)
    (if (local.get 0) (then (drop (call $f (i32.const 1)))))
    (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 0))
)
