// All blocks of a model at once: what it would say after each of them, the rank of its last words, what each part adds, where the vectors point.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, full, percent, visible, narrowed } from "../glassbox.lib/format.js";
import { unpack } from "../glassbox.lib/packed.js";
import { offerPicture, frame, headline } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";
import { view } from "../glassbox.lib/view.js";

const ASKED = ["block_text", "block_layer", "block_taken", "block_off", "block_words"]; // what the numbers depend on
const create = instances(() => ({ view: view("block"), asked: 0, found: null, of: null, token: 0, row: null, offers: [] }));
const askedOf = (held) => JSON.stringify(ASKED.map((key) => held[key]));
const nameOf = (s) => JSON.stringify([s.data.model, askedOf(s.view.state)]);
const MONO = "ui-monospace, monospace";
const DASHES = [null, "7 4", "2 3", "9 3 2 3", "4 4"];

/** Let the engine say what the model would say after each block; only the newest question is drawn. */
async function compute(s) {
  const asked = s.asked += 1, of = nameOf(s), { source } = s.view.local, { block_text: text, block_layer: layer, block_taken: taken, block_off: off, block_words: words } = s.view.state;
  s.root.classList.add("waiting");
  try {
    const opened = await source.inside({ text, layer, taken, off }, s.data.most), found = opened.finite ? { ...(await source.lens(opened, words.split(/\s+/).filter(Boolean).slice(0, s.data.most_words))), tokens: opened.tokens } : null;
    if (asked !== s.asked || !s.root.isConnected) return;
    Object.assign(s, { found, of, overflow: !opened.finite });
    draw(s);
  } catch (error) { if (asked === s.asked) s.view.local.fail(error); }
}

/** The view was moved: what it asks for now is computed, or waited for. */
function moved(s, from) {
  if (s.early) { take(s, s.early); return; }
  if (s.of === nameOf(s)) { if (from !== "engine") follow(s); return; }
  if (s.view.local?.source) compute(s);
  else { s.asked += 1; s.root.classList.add("waiting"); }
}

/** What Python sent: the lanes of the state on screen, if it is the one that computes. */
function take(s, sent) {
  const { found, arrays, words, ...data } = sent;
  Object.assign(s, { data, words, early: s.view.state ? null : sent }); // who keeps the view may come later
  if (s.early) return;
  const of = nameOf(s), mine = askedOf(data.asked) === askedOf(s.view.state);
  if ((found || data.overflow) && (mine || !s.of) && !(s.view.local?.source && s.of === of)) Object.assign(s, { found: found && { ...found, arrays }, of: mine ? of : null, overflow: data.overflow });
  if (s.found || s.overflow) draw(s);
  if (s.view.local?.source && s.of !== of) compute(s);
}

/** Whoever opened the lanes follows the token of the block. */
function follow(s) {
  const token = s.view.state.block_token;
  if (s.found && token !== s.followed) { s.followed = token; s.token = Math.min(token, s.found.tokens.length - 1); s.redraw?.(); }
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement);
  s.root = parentElement.querySelector(".gb-layer_lanes");
  take(s, unpack(data));
  s.unlisten?.();
  s.unlisten = s.view.listen((_, from) => moved(s, from));
  return () => { s.unlisten?.(); s.unlisten = null; s.offers.forEach((stop) => stop()); s.offers = []; };
});

function draw(s) {
  s.root.classList.toggle("waiting", s.of !== nameOf(s));
  s.offers.forEach((stop) => stop());
  s.offers = [];
  s.redraw = null;
  if (!s.found) { fill(s.root, h("p", { class: "intro" }, s.words.no_blocks)); return; }
  build(s);
}

function build(state) {
  const { root, words, found, data } = state, model = { ...found, reads_on: data.reads_on, lens: data.reads_on }, N = model.tokens.length, rows = model.guesses.length, K = model.guesses[0][0].length;
  if (state.shown !== state.of) Object.assign(state, { shown: state.of, token: state.view.state.block_token, row: rows - 1 });
  state.followed = state.view.state.block_token;
  state.token = Math.min(state.token, N - 1);
  state.row = Math.min(state.row, rows - 1);
  const shown = (text) => visible(text) || "∅";
  const at = (name, row, token, k) => model.arrays[name].data[(row * N + token) * K + k];
  const added = (layer, part) => model.arrays.lengths.data[(layer * 2 + part) * N + state.token];
  const rowName = (row) => (row === 0 ? words.embedding : say(words.after, { n: row - 1 }));

  const grid = h("div", { class: "grid", role: "group", "aria-label": words.grid }), more = h("div", { class: "more" }), charts = h("div", { class: "charts" });
  function drawGrid() {
    const cells = [];
    for (let row = rows - 1; row >= 0; row -= 1) {
      cells.push(h("span", { class: "quiet row-name" }, rowName(row)));
      for (let token = 0; token < N; token += 1) {
        const p = at("probs", row, token, 0), on = row === state.row && token === state.token, same = model.guesses[row][token][0] === model.candidates[token][0], tops = model.guesses[row][token].map((text, k) => `${shown(text)} ${percent(at("probs", row, token, k))}`).join("\n");
        cells.push(h("button", { type: "button", class: `cell${on ? " on" : ""}${same ? " same" : ""}`, title: tops, "aria-pressed": String(on), style: { background: Number.isFinite(p) ? `color-mix(in srgb, var(--gb-seq-2) ${Math.round(Math.sqrt(p) * 70)}%, var(--gb-background))` : null }, onclick: () => { state.row = row; state.token = token; draw(); } }, Number.isFinite(p) ? shown(model.guesses[row][token][0]) : "–"));
      }
    }
    cells.push(h("span", { class: "quiet row-name" }, words.reads), ...model.tokens.map((text, token) => h("span", { class: `token${token === state.token ? " on" : ""}`, title: shown(text) }, shown(text))));
    grid.style.setProperty("--n", String(N));
    fill(grid, ...cells);
    fill(more, h("span", { class: "quiet" }, say(words.would_say, { where: rowName(state.row), token: shown(model.tokens[state.token]) })), ...model.guesses[state.row][state.token].map((text, k) => h("span", { class: "guess", title: full(at("probs", state.row, state.token, k)) }, h("b", {}, shown(text)), ` ${percent(at("probs", state.row, state.token, k))}`)));
  }
  const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 12, fill: "var(--gb-quiet)", "font-family": "sans-serif", ...extra }, content);
  function drawRanks(svg) {
    const W = 420, T = 250, left = 34, right = 112, all = Array.from({ length: rows }, (_, row) => row);
    const lines = [
      ...model.candidates[state.token].map((name, k) => ({ name, ranks: all.map((row) => at("ranks", row, state.token, k)), ink: k ? "var(--gb-text)" : "var(--gb-token)", wide: k ? 1.5 : 3, dash: DASHES[k] })),
      ...model.own.map((name, k) => ({ name, own: true, ranks: all.map((row) => model.arrays.own_ranks.data[(row * N + state.token) * model.own.length + k]), ink: "var(--gb-key)", wide: 2.5, dash: DASHES[k] }))];
    const most = Math.max(10, ...lines.flatMap(({ ranks }) => ranks)), X = (row) => left + (row / (rows - 1)) * (W - left - right), Y = (rank) => 14 + (Math.log(rank) / Math.log(most)) * (T - 44), ends = [];
    const free = (y) => [0, 14, -14, 28, -28, 42, -42, 56, -56, 70, -70, 84, -84].map((off) => y + off).find((one) => one > 6 && one < T - 24 && ends.every((other) => Math.abs(other - one) >= 13)) ?? y;
    fill(svg, ...[1, 10, 100, 1000, 10000].filter((rank) => rank <= most).flatMap((rank) => [h("path", { d: `M${left} ${Y(rank)}H${W - right}`, stroke: "var(--gb-line)" }), text(left - 5, Y(rank) + 4, String(rank), { "text-anchor": "end" })]),
      ...all.map((row) => text(X(row), T - 12, row === 0 ? "·" : String(row - 1), { "text-anchor": "middle" })), text(W - right, T, words.block_axis, { "text-anchor": "end", "font-size": 11 }),
      ...lines.flatMap(({ name, own, ranks, ink, wide, dash }) => {
        const y = free(Y(ranks.at(-1))), d = ranks.map((rank, row) => `${row ? "L" : "M"}${X(row).toFixed(1)} ${Y(rank).toFixed(1)}`).join("");
        ends.push(y);
        return [h("path", { d, class: own ? "own" : null, fill: "none", stroke: ink, "stroke-width": wide, "stroke-dasharray": dash }, h("title", {}, `${shown(name)}: ${ranks.join(" → ")}`)), text(W - right + 6, y + 4, narrowed(shown(name), 13), { "font-family": MONO, fill: ink, "font-weight": wide > 2 ? 700 : 400 })];
      }));
    return svg;
  }
  function drawShares(svg) {
    const W = 330, T = 250, layers = rows - 1, bar = Math.min(28, (T - 30) / layers), left = 26;
    const most = Math.max(...Array.from({ length: layers }, (_, l) => added(l, 0) + added(l, 1)));
    fill(svg, ...Array.from({ length: layers }, (_, l) => {
      const y = T - 26 - (l + 1) * bar, [a, f] = [added(l, 0), added(l, 1)], X = (v) => (v / most) * (W - left - 66);
      return h("g", {}, h("title", {}, `${words.attention} ${full(a)}, ${words.feed_forward} ${full(f)}`), text(left - 6, y + bar / 2 + 4, String(l), { "text-anchor": "end" }), h("rect", { x: left, y: y + 2, width: X(a), height: bar - 5, fill: "var(--gb-key)" }), h("rect", { x: left + X(a), y: y + 2, width: X(f), height: bar - 5, fill: "var(--gb-token)" }), text(left + X(a + f) + 5, y + bar / 2 + 4, `${num(a, 2)} + ${num(f, 2)}`, { "font-size": 11 }));
    }), h("rect", { x: left, y: T - 14, width: 11, height: 11, fill: "var(--gb-key)" }), text(left + 16, T - 4, words.attention), h("rect", { x: left + 120, y: T - 14, width: 11, height: 11, fill: "var(--gb-token)" }), text(left + 136, T - 4, words.feed_forward));
    return svg;
  }
  function drawPath(svg) {
    const W = 330, T = 250, all = model.arrays.path.data, xs = all.filter((_, i) => i % 2 === 0), ys = all.filter((_, i) => i % 2), span = (list) => [Math.min(...list), Math.max(...list)];
    const [[x0, x1], [y0, y1]] = [span(xs), span(ys)], X = (x) => 16 + ((x - x0) / (x1 - x0 || 1)) * (W - 80), Y = (y) => T - 20 - ((y - y0) / (y1 - y0 || 1)) * (T - 40);
    const point = (row, token) => [X(all[(row * N + token) * 2]), Y(all[(row * N + token) * 2 + 1])];
    const others = Array.from({ length: N }, (_, token) => token).filter((token) => token !== state.token);
    fill(svg, ...[...others, state.token].flatMap((token) => {
      const on = token === state.token, ink = on ? "var(--gb-token)" : "var(--gb-quiet)", last = point(rows - 1, token);
      return [h("path", { d: Array.from({ length: rows }, (_, row) => `${row ? "L" : "M"}${point(row, token).map((v) => v.toFixed(1)).join(" ")}`).join(""), fill: "none", stroke: ink, "stroke-width": on ? 2.5 : 1, opacity: on ? 1 : 0.5 }), ...Array.from({ length: rows }, (_, row) => h("circle", { cx: point(row, token)[0], cy: point(row, token)[1], r: row === rows - 1 ? 4 : 2.2, fill: row === 0 ? "var(--gb-background)" : ink, stroke: ink }, h("title", {}, `${shown(model.tokens[token])}: ${rowName(row)}`))), text(last[0] + 6, last[1] + 4, narrowed(shown(model.tokens[token]), 9), { "font-family": MONO, fill: ink, "font-weight": on ? 700 : 400, "font-size": 11 })];
    }));
    return svg;
  }
  const PICTURES = [["ranks", drawRanks, 420], ["shares", drawShares, 330], ["path", drawPath, 330]];
  const svgs = PICTURES.map(([name, , width]) => h("svg", { viewBox: `0 0 ${width} 250`, role: "img", "aria-label": words[`${name}_title`] }));
  function draw() {
    drawGrid();
    PICTURES.forEach(([, make], i) => make(svgs[i]));
    Object.assign(root.dataset, { row: String(state.row), token: String(state.token) });
  }
  const given = state.view.state.block_words.split(/\s+/).filter(Boolean).length;
  const notes = [model.cut.length ? say(words.own_words_cut, { tokens: model.cut.map((one) => one.trim()).join(", ") }) : null, given > data.most_words ? say(words.own_words_many, { most: data.most_words }) : null].filter(Boolean);
  fill(charts, ...PICTURES.map(([name], i) => h("figure", { "data-chart": name }, h("figcaption", {}, words[`${name}_title`]), svgs[i])));
  fill(root, ...notes.map((note) => h("p", { class: "note" }, note)), h("p", { class: "intro" }, words[model.lens ? "intro" : "intro_bert"]), h("div", { class: "scroll" }, grid), more, charts);
  draw();
  state.redraw = draw;
  state.offers = PICTURES.map(([name, make, width]) => offerPicture(`blocks-${name}`, () => { const svg = make(frame(width, 250)); headline(svg, 10, -8, words[`${name}_title`], { "font-weight": 700 }); return svg; }));
}
