// BERT's text to tokens (Devlin et al. 2019; Wu et al. 2016, arXiv:1609.08144, section 4.1): clean, split, then the longest known piece first.
// Marks and signs are told by the browser's own Unicode tables; those of the `tokenizers` library are of Unicode 8, so that the two differ
// for some 600 marks of scripts that were added later.

const MARK = /\p{Mn}/u, SPACE = /\p{White_Space}/u, CONTROL = /[\p{Cc}\p{Cf}\p{Co}\ufffd]/u, PUNCTUATION = /[!-/:-@[-`{-~\p{P}]/u; // all of ASCII's signs count, $ and + too
const CJK = [[0x4e00, 0x9fff], [0x3400, 0x4dbf], [0x20000, 0x2a6df], [0x2a700, 0x2b73f], [0x2b740, 0x2b81f], [0x2b920, 0x2ceaf], [0xf900, 0xfaff], [0x2f800, 0x2fa1f]];

/**
 * Unicode's NFC of [character, where it came from]: a syllable typed as letters becomes one character, which came from where its first did.
 * Runs that may compose are taken whole: marks go with what they stand on, and whatever is written otherwise beside its neighbour.
 */
function composed(parts) {
  const all = [], nfc = (s) => s.normalize("NFC");
  for (let start = 0, end; start < parts.length; start = end) {
    let run = parts[start][0];
    for (end = start + 1; end < parts.length; end++) {
      const next = parts[end][0];
      if (next < "\u0300" || (!/\p{M}/u.test(next) && nfc(run + next) === nfc(run) + nfc(next))) break;
      run += next;
    }
    const apart = (c) => [...c.normalize("NFD")], from = parts.slice(start, end).flatMap(([c, place]) => apart(c).map(() => place));
    let used = 0;
    for (const c of nfc(run)) {
      all.push([c, from[used]]);
      used += apart(c).length;
    }
  }
  return all;
}

/** wordPiece(json) -> {encode(characters) -> [{id, start, end, word}], decode(names)}; throws RangeError for other settings. */
export function wordPiece({ model, normalizer, pre_tokenizer: before, decoder }) {
  const [bert, compose, ...more] = normalizer?.type === "Sequence" ? normalizer.normalizers : [normalizer];
  if (bert?.type !== "BertNormalizer" || (compose && compose.type !== "NFC") || more.length || before?.type !== "BertPreTokenizer") throw new RangeError("WordPiece settings");
  const { vocab, unk_token: unknown, continuing_subword_prefix: prefix, max_input_chars_per_word: longest } = model;
  const { clean_text: clean, handle_chinese_chars: apart, lowercase } = bert, bare = bert.strip_accents ?? lowercase;

  /** What a character becomes: nothing, itself, or several. Hangul syllables come apart into letters where accents are taken off. */
  function normalized(c) {
    if (clean && "\t\n\r".includes(c)) return " ";
    if (clean && CONTROL.test(c)) return "";
    if (clean && SPACE.test(c)) return " ";
    let s = c;
    if (apart && CJK.some(([from, to]) => c.codePointAt(0) >= from && c.codePointAt(0) <= to)) s = ` ${c} `;
    if (bare) s = [...s.normalize("NFD")].filter((part) => !MARK.test(part)).join("");
    return lowercase ? [...s].map((part) => part.toLowerCase()).join("") : s;
  }

  /** Words as lists of [character, where it came from]: split at spaces; every punctuation sign is a word of its own. */
  function words(characters) {
    const all = [];
    let word = null;
    let parts = characters.flatMap((c, from) => [...normalized(c)].map((part) => [part, from]));
    if (compose) parts = composed(parts);
    for (const [part, from] of parts) {
      if (SPACE.test(part)) word = null;
      else if (PUNCTUATION.test(part)) { all.push([[part, from]]); word = null; }
      else if (word) word.push([part, from]);
      else all.push((word = [[part, from]]));
    }
    return all;
  }

  function encode(characters) {
    return words(characters).flatMap((parts, word) => {
      const whole = [{ id: vocab[unknown], start: parts[0][1], end: parts.at(-1)[1] + 1, word }], found = [];
      if (parts.length > longest) return whole;
      for (let start = 0, end; start < parts.length; start = end) {
        for (end = parts.length; end > start; end--) {
          const name = (start ? prefix : "") + parts.slice(start, end).map(([c]) => c).join("");
          if (Object.hasOwn(vocab, name)) { found.push({ id: vocab[name], start: parts[start][1], end: parts[end - 1][1] + 1, word }); break; }
        }
        if (end === start) return whole; // one piece is missing: the word is unknown
      }
      return found;
    });
  }

  /** Words with spaces between them, and with `cleanup` none before a full stop and its like. */
  const decode = (names) => names.map((name, i) => {
    if (i && name.startsWith(prefix)) return name.slice(prefix.length);
    return (i && !(decoder?.cleanup && /^[.?!,]/.test(name)) ? " " : "") + name;
  }).join("");
  return { encode, decode };
}
