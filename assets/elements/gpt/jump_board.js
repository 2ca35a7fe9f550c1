// One training from its start: accuracy, where each head looks, and the loss, against tokens read; moments to go to.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num } from "../glassbox.lib/format.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame, wrapped } from "../glassbox.lib/pictures.js";
import { INK, DASH, spot, apart, axis, compact } from "../glassbox.lib/training.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, moment: 0, stops: [], report: null, watch: null, reading: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-jump_board");
  const { tokens, panels, moments, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) { state.rev = data.rev; state.moment = data.start; }
  state.moment = Math.min(state.moment, Math.max(0, moments.length - 1));
  const scale = axis(data.span), here = () => (moments.length ? moments[state.moment].tokens : tokens[tokens.length - 1] ?? 0);
  const nearest = (n) => tokens.reduce((best, t, i) => (Math.abs(t - n) < Math.abs(tokens[best] - n) ? i : best), 0);
  const at = () => (state.reading ?? nearest(here()));

  function draw(panel, W, H, rem) {
    const left = 2.2 * rem, edge = W - 0.8 * rem, top = 0.5 * rem, bottom = H - 1.35 * rem, most = panel.most;
    const x = scale.place(left + 0.4 * rem, edge), y = (v) => bottom - (v / most) * (bottom - top);
    const text = (more, string) => h("text", { "font-size": 0.8 * rem, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...more }, string);
    const parts = [...[0, most / 2, most].flatMap((v) => [h("line", { x1: left, x2: edge, y1: y(v), y2: y(v), stroke: "var(--gb-line)" }), text({ x: left - 0.3 * rem, y: y(v) + 0.28 * rem, "text-anchor": "end" }, v)]),
      ...apart(scale.ticks, x, (n) => compact(n, data.lang), 0.8 * rem).map((n) => text({ x: x(n), y: H - 0.2 * rem, "text-anchor": "middle" }, compact(n, data.lang)))];
    const line = (values, xs, more) => h("polyline", { points: values.map((v, i) => [xs[i], v]).filter(([, v]) => v !== null).map(([n, v]) => `${x(n).toFixed(1)},${y(v).toFixed(1)}`).join(" "), fill: "none", "stroke-linejoin": "round", ...more });
    for (const other of panel.others ?? []) parts.push(line(other.values, other.tokens, { stroke: INK[other.ink], "stroke-width": 1.2, "stroke-opacity": 0.35 }));
    for (const s of panel.series) parts.push(line(s.values, tokens, { stroke: INK[s.ink], "stroke-width": s.strong ? 2.6 : 1.3, "stroke-dasharray": s.strong ? DASH[s.ink] : null, "stroke-opacity": s.strong ? 1 : 0.75 }));
    if (tokens.length) {
      const place = x(tokens[at()]);
      parts.push(h("line", { x1: place, x2: place, y1: top, y2: bottom, stroke: "var(--gb-text)", "stroke-width": 1.2 }));
      for (const s of panel.series) if (s.strong && s.values[at()] !== null) parts.push(spot(s.ink, place, y(s.values[at()]), 0.36 * rem));
    }
    for (const [i, m] of moments.entries()) parts.push(h("polygon", { points: `${x(m.tokens)},${bottom - 2} ${x(m.tokens) - 0.3 * rem},${bottom + 0.42 * rem} ${x(m.tokens) + 0.3 * rem},${bottom + 0.42 * rem}`, fill: i === state.moment ? "var(--gb-text)" : "var(--gb-background)", stroke: "var(--gb-text)" }));
    return parts;
  }
  const charts = panels.map((panel) => {
    const svg = h("svg", { class: "curve", role: "img", "aria-label": panel.title }), values = h("p", { class: "values" });
    const point = (event) => {
      if (!tokens.length) return;
      const box = svg.getBoundingClientRect(), rem = parseFloat(getComputedStyle(document.documentElement).fontSize), x = scale.place(2.6 * rem, box.width - 0.8 * rem);
      const px = event.clientX - box.left;
      state.reading = tokens.reduce((best, t, i) => (Math.abs(x(t) - px) < Math.abs(x(tokens[best]) - px) ? i : best), 0);
      refresh();
    };
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerleave", () => { state.reading = null; refresh(); });
    return { panel, svg, values, node: h("figure", { class: "chart", "data-panel": panel.name }, h("figcaption", {}, h("b", {}, panel.title)), svg, values) };
  });
  const note = h("p", { class: "at" }), row = h("div", { class: "moments", role: "group", "aria-label": w.moments });
  function refresh() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    for (const { panel, svg, values } of charts) {
      const { width, height } = svg.getBoundingClientRect();
      if (width > 0) { svg.setAttribute("viewBox", `0 0 ${width} ${height}`); fill(svg, ...draw(panel, width, height, rem)); }
      fill(values, ...panel.series.filter((s) => s.name).map((s) => h("span", { class: "key" }, h("svg", { class: "dash", viewBox: "0 0 28 10", "aria-hidden": "true" }, h("line", { x1: 0, x2: 28, y1: 5, y2: 5, stroke: INK[s.ink], "stroke-width": s.strong ? 3 : 1.5, "stroke-dasharray": s.strong ? DASH[s.ink] : null }), s.strong ? spot(s.ink, 14, 5, 4) : ""), ` ${s.name} `, h("b", {}, tokens.length && s.values[at()] !== null ? num(s.values[at()]) : "–"))));
    }
    fill(note, tokens.length ? say(w.at, { tokens: compact(tokens[at()], data.lang) }) : w.waiting);
    fill(row, ...(moments.length ? [h("span", { class: "title" }, w.moments), ...moments.map((m, i) => h("button", { type: "button", class: "moment", "aria-pressed": String(i === state.moment), title: say(w.moment_label, { n: i + 1, last: moments.length, tokens: compact(m.tokens, data.lang) }), onclick: () => { state.moment = i; refresh(); state.report({ moment: i, rev: state.rev }); } }, "▲ ", i ? compact(m.tokens, data.lang) : w.moment_start))] : []));
  }
  fill(root, row, h("div", { class: "charts" }, ...charts.map((c) => c.node)), note);
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => refresh());
  state.watch.observe(charts[0].svg);
  state.stops.forEach((stop) => stop());
  state.stops = [offerPicture(data.picture, () => {
    const W = 400, H = 260, title = 34, named = panels.map((panel) => panel.series.filter((one) => one.name)), tall = 22 * Math.max(0, ...named.map((all) => all.length));
    const svg = frame(W * panels.length, title + H + tall + 10), text = (x, y, content, more = {}) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, content);
    panels.forEach((panel, i) => svg.append(h("g", { transform: `translate(${i * W}, 0)` },
      ...wrapped(panel.title, 36).map((line, k) => text(12, 18 + 18 * k, line, { "font-size": 15, "font-weight": 700 })),
      h("g", { transform: `translate(0, ${title + 6})` }, ...draw(panel, W - 10, H - 20, 14)),
      ...named[i].flatMap((one, k) => { const y = title + H + 6 + 22 * k; return [h("line", { x1: 12, x2: 40, y1: y, y2: y, stroke: INK[one.ink], "stroke-width": one.strong ? 3 : 1.5, "stroke-dasharray": one.strong ? DASH[one.ink] : null }), ...(one.strong ? [spot(one.ink, 26, y, 4)] : []), text(48, y + 5, one.name)]; }))));
    return svg;
  })];
  return () => { state.stops.forEach((stop) => stop()); state.watch?.disconnect(); };
});
