;; Takeuchi's function of (n, 2n/3, n/3): calls with three arguments.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  ;; The first 1024 bytes are for the arguments and the line that is printed.
  (memory (export "memory") 1)

  (func $tak (param $x i32) (param $y i32) (param $z i32) (result i32)
    (if (result i32) (i32.ge_s (local.get $y) (local.get $x))
      (then (local.get $z))
      (else
        (call $tak
          (call $tak (i32.sub (local.get $x) (i32.const 1)) (local.get $y) (local.get $z))
          (call $tak (i32.sub (local.get $y) (i32.const 1)) (local.get $z) (local.get $x))
          (call $tak (i32.sub (local.get $z) (i32.const 1)) (local.get $x) (local.get $y))))))
  (func $run (export "run") (param $n i32) (result i64)
    (i64.extend_i32_s
      (call $tak
        (local.get $n)
        (i32.div_s (i32.mul (local.get $n) (i32.const 2)) (i32.const 3))
        (i32.div_s (local.get $n) (i32.const 3)))))
  (func (export "size") (result i32) (i32.const 24))

  ;; As a command of WASI: runs with the number given as an argument, or 24, and prints the checksum.
  (func (export "_start")
    (local $n i32) (local $at i32) (local $sum i64)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (local.set $n (i32.const 24))
    (if (i32.and (i32.gt_u (i32.load (i32.const 0)) (i32.const 1)) (i32.lt_u (i32.load (i32.const 4)) (i32.const 512)))
      (then
        (drop (call $args_get (i32.const 16) (i32.const 256)))
        (local.set $n (i32.const 0))
        (local.set $at (i32.load (i32.const 20)))
        (loop $digit
          (if (i32.load8_u (local.get $at))
            (then
              (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 10))
                                     (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br $digit))))))
    (local.set $sum (call $run (local.get $n)))
    (i32.store8 (i32.const 48) (i32.const 10))
    (local.set $at (i32.const 47))
    (loop $digit
      (local.set $n (i32.wrap_i64 (i64.and (local.get $sum) (i64.const 15))))
      (i32.store8 (local.get $at)
        (i32.add (local.get $n) (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $n) (i32.const 10)))))
      (local.set $sum (i64.shr_u (local.get $sum) (i64.const 4)))
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (br_if $digit (i32.ge_u (local.get $at) (i32.const 32))))
    (i32.store (i32.const 0) (i32.const 32))
    (i32.store (i32.const 4) (i32.const 17))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
