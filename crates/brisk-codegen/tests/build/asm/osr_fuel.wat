;; osr interrupts fuel
(module
  (func $nest (param i32 i32) (result f64) (local f64)
    (loop $outer
      (local.set 1 (i32.const 10))
      (loop $inner
        (local.set 2 (f64.add (local.get 2) (f64.const 1)))
        (br_if $inner (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
      (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 2))
)
