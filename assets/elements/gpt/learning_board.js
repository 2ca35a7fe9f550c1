// Two models at the moments of their training: one probe with its candidates, the loss, and a curve for each kind of probe.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full, percent, grouped, visible } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { INK, DASH, spot, apart, axis, compact, softmax } from "../glassbox.lib/training.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, probe: 0, moment: 0, stepper: null, stops: [], report: null, watch: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-learning_board");
  const { models, probes, kinds, words: w } = data;
  const last = Math.max(...models.map((m) => m.moments.length)) - 1;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) { state.rev = data.rev; state.probe = data.start.probe; state.moment = data.start.moment; }
  state.probe = Math.min(state.probe, probes.length - 1);
  state.moment = Math.min(state.moment, last);
  const tell = () => state.report({ probe: state.probe, moment: state.moment, rev: state.rev });
  const at = (m, moment = state.moment) => Math.min(moment, models[m].moments.length - 1);
  const seen = (m, moment) => models[m].moments[at(m, moment)];
  const logprobs = (m, probe, moment) => probes[probe].asked[m].logprobs[at(m, moment)];
  const right = (m, probe, moment) => { const [first, ...rest] = logprobs(m, probe, moment); return first > Math.max(...rest); };
  const of = (kind) => probes.map((p, i) => i).filter((i) => probes[i].kind === kind);
  const count = (m, kind, moment) => of(kind).filter((i) => right(m, i, moment)).length;
  const here = () => kinds.find((k) => k.kind === probes[state.probe].kind);
  const scale = axis(models.flatMap((m) => m.moments.map((x) => x[1])));

  function label(moment) {
    const tokens = models.map((m, i) => seen(i, moment)[1]), near = Math.max(...tokens) <= 1.1 * Math.min(...tokens);
    const shown = near ? compact(tokens[0], data.lang) : tokens.map((n, i) => `${models[i].name} ${compact(n, data.lang)}`).join(", ");
    return say(w.moment, { n: moment + 1, last: last + 1, tokens: shown });
  }
  const widest = Math.max(...Array.from({ length: last + 1 }, (_, k) => label(k).length));

  // One scale for all kinds: how far the right words have risen over the wrong ones since before training, in nats.
  const rises = kinds.flatMap((k) => k.gains.flatMap((list) => list.flatMap(([mean, error]) => [mean - 2 * error, mean + 2 * error])));
  const lowest = Math.min(0, ...rises), highest = Math.max(1, ...rises);
  /** Curves of the models over the tokens they had read, with the moment on screen; `value(m, k)` and, optional, an `error`. */
  function lines(W, H, rem, { low, high, ticks, value, error }) {
    const left = 1.9 * rem, bottom = H - 1.25 * rem, top = 0.45 * rem, size = 0.78 * rem;
    const x = scale.place(left + 0.45 * rem, W - 0.6 * rem), y = (n) => bottom - ((n - low) / (high - low)) * (bottom - top);
    const text = (attributes, string) => h("text", { "font-size": size, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...attributes }, string);
    const parts = [
      ...ticks.flatMap((n) => [h("line", { x1: left, x2: W, y1: y(n), y2: y(n), stroke: n ? "var(--gb-line)" : "var(--gb-cut)", "stroke-dasharray": n ? null : "3 4" }), text({ x: left - 0.3 * rem, y: y(n) + 0.28 * rem, "text-anchor": "end" }, num(n, 2))]),
      ...apart(scale.ticks, x, (n) => compact(n, data.lang), size).map((n) => text({ x: x(n), y: H - 0.2 * rem, "text-anchor": "middle" }, compact(n, data.lang))),
    ];
    if (error) models.forEach((m, i) => {
      const edge = (sign) => m.moments.map((moment, k) => `${x(moment[1]).toFixed(1)},${y(value(i, k) + sign * 2 * error(i, k)).toFixed(1)}`);
      parts.push(h("polygon", { points: [...edge(1), ...edge(-1).reverse()].join(" "), fill: INK[i], "fill-opacity": 0.13 }));
    });
    models.forEach((m, i) => {
      const points = m.moments.map((moment, k) => `${x(moment[1]).toFixed(1)},${y(value(i, k)).toFixed(1)}`);
      const line = (list, strength) => h("polyline", { points: list.join(" "), fill: "none", stroke: INK[i], "stroke-width": 2.5, "stroke-dasharray": DASH[i], "stroke-opacity": strength, "stroke-linejoin": "round" });
      parts.push(line(points.slice(at(i)), 0.45), line(points.slice(0, at(i) + 1), 1));
    });
    models.forEach((m, i) => {
      const here = x(seen(i, state.moment)[1]);
      parts.push(h("line", { x1: here, x2: here, y1: top, y2: bottom, stroke: "var(--gb-quiet)", "stroke-width": 1, "stroke-opacity": 0.6 }), spot(i, here, y(value(i, at(i))), 0.36 * rem));
    });
    return parts;
  }
  const curve = (kind, W, H, rem) => lines(W, H, rem, { low: lowest, high: highest, ticks: [0, Math.floor(highest)].filter((n, i, all) => all.indexOf(n) === i), value: (i, k) => kind.gains[i][k][0], error: (i, k) => kind.gains[i][k][1] });
  const losses = models.flatMap((m) => m.losses);
  const lossCurve = (W, H, rem) => lines(W, H, rem, { low: Math.floor(Math.min(...losses)), high: Math.ceil(Math.max(...losses)), ticks: [Math.floor(Math.min(...losses)), Math.ceil(Math.max(...losses))], value: (i, k) => models[i].losses[k] });

  // -- the curves, each a button that opens its probes
  const curves = kinds.map((kind) => {
    const svg = h("svg", { class: "curve", "aria-hidden": "true" }), score = h("span", { class: "score" });
    const press = () => { if (here() !== kind) { state.probe = of(kind.kind)[0]; refresh(); tell(); } };
    const node = h("button", { type: "button", class: "kind", "data-kind": kind.kind, onclick: press }, h("span", { class: "name" }, h("b", {}, kind.label), score), svg);
    return { kind, svg, score, node };
  });
  const lossChart = h("svg", { class: "curve", role: "img" }), lossNow = h("span", { class: "score" });
  const loss = h("figure", { class: "loss" }, h("figcaption", { class: "name" }, h("b", {}, w.loss), lossNow), lossChart);
  function drawCurves() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const size = lossChart.getBoundingClientRect();
    if (size.width > 0) { lossChart.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`); fill(lossChart, ...lossCurve(size.width, size.height, rem)); }
    fill(lossNow, ...models.flatMap((m, i) => [mark(i), ` ${num(m.losses[at(i)])} `]));
    lossChart.setAttribute("aria-label", `${w.loss}: ${models.map((m) => `${m.name} ${m.losses.map((n) => num(n)).join(", ")}`).join("; ")}`);
    for (const { kind, svg, score, node } of curves) {
      const { width, height } = svg.getBoundingClientRect();
      const counts = models.map((m, i) => count(i, kind.kind, state.moment)), total = of(kind.kind).length;
      if (width > 0) { svg.setAttribute("viewBox", `0 0 ${width} ${height}`); fill(svg, ...curve(kind, width, height, rem)); }
      fill(score, ...counts.flatMap((n, i) => [mark(i), ` ${n} `]), say(w.of_total, { total }));
      node.setAttribute("aria-pressed", String(here() === kind));
      node.setAttribute("aria-label", say(w.kind_label, { kind: kind.label, scores: counts.map((n, i) => `${models[i].name} ${n}`).join(", "), total, chance: num(kind.chance, 2) }));
    }
  }
  function mark(i) { return h("svg", { class: "mark", viewBox: "0 0 16 16", "aria-hidden": "true" }, spot(i, 8, 8, 6)); }

  // -- the probe
  const sentence = h("p", { class: "sentence" });
  const panels = models.map((model, i) => {
    const about = h("span", { class: "about" }), bars = h("div", { class: "bars" }), verdict = h("p", { class: "verdict" });
    return { about, bars, verdict, node: h("section", { class: "model", "aria-label": model.name }, h("h3", {}, mark(i), ` ${model.name} `, about), bars, verdict) };
  });
  const list = h("ol", { class: "probes scroll" });
  const table = h("table", {});

  function drawProbe() {
    const probe = probes[state.probe], [before, after] = probe.sentence.split(data.blank);
    fill(sentence, h("span", {}, before, h("span", { class: "blank" }, w.blank), after));
    panels.forEach(({ about, bars, verdict }, m) => {
      const [step, tokens] = seen(m, state.moment), own = logprobs(m, state.probe, state.moment), p = softmax(own);
      const chosen = own.indexOf(Math.max(...own)), good = right(m, state.probe, state.moment);
      fill(about, say(w.step_tokens, { step: grouped(step), tokens: grouped(tokens) }));
      fill(bars, ...probe.candidates.map((word, c) => {
        const pieces = probe.asked[m].pieces[c];
        return h("div", { class: `row${c ? "" : " answer"}${c === chosen ? " chosen" : ""}`, title: say(w.bar_title, { word, logprob: full(own[c]), share: full(p[c]), pieces: pieces.map((piece) => visible(piece)).join(" ") }) },
          h("span", { class: "arrow", "aria-hidden": "true" }, c === chosen ? "▸" : ""),
          h("span", { class: "word" }, word, pieces.length > 1 ? h("small", {}, ` ×${pieces.length}`) : null),
          h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${100 * p[c]}%`, background: INK[m] } })),
          h("span", { class: "p" }, percent(p[c])), h("span", { class: "tick" }, c ? "" : w.right_word));
      }));
      fill(verdict, h("b", { class: good ? "good" : "bad" }, good ? "✓ " : "✗ ", say(good ? w.chooses_right : w.chooses_wrong, { word: probe.candidates[chosen] })));
    });
    const mine = of(probe.kind);
    fill(list, ...mine.map((i) => h("li", {}, h("button", { type: "button", class: i === state.probe ? "probe on" : "probe", "aria-pressed": String(i === state.probe), title: probes[i].sentence, onclick: () => { state.probe = i; refresh(); tell(); } },
      ...models.map((m, k) => h("span", { class: right(k, i, state.moment) ? "sign good" : "sign bad", "aria-label": say(right(k, i, state.moment) ? w.sign_right : w.sign_wrong, { model: m.name }) }, right(k, i, state.moment) ? "✓" : "✗")),
      h("span", { class: "text" }, probes[i].sentence)))));
    const on = list.children[mine.indexOf(state.probe)], above = on.offsetTop, below = above + on.offsetHeight;
    if (above < list.scrollTop) list.scrollTop = above;
    else if (below > list.scrollTop + list.clientHeight) list.scrollTop = below - list.clientHeight;
    fill(table, h("thead", {}, h("tr", {}, ...[w.table_model, w.table_word, w.table_pieces, w.table_logprob, w.table_share].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...models.flatMap((m, k) => probe.candidates.map((word, c) => {
        const own = logprobs(k, state.probe, state.moment), p = softmax(own)[c];
        return h("tr", {}, h("td", {}, m.name), h("td", {}, c ? word : `${word} ✓`), h("td", {}, probe.asked[k].pieces[c].map((piece) => visible(piece)).join(" ")), h("td", { title: full(own[c]) }, num(own[c])), h("td", { title: full(p) }, num(p)));
      }))));
  }

  function refresh() { drawProbe(); drawCurves(); state.stepper.set({ step: state.moment, last }); }

  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (step) => { state.moment = step; refresh(); tell(); } });
  const legend = h("p", { class: "legend" }, ...models.flatMap((m, i) => [h("span", {}, mark(i), h("svg", { class: "dash", viewBox: "0 0 28 8", "aria-hidden": "true" }, h("line", { x1: 0, x2: 28, y1: 4, y2: 4, stroke: INK[i], "stroke-width": 3, "stroke-dasharray": DASH[i] })), ` ${m.name}`)]),
    h("span", {}, h("svg", { class: "dash", viewBox: "0 0 28 8", "aria-hidden": "true" }, h("line", { x1: 0, x2: 28, y1: 4, y2: 4, stroke: "var(--gb-cut)", "stroke-width": 2, "stroke-dasharray": "3 4" })), ` ${w.legend_start}`),
    h("span", {}, h("i", { class: "band" }), ` ${w.legend_error}`));
  state.stepper.node.style.setProperty("--label", `${0.86 * widest}ch`); // the scrubber keeps its length while the label changes
  fill(root, state.stepper.node, h("div", { class: "board" },
    sentence, h("div", { class: "models" }, ...panels.map((p) => p.node)), list,
    h("div", { class: "learned" }, h("p", { class: "axes" }, w.axes), h("div", { class: "kinds", role: "group", "aria-label": w.kinds }, loss, ...curves.map((c) => c.node)), legend)),
    h("details", { class: "numbers" }, h("summary", {}, w.table), h("div", { class: "wide" }, table)));
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => drawCurves());
  state.watch.observe(curves[0].svg);

  function curvesPicture() {
    const W = 330, H = 190, rows = Math.ceil(kinds.length / 3), svg = frame(3 * W, rows * H + 34);
    kinds.forEach((kind, i) => {
      const g = h("g", { transform: `translate(${(i % 3) * W}, ${Math.floor(i / 3) * H})` },
        h("text", { x: 26, y: 20, "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${kind.label}: ${models.map((m, k) => `${m.name} ${count(k, kind.kind, state.moment)}`).join(", ")}`),
        h("g", { transform: "translate(0, 28)" }, ...curve(kind, W - 14, H - 40, 14)));
      svg.append(g);
    });
    svg.append(h("g", { transform: `translate(26, ${rows * H + 14})` }, ...models.flatMap((m, i) => [h("line", { x1: i * 150, x2: i * 150 + 34, y1: 0, y2: 0, stroke: INK[i], "stroke-width": 3, "stroke-dasharray": DASH[i] }), spot(i, i * 150 + 17, 0, 5), h("text", { x: i * 150 + 42, y: 5, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, m.name)]),
      h("text", { x: 320, y: 5, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-quiet)" }, label(state.moment))));
    return svg;
  }
  function probePicture() {
    const probe = probes[state.probe], n = probe.candidates.length, W = 900, svg = frame(W, 70 + 30 * n + 40);
    const text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 16, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, string);
    svg.append(text(8, 26, probe.sentence, { "font-size": 18 }));
    models.forEach((m, k) => {
      const x = 8 + k * (W / 2), p = softmax(logprobs(k, state.probe, state.moment)), [step, tokens] = seen(k, state.moment);
      svg.append(spot(k, x + 7, 52, 6), text(x + 20, 58, `${m.name}: ${say(w.step_tokens, { step: grouped(step), tokens: grouped(tokens) })}`, { "font-size": 14 }));
      probe.candidates.forEach((word, c) => svg.append(text(x, 88 + 30 * c, c ? word : `${word} ✓`, { "font-weight": c ? 400 : 700 }),
        h("rect", { x: x + 120, y: 75 + 30 * c, width: 220 * p[c], height: 16, fill: INK[k] }), h("rect", { x: x + 120, y: 75 + 30 * c, width: 220, height: 16, fill: "none", stroke: "var(--gb-line)" }), text(x + 350, 88 + 30 * c, percent(p[c]))));
    });
    return svg;
  }
  state.stops.forEach((stop) => stop());
  const lossPicture = () => { const svg = frame(700, 330); svg.append(h("text", { x: 26, y: 22, "font-size": 16, "font-weight": 700, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${w.loss}: ${models.map((m, i) => `${m.name} ${num(m.losses[at(i)])}`).join(", ")}`), h("g", { transform: "translate(0, 34)" }, ...lossCurve(690, 280, 16))); return svg; };
  state.stops = [offerPicture("learning-loss", lossPicture), offerPicture("learning-curves", curvesPicture), offerPicture("learning-probe", probePicture)];
  return () => { state.stops.forEach((stop) => stop()); state.stepper?.destroy(); state.watch?.disconnect(); };
});
