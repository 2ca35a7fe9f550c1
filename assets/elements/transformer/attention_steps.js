// Self-attention as one chain: vectors, scores, weights, sum. One step at a time, with the numbers that made each one.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full, visible } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame, legendBelow } from "../glassbox.lib/pictures.js";
import { unpack } from "../glassbox.lib/packed.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, step: 0, query: 0, key: 0, chosen: false, divisor: 0, transport: null, stop: [] }));

/** The header, and every array as a list of its rows. */
function read(bytes) {
  const { arrays, ...header } = unpack(bytes);
  const rows = ({ shape: [count, width], data }) => Array.from({ length: count }, (_, r) => data.subarray(r * width, (r + 1) * width));
  return { ...header, ...Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, rows(array)])) };
}

/** A weight as it is read: a tiny one as a bound, because its exponent is no help and takes the room of two cells. */
const weightText = (w, digits = 3) => (w > 0 && w < 0.001 ? "<0.001" : num(w, digits));
/** A score with two digits, its whole part never rounded away. */
const scoreText = (x) => num(x, Math.abs(x) >= 100 ? 3 : 2);

const STAGES = ["x", "qkv", "scores", "scaled", "masked", "softmax", "sum", "joined", "residual", "norm"];

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-attention_steps");
  const model = read(data);
  const words = model.words;
  const stages = STAGES.slice(0, model.toy ? 7 : 10);
  const n = model.tokens.length, d = model.q[0].length, root_d = Math.sqrt(d);
  const shown = model.tokens.map((token) => visible(token) || "∅");
  if (state.rev !== model.rev) { state.rev = model.rev; Object.assign(state, model.start, { chosen: model.start.query >= 0 || model.start.key >= 0 }); }
  let cut = false; // a place that the reader chose lies beyond the end of another text
  if (state.id !== model.id) {
    state.id = model.id;
    if (state.chosen) cut = Math.max(state.query, state.key) >= n;
    else state.query = state.key = -1;
  }
  if (state.query < 0) state.query = model.first; // the reader chose none
  if (state.key < 0) state.key = Math.max(0, state.query - 1);
  state.query = Math.min(state.query, n - 1); state.key = Math.min(state.key, n - 1); state.step = Math.min(state.step, stages.length - 1);
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  const choose = (places) => { Object.assign(state, places, { chosen: true }); draw(); tell(); };
  const tell = () => state.report({ step: state.step, ...(state.chosen ? { query: state.query, key: state.key } : { query: -1, key: -1 }), divisor: state.divisor, id: model.id, rev: state.rev });

  // --- arithmetic with the divisor of the slider ---------------------------------------------------------------
  const divisor = () => state.divisor || root_d;
  const own = () => !state.divisor;
  const scaled = (q) => (own() ? [...model.scaled[q]] : [...model.scores[q]].map((s) => s / divisor()));
  const allowed = (q, k) => !model.causal || k <= q;
  function weights(q) {
    if (own()) return [...model.weights[q]];
    const s = scaled(q), top = Math.max(...s.filter((_, k) => allowed(q, k)));
    const e = s.map((value, k) => (allowed(q, k) ? Math.exp(value - top) : 0)), total = e.reduce((a, b) => a + b, 0);
    return e.map((value) => value / total);
  }
  const output = (q) => (own() ? [...model.head_output[q]] : weights(q).reduce((sum, w, k) => sum.map((value, i) => value + w * model.v[k][i]), new Array(d).fill(0)));
  const entropy = (row) => -row.reduce((sum, p) => sum + (p > 0 ? p * Math.log2(p) : 0), 0);

  // --- drawing vectors and matrices ----------------------------------------------------------------------------
  const mix = (value, most) => {
    const place = 3 + Math.max(-1, Math.min(1, most ? value / most : 0)) * 3, low = Math.min(5, Math.floor(place));
    return `color-mix(in srgb, var(--gb-div-${low + 1}) ${Math.round((place - low) * 100)}%, var(--gb-div-${low}))`;
  };
  const shade = (weight) => {
    const place = Math.sqrt(Math.max(0, weight)) * 5, low = Math.min(4, Math.floor(place));
    return `color-mix(in srgb, var(--gb-seq-${low + 1}) ${Math.round((place - low) * 100)}%, var(--gb-seq-${low}))`;
  };
  const biggest = (...lists) => Math.max(1e-9, ...lists.flatMap((list) => Array.from(list, Math.abs)));
  /** A vector as a strip; exact values on hover, numbers inside when there are few. */
  function strip(vector, most, role, marked) {
    const few = vector.length <= 4;
    return h("span", { class: `strip${few ? " few" : ""} ${role ?? ""}`, style: { "--cells": String(vector.length) } },
      ...Array.from(vector, (value, i) => h("i", { title: `[${i}] ${full(value)}`, class: marked?.(i) ? "marked" : undefined, style: { "background-color": mix(value, most), color: Math.abs(value) > most * 0.6 ? "var(--gb-background)" : "var(--gb-text)" } }, few ? num(value) : null)));
  }
  const token = (i, role, onclick) => h("button", { type: "button", class: `token ${role}${(role === "query" ? state.query : state.key) === i && role ? " on" : ""}`, dir: "auto", onclick: onclick ?? (() => choose({ [role === "key" ? "key" : "query"]: i })) }, shown[i]);
  const range = (most) => h("p", { class: "range" }, `${words.range} ±${num(most)}`);

  function vectors(lists, note) {
    const most = model.toy ? biggest(...model.x, ...model.q, ...model.k, ...model.v) : biggest(...lists.flatMap(([, rows]) => rows)); // the example has one scale in every step
    return [h("div", { class: `vectors${model.toy ? " toy" : ""}`, style: { "--lists": String(lists.length) } },
      h("span", {}), ...lists.map(([name, , role]) => h("span", { class: `head ${role}` }, name)),
      ...model.tokens.flatMap((_, i) => [token(i, "query"), ...lists.map(([, rows, role]) => h("span", { class: i === state.query ? "on cell" : "cell" }, strip(rows[i], most, role)))])), range(most), note ? h("p", { class: "note" }, note) : null];
  }
  function matrix(kind) {
    const table = model.tokens.map((_, q) => (kind === "scores" ? [...model.scores[q]] : kind === "softmax" ? weights(q) : scaled(q)));
    const masks = kind === "masked" || kind === "softmax";
    const most = biggest(...table.map((row, q) => row.filter((_, k) => !masks || allowed(q, k))));
    const numbers = n <= 16;
    const cell = (q, k) => {
      const cut = masks && !allowed(q, k), value = table[q][k];
      const text = cut ? (kind === "softmax" ? "0" : "−∞") : kind === "softmax" ? weightText(value, model.toy ? 3 : 2) : model.toy ? num(value) : scoreText(value);
      const dark = kind === "softmax" ? value > 0.42 : Math.abs(value) > most * 0.6;
      return h("button", { type: "button", tabindex: "-1", class: `value${cut ? " cut" : ""}${q === state.query ? " row" : ""}${q === state.query && k === state.key ? " here" : ""}`, title: `${shown[q]} → ${shown[k]}: ${cut ? text : full(value)}`, "data-cell": `${q}.${k}`,
        style: cut ? {} : { "background-color": kind === "softmax" ? shade(value) : mix(value, most), color: dark ? "var(--gb-background)" : "var(--gb-text)" },
        onclick: () => choose({ query: q, key: k }) }, numbers ? text : "");
    };
    return [h("div", { class: `matrix${numbers ? "" : " dense"}${model.toy ? " toy" : ""}`, style: { "--n": String(n) } },
      h("span", { class: "corner" }, h("span", { class: "is-query" }, `${words.query} ↓`), h("span", { class: "is-key" }, `${words.key} →`)), ...model.tokens.map((_, k) => token(k, "key")),
      ...model.tokens.flatMap((_, q) => [token(q, "query"), ...model.tokens.map((_, k) => cell(q, k))])),
      kind === "softmax" ? h("p", { class: "range" }, words.legend) : range(most)];
  }
  function sum() {
    const w = weights(state.query), out = output(state.query), most = biggest(...model.v);
    const times = model.v.map((vector, k) => Array.from(vector, (value) => value * w[k]));
    const mostTimes = model.toy ? most : biggest(...times, out); // small parts need a scale of their own to be seen
    return [h("div", { class: `sum${model.toy ? " toy" : ""}` },
      ...model.tokens.flatMap((_, k) => [token(k, "key"), h("span", { class: "bar" }, h("i", { style: { width: `${w[k] * 100}%` } })), h("span", { class: "weight", title: full(w[k]) }, `${weightText(w[k])} ×`), strip(model.v[k], most, "v"), h("span", { class: "times" }, "="), strip(times[k], mostTimes, "v")]),
      h("span", { class: "total" }, words.sum_of), h("span", { class: "total" }), h("span", { class: "total" }), h("span", { class: "total" }), h("span", { class: "total times" }, "Σ"), h("span", { class: "total" }, strip(out, mostTimes, "out"))),
      model.toy ? range(most) : h("p", { class: "range" }, `${words.range} v: ±${num(most)}, Σ: ±${num(mostTimes)}`)];
  }
  /** The numbers that made the marked score: q, k, and their products. */
  function made() {
    const i = state.query, j = state.key, named = (letter, at) => [letter, h("sub", {}, shown[at])];
    const products = Array.from(model.q[i], (value, c) => value * model.k[j][c]);
    return h("div", { class: `made${model.toy ? " toy" : ""}` }, ...rows([[named("q", i), model.q[i], "q"], [named("k", j), model.k[j], "k"]]),
      ...rows([[say(words.adds_up, { score: num(model.scores[i][j]) }), products, "out"]]));
  }
  function rows(list) {
    const most = biggest(...list.map(([, vector]) => vector));
    return [h("div", { class: "stack" }, ...list.flatMap(([name, vector, role, marked], i) => [h("span", { class: "name" }, name), strip(vector, most, role, marked)])), model.toy ? null : range(most)]; // in the example the numbers stand in the strips
  }

  const q = () => state.query;
  const stageBody = {
    x: () => vectors([[model.toy ? "x" : model.pre_norm ? words.x_pre : words.x_post, model.x, "x"]], model.toy ? words.toy_note : model.pre_norm ? words.pre_note : words.post_note),
    qkv: () => vectors([["q", model.q, "q"], ["k", model.k, "k"], ["v", model.v, "v"]], model.toy ? words.toy_maps : say(words.maps, { hidden: model.x[0].length, d })),
    scores: () => [...matrix("scores"), made()], scaled: () => matrix("scaled"), masked: () => matrix("masked"), softmax: () => matrix("softmax"),
    sum,
    joined: () => rows([[words.joined_heads, model.joined[q()], "out", (i) => i >= model.head * d && i < (model.head + 1) * d], [words.projected, model.projected[q()], "out"]]),
    residual: () => rows([[words.came_in, model.block_input[q()], "x"], [`+ ${words.projected}`, model.projected[q()], "out"], [`= ${words.residual_sum}`, model.residual[q()], "x"]]),
    norm: () => rows([[words.residual_sum, model.residual[q()], "x"], [words.normed, model.normed[q()], "out"]]),
  };

  // --- the chain for the chosen query, as one line -------------------------------------------------------------
  function chain() {
    const i = q(), j = state.key, s = scaled(i), w = weights(i), out = output(i);
    const few = d <= 4;
    const products = Array.from(model.q[i]).slice(0, few ? d : 3).map((value, c) => `${num(value)}·${num(model.k[j][c])}`).join(" + ").replace(/\+ −/g, "− ").replace(/·−([\d.e−]+)/g, "·(−$1)");
    const dots = few ? "" : ` + … (${say(words.products, { d })})`;
    const kept = s.map((_, k) => k).filter((k) => allowed(i, k));
    const power = (x) => ["e", h("sup", {}, num(x))];
    const terms = kept.length <= 4 ? kept.flatMap((k, place) => [place ? " + " : "", ...power(s[k])]) : [...power(s[kept[0]]), " + … ", say(words.terms, { n: kept.length })];
    const vector = (values) => `(${Array.from(values).slice(0, few ? d : 3).map((x) => num(x)).join(", ")}${few ? "" : ", …"})`;
    const order = [...kept].sort((a, b) => w[b] - w[a]).slice(0, few ? n : 3).sort((a, b) => a - b);
    const blocked = !allowed(i, j);
    const parts = [
      ["qkv", `q`, h("sub", {}, shown[i]), ` = ${vector(model.q[i])}`],
      ["scores", `q·k`, h("sub", {}, shown[j]), ` = ${products}${dots} = `, h("b", {}, num(model.scores[i][j]))],
      ["scaled", `÷ ${own() ? `√${d}` : num(divisor())} = `, h("b", {}, num(s[j]))],
      ["masked", blocked ? words.blocked : words.open],
      ["softmax", `${words.stage_softmax}: `, ...(blocked ? [] : [...power(s[j]), " ÷ (", ...terms, ") = "]), h("b", {}, weightText(w[j]))],
      ["sum", "Σ w·v = ", ...order.flatMap((k, place) => [place ? " + " : "", `${weightText(w[k], few ? 3 : 2)}·v`, h("sub", {}, shown[k])]), order.length < kept.length ? " + …" : "", " = ", h("b", {}, vector(out))],
      ["joined", `${words.after_projection} `, model.toy ? "" : h("b", {}, `${vector(model.projected[i])}`)],
      ["residual", model.toy ? "" : `${words.plus_input} `, model.toy ? "" : h("b", {}, vector(model.residual[i]))],
      ["norm", model.toy ? "" : "LayerNorm ", model.toy ? "" : h("b", {}, vector(model.normed[i]))],
    ].filter(([name]) => stages.includes(name));
    return parts.map(([name, ...content]) => {
      const later = stages.indexOf(name) > state.step;
      return h("li", { class: `link${later ? " later" : name === stages[state.step] ? " now" : ""}` }, ...(later ? [`${words[`stage_${name}`]} …`] : content));
    });
  }

  // --- parts that stay -----------------------------------------------------------------------------------------
  const line = h("div", { class: "stages", role: "tablist", "aria-label": words.stages });
  const body = h("div", { class: "body" }), arithmetic = h("ol", { class: "chain" }), aid = h("p", { class: "aid", "aria-live": "polite" });
  const slider = h("input", { type: "range", min: "1", max: String((root_d * 2).toFixed(2)), step: "0.01", value: String(divisor()), "aria-label": words.divide_by, oninput: (event) => {
    const value = Number(event.target.value);
    state.divisor = Math.abs(value - root_d) < root_d * 0.03 ? 0 : value;
    draw(); tell();
  } });
  const sliderText = h("output", {});
  const scaleBox = h("div", { class: "scale" }, h("label", {}, words.divide_by, " ", slider), sliderText);
  const difference = h("p", { class: "difference" });

  function draw() {
    fill(line, ...stages.flatMap((name, i) => [i ? h("span", { class: "arrow", "aria-hidden": "true" }, "→") : null,
      h("button", { type: "button", role: "tab", "aria-selected": String(i === state.step), class: i === state.step ? "stage now" : i < state.step ? "stage done" : "stage", onclick: () => { go(i); } }, words[`stage_${name}`])]));
    const name = stages[state.step];
    const h1 = entropy(weights(state.query)), softly = ["scaled", "masked", "softmax", "sum"].includes(name);
    // With another divisor than the model's, what it did to the row is the thing to say.
    aid.textContent = !own() && softly ? say(words.aid_divided, { divisor: num(divisor()), root: `√${d}`, token: shown[state.query], bits: weightText(h1), own: weightText(entropy([...model.weights[state.query]])) }) : words[`aid_${name}`];
    fill(body, ...stageBody[name]());
    fill(arithmetic, ...chain());
    scaleBox.hidden = !softly;
    slider.value = String(divisor());
    sliderText.textContent = say(words.entropy, { divisor: own() ? `√${d} = ${num(root_d)}` : num(divisor()), bits: weightText(h1), most: num(Math.log2(model.causal ? state.query + 1 : n)), token: shown[state.query] });
    fill(difference, model.toy ? "" : own() ? say(words.difference, { weights: num(model.difference.weights, 2), out: num(model.difference.normed, 2) }) : words.not_the_models);
    root.dataset.step = name;
    root.dataset.query = String(state.query);
    root.dataset.entropy = h1.toFixed(4);
  }
  function go(step) { state.step = step; state.transport.set({ step, last: stages.length - 1 }); draw(); tell(); }
  state.transport?.destroy();
  state.transport = stepper({ words, onMove: (step) => { state.step = step; draw(); tell(); }, label: (step, last) => `${step + 1} / ${last + 1}` });
  state.transport.set({ step: state.step, last: stages.length - 1 });
  fill(root, line, state.transport.node, aid, h("div", { class: "parts" }, h("div", { class: "main" }, scaleBox, body, h("p", { class: "hint" }, words.hint), difference), h("div", { class: "line" }, h("strong", {}, words.chain), arithmetic)));
  draw();
  if (cut) tell();

  state.stop.forEach((stop) => stop());
  state.stop = [offerPicture("weights", () => {
    const cell = Math.max(8, Math.min(52, 640 / n)), edge = 130;
    const svg = frame(edge + n * cell + 10, edge + n * cell + 10);
    svg.append(h("text", { x: 8, y: edge - 24, "font-size": 12, "font-family": "sans-serif", fill: "var(--gb-token)" }, `${words.query} ↓`), h("text", { x: 8, y: edge - 8, "font-size": 12, "font-family": "sans-serif", fill: "var(--gb-key)" }, `${words.key} →`),
      h("rect", { x: edge - 1, y: edge + state.query * cell - 1, width: n * cell + 1, height: cell + 1, fill: "none", stroke: "var(--gb-token)", "stroke-width": 2 }));
    model.tokens.forEach((_, a) => {
      const w = weights(a);
      svg.append(h("text", { x: edge - 6, y: edge + (a + 0.65) * cell, "text-anchor": "end", "font-size": 13, "font-family": "ui-monospace, monospace", fill: "var(--gb-text)" }, shown[a]),
        h("text", { transform: `translate(${edge + (a + 0.65) * cell} ${edge - 6}) rotate(-90)`, "font-size": 13, "font-family": "ui-monospace, monospace", fill: "var(--gb-text)" }, shown[a]));
      w.forEach((value, b) => svg.append(h("rect", { x: edge + b * cell, y: edge + a * cell, width: cell - 1, height: cell - 1, fill: "var(--gb-token)", "fill-opacity": Math.sqrt(value).toFixed(3), stroke: "var(--gb-line)" }),
        cell >= 30 ? h("text", { x: edge + (b + 0.5) * cell, y: edge + (a + 0.6) * cell, "text-anchor": "middle", "font-size": 10, "font-family": "sans-serif", fill: value > 0.3 ? "var(--gb-background)" : "var(--gb-text)" }, weightText(value, 2)) : ""));
    });
    return legendBelow(svg, [[null, words.legend]]);
  })];
  return () => { state.transport?.destroy(); state.transport = null; state.stop.forEach((stop) => stop()); state.stop = []; };
});
