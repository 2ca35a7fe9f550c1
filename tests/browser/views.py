"""What a page declares to hold in its link, other values for it, and what a reader sees of it."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Page
from streamlit.testing.v1 import AppTest

from components.shell import links

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
        return param.example if param.example and not visit else options[-1 if visit else 0]
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


# Everything a reader can read, in order, inside the elements too; what moves by itself and the frame are left out.
_SEEN = """
() => {
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
      if (skip.has(node.tagName) || node.classList.contains('stStatusWidget') || node.closest('.st-key-gb-foot')) return;
      if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return;
      if (node.matches('input:not([type=range]), textarea')) out.push(node.type === 'checkbox' || node.type === 'radio' ? `[${node.checked}]` : `[${node.value}]`);
      if (node.matches('[aria-pressed=true], [aria-checked=true], [aria-selected=true], [aria-current=true]')) out.push('*');
    }
    for (const child of (node.shadowRoot ?? node).childNodes) walk(child);
  };
  walk(document.querySelector('.stMainBlockContainer'));
  return out;
}
"""


def seen(page: Page) -> list[str]:
    """Return what a reader can read on a page, and what its boxes hold."""
    found: list[str] = page.evaluate(_SEEN)
    return found


# The widgets that stand somewhere on the page (also in an open popover) with what they show.
_BOXES = """
() => Object.fromEntries([...document.querySelectorAll('[class*="st-key-"]')].flatMap((box) => {
  const key = box.className.match(/st-key-(\\S+?)-\\d{4,}(?:\\s|$)/)?.[1];
  if (!key || !box.checkVisibility()) return [];
  const field = box.querySelector('input[type=number], input[type=text], textarea, input[type=checkbox], [role=slider]');
  if (!field || box.querySelector('[data-testid=stSelectbox], [role=radiogroup], [role=combobox]')) return [];
  const value = field.type === 'checkbox' ? (field.checked ? '1' : '0') : field.getAttribute('role') === 'slider' ? field.getAttribute('aria-valuenow') : field.value;
  return [[key, value]];
}))
"""


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
