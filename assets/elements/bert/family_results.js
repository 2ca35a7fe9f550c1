// Published comparisons: every score as a difference to the first row, on one scale of points, with what was held equal.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({}));
const signed = (x) => (Math.abs(x) < 0.05 ? "±0" : `${x > 0 ? "+" : "−"}${Math.abs(x).toFixed(1)}`);
const flags = ({ equal }, w) => equal.map((yes, i) => [yes, w[["equal_data", "equal_compute", "equal_change"][i]]]);

function picture({ results, low, high, words: w }) {
  const heights = results.map(({ rows }) => 62 + 24 * rows.length), svg = frame(900, heights.reduce((a, b) => a + b, 10));
  const text = (x, y, content, props = {}) => svg.append(h("text", { x, y, "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-text)", ...props }, content));
  const place = (v) => 330 + ((v - low) / (high - low)) * 480;
  let top = 8;
  results.forEach((one, k) => {
    text(10, top + 16, one.title, { "font-weight": 700 });
    text(10, top + 34, `${one.fair ? `✓ ${w.fair}` : `✗ ${w.unfair}`} · ${flags(one, w).map(([yes, name]) => `${yes ? "✓" : "✗"} ${name}`).join(" · ")} · ${one.score} · ${one.source}`, { "font-size": 11, fill: "var(--gb-quiet)" });
    one.rows.forEach(([label, value], i) => {
      const y = top + 54 + 24 * i, difference = value - one.rows[0][1];
      text(10, y, label); text(280, y, value.toFixed(1), { "font-family": "monospace" });
      svg.append(h("line", { x1: place(0), x2: place(0), y1: y - 16, y2: y + 8, stroke: "var(--gb-quiet)" }));
      if (i) { svg.append(h("rect", { x: Math.min(place(0), place(difference)), y: y - 12, width: Math.max(1, Math.abs(place(difference) - place(0))), height: 14, fill: difference < 0 ? "var(--gb-wrong)" : "var(--gb-token)" })); text(difference < 0 ? place(difference) - 6 : place(difference) + 6, y, signed(difference), { "font-family": "monospace", "text-anchor": difference < 0 ? "end" : "start" }); }
    });
    top += heights[k];
  });
  return svg;
}

function card(one, { low, high, words: w }) {
  const place = (v) => (100 * (v - low)) / (high - low), base = one.rows[0][1];
  return h("section", { class: "card" },
    h("header", {}, h("h4", {}, one.title), h("span", { class: one.fair ? "verdict fair" : "verdict unfair" }, one.fair ? `✓ ${w.fair}` : `✗ ${w.unfair}`)),
    h("div", { class: "rows", role: "table", "aria-label": `${one.title}: ${one.score}` }, ...one.rows.map(([label, value], i) => {
      const difference = value - base;
      return h("div", { class: "row", role: "row" }, h("span", { class: "label", role: "rowheader" }, label), h("span", { class: "value", role: "cell" }, value.toFixed(1)),
        h("span", { class: "track", role: "cell" }, h("i", { class: "zero", style: { left: `${place(0)}%` } }),
          i ? h("i", { class: difference < 0 ? "bar less" : "bar", style: { left: `${Math.min(place(0), place(difference))}%`, width: `${Math.abs(place(difference) - place(0))}%` } }) : null,
          i ? h("b", { class: difference < 0 ? "gain before" : "gain", style: difference < 0 ? { right: `${100 - place(difference)}%` } : { left: `${place(difference)}%` } }, signed(difference)) : null));
    })),
    h("p", { class: "note" }, one.note),
    h("p", { class: "equal" }, ...flags(one, w).map(([yes, name]) => h("span", { class: yes ? "yes" : "no" }, `${yes ? "✓" : "✗"} ${name}`)), h("span", {}, `${one.score} · ${one.source}`)));
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement);
  s.data = data;
  fill(parentElement.querySelector(".gb-family_results"), ...data.results.map((one) => card(one, data)));
  if (!s.withdraw) s.withdraw = offerPicture("bert-family-results", () => picture(s.data));
  return () => { s.withdraw?.(); s.withdraw = null; };
});
