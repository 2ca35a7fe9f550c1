"""Attention heads: from a link, in both languages, with odd texts."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components.lessons import tuned
from components.lessons.bert.attention import attention_of
from components.lm import checkpoints
from tests.pages.conftest import data_of, modules_after, widget

NAME = "bert/attention"
needs_nano = pytest.mark.skipif(
    "nano-bert" not in checkpoints.store().bundled_names(), reason="nano-bert is not in assets/models"
)


def shown(at: AppTest) -> dict[str, Any]:
    """The header of what the picture was given."""
    [block] = [b for b in at.get("bidi_component") if b.proto.component_name == "glassbox.attention_view"]
    data = block.proto.bytes
    (size,) = struct.unpack_from("<I", data)
    header: dict[str, Any] = json.loads(data[4 : 4 + size])
    return header


def test_the_server_computes_nothing_where_the_browser_does(
    open_page, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(NAME, panel="ablation")
    assert shown(at)["drawn"]["tokens"][1] == "the"
    monkeypatch.setattr("components.lessons.bert.attention.load_model", None)
    monkeypatch.setattr("components.lessons.bert.attention_panels.load_model", None)
    at.session_state["_attention_browser"] = "pocket-bert"
    at.session_state["text"] = "A text that nobody has computed"
    at.session_state["_attention_tokens"] = 8
    at.session_state["_attention_reads"] = (0, 0, 0, 3, 0.25)
    at.run()
    assert not at.exception
    assert not at.error
    assert shown(at)["drawn"] is None
    assert shown(at)["induction"] is not None  # of the model, not of the text
    assert data_of(at, "ablation_board")["measured"] is None
    at.session_state["_attention_browser"] = "nano-bert"  # of another model the browser knows nothing
    at.run()
    assert at.exception or at.error


def test_a_report_is_checked(open_page) -> None:
    """A browser may send anything: what is no place, no number and of no view is left out."""
    from components.lessons.bert.attention import _reads

    assert _reads([1, 2, 3, 4, 0.5]) == (1, 2, 3, 4, 0.5)
    assert _reads(None) is None
    assert _reads([1, 2]) is None
    assert _reads(["x"] * 5) is None


def test_the_first_view_imports_no_torch() -> None:
    assert modules_after(NAME, "attention_view") == []


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
    at.switch_page(f"pages/{NAME}.py").run()  # what is asked before the picture is known from now on
    assert not at.error
    monkeypatch.setattr(attention, "attention_of", refuse)
    at.run()
    assert not at.exception
    assert len(at.error) == 1
    assert "pocket-bert" in at.error[0].value


def test_ablation_opens(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang, attention_model="pocket-gpt", text="The fox sat on the", panel="ablation")
    assert at.session_state["at"] == 4


def test_ablation_finds_the_strongest_head(open_page) -> None:
    at = open_page(NAME, attention_model="pocket-gpt", text="The fox sat on the", panel="ablation")
    assert not [b for b in at.button if b.key == "try-all-heads"]  # the browser does that
    at.session_state["_attention_failed"] = True
    at.run()
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


@LEAVES_FILES_OPEN
def test_a_panel_follows_text_and_head(open_page) -> None:
    """Picture, caption, bertviz and the numbers are of one text and one head, also after these changed."""
    at = open_page(NAME, layer="5", heads="3", text="The fox sat.", panel="bertviz", bertviz_view="neuron")

    def agree(tokens: list[str], layer: int, head: int) -> None:
        assert shown(at)["drawn"]["tokens"] == tokens
        if at.session_state["panel"] == "bertviz":
            drawn = at.get("iframe")[0].proto.srcdoc
            assert all(json.dumps(token) in drawn for token in tokens)
            assert f"Layer {layer}, head {head}" in [line.value for line in at.caption][-1]
        else:
            assert list(at.dataframe[0].value.index) == [f"{i} {token}" for i, token in enumerate(tokens)]

    agree(["[CLS]", "the", "fox", "sat", ".", "[SEP]"], 5, 3)
    at.session_state["text"] = "A cat ran."
    at.run()
    agree(["[CLS]", "a", "cat", "ran", ".", "[SEP]"], 5, 3)
    at.session_state["layer"], at.session_state["heads"] = 2, (4,)
    at.run()
    agree(["[CLS]", "a", "cat", "ran", ".", "[SEP]"], 2, 4)
    at.session_state["panel"] = "numbers"
    at.run()
    at.session_state["text"] = "The fox sat."
    at.run()
    agree(["[CLS]", "the", "fox", "sat", ".", "[SEP]"], 2, 4)


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
    at.session_state["measure"] = "rollout"
    at.run()
    assert shown(at)["drawn"]["columns"] == ["mean", "rollout"]
    assert tuple(at.session_state["heads"]) == (3,)
    assert tuple(at.session_state["reading"]) == (0,)
    at.session_state["measure"] = "weights"
    at.run()
    assert shown(at)["drawn"]["columns"][3] == "3"
    assert tuple(at.session_state["heads"]) == (3,)


def test_another_text_keeps_layer_and_head(open_page) -> None:
    at = open_page(NAME, layer="5", heads="3", token="4")
    [field] = [field for field in data_of(at, "page_fields")["fields"] if field["key"] == "text"]
    at.session_state["text"] = "A cat sat there."
    for key, value in field["resets"].items():  # the browser sends these along
        at.session_state[key] = value
    at.run()
    assert shown(at)["drawn"]["tokens"][1:3] == ["a", "cat"]
    assert (at.session_state["layer"], tuple(at.session_state["heads"])) == (5, (3,))
    assert at.session_state["token"] == -1


def test_a_link_to_all_heads_tried_opens_with_them_tried(open_page, lang: str) -> None:
    at = open_page(
        NAME, lang=lang, attention_model="pocket-gpt", text="The fox sat on the", panel="ablation", tried="1"
    )
    assert at.session_state["tried"]  # the browser tries them
    at.session_state["_attention_failed"] = True
    at.run()
    assert at.session_state["_effects"]["done"]
    assert at.session_state["tried"]


@needs_nano
def test_the_same_sentence_before_and_after_fine_tuning(open_page, lang: str) -> None:
    """Other weights, other attention; the model as it comes is not changed by it, and another model has no such choice."""
    text = "A shepherd and his wolf hid behind the chapel."
    before, after = (
        attention_of(card.name, card.revision, text, "", None).weights
        for card in (checkpoints.card(tuned.BASE), tuned.tuned_card())
    )
    assert before.shape == after.shape
    assert np.abs(before - after).max() > 0.01
    kept = tuned.load_model(tuned.TUNED).model.bert.state_dict()
    task, _ = tuned.taggers(tuned.BASE, checkpoints.card(tuned.BASE).revision)[0]
    assert all((kept[name] == x).all() for name, x in task.body.state_dict().items())

    at = open_page(NAME, lang=lang, text=text, attention_model=tuned.BASE, attention_weights="tuned")
    assert not at.exception
    assert widget(at, "attention_weights").value == "tuned"
    assert f"{tuned.BASE}-tags-50" in json.dumps(shown(at))
    other = open_page(NAME, lang=lang, attention_model="pocket-gpt", attention_weights="tuned")
    assert not other.exception
    assert "tags-50" not in json.dumps(shown(other))


@needs_nano
def test_every_panel_of_the_tuned_model(open_page) -> None:
    for panel in ("ablation", "bertviz", "numbers"):
        at = open_page(NAME, text="The king ran.", attention_model=tuned.BASE, attention_weights="tuned", panel=panel, bertviz_view="neuron")  # fmt: skip
        assert not at.exception, panel
