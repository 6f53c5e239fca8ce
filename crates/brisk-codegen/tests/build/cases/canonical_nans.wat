;; full
(module
  (func (param f64 v128) (result f64 f64 v128)
    (f64.sqrt (local.get 0))
    (f64.div (f64.const 0) (f64.const 0))
    (f32x4.add (local.get 1) (local.get 1)))
)
