// Prompts for the same questions, how many each gets right, and where the questions of one of them lie beside its threshold.
import { h, fill, instances, words as say, slide } from "../glassbox.lib/dom.js";
import { full, narrowed, num, percent } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame, headline } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, row: 0, way: 0, step: 0, stepper: null, stop: null, report: null, watch: null }));
const lines = (text) => text.replaceAll("\n", " ↵ ");

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement), root = parentElement.querySelector(".gb-wording_board");
  const { rows, ways, items, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev || state.id !== data.id) Object.assign(state, { rev: data.rev, id: data.id }, data.start);
  state.row = Math.min(state.row, rows.length - 1);
  state.way = Math.min(state.way, ways.length - 1);
  const tell = () => state.report({ row: state.row, way: state.way, step: state.step, rev: state.rev });
  const now = () => rows[state.row], shared = items[0].answers === null;
  const labelsOf = (row, item) => item.answers ?? row.labels;

  /** The questions of a prompt from the least to the greatest margin: {i, x, right}; the threshold stands at `line`. */
  function placed(row, way) {
    const name = ways[way].name, limit = row.thresholds[name], one = limit.length === 1;
    const line = one && shared ? limit[0] : 0;
    const found = row.margins.map((m, i) => {
      const x = one && shared ? m : m - limit[one ? 0 : i];
      return { i, x, right: items[i].right === 0 ? x > line : x < line };
    });
    return { line, found: found.sort((a, b) => a.x - b.x || a.i - b.i) };
  }

  // -- one row a prompt
  const list = h("div", { class: "rows", role: "group", "aria-label": w.prompts });
  const at = (share) => `${(100 * share).toFixed(2)}%`;
  function drawRows() {
    fill(list, h("p", { class: "head" }, h("span", {}, w.prompts), h("span", { class: "axis" }, ...[0, 0.5, 1].map((v) => h("i", { style: { left: at(v) } }, `${100 * v}%`))), h("span", { class: "score" }, w.right_of)),
      ...rows.map((row, r) => {
        const on = r === state.row, got = row.right?.[state.way];
        const share = got === undefined ? null : got / items.length;
        const score = share === null ? w.not_run : `${got} · ${Math.round(100 * share)}%`;
        return h("button", { type: "button", class: `row${on ? " on" : ""}${row.own ? " own" : ""}`, "aria-pressed": String(on), "data-row": r, title: lines(row.template), onclick: () => { state.row = r; refresh(); tell(); } },
          h("span", { class: "name" }, row.own ? h("b", { class: "mine" }, `${w.mine} `) : null, lines(row.name)),
          h("span", { class: "track" }, h("i", { class: "guess" }), share === null ? null : [h("i", { class: "fill", style: { width: at(share) } }), h("i", { class: "range", style: { left: at(row.low[state.way]), width: at(row.high[state.way] - row.low[state.way]) } })]),
          h("span", { class: "score" }, score));
      }));
  }

  // -- the questions of one prompt
  const head = h("p", { class: "asked" }), tabs = h("div", { class: "ways", role: "group", "aria-label": w.threshold });
  const plot = h("svg", { class: "dots", role: "img" }), note = h("p", { class: "note" });
  const one = h("div", { class: "question" });
  const mark = (x, y, r, dot, on) => h("g", { "data-id": String(dot.i), class: "dot" }, dot.right
    ? h("circle", { cx: x, cy: y, r, fill: "var(--gb-token)", stroke: on ? "var(--gb-text)" : "var(--gb-background)", "stroke-width": on ? 2.5 : 1 })
    : [h("circle", { cx: x, cy: y, r: r - 0.5, fill: "var(--gb-background)", stroke: on ? "var(--gb-text)" : "var(--gb-key)", "stroke-width": on ? 2.5 : 1.6 }), h("path", { d: `M${x - r / 2} ${y - r / 2}l${r} ${r}m0 ${-r}l${-r} ${r}`, stroke: "var(--gb-key)", "stroke-width": 1.4 })],
    h("title", {}, lines(items[dot.i].slots.text)));
  function drawDots(svg, W, H, rem) {
    const row = now(), { line, found } = placed(row, state.way);
    const text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 0.82 * rem, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...more }, string);
    const reach = Math.max(1, ...found.map((d) => Math.abs(d.x)), Math.abs(line)) * 1.06, left = 0.6 * rem, right = W - 0.6 * rem;
    const x = (v) => left + ((v + reach) / (2 * reach)) * (right - left);
    const lanes = shared ? [0, 1] : [0], top = 1.5 * rem, bottom = H - 2.1 * rem, tall = (bottom - top) / lanes.length, r = Math.max(3, 0.3 * rem);
    const parts = [h("line", { x1: left, x2: right, y1: bottom, y2: bottom, stroke: "var(--gb-line)" }),
      ...[-Math.floor(reach), 0, Math.floor(reach)].filter((v, i, all) => all.indexOf(v) === i).map((v) => text(x(v), bottom + 0.95 * rem, num(v), { "text-anchor": "middle" })),
      text(left, bottom + 1.9 * rem, `← ${shared ? say(w.says, { label: row.labels[1] }) : w.says_wrong}`), text(right, bottom + 1.9 * rem, `${shared ? say(w.says, { label: row.labels[0] }) : w.says_right} →`, { "text-anchor": "end" })];
    for (const lane of lanes) {
      const base = top + (lane + 1) * tall - r - 2, stacks = new Map();
      if (shared) parts.push(text(left, top + lane * tall + 0.75 * rem, say(w.lane, { label: data.lanes[lane] }), { fill: "var(--gb-text)", "font-weight": 600 }));
      if (lane) parts.push(h("line", { x1: left, x2: right, y1: top + tall, y2: top + tall, stroke: "var(--gb-line)" }));
      for (const [place, dot] of found.entries()) {
        if (shared && items[dot.i].right !== lane) continue;
        const bin = Math.round(x(dot.x) / (2 * r)), height = stacks.get(bin) ?? 0, most = Math.max(1, Math.floor((tall - 1.2 * rem) / (2 * r)));
        stacks.set(bin, height + 1);
        const node = mark(bin * 2 * r + (height >= most ? r : 0), base - (height % most) * 2 * r, r, dot, place === state.step);
        node.addEventListener("click", () => { state.step = place; refresh(); tell(); });
        parts.push(node);
      }
    }
    parts.push(h("line", { x1: x(line), x2: x(line), y1: 0.9 * rem, y2: bottom, stroke: "var(--gb-text)", "stroke-width": 2, "stroke-dasharray": "5 3" }),
      text(Math.min(Math.max(x(line), 5 * rem), W - 5 * rem), 0.7 * rem, say(w.threshold_at, { value: num(line) }), { "text-anchor": "middle", fill: "var(--gb-text)" }));
    fill(svg, ...parts);
  }
  function drawOne() {
    const row = now();
    if (!row.margins) { fill(one, h("p", { class: "note" }, w.not_run_long)); return; }
    const { line, found } = placed(row, state.way), dot = found[Math.min(state.step, found.length - 1)], item = items[dot.i];
    const pair = labelsOf(row, item), said = dot.x > line ? 0 : 1;
    const shown = row.template.replace(/\{(\w+)\}/g, (all, name) => item.slots[name] ?? all).replace(/ {2,}/g, " ").trim();
    fill(one, h("p", { class: "prompt" }, lines(shown), " ", h("b", { class: "gap" }, "▢")),
      h("p", { class: dot.right ? "said good" : "said bad" }, h("b", { "aria-hidden": "true" }, dot.right ? "✓ " : "✗ "), say(dot.right ? w.is_right : w.is_wrong, { answer: pair[said], other: pair[item.right], n: dot.i + 1 })),
      h("p", { class: "note", title: full(row.margins[dot.i]) }, say(w.margin, { first: pair[0], second: pair[1], margin: num(row.margins[dot.i]) })));
  }

  state.tell = tell;
  state.label = (step, last) => say(w.place, { n: step + 1, last: last + 1 });
  state.stepper = state.stepper ?? stepper({ words: data.stepper, onMove: (step) => { state.step = step; state.refresh(); state.tell(); }, label: (step, last) => state.label(step, last) });
  function refresh() {
    const row = now(), before = new Map([...plot.querySelectorAll(".dot")].map((node) => [node.dataset.id, node.getBoundingClientRect()]));
    root.dataset.row = state.row;
    root.dataset.way = ways[state.way].name;
    drawRows();
    fill(head, h("span", { class: "label" }, w.this_prompt), " ", h("code", {}, lines(row.template)));
    fill(tabs, h("span", { class: "label" }, w.threshold), ...ways.map((way, i) => h("button", { type: "button", class: "way", "aria-pressed": String(i === state.way), "data-way": way.name, onclick: () => { state.way = i; refresh(); tell(); } }, way.label)));
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize), { width, height } = plot.getBoundingClientRect();
    plot.style.visibility = row.margins ? "visible" : "hidden";
    if (row.margins && width > 0) {
      plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
      plot.setAttribute("aria-label", say(w.plot, { right: row.right[state.way], n: items.length }));
      drawDots(plot, width, height, rem);
      slide([...plot.querySelectorAll(".dot")], before);
    }
    fill(note, ways[state.way].note, row.margins ? ` ${say(w.mass, { share: percent(row.mass) })}` : "");
    state.stepper.set({ step: state.step, last: items.length - 1 });
    drawOne();
  }
  state.refresh = refresh;
  fill(root, h("div", { class: "board" }, list, h("div", { class: "side" }, tabs, plot, note, state.stepper.node, one)));
  list.classList.toggle("many", rows.length > 16);
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => state.refresh());
  state.watch.observe(plot);
  state.stop?.();
  state.stop = offerPicture("prompting", () => {
    const W = 860, step = 26, H = 60 + rows.length * step + 260, svg = frame(W, H);
    const text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, string);
    headline(svg, 12, 24, `${data.title} · ${ways[state.way].label}`, { "font-weight": 700, "font-size": 16 });
    rows.forEach((row, r) => {
      const y = 44 + r * step, from = 400, wide = 330;
      svg.append(text(12, y + 15, narrowed(lines(row.name), 52), { "font-family": "monospace", "font-size": 12, "font-weight": r === state.row ? 700 : 400 }), h("rect", { x: from, y: y + 3, width: wide, height: 16, fill: "none", stroke: "var(--gb-line)" }), h("line", { x1: from + wide / 2, x2: from + wide / 2, y1: y, y2: y + 22, stroke: "var(--gb-quiet)", "stroke-dasharray": "3 2" }));
      if (!row.right) return;
      const share = row.right[state.way] / items.length;
      svg.append(h("rect", { x: from, y: y + 3, width: share * wide, height: 16, fill: "var(--gb-token)", opacity: 0.4 }), h("line", { x1: from + row.low[state.way] * wide, x2: from + row.high[state.way] * wide, y1: y + 11, y2: y + 11, stroke: "var(--gb-text)", "stroke-width": 2 }), text(from + wide + 10, y + 16, `${row.right[state.way]} · ${Math.round(100 * share)}%`));
    });
    if (now().margins) {
      const inner = h("g", { transform: `translate(0 ${60 + rows.length * step})` });
      drawDots(inner, W, 240, 15);
      svg.append(inner);
    }
    return svg;
  });
  return () => { state.stop?.(); state.watch?.disconnect(); };
});
