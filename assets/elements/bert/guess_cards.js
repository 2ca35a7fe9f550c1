// Some guesses side by side, each under its title: the same blank read in three ways, pieces alone and together.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { guessTable, guessPicture, ownLine } from "./guesses.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ fit: false }));

function draw(s) {
  const { data } = s, w = data.words;
  const most = Math.max(1e-9, ...data.cards.flatMap((c) => [c.rest, ...c.candidates.map((x) => x[2])]));
  const scale = s.fit ? most : 1;
  fill(s.root,
    h("div", { class: "bar-row" }, h("span", { class: "quiet" }, s.fit ? say(w.fit_factor, { factor: num(1 / scale) }) : w.full_scale),
      h("label", {}, h("input", { type: "checkbox", checked: s.fit, onchange: (e) => { s.fit = e.target.checked; draw(s); } }), w.fit)),
    h("div", { class: "cards" }, ...data.cards.map((card) => h("section", { class: "card" },
      h("h3", {}, card.title), card.about ? h("p", { class: "about" }, card.about) : null,
      h("p", { class: "line" }, ...card.line.map(([token, kind]) => [h("span", { class: kind }, kind === "cut" ? h("s", {}, token) : token), " "]).flat()),
      h("p", { class: "ownline" }, card.note ?? ownLine(card, w)), guessTable(card, { words: w, scale, caption: card.title })))));
}

function picture(s) {
  const svg = frame(Math.max(700, s.data.cards.length * 350), 290);
  s.data.cards.forEach((card, i) => guessPicture(svg, card, 12 + i * 350, 16, card.title, s.data.words));
  return svg;
}

export default living(function ({ data, parentElement }) {
  const s = create(parentElement);
  s.root = parentElement.querySelector(".gb-guess_cards");
  s.data = data;
  draw(s);
  if (!s.withdraw) s.withdraw = offerPicture("guesses-compared", () => picture(s));
  return () => { s.withdraw?.(); s.withdraw = null; };
});
