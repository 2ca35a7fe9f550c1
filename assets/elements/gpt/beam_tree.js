// Beam search as a tree: every hypothesis that was looked at, kept or dropped, with sums that can be added up.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { visible, full, narrowed } from "../glassbox.lib/format.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";
import { racing } from "../glassbox.lib/sources/lanes.js";
import { view } from "../glassbox.lib/view.js";

const COLUMN = 132, ROW = 34, BOX = 104;
const create = instances(() => ({ view: view("decoding"), made: new Map(), node: null, of: null, busy: null, failed: false }));
const searchOf = (data, state) => JSON.stringify([data.model, state.dec_prompt, state.dec_width, state.dec_depth, state.dec_length]);
const nats = (x) => x.toFixed(2).replace("-", "−");

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-beam_tree"), w = data.words;
  s.view.adopt(data.rev, data.state);
  if (data.known) s.made.set(searchOf(data, data.asked), data.known);
  const now = () => s.view.state, search = () => searchOf(data, now());
  const box = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": w.tree_label }), sum = h("p", { class: "sum", "aria-live": "polite" }), told = h("p", { class: "told" }), state = h("p", { class: "state", role: "status" });
  fill(root, told, box, sum, state);

  const score = ([, step, , , total]) => total / step ** now().dec_length;
  function path(nodes, at) { const found = []; for (let n = at; n >= 0; n = nodes[n][0]) found.unshift(n); return found; }

  /** The nodes of greedy's text in the tree, as far as the tree still has it. */
  function greedyPath({ tree: { nodes } }, ids) {
    const found = [];
    for (const id of ids) {
      const next = nodes.findIndex(([parent, step, own]) => step === found.length + 1 && own === id && parent === (found.at(-1) ?? -1));
      if (next < 0) break;
      found.push(next);
    }
    return found;
  }

  function plot(press = null) {
    const { beam, greedy } = s.made.get(search()), { nodes, winner } = beam.tree, won = path(nodes, winner), easy = greedyPath(beam, greedy.ids);
    const steps = Math.max(...nodes.map((n) => n[1])), rows = new Map(), counts = {};
    nodes.forEach((n, i) => { counts[n[1]] = (counts[n[1]] ?? 0) + 1; rows.set(i, counts[n[1]] - 1); });
    const height = 26 + ROW * Math.max(...Object.values(counts)), width = 30 + COLUMN * steps, svg = frame(width, height);
    const x = (i) => 30 + COLUMN * (nodes[i][1] - 1), y = (i) => 24 + ROW * rows.get(i) + 13;
    for (let step = 1; step <= steps; step++) svg.append(h("text", { x: 30 + COLUMN * (step - 1), y: 14, "font-size": 12, fill: "var(--gb-quiet)" }, String(step)));
    const edges = nodes.map((n, i) => {
      const on = won.includes(i), soft = easy.includes(i), [x0, y0] = n[0] < 0 ? [8, 37] : [x(n[0]) + BOX, y(n[0])];
      return [on, h("path", { d: `M${x0} ${y0} C${x0 + 14} ${y0} ${x(i) - 14} ${y(i)} ${x(i)} ${y(i)}`, fill: "none", stroke: on ? "var(--gb-token)" : soft ? "var(--gb-key)" : "var(--gb-line)", "stroke-width": on ? 3.5 : soft ? 2.5 : 1.2, "stroke-dasharray": soft && !on ? "6 3" : n[5] === "dropped" ? "2 3" : "" })];
    });
    for (const [, edge] of edges.sort((a, b) => a[0] - b[0])) svg.append(edge);
    nodes.forEach((n, i) => {
      const on = won.includes(i), gone = n[5] === "dropped", soft = easy.includes(i), text = narrowed(visible(n[6]), 7);
      const label = say(w.node, { token: visible(n[6]), total: nats(n[4]), fate: w[`fate_${n[5]}`] });
      svg.append(h("g", { class: `node ${n[5]}`, tabindex: press ? "0" : null, role: press ? "button" : null, "aria-label": label, onclick: press && (() => press(i)), onkeydown: press && ((e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); press(i); } }) }, h("title", {}, label),
        h("rect", { x: x(i), y: y(i) - 13, width: BOX, height: 26, rx: 5, fill: s.node === i ? "var(--gb-seq-2)" : gone ? "var(--gb-background)" : "var(--gb-surface)", stroke: on ? "var(--gb-token)" : soft ? "var(--gb-key)" : "var(--gb-line)", "stroke-width": on || soft ? 2.5 : 1, "stroke-dasharray": gone ? "3 3" : "" }),
        h("text", { x: x(i) + 6, y: y(i) + 4.5, "font-size": 13, "font-family": "monospace", fill: gone ? "var(--gb-quiet)" : "var(--gb-text)", "text-decoration": gone ? "line-through" : null }, text),
        h("text", { x: x(i) + BOX - 5, y: y(i) + 4.5, "font-size": 12, "text-anchor": "end", fill: gone ? "var(--gb-quiet)" : "var(--gb-text)" }, `${nats(n[4])}${n[5] === "ended" ? " ■" : ""}`)));
    });
    return svg;
  }

  function draw() {
    if (s.of !== search()) { s.of = search(); s.node = null; state.textContent = ""; }
    const made = s.made.get(search());
    root.classList.toggle("waiting", !made);
    if (!made) return;
    const { beam, greedy } = made, { nodes, winner } = beam.tree, at = s.node ?? winner, n = nodes[at], before = n[0] < 0 ? 0 : nodes[n[0]][4];
    fill(box, plot((i) => { s.node = i; draw(); box.querySelectorAll(".node")[i]?.focus({ preventScroll: true }); }));
    fill(sum, h("b", {}, visible(n[6])), " ", h("span", { title: full(n[4]) }, say(w.adds_up, { before: nats(before), own: nats(n[3]), total: nats(before + n[3]), length: n[1], power: String(now().dec_length), score: nats(score(n)), fate: w[`fate_${n[5]}`] })));
    const sums = [beam, greedy].map((lane) => lane.logprobs.reduce((a, b) => a + b, 0)), easy = greedyPath(beam, greedy.ids), lost = easy.length && nodes[easy.at(-1)][5] === "dropped" ? easy.length : easy.length < greedy.ids.length ? easy.length + 1 : 0;
    fill(told, say(beam.ids.join() === greedy.ids.join() ? w.tree_same : sums[0] > sums[1] ? w.tree_beats : w.tree_loses, { width: now().dec_width, beam: nats(sums[0]), greedy: nats(sums[1]), n: beam.ids.length, of: greedy.ids.length }),
      lost ? ` ${say(w.tree_lost, { step: lost })}` : "", h("span", { class: "texts" }, h("span", {}, h("b", {}, `${w.tree_beam} `), beam.texts.join("")), h("span", {}, h("b", {}, `${w.tree_greedy} `), greedy.texts.join(""))));
  }

  async function compute() {
    const of = search(), { dec_prompt: beginning, dec_width: width, dec_depth: depth, dec_length: power } = now();
    if (s.made.has(of) || s.busy === of || !data.files || s.failed) return;
    s.busy = of;
    state.textContent = w.computing;
    try {
      const engine = await racing(data.files), prompt = await engine.prompt(beginning, data.most_prompt);
      const beam = await engine.lane(prompt.ids, { strategy: "beam", value: width, length_penalty: power }, depth, 0), greedy = await engine.lane(prompt.ids, { strategy: "greedy", value: 1 }, depth, 0);
      s.made.set(of, { beam, greedy });
      if (search() === of) { state.textContent = ""; s.draw(); }
    } catch (error) {
      s.failed = true;
      state.textContent = w.server;
      setTriggerValue("want", { rev: s.view.rev, state: now() });
    } finally {
      if (s.busy === of) s.busy = null;
    }
  }
  const stop = offerPicture("beam_tree", () => plot());
  s.draw = draw;
  s.unlisten?.();
  s.unlisten = s.view.listen((_, from) => { if (from !== "python" && root.isConnected) { draw(); compute(); } });
  draw();
  compute();
  return () => { stop(); s.unlisten?.(); s.unlisten = null; };
});
