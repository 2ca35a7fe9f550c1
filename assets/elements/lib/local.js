// A bundled model in the reader's browser as the source of what an element draws: opened when it is needed, given up when it fails. Then the
// server goes on; a page that carries its models has none, and shows what was recorded (take_home.js).
import { h, words as say } from "./dom.js";

/**
 * local({make, ready, failed, changed}) -> {source, refused, open, drop, fail, line, note}
 *
 * make(files, onProgress): promise of the source (lib/engine). ready(): it is there. failed(had): the server has to go on; `had` is the
 * source that failed, or null if it never came.
 * changed(): what `line` and `note` say is another. refused: whether the browser tried and cannot.
 */
export function local({ make, ready, failed, changed }) {
  let folder = null, progress = null, trouble = null;
  const me = {
    source: null,
    get refused() { return trouble !== null; },
    /** Begin to load the model whose files these are; once. */
    open(files) {
      if (!files || files.folder === folder) return;
      me.drop();
      folder = files.folder;
      const mine = () => folder === files.folder;
      make(files, (now) => { if (mine()) { progress = now; changed(); } }).then((source) => {
        if (!mine()) return;
        progress = null;
        me.source = source;
        changed();
        ready();
      }, (error) => { if (mine()) me.fail(error); });
    },
    /** Another model is on the page. */
    drop() { folder = null; progress = null; trouble = null; me.source = null; },
    fail(error) {
      const had = me.source;
      trouble = error.code ?? "fault";
      if (trouble === "fault") console.error(error); // no reader can know more of it
      globalThis.glassboxModels?.failed(trouble);
      progress = null;
      me.source = null;
      changed();
      failed(had);
    },
    /** Where it was computed, and how much of the model has arrived. */
    line(w) {
      const total = progress?.total || 1, megabytes = (n) => (n / 1e6).toFixed(1);
      return [me.source ? w.where_browser : w.where_server, progress ? h("span", { class: "progress" }, h("progress", { max: String(total), value: String(progress.loaded) }), say(w.engine_loading, { loaded: megabytes(progress.loaded), total: megabytes(total) })) : null];
    },
    /** Why the browser does not compute; null if it can. */
    note(w) { return trouble ? h("p", { class: "note" }, say(w.engine_failed, { reason: w[`engine_${trouble}`] ?? w.engine_fault })) : null; },
  };
  return me;
}
