// One task row with its loss lamps, six held-out sentences seen by two models, and what each depth of transfer came to.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full, percent, visible } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { scoreCurves, boxOf, drawn, sign } from "../glassbox.lib/score_curves.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, step: 0, carried: 0, sentence: 0, form: 0, stepper: null, stops: [], report: null, watch: null }));
const DARKEST = 8; // nats at which a lamp is at its brightest

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-transfer_board");
  const { runs, labels, sentences, forms, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev || state.id !== data.id) Object.assign(state, { rev: data.rev, id: data.id }, data.start);
  const last = data.steps.length - 1;
  state.step = Math.min(state.step, last);
  state.carried = Math.min(state.carried, runs.length - 1);
  state.sentence = Math.min(state.sentence, data.shown - 1);
  const tell = () => state.report({ step: state.step, carried: state.carried, sentence: state.sentence, form: state.form, rev: state.rev });
  const chosen = () => runs[state.carried], bare = runs[0];
  const gold = (i) => (labels[sentences[i].label] === labels[1] ? 1 : 0);
  const share = (run, k) => run.right[k].reduce((a, b) => a + b, 0) / (data.held_out * run.right[k].length);
  const says = (p) => (p > 0.5 ? 1 : 0);
  const label = (k) => say(w.moment, { step: data.steps[k], last: data.steps[last] });

  // -- the row of a task, with L1 under every token and L2 at the end
  const rowBox = h("div", { class: "rows" });
  const tabs = h("div", { class: "forms", role: "group", "aria-label": w.forms }, ...data.form_names.map((name, i) =>
    h("button", { type: "button", class: "form", "aria-pressed": "false", onclick: () => { state.form = i; refresh(); tell(); } }, name)));
  const lamp = (loss, kind, title) => h("span", { class: `lamp ${kind}`, title }, h("i", { class: "light", style: { "--on": loss === null ? 0 : Math.min(1, loss / DARKEST).toFixed(3) } }), h("small", {}, loss === null ? "" : num(loss, 2)));
  function tokenRow(pieces, losses, l2, note) {
    return h("div", { class: "row" }, ...pieces.map((piece, i) => {
      const special = data.special.includes(piece), end = i === pieces.length - 1, loss = i ? losses[i - 1] : null;
      return h("span", { class: "cell" }, h("span", { class: special ? "piece special" : "piece" }, visible(piece)),
        end ? (l2 === null ? h("span", { class: "lamp l2 none", title: w.one_l2 }, h("small", {}, "–")) : lamp(l2, "l2", `L2 = ${full(l2)}`)) : loss === null ? h("span", { class: "lamp none" }) : lamp(loss, "l1", `L1 = ${full(loss)}`));
    }), note ? h("span", { class: "joined" }, note) : null);
  }
  function drawRow() {
    [...tabs.children].forEach((tab, i) => tab.setAttribute("aria-pressed", String(i === state.form)));
    if (state.form === 0) {
      const p = chosen().probs[state.step][state.sentence], y = gold(state.sentence);
      fill(rowBox, tokenRow(sentences[state.sentence].pieces, chosen().losses[state.step][state.sentence], -Math.log(Math.max(y ? p : 1 - p, 1e-12)), null),
        h("p", { class: "note" }, say(w.row_note, { carried: chosen().label, step: data.steps[state.step] })));
    } else {
      const found = forms[state.form - 1];
      const end = found.rows.length - 1;
      fill(rowBox, ...found.rows.map((row, i) => tokenRow(row.pieces, row.losses, i === end ? found.l2 : null, i === end ? w[`join_${found.form}`] : null)), h("p", { class: "note" }, say(w.form_note, { choices: found.choices, nothing: num(Math.log(found.choices), 2) })));
    }
  }

  // -- six sentences, two lanes
  const list = h("div", { class: "lanes" });
  const verdict = (run, i) => {
    const p = run.probs[state.step][i], right = says(p) === gold(i);
    return h("span", { class: right ? "chip good" : "chip bad", title: say(w.chip_title, { p: full(p) }) }, h("b", { "aria-hidden": "true" }, right ? "✓ " : "✗ "), labels[says(p)], h("small", {}, ` ${percent(Math.max(p, 1 - p))}`));
  };
  function drawLanes() {
    fill(list,
      h("div", { class: "line head" }, h("span", {}, say(w.held_out, { n: data.held_out })), h("span", {}, w.gold), h("span", {}, chosen().label), h("span", {}, bare.label)),
      ...Array.from({ length: data.shown }, (_, i) => h("button", { type: "button", class: i === state.sentence ? "line on" : "line", "aria-pressed": String(i === state.sentence), onclick: () => { state.sentence = i; state.form = 0; refresh(); tell(); } },
        h("span", { class: "text" }, sentences[i].text), h("span", { class: "gold" }, labels[gold(i)]), verdict(chosen(), i), verdict(bare, i))));
  }

  // -- what each depth came to: one mark a seed, a bar for their mean, and the interval over all answers
  const bars = h("div", { class: "bars", role: "group", "aria-label": w.bars });
  function drawBars() {
    fill(bars, ...runs.map((run, i) => {
      const k = state.step, mean = share(run, k), [low, high] = run.interval[k];
      return h("button", { type: "button", class: i === state.carried ? "depth on" : "depth", "data-carried": i, "aria-pressed": String(i === state.carried), title: say(w.bar_title, { carried: run.label, right: run.right[k].join(", "), total: data.held_out, low: percent(low), high: percent(high) }), onclick: () => { state.carried = i; refresh(); tell(); } },
        h("span", { class: "name" }, run.label),
        h("span", { class: "track" }, h("i", { class: "fill", style: { width: `${100 * mean}%` } }), h("i", { class: "range", style: { left: `${100 * low}%`, width: `${100 * (high - low)}%` } }),
          ...run.right[k].map((n, s) => h("i", { class: s === data.seed_at ? "dot mine" : "dot", style: { left: `${(100 * n) / data.held_out}%` } })), h("i", { class: "guess" })),
        h("span", { class: "p" }, `${(100 * mean).toFixed(0)}%`));
    }));
  }

  // -- the way there
  const curve = h("svg", { class: "curve", role: "img" });
  const lines = (width, height, rem) => scoreCurves({
    box: boxOf(width, height, rem), last: data.steps[last], low: 0.2, here: state.step, up: [0.25, 0.5, 0.75, 1], across: data.steps.filter((_, k) => k % 3 === 0),
    guess: { score: 0.5, label: w.guessing, anchor: "end", dy: 1.2 },
    lines: (state.carried === 0 ? [[bare, 1]] : [[bare, 1], [chosen(), 0]]).map(([run, i]) => ({ sign: i, points: run.right.map((_, k) => [data.steps[k], share(run, k), ...run.interval[k]]) })),
  });
  const legend = h("p", { class: "legend" });
  function drawCurve() {
    drawn(curve, lines);
    curve.setAttribute("aria-label", say(w.curve_label, { carried: chosen().label, share: percent(share(chosen(), state.step)), bare: percent(share(bare, state.step)), step: data.steps[state.step] }));
    fill(legend, ...(state.carried === 0 ? [] : [h("span", {}, sign(0), ` ${chosen().label}`)]), h("span", {}, sign(1), ` ${bare.label}`), h("span", {}, h("i", { class: "band" }), ` ${w.interval}`));
  }

  function refresh() { drawRow(); drawLanes(); drawBars(); drawCurve(); state.stepper.set({ step: state.step, last }); }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (step) => { state.step = step; refresh(); tell(); } });
  state.stepper.node.style.setProperty("--label", `${0.86 * Math.max(...data.steps.map((_, k) => label(k).length))}ch`);
  fill(root, state.stepper.node, h("div", { class: "board" },
    h("div", { class: "left" }, tabs, rowBox, list),
    h("div", { class: "right" }, h("h3", {}, w.bars), bars, h("h3", {}, w.curve), curve, legend)));
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => drawCurve());
  state.watch.observe(curve);

  const text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 15, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, string);
  function barsPicture() {
    const svg = frame(760, 40 + 30 * runs.length), x = (v) => 230 + 440 * v;
    svg.append(text(8, 22, `${w.bars} (${label(state.step)})`, { "font-weight": 700 }));
    runs.forEach((run, i) => {
      const y = 36 + 30 * i, mean = share(run, state.step), [low, high] = run.interval[state.step];
      svg.append(text(8, y + 15, run.label), h("rect", { x: x(0), y, width: 440 * mean, height: 18, fill: "var(--gb-token)", "fill-opacity": 0.5 }), h("line", { x1: x(low), x2: x(high), y1: y + 9, y2: y + 9, stroke: "var(--gb-text)", "stroke-width": 2 }),
        ...run.right[state.step].map((n) => h("circle", { cx: x(n / data.held_out), cy: y + 9, r: 4, fill: "var(--gb-key)" })), h("line", { x1: x(0.5), x2: x(0.5), y1: y - 6, y2: y + 24, stroke: "var(--gb-cut)", "stroke-dasharray": "3 4" }), text(690, y + 15, `${(100 * mean).toFixed(0)}%`));
    });
    return svg;
  }
  function curvePicture() {
    const svg = frame(760, 320);
    svg.append(text(8, 22, `${w.curve}: ${chosen().label}, ${bare.label}`, { "font-weight": 700 }), h("g", { transform: "translate(0, 30)" }, ...lines(750, 280, 16)));
    return svg;
  }
  state.stops.forEach((stop) => stop());
  state.stops = [offerPicture("transfer-depths", barsPicture), offerPicture("transfer-curves", curvePicture)];
  return () => { state.stops.forEach((stop) => stop()); state.stepper?.destroy(); state.watch?.disconnect(); };
});
