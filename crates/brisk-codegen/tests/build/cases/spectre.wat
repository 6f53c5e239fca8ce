;; full
(module
  (type $t (func))
  (table 3 funcref)
  (func (param i32) (call_indirect (type $t) (local.get 0)))
)
