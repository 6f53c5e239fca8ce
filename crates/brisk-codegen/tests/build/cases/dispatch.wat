;; plain
(module
  ;; A loop written as a jump through the table: it becomes a loop of its own, which the table also leads into.
  (func $count (param $to i32) (param $n i64) (result i64) (local $i i64) (local $sum i64)
    (block $out
      (loop $dispatch
        (block $body
          (block $test
            (block $start
              (br_table $start $test $body (local.get $to)))
            (local.set $i (i64.const 0))
            (local.set $to (i32.const 1))
            (br $dispatch))
          (br_if $out (i64.ge_s (local.get $i) (local.get $n)))
          (local.set $to (i32.const 2))
          (br $dispatch))
        (local.set $sum (i64.add (local.get $sum) (local.get $i)))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (local.set $to (i32.const 1))
        (br $dispatch)))
    (local.get $sum))
  ;; Where to is not always known; a number beyond the table leads to its last label.
  (func $computed (param $to i32) (param $x i32) (result i32)
    (loop $dispatch
      (block $b
        (block $a
          (br_table $a $b (local.get $to)))
        (if (local.get $x)
          (then
            (local.set $to (i32.const 7))
            (br $dispatch)))
        (local.set $to (i32.add (local.get $to) (local.get $x)))
        (br $dispatch))
      (local.set $x (i32.sub (local.get $x) (i32.const 1)))
      (local.set $to (i32.const 0))
      (br_if $dispatch (local.get $x)))
    (local.get $x))
  ;; Something happens in each round before the table: nothing to do without.
  (func $busy (param $to i32) (local $rounds i32)
    (loop $dispatch
      (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
      (block $b
        (block $a
          (br_table $a $b (local.get $to)))
        (local.set $to (i32.const 1))
        (br_if $dispatch (i32.lt_u (local.get $rounds) (i32.const 9))))))
)
