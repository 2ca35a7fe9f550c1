// An element that fails says so in its place, and lives again with the next data.
//
// The page around it stays; what the element held is forgotten, because it may be what made it fail.
import { forget, h, onFailure } from "./dom.js";

const cleanups = new WeakMap(); // parent -> what the last good drawing left to do
const parents = new WeakMap(); // root -> its parent, the key of the element's state

// A picture names fonts that every machine knows, because it is also a file; on screen its letters are the page's own.
const LETTERS = `svg [font-family="sans-serif"] { font-family: var(--st-font, sans-serif); }
svg [font-family="monospace"] { font-family: var(--st-code-font, monospace); }`;
let letters = null;

/** Give a place (the shadow root of an element, or the page) the fonts of its pictures, once. */
function dress(place) {
  if (!place.adoptedStyleSheets) return;
  if (!letters) { letters = new CSSStyleSheet(); letters.replaceSync(LETTERS); }
  if (!place.adoptedStyleSheets.includes(letters)) place.adoptedStyleSheets = [...place.adoptedStyleSheets, letters];
}

/** Keep an element unseen until its style sheet is there: without it, cards and columns would stand as bare text for a moment. */
function unseenUntilStyled(root) {
  const sheet = root.getRootNode().querySelector?.('link[rel="stylesheet"]');
  if (!sheet || sheet.sheet || root.dataset.waits) return;
  root.dataset.waits = "true";
  root.style.visibility = "hidden";
  const show = () => { delete root.dataset.waits; root.style.visibility = ""; };
  for (const event of ["load", "error"]) sheet.addEventListener(event, show, { once: true });
  setTimeout(show, 2000); // it failed before anybody listened
}

/**
 * The mount of an element: `draw(component)` is called with every new data, and may throw; what it returns is done when the element is gone.
 *
 * Streamlit asks for that also when new data comes while it still waits for the call of before, of an element that stays: it would then
 * stand there without its keys, and listen no more.
 */
export function living(draw) {
  return (component) => {
    const parent = component.parentElement, root = parent.querySelector(".gb");
    parents.set(root, parent);
    dress(root.getRootNode());
    unseenUntilStyled(root);
    if (root.dataset.failed) { delete root.dataset.failed; root.replaceChildren(); }
    try {
      const done = draw(component);
      cleanups.set(parent, done);
      return () => { if (!parent.isConnected) done?.(); };
    } catch (error) {
      fail(root, error);
      return undefined;
    }
  };
}

onFailure((node, error) => {
  const root = node.closest(".gb");
  if (!root || !parents.has(root)) throw error;
  fail(root, error);
});

function fail(root, error) {
  const parent = parents.get(root);
  console.warn(error); // for who looks for the cause; the reader gets a sentence
  try { cleanups.get(parent)?.(); } catch { /* it may be as broken */ }
  cleanups.delete(parent);
  forget(parent);
  root.dataset.failed = "true";
  const korean = document.documentElement.lang === "ko";
  root.replaceChildren(h("p", { class: "gb-failed", role: "alert", style: { margin: "0", padding: "0.6rem 0.9rem", "border-left": "4px solid var(--gb-key)", background: "var(--gb-surface)", color: "var(--gb-text)" } },
    `${korean ? root.dataset.failedKo : root.dataset.failedEn} (${error.name}: ${error.message})`));
}
