// The history as a line of stops, a column for each year and a lane for each branch; a card for the stop that is looked at.
import { h, fill, instances } from "../glassbox.lib/dom.js";
import { stepper, reporter } from "../glassbox.lib/stepper.js";
import { offerPicture, frame } from "../glassbox.lib/pictures.js";
import { living } from "../glassbox.lib/living.js";
import { addressOf } from "../glassbox.lib/pages.js";

const create = instances(() => ({ rev: null, stop: 0, stepper: null, stops: [], report: null }));

export default living(function ({ data, parentElement, setStateValue }) {
  const state = create(parentElement), { stops, lanes, words: w } = data;
  const root = parentElement.querySelector(".gb-history_line");
  state.report = state.report ?? reporter((value) => setStateValue("view", value));
  if (state.rev !== data.rev) Object.assign(state, { rev: data.rev }, data.start);
  state.stop = Math.min(state.stop, stops.length - 1);
  const yearOf = (stop) => stop.date.slice(0, 4) || w.outlook, years = [...new Set(stops.map(yearOf))];
  const choose = (at) => { state.stop = at; refresh(); state.report({ stop: at, rev: state.rev }); };

  // -- the line: years go right, branches go down; on a narrow screen years go down
  const chips = stops.map((stop, i) => h("button", { type: "button", class: "chip", "data-id": stop.id, onclick: () => choose(i) }, stop.runs ? h("span", { class: "runs", title: w.runs, "aria-label": w.runs }, "▶") : null, stop.name));
  const line = h("div", { class: "line", style: { "--years": String(years.length), "--lanes": String(lanes.length) } },
    ...lanes.map(([id, label], row) => h("span", { class: `branch lane-${row}`, style: { "grid-row": String(row + 2) }, "data-lane": id }, label)),
    ...lanes.map((_, row) => h("i", { class: `rail lane-${row}`, "aria-hidden": "true", style: { "grid-row": String(row + 2) } })),
    ...years.map((year, column) => h("section", { class: "year" },
      h("h3", { style: { "grid-column": String(column + 2) } }, year, column && Number(year) - Number(years[column - 1]) > 1 ? h("small", { title: w.gap }, ` +${Number(year) - Number(years[column - 1])}`) : null),
      ...lanes.map(([id], row) => { const here = chips.filter((_, i) => yearOf(stops[i]) === year && stops[i].lane === id); return here.length ? h("div", { class: `cell lane-${row}`, style: { "grid-column": String(column + 2), "grid-row": String(row + 2) } }, ...here) : null; }))));

  // -- the card
  const card = h("div", { class: "card", "aria-live": "polite" });
  function drawCard() {
    const stop = stops[state.stop];
    fill(card,
      h("p", { class: "when" }, h("b", {}, stop.date || w.outlook), " ", h("strong", {}, stop.name), stop.facts ? h("span", { class: "facts" }, stop.facts) : null),
      h("p", { class: "before" }, ...stop.before.split(/\*([^*]+)\*/).map((part, i) => (i % 2 ? h("em", {}, part) : part))),
      stop.course ? h("p", { class: "course" }, stop.course) : null,
      h("p", { class: "links" }, h("a", { href: stop.url, target: "_blank", rel: "noopener" }, stop.source),
        stop.path && addressOf(stop.path) ? h("a", { class: "page", href: addressOf(stop.path), target: "_top" }, `${w.shown_on} ${stop.page} →`) : stop.page ? h("span", {}, `${w.shown_on} ${stop.page}`) : null,
        stop.runs ? h("span", { class: "here" }, `▶ ${w.runs_below}`) : null));
    root.dataset.stop = stop.id;
  }
  function refresh() {
    chips.forEach((chip, i) => { chip.classList.toggle("on", i === state.stop); chip.classList.toggle("past", i < state.stop); chip.setAttribute("aria-current", i === state.stop ? "step" : "false"); });
    drawCard();
    state.stepper.set({ step: state.stop, last: stops.length - 1 });
  }
  state.stepper?.destroy();
  state.stepper = stepper({ words: data.stepper, label: (step) => `${step + 1} / ${stops.length}`, onMove: choose });
  fill(root, state.stepper.node, h("div", { class: "body" }, line, card));
  refresh();

  // -- to take home
  state.stops.forEach((stop) => stop());
  const text = (x, y, content, more = {}) => h("text", { x, y, "font-size": 13, "font-family": "sans-serif", fill: "var(--gb-text)", ...more }, content);
  state.stops = [offerPicture("history", () => {
    const wide = 96, left = 150, tall = 74, svg = frame(left + wide * years.length + 10, 50 + tall * lanes.length);
    years.forEach((year, c) => svg.append(text(left + wide * (c + 0.5), 26, year, { "text-anchor": "middle", "font-weight": 700 })));
    lanes.forEach(([id, label], r) => {
      svg.append(h("line", { x1: left, x2: left + wide * years.length, y1: 40 + tall * (r + 0.5), y2: 40 + tall * (r + 0.5), stroke: "var(--gb-line)" }), text(8, 44 + tall * (r + 0.5), label, { fill: "var(--gb-quiet)", "font-size": 12 }));
      years.forEach((year, c) => stops.filter((stop) => yearOf(stop) === year && stop.lane === id).forEach((stop, k, here) => {
        const y = 40 + tall * (r + 0.5) + 21 * (k - (here.length - 1) / 2), on = stop.id === stops[state.stop].id;
        svg.append(h("rect", { x: left + wide * c + 2, y: y - 10, width: wide - 4, height: 19, rx: 5, fill: "var(--gb-surface)", stroke: on ? "var(--gb-token)" : "var(--gb-line)", "stroke-width": on ? 2.5 : 1 }), text(left + wide * (c + 0.5), y + 4, stop.name, { "text-anchor": "middle", "font-size": stop.name.length > 13 ? 9.5 : 11.5, "font-weight": on ? 700 : 400 }));
      }));
    });
    return svg;
  })];
  return () => { state.stops.forEach((stop) => stop()); state.stops = []; state.stepper?.destroy(); };
});
