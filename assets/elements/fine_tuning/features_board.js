// A fader for each layer of a frozen model: the mix of the layers, F1 of the layer that reads it, and where learned faders go.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { percent, num } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { INK, spot, softmax } from "../glassbox.lib/training.js";
import { sign } from "../glassbox.lib/score_curves.js";
import { tagged, allRight } from "../glassbox.lib/tagged.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, step: 0, faders: [], stepper: null, stop: null, report: null }));
const SETS = ["labelled", "new", "written"], SENTENCES = 4; // of each lane in sight

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-features_board");
  const { lanes, learned, neutral, top, words: w } = data, layers = Array.from({ length: data.layers }, (_, k) => k), last = data.steps.length;
  state.report = state.report ?? reporter((value) => setStateValue("view", value), 180, true);
  if (state.rev !== data.rev || state.id !== data.id) Object.assign(state, { rev: data.rev, id: data.id }, structuredClone(data.start));
  state.step = Math.min(state.step, last);
  const known = () => data.mixes.find((mix) => mix.faders.every((fader, k) => fader === state.faders[k]));
  const tell = () => state.report({ step: state.step, faders: state.faders, rev: state.rev, waits: state.step === 0 && !known() });
  const label = (k) => (k ? say(w.moment, { step: data.steps[k - 1], last: data.steps[last - 1] }) : w.own);
  const nameOf = (k) => (k ? say(w.layer, { k }) : w.embeddings);

  /** What is to be seen now: by start the shares, and by start the scores and words, null while they are computed. */
  const sharesNow = () => { const own = softmax(state.faders.map((fader) => fader - neutral)); return lanes.map((_, i) => (state.step ? learned[i].shares[state.step - 1] : own)); };
  const foundNow = () => {
    if (!state.step) return known()?.lanes ?? null;
    const k = state.step - 1;
    return learned.map((run) => Object.fromEntries([...SETS, "said"].map((name) => [name, run[name][k]])));
  };
  /** Faders that come nearest to learned shares. */
  const rounded = (shares) => { const logs = shares.map((s) => Math.log(Math.max(s, 1e-6))), middle = logs.reduce((a, b) => a + b, 0) / logs.length; return logs.map((l) => Math.min(top, Math.max(0, Math.round(neutral + l - middle)))); };

  function own(faders) { state.faders = faders; state.step = 0; refresh(); tell(); }
  const columns = layers.map((k) => {
    const input = h("input", { type: "range", min: "0", max: String(top), step: "1", class: "fader", "aria-label": say(w.fader, { name: nameOf(k) }), oninput: () => own((state.step ? rounded(learned[0].shares[state.step - 1]) : state.faders).map((fader, i) => (i === k ? Number(input.value) : fader))) });
    const share = h("output", { class: "share" }), bar = h("i", { class: "bar" }), other = h("i", { class: "other" });
    const only = h("button", { type: "button", class: "only", title: say(w.only, { name: nameOf(k) }), onclick: () => own(layers.map((i) => (i === k ? top : 0))) }, k ? String(k) : w.embeddings_short);
    return { input, share, bar, other, only, node: h("div", { class: "column" }, share, h("div", { class: "tower", "aria-hidden": "true" }, bar, other), input, only) };
  });
  const even = h("button", { type: "button", class: "act", onclick: () => own(layers.map(() => neutral)) }, w.even);
  const learn = h("button", { type: "button", class: "act go", onclick: () => { if (state.stepper.playing) state.stepper.act("play"); state.step = 1; refresh(); tell(); state.stepper.act("play"); } }, w.learn);
  const scale = h("p", { class: "scale" });
  function drawFaders() {
    const [mine, bare] = sharesNow(), shown = state.step ? rounded(mine) : state.faders;
    columns.forEach(({ input, share, bar, other, only }, k) => {
      input.value = String(shown[k]);
      input.setAttribute("aria-valuetext", percent(mine[k]));
      share.textContent = `${Math.round(100 * mine[k])}%`;
      share.title = percent(mine[k]);
      bar.style.height = `${100 * mine[k]}%`;
      other.style.bottom = `calc(${100 * bare[k]}% - 1px)`;
      other.hidden = !state.step;
      only.classList.toggle("on", mine[k] > 0.99);
    });
    const k = state.step - 1;
    scale.textContent = k < 0 ? w.scale_own : say(w.scale_learned, { gamma: num(learned[0].gamma[k]), loss: learned[0].loss[k] < 1e-4 ? "< 0.0001" : num(learned[0].loss[k]) });
  }

  // -- F1 on each set: a bar for each start, its interval, and a mark where fine-tuning of everything came to
  const scores = h("div", { class: "scores" }), heading = h("h3", { "aria-live": "polite" });
  const bars = (found) => SETS.map((set) => h("section", { class: "set" }, h("h3", {}, w[`set_${set}`], h("small", {}, say(w[`set_${set}_note`], { n: data.counts[set] }))),
    ...lanes.map((name, i) => {
      const score = found?.[i][set], tuned = data.tuned[i][set];
      return h("div", { class: "score", role: "img", "aria-label": `${w[`set_${set}`]}, ${name}: ${score ? percent(score[0]) : w.waits}; ${w.tuned} ${percent(tuned)}` }, sign(i),
        h("span", { class: "track" }, score ? h("i", { class: `fill lane-${i}`, style: { width: `${100 * score[0]}%` } }) : null, score ? h("i", { class: "range", style: { left: `${100 * score[1]}%`, width: `${100 * (score[2] - score[1])}%` } }) : null, h("i", { class: "tuned", style: { left: `${100 * tuned}%` }, title: `${w.tuned}: ${percent(tuned)}` })),
        h("b", {}, score ? `${Math.round(100 * score[0])}%` : "…"));
    })));
  const sentences = lanes.map((_, i) => h("section", { class: `lane lane-${i}` }));
  let before = null;
  function drawFound() {
    const found = foundNow() ?? before, waits = !foundNow();
    before = foundNow() ?? before;
    root.toggleAttribute("data-waits", waits);
    fill(heading, w.found, waits ? h("small", {}, w.waits) : null);
    for (const part of [scores, ...sentences]) part.classList.toggle("busy", waits);
    fill(scores, ...bars(waits ? null : found));
    sentences.forEach((box, i) => fill(box, h("h3", {}, sign(i), ` ${lanes[i]}`), ...data.sentences.slice(0, SENTENCES).map((row, n) => {
      if (!found) return h("p", { class: "line" }, row.text);
      const said = found[i].said[n], good = allRight(row, said);
      return h("p", { class: "line" }, h("span", { class: good ? "sign good" : "sign bad", role: "img", "aria-label": good ? w.right : w.wrong }, good ? "✓" : "✗"), h("span", {}, ...tagged(row, said, data.tags, w)));
    })));
  }
  function refresh() { drawFaders(); drawFound(); state.stepper.set({ step: state.step, last }); }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (step) => { state.step = step; refresh(); tell(); } });
  fill(root, state.stepper.node,
    h("div", { class: "upper" },
      h("section", { class: "mixer" }, h("h3", {}, w.faders), h("div", { class: "columns", role: "group", "aria-label": w.faders }, ...columns.map((c) => c.node)), h("div", { class: "acts" }, even, learn), scale),
      h("div", { class: "right" }, heading, scores, h("p", { class: "legend" }, ...lanes.map((name, i) => h("span", {}, sign(i), ` ${name}`)), h("span", {}, h("i", { class: "mark-range" }), ` ${w.interval}`), h("span", {}, h("i", { class: "mark-tuned" }), ` ${w.tuned}`)))),
    h("div", { class: "lower" }, ...sentences),
    h("p", { class: "legend" }, ...data.tags.slice(1).map((tag, i) => h("span", { class: `key tag-${i + 1}` }, `${w[`short_${tag}`]} ${w[`tag_${tag}`]}`))));
  refresh();
  state.stop?.();
  state.stop = offerPicture("features-mix", () => {
    const svg = frame(760, 360), found = foundNow(), [mine] = sharesNow();
    const text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, string);
    svg.append(text(10, 24, `${w.faders}: ${label(state.step)}`, { "font-weight": 700 }),
      ...layers.flatMap((k) => [h("rect", { x: 14 + 46 * k, y: 290 - 220 * mine[k], width: 34, height: 220 * mine[k], fill: INK[0] }), text(31 + 46 * k, 308, k ? String(k) : w.embeddings_short, { "text-anchor": "middle" }), text(31 + 46 * k, 284 - 220 * mine[k], `${Math.round(100 * mine[k])}%`, { "text-anchor": "middle" })]),
      ...SETS.flatMap((set, n) => [text(360, 60 + 90 * n, w[`set_${set}`], { "font-weight": 700 }), ...lanes.flatMap((_, i) => { const y = 80 + 90 * n + 24 * i, score = found?.[i][set]; return [spot(i, 368, y, 6), h("rect", { x: 384, y: y - 7, width: 300 * (score?.[0] ?? 0), height: 14, fill: INK[i] }), h("line", { x1: 384 + 300 * data.tuned[i][set], x2: 384 + 300 * data.tuned[i][set], y1: y - 10, y2: y + 10, stroke: "var(--gb-text)", "stroke-width": 2 }), text(692, y + 5, score ? `${Math.round(100 * score[0])}%` : "…")]; })]),
      text(360, 340, `| ${w.tuned}`));
    return svg;
  });
  return () => { state.stop?.(); state.stepper?.destroy(); };
});
