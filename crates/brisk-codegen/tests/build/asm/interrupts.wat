;; interrupts
(module (memory 1)
  (func $fill (param i32 i32)
    (loop $next
      (i32.store8 (local.get 0) (i32.const 1))
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br_if $next (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))))
)
