(module
  (func $switch (param i32) (result i32)
    (block $d (block $c (block $b (block $a
      (br_table $a $b $c $a $d (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 20)))
      (return (i32.const 30)))
    (i32.const 40))
  (func $values (param i32 i32) (result i32)
    (block $outer (result i32)
      (block $inner (result i32)
        (br_table $inner $outer $inner (local.get 1) (local.get 0)))
      (i32.const 1) (i32.add)))
  (func $one (param i32) (result i32)
    (block $a (br_table $a (local.get 0))) (i32.const 5))
  ;; Few entries lead elsewhere than the last: comparisons.
  (func $few (param i32) (result i32)
    (block $d (block $c (block $b (block $a
      (br_table $a $b $c $d (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 20)))
      (return (i32.const 30)))
    (i32.const 40))
  (func $few_of_many (param i32) (result i32)
    (block $c (block $b (block $a
      (br_table $c $c $a $c $c $b $c (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 20)))
    (i32.const 30))
  ;; Around a loop.
  (func $looping (param i32 i32) (result i32)
    (loop $l (block $out
      (local.set 1 (i32.mul (local.get 1) (local.get 0)))
      (br_table $l $out $l $out (i32.and (local.get 1) (i32.const 7)))))
    (local.get 1))
)
