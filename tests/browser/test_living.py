"""An element that throws shows a sentence in its place and lives again with the next data."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

Open = Callable[[str], Page]

# An element of the test's own, mounted as Streamlit does: the same function, called with every new data.
_TRY = """
async (korean) => {
  const { living } = await import('/_stcore/bidi-components/glassbox.lib/living.js');
  const { h, fill, instances } = await import('/_stcore/bidi-components/glassbox.lib/dom.js');
  document.documentElement.lang = korean ? 'ko' : 'en';
  const parentElement = document.createElement('div');
  parentElement.innerHTML = '<div class="gb" data-failed-en="not drawn" data-failed-ko="그리지 못했어요"></div>';
  document.body.append(parentElement);
  const root = parentElement.firstChild, created = [], cleaned = [];
  const create = instances(() => { created.push(1); return { focus: -1 }; });
  const mount = living(({ data, parentElement }) => {
    const state = create(parentElement);
    if (!data.length) state.focus = -2;
    if (state.focus === -2) throw new TypeError('nothing to show');
    fill(root, h('button', { onclick: () => { throw new Error('a click'); } }, data.join(' ')));
    return () => cleaned.push(1);
  });
  const shown = [], draw = (data) => { mount({ data, parentElement }); shown.push(root.textContent); };
  draw(['a', 'b']); draw([]); draw(['c']);
  root.querySelector('button').click(); shown.push(root.textContent);
  draw(['d']);
  parentElement.remove();
  return { shown, created: created.length, cleaned: cleaned.length };
}
"""


@pytest.mark.parametrize(("korean", "said"), [(False, "not drawn"), (True, "그리지 못했어요")])
def test_it_says_so_and_comes_back(open_at: Open, korean: bool, said: str) -> None:
    page = open_at("/")
    found: dict[str, Any] = page.evaluate(_TRY, korean)
    assert found["shown"] == [
        "a b",
        f"{said} (TypeError: nothing to show)",
        "c",
        f"{said} (Error: a click)",
        "d",
    ]
    assert found["created"] == 3  # what it held was forgotten twice
    assert found["cleaned"] == 2


_OVERTAKEN = """
async () => {
  const { living } = await import('/_stcore/bidi-components/glassbox.lib/living.js');
  const { ownKeys } = await import('/_stcore/bidi-components/glassbox.lib/keys.js');
  const parentElement = document.createElement('div'), pressed = [];
  parentElement.innerHTML = '<div class="gb"></div>';
  document.body.append(parentElement);
  let giveBack = null;
  const mount = living(({ data }) => { giveBack ??= ownKeys(() => pressed.push(data)); return giveBack; });
  const press = () => dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
  const first = mount({ data: 1, parentElement }), second = mount({ data: 2, parentElement });
  first();
  press();
  parentElement.remove();
  second();
  press();
  return pressed.length;
}
"""


def test_it_keeps_its_keys_when_new_data_overtakes_the_old(open_at: Open) -> None:
    """Streamlit then cleans up after the first call, of an element that stays."""
    assert open_at("/").evaluate(_OVERTAKEN) == 1


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_real_element_knows_its_sentence(open_at: Open, lang: str) -> None:
    page = open_at(f"/transformer-sparse?lang={lang}")
    roots = page.locator(".gb").all()
    assert roots
    assert all(root.get_attribute(f"data-failed-{lang}") for root in roots)


_STYLED = """
async () => {
  const { living } = await import('/_stcore/bidi-components/glassbox.lib/living.js');
  const host = document.createElement('div'), place = host.attachShadow({ mode: 'open' });
  document.body.append(host);
  place.innerHTML = '<div><div class="gb">words</div><link rel="stylesheet" href="/_stcore/bidi-components/glassbox.lib/stepper.css?late"></div>';
  const root = place.querySelector('.gb'), link = place.querySelector('link'), mount = living(() => {});
  const loaded = new Promise((done) => link.addEventListener('load', () => setTimeout(done)));
  const sheet = Boolean(link.sheet);
  mount({ parentElement: place.firstChild });
  const before = root.style.visibility;
  await loaded;
  return { sheet, before, after: root.style.visibility };
}
"""


def test_it_is_unseen_until_its_style_sheet_is_there(open_at: Open) -> None:
    found = open_at("/").evaluate(_STYLED)
    assert found == {"sheet": False, "before": "hidden", "after": ""}
