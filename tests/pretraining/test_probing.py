"""Words in context: the sentences are what they claim, and models that know everything or nothing get what they earn."""

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from components.pretraining.probing import (
    NAMES,
    Pronoun,
    Senses,
    best_of_coins,
    find_word,
    load_pronouns,
    load_senses,
    names_remembered,
    pronoun_heads,
    senses_apart,
)


class Words:
    """A tokenizer of whole words; a masked model's, or with ``mask_token_id`` None a causal one's."""

    bos_token_id = 0

    def __init__(self, mask_token_id: int | None = 1) -> None:
        self.mask_token_id = mask_token_id
        self.ids: dict[str, int] = {}

    def __call__(self, text: str, **_: Any) -> dict[str, Any]:
        offsets, at = [], 0
        parts = [
            part for part in text.replace('"', " ").replace(".", " ").replace(",", " ").split(" ") if part
        ]
        for part in parts:
            start = text.index(part, at)
            offsets.append((start, start + len(part)))
            at = start + len(part)
        ids = [self.ids.setdefault(part, 2 + len(self.ids)) for part in parts]
        return {"input_ids": ids, "offset_mapping": offsets}


def test_the_sentences_are_balanced() -> None:
    senses = load_senses()
    assert [item.word for item in senses] == [
        "bank",
        "right",
        "record",
        "bat",
        "ring",
        "watch",
        "kind",
        "light",
        "match",
        "fair",
        "saw",
        "leaves",
    ]
    assert {tuple(map(len, item.sentences.values())) for item in senses} == {(5, 5)}
    pronouns = load_pronouns()
    assert Counter(item.pronoun for item in pronouns) == {"he": 20, "she": 20}
    first = [find_word(item.sentence, item.right) < find_word(item.sentence, item.wrong) for item in pronouns]
    assert sum(first) == 20  # looking at the nearer person, or at the first, gets half of them
    for pronoun in ("he", "she"):
        assert sum(f for f, item in zip(first, pronouns, strict=True) if item.pronoun == pronoun) in range(
            8, 13
        )
    after = [
        find_word(item.sentence, item.pronoun) > find_word(item.sentence, item.right) for item in pronouns
    ]
    assert all(after)  # a causal model can look back at both
    assert len(set(NAMES)) == 60


def test_a_word_must_stand_once() -> None:
    assert find_word("The Bank was closed.", "bank") == (4, 8)
    for sentence in ("No such word.", "bank and bank", "banking"):
        with pytest.raises(ValueError, match="times in"):
            find_word(sentence, "bank")


ITEMS = (
    Senses("bat", {"animal": ("a bat flew", "the bat slept"), "stick": ("swing the bat", "wooden bat")}),
)


@pytest.mark.parametrize(("knows", "apart"), [(True, 1), (False, 0)])
def test_senses_are_apart_for_a_model_that_keeps_them_apart(knows: bool, apart: int) -> None:
    tokenizer = Words()

    def model(input_ids: torch.Tensor, **_: Any) -> SimpleNamespace:
        words = {number: word for word, number in tokenizer.ids.items()}
        is_animal = {words[int(i)] for i in input_ids[0]} & {"flew", "slept"}
        vector = torch.tensor([1.0, 0.1 if is_animal and knows else -0.9])
        if not knows:  # each sentence another direction, the senses crossed over
            vector = torch.tensor(
                [
                    1.0,
                    1.0
                    if len(input_ids[0]) == 3 and {words[int(i)] for i in input_ids[0]} & {"a", "swing"}
                    else -1.0,
                ]
            )
        return SimpleNamespace(hidden_states=[vector.expand(1, input_ids.shape[1], 2)], attentions=[])

    found = senses_apart(model, tokenizer, ITEMS)
    assert (found["apart"], found["of"]) == (apart, 1)
    assert -1 <= found["words"]["bat"]["across"] <= 1


def test_the_head_that_looks_at_the_right_person_is_found() -> None:
    tokenizer = Words(mask_token_id=None)  # one more token in front
    items = (
        Pronoun("The king saw the queen when he came", "he", "king", "queen"),
        Pronoun("The king saw the queen when she came", "she", "queen", "king"),
    )

    def model(input_ids: torch.Tensor, **_: Any) -> SimpleNamespace:
        words = {number: word for word, number in tokenizer.ids.items()}
        texts = ["" if int(i) == 0 else words[int(i)] for i in input_ids[0]]
        weights = torch.full((2, 3, len(texts), len(texts)), 0.1)
        pronoun = next(k for k, text in enumerate(texts) if text in ("he", "she"))
        weights[1, 2, pronoun, texts.index("king" if texts[pronoun] == "he" else "queen")] = 0.9
        weights[0, 0, pronoun, texts.index("queen")] = 0.9  # always the nearer one
        return SimpleNamespace(attentions=[layer[None] for layer in weights], hidden_states=[])

    found = pronoun_heads(model, tokenizer, items)
    assert found["best"] == {"layer": 1, "head": 2, "right": 2}
    assert found["right"][0][0] == 1
    assert found["right"][0][1] == 0  # a tie is not right


def test_the_best_of_many_coins_is_better_than_one() -> None:
    rng = random.Random(0)
    drawn = [max(sum(rng.random() < 0.5 for _ in range(40)) for _ in range(36)) for _ in range(400)]
    # a mean of 400 maxima with a standard deviation near 1.3: five standard errors
    assert best_of_coins(36, 40) == pytest.approx(sum(drawn) / 400, abs=0.35)


@pytest.mark.parametrize("knows", [True, False])
def test_a_name_is_remembered_by_a_model_that_copies(knows: bool) -> None:
    tokenizer = Words(mask_token_id=None)
    names, texts = ("Ann", "Bo", "Cy"), ("My name is {name} and I am", 'This is {name} . "')

    def model(input_ids: torch.Tensor) -> SimpleNamespace:
        logits = torch.zeros(*input_ids.shape, 64)
        ids = [tokenizer.ids[name] for name in names if name in tokenizer.ids]
        for row, tokens in enumerate(input_ids.tolist()):
            given = next(token for token in tokens if token in ids)
            logits[row, :, given if knows else ids[0]] = 9.0
        return SimpleNamespace(logits=logits)

    found = names_remembered(model, tokenizer, names, texts)
    assert found == {"right": 3 if knows else 1, "of": 3}
