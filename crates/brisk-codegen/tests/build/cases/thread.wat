;; Conditions that come from where ways meet.
(module
  (memory 1)
  (func $both (param $a i32) (param $b i32) (result i32)
    (if (result i32) (if (result i32) (local.get $a) (then (i32.lt_s (local.get $b) (i32.const 9))) (else (i32.const 0)))
      (then (i32.const 10))
      (else (i32.const 20))))
  ;; Without an else; with a branch to its end.
  (func $either (param $a i32) (param $b i32) (result i32) (local $x i32)
    (if (if (result i32) (local.get $a) (then (i32.const 1)) (else (i32.load (local.get $b))))
      (then
        (br_if 0 (i32.eq (local.get $b) (i32.const 3)))
        (local.set $x (i32.const 5))))
    (local.get $x))
  ;; The opposite, by a branch to a loop.
  (func $until (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (local.get $n)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again
        (i32.eqz (block $stop (result i32)
          (drop (br_if $stop (i32.const 1) (i32.gt_u (local.get $sum) (i32.const 100))))
          (i32.eqz (local.get $n))))))
    (local.get $sum))
  ;; By a local. What it is is asked for again.
  (func $local (param $a i32) (param $b i32) (result i32) (local $c i32)
    (if (local.get $a)
      (then (local.set $c (i32.ne (local.get $b) (i32.const 7))))
      (else (local.set $c (i32.const 1))))
    (if (local.get $c) (then (local.set $b (i32.add (local.get $b) (i32.const 1)))))
    (i32.add (local.get $b) (local.get $c)))
  ;; Not: something is done before the branch, or the value is used elsewhere.
  (func $not (param $a i32) (param $b i32) (result i32) (local $c i32)
    (if (local.tee $c (if (result i32) (local.get $a) (then (i32.const 0)) (else (local.get $b))))
      (then (i32.store (i32.const 0) (local.get $c))))
    (local.get $c)))
