"""The page "Token + segment + position", from links, in both languages, with the bundled BERT."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.lm import checkpoints
from tests.pages.conftest import Open, modules_after, on_page, said, widget

pytestmark = pytest.mark.skipif(
    "pocket-bert" not in checkpoints.store().bundled_names(), reason="pocket-bert is not in assets/models"
)
ROOT = Path(__file__).parents[3]
APP = str(ROOT / "app.py")


def difference(at: AppTest) -> float:
    """The difference from the model's own embedding output that the caption shows."""
    caption = next(block.proto.body for block in at.get("html") if "float32" in block.proto.body)
    return float(caption.rsplit(":", 1)[1].split("<")[0])


def test_first_view_is_the_pair_of_the_course(open_page: Open, lang: str) -> None:
    at = open_page("bert/inputs", lang=lang)
    assert at.session_state["in_a"] == {"en": "my dog is cute", "ko": "우리 고양이는 귀엽다"}[lang]
    assert at.session_state["in_step"] == 0
    assert difference(at) <= 1e-6


@pytest.mark.parametrize("panel", ["neighbours", "changes", "padding", "special", "code"])
def test_every_panel_opens(open_page: Open, lang: str, panel: str) -> None:
    at = open_page("bert/inputs", lang=lang, in_panel=panel)
    assert difference(at) <= 1e-6


def test_a_link_opens_the_same_changes(open_page: Open, lang: str) -> None:
    at = open_page(
        "bert/inputs",
        lang=lang,
        in_panel="changes",
        in_segments="all_b",
        in_positions="reversed",
        in_painted="1.2",
        in_swap="1.3",
    )
    assert at.session_state["in_painted"] == (1, 2)
    assert at.session_state["in_swap"] == (1, 3)
    assert difference(at) <= 1e-5
    at.button(key="in_reset").click().run()
    assert not at.exception
    for key, value in (
        ("in_segments", "normal"),
        ("in_positions", "normal"),
        ("in_painted", ()),
        ("in_swap", ()),
    ):
        assert at.session_state[key] == value
    assert at.session_state["in_a"] == "my dog is cute"


def test_the_boxes_of_a_swap_follow_the_link(open_page: Open) -> None:
    at = open_page("bert/inputs", in_panel="changes", in_swap="1.3")
    assert (at.session_state["_in_swap_one"], at.session_state["_in_swap_two"]) == (1, 3)
    at.session_state["in_swap"] = (2, 4)
    at.session_state["_view"].revision += 1  # as Back or a file does
    at.run()
    assert (at.session_state["_in_swap_one"], at.session_state["_in_swap_two"]) == (2, 4)


@pytest.mark.parametrize(
    ("first", "second"),
    [("", ""), ("    ", ""), ("", "only the second"), ("😀" * 50, ""), ("שלום לכם", "مرحبا"), ("a", "   ")],
)
@pytest.mark.parametrize("panel", ["neighbours", "changes"])
def test_odd_texts(open_page: Open, first: str, second: str, panel: str) -> None:
    at = open_page("bert/inputs", in_a=first, in_b=second, in_panel=panel)
    assert difference(at) <= 1e-6


def test_a_pair_longer_than_the_model_is_said(open_page: Open) -> None:
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": "en"})
    at.run()
    at.query_params.update({"in_a": "word " * 4000})
    at.switch_page("pages/bert/inputs.py").run()
    assert not at.exception
    assert "positions" in at.error[0].value


def test_a_new_text_forgets_what_was_painted(open_page: Open) -> None:
    at = open_page("bert/inputs", in_painted="1.2", in_swap="1.2")
    widget(at, "in_a").set_value("the moon is bright").run()
    assert not at.exception
    assert at.session_state["in_painted"] == ()
    assert at.session_state["in_swap"] == ()


@pytest.mark.parametrize("typed", ["2 3 4", "", "-1 99999999 x", "７ ²", "2, 3"])
def test_ids_become_tokens(open_page: Open, typed: str) -> None:
    at = open_page("bert/inputs", in_panel="special", in_ids=typed)
    assert "[CLS]" in said(at) or "gb-near" in said(at)


def test_a_link_opens_the_run_at_a_line(open_page: Open, lang: str) -> None:
    at = open_page("bert/inputs", lang=lang, in_panel="code", in_line="4")
    assert at.session_state["in_line"] == 4
    assert on_page(at, "code_steps")


def test_first_view_needs_no_torch() -> None:
    """In a process of its own: this one has imported torch long ago."""
    assert modules_after("bert/inputs", "near_rows") == []


def test_the_first_dimension_has_something_to_show() -> None:
    from components.lessons.bert.inputs import LIVELY
    from components.lessons.bert.inputs_recorder import choose_dimension

    assert choose_dimension() == LIVELY, (
        f"LIVELY of components/lessons/bert/inputs.py is {choose_dimension()} here"
    )


def test_a_model_of_another_family_is_refused_and_the_page_stands(open_page: Open, lang: str) -> None:
    at = open_page("bert/inputs", lang=lang, bert_model="pocket-gpt")
    told = " ".join(warning.value for warning in at.warning)
    assert "pocket-gpt" in told
    assert "pocket-bert" in told
    assert on_page(at, "embedding_sum")


def test_the_list_holds_no_model_that_the_page_refuses(open_page: Open) -> None:
    at = open_page("bert/inputs")
    (box,) = [box for box in at.selectbox if box.label == "Model"]
    assert "pocket-bert" in box.options
    assert not [name for name in box.options if "gpt" in name]
