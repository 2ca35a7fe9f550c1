// One text through many tokenizers: tokens with ids in a lane each, and what the text costs.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped, num, full, visible } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances((parent) => ({ root: parent.querySelector(".gb-token_lanes") }));

function tokenNode(words, [token, id, unknown], i) {
  return h("span", { class: `token${unknown ? " unk" : i % 2 ? " odd" : ""}`, translate: "no", title: id === null ? words.no_id : `id ${id}` },
    h("span", { class: "name" }, visible(token)), h("small", {}, id === null ? "–" : id));
}

function tokensOf(data, lane) {
  const nodes = [];
  const groupAt = new Map(lane.groups.map((group) => [group[0], group]));
  for (let i = 0; i < lane.tokens.length;) {
    const group = groupAt.get(i);
    if (group) {
      nodes.push(h("span", { class: "group", title: say(data.words.group_title, { n: group[1] - group[0], text: group[2] }) },
        lane.tokens.slice(i, group[1]).map((token, k) => tokenNode(data.words, token, i + k)), h("b", { class: "whole", translate: "no" }, visible(group[2]))));
      i = group[1];
    } else { nodes.push(tokenNode(data.words, lane.tokens[i], i)); i += 1; }
  }
  if (lane.left_out) nodes.push(h("span", { class: "quiet" }, say(data.words.more_tokens, { n: grouped(lane.left_out) })));
  if (!lane.count) nodes.push(h("span", { class: "quiet" }, data.words.no_tokens));
  return nodes;
}

const MOST_LINES = 6; // of a lane in a picture to take home

function picture(data) {
  const rows = [];
  for (const lane of data.lanes) {
    let line = [], x = 0;
    const lines = [line];
    for (const [token, id, unknown] of lane.tokens) {
      const width = Math.max([...visible(token)].reduce((sum, c) => sum + (c.codePointAt(0) > 0x1100 ? 16 : 9.5), 0), String(id ?? "–").length * 6.5) + 10;
      if (x + width > 760) { line = []; lines.push(line); x = 0; }
      line.push([visible(token), id, unknown, x, width]);
      x += width + 3;
    }
    const shown = lines.slice(0, MOST_LINES);
    rows.push({ lane, lines: shown, more: lane.count - shown.flat().length });
  }
  const height = 20 + rows.reduce((sum, row) => sum + Math.max(1, row.lines.length) * 46 + 14 + (row.more ? 18 : 0), 0);
  const svg = frame(1100, height);
  const text = (x, y, content, extra = {}) => h("text", { x, y, "font-size": 16, "font-family": "monospace", fill: "var(--gb-text)", ...extra }, content);
  let y = 16;
  for (const { lane, lines, more } of rows) {
    svg.append(text(8, y + 18, lane.name, { "font-family": "sans-serif", "font-weight": 700 }), text(8, y + 36, say(data.words.lane_sum, { n: grouped(lane.count), rate: num(lane.per_word) }), { "font-family": "sans-serif", "font-size": 13, fill: "var(--gb-quiet)" }));
    for (const line of lines) {
      line.forEach(([token, id, unknown, x, width], i) => svg.append(
        h("rect", { x: 240 + x, y, width, height: 26, rx: 4, fill: unknown ? "none" : i % 2 ? "var(--gb-surface)" : "var(--gb-seq-1)", stroke: unknown ? "var(--gb-wrong)" : "var(--gb-line)", "stroke-dasharray": unknown ? "4 3" : "none" }),
        text(240 + x + width / 2, y + 18, token, { "text-anchor": "middle", fill: unknown ? "var(--gb-wrong)" : "var(--gb-text)" }),
        text(240 + x + width / 2, y + 38, id ?? "–", { "text-anchor": "middle", "font-size": 10.5, fill: "var(--gb-quiet)" })));
      y += 46;
    }
    if (more) svg.append(text(240, (y += 18) - 6, say(data.words.more_tokens, { n: grouped(more) }), { "font-family": "sans-serif", "font-size": 13, fill: "var(--gb-quiet)" }));
    y += 14 + (lines.length ? 0 : 46);
  }
  return svg;
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement), w = data.words;
  const most = Math.max(1, ...data.lanes.map((lane) => lane.count));
  fill(s.root, h("table", { class: "lanes" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, w.tokenizer), h("th", { scope: "col" }, w.tokens_and_ids),
      [["count", w.count], ["per_word", w.per_word], ["per_token", w.per_token], ["unknown", w.unknown]].map(([key, label]) => h("th", { scope: "col", class: `number ${key}`, title: w[`${key}_title`] ?? null }, label)))),
    h("tbody", {}, data.lanes.map((lane) => h("tr", { "data-lane": lane.key },
      h("th", { scope: "row" }, h("b", {}, lane.name), h("small", {}, lane.about)),
      h("td", {}, h("div", { class: "tokens" }, tokensOf(data, lane))),
      h("td", { class: "number count" }, h("span", { class: "fill", style: { width: `${((100 * lane.count) / most).toFixed(1)}%` } }), h("b", {}, grouped(lane.count))),
      h("td", { class: "number", title: full(lane.per_word) }, num(lane.per_word)),
      h("td", { class: "number", title: full(lane.per_token) }, num(lane.per_token)),
      h("td", { class: `number${lane.unknown ? " some" : ""}` }, grouped(lane.unknown)))))));
  const giveBack = offerPicture(w.picture_lanes, () => picture(data));
  return giveBack;
});
