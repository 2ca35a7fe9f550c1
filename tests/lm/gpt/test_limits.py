"""The window that forgets and the questions of physics, on the bundled models."""

import unicodedata

import pytest

from components.lm import checkpoints
from components.lm.gpt.generation import context_length
from components.lm.gpt.limits import (
    BETWEEN,
    OPENING,
    UNNAMED_OPENING,
    PhysicsQuestion,
    name_after,
    physics_questions,
    prefers_right,
    story,
)

pytestmark = pytest.mark.skipif(
    "pocket-gpt" not in checkpoints.store().bundled_names(), reason="pocket-gpt is not in assets/models"
)


def test_a_name_outside_the_window_leaves_nothing() -> None:
    """Inside it the name is copied; outside the probability is that of the same text without the name, to the last digit."""
    loaded = checkpoints.load("pocket-gpt", "generation")
    near, far = name_after(loaded, "Lily", (0, 60))
    assert near.cut == near.opening_cut == 0
    assert near.name_read
    assert near.rank == 1
    assert near.told > 0.5 > 1000 * near.untold
    assert far.tokens - far.cut == context_length(loaded.model)
    assert far.opening_cut == len(OPENING.format(name="Lily"))
    assert not far.name_read
    assert far.told == far.untold


def test_what_is_struck_through_is_what_was_cut() -> None:
    loaded = checkpoints.load("pocket-gpt", "generation")
    (found,) = name_after(loaded, "Lily", (56,))
    text = story("Lily", 56)
    assert 0 < found.opening_cut < len(OPENING)
    assert len(loaded.tokenizer(text[: found.opening_cut]).input_ids) == found.cut
    assert found.name_read == ("Lily" in text[found.opening_cut :])


@pytest.mark.parametrize(
    "name", ["안녕", unicodedata.normalize("NFD", "안녕"), "👨‍👩‍👧", "שלום", "<script>", "x" * 40]
)
def test_any_name_is_measured(name: str) -> None:
    (found,) = name_after(checkpoints.load("nano-gpt", "generation"), name, (1,))
    assert 0 <= found.told <= 1
    assert found.rank >= 1


def test_no_sentence_between_holds_a_name() -> None:
    for sentence in BETWEEN:
        assert all(not word[0].isupper() for word in sentence.split()[1:])
    assert "{name}" not in UNNAMED_OPENING


def test_physics_is_a_choice_between_two_ends() -> None:
    questions = physics_questions()
    assert len(questions) == 12
    loaded = checkpoints.load("nano-gpt", "generation")
    found = prefers_right(loaded, questions[:3])
    turned = prefers_right(loaded, [PhysicsQuestion(q.stem, q.wrong, q.right) for q in questions[:3]])
    assert [a + b for a, b in zip(found, turned, strict=True)] == pytest.approx([1, 1, 1])
    (same,) = prefers_right(loaded, [PhysicsQuestion("The cat", "sat", "sat")])
    assert same == pytest.approx(0.5)
