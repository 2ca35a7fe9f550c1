// One sentence, two models: which words may be read for the chosen one, and what each model guesses there.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent, visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { shadeTable } from "../glassbox.lib/shades.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ stop: [] }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-two_readers");
  const words = data.words;
  const shades = shadeTable(root);

  function sentence(reader) {
    return h("div", { class: "sentence" }, ...data.sentence.map((word, i) => {
      const here = i === data.word, seen = reader.visible[i];
      return h("button", { type: "button", class: here ? "word here" : seen ? "word seen" : "word unseen", dir: "auto", "aria-pressed": String(here), title: here ? words.here : seen ? words.seen : words.unseen, "data-word": String(i),
        onclick: () => setStateValue("word", { word: i, rev: data.rev }) }, here ? "?" : word);
    }));
  }
  function matrix(reader) {
    const n = reader.tokens.length;
    const canvas = h("canvas", { width: n, height: n, role: "img", "aria-label": say(words.matrix_label, { model: reader.model, layer: reader.layer }) });
    const context = canvas.getContext("2d"), image = context.createImageData(n, n), pixels = new Uint32Array(image.data.buffer);
    reader.weights.forEach((row, q) => row.forEach((w, k) => { pixels[q * n + k] = shades[Math.round(Math.sqrt(w) * 255)]; }));
    context.putImageData(image, 0, 0);
    const rows = reader.tokens.map((_, q) => q).filter((q) => reader.word_of[q] === data.word);
    const mark = rows.length ? h("span", { class: "mark", style: { top: `${(rows[0] / n) * 100}%`, height: `${(rows.length / n) * 100}%` } }) : null;
    // Above the diagonal nothing may be read: hatched from the first moment, in steps, so that no cell is cut in half.
    const steps = Array.from({ length: n - 1 }, (_, q) => [[q + 1, q], [q + 1, q + 1]]).flat().concat([[n, n - 1], [n, 0]]);
    const closed = reader.causal && n > 1 ? h("span", { class: "closed", "aria-hidden": "true", style: { "clip-path": `polygon(${steps.map(([x, y]) => `${(100 * x / n).toFixed(3)}% ${(100 * y / n).toFixed(3)}%`).join(", ")})` } }) : null;
    const hover = h("p", { class: "hover" }, words.hover);
    const box = h("div", { class: "square", onpointermove: (event) => {
      const area = box.getBoundingClientRect();
      const q = Math.floor((event.clientY - area.top) / area.height * n), k = Math.floor((event.clientX - area.left) / area.width * n);
      if (reader.weights[q]?.[k] === undefined) return;
      hover.textContent = reader.causal && k > q ? say(words.cut, { query: visible(reader.tokens[q]), key: visible(reader.tokens[k]) }) : say(words.weight, { query: visible(reader.tokens[q]), key: visible(reader.tokens[k]), w: num(reader.weights[q][k]) });
    }, onpointerleave: () => { hover.textContent = words.hover; } }, canvas, closed, mark);
    return [h("div", { class: n > 24 ? "plane many" : "plane" }, h("div", { class: "names", style: { "--n": String(n) } }, ...reader.tokens.map((token, q) => h("span", { class: rows.includes(q) ? "on" : "", dir: "auto", title: visible(token) }, visible(token)))), box), hover];
  }
  const reader = (item) => h("section", { class: item.causal ? "reader causal" : "reader both" },
    h("h3", {}, item.model, h("small", {}, ` ${item.causal ? words.causal : words.both}`)), sentence(item),
    h("div", { class: "below" }, h("div", { class: "map" }, h("p", { class: "axes" }, h("span", { class: "is-query" }, `${words.query} ↓`), " ", h("span", { class: "is-key" }, `${words.key} →`), h("small", {}, say(words.mean, { layer: item.layer }))), ...matrix(item)),
      h("div", { class: "guesses" }, h("p", { class: "title" }, item.causal ? words.guess_left : words.guess_both),
        ...item.guesses.map(([text, p]) => h("div", { class: `guess${text === item.first_piece[0] ? " real" : ""}` }, h("code", { dir: "auto" }, visible(text) || "∅"), h("span", { class: "track" }, h("i", { style: { width: `${p * 100}%` } })), h("span", { class: "p", title: String(p) }, percent(p)))),
        h("p", { class: "real-one" }, say(item.word_of.filter((of) => of === data.word).length > 1 ? words.really_piece : words.really, { token: visible(item.first_piece[0]), p: percent(item.first_piece[1]) })))));
  fill(root, h("div", { class: "readers" }, ...data.readers.map(reader)));
  root.dataset.word = String(data.word);

  state.stop.forEach((stop) => stop());
  state.stop = data.readers.map((item, i) => offerPicture(`${item.model}-${i + 1}`, () => {
    const n = item.tokens.length, cell = Math.max(6, Math.min(28, 560 / n)), edge = 120;
    const svg = frame(Math.max(edge + n * cell + 10, 420), 30 + n * cell + 34);
    svg.append(h("text", { x: 10, y: 20 + n * cell + 24, "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${item.model}: ${words.query} ↓ ${words.key} → · ${say(words.mean, { layer: item.layer })}`));
    item.weights.forEach((row, q) => {
      svg.append(h("text", { x: edge - 6, y: 10 + (q + 0.7) * cell, "text-anchor": "end", "font-size": Math.min(13, cell), "font-family": "ui-monospace, monospace", fill: "var(--gb-text)" }, visible(item.tokens[q])));
      row.forEach((w, k) => svg.append(h("rect", { x: edge + k * cell, y: 10 + q * cell, width: cell, height: cell, fill: item.causal && k > q ? "var(--gb-surface)" : "var(--gb-token)", "fill-opacity": item.causal && k > q ? 1 : Math.sqrt(w).toFixed(3) })));
    });
    return svg;
  }));
  return () => { state.stop.forEach((stop) => stop()); state.stop = []; };
});
