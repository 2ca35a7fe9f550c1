// Words and counts as a table that can be typed into. The last row is always empty: typing there adds a word.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { living } from "../glassbox.lib/living.js";

const create = instances((parent) => ({ root: parent.querySelector(".gb-word_table"), rows: [], rev: undefined, timer: null, count: 0, body: h("tbody") }));

/** A count as a number where it is one; anything else goes as it was typed, so that the page can say what is wrong. */
function read(text) {
  const plain = text.trim().replace(/^−/, "-");
  if (plain === "") return null;
  return /^[+-]?\d{1,15}$/.test(plain) ? Number(plain) : plain;
}

function rowsOf(state) {
  return [...state.body.children]
    .map((row) => [...row.querySelectorAll("input")].map((input) => input.value))
    .filter(([word, count]) => word.trim() !== "" || count.trim() !== "")
    .map(([word, count]) => [word.trim(), read(count)]);
}

function tell(state, wait) {
  clearTimeout(state.timer);
  state.timer = setTimeout(() => {
    const rows = rowsOf(state);
    const text = JSON.stringify(rows);
    if (text === state.told) return;
    state.told = text;
    state.count += 1;
    state.send("rows", [rows, state.count]);
  }, wait);
}

function addRow(state, word = "", count = "") {
  const { say } = state;
  const changed = (event) => {
    if (row === state.body.lastElementChild && event.target.value.trim()) addRow(state);
    tell(state, event.type === "input" ? 600 : 0);
  };
  const input = (value, name, extra) => h("input", { type: "text", value, class: name, "aria-label": say[name], autocomplete: "off", spellcheck: "false", oninput: changed, onchange: changed, onkeydown: (event) => move(event), onpaste: (event) => paste(state, event), ...extra });
  const row = h("tr", {}, h("td", {}, input(word, "word", { placeholder: say.add })), h("td", {}, input(String(count ?? ""), "count", { inputmode: "numeric" })),
    h("td", {}, h("button", { type: "button", class: "remove", title: say.remove, "aria-label": say.remove, onclick: () => { if (row !== state.body.lastElementChild) { row.remove(); tell(state, 0); } } }, "×")));
  state.body.append(row);
  return row;
}

/** Up, down and Enter go from row to row, as in any table. */
function move(event) {
  const step = { ArrowDown: 1, Enter: 1, ArrowUp: -1 }[event.key];
  if (!step || event.isComposing) return;
  const row = event.target.closest("tr");
  const to = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  if (!to) return;
  event.preventDefault();
  to.querySelectorAll("input")[event.target.classList.contains("word") ? 0 : 1].focus();
}

/** Several lines pasted from a sheet or a text fill several rows. */
function paste(state, event) {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  if (lines.length < 2) return;
  event.preventDefault();
  const last = state.body.lastElementChild;
  for (const line of lines.slice(0, 2000)) {
    const [word, count = ""] = line.trim().split(/[\t,;: ]+/);
    addRow(state, word, count);
  }
  if (![...last.querySelectorAll("input")].some((input) => input.value.trim())) last.remove();
  addRow(state);
  tell(state, 0);
}

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement);
  state.send = setStateValue;
  state.say = data.words;
  if (state.rev !== data.rev || state.language !== data.words.word) {
    const typed = state.rev === data.rev ? rowsOf(state) : data.rows;
    state.rev = data.rev;
    state.language = data.words.word;
    state.body.replaceChildren();
    for (const [word, count] of typed) addRow(state, word, count);
    addRow(state);
    state.told = JSON.stringify(typed);
    fill(state.root, h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, data.words.word), h("th", { scope: "col" }, data.words.count), h("th", {}))), state.body)));
  }
  [...state.body.children].forEach((row, i) => row.classList.toggle("wrong", data.wrong.includes(i + 1)));
  return () => clearTimeout(state.timer);
});
