;; The slow operations of a Transformer, four float32 numbers at a time. Every address, and every stride (the way from one
;; row to the next), is in bytes; counts are in numbers.
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

  ;; y = x Wᵀ + b: x [n, inner], W [outer, inner], b [outer] (0: none), y [n, outer]. inner is a multiple of 8, outer of 4.
  ;; Four columns of y at a time, so that four rows of W wait in the nearest cache while all rows of x pass by, two by two.
  (func (export "linear")
    (param $x i32) (param $x_row i32) (param $w i32) (param $w_row i32) (param $b i32)
    (param $y i32) (param $y_row i32) (param $n i32) (param $inner i32) (param $outer i32)
    (local $left i32) (local $end i32) (local $yp i32) (local $p i32) (local $q i32) (local $stop i32)
    (local $w0 i32) (local $w1 i32) (local $w2 i32) (local $w3 i32) (local $bias v128)
    (local $u v128) (local $v v128) (local $t v128)
    (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (local $c0 v128) (local $c1 v128) (local $c2 v128) (local $c3 v128)
    (local.set $end (i32.shl (local.get $inner) (i32.const 2)))
    (loop $columns
      (if (local.get $b) (then
        (local.set $bias (v128.load (local.get $b)))
        (local.set $b (i32.add (local.get $b) (i32.const 16)))))
      (local.set $p (local.get $x))
      (local.set $yp (local.get $y))
      (local.set $left (local.get $n))

      (block $fewer_than_two (loop $two_rows
        (br_if $fewer_than_two (i32.lt_s (local.get $left) (i32.const 2)))
        (local.set $q (i32.add (local.get $p) (local.get $x_row)))
        (local.set $stop (i32.add (local.get $p) (local.get $end)))
        (local.set $w0 (local.get $w))
        (local.set $w1 (i32.add (local.get $w0) (local.get $w_row)))
        (local.set $w2 (i32.add (local.get $w1) (local.get $w_row)))
        (local.set $w3 (i32.add (local.get $w2) (local.get $w_row)))
        (local.set $a0 (local.tee $a1 (local.tee $a2 (local.tee $a3 (v128.const i32x4 0 0 0 0)))))
        (local.set $c0 (local.tee $c1 (local.tee $c2 (local.tee $c3 (v128.const i32x4 0 0 0 0)))))
        (loop $inside
          (local.set $u (v128.load (local.get $p)))
          (local.set $v (v128.load (local.get $q)))
          (local.set $t (v128.load (local.get $w0)))
          (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $u) (local.get $t))))
          (local.set $c0 (f32x4.add (local.get $c0) (f32x4.mul (local.get $v) (local.get $t))))
          (local.set $t (v128.load (local.get $w1)))
          (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $u) (local.get $t))))
          (local.set $c1 (f32x4.add (local.get $c1) (f32x4.mul (local.get $v) (local.get $t))))
          (local.set $t (v128.load (local.get $w2)))
          (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $u) (local.get $t))))
          (local.set $c2 (f32x4.add (local.get $c2) (f32x4.mul (local.get $v) (local.get $t))))
          (local.set $t (v128.load (local.get $w3)))
          (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $u) (local.get $t))))
          (local.set $c3 (f32x4.add (local.get $c3) (f32x4.mul (local.get $v) (local.get $t))))
          (local.set $u (v128.load offset=16 (local.get $p)))
          (local.set $v (v128.load offset=16 (local.get $q)))
          (local.set $t (v128.load offset=16 (local.get $w0)))
          (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $u) (local.get $t))))
          (local.set $c0 (f32x4.add (local.get $c0) (f32x4.mul (local.get $v) (local.get $t))))
          (local.set $t (v128.load offset=16 (local.get $w1)))
          (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $u) (local.get $t))))
          (local.set $c1 (f32x4.add (local.get $c1) (f32x4.mul (local.get $v) (local.get $t))))
          (local.set $t (v128.load offset=16 (local.get $w2)))
          (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $u) (local.get $t))))
          (local.set $c2 (f32x4.add (local.get $c2) (f32x4.mul (local.get $v) (local.get $t))))
          (local.set $t (v128.load offset=16 (local.get $w3)))
          (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $u) (local.get $t))))
          (local.set $c3 (f32x4.add (local.get $c3) (f32x4.mul (local.get $v) (local.get $t))))
          (local.set $q (i32.add (local.get $q) (i32.const 32)))
          (local.set $w0 (i32.add (local.get $w0) (i32.const 32)))
          (local.set $w1 (i32.add (local.get $w1) (i32.const 32)))
          (local.set $w2 (i32.add (local.get $w2) (i32.const 32)))
          (local.set $w3 (i32.add (local.get $w3) (i32.const 32)))
          (br_if $inside (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 32))) (local.get $stop))))
        (v128.store (local.get $yp)
          (f32x4.add (local.get $bias) (call $sums (local.get $a0) (local.get $a1) (local.get $a2) (local.get $a3))))
        (v128.store (i32.add (local.get $yp) (local.get $y_row))
          (f32x4.add (local.get $bias) (call $sums (local.get $c0) (local.get $c1) (local.get $c2) (local.get $c3))))
        (local.set $p (i32.add (i32.sub (local.get $stop) (local.get $end)) (i32.shl (local.get $x_row) (i32.const 1))))
        (local.set $yp (i32.add (local.get $yp) (i32.shl (local.get $y_row) (i32.const 1))))
        (local.set $left (i32.sub (local.get $left) (i32.const 2)))
        (br $two_rows)))

      (local.set $w0 (local.get $w))
      (local.set $w1 (i32.add (local.get $w0) (local.get $w_row)))
      (local.set $w2 (i32.add (local.get $w1) (local.get $w_row)))
      (local.set $w3 (i32.add (local.get $w2) (local.get $w_row)))
      (local.set $w (i32.add (local.get $w3) (local.get $w_row)))
      (if (local.get $left) (then
        (local.set $stop (i32.add (local.get $p) (local.get $end)))
        (local.set $a0 (local.tee $a1 (local.tee $a2 (local.tee $a3 (v128.const i32x4 0 0 0 0)))))
        (loop $inside
          (local.set $u (v128.load (local.get $p)))
          (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $u) (v128.load (local.get $w0)))))
          (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $u) (v128.load (local.get $w1)))))
          (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $u) (v128.load (local.get $w2)))))
          (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $u) (v128.load (local.get $w3)))))
          (local.set $w0 (i32.add (local.get $w0) (i32.const 16)))
          (local.set $w1 (i32.add (local.get $w1) (i32.const 16)))
          (local.set $w2 (i32.add (local.get $w2) (i32.const 16)))
          (local.set $w3 (i32.add (local.get $w3) (i32.const 16)))
          (br_if $inside (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 16))) (local.get $stop))))
        (v128.store (local.get $yp)
          (f32x4.add (local.get $bias) (call $sums (local.get $a0) (local.get $a1) (local.get $a2) (local.get $a3))))))

      (local.set $y (i32.add (local.get $y) (i32.const 16)))
      (br_if $columns (i32.gt_s (local.tee $outer (i32.sub (local.get $outer) (i32.const 4))) (i32.const 0)))))

  ;; exp of each number, for numbers up to 88: 2^k exp(r), k the nearest integer to v / ln 2, exp(r) by its Taylor series.
  (func $exp (param $v v128) (result v128)
    (local $k v128) (local $r v128)
    (local.set $v (f32x4.max (local.get $v) (f32x4.splat (f32.const -87))))
    (local.set $k (f32x4.nearest (f32x4.mul (local.get $v)
      (f32x4.splat (f32.const 1.44269504)))))
    ;; ln 2 in two parts, the first of few digits, so that nothing is lost
    (local.set $r (f32x4.add (local.get $v) (f32x4.mul (local.get $k) (f32x4.splat (f32.const -0.693359375)))))
    (local.set $r (f32x4.add (local.get $r) (f32x4.mul (local.get $k) (f32x4.splat (f32.const 2.12194440e-4)))))
    (local.set $v (f32x4.splat (f32.const 0.00138888889)))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 0.00833333333)) (f32x4.mul (local.get $v) (local.get $r))))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 0.0416666667)) (f32x4.mul (local.get $v) (local.get $r))))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 0.166666667)) (f32x4.mul (local.get $v) (local.get $r))))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 0.5)) (f32x4.mul (local.get $v) (local.get $r))))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 1)) (f32x4.mul (local.get $v) (local.get $r))))
    (local.set $v (f32x4.add (f32x4.splat (f32.const 1)) (f32x4.mul (local.get $v) (local.get $r))))
    (f32x4.mul (local.get $v) (i32x4.shl
      (i32x4.add (i32x4.trunc_sat_f32x4_s (local.get $k)) (v128.const i32x4 127 127 127 127)) (i32.const 23))))

  ;; x = softmax(scale · x) over n numbers, a multiple of 4.
  (func (export "softmax") (param $x i32) (param $n i32) (param $scale f32)
    (local $i i32) (local $end i32) (local $top v128) (local $sum v128) (local $v v128)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $n) (i32.const 2))))
    (local.set $top (v128.load (local.get $x)))
    (local.set $i (local.get $x))
    (loop $most
      (local.set $top (f32x4.max (local.get $top) (v128.load (local.get $i))))
      (br_if $most (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $end))))
    (local.set $top (f32x4.max (local.get $top)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $top) (local.get $top))))
    (local.set $top (f32x4.max (local.get $top)
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
      (br_if $share (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $end)))))

  ;; x = gelu(x) over n numbers, a multiple of 4, with tanh: v / (1 + exp(-1.59577 (v + 0.044715 v³))).
  (func (export "geluTanh") (param $x i32) (param $n i32)
    (local $end i32) (local $v v128)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $n) (i32.const 2))))
    (loop $each
      (local.set $v (v128.load (local.get $x)))
      (v128.store (local.get $x) (f32x4.div (local.get $v) (f32x4.add (f32x4.splat (f32.const 1))
        (call $exp (f32x4.min (f32x4.splat (f32.const 88)) (f32x4.mul (local.get $v)
          (f32x4.add (f32x4.splat (f32.const -1.59576912))
            (f32x4.mul (f32x4.mul (local.get $v) (local.get $v)) (f32x4.splat (f32.const -0.0713548163))))))))))
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
      (br_if $each (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 16))) (local.get $end))))))
