(module
  (func $clamp (param i32) (result i32)
    (if (i32.lt_s (local.get 0) (i32.const 0)) (then (return (i32.const 0))))
    (if (i32.gt_s (local.get 0) (i32.const 255)) (then (return (i32.const 255))))
    (local.get 0))
  (func $and (param i32 i32) (result i32)
    (block $no
      (br_if $no (i32.eqz (local.get 0)))
      (br_if $no (i32.eqz (local.get 1)))
      (return (i32.const 1)))
    (i32.const 0))
  (func $trap (param i32) (result i32) (if (local.get 0) (then (unreachable))) (i32.const 3))
)
