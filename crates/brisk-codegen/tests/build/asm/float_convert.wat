(module
  (func $truncate (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func $saturate (param f32) (result i64) (i64.trunc_sat_f32_u (local.get 0)))
  (func $from_int (param i32 i64) (result f64)
    (f64.add (f64.convert_i32_u (local.get 0)) (f64.convert_i64_u (local.get 1))))
  (func $bits (param f64) (result f64)
    (f64.reinterpret_i64 (i64.add (i64.reinterpret_f64 (local.get 0)) (i64.const 1))))
  (func $narrow (param f64) (result f64) (f64.promote_f32 (f32.demote_f64 (local.get 0))))
)
