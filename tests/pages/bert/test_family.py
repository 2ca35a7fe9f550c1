"""After BERT: the board, its links, the comparisons, and the question asked first."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from components.lm.bert.family import COLUMNS, comparisons, relatives
from tests.pages.conftest import Open, data_of, modules_after, said

PAGE = "bert/family"


def test_the_board(open_page: Open, lang: str) -> None:
    board = data_of(open_page(PAGE, lang=lang), "family_board")
    assert [row["name"] for row in board["rows"]] == [r.name for r in relatives()]
    assert board["at"] == [1, COLUMNS.index("masking")]
    for row, relative in zip(board["rows"], relatives(), strict=True):
        assert [COLUMNS[i] for i, cell in enumerate(row["cells"]) if cell["changed"]] == list(
            relative.changed
        )
        for column, cell in zip(COLUMNS, row["cells"], strict=True):
            assert cell["why"], (row["name"], column)
            assert not cell["text"].startswith(("mask_", "label_", "data_", "mlm_")), cell["text"]


def test_every_cell_leads_to_a_view_that_its_page_can_show(open_page: Open) -> None:
    board = data_of(open_page(PAGE), "family_board")
    addresses = {cell["address"] for row in board["rows"] for cell in row["cells"] if cell["address"]}
    assert len(addresses) >= 8
    for address in sorted(addresses):
        parts = urlsplit(address)
        at = open_page(parts.path.replace("-", "/", 1), **dict(parse_qsl(parts.query)))
        assert not at.error, address
        assert not at.session_state["_view"].notes, address
        for key, value in parse_qsl(parts.query):
            param = next(p for p in at.session_state["_view"].params if p.key == key)
            assert param.write(at.session_state[key]) == value, address


def test_what_no_page_shows_has_no_link(open_page: Open) -> None:
    board = data_of(open_page(PAGE), "family_board")
    cells = {row["name"]: row["cells"] for row in board["rows"]}
    assert cells["DeBERTa"][COLUMNS.index("positions")]["page"] is None
    for column in ("objective", "masking", "loss"):
        assert cells["ELECTRA"][COLUMNS.index(column)]["address"].startswith("bert-electra"), column
    assert all(row["cells"][COLUMNS.index("data")]["page"] is None for row in board["rows"])


@pytest.mark.parametrize(("show", "names"), [
    ("model", [c.name for c in comparisons() if c.model == "ALBERT"]),
    ("fair", [c.name for c in comparisons() if c.fair]),
    ("all", [c.name for c in comparisons()]),
])  # fmt: skip
def test_the_comparisons(open_page: Open, lang: str, show: str, names: list[str]) -> None:
    found = data_of(open_page(PAGE, lang=lang, fam_model="ALBERT", fam_show=show), "family_results")
    by_name = {c.name: c for c in comparisons()}
    assert len(found["results"]) == len(names)
    for shown, name in zip(found["results"], names, strict=True):
        assert [value for _, value in shown["rows"]] == [value for _, value in by_name[name].rows]
        assert shown["fair"] == by_name[name].fair
        assert not any(label.startswith("label_") for label, _ in shown["rows"])
    assert found["low"] <= -2.5
    assert found["high"] >= 4.8


def test_the_question_is_answered_by_the_table(open_page: Open, lang: str) -> None:
    asked = data_of(open_page(PAGE, lang=lang), "predict_first")
    assert asked["answer"] == 3
    assert len(asked["options"]) == 4
    assert all(number in asked["why"] for number in ("−0.3", "+0.7", "+0.3", "+0.9", "+2.4"))


def test_odd_links(open_page: Open) -> None:
    at = open_page(PAGE, fam_model="<script>", fam_column="안녕하세요", fam_show="")
    assert at.session_state["fam_model"] == "RoBERTa"
    assert at.session_state["fam_column"] == "masking"
    assert "<script>" not in said(at)


def test_needs_no_model() -> None:
    assert modules_after(PAGE, "family_board") == []
