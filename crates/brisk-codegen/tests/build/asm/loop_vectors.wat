(module (import "m" "f" (func $f)) (memory 1)
  ;; Made in front of the loop: constants, lanes of shuffles, the weights of masks; zeros, too.
  (func $whole (param i32 v128 v128) (result v128)
    (local i32)
    (loop
      (local.set 1 (i8x16.shuffle 3 1 20 7 5 9 30 16 2 2 2 2 8 8 8 31
        (i32x4.add (local.get 1) (v128.const i32x4 0x12345 1 2 3))
        (local.get 2)))
      (local.set 3 (i32.xor (local.get 3) (i32x4.bitmask (i8x16.add (local.get 1) (v128.const i64x2 0x0f0f0f0f0f0f0f0f 0x0f0f0f0f0f0f0f0f)))))
      (local.set 2 (i8x16.sub_sat_s (v128.const i64x2 0 0)
        (v128.xor (local.get 2) (v128.const i32x4 0x12345 1 2 3))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (i32x4.replace_lane 0 (v128.xor (local.get 1) (local.get 2)) (local.get 3)))
  ;; A call destroys all: made again, not kept in the frame.
  (func $around_a_call (param i32) (result v128)
    (local v128)
    (loop
      (local.set 1 (i32x4.add (local.get 1) (v128.const i32x4 0x12345 1 2 3)))
      (call $f)
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  ;; What is changed is made where it is.
  (func $changed (param i32 v128) (result v128)
    (loop
      (local.set 1 (v128.xor (local.get 1) (i32x4.replace_lane 1 (v128.const i64x2 0 0) (local.get 0))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
)
