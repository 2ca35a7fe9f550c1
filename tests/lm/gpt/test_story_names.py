"""Names copied from a story: batches against single runs, heads that are really off, odd names."""

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.lm import checkpoints
from components.lm.checkpoints import Checkpoints, Settings
from components.lm.gpt.story_names import (
    NAMES,
    STORIES,
    UNNAMED,
    few_shot_copies,
    induction_heads,
    name_id,
    next_probs,
    score_name,
    study_names,
)
from components.lm.reading import read
from components.lm.transformer.ablation import predict


@pytest.fixture(scope="module")
def loaded(tiny_gpt_folder: Path) -> Any:
    return Checkpoints(Settings(local_folders=(tiny_gpt_folder,))).load("local:tiny-gpt")


def test_every_story_names_and_asks() -> None:
    for story, plain in zip(STORIES, UNNAMED, strict=True):
        assert story.count("{name}") == 2
        assert "{name}" not in plain
        assert story.rpartition(". ")[2] == plain.rpartition(". ")[2]  # the same sentence before the question
    assert len(set(NAMES)) == 20


@pytest.mark.parametrize("off", [(), ((0, 1), (1, 3))])
def test_a_batch_says_what_each_text_says_alone(loaded: Any, off: tuple[tuple[int, int], ...]) -> None:
    texts = ["The fox sat on the", "A fox", "The new lamp is the brightest; the old lamp is"]
    together = next_probs(loaded, texts, off)
    for text, probs in zip(texts, together, strict=True):
        assert probs.sum() == pytest.approx(1)
        reading = read(loaded, text)
        alone = predict(loaded, reading, len(reading) - 1, off)
        np.testing.assert_allclose(probs, alone.probs, atol=1e-6)  # float32, other shapes


def test_switching_heads_leaves_the_shared_model_alone(loaded: Any) -> None:
    before = next_probs(loaded, ["The fox"])[0]
    off = next_probs(loaded, ["The fox"], [(1, h) for h in range(4)])[0]
    assert np.abs(before - off).max() > 1e-4
    assert np.array_equal(before, next_probs(loaded, ["The fox"])[0])


def test_induction_heads_are_heads_of_the_model(loaded: Any) -> None:
    heads = induction_heads(loaded, count=3, num_texts=2)
    assert len(set(heads)) == 3
    assert all(0 <= layer < 2 and 0 <= head < 4 for layer, head in heads)


@pytest.mark.parametrize(
    "name",
    ["Mia", "안녕하세요", unicodedata.normalize("NFD", "안녕"), "👨‍👩‍👧‍👦", "שלום", "<script>", "x" * 40],
)
def test_any_name_has_a_rank(loaded: Any, name: str) -> None:
    score = score_name(loaded, "The fox met", name)
    assert 0 <= score.prob <= 1
    assert 1 <= score.rank <= loaded.card.vocab_size
    assert [p for _, p in score.top] == sorted((p for _, p in score.top), reverse=True)
    assert (score.rank == 1) == (score.prob == score.top[0][1])


def test_a_name_is_its_first_token_with_the_space_before_it(loaded: Any) -> None:
    assert loaded.tokenizer.decode([name_id(loaded, "fox")]).startswith(" ")


@pytest.mark.skipif(
    "pocket-gpt" not in checkpoints.store().bundled_names(), reason="pocket-gpt is not in assets/models"
)
def test_the_shipped_story_model_copies_names_and_no_tasks() -> None:
    """Held to whatever pocket-gpt ships: the copy is there, the heads carry it, lists of pairs teach it nothing."""
    loaded = checkpoints.load("pocket-gpt", "generation")
    study = study_names(loaded)
    assert study.count == 60
    assert study.first[0] >= 0.4
    assert study.probs[0] > 20 * study.probs[1]
    assert study.probs[2] < study.probs[0] / 2
    copies = few_shot_copies(loaded)
    assert set(copies) == {0, 1, 2, 4, 8}
    assert max(copies.values()) <= 30
