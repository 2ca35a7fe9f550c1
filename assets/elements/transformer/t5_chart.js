// T5's comparison of architectures and objectives: one measure at a time, as bars that begin at zero.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ measure: "GLUE", offers: [] }));
const W = 760, ROW = 30, LEFT = 260, RIGHT = 190;
const MEASURES = ["GLUE", "SGLUE", "SQuAD", "CNNDM", "EnDe", "EnFr", "EnRo"];

export default living(function ({ data, parentElement }) {
  const state = create(parentElement), { words } = data, root = parentElement.querySelector(".gb-t5_chart");
  const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...extra }, content);
  const T = data.rows.length * ROW + 34;
  function bars(svg) {
    const values = data.rows.map((row) => Number(row[state.measure])), most = Math.max(...values), base = values[0];
    fill(svg, ...data.rows.flatMap((row, i) => {
      const y = 8 + i * ROW + (row.objective === data.rows[0].objective ? 0 : 20), wide = (values[i] / most) * (W - LEFT - RIGHT), less = values[i] - base;
      return [text(LEFT - 10, y + 17, words[`row_${row.architecture}`] ?? row.architecture, { "text-anchor": "end" }), h("rect", { x: LEFT, y: y + 3, width: wide, height: ROW - 10, fill: row.objective === data.rows[0].objective ? "var(--gb-token)" : "var(--gb-key)", "fill-opacity": i ? 0.55 : 0.95 }),
        text(LEFT + wide + 6, y + 17, `${values[i].toFixed(2)}${i ? ` (${less > 0 ? "+" : less < 0 ? "−" : "±"}${Math.abs(less).toFixed(2)})` : ""} · ${row.params}, ${row.cost}`, { "font-size": 13 })];
    }));
    return svg;
  }
  const svg = h("svg", { viewBox: `0 0 ${W} ${T}`, role: "img", "aria-label": words.title }), choice = h("div", { class: "choice", role: "group", "aria-label": words.measure });
  function draw() {
    fill(choice, h("span", {}, words.measure), ...MEASURES.map((name) => h("button", { type: "button", class: name === state.measure ? "on" : "", "aria-pressed": String(name === state.measure), onclick: () => { state.measure = name; draw(); } }, words[`measure_${name}`])));
    bars(svg);
    root.dataset.measure = state.measure;
  }
  const find = (name) => Number(data.rows.find((row) => row.architecture === name && row.objective === "Denoising").GLUE), whole = find("Encoder-decoder");
  fill(root, h("h3", {}, words.title), choice, h("div", { class: "scroll" }, svg),
    h("ul", { class: "key" }, h("li", {}, h("i", { class: "denoising" }), words.denoising), h("li", {}, h("i", { class: "lm" }), words.lm)),
    h("p", {}, say(words.found, { shared: (whole - find("Enc-dec, shared")).toFixed(2), half: (whole - find("Enc-dec, 6 layers")).toFixed(2), decoder: (whole - find("Language model")).toFixed(2), prefix: (whole - find("Prefix LM")).toFixed(2) })), h("p", { class: "source" }, words.source));
  draw();
  state.offers.forEach((stop) => stop());
  state.offers = [offerPicture("t5-architectures", () => bars(frame(W, T)))];
  return () => { state.offers.forEach((stop) => stop()); state.offers = []; };
});
