"""A link opened with other weights than it was made with opens the same view and says that what it shows may differ."""

import re

import pytest

from components.pretraining.replacement import models_of_pages
from tests.pages.conftest import Open, said

NOTE = 'class="gb-note"'
PAGES = sorted(  # those of tokens need the tokenizers of the models only
    page for page, models in models_of_pages().items() if models and not page.startswith("tokens/")
)


def weights_of(text: str) -> str:
    """What the Copy button of a page would put into its link."""
    return re.findall(r'class="gb-weights" data-weights="([^"]*)"', text)[-1]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_that_runs_a_model_knows_its_weights(open_page: Open, page: str) -> None:
    here = weights_of(said(open_page(page)))
    assert re.fullmatch(r"[0-9a-f]{8}(\.[0-9a-f]{8})*", here)
    assert NOTE not in said(open_page(page, weights=here))
    assert "00000000" in said(open_page(page, weights="00000000")).split(NOTE)[1]


def test_the_note_leaves_the_view_as_the_link_has_it(open_page: Open, lang: str) -> None:
    at = open_page("gpt/generation", lang=lang, weights="00000000", temperature="1.5")
    assert at.session_state["temperature"] == 1.5
    assert {"en": "other weights", "ko": "다른 가중치"}[lang] in said(at)
    assert "weights" not in at.query_params


@pytest.mark.parametrize("weights", ["", "안녕하세요", "<script>", "0" * 20_000, "👩‍👩‍👧‍👦"])
def test_odd_weights(open_page: Open, weights: str) -> None:
    text = said(open_page("gpt/generation", weights=weights))
    assert "<script>" not in text.split(NOTE)[-1]
    assert (NOTE in text) == bool(weights)
    assert "0" * 100 not in text


def test_a_page_without_a_model_says_nothing(open_page: Open) -> None:
    text = said(open_page("transformer/sizes", weights="00000000"))
    assert weights_of(text) == ""
    assert NOTE not in text
