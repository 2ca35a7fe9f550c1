// Recorded runs of variants of one model: lines along training, bars by group, a table of what they write.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { percent } from "../glassbox.lib/format.js";
import { INK, DASH, spot, axis, compact } from "../glassbox.lib/training.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ offers: [] }));
const WIDTH = 560, HEIGHT = 270, LEFT = 52, RIGHT = 14, TOP = 14, BOTTOM = 34;
const y = (share) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
const text = (x, at, content, extra = {}) => h("text", { x, y: at, "font-size": 12.5, "font-family": "sans-serif", fill: "var(--gb-quiet)", "text-anchor": "middle", ...extra }, content);

function grid() {
  return [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    h("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share), stroke: "var(--gb-line)", "stroke-width": share === 0 ? 1.4 : 0.7 }),
    text(LEFT - 7, y(share) + 4, `${share * 100}%`, { "text-anchor": "end" })]);
}

function drawLines(svg, lines, lang) {
  const seen = axis(lines.flatMap(({ points }) => points.map(([tokens]) => tokens))), x = seen.place(LEFT, WIDTH - RIGHT);
  const all = lines[0].points.map(([tokens]) => tokens), ends = [all[0], all.at(-1)]; // one power of ten alone says no scale
  svg.append(...grid(), ...[...new Set([...seen.ticks.filter((n) => n > 0), ...ends])].map((n) => text(x(n), HEIGHT - 12, compact(n, lang), { "text-anchor": n === ends[1] ? "end" : "middle" })));
  lines.forEach(({ name, points }, i) => svg.append(
    h("polyline", { points: points.map(([tokens, share]) => `${x(tokens)},${y(share)}`).join(" "), fill: "none", stroke: INK[i], "stroke-width": 2.2, "stroke-dasharray": DASH[i] }),
    ...points.map(([tokens, share]) => h("g", {}, h("title", {}, `${name}: ${compact(tokens, lang)}, ${percent(share)}`), spot(i, x(tokens), y(share), 4)))));
}

function drawGroups(svg, { labels, bars }) {
  const wide = (WIDTH - RIGHT - LEFT) / labels.length, each = Math.min(46, (wide - 12) / bars.length);
  svg.append(...grid(), ...labels.map((label, g) => text(LEFT + (g + 0.5) * wide, HEIGHT - 12, label)));
  bars.forEach(({ shares, titles }, i) => shares.forEach((share, g) => {
    const x = LEFT + (g + 0.5) * wide + (i - bars.length / 2) * each;
    svg.append(h("g", {}, h("title", {}, titles[g]), h("rect", { x: x + 1, y: y(share), width: each - 2, height: Math.max(1, y(0) - y(share)), fill: INK[i], "fill-opacity": i ? 0.45 : 0.9, stroke: INK[i], "stroke-width": 1.5, "stroke-dasharray": i ? "4 3" : null }),
      text(x + each / 2, y(share) + (share > 0.93 ? 14 : -4), `${Math.round(share * 100)}`, { fill: share > 0.93 && i === 0 ? "var(--gb-background)" : "var(--gb-text)", "font-size": 12 })));
  }));
}

function draw(chart, lang, legend = false) {
  const names = (chart.lines ?? chart.groups.bars).map(({ name }) => name);
  const svg = frame(WIDTH, HEIGHT + (legend ? 22 * names.length + 24 : 0));
  if (chart.lines) drawLines(svg, chart.lines, lang); else drawGroups(svg, chart.groups);
  if (legend) {
    svg.append(text(LEFT, HEIGHT + 14, chart.title, { "text-anchor": "start", fill: "var(--gb-text)", "font-weight": 700 }));
    names.forEach((name, i) => svg.append(spot(i, LEFT + 8, HEIGHT + 32 + 22 * i, 5), text(LEFT + 22, HEIGHT + 36 + 22 * i, name, { "text-anchor": "start", fill: "var(--gb-text)" })));
  }
  return svg;
}

export default living(function ({ data, parentElement }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-variant_runs");
  const key = ({ lines, groups }) => h("ul", { class: "key" }, ...(lines ?? groups.bars).map(({ name }, i) => h("li", {}, h("svg", { viewBox: "0 0 34 14", width: 34, height: 14, "aria-hidden": "true" }, lines ? h("line", { x1: 0, x2: 34, y1: 7, y2: 7, stroke: INK[i], "stroke-width": 2.2, "stroke-dasharray": DASH[i] }) : null, spot(i, 17, 7, 4.5)), name)));
  // Emphasis between asterisks is ours, not a reader's.
  const prose = data.text.split(/\*([^*]+)\*/).map((part, i) => (i % 2 ? h("em", {}, part) : part));
  fill(root,
    h("h3", {}, data.title), h("p", { class: "prose" }, ...prose),
    h("div", { class: "charts" }, ...data.charts.map((chart) => { const svg = draw(chart, data.lang); svg.setAttribute("role", "img"); svg.setAttribute("aria-label", chart.title); return h("figure", {}, h("figcaption", {}, chart.title), svg, key(chart)); }),
      h("figure", {}, h("figcaption", {}, data.table.title), h("table", {}, h("thead", {}, h("tr", {}, ...data.table.head.map((cell) => h("th", { scope: "col" }, cell)))), h("tbody", {}, ...data.table.rows.map((cells) => h("tr", {}, ...cells.map((cell) => h("td", {}, cell || "∅")))))))),
    h("p", { class: "source" }, data.source));
  state.offers.forEach((stop) => stop());
  state.offers = data.charts.map((chart, i) => offerPicture(`${data.key}-${i + 1}`, () => draw(chart, data.lang, true)));
  return () => { state.offers.forEach((stop) => stop()); state.offers = []; };
});
