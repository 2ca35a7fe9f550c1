// The pieces of which every Transformer here is put together (Vaswani et al. 2017, arXiv:1706.03762). Numbers live in one memory
// `m` (memory.js); x, y, z are addresses of [n, size], one row a token. `off` and `keep` are explained in gpt2.js.

/** Whether `list` (true: everywhere, or layer numbers) names `layer`. */
export const names = (list, layer) => list === true || Boolean(list?.includes(layer));
/** The second numbers of the [layer, number] pairs that name `layer`. */
export const within = (pairs, layer) => (pairs ?? []).filter(([l]) => l === layer).map(([, number]) => number);

/** What a forward pass gives back beside its logits: one array per thing asked for, to be filled layer by layer. */
export function keeping(keep) {
  const list = (wanted) => (wanted ? [] : null);
  return { attention: list(keep.attention), values: list(keep.values), residual: list(keep.residual), heads: list(keep.heads), parts: { attention: list(keep.parts), feedForward: list(keep.parts) } };
}

/** Room for the work on up to `rows` tokens that look at up to `slots`. */
export function desk(m, { rows, size, hidden, slots, vocab }) {
  const room = (n) => m.room(rows * n);
  return { x: room(size), y: room(size), z: room(size), query: room(size), context: room(size), hidden: room(hidden), scores: m.room(CHUNK * (slots + 8)), logits: m.room(LOGITS * (vocab + 8)) };
}
const CHUNK = 32, LOGITS = 8; // rows of scores, and of logits, computed at a time
const FORBIDDEN = -1e30;

/** The rows `rows`, in that order, of an array [n, width]: a new one. */
export function rowsOf(array, rows, width) {
  const chosen = new array.constructor(rows.length * width);
  rows.forEach((row, r) => chosen.set(array.subarray(row * width, (row + 1) * width), r * width));
  return chosen;
}

/** Tables in the memory that hold only their rows `rows` from now on, in that order. */
export function onlyRows(m, tables, rows, width) {
  for (const table of tables) m.f.set(rowsOf(m.f.subarray(table), rows, width), table);
}

/** y = sum of one row of each table; `rows` is [n] row numbers per table. */
export function embed(m, tables, y, size) {
  const f = m.f;
  tables.forEach(({ table, rows, scale = 1 }, number) => rows.forEach((row, r) => {
    for (let i = 0, to = y + r * size, from = table + row * size; i < size; i++) f[to + i] = (number ? f[to + i] : 0) + scale * f[from + i];
  }));
}

/** y = LayerNorm(x); with `leftOut` y = x. */
export function norm(m, weights, x, y, n, leftOut = false) {
  if (leftOut) m.f.copyWithin(y, x, x + n * weights.size);
  else m.norm(weights, x, y, n);
}

/** The residual connection, x = x + z (section 3.1): the part's contribution z is kept where asked, or left out, or x itself is. */
export function join(m, z, x, count, { kept = null, partOff = false, residualOff = false } = {}) {
  const f = m.f;
  if (partOff) f.fill(0, z, z + count);
  kept?.push(m.read(z, count));
  if (residualOff) f.copyWithin(x, z, z + count);
  else m.add(x, z, count);
}

/** z = the position-wise feed-forward network of y (section 3.3): up, activation, down. Neurons that are off stay at 0. */
export function feedForward(m, { hidden }, { up, down, activation }, y, z, n, neuronsOff = []) {
  m.linear(y, up.w, up.b, hidden, n, up.inner, up.outer);
  m[activation](hidden, n * up.outer);
  for (const neuron of neuronsOff) for (let r = 0; r < n; r++) m.f[hidden + r * up.outer + neuron] = 0;
  m.linear(hidden, down.w, down.b, z, n, down.inner, down.outer);
}

/** The mask of a model that writes from left to right: row r, at slot from + r, looks at slots 0 … from + r. */
export function causal(n, from) {
  const total = from + n, mask = new Uint8Array(n * total);
  for (let r = 0; r < n; r++) mask.fill(1, r * total, r * total + from + r + 1);
  return mask;
}

/**
 * Multi-head attention (section 3.2) over `slots` places for keys and values, which stay there until written anew: the KV cache.
 *
 * write(x, n, from): keys and values of the rows of x go to slots from … from + n - 1.
 * read(x, z, n, total, mask, {headsOff, weights, parts, lengths}): z = what each row of x collects from the slots t < total with
 * mask[row, t] = 1. weights: an array that gets softmax(Q Kᵀ / √d), [heads, n, total]. parts: one that gets each head's own
 * contribution to z, [heads, n, size]; they add up to z less the bias of the output projection. lengths: one that gets, of the rows
 * just written, how long a head's value becomes behind the output projection, ‖v W‖, [heads, n] (Kobayashi et al. 2020, arXiv:2004.10102).
 */
export function attention(m, desk, { query, key, value, out }, heads, slots) {
  const size = out.outer, width = size / heads, scale = 1 / Math.sqrt(width);
  if (width % 8) throw new RangeError(`heads of width ${width}`);
  const keys = m.room((slots + 8) * size), values = m.room((slots + 8) * size);

  function write(x, n, from) {
    m.linear(x, key.w, key.b, keys + from * size, n, key.inner, size);
    m.linear(x, value.w, value.b, values + from * size, n, value.inner, size);
  }

  /** What the output projection makes of the columns of head h of `table` [n, size]: [n, size], without the bias. */
  function projected(h, table, n) {
    m.linear(table + h * width, out.w + h * width, 0, desk.query, n, width, size, size, size);
    return m.read(desk.query, n * size);
  }

  function read(x, z, n, total, mask, { headsOff = [], weights = null, parts = null, lengths = null } = {}) {
    const kept = weights && new Float32Array(heads * n * total), f = m.f, { context, scores } = desk, all = Array.from({ length: heads }, (_, h) => h);
    lengths?.push(Float32Array.from(all.flatMap((h) => {
      const rows = projected(h, values + (total - n) * size, n);
      return Array.from({ length: n }, (_, r) => Math.hypot(...rows.subarray(r * size, (r + 1) * size)));
    })));
    m.linear(x, query.w, query.b, desk.query, n, query.inner, size);
    for (let first = 0; first < n; first += CHUNK) {
      const rows = Math.min(CHUNK, n - first), seen = Array.from({ length: rows }, (_, r) => mask.subarray((first + r) * total, (first + r + 1) * total));
      const ends = seen.map((row) => row.lastIndexOf(1) + 1), holes = seen.map((row, r) => row.subarray(0, ends[r]).includes(0));
      const reach = Math.max(8, Math.ceil(Math.max(...ends) / 8) * 8); // no row of this chunk looks beyond
      for (let h = 0; h < heads; h++) {
        const column = h * width;
        m.linear(desk.query + first * size + column, keys + column, 0, scores, rows, width, reach, size, size, reach); // Q Kᵀ
        for (let r = 0, at = scores; r < rows; r++, at += reach) { // softmax over what the row may look at, 0 elsewhere
          if (holes[r]) seen[r].forEach((yes, t) => { if (!yes && t < ends[r]) f[at + t] = FORBIDDEN; });
          m.softmax(at, ends[r], reach, scale);
          if (holes[r]) seen[r].forEach((yes, t) => { if (!yes) f[at + t] = 0; });
          if (kept) kept.set(f.subarray(at, at + ends[r]), (h * n + first + r) * total);
        }
        m.mix(scores, values + column, context + first * size + column, rows, reach, width, reach, size, size); // weights · V
      }
    }
    for (const h of headsOff) for (let r = 0; r < n; r++) f.fill(0, context + r * size + h * width, context + r * size + (h + 1) * width);
    m.linear(context, out.w, out.b, z, n, size, size);
    weights?.push(kept);
    if (parts) {
      const shares = new Float32Array(heads * n * size);
      for (const h of all) shares.set(projected(h, context, n), h * n * size);
      parts.push(shares);
    }
  }
  return { write, read };
}

/** Logits [rows, vocab] of `count` rows at `y`: the product with every row of an embedding table (Press and Wolf 2017, arXiv:1608.05859). */
export function unembed(m, { logits }, { w, b, inner }, y, count, vocab) {
  const all = new Float32Array(count * vocab), outer = Math.ceil(vocab / 8) * 8;
  for (let first = 0; first < count; first += LOGITS) {
    const rows = Math.min(LOGITS, count - first);
    m.linear(y + first * inner, w, b, logits, rows, inner, outer);
    for (let r = 0; r < rows; r++) all.set(m.f.subarray(logits + r * outer, logits + r * outer + vocab), (first + r) * vocab);
  }
  return all;
}
