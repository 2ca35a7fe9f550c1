"""Every page, opened cold in both languages, at the sizes it promises: a phone, a laptop, a projector with the large text.

Nothing fails, nothing is asked of the outside, and both themes are accessible. Nothing is wider than the page, no text is cut
inside our elements, and on a phone what the reader sets is not far down.
"""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from tests.browser.views import PAGES, count_runs, path, rest

SIZES = {
    "phone": (390, 844, ""),
    "laptop": (1366, 768, ""),
    "laptop, large text": (1366, 768, "lecture"),
    "projector": (1920, 1080, "lecture"),
}

# After a change of size, elements and charts draw anew: wait until no box has moved for 150 ms.
_STANDS = """
async () => {
  const boxes = () => [...document.querySelectorAll('.stMainBlockContainer *')].map((node) => { const box = node.getBoundingClientRect(); return `${box.left} ${box.top} ${box.width} ${box.height}`; }).join();
  let last = boxes();
  for (const began = performance.now(); performance.now() - began < 30_000;) {
    await new Promise((done) => setTimeout(done, 150));
    const next = boxes();
    if (next === last) return true;
    last = next;
  }
  return false;
}
"""

# After a change of theme, elements and charts are coloured anew: wait until the page is dark and no colour has changed for 150 ms.
_DARK = """
async () => {
  const colours = () => {
    const out = [];
    const walk = (node) => { for (const child of (node.shadowRoot ?? node).children) { const style = getComputedStyle(child); out.push(style.color, style.backgroundColor, style.fill); walk(child); } };
    walk(document.querySelector('[data-testid=stApp]'));
    return out.join();
  };
  const dark = () => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor === 'rgb(16, 22, 29)';
  let last = '';
  for (const began = performance.now(); performance.now() - began < 30_000;) {
    await new Promise((done) => setTimeout(done, 150));
    const next = dark() ? colours() : '';
    if (next && next === last) return true;
    last = next;
  }
  return false;
}
"""

# What is wider than the page: it ends right of the window and stands in nothing that scrolls by itself. And text of our
# elements that is cut: it needs more room than its box shows, and no scroll bar or "…" says so. Whether it is seen is asked
# last, of the few that are suspected: asked of every node of a large board, it takes seconds.
_MISFITS = """
() => {
  const main = document.querySelector('[data-testid=stMain]'), found = [];
  const seen = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const hidden = (value) => value === 'hidden' || value === 'clip';
  const scrolls = (node) => { const x = getComputedStyle(node).overflowX; return x === 'auto' || x === 'scroll' || hidden(x); };
  const up = (node) => node.parentElement ?? node.getRootNode().host ?? null;
  const text = (node) => (node.textContent ?? '').trim().slice(0, 40);
  const tooWide = (node) => {
    const box = node.getBoundingClientRect();
    if (box.width === 0 || box.right <= innerWidth + 1 || !seen(node)) return false;
    let inside = up(node);
    while (inside && inside !== main && !scrolls(inside)) inside = up(inside);
    if (inside && inside !== main) return false;
    found.push(`${node.tagName}.${node.getAttribute('class') ?? ''} ends at ${Math.round(box.right)}: ${text(node)}`);
    return true;
  };
  const cut = (node) => {
    const wide = node.scrollWidth > node.clientWidth + 1, high = node.clientHeight > 0 && node.scrollHeight > node.clientHeight + 4;
    if (node.clientWidth === 0 || !(wide || high) || ![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) return;
    const style = getComputedStyle(node);
    if (style.position === 'absolute' || !seen(node)) return;
    if (wide && hidden(style.overflowX) && style.textOverflow !== 'ellipsis') found.push(`${node.className}: ${text(node)} needs ${node.scrollWidth} of ${node.clientWidth}`);
    if (high && hidden(style.overflowY)) found.push(`${node.className}: ${text(node)} is ${node.scrollHeight} high in ${node.clientHeight}`);
  };
  const walk = (node, ours, wide) => {
    ours ||= node.classList.contains('gb');
    wide ||= tooWide(node);
    if (ours && !(node instanceof SVGElement)) cut(node);
    for (const child of (node.shadowRoot ?? node).children) walk(child, ours, wide);
  };
  walk(main.querySelector('.stMainBlockContainer'), false, false);
  if (main.scrollWidth > main.clientWidth + 1) found.push(`the page scrolls sideways by ${main.scrollWidth - main.clientWidth}`);
  return found.slice(0, 16);
}
"""

# What our elements keep under a lid is looked at, too; how many there are.
_OPEN = """
() => {
  const lids = [...document.querySelectorAll('.stMainBlockContainer *')].flatMap((host) => [...(host.shadowRoot?.querySelectorAll('details:not([open])') ?? [])]);
  for (const lid of lids) lid.open = true;
  return lids.length;
}
"""

_FIRST_CONTROL = """
() => {
  const box = document.querySelector('[class*="st-key-gb-controls"]');
  return box && box.checkVisibility() ? box.getBoundingClientRect().top + document.querySelector('[data-testid=stMain]').scrollTop : 0;
}
"""


# Findings inside Streamlit's own parts, by rule. At the moment there is none.
STREAMLITS_OWN: dict[str, str] = {}


def findings(page: Page, rules: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Serious and critical findings of axe-core in what we draw; by all its rules, or by these."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options |= {"runOnly": {"type": "rule", "values": list(rules)}}
    return [
        (v["id"], node["html"][:160])
        for v in Axe().run(page, options=options).response["violations"]
        if v["impact"] in ("serious", "critical") and v["id"] not in STREAMLITS_OWN
        for node in v["nodes"]
    ]


def stands(page: Page, lang: str) -> None:
    """The page stands whole, in its language."""
    assert (
        page.locator("[data-testid=stException], [data-testid=stAlertContentError]").all_inner_texts() == []
    )
    page.wait_for_function("lang => document.documentElement.lang === lang", arg=lang)
    assert page.locator(".gb-head h1").inner_text()
    said = page.locator(".gb-head p").first.inner_text()
    assert bool(re.search("[가-힣]", said)) == (lang == "ko"), said


def accessible(page: Page) -> None:
    """Both themes are, on a laptop; what is accessible in one language is in the other, and a theme changes colours only."""
    assert findings(page) == [], "light"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(_DARK), "the page does not turn dark"
    assert findings(page, ("color-contrast",)) == [], "dark"
    page.emulate_media(color_scheme="light")


def misfits(page: Page) -> list[str]:
    """What does not fit, at every size."""
    found = []
    for size, (width, height, text) in SIZES.items():
        page.evaluate(
            "large => document.documentElement.classList.toggle('gb-lecture', large)", text == "lecture"
        )
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(_STANDS), f"{size}: the page goes on changing its size"
        if size == "phone":
            if (top := page.evaluate(_FIRST_CONTROL)) > 2 * height:
                found.append(f"{size}: what the reader sets begins at {top:.0f}")
            if page.evaluate(_OPEN):
                assert page.evaluate(_STANDS), f"{size}: the page goes on changing its size"
        found += [f"{size}: {line}" for line in page.evaluate(_MISFITS)]
    return found


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits(
    app_url: str, context: BrowserContext, outside: list[str], name: str, lang: str
) -> None:
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.emulate_media(reduced_motion="reduce")
    count_runs(page)
    fits(page, app_url + path(name, {"lang": lang}), lang)
    assert outside == []


def fits(page: Page, address: str, lang: str) -> None:
    """The page stands at this address, in both themes and all sizes."""
    page.goto(address)
    page.wait_for_selector(".gb-head h1")
    page.wait_for_selector(".gb-toolbar .bar")
    rest(page, 300)
    stands(page, lang)
    if lang == "en":
        accessible(page)
    found = misfits(page)
    assert not found, "\n".join(found)


def test_the_checks_look_into_the_elements(app_url: str, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(app_url + path("gpt/generation", {"lang": "en"}))
    page.wait_for_selector(".gb-writer")
    page.evaluate(
        """() => {
          const box = Object.assign(document.createElement('p'), { className: 'gb', textContent: 'cut without a sign' });
          box.style = 'width: 4rem; overflow: hidden; white-space: nowrap';
          const long = Object.assign(document.createElement('p'), { textContent: 'wider than the page' });
          long.style.width = '200vw';
          [...document.querySelectorAll('.stMainBlockContainer *')].find((host) => host.shadowRoot?.querySelector('.gb-writer')).shadowRoot.append(box, long);
        }"""
    )
    found = page.evaluate(_MISFITS)
    assert any("cut without a sign" in line for line in found)
    assert any("wider than the page" in line for line in found)
