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


_OVER_THE_SIDES = """
async (caption) => {
  const { asSvg, frame } = await import('/_stcore/bidi-components/glassbox.lib/pictures.js');
  const { h } = await import('/_stcore/bidi-components/glassbox.lib/dom.js');
  const svg = frame(300, 100);
  svg.append(h('text', { x: 20, y: 30, 'font-size': 16, 'text-anchor': 'end' }, 'a long name of a row'), h('text', { x: 250, y: 60, 'font-size': 16 }, 'a long name of a line'));
  const host = document.createElement('div');
  host.innerHTML = asSvg(() => svg, caption);
  document.body.append(host);
  const file = host.firstChild, box = file.getBoundingClientRect();
  const found = [...file.querySelectorAll('text')].map((text) => { const at = text.getBoundingClientRect(); return [at.left - box.left, box.right - at.right]; });
  const words = [...file.querySelectorAll(':scope > text')].map((text) => text.textContent).join(' ');
  host.remove();
  return { found, words };
}
"""


def test_no_words_reach_over_the_sides(open_at: Open) -> None:
    caption = "pocket-bert, 4,375,042 parameters, and every letter of this line is there; 글자가 넓은 줄도 잘리지 않아요"
    found: dict[str, Any] = open_at("/tokens-encode?lang=en").evaluate(_OVER_THE_SIDES, caption)
    assert found["words"] == caption
    assert len(found["found"]) > 3
    assert all(side >= 0 for sides in found["found"] for side in sides)


_NAMED = """
async (words) => {
  const { asSvg, frame, headline, legendBelow } = await import('/_stcore/bidi-components/glassbox.lib/pictures.js');
  const svg = frame(300, 100);
  headline(svg, 10, -4, words); // there is no room: it makes some
  legendBelow(svg, [[null, words], [{ fill: 'var(--gb-token)' }, words], [{ fill: 'var(--gb-key)' }, 'short']]);
  const host = document.createElement('div');
  host.innerHTML = asSvg(() => svg, 'caption');
  document.body.append(host);
  const box = host.firstChild.getBoundingClientRect();
  const found = [...host.querySelectorAll('text')].map((text) => { const at = text.getBoundingClientRect(); return [at.top - box.top, box.bottom - at.bottom]; });
  const squares = host.querySelectorAll('svg svg rect').length;
  host.remove();
  return { found, squares };
}
"""


def test_a_name_above_and_what_marks_mean_below_are_inside_the_picture(open_at: Open) -> None:
    found: dict[str, Any] = open_at("/tokens-encode?lang=en").evaluate(_NAMED, "가중치의 제곱근, 0에서 1까지")
    assert found["squares"] == 2
    assert len(found["found"]) == 5
    assert all(side >= -1 for sides in found["found"] for side in sides), found["found"]


_FILES = """
async () => {
  const { asSvg, pictures } = await import('/_stcore/bidi-components/glassbox.lib/pictures.js');
  return pictures().map(({ draw }) => new DOMParser().parseFromString(asSvg(draw, ''), 'image/svg+xml').documentElement.textContent);
}
"""


def test_pictures_at_home_say_what_is_read_and_what_colours_mean(open_at: Open) -> None:
    for path, element, said in (
        (
            "/transformer-sparse?lang=en",
            ".gb-sparse_view",
            ("query (reads)", "head 1", "Pairs against length"),
        ),
        ("/transformer-masks?lang=en", ".gb-mask_patterns", ("query (reads)", "may not be read")),
        ("/transformer-three_ways?lang=en", ".gb-three_ways", ("rows read, columns are read",)),
        (
            "/tokens-wordpiece?lang=en&wp_part=unigram&uni_show=training",
            ".gb-unigram_board",
            ("thickness", "pruning", "All 28 ways"),
        ),
    ):
        page = open_at(path)
        page.wait_for_selector(f"{element} *")
        files = " ".join(page.evaluate(_FILES))
        assert [one for one in said if one not in files] == []
        page.close()


_GUESSES = """
async () => {
  const { frame } = await import('/_stcore/bidi-components/glassbox.lib/pictures.js');
  const { guessPicture } = await import('/_stcore/bidi-components/glassbox.mask_lab/guesses.js');
  const svg = frame(300, 200), own = { id: 9, token: 'ball', p: 0.25, before: null, rank: 40, loss: 1.4 };
  guessPicture(svg, { candidates: [[1, 'cat', 0.5], [2, 'dog', 0.125]], rest: 0.375, original: own }, 0, 0, 'ball', { everything_else: 'everything else' });
  return [...svg.querySelectorAll('text')].map((text) => text.textContent);
}
"""


def test_the_guesses_of_a_picture_are_all_there_is(open_at: Open) -> None:
    """The original has a row of its own, so it is not among everything else."""
    words: list[str] = open_at("/bert-masking?lang=en").evaluate(_GUESSES)
    shares = {name: float(share.rstrip("%")) for name, share in zip(words[1::2], words[2::2], strict=True)}
    assert shares == {"cat": 50, "dog": 12.5, "ball (40) ✓": 25, "everything else": 12.5}
