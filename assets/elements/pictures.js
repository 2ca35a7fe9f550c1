// One row per picture of the page: SVG and PNG.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { pictures, asSvg, asPng, save } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";

const create = instances(() => ({ listening: false }));

export default living(function ({ data, parentElement }) {
  const state = create(parentElement);
  state.data = data;
  const root = parentElement.querySelector(".gb-pictures");
  const say = data.words;
  const draw = () => {
    const shown = pictures();
    fill(root, shown.length === 0 ? h("p", {}, say.no_picture) : null, ...shown.map(({ name, draw: make, caption }) => {
      const file = `${state.data.name}-${name}`;
      const under = () => caption?.() ?? state.data.caption;
      return h("div", { class: "row" }, h("span", {}, name),
        h("button", { type: "button", "data-kind": "svg", onclick: () => save(new Blob([asSvg(make, under())], { type: "image/svg+xml" }), `${file}.svg`) }, "SVG"),
        h("button", { type: "button", "data-kind": "png", onclick: async () => save(await asPng(asSvg(make, under())), `${file}.png`) }, "PNG"));
    }));
  };
  state.draw = draw;
  if (!state.listening) {
    state.listening = true;
    state.onChange = () => state.draw();
    document.addEventListener("gb-pictures", state.onChange);
  }
  draw();
  setTimeout(draw, 600);
  return () => { state.listening = false; document.removeEventListener("gb-pictures", state.onChange); };
});
