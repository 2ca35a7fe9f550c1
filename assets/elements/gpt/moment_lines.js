// What a model wrote at each moment of its training, the moment of the board marked.
import { h, fill, words as say } from "../glassbox.lib/dom.js";
import { grouped, visible } from "../glassbox.lib/format.js";
import { living } from "../glassbox.lib/living.js";

const shown = (text) => visible(text.replace(/\n+/g, "\n"), " ").replace(/↵/g, " ↵ ");

export default living(function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".gb-moment_lines"), w = data.words;
  fill(root, h("ol", {}, ...data.lines.map((line, k) => h("li", {}, h("button", {
    type: "button", class: k === data.current ? "line on" : "line", "aria-current": k === data.current ? "step" : null,
    onclick: () => setStateValue("pick", { moment: k, at: Date.now() }),
  }, h("span", { class: "when" }, h("b", {}, `${k === data.current ? "▸ " : ""}${say(w.line_step, { step: grouped(line.step) })}`), h("small", {}, say(w.line_tokens, { tokens: grouped(line.tokens) }))),
  h("span", { class: "text" }, h("span", { class: "given" }, shown(data.prompt)), line.text ? h("span", { class: "written" }, shown(line.text)) : h("em", {}, ` ${w.line_nothing}`)))))));
});
