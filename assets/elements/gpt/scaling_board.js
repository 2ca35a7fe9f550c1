// Losses of many small GPTs on logarithmic axes: fitted lines and their residuals, runs held out and what was predicted for them, and a
// budget or a target loss that is dragged to read which size is best for it.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, grouped } from "../glassbox.lib/format.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { spot, INK, compact } from "../glassbox.lib/training.js";
import { drawn } from "../glassbox.lib/score_curves.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, axis: "s", held: "none", ask: "time", run: 0, time: 0, budget: 0, target: 0, report: null, watch: null, stops: [] }));
const AXES = ["n", "all", "d", "c", "s"], HELD = ["none", "run", "width"], ASKS = ["time", "budget", "target"], AXIS_OF = { time: "s", budget: "c" };
const RIGHT = 5.6; // of the chart, for the names of its lines
const ink = (i) => INK[i] ?? "var(--gb-text)";

/** The sign of a group: disc, square, triangle, diamond, ring, cross. */
const mark = (i, x, y, r) => (i < INK.length ? spot(i, x, y, r) : i > INK.length ? h("path", { d: `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}`, stroke: ink(i), "stroke-width": 2.5 }) : h("circle", { cx: x, cy: y, r, fill: "var(--gb-background)", stroke: ink(i), "stroke-width": 2.5 }));
const power = (e) => `10${[...String(e)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("")}`;
const science = (v) => { const e = Math.floor(Math.log10(v)); return `${(v / 10 ** e).toFixed(1)} × ${power(e)}`; };

/** A logarithmic axis: place(value), and the values to write. */
function logAxis(values, from, to, margin) {
  const low = Math.log(Math.min(...values)) - margin, high = Math.log(Math.max(...values)) + margin;
  const place = (v) => from + ((Math.log(v) - low) / (high - low)) * (to - from);
  const back = (at) => Math.exp(low + ((at - from) / (to - from)) * (high - low));
  const ticks = [];
  for (let e = Math.floor(low / Math.LN10); e <= high / Math.LN10; e += 1) for (const m of high - low < 4 ? [1, 2, 5] : [1]) { const v = m * 10 ** e; if (Math.log(v) >= low && Math.log(v) <= high) ticks.push(v); }
  return { place, back, ticks };
}

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-scaling_board");
  const { runs, widths, sizes, lines, held, words: w, lang } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) Object.assign(state, { rev: data.rev }, data.start);
  state.run = Math.min(state.run, runs.length - 1);
  const tell = () => state.report({ axis: state.axis, held: state.held, ask: state.ask, run: state.run, time: state.time, budget: state.budget, target: state.target, rev: state.rev });
  const bySize = () => state.axis === "n" || state.axis === "all"; // lines of equal tokens; else lines of equal width
  const groupOf = (run) => (bySize() ? data.budgets_of_tokens.indexOf(run.tokens) : widths.indexOf(run.width));
  const tokensOf = (n) => compact(n, lang);
  const nameOf = (run) => say(w.run_name, { width: run.width, tokens: tokensOf(run.tokens), seed: run.seed });
  const isHeld = (run) => held[state.held].some(([i]) => runs[i] === run);
  const answers = () => data[`${state.ask}s`], answer = () => answers()[Math.min(state[state.ask], answers().length - 1)];
  const losses = () => state.ask !== "target"; // the values of an answer; else FLOPs
  const givenWords = () => (state.ask === "time" ? say(w.given_time, { seconds: num(answer().given, 2) }) : state.ask === "budget" ? say(w.given_budget, { flops: science(answer().given) }) : say(w.given_target, { loss: answer().given.toFixed(2) }));

  // -- the picture: losses above, residuals below
  function plot(width, height, rem) {
    const font = 0.8 * rem, left = 3 * rem, right = width - RIGHT * rem, top = 1.7 * rem, floor = height - 7.6 * rem, under = height - 5.1 * rem, bottom = height - 2.6 * rem;
    const x = logAxis(runs.map((run) => run.at[state.axis]), left, right, 0.25), predicted = held[state.held].map(([, loss]) => loss);
    const y = logAxis([...runs.map((run) => run.loss), ...predicted], floor, top, 0.03);
    const shown = lines[state.held][state.axis];
    const levels = [...Array(40)].map((_, i) => 2 + 0.5 * i).filter((v) => y.place(v) < floor && y.place(v) > top);
    const text = (at, string, more = {}) => h("text", { "font-size": font, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...at, ...more }, string);
    const reach = Math.max(0.05, ...shown.flatMap((line) => line.residuals.map(Math.abs)));
    const middle = (under + bottom) / 2, r = (v) => middle - (v / reach) * ((bottom - under) / 2);
    const target = state.ask === "target" ? answer().given : null, budget = AXIS_OF[state.ask] === state.axis ? answer().given : null;
    return [
      ...levels.flatMap((v) => [h("line", { x1: left, x2: right, y1: y.place(v), y2: y.place(v), stroke: "var(--gb-line)" }), text({ x: left - 0.4 * rem, y: y.place(v) + 0.3 * font, "text-anchor": "end" }, num(v, 2))]),
      ...x.ticks.flatMap((v) => [h("line", { x1: x.place(v), x2: x.place(v), y1: top, y2: bottom, stroke: "var(--gb-line)" }), text({ x: x.place(v), y: bottom + 1.1 * rem, "text-anchor": "middle" }, v < 1e3 ? num(v, 1) : v < 1e9 ? compact(v, lang) : power(Math.round(Math.log10(v))))]),
      text({ x: (left + right) / 2, y: height - 0.3 * rem, "text-anchor": "middle", fill: "var(--gb-text)" }, w[`axis_${state.axis}`]),
      text({ x: left + 0.4 * rem, y: font, fill: "var(--gb-text)" }, w.loss_axis),
      ...shown.flatMap((line) => {
        const own = runs.filter((run) => (bySize() || state.axis === "d" ? groupOf(run) === line.group : true) && run.seed === 0).map((run) => run.at[state.axis]);
        const [from, to] = [Math.min(...own), Math.max(...own)], at = (v) => line.factor * v ** -line.exponent;
        return [h("line", { x1: x.place(from), y1: y.place(at(from)), x2: x.place(to), y2: y.place(at(to)), stroke: line.group < 0 ? "var(--gb-text)" : ink(line.group), "stroke-width": 2, "stroke-dasharray": line.group < 0 ? "7 4" : null })];
      }),
      // the runs of one width are joined where they share no line
      ...(state.axis === "c" || state.axis === "s" ? widths.map((width_, i) => { const own = runs.filter((run) => run.width === width_ && run.seed === 0); return h("polyline", { points: own.map((run) => `${x.place(run.at[state.axis]).toFixed(1)},${y.place(run.loss).toFixed(1)}`).join(" "), fill: "none", stroke: ink(i), "stroke-width": 1.5, "stroke-opacity": 0.6 }); }) : []),
      ...ends(x, y, right, font, text),
      ...held[state.held].flatMap(([i, loss]) => { const run = runs[i], at = x.place(run.at[state.axis]); return [h("line", { x1: at, x2: at, y1: y.place(run.loss), y2: y.place(loss), stroke: "var(--gb-cut)", "stroke-width": 2 }), h("circle", { class: "predicted", cx: at, cy: y.place(loss), r: 0.42 * rem, fill: "none", stroke: "var(--gb-cut)", "stroke-width": 2.2, "stroke-dasharray": "3 2" }, h("title", {}, say(w.predicted_title, { run: nameOf(run), predicted: loss.toFixed(3), loss: run.loss.toFixed(3) })))]; }),
      ...(target === null ? [] : [h("line", { class: "handle", x1: left, x2: right, y1: y.place(target), y2: y.place(target), stroke: "var(--gb-key)", "stroke-width": 2.5 }), text({ x: right, y: y.place(target) - 0.35 * rem, "text-anchor": "end", fill: "var(--gb-key)", "font-weight": 700 }, say(w.target_tag, { loss: target.toFixed(2) }))]),
      ...(budget === null ? [] : [h("line", { class: "handle", x1: x.place(budget), x2: x.place(budget), y1: top, y2: floor, stroke: "var(--gb-key)", "stroke-width": 2.5 }), text({ x: x.place(budget) + 0.3 * rem, y: top + 2.4 * font, fill: "var(--gb-key)", "font-weight": 700 }, w[`tag_${state.ask}`])]),
      ...runs.map((run, i) => {
        const at = [x.place(run.at[state.axis]), y.place(run.loss)], size = (run.seed ? 0.2 : 0.34) * rem;
        return h("g", { class: "dot", "data-run": i, role: "button", tabindex: "0", "aria-pressed": String(i === state.run), "aria-label": `${nameOf(run)}: ${run.loss.toFixed(3)}`, onclick: () => choose(i), onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(i); } } },
          h("title", {}, `${nameOf(run)}: ${run.loss.toFixed(3)}`), h("circle", { cx: at[0], cy: at[1], r: 0.7 * rem, fill: "transparent" }),
          ...(i === state.run ? [h("circle", { cx: at[0], cy: at[1], r: 0.62 * rem, fill: "none", stroke: "var(--gb-text)", "stroke-width": 2 })] : []),
          isHeld(run) ? h("circle", { cx: at[0], cy: at[1], r: size, fill: "var(--gb-cut)" }) : mark(groupOf(run), at[0], at[1], size));
      }),
      // residuals
      h("line", { x1: left, x2: right, y1: middle, y2: middle, stroke: "var(--gb-quiet)" }),
      ...[reach, -reach].map((v) => text({ x: left - 0.4 * rem, y: r(v) + 0.3 * font, "text-anchor": "end" }, (v > 0 ? "+" : "−") + num(Math.abs(v), 1))),
      text({ x: left + 0.4 * rem, y: under - 0.35 * rem, fill: "var(--gb-text)" }, w.residual_axis),
      ...shown.flatMap((line) => line.runs.flatMap((i, k) => { const at = x.place(runs[i].at[state.axis]); return [h("line", { x1: at, x2: at, y1: middle, y2: r(line.residuals[k]), stroke: ink(Math.max(0, groupOf(runs[i]))), "stroke-opacity": 0.5 }), h("g", { class: "residual" }, h("title", {}, `${nameOf(runs[i])}: ${line.residuals[k] < 0 ? "−" : "+"}${Math.abs(line.residuals[k]).toFixed(3)}`), mark(Math.max(0, groupOf(runs[i])), at, r(line.residuals[k]), 0.22 * rem))]; })),
    ];
  }
  /** What each line is, at its right end; names that would touch are moved apart. */
  function ends(x, y, right, font, text) {
    const groups = bySize() ? data.budgets_of_tokens : widths;
    const last = groups.map((_, i) => { const own = runs.filter((run) => groupOf(run) === i && run.seed === 0); return own.reduce((a, b) => (b.at[state.axis] > a.at[state.axis] ? b : a)); });
    const order = last.map((run, i) => [i, y.place(run.loss)]).sort((a, b) => a[1] - b[1]);
    for (let k = 1; k < order.length; k += 1) order[k][1] = Math.max(order[k][1], order[k - 1][1] + 1.15 * font);
    return order.map(([i, at]) => text({ x: right + 0.6 * font, y: at + 0.3 * font, fill: ink(i), "font-weight": 600 }, bySize() ? say(w.end_tokens, { tokens: tokensOf(groups[i]) }) : say(w.end_width, { width: groups[i] })));
  }

  // -- which size is best: the values of all widths for this budget or target
  function valley(width, height, rem) {
    const font = 0.8 * rem, one = answer(), known = one.values.map((v, i) => [i, v]).filter(([, v]) => v !== null);
    const left = 3.6 * rem, right = width - 1 * rem, top = 1.6 * rem, floor = height - 2.6 * rem;
    const text = (at, string, more = {}) => h("text", { "font-size": font, "font-family": "sans-serif", fill: "var(--gb-quiet)", ...at, ...more }, string);
    const x = logAxis(sizes, left, right, 0.4), all = answers().flatMap((a) => a.values.filter((v) => v !== null)), y = logAxis(known.length ? [...known.map(([, v]) => v), ...(one.law.length ? [one.law[2]] : [])] : all, floor, top, losses() ? 0.02 : 0.15);
    const ticks = losses() ? [...Array(120)].map((_, i) => 2 + 0.1 * i).filter((v) => y.place(v) < floor && y.place(v) > top).filter((_, i, rest) => i % Math.max(1, Math.ceil(rest.length / 5)) === 0) : y.ticks;
    return [
      ...ticks.flatMap((v) => [h("line", { x1: left, x2: right, y1: y.place(v), y2: y.place(v), stroke: "var(--gb-line)" }), text({ x: left - 0.4 * rem, y: y.place(v) + 0.3 * font, "text-anchor": "end" }, losses() ? v.toFixed(1) : science(v))]),
      ...sizes.map((n, i) => text({ x: x.place(n), y: floor + 1.1 * rem, "text-anchor": "middle", "font-weight": one.best === i ? 700 : 400, fill: one.best === i ? "var(--gb-text)" : "var(--gb-quiet)" }, String(widths[i]))),
      text({ x: (left + right) / 2, y: height - 0.3 * rem, "text-anchor": "middle", fill: "var(--gb-text)" }, w.width_axis),
      ...(one.law.length && x.place(one.law[0]) > left && x.place(one.law[0]) < right ? [h("line", { x1: x.place(one.law[0]), x2: x.place(one.law[0]), y1: top, y2: floor, stroke: "var(--gb-text)", "stroke-dasharray": "7 4" }), text({ x: Math.min(right - 3 * rem, x.place(one.law[0]) + 0.3 * rem), y: top - 0.3 * rem, fill: "var(--gb-text)" }, w.law_tag)] : []),
      h("polyline", { points: known.map(([i, v]) => `${x.place(sizes[i])},${y.place(v)}`).join(" "), fill: "none", stroke: "var(--gb-quiet)" }),
      ...known.flatMap(([i, v]) => [...(one.best === i ? [h("circle", { cx: x.place(sizes[i]), cy: y.place(v), r: 0.62 * rem, fill: "none", stroke: "var(--gb-key)", "stroke-width": 2.5 })] : []), h("g", {}, h("title", {}, `${widths[i]}: ${losses() ? v.toFixed(3) : science(v)}`), mark(i, x.place(sizes[i]), y.place(v), 0.36 * rem))]),
    ];
  }

  // -- controls
  const group = (name, options, label, now, onPick) => h("div", { class: "choice", role: "group", "aria-label": label }, h("span", {}, label), ...options.map((option) => h("button", { type: "button", class: option === now ? "on" : "", "data-option": option, "aria-pressed": String(option === now), onclick: () => onPick(option) }, w[`${name}_${option}`])));
  const controls = h("div", { class: "controls" }), chart = h("svg", { class: "chart", role: "group", "aria-label": w.chart }), small = h("svg", { class: "valley", role: "img" });
  const slider = h("input", { type: "range", class: "range", min: "0", step: "1" }), given = h("output", { class: "given" }), read = h("p", { class: "read" }), side = h("figcaption", {});
  const fitted = h("p", { class: "fitted" }), textBox = h("section", { class: "texts" }), askRow = h("div", { class: "ask" });
  slider.addEventListener("input", () => { state[state.ask] = Number(slider.value); state.axis = AXIS_OF[state.ask] ?? state.axis; refresh(); tell(); });

  function choose(i) { state.run = i; refresh(); tell(); root.querySelector(`[data-run="${i}"]`)?.focus?.(); }
  function drawControls() {
    fill(controls, group("pick", AXES, w.axis, state.axis, (axis) => { state.axis = axis; refresh(); tell(); }), group("held", HELD, w.held, state.held, (one) => { state.held = one; refresh(); tell(); }));
    fill(askRow, group("ask", ASKS, w.ask, state.ask, (one) => { state.ask = one; state.axis = AXIS_OF[one] ?? state.axis; refresh(); tell(); }), h("label", { class: "drag" }, h("span", {}, w[`drag_${state.ask}`]), slider), given);
    slider.max = String(answers().length - 1); slider.value = String(state[state.ask]);
    slider.setAttribute("aria-valuetext", given.textContent = givenWords());
  }
  function drawWords() {
    const shown = lines[state.held][state.axis], one = answer();
    const exponents = shown.map((line) => `${bySize() ? tokensOf(data.budgets_of_tokens[line.group]) : line.label}: ${num(line.exponent, 2)} (${num(line.low, 2)}–${num(line.high, 2)})`);
    fill(fitted, h("b", {}, say(w.exponents, { axis: w[`letter_${state.axis}`] })), ` ${exponents.join(" · ")}`);
    fill(side, w[`valley_${state.ask}`]);
    small.setAttribute("aria-label", `${w[`valley_${state.ask}`]}: ${one.values.map((v, i) => `${widths[i]}: ${v === null ? "–" : losses() ? v.toFixed(2) : science(v)}`).join(", ")}`);
    fill(read, one.best === null ? w.read_none : say(w[losses() ? "read_budget" : "read_target"], { width: widths[one.best], n: grouped(sizes[one.best]), value: losses() ? one.values[one.best].toFixed(2) : science(one.values[one.best]), tokens: tokensOf(one.tokens[one.best]) }), one.best !== null && one.open ? ` ${w.read_open}` : "", ...(one.law.length ? [h("br"), say(w.read_law, { n: compact(one.law[0], lang), d: compact(one.law[1], lang) })] : []));
    const run = runs[state.run];
    fill(textBox, h("h3", {}, nameOf(run), h("small", {}, say(w.run_facts, { n: grouped(run.at.n), seconds: num(run.at.s, 2), loss: run.loss.toFixed(3) }))), ...run.texts.map((text) => h("p", { lang: "en" }, text)), h("p", { class: "note" }, w.texts_note));
    root.dataset.run = String(state.run); root.dataset.axis = state.axis; root.dataset.held = state.held; root.dataset.ask = state.ask;
  }
  function refresh() { drawControls(); drawn(chart, plot); drawn(small, valley); drawWords(); }

  // -- dragging in the picture: the target up and down, the budget left and right
  let down = false;
  function drag(event) {
    const box = chart.getBoundingClientRect(), rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    if (state.ask === "target") {
      const y = logAxis([...runs.map((run) => run.loss), ...held[state.held].map(([, loss]) => loss)], box.height - 7.6 * rem, 0.8 * rem, 0.03), loss = y.back(event.clientY - box.top);
      state.target = data.targets.reduce((best, one, i) => (Math.abs(one.given - loss) < Math.abs(data.targets[best].given - loss) ? i : best), 0);
    } else {
      if (state.axis !== AXIS_OF[state.ask]) return;
      const x = logAxis(runs.map((run) => run.at[state.axis]), 3 * rem, box.width - RIGHT * rem, 0.25), here = Math.log(x.back(event.clientX - box.left));
      state[state.ask] = answers().reduce((best, one, i) => (Math.abs(Math.log(one.given) - here) < Math.abs(Math.log(answers()[best].given) - here) ? i : best), 0);
    }
    refresh(); tell();
  }
  chart.onpointerdown = (event) => { if (event.target.closest?.(".dot")) return; down = true; chart.setPointerCapture?.(event.pointerId); drag(event); };
  chart.onpointermove = (event) => { if (down) drag(event); };
  chart.onpointerup = chart.onpointercancel = () => { down = false; };

  fill(root, controls, h("div", { class: "upper" }, h("div", {}, chart, fitted), h("div", { class: "side" }, askRow, read, h("figure", {}, side, small), textBox)));
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => { drawn(chart, plot); drawn(small, valley); });
  state.watch.observe(chart);
  state.stops.forEach((stop) => stop());
  const picture = (draw, width, height, title) => () => { const svg = frame(width, height + 30); svg.append(h("text", { x: 8, y: 22, "font-size": 15, "font-weight": 700, "font-family": "sans-serif", fill: "var(--gb-text)" }, title()), h("g", { transform: "translate(0, 30)" }, ...draw(width, height, 16))); return svg; };
  state.stops = [offerPicture("scaling-losses", picture(plot, 820, 520, () => w.chart)), offerPicture("scaling-best-size", picture(valley, 480, 260, () => w[`valley_${state.ask}`]))];
  return () => { state.stops.forEach((stop) => stop()); state.watch?.disconnect(); };
});
