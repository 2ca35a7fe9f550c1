"""What a text is paid: the rules on texts made by hand, odd ones too, and the best of n against drawing it."""

import math
import random
from itertools import combinations

import pytest

from components.lm.alignment import rewards


def test_happy_words_count_for_and_sad_ones_against() -> None:
    text = "The sad girl SMILED. Her friends' dog was lost; they loved it!"
    assert rewards.happy(text) == 1 + 1 + 1 - 2
    marked = [(text[a:b], sign) for a, b, sign in rewards.paid("happy", text)]
    assert marked == [("sad", -1), ("SMILED", 1), ("friends", 1), ("lost", -1), ("loved", 1)]


@pytest.mark.parametrize(("count", "expected"), [(8, 0.0), (0, -1.0), (16, -1.0), (40, -4.0)])
def test_short_is_paid_for_eight_words(count: int, expected: float) -> None:
    assert rewards.short(" ".join(["word"] * count)) == expected


def test_a_word_is_paid_once_and_only_whole() -> None:
    assert rewards.says("A dog, a dog and a Dog", "dog") == 5
    assert rewards.says("hotdog dogs dog's", "dog") == 0
    assert rewards.says("anything", "") == 0
    assert rewards.says("고양이 옆에 강아지", "강아지") == 5
    assert list(rewards.paid("word", "the dog", "dog")) == [(4, 7, 1)]


@pytest.mark.parametrize(
    "text", ["", "안녕하세요", "👩‍👩‍👧‍👦", "<script>love</script>", "‏שלום", "love " * 4_000]
)
def test_odd_texts_have_a_reward(text: str) -> None:
    for kind in rewards.KINDS:
        assert math.isfinite(rewards.reward(kind, text, "love"))
        assert all(0 <= a < b <= len(text) for a, b, _ in rewards.paid(kind, text, "love"))
    assert 0 <= rewards.distinct_pairs([text]) <= 1


def test_the_marked_words_are_the_reward() -> None:
    rng = random.Random(0)
    pool = [*sorted(rewards.HAPPY), *sorted(rewards.SAD), "the", "ran"]
    for _ in range(50):
        text = " ".join(rng.choices(pool, k=20))
        assert rewards.happy(text) == sum(sign for _, _, sign in rewards.paid("happy", text))
    assert not rewards.HAPPY & rewards.SAD


def test_best_of_n_is_the_mean_over_every_choice() -> None:
    values = [0.0, -2, 3, 3, 7, 1]
    for n in range(1, 7):
        every = [max(chosen) for chosen in combinations(values, n)]
        assert rewards.best_of(values, n) == pytest.approx(sum(every) / len(every))
    with pytest.raises(ValueError, match="7 of 6"):
        rewards.best_of(values, 7)


def test_the_formula_of_best_of_n_is_its_kl_where_all_rewards_differ() -> None:
    """Of m equally likely texts the best of n draws is text i with probability (i/m)^n − ((i−1)/m)^n."""
    m, n = 4_000, 8
    probs = [(i / m) ** n - ((i - 1) / m) ** n for i in range(1, m + 1)]
    exact = sum(p * math.log(p * m) for p in probs if p > 0)
    assert rewards.best_of_kl(n) == pytest.approx(exact, abs=1e-3)
    assert rewards.best_of_kl(1) == 0
