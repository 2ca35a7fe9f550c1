// One block of a Transformer: every token is a lane, two parts add to it. One token's vectors are followed from the block's input to its output.
import { h, fill, instances, said, words as say } from "../glassbox.lib/dom.js";
import { num, full, percent, visible, narrowed } from "../glassbox.lib/format.js";
import { unpack } from "../glassbox.lib/packed.js";
import { shadeTable } from "../glassbox.lib/shades.js";
import { signedTable, paint } from "../glassbox.lib/signed.js";
import { stepper } from "../glassbox.lib/stepper.js";
import { kept } from "../glassbox.lib/kept.js";
import { local } from "../glassbox.lib/local.js";
import { addressOf } from "../glassbox.lib/pages.js";
import { opening } from "../glassbox.lib/sources/opening.js";
import { view } from "../glassbox.lib/view.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const ASKED = ["block_text", "block_layer", "block_taken", "block_off"]; // what the numbers depend on
const ORDER = { // the vectors of a block from its input to its output
  pre: ["stream", "norm1", "attention", "add1", "norm2", "feed_forward", "add2"],
  post: ["stream", "attention", "add1", "norm1", "feed_forward", "add2", "norm2"],
};
const MOST_OFF = 16;
const MONO = "ui-monospace, monospace";
const SMALLEST = 17.5; // of a picture that is drawn at two thirds of its size
const WIDE = 520, TALL = 500, LANES = [26, 270], BOX = { x: 334, w: 176 }, LABELS = 470;

// Where each vector of the block stands (y of the place it has on its way up), and the boxes it goes through.
const PLACES = {
  pre: { stream: 432, norm1: 388, attention: 336, add1: 286, norm2: 232, feed_forward: 178, add2: 128 },
  post: { stream: 432, attention: 372, add1: 322, norm1: 280, feed_forward: 210, add2: 160, norm2: 118 },
};
const BRANCH = { pre: { attention: 418, feed_forward: 262 }, post: { attention: 418, feed_forward: 256 } }; // where a part leaves the lane

const create = instances(() => ({ rev: null, step: 0, token: 0, dim: 0, off: [], asked: 0, pending: null, found: null, of: null, transport: null, offers: [], watch: null, view: view("block") }));
const askedOf = (held) => JSON.stringify(ASKED.map((key) => held[key]));
const nameOf = (s) => JSON.stringify([s.frame.model, askedOf(s.view.state)]);

// -- who computes ------------------------------------------------------------------------------------------------------------------------

/** Let the engine open the block that the view asks for; only the newest question is drawn. */
async function compute(s) {
  const asked = s.asked += 1, of = nameOf(s), { block_text: text, block_layer: layer, block_taken: taken, block_off: off } = s.view.state;
  s.pending = of;
  s.root.classList.add("waiting");
  try {
    const found = await s.local.source.inside({ text, layer, taken, off }, s.frame.most);
    if (asked !== s.asked || !s.root.isConnected) return;
    Object.assign(s, { found, of, pending: null });
    build(s);
    s.keeper.rest();
  } catch (error) { if (asked === s.asked) s.local.fail(error); }
}

/** Tell Python where the reader is, and what it need not compute. */
function tell(s) {
  if (!s.root.isConnected || !s.found) return;
  const here = Boolean(s.local.source), missing = s.found.neurons[s.token].some((n) => !s.found.pushes[n]);
  s.trigger("view", { rev: s.view.rev, state: s.view.state, waits: !here && (s.of !== nameOf(s) || missing), browser: here ? s.frame.model : null, read: here ? s.read() : null });
}

/** The view was moved: by the picture, a field, or Back and Forward. */
function moved(s, from) {
  const of = nameOf(s);
  if (s.of === of) { if (s.pending !== of) { s.asked += 1; s.pending = null; } if (s.found && (from !== "picture" || s.root.classList.contains("waiting"))) settle(s); return; }
  s.local.open(s.frame.files);
  if (s.local.source) compute(s);
  else { s.asked += 1; s.root.classList.add("waiting"); if (s.found) settle(s); }
}

/** Take step, token, dimension and switched neurons from the view. */
function settle(s) {
  const held = s.view.state;
  Object.assign(s, { step: held.block_step, token: held.block_token, dim: held.block_dim, off: [...held.block_off] });
  s.root.classList.toggle("waiting", s.of !== nameOf(s) || s.pending === s.of);
  s.show();
}

/** What Python sent: the state that it moved, or the block of the state on screen. */
function take(s, data) {
  const { found, arrays, words, ...frame } = data, lang = words.picture;
  if (s.frame && s.frame.model !== frame.model) { s.local.drop(); s.found = null; }
  const fresh = s.words?.picture !== lang || !s.found;
  Object.assign(s, { frame, words });
  const adopted = s.view.adopt(frame.rev, frame.state), of = nameOf(s), mine = askedOf(frame.asked) === askedOf(s.view.state);
  const wanted = found && (mine || !s.found) && !(s.local.source && s.of === of);
  if (wanted) Object.assign(s, { found: { ...found, arrays }, of: mine ? of : null });
  if (s.found && (wanted || fresh || !s.show)) build(s);
  else if (s.found && adopted) settle(s);
  if (!found || !mine) s.local.open(frame.files);
  if (s.local.source && s.of !== of) compute(s);
  if (s.view.ahead) s.keeper.rest();
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-block_flow");
  s.trigger = setTriggerValue;
  if (s.root !== root) {
    s.root = root;
    s.show = null;
    s.notes = h("div", { role: "status" });
    s.picture = h("div", { class: "picture" });
    s.where = h("p", { class: "where gb-caption" });
    s.verdict = h("p", { class: "aid verdict", "aria-live": "polite" });
    fill(root, s.notes, s.picture, s.where, s.verdict);
  }
  s.local ??= local({
    make: opening,
    ready: () => { s.view.change({}, "engine"); compute(s); }, // also what the server computed: it sends the words of the chosen token's neurons alone
    failed: () => { s.view.change({}, "engine"); s.keeper.report(); },
    changed: () => drawWhere(s),
  });
  s.view.local = s.local;
  s.view.files = () => s.frame?.files;
  s.keeper ??= kept({
    view: s.view, params: () => s.frame.params, here: () => Boolean(s.local.source), tell: () => tell(s), moved: (_, from) => moved(s, from),
    mine: (event) => event.composedPath().some((node) => ["gb-block_flow", "gb-page_fields", "gb-layer_lanes"].some((name) => node.classList?.contains(name))),
  });
  take(s, unpack(data));
  return () => { s.transport?.destroy(); s.transport = null; s.show = null; s.watch?.disconnect(); s.offers.forEach((stop) => stop()); s.offers = []; s.keeper?.stop(); s.keeper = null; };
});

// -- in words ----------------------------------------------------------------------------------------------------------------------------

/** What was taken out, in words. */
function without(s) {
  const { page } = s.words, { taken, off } = s.found;
  return [taken === "none" ? null : page[`taken_${taken}`], off.length ? say(page.caption_neurons, { numbers: off.join(", ") }) : null].filter(Boolean).join(", ");
}

/** Model, layer and text of the picture; above it what is unusual about the text. */
function drawWhere(s) {
  if (!s.found) return;
  const { words: w, frame: { model, revision, layers, most, files }, found } = s, { page } = w, [where, progress] = s.local.line(w), [, , width] = found.arrays.states.shape, [, neurons] = found.arrays.before.shape;
  const line = say(page.caption, { model, revision: revision.slice(0, 14), layer: found.layer, last: layers - 1, width, neurons, wiring: page[`wiring_${found.wiring}`], text: found.text });
  fill(s.where, line, found.changed ? ` · ${say(page.caption_taken, { what: without(s) })}` : null, files ? ` · ${where}` : null, progress);
  fill(s.notes, found.cut ? h("p", { class: "note" }, say(page.cut, { limit: most })) : null, s.local.note(w));
}

/** What taking something out did to the prediction at the chosen token; else how far the parts are from adding up. */
function drawVerdict(s) {
  const { found, words: { page } } = s;
  if (!found.changed) { s.verdict.textContent = say(page.add_up, { difference: num(found.difference[0], 1), largest: num(found.difference[1]) }); return; }
  if (!found.finite) { s.verdict.textContent = page.overflow; return; }
  const rows = found.guesses[s.token], before = rows.reduce((a, b) => (b[1] > a[1] ? b : a)), after = rows.reduce((a, b) => (b[2] > a[2] ? b : a)), mono = (text) => h("span", { class: "gb-mono" }, visible(text) || "∅");
  fill(s.verdict, ...said(page.effect, { what: without(s), word: mono(before[0]), before: percent(before[1]), after: percent(before[2]), first: mono(after[0]), p: percent(after[2]) }));
}

// -- the picture -------------------------------------------------------------------------------------------------------------------------

function build(state) {
  const root = state.root, { words, frame: { steps, layers, reads_on: readsOn } } = state, { found } = state, order = ORDER[found.wiring], { wiring } = found;
  const model = { ...found, layers, reads_on: readsOn, steps: { ...steps, steps_text: found.text, steps_layer: String(found.layer) } };
  const N = model.tokens.length, [, , D] = model.arrays.states.shape, H = model.arrays.before.shape[1], heads = model.arrays.attention.shape[0];
  const tell = () => state.view.change({ block_step: state.step, block_token: state.token, block_dim: state.dim, block_off: state.off }, "picture");
  const shown = (text) => visible(text) || "∅";
  state.read = () => (found.changed ? null : [found.text, wiring, found.layer, state.token, [length(vector(order[0])), length(vector(order.at(-1)))]]);

  // --- the numbers ---------------------------------------------------------------------------------------------
  const states = model.arrays.states.data;
  const vector = (name, token = state.token) => { const at = (order.indexOf(name) * N + token) * D; return states.subarray(at, at + D); };
  const length = (v) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  const angle = (a, b) => (Math.acos(Math.min(1, Math.max(-1, a.reduce((sum, x, i) => sum + x * b[i], 0) / (length(a) * length(b))))) * 180) / Math.PI;
  /** The page that computes one head step by step, on the same text. */
  const stepsOf = (head) => addressOf("transformer-self_attention", { ...model.steps, steps_head: String(head) });
  const weight = (head, k) => model.arrays.attention.data[(head * N + state.token) * N + k];
  const meanWeight = (k) => { let sum = 0; for (let head = 0; head < heads; head += 1) sum += weight(head, k); return sum / heads; };
  const now = () => order[state.step];
  const into = (name) => (wiring === "pre" ? { norm1: "stream", attention: "norm1", norm2: "add1", feed_forward: "norm2" } : { attention: "stream", norm1: "add1", feed_forward: "norm1", norm2: "add2" })[name];
  const summed = (name) => (name === "add1" ? ["stream", "attention"] : wiring === "pre" ? ["add1", "feed_forward"] : ["norm1", "feed_forward"]);
  const bare = (part) => model.taken === part;

  /** One dimension of this step, written out. */
  function arithmetic() {
    const name = now(), i = state.dim, value = vector(name)[i], at = say(words.dimension, { n: i });
    const n = (x) => (x < 0 ? `(${num(x)})` : num(x));
    if (name === "stream") return `${at}: ${num(value)}`;
    if (name === "attention") return `${at}: ${say(words.sum_heads, { heads, value: num(value) })}`;
    if (name === "feed_forward") return `${at}: ${say(words.sum_neurons, { neurons: H, value: num(value) })}`;
    if (name === "add1" || name === "add2") {
      const [a, b] = summed(name).map((part) => vector(part)[i]);
      return model.taken === "residual" ? `${at}: ${num(value)} ${words.no_bypass}` : `${at}: ${num(a)} + ${n(b)} = ${num(value)}`;
    }
    if (bare("norm")) return `${at}: ${num(value)} ${words.no_norm}`;
    const x = vector(into(name)), which = name === "norm1" ? 0 : 1, all = model.arrays.norms.data;
    const gain = all[(which * 2) * D + i], shift = all[(which * 2 + 1) * D + i];
    const mean = model.centred ? x.reduce((sum, v) => sum + v, 0) / D : 0;
    const spread = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / D + model.epsilon[which]);
    return model.centred ? `${at}: (${num(x[i])} − ${n(mean)}) / ${num(spread)} × ${n(gain)} + ${n(shift)} = ${num(value)}` : `${at}: ${num(x[i])} / ${num(spread)} × ${n(gain)} = ${num(value)}`;
  }
  function aidOf() {
    const name = now(), v = vector(name), slots = { token: shown(model.tokens[state.token]), length: num(length(v)), layer: model.layer };
    if (name === "attention" || name === "feed_forward") {
      if (length(v) === 0) return words[`aid_${name}_gone`];
      const stream = name === "attention" ? vector("stream") : vector(summed("add2")[0]);
      slots.angle = Math.round(angle(v, stream));
      slots.stream = num(length(stream));
      if (name === "attention") {
        let best = 0;
        for (let k = 1; k < N; k += 1) if (meanWeight(k) > meanWeight(best)) best = k;
        Object.assign(slots, { read: shown(model.tokens[best]), w: num(meanWeight(best), 2) });
      } else slots.neuron = String(model.neurons[state.token].find((n) => !state.off.includes(n)) ?? "–");
      return say(words[`aid_${name}`], slots);
    }
    if (name === "stream") return say(words[model.layer === 0 ? "aid_stream_first" : "aid_stream"], slots);
    if (name.startsWith("add")) {
      if (model.taken === "residual") return words.aid_add_gone;
      return say(words.aid_add, { ...slots, before: num(length(vector(summed(name)[0]))) });
    }
    if (bare("norm")) return words.aid_norm_gone;
    return say(words[`aid_norm_${wiring}`], { ...slots, before: num(length(vector(into(name)))) });
  }

  // --- the lanes and the block ---------------------------------------------------------------------------------
  const lane = (k) => (N === 1 ? (LANES[0] + LANES[1]) / 2 : LANES[0] + ((LANES[1] - LANES[0]) * k) / (N - 1));
  let small = false; // on a phone the picture is shrunk: its letters are drawn larger, and what would then touch is left out
  const label = (x, y, content, { "font-size": size = 13, ...extra } = {}) => h("text", { x, y, "text-anchor": "middle", "font-size": small ? Math.max(size, SMALLEST) : size, fill: "var(--gb-text)", ...extra }, content);
  const place = PLACES[wiring], branch = BRANCH[wiring];
  const reached = (name) => order.indexOf(name) <= state.step;
  const goTo = (name) => ({ role: "button", tabindex: "0", "aria-label": words[`vector_${name}`], class: "box", onclick: () => go(order.indexOf(name)), onkeydown: (event) => { if (event.key === "Enter") go(order.indexOf(name)); } });
  function box(name, part, inside = []) {
    const y = place[name], tall = part ? (small ? 46 : 38) : 22, on = now() === name, gone = bare(name === "norm1" || name === "norm2" ? "norm" : name);
    return h("g", { ...goTo(name), "data-vector": name },
      h("rect", { x: BOX.x, y: y - tall / 2, width: BOX.w, height: tall, rx: part ? 8 : 5, fill: on ? "var(--gb-token)" : "var(--gb-surface)", stroke: gone ? "var(--gb-cut)" : "var(--gb-line)", "stroke-width": 1.5, "stroke-dasharray": gone ? "5 4" : null }),
      label(BOX.x + BOX.w / 2, y + 5 - (inside.length ? (small ? 8 : 6) : 0), words[`box_${name}`], { "font-size": part ? 14 : 12, "font-weight": part ? 600 : 400, fill: on ? "var(--gb-background)" : gone ? "var(--gb-quiet)" : "var(--gb-text)" }), ...inside.map((text) => label(BOX.x + BOX.w / 2, y + (small ? 17 : 13), text, { "font-size": 10.5, "font-family": MONO, fill: on ? "var(--gb-background)" : "var(--gb-quiet)" })));
  }
  /** A normalisation that stands on the stream itself: every lane goes through it. */
  function across(name) {
    const y = place[name], on = now() === name, gone = bare("norm");
    return h("g", { ...goTo(name), "data-vector": name },
      h("rect", { x: LANES[0] - 18, y: y - 11, width: LANES[1] - LANES[0] + 36, height: 22, rx: 5, fill: on ? "var(--gb-token)" : "var(--gb-surface)", stroke: gone ? "var(--gb-cut)" : "var(--gb-line)", "stroke-width": 1.5, "stroke-dasharray": gone ? "5 4" : null }),
      label((LANES[0] + LANES[1]) / 2, y + 4.5, words[`box_${name}`], { "font-size": 12, fill: on ? "var(--gb-background)" : "var(--gb-text)" }));
  }
  function plus(name) {
    const on = now() === name, x = lane(state.token), y = place[name], gone = model.taken === "residual";
    return h("g", { ...goTo(name), "data-vector": name }, h("circle", { cx: x, cy: y, r: 12, fill: on ? "var(--gb-token)" : "var(--gb-background)", stroke: gone ? "var(--gb-cut)" : "var(--gb-token)", "stroke-width": 2, "stroke-dasharray": gone ? "4 3" : null }), label(x, y + 6, "+", { "font-size": 19, "font-weight": 700, fill: on ? "var(--gb-background)" : "var(--gb-token)" }));
  }
  function drawLanes(svg) {
    small = svg === picture && root.clientWidth > 0 && root.clientWidth < 480;
    const x = lane(state.token), own = "var(--gb-token)", faint = (name) => (reached(name) ? 1 : 0.28);
    const line = (d, extra = {}) => h("path", { d, fill: "none", stroke: own, "stroke-width": 2.4, ...extra });
    const shape = (y, content, anchor = "start", at = BOX.x) => label(at, y, content, { "text-anchor": anchor, "font-size": 10.5, "font-family": MONO, fill: "var(--gb-quiet)" });
    const bottom = LABELS - 18, top = 74, parts = [];
    for (let k = 0; k < N; k += 1) if (k !== state.token) parts.push(h("path", { d: `M${lane(k)} ${bottom}V${top}`, stroke: "var(--gb-line)", "stroke-width": 2 }));
    // What attention brings: from the other lanes into the box, as wide as the mean weight of the heads.
    const yA = place.attention;
    if (reached("attention")) for (let k = 0; k < N; k += 1) { const w = meanWeight(k); if (w >= 0.01) parts.push(h("path", { d: `M${lane(k)} ${yA + 30}C${lane(k)} ${yA} ${BOX.x - 60} ${yA} ${BOX.x} ${yA}`, fill: "none", stroke: "var(--gb-key)", "stroke-width": (1 + 9 * w).toFixed(2), "stroke-dasharray": "6 3", opacity: (0.25 + 0.75 * Math.sqrt(w)).toFixed(2) })); }
    const cut = model.taken === "residual", add1 = place.add1, add2 = place.add2;
    // The lane itself; without the bypass it ends where a part begins.
    const pieces = cut ? [[bottom, branch.attention], [add1, branch.feed_forward], [add2, top]] : [[bottom, top]];
    for (const [from, to] of pieces) parts.push(line(`M${x} ${from}V${to}`, { "stroke-width": 5, opacity: 0.28 }));
    const height = place[now()];
    for (const [from, to] of pieces) if (from > height) parts.push(line(`M${x} ${from}V${Math.max(to, height)}`, { "stroke-width": 5 }));
    parts.push(h("path", { d: `M${x - 7} ${top + 8}L${x} ${top - 2}L${x + 7} ${top + 8}`, fill: "none", stroke: own, "stroke-width": 3 }));
    for (const [name, y0, y1] of [["attention", branch.attention, add1], ["feed_forward", branch.feed_forward, add2]]) {
      const middle = BOX.x + BOX.w / 2, low = wiring === "pre" ? place[name === "attention" ? "norm1" : "norm2"] + 11 : place[name] + 19;
      parts.push(line(`M${x} ${y0}H${middle - 30}Q${middle} ${y0} ${middle} ${Math.max(low, y0 - 12)}V${low}`, { opacity: faint(wiring === "pre" ? (name === "attention" ? "norm1" : "norm2") : name) }));
      if (wiring === "pre") parts.push(line(`M${middle} ${low - 22}V${place[name] + 19}`, { opacity: faint(name) }));
      parts.push(line(`M${middle} ${place[name] - 19}V${y1}H${x + 13}`, { opacity: faint(name), "stroke-dasharray": bare(name) ? "5 4" : null }));
    }
    const norms = wiring === "pre" ? [box("norm1"), box("norm2")] : [across("norm1"), across("norm2")];
    const out = BOX.x + BOX.w / 2 + 8;
    parts.push(...norms, box("attention", true, [`(1, ${heads}, ${N}, ${N})`]), box("feed_forward", true, [`${D} → ${H} → ${D}`]), plus("add1"), plus("add2"),
      ...(small ? [] : [shape(branch.attention - 6, `(1, ${N}, ${D})`, "end", WIDE - 8), shape(place.add1 - 5, `(1, ${N}, ${D})`, "start", out), shape(branch.feed_forward - 6, `(1, ${N}, ${D})`, "end", WIDE - 8), shape(place.add2 - 5, `(1, ${N}, ${D})`, "start", out)]), // all as at the top of the stream
      label(WIDE - 8, 36, say(words.block_of, { n: model.layer, last: model.layers - 1 }), { "text-anchor": "end", "font-size": 16, "font-weight": 700 }), label(WIDE - 8, 56, words[`wiring_${wiring}`], { "text-anchor": "end", "font-size": 12, fill: "var(--gb-quiet)" }),
      label(LANES[0] - 18, 36, words.stream_name, { "text-anchor": "start", "font-size": 13, fill: "var(--gb-token)" }), shape(56, `(1, ${N}, ${D})`, "start", LANES[0] - 18));
    const tight = N > 7, room = small && N > 1 ? Math.ceil(SMALLEST / (0.62 * (lane(1) - lane(0)))) : 1; // names lean by 38°
    const named = (k) => k === state.token || (k % room === 0 && Math.abs(k - state.token) >= room);
    for (let k = 0; k < N; k += 1) {
      const on = k === state.token, at = lane(k), content = narrowed(shown(model.tokens[k]), small ? 5 : tight ? 7 : 8);
      parts.push(h("g", { class: "lane", role: "button", tabindex: "0", "aria-pressed": String(on), "aria-label": say(words.choose_token, { token: shown(model.tokens[k]) }), onclick: () => choose(k), onkeydown: (event) => { if (event.key === "Enter") choose(k); } },
        h("rect", { x: at - Math.min(17, 130 / N), y: bottom - 8, width: Math.min(34, 260 / N), height: TALL - bottom + 8, fill: "transparent" }),
        h("circle", { cx: at, cy: bottom, r: on ? 7 : 4.5, fill: on ? own : "var(--gb-background)", stroke: on ? own : "var(--gb-quiet)", "stroke-width": 1.5 }),
        named(k) ? label(at, LABELS, content, { "font-family": MONO, "font-size": on ? 13 : 11.5, "font-weight": on ? 700 : 400, fill: on ? own : "var(--gb-quiet)", "text-anchor": "end", transform: `rotate(-38 ${at} ${LABELS - 4})` }) : null));
    }
    fill(svg, ...parts);
    small = false;
    return svg;
  }

  // --- the vectors as strips -----------------------------------------------------------------------------------
  const strips = h("div", { class: "strips" }), count = h("p", { class: "count" }), aid = h("p", { class: "aid", "aria-live": "polite" });
  function drawStrips() {
    const table = signedTable(root);
    fill(strips, h("span", {}), h("span", { class: "quiet" }, say(words.strip_head, { width: D })), h("span", { class: "quiet right" }, words.length), ...order.flatMap((name, i) => {
      const known = i <= state.step, v = vector(name), on = i === state.step;
      const canvas = h("canvas", { width: D, height: 1 });
      const sorted = Float32Array.from(v, Math.abs).sort(), range = sorted[Math.floor(0.98 * (D - 1))] || sorted[D - 1] || 1;
      if (known) paint(canvas, D, 1, (x) => v[x], range, table);
      const bar = h("button", { type: "button", class: `strip${known ? "" : " later"}${on ? " on" : ""}`, title: known ? say(words.strip_title, { range: num(range) }) : "", "aria-label": words[`vector_${name}`], onclick: (event) => { const at = bar.getBoundingClientRect(); if (event.detail && known) state.dim = Math.min(D - 1, Math.max(0, Math.floor(((event.clientX - at.left) / at.width) * D))); else if (!known) state.step = i; state.transport.set({ step: state.step, last: order.length - 1 }); draw(); tell(); } },
        canvas, known ? h("i", { style: { left: `${((state.dim + 0.5) / D) * 100}%` } }) : null);
      return [h("button", { type: "button", class: `name${on ? " on" : ""}${known ? "" : " later"}`, onclick: () => go(i) }, words[`vector_${name}`]), bar, h("span", { class: `right${on ? " on" : ""}` }, known ? num(length(v)) : "")];
    }));
    count.textContent = arithmetic();
  }

  // --- heads, neurons, what the model says ---------------------------------------------------------------------
  const headBox = h("section", { class: "heads" }), neuronBox = h("section", { class: "neurons" }), guessBox = h("section", { class: "guesses" });
  function drawHeads() {
    const table = shadeTable(root);
    fill(headBox, h("p", { class: `title${now() === "attention" ? " on" : ""}` }, words.heads, h("span", { class: "quiet" }, ` (${N}, ${N})`)), h("div", { class: "thumbs" }, ...Array.from({ length: heads }, (_, head) => {
      const canvas = h("canvas", { width: N, height: N }), image = new ImageData(N, N), pixels = new Uint32Array(image.data.buffer), from = head * N * N;
      for (let i = 0; i < N * N; i += 1) pixels[i] = table[Math.round(Math.sqrt(Math.min(1, Math.max(0, model.arrays.attention.data[from + i]))) * 255)];
      canvas.getContext("2d").putImageData(image, 0, 0);
      let best = 0;
      for (let k = 1; k < N; k += 1) if (weight(head, k) > weight(head, best)) best = k;
      return h("figure", { title: say(words.head_title, { head, token: shown(model.tokens[best]), w: num(weight(head, best), 2) }) }, h("span", { class: "thumb" }, canvas, h("i", { style: { top: `${(state.token / N) * 100}%`, height: `${100 / N}%` } })), h("figcaption", {}, h(stepsOf(head) ? "a" : "span", { href: stepsOf(head), target: "_top", title: stepsOf(head) && words.head_steps }, `${head} → ${narrowed(shown(model.tokens[best]), 8)}`)));
    })));
  }
  const CURVES = {
    gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)), gelu_new: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    relu: (x) => Math.max(0, x), silu: (x) => x / (1 + Math.exp(-x)),
  };
  function drawNeurons() {
    const chosen = model.neurons[state.token], at = (name, n) => model.arrays[name].data[state.token * H + n];
    const curve = CURVES[model.activation], W = 230, T = 150, pad = 22;
    const xs = chosen.map((n) => at("before", n)), low = Math.min(-4, ...xs), high = Math.max(4, ...xs);
    const ys = chosen.map((n) => at("active", n)), bottom = Math.min(-1, ...ys), top = Math.max(4, ...ys);
    const X = (x) => pad + ((x - low) / (high - low)) * (W - pad - 6), Y = (y) => T - pad - ((y - bottom) / (top - bottom)) * (T - pad - 8);
    const points = Array.from({ length: 121 }, (_, i) => low + ((high - low) * i) / 120);
    const plot = h("svg", { viewBox: `0 0 ${W} ${T}`, class: "curve", role: "img", "aria-label": say(words.curve, { name: model.activation }) },
      h("path", { d: `M${pad} ${Y(0)}H${W - 6}M${X(0)} 8V${T - pad}`, stroke: "var(--gb-line)", fill: "none" }),
      curve ? h("path", { d: points.map((x, i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(curve(x)).toFixed(1)}`).join(""), fill: "none", stroke: "var(--gb-quiet)", "stroke-width": 1.5 }) : null,
      model.activation !== "relu" ? h("path", { d: points.map((x, i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(Math.max(0, x)).toFixed(1)}`).join(""), fill: "none", stroke: "var(--gb-line)", "stroke-dasharray": "3 3" }) : null,
      ...chosen.map((n) => h("circle", { cx: X(at("before", n)), cy: Y(at("active", n)), r: 4.5, fill: state.off.includes(n) ? "var(--gb-background)" : "var(--gb-token)", stroke: "var(--gb-token)" }, h("title", {}, `${n}: ${full(at("before", n))} → ${full(at("active", n))}`))),
      label(W - 6, T - 4, say(words.before_axis, { name: model.activation }), { "text-anchor": "end", "font-size": 11, fill: "var(--gb-quiet)" }), label(X(0) + 4, 14, num(top), { "text-anchor": "start", "font-size": 10.5, fill: "var(--gb-quiet)" }), label(W - 6, Y(0) - 4, num(high), { "text-anchor": "end", "font-size": 10.5, fill: "var(--gb-quiet)" }));
    fill(neuronBox, h("p", { class: `title${now() === "feed_forward" ? " on" : ""}` }, say(words.neurons, { token: shown(model.tokens[state.token]) }), h("span", { class: "quiet" }, ` ${say(words.of_neurons, { n: chosen.length, all: H })}${model.changed ? ` · ${words.whole}` : ""}`)),
      h("div", { class: "neuron-parts" }, plot, h("div", { class: "table" }, h("span", { class: "quiet" }, words.neuron), h("span", { class: "quiet right" }, model.gated ? words.gated : words.fires), h("span", { class: "quiet" }, words.push_for), h("span", {}),
        ...chosen.flatMap((n) => { const off = state.off.includes(n), [up, down] = model.pushes[n] ?? [[], []], negative = at("active", n) < 0, list = (negative ? down : up).map(shown); return [h("span", { class: off ? "off" : "" }, String(n)), h("span", { class: `right${off ? " off" : ""}` }, num(at("active", n))), h("span", { class: `pushed${off ? " off" : ""}`, title: `${words.push_for}: ${up.map(shown).join(" ")}\n${words.push_against}: ${down.map(shown).join(" ")}` }, model.pushes[n] ? list.join(" ") : "…"),
          h("button", { type: "button", class: `chip${off ? " on" : ""}`, "aria-pressed": String(off), "aria-label": say(off ? words.turn_on : words.turn_off, { n }), onclick: () => { if (!off && state.off.length >= MOST_OFF) return; state.off = off ? state.off.filter((one) => one !== n) : [...state.off, n].sort((a, b) => a - b); draw(); tell(); } }, off ? words.on : words.off)]; }))));
  }
  function erf(x) { const t = 1 / (1 + 0.3275911 * Math.abs(x)), y = 1 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x); return x < 0 ? -y : y; } // Abramowitz and Stegun 7.1.26, error below 1.5e-7
  function drawGuesses() {
    const rows = model.guesses[state.token], token = shown(model.tokens[state.token]);
    const title = say(words[model.reads_on ? "says_next" : "says_here"], { token });
    if (!rows) { fill(guessBox, h("p", { class: "title" }, title), h("p", { class: "quiet" }, words.no_numbers)); return; }
    fill(guessBox, h("p", { class: "title" }, title), h("div", { class: `bars${model.changed ? " two" : ""}` }, ...(model.changed ? [h("span", {}), h("span", { class: "quiet wide" }, words.whole), h("span", { class: "quiet wide" }, words.changed)] : []),
      ...[...rows].sort((a, b) => b[1] - a[1]).flatMap(([text, p, q]) => [h("span", { class: "word" }, shown(text)), ...(model.changed ? [p, q] : [p]).flatMap((value, i) => [h("span", { class: "bar" }, h("i", { class: i ? "changed" : "", style: { width: `${value * 100}%` } })), h("span", { class: "right", title: full(value) }, percent(value))])])));
  }

  // --- parts that stay -----------------------------------------------------------------------------------------
  const picture = h("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, class: "lanes", role: "group", "aria-label": words.picture });
  const legend = h("p", { class: "legend" }, words.legend);
  function draw() {
    drawLanes(picture); drawStrips(); drawHeads(); drawNeurons(); drawGuesses();
    const title = words[`vector_${now()}`];
    aid.textContent = `${title[0].toUpperCase()}${title.slice(1)}. ${aidOf()}`;
    drawVerdict(state);
    Object.assign(root.dataset, { step: String(state.step), vector: now(), token: String(state.token), dim: String(state.dim), off: state.off.join(".") });
  }
  function choose(token) { state.token = token; draw(); tell(); }
  function go(step) { state.step = step; state.transport.set({ step, last: order.length - 1 }); draw(); tell(); }
  state.transport?.destroy();
  state.transport = stepper({ words, onMove: (step) => { state.step = step; draw(); tell(); }, label: (step, last) => say(words.step_named, { n: step + 1, last: last + 1 }) });
  fill(state.picture, state.transport.node, aid, h("div", { class: "parts" }, h("div", { class: "left" }, picture, guessBox), h("div", { class: "main" }, strips, count, headBox, neuronBox, legend)));
  state.show = () => {
    state.step = Math.min(state.step, order.length - 1);
    state.token = Math.min(state.token, N - 1);
    state.dim = Math.min(state.dim, D - 1);
    state.off = state.off.filter((n) => n < H);
    state.transport.set({ step: state.step, last: order.length - 1 });
    draw();
    drawWhere(state);
  };
  settle(state);

  // What is painted follows the theme.
  state.watch?.disconnect();
  state.watch = new MutationObserver(() => draw());
  const app = document.querySelector(".stApp");
  if (app) state.watch.observe(app, { attributes: true, attributeFilter: ["style", "class"] });
  state.offers.forEach((stop) => stop());
  state.offers = [offerPicture("block", () => { const svg = drawLanes(frame(WIDE, TALL)); svg.querySelectorAll("text").forEach((node) => { if (!node.getAttribute("font-family")) node.setAttribute("font-family", "sans-serif"); }); return svg; })];
}
