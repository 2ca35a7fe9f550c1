// A view that an element keeps for its whole page: in the address at once, at Python's after a rest, undone with Back even while the server
// cannot be heard. Several elements may move it (view.js); one of them keeps it.
import { connected, onConnection } from "./connection.js";
import { reporter } from "./stepper.js";
import { fromAddress, keepAddress } from "./view.js";

const REST = 1000; // where the browser computes, Python hears of a change when the reader's hand has rested so long

/**
 * kept({view, params, mine, here, tell, moved}) -> {rest, report, stop}
 *
 * params(): what the link holds, see view.js. mine(event): whether a press is on something of this page's own elements, before which no report
 * need go out. here(): whether the browser computes. tell(): tell Python now. moved(before, from): the view is another than `before`; `from` is
 * "reader", "address", or what an element calls itself. rest() and report(): tell Python after a rest, or soon.
 */
export function kept({ view, params, mine, here, tell, moved }) {
  const say = () => { view.ahead = !connected(); if (!view.ahead) tell(); };
  const soon = reporter(say), rest = reporter(say, REST, true, mine), { pathname } = location;
  let before = view.state;
  const told = (from) => from === "address" && connected(); // then Streamlit itself tells Python of it
  const changed = (changes, from) => {
    const was = before;
    before = view.state;
    if (from === "python" || from === "engine") return;
    if (from !== "address") keepAddress(params(), view.state);
    if (!told(from)) view.ahead ||= !connected();
    moved(was, from);
    if (told(from)) return;
    if (!here() && params().some(({ kind, key }) => kind === "Text" && was && view.state[key] !== was[key])) soon.now({}); // a text is given once: no hand has to rest
    else report();
  };
  const report = () => (here() ? rest : soon)({});
  const back = () => {
    soon.cancel();
    rest.cancel();
    if (location.pathname !== pathname) return;
    view.state = { ...view.state, ...fromAddress(params()) };
    view.change({}, "address");
  };
  const stops = [view.listen(changed), onConnection((now) => { if (now && view.ahead) rest({}); })];
  window.addEventListener("popstate", back);
  return { rest: () => rest({}), report, stop() { stops.forEach((f) => f()); window.removeEventListener("popstate", back); } };
}
