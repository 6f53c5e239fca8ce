;; fuel
(module
  (func $count (param i32) (result i32)
    (loop $next (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 0))
  (func $call (param i32) (result i32) (i32.add (call $count (local.get 0)) (i32.const 1)))
)
