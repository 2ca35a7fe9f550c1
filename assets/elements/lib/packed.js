// The browser's side of components/elements/packed.py: a JSON header and float32 arrays in one message.

/** {...header, arrays: {name: {shape, data: Float32Array}}} */
export function unpack(bytes) {
  const size = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  const numbers = new Float32Array(bytes.slice(4 + size).buffer);
  let at = 0;
  const arrays = {};
  for (const [name, shape] of Object.entries(header.arrays)) {
    const count = shape.reduce((n, m) => n * m, 1);
    arrays[name] = { shape, data: numbers.subarray(at, at + count) };
    at += count;
  }
  return { ...header, arrays };
}
