;; checked
(module (memory 1)
  (func $copy (param i32 i32) (i32.store offset=4 (local.get 0) (i32.load (local.get 1))))
  (func $sum (param i32 i32) (result i64) (local i64)
    (loop $next
      (local.set 2 (i64.add (local.get 2) (i64.load (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 8)))
      (br_if $next (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get 2))
)
