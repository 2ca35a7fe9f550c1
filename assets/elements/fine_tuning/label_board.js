// Sentences to label by hand: a press on a word takes it to the next label.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, labels: [], report: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-label_board"), { sentences, tags, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) { state.rev = data.rev; state.labels = data.labels.map((line) => [...line]); }
  const name = (tag) => (tag ? w[`tag_${tags[tag]}`] : w.nothing);
  function draw() {
    fill(root,
      h("p", { class: "keys" }, w.how, " ", ...tags.slice(1).map((tag, i) => h("span", { class: `key tag-${i + 1}` }, `${w[`short_${tag}`]} ${w[`tag_${tag}`]}`))),
      h("ol", {}, ...sentences.map((line, s) => h("li", {}, ...line.map((word, i) => {
        const tag = state.labels[s][i];
        return /\w/.test(word) ? h("button", { type: "button", class: `word tag-${tag}`, "data-at": `${s}.${i}`, "aria-label": say(w.word_label, { word, tag: name(tag) }), onclick: () => {
          state.labels[s][i] = (tag + 1) % tags.length;
          draw();
          root.querySelector(`[data-at="${s}.${i}"]`).focus();
          state.report({ labels: state.labels, rev: state.rev });
        } }, word, tag ? h("small", {}, w[`short_${tags[tag]}`]) : null) : h("span", { class: "mark" }, word);
      })))));
  }
  draw();
});
