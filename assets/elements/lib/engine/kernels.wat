;; The slow operations of a Transformer, four float32 numbers at a time. Every address, and every stride (the way from one
;; row to the next), is in bytes; counts are in numbers.
;; A browser needs 128-bit SIMD and bulk memory (Chrome 91, Firefox 89, Safari 16.4). The multiply-add of relaxed SIMD, which fewer
;; have, brought nothing on the processor where this was measured (AMD Zen 5, whose units for sums and products work side by side).
;; Whoever changes this file runs `python assets/elements/lib/engine/build.py`; a test compares the bytes.
(module
  (import "env" "memory" (memory 1))

  ;; [sum of a, sum of b, sum of c, sum of d]
  (func $sums (param $a v128) (param $b v128) (param $c v128) (param $d v128) (result v128)
    (local.set $a (f32x4.add
      (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b))
      (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
    (local.set $c (f32x4.add
      (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d))
      (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d))))
    (f32x4.add
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $c))
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $c))))

  ;; y = x · panel + b: x [n, inner], n at least 4; panel [inner, 8]; b [8] (0: none); y [n, 8].
  ;; A tile is four rows of y. Its 32 sums stay in registers, four in each of l0 … l3 (left half) and r0 … r3 (right half), while x and
  ;; the panel pass by: six numbers or groups of numbers are fetched for eight multiplications.
  (func $tiles
    (param $x i32) (param $x_row i32) (param $panel i32) (param $panel_row i32) (param $b i32)
    (param $y i32) (param $y_row i32) (param $n i32) (param $inner i32)
    (local $step i32) (local $end i32) (local $p i32) (local $x0 i32) (local $x1 i32) (local $x2 i32) (local $x3 i32)
    (local $left v128) (local $right v128) (local $v v128) (local $b0 v128) (local $b1 v128)
    (local $l0 v128) (local $l1 v128) (local $l2 v128) (local $l3 v128)
    (local $r0 v128) (local $r1 v128) (local $r2 v128) (local $r3 v128)
    (if (local.get $b) (then
      (local.set $b0 (v128.load (local.get $b)))
      (local.set $b1 (v128.load offset=16 (local.get $b)))))
    (local.set $n (i32.sub (local.get $n) (i32.const 4)))
    (loop $four_rows
      (local.set $x0 (local.get $x))
      (local.set $x1 (i32.add (local.get $x0) (local.get $x_row)))
      (local.set $x2 (i32.add (local.get $x1) (local.get $x_row)))
      (local.set $x3 (i32.add (local.get $x2) (local.get $x_row)))
      (local.set $end (i32.add (local.get $x) (i32.shl (local.get $inner) (i32.const 2))))
      (local.set $p (local.get $panel))
      (local.set $l0 (local.tee $l1 (local.tee $l2 (local.tee $l3 (local.get $b0)))))
      (local.set $r0 (local.tee $r1 (local.tee $r2 (local.tee $r3 (local.get $b1)))))
      (loop $inside
        (local.set $left (v128.load (local.get $p)))
        (local.set $right (v128.load offset=16 (local.get $p)))
        (local.set $v (v128.load32_splat (local.get $x0)))
        (local.set $l0 (f32x4.add (local.get $l0) (f32x4.mul (local.get $v) (local.get $left))))
        (local.set $r0 (f32x4.add (local.get $r0) (f32x4.mul (local.get $v) (local.get $right))))
        (local.set $v (v128.load32_splat (local.get $x1)))
        (local.set $l1 (f32x4.add (local.get $l1) (f32x4.mul (local.get $v) (local.get $left))))
        (local.set $r1 (f32x4.add (local.get $r1) (f32x4.mul (local.get $v) (local.get $right))))
        (local.set $v (v128.load32_splat (local.get $x2)))
        (local.set $l2 (f32x4.add (local.get $l2) (f32x4.mul (local.get $v) (local.get $left))))
        (local.set $r2 (f32x4.add (local.get $r2) (f32x4.mul (local.get $v) (local.get $right))))
        (local.set $v (v128.load32_splat (local.get $x3)))
        (local.set $l3 (f32x4.add (local.get $l3) (f32x4.mul (local.get $v) (local.get $left))))
        (local.set $r3 (f32x4.add (local.get $r3) (f32x4.mul (local.get $v) (local.get $right))))
        (local.set $p (i32.add (local.get $p) (local.get $panel_row)))
        (local.set $x1 (i32.add (local.get $x1) (i32.const 4)))
        (local.set $x2 (i32.add (local.get $x2) (i32.const 4)))
        (local.set $x3 (i32.add (local.get $x3) (i32.const 4)))
        (br_if $inside (i32.lt_u (local.tee $x0 (i32.add (local.get $x0) (i32.const 4))) (local.get $end))))
      (v128.store (local.tee $p (local.get $y)) (local.get $l0))
      (v128.store offset=16 (local.get $p) (local.get $r0))
      (v128.store (local.tee $p (i32.add (local.get $p) (local.get $y_row))) (local.get $l1))
      (v128.store offset=16 (local.get $p) (local.get $r1))
      (v128.store (local.tee $p (i32.add (local.get $p) (local.get $y_row))) (local.get $l2))
      (v128.store offset=16 (local.get $p) (local.get $r2))
      (v128.store (local.tee $p (i32.add (local.get $p) (local.get $y_row))) (local.get $l3))
      (v128.store offset=16 (local.get $p) (local.get $r3))
      ;; four rows on; at the end fewer, so that the last four are computed, some of them once more
      (local.set $step (select (i32.const 4) (local.get $n) (i32.gt_s (local.get $n) (i32.const 4))))
      (local.set $x (i32.add (local.get $x) (i32.mul (local.get $step) (local.get $x_row))))
      (local.set $y (i32.add (local.get $y) (i32.mul (local.get $step) (local.get $y_row))))
      (local.set $n (i32.sub (local.get $n) (local.get $step)))
      (br_if $four_rows (local.get $step))))

  ;; Four rows of W, [4, inner], transposed into the left or the right half of a panel [inner, 8].
  (func $turn (param $w i32) (param $w_row i32) (param $to i32) (param $inner i32)
    (local $w1 i32) (local $w2 i32) (local $w3 i32) (local $end i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $end (i32.add (local.get $w) (i32.shl (local.get $inner) (i32.const 2))))
    (local.set $w1 (i32.add (local.get $w) (local.get $w_row)))
    (local.set $w2 (i32.add (local.get $w1) (local.get $w_row)))
    (local.set $w3 (i32.add (local.get $w2) (local.get $w_row)))
    (loop $four_by_four
      (local.set $a (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (v128.load (local.get $w)) (v128.load (local.get $w1))))
      (local.set $b (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (v128.load (local.get $w2)) (v128.load (local.get $w3))))
      (local.set $c (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (v128.load (local.get $w)) (v128.load (local.get $w1))))
      (local.set $d (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (v128.load (local.get $w2)) (v128.load (local.get $w3))))
      (v128.store (local.get $to) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $b)))
      (v128.store offset=32 (local.get $to) (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $b)))
      (v128.store offset=64 (local.get $to) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $c) (local.get $d)))
      (v128.store offset=96 (local.get $to) (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $c) (local.get $d)))
      (local.set $to (i32.add (local.get $to) (i32.const 128)))
      (local.set $w1 (i32.add (local.get $w1) (i32.const 16)))
      (local.set $w2 (i32.add (local.get $w2) (i32.const 16)))
      (local.set $w3 (i32.add (local.get $w3) (i32.const 16)))
      (br_if $four_by_four (i32.lt_u (local.tee $w (i32.add (local.get $w) (i32.const 16))) (local.get $end)))))

  ;; y = x Wᵀ + b: x [n, inner], W [outer, inner], b [outer] (0: none), y [n, outer]. inner and outer are multiples of 8.
  ;; Four rows of x or more: eight rows of W at a time are turned into a panel, which waits in the nearest cache while all of x
  ;; passes by. Fewer, as for one new token: four rows of W at a time pass by themselves, and each sum is kept in four parts.
  (func (export "linear")
    (param $x i32) (param $x_row i32) (param $w i32) (param $w_row i32) (param $b i32)
    (param $y i32) (param $y_row i32) (param $n i32) (param $inner i32) (param $outer i32)
    (local $left i32) (local $end i32) (local $to i32) (local $p i32)
    (local $w0 i32) (local $w1 i32) (local $w2 i32) (local $w3 i32) (local $next i32)
    (local $v v128) (local $bias v128) (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (if (i32.and (i32.ge_s (local.get $n) (i32.const 4)) (i32.le_s (local.get $inner) (i32.const 4096))) (then
      (loop $eight_columns
        (call $turn (local.get $w) (local.get $w_row) (i32.const 16) (local.get $inner)) ;; address 16: room for the panel
        (local.set $w (i32.add (local.get $w) (i32.shl (local.get $w_row) (i32.const 2))))
        (call $turn (local.get $w) (local.get $w_row) (i32.const 32) (local.get $inner))
        (local.set $w (i32.add (local.get $w) (i32.shl (local.get $w_row) (i32.const 2))))
        (call $tiles (local.get $x) (local.get $x_row) (i32.const 16) (i32.const 32) (local.get $b)
          (local.get $y) (local.get $y_row) (local.get $n) (local.get $inner))
        (if (local.get $b) (then (local.set $b (i32.add (local.get $b) (i32.const 32)))))
        (local.set $y (i32.add (local.get $y) (i32.const 32)))
        (br_if $eight_columns (i32.gt_s (local.tee $outer (i32.sub (local.get $outer) (i32.const 8))) (i32.const 0))))
      (return)))
    (loop $four_columns
      (if (local.get $b) (then
        (local.set $bias (v128.load (local.get $b)))
        (local.set $b (i32.add (local.get $b) (i32.const 16)))))
      (local.set $p (local.get $x))
      (local.set $to (local.get $y))
      (local.set $left (local.get $n))
      (loop $row
        (local.set $next (i32.add (local.get $p) (local.get $x_row)))
        (local.set $end (i32.add (local.get $p) (i32.shl (local.get $inner) (i32.const 2))))
        (local.set $w0 (local.get $w))
        (local.set $w1 (i32.add (local.get $w0) (local.get $w_row)))
        (local.set $w2 (i32.add (local.get $w1) (local.get $w_row)))
        (local.set $w3 (i32.add (local.get $w2) (local.get $w_row)))
        (local.set $a0 (local.tee $a1 (local.tee $a2 (local.tee $a3 (v128.const i32x4 0 0 0 0)))))
        (loop $inside
          (local.set $v (v128.load (local.get $p)))
          (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $v) (v128.load (local.get $w0)))))
          (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $v) (v128.load (local.get $w1)))))
          (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $v) (v128.load (local.get $w2)))))
          (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $v) (v128.load (local.get $w3)))))
          (local.set $v (v128.load offset=16 (local.get $p)))
          (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $v) (v128.load offset=16 (local.get $w0)))))
          (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $v) (v128.load offset=16 (local.get $w1)))))
          (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $v) (v128.load offset=16 (local.get $w2)))))
          (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $v) (v128.load offset=16 (local.get $w3)))))
          (local.set $w0 (i32.add (local.get $w0) (i32.const 32)))
          (local.set $w1 (i32.add (local.get $w1) (i32.const 32)))
          (local.set $w2 (i32.add (local.get $w2) (i32.const 32)))
          (local.set $w3 (i32.add (local.get $w3) (i32.const 32)))
          (br_if $inside (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 32))) (local.get $end))))
        (v128.store (local.get $to)
          (f32x4.add (local.get $bias) (call $sums (local.get $a0) (local.get $a1) (local.get $a2) (local.get $a3))))
        (local.set $to (i32.add (local.get $to) (local.get $y_row)))
        (local.set $p (local.get $next))
        (br_if $row (i32.gt_s (local.tee $left (i32.sub (local.get $left) (i32.const 1))) (i32.const 0))))
      (local.set $w (i32.add (local.get $w) (i32.shl (local.get $w_row) (i32.const 2))))
      (local.set $y (i32.add (local.get $y) (i32.const 16)))
      (br_if $four_columns (i32.gt_s (local.tee $outer (i32.sub (local.get $outer) (i32.const 4))) (i32.const 0)))))

  ;; y = x V: x [n, inner], V [inner, outer], y [n, outer]; inner and outer are multiples of 8. Eight columns of V are a panel as they
  ;; lie. Fewer than four rows of x are no tile: then one row of y is computed at a time, each sum in four parts that do not wait for
  ;; each other.
  (func (export "mix")
    (param $x i32) (param $x_row i32) (param $v i32) (param $v_row i32)
    (param $y i32) (param $y_row i32) (param $n i32) (param $inner i32) (param $outer i32)
    (local $left i32) (local $end i32) (local $p i32) (local $q i32) (local $to i32) (local $next i32) (local $w v128)
    (local $l0 v128) (local $l1 v128) (local $l2 v128) (local $l3 v128)
    (local $r0 v128) (local $r1 v128) (local $r2 v128) (local $r3 v128)
    (loop $eight_columns
      (if (i32.ge_s (local.get $n) (i32.const 4))
        (then (call $tiles (local.get $x) (local.get $x_row) (local.get $v) (local.get $v_row) (i32.const 0)
          (local.get $y) (local.get $y_row) (local.get $n) (local.get $inner)))
        (else
          (local.set $p (local.get $x))
          (local.set $to (local.get $y))
          (local.set $left (local.get $n))
          (loop $row
            (local.set $next (i32.add (local.get $p) (local.get $x_row)))
            (local.set $end (i32.add (local.get $p) (i32.shl (local.get $inner) (i32.const 2))))
            (local.set $q (local.get $v))
            (local.set $l0 (local.tee $l1 (local.tee $l2 (local.tee $l3 (v128.const i32x4 0 0 0 0)))))
            (local.set $r0 (local.tee $r1 (local.tee $r2 (local.tee $r3 (v128.const i32x4 0 0 0 0)))))
            (loop $inside
              (local.set $w (v128.load32_splat (local.get $p)))
              (local.set $l0 (f32x4.add (local.get $l0) (f32x4.mul (local.get $w) (v128.load (local.get $q)))))
              (local.set $r0 (f32x4.add (local.get $r0) (f32x4.mul (local.get $w) (v128.load offset=16 (local.get $q)))))
              (local.set $q (i32.add (local.get $q) (local.get $v_row)))
              (local.set $w (v128.load32_splat offset=4 (local.get $p)))
              (local.set $l1 (f32x4.add (local.get $l1) (f32x4.mul (local.get $w) (v128.load (local.get $q)))))
              (local.set $r1 (f32x4.add (local.get $r1) (f32x4.mul (local.get $w) (v128.load offset=16 (local.get $q)))))
              (local.set $q (i32.add (local.get $q) (local.get $v_row)))
              (local.set $w (v128.load32_splat offset=8 (local.get $p)))
              (local.set $l2 (f32x4.add (local.get $l2) (f32x4.mul (local.get $w) (v128.load (local.get $q)))))
              (local.set $r2 (f32x4.add (local.get $r2) (f32x4.mul (local.get $w) (v128.load offset=16 (local.get $q)))))
              (local.set $q (i32.add (local.get $q) (local.get $v_row)))
              (local.set $w (v128.load32_splat offset=12 (local.get $p)))
              (local.set $l3 (f32x4.add (local.get $l3) (f32x4.mul (local.get $w) (v128.load (local.get $q)))))
              (local.set $r3 (f32x4.add (local.get $r3) (f32x4.mul (local.get $w) (v128.load offset=16 (local.get $q)))))
              (local.set $q (i32.add (local.get $q) (local.get $v_row)))
              (br_if $inside (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 16))) (local.get $end))))
            (v128.store (local.get $to)
              (f32x4.add (f32x4.add (local.get $l0) (local.get $l1)) (f32x4.add (local.get $l2) (local.get $l3))))
            (v128.store offset=16 (local.get $to)
              (f32x4.add (f32x4.add (local.get $r0) (local.get $r1)) (f32x4.add (local.get $r2) (local.get $r3))))
            (local.set $to (i32.add (local.get $to) (local.get $y_row)))
            (local.set $p (local.get $next))
            (br_if $row (i32.gt_s (local.tee $left (i32.sub (local.get $left) (i32.const 1))) (i32.const 0))))))
      (local.set $v (i32.add (local.get $v) (i32.const 32)))
      (local.set $y (i32.add (local.get $y) (i32.const 32)))
      (br_if $eight_columns (i32.gt_s (local.tee $outer (i32.sub (local.get $outer) (i32.const 8))) (i32.const 0)))))

  ;; exp of each number, for numbers up to 88, and of -60 for all below: 2^k exp(r), k the nearest integer to v / ln 2, exp(r) by
  ;; its Taylor series. To add 1.5 · 2^23 rounds to an integer, which then stands in the lowest bits.
  (func $exp (param $v v128) (result v128)
    (local $k v128) (local $r v128)
    (local.set $v (f32x4.pmax (local.get $v) (f32x4.splat (f32.const -60))))
    (local.set $k (f32x4.add (f32x4.mul (local.get $v) (f32x4.splat (f32.const 1.44269504))) (f32x4.splat (f32.const 12582912))))
    ;; ln 2 in two parts, the first of few digits, so that nothing is lost
    (local.set $r (f32x4.sub (local.get $k) (f32x4.splat (f32.const 12582912))))
    (local.set $r (f32x4.add
      (f32x4.add (local.get $v) (f32x4.mul (local.get $r) (f32x4.splat (f32.const -0.693359375))))
      (f32x4.mul (local.get $r) (f32x4.splat (f32.const 2.12194440e-4)))))
    (local.set $v (f32x4.splat (f32.const 0.00138888889)))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 0.00833333333)) (f32x4.mul (local.get $v) (local.get $r))))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 0.0416666667)) (f32x4.mul (local.get $v) (local.get $r))))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 0.166666667)) (f32x4.mul (local.get $v) (local.get $r))))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 0.5)) (f32x4.mul (local.get $v) (local.get $r))))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 1)) (f32x4.mul (local.get $v) (local.get $r))))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 1)) (f32x4.mul (local.get $v) (local.get $r))))
    (i32x4.add (local.get $v) (i32x4.shl (local.get $k) (i32.const 23)))) ;; k more in the exponent

  ;; x = softmax(scale · x) over n numbers; behind them, up to `all` (a multiple of 4), zeros.
  (func (export "softmax") (param $x i32) (param $n i32) (param $all i32) (param $scale f32)
    (local $i i32) (local $end i32) (local $top v128) (local $sum v128) (local $v v128)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $n) (i32.const 2))))
    (local.set $i (local.get $end))
    (block $whole (loop $beyond ;; the last four numbers may reach beyond the end: nothing to add there
      (br_if $whole (i32.eqz (i32.and (local.get $i) (i32.const 12))))
      (f32.store (local.get $i) (f32.const -1e30))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br $beyond)))
    (local.set $top (v128.load (local.get $x)))
    (local.set $i (local.get $x))
    (loop $most
      (local.set $top (f32x4.pmax (local.get $top) (v128.load (local.get $i))))
      (br_if $most (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $end))))
    (local.set $top (f32x4.pmax (local.get $top)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $top) (local.get $top))))
    (local.set $top (f32x4.pmax (local.get $top)
      (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $top) (local.get $top))))
    (local.set $i (local.get $x))
    (loop $power
      (local.set $v (call $exp (f32x4.mul (f32x4.splat (local.get $scale))
        (f32x4.sub (v128.load (local.get $i)) (local.get $top)))))
      (local.set $sum (f32x4.add (local.get $sum) (local.get $v)))
      (v128.store (local.get $i) (local.get $v))
      (br_if $power (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $end))))
    (local.set $sum (call $sums (local.get $sum) (local.get $sum) (local.get $sum) (local.get $sum)))
    (local.set $i (local.get $x))
    (loop $share
      (v128.store (local.get $i) (f32x4.div (v128.load (local.get $i)) (local.get $sum)))
      (br_if $share (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $end))))
    (memory.fill (local.get $end) (i32.const 0) (i32.shl (i32.sub (local.get $all) (local.get $n)) (i32.const 2))))

  ;; x = gelu(x) over n numbers, a multiple of 4, with tanh: v / (1 + exp(-1.59577 (v + 0.044715 v³))).
  (func (export "geluTanh") (param $x i32) (param $n i32)
    (local $end i32) (local $v v128)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $n) (i32.const 2))))
    (loop $each
      (local.set $v (v128.load (local.get $x)))
      (v128.store (local.get $x) (f32x4.div (local.get $v) (f32x4.add (f32x4.splat (f32.const 1))
        (call $exp (f32x4.pmin (f32x4.mul (local.get $v)
          (f32x4.add (f32x4.splat (f32.const -1.59576912))
            (f32x4.mul (f32x4.mul (local.get $v) (local.get $v)) (f32x4.splat (f32.const -0.0713548163)))))
          (f32x4.splat (f32.const 60)))))))
      (br_if $each (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 16))) (local.get $end)))))

  ;; x = gelu(x) over n numbers, a multiple of 4, exact: half v (1 + erf(v / √2)), erf by Abramowitz and Stegun 1964, 7.1.26.
  (func (export "geluErf") (param $x i32) (param $n i32)
    (local $end i32) (local $v v128) (local $u v128) (local $t v128) (local $tail v128)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $n) (i32.const 2))))
    (loop $each
      (local.set $v (v128.load (local.get $x)))
      (local.set $u (f32x4.abs (f32x4.mul (local.get $v) (f32x4.splat (f32.const 0.70710678)))))
      (local.set $t (f32x4.div (f32x4.splat (f32.const 1)) (f32x4.add (f32x4.splat (f32.const 1))
        (f32x4.mul (local.get $u) (f32x4.splat (f32.const 0.3275911))))))
      (local.set $tail (f32x4.splat (f32.const 1.061405429)))
      (local.set $tail (f32x4.add (f32x4.splat (f32.const -1.453152027)) (f32x4.mul (local.get $tail) (local.get $t))))
      (local.set $tail (f32x4.add (f32x4.splat (f32.const 1.421413741)) (f32x4.mul (local.get $tail) (local.get $t))))
      (local.set $tail (f32x4.add (f32x4.splat (f32.const -0.284496736)) (f32x4.mul (local.get $tail) (local.get $t))))
      (local.set $tail (f32x4.add (f32x4.splat (f32.const 0.254829592)) (f32x4.mul (local.get $tail) (local.get $t))))
      ;; half of 1 - erf |v / √2|
      (local.set $tail (f32x4.mul (f32x4.mul (local.get $tail) (local.get $t)) (f32x4.mul (f32x4.splat (f32.const 0.5))
        (call $exp (f32x4.neg (f32x4.mul (local.get $u) (local.get $u)))))))
      (v128.store (local.get $x) (f32x4.mul (local.get $v) (v128.bitselect
        (local.get $tail) (f32x4.sub (f32x4.splat (f32.const 1)) (local.get $tail))
        (f32x4.lt (local.get $v) (f32x4.splat (f32.const 0))))))
      (br_if $each (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 16))) (local.get $end)))))

  ;; x = x + z over n numbers, a multiple of 4.
  (func (export "add") (param $x i32) (param $z i32) (param $n i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $n) (i32.const 2))))
    (loop $each
      (v128.store (local.get $x) (f32x4.add (v128.load (local.get $x)) (v128.load (local.get $z))))
      (local.set $z (i32.add (local.get $z) (i32.const 16)))
      (br_if $each (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 16))) (local.get $end)))))

  ;; y = LayerNorm(x): x and y [n, size], weight and bias [size]; size is a multiple of 4. y may be x.
  (func (export "norm")
    (param $x i32) (param $y i32) (param $n i32) (param $weight i32) (param $bias i32) (param $size i32) (param $epsilon f32)
    (local $p i32) (local $end i32) (local $i i32) (local $sum v128) (local $mean v128) (local $v v128) (local $count v128)
    (local.set $size (i32.shl (local.get $size) (i32.const 2)))
    (local.set $count (f32x4.splat (f32.convert_i32_s (i32.shr_s (local.get $size) (i32.const 2)))))
    (loop $row
      (local.set $end (i32.add (local.get $x) (local.get $size)))
      (local.set $sum (v128.const i32x4 0 0 0 0))
      (local.set $p (local.get $x))
      (loop $each
        (local.set $sum (f32x4.add (local.get $sum) (v128.load (local.get $p))))
        (br_if $each (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 16))) (local.get $end))))
      (local.set $mean (f32x4.div (call $sums (local.get $sum) (local.get $sum) (local.get $sum) (local.get $sum)) (local.get $count)))
      (local.set $sum (v128.const i32x4 0 0 0 0))
      (local.set $p (local.get $x))
      (loop $each
        (local.set $v (f32x4.sub (v128.load (local.get $p)) (local.get $mean)))
        (local.set $sum (f32x4.add (local.get $sum) (f32x4.mul (local.get $v) (local.get $v))))
        (br_if $each (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 16))) (local.get $end))))
      ;; the standard deviation
      (local.set $sum (f32x4.sqrt (f32x4.add (f32x4.splat (local.get $epsilon))
        (f32x4.div (call $sums (local.get $sum) (local.get $sum) (local.get $sum) (local.get $sum)) (local.get $count)))))
      (local.set $i (i32.const 0))
      (loop $each
        (v128.store (i32.add (local.get $y) (local.get $i)) (f32x4.add (v128.load (i32.add (local.get $bias) (local.get $i)))
          (f32x4.mul (v128.load (i32.add (local.get $weight) (local.get $i)))
            (f32x4.div (f32x4.sub (v128.load (i32.add (local.get $x) (local.get $i))) (local.get $mean)) (local.get $sum)))))
        (br_if $each (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $size))))
      (local.set $x (local.get $end))
      (local.set $y (i32.add (local.get $y) (local.get $size)))
      (br_if $row (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))))
