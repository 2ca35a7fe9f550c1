// One beginning, one model, one seed: every lane chooses by its own rule, token by token in step. Under each token stands its surprisal.
// The lanes of a bundled model are computed here, in the browser; of any other model, and where the browser cannot, they come from the server.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { num, percent, visible, full } from "../glassbox.lib/format.js";
import { stepper } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { kept } from "../glassbox.lib/kept.js";
import { living } from "../glassbox.lib/living.js";
import { local } from "../glassbox.lib/local.js";
import { racing } from "../glassbox.lib/sources/lanes.js";
import { view } from "../glassbox.lib/view.js";

const BITS_FULL = 12; // surprisal of a full bar
const SHOWN = 600; // letters of a long beginning
const KEPT = 30; // races that are remembered, and ten times as many lanes, so that nothing is chosen anew that has not changed
const LETTERS = "ABCDEFGHI";
const STROKES = ["token", "key", "wrong", "position", "text", "quiet", "mask", "cut", "segment-a"].map((role) => `var(--gb-${role})`);
const DASHES = ["", "7 4", "2 3", "9 3 2 3", "", "7 4", "2 3", "9 3 2 3", ""];
const VALUE = { beam: "dec_width", contrastive: "dec_alpha" }; // where the number of a strategy stands, if not under its own name
const create = instances(() => ({ view: view("decoding"), made: new Map(), lanes: new Map(), here: new Set(), guess: null, open: null, busy: null }));

/** The lanes that a view asks for, as both engines are given them: components/lessons/gpt/decoding.py, shown() and lane(). */
function lanesOf({ all, stories, words: w }, state) {
  const penalised = state.dec_penalised.split(","), known = (name) => all.includes(name) && (name !== "story" || Object.hasOwn(stories, state.dec_prompt));
  const asked = [...new Set(state.dec_lanes.split(","))].filter(known);
  return (asked.length ? asked : ["greedy"]).map((strategy) => {
    const value = state[VALUE[strategy] ?? `dec_${strategy}`];
    return {
      strategy, value: value ?? 1, penalty: strategy !== "story" && penalised.includes(strategy) ? state.dec_penalty : 1, temperature: state.dec_heat, order: state.dec_order, k: 4,
      length_penalty: state.dec_length, label: nameOf(w, strategy, state),
    };
  });
}
const nameOf = (w, strategy, state) => say(w[`name_${strategy}`], { value: String(state[VALUE[strategy] ?? `dec_${strategy}`] ?? "") });

/** What decides the lanes of a view. */
const raceOf = (data, state) => JSON.stringify([data.model, state.dec_prompt, state.dec_seed, state.dec_most, lanesOf(data, state).map(({ label, ...lane }) => lane), state.dec_picks]);

function keep(map, name, made, most = KEPT) {
  map.delete(name);
  map.set(name, made);
  if (map.size > most) map.delete(map.keys().next().value);
}

/** Tell Python of the view, always the whole state. */
function tell(s) {
  if (s.root.isConnected) s.trigger("view", { rev: s.view.rev, state: s.view.state, waits: !here(s) && !s.made.has(raceOf(s.data, s.view.state)) });
}
const here = (s) => Boolean(s.data.files) && !s.local.refused;

/** Let every lane of the view be written, one after the other; each is drawn as soon as it is there. */
async function compute(s) {
  const { data, view: { state } } = s, race = raceOf(data, state);
  if (s.busy === race || !here(s)) return;
  if (s.made.get(race)?.lanes.every(Boolean)) { // all is there; what was left half way begins anew when it is wanted again
    s.busy = null;
    s.state.textContent = "";
    return;
  }
  s.local.open(data.files);
  s.state.textContent = data.words.computing;
  const { source } = s.local;
  if (!source) return; // it comes back when the model is there
  s.busy = race;
  const wanted = () => s.busy === race && s.root.isConnected, lanes = lanesOf(data, state), beginning = state.dec_prompt;
  try {
    const prompt = await source.prompt(beginning, data.most_prompt), made = { prompt, lanes: lanes.map(() => null) };
    for (const [i, lane] of lanes.entries()) {
      if (!wanted()) return;
      s.state.textContent = say(data.words.choosing_lane, { n: i + 1, of: lanes.length });
      const picks = []; // of this lane, in the order in which they were taken
      for (let p = 0; p + 2 < state.dec_picks.length; p += 3) if (data.all[state.dec_picks[p]] === lane.strategy) picks.push([state.dec_picks[p + 1], state.dec_picks[p + 2]]);
      const { label, ...settings } = lane, of = JSON.stringify([data.model, beginning, state.dec_seed, state.dec_most, settings, picks]);
      made.lanes[i] = s.lanes.get(of) ?? (lane.strategy === "story" ? await source.story(beginning, data.stories[beginning], prompt.ids, state.dec_most) : await source.lane(prompt.ids, lane, state.dec_most, state.dec_seed, picks));
      keep(s.lanes, of, made.lanes[i], 10 * KEPT);
      if (!wanted()) return;
      s.here.add(race);
      keep(s.made, race, made);
      s.draw();
    }
    s.state.textContent = "";
  } catch (error) {
    if (s.busy === race) s.local.fail(error);
  } finally {
    if (s.busy === race) s.busy = null;
  }
}

/** The reader, or Back, moved the view. */
function moved(s) {
  s.draw();
  compute(s);
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-lane_race"), w = data.words;
  if (s.data && data.files && s.data.files?.folder !== data.files.folder) s.local.drop();
  Object.assign(s, { data, root, trigger: setTriggerValue });
  s.local ??= local({
    make: racing, ready: () => compute(s), changed: () => s.about(),
    failed: () => s.trigger("want", { rev: s.view.rev, state: s.view.state }),
  });
  s.keeper ??= kept({
    view: s.view, params: () => s.data.params, here: () => here(s), tell: () => tell(s), moved: () => moved(s),
    mine: (event) => event.composedPath().some((node) => ["gb-lane_race", "gb-beam_tree", "gb-page_fields"].some((name) => node.classList?.contains(name))),
  });
  s.view.adopt(data.rev, data.state);
  if (data.known) keep(s.made, raceOf(data, data.asked), data.known);

  const now = () => s.view.state, race = () => raceOf(data, now()), asked = () => lanesOf(data, now()), lanes = () => s.made.get(race())?.lanes ?? [];
  const ready = () => lanes().length > 0 && lanes().every(Boolean), change = (changes) => s.view.change(changes, "picture");
  const laneName = (i) => (now().dec_named ? asked()[i].label : say(w.lane, { letter: LETTERS[i] }));
  const upTo = (lane) => Math.min(now().dec_step, lane.ids.length);

  const head = h("p", { class: "begin" }), chips = h("div", { class: "chips", role: "group", "aria-label": w.lanes }), list = h("ol", { class: "lanes" }), chart = h("div", { class: "chart" }), verdict = h("p", { class: "verdict", "aria-live": "polite" });
  const notes = h("div", { role: "status" }), where = h("p", { class: "where gb-caption" }), aid = h("p", { class: "aid", "aria-live": "polite" }), waiting = s.state?.textContent ?? "";
  s.state = h("p", { class: "state", role: "status" }, waiting);
  s.stepper?.destroy();
  s.stepper = stepper({ words: data.stepper, label: (step, last) => say(w.step_label, { step, last }), onMove: (step) => change({ dec_step: step }), beyond });
  // The names come first, then the next page; nothing is uncovered before there is something to guess at.
  function beyond() {
    if (now().dec_named) return null;
    return ready() ? { text: `→ ${w.show_names}`, go: uncover } : { text: w.computing, go: () => {} };
  }
  function uncover() { change({ dec_named: true }); }
  fill(root, head, chips, list, s.stepper.node, s.state, notes, verdict, chart, where, aid);

  function stats(lane) {
    const n = upTo(lane), sum = lane.logprobs.slice(0, n).reduce((a, b) => a + b, 0), ids = lane.ids.slice(0, n);
    const share = (size) => { const grams = Array.from({ length: Math.max(0, n - size + 1) }, (_, i) => ids.slice(i, i + size).join()); return grams.length ? new Set(grams).size / grams.length : 1; };
    return { n, sum, mean: n ? sum / n : 0, distinct: share(3), repeated: 1 - share(4), rare: n ? lane.logprobs.slice(0, n).filter((l) => l < Math.log(0.01)).length / n : 0 };
  }

  function tokens(lane, i) {
    const { strategy } = asked()[i], taken = now().dec_picks, picked = new Set(taken.filter((_, p) => p % 3 === 0).map((n, p) => (data.all[n] === strategy ? taken[3 * p + 1] : -1)));
    return lane.texts.slice(0, upTo(lane)).map((text, at) => {
      const bits = -lane.logprobs[at] / Math.LN2, title = say(w.token_title, { token: visible(text), p: percent(Math.exp(lane.logprobs[at])), bits: num(bits), rank: lane.ranks[at] });
      const open = s.open && s.open.lane === i && s.open.at === at;
      return h("button", { type: "button", class: `tk${open ? " on" : ""}${picked.has(at + 1) ? " hand" : ""}`, title, "aria-label": title, "aria-expanded": String(Boolean(open)), onclick: () => { s.open = open ? null : { lane: i, at }; draw(); } },
        h("span", { class: "letters" }, visible(text, " ").replace(/^ /, "\u00a0").replace(/ $/, "\u00a0")), h("span", { class: "bar", style: { height: `${(10 * Math.min(1, bits / BITS_FULL)).toFixed(1)}px` } }));
    });
  }

  function candidates(lane, i, at) {
    const { strategy } = asked()[i];
    return h("div", { class: "candidates" }, h("p", {}, say(w.candidates, { n: at + 1 })),
      ...lane.candidates[at].map(([id, p, text]) => h("button", { type: "button", class: id === lane.ids[at] ? "taken" : "", disabled: strategy === "story" || id === lane.ids[at], "aria-label": say(w.take, { token: visible(text), p: percent(p) }),
        onclick: () => { s.open = null; change({ dec_picks: [...now().dec_picks.slice(-57), data.all.indexOf(strategy), at + 1, id] }); } },
        visible(text), " ", h("small", { title: full(p) }, percent(p)))),
      lane.candidates[at].some(([id]) => id === lane.ids[at]) ? null : h("span", { class: "below" }, say(w.taken_rank, { token: visible(lane.texts[at]), rank: lane.ranks[at] })));
  }

  function draw() {
    // Until the first lane is there, the beginning and every lane's place stand.
    const state = now(), named = asked(), known = s.made.get(race()), made = known ?? { prompt: {}, lanes: named.map(() => null) }, strategies = named.map((lane) => lane.strategy);
    if (s.race !== race()) Object.assign(s, { race: race(), open: null, busy: null }).state.textContent = "";
    if (!state.dec_named) s.guess = null;
    root.classList.toggle("waiting", !known);
    fill(head, h("b", {}, w.beginning), " ", made.prompt.dropped || [...state.dec_prompt].length > SHOWN ? "… " : "", [...state.dec_prompt].slice(-SHOWN).join("")); // as it was typed: a token may end inside a letter
    const covered = !state.dec_named;
    fill(chips, ...(covered ? [] : data.all.filter((name) => name !== "story" || Object.hasOwn(data.stories, state.dec_prompt)).map((name) => h("button", { type: "button", class: "chip", "data-lane": name, "aria-pressed": String(strategies.includes(name)), onclick: () => {
      const next = data.all.filter((other) => (other === name ? !strategies.includes(name) : strategies.includes(other)));
      if (next.length) change({ dec_lanes: next.join() });
    } }, nameOf(w, name, state)))));
    const penalised = state.dec_penalised.split(",").filter((name) => data.all.includes(name));
    fill(list, ...named.map((lane, i) => {
      const has = made.lanes[i], about = has && stats(has);
      return h("li", { "data-strategy": covered ? null : lane.strategy },
        h("div", { class: "who" },
          h("svg", { viewBox: "0 0 30 8", class: "key", "aria-hidden": "true" }, h("line", { x1: 0, x2: 30, y1: 4, y2: 4, stroke: STROKES[i], "stroke-width": 3, "stroke-dasharray": DASHES[i] })),
          h("b", {}, laneName(i)), !covered && s.guess === i ? h("span", {}, ` ${w.your_guess}`) : null,
          covered && ready() ? h("button", { type: "button", class: "guess", onclick: () => { uncover(); s.guess = i; draw(); } }, w.guess) : null,
          !covered && lane.strategy !== "story" ? h("label", { class: "penalty" }, h("input", { type: "checkbox", checked: penalised.includes(lane.strategy), onchange: (e) => change({ dec_penalised: (e.target.checked ? [...penalised, lane.strategy] : penalised.filter((name) => name !== lane.strategy)).join() }) }), say(w.penalty_switch, { penalty: num(state.dec_penalty) })) : null),
        h("div", { class: "line" }, has ? h("div", { class: "tokens" }, ...tokens(has, i), has.ended && upTo(has) === has.ids.length ? h("span", { class: "end", title: w.ended }, "■") : upTo(has) === has.ids.length && has.ids.length ? h("span", { class: "end" }, "…") : null) : h("span", { class: "wait" }, w.computing),
          about && !covered ? h("dl", {}, ...[[w.stat_mean, about.mean], [w.stat_sum, about.sum], [w.stat_distinct, about.distinct], [w.stat_repeated, about.repeated], [w.stat_rare, about.rare]].map(([name, value], k) => h("div", {}, h("dt", {}, name), h("dd", { title: full(value) }, k < 2 ? value.toFixed(2).replace("-", "−") : percent(value))))) : null,
          has && s.open?.lane === i && s.open.at < upTo(has) ? candidates(has, i, s.open.at) : null));
    }));
    const story = strategies.indexOf("story");
    fill(verdict, covered ? (story >= 0 ? w.which : h("button", { type: "button", class: "show", onclick: uncover }, w.show_names))
      : s.guess !== null && story >= 0 ? say(s.guess === story ? w.right : w.wrong, { lane: named[story].label, letter: LETTERS[story], guess: named[s.guess]?.label ?? "" }) : null);
    fill(aid, covered ? data.aid.covered : data.aid.named);
    drawChart();
    drawWhere();
    const last = ready() ? Math.max(0, ...made.lanes.map((lane) => lane.ids.length)) : state.dec_most; // a short lane that is there first must not hold the others back
    s.stepper.set({ step: Math.min(state.dec_step, last || state.dec_most), last: last || state.dec_most, open: false });
  }

  /** Model, revision and settings; where it was computed; what a reader should know of it. */
  function drawWhere() {
    const state = now(), named = asked();
    fill(notes, s.local.note(w));
    const [by, progress] = s.local.line({ ...w, where_browser: s.here.has(race()) ? w.where_browser : w.where_server });
    fill(where, [
      say(w.caption, { model: data.model.name, revision: data.model.revision, seed: state.dec_seed, tokens: state.dec_most }), state.dec_named ? named.map((lane) => lane.label).join(", ") : w.caption_covered,
      ...(state.dec_heat === 1 ? [] : [say(w[`caption_heat_${state.dec_order}`], { heat: String(state.dec_heat) })]), ...(named.some((lane) => lane.strategy === "story") ? [w.caption_story] : []),
    ].join(" · "), data.files ? ` · ${by}` : null, progress);
  }

  function plot() {
    const width = Math.max(330, Math.min(760, root.clientWidth || 760)), height = 230, left = 44, right = width < 500 ? 110 : 150, top = 10, bottom = 34, svg = frame(width, height);
    const made = lanes(), longest = now().dec_most, low = -6, x = (n) => left + ((width - left - right) * n) / longest, y = (v) => top + ((height - top - bottom) * Math.max(v, low)) / low;
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

  Object.assign(s, { draw, about: drawWhere }); // what is under way goes on in the newest drawing
  const stop = offerPicture("lane_race", plot);
  draw();
  compute(s);
  if (s.view.ahead) s.keeper.rest();
  return () => { stop(); s.stepper?.destroy(); s.keeper?.stop(); s.keeper = null; };
});
