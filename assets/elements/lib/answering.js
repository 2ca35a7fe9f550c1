// The frame of an element that lets a model answer: its three places, the model in this browser, and the view kept for the page.
import { h, fill } from "./dom.js";
import { kept } from "./kept.js";
import { local } from "./local.js";

/**
 * answering(s, root, ask): give `s` its root with s.notes, s.picture and s.where, its s.local (local.js) and its s.keeper (kept.js). Safe to call
 * at every run: what is there stays. `s` holds s.view and, before anything moves, s.data with the params of the link.
 *
 * make(files, onProgress), ready(), changed(): see local.js; when the model fails, Python hears of it. tell(), moved(before, from): see kept.js.
 * able(): whether the browser answers without a model, too. own: a press on the element itself is no reason to report before the hand rests.
 */
export function answering(s, root, { make, ready, changed, tell, moved, able = () => false, own = true }) {
  if (s.root !== root) {
    Object.assign(s, { root, notes: h("div", { role: "status" }), picture: h("div", { class: "picture" }), where: h("p", { class: "where gb-caption" }) });
    fill(root, s.notes, s.picture, s.where);
  }
  s.local ??= local({ make, ready, failed: () => s.keeper.report(), changed });
  s.keeper ??= kept({
    view: s.view, params: () => s.data.params, here: () => Boolean(s.local.source) || able(), tell, moved,
    mine: (event) => event.composedPath().some((node) => (own && node === s.root) || node.classList?.contains("gb-page_fields")),
  });
}
