(module (memory 1)
  ;; Nothing is known: each is probed, the second time no more.
  (func $unknown (param i32)
    (i32.store (local.get 0) (i32.const 1))
    (i64.store offset=4 (local.get 0) (i64.const 2))
    (i32.store offset=8 (local.get 0) (i32.const 3)))
  ;; The first reaches as far as the others.
  (func $descending (param i32 i32 i32)
    (i32.store offset=8 (local.get 0) (local.get 1))
    (i32.store16 offset=4 (local.get 0) (local.get 2))
    (i64.store (local.get 0) (i64.const 5)))
  ;; So does a load on every way, behind a join, and from a sum.
  (func $loaded (param i32 i32)
    (local i32)
    (local.set 2 (i32.load offset=4 (local.get 0)))
    (if (local.get 1) (then (i32.store8 (local.get 0) (local.get 1))) (else (i32.store8 offset=1 (local.get 0) (local.get 1))))
    (i32.store offset=4 (local.get 0) (i32.const 7))
    (i32.store (i32.add (local.get 0) (i32.const 4)) (local.get 2)))
  ;; But not one on some ways, nor the other sum, which may wrap.
  (func $not_loaded (param i32 i32)
    (if (local.get 1) (then (local.set 1 (i32.load (local.get 0)))))
    (i32.store (local.get 0) (local.get 1))
    (i32.store (i32.sub (local.get 0) (i32.const 4)) (local.get 1)))
  ;; What is aligned straddles no page.
  (func $aligned (param i32 i32)
    (i32.store (i32.shl (local.get 0) (i32.const 2)) (local.get 1))
    (i64.store (i32.and (local.get 0) (i32.const -8)) (i64.const 1))
    (i32.store16 offset=1026 (i32.mul (local.get 1) (i32.const 6)) (local.get 1)))
  (func $not_aligned (param i32 i32)
    (i64.store (i32.shl (local.get 0) (i32.const 2)) (i64.const 1))
    (i32.store offset=1026 (i32.shl (local.get 1) (i32.const 2)) (local.get 1)))
  ;; An array from a known place on; the same by steps that are too small.
  (func $array
    (local i32)
    (local.set 0 (i32.const 1024))
    (loop
      (i32.store (local.get 0) (local.get 0))
      (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 4))) (i32.const 9000)))))
  (func $small_steps
    (local i32)
    (local.set 0 (i32.const 1024))
    (loop
      (i32.store (local.get 0) (local.get 0))
      (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 2))) (i32.const 9000)))))
  ;; From an unknown place on: a probe in each round, one instruction.
  (func $pointer (param i32 i32)
    (loop
      (i64.store (local.get 0) (i64.const 1))
      (local.set 0 (i32.add (local.get 0) (i32.const 8)))
      (br_if 0 (i32.lt_u (local.get 0) (local.get 1)))))
  ;; Each round stores where the one before has loaded.
  (func $insert (param i32 i32)
    (local i32)
    (local.set 2 (i32.load (local.get 0)))
    (block
      (loop
        (br_if 1 (i32.le_s (local.tee 1 (i32.load (i32.sub (local.get 0) (i32.const 4)))) (local.get 2)))
        (i32.store (local.get 0) (local.get 1))
        (local.set 0 (i32.sub (local.get 0) (i32.const 4)))
        (br 0)))
    (i32.store (local.get 0) (local.get 2)))
  ;; The same, but for the first round.
  (func $not_inserted (param i32 i32)
    (block
      (loop
        (br_if 1 (i32.eqz (local.tee 1 (i32.load (i32.sub (local.get 0) (i32.const 4))))))
        (i32.store (local.get 0) (local.get 1))
        (local.set 0 (i32.sub (local.get 0) (i32.const 4)))
        (br 0))))
  ;; Two parameters that are aligned only as long as both are.
  (func $entangled (param i32)
    (local i32 i32)
    (local.set 1 (i32.const 64))
    (local.set 2 (i32.const 128))
    (loop
      (i32.store (local.get 1) (i32.const 1))
      (i32.store (local.get 2) (i32.const 2))
      (local.get 1)
      (local.set 1 (i32.add (local.get 2) (i32.const 4)))
      (local.set 2 (i32.add (i32.const 8)))
      (br_if 0 (i32.lt_u (local.get 1) (local.get 0)))))
  (func $not_entangled (param i32)
    (local i32 i32)
    (local.set 1 (i32.const 64))
    (local.set 2 (local.get 0))
    (loop
      (i32.store (local.get 1) (i32.const 1))
      (i32.store (i32.and (local.get 1) (local.get 2)) (i32.const 2))
      (local.get 1)
      (local.set 1 (i32.add (local.get 2) (i32.const 4)))
      (local.set 2 (i32.add (i32.const 8)))
      (br_if 0 (i32.lt_u (local.get 1) (local.get 0)))))
  ;; Whatever reaches beyond a place that is written in the code reaches that, too.
  (func $places
    (i32.store offset=5 (i32.const 0) (i32.const 1))
    (i32.store16 offset=1 (i32.const 0) (i32.const 1))
    (i32.store offset=8 (i32.const 0) (i32.const 1)))
)
