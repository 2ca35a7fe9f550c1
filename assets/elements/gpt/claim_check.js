// What a model's text claims, in order: press the claims that cannot be true together with what was said.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, opened: [], report: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement), root = parentElement.querySelector(".gb-claim_check"), { claims, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) Object.assign(state, { rev: data.rev, opened: [...data.start] });
  const wrong = claims.filter((claim) => claim.clash).length;
  const list = h("ol", { class: "claims" }), foot = h("p", { class: "foot", "aria-live": "polite" });
  function refresh() {
    fill(list, ...claims.map((claim, i) => {
      const open = state.opened.includes(i);
      return h("li", {}, h("button", { type: "button", class: `claim${open ? (claim.clash ? " clash" : " fine") : ""}`, "aria-pressed": String(open), onclick: () => {
        state.opened = open ? state.opened.filter((k) => k !== i) : [...state.opened, i].sort((a, b) => a - b);
        refresh();
        state.report({ opened: [...state.opened], rev: state.rev });
      } }, claim.text), open ? h("p", { class: "why" }, h("b", {}, claim.clash ? `${w.clash} ` : `${w.fine} `), claim.why) : null);
    }));
    const found = state.opened.filter((i) => claims[i].clash).length, extra = state.opened.length - found;
    fill(foot, say(w.found, { found, wrong, extra }));
  }
  fill(root, list, foot);
  refresh();
});
