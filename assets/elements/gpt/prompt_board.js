// A prompt of pairs, demonstration by demonstration: what the model answers, where it looks, and accuracy against k.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full, percent } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { INK, DASH, spot } from "../glassbox.lib/training.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, k: 0, ask: 0, off: [], head: "", stepper: null, stops: [], report: null, watch: null }));
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-prompt_board");
  const { pairs, questions, vocabulary, answers, right, heads, curves, words: w } = data;
  const last = pairs.length, weights = bytes(data.attention.bytes), [, , layers, numHeads, longest] = data.attention.shape;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) {
    state.rev = data.rev;
    Object.assign(state, { k: data.start.k, ask: data.start.ask, off: [...data.start.off] });
  }
  state.k = Math.min(state.k, last);
  state.ask = Math.min(state.ask, questions.length - 1);
  if (!heads.names.includes(state.head)) state.head = heads.matching[0] ?? heads.names[heads.names.length - 1];
  const computed = () => [...state.off].sort().join() === [...heads.off].sort().join();
  const tell = () => state.report({ k: state.k, ask: state.ask, off: state.off, rev: state.rev });
  const word = (i) => vocabulary[i];
  const shownAt = (q, k) => pairs.slice(0, k).some(([a]) => a === questions[q][0]);

  // -- the prompt
  const lock = h("p", { class: "lock" });
  const prompt = h("p", { class: "prompt" });
  const verdict = h("p", { class: "verdict", "aria-live": "polite" });
  const bars = h("div", { class: "bars" });
  const table = h("table", { class: "answers" });
  const lookAt = h("select", { class: "look", "aria-label": w.attention_of, onchange: () => { state.head = lookAt.value; drawPrompt(); } });

  /** Weight of the chosen head from the answering position on a token of the prompt with k pairs. */
  function weight(token, k = state.k, q = state.ask) {
    const [layer, head] = state.head.split(".").map(Number);
    return weights[((((k * questions.length + q) * layers + layer) * numHeads) + head) * longest + token] / 255;
  }
  const ink = (p) => ({ background: `color-mix(in srgb, var(--gb-seq-2) ${Math.round(100 * Math.sqrt(p))}%, var(--gb-background))`, color: "var(--gb-text)" });
  const token = (text, at, more = {}) => h("span", { class: `tk ${more.class ?? ""}`, style: at === null ? {} : ink(weight(at)), title: at === null ? more.title : say(w.weight_title, { token: text, weight: percent(weight(at)), head: state.head }) }, text);

  function drawPrompt() {
    const known = data.description.filter(([, reads]) => reads).length;
    let seen = 0;
    const parts = [token("<s>", 0, { class: "sign" })];
    for (const [text, reads] of data.description) parts.push(reads ? token(text, 1 + seen++) : h("s", { class: "tk lost", title: w.no_token }, text));
    const later = [];
    pairs.forEach(([a, b], i) => {
      const at = 1 + known + 4 * i, inside = i < state.k, copy = inside && a === questions[state.ask][0];
      const here = inside ? (n) => at + n : () => null;
      (inside ? parts : later).push(h("button", { type: "button", class: `pair${inside ? "" : " later"}`, "aria-pressed": String(inside), "aria-label": say(inside ? w.pair_in : w.pair_out, { pair: `${word(a)} -> ${word(b)}`, n: i + 1 }),
        onclick: () => move(inside && i + 1 === state.k ? i : i + 1) },
        token(word(a), here(0)), token("->", here(1), { class: "sign" }), token(word(b), here(2), { class: copy ? "copy" : "" }), token(";", here(3), { class: "sign" })));
    });
    const [asked] = questions[state.ask], end = 1 + known + 4 * state.k;
    const said = answers.words[state.k][state.ask][0], own = questions[state.ask][1];
    const good = own !== null && said === own;
    parts.push(h("span", { class: "question" }, token(word(asked), end), token("->", end + 1, { class: "sign" }), h("b", { class: own === null ? "said" : good ? "said good" : "said bad" }, word(said), own === null ? "" : good ? " ✓" : " ✗")));
    fill(prompt, ...parts, ...later);
    fill(lookAt, ...heads.names.map((name) => h("option", { value: name, selected: name === state.head ? true : undefined }, say(w.head_option, { head: name, match: heads.match[heads.names.indexOf(name)].toFixed(2) }))));
    lookAt.value = state.head;
    root.classList.toggle("waiting", !computed());
  }

  function drawAnswer() {
    const list = answers.words[state.k][state.ask], probs = answers.probs[state.k][state.ask], own = questions[state.ask][1];
    const shown = shownAt(state.ask, state.k);
    fill(verdict, h("b", {}, `${word(questions[state.ask][0])} -> ?`), " ", shown ? w.was_shown : w.not_shown, own === null ? "" : ` ${say(w.right_prob, { word: word(own), p: percent(right[state.k][state.ask]) })}`);
    fill(bars, ...list.map((answer, i) => h("div", { class: `row${answer === own ? " answer" : ""}`, title: full(probs[i]) },
      h("span", { class: "word" }, word(answer)), h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${100 * probs[i]}%` } })), h("span", { class: "p" }, percent(probs[i])), h("span", { class: "tick" }, answer === own ? "✓" : ""))));
    fill(table, h("thead", {}, h("tr", {}, ...[w.col_word, w.col_says, w.col_prob].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...questions.map(([asked, answer], q) => {
        const said = answers.words[state.k][q][0], good = answer !== null && said === answer, shown_ = shownAt(q, state.k);
        return h("tr", { class: q === state.ask ? "on" : "" }, h("td", {}, h("button", { type: "button", class: "askme", "data-word": word(asked), "aria-pressed": String(q === state.ask), onclick: () => { state.ask = q; refresh(); tell(); } }, h("span", { class: shown_ ? "dot in" : "dot", title: shown_ ? w.was_shown : w.not_shown }, shown_ ? "●" : "○"), ` ${word(asked)}`)),
          h("td", { class: answer === null ? "" : good ? "good" : "bad" }, word(said), answer === null ? "" : good ? " ✓" : " ✗"), h("td", { class: "n", title: answer === null ? "" : full(right[state.k][q]) }, answer === null ? "–" : percent(right[state.k][q])));
      })));
  }

  // -- accuracy against k
  const charts = curves.map((curve) => {
    const svg = h("svg", { class: "curve", role: "img" });
    return { curve, svg, node: h("figure", { class: "chart", "data-kind": curve.kind }, h("figcaption", {}, h("b", {}, curve.title), " ", h("span", { class: "quiet" }, curve.sub)), svg) };
  });
  function draw(curve, W, H, rem, k = state.k) {
    const left = 2.1 * rem, rightEdge = W - 0.7 * rem, top = 0.5 * rem, bottom = H - 1.35 * rem, size = 0.8 * rem;
    const x = (n) => left + 0.4 * rem + (n / curve.most) * (rightEdge - left - 0.4 * rem), y = (p) => bottom - p * (bottom - top);
    const text = (more, string) => h("text", { "font-size": size, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...more }, string);
    const parts = [...[0, 0.5, 1].flatMap((p) => [h("line", { x1: left, x2: rightEdge, y1: y(p), y2: y(p), stroke: "var(--gb-line)" }), text({ x: left - 0.3 * rem, y: y(p) + 0.28 * rem, "text-anchor": "end" }, p)]),
      ...[0, 4, 8, 12, 16].map((n) => text({ x: x(n), y: H - 0.2 * rem, "text-anchor": "middle" }, n))];
    const known = (line) => line.share.map((p, n) => [n, p, line.low[n], line.high[n]]).filter(([, p]) => p !== null);
    for (const [i, line] of curve.lines.entries()) {
      const points = known(line);
      const band = [...points.map(([n, , , high]) => `${x(n)},${y(high)}`), ...[...points].reverse().map(([n, , low]) => `${x(n)},${y(low)}`)];
      parts.push(h("polygon", { points: band.join(" "), fill: INK[i], "fill-opacity": 0.13 }));
    }
    parts.push(h("polyline", { points: curve.best.map((p, n) => `${x(n)},${y(p)}`).join(" "), fill: "none", stroke: "var(--gb-cut)", "stroke-width": 2, "stroke-dasharray": "2 4" }));
    for (const [i, line] of curve.lines.entries()) parts.push(h("polyline", { points: known(line).map(([n, p]) => `${x(n)},${y(p)}`).join(" "), fill: "none", stroke: INK[i], "stroke-width": 2.5, "stroke-dasharray": DASH[i], "stroke-linejoin": "round" }));
    parts.push(h("line", { x1: x(k), x2: x(k), y1: top, y2: bottom, stroke: "var(--gb-text)", "stroke-width": 1.2 }));
    for (const [i, line] of curve.lines.entries()) if (line.share[k] !== null) parts.push(spot(i, x(k), y(line.share[k]), 0.36 * rem));
    return parts;
  }
  const legend = h("div", { class: "legend" });
  function drawCurves() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    for (const { curve, svg } of charts) {
      const { width, height } = svg.getBoundingClientRect();
      if (width > 0) { svg.setAttribute("viewBox", `0 0 ${width} ${height}`); fill(svg, ...draw(curve, width, height, rem)); }
      svg.setAttribute("aria-label", say(w.chart_label, { title: curve.title, k: state.k, scores: curve.lines.map((line) => `${line.name} ${line.share[state.k] === null ? "–" : num(line.share[state.k])}`).join(", "), best: num(curve.best[state.k]) }));
    }
    fill(legend, ...curves[0].lines.map((line, i) => h("span", { class: "key" }, sample(i), ` ${line.name} `, h("span", { class: "values" }, curves.map((c) => (c.lines[i] && c.lines[i].share[state.k] !== null ? c.lines[i].share[state.k].toFixed(2) : "–")).join(" / ")))),
      h("span", { class: "key" }, h("svg", { class: "dash", viewBox: "0 0 28 10", "aria-hidden": "true" }, h("line", { x1: 0, x2: 28, y1: 5, y2: 5, stroke: "var(--gb-cut)", "stroke-width": 2.5, "stroke-dasharray": "2 4" })), ` ${w.best} `, h("span", { class: "values" }, curves.map((c) => c.best[state.k].toFixed(2)).join(" / "))));
  }
  const sample = (i) => h("svg", { class: "dash", viewBox: "0 0 28 10", "aria-hidden": "true" }, h("line", { x1: 0, x2: 28, y1: 5, y2: 5, stroke: INK[i], "stroke-width": 3, "stroke-dasharray": DASH[i] }), spot(i, 14, 5, 4));

  // -- heads
  const headRow = h("div", { class: "heads", role: "group", "aria-label": w.heads });
  function toggle(names, on) {
    const kept = new Set(state.off);
    for (const name of names) if (on) kept.delete(name); else kept.add(name);
    state.off = heads.names.filter((name) => kept.has(name));
    refresh();
    tell();
  }
  function drawHeads() {
    const allOff = heads.matching.length > 0 && heads.matching.every((name) => state.off.includes(name));
    fill(headRow, h("span", { class: "title" }, w.heads), ...heads.names.map((name, i) => {
      const on = !state.off.includes(name), match = heads.match[i];
      return h("button", { type: "button", class: `head${on ? "" : " off"}`, "data-head": name, "aria-pressed": String(on), title: say(on ? w.head_on : w.head_off, { head: name, match: match.toFixed(2) }), onclick: () => toggle([name], !on) },
        h("span", { class: "name" }, name), h("span", { class: "meter" }, h("span", { class: "fill", style: { width: `${100 * match}%` } })), h("span", { class: "n" }, match.toFixed(2)));
    }), h("button", { type: "button", class: "all", disabled: heads.matching.length ? undefined : true, onclick: () => toggle(heads.matching, allOff) }, allOff ? w.matching_on : say(w.matching_off, { n: heads.matching.length })),
    state.off.length ? h("button", { type: "button", class: "all", onclick: () => toggle(heads.names, true) }, w.all_on) : null);
  }

  function move(k) { state.k = Math.min(Math.max(k, 0), last); refresh(); tell(); }
  function refresh() { drawPrompt(); drawAnswer(); drawCurves(); drawHeads(); state.stepper.set({ step: state.k, last }); }
  const padlock = h("svg", { class: "padlock", viewBox: "0 0 20 20", "aria-hidden": "true" }, h("path", { d: "M5.5 9V6.5a4.5 4.5 0 0 1 9 0V9", fill: "none", stroke: "currentColor", "stroke-width": 2 }), h("rect", { x: 3.5, y: 9, width: 13, height: 9, rx: 1.5, fill: "currentColor" }));
  fill(lock, padlock, ` ${w.weights} `, h("code", { title: data.lock.before }, data.lock.before.slice(0, 16)), ` ${w.after} `, h("code", { title: data.lock.after }, data.lock.after.slice(0, 16)), h("b", {}, ` ${data.lock.before === data.lock.after ? w.unchanged : w.changed}`));
  const label = (k) => say(w.k_label, { k });
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (step) => { state.k = step; refresh(); tell(); } });
  fill(root, lock, h("div", { class: "board" },
    h("section", { class: "left", "aria-label": w.prompt }, state.stepper.node, prompt, h("label", { class: "lookrow" }, `${w.attention_of} `, lookAt, h("span", { class: "quiet" }, ` ${w.copy_mark}`)),
      h("div", { class: "said-row" }, h("section", { class: "asked" }, verdict, bars), h("div", { class: "tablebox" }, table))),
    h("section", { class: "right", "aria-label": w.curves }, h("p", { class: "axes" }, data.curves_text), ...charts.map((c) => c.node), legend)), headRow);
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => drawCurves());
  state.watch.observe(charts[0].svg);

  function curvesPicture() {
    const W = 460, H = 270, svg = frame(2 * W, H + 44);
    charts.forEach(({ curve }, i) => svg.append(h("g", { transform: `translate(${i * W}, 0)` }, h("text", { x: 12, y: 20, "font-size": 15, "font-weight": 700, "font-family": "sans-serif", fill: "var(--gb-text)" }, curve.title), h("g", { transform: "translate(0, 28)" }, ...draw(curve, W - 10, H - 34, 14)))));
    curves[0].lines.forEach((line, i) => svg.append(h("line", { x1: 12 + 200 * i, x2: 44 + 200 * i, y1: H + 22, y2: H + 22, stroke: INK[i], "stroke-width": 3, "stroke-dasharray": DASH[i] }), spot(i, 28 + 200 * i, H + 22, 5), h("text", { x: 52 + 200 * i, y: H + 27, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, line.name)));
    const bestAt = 12 + 200 * curves[0].lines.length;
    svg.append(h("line", { x1: bestAt, x2: bestAt + 32, y1: H + 22, y2: H + 22, stroke: "var(--gb-cut)", "stroke-width": 2.5, "stroke-dasharray": "2 4" }), h("text", { x: bestAt + 40, y: H + 27, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, w.best));
    return svg;
  }
  function promptPicture() {
    const perRow = 5, rows = Math.ceil((state.k + 1) / perRow), W = 1000, svg = frame(W, 34 * rows + 180);
    const text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 16, "font-family": "monospace", fill: "var(--gb-text)", ...more }, string);
    const known = data.description.filter(([, reads]) => reads).length;
    const place = (i) => [10 + (i % perRow) * 196, 24 + 34 * Math.floor(i / perRow)];
    for (let i = 0; i < state.k; i++) {
      const [x, y] = place(i), p = weight(1 + known + 4 * i + 2);
      svg.append(h("rect", { x: x + 92, y: y - 18, width: 62, height: 24, fill: "var(--gb-seq-2)", "fill-opacity": Math.sqrt(p) }), text(x, y, `${word(pairs[i][0])} -> `), text(x + 96, y, word(pairs[i][1])));
    }
    const [x, y] = place(state.k), said = answers.words[state.k][state.ask][0];
    svg.append(text(x, y, `${word(questions[state.ask][0])} -> ${word(said)}`, { "font-weight": 700 }));
    answers.words[state.k][state.ask].forEach((answer, i) => {
      const top = 34 * rows + 26 + 26 * i, p = answers.probs[state.k][state.ask][i];
      svg.append(text(10, top, word(answer)), h("rect", { x: 100, y: top - 13, width: 300 * p, height: 15, fill: "var(--gb-token)" }), text(412, top, percent(p)));
    });
    return svg;
  }
  state.stops.forEach((stop) => stop());
  state.stops = [offerPicture("in-context-prompt", promptPicture), offerPicture("in-context-curves", curvesPicture)];
  return () => { state.stops.forEach((stop) => stop()); state.stepper?.destroy(); state.watch?.disconnect(); };
});
