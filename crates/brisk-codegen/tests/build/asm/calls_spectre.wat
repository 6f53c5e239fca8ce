;; spectre
(module
  (table 10 funcref) (type $f (func (param i32) (result i32)))
  (func $call (param i32 i32) (result i32) (call_indirect (type $f) (local.get 0) (local.get 1)))
  (func $get (param i32) (result funcref) (table.get 0 (local.get 0)))
)
