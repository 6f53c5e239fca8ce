;; osr
(module
  ;; Two ways lead from the inner loop into the round of the outer one.
  (func $nest (param i32 i32) (result i32) (local $sum i32)
    (i32.const 77)
    (loop $outer
      (block $next
        (block $skip
          (br_if $skip (local.get 1))
          (loop $inner (param) 
            (br_if $next (i32.eqz (local.get 0)))
            (br_if $inner (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (local.set $sum (i32.add (local.get $sum) (local.get 1))))
      (br_if $outer (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get $sum) (i32.add))
)
