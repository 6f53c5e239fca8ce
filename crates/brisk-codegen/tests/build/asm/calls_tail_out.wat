;; tail_calls_out
(module (memory 1)
  (func $callee (param i32) (result i32) (local.get 0))
  (func $call (param i32) (result i32) (i32.load (call $callee (local.get 0))))
)
