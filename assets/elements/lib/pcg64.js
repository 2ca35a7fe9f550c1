// The random numbers of NumPy's default_rng(seed): PCG64 (O'Neill 2014, "PCG: a family of simple fast space-efficient statistically good
// algorithms", XSL-RR 128/64), seeded as NumPy's SeedSequence does it. What a link draws with a seed on the server is drawn here to the bit.

const M32 = 0xffffffffn, M64 = (1n << 64n) - 1n, M128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const u32 = (x) => x >>> 0;

/** Eight words of 32 bits from a seed, a whole number from 0 up: NumPy's SeedSequence, a pool of four words, mixed and drawn from. */
function seedWords(seed) {
  const entropy = [], pool = [];
  for (let rest = BigInt(seed); rest > 0n || !entropy.length; rest >>= 32n) entropy.push(Number(rest & M32));
  let hash = 0x43b0d7e5;
  const hashed = (value) => {
    value = u32(value ^ hash);
    hash = u32(Math.imul(hash, 0x931e8875));
    value = u32(Math.imul(value, hash));
    return u32(value ^ (value >>> 16));
  };
  const mixed = (x, y) => { const value = u32(Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715)); return u32(value ^ (value >>> 16)); };
  for (let i = 0; i < 4; i++) pool.push(hashed(entropy[i] ?? 0));
  for (let from = 0; from < 4; from++) for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  for (const more of entropy.slice(4)) for (let to = 0; to < 4; to++) pool[to] = mixed(pool[to], hashed(more));
  let out = 0x8b51f9dd;
  return Array.from({ length: 8 }, (_, i) => {
    let value = u32(pool[i % 4] ^ out);
    out = u32(Math.imul(out, 0x58f38ded));
    value = u32(Math.imul(value, out));
    return BigInt(u32(value ^ (value >>> 16)));
  });
}

/** pcg64(seed) -> {random, integers, permutation}, as numpy.random.default_rng(seed) has them: [0, 1), [0, n), and the numbers below n in another order. */
export function pcg64(seed) {
  const w = seedWords(seed), wide = (i) => (w[i + 1] << 32n) | w[i], number = (i) => (wide(i) << 64n) | wide(i + 2);
  const step = ((number(4) << 1n) | 1n) & M128;
  let state = 0n, half = null; // half: the upper 32 bits that wait for the next small number
  const advance = () => { state = (state * MULTIPLIER + step) & M128; };
  advance();
  state = (state + number(0)) & M128;
  advance();
  function next() {
    advance();
    const folded = ((state >> 64n) ^ state) & M64, turn = state >> 122n;
    return ((folded >> turn) | (folded << ((64n - turn) & 63n))) & M64;
  }
  function small() {
    if (half !== null) { const waited = half; half = null; return waited; }
    const both = next();
    half = both >> 32n;
    return both & M32;
  }
  /** Lemire 2019, "Fast random integer generation in an interval", with numbers of 32 bits. */
  function integers(n) {
    if (n === 1) return 0;
    const count = BigInt(n), threshold = (M32 + 1n - count) % count;
    let product = small() * count;
    while ((product & M32) < threshold) product = small() * count;
    return Number(product >> 32n);
  }
  /** A place from 0 to `most`: numbers under the next power of two, until one is small enough. */
  function place(most) {
    const mask = BigInt(2 ** Math.ceil(Math.log2(most + 1)) - 1);
    let value = small() & mask;
    while (value > most) value = small() & mask;
    return Number(value);
  }
  function permutation(n) {
    const list = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) { const j = place(i); [list[i], list[j]] = [list[j], list[i]]; }
    return list;
  }
  return { random: () => Number(next() >> 11n) * 2 ** -53, integers, permutation };
}
