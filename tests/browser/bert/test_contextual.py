"""One word, many meanings in a real browser: layers by key, pairs by click, the mixture by slider."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from components.lessons.bert.contextual import EXAMPLES, written
from components.lm import checkpoints
from components.lm.bert.contextual import cosine_matrix, three_layers, word_vectors

pytestmark = pytest.mark.skipif(
    "pocket-bert" not in checkpoints.store().bundled_names(), reason="pocket-bert is not in assets/models"
)
OpenAt = Callable[[str], Page]


def test_layers_pairs_and_links(open_at: OpenAt, outside: list[str]) -> None:
    page = open_at("/bert-contextual?lang=en")
    page.wait_for_selector(".gb-word_map .dot", timeout=90_000)
    expect(page.locator(".gb-word_map .dot")).to_have_count(1)  # one static vector for all
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator(".hit").nth(1).click()
    page.locator(".hit").nth(3).click()
    expect(page.locator(".hit.on")).to_have_count(2)
    page.wait_for_url("**word_layer=2**")
    page.wait_for_url("**word_pair=1.3**")
    page.reload()
    expect(page.locator(".hit.on").last).to_contain_text("4", timeout=90_000)
    assert outside == []


def test_neighbours_are_the_models(open_at: OpenAt) -> None:
    page = open_at("/bert-contextual?lang=en&word_mix=100.0.0")
    page.wait_for_selector(".near .bar", timeout=90_000)
    lines = written(EXAMPLES["record"]).splitlines()
    vectors = word_vectors(checkpoints.load("pocket-bert"), lines, "record")
    for column, occurrence in enumerate((vectors.chosen[0], vectors.chosen[2])):
        cosines = cosine_matrix(vectors.layers[three_layers(len(vectors.layers) - 1)[0]])[occurrence]
        cosines[occurrence] = -1.0
        index, cosine = int(cosines.argmax()), float(cosines.max())
        first = page.locator(".near .column").nth(column).locator(".bar").first
        expect(first.locator(".name")).to_contain_text(vectors.words[index].text)
        assert abs(float(first.locator(".v").inner_text()) - cosine) < 1e-3
