// A few cases side by side: texts, bars, and tokens marked as on every page; the same as a picture.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { visible } from "../glassbox.lib/format.js";
import { offerPicture, frame, wrapped } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({}));
const COLOUR = { M: "var(--gb-mask)", R: "var(--gb-random)", K: "var(--gb-kept)", filled: "var(--gb-token)" };
const kindOf = (cell) => ("tokens" in cell ? "tokens" : "bar" in cell ? "bar" : "text");
const isCase = (kind) => ["M", "R", "K"].includes(kind);

function cellNode(cell, title, first) {
  const kind = kindOf(cell);
  if (first) return h("th", { scope: "row" }, cell.text);
  if (kind === "bar") return h("td", { class: "bar", title: cell.full, "data-head": title }, h("div", { class: "track" }, h("span", { class: "fill", style: { width: `${cell.bar * 100}%` } }), h("span", { class: "value" }, cell.shown)));
  if (kind === "text") return h("td", { "data-head": title }, cell.strong ? h("b", {}, cell.text) : cell.text);
  return h("td", { "data-head": title }, h("div", { class: "tokens" }, ...cell.tokens.map(([token, mark, below]) => h("span", { class: `token ${mark}` },
    h("span", { class: "face" }, isCase(mark) ? h("b", { class: "letter" }, mark) : null, visible(token)), below ? h("small", {}, below) : null))));
}

/** The table of {label, head, rows} as a node. */
export const table = ({ label, head, rows }) => h("table", { "aria-label": label, class: rows.flat().some((cell) => kindOf(cell) !== "text") ? "cases" : "" },
  h("thead", {}, h("tr", {}, ...head.map((title) => h("th", { scope: "col" }, title)))),
  h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((cell, i) => cellNode(cell, head[i], i === 0))))));

export function picture({ head, rows }) {
  const kinds = rows[0].map(kindOf);
  const longest = kinds.map((kind, i) => Math.max(8, ...rows.map((row) => (kind === "text" ? row[i].text.length : 0))));
  const widths = kinds.map((kind, i) => ({ bar: 180, tokens: 560 })[kind] ?? Math.min(300, 24 + longest[i] * 9));
  const lefts = widths.map((_, i) => 10 + widths.slice(0, i).reduce((sum, w) => sum + w, 0));
  const svg = frame(20 + widths.reduce((sum, w) => sum + w, 0), 10);
  const text = (x, y, content, props = {}) => svg.append(h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...props }, content));
  head.forEach((title, i) => wrapped(title, widths[i] / 7.5).forEach((line, k) => text(lefts[i], 18 + 16 * k, line, { "font-size": 13, fill: "var(--gb-quiet)" })));
  let top = 22 + 16 * Math.max(...head.map((title, i) => wrapped(title, widths[i] / 7.5).length));
  for (const row of rows) {
    let below = top + 30;
    row.forEach((cell, i) => {
      const x = lefts[i];
      if (kinds[i] === "bar") {
        svg.append(h("rect", { x, y: top + 5, width: widths[i] - 20, height: 20, fill: "var(--gb-surface)" }), h("rect", { x, y: top + 5, width: Math.max(0.5, (widths[i] - 20) * cell.bar), height: 20, fill: "var(--gb-seq-2)" }));
        text(x + 6, top + 20, cell.shown, { "font-family": "monospace" });
      } else if (kinds[i] === "text") {
        const parts = wrapped(cell.text, (widths[i] - 14) / (i === 0 || cell.strong ? 9 : 7.8));
        parts.forEach((line, k) => text(x, top + 20 + 17 * k, line, { "font-weight": i === 0 || cell.strong ? 700 : 400 }));
        below = Math.max(below, top + 13 + 17 * parts.length);
      } else {
        const tall = cell.tokens.some(([, , small]) => small) ? 38 : 24;
        let dx = 0, dy = 0;
        for (const [token, mark, small] of cell.tokens) {
          const face = isCase(mark) ? `${mark} ${visible(token)}` : visible(token), colour = COLOUR[mark];
          const wide = Math.max(face.length * 8.5, (small ?? "").length * 6.6) + 10;
          if (dx && dx + wide > widths[i] - 14) { dx = 0; dy += tall; }
          if (colour) svg.append(h("rect", { x: x + dx, y: top + dy + 5, width: wide - 4, height: 20, rx: 4, fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": mark === "K" ? "4 3" : null }));
          text(x + dx + (wide - 4) / 2, top + dy + 20, face, { "font-family": "monospace", "text-anchor": "middle", fill: colour ?? "var(--gb-text)", "font-weight": colour ? 700 : 400 });
          if (small) text(x + dx + (wide - 4) / 2, top + dy + 37, small, { "font-size": 11, "font-family": "monospace", "text-anchor": "middle", fill: "var(--gb-quiet)" });
          dx += wide;
        }
        below = Math.max(below, top + dy + tall + 8);
      }
    });
    svg.append(h("line", { x1: 10, x2: Number(svg.getAttribute("width")) - 10, y1: top, y2: top, stroke: "var(--gb-line)" }));
    top = below;
  }
  svg.setAttribute("height", top + 6);
  svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${top + 6}`);
  return svg;
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement);
  s.data = data;
  fill(parentElement.querySelector(".gb-comparison_table"), table(data));
  if (!s.withdraw) s.withdraw = offerPicture(data.name, () => picture(s.data));
  return () => { s.withdraw?.(); s.withdraw = null; };
});
