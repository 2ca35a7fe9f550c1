// Two stories, one of them pressed, and a judge that learns from the presses: a hundred stories in its order.
import { h, fill, instances, slide, words as say } from "../glassbox.lib/dom.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { drawn, scoreCurves, boxOf } from "../glassbox.lib/score_curves.js";
import { narrowed } from "../glassbox.lib/format.js";
import { fit, rows, dot, shareOf, crossValidated } from "../glassbox.lib/bradley_terry.js";
import { living } from "../glassbox.lib/living.js";

const NONE = "-", KEY = "gb-who", EVERY = 5;
const create = instances(() => ({ rev: null, id: null, at: 0, clicks: "", stepper: null, stop: null, report: null, watch: null, told: null, joined: null, vectors: null, packed: "", known: new Map(), keys: null }));
let nobody = null; // who this browser is where nothing can be stored
/** A name for this browser that says nothing: 22 random characters, made when the first list is opened. */
function who() {
  try {
    const found = localStorage.getItem(KEY);
    if (/^[\w-]{22}$/.test(found ?? "")) return found;
  } catch { /* a private window */ }
  nobody ??= btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16)))).replace(/\+/g, "-").replace(/\//g, "_").slice(0, 22);
  try { localStorage.setItem(KEY, nobody); } catch { /* it lasts as long as the page */ }
  return nobody;
}
const typing = (node) => Boolean(node?.isContentEditable || node?.closest?.("textarea, select, input:not([type=range], [type=radio], [type=checkbox], [type=button])"));

export default living(function ({ data, parentElement, setStateValue }) {
  const s = create(parentElement), w = data.words, n = data.pairs.length;
  const root = parentElement.querySelector(".gb-preference_board");
  s.report = s.report ?? reporter((value) => setStateValue("view", value));
  if (s.rev !== data.rev || s.id !== data.id) Object.assign(s, { rev: data.rev, id: data.id, at: data.start.step, clicks: data.clicks });
  else if (!data.open) s.clicks = data.clicks;
  else if (data.named) s.clicks = Array.from({ length: n }, (_, i) => (data.clicks[i] ?? NONE) !== NONE && (s.clicks[i] ?? NONE) === NONE ? data.clicks[i] : s.clicks[i] ?? NONE).join(""); // this browser's presses of before
  if (s.packed !== data.vectors) { s.packed = data.vectors; s.vectors = rows(data.vectors, data.features, data.scale); s.known.clear(); }
  const order = data.order.length === n ? data.order : Array.from({ length: n }, (_, i) => i);
  const pressed = () => order.filter((i) => (s.clicks[i] ?? NONE) !== NONE).length;
  const last = () => (data.open ? Math.min(n, (() => { let k = 0; while (k < n && (s.clicks[order[k]] ?? NONE) !== NONE) k += 1; return k; })()) : data.shown.length);
  if (data.named && data.open && s.joined !== data.id) { s.joined = data.id; s.at = last(); s.told = null; } // on with the first pair that this browser has not pressed
  s.at = Math.min(s.at, last());
  /** The pair that is looked at: the one to press, or the one that was pressed last. */
  const pair = () => (data.open ? order[Math.min(s.at, n - 1)] : data.shown[Math.max(0, s.at - 1)] ?? 0);
  const upTo = (k) => (data.open ? order.slice(0, k) : data.shown.slice(0, k));
  const differences = (some) => some.filter((i) => "12".includes(s.clicks[i] ?? NONE)).map((i) => { const one = s.clicks[i] === "1" ? 0 : 1, a = s.vectors[2 * i + one], b = s.vectors[2 * i + 1 - one]; return a.map((x, j) => x - b[j]); });
  const first = 2 * n;
  /** What the judge is after k presses: its weights, and how many presses decided. */
  function judge(k) {
    const some = upTo(k), name = some.map((i) => `${i}${s.clicks[i]}`).join();
    if (!s.known.has(name)) {
      if (s.known.size > 400) s.known.clear();
      const d = differences(some);
      s.known.set(name, { d, weights: fit(d, data.features, data.shrinkage, data.newton), count: d.length, right: undefined });
    }
    return s.known.get(name);
  }
  /** How often it is right on pairs it has not seen: counted before for the rule's presses, so that its curve stands at once; null for none. */
  function rightAfter(k) {
    if (data.rule) return k ? shareOf(data.right[0][k - 1], data.right[1]) : null;
    const one = judge(k);
    if (one.right === undefined) one.right = one.count ? crossValidated(one.d, data.features, data.shrinkage, data.newton, data.folds) : null;
    return one.right;
  }
  const tell = () => s.report({ step: s.at, clicks: data.open ? s.clicks : "", who: data.named ? who() : "", id: s.id, rev: s.rev });
  const label = (k) => say(data.open ? w.moment_open : w.moment, { n: k, last: data.open ? n : last() });

  function press(value) {
    if (!data.open || (s.at >= n && (s.clicks[order[n - 1]] ?? NONE) !== NONE && s.at > n - 1)) return;
    const at = order[Math.min(s.at, n - 1)], all = Array.from({ length: n }, (_, i) => s.clicks[i] ?? NONE);
    all[at] = value;
    s.clicks = all.join("");
    if (!data.named) s.clicks = s.clicks.replace(/-+$/, "");
    s.at = Math.min(s.at + 1, last());
    refresh();
    tell();
  }

  const cards = h("div", { class: "cards" }), chart = h("svg", { class: "chart", role: "img" }), list = h("ol", { class: "unseen", tabindex: "0", "aria-label": w.unseen }), head = h("p", { class: "judge", "aria-live": "polite" });
  const right = h("section", { class: "right" }, h("h3", {}, say(w.unseen_title, { n: data.unseen.length })), head, list);
  function points() {
    const found = [];
    if (data.hidden) return found;
    for (let k = 1; k <= s.at; k += 1) if (data.rule || k % EVERY === 0 || k === s.at) { const one = rightAfter(k); if (one) found.push([k, one[0], one[1], one[2]]); }
    return found;
  }
  function plot(width, height, rem) {
    const found = points(), end = Math.max(10, data.open ? Math.ceil(Math.max(pressed(), 1) / 20) * 20 : last());
    const box = boxOf(width, height, rem);
    return scoreCurves({ box, last: end, low: data.rule ? 0.25 : 0, up: data.rule ? [0.25, 0.5, 0.75, 1] : [0, 0.5, 1], across: [0, Math.round(end / 2), end], guess: { score: 0.5, label: w.guessing, anchor: "end", dy: 1.1 }, lines: found.length ? [{ sign: 0, points: found }] : [], here: found.length ? found.length - 1 : null });
  }
  function ranking() {
    const { weights } = judge(s.at);
    return data.unseen.map(([start, text], i) => ({ i, start, text, score: dot(weights, s.vectors[first + i]) })).sort((a, b) => b.score - a.score || a.i - b.i);
  }
  function sorted() {
    const before = new Map([...list.children].map((node) => [node.dataset.id, node.getBoundingClientRect()]));
    const ranked = ranking(), most = Math.max(1e-9, ...ranked.map((x) => Math.abs(x.score)));
    fill(list, ...ranked.map(({ i, start, text, score }) => h("li", { "data-id": String(i), title: `${data.beginnings[start]}${text}` },
      h("span", { class: "bar", "aria-hidden": "true" }, h("i", { class: score < 0 ? "less" : "more", style: { width: `${(50 * Math.abs(score)) / most}%` } })),
      h("span", { class: "text" }, text.replace(/\s+/g, " ").trim()), data.marks ? h("span", { class: "mark" }, data.marks[i] > 0 ? `+${data.marks[i]}` : String(data.marks[i]).replace("-", "−")) : null)));
    slide([...list.children].slice(0, 24), before);
  }
  function refresh() {
    const i = pair(), [start, ...texts] = data.pairs[i], done = data.open ? s.clicks[order[s.at]] ?? NONE : s.at ? s.clicks[i] : NONE, over = data.open && s.at >= n;
    const card = (k) => {
      const chosen = done === String(k + 1), inside = [h("span", { class: "sign", "aria-hidden": "true" }, chosen ? "✓" : String(k + 1)), h("span", { class: "story" }, texts[k].replace(/\s+/g, " ").trim())];
      return data.open ? h("button", { type: "button", class: chosen ? "card on" : "card", "aria-pressed": String(chosen), disabled: over, onclick: () => press(String(k + 1)) }, ...inside) : h("div", { class: chosen ? "card on" : "card" }, ...inside);
    };
    fill(cards, h("p", { class: "start" }, h("b", {}, data.beginnings[start]), " …"), card(0), card(1),
      data.open ? h("p", { class: "below" }, h("button", { type: "button", class: done === "0" ? "tie on" : "tie", "aria-pressed": String(done === "0"), disabled: over, onclick: () => press("0") }, h("kbd", {}, "0"), ` ${w.tie}`), h("span", { class: "quiet" }, over ? w.all_pressed : w.keys)) : h("p", { class: "below quiet" }, s.at ? say(data.rule ? w.rule_pressed : w.were_pressed, { choice: done === "0" ? w.tie : done === NONE ? w.nothing : done }) : w.before_first));
    s.stepper.set({ step: s.at, last: last() });
    right.hidden = data.hidden;
    left.classList.toggle("alone", data.hidden);
    chart.style.display = data.hidden ? "none" : "";
    if (data.hidden) return;
    const { count } = judge(s.at), found = rightAfter(s.at);
    head.textContent = found ? say(data.rule ? w.judged : w.judged_own, { right: found[3], total: found[4], low: Math.round(100 * found[1]), high: Math.round(100 * found[2]) }) : say(data.rule || count ? w.too_few : w.no_judge, { n: count, least: data.folds });
    chart.setAttribute("aria-label", `${data.rule ? w.chart : w.chart_own}: ${head.textContent}`);
    drawn(chart, plot);
    sorted();
  }
  const left = h("section", { class: "left" }, cards, h("figure", {}, h("figcaption", {}, data.hidden ? "" : data.rule ? w.chart : w.chart_own), chart));
  s.stepper?.destroy();
  s.stepper = stepper({ words: data.stepper, label, onMove: (step) => { s.at = step; refresh(); tell(); }, beyond: data.open ? () => (s.at < n ? { text: w.press_next, go: () => {} } : null) : undefined });
  fill(root, s.stepper.node, h("div", { class: "board" }, left, right));
  refresh();
  if (data.named && s.told !== data.id) { s.told = data.id; tell(); } // so that Python knows which presses are this browser's
  s.keys?.();
  const onKey = (event) => {
    if (!data.open || event.ctrlKey || event.metaKey || event.altKey || event.repeat || !"012".includes(event.key) || typing(event.composedPath()[0]) || document.querySelector("dialog[open], [role=dialog]")) return;
    event.preventDefault();
    press(event.key);
  };
  document.addEventListener("keydown", onKey);
  s.keys = () => document.removeEventListener("keydown", onKey);
  s.watch?.disconnect();
  s.watch = new ResizeObserver(() => { if (!data.hidden) drawn(chart, plot); });
  s.watch.observe(chart);
  s.stop?.();
  s.stop = data.hidden ? null : offerPicture("reward-model", () => {
    const picture = frame(900, 560), ranked = ranking(), line = (x, y, text, more = {}) => h("text", { x, y, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, text);
    picture.append(...plot(880, 230, 16), line(20, 262, head.textContent, { "font-weight": 700 }), ...[...ranked.slice(0, 6), null, ...ranked.slice(-5)].map((one, k) => (one ? line(20, 292 + 22 * k, `${one.score >= 0 ? "+" : "−"}${Math.abs(one.score).toFixed(2)}  ${narrowed(one.text.replace(/\s+/g, " ").trim(), 105)}`) : line(20, 292 + 22 * k, "…"))));
    return picture;
  });
  return () => { s.stop?.(); s.stepper?.destroy(); s.watch?.disconnect(); s.keys?.(); s.keys = null; };
});
