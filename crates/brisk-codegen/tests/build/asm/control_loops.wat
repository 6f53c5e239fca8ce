(module (memory 1)
  (func $matrix (param $a i32) (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $sum i32)
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $sum (i32.add (local.get $sum)
          (i32.load (i32.add (local.get $a)
            (i32.shl (i32.add (i32.mul (local.get $i) (local.get $n)) (local.get $j)) (i32.const 2))))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get $n))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))
  (func $search (param i32) (result i32)
    (loop $next
      (if (i32.eqz (i32.load8_u (local.get 0))) (then (return (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br $next))
    (unreachable))
)
