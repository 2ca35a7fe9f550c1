// The one way to step: buttons, scrubber, play, keys. Every element that has steps uses it.
import { connected, onConnection, working } from "./connection.js";
import { h, fill, words as say } from "./dom.js";
import { ownKeys } from "./keys.js";

// One step is an angle, playing is a filled triangle: the two must not look alike.
const ICONS = { first: "M14 4l-6 6 6 6M5 4v12", back: "M12.5 4l-6 6 6 6", play: "M6 4l9 6-9 6z", pause: "M7 4v12M13 4v12", next: "M7.5 4l6 6-6 6", last: "M6 4l6 6-6 6M15 4v12" };
const ARRIVED = 700; // milliseconds at the last step before one press more leaves the page
/** The link to the page that comes after this one (components/shell/layout.py), if there is one. */
const nextPage = () => document.querySelector(".st-key-gb-next a");
const titleOf = (link) => (link.querySelector("p") ?? link).textContent.replace(/\s*→\s*$/, "").trim();
const SPEEDS = [0.5, 1, 2, 4, 8];

const icon = (name) => h("svg", { viewBox: "0 0 20 20", width: "1.15em", height: "1.15em", "aria-hidden": "true" },
  h("path", { d: ICONS[name], fill: name === "play" ? "currentColor" : "none", stroke: "currentColor", "stroke-width": 2.2, "stroke-linecap": "round", "stroke-linejoin": "round" }));

/**
 * stepper({words, onMove, onWant, label}) -> {node, set, step, destroy}
 *
 * words: the table [stepper] of ui.toml. onMove(step): the step changed by the reader's hand.
 * onWant(): play or next ran past the last known step (a text that can be continued); optional.
 * label(step, last): what stands beside the scrubber; optional.
 * set({step, last, open}): take over a state; `open` says that more steps can be had beyond `last`.
 * beyond(): what one step on at the last step does instead of leaving the page, {text, go}, or null; optional.
 * At the last step it says what comes next, by itself another page, and one step on goes there: a lecturer needs only the clicker.
 */
export function stepper({ words, onMove, onWant, label, beyond }) {
  const state = { step: 0, last: 0, open: false, playing: false, speed: 1, timer: null, ahead: 0, since: 0 };
  const button = (action, text) => h("button", { type: "button", class: `gb-step gb-step-${action}`, title: text, "aria-label": text, onclick: () => act(action) }, icon(action));
  const buttons = { first: button("first", words.first), back: button("back", words.back), play: button("play", words.play), next: button("next", words.next), last: button("last", words.last) };
  const scrub = h("input", { type: "range", min: "0", step: "1", "aria-label": words.scrub, class: "gb-scrub", oninput: () => { play(false); move(Number(scrub.value)); } });
  const shown = h("output", { class: "gb-step-label", "aria-live": "off" });
  const speed = h("select", { "aria-label": words.speed, title: words.speed, class: "gb-speed", onchange: () => { state.speed = Number(speed.value); if (state.playing) { play(false); play(true); } } },
    ...SPEEDS.map((s) => h("option", { value: String(s), selected: s === 1 ? true : undefined }, `${s}×`)));
  speed.value = "1";
  const onward = h("span", { class: "gb-step-onward", "aria-live": "polite" });
  const node = h("div", { class: "gb-stepper", role: "group", "aria-label": words.steps }, buttons.first, buttons.back, buttons.play, buttons.next, buttons.last, scrub, shown, onward, speed);

  const atEnd = () => state.step >= state.last && !state.open;
  /** Says what one step on goes to; where that would begin a row of its own and push the picture down, in `short`. */
  function goesOn(text, short) {
    if (onward.dataset.text === text) return;
    onward.dataset.text = text;
    Object.assign(onward, { textContent: "", title: "" });
    const height = node.clientHeight;
    onward.textContent = text;
    if (text && short && node.clientHeight > height + 4) Object.assign(onward, { textContent: short, title: text });
  }
  function paint() {
    scrub.max = String(state.last);
    scrub.value = String(state.step);
    scrub.setAttribute("aria-valuetext", label ? label(state.step, state.last) : say(words.step_of, { step: state.step, last: state.last }));
    shown.textContent = label ? label(state.step, state.last) : say(words.step_of, { step: state.step, last: state.last });
    buttons.first.disabled = buttons.back.disabled = state.step <= 0;
    const more = atEnd() ? beyond?.() : null, link = atEnd() && !more ? nextPage() : null;
    goesOn(more ? more.text : link && words.next_page ? say(words.next_page, { title: titleOf(link) }) : "", link && words.next_page ? say(words.next_page, { title: "" }).replace(/[:\s]+$/, "") : "");
    buttons.next.disabled = atEnd() && !link && !more;
    buttons.last.disabled = state.step >= state.last;
    const name = state.playing ? "pause" : "play";
    fill(buttons.play, icon(name));
    buttons.play.title = words[name];
    buttons.play.setAttribute("aria-label", words[name]);
    buttons.play.disabled = !state.playing && state.step >= state.last && !state.open;
  }
  function move(step) {
    if (step > state.last && state.open) { state.ahead = state.playing ? 1 : state.ahead + 1; onWant?.(); } // presses are not lost while more is computed
    else state.ahead = 0;
    const to = Math.min(Math.max(step, 0), state.last);
    if (to === state.step) { paint(); return; }
    state.step = to;
    state.since = performance.now();
    paint();
    onMove(to);
  }
  function play(on) {
    clearInterval(state.timer);
    state.playing = on && (state.step < state.last || state.open);
    if (state.playing) {
      state.timer = setInterval(() => {
        if (!node.isConnected) { play(false); return; }
        if (state.step >= state.last && !state.open) play(false);
        else move(state.step + 1);
      }, 900 / state.speed);
    }
    paint();
  }
  function act(action, repeated = false) {
    if (action === "play") { play(!state.playing); return; }
    play(false);
    if (action === "next" && atEnd()) {
      const said = onward.textContent;
      paint(); // the link may have been drawn after the stepper
      if (!said || !onward.textContent || repeated || performance.now() - state.since <= ARRIVED) return;
      const more = beyond?.();
      if (!more) { nextPage().click(); return; }
      more.go();
      state.since = performance.now();
      paint();
      return;
    }
    move({ first: 0, back: state.step - 1, next: state.step + 1, last: state.last }[action]);
  }
  const giveBack = ownKeys(act);
  paint();
  // By then the foot of the page stands, with the link in it; on a busy machine later.
  let late = setTimeout(function again(tries) { paint(); if (!nextPage() && tries) late = setTimeout(again, 1500, tries - 1); }, 1500, 20);
  return {
    node,
    get step() { return state.step; },
    get playing() { return state.playing; },
    /** Take over a state that came from outside; does not call onMove, except for a step the reader already asked for. */
    set({ step = state.step, last = state.last, open = state.open }) {
      if (last !== state.last || open !== state.open) state.since = performance.now();
      state.last = last; state.open = open;
      state.step = Math.min(Math.max(step, 0), last);
      if (state.ahead > 0 && state.step < last) {
        const left = state.ahead - (last - state.step);
        move(Math.min(state.step + state.ahead, last));
        state.ahead = Math.max(0, left);
        if (state.ahead > 0 && open) onWant?.();
      }
      if (state.playing && state.step >= last && !open) play(false);
      paint();
    },
    act,
    destroy() { clearInterval(state.timer); clearTimeout(late); giveBack(); },
  };
}

// Of two messages within a few milliseconds Streamlit can lose the first, even if it is a click: it has taken that request
// up, but not looked at it yet, when the second one comes. So a report goes out before a press becomes a click, or well after.
// A tap on a touchpad is a press of a few milliseconds: its click then waits until the report is well on its way.
const AFTER_PRESS = 250, APART = 80;
const waiting = new Set();
let pressed = -AFTER_PRESS, reported = -APART;
for (const kind of ["pointerdown", "keydown"]) {
  document.addEventListener(kind, (event) => {
    if (kind === "keydown" && event.key !== "Enter") return;
    pressed = performance.now();
    const due = [...waiting].filter((flush) => !flush.calm?.(event));
    if (due.length) reported = pressed;
    for (const flush of due) flush();
  }, { capture: true });
}
// What is still to be told belongs to the view that Back left. Told now it would overtake Back on the server: of two waiting requests
// Streamlit keeps the address of both, but forgets that the reader came by Back, and the old view would be written over the new one.
// And what is told while the page follows Back ends that run, and brings along what the page's other controls showed before: it waits.
// So it does while a server that came back draws the page (toolbar.js asks for it): a new one hears of no element that it has not drawn yet.
const BACK = 20_000, RETURN = 60_000; // ms that the page may take to follow Back, or a server that came back, before Python hears of anything else
let follows_until = 0;
const following = () => performance.now() < follows_until && working();
window.addEventListener("popstate", () => {
  for (const flush of [...waiting]) flush.cancel();
  if (connected()) follows_until = performance.now() + BACK;
}, { capture: true });
onConnection((now) => { if (now) follows_until = performance.now() + RETURN; });
const presses = []; // that wait, in the order in which they were made: their timers end together, and not always in that order
document.addEventListener("click", (event) => {
  const rest = APART - (performance.now() - reported), target = event.composedPath()[0];
  if (!event.isTrusted || (rest <= 0 && !presses.length)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  presses.push(() => target.dispatchEvent(new event.constructor("click", event)));
  setTimeout(() => presses.shift()(), Math.max(rest, 0));
}, { capture: true });

/**
 * Tell Python the newest value only: the browser steps at once, the server hears of it when the hand rests.
 * A step travels with the revision it was made under: one that Python has moved on from comes too late.
 * With `rested` the time counts from the last change, not from the first. `cancel()` of the result takes back what was not told yet;
 * `now(value)` tells without a rest. Either way nothing is told while the page follows Back or a server that came back.
 * `calm(event)`: this press stays in the browser, so that no report need go out before it.
 */
export function reporter(send, wait = 180, rested = false, calm = null) {
  let timer = null, pending = false, value;
  const flush = () => {
    clearTimeout(timer);
    timer = null;
    if (pending && following()) { timer = setTimeout(due, AFTER_PRESS); return; }
    waiting.delete(flush);
    if (pending) { pending = false; send(value); }
  };
  flush.calm = calm;
  flush.cancel = () => { pending = false; flush(); };
  const due = () => {
    const rest = AFTER_PRESS - (performance.now() - pressed);
    if (rest > 0) timer = setTimeout(due, rest);
    else flush();
  };
  const tell = (next) => { value = next; pending = true; waiting.add(flush); if (rested) { clearTimeout(timer); timer = null; } if (!timer) timer = setTimeout(due, wait); };
  tell.cancel = flush.cancel;
  tell.now = (next) => { value = next; pending = true; waiting.add(flush); flush(); };
  return tell;
}
