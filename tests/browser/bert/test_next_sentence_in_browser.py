"""Next sentence with a bundled model: the browser judges own sentences, and goes on without its server."""

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import free_port, serving

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
    context: BrowserContext, browser: Browser
) -> None:
    port = free_port()
    page = context.new_page()
    page.set_default_timeout(60_000)
    with serving(port) as url:
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
