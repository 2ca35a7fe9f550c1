"""Masking rates compared: through app.py, from links, in both languages."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.lm.masking_table import published

Open = Callable[..., AppTest]
PAGE = "bert/masking_rates"


def data_of(at: AppTest) -> dict[str, Any]:
    for block in at.get("bidi_component"):
        if block.proto.component_name == "glassbox.recipe_board":
            found: dict[str, Any] = json.loads(block.proto.json)
            return found
    raise AssertionError("no board on the page")


def body(at: AppTest) -> str:
    return " ".join(block.proto.body for block in at.get("html"))


def test_first_view_is_the_table(open_page: Open, lang: str) -> None:
    data = data_of(open_page(PAGE, lang=lang))
    assert [tuple(row["scores"]) for row in data["rows"]] == [row.scores for row in published()]
    assert data["row"] == 0


def test_a_link_opens_a_recipe(open_page: Open, lang: str) -> None:
    at = open_page(
        PAGE, lang=lang, recipe="1", rates_sentence="all of these words", apply_rate="1", rates_look="table"
    )
    assert data_of(at)["row"] == 1
    assert body(at).count("<b>[MASK]</b>") == 4
    assert "colspan" in body(at)


def test_odd_links(open_page: Open) -> None:
    at = open_page(PAGE, recipe="99", apply_rate="nan", rates_look="nowhere")
    assert data_of(at)["row"] == 5
    assert at.session_state["apply_rate"] == 0.15
    assert at.session_state["rates_look"] == "nothing"


@pytest.mark.parametrize(
    "sentence", ["", "one", "안녕하세요 여러분", "<script>alert(1)</script>", "word " * 390]
)
def test_odd_sentences(open_page: Open, sentence: str) -> None:
    at = open_page(PAGE, rates_sentence=sentence, recipe="5", apply_rate="1")
    assert "<script>" not in body(at)


def test_another_throw_is_another_draw_and_the_same_link_the_same(open_page: Open) -> None:
    first = body(open_page(PAGE, rates_seed="11", apply_rate="0.5"))
    at = open_page(PAGE, rates_seed="11", apply_rate="0.5")
    assert body(at) == first
    next(button for button in at.button if button.key == "rates_throw").click().run()
    assert at.session_state["rates_seed"] == 12
    assert body(at) != first
