// Models that are open in this thread: fetched once, kept by the browser, tried out, then asked. worker.js runs this beside the page.
import { kernel, memory } from "./memory.js";
import { tokenizer } from "./tokenizer.js";
import { openSafetensors } from "./weights.js";

const ARCHITECTURES = { // a page loads only what it runs
  gpt2: async () => (await import("./gpt2.js")).gpt2,
  bert: async () => (await import("./bert.js")).bert,
  bart: async () => (await import("./bart.js")).bart,
};
const decoding = () => import("./decoding.js"), strategies = () => import("./strategies.js"), blocks = () => import("./opened.js");
const opened = new Map(); // folder -> promise of a model
let compiled = null, proven = null; // proven: whether the kernel counts right on this machine; null before the first model

/** What went wrong, as a code that pages put into words: download, broken (files), memory, unsupported, self_test, context, fault (ours). */
export class EngineError extends Error {
  constructor(code, message) { super(message); this.code = code; }
}

/** The bytes of a file whose address names its content: from the browser's store if it is there, else fetched and put there. */
async function fetched(url, { onBytes = () => {}, anew = false } = {}) {
  const store = await self.caches?.open("glassbox-models").catch(() => null); // only where the page is secure: https or localhost
  const kept = anew ? null : await store?.match(url);
  const response = kept ?? await fetch(url, { cache: anew ? "reload" : "force-cache" }).catch((error) => { throw new EngineError("download", String(error)); });
  if (!response.ok) throw new EngineError("download", `${response.status} ${url}`);
  const parts = [], reader = response.body.getReader();
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((error) => { throw new EngineError("download", String(error)); });
    if (done) break;
    parts.push(value);
    onBytes((size += value.length));
  }
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  if (!kept) keep(store, url, bytes).catch(() => {}); // a full disk is no reason to stop
  return bytes;
}

/** Put a file into the store, and take out what it had under an older name of the same folder (name-hash). */
async function keep(store, url, bytes) {
  if (!store) return;
  await store.put(url, new Response(bytes));
  const family = (address) => new URL(address).pathname.replace(/-[0-9a-f]{16}\//, "-/");
  for (const { url: old } of await store.keys()) if (old !== url && family(old) === family(url)) await store.delete(old);
}

/**
 * Open the model in `folder`, an address that ends in "/"; `bytes` is the size of its weights, `tokenizerFolder` where its tokenizer.json is.
 * `files`: {config, words, weights: ArrayBuffer} of a page that holds them in itself.
 * Resolves to what the page may want to know. Rejects with EngineError.
 */
async function open({ folder, tokenizerFolder = folder, bytes = 0, files = null }, progress) {
  if (!opened.has(folder)) {
    opened.set(folder, files ? kernel().then((simd) => build(files.config, files.words, files.weights, simd)) : load(folder, tokenizerFolder, bytes, progress));
    opened.get(folder).catch(() => opened.delete(folder));
  }
  const { config, vocab, slots, fast, special } = await opened.get(folder);
  return { config, vocab, slots, fast: fast(), special: [...special] };
}

async function load(folder, tokenizerFolder, bytes, progress, anew = false) {
  compiled ??= kernel();
  const text = async (url) => {
    const bytes = await fetched(url, { anew });
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch (error) {
      throw new EngineError("broken", error.message);
    }
  };
  try {
    const [config, words, data, simd] = await Promise.all([
      text(`${folder}config.json`), text(`${tokenizerFolder}tokenizer.json`), fetched(`${folder}model.safetensors`, { anew, onBytes: (size) => progress({ loaded: size, total: bytes }) }), compiled,
    ]);
    if (bytes && data.length !== bytes) throw new EngineError("broken", `${data.length} bytes instead of ${bytes}`);
    return await build(config, words, data.buffer, proven === false ? null : simd);
  } catch (error) {
    if (anew || error.code === "unsupported" || error.code === "memory" || error.code === "self_test") throw error;
    return load(folder, tokenizerFolder, bytes, progress, true); // what the browser kept may be the broken half of a download
  }
}

/** Promise of {config, net, split, vocab, slots, special, fast, ...}: a model over the bytes of its files. */
export async function build(config, words, buffer, simd) {
  const make = await ARCHITECTURES[config.model_type]?.();
  if (!make) throw new EngineError("unsupported", config.model_type);
  let file, m, net, split;
  try {
    file = openSafetensors(buffer);
  } catch (error) {
    throw new EngineError("broken", error.message);
  }
  try {
    m = memory(simd, buffer.byteLength); // numbers of two bytes, and as many again for keys, values and the desk; it grows where that is not enough
    net = make(config, file, m);
    split = words && await tokenizer(words);
  } catch (error) {
    throw new EngineError(/memory|allocat|array length|typed array/i.test(error.message) ? "memory" : "unsupported", error.message);
  }
  if (simd && proven === null) proven = m.fast = countsRight(net, m);
  return { config, net, split, vocab: net.vocab, slots: net.slots, special: split?.special ?? [], fast: () => m.fast, seen: [], under: "" };
}

/** One known prompt, with the kernel and without it: eight logits must agree to 1e-3. (Some phones once computed SIMD wrong.) */
function countsRight(net, m) {
  const ids = [13, 110, 207, 304].map((id) => id % net.vocab), run = (fast) => {
    m.fast = fast;
    net.encode?.(ids);
    net.forget?.();
    const { logits } = net.forward(ids, { at: [3] });
    net.forget?.();
    return Array.from({ length: 8 }, (_, k) => logits[Math.floor((k * net.vocab) / 8)]);
  };
  const [wanted, got] = [run(false), run(true)];
  if (!wanted.every(Number.isFinite)) throw new EngineError("self_test", "not numbers");
  return wanted.every((value, k) => Math.abs(value - got[k]) < 1e-3);
}

/**
 * Read `ids` into a model that writes, reusing what it has read of their beginning with the same `off`. With `whole` all of
 * them go through anew, so that what is kept covers every token. Options and result: forward in gpt2.js; `from` is the first row computed.
 */
export function read(model, ids, { whole = false, ...options } = {}) {
  const under = JSON.stringify(options.off ?? {});
  let from = 0;
  if (!whole && !options.mask && under === model.under) while (from < ids.length - 1 && model.seen[from] === ids[from]) from += 1;
  if (ids.length > model.slots) throw new EngineError("context", `${ids.length} tokens, room for ${model.slots}`);
  model.net.forget(from);
  model.seen = []; // until it is done
  const result = model.net.forward(ids.slice(from), options);
  model.seen = options.mask ? [] : [...ids];
  model.under = under;
  return { ...result, from };
}

/** Bits of surprisal of each token but the first, given all before it. */
async function surprisal(model, ids) {
  const { surprisalOf } = await decoding();
  if (ids.length < 2) return new Float64Array(0);
  const { logits } = read(model, ids.slice(0, -1), { whole: true, at: Array.from(ids.slice(1), (_, r) => r) }), { vocab } = model;
  return Float64Array.from(ids.slice(1), (id, r) => surprisalOf(logits.subarray(r * vocab, (r + 1) * vocab), id));
}

// What a page may ask: name -> (model, arguments) -> answer.
const ACTS = {
  prepare: async (_, what) => { await { decoding, strategies, blocks }[what](); }, // what a page will ask for comes while the server is there
  encode: (model, text) => model.split.encode(text),
  template: (model, first, second) => model.split.template(first, second),
  names: (model) => model.split.names,
  read,
  forward(model, ids, options) { model.seen = []; return model.net.forward(ids, options); },
  surprisal,
  lens: (model, residual) => model.net.lens(residual),
  opened: async (model, ids, options) => (await blocks()).opened(model, ids, options),
  pushes: async (model, layer, neurons, count) => (await blocks()).pushes(model, layer, neurons, count),
  layerLens: async (model, streams, count, words) => (await blocks()).layerLens(model, streams, count, words),
  write: async (model, ids, lane, most, seed, ends, picks = []) => (await strategies()).writeWithPicks(model, read, ids, lane, most, seed, ends, picks),
  tell: async (model, ids, text) => (await strategies()).told(model, read, ids, text),
  step: async (model, ids, settings, position, { off, ...options } = {}) => (await decoding()).step(read(model, ids, { off }).logits, settings, position, options),
};

/** Answer one message {name, folder, args}; `progress` is told {loaded, total} in bytes while weights come. Rejects with EngineError. */
export async function answer({ name, folder, args }, progress) {
  try {
    if (name === "open") return await open({ folder, ...args[0] }, progress);
    return await ACTS[name](await opened.get(folder), ...args);
  } catch (error) {
    throw error instanceof EngineError ? error : new EngineError(error instanceof RangeError ? "context" : "fault", `${error.stack ?? error}`);
  }
}
