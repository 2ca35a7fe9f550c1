"""Sparse attention: opens without torch, from links, in both languages."""

from tests.pages.conftest import data_of

NAME = "transformer/sparse"


def test_opens_from_a_link(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang, pattern="fixed", n="64", l="8", query="45")
    assert (at.session_state["pattern"], at.session_state["n"], at.session_state["l"]) == ("fixed", 64, 8)


def test_values_out_of_range_are_clamped(open_page) -> None:
    at = open_page(NAME, n="9999", l="-3", pattern="other")
    assert at.session_state["n"] == 96
    assert at.session_state["l"] == 1
    assert at.session_state["pattern"] == "strided"


def test_the_exported_table_has_every_pattern_with_both_strides() -> None:
    from components.lessons.transformer.sparse import growth

    rows = growth(6, 1)
    found = {(r["head_pattern"], r["tokens"], r["stride_rule"]): r["pairs"] for r in rows}
    assert len(found) == len(rows) == 5 * 14 * 2
    assert found["causal", 16, "as set"] == 16 * 17 // 2
    assert found["strided", 256, "square root of tokens"] == 5896  # counted from the definitions, stride 16
    assert found["full", 256, "as set"] == 256**2


def test_the_question_knows_its_answer(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang)
    asked = data_of(at, "predict_first")
    assert asked["options"][asked["answer"]] == "22%"  # 291 of 1,296
    assert "291" in asked["why"]
