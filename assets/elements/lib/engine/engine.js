// The bundled models in the reader's own browser, as promises. One thread and one copy of a model for all elements of a page.

/** Models that the page holds in itself, {worker(), files(folder)}, where no server stands behind it (assets/elements/take_home.js). */
const carried = () => globalThis.glassboxModels;

let thread = null; // promise of ask(message, progress)

/** A worker if the browser lets us have one, else the same code on the page's own thread. */
function start() {
  return new Promise((resolve) => {
    const inline = () => import("./models.js").then(({ answer }) => resolve(answer));
    let worker;
    try {
      worker = carried()?.worker() ?? new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    } catch {
      inline();
      return;
    }
    const waiting = new Map();
    let count = 0;
    worker.onerror = () => { worker.terminate(); waiting.forEach(({ reject }) => reject(Object.assign(new Error("the engine stopped"), { code: "memory" }))); waiting.clear(); thread = null; inline(); };
    worker.onmessage = ({ data: { id, ready, progress, result, error } }) => {
      if (ready) { resolve((message, onProgress) => new Promise((yes, no) => { waiting.set((count += 1), { resolve: yes, reject: no, onProgress }); worker.postMessage({ id: count, ...message }); })); return; }
      const asked = waiting.get(id);
      if (progress) { asked.onProgress?.(progress); return; }
      waiting.delete(id);
      if (error) asked.reject(Object.assign(new Error(error.message), { code: error.code }));
      else asked.resolve(result);
    };
  });
}
const ask = async (message, onProgress) => (await (thread ??= start()))(message, onProgress);

const models = new Map();

/**
 * model({folder, tokenizerFolder, bytes}) -> {open, opened, ask}
 *
 * folder: where the files are, from the folder that holds all elements ("glassbox.pocket-gpt-0123456789abcdef/"), or a whole address.
 * open(onProgress): promise of {config, vocab, slots, fast, special}; starts the download at the first call. opened: whether that is done.
 * ask(name, ...args): promise of an answer of models.js (ACTS). Errors carry `code`.
 */
export function model({ folder, tokenizerFolder = folder, bytes = 0 }) {
  const address = (path) => (path.includes("://") ? path : new URL(`../../${path}`, import.meta.url).href), home = address(folder);
  if (!models.has(home)) {
    const listeners = new Set(), me = {
      opened: false,
      promise: null,
      open(onProgress) {
        if (onProgress) listeners.add(onProgress);
        me.promise ??= (async () => ask({ name: "open", folder: home, args: [{ tokenizerFolder: address(tokenizerFolder), bytes, files: await carried()?.files(home) }] }, (p) => listeners.forEach((tell) => tell(p))))();
        me.promise.then(() => { me.opened = true; }, () => { me.promise = null; });
        return me.promise;
      },
      ask: async (name, ...args) => { await me.open(); return ask({ name, folder: home, args }); },
    };
    models.set(home, me);
  }
  return models.get(home);
}
