"""Self-attention, step by step: the worked example and a real head, from links, in both languages."""

import pytest

NAME = "transformer/self_attention"


def test_opens_from_a_link(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang, causal="1", step="4", query="1", key="2")
    assert at.session_state["causal"]
    assert (at.session_state["step"], at.session_state["query"], at.session_state["key"]) == (4, 1, 2)


def test_a_real_head(open_page, lang: str) -> None:
    at = open_page(
        NAME, lang=lang, example="model", attention_model="pocket-gpt", steps_layer="99", steps_head="3"
    )
    assert at.session_state["steps_layer"] == 5  # the last one there is
    assert at.session_state["steps_head"] == 3


@pytest.mark.parametrize("text", ["", "a", "</script>", "שלום", "안녕 👩‍👩‍👧"])
def test_odd_texts(open_page, text: str) -> None:
    open_page(NAME, example="model", attention_model="pocket-gpt", steps_text=text)


def test_too_many_tokens_are_refused(open_page) -> None:
    from streamlit.testing.v1 import AppTest

    from tests.pages.conftest import APP

    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params.update({"lang": "en"})
    at.run()
    at.query_params.update(
        {"example": "model", "steps_text": "the cat " * 30, "attention_model": "pocket-gpt"}
    )
    at.switch_page(f"pages/{NAME}.py").run()
    assert not at.exception
    assert "40" in at.error[0].value
