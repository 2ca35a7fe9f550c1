// One beginning, one model, one seed: every lane chooses by its own rule, token by token in step. Under each token stands its surprisal.
// The lanes of a bundled model are computed here, in the browser; of any other model, and where the browser cannot, they come from the server.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent, visible, full } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";
import { racing } from "../glassbox.lib/sources/lanes.js";

const BITS_FULL = 12; // surprisal of a full bar
const SHOWN = 600; // letters of a long beginning
const LETTERS = "ABCDEFGHI";
const STROKES = ["token", "key", "wrong", "position", "text", "quiet", "mask", "cut", "segment-a"].map((role) => `var(--gb-${role})`);
const DASHES = ["", "7 4", "2 3", "9 3 2 3", "", "7 4", "2 3", "9 3 2 3", ""];
const create = instances(() => ({ rev: null, step: 0, guess: null, made: new Map(), open: null, busy: null, failed: false, note: "", stepper: null, report: null }));

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-lane_race"), w = data.words;
  s.report ??= reporter((value) => s.send("view", value));
  s.send = setTriggerValue;
  if (s.rev !== data.rev) {
    s.rev = data.rev;
    Object.assign(s, { step: data.start.step, named: data.start.named, picks: [...data.start.picks], penalised: [...data.start.penalised], shown: data.lanes.map((lane) => lane.strategy), open: null, guess: data.start.named ? s.guess : null });
  }
  if (data.known) s.made.set(data.key, data.known);
  const lanes = () => s.made.get(data.key)?.lanes ?? [], ready = () => lanes().length > 0 && lanes().every(Boolean);
  const tell = () => s.report({ rev: data.rev, step: s.step, named: s.named, picks: s.picks, penalised: s.penalised, lanes: s.shown });
  const laneName = (i) => (s.named ? data.lanes[i].label : say(w.lane, { letter: LETTERS[i] }));
  const upTo = (lane) => Math.min(s.step, lane.ids.length);

  const head = h("p", { class: "begin" }), chips = h("div", { class: "chips", role: "group", "aria-label": w.lanes }), list = h("ol", { class: "lanes" }), chart = h("div", { class: "chart" }), verdict = h("p", { class: "verdict", "aria-live": "polite" }), state = h("p", { class: "state", role: "status" });
  s.stepper?.destroy();
  s.stepper = stepper({ words: data.stepper, label: (step, last) => say(w.step_label, { step, last }), onMove: (step) => { s.step = step; draw(); tell(); }, beyond });
  const note = (text) => { s.note = text; s.state.textContent = text; };
  // The names come first, then the next page; nothing is uncovered before there is something to guess at.
  function beyond() {
    if (s.named) return null;
    return ready() ? { text: `→ ${w.show_names}`, go: uncover } : { text: w.computing, go: () => {} };
  }
  function uncover() { s.named = true; draw(); tell(); }
  fill(root, head, chips, list, s.stepper.node, state, verdict, chart);

  function stats(lane) {
    const n = upTo(lane), sum = lane.logprobs.slice(0, n).reduce((a, b) => a + b, 0), ids = lane.ids.slice(0, n);
    const share = (size) => { const grams = Array.from({ length: Math.max(0, n - size + 1) }, (_, i) => ids.slice(i, i + size).join()); return grams.length ? new Set(grams).size / grams.length : 1; };
    return { n, sum, mean: n ? sum / n : 0, distinct: share(3), repeated: 1 - share(4), rare: n ? lane.logprobs.slice(0, n).filter((l) => l < Math.log(0.01)).length / n : 0 };
  }

  function tokens(lane, i) {
    const { strategy } = data.lanes[i], picked = new Set(s.picks.filter((_, p) => p % 3 === 0).map((n, p) => (data.all[n] === strategy ? s.picks[3 * p + 1] : -1)));
    return lane.texts.slice(0, upTo(lane)).map((text, at) => {
      const bits = -lane.logprobs[at] / Math.LN2, title = say(w.token_title, { token: visible(text), p: percent(Math.exp(lane.logprobs[at])), bits: num(bits), rank: lane.ranks[at] });
      const open = s.open && s.open.lane === i && s.open.at === at;
      return h("button", { type: "button", class: `tk${open ? " on" : ""}${picked.has(at + 1) ? " hand" : ""}`, title, "aria-label": title, "aria-expanded": String(Boolean(open)), onclick: () => { s.open = open ? null : { lane: i, at }; draw(); } },
        h("span", { class: "letters" }, visible(text, " ").replace(/^ /, "\u00a0").replace(/ $/, "\u00a0")), h("span", { class: "bar", style: { height: `${(10 * Math.min(1, bits / BITS_FULL)).toFixed(1)}px` } }));
    });
  }

  function candidates(lane, i, at) {
    const { strategy } = data.lanes[i];
    return h("div", { class: "candidates" }, h("p", {}, say(w.candidates, { n: at + 1 })),
      ...lane.candidates[at].map(([id, p, text]) => h("button", { type: "button", class: id === lane.ids[at] ? "taken" : "", disabled: strategy === "story" || id === lane.ids[at], "aria-label": say(w.take, { token: visible(text), p: percent(p) }),
        onclick: () => { s.picks = [...s.picks.slice(-57), data.all.indexOf(strategy), at + 1, id]; s.open = null; note(w.computing); tell(); } },
        visible(text), " ", h("small", { title: full(p) }, percent(p)))),
      lane.candidates[at].some(([id]) => id === lane.ids[at]) ? null : h("span", { class: "below" }, say(w.taken_rank, { token: visible(lane.texts[at]), rank: lane.ranks[at] })));
  }

  function draw() {
    // Until the first lane is there, the beginning and every lane's place stand.
    const known = s.made.get(data.key), made = known ?? { prompt: {}, lanes: data.lanes.map(() => null) };
    root.classList.toggle("waiting", !known);
    fill(head, h("b", {}, w.beginning), " ", made.prompt.dropped || [...data.prompt].length > SHOWN ? "… " : "", [...data.prompt].slice(-SHOWN).join("")); // as it was typed: a token may end inside a letter
    const covered = !s.named;
    fill(chips, ...(covered ? [] : data.all.filter((name) => name !== "story" || data.story).map((name) => h("button", { type: "button", class: "chip", "data-lane": name, "aria-pressed": String(s.shown.includes(name)), onclick: () => {
      const next = data.all.filter((other) => (other === name ? !s.shown.includes(name) : s.shown.includes(other)));
      if (!next.length) return;
      s.shown = next; note(w.computing); draw(); tell();
    } }, data.labels[name]))));
    fill(list, ...data.lanes.map((lane, i) => {
      const has = made.lanes[i], about = has && stats(has);
      return h("li", { "data-strategy": covered ? null : lane.strategy },
        h("div", { class: "who" },
          h("svg", { viewBox: "0 0 30 8", class: "key", "aria-hidden": "true" }, h("line", { x1: 0, x2: 30, y1: 4, y2: 4, stroke: STROKES[i], "stroke-width": 3, "stroke-dasharray": DASHES[i] })),
          h("b", {}, laneName(i)), !covered && s.guess === i ? h("span", {}, ` ${w.your_guess}`) : null,
          covered && ready() ? h("button", { type: "button", class: "guess", onclick: () => { s.guess = i; uncover(); } }, w.guess) : null,
          !covered && lane.strategy !== "story" ? h("label", { class: "penalty" }, h("input", { type: "checkbox", checked: s.penalised.includes(lane.strategy), onchange: (e) => { s.penalised = e.target.checked ? [...s.penalised, lane.strategy] : s.penalised.filter((name) => name !== lane.strategy); note(w.computing); tell(); } }), say(w.penalty_switch, { penalty: num(data.penalty) })) : null),
        h("div", { class: "line" }, has ? h("div", { class: "tokens" }, ...tokens(has, i), has.ended && upTo(has) === has.ids.length ? h("span", { class: "end", title: w.ended }, "■") : upTo(has) === has.ids.length && has.ids.length ? h("span", { class: "end" }, "…") : null) : h("span", { class: "wait" }, w.computing),
          about && !covered ? h("dl", {}, ...[[w.stat_mean, about.mean], [w.stat_sum, about.sum], [w.stat_distinct, about.distinct], [w.stat_repeated, about.repeated], [w.stat_rare, about.rare]].map(([name, value], k) => h("div", {}, h("dt", {}, name), h("dd", { title: full(value) }, k < 2 ? value.toFixed(2).replace("-", "−") : percent(value))))) : null,
          has && s.open?.lane === i && s.open.at < upTo(has) ? candidates(has, i, s.open.at) : null));
    }));
    const story = data.lanes.findIndex((lane) => lane.strategy === "story");
    fill(verdict, covered ? (story >= 0 ? w.which : h("button", { type: "button", class: "show", onclick: uncover }, w.show_names))
      : s.guess !== null && story >= 0 ? say(s.guess === story ? w.right : w.wrong, { lane: data.lanes[story].label, letter: LETTERS[story], guess: data.lanes[s.guess]?.label ?? "" }) : null);
    drawChart();
    const last = ready() ? Math.max(0, ...made.lanes.map((lane) => lane.ids.length)) : data.most; // a short lane that is there first must not hold the others back
    s.step = Math.min(s.step, last || data.most);
    s.stepper.set({ step: s.step, last: last || data.most, open: false });
  }

  function plot() {
    const width = Math.max(330, Math.min(760, root.clientWidth || 760)), height = 230, left = 44, right = width < 500 ? 110 : 150, top = 10, bottom = 34, svg = frame(width, height);
    const made = lanes(), longest = data.most, low = -6, x = (n) => left + ((width - left - right) * n) / longest, y = (v) => top + ((height - top - bottom) * Math.max(v, low)) / low;
    for (let v = 0; v >= low; v -= 2) svg.append(h("line", { x1: left, x2: width - right, y1: y(v), y2: y(v), stroke: "var(--gb-line)" }), h("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end", "font-size": 12, fill: "var(--gb-quiet)" }, String(v).replace("-", "−")));
    svg.append(h("text", { x: left, y: height - 6, "font-size": 12, fill: "var(--gb-quiet)" }, w.chart_axis));
    const ends = [];
    made.forEach((lane, i) => {
      if (!lane || !upTo(lane)) return;
      let sum = 0;
      const points = lane.logprobs.slice(0, upTo(lane)).map((l, n) => { sum += l; return [x(n + 1), y(sum / (n + 1))]; });
      svg.append(h("polyline", { points: points.map((p) => p.map((v) => v.toFixed(1)).join()).join(" "), fill: "none", stroke: STROKES[i], "stroke-width": 2.5, "stroke-dasharray": DASHES[i] }, h("title", {}, laneName(i))));
      ends.push([points.at(-1), i]);
    });
    ends.sort((a, b) => a[0][1] - b[0][1]);
    let before = -Infinity;
    for (const [[px, py], i] of ends) { before = Math.max(py, before + 15); svg.append(h("text", { x: px + 6, y: before + 4, "font-size": 13, fill: "var(--gb-text)" }, laneName(i))); }
    return svg;
  }
  function drawChart() {
    const svg = plot();
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${w.chart}: ${lanes().map((lane, i) => (lane ? `${laneName(i)} ${stats(lane).mean.toFixed(2)}` : "")).join(", ")}`);
    fill(chart, h("h4", {}, w.chart), svg);
  }

  async function compute() {
    const { key } = data;
    if (s.made.has(key) || s.busy === key || !data.files || s.failed) return;
    s.busy = key;
    note(w.computing);
    try {
      const engine = await racing(data.files, ({ loaded, total }) => note(say(w.downloading, { percent: percent(total ? loaded / total : 0) })));
      const prompt = await engine.prompt(data.prompt, data.most_prompt), made = { prompt, lanes: data.lanes.map(() => null) };
      for (const [i, lane] of data.lanes.entries()) {
        if (s.busy !== key) return;
        note(say(w.choosing_lane, { n: i + 1, of: data.lanes.length }));
        const picks = []; // of this lane, in the order in which they were taken
        for (let p = 0; p < data.picks.length; p += 3) if (data.all[data.picks[p]] === lane.strategy) picks.push([data.picks[p + 1], data.picks[p + 2]]);
        const got = lane.strategy === "story" ? await engine.story(data.prompt, data.story, prompt.ids, data.most) : await engine.lane(prompt.ids, lane, data.most, data.seed, picks);
        made.lanes[i] = got;
        if (s.busy === key && s.latest === key) { s.made.set(key, made); s.draw(); }
      }
      if (s.busy === key) note("");
    } catch (error) {
      s.failed = true;
      note(w.server);
      setTriggerValue("want", { rev: data.rev, code: error.code ?? "broken" });
    } finally {
      if (s.busy === key) s.busy = null;
    }
  }
  Object.assign(s, { latest: data.key, draw, state }); // what is under way goes on in the newest drawing
  note(s.busy === data.key ? s.note : "");
  const stop = offerPicture("lane_race", plot);
  draw();
  compute();
  return () => { stop(); s.stepper?.destroy(); };
});
