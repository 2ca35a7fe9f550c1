"""The labelled sentences: balanced, split without overlap, and generated without a word of the test in training."""

import random

import pytest

from components.lm.fine_tuning.samples import FEELINGS, read_feelings, swap_two
from components.lm.fine_tuning.scores import f1, wilson
from components.lm.fine_tuning.sentences import TAGS, TEMPLATES, fill, generate, joined
from components.lm.fine_tuning.transfer import SEEDS, sentences, swap_pairs, written_pairs
from tests.lm.fine_tuning.labelled import labelled_words


def test_the_feelings_are_balanced_and_written_once() -> None:
    rows = read_feelings()
    assert len({text.lower() for text, _ in rows}) == len(rows) == 200
    assert {label: sum(own == label for _, own in rows) for label in FEELINGS} == {"sad": 100, "happy": 100}
    assert not any(word in text.lower().split() for text, _ in rows for word in FEELINGS)


def test_no_sentence_is_on_both_sides() -> None:
    for seed in SEEDS:
        train, test = sentences(seed)
        assert len(train) == 140
        assert len(test) == 60
        assert not {text for text, _ in train} & {text for text, _ in test}
    assert sentences(0)[1] != sentences(1)[1]


def test_twelve_templates_at_least_and_disjoint_words() -> None:
    assert len(TEMPLATES) >= 12
    assert not labelled_words("train") & labelled_words("test")
    for side, other in (("train", "test"), ("test", "train")):
        made = generate(side, 300, 0)  # type: ignore[arg-type]
        assert len({s.words for s in made}) == 300
        for sentence in made:
            assert len(sentence.words) == len(sentence.tags)
            assert set(sentence.tags) <= set(TAGS)
            tagged = {w.lower() for w, tag in zip(sentence.words, sentence.tags, strict=True) if tag != "O"}
            assert tagged
            assert tagged <= labelled_words(side)  # type: ignore[arg-type]
            assert not {w.lower() for w in sentence.words} & labelled_words(other)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_sentences() -> None:
    assert generate("train", 20, 3) == generate("train", 20, 3)
    assert generate("train", 20, 3) != generate("train", 20, 4)


def test_two_slots_of_a_kind_differ() -> None:
    for seed in range(40):
        made = fill("{N} and {N2} walked to the {p} .", "test", random.Random(seed))
        assert made.words[0] != made.words[2]


def test_exchanged_sentences_hold_the_same_words() -> None:
    pairs = [*swap_pairs(generate("test", 60, 0), 0), *written_pairs(60, 0)]
    for pair in pairs:
        assert pair.real != pair.swapped
        assert sorted(pair.real.lower().replace('"', " ").split()) != []
        assert sorted(pair.real) == sorted(pair.swapped) or '"' in pair.real or "," in pair.real
    with pytest.raises(ValueError, match="swap"):
        swap_two(["No", "."], random.Random(0))


def test_marks_stand_as_they_are_written() -> None:
    assert joined(["Look", ",", "a", "dog", "!"]) == "Look, a dog!"


def test_intervals_hold_the_share() -> None:
    for right in range(61):
        low, high = wilson(right, 60)
        assert 0 <= low <= right / 60 <= high <= 1
    with pytest.raises(ValueError, match="answers"):
        wilson(0, 0)


def test_f1_of_hand_made_cases() -> None:
    gold = ["O", "PERSON", "O", "PLACE"]
    assert f1(gold, gold) == 1
    assert f1(["O"] * 4, gold) == 0
    assert f1(["PERSON"] * 4, gold) == pytest.approx(2 / 6, abs=1e-4)
    assert f1(["O"], ["O"]) == 0
