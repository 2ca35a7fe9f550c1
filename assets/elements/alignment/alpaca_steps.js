// How Alpaca was made: a row of stages with the published counts, one of them opened.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, stage: 0, stepper: null, report: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement), root = parentElement.querySelector(".gb-alpaca_steps"), { stages, words: w } = data, last = stages.length - 1;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) Object.assign(state, { rev: data.rev }, data.start);
  state.stage = Math.min(state.stage, last);
  const row = h("ol", { class: "stages" }), open = h("section", { class: "open", "aria-live": "polite" });
  function go(i) { state.stage = i; refresh(); state.report({ stage: i, rev: state.rev }); }
  function refresh() {
    const k = state.stage, now = stages[k];
    fill(row, ...stages.map((one, i) => h("li", {}, h("button", { type: "button", class: i === k ? "on" : i < k ? "done" : "", "aria-current": i === k ? "step" : null, onclick: () => { go(i); row.children[i].firstChild.focus(); } }, h("b", {}, one.count), h("span", {}, one.name)))));
    fill(open, h("p", {}, now.text),
      now.bars.length ? h("div", { class: "bars" }, ...now.bars.map(([name, share, number]) => h("div", { class: "bar" }, h("span", {}, name), h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${100 * share}%` } })), h("span", { class: "value" }, number)))) : null,
      now.low === null ? null : h("div", { class: "tie" }, h("div", { class: "scale", role: "img", "aria-label": say(w.interval, { low: Math.round(100 * now.low), high: Math.round(100 * now.high) }) }, h("span", { class: "half" }), h("span", { class: "range", style: { left: `${100 * now.low}%`, width: `${100 * (now.high - now.low)}%` } }), h("span", { class: "dot", style: { left: `${100 * now.share}%` } })), h("p", { class: "quiet" }, say(w.interval, { low: Math.round(100 * now.low), high: Math.round(100 * now.high) }))),
      now.rows.length ? h("div", { class: "rows" }, h("table", {}, h("thead", {}, h("tr", {}, ...[w.instruction, w.input, w.output].map((x) => h("th", { scope: "col" }, x)))), h("tbody", {}, ...now.rows.map((cells) => h("tr", {}, ...cells.map((x) => h("td", {}, x))))))) : null,
      now.limits.length ? h("ul", { class: "limits" }, ...now.limits.map((x) => h("li", {}, x))) : null);
    state.stepper.set({ step: k, last });
  }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label: (k) => say(w.moment, { n: k + 1, last: last + 1 }), onMove: go });
  fill(root, state.stepper.node, row, open);
  refresh();
  return () => state.stepper?.destroy();
});
