// What a model has met of one text: one row an epoch, one column a token.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({}));
const COLOUR = { 1: "var(--gb-mask)", 2: "var(--gb-random)", 3: "var(--gb-kept)" };
const LETTER = { 1: "M", 2: "R", 3: "K" };

/** One grid as an SVG of plain attributes: cells, and below them how often each token was predicted. */
function grid(panel, tokens) {
  const epochs = panel.actions.length, n = tokens.length;
  const cell = 14, height = Math.max(3, Math.min(16, 330 / epochs)), counts = 46, top = 4, left = 24; // the name of the first token leans out to the left
  const svg = frame(left + n * cell + 4, top + epochs * height + counts + 66);
  panel.actions.forEach((row, e) => row.forEach((action, i) => {
    const off = tokens[i][1];
    svg.append(h("rect", { x: left + i * cell, y: top + e * height, width: cell - 1, height: height - (height > 6 ? 1 : 0.4), fill: action ? COLOUR[action] : off ? "var(--gb-background)" : "var(--gb-surface)", "fill-opacity": 1 }, h("title", {}, `${e + 1} · ${visible(tokens[i][0])}${action ? ` · ${LETTER[action]}` : ""}`)));
    if (action && height >= 11) svg.append(h("text", { x: left + i * cell + 6.5, y: top + e * height + height - 4, "font-size": 9, "text-anchor": "middle", fill: "var(--gb-background)", "font-family": "monospace" }, LETTER[action]));
  }));
  const base = top + epochs * height + counts;
  const most = Math.max(1, ...panel.predicted);
  panel.predicted.forEach((count, i) => {
    if (tokens[i][1]) return;
    const size = (count / most) * (counts - 16);
    svg.append(h("rect", { x: left + i * cell, y: base - size, width: cell - 1, height: Math.max(size, 0.5), fill: "var(--gb-token)" }, h("title", {}, `${visible(tokens[i][0])}: ${count}`)));
    if (count) svg.append(h("text", { x: left + i * cell + 6.5, y: base - size - 2, "font-size": 8, "text-anchor": "middle", fill: "var(--gb-text)", "font-family": "monospace" }, String(count)));
  });
  tokens.forEach(([token, off], i) => {
    const x = left + i * cell + 10, y = base + 8;
    svg.append(h("text", { x, y, transform: `rotate(-60 ${x} ${y})`, "text-anchor": "end", "font-size": 10, fill: off ? "var(--gb-cut)" : "var(--gb-text)", "font-family": "monospace" }, visible(token).slice(0, 9)));
  });
  return svg;
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement);
  const root = parentElement.querySelector(".gb-seen_grid");
  const w = data.words;
  s.data = data;
  fill(root, h("div", { class: "legend" }, ...[1, 2, 3].map((a) => h("span", {}, h("b", { class: LETTER[a] }, LETTER[a]), w[`short_${LETTER[a]}`]))),
    h("div", { class: "grids" }, ...data.panels.map((panel) => {
      const svg = grid(panel, data.tokens);
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", `${panel.title}: ${panel.line}`);
      svg.removeAttribute("width"); svg.removeAttribute("height");
      return h("section", {}, h("h3", {}, panel.title), h("p", {}, panel.line), svg);
    })));
  if (!s.withdraw) s.withdraw = offerPicture("static-and-dynamic", () => {
    const svgs = s.data.panels.map((panel) => grid(panel, s.data.tokens));
    const width = Math.max(...svgs.map((x) => Number(x.getAttribute("width")))), height = Number(svgs[0].getAttribute("height")) + 30;
    const all = frame(Math.max(width, 400), height * svgs.length);
    svgs.forEach((svg, i) => {
      const group = h("g", { transform: `translate(0 ${i * height + 26})` });
      group.append(...svg.childNodes);
      all.append(h("text", { x: 4, y: i * height + 18, "font-size": 15, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${s.data.panels[i].title}: ${s.data.panels[i].line}`), group);
    });
    return all;
  });
  return () => { s.withdraw?.(); s.withdraw = null; };
});
