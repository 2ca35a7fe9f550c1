"""T5's span corruption."""

import random

import pytest

from components.lm.transformer.spans import SENTINELS, corrupt, rebuild, split_fills


def test_the_papers_example() -> None:
    """Raffel et al. 2020, figure 2: "for inviting" and "last" are cut out."""
    words = ["Thank", "you", "for", "inviting", "me", "to", "your", "party", "last", "week"]
    inputs, targets = corrupt(words, [(2, 4), (8, 9)])
    assert " ".join(inputs) == "Thank you <X> me to your party <Y> week"
    assert " ".join(targets) == "<X> for inviting <Y> last <Z>"


def test_what_was_cut_is_rebuilt() -> None:
    rng = random.Random(0)
    for _ in range(500):
        symbols = [rng.choice("abc 한👨") for _ in range(rng.randint(2, 30))]
        edges = sorted(rng.sample(range(len(symbols) + 1), 2))
        inputs, targets = corrupt(symbols, [(edges[0], edges[1])])
        assert rebuild(inputs, targets) == symbols
        assert split_fills(targets)["<X>"] == symbols[edges[0] : edges[1]]
        assert targets[-1] == "<Y>"


@pytest.mark.parametrize(
    "spans",
    [[(0, 0)], [(2, 1)], [(0, 9)], [(-1, 2)], [(3, 4), (0, 1)], [(0, 2), (1, 3)], [(0, 2), (2, 3)], [(0, 1), (2, 3), (4, 5)]],
)  # fmt: skip
def test_spans_that_are_none(spans: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="span"):
        corrupt(list("abcdef"), spans)


def test_no_span_leaves_the_text() -> None:
    assert corrupt(list("ab"), []) == (["a", "b"], ["<X>"])


def test_a_target_that_fills_nothing_leaves_the_gap() -> None:
    assert rebuild(["a", "<X>"], ["b"]) == ["a", "<X>"]
    assert split_fills(["b", "<Y>", "<X>", "c"]) == {"<Y>": [], "<X>": ["c"]}
    assert set(SENTINELS) == {"<X>", "<Y>", "<Z>"}
