"""Codes, prompts and the best possible score: the definition, invariants, odd input."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lm.gpt.word_codes import (
    ARROW,
    BEGIN,
    END,
    FIRST_WORD_ID,
    KINDS,
    NUM_DICTIONARIES,
    VOCABULARY,
    WORDS,
    Prompts,
    UnreadablePrompt,
    best_known,
    best_new,
    chance_of_unseen,
    closest_codes,
    dictionaries,
    fresh_prompts,
    read_pairs,
    training_prompts,
    wilson_interval,
    write_pairs,
)


def test_a_prompt_is_pairs_with_arrows_and_semicolons() -> None:
    prompts = fresh_prompts("new", 0, count=1, num_pairs=2)
    tokens = [VOCABULARY[i] for i in prompts.token_ids()[0]]
    (a, b), (x, y) = prompts.words[0], prompts.answers[0]
    assert tokens == [BEGIN, WORDS[a], ARROW, WORDS[x], END, WORDS[b], ARROW, WORDS[y], END]
    assert VOCABULARY.index(WORDS[0]) == FIRST_WORD_ID
    assert len(set(VOCABULARY)) == 35


def test_the_dictionaries_are_eight_fixed_permutations() -> None:
    found = dictionaries()
    assert found.shape == (NUM_DICTIONARIES, 32)
    assert (np.sort(found, axis=1) == np.arange(32)).all()
    # The shipped model knows these by heart: other numbers here would make it another task.
    assert found[0, :6].tolist() == [8, 26, 20, 27, 9, 25]
    assert len({tuple(row) for row in found.tolist()}) == NUM_DICTIONARIES


@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_keeps_to_its_code_and_to_eight_words(kind: str) -> None:
    prompts = fresh_prompts(kind, 3, count=50)  # type: ignore[arg-type]
    for row in range(50):
        code = prompts.codes[row]
        assert (code[prompts.words[row]] == prompts.answers[row]).all()
        used = code[code >= 0]
        assert len(used) == len(set(used.tolist())) == 8
        which = prompts.dictionary[row]
        assert (which >= 0) == (kind == "known")
        if which >= 0:
            assert (dictionaries()[which][code >= 0] == used).all()


def test_half_of_training_is_known_and_the_rest_uses_few_words() -> None:
    prompts = training_prompts(0, 0, 4_000)
    known = prompts.dictionary >= 0
    assert abs(known.mean() - 0.5) < 0.03
    sizes = (prompts.codes[~known] >= 0).sum(1)
    assert sorted(set(sizes.tolist())) == list(range(4, 17))
    assert ((prompts.codes[known] >= 0).sum(1) == 32).all()


def test_the_same_seed_gives_the_same_prompts_and_another_does_not() -> None:
    first, again, other = (training_prompts(seed, 5, 8).token_ids() for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert (training_prompts(1, 6, 8).token_ids() != first).any()


def test_shown_means_an_earlier_pair_had_the_word() -> None:
    words = np.array([[4, 4, 7, 4, 7]])
    prompts = Prompts(words, words, np.zeros((1, 32), int), np.array([-1]))
    assert prompts.shown().tolist() == [[False, True, False, True, True]]


def test_a_code_of_training_is_found_and_a_fresh_one_is_not() -> None:
    trained = training_prompts(0, 7, 16)
    row = int(np.flatnonzero(trained.dictionary < 0)[0])
    size = int((trained.codes[row] >= 0).sum())
    one = Prompts(trained.words[row : row + 1], trained.answers[row : row + 1], trained.codes[row : row + 1], np.array([-1]))  # fmt: skip
    assert closest_codes(one, 0, num_steps=8).tolist() == [size]
    assert closest_codes(one, 0, num_steps=7)[0] < size  # before that step it had not been seen
    assert closest_codes(fresh_prompts("new", 9, 50), 0, num_steps=60).max() <= 4


def test_best_possible_on_a_new_code_by_counting() -> None:
    """Monte Carlo: answer what was shown, else guess one of the answers not given yet."""
    prompts = fresh_prompts("new", 1, count=20_000)
    shown = prompts.shown()
    for k in (0, 1, 3, 8, 16):
        left = 32 - np.array([len(set(row[:k].tolist())) for row in prompts.words])
        counted = np.where(shown[:, k], 1.0, 1 / left).mean()
        assert abs(counted - best_new(k)) < 0.012  # four standard errors
    assert chance_of_unseen(8, 0) == 1 / 32
    assert best_new(1, num_words=1) == 1


def test_bayes_over_the_dictionaries_by_hand() -> None:
    known = dictionaries()
    word = 0
    answers = known[:, word]
    counts = np.bincount(answers)
    prompts = Prompts(
        np.array([[word, word]]),
        np.array([[answers[0], answers[0]]]),
        np.tile(known[0], (1, 1)),
        np.array([0]),
    )
    best = best_known(prompts)
    assert best[0, 0] == counts.max() / NUM_DICTIONARIES
    assert best[0, 1] == 1  # shown
    many = best_known(fresh_prompts("known", 0, 500))
    assert ((many > 0) & (many <= 1)).all()
    assert many[:, 0].mean() < many[:, 1].mean() < many[:, 4].mean() <= 1


def test_interval_of_wilson() -> None:
    low, high = wilson_interval(0, 10)  # Wilson 1927; the value is in every table
    assert low == 0
    assert high == pytest.approx(0.2775, abs=1e-4)
    assert wilson_interval(0, 0) == (0, 1)
    for right in range(11):
        low, high = wilson_interval(right, 10)
        assert 0 <= low <= right / 10 <= high <= 1


def test_pairs_are_read_however_they_are_written() -> None:
    wanted = ((WORDS.index("sun"), WORDS.index("lamp")), (WORDS.index("frog"), WORDS.index("ring")))
    for text in ("sun -> lamp; frog -> ring", "SUN → lamp\n frog=ring\n\n", " sun : lamp , frog:ring ;"):
        assert read_pairs(text) == wanted
    assert read_pairs(write_pairs(wanted)) == wanted
    assert read_pairs("") == read_pairs(" \n;") == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("sun lamp", "no_pair"),
        ("sun -> lamp -> ring", "no_pair"),
        ("sun -> ", "no_pair"),
        ("big sun -> lamp", "no_pair"),
        ("sun -> table", "unknown_word"),
        ("안녕하세요 -> sun", "unknown_word"),
        (unicodedata.normalize("NFD", "안녕하세요") + " -> sun", "unknown_word"),
        ("👨‍👩‍👧‍👦 -> sun", "unknown_word"),
        ("שמש -> sun", "unknown_word"),
        ("<script>alert(1)</script> -> sun", "unknown_word"),
        ("\ud800 -> sun", "unknown_word"),
        ("; ".join(["sun -> lamp"] * 17), "many_pairs"),
        ("x" * 20_000, "too_long"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, code: str) -> None:
    with pytest.raises(UnreadablePrompt) as refused:
        read_pairs(text)
    assert refused.value.code == code
    assert all(len(str(value)) <= 40 for value in refused.value.slots.values())


@given(st.text(max_size=200))
def test_any_text_is_pairs_or_a_refusal(text: str) -> None:
    try:
        pairs = read_pairs(text)
    except UnreadablePrompt as refused:
        assert refused.code in ("no_pair", "unknown_word", "many_pairs", "too_long")  # noqa: PT017
    else:
        assert read_pairs(write_pairs(pairs)) == pairs
