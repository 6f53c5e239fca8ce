(module
  (table $t 10 funcref) (table $e 5 100 externref) (elem $s func $get)
  (func $get (export "get") (param i32) (result funcref) (table.get $t (local.get 0)))
  (func $set (param i32 externref) (table.set $e (local.get 0) (local.get 1)))
  (func $size (result i32) (i32.add (table.size $t) (table.grow $e (ref.null extern) (i32.const 1))))
  (func $init (table.init $t $s (i32.const 1) (i32.const 0) (i32.const 1)))
)
