"""Next sentence with a bundled model: the browser judges own sentences, and goes on without its server."""

from playwright.sync_api import Browser, BrowserContext, Page, expect

from components.lessons.bert.next_sentence import scene
from components.lm.bert.next_sentence import draw_pairs
from tests.browser.conftest import free_port
from tests.browser.line import line
from tests.browser.told import listening, tells_once

HERE, THERE = "computed in your browser", "computed on the server"
WHERE = ".gb-next_probe .where"


def say(page: Page, label: str, text: str) -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(text)
    box.press("Enter")


def told(page: Page) -> list[str]:
    expect(page.locator(".gb-next_probe.waiting")).to_have_count(0)
    return [
        *page.locator(".gb-next_probe tbody tr").all_inner_texts(),
        page.locator(".gb-next_probe .aid").inner_text(),
    ]


def test_browser_and_server_say_the_same_and_the_browser_goes_on_alone(
    context: BrowserContext, browser: Browser, app_url: str
) -> None:
    port = free_port()
    page = context.new_page()
    page.set_default_timeout(150_000)
    sent = listening(page)
    with line(app_url, port) as url:
        page.goto(f"{url}/bert-next_sentence?lang=en&nsp_part=probe")
        expect(page.locator(".gb-next_probe tbody tr")).to_have_count(6)
        expect(page.locator(WHERE)).to_contain_text(THERE)  # from the file, before any weight is loaded
        second = page.get_by_label("Sentence B", exact=True)
        second.fill("Then the dog ran away.")
        second.press("Enter")
        expect(page.locator(WHERE)).to_contain_text(HERE)
        expect(page.locator(".gb-next_probe tbody tr")).to_have_count(5)
        mine, search = told(page), page.evaluate("location.search")

        other = browser.new_context(viewport={"width": 1366, "height": 768})  # one that has kept no weights
        other.route("**/*.safetensors*", lambda route: route.abort())
        there = other.new_page()
        there.set_default_timeout(60_000)
        there.goto(f"{url}/bert-next_sentence{search}")
        expect(there.locator(".gb-next_probe tbody tr")).to_have_count(5)
        expect(there.locator(WHERE)).to_contain_text(THERE)
        assert told(there) == mine
        say(there, "Sentence B", "yes it is. " * 60)  # one line says why, and the server goes on
        expect(there.locator(".gb-next_probe .note")).to_contain_text("the download failed")
        expect(there.locator(".gb-next_probe tbody tr td").first).to_contain_text("… (")
        assert len(there.locator(".gb-next_probe tbody tr td").first.inner_text()) < 400
        other.close()
    expect(page.locator(".gb-toolbar .lost")).to_contain_text("server cannot be reached")
    say(page, "Sentence B", "<b>The king</b> was old.")
    expect(page.locator(".gb-next_probe tbody tr td").first).to_have_text("<b>The king</b> was old.")
    alone = told(page)
    page.go_back()
    expect(page.locator(".gb-next_probe tbody tr td").first).to_have_text("Then the dog ran away.")
    assert told(page) == mine
    page.go_forward()
    expect(page.locator(".gb-next_probe tbody tr td").first).to_have_text("<b>The king</b> was old.")
    assert told(page) == alone
    sent.clear()
    with line(app_url, port):
        tells_once(page, sent, "The king")


def test_rounds_go_on_without_the_server(context: BrowserContext, app_url: str) -> None:
    """New pairs, another place for the wrong lines, votes and Back: the server is gone before any of them."""
    port = free_port()
    page = context.new_page()
    page.set_default_timeout(150_000)
    rounds = page.locator(".gb-next_rounds")
    with line(app_url, port) as url:
        page.goto(f"{url}/bert-next_sentence?lang=en")
        expect(rounds.locator("[data-vote='1']")).to_be_enabled()
        page.wait_for_load_state("networkidle")
    expect(page.locator(".gb-toolbar .lost")).to_contain_text("server cannot be reached")
    for vote in ("1", "2", "1"):
        rounds.locator(f"[data-vote='{vote}']" if vote == "1" else "[data-vote='0']").click()
        expect(rounds.locator(".outcomes")).to_be_visible()
        rounds.locator(".go").click()
    expect(rounds.locator(".score")).to_contain_text("/ 3")
    rounds.locator(".again").click()
    expect(rounds.locator(".score")).to_contain_text("0 / 0")
    assert "nsp_seed=4" in page.evaluate("location.search")
    page.get_by_label("NotNext lines come from").select_option("same_text")
    expect(rounds.locator(".where")).to_contain_text("the same scene (harder)")
    lines = [text for _, text in scene("en")["lines"]]
    others = [text for _, text in scene("en")["elsewhere"]]
    pairs = draw_pairs(lines, others, rounds=10, seed=4, elsewhere="same_text")
    for pair in pairs:
        assert rounds.locator(".bubble p").all_inner_texts() == [pair.first, pair.second]
        rounds.locator("[data-vote='1']").click()
        if pair is not pairs[-1]:
            rounds.locator(".go").click()
    expect(rounds.locator(".score")).to_contain_text(f"{sum(pair.is_next for pair in pairs)} / 10")
