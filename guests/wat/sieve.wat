;; The sieve of Eratosthenes below n, a byte for each number; the sum is the count of primes times n, plus the last prime.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  ;; The first 1024 bytes are for the arguments and the line that is printed.
  (memory (export "memory") 1)

  (func $run (export "run") (param $n i32) (result i64)
    (local $i i32) (local $j i32) (local $count i64) (local $last i32) (local $need i32)
    ;; Flags begin at 1024.
    (local.set $need (i32.add (i32.shr_u (i32.add (local.get $n) (i32.const 1024)) (i32.const 16)) (i32.const 1)))
    (if (i32.gt_u (local.get $need) (memory.size))
      (then
        (if (i32.eq (memory.grow (i32.sub (local.get $need) (memory.size))) (i32.const -1)) (then unreachable))))
    (memory.fill (i32.const 1024) (i32.const 0) (local.get $n))
    (local.set $i (i32.const 2))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (if (i32.eqz (i32.load8_u offset=1024 (local.get $i)))
          (then
            (local.set $count (i64.add (local.get $count) (i64.const 1)))
            (local.set $last (local.get $i))
            (if (i64.lt_u (i64.mul (i64.extend_i32_u (local.get $i)) (i64.extend_i32_u (local.get $i)))
                          (i64.extend_i32_u (local.get $n)))
              (then
                (local.set $j (i32.mul (local.get $i) (local.get $i)))
                (loop $strike
                  (i32.store8 offset=1024 (local.get $j) (i32.const 1))
                  (local.set $j (i32.add (local.get $j) (local.get $i)))
                  (br_if $strike (i32.lt_u (local.get $j) (local.get $n))))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i64.add (i64.mul (local.get $count) (i64.extend_i32_u (local.get $n))) (i64.extend_i32_u (local.get $last))))
  (func (export "size") (result i32) (i32.const 1000000))

  ;; As a command of WASI: runs with the number given as an argument, or 1000000, and prints the checksum.
  (func (export "_start")
    (local $n i32) (local $at i32) (local $sum i64)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (local.set $n (i32.const 1000000))
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
