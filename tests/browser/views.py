"""What a page declares to hold in its link, other values for it, and what a reader sees of it."""

import json
import re
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import BrowserContext, Page
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest

from components.shell import links
from components.words import in_every_language

APP = Path(__file__).parents[2] / "app.py"
PAGES = re.findall(r'lesson\("([\w/]+)"', APP.read_text(encoding="utf-8"))


@cache
def declared(name: str) -> tuple[links.Param, ...]:
    """Return what the link of a page holds."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.query_params["lang"] = "en"
    at.run()
    at.switch_page(f"pages/{name}.py").run()
    found: tuple[links.Param, ...] = at.session_state["_view"].params
    return found


def other(param: links.Param, visit: int) -> Any:
    """Return another value than the default: the declared example, or one near the default.

    The second visit takes other choices and leaves numbers and switches as they are: what only goes together with the first
    choices (picks by hand, places in a text) would not fit them.
    """
    if isinstance(param, links.Choice):
        options = [option for option in param.options if option not in (param.default, "nothing")]
        if param.example is not None and (not visit or param.example != param.default):
            return param.example
        return options[-1 if visit else 0]
    if visit and not isinstance(param, links.Text):
        return param.default
    if param.example is not None:
        return param.example
    if isinstance(param, links.Flag):
        return not param.default
    if isinstance(param, links.Integer):
        return param.default + 1 if param.default < param.high else param.default - 1
    if isinstance(param, links.Number):
        return round(param.default + (0.05 if param.default < param.high else -0.05), 2)
    if isinstance(param, links.Text) and (" " in param.default or not param.default):
        return f"{param.default} again".strip()
    raise AssertionError(f"{param.key}: declare an example")


def query(name: str, visit: int) -> dict[str, str]:
    """Return a link's query with another value for everything the page declares."""
    asked = {param.key: (param, other(param, visit)) for param in declared(name)}
    return {key: param.write(value) for key, (param, value) in asked.items() if value != param.default}


def address(page: Page) -> dict[str, str]:
    """Return the query in the address bar."""
    return dict(parse_qsl(urlsplit(page.url).query, keep_blank_values=True))


def path(name: str, asked: dict[str, str]) -> str:
    """Return the address of a page with a query."""
    return ("/" if name == "start/home" else f"/{name.replace('/', '-')}") + "?" + urlencode(asked)


# Whether a reader sees a node. The box around an element of ours lays out nothing ("display: contents"), so that a browser calls
# it invisible, and with it everything that stands inside.
VISIBLE = """
const visible = (node) => getComputedStyle(node).display === 'contents' || node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
"""

# Everything a reader can read, in order, inside the elements too; what moves by itself, what was written earlier on
# this visit (kept on purpose) and the frame are left out.
_SEEN = """
const seen = () => {
  const skip = new Set(['SCRIPT', 'STYLE', 'TITLE', 'DESC', 'OPTION']);
  const out = [];
  const walk = (node) => {
    if (node.nodeType === 3) {
      const text = node.data.replace(/\\s+/g, ' ').trim();
      if (text) out.push(text);
      return;
    }
    if (node.nodeType !== 1 && node.nodeType !== 11) return;
    if (node.nodeType === 1) {
      if (skip.has(node.tagName) || node.classList.contains('stStatusWidget') || node.classList.contains('branches') || node.classList.contains('st-key-gb-foot')) return;
      if (!visible(node)) return;
      if (node.matches('input:not([type=range]), textarea')) out.push(node.type === 'checkbox' || node.type === 'radio' ? `[${node.checked}]` : `[${node.value}]`);
      if (node.matches('[aria-pressed=true], [aria-checked=true], [aria-selected=true], [aria-current=true]')) out.push('*');
    }
    for (const child of (node.shadowRoot ?? node).childNodes) walk(child);
  };
  const main = document.querySelector('.stMainBlockContainer');
  if (main) walk(main);
  return out;
};
"""

# Installed before a page loads: counts what is asked of Streamlit and what it has answered. The script's state in the DOM
# still says "not running" between a click and the first word of the server.
_RUNS = """
(() => {
  const fields = (buffer) => { // protobuf: number of a field at the top -> its value, or null
    const bytes = new Uint8Array(buffer), found = {};
    let at = 0;
    const varint = () => { let value = 0, shift = 1; for (;;) { const byte = bytes[at++]; value += (byte & 127) * shift; if (byte < 128) return value; shift *= 128; } };
    while (at < bytes.length) {
      const tag = varint(), kind = tag % 8;
      found[Math.floor(tag / 8)] = kind === 0 ? varint() : null;
      if (kind === 2) { const size = varint(); at += size; } else if (kind === 1) at += 8; else if (kind === 5) at += 4;
    }
    return found;
  };
  const runs = window.gbRuns = { asked: 0, begun: 0, running: false };
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', (event) => {
        if (!(event.data instanceof ArrayBuffer)) return;
        const found = fields(event.data);
        if (NEW_SESSION in found) Object.assign(runs, { begun: runs.asked, running: true });
        if (SCRIPT_FINISHED in found && found[SCRIPT_FINISHED] !== EARLY) runs.running = false;
      });
    }
    send(data) { if (RERUN in fields(data)) runs.asked += 1; super.send(data); }
  };
})();
"""

_REST = """
async ([quiet, most]) => {
  const hosts = () => [...document.querySelectorAll('.stMainBlockContainer *')].filter((node) => node.shadowRoot);
  const state = () => [location.href, document.documentElement.lang, document.querySelector('.stMainBlockContainer')?.textContent, ...hosts().map((node) => node.shadowRoot.textContent)].join('|');
  const charts = () => document.querySelector('.stMainBlockContainer [data-testid=stSkeleton]') || [...document.querySelectorAll('[data-testid=stPlotlyChart]')].some((chart) => !chart.querySelector('.main-svg text')); // Plotly comes late, and draws later
  const lanes = () => hosts().some((node) => node.shadowRoot.querySelector('.gb-lane_race .wait')); // written one after the other, by the browser
  const late = () => [document, ...hosts().map((node) => node.shadowRoot)].some((place) => place.querySelector('.gb:empty, .gb[data-waits]')); // its script or its style sheet is on the way
  const runs = () => window.gbRuns.asked === 0 || window.gbRuns.asked !== window.gbRuns.begun || window.gbRuns.running || document.querySelector('[data-testid=stApp]')?.dataset.testScriptState !== 'notRunning' || charts() || lanes() || late();
  let last = null;
  for (const began = performance.now(); performance.now() - began < most;) { // reading a page costs it time: not often
    await new Promise((done) => setTimeout(done, last === null ? 80 : quiet));
    const next = runs() ? null : state();
    if (next !== null && next === last) return true;
    last = next;
  }
  return false;
}
"""


def count_runs(context: BrowserContext | Page) -> None:
    """Let a page, or the pages of a context, count what they ask of Streamlit; :func:`rest` needs it."""
    sent, answered = BackMsg.DESCRIPTOR.fields_by_name, ForwardMsg.DESCRIPTOR.fields_by_name
    script = _RUNS.replace("RERUN", str(sent["rerun_script"].number))
    for name in ("new_session", "script_finished"):
        script = script.replace(name.upper(), str(answered[name].number))
    context.add_init_script(script.replace("EARLY", str(ForwardMsg.FINISHED_EARLY_FOR_RERUN)))


@cache
def _where() -> re.Pattern[str]:
    """What says where a number was computed: after some time in the browser, which has its model then."""
    said = [text for key in ("where_browser", "where_server", "engine_loading") for text in in_every_language("engine", key).values()]  # fmt: skip
    return re.compile("(· )?(" + "|".join(re.sub(r"\\\$\w+", ".*?", re.escape(text)) for text in said) + ")")


def seen(page: Page) -> list[str]:
    """Return what a reader can read on a page, and what its boxes hold; not where it was computed."""
    found: list[str] = page.evaluate(f"() => {{ {VISIBLE} {_SEEN} return seen(); }}")
    # How far server and browser are from each other is not the same in both.
    return [line for text in found if (line := re.sub(r"\b\de−\d+\b", "…", _where().sub("", text)).strip())]


def rest(page: Page, quiet: int = 120, most: int = 90_000) -> None:
    """Wait until every question to the server is answered, and nothing has moved for ``quiet`` ms.

    An element that steps tells the server of it after 250 ms at most.

    Raises:
        AssertionError: it still moves after ``most`` ms.
    """
    assert page.evaluate(_REST, [quiet, most]), "the page does not come to rest"


def open_cold(page: Page, link: str) -> None:
    """Open a link in a new session, and wait until the page stands."""
    page.goto("about:blank")  # else an address that differs in nothing would not be opened anew
    page.goto(link)
    page.wait_for_selector(".gb-toolbar .bar")
    rest(page)


def go(page: Page, asked: dict[str, str]) -> None:
    """Go to another view of the open page, as Back and Forward do."""
    page.evaluate(
        "(query) => { history.pushState({}, '', location.pathname + '?' + query); dispatchEvent(new PopStateEvent('popstate')); }",
        urlencode({"lang": "en"} | asked),
    )
    rest(page)


def comes_to(page: Page, wanted: Callable[[], list[str]], seconds: float = 30) -> list[str]:
    """Return what can be read when it is what is wanted, or at the end: a chart may still be on its way, here or there."""
    until = time.monotonic() + seconds
    while (now := seen(page)) != wanted() and time.monotonic() < until:
        page.wait_for_timeout(200)
    return now


# The widgets that stand somewhere on the page (also in an open popover) with what they show.
_BOXES = """
() => Object.fromEntries([...document.querySelectorAll('[class*="st-key-"]')].flatMap((box) => {
  const key = box.className.match(/st-key-(\\S+?)-\\d{4,}(?:\\s|$)/)?.[1];
  if (!key || !box.checkVisibility()) return [];
  const field = box.querySelector('input[type=number], input[type=text], textarea, input[type=checkbox], input[type=range]');
  if (!field || box.querySelector('[data-testid=stSelectbox], [role=radiogroup], [role=combobox]')) return [];
  const value = field.type === 'checkbox' ? (field.checked ? '1' : '0') : field.value;
  return [[key, value]];
}))
"""


# The rows of buttons that show which of a few options is in force: key -> the places of the pressed ones, and how many there are.
_GROUPS = """
() => Object.fromEntries([...document.querySelectorAll('[class*="st-key-"]')].flatMap((box) => {
  const key = box.className.match(/st-key-(\\S+?)-\\d{4,}(?:\\s|$)/)?.[1];
  const group = box.querySelector('[data-testid=stButtonGroup]');
  if (!key || !group || !box.checkVisibility()) return [];
  const all = [...group.querySelectorAll('button[data-variant]')]; // the sign of the help is a button, too
  return [[key, [all.findIndex((one) => one.matches('[aria-checked=true], [aria-pressed=true]')), all.length]]];
}))
"""


def groups(page: Page) -> dict[str, tuple[int, int]]:
    """Return key -> (place of the pressed button or -1, number of buttons) of every row of buttons that can be seen."""
    return {key: (at, count) for key, (at, count) in page.evaluate(_GROUPS).items()}


def boxes(page: Page) -> dict[str, str]:
    """Return key -> what its box shows, for numbers, texts, switches and sliders that can be seen."""
    found: dict[str, str] = page.evaluate(_BOXES)
    return found


def same(param: links.Param, one: str, other_one: str) -> bool:
    """Whether two written values of a parameter are the same."""
    if isinstance(param, links.Integer | links.Number):
        return float(one) == float(other_one)
    if isinstance(param, links.Json):
        return bool(json.loads(one) == json.loads(other_one))
    return one == other_one
