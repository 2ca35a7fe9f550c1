// BERT and its relatives: a row a model, a column a decision; what differs from BERT stands out.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { offerPicture, frame, wrapped } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";
import { addressOf } from "../glassbox.lib/pages.js";

const create = instances(() => ({ at: [0, 0] }));

function picture({ rows, columns }) {
  const width = 160, name = 100, height = 78, svg = frame(name + width * columns.length + 10, 34 + height * rows.length);
  const text = (x, y, content, props = {}) => svg.append(h("text", { x, y, "font-size": 12, "font-family": "sans-serif", fill: "var(--gb-text)", ...props }, content));
  columns.forEach(([title], i) => text(name + 6 + width * i, 20, title, { fill: "var(--gb-quiet)", "font-weight": 700 }));
  rows.forEach((row, r) => {
    const y = 30 + height * r;
    text(4, y + 24, row.name, { "font-weight": 700 });
    text(4, y + 42, row.year, { fill: "var(--gb-quiet)" });
    row.cells.forEach((cell, c) => {
      svg.append(h("rect", { x: name + width * c + 2, y: y + 2, width: width - 4, height: height - 4, rx: 6, fill: cell.changed ? "var(--gb-surface)" : "none", stroke: cell.changed ? "var(--gb-key)" : "var(--gb-line)", "stroke-width": cell.changed ? 2 : 1 }));
      wrapped(cell.text, 17).forEach((line, k) => text(name + width * c + 9, y + 20 + 15 * k, line, { "font-weight": cell.changed ? 700 : 400, fill: cell.changed ? "var(--gb-text)" : "var(--gb-quiet)" }));
    });
  });
  return svg;
}

function choose(s, r, c, tell = true) {
  s.at = [r, c];
  paint(s);
  if (tell) s.trigger("cell", [r, c]);
}

function keys(s, event) {
  const [dr, dc] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] ?? [0, 0];
  if (!dr && !dc) return;
  event.preventDefault(); event.stopPropagation();
  const { rows, columns } = s.data, turn = (i, n) => (i + n) % n;
  choose(s, turn(s.at[0] + dr, rows.length), turn(s.at[1] + dc, columns.length));
  s.root.querySelector("button[aria-pressed=true]").focus();
}

function paint(s) {
  const { rows, columns, words: w } = s.data;
  const [r, c] = s.at, row = rows[r], cell = row.cells[c];
  const focused = s.root.contains(s.root.getRootNode().activeElement);
  const left = s.root.querySelector(".scroll")?.scrollLeft ?? 0;
  const button = (one, i, j) => h("button", { type: "button", class: one.changed ? "cell changed" : "cell", "aria-pressed": String(i === r && j === c), tabindex: i === r && j === c ? 0 : -1, "aria-label": `${rows[i].name}, ${columns[j][0]}: ${one.text}${one.changed ? `, ${w.changed}` : ""}`, onclick: () => choose(s, i, j) }, one.changed ? h("span", { class: "mark", "aria-hidden": "true" }, "≠ ") : null, one.text);
  const address = ({ address: to }) => { const [path, query] = to.split("?"); return addressOf(path, Object.fromEntries(new URLSearchParams(query))); };
  const go = (event) => { if (globalThis.glassboxFile || event.ctrlKey || event.metaKey || event.shiftKey) return; event.preventDefault(); s.trigger("go", [r, c]); };
  fill(s.root,
    h("div", { class: "scroll" }, h("table", { "aria-label": w.board_label, onkeydown: (event) => keys(s, event) },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, w.model), ...columns.map(([title], j) => h("th", { scope: "col", class: j === c ? "here" : null }, title)))),
      h("tbody", {}, ...rows.map((one, i) => h("tr", { class: i === r ? "here" : null }, h("th", { scope: "row" }, one.name, h("small", {}, one.year)), ...one.cells.map((x, j) => h("td", {}, button(x, i, j)))))))),
    h("div", { class: "detail", "aria-live": "polite" },
      h("p", { class: "what" }, h("b", {}, `${row.name} · ${columns[c][0]}: ${cell.text}`), ` ${columns[c][1]}`),
      h("p", {}, cell.why, " ", cell.page && address(cell) ? h("a", { class: "go", href: address(cell), onclick: go }, `${say(w.see, { page: cell.page })} →`) : null,
        h("a", { class: "source", href: row.link, target: "_blank", rel: "noopener" }, row.source))));
  const board = s.root.querySelector(".scroll"), on = board.querySelector("button[aria-pressed=true]");
  board.scrollLeft = left;
  const from = board.querySelector("tbody th").offsetWidth, begin = on.getBoundingClientRect().left - board.getBoundingClientRect().left + board.scrollLeft; // the heading stays in place and covers what is under it
  if (begin - board.scrollLeft < from || begin + on.offsetWidth - board.scrollLeft > board.clientWidth) board.scrollLeft = begin - from - 8;
  if (focused) s.root.querySelector("button[aria-pressed=true]")?.focus({ preventScroll: true });
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement), moved = s.data?.rev !== data.rev;
  s.root = parentElement.querySelector(".gb-family_board");
  s.trigger = setTriggerValue; s.data = data;
  if (moved) s.at = data.at;
  paint(s);
  if (!s.withdraw) s.withdraw = offerPicture("bert-family", () => picture(s.data));
  return () => { s.withdraw?.(); s.withdraw = null; };
});
