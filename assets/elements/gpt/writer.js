// A text being written, the candidates for its next token, and the choice between them.
// Stepping, playing and scrubbing happen here. The steps come from one of two sources: the server, which sends them ahead of time, and the
// engine in this browser, once it is there (bundled models only). Both give the same shape, so that nothing below asks which it was.
import { h, fill, instances, reducedMotion, words as say } from "../glassbox.lib/dom.js";
import { num, percent, visible, grouped, full, cells, narrowed } from "../glassbox.lib/format.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { local } from "../glassbox.lib/local.js";
import { living } from "../glassbox.lib/living.js";
import { view, keepAddress, fromAddress } from "../glassbox.lib/view.js";
import { connected, onConnection } from "../glassbox.lib/connection.js";
import { writer } from "../glassbox.lib/sources/writing.js";
import { characters } from "./characters.js";

const BITS_FULL = 12; // surprisal at which the colour is at full strength

const BLOCK = 8, AHEAD = 16; // steps are computed in blocks, and some beyond the one on screen
const TOLD = 66; // tokens that the notebook under the page can name
const REST = 1000; // the browser computes; Python hears of it when the reader's hand has rested so long
const NEAR = 1e-4; // a choice that hangs on less may turn out otherwise on another machine

const create = instances(() => ({ seen: new Map(), fit: false, ids: false, view: view("gpt"), engine: null }));
const branches = []; // what was written on this visit: {prompt, model, state, ids, texts, logprob}

/** The sentence of a template with some slots as nodes. */
function sentence(template, slots) {
  return template.split(/(\$\w+)/).map((part) => (part.startsWith("$") && part.slice(1) in slots ? slots[part.slice(1)] : part));
}
const bold = (text) => h("b", { class: "mono" }, text);
const quoted = (text) => `“${visible(text)}”`;

/** Probabilities of candidate i at the three stages; see decoding.StepTrace. */
function stages(step, i) {
  const x = step.logits[i];
  if (x === null) return [0, 0, 0];
  const tempered = Math.min(1, Math.exp(Math.fround(Math.fround(x) / Math.fround(step.temperature)) - step.tempered_log_z));
  const final = step.kept_count === 1 ? 1 : Math.min(1, tempered / step.kept_mass); // alone in the draw: exactly 1
  return [Math.exp(x - step.log_z), tempered, step.cut[i] ? 0 : final];
}

function drawText(s) {
  const { data, say: w } = s;
  const n = s.steps.step;
  const entries = [...data.prompt, ...data.line.slice(0, n)];
  const groups = characters(entries);
  const node = h("div", { class: "text", role: "group", "aria-label": w.text_title });
  for (const group of groups) {
    const parts = entries.slice(group.from, group.to);
    const written = group.to > data.prompt.length;
    const bits = parts.every((p) => p[2] === null) ? null : parts.reduce((sum, p) => sum + (p[2] ?? 0), 0);
    const ids = parts.map((p) => p[1]).join(" ");
    const hand = parts.some((p) => p[4] === "hand");
    const title = bits === null ? `id ${ids}` : say(w.surprisal_of, { token: visible(group.text), id: ids, bits: num(bits), p: percent(2 ** -bits) });
    const strength = bits === null ? 0 : Math.min(1, bits / BITS_FULL);
    const lines = group.text.split("\n");
    lines.forEach((line, i) => {
      const last = i === lines.length - 1;
      const shown = line + (last ? "" : "↵");
      if (shown || lines.length === 1) {
        const lead = shown.match(/^ */)[0].length;
        node.append(h("span", { class: `tok${written ? " written" : ""}${hand ? " hand" : ""}${group.to - group.from > 1 ? " joined" : ""}`, tabindex: "0", title, "aria-label": title, style: { "--bits": strength.toFixed(3) } },
          lead ? h("span", { class: "space" }, "·".repeat(lead)) : null, shown.slice(lead), s.ids ? h("small", {}, ids) : null));
      }
      if (!last) node.append(h("br"));
    });
  }
  const ended = n === data.line.length && data.stop;
  node.append(ended ? h("span", { class: "end" }, "■") : h("span", { class: "caret", "aria-hidden": "true" }));
  fill(s.text, node);
  const box = s.text;
  box.scrollTop = box.scrollHeight;
}

function detail(s, at) { return s.seen.get(`${s.data.run}|${at}`); }

/** The rows of a step: its likeliest tokens, the taken one even if it is not among them, and the mass of all others. */
function candidates(step) {
  const rows = step.ids.map((id, i) => ({ id, rank: i + 1, text: step.texts[i], p: stages(step, i), cut: step.cut[i], chosen: id === step.chosen.id }));
  if (rows.some((r) => r.chosen)) return { rows, rest: step.rest };
  rows.push({ id: step.chosen.id, rank: step.chosen.rank, text: step.chosen.text, p: step.chosen.probs, cut: step.chosen.cut, chosen: true, beyond: true });
  return { rows, rest: step.rest.map((r, i) => Math.max(0, r - step.chosen.probs[i])) };
}

function drawCandidates(s) {
  const { data, say: w } = s;
  const at = s.steps.step;
  const step = detail(s, at);
  if (!step) {
    if (at === data.line.length && data.stop) fill(s.table, h("p", { class: "none" }, endWords(s)));
    else s.table.classList.add("stale");
    return;
  }
  s.table.classList.remove("stale");
  const { rows, rest } = candidates(step);
  const scale = s.fit ? Math.max(...rows.flatMap((r) => r.p)) : 1; // what is left over may be longer; its bar then ends in a break
  const greedy = step.cut.some((c) => c === "greedy") || step.chosen.how === "greedy";
  const bar = (p, kind, cut) => h("td", { class: `bar ${kind}${cut ? " cut" : ""}${p > scale ? " over" : ""}`, title: full(p) },
    h("span", { class: "fill", style: { width: `${Math.min(100, (p / scale) * 100)}%` } }), h("span", { class: "value" }, cut ? (cut === "top_k" ? "top-k" : cut === "top_p" ? "top-p" : "–") : percent(p)));
  const head = (title, help, kind, formula) => h("th", { scope: "col", title: help, class: kind }, title, formula ? h("small", {}, formula) : null);
  const { kept_count: keptCount } = step;
  const body = rows.map((r) => h("tr", { class: `${r.chosen ? "chosen" : ""}${r.cut ? " gone" : ""}${r.beyond ? " beyond" : ""}`, "data-id": r.id },
    h("td", { class: "rank" }, r.rank),
    h("td", { class: "name" }, h("button", { type: "button", title: say(w.take, { token: quoted(r.text) }), "aria-label": say(w.take, { token: quoted(r.text) }), onclick: () => pick(s, at, r.id) },
      visible(r.text) || "∅"), r.chosen ? h("span", { class: "mark" }, step.chosen.how === "hand" ? ` ✓ ${w.picked_mark}` : " ✓") : null),
    h("td", { class: "id" }, r.id),
    bar(r.p[0], "model"), bar(r.p[1], "temperature"), bar(r.p[2], "final", r.cut)));
  body.push(h("tr", { class: "rest" }, h("td", {}), h("td", { class: "name" }, w.everything_else), h("td", { class: "id" }, `+${grouped(step.vocab_size - rows.length)}`),
    bar(rest[0], "model"), bar(rest[1], "temperature"), bar(rest[2], "final", rest[2] === 0 && step.rest_kept_count === 0 && !greedy ? (step.cut.includes("top_k") ? "top_k" : "top_p") : greedy ? "greedy" : null)));
  fill(s.table,
    h("div", { class: "tablehead" },
      h("span", {}, s.fit ? say(w.fit_factor, { factor: num(1 / scale) }) : ""),
      h("label", {}, h("input", { type: "checkbox", checked: s.fit, onchange: (e) => { s.fit = e.target.checked; drawCandidates(s); } }), w.fit)),
    h("table", {}, h("caption", { class: "hidden" }, w.text_table),
      h("thead", {}, h("tr", {}, head("#", w.rank, "rank"), head(w.token, "", "name"), head(w.id, "", "id"), head(w.stage_model, w.stage_model_help, "model", w.stage_model_formula), head(w.stage_temperature, w.stage_temperature_help, "temperature", say(w.stage_temperature_formula, { t: String(step.temperature) })), head(w.stage_final, w.stage_final_help, "final", greedy ? "argmax" : say(w.stage_final_formula, { kept: grouped(keptCount) })))),
      h("tbody", {}, ...body)));
}

function endWords(s) {
  const { data, say: w } = s;
  return say(w.aid_end, { reason: say(w[`end_${data.stop}`] ?? data.stop, { limit: data.limit }) });
}

/** The random number and the slice it falls into. */
function drawDraw(s) {
  const { say: w } = s;
  const step = detail(s, s.steps.step);
  if (!step) { s.draw.classList.add("stale"); return; }
  s.draw.classList.remove("stale");
  const { chosen } = step;
  const title = h("span", { class: "drawtitle" }, w.draw);
  if (chosen.how !== "sample") { fill(s.draw, title, h("span", { class: "flat" }, { hand: w.draw_picked, tie: w.draw_tied }[chosen.how] ?? w.draw_greedy)); return; }
  let at = 0;
  const slices = step.ids.map((id, i) => ({ id, text: step.texts[i], p: stages(step, i)[2] })).filter((slice) => slice.p > 0);
  const svg = h("svg", { viewBox: "0 0 1000 46", preserveAspectRatio: "none", class: "line", role: "img", "aria-label": `${say(w.draw_landed, { u: num(chosen.u) })} ${visible(chosen.text)}` });
  slices.forEach((slice, i) => {
    svg.append(h("rect", { x: at * 1000, y: 12, width: Math.max(0, slice.p * 1000 - 1), height: 24, fill: slice.id === chosen.id ? "var(--gb-token)" : i % 2 ? "var(--gb-seq-1)" : "var(--gb-seq-2)" }, h("title", {}, `${visible(slice.text)} ${percent(slice.p)}`)));
    at += slice.p;
  });
  if (at < 0.9995) svg.append(h("rect", { x: at * 1000, y: 12, width: (1 - at) * 1000, height: 24, fill: "var(--gb-line)" }));
  if (!step.ids.includes(chosen.id)) svg.append(h("rect", { x: chosen.low * 1000, y: 12, width: Math.max(2, (chosen.high - chosen.low) * 1000), height: 24, fill: "var(--gb-token)" }));
  const u = chosen.u * 1000;
  svg.append(h("path", { d: `M${u - 7} 0 L${u + 7} 0 L${u} 12 Z`, fill: "var(--gb-key)" }), h("line", { x1: u, x2: u, y1: 10, y2: 46, stroke: "var(--gb-key)", "stroke-width": 3 }));
  const labels = h("div", { class: "slices", "aria-hidden": "true" });
  let from = 0;
  for (const slice of slices) {
    if (slice.p > 0.055) labels.append(h("span", { class: slice.id === chosen.id ? "taken" : "", style: { left: `${from * 100}%`, width: `${slice.p * 100}%` } }, visible(slice.text)));
    from += slice.p;
  }
  fill(s.draw, h("div", { class: "drawhead" }, title, h("span", { class: "landed" }, ...sentence(w.draw_landed, { u: num(chosen.u) }), " ", bold(visible(chosen.text)))), svg, labels);
  // A name that does not fit into its slice is left out: half a token would be another token.
  for (const label of [...labels.children]) if (label.scrollWidth > label.clientWidth + 1) label.textContent = "";
}

function drawAid(s) {
  const { data, say: w } = s;
  const at = s.steps.step;
  const step = detail(s, at);
  const line = data.line.slice(0, at);
  const bits = line.reduce((sum, entry) => sum + entry[2], 0);
  fill(s.sums,
    at ? h("span", { title: full(-bits * Math.LN2) }, `${w.sum_logprob} ${num(-bits * Math.LN2)}`) : null,
    at ? h("span", { title: full(2 ** (bits / at)) }, `${w.perplexity} ${num(2 ** (bits / at))}`) : null);
  if (!step) { fill(s.aid, at === data.line.length && data.stop ? endWords(s) : w.waiting); return; }
  const { chosen } = step;
  const slots = { token: bold(visible(chosen.text)), p: percent(chosen.probs[0]), q: percent(chosen.probs[2]), u: num(chosen.u), rank: chosen.rank, vocab: grouped(step.vocab_size), kept: grouped(step.kept_count), entropy: num(step.entropy_bits) };
  fill(s.aid, ...sentence(w[`aid_${{ sample: "sample", greedy: "greedy", hand: "picked", tie: "tied" }[chosen.how]}`], slots), isTie(step) && chosen.how !== "tie" ? ` ${w.tie}` : null);
}

/** The branches as a tree: one row a branch, joined where they part. */
function drawTree(s) {
  const { data, say: w } = s;
  const now = { ids: data.line.slice(0, Math.max(s.steps.step, lastPick(data))).map((e) => e[1]), texts: data.line.map((e) => e[0]), logprob: 0, current: true };
  const mine = branches.filter((b) => b.model === data.model.model), { prompt } = s.view.state;
  const others = mine.filter((b) => b.prompt === prompt).slice(-8).filter((b) => !(b.ids.length <= now.ids.length && b.ids.every((id, i) => id === now.ids[i])));
  const before = new Map(mine.filter((b) => b.prompt !== prompt).map((b) => [b.prompt, b])); // the newest of each other beginning
  const earlier = [...before.values()].slice(-4).map((b) => h("button", { type: "button", class: "chip", onclick: () => goTo(s, b, b.ids.length) }, b.prompt.trim() ? b.prompt.slice(0, 60) : w.earlier_empty));
  const lines = [];
  if (others.length === 0) lines.push(h("p", { class: "quiet" }, w.branches_empty));
  else {
    const all = [now, ...others];
    const longest = Math.max(...all.map((b) => b.ids.length), 1);
    const width = 720, rowHeight = 26, left = 14, step = Math.min(26, (width - 340) / longest);
    const letter = 8.7; // a letter of 14 px in a monospaced font is at most this wide
    const svg = h("svg", { viewBox: `0 0 ${width} ${all.length * rowHeight + 8}`, class: "tree", role: "group", "aria-label": w.branches });
    all.forEach((branch, row) => {
      let parent = 0, shared = 0;
      for (let i = 0; i < row; i += 1) {
        let k = 0;
        while (k < branch.ids.length && k < all[i].ids.length && branch.ids[k] === all[i].ids[k]) k += 1;
        if (k >= shared) { shared = k; parent = i; }
      }
      const y = row * rowHeight + 17, x0 = left + shared * step, x1 = left + branch.ids.length * step;
      const colour = branch.current ? "var(--gb-token)" : "var(--gb-quiet)";
      if (row) svg.append(h("path", { d: `M${x0} ${parent * rowHeight + 17} L${x0} ${y - 8} Q${x0} ${y} ${x0 + 8} ${y} L${Math.max(x1, x0 + 8)} ${y}`, fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": "5 3" }));
      else svg.append(h("line", { x1: left, x2: Math.max(x1, left + 4), y1: y, y2: y, stroke: colour, "stroke-width": 3 }));
      const go = (at) => () => (branch.current ? jump(s, at) : goTo(s, branch, at));
      for (let i = row ? shared + 1 : 0; i <= branch.ids.length; i += 1) {
        const here = branch.current && i === s.steps.step;
        svg.append(h("circle", { cx: left + i * step, cy: y, r: here ? 7 : 4, fill: here ? "var(--gb-token)" : "var(--gb-background)", stroke: colour, "stroke-width": 2, class: "node", onclick: go(i) },
          h("title", {}, i ? `${i}: ${visible(branch.texts[i - 1] ?? "")}` : w.step_first)));
      }
      const tail = branch.texts.slice(shared, branch.ids.length).join("");
      const logprob = branch.current ? -data.line.slice(0, branch.ids.length).reduce((sum, e) => sum + e[2], 0) * Math.LN2 : branch.logprob;
      const from = Math.max(x1, x0 + 8) + 14, sum = `log p ${num(logprob)}`;
      svg.append(h("text", { x: width - 4, y: y + 5, class: "sum", "text-anchor": "end", fill: "var(--gb-quiet)" }, sum));
      svg.append(h("text", { x: from, y: y + 5, class: branch.current ? "leaf current" : "leaf", fill: branch.current ? "var(--gb-token)" : "var(--gb-text)", tabindex: branch.current ? null : "0", role: branch.current ? null : "button",
        "aria-label": branch.current ? null : `${w.branch_back}: ${visible(tail)}, log p ${num(logprob)}`, onclick: go(branch.ids.length), onkeydown: (e) => { if (e.key === "Enter") go(branch.ids.length)(); } },
        narrowed(visible(tail), Math.max(3, Math.floor((width - 16 - from) / letter) - cells(sum)))));
    });
    lines.push(svg);
  }
  fill(s.tree, h("h3", {}, w.branches), ...lines, earlier.length ? h("div", { class: "earlier" }, h("span", {}, w.earlier), ...earlier) : null);
}

function lastPick(data) { return data.line.reduce((last, e, i) => (e[4] === "hand" ? i + 1 : last), 0); }

function jump(s, at) { s.steps.set({ step: at }); stepped(s, at); }

function pick(s, at, id) {
  const step = detail(s, at);
  if (step && step.chosen.id === id) { s.steps.act("next"); return; }
  const before = s.view.state.picks, picks = [];
  for (let i = 0; i < before.length; i += 2) if (before[i] < at + 1) picks.push(before[i], before[i + 1]);
  s.view.change({ picks: [...picks, at + 1, id], ties: s.view.state.ties.filter((_, i, ties) => ties[i - (i % 2)] <= at), step: at + 1 }, "writer");
}

/** Return to a branch: everything that made it comes back. */
function goTo(s, branch, at) { s.view.change({ ...branch.state, step: Math.min(at, branch.ids.length) }, "writer"); }

/** Put the text on screen among the branches; a longer one replaces its own beginning. */
function keepBranch(s, state) {
  const entries = s.data.line.slice(0, Math.max(s.furthest, s.shown) + 1), now = { prompt: state.prompt, model: s.data.model.model, ids: entries.map((e) => e[1]) };
  if (!now.ids.length) return;
  const same = branches.filter((b) => b.prompt === now.prompt && b.model === now.model), begins = (a, b) => a.ids.every((id, i) => id === b.ids[i]);
  if (same.some((b) => begins(now, b))) return;
  for (const b of same) if (begins(b, now)) branches.splice(branches.indexOf(b), 1);
  const { step: _, inside: __, ...rest } = state;
  branches.push({ ...now, state: rest, texts: entries.map((e) => e[0]), logprob: -entries.reduce((sum, e) => sum + e[2], 0) * Math.LN2 });
  if (branches.length > 40) branches.shift();
}

// -- the view: what the reader moved, wherever the steps come from ----------------------------------------------------------------------

const OF_TEXT = ["prompt", "strategy", "temperature", "top_k", "top_p", "seed", "ties", "picks"];
const same = (a, b, keys = OF_TEXT) => keys.every((key) => JSON.stringify(a[key]) === JSON.stringify(b[key]));
const nameOf = (s, state) => JSON.stringify([s.data.model.revision, ...OF_TEXT.map((key) => state[key])]);

/** The state as it leaves the browser: where rounding could decide otherwise elsewhere, the link carries the token itself. */
function outward(s, here = Boolean(s.engine.source)) {
  const { state } = s.view, ties = byStep(state.ties);
  const shown = here && s.data.run === nameOf(s, state); // while another text is computed, the one on screen says nothing of it
  if (shown) for (let at = 0; at < state.step; at++) if (isTie(detail(s, at))) ties.set(at + 1, s.data.line[at][1]);
  return { ...state, ties: [...ties].sort((a, b) => a[0] - b[0]).flat() };
}

/** [step, token, step, token, ...] as a map. */
function byStep(numbers) {
  const tokens = new Map();
  for (let i = 0; i < numbers.length; i += 2) tokens.set(numbers[i], numbers[i + 1]);
  return tokens;
}

/** Whether a step hangs on less than two computations of it may differ by. */
function isTie(step) {
  if (!step) return false;
  if (step.tie !== undefined) return step.tie;
  const { chosen } = step, at = step.ids.indexOf(chosen.id), apart = (i) => (i < 0 || at < 0 || i >= step.ids.length ? Infinity : Math.abs(step.logits[i] - step.logits[at]));
  if (chosen.how === "tie") return true;
  if (chosen.how === "greedy") return apart(1) < NEAR;
  if (chosen.how !== "sample") return false;
  return (chosen.low > 0 && chosen.u - chosen.low < NEAR) || (chosen.high < 1 && chosen.high - chosen.u < NEAR) || apart(at - 1) < NEAR || apart(at + 1) < NEAR;
}

/** Something of the view changed by the reader's hand; `before` is the state it had. */
function moved(s, before, from) {
  if (from === "reader" && !same(before, s.view.state, OF_TEXT.slice(0, -2))) s.view.state = { ...s.view.state, ties: [] }; // they belong to what was written
  const { state } = s.view;
  if (!same(before, state, ["prompt", "picks"])) keepBranch(s, before);
  if (!same(before, state)) s.furthest = state.step;
  const heard = from === "address" && connected(); // then Streamlit tells Python of it
  if (from === "address") s.view.ahead ||= !heard; else keep(s);
  if (!s.engine.source) s.engine.open(s.data.files);
  if (s.engine.source) { compute(s); if (!heard) s.rest({}); return; }
  if (heard) { if (same(before, state)) jumpTo(s, state.step); else s.root.classList.add("waiting"); return; }
  s.asked = { state, left: 2 };
  s.root.classList.add("waiting");
  s.tell.now({});
  askLater(s);
}

/** A panel below looks into the model at every step: the browser should have it. */
function looks(s) { if (!["nothing", "cache"].includes(s.view.state.inside)) s.engine.open(s.data.files); }

/** Another panel was opened below: the text stays as it is. */
function opened(s) {
  keep(s);
  looks(s);
  if (s.engine.source) s.rest({}); else s.report({});
}

/** Put the view into the address. */
function keep(s) {
  keepAddress(s.data.params, outward(s));
  s.view.ahead ||= !connected();
}

/** Show a step of the text on screen that is known. */
function jumpTo(s, at) {
  s.steps.set({ step: at });
  s.shown = s.steps.step;
  draw(s);
}

/** Tell Python where the reader is. While the server cannot be heard this waits. */
function tell(s) {
  if (!s.root.isConnected) return;
  s.view.ahead = !connected();
  const { line, dropped, empty } = s.data, written = s.engine.source ? { line: line.slice(0, TOLD).map((e) => e.slice(0, 3)), dropped, empty } : null;
  if (!s.view.ahead) s.trigger("view", { rev: s.view.rev, state: outward(s), browser: s.engine.source ? s.data.model.model : null, written });
}

// Of two messages that wait at the server only the later one is heard: while the answer is not there we ask again, twice at most.
function askLater(s) {
  clearTimeout(s.again);
  s.again = setTimeout(() => {
    if (!s.asked || !s.root.isConnected) return;
    if (s.asked.left === 0 || s.engine.source) { answered(s); return; }
    s.asked.left -= 1;
    s.tell.now({});
    askLater(s);
  }, 2500);
}

function answered(s) {
  clearTimeout(s.again);
  s.asked = null;
  s.root.classList.remove("waiting");
}

// -- the engine in this browser as the source of steps -----------------------------------------------------------------------------------

/** The model in this browser: once it is there the steps are computed here. Meanwhile, and when it fails, the server answers. */
const engineOf = (s) => local({
  make: writer,
  ready: () => {
    s.texts = new Map();
    given(s);
    if (s.asked) answered(s);
    compute(s);
    if (!s.heard || s.view.ahead) s.rest({}); // Python need not send steps any more
  },
  failed: (had) => {
    if (had) s.view.state = outward(s, true);
    s.tell.now({}); // the server goes on
  },
  changed: () => drawWhere(s),
});

/** The text of the state on screen; of one that differs only later, its beginning is taken over. */
function textOf(s) {
  const { state } = s.view, name = nameOf(s, state);
  if (s.texts.has(name)) return s.texts.get(name);
  const greedy = state.strategy === "greedy";
  const settings = { prompt: state.prompt, do_sample: !greedy, temperature: greedy ? 1 : state.temperature, top_k: greedy ? 0 : state.top_k, top_p: greedy ? 1 : state.top_p, seed: greedy ? 0 : state.seed, picks: byStep(state.picks), ties: byStep(state.ties) };
  const text = s.engine.source.text(settings, known(s, state));
  s.texts.set(name, text);
  if (s.texts.size > 40) s.texts.delete(s.texts.keys().next().value);
  return text;
}

/** What is known of a text: all of the one on screen, or the part before the first pick that is not its own. */
function known(s, state) {
  const { of } = s.data;
  if (!of || of.prompt !== state.prompt || !s.data.prompt) return null;
  const begin = { prompt: s.data.prompt, dropped: s.data.dropped, empty: s.data.empty };
  if (!same(of, state, OF_TEXT.slice(0, -1))) return begin;
  let shared = 0;
  while (shared < Math.max(of.picks.length, state.picks.length) && of.picks[shared] === state.picks[shared]) shared += 1;
  const apart = Math.min(...[of.picks, state.picks].map((p) => p[shared - (shared % 2)] ?? Infinity)), count = Math.min(s.data.line.length, apart - 1);
  const details = new Map();
  for (let at = 0; at < count; at++) { const step = detail(s, at); if (step) details.set(at, step); }
  return { ...begin, line: s.data.line.slice(0, count), details };
}

/** Compute what the state on screen needs, draw it, then some steps beyond. */
async function compute(s) {
  const { state } = s.view, text = textOf(s), run = nameOf(s, state), needed = Math.max(state.step, s.wantedHere ?? 0) + 1, { source } = s.engine;
  for (const other of s.texts.values()) other.alive = other === text;
  const current = () => s.engine.source && s.root.isConnected && nameOf(s, s.view.state) === run;
  const take = () => {
    if (!current()) return;
    for (const [at, step] of text.details) s.seen.set(`${run}|${at}`, step);
    s.data = { ...s.data, run, of: state, prompt: text.prompt, line: text.line, open: !text.stop, stop: text.stop, limit: text.limit, dropped: text.dropped, empty: text.empty };
    s.wantedHere = 0;
    s.root.classList.remove("waiting");
    const before = s.shown;
    s.steps.set({ step: Math.min(s.view.state.step, text.line.length), last: Math.max(0, text.line.length - (text.stop ? 0 : 1)), open: !text.stop });
    s.shown = s.steps.step;
    if (s.steps.step !== s.view.state.step) s.view.state = { ...s.view.state, step: s.steps.step };
    if (before !== s.steps.step || s.drawn !== drawnOf(s)) draw(s);
  };
  try {
    text.tell = () => { if (text.line.length === needed) take(); };
    if (text.line.length < needed) s.root.classList.add("waiting");
    else take();
    await text.grow(needed);
    await text.detail(Math.min(s.view.state.step, text.line.length - 1));
    take();
    await text.grow(Math.ceil(needed / BLOCK) * BLOCK + AHEAD);
    take();
  } catch (error) { if (source && s.engine.source === source) s.engine.fail(error); }
}

/** Ask for steps beyond the known ones, once until they are there: presses do not interrupt what they wait for. */
function want(s) {
  if (!s.engine.source) s.engine.open(s.data.files);
  if (s.engine.source) { s.wantedHere = s.data.line.length; compute(s); return; }
  if (s.wanted || s.asked) return;
  const send = () => s.trigger("want", { until: s.data.line.length + 8, step: s.view.state.step });
  s.wanted = { length: s.data.line.length, again: setInterval(() => (s.root.isConnected ? send() : given(s)), 4000) };
  send();
}

function given(s) {
  clearInterval(s.wanted?.again);
  s.wanted = null;
}

/** Let the chosen token fly from its row to the end of the text. */
function fly(s, before) {
  if (!before || reducedMotion()) return;
  const token = [...s.text.querySelectorAll(".tok")].at(-1);
  if (!token) return;
  const to = token.getBoundingClientRect();
  token.animate([{ transform: `translate(${before.left - to.left}px, ${before.top - to.top}px)`, opacity: 0.4 }, { transform: "none", opacity: 1 }], { duration: 220, easing: "ease-out" });
}

function stepped(s, at) {
  const row = at === s.shown + 1 ? s.table.querySelector("tr.chosen .name button")?.getBoundingClientRect() : null;
  s.shown = at;
  s.furthest = Math.max(s.furthest, at);
  s.view.state = { ...s.view.state, step: at };
  drawText(s);
  fly(s, row);
  drawRest(s);
  keep(s);
  looks(s);
  if (s.engine.source) { compute(s); s.rest({}); } else s.report({});
}

function drawRest(s) { drawCandidates(s); drawDraw(s); drawAid(s); drawTree(s); drawWhere(s); s.drawn = drawnOf(s); publish(s); }

/** Let what stands below know the text on screen, and what was chosen next. */
function publish(s) {
  const at = s.steps.step;
  s.view.shown = { entries: [...s.data.prompt, ...s.data.line.slice(0, at)], chosen: detail(s, at)?.chosen ?? null, limit: s.data.limit };
  s.view.change({}, "shown");
}
function draw(s) { drawText(s); drawRest(s); }
const drawnOf = (s) => `${s.data.run}|${s.steps.step}|${Boolean(detail(s, s.steps.step))}`;

/** The line under the picture: model and settings, and where they were computed; above it what was unusual. */
function captionOf(s) {
  const w = s.say, { strategy, temperature, top_k, top_p, seed } = s.view.state;
  const settings = strategy === "greedy" ? w.settings_greedy : say(w.settings_sample, { temperature: String(temperature), top_k, top_p: String(top_p), seed });
  return `${say(w.caption, { ...s.data.model, settings })} · ${s.engine.line(w)[0]}`;
}
function drawWhere(s) {
  const { data, say: w } = s, { prompt } = s.view.state, notes = [];
  if (data.empty) notes.push(data.begin ? say(w.empty_prompt_begin, { token: data.begin }) : w.empty_prompt);
  if (data.dropped) notes.push(say(w.dropped, { dropped: grouped(data.dropped), kept: data.prompt.length }));
  if (data.english && /(?=\p{L})[^\0-\u024f]/u.test(prompt)) notes.push(say(w.other_letters, { model: data.model.model }));
  if (data.korean && /\p{L}/u.test(prompt) && !/[가-힣]/u.test(prompt.normalize("NFC"))) notes.push(say(w.no_hangul, { model: data.model.model }));
  fill(s.notes, ...notes.map((note) => h("p", { class: "note" }, note)), s.engine.note(w));
  fill(s.where, captionOf(s), s.engine.line(w)[1]);
}

/** The candidates of this step as a picture. */
function picture(s) {
  const step = detail(s, s.steps.step);
  const w = s.say;
  const width = 900, rowHeight = 24, top = 74;
  const found = step ? candidates(step) : { rows: [], rest: [] };
  const svg = frame(width, top + (found.rows.length + 1) * rowHeight + 12);
  const text = (x, y, content, props = {}) => svg.append(h("text", { x, y, "font-size": 14, "font-family": "monospace", fill: "var(--gb-text)", ...props }, content));
  const written = characters([...s.data.prompt, ...s.data.line.slice(0, s.steps.step)]).map((group) => group.text).join("");
  text(12, 26, narrowed(visible(written, " "), 88, true), { "font-size": 16 });
  if (!step) return svg;
  const columns = [[250, w.stage_model], [470, w.stage_temperature], [690, w.stage_final]];
  for (const [x, title] of columns) text(x, 58, title, { "font-family": "sans-serif", "font-weight": 700 });
  const rows = [...found.rows.map((row) => ({ ...row, name: `${visible(row.text)}${row.beyond ? ` (${row.rank})` : ""}` })), { name: w.everything_else, p: found.rest, cut: null }];
  rows.forEach((row, i) => {
    const y = top + i * rowHeight;
    text(12, y + 15, row.name + (row.chosen ? "  ✓" : ""), { "font-weight": row.chosen ? 700 : 400, fill: row.chosen ? "var(--gb-token)" : "var(--gb-text)" });
    columns.forEach(([x], c) => {
      svg.append(h("rect", { x, y: y + 2, width: Math.max(0.5, 130 * row.p[c]), height: rowHeight - 7, fill: row.chosen ? "var(--gb-token)" : "var(--gb-seq-2)" }));
      text(x + 136, y + 15, c === 2 && row.cut ? row.cut.replace("_", "-") : percent(row.p[c]), { fill: "var(--gb-quiet)" });
    });
  });
  return svg;
}

function build(s) {
  const w = s.say;
  s.text = h("div", { class: "paper" });
  s.table = h("div", { class: "candidates" });
  s.draw = h("div", { class: "draw" });
  s.aid = h("p", { class: "aid", "aria-live": "polite" });
  s.sums = h("p", { class: "sums" });
  s.tree = h("div", { class: "branches" });
  s.notes = h("div", { class: "notes", role: "status" });
  s.where = h("p", { class: "where gb-caption" });
  // Once, not again with other words: what one of them still has to tell would be told by both.
  s.tell ??= reporter(() => tell(s));
  s.report ??= reporter(() => { if (!s.asked && !s.wanted) tell(s); });
  const ours = (event) => event.composedPath().some((node) => node.classList?.contains("gb-writer") || node.classList?.contains("gb-writer_fields"));
  s.rest ??= reporter(() => tell(s), REST, true, ours);
  s.remind ??= reporter(() => { if (!s.heard) tell(s); }, REST, true, ours); // it may have heard meanwhile
  s.steps?.destroy();
  s.steps = stepper({ words: w, onMove: (at) => stepped(s, at), onWant: () => want(s), label: (step) => say(w.tokens_written, { n: step }) });
  const legend = h("div", { class: "legend" }, h("span", {}, `${w.surprisal}:`), h("span", {}, `0 ${w.bits}`), h("span", { class: "ramp", "aria-hidden": "true" }), h("span", {}, `${BITS_FULL}+`),
    h("label", {}, h("input", { type: "checkbox", onchange: (e) => { s.ids = e.target.checked; drawText(s); } }), w.show_ids));
  fill(s.root, s.notes, h("div", { class: "writing" },
    h("section", { class: "left" }, s.text, s.steps.node, s.aid, s.draw, h("div", { class: "under" }, s.sums, legend), s.tree),
    h("section", { class: "right" }, s.table)), s.where);
}

/** What Python sent: the state it moved, or steps for the state on screen. */
function take(s, data, fresh) {
  s.heard = Boolean(data.local); // it knows that the steps are computed here
  const adopted = s.rev !== data.rev, other = s.data && s.data.model.model !== data.model.model;
  if (other && s.data.of) keepBranch(s, s.data.of);
  s.view.adopt(data.rev, data.state); // the fields may have done so before
  if (adopted) {
    s.rev = data.rev;
    if (!s.view.ahead) { s.furthest = data.step; s.view.state = { ...s.view.state, step: data.step }; }
  }
  const asked = same(data.state, s.view.state), first = !s.data || adopted || other;
  if (other || !data.files) s.engine.drop();
  const files = { words: data.words, rev: data.rev, params: data.params, model: data.model, english: data.english, korean: data.korean, files: data.files };
  if (s.engine.source || (data.local && !first)) { // steps are computed here; Python only tells what it moved
    s.data = { ...s.data, ...files };
    if (adopted) compute(s);
    if (adopted || s.view.ahead) s.rest({}); // it does not know the text
    else if (!data.local) s.remind({}); // it is a new one that never heard
    if (fresh) { s.steps.set({ step: s.view.state.step, last: Math.max(s.data.line.length - (s.data.open ? 1 : 0), 0), open: s.data.open }); draw(s); }
    return;
  }
  if (data.local || (!first && !asked)) { // nothing to draw yet, or an answer to what is no longer asked
    s.data = { prompt: [], line: [], details: { from: 0, steps: [] }, open: true, stop: null, limit: 0, dropped: 0, empty: false, run: "", ...s.data, ...files };
    if (data.local) s.engine.open(s.data.files);
    draw(s);
    return;
  }
  if (s.asked) answered(s); else s.root.classList.remove("waiting");
  const run = nameOf({ data }, data.state);
  const longer = s.wanted && (first || !data.open || data.line.length > s.wanted.length);
  data.details.steps.forEach((step, i) => s.seen.set(`${run}|${data.details.from + i}`, step));
  s.data = { ...data, run, of: data.state };
  if (longer) given(s);
  const { step } = s.view.state;
  s.shown = Math.min(step, data.line.length);
  s.steps.set({ step: s.shown, last: Math.max(data.line.length - (data.open ? 1 : 0), 0), open: data.open });
  s.shown = s.steps.step;
  s.view.state = { ...s.view.state, step: s.steps.step };
  if (longer) s.report({}); // not reported while it was waited for
  draw(s);
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-writer"), fresh = s.root !== root || s.lang !== data.words.token;
  s.root = root;
  s.trigger = setTriggerValue;
  s.say = data.words;
  s.engine ??= engineOf(s);
  if (s.seen.size > 4000) s.seen.clear();
  s.furthest ??= 0;
  if (fresh) { build(s); s.lang = data.words.token; s.drawn = null; }
  take(s, data, fresh);
  if (!s.withdraw) {
    s.withdraw = offerPicture("next-token", () => picture(s), () => captionOf(s));
    let before = s.view.state;
    const stop = [
      s.view.listen((changes, from) => { const was = before; before = s.view.state; if (from === "inside") opened(s); else if (from !== "python" && from !== "shown") { moved(s, { ...was, step: s.shown }, from); before = s.view.state; } }),
      onConnection((now) => { if (now && s.view.ahead) s.rest({}); }),
    ];
    const { pathname } = location;
    const back = () => { // Back and Forward: the server hears of it by itself, if it is there; what was not told yet is no more (lib/stepper.js)
      if (location.pathname !== pathname) return;
      const state = fromAddress(s.data.params);
      if (same(state, s.view.state, [...OF_TEXT, "step", "inside"])) return;
      s.view.state = { ...s.view.state, ...state };
      s.view.change({}, "address");
    };
    window.addEventListener("popstate", back);
    stop.push(() => window.removeEventListener("popstate", back));
    s.unlisten = () => stop.forEach((f) => f());
  }
  return () => { given(s); s.steps?.destroy(); s.withdraw?.(); s.withdraw = null; s.unlisten?.(); };
});
