"""Attention heads: from a link, in both languages, with odd texts."""

import numpy as np
import pytest

from tests.pages.conftest import modules_after, said, widget

NAME = "bert/attention"


def test_the_first_view_imports_no_torch() -> None:
    assert modules_after(NAME, "attention_view") == "[]"


def test_opens_from_a_link(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang, text="The fox sat.", layer="2", heads="1.3", token="2")
    assert at.session_state["layer"] == 2
    assert tuple(at.session_state["heads"]) == (1, 3)
    assert at.session_state["token"] == 2
    assert not at.warning


@pytest.mark.parametrize(
    "text", ["", "a", "</script><script>alert(1)</script>", "שלום עולם", "안녕하세요 👩‍👩‍👧", "x" * 150]
)
def test_odd_texts(open_page, text: str) -> None:
    open_page(NAME, text=text)


@pytest.mark.parametrize("measure", ["value_weighted", "rollout"])
def test_other_readings(open_page, measure: str) -> None:
    at = open_page(NAME, measure=measure, text="The fox sat.")
    assert at.session_state["measure"] == measure


def test_above_128_tokens_one_layer_is_sent(open_page) -> None:
    at = open_page(NAME, attention_model="pocket-gpt", text="the cat " * 80)
    assert widget(at, "layer").value == 0
    widget(at, "layer").set_value(3).run()
    assert not at.exception


def test_too_long_for_the_model(open_page, lang: str) -> None:
    from streamlit.testing.v1 import AppTest

    from tests.pages.conftest import APP

    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": lang})
    at.run()
    at.query_params.update({"text": "the cat " * 400, "attention_model": "pocket-gpt"})
    at.switch_page(f"pages/{NAME}.py").run()
    assert not at.exception
    assert len(at.error) == 1
    assert "801" in at.error[0].value


def test_a_model_that_gives_no_weights(open_page, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.testing.v1 import AppTest

    from components.lessons.bert import attention
    from components.lm.transformer.attention import Unreadable
    from tests.pages.conftest import APP

    def refuse(*args: object) -> None:
        raise Unreadable("mamba")

    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": lang})
    at.run()
    monkeypatch.setattr(attention, "attention_of", refuse)
    at.switch_page(f"pages/{NAME}.py").run()
    assert not at.exception
    assert len(at.error) == 1
    assert "pocket-bert" in at.error[0].value


def test_ablation_opens(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang, attention_model="pocket-gpt", text="The fox sat on the", panel="ablation")
    assert at.session_state["at"] == 4


def test_ablation_finds_the_strongest_head(open_page) -> None:
    at = open_page(NAME, attention_model="pocket-gpt", text="The fox sat on the", panel="ablation")
    at.button(key="try-all-heads").click().run()
    assert not at.exception
    found = at.session_state["_effects"]
    assert found["done"]
    assert len(found["effects"]) == 36
    assert at.session_state["at"] == 4


def test_heads_off_come_from_the_link(open_page) -> None:
    at = open_page(
        NAME, attention_model="pocket-gpt", text="The fox sat on the", panel="ablation", off="0.2003.99000"
    )
    assert at.session_state["off"] == (0, 2003)  # there is no layer 99


# bertviz leaves its own script file open until it is collected.
LEAVES_FILES_OPEN = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@LEAVES_FILES_OPEN
@pytest.mark.parametrize("view", ["head", "model", "neuron"])
def test_bertviz(open_page, view: str) -> None:
    open_page(NAME, text="The fox sat. </script>", panel="bertviz", bertviz_view=view)


def test_bertviz_says_when_it_is_too_much(open_page) -> None:
    at = open_page(
        NAME, attention_model="pocket-gpt", text="the cat " * 45, panel="bertviz", bertviz_view="model"
    )
    assert len(at.info) == 1


def test_numbers(open_page) -> None:
    at = open_page(
        NAME, attention_model="pocket-gpt", text="The fox sat", panel="numbers", layer="1", heads="2"
    )
    frame = at.dataframe[0].value
    assert frame.shape == (3, 3)
    assert frame.to_numpy().sum(1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_the_head_for_a_repeating_text_is_an_induction_head() -> None:
    """The model that the prepared text opens has a head that looks for the copy, far above an even spread.

    If another model ships without one, the prepared state has nothing to show and goes.
    """
    from components.lessons.bert.attention import measured_induction
    from components.lm import checkpoints
    from components.shell.loading import FIRST_MODEL

    found = measured_induction(checkpoints.load(FIRST_MODEL, "attention"))
    assert np.isnan(found.scores[0]).all()
    assert np.nanmax(found.scores) > 4 * found.even


def test_an_unknown_token_is_not_the_same_word_again() -> None:
    from components.lessons.bert.attention import attention_scores
    from components.lm import checkpoints

    card = checkpoints.card("pocket-bert")
    scores = attention_scores(card.name, card.revision, "שלום עולם مرحبا", "")
    assert np.isnan(scores.same_word).all()


def test_rollout_and_back_keeps_the_head(open_page) -> None:
    """The link, the caption and the picture name the same head, whatever is measured."""
    at = open_page(NAME, layer="5", heads="3", text="The fox sat.")
    box = next(box for box in at.selectbox if box.label == "Show")
    box.set_value("rollout").run()
    assert "layer 5, mean" in said(at)
    assert tuple(at.session_state["heads"]) == (3,)
    next(box for box in at.selectbox if box.label == "Show").set_value("weights").run()
    assert "layer 5, head 3" in said(at)
    assert tuple(at.session_state["heads"]) == (3,)


def test_another_text_keeps_layer_and_head(open_page) -> None:
    at = open_page(NAME, layer="5", heads="3", token="4")
    next(box for box in at.text_input if box.label == "Text").set_value("A cat sat there.").run()
    assert "layer 5, head 3" in said(at)
    assert (at.session_state["layer"], tuple(at.session_state["heads"])) == (5, (3,))
    assert at.session_state["token"] == -1


def test_a_link_to_all_heads_tried_opens_with_them_tried(open_page, lang: str) -> None:
    at = open_page(
        NAME, lang=lang, attention_model="pocket-gpt", text="The fox sat on the", panel="ablation", tried="1"
    )
    assert at.session_state["_effects"]["done"]
    assert at.session_state["tried"]
