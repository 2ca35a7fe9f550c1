"""The pages of BERT open in Korean with pocket-bert-ko, before torch, and their examples show what their sentences say."""

import re
from typing import Any

import pytest

from components.lessons.bert import attention, contextual, dice, inputs, masking
from components.lessons.bert.dice_recorder import choose_seed
from components.lessons.bert.inputs_recorder import choose_dimension
from components.lessons.known_language import has_hangul
from components.lm import checkpoints
from components.lm.bert.contextual import meanings, separation, word_vectors
from tests.pages.bert.test_attention import shown
from tests.pages.conftest import Open, data_of, said

MODEL = "pocket-bert-ko"


@pytest.fixture(autouse=True)
def korean(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """First views come from files: whoever loads a model for one fails."""
    if "first" in request.node.name:

        def never(*_: object) -> None:
            raise AssertionError("the first view is in a file")

        for module in (
            "masked_text",
            "masking",
            "attention",
            "contextual",
            "inputs",
            "next_sentence",
            "dice",
        ):
            monkeypatch.setattr(f"components.lessons.bert.{module}.load_model", never)


def shares(text: str) -> list[float]:
    return [float(x) for x in re.findall(r"([\d.]+)%", text)]


def test_masking_first(open_page: Open) -> None:
    at = open_page("bert/masking", lang="ko")
    data = data_of(at, "mask_lab")
    assert data["model"] == MODEL
    assert MODEL in said(at)
    (card,) = data["cards"]
    assert card["candidates"][0][1] == card["original"]["token"] == "손을"
    ways: list[dict[str, Any]] = data_of(at, "mask_looks")["found"]["cards"]
    assert [one["about"] for one in ways] == [MODEL, "pocket-gpt-ko", MODEL, MODEL]
    asked = data_of(at, "predict_first")
    assert asked["options"][asked["answer"]] == "손을"
    both, left = shares(asked["why"])
    assert both > 10 * left


def test_masking_examples(open_page: Open) -> None:
    state = {
        "bert_model": MODEL,
        "mlm_text": masking.NEED_EACH_OTHER_KO,
        "hidden": "2.3",
        "mlm_look": "order",
    }
    found = data_of(open_page("bert/masking", lang="ko", **state), "mask_looks")["found"]
    filled = [[token for _, _, token, _ in sorted(one["steps"])] for one in found["orders"]]
    assert filled[:3] == [["손을", "열"], ["손을", "씻"], ["문을", "열"]]
    state = {"bert_model": MODEL, "mlm_text": masking.PIECES_KO, "hidden": "4.5", "mlm_look": "pieces"}
    cards = data_of(open_page("bert/masking", lang="ko", **state), "mask_looks")["found"]["cards"]
    own = [card["original"] for card in cards]
    assert all(alone["loss"] < whole["loss"] for alone, whole in zip(own[::2], own[1::2], strict=True))
    assert min(one["rank"] for one in own[::2]) == 1 < min(one["rank"] for one in own[1::2])


def test_attention_first(open_page: Open) -> None:
    at = open_page("bert/attention", lang="ko")
    data = shown(at)
    assert data["model"] == MODEL
    assert data["drawn"]["tokens"][1] == "어머니"
    assert has_hangul(data["asked"]["text"])
    asked = data_of(at, "predict_first")
    found = re.search(r"[\d.]+\d", asked["why"])
    assert found is not None
    assert float(found.group()) > 0.9  # "does the same for nearly every word"
    for _, state in attention.prepared(checkpoints.card(MODEL)):
        assert has_hangul(state["text"])


def test_contextual_first(open_page: Open) -> None:
    at = open_page("bert/contextual", lang="ko")
    assert at.session_state["word"] == contextual.WORD_KO
    assert f"{MODEL} (" in said(at)
    alike, same, across = map(float, data_of(at, "predict_first")["options"])
    assert alike == 1  # one row of the table, whatever particle follows
    assert alike > same > across + 0.095  # a tenth, of two that are rounded to hundredths


@pytest.mark.parametrize("word", contextual.KOREAN_EXAMPLES)
def test_the_words_are_apart_or_said_to_be_too_hard(word: str) -> None:
    """If this fails with a new model, choose other sentences by the same rule (``Separation.complete``)."""
    lines = contextual.written(contextual.KOREAN_EXAMPLES[word]).splitlines()
    vectors = word_vectors(checkpoints.load(MODEL), lines, word)
    apart = separation(vectors, meanings(lines))
    assert apart is not None
    assert apart.complete == (word not in contextual.KOREAN_HARD)
    assert contextual.spellings(vectors) == 1


def test_inputs_first(open_page: Open) -> None:
    at = open_page("bert/inputs", lang="ko")
    assert f"{MODEL} (" in said(at)
    asked = data_of(at, "predict_first")
    assert "고양이" in asked["question"]
    known = inputs.inputs_recorded.inputs(MODEL, checkpoints.card(MODEL).revision)
    assert known is not None
    near = {known.given.tokens[i]: known.near[int(known.given.input_ids[i])] for i in (2, 3)}
    assert {one.token for one in near["고양이"][1:5]} <= {
        "소녀",
        "강아",
        "바나",
        "자전거",
        "아빠",
    }  # 강아 ##지, 바나 ##나: things and people of stories
    assert {one.token for one in near["##는"][1:5]} <= {
        "##가",
        "##를",
        "##의",
        "##와",
    }  # particles beside particles


def test_choices_made_by_rule_are_those_of_these_weights() -> None:
    assert choose_dimension(korean=True) == inputs.KOREAN["in_dim"]
    assert choose_seed(korean=True) == dice.KOREAN["seed"]


def test_next_sentence_first(open_page: Open) -> None:
    """Another text is noticed nearly always, another order of the same story is not."""
    at = open_page("bert/next_sentence", lang="ko")
    data = data_of(at, "next_rounds")
    assert data["model"] == MODEL
    assert has_hangul(data["pairs"][0]["first"])
    right = [(pair["p"] > 0.5) == pair["is_next"] for pair in data["pairs"]]
    assert sum(right) >= 8
    asked = data_of(at, "predict_first")
    assert asked["options"][asked["answer"]] == "주제가 다른 B"
    probed = {one["case"]: one["is_next"] for one in data_of(open_page("bert/next_sentence", lang="ko", bert_model=MODEL, nsp_part="probe"), "next_probe")["found"]}  # fmt: skip
    assert [case for case, p in probed.items() if p <= 0.5] == ["another_topic"]


def test_dice_first(open_page: Open) -> None:
    at = open_page("bert/dice", lang="ko")
    assert f"{MODEL} (" in said(at)
    data = data_of(at, "dice_board")
    assert sorted(token["action"] for token in data["tokens"] if token["action"]) == ["K", "M", "M", "M", "R"]
    asked = data_of(at, "predict_first")
    assert asked["answer"] == 2  # the kept token is the easy one
