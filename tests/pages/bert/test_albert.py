"""ALBERT: the levers, the measured time, the tables of the paper, and the question asked first."""

import json
from typing import Any
from unicodedata import normalize

import pytest
from streamlit.testing.v1 import AppTest

from components.lessons.bert import albert as page
from components.lessons.bert import albert_order as order
from components.lm.bert.albert import EMBEDDINGS, cost, size
from tests.pages.conftest import Open, data_of, modules_after, said


def tables(at: AppTest) -> dict[str, dict[str, Any]]:
    """The tables of the page by the name of their picture."""
    found = [
        json.loads(block.proto.json)
        for block in at.get("bidi_component")
        if block.proto.component_name == "glassbox.comparison_table"
    ]
    return {table["name"]: table for table in found}


PAGE = "bert/albert"


def test_the_levers(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    data = data_of(at, "albert_levers")
    assert (data["embedding"], data["shared"]) == (128, "all")
    assert data["costs"]["all"]["128"]["parameters"] == 11_683_584
    assert data["seconds"] is None
    assert "9.3" in said(at)


def test_time_is_measured_for_the_setting_on_screen(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    from components.lm.bert import albert

    seen = []

    def timed(sizes: list[object], **_: int) -> list[float]:
        seen.append(sizes)
        return [0.5, 0.25]

    monkeypatch.setattr(albert, "pass_seconds", timed)
    page.measured.clear()
    at = open_page(PAGE, alb_embedding="64", alb_shared="attention")
    next(button for button in at.button if button.key == "alb_measure").click().run()
    data = data_of(at, "albert_levers")
    assert data["seconds"] == [0.5, 0.25]
    assert data["measured"] == [64, "attention"]
    assert seen == [[size(768, "none"), size(64, "attention")]]
    page.measured.clear()


@pytest.mark.parametrize("name", page.TABLES)
def test_the_tables(open_page: Open, lang: str, name: str) -> None:
    at = open_page(PAGE, lang=lang, alb_table=name)
    table = data_of(at, "comparison_table")
    assert len(table["rows"]) == {"config": 6, "sop": 3}.get(name, 8)
    assert all(len(row) == len(table["head"]) for row in table["rows"])


def test_the_question(open_page: Open, lang: str) -> None:
    asked = data_of(open_page(PAGE, lang=lang), "predict_first")
    assert asked["answer"] == 2
    assert "4.7" in asked["why"]
    assert "5.6" in asked["why"]
    assert cost(size(128, "all")).multiplications >= cost(size(768, "none")).multiplications


def test_odd_links(open_page: Open) -> None:
    at = open_page(PAGE, alb_embedding="101", alb_shared="<script>", alb_table="안녕하세요")
    data = data_of(at, "albert_levers")
    assert data["embedding"] in EMBEDDINGS
    assert data["shared"] == "all"


def test_needs_no_model_to_open() -> None:
    assert modules_after(PAGE, "albert_levers") == []


def test_our_models_side_by_side(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    table = tables(at)["albert-beside"]
    assert table["head"][1:] == ["nano-bert", "nano-albert"]
    assert [cell["shown"] for cell in table["rows"][0][1:]] == ["677,698", "199,490"]
    study = order.study()["models"]
    assert study["nano-albert"]["mlm"]["predicted"] == study["nano-bert"]["mlm"]["predicted"]
    assert f"{study['nano-albert']['mlm']['accuracy'][0]:.1%}" in said(at)


def test_what_everybody_says_of_a_pair(open_page: Open, lang: str) -> None:
    table = tables(open_page(PAGE, lang=lang))["albert-cases"]
    assert len(table["rows"]) == len(order.CASES)
    kept, swapped, _ = table["rows"]
    shared = table["head"].index(order.t("albert_order", "col_shared_sop")) if lang == "en" else 5
    assert kept[shared]["full"] == swapped[shared]["full"]  # symmetric, to the last digit
    assert kept[shared - 2]["full"] == swapped[shared - 2]["full"]


def test_the_kept_answers_are_what_the_models_say(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tables(open_page(PAGE))["albert-cases"]["rows"]
    own = order.trace_file
    monkeypatch.setattr(order, "trace_file", lambda name: None if name == "bert/albert" else own(name))
    computed = tables(open_page(PAGE))["albert-cases"]["rows"]
    for one, other in zip(kept, computed, strict=True):
        for mine, theirs in zip(one[3:], other[3:], strict=True):
            assert float(mine["full"]) == pytest.approx(float(theirs["full"]), abs=1e-4)


def test_the_judges_on_held_out_text(open_page: Open, lang: str) -> None:
    table = tables(open_page(PAGE, lang=lang))["albert-judged"]
    assert len(table["rows"]) == 5
    for name, (low, high) in {"nano-albert": (0.5, 1.0), "nano-bert": (0.0, 0.6)}.items():
        assert low < order.study()["models"][name]["sentences"]["sop"][0] < high


@pytest.mark.parametrize(
    "text",
    ["", " ", "word", "안녕하세요", normalize("NFD", "안녕하세요"), "👩‍👩‍👧‍👦", "مرحبا بالعالم", "<script>alert(1)</script>", "a word " * 2857],
)  # fmt: skip
def test_odd_sentences(open_page: Open, text: str) -> None:
    table = tables(open_page(PAGE, alb_first=text, alb_second="He went home."))["albert-cases"]
    assert len(table["rows"]) == 3
