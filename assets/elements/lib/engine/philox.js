// The random number that belongs to a seed and a position: Philox4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), as NumPy computes it.
// A pure function of both, so that a link which carries the seed shows the same text, whoever computed it.

const LOW = (1n << 64n) - 1n;
const STREAM = [..."GLASSBOX"].reduce((n, letter) => (n << 8n) | BigInt(letter.charCodeAt(0)), 0n); // this use of the generator

/** The first 64 bits of a block; key and counter as BigInt. Constants: table 2 of the paper, and its Weyl sequence. */
function philox([k0, k1], [a, b, c, d]) {
  for (let round = 0; round < 10; round++) {
    const p = 0xd2e7470ee14c6c93n * a, q = 0xca5a826395121157n * c;
    [a, b, c, d] = [(q >> 64n) ^ b ^ k0, q & LOW, (p >> 64n) ^ d ^ k1, p & LOW];
    k0 = (k0 + 0x9e3779b97f4a7c15n) & LOW;
    k1 = (k1 + 0xbb67ae8584caa73bn) & LOW;
  }
  return a;
}

/** u in [0, 1) for a seed (an integer, or a BigInt; modulo 2^64) and the number of tokens before the drawn one. */
export const randomNumber = (seed, position) =>
  Number(philox([BigInt.asUintN(64, BigInt(seed)), STREAM], [1n, BigInt(position), 0n, 0n]) >> 11n) * 2 ** -53; // NumPy counts up before it draws
