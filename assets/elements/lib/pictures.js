// Pictures that can be taken home: every drawing element says how it becomes an SVG.

import { cells } from "./format.js";
import { h } from "./dom.js";

const known = new Map();

/** Register a picture of the open page: `draw()` returns an SVG element or its text; `caption()` the line under it, if the element knows it better than Python. */
export function offerPicture(name, draw, caption = null) {
  known.set(name, { draw, caption });
  document.dispatchEvent(new CustomEvent("gb-pictures"));
  return () => { known.delete(name); document.dispatchEvent(new CustomEvent("gb-pictures")); };
}

/** Plotly charts of the page, as {name, draw}; their layers are put back into one picture. */
function charts() {
  return [...document.querySelectorAll(".js-plotly-plot")].map((plot, i) => ({
    name: plot.closest("[class*='st-key-']")?.className.match(/st-key-([\w-]+)/)?.[1] ?? `chart-${i + 1}`,
    draw: () => {
      const box = plot.getBoundingClientRect();
      const svg = frame(box.width, box.height);
      for (const layer of plot.querySelectorAll("svg.main-svg")) {
        const copy = layer.cloneNode(true);
        copy.setAttribute("style", "");
        svg.append(copy);
      }
      return svg;
    },
  }));
}

export const pictures = () => [...[...known].map(([name, { draw, caption }]) => ({ name, draw, caption })), ...charts()];

export function frame(width, height) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  return svg;
}

/** Words as lines of at most so many cells; a letter of Korean takes two. */
export function wrapped(content, most) {
  const lines = [""];
  for (const word of content.replace(/\s+/g, " ").trim().split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (cells(longer) <= most) { lines[lines.length - 1] = longer; continue; }
    if (lines.at(-1)) lines.push("");
    for (const letter of word) { // a word that is longer than a line
      if (cells(lines.at(-1) + letter) > most) lines.push("");
      lines[lines.length - 1] += letter;
    }
  }
  return lines;
}

/** Put a line of words above a picture, whole: what one line has no room for makes the picture taller at its top. */
export function headline(svg, x, y, content, { "font-size": size = 16, "font-family": family = "sans-serif", ...more } = {}) {
  const lines = wrapped(content, Math.max(12, Math.floor((Number(svg.getAttribute("width")) - 2 * x) / (size * (family === "monospace" ? 0.62 : 0.55)))));
  const step = Math.round(1.35 * size), rise = (lines.length - 1) * step, extra = rise + Math.max(0, size + 4 - y);
  svg.setAttribute("viewBox", `0 ${-extra} ${svg.getAttribute("width")} ${Number(svg.getAttribute("height")) + extra}`);
  svg.setAttribute("height", Number(svg.getAttribute("height")) + extra);
  lines.forEach((line, i) => svg.append(h("text", { x, y: y - rise + i * step, "font-size": size, "font-family": family, fill: "var(--gb-text)", ...more }, line)));
}

/** Put under a picture what its marks mean: `marks` are pairs of what a square looks like (attributes) and words; no square where that is null. */
export function legendBelow(svg, marks, x = 10) {
  const [left, top, width, height] = svg.getAttribute("viewBox").split(/\s+/).map(Number), size = 13;
  let at = x, line = 0;
  for (const [look, words] of marks) {
    const room = (look ? size + 6 : 0) + cells(words) * size * 0.55 + 22;
    if (at > x && at + room > width) { at = x; line += 1; }
    const y = top + height + 8 + 22 * line;
    if (look) svg.append(h("rect", { x: at, y, width: size, height: size, ...look }));
    svg.append(h("text", { x: at + (look ? size + 6 : 0), y: y + size - 2, "font-size": size, "font-family": "sans-serif", fill: "var(--gb-quiet)" }, words));
    at += room;
  }
  const more = 8 + 22 * (line + 1);
  svg.setAttribute("viewBox", `${left} ${top} ${width} ${height + more}`);
  svg.setAttribute("height", Number(svg.getAttribute("height")) + more);
  return svg;
}

/** Resolve the theme's variables, so that the file looks the same outside the app. */
function settled(svg) {
  const probe = document.createElement("span");
  probe.style.setProperty("transition", "none", "important"); // else it still has the colour that was asked for before
  (document.querySelector(".stApp") ?? document.body).append(probe);
  const colours = new Map();
  const resolve = (value) => value.replace(/var\((--[\w-]+)\)/g, (all, name) => {
    if (!colours.has(name)) {
      probe.style.color = "";
      probe.style.color = `var(${name})`;
      colours.set(name, getComputedStyle(probe).color);
    }
    return colours.get(name);
  });
  for (const node of [svg, ...svg.querySelectorAll("*")]) {
    for (const attribute of [...node.attributes]) {
      if (attribute.value.includes("var(")) node.setAttribute(attribute.name, resolve(attribute.value));
    }
  }
  probe.remove();
  return svg;
}

/** Widen a picture whose words reach over its sides, with the letters of this machine: another font may be wider than the one it was drawn for. */
function widened(svg) {
  const width = Number(svg.getAttribute("width")), box = (svg.getAttribute("viewBox") ?? "").split(/\s+/).map(Number);
  if (box[2] !== width) return; // drawn to another scale
  const host = document.createElement("div");
  host.style.cssText = "position: fixed; left: 0; top: 0; width: 0; height: 0; overflow: hidden; visibility: hidden";
  host.attachShadow({ mode: "open" }).append(svg); // there the fonts are those of the file
  document.body.append(host);
  const from = svg.getBoundingClientRect().left;
  const ends = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim()).map((text) => text.getBoundingClientRect());
  const left = Math.min(0, ...ends.map((end) => Math.floor(end.left - from) - EDGE)), right = Math.max(width, ...ends.map((end) => Math.ceil(end.right - from) + EDGE));
  host.remove();
  svg.remove();
  svg.setAttribute("viewBox", `${box[0] + left} ${box[1]} ${right - left} ${box[3]}`);
  svg.setAttribute("width", right - left);
}
const EDGE = 4; // pixels that stay free beside the words that reach farthest

/** The picture as SVG text with its caption below it: model, revision, seed, text. */
export function asSvg(draw, caption) {
  const inner = draw();
  widened(inner);
  const width = Number(inner.getAttribute("width")), height = Number(inner.getAttribute("height"));
  const lines = caption.trim() ? wrapped(caption, Math.max(12, Math.min(110, Math.floor((width - 16) / 8)))) : [];
  const svg = frame(width, height + 20 + 18 * lines.length);
  const back = document.createElementNS(svg.namespaceURI, "rect");
  back.setAttribute("width", "100%"); back.setAttribute("height", "100%"); back.setAttribute("fill", "var(--gb-background)");
  const description = document.createElementNS(svg.namespaceURI, "desc");
  description.textContent = caption;
  svg.append(description, back, inner);
  lines.forEach((line, i) => {
    const text = document.createElementNS(svg.namespaceURI, "text");
    text.setAttribute("x", 8); text.setAttribute("y", height + 22 + 18 * i);
    text.setAttribute("font-size", 13); text.setAttribute("font-family", "sans-serif"); text.setAttribute("fill", "var(--gb-quiet)");
    text.textContent = line.trim();
    svg.append(text);
  });
  return new XMLSerializer().serializeToString(settled(svg));
}

export async function asPng(svgText, scale = 2) {
  const image = new Image();
  const url = URL.createObjectURL(new Blob([svgText], { type: "image/svg+xml" }));
  try {
    await new Promise((done, failed) => { image.onload = done; image.onerror = failed; image.src = url; });
    const canvas = document.createElement("canvas");
    canvas.width = image.width * scale; canvas.height = image.height * scale;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/png"));
  } finally { URL.revokeObjectURL(url); }
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click(); // not in the document: the click must not close the popover it came from
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
