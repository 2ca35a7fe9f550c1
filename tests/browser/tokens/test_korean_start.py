"""The Korean first view of a token page: its address, its copied link, the other language, Back."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from components.lessons.tokens import encode
from tests.browser.waiting import settle


def test_a_korean_first_view_and_its_links_agree(open_at, context, outside: list[str]) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_at("/tokens-encode?lang=ko")
    field = page.get_by_role("textbox", name="단어나 문장")
    expect(field).to_have_value(encode.KOREAN["encode_text"])
    assert parse_qs(urlsplit(page.url).query) == {"lang": ["ko"]}
    page.get_by_role("button", name="링크 복사").click()
    expect(page.locator(".gb-toolbar .status")).not_to_be_empty()
    copied = parse_qs(urlsplit(page.evaluate("navigator.clipboard.readText()")).query)
    assert copied["encode_text"] == [encode.KOREAN["encode_text"]]
    assert copied["bpe_source"] == ["story_ko"]

    page.get_by_role("button", name="EN", exact=True).click()  # the language alone changes nothing
    page.wait_for_function("location.search.includes('lang=en')")
    settle(page)
    expect(page.get_by_role("textbox", name="Word or sentence")).to_have_value(encode.KOREAN["encode_text"])
    assert parse_qs(urlsplit(page.url).query)["encode_text"] == copied["encode_text"]
    page.go_back()
    page.wait_for_function("location.search === '?lang=ko'")
    settle(page)
    expect(page.get_by_role("textbox", name="단어나 문장")).to_have_value(encode.KOREAN["encode_text"])
    assert outside == []
