"""A model that reads on: rows of texts, the mixture, and that a reading changes a copy only."""

import math

import pytest
import torch

from components.lm import checkpoints
from components.lm.fine_tuning import reading_on as lm

pytestmark = pytest.mark.skipif(
    "nano-gpt" not in checkpoints.store().bundled_names(), reason="nano-gpt is not in assets/models"
)


@pytest.fixture(scope="module")
def loaded() -> checkpoints.LoadedModel:
    return checkpoints.load("nano-gpt", "generation")


def test_rows_are_full_and_begin_with_a_text(loaded: checkpoints.LoadedModel) -> None:
    rows = lm.rows_of(loaded, ["The cat sat on the mat. " * 40, "A dog ran. " * 60], 3)
    assert [len(row) for row in rows] == [lm.WIDTH] * 3
    assert rows[0][0] == loaded.tokenizer.bos_token_id
    with pytest.raises(ValueError, match="tokens"):
        lm.rows_of(loaded, ["", "안녕하세요"], 3)


def test_the_mixture_has_its_share() -> None:
    articles, stories = [[0]] * 40, [[1]] * 40
    assert lm.mixed(articles, stories, 0.0, 0) == articles
    assert sum(row == [1] for row in lm.mixed(articles, stories, 0.25, 0)) == 10
    assert lm.mixed(articles, stories, 0.25, 0) == lm.mixed(articles, stories, 0.25, 0)
    assert lm.mixed(articles, stories, 0.25, 0) != lm.mixed(articles, stories, 0.25, 1)


def test_reading_learns_the_rows_and_leaves_the_model(
    loaded: checkpoints.LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lm, "MOMENTS", (0, 3))
    monkeypatch.setattr(lm, "NEW_TOKENS", 3)
    before = {n: p.detach().clone() for n, p in loaded.model.named_parameters()}
    rows = lm.rows_of(loaded, ["The minister of the province was appointed in 1871. " * 200], 24)
    for strength in (0.0, 0.02):
        run = lm.Reading(loaded, lm.ReadingSetting(strength=strength), rows, (rows[:2], rows[2:4]))
        while not run.loop.finished:
            run.step()
        assert run.run.steps == [0, 3]
        assert run.run.articles[1] < run.run.articles[0]
        assert len(run.run.texts[1]) == len(lm.PROMPTS)
    bare = lm.Reading(loaded, lm.ReadingSetting(pretrained=False), rows, (rows[:2], rows[2:4])).run
    assert bare.stories[0] == pytest.approx(math.log(loaded.model.config.vocab_size), abs=0.2), (
        "it knows nothing"
    )
    assert all(torch.equal(p, before[n]) for n, p in loaded.model.named_parameters())
