"""The link is read value by value, clamped, told about, and written without what is default."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from components.lessons.gpt.generation import PARAMS
from components.shell import links


@pytest.mark.parametrize(
    ("param", "raw", "value"),
    [
        (links.Integer("n", 1, 40, 10), "99", 40),
        (links.Integer("n", 1, 40, 10), "-3", 1),
        (links.Integer("n", 1, 40, 10), "7.9", 7),
        (links.Number("x", 0.0, 2.0, 1.0), "1.2345", 1.23),
        (links.Number("x", 0.0, 2.0, 1.0), "1e9", 2.0),
        (links.Flag("f"), "1", True),
        (links.Numbers("p"), "3.406.5.1", (3, 406, 5, 1)),
        (links.Numbers("p"), "", ()),
        (links.Text("t", "", max_chars=3), "abcdef", "abc"),
        (links.Json("j"), '{"low":5}', {"low": 5}),
    ],
)
def test_reads_the_nearest_usable_value(param: links.Param, raw: str, value: object) -> None:
    assert param.read(raw) == value


@pytest.mark.parametrize(
    ("param", "raw"),
    [
        (links.Integer("n", 1, 40, 10), "nan"),
        (links.Integer("n", 1, 40, 10), "inf"),
        (links.Integer("n", 1, 40, 10), "ten"),
        (links.Number("x", 0.0, 2.0, 1.0), ""),
        (links.Choice("c", ("a", "b"), "a"), "z"),
        (links.Flag("f"), "yes"),
        (links.Numbers("p"), "1.-2"),
        (links.Numbers("p"), "1.x"),
        (links.Json("j"), "{"),
        (links.Json("j"), "[" * 1500),
    ],
)
def test_refuses_what_has_no_neighbour(param: links.Param, raw: str) -> None:
    with pytest.raises(links.Unusable):
        param.read(raw)


@given(raw=st.text(max_size=60))
def test_never_raises_anything_else(raw: str) -> None:
    for param in PARAMS:
        try:
            value = param.read(raw)
        except links.Unusable:
            continue
        assert param.read(param.write(value)) == value  # what is written reads the same


@given(st.lists(st.integers(0, 50_000), max_size=40))
def test_picks_survive_the_link(numbers: list[int]) -> None:
    param = links.Numbers("picks")
    assert param.read(param.write(numbers)) == tuple(numbers)


def test_a_value_of_another_kind_does_not_fit() -> None:
    """Two pages may use one key: a word by number on one, by spelling on the other."""
    assert not links._fits(links.Text("word", "record"), 5)
    assert not links._fits(links.Integer("word", 0, 9, 5), "record")
    assert not links._fits(links.Integer("word", 0, 9, 5), 12)
    assert not links._fits(links.Choice("c", ("a",), "a"), "b")
    assert links._fits(links.Integer("word", 0, 9, 5), 3)
    assert links._fits(links.Numbers("picks"), [1, 2])
    assert links._fits(links.Number("t", 0.0, 2.0, 1.0), 0.8)


def _a_page_with_a_choice() -> None:
    import streamlit as st

    from components.shell import links

    links.open_frame()
    links.open_view(
        "page", links.Choice("look", ("a", "b"), "a"), links.Text("words", ""), links.Integer("step", 0, 9, 0)
    )
    st.segmented_control("look", ["a", "b"], key="look", required=True)
    st.text_input("words", key="words")
    st.button("a prepared view", on_click=links.adopt, args=({"look": "b", "step": 7},))
    links.close_view()


def test_a_text_the_reader_emptied_stays_empty() -> None:
    at = AppTest.from_function(_a_page_with_a_choice)
    at.query_params.update({"look": "b", "words": "mine"})
    at.run()
    at.text_input(key="words").set_value("").run()
    assert at.session_state["words"] == ""
    assert "words" not in at.query_params


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ({"step": 4, "rev": 0}, 4),
        ({"step": 4, "rev": 7}, None),  # made before Python moved the state
        ({"step": -1, "rev": 0}, None),
        ({"step": "4", "rev": 0}, None),
        (4, None),
        (None, None),
    ],
)
def test_a_report_from_before_the_move_is_not_heard(
    value: object, step: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "revision", lambda: 0)
    assert links.reported(value) == step


def test_a_prepared_view_is_adopted_after_a_run_that_was_cut_short() -> None:
    at = AppTest.from_function(_a_page_with_a_choice)
    at.run()
    at.session_state["_view"].params = ()  # the frame began, the page had not declared its parameters yet
    at.button[0].click().run()
    assert (at.session_state["look"], at.session_state["step"]) == ("b", 7)


def _a_page_that_opens_a_file() -> None:
    import streamlit as st

    from components.shell import links

    links.open_frame()
    links.open_view(
        "page",
        links.Choice("look", ("a", "b"), "a"),
        links.Number("share", 0.0, 1.0, 0.5),
        links.Text("words", ""),
        links.Numbers("picks", (1, 2)),
        links.Integer("step", 0, 9, 0),
    )
    file = {"look": 5, "share": None, "words": None, "picks": {"a": 1}, "step": 7}
    st.button("a file", on_click=links.adopt, args=(file,))
    links.close_view()


def test_who_comes_back_to_another_server_is_shown_what_the_address_says() -> None:
    def page() -> None:
        import streamlit as st

        from components.shell import links

        links.open_frame()
        if address := st.session_state.pop("back", None):
            links.came_back(address)
        links.open_view("page", links.Integer("step", 0, 40, 0), links.Text("prompt", "Once"))
        links.close_view()

    at = AppTest.from_function(page)
    at.query_params["step"] = "1"  # what Streamlit remembers
    at.session_state["back"] = "?lang=en&step=3&prompt=a+%26+b&embed=true"
    at.run()
    assert not at.exception
    assert (at.session_state["step"], at.session_state["prompt"]) == (3, "a & b")
    assert at.query_params["step"] == "3"
    revision = at.session_state["_view"].revision
    at.run()
    assert at.session_state["_view"].revision == revision


def test_a_file_is_adopted_whole_whatever_kinds_it_holds() -> None:
    at = AppTest.from_function(_a_page_that_opens_a_file)
    at.query_params.update({"share": "0.25"})
    at.run()
    at.button[0].click().run()
    assert not at.exception
    values = {key: at.session_state[key] for key in ("look", "share", "words", "picks", "step")}
    assert values == {"look": "a", "share": 0.5, "words": "", "picks": (1, 2), "step": 7}
    assert {note.key for note in at.session_state["_view"].notes} == {"look", "picks"}


def test_an_emptied_number_goes_to_the_browser_as_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    param = links.Number("share", 0.0, 1.0, 0.5)
    monkeypatch.setattr("streamlit.session_state", {"share": None})
    assert links._untouched(param) == {"key": "share"}
