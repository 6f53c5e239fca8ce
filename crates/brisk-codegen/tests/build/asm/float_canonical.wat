;; canonical_nans
(module
  (func $mean (param f32 f32) (result f32)
    (f32.mul (f32.add (local.get 0) (local.get 1)) (f32.const 0.5)))
)
