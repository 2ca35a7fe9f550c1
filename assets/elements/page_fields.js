// What a reader types or chooses for a page, as fields that the browser keeps by itself. What is set here is the view of the page
// (lib/view.js); another element of the page computes it and reports it.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { living } from "../glassbox.lib/living.js";
import { view } from "../glassbox.lib/view.js";
import { answerTooLong, tooLong } from "../glassbox.lib/too_long.js";

const create = instances(() => ({ typing: new Set(), inputs: new Map() }));

/** A label with what it means on the mark beside it. */
const label = ({ key, label: text, help }) => h("span", { class: "name" }, h("label", { for: `gb-${key}` }, text),
  help ? h("span", { class: "help", title: help, tabindex: "0", role: "img", "aria-label": help }, "?") : null);

function build(s) {
  const set = (field, value) => { s.typing.delete(field.key); if (value !== s.view.state[field.key]) s.view.change({ ...field.resets, [field.key]: value }); show(s); };
  const text = (field) => {
    const lines = field.lines ?? 1, most = field.high;
    const commit = () => set(field, input.value.replaceAll("\0", "").slice(0, most));
    const input = h(lines > 1 ? "textarea" : "input", { id: `gb-${field.key}`, ...(lines > 1 ? { rows: String(lines) } : { type: "text" }), spellcheck: "false", autocomplete: "off", placeholder: field.placeholder ?? null, maxlength: String(most),
      oninput: () => { if (input.value === s.view.state[field.key]) s.typing.delete(field.key); else s.typing.add(field.key); mark(s); }, onchange: commit,
      onkeydown: (e) => { if (e.key === "Enter" && (lines === 1 || e.ctrlKey || e.metaKey)) { e.preventDefault(); commit(); } } });
    return input;
  };
  const number = (field) => {
    const { step = 1 } = field, rounded = (value) => (step === 1 ? Math.round(value) : Number(value.toFixed(2))); // as the link writes it
    const input = h("input", { type: "number", id: `gb-${field.key}`, min: String(field.low), max: String(field.high), step: step === 1 ? "1" : String(step), inputmode: step === 1 ? "numeric" : "decimal", onchange: () => {
      const value = Number(input.value);
      if (input.value.trim() === "" || !Number.isFinite(value)) { input.value = s.view.state[field.key]; return; }
      set(field, Math.min(Math.max(rounded(value), field.low), field.high));
    } });
    return input;
  };
  const flag = (field) => {
    const input = h("input", { type: "checkbox", id: `gb-${field.key}`, onchange: () => set(field, input.checked) });
    return input;
  };
  const choice = (field) => {
    const input = h("select", { id: `gb-${field.key}`, onchange: () => set(field, input.value) }, ...field.options.map(([value, name]) => h("option", { value }, name)));
    return input;
  };
  s.inputs = new Map(s.fields.map((field) => [field.key, field.flag ? flag(field) : field.options ? choice(field) : "low" in field ? number(field) : text(field)]));
  const fields = h("div", { class: "fields" }, ...s.fields.map((field) => h("div", { class: "field", style: { "--wide": String(field.wide ?? 1) } }, label(field), s.inputs.get(field.key),
    field.flag || field.options || "low" in field ? null : h("span", { class: "apply" }, s.apply[field.lines > 1 ? 1 : 0]))));
  s.notes = h("div", {});
  fields.append(s.notes);
  fill(s.root, s.closed ? h("details", { class: "closed", open: s.root.querySelector("details")?.open ?? false }, h("summary", {}, s.closed), fields) : fields);
}

function mark(s) { for (const [key, input] of s.inputs) input.classList.toggle("typing", s.typing.has(key)); }

function show(s) {
  for (const [key, input] of s.inputs) if (input.type === "checkbox") input.checked = s.view.state[key];
  else if (!s.typing.has(key) && input.value !== String(s.view.state[key])) input.value = s.view.state[key];
  mark(s);
  fill(s.notes, ...texts(s).map(({ key, label: name }) => tooLong(s.told, name, s.view.state[key])));
}

const texts = (s) => s.fields.filter(({ key }) => typeof s.view.state[key] === "string");

export default living(function ({ data, parentElement }) {
  const s = create(parentElement), root = parentElement.querySelector(".gb-page_fields"), made = JSON.stringify([data.fields, data.closed]);
  s.view = view(data.view);
  s.apply = data.apply;
  s.told = data.too_long;
  s.fields = data.fields;
  s.closed = data.closed;
  if (s.root !== root || s.made !== made) { s.root = root; s.made = made; build(s); }
  if (s.view.adopt(data.rev, data.state)) s.typing.clear();
  show(s);
  s.unlisten?.();
  s.unlisten = s.view.listen((changes, from) => { if (["python", "address", "example"].includes(from)) s.typing.clear(); show(s); });
  s.unasked?.();
  s.unasked = answerTooLong(() => texts(s).map(({ key, label: name }) => [name, s.view.state[key]]));
  return () => { s.unlisten?.(); s.unasked?.(); s.unlisten = s.unasked = null; };
});
