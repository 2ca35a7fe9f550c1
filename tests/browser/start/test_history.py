"""The history in a real browser: stops by chips and keys, the cards in order, what runs, and the link."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

OpenAt = Callable[[str], Page]
CARDS = ("LSTM", "Word2Vec", "Transformer", "GPT-1", "BERT", "T5")


def test_stops_and_what_runs(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/start-history?lang=en&history_look=nothing")
    line, scene = page.locator(".gb-history_line"), page.locator(".gb-history_scene")
    expect(line.locator(".chip")).to_have_count(32)
    expect(scene).to_have_attribute("data-kind", "curves")
    line.locator(".chip[data-id=attention]").click()
    expect(line).to_have_attribute("data-stop", "attention")
    expect(scene).to_have_attribute("data-kind", "grids")
    page.wait_for_url("**history_stop=attention**")
    expect(line.locator(".card .course")).to_contain_text("2015")
    shown = line.locator(".card a.page")
    assert (shown.get_attribute("href") or "").endswith("/transformer-encoder_decoder?lang=en")
    page.keyboard.press("ArrowRight")
    expect(line).to_have_attribute("data-stop", "bpe")
    expect(page.locator(".gb-token_lanes")).to_be_visible()
    line.locator(".chip[data-id=chatgpt]").click()  # a stop that runs nothing
    page.wait_for_url("**history_stop=chatgpt**")
    expect(page.locator(".gb-token_lanes, .gb-history_scene")).to_have_count(0)
    page.reload()
    expect(line).to_have_attribute("data-stop", "chatgpt")
    assert outside == []


def test_cards_are_put_in_order(open_at: OpenAt) -> None:
    page = open_at("/start-history?lang=en&history_look=nothing")
    asked = page.locator(".gb-predict_first")
    asked.locator(".gb-predict-open").click()
    expect(page.locator(".gb-history_line")).to_be_hidden()

    def card(name: str) -> Locator:
        return asked.locator(".gb-predict-choice", has_text=name)

    card("BERT").click()
    expect(card("BERT")).to_have_text("1. BERT")
    card("BERT").click()  # taken back
    expect(card("BERT")).to_have_text("BERT")
    wrong = ("LSTM", "Word2Vec", "Transformer", "BERT", "GPT-1", "T5")
    for name in wrong:
        card(name).click()
    expect(asked.locator(".gb-predict-verdict")).to_contain_text("4 of 6")
    expect(asked.locator(".gb-predict-choice.right")).to_have_count(4)
    expect(card("BERT")).to_have_text("4. BERT ✗ 5.")
    expect(page.locator(".gb-history_line")).to_be_visible()
    asked.locator(".gb-predict-close").click()
    asked.locator(".gb-predict-open").click()
    for name in CARDS:
        card(name).click()
    expect(asked.locator(".gb-predict-verdict .right")).to_have_text("Right.")


def test_a_network_of_ones_own(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/start-history?lang=ko&rnn_radius=2&lstm_forget=0&history_look=data")
    expect(page.locator(".gb-history_scene").first).to_have_attribute("data-kind", "curves")
    expect(page.locator(".gb-aid").first).to_contain_text("폭발")
    expect(page.locator(".gb-history_scene[data-kind=squares] .roomy")).to_be_visible()
    assert outside == []
