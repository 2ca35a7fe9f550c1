// A part of a picture that stands open where there is room, and under a lid on a phone, so that what the reader sets is not far down.
import { h } from "./dom.js";

const NARROW = 640; // pixels

/** `held` keeps what the reader did with the lid, in `opened`, over redraws of `root`. */
export function lid(root, held, summary, ...body) {
  const open = () => held.opened ?? root.clientWidth >= NARROW;
  const node = h("details", { class: "lid" }, h("summary", { onclick: () => { held.opened = !node.open; } }, summary), ...body);
  node.open = open();
  const watch = new ResizeObserver(() => { if (node.isConnected) node.open = open(); else watch.disconnect(); });
  watch.observe(root);
  return node;
}
