"""The question asked first: what would give the answer away is hidden until a guess, and shows the view asked about."""

from playwright.sync_api import expect

from tests.browser.waiting import settle


def test_the_answer_is_hidden_until_the_guess(open_at, outside: list[str]) -> None:
    page = open_at("/transformer-sparse?pattern=local&n=60")
    picture = page.locator(".gb-sparse_view")
    expect(picture).to_be_visible()
    title = page.locator(".gb-head h1").bounding_box()
    controls = page.locator(".gb-sparse_view .sliders").bounding_box()
    asked = page.locator(".gb-predict_first")
    asked.locator(".gb-predict-open").click()
    page.wait_for_url(
        lambda url: "pattern=" not in url and "n=60" not in url
    )  # the view asked about: the page's first
    settle(page)
    expect(picture).to_be_hidden()
    wrong = asked.locator(".gb-predict-choice").last
    wrong.click()
    expect(picture).to_be_visible()
    expect(asked.locator(".gb-predict-verdict")).to_contain_text("291")
    expect(asked.locator(".gb-predict-choice.right")).to_have_text("22% ✓")
    asked.locator(".gb-predict-close").click()
    expect(asked.locator(".gb-predict-open")).to_be_visible()
    # Closed, it takes no room: title and picture stand where they stood.
    assert page.locator(".gb-head h1").bounding_box() == title
    assert page.locator(".gb-sparse_view .sliders").bounding_box() == controls
    assert outside == []


def test_a_page_left_while_it_is_asked_hides_nothing_on_the_next(open_at) -> None:
    page = open_at("/transformer-sparse")
    page.locator(".gb-predict-open").click()
    settle(page)
    page.locator(".st-key-gb-foot a:visible", has_text="→").first.click()
    page.wait_for_url("**/transformer-sizes**")
    expect(page.locator("html")).not_to_have_class("gb-guessing")
