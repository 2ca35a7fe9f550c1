// Prepared states of a page as buttons. Where the browser keeps all that one changes, it goes there by itself, and the element that keeps the view
// reports it; otherwise Python does, as long as it can be heard.
import { connected, onConnection } from "../glassbox.lib/connection.js";
import { h, fill } from "../glassbox.lib/dom.js";
import { living } from "../glassbox.lib/living.js";
import { view } from "../glassbox.lib/view.js";

export default living(function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gb-prepared"), shared = view(data.view);
  const go = (state, at) => { if (state && shared.state) shared.change(state, "example"); else setTriggerValue("go", { rev: data.rev, at }); };
  const states = data.states.map(({ label, state }, at) => ({ state, button: h("button", { type: "button", onclick: () => go(state, at) }, label) })).filter(({ state }) => state || !globalThis.glassboxFile); // a file has nobody to ask
  const heard = () => { for (const { state, button } of states) button.disabled = !state && !connected(); };
  heard();
  fill(root, ...(states.length ? [data.title ? h("span", { class: "title" }, data.title) : null, ...states.map(({ button }) => button)] : []));
  return onConnection(heard);
});
