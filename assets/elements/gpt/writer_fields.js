// The beginning and how a token is chosen. What is set here is the view of the page (lib/view.js); the writer computes it and reports it.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { living } from "../glassbox.lib/living.js";
import { view } from "../glassbox.lib/view.js";
import { answerTooLong, tooLong } from "../glassbox.lib/too_long.js";

const create = instances(() => ({ view: view("gpt"), typing: false }));

/** A label with what it means on the mark beside it. */
const label = (w, key, id) => h("span", { class: "name" }, h("label", { for: id }, w[key]),
  w[`${key}_help`] ? h("span", { class: "help", title: w[`${key}_help`], tabindex: "0", role: "img", "aria-label": w[`${key}_help`] }, "?") : null);

function build(s, w) {
  const param = (key) => s.data.params.find((p) => p.key === key), set = (changes) => s.view.change(changes);
  const number = (key, step) => {
    const { low, high } = param(key);
    const input = h("input", { type: "number", id: `gb-${key}`, min: String(low), max: String(high), step: String(step), inputmode: "decimal", onchange: () => {
      const value = Number(input.value);
      if (input.value.trim() === "" || !Number.isFinite(value)) { show(s); return; }
      set({ [key]: Math.min(Math.max(step === 1 ? Math.round(value) : Number(value.toFixed(2)), low), high) });
    } });
    return input;
  };
  const commit = () => {
    s.typing = false;
    s.prompt.classList.remove("typing");
    const prompt = s.prompt.value.replaceAll("\0", "").slice(0, param("prompt").high);
    if (prompt !== s.view.state.prompt) set({ prompt, picks: [], step: 0 });
  };
  s.prompt = h("textarea", { id: "gb-prompt", rows: "2", spellcheck: "false",
    oninput: () => { s.typing = s.prompt.value !== s.view.state.prompt; s.prompt.classList.toggle("typing", s.typing); },
    onchange: commit, onkeydown: (e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); commit(); } } });
  s.note = h("div", {});
  s.choice = ["greedy", "sample"].map((name) => h("button", { type: "button", "data-name": name, onclick: () => set({ strategy: name }) }, w[`strategy_${name}`]));
  s.temperature = h("input", { type: "range", id: "gb-temperature", min: String(param("temperature").low), max: String(param("temperature").high), step: "0.05", oninput: () => { set({ temperature: Number(s.temperature.value) }); } });
  s.reading = h("output", { for: "gb-temperature" });
  s.numbers = { top_k: number("top_k", 1), top_p: number("top_p", 0.05), seed: number("seed", 1) };
  fill(s.root, h("div", { class: "fields" },
    h("div", { class: "prompt" }, label(w, "prompt", "gb-prompt"), h("div", { class: "box" }, s.prompt, h("span", { class: "apply" }, w.prompt_apply)), s.note),
    h("div", { class: "how" },
      h("div", {}, label(w, "strategy"), h("div", { class: "choice", role: "group", "aria-label": w.strategy }, ...s.choice)),
      h("div", { class: "temperature" }, label(w, "temperature", "gb-temperature"), s.reading, s.temperature),
      ...Object.entries(s.numbers).map(([key, input]) => h("div", { class: "number" }, label(w, key, `gb-${key}`), input)))));
}

function show(s) {
  const { prompt, strategy, temperature, ...rest } = s.view.state;
  if (!s.typing) s.prompt.value = prompt;
  fill(s.note, tooLong(s.data.too_long, s.data.words.prompt, prompt));
  for (const button of s.choice) button.setAttribute("aria-pressed", String(button.dataset.name === strategy));
  const greedy = strategy === "greedy";
  s.temperature.value = String(temperature);
  s.reading.textContent = temperature.toFixed(2);
  for (const [key, input] of Object.entries(s.numbers)) { input.value = String(rest[key]); input.disabled = greedy; }
  s.temperature.disabled = greedy;
  s.reading.classList.toggle("off", greedy);
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-writer_fields");
  s.data = data;
  if (s.root !== root || s.lang !== data.words.prompt) { s.root = root; s.lang = data.words.prompt; build(s, data.words); }
  if (s.view.adopt(data.rev, data.state)) { s.typing = false; s.prompt.classList.remove("typing"); }
  show(s);
  s.unlisten?.();
  s.unlisten = s.view.listen((changes, from) => { if (from === "python" || "prompt" in changes) s.typing = false; show(s); });
  s.unasked?.();
  s.unasked = answerTooLong(() => [[s.data.words.prompt, s.view.state.prompt]]);
  return () => { s.unlisten?.(); s.unasked?.(); s.unlisten = s.unasked = null; };
});
