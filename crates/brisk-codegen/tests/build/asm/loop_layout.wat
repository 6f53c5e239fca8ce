(module ;; Which way loops go: moves and copies at their ends, and the order of what is in them.
  (memory 1)
  ;; Left at the bottom: the moves of the way around come before the comparison, and there is one branch.
  (func $fibonacci (param $n i32) (result i64) (local $a i64) (local $b i64) (local $next i64)
    (local.set $b (i64.const 1))
    (loop $again
      (local.set $next (i64.add (local.get $a) (local.get $b)))
      (local.set $a (local.get $b))
      (local.set $b (local.get $next))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a))
  ;; Here leaving needs what the moves would overwrite.
  (func $before (param $n i64) (param $k i64) (result i64) (local $last i64)
    (loop $again
      (local.set $last (local.get $n))
      (local.set $n (i64.mul (local.get $n) (local.get $k)))
      (br_if $again (i64.lt_u (local.get $n) (local.get $last))))
    (i64.sub (local.get $last) (local.get $n)))
  ;; Left at the top: its way around ends in a copy of the top.
  (func $gcd (param $a i32) (param $b i32) (result i32) (local $rest i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $b)))
        (local.set $rest (i32.rem_u (local.get $a) (local.get $b)))
        (local.set $a (local.get $b))
        (local.set $b (local.get $rest))
        (br $again)))
    (local.get $a))
  ;; What is between a branch and the inner loop it leads to is out of the way, and of the two ways out of that loop
  ;; none jumps twice.
  (func $occurrences (param $word i32) (param $text i32) (result i32) (local $at i32) (local $found i32) (local $sum i32)
    (loop $next
      (block $counted
        (if (i32.eqz (i32.load8_u (local.get $text)))
          (then
            (local.set $found (i32.const 1))
            (br $counted)))
        (local.set $at (i32.const 0))
        (block $differs
          (loop $compare
            (br_if $differs
              (i32.ne (i32.load8_u (i32.add (local.get $text) (local.get $at))) (i32.load8_u offset=1 (local.get $word))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $compare (i32.load8_u (i32.add (local.get $word) (local.get $at)))))
          (local.set $found (i32.const 2))
          (br $counted))
        (local.set $found (i32.const 3)))
      (local.set $sum (i32.add (local.get $sum) (local.get $found)))
      (br_if $next (i32.load8_u (local.tee $text (i32.add (local.get $text) (i32.const 1))))))
    (local.get $sum)))
