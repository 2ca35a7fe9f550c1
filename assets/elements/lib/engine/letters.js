// GPT-2's way to write bytes as letters (Radford et al. 2019, section 2.2).

/** Every byte as a letter that can be seen: printable ones stand for themselves, the others come from U+0100 on. */
export const LETTERS = (() => {
  const shown = (byte) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(shown(byte) ? byte : next++));
})();
