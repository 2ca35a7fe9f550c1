// Two ways to say where a token stands, side by side: sine and cosine, and a table a model has learned.
//
// Positions run to the right in every chart of a panel, so one vertical line is the chosen position in all of them.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full } from "../glassbox.lib/format.js";
import { unpack } from "../glassbox.lib/packed.js";
import { signedTable, paint, asImage } from "../glassbox.lib/signed.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame, legendBelow } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, position: 0, dim: 0, view: "curve", stepper: null, offers: [], report: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-position_tables");
  const model = unpack(data);
  const w = model.words;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== model.rev) { state.rev = model.rev; Object.assign(state, { position: model.start.position, dim: model.start.dim, view: model.start.view }); }
  const count = model.positions;
  state.position = Math.min(state.position, count - 1);
  const tell = () => state.report({ position: state.position, dim: state.dim, view: state.view, rev: state.rev });
  const shades = signedTable(root);

  const panels = model.panels.map((info) => {
    const { shape: [rows, width], data: numbers } = model.arrays[info.name];
    const at = (position, dim) => numbers[position * width + dim];
    let range = info.range ?? 0;
    if (!range) { const sorted = Float32Array.from(numbers, Math.abs).sort(); range = sorted[Math.floor(sorted.length * 0.99)] || 1; }
    const norms = Float64Array.from({ length: rows }, (_, p) => { let n = 0; for (let d = 0; d < width; d += 1) n += at(p, d) ** 2; return Math.sqrt(n); });
    const dot = (a, b) => { let n = 0; for (let d = 0; d < width; d += 1) n += at(a, d) * at(b, d); return n; };
    const cosine = (a, b) => (norms[a] && norms[b] ? dot(a, b) / norms[a] / norms[b] : 0);
    return { ...info, rows, width, at, range, norms, dot, cosine };
  });

  const box = new Map();
  const stack = (panel) => {
    const parts = {
      map: h("canvas", { class: "map", tabindex: "-1" }), over: h("svg", { class: "over", preserveAspectRatio: "none", viewBox: "0 0 1 1" }),
      wave: h("svg", { class: "plot wave" }), curve: h("svg", { class: "plot curve" }), square: h("canvas", { class: "square" }), squareOver: h("svg", { class: "over", preserveAspectRatio: "none", viewBox: "0 0 1 1" }),
      waveTitle: h("div", { class: "plot-title" }), curveTitle: h("div", { class: "plot-title" }), foot: h("div", { class: "panel-foot" }), legend: h("span", { class: "legend" }),
    };
    box.set(panel.name, parts);
    const pick = (event, square) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const area = event.currentTarget.getBoundingClientRect();
      const x = Math.floor(((event.clientX - area.left) / area.width) * count), y = (event.clientY - area.top) / area.height;
      state.position = Math.min(Math.max(x, 0), count - 1);
      if (!square) state.dim = Math.min(Math.max(Math.floor(y * panel.width), 0), panel.width - 1);
      refresh(); tell();
    };
    const hover = (event) => {
      const area = event.currentTarget.getBoundingClientRect();
      const p = Math.min(Math.max(Math.floor(((event.clientX - area.left) / area.width) * count), 0), count - 1), d = Math.min(Math.max(Math.floor(((event.clientY - area.top) / area.height) * panel.width), 0), panel.width - 1);
      map.title = say(w.cell, { p, d, value: full(panel.at(p, d)) });
    };
    const map = h("div", { class: "map-box", onpointerdown: (e) => pick(e, false), onpointermove: (e) => { pick(e, false); hover(e); } }, parts.map, parts.over);
    const square = h("div", { class: "square-box", onpointerdown: (e) => pick(e, true), onpointermove: (e) => pick(e, true) }, parts.square, parts.squareOver);
    paint(parts.map, count, panel.width, (x, y) => panel.at(x, y), panel.range, shades);
    parts.map.setAttribute("role", "img");
    parts.map.setAttribute("aria-label", say(w.map_label, { name: panel.title, rows: count, width: panel.width }));
    fill(parts.legend, h("span", { class: "ramp" }), h("span", {}, `−${num(panel.range)} … ${num(panel.range)}`));
    return h("section", { class: "panel", "data-panel": panel.name },
      h("header", {}, h("h3", {}, panel.title), h("span", { class: "about", title: panel.about }, panel.about), parts.legend),
      h("div", { class: "map-row" }, h("span", { class: "axis-y" }, w.dimension), map),
      h("div", { class: "charts" }, parts.waveTitle, parts.wave, parts.curveTitle, state.view === "matrix" ? square : parts.curve),
      h("div", { class: "axis-x" }, h("span", {}, "0"), h("span", {}, w.position), h("span", {}, count - 1)),
      parts.foot);
  };

  /** A curve over the positions with the chosen one marked. */
  function plot(svg, values, low, high, role) {
    const W = 400, H = 60, x = (p) => ((p + 0.5) / count) * W, y = (v) => H - 3 - ((v - low) / (high - low || 1)) * (H - 6);
    svg.setAttribute("viewBox", `0 0 ${W} ${H}`); svg.setAttribute("preserveAspectRatio", "none");
    const zero = low < 0 && high > 0 ? h("line", { x1: 0, x2: W, y1: y(0), y2: y(0), class: "zero" }) : null;
    fill(svg, ...[zero, h("polyline", { points: values.map((v, p) => `${x(p).toFixed(1)},${y(v).toFixed(1)}`).join(" "), class: "line", style: { stroke: `var(--gb-${role})` } }),
      h("line", { x1: x(state.position), x2: x(state.position), y1: 0, y2: H, class: "chosen" })].filter(Boolean));
  }

  function clocks(panel) {
    const pairs = panel.width / 2, shown = Math.min(pairs, 8);
    const list = Array.from({ length: shown }, (_, i) => Math.round((i * (pairs - 1)) / Math.max(shown - 1, 1)));
    return h("div", { class: "clocks", role: "group", "aria-label": w.clocks }, h("span", { class: "clocks-label" }, w.clocks_label), ...list.map((i) => {
      const angle = state.position * model.frequencies[i];
      const on = Math.floor(state.dim / 2) === i;
      const turns = 2 * Math.PI / model.frequencies[i];
      return h("button", { type: "button", class: on ? "clock on" : "clock", title: say(w.clock, { a: 2 * i, b: 2 * i + 1, n: num(turns) }), "aria-label": say(w.clock, { a: 2 * i, b: 2 * i + 1, n: num(turns) }), onclick: () => { state.dim = 2 * i; refresh(); tell(); } },
        h("svg", { viewBox: "-22 -22 44 44", "aria-hidden": "true" }, h("circle", { r: 20, class: "face" }), h("line", { x1: 0, y1: 0, x2: (18 * Math.cos(angle)).toFixed(2), y2: (-18 * Math.sin(angle)).toFixed(2), class: "hand" }), h("circle", { r: 2, class: "pin" })),
        h("span", {}, num(turns)));
    }));
  }

  function refresh() {
    for (const panel of panels) {
      const parts = box.get(panel.name), p = state.position, d = Math.min(state.dim, panel.width - 1);
      const mark = (svg, both) => fill(svg, h("rect", { x: p / count, y: 0, width: 1 / count, height: 1, class: "chosen-box" }), both ? h("rect", { x: 0, y: d / panel.width, width: 1, height: 1 / panel.width, class: "dim-box" }) : h("rect", { x: 0, y: p / count, width: 1, height: 1 / count, class: "chosen-box" }));
      mark(parts.over, true);
      const column = Array.from({ length: count }, (_, i) => panel.at(i, d));
      const most = Math.max(...column.map(Math.abs), 1e-9);
      plot(parts.wave, column, -most, most, "token");
      parts.waveTitle.replaceChildren(say(w.wave_title, { d }), " ", h("b", {}, num(panel.at(p, d))));
      parts.waveTitle.title = full(panel.at(p, d));
      const similar = Array.from({ length: count }, (_, i) => (model.measure === "dot" ? panel.dot(p, i) : panel.cosine(p, i)));
      if (state.view === "matrix") {
        mark(parts.squareOver, false);
      } else {
        const low = Math.min(0, ...similar), high = Math.max(...similar);
        plot(parts.curve, similar, low, high, "position");
      }
      parts.curveTitle.replaceChildren(say(model.measure === "dot" ? w.dot_title : w.cosine_title, { p }), " ", ...[1, 4, 16].filter((n) => p + n < count).map((n) => h("span", { class: "near", title: say(w.step, { p: p + n }) }, `+${n}: ${num(similar[p + n])}`)));
      if (panel.name === "sinusoids") {
        const i = Math.floor(d / 2), f = d % 2 ? "cos" : "sin";
        fill(parts.foot, clocks(panel), h("p", { class: "formula" }, `PE(${p}, ${d}) = ${f}(${p} / 10000^(${2 * i}/${panel.width})) = ${f}(${num(p * model.frequencies[i])}) = `, h("b", {}, num(panel.at(p, d)))));
      } else {
        const like = (i) => (model.measure === "dot" ? panel.dot(p, i) : panel.cosine(p, i)); // the measure of the curve above
        const order = Array.from({ length: count }, (_, i) => i).filter((i) => i !== p).sort((a, b) => like(b) - like(a)).slice(0, 5);
        fill(parts.foot, h("p", { class: "learned" }, say(model.measure === "dot" ? w.nearest_dot : w.nearest_cosine, { p }), " ", ...order.map((i) => h("button", { type: "button", class: "chip", onclick: () => { state.position = i; refresh(); tell(); } }, i, h("small", {}, num(like(i)))))),
          h("p", { class: "formula" }, say(w.length, { p, n: num(panel.norms[p]) }), " ", panel.note));
      }
    }
    state.stepper.set({ step: state.position, last: count - 1 });
    slider.max = String(Math.max(...panels.map((panel) => panel.width)) - 1);
    slider.value = String(state.dim);
    shown.textContent = String(state.dim);
    slider.setAttribute("aria-valuetext", String(state.dim));
  }

  const slider = h("input", { type: "range", min: "0", "aria-label": w.dimension, class: "dim", oninput: () => { state.dim = Number(slider.value); refresh(); tell(); } });
  const shown = h("output", { class: "dim-shown" });
  const toggle = h("div", { class: "views", role: "group", "aria-label": w.view }, ...["curve", "matrix"].map((view) => h("button", { type: "button", class: "view", "aria-pressed": String(state.view === view), onclick: () => { state.view = view; build(); tell(); } }, w[`view_${view}`])));
  state.stepper?.destroy();
  state.stepper = stepper({ words: model.stepper, label: (step) => say(w.step, { p: step }), onMove: (step) => { state.position = step; refresh(); tell(); } });

  function build() {
    [...toggle.children].forEach((node, i) => node.setAttribute("aria-pressed", String(state.view === ["curve", "matrix"][i])));
    fill(root, h("div", { class: "bar" }, h("div", { class: "grow" }, state.stepper.node), h("label", { class: "dim-label" }, w.dimension, slider, shown), toggle),
      h("div", { class: "panels" }, ...panels.map(stack)));
    // More dimensions than pixels: let the browser average instead of dropping rows.
    for (const panel of panels) box.get(panel.name).map.classList.toggle("fine", panel.width > box.get(panel.name).map.clientHeight);
    if (state.view === "matrix") for (const panel of panels) {
      const most = model.measure === "dot" ? Math.max(...panel.norms.map((n) => n * n)) : 1;
      paint(box.get(panel.name).square, count, count, (x, y) => (model.measure === "dot" ? panel.dot(x, y) : panel.cosine(x, y)), most, shades);
    }
    refresh();
  }
  build();

  state.offers.forEach((stop) => stop());
  state.offers = panels.map((panel) => offerPicture(panel.name, () => {
    const svg = frame(900, 420);
    svg.append(h("text", { x: 20, y: 28, "font-size": 18, "font-weight": 700, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${panel.title}: ${panel.about}`),
      asImage(box.get(panel.name).map, 60, 45, 820, 330),
      h("text", { x: 470, y: 402, "font-size": 14, "text-anchor": "middle", "font-family": "sans-serif", fill: "var(--gb-quiet)" }, `${w.position} 0 – ${count - 1}`),
      h("text", { x: 40, y: 210, "font-size": 14, "text-anchor": "middle", "font-family": "sans-serif", fill: "var(--gb-quiet)", transform: "rotate(-90 40 210)" }, `${w.dimension} 0 – ${panel.width - 1}`),
      h("rect", { x: 60 + (state.position / count) * 820, y: 45, width: 820 / count, height: 330, fill: "none", stroke: "var(--gb-key)", "stroke-width": 2 }));
    return legendBelow(svg, [[{ fill: "var(--gb-div-0)" }, `−${num(panel.range)}`], [{ fill: "var(--gb-div-3)", stroke: "var(--gb-line)" }, "0"], [{ fill: "var(--gb-div-6)" }, num(panel.range)]], 60);
  }));
  return () => { state.offers.forEach((stop) => stop()); state.stepper?.destroy(); };
});
