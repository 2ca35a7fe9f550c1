// The shares of a few candidates at every moment of a training, one chart for each model.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { full, percent, grouped, visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { INK, DASH, spot, apart, axis, compact } from "../glassbox.lib/training.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ stop: null, watch: null }));

export default living(function ({ data, parentElement }) {
  const state = create(parentElement), root = parentElement.querySelector(".gb-candidate_curves");
  const { models, candidates, words: w } = data;
  const scale = axis(models.flatMap((m) => m.moments.map((x) => x[1])));

  function chart(model, W, H, rem) {
    const left = 2.6 * rem, bottom = H - 1.4 * rem, top = 0.5 * rem, x = scale.place(left + 0.5 * rem, W - 0.7 * rem), y = (p) => bottom - p * (bottom - top);
    const text = (attributes, string) => h("text", { "font-size": 0.8 * rem, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...attributes }, string);
    const now = Math.min(data.current, model.moments.length - 1);
    return [
      ...[0, 0.5, 1].flatMap((p) => [h("line", { x1: left, x2: W, y1: y(p), y2: y(p), stroke: "var(--gb-line)" }), text({ x: left - 0.3 * rem, y: y(p) + 0.28 * rem, "text-anchor": "end" }, p)]),
      ...apart(scale.ticks, x, (n) => compact(n, data.lang), 0.8 * rem).map((n) => text({ x: x(n), y: H - 0.25 * rem, "text-anchor": "middle" }, compact(n, data.lang))),
      h("line", { x1: x(model.moments[now][1]), x2: x(model.moments[now][1]), y1: top, y2: bottom, stroke: "var(--gb-quiet)" }),
      ...candidates.flatMap((word, c) => [
        h("polyline", { points: model.moments.map((m, k) => `${x(m[1]).toFixed(1)},${y(model.shares[k][c]).toFixed(1)}`).join(" "), fill: "none", stroke: INK[c], "stroke-width": 2.5, "stroke-dasharray": DASH[c] }),
        spot(c, x(model.moments[now][1]), y(model.shares[now][c]), 0.4 * rem)]),
    ];
  }

  const panels = models.map((model) => {
    const now = Math.min(data.current, model.moments.length - 1), [step, tokens] = model.moments[now];
    const svg = h("svg", { class: "chart", role: "img", "aria-label": `${model.name}: ${candidates.map((word, c) => `${word} ${percent(model.shares[now][c])}`).join(", ")}` });
    const keys = h("ul", {}, ...candidates.map((word, c) => h("li", { title: full(model.shares[now][c]) },
      h("svg", { class: "mark", viewBox: "0 0 36 16", "aria-hidden": "true" }, h("line", { x1: 0, x2: 36, y1: 8, y2: 8, stroke: INK[c], "stroke-width": 3, "stroke-dasharray": DASH[c] }), spot(c, 18, 8, 6)),
      h("b", {}, word), h("small", {}, model.pieces[c].length > 1 ? say(w.pieces_of, { pieces: model.pieces[c].map((piece) => visible(piece)).join(" ") }) : ""), h("span", { class: "p" }, percent(model.shares[now][c])))));
    return { model, svg, node: h("section", {}, h("h3", {}, `${model.name} `, h("small", {}, say(w.step_tokens, { step: grouped(step), tokens: grouped(tokens) }))), svg, keys) };
  });
  const head = (row) => h("tr", {}, ...row.map((name) => h("th", { scope: "col" }, name)));
  const rows = models.flatMap((m) => m.moments.map((moment, k) => h("tr", {}, h("td", {}, m.name), h("td", {}, grouped(moment[0])), h("td", {}, grouped(moment[1])), ...m.shares[k].map((p) => h("td", { title: full(p) }, percent(p))))));
  fill(root, h("p", { class: "sentence" }, data.sentence[0], h("span", { class: "blank" }, w.blank), data.sentence[1]), h("div", { class: "panels" }, ...panels.map((p) => p.node)),
    h("details", {}, h("summary", {}, w.own_table), h("div", { class: "wide" }, h("table", {}, h("thead", {}, head([w.table_model, w.table_step, w.table_tokens, ...candidates])), h("tbody", {}, ...rows)))));
  const draw = () => {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    for (const { model, svg } of panels) {
      const { width, height } = svg.getBoundingClientRect();
      if (width > 0) { svg.setAttribute("viewBox", `0 0 ${width} ${height}`); fill(svg, ...chart(model, width, height, rem)); }
    }
  };
  draw();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(draw);
  state.watch.observe(panels[0].svg);
  state.stop?.();
  state.stop = offerPicture("learning-own", () => {
    const W = 460, svg = frame(models.length * W, 300 + 24 * candidates.length), text = (x, y, string) => h("text", { x, y, "font-size": 15, "font-family": "sans-serif", fill: "var(--gb-text)" }, string);
    svg.append(text(10, 22, data.sentence.join("___")));
    models.forEach((model, k) => svg.append(h("g", { transform: `translate(${k * W}, 34)` }, text(40, 16, model.name), h("g", { transform: "translate(0, 20)" }, ...chart(model, W - 20, 230, 15)))));
    candidates.forEach((word, c) => svg.append(spot(c, 48, 310 + 24 * c, 6), text(64, 315 + 24 * c, word)));
    return svg;
  });
  return () => { state.stop?.(); state.watch?.disconnect(); };
});
