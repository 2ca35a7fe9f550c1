// A reader's text as token ids, by the settings of a tokenizer.json (the file of the `tokenizers` library), in the browser.

const MODELS = { // a page loads only what it runs
  BPE: async () => (await import("./byte_level_bpe.js")).byteLevelBpe,
  WordPiece: async () => (await import("./wordpiece.js")).wordPiece,
};

/**
 * tokenizer(json) -> promise of {encode, template, decode, names, ids, special, unknown, mask}
 *
 * encode(text): {ids, spans, words}, one entry a token: spans are [start, end] in characters (code points) of the text, words the number
 * of the word a token belongs to. Special tokens typed as text become those tokens; none are added.
 * template(first, second): ids and segments (0 for the first text, 1 for the second) with the special tokens the model wants around them.
 * decode(ids): the text of tokens. names: id -> spelling. ids: spelling -> id. special: the ids of the special tokens.
 * Rejects with RangeError for settings that are not known here.
 */
export async function tokenizer(json) {
  const make = await MODELS[json.model.type]?.();
  if (!make) throw new RangeError(`tokenizer ${json.model.type}`);
  const model = make(json), added = json.added_tokens ?? [];
  if (added.some((t) => t.single_word || t.lstrip || t.rstrip || t.normalized)) throw new RangeError("added tokens that take their surroundings with them");
  const ids = new Map([...Object.entries(json.model.vocab), ...added.map((t) => [t.content, t.id])]), names = [];
  for (const [name, id] of ids) names[id] = name;
  const special = new Set(added.filter((t) => t.special).map((t) => t.id));
  const typed = added.length ? new RegExp(`(${added.map((t) => t.content).sort((a, b) => b.length - a.length).map((s) => s.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|")})`, "u") : null;

  function encode(text) {
    const out = { ids: [], spans: [], words: [] };
    let at = 0, word = 0; // characters, and words, before this part
    for (const [number, part] of (typed ? text.split(typed) : [text]).entries()) {
      const characters = [...part];
      if (number % 2) add(ids.get(part), 0, characters.length, 0, (word += 1) - 1);
      else if (part) {
        let last = -1;
        for (const token of model.encode(characters)) { add(token.id, token.start, token.end, token.word, word); last = token.word; }
        word += last + 1;
      }
      at += characters.length;
    }
    function add(id, start, end, own, before) {
      out.ids.push(id);
      out.spans.push([at + start, at + end]);
      out.words.push(before + own);
    }
    return out;
  }

  function template(first, second = null) {
    const settings = json.post_processor, out = { ids: [], segments: [] };
    const pieces = settings?.type === "TemplateProcessing" ? settings[second ? "pair" : "single"] : [{ Sequence: { id: "A", type_id: 0 } }, ...(second ? [{ Sequence: { id: "B", type_id: 0 } }] : [])];
    for (const { SpecialToken: mark, Sequence: text } of pieces) {
      const mine = mark ? settings.special_tokens[mark.id].ids : text.id === "A" ? first : second;
      out.ids.push(...mine);
      out.segments.push(...mine.map(() => (mark ?? text).type_id));
    }
    return out;
  }
  return { encode, template, decode: (list) => model.decode(list.map((id) => names[id] ?? "")), names, ids, special, unknown: ids.get(json.model.unk_token), mask: ids.get("[MASK]") };
}
