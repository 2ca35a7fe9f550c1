// One word of a sentence guessed by several bundled models, each from what it may see: components/lm/transformer/word_context.py in the browser.
import { model } from "../engine/engine.js";
import { wordSpans } from "../format.js";
import { ranked, softmax } from "./attending.js";
import { reader } from "./reading.js";

const COUNT = 6; // guesses listed

/** A model that guesses words. */
async function guesser(files, onProgress) {
  const m = model(files), { config } = await m.open(onProgress), { read, beginning, text: textOf, causal, mask } = await reader(m);
  const layers = config.n_layer ?? config.num_hidden_layers, heads = config.n_head ?? config.num_attention_heads;
  const forward = ({ ids, segments }, options) => (causal ? m.ask("read", ids, { at: [], whole: true, ...options }) : m.ask("forward", ids, { segments, ...options }));
  /** What the model may read for a word, and what it guesses there; null where it reads nothing. */
  async function guess(text, word, wanted) {
    const reading = await read(text), spans = wordSpans(reading.text), layer = Math.min(wanted, layers - 1), n = reading.ids.length;
    const wordOf = reading.spans.map((place, i) => {
      if (reading.special[i] || !place) return -1;
      const shared = spans.map(([a, b]) => Math.min(place[1], b) - Math.max(place[0], a)), most = Math.max(...shared);
      return most > 0 ? shared.indexOf(most) : -1;
    });
    const own = wordOf.flatMap((of, i) => (of === word ? [i] : []));
    if (!own.length) return null;
    const { attention } = await forward(reading, { keep: { attention: true } }), mean = Array.from({ length: n }, () => new Float64Array(n));
    attention[layer].forEach((w, i) => { const at = i % (n * n); mean[Math.floor(at / n)][at % n] += w / heads; });
    let probs;
    if (causal) {
      const before = await read([...reading.text].slice(0, spans[word][0]).join("").trimEnd());
      probs = softmax((await forward(before, { at: [before.ids.length - 1] })).logits);
    } else probs = softmax((await forward({ ...reading, ids: reading.ids.map((id, i) => (own.includes(i) ? mask : id)) }, { at: [own[0]] })).logits);
    const real = reading.ids[own[0]];
    return {
      layer, causal, tokens: reading.texts, word_of: wordOf, weights: mean, visible: spans.map((_, i) => (causal ? i < word : i !== word)),
      guesses: ranked(probs, COUNT).map((id) => [textOf(id), probs[id]]), first_piece: [textOf(real), probs[real]],
    };
  }
  return { beginning, guess, name: files.name };
}

/**
 * Promise of {read(text, word, layer, most)}, once the models of `files.models` are there. Rejects with EngineError.
 *
 * read: promise of {text, word, readers}: the beginning of the text that has at most `most` tokens in every model, the number of the word in it,
 * and what each model reads and guesses (null where it reads nothing), in the shape of `WordGuess` with the name of the model.
 */
export async function guessing({ models }, onProgress) {
  const arrived = models.map(() => ({ loaded: 0, total: 0 })), sum = (key) => arrived.reduce((all, one) => all + one[key], 0);
  const all = await Promise.all(models.map((files, i) => guesser(files, (now) => { arrived[i] = now; onProgress({ loaded: sum("loaded"), total: sum("total") }); })));
  return {
    async read(given, wanted, layer, most) {
      const texts = await Promise.all(all.map((one) => one.beginning(given, most))), text = texts.reduce((a, b) => ([...b].length < [...a].length ? b : a));
      const word = Math.min(wanted, wordSpans(text).length - 1);
      return { text, word, readers: await Promise.all(all.map(async (one) => { const found = await one.guess(text, word, layer); return found && { model: one.name, ...found }; })) };
    },
  };
}
