"""Self-attention, step by step: the worked example and a real head, from links, in both languages."""

import pytest

from tests.pages.conftest import data_of, modules_after

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


@pytest.mark.parametrize("model", ["pocket-gpt", "pocket-bert"])
def test_of_a_long_text_the_beginning_is_read(open_page, lang: str, model: str) -> None:
    at = open_page(NAME, lang=lang, example="model", steps_text="the cat " * 300, attention_model=model)
    assert sum('class="gb-note"' in b.proto.body and "40" in b.proto.body for b in at.get("html")) == 1


def test_the_first_view_imports_no_torch() -> None:
    assert modules_after(NAME, "attention_steps") == []


def test_the_example_by_hand_has_words_of_the_language(open_page, lang: str) -> None:
    asked = data_of(open_page(NAME, lang=lang), "predict_first")
    assert asked["options"] == {"en": ["The", "cat", "sat"], "ko": ["고양이가", "의자에", "앉았다"]}[lang]


def test_a_real_head_reads_the_language_of_the_page(open_page, lang: str) -> None:
    at = open_page(NAME, lang=lang)
    at.session_state["example"] = "model"
    at.run()
    assert not at.exception
    assert at.session_state["attention_model"] == {"en": "pocket-bert", "ko": "pocket-bert-ko"}[lang]
    assert not any('class="gb-note"' in block.proto.body for block in at.get("html"))


def test_the_head_to_begin_with_shows_what_dividing_does(lang: str) -> None:
    """Another bundled model needs another head: set FIRST_HEAD (in Korean KOREAN) to what ``head_that_shows_dividing`` returns."""
    from components.lessons import attention_models
    from components.lessons.transformer.self_attention import FIRST_HEAD, KOREAN, SENTENCE
    from components.lm.reading import read
    from components.lm.transformer.attention import entropy
    from components.lm.transformer.attention_steps import (
        head_steps,
        head_that_shows_dividing,
        softmax,
    )
    from components.shell.loading import load_model

    model, text, first = attention_models.default_model(), SENTENCE, FIRST_HEAD
    if lang == "ko":
        model, text = KOREAN["attention_model"], KOREAN["steps_text"]
        first = KOREAN["steps_layer"], KOREAN["steps_head"]
    loaded = load_model(model, "attention")
    reading = read(loaded, text)
    assert head_that_shows_dividing(loaded, reading) == first
    steps = head_steps(loaded, reading, *first)
    # The page says that without dividing the softmax puts everything on one key.
    mixed, alone = entropy(steps.weights).mean(), entropy(softmax(steps.scores)).mean()
    assert mixed > 1.5
    assert alone < mixed / 2
