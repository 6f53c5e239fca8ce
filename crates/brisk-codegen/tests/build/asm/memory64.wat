;; checked
(module (memory i64 1)
  (func $load (param i64) (result i32) (i32.load offset=0x100000004 (local.get 0)))
  (func $grow (param i64) (result i64) (drop (memory.grow (local.get 0))) (memory.size))
)
