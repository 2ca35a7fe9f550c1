// The course as one line through its stops; each stop is a card with a live miniature.
import { h, fill, instances, reducedMotion, words as say } from "../glassbox.lib/dom.js";
import { forget, seen } from "../glassbox.lib/seen.js";
import { visible, percent } from "../glassbox.lib/format.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ timers: [], observer: null }));

/** Words cut into symbols, one merge a frame. */
function strips(box, { frames }, at) {
  const frame = frames[at % frames.length];
  fill(box, ...frame.rows.map((row) => h("div", { class: "strip" }, ...row.map((symbol) =>
    h("span", { class: frame.marked?.includes(symbol) ? "token marked" : "token" }, visible(symbol))))));
}

/** A text and the candidates for its next token; of a long text the end is shown, after a sign. */
function bars(box, { frames }, at) {
  const frame = frames[at % frames.length];
  fill(box, h("div", { class: "written" }, h("span", { class: "past" }, h("bdi", { dir: "ltr" }, frame.text)), h("b", {}, frame.next)),
    ...frame.bars.map(([token, p], i) => h("div", { class: i === frame.chosen ? "bar chosen" : "bar" },
      h("span", { class: "name" }, visible(token)), h("span", { class: "track" }, h("span", { class: "fill", style: { width: `${p * 100}%` } })), h("span", { class: "p" }, percent(p)))));
}

/** A matrix of weights: rows are queries. */
function matrix(box, { frames }, at) {
  const { tokens, weights } = frames[at % frames.length];
  const n = tokens.length, size = 100 / n;
  fill(box, h("svg", { viewBox: "0 0 100 100", class: "matrix", "aria-hidden": "true" },
    ...weights.flatMap((row, q) => row.map((w, k) => h("rect", { x: k * size, y: q * size, width: size, height: size, fill: "var(--gb-token)", "fill-opacity": Math.sqrt(w).toFixed(3) })))));
}

const KINDS = { strips, bars, matrix };

export default living(function ({ data, parentElement, setTriggerValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-course_map");
  const go = (name) => (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    setTriggerValue("go", name);
  };
  const address = (stop) => {
    const url = new URL(location.href);
    url.pathname = url.pathname.replace(/[^/]*$/, stop.path);
    return url.href;
  };
  function draw() {
    state.timers.forEach(clearInterval);
    state.timers = [];
    const w = data.words, known = new Set(seen());
    const seenHere = data.stops.filter((stop) => known.has(stop.path)).length;
    const minutes = (stops) => say(w.minutes, { n: stops.reduce((sum, stop) => sum + stop.minutes, 0) });
    const chapters = [...new Set(data.stops.map((stop) => stop.chapter))];
    let number = 0;
    const lanes = chapters.map((chapter) => {
      const cards = data.stops.filter((stop) => stop.chapter === chapter).map((stop) => {
        number += 1;
        const mini = h("div", { class: "mini", "aria-hidden": "true" });
        if (stop.miniature) {
          const paint = KINDS[stop.miniature.kind];
          let at = 0;
          paint(mini, stop.miniature, at);
          if (!reducedMotion() && stop.miniature.frames.length > 1) {
            state.timers.push(setInterval(() => { if (mini.isConnected && !document.hidden) { at += 1; paint(mini, stop.miniature, at); } }, 1800));
          }
        }
        return h("li", {}, h("a", { class: "stop", href: address(stop), onclick: go(stop.name) },
          h("span", { class: known.has(stop.path) ? "number seen" : "number", title: known.has(stop.path) ? w.seen : null, "aria-label": known.has(stop.path) ? `${number}, ${w.seen}` : null }, known.has(stop.path) ? "✓" : number),
          h("span", { class: "head" }, h("strong", {}, stop.title), h("span", { class: "minutes" }, minutes([stop]))), h("span", { class: "question" }, stop.question), mini));
      });
      return h("section", { class: "lane" }, h("h2", {}, chapter, h("span", { class: "minutes" }, minutes(data.stops.filter((stop) => stop.chapter === chapter)))), h("ol", {}, ...cards));
    });
    const first = data.stops[0];
    fill(root,
      h("div", { class: "begin" },
        first ? h("a", { class: "start", href: address(first), onclick: go(first.name) }, data.start, " →") : null,
        h("p", {}, data.intro)),
      seenHere ? h("p", { class: "progress" }, say(w.progress, { seen: seenHere, all: data.stops.length }), " ", h("button", { type: "button", class: "forget", onclick: () => { forget(); draw(); } }, w.forget)) : null,
      h("div", { class: "map" }, ...lanes));
  }
  draw();
  return () => { state.timers.forEach(clearInterval); state.timers = []; };
});
