// The map of signed numbers (zero is the page's background) as pixels, and matrices painted with it.

const parse = (text) => (text.match(/[\d.]+/g) ?? ["0", "0", "0"]).slice(0, 3).map(Number);

/** 513 pixels (0xAABBGGRR) along the diverging map, from -1 to 1. */
export function signedTable(node) {
  const probe = document.createElement("span");
  probe.style.cssText = "position:absolute;visibility:hidden";
  node.append(probe);
  const stops = Array.from({ length: 7 }, (_, i) => { probe.style.color = `var(--gb-div-${i})`; return parse(getComputedStyle(probe).color); });
  probe.remove();
  const table = new Uint32Array(513);
  for (let u = 0; u <= 512; u += 1) {
    const place = (u / 512) * 6, low = Math.min(5, Math.floor(place)), part = place - low;
    const [r, g, b] = stops[low].map((c, i) => Math.round(c + (stops[low + 1][i] - c) * part));
    table[u] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }
  return table;
}

export const shadeOf = (table, value, range) => table[Math.round((Math.min(Math.max(value / range, -1), 1) + 1) * 256)];

/** Paint value(column, row) on a canvas of columns x rows pixels; CSS stretches it without smoothing. */
export function paint(canvas, columns, rows, value, range, table) {
  if (canvas.width !== columns || canvas.height !== rows) { canvas.width = columns; canvas.height = rows; }
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let y = 0, i = 0; y < rows; y += 1) for (let x = 0; x < columns; x += 1, i += 1) pixels[i] = shadeOf(table, value(x, y), range);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A painted canvas as an SVG image of a given size, for pictures that are taken home. */
export function asImage(canvas, x, y, width, height) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", "image");
  for (const [name, v] of Object.entries({ x, y, width, height, href: canvas.toDataURL(), preserveAspectRatio: "none", style: "image-rendering: pixelated" })) node.setAttribute(name, v);
  return node;
}
