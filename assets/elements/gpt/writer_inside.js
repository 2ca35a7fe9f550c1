// What goes on inside the model at the step on screen: attention of the last position, the logit lens, tokens and bytes. The text is the one that
// writer.js shows. The engine looks once it is there, until then the server does; what is measured on its machine it always draws itself, below.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, visible, full, grouped } from "../glassbox.lib/format.js";
import { offerPicture } from "../glassbox.lib/pictures.js";
import { strip } from "./attention_strip.js";
import { connected, onConnection } from "../glassbox.lib/connection.js";
import { living } from "../glassbox.lib/living.js";
import { local } from "../glassbox.lib/local.js";
import { inside } from "../glassbox.lib/sources/inside.js";
import { view } from "../glassbox.lib/view.js";
import { characters } from "./characters.js";

const PANELS = [["nothing", "panel_none"], ["attention", "panel_attention"], ["lens", "panel_lens"], ["cache", "panel_cache"], ["tokens", "panel_prompt"]];

const create = instances(() => ({ view: view("gpt"), layer: null, head: "mean", asked: 0, found: null }));
const shownText = (s) => s.view.shown ?? null; // what the writer shows
const alone = () => Boolean(globalThis.glassboxModels); // a file with its model, without a server
/** What the panel is of: the text, and the token that was chosen after it. */
const nameOf = (panel, ids, chosen) => JSON.stringify([panel, ids, panel === "lens" ? chosen : null]);

/** Let the engine look at the step on screen; only the newest question is drawn. */
async function compute(s) {
  const asked = s.asked += 1, panel = s.view.state.inside, shown = shownText(s);
  if (!shown?.entries.length || !["attention", "lens"].includes(panel)) { draw(s); return; }
  const entries = shown.entries.slice(-shown.limit), ids = entries.map((entry) => entry[1]), of = nameOf(panel, ids, shown.chosen?.id ?? null);
  const about = { of, panel, tokens: entries.map((entry) => entry[0]), chosen: shown.chosen?.text ?? null }, { source } = s.local, { found } = s.data;
  if (found && nameOf(found.panel, found.ids, found.chosen) === of) s.found = { ...about, answer: found.lens ?? served(found.attention) };
  if (s.found?.of === of) { draw(s); return; }
  s.local.open(s.data.files);
  draw(s);
  if (!source) return; // the server answers, or the model is on its way
  try {
    const answer = panel === "lens" ? await source.lens(ids, shown.chosen?.id ?? null) : await source.attention(ids);
    if (asked !== s.asked || !s.root.isConnected) return;
    s.found = { ...about, answer };
    draw(s);
  } catch (error) { if (asked === s.asked) s.local.fail(error); }
}
const served = ({ shape, weights }) => ({ shape, weight: (layer, head, key) => weights[(layer * shape[1] + head) * shape[2] + key] });

// -- the panels --------------------------------------------------------------------------------------------------------------------------

function lens(s, { answer, chosen }) {
  const w = s.say, token = chosen === null ? "" : visible(chosen) || "∅";
  const bar = (p, kind) => h("td", { title: full(p) }, h("span", { class: `fill ${kind}`, style: { width: `${(100 * p).toFixed(1)}%` } }), h("span", { class: "value" }, num(p)));
  return [
    h("div", { class: "wide" }, h("table", {}, h("thead", {}, h("tr", {}, ...[w.lens_layer, w.lens_top, w.probability_table, say(w.lens_rank, { token }), say(w.lens_p, { token })].map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, ...answer.map((row, done) => h("tr", {}, h("th", { scope: "row" }, done ? String(done - 1) : w.lens_embedding), h("td", { class: "mono" }, visible(row.top) || "∅"), bar(row.p, ""), h("td", {}, grouped(row.rank)), bar(row.own, "key")))))),
    h("p", { class: "caption" }, say(w.lens_caption, { model: s.data.model, token })),
  ];
}

function tokens(s, { entries }) {
  const hex = (entry) => entry[3] ? entry[3].match(/../g).join(" ") : Array.from(new TextEncoder().encode(entry[0]), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return [
    h("div", { class: "cells" }, ...characters(entries).map((group) => {
      const parts = entries.slice(group.from, group.to);
      return h("span", { class: "cell" }, h("b", { class: "mono" }, visible(group.text) || "∅"), h("span", {}, `id ${parts.map((entry) => entry[1]).join(" ")}`), h("span", { class: "mono" }, parts.map(hex).join(" | ")));
    })),
    h("p", { class: "caption" }, s.say.bytes_caption),
  ];
}

function draw(s) {
  const w = s.say, panel = s.view.state.inside, shown = shownText(s), focused = s.root.getRootNode().activeElement?.dataset?.panel;
  fill(s.chooser, h("span", { class: "name" }, w.inside), h("span", { class: "looks", role: "radiogroup", "aria-label": w.inside }, ...PANELS.map(([name, word]) => h("button", { type: "button", role: "radio", "data-panel": name, "aria-checked": String(name === panel), onclick: () => { if (name !== s.view.state.inside) s.view.change({ inside: name }, "inside"); } }, w[word]))));
  if (focused) s.chooser.querySelector(`[data-panel="${focused}"]`)?.focus();
  s.stop?.();
  s.stop = null;
  const shownOf = shown && nameOf(panel, shown.entries.slice(-shown.limit).map((entry) => entry[1]), shown.chosen?.id ?? null);
  const title = { attention: w.attention_title, lens: w.lens_title, tokens: w.bytes_title }[panel], found = s.found?.panel === panel ? s.found : null;
  if (panel === "cache") fill(s.body, alone() || !connected() ? h("p", { class: "none" }, w.cache_server) : null);
  else if (!title || !shown) fill(s.body);
  else if (panel === "tokens") fill(s.body, h("h4", {}, title), ...tokens(s, shown));
  else if (panel === "lens") fill(s.body, h("h4", {}, title), ...(found ? lens(s, found) : []));
  else {
    const box = h("div", { class: "gb-attention_strip" });
    fill(s.body, h("h4", {}, title), box);
    if (found) s.stop = offerPicture("last-attention", strip(s, box, { ...found.answer, tokens: found.tokens, words: w, model: s.data.model }));
  }
  s.root.classList.toggle("waiting", Boolean(found) && found.of !== shownOf);
  drawWhere(s);
}

function drawWhere(s) {
  const [, progress] = s.local.line(s.say);
  fill(s.where, s.local.note(s.say), progress);
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-writer_inside");
  if (s.data && s.data.files?.folder !== data.files?.folder) { s.local.drop(); s.found = null; }
  s.data = data;
  s.say = data.words;
  if (s.root !== root) {
    s.root = root;
    s.chooser = h("div", { class: "chooser" });
    s.body = h("div", { class: "body" });
    s.where = h("div", { class: "where" });
    fill(root, s.chooser, s.body, s.where);
  }
  if (!data.files) { fill(s.chooser); fill(s.body); return () => {}; } // a file without a model
  s.local ??= local({ make: inside, ready: () => compute(s), failed: () => draw(s), changed: () => drawWhere(s) });
  s.view.adopt(data.rev, data.state);
  compute(s);
  s.unlisten?.();
  const stops = [s.view.listen((_, from) => { if (s.root.isConnected && from !== "python") compute(s); }), onConnection(() => draw(s))];
  s.unlisten = () => stops.forEach((stop) => stop());
  return () => { s.stop?.(); s.unlisten?.(); s.stop = s.unlisten = null; };
});
