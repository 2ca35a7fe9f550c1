// Symbols as tiles, and two of them snapping into one.
import { h, slide, reducedMotion } from "./dom.js";

export const MOTION = 260;

/** Where the tiles of a row are now; hand it to snap() after they were drawn anew. */
export function placesOf(nodes) {
  return new Map(nodes.filter((node) => node.dataset.id).map((node) => [node.dataset.id, [node.getBoundingClientRect(), node]]));
}

/**
 * Let the tiles of one word move from where they were: symbols that were joined fly together and snap.
 *
 * box: the positioned parent of the word. nodes: its tiles, each with data-id "word:start".
 * tiles: {start, end, fresh} of each node. old: what placesOf() returned before.
 */
export function snap(box, nodes, tiles, old) {
  if (reducedMotion()) return;
  slide(nodes.filter((_, i) => !tiles[i].fresh), new Map([...old].map(([id, [place]]) => [id, place])), MOTION * 0.8);
  const base = box.getBoundingClientRect();
  tiles.forEach((tile, i) => {
    if (!tile.fresh) return;
    const node = nodes[i], to = node.getBoundingClientRect();
    const word = node.dataset.id.split(":")[0];
    const inside = [...old].filter(([id]) => { const [owner, start] = id.split(":"); return owner === word && Number(start) >= tile.start && Number(start) < tile.end; });
    if (inside.length < 2) return;
    const leftmost = Math.min(...inside.map(([, [place]]) => place.left)); // which is the last one in a word from the right
    inside.forEach(([, [place, was]]) => {
      const ghost = h("span", { class: "tile ghost", "aria-hidden": "true", style: { left: `${place.left - base.left}px`, top: `${place.top - base.top}px`, width: `${place.width}px`, "box-sizing": "border-box", "text-align": "center", padding: "0" } }, was.textContent);
      box.append(ghost);
      const target = place.left === leftmost ? to.left : to.right - place.width;
      ghost.animate([{ transform: "none" }, { transform: `translate(${target - place.left}px, ${to.top - place.top}px)` }], { duration: MOTION * 0.7, easing: "cubic-bezier(.5,0,.9,.6)", fill: "forwards" })
        .finished.then(() => ghost.remove(), () => ghost.remove());
    });
    node.animate([{ opacity: 0, offset: 0 }, { opacity: 0, offset: 0.45 }, { opacity: 1, transform: "scale(1.12)", offset: 0.6 }, { opacity: 1, transform: "none", offset: 1 }], { duration: MOTION * 1.5, easing: "ease-out" });
  });
}

/** A template with nodes in its slots: "$pair occurs $count times". */
export function rich(template, slots) {
  return template.split(/(\$\w+)/).map((part) => (part.startsWith("$") && part.slice(1) in slots ? slots[part.slice(1)] : part));
}
