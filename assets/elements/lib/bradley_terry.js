// A reward model from choices (Bradley and Terry 1952), as components/lm/alignment/preferences.py has it: a test compares the two.

/** The solution x of A·x = b for a symmetric positive A (rows of numbers), by Cholesky's factors. */
function solve(A, b) {
  const n = b.length, L = A.map((row) => Float64Array.from(row)), x = Float64Array.from(b);
  for (let j = 0; j < n; j += 1) {
    for (let k = 0; k < j; k += 1) for (let i = j; i < n; i += 1) L[i][j] -= L[i][k] * L[j][k];
    const root = Math.sqrt(L[j][j]);
    for (let i = j; i < n; i += 1) L[i][j] /= root;
  }
  for (let i = 0; i < n; i += 1) { for (let k = 0; k < i; k += 1) x[i] -= L[i][k] * x[k]; x[i] /= L[i][i]; }
  for (let i = n - 1; i >= 0; i -= 1) { for (let k = i + 1; k < n; k += 1) x[i] -= L[k][i] * x[k]; x[i] /= L[i][i]; }
  return x;
}

export const dot = (a, b) => { let sum = 0; for (let i = 0; i < a.length; i += 1) sum += a[i] * b[i]; return sum; };

/** The weights that make the choices likeliest: differences are better minus worse; the penalty is shrinkage·|w|². Newton's method. */
export function fit(differences, size, shrinkage, steps) {
  const n = differences.length;
  let w = new Float64Array(size);
  for (let step = 0; step < (n ? steps : 0); step += 1) {
    const slope = Float64Array.from(w, (x) => 2 * shrinkage * x), curve = Array.from({ length: size }, (_, i) => { const row = new Float64Array(size); row[i] = 2 * shrinkage; return row; });
    for (const d of differences) {
      const p = 1 / (1 + Math.exp(-Math.min(30, Math.max(-30, dot(d, w))))), weight = (p * (1 - p)) / n;
      for (let i = 0; i < size; i += 1) {
        slope[i] -= (d[i] * (1 - p)) / n;
        for (let j = 0; j <= i; j += 1) curve[i][j] += weight * d[i] * d[j];
      }
    }
    const change = solve(curve, slope); // only the lower triangle is looked at
    w = w.map((x, i) => x - change[i]);
    if (change.every((x) => Math.abs(x) < 1e-12)) break; // further steps change nothing that could be seen
  }
  return w;
}

/** The 95% interval of a share (Wilson 1927). */
export function wilson(right, total) {
  const z = 1.959964, share = right / total, spread = z * Math.sqrt((share * (1 - share)) / total + (z * z) / (4 * total * total));
  const middle = share + (z * z) / (2 * total), scale = 1 + (z * z) / total;
  return [Math.max(0, (middle - spread) / scale), Math.min(1, (middle + spread) / scale)];
}

const right = (w, differences) => differences.filter((d) => dot(w, d) > 0).length;

/** [share, low, high, right, total] of choices of which k are right. */
export const shareOf = (k, n) => [k / n, ...wilson(k, n), k, n];

/** The same for choices left out, each judged by weights fitted to the other folds; null for fewer than folds. */
export function crossValidated(differences, size, shrinkage, steps, folds) {
  const n = differences.length;
  if (n < folds) return null;
  let k = 0;
  for (let fold = 0; fold < folds; fold += 1) {
    const inside = differences.filter((_, i) => i % folds === fold);
    k += right(fit(differences.filter((_, i) => i % folds !== fold), size, shrinkage, steps), inside);
  }
  return shareOf(k, n);
}

/** Numbers of one byte, in base64, as rows of `size`. */
export function rows(text, size, scale) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), all = new Int8Array(bytes.buffer);
  return Array.from({ length: all.length / size }, (_, i) => Float64Array.from(all.subarray(i * size, (i + 1) * size), (x) => x * scale));
}
