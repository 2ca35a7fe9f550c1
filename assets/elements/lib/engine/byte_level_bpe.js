// Byte-level BPE: text as UTF-8 bytes (Radford et al. 2019, section 2.2), merged pair by pair by rank (Sennrich et al. 2016, arXiv:1508.07909).
import { LETTERS } from "./letters.js";

// GPT-2's words, each with the space before it. White_Space and not \s: JavaScript counts U+FEFF as a space, and U+0085 not.
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const BYTES = new Map(LETTERS.map((letter, byte) => [letter, byte]));
const utf8 = new TextEncoder();

/** byteLevelBpe(json) -> {encode(characters) -> [{id, start, end, word}], decode(names)}; throws RangeError for other settings. */
export function byteLevelBpe({ model, pre_tokenizer: before, normalizer }) {
  if (before?.type !== "ByteLevel" || before.add_prefix_space || before.use_regex === false || normalizer || model.byte_fallback || model.ignore_merges || model.dropout) throw new RangeError("BPE settings");
  const rank = new Map(model.merges.map((pair, i) => [Array.isArray(pair) ? pair.join(" ") : pair, i]));
  const known = new Map();

  /** The tokens of one word, by merging the pair of lowest rank until none is left. */
  function merge(letters) {
    const parts = [...letters];
    for (;;) {
      let best = Infinity, at = -1;
      for (let i = 1; i < parts.length; i++) {
        const r = rank.get(`${parts[i - 1]} ${parts[i]}`);
        if (r < best) { best = r; at = i - 1; }
      }
      if (at < 0) return parts;
      const [left, right] = [parts[at], parts[at + 1]];
      for (let i = at; i < parts.length - 1; i++) if (parts[i] === left && parts[i + 1] === right) parts.splice(i, 2, left + right);
    }
  }

  function encode(characters) {
    const out = [];
    let at = 0; // characters before this word
    for (const [word, text] of (characters.join("").match(WORDS) ?? []).entries()) {
      const own = [...text], of = own.flatMap((c, i) => Array(utf8.encode(c).length).fill(at + i)); // the character of each byte
      const letters = Array.from(utf8.encode(text), (byte) => LETTERS[byte]).join("");
      if (!known.has(letters)) known.set(letters, merge(letters));
      let byte = 0;
      for (const name of known.get(letters)) {
        out.push({ id: model.vocab[name], start: of[byte], end: of[byte + name.length - 1] + 1, word });
        byte += name.length;
      }
      at += own.length;
    }
    return out;
  }
  const bytes = (names) => Uint8Array.from(names.flatMap((name) => [...name].flatMap((letter) => (BYTES.has(letter) ? [BYTES.get(letter)] : [...utf8.encode(letter)]))));
  return { encode, decode: (names) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes(names)) };
}
