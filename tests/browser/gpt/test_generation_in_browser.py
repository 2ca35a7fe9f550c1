"""GPT writes with a bundled model: the browser computes, the server rests, and nothing is lost when one of them fails."""

import json
import re
import subprocess
from collections.abc import Callable
from itertools import pairwise

from playwright.sync_api import Browser, BrowserContext, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.browser.conftest import free_port, serving
from tests.browser.line import line
from tests.browser.told import listening, reports, tells_once
from tests.browser.waiting import settle

Open = Callable[[str], Page]
HERE, THERE = "computed in your browser", "computed on the server"
PANELS = {"attention": ".strip .tok", "tokens": ".cells", "lens": "tbody tr"}
QUERY = "/gpt-generation?lang=en&prompt=A+small+dog&seed=7&top_k=40&step=12"


def in_browser(page: Page) -> None:
    """Wait until the engine has taken over and Python has heard so."""
    expect(page.locator(".gb-writer .where")).to_contain_text(HERE)
    page.wait_for_timeout(1500)
    settle(page)


def begin(page: Page) -> None:
    """Do what needs the model: another temperature and back."""
    page.locator(".candidates table").wait_for()
    box = page.get_by_role("spinbutton", name="Seed")
    before = box.input_value()
    for value in ("1234", before):
        box.fill(value)
        box.press("Enter")
    page.locator(".gb-head h1").click()
    in_browser(page)


def rows(page: Page) -> list[str]:
    return page.locator(".candidates tbody tr").all_inner_texts()


def step_to(page: Page, step: int) -> None:
    while int(page.locator(".gb-scrub").input_value()) < step:
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(40)


PRESSES = """
window.pressed = [];
for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, () => window.pressed.push(performance.now()), { capture: true });
"""


def rests(page: Page) -> int:
    """How often the hand rested for a second since this was asked last; a busy machine makes pauses between presses, too."""
    times: list[float] = page.evaluate("[...window.pressed.splice(0), performance.now()]")
    return sum(after - before > 980 for before, after in pairwise(times))


def steps_told(reports: list[bytes]) -> list[int]:
    """The step of each report. (The address beside it is the one of the report before.)"""
    found = []
    for raw in reports:
        message = BackMsg()
        message.ParseFromString(raw)
        for widget in message.rerun_script.widget_states.widgets:
            for event in json.loads(widget.json_trigger_value or "[]"):
                found.append(event["value"]["state"]["step"])
    return found


def test_thirty_tokens_are_written_with_one_report(open_at: Open) -> None:
    page = open_at("/gpt-generation?lang=en&seed=77")
    sent = listening(page)
    page.add_init_script(PRESSES)
    page.reload()
    begin(page)
    page.get_by_role("spinbutton", name="Seed").fill("78")
    page.keyboard.press("Enter")
    page.locator(".gb-head h1").click()
    page.wait_for_timeout(1500)
    settle(page)
    reports(sent)
    rests(page)
    step_to(page, 30)  # each press a new token, none of which the server knows
    assert "step=30" in page.evaluate("location.search")  # the address needs no server
    page.wait_for_timeout(2500)
    settle(page)
    told = steps_told(reports(sent))
    assert told[-1] == 30
    assert len(told) <= rests(page)
    expect(page.locator(".gb-scrub")).to_have_value("30")
    for _ in range(10):  # nor does a press of a button of the picture send one
        page.locator(".gb-step-next").click()
    page.wait_for_timeout(2500)
    settle(page)
    after = steps_told(reports(sent))
    assert after[-1] == 40
    assert len(after) <= rests(page)
    assert len({*told, *after}) == len(told) + len(after), "a step is told once"


def test_browser_and_server_write_the_same_text(open_at: Open, browser: Browser, app_url: str) -> None:
    """The same link: once computed by the engine, once by the server because the weights do not arrive."""
    page = open_at(QUERY.replace("seed=7", "seed=8").replace("step=12", "step=0"))
    begin(page)
    box = page.get_by_role("spinbutton", name="Seed")
    box.fill("7")  # nothing the server has ever been asked
    box.press("Enter")
    page.locator(".gb-head h1").click()
    step_to(page, 12)
    settle(page)
    mine, mine_rows = page.locator(".gb-writer .text").inner_text(), rows(page)
    page.close()

    other = browser.new_context(viewport={"width": 1366, "height": 768})  # one that has kept no weights
    other.route("**/*.safetensors*", lambda route: route.abort())
    page = other.new_page()
    page.set_default_timeout(150_000)
    page.goto(app_url + QUERY)
    page.locator(".candidates table").wait_for()
    assert page.locator(".gb-writer .text").inner_text() == mine
    assert rows(page) == mine_rows
    expect(page.locator(".gb-writer .where")).to_contain_text(THERE)
    box = page.get_by_role("spinbutton", name="Seed")
    box.fill("6")
    box.press("Enter")
    note = page.locator(".gb-writer .note")
    expect(note).to_contain_text("the download failed")
    expect(note).to_contain_text("so the server does")
    page.locator(".gb-head h1").click()
    step_to(page, 20)  # the server goes on
    expect(page.locator(".gb-scrub")).to_have_value("20")
    expect(page.locator(".gb-writer .where")).to_contain_text(THERE)
    assert page.locator(".gb-writer .text").inner_text() != mine
    other.close()


def test_the_inside_is_what_the_server_says_and_needs_no_server(browser: Browser, app_url: str) -> None:
    """Attention of the last position, the logit lens, tokens and bytes: at a step and a text that the server never heard of."""
    page = browser.new_page()
    page.set_default_timeout(120_000)
    with line(app_url, free_port()) as url:
        page.goto(
            f"{url}/gpt-generation?lang=en&model=nano-gpt&prompt=The+king+%EC%99%95+said&seed=7&inside=lens"
        )
        page.locator(
            ".gb-writer_inside tbody tr"
        ).first.wait_for()  # the server's, as long as the browser has no model
        begin(page)
        in_browser(page)
    step_to(page, 4)
    found = {panel: looked(page, panel) for panel in PANELS}
    page.locator("[data-panel=cache]").click()
    expect(page.locator(".gb-writer_inside .none")).to_contain_text("needs the app")
    search = page.evaluate("location.search")
    assert "step=4" in search
    assert "inside=cache" in search
    page.close()

    other = browser.new_context(viewport={"width": 1366, "height": 768})
    other.route("**/*.safetensors*", lambda route: route.abort())
    page = other.new_page()
    page.set_default_timeout(120_000)
    for panel, said in found.items():
        page.goto(f"{app_url}/gpt-generation{search}".replace("inside=cache", f"inside={panel}"))
        assert looked(page, panel) == said
    other.close()


def looked(page: Page, panel: str) -> str:
    """Open a panel, and return what it says of the step on screen."""
    page.locator(f"[data-panel={panel}]").click()
    page.locator(f".gb-writer_inside {PANELS[panel]}").first.wait_for()
    expect(page.locator(".gb-writer_inside.waiting")).to_have_count(0)
    return page.locator(".gb-writer_inside .body").inner_text()


def test_ties_of_rounding_travel_in_the_link_as_ties(open_at: Open) -> None:
    """At temperature 2 over the whole vocabulary most slices of the draw are narrower than two computations may differ."""
    page = open_at("/gpt-generation?lang=en&temperature=2&top_p=1&seed=70")
    begin(page)
    step_to(page, 30)
    page.wait_for_function("/ties=\\d/.test(location.search)")
    search = page.evaluate("location.search")
    assert "picks=" not in search
    numbers = [int(n) for n in re.search(r"ties=([\d.]+)", search)[1].split(".")]  # type: ignore[index]
    steps = numbers[::2]
    assert steps == sorted(set(steps))
    assert 1 <= steps[0] <= steps[-1] <= 30
    page.keyboard.press("Home")
    step_to(page, steps[0] - 1)  # what is chosen next stands on this step
    expect(page.locator(".aid")).to_contain_text("tie of rounding")
    text = page.locator(".gb-writer .text").inner_text()
    page.close()
    page = open_at(f"/gpt-generation{search}".replace("step=30", f"step={steps[0] - 1}"))
    page.locator(".candidates table").wait_for()
    assert page.locator(".gb-writer .text").inner_text() == text
    expect(page.locator(".aid")).to_contain_text("tie of rounding")
    page.keyboard.press("ArrowRight")
    assert page.locator(".tok.hand").count() == 0


def test_the_page_writes_on_when_its_server_is_killed(context: BrowserContext) -> None:
    port = free_port()
    page = context.new_page()
    page.set_default_timeout(150_000)
    sent = listening(page)
    with serving(port, end=subprocess.Popen.kill) as url:
        page.goto(f"{url}/gpt-generation?lang=en&seed=9&top_k=40")
        begin(page)
    lost = page.locator(".gb-toolbar .lost")
    expect(lost).to_contain_text("server cannot be reached")
    page.locator("#gb-prompt").fill("The king had a")
    page.keyboard.press("Control+Enter")
    page.locator(".gb-head h1").click()
    step_to(page, 25)
    page.wait_for_timeout(8000)  # by now Streamlit would have opened its dialog
    expect(page.get_by_role("dialog")).to_have_count(0)
    step_to(page, 30)
    page.locator(".candidates tbody tr:not(.chosen)").nth(2).get_by_role("button").click()
    page.locator(".tok.hand").wait_for()
    expect(page.locator(".gb-scrub")).to_have_value("31")
    written = page.locator(".gb-writer .text").inner_text()
    assert "king" in written
    sent.clear()
    with serving(port):
        tells_once(page, sent, "The king had a")
        assert page.locator(".gb-writer .text").inner_text() == written
        expect(page.locator(".gb-writer .where")).to_contain_text(HERE)
        address = page.evaluate("location.search")
        assert "prompt=The+king+had+a" in address
        assert "step=31" in address
        assert "picks=31." in address
        page.reload()
        page.locator(".tok.hand").wait_for()
        assert page.locator(".gb-writer .text").inner_text() == written
