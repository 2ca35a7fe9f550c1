// A safetensors file (the README of safetensors, section "Format"), half or single precision, laid into a memory as float32.

let half = null;
/** All 65,536 half-precision numbers (IEEE 754 binary16), made once. */
function halves() {
  if (half) return half;
  const bits = new Uint32Array(1), value = new Float32Array(bits.buffer);
  half = new Float32Array(65536);
  for (let h = 0; h < 65536; h++) {
    const sign = (h & 0x8000) << 16, exponent = (h >> 10) & 31, fraction = h & 1023;
    if (exponent === 0) { half[h] = (sign ? -1 : 1) * fraction * 2 ** -24; continue; }
    bits[0] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
    half[h] = value[0];
  }
  return half;
}

/** {name: {dtype, shape, bytes: Uint8Array}}: views, nothing is copied. Throws SyntaxError or RangeError for a broken file. */
export function openSafetensors(buffer) {
  const size = Number(new DataView(buffer).getBigUint64(0, true));
  const { __metadata__: _, ...header } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)));
  return Object.fromEntries(Object.entries(header).map(([name, { dtype, shape, data_offsets: [from, to] }]) =>
    [name, { dtype, shape, bytes: new Uint8Array(buffer, 8 + size + from, to - from) }]));
}

/**
 * weights(m, file) -> {has, tensor, linear, norm}: each lays tensors into the memory `m` and says where they are.
 *
 * Rows are padded with zeros to a multiple of eight, as the kernel wants them.
 * tensor(name): address of [rows, columns] or [columns].
 * linear(name, {transposed, bias}): {w, b, inner, outer}; GPT-2 stores [inner, outer], which `transposed` turns.
 * norm(name, epsilon): {weight, bias, size, epsilon}.
 */
export function weights(m, file) {
  const eights = (n) => Math.ceil(n / 8) * 8;
  function lay(name, transposed = false) {
    if (!file[name]) throw new RangeError(`no tensor ${name}`);
    const { dtype, shape, bytes } = file[name];
    if (dtype !== "F16" && dtype !== "F32") throw new RangeError(`${name} is ${dtype}`);
    const [rows, columns] = shape.length === 1 ? [1, shape[0]] : shape;
    const at = m.room(transposed ? eights(columns) * rows : (shape.length === 1 ? 1 : eights(rows)) * columns);
    const aligned = bytes.slice(), f = m.f, n = rows * columns; // the file does not promise alignment
    const data = dtype === "F16" ? new Uint16Array(aligned.buffer) : new Float32Array(aligned.buffer), table = halves();
    if (dtype === "F32" && !transposed) f.set(data, at);
    else if (dtype === "F16" && !transposed) for (let i = 0; i < n; i++) f[at + i] = table[data[i]];
    else for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
      const value = data[r * columns + c];
      f[at + c * rows + r] = dtype === "F16" ? table[value] : value;
    }
    return { at, rows, columns };
  }
  return {
    has: (name) => name in file,
    tensor: (name) => lay(name).at,
    linear(name, { transposed = false, bias = `${name}.bias` } = {}) {
      const { at, rows, columns } = lay(`${name}.weight`, transposed);
      const [outer, inner] = transposed ? [columns, rows] : [rows, columns];
      return { w: at, b: bias ? lay(bias).at : 0, inner, outer: eights(outer) };
    },
    norm: (name, epsilon) => ({ weight: lay(`${name}.weight`).at, bias: lay(`${name}.bias`).at, size: file[`${name}.weight`].shape[0], epsilon }),
  };
}
