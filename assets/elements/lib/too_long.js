// A text that a link cannot hold says so beside its field, and the Copy button of the toolbar asks before it copies without it.
import { h, words as say } from "./dom.js";
import { MOST } from "./view.js";

const ASKED = "gb-too-long";
const linked = () => Boolean(document.querySelector("[data-testid=stApp]")); // a file that was taken home has no link

/** The line under a text that does not travel in the link; null for one that does. */
export function tooLong(told, field, value) {
  if (!linked() || value.length <= MOST) return null;
  return h("p", { class: "too-long", role: "status", style: { margin: "0.4rem 0 0", padding: "0.45rem 0.8rem", "border-left": "4px solid var(--gb-position)", background: "var(--gb-surface)", "font-size": "0.95rem" } }, say(told, { field, most: MOST.toLocaleString("en-US") }));
}

/** Answer whoever asks which fields are too long; `fields()` returns them as [name, text]. Returns what ends it. */
export function answerTooLong(fields) {
  const answer = (event) => { for (const [name, text] of fields()) event.detail.set(name, text.length > MOST); };
  document.addEventListener(ASKED, answer);
  return () => document.removeEventListener(ASKED, answer);
}

/** The names of all fields whose text the link cannot hold: those of the browser, and those that Python told of. Of its own fields the browser knows first. */
export function fieldsTooLong() {
  const found = new Map([...document.querySelectorAll(".gb-too-long")].map((note) => [note.dataset.field, true]));
  document.dispatchEvent(new CustomEvent(ASKED, { detail: found }));
  return [...found].filter(([, long]) => long).map(([name]) => name);
}
