// Two bars a tokenizer: what one sentence costs in English and in Korean.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped, num, full } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances((parent) => ({ root: parent.querySelector(".gb-language_cost") }));
const ratio = (row) => (row.en ? row.ko / row.en : null);

function picture(data) {
  const most = Math.max(1, ...data.rows.flatMap((row) => [row.en, row.ko]));
  const svg = frame(960, 20 + data.rows.length * 64);
  const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 15, "font-family": "sans-serif", fill: "var(--gb-text)", ...extra }, content);
  data.rows.forEach((row, i) => {
    const y = 16 + i * 64;
    svg.append(text(170, y + 30, row.name, { "text-anchor": "end", "font-weight": 700 }));
    [["en", "var(--gb-token)"], ["ko", "var(--gb-key)"]].forEach(([lang, colour], k) => svg.append(
      text(230, y + 18 + k * 24, data.words[`lang_${lang}`], { "text-anchor": "end", "font-size": 12, fill: "var(--gb-quiet)" }),
      h("rect", { x: 238, y: y + 4 + k * 24, width: (560 * row[lang]) / most, height: 18, fill: k ? "none" : colour, stroke: colour, "stroke-width": 2 }),
      text(246 + (560 * row[lang]) / most, y + 18 + k * 24, grouped(row[lang]), { "font-size": 14 })));
    if (ratio(row) !== null) svg.append(text(940, y + 30, `× ${num(ratio(row))}`, { "text-anchor": "end", "font-size": 17 }));
  });
  return svg;
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement), w = data.words;
  const most = Math.max(1, ...data.rows.flatMap((row) => [row.en, row.ko]));
  const bar = (row, lang) => h("div", { class: `bar ${lang}` }, h("span", { class: "lang" }, w[`lang_${lang}`]),
    h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${((100 * row[lang]) / most).toFixed(2)}%` } })),
    h("span", { class: "n" }, grouped(row[lang]), row[`${lang}_unknown`] ? h("small", {}, ` ${say(w.of_them_unknown, { n: row[`${lang}_unknown`] })}`) : null));
  fill(s.root, h("table", { class: "cost" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, w.tokenizer), h("th", { scope: "col" }, w.tokens_of_both), h("th", { scope: "col", class: "ratio" }, w.ratio))),
    h("tbody", {}, data.rows.map((row) => h("tr", {}, h("th", { scope: "row" }, h("b", {}, row.name), h("small", {}, row.about)),
      h("td", {}, bar(row, "en"), bar(row, "ko")),
      h("td", { class: "ratio", title: full(ratio(row)) }, row.en ? [`× ${num(ratio(row))}`, row.en_unknown || row.ko_unknown ? h("small", {}, w.loses) : null] : "–"))))));
  return offerPicture(w.picture_cost, () => picture(data));
});
