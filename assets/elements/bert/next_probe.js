// A pair of sentences and its changes, each with P(IsNext): from the server, or from the engine in this browser once it is there.
import { h, fill, instances, words as say } from "../glassbox.lib/dom.js";
import { answering } from "../glassbox.lib/answering.js";
import { full, percent } from "../glassbox.lib/format.js";
import { offerPicture } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";
import { judging, shuffledWords } from "../glassbox.lib/sources/judging.js";
import { view } from "../glassbox.lib/view.js";
import { picture, table } from "./comparison_table.js";

const KEYS = ["first", "second", "another_topic", "paraphrase"];
const NEEDS = { given: ["first", "second"], swapped: ["first", "second"], another_topic: ["first", "another_topic"], paraphrase: ["first", "second", "paraphrase"], nonsense: ["second"], repeated: [] }; // which sentences have to be those of the scene for what a reader would say to be known

const create = instances(() => ({ view: view("next_sentence"), asked: 0, found: null, of: null }));
const short = (text, most = 160) => ([...text].length <= most ? text : `${[...text].slice(0, most).join("")}… (${[...text].length.toLocaleString("en")})`);

/** The sentences to probe: the reader's, or the scene's. */
function sentences(s) {
  const { state } = s.view, { scene, prepared } = s.data;
  return Object.fromEntries(KEYS.map((key) => { const own = state[`nsp_${key}`]; return [key, own && !prepared[key].includes(own) ? own : scene[key]]; }));
}
const nameOf = (s) => JSON.stringify([s.data.model, ...KEYS.map((key) => sentences(s)[key])]);

/** The pair and its changes, as [case, first, second, known]. */
function pairs(s) {
  const { first, second, another_topic: topic, paraphrase } = sentences(s), own = KEYS.filter((key) => sentences(s)[key] !== s.data.scene[key]);
  const all = { given: [first, second], swapped: [second, first], another_topic: [first, topic], paraphrase: [first, paraphrase], nonsense: [first, shuffledWords(second)], repeated: [first, first] };
  if ((own.includes("first") || own.includes("second")) && !own.includes("paraphrase")) delete all.paraphrase; // it says another sentence differently
  return Object.entries(all).map(([name, [a, b]]) => [name, a, b, !NEEDS[name].some((key) => own.includes(key))]);
}

/** Let the engine judge the pairs; only the newest question is drawn. */
async function compute(s) {
  const asked = s.asked += 1, { source } = s.local, of = nameOf(s), found = [];
  s.root.classList.add("waiting");
  try {
    for (const [name, first, second, known] of pairs(s)) found.push({ case: name, first, second, is_next: await source.isNext(first, second), known });
    if (asked !== s.asked || !s.root.isConnected) return;
    Object.assign(s, { found, of });
    draw(s);
    s.keeper.rest();
  } catch (error) { if (asked === s.asked) s.local.fail(error); }
}

function tableOf(s) {
  const w = s.say;
  return {
    label: w.probe_text, head: ["case", "b", "is_next", "says", "should"].map((key) => w[`probe_${key}`]),
    rows: s.found.map(({ case: name, first, second, is_next: p, known }) => [
      { text: w[`probe_${name}`], strong: false }, { text: name === "swapped" ? `${short(first)} ${s.data.between} ${short(second)}` : short(second), strong: false },
      { bar: p, shown: percent(p), full: full(p) }, { text: p > 0.5 ? "IsNext" : "NotNext", strong: true }, { text: w[`should_${known ? name : "own"}`], strong: false },
    ]),
  };
}

/** Which changes made the model change its mind. */
function noticed(s) {
  const w = s.say, [given, ...others] = s.found, changed = (one) => (one.is_next > 0.5) !== (given.is_next > 0.5);
  const list = (some) => some.map((one) => w[`probe_${one.case}`]).join("; ") || w.none;
  return say(w.notice_sum, { changed: list(others.filter(changed)), unchanged: list(others.filter((one) => !changed(one))) });
}

function draw(s) {
  s.root.classList.toggle("waiting", s.of !== nameOf(s));
  fill(s.picture, table(tableOf(s)), h("p", { class: "aid", "aria-live": "polite" }, noticed(s)));
  drawWhere(s);
}
function drawWhere(s) {
  fill(s.where, s.data.files ? s.local.line(s.say) : null);
  fill(s.notes, s.local.note(s.say));
}

function tell(s) {
  if (s.root.isConnected) s.trigger("view", { rev: s.view.rev, state: s.view.state, browser: s.local.source ? s.data.model : null, waits: !s.local.source && s.of !== nameOf(s) });
}

function moved(s) {
  if (s.of === nameOf(s)) { s.asked += 1; draw(s); return; }
  s.local.open(s.data.files);
  if (s.local.source) compute(s);
  else { s.asked += 1; s.root.classList.add("waiting"); }
}

function take(s, data) {
  if (s.data && s.data.model !== data.model) { s.local.drop(); s.found = null; }
  s.data = data;
  s.view.adopt(data.rev, data.state);
  const of = nameOf(s);
  if (data.found && (data.asked === JSON.stringify(sentences(s)) || !s.found) && !(s.local.source && s.of === of)) Object.assign(s, { found: data.found, of: data.asked === JSON.stringify(sentences(s)) ? of : null });
  if (s.found) draw(s);
  if (!data.found || s.of !== of) s.local.open(data.files);
  if (s.local.source && s.of !== of) compute(s);
  if (s.view.ahead) s.keeper.rest();
}

export default living(function ({ data, parentElement, setTriggerValue }) {
  const s = create(parentElement);
  s.trigger = setTriggerValue;
  s.say = data.words;
  answering(s, parentElement.querySelector(".gb-next_probe"), {
    make: judging, ready: () => { if (s.of === nameOf(s)) s.keeper.rest(); else compute(s); }, changed: () => drawWhere(s), tell: () => tell(s), moved: () => moved(s), own: false,
  });
  take(s, data);
  s.withdraw ??= offerPicture("what-next-sentence-notices", () => picture(tableOf(s)));
  return () => { s.withdraw?.(); s.withdraw = null; s.keeper?.stop(); s.keeper = null; };
});
