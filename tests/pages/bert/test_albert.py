"""ALBERT: the levers, the measured time, the tables of the paper, and the question asked first."""

import pytest

from components.lessons.bert import albert as page
from components.lm.bert.albert import EMBEDDINGS, cost, size
from tests.pages.conftest import Open, data_of, modules_after, said

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
    assert modules_after(PAGE, "albert_levers") == "[]"
