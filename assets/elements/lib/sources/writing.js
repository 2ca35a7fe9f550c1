// The text that a bundled model writes under a reader's settings, in the shape in which the server sends it (components/lm/gpt/written.py).
import { model } from "../engine/engine.js";
import { LETTERS } from "../engine/letters.js";

const RESERVE = 64; // tokens of the context that a long beginning leaves free for writing
const BYTES = new Map(LETTERS.map((letter, byte) => [letter, byte]));
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

/** {text, partial}: what a token adds to the text; bytes that are no whole character are written \xec, and `partial` has them all. */
export function spelled(name, special) {
  const letters = [...name];
  if (special || !letters.every((letter) => BYTES.has(letter))) return { text: name, partial: "" };
  const bytes = Uint8Array.from(letters, (letter) => BYTES.get(letter));
  try {
    return { text: strict.decode(bytes), partial: "" };
  } catch { /* part of a character */ }
  let text = "";
  for (let at = 0; at < bytes.length;) {
    let length = 4;
    for (; length > 0; length--) {
      try { if (at + length <= bytes.length) { text += strict.decode(bytes.subarray(at, at + length)); break; } } catch { /* shorter */ }
    }
    if (!length) text += `\\x${hex([bytes[at]])}`;
    at += length || 1;
  }
  return { text, partial: hex(bytes) };
}

/**
 * Promise of {text, limit}, once the model is there. text(settings, from) begins a text.
 *
 * settings: {prompt, do_sample, temperature, top_k, top_p, seed, picks, ties}; picks: Map of a step (from 1) to the token taken there by hand;
 * ties: the same of tokens that a link carries where rounding decides.
 * from: {prompt, line, details, dropped, empty}, what is known of it already, for example from the server. Rejects with EngineError.
 */
export async function writer(files, onProgress) {
  const m = model(files), { config, slots } = await m.open(onProgress), names = await m.ask("names");
  const special = new Set((await m.open()).special), ends = config.eos_token_id, tokens = new Map();
  await m.ask("prepare", "decoding");
  const token = (id) => { if (!tokens.has(id)) tokens.set(id, spelled(names[id] ?? "", special.has(id))); return tokens.get(id); };
  const entry = (id, bits, how) => [token(id).text, id, bits === null ? null : Math.round(bits * 1e4) / 1e4, token(id).partial, how];

  function text(settings, from = null) {
    const me = { prompt: from?.prompt ?? null, line: from?.line ?? [], details: from?.details ?? new Map(), dropped: from?.dropped ?? 0, empty: from?.empty ?? false, limit: slots, stop: null, alive: true, tell: () => {}, grow, detail };
    const ids = (count) => [...me.prompt, ...me.line.slice(0, count)].map((e) => e[1]);
    let growing = null, goal = 0;
    stopped();

    async function begin() {
      const all = settings.prompt ? (await m.ask("encode", settings.prompt)).ids : [];
      me.empty = !all.length;
      if (me.empty) all.push(config.bos_token_id ?? ends);
      const read = all.slice(-(slots - Math.min(RESERVE, slots >> 1)));
      me.dropped = all.length - read.length;
      const bits = await m.ask("surprisal", read);
      me.prompt = read.map((id, i) => entry(id, i ? bits[i - 1] : null, "prompt"));
    }

    function stopped() {
      const end = me.line.at(-1);
      me.stop = end && end[1] === ends ? "end_of_text" : me.prompt && me.prompt.length + me.line.length > slots ? "context_full" : null;
    }

    async function made(at) { // the step after `at` written tokens
      const before = ids(at), tied = settings.picks.has(at + 1) ? null : settings.ties.get(at + 1) ?? null;
      const done = await m.ask("step", before, settings, before.length, { tokenId: settings.picks.get(at + 1) ?? tied });
      if (tied !== null) { done.chosen.how = "tie"; done.tie = true; }
      done.texts = done.ids.map((id) => token(id).text);
      done.logits = done.logits.map((x) => Math.round(x * 1e6) / 1e6);
      done.chosen.text = token(done.chosen.id).text;
      me.details.set(at, done);
      return done;
    }

    /** Write on until `until` tokens are there or the text ends; me.tell() is called after each. */
    async function grow(until) {
      goal = Math.max(goal, until);
      growing ??= (async () => {
        if (!me.prompt) await begin();
        while (me.alive && !me.stop && me.line.length < goal) {
          const { chosen } = await made(me.line.length);
          me.line = [...me.line, entry(chosen.id, chosen.surprisal_bits, chosen.how)];
          stopped();
          me.tell();
        }
      })().finally(() => { growing = null; });
      return growing;
    }
    /** The candidates of a step that is written but was not sent with them. */
    async function detail(at) { return me.details.get(at) ?? (at < me.line.length ? made(at) : undefined); }
    return me;
  }
  return { text, limit: slots };
}
