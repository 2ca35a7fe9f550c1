// A question before its answer: what would give it away is hidden in its place until the reader has guessed.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { visible } from "../glassbox.lib/format.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ page: null, at: "closed", guess: null, placed: [] }));

/** Hide what stands in the answer's container, in its place, and say so there. */
function hide(on, text = "") {
  const html = document.documentElement;
  html.classList.toggle("gb-guessing", on);
  html.style.setProperty("--gb-hidden-note", JSON.stringify(text));
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  const root = parentElement.querySelector(".gb-predict_first");
  const w = data.words;
  if (s.page !== data.page) Object.assign(s, { page: data.page, at: "closed", guess: null, placed: [] });
  const go = (at) => { s.at = at; draw(); };
  const shown = (option) => (data.tokens ? visible(option) : option);

  function draw() {
    hide(s.at === "asking", w.hidden);
    root.classList.toggle("open", s.at !== "closed");
    root.dataset.at = s.at;
    if (s.at === "closed") {
      fill(root, h("button", { type: "button", class: "gb-predict-open", title: w.help, onclick: () => { s.guess = null; s.placed = []; setTriggerValue("begin", true); go("asking"); root.querySelector(".gb-predict-choice")?.focus({ preventScroll: true }); } },
        h("span", { class: "gb-predict-sign", "aria-hidden": "true" }, "?"), w.open));
      return;
    }
    const told = s.at === "told", order = data.order ?? [], cards = order.length > 0;
    const right = cards ? order.every((card, i) => card === s.placed[i]) : s.guess === data.answer;
    const place = (i) => { // a card takes the next place, or gives its own back; the last one tells
      s.placed = s.placed.includes(i) ? s.placed.filter((card) => card !== i) : [...s.placed, i];
      go(s.placed.length === order.length ? "told" : "asking");
      root.querySelectorAll(".gb-predict-choice")[i]?.focus({ preventScroll: true });
    };
    const card = (i) => { const at = s.placed.indexOf(i); return { kind: told && order[at] === i ? "right" : told ? "wrong" : at >= 0 ? "placed" : "", sign: at < 0 ? null : h("b", {}, `${at + 1}. `), after: !told ? null : h("b", {}, order[at] === i ? " ✓" : ` ✗ ${order.indexOf(i) + 1}.`) }; };
    const choices = data.options.map((option, i) => {
      const one = cards ? card(i) : { kind: told && i === data.answer ? "right" : told && i === s.guess && !right ? "wrong" : "", sign: null, after: told && i === data.answer ? h("b", {}, " ✓") : told && i === s.guess ? h("b", {}, " ✗") : null };
      return h("button", { type: "button", translate: data.tokens ? "no" : undefined, class: ["gb-predict-choice", data.tokens && "token", one.kind].filter(Boolean).join(" "), "aria-pressed": cards ? String(s.placed.includes(i)) : undefined,
        disabled: told ? true : undefined, onclick: () => { if (cards) { place(i); return; } s.guess = i; go("told"); } }, one.sign, shown(option), one.after);
    });
    const wrong = () => (cards ? say(w.wrong_order, { right: order.filter((one, i) => one === s.placed[i]).length, n: order.length, answer: order.map((i) => shown(data.options[i])).join(", ") }) : say(w.wrong, { answer: shown(data.options[data.answer]) }));
    fill(root,
      h("p", { class: "gb-predict-question" }, h("b", {}, w.open, ": "), data.question),
      h("div", { class: "gb-predict-choices", role: "group", "aria-label": data.question }, choices),
      h("p", { class: "gb-predict-verdict", role: "status" }, told ? [h("b", { class: right ? "right" : "wrong" }, right ? w.right : wrong()), " ", data.why] : cards && s.placed.length ? say(w.placed, { n: s.placed.length, all: order.length }) : null),
      h("button", { type: "button", class: "gb-predict-close", title: told ? w.close : w.give_up, "aria-label": told ? w.close : w.give_up, onclick: () => go("closed") }, "×"));
  }
  draw();
  return () => hide(false);
});
