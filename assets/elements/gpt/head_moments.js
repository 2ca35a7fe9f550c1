// All heads of a model at one moment of its training, small; one of them large, and the same one at every moment.
import { h, fill, words as say } from "../glassbox.lib/dom.js";
import { percent, visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { shadeTable } from "../glassbox.lib/shades.js";
import { compact } from "../glassbox.lib/training.js";
import { living } from "../glassbox.lib/living.js";

const FULL = 255; // attention weights come in 255ths
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

export default living(function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".gb-head_moments");
  const { tokens, layers, heads, head, moments, moment, lang, words: w } = data;
  const n = tokens.length, now = bytes(data.now), through = bytes(data.through), table = shadeTable(root);
  const shown = tokens.map((token) => visible(token));
  const pick = (what) => setStateValue("pick", { ...what, at: Date.now() });

  /** A matrix (query, key), one pixel a weight. */
  function matrix(weights, at) {
    const canvas = h("canvas", { width: n, height: n, "aria-hidden": "true" }), image = new ImageData(n, n);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < n * n; i += 1) pixels[i] = table[weights[at * n * n + i]];
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  const small = h("div", { class: "all", role: "group", "aria-label": w.heads_all, style: { "--heads": heads } },
    ...Array.from({ length: layers * heads }, (_, k) => {
      const name = say(w.head_at, { layer: Math.floor(k / heads), head: k % heads });
      return h("button", { type: "button", class: "one", title: name, "aria-label": name, "aria-pressed": String(k === head), onclick: () => pick({ head: k }) }, matrix(now, k));
    }));

  const row = (weights, at, query) => weights.subarray((at * n + query) * n, (at * n + query + 1) * n);
  const readout = h("p", { class: "readout", "aria-live": "polite" });
  function tell(query) {
    const best = [...row(now, head, query)].map((x, key) => [x / FULL, key]).sort((a, b) => b[0] - a[0]).slice(0, 3).filter(([p]) => p > 0);
    fill(readout, say(w.head_row, { token: shown[query], keys: best.map(([p, key]) => `${shown[key]} ${percent(p)}`).join(", ") }));
  }
  const cells = shown.map((token, query) => h("tr", { onpointerenter: () => tell(query), onclick: () => tell(query) },
    h("th", { scope: "row" }, token),
    ...[...row(now, head, query)].map((x, key) => h("td", { title: `${token} → ${shown[key]}: ${percent(x / FULL)}` }, h("i", {})))));
  const large = h("div", { class: "wide" }, h("table", { "aria-label": say(w.head_at, { layer: Math.floor(head / heads), head: head % heads }) },
    h("thead", {}, h("tr", {}, h("td", {}), ...shown.map((token) => h("th", { scope: "col" }, h("span", {}, token))))), h("tbody", {}, ...cells)));
  large.querySelectorAll("tbody td i").forEach((cell, i) => { const [r, g, b] = colour(table[now[head * n * n + i]]); cell.style.background = `rgb(${r}, ${g}, ${b})`; });

  const line = h("ol", { class: "line", "aria-label": w.head_line }, ...moments.map(([step, read], k) => h("li", {}, h("button", {
    type: "button", class: "then", "aria-current": k === moment ? "step" : null, title: say(w.step_tokens, { step, tokens: read }), onclick: () => pick({ moment: k }),
  }, matrix(through, k), h("small", {}, compact(read, lang))))));

  tell(n - 1);
  fill(root, h("div", { class: "both" },
    h("figure", {}, h("figcaption", {}, w.heads_all), small),
    h("figure", {}, h("figcaption", {}, say(w.head_at, { layer: Math.floor(head / heads), head: head % heads })), large, readout)),
  h("figure", {}, h("figcaption", {}, w.head_line), line));

  function picture() {
    const cell = 26, left = 110, top = 96, svg = frame(left + n * cell + 20, top + n * cell + 20);
    const text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, string);
    shown.forEach((token, i) => svg.append(text(left - 8, top + (i + 0.68) * cell, token, { "text-anchor": "end" }), text(0, 0, token, { transform: `translate(${left + (i + 0.6) * cell}, ${top - 8}) rotate(-60)` })));
    for (let i = 0; i < n * n; i += 1) {
      const [r, g, b] = colour(table[now[head * n * n + i]]);
      svg.append(h("rect", { x: left + (i % n) * cell, y: top + Math.floor(i / n) * cell, width: cell - 1, height: cell - 1, fill: `rgb(${r}, ${g}, ${b})` }));
    }
    return svg;
  }
  return offerPicture("learning-head", picture);
});

const colour = (pixel) => [pixel & 255, (pixel >>> 8) & 255, (pixel >>> 16) & 255];
