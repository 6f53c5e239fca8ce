;; baseline
(module (memory 1)
  (func $add (param v128 v128) (result v128) (i32x4.add (i32x4.mul (local.get 0) (local.get 1)) (local.get 1)))
  (func $unaligned (param i32 v128) (result v128) (i8x16.add (local.get 1) (v128.load (local.get 0))))
  (func $bits (param i64) (result i64) (i64.add (i64.clz (local.get 0)) (i64.popcnt (local.get 0))))
  (func $round (param f64 f64) (result f64) (f64.sub (f64.nearest (local.get 0)) (local.get 1)))
)
