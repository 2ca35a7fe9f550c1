"""Pictures to take home: whole headlines, and the page's own fonts only on screen."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

Open = Callable[[str], Page]

_HEADLINE = """
async (words) => {
  const { asSvg, frame, headline } = await import('/_stcore/bidi-components/glassbox.lib/pictures.js');
  const svg = frame(400, 100);
  headline(svg, 20, 30, words);
  const lines = [...svg.querySelectorAll('text')];
  return { lines: lines.map((line) => line.textContent), at: lines.map((line) => Number(line.getAttribute('y'))), box: svg.getAttribute('viewBox'), file: asSvg(() => svg, '') };
}
"""


def test_a_headline_is_whole_and_a_file_names_fonts_of_every_machine(open_at: Open) -> None:
    page = open_at("/bert-albert?lang=en")
    words = "The rule takes the pair met first, " * 4 + "도서관" * 30
    found: dict[str, Any] = page.evaluate(_HEADLINE, words)
    assert "".join(found["lines"]).replace(" ", "") == words.replace(" ", "")
    assert all(len(line) <= 41 for line in found["lines"])
    top = -float(found["box"].split()[1])
    assert found["at"][-1] == 30  # what stands below stays where it was
    assert found["at"][0] >= 16 - top
    assert 'font-family="sans-serif"' in found["file"]
    fonts = page.locator(".gb-albert_levers svg text").evaluate_all(
        "all => all.map((text) => getComputedStyle(text).fontFamily)"
    )
    assert fonts
    assert all("Source Sans" in font for font in fonts)


def test_a_picture_has_colours_also_where_motion_is_reduced(open_at: Open) -> None:
    """There every change of a colour is a (very short) transition, and a file once had the first colour everywhere."""
    page = open_at("/tokens-encode?lang=en")
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_selector(".gb-encode_board")
    found: list[str] = page.evaluate(
        """async () => {
          const { asSvg, pictures } = await import('/_stcore/bidi-components/glassbox.lib/pictures.js');
          const file = asSvg(pictures()[0].draw, 'caption');
          return [...new Set(file.match(/rgb\\([^)]*\\)/g))];
        }"""
    )
    assert len(found) > 3
