(module
  (func $splat (param i32) (result v128) (i16x8.splat (local.get 0)))
  (func $replace (param v128 f32) (result v128) (f32x4.replace_lane 2 (local.get 0) (local.get 1)))
  (func $extract (param v128) (result i32) (i8x16.extract_lane_s 5 (local.get 0)))
  (func $shuffle (param v128 v128) (result v128)
    (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get 0) (local.get 1)))
  (func $swizzle (param v128 v128) (result v128) (i8x16.swizzle (local.get 0) (local.get 1)))
  (func $constant (result v128) (v128.const i32x4 1 2 3 4))
)
