// Cards to judge: press what fits, and read what the paper says; or lean three needles, one for each question.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, chosen: [], report: null }));
const LEAN = [0, -52, 0, 52]; // degrees: nothing pressed, the first, alike, the second

const needle = (choice) => h("svg", { class: "needle", viewBox: "0 0 120 66", "aria-hidden": "true" },
  h("path", { d: "M10 60 A50 50 0 0 1 110 60", fill: "none", stroke: "var(--gb-line)", "stroke-width": 6 }),
  h("g", { transform: `rotate(${LEAN[choice]} 60 60)`, opacity: choice ? 1 : 0.35 }, h("line", { x1: 60, x2: 60, y1: 60, y2: 16, stroke: choice ? "var(--gb-token)" : "var(--gb-quiet)", "stroke-width": 5, "stroke-linecap": "round" })),
  h("circle", { cx: 60, cy: 60, r: 5, fill: "var(--gb-text)" }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement), root = parentElement.querySelector(".gb-answer_cards"), { cards, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) Object.assign(state, { rev: data.rev, chosen: [...data.start] });
  const list = h("div", { class: "cards" }), foot = h("p", { class: "foot", "aria-live": "polite" });
  function press(i, choice) {
    state.chosen = cards.map((_, k) => (k === i ? (state.chosen[k] === choice ? 0 : choice) : state.chosen[k] ?? 0));
    refresh();
    list.querySelector(`[data-at="${i}.${choice}"]`)?.focus();
    state.report({ chosen: [...state.chosen], rev: state.rev });
  }
  function refresh() {
    fill(list, ...cards.map((card, i) => {
      const mine = state.chosen[i] ?? 0, verdict = !mine ? "" : card.right ? (mine === card.right ? "fine" : "clash") : "";
      return h("section", { class: `card ${verdict}` }, h("h4", {}, card.title),
        card.request ? h("p", { class: "request" }, card.request) : null, card.text ? h("p", { class: "text" }, card.text) : null, data.needles ? needle(mine) : null,
        h("div", { class: "options", role: "group", "aria-label": card.title }, ...card.options.map((option, k) => h("button", { type: "button", class: mine === k + 1 ? "on" : "", "aria-pressed": String(mine === k + 1), "data-at": `${i}.${k + 1}`, onclick: () => press(i, k + 1) }, option))),
        mine ? h("p", { class: "why" }, card.right ? h("b", {}, mine === card.right ? w.fits : say(w.rather, { name: card.options[card.right - 1] })) : null, " ", card.why) : null);
    }));
    const done = state.chosen.filter((x) => x).length, kinds = new Set(state.chosen.filter((x) => x)).size;
    fill(foot, done < cards.length ? say(w.left, { n: cards.length - done }) : data.needles ? (kinds > 1 ? w.apart : w.together) : say(w.all, { n: cards.filter((card, i) => state.chosen[i] === card.right).length, of: cards.length }));
  }
  fill(root, list, foot);
  refresh();
});
