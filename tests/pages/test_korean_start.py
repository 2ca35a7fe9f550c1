"""Opened in Korean by a link that asks for nothing, some pages begin with Korean; the link says what is on screen."""

from types import ModuleType
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from components.lessons.bert import attention, contextual, dice, inputs, masking, masking_rates, next_sentence
from components.lessons.gpt import decoding, generation
from components.lessons.gpt.generation_recorder import choose_prompt
from components.lessons.start import history
from components.lessons.tokens import compare, encode, word_training, wordpiece
from components.lessons.transformer import block, masks, positions, self_attention, three_ways
from tests.pages.conftest import APP, Open, data_of, on_page, said

STARTS = {
    "start/history": history.KOREAN_START,
    "tokens/bpe": word_training.KOREAN,
    "tokens/encode": encode.KOREAN,
    "tokens/wordpiece": wordpiece.KOREAN,
    "tokens/compare": {"cmp_text": compare.TEXT_KO},
    "bert/attention": attention.KOREAN,
    "bert/contextual": contextual.KOREAN,
    "bert/dice": dice.KOREAN,
    "bert/inputs": inputs.KOREAN,
    "bert/masking": masking.KOREAN,
    "bert/masking_rates": masking_rates.korean(),
    "bert/next_sentence": next_sentence.korean(),
    "gpt/decoding": decoding.KOREAN,
    "gpt/generation": generation.KOREAN,
    "transformer/block": block.KOREAN,
    "transformer/masks": masks.KOREAN,
    "transformer/positions": positions.KOREAN,
    "transformer/self_attention": self_attention.KOREAN,
    "transformer/three_ways": three_ways.KOREAN,
}


def asked(at: AppTest) -> dict[str, str]:
    """The address, without the language."""
    return {key: "".join(value) for key, value in at.query_params.items() if key != "lang"}


@pytest.mark.parametrize("name", STARTS)
def test_a_bare_link_in_korean_begins_in_korean(open_page: Open, name: str) -> None:
    at = open_page(name, lang="ko")
    assert {key: at.session_state[key] for key in STARTS[name]} == STARTS[name]
    assert not at.warning
    assert not asked(at)
    # What is copied says it in every language.
    copied = said(at).split('data-query="')[1].split('"')[0].replace("&amp;", "&")
    again = open_page(name, lang="en", **dict(parse_qsl(copied)))
    assert {key: again.session_state[key] for key in STARTS[name]} == STARTS[name]


@pytest.mark.parametrize("name", STARTS)
def test_a_bare_link_in_english_begins_in_english(open_page: Open, name: str) -> None:
    at = open_page(name, lang="en")
    before = {key: at.session_state[key] for key in STARTS[name]}
    assert not any(value == STARTS[name][key] for key, value in before.items())
    assert 'data-query=""' in said(at)
    at.session_state["lang"] = "ko"
    at.run()
    assert {key: at.session_state[key] for key in STARTS[name]} == before
    again = open_page(name, lang="ko", **asked(at))  # a bare link would open another view
    assert {key: again.session_state[key] for key in STARTS[name]} == before


def test_a_korean_link_that_asks_for_something_begins_as_ever(open_page: Open) -> None:
    at = open_page("tokens/bpe", lang="ko", bpe_step="9")
    assert (at.session_state["bpe_source"], at.session_state["num_merges"]) == ("table", 10)


def test_a_korean_text_does_not_come_to_words_chosen_before() -> None:
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params["lang"] = "ko"
    at.run()
    at.session_state["bpe_source"] = "tale_en"
    at.switch_page("pages/tokens/encode.py").run()
    assert (at.session_state["bpe_source"], at.session_state["encode_text"]) == ("tale_en", "lowest")


def _visit(at: AppTest, *names: str) -> AppTest:
    """Go from page to page as the menu does: the address then holds the language alone."""
    for name in names:
        at.query_params.clear()
        at.query_params["lang"] = at.session_state["lang"]
        at.switch_page(f"pages/{name}.py").run()
        assert not at.exception
    return at


def test_a_korean_beginning_is_whole_and_stays_on_its_page(open_page: Open) -> None:
    at = open_page("start/home", lang="ko")
    _visit(at, "gpt/generation", "gpt/prompting")  # the same key for the model, and an English text
    assert at.session_state["model"] == "pocket-gpt"
    _visit(at, "gpt/decoding")
    assert {key: at.session_state[key] for key in decoding.KOREAN} == decoding.KOREAN
    _visit(at, "gpt/prompting", "gpt/generation")
    assert {key: at.session_state[key] for key in generation.KOREAN} == generation.KOREAN
    at.session_state["temperature"] = (
        0.3  # of the Korean text; it goes with its model when the reader returns
    )
    at.run()
    _visit(at, "gpt/prompting", "gpt/generation")
    assert at.session_state["temperature"] == 0.3
    assert at.session_state["model"] == "pocket-gpt-ko"


def test_pages_that_share_a_key_begin_in_korean_each_with_its_model(open_page: Open) -> None:
    """One kind of model after the other under one key: what a Korean beginning has set is nobody's choice."""
    at = open_page("start/home", lang="ko")
    begins = {
        "bert/attention": attention.KOREAN,
        "transformer/block": block.KOREAN,
        "transformer/self_attention": self_attention.KOREAN,
    }
    for name in (*begins, "transformer/block", "bert/attention"):
        _visit(at, name)
        assert {key: at.session_state[key] for key in begins[name]} == begins[name], name
    at.session_state["text"] = "나는 책을 읽고 잔다."
    at.run()
    _visit(at, "transformer/block", "bert/attention")
    assert at.session_state["text"] == "나는 책을 읽고 잔다."
    assert at.session_state["attention_model"] == "pocket-bert-ko"


def test_what_a_reader_has_chosen_is_kept(open_page: Open) -> None:
    at = open_page("bert/masking", lang="en")
    at.session_state["lang"] = "ko"
    at.run()
    _visit(
        at, "bert/contextual", "bert/masking"
    )  # the second opens in Korean; the first was opened in English
    assert at.session_state["mlm_text"] == masking.KOREAN["mlm_text"]  # nothing of it was the reader's
    at = open_page("bert/masking", lang="en", mlm_text="My own text about a dog.")
    at.session_state["lang"] = "ko"
    at.run()
    _visit(at, "bert/contextual", "bert/masking")
    assert (at.session_state["mlm_text"], at.session_state["bert_model"]) == ("My own text about a dog.", "pocket-bert")  # fmt: skip
    at = open_page("bert/masking", lang="ko", bert_model="nano-bert")
    _visit(at, "bert/contextual")  # a model of the reader's: the page begins in English with it
    assert (at.session_state["bert_model"], at.session_state["word"]) == ("nano-bert", "record")


def test_every_letter_of_the_korean_text_was_learned() -> None:
    known = set(word_training.sample_text("story_ko"))
    assert set(encode.KOREAN["encode_text"]) | set(wordpiece.KOREAN["wp_text"]) <= known


def test_the_korean_text_of_gpt_stands_before_torch(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: object) -> None:
        raise AssertionError("the first view is in a file")

    monkeypatch.setattr(generation, "computed", never)
    at = open_page("gpt/generation", lang="ko")
    data = data_of(at, "writer")
    assert data["model"]["model"] == "pocket-gpt-ko"
    assert data["line"]
    # What the browser needs to keep the address by itself: the model, which it does not move, and what a bare link means.
    params = {param["key"]: param for param in data["params"]}
    assert params["model"]["value"] == params["model"]["bare"] == "pocket-gpt-ko"
    assert params["prompt"]["bare"] == generation.KOREAN["prompt"]


@pytest.mark.parametrize(
    ("lesson", "element"), [(block, "block_flow"), (positions, "shuffle_board")], ids=["block", "positions"]
)
def test_the_korean_view_of_a_model_stands_before_torch(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, lesson: ModuleType, element: str
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the first view is in a file")

    monkeypatch.setattr(lesson, "load_model", never)
    at = open_page(f"transformer/{lesson.__name__.rsplit('.', 1)[1]}", lang="ko")
    assert on_page(at, element)


def test_the_korean_beginning_of_gpt_is_chosen_by_its_rule() -> None:
    """Other weights may need another: set KOREAN of the page to what ``choose_prompt`` returns."""
    assert choose_prompt() == generation.KOREAN["prompt"]
