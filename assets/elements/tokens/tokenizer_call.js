// The tokenizer call of the course: tokens and the three lists a model is given.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped, visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances((parent) => ({ root: parent.querySelector(".gb-tokenizer_call"), side: null }));
const ROWS = ["input_ids", "token_type_ids", "attention_mask"];

function picture(data) {
  const n = data.tokens.length, widths = data.tokens.map((token) => Math.max(40, [...visible(token)].reduce((sum, c) => sum + (c.codePointAt(0) > 0x1100 ? 17 : 10), 12)));
  const svg = frame(Math.max(500, 180 + widths.reduce((a, b) => a + b + 4, 0)), 170);
  const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 16, "font-family": "monospace", fill: "var(--gb-text)", ...extra }, content);
  ["tokens", ...ROWS].forEach((name, row) => svg.append(text(160, 36 + row * 36, name, { "text-anchor": "end", "font-size": 14, fill: "var(--gb-quiet)" })));
  let x = 172;
  for (let i = 0; i < n; i += 1) {
    svg.append(h("rect", { x, y: 14, width: widths[i], height: 30, rx: 5, fill: "var(--gb-surface)", stroke: data.special.includes(data.tokens[i]) ? "var(--gb-quiet)" : "var(--gb-token)" }), text(x + widths[i] / 2, 35, visible(data.tokens[i]), { "text-anchor": "middle" }));
    ROWS.forEach((name, row) => { if (data[name].length) svg.append(text(x + widths[i] / 2, 72 + row * 36, data[name][i], { "text-anchor": "middle", "font-size": 14 })); });
    x += widths[i] + 4;
  }
  return svg;
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement), w = data.words;
  const names = ROWS.filter((name) => data[name].length);
  const column = (token, i) => h("div", { class: `column${data.special.includes(token) ? " special" : ""}${token === data.unknown_token ? " unk" : ""}` },
    h("span", { class: "token", translate: "no" }, visible(token)),
    names.map((name) => h("span", { class: `cell ${name}${name === "token_type_ids" ? ` type${data[name][i]}` : ""}` }, data[name][i])));
  fill(s.root,
    h("div", { class: "call", role: "img", "aria-label": names.map((name) => `${name}: ${data[name].join(" ")}`).join("; ") },
      h("div", { class: "column names" }, h("span", { class: "token" }, w.tokens_head), names.map((name) => h("span", { class: "cell", title: w[`about_${name}`] }, name))),
      data.tokens.map(column), data.left_out ? h("span", { class: "quiet" }, say(w.more_tokens, { n: grouped(data.left_out) })) : null),
    h("ul", { class: "about" }, names.map((name) => h("li", {}, h("code", {}, name), " ", w[`about_${name}`])), names.includes("token_type_ids") ? null : h("li", {}, w.no_types)),
    h("pre", { class: "printed", tabindex: "0", "aria-label": w.printed }, data.printed));
  return offerPicture(w.picture_call, () => picture(data));
});
