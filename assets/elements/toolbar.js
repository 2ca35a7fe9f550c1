// The frame's own controls, at the right of the menu bar: language, text size, projector, link, keys.
import { h, fill, instances, words } from "../glassbox.lib/dom.js";
import "../glassbox.lib/keys.js";
import { living } from "../glassbox.lib/living.js";
import { onConnection, working } from "../glassbox.lib/connection.js";
import "../glassbox.lib/seen.js";
import { fieldsTooLong } from "../glassbox.lib/too_long.js";

const create = instances((parent) => {
  const state = { parent, data: null };
  state.onKeys = () => state.dialog?.open ? state.dialog.close() : state.dialog?.showModal();
  document.addEventListener("gb-keys", state.onKeys);
  state.onEscape = (event) => { if (event.key === "Escape") project(state, false); };
  window.addEventListener("keydown", state.onEscape);
  // After a lost connection the server may be a new one that knows no part of this page; a step would then go unheard. It is told the
  // address, because Streamlit tells it only what the server of before has put there.
  state.disconnect = onConnection((now) => {
    clearTimeout(state.late);
    if (now) { state.lost = false; tellLost(state); state.set("again", { session: state.data.session, address: location.search }); }
    else state.late = setTimeout(() => { state.lost = true; tellLost(state); }, BLINK);
  });
  return state;
});

/** What Streamlit opens outside its app (the export, lists to choose from) takes the theme's colours from the page around it. */
function takeTheme(state) {
  const app = document.querySelector("[data-testid=stApp]"), take = () => { document.documentElement.style.colorScheme = getComputedStyle(app).colorScheme; };
  if (!app || state.theme) return;
  take();
  state.theme = new MutationObserver(take);
  state.theme.observe(app, { attributes: true, attributeFilter: ["class"] });
}

const BLINK = 2000; // a network that is gone for less is not worth a word

/** One line while the server cannot be heard; Streamlit's own dialog is closed by lib/connection.js. */
function tellLost({ parent, lost, data }) {
  const line = parent.querySelector(".gb-toolbar .lost");
  if (line) line.textContent = lost ? data.words.lost : "";
}

function project(state, on) {
  document.documentElement.classList.toggle("gb-projector", on);
  draw(state);
  window.dispatchEvent(new Event("resize"));
}

/** The address that others can open: the one the server printed where this browser says localhost. */
function shareable(base) {
  const address = new URL(location.href);
  if (base && ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].includes(address.hostname)) {
    const shared = new URL(base);
    address.protocol = shared.protocol; address.host = shared.host;
    if (!shared.port) address.port = "";
    if (shared.pathname !== "/") address.pathname = shared.pathname.replace(/\/$/, "") + address.pathname;
  }
  const { weights, query } = document.querySelector(".gb-weights")?.dataset ?? {}; // of the models on this page, and what goes without saying in this language; see links.py
  for (const [key, value] of new URLSearchParams(query)) address.searchParams.set(key, value);
  if (weights) address.searchParams.set("weights", weights);
  return address.href;
}

/** Browsers hand out the clipboard only over https and on localhost; plain http needs the old way. */
async function copy(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch { /* fall through */ }
  const box = h("textarea", { style: { position: "fixed", opacity: "0", top: "0" } });
  box.value = text;
  document.body.append(box);
  box.select();
  let done = false;
  try { done = document.execCommand("copy"); } catch { done = false; }
  box.remove();
  return done;
}

/** Show the export of the page, opened. */
function openExport() {
  document.documentElement.classList.remove("gb-projector"); // it hides the foot of the page
  const began = performance.now();
  const open = () => { // the foot comes last, and a run that ends draws it anew
    const button = document.querySelector(".st-key-gb-export [data-testid=stPopoverButton]");
    if (button?.getAttribute("aria-expanded") === "true" || performance.now() - began > 20_000) return;
    if (button && !working()) { button.scrollIntoView({ block: "center" }); button.click(); }
    setTimeout(open, 400);
  };
  open();
}

/** What the elements of the page show, in the page's order; fields, questions and the frame are none of it. */
const shown = () => new Map([...document.querySelectorAll(".stMainBlockContainer *")]
  .filter((node) => node.shadowRoot && !node.closest("[class*='st-key-gb-controls'], .st-key-gb-predict, .st-key-gb-foot, .st-key-toolbar"))
  .map((node) => [node, node.shadowRoot.innerHTML]));

// A prepared state stands at the foot of the page. What it changes is shown: the head of the page, or the first picture that
// has become another one, where that begins in the lower half of the screen or below it.
document.addEventListener("click", (event) => {
  const path = event.composedPath(), on = (what) => path.some((node) => node.matches?.(what));
  if (!on("button") || !on("[class*='st-key-try-']")) return;
  const main = document.querySelector("[data-testid=stMain]"), before = shown(), began = performance.now();
  main?.scrollTo({ top: 0 });
  let last = "", ran = false, stop = false;
  const leave = () => { stop = true; };
  for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) window.addEventListener(name, leave, { once: true, capture: true });
  const look = () => {
    if (stop || performance.now() - began > 20_000) return;
    const running = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "running";
    ran ||= running || performance.now() - began > 1500;
    const now = shown(), all = [...now.values()].join();
    if (!ran || running || all !== last) { last = all; setTimeout(look, 150); return; }
    const first = [...now.keys()].find((node) => before.get(node) !== now.get(node));
    if (!first) { setTimeout(look, 400); return; } // a busy server has not begun
    const { top } = first.getBoundingClientRect();
    if (top > innerHeight / 2) main?.scrollBy({ top: top - innerHeight / 6 });
  };
  setTimeout(look, 150);
}, true);

const icon = (path) => h("svg", { viewBox: "0 0 20 20", width: 18, height: 18, "aria-hidden": "true" },
  h("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round" }));

function draw(state) {
  const { data, parent } = state;
  const say = data.words;
  const root = parent.querySelector(".gb-toolbar");
  const projecting = document.documentElement.classList.contains("gb-projector");
  const status = h("span", { class: "status", role: "status", "aria-live": "polite" });
  const button = (label, text, onclick, pressed) =>
    h("button", { type: "button", title: label, "aria-label": label, "aria-pressed": pressed === undefined ? undefined : String(pressed), onclick }, text);

  const language = h("span", { class: "group", role: "group", "aria-label": say.language },
    ...[["en", "EN"], ["ko", "한국어"]].map(([code, name]) =>
      h("button", { type: "button", lang: code, "aria-pressed": String(data.lang === code), onclick: () => state.set("lang", code) }, name)));
  const size = button(say.text_size, h("span", { class: "size" }, h("small", {}, "A"), h("b", {}, "A")),
    () => state.set("size", data.size === "lecture" ? "normal" : "lecture"), data.size === "lecture");
  const present = button(projecting ? say.leave_projector : say.projector, icon(projecting ? "M4 4l12 12M16 4L4 16" : "M3 4h14v9H3zM10 13v4M6 17h8"), () => project(state, !projecting), projecting);
  const link = button(say.copy_link, say.copy_link_short, () => {
    const fields = fieldsTooLong();
    if (fields.length === 0) { give(); return; }
    state.partial.querySelector("p").textContent = words(say.lacking, { fields: fields.join(", ") });
    state.partial.showModal();
  });
  const give = async () => {
    const address = shareable(data.base);
    const done = await copy(address);
    status.textContent = done ? words(say.copied, { address: new URL(address).host }) : "";
    if (!done) { state.manual.querySelector("input").value = address; state.manual.showModal(); state.manual.querySelector("input").select(); }
    setTimeout(() => { status.textContent = ""; }, 4000);
  };
  const keys = button(say.keys, "?", () => state.dialog.showModal());

  state.dialog = h("dialog", { "aria-label": say.keys },
    h("h2", {}, say.keys),
    h("dl", {}, ...[["→  PageDown", say.key_next], ["←  PageUp", say.key_back], [say.space, say.key_play], ["Home  End", say.key_ends], ["Tab  Esc", say.key_tab], ["?", say.key_help]]
      .flatMap(([key, meaning]) => [h("dt", {}, ...key.split("  ").map((k) => h("kbd", {}, k))), h("dd", {}, meaning)])),
    h("button", { type: "button", onclick: () => state.dialog.close() }, say.close));
  state.manual = h("dialog", { "aria-label": say.copy_link }, h("p", {}, say.copy_by_hand), h("input", { readonly: true, size: "60", "aria-label": say.copy_link }),
    h("button", { type: "button", onclick: () => state.manual.close() }, say.close));

  state.partial = h("dialog", { class: "partial", "aria-label": say.copy_link }, h("p", {}), h("div", { class: "choices" },
    h("button", { type: "button", onclick: () => { state.partial.close(); openExport(); } }, say.export_instead),
    h("button", { type: "button", onclick: () => { state.partial.close(); give(); } }, say.copy_anyway),
    h("button", { type: "button", onclick: () => state.partial.close() }, say.close)));

  fill(root, h("div", { class: "bar", role: "toolbar", "aria-label": say.toolbar }, status, language, size, link, present, keys), state.dialog, state.manual, state.partial, h("p", { class: "lost", role: "status" }));
  tellLost(state);
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const state = create(parentElement);
  state.data = data;
  state.set = setTriggerValue; // a trigger: Back and Forward move the language too, and a state value equal to the last one is not sent
  document.documentElement.lang = data.lang;
  document.documentElement.classList.toggle("gb-lecture", data.size === "lecture");
  takeTheme(state);
  draw(state);
  return () => {
    state.theme?.disconnect();
    state.theme = null;
    document.removeEventListener("gb-keys", state.onKeys);
    window.removeEventListener("keydown", state.onEscape);
    state.disconnect();
    clearTimeout(state.late);
  };
});
