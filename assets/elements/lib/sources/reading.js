// A reader's text as a bundled model reads it: what components/lm/reading.py does on the server, for the families of the engine.
import { wordSpans } from "../format.js";

const tooLong = (tokens, limit) => Object.assign(new Error(`${tokens} tokens, room for ${limit}`), { code: "context", tokens, limit });

/**
 * Promise of {read, beginning, text, causal, mask, separators, unknown}, for a model of engine.js.
 *
 * read(text, pair, {shorten}): promise of {text, pair, ids, texts, segments, inputSegments, special, punctuation, spans, words, dropped},
 * one entry a token. texts: what each
 * token stands for; segments: 0 or 1, which of two texts it is of; spans: where it stands in `text`, words: the number of the word it is of, both null for the frame; dropped: tokens that were left out; special: marks that
 * stand for no word. Rejects with code `context`, `tokens` and `limit` where the model has no room;
 * with `shorten` a BERT reads it without the last tokens of the longer half instead.
 * beginning(text, most): promise of the longest beginning of at most `most` tokens: the whole text, or whole words of it, or a part of its first word.
 * text(id): what a token stands for.
 */
export async function reader(m) {
  const { config, slots, special: marks } = await m.open(), names = await m.ask("names"), marked = new Set(marks);
  const causal = config.model_type === "gpt2", at = (name) => names.indexOf(name), mask = at("[MASK]"), unknown = at("[UNK]");
  const { spelled } = causal ? await import("./writing.js") : {}; // a BERT's tokens are letters
  const text = (id) => (causal ? spelled(names[id] ?? "", marked.has(id)).text : names[id] ?? "");

  /** GPT reads two texts as one, with a space between; nothing stands around it but where there is nothing. */
  async function left(first, second) {
    const between = first && second ? " " : "", { ids, spans, words } = await m.ask("encode", first + between + second), start = [...first + between].length;
    if (!ids.length) return { ids: [config.bos_token_id ?? config.eos_token_id], segments: [second ? 1 : 0], spans: [null], words: [null] };
    let reached = 0;
    return { ids, spans, words, segments: spans.map(([, end]) => { reached = Math.max(reached, end); return second && reached > start ? 1 : 0; }) };
  }

  /** BERT reads [CLS] A [SEP], or [CLS] A [SEP] B [SEP]. */
  async function both(first, second, shorten) {
    const parts = [await m.ask("encode", first)];
    if (second) parts.push(await m.ask("encode", second));
    const places = parts.map(({ ids }, part) => ids.map((_, i) => -1 - (2 * i + part))); // no id is below zero: what is, is of a text
    const whole = (await m.ask("template", ...places)).ids.length;
    for (let over = whole - slots; shorten && over > 0; over--) places[places[1]?.length >= places[0].length ? 1 : 0].pop();
    const { ids: framed, segments } = await m.ask("template", ...places), of = (place) => parts[(-1 - place) % 2], nth = (place) => (-1 - place) >> 1;
    const from = (what, otherwise) => framed.map((place) => (place < 0 ? of(place)[what][nth(place)] : otherwise(place)));
    return { ids: from("ids", (id) => id), segments, spans: from("spans", () => null), words: from("words", () => null), dropped: whole - framed.length };
  }

  async function read(given, pair = "", { shorten = false } = {}) {
    const [first, second] = [given, pair].map((one) => one.replace(/\p{Surrogate}/gu, "\ufffd")); // half a character
    const { ids, segments, spans, words, dropped = 0 } = await (causal ? left : both)(first, second, shorten);
    if (ids.length > slots) throw tooLong(ids.length, slots);
    const texts = ids.map(text), characters = [[...first], [...second]];
    const typed = (i) => marked.has(ids[i]) && ids[i] !== mask && (ids[i] !== unknown || characters[segments[i]].slice(...spans[i]).join("") === names[unknown]);
    const special = ids.map((_, i) => spans[i] === null || typed(i));
    return { text: first, pair: second, ids, texts, segments, spans, words, dropped, special, punctuation: texts.map((one, i) => Boolean(one.trim()) && !/[\p{L}\p{N}]/u.test(one) && !special[i]) };
  }
  const count = async (given) => { try { return (await read(given)).ids.length; } catch (error) { if (error.tokens) return error.tokens; throw error; } };
  async function beginning(given, most) {
    const characters = [...given], upTo = (end) => characters.slice(0, end).join("");
    if (await count(given) <= most) return given;
    for (const cuts of [wordSpans(given).map(([, end]) => end), characters.map((_, i) => i)]) {
      let low = 0, high = cuts.length;
      while (low < high) { const middle = (low + high) >> 1; if (await count(upTo(cuts[middle])) <= most) low = middle + 1; else high = middle; }
      if (low && upTo(cuts[low - 1]).trim()) return upTo(cuts[low - 1]);
    }
    return "";
  }
  return { read, beginning, text, causal, mask, names, unknown, separators: [at("[SEP]"), config.eos_token_id].filter((id) => id >= 0) };
}
