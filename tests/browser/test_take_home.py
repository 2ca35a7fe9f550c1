"""A page as one file: it opens from the disk with the network off, steps by keys, and speaks both languages."""

import base64
import functools
import gzip
import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import ROOT
from tests.browser.test_sizes import findings

PAGES = [
    "index",
    *sorted(f"{p.parent.name}-{p.stem}" for p in ROOT.glob("pages/*/*.py") if p.stem != "home"),
]
MOST = 150_000
"""Bytes of one file, gzipped."""
LOOKED_INTO = ("index", "bert-attention", "gpt-generation", "transformer-block")
"""Files in which axe-core looks for what keeps readers out; the pages themselves are all looked into by ``test_sizes.py``."""


SCREENS = {"desk": (1366, 768), "phone": (390, 844)}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder that ``make site`` writes, made once by whichever test process comes first."""
    shared = (
        tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    )
    folder, made = shared / "site", shared / "site.made"
    with FileLock(shared / "site.lock"):
        if not made.exists():
            subprocess.run(
                [sys.executable, "-m", "components.shell.static_site", "--to", str(folder)],
                cwd=ROOT,
                env=os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=600,
            )
            made.touch()
    return folder


@pytest.fixture
def alone(browser: Browser) -> Iterator[Callable[[Path, str], tuple[Page, list[str]]]]:
    """Return a function that opens a file with the network off, and what the console complained about."""
    contexts: list[BrowserContext] = []

    def open_(file: Path, screen: str = "desk") -> tuple[Page, list[str]]:
        width, height = SCREENS[screen]
        touch = screen == "phone"
        context = browser.new_context(
            viewport={"width": width, "height": height}, offline=True, has_touch=touch, is_mobile=touch
        )
        contexts.append(context)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        page.wait_for_selector("main h1, main .element, main .none")
        return page, said

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_page_lives_in_a_file(
    site: Path, alone: Callable[..., tuple[Page, list[str]]], name: str, screen: str
) -> None:
    file = site / f"{name}.html"
    assert len(gzip.compress(file.read_bytes(), 9, mtime=0)) <= MOST
    page, said = alone(file, screen)
    english = page.locator("main").inner_text()
    elements = page.locator(".element").count()
    assert elements or page.locator("main .none").inner_text()
    if screen == "phone":
        _touch(page)
        assert name not in LOOKED_INTO or findings(page) == []
    page.keyboard.press("ArrowLeft")  # first, because right of the last step lies the next page
    page.keyboard.press("ArrowRight")
    page.locator(".file-bar [lang=ko]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    assert page.locator("main").inner_text() != english
    assert page.locator(".element").count() == elements
    page.locator(".file-bar .theme").click()
    page.wait_for_function(
        "[...document.querySelectorAll('.element')].every((one) => one.shadowRoot.querySelector('.gb').childElementCount)"
    )
    assert page.locator(".element [data-failed]").count() == 0
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 1
    assert page.evaluate("innerWidth") == SCREENS[screen][0]  # a phone shrinks what is too wide
    assert said == []


@pytest.mark.parametrize("name", ["bert-inputs", "bert-masking", "gpt-decoding", "transformer-masks"])
def test_the_other_language_shows_its_own_beginning(
    site: Path, alone: Callable[..., tuple[Page, list[str]]], name: str
) -> None:
    """Where a page begins with another text in Korean, the switch shows what the page shows that opens in Korean."""
    page, _ = alone(site / f"{name}.html")
    page.locator(".file-bar [lang=ko]").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    texts = "[...document.querySelectorAll('.element')].map((one) => one.shadowRoot.querySelector('.gb').innerText)"
    switched = page.evaluate(texts)
    page.goto("about:blank")
    page.goto(f"{(site / f'{name}.html').as_uri()}#lang=ko")
    page.locator(".element").first.wait_for()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    assert page.evaluate(texts) == switched


def test_a_folder_opens_in_the_language_of_the_browser(browser: Browser, site: Path) -> None:
    context = browser.new_context(locale="ko-KR", offline=True)
    page = context.new_page()
    page.goto((site / "bert-dice.html").as_uri())
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    page.goto("about:blank")
    page.goto(f"{(site / 'bert-dice.html').as_uri()}#lang=en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    context.close()


_STEP_LABELS = """() => [...document.querySelectorAll(".element")].flatMap((one) => [...one.shadowRoot.querySelectorAll(".gb-stepper")])
  .filter((one) => one.checkVisibility()).map((one) => one.querySelector(".gb-step-label").textContent)"""


def _touch(page: Page) -> None:
    """Step every stepper of a page with a finger, and open the explanations of its first and its last term."""
    steppers = page.locator(".gb-stepper:visible")
    for at in range(steppers.count()):
        before = page.evaluate(_STEP_LABELS)[at]
        back, on = (steppers.nth(at).locator(f".gb-step-{way}") for way in ("back", "next"))
        (back if back.is_enabled() else on).tap()
        page.wait_for_function(f"([at, before]) => ({_STEP_LABELS})()[at] !== before", arg=[at, before])
    terms = page.locator(".gb-term")
    for at in sorted({0, terms.count() - 1} if terms.count() else ()):
        terms.nth(at).tap()
        said = terms.nth(at).locator("> span")
        expect(said).to_be_visible()
        box = said.bounding_box()
        assert box
        width, height = SCREENS["phone"]
        assert 0 <= box["x"] <= width - box["width"]
        assert 0 <= box["y"] <= height - box["height"]


def test_keys_step_and_the_file_says_what_its_lines_describe(
    site: Path, alone: Callable[..., tuple[Page, list[str]]]
) -> None:
    page, _ = alone(site / "tokens-bpe.html")
    label = page.locator(".gb-step-label").first
    before = label.inner_text()
    page.keyboard.press("ArrowRight")
    expect(label).not_to_have_text(before)
    expect(page.locator(".moved")).to_contain_text("when the page was taken")
    page.locator(".moved button").click()
    expect(page.locator(".gb-step-label").first).to_have_text(before)
    expect(page.locator(".moved")).to_be_hidden()


def test_what_needs_the_model_is_said_and_the_picture_stays_true(
    site: Path, alone: Callable[..., tuple[Page, list[str]]]
) -> None:
    page, _ = alone(site / "bert-masking.html")
    masked = page.locator(".chip.masked")
    expect(masked).to_have_count(1)
    page.locator(".chip.plain").nth(1).click()
    expect(page.locator(".moved")).to_contain_text("needs the model")
    expect(masked).to_have_count(1)
    expect(page.locator(".cards.stale")).to_have_count(0)


def test_another_token_needs_the_model(site: Path, alone: Callable[..., tuple[Page, list[str]]]) -> None:
    page, _ = alone(site / "gpt-generation.html")
    page.locator(".file-bar [lang=ko]").click()
    page.locator(
        ".candidates tbody tr:not(.chosen) button"
    ).first.click()  # whatever the text in this language begins with
    expect(page.locator(".moved")).to_contain_text("모델이 필요")
    expect(page.locator("html")).to_have_attribute("lang", "ko")


def test_new_rounds_need_no_model(site: Path, alone: Callable[..., tuple[Page, list[str]]]) -> None:
    page, said = alone(site / "bert-next_sentence.html")
    before = page.locator(".bubble p").all_inner_texts()
    page.locator(".again").click()
    expect(page.locator(".bubble p").first).not_to_have_text(before[0])
    page.locator("[data-vote='1']").click()
    expect(page.locator(".outcomes")).to_be_visible()
    assert said == []


def test_a_readers_text_stays_text(
    open_at: Callable[[str], Page], alone: Callable[..., tuple[Page, list[str]]], tmp_path: Path
) -> None:
    text = "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 2'> 안녕하세요"
    page = open_at(f"/gpt-generation?{urlencode({'prompt': text, 'lang': 'ko'})}")
    page.locator(".st-key-gb-export [data-testid=stPopoverButton]").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="이 페이지를 파일로 가져가기").click()
    file = tmp_path / "page.html"
    download.value.save_as(file)
    page, said = alone(file)
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    inside = page.evaluate(
        "[...document.querySelectorAll('.element')].map((e) => e.shadowRoot.textContent).join()"
    )
    assert "onerror" in inside
    assert page.evaluate("window.hit") is None
    assert page.locator("img, .element script").count() == 0
    assert said == []


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    """The folder behind a plain file server."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_folder_from_a_plain_file_server(served: str, context: BrowserContext, outside: list[str]) -> None:
    page = context.new_page()
    missing: list[str] = []
    page.on(
        "response",
        lambda r: missing.append(r.url) if r.status >= 400 and "favicon" not in r.url else None,
    )
    page.goto(served)
    page.locator("a.stop").first.click()
    expect(page).to_have_url(f"{served}start-history.html")
    for name in ("next", "previous", "map"):
        page.locator(f"[data-mark={name}]").click()
    expect(page.locator("a.stop")).to_have_count(len(PAGES) - 1)
    assert outside == []
    assert missing == []


def test_what_a_reader_set_goes_along_in_a_folder(
    served: str, context: BrowserContext, outside: list[str]
) -> None:
    """Language and theme go to every page, the step where both pages hold it, and a link says what it asks for."""
    page = context.new_page()
    page.goto(f"{served}transformer-self_attention.html")
    page.locator(".file-bar [lang=ko]").click()
    page.locator(".file-bar .theme").click()
    scheme = page.evaluate("document.body.style.colorScheme")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gb-step-label").first).to_have_text("3 / 7")
    page.locator("[data-mark=map]").click()
    page.locator("a.stop[href$='gpt-generation.html']").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    assert page.evaluate("document.body.style.colorScheme") == scheme
    expect(page.locator(".gb-writer .gb-step-label")).to_have_text("생성한 토큰 2개")
    expect(page).to_have_url(f"{served}gpt-generation.html")

    page.goto(f"{served}transformer-block.html")  # its text has no model here to take steps with
    page.locator(".thumbs a").nth(1).click()
    page.locator(".gb-attention_steps").wait_for()
    expect(page.locator(".moved")).to_contain_text("모델이 필요")
    page.goto(f"{served}bert-family.html")
    page.locator("button.cell").first.click()
    page.locator(".detail a.go").click()
    expect(page).to_have_url(f"{served}bert-masking.html")
    assert outside == []


def test_the_last_step_leads_to_the_next_page(served: str, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{served}tokens-bpe.html")
    page.locator(".gb-step-onward").first.wait_for(state="attached")
    page.keyboard.press("End")
    expect(page.locator(".gb-step-onward").first).to_contain_text("Encode a word")
    page.wait_for_timeout(800)  # a press that was meant for the last step does not leave the page
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(f"{served}tokens-encode.html")


SHARED = """
import sys
from pathlib import Path
from urllib.parse import urlencode
from components.shell import static_site
static_site.table_of_contents = lambda home: [("", "Glassbox"), ("transformer-masks", "Who may look at whom"), ("tokens-bpe", "BPE"), ("bert-masking", "Masking")]
static_site.make_site(Path(sys.argv[1]), "en")
"""
HERE = "computed in your browser"


def test_a_page_with_its_model_goes_on_typing(
    open_at: Callable[[str], Page], alone: Callable[..., tuple[Page, list[str]]], tmp_path: Path
) -> None:
    """The export of a page that runs on a small model: from the disk, with the network off, it answers another text."""
    page = open_at("/bert-attention?lang=en&attention_model=nano-bert")
    page.locator(".gb-attention_view[data-lines]").wait_for()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="with its model").click()
    file = tmp_path / "attention.html"
    download.value.save_as(file)
    assert file.stat().st_size < 2_500_000
    page.close()

    page, said = alone(file)
    expect(page.locator(".gb-attention_view .where")).not_to_contain_text(
        HERE
    )  # what was recorded comes first
    box = page.get_by_label("Text", exact=True)
    box.fill("<b>The king</b> saw </script> her.")
    box.press("Enter")
    expect(page.locator(".gb-attention_view .where")).to_contain_text(HERE)
    expect(page.locator(".left .token").nth(1)).to_have_text("<")
    page.locator(".thumb[data-layer='1'][data-head='2']").click()
    expect(page.locator(".gb-attention_view")).to_have_attribute("data-state", "1:2")
    assert said == []

    whole = file.read_text(encoding="utf-8")
    for name, damage, reason in (
        ("half", lambda weights: weights[: len(weights) // 2], "its files arrived damaged"),
        ("nan", _without_numbers, "a trial computation went wrong"),
    ):
        damaged = tmp_path / f"{name}.html"
        damaged.write_text(_WEIGHTS.sub(lambda found: found[1] + damage(found[2]), whole), encoding="utf-8")  # noqa: B023
        page, _ = alone(damaged, "phone")
        tokens = page.locator(".left .token").all_inner_texts()
        box = page.get_by_label("Text", exact=True)
        box.fill("The king saw her.")
        box.press("Enter")
        expect(page.locator(".moved")).to_contain_text(reason)
        expect(page.locator(".moved")).to_contain_text("what was recorded")
        assert page.locator(".left .token").all_inner_texts() == tokens
        expect(page.locator(".gb-attention_view.waiting")).to_have_count(0)


_WEIGHTS = re.compile(r'(<script type="text/plain" id="[^"]+weights">)([^<]+)')


def _without_numbers(weights: str) -> str:
    """Every weight of a model as "not a number" (IEEE 754 binary16)."""
    file = base64.b64decode(weights)
    head = 8 + int.from_bytes(file[:8], "little")
    return base64.b64encode(file[:head] + b"\x00\x7e" * ((len(file) - head) // 2)).decode()


def test_lanes_are_chosen_in_a_file_with_its_model(
    open_at: Callable[[str], Page], alone: Callable[..., tuple[Page, list[str]]], tmp_path: Path
) -> None:
    """A number of a lane, a token by hand, a beginning of one's own: on a phone, from the disk, with the network off."""
    page = open_at(
        "/gpt-decoding?lang=en&model=nano-gpt&dec_named=1&dec_lanes=greedy,top_p&dec_most=10&dec_look=nothing"
    )
    page.locator(".gb-lane_race .tk").first.wait_for()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="with its model").click()
    file = tmp_path / "decoding.html"
    download.value.save_as(file)
    page.close()

    page, said = alone(file, "phone")
    box = page.get_by_label("Beginning", exact=True)
    box.fill("The king had </script> <b>two</b> dogs")
    box.press("Enter")
    race = page.locator(".gb-lane_race")
    expect(race.locator(".where")).to_contain_text(HERE)
    expect(race.locator(".begin")).to_contain_text("<b>two</b>")
    page.get_by_text("Settings of the lanes").click()
    number = page.get_by_label("Top-p", exact=True)
    number.fill("0.3")
    number.press("Enter")
    expect(race.locator(".where")).to_contain_text("top-p 0.3")
    race.locator(".tk").nth(1).click()
    race.locator(".candidates button:not(.taken)").first.click()
    expect(race.locator(".tk.hand")).to_have_count(1)
    assert said == []


def test_pages_of_a_folder_share_their_models_and_keep_where_one_was(
    alone: Callable[..., tuple[Page, list[str]]], tmp_path: Path
) -> None:
    subprocess.run(
        [sys.executable, "-c", SHARED, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=600,
    )
    assert len(list((tmp_path / "models").glob("*.js"))) == 2
    assert (tmp_path / "transformer-masks.html").stat().st_size < 1_000_000  # the models lie beside it
    page, said = alone(tmp_path / "transformer-masks.html")
    box = page.get_by_label("Sentence")
    box.fill("The old king lost his crown.")
    box.press("Enter")
    where = page.locator(".gb-two_readers .where")
    expect(where).to_contain_text(HERE)
    expect(page.locator(".gb-two_readers [data-word]").first).to_have_text("The")
    expect(page.locator(".reader").first.locator(".word")).to_have_count(6)
    page.locator("footer [data-mark=next]").click()  # to the next page, there a step on, and back
    page.locator(".gb-step-label").first.wait_for()
    before = page.locator(".gb-step-label").first.inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".gb-step-label").first).not_to_have_text(before)
    reached = page.locator(".gb-step-label").first.inner_text()
    page.locator(".moved").wait_for()
    page.locator("footer [data-mark=previous]").click()
    expect(page.locator(".reader").first.locator(".word")).to_have_count(6)
    expect(where).to_contain_text(HERE)
    page.locator("footer [data-mark=next]").click()
    expect(page.locator(".gb-step-label").first).to_have_text(reached)
    page.locator("footer [data-mark=next]").click()  # a text and a blank of it
    box = page.get_by_label("Text", exact=True)
    box.fill("The old king lost his crown.")
    box.press("Control+Enter")
    expect(page.locator(".chip[data-at='3']")).to_contain_text("king")
    page.locator(".chip[data-at='3']").click()
    card = page.locator(".gb-mask_lab .card")
    expect(card).to_have_count(1)
    expect(page.locator(".gb-mask_lab .cards.stale")).to_have_count(0)
    guesses = card.inner_text()
    page.locator("footer [data-mark=previous]").click()
    page.locator("footer [data-mark=next]").click()
    expect(page.locator(".chip[data-at='3']")).to_have_class(re.compile("masked"))
    expect(box).to_have_value("The old king lost his crown.")
    expect(page.locator(".gb-mask_lab .where")).to_contain_text(HERE)
    expect(card).to_have_count(1)
    expect(page.locator(".gb-mask_lab .cards.stale")).to_have_count(0)
    assert card.inner_text() == guesses
    assert said == []
