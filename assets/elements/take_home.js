// A page without its server: gives each element what it was sent when the page was taken, and answers nothing.
const content = JSON.parse(document.getElementById("content").textContent);
const main = document.querySelector("main");
const { h, fill, words } = need("lib/dom.js");

// These wait for an answer of the server before they draw what the reader asked for, as do reports that say `waits`; all others only tell where
// they are.
const named = (...names) => (name) => names.includes(name);
const ASKS = {
  writer: (name, value, data) => name === "want" || (name === "view" && String(value.state.picks) !== String(data.state.picks)),
  mask_lab: named("blanks"), padding_board: named("flips"), moment_lines: named("pick"), bpe_board: named("pick"),
};

const toAddress = history.replaceState;
history.pushState = history.replaceState = () => {}; // the file has one address

// A file with models: the engine's worker is made from the text in this page, and is handed the weights that lie in it.
if (content.models.length) {
  const text = (id) => document.getElementById(id).textContent, waiting = new Map(), inside = (folder) => ({ config: text(`${folder}config`), words: text(`${folder}words`), weights: text(`${folder}weights`) });
  globalThis.glassboxModel = (folder, given) => waiting.get(folder)?.(given);
  /** A model that the pages of a folder have in common: a script beside them, because a page that was opened from a disk may read nothing else. */
  const beside = (folder) => new Promise((resolve, reject) => {
    waiting.set(folder, resolve);
    document.head.append(h("script", { src: `models/${folder.slice(0, -1)}.js`, onerror: () => reject(Object.assign(new Error(folder), { code: "download" })) }));
  });
  globalThis.glassboxModels = {
    failed(reason) { if (touched || said.get("note") !== reason) { forget(); startAgain(reason); } }, // once, if it fails by itself
    worker: () => new Worker(URL.createObjectURL(new Blob([text("engine")], { type: "text/javascript" }))),
    async files(home) {
      const folder = content.models.find((one) => home.endsWith(one)), { config, words, weights } = await (content.beside ? beside : inside)(folder);
      const letters = atob(weights), bytes = new Uint8Array(letters.length);
      for (let i = 0; i < bytes.length; i += 1) bytes[i] = letters.charCodeAt(i);
      return { config: JSON.parse(config), words: JSON.parse(words), weights: bytes.buffer };
    },
  };
}

/** Numbers as _pressed() of components/shell/take_home.py left them: a zlib stream, the first bytes of all first, then all second ones … */
const blobs = new Map(await Promise.all(Object.entries(content.blobs).map(async ([name, text]) => {
  const pressed = new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream("deflate"));
  const apart = new Uint8Array(await new Response(pressed).arrayBuffer()), bytes = new Uint8Array(apart.length);
  let from = 0;
  for (let place = 0; place < 4; place += 1) for (let at = place; at < bytes.length; at += 4) { bytes[at] = apart[from]; from += 1; }
  return [name, bytes];
})));

/** The parts of the page in a language: those of the first one with what differs (components/shell/take_home.py). */
function changed(one, change) {
  if (change === null || change === undefined) return one;
  if ("=" in change) return change["="];
  const copy = Array.isArray(one) ? [...one] : { ...one };
  for (const [key, inner] of Object.entries(change)) copy[key] = changed(one[key], inner);
  return copy;
}
const partsIn = (lang) => changed(content.parts, lang === content.first ? null : content.changes[lang]);

/** A header in front of numbers, as message() of components/lm/transformer/attention.py and components/elements/packed.py make them. */
function withHeader(header, numbers) {
  const text = new TextEncoder().encode(JSON.stringify(header)), padded = Math.ceil((text.length + 4) / 4) * 4 - 4, made = new Uint8Array(4 + padded + numbers.length).fill(32, 4);
  new DataView(made.buffer).setUint32(0, padded, true);
  made.set(text, 4);
  made.set(numbers, 4 + padded);
  return made;
}

function withBytes(value) {
  if (Array.isArray(value)) return value.map(withBytes);
  if (value === null || typeof value !== "object") return value;
  if (value.$header) return withHeader(value.$header, blobs.get(value.$bytes));
  if (value.$bytes) return blobs.get(value.$bytes);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withBytes(inner)]));
}

const TAGS = new Set(["P", "DIV", "SPAN", "H1", "B", "I", "EM", "STRONG", "CODE", "SUB", "SUP", "BR", "TABLE", "CAPTION", "THEAD", "TBODY", "TR", "TH", "TD", "A", "SMALL"]);
const ATTRIBUTES = new Set(["class", "tabindex", "role", "title", "aria-label", "aria-hidden", "scope", "colspan", "rowspan", "lang", "style"]);

/** Markup of the page's own lines as nodes: what it does not use is left out. */
function nodes(markup) {
  const copy = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || !TAGS.has(node.tagName)) return null;
    const made = document.createElement(node.tagName);
    for (const { name, value } of node.attributes) {
      if (ATTRIBUTES.has(name)) made.setAttribute(name, value);
      if (name === "href" && /^https:\/\//.test(value)) { made.href = value; made.target = "_blank"; made.rel = "noopener"; }
    }
    made.append(...[...node.childNodes].map(copy).filter(Boolean));
    return made;
  };
  return [...new DOMParser().parseFromString(markup, "text/html").body.childNodes].map(copy).filter(Boolean);
}

/** The little of Markdown that the pages' paragraphs use: headings, bold, code, links. */
function paragraph(text) {
  return text.trim().split(/\n\s*\n/).map((block) => {
    const head = /^#+ /.test(block);
    const inner = block.replace(/^#+ /, "").replace(/\\([^\w\s])/g, "$1").split(/(\*\*[^*]+\*\*|`[^`]+`|\[[^\]]+\]\(https:[^)\s]+\))/).map((piece) => {
      const link = piece.match(/^\[([^\]]+)\]\((https:[^)\s]+)\)$/);
      if (link) return h("a", { href: link[2], target: "_blank", rel: "noopener" }, link[1]);
      if (piece.startsWith("**")) return h("b", {}, piece.slice(2, -2));
      if (piece.startsWith("`")) return h("code", {}, piece.slice(1, -1));
      return piece;
    });
    return h(head ? "h2" : "p", { class: "text" }, ...inner);
  });
}

// In a folder of pages a reader comes back to where a page was left: what its elements told of step, choice and text, as long as the tab is open.
// Language and theme go along to every page, and so does what of a page's link other pages hold, too, as in the app. A link between pages says
// all that behind its #, because a browser may keep nothing for files of a disk; where it does, the address is short again.
const { folder } = content, FILE = location.pathname, STORE = `glassbox ${FILE}`, ALONG = `glassbox folder ${FILE.replace(/[^/]*$/, "")}`;
const kept = (name) => { try { return (folder && JSON.parse(sessionStorage.getItem(name))) || {}; } catch { return {}; } };
const keep = (name, value) => { try { if (folder) sessionStorage.setItem(name, JSON.stringify(value)); return Boolean(folder); } catch { return false; } };
const along = { shared: {}, ...kept(ALONG) }, left = kept(STORE), said = new URLSearchParams(location.hash.slice(1)), isShared = (key) => folder.shared.some((one) => one.key === key);
/** Whether a field of an element is this parameter of the page's link: `step` of a board is `step`, or `bpe_step`. */
const means = (field, key) => field === key || key.endsWith(`_${field}`);
for (const [key, value] of folder ? said : []) { // what the link that led here says
  if (["lang", "theme", "note"].includes(key)) continue;
  for (const told of Object.values(left)) for (const field of Object.keys(told)) if (means(field, key)) delete told[field];
  if (isShared(key)) along.shared[key] = value; else left.said = { ...left.said, [key]: value };
}
// A folder opens for whoever comes to it in the language of their browser, as the app does.
let lang = [said.get("lang"), along.lang, folder && navigator.language.slice(0, 2)].find((one) => content.words.back[one]) ?? content.lang, theme = [said.get("theme"), along.theme].find((one) => ["light", "dark"].includes(one)) ?? "", touched = false;
const keepAll = () => { Object.assign(along, { lang, theme }); return keep(STORE, left) && keep(ALONG, along); };
if (keepAll()) toAddress.call(history, history.state, "", FILE);

/** What an element was sent beside its bytes. */
const plainOf = (data) => (data !== null && typeof data === "object" ? data.$header ?? data : {});
/** Keep what an element told: where it differs from what it began with in this language. */
function remember(at, name, value, data) {
  const told = Array.isArray(value) ? { [name]: value[0] } : value !== null && typeof value === "object" ? value.state ?? value : { [name]: value };
  const plain = plainOf(data), began = { ...plain, ...plain.state, ...plain.start };
  left[at] = Object.fromEntries(Object.entries({ ...left[at], ...told }).filter(([field, now]) => JSON.stringify(now) !== JSON.stringify(began[field])));
  for (const { key } of folder?.shared ?? []) for (const field of Object.keys(told)) if (means(field, key)) along.shared[key] = told[field];
  keepAll();
}
function forget() {
  for (const place of Object.keys(left)) delete left[place];
  for (const { key } of folder?.shared ?? []) delete along.shared[key];
  keepAll();
}

/** The address of another page of the folder, null in a file by itself. */
globalThis.glassboxFile = { addressOf: (name, query) => (folder ? hrefOf(`${name}.html`, query) : null) };
const written = (value) => (Array.isArray(value) ? value.join(".") : typeof value === "boolean" ? String(Number(value)) : String(value));
const hrefOf = (file, query = {}) => `${file}#${new URLSearchParams({ ...Object.fromEntries(Object.entries(along.shared).map(([key, value]) => [key, written(value)])), ...query, lang, ...(theme && { theme }) })}`;

/** What an element was sent, with what was left there, and what goes along with the reader, in place of the values of the same name. */
function resumed(part, data, at) {
  if (part.name === "mask_lab") return data; // what is hidden belongs to guesses that were recorded; see again()
  const mine = part.name.endsWith("_fields") || data.view ? Object.assign({}, ...Object.values(left)) : left[at] ?? {}; // what shares the view shows what the picture told
  // What an element begins with stands in `state` or `start`; of the rest of its data only plain values can be places in it.
  const own = (held, plain) => Object.fromEntries(Object.entries(held).map(([key, value]) => [key, key !== "rev" && key in mine && typeof mine[key] === typeof value && !(plain && typeof value === "object") ? mine[key] : value]));
  const put = own(data, true);
  for (const name of ["state", "start"]) if (data[name] && typeof data[name] === "object" && !Array.isArray(data[name])) put[name] = own(data[name], false);
  for (const [held, steps] of folder ? [[put, true], [put.state, true], [put.start, false]] : []) { // where no model answers, a picture takes over what is a place in it
    for (const [field, value] of Object.entries(held ?? {})) {
      const came = (held !== put && part.models) || !steps || field === "step" ? sent(field, value, field in mine) : undefined;
      if (came !== undefined) held[field] = came;
    }
  }
  const other = part.name === "writer" && Object.keys(data.state).some((key) => key !== "step" && String(put.state[key]) !== String(data.state[key]));
  return other ? { ...put, local: true } : put; // a text that the model in this file has to write
}
const taken = new Set(); // what was said by the link that led here and stands in a picture
/** What goes along, or what the link that led here said, of a field that stands at `like`. */
function sent(field, like, moved) {
  const all = { ...(moved ? {} : left.said), ...along.shared }, mine = Object.keys(all).filter((one) => one in folder.at[lang]), key = mine.find((one) => one === field) ?? mine.find((one) => means(field, one));
  if (!key) return undefined;
  const raw = all[key], about = folder.shared.find((one) => one.key === key); // a number of the other page may lie outside what this one has
  const value = typeof raw === typeof like ? raw : typeof like === "number" ? Number(raw) : typeof like === "boolean" ? raw === "1" : Array.isArray(like) && /^[\d.]*$/.test(raw) ? raw.split(".").filter(Boolean).map(Number) : undefined;
  if (value === undefined || Number.isNaN(value) || value < about?.low || value > about?.high || (about?.options && !about.options.includes(value))) return undefined;
  taken.add(key);
  return value;
}

const held = [];
for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, (event) => { if (event.isTrusted) touched = true; }, true);
const say = (word) => (content.reasons[word] ? words(content.words.no_model[lang], { reason: content.reasons[word][lang] }) : content.words[word][lang]);

// A line that appears while a button is held down would move the button away before the press becomes a click.
let pressing = false;
window.addEventListener("pointerdown", () => { pressing = true; }, true);
for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, () => { pressing = false; }, true);
const afterPress = (draw) => { if (pressing) setTimeout(() => afterPress(draw), 50); else setTimeout(draw); };

const note = h("div", { class: "moved", role: "status", hidden: true });
function tell(word) { afterPress(() => show(word)); }
function show(word) {
  note.hidden = false;
  note.dataset.word = word;
  fill(note, h("span", {}, say(word)), word === "moved" ? h("button", { type: "button", onclick: () => { forget(); startAgain(""); } }, say("back")) : null);
}

/** Show the moment when the page was taken, in the language and theme in force: elements share state, so all begin anew. */
function startAgain(word) {
  location.replace(`#${new URLSearchParams({ lang, theme, note: word })}`);
  location.reload();
}

/** The place of an element: made once. */
function place(part, at) {
  held[at] ??= (() => {
    const host = h("div", { class: "element", "data-element": part.name });
    const root = host.attachShadow({ mode: "open" });
    root.append(h("style", {}, content.styles[part.name]), ...frameOf(part.html));
    return { host, root, draw: need(content.scripts[part.name]).default };
  })();
  return held[at].host;
}

/** What an element begins with, to tell whether it is another in another language. */
const beginning = (data) => { const { state, start, text, hidden } = plainOf(data); return JSON.stringify([state, start, text, hidden]); };

/** Give an element its data in the language in force; its place is on the page by now, so that it can measure and take colours. */
function mount(part, at) {
  const { root, draw } = held[at];
  const asked = (name, value) => {
    if (!touched) return;
    const stays = part.models || (!value?.waits && !ASKS[part.name]?.(name, value, part.data)); // the model in this file answers, or nobody need
    if (name === "go" && typeof value === "string" && folder) location.href = hrefOf(`${value.replace("/", "-")}.html`); // a stop of the map
    else if (stays) { remember(at, name, value, part.data); if (note.hidden) tell("moved"); }
    else startAgain("needs_server"); // the picture shows again what was recorded
  };
  const other = beginning(part.data) !== beginning(partsIn(content.first)[at].data); // an element gives up where it was only for a new `rev`
  const mine = (data) => ({ ...resumed(part, data, at), ...(other && "rev" in data ? { rev: `${data.rev} ${lang}` } : {}) });
  const { data: raw } = part, data = raw?.$header ? { ...raw, $header: mine(raw.$header) } : raw === null || typeof raw !== "object" || Array.isArray(raw) || raw.$bytes ? raw : mine(raw);
  draw({ data: withBytes(data), parentElement: root, key: String(at), name: part.name, setStateValue: asked, setTriggerValue: asked });
}

/** The text and the blanks that were left, where the model in this file guesses: the lab goes there as to a prepared state. */
function again(part, at) {
  if (part.name !== "mask_lab" || !part.models || !left[at]) return;
  const { text, hidden, whole, look } = plainOf(part.data), began = { mlm_text: text, hidden, filled: [], whole_words: whole, mlm_look: look };
  need("lib/view.js").view("masking").change(Object.fromEntries(Object.entries(began).map(([key, value]) => [key, left[at][key] ?? value])), "example");
}

/** The frame of an element: a box with its class and what it says when it fails. */
function frameOf(markup) {
  const made = [];
  for (const node of new DOMParser().parseFromString(markup, "text/html").body.children) {
    const box = document.createElement("div");
    for (const { name, value } of node.attributes) if (name === "class" || name.startsWith("data-")) box.setAttribute(name, value);
    made.push(box);
  }
  return made;
}

function draw() {
  document.documentElement.lang = lang;
  const parts = partsIn(lang), dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.body.style.colorScheme = document.documentElement.style.colorScheme = theme;
  const { map, previous, next } = folder ?? {};
  const link = (to, text, mark) => (to ? h("a", { href: to.file, "data-mark": mark, onclick: (event) => { event.currentTarget.href = hrefOf(to.file); }, onauxclick: (event) => { event.currentTarget.href = hrefOf(to.file); } }, text) : null);
  const bar = h("nav", { class: "file-bar" },
    link(map, say("course"), "map"),
    h("span", { class: "grow" }),
    h("span", { class: "switch", role: "group" }, ...[["en", "EN"], ["ko", "한국어"]].map(([code, name]) => h("button", { type: "button", lang: code, "aria-pressed": lang === code ? "true" : "false", onclick: () => { lang = code; keepAll(); draw(); if (!note.hidden) tell(note.dataset.word); } }, name))),
    h("button", { type: "button", class: "theme", onclick: () => { theme = dark ? "light" : "dark"; keepAll(); draw(); } }, say(dark ? "light" : "dark")));
  const shown = parts.map((part, at) => {
    if (part.kind === "element") return place(part, at);
    if (part.kind === "html") return h("div", { class: "said" }, ...nodes(part.body));
    if (part.kind === "heading") return h("h2", {}, part.body);
    return h("div", { class: "said" }, ...paragraph(part.body));
  });
  const first = parts.findIndex((part) => part.kind === "element");
  if (first >= 0) shown.splice(first, 0, note);
  else shown.push(h("p", { class: "none" }, say("no_element")));
  const foot = h("footer", {}, h("p", { class: "gb-source" }, `${say("made")} ${say(parts.some((part) => part.models) ? "living" : "frozen")}`),
    h("p", {}, link(previous, `← ${previous?.title[lang]}`, "previous"), " ", h("span", { class: "st-key-gb-next" }, link(next, `${next?.title[lang]} →`, "next")))); // steppers find it: lib/stepper.js
  const keep = document.scrollingElement.scrollTop;
  fill(main, bar, ...shown, foot);
  parts.forEach((part, at) => { if (part.kind === "element") mount(part, at); });
  parts.forEach(again);
  document.scrollingElement.scrollTop = keep;
  const title = main.querySelector("h1")?.textContent;
  document.title = title ? `${title} · Glassbox` : "Glassbox";
}
draw();
const missed = Object.keys(left.said ?? {}).some((key) => !taken.has(key) && key in folder.at[lang] && folder.at[lang][key] !== left.said[key]);
if (content.reasons[said.get("note")]) tell(said.get("note"));
else if (said.get("note") === "needs_server" || missed) tell("needs_server");
else if (Object.keys(left).length || taken.size) tell("moved");
