(module
  (type $f (func (result i32)))
  (func $one (export "one") (type $f) (i32.const 1))
  (func $take (result funcref) (ref.func $one))
  (func $null (param externref) (result i32) (ref.is_null (local.get 0)))
  (func $call (param (ref null $f)) (result i32)
    (block $none (return (call_ref $f (br_on_null $none (local.get 0))))) (i32.const -1))
)
