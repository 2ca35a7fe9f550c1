// One float32 memory for a model (weights first, then room to work in), and the slow operations on it.
import code from "./kernels.js";

/** The compiled kernels, or null where the browser has no WebAssembly SIMD (the plain loops below take over). */
export async function kernel() {
  try {
    return await WebAssembly.compile(Uint8Array.from(code.match(/../g), (byte) => parseInt(byte, 16)));
  } catch {
    return null;
  }
}

/**
 * memory(kernel, floats) -> {f, room, read, linear, mix, add, norm, softmax, geluTanh, geluErf, fast}
 *
 * f: the numbers; ask for it anew after `room`, which may move them. room(n): the address of n new floats (zeros), in floats, a
 * multiple of 8. `floats`: how many to begin with. Both throw RangeError if the browser has no such room. fast: whether the kernels
 * are used.
 */
export function memory(kernel, floats) {
  const PAGE = 16384, PANEL = 4 + 8 * 4096; // floats in one page of WebAssembly memory (64 KiB), and before the first that is given away
  const pages = kernel && new WebAssembly.Memory({ initial: Math.ceil((floats + PANEL) / PAGE) });
  const simd = kernel && new WebAssembly.Instance(kernel, { env: { memory: pages } }).exports;
  let free = PANEL; // address 0 says "no bias", and from 4 on the kernel keeps a panel
  const m = {
    f: kernel ? new Float32Array(pages.buffer) : new Float32Array(floats + PANEL),
    fast: Boolean(kernel),
    room(n) {
      const at = free;
      free += Math.ceil(n / 8) * 8;
      if (free > m.f.length && kernel) {
        pages.grow(Math.ceil((free - m.f.length) / PAGE));
        m.f = new Float32Array(pages.buffer);
      } else if (free > m.f.length) {
        const old = m.f;
        m.f = new Float32Array(Math.ceil(free * 1.25));
        m.f.set(old);
      }
      return at;
    },
    read: (at, n) => m.f.slice(at, at + n),
    /** y = x Wᵀ + b. x [n, inner], W [outer, inner], b [outer] (0: none), y [n, outer]; the last three are the ways from row to row. */
    linear(x, w, b, y, n, inner, outer, xRow = inner, wRow = inner, yRow = outer) {
      if (m.fast) simd.linear(x * 4, xRow * 4, w * 4, wRow * 4, b * 4, y * 4, yRow * 4, n, inner, outer);
      else linear(m.f, x, w, b, y, n, inner, outer, xRow, wRow, yRow);
    },
    /** y = x V. x [n, inner], V [inner, outer], y [n, outer]; the last three are the ways from row to row. */
    mix(x, v, y, n, inner, outer, xRow, vRow, yRow) {
      if (m.fast) simd.mix(x * 4, xRow * 4, v * 4, vRow * 4, y * 4, yRow * 4, n, inner, outer);
      else mix(m.f, x, v, y, n, inner, outer, xRow, vRow, yRow);
    },
    /** x = x + z, `n` numbers. */
    add(x, z, n) { if (m.fast) simd.add(x * 4, z * 4, n); else add(m.f, x, z, n); },
    /** y = LayerNorm(x) (Ba, Kiros and Hinton 2016, arXiv:1607.06450, equation 4); x and y [n, size], weight and bias [size]. */
    norm({ weight, bias, size, epsilon }, x, y, n) {
      if (m.fast) simd.norm(x * 4, y * 4, n, weight * 4, bias * 4, size, epsilon);
      else norm(m.f, weight, bias, size, epsilon, x, y, n);
    },
    /** softmax(scale · x) of `n` numbers, and zeros behind them up to `all`, a multiple of 4. */
    softmax(x, n, all, scale) { if (m.fast) simd.softmax(x * 4, n, all, scale); else softmax(m.f, x, n, all, scale); },
    /** GELU (Hendrycks and Gimpel 2016, arXiv:1606.08415), with tanh as in GPT-2, and exact as in BERT. */
    geluTanh(x, n) { if (m.fast) simd.geluTanh(x * 4, n); else geluTanh(m.f, x, n); },
    geluErf(x, n) { if (m.fast) simd.geluErf(x * 4, n); else geluErf(m.f, x, n); },
  };
  return m;
}

function linear(f, x, w, b, y, n, inner, outer, xRow, wRow, yRow) {
  for (let o = 0; o < outer; o += 4, w += 4 * wRow, y += 4) {
    for (let r = 0; r < n; r++) {
      const xr = x + r * xRow, yr = y + r * yRow, w1 = w + wRow, w2 = w1 + wRow, w3 = w2 + wRow;
      let a0 = 0, a1 = 0, a2 = 0, a3 = 0;
      for (let i = 0; i < inner; i++) {
        const v = f[xr + i];
        a0 += v * f[w + i]; a1 += v * f[w1 + i]; a2 += v * f[w2 + i]; a3 += v * f[w3 + i];
      }
      if (b) { a0 += f[b + o]; a1 += f[b + o + 1]; a2 += f[b + o + 2]; a3 += f[b + o + 3]; }
      f[yr] = a0; f[yr + 1] = a1; f[yr + 2] = a2; f[yr + 3] = a3;
    }
  }
}

function mix(f, x, v, y, n, inner, outer, xRow, vRow, yRow) {
  for (let r = 0; r < n; r++, x += xRow, y += yRow) {
    f.fill(0, y, y + outer);
    for (let i = 0; i < inner; i++) for (let o = 0, w = f[x + i], at = v + i * vRow; o < outer; o++) f[y + o] += w * f[at + o];
  }
}

function add(f, x, z, n) { for (let i = 0; i < n; i++) f[x + i] += f[z + i]; }

function norm(f, weight, bias, size, epsilon, x, y, n) {
  for (let r = 0; r < n; r++, x += size, y += size) {
    let mean = 0, spread = 0;
    for (let i = 0; i < size; i++) mean += f[x + i];
    mean /= size;
    for (let i = 0; i < size; i++) spread += (f[x + i] - mean) ** 2;
    const scale = 1 / Math.sqrt(spread / size + epsilon);
    for (let i = 0; i < size; i++) f[y + i] = (f[x + i] - mean) * scale * f[weight + i] + f[bias + i];
  }
}

function softmax(f, x, n, all, scale) {
  let most = -Infinity, sum = 0;
  for (let t = x; t < x + n; t++) if (f[t] > most) most = f[t];
  for (let t = x; t < x + n; t++) sum += f[t] = Math.exp((f[t] - most) * scale);
  for (let t = x; t < x + n; t++) f[t] /= sum;
  f.fill(0, x + n, x + all);
}

function geluTanh(f, x, n) { // 0.5 v (1 + tanh u) = v / (1 + exp(-2u))
  const C = 2 * Math.sqrt(2 / Math.PI);
  for (let i = x; i < x + n; i++) { const v = f[i]; f[i] = v / (1 + Math.exp(-C * (v + 0.044715 * v * v * v))); }
}

function geluErf(f, x, n) { // erf: Abramowitz and Stegun 1964, 7.1.26, error below 1.5e-7
  for (let i = x; i < x + n; i++) {
    const v = f[i] * Math.SQRT1_2, t = 1 / (1 + 0.3275911 * Math.abs(v));
    const tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-v * v);
    f[i] *= v < 0 ? 0.5 * tail : 1 - 0.5 * tail;
  }
}
