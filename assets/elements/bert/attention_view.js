// Every head at a glance, one head as lines and as a matrix. Everything moves in the browser; Python hears the choice.
// The weights come from the server, or from the engine in this browser once it is there (bundled models only), in one shape.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { grouped, num, visible } from "../glassbox.lib/format.js";
import { ownKeys } from "../glassbox.lib/keys.js";
import { connected } from "../glassbox.lib/connection.js";
import { kept } from "../glassbox.lib/kept.js";
import { local } from "../glassbox.lib/local.js";
import { attending } from "../glassbox.lib/sources/attending.js";
import { lid } from "../glassbox.lib/lid.js";
import { view } from "../glassbox.lib/view.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { shadeTable, roleColour } from "../glassbox.lib/shades.js";
import { living } from "../glassbox.lib/living.js";

const COLOURS = ["token", "key", "position", "segment-b", "segment-a", "random", "mask", "kept"]; // one per chosen head
const MOST_LINES = 8_000; // the weakest beyond that are left out, and the page says so
const CURVES_UP_TO = 2_000; // more lines are drawn straight
const PAIRS = ["all", "aa", "ab", "ba", "bb"];
const px = (value) => `${value}px`;

const create = instances((parent) => ({
  parent, id: null, layer: 0, heads: [0], pin: null, hover: null, threshold: 0, noSpecial: false, noPunctuation: false,
  pair: "all", sort: "grid", least: 0, several: false, offers: [], built: null, keys: null, lid: {}, asked: 0, refused: null, view: view("attention"),
}));

/** Header and weights of one message: length, JSON, bytes. */
function read(bytes) {
  const size = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  return { ...header, raw: bytes.subarray(4 + size) };
}

/** A weight and how far it can be from the true one: the browser has 255 steps of its square root. */
const weightOf = (u) => (u / 255) ** 2;
const errorOf = (u) => (u === 0 ? 0.25 : u + 0.25) / 65025;
/** The same in the width that stands beside a token. Below 8 steps the weight is less than 0.001. */
const beside = (u) => (u === 0 ? "≈0" : u < 8 ? "<0.001" : `≈${weightOf(u).toFixed(weightOf(u) < 0.0995 ? 3 : 2)}`);
/** A weight with as many digits as are certain; "Numbers" below the picture has them all. */
const about = (u) => `≈ ${weightOf(u).toFixed(Math.min(5, Math.max(2, Math.floor(-Math.log10(2 * errorOf(u))))))}`;

const ASKED = ["text", "second", "measure"]; // what is drawn depends on these
const same = (a, b) => ASKED.every((key) => a[key] === b[key]);
const columnsOf = (state, measure, heads) => (measure === "rollout" ? [state.words.mean, state.words.rolled] : Array.from({ length: heads }, (_, i) => String(i)));

/** What the reader chose in the picture, as the view of the page holds it; without scores there is no order to choose. */
function outward(state) {
  const { measure } = state.view.state, order = state.model.kinds.length ? { sort: state.sort, least: state.least } : {};
  return { layer: state.layer, [measure === "rollout" ? "reading" : "heads"]: [...state.heads], token: state.pin ?? -1, ...order, no_special: state.noSpecial, no_punctuation: state.noPunctuation, pair: state.pair, hide_below: state.threshold };
}

/** Take the choice from the view of the page. */
function inward(state) {
  const held = state.view.state, heads = held[held.measure === "rollout" ? "reading" : "heads"];
  Object.assign(state, { layer: held.layer, heads: [...heads], pin: held.token < 0 ? null : held.token, sort: held.sort, several: state.several || heads.length > 1, least: held.least, noSpecial: held.no_special, noPunctuation: held.no_punctuation, pair: held.pair, threshold: held.hide_below });
}

/** Draw a text: `model` is what the server sent or the engine computed. */
function show(state, model) {
  const { measure } = state.view.state, scores = { ...model.scores };
  if (!scores.induction && state.induction && measure !== "rollout" && Object.keys(scores).length) scores.induction = state.induction;
  state.model = { ...model, scores, kinds: KINDS.filter((kind) => scores[kind]), words: state.words, evenInduction: state.even, of: { ...model.of } };
  redraw(state);
}
const KINDS = ["previous", "next", "itself", "first", "separator", "same_word", "broad", "induction"];

function redraw(state) {
  const { model } = state;
  inward(state);
  state.best = !state.heads.length && state.sort !== "grid"; // the link wants the first of this order
  if (state.id !== model.id) { state.id = model.id; state.hover = null; }
  if (!model.layers.includes(state.layer)) state.layer = model.layers[Math.min(state.layer, model.layers.length - 1)] ?? model.layers[0];
  state.heads = state.heads.filter((head) => head < model.columns.length);
  if (!state.heads.length) state.heads = [0];
  if (state.pin !== null && (state.pin < 0 || state.pin >= model.tokens.length)) state.pin = null;
  if (!model.kinds.includes(state.sort)) state.sort = "grid";
  state.root.classList.remove("waiting");
  build(state.root, state);
  drawWhere(state);
}

// -- who computes ------------------------------------------------------------------------------------------------------------------------

/** Let the engine read the text on screen; only the newest question is drawn. */
async function compute(state) {
  const asked = state.asked += 1, { source } = state.local, { text, second, measure } = state.view.state;
  state.root.classList.add("waiting");
  try {
    const found = await source.view(text, second, measure);
    if (asked !== state.asked || !state.root.isConnected) return;
    state.refused = null;
    show(state, { ...found, id: `${state.name}|${text}|${second}|${measure}`, columns: columnsOf(state, measure, source.heads), of: { text, second, measure } });
    state.keeper.rest();
  } catch (error) {
    if (asked !== state.asked) return;
    if (error.code !== "context") { state.local.fail(error); return; }
    state.refused = error; // what was on screen stays
    state.root.classList.remove("waiting");
    drawWhere(state);
  }
}

/** Tell Python where the reader is, and what it need not compute. */
function tell(state) {
  if (!state.root.isConnected || !state.model) return;
  const { layer, model } = state, browser = state.local.source ? state.name : null, head = state.heads[0], query = state.pin ?? 0;
  const row = browser && model.of.measure === "weights" ? model.exact?.(layer, head, query) : null, key = row?.indexOf(row.reduce((a, b) => Math.max(a, b)));
  state.trigger("view", { rev: state.view.rev, state: state.view.state, browser, waits: !browser && (Boolean(state.view.waits) || !same(model.of, state.view.state)), failed: state.local.refused, tokens: model.tokens.length, reads: row ? [layer, head, query, key, row[key]] : null });
}

/** The view was moved: by the picture, a field, the board of switches, or Back and Forward. */
function moved(state, before, from) {
  const now = state.view.state;
  if (["off", "at", "tried", ...ASKED].some((key) => String(now[key]) !== String(before?.[key]))) state.local.open(state.files);
  if (from === "picture") { drawWhere(state); return; }
  if (same(now, before ?? {})) { if (from === "address" || from === "example") redraw(state); return; }
  if (state.local.source) compute(state);
  else { state.asked += 1; state.root.classList.add("waiting"); }
}

/** The line under the picture, and above it why the browser does not compute, or cannot read the text. */
function captionOf(state) {
  const { words: w, model } = state, { measure } = model.of;
  const of = say(w[measure === "rollout" ? "caption_reading" : "caption_heads"], { layer: state.layer, heads: state.heads.map((head) => model.columns[head]).join(", ") });
  return `${state.name} (${state.revision.slice(0, 14)}) · ${of} · ${w[measure]} · ${say(w.caption_tokens, { n: model.tokens.length })}`;
}
function drawWhere(state) {
  if (!state.model) return;
  const { refused, words: w } = state, [where, progress] = state.local.line(w);
  fill(state.where, captionOf(state), state.files ? ` · ${where}` : null, progress);
  fill(state.notes, state.local.note(w), refused ? h("p", { class: "note" }, say(w.too_long, { model: state.name, tokens: grouped(refused.tokens), limit: grouped(refused.limit) })) : null);
}

/** What Python sent: the state that it moved, or weights for the state on screen. */
function take(state, header, raw) {
  const other = state.name !== header.model;
  if (other) { state.local.drop(); state.model = null; state.refused = null; }
  Object.assign(state, { name: header.model, revision: header.revision, words: header.words, files: header.files, params: header.params, induction: header.induction, even: header.evenInduction });
  const adopted = state.rev !== header.rev;
  if (adopted) { state.rev = header.rev; state.several = false; if (!state.view.ahead) state.refused = null; }
  state.view.adopt(header.rev, header.state);
  const now = state.view.state;
  const wanted = header.drawn && (same(header.asked, now) || !state.model), known = state.model?.id === header.drawn?.id || (state.local.source && state.model);
  if (wanted && (adopted || !known)) show(state, { ...header.drawn, of: header.asked, raw });
  else if (state.model && (adopted || state.fresh)) redraw(state);
  if (!header.drawn || !same(header.asked, now)) state.local.open(state.files);
  if (state.local.source && (!state.model || !same(state.model.of, now))) compute(state);
  if (state.view.ahead && connected()) state.keeper.rest();
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const state = create(parentElement), root = parentElement.querySelector(".gb-attention_view"), { raw, ...header } = read(data);
  state.trigger = setTriggerValue;
  state.fresh = !state.keeper || state.lang !== header.words.layer;
  state.root = root;
  state.lang = header.words.layer;
  if (state.fresh) {
    state.notes = h("div", { role: "status" });
    state.picture = h("div", { class: "picture" });
    state.where = h("p", { class: "where gb-caption" });
    fill(root, state.notes, state.picture, state.where);
  }
  state.local ??= local({
    make: attending,
    ready: () => { state.view.change({}, "engine"); if (!state.model || !same(state.model.of, state.view.state) || !state.model.exact) compute(state); else state.keeper.rest(); },
    failed: () => { state.view.change({}, "engine"); state.keeper.report(); },
    changed: () => drawWhere(state),
  });
  state.view.local = state.local;
  state.view.files = () => state.files;
  state.keeper ??= kept({
    view: state.view, params: () => state.params, here: () => Boolean(state.local.source), tell: () => tell(state), moved: (before, from) => moved(state, before, from),
    mine: (event) => event.composedPath().some((node) => node.classList?.contains("gb-attention_view") || node.classList?.contains("gb-page_fields") || node.classList?.contains("gb-ablation_board")),
  });
  take(state, header, raw);
  if (state.fresh) state.view.change({}, "engine"); // who was there before can ask it now
  return () => { state.keys?.(); state.keys = null; state.offers.forEach((stop) => stop()); state.offers = []; state.watch?.disconnect(); state.keeper?.stop(); state.keeper = null; };
});

function build(root, state) {
  const { model } = state;
  const words = model.words;
  const n = model.tokens.length;
  const shown = model.tokens.map((token) => visible(token) || "∅");
  const shades = shadeTable(root);
  const begin = performance.now();
  const at = (layer, head, q) => ((model.layers.indexOf(layer) * model.columns.length + head) * n + q) * n;
  const active = () => state.heads[state.heads.length - 1];
  const colourName = (i) => COLOURS[i % COLOURS.length];
  /** A head by number, or another reading by its name. */
  const named = (i) => (/^\d+$/.test(model.columns[i]) ? `${words.head} ${model.columns[i]}` : model.columns[i]);
  /** The same, short enough for a thumbnail. */
  const shortName = (layer, i) => (/^\d+$/.test(model.columns[i]) ? `L${layer}·H${model.columns[i]}` : `L${layer} ${model.columns[i]}`);
  const fullName = (layer, i) => say(/^\d+$/.test(model.columns[i]) ? words.head_name : words.reading_name, { layer, head: model.columns[i] });
  const tell = () => state.view.change(outward(state), "picture");

  // --- what is shown -------------------------------------------------------------------------------------------
  let rows = [], columns = [], nothingLeft = false;
  function choose() {
    const all = shown.map((_, i) => i);
    const wanted = all.filter((i) => !(state.noSpecial && model.special[i]) && !(state.noPunctuation && model.punctuation[i]));
    nothingLeft = !wanted.length; // a text of special tokens only: an empty picture would say nothing
    const kept = nothingLeft ? all : wanted;
    const side = (want) => kept.filter((i) => state.pair === "all" || !model.pair || model.segments[i] === (want === "a" ? 0 : 1));
    rows = side(state.pair[0]);
    columns = side(state.pair[1]);
    if (!rows.length || !columns.length) { rows = kept; columns = kept; }
  }

  // --- the bar -------------------------------------------------------------------------------------------------
  const check = (name, text) => h("label", { class: "check" }, h("input", { type: "checkbox", checked: state[name], onchange: (event) => { state[name] = event.target.checked; refresh(); tell(); } }), text);
  const thresholdOut = h("output", {}, num(state.threshold));
  const threshold = h("input", { type: "range", min: "0", max: "0.5", step: "0.01", value: String(state.threshold), "aria-label": words.threshold,
    oninput: (event) => { state.threshold = Number(event.target.value); thresholdOut.textContent = num(state.threshold); drawLines(); drawHover(); tell(); } });
  const chips = h("div", { class: "chips" });
  const bar = h("div", { class: "bar" },
    h("div", { class: "layers", role: "group", "aria-label": words.layer }, h("span", { class: "name" }, words.layer),
      h("select", { "aria-label": words.layer, onchange: (event) => { state.layer = Number(event.target.value); refresh(); tell(); } }, ...model.layers.map((layer) => h("option", { value: String(layer) }, layer)))),
    chips,
    h("label", { class: "check" }, h("input", { type: "checkbox", checked: state.several, onchange: (event) => { state.several = event.target.checked; if (!state.several) { state.heads = [active()]; refresh(); tell(); } } }), words.several),
    h("label", { class: "range" }, words.threshold, threshold, thresholdOut),
    model.special.some(Boolean) ? check("noSpecial", words.no_special) : null,
    model.punctuation.some(Boolean) ? check("noPunctuation", words.no_punctuation) : null,
    model.pair ? h("label", { class: "check" }, words.pair, h("select", { "aria-label": words.pair, onchange: (event) => { state.pair = event.target.value; refresh(); tell(); } },
      ...PAIRS.map((pair) => h("option", { value: pair, selected: pair === state.pair ? true : undefined }, words[`pair_${pair}`])))) : null);
  const layerBox = bar.querySelector("select");
  bar.querySelector(".layers").hidden = model.layers.length < 2; // the page has a box for the layer that is sent

  // --- all heads -----------------------------------------------------------------------------------------------
  // One canvas for all heads: a canvas each would be 144 layers, which the browser puts together at every hover.
  const sheet = h("canvas", { class: "sheet", "aria-hidden": "true" });
  const grid = h("div", { class: "grid" });
  const sortBox = h("select", { "aria-label": words.sort, onchange: (event) => { state.sort = event.target.value; state.least = 0; layThumbs(); paintThumbs(); tell(); } },
    ...["grid", ...model.kinds].map((kind) => h("option", { value: kind }, kind === "grid" ? words.sort_grid : words[`kind_${kind}`])));
  const leastOut = h("output", {}), kept = h("span", { class: "kept", "aria-live": "polite" });
  const leastBox = h("input", { type: "range", min: "0", max: "1", step: "0.01", "aria-label": words.at_least, oninput: (event) => { state.least = Number(event.target.value); layThumbs(); paintThumbs(); tell(); } });
  const inductionNote = h("p", { class: "measured" }, say(words.induction_note, { even: num(model.evenInduction) }));
  const filter = h("label", { class: "range filter" }, words.at_least, leastBox, leastOut, kept);
  const thumbs = new Map();
  const score = (kind, layer, head) => model.scores[kind]?.[model.layers.indexOf(layer)]?.[head] ?? null;
  function describe(layer, head) {
    const name = fullName(layer, head);
    const kind = model.strongest?.[model.layers.indexOf(layer)]?.[head];
    return kind ? `${name}: ${words[`kind_${kind}`]} ${num(score(kind, layer, head))}` : name;
  }
  function take(layer, head, add) {
    if ((add || state.several) && layer === state.layer) {
      const has = state.heads.includes(head);
      state.heads = has && state.heads.length > 1 ? state.heads.filter((other) => other !== head) : has ? state.heads : [...state.heads, head].slice(-COLOURS.length);
    } else { state.layer = layer; state.heads = [head]; }
    refresh();
    tell();
  }
  for (const layer of model.layers) {
    for (let head = 0; head < model.columns.length; head++) {
      const place = h("span", { class: "place" });
      const label = h("span", { class: "score" });
      const node = h("button", { type: "button", class: "thumb", title: describe(layer, head), "aria-label": describe(layer, head), tabindex: "-1", "data-layer": String(layer), "data-head": String(head),
        onclick: (event) => take(layer, head, event.shiftKey || event.ctrlKey || event.metaKey) }, place, label);
      thumbs.set(`${layer}.${head}`, { layer, head, place, node, label });
    }
  }
  let order = [];
  function layThumbs() {
    const all = [...thumbs.values()];
    const list = state.sort !== "grid";
    sortBox.value = state.sort;
    const value = (thumb) => score(state.sort, thumb.layer, thumb.head) ?? -1;
    order = list ? all.sort((a, b) => value(b) - value(a)).filter((thumb) => value(thumb) >= state.least) : all;
    filter.hidden = !list;
    inductionNote.hidden = state.sort !== "induction";
    leastBox.value = String(state.least);
    leastOut.textContent = num(state.least);
    kept.textContent = say(words.kept, { n: order.length, all: thumbs.size });
    for (const thumb of order) thumb.label.textContent = list ? `${shortName(thumb.layer, thumb.head)} ${num(score(state.sort, thumb.layer, thumb.head))}` : "";
    grid.className = `grid${list ? " list" : ""}`;
    grid.style.setProperty("--columns", String(model.columns.length));
    fill(grid, sheet, list ? [] : [h("span", { class: "axis corner" }), ...model.columns.map((name) => h("span", { class: "axis" }, name))],
      ...order.flatMap((thumb) => (!list && thumb.head === 0 ? [h("span", { class: "axis" }, thumb.layer), thumb.node] : [thumb.node])));
  }
  grid.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: state.sort === "grid" ? model.columns.length : 4, ArrowUp: state.sort === "grid" ? -model.columns.length : -4 }[event.key];
    if (!step) return;
    event.preventDefault(); event.stopPropagation();
    const here = order.findIndex((thumb) => thumb.node === event.target.closest("button"));
    order[Math.min(Math.max(here + step, 0), order.length - 1)].node.focus();
  });
  const one = document.createElement("canvas"); // a head, one pixel per weight, before it takes its place on the sheet
  let painting = 0, painted = "";
  /** Paint every head where its button lies now, a part per frame; nothing to do if nothing moved. */
  function paintThumbs(again = true) {
    if (!order.length) { sheet.width = sheet.height = 0; painted = ""; return; }
    const spots = order.map(({ place }) => [place.offsetLeft, place.offsetTop, place.offsetWidth]);
    const wide = grid.clientWidth, tall = Math.max(...spots.map(([, top, across]) => top + across));
    const now = `${wide} ${spots.at(-1)} ${state.sort}`;
    if (!wide || (!again && now === painted)) return;
    painted = now;
    const scale = Math.min(devicePixelRatio || 1, 16_000 / tall);
    sheet.width = Math.round(wide * scale); sheet.height = Math.round(tall * scale);
    sheet.style.width = px(wide); sheet.style.height = px(tall);
    const context = sheet.getContext("2d");
    const round = (value) => Math.round(value * scale);
    cancelAnimationFrame(painting);
    const part = (from) => {
      const until = Math.min(from + 48, order.length);
      for (let i = from; i < until; i++) {
        const [left, top, across] = spots[i];
        paintMatrix(one, order[i].layer, order[i].head, null);
        context.imageSmoothingEnabled = across * scale < n;
        context.imageSmoothingQuality = "high";
        context.drawImage(one, round(left), round(top), round(across), round(across));
      }
      if (until < order.length) painting = requestAnimationFrame(() => part(until));
      else { root.dataset.thumbs = String(order.length); root.dataset.thumbsMs ??= (performance.now() - begin).toFixed(0); }
    };
    part(0);
  }
  /** One byte, one shade: the byte is the square root of the weight, as the legend says. */
  function paintMatrix(canvas, layer, head, only) {
    const across = only ? columns : null, down = only ? rows : null;
    const width = across ? across.length : n, height = down ? down.length : n;
    canvas.width = width; canvas.height = height;
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let y = 0; y < height; y++) {
      const row = at(layer, head, down ? down[y] : y);
      for (let x = 0; x < width; x++) pixels[y * width + x] = shades[model.raw[row + (across ? across[x] : x)]];
    }
    context.putImageData(image, 0, 0);
  }

  // --- two columns of tokens with lines ------------------------------------------------------------------------
  const base = h("canvas", { class: "base", "aria-hidden": "true" }), over = h("canvas", { class: "over", "aria-hidden": "true" });
  const left = h("div", { class: "tokens left", role: "group", "aria-label": words.query }), right = h("div", { class: "tokens right", role: "group", "aria-label": words.key });
  const middle = h("div", { class: "middle" });
  const inner = h("div", { class: "inner" }, base, over, left, middle, right);
  const scroll = h("div", { class: "scroll" }, inner);
  const leftOut = h("span", { class: "left-out" });
  let rowHeight = 24, height = 0, width = 0, from = 0, to = 0, font = "";
  const leftNodes = [], rightNodes = [];

  function layTokens() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const most = Math.max(rows.length, columns.length);
    rowHeight = Math.round(rem * (most <= 16 ? 1.6 : most <= 24 ? 1.35 : 1.25));
    const token = (i, list) => {
      const isLeft = list === leftNodes;
      const node = h("button", { type: "button", class: `token${model.special[i] ? " special" : ""}`, tabindex: i === (isLeft ? rows[0] : columns[0]) ? "0" : "-1", "data-i": String(i), dir: "auto",
        title: `${i}: ${shown[i]}`, style: { height: px(rowHeight) },
        onpointerenter: () => point(isLeft ? { q: i } : { k: i }), onpointerleave: () => point(null), onfocus: () => point(isLeft ? { q: i } : { k: i }), onblur: () => point(null),
        onclick: () => { state.pin = isLeft ? (state.pin === i ? null : i) : state.pin; drawHover(); tell(); } },
        model.pair ? h("span", { class: `seg seg-${model.segments[i] ? "b" : "a"}`, "aria-hidden": "true" }, model.segments[i] ? "B" : "A") : null,
        h("span", { class: "text" }, shown[i]));
      list[i] = node;
      return node;
    };
    leftNodes.length = rightNodes.length = 0;
    fill(left, ...rows.map((i) => token(i, leftNodes)));
    fill(right, ...columns.map((i) => token(i, rightNodes)));
    height = most * rowHeight;
    inner.style.height = px(height);
  }
  for (const box of [left, right]) {
    box.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault(); event.stopPropagation();
      const all = [...box.children];
      all[Math.min(Math.max(all.indexOf(event.target) + step, 0), all.length - 1)]?.focus();
    });
  }
  function size(canvas, tall) {
    const scale = Math.min(devicePixelRatio || 1, 16_000 / Math.max(1, tall));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(tall * scale));
    canvas.style.width = px(width); canvas.style.height = px(tall);
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    return context;
  }
  let scrolling = 0;
  scroll.addEventListener("scroll", () => { cancelAnimationFrame(scrolling); scrolling = requestAnimationFrame(() => { if (state.hover || state.pin !== null) drawHover(); }); }, { passive: true });
  const rowOf = new Map(), columnOf = new Map();
  const y = (index) => (index + 0.5) * rowHeight;
  /** Lines of some queries and keys, in 24 strengths so that 16,000 lines are 24 strokes. Returns how many. */
  function strokes(context, list, queries, keys) {
    const least = Math.max(1, Math.round(Math.sqrt(state.threshold) * 255));
    let drawn = 0, skipped = 0;
    const straight = list.length * queries.length * keys.length > CURVES_UP_TO;
    const each = Math.floor(MOST_LINES / list.length), bend = (to - from) * 0.42;
    list.forEach((head, i) => {
      const buckets = Array.from({ length: 24 }, () => null);
      for (const q of queries) {
        const row = at(state.layer, head, q);
        for (const k of keys) {
          const u = model.raw[row + k];
          if (u < least) continue;
          const bucket = Math.min(23, Math.floor(u / 10.67));
          (buckets[bucket] ??= []).push(q, k);
        }
      }
      context.strokeStyle = roleColour(root, colourName(i));
      let room = each;
      for (let b = 23; b >= 0; b--) {
        if (!buckets[b]) continue;
        if (room <= 0) { skipped += buckets[b].length / 2; continue; }
        const weight = ((b + 0.5) / 24) ** 2;
        context.globalAlpha = Math.min(1, Math.sqrt(weight) * (list.length > 2 ? 0.8 : 1));
        context.lineWidth = Math.max(0.6, weight * 7);
        context.beginPath();
        const pairs = buckets[b];
        let p = 0;
        for (; p < pairs.length && room > 0; p += 2, room--, drawn++) {
          const y1 = y(rowOf.get(pairs[p])), y2 = y(columnOf.get(pairs[p + 1]));
          context.moveTo(from, y1);
          if (straight) context.lineTo(to, y2);
          else context.bezierCurveTo(from + bend, y1, to - bend, y2, to, y2);
        }
        skipped += (pairs.length - p) / 2;
        context.stroke();
      }
    });
    context.globalAlpha = 1;
    return { drawn, skipped };
  }
  const hiddenAway = (place) => (place + 1) * rowHeight < offset || place * rowHeight > offset + view;
  /** Behind the tokens of one side: a bar and a number for each weight. Full width is a weight of one. */
  function drawBars(context, list, isLeft, byteOf) {
    const edge = isLeft ? from : to, room = isLeft ? from : width - to, part = (rowHeight - 4) / state.heads.length;
    state.heads.forEach((head, c) => {
      context.fillStyle = roleColour(root, colourName(c));
      context.globalAlpha = 0.3;
      context.beginPath();
      list.forEach((i, place) => { if (hiddenAway(place)) return; const w = weightOf(byteOf(head, i)) * room; context.rect(isLeft ? edge - w : edge, place * rowHeight + 2 + c * part, w, Math.max(1, part - 1)); });
      context.fill();
    });
    context.globalAlpha = 1;
    if (state.heads.length > 1) return;
    context.fillStyle = roleColour(root, "quiet");
    context.font = font;
    context.textBaseline = "middle";
    context.textAlign = isLeft ? "left" : "right";
    list.forEach((i, place) => hiddenAway(place) || context.fillText(beside(byteOf(state.heads[0], i)), isLeft ? 8 : width - 8, y(place)));
  }
  let baseContext = null, overContext = null, seenWidth = 0, view = 0, offset = 0;
  function drawLines() {
    baseContext.clearRect(0, 0, width, height);
    const { drawn, skipped } = strokes(baseContext, state.heads, rows, columns);
    root.dataset.lines = String(drawn);
    scroll.classList.toggle("many", drawn > 1000);
    leftOut.textContent = nothingLeft ? words.nothing_left : skipped ? say(words.left_out, { n: grouped(skipped) }) : "";
  }

  // --- the matrix ----------------------------------------------------------------------------------------------
  const matrix = h("canvas", { class: "cells", role: "img" }), rowMark = h("span", { class: "row-mark", "aria-hidden": "true" }), columnMark = h("span", { class: "column-mark", "aria-hidden": "true" });
  const matrixBox = h("div", { class: "square" }, matrix, rowMark, columnMark);
  const rowNames = h("div", { class: "row-names", "aria-hidden": "true" }), columnNames = h("div", { class: "column-names", "aria-hidden": "true" });
  const matrixTitle = h("strong", {});
  function drawMatrix() {
    paintMatrix(matrix, state.layer, active(), true);
    matrix.setAttribute("aria-label", say(words.matrix_label, { head: describe(state.layer, active()), n }));
    matrixTitle.textContent = fullName(state.layer, active());
    const named = rows.length <= 34 && columns.length <= 34;
    matrixBox.parentElement.classList.toggle("named", named);
    const name = (i) => h("span", { "data-i": String(i), dir: "auto" }, shown[i]);
    fill(rowNames, ...(named ? rows.map(name) : []));
    fill(columnNames, ...(named ? columns.map(name) : []));
    drawMarks();
  }
  function drawMarks() {
    const focus = state.hover ?? (state.pin === null ? null : { q: state.pin });
    for (const child of rowNames.children) child.classList.toggle("on", focus?.q === Number(child.dataset.i));
    for (const child of columnNames.children) child.classList.toggle("on", focus?.k === Number(child.dataset.i));
    const put = (mark, place, count, start, extent) => {
      mark.hidden = place === undefined;
      if (place !== undefined) { mark.style[start] = `${(place / count) * 100}%`; mark.style[extent] = `${100 / count}%`; }
    };
    put(rowMark, focus?.q === undefined ? undefined : rowOf.get(focus.q), rows.length, "top", "height");
    put(columnMark, focus?.k === undefined ? undefined : columnOf.get(focus.k), columns.length, "left", "width");
  }
  const cellAt = (event) => {
    const box = matrixBox.getBoundingClientRect();
    const q = rows[Math.floor((event.clientY - box.top) / box.height * rows.length)], k = columns[Math.floor((event.clientX - box.left) / box.width * columns.length)];
    return q === undefined || k === undefined ? null : { q, k };
  };
  matrixBox.addEventListener("pointermove", (event) => point(cellAt(event)));
  matrixBox.addEventListener("pointerleave", () => point(null));
  matrixBox.addEventListener("click", (event) => { const cell = cellAt(event); if (!cell) return; state.pin = state.pin === cell.q ? null : cell.q; drawHover(); tell(); });

  // --- pointing ------------------------------------------------------------------------------------------------
  const readout = h("p", { class: "readout", "aria-live": "polite" });
  let waiting = false, stale = false, drewNow = false;
  /** Draw while the event is handled, so that this frame shows it; what else comes before the frame, and leaving, waits for it. */
  function point(where) {
    if (where?.q === state.hover?.q && where?.k === state.hover?.k) return;
    state.hover = where;
    if (where && !drewNow) { drewNow = true; stale = false; drawHover(); } else stale = true;
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = drewNow = false; if (stale) { stale = false; drawHover(); } });
  }
  function drawHover() {
    const focus = state.hover ?? (state.pin === null ? null : { q: state.pin });
    const byQuery = focus && focus.q !== undefined && rowOf.has(focus.q);
    const byKey = focus && !byQuery && focus.k !== undefined && columnOf.has(focus.k);
    overContext.clearRect(0, 0, width, view);
    offset = Math.min(scroll.scrollTop, Math.max(0, height - view));
    over.style.transform = `translateY(${offset}px)`;
    overContext.save();
    overContext.translate(0, -offset);
    scroll.classList.toggle("pointing", Boolean(byQuery || byKey));
    let drawn = 0;
    if (byQuery) drawn = strokes(overContext, state.heads, [focus.q], focus.k === undefined || !columnOf.has(focus.k) ? columns : [focus.k]).drawn;
    else if (byKey) drawn = strokes(overContext, state.heads, rows, [focus.k]).drawn;
    if (byQuery) drawBars(overContext, columns, false, (head, k) => model.raw[at(state.layer, head, focus.q) + k]);
    else if (byKey) drawBars(overContext, rows, true, (head, q) => model.raw[at(state.layer, head, q) + focus.k]);
    overContext.restore();
    const dress = (nodes, list, on, pinned) => {
      for (const i of list) {
        const look = `token${model.special[i] ? " special" : ""}${on === i ? " on" : ""}${pinned === i ? " pinned" : ""}`;
        if (nodes[i].className === look) continue;
        nodes[i].className = look;
        if (nodes === leftNodes) nodes[i].setAttribute("aria-pressed", String(pinned === i));
      }
    };
    dress(leftNodes, rows, focus?.q, state.pin);
    dress(rightNodes, columns, focus?.k);
    drawMarks();
    readout.replaceChildren(...sentence(focus, byQuery, byKey));
    root.dataset.hover = byQuery ? `q${focus.q}` : byKey ? `k${focus.k}` : "";
    root.dataset.hoverLines = String(drawn);
    if (state.pin === null && !state.hover) root.dataset.hoverLines = "0";
  }
  const quoted = (i) => h("code", {}, shown[i]);
  /** The numbers of the picture as a sentence: the largest, how exact, how much of the row is on screen. */
  function sentence(focus, byQuery, byKey) {
    const head = active();
    if (!byQuery && !byKey) {
      const kind = model.strongest?.[model.layers.indexOf(state.layer)]?.[head];
      return [h("b", {}, fullName(state.layer, head)), ". ",
        kind ? say(words.does, { kind: words[`kind_${kind}`], value: num(score(kind, state.layer, head)) }) : "", " ", words.hint];
    }
    const list = byQuery ? columns : rows;
    const u = (i) => (byQuery ? model.raw[at(state.layer, head, focus.q) + i] : model.raw[at(state.layer, head, i) + focus.k]);
    if (byQuery && focus.k !== undefined && columnOf.has(focus.k)) {
      return [quoted(focus.q), ` ${words.reads} `, quoted(focus.k), `: ${about(u(focus.k))}`];
    }
    const top = [...list].sort((a, b) => u(b) - u(a)).slice(0, 5).filter((i) => u(i) > 0);
    const total = list.reduce((sum, i) => sum + weightOf(u(i)), 0);
    const pieces = top.flatMap((i, place) => [place ? " · " : " ", quoted(i), ` ${about(u(i))}`]);
    return [quoted(byQuery ? focus.q : focus.k), ` ${byQuery ? words.reads : words.is_read_by}`, ...pieces,
      byQuery && (rows.length < n || columns.length < n) && total < 0.995 ? ` — ${say(words.rest_hidden, { share: num(Math.max(0, 1 - total), 2) })}` : "",
      state.heads.length > 1 ? ` (${fullName(state.layer, head)})` : ""];
  }

  // --- everything ----------------------------------------------------------------------------------------------
  function refresh() {
    choose();
    rowOf.clear(); columnOf.clear();
    rows.forEach((i, place) => rowOf.set(i, place));
    columns.forEach((i, place) => columnOf.set(i, place));
    layerBox.value = String(state.layer);
    fill(chips, ...state.heads.map((head, i) => h("button", { type: "button", class: "chip", title: words.remove, style: { "--chip": `var(--gb-${colourName(i)})` },
      onclick: () => { if (state.heads.length > 1) { state.heads = state.heads.filter((other) => other !== head); refresh(); tell(); } } },
      h("i", {}), named(head), state.heads.length > 1 ? " ×" : "")));
    for (const thumb of thumbs.values()) {
      const place = thumb.layer === state.layer ? state.heads.indexOf(thumb.head) : -1;
      thumb.node.classList.toggle("chosen", place >= 0);
      thumb.node.setAttribute("aria-pressed", String(place >= 0));
      thumb.node.tabIndex = thumb.layer === state.layer && thumb.head === active() ? 0 : -1;
      if (place >= 0) thumb.node.style.setProperty("--chip", `var(--gb-${colourName(place)})`);
    }
    layTokens();
    measure();
    drawMatrix();
    drawHover();
    root.dataset.state = `${state.layer}:${state.heads.join(",")}`;
  }
  function measure() {
    width = Math.max(160, inner.clientWidth);
    from = middle.offsetLeft; to = from + middle.offsetWidth;
    seenWidth = middle.clientWidth;
    font = `${parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.8}px ${getComputedStyle(root).getPropertyValue("--st-code-font") || "monospace"}`;
    view = Math.min(height, Math.max(rowHeight, scroll.clientHeight));
    baseContext = size(base, height);
    overContext = size(over, view); // as tall as what is visible, and moved along when that scrolls
    drawLines();
  }
  const steps = Array.from({ length: 21 }, (_, i) => h("i", { style: { "background-color": shadeCss(shades[Math.round((i / 20) * 255)]) } }));
  fill(state.picture, h("div", { class: "frame" }, bar,
    h("div", { class: "parts" },
      h("section", { class: "all", "aria-label": words.all }, h("div", { class: "title" }, h("strong", {}, words.all), h("label", { class: "check" }, words.sort, sortBox)), filter, inductionNote, grid),
      h("section", { class: "lines", "aria-label": words.lines }, h("div", { class: "title ends" }, h("span", { class: "is-query" }, words.query), leftOut, h("span", { class: "is-key" }, words.key)), scroll),
      h("section", { class: "matrix", "aria-label": words.matrix }, lid(root, state.lid, h("div", { class: "title" }, matrixTitle, h("span", { class: "legend" }, "0", h("span", { class: "ramp" }, ...steps), "1", h("small", {}, words.legend))),
        h("div", { class: "plane" }, h("span", { class: "is-key top" }, `${words.key} →`), h("span", { class: "is-query side" }, `${words.query} ↓`), columnNames, rowNames, matrixBox)))),
    readout));
  // The arrows go through the heads in the order of the thumbnails.
  state.keys?.();
  state.keys = ownKeys((action) => {
    const here = order.findIndex((thumb) => thumb.layer === state.layer && thumb.head === active());
    const to = { next: here + 1, back: here - 1, first: 0, last: order.length - 1 }[action];
    const thumb = to === undefined ? null : order[Math.min(Math.max(to, 0), order.length - 1)];
    if (!thumb || (thumb.layer === state.layer && thumb.head === active())) return;
    state.layer = thumb.layer; state.heads = [thumb.head];
    if (grid.contains(root.getRootNode().activeElement)) thumb.node.focus();
    refresh(); tell();
  });
  layThumbs();
  if (state.best && order.length) { state.layer = order[0].layer; state.heads = [order[0].head]; tell(); }
  refresh();
  root.dataset.linesMs = (performance.now() - begin).toFixed(0);
  delete root.dataset.thumbsMs;
  requestAnimationFrame(() => paintThumbs(false));
  state.watch?.disconnect();
  state.watch = new ResizeObserver(() => { if (Math.abs(middle.clientWidth - seenWidth) > 1) { measure(); drawHover(); } paintThumbs(false); });
  state.watch.observe(root);
  state.watch.observe(grid);

  // --- pictures ------------------------------------------------------------------------------------------------
  state.offers.forEach((stop) => stop());
  const mono = { "font-family": "ui-monospace, monospace", "font-size": 14, fill: "var(--gb-text)" };
  state.offers = [
    offerPicture("lines", () => {
      const step = 24, top = 34, wide = 170, across = 260;
      const svg = frame(wide * 2 + across, top + Math.max(rows.length, columns.length) * step + 10);
      svg.append(h("text", { x: wide - 10, y: 20, "text-anchor": "end", "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-token)" }, words.query),
        h("text", { x: wide + across + 10, y: 20, "font-size": 14, "font-family": "sans-serif", fill: "var(--gb-key)" }, words.key));
      const queries = state.pin === null || !rowOf.has(state.pin) ? rows : [state.pin];
      const least = Math.max(state.threshold, rows.length > 64 ? 0.02 : 0.002);
      state.heads.forEach((head, i) => queries.forEach((q) => columns.forEach((k) => {
        const w = weightOf(model.raw[at(state.layer, head, q) + k]);
        if (w < least) return;
        const y1 = top + (rowOf.get(q) + 0.5) * step, y2 = top + (columnOf.get(k) + 0.5) * step;
        svg.append(h("path", { d: `M${wide} ${y1}C${wide + across * 0.42} ${y1} ${wide + across * 0.58} ${y2} ${wide + across} ${y2}`, fill: "none", stroke: `var(--gb-${colourName(i)})`, "stroke-opacity": Math.sqrt(w).toFixed(3), "stroke-width": Math.max(0.6, w * 7).toFixed(2) }));
      })));
      rows.forEach((i, place) => svg.append(h("text", { x: wide - 10, y: top + (place + 0.5) * step + 5, "text-anchor": "end", ...mono, "font-weight": i === state.pin ? 700 : 400 }, shown[i])));
      columns.forEach((i, place) => svg.append(h("text", { x: wide + across + 10, y: top + (place + 0.5) * step + 5, ...mono }, shown[i])));
      return svg;
    }),
    offerPicture("matrix", () => {
      const cell = Math.max(4, Math.min(28, 720 / Math.max(rows.length, columns.length))), edge = 130;
      const svg = frame(edge + columns.length * cell + 10, edge + rows.length * cell + 10);
      rows.forEach((q, r) => columns.forEach((k, c) => {
        const u = model.raw[at(state.layer, active(), q) + k];
        if (u) svg.append(h("rect", { x: edge + c * cell, y: edge + r * cell, width: cell, height: cell, fill: "var(--gb-token)", "fill-opacity": (u / 255).toFixed(3) }));
      }));
      svg.append(h("rect", { x: edge, y: edge, width: columns.length * cell, height: rows.length * cell, fill: "none", stroke: "var(--gb-line)" }));
      if (cell >= 10) {
        rows.forEach((i, r) => svg.append(h("text", { x: edge - 6, y: edge + (r + 0.7) * cell, "text-anchor": "end", ...mono, "font-size": Math.min(14, cell - 1) }, shown[i])));
        columns.forEach((i, c) => svg.append(h("text", { transform: `translate(${edge + (c + 0.7) * cell} ${edge - 6}) rotate(-90)`, ...mono, "font-size": Math.min(14, cell - 1) }, shown[i])));
      }
      svg.append(h("text", { x: edge, y: 14, "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-key)" }, `${words.key} →`),
        h("text", { x: 4, y: edge - 6, "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-token)" }, `${words.query} ↓`));
      return svg;
    }),
    offerPicture("all-heads", () => {
      const across = state.sort === "grid" ? model.columns.length : 12, cell = 74;
      const picture = ({ layer, head }) => { paintMatrix(one, layer, head, null); return one.toDataURL(); };
      const svg = frame(across * cell + 12, Math.ceil(order.length / across) * (cell + 14) + 12);
      order.forEach((thumb, i) => {
        const x = 8 + (i % across) * cell, top = 8 + Math.floor(i / across) * (cell + 14);
        const image = document.createElementNS(svg.namespaceURI, "image");
        for (const [key, value] of Object.entries({ x, y: top, width: cell - 8, height: cell - 8, href: picture(thumb), style: "image-rendering: pixelated" })) image.setAttribute(key, value);
        svg.append(image, h("rect", { x, y: top, width: cell - 8, height: cell - 8, fill: "none", stroke: "var(--gb-line)" }),
          h("text", { x, y: top + cell + 3, "font-size": 10, "font-family": "sans-serif", fill: "var(--gb-quiet)" }, thumb.label.textContent || shortName(thumb.layer, thumb.head)));
      });
      return svg;
    }),
  ];
}

const shadeCss = (packed) => `rgb(${packed & 255} ${(packed >> 8) & 255} ${(packed >> 16) & 255})`;
