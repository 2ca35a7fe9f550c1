// Building the page without ever turning a reader's text into markup.

/** h("button", {class: "x", onclick: f, "aria-label": "next"}, child, "text") */
export function h(tag, props = {}, ...children) {
  const svg = tag === "svg" || SVG_TAGS.has(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") node.addEventListener(name.slice(2), (event) => { try { return value.call(node, event); } catch (error) { return failure(node, error); } });
    else if (name === "class") node.setAttribute("class", value);
    else if (name === "style" && typeof value === "object") {
      for (const [property, v] of Object.entries(value)) node.style.setProperty(property, v);
    } else if (name in node && !svg && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

let failure = (node, error) => { throw error; };

/** Say what becomes of an error in a handler of a node that h() made. */
export function onFailure(handler) { failure = handler; }

const SVG_TAGS = new Set(["g", "path", "line", "rect", "circle", "text", "tspan", "polyline", "polygon", "defs", "pattern", "title", "clipPath", "use", "marker"]);

/** Replace the children of a node in one go. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : document.createTextNode(String(c)))));
  return node;
}

const states = []; // the WeakMaps of instances(), so that forget() finds the state of an instance

/** State that belongs to one mounted instance and dies with it. */
export function instances(create) {
  const known = new WeakMap();
  states.push(known);
  return (parent) => {
    if (!known.has(parent)) known.set(parent, create(parent));
    return known.get(parent);
  };
}

/** Drop the state of one mounted instance: the next drawing begins anew. */
export function forget(parent) {
  for (const known of states) known.delete(parent);
}

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Move nodes smoothly from where they were to where they are now (first, last, invert, play). */
export function slide(nodes, before, duration = 220) {
  if (reducedMotion()) return;
  for (const node of nodes) {
    const from = before.get(node.dataset.id);
    if (!from) continue;
    const to = node.getBoundingClientRect();
    const dx = from.left - to.left, dy = from.top - to.top;
    if (Math.abs(dx) < 1 && Math.abs(dy) < 1) continue;
    node.animate([{ transform: `translate(${dx}px, ${dy}px)` }, { transform: "none" }], { duration, easing: "ease-out" });
  }
}

/** "$n of $m" with {n: 1, m: 2}: the same slots as the Python side. */
export function words(template, slots = {}) {
  return template.replace(/\$(\w+)|\$\{(\w+)\}/g, (all, a, b) => slots[a || b] ?? all);
}

/** The pieces of a template, with nodes in some of its slots: said("Without $token …", {token: node}). */
export function said(template, slots = {}) {
  return template.split(/(\$\w+)/).map((part) => (part.startsWith("$") && part.slice(1) in slots ? slots[part.slice(1)] : part));
}
