// Instruction, input, output: three fields, and the row of text that a template makes of them.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, template: 0, report: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement), root = parentElement.querySelector(".gb-template_board"), { fields, templates, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) Object.assign(state, { rev: data.rev }, data.start);
  state.template = Math.min(state.template, templates.length - 1);
  const choice = h("div", { class: "choice", role: "group", "aria-label": w.templates }), row = h("pre", { class: "row" });
  function refresh() {
    fill(choice, ...templates.map((one, i) => h("button", { type: "button", class: i === state.template ? "on" : "", "aria-pressed": String(i === state.template), onclick: () => {
      state.template = i;
      refresh();
      choice.children[i].focus();
      state.report({ template: i, rev: state.rev });
    } }, one.name)));
    fill(row, ...templates[state.template].parts.map(([field, text]) => (field ? h("span", { class: `part ${field}` }, text) : text)));
  }
  fill(root, h("dl", { class: "fields" }, ...fields.map(([name, text]) => h("div", { class: `field ${name}` }, h("dt", {}, w[name]), h("dd", {}, text || h("i", {}, w.empty))))),
    choice, h("small", {}, w.row), row, h("p", { class: "legend" }, h("span", { class: "part output" }, w.output), " ", w.learned));
  refresh();
});
