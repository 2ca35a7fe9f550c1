// Published scores beside what was best before: guess which of them passes it first, then see the numbers.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, guesses: [], stop: null, report: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement), root = parentElement.querySelector(".gb-first_past"), { rows, points, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev || state.id !== data.id) Object.assign(state, { rev: data.rev, id: data.id, guesses: [...data.start] });
  const answer = (row) => row.passes.findIndex((yes) => yes === true), never = points.length;
  const truth = (row) => (answer(row) < 0 ? never : answer(row));
  const options = [...points, w.never], tell = () => state.report({ guesses: [...state.guesses], rev: state.rev });
  const guessed = (r) => state.guesses[r] ?? 0; // 0: not yet; else the option's place + 1

  /** A row's scores on one line, better to the right; the dashed line is what was best before. */
  function strip(row, W, H) {
    const all = [...row.values.filter((v) => v !== null), row.best], low = Math.min(...all), high = Math.max(...all), wide = high - low || 1;
    const x = (v) => 14 + (row.lower ? (high - v) / wide : (v - low) / wide) * (W - 28);
    const parts = [h("line", { x1: 6, x2: W - 6, y1: H / 2, y2: H / 2, stroke: "var(--gb-line)" }), h("line", { x1: x(row.best), x2: x(row.best), y1: 3, y2: H - 3, stroke: "var(--gb-text)", "stroke-width": 2, "stroke-dasharray": "4 3" })];
    row.values.forEach((value, i) => {
      if (value === null) return;
      const px = x(value), past = row.passes[i], r = 4 + i * 1.2;
      parts.push(h("circle", { cx: px, cy: H / 2, r, fill: past ? "var(--gb-token)" : "var(--gb-background)", stroke: past ? "var(--gb-token)" : "var(--gb-key)", "stroke-width": 2 }, h("title", {}, `${points[i]}: ${value}`)));
    });
    return parts;
  }
  const list = h("div", { class: "list" }), foot = h("p", { class: "foot", "aria-live": "polite" });
  function refresh() {
    fill(list, ...rows.map((row, r) => {
      const mine = guessed(r), open = mine > 0, right = open && mine - 1 === truth(row);
      return h("div", { class: "line", "data-open": String(open) },
        h("p", { class: "task" }, h("b", {}, row.name), h("small", {}, ` ${row.metric}, ${row.lower ? w.lower : w.higher}`)),
        h("div", { class: "guesses", role: "group", "aria-label": say(w.ask, { task: row.name }) }, ...options.map((name, i) => {
          if (i < never && row.values[i] === null) return null;
          return h("button", { type: "button", class: `guess${open && i === truth(row) ? " truth" : ""}`, "aria-pressed": String(mine === i + 1), disabled: open ? true : undefined, onclick: () => { state.guesses[r] = i + 1; for (let k = 0; k < rows.length; k++) state.guesses[k] ??= 0; refresh(); tell(); } }, name);
        })),
        open ? h("div", { class: "seen" }, h("svg", { class: "strip", viewBox: "0 0 260 34", role: "img", "aria-label": row.said }, ...strip(row, 260, 34)),
          h("p", { class: right ? "verdict good" : "verdict bad" }, h("b", { "aria-hidden": "true" }, right ? "✓ " : "✗ "), row.said))
          : h("p", { class: "seen hidden" }, say(w.before, { best: row.best, by: row.by })));
    }));
    const done = rows.filter((_, r) => guessed(r)).length, good = rows.filter((row, r) => guessed(r) - 1 === truth(row)).length;
    fill(foot, done ? say(w.counted, { good, done, all: rows.length }) : w.begin, " ",
      done < rows.length ? h("button", { type: "button", class: "all", onclick: () => { state.guesses = rows.map((row, r) => guessed(r) || truth(row) + 1); refresh(); tell(); } }, w.show_all) : null,
      done ? h("button", { type: "button", class: "all", onclick: () => { state.guesses = rows.map(() => 0); refresh(); tell(); } }, w.again) : null);
  }
  fill(root, list, foot);
  refresh();
  state.stop?.();
  state.stop = offerPicture(data.picture, () => {
    const step = 44, svg = frame(960, 20 + rows.length * step);
    rows.forEach((row, r) => {
      const inner = h("g", { transform: `translate(250 ${10 + r * step})` }, ...(guessed(r) ? strip(row, 260, 34) : []));
      svg.append(h("text", { x: 10, y: 32 + r * step, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)" }, `${row.name} · ${row.metric}`), inner,
        h("text", { x: 530, y: 32 + r * step, "font-size": 12, "font-family": "sans-serif", fill: "var(--gb-quiet)" }, guessed(r) ? row.numbers : "?"));
    });
    return svg;
  }, () => data.source);
  return () => state.stop?.();
});
