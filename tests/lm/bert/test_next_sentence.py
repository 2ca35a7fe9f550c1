"""Pairs are drawn fairly, and class 0 of the head is "B follows A"."""

from pathlib import Path
from typing import Any

import pytest

from components.lm import checkpoints
from components.lm.bert.next_sentence import draw_pairs, judge, shuffled_words

LINES = [f"line {i}" for i in range(12)]
OTHERS = [f"other {i}" for i in range(8)]


@pytest.fixture(scope="module")
def bert(tiny_bert_folder: Path) -> Any:
    store = checkpoints.Checkpoints(checkpoints.Settings(local_folders=(tiny_bert_folder,)))
    return store.load("local:tiny-bert")


def test_half_of_the_pairs_follow() -> None:
    pairs = draw_pairs(LINES, OTHERS, rounds=10_000, seed=0)
    followed = sum(pair.is_next for pair in pairs)
    assert abs(followed - 5000) <= 5 * 50  # five standard deviations of 10,000 coins
    for pair in pairs:
        assert pair.first == LINES[pair.first_line]
        if pair.is_next:
            assert pair.second == LINES[pair.first_line + 1]
        else:
            assert pair.other_text
            assert pair.second == OTHERS[pair.second_line]


def test_wrong_lines_of_the_same_text_are_wrong() -> None:
    for pair in draw_pairs(LINES, (), rounds=2000, seed=1, elsewhere="same_text"):
        assert pair.second == LINES[pair.second_line]
        assert pair.is_next == (pair.second_line == pair.first_line + 1)
        assert pair.second_line != pair.first_line


def test_firsts_do_not_repeat_and_seeds_repeat() -> None:
    pairs = draw_pairs(LINES, OTHERS, rounds=10, seed=3)
    assert len({pair.first_line for pair in pairs}) == 10
    assert pairs == draw_pairs(LINES, OTHERS, rounds=10, seed=3)
    assert pairs != draw_pairs(LINES, OTHERS, rounds=10, seed=4)


def test_class_0_is_next(bert: Any) -> None:
    """Against transformers' own head: its documentation calls class 0 "sequence B is a continuation"."""
    import torch
    from transformers import BertForNextSentencePrediction

    pairs = [
        ("The low river runs.", "We read the letter twice."),
        ("A small fox sat.", "It looked at the moon, and the moon was low."),
    ]
    library = BertForNextSentencePrediction(bert.model.config).eval()
    library.load_state_dict(bert.model.state_dict(), strict=False)
    for (first, second), verdict in zip(pairs, judge(bert, pairs), strict=True):
        inputs = bert.tokenizer(first, second, return_tensors="pt")
        with torch.inference_mode():
            out = library(**inputs, labels=torch.tensor([0]))  # label 0: B is the next sentence
        assert verdict.is_next_prob == pytest.approx(float(torch.exp(-out.loss)), abs=1e-5)
        assert verdict.says_next == (verdict.is_next_prob > 0.5)


def test_odd_pairs(bert: Any) -> None:
    for first, second in (("", ""), ("word", ""), ("안녕", "👋"), ("low river " * 2000, "short")):
        (verdict,) = judge(bert, [(first, second)])
        assert 0 < verdict.is_next_prob < 1
        assert verdict.num_tokens <= 64
        assert (verdict.dropped > 0) == (len(first) > 1000)
    assert judge(bert, []) == []


def test_a_model_without_the_head_is_refused(tiny_gpt_folder: Path) -> None:
    store = checkpoints.Checkpoints(checkpoints.Settings(local_folders=(tiny_gpt_folder,)))
    with pytest.raises(checkpoints.ModelRefused):
        judge(store.load("local:tiny-gpt"), [("a", "b")])


def test_too_few_lines() -> None:
    with pytest.raises(ValueError, match="two lines"):
        draw_pairs(["one"], OTHERS, rounds=1, seed=0)
    with pytest.raises(ValueError, match="four lines"):
        draw_pairs(LINES[:3], (), rounds=1, seed=0, elsewhere="same_text")


def test_shuffling_changes_the_order_only() -> None:
    sentence = "the quick lamp is on the stone"
    for seed in range(20):
        assert sorted(shuffled_words(sentence, seed).split()) == sorted(sentence.split())
        assert shuffled_words("two words", seed) == "words two"
    assert shuffled_words("one") == "one"
