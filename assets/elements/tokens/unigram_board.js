// Unigram: EM and pruning step by step, the lattice of one word with its best way, other ways by share and by lot.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped, num, percent, full, visible } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { rich } from "../glassbox.lib/tiles.js";
import { offerPicture, frame, headline, legendBelow } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances((parent) => {
  const s = { root: parent.querySelector(".gb-unigram_board"), at: 0 };
  s.story = h("p", { class: "story", "aria-live": "polite" });
  s.latticeHead = h("h2");
  s.lattice = h("div", { class: "lattice" });
  s.line = h("p", { class: "sum" });
  s.piecesHead = h("h2");
  s.pieces = h("div", { class: "pieces" });
  s.waysHead = h("h2");
  s.ways = h("table", { class: "ways" });
  s.curveHead = h("h2");
  s.curve = h("div", { class: "curve" });
  return s;
});

const SHOWS = ["ways", "shares", "best", "training"]; // what is seen, one thing more each time
const level = (s) => SHOWS.indexOf(s.data.show);
const moment = (s) => s.data.moments[s.at];
const tok = (piece, extra = "") => h("span", { class: `tok ${extra}`, translate: "no" }, visible(piece));
const toks = (tokens) => tokens.flatMap((piece) => [tok(piece), "\u200a"]);

function paintStory(s) {
  const w = s.data.words, now = moment(s), before = s.data.moments[s.at - 1];
  const nodes = [];
  if (now.kind === "seed") nodes.push(say(w.uni_seed, { size: grouped(now.size), words: grouped(s.data.num_words) }));
  else if (now.kind === "em") nodes.push(say(w.uni_em, { iteration: now.iteration, before: num(before.loss), after: num(now.loss) }));
  else nodes.push(say(w.uni_pruned, { n: grouped(before.leaving), size: grouped(now.size) }));
  if (now.leaving) nodes.push(" ", h("b", {}, say(w.uni_leaving, { n: grouped(now.leaving) })));
  else if (s.at === s.data.moments.length - 1) nodes.push(" ", h("b", {}, say(w[`uni_end_${s.data.stop}`], { size: grouped(now.size) })));
  fill(s.story, nodes);
}

/** The lattice as an SVG of plain attributes. Nodes are the places between letters; a piece is an arc over its letters. */
function drawLattice(s, width, height, onLook) {
  const now = moment(s), letters = [...s.data.word], n = Math.max(letters.length, 1);
  const svg = frame(width, height);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", say(s.data.words.lattice_label, { word: s.data.word, n: now.num_paths, best: now.best[0].join(" ") }));
  const seen = level(s);
  const left = 40, unit = (width - 2 * left) / n, floor = height - 44;
  // One level for each length that occurs, so that long words stay readable.
  const lengths = [...new Set(now.edges.map((edge) => edge[1] - edge[0]))].sort((a, b) => a - b);
  const rise = Math.min(64, (floor - 22) / (Math.max(lengths.length, 1) + 0.25));
  const tall = Math.max(16, Math.min(24, rise - 2));
  const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 17, "font-family": "monospace", fill: "var(--gb-text)", "text-anchor": "middle", ...extra }, content);
  const sorted = [...now.edges].sort((a, b) => a[5] - b[5] || a[4] - b[4]);
  const labels = [];
  for (const edge of sorted) {
    const [start, end, piece, logProb, posterior, onBestWay, unknown] = edge, best = onBestWay && seen > 1;
    const x0 = left + start * unit, x1 = left + end * unit, x = (x0 + x1) / 2, y = floor - (lengths.indexOf(end - start) + 1) * rise - 4;
    const bend = floor - (floor - y) * 4 / 3;
    const colour = unknown ? "var(--gb-wrong)" : best ? "var(--gb-token)" : "var(--gb-cut)";
    const group = h("g", { class: `edge${best ? " best" : ""}`, "data-piece": piece, onmouseenter: onLook ? () => onLook(edge) : undefined });
    group.append(h("title", {}, `${piece}: ln P = ${full(logProb)}, P = ${full(Math.exp(logProb))}, ${full(posterior)}`),
      h("path", { d: `M${x0} ${floor} C${x0 + unit * 0.12} ${bend} ${x1 - unit * 0.12} ${bend} ${x1} ${floor}`, fill: "none", stroke: colour, "stroke-width": seen ? (1 + 8 * posterior).toFixed(2) : 2, "stroke-opacity": best ? 1 : seen ? (0.35 + 0.5 * posterior).toFixed(2) : 0.8, "stroke-dasharray": unknown ? "6 4" : "none" }));
    const chars = [...piece].reduce((sum, c) => sum + (c.codePointAt(0) > 0x1100 ? 18 : 10.5), 0);
    const size = tall < 22 ? 13 : unit < 60 && !best ? 13 : 17, wide = (chars * size) / 17 + 12;
    labels.push(() => {
      group.append(h("rect", { x: x - wide / 2, y: y - tall / 2, width: wide, height: tall, rx: 5, fill: best ? "var(--gb-seq-1)" : "var(--gb-background)", stroke: colour, "stroke-width": best ? 2.5 : 1 }),
        text(x, y + size / 3, visible(piece), { "font-size": size, "font-weight": best ? 700 : 400, fill: best ? "var(--gb-token)" : "var(--gb-text)" }));
      const beside = end - start === 1 || rise < 38; // no room below: the letters, or the next level
      if (seen && (posterior >= 0.01 || best) && (beside ? unit * (end - start) >= 130 : unit >= 56)) group.append(beside ? h("rect", { x: x + wide / 2 + 2, y: y - 7, width: 46, height: 14, fill: "var(--gb-background)" }) : "", text(beside ? x + wide / 2 + 5 : x, beside ? y + 5 : y + 25, percent(posterior), { "font-size": 12.5, "font-family": "sans-serif", "text-anchor": beside ? "start" : "middle", fill: best ? "var(--gb-token)" : "var(--gb-quiet)" }));
    });
    svg.append(group);
  }
  labels.forEach((draw) => draw());
  letters.forEach((letter, i) => svg.append(text(left + (i + 0.5) * unit, floor + 8, visible(letter), { "font-size": 20, "font-weight": 700, stroke: "var(--gb-background)", "stroke-width": 5, "paint-order": "stroke" })));
  const onBest = new Set([0]);
  let place = now.nodes.length - 1;
  while (place > 0) { onBest.add(place); place = now.nodes[place][2] ?? 0; }
  now.nodes.forEach(([score], i) => {
    const best = seen > 1 && onBest.has(i), x = left + i * unit;
    const node = h("g", {}, h("title", {}, say(s.data.words.node_title, { n: i, score: full(score), paths: String(now.nodes[i][1]) })),
      h("circle", { cx: x, cy: floor, r: best ? 8 : 6, fill: best ? "var(--gb-token)" : "var(--gb-background)", stroke: best ? "var(--gb-token)" : "var(--gb-quiet)", "stroke-width": 2 }),
      seen < 2 ? "" : text(x, floor + 32, i ? num(score) : "0", { "font-size": unit < 45 ? 10 : 13, "font-weight": best ? 700 : 400, fill: best ? "var(--gb-token)" : "var(--gb-quiet)" }));
    svg.append(node);
  });
  return svg;
}

function paintLattice(s) {
  const w = s.data.words, now = moment(s);
  fill(s.latticeHead, h("span", {}, rich(say(w.lattice_title, { n: grouped(now.num_paths) }), { word: h("b", { translate: "no" }, s.data.word) })), h("span", { class: "side" }, w[`lattice_${s.data.show}`]));
  const box = s.lattice.getBoundingClientRect();
  const width = Math.max(320, Math.round((s.lattice.clientWidth || box.width || 1200))), height = Math.max(190, Math.round(s.lattice.clientHeight || 250));
  fill(s.lattice, s.data.word ? drawLattice(s, width, height, (edge) => look(s, edge)) : h("p", { class: "quiet" }, w.no_word));
  look(s, null);
}

function look(s, edge) {
  const w = s.data.words, now = moment(s);
  if (edge) { fill(s.line, rich(w.edge_line, { piece: tok(edge[2], edge[5] ? "new" : ""), prob: num(Math.exp(edge[3])), log: num(edge[3]), share: percent(edge[4]) })); return; }
  if (!s.data.word) { fill(s.line, "\u00a0"); return; }
  if (level(s) < 2) { fill(s.line, w[`line_${s.data.show}`]); return; }
  const [tokens, logProb, share] = now.best;
  fill(s.line, ...rich(w.best_line, { best: h("b", {}, toks(tokens)), log: num(logProb), share: percent(share) }),
    ...(now.unknown.length ? [" ", ...rich(w.unknown_letters, { letters: h("b", {}, now.unknown.join(" ")) })] : []));
}

function paintPieces(s) {
  const w = s.data.words, now = moment(s);
  fill(s.piecesHead, h("span", {}, w.pieces_title), h("span", { class: "side" }, say(w.pieces_side, { size: grouped(now.size) })));
  const finite = [...now.pieces, ...now.letters].map((row) => row[3]).filter((loss) => loss !== null);
  const highest = Math.max(1e-9, ...finite);
  const row = ([piece, prob, expected, loss, leaves], letter) => h("div", { class: `piece${leaves ? " leaves" : ""}`, title: say(w.piece_title, { prob: full(prob), expected: full(expected), loss: loss === null ? "∞" : full(loss) }) },
    h("span", { class: "name" }, tok(piece)),
    h("span", { class: "prob" }, num(prob)),
    h("span", { class: "track" }, h("span", { class: `fill${loss === null ? " endless" : ""}`, style: { width: `${loss === null ? 100 : Math.max(0.5, (100 * loss) / highest).toFixed(1)}%` } })),
    h("span", { class: "loss" }, loss === null ? "∞" : num(loss), leaves ? h("b", {}, ` ${w.leaves}`) : letter ? h("span", { class: "quiet" }, ` ${w.stays}`) : null));
  const list = [];
  now.pieces.forEach((one, i) => {
    if (i === now.gap_at) list.push(h("p", { class: "quiet" }, say(w.between, { n: grouped(now.gap) })));
    list.push(row(one, false));
  });
  list.push(...now.letters.map((one) => row(one, true)));
  if (now.more_letters) list.push(h("p", { class: "quiet" }, say(w.between, { n: grouped(now.more_letters) })));
  fill(s.pieces, h("div", { class: "piece head", "aria-hidden": "true" }, h("span", {}, w.piece), h("span", { class: "prob" }, "P"), h("span", {}, w.loss_head), h("span")), list);
}

function paintWays(s) {
  const w = s.data.words, now = moment(s);
  fill(s.waysHead, h("span", {}, w.ways_title), h("span", { class: "side" }, say(w.ways_side, { times: s.data.times, seed: s.data.seed, alpha: s.data.alpha })));
  const drawn = new Map(now.samples.map((way) => [way[0].join("\u0000"), way]));
  const listed = now.n_best.map((way) => [...way, drawn.get(way[0].join("\u0000"))?.[3] ?? 0]);
  const known = new Set(now.n_best.map((way) => way[0].join("\u0000")));
  const others = now.samples.filter((way) => !known.has(way[0].join("\u0000")));
  fill(s.ways, h("thead", {}, h("tr", {}, h("th", {}, w.way), h("th", {}, w.share), h("th", {}, w.drawn))),
    h("tbody", {}, [...listed, ...others].slice(0, 9).map(([tokens, logProb, share, times], i) => h("tr", { class: i === 0 ? "best" : "" },
      h("th", { scope: "row" }, toks(tokens)),
      h("td", { title: `${full(share)}, ln = ${full(logProb)}` }, h("span", { class: "fill", style: { width: `${(100 * share).toFixed(1)}%` } }), h("span", { class: "value" }, percent(share))),
      h("td", { title: `${times} / ${s.data.times}` }, h("span", { class: "fill drawn", style: { width: `${((100 * times) / s.data.times).toFixed(1)}%` } }), h("span", { class: "value" }, times))))));
}

const LEFT = 50; // of the curve: room for the highest and the lowest loss
const DISC = { rx: 7, fill: "var(--gb-background)", stroke: "var(--gb-token)", "stroke-width": 2 }, SQUARE = { fill: "var(--gb-key)" };
/** What the marks of the curve mean, on the page. */
const meaning = (look, name) => [h("svg", { width: 10, height: 10, "aria-hidden": "true" }, h("rect", { x: 1, y: 1, width: 8, height: 8, ...look })), ` ${name} `];

function drawCurve(s, width, height) {
  const losses = s.data.moments.map((one) => one.loss), n = losses.length - 1;
  const low = Math.min(...losses), high = Math.max(...losses);
  const svg = frame(width, height);
  const x = (i) => LEFT + ((width - LEFT - 8) * i) / Math.max(n, 1), y = (loss) => height - 10 - ((height - 22) * (loss - low)) / ((high - low) || 1);
  for (const loss of high > low ? [low, high] : [low]) svg.append(h("text", { x: LEFT - 9, y: y(loss) + 4, "text-anchor": "end", "font-size": 11, "font-family": "sans-serif", fill: "var(--gb-quiet)" }, num(loss)));
  svg.append(h("polyline", { points: losses.map((loss, i) => `${x(i).toFixed(1)},${y(loss).toFixed(1)}`).join(" "), fill: "none", stroke: "var(--gb-token)", "stroke-width": 2 }));
  s.data.moments.forEach((one, i) => svg.append(h(one.kind === "pruned" ? "rect" : "circle", one.kind === "pruned" ? { x: x(i) - 4, y: y(one.loss) - 4, width: 8, height: 8, fill: "var(--gb-key)" } : { cx: x(i), cy: y(one.loss), r: 4, fill: i === s.at ? "var(--gb-token)" : "var(--gb-background)", stroke: "var(--gb-token)", "stroke-width": 2 })));
  svg.append(h("line", { x1: x(s.at), x2: x(s.at), y1: 0, y2: height, stroke: "var(--gb-text)", "stroke-dasharray": "4 3" }));
  return svg;
}

function paintCurve(s) {
  const w = s.data.words, now = moment(s);
  fill(s.curveHead, h("span", {}, rich(say(w.curve_title, { size: grouped(now.size) }), { loss: h("b", { class: "big" }, num(now.loss)) })), h("span", { class: "side" }, ...meaning(DISC, w.curve_em), ...meaning(SQUARE, w.curve_pruned)));
  const width = Math.max(120, s.curve.clientWidth || 240), height = Math.max(60, s.curve.clientHeight || 120);
  const svg = drawCurve(s, width, height);
  svg.setAttribute("aria-hidden", "true");
  svg.addEventListener("pointerdown", (event) => {
    const box = svg.getBoundingClientRect();
    const to = Math.round(((event.clientX - box.left - LEFT) / (box.width - LEFT - 8)) * (s.data.moments.length - 1));
    const step = Math.min(Math.max(to, 0), s.data.moments.length - 1);
    s.stepper.set({ step });
    go(s, step);
  });
  fill(s.curve, svg);
}

/** The lattice to take home: which word, and what thickness and numbers mean. */
function latticePicture(s) {
  const w = s.data.words;
  return titled(drawLattice(s, 1100, 320), say(w.lattice_title, { n: grouped(moment(s).num_paths), word: s.data.word }), [[null, w[`lattice_${s.data.show}`]]]);
}

function curvePicture(s) {
  const w = s.data.words, now = moment(s);
  return titled(drawCurve(s, 700, 240), say(w.curve_title, { loss: num(now.loss), size: grouped(now.size) }), [[DISC, w.curve_em], [SQUARE, w.curve_pruned]]);
}

/** A picture with its name above it and what its marks mean below. */
function titled(inner, name, marks) {
  const svg = frame(Number(inner.getAttribute("width")), Number(inner.getAttribute("height")) + 30);
  inner.setAttribute("y", 30);
  svg.append(inner);
  headline(svg, 10, 21, name, { "font-weight": 700 });
  return legendBelow(svg, marks);
}

function go(s, step) { s.at = step; paint(s); s.report({ step, rev: s.rev }); }
function paint(s) { s.root.dataset.show = s.data.show; paintStory(s); paintPieces(s); paintWays(s); paintLattice(s); paintCurve(s); }

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  s.data = data;
  s.report = reporter((at) => setTriggerValue("step", at));
  const last = data.moments.length - 1;
  if (s.rev !== data.rev) { s.rev = data.rev; s.at = data.step; }
  s.at = Math.min(s.at, last);
  s.stepper?.destroy();
  s.stepper = stepper({ words: data.stepper, onMove: (step) => go(s, step), label: (step, end) => say(data.words.moment, { step, last: end }) });
  s.stepper.set({ step: s.at, last });
  fill(s.root, s.stepper.node, s.story,
    h("section", { class: "panel" }, s.latticeHead, s.lattice, s.line),
    h("div", { class: "low" },
      h("section", { class: "panel" }, s.piecesHead, h("div", { class: "scroll" }, s.pieces)),
      h("section", { class: "panel" }, s.waysHead, h("div", { class: "scroll" }, s.ways)),
      h("section", { class: "panel" }, s.curveHead, s.curve)));
  paint(s);
  s.watch?.disconnect();
  let width = s.lattice.clientWidth;
  s.watch = new ResizeObserver(() => { if (s.lattice.clientWidth !== width) { width = s.lattice.clientWidth; paintLattice(s); paintCurve(s); } });
  s.watch.observe(s.lattice);
  const giveBack = [offerPicture(data.words.picture_lattice, () => latticePicture(s)), offerPicture(data.words.picture_loss, () => curvePicture(s))];
  return () => { s.stepper.destroy(); s.watch.disconnect(); giveBack.forEach((f) => f()); };
});
