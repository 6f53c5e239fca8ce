(module
  (func $lerp (param v128 v128 v128) (result v128)
    (f32x4.add (f32x4.mul (local.get 0) (local.get 2)) (local.get 1)))
  (func $min (param v128 v128) (result v128) (f64x2.pmin (f64x2.min (local.get 0) (local.get 1)) (local.get 1)))
  (func $convert (param v128) (result v128) (i32x4.trunc_sat_f32x4_s (local.get 0)))
  (func $fused (param v128 v128 v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
)
