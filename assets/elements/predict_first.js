// A question before its answer: what would give it away is hidden in its place until the reader has guessed.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { visible } from "../glassbox.lib/format.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ page: null, at: "closed", guess: null }));

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
  if (s.page !== data.page) Object.assign(s, { page: data.page, at: "closed", guess: null });
  const go = (at) => { s.at = at; draw(); };
  const shown = (option) => (data.tokens ? visible(option) : option);

  function draw() {
    hide(s.at === "asking", w.hidden);
    root.classList.toggle("open", s.at !== "closed");
    root.dataset.at = s.at;
    if (s.at === "closed") {
      fill(root, h("button", { type: "button", class: "gb-predict-open", title: w.help, onclick: () => { s.guess = null; setTriggerValue("begin", true); go("asking"); root.querySelector(".gb-predict-choice")?.focus({ preventScroll: true }); } },
        h("span", { class: "gb-predict-sign", "aria-hidden": "true" }, "?"), w.open));
      return;
    }
    const told = s.at === "told", right = s.guess === data.answer;
    const choices = data.options.map((option, i) => h("button", { type: "button", translate: data.tokens ? "no" : undefined,
      class: ["gb-predict-choice", data.tokens && "token", told && i === data.answer && "right", told && i === s.guess && !right && "wrong"].filter(Boolean).join(" "),
      disabled: told ? true : undefined, onclick: () => { s.guess = i; go("told"); } }, shown(option), told && i === data.answer ? h("b", {}, " ✓") : told && i === s.guess ? h("b", {}, " ✗") : null));
    fill(root,
      h("p", { class: "gb-predict-question" }, h("b", {}, w.open, ": "), data.question),
      h("div", { class: "gb-predict-choices", role: "group", "aria-label": data.question }, choices),
      h("p", { class: "gb-predict-verdict", role: "status" }, told ? [h("b", { class: right ? "right" : "wrong" }, right ? w.right : say(w.wrong, { answer: shown(data.options[data.answer]) })), " ", data.why] : null),
      h("button", { type: "button", class: "gb-predict-close", title: told ? w.close : w.give_up, "aria-label": told ? w.close : w.give_up, onclick: () => go("closed") }, "×"));
  }
  draw();
  return () => hide(false);
});
