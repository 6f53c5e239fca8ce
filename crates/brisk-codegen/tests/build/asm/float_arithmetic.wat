(module
  (func $polynomial (param f64) (result f64)
    (f64.add (f64.mul (f64.add (f64.mul (local.get 0) (f64.const 2.5)) (f64.const -1)) (local.get 0)) (f64.const 0.5)))
  (func $signs (param f32 f32) (result f32) (f32.copysign (f32.neg (f32.abs (local.get 0))) (local.get 1)))
  (func $min (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
  (func $round (param f32) (result f32) (f32.sqrt (f32.floor (local.get 0))))
)
