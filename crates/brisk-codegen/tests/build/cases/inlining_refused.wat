;; inlining
;; Each function is called where it might be inlined, and is not: for a loop, a handler, a tail call, its size.
(module
  (tag $t)
  (func $loops (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func $catches (block (try_table (catch_all 0) (throw $t))))
  (func $tail (param i32) (return_call $loops (local.get 0)))
  (func $many (local i64 i64 i64 i64 i64 i64 i64 i64 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 f32))
  (func $long
    (drop (v128.const i64x2 1 2)) (drop (v128.const i64x2 1 2)) (drop (v128.const i64x2 1 2))
    (drop (v128.const i64x2 1 2)))
  (func (param i32)
    (call $loops (local.get 0)) (call $catches) (call $tail (local.get 0)) (call $many) (call $long)))
