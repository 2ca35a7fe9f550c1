"""Sparse attention: opens without torch, from links, in both languages."""

NAME = "transformer/sparse"


def test_opens_from_a_link(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang, pattern="fixed", n="64", l="8", query="45")
    assert (at.session_state["pattern"], at.session_state["n"], at.session_state["l"]) == ("fixed", 64, 8)


def test_values_out_of_range_are_clamped(open_page) -> None:
    at = open_page(NAME, n="9999", l="-3", pattern="other")
    assert at.session_state["n"] == 96
    assert at.session_state["l"] == 1
    assert at.session_state["pattern"] == "strided"


def test_the_table_behind_the_curves() -> None:
    from components.lessons.transformer.sparse import sparse_growth

    growth, memory = sparse_growth()
    assert growth["causal"][0] == 16 * 17 // 2
    assert growth["strided"][growth["n"].index(256)] == 5896  # counted from the definitions, l = 16
    assert memory["full"] == [2_000_000, 200_000_000, 20_000_000_000]
