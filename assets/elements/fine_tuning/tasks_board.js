// One task of BERT's: the input row with the new head on it, six held-out sentences as two models see them, and the way there.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { percent, full } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { spot } from "../glassbox.lib/training.js";
import { scoreCurves, boxOf, drawn, sign } from "../glassbox.lib/score_curves.js";
import { tagged, spanned, allRight, spanRight } from "../glassbox.lib/tagged.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, id: null, step: 0, sentence: 0, stepper: null, stops: [], report: null, watch: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  const root = parentElement.querySelector(".gb-tasks_board");
  const { task, lanes, sentences, tags, words: w } = data;
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev || state.id !== data.id) Object.assign(state, { rev: data.rev, id: data.id }, data.start);
  const last = data.steps.length - 1;
  state.step = Math.min(state.step, last);
  state.sentence = Math.min(state.sentence, sentences.length - 1);
  const tell = () => state.report({ step: state.step, sentence: state.sentence, rev: state.rev });
  const label = (k) => say(w.moment, { step: data.steps[k], last: data.steps[last] });
  const answerOf = (p) => (p > 0.5 ? w[`${task}_yes`] : w[`${task}_no`]);

  // -- the input row, and the head where it reads
  const input = h("div", { class: "input" });
  function drawInput() {
    const row = sentences[state.sentence], said = lanes[0].said[state.step][state.sentence], heads = new Map(row.heads.map((at, i) => [at, i]));
    fill(input, h("div", { class: "row" }, ...row.tokens.map((piece, at) => {
      const i = heads.get(at), special = ["[CLS]", "[SEP]"].includes(piece);
      let head = h("span", { class: "head none" });
      if (i !== undefined && task === "tag") head = h("span", { class: `head tag-${said[i]}`, title: w.new_head }, said[i] ? w[`tag_${tags[said[i]]}`] : "O");
      else if (i !== undefined && task === "span") { const name = [at === said[0] ? w.start : null, at === said[1] ? w.end : null].filter(Boolean).join(" · "); head = h("span", { class: name ? "head hit" : "head", title: w.new_head }, name || "·"); }
      else if (i !== undefined) head = h("span", { class: "head hit", title: w.new_head }, `${answerOf(said)} ${percent(Math.max(said, 1 - said))}`);
      return h("span", { class: "cell" }, h("span", { class: special ? "piece special" : "piece" }, piece), head);
    })), h("p", { class: "note" }, w[`reads_${task}`]));
  }

  // -- the sentences
  const right = (lane, i) => {
    const row = sentences[i], said = lane.said[state.step][i];
    if (task === "tag") return allRight(row, said);
    if (task === "span") return spanRight(row, said);
    return (said > 0.5) === Boolean(row.gold);
  };
  const boxes = lanes.map((lane, k) => h("section", { class: `lane lane-${k}` }));
  function drawLanes() {
    lanes.forEach((lane, k) => fill(boxes[k],
      h("h3", {}, sign(k), ` ${lane.label} `, h("small", {}, say(w.lane_score, { name: w[`score_${task}`], written: percent(lane.written[state.step][0]), generated: percent(lane.generated[state.step][0]) }))),
      ...sentences.map((row, i) => {
        const said = lane.said[state.step][i], good = right(lane, i);
        const body = task === "tag" ? tagged(row, said, tags, w) : task === "span" ? [h("b", { class: "asked" }, row.second), h("br"), ...spanned(row, said)] : [row.text, row.second ? h("span", { class: "second" }, ` → ${row.second}`) : null, h("small", { class: "answer", title: `p = ${full(said)}` }, ` ${answerOf(said)}`)];
        return h("button", { type: "button", class: i === state.sentence ? "line on" : "line", "aria-pressed": String(i === state.sentence), onclick: () => { state.sentence = i; refresh(); tell(); } },
          h("span", { class: good ? "sign good" : "sign bad", "aria-label": good ? w.right : w.wrong }, good ? "✓" : "✗"), h("span", { class: "text" }, ...body));
      })));
  }

  // -- the way there
  const charts = ["written", "generated"].map((set) => ({ set, svg: h("svg", { class: "curve", role: "img" }) }));
  const lines = (set, width, height, rem) => scoreCurves({
    box: boxOf(width, height, rem), last: data.steps[last], here: state.step, up: [0, 0.5, 1], across: [0, Math.round(last / 2), last].map((k) => data.steps[k]),
    guess: { score: data.guess, label: w[`guess_${task}`], anchor: "start", dy: -0.4 },
    lines: lanes.map((lane, i) => ({ sign: i, points: lane[set].map((score, k) => [data.steps[k], ...score]) })),
  });
  const title = (set) => say(w[`chart_${set}`], { name: w[`score_${task}`], n: data.counts[set] });
  function drawCurves() {
    for (const { set, svg } of charts) {
      svg.setAttribute("aria-label", `${title(set)}: ${lanes.map((lane) => `${lane.label} ${percent(lane[set][state.step][0])}`).join(", ")}`);
      drawn(svg, (...size) => lines(set, ...size));
    }
  }

  function refresh() { drawInput(); drawLanes(); drawCurves(); state.stepper.set({ step: state.step, last }); }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label, onMove: (step) => { state.step = step; refresh(); tell(); } });
  state.stepper.node.style.setProperty("--label", `${0.86 * Math.max(...data.steps.map((_, k) => label(k).length))}ch`);
  fill(root, state.stepper.node, input, h("div", { class: "lanes" }, ...boxes), h("div", { class: "charts" }, ...charts.map(({ set, svg }) => h("figure", {}, h("figcaption", {}, title(set)), svg))),
    h("p", { class: "legend" }, ...lanes.map((lane, i) => h("span", {}, sign(i), ` ${lane.label}`)), h("span", {}, h("i", { class: "band" }), ` ${w.interval}`), ...(task === "tag" ? tags.slice(1).map((tag, i) => h("span", { class: `key tag-${i + 1}` }, `${w[`short_${tag}`]} ${w[`tag_${tag}`]}`)) : []), ...(task === "span" ? [h("span", { class: "said" }, w.said), h("span", { class: "gold" }, w.gold)] : [])));
  refresh();
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => drawCurves());
  state.watch.observe(charts[0].svg);
  state.stops.forEach((stop) => stop());
  state.stops = charts.map(({ set }) => offerPicture(`tasks-${set}`, () => {
    const svg = frame(760, 330), text = (x, y, string, more = {}) => h("text", { x, y, "font-size": 15, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, string);
    svg.append(text(8, 22, title(set), { "font-weight": 700 }), h("g", { transform: "translate(0, 30)" }, ...lines(set, 750, 260, 16)), ...lanes.flatMap((lane, i) => [spot(i, 60 + 260 * i, 308, 5), text(74 + 260 * i, 313, lane.label)]));
    return svg;
  }));
  return () => { state.stops.forEach((stop) => stop()); state.stepper?.destroy(); state.watch?.disconnect(); };
});
