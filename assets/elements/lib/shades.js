// The maps of the theme as tables of pixels, for what is painted on a canvas.

const parse = (text) => (text.match(/[\d.]+/g) ?? ["0", "0", "0"]).slice(0, 3).map(Number);

/** A colour variable as the browser resolves it now (it follows the theme). */
function resolved(node, name) {
  const probe = document.createElement("span");
  probe.style.cssText = `position:absolute;visibility:hidden;color:var(${name})`;
  node.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

let known = new Map(), theme = "";
/** The colour of a role, remembered until the theme changes. */
export function roleColour(node, role) {
  const now = getComputedStyle(node).colorScheme;
  if (now !== theme) { theme = now; known = new Map(); }
  if (!known.has(role)) known.set(role, resolved(node, `--gb-${role}`));
  return known.get(role);
}

/** 256 pixels (0xAABBGGRR) along the sequential map, from 0 to 1. */
export function shadeTable(node) {
  const stops = Array.from({ length: 6 }, (_, i) => parse(resolved(node, `--gb-seq-${i}`)));
  const table = new Uint32Array(256);
  for (let u = 0; u < 256; u++) {
    const place = (u / 255) * 5, low = Math.min(4, Math.floor(place)), part = place - low;
    const [r, g, b] = stops[low].map((c, i) => Math.round(c + (stops[low + 1][i] - c) * part));
    table[u] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }
  return table;
}
