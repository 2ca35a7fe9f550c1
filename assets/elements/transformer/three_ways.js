// Objectives of pre-training on one text: each a row that can be played, the exercise with a model's answers, and who sees whom.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { percent, full, visible } from "../glassbox.lib/format.js";
import { reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ rev: null, objective: null, picks: [], from: null, to: null, offers: [] }));
const shown = (text) => visible(text) || "∅";

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement), { words } = data;
  const root = parentElement.querySelector(".gb-three_ways");
  if (state.rev !== data.rev) Object.assign(state, { rev: data.rev, objective: data.start.objective, picks: data.start.picks });
  const current = state.objective === data.objective; // else Python has not answered yet
  state.tell = state.tell ?? reporter((value) => setStateValue("view", value), 120);
  const report = () => state.tell({ objective: state.objective, picks: state.picks, rev: state.rev });

  function choose(objective) { state.objective = objective; state.picks = []; report(); drawRows(); }
  // What is hidden now: Python's answer (whole words, whole spans, no more gaps than fit), before it the reader's own places.
  const hidden = () => (current && state.picks.length && state.picks.join() !== data.picks.join() ? state.picks : data.chosen);
  const sameWord = (one, other) => one === other || (data.objective === "whole_word" && data.word_ids[one] !== null && data.word_ids[one] === data.word_ids[other]);
  function toggle(place) {
    if (!data.free[place] || data.objective === "next") return;
    const now = hidden();
    const next = data.objective === "prefix" ? [place] : now.includes(place) ? now.filter((one) => !sameWord(one, place)) : [...now, place].sort((a, b) => a - b);
    if (!next.length) return;
    state.picks = next;
    report();
    draw();
  }
  function span(from, to) {
    const [low, high] = [Math.min(from, to), Math.max(from, to)], now = hidden();
    state.picks = [...new Set([...now, ...data.free.map((free, i) => (free && i >= low && i <= high ? i : -1)).filter((i) => i >= 0)])].sort((a, b) => a - b);
    report();
    draw();
  }
  // One press hides a token, a drag all it passes. A finger keeps its events at the token where it began: so the place is looked up.
  function drag(text) {
    const at = (event) => { const place = text.getRootNode().elementFromPoint(event.clientX, event.clientY); return place?.dataset?.place === undefined ? null : Number(place.dataset.place); };
    const mark = (from, to) => { for (const node of text.children) { const i = Number(node.dataset.place); node.classList.toggle("passed", from !== null && data.free[i] && i >= Math.min(from, to) && i <= Math.max(from, to)); } };
    text.addEventListener("pointerdown", (event) => { if (event.button === 0) state.from = state.to = at(event); });
    text.addEventListener("pointermove", (event) => { if (state.from === null) return; if (!event.buttons) { state.from = null; mark(null, null); return; } state.to = at(event) ?? state.to; if (data.objective !== "prefix" && state.to !== state.from) mark(state.from, state.to); });
    text.addEventListener("pointerup", (event) => { const from = state.from, to = at(event) ?? state.to; state.from = null; mark(null, null); if (from === null) return; if (from === to) toggle(from); else if (data.objective !== "prefix") span(from, to); });
    text.addEventListener("pointercancel", () => { state.from = null; mark(null, null); });
  }
  const rows = h("div", { class: "rows", role: "group", "aria-label": words.objectives }), work = h("div", { class: "work" });
  function drawRows() {
    fill(rows, ...data.objectives.map((name) => h("button", { type: "button", class: `objective${name === state.objective ? " on" : ""}`, "data-objective": name, "aria-pressed": String(name === state.objective), onclick: () => choose(name) },
      h("b", {}, words[`name_${name}`]), h("span", { class: "quiet" }, words[`task_${name}`]))));
  }
  const cell = (text, kind, extra = {}) => h("span", { class: `cell ${kind}`, title: shown(text), ...extra }, shown(text));
  function draw() {
    const picks = hidden();
    const text = h("div", { class: "cells line" }, ...data.tokens.map((token, place) => h("button", { type: "button", class: `cell text${(data.objective === "prefix" ? place >= picks[0] : picks.includes(place)) && data.objective !== "next" ? " picked" : ""}`, disabled: !data.free[place] || data.objective === "next" ? true : undefined, "data-place": String(place), "aria-pressed": String(picks.includes(place)), title: words[data.objective === "prefix" ? "begin_here" : "hide"],
      onclick: (event) => { if (event.detail === 0) { toggle(place); work.querySelector(`[data-place="${place}"]`)?.focus(); } } }, shown(token)))); // detail 0: by key or reading aid
    drag(text);
    const read = h("div", { class: "cells" }, ...data.inputs.map((token) => cell(token, token !== "" && (token === "[MASK]" || /^<[XYZ]>$/.test(token)) ? "hole" : "")));
    const under = data.given.length ? data.given : data.inputs;
    const targets = h("div", { class: "pairs" }, ...data.targets.map((target, i) => {
      const answers = data.answers[i];
      return h("div", { class: `pair${target ? " loss" : ""}` }, cell(under[i], "under"), h("span", { class: "arrow", "aria-hidden": "true" }, "↓"), target ? cell(target, "target") : h("span", { class: "cell none", title: words.no_loss }, "–"),
        answers && target ? h("span", { class: `answer${answers[0][0].trim().toLowerCase() === target.trim().toLowerCase() ? " right" : ""}`, title: answers.map(([text, p]) => `${shown(text)} ${full(p)}`).join("\n") }, `${answers[0][0].trim().toLowerCase() === target.trim().toLowerCase() ? "✓" : "✗"} ${shown(answers[0][0])}`, h("span", { class: "quiet" }, ` ${percent(answers[0][1])}`)) : null);
    }));
    const line = (name, node) => [h("p", { class: "label" }, name), node];
    fill(work, h("p", { class: "hint" }, words[`hint_${data.objective}`]), ...line(words[data.given.length ? "line" : "text"], text), ...line(words[data.given.length ? "encoder_reads" : "reads"], read), ...line(say(words[data.given.length ? "decoder_writes" : "must_predict"], { n: data.losses, all: data.targets.length }), targets), h("p", { class: "note" }, data.note));
    Object.assign(root.dataset, { objective: data.objective, picks: data.picks.join(".") });
  }
  function drawGrid(svg, allowed, side, inputs = null) {
    const n = allowed.length, each = side / n;
    fill(svg, ...allowed.flatMap((row, q) => row.map((open, k) => h("rect", { x: k * each, y: q * each, width: Math.max(1, each - Math.min(1.5, each / 6)), height: Math.max(1, each - Math.min(1.5, each / 6)), fill: open ? "var(--gb-token)" : "var(--gb-surface)", stroke: open ? "none" : "var(--gb-line)", "stroke-width": 0.5, opacity: open ? 0.85 : 1 }))),
      inputs && inputs < n ? h("path", { d: `M${inputs * each} 0V${side}M0 ${inputs * each}H${side}`, stroke: "var(--gb-text)", "stroke-width": 1.5 }) : null);
    return svg;
  }
  const SIDE = 200;
  const grids = h("div", { class: "grids" }, ...data.grids.map(({ name, allowed, inputs }) => h("figure", { class: name === data.architecture ? "on" : "", "data-architecture": name },
    h("figcaption", {}, words[`arch_${name}`]), drawGrid(h("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img", "aria-label": `${words[`arch_${name}`]}: ${words[`sees_${name}`]}` }), allowed, SIDE, inputs), h("p", {}, words[`sees_${name}`]), h("p", { class: "quiet" }, words[`can_${name}`]))));
  drawRows();
  draw();
  fill(root, rows, work, h("p", { class: "label" }, words.grids), grids);
  state.offers.forEach((stop) => stop());
  state.offers = [offerPicture("who-sees-whom", () => {
    const svg = frame(data.grids.length * (SIDE + 30), SIDE + 74), text = (x, y, content, extra) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...extra }, content);
    svg.append(text(10, 22, words.grids, { fill: "var(--gb-quiet)" }));
    data.grids.forEach(({ name, allowed, inputs }, i) => svg.append(text(i * (SIDE + 30) + 10, 52, words[`arch_${name}`], { "font-weight": name === data.architecture ? 700 : 400 }), drawGrid(h("g", { transform: `translate(${i * (SIDE + 30) + 10} 64)` }), allowed, SIDE, inputs)));
    return svg;
  })];
  return () => { state.offers.forEach((stop) => stop()); state.offers = []; };
});
