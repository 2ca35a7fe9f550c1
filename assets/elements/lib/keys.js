// The keyboard of the whole app. One stepper at a time owns it.
//
// Arrows, PageUp and PageDown (clicker remotes), Home, End and space step, wherever the mouse was last.
// Keys typed into a text box stay there. A control reached with Tab keeps its own keys; Escape gives them back.

const STEP = { ArrowRight: "next", PageDown: "next", ArrowLeft: "back", PageUp: "back", Home: "first", End: "last", " ": "play" };
const owners = []; // the last one has the keys; when it gives them back, the one before it has them again
let byTab = false;
let lastPointer = 0;

function deepTarget(event) {
  return event.composedPath()[0];
}

function takesText(node) {
  if (!node || !node.closest) return false;
  if (node.isContentEditable) return true;
  const field = node.closest("input, textarea, select");
  if (!field) return false;
  return field.tagName !== "INPUT" || !["checkbox", "radio", "range", "button", "submit"].includes(field.type);
}

function isControl(node) {
  return Boolean(node && node.closest && node.closest("a[href], button, input, select, textarea, summary, [tabindex], [role=slider], [role=button], [role=tab], [role=radio], [role=option]"));
}

function onKey(event) {
  if (event.key === "Tab") byTab = true;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = deepTarget(event);
  if (takesText(target)) return;
  if (event.key === "Escape") {
    byTab = false;
    if (isControl(target) && target.blur) target.blur();
    return;
  }
  if (event.key === "?" ) {
    document.dispatchEvent(new CustomEvent("gb-keys"));
    return;
  }
  const action = STEP[event.key];
  const owner = owners.at(-1);
  if (!action || !owner || document.querySelector("dialog[open], [role=dialog]")) return;
  if (byTab && isControl(target)) return;
  event.preventDefault();
  event.stopPropagation();
  owner(action, event.repeat);
}

if (!window.__gbKeys) {
  window.__gbKeys = true;
  window.addEventListener("keydown", onKey, true);
  window.addEventListener("pointerdown", () => { byTab = false; lastPointer = performance.now(); }, true);
  // Focus that comes without the mouse and without Tab (a script's) does not take the keys away.
}

/** Give the stepping keys to `handler(action, repeated)`, or keep it `behind` the others; returns how to give them back. */
export function ownKeys(handler, behind = false) {
  const giveBack = () => { const at = owners.indexOf(handler); if (at >= 0) owners.splice(at, 1); };
  giveBack();
  if (behind) owners.unshift(handler); else owners.push(handler);
  return giveBack;
}
